"""What some people searched for on a day, read and counted."""

from collections.abc import Sequence

import polars as pl

from pipeline.counting.interests import daily_interests
from pipeline.counting.uses import SHOPPING, uses_of_day
from pipeline.results.category_spread import Rule, declared_shopping


def interests_of_day(
    searches: pl.LazyFrame,
    topics: pl.LazyFrame,
    counts: pl.LazyFrame,
    *,
    zone: str,
    rules: Sequence[Rule] = (),
) -> pl.DataFrame:
    """Count topics, times and uses of some people's day.

    Args:
        searches: `searched_at` (UTC), `user_id`, `query_id`, `query` of the people.
        topics: `TOPICS` of the week.
        counts: `DAILY_COUNTS` of the day: of everybody.
        zone: the reporting zone.
        rules: of categories: what they declare to be shopping is, however rare or new.

    Returns:
        `DAILY_INTERESTS` of these people.
    """
    known = topics.drop("dt").collect()
    of_queries = known.filter("is_query").select("use", "most_people", query_id="id")
    uses = uses_of_day(counts.select("query_id", "searchers").collect(), of_queries)
    rows = searches.collect()
    queries = rows.select("query_id", "query").unique("query_id")
    bought = queries.filter(
        pl.col("query").is_in(declared_shopping(queries["query"], rules).implode())
    ).select("query_id", use=pl.lit(SHOPPING, pl.Int32))
    uses = pl.concat([bought, uses.join(bought, on="query_id", how="anti")])
    return daily_interests(rows, known, uses, zone=zone)
