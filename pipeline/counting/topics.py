"""What queries are about: communities of queries that stand together in sessions and share words.

A topic is a community of the graph whose nodes are queries, words and spellings, found by the
Leiden algorithm (Traag, Waltman and van Eck, From Louvain to Leiden, Scientific Reports 9, 2019)
with the modularity of the graph. A query that came later is of the topic that its words tell.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.errors import InvalidParameterError
from pipeline.language.queries import ids, variant_keys

#: A query that the graph, or its words, tell nothing of.
NO_TOPIC: Final = 0
#: Topics at most; what is rarer has none.
MOST_TOPICS: Final = 200
#: A query takes part in the graph when so many people typed it: of others their words tell.
_PEOPLE: Final = 2
#: A word that stands in more than this share of all queries tells nothing.
_COMMON: Final = 0.01
#: Two queries in one session alone may be chance: it counts so much of a second one.
_ONE_SESSION: Final = 0.1
#: As many times as chance would bring two queries together.
_BEYOND_CHANCE: Final = 3.0
#: A spelling is one with the others; a word in many queries tells less.
_SAME_SPELLING: Final = 2.0
#: Of the graph's modularity: more gives smaller topics.
_RESOLUTION: Final = 2.0
_ITERATIONS: Final = 2
#: Draws are the same at every run.
_SEED: Final = 20160701

#: Of topics/dt=, see `pipeline.schemas`: what is told here.
_COLUMNS: Final = {
    "id": pl.Int64(),
    "is_query": pl.Boolean(),
    "topic": pl.Int32(),
    "weight": pl.Float64(),
}

Nodes = npt.NDArray[np.int64]


def topics(counts: pl.LazyFrame, pairs: pl.LazyFrame) -> pl.DataFrame:
    """Tell the topics of the queries of some days.

    Args:
        counts: `DAILY_COUNTS` of the days: `query_id`, `query`, `searchers`.
        pairs: `DAILY_PAIRS` of the days: `first_id`, `second_id`, `sessions`.

    Returns:
        `id`, `is_query`, `topic`, `weight` of `TOPICS`, by id: the topic of each query that several
        people typed, from 1, the largest first; and of words and spellings, with what they weigh
        among others of a query.
    """
    queries = (
        counts.group_by("query_id")
        .agg(pl.col("query").first(), pl.col("searchers").sum())
        .filter(pl.col("searchers") >= _PEOPLE)
        .sort("query_id")
        .collect()
    )
    if queries.is_empty():
        return pl.DataFrame(schema=_COLUMNS)
    of_queries = _useful(_words(queries), len(queries))
    words = of_queries.filter("is_shared")
    edges = pl.concat(
        [
            _sessions(pairs, queries).select("one", "other", "weight"),
            words.select(one="query_id", other="id", weight="weight"),
        ]
    )
    names = pl.concat([queries["query_id"], words["id"]]).unique().sort()
    found = pl.DataFrame({"id": names, "community": _communities(edges, names)})
    # What stands in one query is of its topic. In the graph it would hold the query alone.
    alone = (
        of_queries.filter(~pl.col("is_shared"))
        .join(found, left_on="query_id", right_on="id")
        .select("id", "community")
    )
    largest = (
        queries.join(found, left_on="query_id", right_on="id")
        .group_by("community")
        .agg(pl.col("searchers").sum())
        .sort("searchers", "community", descending=[True, False])
        .head(MOST_TOPICS)
        .select("community", topic=pl.int_range(1, pl.len() + 1, dtype=pl.Int32))
    )
    weights = of_queries.group_by("id").agg(pl.col("weight").first())
    return (
        pl.concat([found, alone])
        .join(largest, on="community", how="left")
        .with_columns(
            pl.col("topic").fill_null(NO_TOPIC),
            is_query=pl.col("id").is_in(queries["query_id"].implode()),
        )
        .join(weights, on="id", how="left")
        .select("id", "is_query", "topic", pl.col("weight").fill_null(1.0))
        .sort("id")
    )


def topics_of(queries: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The topics of different queries.

    Args:
        queries: `query_id`, `query`, each once.
        known: `topics`.

    Returns:
        `query_id`, `topic` of each; `NO_TOPIC` where neither the query nor a word of it is known.
    """
    of_queries = known.filter("is_query").select("id", "topic")
    told = queries.select("query_id").join(
        of_queries, left_on="query_id", right_on="id", how="left"
    )
    is_new = told["topic"].is_null()
    votes = (
        _words(queries.filter(is_new))
        .join(known.filter(~pl.col("is_query")).select("id", "topic", "weight"), on="id")
        .filter(pl.col("topic") != NO_TOPIC)
        .group_by("query_id", "topic")
        .agg(pl.col("weight").sum())
        .sort("weight", "topic", descending=[True, False])
        .unique("query_id", keep="first", maintain_order=True)
        .select("query_id", by_words="topic")
    )
    return told.join(votes, on="query_id", how="left").select(
        "query_id", topic=pl.coalesce("topic", "by_words").fill_null(NO_TOPIC)
    )


def matched(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Which topics of other weeks are which of now: most of their queries are in it.

    Args:
        before: `topics` of another time.
        now: `topics`.

    Returns:
        `topic` (of before), `becomes`; without those of which nothing is left.
    """
    of_now = now.filter("is_query").select("id", becomes="topic")
    return (
        before.filter(pl.col("is_query") & (pl.col("topic") != NO_TOPIC))
        .join(of_now, on="id")
        .group_by("topic", "becomes")
        .len()
        .sort("len", "becomes", descending=[True, False])
        .unique("topic", keep="first", maintain_order=True)
        .select("topic", "becomes")
        .sort("topic")
    )


def _words(queries: pl.DataFrame) -> pl.DataFrame:
    """`query_id`, `id` of each word of a query and of what its spellings have in common."""
    words = (
        queries.select("query_id", word=pl.col("query").str.split(" "))
        .explode("word", empty_as_null=False)
        .unique(maintain_order=True)
    )
    # Not the id of the query that is this word alone: words are nodes of their own.
    of_words = words.select("query_id", id=ids("word " + words["word"]), is_word=True)
    spelling = ids("spelling " + variant_keys(queries["query"]))
    return pl.concat([of_words, queries.select("query_id", id=spelling, is_word=False)])


def _useful(words: pl.DataFrame, queries: int) -> pl.DataFrame:
    """Spellings, and words that do not stand in very many queries, with what they weigh."""
    most = max(20.0, queries * _COMMON)
    number = pl.col("len").cast(pl.Float64)
    useful = (
        words.group_by("id", "is_word")
        .len()
        .filter(~pl.col("is_word") | (pl.col("len") <= most))
        .select(
            "id",
            is_shared=pl.col("len") > 1,
            weight=pl.when("is_word").then(1 / (1 + number.log())).otherwise(_SAME_SPELLING),
        )
    )
    return words.join(useful, on="id").sort("query_id", "id")


def _sessions(pairs: pl.LazyFrame, queries: pl.DataFrame) -> pl.DataFrame:
    """`one`, `other`, `weight` of queries that stand together more often than by chance."""
    ids_here = queries.lazy().select("query_id")
    summed = (
        pairs.join(ids_here, left_on="first_id", right_on="query_id", how="semi")
        .join(ids_here, left_on="second_id", right_on="query_id", how="semi")
        .select(
            one=pl.min_horizontal("first_id", "second_id"),
            other=pl.max_horizontal("first_id", "second_id"),
            sessions="sessions",
        )
        .group_by("one", "other")
        .agg(pl.col("sessions").sum().cast(pl.Float64))
        .collect()
    )
    is_own = pl.col("one") == pl.col("other")
    own = summed.filter(is_own).select("one", "sessions")
    every = float(own["sessions"].sum()) or 1.0
    together = (
        summed.filter(~is_own)
        .join(own.rename({"sessions": "of_one"}), on="one")
        .join(own.select(other="one", of_other="sessions"), on="other")
    )
    by_chance = pl.col("of_one") * pl.col("of_other") / every
    common = (pl.col("of_one") * pl.col("of_other")).sqrt().log1p()
    return (
        together.filter(pl.col("sessions") > _BEYOND_CHANCE * by_chance)
        .with_columns(weight=(pl.col("sessions") - 1 + _ONE_SESSION) / common)
        .sort("one", "other")
    )


def require_leiden() -> None:
    """Raise where what finds communities is not installed.

    Raises:
        InvalidParameterError: it is not.
    """
    _leiden()


def _leiden() -> Callable[..., tuple[float, dict[int, int]]]:
    try:  # here: only who asks for topics needs it
        from graspologic_native import leiden_csr
    except ImportError:
        raise InvalidParameterError(
            "topics need graspologic-native: pip install 'silgeom[people]'"
        ) from None
    found: Callable[..., tuple[float, dict[int, int]]] = leiden_csr
    return found


def _communities(edges: pl.DataFrame, names: pl.Series) -> pl.Series:
    """The community of each node; `names` rise."""
    leiden_csr = _leiden()
    numbered = pl.DataFrame({"id": names}).with_row_index("node").cast({"node": pl.Int64})
    one, other = (
        edges.select(id=name)
        .join(numbered, on="id", how="left", maintain_order="left")["node"]
        .to_numpy()
        for name in ("one", "other")
    )
    weight = edges["weight"].to_numpy()
    begin, end = np.concatenate([one, other]), np.concatenate([other, one])
    order = np.lexsort((end, begin))
    begin, end, weight = begin[order], end[order], np.concatenate([weight, weight])[order]
    places = np.searchsorted(begin, np.arange(len(names) + 1)).astype(np.int64)
    if not len(begin):
        return pl.Series(np.arange(len(names)))
    _, found = leiden_csr(
        places,
        end.astype(np.int32),
        weight,
        len(names),
        resolution=_RESOLUTION,
        iterations=_ITERATIONS,
        seed=_SEED,
    )
    community = np.full(len(names), -1, dtype=np.int64)
    community[np.fromiter(found.keys(), np.int64)] = np.fromiter(found.values(), np.int64)
    alone = np.flatnonzero(community < 0)
    community[alone] = len(names) + alone
    return pl.Series(community)
