"""Take what is new in the landing folder into the root, each file exactly once.

Reads   the landing folder, ledger, searches and rejects (of the days that the new files touch)
Writes  ledger, searches/dt=, rejects/dt= (of those days), together or not at all
"""

import bz2
import logging
import re
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import reduce
from io import BytesIO
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from pipeline.charsets import detect_charset, known_charset
from pipeline.detection import bound, detect_format, file_date
from pipeline.errors import LandingError, LogFormatError
from pipeline.formats import LogFormat, known_zone, load_format
from pipeline.ledger import (
    TAKEN_IN,
    FoundFile,
    LedgerEntry,
    Plan,
    plan,
    set_aside,
)
from pipeline.parsing import SKIPPED, parsed_lines, read_records
from pipeline.privacy import masked
from pipeline.root import Change, Root
from pipeline.schemas import LEDGER, REJECT_REASONS, REJECTS, SEARCHES
from pipeline.searches import judged_searches, local_date, numbered_lines
from pipeline.session import Session
from pipeline.sessions import SESSION_SPILL_HOURS
from pipeline.state import DayVersion
from pipeline.storage import Storage, qualified, spark_path, storage_of

HEAD_BYTES: Final = 64 * 1024
#: A day of `searches` is judged in one task, and lies in one file, for so many bytes of Parquet;
#: a log has some three times as many for the same searches.
BYTES_A_FILE: Final = 64 * 1024 * 1024
LOG_BYTES_A_BYTE: Final = 3
INSPECTORS: Final = 8

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Landing:
    """Where logs come in, and what is said of those that are new; None: found out by looking."""

    address: str
    format: str | None = None
    charset: str | None = None
    zone: str | None = None
    day: date | None = None  #: of times that have none

    @property
    def says_how(self) -> bool:
        """Whether anything is said: then files that were set aside are tried again."""
        return any(value is not None for value in (self.format, self.charset, self.day))


@dataclass(frozen=True)
class TakenIn:
    """What one run did: the entries of the files that it looked into, and how many there are."""

    entries: Sequence[LedgerEntry] = field(default_factory=list)
    files: int = 0


@dataclass(frozen=True)
class Readable:
    """A file with the way to read it."""

    file: FoundFile
    format: LogFormat
    charset: str
    day: date | None


def check_landing(session: Session, landing: Landing) -> None:
    """Fail early, before anything is written.

    Raises:
        LandingError: no such folder.
        LogFormatError: no such format, zone or charset, or a declaration with a fault.
    """
    if landing.format is not None:
        load_format(landing.format)
    if landing.zone is not None:
        known_zone(landing.zone)
    if landing.charset is not None:
        known_charset(landing.charset)
    address = qualified(session, landing.address)
    if storage_of(session, address).files(address) is None:
        raise LandingError(
            f"no such folder: {landing.address}; put logs there or name another --landing"
        )


def take_in(root: Root, landing: Landing, *, now: datetime) -> TakenIn:
    """Bring `searches`, `rejects` and `ledger` in step with the landing folder.

    A new file adds its rows, a changed one replaces them; the days that they touch are written
    anew, nothing else is read. What cannot be read is set aside in the ledger, the others go on.

    Raises:
        LandingError: nothing is there, or all of it is no search log while nothing was ever
            taken in.
    """
    address = qualified(root.session, landing.address)
    storage = storage_of(root.session, address)
    found = storage.files(address) or []
    ledger = read_ledger(root)
    if not found and not ledger:
        raise LandingError(f"nothing in {landing.address}: put a search log there first")
    files = [FoundFile(file.address, file.size, file.modified_at) for file in found]
    todo = plan(files, ledger, checksum=storage.checksum, retry=landing.says_how)
    if todo.is_empty() and not todo.replaced:
        return TakenIn(files=len(files))

    readable, unreadable = _inspected(todo.read, storage, landing)
    if not readable and not any(entry.status == TAKEN_IN for entry in ledger.values()):
        raise LandingError(_nothing_to_read([*unreadable, *todo.entries.values()]))
    todo.entries |= {entry.source: entry for entry in unreadable}
    if todo.replaced:
        present = {file.source: file for file in files}
        again = _neighbours(todo, ledger, landing, present, storage)
        todo.replaced |= {item.file.source for item in again}
        readable += again
    while True:
        try:
            entries = _write(root, todo, ledger, readable, now)
            break
        except Exception as error:  # a damaged file shows itself as a failed Spark job
            broken = _broken(root.session(), readable)
            if not broken:
                raise
            todo.entries |= {
                file.source: set_aside(file, f"it breaks off or is damaged ({why})")
                for file, why in broken
            }
            sources = {file.source for file, _ in broken}
            readable = [item for item in readable if item.file.source not in sources]
            if not readable and not ledger:
                raise LandingError(_nothing_to_read(list(todo.entries.values()))) from error
    return TakenIn(entries, files=len(files))


def read_ledger(root: Root) -> dict[str, LedgerEntry]:
    """The ledger by source; as large as the number of files, not as the log.

    Read without Spark: nine runs in ten learn from it that there is nothing to do.
    """
    entries = []
    for file in root.storage.files(f"{root.address}/ledger") or []:
        content = BytesIO(root.storage.head(file.address, file.size))
        rows = pq.read_table(content).to_pylist(maps_as_pydicts="strict")
        entries += [LedgerEntry(**row) for row in rows]
    return {entry.source: entry for entry in entries}


def _nothing_to_read(entries: Sequence[LedgerEntry]) -> str:
    first = min(entries, key=lambda entry: entry.source)
    more = f" (and {len(entries) - 1} more files)" if len(entries) > 1 else ""
    return f"nothing was taken in: {first.source}{more} was set aside because {first.detail}"


def _inspected(
    files: Sequence[FoundFile], storage: Storage, landing: Landing
) -> tuple[list[Readable], list[LedgerEntry]]:
    """Look at the beginning of each file: how is it read?"""

    def inspect(file: FoundFile) -> Readable | LedgerEntry:
        try:
            return _looked_at(file, storage.head(file.source, HEAD_BYTES), landing)
        except LogFormatError as error:
            return set_aside(file, str(error))
        except (OSError, EOFError, zlib.error) as error:
            return set_aside(file, f"it cannot be read ({error})")

    with ThreadPoolExecutor(INSPECTORS) as pool:
        looked = list(pool.map(inspect, files))
    return (
        [item for item in looked if isinstance(item, Readable)],
        [item for item in looked if isinstance(item, LedgerEntry)],
    )


def _looked_at(file: FoundFile, head: bytes, landing: Landing) -> Readable:
    name = file.source.rpartition("/")[2]
    if head.startswith(b"\x1f\x8b") and not name.endswith(".gz"):
        raise LogFormatError("it is gzip but its name does not end in .gz: rename it")
    text = _decompressed(head, name)
    if landing.format is None:
        log_format, charset = detect_format(text, name, landing.charset)
    else:
        asked = load_format(landing.format)
        charset = landing.charset or asked.charset or _charset_of(asked, text)
        log_format = bound(asked, text, name, charset)
    if landing.zone is not None:
        log_format = replace(log_format, zone=landing.zone)
    return Readable(file, log_format, charset, file_date(log_format, file.source, landing.day))


def _charset_of(log_format: LogFormat, head: bytes) -> str:
    return "UTF-8" if log_format.kind == "parquet" else detect_charset(head)


def _decompressed(head: bytes, name: str) -> bytes:
    if name.endswith(".gz") and head:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
    if name.endswith(".bz2") and head:
        return bz2.BZ2Decompressor().decompress(head, HEAD_BYTES)
    return head


def _neighbours(
    todo: Plan,
    ledger: Mapping[str, LedgerEntry],
    landing: Landing,
    present: Mapping[str, FoundFile],
    storage: Storage,
) -> list[Readable]:
    """Files to read again: a row that hid a duplicate of theirs may go with a replaced file."""
    again = []
    for source, entry in ledger.items():
        has_duplicates = entry.status == TAKEN_IN and entry.duplicates > 0
        if has_duplicates and source in present and source not in todo.replaced:
            file = replace(present[source], checksum=entry.checksum)
            as_before = replace(landing, format=entry.format, charset=entry.charset)
            looked, _ = _inspected([file], storage, as_before)
            again += looked  # what cannot be read any more keeps the rows it has
    return again


def _broken(spark: SparkSession, readable: Sequence[Readable]) -> list[tuple[FoundFile, str]]:
    """After a failure: which files cannot be read to their end, and why."""

    def fault(item: Readable) -> str | None:
        try:
            if item.format.kind == "parquet":
                spark.read.parquet(spark_path(item.file.source)).write.format("noop").mode(
                    "overwrite"
                ).save()
            else:
                spark.read.text(spark_path(item.file.source)).agg(
                    F.sum(F.octet_length("value"))
                ).collect()
        except Exception as error:  # whatever it is, it is about this file
            causes = re.findall(r"Caused by: [\w.$]*?(\w+): ([^\n]*)", str(error))
            return " ".join(causes[-1]) if causes else str(error).partition("\n")[0]
        return None

    with ThreadPoolExecutor(INSPECTORS) as pool:
        faults = list(pool.map(fault, readable))
    return [(item.file, why) for item, why in zip(readable, faults, strict=True) if why]


def _parsed(root: Root, readable: Sequence[Readable], now: datetime) -> DataFrame:
    """Every line of every file, parsed: one scan for the files of one format and charset."""
    user_keys = root.user_keys()
    groups: dict[tuple[LogFormat, str, date | None], list[FoundFile]] = {}
    for item in readable:
        groups.setdefault((item.format, item.charset, item.day), []).append(item.file)
    parts = [
        parsed_lines(
            _lines(root.session(), files, log_format, charset),
            log_format,
            charset=charset,
            zone=root.state.zone,
            file_date=day,
            now=now,
            user_keys=user_keys,
        )
        for (log_format, charset, day), files in groups.items()
    ]
    return reduce(DataFrame.unionByName, parts)


def _lines(
    spark: SparkSession, files: Sequence[FoundFile], log_format: LogFormat, charset: str
) -> DataFrame:
    """`source`, `block` (bytes), `line` (running number), and the line or record itself."""
    paths = [spark_path(file.source) for file in files]
    read = read_records(spark, paths, log_format, charset)
    known = spark.createDataFrame(
        [(name, file.source) for file in files for name in _names_in_spark(file.source)],
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


def _write(
    root: Root,
    todo: Plan,
    ledger: Mapping[str, LedgerEntry],
    readable: Sequence[Readable],
    now: datetime,
) -> list[LedgerEntry]:
    """Write what the plan asks for; the entries of the files that were looked into."""
    _LOG.info("reading %d files", len(readable))
    with root.change() as change:
        lines = change.stage("lines", _parsed(root, readable, now)) if readable else None
        tallies, touched = ({}, {}) if lines is None else _looked_over(lines, root.state.zone)
        days = sorted({*touched, *_days_holding(root, "searches", SEARCHES, todo.replaced)})

        stored = _stored_searches(root, days, todo.replaced)
        fresh = [] if lines is None else [lines.where("reason is null").select(*SEARCHES.names)]
        # What is new is spread over the days it touches; a day has what is stored of it, too.
        new_bytes = sum(item.file.size for item in readable) // LOG_BYTES_A_BYTE
        size = root.largest_day("searches", days) + new_bytes // max(len(touched), 1)
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
        rejected = lines if any(map(_rejected, tallies.values())) else None
        withheld = judged.where("robot") if any(robot for _, robot, _ in searches) else None
        _put_rejects(root, change, rejected, withheld, days, todo, readable)

        before, after = _by_source(_counted(stored)), _by_source(searches)
        entries = dict(todo.entries)
        for item in readable:
            entries[item.file.source] = _entry(item, tallies, after, root.state.zone)
        looked_into = list(entries)
        for source in sorted({source for source, _ in {*before, *after}} - set(entries)):
            accepted, robots = (
                after.get((source, robot), 0) - before.get((source, robot), 0)
                for robot in (False, True)
            )
            if accepted or robots:
                entries[source] = ledger[source].moved_by(accepted=accepted, robots=robots)
        _put_ledger(root, change, {**ledger, **entries})
        _note_days(root, change, searches, days, touched if not todo.replaced else {})
    return [entries[source] for source in sorted(looked_into)]


_Tallies = dict[str, dict[str | None, int]]


def _looked_over(lines: DataFrame, zone: str) -> tuple[_Tallies, dict[str, tuple[bool, bool]]]:
    """What the lines are, by source and reason (None: a search), and which days they touch.

    A day with new searches: any in the first hours, any in the last hour? All of it in one look, of
    as many rows as files times reasons, days and these two.
    """
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
        .count()
        .collect()
    )
    tallies: _Tallies = {}
    touched: dict[str, tuple[bool, bool]] = {}
    for row in rows:
        reasons = tallies.setdefault(row["source"], {})
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["count"]
        if row["reason"] is None:
            early, late = touched.get(day := row["day"].isoformat(), (False, False))
            touched[day] = (early or row["early"], late or row["late"])
    return tallies, touched


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
_Counted = dict[tuple[str, bool, str], tuple[int, int]]


def _counted(searches: DataFrame) -> _Counted:
    rows = searches.groupBy("source", "robot", "dt").agg(
        F.count("*"), F.max(F.unix_seconds("searched_at"))
    )
    return {tuple(row)[:3]: tuple(row)[3:] for row in rows.collect()}


def _by_source(counted: _Counted) -> Counter[tuple[str, bool]]:
    found: Counter[tuple[str, bool]] = Counter()
    for (source, robot, _), (count, _) in counted.items():
        found[source, robot] += count
    return found


def _entry(
    item: Readable,
    tallies: Mapping[str, Mapping[str | None, int]],
    after: Mapping[tuple[str, bool], int],
    zone: str,
) -> LedgerEntry:
    file = item.file
    reasons = tallies.get(file.source, {})
    searches = reasons.get(None, 0)
    accepted, robots = (after.get((file.source, robot), 0) for robot in (False, True))
    rejected = {reason: reasons[reason] for reason in REJECT_REASONS if reason in reasons}
    withheld = {"personal_data": reasons.get("personal_data", 0), "robot": robots}
    return LedgerEntry(
        file.source,
        TAKEN_IN,
        None,
        file.size,
        file.modified_at,
        file.checksum,
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
    )


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
                F.substring(masked(F.col("surface")), 1, 200).alias("text"),
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
            (item.file.source, f"{item.file.modified_at.astimezone(ZoneInfo(zone)):%Y-%m-%d}")
            for item in readable
        ],
        "source string, file_day string",
    )
    day = F.coalesce(local_date(F.col("searched_at"), zone), F.col("file_day"))
    return (
        numbered_lines(rejected, blocks)
        .join(F.broadcast(file_days), on="source")
        .select(
            "source",
            "line",
            "reason",
            "text",
            F.lit(None).cast(SEARCHES).alias("search"),
            day.alias("dt"),
        )
    )


def _put_ledger(root: Root, change: Change, entries: Mapping[str, LedgerEntry]) -> None:
    rows = [
        tuple(getattr(entries[source], name) for name in LEDGER.names) for source in sorted(entries)
    ]
    change.stage("ledger", root.session().createDataFrame(rows, LEDGER).coalesce(1))
    change.put("ledger", "", change.address("ledger"))


def _note_days(
    root: Root,
    change: Change,
    searches: _Counted,
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
