"""What queries are about: by sessions, words and spellings."""

import polars as pl
import pytest

pytest.importorskip("graspologic_native")

from pipeline.counting.topics import NO_TOPIC, matched, topics, topics_of
from pipeline.language.queries import ids

TRAVEL = ["제주도 렌터카", "제주도 맛집", "제주도 항공권", "제주도 숙소"]
COOKING = ["김치찌개 레시피", "된장찌개 레시피", "갈비찜 레시피", "잡채 레시피"]


def counted(queries: list[str], people: int = 9) -> pl.LazyFrame:
    texts = pl.Series(queries, dtype=pl.String)
    return pl.LazyFrame(
        {"query_id": ids(texts), "query": texts, "searchers": [people] * len(texts)}
    )


def in_sessions(*pairs: tuple[str, str], sessions: int = 8) -> pl.LazyFrame:
    """Each pair is in so many sessions together, and each query in twice as many."""
    texts = sorted({text for pair in pairs for text in pair})
    first = [*texts, *(one for one, _ in pairs)]
    second = [*texts, *(other for _, other in pairs)]
    return pl.LazyFrame(
        {
            "first_id": ids(pl.Series(first, dtype=pl.String)),
            "second_id": ids(pl.Series(second, dtype=pl.String)),
            "sessions": [2 * sessions] * len(texts) + [sessions] * len(pairs),
        }
    )


NONE = pl.LazyFrame(schema={"first_id": pl.Int64, "second_id": pl.Int64, "sessions": pl.Int64})


def told(queries: list[str], known: pl.DataFrame) -> dict[str, int]:
    texts = pl.Series(queries)
    found = topics_of(pl.DataFrame({"query_id": ids(texts), "query": texts}), known)
    of_id = dict(zip(found["query_id"].to_list(), found["topic"].to_list(), strict=True))
    return {text: of_id[each] for text, each in zip(queries, ids(texts).to_list(), strict=True)}


def test_queries_that_share_words_are_of_one_topic() -> None:
    found = told(TRAVEL + COOKING, topics(counted(TRAVEL + COOKING), NONE))

    assert len({found[each] for each in TRAVEL}) == 1
    assert len({found[each] for each in COOKING}) == 1
    assert found[TRAVEL[0]] != found[COOKING[0]]
    assert NO_TOPIC not in found.values()


def test_queries_without_a_common_word_are_brought_together_by_sessions() -> None:
    groups = [
        ["스카이스캐너", "아고다", "에어비앤비", "여기어때"],
        ["오늘의 운세", "무료 사주", "타로", "띠별 궁합"],
        ["비트코인", "업비트", "이더리움", "빗썸"],
    ]
    queries = [each for group in groups for each in group]
    pairs = [(a, b) for group in groups for a in group for b in group if a < b]

    found = told(queries, topics(counted(queries), in_sessions(*pairs)))

    assert [len({found[each] for each in group}) for group in groups] == [1, 1, 1]
    assert len(set(found.values())) == len(groups)


def test_what_comes_later_is_of_the_topic_that_its_words_or_its_spelling_tell() -> None:
    known = topics(counted(TRAVEL + COOKING), NONE)
    found = told(["제주도 날씨", "갈비찜레시피", "비트코인", *TRAVEL[:1], *COOKING[:1]], known)

    assert found["제주도 날씨"] == found[TRAVEL[0]]
    assert found["갈비찜레시피"] == found[COOKING[0]]
    assert found["비트코인"] == NO_TOPIC


def test_a_query_of_one_person_makes_no_topic() -> None:
    known = topics(counted(TRAVEL, people=1), NONE)

    assert known.is_empty()
    assert set(told(TRAVEL, known).values()) == {NO_TOPIC}


def test_topics_are_the_same_at_every_run() -> None:
    runs = [topics(counted(TRAVEL + COOKING), in_sessions((TRAVEL[0], TRAVEL[1]))) for _ in "ab"]

    assert runs[0].equals(runs[1])


def test_a_topic_of_another_week_is_the_one_that_most_of_its_queries_are_in() -> None:
    before = topics(counted(TRAVEL), NONE)
    now = topics(counted([*COOKING, *COOKING, *TRAVEL]), NONE)

    becomes = dict(matched(before, now).iter_rows())

    assert becomes[told(TRAVEL, before)[TRAVEL[0]]] == told(TRAVEL, now)[TRAVEL[0]]
