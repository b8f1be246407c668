"""Sorted rows in Arrow batches: what belongs together in one batch, and where it begins.

For functions that Spark runs on each partition (`mapInArrow`): Spark brings rows together and sorts
them, numpy counts. A hash table of Spark's with an object for each group takes twice as long.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import cloudpickle

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Batches = Iterator[pa.RecordBatch]

#: A group that waits for its end is folded when it has more rows than this.
FOLD_ROWS: Final = 500_000

# These functions run on executors, where the package may not be installed (a cluster gets the job's
# file alone): with this the module itself travels with them, not just its name.
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


def whole_groups(
    batches: Batches,
    names: Sequence[str],
    fold: Callable[[pa.RecordBatch], pa.RecordBatch] = lambda group: group,
) -> Batches:
    """Cut batches anew, so that all rows of a group are in one.

    Args:
        batches: rows of which those of a group follow each other.
        names: the columns, of whole numbers, that rows of a group have in common.
        fold: makes few rows, for the same result, of the many of one group whose end is not seen
            yet: so memory does not grow with it.
    """
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if not batch.num_rows:
            continue
        last = int(np.flatnonzero(changes(*columns(batch, names)))[-1])
        if last == 0 and waiting and _key(waiting[-1], -1, names) == _key(batch, 0, names):
            waiting.append(batch)
            if sum(part.num_rows for part in waiting) > FOLD_ROWS:
                waiting = [fold(_together(waiting))]
            continue
        if waiting or last:
            yield _together([*waiting, batch.slice(0, last)])
        waiting = [batch.slice(last)]
    if waiting:
        yield _together(waiting)


def columns(batch: pa.RecordBatch, names: Sequence[str]) -> list[Ints]:
    """Columns of whole numbers without nulls."""
    return [batch.column(name).to_numpy() for name in names]


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


def least_of_each(values: Ints, starts: Ints, size: int) -> pa.ListArray:
    """The first `size` values of each group."""
    counts = np.diff(np.append(starts, len(values)))
    place = np.arange(len(values)) - np.repeat(starts, counts)
    offsets = np.concatenate([[0], np.cumsum(np.minimum(counts, size))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values[place < size]))


def _key(batch: pa.RecordBatch, row: int, names: Sequence[str]) -> list[int]:
    return [batch.column(name)[row].as_py() for name in names]


def _together(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    parts = [batch for batch in batches if batch.num_rows] or batches[:1]
    if len(parts) == 1:
        return parts[0]
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
