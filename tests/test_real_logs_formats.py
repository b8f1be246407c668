"""Logs that nobody here wrote: where REAL_LOGS names a folder of them."""

import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from pipeline.parsing import parsed_lines, read_records
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.detection import detect_format, file_date
from pipeline.errors import LogFormatError
from pipeline.user_ids import BLAKE2B, UserKey, UserKeys
from tests.factories import at

FOLDER = os.environ.get("REAL_LOGS", "")

pytestmark = pytest.mark.skipif(
    not Path(FOLDER).is_dir() or not FOLDER, reason="REAL_LOGS names no folder of real logs"
)


def read(session: Session, name: str) -> DataFrame:
    path = Path(FOLDER) / name
    with path.open("rb") as file:
        fmt, charset = detect_format(file.read(64 * 1024), name)
    records = read_records(spark, [str(path)], fmt, charset)
    lines = records.select(
        *records.columns, F.lit(name).alias("source"), F.monotonically_increasing_id().alias("line")
    )
    return parsed_lines(
        lines,
        fmt,
        charset=charset,
        zone="UTC",
        file_date=file_date(fmt, name, date(2008, 6, 1)),
        now=at("2026-09-01"),
        user_keys=UserKeys((UserKey(BLAKE2B, bytes(32)),)),
    )


def counted(frame: DataFrame) -> Counter[str]:
    rows = frame.groupBy(F.coalesce("reason", F.lit("search")).alias("what")).count().collect()
    return Counter({row.what: row["count"] for row in rows})


def test_excite(session: Session) -> None:
    found = counted(read(spark, "excite-small.log"))

    assert found.total() == 4501
    assert found["blank_query"] == 533
    assert set(found) == {"search", "blank_query", "personal_data"}


def test_sogou_2008_is_the_same_in_both_charsets(session: Session) -> None:
    columns = ["reason", "searched_at", "user_id", "query", "surface", "clicked_url"]
    columns += ["clicked_rank"]
    utf8 = read(spark, "sogou-2008.utf8.tsv").orderBy("line").select(columns).collect()
    gb18030 = read(spark, "sogou-2008.gb18030.tsv").orderBy("line").select(columns).collect()

    assert len(utf8) == 10_000
    assert utf8 == gb18030
    assert {row.reason for row in utf8} == {None, "personal_data"}
    assert not any("+" in (row.surface or "") for row in utf8)


def test_sogou_2011(session: Session) -> None:
    found = counted(read(spark, "sogou-2011.gb18030.tsv"))

    assert found.total() == 2000
    assert set(found) == {"search", "personal_data"}


def test_ubi(session: Session) -> None:
    found = counted(read(spark, "ubi-events.ndjson"))

    assert found.total() == 7842  # a line of action before each of 3,921 documents
    assert set(found) == {"search", "skipped", "blank_query"}
    assert found["search"] > 1000


def test_a_log_without_users_and_times_is_no_log() -> None:
    head = (Path(FOLDER) / "korean-sessions.ses").read_bytes()[: 64 * 1024]

    with pytest.raises(LogFormatError, match="no known log format fits korean-sessions"):
        detect_format(head, "korean-sessions.ses")
