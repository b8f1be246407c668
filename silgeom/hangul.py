"""Hangul as it is typed: the keys of one string, and back, on the two-set keyboard (두벌식).

`pipeline.language.keys` does the same to columns, from these tables; tests hold both together.
Jamo are compatibility jamo (U+3131 to U+3163) throughout: what a keyboard shows for a single key.
"""

import re
from itertools import product
from typing import Final

#: Initials alone, but for what is no Hangul: ㅇㅇㅍ 15.
INITIALS: Final = re.compile("[ㄱ-ㅎ][^가-힣ㅏ-ㅣ]*")

#: The initial consonants of a syllable, in the order of Unicode.
CHOSEONG: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
#: The vowels of a syllable, in the order of Unicode.
JUNGSEONG: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
#: The final consonants of a syllable, in the order of Unicode; the first is none.
JONGSEONG: Final = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

#: Vowels typed with two keys. ㅐ ㅔ ㅒ ㅖ have a key of their own.
VOWEL_PAIRS: Final = {
    "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ",
    "ㅢ": "ㅡㅣ",
}  # fmt: skip
#: Final consonants typed with two keys. ㄲ and ㅆ have a key of their own.
CONSONANT_PAIRS: Final = {
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ",
    "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
}  # fmt: skip
PAIRS: Final = VOWEL_PAIRS | CONSONANT_PAIRS

#: Vowels, each with its index in a syllable, by the keys that type them; compound ones by
#: themselves too.
JUNGSEONG_OF_KEYS: Final = {
    keys: i for i, jamo in enumerate(JUNGSEONG) for keys in (jamo, PAIRS.get(jamo, jamo))
}
#: Final consonants (the first is none), likewise, but compound ones only by their keys.
JONGSEONG_OF_KEYS: Final = {PAIRS.get(jamo, jamo): i for i, jamo in enumerate(JONGSEONG)}

#: The letter of the English layout on each key of the two-set layout; a capital means shift.
LATIN_OF_KEY: Final = dict(
    zip(
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ",
        "qwertyuiopasdfghjklzxcvbnmQWERTOP",
        strict=True,
    )
)
#: The other way; shift changes nothing on the keys without a second jamo.
KEY_OF_LATIN: Final = {latin.upper(): key for key, latin in LATIN_OF_KEY.items()} | {
    latin: key for key, latin in LATIN_OF_KEY.items()
}

#: Keys pressed with shift, each with what it is without.
SHIFTED: Final = dict(zip("ㄲㄸㅃㅆㅉㅒㅖ", "ㄱㄷㅂㅅㅈㅐㅔ", strict=True))

FIRST_SYLLABLE: Final = 0xAC00
SYLLABLES: Final = "".join(map(chr, range(FIRST_SYLLABLE, FIRST_SYLLABLE + 19 * 21 * 28)))

#: The keys of each first, middle and last part of a syllable, in their order.
_KEYS_OF_PARTS: Final = [
    [PAIRS.get(part, part) for part in parts] for parts in (CHOSEONG, JUNGSEONG, JONGSEONG)
]
#: The keys of every character that is typed with other characters than itself.
KEYS_OF: Final = PAIRS | dict(zip(SYLLABLES, map("".join, product(*_KEYS_OF_PARTS)), strict=True))

_TO_KEYS: Final = str.maketrans(KEYS_OF)
_TO_CHOSEONG: Final = str.maketrans(
    {" ": ""} | CONSONANT_PAIRS | {syllable: KEYS_OF[syllable][0] for syllable in SYLLABLES}
)
_TO_LATIN: Final = str.maketrans(LATIN_OF_KEY)
_FROM_LATIN: Final = str.maketrans(KEY_OF_LATIN)
_UNSHIFT: Final = str.maketrans(SHIFTED)


def keystrokes(query: str) -> str:
    """The keys that type a query, without spaces: 닭 갈비 is ㄷㅏㄹㄱㄱㅏㄹㅂㅣ.

    Compound vowels and final consonants are the two keys they are typed with, ㄲㄸㅃㅆㅉ one. So
    what an input method shows on the way to a query is always a prefix of it: 카캉 of 카카오톡.
    Everything that is not Hangul stays itself.
    """
    return query.replace(" ", "").translate(_TO_KEYS)


def choseong(query: str) -> str:
    """The initial consonants of a query, without spaces: 카카오 톡 is ㅋㅋㅇㅌ.

    Consonants alone are themselves, but ㄳ, which a keyboard makes of ㄱㅅ, is both again.
    Everything else stays itself.
    """
    return query.translate(_TO_CHOSEONG)


def is_choseong(query: str) -> bool:
    """Whether a query is consonants alone (and spaces), so that they may stand for initials."""
    return all("ㄱ" <= character <= "ㅎ" or character == " " for character in query) and (
        not query.isspace() and query != ""
    )


def composed(keys: str) -> str:
    """Keys put together as an input method does: ㄷㅏㄹㄱㅏㄹ is 달갈.

    A consonant closes a syllable unless a vowel follows, which takes it for its own; the longest
    vowel and the longest final consonant that can be made are made. Vowels without a consonant
    before them are paired too; consonants without a vowel stay apart: ㄱㅅ may be initials.
    Everything else stays itself and ends a syllable.
    """
    written = []
    at = 0
    while at < len(keys):
        vowel_at = at + 1 if keys[at] in CHOSEONG else at
        vowel = _longest(keys, vowel_at, JUNGSEONG_OF_KEYS)
        if not vowel:
            written.append(keys[at])
            at += 1
        elif vowel_at == at:
            written.append(JUNGSEONG[JUNGSEONG_OF_KEYS[vowel]])
            at += len(vowel)
        else:
            final_at = vowel_at + len(vowel)
            final = _longest_final(keys, final_at)
            index = (
                CHOSEONG.index(keys[at]) * 21 + JUNGSEONG_OF_KEYS[vowel]
            ) * 28 + JONGSEONG_OF_KEYS[final]
            written.append(SYLLABLES[index])
            at = final_at + len(final)
    return "".join(written)


def _longest(keys: str, at: int, table: dict[str, int]) -> str:
    """The two keys or the one key at a place that stand in a table; else nothing."""
    for length in (2, 1):
        part = keys[at : at + length]
        if len(part) == length and part in table:
            return part
    return ""


def _longest_final(keys: str, at: int) -> str:
    """The final consonant at a place, where no vowel needs its last key; else nothing."""
    for length in (2, 1):
        part, following = keys[at : at + length], keys[at + length : at + length + 1]
        if (
            len(part) == length
            and part in JONGSEONG_OF_KEYS
            and (following not in JUNGSEONG_OF_KEYS)
        ):
            return part
    return ""


def typed_as_latin(raw: str) -> str:
    """Korean that was typed on the English layout, as Hangul: zkzkdh is 카카오.

    Case matters (Rhcqkx is 꽃밭), so give it what was typed, not the normalised query.
    """
    return composed(raw.translate(_FROM_LATIN))


def typed_as_hangul(raw: str) -> str:
    """English that was typed on the Korean layout, in Latin letters: ㅔㅛ쇄ㅜ is python."""
    return raw.translate(_TO_KEYS).translate(_TO_LATIN)


def other_keyboard(raw: str) -> str:
    """What was meant if the Korean/English key was in the wrong state, whichever it was.

    With Hangul in it, that is Latin letters; else, Hangul. It converts the, and, for as well:
    let counts decide which of the two was meant.
    """
    has_hangul = any(character in KEYS_OF or character in LATIN_OF_KEY for character in raw)
    return typed_as_hangul(raw) if has_hangul else typed_as_latin(raw)


def other_keyboard_keystrokes(raw: str) -> str:
    """The keystrokes of the normalised `other_keyboard`: those of the query that was meant."""
    return keystrokes(other_keyboard(raw).lower())


def without_shift(keys: str) -> str:
    """Keys with shift let go: ㄴㅏㄹㅆㅣ is ㄴㅏㄹㅅㅣ. What a lower-case query can still tell."""
    return keys.translate(_UNSHIFT)


def states_of_input(text: str) -> list[str]:
    """What a search box shows after each key of a text: 가방 is ㄱ, 가, 갑, 가바, 가방.

    The last is the text; it alone may be put together otherwise (a space is a key too).
    """
    keys = text.translate(_TO_KEYS)
    return [composed(keys[:pressed]) for pressed in range(1, len(keys))] + ([text] if text else [])


def keystroke_distance(left: str, right: str, at_most: int) -> int | None:
    """Keys to insert, delete or replace to make one string of keys the other.

    Args:
        left: keys, as `keystrokes` gives them.
        right: the same.
        at_most: None where it takes more than this.
    """
    costs = list(range(len(right) + 1))
    for row, key in enumerate(left, start=1):
        diagonal, costs[0] = costs[0], row
        for column, other in enumerate(right, start=1):
            replaced = diagonal + (key != other)
            diagonal = costs[column]
            costs[column] = min(replaced, costs[column] + 1, costs[column - 1] + 1)
    return costs[-1] if costs[-1] <= at_most else None
