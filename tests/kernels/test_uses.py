"""What queries are used for: by clicks, repetition, bursts and declared categories."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from pipeline.counting.uses import (
    LOOKING_UP,
    NAVIGATING,
    NEWS,
    SHOPPING,
    query_uses,
    uses_of_day,
)
from pipeline.language.queries import ids

MONDAY = date(2026, 3, 2)
OF_CLICKS = ("searches", "clicked", "clicks", "first_ranked", "first_rank_sum", "reformulated")


def id_of(query: str) -> int:
    return int(ids(pl.Series([query]))[0])


def counts(*rows: tuple[int, str, range]) -> pl.LazyFrame:
    """Day after Monday, query, and who typed it."""
    return pl.LazyFrame(
        {
            "dt": [str(MONDAY + timedelta(day)) for day, _, _ in rows],
            "query_id": [id_of(query) for _, query, _ in rows],
            "query": [query for _, query, _ in rows],
            "searchers": [len(people) for _, _, people in rows],
            "searchers_sketch": [list(people) for _, _, people in rows],
        },
        schema_overrides={"dt": pl.String, "query_id": pl.Int64, "query": pl.String},
    )


def clicks(query: str, into: str = "", **numbers: int) -> pl.LazyFrame:
    """A hundred searches, each with one click on the first result, unless told otherwise."""
    usual = dict(zip(OF_CLICKS, (100, 100, 100, 100, 100, 0), strict=True))
    row: dict[str, Any] = {"query_id": id_of(query), "into_id": id_of(into or query)}
    return pl.LazyFrame([{**row, **usual, **numbers}])


def addresses(*rows: tuple[str, str, int]) -> pl.LazyFrame:
    """Query, host and clicks there."""
    return pl.LazyFrame(
        {
            "query_id": [id_of(query) for query, _, _ in rows],
            "host": [host for _, host, _ in rows],
            "clicks": [number for _, _, number in rows],
        },
        schema={"query_id": pl.Int64, "host": pl.String, "clicks": pl.Int64},
    )


NO_CLICKS = clicks("유튜브").filter(pl.lit(value=False))
DAYS = range(14)
A_FEW = counts(*((day, query, range(5)) for day in DAYS for query in ("유튜브", "네이버")))


def used(
    of: pl.LazyFrame,
    clicked: pl.LazyFrame = NO_CLICKS,
    hosts: pl.LazyFrame | None = None,
    shopping: tuple[str, ...] = (),
) -> dict[str, int]:
    where = addresses() if hosts is None else hosts
    found = query_uses(of, clicked, where, pl.Series(shopping, dtype=pl.String))
    names = of.select("query_id", "query").unique().collect()
    return dict(names.join(found, on="query_id").select("query", "use").rows())


@pytest.mark.parametrize(
    ("numbers", "use"),
    [
        ({}, NAVIGATING),
        ({"clicked": 49, "clicks": 49}, LOOKING_UP),  # half of the searches have a click
        ({"clicks": 121}, LOOKING_UP),  # 1.2 clicks of a search
        ({"first_rank_sum": 151}, LOOKING_UP),  # rank 1.5
        ({"first_ranked": 0, "first_rank_sum": 0}, NAVIGATING),  # the log has no ranks
        ({"reformulated": 6}, LOOKING_UP),
        ({"searches": 9, "clicked": 9, "clicks": 9}, LOOKING_UP),  # too few to say
    ],
)
def test_a_query_whose_searches_get_one_click_high_up_is_for_a_site(
    numbers: dict[str, int], use: int
) -> None:
    assert used(A_FEW, clicks("유튜브", "", **numbers))["유튜브"] == use


def test_what_leads_to_several_hosts_is_for_no_site() -> None:
    clicked = pl.concat([clicks("유튜브"), clicks("네이버")])
    hosts = addresses(
        *(("유튜브", "youtube.com", 80), ("유튜브", "wiki.example", 20)),
        *(("네이버", "naver.com", 79), ("네이버", "wiki.example", 21)),
    )

    assert used(A_FEW, clicked, hosts) == {"유튜브": NAVIGATING, "네이버": LOOKING_UP}


def test_reformulations_count_of_the_query_itself() -> None:
    """A row of `daily_clicks` about another query tells nothing of how its own searches end."""
    clicked = pl.concat([clicks("네이버", clicked=0, clicks=0), clicks("네이버", "유튜브")])

    assert used(A_FEW, clicked)["네이버"] == LOOKING_UP


def test_without_clicks_a_word_that_the_same_people_type_again_and_again_is_for_a_site() -> None:
    same, others = range(10), [range(10 * day, 10 * day + 10) for day in DAYS]
    of = counts(
        *((day, "유튜브", same) for day in DAYS),
        *((day, "환율", others[day]) for day in DAYS),
        *((day, "서울 날씨", same) for day in DAYS),
    )

    found = used(of)  # 420 times of 160 people: 2.6 each, and 14 of 유튜브

    assert found == {"유튜브": NAVIGATING, "환율": LOOKING_UP, "서울 날씨": LOOKING_UP}


def test_where_clicks_are_known_repetition_tells_nothing() -> None:
    of = counts(*((day, query, range(10)) for day in DAYS for query in ("유튜브", "날씨")))

    assert used(of, clicks("유튜브")) == {"유튜브": NAVIGATING, "날씨": LOOKING_UP}


def test_what_is_searched_on_a_few_days_of_two_weeks_is_news() -> None:
    often, twice_a_week = range(30), (5, 12)
    of = counts(
        *((day, "개기월식", range(100 * day, 100 * day + 30)) for day in (3, 4, 5)),
        *((day, "주말 예매", often) for day in twice_a_week),
        *((day, "환율", range(3 * day, 3 * day + 3)) for day in DAYS),
    )

    assert used(of) == {"개기월식": NEWS, "주말 예매": LOOKING_UP, "환율": LOOKING_UP}
    # Of one week nobody can tell it from what comes once a week.
    assert set(used(of.filter(pl.col("dt") < str(MONDAY + timedelta(7)))).values()) == {LOOKING_UP}


def test_what_is_declared_to_be_shopping_is_shopping_whatever_else_it_is() -> None:
    assert used(A_FEW, clicks("유튜브"), shopping=("유튜브",))["유튜브"] == SHOPPING


def test_what_more_people_search_than_ever_is_news_of_the_day() -> None:
    known = pl.DataFrame(
        {
            "query_id": [1, 2, 3, 4],
            "use": [LOOKING_UP, NAVIGATING, SHOPPING, LOOKING_UP],
            "most_people": [4, 4, 4, 5],
        },
        schema={"query_id": pl.Int64, "use": pl.Int32, "most_people": pl.Int64},
    )
    today = pl.DataFrame({"query_id": [1, 2, 3, 4, 5, 6], "searchers": [12, 11, 40, 14, 10, 9]})

    found = dict(uses_of_day(today, known).rows())

    # Three times those of the most: 12 and 15. Of what is new (5, 6), ten people.
    assert found == {1: NEWS, 2: NAVIGATING, 3: SHOPPING, 5: NEWS}


def test_a_log_of_nothing_has_no_uses() -> None:
    assert used(counts()) == {}
    none = pl.DataFrame(schema={"query_id": pl.Int64, "use": pl.Int32, "most_people": pl.Int64})
    today = pl.DataFrame(schema={"query_id": pl.Int64, "searchers": pl.Int64})
    assert uses_of_day(today, none).is_empty()
