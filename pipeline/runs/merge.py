"""Merge what files say into `searches`, `rejects` and the ledger: all of it or nothing.

1. The new files are read (map), their rows brought together by day and bucket of people.
2. Each day and bucket is judged (reduce). Rows are added to a day in a file of their own, and what
   is stored of it stays as it is: an hour costs an hour. Only where stored rows change (a file is
   replaced, a search is there already, somebody turns out to be a robot) the bucket's day is judged
   and written as a whole.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from itertools import chain
from typing import Final

import polars as pl

from pipeline.carriers.steps import Kind, Reduced
from pipeline.columns import REJECTS, SEARCHES
from pipeline.counting.judging import IS_CLICK, SAME_SEARCH, each_once, robots
from pipeline.reading.privacy import masked
from pipeline.reading.searches import REJECT_CHARACTERS
from pipeline.runs.inspection import Readable
from pipeline.runs.noting import Changed, Seen, entry_of, note_day, put_ledger
from pipeline.runs.read import (
    NEW,
    REJECTED,
    Reading,
    Tally,
    first_day,
    numbered_in_file,
    parts,
    read_part,
    spans,
)
from pipeline.store.day_files import buckets_of, file_name, is_added, newest_number, of_bucket
from pipeline.store.journal import Change
from pipeline.store.ledger import TAKEN_IN, LedgerEntry, Plan
from pipeline.store.root import Root
from pipeline.store.storage import Storage
from pipeline.store.tables import scanned_files, write

#: So many searches of a day are judged in one task, and lie in one file, at most.
SEARCHES_A_BUCKET: Final = 3_000_000
#: A log has at least so many bytes for a search.
LEAST_BYTES_A_SEARCH: Final = 30
#: Of files of so many bytes and more the beginning is read to tell their day.
LARGE_BYTES: Final = 16 * 1024 * 1024
#: People are never cut into more buckets.
MOST_BUCKETS: Final = 256
#: A bucket's day in so many files is written as one.
MOST_FILES: Final = 48

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Day:
    """A day that a run touches."""

    dt: str
    buckets: int
    searches: Sequence[str]  #: its files before, as addresses
    rejects: Sequence[str]
    is_judged: bool  #: it gets searches, or loses rows
    is_whole: bool  #: stored rows change in every bucket
    number: int  #: of the files that are added


@dataclass(frozen=True)
class Judged:
    """What came of a bucket's day."""

    #: `source`, `robot`, `rows` (more than before), `newest` (UTC seconds; null: none).
    counts: pl.DataFrame
    replaced: Sequence[str] = ()  #: files of before that go, as addresses
    is_whole: bool = False  #: stored searches were judged, too


def merge(
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
    """
    kept = {source: entry for source, entry in ledger.items() if source not in todo.dropped}
    entries = dict(todo.entries)
    _LOG.info("reading %d files", len(readable))
    with root.change() as change:
        if not readable and not todo.replaced:  # names and times of files alone
            put_ledger(change, {**kept, **entries})
            return entries
        carrier = root.carrier(storage)
        spool = carrier.spool()
        try:
            seen = Seen()
            reading = _reading(root, now)
            buckets = _buckets_of_new(root, readable, reading, storage)
            if readable:
                reading = replace(reading, buckets=buckets)
                read = partial(read_part, reading=reading, storage=storage)
                pieces = parts(span for item in readable for span in spans(item))
                tallies = carrier.map(pieces, read, spool)
                for tally in chain.from_iterable(tallies):
                    _add(seen, tally)
            keys = spool.all_keys()
            days = _days(root, change.run, seen, keys, buckets, todo.replaced)
            judge = partial(
                _judged,
                days=days,
                lines={name: each for name, each in seen.lines.items() if len(each) > 1},
                storage=root.storage,
                replaced=frozenset(todo.replaced),
            )
            staged = partial(
                _write_staged,
                storage=root.storage,
                staging=change.address(""),
                days=days,
            )
            groups = _groups(days, keys)
            told = dict(zip(groups, carrier.reduce(spool, groups, judge, staged), strict=True))
        finally:
            spool.close()
        changed = _put(change, days, told)
        for day in days.values():
            if day.is_judged:
                note_day(root, change, day.dt, changed, None if day.is_whole else seen)
        read_names = {item.file.rows_name for item in readable}
        for item in readable:
            known = {**kept, **entries}.get(item.file.source)
            zone = root.state.zone
            entries[item.file.source] = entry_of(item, seen, changed.rows, zone, known, now)
        taken_in = [each for each in {**kept, **entries}.values() if each.status == TAKEN_IN]
        of_rows = {entry.rows_name: entry for entry in taken_in}
        for name in sorted({name for name, _ in changed.rows} - read_names):
            accepted, withheld = (changed.rows.get((name, robot), 0) for robot in (False, True))
            if name in of_rows and (accepted or withheld):
                moved = of_rows[name].moved_by(accepted=accepted, robots=withheld)
                entries[moved.source] = moved
        put_ledger(change, {**kept, **entries})
    return entries


def _buckets_of_new(
    root: Root, readable: Sequence[Readable], reading: Reading, storage: Storage
) -> int:
    """Into how many buckets new people are cut: enough for any day, and for the newest one."""
    size = sum(item.file.size for item in readable)
    if size > SEARCHES_A_BUCKET * LEAST_BYTES_A_SEARCH:
        size = _most_bytes_a_day(readable, reading, storage)
    buckets = _buckets(size // LEAST_BYTES_A_SEARCH, MOST_BUCKETS)
    newest = max(root.state.days, default=None)
    stored = [] if newest is None else _files(root, "searches", newest)
    return max(buckets, buckets_of(stored) or 1)


def _most_bytes_a_day(readable: Sequence[Readable], reading: Reading, storage: Storage) -> int:
    """At most about so many bytes are of a day: a file counts for the one with which it begins."""
    of_any, of_day = 0, Counter[date]()
    for item in readable:
        day = first_day(item, reading, storage) if item.file.size >= LARGE_BYTES else None
        if day is None:
            of_any += item.file.size
        else:
            of_day[day] += item.file.size
    return of_any + max(of_day.values(), default=0)


def _reading(root: Root, now: datetime) -> Reading:
    kept_from = root.state.kept_from
    return Reading(
        root.state.zone,
        now,
        root.user_keys(),
        root.erased(),
        searches_from=kept_from.get("searches"),
        rejects_from=kept_from.get("rejects"),
    )


def _add(seen: Seen, tally: Tally) -> None:
    reasons = seen.tallies.setdefault(tally.source, {})
    lines = seen.lines.setdefault(tally.source, [])
    lines += [0] * (tally.span + 1 - len(lines))
    lines[tally.span] += tally.lines
    for row in tally.counts.to_dicts():
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["lines"]
        if row["reason"] is None:
            early, late = seen.touched.get(row["day"], (False, False))
            seen.touched[row["day"]] = (early or row["early"], late or row["late"])
            seen.searches[row["day"]] = seen.searches.get(row["day"], 0) + row["lines"]
        if row["due"] is not None:
            seen.due[tally.source] = min(row["due"], seen.due.get(tally.source, row["due"]))


def _days(
    root: Root, run: int, seen: Seen, keys: Sequence[str], buckets: int, replaced: set[str]
) -> dict[str, Day]:
    """The days that get rows, or hold rows of replaced files."""
    rewritten = {*_days_holding(root, "searches", replaced)}
    rewritten |= {*_days_holding(root, "rejects", replaced)}
    found = {}
    for dt in sorted({key[3:13] for key in keys} | seen.touched.keys() | rewritten):
        searches, rejects = (_files(root, dataset, dt) for dataset in ("searches", "rejects"))
        stored = [*searches, *rejects]
        cut = buckets_of(stored) if stored else _buckets(seen.searches.get(dt, 0), buckets)
        if cut is None or cut > buckets:
            # The files do not tell, or new people are not cut as those stored are.
            rewritten.add(dt)
            cut = 1
        is_judged = dt in seen.touched or dt in rewritten
        number = max(run, newest_number(stored) + 1)
        found[dt] = Day(dt, cut, searches, rejects, is_judged, dt in rewritten, number)
    return found


def _files(root: Root, dataset: str, dt: str) -> list[str]:
    found = root.storage.files(f"{root.address}/{dataset}/dt={dt}") or []
    return [file.address for file in found if file.address.endswith(".parquet")]


def _buckets(searches: int, most: int) -> int:
    """A power of two, so that each bucket of people has at most `SEARCHES_A_BUCKET`."""
    wanted = 1
    while wanted < most and searches > wanted * SEARCHES_A_BUCKET:
        wanted *= 2
    return wanted


def _groups(days: Mapping[str, Day], keys: Sequence[str]) -> dict[str, list[str]]:
    """Which keys of the map are judged together: a bucket of a day, `dt=YYYY-MM-DD/bucket`."""
    groups: dict[str, list[str]] = {
        f"dt={day.dt}/{bucket}": [] for day in days.values() for bucket in range(day.buckets)
    }
    for key in keys:
        bucket = int(key[14:]) % days[key[3:13]].buckets
        groups[f"{key[:13]}/{bucket}"].append(key)
    return groups


def _days_holding(root: Root, dataset: str, sources: set[str]) -> list[str]:
    """The days of a dataset with rows from any of the sources."""
    if not sources:
        return []
    found = []
    for day in root.days_of(dataset):
        files = _files(root, dataset, day)
        rows = scanned_files(root.storage, files, {"source": pl.String()})
        if len(rows.filter(pl.col("source").is_in(sorted(sources))).head(1).collect()):
            found.append(day)
    return found


# --- The reduce ------------------------------------------------------------------------------


def _judged(
    key: str,
    rows: dict[Kind, list[pl.DataFrame]],
    days: Mapping[str, Day],
    lines: Mapping[str, Sequence[int]],
    storage: Storage,
    replaced: frozenset[str],
) -> Reduced[Judged]:
    """Judge a bucket of people's day."""
    day, bucket = days[key[3:13]], int(key[14:])
    fresh = pl.concat(rows[NEW]) if rows.get(NEW) else pl.DataFrame(schema=SEARCHES)
    rejected = pl.concat(rows[REJECTED]) if rows.get(REJECTED) else pl.DataFrame(schema=REJECTS)
    rejected = numbered_in_file(rejected, lines)
    stored = _Stored(day, bucket, storage)
    if not day.is_whole and len(stored.searches) < MOST_FILES:
        added = _added(stored, fresh, rejected, day)
        if added is not None:
            return added
    return _whole(stored, fresh, rejected, day, replaced)


class _Stored:
    """What is stored of a bucket of people's day; read when it is asked for."""

    def __init__(self, day: Day, bucket: int, storage: Storage) -> None:
        self.searches = of_bucket(day.searches, bucket)
        self.rejects = of_bucket(day.rejects, bucket)
        self._bucket = bucket
        self._storage = storage
        self._mine = pl.lit(True)
        if not all(map(is_added, [*self.searches, *self.rejects])):
            self._mine = pl.col("user_id") % day.buckets == bucket

    def scan(self, *columns: str) -> pl.LazyFrame:
        """Some columns of the searches."""
        wanted = {name: SEARCHES[name] for name in {"user_id": 0, **dict.fromkeys(columns)}}
        rows = scanned_files(self._storage, self.searches, wanted)
        return rows.filter(self._mine).select(*columns)

    def robots(self) -> pl.DataFrame:
        """Searches that were a robot's: `SEARCHES`."""
        rows = scanned_files(self._storage, self.rejects, REJECTS)
        of_robots = rows.filter(pl.col("reason") == "robot").collect()
        searches = of_robots.select(pl.col("search").struct.unnest())
        return searches.filter(self._mine).select(*SEARCHES)

    def rejected(self) -> pl.DataFrame:
        """The other rejects; they are kept with the first bucket."""
        if self._bucket:
            return pl.DataFrame(schema=REJECTS)
        rows = scanned_files(self._storage, self.rejects, REJECTS)
        return rows.filter(pl.col("reason") != "robot").collect()


def _added(
    stored: _Stored, fresh: pl.DataFrame, rejected: pl.DataFrame, day: Day
) -> Reduced[Judged] | None:
    """Add rows to what is stored; None: stored rows change."""
    once = each_once(fresh)
    people = once.select("user_id").unique()
    of_robots = stored.robots() if len(once) and stored.rejects else once.clear()
    # People whose searches of the day so far are to be counted; of twins the better one stays.
    near = stored.scan(*SAME_SEARCH).filter(
        pl.col("searched_at").is_between(once["searched_at"].min(), once["searched_at"].max())
    )
    if stored.searches and len(once):
        if len(near.join(once.lazy(), on=SAME_SEARCH, how="semi").head(1).collect()):
            return None
        rows = stored.scan("user_id", "is_click")
        before = rows.join(people.lazy(), on="user_id", how="semi").collect()
    else:
        before = once.select("user_id", "is_click").clear()
    if len(of_robots.join(once, on=SAME_SEARCH, how="semi")):
        return None
    bots = _robots_among(before, of_robots, once)
    if len(before.join(bots, on="user_id", how="semi")):
        return None
    return _result(day, once, bots, rejected, is_whole=not stored.searches, before=[])


def _whole(
    stored: _Stored,
    fresh: pl.DataFrame,
    rejected: pl.DataFrame,
    day: Day,
    replaced: frozenset[str],
) -> Reduced[Judged]:
    """Judge new and stored rows together, without those of replaced files."""
    stays = ~pl.col("source").is_in(sorted(replaced))
    searches = stored.scan(*SEARCHES).filter(stays).collect()
    of_robots = stored.robots().filter(stays)
    once = each_once(pl.concat([fresh, searches, of_robots]))
    bots = _robots_among(once)
    rejects = pl.concat([rejected, stored.rejected().filter(stays)])
    before = [(searches, False), (of_robots, True)]
    made = _result(day, once, bots, rejects, is_whole=True, before=before)
    gone = [*stored.searches, *stored.rejects]
    return Reduced(Judged(made.told.counts, gone, is_whole=True), made.tables)


def _robots_among(*rows: pl.DataFrame) -> pl.DataFrame:
    """Whose searches, without clicks at their own time, are those of robots: `user_id`."""
    searches = [each.filter(~IS_CLICK).select("user_id") for each in rows]
    return robots(pl.concat(searches))


def _result(
    day: Day,
    once: pl.DataFrame,
    bots: pl.DataFrame,
    rejected: pl.DataFrame,
    *,
    is_whole: bool,
    before: Sequence[tuple[pl.DataFrame, bool]],
) -> Reduced[Judged]:
    is_robot = pl.col("user_id").is_in(bots["user_id"].implode())
    judged = once.with_columns(robot=is_robot)
    counts = [
        judged.group_by("source", "robot").agg(
            rows=pl.len().cast(pl.Int64), newest=pl.col("searched_at").dt.epoch("s").max()
        ),
        *(
            rows.group_by("source", robot=pl.lit(robot)).agg(
                rows=-pl.len().cast(pl.Int64), newest=pl.lit(None, pl.Int64)
            )
            for rows, robot in before
        ),
    ]
    tables = {}
    searches = judged.filter(~pl.col("robot")).select(*SEARCHES)
    if len(searches):
        tables[f"searches/dt={day.dt}"] = searches
    withheld = judged.filter("robot").select(*SEARCHES)
    together = pl.concat([rejected, _rejects_of_robots(withheld)]) if len(withheld) else rejected
    if len(together):
        order = [pl.col("search").struct.field(n) for n in ("searched_at", "user_id", "query_id")]
        tables[f"rejects/dt={day.dt}"] = together.sort("source", "line", *order)
    return Reduced(Judged(pl.concat(counts), is_whole=is_whole), tables)


def _rejects_of_robots(searches: pl.DataFrame) -> pl.DataFrame:
    text = masked(searches["surface"])
    return searches.select(
        "source",
        line=pl.lit(None, pl.Int64),
        reason=pl.lit("robot"),
        text=text.str.head(REJECT_CHARACTERS),
        search=pl.struct(*SEARCHES),
    ).select(*REJECTS)


def _write_staged(
    folder: str,
    key: str,
    rows: pl.DataFrame,
    *,
    storage: Storage,
    staging: str,
    days: Mapping[str, Day],
) -> None:
    day = days[key[3:13]]
    name = file_name(day.number, int(key[14:]), day.buckets)
    write(storage, f"{staging}{folder}/{name}", rows)


# --- What a change takes ---------------------------------------------------------------------


def _put(change: Change, days: Mapping[str, Day], told: Mapping[str, Judged]) -> Changed:
    """Let staged files join those of their days, and those that were replaced go."""
    changed = Changed()
    for key, judged in told.items():
        dt = key[3:13]
        for address in judged.replaced:
            change.remove_file(address)
        changed.add(dt, judged.counts, is_whole=judged.is_whole)
    for day in days.values():
        for dataset in ("searches", "rejects"):
            change.add(dataset, f"dt={day.dt}", change.address(f"{dataset}/dt={day.dt}"))
    return changed
