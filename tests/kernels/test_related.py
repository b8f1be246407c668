import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import polars as pl
import pytest

from pipeline.columns import RELATED
from pipeline.counting.sessions import counted, daily_pairs
from pipeline.errors import InvalidParameterError
from pipeline.language.queries import ids, variant_keys
from pipeline.results.related_searches import log_likelihood_ratio, related_searches, significance
from tests.kernels.rows import Row, rows_of

#: A session: whose it is, its queries in order, and the seconds from each to the next.
Session = tuple[int, list[str], int]

#: The rows of each query and kind, in order of rank.
Found = dict[tuple[str, str], list[Row]]


def session(*queries: str, user: int = 1, every: int = 300) -> Session:
    return (user, list(queries), every)


def by_people(first_user: int, people: int, *queries: str, every: int = 300) -> list[Session]:
    """The same session once by each of so many people."""
    return [
        session(*queries, user=user, every=every) for user in range(first_user, first_user + people)
    ]


def others(sessions: int) -> list[Session]:
    """Sessions of other people with none of the test's queries: what makes a pair no accident."""
    return [session("다른 것", user=100_000 + user) for user in range(sessions)]


def pairs_and_names(sessions: Iterable[Session]) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    rows = [
        (first, second, user, every * (j - i), i == j == 0)
        for user, queries, every in sessions
        for i, first in enumerate(queries)
        for j, second in enumerate(queries)
        if i <= j
    ]
    schema = {
        "first": pl.String,
        "second": pl.String,
        "user_id": pl.Int64,
        "seconds_between": pl.Int64,
        "opened": pl.Boolean,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    pairs = frame.with_columns(
        ids(frame["first"]).alias("first_id"), ids(frame["second"]).alias("second_id")
    )
    names = pairs.select(
        query_id="first_id", query="first", surface=pl.col("first").str.to_uppercase()
    ).unique()
    names = names.with_columns(ids(variant_keys(names["query"])).alias("variant_id"))
    return daily_pairs(counted(pairs)).lazy(), names.lazy()


def related(
    sessions: Iterable[Session],
    **parameters: Any,  # noqa: ANN401
) -> Found:
    found: Found = defaultdict(list)
    pairs, names = pairs_and_names(sessions)
    for row in rows_of(related_searches(pairs, names, **parameters)):
        found[row["query"], row.kind].append(row)
    return found


def shown(rows: list[Row]) -> list[str]:
    return [row.related_query for row in rows]


def test_known_ratios_come_out_of_the_expression() -> None:
    tables = [(10, 0, 0, 10), (5, 1995, 0, 100000), (1, 1, 1, 1), (0, 5, 5, 0)]
    frame = pl.DataFrame(tables, schema=list("abcd"), orient="row")
    cells = [pl.col(name) for name in "abcd"]

    rows = frame.select(ratio=log_likelihood_ratio(*cells), sigmas=significance(*cells)).rows()

    assert [row[0] for row in rows] == pytest.approx([27.72589, 39.33052, 0.0, 13.86294], abs=1e-5)
    # Its root; the last two are never together, which is less than by chance.
    assert [row[1] for row in rows] == pytest.approx([5.26554, 6.27140, 0.0, -3.72330], abs=1e-5)


@pytest.fixture(scope="module")
def found() -> Found:
    """What is related in one log of all the sessions below: they share no query."""
    sessions = JEJU + SAMSUNG + SECRET + RAMEN + FILM + FOOTBALL + KPOP
    return related(sessions + SLIPS + SPACING + others(1000))


JEJU = [
    *by_people(0, 8, "제주도 여행", "제주도 맛집"),
    *by_people(10, 2, "제주도 맛집", "제주도 여행"),
    *by_people(20, 10, "제주도 여행"),
]


def test_a_related_query_is_what_the_same_people_search_for(found: Found) -> None:
    [row] = found["제주도 여행", "related"]
    assert (row.rank, row.related_query, row.sessions, row.searchers) == (1, "제주도 맛집", 10, 10)
    assert row.next_probability == 0.4  # in 8 of 20 the other comes after
    assert row.score == 0.45  # and in 2 before, which count half
    [row] = found["제주도 맛집", "related"]
    assert (row.score, row.next_probability) == (0.6, 0.2)  # (2 + 8 / 2) / 10


SAMSUNG = [
    *by_people(0, 40, "삼성전자 주가", "환율"),
    *by_people(100, 100, "환율"),  # popular with everybody
    *by_people(200, 8, "삼성전자 주가", "삼성전자 배당금 지급일"),  # never without
]


def test_what_many_have_together_comes_before_what_is_rare_and_surprising(found: Found) -> None:
    rows = found["삼성전자 주가", "related"]

    assert shown(rows) == ["환율", "삼성전자 배당금 지급일"]
    assert rows[0].score > rows[1].score


SECRET = [*[session("내 비밀", "내 이름", user=1)] * 50, *by_people(10, 4, "네 명", "의 비밀")]


def test_one_persons_habit_is_shown_to_nobody(found: Found) -> None:
    secrets = {"내 비밀", "내 이름", "네 명", "의 비밀"}

    assert not secrets & {query for query, _ in found}


RAMEN = [*by_people(0, 3, "라면", "김치"), *by_people(2, 3, "김치", "라면")]


def test_people_of_both_orders_count_together(found: Found) -> None:
    [row] = found["라면", "related"]

    assert (row.sessions, row.searchers) == (6, 5)  # one person did both


FILM = [
    *by_people(0, 6, "영화", "예매"),
    *by_people(10, 6, "배우 이름", "영화"),
    *by_people(20, 6, "영화", "가격"),
]


def test_of_equal_pairs_the_one_that_comes_after_is_first(found: Found) -> None:
    # All have a third of the sessions; of those that come after, by text.
    assert shown(found["영화", "related"]) == ["가격", "예매", "배우 이름"]
    assert [row.score for row in found["영화", "related"]] == pytest.approx(
        [6 / 18, 6 / 18, 3 / 18]
    )


FOOTBALL = [
    *by_people(0, 9, "축구", "손흥민 경기"),
    *by_people(10, 7, "축구", "손흥민경기"),
    *by_people(20, 6, "축구", "야구장"),
]


def test_of_variants_only_the_first_is_related(found: Found) -> None:
    assert shown(found["축구", "related"]) == ["손흥민 경기", "야구장"]


KPOP = by_people(0, 6, "bts", "kpop")


def test_the_surface_is_shown(found: Found) -> None:
    assert found["bts", "related"][0].related_surface == "KPOP"


SLIPS = [
    *by_people(0, 6, "유튜부", "유튜브", every=5),
    *by_people(10, 30, "유튜브"),
    # A key left out.
    *by_people(0, 6, "나씨", "날씨", every=5),
    *by_people(10, 30, "날씨"),
    # On the keyboard's other language.
    *by_people(0, 6, "skdlqj", "나이버", every=5),
    *by_people(10, 30, "나이버"),
    *by_people(30, 6, "skdqj", "나이버", every=5),  # and a key left out
    # Two keys swapped; what was meant is more than ten times as common.
    *by_people(0, 6, "ㅜㄱ글", "구글", every=5),
    *by_people(10, 120, "구글"),
    # As alike and as often corrected, but of one commonness.
    *by_people(0, 6, "ㅣㄱ차", "기차", every=5),
    *by_people(10, 30, "기차"),
    # Alike, but with time between, and back as often.
    *by_people(0, 8, "국민은행 금리", "국민은행 대리", every=600),
    *by_people(10, 8, "국민은행 대리", "국민은행 금리", every=600),
    *by_people(20, 20, "국민은행 금리"),
    # So short that another syllable is another word.
    *by_people(0, 8, "배우", "배구", every=5),
    *by_people(20, 20, "배구"),
]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("유튜부", "유튜브"),
        ("나씨", "날씨"),
        ("skdlqj", "나이버"),
        ("skdqj", "나이버"),
        ("ㅜㄱ글", "구글"),
    ],
)
def test_a_slip_is_corrected_and_not_related(found: Found, wrong: str, right: str) -> None:
    assert shown(found[wrong, "correction"]) == [right]
    # And nobody is led from right to wrong.
    assert not {(wrong, "related"), (right, "related"), (right, "correction")} & set(found)


def test_two_keys_swapped_in_a_short_word_need_a_much_commoner_one(found: Found) -> None:
    assert shown(found["ㅣㄱ차", "related"]) == ["기차"]


def test_likeness_without_haste_is_no_slip(found: Found) -> None:
    assert shown(found["국민은행 대리", "related"]) == ["국민은행 금리"]
    assert shown(found["국민은행 금리", "related"]) == ["국민은행 대리"]


def test_short_words_that_differ_by_a_syllable_are_different_words(found: Found) -> None:
    assert shown(found["배우", "related"]) == ["배구"]


SPACING = [
    *by_people(0, 6, "겨울왕국3", "겨울왕국 3", every=1500),
    *by_people(10, 30, "겨울왕국 3"),
]


def test_a_spacing_variant_is_a_correction_however_late(found: Found) -> None:
    assert shown(found["겨울왕국3", "correction"]) == ["겨울왕국 3"]
    assert not {("겨울왕국3", "related"), ("겨울왕국 3", "related")} & set(found)


def test_of_an_accident_the_significance_tells() -> None:
    # Each in half of 400 sessions, both in a quarter: as often as by chance.
    sessions = [
        *by_people(0, 100, "유튜브", "날씨"),
        *by_people(100, 100, "유튜브"),
        *by_people(200, 100, "날씨"),
        *others(100),
    ]

    [row] = related(sessions)["유튜브", "related"]

    assert (row.related_query, row.score) == ("날씨", 0.5)
    assert row.significance == pytest.approx(0.0, abs=1e-6)


def test_each_kind_is_ranked_on_its_own_and_cut() -> None:
    sessions = [
        *by_people(0, 9, "유튜부", "유튜브", every=5),
        *by_people(20, 8, "유튜부", "음악"),
        *by_people(40, 7, "유튜부", "영화"),
        *by_people(60, 40, "유튜브"),
        *others(300),
    ]

    found = related(sessions, top=1)

    assert [(row.rank, row.related_query) for row in found["유튜부", "related"]] == [(1, "음악")]
    assert [(row.rank, row.related_query) for row in found["유튜부", "correction"]] == [
        (1, "유튜브")
    ]


def test_days_add_up() -> None:
    monday, names = pairs_and_names([*by_people(0, 3, "라면", "김치"), *others(100)])
    tuesday, _ = pairs_and_names([*by_people(2, 3, "라면", "김치"), *others(100)])

    rows = rows_of(related_searches(pl.concat([monday, tuesday]), names))

    assert {row["query"]: (row.sessions, row.searchers) for row in rows}["라면"] == (6, 5)


def test_no_sessions_nothing_related() -> None:
    pairs, names = pairs_and_names([])
    found = related_searches(pairs, names)

    assert found.is_empty()
    assert found.schema == pl.Schema(RELATED)


@pytest.mark.parametrize("parameters", [{"min_searchers": 0}, {"top": 0}], ids=str)
def test_parameters_out_of_range_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError, match=r"must be"):
        related([session("a", "b")], **parameters)


def entropy(*counts: int) -> float:
    def xlogx(count: int) -> float:
        return count * math.log(count) if count else 0.0

    return xlogx(sum(counts)) - sum(map(xlogx, counts))


def test_agrees_with_plain_python_counts() -> None:
    rng = random.Random(3)
    words = ["사과나무", "바다", "하늘", "고양이", "자전거", "책상", "커피", "음악회"]
    sessions = [
        session(
            *rng.sample(words[: rng.choice([4, 8])], k=rng.choice([1, 2, 2, 3])), user=user % 60
        )
        for user in range(300)
    ]

    of = Counter(query for _, queries, _ in sessions for query in queries)
    both: Counter[frozenset[str]] = Counter()
    after: Counter[tuple[str, str]] = Counter()
    people: dict[frozenset[str], set[int]] = defaultdict(set)
    for user, queries, _ in sessions:
        for first, second in combinations(queries, 2):
            both[frozenset({first, second})] += 1
            after[first, second] += 1
            people[frozenset({first, second})].add(user)
    expected: dict[str, list[tuple[str, int, int, float, float, float]]] = defaultdict(list)
    for pair, k11 in both.items():
        for a, b in (tuple(pair), tuple(pair)[::-1]):
            k12, k21 = of[a] - k11, of[b] - k11
            k22 = len(sessions) - k11 - k12 - k21
            ratio = 2 * (
                entropy(k11 + k12, k21 + k22)
                + entropy(k11 + k21, k12 + k22)
                - entropy(k11, k12, k21, k22)
            )
            sign = -1 if k11 * (k21 + k22) < k21 * (k11 + k12) else 1
            sigmas = sign * math.sqrt(max(0.0, ratio))
            score = (after[a, b] + after[b, a] / 2) / of[a]
            if len(people[pair]) >= 8:
                expected[a].append((b, k11, len(people[pair]), score, after[a, b] / of[a], sigmas))

    found = related(sessions, min_searchers=8)

    assert len(expected) > 3
    assert {kind for _, kind in found} == {"related"}
    for query, rows in expected.items():
        rows.sort(key=lambda row: (-row[3], -row[4], -row[5], row[0]))
        actual = found[query, "related"]
        assert shown(actual) == [row[0] for row in rows]
        for row, (_, *figures) in zip(actual, rows, strict=True):
            assert [
                row.sessions,
                row.searchers,
                row.score,
                row.next_probability,
                row.significance,
            ] == pytest.approx(figures)
