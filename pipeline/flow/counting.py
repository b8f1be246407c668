"""Keep the stored counts in step with `searches`: only days whose rows changed are counted.

Reads   searches/dt=
Writes  hourly_counts/dt=, daily_counts/dt=, daily_pairs/dt=
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial

import polars as pl

from pipeline.carriers.steps import Kind, Mapped, Reduced
from pipeline.columns import DAILY_COUNTS, DAILY_PAIRS, HOURLY_COUNTS, SEARCHES
from pipeline.counting import days as day_counts
from pipeline.counting import hours, sessions
from pipeline.refresh import (
    SessionRules,
    days_of_pairs,
    pair_versions,
    shifted,
    stale_days,
    versions,
)
from pipeline.root import Root
from pipeline.schemas import DAILY_COUNTS as DAILY_COUNTS_SCHEMA
from pipeline.schemas import HOURLY_COUNTS as HOURLY_COUNTS_SCHEMA
from pipeline.storage import Storage
from pipeline.tables import scanned, write

#: What maps give: parts of counts, of some people each.
COUNTS, FORMS = "counts", "forms"

_LOG = logging.getLogger(__name__)

_Rows = dict[Kind, list[pl.DataFrame]]
_Map = Callable[[str], Iterator[Mapped[None]]]


def refresh_hourly_counts(root: Root) -> int:
    """Count the hours of changed days; the number of days."""
    wanted = versions(root.state, HOURLY_COUNTS_SCHEMA)
    days = stale_days(root, "hourly_counts", wanted, wanted)
    count = partial(_hours_of_day, storage=root.storage, root=root.address, zone=root.state.zone)
    _replace(root, "hourly_counts", days, wanted, count, _hours_together)
    return len(days)


def refresh_daily_counts(root: Root, needed: Collection[str]) -> int:
    """Count the queries of those of the `needed` days that changed; the number of days."""
    wanted = versions(root.state, DAILY_COUNTS_SCHEMA)
    days = stale_days(root, "daily_counts", wanted, needed)
    count = partial(_queries_of_day, storage=root.storage, root=root.address)
    _replace(root, "daily_counts", days, wanted, count, _queries_together)
    return len(days)


def refresh_daily_pairs(root: Root, needed: Collection[str], rules: SessionRules) -> int:
    """Count the pairs of sessions that begin on `needed` days that changed; the number of days.

    A session that crosses midnight is read on from the next day, and one that came over from the
    day before is left to that day.
    """
    wanted = pair_versions(root.state, rules)
    days = days_of_pairs(root, wanted, needed)
    count = partial(
        _pairs_of_day,
        storage=root.storage,
        root=root.address,
        present=frozenset(day for day in root.state.days if root.has_day("searches", day)),
        zone=root.state.zone,
        rules=rules,
    )
    _replace(root, "daily_pairs", days, wanted, count, _pairs_together)
    return len(days)


def _replace(
    root: Root,
    dataset: str,
    days: Sequence[str],
    wanted: Mapping[str, str],
    count: _Map,
    together: Callable[[_Rows], pl.DataFrame],
) -> None:
    if not days:
        return
    _LOG.info("counting %s: %d days from %s to %s", dataset, len(days), days[0], days[-1])
    with root.change() as change:
        carrier = root.carrier()
        spool = carrier.spool()
        try:
            carrier.map([day for day in days if day in root.state.days], count, spool)
            reducer = partial(_reduced, dataset=dataset, together=together)
            staged = partial(_write_staged, storage=root.storage, staging=change.address(""))
            carrier.reduce(spool, spool.all_keys(), reducer, staged)
        finally:
            spool.close()
        change.put_days(dataset, change.address(dataset), days, made_of=wanted)


def _reduced(
    key: str, rows: _Rows, dataset: str, together: Callable[[_Rows], pl.DataFrame]
) -> Reduced[None]:
    counts = together(rows)
    return Reduced(None, {f"{dataset}/{key}": counts} if len(counts) else {})


def _write_staged(
    folder: str, _: str, rows: pl.DataFrame, *, storage: Storage, staging: str
) -> None:
    write(storage, f"{staging}{folder}/part.parquet", rows)


def _searches(
    storage: Storage, root: str, day: str, columns: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """The searches of a day, file by file: each has some of the people."""
    wanted = {name: SEARCHES[name] for name in columns}
    yield scanned(storage, root, "searches", [f"dt={day}"], wanted).collect()


def _hours_of_day(day: str, storage: Storage, root: str, zone: str) -> Iterator[Mapped[None]]:
    for part in _searches(storage, root, day, ["searched_at", "user_id", "query_id"]):
        counts = hours.hourly_counts(part, zone=zone)
        yield Mapped(None, {(f"dt={day}", COUNTS): counts})


def _hours_together(rows: _Rows) -> pl.DataFrame:
    parts = rows[COUNTS]
    together = parts[0] if len(parts) == 1 else hours.added_up(pl.concat(parts))
    return together.select(*HOURLY_COUNTS)


def _queries_of_day(day: str, storage: Storage, root: str) -> Iterator[Mapped[None]]:
    for part in _searches(storage, root, day, ["user_id", "query_id", "query", "surface"]):
        found = day_counts.counted(part)
        key = f"dt={day}"
        yield Mapped(None, {(key, COUNTS): found.counts, (key, FORMS): found.forms})


def _queries_together(rows: _Rows) -> pl.DataFrame:
    no_forms = pl.DataFrame(schema=day_counts.FORMS)
    forms = rows.get(FORMS, [no_forms])
    parts = rows[COUNTS]
    if len(parts) == 1:
        whole = day_counts.DayPart(parts[0], pl.concat(forms))
    else:
        halves = [day_counts.DayPart(each, no_forms) for each in parts]
        halves[0] = day_counts.DayPart(parts[0], pl.concat(forms))
        whole = day_counts.added_up(halves)
    return day_counts.daily_counts(whole).select(*DAILY_COUNTS)


def _pairs_of_day(
    day: str,
    storage: Storage,
    root: str,
    present: frozenset[str],
    zone: str,
    rules: SessionRules,
) -> Iterator[Mapped[None]]:
    wanted = {name: SEARCHES[name] for name in ("searched_at", "user_id", "query_id")}
    around = [each for each in (shifted(day, -1), day, shifted(day, 1)) if each in present]
    rows = scanned(storage, root, "searches", [f"dt={each}" for each in around], wanted)
    hour = pl.col("searched_at").dt.convert_time_zone(zone).dt.hour()
    is_edge = (hour < sessions.SESSION_SPILL_HOURS) | (hour == 23)
    near = rows.filter((pl.col("dt") == day) | is_edge).collect()
    pairs = sessions.session_pairs(
        near, zone=zone, gap_minutes=rules.gap_minutes, max_queries=rules.max_queries
    )
    epoch_day = pl.lit(day).str.to_date().to_physical().cast(pl.Int64)
    of_day = pairs.filter(pl.col("day") == epoch_day)
    yield Mapped(None, {(f"dt={day}", COUNTS): sessions.counted(of_day)})


def _pairs_together(rows: _Rows) -> pl.DataFrame:
    parts = rows[COUNTS]
    together = parts[0] if len(parts) == 1 else sessions.added_up(parts)
    return sessions.daily_pairs(together).select(*DAILY_PAIRS)
