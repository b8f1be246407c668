"""Personal completions measured on a log that is known."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from silgeom.evaluate.log import EvaluationError, log_of, split
from silgeom.evaluate.personal import evaluate

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def measured(rows: list[tuple[float, int, str]], measure: str) -> dict[tuple[str, str], float]:
    """By people and method, of searches: hours after the beginning, user and query."""
    frame = pd.DataFrame(
        [(BEGIN + timedelta(hours=hour), user, query) for hour, user, query in rows],
        columns=["searched_at", "user_id", "query"],
    )
    parts = split(log_of(frame, "Asia/Seoul"), "Asia/Seoul", 0.5)
    found = evaluate(parts, floor=2)
    keys = zip(found["people"], found["method"], strict=True)
    return dict(zip(keys, found[measure].astype(float), strict=True))


def test_who_searches_for_the_same_every_day_is_helped_by_the_history() -> None:
    rows = [
        (24.0 * day + user / 100, user, chr(ord("가") + 613 * user) * 3)
        for day in range(10)
        for user in range(8)
    ]
    found = measured(rows, "mrr")

    assert found["all", "shared"] == 0.0
    assert found["all", "own"] == 1.0
    assert found["5 and more, not in this half hour", "both"] == 1.0


def test_what_follows_a_search_is_helped_by_the_sitting() -> None:
    names = [f"역{number}" for number in range(12)]
    rows = []
    for user in range(60):
        for at, query in enumerate((f"출발{user % 12}", names[user % 12])):
            rows.append((user + at / 60, user, query))
    found = measured(rows, "times")

    assert found["after another search", "session"] > 1.0
    assert found["after another search", "own"] == 1.0


def test_a_log_of_which_nothing_is_later_is_told() -> None:
    with pytest.raises(EvaluationError):
        measured([(0.0, 1, "하나")], "mrr")
