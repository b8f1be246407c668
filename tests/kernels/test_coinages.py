"""Words that nobody has seen yet: are they found, and is what is found one?"""

import random

import polars as pl
import pytest

from pipeline.counting.coinages import coinages
from pipeline.counting.words import keywords_of, tokens_of, words
from pipeline.language.morphemes import unanalysed
from pipeline.language.queries import ids
from silgeom.simulate.queries import build_queries

#: Of syllables that no Korean word is made of.
SYLLABLES = "갓뿜쏭퓻뷁쫀쿠챱녹빡꿀틴짭멍냥띵폼뮤즙큥샷펀찍젠"
BESIDE = ["맛집", "만들기", "레시피", "가격", "후기", "추천", "칼로리", "영상"]
BESIDE += ["재료", "순위", "사진", "신청", "일정", "축제", "예약", "쿠폰"]
PLANTED = 30
PEOPLE = 5


def found(tokens: list[str], vocabulary: list[str]) -> dict[str, int]:
    of_log = pl.DataFrame({"token": tokens, "queries": [1] * len(tokens)})
    made = coinages(of_log, pl.DataFrame({"token": vocabulary}))
    return dict(made.select("token", "neighbours").rows())


KNOWN = ["맛집", "가격", "후기", "추천", "레시피"]


def test_a_part_beside_four_known_words_is_a_word() -> None:
    assert found([f"두쫀쿠{word}" for word in KNOWN[:4]], KNOWN) == {"두쫀쿠": 4}


def test_a_part_at_the_end_is_one_too() -> None:
    assert found([f"{word}두쫀쿠" for word in KNOWN[:4]], KNOWN) == {"두쫀쿠": 4}


def test_two_known_words_are_no_new_one() -> None:
    # 강남역맛집 stands before four words, too, but is 강남역 and 맛집.
    known = [*KNOWN, "강남역", "지도", "예약", "할인", "모음"]

    assert found([f"강남역맛집{word}" for word in known[-4:]], known) == {}


def test_a_part_that_is_most_often_inside_something_else_is_none() -> None:
    # 두쫀 goes on in a way that begins no word five times, and in a word four times.
    others = [f"두쫀{ending}" for ending in ("쿠키집", "쿠케이크", "쿠빵", "쿠라떼", "쿠떡")]

    assert "두쫀" not in found([*others, *(f"두쫀{word}" for word in KNOWN[:4])], KNOWN)


def test_particles_behind_it_are_no_neighbours() -> None:
    assert found(["두쫀쿠는", "두쫀쿠가", "두쫀쿠를", "두쫀쿠의", "두쫀쿠"], KNOWN) == {}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_thirty_that_are_planted_into_a_day_nearly_all_are_found_and_nothing_else(
    seed: int,
) -> None:
    draw = random.Random(seed)
    base = {text: draw.randint(1, 9) for text in draw.sample(build_queries().texts, 2500)}
    planted: set[str] = set()
    while len(planted) < PLANTED:
        planted.add("".join(draw.choices(SYLLABLES, k=draw.choice([2, 3, 3, 4]))))
    glued = {
        coinage + word: draw.randint(1, 4)
        for coinage in sorted(planted)
        for word in draw.sample(BESIDE, draw.randint(6, 10))
    }

    new = used({**base, **glued}) - used(base)

    assert len(new & planted) >= 0.9 * len(new)  # precision
    assert len(new & planted) >= 0.8 * PLANTED  # recall


def used(people: dict[str, int]) -> set[str]:
    """The keywords that enough people used; phrases are left out. Without an analyser."""
    texts = pl.Series("query", list(people))
    queries = pl.DataFrame({"query_id": ids(texts), "query": texts, "searchers": people.values()})
    tokens = tokens_of(queries)
    known = words(queries, unanalysed(tokens["token"].unique()), tokens=tokens)
    found = keywords_of(tokens, known).filter(pl.col("kind") != "phrase")
    enough = (
        found.join(queries, on="query_id").group_by("keyword").agg(pl.col("searchers").sum())
    ).filter(pl.col("searchers") >= PEOPLE)
    return set(enough["keyword"])
