"""Groups of rows that follow each other in sorted columns: where they begin, their sums."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def changes(*keys: Ints) -> Flags:
    """Whether a row differs from the one before in any of the keys; the first one does."""
    first = np.ones(len(keys[0]), dtype=np.bool_)
    first[1:] = False
    for key in keys:
        first[1:] |= key[1:] != key[:-1]
    return first


def sums(values: Ints, starts: Ints) -> Ints:
    """The sum of each group, whose first rows are `starts`."""
    total: Ints = np.add.reduceat(values, starts) if len(starts) else starts
    return total


def sizes(starts: Ints, rows: int) -> Ints:
    """The number of rows of each group, whose first rows are `starts`, among so many rows."""
    counts: Ints = np.diff(np.append(starts, rows))
    return counts


def places(starts: Ints, rows: int) -> Ints:
    """The place of each row in its group, from 0."""
    found: Ints = np.arange(rows) - np.repeat(starts, sizes(starts, rows))
    return found


def least_of_each(values: Ints, starts: Ints, most: int) -> pl.Series:
    """The first `most` values of each group: List(Int64), a row a group."""
    rows = len(values)
    offsets = np.concatenate([[0], np.cumsum(np.minimum(sizes(starts, rows), most))])
    kept = values[places(starts, rows) < most]
    return list_series(offsets, pl.Series(kept))


def list_series(offsets: Ints, values: pl.Series) -> pl.Series:
    """Lists one after another in `values`, each from one of the `offsets` to the next."""
    lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), values.to_arrow())
    made = pl.from_arrow(lists)
    assert isinstance(made, pl.Series)
    return made


def order_by(*keys: Ints) -> Ints:
    """The order of rows by whole numbers, the first key first; equal rows stay in order."""
    order: Ints = np.lexsort(keys[::-1])
    return order
