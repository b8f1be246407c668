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
    user, query, hour, also = _in_hours(searches, zone, minutes)
    return _counted("query_id", hour, query, user, also)


def hourly_keywords(searches: pl.DataFrame, keywords: pl.DataFrame, *, zone: str) -> pl.DataFrame:
    """Count the people who typed each keyword in each hour of `zone`, in whatever queries.

    Args:
        searches: `searched_at`, `user_id`, `query_id` as for `hourly_counts`.
        keywords: `query_id`, `keyword_id`: of these queries, each pair once.
        zone: the reporting zone.

    Returns:
        `HOURLY_KEYWORDS`, by hour and keyword. `also_searched` are those who typed another query.
    """
    user, query, hour, also = _in_hours(searches, zone, 0)
    rows = pl.DataFrame({"query_id": query, "row": np.arange(len(query))})
    found = rows.join(keywords, on="query_id", maintain_order="left")
    row, keyword = found["row"].to_numpy(), found["keyword_id"].to_numpy()
    return _counted("keyword_id", hour[row], keyword, user[row], also[row])


def _in_hours(searches: pl.DataFrame, zone: str, minutes: int) -> tuple[Ints, Ints, Ints, Flags]:
    """Searches by person and time: user, query, start of the hour, `_also_searched`."""
    user, query = searches["user_id"].to_numpy(), searches["query_id"].to_numpy()
    second, local = local_seconds(searches["searched_at"], zone)
    order = order_of_searches(user, second, query)
    user, query, second, local = user[order], query[order], second[order], local[order]
    hour = second - (local - 60 * minutes) % 3600
    return user, query, hour, _also_searched(changes(user, local // 86_400), hour, query)


def _counted(name: str, hour: Ints, query: Ints, user: Ints, also: Flags) -> pl.DataFrame:
    """People by hour and query (or keyword: `name` says what); rows are by person."""
    order = order_by(hour, query)  # people stay in order
    hour, query, user, also = hour[order], query[order], user[order], also[order]
    first = changes(hour, query)
    persons = np.flatnonzero(first | changes(user))
    starts = np.flatnonzero(first[persons])
    hour, query = hour[persons[starts]], query[persons[starts]]
    return pl.DataFrame(
        {
            "hour": pl.Series(hour * 1_000_000).cast(pl.Datetime("us", "UTC")),
            name: query,
            "searchers": sizes(starts, len(persons)),
            "also_searched": sums(also[persons].astype(np.int64), starts),
        }
    )


def added_up(parts: pl.DataFrame) -> pl.DataFrame:
    """The counts of several groups of people together, by hour and query (or keyword)."""
    by = parts.columns[:2]
    return parts.group_by(by).sum().sort(by)


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
