"""Look-ups: what is offered beside any query, from results as the jobs write them."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from silgeom import related as module
from silgeom.related import RelatedError, Relater, Vocabulary, mixture, terms, walked

RELATED = ["query", "kind", "rank", "related_query", "related_surface", "score"]
RELATED += ["sessions", "next_probability"]
COMPLETIONS = ["key_kind", "completion", "weight"]


def table(rows: Iterable[tuple[object, ...]], names: list[str]) -> pa.Table:
    return pa.Table.from_arrays([pa.array(column) for column in zip(*rows, strict=True)], names)


def pairs() -> pa.Table:
    """Of ten sessions each; what is related always came after."""
    return table(
        [
            ("제주도 여행", "related", 1, "제주도 맛집", "제주도 맛집", 0.5, 5, 0.5),
            ("제주도 여행", "related", 2, "렌터카", "렌터카", 0.2, 2, 0.2),
            ("제주도 맛집", "related", 1, "흑돼지", "흑돼지", 0.4, 4, 0.4),
            ("제주도 맛집", "related", 2, "제주도 여행", "제주도 여행", 0.3, 3, 0.3),
            ("유튜부", "correction", 1, "유튜브", "YouTube 유튜브", 0.9, 9, 0.9),
            ("유튜부", "related", 1, "음악", "음악", 0.1, 1, 0.1),
        ],
        RELATED,
    )


def completions() -> pa.Table:
    texts = {"날씨": 90.0, "부산 맛집": 30.0, "부산 여행": 20.0, "Busan": 10.0, "흑돼지": 5.0}
    texts |= {f"딴것{number}": 4.0 for number in range(300)}
    rows = [("keystrokes", text, weight) for text, weight in texts.items() for _ in range(3)]
    return table([*rows, ("tail", "맛집", 99.0)], COMPLETIONS)


def offered(query: str, limit: int = 10, *, alone: bool = False) -> list[tuple[str, str]]:
    relater = Relater(pairs(), None if alone else completions())
    return [(each.text, each.kind) for each in relater.related(query, limit)]


def test_what_is_searched_together_comes_first_and_one_step_further_counts() -> None:
    assert offered("제주도 여행", alone=True) == [
        ("제주도 맛집", "together"),
        ("렌터카", "together"),  # 0.2
        ("흑돼지", "together"),  # 0.3 × 0.5 × 0.4
    ]


def test_spacing_and_case_make_no_other_query() -> None:
    assert offered("제주도여행", alone=True) == offered("제주도 여행", alone=True)


def test_a_correction_comes_before_what_is_related() -> None:
    assert offered("유튜부", alone=True) == [("YouTube 유튜브", "correction"), ("음악", "together")]


def test_a_query_nobody_typed_is_led_by_its_words() -> None:
    assert offered("부산맛집 추천", 3) == [
        ("부산 맛집", "words"),  # 부산, 맛집 and nothing else
        ("부산 여행", "words"),
        ("날씨", "popular"),
    ]
    assert offered("busan 여행지", 2) == [("부산 여행", "words"), ("Busan", "words")]


def test_the_list_is_filled_up_with_what_is_popular_each_query_once() -> None:
    found = offered("흑돼지", 4)

    assert found == [(text, "popular") for text in ("날씨", "부산 맛집", "부산 여행", "Busan")]
    assert [text for text, _ in offered("날 씨", 1)] == ["부산 맛집"]  # and not itself


def about_the_same(query: str, limit: int = 10) -> list[tuple[str, str]]:
    relater = Relater(pairs(), completions())
    return [(each.text, each.kind) for each in relater.related(query, limit, use="topic")]


def test_what_is_about_the_same_has_nothing_that_is_popular_alone() -> None:
    assert about_the_same("부산맛집 추천") == [("부산 맛집", "words"), ("부산 여행", "words")]
    assert about_the_same("유튜부") == [("YouTube 유튜브", "correction"), ("음악", "together")]
    assert about_the_same("모르는 말") == []


def test_what_everybody_types_is_less_about_the_same_than_what_few_do() -> None:
    row = ("related", 1, "날 씨", "날 씨", 0.5, 5, 0.5), ("related", 2, "우산", "우산", 0.3, 3, 0.3)
    rows = table([("장마", *each) for each in row], RELATED)
    known = [("keystrokes", text, float(weight)) for text, weight in (("날씨", 9), ("우산", 3))]
    relater = Relater(rows, table(known, COMPLETIONS))

    assert [each.text for each in relater.related("장마")] == ["날 씨", "우산"]
    topic = relater.related("장마", use="topic")
    # Ten sessions and one for words: 5 / 11 of 9 in 12 searches, 3 / 11 of 3 in 12.
    assert [each.text for each in topic] == ["우산", "날 씨"]
    assert [each.score for each in topic] == pytest.approx([3 / 11 / 0.251, 5 / 11 / 0.751])


def test_without_completions_nothing_is_common() -> None:
    found = Relater(pairs()).related("제주도 여행", use="topic")

    assert [each.text for each in found] == ["제주도 맛집", "렌터카", "흑돼지"]


def test_there_is_no_other_use() -> None:
    with pytest.raises(ValueError, match="are for next, topic, near, not 'both'"):
        Relater(pairs()).related("날씨", use="both")  # type: ignore[arg-type]


def test_without_anything_nothing_is_offered() -> None:
    assert Relater(pairs().slice(0, 0)).related("아무것") == []


def test_popularity_counts_like_three_sessions_and_words_like_one() -> None:
    together, alike, popular = [(0.5, "가")], [(3.0, "나"), (1.0, "다")], [(0.1, "라")]

    scores, kinds, texts = zip(*mixture(10.0, together, alike, popular), strict=True)

    assert (texts, kinds) == (("가", "나", "라", "다"), ("together", "words", "popular", "words"))
    assert scores == pytest.approx([5 / 14, 0.75 / 14, 0.3 / 14, 0.25 / 14])
    of_few = mixture(0.2, together, alike, popular)
    assert [text for _, _, text in of_few] == ["나", "라", "다", "가"]


def test_what_is_related_and_alike_and_popular_adds_up_whatever_its_spacing() -> None:
    [found] = mixture(10.0, [(0.5, "내일 날씨")], [(3.0, "내일날씨")], [(0.1, "내일 날씨")])

    assert found[1:] == ("together", "내일 날씨")
    assert found[0] == pytest.approx((5 + 1 + 0.3) / 14)


def test_words_are_heavier_the_rarer_they_are() -> None:
    texts = ["서울 맛집", "부산 맛집", "대전 맛집", "서울 흑돼지"]
    vocabulary = Vocabulary.of(texts, [9.0, 8.0, 7.0, 6.0])

    found = [texts[place] for _, place in vocabulary.alike("여수 흑돼지 맛집", 10)]

    assert found == ["서울 흑돼지", "서울 맛집", "부산 맛집", "대전 맛집"]
    # What is taken off the weight changes the order.
    less = vocabulary.alike("여수 흑돼지 맛집", 10, {0: 8.5})
    assert [texts[place] for _, place in less] == [
        "서울 흑돼지",
        "부산 맛집",
        "대전 맛집",
        "서울 맛집",
    ]
    assert vocabulary.alike("모르는 말", 10) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("harry potter", {"harry", "potter"}),
        ("www.daum.net", {"www", "daum", "net"}),
        ("제주도 맛집", {"제주도", "제주", "주도", "맛집"}),
        ("周杰伦", {"周杰伦", "周杰", "杰伦"}),
        ("", set()),
    ],
)
def test_terms_are_words_and_of_hangul_each_two_syllables(query: str, expected: set[str]) -> None:
    assert terms(query) == expected


def test_a_walk_adds_up_all_paths() -> None:
    rows = {"b": [(0.5, "d")], "c": [(0.4, "d"), (1.0, "b")]}

    found = walked([(0.6, "b"), (0.2, "c")], lambda text: rows.get(text, ()))

    assert [text for _, text in found] == ["b", "c", "d"]
    # 0.6 + 0.3 × 0.2; 0.2; 0.3 × (0.6 × 0.5 + 0.2 × 0.4)
    assert [score for score, _ in found] == pytest.approx([0.66, 0.2, 0.114])


def save(root: Path) -> None:
    for name, rows in (("related", pairs()), ("autocomplete", completions())):
        folder = root / name / "dt=2026-03-15"
        folder.mkdir(parents=True)
        pq.write_table(rows, folder / "part-00000.parquet")


def test_the_command_shows_what_a_page_would_offer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path)

    module.main(["제주도", "여행", "--root", f"file://{tmp_path}", "--limit", "3"])

    assert capsys.readouterr().out.splitlines()[2:] == [
        "제주도 맛집  together   0.36",  # 5 of 10 sessions, and 4 more
        "렌터카       together   0.14",
        "부산 여행    words      0.07",
    ]


def test_the_command_shows_what_is_about_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path)

    module.main(["부산맛집", "추천", "--root", str(tmp_path), "--use", "topic"])

    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.rsplit(maxsplit=2)[:2] for row in rows] == [
        ["부산 맛집", "words"],
        ["부산 여행", "words"],
    ]


@pytest.mark.parametrize(
    ("root", "sentence"),
    [
        ("nowhere", "no related searches in nowhere: run jobs/related.py"),
        ("hdfs://namenode/root", "copy the folders related and autocomplete here"),
    ],
)
def test_a_root_without_results_is_one_sentence(root: str, sentence: str) -> None:
    with pytest.raises(RelatedError, match=sentence) as raised:
        Relater.load(root)
    assert "\n" not in str(raised.value)


def test_a_result_of_another_kind_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path)
    (file,) = tmp_path.glob("related/*/*.parquet")
    file.write_bytes(b"PAR1 it is not")

    with pytest.raises(SystemExit) as raised:
        module.main(["제주도", "--root", str(tmp_path)])

    assert raised.value.code == 2
    assert "run jobs/related.py again" in capsys.readouterr().err
