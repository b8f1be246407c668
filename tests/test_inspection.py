"""What is wrong with a file that could not be read: its bytes, or something that passes."""

import bz2
import errno
import gzip
import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pytest

from pipeline.faults import cause_of, may_be_weather
from pipeline.reading.formats import built_in
from pipeline.runs.inspection import Landing, Readable, Verdict, damages, looked_into
from pipeline.store.ledger import TAKEN_IN, FoundFile, LedgerEntry
from pipeline.store.storage import LocalStorage
from tests.factories import at

LINES = b"".join(
    b"2026-03-02T09:00:00+09:00\tu%d\tquery %d\n" % (n, n * 7919) for n in range(9_000)
)


def parquet() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame({"query": [f"query {n * 7919}" for n in range(9_000)]}).to_parquet(buffer)
    return buffer.getvalue()


WHOLE = {
    "a.tsv": LINES,
    "a.tsv.gz": gzip.compress(LINES),
    "a.tsv.bz2": bz2.compress(LINES),
    "a.parquet": parquet(),
}


def readable(path: Path) -> Readable:
    name = "parquet" if path.suffix == ".parquet" else "silgeom"
    file = FoundFile(f"file://{path}", path.stat().st_size, at("2026-03-02T00:00:00"), "sum")
    return Readable(file, built_in(name), "UTF-8", None)


def verdict(path: Path, storage: LocalStorage | None = None) -> str | OSError | None:
    [found] = damages([readable(path)], storage or LocalStorage(), wait=lambda _: None)
    return found


@pytest.mark.parametrize("name", WHOLE)
def test_nothing_is_wrong_with_a_whole_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(WHOLE[name])

    assert verdict(tmp_path / name) is None


@pytest.mark.parametrize("name", ["a.tsv.gz", "a.tsv.bz2", "a.parquet"])
@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_bytes_that_cannot_be_unpacked_are_held_against_the_file(
    name: str, damage: str, tmp_path: Path
) -> None:
    whole, middle = WHOLE[name], len(WHOLE[name]) // 2
    overwritten = whole[:middle] + bytes(2000) + whole[middle + 2000 :]
    (tmp_path / name).write_bytes(whole[:-2000] if damage == "cut" else overwritten)

    found = verdict(tmp_path / name)

    assert isinstance(found, str)
    assert found.startswith("it is damaged or cut off (")
    assert "\n" not in found


def test_a_file_that_is_gone_is_out_of_reach(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(LINES)
    item = readable(path)
    path.unlink()

    [found] = damages([item], LocalStorage(), wait=lambda _: None)

    assert isinstance(found, FileNotFoundError)


class HalfDelivered(LocalStorage):
    """A storage that gives half of a file, as often as it is told."""

    def __init__(self, times: int) -> None:
        self.left = times

    def open(self, address: str) -> BinaryIO:
        with super().open(address) as file:
            whole = file.read()
        self.left -= 1
        return io.BytesIO(whole[: len(whole) // 2] if self.left >= 0 else whole)


@pytest.mark.parametrize("times", [1, 2, 99])
def test_half_of_a_file_from_a_failing_node_is_no_damage(times: int, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(WHOLE[path.name])

    found = verdict(path, HalfDelivered(times))

    assert not isinstance(found, str)
    assert (found is None) == (times < 4)  # one try and three more


def test_an_error_of_the_disk_is_tried_again_and_held_against_nothing(tmp_path: Path) -> None:
    class Broken(LocalStorage):
        tries = 0

        def open(self, address: str) -> BinaryIO:
            self.tries += 1
            raise OSError(errno.EIO, "Input/output error", address)

    path, storage = tmp_path / "a.tsv.gz", Broken()
    path.write_bytes(WHOLE[path.name])

    found = verdict(path, storage)

    assert isinstance(found, OSError)
    assert storage.tries == 4


#: Texts of failed jobs, shortened, and whether what they tell may pass.
FAILURES = [
    (
        "Job aborted due to stage failure: Task 0\nCaused by: java.util.zip.ZipException: "
        "incorrect header check\n\tat java.base",
        False,
    ),
    (
        "[FAILED_READ_FILE] Encountered error while reading file\nCaused by: "
        "java.lang.RuntimeException: hdfs://x/a is not a Parquet file. Expected magic number",
        False,
    ),
    (
        "Caused by: java.util.zip.ZipException: invalid block type\nCaused by: "
        "org.apache.hadoop.hdfs.BlockMissingException: Could not obtain block: BP-1",
        True,
    ),
    (
        "Caused by: java.io.EOFException: Unexpected end of input stream\n\tat org.apache.hadoop",
        True,
    ),
    ("Caused by: java.net.ConnectException: Connection refused", True),
    ("ExecutorLostFailure (executor 2 exited caused by one of the running tasks)", True),
    ("[DIVIDE_BY_ZERO] Division by zero", False),
]


@pytest.mark.parametrize(("text", "passes"), FAILURES)
def test_what_may_pass_is_told_by_the_causes(text: str, passes: bool) -> None:
    assert may_be_weather(text) is passes


def test_the_cause_is_one_line_without_the_trace() -> None:
    assert cause_of(FAILURES[2][0]) == "BlockMissingException Could not obtain block: BP-1"
    assert cause_of("no cause\n\tat java") == "no cause"


# --- How a file is read ----------------------------------------------------------------------

SHOP = (
    'name = "shop"\nkind = "delimited"\nseparator = "|"\nheader = "required"\n'
    'time = ["yyyy-MM-dd HH:mm"]\n[columns]\nsearched_at = "when"\nuser = "who"\nquery = "what"\n'
)


def looked(path: Path, text: str, before: Readable | None = None, **says: Any) -> Verdict:  # noqa: ANN401
    """What is found of a file with this content, after it was read as `before`."""
    path.write_text(text, "utf-8")
    file = FoundFile(f"file://{path}", path.stat().st_size, at("2026-03-02T00:00:00"), "sum")
    entry = None
    if before is not None:
        entry = LedgerEntry(
            file.source,
            TAKEN_IN,
            None,
            1,
            file.modified_at,
            "other",
            format=before.format.name,
            charset=before.charset,
            zone=before.format.zone or "Asia/Seoul",
            date=before.day,
            declaration=before.format.to_json(),
        )
    landing = Landing(str(path.parent), **says)
    [found] = looked_into([(file, entry)], LocalStorage(), landing, wait=lambda _: None)
    return found


def read_as(found: Verdict) -> Readable:
    assert isinstance(found, Readable), found
    return found


def test_new_content_keeps_the_format_that_was_declared_once_while_it_fits(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(SHOP, "utf-8")
    log = tmp_path / "shop.log"
    first = looked(
        log, "who|what|when\nkim|날씨|2026-03-02 09:00\n", format=str(tmp_path / "shop.toml")
    )
    before = read_as(first)
    (tmp_path / "shop.toml").unlink()

    more = "who|what|when\nkim|날씨|2026-03-02 09:00\nlee|환율|2026-03-02 09:01\n"
    assert read_as(looked(log, more, before)).format == replace(before.format, zone="Asia/Seoul")
    # Columns in another order would be read for each other.
    turned = "what|who|when\n날씨|kim|2026-03-02 09:00\n"
    assert isinstance(looked(log, turned, before), str)
    plain = "2026-03-02T09:00:00\tkim\t날씨\n"
    assert read_as(looked(log, plain, before)).format.name == "silgeom"


def test_zone_and_day_of_a_known_file_hold_unless_the_run_says_otherwise(tmp_path: Path) -> None:
    log, text = tmp_path / "log", "00:00:01\t0759422\t[汶川地震原因]\t8 3\tnews.example/a\n"
    day, other = date(2008, 6, 1), date(2008, 6, 2)
    before = read_as(looked(log, text, zone="UTC", day=day))

    now = read_as(looked(log, text * 2, before))
    assert (now.format.zone, now.day) == ("UTC", day)
    now = read_as(looked(log, text * 2, before, zone="Asia/Shanghai", day=other))
    assert (now.format.zone, now.day) == ("Asia/Shanghai", other)
    now = read_as(looked(log, text * 2, before, format="sogou-2008", day=other))
    assert (now.format.zone, now.day) == (built_in("sogou-2008").zone, other)


def test_a_file_that_became_shorter_while_it_was_looked_at_is_out_of_reach(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(LINES)
    file = FoundFile(f"file://{path}", len(LINES), at("2026-03-02T00:00:00"), "sum")
    path.write_bytes(LINES[:100])

    [found] = looked_into(
        [(file, None)], LocalStorage(), Landing(str(tmp_path)), wait=lambda _: None
    )

    assert isinstance(found, OSError)
