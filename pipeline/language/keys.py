"""Hangul as it is typed on the two-set keyboard (두벌식): what completion and matching compare.

On columns of texts; each function also exists for one plain string in `silgeom.hangul`.
"""

from functools import cache

import polars as pl

from pipeline.language.characters import CharacterTable, replaced
from silgeom import hangul
from silgeom.hangul import CONSONANT_PAIRS, KEY_OF_LATIN, KEYS_OF, LATIN_OF_KEY, SHIFTED, SYLLABLES


def keystrokes(queries: pl.Series) -> pl.Series:
    """The keys that type a query, without spaces: 닭 갈비 is ㄷㅏㄹㄱㄱㅏㄹㅂㅣ. String to string.

    Compound vowels and final consonants are the two keys they are typed with, ㄲㄸㅃㅆㅉ one. So
    what an input method shows on the way to a query is always a prefix of it: 카캉 of 카카오톡.
    Everything that is not Hangul stays itself. Null stays null.
    """
    return replaced(queries, _to_keys())


def choseong(queries: pl.Series) -> pl.Series:
    """The initial consonants of a query, without spaces: 카카오 톡 is ㅋㅋㅇㅌ. String to string.

    Consonants alone are themselves, but ㄳ, which a keyboard makes of ㄱㅅ, is both again.
    Everything else stays itself. Null stays null.
    """
    return replaced(queries, _to_choseong())


def other_keyboard_keystrokes(queries: pl.Series) -> pl.Series:
    """The keystrokes of what was meant if the Korean/English key was in the wrong state.

    With Hangul in a query, those of Latin letters; else, of Hangul. Equal to the keystrokes of the
    query that was meant: join on it. String to string, null to null.
    """
    has_hangul = pl.col(queries.name).str.contains("[가-힣ㄱ-ㅣ]")
    as_latin, as_keys = replaced(queries, _to_latin()), replaced(queries, _from_latin())
    meant = pl.when(has_hangul).then(as_latin).otherwise(as_keys).str.to_lowercase()
    return queries.to_frame().select(meant.alias(queries.name)).to_series()


def without_shift(keys: pl.Series) -> pl.Series:
    """Keys with shift let go: ㄴㅏㄹㅆㅣ is ㄴㅏㄹㅅㅣ. What a lower-case query can still tell."""
    return replaced(keys, _unshifted())


def composed(keys: pl.Series) -> pl.Series:
    """Keys put together as an input method does: ㄷㅏㄹㄱㅏㄹ is 달갈. For few texts: a loop."""
    return pl.Series(
        keys.name,
        [None if each is None else hangul.composed(each) for each in keys.to_list()],
        dtype=pl.String,
    )


@cache
def _to_keys() -> CharacterTable:
    return CharacterTable.of({" ": ""} | KEYS_OF)


@cache
def _to_choseong() -> CharacterTable:
    initials = {syllable: KEYS_OF[syllable][0] for syllable in SYLLABLES}
    return CharacterTable.of({" ": ""} | CONSONANT_PAIRS | initials)


@cache
def _to_latin() -> CharacterTable:
    latin = str.maketrans(LATIN_OF_KEY)
    return CharacterTable.of(
        {" ": ""} | LATIN_OF_KEY | {text: keys.translate(latin) for text, keys in KEYS_OF.items()}
    )


@cache
def _from_latin() -> CharacterTable:
    return CharacterTable.of({" ": ""} | KEY_OF_LATIN)


@cache
def _unshifted() -> CharacterTable:
    return CharacterTable.of(SHIFTED)
