"""Durations in few numbers that add up: how many of them lie in each of some fixed buckets.

A bucket is a fifth wider than the one below it, so a quantile told from the counts is at most a
tenth off. A histogram is a list of structs of `bucket` and `searches`, by bucket, none empty.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

#: A click that comes later counts as one of half an hour: the silence that ends a session.
MOST_SECONDS: Final = 1_800

#: The upper end of bucket 0, and by how much each next one is wider.
_FIRST_SECONDS: Final = 0.25
_RATIO: Final = 2 ** (1 / 4)
_LAST: Final = int(np.ceil(np.log(MOST_SECONDS / _FIRST_SECONDS) / np.log(_RATIO)))

HISTOGRAM: Final = pl.List(pl.Struct({"bucket": pl.Int64(), "searches": pl.Int64()}))


def histograms(durations: pl.DataFrame, by: Sequence[str], name: str) -> pl.DataFrame:
    """Count durations in buckets.

    Args:
        durations: `by` and `seconds` (Float64, from 0, never null).
        by: the columns that identify a group.
        name: of the column of histograms.

    Returns:
        `by` and `name`.
    """
    capped = pl.col("seconds").clip(_FIRST_SECONDS, MOST_SECONDS)
    bucket = ((capped / _FIRST_SECONDS).log() / np.log(_RATIO)).ceil().cast(pl.Int64)
    counts = durations.group_by(*by, bucket=bucket).agg(searches=pl.len().cast(pl.Int64))
    return _gathered(counts, by, name)


def added_histograms(rows: pl.DataFrame, by: Sequence[str], name: str) -> pl.DataFrame:
    """One histogram for the rows of each group that has any: `by` and `name`."""
    counts = (
        rows.filter(pl.col(name).list.len() > 0)
        .select(*by, name)
        .explode(name)
        .unnest(name)
        .group_by(*by, "bucket")
        .agg(pl.col("searches").sum())
    )
    return _gathered(counts, by, name)


def medians(rows: pl.DataFrame, by: str, name: str) -> pl.DataFrame:
    """The median of the durations of each group, in seconds.

    Args:
        rows: `by` and histograms.
        by: the column that identifies a group.
        name: of the column of histograms.

    Returns:
        `by` and `seconds`, of groups with a duration. Within a bucket durations count as spread
        evenly; the upper end of the last one is `MOST_SECONDS`.
    """
    counts = (
        added_histograms(rows, [by], name).explode(name).unnest(name).sort(by, "bucket")
    ).with_columns(
        upto=pl.col("searches").cum_sum().over(by), half=pl.col("searches").sum().over(by) / 2
    )
    middle = counts.filter(pl.col("upto") >= pl.col("half")).group_by(by, maintain_order=True)
    low = pl.when(pl.col("bucket") > 0).then(_end(pl.col("bucket") - 1)).otherwise(0.0)
    share = 1 - (pl.col("upto") - pl.col("half")) / pl.col("searches")
    seconds = low + share * (_end(pl.col("bucket")) - low)
    return middle.first().select(by, seconds=seconds.round(2))


def _end(bucket: pl.Expr) -> pl.Expr:
    """The upper end of a bucket in seconds."""
    end = _FIRST_SECONDS * pl.lit(_RATIO).pow(bucket)
    return pl.when(bucket >= _LAST).then(float(MOST_SECONDS)).otherwise(end)


def _gathered(counts: pl.DataFrame, by: Sequence[str], name: str) -> pl.DataFrame:
    ordered = counts.sort(*by, "bucket")
    both = pl.struct("bucket", "searches").alias(name)
    return ordered.group_by(by, maintain_order=True).agg(both).cast({name: HISTOGRAM})
