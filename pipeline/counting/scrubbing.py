"""Take people out of stored rows: what can be done without the searches that the rows come from.

Pure functions on Arrow tables. Where the searches of a day are still there its counts are made
again from them, and none of this is needed but for `without_people`.
"""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.counting import clicks
from pipeline.counting.groups import Ints
from pipeline.counting.people import SKETCH_SIZE


def without_people(rows: pa.Table, column: str, ids: Collection[int]) -> pa.Table:
    """The rows of all others.

    Args:
        rows: with `column`, an int64 or the field of a struct ("search.user_id"); null stays.
        column: where the person stands.
        ids: of the people that go.
    """
    name, *fields = column.split(".")
    values = rows[name].combine_chunks()
    for each in fields:
        values = pc.struct_field(values, each)
    gone = pc.is_in(values, value_set=pa.array(sorted(ids), pa.int64()))
    return rows.filter(pc.invert(pc.fill_null(gone, False)))


def scrubbed_daily_counts(rows: pa.Table, ids: Collection[int]) -> tuple[pa.Table, list[int]]:
    """Counts of a day without these people, and the queries that nobody else typed.

    A person whom a sketch names is taken out of it and out of `searchers`, and one search for each
    of them out of `searches`: how many more there were nobody can tell. Nor can it be told, where
    more than `SKETCH_SIZE` people typed a query, that someone was among those whom it leaves out.

    Args:
        rows: `DAILY_COUNTS` of a day.
        ids: of the people that go.
    """
    sketches, taken = _without(rows["searchers_sketch"], ids)
    searchers = pc.subtract(rows["searchers"].combine_chunks(), taken)
    searches = pc.max_element_wise(pc.subtract(rows["searches"].combine_chunks(), taken), searchers)
    changed = _replaced(rows, searchers_sketch=sketches, searchers=searchers, searches=searches)
    nobody = pc.equal(searchers, 0)
    return changed.filter(pc.invert(nobody)), rows["query_id"].filter(nobody).to_pylist()


def scrubbed_daily_pairs(rows: pa.Table, ids: Collection[int], gone: Collection[int]) -> pa.Table:
    """Pairs of a day without these people, and without queries that nobody else typed.

    One session goes for each person whom the sketch of a pair names; a pair of nobody else goes.

    Args:
        rows: `DAILY_PAIRS` of a day.
        ids: of the people that go.
        gone: query ids of `scrubbed_daily_counts`.
    """
    sketches, taken = _without(rows["searchers_sketch"], ids)
    sessions = pc.subtract(rows["sessions"].combine_chunks(), taken)
    left = pc.list_value_length(sketches)
    sessions = pc.if_else(
        pc.greater(taken, 0), pc.max_element_wise(sessions, left), rows["sessions"].combine_chunks()
    )
    soon = pc.min_element_wise(rows["soon"].combine_chunks(), sessions)
    changed = _replaced(rows, searchers_sketch=sketches, sessions=sessions, soon=soon)
    nobody = pc.fill_null(pc.equal(left, 0), False)
    unknown = _of_any(rows, gone, "first_id", "second_id")
    return changed.filter(pc.invert(pc.or_(nobody, unknown)))


def scrubbed_daily_devices(rows: pa.Table, ids: Collection[int], gone: Collection[int]) -> pa.Table:
    """Counts by device of a day without these people, and without queries that nobody else typed.

    One search goes for each person whom a sketch names; a row of nobody else goes.

    Args:
        rows: `DAILY_DEVICES` of a day.
        ids: of the people that go.
        gone: query ids of `scrubbed_daily_counts`.
    """
    sketches, taken = _without(rows["searchers_sketch"], ids)
    left = pc.list_value_length(sketches)
    fewer = pc.max_element_wise(pc.subtract(rows["searches"].combine_chunks(), taken), left)
    changed = _replaced(rows, searchers_sketch=sketches, searches=fewer)
    unknown = _of_any(rows, gone, "query_id", "query_id")
    return changed.filter(pc.invert(pc.or_(pc.equal(left, 0), unknown)))


def scrubbed_daily_clicks(rows: pa.Table, ids: Collection[int], gone: Collection[int]) -> pa.Table:
    """Clicks of a day without these people, and without queries that nobody else typed.

    One search of each kind goes for each person whom the sketch of the kind names; ranks and times
    of clicks stay as they are while somebody else's are left. A row of nobody else goes.

    Args:
        rows: `DAILY_CLICKS` of a day; those of an older layout lack columns.
        ids: of the people that go.
        gone: query ids of `scrubbed_daily_counts`.
    """
    changed = rows
    known = {each: name for each, name in clicks.SKETCHES.items() if each in rows.column_names}
    for sketch, name in known.items():
        sketches, taken = _without(rows[sketch], ids)
        number = rows[name].combine_chunks()
        fewer = pc.max_element_wise(pc.subtract(number, taken), pc.list_value_length(sketches))
        left = pc.if_else(pc.greater(taken, 0), fewer, number)
        changed = _replaced(changed, **{sketch: sketches, name: left})
    # Where nobody is left who clicked, no click is.
    of_clicks = ("clicks", "ranked", "rank_sum", "first_ranked", "first_rank_sum")
    clicked = pc.greater(changed["clicked"].combine_chunks(), 0)
    zeros = pc.multiply(changed["clicked"].combine_chunks(), 0)
    kept = {each: pc.if_else(clicked, changed[each].combine_chunks(), zeros) for each in of_clicks}
    changed = _replaced(changed, **kept)
    if clicks.DURATIONS in rows.column_names:  # layouts before 4 had none
        durations = changed[clicks.DURATIONS].combine_chunks()
        is_timed = pc.greater(changed["timed"].combine_chunks(), 0).to_numpy(zero_copy_only=False)
        places = np.where(is_timed, np.arange(len(rows)), len(rows))
        with_none = pa.concat_arrays([durations, pa.array([[]], durations.type)])
        changed = _replaced(changed, **{clicks.DURATIONS: with_none.take(pa.array(places))})
    nobody = pc.equal(pc.list_value_length(changed["searchers_sketch"].combine_chunks()), 0)
    return changed.filter(pc.invert(pc.or_(nobody, _of_any(rows, gone, "query_id", "into_id"))))


def scrubbed_daily_addresses(
    rows: pa.Table, ids: Collection[int], gone: Collection[int]
) -> pa.Table:
    """Addresses of a day without these people, and without queries that nobody else typed.

    One click goes for each person; an address that nobody else clicked goes.

    Args:
        rows: `DAILY_ADDRESSES` of a day.
        ids: of the people that go.
        gone: query ids of `scrubbed_daily_counts`.
    """
    sketches, taken = _without(rows["searchers_sketch"], ids)
    left = pc.list_value_length(sketches)
    fewer = pc.max_element_wise(pc.subtract(rows["clicks"].combine_chunks(), taken), left)
    changed = _replaced(rows, searchers_sketch=sketches, clicks=fewer)
    is_gone = pc.is_in(
        rows["query_id"].combine_chunks(), value_set=pa.array(sorted(gone), pa.int64())
    )
    return changed.filter(pc.invert(pc.or_(pc.equal(left, 0), is_gone)))


def scrubbed_hourly_counts(rows: pa.Table, gone: Collection[int]) -> pa.Table:
    """Hours of a day without queries that nobody else typed on it: who typed the others is unknown.

    Args:
        rows: `HOURLY_COUNTS` of a day.
        gone: query ids of `scrubbed_daily_counts`.
    """
    is_gone = pc.is_in(rows["query_id"], value_set=pa.array(sorted(gone), pa.int64()))
    return rows.filter(pc.invert(is_gone))


def holding(column: pa.ChunkedArray, ids: Collection[int]) -> pa.Array:
    """Which rows of lists have one of the ids: boolean; of null, false."""
    return pc.greater(_without(column, ids)[1], 0)


def _without(column: pa.ChunkedArray, ids: Collection[int]) -> tuple[pa.Array, pa.Array]:
    """Sketches without the ids, and how many each lost.

    A full sketch stays full, or it would be read as the whole: in place of an id comes a number in
    the middle between its neighbours, which tells nothing of it and leaves the estimate as it is.
    """
    lists = pa.concat_arrays([pa.array([], column.type), *column.chunks])
    flat = lists.flatten()
    hit = pc.is_in(flat, value_set=pa.array(sorted(ids), pa.int64()))
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    taken = np.bincount(rows[hit.to_numpy(zero_copy_only=False)], minlength=len(lists)).astype(
        np.int64
    )
    changed = np.flatnonzero(taken)
    if not len(changed):
        return lists, pa.array(taken)
    # As many rows as one person typed queries on a day.
    new = pa.array(_scrubbed(lists, changed, set(ids)), lists.type)
    place = np.arange(len(lists))
    place[changed] = len(lists) + np.arange(len(changed))
    return pa.concat_arrays([lists, new]).take(pa.array(place)), pa.array(taken)


def _scrubbed(lists: pa.Array, rows: Ints, ids: set[int]) -> list[list[int]]:
    found = []
    for people in lists.take(pa.array(rows)).to_pylist():
        kept = [each for each in people if each not in ids]
        if len(people) == SKETCH_SIZE:
            kept = _filled(kept, [each for each in people if each in ids], ids)
        found.append(kept)
    return found


def _filled(kept: list[int], gone: list[int], ids: set[int]) -> list[int]:
    """As many numbers as before: for each that is gone, one from the middle of a gap beside it."""
    least = -(2**63)
    for each in gone:
        place = int(np.searchsorted(kept, each))
        below = kept[place - 1] if place else least
        above = kept[place] if place < len(kept) else each
        middle = (below + above) // 2
        while middle in ids:
            middle -= 1
        if below < middle:  # ids are spread over all numbers: there is room
            kept.insert(place, middle)
    return kept


def _of_any(rows: pa.Table, queries: Collection[int], first: str, second: str) -> pa.Array:
    """Which rows have one of the queries in either column."""
    wanted = pa.array(sorted(queries), pa.int64())
    return pc.or_(
        pc.is_in(rows[first].combine_chunks(), value_set=wanted),
        pc.is_in(rows[second].combine_chunks(), value_set=wanted),
    )


def _replaced(rows: pa.Table, **columns: pa.Array) -> pa.Table:
    for name, values in columns.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(name), values)
    return rows
