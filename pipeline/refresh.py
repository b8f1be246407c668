"""Keep the stored counts in step with `searches`: only days whose rows changed are counted.

Reads   searches/dt=
Writes  hourly_counts/dt=, daily_counts/dt=, daily_pairs/dt=
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from pipeline.counts import daily_counts, hourly_counts
from pipeline.root import Root, columns_digest
from pipeline.schemas import DAILY_COUNTS, DAILY_PAIRS, HOURLY_COUNTS, SEARCHES
from pipeline.sessions import SESSION_SPILL_HOURS, daily_pairs, session_pairs
from pipeline.state import State, fingerprint

#: Queries and pairs of a day are counted in one task for so many bytes of its searches, which is
#: about a quarter of a million of them: a second of work.
BYTES_A_TASK: Final = 4 * 1024 * 1024

#: Raised when something is counted in another way, so that stored days are counted again.
COUNTING: Final = 1

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class SessionRules:
    """What makes a session; stored pairs hold for one set of rules."""

    gap_minutes: int = 30  #: a longer silence ends it
    max_queries: int = 50  #: with more different queries it is left out


def refresh_hourly_counts(root: Root) -> int:
    """Count the hours of changed days; the number of days."""
    wanted = versions(root.state, HOURLY_COUNTS)
    days = stale_days(root, "hourly_counts", wanted, wanted)
    if days:
        searches = root.read("searches", SEARCHES, _partitions(days))
        counts = hourly_counts(searches, zone=root.state.zone)
        _replace(root, "hourly_counts", counts, days, wanted)
    return len(days)


def refresh_daily_counts(root: Root, needed: Collection[str]) -> int:
    """Count the queries of those of the `needed` days that changed; the number of days.

    The others are counted when a result reads them: a board needs the names of a day or two.
    """
    wanted = versions(root.state, DAILY_COUNTS)
    days = stale_days(root, "daily_counts", wanted, needed)
    if days:
        searches = root.read("searches", SEARCHES, _partitions(days))
        counts = daily_counts(searches, buckets=_buckets(root, days))
        _replace(root, "daily_counts", counts, days, wanted)
    return len(days)


def refresh_daily_pairs(root: Root, needed: Collection[str], rules: SessionRules) -> int:
    """Count the pairs of sessions that begin on `needed` days that changed; the number of days.

    A session that crosses midnight is read on from the next day,
    and one that came over from the day before is left to that day.
    """
    wanted = pair_versions(root.state, rules)
    days = days_of_pairs(root, wanted, needed)
    if days:
        zone = root.state.zone
        around = {shifted(day, by) for day in days for by in (-1, 0, 1)}
        present = [day for day in sorted(around) if root.has_day("searches", day)]
        searches = root.read("searches", SEARCHES, _partitions(present))
        local_hour = F.hour(F.from_utc_timestamp("searched_at", zone))
        is_edge = (local_hour < SESSION_SPILL_HOURS) | (local_hour == 23)
        near = searches.where(F.col("dt").isin(*days) | is_edge)
        pairs = session_pairs(
            near, zone=zone, gap_minutes=rules.gap_minutes, max_queries=rules.max_queries
        )
        counted = daily_pairs(pairs.where(F.col("dt").isin(*days)), buckets=_buckets(root, days))
        _replace(root, "daily_pairs", counted, days, wanted)
    return len(days)


def _buckets(root: Root, days: Sequence[str]) -> int:
    """Into how many tasks the largest of the days is cut."""
    return 1 + root.largest_day("searches", days) // BYTES_A_TASK


def versions(state: State, schema: StructType) -> dict[str, str]:
    columns = columns_digest(schema)
    return {
        day: fingerprint(counting=COUNTING, columns=columns, searches=version.any)
        for day, version in state.days.items()
    }


def pair_versions(state: State, rules: SessionRules) -> dict[str, str]:
    days, columns = state.days, columns_digest(DAILY_PAIRS)
    return {
        day: fingerprint(
            counting=COUNTING,
            columns=columns,
            searches=version.any,
            before=days[shifted(day, -1)].tail if shifted(day, -1) in days else 0,
            after=days[shifted(day, 1)].head if shifted(day, 1) in days else 0,
            gap_minutes=rules.gap_minutes,
            max_queries=rules.max_queries,
        )
        for day, version in days.items()
    }


def days_of_pairs(root: Root, wanted: Mapping[str, str], needed: Collection[str]) -> list[str]:
    """`stale_days` of pairs.

    Of the first day that is kept nobody can tell any more which sessions came over from the day
    before: what was counted of it stays.
    """
    first = root.state.kept_from.get("searches")
    days = stale_days(root, "daily_pairs", wanted, needed)
    return [day for day in days if day != first or root.made_of("daily_pairs", f"dt={day}") is None]


def stale_days(
    root: Root, dataset: str, wanted: Mapping[str, str], needed: Collection[str]
) -> list[str]:
    """Needed days to count, also where somebody deleted them; all days to empty.

    None of those of which searches or counts went for their age: what is left of them stays.
    """
    made_of = root.days_made(dataset)
    changed = {day for day in {*wanted, *made_of} if made_of.get(day) != wanted.get(day)}
    stale = changed | (wanted.keys() - root.days_of(dataset))
    is_kept = root.state.is_kept
    stale = {day for day in stale if is_kept("searches", day) and is_kept(dataset, day)}
    return sorted(day for day in stale if day in needed or day not in wanted)


def _replace(
    root: Root,
    dataset: str,
    counts: DataFrame,
    days: Sequence[str],
    wanted: Mapping[str, str],
) -> None:
    _LOG.info("counting %s: %d days from %s to %s", dataset, len(days), days[0], days[-1])
    with root.change() as change:
        change.stage(dataset, counts, by=["dt"])
        change.put_days(dataset, change.address(dataset), days, made_of=wanted)


def _partitions(days: Sequence[str]) -> list[str]:
    return [f"dt={day}" for day in days]


def shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
