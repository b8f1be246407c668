"""Keywords that lead to the same addresses.

A cosine over the addresses that people click for each keyword, every address as heavy as it is rare
among keywords (the click graph of Beeferman and Berger, KDD 2000; weighted by inverse query
frequency as in Deng, King and Lyu, SIGIR 2009).
"""

from typing import Final

import polars as pl

from pipeline import limits
from pipeline.columns import CO_CLICKED
from pipeline.counting.people import different_people, likely
from pipeline.results.names import forms_of

#: An address that more keywords lead to, and more than this share of all, is a hub: the page that
#: everybody goes to next says nothing of what was searched for.
HUB_KEYWORDS: Final = 20
HUB_SHARE: Final = 0.02
#: Below this cosine two keywords lead to different places.
LEAST_COSINE: Final = 0.1
#: Rows of a keyword.
TOP: Final = 20
#: Digits of a cosine: its last bits depend on the order of sums.
DIGITS: Final = 6


def co_clicked(
    daily_addresses: pl.LazyFrame, daily_counts: pl.LazyFrame, *, min_searchers: int = 5
) -> pl.DataFrame:
    """Tell which keywords lead to the same addresses.

    Spellings of one keyword are one. An address counts for a keyword that `min_searchers` different
    people clicked it for: nothing here is what fewer of them did.

    Args:
        daily_addresses: `DAILY_ADDRESSES` of any number of days.
        daily_counts: `DAILY_COUNTS` of these days.
        min_searchers: different people.

    Returns:
        `CO_CLICKED`, by keyword and rank.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(min_searchers=min_searchers)
    edges = clicked_addresses(daily_addresses, daily_counts, min_searchers=min_searchers)
    keywords = edges["variant_id"].n_unique()
    leading = pl.len().over("address_id")
    weighed = edges.with_columns(
        leading=leading,
        weight=pl.col("people").log1p() * (1 + keywords / leading).log(),
    )
    length = weighed.group_by("variant_id").agg(length=(pl.col("weight") ** 2).sum().sqrt())
    is_hub = (pl.col("leading") > HUB_KEYWORDS) & (pl.col("leading") > HUB_SHARE * keywords)
    sides = weighed.filter(~is_hub).join(length, on="variant_id")
    sides = sides.select("address_id", "variant_id", share=pl.col("weight") / pl.col("length"))
    pairs = (
        sides.join(sides, on="address_id", suffix="_other")
        .filter(pl.col("variant_id") != pl.col("variant_id_other"))
        .group_by("variant_id", "variant_id_other")
        .agg(
            score=(pl.col("share") * pl.col("share_other")).sort().sum().round(DIGITS),
            addresses=pl.len().cast(pl.Int32),
        )
        .filter(pl.col("score") >= LEAST_COSINE)
    )
    names = forms_of(pairs.select("variant_id").unique(), daily_counts)
    others = names.rename({name: f"{name}_other" for name in names.columns})
    told = pairs.join(names, on="variant_id").join(others, on="variant_id_other")
    ordered = told.sort("query", "score", "query_other", descending=[False, True, False])
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("query")
    return (
        ordered.with_columns(
            rank=rank, co_clicked_query="query_other", co_clicked_surface="surface_other"
        )
        .filter(pl.col("rank") <= TOP)
        .select(*CO_CLICKED)
    )


def clicked_hosts(
    daily_addresses: pl.LazyFrame, daily_counts: pl.LazyFrame, *, min_searchers: int
) -> pl.DataFrame:
    """`query` (a keyword in its commonest form), `host`, `people`: of `clicked_addresses`."""
    edges = clicked_addresses(daily_addresses, daily_counts, min_searchers=min_searchers)
    by_host = edges.group_by("variant_id", "host").agg(pl.col("people").sum())
    names = forms_of(by_host.select("variant_id").unique(), daily_counts)
    return by_host.join(names, on="variant_id").select("query", "host", "people")


def clicked_addresses(
    daily_addresses: pl.LazyFrame, daily_counts: pl.LazyFrame, *, min_searchers: int
) -> pl.DataFrame:
    """The addresses that enough people clicked for a keyword.

    Args:
        daily_addresses: `DAILY_ADDRESSES` of any number of days.
        daily_counts: `DAILY_COUNTS` of these days.
        min_searchers: different people who clicked an address for a keyword.

    Returns:
        `variant_id`, `address_id`, `host`, `people` (different ones).
    """
    # Who clicks has searched: of what too few searched for no click is looked at.
    is_likely = likely(daily_counts, "variant_id", min_searchers)
    variants = daily_counts.filter(is_likely).select("query_id", "variant_id").unique()
    # Collected: it is needed twice, and the plan would read all counts each time.
    clicks = daily_addresses.join(variants.collect().lazy(), on="query_id")
    key = ["variant_id", "address_id"]
    possible = (
        clicks.group_by(key)
        .agg(pl.col("host").min(), times=pl.col("searchers_sketch").list.len().sum())
        .filter(pl.col("times") >= min_searchers)
        .sort(key)
        .collect()
        .with_row_index("edge")
        .cast({"edge": pl.Int64})
    )
    sketches = clicks.join(possible.lazy(), on=key).select("edge", "searchers_sketch").collect()
    people = different_people(sketches, "edge", at_least=min_searchers)
    return possible.join(people, on="edge").select(*key, "host", people="searchers")
