"""A query as people mean it (normalised), as they see it (surface), and without its spelling.

Native expressions only. Each has a cheap guard: a query of plain characters, single spaces and no
laughter is let through after one look, and only the others pay for the mending.
"""

import unicodedata
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

#: Characters that composing, widths and removal leave as they are, alone or beside each other:
#: ASCII but its controls, Latin letters with marks, Hangul syllables and compatibility jamo
#: (without the filler), kana, CJK ideographs.
_PLAIN: Final = " -~À-ɏ가-힣ㄱ-ㅣぁ-ゖァ-ヺ一-鿿"

#: White space of every kind but the plain space.
_SPACES: Final = "".join(
    map(
        chr,
        [*range(0x09, 0x0E), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)]
        + [0x2028, 0x2029, 0x202F, 0x205F, 0x2800, 0x3000],
    )
)

_CONTROLS: Final = "".join(
    chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)] if chr(code) not in _SPACES
)

#: They turn the text that follows them on the page; a board with one of them is unreadable.
_BIDI_CONTROLS: Final = "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))

_BYTE_ORDER_MARK: Final = "\ufeff"

#: What nobody sees: controls, soft hyphen, joiners and marks of width zero, Hangul fillers,
#: variation selectors and tags. The zero-width joiner is not here: it makes emoji.
_INVISIBLE: Final = (
    _CONTROLS
    + _BIDI_CONTROLS
    + _BYTE_ORDER_MARK
    + "".join(
        map(
            chr,
            [0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810)]
            + [0x200B, 0x200C, 0x200E, 0x200F, *range(0x2060, 0x2066), *range(0x206A, 0x2070)]
            + [0x3164, *range(0xFE00, 0xFE10), 0xFFA0, *range(0xFFF9, 0xFFFC)]
            + [*range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0)],
        )
    )
)


def _widths() -> dict[str, str]:
    """Full-width and half-width characters, each with the one of normal width.

    Half-width jamo become compatibility jamo, not conjoining ones as in NFKC.
    """
    kinds = ("<wide>", "<narrow>")
    decompositions = {
        chr(code): unicodedata.decomposition(chr(code)).split() for code in range(0xFF01, 0xFFEF)
    }
    return {
        character: chr(int(parts[1], 16))
        for character, parts in decompositions.items()
        if parts and parts[0] in kinds and character not in _INVISIBLE
    }


def _modern_jamo() -> dict[str, str]:
    """Conjoining jamo, each with the compatibility jamo that looks the same."""
    initials = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
    finals = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
    return (
        {chr(0x1100 + i): jamo for i, jamo in enumerate(initials)}
        | {chr(0x1161 + i): chr(0x314F + i) for i in range(21)}
        | {chr(0x11A8 + i): jamo for i, jamo in enumerate(finals)}
    )


#: Emoji and symbols that joiners join, as blocks: the same whichever Unicode the JVM knows.
_EMOJI: Final = "←-⇿⌀-⏿☀-➿⬀-⯿\U0001f000-\U0001faff"
_STRAY_JOINER: Final = f"(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])"

#: Conjoining jamo of no modern syllable: beside them nothing is taken apart.
_OLD_JAMO: Final = "ᄓ-ᅞᅶ-ᆧᇃ-ᇿꥠ-ꥼힰ-ퟻ"

#: A query of consonants alone (then group 1 holds it whole), or a laugh or cry of three and more.
_CHOSEONG_OR_LAUGH: Final = r"^([ㄱ-ㅎ ]+)$|([ㅋㅎㅠㅜ])\2{2,}"

_STRAY_SPACE: Final = "  |^ | $"
_LAUGH: Final = "ㅋㅋㅋ|ㅎㅎㅎ|ㅠㅠㅠ|ㅜㅜㅜ"


def _translated(text: Column, table: dict[str, str], removed: str = "") -> Column:
    return F.translate(text, "".join(table) + removed, "".join(table.values()))


def _composed(text: Column) -> Column:
    """NFC of a text that is not null; Spark has no function of its own for it."""
    normalizer = F.lit("com.ibm.icu.text.Normalizer")
    return F.java_method(normalizer, F.lit("compose"), text, F.lit(False))


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
    visible = _translated(query, _widths() | dict.fromkeys(_SPACES, " "), removed=_INVISIBLE)
    lower = F.lower(F.regexp_replace(visible, _STRAY_JOINER, ""))
    # Every stage names the one before it once: Spark would compute what is named twice twice.
    composed = _composed(lower)
    mended = F.when(query.rlike(f"[{_OLD_JAMO}]"), composed).otherwise(
        _translated(composed, _modern_jamo())
    )
    shown = F.when(query.rlike(f"[^{_PLAIN}]"), mended).otherwise(plain)
    laughed = F.regexp_replace(shown, _CHOSEONG_OR_LAUGH, "$1$2$2")
    needs_mending = query.rlike(f"[^{_PLAIN}]|{_STRAY_SPACE}|{_LAUGH}")
    return F.when(needs_mending, _squeezed(laughed)).otherwise(plain)


def surface_form(query: Column) -> Column:
    """A query as typed, fit to be shown: string to string, null to null.

    Composed (NFC), white space of every kind a single space and none at the ends; control
    characters, byte order marks and what turns the direction of the page removed. Case, width and
    everything else stay. Non-deterministic in Spark's eyes, like `normalized_query`.
    """
    shown = _translated(
        query,
        dict.fromkeys(_SPACES, " "),
        removed=_CONTROLS + _BIDI_CONTROLS + _BYTE_ORDER_MARK,
    )
    composed = _composed(shown)
    needs_mending = query.rlike(f"[^{_PLAIN}]|{_STRAY_SPACE}")
    return F.when(needs_mending, _squeezed(composed)).otherwise(query)


_WORD: Final = r"\p{L}\p{M}\p{N}"
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

    Spaces, punctuation and symbols go: 카카오 톡 and 카카오톡 are one, 3·1절 and 3ㆍ1절, node.js and
    nodejs. These stay, for they tell queries apart: + and # right after a letter or digit (c++, c#,
    1+1), a point before a Latin word (.net), and between two digits a point for whatever is there
    (3.5 is not 35; 2026-11-22 is 2026.11.22), but for the commas of thousands. A query of symbols
    alone keeps them all but the spaces. Null stays null.
    """
    # ㆍ is a letter by its category, and in queries a middle dot.
    with_dots = F.translate(query, "ㆍ", "·")
    without_commas = F.regexp_replace(with_dots, _THOUSANDS_COMMA, "")
    with_pluses = F.regexp_replace(without_commas, _PLUS_BETWEEN_DIGITS, "+")
    with_points = F.regexp_replace(with_pluses, _GAP_BETWEEN_DIGITS, ".")
    stripped = F.regexp_replace(with_points, _MEANINGLESS, "")
    return (
        F.when(~query.rlike("[^가-힣a-z0-9]"), query)
        .when(~query.rlike(rf"[{_WORD}&&[^ㆍ]]"), F.translate(query, " ", ""))
        .otherwise(stripped)
    )
