"""People taken out of stored counts, on small tables with the numbers counted by hand."""

import pyarrow as pa
import pytest

from pipeline.counting.people import SKETCH_SIZE
from pipeline.counting.scrubbing import (
    scrubbed_daily_counts,
    scrubbed_daily_pairs,
    scrubbed_hourly_counts,
    without_people,
)

ANNA, BORI = -7_000_000_000, 5_000_000_000


def daily(*rows: tuple[int, int, list[int], int]) -> pa.Table:
    """`query_id`, `searchers`, `searchers_sketch`, `searches`."""
    names = ["query_id", "searchers", "searchers_sketch", "searches"]
    types = [pa.int64(), pa.int64(), pa.list_(pa.int64()), pa.int64()]
    return pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in rows],
        pa.schema(list(zip(names, types, strict=True))),
    )


def test_a_person_goes_out_of_sketch_and_counts_and_what_nobody_else_typed_goes_whole() -> None:
    rows = daily((1, 2, [ANNA, BORI], 5), (2, 1, [ANNA], 3), (3, 1, [BORI], 1))

    left, gone = scrubbed_daily_counts(rows, {ANNA})

    assert left.to_pylist() == [
        {"query_id": 1, "searchers": 1, "searchers_sketch": [BORI], "searches": 4},
        {"query_id": 3, "searchers": 1, "searchers_sketch": [BORI], "searches": 1},
    ]
    assert gone == [2]


def test_two_people_go_at_once_and_searches_are_never_fewer_than_people() -> None:
    rows = daily((1, 3, [ANNA, BORI, BORI + 9], 3))

    left, _ = scrubbed_daily_counts(rows, {ANNA, BORI})

    assert left.to_pylist() == [
        {"query_id": 1, "searchers": 1, "searchers_sketch": [BORI + 9], "searches": 1}
    ]


@pytest.mark.parametrize("place", [0, 500, SKETCH_SIZE - 1])
def test_a_full_sketch_stays_full_and_tells_nothing_of_who_went(place: int) -> None:
    people = [n * 1_000_000 for n in range(-512, 512)]
    rows = daily((1, 5000, people, 9000))

    left, _ = scrubbed_daily_counts(rows, {people[place]})

    (row,) = left.to_pylist()
    sketch = row["searchers_sketch"]
    assert row["searchers"] == 4999
    assert len(sketch) == SKETCH_SIZE
    assert sketch == sorted(set(sketch))
    assert people[place] not in sketch
    assert len(set(sketch) - set(people)) == 1
    # What is estimated rests on the last one: it moves by less than the gap it lies in.
    assert people[-1] - sketch[-1] <= 500_000


def test_without_a_hit_counts_are_what_they_were() -> None:
    rows = daily((1, 1, [BORI], 1))

    assert scrubbed_daily_counts(rows, {ANNA}) == (rows, [])
    assert scrubbed_daily_counts(daily(), {ANNA}) == (daily(), [])


def test_pairs_lose_the_person_and_those_of_nobody_else_go() -> None:
    names = ["first_id", "second_id", "sessions", "searchers_sketch", "soon"]
    types = [pa.int64(), pa.int64(), pa.int64(), pa.list_(pa.int64()), pa.int64()]
    rows = [
        (1, 2, 5, [ANNA, BORI], 5),  # four sessions of Bori and Anna are left
        (1, 3, 2, [ANNA], 1),  # nobody's any more
        (1, 1, 7, None, 0),  # a query with itself does not tell whose
        (4, 4, 1, None, 0),  # nobody else typed 4
    ]
    table = pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in rows],
        pa.schema(list(zip(names, types, strict=True))),
    )

    left = scrubbed_daily_pairs(table, {ANNA}, [4])

    assert [tuple(row.values()) for row in left.to_pylist()] == [
        (1, 2, 4, [BORI], 4),
        (1, 1, 7, None, 0),
    ]


def test_hours_lose_queries_that_nobody_else_typed() -> None:
    rows = pa.table({"query_id": [1, 2], "searchers": [3, 1]})

    assert scrubbed_hourly_counts(rows, [2]).to_pylist() == [{"query_id": 1, "searchers": 3}]


def test_rows_of_others_stay_in_plain_columns_and_in_structs() -> None:
    searches = pa.table({"user_id": [ANNA, BORI, ANNA], "n": [1, 2, 3]})
    rejects = pa.table({"n": [1, 2, 3], "search": [{"user_id": ANNA}, None, {"user_id": BORI}]})

    assert without_people(searches, "user_id", {ANNA})["n"].to_pylist() == [2]
    assert without_people(rejects, "search.user_id", {ANNA})["n"].to_pylist() == [2, 3]
