"""A query as people mean it (normalised), as they see it (surface), and without its spelling.

Native expressions only. Each has a cheap guard: a query of plain characters, single spaces and no
laughter is let through after one look, and only the others pay for the mending.
"""

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from silgeom.text import (
    BIDI_CONTROLS,
    BYTE_ORDER_MARK,
    CHOSEONG_OR_LAUGH,
    CONJOINING_JAMO,
    CONTROLS,
    INVISIBLE,
    OLD_JAMO,
    SPACES,
    STRAY_JOINER,
    WIDTHS,
)

#: Characters that mending leaves as they are, alone or beside each other: CJK ideographs to Hangul
#: syllables, printable ASCII, compatibility jamo without the filler, Latin letters with marks,
#: kana. Anchored and in few ranges, the commonest first: 0.25 s of CPU a million queries; a search
#: for any other character takes four times that.
_ONLY_PLAIN: Final = r"^[一-힣 -~ㄱ-ㅣÀ-ɏぁ-ゖァ-ヺ]*\z"

_LAUGHS: Final = ("ㅋㅋㅋ", "ㅎㅎㅎ", "ㅠㅠㅠ", "ㅜㅜㅜ")


def _translated(text: Column, table: dict[str, str], removed: str = "") -> Column:
    return F.translate(text, "".join(table) + removed, "".join(table.values()))


def _composed(text: Column) -> Column:
    """NFC of a text that is not null; Spark has no function of its own for it."""
    normalizer = F.lit("com.ibm.icu.text.Normalizer")
    return F.java_method(normalizer, F.lit("compose"), text, F.lit(False))


def _has_stray_space(text: Column) -> Column:
    return text.contains("  ") | text.startswith(" ") | text.endswith(" ")


def _squeezed(text: Column) -> Column:
    return F.trim(F.regexp_replace(text, " {2,}", " "))


def normalized_query(query: Column) -> Column:
    """A query by which equal queries are equal: string to string, null to null.

    Widths made normal (full-width ASCII, half-width katakana and jamo), white space of every kind
    a single space and none at the ends, what is invisible removed (but the joiners inside emoji),
    lower case, decomposed Hangul and Latin composed (NFC; macOS sends NFD, and also a composed
    syllable with a conjoining final), conjoining jamo that stand alone as compatibility jamo, and
    runs of three and more of ㅋ ㅎ ㅠ ㅜ cut to two unless the query is consonants alone: those may
    be initials. Punctuation stays. It is not NFKC, which would make ㅋ카 of ㅋㅋㅏ. Idempotent.

    Composing calls Java by reflection, so Spark takes the column for non-deterministic: project it
    (`withColumn`, `select`) before grouping by it or filtering on it.
    """
    plain = F.lower(query)
    # Every stage names the one before it once: what is named twice Spark would compute twice.
    visible = _translated(query, WIDTHS | dict.fromkeys(SPACES, " "), removed=INVISIBLE)
    lower = F.lower(F.regexp_replace(visible, STRAY_JOINER, ""))
    composed = _composed(lower)
    alike = F.when(query.rlike(f"[{OLD_JAMO}]"), composed).otherwise(
        _translated(composed, CONJOINING_JAMO)
    )
    any_script = F.when(query.rlike(_ONLY_PLAIN), plain).otherwise(alike)
    # A group that took no part in the match is empty: $1 is the initials, or $2$2 the laugh.
    calm = F.regexp_replace(any_script, CHOSEONG_OR_LAUGH, "$1$2$2")
    needs_mending = _has_stray_space(query) | ~query.rlike(_ONLY_PLAIN)
    for laugh in _LAUGHS:
        needs_mending |= query.contains(laugh)
    return F.when(needs_mending, _squeezed(calm)).otherwise(plain)


def surface_form(query: Column) -> Column:
    """A query as typed, fit to be shown: string to string, null to null.

    Composed (NFC), white space of every kind a single space and none at the ends; control
    characters, byte order marks and what turns the direction of the page removed. Case, width and
    everything else stay. Non-deterministic in Spark's eyes, like `normalized_query`.
    """
    shown = _translated(
        query,
        dict.fromkeys(SPACES, " "),
        removed=CONTROLS + BIDI_CONTROLS + BYTE_ORDER_MARK,
    )
    needs_mending = _has_stray_space(query) | ~query.rlike(_ONLY_PLAIN)
    return F.when(needs_mending, _squeezed(_composed(shown))).otherwise(query)


_WORD: Final = r"\p{L}\p{M}\p{N}"
#: Most letters of what is typed here, the commonest first: ranges are quicker than categories.
_LETTERS: Final = "가-힣a-zㄱ-ㅣ一-鿿ß-öø-ɏぁ-ゖァ-ヺ"
_THOUSANDS_COMMA: Final = r"(?<=\p{Nd}),(?=\p{Nd}{3}(?!\p{Nd}))"
_PLUS_BETWEEN_DIGITS: Final = rf"(?<=\p{{Nd}})[^{_WORD}]*\+[^{_WORD}]*(?=\p{{Nd}})"
_GAP_BETWEEN_DIGITS: Final = rf"(?<=\p{{Nd}})[^{_WORD}+#]+(?=\p{{Nd}})"
_MEANINGLESS: Final = "|".join(
    [
        rf"[^{_WORD}+#.]",
        rf"(?<![{_WORD}][+#]{{0,2}})[+#]",
        r"\.(?!(?<=\p{Nd}\.)\p{Nd}|(?<=(?:^| )\.)[a-z])",
    ]
)


def variant_key(query: Column) -> Column:
    """What spacing and punctuation variants of a normalised query share: string to string.

    Spaces, punctuation and symbols go: 카카오 톡 and 카카오톡 are one, 3·1절 and 3ㆍ1절, node.js
    and nodejs. These stay, for they tell queries apart: + and # right after a letter or digit (c++,
    c#, 1+1), a point before a Latin word (.net), and between two digits a point for whatever is
    there (3.5 is not 35; 2026-11-22 is 2026.11.22), but for the commas of thousands. A query of
    symbols alone keeps them all but the spaces. Null stays null.
    """
    # ㆍ is a letter by its category, and in queries a middle dot.
    with_dots = F.translate(query, "ㆍ", "·")
    without_commas = F.regexp_replace(with_dots, _THOUSANDS_COMMA, "")
    with_pluses = F.regexp_replace(without_commas, _PLUS_BETWEEN_DIGITS, "+")
    with_points = F.regexp_replace(with_pluses, _GAP_BETWEEN_DIGITS, ".")
    stripped = F.regexp_replace(with_points, _MEANINGLESS, "")
    without_spaces = F.replace(query, F.lit(" "), F.lit(""))
    return (
        F.when(query.rlike(rf"^[{_LETTERS}0-9]*\z"), query)
        .when(query.rlike(rf"^[{_LETTERS} ]*\z"), without_spaces)
        .when(query.rlike(rf"^[{_LETTERS} 0-9]*\z") & ~query.rlike("[0-9] [0-9]"), without_spaces)
        .when(~query.rlike(rf"[{_WORD}&&[^ㆍ]]"), without_spaces)
        .otherwise(stripped)
    )


def variant_id(query: Column) -> Column:
    """64 bits of the `variant_key`: string to long."""
    return F.xxhash64(variant_key(query))


#: An ending, with what it begins at, is at most so many characters: longer ones hardly end two
#: queries.
MAX_ENDING: Final = 40

#: Where an ending begins: at a space, at a dot, and, of those who write without spaces, at each
#: ideograph.
_BEGINS: Final = "[ .一-鿿]"


def endings(query: Column) -> Column:
    """What may end other queries too: array of string, the longest first; each but the whole query.

    www.daum.net ends with .daum.net and .net, 제주도 흑돼지 맛집 with 흑돼지 맛집 and 맛집, 电影院
    with 影院: ideographs are written without spaces, and one alone is too little.

    Args:
        query: normalised.
    """
    length = F.length(query)
    first = F.greatest(F.lit(2), length - MAX_ENDING + 1)

    def ending(place: Column) -> Column:
        begin = F.substr(query, place, F.lit(1))
        is_word = F.substr(query, place - 1, F.lit(1)) == " "
        return F.when(begin == " ", F.substr(query, place + 1)).when(
            begin.rlike(_BEGINS) & ~is_word, F.substr(query, place)
        )

    at_marks = F.filter(
        F.transform(F.sequence(first, length - 1, F.lit(1)), ending), lambda each: each.isNotNull()
    )
    # Where only spaces mark, words are few where characters are many.
    words = F.split(query, " ")
    of_words = F.filter(
        F.transform(
            F.sequence(F.lit(2), F.size(words), F.lit(1)),
            lambda word: F.array_join(F.slice(words, word, F.size(words)), " "),
        ),
        lambda each: F.length(each) < MAX_ENDING,
    )
    return (
        F.when(~query.rlike(_BEGINS), F.array().cast("array<string>"))
        .when(~query.rlike("[.一-鿿]"), of_words)
        .when(query.rlike(f"(?s)^.+{_BEGINS}."), F.array_distinct(at_marks))
        .otherwise(F.array().cast("array<string>"))
    )


def ending_ids(query: Column) -> Column:
    """64 bits of each of the `endings`: string to array of long."""
    return F.transform(endings(query), lambda ending: F.xxhash64(ending))
