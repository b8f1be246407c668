"""Related searches: what the same people look for in the same sitting.

Two questions, two figures, since a good test is a poor order:

* Is it likely? In how many of a query's sessions the other comes after, or before, which counts
  half, orders what is shown.
* Is it an accident? The signed root of the log-likelihood ratio tells. It is no gate: people do go
  from one much used query to the next, which is fewer of them than chance would have, and still the
  most that there are. Who wants topics alone asks for a significance of 2 or more.

A pair that is one query mistyped or spaced otherwise is not related but a correction.
"""

from typing import Final

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.counting.people import different_people
from pipeline.language.keys import keystrokes, other_keyboard_keystrokes
from pipeline.language.queries import variant_keys
from pipeline.results.distances import Distances, keystroke_distances
from pipeline.results.names import names_of

#: Keys of the longer query that allow one, two and three slips: 날시, four syllables, seven.
SLIP_LENGTHS: Final = (5, 9, 15)

#: What a session counts in which the other query came before, not after.
BEFORE: Final = 0.5

#: One slip more is believed where so much commoner a query ended at least half of the sessions of
#: the rarer one at once: ㄴ라씨 is 날씨 with two keys swapped, which is two slips.
SLIP_ODDS: Final = 10

#: The order of related queries, the better first: of equals, the least text.
_BEST_FIRST: Final = ["score", "next_probability", "significance", "related_text"]


def related_searches(
    daily_pairs: pl.LazyFrame,
    names: pl.LazyFrame,
    *,
    min_searchers: int = 5,
    top: int = 10,
) -> pl.DataFrame:
    """Rank the queries that are searched in the same sessions as each query.

    Args:
        daily_pairs: `DAILY_PAIRS` of any number of days.
        names: `query_id`, `query`, `surface`, `variant_id` of the queries in them; several rows a
            query are allowed, a query without a row is left out.
        min_searchers: different people who must have searched for both in one session.
        top: related queries and corrections of a query, of each so many.

    Returns:
        `RELATED`, by query, kind and rank. `related`: by `score`, then by how often the other comes
        after, then by significance, then by text; of the variants of one query only the first.
        `correction`: from the rarer form to the commoner, where both differ in spacing or
        punctuation alone, or by few keys or the keyboard's language and most people who had both
        typed the commoner one soon after.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(min_searchers=min_searchers, top=top)
    is_self = pl.col("first_id") == pl.col("second_id")
    alone = (
        daily_pairs.filter(is_self)
        .group_by(query_id="first_id")
        .agg(pl.col("sessions", "opened").sum())
        .collect()
    )
    all_sessions = int(alone["opened"].sum())
    # No pair has more sessions than its queries (Agrawal and Srikant's Apriori, VLDB 1994): half of
    # the pairs, and nearly all that come once, end here.
    sessions = alone.filter(pl.col("sessions") >= min_searchers).select("query_id", "sessions")
    shared = _shared_sessions(daily_pairs.filter(~is_self), sessions, min_searchers)
    tested = shared.with_columns(significance=_significance(all_sessions))
    texts = names_of(pl.concat([tested["low"], tested["high"]]), names).sort("query")
    directed = _directed(_named(tested, texts))
    best_first = directed.sort(_BEST_FIRST, descending=[True, True, True, False])
    one_of_variants = best_first.unique(
        ["text", "is_correction", "related_variant_id"], keep="first", maintain_order=True
    )
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("text", "is_correction")
    ranked = one_of_variants.with_columns(rank=rank).filter(pl.col("rank") <= top)
    ordered = ranked.sort("text", "is_correction", "rank", descending=[False, True, False])
    kind = pl.when("is_correction").then(pl.lit("correction")).otherwise(pl.lit("related"))
    return ordered.select(
        texts["query"].gather(ordered["text"]),
        kind.alias("kind"),
        "rank",
        texts["query"].gather(ordered["related_text"]).alias("related_query"),
        texts["surface"].gather(ordered["related_text"]).alias("related_surface"),
        "score",
        "significance",
        "sessions",
        "searchers",
        "next_probability",
    )


def log_likelihood_ratio(k11: pl.Expr, k12: pl.Expr, k21: pl.Expr, k22: pl.Expr) -> pl.Expr:
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
    return (2 * (rows + columns - _unnormalised_entropy(k11, k12, k21, k22))).clip(lower_bound=0.0)


def significance(k11: pl.Expr, k12: pl.Expr, k21: pl.Expr, k22: pl.Expr) -> pl.Expr:
    """The signed root of the log-likelihood ratio: negative where both are rarer than by chance."""
    root = log_likelihood_ratio(k11, k12, k21, k22).sqrt()
    # k11 / (k11 + k12) < k21 / (k21 + k22), without dividing by nothing.
    return pl.when(k11 * (k21 + k22) < k21 * (k11 + k12)).then(-root).otherwise(root)


def _significance(all_sessions: int) -> pl.Expr:
    both, low, high = pl.col("sessions"), pl.col("low_sessions"), pl.col("high_sessions")
    return significance(both, low - both, high - both, all_sessions - low - high + both)


def _unnormalised_entropy(*counts: pl.Expr) -> pl.Expr:
    total = sum(counts[1:], counts[0])
    return _xlogx(total) - sum((_xlogx(count) for count in counts[1:]), _xlogx(counts[0]))


def _xlogx(count: pl.Expr) -> pl.Expr:
    return pl.when(count > 0).then(count * count.cast(pl.Float64).log()).otherwise(0.0)


def _shared_sessions(
    pairs: pl.LazyFrame, sessions: pl.DataFrame, min_searchers: int
) -> pl.DataFrame:
    """The pairs of two different queries, in any order, that enough people searched for.

    Args:
        pairs: `DAILY_PAIRS` of different queries.
        sessions: `query_id` and `sessions` of the queries that may be in one.
        min_searchers: different people.

    Returns:
        `low`, `high` (query ids), `low_sessions`, `high_sessions` (all of each), `sessions`,
        `high_after`, `low_after`, `high_soon`, `low_soon`, `searchers`.
    """
    # Ids become places in their order, and a pair one number: pairs are grouped by it alone.
    known = sessions.sort("query_id").with_row_index("place").cast({"place": pl.Int64})
    places = known.lazy().select("query_id", "place")

    def unordered(*columns: str) -> pl.LazyFrame:
        first, second = pl.col("first"), pl.col("second")
        return (
            pairs.select("first_id", "second_id", *columns)
            .join(places.rename({"place": "first"}), left_on="first_id", right_on="query_id")
            .join(places.rename({"place": "second"}), left_on="second_id", right_on="query_id")
            .select(
                *columns,
                pair=pl.min_horizontal(first, second) * len(known)
                + pl.max_horizontal(first, second),
                is_rising=first < second,
            )
        )

    rising = pl.col("is_rising")
    counted = (
        unordered("sessions", "soon")
        .group_by("pair")
        .agg(
            sessions=pl.col("sessions").sum(),
            high_after=(pl.col("sessions") * rising).sum(),
            high_soon=(pl.col("soon") * rising).sum(),
            soon=pl.col("soon").sum(),
        )
        .filter(pl.col("sessions") >= min_searchers)
        .collect()
    )
    # Sketches are dear: only those of pairs with enough sessions are united.
    sketches = unordered("searchers_sketch").join(counted.lazy(), on="pair", how="semi").collect()
    people = different_people(sketches, "pair", at_least=min_searchers)
    found = counted.join(people, on="pair").sort("pair")
    low = known[found["pair"] // len(known)]
    high = known[found["pair"] % len(known)]
    return found.select(
        low["query_id"].alias("low"),
        high["query_id"].alias("high"),
        low["sessions"].alias("low_sessions"),
        high["sessions"].alias("high_sessions"),
        "sessions",
        "high_after",
        "high_soon",
        "searchers",
        low_after=pl.col("sessions") - pl.col("high_after"),
        low_soon=pl.col("soon") - pl.col("high_soon"),
    )


def _named(tested: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Add which texts both have, and `wrong`, which of them the other corrects (null: neither).

    Args:
        tested: pairs of queries.
        texts: `query_id`, `query`, `variant_id`, by query.

    Returns:
        `tested`, but for queries without a text, with `low_text` and `high_text` (rows of
        `texts`), `low_variant_id`, `high_variant_id` and `wrong` ("low" or "high").
    """
    known = texts.select("query_id", "variant_id").with_row_index("text")
    named = tested.join(
        known.select(pl.all().name.prefix("low_")), left_on="low", right_on="low_query_id"
    ).join(known.select(pl.all().name.prefix("high_")), left_on="high", right_on="high_query_id")
    is_variant = pl.col("low_variant_id") == pl.col("high_variant_id")
    low_sessions, high_sessions = pl.col("low_sessions"), pl.col("high_sessions")
    low_is_rarer = (low_sessions < high_sessions) | (
        (low_sessions == high_sessions) & (pl.col("low_text") > pl.col("high_text"))
    )
    corrected_soon = pl.when(low_is_rarer).then("high_soon").otherwise("low_soon")
    fewer = pl.min_horizontal(low_sessions, high_sessions)
    is_plain = (corrected_soon >= fewer / 2) & (
        pl.max_horizontal(low_sessions, high_sessions) >= SLIP_ODDS * fewer
    )
    # Only what people had corrected may be a slip: the others' keys are not looked at.
    is_corrected = corrected_soon >= pl.col("sessions") / 2
    named = named.with_columns(
        is_variant=is_variant,
        extra=is_plain.cast(pl.Int64),
        rarer=pl.when(low_is_rarer).then(pl.lit("low")).otherwise(pl.lit("high")),
    ).with_row_index("row")
    asked = named.filter(~is_variant & is_corrected)
    slipped = asked.filter(_are_slips(asked, texts["query"]))["row"]
    is_correction = pl.col("is_variant") | pl.col("row").is_in(slipped.implode())
    return named.with_columns(wrong=pl.when(is_correction).then("rarer"))


def _are_slips(asked: pl.DataFrame, queries: pl.Series) -> pl.Series:
    """Whether two queries differ by few keys, as typed or on the keyboard's other language.

    Args:
        asked: `low_text` and `high_text`, places in `queries`, and `extra`, the slips that are
            believed beyond those that the length of the longer one allows.
        queries: the texts.
    """
    most = len(SLIP_LENGTHS)
    low, high = (variant_keys(queries.gather(asked[of])) for of in ("low_text", "high_text"))
    low_keys, high_keys = keystrokes(low), keystrokes(high)
    compared = [
        (low_keys, high_keys),
        (other_keyboard_keystrokes(low), high_keys),
        (low_keys, other_keyboard_keystrokes(high)),
    ]
    least: Distances = np.minimum.reduce(
        [keystroke_distances(left, right, at_most=most) for left, right in compared]
    )
    keys = np.maximum(low_keys.str.len_chars().to_numpy(), high_keys.str.len_chars().to_numpy())
    allowed = np.searchsorted(SLIP_LENGTHS, keys, side="right") + asked["extra"].to_numpy()
    return pl.Series((least <= most) & (least <= allowed))


def _directed(named: pl.DataFrame) -> pl.DataFrame:
    """Each pair seen from each of its queries; a correction only from the wrong one."""

    def seen_from(one: str, other: str) -> pl.DataFrame:
        after, both, of_query = f"{other}_after", "sessions", f"{one}_sessions"
        is_shown = pl.col("wrong").is_null() | (pl.col("wrong") == one)
        return named.filter(is_shown).select(
            "sessions",
            "searchers",
            "significance",
            is_correction=pl.col("wrong").is_not_null(),
            text=f"{one}_text",
            related_text=f"{other}_text",
            related_variant_id=f"{other}_variant_id",
            # That share, in either order, predicts the next query better than P(next | query) of
            # the query-flow graph (Boldi and others, CIKM 2008), whose counts are few; this, better
            # than both.
            score=(pl.col(after) + (pl.col(both) - pl.col(after)) * BEFORE) / pl.col(of_query),
            next_probability=pl.col(after) / pl.col(of_query),
        )

    return pl.concat([seen_from("low", "high"), seen_from("high", "low")])
