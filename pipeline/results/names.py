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
    wanted = ids.unique().to_frame("query_id").lazy()
    rows = (
        names.select("query_id", "query", "surface", "variant_id")
        .join(wanted, on="query_id", how="semi")
        .group_by("query_id", "surface")
        .agg(pl.len().alias("rows"), pl.col("query", "variant_id").first())
        .collect()
    )
    return (
        rows.sort("query_id", "rows", "surface", descending=[False, True, False])
        .unique("query_id", keep="first", maintain_order=True)
        .select("query_id", "query", "surface", "variant_id")
    )
