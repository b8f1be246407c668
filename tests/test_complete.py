"""Look-ups: what a search box shows for what it holds, from a result of the kernel."""

from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.results.completions import completions
from silgeom import complete as module
from silgeom.complete import Completer, CompletionError, complete
from silgeom.hangul import keystrokes, states_of_input
from tests.kernels.test_autocomplete import TODAY, counts_of, typed

#: What so many people typed.
LOG = {
    "카카오톡": 40,
    "카카오 톡": 5,  # a variant
    "달걀": 30,
    "닭갈비": 20,
    "안정": 9,
    "업소": 9,
    "바깥": 9,
    "과자": 9,
    "고구마": 30,
    "가까이": 9,
    "python": 20,
    "꽃밭": 9,
    "아이폰 15": 9,
    "the glory": 9,
    "소득세": 60,  # which begins with the keys of "the"
    "and": 9,
    "for": 9,
    "랙": 8,  # the keys of "for"
    "감사": 9,
    "gdragon": 5,
    "홍대 맛집": 50,  # ten times as many, with the keys of g
}


@pytest.fixture(scope="module")
def completer() -> Completer:
    rows = [row for query, people in LOG.items() for row in typed(query, people)]
    return Completer(completions(counts_of(rows), as_of=TODAY).to_arrow())


def texts(completer: Completer, prefix: str, limit: int = 10) -> list[str]:
    return [each.text for each in completer.complete(prefix, limit)]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("카카ㅇ", ["카카오톡"]),
        ("카캉", ["카카오톡"]),
        ("카카오 ㅌ", ["카카오톡"]),
        ("ㅋㅋㅇ", ["카카오톡"]),
        ("zkzkdh", ["카카오톡"]),
        ("zzd", ["카카오톡"]),  # initials on the other keyboard
        ("달", ["달걀", "닭갈비"]),
        ("닭", ["달걀", "닭갈비"]),
        ("닭갈", ["닭갈비"]),
        ("앉", ["안정"]),
        ("없", ["업소"]),
        ("밖", ["바깥"]),
        ("고", ["고구마", "과자"]),
        ("과", ["과자"]),  # not 고구마
        ("까", []),  # not 가까이
        ("ㅔㅛ쇄ㅜ", ["python"]),
        ("Rhcqkx", ["꽃밭"]),
        ("ㄳ", ["감사"]),  # as an input method shows ㄱㅅ
        ("ㅇㅇㅍ 1", ["아이폰 15"]),
        ("Pytho", ["python"]),
        ("Python", []),
        ("ＰＹ", ["python"]),
        (normalize("NFD", "카카오"), ["카카오톡"]),
        (normalize("NFD", "ㅔㅛ쇄ㅜ"), ["python"]),
        ("", []),
        ("  ", []),
        ("없는 말", []),
    ],
)
def test_a_prefix_finds_what_is_being_typed(
    completer: Completer, prefix: str, expected: list[str]
) -> None:
    assert texts(completer, prefix) == expected


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("the", ["the glory"]),  # 60 is less than ten times 9
        ("and", []),
        ("for", []),
        ("랙", []),
        # 50 is ten times 5, and comes after what was typed; the last is the end of a query.
        ("g", ["gdragon", "홍대 맛집", "glory"]),
    ],
)
def test_a_word_stays_what_it_is_unless_the_counts_are_plain(
    completer: Completer, prefix: str, expected: list[str]
) -> None:
    assert texts(completer, prefix) == expected


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("부산 ㅁ", ["부산 맛집"]),  # the end of 홍대 맛집
        ("부산 마", ["부산 맛집"]),
        ("부산맛", ["부산맛집"]),  # within a word
        ("부산ㅁ", []),  # but not for a consonant alone
        ("새 py", ["새 python"]),  # a whole query
        ("새py", []),
        ("새 아이폰 ", ["새 아이폰 15"]),  # of the longest words that lead to something
        ("아이폰 1", ["아이폰 15"]),  # found as it is, and not once more
        ("홍대 맛집", []),  # in the box already
        ("홍대맛집", []),
        ("부산 맛집", []),  # nothing to add
        ("부산 ", []),
    ],
)
def test_the_last_words_become_what_other_queries_end_with(
    completer: Completer, prefix: str, expected: list[str]
) -> None:
    assert texts(completer, prefix) == expected


def test_a_tail_tells_of_the_last_words_alone(completer: Completer) -> None:
    [found] = completer.complete("부산 마")

    assert (found.key, found.searchers, found.weight) == ("tail", 50, 50.0)


def test_after_a_space_a_new_word_comes_first() -> None:
    completer = Completer(
        result([("keystrokes", "new", "news", 9.0), ("keystrokes", "new", "new york", 5.0)])
    )
    assert texts(completer, "new ") == ["news", "new york"]

    rows = [("keystrokes", "new", "news", 9.0), ("keystrokes", "new ", "new york", 5.0)]
    assert texts(Completer(result(rows)), "new ") == ["new york", "news"]
    assert texts(Completer(result(rows)), "new") == ["news"]


def test_the_longest_words_that_lead_to_something_come_first() -> None:
    rows = [
        ("tail", "b", "boots", 90.0),
        ("tail", "ab", "a bag", 5.0),
        ("keystrokes", "b", "big bang", 95.0),
    ]
    assert texts(Completer(result(rows)), "buy a b") == [
        "buy a bag",
        "buy a big bang",
        "buy a boots",
    ]


def test_an_ending_begins_at_a_dot_or_an_ideograph() -> None:
    rows = [("tail", ".c", ".com", 9.0), ("tail", "电", "电影", 9.0)]
    completer = Completer(result(rows))

    assert texts(completer, "www.foo.c") == ["www.foo.com"]
    assert texts(completer, "周杰伦电") == ["周杰伦电影"]
    assert texts(completer, "c") == []


def result(rows: Iterable[tuple[str, str, str, float]]) -> pa.Table:
    """Rows of kind, prefix, completion and weight, in order of rank."""
    full = [(kind, prefix, rank, text, 9, w) for rank, (kind, prefix, text, w) in enumerate(rows)]
    names = ["key_kind", "prefix", "rank", "completion", "searchers", "weight"]
    return pa.Table.from_arrays([pa.array(column) for column in zip(*full, strict=True)], names)


def test_every_state_of_the_box_finds_the_word(completer: Completer) -> None:
    states = [(word, state) for word in LOG for state in states_of_input(word)[:-1]]

    lost = [(word, state) for word, state in states if not texts(completer, state)]

    assert len(states) > 100
    assert lost == []


def test_a_completion_says_how_it_was_found_and_how_heavy_it_is(completer: Completer) -> None:
    [found] = completer.complete("zkzkdh")

    # Two spellings by people of whom five typed both: 45 searcher-days of 40 people.
    assert (found.text, found.key, found.searchers, found.weight) == (
        "카카오톡",
        "other keyboard",
        40,
        45.0,
    )
    assert [each.key for each in completer.complete("ㅋㅋ")] == ["choseong"]
    assert [each.key for each in completer.complete("카")] == ["keystrokes"]


def test_no_more_than_asked_for(completer: Completer) -> None:
    assert texts(completer, "고", limit=1) == ["고구마"]
    assert texts(completer, "g", limit=1) == ["gdragon"]


def rows_of(queries: Iterable[str], longest: int = 20) -> pa.Table:
    """A result as the job writes it, of keystrokes alone."""
    keys = [(query, keystrokes(query)) for query in queries]
    rows = [
        ("keystrokes", of_query[:length], 1, query, 5, 5.0)
        for query, of_query in keys
        for length in range(1, min(len(of_query), longest) + 1)
    ]
    names = ["key_kind", "prefix", "rank", "completion", "searchers", "weight"]
    return pa.Table.from_arrays([pa.array(column) for column in zip(*rows, strict=True)], names)


def test_past_the_longest_prefix_the_rest_must_fit() -> None:
    completer = Completer(rows_of(["서울특별시 강남구 맛집", "서울특별시 강남구 날씨"], 16))

    assert texts(completer, "서울특별시 강남구 맛") == ["서울특별시 강남구 맛집"]
    assert texts(completer, "서울특별시 강남구 말") == []


def test_an_empty_result_finds_nothing() -> None:
    assert texts(Completer(rows_of(["가"]).slice(0, 0)), "가") == []


def save(root: Path, day: str, queries: Iterable[str]) -> None:
    folder = root / "autocomplete" / f"dt={day}"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows_of(queries), folder / "part-00000.parquet.new")
    (folder / "part-00000.parquet.new").rename(folder / "part-00000.parquet")


def test_the_newest_day_is_asked_and_a_new_result_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, "2026-03-01", ["어제"])
    save(tmp_path, "2026-03-02", ["오늘"])
    assert [each.text for each in complete(tmp_path, "ㅇ")] == []  # no initials in this result
    assert [each.text for each in complete(str(tmp_path), "오")] == ["오늘"]
    assert complete(tmp_path, "어") == []

    save(tmp_path, "2026-03-02", ["오늘", "어느새"])
    assert [each.text for each in complete(f"file://{tmp_path}", "어")] == ["어느새"]


@pytest.mark.parametrize(
    ("root", "sentence"),
    [
        (
            "nowhere",
            "no completions in nowhere: run jobs/autocomplete.py or silgeom run autocomplete, "
            "or name another --root",
        ),
        ("hdfs://namenode/root", "not hdfs://namenode/root: copy the folder autocomplete here"),
    ],
)
def test_a_root_without_completions_is_one_sentence(root: str, sentence: str) -> None:
    with pytest.raises(CompletionError, match=sentence) as raised:
        complete(root, "가")
    assert "\n" not in str(raised.value)


def test_a_result_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    save(tmp_path, "2026-03-02", ["오늘"])
    (file,) = tmp_path.rglob("*.parquet")
    file.write_bytes(b"PAR1 it is not")

    with pytest.raises(CompletionError, match=r"run jobs/autocomplete\.py again"):
        complete(tmp_path, "오")


def test_the_command_shows_every_state_of_the_box(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path, "2026-03-02", ["닭갈비", "python"])

    module.main(["닭갈", "--root", str(tmp_path)])

    assert capsys.readouterr().out.splitlines() == [
        "typed  found by    completions",
        "-----  ----------  -----------",
        "ㄷ",
        "다     keystrokes  닭갈비",
        "달     keystrokes  닭갈비",
        "닭     keystrokes  닭갈비",
        "닭ㄱ   keystrokes  닭갈비",
        "닭가   keystrokes  닭갈비",
        "닭갈   keystrokes  닭갈비",
    ]


def test_the_command_says_what_to_mend(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        module.main(["닭", "--root", "nowhere"])

    assert raised.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
