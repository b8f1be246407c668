"""Categories: what is declared stays, the rest follows the sessions."""

import polars as pl
import pytest

from pipeline.errors import InvalidParameterError
from pipeline.results.category_spread import categories, declared, parsed_rules

RULES = """
[[category]]
name = "여행"
queries = ["제주도 여행"]
words = ["항공권", "숙소"]

[[category]]
name = "음식"
queries = ["김치찌개 레시피"]
words = ["맛집"]
"""


def rules() -> dict[str, str]:
    texts = ["제주도여행", "오사카 항공권", "강남맛집", "항공권 맛집", "날씨", "김치찌개 레시피"]
    found = declared(pl.Series(texts), parsed_rules(RULES, "rules.toml"))
    return dict(found.iter_rows())


def spread(known: dict[str, str], *pairs: tuple[str, str, int]) -> dict[str, tuple[str, str]]:
    related = pl.DataFrame(
        pairs,
        schema={"query": pl.String, "related_query": pl.String, "sessions": pl.Int64},
        orient="row",
    )
    every = sorted({text for first, second, _ in pairs for text in (first, second)} | set(known))
    found = categories(
        pl.DataFrame({"query": every}),
        related,
        pl.DataFrame({"query": list(known), "category": list(known.values())}),
    )
    return {row["query"]: (row["category"], row["source"]) for row in found.to_dicts()}


def test_examples_and_words_declare_whatever_the_spacing_and_both_at_once_nothing() -> None:
    assert rules() == {
        "제주도여행": "여행",
        "오사카 항공권": "여행",
        "강남맛집": "음식",
        "김치찌개 레시피": "음식",
    }


def test_what_is_searched_together_is_of_one_category() -> None:
    found = spread(
        {"항공권": "여행", "맛집": "음식"},
        *(("항공권", "면세점", 9), ("면세점", "환율", 5), ("맛집", "카페", 9), ("환율", "카페", 1)),
    )

    assert found["면세점"] == ("여행", "sessions")
    assert found["환율"] == ("여행", "sessions")
    assert found["카페"] == ("음식", "sessions")
    assert found["항공권"] == ("여행", "declared")


def test_what_nothing_leads_to_has_none() -> None:
    assert "외톨이" not in spread({"항공권": "여행"}, ("외톨이", "다른 외톨이", 9))


def test_what_is_between_two_has_none() -> None:
    found = spread(
        {"가": "여행", "나": "음식", "다": "금융"},
        *(("가", "가운데", 5), ("나", "가운데", 5), ("다", "가운데", 5)),
    )

    assert "가운데" not in found


def test_many_examples_do_not_take_everything() -> None:
    many = {f"여행 {number}": "여행" for number in range(50)}
    pairs = [(text, "허브", 1) for text in many]
    found = spread({**many, "맛집": "음식"}, *pairs, ("맛집", "카페", 9), ("카페", "허브", 1))

    assert found["카페"] == ("음식", "sessions")


def test_a_declaration_stands_against_the_sessions() -> None:
    found = spread({"가": "여행", "나": "음식"}, ("가", "나", 100))

    assert found == {"가": ("여행", "declared"), "나": ("음식", "declared")}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("category = [", "is no TOML"),
        ("", "declares no category"),
        ("category = []", "declares no category"),
        ("[category]\nname = 'x'", "declares no category"),
        ("[[category]]\nname = '여행'", "must have a name, and queries, words or hosts"),
        ("[[category]]\nwords = ['x']", "must have a name, and queries, words or hosts"),
        (
            "[[category]]\nname = '여행'\nqueries = 'x'",
            "must have a name, and queries, words or hosts",
        ),
        ("[[category]]\nname = '여행'\nwords = ['x']\nother = 1", "and nothing else"),
        ("[[category]]\nname = '여행'\nwords = ['']", "holds a blank text"),
        ("[[category]]\nname = '여행'\nwords = ['x']\nkind = 'travel'", 'say kind = "shopping"'),
        ("[[category]]\nname='가'\nwords=['x']\n[[category]]\nname='가'\nwords=['y']", "twice"),
    ],
)
def test_rules_that_cannot_be_read_are_a_sentence(text: str, why: str) -> None:
    with pytest.raises(InvalidParameterError, match=rf"rules\.toml.*{why}"):
        parsed_rules(text, "rules.toml")


def by_clicks(hosts: str, *clicked: tuple[str, str, int]) -> dict[str, str]:
    """What a category 쇼핑 with these hosts, and 날씨 with the word 날씨, says of clicks."""
    rules = parsed_rules(
        f"[[category]]\nname = '쇼핑'\nhosts = {hosts}\n"
        "[[category]]\nname = '날씨'\nwords = ['날씨']",
        "rules",
    )
    rows = pl.DataFrame(clicked, schema=["query", "host", "people"], orient="row")
    return dict(declared(rows["query"].unique(), rules, rows).iter_rows())


def test_a_query_whose_clicks_go_to_hosts_of_a_category_is_of_it() -> None:
    found = by_clicks(
        "['WWW.Shop.kr']",
        *(("운동화", "shop.kr", 6), ("운동화", "wiki.kr", 5), ("구두", "m.shop.kr", 5)),
        *(("신발", "shop.kr", 5), ("신발", "wiki.kr", 5), ("역사", "myshop.kr", 9)),
    )

    assert found == {"운동화": "쇼핑", "구두": "쇼핑"}  # half is not most; myshop.kr is another


def test_words_go_before_hosts() -> None:
    assert by_clicks("['shop.kr']", ("날씨 시계", "shop.kr", 9)) == {"날씨 시계": "날씨"}


@pytest.mark.parametrize("host", ["https://shop.kr", "shop.kr/shoes", "", "a b"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidParameterError, match="hosts that are none"):
        by_clicks(f"['{host}']", ("신발", "shop.kr", 9))


def test_examples_alone_make_a_category() -> None:
    rules = parsed_rules("[[category]]\nname = '여행'\nqueries = ['아고다']", "rules")

    assert dict(declared(pl.Series(["아고다", "날씨"]), rules).iter_rows()) == {"아고다": "여행"}
