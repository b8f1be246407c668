"""Keywords of some days: how many people used each word, how that changed, and in which queries.

Words are counted over all queries that hold them, so that what comes in a hundred phrasings is one
row. Numbers of people come from the sketches of days: exact below 1,024.
"""

from typing import Final

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.columns import KEYWORDS
from pipeline.counting.groups import summed
from pipeline.counting.people import different_people, likely, people_of

#: Queries that show how a keyword is used.
EXAMPLES: Final = 3


def keywords_of_days(
    now: pl.LazyFrame,
    before: pl.LazyFrame | None,
    query_keywords: pl.LazyFrame,
    daily_counts: pl.LazyFrame,
    *,
    searches: tuple[int, int],
    min_searchers: int = 5,
) -> pl.DataFrame:
    """Rank the keywords of some days by the people who used them.

    Args:
        now: `DAILY_KEYWORDS` of the days.
        before: of as many days before; None: the log does not reach so far back.
        query_keywords: `QUERY_KEYWORDS` of the days.
        daily_counts: `DAILY_COUNTS` of the days: `query_id`, `query`, `searchers`,
            `searchers_sketch`.
        searches: all searches of the days, and of those before (0 where there are none).
        min_searchers: different people who must have used a keyword, and typed an example.

    Returns:
        `KEYWORDS`, by rank; of equal numbers of people by text.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(min_searchers=min_searchers)
    people = people_of(now, "keyword_id", min_searchers)
    is_found = pl.col("keyword_id").is_in(people["keyword_id"].implode())
    found = _summed(now.filter(is_found)).join(people, on="keyword_id")
    if before is not None and searches[1]:
        previous = people_of(before, "keyword_id", min_searchers)
        previous = previous.rename({"searchers": "previous_searchers"})
        found = found.join(previous, on="keyword_id", how="left")
        # What is not published of the days before still tells how far it rose.
        daily = before.filter(is_found).select("keyword_id", people="searchers").collect()
        unpublished = summed(daily, "keyword_id", "people")
        found = found.join(unpublished, on="keyword_id", how="left").with_columns(
            pl.coalesce(
                "previous_searchers", pl.min_horizontal("people", min_searchers - 1), 0
            ).alias("people")
        )
        now_of, before_of = searches
        ratio = pl.col("previous_searchers") * (now_of / before_of)
        sigmas = _sigmas(found["searchers"].to_numpy(), found["people"].to_numpy(), searches)
        found = found.with_columns(
            change=pl.col("searchers") / ratio - 1, significance=pl.Series(sigmas)
        )
    else:
        found = found.with_columns(
            previous_searchers=pl.lit(None, pl.Int64),
            change=pl.lit(None, pl.Float64),
            significance=pl.lit(None, pl.Float64),
        )
    examples = _examples(found, query_keywords, daily_counts, min_searchers)
    return (
        found.join(examples, on="keyword_id", how="left")
        .sort("searchers", "keyword", descending=[True, False])
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
            examples=pl.col("examples").fill_null(pl.lit([], pl.List(pl.String))),
        )
        .select(*KEYWORDS)
    )


def _summed(keywords: pl.LazyFrame) -> pl.DataFrame:
    """Of several days: the kind that a keyword has on most of them."""
    numbers = pl.col("searches", "queries").sum()
    of_kinds = (
        keywords.group_by("keyword_id", "kind")
        .agg(pl.col("keyword").first(), numbers, pl.len())
        .sort("len", "kind", descending=[True, False])
    )
    return of_kinds.group_by("keyword_id").agg(pl.col("keyword", "kind").first(), numbers).collect()


def _sigmas(now: np.ndarray, before: np.ndarray, searches: tuple[int, int]) -> np.ndarray:
    """The signed root of the log-likelihood ratio of two rates (Dunning, 1993).

    Args:
        now: people of each keyword, above 0.
        before: people of the days before, 0 or more.
        searches: all searches of the days, and of those before, above 0.
    """
    share = searches[0] / (searches[0] + searches[1])
    expected, rest = (now + before) * share, (now + before) * (1 - share)
    of_before = np.where(before > 0, before * np.log(np.maximum(before, 1) / rest), 0.0)
    ratio = 2 * (now * np.log(now / expected) + of_before)
    found: np.ndarray = np.sign(now - expected) * np.sqrt(np.maximum(ratio, 0.0))
    return found


def _examples(
    found: pl.DataFrame,
    query_keywords: pl.LazyFrame,
    daily_counts: pl.LazyFrame,
    min_searchers: int,
) -> pl.DataFrame:
    """`keyword_id`, `examples`: other queries with it, those that most people typed."""
    is_likely = likely(daily_counts, "query_id", min_searchers)
    typed = daily_counts.filter(is_likely).select("query_id", "query", "searchers_sketch").collect()
    people = different_people(typed, "query_id", at_least=min_searchers)
    texts = typed.select("query_id", "query").unique("query_id")
    return (
        query_keywords.select("query_id", "keyword_id")
        .join(people.join(texts, on="query_id").lazy(), on="query_id")
        .unique(["query_id", "keyword_id"])
        .join(found.select("keyword_id", "keyword").lazy(), on="keyword_id")
        # With a space left out it is no other query.
        .filter(_without_spaces("query") != _without_spaces("keyword"))
        .sort("searchers", "query", descending=[True, False])
        .group_by("keyword_id", maintain_order=True)
        .agg(examples=pl.col("query").head(EXAMPLES))
        .collect()
    )


def _without_spaces(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all(" ", "", literal=True)
