"""Groups of rows that follow each other in sorted columns: where they begin, their sums."""

from collections.abc import Sequence

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


def summed(rows: pl.DataFrame, by: str, *numbers: str) -> pl.DataFrame:
    """The sums of some columns over the rows of each group, where most groups have few.

    Of a million different queries it costs a tenth to sort their ids of what it does to hash them.

    Args:
        rows: `by` and `numbers`, Int64; without nulls.
        by: the column that identifies a group.
        numbers: columns that add up.

    Returns:
        `by`, rising, and the sums.
    """
    key = rows[by].to_numpy()
    order = order_by(key)
    key = key[order]
    starts = np.flatnonzero(changes(key))
    added = {name: sums(rows[name].to_numpy()[order], starts) for name in numbers}
    return pl.DataFrame({by: key[starts], **added})


def sums_over(key: Ints, values: Ints) -> Ints:
    """Of each row the sum of all rows with its key."""
    order = order_by(key)
    starts = np.flatnonzero(changes(key[order]))
    found = np.empty_like(values)
    found[order] = np.repeat(sums(values[order], starts), sizes(starts, len(key)))
    return found


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
    lengths = sizes(starts, rows)
    # Few groups have more than that, often none.
    if len(lengths) and lengths.max() > most:
        values = values[places(starts, rows) < most]
        lengths = np.minimum(lengths, most)
    return list_series(lengths, values)


def list_series(lengths: Ints, values: Ints) -> pl.Series:
    """Lists of so many values each, one after another."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    # Of buffers: `pa.array` of an array of numpy's imports pandas.
    items = pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
    begins = [None, pa.py_buffer(offsets)]
    kind = pa.large_list(pa.int64())
    made = pl.from_arrow(pa.Array.from_buffers(kind, len(lengths), begins, children=[items]))
    assert isinstance(made, pl.Series)
    return made


def is_ordered(*keys: Ints) -> bool:
    """Whether rows are in the order of some keys, the first key first."""
    tied: Flags = np.ones(max(0, len(keys[0]) - 1), dtype=np.bool_)
    for key in keys:
        if (tied & (key[1:] < key[:-1])).any():
            return False
        tied &= key[1:] == key[:-1]
    return True


def order_by(*keys: Ints) -> Ints:
    """The order of rows by whole numbers, the first key first; equal rows stay in order."""
    if is_ordered(*keys):
        return np.arange(len(keys[0]))
    *others, last = _together(keys)
    order = _stable_order(last)
    for key in others[::-1]:
        order = order[_stable_order(key[order])]
    return order


def order_of_searches(user: Ints, second: Ints, query: Ints) -> Ints:
    """The order of searches by person, time and query.

    Stored searches are in order, and so are those of several days or runs, of each: where one
    follows the other in time, it is enough to bring people together.
    """
    order = order_by(user)
    if is_ordered(user[order], second[order], query[order]):
        return order
    return order_by(user, second, query)


def _together(keys: Sequence[Ints]) -> list[Ints]:
    """The same order by fewer keys: neighbours become one where their bits and a row's fit into 64.

    There is at least one row.
    """
    room = 63 - (len(keys[0]) - 1).bit_length()
    found: list[tuple[Ints, int, int]] = []  # key, its least, bits above it
    for key in keys:
        low = int(key.min())
        bits = (int(key.max()) - low).bit_length()
        if found and found[-1][2] + bits <= room:
            before, least, more = found[-1]
            found[-1] = ((before - least) << bits) + (key - low), 0, more + bits
        else:
            found.append((key, low, bits))
    return [key for key, _, _ in found]


def _stable_order(key: Ints) -> Ints:
    """The order of one or more rows by a key; equal rows stay in order.

    Numbers are sorted many times as fast as rows by them. So each key takes its row along, in its
    lower bits: those of the key that find no room must have been without meaning, as those of
    hashes nearly always are.
    """
    if is_ordered(key):
        return np.arange(len(key))
    low = int(key.min())
    rows = (len(key) - 1).bit_length()
    dropped = max(0, (int(key.max()) - low).bit_length() + rows - 64)
    taken = key.astype(np.uint64)
    taken -= np.uint64(low % 2**64)
    taken >>= np.uint64(dropped)
    taken <<= np.uint64(rows)
    taken |= np.arange(len(key), dtype=np.uint64)
    taken.sort()
    taken &= np.uint64(2**rows - 1)
    order: Ints = taken.view(np.int64)
    if dropped and not is_ordered(key[order]):
        order = np.argsort(key, kind="stable")
    return order
