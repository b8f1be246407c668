"""Which days are to be counted: those whose rows changed since, and none whose rows have gone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.schemas import (
    DAILY_ADDRESSES,
    DAILY_CLICKS,
    DAILY_COUNTS,
    DAILY_DEVICES,
    DAILY_INTERESTS,
    DAILY_PAIRS,
    HOURLY_COUNTS,
    HOURLY_KEYWORDS,
)
from pipeline.store.root import Root, columns_digest
from pipeline.store.state import fingerprint

#: Raised when something is counted in another way, so that stored days are counted again.
COUNTING: Final = 1
#: The hour of the clock with which a day ends.
LAST_HOUR: Final = 23


@dataclass(frozen=True)
class SessionRules:
    """What makes a session; stored pairs hold for one set of rules."""

    gap_minutes: int = 30  #: a longer silence ends it
    max_queries: int = 50  #: with more different queries it is left out


def day_version(dataset: str, runs: Sequence[int]) -> str:
    """The fingerprint of counts of one day alone, of searches that a run changed last."""
    schema = {
        "hourly_counts": HOURLY_COUNTS,
        "daily_counts": DAILY_COUNTS,
        "daily_addresses": DAILY_ADDRESSES,
    }[dataset]
    columns = columns_digest(schema)
    return fingerprint(counting=COUNTING, columns=columns, searches=runs[0])


def pair_version(rules: SessionRules, runs: Sequence[int]) -> str:
    """The fingerprint of pairs of searches that these runs changed last.

    Args:
        rules: of sessions.
        runs: that changed any search of the day, one of the last hour of the day before, one of the
            first hours of the day after; 0: there is none.
    """
    return _session_version(columns_digest(DAILY_PAIRS), rules, runs)


def click_version(rules: SessionRules, runs: Sequence[int]) -> str:
    """The fingerprint of clicks of searches that these runs changed last; see `pair_version`."""
    return _session_version(columns_digest(DAILY_CLICKS), rules, runs)


def device_version(runs: Sequence[int]) -> str:
    """The fingerprint of counts by device of searches that a run changed last."""
    columns = columns_digest(DAILY_DEVICES)
    return fingerprint(counting=COUNTING, columns=columns, searches=runs[0])


def _session_version(columns: str, rules: SessionRules, runs: Sequence[int]) -> str:
    return fingerprint(
        counting=COUNTING,
        columns=columns,
        searches=runs[0],
        before=runs[1],
        after=runs[2],
        gap_minutes=rules.gap_minutes,
        max_queries=rules.max_queries,
    )


def keyword_version(runs: Sequence[int]) -> str:
    """The fingerprint of hours of keywords.

    Args:
        runs: that changed the searches of the day last, and what its keywords were made of.
    """
    columns = columns_digest(HOURLY_KEYWORDS)
    return fingerprint(counting=COUNTING, columns=columns, searches=runs[0], keywords=runs[1])


def interest_version(runs: Sequence[int]) -> str:
    """The fingerprint of interests of a day.

    Args:
        runs: that changed the searches of the day last, and what the topics were made of.
    """
    columns = columns_digest(DAILY_INTERESTS)
    return fingerprint(counting=COUNTING, columns=columns, searches=runs[0], topics=runs[1])


def days_of_sessions(
    root: Root, dataset: str, wanted: Mapping[str, str], needed: Collection[str]
) -> list[str]:
    """`stale_days` of what is counted in sessions.

    Of the first day that is kept nobody can tell any more which sessions came over from the day
    before: what was counted of it stays.
    """
    first = root.state.kept_from.get("searches")
    days = stale_days(root, dataset, wanted, needed)
    return [day for day in days if day != first or root.made_of(dataset, f"dt={day}") is None]


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


def is_running(root: Root, day: str) -> bool:
    """Whether a day waits for its last hour: nobody has searched in it yet."""
    newest = datetime.fromisoformat(root.state.days[day].newest)
    return newest.astimezone(ZoneInfo(root.state.zone)).hour < LAST_HOUR


def shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
