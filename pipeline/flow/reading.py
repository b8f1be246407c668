"""The map of taking in: a file to lines, each with its verdict, by the day it belongs to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.carriers.steps import Mapped
from pipeline.columns import REJECTS, SEARCHES
from pipeline.counting.judging import local_dates
from pipeline.counting.sessions import SESSION_SPILL_HOURS
from pipeline.detection import bound_to_names
from pipeline.erased import NOBODY, Erased
from pipeline.inspection import Readable
from pipeline.packing import Unpacked, pieces_of
from pipeline.reading.blocks import lines_of
from pipeline.reading.parquet import checked_texts, parquet_schema
from pipeline.reading.records import joined_records
from pipeline.reading.searches import (
    SKIPPED,
    Circumstances,
    searches_of_lines,
    searches_of_records,
)
from pipeline.storage import Storage
from pipeline.user_ids import UserKeys

#: Bytes of a log that are read, and parsed, at once.
BLOCK_BYTES: Final = 16 * 1024 * 1024

NEW, REJECTED = "new", "rejected"


@dataclass(frozen=True)
class Reading:
    """What all files are read with."""

    zone: str  #: the reporting zone
    now: datetime
    user_keys: UserKeys
    erased: Erased = NOBODY
    searches_from: str | None = None  #: searches of days before this one went for their age
    rejects_from: str | None = None  #: and rejects
    buckets: int = 1  #: of people, a day


@dataclass(frozen=True)
class Tally:
    """What the lines of a part of a file are."""

    source: str
    #: `reason` (null: a search), `day` (of a search), `early`, `late` (in the first hours of the
    #: day, in its last hour), `lines`, `due` (least, UTC seconds; see `searches_of_lines`)
    counts: pl.DataFrame


def read_file(item: Readable, reading: Reading, storage: Storage) -> Iterator[Mapped[Tally]]:
    """Read a file from first to last.

    Rows come under keys `dt=YYYY-MM-DD/bucket`: `NEW` with `SEARCHES`, `REJECTED` with `REJECTS`.
    """
    name = item.file.rows_name
    file_day = item.file.modified_at.astimezone(ZoneInfo(reading.zone))
    first = 1
    for parsed in _parsed(item, reading, storage):
        numbered = parsed.with_columns(
            source=pl.lit(name), line=pl.int_range(first, first + len(parsed), dtype=pl.Int64)
        )
        first += len(parsed)
        if reading.searches_from is not None:
            numbered = _with_expired(numbered, reading.zone, reading.searches_from)
        yield Mapped(_tally(name, numbered, reading.zone), _rows(numbered, reading, file_day))


def _parsed(item: Readable, reading: Reading, storage: Storage) -> Iterator[pl.DataFrame]:
    how = Circumstances(reading.zone, item.day, reading.now, reading.user_keys, reading.erased)
    with storage.open(item.file.source) as stream:
        if item.format.kind == "parquet":
            for records in _records(stream, item):
                yield searches_of_records(records, item.format, how)
            return
        content = Unpacked(pieces_of(stream), item.file.source.rpartition("/")[2])
        lines = lines_of(_blocks(content), item.charset, item.format.line_end)
        if item.format.kind == "csv":
            lines = joined_records(lines, item.format.separators[0], item.charset)
        for raw in lines:
            yield searches_of_lines(raw, item.format, item.charset, how)


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces in blocks of about `BLOCK_BYTES`."""
    block: list[bytes] = []
    size = 0
    for piece in pieces:
        block.append(piece)
        size += len(piece)
        if size >= BLOCK_BYTES:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)


def _records(stream: BinaryIO, item: Readable) -> Iterator[pl.DataFrame]:
    file = pq.ParquetFile(stream)
    schema = parquet_schema(file)
    named = bound_to_names(item.format, schema.names, "the Parquet file")
    fields = ("searched_at", "user", "query", "clicked_url", "clicked_rank")
    wanted = {str(ref) for field in fields for ref in named.alternatives(field)}
    wanted |= {str(rule.column) for rule in named.skip}
    columns = [field for field in schema if field.name in wanted]
    for batch in file.iter_batches(columns=[field.name for field in columns]):
        # Lists and such are no values; times of 96 bits are moments.
        arrays = {
            field.name: pa.nulls(len(batch), pa.string())
            if pa.types.is_nested(field.type)
            else checked_texts(batch.column(field.name).cast(field.type, safe=False))
            for field in columns
        }
        records = pl.from_arrow(pa.table(arrays))
        assert isinstance(records, pl.DataFrame)
        yield records


def _with_expired(lines: pl.DataFrame, zone: str, kept_from: str) -> pl.DataFrame:
    """Searches of days that have gone for their age get the reason `expired`: see retention.py."""
    is_late = pl.col("reason").is_null() & (local_dates(pl.col("searched_at"), zone) < kept_from)
    late = pl.when(is_late).then(pl.lit("expired")).otherwise("reason")
    return lines.with_columns(reason=late)


def _tally(source: str, lines: pl.DataFrame, zone: str) -> Tally:
    local = pl.col("searched_at").dt.convert_time_zone(zone)
    is_search = pl.col("reason").is_null()
    hour = local.dt.hour()
    counts = lines.group_by(
        "reason",
        day=pl.when(is_search).then(local_dates(pl.col("searched_at"), zone)),
        early=is_search & (hour < SESSION_SPILL_HOURS),
        late=is_search & (hour == 23),
    ).agg(lines=pl.len(), due=pl.col("due").min())
    return Tally(source, counts)


def _rows(
    lines: pl.DataFrame, reading: Reading, file_day: datetime
) -> Mapping[tuple[str, str], pl.DataFrame]:
    is_search = pl.col("reason").is_null()
    dated = lines.with_columns(dt=local_dates(pl.col("searched_at"), reading.zone))
    searches = dated.filter(is_search).with_columns(
        bucket=pl.col("user_id") % reading.buckets if reading.buckets > 1 else pl.lit(0)
    )
    found = {}
    for (day, bucket), rows in searches.partition_by("dt", "bucket", as_dict=True).items():
        found[f"dt={day}/{bucket}", NEW] = rows.select(*SEARCHES)
    rejected = dated.filter(~is_search & (pl.col("reason") != SKIPPED))
    if len(rejected):
        rejected = rejected.with_columns(
            pl.col("dt").fill_null(f"{file_day:%Y-%m-%d}"),
            search=pl.lit(None, pl.Struct(SEARCHES)),
        ).filter(pl.col("dt") >= (reading.rejects_from or ""))
        for (day,), rows in rejected.partition_by("dt", as_dict=True).items():
            found[f"dt={day}/0", REJECTED] = rows.select(*REJECTS)
    return found
