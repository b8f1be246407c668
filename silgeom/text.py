"""What a normalised query is, character by character, and how to normalise one string.

`pipeline.language.queries` does the same to columns, from these tables; tests hold both together.
"""

import re
import unicodedata
from typing import Final


def _characters(*ranges: tuple[int, int]) -> str:
    """All characters of the ranges, both ends counted."""
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


#: White space of every kind but the plain space (and the braille cell without dots).
SPACES: Final = _characters(
    (0x09, 0x0D), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
    (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x2800, 0x2800), (0x3000, 0x3000),
)  # fmt: skip

CONTROLS: Final = _characters((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F))

#: They turn the direction of what follows them on the page.
BIDI_CONTROLS: Final = _characters((0x202A, 0x202E), (0x2066, 0x2069))

BYTE_ORDER_MARK: Final = "\ufeff"

#: The zero-width joiner: part of many emoji, noise elsewhere.
JOINER: Final = "\u200d"

#: What nobody sees: controls, soft hyphen, marks of width zero, Hangul fillers, variation
#: selectors, tags. The joiner is not here.
INVISIBLE: Final = CONTROLS + BIDI_CONTROLS + BYTE_ORDER_MARK + _characters(
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200C), (0x200E, 0x200F), (0x2060, 0x2065), (0x206A, 0x206F),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
    (0xE0100, 0xE01EF),
)  # fmt: skip


def _widths() -> dict[str, str]:
    decompositions = {
        character: unicodedata.decomposition(character).split()
        for character in _characters((0xFF01, 0xFFEE))
        if character not in INVISIBLE
    }
    return {
        character: chr(int(parts[1], 16))
        for character, parts in decompositions.items()
        if parts and parts[0] in ("<wide>", "<narrow>")
    }


#: Full-width and half-width characters, each with the one of normal width. Half-width jamo become
#: compatibility jamo, not conjoining ones as in NFKC.
WIDTHS: Final = _widths()

#: Conjoining jamo of modern Hangul, each with the compatibility jamo that looks the same.
CONJOINING_JAMO: Final = {
    chr(first + i): jamo
    for first, jamos in (
        (0x1100, "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"),
        (0x1161, "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"),
        (0x11A8, "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"),
    )
    for i, jamo in enumerate(jamos)
}

#: Conjoining jamo of Hangul before the reform, as the inside of a character class. A syllable with
#: one of them has no precomposed form: its modern jamo must stay conjoining too.
OLD_JAMO: Final = "\u1113-\u115e\u1176-\u11a7\u11c3-\u11ff\ua960-\ua97c\ud7b0-\ud7ff"

#: Emoji and the symbols joined with them, by block: the same whichever Unicode a machine knows.
EMOJI: Final = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"

#: A joiner that does not stand between two emoji.
STRAY_JOINER: Final = f"(?<![{EMOJI}]){JOINER}|{JOINER}(?![{EMOJI}])"

#: A query of consonants alone (group 1 is all of it), or three and more of a laugh or cry.
CHOSEONG_OR_LAUGH: Final = r"\A([ㄱ-ㅎ ]+)\Z|([ㅋㅎㅠㅜ])\2{2,}"

#: What is normalised already, as most queries are: ASCII and syllables, a space between words.
_CALM: Final = re.compile(r"[!-@\[-~가-힣]+(?: [!-@\[-~가-힣]+)*")

_TO_PLAIN: Final = str.maketrans(WIDTHS | dict.fromkeys(SPACES, " ") | dict.fromkeys(INVISIBLE, ""))
_JAMO: Final = str.maketrans(CONJOINING_JAMO)


def normalized_query(query: str) -> str:
    """A query by which equal queries are equal; see `pipeline.language.queries.normalized`."""
    lowered = query.lower()
    if _CALM.fullmatch(lowered):
        return lowered
    visible = re.sub(STRAY_JOINER, "", query.translate(_TO_PLAIN))
    composed = unicodedata.normalize("NFC", visible.lower())
    if not re.search(f"[{OLD_JAMO}]", composed):
        composed = composed.translate(_JAMO)
    calm = re.sub(CHOSEONG_OR_LAUGH, lambda found: found[1] or found[2] * 2, composed)
    return re.sub(" {2,}", " ", calm).strip(" ")
