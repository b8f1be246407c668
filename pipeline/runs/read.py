"""The map of taking in: a file to lines, each with its verdict, by the day it belongs to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.carriers.steps import Mapped
from pipeline.columns import REJECTS, SEARCHES
from pipeline.counting.judging import local_dates
from pipeline.counting.sessions import SESSION_SPILL_HOURS
from pipeline.errors import UnreadableFileError
from pipeline.reading.blocks import lines_of
from pipeline.reading.charsets import line_separator
from pipeline.reading.detection import bound_to_names
from pipeline.reading.erased import NOBODY, Erased
from pipeline.reading.fields import FIELDS
from pipeline.reading.packing import DamagedError, Unpacked, is_packed, pieces_of
from pipeline.reading.parquet import checked_texts, parquet_schema
from pipeline.reading.records import joined_records
from pipeline.reading.searches import (
    SKIPPED,
    Circumstances,
    searches_of_lines,
    searches_of_records,
)
from pipeline.reading.user_ids import UserKeys
from pipeline.runs.inspection import Readable
from pipeline.store.storage import Storage

#: Bytes of a log that are read, and parsed, at once.
BLOCK_BYTES: Final = 16 * 1024 * 1024

#: Of a file so many bytes tell when it begins.
_LOOKED_AT_BYTES: Final = 16 * 1024
#: Files of fewer bytes are read together, up to so many.
SMALL_BYTES: Final = 1024 * 1024
MOST_FILES: Final = 500
#: A file of lines is read by several tasks, each of so many bytes.
SPAN_BYTES: Final = 128 * 1024 * 1024

NEW, REJECTED = "new", "rejected"

#: Lines are numbered within a span of a file; see `numbered_in_file`.
_LINES_A_SPAN: Final = 2**40


@dataclass(frozen=True)
class Span:
    """A part of a file: the lines that begin in it."""

    item: Readable
    number: int = 0  #: from 0, within the file
    begin: int = 0  #: the first byte
    end: int | None = None  #: the first byte of the next span; None: it is the last


def spans(item: Readable) -> list[Span]:
    """The parts in which a file is read: one, unless lines can be told from its midst."""
    name, size = item.file.source, item.file.size
    is_cut = (
        size >= 2 * SPAN_BYTES
        and item.format.kind not in ("parquet", "csv")
        and not is_packed(name)
        and line_separator(item.charset, item.format.line_end) == "\n"
    )
    if not is_cut:
        return [Span(item)]
    begins = range(0, size - SPAN_BYTES + 1, SPAN_BYTES)
    ends = [*begins[1:], None]
    return [Span(item, *each) for each in zip(range(len(begins)), begins, ends, strict=True)]


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
    span: int
    lines: int
    #: `reason` (null: a search), `day` (of a search), `early`, `late` (in the first hours of the
    #: day, in its last hour), `lines`, `due` (least, UTC seconds; see `searches_of_lines`)
    counts: pl.DataFrame


def parts(spans_: Iterable[Span]) -> list[list[Span]]:
    """What is mapped at a time: a span, or many small files that are read in the same way.

    A block of lines costs the same to parse whether it comes from one file or from hundreds.
    """
    found: list[list[Span]] = []
    small: dict[object, list[Span]] = {}
    sizes: dict[object, int] = {}
    for span in spans_:
        item = span.item
        is_whole = span.number == 0 and span.end is None
        # Of two bytes a character half of one may be left at the end of a file.
        is_alone = item.format.kind == "parquet" or item.charset.startswith("UTF-16")
        if item.file.size > SMALL_BYTES or is_alone or not is_whole:
            found.append([span])
            continue
        way = (item.format, item.charset, item.day)
        if (
            sizes.get(way, 0) + item.file.size > BLOCK_BYTES
            or len(small.get(way, ())) >= MOST_FILES
        ):
            found.append(small.pop(way))
            sizes[way] = 0
        small.setdefault(way, []).append(span)
        sizes[way] = sizes.get(way, 0) + item.file.size
    return [*found, *small.values()]


def first_day(item: Readable, reading: Reading, storage: Storage) -> date | None:
    """The day of the first search of a file, by its beginning; None: that does not tell."""
    if item.format.kind == "parquet" or is_packed(item.file.source):
        return None
    head = storage.head(item.file.source, _LOOKED_AT_BYTES)
    lines = next(lines_of([head], item.charset, item.format.line_end))
    told = searches_of_lines(lines, item.format, item.charset, _circumstances(item, reading))
    times = told["searched_at"].drop_nulls()
    local = times.dt.convert_time_zone(reading.zone).dt.date()
    return local[0] if len(local) else None


def _circumstances(item: Readable, reading: Reading) -> Circumstances:
    return Circumstances(reading.zone, item.day, reading.now, reading.user_keys, reading.erased)


def read_part(
    part: Sequence[Span], reading: Reading, storage: Storage
) -> Iterator[Mapped[Sequence[Tally]]]:
    """Read a part from first to last; all of its spans are read in the same way.

    Rows come under keys `dt=YYYY-MM-DD/bucket`: `NEW` with `SEARCHES`, `REJECTED` with `REJECTS`,
    whose `line` is to be brought right by `numbered_in_file`.

    Raises:
        UnreadableFileError: a file cannot be read to its end.
    """
    zone = ZoneInfo(reading.zone)
    days = {
        span.item.file.rows_name: f"{span.item.file.modified_at.astimezone(zone):%Y-%m-%d}"
        for span in part
    }
    numbers = {span.item.file.rows_name: span.number for span in part}
    for lines in _numbered(part, reading, storage):
        known = lines
        if reading.searches_from is not None:
            known = _with_expired(lines, reading.zone, reading.searches_from)
        yield Mapped(_tallies(known, numbers, reading.zone), _rows(known, reading, days))


def _numbered(part: Sequence[Span], reading: Reading, storage: Storage) -> Iterator[pl.DataFrame]:
    """Lines with their verdict, `source` and `line`: a file block by block, many together."""
    item = part[0].item
    how = _circumstances(item, reading)
    if len(part) == 1:
        name, first = item.file.rows_name, part[0].number * _LINES_A_SPAN + 1
        with _named(item):
            for parsed in _parsed(part[0], how, storage):
                yield parsed.with_columns(
                    source=pl.lit(name),
                    line=pl.int_range(first, first + len(parsed), dtype=pl.Int64),
                )
                first += len(parsed)
        return
    read = []
    for span in part:
        with _named(span.item), storage.open(span.item.file.source) as stream:
            raw = [pl.Series("raw", [], dtype=pl.Binary), *_lines(span, stream)]
            read.append((span.item.file.rows_name, pl.concat(raw)))
    sizes = [len(raw) for _, raw in read]
    together = pl.concat([raw for _, raw in read], rechunk=True)
    places = pl.DataFrame({"source": [name for name, _ in read], "lines": sizes})
    sources = places.select(pl.col("source").repeat_by("lines").explode())
    parsed = searches_of_lines(together, item.format, item.charset, how)
    numbers = pl.concat([pl.int_range(1, size + 1, dtype=pl.Int64, eager=True) for size in sizes])
    yield parsed.with_columns(sources.drop_nulls().to_series(), numbers.alias("line"))


@contextmanager
def _named(item: Readable) -> Iterator[None]:
    """Name the file that could not be read."""
    try:
        yield
    except (OSError, DamagedError, pa.ArrowException) as error:
        raise UnreadableFileError(item.file.source, f"{error}") from error


def numbered_in_file(rejects: pl.DataFrame, lines: Mapping[str, Sequence[int]]) -> pl.DataFrame:
    """`REJECTS` whose lines are numbered through their files.

    Args:
        rejects: as `read_part` gives them.
        lines: of files that were read in several spans, how many lines each has, by source.
    """
    if not lines:
        return rejects
    before = [
        (source, number, sum(counts[:number]))
        for source, counts in lines.items()
        for number in range(len(counts))
    ]
    known = pl.DataFrame(
        before, {"source": pl.String, "span": pl.Int64, "before": pl.Int64}, orient="row"
    )
    placed = rejects.with_columns(
        span=pl.col("line") // _LINES_A_SPAN, line=pl.col("line") % _LINES_A_SPAN
    ).join(known, on=["source", "span"], how="left", maintain_order="left")
    line = pl.col("line") + pl.col("before").fill_null(0)
    return placed.with_columns(line=line).select(*REJECTS)


def _parsed(span: Span, how: Circumstances, storage: Storage) -> Iterator[pl.DataFrame]:
    item = span.item
    with storage.open(item.file.source) as stream:
        if item.format.kind == "parquet":
            for records in _records(stream, item):
                yield searches_of_records(records, item.format, how)
            return
        for raw in _lines(span, stream):
            yield searches_of_lines(raw, item.format, item.charset, how)


def _lines(span: Span, stream: BinaryIO) -> Iterator[pl.Series]:
    """The lines of a span, block by block; records of CSV on one line each."""
    item = span.item
    content = Unpacked(_pieces(span, stream), item.file.source.rpartition("/")[2])
    lines = lines_of(_blocks(content), item.charset, item.format.line_end)
    if item.format.kind == "csv":
        return joined_records(lines, item.format.separators[0], item.charset)
    return lines


def _pieces(span: Span, stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of the lines that begin in a span.

    A line begins behind a line feed: of one that stands on the last byte before the span, too.
    """
    if span.begin:
        stream.seek(span.begin - 1)
    here = max(span.begin - 1, 0)
    is_open = span.begin == 0  # the first line feed was seen
    for piece in pieces_of(stream):
        begin = 0
        if not is_open:
            begin = piece.find(b"\n") + 1
            is_open = begin > 0
        # The last line goes on to the first line feed from the byte before the next span on.
        last = None if span.end is None else max(span.end - 1 - here, 0)
        feed = -1 if last is None or last >= len(piece) else piece.find(b"\n", last)
        here += len(piece)
        if is_open and feed >= 0:
            if feed >= begin:
                yield piece[begin : feed + 1]
            return
        if feed >= 0:  # no line begins in the span
            return
        if is_open and begin < len(piece):
            yield piece[begin:]


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
    wanted = {str(ref) for field in FIELDS for ref in named.alternatives(field)}
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


def _tallies(lines: pl.DataFrame, spans_: Mapping[str, int], zone: str) -> list[Tally]:
    """What the lines of each source are, all of them counted at once."""
    is_search = pl.col("reason").is_null()
    local = pl.col("searched_at").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    hours = lines.filter(is_search).select("source", hour=local.dt.epoch("s") // 3_600)
    # Whole numbers: many rows, few hours.
    by_hour = hours.group_by("source", "hour").agg(lines=pl.len())
    hour = pl.col("hour") % 24
    searches = by_hour.group_by(
        "source",
        reason=pl.lit(None, pl.String),
        day=_day_text(pl.col("hour") // 24),
        early=hour < SESSION_SPILL_HOURS,
        late=hour == 23,
    ).agg(pl.col("lines").sum(), due=pl.lit(None, pl.Int64))
    others = lines.filter(~is_search).group_by(
        "source", "reason", day=pl.lit(None, pl.String), early=pl.lit(False), late=pl.lit(False)
    )
    counts = pl.concat([searches, others.agg(lines=pl.len(), due=pl.col("due").min())])
    of_source = counts.partition_by("source", as_dict=True, include_key=False)
    sizes = lines.group_by("source", maintain_order=True).len().rows()
    return [Tally(source, spans_[source], size, of_source[source,]) for source, size in sizes]


def _day_text(days: pl.Expr) -> pl.Expr:
    """Days since 1970 as 'YYYY-MM-DD'."""
    return days.cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")


def _rows(
    lines: pl.DataFrame, reading: Reading, days: Mapping[str, str]
) -> Mapping[tuple[str, str], pl.DataFrame]:
    is_search = pl.col("reason").is_null()
    local = pl.col("searched_at").dt.convert_time_zone(reading.zone)
    dated = lines.with_columns(day=local.dt.date())
    searches = dated.filter(is_search)
    cut = ["day"]
    if reading.buckets > 1:
        searches = searches.with_columns(bucket=pl.col("user_id") % reading.buckets)
        cut = ["day", "bucket"]
    found = {}
    for (day, *bucket), rows in searches.partition_by(*cut, as_dict=True).items():
        found[f"dt={day}/{bucket[0] if bucket else 0}", NEW] = rows.select(*SEARCHES)
    rejected = dated.filter(~is_search & (pl.col("reason") != SKIPPED))
    if len(rejected):
        rejected = rejected.with_columns(
            pl.coalesce(
                pl.col("day").dt.strftime("%Y-%m-%d"), pl.col("source").replace_strict(days)
            ).alias("dt"),
            search=pl.lit(None, pl.Struct(SEARCHES)),
        ).filter(pl.col("dt") >= (reading.rejects_from or ""))
        for (day,), rows in rejected.partition_by("dt", as_dict=True).items():
            found[f"dt={day}/0", REJECTED] = rows.select(*REJECTS)
    return found
