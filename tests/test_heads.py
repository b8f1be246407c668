"""How a file is read, found out by looking into it."""

import gzip
import random
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runs.inspection import Landing, Readable, Verdict, looked_into
from pipeline.store.ledger import FoundFile
from pipeline.store.storage import LocalStorage
from tests.factories import at

LINE = b"2026-03-02T09:00:00+09:00\tkim\tweather\n"
TABLE = pa.table({"time": ["2026-03-02T09:00:00Z"], "visitor_id": ["kim"], "Keyword": ["weather"]})


def no_wait(_: float) -> None:
    """Tests do not wait."""


def looked_at(path: Path, content: bytes, storage: LocalStorage | None = None) -> Verdict:
    path.write_bytes(content)
    file = FoundFile(f"file://{path}", len(content), at("2026-03-02T09:00:00"))
    landing = Landing(str(path.parent))
    [verdict] = looked_into([(file, None)], storage or LocalStorage(), landing, wait=no_wait)
    return verdict


def parquet(table: pa.Table = TABLE) -> bytes:
    written = BytesIO()
    pq.write_table(table, written)
    return written.getvalue()


def test_the_format_of_parquet_has_the_names_of_the_file(tmp_path: Path) -> None:
    verdict = looked_at(tmp_path / "a.parquet", parquet())

    assert isinstance(verdict, Readable)
    assert (verdict.format.user, verdict.format.query) == (("visitor_id",), ("Keyword",))


def test_parquet_that_is_no_log_is_told_by_its_columns(tmp_path: Path) -> None:
    verdict = looked_at(tmp_path / "a.parquet", parquet(pa.table({"x": [1], "y": [2]})))

    assert isinstance(verdict, str)
    assert "the columns x, y" in verdict


def test_any_changed_byte_of_a_footer_is_held_against_the_file_or_does_no_harm(
    tmp_path: Path,
) -> None:
    whole = parquet()
    length = int.from_bytes(whole[-8:-4], "little")
    chosen = random.Random(12)

    verdicts = []
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[-8 - chosen.randrange(1, length)] ^= chosen.randrange(1, 256)
        verdicts.append(looked_at(tmp_path / "a.parquet", bytes(damaged)))

    assert not [each for each in verdicts if isinstance(each, OSError)]
    damages = [each for each in verdicts if isinstance(each, str)]
    assert len(damages) > 50


@pytest.mark.parametrize("content", [parquet(), gzip.compress(LINE)], ids=["parquet", "gzip"])
def test_a_fault_of_the_storage_is_held_against_no_file(tmp_path: Path, content: bytes) -> None:
    class Failing(BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            raise OSError("a data node went away")  # without a number, as from a cluster

    class Storage(LocalStorage):
        def open(self, address: str) -> BinaryIO:  # noqa: ARG002
            return Failing(content)

    name = "a.tsv.gz" if content.startswith(b"\x1f\x8b") else "a.tsv"
    verdict = looked_at(tmp_path / name, content, Storage())

    assert isinstance(verdict, OSError)
    assert "a data node went away" in str(verdict)


def test_a_file_that_is_given_in_half_is_not_damaged(tmp_path: Path) -> None:
    packed = gzip.compress(LINE * 10_000)

    class Storage(LocalStorage):
        def open(self, address: str) -> BinaryIO:  # noqa: ARG002
            return BytesIO(packed[: len(packed) // 2])

    assert isinstance(looked_at(tmp_path / "a.tsv.gz", packed, Storage()), OSError)
    assert "damaged" in str(looked_at(tmp_path / "b.tsv.gz", packed[: len(packed) // 2]))


@pytest.mark.parametrize(
    ("content", "line_end"),
    [
        (LINE * 3, "\n"),
        (LINE.replace(b"\n", b"\r\n") * 3, "\n"),
        (LINE.replace(b"\n", b"\r") * 3, "\r"),
        (b"\xff\xfe" + (LINE.decode().replace("\n", "\r") * 3).encode("utf-16-le"), "\r"),
        # 갊 is the bytes 0A AC: no line feed.
        (b"\xff\xfe" + "2026-03-02T09:00:00+09:00\tkim\t갊\r".encode("utf-16-le") * 2, "\r"),
    ],
)
def test_the_line_end_is_found(tmp_path: Path, content: bytes, line_end: str) -> None:
    verdict = looked_at(tmp_path / "a.tsv", content)

    assert isinstance(verdict, Readable)
    assert verdict.format.line_end == line_end
