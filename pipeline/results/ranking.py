"""Choosing the best rows of each group, the same ones on every run."""

from collections.abc import Sequence

import polars as pl

from pipeline.errors import InvalidParameterError


def with_top_ranks(
    rows: pl.DataFrame,
    *,
    per: Sequence[str],
    best_first: Sequence[tuple[str, bool]],
    limit: int,
) -> pl.DataFrame:
    """Keep the `limit` best rows of each group and number them from 1 in `rank` (Int32).

    Args:
        rows: any table without a `rank` column.
        per: the columns that identify a group; none: all rows are one group.
        best_first: the order within a group: a column, and whether more is better. End it with a
            column that is unique in the group; a tie would be broken differently each run.
        limit: rows to keep of each group, at least 1.

    Returns:
        The best rows of all groups, best first.

    Raises:
        InvalidParameterError: `limit` is below 1.
    """
    if limit < 1:
        raise InvalidParameterError(f"limit must be at least 1, got {limit}")
    names = [name for name, _ in best_first]
    ordered = rows.sort(names, descending=[more_is_better for _, more_is_better in best_first])
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32)
    numbered = ordered.with_columns(rank=rank.over(per) if per else rank)
    return numbered.filter(pl.col("rank") <= limit)
