"""Choosing the best rows of each group, the same ones on every run."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.errors import InvalidParameterError


def with_top_ranks(
    df: DataFrame, *, per: Sequence[str], best_first: Sequence[Column], limit: int
) -> DataFrame:
    """Keep the `limit` best rows of each group and number them from 1 in `rank` (int).

    Args:
        df: any DataFrame without a `rank` column.
        per: the columns that identify a group; none: all rows are one group.
        best_first: the order within a group. End it with a column that is
            unique in the group; a tie would be broken differently each run.
        limit: rows to keep of each group, at least 1.

    Raises:
        InvalidParameterError: `limit` is below 1.
    """
    if limit < 1:
        raise InvalidParameterError(f"limit must be at least 1, got {limit}")
    # A ranking window, not max_by(x, y, k): Spark cuts it to k rows before the shuffle.
    within_group = Window.partitionBy(*per).orderBy(*best_first)
    return df.withColumn("rank", F.row_number().over(within_group)).where(F.col("rank") <= limit)
