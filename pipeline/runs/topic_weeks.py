"""Keep the topics of weeks in step with counts, and what people searched for on days.

Reads   daily_counts/dt=, daily_pairs/dt=, searches/dt=; where they are there, daily_clicks/dt=,
        daily_addresses/dt= and the newest categories/dt= before the week
Writes  topics/dt= (of the Monday that a week begins with), daily_interests/dt=

Topics hold for a week, so that a new day costs a day: they are told from the four weeks before. Of
the first weeks of a log they are told from what there is, the week itself among it. The same holds
of what queries are used for.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

import polars as pl

from pipeline.columns import (
    CATEGORIES,
    DAILY_ADDRESSES,
    DAILY_CLICKS,
    DAILY_COUNTS,
    DAILY_PAIRS,
    TOPICS,
    Columns,
)
from pipeline.counting.topics import topics
from pipeline.counting.uses import are_clicked, are_weeks, query_uses
from pipeline.results.category_spread import DECLARED, Rule, parsed_rules
from pipeline.runs.count import (
    refresh_daily_counts,
    refresh_daily_interests,
    refresh_daily_pairs,
)
from pipeline.runs.interest_days import interests_of_day
from pipeline.runs.published import rules_before
from pipeline.runs.stale import SessionRules, shifted
from pipeline.schemas import TOPICS as TOPICS_SCHEMA
from pipeline.store.root import Root, columns_digest
from pipeline.store.state import fingerprint
from pipeline.store.tables import scanned, write

#: Days before a week that tell its topics, and how many of them are enough.
TOPIC_DAYS: Final = 28
_ENOUGH_DAYS: Final = 7
#: Raised when topics are told in another way.
METHOD: Final = 3
#: Confidence of a category that is believed when it says that a query is for shopping.
_SURE: Final = 0.8
#: What tells uses of queries, where a job that counts it was run: analytics; keyword_tool, and
#: categories of hosts.
_OF_CLICKS: Final = ("daily_clicks", "daily_addresses")

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
    refresh_daily_counts(root, set(weeks))  # what is news on a day is told by its own counts
    counted = partial(interests_of_day, zone=root.state.zone, rules=_rules(root))
    return refresh_daily_interests(root, weeks, counted)


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
    for name in _OF_CLICKS:
        here[name] = [day for day in days if root.has_day(name, day)]
    shopping = _Shopping.of(root, week)
    made_of = fingerprint(
        method=METHOD,
        columns=columns_digest(TOPICS_SCHEMA),
        counts={
            name: {day: root.made_of(name, f"dt={day}") for day in each}
            for name, each in here.items()
        },
        shopping=shopping.made_of,
    )
    if is_there and root.made_of("topics", partition) == made_of:
        return
    _LOG.info("telling the topics of the week of %s", week)
    counts = _scanned(root, "daily_counts", here["daily_counts"], DAILY_COUNTS)
    found = topics(counts, _scanned(root, "daily_pairs", here["daily_pairs"], DAILY_PAIRS))
    uses = query_uses(
        counts,
        _scanned(root, "daily_clicks", here["daily_clicks"], DAILY_CLICKS),
        _scanned(root, "daily_addresses", here["daily_addresses"], DAILY_ADDRESSES),
        shopping.queries(root),
    ).with_columns(is_query=True)
    told = found.join(
        uses, left_on=["id", "is_query"], right_on=["query_id", "is_query"], how="left"
    )
    with root.change() as change:
        staged = change.address(f"topics/{partition}")
        write(change.storage, f"{staged}/part.parquet", told.select(*TOPICS).sort("id"))
        change.put("topics", partition, staged, made_of=made_of)


def _rules(root: Root) -> tuple[Rule, ...]:
    """The rules of the newest categories; none: there are no categories."""
    lines = rules_before(root)
    return tuple(parsed_rules("\n".join(lines), "the file of rules")) if lines else ()


def _scanned(root: Root, dataset: str, days: Sequence[str], columns: Columns) -> pl.LazyFrame:
    partitions = [f"dt={day}" for day in days]
    return scanned(root.storage, root.address, dataset, partitions, columns)


@dataclass(frozen=True)
class _Shopping:
    """What the newest rules declare to be shopping, and what the categories of a day add to it.

    Attributes:
        rules: of all categories.
        names: of the categories that are shopping.
        day: of the categories that are read; None: there are none for the week.
        made_of: of what shopping queries are told by.
    """

    rules: tuple[Rule, ...]
    names: frozenset[str]
    day: str | None
    made_of: str | None

    @staticmethod
    def of(root: Root, week: str) -> "_Shopping":
        """As of the newest day before a week; of the first weeks, as of the newest day of it."""
        rules = _rules(root)
        names = frozenset(rule.category for rule in rules if rule.is_shopping)
        known = root.days_made("categories") if names else {}
        made = {day: each for day, each in known.items() if root.has_day("categories", day)}
        before = [day for day in made if day < week]
        day = max(before or (each for each in made if each <= shifted(week, 6)), default=None)
        lines = rules_before(root)
        told = fingerprint(rules=lines, categories=made.get(day or "")) if names else None
        return _Shopping(rules, names, day, told)

    def queries(self, root: Root) -> pl.Series:
        """Those that such a category surely has.

        Of rules of one category alone what is searched with its queries is not among them: nothing
        else claims it, so that it would be sure of everything.
        """
        rows = _scanned(root, "categories", [self.day] if self.day else [], CATEGORIES)
        is_sure = pl.col("confidence") >= _SURE  # what is declared is 1
        if len(self.rules) == 1:
            is_sure &= pl.col("source") == DECLARED
        theirs = rows.filter(pl.col("category").is_in(list(self.names)) & is_sure)
        return theirs.select("query").collect()["query"]


@dataclass(frozen=True)
class Evidence:
    """What the uses of queries of a week are told by.

    Attributes:
        clicks: whether it is known what was clicked.
        news: whether the days are weeks enough, or come before the week.
        shopping: whether a category is declared to be shopping.
    """

    clicks: bool
    news: bool
    shopping: bool


def evidence_of_uses(root: Root, day: str) -> Evidence:
    """What the uses of queries were told by in the week of a day."""
    week = week_of(day)
    days = days_of_topics(root, week)
    clicked = [each for each in days if root.has_day("daily_clicks", each)]
    clicks = _scanned(root, "daily_clicks", clicked, DAILY_CLICKS)
    are_before = bool(days) and days[-1] < week
    return Evidence(
        clicks=are_clicked(clicks),
        news=are_before or are_weeks(pl.Series(days, dtype=pl.String).str.to_date()),
        shopping=bool(_Shopping.of(root, week).names),
    )
