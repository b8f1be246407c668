"""Hours that end at any minute, for windows that slide: now exactly, the past from full hours."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.columns import DAILY_COUNTS, HOURLY_COUNTS
from pipeline.counting.days import counted, daily_counts
from pipeline.counting.hours import hourly_counts as counted_by_hour

_HOUR: Final = timedelta(hours=1)
#: Of searches: what the counts of a window are made of.
COUNTED: Final = ("searched_at", "user_id", "query_id")


def sliding_hours(
    hourly_counts: pl.LazyFrame,
    searches: pl.LazyFrame,
    *,
    window_end: datetime,
    hours: int,
    zone: str,
) -> pl.LazyFrame:
    """People by hours that end as many minutes past the full hour as `window_end`.

    The last `hours` are counted from searches: one person counts once in an hour, wherever it
    begins. An hour before that is made of the two full hours that it lies in, of each the part that
    it has of it.

    Args:
        hourly_counts: `HOURLY_COUNTS` of full hours of `zone`.
        searches: `COUNTED`, all of the days on which the last `hours` lie; later ones are ignored.
        window_end: a full minute, with its offset.
        hours: how many are counted.
        zone: the reporting zone.

    Returns:
        `HOURLY_COUNTS`, `hour` being where one begins (UTC). Of the past several rows an hour and
        query may come, which add up to what is no whole number. At a full hour that is what
        `hourly_counts` says.
    """
    minutes = window_end.astimezone(ZoneInfo(zone)).minute
    first = window_end - hours * _HOUR
    recent = searches.select(COUNTED).filter(pl.col("searched_at") < window_end).collect()
    now = counted_by_hour(recent, zone=zone, minutes=minutes).filter(pl.col("hour") >= first)
    parts = [_as_numbers(now.lazy(), 1.0)]
    later, part = timedelta(minutes=minutes), minutes / 60
    for shift, share in ((later, 1 - part), (later - _HOUR, part)):
        if share:
            hour = (pl.col("hour") + shift).alias("hour")
            moved = hourly_counts.select(*HOURLY_COUNTS).with_columns(hour)
            parts.append(_as_numbers(moved.filter(pl.col("hour") < first), share))
    return pl.concat(parts)


def names_in_windows(searches: pl.LazyFrame, *, window_end: datetime, hours: int) -> pl.LazyFrame:
    """What the queries of the last `hours` are called: as `daily_counts` of the days until then.

    Args:
        searches: `COUNTED`, `query`, `surface` and `dt` of the days on which the last `hours` lie;
            later ones are ignored.
        window_end: with its offset.
        hours: how many.

    Returns:
        `query_id`, `query`, `surface`, `variant_id`: a row a day and query.
    """
    until = searches.filter(pl.col("searched_at") < window_end)
    typed = until.filter(pl.col("searched_at") >= window_end - hours * _HOUR)
    named = until.join(typed.select("query_id").unique(), on="query_id", how="semi")
    columns = ["dt", "user_id", "query_id", "query", "surface"]
    days = named.select(columns).collect().partition_by("dt", include_key=False)
    names = [daily_counts(counted(day)) for day in days] or [pl.DataFrame(schema=DAILY_COUNTS)]
    return pl.concat(names).lazy().select("query_id", "query", "surface", "variant_id")


def _as_numbers(counts: pl.LazyFrame, share: float) -> pl.LazyFrame:
    people = pl.col("searchers", "also_searched").cast(pl.Float64) * share
    return counts.select("hour", "query_id", people)
