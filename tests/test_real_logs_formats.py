"""Logs that nobody here wrote: where REAL_LOGS names a folder of them."""

import os
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import LogFormatError
from pipeline.reading.blocks import lines_of
from pipeline.reading.detection import detect_format, file_date
from pipeline.reading.searches import Circumstances, searches_of_lines
from pipeline.reading.user_ids import BLAKE2B, UserKey, UserKeys
from tests.kernels.rows import at

FOLDER = os.environ.get("REAL_LOGS", "")

pytestmark = pytest.mark.skipif(
    not Path(FOLDER).is_dir() or not FOLDER, reason="REAL_LOGS names no folder of real logs"
)

KEYS = UserKeys((UserKey(BLAKE2B, bytes(32)),))


def read(name: str) -> pl.DataFrame:
    """All lines of a file, in order, as its format is found out by looking."""
    content = (Path(FOLDER) / name).read_bytes()
    fmt, charset = detect_format(content[: 64 * 1024], name)
    how = Circumstances("UTC", file_date(fmt, name, date(2008, 6, 1)), at("2026-09-01"), KEYS)
    # In blocks that end wherever they do.
    blocks = (content[begin : begin + 100_000] for begin in range(0, len(content), 100_000))
    return pl.concat(
        [searches_of_lines(lines, fmt, charset, how) for lines in lines_of(blocks, charset)]
    )


def counted(frame: pl.DataFrame) -> Counter[str]:
    return Counter(reason or "search" for reason in frame["reason"])


def test_excite() -> None:
    found = counted(read("excite-small.log"))

    assert found.total() == 4501
    assert found["blank_query"] == 533
    assert set(found) == {"search", "blank_query", "personal_data"}


def test_sogou_2008_is_the_same_in_both_charsets() -> None:
    columns = ["reason", "searched_at", "user_id", "query", "surface", "clicked_url"]
    columns += ["clicked_rank"]
    utf8 = read("sogou-2008.utf8.tsv").select(columns)
    gb18030 = read("sogou-2008.gb18030.tsv").select(columns)

    assert len(utf8) == 10_000
    assert utf8.equals(gb18030)
    assert set(utf8["reason"]) == {None, "personal_data"}
    assert not any("+" in (surface or "") for surface in utf8["surface"])


def test_sogou_2011() -> None:
    found = counted(read("sogou-2011.gb18030.tsv"))

    assert found.total() == 2000
    assert set(found) == {"search", "personal_data"}


def test_ubi() -> None:
    found = counted(read("ubi-events.ndjson"))

    assert found.total() == 7842  # a line of action before each of 3,921 documents
    assert set(found) == {"search", "skipped", "blank_query"}
    assert found["search"] > 1000


def test_a_log_without_users_and_times_is_no_log() -> None:
    head = (Path(FOLDER) / "korean-sessions.ses").read_bytes()[: 64 * 1024]

    with pytest.raises(LogFormatError, match="no known log format fits korean-sessions"):
        detect_format(head, "korean-sessions.ses")
