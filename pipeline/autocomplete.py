"""Autocomplete: what most people, and lately, went on to type after a prefix."""

import unicodedata
from collections.abc import Collection
from datetime import date
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from pipeline.contracts import conform
from pipeline.errors import InvalidParameterError
from pipeline.people import different_people
from pipeline.ranking import with_top_ranks
from pipeline.schemas import AUTOCOMPLETE, DAILY_COUNTS
from pipeline.text import variant_key
from pipeline.windows import WEIGHT_UNIT, decayed

_DATED_COUNTS: Final = StructType([StructField("dt", StringType()), *DAILY_COUNTS])


def completions(
    daily_counts: DataFrame,
    *,
    as_of: date,
    half_life_days: float = 14.0,
    min_searchers: int = 5,
    per_prefix: int = 10,
    max_prefix: int = 20,
    blocked: Collection[str] = (),
) -> DataFrame:
    """Rank the completions of every prefix by searcher-days, recent days counting for more.

    A searcher-day is one person who typed the query on one day; it weighs 2^(-age / half-life).
    Spacing and punctuation variants of one query are one completion, shown as most people typed
    the heaviest of them.

    Args:
        daily_counts: `dt` (YYYY-MM-DD) and `DAILY_COUNTS`; days after `as_of` are ignored.
        as_of: the last day that counts, of age 0.
        half_life_days: above 0.
        min_searchers: different people who must have typed the query, whatever its spacing.
        per_prefix: completions of a prefix.
        max_prefix: the longest prefix, in characters.
        blocked: words that no completion may contain. Spaces do not hide them, and they match
            within words, as Korean compounds have no boundaries.

    Returns:
        `AUTOCOMPLETE`; of equal weights more people first, then by text. Prefixes are of the
        normalised query, up to the whole of it, and none ends with a space.

    Raises:
        InvalidParameterError: a parameter is out of its range, or a blocked word is blank.
        SchemaMismatchError: `daily_counts` lacks a column.
    """
    _require_ranges(half_life_days, min_searchers, per_prefix, max_prefix, blocked)
    counts = conform(daily_counts, _DATED_COUNTS, "daily counts").where(
        F.col("dt") <= F.lit(as_of.isoformat())
    )
    queries = _weighed(counts, as_of, half_life_days)
    groups = _merged_variants(queries, min_searchers)
    if blocked:
        groups = groups.where(~_contains_any(F.col("key"), blocked))
    shown = _with_people(groups, counts).where(F.col("searchers") >= min_searchers)
    ranked = with_top_ranks(
        _with_prefixes(shown, max_prefix),
        per=["prefix"],
        best_first=[F.desc("weight"), F.desc("searchers"), F.asc("query")],
        limit=per_prefix,
    ).withColumn("key_kind", F.lit("text"))
    return conform(ranked, AUTOCOMPLETE, "completions")


def _require_ranges(
    half_life_days: float,
    min_searchers: int,
    per_prefix: int,
    max_prefix: int,
    blocked: Collection[str],
) -> None:
    if half_life_days <= 0:
        raise InvalidParameterError(f"half_life_days must be above 0, got {half_life_days}")
    for name, value in [
        ("min_searchers", min_searchers),
        ("per_prefix", per_prefix),
        ("max_prefix", max_prefix),
    ]:
        if value < 1:
            raise InvalidParameterError(f"{name} must be at least 1, got {value}")
    if any(not word.strip() for word in blocked):
        raise InvalidParameterError("blocked holds a blank word, which every completion contains")


def _weighed(counts: DataFrame, as_of: date, half_life_days: float) -> DataFrame:
    """One row a query: `weight` (in `WEIGHT_UNIT`) and `searcher_days`."""
    age = F.datediff(F.lit(as_of), F.to_date("dt"))
    return counts.groupBy("query_id", "query").agg(
        F.sum(F.col("searchers") * decayed(age, half_life_days)).alias("weight"),
        F.sum("searchers").alias("searcher_days"),
    )


def _merged_variants(queries: DataFrame, min_searchers: int) -> DataFrame:
    """One row a query whatever its spacing, where enough people are possible.

    Returns:
        `key`, `weight`, `query` (of the heaviest form), `query_id` (its) and `form_ids` (of all).
    """
    # The least struct is the heaviest form; of equals the least text.
    form = F.struct((-F.col("weight")).alias("lightness"), "query", "query_id")
    return (
        queries.withColumn("key", variant_key(F.col("query")))
        .groupBy("key")
        .agg(
            F.sum("weight").alias("weight"),
            F.sum("searcher_days").alias("searcher_days"),
            F.min(form).alias("heaviest"),
            F.collect_list("query_id").alias("form_ids"),
        )
        # People are no more than searcher-days: most queries end here, before sketches are read.
        .where(F.col("searcher_days") >= min_searchers)
        .select("key", "weight", "heaviest.query", "heaviest.query_id", "form_ids")
    )


def _with_people(groups: DataFrame, counts: DataFrame) -> DataFrame:
    """Add `searchers`, the different people of all forms, and `completion`, the form shown."""
    forms = groups.select(
        F.col("query_id").alias("shown_id"), F.explode("form_ids").alias("query_id")
    )
    of_forms = counts.join(F.broadcast(forms), on="query_id")
    is_shown = F.col("query_id") == F.col("shown_id")
    people = of_forms.groupBy("shown_id").agg(
        different_people(F.col("searchers_sketch")).alias("searchers")
    )
    surfaces = (
        of_forms.where(is_shown)
        .groupBy("shown_id", "surface")
        .agg(F.sum("searchers").alias("typed"))
        .groupBy("shown_id")
        .agg(F.min(F.struct(-F.col("typed"), "surface"))["surface"].alias("completion"))
    )
    described = people.join(surfaces, on="shown_id").withColumnRenamed("shown_id", "query_id")
    return groups.join(described, on="query_id").withColumn("weight", F.col("weight") / WEIGHT_UNIT)


def _with_prefixes(shown: DataFrame, max_prefix: int) -> DataFrame:
    """Each completion once for each prefix of its query."""
    lengths = F.sequence(F.lit(1), F.least(F.length("query"), F.lit(max_prefix)))
    prefix = F.substring("query", F.lit(1), F.col("length"))
    return (
        shown.withColumn("length", F.explode(lengths))
        .withColumn("prefix", prefix)
        .where(~F.endswith("prefix", F.lit(" ")))
    )


def _contains_any(key: Column, words: Collection[str]) -> Column:
    normal = sorted(unicodedata.normalize("NFC", word).lower() for word in words)
    return F.exists(
        F.array(*[variant_key(F.lit(word)) for word in normal]),
        lambda word: F.contains(key, word),
    )
