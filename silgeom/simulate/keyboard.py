"""What fingers do to a query: the two-set Korean keyboard, its slips, and its wrong state.

Pure functions on strings; chance comes in as numbers, so that the same numbers give the same slip.
"""

from typing import Final

_INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS: Final = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_PAIRS: Final = (
    "ㅘㅗㅏ ㅙㅗㅐ ㅚㅗㅣ ㅝㅜㅓ ㅞㅜㅔ ㅟㅜㅣ ㅢㅡㅣ "
    "ㄳㄱㅅ ㄵㄴㅈ ㄶㄴㅎ ㄺㄹㄱ ㄻㄹㅁ ㄼㄹㅂ ㄽㄹㅅ ㄾㄹㅌ ㄿㄹㅍ ㅀㄹㅎ ㅄㅂㅅ"
)
_COMPOUNDS: Final = {pair[0]: pair[1:] for pair in _PAIRS.split()}
_JOINED: Final = {keys: jamo for jamo, keys in _COMPOUNDS.items()}
_KEYS: Final = "qwertyuiopasdfghjklzxcvbnm"
_PLAIN_KEYS: Final = dict(
    zip(_KEYS, "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ", strict=True)
)
_TO_JAMO: Final = {**_PLAIN_KEYS, **dict(zip("QWERTOP", "ㅃㅉㄸㄲㅆㅒㅖ", strict=True))}
_TO_LATIN: Final = {jamo: key for key, jamo in _TO_JAMO.items()}
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def is_hangul(text: str) -> bool:
    """Whether all letters are composed Hangul (spaces and digits may stand among them)."""
    letters = [c for c in text if not (c.isdigit() or c == " ")]
    return bool(letters) and all("가" <= c <= "힣" for c in letters)


def is_latin(text: str) -> bool:
    """Whether all letters are a to z (spaces and digits may stand among them)."""
    letters = [c for c in text if not (c.isdigit() or c == " ")]
    return bool(letters) and all("a" <= c <= "z" for c in letters)


def strokes(text: str) -> str:
    """The keys pressed for `text`: 날씨 gives ㄴㅏㄹㅆㅣ; what is not Hangul stays."""
    keys: list[str] = []
    for character in text:
        if "가" <= character <= "힣":
            code = ord(character) - 0xAC00
            parts = (_INITIALS[code // 588], _VOWELS[code % 588 // 28], _FINALS[code % 28])
            keys.extend(_COMPOUNDS.get(part, part) for part in parts)
        else:
            keys.append(_COMPOUNDS.get(character, character))
    return "".join(keys)


def compose(keys: str) -> str:
    """What an input method shows for `keys`: the automaton of the two-set keyboard."""
    out: list[str] = []
    initial, vowel, final = "", "", ""

    def flush() -> None:
        nonlocal initial, vowel, final
        if initial and vowel:
            code = _INITIALS.index(initial) * 588 + _VOWELS.index(vowel) * 28
            out.append(chr(0xAC00 + code + _FINALS.index(final)))
        else:
            out.append(initial + vowel)
        initial, vowel, final = "", "", ""

    for key in keys:
        if key in _VOWELS:
            if final:  # the last final consonant begins the next syllable
                split = _COMPOUNDS.get(final, final)
                moved, final = split[-1], split[:-1]
                flush()
                initial, vowel = moved, key
            elif vowel and vowel + key in _JOINED:
                vowel = _JOINED[vowel + key]
            else:
                if vowel:
                    flush()
                vowel = key
        elif key in _INITIALS:
            if initial and vowel and not final and key in _FINALS:
                final = key
            elif final and final + key in _JOINED:
                final = _JOINED[final + key]
            else:
                flush()
                initial = key
        else:
            flush()
            out.append(key)
    flush()
    return "".join(out)


def wrong_keyboard(text: str) -> str | None:
    """`text` typed with the Korean/English key in the wrong state: 날씨 → skfTl, python → ㅔㅛ쇄ㅜ.

    None where the text mixes both scripts, so that nobody could type it all in one state.
    """
    if is_hangul(text):
        return "".join(_TO_LATIN.get(key, key) for key in strokes(text))
    if is_latin(text):
        return compose("".join(_TO_JAMO.get(key, key) for key in text))
    return None


def slip(text: str, where: float, how: float) -> str | None:
    """`text` with one slip of a finger.

    Args:
        text: a query of Hangul or Latin letters.
        where: in [0, 1), which stroke goes wrong.
        how: in [0, 1), what happens: a stroke missing, doubled, swapped with the next, or an
            adjacent key instead.

    Returns:
        The slipped text, or None where this slip leaves the text as it was.
    """
    keys = strokes(text)
    letters = [i for i, key in enumerate(keys) if key in _TO_LATIN or "a" <= key <= "z"]
    if len(letters) < 4:
        return None
    i = letters[1 + int(where * (len(letters) - 1))]  # a slip on the first stroke is seen at once
    key = keys[i]
    if how < 0.25:
        slipped = keys[:i] + keys[i + 1 :]
    elif how < 0.45:
        slipped = keys[:i] + key + keys[i:]
    elif how < 0.65:
        slipped = keys[:i] + keys[i + 1 : i + 2] + key + keys[i + 2 :]
    else:
        latin = _TO_LATIN.get(key, key).lower()
        row = next(row for row in _ROWS if latin in row)
        at = row.index(latin)
        step = 1 if int(how * 1000) % 2 else -1
        neighbour = row[at + step] if 0 <= at + step < len(row) else row[at - step]
        instead = _PLAIN_KEYS[neighbour] if key in _TO_LATIN else neighbour
        slipped = keys[:i] + instead + keys[i + 1 :]
    typed = compose(slipped).strip()
    return typed if typed != text else None
