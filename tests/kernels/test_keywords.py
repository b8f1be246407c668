"""Which words people search for: what a word is, and who used it."""

from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from pipeline.counting.hours import hourly_keywords
from pipeline.counting.keyword_days import daily_keywords, query_keywords
from pipeline.counting.words import VOCABULARY, keywords_of, tokens_of, words, words_beside
from pipeline.language import morphemes
from pipeline.language.morphemes import PIECES
from pipeline.results.keywords_of_days import keywords_of_days
from tests.kernels.rows import id_of, rows_of, search, searches

needs_kiwi = pytest.mark.skipif(
    not morphemes.analyser().version, reason="Kiwi is not installed: its tests are left out"
)

#: Words taken apart by hand: the pieces of each and their classes.
Analysed = Mapping[str, Sequence[tuple[str, str]]]


def queries_of(people: Mapping[str, int]) -> pl.DataFrame:
    rows = [(id_of(query), query, searchers) for query, searchers in people.items()]
    schema = {"query_id": pl.Int64, "query": pl.String, "searchers": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def keywords(people: Mapping[str, int], analysed: Analysed | None = None) -> dict[str, list[str]]:
    """The keywords of each query that so many people typed; phrases have a space."""
    queries = queries_of(people)
    tokens = tokens_of(queries)
    known = words(queries, pieces_of(tokens["token"].unique(), analysed or {}), tokens=tokens)
    found = keywords_of(tokens, known).join(queries, on="query_id", maintain_order="left")
    by_query: dict[str, list[str]] = {query: [] for query in people}
    for row in rows_of(found):
        by_query[row.query].append(row.keyword)
    return by_query


def pieces_of(tokens: pl.Series, analysed: Analysed) -> pl.DataFrame:
    by_hand = [
        (token, [piece for piece, _ in parts], [kind for _, kind in parts])
        for token, parts in analysed.items()
        if token in tokens
    ]
    others = tokens.filter(~tokens.is_in(list(analysed)))
    known = pl.DataFrame(by_hand, schema=PIECES, orient="row")
    return pl.concat([known, morphemes.unanalysed(others)])


def test_words_between_spaces_are_keywords() -> None:
    assert keywords({"제주도 맛집": 2})["제주도 맛집"] == ["제주도", "맛집"]


def test_a_space_that_was_left_out_is_found_by_the_words_of_other_queries() -> None:
    # 제주도 and 맛집 are typed in three queries each, by five people in all.
    log = {"제주도 맛집": 9, "제주도 날씨": 3, "제주도 숙소": 3, "부산 맛집": 3, "강릉 맛집": 3}

    assert keywords({**log, "제주도맛집": 1})["제주도맛집"] == ["제주도", "맛집"]


def test_what_came_since_is_cut_by_what_was_told_and_what_was_told_stays() -> None:
    before = queries_of({"제주도 맛집": 9, "서울 맛집": 9, "두쫀쿠만들기": 1})
    tokens = tokens_of(before)
    told = words(before, pieces_of(tokens["token"].unique(), {}), tokens=tokens)
    known_words = [("제주도", "noun", 9), ("맛집", "noun", 18), ("모찌", "coined", 7)]
    vocabulary = pl.DataFrame(known_words, schema=VOCABULARY, orient="row")
    # 두쫀쿠 is established now, and what was told of 두쫀쿠만들기 stays all the same.
    new = queries_of(
        {"두쫀쿠": 6, "두쫀쿠맛집": 1, "모찌": 1, "제주도모찌": 1, "맛집 두쫀쿠만들기": 1}
    )
    new_tokens = tokens_of(new)
    came = new_tokens.join(told, on="token", how="anti")["token"].unique()

    found = words_beside(new, pieces_of(came, {}), told, vocabulary, tokens=new_tokens)

    by_token = {row.token: (row.keywords, row.kinds) for row in rows_of(found)}
    assert by_token == {
        "두쫀쿠": (["두쫀쿠"], ["word"]),
        "두쫀쿠맛집": (["두쫀쿠", "맛집"], ["word", "noun"]),
        "모찌": (["모찌"], ["coined"]),  # a keyword already, which nobody had typed alone
        "제주도모찌": (["제주도", "모찌"], ["noun", "coined"]),
    }


def test_what_more_people_type_in_one_word_is_one() -> None:
    # 종합 and 소득세 are words as well; few type a space between them.
    log = {"종합소득세": 50, "종합 소득세": 2, "종합 검진": 9, "종합 병원": 9, "소득세 신고": 9}

    assert keywords({**log, "종합소득세 신고": 1})["종합소득세 신고"] == ["종합소득세", "신고"]


def test_what_more_people_type_in_two_words_is_two_however_many_type_one() -> None:
    found = keywords({"카카오 지도": 60, "카카오지도": 40, "카카오 택시": 9, "네이버 지도": 9})

    assert found["카카오지도"] == ["카카오", "지도"]


def test_a_word_that_nobody_has_seen_is_found_beside_four_others() -> None:
    # 두쫀쿠 is never typed with a space behind it; 만들기, 맛집, 가격 and 후기 are words.
    known = {f"{city} {word}": 5 for city in ("서울", "부산", "대구") for word in WORDS}
    glued = {f"두쫀쿠{word}": 2 for word in WORDS}

    found = keywords({**known, **glued})

    assert [found[f"두쫀쿠{word}"][:2] for word in WORDS] == [["두쫀쿠", word] for word in WORDS]


def test_beside_three_others_it_may_be_chance() -> None:
    known = {f"{city} {word}": 5 for city in ("서울", "부산", "대구") for word in WORDS}
    glued = {f"두쫀쿠{word}": 2 for word in WORDS[:3]}

    assert keywords({**known, **glued})["두쫀쿠맛집"] == ["두쫀쿠맛집"]


WORDS = ["만들기", "맛집", "가격", "후기"]


def test_particles_and_verbs_are_no_keywords_where_an_analyser_tells_them() -> None:
    found = keywords(
        {"강아지를 위한 노래": 1},
        {
            "강아지를": [("강아지", "noun"), ("를", "ending")],
            "위한": [("위한", "rest")],
            "노래": [("노래", "noun")],
        },
    )

    assert found["강아지를 위한 노래"] == ["강아지", "노래"]


def test_a_name_whose_end_looks_like_a_particle_stays_whole() -> None:
    # 도해 alone is hardly typed: 도해랑 is a name, not 도해 and the particle 랑.
    found = keywords(
        {"도해랑 결혼": 30, "도해랑": 20, "도해랑 나이": 5, "도해": 1},
        {
            "도해랑": [("도해", "noun"), ("랑", "ending")],
            "도해": [("도해", "noun")],
            "결혼": [("결혼", "noun")],
            "나이": [("나이", "noun")],
        },
    )

    assert found["도해랑 나이"][:1] == ["도해랑"]


def test_a_compound_falls_into_nouns_that_the_log_knows() -> None:
    compound = [("발바닥", "noun"), ("굳은살", "noun"), ("제거", "noun")]
    of_parts: Analysed = {piece: [(piece, "noun")] for piece, _ in compound}
    log = {"발바닥 통증": 3, "굳은살 크림": 3, "점 제거": 3, "발바닥굳은살제거": 1}

    found = keywords(log, {"발바닥굳은살제거": compound, **of_parts})

    assert found["발바닥굳은살제거"] == ["발바닥", "굳은살", "제거"]


def test_neighbours_in_three_queries_are_a_phrase() -> None:
    log = {"가람군 지진 속보": 3, "가람군 지진": 5, "가람군 지진 피해": 3, "가람군 축제": 3}

    found = keywords(log)

    assert "가람군 지진" in found["가람군 지진 속보"]
    assert "가람군 축제" not in found["가람군 축제"]


def test_words_with_something_between_are_no_phrase() -> None:
    log = {f"임신 {week}주 증상": 5 for week in range(4, 9)}
    number: Analysed = {f"{week}주": [(f"{week}주", "number")] for week in range(4, 9)}

    assert keywords(log, number)["임신 4주 증상"] == ["임신", "증상"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("how to use python", ["use", "python"]),
        ("c++ 2026", ["c++"]),
        ("!!! ???", []),
        ("天安门 电影院", ["天安门", "电影院"]),
        ("ㅏㄱ격", []),
    ],
)
def test_other_scripts_have_rules_of_their_own(query: str, expected: list[str]) -> None:
    assert keywords({query: 1})[query] == expected


def test_no_queries_have_no_words() -> None:
    assert keywords({}) == {}


@needs_kiwi
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("소득세는", [("소득세", "noun"), ("는", "ending")]),
        ("사용법", [("사용법", "noun")]),
        ("18평", [("18평", "number")]),
        ("python", [("python", "word")]),
        ("만드는", [("만드는", "rest")]),
    ],
)
def test_kiwi_takes_words_apart(word: str, expected: list[tuple[str, str]]) -> None:
    row = rows_of(morphemes.pieces(pl.Series([word])))[0]

    assert list(zip(row.pieces, row.classes, strict=True)) == expected


@needs_kiwi
def test_pieces_make_up_the_word_again() -> None:
    given = ["가볼만한곳", "zㅗㄹ드7", "김치찌개끓이는법", "d-day", "天"]

    made = rows_of(morphemes.pieces(pl.Series(given)))

    assert {"".join(row.pieces) for row in made} == set(given)
    assert all(len(row.pieces) == len(row.classes) for row in made)


# --- Counts ----------------------------------------------------------------------------------


def counts_of(*rows: tuple[str, list[int], int]) -> pl.DataFrame:
    schema: dict[str, pl.DataType] = {
        "query_id": pl.Int64(),
        "query": pl.String(),
        "searchers": pl.Int64(),
        "searchers_sketch": pl.List(pl.Int64()),
        "searches": pl.Int64(),
    }
    made = [(id_of(query), query, len(people), people, n) for query, people, n in rows]
    return pl.DataFrame(made, schema=schema, orient="row")


def days_of(*rows: tuple[str, list[int], int]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Counts of queries, their keywords, and the counts of these."""
    counts = counts_of(*rows)
    tokens = tokens_of(counts)
    known = words(counts, morphemes.unanalysed(tokens["token"].unique()), tokens=tokens)
    found = query_keywords(counts, known)
    return counts, found, daily_keywords(counts, found)


def test_who_types_a_keyword_in_two_queries_is_one_person() -> None:
    *_, made = days_of(("제주도 맛집", [1, 2], 3), ("제주도 날씨", [2, 3], 2))

    [row] = [row for row in rows_of(made) if row.keyword == "제주도"]
    assert (row.searchers, row.searches, row.queries) == (3, 5, 2)
    assert row.searchers_sketch == [1, 2, 3]


def test_hours_of_a_keyword_count_people_once_and_tell_who_searched_something_else() -> None:
    # 1 types two queries with 지진 within the hour; 2 types one, and nothing else on that day.
    log = searches(
        search("가람군 지진", user=1, at_="2026-03-02T03:00:00"),
        search("지진 속보", user=1, at_="2026-03-02T03:10:00"),
        search("지진 속보", user=2, at_="2026-03-02T03:20:00"),
    )
    pairs = [(id_of("가람군 지진"), 7), (id_of("지진 속보"), 7)]
    schema = {"query_id": pl.Int64, "keyword_id": pl.Int64}
    found = hourly_keywords(
        log, pl.DataFrame(pairs, schema=schema, orient="row"), zone="Asia/Seoul"
    )

    [row] = rows_of(found)
    assert (row.keyword_id, row.searchers, row.also_searched) == (7, 2, 1)


def result(
    now: Sequence[tuple[str, list[int], int]], before: Sequence[tuple[str, list[int], int]] = ()
) -> pl.DataFrame:
    counts, found, today = days_of(*now)
    earlier = days_of(*before)[2] if before else None
    return keywords_of_days(
        today.lazy(),
        None if earlier is None else earlier.lazy(),
        found.lazy(),
        counts.lazy(),
        searches=(sum(n for *_, n in now), sum(n for *_, n in before)),
        min_searchers=5,
    )


FIVE, TEN, TWENTY = list(range(5)), list(range(10)), list(range(20))


def test_what_fewer_than_k_people_used_is_not_published_neither_are_such_examples() -> None:
    made = result([("제주도 맛집", FIVE, 5), ("제주도 비밀", [7], 9), ("혼자만", [1, 2, 3, 4], 4)])

    found = {row.keyword: row.examples for row in rows_of(made)}
    assert found == {"제주도": ["제주도 맛집"], "맛집": ["제주도 맛집"]}


def test_change_is_of_the_share_of_all_searches() -> None:
    # Twice as many searches now: twice as many people are no change.
    made = result([("날씨", TWENTY, 40)], [("날씨", TEN, 20)])

    [row] = rows_of(made)
    assert (row.previous_searchers, row.change) == (10, pytest.approx(0.0))
    assert row.significance == pytest.approx(0.0)


def test_without_days_before_no_change_is_told() -> None:
    [row] = rows_of(result([("날씨", TWENTY, 20)]))

    assert (row.previous_searchers, row.change, row.significance) == (None, None, None)


def test_what_was_below_the_floor_before_tells_no_number_of_then() -> None:
    # Three used it before: that is not told; that it rose is.
    made = result(
        [("지진", TWENTY, 20), ("날씨", TWENTY, 20)], [("지진", [1, 2, 3], 3), ("날씨", TEN, 40)]
    )

    [row] = [row for row in rows_of(made) if row.keyword == "지진"]
    assert (row.previous_searchers, row.change) == (None, None)
    assert row.significance > 3


def test_the_same_four_people_on_two_days_are_no_eight() -> None:
    # 제주도 has six people; its query with 비밀 four on either day, the same ones.
    counts, found, today = days_of(
        ("제주도 맛집", list(range(6)), 6), ("제주도 비밀", [1, 2, 3, 4], 4)
    )

    made = keywords_of_days(
        pl.concat([today, today]).lazy(),
        None,
        pl.concat([found, found]).lazy(),
        pl.concat([counts, counts]).lazy(),
        searches=(20, 0),
        min_searchers=5,
    )

    rows = {row.keyword: row for row in rows_of(made)}
    assert rows.keys() == {"제주도", "맛집"}
    assert (rows["제주도"].searchers, rows["제주도"].searches) == (6, 20)
    assert rows["제주도"].examples == ["제주도 맛집"]
