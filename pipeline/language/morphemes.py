"""What Korean words are made of, by the morphological analyser Kiwi, where it is installed.

Words are analysed, not queries: queries are lists of words with little grammar between, and a log
has far fewer different words than queries. So each word is analysed once, whatever queries come.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import polars as pl

#: Classes of pieces. Nouns, names and words of other scripts may be keywords; so may what the
#: dictionary does not have; numbers with their units, bound nouns (것, 법) and all else are none.
NOUN: Final = "noun"
NAME: Final = "name"
OTHER_SCRIPT: Final = "word"
UNSEEN: Final = "unseen"
NUMBER: Final = "number"
BOUND: Final = "bound"
ENDING: Final = "ending"  #: particles, endings, and what makes a verb of a noun
NOMINAL: Final = "nominal"  #: a verb that was made a noun: 다시보기
CLAUSE: Final = "clause"  #: an inflected verb, for which a name may be taken: 서면
REST: Final = "rest"

#: Pieces that may be a keyword.
CONTENT: Final = (NOUN, NAME, OTHER_SCRIPT, UNSEEN)

#: Verbs and what belongs to them.
_VERBAL: Final = (REST, CLAUSE, NOMINAL)

#: Raised when pieces are made in another way, so that words are analysed again.
METHOD: Final = 2

#: Of Kiwi's tags, which are those of the Sejong corpus.
_CLASSES: Final = {
    "NNG": NOUN,
    "XR": NOUN,
    "NNP": NAME,
    "SL": OTHER_SCRIPT,
    "SH": OTHER_SCRIPT,
    "SN": NUMBER,
    "NNB": BOUND,
    "NR": BOUND,
    "NP": BOUND,
}
_PREFIX, _SUFFIX = "XPN", "XSN"
_ENDINGS: Final = ("J", "E", "VCP", "XSV", "XSA")
#: What becomes of a verb that ends so.
_VERB_ENDS: Final = {"ETN": NOMINAL, "EC": CLAUSE, "EF": CLAUSE}

#: Adverbs for Kiwi, nouns for who asks for the weather of that day.
_DAYS: Final = frozenset(["오늘", "내일", "어제", "모레"])

#: Nouns that mean nothing alone: the ways and times of things.
_BOUND_NOUNS: Final = frozenset(
    [
        "법",
        "것",
        "거",
        "곳",
        "중",
        "후",
        "전",
        "때",
        "분",
        "수",
        "점",
        "시",
        "내",
        "외",
        "별",
        "건",
        "쪽",
    ]
)

#: The columns of `pieces`.
PIECES: Final[dict[str, pl.DataType]] = {
    "token": pl.String(),
    "pieces": pl.List(pl.String()),
    "classes": pl.List(pl.String()),
}

_HANGUL: Final = "[가-힣]"
#: Words that are analysed at once: a million would take gigabytes.
AT_ONCE: Final = 50_000


@dataclass(frozen=True)
class Analyser:
    """What analyses words: its name and version, or why there is none."""

    version: str  #: "" where there is none
    missing: str = ""  #: one sentence; "" where there is one


@cache
def analyser() -> Analyser:
    """Whether Kiwi can be used, without loading its model (which takes seconds)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import kiwipiepy
            import kiwipiepy_model
    except ImportError:
        return Analyser("", "Kiwi is not installed (pip install 'silgeom[keywords]')")
    except Exception as error:
        return Analyser("", f"Kiwi cannot be loaded ({type(error).__name__})")
    versions = (getattr(each, "__version__", "?") for each in (kiwipiepy, kiwipiepy_model))
    return Analyser(f"kiwi {' '.join(versions)} {METHOD}")


@cache
def _kiwi() -> Any:  # noqa: ANN401
    """The one instance of this process."""
    from kiwipiepy import Kiwi

    made = Kiwi()
    made.tokenize("낱말")  # its model is read at the first word
    return made


def loaded() -> Analyser:
    """`analyser`, once its model has been loaded: a broken one is told here."""
    found = analyser()
    if not found.version:
        return found
    try:
        _kiwi()
    except Exception as error:  # OSError, ValueError: whatever its library finds in a file
        return Analyser("", f"Kiwi's model cannot be read ({type(error).__name__})")
    return found


def pieces(tokens: pl.Series) -> pl.DataFrame:
    """Take words apart.

    Args:
        tokens: different words without spaces, normalised.

    Returns:
        `PIECES`: a row a word; `pieces` make up the word again, each with its class. A word
        without Hangul is one piece.
    """
    is_korean = tokens.str.contains(_HANGUL)
    korean, others = tokens.filter(is_korean), tokens.filter(~is_korean)
    parts = [_analysed(korean.slice(at, AT_ONCE)) for at in range(0, len(korean), AT_ONCE)]
    return pl.concat([*parts, _whole(others)])


def _analysed(tokens: pl.Series) -> pl.DataFrame:
    """`pieces` of words with Hangul."""
    # Kiwi uses all cores itself.
    morphemes = _kiwi().tokenize(tokens.to_list())
    found = [_pieces(text, each) for text, each in zip(tokens, morphemes, strict=True)]
    return pl.DataFrame(
        {
            "token": tokens,
            "pieces": [[piece for piece, _ in each] for each in found],
            "classes": [[kind for _, kind in each] for each in found],
        },
        schema=PIECES,
    )


def needs_analyser(tokens: pl.Series) -> bool:
    """Whether any of these words is one that is analysed: with Hangul."""
    return bool(tokens.str.contains(_HANGUL).any())


def unanalysed(tokens: pl.Series) -> pl.DataFrame:
    """`pieces` where there is no analyser: each word is one piece of which nothing is known."""
    return _whole(tokens)


def _whole(tokens: pl.Series) -> pl.DataFrame:
    """Words, numbers and symbols that are not analysed, each in one piece."""
    kind = (
        pl.when(pl.col("token").str.contains(r"\p{L}"))
        .then(pl.lit(OTHER_SCRIPT))
        .when(pl.col("token").str.contains(r"\p{N}"))
        .then(pl.lit(NUMBER))
        .otherwise(pl.lit(REST))
    )
    frame = tokens.to_frame("token")
    return frame.with_columns(pieces=pl.concat_list("token"), classes=pl.concat_list(kind))


def _pieces(token: str, morphemes: Sequence[Any]) -> list[tuple[str, str]]:
    """The pieces of a word, from its morphemes.

    Morphemes may overlap (볼 is 보 and ㄹ): the first one takes a character. A single character is
    part of the noun beside it: few mean something alone (이번+주, 사용+법, 입+냄새), and names that
    the dictionary lacks fall apart into such.
    """
    spans: list[tuple[int, int, str]] = []
    at = 0
    for each in morphemes:
        begin, end = max(at, each.start), each.start + each.len
        if end <= begin:
            continue
        kind = ENDING if each.tag.startswith(_ENDINGS) else _CLASSES.get(each.tag, REST)
        if kind == NOUN and each.form in _BOUND_NOUNS:
            kind = BOUND
        if each.form in _DAYS:
            kind = NOUN
        if spans and spans[-1][2] in _VERBAL and spans[-1][1] == begin and kind == ENDING:
            # No particle stands behind a verb's stem.
            other = CLAUSE if each.tag.startswith("J") else REST
            spans[-1] = spans[-1][0], end, _VERB_ENDS.get(each.tag, other)
            at = end
            continue
        if each.oov and kind in (NOUN, NAME):
            kind = UNSEEN
        if begin > at:
            spans.append((at, begin, REST))
        if each.tag == _SUFFIX and spans and spans[-1][2] in CONTENT:
            spans[-1] = spans[-1][0], end, spans[-1][2]
        else:
            spans.append((begin, end, each.tag if each.tag == _PREFIX else kind))
        at = end
    if at < len(token):
        spans.append((at, len(token), REST))
    joined: list[tuple[int, int, str]] = []
    for span in spans:
        if joined and (kind := _joined(joined[-1], span)):
            joined[-1] = joined[-1][0], span[1], kind
        else:
            joined.append(span)
    return [(token[a:b], REST if kind == _PREFIX else kind) for a, b, kind in joined]


def _joined(before: tuple[int, int, str], span: tuple[int, int, str]) -> str:
    """The class of two neighbouring spans as one piece; "": they are two."""
    (a, b, mine), (_, end, other) = before, span
    size, short = b - a, end - b == 1
    if mine == _PREFIX and other in CONTENT:
        return other
    if mine in (*_VERBAL, ENDING) and other in (*_VERBAL, ENDING):
        return ENDING if mine == other == ENDING else REST if other == ENDING else other
    if mine == NUMBER and (other == BOUND or (short and other in CONTENT)):
        return NUMBER
    if mine in (NOUN, NAME, UNSEEN) and other in (NOUN, NAME, UNSEEN) and (short or size == 1):
        # Two characters of which the dictionary knows each alone are most often a name.
        return UNSEEN if (short and size == 1) or UNSEEN in (mine, other) else mine
    if mine in (NOUN, NAME, UNSEEN) and other == BOUND and short:
        return mine
    return ""
