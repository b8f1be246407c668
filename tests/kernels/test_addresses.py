"""What is clicked for a query on a day, and which keywords lead to the same addresses."""

import polars as pl
import pytest

from pipeline.columns import CO_CLICKED, DAILY_ADDRESSES, DAILY_COUNTS
from pipeline.counting.addresses import added_up, counted, hosts, plain_addresses
from pipeline.errors import InvalidParameterError
from pipeline.language.queries import ids, variant_keys
from pipeline.results.co_clicked import HUB_KEYWORDS, co_clicked
from tests.kernels.rows import search, searches


@pytest.mark.parametrize(
    ("address", "plain", "host"),
    [
        ("https://www.Shop.kr/Shoes/#top", "shop.kr/Shoes", "shop.kr"),
        ("shop.kr/Shoes", "shop.kr/Shoes", "shop.kr"),
        ("HTTP://shop.kr", "shop.kr", "shop.kr"),
        ("//cdn.shop.kr/?q=A", "cdn.shop.kr/?q=A", "cdn.shop.kr"),
        ("http://me:secret@shop.kr:8080/a", "me:secret@shop.kr:8080/a", "shop.kr"),
        ("http://한글.kr/가", "한글.kr/가", "한글.kr"),
        ("/only/a/path", "/only/a/path", ""),
    ],
)
def test_addresses_of_one_page_are_one(address: str, plain: str, host: str) -> None:
    found = plain_addresses(pl.Series([address]))

    assert found.to_list() == [plain]
    assert hosts(found).to_list() == [host]


def clicks(*rows: tuple[str, range, str | None]) -> pl.DataFrame:
    return searches(
        *(
            search(query, user=user, clicked_url=url, at_=f"2026-03-02T03:00:{user % 60:02}")
            for query, users, url in rows
            for user in users
        )
    )


def test_clicks_are_counted_by_query_and_page() -> None:
    found = counted(
        clicks(
            ("날씨", range(3), "https://www.kma.kr/"),
            ("날씨", range(2, 4), "http://kma.kr"),
            ("날씨", range(9), None),
            ("눈", range(1), "http://kma.kr"),
        )
    )

    assert dict(found.schema) == dict(DAILY_ADDRESSES)
    told = found.sort("clicks").rows(named=True)
    assert [(row["host"], row["clicks"], len(row["searchers_sketch"])) for row in told] == [
        ("kma.kr", 1, 1),
        ("kma.kr", 5, 4),
    ]


def test_parts_of_different_people_add_up() -> None:
    rows = clicks(("날씨", range(30), "http://kma.kr"), ("눈", range(9), "http://kma.kr/snow"))
    parts = [counted(rows.filter(pl.col("user_id") % 3 == part)) for part in range(3)]

    assert added_up(parts).equals(counted(rows))
    assert counted(rows.clear()).is_empty()


def near(*rows: tuple[str, range, str | None], k: int = 5) -> dict[tuple[str, str], float]:
    log = clicks(*rows)
    texts = log.select("query_id", "query").unique()
    names = texts.with_columns(
        surface="query",
        searchers=pl.lit(9, pl.Int64),
        variant_id=ids(variant_keys(texts["query"])),
    )
    empty = pl.DataFrame(schema={**DAILY_COUNTS})
    daily = pl.concat([empty, names.select(pl.col(n) for n in names.columns)], how="diagonal")
    found = co_clicked(counted(log).lazy(), daily.lazy(), min_searchers=k)
    assert dict(found.schema) == dict(CO_CLICKED)
    return {(row["query"], row["co_clicked_query"]): row["score"] for row in found.to_dicts()}


def test_keywords_that_lead_to_one_page_are_near_both_ways() -> None:
    found = near(
        ("기상청", range(5), "kma.kr"),
        ("날씨", range(10, 16), "kma.kr"),
        ("영화", range(20, 26), "film.kr"),
    )

    assert found == {("기상청", "날씨"): 1.0, ("날씨", "기상청"): 1.0}


def test_a_page_counts_where_enough_people_clicked_it_for_the_keyword() -> None:
    rows = [("기상청", range(5), "kma.kr"), ("날씨", range(10, 14), "kma.kr")]

    assert near(*rows) == {}
    assert near(*rows, k=4) != {}


def test_spellings_are_one_keyword() -> None:
    found = near(
        ("주간 날씨", range(3), "kma.kr"),
        ("주간날씨", range(3, 6), "kma.kr"),
        ("기상청", range(10, 16), "kma.kr"),
    )

    assert len(found) == 2


def test_a_rare_page_says_more_than_one_that_many_lead_to() -> None:
    others = [(f"말{n}", range(5), "wiki.kr") for n in range(8)]
    found = near(
        *(("가", range(5), "wiki.kr"), ("나", range(5), "wiki.kr"), ("나", range(5), "rare.kr")),
        *(("다", range(5), "rare.kr"), ("다", range(5), "other.kr"), *others),
        ("가", range(5), "third.kr"),
    )

    assert found["나", "다"] > found["나", "가"] > 0


def test_a_page_that_everything_leads_to_relates_nothing() -> None:
    rows = [(f"말{n}", range(5), "portal.kr") for n in range(HUB_KEYWORDS + 1)]

    assert near(*rows) == {}
    assert near(*rows[:-1]) != {}


def test_a_floor_of_nobody_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="min_searchers"):
        near(("날씨", range(5), "kma.kr"), k=0)
