"""Groups that lie in several batches, and those that are too large to wait for their end."""

import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from pipeline import batches, counts, sessions
from pipeline.batches import whole_groups

Rows = Sequence[dict[str, Any]]


def in_batches(rows: Rows, sizes: Sequence[int], schema: pa.Schema) -> list[pa.RecordBatch]:
    """The rows in batches of these sizes, again and again."""
    found, begin, turn = [], 0, 0
    while begin < len(rows):
        size = sizes[turn % len(sizes)]
        found.append(pa.RecordBatch.from_pylist(rows[begin : begin + size], schema=schema))
        begin, turn = begin + size, turn + 1
    return found


NUMBERS = pa.schema({"key": pa.int64(), "value": pa.int64()})


def test_a_group_is_never_in_two_batches() -> None:
    rows = [
        {"key": key, "value": value} for key, n in enumerate([3, 1, 9, 2]) for value in range(n)
    ]

    for sizes in ([1], [2], [4, 0, 1], [100]):
        whole = [
            batch.to_pylist()
            for batch in whole_groups(iter(in_batches(rows, sizes, NUMBERS)), ["key"])
        ]

        assert [row for batch in whole for row in batch] == rows
        keys = [key for batch in whole for key in {row["key"] for row in batch}]
        assert len(keys) == len(set(keys))


def test_batches_without_rows_make_no_groups() -> None:
    empty = pa.RecordBatch.from_pylist([], schema=NUMBERS)

    assert list(whole_groups(iter([empty, empty]), ["key"])) == []
    assert list(whole_groups(iter([]), ["key"])) == []


SEARCHED = pa.schema(
    {
        "query_id": pa.int64(),
        "day": pa.int64(),
        "user_id": pa.int64(),
        "query": pa.string(),
        "surface": pa.string(),
    }
)
PAIRS = pa.schema(
    {
        "first_id": pa.int64(),
        "second_id": pa.int64(),
        "day": pa.int64(),
        "user_id": pa.int64(),
        "seconds_between": pa.int64(),
        "opened": pa.int64(),
    }
)


def searched(rng: random.Random) -> Rows:
    """One query with far more people than a sketch holds, between two small ones."""
    typed = [
        (query_id, user)
        for query_id, people, size in [(1, 3, 5), (2, 60, 300), (3, 1, 2)]
        for user in sorted(rng.choices(range(people), k=size))
    ]
    return [
        {
            "query_id": query_id,
            "day": 7,
            "user_id": user,
            "query": f"q{query_id}",
            "surface": rng.choice([None, f"Q{query_id}", f"q{query_id}!"]),
        }
        for query_id, user in typed
    ]


def paired(rng: random.Random) -> Rows:
    pairs = [
        (first, second, user)
        for first, second, people, size in [(1, 1, 50, 200), (1, 2, 50, 200), (2, 1, 3, 4)]
        for user in sorted(rng.choices(range(people), k=size))
    ]
    return [
        {
            "first_id": first,
            "second_id": second,
            "day": 7,
            "user_id": user,
            "seconds_between": 0 if first == second else rng.randrange(300),
            "opened": int(first == second and rng.random() < 0.5),
        }
        for first, second, user in pairs
    ]


@pytest.mark.parametrize("seed", range(5))
def test_a_group_that_was_folded_counts_the_same(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    for module, count, rows, schema in [
        (counts, counts._daily_counts_of_queries, searched(rng), SEARCHED),
        (sessions, sessions._daily_counts_of_pairs, paired(rng), PAIRS),
    ]:
        monkeypatch.setattr(module, "SKETCH_SIZE", 8)
        monkeypatch.setattr(batches, "FOLD_ROWS", 10**9)
        at_once = [
            row
            for batch in count(iter(in_batches(rows, [10**6], schema)))
            for row in batch.to_pylist()
        ]

        monkeypatch.setattr(batches, "FOLD_ROWS", 20)
        folded = [
            row
            for batch in count(iter(in_batches(rows, [7, 3], schema)))
            for row in batch.to_pylist()
        ]

        assert len(at_once) == 3
        assert folded == at_once
