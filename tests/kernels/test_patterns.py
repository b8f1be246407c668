"""When queries are searched, and what changed: on counts that a reader can check by hand."""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from pipeline.columns import CHANGES, PATTERNS
from pipeline.errors import InvalidParameterError
from pipeline.results import seasons
from pipeline.results.search_patterns import in_words, search_patterns
from pipeline.results.week_changes import change_scores, dispersion_of, tail, week_changes
from tests.kernels.rows import Row, id_of, rows_of

#: A Monday; hours are of UTC, which is the zone of these tests.
MONDAY = date(2026, 3, 2)
#: People of a query by day (0 is the first Monday) and hour.
Hours = Mapping[tuple[int, int], int]
#: What everybody searches: 20 people in each hour.
TRAFFIC = "everybody"


def counts(queries: Mapping[str, Hours], days: int) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """`HOURLY_COUNTS` and `DAILY_COUNTS`; each count is of people who come no other time."""
    queries = {**queries, TRAFFIC: {(day, hour): 20 for day in range(days) for hour in range(24)}}
    people = random.Random(1)
    hourly: list[dict[str, object]] = []
    daily: dict[tuple[str, str], list[int]] = {}
    for query, hours in queries.items():
        for (day, hour), searchers in hours.items():
            when = datetime(2026, 3, 2, hour, tzinfo=UTC) + timedelta(days=day)
            dt = f"{when:%Y-%m-%d}"
            hourly.append(
                {"hour": when, "query_id": id_of(query), "searchers": searchers, "dt": dt}
            )
            sketch = [people.getrandbits(63) for _ in range(searchers)]
            daily.setdefault((dt, query), []).extend(sketch)
    of_day = [
        {
            **{"dt": dt, "query_id": id_of(query), "query": query, "surface": query.upper()},
            **{"variant_id": id_of(query), "searchers": len(ids), "searches": len(ids)},
            "searchers_sketch": sorted(ids)[:1024],
        }
        for (dt, query), ids in daily.items()
    ]
    return pl.LazyFrame(hourly), pl.LazyFrame(of_day)


def told(queries: Mapping[str, Hours], days: int) -> dict[str, Row]:
    found = search_patterns(*counts(queries, days), zone="UTC")
    assert dict(found.schema) == dict(PATTERNS)
    return {row.query: row for row in rows_of(found)}


def spelled(queries: Mapping[str, Hours], days: int, spellings: Iterable[str]) -> dict[str, Row]:
    """As `told`, where these queries are spellings of one."""
    hourly, daily = counts(queries, days)
    ours = [id_of(each) for each in spellings]
    is_one = pl.col("query_id").is_in(ours)
    one = pl.when(is_one).then(pl.lit(1, pl.Int64)).otherwise("variant_id")
    found = search_patterns(hourly, daily.with_columns(variant_id=one), zone="UTC")
    return {row.query: row for row in rows_of(found)}


def at(days: Iterable[int], hours: Iterable[int], people: int) -> dict[tuple[int, int], int]:
    hours = list(hours)
    return {(day, hour): people for day in days for hour in hours}


SPREAD = range(24)
MONDAYS = range(0, 28, 7)
WEEKEND = [day for day in range(28) if day % 7 >= 5]
HABITS: dict[str, tuple[Hours, str, str]] = {
    "evening": (at(range(28), [20], 8), "daily", "every evening"),
    "noon on workdays": (
        at(set(range(28)) - set(WEEKEND), [12], 8),
        "weekdays",
        "weekday noons",
    ),
    "weekend": (at(WEEKEND, SPREAD, 2), "weekends", "weekends"),
    "monday morning": (at(MONDAYS, [8, 9], 12), "weekly", "Monday mornings"),
    "past midnight": (at(range(28), [23, 0], 6), "daily", "every night"),
    "once": (at([10], [15, 16], 40), "burst", "one burst"),
    "always": (at(range(28), SPREAD, 1), "steady", "steady"),
    "more and more": (
        {(day, hour): 1 + day // 4 for day in range(28) for hour in SPREAD},
        "growing",
        "growing",
    ),
    "less and less": (
        {(day, hour): 7 - day // 4 for day in range(28) for hour in SPREAD},
        "fading",
        "fading",
    ),
}


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_is_called_by_its_name(name: str) -> None:
    hours, pattern, words = HABITS[name]

    row = told({name: hours}, 28)[name]

    assert (row.pattern, row.words) == (pattern, words)
    assert (row.surface, row.days) == (name.upper(), 28)


def test_what_comes_by_the_month_needs_three_times() -> None:
    monthly = at([day for day in range(84) if (MONDAY + timedelta(days=day)).day == 10], [9], 30)

    assert told({"payday": monthly}, 84)["payday"].words == "once a month"
    twice = {(day, hour): people for (day, hour), people in monthly.items() if day < 56}
    assert told({"payday": twice}, 56)["payday"].words == "several bursts"


def test_what_comes_by_the_year_needs_two_years() -> None:
    season = [day for day in range(800) if day % 364 < 40]

    row = told({"snow": at(season, [9], 10)}, 800)["snow"]

    assert row.pattern == "yearly"
    assert row.yearly_strength > 0.8
    assert told({"snow": at(range(40), [9], 10)}, 300)["snow"].yearly_strength is None


def test_peaks_are_told_with_hours_and_weekdays() -> None:
    found = told({name: hours for name, (hours, _, _) in HABITS.items()}, 28)

    assert found["monday morning"].peak_hours == [8, 9]
    assert found["monday morning"].peak_weekdays == [1]
    assert found["past midnight"].peak_hours == [23, 0]
    assert found["noon on workdays"].peak_weekdays == [1, 2, 3, 4, 5]
    assert found["weekend"].peak_weekdays == [6, 7]
    assert found["once"].peak_day == date(2026, 3, 12)
    assert found["always"].peak_hours is None


def test_a_trend_is_told_by_the_week() -> None:
    # All searches grow by 7 % a week, since these are among them: 2 / 1.07 - 1.
    doubling = {(day, 9): round(10 * 2 ** (day / 7)) for day in range(28)}

    row = told({"doubling": doubling}, 28)["doubling"]

    assert row.pattern == "growing"
    assert row.trend == pytest.approx(0.87, abs=0.05)


def test_traffic_makes_no_habit() -> None:
    """At nine in the evening four times as many people search for everything, this included."""
    busy = {(day, hour): 8 if hour == 21 else 2 for day in range(28) for hour in SPREAD}
    crowd = {(day, hour): 60 * people for (day, hour), people in busy.items()}

    row = told({"as everybody": busy, "crowd": crowd}, 28)["as everybody"]

    assert row.pattern == "steady"
    assert (row.daily_strength, row.trend) == (0.0, None)


def test_one_person_a_day_shows_no_hours_and_few_people_no_pattern() -> None:
    evenings = at(range(28), [20], 1)
    found = told({"rare": evenings, "few": at(range(14), [20], 1)}, 28)

    assert (found["rare"].pattern, found["rare"].peak_hours) == ("daily", None)
    assert found["rare"].words == "at the same hours every day"
    assert (found["rare"].profile, found["rare"].by_hour, found["rare"].by_weekday) == (None,) * 3
    # 14 different people are fewer than 20: one of them could be the habit.
    assert (found["few"].searchers, found["few"].pattern, found["few"].trend) == (14, None, None)


def test_a_profile_is_made_of_hours_with_enough_people_alone() -> None:
    # Mondays at nine: 10, 6, 4 and 1 people. 4 and 1 count as none: (10 + 6) / 4.
    hours = {(0, 9): 10, (7, 9): 6, (14, 9): 4, (21, 9): 1, (1, 13): 4, (8, 13): 4}
    row = told({"q": hours}, 28)["q"]

    assert row.profile[9] == 4.0
    assert row.by_hour[9] == pytest.approx(16 / 28, abs=0.005)
    # Four people at a time on two Tuesdays are no cell, nor to be had from the sums.
    assert (row.profile[24 + 13], row.by_hour[13], row.by_weekday[1]) == (None, None, None)
    assert row.by_weekday[0] == 4.0
    assert len(row.profile) == 168


def test_only_what_enough_different_people_typed_has_a_row() -> None:
    hourly, daily = counts({"five": at([0], [9], 5), "four": at([0], [9], 4)}, 2)
    fan = daily.filter(pl.col("query") == "four").select(pl.all())
    # The same four people on the next day are four people still.
    again = fan.with_columns(dt=pl.lit("2026-03-03"))

    found = search_patterns(hourly, pl.concat([daily, again]), zone="UTC")

    assert set(found["query"]) == {"five", TRAFFIC}


def test_a_day_that_is_not_over_is_left_out() -> None:
    queries = {"evening": at(range(28), [20], 8), "always": at(range(28), SPREAD, 8)}
    hourly, daily = counts(queries, 28)
    until_noon = pl.col("hour") < datetime(2026, 3, 29, 12, tzinfo=UTC)

    found = search_patterns(hourly.filter(until_noon), daily, zone="UTC")

    assert set(found["days"]) == {27}
    assert dict(found.select("query", "words").iter_rows())["evening"] == "every evening"


@pytest.mark.parametrize("days", [1, 2])
def test_a_day_or_two_tell_no_pattern(days: int) -> None:
    found = told({"evening": at(range(days), [20], 50)}, days)

    assert {row.pattern for row in found.values()} == {None}
    assert found["evening"].searchers == 50 * days


def test_a_log_without_queries_of_enough_people_has_no_rows() -> None:
    hourly, daily = counts({}, 3)

    found = search_patterns(hourly, daily, zone="UTC", min_searchers=10_000)

    assert (len(found), dict(found.schema)) == (0, dict(PATTERNS))


def test_the_order_of_rows_and_parts_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    queries = {name: hours for name, (hours, _, _) in HABITS.items()}
    hourly, daily = counts(queries, 28)
    once = search_patterns(hourly, daily, zone="UTC")
    monkeypatch.setattr("pipeline.results.search_patterns.CELLS", 2 * 28 * 24)

    shuffled = (rows.collect().sample(fraction=1, shuffle=True, seed=3) for rows in (hourly, daily))
    again = search_patterns(*(rows.lazy() for rows in shuffled), zone="UTC")

    assert again.equals(once)


def test_strength_is_of_variances() -> None:
    """By hand: season ±1, residual ±1 alternating, of eight times and two parameters."""
    season = np.array([[1.0, -1, 1, -1, 1, -1, 1, -1]])
    residual = np.array([[1.0, 1, -1, -1, 1, 1, -1, -1]])
    # Σ resid² / (8 - 2) = 8/6; Σ (season + resid)² / 7 = (4 · 4) / 7.
    expected = 1 - (8 / 6) / (16 / 7)

    assert seasons.strength(season, residual, 2, np.zeros(1))[0] == pytest.approx(expected)
    assert seasons.strength(season, residual, 2, np.array([9.0]))[0] == 0.0


@pytest.mark.parametrize(
    ("pattern", "weekdays", "part", "words"),
    [
        ("daily", [], None, "at the same hours every day"),
        ("weekly", [], None, "once a week"),
        ("weekly", [3, 4], "night", "Thursday and Friday nights"),
        ("weekly", [6], None, "Sundays"),
        ("weekends", [5, 6], "evening", "weekend evenings"),
        (None, [], None, None),
    ],
)
def test_words(pattern: str | None, weekdays: list[int], part: str | None, words: str) -> None:
    assert in_words(pattern, weekdays, part) == words


# --- Changes -----------------------------------------------------------------------------------


def changed(queries: Mapping[str, Hours], days: int = 14) -> dict[str, Row]:
    found = week_changes(*counts(queries, days), zone="UTC")
    assert dict(found.schema) == dict(CHANGES)
    return {row.query: row for row in rows_of(found)}


def test_what_nobody_searched_before_is_new_and_what_nobody_searches_any_more_is_lost() -> None:
    found = changed({"new": at(range(7, 14), [9], 8), "lost": at(range(7), [9], 8)})

    assert {query: row.change for query, row in found.items()} == {"new": "new", "lost": "lost"}
    assert (found["new"].searchers, found["new"].searchers_before) == (56, 0)
    assert found["new"].week_ends == date(2026, 3, 15)
    assert found["lost"].score == -found["new"].score


def test_few_people_make_large_ratios_and_no_change() -> None:
    # Five times as many, of one a week: chance. Twice as many, of 140: not.
    few = {(0, 9): 1, (8, 9): 5}
    many = {**at(range(7), [9], 20), **at(range(7, 14), [9], 40)}

    found = changed({"few": few, "many": many})

    assert list(found) == ["many"]
    assert found["many"].change == "rising"


def test_as_many_more_as_all_searches_is_no_change() -> None:
    twice = {**at(range(7), SPREAD, 5), **at(range(7, 14), SPREAD, 10)}
    crowd = {key: 100 * people for key, people in twice.items()}

    assert "twice" not in changed({"twice": twice, "crowd": crowd})


def test_a_burst_of_the_month_before_is_back_and_its_end_is_over() -> None:
    monthly = {**at([2], [9], 60), **at([30], [9], 60)}

    assert changed({"payday": monthly}, 35)["payday"].change == "back"
    assert changed({"payday": monthly}, 42)["payday"].change == "over"


def test_fewer_people_than_may_be_shown_are_not_told_nor_to_be_had_from_the_score() -> None:
    queries = {
        name: {**at([0], [9], before), **at(range(7, 14), [9], 10)}
        for name, before in (("one", 1), ("three", 3))
    }

    found = changed(queries)

    assert [found[name].searchers_before for name in queries] == [None, None]
    assert found["one"].score == found["three"].score

    # The other way round, too.
    backwards = {
        name: {(13 - day, hour): people for (day, hour), people in hours.items()}
        for name, hours in queries.items()
    }
    fallen = changed(backwards)
    assert [fallen[name].searchers for name in queries] == [None, None]
    assert fallen["one"].score == fallen["three"].score


def test_one_person_who_comes_each_day_is_one_person() -> None:
    hourly, daily = counts({"crowd": at(range(7, 14), [9], 6)}, 14)
    club = pl.col("query") == "crowd"
    same = daily.filter(club & (pl.col("dt") == "2026-03-09")).collect()["searchers_sketch"][0]
    ids = pl.when(club).then(pl.lit(same.to_list(), dtype=pl.List(pl.Int64)))
    fans = daily.with_columns(searchers_sketch=ids.otherwise("searchers_sketch"))

    [crowd] = rows_of(week_changes(hourly, daily, zone="UTC"))
    assert (crowd.query, crowd.searchers) == ("crowd", 42)
    # Six people seven times are as likely as six people: no news.
    assert week_changes(hourly, fans, zone="UTC").is_empty()


def test_spellings_of_one_query_are_one_change() -> None:
    hourly, daily = counts({"lost dog": at(range(7), [9], 9), "lostdog": at(range(7), [9], 6)}, 14)
    one = daily.with_columns(variant_id=pl.when(pl.col("query") != TRAFFIC).then(1).otherwise(2))

    assert list(week_changes(hourly, one, zone="UTC")["query"]) == ["lost dog"]


def test_a_new_spelling_of_a_query_that_was_there_is_no_new_query() -> None:
    was_there = {**at(range(7), [9], 8), **at(range(7, 14), [9], 40)}
    hourly, daily = counts({"lost dog": was_there, "lostdog": at(range(7, 14), [9], 6)}, 14)
    one = daily.with_columns(variant_id=pl.when(pl.col("query") != TRAFFIC).then(1).otherwise(2))

    [told] = rows_of(week_changes(hourly, one, zone="UTC"))
    assert (told.query, told.change) == ("lost dog", "rising")


def test_without_two_weeks_nothing_is_compared() -> None:
    assert changed({"new": at(range(7, 13), [9], 30)}, 13) == {}


def test_scores_are_those_of_the_exact_test() -> None:
    """The tail of the score is that of the binomial law, within a third, down to a millionth."""
    for now, before in [(15, 5), (20, 0), (30, 12), (60, 30), (9, 1)]:
        total = now + before
        exact = 2 * sum(
            Fraction(math.comb(total, each), 2**total) for each in range(now, total + 1)
        )
        score = change_scores(np.array([now]), np.array([before]), 0.5, 0.0)
        assert tail(score)[0] == pytest.approx(float(exact), rel=0.34)


def test_tails_are_those_of_the_normal_law() -> None:
    scores = np.array([0.0, 0.5, 1.0, 1.99, 2.0, 3.0, 6.0, 20.0])

    expected = [math.erfc(score / math.sqrt(2)) for score in scores]

    assert tail(scores) == pytest.approx(expected, rel=1e-9)


def test_dispersion_is_found_again() -> None:
    """Levels that vary by a tenth from week to week: the variance is n/4 (1 + (n - 1) ρ)."""
    drawn = np.random.default_rng(5)
    share = drawn.beta(49.5, 49.5, 4000)  # ρ = 1 / (a + b + 1)
    now = drawn.binomial(1000, share)

    assert dispersion_of(now, 1000 - now, 0.5) == pytest.approx(0.01, rel=0.15)


def test_spellings_of_one_query_have_one_row_of_all_their_people() -> None:
    evenings = at(range(28), [19, 20], 7)
    fewer = at(range(28), [19, 20], 5)

    found = spelled({"날씨 예보": evenings, "날씨예보": fewer}, 28, ["날씨 예보", "날씨예보"])

    assert set(found) == {"날씨 예보", TRAFFIC}
    row = found["날씨 예보"]
    assert (row.pattern, row.peak_hours) == ("daily", [19, 20])
    assert row.searchers == 28 * 2 * 12
    assert row.by_hour[19] == 12.0


def test_two_spellings_of_few_people_do_not_make_many() -> None:
    # Four people each: perhaps they are the same four.
    few = at(range(28), [19], 4)

    found = spelled({"날씨 예보": few, "날씨예보": few}, 28, ["날씨 예보", "날씨예보"])

    assert found["날씨 예보"].searchers == 28 * 8
    assert found["날씨 예보"].by_hour is None
    assert found["날씨 예보"].peak_hours is None


@pytest.mark.parametrize("kernel", [search_patterns, week_changes])
def test_no_people_at_all_are_no_floor(kernel: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(InvalidParameterError, match="min_searchers"):
        kernel(*counts({}, 2), zone="UTC", min_searchers=0)
