"""How many different people typed each keyword on a day, in how many different queries."""

import polars as pl

from pipeline.counting.people import different_people, united
from pipeline.counting.words import PHRASE, keywords_of, tokens_of
from pipeline.language.queries import ids

#: Of the kinds that a keyword has in several queries the first one of these is told.
_KINDS = ("name", "noun", "coined", "word", PHRASE)


def query_keywords(queries: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The keywords of different queries.

    Args:
        queries: `query_id`, `query`, each once.
        known: `words.WORDS` of a period that they lie in.

    Returns:
        `query_id`, `keyword_id`, `keyword`, `kind`, by query; each keyword once a query.
    """
    found = keywords_of(tokens_of(queries), known)
    return found.select(
        "query_id", ids(found["keyword"]).alias("keyword_id"), "keyword", "kind"
    ).sort("query_id", "keyword_id")


def daily_keywords(counts: pl.DataFrame, keywords: pl.DataFrame) -> pl.DataFrame:
    """Count the keywords of a day.

    Args:
        counts: `DAILY_COUNTS` of the day: `query_id`, `searchers_sketch`, `searches`.
        keywords: `query_keywords` of its queries.

    Returns:
        `DAILY_KEYWORDS`, by keyword_id. People are exact up to 1,023 (see people.py).
    """
    rows = keywords.join(counts.select("query_id", "searchers_sketch", "searches"), on="query_id")
    order = pl.col("kind").replace_strict({kind: at for at, kind in enumerate(_KINDS)})
    summed = (
        rows.with_columns(order=order)
        .group_by("keyword_id")
        .agg(
            pl.col("keyword").first(),
            pl.col("kind").sort_by("order").first(),
            pl.col("searches").sum(),
            queries=pl.len().cast(pl.Int64),
        )
    )
    sketches = united(rows.select("keyword_id", "searchers_sketch"), "keyword_id")
    people = different_people(sketches, "keyword_id")
    return (
        summed.join(sketches, on="keyword_id")
        .join(people, on="keyword_id")
        .select(
            "keyword_id",
            "keyword",
            "kind",
            "searchers",
            "searchers_sketch",
            "searches",
            "queries",
        )
        .sort("keyword_id")
    )
