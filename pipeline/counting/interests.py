"""What each person is interested in, and when they search: counts by day, and sums of days.

People are told apart by *facets*, each a distribution of its own: the topics of what they search
for, the times of the week when they do, and what they use it for. A value of a facet is a
*feature*, a whole number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from pipeline.counting.clocks import local_seconds
from pipeline.counting.topics import MOST_TOPICS, NO_TOPIC, matched, topics_of
from pipeline.counting.uses import LOOKING_UP
from pipeline.counting.uses import USES as NAMES_OF_USES

#: Of the day: night, morning, afternoon, evening.
PARTS_OF_DAY: Final = 4
_SECONDS_OF_PART: Final = 86_400 // PARTS_OF_DAY
_SATURDAY: Final = 5
#: What makes facets of one column: features of times are above those of topics, and uses above.
_FIRST_TIME: Final = 1_000
_FIRST_USE: Final = 2_000
#: Weights are added as whole numbers of such parts: sums of fractions would differ in the last bit
#: with the order of rows.
_ONE: Final = 2**20


@dataclass(frozen=True)
class Facet:
    """Some features, which follow each other."""

    name: str
    first: int  #: feature
    size: int


#: Feature 1 is the topic 1. Of times: the parts of a day of work, then those of a weekend's day.
TOPICS: Final = Facet("topic", NO_TOPIC + 1, MOST_TOPICS)
TIMES: Final = Facet("time", _FIRST_TIME, 2 * PARTS_OF_DAY)
#: As `pipeline.counting.uses` numbers them.
USES: Final = Facet("use", _FIRST_USE, len(NAMES_OF_USES))
FACETS: Final = (TOPICS, TIMES, USES)


def daily_interests(
    searches: pl.DataFrame,
    known: pl.DataFrame,
    uses: pl.DataFrame | None = None,
    *,
    zone: str,
) -> pl.DataFrame:
    """Count what some people searched for on a day, by topic, by time and by use.

    Who looks again for the same on that day counts once: a click log has a line a click.

    Args:
        searches: `searched_at` (UTC), `user_id`, `query_id`, `query`: all of some people's day.
        known: the `topics` that hold on the day.
        uses: `uses_of_day`; None: uses are not counted.
        zone: the reporting zone.

    Returns:
        `DAILY_INTERESTS`, by user_id and feature; nothing of queries without a topic but the time.
        The counts of different people are told one after another.
    """
    _, local = local_seconds(searches["searched_at"], zone)
    once = (
        searches.select("user_id", "query_id", "query")
        .with_columns(local=pl.Series(local))
        .sort("user_id", "query_id", "local")
        .unique(["user_id", "query_id"], keep="first", maintain_order=True)
    )
    queries = once.select("query_id", "query").unique("query_id").sort("query_id")
    by_topic = (
        once.join(topics_of(queries, known), on="query_id")
        .filter(pl.col("topic") != NO_TOPIC)
        .select("user_id", feature="topic")
    )
    # 1970 began on a Thursday.
    is_weekend = (pl.col("local") // 86_400 + 3) % 7 >= _SATURDAY
    part = pl.col("local") % 86_400 // _SECONDS_OF_PART + PARTS_OF_DAY * is_weekend.cast(pl.Int64)
    by_time = once.select("user_id", feature=(part + TIMES.first).cast(pl.Int32))
    parts = [by_topic, by_time]
    if uses is not None:
        use = pl.col("use").fill_null(LOOKING_UP) + USES.first
        of_use = once.join(uses, on="query_id", how="left")
        parts.append(of_use.select("user_id", feature=use.cast(pl.Int32)))
    return (
        pl.concat(parts)
        .group_by("user_id", "feature")
        .agg(queries=pl.len().cast(pl.Int32))
        .sort("user_id", "feature")
    )


def interests(
    days: Mapping[str, pl.LazyFrame],
    topics_of_days: Mapping[str, pl.DataFrame],
    *,
    as_of: date,
    half_life_days: float,
) -> pl.DataFrame:
    """Add up days: what a person searched for long ago counts less.

    Args:
        days: `DAILY_INTERESTS` by day (YYYY-MM-DD).
        topics_of_days: the `topics` that each was counted with: those of `as_of` among them.
        as_of: the last day.
        half_life_days: in which a search counts half.

    Returns:
        `INTERESTS`, by user_id and feature: `weight` in searches of the last day. A topic of other
        weeks is the one of now that most of its queries are in; what nothing is left of goes.
    """
    now = topics_of_days[as_of.isoformat()]
    parts = []
    for day, counts in days.items():
        age = (as_of - date.fromisoformat(day)).days
        share = round(_ONE * 0.5 ** (age / half_life_days))
        rows = counts.select("user_id", "feature", weight=pl.col("queries").cast(pl.Int64) * share)
        if topics_of_days[day] is not now:
            rows = _as_now(rows, matched(topics_of_days[day], now))
        parts.append(rows)
    return (
        pl.concat(parts)
        .group_by("user_id", "feature")
        .agg(weight=(pl.col("weight").sum() / _ONE).cast(pl.Float32))
        .filter(pl.col("weight") > 0)
        .sort("user_id", "feature")
        .collect()
    )


def _as_now(rows: pl.LazyFrame, becomes: pl.DataFrame) -> pl.LazyFrame:
    is_topic = pl.col("feature") < TIMES.first
    of_topics = rows.filter(is_topic).join(becomes.lazy(), left_on="feature", right_on="topic")
    return pl.concat(
        [
            of_topics.select("user_id", "becomes", "weight").rename({"becomes": "feature"}),
            rows.filter(~is_topic),
        ]
    )
