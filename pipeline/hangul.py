"""Hangul as it is typed on the two-set keyboard (두벌식): what completion and matching compare.

Native expressions, each of which also exists for one plain string in `silgeom.hangul`. Make them
after counting, on distinct queries: there are far fewer of those than searches.
"""

from collections.abc import Iterable
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

from silgeom.hangul import (
    CHOSEONG,
    CONSONANT_PAIRS,
    FIRST_SYLLABLE,
    JONGSEONG_OF_KEYS,
    JUNGSEONG,
    KEY_OF_LATIN,
    KEYS_OF,
    LATIN_OF_KEY,
    SHIFTED,
    SYLLABLES,
    VOWEL_PAIRS,
)

_FIRST_JAMO: Final = ord("ㄱ")
_JAMO: Final = "".join(chr(code) for code in range(_FIRST_JAMO, ord("ㅣ") + 1))

_VOWEL: Final = "[ㅏ-ㅣ]"
_CONSONANT: Final = "[ㅅ-ㅎㄱㄲㄴㄷ-ㄹㅁ-ㅃ]"
#: The longest first, and without trying one after the other.
_FINAL: Final = "(?:[ㅇㅆㄷㄲㅁㅅㅈ-ㅎ&&[^ㅉ]]|ㄴ[ㅈㅎ]?|ㄹ[ㄱㅁㅂㅅㅌ-ㅎ]?|ㄱㅅ?|ㅂㅅ?)"
#: For each jamo, its index among the initial consonants; -1: it is none.
_INITIAL_INDICES: Final = " ".join(str(CHOSEONG.find(jamo)) for jamo in _JAMO)
#: A syllable (its vowel in one character), or any other single character.
_SYLLABLE_OR_OTHER: Final = f"(?s){_CONSONANT}{_VOWEL}(?:{_FINAL}(?!{_VOWEL}))?+|."  # Java's


def _array(strings: Iterable[str]) -> Column:
    """An array literal in one piece: one element at a time would take seconds to hand over."""
    return F.split(F.lit(" ".join(strings)), " ", -1)


def _is_ascii(text: Column) -> Column:
    return F.octet_length(text) == F.char_length(text)


def _has_hangul(text: Column) -> Column:
    return text.rlike("[가-힣ㄱ-ㅣ]")


def _keys(text: Column) -> Column:
    # A map of this size is a hundred times slower than an array, and nested replacements ten times.
    of_syllable = _array(KEYS_OF[syllable] for syllable in SYLLABLES)
    of_jamo = _array(KEYS_OF.get(jamo, jamo) for jamo in _JAMO)

    def of_character(character: Column) -> Column:
        code = F.ascii(character)
        return (
            F.when(
                character.between(SYLLABLES[0], SYLLABLES[-1]),
                F.get(of_syllable, code - FIRST_SYLLABLE),
            )
            .when(character.between(_JAMO[0], _JAMO[-1]), F.get(of_jamo, code - _FIRST_JAMO))
            .otherwise(character)
        )

    typed = F.array_join(F.transform(F.split(text, ""), of_character), "")
    return F.when(_is_ascii(text), text).otherwise(typed)


def keystrokes(query: Column) -> Column:
    """The keys that type a query, without spaces: 닭 갈비 is ㄷㅏㄹㄱㄱㅏㄹㅂㅣ. String to string.

    Compound vowels and final consonants are the two keys they are typed with, ㄲㄸㅃㅆㅉ one. So
    what an input method shows on the way to a query is always a prefix of it: 카캉 of 카카오톡.
    Everything that is not Hangul stays itself. Null stays null.
    """
    return _keys(F.replace(query, F.lit(" "), F.lit("")))


def choseong(query: Column) -> Column:
    """The initial consonants of a query, without spaces: 카카오 톡 is ㅋㅋㅇㅌ. String to string.

    Consonants alone are themselves, but ㄳ, which a keyboard makes of ㄱㅅ, is both again.
    Everything else stays itself. Null stays null.
    """
    initials = F.translate(
        query, SYLLABLES + " ", "".join(KEYS_OF[syllable][0] for syllable in SYLLABLES)
    )
    apart = initials
    for pair, keys in CONSONANT_PAIRS.items():
        apart = F.replace(apart, F.lit(pair), F.lit(keys))
    # One range, anchored: a look that is quick and right for nearly every query.
    has_no_pair = query.rlike(r"^[^ㄳ-ㅄ]*\z")
    return F.when(has_no_pair, initials).otherwise(apart)


def is_choseong(query: Column) -> Column:
    """Whether a query is consonants alone (and spaces), so that they may stand for initials."""
    return query.rlike(r"^[ㄱ-ㅎ ]*[ㄱ-ㅎ][ㄱ-ㅎ ]*\z")


def composed(keys: Column) -> Column:
    """Keys put together as an input method does: ㄷㅏㄹㄱㅏㄹ is 달갈. String to string.

    A consonant closes a syllable unless a vowel follows, which takes it for its own; the longest
    vowel and the longest final consonant that can be made are made. Vowels without a consonant
    before them are paired too; consonants without a vowel stay apart: ㄱㅅ may be initials.
    Everything else stays itself and ends a syllable. Null stays null.

    Five times as dear as `keystrokes` (10 s of CPU a million): to compare, compare keys instead.
    """
    with_vowels = keys
    for vowel, pair in VOWEL_PAIRS.items():
        with_vowels = F.replace(with_vowels, F.lit(pair), F.lit(vowel))
    initials = F.split(F.lit(_INITIAL_INDICES), " ").cast("array<int>")
    finals = _array(JONGSEONG_OF_KEYS)
    syllables = _array(SYLLABLES)

    def of_part(part: Column) -> Column:
        initial = F.get(initials, F.ascii(part) - _FIRST_JAMO)
        vowel = F.ascii(F.substring(part, 2, 1)) - ord(JUNGSEONG[0])
        final = F.array_position(finals, F.substring(part, 3, 2)).cast("int") - 1
        syllable = F.get(syllables, (initial * 21 + vowel) * 28 + final)
        return F.when(F.char_length(part) == 1, part).otherwise(syllable)

    parts = F.regexp_extract_all(with_vowels, F.lit(_SYLLABLE_OR_OTHER), F.lit(0))
    put_together = F.array_join(F.transform(parts, of_part), "")
    return F.when(_is_ascii(keys), keys).otherwise(put_together)


def typed_as_latin(raw: Column) -> Column:
    """Korean that was typed on the English layout, as Hangul: zkzkdh is 카카오. String to string.

    Case matters (Rhcqkx is 꽃밭), so give it what was typed, not the normalised query.
    """
    return composed(F.translate(raw, "".join(KEY_OF_LATIN), "".join(KEY_OF_LATIN.values())))


def typed_as_hangul(raw: Column) -> Column:
    """English that was typed on the Korean layout, in Latin letters: ㅔㅛ쇄ㅜ is python."""
    return F.translate(_keys(raw), "".join(LATIN_OF_KEY), "".join(LATIN_OF_KEY.values()))


def other_keyboard(raw: Column) -> Column:
    """What was meant if the Korean/English key was in the wrong state, whichever it was.

    With Hangul in it, that is Latin letters; else, Hangul. It converts the, and, for as well:
    let counts decide which of the two was meant. String to string, null to null.
    """
    return F.when(_has_hangul(raw), typed_as_hangul(raw)).otherwise(typed_as_latin(raw))


def other_keyboard_keystrokes(raw: Column) -> Column:
    """The keystrokes of the normalised `other_keyboard`, without composing any syllable.

    Equal to the keystrokes of the query that was meant: join on it. String to string.
    """
    typed = F.replace(raw, F.lit(" "), F.lit(""))
    as_keys = F.translate(typed, "".join(KEY_OF_LATIN), "".join(KEY_OF_LATIN.values()))
    meant = F.when(_has_hangul(raw), typed_as_hangul(typed)).otherwise(as_keys)
    return F.lower(meant)


def without_shift(keys: Column) -> Column:
    """Keys with shift let go: ㄴㅏㄹㅆㅣ is ㄴㅏㄹㅅㅣ. What a lower-case query can still tell."""
    return F.translate(keys, "".join(SHIFTED), "".join(SHIFTED.values()))


def keystroke_distance(left: Column, right: Column, *, at_most: int) -> Column:
    """Keys to insert, delete or replace to make one string of keys the other (Levenshtein): int.

    Args:
        left: keys, as `keystrokes` gives them.
        right: the same.
        at_most: null where it takes more than this; the smaller, the faster.
    """
    # Spark says -1 for "more", which would pass any test for "at most".
    distance = F.levenshtein(left, right, at_most)
    return F.when(distance >= 0, distance)
