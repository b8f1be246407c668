"""Personal data that people type into a search box: found, and masked.

E-mail addresses; runs of nine and more digits (phone, resident registration, card and account
numbers), also with separators, in any script's digits, in Hangul, and phone numbers in Hangul typed
with the keyboard in the wrong state; resident registration numbers whose end is masked already. It
errs on the side of privacy: a bar code is withheld with the rest. Names and street addresses are
not found; only the floor on people protects those.
"""

from functools import reduce
from operator import or_
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F

MASK: Final = "***"

_SEPARATOR_CHARACTERS: Final = r"-.()/\u00a0\u2010-\u2015\u2212\u3000\uff08\uff09\uff0d\uff0e\uff0f"
#: One space, or one mark with a space on either side: 010 1234, 010-1234, (02) 123, 010 - 1234.
_SEPARATOR: Final = rf"(?: ?[{_SEPARATOR_CHARACTERS}] ?| )?"

_YEAR: Final = r"(?:19|20)[0-9]{2}"
_DAY: Final = rf"{_YEAR}[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12][0-9]|3[01])"
_DRAWN: Final = "(?:[1-9]|[1-3][0-9]|4[0-5])"
#: Dates, a day with an hour, a list of years, the numbers of a lottery draw.
_HARMLESS: Final = "|".join(
    [
        rf"{_DAY}(?: ?[-/ ] ?{_DAY})?(?: [0-2]?[0-9])?",
        rf"{_YEAR}(?:[-/ ]{_YEAR}){{1,9}}",
        rf"{_DRAWN}(?: {_DRAWN}){{4,6}}",
    ]
)
_NO_DIGIT_BEFORE: Final = rf"(?<!\p{{Nd}} ?[{_SEPARATOR_CHARACTERS} ]? ?)"
#: The first digit of a run, where the whole run is nothing harmless.
_START: Final = (
    rf"(?=\p{{Nd}}){_NO_DIGIT_BEFORE}"
    rf"(?!(?:{_HARMLESS})(?!{_SEPARATOR}\p{{Nd}}))"
)
_NUMBER: Final = rf"{_START}\p{{Nd}}(?:{_SEPARATOR}\p{{Nd}}){{8}}"

#: 900101-1******, 900101-*******
_MASKED_RESIDENT: Final = r"\p{Nd}{6} ?[-\u2010-\u2015\uff0d] ?(?:[1-8][*xX●○]{4,6}|[*●○]{6,7})"

_HANGUL_DIGIT: Final = r"[\p{Nd}공영일이삼사오육륙칠팔구]"
_SPOKEN_SEPARATOR: Final = rf"(?: ?(?:[{_SEPARATOR_CHARACTERS}]|에|다시) ?| )?"
#: A phone number begins with zero, and a mobile one often with the letter o for it.
_SPOKEN_PHONE: Final = (
    rf"(?:{_NO_DIGIT_BEFORE}[0공영]|[oO](?={_SPOKEN_SEPARATOR}[1일]{_SPOKEN_SEPARATOR}[0oO공영]))"
    rf"{_SPOKEN_SEPARATOR}{_HANGUL_DIGIT}"
    rf"{_SPOKEN_SEPARATOR}(?:{_HANGUL_DIGIT}|(?<=[1일]{_SPOKEN_SEPARATOR})[oO])"
    rf"(?:{_SPOKEN_SEPARATOR}{_HANGUL_DIGIT}){{6}}"
)

#: The same with the keyboard in the wrong state: 공일공 is rhddlfrhd.
_TYPED_ZERO: Final = "(?:rhd|dud|0)"
_TYPED_DIGIT: Final = r"(?:rhd|dud|dlf?|tka?|dh|dbr|clf|vkf|rn|\p{Nd})"
_TYPED_PHONE: Final = (
    rf"(?i:{_NO_DIGIT_BEFORE}{_TYPED_ZERO}(?:{_SEPARATOR}(?:dp)?{_TYPED_DIGIT}){{8}})"
)

_MAILBOX: Final = r"[\p{L}\p{N}._%+\-]{1,64}"
_HOST: Final = r"[\p{L}\p{N}\-]{1,63}(?:[.\uff0e][\p{L}\p{N}\-]{1,63}){1,8}"
_PROVIDER: Final = "(?:naver|gmail|daum|hanmail|nate|kakao|yahoo|hotmail|outlook|icloud)"
_E_MAIL: Final = (
    rf"{_MAILBOX} ?(?:[@\uff20] ?{_HOST}|[@\uff20] ?(?i:{_PROVIDER}))"
    rf"|[A-Za-z0-9._%+\-]{{1,64}} ?골뱅이 ?(?i:{_PROVIDER})"
    r"(?: ?(?:[.\uff0e]|닷|점) ?\p{L}{2,3})?"
)

#: To mask, a match also takes what is left of its run; one class, so that a run of a million
#: digits needs no deep recursion.
_REST_OF_DIGITS: Final = rf"(?:[\p{{Nd}}{_SEPARATOR_CHARACTERS} ]*\p{{Nd}})?"
_REST_OF_SPOKEN: Final = rf"(?:[{_SEPARATOR_CHARACTERS} ]?{_HANGUL_DIGIT}){{0,12}}"
_REST_OF_TYPED: Final = rf"(?i:[{_SEPARATOR_CHARACTERS} ]?{_TYPED_DIGIT}){{0,12}}"

_FOUND: Final = "|".join([_E_MAIL, _MASKED_RESIDENT, _NUMBER, _SPOKEN_PHONE, _TYPED_PHONE])
_MASKED: Final = "|".join(
    [
        _E_MAIL,
        _MASKED_RESIDENT,
        _NUMBER + _REST_OF_DIGITS,
        _SPOKEN_PHONE + _REST_OF_SPOKEN,
        _TYPED_PHONE + _REST_OF_TYPED,
    ]
)

_SIX_DIGITS: Final = r"\p{Nd}" + r"[^\p{Nd}]{0,3}\p{Nd}" * 5
_FOUR_SPOKEN_DIGITS: Final = (
    r"[0-9공영일이삼사오육륙칠팔구](?:[^가-힣]{0,3}[0-9공영일이삼사오육륙칠팔구]){3}"
)
_FOUR_TYPED_DIGITS: Final = r"(?i)(?:(?:rhd|dud|dlf?|tka?|dh|dbr|clf|vkf|rn)[^a-z]{0,3}){4}"


def _any_contained(text: Column, *parts: str) -> Column:
    return reduce(or_, (text.contains(part) for part in parts))


def _suspicious(text: Column) -> Column:
    """True wherever there is personal data, and seldom elsewhere: at a third of the cost.

    Plain `contains` first: on bytes it costs next to nothing.
    """
    return (
        _any_contained(text, "@", "\uff20", "골뱅이")
        | text.rlike(_SIX_DIGITS)
        | (_any_contained(text, "공", "영", "0", "\uff10") & text.rlike(_FOUR_SPOKEN_DIGITS))
        | (
            _any_contained(text, "rhd", "dud", "0", "RHD", "DUD", "\uff10")
            & text.rlike(_FOUR_TYPED_DIGITS)
        )
    )


def has_personal_data(text: Column) -> Column:
    """Whether a text holds an e-mail address or a number that may be a person's: boolean.

    Nine digits with no more than a separator between neighbours are such a number, but for dates,
    lists of years and lottery draws; prices with commas and 1588-1234 are not. Null gives null.
    """
    return _suspicious(text) & text.rlike(_FOUND)


def masked(text: Column) -> Column:
    """The text with `***` for each stretch that `has_personal_data` would find: string."""
    return F.when(_suspicious(text), F.regexp_replace(text, _MASKED, r"\*\*\*")).otherwise(text)
