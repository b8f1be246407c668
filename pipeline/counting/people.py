"""How many different people there are in several counts: sketches that can be united.

A sketch is the least `SKETCH_SIZE` of the people's ids, ascending (list of Int64). Ids are hashes,
spread evenly, so the k-th least tells how dense they lie (Beyer and others, On synopses for
distinct-value estimation, SIGMOD 2007). It has the same bytes on every run (docs/decisions/0003).
"""

from typing import Final

import numpy as np
import polars as pl

from pipeline.counting.groups import changes, least_of_each, order_by, places, sizes

#: Below so many people the number is exact; above, its standard error is 1 / √(SKETCH_SIZE - 2),
#: 3.1 %.
SKETCH_SIZE: Final = 1024


def united(sketches: pl.DataFrame, by: str) -> pl.DataFrame:
    """One sketch for the rows of each group.

    Args:
        sketches: `by` (Int64) and `searchers_sketch`; without nulls.
        by: the column that identifies a group.

    Returns:
        `by`, rising, and `searchers_sketch`.
    """
    key, user = _people(sketches, by)
    starts = np.flatnonzero(changes(key))
    return pl.DataFrame(
        {by: key[starts], "searchers_sketch": least_of_each(user, starts, SKETCH_SIZE)}
    )


def different_people(sketches: pl.DataFrame, by: str) -> pl.DataFrame:
    """The number of different people of each group.

    Args:
        sketches: `by` (Int64) and `searchers_sketch`; without nulls.
        by: the column that identifies a group.

    Returns:
        `by`, rising, and `searchers`: exact below `SKETCH_SIZE`, else estimated.
    """
    key, user = _people(sketches, by)
    starts = np.flatnonzero(changes(key))
    people = sizes(starts, len(key))
    # Ids are spread over all of Int64: the share of them below the last one in the sketch.
    last = np.flatnonzero(places(starts, len(key)) == SKETCH_SIZE - 1)
    below_last = (user[last].astype(np.float64) + 2.0**63) / 2.0**64
    people[people >= SKETCH_SIZE] = np.floor((SKETCH_SIZE - 1) / below_last + 0.5).astype(np.int64)
    return pl.DataFrame({by: key[starts], "searchers": people})


def _people(sketches: pl.DataFrame, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Each person of each group once, by group and id."""
    flat = sketches.select(by, user="searchers_sketch").explode("user", empty_as_null=False)
    key, user = flat[by].to_numpy(), flat["user"].to_numpy()
    order = order_by(key, user)
    key, user = key[order], user[order]
    once = changes(key, user)
    return key[once], user[once]
