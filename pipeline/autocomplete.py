"""Autocomplete: what most people, and lately, went on to type after a prefix."""

from collections.abc import Collection
from datetime import date
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from pipeline import limits
from pipeline.contracts import conform
from pipeline.errors import InvalidParameterError
from pipeline.hangul import (
    choseong,
    keystrokes,
    other_keyboard_keystrokes,
    without_shift,
)
from pipeline.people import different_people
from pipeline.ranking import with_top_ranks
from pipeline.schemas import AUTOCOMPLETE, DAILY_COUNTS
from pipeline.text import endings, variant_key
from pipeline.windows import WEIGHT_UNIT, decayed
from silgeom.text import normalized_query

#: So much heavier must a completion be for another to count as a slip of it.
SLIP_ODDS: Final = 10

#: The choseong of a query that begins with Hangul, down to a loose vowel, which is no initial.
_INITIALS: Final = "^[ㄱ-ㅎ][^ㅏ-ㅣ]*"

#: Stands for a space where keys are made, which have none. Normalised queries have no controls.
_WORD_END: Final = "\x1f"

#: English letters that the two-set keyboard would make whole syllables of.
_SYLLABLES_IN_LATIN: Final = (
    r"^(?:[qwertasdfgzxcv][yuiophjklbnm]{1,2}[qwertasdfgzxcv]{0,2}[ 0-9]*)+\z"
)

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
    the heaviest of them. What is plainly a slip of a completion `SLIP_ODDS` times as heavy is none.

    Most of what people type was typed by nobody before; its last words were. The kind `tail` has
    the endings of queries, for a look-up to complete the last words of what is in the box.

    Args:
        daily_counts: `dt` (YYYY-MM-DD) and `DAILY_COUNTS`; days after `as_of` are ignored.
        as_of: the last day that counts, of age 0.
        half_life_days: above 0.
        min_searchers: different people who must have typed the query, whatever its spacing.
        per_prefix: completions of a prefix.
        max_prefix: the longest prefix, in keys.
        blocked: words that no completion may contain. Spaces do not hide them, and they match
            within words, as Korean compounds have no boundaries.

    Returns:
        `AUTOCOMPLETE`; of equal weights more people first, then by text. Prefixes are of the keys
        of the normalised query, up to the whole of it (`pipeline.hangul`): of its `keystrokes`,
        of its `choseong` where it begins with Hangul, and of the keystrokes of its endings
        (`tail`). A prefix that ends with a space is completed by what has a new word there.

    Raises:
        InvalidParameterError: a parameter is out of its range, or a blocked word is blank.
        SchemaMismatchError: `daily_counts` lacks a column.
    """
    _require_ranges(half_life_days, min_searchers, per_prefix, max_prefix, blocked)
    counts = conform(daily_counts, _DATED_COUNTS, "daily counts").where(
        F.col("dt") <= F.lit(as_of.isoformat())
    )
    if blocked:
        counts = counts.where(~_contains_any(variant_key(F.col("query")), blocked))
    weight = F.col("searchers") * decayed(F.datediff(F.lit(as_of), F.to_date("dt")), half_life_days)
    weighed = counts.withColumn("weight", weight)
    shown = _variants(weighed, min_searchers)
    whole = _without_slips(shown.withColumn("keys", keystrokes(F.col("query"))))
    tails = _tails(weighed, min_searchers)
    ranked = with_top_ranks(
        _with_prefixes(whole.select(tails.columns), tails, max_prefix),
        per=["key_kind", "prefix"],
        best_first=[F.desc("weight"), F.desc("searchers"), F.asc("query")],
        limit=per_prefix,
    )
    return conform(ranked, AUTOCOMPLETE, "completions")


def _require_ranges(
    half_life_days: float,
    min_searchers: int,
    per_prefix: int,
    max_prefix: int,
    blocked: Collection[str],
) -> None:
    limits.require(
        half_life_days=half_life_days,
        min_searchers=min_searchers,
        per_prefix=per_prefix,
        max_prefix=max_prefix,
    )
    if any(not word.strip() for word in blocked):
        raise InvalidParameterError("blocked holds a blank word, which every completion contains")


def _variants(weighed: DataFrame, min_searchers: int) -> DataFrame:
    """What enough people typed, whatever its spacing: one row for all forms of a query.

    Returns:
        `variant_id`, `query` (the heaviest form, of equals the least text), `completion` (how most
        people typed that), `weight` (searcher-days) and `searchers`, the different people.
    """
    possible = (
        weighed.groupBy("variant_id")
        .agg(F.sum("weight").alias("variant_weight"), F.sum("searchers").alias("searcher_days"))
        # People are no more than searcher-days: most queries end here, before texts and sketches
        # are read.
        .where(F.col("searcher_days") >= min_searchers)
        .drop("searcher_days")
    )
    # Brought together once, for all that is asked of them.
    forms = (
        weighed.select("variant_id", "query", "surface", "weight", "searchers", "searchers_sketch")
        .join(F.broadcast(possible), on="variant_id")
        .repartition("variant_id")
    )
    people = (
        forms.groupBy("variant_id", "variant_weight")
        .agg(different_people(F.col("searchers_sketch")).alias("searchers"))
        .where(F.col("searchers") >= min_searchers)
    )
    heaviest = (
        forms.groupBy("variant_id", "query", "surface")
        .agg(F.sum("weight").alias("weight"), (-F.sum("searchers")).alias("fewness"))
        .groupBy("variant_id", "query")
        .agg(
            (-F.sum("weight")).alias("lightness"), F.min(F.struct("fewness", "surface"))["surface"]
        )
        .toDF("variant_id", "query", "lightness", "surface")
        .groupBy("variant_id")
        .agg(F.min(F.struct("lightness", "query", "surface")).alias("form"))
    )
    return people.join(heaviest, on="variant_id").select(
        "variant_id",
        "form.query",
        F.col("form.surface").alias("completion"),
        (F.col("variant_weight") / WEIGHT_UNIT).alias("weight"),
        "searchers",
    )


def _without_slips(shown: DataFrame) -> DataFrame:
    """Leave out what can only be a slip, by its shape and by the weight of what was meant.

    A shape that nobody means is a loose jamo beside a syllable (날ㄹ씨, 나ㄹ씨), or a text that the
    other keyboard turns into another completion. Slips of whole syllables (날시) stay: without the
    sessions, nothing tells them from 배우 beside 배구.
    """
    keys = F.col("keys")
    own = F.array(F.struct(without_shift(keys).alias("meant"), F.lit(False).alias("is_guess")))
    guesses = F.transform(
        _keys_meant(F.col("query"), keys),
        lambda meant: F.struct(meant.alias("meant"), F.lit(True).alias("is_guess")),
    )
    claims = shown.withColumn("claim", F.explode(F.concat(own, guesses))).select("*", "claim.*")
    heaviest = F.max(F.when(~F.col("is_guess"), F.col("weight"))).over(Window.partitionBy("meant"))
    is_slip = F.col("is_guess") & (heaviest >= SLIP_ODDS * F.col("weight"))
    judged = claims.withColumn("is_slip", F.coalesce(is_slip, F.lit(False)))
    of_query = Window.partitionBy("variant_id")
    return (
        judged.withColumn("is_slip", F.max("is_slip").over(of_query))
        .where(~F.col("is_guess") & ~F.col("is_slip"))
        .select(*shown.columns)
    )


def _keys_meant(query: Column, keys: Column) -> Column:
    """What may have been meant by a query of a suspicious shape: keys without shift."""
    places = F.sequence(F.lit(1), F.length(keys))

    def one_key_less(place: Column) -> Column:
        return F.concat(F.substring(keys, F.lit(1), place - 1), F.substr(keys, place + 1))

    def two_keys_swapped(place: Column) -> Column:
        return F.concat(
            F.substring(keys, F.lit(1), place - 1),
            F.substr(keys, place + 1, F.lit(1)),
            F.substr(keys, place, F.lit(1)),
            F.substr(keys, place + 2),
        )

    typed_otherwise = F.concat(
        F.array(keys), F.transform(places, one_key_less), F.transform(places, two_keys_swapped)
    )
    on_other_keyboard = other_keyboard_keystrokes(keys)
    is_torn = query.rlike("[가-힣]") & query.rlike("[ㄱ-ㅣ]")
    meant = F.when(is_torn, F.array_append(typed_otherwise, on_other_keyboard)).when(
        query.rlike("[ㄱ-ㅣ]") | query.rlike(_SYLLABLES_IN_LATIN), F.array(on_other_keyboard)
    )
    nothing = F.array().cast("array<string>")
    return F.transform(F.coalesce(meant, nothing), without_shift)


def _tails(weighed: DataFrame, min_searchers: int) -> DataFrame:
    """The endings of enough people's queries: `query`, `completion`, `searchers`, `weight`."""
    of_ending = weighed.select(
        F.explode("ending_ids").alias("ending_id"),
        "query_id",
        "weight",
        "searchers",
        "searchers_sketch",
    )
    possible = (
        of_ending.groupBy("ending_id")
        .agg(
            F.sum("weight").alias("weight"),
            F.sum("searchers").alias("searcher_days"),
            F.min("query_id").alias("query_id"),  # any query that ends so
        )
        # As with whole queries, most end here, before sketches and texts are read.
        .where(F.col("searcher_days") >= min_searchers)
    )
    people = (
        of_ending.select("ending_id", "searchers_sketch")
        .join(F.broadcast(possible.select("ending_id")), on="ending_id")
        .groupBy("ending_id")
        .agg(different_people(F.col("searchers_sketch")).alias("searchers"))
        .where(F.col("searchers") >= min_searchers)
    )
    shown = possible.join(people, on="ending_id")
    texts = weighed.select("query_id", "query").join(
        F.broadcast(shown.select("query_id")), on="query_id", how="left_semi"
    )
    ending = F.filter(endings(F.col("query")), lambda each: F.xxhash64(each) == F.col("ending_id"))
    return (
        shown.join(texts.distinct(), on="query_id")
        .withColumn("query", ending[0])
        .select(
            "query",
            F.col("query").alias("completion"),
            "searchers",
            (F.col("weight") / WEIGHT_UNIT).alias("weight"),
        )
    )


def _with_prefixes(whole: DataFrame, tails: DataFrame, max_prefix: int) -> DataFrame:
    """Each completion once for each prefix of each of its keys: `key_kind` and `prefix`."""
    kind = F.col("key_kind")
    # Keys are made in one place for all: what makes them is a large literal, dear to plan.
    worded = (
        whole.withColumn("key_kind", F.lit("keystrokes"))
        .unionByName(tails.withColumn("key_kind", F.lit("tail")))
        .withColumn("words", _word_keys(F.col("query")))
        .withColumn("keys", F.array_join("words", ""))
    )
    initials = F.when(
        kind == "keystrokes", F.regexp_extract(choseong(F.col("query")), _INITIALS, 0)
    ).otherwise("")
    keyed = worded.withColumn("initials", initials).withColumn(
        "key",
        F.explode(
            F.concat(
                _prefixes(kind, F.col("keys"), max_prefix),
                _word_prefixes(kind, F.col("words"), max_prefix),
                _prefixes(F.lit("choseong"), F.col("initials"), max_prefix),
            )
        ),
    )
    return keyed.select("query", "completion", "searchers", "weight", "key.*")


def _word_keys(query: Column) -> Column:
    """The keystrokes of each word."""
    return F.split(keystrokes(F.replace(query, F.lit(" "), F.lit(_WORD_END))), _WORD_END)


def _prefixes(kind: Column, key: Column, max_prefix: int) -> Column:
    lengths = F.sequence(F.lit(1), F.least(F.length(key), F.lit(max_prefix)), F.lit(1))
    return F.transform(
        F.when(F.length(key) > 0, lengths).otherwise(F.array()),
        lambda length: _prefix(kind, F.substring(key, F.lit(1), length)),
    )


def _word_prefixes(kind: Column, words: Column, max_prefix: int) -> Column:
    """The keys of the first words of a query with a space after: what follows is a new word."""
    counts = F.when(F.size(words) > 1, F.sequence(F.lit(1), F.size(words) - 1)).otherwise(F.array())
    prefixes = F.transform(
        counts,
        lambda count: F.concat(F.array_join(F.slice(words, F.lit(1), count), ""), F.lit(" ")),
    )
    short = F.filter(prefixes, lambda prefix: F.length(prefix) <= max_prefix + 1)
    return F.transform(short, lambda prefix: _prefix(kind, prefix))


def _prefix(kind: Column, prefix: Column) -> Column:
    return F.struct(kind.alias("key_kind"), prefix.alias("prefix"))


def _contains_any(key: Column, words: Collection[str]) -> Column:
    normal = sorted({normalized_query(word) for word in words})
    return F.exists(
        F.array(*[variant_key(F.lit(word)) for word in normal]),
        lambda word: F.contains(key, word),
    )
