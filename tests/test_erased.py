"""The list of those who were erased, and the rows that it withholds."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from pipeline.erased import Erased, erased_rows, without_erased
from pipeline.user_ids import UserKeys, user_ids

KEYS = UserKeys.new()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def second(number: int) -> datetime:
    return NOON.replace(second=number)


def test_searches_up_to_the_erasure_are_withheld_and_later_ones_count() -> None:
    erased = Erased().with_users(["anna"], KEYS, second(5))
    users = pa.array(["anna", "anna", "anna", "bori", None, "anna"])
    times = pa.array([second(4), second(5), second(6), second(1), second(1), None])

    found = erased_rows(users, times.cast(pa.timestamp("us", "UTC")), erased, KEYS)

    assert found.to_pylist() == [True, True, False, False, False, True]


def test_a_person_is_known_in_other_widths_and_after_a_new_key() -> None:
    erased = Erased().with_users(["anna"], KEYS, NOON)
    times = pa.array([NOON, NOON], pa.timestamp("us", "UTC"))

    found = erased_rows(pa.array(["ａｎｎａ", " anna"]), times, erased, KEYS.rotated())

    assert found.to_pylist() == [True, True]


def test_the_list_comes_back_as_it_was_written_and_names_nobody() -> None:
    erased = Erased().with_users(["anna"], KEYS, NOON)
    text = erased.to_text()

    assert Erased.from_text(text) == erased
    assert "anna" not in text
    assert str(user_ids(pa.array(["anna"]), KEYS)[0]) not in text
    with pytest.raises(ValueError, match="no list"):
        Erased.from_text("[]")


def test_a_later_erasure_counts() -> None:
    erased = Erased().with_users(["anna"], KEYS, NOON).with_users(["anna"], KEYS, second(9))

    assert list(erased.until.values()) == [int(second(9).timestamp())]


def test_of_an_erased_search_only_its_place_and_the_reason_are_left() -> None:
    batch = pa.RecordBatch.from_pylist(
        [
            {"line": n, "reason": reason, "text": text, "searched_at": NOON, "user_id": user}
            | {"query_id": n, "query": q, "surface": q, "clicked_url": q, "clicked_rank": n}
            for n, reason, text, user, q in [
                (1, None, None, "anna", "한글"),
                (2, "personal_data", "12:00 <user> ***", "anna", None),
                (3, "personal_data", "12:00 <user> ***", "bori", None),
                (4, None, None, "bori", "한글"),
            ]
        ],
        pa.schema(
            [
                ("line", pa.int64()),
                ("reason", pa.string()),
                ("text", pa.string()),
                ("searched_at", pa.timestamp("us", "UTC")),
                ("user_id", pa.string()),
                ("query_id", pa.int64()),
                ("query", pa.string()),
                ("surface", pa.string()),
                ("clicked_url", pa.string()),
                ("clicked_rank", pa.int32()),
            ]
        ),
    )
    erased = Erased().with_users(["anna"], KEYS, NOON)

    (out,) = without_erased(KEYS, erased)(iter([batch]))

    rows = out.to_pylist()
    assert [row["reason"] for row in rows] == ["erased", "erased", "personal_data", None]
    assert [row["text"] for row in rows] == [None, None, "12:00 <user> ***", None]
    assert [row["user_id"] for row in rows[:3]] == [None, None, None]
    assert rows[3]["user_id"] == "bori"
    assert [row["query"] for row in rows] == [None, None, None, "한글"]
