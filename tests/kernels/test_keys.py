"""Keys of Hangul: of single strings by example; columns of texts agree with them."""

import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.language import keys
from pipeline.language.characters import CharacterTable, CodePoints, replaced
from pipeline.results.distances import keystroke_distances
from silgeom import hangul
from silgeom.hangul import KEY_OF_LATIN, LATIN_OF_KEY, SYLLABLES
from silgeom.text import normalized_query
from tests.kernels.drawn import draws

JAMO = [chr(code) for code in range(0x3131, 0x318F)]

#: What may meet in a search box: halves of syllables, all scripts, joiners, fillers.
PIECES = st.one_of(
    st.text(st.sampled_from(SYLLABLES), min_size=1, max_size=4),
    st.text(st.sampled_from(JAMO), min_size=1, max_size=6),
    st.text(st.sampled_from("".join(LATIN_OF_KEY)), min_size=1, max_size=12),
    st.text(st.sampled_from("".join(KEY_OF_LATIN)), min_size=1, max_size=12),
    st.text(st.characters(min_codepoint=0x1100, max_codepoint=0x11FF), max_size=3),
    st.sampled_from(["👨‍👩‍👧", "❤️", "🇰🇷", "ㆍ", " ", "c++", "한글", "\x00", "ｶﾞ"]),
    st.text(max_size=4),
)
#: Functions of one string and of a column.
NAMES = ["keystrokes", "choseong", "other_keyboard_keystrokes", "without_shift", "composed"]

QUERIES = st.lists(PIECES, max_size=5).map("".join).map(normalized_query)


# --- one string ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("카카ㅇ", "카카오톡"),
        ("카캉", "카카오톡"),
        ("캌", "카카오톡"),
        ("카카오ㅌ", "카카오 톡"),
        ("닭", "달걀"),
        ("닭", "닭갈비"),
        ("앉", "안정"),
        ("없", "업소"),
        ("밖", "바깥"),
        ("고", "과자"),
        ("c+", "c++"),
        ("갤럭시 s2", "갤럭시s24"),
    ],
)
def test_what_an_input_method_shows_on_the_way_is_a_prefix(typed: str, meant: str) -> None:
    assert hangul.keystrokes(meant).startswith(hangul.keystrokes(typed))


@pytest.mark.parametrize(("typed", "not_meant"), [("까", "가까이"), ("과", "고구마")])
def test_a_key_that_was_not_pressed_is_no_prefix(typed: str, not_meant: str) -> None:
    assert not hangul.keystrokes(not_meant).startswith(hangul.keystrokes(typed))


def test_keystrokes_are_the_keys_of_the_two_set_keyboard() -> None:
    assert hangul.keystrokes("닭 갈비 LG") == "ㄷㅏㄹㄱㄱㅏㄹㅂㅣLG"
    assert hangul.keystrokes("꽃밭") == "ㄲㅗㅊㅂㅏㅌ"  # shift and one key, so one stroke
    assert hangul.keystrokes("왜 ㄳ") == "ㅇㅗㅐㄱㅅ"


def test_initials_stand_for_a_query() -> None:
    assert hangul.choseong("카카오 톡") == "ㅋㅋㅇㅌ"
    assert hangul.choseong("꽃밭 lg24") == "ㄲㅂlg24"
    assert hangul.choseong("ㄳ") == "ㄱㅅ"  # an input method pairs the initials of 감사


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        *[("ㅋㅋㅇ", True), ("ㄱ ㅅ", True), ("ㄳ", True)],
        *[("ㅋㅋㅏ", False), ("ㅋ1", False), ("", False), (" ", False), ("카", False)],
    ],
)
def test_only_consonants_alone_are_initials(query: str, expected: bool) -> None:
    assert hangul.is_choseong(query) is expected


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("zkzkdh", "카카오"),
        ("zkzkdhxhr", "카카오톡"),
        ("Rhcqkx", "꽃밭"),
        ("rhcqkx", "곷밭"),  # the case told ㄲ from ㄱ
        ("rkatk 2024!", "감사 2024!"),
        ("ㅔㅛ쇄ㅜ", "python"),
        ("ㅜㄷㅅ랴ㅌ", "netfix"),
        ("ㅛㅐㅕㅅㅕㅠㄷ 2", "youtube 2"),
        ("", ""),
    ],
)
def test_the_other_keyboard_says_what_was_meant(raw: str, meant: str) -> None:
    assert hangul.other_keyboard(raw) == meant


@pytest.mark.parametrize(
    ("keys", "syllables"),
    [
        ("ㄷㅏㄹㄱㅏㄹ", "달갈"),  # the vowel takes ㄱ from ㄺ
        ("ㄷㅏㄹㄱㄱㅏㄹ", "닭갈"),
        ("ㅇㅏㄴㅈㅇㅏ", "앉아"),
        ("ㅇㅏㅃㅏ", "아빠"),  # ㅃ is no final
        ("ㅇㅏㅃ", "아ㅃ"),
        ("ㅂㅏㄲㅏㅌ", "바깥"),
        ("ㅇㅗㅐ", "왜"),
        ("ㄱㅅ", "ㄱㅅ"),
        ("ㅗㅏ", "ㅘ"),
        ("ㅋㅋㅏ", "ㅋ카"),
        ("ㄱㅏa ㅏ", "가a ㅏ"),
    ],
)
def test_keys_become_syllables_as_in_an_input_method(keys: str, syllables: str) -> None:
    assert hangul.composed(keys) == syllables


def test_every_syllable_comes_back_from_its_keys() -> None:
    assert "".join(map(hangul.composed, map(hangul.keystrokes, SYLLABLES))) == SYLLABLES


@draws(300)
@given(st.text(st.sampled_from(SYLLABLES), max_size=12))
def test_every_text_of_syllables_and_latin_comes_back_from_the_other_keyboard(text: str) -> None:
    # Down to the ends of syllables: a loose jamo before one could join it.
    latin = hangul.typed_as_hangul(text)
    assert latin.isascii()
    assert hangul.typed_as_latin(latin) == text


def test_distance_counts_keys() -> None:
    def distance(left: str, right: str) -> int | None:
        return hangul.keystroke_distance(
            hangul.keystrokes(left), hangul.keystrokes(right), at_most=2
        )

    assert distance("카카오톡", "카카오 톡") == 0
    assert distance("카카오톡", "카카오통") == 1  # ㄱ → ㅇ
    assert distance("닭", "달") == 1  # ㄱ is one key more
    assert distance("갈", "달다") is None  # ㄱ → ㄷ, ㄷ and ㅏ more: 3


# --- columns ------------------------------------------------------------------------------------


@draws(300)
@given(st.lists(QUERIES, max_size=8))
def test_columns_agree_with_single_strings(texts: list[str]) -> None:
    column = pl.Series("query", texts, dtype=pl.String)
    for name in NAMES:
        of_one = getattr(hangul, name)
        assert getattr(keys, name)(column).to_list() == [of_one(text) for text in texts], name


@pytest.mark.parametrize("name", NAMES)
def test_every_syllable_and_jamo_and_key(name: str) -> None:
    texts = [*SYLLABLES, *JAMO, *map(hangul.keystrokes, SYLLABLES)]
    found = getattr(keys, name)(pl.Series("query", texts)).to_list()
    of_one = getattr(hangul, name)
    assert [t for t, each in zip(texts, found, strict=True) if each != of_one(t)] == []


def test_null_stays_null() -> None:
    column = pl.Series("query", [None, "카톡", None], dtype=pl.String)
    assert {name: getattr(keys, name)(column).to_list() for name in NAMES} == {
        "keystrokes": [None, "ㅋㅏㅌㅗㄱ", None],
        "choseong": [None, "ㅋㅌ", None],
        "other_keyboard_keystrokes": [None, "zkxhr", None],
        "without_shift": [None, "카톡", None],
        "composed": [None, "카톡", None],
    }


def test_distances_of_columns_agree_with_single_strings() -> None:
    chance = random.Random(20260302)
    # Few keys: many are near.
    texts = ["".join(chance.choices("ㄱㅏㄴ", k=chance.randrange(7))) for _ in range(1000)]
    left, right = texts[::2], texts[1::2]
    expected = [
        hangul.keystroke_distance(*pair, at_most=2) for pair in zip(left, right, strict=True)
    ]

    found = keystroke_distances(pl.Series(left), pl.Series(right), at_most=2).tolist()

    assert {0, 1, 2, None} == set(expected)
    assert found == [3 if each is None else each for each in expected]
    assert (
        keystroke_distances(pl.Series([""]).clear(), pl.Series([""]).clear(), at_most=2).size == 0
    )


def test_an_empty_column_stays_empty() -> None:
    assert keys.keystrokes(pl.Series("query", [], dtype=pl.String)).to_list() == []


def test_a_table_removes_shortens_and_lengthens() -> None:
    table = CharacterTable.of({"x": "", "한": "abc", "😀": "b"})
    texts = pl.Series("text", ["", "x", "a한x😀y", "xx", "한한"])
    assert replaced(texts, table).to_list() == ["", "", "aabcby", "", "abcabc"]


@pytest.mark.parametrize("texts", [["a", "한글", "😀x"], [""], []])
def test_code_points_are_the_texts_again(texts: list[str]) -> None:
    column = pl.Series("text", texts, dtype=pl.String)
    assert CodePoints.of(column).texts().to_list() == texts
