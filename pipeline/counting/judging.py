"""Each search once, and which people are robots."""

from typing import Final

import polars as pl

from pipeline.errors import InvalidParameterError

#: One person's searches a day above which that day's searches are a robot's. Wikimedia sets aside
#: 50 a day an address for one purpose and 2,000 a user for another; nobody types one a minute
#: for eight hours.
ROBOT_SEARCHES_A_DAY: Final = 500

#: Rows that agree in these are one search.
SAME_SEARCH: Final = ["user_id", "searched_at", "query_id"]


def local_dates(timestamps: pl.Expr, zone: str) -> pl.Expr:
    """The calendar date of a UTC timestamp in `zone`, as 'YYYY-MM-DD'."""
    return timestamps.dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d")


def each_once(searches: pl.DataFrame) -> pl.DataFrame:
    """Keep each search once: the same person with the same query in the same second.

    The row that stays is the least by click rank, address, surface and source, so that it does not
    matter in which order files come in, or in how many runs.

    Args:
        searches: columns of `SEARCHES` and any others.

    Returns:
        The same columns, by person, time and query.
    """
    ordered = searches.sort(SAME_SEARCH)
    repeated = ordered.select(pl.struct(SAME_SEARCH).rle_id()).to_series()
    if repeated.is_empty() or repeated[-1] == len(ordered) - 1:
        return ordered
    sizes = repeated.value_counts(name="rows").filter(pl.col("rows") > 1)
    is_twin = repeated.is_in(sizes[repeated.name].implode())
    best = (
        ordered.filter(is_twin)
        .sort(
            *SAME_SEARCH,
            pl.col("clicked_rank"),
            pl.col("clicked_url"),
            pl.col("surface"),
            pl.col("source"),
            nulls_last=[False, False, False, True, False, False, False],
        )
        .unique(SAME_SEARCH, keep="first", maintain_order=True)
    )
    return pl.concat([ordered.filter(~is_twin), best]).sort(SAME_SEARCH)


def robots(people: pl.DataFrame, *, robot_searches: int = ROBOT_SEARCHES_A_DAY) -> pl.DataFrame:
    """Who searched more than `robot_searches` times on a day.

    Args:
        people: `user_id` and anything by which days are told (`dt`), a row a search.
        robot_searches: a person's searches a day that are still no robot's.

    Returns:
        The different rows of `people` that are robots'.

    Raises:
        InvalidParameterError: `robot_searches` is below 1.
    """
    if robot_searches < 1:
        raise InvalidParameterError("robot_searches must be at least 1")
    counted = people.group_by(people.columns).len()
    return counted.filter(pl.col("len") > robot_searches).drop("len")
