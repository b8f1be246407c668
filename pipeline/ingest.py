"""Take what is new in the landing folder into the root, each file exactly once.

Reads   the landing folder, ledger, searches and rejects (of the days that the new files touch)
Writes  ledger, searches/dt=, rejects/dt= (of those days), together or not at all
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import reduce
from io import BytesIO
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from pipeline.charsets import known_charset
from pipeline.errors import LandingError, UnreachableError
from pipeline.faults import cause_of, holds_against_the_file, may_be_weather
from pipeline.formats import LogFormat, known_zone, load_format
from pipeline.inspection import INSPECTORS, Landing, Readable, damages, known_way, looked_into
from pipeline.ledger import (
    DAMAGED,
    SAME_CONTENT,
    SET_ASIDE,
    TAKEN_IN,
    FoundFile,
    LedgerEntry,
    Plan,
    Wishes,
    next_look,
    plan,
    set_aside,
)
from pipeline.parsing import SKIPPED, parsed_lines, read_records
from pipeline.privacy import masked
from pipeline.retries import retried, words_of
from pipeline.root import Change, Root
from pipeline.schemas import DATASETS, LEDGER, REJECT_REASONS, REJECTS, SEARCHES
from pipeline.searches import judged_searches, local_date, numbered_lines
from pipeline.session import Session
from pipeline.sessions import SESSION_SPILL_HOURS
from pipeline.state import DayVersion
from pipeline.storage import VANISHED, Listing, Storage, qualified, spark_path, storage_of

#: A day of `searches` is judged in one task, and lies in one file, for so many bytes of Parquet;
#: a log has some three times as many for the same searches.
BYTES_A_FILE: Final = 64 * 1024 * 1024
LOG_BYTES_A_BYTE: Final = 3
#: Seconds before a failed job is run again for which no file is to blame.
JOB_PAUSES: Final = (1.0, 10.0)
#: Unreachable files that the sentence on them names.
NAMED: Final = 5

_LOG = logging.getLogger(__name__)

Wait = Callable[[float], object]


@dataclass(frozen=True)
class TakenIn:
    """What one run did, and what a user should know of the files that it left alone."""

    entries: Sequence[LedgerEntry] = field(default_factory=list)  #: of new and changed files
    files: int = 0  #: in the landing folder
    again: int = 0  #: files that did not change and were read again, as they were before
    renamed: Mapping[str, str] = field(default_factory=dict)  #: new source -> old one
    gone: Sequence[str] = ()  #: not there any more; their rows stay
    forgotten: Sequence[str] = ()  #: not there any more; their rows went
    set_aside: Sequence[LedgerEntry] = ()  #: all that are
    passed_over: Sequence[tuple[str, str]] = ()  #: what is no file of the landing folder, and why
    unreachable: Mapping[str, str] = field(default_factory=dict)  #: source -> why


def check_landing(session: Session, landing: Landing, *, root: str) -> None:
    """Fail early, before anything is written.

    Raises:
        LandingError: no such folder, or root and landing folder lie in each other.
        LogFormatError: no such format, zone or charset, or a declaration with a fault.
        UnreachableError: the landing folder cannot be looked into now.
    """
    if landing.format is not None:
        load_format(landing.format)
    if landing.zone is not None:
        known_zone(landing.zone)
    if landing.charset is not None:
        known_charset(landing.charset)
    address = qualified(session, landing.address)
    storage = storage_of(session, address)
    try:
        is_there = retried(lambda: storage.exists(address))
    except OSError as error:
        raise UnreachableError(f"{landing.address} cannot be reached ({error})") from error
    if not is_there:
        raise LandingError(
            f"no such folder: {landing.address}; put logs there or name another --landing"
        )
    real, real_root = storage.resolved(address), storage.resolved(qualified(session, root))
    if real == real_root or real_root.startswith(f"{real}/"):
        raise LandingError(
            f"the root {root} lies in the landing folder {landing.address}, where its files would "
            "be taken for logs: name another --root"
        )
    below = real.removeprefix(f"{real_root}/").partition("/")[0] if real != real_root else ""
    if real.startswith(f"{real_root}/") and (below in DATASETS or below.startswith("_")):
        raise LandingError(
            f"the landing folder {landing.address} is one of the datasets under the root {root}: "
            "name another --landing"
        )


def take_in(root: Root, landing: Landing, *, now: datetime, wait: Wait = time.sleep) -> TakenIn:
    """Bring `searches`, `rejects` and `ledger` in step with the landing folder.

    A new file adds its rows, a changed one replaces them; the days that they touch are written
    anew, nothing else is read. What is no log or damaged is set aside in the ledger; what cannot be
    reached now is left as it is, for the next run. The others go on.

    Args:
        root: held by this run.
        landing: where logs come in, and what this run says of them.
        now: the clock, with a zone.
        wait: waits so many seconds before something is tried again.

    Raises:
        LandingError: nothing is there, all of it is no search log while nothing was ever taken in,
            a file to read again is not there or cannot be read as the run says, or rows of missing
            files should go while the landing folder is empty.
        UnreachableError: the folder, or all that is new while nothing was ever taken in, cannot be
            reached; or Spark fails on something that may pass.
    """
    address = qualified(root.session, landing.address)
    storage = storage_of(root.session, address)
    listing = _listing(storage, address, landing, wait)
    ledger = read_ledger(root)
    files = {
        file.address: FoundFile(file.address, file.size, file.modified_at) for file in listing.files
    }
    if not files and not ledger and not listing.unread:
        raise LandingError(f"nothing in {landing.address}: put a search log there first")
    if not files and landing.forget_missing:
        raise LandingError(
            f"nothing in {landing.address}: --forget-missing would remove all rows, "
            "so it is refused while the landing folder is empty"
        )
    todo = plan(
        files.values(),
        ledger,
        checksum=lambda source: retried(lambda: storage.checksum(source), wait=wait),
        now=now,
        wishes=Wishes(
            retry=landing.retry,
            says_how=landing.says_how,
            reread=_named_to_reread(root.session, landing, address, files, ledger),
            forget_missing=landing.forget_missing,
        ),
        missing=_missing(ledger, files, address, listing),
    )
    todo.unreachable |= {folder: "the folder cannot be listed" for folder in listing.unread}
    noted = set(todo.entries)  # nothing of them is read
    readable = _inspected(todo, ledger, storage, landing, now, wait)
    entries: dict[str, LedgerEntry] = {}
    if todo.unreachable or not todo.is_empty():
        _require_something(todo, ledger, readable)
    if not todo.is_empty():
        entries = _write_despite_faults(root, todo, ledger, readable, storage, now, wait)
    ledger = {source: each for source, each in ledger.items() if source not in todo.dropped}
    ledger |= entries
    fresh = {file.source for file in todo.read} | {
        source
        for source, each in todo.entries.items()
        if source not in todo.renamed and (source not in noted or each.status != TAKEN_IN)
    }
    return TakenIn(
        entries=[entries[source] for source in sorted(fresh & entries.keys())],
        files=len(files),
        again=len(todo.again),
        renamed=todo.renamed,
        gone=todo.gone,
        forgotten=todo.forgotten,
        set_aside=[each for _, each in sorted(ledger.items()) if each.status == SET_ASIDE],
        passed_over=listing.passed_over,
        unreachable=todo.unreachable,
    )


def unreachable_text(unreachable: Mapping[str, str]) -> str:
    """One sentence on the files (and folders) that could not be reached."""
    named = [f"{source} ({why})" for source, why in sorted(unreachable.items())[:NAMED]]
    more = len(unreachable) - len(named)
    return (
        f"could not be read now: {', '.join(named)}{f' and {more:,} more' if more else ''}; "
        "rows taken in before stay, the other files are done, and the next run tries again"
    )


def _listing(storage: Storage, address: str, landing: Landing, wait: Wait) -> Listing:
    try:
        found = retried(lambda: storage.listing(address), wait=wait)
    except OSError as error:
        raise UnreachableError(
            f"{landing.address} cannot be listed now ({error}): run this again"
        ) from error
    return Listing([], [], []) if found is None else found


def _missing(
    ledger: Mapping[str, LedgerEntry],
    files: Mapping[str, FoundFile],
    address: str,
    listing: Listing,
) -> list[str]:
    """Files of the ledger that lay in the landing folder and do not any more."""
    unknown = tuple(f"{folder.rstrip('/')}/" for folder in listing.unread)
    vanished = {name for name, why in listing.passed_over if why == VANISHED}
    return [
        source
        for source in ledger
        if source.startswith(f"{address.rstrip('/')}/")
        and source not in files
        and source not in vanished
        and not source.startswith(unknown)
    ]


def _named_to_reread(
    session: Session,
    landing: Landing,
    address: str,
    files: Mapping[str, FoundFile],
    ledger: Mapping[str, LedgerEntry],
) -> frozenset[str]:
    """The sources that `--reread` names: by name or pattern in the landing folder, or by path."""
    found: set[str] = set()
    for name in landing.reread:
        matching = {
            source
            for source in files
            if fnmatchcase(source.removeprefix(f"{address.rstrip('/')}/"), name)
            or source == qualified(session, name)
        }
        if not matching:
            raise LandingError(
                f"no file {name} in {landing.address}: --reread takes names or patterns of files "
                "in the landing folder"
            )
        found |= matching
    # Of equal files one was read: that one is meant.
    entries = [ledger[source] for source in found if source in ledger]
    return frozenset(found | {str(each.detail) for each in entries if each.status == SAME_CONTENT})


def _inspected(
    todo: Plan,
    ledger: Mapping[str, LedgerEntry],
    storage: Storage,
    landing: Landing,
    now: datetime,
    wait: Wait,
) -> list[Readable]:
    """How the planned files are read. Those that are not leave the plan, or are set aside in it."""
    readable: list[Readable] = []
    fresh = [(file, ledger.get(file.source)) for file in todo.read]
    for (file, _), verdict in zip(
        fresh, looked_into(fresh, storage, landing, wait=wait), strict=True
    ):
        if isinstance(verdict, Readable):
            readable.append(verdict)
        elif isinstance(verdict, OSError):
            todo.leave_out(file.source, words_of(verdict))
        elif landing.reread:
            raise LandingError(
                f"{file.source} cannot be read as this run says: {verdict}; nothing was changed"
            )
        else:
            todo.entries[file.source] = set_aside(file, verdict)
    again = todo.again
    for (file, entry), known in zip(
        again, known_way(again, storage, landing, wait=wait), strict=True
    ):
        if isinstance(known, Readable):
            readable.append(known)
        else:
            _leave_unread(todo, file.source, entry, known, now)
    return readable


def _leave_unread(
    todo: Plan, source: str, entry: LedgerEntry, why: str | OSError, now: datetime
) -> None:
    """A file that did not change cannot be read again: its rows stay.

    What passes is tried again by the next run; what is wrong with its bytes will stay so.
    """
    if isinstance(why, OSError):
        todo.leave_out(source, words_of(why))
        todo.entries[source] = replace(entry, look_again_at=now)
    else:
        todo.leave_out(source, why)
        todo.entries[source] = replace(entry, look_again_at=None)


def _require_something(
    todo: Plan, ledger: Mapping[str, LedgerEntry], readable: Sequence[Readable]
) -> None:
    """Raises: nothing was ever taken in, and nothing is now."""
    if readable or any(entry.status == TAKEN_IN for entry in ledger.values()):
        return
    if todo.unreachable:
        raise UnreachableError(unreachable_text(todo.unreachable))
    raise LandingError(_nothing_to_read(list(todo.entries.values())))


def _write_despite_faults(
    root: Root,
    todo: Plan,
    ledger: Mapping[str, LedgerEntry],
    readable: Sequence[Readable],
    storage: Storage,
    now: datetime,
    wait: Wait,
) -> dict[str, LedgerEntry]:
    """Write what the plan asks for; after a failure without the files that are to blame.

    A file whose bytes are damaged is set aside; one that is out of reach leaves the plan. If no
    file is to blame, the whole is tried again when the cause may pass.
    """
    pauses = list(JOB_PAUSES)
    while True:
        try:
            return _write(root, todo, ledger, readable, now)
        except (Py4JJavaError, PySparkException) as error:
            faults = _faults(root.session(), readable, storage, wait)
            if faults:
                readable = _without(readable, faults, todo, now)
                _require_something(todo, ledger, readable)
            elif not may_be_weather(str(error)):
                raise
            elif pauses:
                wait(pauses.pop(0))
            else:
                raise UnreachableError(
                    f"Spark could not read or write ({cause_of(str(error))}): nothing was changed, "
                    "run this again"
                ) from error


def _without(
    readable: Sequence[Readable],
    faults: Mapping[str, str | OSError],
    todo: Plan,
    now: datetime,
) -> list[Readable]:
    """The readable files but those with a fault, which is noted in the plan."""
    unchanged = {file.source: entry for file, entry in todo.again}
    for item in readable:
        source = item.file.source
        if source not in faults:
            continue
        fault = faults[source]
        if source in unchanged:
            _leave_unread(todo, source, unchanged[source], fault, now)
        elif isinstance(fault, OSError):
            todo.leave_out(source, words_of(fault))
        else:
            todo.read = [file for file in todo.read if file.source != source]
            todo.entries[source] = set_aside(item.file, fault)
    return [item for item in readable if item.file.source not in faults]


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


def _faults(
    spark: SparkSession, readable: Sequence[Readable], storage: Storage, wait: Wait
) -> dict[str, str | OSError]:
    """After a failure: what is wrong with which file.

    A clause: its bytes are to blame. An error: it cannot be read now, and nothing is held against
    it. First the bytes are read without Spark; if they are fine, Spark reads each file alone.
    """
    sources = [item.file.source for item in readable]
    found = damages(readable, storage, wait=wait)
    if not any(found):
        with ThreadPoolExecutor(INSPECTORS) as pool:
            found = list(pool.map(lambda item: _fault_in_spark(spark, item), readable))
    return {source: why for source, why in zip(sources, found, strict=True) if why is not None}


def _fault_in_spark(spark: SparkSession, item: Readable) -> str | OSError | None:
    def fault() -> str | None:
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
            return str(error)
        return None

    first = fault()
    second = fault() if first is not None else None
    if first is None or second is None:
        return None
    if holds_against_the_file(first) and holds_against_the_file(second):
        return f"{DAMAGED} ({cause_of(second)})"
    return OSError(cause_of(second))


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
        [(name, file.rows_name) for file in files for name in _names_in_spark(file.source)],
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
) -> dict[str, LedgerEntry]:
    """Write what the plan asks for; the entries that are new or changed, by source."""
    kept = {source: entry for source, entry in ledger.items() if source not in todo.dropped}
    entries = dict(todo.entries)
    _LOG.info("reading %d files", len(readable))
    with root.change() as change:
        if not readable and not todo.replaced:  # names and times of files alone
            _put_ledger(change, {**kept, **entries})
            return entries
        lines = change.stage("lines", _parsed(root, readable, now)) if readable else None
        seen = _Seen() if lines is None else _looked_over(lines, root.state.zone)
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

        before, after = _by_source(_counted(stored)), _by_source(searches)
        read = {item.file.rows_name for item in readable}
        for item in readable:
            source = item.file.source
            before_it = {**kept, **entries}.get(source)
            entries[source] = _entry(item, seen, after, root.state.zone, before_it, now)
        of_rows = {entry.rows_name: entry for entry in {**kept, **entries}.values()}
        for name in sorted({name for name, _ in {*before, *after}} - read):
            accepted, robots = (
                after.get((name, robot), 0) - before.get((name, robot), 0)
                for robot in (False, True)
            )
            if name in of_rows and (accepted or robots):
                moved = of_rows[name].moved_by(accepted=accepted, robots=robots)
                entries[moved.source] = moved
        _put_ledger(change, {**kept, **entries})
        _note_days(root, change, searches, days, seen.touched if not todo.replaced else {})
    return entries


@dataclass
class _Seen:
    """What lines are."""

    #: How many, by source and reason (None: a search).
    tallies: dict[str, dict[str | None, int]] = field(default_factory=dict)
    #: By day with new searches: any in its first hours, any in its last hour?
    touched: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    #: By source: when the first line of the future is none any more, in UTC seconds.
    due: dict[str, int] = field(default_factory=dict)


def _looked_over(lines: DataFrame, zone: str) -> _Seen:
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
    seen = _Seen()
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
    seen: _Seen,
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
    withheld = {"personal_data": reasons.get("personal_data", 0), "robot": robots}
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
            (item.file.rows_name, f"{item.file.modified_at.astimezone(ZoneInfo(zone)):%Y-%m-%d}")
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


def _put_ledger(change: Change, entries: Mapping[str, LedgerEntry]) -> None:
    rows = [
        {name: getattr(entries[source], name) for name in LEDGER.names}
        for source in sorted(entries)
    ]
    table = pa.Table.from_pylist(rows, schema=to_arrow_schema(LEDGER, timezone="UTC"))
    change.put("ledger", "", change.stage_table("ledger", table))


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
