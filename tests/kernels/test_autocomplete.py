import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from pipeline.columns import AUTOCOMPLETE
from pipeline.counting import days
from pipeline.errors import InvalidParameterError
from pipeline.language.queries import endings
from pipeline.results.completions import completions
from silgeom.evaluate import autocomplete as twin
from silgeom.hangul import keystrokes
from tests.kernels.rows import Row, Search, rows_of, search, searches

TODAY = date(2026, 3, 15)


def typed(
    query: str, people: int, *, first_user: int = 0, days_ago: int = 0, surface: str = ""
) -> list[Search]:
    """A query typed by so many people on one day."""
    day = TODAY - timedelta(days=days_ago)
    return [
        search(query, user=user, surface=surface or query, at_=f"{day}T03:00:00", dt=str(day))
        for user in range(first_user, first_user + people)
    ]


def counts_of(rows: list[Search]) -> pl.LazyFrame:
    log = searches(*rows).with_columns(dt=pl.col("searched_at").dt.strftime("%Y-%m-%d"))
    parts = log.partition_by("dt", as_dict=True) or {("2026-03-15",): log}
    return pl.concat(
        [
            days.daily_counts(days.counted(part)).with_columns(dt=pl.lit(dt))
            for (dt,), part in parts.items()
        ]
    ).lazy()


def completed(
    rows: list[Search],
    **parameters: Any,  # noqa: ANN401
) -> dict[str, list[Row]]:
    """The rows of each prefix of keystrokes, in order of rank."""
    arguments = {"as_of": TODAY, **parameters}
    return by_prefix(completions(counts_of(rows), **arguments), "keystrokes")


def by_prefix(result: pl.DataFrame, kind: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of(result.filter(pl.col("key_kind") == kind).sort("rank")):
        found[row.prefix].append(row)
    return found


def shown(rows: list[Row]) -> list[str]:
    return [row.completion for row in rows]


def test_every_prefix_is_completed_most_people_first() -> None:
    found = completed(typed("날씨", 7) + typed("날씨 lg", 6) + typed("나이키", 9))

    assert {prefix: shown(rows) for prefix, rows in found.items()} == {
        "ㄴ": ["나이키", "날씨", "날씨 lg"],
        "ㄴㅏ": ["나이키", "날씨", "날씨 lg"],
        "ㄴㅏㅇ": ["나이키"],
        "ㄴㅏㅇㅣ": ["나이키"],
        "ㄴㅏㅇㅣㅋ": ["나이키"],
        "ㄴㅏㅇㅣㅋㅣ": ["나이키"],
        "ㄴㅏㄹ": ["날씨", "날씨 lg"],
        "ㄴㅏㄹㅆ": ["날씨", "날씨 lg"],  # one key, with shift
        "ㄴㅏㄹㅆㅣ": ["날씨", "날씨 lg"],
        "ㄴㅏㄹㅆㅣ ": ["날씨 lg"],  # a new word
        "ㄴㅏㄹㅆㅣl": ["날씨 lg"],  # else a space is no key
        "ㄴㅏㄹㅆㅣlg": ["날씨 lg"],
    }
    assert [(row.rank, row.key_kind, row.searchers) for row in found["ㄴㅏㄹ"]] == [
        (1, "keystrokes", 7),
        (2, "keystrokes", 6),
    ]


def test_initials_stand_for_what_begins_with_hangul() -> None:
    rows = [
        *typed("카카오 톡", 9),
        *typed("아이폰 15 값", 8),
        *typed("lg 전자", 7),  # begins with Latin
        *typed("ㅋㅏ톡", 6),  # a loose vowel is no initial
    ]

    found = by_prefix(completions(counts_of(rows), as_of=TODAY), "choseong")

    assert {prefix: shown(rows) for prefix, rows in found.items()} == {
        "ㅋ": ["카카오 톡", "ㅋㅏ톡"],
        **{f"ㅋㅋ{rest}": ["카카오 톡"] for rest in ["", "ㅇ", "ㅇㅌ"]},
        **{
            f"ㅇ{rest}": ["아이폰 15 값"]
            for rest in ["", "ㅇ", "ㅇㅍ", "ㅇㅍ1", "ㅇㅍ15", "ㅇㅍ15ㄱ"]
        },
    }


def test_endings_of_many_queries_are_tails() -> None:
    rows = [
        *typed("부산 흑돼지 맛집", 3),
        *typed("서울 맛집", 3, first_user=2),  # one person did both
        *typed("맛집", 9),  # a whole query is no ending
        *typed("www.daum.net", 4, first_user=20),
        *typed("naver.net", 1, first_user=30),
        *typed("电影院", 5, first_user=40),
        *typed("끝 .", 5, first_user=50),
    ]

    found = by_prefix(completions(counts_of(rows), as_of=TODAY), "tail")

    whole = {row.completion: (row.searchers, row.weight) for rows in found.values() for row in rows}
    assert whole == {"맛집": (5, 6.0), ".net": (5, 5.0), "影院": (5, 5.0), ".": (5, 5.0)}
    assert set(found) == {"ㅁ", "ㅁㅏ", "ㅁㅏㅅ", "ㅁㅏㅅㅈ", "ㅁㅏㅅㅈㅣ", "ㅁㅏㅅㅈㅣㅂ"} | {
        *(".", ".n", ".ne", ".net", "影", "影院")
    }
    assert shown(found["."]) == [".", ".net"]


ENDINGS = {
    "부산 흑돼지 맛집": ["흑돼지 맛집", "맛집"],
    "www.daum.net": [".daum.net", ".net"],
    "ab .net": [".net"],
    "周杰伦电影": ["杰伦电影", "伦电影", "电影"],
    "나의 电影院": ["电影院", "影院"],
    "电影": [],
    "a b": ["b"],
    "ab": [],
    "끝.": [],
    ".net": [],
    "a a a": ["a a", "a"],
    "가" * 50 + " " + "나" * 39: ["나" * 39],
    "가" * 50 + " " + "나" * 40: [],  # with its space, more than forty
}


def test_endings_begin_where_words_do() -> None:
    found: dict[str, list[str]] = {query: [] for query in ENDINGS}
    for row in rows_of(endings(pl.Series("query", list(ENDINGS)))):
        found[list(ENDINGS)[row.row]].append(row.ending)

    assert found == ENDINGS
    assert {query: twin.endings(query) for query in ENDINGS} == ENDINGS


def test_a_plain_slip_of_what_many_type_is_no_completion() -> None:
    rows = [
        *typed("날씨", 60),
        *typed("날ㄹ씨", 6, first_user=100),  # a key too many
        *typed("나ㄹ씨", 6, first_user=110),  # the right keys, put together wrongly
        *typed("나ㅆㄹㅣ", 6, first_user=120),  # two keys in the wrong order
        *typed("skftl", 6, first_user=130),  # on the other keyboard, whose shift is lost
        *typed("youtube", 60, first_user=140),
        *typed("ㅛㅐㅕㅅㅕㅠㄷ", 6, first_user=200),  # the other way round
    ]

    assert shown(completed(rows)["ㄴ"]) == ["날씨"]
    found = completed(rows)
    assert {row.completion for rows in found.values() for row in rows} == {"날씨", "youtube"}


def test_what_may_be_meant_is_a_completion() -> None:
    rows = [
        *typed("배구", 60),
        *typed("배우", 5, first_user=100),  # a key apart, of whole syllables
        *typed("랙", 60, first_user=110),
        *typed("for", 7, first_user=200),  # 60 is less than ten times as much
        *typed("유튜브", 60, first_user=210),
        *typed("유튜브ㅋㅋ", 5, first_user=300),  # two keys more
        *typed("ㅇㅈ", 5, first_user=310),  # no syllable beside it
    ]

    found = completed(rows)

    assert {row.completion for rows in found.values() for row in rows} == {
        *("배구", "배우", "랙", "for", "유튜브", "유튜브ㅋㅋ", "ㅇㅈ")
    }


def test_recent_people_weigh_more() -> None:
    rows = typed("나라장터", 10, days_ago=14) + typed("나이키", 6, days_ago=7)

    found = completed(rows, half_life_days=7.0)["ㄴㅏ"]

    assert [(row.completion, row.weight) for row in found] == [
        ("나이키", 3.0),  # 6 halved once
        ("나라장터", 2.5),  # 10 halved twice
    ]


def test_people_count_on_each_day_but_to_the_floor_only_once() -> None:
    four_people_daily = [row for age in range(10) for row in typed("나만의 비밀", 4, days_ago=age)]
    five_people_in_all = typed("나이키", 3, days_ago=1) + typed("나이키", 3, first_user=2)

    [row] = completed(four_people_daily + five_people_in_all, half_life_days=1.0)["ㄴㅏ"]

    assert (row.completion, row.searchers, row.weight) == ("나이키", 5, 4.5)  # 3 + 3 / 2


def test_variants_are_one_completion_shown_as_most_people_typed_it() -> None:
    rows = (
        typed("카카오톡", 4)
        + typed("카카오톡", 1, first_user=4, surface="카카오톡 ")
        + typed("카카오 톡", 3, first_user=10)
        + typed("카카오맵", 6)
    )

    found = completed(rows)["ㅋㅏ"]

    assert [(row.completion, row.searchers, row.weight) for row in found] == [
        ("카카오톡", 8, 8.0),
        ("카카오맵", 6, 6.0),
    ]


def test_the_surface_is_the_one_of_most_searcher_days() -> None:
    rows = (
        typed("bts", 5, surface="bts")
        + typed("bts", 4, surface="BTS", days_ago=1)
        + typed("bts", 4, surface="BTS", days_ago=2)
    )

    assert shown(completed(rows)["b"]) == ["BTS"]


def test_a_long_query_is_found_by_its_first_twenty_keys() -> None:
    query = "가나다라마바사아자차카"  # 22 keys
    found = completed(typed(query, 5))

    assert max(map(len, found)) == 20
    assert shown(found[keystrokes("가나다라마바사아자차")]) == [query]
    assert max(map(len, completed(typed(query, 5), max_prefix=3))) == 3


def test_ties_are_broken_by_text_and_the_list_is_cut() -> None:
    rows = typed("나무", 5) + typed("나라", 5) + typed("나비", 5)

    assert shown(completed(rows, per_prefix=2)["ㄴㅏ"]) == ["나라", "나무"]


def test_blocked_words_are_no_completions_however_they_are_spaced() -> None:
    rows = (
        typed("불법 도박 사이트", 9)
        + typed("도 박", 9)
        + typed("도서관", 9)
        + typed("abc DOPE".lower(), 9)
    )

    result = completions(counts_of(rows), as_of=TODAY, blocked=["도박", "Dope"])

    assert {row.completion for row in rows_of(result)} == {"도서관"}  # nor their endings


def test_days_after_as_of_are_not_seen() -> None:
    rows = typed("어제", 5, days_ago=1) + typed("오늘", 5)

    found = completed(rows, as_of=TODAY - timedelta(days=1))

    assert set(found) == {"ㅇ", "ㅇㅓ", "ㅇㅓㅈ", "ㅇㅓㅈㅔ"}
    assert found["ㅇㅓ"][0].weight == 5.0  # of age 0


def test_no_counts_no_completions() -> None:
    found = completions(counts_of([]), as_of=TODAY)

    assert found.is_empty()
    assert found.schema == pl.Schema(AUTOCOMPLETE)


@pytest.mark.parametrize(
    "parameters",
    [
        {"half_life_days": 0.0},
        {"min_searchers": 0},
        {"per_prefix": 0},
        {"max_prefix": 0},
        {"blocked": [" "]},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError, match=next(iter(parameters))):
        completed([], **parameters)


def test_agrees_with_plain_python_counts() -> None:
    rng = random.Random(9)
    words = ["가", "가나", "가 나", "가나 다", "나", "나가", "나가다", "나 가", "다"]
    chosen = {(rng.choice(words), rng.randrange(12), rng.randrange(8)) for _ in range(250)}
    rows = [
        row
        for query, user, days_ago in sorted(chosen)
        for row in typed(query, 1, first_user=user, days_ago=days_ago)
    ]

    weight_of: Counter[str] = Counter()
    for query, _, days_ago in chosen:
        weight_of[query] += 2 ** (-days_ago / 3)  # type: ignore[assignment]
    groups: dict[str, list[str]] = defaultdict(list)
    for query in weight_of:
        groups[query.replace(" ", "")].append(query)
    expected: dict[str, list[tuple[float, int, str]]] = defaultdict(list)
    for forms in groups.values():
        people = {user for query, user, _ in chosen if query in forms}
        heaviest = min(forms, key=lambda query: (-weight_of[query], query))
        weight = sum(weight_of[query] for query in forms)
        if len(people) >= 9:
            keys = keystrokes(heaviest)
            words = [f"{keystrokes(heaviest.split()[0])} "] if " " in heaviest else []
            for prefix in [keys[:n] for n in range(1, len(keys) + 1)] + words:
                expected[prefix].append((-weight, -len(people), heaviest))

    found = completed(rows, half_life_days=3.0, min_searchers=9, per_prefix=3)

    assert len(expected) > 3
    assert set(found) == set(expected)
    for prefix, best in expected.items():
        best = sorted(best)[:3]
        assert shown(found[prefix]) == [query for _, _, query in best]
        assert [row.searchers for row in found[prefix]] == [-people for _, people, _ in best]
        assert [-row.weight for row in found[prefix]] == pytest.approx(
            [weight for weight, _, _ in best], rel=1e-4
        )
