"""Merge what files say into `searches`, `rejects` and the ledger: all of it or nothing.

The lines of the files are staged first; then each day that they touch, or that holds rows of
replaced files, is judged anew from its stored rows and the new ones.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import reduce
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from pipeline.formats import LogFormat
from pipeline.inspection import INSPECTORS, Readable
from pipeline.ledger import TAKEN_IN, LedgerEntry, Plan, next_look
from pipeline.packing import DamagedError
from pipeline.parsing import REJECT_CHARACTERS, SKIPPED, parsed_lines, read_records
from pipeline.root import Change, Root
from pipeline.schemas import LEDGER, REJECT_REASONS, REJECTS, SEARCHES, WITHHOLD_REASONS
from pipeline.searches import judged_searches, local_date, numbered_lines
from pipeline.sessions import SESSION_SPILL_HOURS
from pipeline.stand_ins import stand_in
from pipeline.state import DayVersion
from pipeline.storage import Storage, spark_path

#: A day of `searches` is judged in one task, and lies in one file, for so many bytes of Parquet;
#: a log has some three times as many for the same searches.
BYTES_A_FILE: Final = 64 * 1024 * 1024
LOG_BYTES_A_BYTE: Final = 3

_LOG = logging.getLogger(__name__)


def merge_on_spark(
    root: Root,
    todo: Plan,
    ledger: Mapping[str, LedgerEntry],
    readable: Sequence[Readable],
    storage: Storage,
    now: datetime,
) -> dict[str, LedgerEntry]:
    """Write what a plan asks for.

    Args:
        root: held by this run.
        todo: whose rows are replaced, which entries are noted or dropped.
        ledger: as it was, by source.
        readable: the files to read, and how.
        storage: where these are.
        now: the clock, with a zone.

    Returns:
        The entries that are new or changed, by source.

    Raises:
        FaultyFilesError: files that Spark cannot read as they lie cannot be read now.
    """
    kept = {source: entry for source, entry in ledger.items() if source not in todo.dropped}
    entries = dict(todo.entries)
    _LOG.info("reading %d files", len(readable))
    with root.change() as change:
        if not readable and not todo.replaced:  # names and times of files alone
            put_ledger(change, {**kept, **entries})
            return entries
        lines = None
        if readable:
            lines = change.stage("lines", _parsed(root, change, readable, storage, now))
        seen = Seen() if lines is None else _looked_over(lines, root.state.zone)
        days = sorted({*seen.touched, *_days_holding(root, "searches", SEARCHES, todo.replaced)})

        stored = _stored_searches(root, days, todo.replaced)
        fresh = [] if lines is None else [lines.where("reason is null").select(*SEARCHES.names)]
        # What is new is spread over the days it touches; a day has what is stored of it, too.
        new_bytes = sum(item.file.size for item in readable) // LOG_BYTES_A_BYTE
        size = root.largest_day("searches", days) + new_bytes // max(len(seen.touched), 1)
        judged = change.stage(
            "judged",
            judged_searches(
                reduce(DataFrame.unionByName, [stored.select(*SEARCHES.names), *fresh]),
                zone=root.state.zone,
                buckets=1 + size // BYTES_A_FILE,
            ),
            by=["robot", "dt"],
        )
        change.put_days("searches", f"{change.address('judged')}/robot=false", days)
        searches = _counted(judged)
        rejected = lines if any(map(_rejected, seen.tallies.values())) else None
        withheld = judged.where("robot") if any(robot for _, robot, _ in searches) else None
        _put_rejects(root, change, rejected, withheld, days, todo, readable)

        before, after = by_source(_counted(stored)), by_source(searches)
        read = {item.file.rows_name for item in readable}
        known = {**kept, **entries}
        for item in readable:
            source = item.file.source
            entries[source] = entry_of(item, seen, after, root.state.zone, known.get(source), now)
        taken_in = [each for each in {**kept, **entries}.values() if each.status == TAKEN_IN]
        of_rows = {entry.rows_name: entry for entry in taken_in}
        for name in sorted({name for name, _ in {*before, *after}} - read):
            accepted, robots = (
                after.get((name, robot), 0) - before.get((name, robot), 0)
                for robot in (False, True)
            )
            if name in of_rows and (accepted or robots):
                moved = of_rows[name].moved_by(accepted=accepted, robots=robots)
                entries[moved.source] = moved
        put_ledger(change, {**kept, **entries})
        note_days(root, change, searches, days, seen.touched if not todo.replaced else {})
    return entries


class FaultyFilesError(Exception):
    """Files that cannot be read now: the error of each, by source."""

    def __init__(self, faults: Mapping[str, OSError]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


def _parsed(
    root: Root, change: Change, readable: Sequence[Readable], storage: Storage, now: datetime
) -> DataFrame:
    """Every line of every file, parsed: one scan for the files that are read in the same way."""
    user_keys = root.user_keys()
    erased = root.erased()
    addresses = _addresses_for_spark(root, change, readable, storage)
    groups: dict[tuple[LogFormat, str, date | None, pa.Schema | None], list[tuple[str, str]]] = {}
    for item, address in zip(readable, addresses, strict=True):
        key = (item.format, item.charset, item.day, item.schema)
        groups.setdefault(key, []).append((address, item.file.rows_name))
    parts = [
        parsed_lines(
            _lines(root.session(), files, log_format, charset, schema),
            log_format,
            charset=charset,
            zone=root.state.zone,
            file_date=day,
            now=now,
            user_keys=user_keys,
            erased=erased,
        )
        for (log_format, charset, day, schema), files in groups.items()
    ]
    return _with_expired(root, reduce(DataFrame.unionByName, parts))


def _with_expired(root: Root, lines: DataFrame) -> DataFrame:
    """Searches of days that have gone for their age get the reason `expired`: see retention.py."""
    first = root.state.kept_from.get("searches")
    if first is None:
        return lines
    is_late = F.col("reason").isNull() & (local_date(F.col("searched_at"), root.state.zone) < first)
    return lines.withColumn("reason", F.when(is_late, "expired").otherwise(F.col("reason")))


def _addresses_for_spark(
    root: Root, change: Change, readable: Sequence[Readable], storage: Storage
) -> list[str]:
    """Where Spark reads each file: where it lies, or a link or copy in the staging folder."""

    def place(numbered: tuple[int, Readable]) -> str | OSError:
        number, item = numbered
        if not item.needs_stand_in:
            return item.file.source
        try:
            return stand_in(
                item.file.source,
                storage,
                change.address(f"read/{number}"),
                root.storage,
                log_format=item.format,
                charset=item.charset,
                copy=item.must_be_copied,
            )
        except OSError as error:
            return error
        except DamagedError as error:  # it was whole when it was looked into
            return OSError(f"it changed while it was read: {error}")

    with ThreadPoolExecutor(INSPECTORS) as pool:
        found = list(pool.map(place, enumerate(readable)))
    faults = {
        item.file.source: each
        for item, each in zip(readable, found, strict=True)
        if isinstance(each, OSError)
    }
    if faults:
        raise FaultyFilesError(faults)
    return [str(each) for each in found]


def _lines(
    spark: SparkSession,
    files: Sequence[tuple[str, str]],
    log_format: LogFormat,
    charset: str,
    schema: pa.Schema | None,
) -> DataFrame:
    """`source`, `block` (bytes), `line` (running number), and the line or record itself.

    Args:
        spark: the session.
        files: of each where Spark reads it, and the name that its rows have.
        log_format: how all of them are read.
        charset: of their lines.
        schema: of Parquet files.
    """
    paths = [spark_path(address) for address, _ in files]
    read = read_records(spark, paths, log_format, charset, schema)
    known = spark.createDataFrame(
        [(name, rows) for address, rows in files for name in _names_in_spark(address)],
        "file_path string, source string",
    )
    placed = read.select(
        *read.columns,
        F.col("_metadata.file_path"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("line"),
    )
    unknown = F.raise_error(F.concat(F.lit("not asked for: "), F.col("file_path")))
    return (
        placed.join(F.broadcast(known), on="file_path", how="left")
        .withColumn("source", F.coalesce("source", unknown))
        .drop("file_path")
    )


def _names_in_spark(source: str) -> list[str]:
    """How Spark's `_metadata.file_path` writes an address: quoted as java.net.URI does."""
    scheme, _, path = source.partition("://")
    quoted = "".join(
        char if ord(char) > 127 and not char.isspace() else quote(char, safe="/!~'()*,;:$&+=@")
        for char in path
    )
    return [f"{scheme}://{quoted}", *([f"file:{quoted}"] if scheme == "file" else [])]


@dataclass
class Seen:
    """What lines are."""

    #: How many, by source and reason (None: a search).
    tallies: dict[str, dict[str | None, int]] = field(default_factory=dict)
    #: By day with new searches: any in its first hours, any in its last hour?
    touched: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    #: By source: when the first line of the future is none any more, in UTC seconds.
    due: dict[str, int] = field(default_factory=dict)


def _looked_over(lines: DataFrame, zone: str) -> Seen:
    """All of it in one look, of as many rows as files times reasons, days and two."""
    local = F.from_utc_timestamp("searched_at", zone)
    is_search = F.col("reason").isNull()
    rows = (
        lines.groupBy(
            "source",
            "reason",
            F.when(is_search, F.to_date(local)).alias("day"),
            (is_search & (F.hour(local) < SESSION_SPILL_HOURS)).alias("early"),
            (is_search & (F.hour(local) == 23)).alias("late"),
        )
        .agg(F.count("*").alias("lines"), F.min("due").alias("due"))
        .collect()
    )
    seen = Seen()
    for row in rows:
        reasons = seen.tallies.setdefault(row["source"], {})
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["lines"]
        if row["reason"] is None:
            early, late = seen.touched.get(day := row["day"].isoformat(), (False, False))
            seen.touched[day] = (early or row["early"], late or row["late"])
        if row["due"] is not None:
            seen.due[row["source"]] = row["due"]
    return seen


def _rejected(reasons: Mapping[str | None, int]) -> bool:
    return bool(reasons.keys() - {None, SKIPPED})


def _days_holding(
    root: Root, dataset: str, schema: StructType, sources: Collection[str]
) -> list[str]:
    """The days of a dataset with rows from any of the sources."""
    if not sources:
        return []
    partitions = [f"dt={day}" for day in root.days_of(dataset)]
    rows = root.read(dataset, schema, partitions).where(F.col("source").isin(*sorted(sources)))
    return [row["dt"] for row in rows.select("dt").distinct().collect()]


def _stored_searches(root: Root, days: Sequence[str], replaced: Collection[str]) -> DataFrame:
    """What these days hold already, but for replaced files: `SEARCHES`, `robot`, `dt`."""
    present = set(root.days_of("rejects"))
    searches = root.read("searches", SEARCHES, [f"dt={d}" for d in days if d in root.state.days])
    stored = searches.select(*SEARCHES.names, F.lit(False).alias("robot"), "dt")
    rejects = [f"dt={day}" for day in days if day in present]
    if rejects:
        robots = root.read("rejects", REJECTS, rejects).where(F.col("reason") == "robot")
        stored = stored.union(robots.select("search.*", F.lit(True), "dt"))
    return stored.where(~F.col("source").isin(*sorted(replaced))) if replaced else stored


#: By source, robot or not, and day: how many searches, and the newest of them in UTC seconds.
Counted = dict[tuple[str, bool, str], tuple[int, int]]


def _counted(searches: DataFrame) -> Counted:
    rows = searches.groupBy("source", "robot", "dt").agg(
        F.count("*"), F.max(F.unix_seconds("searched_at"))
    )
    return {tuple(row)[:3]: tuple(row)[3:] for row in rows.collect()}


def by_source(counted: Counted) -> Counter[tuple[str, bool]]:
    found: Counter[tuple[str, bool]] = Counter()
    for (source, robot, _), (count, _) in counted.items():
        found[source, robot] += count
    return found


def entry_of(
    item: Readable,
    seen: Seen,
    after: Mapping[tuple[str, bool], int],
    zone: str,
    before: LedgerEntry | None,
    now: datetime,
) -> LedgerEntry:
    file = item.file
    reasons = seen.tallies.get(file.rows_name, {})
    searches = reasons.get(None, 0)
    accepted, robots = (after.get((file.rows_name, robot), 0) for robot in (False, True))
    rejected = {str(reason): reasons[reason] for reason in REJECT_REASONS if reason in reasons}
    withheld = {reason: reasons.get(reason, 0) for reason in WITHHOLD_REASONS} | {"robot": robots}
    return LedgerEntry(
        file.source,
        TAKEN_IN,
        None,
        file.size,
        file.modified_at,
        file.checksum,
        taken_in_as=file.rows_name,
        format=item.format.name,
        charset=item.charset,
        zone=item.format.zone or zone,
        date=item.day,
        declaration=item.format.to_json(),
        lines=sum(reasons.values()) - reasons.get(SKIPPED, 0),
        skipped=reasons.get(SKIPPED, 0),
        accepted=accepted,
        duplicates=searches - accepted - robots,
        rejected=sum(rejected.values()),
        withheld=sum(withheld.values()),
        rejected_by_reason=rejected,
        withheld_by_reason={reason: count for reason, count in withheld.items() if count},
        look_again_at=next_look(_moment(seen.due.get(file.rows_name)), before, now),
    )


def _moment(seconds: int | None) -> datetime | None:
    """UTC seconds as a time; None beyond the year 9999, which nobody waits for."""
    if seconds is None or seconds >= datetime.max.replace(tzinfo=UTC).timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _put_rejects(
    root: Root,
    change: Change,
    lines: DataFrame | None,
    robots: DataFrame | None,
    days: Sequence[str],
    todo: Plan,
    readable: Sequence[Readable],
) -> None:
    """Rewrite the days of `rejects` that change.

    Args:
        root: of the rejects that stay.
        change: what they are staged in.
        lines: all parsed lines; None: none of them is rejected.
        robots: rows of robots on `days`; None: none are.
        days: judged anew, so that their robots' stored rows go.
        todo: the rejects of replaced files go.
        readable: the files of the lines.
    """
    names = REJECTS.names
    parts: list[DataFrame] = []
    new_days: list[str] = []
    if robots is not None:
        parts.append(
            robots.select(
                "source",
                F.lit(None).cast("long").alias("line"),
                F.lit("robot").alias("reason"),
                F.substring("surface", 1, REJECT_CHARACTERS).alias("text"),
                F.struct(*SEARCHES.names).alias("search"),
                "dt",
            )
        )
    if lines is not None:
        numbered = change.stage("rejected", _numbered(root, lines, readable))
        parts.append(numbered)
        new_days = [row["dt"] for row in numbered.select("dt").distinct().collect()]
    present = set(root.days_of("rejects"))
    changing = sorted({*new_days, *days, *_days_holding(root, "rejects", REJECTS, todo.replaced)})
    kept = [f"dt={day}" for day in changing if day in present]
    if kept:
        judged_again = F.col("dt").isin(*days) if days else F.lit(False)
        stays = ~F.col("source").isin(*sorted(todo.replaced)) if todo.replaced else F.lit(True)
        is_robot = F.col("reason") == "robot"
        parts.append(
            root.read("rejects", REJECTS, kept).where(
                (~is_robot & stays) | (is_robot & ~judged_again)
            )
        )
    if parts:
        rejects = reduce(DataFrame.unionByName, [part.select(*names, "dt") for part in parts])
        change.stage(
            "rejects",
            rejects.repartition("dt").sortWithinPartitions("dt", "source", "line", "search"),
            by=["dt"],
        )
        change.put_days("rejects", change.address("rejects"), changing)


def _numbered(root: Root, lines: DataFrame, readable: Sequence[Readable]) -> DataFrame:
    """The rejected of the lines, as `REJECTS` and `dt`."""
    rejected = lines.where(F.col("reason").isNotNull() & (F.col("reason") != SKIPPED))
    blocks = lines.groupBy("source", "block").agg(
        F.min("line").alias("first"), F.count("*").alias("lines")
    )
    zone = root.state.zone
    file_days = root.session().createDataFrame(
        [
            (item.file.rows_name, f"{item.file.modified_at.astimezone(ZoneInfo(zone)):%Y-%m-%d}")
            for item in readable
        ],
        "source string, file_day string",
    )
    day = F.coalesce(local_date(F.col("searched_at"), zone), F.col("file_day"))
    return (
        numbered_lines(rejected, blocks)
        .join(F.broadcast(file_days), on="source")
        .where(day >= root.state.kept_from.get("rejects", ""))
        .select(
            "source",
            "line",
            "reason",
            "text",
            F.lit(None).cast(SEARCHES).alias("search"),
            day.alias("dt"),
        )
    )


def put_ledger(change: Change, entries: Mapping[str, LedgerEntry]) -> None:
    rows = [
        {name: getattr(entries[source], name) for name in LEDGER.names}
        for source in sorted(entries)
    ]
    table = pa.Table.from_pylist(rows, schema=to_arrow_schema(LEDGER, timezone="UTC"))
    change.put("ledger", "", change.stage_table("ledger", table))


def note_days(
    root: Root,
    change: Change,
    searches: Counted,
    days: Sequence[str],
    touched: Mapping[str, tuple[bool, bool]],
) -> None:
    """Set the versions of the days; a day not in `touched` may have changed in any hour."""
    found: dict[str, tuple[int | None, bool]] = {}
    for (_, robot, day), (_, latest) in searches.items():
        newest, has_robots = found.get(day, (None, False))
        newest = newest if robot else max(latest, newest or latest)
        found[day] = (newest, has_robots or robot)
    for day in days:
        newest, has_robots = found.get(day, (None, False))
        old = root.state.days.pop(day, DayVersion(0, 0, 0, ""))
        # Who becomes a robot takes searches out of other hours as well.
        head, tail = (True, True) if has_robots or day not in touched else touched[day]
        if newest is not None:
            root.state.days[day] = DayVersion(
                any=change.run,
                head=change.run if head else old.head,
                tail=change.run if tail else old.tail,
                newest=datetime.fromtimestamp(newest, UTC).isoformat(),
            )
