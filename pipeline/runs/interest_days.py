"""What some people searched for on a day, read and counted."""

import polars as pl

from pipeline.counting.interests import daily_interests
from pipeline.counting.uses import uses_of_day


def interests_of_day(
    searches: pl.LazyFrame, topics: pl.LazyFrame, counts: pl.LazyFrame, *, zone: str
) -> pl.DataFrame:
    """Count topics, times and uses of some people's day.

    Args:
        searches: `searched_at` (UTC), `user_id`, `query_id`, `query` of the people.
        topics: `TOPICS` of the week.
        counts: `DAILY_COUNTS` of the day: of everybody.
        zone: the reporting zone.

    Returns:
        `DAILY_INTERESTS` of these people.
    """
    known = topics.drop("dt").collect()
    of_queries = known.filter("is_query").select("use", "most_people", query_id="id")
    uses = uses_of_day(counts.select("query_id", "searchers").collect(), of_queries)
    return daily_interests(searches.collect(), known, uses, zone=zone)
