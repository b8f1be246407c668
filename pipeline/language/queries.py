"""A query as people mean it (normalised), as they see it (surface), and without its spelling.

On columns of texts. Most queries are plain: they are told by one look of Polars' regular
expressions, and only the others, each different one once, are mended in Python.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import polars_hash  # noqa: F401  # gives expressions `nchash`
import pyarrow as pa
import regex

from silgeom.text import (
    BIDI_CONTROLS,
    BYTE_ORDER_MARK,
    CONTROLS,
    SPACES,
    normalized_query,
)

#: Characters that mending leaves as they are, alone or beside each other: CJK ideographs to Hangul
#: syllables, printable ASCII, compatibility jamo without the filler, Latin letters with marks,
#: kana.
_ONLY_PLAIN: Final = r"\A[一-힣 -~ㄱ-ㅣÀ-ɏぁ-ゖァ-ヺ]*\z"
_LAUGHS: Final = ["ㅋㅋㅋ", "ㅎㅎㅎ", "ㅠㅠㅠ", "ㅜㅜㅜ"]
_QUIET: Final = (
    "一-힣!-~ㄱ-ㅊㅌㅍㅏ-ㅛㅝ-ㅟㅡ-ㅣÀ-ɏぁ-ゖァ-ヺ"  #: plain, no space and none of these four
)
#: Nothing is to be done, told in one look: single spaces between, and nobody laughs or cries.
_TIDY: Final = rf"\A(?:[{_QUIET}]+(?: [{_QUIET}]+)*)?\z"

#: The seed of Spark's xxhash64: ids are the same in Spark, in DuckDB and here.
_SEED: Final = 42

_SHOWN: Final = str.maketrans(
    dict.fromkeys(SPACES, " ") | dict.fromkeys(CONTROLS + BIDI_CONTROLS + BYTE_ORDER_MARK, "")
)

#: An ending, with what it begins at, is at most so many characters: longer ones hardly end two
#: queries.
MAX_ENDING: Final = 40

_WORD: Final = r"\p{L}\p{M}\p{N}"
#: Most letters of what is typed here.
_LETTERS: Final = "가-힣a-zㄱ-ㅣ一-鿿ß-öø-ɏぁ-ゖァ-ヺ"
_HAS_WORD: Final = regex.compile(rf"(?V1)[[{_WORD}]--[ㆍ]]")
_WITHOUT_SPELLING: Final = [
    (regex.compile(pattern), by)
    for pattern, by in [
        (r"(?<=\p{Nd}),(?=\p{Nd}{3}(?!\p{Nd}))", ""),  # of thousands
        (rf"(?<=\p{{Nd}})[^{_WORD}]*\+[^{_WORD}]*(?=\p{{Nd}})", "+"),
        (rf"(?<=\p{{Nd}})[^{_WORD}+#]+(?=\p{{Nd}})", "."),
        (
            rf"[^{_WORD}+#.]"
            rf"|(?<![{_WORD}][+#]{{0,2}})[+#]"
            r"|\.(?!(?<=\p{Nd}\.)\p{Nd}|(?<=(?:^| )\.)[a-z])",
            "",
        ),
    ]
]


def odd_places(queries: pl.Series) -> pl.Series:
    """Where queries stand that may have to be mended: few rows, in logs that people typed."""
    return (~queries.str.contains(_TIDY)).arg_true()


def normalized(queries: pl.Series, odd: pl.Series | None = None) -> pl.Series:
    """Queries by which equal queries are equal: string to string, null to null. Idempotent.

    Widths made normal (full-width ASCII, half-width katakana and jamo), white space of every kind
    a single space and none at the ends, what is invisible removed (but the joiners inside emoji),
    lower case, decomposed Hangul and Latin composed (NFC; macOS sends NFD), conjoining jamo that
    stand alone as compatibility jamo, and runs of three and more of ㅋ ㅎ ㅠ ㅜ cut to two unless
    the query is consonants alone: those may be initials. Punctuation stays.

    Args:
        queries: as typed.
        odd: their `odd_places`, where they are known already.
    """

    def is_plain(texts: pl.Series) -> pl.Series:
        return texts.str.contains(_ONLY_PLAIN) & ~texts.str.contains_any(_LAUGHS)

    return _mended(queries, queries.str.to_lowercase(), odd, is_plain, normalized_query)


def surfaces(queries: pl.Series, odd: pl.Series | None = None) -> pl.Series:
    """Queries as typed, fit to be shown: string to string, null to null.

    Composed (NFC), white space of every kind a single space and none at the ends; control
    characters, byte order marks and what turns the direction of the page removed. Case, width and
    everything else stay. `odd` as for `normalized`.
    """
    return _mended(queries, queries, odd, lambda texts: texts.str.contains(_ONLY_PLAIN), _surface)


def ids(texts: pl.Series) -> pl.Series:
    """64 bits of each text, as Spark's `xxhash64` gives them: string to Int64."""
    hashed = pl.col(texts.name).nchash.xxhash64(seed=_SEED)  # type: ignore[attr-defined]
    return texts.to_frame().select(hashed.reinterpret(signed=True)).to_series()


def variant_keys(queries: pl.Series) -> pl.Series:
    """What spacing and punctuation variants of a normalised query share: string to string.

    Spaces, punctuation and symbols go: 카카오 톡 and 카카오톡 are one, 3·1절 and 3ㆍ1절, node.js
    and nodejs. These stay, for they tell queries apart: + and # right after a letter or digit (c++,
    c#, 1+1), a point before a Latin word (.net), and between two digits a point for whatever is
    there (3.5 is not 35; 2026-11-22 is 2026.11.22), but for the commas of thousands. A query of
    symbols alone keeps them all but the spaces. Null stays null.
    """
    is_plain = queries.str.contains(rf"\A[{_LETTERS} 0-9]*\z") & (
        ~queries.str.contains("[0-9] [0-9]")
    )
    without_spaces = queries.str.replace_all(" ", "", literal=True)
    return _one_by_one(queries, without_spaces, (~is_plain).fill_null(value=False), variant_key)


def variant_key(query: str) -> str:
    """The `variant_keys` of one query."""
    if not _HAS_WORD.search(query):
        return query.replace(" ", "")
    key = query.replace("ㆍ", "·")  # a letter by its category, and in queries a middle dot
    for pattern, by in _WITHOUT_SPELLING:
        key = pattern.sub(by, key)
    return key


def endings(queries: pl.Series) -> pl.DataFrame:
    """What may end other queries too: the longest of a query first, each but the whole query.

    www.daum.net ends with .daum.net and .net, 제주도 흑돼지 맛집 with 흑돼지 맛집 and 맛집, 电影院
    with 影院: ideographs are written without spaces, and one alone is too little.

    Args:
        queries: normalised, without nulls.

    Returns:
        `row` (of the query, from 0, rising) and `ending`.
    """
    # Of what lies in memory as UTF-8, the texts one after another.
    data, offsets = _utf8(queries)
    is_space = data == ord(" ")
    follows_space = np.concatenate([[False], is_space[:-1]])
    begins = is_space | (((data == ord(".")) | _is_ideograph(data)) & ~follows_space)
    place = np.flatnonzero(begins)
    row = np.searchsorted(offsets, place, side="right") - 1
    end = offsets[row + 1]
    characters = np.cumsum((data & 0xC0) != 0x80, dtype=np.int64)  # to the first byte of each
    left = characters[end - 1] - characters[place] + 1
    chosen = (place > offsets[row]) & (left >= 2) & (left <= MAX_ENDING)
    place, row, end = place[chosen], row[chosen], end[chosen]
    begin = place + is_space[place]
    lengths = end - begin
    ends = np.concatenate([[0], np.cumsum(lengths)])
    picked = np.repeat(begin - ends[:-1], lengths) + np.arange(ends[-1])
    texts = pa.LargeStringArray.from_buffers(
        len(lengths), pa.py_buffer(ends), pa.py_buffer(data[picked])
    )
    return pl.DataFrame({"row": row.astype(np.uint32), "ending": pl.from_arrow(texts)})


def _utf8(texts: pl.Series) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Texts as bytes, one after another, and where each begins, and the end; there are no nulls."""
    array = texts.to_arrow()
    assert array.type == pa.large_string()
    _, offsets, data = array.buffers()
    begins = np.frombuffer(offsets, dtype=np.int64)[array.offset :][: len(array) + 1]
    return np.frombuffer(data or b"", dtype=np.uint8)[: begins[-1]], begins


def _is_ideograph(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Whether a byte of UTF-8 is the first of a CJK ideograph, 一 to 鿿."""
    after = np.append(data[1:], 0)
    found: npt.NDArray[np.bool_] = (data >= 0xE4) & (data <= 0xE9)
    return found & ((data > 0xE4) | (after >= 0xB8))


def ending_ids(queries: pl.Series) -> pl.Series:
    """The `ids` of the `endings` of each query: string to List(Int64)."""
    found = endings(queries)
    counts = np.bincount(found["row"].to_numpy(), minlength=len(queries))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    kind, of_each = pa.large_list(pa.int64()), ids(found["ending"]).to_arrow()
    begins = [None, pa.py_buffer(offsets)]
    made = pl.from_arrow(pa.Array.from_buffers(kind, len(queries), begins, children=[of_each]))
    assert isinstance(made, pl.Series)
    return made.rename("ending_ids")


def _mended(
    texts: pl.Series,
    easy: pl.Series,
    odd: pl.Series | None,
    is_plain: Callable[[pl.Series], pl.Series],
    mend: Callable[[str], str],
) -> pl.Series:
    """Mend texts, by the cheapest way that is right for each.

    Args:
        texts: as they came.
        easy: the same, with all done that is done to plain texts.
        odd: their `odd_places`; None: still to be told.
        is_plain: whether nothing else has to be done, but for white space.
        mend: does all there is to do to any text.
    """
    places = odd_places(texts) if odd is None else odd
    if not len(places):
        return easy
    # Most of the odd ones are decomposed, or have a space too many.
    composed = _squeezed(easy.gather(places).str.normalize("NFC"))
    whole = easy.clone()  # scatter writes into what it is called on
    whole.scatter(places, composed)
    still_odd = places.filter(~is_plain(composed))
    return _one_by_one(texts, whole, still_odd, mend)


def _one_by_one(
    texts: pl.Series, others: pl.Series, odd: pl.Series, mend: Callable[[str], str]
) -> pl.Series:
    """What `mend` makes of odd texts, of each different one once, among the others."""
    places = odd.arg_true() if odd.dtype == pl.Boolean else odd
    if not len(places):
        return others
    these = texts.gather(places)
    different = these.unique()
    mended = pl.Series([mend(text) for text in different.to_list()], dtype=pl.String)
    whole = others.clone()
    return whole.scatter(places, these.replace_strict(different, mended)).rename(texts.name)


def _squeezed(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(" {2,}", " ").str.strip_chars(" ")


def _surface(query: str) -> str:
    composed = unicodedata.normalize("NFC", query.translate(_SHOWN))
    return re.sub(" {2,}", " ", composed).strip(" ")
