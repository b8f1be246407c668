"""Keys of Hangul: columns of texts agree with single strings."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.language import keys
from pipeline.language.characters import CharacterTable, CodePoints, replaced
from silgeom import hangul
from silgeom.hangul import KEY_OF_LATIN, LATIN_OF_KEY, SYLLABLES
from silgeom.text import normalized_query

JAMO = [chr(code) for code in range(0x3131, 0x318F)]

#: What may meet in a search box: halves of syllables, all scripts, joiners, fillers.
PIECES = st.one_of(
    st.text(st.sampled_from(SYLLABLES), min_size=1, max_size=4),
    st.text(st.sampled_from(JAMO), min_size=1, max_size=6),
    st.text(st.sampled_from("".join(LATIN_OF_KEY)), min_size=1, max_size=12),
    st.text(st.sampled_from("".join(KEY_OF_LATIN)), min_size=1, max_size=12),
    st.sampled_from(["👨‍👩‍👧", "🇰🇷", "ㆍ", " ", "c++", "한글", "\x00"]),
)
QUERIES = st.lists(PIECES, max_size=5).map("".join).map(normalized_query)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(QUERIES, max_size=8))
def test_columns_agree_with_single_strings(texts: list[str]) -> None:
    column = pl.Series("query", texts, dtype=pl.String)
    for name in (
        *("keystrokes", "choseong", "other_keyboard_keystrokes", "without_shift", "composed"),
    ):
        of_one = getattr(hangul, name)
        assert getattr(keys, name)(column).to_list() == [of_one(text) for text in texts], name


def test_every_syllable_and_jamo() -> None:
    column = pl.Series("query", [*SYLLABLES, *JAMO])
    assert keys.keystrokes(column).to_list() == [hangul.keystrokes(each) for each in column]


def test_null_stays_null() -> None:
    column = pl.Series("query", [None, "카톡", None], dtype=pl.String)
    assert keys.keystrokes(column).to_list() == [None, "ㅋㅏㅌㅗㄱ", None]
    assert keys.other_keyboard_keystrokes(column).to_list() == [None, "zkxhr", None]


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
