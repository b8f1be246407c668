"""The texts of queries: counts carry ids alone, and what survives gets its text back here."""

import polars as pl


def names_of(ids: pl.Series, names: pl.LazyFrame) -> pl.DataFrame:
    """The texts of some queries, one row each, by id.

    Args:
        ids: of queries.
        names: `query_id`, `query`, `surface`, `variant_id`; several rows a query (of several days)
            are allowed.

    Returns:
        `query_id`, `query`, `surface` (the one in most rows, of equals the least) and
        `variant_id`, equal for spacing and punctuation variants of one query. An id without a
        name is left out.
    """
    rows = (
        names.select("query_id", "query", "surface", "variant_id")
        # No join: of the others no texts are read then.
        .filter(pl.col("query_id").is_in(ids.unique().implode()))
        .group_by("query_id", "surface")
        .agg(pl.len().alias("rows"), pl.col("query", "variant_id").first())
        .collect()
    )
    return (
        rows.sort("query_id", "rows", "surface", descending=[False, True, False])
        .unique("query_id", keep="first", maintain_order=True)
        .select("query_id", "query", "surface", "variant_id")
    )


def forms_of(variants: pl.DataFrame, counts: pl.LazyFrame) -> pl.DataFrame:
    """The form of each keyword that most people typed, day by day.

    Args:
        variants: `variant_id` of keywords, each once.
        counts: `DAILY_COUNTS` of any number of days.

    Returns:
        `variant_id`, `query` and `surface`.
    """
    forms = (
        counts.filter(pl.col("variant_id").is_in(variants["variant_id"].implode()))
        .group_by("variant_id", "query", "surface")
        .agg(pl.col("searchers").sum())
        .collect()
    )
    of_query = pl.col("searchers").sum().over("variant_id", "query")
    order = ["variant_id", "of_query", "query", "searchers", "surface"]
    best = forms.with_columns(of_query=of_query).sort(
        order, descending=[False, True, False, True, False]
    )
    first = best.unique("variant_id", keep="first", maintain_order=True)
    return first.select("variant_id", "query", "surface")
