"""How many different people typed each query in each hour."""

import numpy as np
import polars as pl

from pipeline.counting.clocks import local_seconds
from pipeline.counting.groups import (
    Flags,
    Ints,
    changes,
    order_by,
    order_of_searches,
    sizes,
    sums,
)


def hourly_counts(searches: pl.DataFrame, *, zone: str, minutes: int = 0) -> pl.DataFrame:
    """Count the people who typed each query in each hour of `zone`.

    One person counts once for a query in an hour, however often they typed it. Who typed another
    query too on that day, in this hour or before, counts in `also_searched`: an account that was
    made to push one query does not. What comes later on the day changes neither number.

    Args:
        searches: `searched_at` (UTC), `user_id`, `query_id`: all that some people searched on some
            days. The counts of several groups of people add up.
        zone: the reporting zone that cuts the hours; its offset need not be whole hours.
        minutes: so many past the full hour on its clocks each hour begins, 0 to 59.

    Returns:
        `HOURLY_COUNTS`, by hour and query; an hour without the query has no row.
    """
    user, query = searches["user_id"].to_numpy(), searches["query_id"].to_numpy()
    second, local = local_seconds(searches["searched_at"], zone)
    order = order_of_searches(user, second, query)
    user, query, second, local = user[order], query[order], second[order], local[order]
    hour = second - (local - 60 * minutes) % 3600
    also = _also_searched(changes(user, local // 86_400), hour, query)

    order = order_by(hour, query)  # people stay in order
    hour, query, user, also = hour[order], query[order], user[order], also[order]
    first = changes(hour, query)
    persons = np.flatnonzero(first | changes(user))
    starts = np.flatnonzero(first[persons])
    hour, query = hour[persons[starts]], query[persons[starts]]
    return pl.DataFrame(
        {
            "hour": pl.Series(hour * 1_000_000).cast(pl.Datetime("us", "UTC")),
            "query_id": query,
            "searchers": sizes(starts, len(persons)),
            "also_searched": sums(also[persons].astype(np.int64), starts),
        }
    )


def added_up(parts: pl.DataFrame) -> pl.DataFrame:
    """The counts of several groups of people together: `HOURLY_COUNTS`, by hour and query."""
    return parts.group_by("hour", "query_id").sum().sort("hour", "query_id")


def _also_searched(first: Flags, hour: Ints, query: Ints) -> Flags:
    """Whether, by the end of the hour, the person had typed another query too on that day.

    Args:
        first: the first row of each person's day.
        hour: rising within a person's day.
        query: what was searched; of the first hour it does not matter which comes first.
    """
    starts = np.flatnonzero(first)
    days = sizes(starts, len(query))
    is_other = query != np.repeat(query[starts], days)
    hour_of_other = np.where(is_other, hour, np.iinfo(np.int64).max)
    since = np.minimum.reduceat(hour_of_other, starts) if len(starts) else starts
    also: Flags = hour >= np.repeat(since, days)
    return also
