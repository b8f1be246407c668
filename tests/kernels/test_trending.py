import math
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipeline.columns import TRENDING
from pipeline.errors import InvalidParameterError
from pipeline.language.queries import variant_key
from pipeline.results.trending_keywords import surprise, trending_keywords
from tests.kernels.rows import Row, at, id_of, rows_of

END = at("2026-03-20T03:00:00")  # noon in Seoul, a Friday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

#: Searchers by query and start of the hour.
Counts = dict[tuple[str, datetime], int]

ALL = "everything else"


def counts_of(
    counts: Mapping[tuple[str, datetime], int], *, nothing_else: str = ""
) -> pl.LazyFrame:
    """Everybody searched something else too, but those of the query `nothing_else`."""
    rows = [
        (hour, id_of(query), searchers, 0 if query == nothing_else else searchers)
        for (query, hour), searchers in counts.items()
        if searchers
    ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "hour": pl.Datetime("us", "UTC"),
        "query_id": pl.Int64,
        "searchers": pl.Int64,
        "also_searched": pl.Int64,
    }
    return pl.LazyFrame(rows, schema=schema, orient="row")


def names_of(*queries: str, **surfaces: str) -> pl.LazyFrame:
    rows = [
        (id_of(query), query, surfaces.get(query, query), id_of(variant_key(query)))
        for query in queries
    ]
    schema = {
        "query_id": pl.Int64,
        "query": pl.String,
        "surface": pl.String,
        "variant_id": pl.Int64,
    }
    return pl.LazyFrame(rows, schema=schema, orient="row")


def searches_of(counts: Mapping[tuple[str, datetime], int]) -> pl.LazyFrame:
    """The searches behind them: person 0, 1, … of a query in each of its hours.

    Of what many typed, forms and hours need no counting one by one.
    """
    of_query = {query: id_of(query) for query in {query for query, _ in counts}}
    rows = [
        (hour, person * 1_000 + number, of_query[query])
        for number, query in enumerate(sorted(of_query))
        for (other, hour), searchers in counts.items()
        if other == query and searchers < 10
        for person in range(searchers)
    ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "searched_at": pl.Datetime("us", "UTC"),
        "user_id": pl.Int64,
        "query_id": pl.Int64,
    }
    return pl.LazyFrame(rows, schema=schema, orient="row")


def steady(query: str, searchers: int, *, days: int = 15) -> Counts:
    """As many in every hour up to the window's end."""
    return {(query, END - n * HOUR): searchers for n in range(1, 24 * days + 1)}


def now(**searchers: int) -> Counts:
    """Searchers of the last hour."""
    return {(query, END - HOUR): n for query, n in searchers.items()}


def board(
    counts: Counts,
    nothing_else: str = "",
    **parameters: Any,  # noqa: ANN401
) -> list[Row]:
    names = names_of(*sorted({query for query, _ in counts}))
    arguments = {"window_end": END, "zone": "Asia/Seoul", "surprises_alone": True, **parameters}
    hourly = counts_of(counts, nothing_else=nothing_else)
    found = trending_keywords(hourly, names, searches_of(counts), **arguments)
    return rows_of(found)


def queries(rows: list[Row]) -> list[str]:
    return [row["query"] for row in rows]


def test_a_query_never_seen_before_can_be_first() -> None:
    rows = board(steady(ALL, 1000) | now(지진=60, 날씨=99) | steady("날씨", 35) | now(날씨=99))

    # 지진: 60 against the floor; 날씨: 99 against 35 in season and in the hours before.
    assert [(row["query"], row.movement) for row in rows] == [("지진", "NEW"), ("날씨", "NEW")]
    assert rows[0].expected_searchers == 0.5
    # d = 0.02: 60 log(60 / 0.5) - (60 + 50) log((1 + 1.2) / (1 + 0.01))
    deviance = 2 * (60 * math.log(120) - 110 * math.log(2.2 / 1.01))
    assert rows[0].score == pytest.approx(math.sqrt(deviance))


def test_a_board_is_full_and_tells_surprises_from_the_next_largest_rises() -> None:
    # 13 instead of 10 is 0.9 sigmas, 12 is 0.6; what has not risen by a person has no rank.
    usual = {key: n for query in ("가", "나", "다") for key, n in steady(query, 10).items()}
    rows = board(
        steady(ALL, 1000) | usual | now(지진=60, 가=13, 나=12), surprises_alone=False, top=3
    )

    assert [(row["query"], row.is_surprise) for row in rows] == [
        ("지진", True),
        ("가", False),
        ("나", False),
    ]
    assert rows[1].score < 3.5


def test_a_name_that_burst_on_the_days_before_is_a_surprise_again() -> None:
    # Six hours of each of the last two days: a portal shows it again, since nobody expects it.
    earlier = {
        ("선수", END - n * HOUR): 80 for day in (1, 2) for n in range(24 * day, 24 * day + 6)
    }

    [row] = board(steady(ALL, 1000) | earlier | now(선수=90), baseline_days=14)

    assert row["query"] == "선수"


def test_pushed_queries_do_not_fill_a_board_up() -> None:
    counts = steady(ALL, 1000) | now(특가=200, 지진=20)

    assert queries(board(counts, nothing_else="특가", surprises_alone=False)) == ["지진"]


def test_people_of_all_forms_and_hours_of_the_window_count_once_each() -> None:
    # Three wrote it with a space, three without; three people came in both hours, and two more.
    forms = {("손흥민 경기", END - HOUR): 3, ("손흥민경기", END - HOUR): 3}
    hours = {("지진", END - HOUR): 4, ("지진", END - 2 * HOUR): 3}

    found = board(steady(ALL, 1000) | forms | hours, window_hours=2, min_score=0.1)

    assert queries(found) == ["손흥민 경기"]


def test_phrasings_of_an_issue_may_have_ranks_of_their_own() -> None:
    counts = steady(ALL, 1000) | now(**{"가람군 지진": 200, "지진 가람군": 60, "지진": 40})

    assert queries(board(counts)) == ["가람군 지진"]
    assert queries(board(counts, phrasings="apart")) == ["가람군 지진", "지진 가람군", "지진"]


def test_what_is_always_searched_does_not_trend() -> None:
    assert board(steady(ALL, 1000) | steady("유튜브", 500)) == []


def test_a_busy_hour_makes_nothing_trend() -> None:
    # At this hour everybody searches three times as much as ever: no query more than the others.
    usual = steady(ALL, 1000) | steady("유튜브", 100) | steady("날씨", 50)
    busy = {(query, END - HOUR): 3 * usual[query, END - HOUR] for query in (ALL, "유튜브", "날씨")}

    assert board(usual | busy) == []


def test_a_habit_of_the_hour_does_not_trend() -> None:
    lunch = {("점심 메뉴", END - HOUR - n * DAY): 80 for n in range(15)}

    assert board(steady(ALL, 1000) | lunch) == []


def test_a_habit_of_the_week_does_not_trend_but_a_second_burst_does() -> None:
    weekly = {("주말 예능", END - HOUR - n * DAY): 80 for n in (0, 7, 14)}
    burst_again = {("지진", END - HOUR - n * DAY): 80 for n in (0, 7)}

    rows = board(steady(ALL, 1000) | weekly | burst_again)

    assert queries(rows) == ["지진"]
    # Its earlier burst is one day of fourteen; of no people two weeks ago the error is one.
    assert rows[0].expected_searchers == 1.0


def test_what_came_by_chance_less_often_in_one_of_two_weeks_does_not_trend() -> None:
    # A habit of Fridays of six people, of whom two came a week ago by chance. The lesser of both
    # weeks would be 2, and 12 people 4.6 sigmas; their mean is 6, at most 2 + root of 3 = 3.7.
    friday = {("복권", END - HOUR - n * DAY): people for n, people in ((0, 12), (7, 2), (14, 10))}

    [row] = board(steady(ALL, 1000, days=14) | friday, surprises_alone=False)

    assert row.expected_searchers == pytest.approx((2 + 3**0.5) * 1012 / 1006, abs=0.05)
    assert not row.is_surprise


def test_a_habit_of_the_weekend_does_not_trend() -> None:
    # 20 March is a Friday and goes like a Sunday: as on the 7th, 8th, 14th and 15th.
    weekend = {("여행", END - HOUR - n * DAY): 80 for n in (0, 5, 6, 12, 13)}

    assert board(steady(ALL, 1000) | weekend) == []


def test_what_has_lasted_long_leaves_the_board() -> None:
    def lasting(hours: int) -> Counts:
        return {("선거", END - n * HOUR): 100 for n in range(1, hours + 1)}

    fresh = board(steady(ALL, 1000) | lasting(6))
    stale = board(steady(ALL, 1000) | lasting(3 * 24 + 1))

    assert queries(fresh) == ["선거"]
    assert stale == []


def test_hours_without_the_query_are_zeros_and_hours_without_a_log_are_not() -> None:
    # The log began three days ago; 환율 was searched in this hour on the last two of them.
    log = steady(ALL, 1000, days=3) | {
        ("환율", END - HOUR - n * DAY): searchers for n, searchers in enumerate([90, 20, 30])
    }

    [row] = board(log, recent_hours=1)

    # Two days are known, with 1020 and 1030 searchers beside 1090 now. The larger of 20 and 30.
    assert row.expected_searchers == pytest.approx(30 / 1030 * 1090)


def test_too_few_people_are_not_shown() -> None:
    rows = board(steady(ALL, 1000) | now(다섯=5, 넷=4), min_score=0.1)

    assert queries(rows) == ["다섯"]


def test_one_person_hour_after_hour_does_not_count_as_many() -> None:
    alone = {("내 이름", END - n * HOUR): 1 for n in range(1, 13)}
    five_at_once = {("지진", END - HOUR): 5}

    rows = board(steady(ALL, 1000) | alone | five_at_once, window_hours=12, min_score=0.1)

    assert queries(rows) == ["지진"]


def test_variants_share_one_rank_under_the_commonest() -> None:
    counts = steady(ALL, 1000) | {
        ("손흥민 경기", END - HOUR): 30,
        ("손흥민경기", END - HOUR): 20,
        ("손흥민, 경기", END - HOUR): 4,  # counts, but is too rare to be shown
    }

    [row] = board(counts)

    assert (row["query"], row.searchers, row.variants) == ("손흥민 경기", 54, ["손흥민경기"])


def test_the_past_of_variants_counts_together() -> None:
    # All wrote it without the space until yesterday: no surprise.
    habit = {("점심메뉴", END - HOUR - n * DAY): 50 for n in range(1, 15)}
    today = {("점심 메뉴", END - HOUR): 50, ("점심메뉴", END - HOUR): 5}

    assert board(steady(ALL, 1000) | habit | today) == []


def test_an_issue_takes_one_rank_however_it_is_put() -> None:
    counts = steady(ALL, 1000) | now(
        **{
            "가람군 지진": 200,
            "지진 가람군": 60,  # the other way round
            "속보 가람군지진": 50,  # with a word more, written together
            "지진": 40,  # with a word less
            "가람군 지짐": 9,  # a key in error, by few
            "rkfkarns wlwls": 8,  # on the English keyboard
            "가람산 지짐": 30,  # nearly the same keys, by too many for a slip
            "가람군 축제": 20,  # something else about the place
            "진": 10,  # a character is in too many words
        }
    )

    rows = board(counts)

    assert queries(rows) == ["가람군 지진", "가람산 지짐", "가람군 축제", "진"]
    assert [row.rank for row in rows] == [1, 2, 3, 4]
    assert rows[0].searchers == 200
    assert rows[0].variants == [
        "지진 가람군",
        "속보 가람군지진",
        "지진",
        "가람군 지짐",
        "rkfkarns wlwls",
    ]


def test_accounts_that_search_nothing_else_do_not_count() -> None:
    counts = steady(ALL, 1000) | now(특가=200, 지진=20)

    assert queries(board(counts, nothing_else="특가")) == ["지진"]
    assert queries(board(counts)) == ["특가", "지진"]


def test_where_nobody_searches_anything_else_all_count() -> None:
    counts = {("지진", END - HOUR): 200}

    assert queries(board(counts, nothing_else="지진")) == ["지진"]


def test_among_many_candidates_more_is_needed() -> None:
    # 11 against 2: 4.2 sigmas. It takes √(3.5² + 2 ln n): 3.7 of two, 4.5 of fifty.
    rise = steady(ALL, 1000) | steady("축제", 2) | now(축제=11)
    crowd = {key: 6 for number in range(48) for key in steady(f"늘 {number:03}", 6)}

    assert queries(board(rise)) == ["축제"]
    assert board(rise | crowd) == []


def test_movement_compares_with_the_board_one_window_earlier() -> None:
    before = {("a", END - 2 * HOUR): 90, ("b", END - 2 * HOUR): 80, ("c", END - 2 * HOUR): 70}
    rows = board(steady(ALL, 1000) | before | now(a=60, b=300, c=5, d=80))

    assert [(row.rank, row["query"], row.previous_rank, row.movement) for row in rows] == [
        (1, "b", 2, "UP"),
        (2, "d", None, "NEW"),
        (3, "a", 1, "DOWN"),
    ]


def test_previous_rank_is_the_rank_of_the_earlier_board() -> None:
    counts = random_counts(random.Random(9))
    earlier = board(counts, window_end=END - HOUR, min_searchers=1, min_score=0.5)
    later = board(counts, min_searchers=1, min_score=0.5)

    rank_of = {row["query"]: row.rank for row in earlier}
    assert {row["query"]: row.previous_rank for row in later} == {
        row["query"]: rank_of.get(row["query"]) for row in later
    }
    assert {row.previous_rank is None for row in later} == {True, False}


def test_equal_scores_are_ordered_by_text() -> None:
    rows = board(steady(ALL, 1000) | now(나=50, 가=50, 다=50), top=2)

    assert queries(rows) == ["가", "나"]


def test_the_hour_after_the_window_is_not_seen() -> None:
    counts = steady(ALL, 1000) | now(지진=50) | {("태풍", END): 500, (ALL, END): 9000}

    assert queries(board(counts)) == ["지진"]


def test_the_surface_of_most_days_is_shown() -> None:
    counts = counts_of(steady(ALL, 1000) | now(bts=50))
    names = names_of("bts", bts="BTS")
    names = pl.concat([names, names, names_of("bts", bts="Bts")])

    [row] = rows_of(
        trending_keywords(counts, names, searches_of({}), window_end=END, zone="Asia/Seoul")
    )

    assert (row["query"], row.surface) == ("bts", "BTS")


def test_the_same_hour_is_one_on_the_clocks_of_the_zone() -> None:
    # Berlin went to summer time on 29 March 2026: noon was 11:00 UTC and is 10:00 UTC.
    end = at("2026-03-31T11:00:00")  # 13:00; the window begins at noon
    hours = [end - n * HOUR for n in range(1, 24 * 16)]
    noon = [end - HOUR] + [end - n * DAY for n in range(3, 16)]
    noon += [end - HOUR - n * DAY for n in (1, 2)]
    counts = {(ALL, hour): 1000 for hour in hours} | {("점심", hour): 80 for hour in noon}

    assert board(counts, window_end=end, zone="Europe/Berlin") == []
    assert queries(board(counts, window_end=end, zone="Asia/Seoul")) == ["점심"]


def test_no_searches_no_board() -> None:
    empty = counts_of({})
    rows = trending_keywords(
        empty, names_of("a"), searches_of({}), window_end=END, zone="Asia/Seoul"
    )

    assert rows.is_empty()
    assert rows.schema == pl.Schema(TRENDING)


def test_surprise_of_known_counts() -> None:
    cases = [(5, 1.0), (10, 10.0), (5, 10.0), (1000, 900.0)]

    scores = surprise(*np.array(cases).T).tolist()

    # √(2 (x ln(x / E) - (x + 50) ln((1 + x / 50) / (1 + E / 50)))), its sign that of x - E.
    assert scores == pytest.approx(
        [
            2.790797,  # 5 ln 5 = 8.047190; 55 ln(1.10 / 1.02) = 4.152906
            0.0,
            -1.624740,  # 5 ln 0.5 = -3.465736; 55 ln(1.1 / 1.2) = -4.785626
            0.738761,  # 1000 ln(10 / 9) = 105.360516; 1050 ln(21 / 19) = 105.087631
        ],
        abs=1e-5,
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"window_hours": 0},
        {"window_hours": 25},
        {"baseline_days": 0},
        {"recent_hours": 0},
        {"min_searchers": 0},
        {"min_score": 0.0},
        {"window_end": datetime(2026, 3, 20, 3)},
        {"window_end": at("2026-03-20T03:30:00")},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError, match=next(iter(parameters))):
        board(now(a=1), **parameters)


def test_half_hour_zones_have_full_hours_of_their_own() -> None:
    end = at("2026-03-20T03:30:00")  # 09:00 in Kolkata
    counts = {("지진", end - HOUR): 50, (ALL, end - HOUR): 1000, (ALL, end - 2 * HOUR): 1000}

    rows = board(counts, window_end=end, zone="Asia/Kolkata")

    assert (rows[0]["query"], rows[0].window_end.astimezone(UTC)) == ("지진", end)


def random_counts(rng: random.Random) -> Counts:
    """Sparse counts of 20 queries over 16 days, some days missing; now and then a burst."""
    gaps = {rng.randrange(3, 16 * 24) for _ in range(60)}
    counts: Counts = {}
    for number in range(20):
        level = rng.choice([0.2, 1, 4])
        bursts = {rng.randrange(1, 12) for _ in range(3)}
        for age in set(range(1, 16 * 24)) - gaps:
            searchers = int(rng.expovariate(1 / level)) + (40 if age in bursts else 0)
            if searchers:
                counts[f"q{number:02}", END - age * HOUR] = searchers
    return counts


def in_both_weeks(one: float, other: float) -> float:
    return min((one + other) / 2, min(one, other) + math.sqrt(min(one, other) + 1))


def oracle(
    counts: Counts,
    *,
    end: datetime,
    window: int,
    days: int,
    recent_hours: int,
    least: int,
    least_score: float,
) -> dict[str, tuple[int, float, float]]:
    """Searchers, expectation and score of what is shown, hour by hour as the docstring tells it."""
    total: dict[datetime, int] = {}
    for (_, hour), searchers in counts.items():
        total[hour] = total.get(hour, 0) + searchers

    def window_sum(query: str, shift: timedelta) -> int:
        return sum(counts.get((query, end - shift - n * HOUR), 0) for n in range(1, window + 1))

    def total_sum(shift: timedelta) -> int:
        return sum(total.get(end - shift - n * HOUR, 0) for n in range(1, window + 1))

    known = [n for n in range(1, days + 1) if total_sum(n * DAY)]
    ages = range(1, min(recent_hours, 24 * days) + 1)
    before = [hour for age in ages if total.get(hour := end - (window + age) * HOUR)]
    scored: dict[str, tuple[int, float, float]] = {}
    candidates = 0
    for query in {query for query, _ in counts}:
        if max(counts.get((query, end - n * HOUR), 0) for n in range(1, window + 1)) < least:
            continue
        samples = {
            n: window_sum(query, n * DAY) * total_sum(0 * DAY) / total_sum(n * DAY) for n in known
        }
        shares = sorted(
            (counts.get((query, hour), 0) / total[hour] for hour in before), reverse=True
        )
        recent = shares[math.ceil(len(shares) / 2) - 1] if shares else 0.0
        busiest = sorted(samples.values(), reverse=True)
        expected = max(
            0.5,
            busiest[math.ceil(len(samples) / 5) - 1] if samples else 0.0,
            in_both_weeks(samples[7], samples[14]) if {7, 14} <= samples.keys() else 0.0,
            recent * total_sum(0 * DAY),
        )
        searchers = window_sum(query, 0 * DAY)
        candidates += 1
        if searchers >= expected + 1:
            spread = (1 + 0.02 * searchers) / (1 + 0.02 * expected)
            likelihood = searchers * math.log(searchers / expected)
            deviance = 2 * (likelihood - (searchers + 50) * math.log(spread))
            scored[query] = (searchers, expected, math.sqrt(max(deviance, 0)))
    needed = math.sqrt(least_score**2 + 2 * math.log(max(candidates, 1)))
    scored = {query: figures for query, figures in scored.items() if figures[2] >= needed}
    return scored


@pytest.mark.parametrize(
    ("seed", "window", "days", "recent"), [(1, 1, 14, 48), (2, 3, 14, 17), (3, 24, 4, 84)]
)
def test_agrees_with_a_plain_python_board(seed: int, window: int, days: int, recent: int) -> None:
    counts = random_counts(random.Random(seed))
    least = 3

    rows = board(
        counts,
        window_hours=window,
        baseline_days=days,
        recent_hours=recent,
        min_searchers=least,
        min_score=0.5,
        top=100,
    )

    shown = oracle(
        counts,
        end=END,
        window=window,
        days=days,
        recent_hours=recent,
        least=least,
        least_score=0.5,
    )
    assert len(shown) >= 2
    for row in rows:
        assert (row.searchers, row.expected_searchers, row.score) == pytest.approx(
            shown[row["query"]], rel=1e-3
        )
    assert queries(rows) == sorted(shown, key=lambda query: (-shown[query][2], query))


def parts(typed: Sequence[tuple[str, int]], **parameters: Any) -> list[Row]:  # noqa: ANN401
    """A board of parts of searches: each of so many people types all words of a text at once."""
    searchers: Counts = dict(steady(ALL, 1000))
    rows, first = [], 0
    for text, people in typed:
        for part in text.split(" "):
            searchers[part, END - HOUR] = searchers.get((part, END - HOUR), 0) + people
            rows += [(END - HOUR, person, id_of(part)) for person in range(first, first + people)]
        first += people
    names = names_of(*sorted({part for part, _ in searchers}))
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "searched_at": pl.Datetime("us", "UTC"),
        "user_id": pl.Int64,
        "query_id": pl.Int64,
    }
    of_log = pl.LazyFrame(rows, schema=schema, orient="row")
    arguments: dict[str, Any] = {"window_end": END, "zone": "Asia/Seoul", "surprises_alone": True}
    arguments |= {"are_parts": True, **parameters}
    return rows_of(trending_keywords(counts_of(searchers), names, of_log, **arguments))


def test_words_that_come_with_a_better_one_are_about_its_issue() -> None:
    # All 20 who typed 지진 typed 가람군 with it; 30 typed 한파, with nothing else.
    rows = parts([("가람군 지진", 20), ("가람군 속보", 20), ("한파", 30)])

    assert [(row["query"], sorted(row.variants)) for row in rows] == [
        ("가람군", ["속보", "지진"]),
        ("한파", []),
    ]


def test_a_word_that_most_type_without_the_better_one_has_a_rank_of_its_own() -> None:
    # 20 of the 50 who typed 지진 typed 가람군 with it: fewer than half.
    rows = parts([("가람군 지진", 20), ("지진", 30), ("가람군", 60)])

    assert queries(rows) == ["가람군", "지진"]


def test_words_have_ranks_of_their_own_where_phrasings_do() -> None:
    rows = parts([("가람군 지진", 20), ("가람군 속보", 20)], phrasings="apart")

    assert queries(rows) == ["가람군", "속보", "지진"]
