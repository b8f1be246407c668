"""Hours that end at any minute."""

import random
from collections import defaultdict
from datetime import datetime, timedelta

import polars as pl
import pytest

from pipeline.counting.hours import hourly_counts
from pipeline.counting.sliding import names_in_windows, sliding_hours
from tests.kernels.rows import at, id_of, search, searches

SEOUL = "Asia/Seoul"
#: 12:20 in Seoul.
END = at("2026-03-02T03:20:00")


def counts(*rows: tuple[str, str, float]) -> pl.LazyFrame:
    """`HOURLY_COUNTS`: hour (UTC), query and people, all of whom searched something else too."""
    return pl.LazyFrame(
        [(at(hour), id_of(query), people, people) for hour, query, people in rows],
        {
            "hour": pl.Datetime("us", "UTC"),
            "query_id": pl.Int64,
            "searchers": pl.Int64,
            "also_searched": pl.Int64,
        },
        orient="row",
    )


def people(hours: pl.LazyFrame) -> dict[tuple[datetime, int], float]:
    summed = hours.group_by("hour", "query_id").agg(pl.col("searchers").sum()).collect()
    return {(hour, query): round(number, 6) for hour, query, number in summed.rows()}


def slid(typed: pl.DataFrame, past: pl.LazyFrame, end: datetime = END) -> pl.LazyFrame:
    return sliding_hours(past, typed.lazy(), window_end=end, hours=2, zone=SEOUL)


def test_one_person_counts_once_in_an_hour_that_spans_two() -> None:
    typed = searches(
        search("눈", user=1, at_="2026-03-02T02:50:00"),
        search("눈", user=1, at_="2026-03-02T03:10:00"),
        search("눈", user=2, at_="2026-03-02T03:19:59"),
        search("눈", user=3, at_="2026-03-02T03:20:00"),  # after the window
        search("눈", user=4, at_="2026-03-02T02:19:59"),  # an hour earlier
    )
    found = people(slid(typed, counts()))
    assert found == {
        (at("2026-03-02T02:20:00"), id_of("눈")): 2,
        (at("2026-03-02T01:20:00"), id_of("눈")): 1,
    }


def test_of_the_past_each_full_hour_gives_the_part_that_it_has() -> None:
    past = counts(
        ("2026-03-01T02:00:00", "눈", 30),
        ("2026-03-01T03:00:00", "눈", 60),
        ("2026-03-02T02:00:00", "눈", 999),  # of the windows, which are counted from searches
    )
    found = people(slid(searches(), past))
    # 02:20 to 03:20 of the day before: 40 of 60 minutes of 30 people, 20 of 60 minutes of 60.
    assert found[at("2026-03-01T02:20:00"), id_of("눈")] == 30 * 40 / 60 + 60 * 20 / 60
    assert all(hour < at("2026-03-02T01:20:00") for hour, _ in found)


@pytest.mark.parametrize("zone", ["Asia/Seoul", "Asia/Kathmandu"])
def test_at_a_full_hour_they_are_the_stored_ones(zone: str) -> None:
    rng = random.Random(5)
    moments = [(hour, rng.randrange(60)) for hour in range(6) for _ in range(60)]
    typed = searches(
        *(
            search(
                f"q{rng.randrange(9)}",
                user=rng.randrange(40),
                at_=f"2026-03-02T{hour:02}:{minute:02}:00",
            )
            for hour, minute in moments
        )
    )
    stored = hourly_counts(typed, zone=zone)
    end = stored["hour"].max()
    assert isinstance(end, datetime)
    end += timedelta(hours=1)
    found = sliding_hours(stored.lazy(), typed.lazy(), window_end=end, hours=2, zone=zone)
    by = ["hour", "query_id"]
    assert (
        found.collect()
        .sort(by)
        .equals(stored.with_columns(pl.col("searchers", "also_searched").cast(pl.Float64)).sort(by))
    )


def test_whoever_typed_something_else_on_that_day_is_told_apart() -> None:
    typed = searches(
        search("비", user=1, at_="2026-03-02T00:05:00"),
        search("눈", user=1, at_="2026-03-02T03:10:00"),
        search("눈", user=2, at_="2026-03-02T03:11:00"),
        search("비", user=2, at_="2026-03-02T03:21:00"),  # later than the window
    )
    found = slid(typed, counts()).filter(pl.col("query_id") == id_of("눈")).collect()
    assert found["also_searched"].to_list() == [1]


def test_queries_are_called_as_most_people_had_typed_them_by_then() -> None:
    typed = searches(
        search("눈", user=1, at_="2026-03-02T03:10:00", surface="눈!"),
        search("눈", user=2, at_="2026-03-02T03:11:00", surface="눈!"),
        search("눈", user=3, at_="2026-03-02T00:11:00"),
        *(search("눈", user=user, at_="2026-03-02T03:30:00") for user in range(4, 9)),
        search("비", user=1, at_="2026-03-02T01:00:00"),  # not in the windows
    ).with_columns(dt=pl.lit("2026-03-02"))
    found = names_in_windows(typed.lazy(), window_end=END, hours=2).collect()
    assert found.select("query", "surface").rows() == [("눈", "눈!")]


def test_people_of_sliding_hours_are_those_that_a_loop_finds() -> None:
    rng = random.Random(11)
    midnight = at("2026-03-02T00:00:00")
    rows = [
        (
            rng.randrange(30),
            f"q{rng.randrange(5)}",
            midnight + timedelta(seconds=rng.randrange(4 * 3600)),
        )
        for _ in range(800)
    ]
    typed = searches(*(search(q, user=u, at_=moment.isoformat()) for u, q, moment in rows))
    for minutes in (1, 17, 59):
        end = at("2026-03-02T03:00:00") + timedelta(minutes=minutes)
        expected: dict[tuple[datetime, int], set[int]] = defaultdict(set)
        for user, query, moment in rows:
            for back in (1, 2):
                begin = end - timedelta(hours=back)
                if begin <= moment < begin + timedelta(hours=1):
                    expected[begin, id_of(query)].add(user)
        assert people(slid(typed, counts(), end)) == {k: len(v) for k, v in expected.items()}
