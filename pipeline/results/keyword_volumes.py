"""How large each keyword is: people and searches of a month, and of each of the last weeks."""

from datetime import date, timedelta
from typing import Final

import polars as pl

from pipeline import limits
from pipeline.columns import KEYWORD_TOOL
from pipeline.counting.people import different_people, likely
from pipeline.results.keyword_devices import devices_of_keywords
from pipeline.results.names import forms_of

#: Weeks that are told, the newest with the last day.
WEEKS: Final = 12
#: The columns that tell of devices.
DEVICES: Final = ("devices", "device_searchers", "device_searches")
#: Growth compares so many of the last weeks with as many before.
_COMPARED: Final = 4


def keyword_volumes(
    daily_counts: pl.LazyFrame,
    daily_devices: pl.LazyFrame | None = None,
    *,
    as_of: date,
    days: int = 28,
    min_searchers: int = 5,
) -> pl.DataFrame:
    """Count the people and searches of each keyword.

    Spacing and punctuation variants of one query are one keyword, shown as most people typed it.

    Args:
        daily_counts: `dt` (YYYY-MM-DD) and `DAILY_COUNTS`; days after `as_of` are ignored, and of
            those before what `days` and `WEEKS` need.
        daily_devices: `dt` and `DAILY_DEVICES`, of which `days` count; None: the log tells none.
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
    day = pl.col("dt")

    def until(age: int, counts: pl.LazyFrame = daily_counts) -> pl.LazyFrame:
        """Counts of the last days, fewer than `age` old: text of days is in their order."""
        first = (as_of - timedelta(days=age - 1)).isoformat()
        return counts.filter(day >= first, day <= as_of.isoformat())

    month = until(days)
    is_likely = likely(month, "variant_id", min_searchers)
    searches = month.filter(is_likely).group_by("variant_id").agg(pl.col("searches").sum())
    # Read once: a week is a tenth of the rows, and of the files each time all.
    sketches = (
        until(max(days, 7 * WEEKS))
        .filter(is_likely)
        .select("variant_id", "searchers_sketch", "dt")
        .collect()
        .with_columns(age=(pl.lit(as_of) - day.str.to_date()).dt.total_days())
    )
    people = different_people(
        sketches.filter(pl.col("age") < days), "variant_id", at_least=min_searchers
    )
    known = searches.collect().join(people, on="variant_id")
    rows = known.join(forms_of(known, month), on="variant_id")
    of_known = sketches.join(known, on="variant_id", how="semi")
    weekly = [f"week_{week}" for week in reversed(range(WEEKS))]
    for name in weekly:
        week = int(name.removeprefix("week_"))
        of_week = of_known.filter(pl.col("age") // 7 == week)
        people = different_people(of_week, "variant_id", at_least=min_searchers)
        rows = rows.join(people.rename({"searchers": name}), on="variant_id", how="left")
    of_devices = None if daily_devices is None else until(days, daily_devices)
    if of_devices is not None and len(of_devices.head(1).collect()):
        variants = month.join(known.lazy(), on="variant_id", how="semi")
        ids = variants.select("query_id", "variant_id").unique().collect()
        told = devices_of_keywords(of_devices, ids, min_searchers=min_searchers)
        rows = rows.join(told, on="variant_id", how="left")
    else:
        rows = rows.with_columns(pl.lit(None, KEYWORD_TOOL[name]).alias(name) for name in DEVICES)
    newer, older = (
        pl.sum_horizontal(weekly[at : at + _COMPARED], ignore_nulls=False)
        for at in (WEEKS - _COMPARED, WEEKS - 2 * _COMPARED)
    )
    computed = {"weekly_searchers": pl.concat_list(weekly), "growth": newer / older - 1}
    return (
        rows.with_columns(**computed)
        .sort("searchers", "query", descending=[True, False])
        .select(*KEYWORD_TOOL)
    )
