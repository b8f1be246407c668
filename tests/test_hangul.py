"""Keys of Hangul: in plain Python by example, in Spark by agreement with plain Python."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from pipeline import hangul as expressions
from silgeom import hangul
from silgeom.hangul import KEY_OF_LATIN, LATIN_OF_KEY, SYLLABLES, keystrokes

JAMO = [chr(code) for code in range(0x3131, 0x318F)]

#: What may meet in a search box: halves of syllables, all scripts, joiners, fillers, controls.
PIECES = st.one_of(
    st.text(st.sampled_from(SYLLABLES), min_size=1, max_size=4),
    st.text(st.sampled_from(JAMO), min_size=1, max_size=6),
    st.text(st.sampled_from("".join(LATIN_OF_KEY)), min_size=1, max_size=12),
    st.text(st.sampled_from("".join(KEY_OF_LATIN)), min_size=1, max_size=12),
    st.text(st.characters(min_codepoint=0x1100, max_codepoint=0x11FF), max_size=3),
    st.sampled_from(["👨‍👩‍👧", "❤️", "🇰🇷", "\u3164", "\uffa0", "ㆍ", " ", "  ", "c++", "한글", "ｶﾞ"]),
    st.text(max_size=4),
)
QUERIES = st.lists(PIECES, max_size=5).map("".join)


def examples(strategy: st.SearchStrategy[str], count: int) -> list[str]:
    """That many different strings: gathered first, so that Spark sees them all at once."""
    found: set[str] = set()

    @settings(max_examples=count, database=None, derandomize=True, deadline=None)
    @given(strategy)
    def gather(text: str) -> None:
        found.add(text)

    gather()
    return sorted(found)


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
    assert keystrokes(meant).startswith(keystrokes(typed))


@pytest.mark.parametrize(("typed", "not_meant"), [("까", "가까이"), ("과", "고구마")])
def test_a_key_that_was_not_pressed_is_no_prefix(typed: str, not_meant: str) -> None:
    assert not keystrokes(not_meant).startswith(keystrokes(typed))


def test_keystrokes_are_the_keys_of_the_two_set_keyboard() -> None:
    assert keystrokes("닭 갈비 LG") == "ㄷㅏㄹㄱㄱㅏㄹㅂㅣLG"
    assert keystrokes("꽃밭") == "ㄲㅗㅊㅂㅏㅌ"  # shift and one key, so one stroke
    assert keystrokes("왜 ㄳ") == "ㅇㅗㅐㄱㅅ"


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
    assert "".join(map(hangul.composed, map(keystrokes, SYLLABLES))) == SYLLABLES
    print(f"syllables composed again: {len(SYLLABLES)}")  # noqa: T201


def test_every_text_of_syllables_and_latin_comes_back_from_the_other_keyboard() -> None:
    # Down to the ends of syllables: a loose jamo before one could join it.
    for text in examples(st.text(st.sampled_from(SYLLABLES), max_size=12), 300):
        latin = hangul.typed_as_hangul(text)
        assert latin.isascii()
        assert hangul.typed_as_latin(latin) == text


def test_distance_counts_keys() -> None:
    def distance(left: str, right: str) -> int | None:
        return hangul.keystroke_distance(keystrokes(left), keystrokes(right), at_most=2)

    assert distance("카카오톡", "카카오 톡") == 0
    assert distance("카카오톡", "카카오통") == 1  # ㄱ → ㅇ
    assert distance("닭", "달") == 1  # ㄱ is one key more
    assert distance("갈", "달다") is None  # ㄱ → ㄷ, ㄷ and ㅏ more: 3


# --- Spark --------------------------------------------------------------------------------------


NAMES = [
    "keystrokes",
    "choseong",
    "is_choseong",
    "composed",
    "typed_as_latin",
    "typed_as_hangul",
    "other_keyboard",
    "other_keyboard_keystrokes",
    "without_shift",
]


@pytest.fixture(scope="module")
def tried(spark: SparkSession) -> list[Row]:
    """Every expression of every string, in one go."""
    every_key = [keystrokes(syllable) for syllable in SYLLABLES]
    texts = [*SYLLABLES, *JAMO, *every_key, *examples(QUERIES, 2000)]
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    columns = [getattr(expressions, name)(F.col("text")).alias(name) for name in NAMES]
    return frame.select("text", *columns).collect()


@pytest.mark.parametrize("name", NAMES)
def test_spark_and_plain_python_agree(tried: list[Row], name: str) -> None:
    texts = [row["text"] for row in tried]
    expected = list(map(getattr(hangul, name), texts))
    print(f"{name}: {len(texts)} strings tried")  # noqa: T201
    assert len(texts) > 24_000
    assert different(texts, [row[name] for row in tried], expected) == []


def different(texts: Iterable[object], got: Iterable[object], expected: Iterable[object]) -> object:
    """The first few that differ, to be read in the failure."""
    rows = zip(texts, got, expected, strict=True)
    return [(text, left, right) for text, left, right in rows if left != right][:5]


def test_distances_in_spark_and_plain_python_agree(spark: SparkSession) -> None:
    seed = 20260302
    chance = random.Random(seed)
    keys = [
        "".join(chance.choices("ㄱㅏㄴ", k=chance.randrange(7)))  # few keys: many are near
        for _ in range(1000)
    ]
    pairs = list(zip(keys[::2], keys[1::2], strict=True))
    expected = [hangul.keystroke_distance(left, right, at_most=2) for left, right in pairs]
    rows = [(place, *pair) for place, pair in enumerate(pairs)]
    frame = spark.createDataFrame(rows, "place int, left string, right string")
    distance = expressions.keystroke_distance(F.col("left"), F.col("right"), at_most=2)
    got = [row[1] for row in sorted(frame.select("place", distance).collect())]
    print(f"distances: {len(pairs)} pairs tried, seed {seed}")  # noqa: T201
    assert {0, 1, 2, None} == set(expected)
    assert different(pairs, got, expected) == []


def test_null_has_no_keys(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(None,)], "text string")
    row = frame.select(*(getattr(expressions, name)(F.col("text")) for name in NAMES)).first()
    assert row is not None
    assert set(row) == {None}
