"""Related searches: what the same people look for in the same sitting.

Two questions, two figures, since a good test is a poor order:

* Is it an accident? The signed root of the log-likelihood ratio decides what may be shown.
* Is it likely? In how many of a query's sessions the other comes after, or before, which counts
  half, orders what is shown.

A pair that is one query mistyped or spaced otherwise is not related but a correction.
"""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline import limits
from pipeline.contracts import conform
from pipeline.errors import InvalidParameterError
from pipeline.hangul import keystroke_distance, keystrokes, other_keyboard_keystrokes
from pipeline.names import names_of
from pipeline.people import different_people
from pipeline.ranking import with_top_ranks
from pipeline.schemas import DAILY_PAIRS, RELATED
from pipeline.text import variant_key

#: Keys of the longer query that allow one, two and three slips: 날시, four syllables, seven.
SLIP_LENGTHS: Final = (5, 9, 15)

#: What a session counts in which the other query came before, not after.
BEFORE: Final = 0.5

#: One slip more is believed where so much commoner a query ended at least half of the sessions of
#: the rarer one at once: ㄴ라씨 is 날씨 with two keys swapped, which is two slips.
SLIP_ODDS: Final = 10


def related_searches(
    daily_pairs: DataFrame,
    names: DataFrame,
    *,
    min_searchers: int = 5,
    min_significance: float = 2.0,
    top: int = 10,
) -> DataFrame:
    """Rank the queries that are searched in the same sessions as each query.

    Args:
        daily_pairs: `DAILY_PAIRS` of any number of days.
        names: `query_id`, `query`, `surface` of the queries in them; several rows a query are
            allowed, a query without a row is left out.
        min_searchers: different people who must have searched for both in one session.
        min_significance: sigmas below which a pair may be an accident.
        top: related queries and corrections of a query, of each so many.

    Returns:
        `RELATED`. `related`: by `score`, then by how often the other comes after, then by
        significance, then by text; of the variants of one query only the first. `correction`: from
        the rarer form to the commoner, where both differ in spacing or punctuation alone, or by
        few keys or the keyboard's language and most people who had both typed the commoner one
        soon after.

    Raises:
        InvalidParameterError: a parameter is out of its range.
        SchemaMismatchError: `daily_pairs` is no `DAILY_PAIRS`.
    """
    limits.require(min_searchers=min_searchers, top=top)
    if min_significance < 0:
        raise InvalidParameterError(f"min_significance must be 0 or more, got {min_significance}")
    pairs = conform(daily_pairs, DAILY_PAIRS, "daily pairs")
    # No pair has more sessions than its queries (Agrawal and Srikant's Apriori, VLDB 1994): half of
    # the pairs, and nearly all that come once, end here.
    sessions = _sessions_of_queries(pairs).where(F.col("all_sessions") >= min_searchers)
    shared = _shared_sessions(pairs, sessions, min_searchers)
    tested = _tested(shared, pairs).where(F.col("significance") >= min_significance)
    directed = _directed(_named(tested, names))
    best_first = [
        F.desc("score"),
        F.desc("next_probability"),
        F.desc("significance"),
        F.asc("related_query"),
    ]
    one_of_variants = with_top_ranks(
        # Brought together once for both rankings.
        directed.repartition("query_id"),
        per=["query_id", "kind", "related_variant_id"],
        best_first=best_first,
        limit=1,
    ).drop("rank")
    ranked = with_top_ranks(
        one_of_variants, per=["query_id", "kind"], best_first=best_first, limit=top
    )
    return conform(ranked, RELATED, "related searches")


def log_likelihood_ratio(k11: Column, k12: Column, k21: Column, k22: Column) -> Column:
    """Dunning's log-likelihood ratio of a 2 × 2 table of counts (Computational Linguistics 19, 1).

    2 (H(rows) + H(columns) - H(all)), where H(k…) = xlogx(Σk) - Σ xlogx(k).

    Args:
        k11: sessions with both.
        k12: with the first alone.
        k21: with the second alone.
        k22: with neither.
    """
    rows = _unnormalised_entropy(k11 + k12, k21 + k22)
    columns = _unnormalised_entropy(k11 + k21, k12 + k22)
    # Rounding may leave a little less than nothing of independent counts.
    return F.greatest(2 * (rows + columns - _unnormalised_entropy(k11, k12, k21, k22)), F.lit(0.0))


def significance(k11: Column, k12: Column, k21: Column, k22: Column) -> Column:
    """The signed root of the log-likelihood ratio: negative where both are rarer than by chance."""
    root = F.sqrt(log_likelihood_ratio(k11, k12, k21, k22))
    # k11 / (k11 + k12) < k21 / (k21 + k22), without dividing by nothing.
    return F.when(k11 * (k21 + k22) < k21 * (k11 + k12), -root).otherwise(root)


def _unnormalised_entropy(*counts: Column) -> Column:
    total = sum(counts[1:], counts[0])
    return _xlogx(total) - sum((_xlogx(count) for count in counts[1:]), _xlogx(counts[0]))


def _xlogx(count: Column) -> Column:
    return F.when(count > 0, count * F.log(count)).otherwise(0.0)


def _sessions_of_queries(pairs: DataFrame) -> DataFrame:
    """`query_id` and `all_sessions`."""
    alone = pairs.where(F.col("first_id") == F.col("second_id"))
    return alone.groupBy(F.col("first_id").alias("query_id")).agg(
        F.sum("sessions").alias("all_sessions")
    )


def _shared_sessions(pairs: DataFrame, sessions: DataFrame, min_searchers: int) -> DataFrame:
    """The pairs of two different queries, in any order, that enough people searched for.

    Args:
        pairs: `DAILY_PAIRS`.
        sessions: `query_id` and `all_sessions` of the queries that may be in one.
        min_searchers: different people.

    Returns:
        `low`, `high` (query ids), `low_sessions`, `high_sessions` (all of each), `sessions`,
        `high_after`, `low_after`, `high_soon`, `low_soon`, `searchers`.
    """
    unordered = pairs.where(F.col("first_id") != F.col("second_id")).select(
        F.least("first_id", "second_id").alias("low"),
        F.greatest("first_id", "second_id").alias("high"),
        (F.col("first_id") < F.col("second_id")).alias("is_rising"),
        "sessions",
        "soon",
        "searchers_sketch",
    )
    of_both = unordered.join(F.broadcast(sessions.toDF("low", "low_sessions")), on="low").join(
        F.broadcast(sessions.toDF("high", "high_sessions")), on="high"
    )
    is_rising = F.col("is_rising")
    counted = (
        of_both.groupBy("low", "high")
        .agg(
            # The same in all rows: the sessions of queries are looked up once.
            F.max("low_sessions").alias("low_sessions"),
            F.max("high_sessions").alias("high_sessions"),
            F.sum("sessions").alias("sessions"),
            F.sum(F.when(is_rising, F.col("sessions")).otherwise(0)).alias("high_after"),
            F.sum(F.when(~is_rising, F.col("sessions")).otherwise(0)).alias("low_after"),
            F.sum(F.when(is_rising, F.col("soon")).otherwise(0)).alias("high_soon"),
            F.sum(F.when(~is_rising, F.col("soon")).otherwise(0)).alias("low_soon"),
        )
        .where(F.col("sessions") >= min_searchers)
    )
    # Sketches are dear: only those of pairs with enough sessions are united.
    return (
        unordered.select("low", "high", "searchers_sketch")
        .join(F.broadcast(counted), on=["low", "high"])
        .groupBy(counted.columns)
        .agg(different_people(F.col("searchers_sketch")).alias("searchers"))
        .where(F.col("searchers") >= min_searchers)
    )


def _tested(shared: DataFrame, pairs: DataFrame) -> DataFrame:
    """Add `significance`."""
    total = pairs.where(F.col("first_id") == F.col("second_id")).agg(F.sum("opened").alias("total"))
    joined = shared.crossJoin(F.broadcast(total))
    both, low, high = F.col("sessions"), F.col("low_sessions"), F.col("high_sessions")
    neither = F.col("total") - low - high + both
    return joined.withColumn("significance", significance(both, low - both, high - both, neither))


def _named(tested: DataFrame, names: DataFrame) -> DataFrame:
    """Add both texts and `wrong_id`, the one of the two that the other corrects (null: neither)."""
    ids = tested.select(F.explode(F.array("low", "high")).alias("query_id")).distinct()
    texts = names_of(ids, names).withColumn("letters", variant_key(F.col("query")))
    keyed = texts.select(
        "query_id",
        F.struct(
            "query",
            "surface",
            "variant_id",
            keystrokes(F.col("letters")).alias("keys"),
            other_keyboard_keystrokes(F.col("letters")).alias("other_keys"),
        ).alias("text"),
    )
    named = tested.join(keyed.toDF("low", "low_text"), on="low").join(
        keyed.toDF("high", "high_text"), on="high"
    )
    low, high = F.col("low_text"), F.col("high_text")
    low_sessions, high_sessions = F.col("low_sessions"), F.col("high_sessions")
    is_variant = low["variant_id"] == high["variant_id"]
    low_is_rarer = (low_sessions < high_sessions) | (
        (low_sessions == high_sessions) & (low["query"] > high["query"])
    )
    corrected_soon = F.when(low_is_rarer, F.col("high_soon")).otherwise(F.col("low_soon"))
    rarer = F.least(low_sessions, high_sessions)
    is_plain = (corrected_soon >= rarer / 2) & (
        F.greatest(low_sessions, high_sessions) >= SLIP_ODDS * rarer
    )
    is_slip = _slips(low, high) <= _slips_allowed(low, high) + is_plain.cast("int")
    is_correction = is_variant | (is_slip & (corrected_soon >= F.col("sessions") / 2))
    return named.withColumn(
        "wrong_id",
        F.when(is_correction, F.when(low_is_rarer, F.col("low")).otherwise(F.col("high"))),
    )


def _slips(one: Column, other: Column) -> Column:
    """Keys between two queries, as typed or on the keyboard's other language; null: too many."""
    return F.least(  # of those that are small enough to be told
        *[
            keystroke_distance(left, right, at_most=len(SLIP_LENGTHS))
            for left, right in [
                (one["keys"], other["keys"]),
                (one["other_keys"], other["keys"]),
                (one["keys"], other["other_keys"]),
            ]
        ]
    )


def _slips_allowed(one: Column, other: Column) -> Column:
    keys = F.greatest(F.length(one["keys"]), F.length(other["keys"]))
    return sum((F.when(keys >= length, 1).otherwise(0) for length in SLIP_LENGTHS), F.lit(0))


def _directed(named: DataFrame) -> DataFrame:
    """Each pair seen from each of its queries; a correction only from the wrong one."""

    def seen_from(one: str, other: str) -> Column:
        return F.struct(
            F.col(one).alias("query_id"),
            F.col(f"{one}_text.query").alias("query"),
            F.col(f"{other}_text.query").alias("related_query"),
            F.col(f"{other}_text.surface").alias("related_surface"),
            F.col(f"{other}_text.variant_id").alias("related_variant_id"),
            _predictiveness(F.col(f"{other}_after"), F.col("sessions"), F.col(f"{one}_sessions")),
            (F.col(f"{other}_after") / F.col(f"{one}_sessions")).alias("next_probability"),
        )

    both_ways = named.select(
        "wrong_id",
        "sessions",
        "searchers",
        "significance",
        F.explode(F.array(seen_from("low", "high"), seen_from("high", "low"))).alias("seen"),
    ).select("wrong_id", "sessions", "searchers", "significance", "seen.*")
    kind = F.when(F.col("wrong_id").isNull(), "related").otherwise("correction")
    return both_ways.where(
        F.col("wrong_id").isNull() | (F.col("wrong_id") == F.col("query_id"))
    ).withColumn("kind", kind)


def _predictiveness(after: Column, both: Column, of_query: Column) -> Column:
    """The share of a query's sessions with the other one; those where it came before count half.

    That share, in either order, predicts the next query better than P(next | query) of the
    query-flow graph (Boldi and others, CIKM 2008), whose counts are few; this, better than both.
    """
    return ((after + (both - after) * BEFORE) / of_query).alias("score")
