"""Personal data that people type into a search box: found, and masked.

Pure functions on columns of text. Most texts are let through after one look (`_SUSPICIOUS`, a
regular expression of Polars); the few others are looked at closely, each different one once:

1. Every character becomes the one that it stands for (`_Plain`): any script's digits, circled
   ones, wide letters, look-alikes, every dash, dot and space; what is invisible goes.
2. Each kind of data has a finder that gives stretches of that plain form. Numbers are found as runs
   of digits with whatever stands between them, and a run is judged as a whole: `_is_harmless` knows
   dates, prices, versions, scores and the like, everything else of eight digits and more counts.
3. Stretches are carried back to the text as it was, to be masked.

It errs on the side of privacy: a bar code is withheld with the rest. Names are not found, but for
those beside a street or flat; what `docs/privacy.md` names as not found only the floor protects.
No pattern backtracks more than a few characters, so that a megabyte of digits is no burden.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

import polars as pl

from silgeom.text import INVISIBLE, JOINER, SPACES, WIDTHS

MASK: Final = "***"


Stretch = tuple[int, int]  #: begin and end, as in a slice


def has_personal_data(texts: pl.Series) -> pl.Series:
    """Whether each text holds personal data: string to boolean, null to null."""
    suspicious = texts.str.contains(_SUSPICIOUS)
    rows = suspicious.arg_true()
    if not len(rows):
        return suspicious
    few = texts.gather(rows)
    different = few.unique()
    verdicts = pl.Series([is_personal(text) for text in different.to_list()], dtype=pl.Boolean)
    return suspicious.scatter(rows, few.replace_strict(different, verdicts))


def masked(texts: pl.Series) -> pl.Series:
    """The texts with `***` for each stretch of personal data: string to string, null to null.

    A text with personal data comes out composed (NFC).
    """
    rows = texts.str.contains(_SUSPICIOUS).arg_true()
    if not len(rows):
        return texts
    few = texts.gather(rows)
    different = few.unique()
    shown = pl.Series([masked_text(text) for text in different.to_list()], dtype=pl.String)
    whole = texts.clone()  # scatter writes into what it is called on
    return whole.scatter(rows, few.replace_strict(different, shown))


def is_personal(text: str) -> bool:
    """Whether one text holds personal data."""
    return bool(_stretches(text))


def masked_text(text: str) -> str:
    """One text with `***` for each stretch of personal data."""
    stretches = _stretches(text)
    if not stretches:
        return text
    text = unicodedata.normalize("NFC", text)
    parts, end = [], 0
    for begin, last in stretches:
        parts += [text[end:begin], MASK]
        end = last
    return "".join([*parts, text[end:]])


# --- The plain form -------------------------------------------------------------------------


class _Plain(dict[int, str]):
    """A table for `str.translate`, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain_character(chr(code))
        return plain


_TABLE: Final = _Plain()

_DASHES: Final = "ㅡー─━―−˗﹘﹣－⁃➖⎯⸺⸻╌┄_¯‾"
_MIDDLE_DOTS: Final = "·・･•‧∙⋅ㆍ᛫⸱●■★☆◆▪◦∘"
#: Letters of other scripts that look like Latin ones, and circles for zero.
_LOOK_ALIKE: Final = {
    ord(other): latin
    for others, latins in (
        ("аеорсхуіјѕһӏԁԛԝ", "aeopcxyijshldqw"),
        ("οανικτρβ", "oavikTpb".lower()),
        ("ɑɡıℓ", "agil"),
        ("○◯⭕〇", "ㅇㅇㅇㅇ"),
    )
    for other, latin in zip(others, latins, strict=True)
}


def _plain_character(char: str) -> str:
    if char in INVISIBLE or char == JOINER or unicodedata.category(char) in ("Mn", "Me"):
        return ""
    char = WIDTHS.get(char, char)
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if char in SPACES or unicodedata.category(char) == "Zs":
        return " "
    if char in _DASHES or unicodedata.category(char) == "Pd":
        return "-" if char != "_" else "_"
    if char in _MIDDLE_DOTS:
        return "·"
    if char in "ⓐⒶ":
        return "@"
    if char in "。｡":
        return "."
    if char in "～〜∼˜":
        return "~"
    if char in "｜│∣￨ǀ":
        return "|"
    if char in "∗✱✳＊⁎":
        return "*"
    if "ㄱ" <= char <= "ㆎ":
        return char
    return unicodedata.normalize("NFKC", char).lower().translate(_LOOK_ALIKE)


def _stretches(text: str) -> list[Stretch]:
    """Where personal data stands in the composed text: ascending, apart from each other."""
    text = unicodedata.normalize("NFC", text)
    plain = text.translate(_TABLE)
    found = sorted({stretch for finder in _FINDERS for stretch in finder(plain)})
    together: list[Stretch] = []
    for begin, end in found:
        if together and begin <= together[-1][1]:
            together[-1] = (together[-1][0], max(end, together[-1][1]))
        else:
            together.append((begin, end))
    if not together or len(plain) == len(text):
        return together
    # Some characters became none or several: find the places in the text.
    places = [place for place, char in enumerate(text) for _ in _TABLE[ord(char)]]
    return [(places[begin], places[end - 1] + 1) for begin, end in together]


# --- Numbers --------------------------------------------------------------------------------

#: Digits and what stands between them: anything but letters.
#: No group is repeated possessively: re of Python 3.11.0 to 3.11.4 matches such wrongly
#: (https://github.com/python/cpython/issues/106052).
_RUN: Final = re.compile(r"[0-9]++(?:[\W_]{1,5}+[0-9]++)*")
#: A longer run is no date and no price.
_LONGEST_HARMLESS: Final = 300
_LEAST_DIGITS: Final = 8

_MONTH: Final = "(?:0?[1-9]|1[0-2])"
_DAY: Final = "(?:0?[1-9]|[12][0-9]|3[01])"
_YEAR: Final = "(?:1[0-9]|20)[0-9]{2}"
_FULL_DAY: Final = "(?:0[1-9]|[12][0-9]|3[01])"
_FULL_MONTH: Final = "(?:0[1-9]|1[0-2])"
_SIX_DIGIT_DATE: Final = rf"[0-9]{{2}}{_FULL_MONTH}{_FULL_DAY}"
_CLOCK: Final = "[0-2][0-9][0-5][0-9](?:[0-5][0-9])?"
#: What dates, times, scores and lists of years are made of; each has its own length.
_MOMENT: Final = "|".join(
    [
        *(rf"(?:{_YEAR}|[0-9]{{2}}){mark}{_MONTH}{mark}{_DAY}\.?" for mark in ("-", r"\.", "/")),
        *(rf"{_DAY}{mark}{_DAY}{mark}(?:19|20)[0-9]{{2}}" for mark in ("-", r"\.", "/")),
        rf"{_YEAR} {_MONTH} {_DAY}",
        rf"(?:19|20)[0-9]{{2}}{_FULL_MONTH}{_FULL_DAY}(?: ?{_CLOCK})?",
        _SIX_DIGIT_DATE,
        rf"{_YEAR}[-./]{_MONTH}",
        _YEAR,
        r"[0-9]{1,3}:[0-9]{1,2}(?::[0-9]{2}(?:\.[0-9]{1,3})?)?",
    ]
)
_BETWEEN: Final = r"(?:[-~,/ |()+;&·]|\)\()"
_MOMENTS: Final = re.compile(
    rf"(?:{_MOMENT})(?:{_BETWEEN}(?:{_MOMENT})){{0,9}}(?:[ ,~][0-9]{{1,2}}){{0,2}}\)?"
)
_DRAWN: Final = "(?:0?[1-9]|[1-3][0-9]|4[0-5])"
_LOTTERY: Final = re.compile(rf"{_DRAWN}([ ,/·.-]){_DRAWN}(?:\1{_DRAWN}){{3,5}}(?:[+ ,]{_DRAWN})?")
_PRICE: Final = r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?"
_PRICES: Final = re.compile(rf"{_PRICE}(?:[-~/ +=|]{_PRICE}|[-~/ +=|][0-9]{{1,3}}(?![0-9,]))*")
#: 3.14159265, 37.5665,126.9780
_DECIMAL: Final = r"-?(?:0|[1-9][0-9]?)\.[0-9]+"
_LONGITUDE: Final = r"-?1[0-8][0-9]\.[0-9]{1,10}"
_DECIMALS: Final = re.compile(
    rf"(?:{_DECIMAL}|{_LONGITUDE}(?=[, ]))(?:[, ~/+*=|-]{{1,2}}(?:{_LONGITUDE}|{_DECIMAL})){{0,12}}"
)
_VERSION_GROUP: Final = "(?:0|[1-9][0-9]{0,4})"
_VERSION: Final = re.compile(rf"[1-9][0-9]{{0,2}}(?:\.{_VERSION_GROUP}){{2,4}}")
#: 3.11.7 3.12.1, and the points of three sets: 25-23 25-20 15-13.
_SHORT_VERSION: Final = r"[1-9]?[0-9](?:\.[0-9]{1,3}){1,3}"
_VERSIONS: Final = re.compile(rf"{_SHORT_VERSION}(?:[ ,/~]{_SHORT_VERSION}){{1,5}}")
_POINTS: Final = re.compile(r"[1-9]?[0-9]-[1-9]?[0-9](?:[ ,/][1-9]?[0-9]-[1-9]?[0-9]){1,6}")
_SERVICE: Final = "(?:1[568][0-9]{2}[-.·~ _]?[0-9]{4}|080[-.)·~ _]?[0-9]{3,4}[-.·~ _]?[0-9]{4})"
_SERVICES: Final = re.compile(rf"(?:0[0-9]{{1,2}}[-.) ])?{_SERVICE}(?:[,/ ~]{_SERVICE}){{0,4}}")
_SPAN_OF_DAYS: Final = re.compile(rf"{_MONTH}([/.]){_DAY}[-~]{_MONTH}\1{_DAY}")
_HARMLESS: Final = (
    _SPAN_OF_DAYS,
    _MOMENTS,
    _LOTTERY,
    _PRICES,
    _DECIMALS,
    _VERSIONS,
    _POINTS,
    _SERVICES,
)
_PRODUCT: Final = re.compile(
    r"([1-9][0-9]{0,8})[*/^]([1-9][0-9]{0,8})|([1-9][0-9]{0,8})\+([1-9][0-9]{0,8})"
)
_SUM: Final = re.compile(r"([0-9]{1,9})([-+*])([0-9]{1,9})=([0-9]{1,12})")
_PI: Final = "31415926535897932384626433832795028841971693993751"
_UNIT: Final = re.compile(
    r" ?(?:원|만|천|백만|억|조|달러|불|엔|위안|유로|won|krw|usd|jpy|명|개|건|회|점|표|위|%|퍼센트|년|"
    r"번째|평|리터|톤|(?:k?m|[ckm]?m|k?g|[kmgt]?hz|[kmgt]?b|bytes?|px|mah|kwh|w|v)(?:/s)?(?![a-z]))"
)
#: What stands before a number that is nobody's.
_TWO_OR_THREE: Final = re.compile("[1-9][0-9]{1,4}(?: [1-9][0-9]{1,4}){1,2}")
_STOCKS: Final = re.compile("0[0-9]{5}(?:[ ,]0[0-9]{5})+")
_SHORT_GROUPS: Final = re.compile("[1-9][0-9]{0,4}(?:[ ,/][1-9][0-9]{0,4}){1,9}")
_PUBLIC_NUMBER: Final = re.compile(
    r"(?:제품 ?번호|상품 ?번호|품번|부품|모델|형번|특허|출원|공고|고시|의안|isbn|issn|pmid|doi|arxiv|cve|"
    r"iso|rfc|kb|포트|port|오류|에러|error|코드|code|버스|노선|로또|당첨 ?번호|종목|주가|주식|버전|version|build|빌드|"
    r"part ?(?:no|number)?|p/n|model)[\W_]{0,3}(?:번호|명|코드|코드번호)?[\W_]{0,3}\Z"
)
_HEXADECIMAL: Final = re.compile(r"0x\Z")
_RESIDENT: Final = re.compile(rf"(?<![0-9]){_SIX_DIGIT_DATE}[\W_]{{0,5}}[0-9]{{7}}(?![0-9])")
_CARD: Final = re.compile(
    r"(?<![0-9])[0-9]{4}(?:[\W_]{0,5}[0-9]{4}){3}(?![0-9])|(?<![0-9])3[47][0-9]{2}[\W_]{0,5}[0-9]{6}[\W_]{0,5}[0-9]{5}(?![0-9])"
)
_BUSINESS: Final = re.compile(r"(?<![0-9])[0-9]{3}[\W_]{1,5}[0-9]{2}[\W_]{1,5}[0-9]{5}(?![0-9])")
_PHONE_HEAD: Final = re.compile(r"(?<![0-9])0(?:1[016789]|2|[3-6][0-9]|70|80)")
#: How many digits a phone number has by what it begins with.
_MOBILE_DIGITS: Final = 10
_CITY_DIGITS: Final = 9


def _numbers(plain: str) -> Iterator[Stretch]:
    text = _without_known_addresses(plain)
    for run in _RUN.finditer(text):
        length = run.end() - run.start()
        if length < _LEAST_DIGITS or (
            length <= _LONGEST_HARMLESS and _is_harmless(text, run.start(), run.end())
        ):
            continue
        if sum(map(str.isdigit, run[0])) >= _LEAST_DIGITS:
            yield run.span()


def _canonical(run: str) -> str:
    """Without spaces beside a mark, and a mark that stands twice once."""
    return re.sub(r" *([^\w ]|_)\1* *", r"\1", re.sub(" +", " ", run))


def _is_harmless(text: str, begin: int, end: int) -> bool:
    """Whether a run of eight digits and more is a date, a price or the like."""
    run = _canonical(text[begin:end])
    digits = re.sub(r"[^0-9]", "", run)
    if any(pattern.fullmatch(run) for pattern in _HARMLESS):
        return True
    before = text[max(0, begin - 24) : begin]
    if (
        _is_book(run, digits, f"{before}{run}{text[end : end + 2]}")
        or _is_version(run, before)
        or _is_well_known(run)
    ):
        return True
    if _RESIDENT.search(run) or _CARD.search(run) or _BUSINESS.search(run):
        return False
    rests = list(_without_a_year(text, begin, end))
    if any(_digits(text, *rest) >= _LEAST_DIGITS and _is_harmless(text, *rest) for rest in rests):
        return True
    if _is_phone(run):
        return False
    # A year beside something short; a smaller number could be part of it.
    if any(
        _digits(text, *rest) < _LEAST_DIGITS and len(digits) - _digits(text, *rest) == 4
        for rest in rests
    ):
        return True
    if _is_counting(run) or _is_sum(run) or _HEXADECIMAL.search(before):
        return True
    if _STOCKS.fullmatch(run) or _is_beside_a_model(text, begin, end):
        return True
    short = len(digits) <= 12 or _SHORT_GROUPS.fullmatch(run)
    if short and digits[0] != "0" and _PUBLIC_NUMBER.search(before):
        return True
    unit = _UNIT.match(text, end)
    return (
        run.isdigit()
        and len(run) <= 12
        and run[0] != "0"
        and (unit is not None or before.endswith(("$", "₩", "￦", "¥", "€")))
    )


def _is_beside_a_model(text: str, begin: int, end: int) -> bool:
    """i5 12400 13400, 530 990 2002r: one number belongs to the word that it touches."""
    whole = begin, end
    if re.match("[a-z]", text[begin - 1 : begin] or " "):
        first = re.compile("[1-9][0-9]{0,3}(?:-[0-9]{1,4})? ").match(text, begin, end)
        begin = first.end() if first else begin
    if re.match("[a-z]", text[end:]):
        last = re.search(" [1-9][0-9]{0,3}$", text[begin:end])
        end = begin + last.start() if last else end
    if (begin, end) == whole:
        return False
    rest = text[begin:end]
    is_short = len(re.sub("[^0-9]", "", rest)) < _LEAST_DIGITS
    return is_short or bool(_TWO_OR_THREE.fullmatch(rest)) or _is_harmless(text, begin, end)


def _is_book(run: str, digits: str, around: str) -> bool:
    """An ISBN, by its form or check digit; ten digits could be anything: they need their hyphens.

    Args:
        run: as it stands.
        digits: of it.
        around: the run with what is before it, and two characters after it.
    """
    numbers = [int(digit) for digit in digits]
    before, _, after = around.partition(run)
    if re.fullmatch("97[89](?:-[0-9]{1,7}){3}-[0-9]", run) or before.rstrip(" :-").endswith("isbn"):
        return True
    if len(digits) == 13 and digits.startswith(("97889", "97911")):  # Korea's
        return True
    if len(digits) == 13 and re.fullmatch(r"97[89]([- ]?)[0-9]+(?:\1[0-9]+){0,3}", run):
        return sum(n * (3 if place % 2 else 1) for place, n in enumerate(numbers)) % 10 == 0
    if len(digits) == 9 and re.match("-?x(?![a-z0-9])", after):
        numbers.append(10)
    if len(numbers) == 10 and re.fullmatch("[0-9]+(?:-[0-9]+){2,3}", run):
        return sum(n * (10 - place) for place, n in enumerate(numbers)) % 11 == 0
    return False


def _is_version(run: str, before: str) -> bool:
    """10.0.19045.3803; three groups could be an account's unless one of them is zero."""
    if not _VERSION.fullmatch(run):
        return False
    groups = re.split(r"[.+-]", run)
    named = re.search(r"(?:버전|version|ver\.?|build|빌드|\bv) ?\Z", before)
    return "0" in groups or (len(groups[0]) <= 2 and max(map(len, groups)) <= 3) or bool(named)


def _is_well_known(run: str) -> bool:
    """One digit again and again, π, a round number, a power of two (or one less)."""
    if not run.isdigit() or len(run) > len(_PI):
        return False
    if _PI.startswith(run):
        return True
    if len(run) > 10:
        return bool(re.fullmatch("[1-9][0-9]{0,2}0{6,9}", run))
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(run)}
    number = int(run)
    return (
        steps == {0}
        or bool(re.fullmatch("[1-9][0-9]*0{4,}", run))
        or (run[0] != "0" and (number & (number - 1) == 0 or number & (number + 1) == 0))
    )


def _digits(text: str, begin: int, end: int) -> int:
    return sum(map(str.isdigit, text[begin:end]))


def _without_a_year(text: str, begin: int, end: int) -> Iterator[Stretch]:
    """The run without a year, before or after it, or a number of one or two digits after it."""
    first = re.compile("(?:19|20)[0-9]{2} (?=[0-9])").match(text, begin, end)
    if first is not None:
        yield first.end(), end
    last = re.search("[0-9]( (?:(?:19|20)[0-9]{2}|[1-9][0-9]?))$", text[begin:end])
    if last is not None:
        yield begin, begin + last.start(1)


def _is_phone(run: str) -> bool:
    """Whether part of a run has the form of a phone number."""
    for head in _PHONE_HEAD.finditer(run):
        digits = re.sub("[^0-9]", "", run[head.start() : head.start() + 40])
        if len(digits) >= (_CITY_DIGITS if digits[1] == "2" else _MOBILE_DIGITS):
            return True
    return False


def _is_counting(run: str) -> bool:
    """Numbers in order (1 2 3 5 8), or round ones beside each other: 4060 4070, 1920*1080."""
    groups = re.split(r"[^0-9]+", run)
    if len(groups) < 2 or any(group[0] == "0" and len(group) > 1 for group in groups):
        return False
    values = [int(group) for group in groups]
    small = len(groups) >= 3 and max(map(len, groups)) <= 3
    in_order = values in (sorted(values), sorted(values, reverse=True))
    round_ones = min(map(len, groups)) >= 3 and max(map(len, groups)) <= 5
    even = all(group[-1] == "0" or int(group).bit_count() == 1 for group in groups)
    return (small and in_order) or (round_ones and even)


def _is_sum(run: str) -> bool:
    """A calculation of two numbers, right if it has a result."""
    if found := _SUM.fullmatch(run):
        a, b, result = int(found[1]), int(found[3]), int(found[4])
        return result == {"+": a + b, "-": a - b, "*": a * b}[found[2]]
    return _PRODUCT.fullmatch(run) is not None


# --- Numbers in words, and with letters for digits ------------------------------------------

_WORDS: Final = {
    "0": "공 영 빵 제로 零 rhd dud zero",
    "1": "일 하나 一 壹 dlf one",
    "2": "이 둘 二 貳 dl two",
    "3": "삼 셋 三 參 tka three",
    "4": "사 넷 四 tk four",
    "5": "오 다섯 五 dh five",
    "6": "육 륙 여섯 六 dbr fbr six",
    "7": "칠 일곱 七 clf seven",
    "8": "팔 여덟 八 vkf eight",
    "9": "구 아홉 九 rn nine",
}
_DIGIT_OF: Final = {word: digit for digit, words in _WORDS.items() for word in words.split()} | {
    **{"o": "0", "ㅇ": "0", "l": "1", "i": "1", "ㅣ": "1"},
    **{str(digit): str(digit) for digit in range(10)},
}
_WORD: Final = "|".join(
    sorted((w for w in _DIGIT_OF if len(w) > 1 or w > "z"), key=len, reverse=True)
)
_LATIN_WORD: Final = "|".join(
    sorted((w for w in _DIGIT_OF if w.isascii() and len(w) > 1), key=len, reverse=True)
)
_HANGUL_WORD: Final = "|".join(
    sorted((w for w in _DIGIT_OF if not w.isascii()), key=len, reverse=True)
)
#: Digits in words, with letters and in figures, with what people put between them.
_PIECE: Final = (
    rf"(?:(?<![a-z0-9])[0-9oli]++(?![a-z])|(?:{_HANGUL_WORD})+"
    rf"|(?<![a-z0-9])(?:{_LATIN_WORD}|dp|[0-9])+(?![a-z0-9]))"
)
_GAP: Final = r"[\W_]{0,5}+(?:(?:에|다시|대시|하이픈|dp)[\W_]{0,3}+)?"
_SPOKEN_RUN: Final = re.compile(rf"{_PIECE}(?:{_GAP}{_PIECE})*")
_SPOKEN: Final = re.compile(
    rf"{_LATIN_WORD}|{_HANGUL_WORD}|[0-9oli]|(?:[\W_]|에|다시|대시|하이픈|dp)+"
)
_REAL_WORD: Final = re.compile("(?<![a-z0-9])(?:oil|lol|ill|lil|lo|li|il|io|ii|iii)(?![a-z0-9])")
_LETTERS: Final = frozenset("oliㅇㅣ")
#: So many digits in words, one after the other, are no sentence.
_LEAST_SPOKEN: Final = 10
_LEAST_FIGURES: Final = 4


def _spoken_numbers(plain: str) -> Iterator[Stretch]:
    for found in _SPOKEN_RUN.finditer(plain):
        if found.end() - found.start() < _LEAST_DIGITS or found[0].isdigit():
            continue
        pieces = _SPOKEN.findall(found[0])
        run = "".join(_DIGIT_OF.get(piece, "-") for piece in pieces).strip("-")
        words = [piece for piece in pieces if piece in _DIGIT_OF and not piece.isdigit()]
        if not words and run.replace("-", "").isdigit() and not re.search("[에다대하d]", found[0]):
            continue  # figures alone: a number like any other
        figures = sum(piece.isdigit() for piece in pieces)
        if _LETTERS.issuperset(words) and (figures < _LEAST_FIGURES or _REAL_WORD.search(found[0])):
            continue
        pieces = _without_ends(pieces)
        spelled = "".join(_spelled(piece) for piece in pieces)
        digits = spelled.replace("-", "")
        is_plain = not digits and not _LETTERS.intersection(words)
        if words and is_plain and not re.search("에|다시|대시|하이픈|dp", found[0]):
            continue  # 이 and 사 around a number are words: the number is one like any other
        if _is_spoken_number(run) or (
            len(digits) >= _LEAST_SPOKEN and not _is_recited(digits, spelled)
        ):
            yield found.span()


def _spelled(piece: str) -> str:
    is_word = piece in _DIGIT_OF and not piece.isdigit() and piece not in _LETTERS
    return _DIGIT_OF[piece] if is_word else "-"


def _without_ends(pieces: list[str]) -> list[str]:
    """Without words that stand alone before and after the others."""
    if len(pieces) > 2 and _spelled(pieces[0]) != "-" and pieces[1] not in _DIGIT_OF:
        pieces = pieces[2:]
    if len(pieces) > 2 and _spelled(pieces[-1]) != "-" and pieces[-2] not in _DIGIT_OF:
        pieces = pieces[:-2]
    return pieces


def _is_spoken_number(run: str) -> bool:
    for head in re.finditer(r"(?<![0-9])0-?(?:1-?[016789]|2|[3-6]-?[0-9]|7-?0)", run):
        digits = re.sub("[^0-9]", "", run[head.start() : head.start() + 60])
        if len(digits) >= (_CITY_DIGITS if digits[1] == "2" else _MOBILE_DIGITS):
            return True
    return bool(_RESIDENT.search(run) or _CARD.search(run))


def _is_recited(digits: str, spelled: str) -> bool:
    """Counted up or down, or a list of days such as 삼일오 사일구."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return steps in ({0}, {1}, {9}) or max(map(len, spelled.split("-"))) <= 3


# --- What is masked already -----------------------------------------------------------------

_HIDDEN: Final = "[*x#?ㅇ·]"
_MASKED_NUMBERS: Final = (
    (re.compile(rf"(?<![0-9]){_SIX_DIGIT_DATE}[-.~_ /]{{0,3}}(?:[0-9]{{1,4}} ?(?:{_HIDDEN} ?){{3,6}}|(?:{_HIDDEN} ?){{6,7}})"), 6),
    (re.compile(rf"(?<![0-9])01[016789][-.~_ /]{{0,3}}(?:[0-9]|{_HIDDEN}){{3,4}}[-.~_ /]{{0,3}}(?:[0-9]|{_HIDDEN}){{4}}"), 7),
    (re.compile(rf"(?<![0-9])[0-9]{{4}}(?:[-.~_ /]?(?:[0-9]|{_HIDDEN}){{4}}){{3}}"), 8),
)  # fmt: skip


def _masked_numbers(plain: str) -> Iterator[Stretch]:
    for pattern, least in _MASKED_NUMBERS:
        for found in pattern.finditer(plain):
            figures = sum(map(str.isdigit, found[0]))
            if figures >= least and re.search(_HIDDEN, found[0]):
                yield found.span()


# --- Addresses of machines ------------------------------------------------------------------

_DOT: Final = r" ?(?:\[\.\]|\(\.\)|\.|점|닷|\(dot\)|\[dot\]| dot ) ?"
_IPV4: Final = re.compile(
    rf"(?<![0-9.])([0-9]{{1,3}}){_DOT}([0-9]{{1,3}}){_DOT}([0-9]{{1,3}}){_DOT}([0-9]{{1,3}})(?![0-9]|\.[0-9])"
    r"|(?<![0-9,-])([12][0-9]{2})([,-])([0-9]{1,3})\6([0-9]{1,3})\6([0-9]{1,3})(?![0-9,-])"
)
_AFTER_IPV4: Final = re.compile(r"(?::[0-9]{1,5}|/[0-9]{1,2})?(?![0-9])")
#: Name servers that everybody may use, and networks that everybody has.
_KNOWN_ADDRESSES: Final = frozenset(
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 168.126.63.1 168.126.63.2 164.124.101.2 203.248.252.2 "
    "210.220.163.82 219.250.36.130 208.67.222.222 208.67.220.220 94.140.14.14 "
    "2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001".split()
)
_OWN_NETWORKS: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
    )
)
_IPV6: Final = re.compile(r"(?<![0-9a-z:])[0-9a-f:]{3,39}+(?![a-z])")
_GLOBAL_IPV6: Final = ipaddress.ip_network("2000::/3")
_MAC: Final = re.compile(
    r"(?<![0-9a-z])[0-9a-f]{2}([-:._ ])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![0-9a-z])"
    r"|(?<![0-9a-z])[0-9a-f]{4}([.:-])[0-9a-f]{4}\2[0-9a-f]{4}(?![0-9a-z])"
    r"|(?:mac|맥 ?주소)[\W_]{0,3}[0-9a-f]{12}(?![0-9a-z])"
)
_UUID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])")
#: A version such as 2.15.5.3 has as many digits.
_LEAST_IPV4_DIGITS: Final = 6


def _ipv4_addresses(plain: str) -> Iterator[tuple[Stretch, ipaddress.IPv4Address]]:
    for found in _IPV4.finditer(plain):
        groups = [group for group in found.groups() if group and group.isdigit()]
        if all(int(group) <= 255 for group in groups):
            yield found.span(), ipaddress.IPv4Address(".".join(str(int(group)) for group in groups))


def _is_own(address: ipaddress.IPv4Address) -> bool:
    return str(address) in _KNOWN_ADDRESSES or any(address in each for each in _OWN_NETWORKS)


def _without_known_addresses(plain: str) -> str:
    """The text with spaces in place of addresses that are nobody's, so that no number remains."""
    if plain.count(".") < 3:
        return plain
    for (begin, end), address in _ipv4_addresses(plain):
        if _is_own(address):
            after = _AFTER_IPV4.match(plain, end)
            last = after.end() if after else end
            plain = plain[:begin] + "\n" * (last - begin) + plain[last:]
    return plain


def _machine_addresses(plain: str) -> Iterator[Stretch]:
    for (begin, end), address in _ipv4_addresses(plain):
        digits = sum(map(str.isdigit, plain[begin:end]))
        named = re.search(r"ip|아이피|주소|접속", plain)
        version = re.search(r"(?:버전|version|ver\.?|\bv) ?\Z", plain[max(0, begin - 12) : begin])
        if not _is_own(address) and (digits >= _LEAST_IPV4_DIGITS or named) and not version:
            yield begin, end
    for found in _IPV6.finditer(plain) if plain.count(":") > 1 else ():
        try:
            number = ipaddress.IPv6Address(re.sub("^:(?!:)|(?<!:):$", "", found[0]))
        except ValueError:
            continue
        if str(number) not in _KNOWN_ADDRESSES and (
            number in _GLOBAL_IPV6 or (number.is_link_local and len(found[0]) > 12)
        ):
            yield found.span()
    for found in _MAC.finditer(plain):
        pairs = re.findall("[0-9a-f]{2}", found[0])
        letters = any(char in "abcdef" for char in found[0])
        if not letters and (_LOTTERY.fullmatch(found[0]) or found[1] in (" ", ".")):
            continue
        if len(set(pairs)) > 1:
            yield found.span()
    yield from (found.span() for found in _UUID.finditer(plain))


# --- Addresses on the web -------------------------------------------------------------------

_SECRET_NAME: Final = (
    r"(?:[a-z]+[_-])?(?:token|session|sessionid|sid|ssid|auth|authkey|key|apikey|code|otp|pw|pwd|passwd|password|"
    r"user|userid|username|uid|uuid|member|memberid|mid|id|login|email|mail|phone|tel|mobile|account|"
    r"acct|ticket|sig|signature|state|hash|invite|secret|csrf|jwt|credential|jsessionid|phpsessid|"
    r"sessid|aspsessionid|name|ssn|birth|cardno|cust|customer|client|clientid)(?:[_-]?(?:id|key|no|num|token))?"
)
_PARAMETER: Final = re.compile(
    rf"[?&;#]({_SECRET_NAME}=[^&#\s]{{3,}}|(?!(?:q|query|search|keyword|keywords|wd|word|text|title|url|utm_[a-z]+)=)[\w.\-\[\]%]{{1,40}}=[!-%\'-~]{{16,}})"
)
_USERINFO: Final = re.compile(r"[a-z][a-z0-9+]{1,9}://[^\s/@:]{1,100}(?::[^\s/@]{0,200})?@[^\s/]+")
_BEARER: Final = re.compile(
    r"eyj[\w-]{8,}+(?:\.[\w-]++)*|(?<![a-z])(?:sk|pk|ghp|gho|xox[bp]|glpat)[-_][\w-]{16,}|akia[0-9a-z]{16}"
)
_LONG_NAME: Final = re.compile(r"(?<=[/=])(?=[\w-]*[0-9])(?=[0-9_-]*[a-z])[a-z0-9_-]{20,}")
_ON_THE_WEB: Final = re.compile(r"[^\s]{0,2000}")


def _web_secrets(plain: str) -> Iterator[Stretch]:
    if "=" in plain or "://" in plain:
        for pattern in (_PARAMETER, _USERINFO):
            yield from (found.span() for found in pattern.finditer(plain))
    if "/" in plain:
        yield from (f.span() for f in _LONG_NAME.finditer(plain) if f[0].count("-") < 4)
    yield from (found.span() for found in _BEARER.finditer(plain))


# --- E-mail ---------------------------------------------------------------------------------

_TOP: Final = (
    "(?:com|net|org|kr|co|ac|go|or|re|pe|io|me|edu|gov|info|biz|jp|cn|us|uk|de|fr|eu|tv|cc|dev|app|"
    "xyz|컴|넷|한국|채ㅡ|ㅏㄱ|ㅜㄷㅅ)"
)
_PROVIDER: Final = (
    "(?:naver|gmail|daum|hanmail|nate|kakao|yahoo|hotmail|outlook|icloud|proton|protonmail|korea|"
    "dreamwiz|empal|qq|163|live|msn|aol|네이버|지메일|다음|한메일|네이트|카카오|야후|핫메일|아웃룩|아이클라우드|"
    "ㅜㅁㅍㄷㄱ|ㅎㅡ먀ㅣ)"
)
_POINT: Final = r" ?(?:[.]|\[\.\]|\(\.\)|[\[({]dot[\])}]|(?<= )dot(?= )|닷|점|쩜) ?"
_MAILBOX: Final = r"(?<![\w.%+-])[\w.%+-]{1,64}+"
_LABEL: Final = r"[\w-]{1,63}+"
_AT: Final = r" ?(?:@+|[\[({<「]{1,2} ?(?:at|a|@|앳|엣|골뱅이) ?[\])}>」]{1,2}) ?"
_SPELLED_AT: Final = r" ?(?:골뱅이|앳|엣) ?"
_HOST: Final = rf"{_LABEL}(?:{_POINT}{_LABEL}){{1,8}}"
_COMMA_HOST: Final = rf"{_LABEL}(?: ?[,·] ?{_TOP}(?![a-z0-9])){{1,3}}"
_TAIL: Final = rf"(?:(?:{_POINT}| ?[,·] ?){_TOP}(?![a-z])){{0,3}}"
_TOP_NAME: Final = rf"(?:{_POINT}| ?[,·] ?){_TOP}(?![a-z])"
_MAIL: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_MAILBOX}{_AT}(?:{_HOST}|{_COMMA_HOST}|{_PROVIDER}(?![a-z]){_TAIL}|{_PROVIDER}{_TOP_NAME})",
        # h o n g @ n a v e r . c o m
        r"(?<![\w.])(?:[\w.-] ){2,40}[\w.-]? ?@ ?[a-z0-9.-](?: [a-z0-9.-]){4,60}(?![a-z0-9])",
        # Of those who spell it out the mailbox is Latin, or the ending is spelled as well.
        rf"(?<![a-z0-9._-])[a-z0-9._-]{{2,64}}+{_SPELLED_AT}(?:{_PROVIDER}(?![a-z]){_TAIL}|{_LABEL}{_TOP_NAME}{_TAIL}|{_PROVIDER}{_TOP_NAME}{_TAIL})",
            rf"(?<!\w)\w{{2,30}}?{_SPELLED_AT}{_PROVIDER}{_TOP_NAME}{_TAIL}",
        rf"(?<!\w)\w{{2,30}}?(?:골뱅이|앳|엣){_PROVIDER}(?!\w)",
        rf"(?<![a-z0-9._-])[a-z0-9.]{{2,64}}+ ?(?:[#&*^!~$%]|[-_]at[-_]) ?{_PROVIDER}{_TOP_NAME}{_TAIL}",
        rf"(?<![a-z0-9._-])[a-z0-9._-]{{2,64}} at (?:{_PROVIDER}{_TOP_NAME}{_TAIL}|(?:gmail|hanmail|hotmail|outlook|icloud)(?![a-z])|[a-z0-9-]{{2,40}}(?: dot [a-z]{{2,10}}){{1,3}})",
        rf"(?<![a-z0-9._-])(?=[a-z._-]*[0-9._-])[a-z0-9._-]{{2,64}} at (?:{_PROVIDER}(?![a-z]){_TAIL}|[a-z0-9-]{{2,40}}\.[a-z.]{{2,12}})",
    )
)  # fmt: skip


def _mail_addresses(plain: str) -> Iterator[Stretch]:
    for pattern in _MAIL:
        yield from (found.span() for found in pattern.finditer(plain))


# --- Passports and plates -------------------------------------------------------------------

_PASSPORT: Final = re.compile(
    r"(?<![a-z0-9])(?!kb|no)(?:[a-z]{1,2}[ -]?[0-9]{7,8}|[msrodg][ -]?[0-9]{3}[a-z][0-9]{4})(?![a-z0-9])"
    r"|(?:여권|passport)[^0-9a-z]{0,12}[a-z]{0,2}[0-9]{7,9}(?![0-9])"
)
_REGION: Final = (
    "(?:서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주)"
)
_PLATE_LETTER: Final = (
    "[가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주허하호바사아자배국합육해공]"
)
_PLATE_GAP: Final = r"[\W_]{0,3}"
_NO_UNIT: Final = r"(?![0-9]|[,.][0-9]| ?(?:원|년|억|만|천|명|개|회|평|대|장|kg|km|m\b|월|일))"
_PLATE: Final = re.compile(
    rf"(?:{_REGION}{_PLATE_GAP}(?<![0-9])[0-9]{{1,3}}|(?<![0-9.,])[0-9]{{2,3}})(?P<first>{_PLATE_GAP})"
    rf"(?P<letter>{_PLATE_LETTER})(?P<second>{_PLATE_GAP})(?P<number>[0-9]{{4}}){_NO_UNIT}"
)
_MOTORCYCLE: Final = re.compile(
    rf"{_REGION} ?[가-힣]{{2,3}} ?[가나다라마바사아자차카타파하] ?(?!(?:19|20)[0-9]{{2}})[0-9]{{4}}{_NO_UNIT}"
)
#: 12조 3456, 30도 1234, 제7호 2345 are more often something else than a plate.
_COUNTED: Final = frozenset("조도부호구주수")
_CAR: Final = re.compile(r"차|번호판|렌트|택시|뺑소니|견인|주차|보험|사고|과태료|plate")


def _documents(plain: str) -> Iterator[Stretch]:
    yield from (found.span() for found in _PASSPORT.finditer(plain))
    yield from (found.span() for found in _MOTORCYCLE.finditer(plain))
    for found in _PLATE.finditer(plain):
        alone = found[0] == plain.strip() and found["number"][2:] != "00"
        together = not (found["first"] or found["second"])
        certain = found[0][0] > "9" or _CAR.search(plain) or together or alone
        number = found["number"]
        is_year = number[:2] in ("19", "20")
        if (certain and not (found["letter"] in _COUNTED and is_year and found[0][0] <= "9")) or (
            found["letter"] not in _COUNTED and not is_year and number[2:] != "00"
        ):
            yield found.span()


# --- Names with addresses -------------------------------------------------------------------

_HOUSE: Final = r"(?:지하 ?)?[0-9]{1,4}(?:-[0-9]{1,4})?"
_NO_MORE: Final = r"(?![0-9]|[.,:][0-9]|%)"
_STREET: Final = r"(?<![가-힣0-9])[가-힣][가-힣0-9]{0,9}(?:로|길)"
_FLAT: Final = r"(?:[0-9]{1,4} ?동 ?)?(?:지하 ?|b ?|비)?[0-9]{1,4} ?(?:호|층)(?!선|기|차|실)"
_ALWAYS_ADDRESS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"[가-힣]{{1,10}}(?:로|길) ?[0-9]{{1,4}} ?(?:번|[가-하])?길 ?{_HOUSE}{_NO_MORE}(?: ?,? ?{_FLAT})?",
        r"(?<![0-9])[0-9]{1,4} ?동 ?[0-9]{1,4} ?호(?!선|기|차)",
        r"[가-힣]{1,6}(?:동|리|읍|면|가) ?(?:산 ?)?[0-9]{1,4}(?:-[0-9]{1,4})? ?번지(?!점프)",
        rf"{_STREET} ?{_HOUSE}(?:번지)?[ ,(]{{1,2}}(?:[가-힣]{{2,8}}[ ,)]{{1,2}})?(?:{_FLAT}|지하(?!철|상가|도))",
        rf"(?<![가-힣])[가-힣]{{1,4}}(?:시|군|구|읍|면|동) {_STREET.replace('(?<![가-힣0-9])', '')} ?{_HOUSE}{_NO_MORE}(?!가)",
        r"(?:아파트|빌라|오피스텔|맨션|연립|빌딩) ?(?!(?:19|20)[0-9]{2}-)[0-9]{2,4}-[0-9]{3,4}(?![0-9])",
        r"(?<![가-힣])[가-힣]{1,4}(?:시|군|구|읍|면) [가-힣]{1,5}(?:동|리|가) (?:산 ?)?[0-9]{1,4}-[0-9]{1,4}(?![0-9])",
        r"(?<![a-z])(?:[a-z]{2,20} ){2}[0-9]{1,5}[a-z]? (?:[a-z]{2,20} ){1,3}(?:street|st|road|rd|avenue|ave|boulevard|blvd|lane|ln|drive)(?![a-z])",
    )
)  # fmt: skip
_ADDRESS_OF_SOMEBODY: Final = re.compile(
    rf"{_STREET} ?{_HOUSE}{_NO_MORE}(?!가|번 ?출구|호선|번 ?버스|코스|년|월|일|세대|인치|개|명|위|권|편|회|단계|km|kg|gb)"
    r"|(?<![가-힣])[가-힣]{1,5}(?:동|리|가) ?(?:산 ?)?[0-9]{1,4}-[0-9]{1,4}(?![0-9])"
    r"|(?<![가-힣])[가-힣]{1,4}(?:시|군|구|읍|면) [가-힣]{1,5}(?:동|리) [0-9]{1,4}(?![0-9])"
)
_SURNAME: Final = "[김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진나지엄채원천방공현함변염여추도소석선설마길연위표명기반라왕금옥육인맹제모탁국어은편용봉부빈사복태목형피두감음]"
_NAME: Final = re.compile(
    rf"(?<![가-힣])(?:{_SURNAME}[가-힣]{{2}}|(?:남궁|황보|제갈|사공|선우|서문|독고)[가-힣]{{1,2}})(?:씨|님|네|집)?(?![가-힣])"
)
_NOT_A_NAME_END: Final = ("시", "군", "구", "읍", "면", "동", "역", "로", "길", "점", "장", "소")
_NO_NAMES: Final = frozenset(
    "이태원 유치원 도서관 고시원 지하철 경기도 강원도 제주도 전라도 부동산 편의점 지하층 홈플러 이마트 "
    "하나로 신세계 이디야 공차점 문화원 정형외 한의원 고깃집 국밥집 선생님 사무실 사진관 오피스 노래방 "
    "피시방 성형외 안과의 한정식 국수집 서브웨 은행앞 우체국 경찰서 소방서 보건소 세무서 주민센 "
    "한식당 양식당 음식점 인테리 마트점 프로그 기본형 고급형 공기계 중고폰 신제품 최저가 최신형 "
    "시리즈 이벤트 이미지 이모티 이어폰 이용권 이동식 최신판 공연장 주말농 안내도 현대차 기아차 드라이 버스표 지도앱 주소지".split()
)


def _home_addresses(plain: str) -> Iterator[Stretch]:
    for pattern in _ALWAYS_ADDRESS:
        yield from (found.span() for found in pattern.finditer(plain))
    for found in _ADDRESS_OF_SOMEBODY.finditer(plain):
        street = re.split(r"[0-9 ]", found[0])[0]
        if street.endswith(("프로", "제로", "히어로", "유로", "마이크로")):
            continue
        rest = plain[: found.start()] + " \n" + plain[found.end() :]
        for name in _NAME.finditer(rest):
            is_place = name[0].endswith(_NOT_A_NAME_END) and not name[0].endswith("길동")
            if not is_place and name[0] not in _NO_NAMES:
                yield found.span()
                yield from (each.span() for each in re.finditer(re.escape(name[0]), plain))
                break


_FINDERS: Final[tuple[Callable[[str], Iterator[Stretch]], ...]] = (
    _numbers,
    _spoken_numbers,
    _masked_numbers,
    _machine_addresses,
    _web_secrets,
    _mail_addresses,
    _documents,
    _home_addresses,
)

# --- The first look -------------------------------------------------------------------------

_SPOKEN_CHARACTERS: Final = "".join(
    sorted({char for word in _DIGIT_OF if not word.isascii() for char in word})
)
_NO_WORD: Final = "[^가-힣a-zA-Z0-9]*"
#: Whatever a finder finds has one of these. The first is any character that is not plain
#: already, so that the others need not know its forms.
_SUSPICIOUS: Final = "|".join(
    [
        r"[^ -~가-힣ㄱ-ㅎㅏ-ㅠㅢ一-鿿぀-ヺÀ-ɏ]",
        r"(?:[0-9][^0-9]*){5}",
        r"@|골뱅이|앳|엣|[#&*^!~$%] ?(?i:naver|gmail|daum|hanmail|nate|kakao|yahoo|hotmail|outlook)|[\[({<] ?(?:[aA][tT]?) ?[\])}>]|[^a-zA-Z][aA][tT][^a-zA-Z]",
        r"[0-9] ?(?:동|호|번지|번?[가-하]?길)|(?:[로길동리가읍면]|아파트|빌라|오피스텔|맨션|연립|빌딩) ?(?:산 ?|지하 ?)?[0-9]",
        rf"{_REGION}.{{0,8}}[0-9]{{4}}",
        r"[0-9a-fA-F]:[0-9a-fA-F]*:|::|(?:[0-9a-fA-F]{2}[-:._ ]){5}|[0-9a-fA-F]{4}[.:-][0-9a-fA-F]{4}[.:-]",
        r"(?:[mM][aA][cC]|맥 ?주소).?.?.?[0-9a-fA-F]{12}",
        r"[?&;#][^=\s]*=|://|[eE][yY][jJ]|[aA][kK][iI][aA]|/[^\s]{20}",
        r"(?:[sSpP][kK]|[gG][hH][pPoO]|[xX][oO][xX][bBpP]|[gG][lL][pP][aA][tT])[-_][^\s]{16}",
        rf"(?:[{_SPOKEN_CHARACTERS}0-9oliOLI]{_NO_WORD}(?:(?:에|다시|대시|하이픈){_NO_WORD})?){{8}}",
        rf"(?i)(?:(?:{_LATIN_WORD}|[0-9]){_NO_WORD}(?:dp{_NO_WORD})?){{8}}",
        r"[0-9][a-z]? .*(?i:street|st|road|rd|avenue|ave|boulevard|blvd|lane|ln|drive)",
    ]
)
