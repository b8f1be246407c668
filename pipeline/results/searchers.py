"""How many different people are behind counts of several days, as far as results need it."""

import polars as pl

from pipeline.counting.people import SKETCH_SIZE


def enough_people(sketches: pl.DataFrame, by: str, min_searchers: int) -> pl.DataFrame:
    """The groups of so many different people: as `different_people` counts them, only faster.

    Args:
        sketches: `by` and `searchers_sketch`; without nulls.
        by: the column that identifies a group.
        min_searchers: different people.

    Returns:
        `by` and `searchers` (Int64): exact below `SKETCH_SIZE`, else estimated.
    """
    ids = pl.col("searchers_sketch").explode(empty_as_null=False)
    of_group = sketches.group_by(by).agg(ids=ids.unique())
    counted = of_group.select(by, searchers=pl.col("ids").list.len().cast(pl.Int64))
    # Only what very many people typed has to be sorted. Ids are spread over all of Int64: the share
    # of them below the last one in the sketch.
    last = of_group.filter(counted["searchers"] >= SKETCH_SIZE).select(
        by, last=pl.col("ids").list.sort().list.get(SKETCH_SIZE - 1)
    )
    below_last = (pl.col("last").cast(pl.Float64) + 2.0**63) / 2.0**64
    estimated = ((SKETCH_SIZE - 1) / below_last + 0.5).floor().cast(pl.Int64)
    return (
        counted.filter(pl.col("searchers") >= min_searchers)
        .join(last, on=by, how="left")
        .select(by, searchers=pl.coalesce(estimated, "searchers"))
    )
