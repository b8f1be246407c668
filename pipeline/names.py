"""The texts of queries: counts carry ids alone, and what survives gets its text back here."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.text import variant_id


def names_of(ids: DataFrame, names: DataFrame) -> DataFrame:
    """The texts of the queries in `ids`, one row each.

    Args:
        ids: `query_id`, each once; few enough to be held by every executor.
        names: `query_id`, `query`, `surface`; several rows a query (of several days) are allowed.

    Returns:
        `query_id`, `query`, `surface` (the one in most rows, of equals the least) and
        `variant_id`, equal for spacing and punctuation variants of one query. An id without a
        name is left out.
    """
    wanted = names.join(F.broadcast(ids.select("query_id")), on="query_id", how="left_semi")
    once = wanted.groupBy("query_id", "query").agg(
        F.mode("surface", deterministic=True).alias("surface")
    )
    return once.withColumn("variant_id", variant_id(F.col("query")))
