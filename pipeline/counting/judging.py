"""Each search once, and which people are robots."""

from typing import Final

import polars as pl

from pipeline.errors import InvalidParameterError
from pipeline.schemas import LATER_IN_SEARCHES

#: One person's searches a day above which that day's searches are a robot's. Wikimedia sets aside
#: 50 a day an address for one purpose and 2,000 a user for another; nobody types one a minute
#: for eight hours.
ROBOT_SEARCHES_A_DAY: Final = 500

#: Rows that agree in these are one search.
SAME_SEARCH: Final = ["user_id", "searched_at", "query_id"]

#: Rows that are no search but a click at its own time, of a search in another row: see `SEARCHES`.
IS_CLICK: Final = pl.col("is_click").fill_null(value=False)


def without_clicks(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of `SEARCHES` that are searches; `is_click` is among their columns."""
    return rows.filter(~IS_CLICK)


def local_dates(timestamps: pl.Expr, zone: str) -> pl.Expr:
    """The calendar date of a UTC timestamp in `zone`, as 'YYYY-MM-DD'."""
    return timestamps.dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d")


def each_once(searches: pl.DataFrame) -> pl.DataFrame:
    """Keep each search once: the same person with the same query in the same second.

    A search goes before a click at its own time. Of others the row that stays is the least by click
    rank, address, number of results (most first), seconds to the click, device, surface and source,
    so that it does not matter in which order files come in, or in how many runs. What one file
    tells of a search in several lines is brought together before: its largest number of results and
    its earliest click, of which one at its own time came after 0 seconds. Nothing is taken from
    another file, whose rows may be replaced without this one's.

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
        _together_in_files(ordered.filter(is_twin))
        .sort(
            *SAME_SEARCH,
            IS_CLICK,
            pl.col("clicked_rank"),
            pl.col("clicked_url"),
            pl.col("result_count").neg(),
            pl.col("click_seconds"),
            pl.col("device"),
            pl.col("surface"),
            pl.col("source"),
            nulls_last=[False, False, False, False, True, False, True, True, True, False, False],
        )
        .unique(SAME_SEARCH, keep="first", maintain_order=True)
    )
    return pl.concat([ordered.filter(~is_twin), best]).sort(SAME_SEARCH)


def _together_in_files(twins: pl.DataFrame) -> pl.DataFrame:
    """Twins with what their file tells of the search in any of its lines."""
    of_one = (*SAME_SEARCH, "source")
    if twins.select(IS_CLICK.any()).item():
        has_search = (~IS_CLICK).any().over(of_one)
        at_once = IS_CLICK & has_search
        twins = twins.with_columns(
            click_seconds=pl.when(at_once).then(0.0).otherwise("click_seconds"),
            is_click=pl.when(~at_once).then("is_click"),
        )
    told = {
        "result_count": pl.col("result_count").max(),
        "click_seconds": pl.col("click_seconds").min(),
        "device": pl.col("device").min(),
    }
    assert {*told, "is_click"} == {*LATER_IN_SEARCHES}
    here = [name for name in told if twins[name].null_count() < len(twins)]
    if not here:
        return twins
    return twins.with_columns(told[name].over(of_one) for name in here)


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
