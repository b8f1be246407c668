"""Which words people search for: each word of the queries of some weeks, and the keywords in it.

Queries are lists of words, but people leave spaces out (제주도맛집), and no dictionary has the
names of this week. So the log itself says what a word is, and an analyser (language/morphemes.py),
where there is one, what its parts are:

* What stands between spaces in several different queries, or is typed alone by several people, is a
  word whatever a dictionary says: it is *established*. What more people type with a space inside is
  several (제주도 맛집), what more people type without is one (종합소득세).
* A word that is not established is cut where both parts are words, else where the analyser sees
  nouns that are; endings and particles go.
* A part that stands beside many different words, and seldom inside something else, is a word that
  nobody has seen yet: see coinages.py.

All on columns of different words: the number of people and of rows of a log does not matter.
"""

from typing import Final

import polars as pl

from pipeline.counting.coinages import coinages
from pipeline.language.morphemes import (
    BOUND,
    CLAUSE,
    CONTENT,
    ENDING,
    NAME,
    NOMINAL,
    NOUN,
    OTHER_SCRIPT,
    REST,
    UNSEEN,
)

#: Kinds of keywords besides `NOUN`, `NAME` and `OTHER_SCRIPT`: two or more words that stand
#: together; what the log alone knows; where nothing is known of Korean words, any of them.
PHRASE: Final = "phrase"
COINED: Final = "coined"

#: A word is established in so many different queries, or typed alone by so many people.
ESTABLISHED_QUERIES: Final = 3
ESTABLISHED_PEOPLE: Final = 5
#: A name that looks like a verb stands in so many of its queries at the beginning or behind 의.
NOUN_PLACES: Final = 0.8
#: Neighbours are a phrase in so many different queries, typed by so many people.
PHRASE_QUERIES: Final = 3
#: A part that a longer word is cut into has at least so many characters.
LEAST_PART: Final = 2
#: A longer word is an address or a slip of the hand.
MOST_CHARACTERS: Final = 40
#: Words are cut so many times: into four parts at most.
_CUTS: Final = 2

#: Of Latin script, words that only join others.
_FUNCTION_WORDS: Final = [
    "a",
    "an",
    "and",
    "are",
    "as",
    "at",
    "be",
    "by",
    "can",
    "do",
    "does",
    "for",
    "from",
    "how",
    "i",
    "in",
    "is",
    "it",
    "me",
    "my",
    "of",
    "on",
    "or",
    "the",
    "this",
    "to",
    "vs",
    "was",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "with",
    "you",
    "your",
    "http",
    "https",
    "www",
    "com",
]

#: Particles that no name ends with, or hardly one.
_CERTAIN_PARTICLES: Final = ["의", "을", "를", "은", "는", "에", "에서", "에게", "하는", "하기"]

#: Edges of words: what is neither a letter, a mark, a digit nor a + or # after one (c++, c#).
_EDGES: Final = r"^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}+#]+$"

#: `words`: one word of the queries of a period. Key: token. A token with a space is a phrase.
WORDS: Final = {
    "token": pl.String,
    "pieces": pl.List(pl.String),
    "classes": pl.List(pl.String),
    "keywords": pl.List(pl.String),
    "kinds": pl.List(pl.String),
}

#: What is known to be a word besides the tokens at hand: keywords, and the people who used them.
VOCABULARY: Final = {"token": pl.String, "kind": pl.String, "searchers": pl.Int64}


def tokens_of(queries: pl.DataFrame) -> pl.DataFrame:
    """The words of queries as they are spaced.

    Args:
        queries: `query_id`, `query` (normalised), each once.

    Returns:
        `query_id`, `place` (from 0, rising) and `token`, without punctuation at its edges.
    """
    return (
        queries.select("query_id", token=pl.col("query").str.split(" "))
        .explode("token")
        .with_columns(pl.col("token").str.replace_all(_EDGES, ""))
        .filter(pl.col("token").str.len_chars().is_between(1, MOST_CHARACTERS))
        .with_columns(place=pl.int_range(pl.len(), dtype=pl.Int32))
    )


def words(queries: pl.DataFrame, pieces: pl.DataFrame, *, tokens: pl.DataFrame) -> pl.DataFrame:
    """The keywords of each word of the queries of a period.

    Args:
        queries: `query_id`, `query`, `searchers` (their sum over the period), each query once.
        pieces: `morphemes.PIECES` of every token.
        tokens: `tokens_of` the queries.

    Returns:
        `WORDS`, by token. `keywords` are in order and may be none; `kinds` are theirs.
    """
    found = _told(queries, tokens, pieces, pl.DataFrame(schema=VOCABULARY))
    every = pl.concat([found, _phrases(queries, tokens, found)])
    return every.select(*WORDS).sort("token")


def words_beside(
    queries: pl.DataFrame,
    pieces: pl.DataFrame,
    known: pl.DataFrame,
    vocabulary: pl.DataFrame,
    *,
    tokens: pl.DataFrame,
) -> pl.DataFrame:
    """The keywords of words that came after those of a period were told.

    What the period told stays; what is new is cut by its keywords, and by new words that are
    established themselves.

    Args:
        queries: as of `words`; those with a new word.
        pieces: `morphemes.PIECES` of the new words alone.
        known: `words` of the period.
        vocabulary: `VOCABULARY`, of the period.
        tokens: `tokens_of` the queries.

    Returns:
        `WORDS` of new words, and of phrases with one, by token.
    """
    # A keyword that nobody typed alone before is one all the same.
    keyword = pl.concat_list("token"), pl.concat_list("kind")
    settled = pieces.join(vocabulary, on="token").with_columns(
        keywords=keyword[0], kinds=keyword[1]
    )
    rest = pieces.join(vocabulary, on="token", how="anti")
    told = _told(queries, tokens, rest, vocabulary)
    found = pl.concat([each.select(*WORDS) for each in (told, settled)])
    of_queries = known.join(tokens, on="token", how="semi").select(*WORDS)
    phrases = _phrases(queries, tokens, pl.concat([of_queries, found])).select(*WORDS)
    new_phrases = phrases.join(known, on="token", how="anti")
    return pl.concat([found, new_phrases]).sort("token")


def _told(
    queries: pl.DataFrame, tokens: pl.DataFrame, pieces: pl.DataFrame, others: pl.DataFrame
) -> pl.DataFrame:
    """`WORDS` of the tokens of which there are pieces, without phrases.

    Args:
        queries: see `words`.
        tokens: see `words`.
        pieces: see `words`.
        others: `VOCABULARY`: what else is known to be a word.
    """
    known = _known(queries, tokens, pieces, others)
    spaced = _spaced(queries, tokens, known)
    known = known.join(spaced, on="token", how="left").with_columns(pl.col("spaced").fill_null(0))
    known = known.with_columns(is_apart=pl.col("spaced") > pl.col("searchers"))
    words_here = known.filter(pl.col("is_word") & ~pl.col("is_apart")).select("token", "searchers")
    vocabulary = pl.concat([words_here, others.select("token", "searchers")])
    coined = coinages(known.filter("is_open"), vocabulary.select("token"))
    return _cut(known, vocabulary, coined, others)


def keywords_of(tokens: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The keywords of queries: `query_id`, `keyword`, `kind`, each once a query, by first place.

    Args:
        tokens: `tokens_of` the queries.
        known: `words` of a period that they lie in; what it does not have has no keyword.
    """
    of_tokens = known.filter(~pl.col("token").str.contains(" ", literal=True))
    placed = _placed(tokens, of_tokens)
    phrases = known.filter(pl.col("token").str.contains(" ", literal=True)).select(
        keyword="token", kind=pl.lit(PHRASE)
    )
    pairs = _neighbours(placed).join(phrases, on="keyword", how="semi")
    # One character means something alone only where it is typed alone.
    is_long = pl.col("keyword").str.len_chars() >= LEAST_PART
    every = pl.concat(
        [
            placed.filter(is_long | (pl.col("keyword") == pl.col("token"))).select(
                "query_id", "keyword", "kind"
            ),
            pairs.select("query_id", "keyword", kind=pl.lit(PHRASE)),
        ]
    )
    return every.unique(["query_id", "keyword"], keep="first", maintain_order=True)


def _placed(tokens: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Keywords in the order of the words: `query_id`, `place`, `token`, `keyword`, `kind`.

    A keyword may come twice in a query.
    """
    return (
        tokens.join(known.select("token", "keywords", "kinds"), on="token", maintain_order="left")
        .select("query_id", "place", "token", keyword="keywords", kind="kinds")
        .explode("keyword", "kind")
        .drop_nulls("keyword")
    )


def _neighbours(placed: pl.DataFrame) -> pl.DataFrame:
    """Keywords that follow each other in a query, with nothing in between, as one `keyword`.

    Words of one token are put together with a space (현지인맛집: 현지인 맛집), those of two as they
    stand there: 왕의 서고.
    """
    token, word = pl.col("token"), pl.col("keyword")
    after = {name: pl.col(name).shift(-1) for name in ("query_id", "place", "token", "keyword")}
    is_within = (pl.col("place") == after["place"]) & token.str.contains(
        word + after["keyword"], literal=True
    )
    is_next = (
        (pl.col("place") + 1 == after["place"])
        & after["token"].str.starts_with(after["keyword"])
        & (token.str.ends_with(word) | token.str.starts_with(word))
    )
    left = pl.when(is_next & token.str.starts_with(word)).then(token).otherwise(word)
    follows = (pl.col("query_id") == after["query_id"]) & (word != after["keyword"])
    return placed.select(
        "query_id",
        keyword=pl.when(follows & (is_within | is_next)).then(left + " " + after["keyword"]),
    ).drop_nulls()


def _phrases(queries: pl.DataFrame, tokens: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """What stands together in several different queries, as rows of `WORDS`."""
    pairs = _neighbours(_placed(tokens, found)).unique()
    people = queries.select("query_id", "searchers")
    often = (
        pairs.join(people, on="query_id")
        .group_by(token="keyword")
        .agg(pl.len(), pl.col("searchers").sum())
        .filter((pl.col("len") >= PHRASE_QUERIES) & (pl.col("searchers") >= ESTABLISHED_PEOPLE))
    )
    alone = pl.concat_list("token")
    return often.select(
        "token",
        pieces=alone,
        classes=pl.concat_list(pl.lit(PHRASE)),
        keywords=alone,
        kinds=pl.concat_list(pl.lit(PHRASE)),
    )


def _known(
    queries: pl.DataFrame, tokens: pl.DataFrame, pieces: pl.DataFrame, others: pl.DataFrame
) -> pl.DataFrame:
    """What the log and the analyser know of each token.

    `is_content`: it may hold a keyword; `is_established`; `is_word`: it is a part that others may
    be cut into; `is_open`: it may have to be cut.
    """
    of_query = queries.select("query_id", "query", "searchers")
    before = pl.when(pl.col("query_id") == pl.col("query_id").shift(1)).then(
        pl.col("token").shift(1)
    )
    counted = (
        tokens.with_columns(is_of=before.str.ends_with("의").fill_null(value=False))
        .unique(["query_id", "token"], keep="first", maintain_order=True)
        .join(of_query, on="query_id")
        .with_columns(alone=pl.col("query") == pl.col("token"))
        .group_by("token")
        .agg(
            queries=pl.len(),
            searchers=pl.col("searchers").sum(),
            alone=pl.col("searchers").filter("alone").sum(),
            # Where only a name or a noun can stand: at the beginning, or behind a genitive.
            noun_places=(pl.col("query").str.starts_with(pl.col("token")) | pl.col("is_of")).sum(),
        )
    )
    classes, last = pl.col("classes"), pl.col("classes").list.last()
    has_content = pl.any_horizontal(classes.list.contains(each) for each in CONTENT)
    is_single = classes.list.len() == 1
    is_dictionary = is_single & classes.list.first().is_in([NOUN, NAME])
    is_established = (
        (pl.col("queries") >= ESTABLISHED_QUERIES) & (pl.col("searchers") >= ESTABLISHED_PEOPLE)
    ) | (pl.col("alone") >= ESTABLISHED_PEOPLE)
    is_long = pl.col("token").str.len_chars() >= LEAST_PART
    # The analyser may take a name for a verb, and a stray jamo is a slip of the hand.
    is_verbal = ~has_content & last.is_in([REST, CLAUSE, NOMINAL])
    is_name = is_verbal & (
        (pl.col("alone") >= ESTABLISHED_PEOPLE)
        | (is_established & (last == NOMINAL))
        | (
            is_established
            & (last == CLAUSE)
            & (pl.col("noun_places") >= NOUN_PLACES * pl.col("queries"))
        )
    )
    # 가볼만한곳: as established as any noun.
    is_clause = ~is_single & is_established & (last == BOUND)
    is_slip = pl.col("token").str.contains("[ㄱ-ㅎㅏ-ㅣ]") & ~is_established
    is_content = (
        (has_content | is_name | is_clause)
        & ~is_slip
        & ~pl.col("token").is_in(_FUNCTION_WORDS)
        & ~(is_single & (last == OTHER_SCRIPT) & ~is_long)
    )
    joined = _with_stems(counted.join(pieces, on="token"), others)
    is_inflected = pl.col("stem") != pl.col("token")
    return joined.with_columns(
        is_content=is_content,
        is_established=is_established & ~is_inflected,
        is_word=is_content & is_long & (is_dictionary | (is_established & ~is_inflected)),
        is_open=is_content & is_long & ~is_dictionary,
        is_dictionary=is_dictionary,
    )


def _with_stems(tokens: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """With `stem`: the token without the particle or ending behind a noun.

    The analyser may take the end of a name for a particle (도해랑): a name stands with it far more
    often than without.
    """
    ending = pl.col("pieces").list.last()
    size = pl.col("token").str.len_chars() - ending.str.len_chars()
    is_inflected = (pl.col("classes").list.last() == ENDING) & (pl.col("classes").list.len() > 1)
    stems = tokens.select(
        "token", "searchers", ending, is_inflected, stem=pl.col("token").str.head(size)
    )
    every = (each.select(stem="token", of_stem="searchers") for each in (tokens, others))
    stems = stems.filter("classes").join(pl.concat(every), on="stem", how="left")
    is_certain = pl.col("pieces").is_in(_CERTAIN_PARTICLES)
    stems = stems.filter(is_certain | (pl.col("of_stem").fill_null(0) >= pl.col("searchers")))
    return tokens.join(stems.select("token", "stem"), on="token", how="left").with_columns(
        pl.coalesce("stem", "token")
    )


def _spaced(queries: pl.DataFrame, tokens: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Of tokens that some type with a space inside: `token`, `spaced` (people), `cut` (place)."""
    content = known.filter("is_content", pl.col("token").str.len_chars() >= LEAST_PART).select(
        "token"
    )
    kept = tokens.join(content, on="token", how="semi", maintain_order="left")
    together = (pl.col("query_id") == pl.col("query_id").shift(-1)) & (
        pl.col("place") + 1 == pl.col("place").shift(-1)
    )
    pairs = kept.select(
        "query_id",
        token=pl.when(together).then(pl.col("token") + pl.col("token").shift(-1)),
        cut=pl.col("token").str.len_chars(),
    ).drop_nulls()
    return (
        pairs.join(content, on="token", how="semi")
        .join(queries.select("query_id", "searchers"), on="query_id")
        .group_by("token", "cut")
        .agg(spaced=pl.col("searchers").sum())
        .sort("spaced", "cut", descending=[True, False])
        .group_by("token", maintain_order=True)
        .agg(pl.col("spaced").sum(), pl.col("cut").first())
    )


def _cut(
    known: pl.DataFrame, vocabulary: pl.DataFrame, coined: pl.DataFrame, others: pl.DataFrame
) -> pl.DataFrame:
    """`WORDS` of tokens: the keywords of each."""
    weights = pl.concat(
        [
            vocabulary.select("token", weight=pl.col("searchers").cast(pl.Int64), coined=False),
            coined.select("token", weight=pl.col("queries").cast(pl.Int64), coined=True),
        ]
    ).unique("token", keep="first", maintain_order=True)
    # Where it is not cut: the whole, without what inflects it.
    parts = known.filter("is_content").select("token", part="stem")
    settled = (
        known.filter(pl.col("is_established") | pl.col("is_dictionary"))
        .filter(~pl.col("is_apart"))
        .select(part="token")
    )
    spaced = known.filter("is_apart").select(part="token", cut="cut")
    for _ in range(_CUTS):
        cuts = _cuts(parts.join(settled, on="part", how="anti").select("part").unique(), weights)
        cuts = pl.concat([spaced, cuts.join(spaced, on="part", how="anti")])
        again = parts.join(cuts, on="part", how="left", maintain_order="left")
        size = pl.col("part").str.len_chars()
        parts = (
            again.with_columns(
                part=pl.when(pl.col("cut").is_null())
                .then(pl.concat_list("part"))
                .otherwise(
                    pl.concat_list(
                        pl.col("part").str.head(pl.col("cut")),
                        pl.col("part").str.tail(size - pl.col("cut")),
                    )
                )
            )
            .drop("cut")
            .explode("part")
        )
    parts = _of_pieces(parts, known, weights)
    return _with_kinds(parts, known, coined, others)


def _cuts(open_parts: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Where a part is cut into two words: `part`, `cut`. The rarer of the two decides."""
    splits = splits_of(open_parts["part"])
    return (
        splits.join(weights.select(head="token", of_head="weight"), on="head")
        .join(weights.select(tail="token", of_tail="weight"), on="tail")
        .with_columns(weight=pl.min_horizontal("of_head", "of_tail"))
        .sort("weight", "cut", descending=[True, True])
        .unique("token", keep="first", maintain_order=True)
        .select(part="token", cut="cut")
    )


def splits_of(tokens: pl.Series) -> pl.DataFrame:
    """Each way to cut words in two: `token`, `cut`, `head`, `tail`."""
    size = pl.col("token").str.len_chars()
    return (
        tokens.rename("token")
        .to_frame()
        .filter(size >= 2 * LEAST_PART)
        .with_columns(cut=pl.int_ranges(LEAST_PART, size - LEAST_PART + 1, dtype=pl.UInt32))
        .explode("cut")
        .with_columns(
            head=pl.col("token").str.head(pl.col("cut")),
            tail=pl.col("token").str.tail(size - pl.col("cut")),
        )
    )


def _of_pieces(parts: pl.DataFrame, known: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """What no two words make up, but the analyser's nouns do, of which the log knows one.

    Verbs, endings and bound nouns between them go. Two that are one word in the log stay one.
    """
    long = known.filter(pl.col("pieces").list.len() > 1, ~pl.col("is_established"), "is_content")
    flat = long.select(part="token", piece="pieces", kind="classes").explode("piece", "kind")
    flat = flat.with_columns(
        pair=pl.when(pl.col("part") == pl.col("part").shift(-1)).then(
            pl.col("piece") + pl.col("piece").shift(-1)
        )
    )
    words = weights.select("token", in_log=True)
    flat = (
        flat.join(words, left_on="pair", right_on="token", how="left", maintain_order="left")
        .with_columns(is_pair=pl.col("in_log").fill_null(value=False))
        .drop("in_log")
        # Of three that overlap the first two.
        .with_columns(is_pair=pl.col("is_pair") & ~pl.col("is_pair").shift(1, fill_value=False))
        .with_columns(is_second=pl.col("is_pair").shift(1, fill_value=False))
        .filter(~pl.col("is_second"))
        .with_columns(piece=pl.when("is_pair").then("pair").otherwise("piece"))
        .join(words, left_on="piece", right_on="token", how="left", maintain_order="left")
        .with_columns(pl.col("in_log").fill_null(value=False))
    )
    is_content = pl.col("kind").is_in(CONTENT)
    is_long = pl.col("piece").str.len_chars() >= LEAST_PART
    is_word = pl.col("in_log") | (pl.col("kind").is_in([NOUN, NAME]) & is_long)
    fitting = (
        flat.group_by("part", maintain_order=True)
        .agg(
            fits=(is_word | ~is_content).all() & (pl.col("in_log") & is_content).any(),
            pieces=pl.col("piece").filter(is_word & is_content),
        )
        .filter("fits")
        .select("part", "pieces")
    )
    whole = pl.concat_list("part")
    return (
        parts.join(fitting, on="part", how="left", maintain_order="left")
        .with_columns(part=pl.coalesce("pieces", whole))
        .drop("pieces")
        .explode("part")
    )


def _with_kinds(
    parts: pl.DataFrame, known: pl.DataFrame, coined: pl.DataFrame, others: pl.DataFrame
) -> pl.DataFrame:
    """`WORDS` from the parts of each token."""
    classes = pl.col("classes")
    has_unseen = classes.list.contains(UNSEEN)
    kind = (
        pl.when(has_unseen)
        .then(pl.lit(COINED))
        .when(classes.list.contains(NAME))
        .then(pl.lit(NAME))
        .when(classes.list.contains(OTHER_SCRIPT) & ~classes.list.contains(NOUN))
        .then(pl.lit(OTHER_SCRIPT))
        .otherwise(pl.lit(NOUN))
    )
    kinds = pl.concat(
        [
            known.select(part="token", kind=kind, holds=pl.col("is_content")),
            others.select(part="token", kind="kind", holds=pl.lit(True)),
        ]
    )
    of_coined = coined.select(part="token", is_coined=True)
    told = (
        parts.join(kinds, on="part", how="left", maintain_order="left")
        .join(of_coined, on="part", how="left", maintain_order="left")
        .filter(pl.col("holds").fill_null(value=True))
        .with_columns(
            kind=pl.when("is_coined").then(pl.lit(COINED)).otherwise(pl.col("kind").fill_null(NOUN))
        )
        .group_by("token", maintain_order=True)
        .agg(keywords="part", kinds="kind")
    )
    none = pl.lit([], pl.List(pl.String))
    return (
        known.select("token", "pieces", "classes")
        .join(told, on="token", how="left")
        .with_columns(
            keywords=pl.col("keywords").fill_null(none), kinds=pl.col("kinds").fill_null(none)
        )
    )
