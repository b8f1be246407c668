"""Words that nobody has seen yet, found from how they stand in the words of a log.

A coinage is soon joined to words that everybody knows, without a space: 두쫀쿠만들기, 두쫀쿠맛집.
So a part is a word where what is left of the words around it are words, and many different ones.
Published methods ask how hard the next character is to tell (branching entropy, Jin and
Tanaka-Ishii, COLING/ACL 2006; cohesion, soynlp); here it is known whether it begins a word.
"""

from typing import Final

import polars as pl

#: A coinage stands beside so many different words.
NEIGHBOURS: Final = 4
#: So large a part of what holds it, at that end, is itself or itself and a word.
AT_BORDERS: Final = 0.5
#: Characters of a coinage.
LEAST_CHARACTERS: Final = 2
MOST_CHARACTERS: Final = 10

#: Particles and endings that may follow a noun in a query.
PARTICLES: Final = [
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "에서",
    "에게",
    "도",
    "만",
    "로",
    "으로",
    "와",
    "과",
    "랑",
    "이랑",
    "하고",
    "부터",
    "까지",
    "보다",
    "처럼",
    "란",
    "이란",
    "나",
    "이나",
    "들",
]


def coinages(tokens: pl.DataFrame, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Parts of words that are words themselves, though none of the vocabulary.

    Args:
        tokens: `token`, `queries` (how many different ones): words that may have to be cut.
        vocabulary: `token`: what is known to be a word.

    Returns:
        `token`, `neighbours` (different words beside it) and `queries`, by token.
    """
    ends = [_at_end(tokens, vocabulary, end) for end in ("head", "tail")]
    found = pl.concat(ends).group_by("token").agg(pl.col("neighbours", "queries").max())
    return _simple(found, vocabulary).sort("token")


def _at_end(tokens: pl.DataFrame, vocabulary: pl.DataFrame, end: str) -> pl.DataFrame:
    """Coinages at the head or the tail of words."""
    parts = _parts(tokens, end)
    rest = pl.col("rest")
    known = vocabulary.select(rest="token", is_word=True)
    particles = pl.DataFrame({"rest": PARTICLES if end == "head" else [""]}).with_columns(
        is_particle=True
    )
    beside = (
        parts.join(known, on="rest", how="left")
        .join(particles, on="rest", how="left")
        .with_columns(
            pl.col("is_word").fill_null(value=False),
            is_border=pl.col("is_word").fill_null(value=False)
            | pl.col("is_particle").fill_null(value=False)
            | (rest == ""),
        )
    )
    return (
        beside.group_by("part")
        .agg(
            neighbours=rest.filter("is_word").n_unique(),
            borders=pl.col("is_border").mean(),
            queries=pl.col("queries").filter("is_border").sum(),
        )
        .filter((pl.col("neighbours") >= NEIGHBOURS) & (pl.col("borders") >= AT_BORDERS))
        .join(vocabulary.select(part="token"), on="part", how="anti")
        .select(token="part", neighbours="neighbours", queries="queries")
    )


def _parts(tokens: pl.DataFrame, end: str) -> pl.DataFrame:
    """Each part at one end of words with what is left: `part`, `rest`, `queries`."""
    size = pl.col("token").str.len_chars()
    most = pl.min_horizontal(size, pl.lit(MOST_CHARACTERS))
    cut = (
        tokens.select("token", "queries")
        .filter(size >= LEAST_CHARACTERS)
        .with_columns(cut=pl.int_ranges(LEAST_CHARACTERS, most + 1, dtype=pl.UInt32))
        .explode("cut")
    )
    if end == "head":
        part, rest = pl.col("token").str.head("cut"), pl.col("token").str.tail(size - pl.col("cut"))
    else:
        part, rest = pl.col("token").str.tail("cut"), pl.col("token").str.head(size - pl.col("cut"))
    return cut.select("queries", part=part, rest=rest)


def _simple(found: pl.DataFrame, vocabulary: pl.DataFrame) -> pl.DataFrame:
    """Those that are no two words themselves: 두쫀쿠맛집 beside many words is 두쫀쿠 and 맛집."""
    every = pl.concat([found.select("token"), vocabulary.select("token")]).unique()
    heads = _parts(found, "head").with_columns(whole=pl.col("part") + pl.col("rest"))
    twofold = (
        heads.filter(pl.col("rest") != "")
        .join(every.select(part="token"), on="part", how="semi")
        .join(every.select(rest="token"), on="rest", how="semi")
        .select(token="whole")
    )
    return found.join(twofold, on="token", how="anti")
