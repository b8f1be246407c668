"""Autocomplete: what most people, and lately, went on to type after a prefix."""

from collections.abc import Collection
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.counting.groups import Ints, changes, order_by, places
from pipeline.counting.people import different_people, people_of
from pipeline.errors import InvalidParameterError
from pipeline.language.characters import CodePoints
from pipeline.language.keys import (
    choseong,
    keystrokes,
    other_keyboard_keystrokes,
    without_shift,
)
from pipeline.language.queries import endings, ids, variant_key, variant_keys
from pipeline.results.weights import WEIGHT_UNIT, decayed
from silgeom.text import normalized_query

#: So much heavier must a completion be for another to count as a slip of it.
SLIP_ODDS: Final = 10

#: The choseong of a query that begins with Hangul, down to a loose vowel, which is no initial.
_INITIALS: Final = r"\A([ㄱ-ㅎ][^ㅏ-ㅣ]*)"

#: English letters that the two-set keyboard would make whole syllables of.
_SYLLABLES_IN_LATIN: Final = (
    r"\A(?:[qwertasdfgzxcv][yuiophjklbnm]{1,2}[qwertasdfgzxcv]{0,2}[ 0-9]*)+\z"
)


def completions(
    daily_counts: pl.LazyFrame,
    *,
    as_of: date,
    half_life_days: float = 60.0,
    min_searchers: int = 5,
    per_prefix: int = 10,
    max_prefix: int = 20,
    blocked: Collection[str] = (),
) -> pl.DataFrame:
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
        `AUTOCOMPLETE`, by key kind, prefix and rank; of equal weights more people first, then by
        text. Prefixes are of the keys of the normalised query, up to the whole of it: of its
        `keystrokes`, of its `choseong` where it begins with Hangul, and of the keystrokes of its
        endings (`tail`). A prefix that ends with a space is completed by what has a new word there.

    Raises:
        InvalidParameterError: a parameter is out of its range, or a blocked word is blank.
    """
    limits.require(
        half_life_days=half_life_days,
        min_searchers=min_searchers,
        per_prefix=per_prefix,
        max_prefix=max_prefix,
    )
    if any(not word.strip() for word in blocked):
        raise InvalidParameterError("blocked holds a blank word, which every completion contains")
    weighed = _weighed(daily_counts, as_of, half_life_days)
    if blocked:
        weighed = _without_blocked(weighed, blocked)
    whole = _without_slips(_variants(weighed, min_searchers))
    tails = _tails(weighed, min_searchers)
    ranked = pl.concat(
        [
            *_ranked(whole, "keystrokes", max_prefix, per_prefix),
            *_ranked(tails, "tail", max_prefix, per_prefix),
        ]
    )
    # All rows of a prefix stand together, by rank: one column is left to sort by.
    return pl.concat(
        ranked.filter(pl.col("key_kind") == kind).sort("prefix", maintain_order=True)
        for kind in ("choseong", "keystrokes", "tail")
    )


def _weighed(daily_counts: pl.LazyFrame, as_of: date, half_life_days: float) -> pl.LazyFrame:
    """The counts of the days that count, with `weight`: of all who typed the query on that day."""
    age = (pl.lit(as_of) - pl.col("dt").str.to_date()).dt.total_days()
    # Days are few: their weights are found once, not for every row.
    days = daily_counts.select(pl.col("dt").unique()).collect()
    of_day = days.filter(pl.col("dt") <= as_of.isoformat()).with_columns(
        weight=decayed(age, half_life_days)
    )
    return daily_counts.join(of_day.lazy(), on="dt").with_columns(
        weight=pl.col("searchers") * pl.col("weight")
    )


def _without_blocked(weighed: pl.LazyFrame, blocked: Collection[str]) -> pl.LazyFrame:
    words = sorted({variant_key(normalized_query(word)) for word in blocked})
    queries = weighed.select("query_id", "query").unique("query_id").collect()
    is_blocked = variant_keys(queries["query"]).str.contains_any(words)
    return weighed.join(queries.filter(is_blocked).lazy(), on="query_id", how="anti")


def _variants(weighed: pl.LazyFrame, min_searchers: int) -> pl.DataFrame:
    """What enough people typed, whatever its spacing: one row for all forms of a query.

    Returns:
        `query` (the heaviest form, of equals the least text), `completion` (how most people typed
        that), `weight` (searcher-days) and `searchers`, the different people.
    """
    people = people_of(weighed, "variant_id", min_searchers)
    forms = (
        weighed.filter(pl.col("variant_id").is_in(people["variant_id"].implode()))
        .select("variant_id", "query_id", "query", "surface", "weight", "searchers")
        .collect()
    )
    weights = forms.group_by("variant_id").agg(variant_weight=pl.col("weight").sum())
    of_form = forms.group_by("query_id", "surface").agg(
        pl.col("variant_id", "query").first(), pl.col("weight", "searchers").sum()
    )
    of_query = of_form.group_by("query_id").agg(
        pl.col("variant_id", "query").first(), pl.col("weight").sum()
    )
    heaviest = of_query.sort("weight", "query", descending=[True, False]).unique(
        "variant_id", keep="first"
    )
    shown = (
        of_form.sort("searchers", "surface", descending=[True, False])
        .unique("query_id", keep="first")
        .select("query_id", completion="surface")
    )
    return (
        heaviest.join(shown, on="query_id")
        .join(weights, on="variant_id")
        .join(people, on="variant_id")
        .select(
            "query",
            "completion",
            weight=pl.col("variant_weight") / WEIGHT_UNIT,
            searchers="searchers",
        )
    )


def _without_slips(shown: pl.DataFrame) -> pl.DataFrame:
    """Leave out what can only be a slip, by its shape and by the weight of what was meant.

    A shape that nobody means is a loose jamo beside a syllable (날ㄹ씨, 나ㄹ씨), or a text that the
    other keyboard turns into another completion. Slips of whole syllables (날시) stay: without the
    sessions, nothing tells them from 배우 beside 배구.
    """
    rows = shown.with_row_index("row")
    keys = keystrokes(rows["query"])
    rows = rows.with_columns(meant=without_shift(keys))
    guesses = _guesses(rows.select("row", "query", keys=keys))
    heaviest = rows.group_by("meant").agg(heaviest=pl.col("weight").max())
    claims = guesses.join(heaviest, on="meant").join(rows.select("row", "weight"), on="row")
    slips = claims.filter(pl.col("heaviest") >= SLIP_ODDS * pl.col("weight"))
    return rows.join(slips.select("row"), on="row", how="anti").drop("row", "meant")


def _guesses(rows: pl.DataFrame) -> pl.DataFrame:
    """What may have been meant by queries of a suspicious shape: `row`, `meant` (without shift)."""
    query = pl.col("query")
    has_jamo = query.str.contains("[ㄱ-ㅣ]")
    is_torn = has_jamo & query.str.contains("[가-힣]")
    other = rows.filter(has_jamo | query.str.contains(_SYLLABLES_IN_LATIN))
    on_other_keyboard = other.select("row", meant=other_keyboard_keystrokes(other["keys"]))
    torn = rows.filter(is_torn)
    retyped = torn.select(
        "row",
        meant=pl.Series(
            [_typed_otherwise(keys) for keys in torn["keys"].to_list()], dtype=pl.List(pl.String)
        ),
    ).explode("meant", empty_as_null=False)
    guesses = pl.concat([on_other_keyboard, retyped])
    return guesses.with_columns(meant=without_shift(guesses["meant"]))


def _typed_otherwise(keys: str) -> list[str]:
    """The keys, and those with one key less or two neighbours swapped."""
    one_key_less = [keys[:place] + keys[place + 1 :] for place in range(len(keys))]
    swapped = [
        keys[:place] + keys[place + 1] + keys[place] + keys[place + 2 :]
        for place in range(len(keys) - 1)
    ]
    return [keys, *one_key_less, *swapped]


def _tails(weighed: pl.LazyFrame, min_searchers: int) -> pl.DataFrame:
    """The endings of enough people's queries: `query`, `completion`, `searchers`, `weight`."""
    of_ending = weighed.rename({"ending_ids": "ending_id"}).explode(
        "ending_id", empty_as_null=False
    )
    possible = (
        of_ending.group_by("ending_id")
        .agg(
            pl.col("weight").sum(),
            searcher_days=pl.col("searchers").sum(),
            query_id=pl.col("query_id").min(),  # any query that ends so
        )
        # As with whole queries, most end here, before sketches and texts are read.
        .filter(pl.col("searcher_days") >= min_searchers)
        .collect()
    )
    sketches = of_ending.select("ending_id", "searchers_sketch")
    of_possible = sketches.join(possible.lazy(), on="ending_id", how="semi").collect()
    people = different_people(of_possible, "ending_id", at_least=min_searchers)
    shown = possible.join(people, on="ending_id")
    texts = (
        weighed.filter(pl.col("query_id").is_in(shown["query_id"].unique().implode()))
        .select("query_id", "query")
        .unique("query_id")
        .collect()
    )
    found = endings(texts["query"])
    found = found.with_columns(
        ending_id=ids(found["ending"]), query_id=texts["query_id"].gather(found["row"])
    )
    return (
        shown.join(found, on=["query_id", "ending_id"])
        .unique("ending_id", keep="first")
        .select(
            query="ending",
            completion="ending",
            weight=pl.col("weight") / WEIGHT_UNIT,
            searchers="searchers",
        )
    )


def _ranked(
    rows: pl.DataFrame, key_kind: str, max_prefix: int, per_prefix: int
) -> list[pl.DataFrame]:
    """The best completions of every prefix of the rows' keys: parts of `AUTOCOMPLETE`."""
    best_first = rows.sort("weight", "searchers", "query", descending=[True, True, False])
    found = []

    def add(kind: str, prefixes: pl.Series, of_row: Ints, rank: Ints) -> None:
        shown = best_first[of_row].select("completion", "searchers", "weight")
        found.append(
            shown.select(
                pl.lit(kind).alias("key_kind"),
                prefixes.alias("prefix"),
                pl.Series("rank", rank, dtype=pl.Int32),
                "completion",
                "searchers",
                "weight",
            )
        )

    keys = keystrokes(best_first["query"])
    for prefixes, of_row, rank in _best_of_prefixes(keys, max_prefix, per_prefix):
        add(key_kind, prefixes, of_row, rank)
    prefixes, of_row = _word_prefixes(best_first["query"], max_prefix)
    group = prefixes.rank("dense").cast(pl.Int64).to_numpy()
    chosen, rank = _first_of_each(group, per_prefix)
    add(key_kind, prefixes.gather(chosen), of_row[chosen], rank)
    if key_kind == "keystrokes":
        initials = choseong(best_first["query"]).str.extract(_INITIALS).fill_null("")
        for prefixes, of_row, rank in _best_of_prefixes(initials, max_prefix, per_prefix):
            add("choseong", prefixes, of_row, rank)
    return found


def _best_of_prefixes(
    keys: pl.Series, max_prefix: int, per_prefix: int
) -> list[tuple[pl.Series, Ints, Ints]]:
    """For each length of prefix: the prefixes, the rows that they have, and their ranks.

    Keys that share a prefix follow each other once they are sorted, so that prefixes are told by
    places in that order and never made but for the rows that are chosen.

    Args:
        keys: of completions, best first.
        max_prefix: the longest prefix.
        per_prefix: rows of a prefix.
    """
    different = keys.unique().sort()
    shared = _shared_with_previous(different, max_prefix)
    lengths = np.minimum(different.str.len_chars().to_numpy(), max_prefix)
    # `place` of each row's keys among the different ones.
    place = (
        keys.to_frame("key")
        .join(
            pl.DataFrame({"key": different, "place": np.arange(len(different))}),
            on="key",
            how="left",
            maintain_order="left",
        )["place"]
        .to_numpy()
    )
    found = []
    for length in range(1, max_prefix + 1):
        rows = np.flatnonzero(lengths[place] >= length)
        if not len(rows):
            break
        group = np.cumsum(shared < length)[place[rows]]
        chosen, rank = _first_of_each(group, per_prefix)
        of_row = rows[chosen]
        found.append((keys.gather(of_row).str.head(length), of_row, rank))
    return found


def _shared_with_previous(texts: pl.Series, most: int) -> Ints:
    """How many first characters each text of a sorted column shares with the one before."""
    points = CodePoints.of(texts)
    begins, lengths = points.offsets[:-1], np.diff(points.offsets)
    shared = np.zeros(len(texts), dtype=np.int64)
    for at in range(most):
        both = np.flatnonzero((lengths[1:] > at) & (lengths[:-1] > at) & (shared[1:] == at)) + 1
        if not len(both):
            break
        same = points.codes[begins[both] + at] == points.codes[begins[both - 1] + at]
        shared[both[same]] += 1
    return shared


def _first_of_each(group: Ints, most: int) -> tuple[Ints, Ints]:
    """The first `most` rows of each group, by group, and their ranks from 1."""
    order = order_by(group)
    starts = np.flatnonzero(changes(group[order]))
    place = places(starts, len(order))
    is_chosen = place < most
    return order[is_chosen], place[is_chosen] + 1


def _word_prefixes(queries: pl.Series, max_prefix: int) -> tuple[pl.Series, Ints]:
    """The keys of the first words of each query with a space after: what follows is a new word.

    Returns:
        The prefixes, and the rows of `queries` that they are of, rising.
    """
    rows = (
        queries.to_frame("query")
        .with_row_index("row")
        .filter(pl.col("query").str.contains(" ", literal=True))
    )
    cut = rows.select(
        pl.col("row").cast(pl.Int64), words=pl.col("query").str.split(" ")
    ).with_columns(counts=pl.int_ranges(1, pl.col("words").list.len()))
    first_words = cut.explode("counts").select(
        "row", text=pl.col("words").list.head(pl.col("counts")).list.join("")
    )
    prefixes = keystrokes(first_words["text"])
    short = prefixes.str.len_chars() <= max_prefix
    made = prefixes.filter(short) + " "
    return made, first_words["row"].filter(short).to_numpy()
