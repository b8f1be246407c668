"""Keep the topics of weeks in step with counts, and what people searched for on days.

Reads   daily_counts/dt=, daily_pairs/dt=, searches/dt=
Writes  topics/dt= (of the Monday that a week begins with), daily_interests/dt=

Topics hold for a week, so that a new day costs a day: they are told from the four weeks before. Of
the first weeks of a log they are told from what there is, the week itself among it.
"""

import logging
from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from pipeline.columns import DAILY_COUNTS, DAILY_PAIRS, TOPICS
from pipeline.counting.topics import topics
from pipeline.runs.count import (
    refresh_daily_counts,
    refresh_daily_interests,
    refresh_daily_pairs,
)
from pipeline.runs.stale import SessionRules, shifted
from pipeline.schemas import TOPICS as TOPICS_SCHEMA
from pipeline.store.root import Root, columns_digest
from pipeline.store.state import fingerprint
from pipeline.store.tables import scanned, write

#: Days before a week that tell its topics, and how many of them are enough.
TOPIC_DAYS: Final = 28
_ENOUGH_DAYS: Final = 7
#: Raised when topics are told in another way.
METHOD: Final = 1

_LOG = logging.getLogger(__name__)


def week_of(day: str) -> str:
    """The Monday of a day's week."""
    of = date.fromisoformat(day)
    return (of - timedelta(days=of.weekday())).isoformat()


def refresh_interests(root: Root, needed: Collection[str], rules: SessionRules) -> int:
    """Bring topics and interests of `needed` days up to date; the number of days counted."""
    weeks = {day: week_of(day) for day in needed}
    for week in sorted(set(weeks.values())):
        days = days_of_topics(root, week)
        refresh_daily_counts(root, days)
        refresh_daily_pairs(root, days, rules)
        _refresh_topics(root, week)
    return refresh_daily_interests(root, weeks)


def days_of_topics(root: Root, week: str) -> list[str]:
    """The days whose counts tell the topics of a week."""
    known = sorted(day for day in root.state.days if day >= shifted(week, -TOPIC_DAYS))
    before = [day for day in known if day < week]
    if len(before) >= _ENOUGH_DAYS:
        return before
    return [day for day in known if day <= shifted(week, 6)]


def _refresh_topics(root: Root, week: str) -> None:
    days = days_of_topics(root, week)
    datasets = ("daily_counts", "daily_pairs")
    here = {name: [day for day in days if root.has_day(name, day)] for name in datasets}
    partition = f"dt={week}"
    is_there = root.storage.exists(f"{root.address}/topics/{partition}")
    if is_there and any(len(each) < len(days) for each in here.values()):
        return  # counts have gone for their age: what was told of them stays
    made_of = fingerprint(
        method=METHOD,
        columns=columns_digest(TOPICS_SCHEMA),
        counts={
            name: {day: root.made_of(name, f"dt={day}") for day in each}
            for name, each in here.items()
        },
    )
    if is_there and root.made_of("topics", partition) == made_of:
        return
    _LOG.info("telling the topics of the week of %s", week)
    counts, pairs = (
        scanned(root.storage, root.address, name, [f"dt={day}" for day in here[name]], columns)
        for name, columns in (("daily_counts", DAILY_COUNTS), ("daily_pairs", DAILY_PAIRS))
    )
    with root.change() as change:
        staged = change.address(f"topics/{partition}")
        found = topics(counts, pairs).select(*TOPICS)
        write(change.storage, f"{staged}/part.parquet", found)
        change.put("topics", partition, staged, made_of=made_of)
