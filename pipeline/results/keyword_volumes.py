"""How large each keyword is: people and searches of a month, and of each of the last weeks."""

from datetime import date
from typing import Final

import polars as pl

from pipeline import limits
from pipeline.counting.people import different_people

#: Weeks that are told, the newest with the last day.
WEEKS: Final = 12
#: Growth compares so many of the last weeks with as many before.
_COMPARED: Final = 4


def keyword_volumes(
    daily_counts: pl.LazyFrame, *, as_of: date, days: int = 28, min_searchers: int = 5
) -> pl.DataFrame:
    """Count the people and searches of each keyword.

    Spacing and punctuation variants of one query are one keyword, shown as most people typed it.

    Args:
        daily_counts: `dt` (YYYY-MM-DD) and `DAILY_COUNTS`; days after `as_of` are ignored, and of
            those before what `days` and `WEEKS` need.
        as_of: the last day that counts.
        days: in a month.
        min_searchers: different people of the month who must have typed it; a week with fewer of
            them is null.

    Returns:
        `KEYWORD_TOOL`, the keywords of most people first, of equals by text.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(days=days, min_searchers=min_searchers)
    counts = daily_counts.with_columns(
        age=(pl.lit(as_of) - pl.col("dt").str.to_date()).dt.total_days()
    ).filter(pl.col("age") >= 0)
    month = counts.filter(pl.col("age") < days)
    possible = (
        month.group_by("variant_id")
        .agg(pl.col("searches").sum(), searcher_days=pl.col("searchers").sum())
        # People are no more than searcher-days: most end here, before sketches are read.
        .filter(pl.col("searcher_days") >= min_searchers)
        .select("variant_id", "searches")
        .collect()
    )
    known = possible.join(_people(month, possible, min_searchers), on="variant_id")
    rows = known.join(_names(month, known), on="variant_id")
    weekly = [f"week_{week}" for week in reversed(range(WEEKS))]
    for name in weekly:
        week = int(name.removeprefix("week_"))
        of_week = counts.filter(pl.col("age") // 7 == week)
        people = _people(of_week, known, min_searchers).rename({"searchers": name})
        rows = rows.join(people, on="variant_id", how="left")
    newer, older = (
        pl.sum_horizontal(weekly[at : at + _COMPARED], ignore_nulls=False)
        for at in (WEEKS - _COMPARED, WEEKS - 2 * _COMPARED)
    )
    return rows.sort("searchers", "query", descending=[True, False]).select(
        "query",
        "surface",
        "searchers",
        "searches",
        weekly_searchers=pl.concat_list(weekly),
        growth=newer / older - 1,
    )


def _people(counts: pl.LazyFrame, of: pl.DataFrame, at_least: int) -> pl.DataFrame:
    """`variant_id` and `searchers` (different people) of those that have enough."""
    sketches = counts.select("variant_id", "searchers_sketch").join(
        of.lazy(), on="variant_id", how="semi"
    )
    return different_people(sketches.collect(), "variant_id", at_least=at_least)


def _names(counts: pl.LazyFrame, of: pl.DataFrame) -> pl.DataFrame:
    """`variant_id`, `query` and `surface`: the form that most typed, day by day."""
    forms = (
        counts.join(of.lazy(), on="variant_id", how="semi")
        .group_by("variant_id", "query", "surface")
        .agg(pl.col("searchers").sum())
        .collect()
    )
    of_query = pl.col("searchers").sum().over("variant_id", "query")
    order = ["variant_id", "of_query", "query", "searchers", "surface"]
    best = forms.with_columns(of_query=of_query).sort(
        order, descending=[False, True, False, True, False]
    )
    first = best.unique("variant_id", keep="first", maintain_order=True)
    return first.select("variant_id", "query", "surface")
