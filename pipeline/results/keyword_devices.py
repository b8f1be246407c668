"""How large keywords are by device, as far as it may be told.

What is told of some devices tells by subtraction of the others. A device of fewer than k people is
not told, and neither is the smallest of the others then, unless k people or more had a device that
the log does not tell: those who are left are nobody, or at least k different people.
"""

from typing import Final

import polars as pl

from pipeline.counting.device_days import UNKNOWN
from pipeline.counting.people import different_people

#: So many devices are told apart, the most used; the others are left, as unknown ones are.
MOST_DEVICES: Final = 8

_KEY: Final = ["variant_id", "device"]


def devices_of_keywords(
    daily_devices: pl.LazyFrame, variants: pl.DataFrame, *, min_searchers: int
) -> pl.DataFrame:
    """Count the people and searches of keywords by device.

    Args:
        daily_devices: `DAILY_DEVICES` of some days.
        variants: `query_id` and the `variant_id` of each of the keywords wanted.
        min_searchers: k.

    Returns:
        `variant_id`, and lists of equal length, the device of most people first: `devices`,
        `device_searchers`, `device_searches`. Keywords of which nothing may be told have no row.
    """
    rows = daily_devices.join(variants.lazy(), on="query_id").collect()
    used = rows.filter(pl.col("device") != UNKNOWN).group_by("device").agg(pl.col("searches").sum())
    largest = used.sort("searches", "device", descending=[True, False]).head(MOST_DEVICES)
    is_told_apart = pl.col("device").is_in(largest["device"].implode())
    named = rows.with_columns(
        device=pl.when(is_told_apart).then("device").otherwise(pl.lit(UNKNOWN))
    )
    groups = named.group_by(_KEY).agg(pl.col("searches").sum()).sort(_KEY)
    numbered = groups.with_row_index("row").cast({"row": pl.Int64})
    sketches = named.join(numbered.select(*_KEY, "row"), on=_KEY)
    people = different_people(sketches.select("row", "searchers_sketch"), "row")
    is_unknown, is_large = pl.col("device") == UNKNOWN, pl.col("searchers") >= min_searchers
    known = numbered.join(people, on="row").with_columns(
        leaves_few=(~is_large).any().over("variant_id")
        & ~(is_unknown & is_large).any().over("variant_id")
    )
    told = known.filter(is_large & ~is_unknown).sort(
        *("variant_id", "searchers", "device"), descending=[False, True, False]
    )
    is_smallest = pl.int_range(pl.len()).over("variant_id") == pl.len().over("variant_id") - 1
    return (
        told.filter(~(pl.col("leaves_few") & is_smallest))
        .group_by("variant_id", maintain_order=True)
        .agg(
            devices=pl.col("device"),
            device_searchers=pl.col("searchers"),
            device_searches=pl.col("searches"),
        )
    )
