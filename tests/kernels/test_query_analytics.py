"""What is told of how searches end, and what is withheld."""

import random
from collections.abc import Iterable
from math import sqrt
from typing import Any

import polars as pl
import pytest

from pipeline.columns import (
    DAILY_CLICKS,
    KEYWORD_CLICKS,
    QUERY_ANALYTICS,
    REFORMULATIONS,
    SEARCH_QUALITY,
)
from pipeline.counting.clicks import of_keywords
from pipeline.counting.durations import histograms
from pipeline.errors import InvalidParameterError
from pipeline.results.query_analytics import (
    query_analytics,
    search_quality,
    wilson,
)
from pipeline.results.reformulations import reformulations
from tests.kernels.rows import Row, id_of, rows_of

DAY = "2026-03-02"
_NAMES = ("query_id", "query", "surface", "variant_id")


def clicks(
    query: str,
    people: Iterable[int],
    *,
    clickers: Iterable[int] = (),
    leavers: Iterable[int] = (),
    reformulators: Iterable[int] = (),
    results: Iterable[int] = (),
    empty: Iterable[int] = (),
    timed: dict[int, float] | None = None,
    day: str = DAY,
    into: str | None = None,
    **numbers: int,
) -> dict[str, Any]:
    """A row of a day: one search a person, who clicks on the second result.

    Of `results` it is known how many there were, none for `empty`; `timed` tells when they clicked.
    """
    searchers, clicked = sorted(people), sorted(clickers)
    left, other = sorted(leavers), sorted(reformulators)
    known, none, times = sorted(results), sorted(empty), timed or {}
    durations = histograms(
        pl.DataFrame(
            {"id": [0] * len(times), "seconds": list(times.values())},
            schema={"id": pl.Int64, "seconds": pl.Float64},
        ),
        ["id"],
        "found",
    )["found"]
    return {
        **{"query_id": id_of(query), "into_id": id_of(into or query)},
        **{"searches": len(searchers), "clicked": len(clicked), "clicks": len(clicked)},
        **{"ranked": len(clicked), "rank_sum": 2 * len(clicked), "first_ranked": len(clicked)},
        **{"first_rank_sum": 2 * len(clicked), "left": len(left), "reformulated": len(other)},
        **{"searchers_sketch": searchers, "clickers_sketch": clicked},
        **{"leavers_sketch": left, "reformulators_sketch": other},
        **{"results_known": len(known), "no_results": len(none), "timed": len(times)},
        **{"results_known_sketch": known, "no_results_sketch": none},
        **{"timed_sketch": sorted(times)},
        "first_click_seconds": durations[0].to_list() if times else [],
        **numbers,
        "dt": day,
        "texts": (query, into or query),
    }


def tables(*rows: dict[str, Any]) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """`DAILY_CLICKS` with dt, and the names of the queries."""
    texts = sorted({text for row in rows for text in row["texts"]})
    schema = {**DAILY_CLICKS, "dt": pl.String()}
    counts = pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)
    names = pl.DataFrame(
        {
            "query_id": [id_of(text) for text in texts],
            "query": texts,
            "surface": [text.upper() for text in texts],
            "variant_id": [id_of(text) for text in texts],
        },
        schema={
            "query_id": pl.Int64,
            "query": pl.String,
            "surface": pl.String,
            "variant_id": pl.Int64,
        },
    )
    return counts.lazy(), names.lazy()


def told(*rows: dict[str, Any], k: int = 5) -> dict[str, Row]:
    made = query_analytics(*tables(*rows), min_searchers=k)
    assert made.schema == dict(QUERY_ANALYTICS)
    assert made["rank"].to_list() == list(range(1, len(made) + 1))
    return {row.query: row for row in rows_of(made)}


def quality(*rows: dict[str, Any], k: int = 5) -> dict[tuple[str | None, str], Row]:
    made = search_quality(tables(*rows)[0], min_searchers=k)
    assert made.schema == dict(SEARCH_QUALITY)
    return {(row.day, row.band): row for row in rows_of(made)}


#: Makes a log of which clicks can be told.
OTHERS = clicks("others", range(100, 130), clickers=range(100, 115), leavers=range(115, 123))


def test_a_query_has_its_rates_over_all_days() -> None:
    row = told(
        clicks("서울", range(10), clickers=range(6), leavers=range(6, 9)),
        clicks(
            "서울",
            range(5, 15),
            clickers=range(5, 8),
            leavers=range(8, 15),
            day="2026-03-03",
            clicks=6,
            ranked=6,
            rank_sum=30,
        ),
        OTHERS,
    )["서울"]

    # People 0 to 14; those who clicked 0 to 7; who left 6 to 14: six never did, and two days.
    assert (row.surface, row.people, row.searches) == ("서울", 15, 20)
    assert (row.click_through, row.clickers) == (9 / 20, 8)
    assert (row.exit_rate, row.leavers) == (10 / 20, 9)
    assert row.clicks_per_search == 12 / 20
    assert row.mean_rank == (12 + 30) / 12
    assert row.first_rank == 18 / 9
    assert (row.reformulation_rate, row.reformulators) == (0.0, 0)


def test_the_interval_of_a_rate_is_wilsons_of_people() -> None:
    row = told(clicks("서울", range(20), clickers=range(5)), OTHERS)["서울"]

    # Solves |p - x| = z √(x (1 - x) / n) for x, with p = 5 / 20 and n = 20.
    for x in (row.click_through_low, row.click_through_high):
        assert abs(0.25 - x) == pytest.approx(1.959964 * sqrt(x * (1 - x) / 20))
    assert row.click_through_low < 0.25 < row.click_through_high


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.0, 0.2775), (1.0, 0.7225, 1.0)])
def test_an_interval_stays_within_0_and_1(share: float, low: float, high: float) -> None:
    # z² / (n + z²) = 3.8415 / 13.8415 for n = 10.
    lower, upper = wilson(pl.lit(share), pl.lit(10))
    found = pl.select(low=lower, high=upper)
    assert found.row(0) == pytest.approx((low, high), abs=1e-4)


def test_a_query_tells_how_often_nothing_was_found_and_how_soon_people_clicked() -> None:
    # Of 20 people's searches the results are known, of which 8 had none; ten clicked, five of them
    # after 4 s and five after 16 s: the median is the end of the bucket of 4 s.
    row = told(
        clicks(
            "서울",
            range(20),
            clickers=range(10),
            results=range(20),
            empty=range(12, 20),
            timed={person: 4.0 if person < 5 else 16.0 for person in range(10)},
        ),
        OTHERS,
    )["서울"]

    assert (row.zero_result_rate, row.people_without_results) == (8 / 20, 8)
    # Wilson for 8 of 20, z = 1.96: (0.4 + 0.096 ± 0.2323) / 1.1921.
    assert (row.zero_result_rate_low, row.zero_result_rate_high) == pytest.approx(
        (0.2188, 0.6134), abs=1e-3
    )
    assert row.results_people == 20
    assert (row.seconds_to_click, row.timed_people) == (4.0, 10)


@pytest.mark.parametrize(
    ("known", "empty", "rate"),
    [
        (12, 0, 0.0),  # nobody found nothing: it tells of all twelve
        (12, 12, 1.0),
        (12, 7, 7 / 12),
        (12, 4, None),  # four found nothing
        (12, 8, None),  # four found something
        (7, 7, 1.0),  # of the other five people it is not known
        (8, 8, 1.0),  # and of the other four
        (4, 4, None),
        (0, 0, None),
    ],
)
def test_zero_results_are_told_of_nobody_all_or_k_people(
    known: int, empty: int, rate: float | None
) -> None:
    row = told(clicks("서울", range(12), results=range(known), empty=range(empty)), OTHERS)["서울"]

    assert row.zero_result_rate == (pytest.approx(rate) if rate is not None else None)
    names = ("people_without_results", "zero_result_rate_low")
    assert [row[name] is None for name in names] == [rate is None] * 2
    # How many these are would tell that four others are left.
    assert (row.results_people is None) == (rate is None or known == 8)


@pytest.mark.parametrize(
    ("clickers", "timed", "is_told", "are_counted"),
    [
        (10, 10, True, True),
        (10, 5, True, True),
        (10, 7, True, False),  # three others clicked
        (10, 4, False, False),
        (4, 4, False, False),
        (17, 17, False, False),  # three others did not click
    ],
)
def test_seconds_to_a_click_are_told_of_k_people(
    clickers: int, timed: int, *, is_told: bool, are_counted: bool
) -> None:
    row = told(
        clicks("서울", range(20), clickers=range(clickers), timed=dict.fromkeys(range(timed), 3.0)),
        OTHERS,
    )["서울"]

    assert (row.seconds_to_click is not None) == is_told
    assert (row.timed_people is not None) == are_counted


def test_queries_without_results_are_ranked_by_how_many_people_found_nothing() -> None:
    found = told(
        clicks("여섯", range(6), results=range(6), empty=range(6)),
        clicks("아홉 중 아홉", range(9), results=range(9), empty=range(9)),
        clicks("서른 중 아홉", range(30), results=range(30), empty=range(9)),
        clicks("셋", range(30), results=range(30), empty=range(3)),  # withheld
        clicks("없음", range(30), results=range(30)),
        OTHERS,
    )

    ranks = {query: row.zero_result_rank for query, row in found.items()}
    assert ranks == {
        **{"아홉 중 아홉": 1, "서른 중 아홉": 2, "여섯": 3},
        **{"셋": None, "없음": None, "others": None},
    }


def test_the_median_of_seconds_is_within_a_tenth() -> None:
    rng = random.Random(3)
    seconds = sorted(rng.lognormvariate(2, 1.2) for _ in range(501))

    row = told(
        clicks("서울", range(501), clickers=range(501), timed=dict(enumerate(seconds))), OTHERS
    )["서울"]

    assert row.seconds_to_click == pytest.approx(seconds[250], rel=0.1)


def test_the_whole_and_each_day_tell_results_and_times_and_whether_the_log_does() -> None:
    found = quality(
        clicks("서울", range(10), clickers=range(10), timed=dict.fromkeys(range(10), 2.0)),
        clicks("부산", range(10), results=range(10), empty=range(10), day="2026-03-03"),
    )

    days = found["2026-03-02", "all"], found["2026-03-03", "all"]
    assert [row.zero_result_rate for row in days] == [None, 1.0]
    # A bucket ends at 2 s; half of what is in it lies below 1.84 s.
    assert [row.seconds_to_click for row in days] == [1.84, None]
    assert found[None, "all"].zero_result_rate == 1.0
    assert {(row.results_in_log, row.times_in_log) for row in found.values()} == {("some", "every")}


def test_a_query_of_fewer_people_is_left_out() -> None:
    found = told(clicks("넷", range(4), searches=50), clicks("다섯", range(5)), OTHERS)
    assert set(found) == {"다섯", "others"}


@pytest.mark.parametrize(
    ("people", "clickers", "is_told"),
    [
        (7, 0, True),  # nobody clicked: it tells of all seven
        (7, 7, True),  # all clicked, with every search
        (7, 6, False),  # one did not
        (7, 1, False),
        (10, 5, True),
        (10, 4, False),
        (10, 6, False),
    ],
)
def test_a_rate_that_would_tell_of_few_people_is_withheld(
    people: int, clickers: int, is_told: bool
) -> None:
    row = told(clicks("서울", range(people), clickers=range(clickers)), OTHERS)["서울"]

    of_clicks = ("click_through", "click_through_low", "click_through_high", "clickers")
    for name in (*of_clicks, "clicks_per_search"):
        assert (row[name] is not None) == is_told, name
    assert (row.mean_rank is not None) == (is_told and clickers > 0)
    assert row.people == people


def test_where_all_people_clicked_but_not_with_every_search_the_rate_is_withheld() -> None:
    # Eight searches of seven people who all clicked: one of them once did not.
    row = told(clicks("서울", range(7), clickers=range(7), searches=8), OTHERS)["서울"]
    assert row.click_through is None


def test_exits_and_reformulations_have_the_same_floor_each_on_its_own() -> None:
    row = told(
        clicks("서울", range(20), clickers=range(3), leavers=range(6, 12), reformulators=[4]),
        OTHERS,
    )["서울"]

    assert (row.click_through, row.clickers, row.mean_rank) == (None, None, None)
    assert (row.exit_rate, row.leavers) == (6 / 20, 6)
    assert (row.reformulation_rate, row.reformulators) == (None, None)


def test_a_rank_is_told_where_every_click_has_one() -> None:
    row = told(clicks("서울", range(20), clickers=range(9), ranked=8, first_ranked=8), OTHERS)[
        "서울"
    ]
    assert (row.mean_rank, row.first_rank, row.clicks_per_search) == (None, None, 9 / 20)


def test_what_loses_the_most_people_beyond_the_usual_comes_first() -> None:
    rows = [
        clicks("usual", range(1000), leavers=range(300), clickers=range(300, 900)),
        # Of 200 people 150 leave, of 20 all do: the rate of the smaller one is higher.
        clicks("large", range(200), leavers=range(150), clickers=range(150, 200)),
        clicks("small", range(20), leavers=range(20)),
        clicks("fine", range(300), leavers=range(20), clickers=range(20, 290)),
    ]
    found = told(*rows)

    assert list(found) == ["large", "small", "usual", "fine"]
    whole = (300 + 150 + 20 + 20) / 1520
    assert found["large"].people_lost == pytest.approx(200 * (found["large"].exit_rate_low - whole))
    assert found["usual"].people_lost == 0.0  # below the rate of all searches
    assert found["fine"].people_lost == 0.0


def test_of_queries_that_lose_nobody_beyond_the_usual_the_order_is_total() -> None:
    rows = [
        clicks("b", range(10)),
        clicks("a", range(10)),
        clicks("c", range(20)),
        clicks("d", range(12), leavers=range(6)),
        clicks("e", range(10), reformulators=range(5)),
    ]
    assert list(told(*rows, OTHERS, k=5))[-4:] == ["e", "c", "a", "b"]
    assert list(told(*rows[::-1], OTHERS, k=5))[-4:] == ["e", "c", "a", "b"]


def test_bands_are_thirds_of_all_searches_and_equals_stand_together() -> None:
    # 30 + 10 + 10 + 5 × 8 = 90: 30 before the second, 50 before the eights.
    rows = [
        clicks("head", range(30), clickers=range(10)),
        clicks("torso one", range(10)),
        clicks("torso two", range(10)),
        *(clicks(f"torso {number}", range(8)) for number in range(3, 8)),
    ]
    found = told(*rows)
    assert found["head"].band == "head"
    assert {found[each].band for each in found if each != "head"} == {"torso"}

    # 60 of 90 before the last ones.
    rows[3:] = [clicks(f"tail {number}", range(5)) for number in range(6)]
    rows.append(clicks("torso three", range(10)))
    found = told(*rows)
    assert {row.band for query, row in found.items() if query.startswith("tail")} == {"tail"}


def test_a_log_without_clicks_tells_of_reformulations_alone() -> None:
    rows = [clicks("서울", range(20), leavers=range(9), reformulators=range(10, 16))]
    row = told(*rows)["서울"]

    assert (row.click_through, row.exit_rate, row.people_lost, row.leavers) == (None,) * 4
    assert (row.reformulation_rate, row.reformulators) == (6 / 20, 6)
    assert quality(*rows)[None, "all"].clicks_in_log == "none"


def test_a_log_of_clicks_alone_tells_of_ranks_alone() -> None:
    rows = [clicks("서울", range(20), clickers=range(20))]
    row = told(*rows)["서울"]

    assert (row.click_through, row.exit_rate, row.reformulation_rate) == (None,) * 3
    assert (row.mean_rank, row.clicks_per_search) == (2.0, 1.0)
    assert quality(*rows)[None, "all"].clicks_in_log == "every"


def test_of_no_clicks_at_all_there_are_no_rows() -> None:
    assert told() == {}
    assert set(quality()) <= {(None, "all")}


def test_the_whole_is_told_by_day_and_by_band() -> None:
    rows = [
        clicks("서울", range(20), clickers=range(8), leavers=range(8, 16)),
        clicks("부산", range(10, 20), clickers=range(10, 15)),
        clicks("서울", range(30), clickers=range(12), day="2026-03-03"),
        clicks("넷", range(3), day="2026-03-04"),
    ]
    found = quality(*rows)

    first = found["2026-03-02", "all"]
    assert (first.queries, first.people, first.searches) == (2, 20, 30)
    assert (first.click_through, first.clickers) == (13 / 30, 13)
    assert (first.exit_rate, first.leavers) == (8 / 30, 8)
    assert found["2026-03-03", "all"].click_through == 12 / 30
    assert ("2026-03-04", "all") not in found  # three people
    whole = found[None, "all"]
    assert (whole.queries, whole.people, whole.searches) == (3, 30, 63)
    assert (whole.click_through, whole.clicks_in_log) == (25 / 63, "some")
    assert (found[None, "head"].queries, found[None, "head"].searches) == (1, 50)
    assert list(found)[-1][0] is None


def test_people_of_large_days_are_estimated_as_from_all_of_them_and_small_days_are_exact() -> None:
    rng = random.Random(3)
    ids = [rng.randrange(-(2**63), 2**63) for _ in range(60_000)]
    queries = {f"q{n}": sorted(ids[n * 500 : n * 500 + 1000]) for n in range(110)}
    rows = [
        clicks(query, people, clickers=people[::2], leavers=people[1::2])
        for query, people in queries.items()
    ]
    rows.append(clicks("q1", ids[:30], clickers=ids[:10], leavers=ids[10:20], day="2026-03-03"))
    found = quality(*rows)

    def estimate(people: Iterable[int]) -> int:
        """By the 1,024th least of all ids: 1,023 over the share of numbers below it."""
        return int(1023 / ((sorted(people)[1023] + 2**63) / 2**64) + 0.5)

    everybody = {person for people in queries.values() for person in people}
    clicked = {person for people in queries.values() for person in people[::2]}
    day = found["2026-03-02", "all"]
    assert (day.people, day.clickers) == (estimate(everybody), estimate(clicked))
    assert day.people == pytest.approx(len(everybody), rel=0.1)
    assert found[None, "all"].people == estimate(everybody)
    small = found["2026-03-03", "all"]
    assert (small.people, small.clickers, small.leavers) == (30, 10, 10)


def test_reformulations_are_ranked_by_people_and_have_their_share() -> None:
    rows = [
        clicks("제주", range(20)),
        clicks("제주", range(20), day="2026-03-03"),
        clicks("제주", range(6), into="제주 맛집"),
        clicks("제주", range(3, 9), into="제주 맛집", day="2026-03-03"),
        clicks("제주", range(5), into="제주 날씨", searches=8),
        clicks("제주", range(4), into="제주 넷", searches=9),
    ]
    made = reformulations(*tables(*rows), min_searchers=5, top=10)

    assert made.schema == dict(REFORMULATIONS)
    assert made.drop("share").rows() == [
        ("제주", 1, "제주 맛집", "제주 맛집", 9, 12),
        ("제주", 2, "제주 날씨", "제주 날씨", 5, 8),
    ]
    assert made["share"].to_list() == pytest.approx([12 / 40, 8 / 40])
    assert reformulations(*tables(*rows), min_searchers=5, top=1).height == 1


def test_a_keyword_has_the_people_and_searches_of_all_its_queries() -> None:
    rows = [
        clicks("제주 맛집", range(10), clickers=range(5)),
        clicks("제주 날씨", range(5, 15), leavers=range(5, 10)),
        clicks("제주 맛집", range(6), into="제주 날씨"),  # is no search of its own
        clicks("환율", range(20)),
    ]
    keywords = pl.DataFrame(
        {
            "query_id": [id_of(each) for each in ("제주 맛집", "제주 날씨", "제주 맛집", "환율")],
            "keyword_id": [id_of(each) for each in ("제주", "제주", "맛집", "환율")],
        }
    )
    counts = tables(*rows)[0].drop("dt").collect()
    names = tables(*(clicks(each, range(1)) for each in ("제주", "맛집", "환율")))[1]
    of_day = of_keywords(counts, keywords)
    assert of_day.schema == dict(KEYWORD_CLICKS)

    made = query_analytics(of_day.lazy(), names, min_searchers=5)

    found = {row.query: row for row in rows_of(made)}
    assert set(found) == {"제주", "맛집", "환율"}
    assert (found["제주"].people, found["제주"].searches) == (15, 20)
    assert (found["제주"].click_through, found["제주"].exit_rate) == (5 / 20, 5 / 20)
    assert (found["맛집"].people, found["맛집"].click_through) == (10, 5 / 10)


def test_of_a_reformulation_by_nearly_all_people_only_their_number_is_told() -> None:
    rows = [
        clicks("ㄴ라씨", range(8)),
        clicks("ㄴ라씨", range(7), into="날씨"),  # one did something else
        clicks("넹이버", range(6)),
        clicks("넹이버", range(6), into="네이버"),  # nobody did
    ]
    made = reformulations(*tables(*rows), min_searchers=5)

    assert made.select("query", "people", "searches", "share").rows() == [
        ("ㄴ라씨", 7, None, None),
        ("넹이버", 6, 6, 1.0),
    ]


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidParameterError, match="min_searchers"):
        query_analytics(*tables(), min_searchers=0)
    with pytest.raises(InvalidParameterError, match="top"):
        reformulations(*tables(), top=0)
