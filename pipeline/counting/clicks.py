"""What becomes of searches: clicks, exits, and what is typed instead.

A *search* here is a run of one person's rows for one query in a session, with no other query
between them: to look again or to turn a page is no new search, and where a log has a line a click,
the clicks of a search are one.

Like days (`days.py`), searches are counted for some people first (`counted`) and then added up.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.counting.durations import HISTOGRAM, MOST_SECONDS, added_histograms, histograms
from pipeline.counting.groups import Flags, Ints, changes, least_of_each, order_by, summed, sums
from pipeline.counting.judging import IS_CLICK
from pipeline.counting.people import SKETCH_SIZE, united
from pipeline.counting.sessions import Sessions, in_sessions

#: Numbers of `DAILY_CLICKS` that add up.
NUMBERS: Final = (
    *("searches", "clicked", "clicks", "ranked", "rank_sum", "first_ranked", "first_rank_sum"),
    *("left", "reformulated", "results_known", "no_results", "timed"),
)
#: Its sketches, and which searches each is of.
SKETCHES: Final = {
    "searchers_sketch": "searches",
    "clickers_sketch": "clicked",
    "leavers_sketch": "left",
    "reformulators_sketch": "reformulated",
    "results_known_sketch": "results_known",
    "no_results_sketch": "no_results",
    "timed_sketch": "timed",
}
#: Its histogram: of the searches that are `timed`.
DURATIONS: Final = "first_click_seconds"

_KEY: Final = ["query_id", "into_id"]


def searches_in_sessions(
    rows: pl.DataFrame,
    *,
    zone: str,
    gap_minutes: int = 30,
    max_queries: int = 50,
    day: int | None = None,
) -> pl.DataFrame:
    """List the searches of each session, with their clicks and what came next.

    Args:
        rows: `searched_at` (UTC), `user_id`, `query_id`, `has_click` (Boolean), `clicked_rank`
            (null: none), `result_count` and `click_seconds` (null: unknown), and `is_click`: the
            row is a click at its own time (null: it is not). See `session_pairs` for which rows
            the searches of a day need.
        zone: the reporting zone that cuts the days.
        gap_minutes: the silence that ends a session, 1 to 60.
        max_queries: a session with more different queries is left out.
        day: since 1970, only of sessions that begin on it; None: of all.

    Returns:
        A row a search, by person and time: `user_id`, `query_id`, `clicks` (rows with one),
        `ranked` (of these: with a rank), `rank_sum`, `first_rank` (of the first click with a rank;
        0: none), `next_id` (the query of the next search in the session; null: it ends with this),
        `results` (the most that any of its rows tells; null: none does), `seconds` (from its first
        row to its first click of which a time is told, `MOST_SECONDS` at most; null: of none is).

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(gap_minutes=gap_minutes, max_queries=max_queries)
    found = in_sessions(rows, zone=zone, gap_minutes=gap_minutes, day=day)
    rank = rows["clicked_rank"].fill_null(0).cast(pl.Int64).to_numpy()[found.row]
    has_click = rows["has_click"].cast(pl.Int64).to_numpy()[found.row]
    starts = np.flatnonzero(changes(found.session, found.query))
    session, query = found.session[starts], found.query[starts]
    follows = np.zeros(len(starts), dtype=np.bool_)
    follows[:-1] = session[1:] == session[:-1]
    next_id = np.zeros(len(starts), dtype=np.int64)
    next_id[:-1] = query[1:]
    searches = pl.DataFrame(
        {
            "user_id": found.user[starts],
            "query_id": query,
            "clicks": sums(has_click, starts),
            "ranked": sums((rank > 0).astype(np.int64), starts),
            "rank_sum": sums(rank, starts),
            "first_rank": _first_ranks(rank, starts),
            "next_id": pl.select(pl.when(pl.Series(follows)).then(pl.Series(next_id))).to_series(),
            "results": _most_results(rows["result_count"], found, starts),
            "seconds": _first_click_seconds(rows, found, starts),
        }
    )
    is_kept = found.in_time[starts] & _is_typed(found, session, max_queries)
    return searches.filter(pl.Series(is_kept))


def _first_ranks(rank: Ints, starts: Ints) -> Ints:
    """The rank of the first ranked row of each search, 0 where there is none."""
    if not len(starts):
        return starts
    beyond = len(rank)
    place = np.where(rank > 0, np.arange(len(rank)), beyond)
    first = np.minimum.reduceat(place, starts)
    return np.where(first < beyond, rank[np.minimum(first, beyond - 1)], 0)


def _most_results(counts: pl.Series, found: Sessions, starts: Ints) -> pl.Series:
    if not len(starts) or counts.null_count() == len(counts):
        return pl.repeat(None, len(starts), dtype=pl.Int64, eager=True)
    most = pl.Series(np.maximum.reduceat(counts.fill_null(-1).to_numpy()[found.row], starts))
    return pl.select(pl.when(most >= 0).then(most)).to_series()


def _first_click_seconds(rows: pl.DataFrame, found: Sessions, starts: Ints) -> pl.Series:
    seconds, alone = rows["click_seconds"], rows.select(IS_CLICK).to_series()
    if not len(starts) or (seconds.null_count() == len(seconds) and not alone.any()):
        return pl.repeat(None, len(starts), dtype=pl.Float64, eager=True)
    sizes = np.diff([*starts, len(found.row)])
    since_start = found.second - np.repeat(found.second[starts], sizes)
    told = seconds.fill_null(float("inf")).to_numpy()[found.row]
    is_click = alone.to_numpy()[found.row]
    # Where a click comes first nobody knows when its search began.
    own_time = np.where(np.repeat(is_click[starts], sizes), np.inf, 0.0)
    after = np.where(is_click, own_time, told) + since_start
    first = pl.Series(np.minimum.reduceat(after, starts))
    return pl.select(pl.when(first.is_finite()).then(first.clip(0, MOST_SECONDS))).to_series()


def _is_typed(found: Sessions, session: Ints, max_queries: int) -> Flags:
    """Whether somebody typed the session of each search: it has few enough different queries."""
    in_time = found.in_time
    of, query = found.session[in_time], found.query[in_time]
    order = order_by(of, query) if len(of) else of
    of, query = of[order], query[order]
    size = int(session[-1]) + 1 if len(session) else 0
    queries = np.bincount(of[changes(of, query)], minlength=size)
    few: Flags = (queries <= max_queries)[session]
    return few


def unclicked_steps(searches: pl.DataFrame) -> pl.DataFrame:
    """The different `query_id` and `next_id` of searches without a click that another followed."""
    return searches.filter(_IS_STEP).select("query_id", "next_id").unique()


_IS_STEP: Final = (pl.col("clicks") == 0) & pl.col("next_id").is_not_null()


def counted(searches: pl.DataFrame, alike: pl.DataFrame) -> pl.DataFrame:
    """Count the searches of some people on one day.

    Args:
        searches: of `searches_in_sessions`.
        alike: those of `unclicked_steps` that are reformulations.

    Returns:
        `DAILY_CLICKS` of these people. Parts of different people add up.
    """
    marked = searches.join(
        alike.with_columns(is_alike=True), on=["query_id", "next_id"], how="left"
    ).with_columns(
        searches=pl.lit(1, pl.Int64),
        clicked=(pl.col("clicks") > 0).cast(pl.Int64),
        first_ranked=(pl.col("first_rank") > 0).cast(pl.Int64),
        first_rank_sum="first_rank",
        left=((pl.col("clicks") == 0) & pl.col("next_id").is_null()).cast(pl.Int64),
        reformulated=(_IS_STEP & pl.col("is_alike").fill_null(value=False)).cast(pl.Int64),
        results_known=pl.col("results").is_not_null().cast(pl.Int64),
        no_results=(pl.col("results").fill_null(1) == 0).cast(pl.Int64),
        timed=pl.col("seconds").is_not_null().cast(pl.Int64),
    )
    of_query = marked.group_by("query_id").agg(pl.col(*NUMBERS).sum()).sort("query_id")
    for sketch, name in SKETCHES.items():
        people = _sketches(marked.filter(pl.col(name) > 0), ["query_id"], sketch)
        of_query = of_query.join(people, on="query_id", how="left", maintain_order="left")
    durations = marked.select("query_id", "seconds").drop_nulls()
    of_query = of_query.join(
        histograms(durations, ["query_id"], DURATIONS), on="query_id", how="left"
    )
    steps = marked.filter(pl.col("reformulated") > 0).rename({"next_id": "into_id"})
    numbers = steps.group_by(_KEY).agg(pl.col("searches").sum())
    of_steps = numbers.join(_sketches(steps, _KEY, "searchers_sketch"), on=_KEY)
    every = [of_query.with_columns(into_id="query_id"), of_steps]
    return _filled(pl.concat(every, how="diagonal"))


def _sketches(searches: pl.DataFrame, by: Sequence[str], name: str) -> pl.DataFrame:
    """The people of each group of searches: `by` (query ids) and the column `name`."""
    people = searches.select(*by, "user_id").unique()
    keys = [people[each].to_numpy() for each in by]
    user = people["user_id"].to_numpy()
    order = order_by(*keys, user) if len(user) else user
    keys, user = [key[order] for key in keys], user[order]
    starts = np.flatnonzero(changes(*keys))
    columns = {each: key[starts] for each, key in zip(by, keys, strict=True)}
    return pl.DataFrame({**columns, name: least_of_each(user, starts, SKETCH_SIZE)})


def _filled(counts: pl.DataFrame) -> pl.DataFrame:
    nobody = pl.lit([], dtype=pl.List(pl.Int64))
    return counts.select(
        *_KEY,
        pl.col(*NUMBERS).fill_null(0),
        pl.col(*SKETCHES).fill_null(nobody),
        pl.col(DURATIONS).fill_null(pl.lit([], dtype=HISTOGRAM)),
    ).sort(_KEY)


def added_up(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """What several groups of people come to together."""
    return parts[0] if len(parts) == 1 else _summed(pl.concat(parts))


def of_keywords(daily_clicks: pl.DataFrame, query_keywords: pl.DataFrame) -> pl.DataFrame:
    """What became of the searches for all queries with a keyword.

    Args:
        daily_clicks: `DAILY_CLICKS` of a day.
        query_keywords: `query_id`, `keyword_id` of its queries, each pair once.

    Returns:
        `KEYWORD_CLICKS`: as `DAILY_CLICKS` of queries with themselves, by keyword, whose id stands
        as `query_id` and `into_id`. A query of two keywords counts for both.
    """
    pairs = query_keywords.select("query_id", into_id="keyword_id")
    rows = daily_clicks.filter(pl.col("query_id") == pl.col("into_id")).drop("into_id")
    return _summed(rows.join(pairs, on="query_id").with_columns(query_id="into_id"))


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    pairs = rows.select(_KEY).unique().sort(_KEY).with_row_index("pair").cast({"pair": pl.Int64})
    numbered = rows.join(pairs, on=_KEY)
    together = pairs.join(summed(numbered, "pair", *NUMBERS), on="pair")
    for name in SKETCHES:
        of = numbered.select("pair", searchers_sketch=name)
        people = united(of, "pair").rename({"searchers_sketch": name})
        together = together.join(people, on="pair", how="left")
    durations = added_histograms(numbered, ["pair"], DURATIONS)
    together = together.join(durations, on="pair", how="left")
    return _filled(together)
