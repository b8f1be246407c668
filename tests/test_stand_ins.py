"""What is read in place of files that cannot be read as they lie."""

import gzip
from io import BytesIO
from pathlib import Path

import pytest

from pipeline.formats import LogFormat, built_in
from pipeline.lines import GIANT_BYTES
from pipeline.packing import DamagedError
from pipeline.stand_ins import has_odd_name, must_be_copied, stand_in
from pipeline.storage import LocalStorage

LINE = b"2026-03-02T09:00:00+09:00\tkim\tweather\n"
TSV = built_in("silgeom")
CSV = LogFormat("csv", "csv", (1,), (2,), (3,), ("iso8601",), separators=(",",))


def copied(content: bytes, name: str, log_format: LogFormat = TSV) -> bool:
    return must_be_copied(BytesIO(content), len(content), name, log_format, "UTF-8")


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz"])
def test_only_a_file_with_a_giant_line_is_copied(name: str) -> None:
    def packed(content: bytes) -> bytes:
        return gzip.compress(content, 1) if name.endswith(".gz") else content

    assert not copied(packed(LINE * 1000), name)
    assert copied(packed(LINE + b"x" * (3 * GIANT_BYTES) + b"\n" + LINE), name)


def test_csv_with_line_breaks_inside_quotes_is_copied() -> None:
    assert not copied(b'1,kim,"a, b"\n2,lee,12" screen\n', "a.csv", CSV)
    assert copied(b'1,kim,"a\nb"\n', "a.csv", CSV)
    assert copied(gzip.compress(b'1,kim,"a\nb"\n'), "a.csv.gz", CSV)


def test_damage_anywhere_in_a_packed_file_is_seen() -> None:
    with pytest.raises(DamagedError):
        copied(gzip.compress(LINE * 100_000)[:-9], "a.tsv.gz")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("file:///logs/로그 [1] {a}*?%20.tsv", False),
        ("file:///logs/09:00.tsv", True),
        ("file:///logs/a:b/c.tsv", True),
        ("file:///logs/a\nb.tsv", True),
        ("file:///logs/a\\b.tsv", True),
        ("file:///logs/_named_itself.tsv", True),
        ("file:///logs/_folder/a.tsv", False),
        ("file-encoded:///logs/%FF.tsv", True),
        ("hdfs://node:8020/logs/a.tsv", False),
    ],
)
def test_names_that_cannot_be_asked_for_are_known(source: str, expected: bool) -> None:
    assert has_odd_name(source) is expected


def test_a_name_needs_a_link_and_a_giant_line_a_copy_without_it(tmp_path: Path) -> None:
    storage = LocalStorage()
    giant = b"x" * (2 * GIANT_BYTES)
    for name, content in (
        ("a:b.tsv.gz", gzip.compress(LINE)),
        ("giant.tsv.gz", gzip.compress(LINE + giant + b"\n" + LINE, 1)),
        ("quoted.csv", b'1,kim,"a\r\nb"\r\n2,lee,c'),
    ):
        (tmp_path / name).write_bytes(content)

    def put(name: str, log_format: LogFormat, *, copy: bool) -> bytes:
        address = stand_in(
            f"file://{tmp_path}/{name}",
            storage,
            f"file://{tmp_path}/staging/0",
            storage,
            log_format=log_format,
            charset="UTF-8",
            copy=copy,
        )
        content = Path(address.removeprefix("file://")).read_bytes()
        assert address.endswith(".gz") is not copy
        return content

    assert gzip.decompress(put("a:b.tsv.gz", TSV, copy=False)) == LINE
    first, long, last = put("giant.tsv.gz", TSV, copy=True).splitlines(keepends=True)
    assert (first, last) == (LINE, LINE)
    assert 65_536 < len(long) < 66_000
    assert put("quoted.csv", CSV, copy=True) == b'1,kim,"a\r b"\r\n2,lee,c\n'
