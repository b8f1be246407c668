"""Merge what files say into `searches`, `rejects` and the ledger: all of it or nothing.

1. The new files are read (map), their rows brought together by day and bucket of people.
2. What is stored of the days that they touch, or that hold rows of replaced files, joins them.
3. Each day and bucket is judged (reduce): each search once, robots apart; its files are written.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import polars as pl
import pyarrow as pa

from pipeline.carriers.steps import Kind, Mapped, Reduced
from pipeline.columns import REJECTS, SEARCHES
from pipeline.counting.judging import each_once, robots
from pipeline.errors import UnreadableFileError
from pipeline.flow.reading import NEW, REJECTED, Reading, Tally, read_file
from pipeline.inspection import Readable
from pipeline.ledger import TAKEN_IN, LedgerEntry, Plan
from pipeline.merge import Counted, Seen, by_source, entry_of, note_days, put_ledger
from pipeline.packing import DamagedError
from pipeline.privacy import masked
from pipeline.reading.searches import REJECT_CHARACTERS
from pipeline.root import Root
from pipeline.storage import Storage
from pipeline.tables import scanned, write

#: People of a day are judged in one task, and lie in one file, for so many bytes of its logs.
LOG_BYTES_A_BUCKET: Final = 200 * 1024 * 1024

STORED, STORED_ROBOTS = "stored", "stored robots"

_LOG = logging.getLogger(__name__)


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
        zone, carrier = root.state.zone, root.carrier(storage)
        spool = carrier.spool()
        try:
            reading = _reading(root, now) if readable else None
            seen = Seen()
            if reading is not None:
                read = partial(_read, reading=reading, storage=storage)
                for tally in carrier.map(readable, read, spool):
                    _add(seen, tally)
            days = sorted({*seen.touched, *_days_holding(root, "searches", todo.replaced)})
            of_rejects = sorted(
                {
                    *(key[3:13] for key in spool.all_keys()),
                    *days,
                    *_days_holding(root, "rejects", todo.replaced),
                }
            )
            stored = partial(
                _stored,
                storage=root.storage,
                root=root.address,
                days=frozenset(days),
                replaced=todo.replaced,
            )
            before = sum(carrier.map(of_rejects, stored, spool), Counter())
            judge = partial(_judged, days=frozenset(days))
            staged = partial(_write_staged, storage=root.storage, staging=change.address(""))
            told = carrier.reduce(spool, spool.all_keys(), judge, staged)
        finally:
            spool.close()
        change.put_days("searches", change.address("searches"), days)
        change.put_days("rejects", change.address("rejects"), of_rejects)
        searches: Counted = _added(told)

        after = by_source(searches)
        read_names = {item.file.rows_name for item in readable}
        for item in readable:
            before_it = {**kept, **entries}.get(item.file.source)
            entries[item.file.source] = entry_of(item, seen, after, zone, before_it, now)
        taken_in = [each for each in {**kept, **entries}.values() if each.status == TAKEN_IN]
        of_rows = {entry.rows_name: entry for entry in taken_in}
        for name in sorted({name for name, _ in {*before, *after}} - read_names):
            accepted, withheld = (
                after.get((name, robot), 0) - before.get((name, robot), 0)
                for robot in (False, True)
            )
            if name in of_rows and (accepted or withheld):
                moved = of_rows[name].moved_by(accepted=accepted, robots=withheld)
                entries[moved.source] = moved
        put_ledger(change, {**kept, **entries})
        note_days(root, change, searches, days, seen.touched if not todo.replaced else {})
    return entries


def _reading(root: Root, now: datetime) -> Reading:
    kept_from = root.state.kept_from.get("searches")
    return Reading(root.state.zone, now, root.user_keys(), root.erased(), kept_from)


def _read(item: Readable, reading: Reading, storage: Storage) -> Iterator[Mapped[Tally]]:
    try:
        yield from read_file(item, reading, storage)
    except (OSError, DamagedError, pa.ArrowException) as error:
        raise UnreadableFileError(item.file.source, f"{error}") from error


def _add(seen: Seen, tally: Tally) -> None:
    reasons = seen.tallies.setdefault(tally.source, {})
    for row in tally.counts.to_dicts():
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["lines"]
        if row["reason"] is None:
            early, late = seen.touched.get(row["day"], (False, False))
            seen.touched[row["day"]] = (early or row["early"], late or row["late"])
        if row["due"] is not None:
            seen.due[tally.source] = min(row["due"], seen.due.get(tally.source, row["due"]))


def _days_holding(root: Root, dataset: str, sources: set[str]) -> list[str]:
    """The days of a dataset with rows from any of the sources."""
    if not sources:
        return []
    partitions = [f"dt={day}" for day in root.days_of(dataset)]
    rows = scanned(root.storage, root.address, dataset, partitions, {"source": pl.String()})
    held = rows.filter(pl.col("source").is_in(sorted(sources))).select("dt").unique()
    return held.collect()["dt"].to_list()


def _stored(
    day: str, storage: Storage, root: str, days: frozenset[str], replaced: set[str]
) -> Iterator[Mapped[Counter[tuple[str, bool]]]]:
    """What is stored of a day: its searches and robots if it is judged anew, its rejects."""
    stays = ~pl.col("source").is_in(sorted(replaced))

    def read(dataset: str, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
        rows = scanned(storage, root, dataset, [f"dt={day}"], columns)
        return rows.select(*columns).collect()

    rejects = read("rejects", REJECTS)
    is_robot = pl.col("reason") == "robot"
    found: dict[tuple[str, Kind], pl.DataFrame] = {}
    counts: Counter[tuple[str, bool]] = Counter()
    key = f"dt={day}/0"
    if day in days:
        searches = read("searches", SEARCHES)
        of_robots = rejects.filter(is_robot).select(pl.col("search").struct.unnest())
        for robot, rows in ((False, searches), (True, of_robots)):
            for source, number in rows.filter(stays).group_by("source").len().rows():
                counts[source, robot] += number
        found[key, STORED] = searches.filter(stays)
        found[key, STORED_ROBOTS] = of_robots.filter(stays).select(*SEARCHES)
        rejects = rejects.filter(~is_robot)
    found[key, REJECTED] = rejects.filter(stays | is_robot)
    yield Mapped(counts, found)


def _judged(
    key: str, rows: dict[Kind, list[pl.DataFrame]], days: frozenset[str]
) -> Reduced[pl.DataFrame]:
    """Judge a bucket of people's day."""
    day = key[3:13]
    tables = {}
    told = pl.DataFrame(schema=_TOLD)
    rejects = rows.get(REJECTED, [])
    searches = [*rows.get(NEW, []), *rows.get(STORED, []), *rows.get(STORED_ROBOTS, [])]
    if day in days and searches:
        once = each_once(pl.concat(searches))
        bots = robots(once.select("user_id"))
        is_robot = pl.col("user_id").is_in(bots["user_id"].implode())
        once = once.with_columns(robot=is_robot)
        told = once.group_by("source", "robot").agg(
            rows=pl.len(), newest=pl.col("searched_at").dt.epoch("s").max()
        )
        people = once.filter(~pl.col("robot")).select(*SEARCHES)
        if len(people):
            tables[f"searches/dt={day}"] = people
        withheld = once.filter("robot").select(*SEARCHES)
        if len(withheld):
            rejects = [*rejects, _rejects_of_robots(withheld)]
    if rejects:
        together = pl.concat(rejects)
        order = [pl.col("search").struct.field(n) for n in ("searched_at", "user_id", "query_id")]
        tables[f"rejects/dt={day}"] = together.sort("source", "line", *order)
    return Reduced(told.with_columns(dt=pl.lit(day)), tables)


def _rejects_of_robots(searches: pl.DataFrame) -> pl.DataFrame:
    text = pl.from_arrow(masked(searches["surface"].to_arrow()))
    assert isinstance(text, pl.Series)
    return searches.select(
        "source",
        line=pl.lit(None, pl.Int64),
        reason=pl.lit("robot"),
        text=text.str.head(REJECT_CHARACTERS),
        search=pl.struct(*SEARCHES),
    ).select(*REJECTS)


_TOLD: Final = {"source": pl.String, "robot": pl.Boolean, "rows": pl.UInt32, "newest": pl.Int64}


def _added(told: Sequence[pl.DataFrame]) -> Counted:
    found: Counted = {}
    for row in (row for part in told for row in part.to_dicts()):
        key = (row["source"], row["robot"], row["dt"])
        number, newest = found.get(key, (0, 0))
        found[key] = (number + row["rows"], max(newest, row["newest"]))
    return found


def _write_staged(
    folder: str, key: str, rows: pl.DataFrame, *, storage: Storage, staging: str
) -> None:
    bucket = int(key.rpartition("/")[2])
    write(storage, f"{staging}{folder}/{bucket:05d}.parquet", rows)
