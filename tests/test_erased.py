"""The list of those who were erased, and the rows that it withholds."""

from datetime import UTC, datetime

import polars as pl
import pytest

from pipeline.reading.erased import Erased, erased_rows
from pipeline.reading.formats import built_in
from pipeline.reading.searches import Circumstances, searches_of_lines
from pipeline.reading.user_ids import UserKeys, user_ids

KEYS = UserKeys.new()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def second(number: int) -> datetime:
    return NOON.replace(second=number)


def test_searches_up_to_the_erasure_are_withheld_and_later_ones_count() -> None:
    erased = Erased().with_users(["anna"], KEYS, second(5))
    users = pl.Series(["anna", "anna", "anna", "bori", None, "anna"])
    times = pl.Series([second(4), second(5), second(6), second(1), second(1), None])

    found = erased_rows(users, times, erased, KEYS)

    assert found.to_list() == [True, True, False, False, False, True]


def test_a_person_is_known_in_other_widths_and_after_a_new_key() -> None:
    erased = Erased().with_users(["anna"], KEYS, NOON)
    times = pl.Series([NOON, NOON])

    found = erased_rows(pl.Series(["ａｎｎａ", " anna"]), times, erased, KEYS.rotated())

    assert found.to_list() == [True, True]


def test_the_list_comes_back_as_it_was_written_and_names_nobody() -> None:
    erased = Erased().with_users(["anna"], KEYS, NOON)
    text = erased.to_text()

    assert Erased.from_text(text) == erased
    assert "anna" not in text
    assert str(user_ids(pl.Series(["anna"]), KEYS)[0]) not in text
    with pytest.raises(ValueError, match="no list"):
        Erased.from_text("[]")


def test_a_later_erasure_counts() -> None:
    erased = Erased().with_users(["anna"], KEYS, NOON).with_users(["anna"], KEYS, second(9))

    assert list(erased.until.values()) == [int(second(9).timestamp())]


def test_of_an_erased_search_only_its_time_and_the_reason_are_left() -> None:
    erased = Erased().with_users(["anna"], KEYS, NOON)
    log = [
        "2026-03-02T12:00:00Z\tanna\t한글\thttps://example.com\t1",
        "2026-03-02T12:00:00Z\tanna\t010-0000-1234",
        "2026-03-02T12:00:00Z\tbori\t010-0000-1234",
        "2026-03-02T12:00:00Z\tbori\t한글",
    ]
    how = Circumstances("UTC", None, NOON, KEYS, erased)

    raw = pl.Series([line.encode() for line in log])
    rows = searches_of_lines(raw, built_in("silgeom"), "UTF-8", how)

    assert rows["reason"].to_list() == ["erased", "erased", "personal_data", None]
    assert rows["user_id"].is_null().to_list() == [True, True, True, False]
    assert rows["query"].to_list() == [None, None, None, "한글"]
    of_anna = rows.head(2).drop("reason", "searched_at", "due")
    assert all(value is None for row in of_anna.rows() for value in row)
    assert rows["text"].is_null().to_list() == [True, True, False, True]
