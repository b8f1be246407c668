"""Which queries are other ways to ask for the same, and what people type instead of a query."""

from typing import Final

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.columns import REFORMULATIONS
from pipeline.counting.people import different_people
from pipeline.language.keys import keystrokes, other_keyboard_keystrokes
from pipeline.language.queries import variant_keys
from pipeline.results.distances import Distances, keystroke_distances
from pipeline.results.names import names_of
from pipeline.results.related_searches import SLIP_LENGTHS

#: Characters of a word, or of a part, that is enough to make two queries alike.
LEAST_SHARED: Final = 2


def are_alike(first: pl.Series, second: pl.Series) -> pl.Series:
    """Whether a query that follows another asks for the same in other words: a boolean a row.

    They share a word (reformulation as Jansen, Booth and Spink define it, Patterns of query
    reformulation during Web searching, JASIST 60(7), 2009), one holds the other, spaces and
    punctuation aside, or they differ by a few keys, as typed or on the keyboard's other language.

    Args:
        first: normalised queries.
        second: normalised queries; others than the first.
    """
    spelled = pl.DataFrame({"a": variant_keys(first), "b": variant_keys(second)})
    words = pl.DataFrame({"a": first, "b": second}).select(
        pl.all().str.split(" ").list.eval(_LONG_ENOUGH)
    )
    shares = words.select(pl.col("a").list.set_intersection("b").list.len() > 0).to_series()
    a, b = pl.col("a"), pl.col("b")
    holds = spelled.select(
        (a == b)
        | ((b.str.len_chars() >= LEAST_SHARED) & a.str.contains(b, literal=True))
        | ((a.str.len_chars() >= LEAST_SHARED) & b.str.contains(a, literal=True))
    ).to_series()
    found = shares | holds
    # Keys are dear: only of what is not told yet.
    rest = found.not_().arg_true()
    return found.scatter(rest, _are_slips(spelled["a"].gather(rest), spelled["b"].gather(rest)))


_LONG_ENOUGH: Final = pl.element().filter(pl.element().str.len_chars() >= LEAST_SHARED)


def _are_slips(first: pl.Series, second: pl.Series) -> pl.Series:
    """Whether few keys lie between two queries; of longer ones more (`SLIP_LENGTHS`)."""
    most = len(SLIP_LENGTHS)
    a, b = keystrokes(first), keystrokes(second)
    compared = [
        (a, b),
        (other_keyboard_keystrokes(first), b),
        (a, other_keyboard_keystrokes(second)),
    ]
    least: Distances = np.minimum.reduce(
        [keystroke_distances(left, right, at_most=most) for left, right in compared]
    )
    keys = np.maximum(a.str.len_chars().to_numpy(), b.str.len_chars().to_numpy())
    return pl.Series(least <= np.searchsorted(SLIP_LENGTHS, keys, side="right"))


def reformulations(
    daily_clicks: pl.LazyFrame, names: pl.LazyFrame, *, min_searchers: int = 5, top: int = 10
) -> pl.DataFrame:
    """Rank what people type instead of each query, after they clicked nothing.

    Args:
        daily_clicks: `DAILY_CLICKS` of any number of days.
        names: see `names_of`.
        min_searchers: different people who did so.
        top: rows of a query.

    Returns:
        `REFORMULATIONS`, by query and rank: by people, then by searches, then by text.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(min_searchers=min_searchers, top=top)
    key = ["query_id", "into_id"]
    is_self = pl.col("query_id") == pl.col("into_id")
    steps = daily_clicks.filter(~is_self).select(*key, "searches", "searchers_sketch").collect()
    summed = steps.group_by(key).agg(pl.col("searches").sum())
    enough = summed.filter(pl.col("searches") >= min_searchers)
    pairs = enough.sort(key).with_row_index("pair").cast({"pair": pl.Int64})
    sketches = steps.join(pairs, on=key).select("pair", "searchers_sketch")
    found = pairs.join(different_people(sketches, "pair", at_least=min_searchers), on="pair")
    # Few queries are reformulated by enough people: only these are looked up.
    own = (
        daily_clicks.filter(is_self, pl.col("query_id").is_in(found["query_id"].unique().implode()))
        .select("query_id", "searches", "searchers_sketch")
        .collect()
    )
    of_query = own.group_by("query_id").agg(of_query=pl.col("searches").sum())
    searched = different_people(own, "query_id").rename({"searchers": "of_people"})
    found = found.join(of_query, on="query_id").join(searched, on="query_id")
    texts = names_of(pl.concat([found["query_id"], found["into_id"]]), names)
    into = texts.select(into_id="query_id", into_query="query", into_surface="surface")
    named = found.join(texts.select("query_id", "query"), on="query_id").join(into, on="into_id")
    ordered = named.sort(
        *("query", "searchers", "searches", "into_query"), descending=[False, True, True, False]
    )
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("query")
    # Of eight people of whom seven did so, one did something else; that seven did is told all the
    # same, as `related` tells of pairs.
    others = pl.col("of_people") - pl.col("searchers")
    is_told = (others >= min_searchers) | (pl.col("searches") == pl.col("of_query"))
    return (
        ordered.select(
            "query",
            rank.alias("rank"),
            "into_query",
            "into_surface",
            pl.when(is_told).then("searches").alias("searches"),
            pl.when(is_told).then(pl.col("searches") / pl.col("of_query")).alias("share"),
            people="searchers",
        )
        .filter(pl.col("rank") <= top)
        .select(*REFORMULATIONS)
    )
