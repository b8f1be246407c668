"""What evaluations learn from: a log in arrays, its parts in time, and intervals over users."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline.language.queries import variant_keys
from silgeom.evaluate.intervals import Bootstrap
from silgeom.evaluate.log import (
    EvaluationError,
    Log,
    asked,
    log_of,
    read_log,
    sessions,
    split,
    variant_key,
)

ZONE = "Asia/Seoul"


def log(*rows: tuple[str, int, str]) -> Log:
    """Searches of a time (UTC), a user and a query."""
    return log_of(pd.DataFrame(rows, columns=["searched_at", "user_id", "query"]), ZONE)


def test_searches_are_put_in_order_and_into_days_of_the_zone() -> None:
    found = log(("2026-03-02T15:00:00", 7, "b"), ("2026-03-02T14:59:59", 9, "a"))

    assert [found.texts[query] for query in found.query] == ["a", "b"]
    assert np.diff(found.second).tolist() == [1]
    assert np.diff(found.day).tolist() == [1]  # midnight in Seoul lies between


def test_a_short_log_is_cut_at_a_second_and_a_long_one_at_midnight() -> None:
    minutes = log(*((f"2026-03-02T03:{minute:02}:00", minute, "a") for minute in range(8)))
    parts = split(minutes, ZONE, 0.75)
    assert (len(parts.training), len(parts.later)) == (6, 2)

    days = log(
        *(
            (f"2026-03-{day:02}T02:{minute:02}:00", 1, "a")
            for day in range(1, 6)
            for minute in range(4)
        )
    )
    parts = split(days, ZONE, 0.7)  # at eleven of the fourth day
    assert len(parts.training) == 12
    assert str(parts) == "12 searches before 2026-03-04 00:00:00 Asia/Seoul, 8 after"


def test_a_log_of_one_moment_cannot_be_cut() -> None:
    with pytest.raises(EvaluationError, match="more than one moment"):
        split(log(("2026-03-02T03:00:00", 1, "a"), ("2026-03-02T03:00:00", 2, "b")), ZONE)


def test_a_root_without_searches_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"take a log in with jobs/ingest\.py"):
        read_log(tmp_path)


def test_sessions_end_with_half_an_hour_of_silence_or_another_person() -> None:
    found = log(
        ("2026-03-02T03:00:00", 1, "a"),
        ("2026-03-02T03:29:59", 1, "b"),
        ("2026-03-02T03:59:59", 1, "c"),
        ("2026-03-02T03:59:59", 2, "d"),
    )

    order, number = sessions(found)

    assert [found.texts[query] for query in found.query[order]] == ["a", "b", "c", "d"]
    assert number.tolist() == [0, 0, 1, 2]


def test_whole_users_ask() -> None:
    rows = [("2026-03-02T03:00:00", user, f"{user} {n}") for user in range(20) for n in range(5)]

    drawn = asked(log(*rows), 52)

    assert len(drawn) == 50
    assert set(drawn.groupby("user").size()) == {5}
    assert asked(log(*rows, *rows), 1000)["times"].tolist() == [2] * 100


VARIANTS = [
    *(
        "카카오 톡",
        "3·1절",
        "3ㆍ1절",
        "node.js",
        "c++",
        "c#",
        "1+1",
        "1 + 1",
        ".net",
        "a .net",
        "3.5",
    ),
    *(
        "35",
        "2026-11-22",
        "2026.11.22",
        "1,000원",
        "1,00",
        "!!!",
        "ㆍ",
        "? !",
        "a_b",
        "c+++",
        "c++++",
    ),
    *(
        "lg전자, 삼성",
        "www.daum.net",
        "it's",
        "天气",
        "ㅋㅋ!",
        "+82",
        "a+b",
        "1,234,567.8",
        "#1",
        "",
    ),
]


def test_variants_are_those_of_the_pipeline() -> None:
    keys = variant_keys(pl.Series("query", VARIANTS)).to_list()

    assert [variant_key(query) for query in VARIANTS] == keys


def test_intervals_are_over_users_not_over_what_they_asked() -> None:
    # One of ten users asks a thousand times and is always right; the others never are.
    users = np.repeat(np.arange(10), [1000, *[1] * 9])
    right = (users == 0).astype(float)
    bootstrap = Bootstrap(users)

    figure = bootstrap.mean(right, np.ones(len(users)))

    assert figure.value == pytest.approx(1000 / 1009)
    assert figure.low == 0.0  # a third of the rounds are without that user
    same = bootstrap.gain(right, right, np.ones(len(users)))
    assert (same.value, same.low, same.high) == (1.0, 1.0, 1.0)


def test_an_interval_holds_what_it_says() -> None:
    generator = np.random.default_rng(1)
    held = 0
    for _ in range(60):
        values = generator.binomial(1, 0.3, 200).astype(float)
        figure = Bootstrap(np.arange(200)).mean(values, np.ones(200))
        held += figure.low <= 0.3 <= figure.high
    assert 51 <= held <= 60  # 95 % of 60 are 57

    assert str(Bootstrap(np.arange(3)).mean(np.ones(3), np.zeros(3))) == ""
