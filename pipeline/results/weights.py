"""Ages and weights, counted in whole numbers so that sums do not depend on the order of rows."""

from typing import Final

import polars as pl

#: Weights are in millionths: sums of whole numbers come out the same in any order.
WEIGHT_UNIT: Final = 1_000_000


def decayed(age: pl.Expr, half_life: float) -> pl.Expr:
    """The weight 2^(-age / half_life) in `WEIGHT_UNIT`, rounded half up, as Int64."""
    weight = pl.lit(2.0).pow(-age.cast(pl.Float64) / half_life) * WEIGHT_UNIT
    return (weight + 0.5).floor().cast(pl.Int64)
