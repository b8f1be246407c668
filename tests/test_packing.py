"""Packed files: whatever packed them, their content comes out, and damage is told."""

import bz2
import gzip
import random
from collections.abc import Iterator

import pytest

from pipeline.reading.packing import PIECE_BYTES, DamagedError, Unpacked

TEXT = "".join(f"line {number}\n" for number in range(20)).encode()
#: More than two blocks of bzip2, of which each has 900 kB.
LONG = random.Random(1).randbytes(2_000_000)


def pieces(content: bytes, size: int = 1000) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


@pytest.mark.parametrize(
    ("name", "packed", "content"),
    [
        ("plain.tsv", TEXT, TEXT),
        ("one.gz", gzip.compress(TEXT), TEXT),
        ("two.gz", gzip.compress(TEXT) + gzip.compress(b"end\n"), TEXT + b"end\n"),
        ("first_empty.gz", gzip.compress(b"") + gzip.compress(TEXT), TEXT),
        ("only_empty.gz", gzip.compress(b""), b""),
        ("no_bytes.gz", b"", b""),
        ("padded.gz", gzip.compress(TEXT) + b"\0" * 5000, TEXT),
        ("long.gz", gzip.compress(LONG), LONG),
        ("one.bz2", bz2.compress(TEXT), TEXT),
        ("two.bz2", bz2.compress(TEXT) + bz2.compress(b"end\n"), TEXT + b"end\n"),
        ("first_empty.bz2", bz2.compress(b"") + bz2.compress(TEXT), TEXT),
        ("no_bytes.bz2", b"", b""),
        ("padded.bz2", bz2.compress(TEXT) + b"\0" * 5000, TEXT),
        ("blocks.bz2", bz2.compress(LONG), LONG),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # a gzip tells the time
)
def test_the_content_of_every_packing_comes_out(name: str, packed: bytes, content: bytes) -> None:
    assert b"".join(Unpacked(pieces(packed), name)) == content
    assert b"".join(Unpacked([packed], name)) == content


@pytest.mark.parametrize("ending", ["gz", "bz2"])
def test_a_bomb_comes_out_in_small_pieces(ending: str) -> None:
    zeros = b"\0" * (50 * PIECE_BYTES)
    packed = gzip.compress(zeros) if ending == "gz" else bz2.compress(zeros)

    sizes = [len(piece) for piece in Unpacked([packed], f"bomb.{ending}")]

    assert sum(sizes) == len(zeros)
    assert max(sizes) <= PIECE_BYTES


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("cut.gz", gzip.compress(LONG)[:-100]),
        ("cut_in_header.gz", gzip.compress(TEXT)[:5]),
        ("cut_in_trailer.gz", gzip.compress(TEXT)[:-1]),
        ("wrong_sum.gz", gzip.compress(TEXT)[:-8] + b"12345678"),
        ("no_gzip.gz", TEXT),
        ("tail.gz", gzip.compress(TEXT) + b"something else"),
        ("cut.bz2", bz2.compress(LONG)[:-100]),
        ("flipped.bz2", bz2.compress(LONG)[:500] + b"\xff" + bz2.compress(LONG)[501:]),
        ("no_bzip2.bz2", TEXT),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damage_is_an_error_of_its_own(name: str, packed: bytes) -> None:
    with pytest.raises(DamagedError):
        list(Unpacked(pieces(packed), name))


def test_a_fault_of_the_disk_is_none_of_the_packing() -> None:
    def failing() -> Iterator[bytes]:
        yield gzip.compress(LONG)[:1000]
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        list(Unpacked(failing(), "a.gz"))
