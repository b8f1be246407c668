"""Which days are to be counted: those whose rows changed since, and none whose rows have gone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import pyarrow as pa

from pipeline.root import Root, columns_digest
from pipeline.schemas import DAILY_PAIRS
from pipeline.state import State, fingerprint

#: Raised when something is counted in another way, so that stored days are counted again.
COUNTING: Final = 1


@dataclass(frozen=True)
class SessionRules:
    """What makes a session; stored pairs hold for one set of rules."""

    gap_minutes: int = 30  #: a longer silence ends it
    max_queries: int = 50  #: with more different queries it is left out


def versions(state: State, schema: pa.Schema) -> dict[str, str]:
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


def shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
