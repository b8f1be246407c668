"""How many different people typed each query in each hour."""

import numpy as np
import polars as pl

from pipeline.counting.groups import Flags, Ints, changes, order_by, sizes, sums


def hourly_counts(searches: pl.DataFrame, *, zone: str) -> pl.DataFrame:
    """Count the people who typed each query in each hour of `zone`.

    One person counts once for a query in an hour, however often they typed it. Who typed another
    query too on that day, in this hour or before, counts in `also_searched`: an account that was
    made to push one query does not. What comes later on the day changes neither number.

    Args:
        searches: `searched_at` (UTC), `user_id`, `query_id`: all that some people searched on some
            days. The counts of several groups of people add up.
        zone: the reporting zone that cuts the hours; its offset need not be whole hours.

    Returns:
        `HOURLY_COUNTS`, by hour and query; an hour without the query has no row.
    """
    local = pl.col("searched_at").dt.convert_time_zone(zone)
    into_hour = local.dt.minute().cast(pl.Int64) * 60 + local.dt.second()
    rows = searches.select(
        "user_id",
        "query_id",
        hour=pl.col("searched_at").dt.epoch("s") - into_hour,
        day=local.dt.date().to_physical().cast(pl.Int64),
    )
    user, hour, query, day = (
        rows[name].to_numpy() for name in ("user_id", "hour", "query_id", "day")
    )
    order = order_by(user, hour, query)
    order = order[changes(user[order], hour[order], query[order])]
    user, hour, query, day = user[order], hour[order], query[order], day[order]
    also = _also_searched(changes(user, day), hour, query)

    order = order_by(hour, query)
    hour, query, also = hour[order], query[order], also[order]
    starts = np.flatnonzero(changes(hour, query))
    return pl.DataFrame(
        {
            "hour": pl.Series(hour[starts]) * 1_000_000,
            "query_id": query[starts],
            "searchers": sizes(starts, len(query)),
            "also_searched": sums(also.astype(np.int64), starts),
        }
    ).with_columns(pl.col("hour").cast(pl.Datetime("us", "UTC")))


def added_up(parts: pl.DataFrame) -> pl.DataFrame:
    """The counts of several groups of people together: `HOURLY_COUNTS`, by hour and query."""
    return parts.group_by("hour", "query_id").sum().sort("hour", "query_id")


def _also_searched(first: Flags, hour: Ints, query: Ints) -> Flags:
    """Whether, by the end of the hour, the person had typed another query too on that day.

    Args:
        first: the first row of each person's day.
        hour: rising within a person's day.
        query: rising within an hour.
    """
    starts = np.flatnonzero(first)
    person_day = np.cumsum(first) - 1
    is_other = query != query[starts][person_day]
    never = np.iinfo(np.int64).max
    hour_of_other = np.where(is_other, hour, never)
    since = np.minimum.reduceat(hour_of_other, starts) if len(starts) else starts
    also: Flags = hour >= since[person_day]
    return also
