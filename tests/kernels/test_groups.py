from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.counting.clocks import local_seconds
from pipeline.counting.groups import order_by, order_of_searches, summed, sums_over
from tests.kernels.drawn import draws

LEAST, MOST = -(2**63), 2**63 - 1
#: Small ones and hashes, and such as differ in their last bits alone.
NUMBERS = st.one_of(
    st.integers(0, 2),
    st.integers(LEAST, MOST),
    st.sampled_from([LEAST, LEAST + 1, MOST - 1, MOST]),
)


@draws(200)
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=40), keys=st.integers(1, 3))
def test_rows_are_ordered_by_all_keys_and_equal_rows_stay_in_order(
    rows: list[tuple[int, int, int]], keys: int
) -> None:
    columns = [np.array([row[key] for row in rows], dtype=np.int64) for key in range(keys)]

    order = order_by(*columns)

    assert order.tolist() == sorted(range(len(rows)), key=lambda row: rows[row][:keys])


@draws(100)
@given(rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), NUMBERS), max_size=20))
def test_searches_come_in_order_from_any_order(rows: list[tuple[int, int, int]]) -> None:
    user, second, query = (np.array([row[key] for row in rows], dtype=np.int64) for key in range(3))

    order = order_of_searches(user, second, query)

    assert [rows[row] for row in order] == sorted(rows)


@draws(100)
@given(rows=st.lists(st.tuples(NUMBERS, st.integers(0, 9), st.integers(-9, 9)), max_size=30))
def test_numbers_add_up_by_key(rows: list[tuple[int, int, int]]) -> None:
    schema = {"query_id": pl.Int64, "searches": pl.Int64, "change": pl.Int64}
    table = pl.DataFrame(rows, schema=schema, orient="row")

    found = summed(table, "query_id", "searches", "change")
    of_rows = sums_over(table["query_id"].to_numpy(), table["searches"].to_numpy())

    added: dict[int, list[int]] = {}
    for key, searches, change in rows:
        before = added.get(key, [0, 0])
        added[key] = [before[0] + searches, before[1] + change]
    assert found.rows() == [(key, *added[key]) for key in sorted(added)]
    assert found.schema == schema
    assert of_rows.tolist() == [added[key][0] for key, _, _ in rows]


@pytest.mark.parametrize("every", [7, 100_003])  # seconds; more rows than minutes, and fewer
@pytest.mark.parametrize("zone", ["Asia/Seoul", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"])
def test_clocks_show_what_they_show_to_polars_when_they_are_set_too(zone: str, every: int) -> None:
    begin = int(datetime(2026, 2, 14, tzinfo=UTC).timestamp())  # Casablanca sets its clocks twice
    second = pl.Series(range(begin, begin + 60 * 86_400, every))
    searched_at = (second * 1_000_000 + 999_999).cast(pl.Datetime("us", "UTC"))

    found, local = local_seconds(searched_at, zone)

    shown = searched_at.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    assert found.tolist() == second.to_list()
    assert local.tolist() == shown.dt.epoch("s").to_list()
