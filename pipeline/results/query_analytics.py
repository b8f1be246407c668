"""How well searches end: click-through, exits and reformulations, by query and as a whole.

What may be told. A figure speaks of the people who did something (clicked, left, reformulated) and
of those who did not. It is withheld (null) unless each of the two is nobody at all or at least k
different people: of seven people of whom six clicked, one did not, and a rate would tell of her.
Nobody at all means that no search, or every search, is of that kind. Where the log tells of some
searches alone how many results they had, or when the first click was, a figure speaks of the people
of these: at least k. How many they are is withheld where one to k - 1 others are left.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.columns import QUERY_ANALYTICS, SEARCH_QUALITY
from pipeline.counting.clicks import DURATIONS, NUMBERS, SKETCHES
from pipeline.counting.durations import medians
from pipeline.counting.groups import Ints, summed, sums_over
from pipeline.counting.people import SKETCH_SIZE, different_people, id_at, people_of_share
from pipeline.results.names import names_of

#: Of the normal distribution, for intervals of 95 %.
Z: Final = 1.959964

#: The bands of queries, the most searched first, each with the share of all searches that are for
#: more searched queries: a query is in the last band whose share it reaches.
BANDS: Final = (("head", 0.0), ("torso", 1 / 3), ("tail", 2 / 3))
#: All of them.
WHOLE: Final = "all"

#: What is counted of people, by sketch.
_PEOPLE: Final = {
    "searchers_sketch": "people",
    "clickers_sketch": "clickers",
    "leavers_sketch": "leavers",
    "reformulators_sketch": "reformulators",
    "results_known_sketch": "results_people",
    "no_results_sketch": "people_without_results",
    "timed_sketch": "timed_people",
}
#: How many searches of a log have a click: `none` in one without a column for clicks, `every` in
#: one that has a line a click and no others. Likewise of how many the number of results is known,
#: and of how many of those with a click its time.
NONE, SOME, EVERY = "none", "some", "every"

#: Rate -> searches of its kind, people with one, and the logs of which it can be told.
_RATES: Final = {
    "click_through": ("clicked", "clickers", (SOME,)),
    "exit_rate": ("left", "leavers", (SOME,)),
    "reformulation_rate": ("reformulated", "reformulators", (NONE, SOME)),
}
_IS_SELF: Final = pl.col("query_id") == pl.col("into_id")


def wilson(share: pl.Expr, people: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The ends of the 95 % interval of a share (Wilson, JASA 22, 1927).

    Args:
        share: from 0 to 1.
        people: whom it was measured on. The searches of one person are alike, so people count, not
            searches; with one search each it is Wilson's interval, else it is wider.
    """
    centre = share + Z**2 / (2 * people)
    spread = Z * (share * (1 - share) / people + Z**2 / (4 * people**2)).sqrt()
    whole = 1 + Z**2 / people
    # Rounding may go beyond what a share can be.
    low, high = (centre - spread) / whole, (centre + spread) / whole
    return low.clip(0.0, 1.0), high.clip(0.0, 1.0)


def clicks_in_log(numbers: pl.DataFrame) -> str:
    """Whether `NONE`, `SOME` or `EVERY` search has a click.

    Args:
        numbers: `searches` and `clicked`, in any number of rows.
    """
    return _how_many(numbers, "clicked", "searches")


def _how_many(numbers: pl.DataFrame, kind: str, whole: str) -> str:
    some = int(numbers[kind].sum())
    if not some:
        return NONE
    return SOME if some < int(numbers[whole].sum()) else EVERY


def query_analytics(
    daily_clicks: pl.LazyFrame, names: pl.LazyFrame, *, min_searchers: int = 5
) -> pl.DataFrame:
    """Tell of each query how its searches end, what is most worth mending first.

    Args:
        daily_clicks: `DAILY_CLICKS` of any number of days.
        names: see `names_of`.
        min_searchers: k: different people who searched for a query, and see above.

    Returns:
        `QUERY_ANALYTICS`, by rank; those that found nothing have a `zero_result_rank`, too.
        `people_lost` compares the lower end of a query's exit rate with the exit rate of all
        searches: chance alone does not bring a query up. Many searches are answered by the page
        itself and are no loss though they end a session (good abandonment: Li, Huffman and Tokuda,
        SIGIR 2009); only what is above the rate of all searches counts.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(min_searchers=min_searchers)
    of_query = daily_clicks.filter(_IS_SELF)
    whole = of_query.select(pl.col(*NUMBERS).sum()).collect()
    searches = of_query.select("query_id", "searches").collect()
    sizes = summed(searches, "query_id", "searches")
    enough = sizes.filter(pl.col("searches") >= min_searchers)
    kept = _filled_sketches(whole)
    rows = (
        of_query.filter(pl.col("query_id").is_in(enough["query_id"].implode()))
        .select("query_id", *NUMBERS, *kept, DURATIONS)
        .collect()
    )
    people = _people(rows, kept, at_least=min_searchers)
    timed = rows.filter(pl.col("timed") > 0).select("query_id", DURATIONS)
    durations = medians(timed, "query_id", DURATIONS)
    numbers = summed(rows, "query_id", *NUMBERS)
    place = _bands(numbers["searches"].to_numpy(), sizes["searches"].to_numpy())
    numbers = numbers.with_columns(band=pl.Series([name for name, _ in BANDS]).gather(place))
    counts = numbers.join(people, on="query_id").join(
        durations.rename({"seconds": "seconds_to_click"}), on="query_id", how="left"
    )
    told = _with_rates(counts, min_searchers, clicks_in_log(whole))
    exit_rate = int(whole["left"].sum()) / max(1, int(whole["searches"].sum()))
    lost = pl.col("people") * (pl.col("exit_rate_low") - exit_rate).clip(lower_bound=0.0)
    texts = names_of(told["query_id"], names)
    named = told.join(texts, on="query_id").with_columns(people_lost=lost)
    first = ["people_lost", "leavers", "reformulators", "people"]
    ordered = named.sort(
        *first, "query", descending=[*(True for _ in first), False], nulls_last=True
    )
    ranked = ordered.with_row_index("rank", 1).cast({"rank": pl.Int32})
    # By how many people found nothing, whatever else they did then.
    fruitless = ranked.filter(pl.col("people_without_results") > 0).sort(
        *("people_without_results", "zero_result_rate", "query"), descending=[True, True, False]
    )
    worst = fruitless.select("query_id").with_row_index("zero_result_rank", 1)
    return (
        ranked.join(worst, on="query_id", how="left", maintain_order="left")
        .cast({"zero_result_rank": pl.Int32})
        .select(*QUERY_ANALYTICS)
    )


def search_quality(daily_clicks: pl.LazyFrame, *, min_searchers: int = 5) -> pl.DataFrame:
    """Tell of each day, of all days and of their bands how searches end.

    Args:
        daily_clicks: `DAILY_CLICKS` with `dt`, of any number of days.
        min_searchers: k: see above; a row of fewer people is left out.

    Returns:
        `SEARCH_QUALITY`, by day, all days last; within them all, head, torso and tail.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(min_searchers=min_searchers)
    of_query = daily_clicks.filter(_IS_SELF)
    sketches = _filled_sketches(of_query.select(pl.col(*NUMBERS).sum()).collect())
    # Read once: days, bands and the whole are groups of the same rows.
    rows = of_query.select("dt", "query_id", *NUMBERS, *sketches, DURATIONS).collect()
    query, searches = rows["query_id"].to_numpy(), rows["searches"].to_numpy()
    sizes = summed(rows, "query_id", "searches")["searches"].to_numpy()
    days = rows["dt"].unique().sort()
    # A number a group: the days, then the whole, then the bands.
    whole = len(days)
    groups = [
        *((day, WHOLE) for day in days),
        (None, WHOLE),
        *((None, band) for band, _ in BANDS),
    ]
    about = pl.DataFrame(groups, schema={"day": pl.String, "band": pl.String}, orient="row")
    about = about.with_row_index("group").cast({"group": pl.Int64})
    rows = rows.with_columns(
        group=pl.col("dt").cast(pl.Enum(days)).to_physical().cast(pl.Int64),
        of_band=_bands(sums_over(query, searches), sizes) + whole + 1,
    ).drop("dt", "query_id")
    added_up = pl.col(*NUMBERS).sum()
    by_day = rows.group_by("group").agg(added_up, queries=pl.len().cast(pl.Int64))
    queries = np.bincount(_bands(sizes, sizes), minlength=len(BANDS))
    of_bands = pl.DataFrame({"group": np.arange(len(BANDS)) + whole + 1, "queries": queries})
    by_band = rows.group_by(group="of_band").agg(added_up).join(of_bands, on="group")
    of_all = by_band.select(pl.lit(whole, pl.Int64).alias("group"), pl.exclude("group").sum())
    told = about.join(pl.concat([by_day, by_band, of_all], how="diagonal"), on="group")
    people = _people_of_groups(rows, sketches, whole).filter(pl.col("people") >= min_searchers)
    timed = rows.filter(pl.col("timed") > 0).select("group", "of_band", DURATIONS)
    durations = medians(pl.concat(_of_each_group(timed, whole, DURATIONS)), "group", DURATIONS)
    counts = told.join(people, on="group").join(
        durations.rename({"seconds": "seconds_to_click"}), on="group", how="left"
    )
    known = clicks_in_log(by_day)
    rates = _with_rates(counts, min_searchers, known)
    return (
        rates.sort("group")
        .with_columns(
            clicks_in_log=pl.lit(known),
            results_in_log=pl.lit(_how_many(by_day, "results_known", "searches")),
            times_in_log=pl.lit(_how_many(by_day, "timed", "clicked")),
        )
        .select(*SEARCH_QUALITY)
    )


def _bands(searches: Ints, of_all: Ints) -> Ints:
    """The places in `BANDS` of queries with so many searches; of equally many it is the same.

    Args:
        searches: of the queries.
        of_all: of all queries of the log, each once; these among them.
    """
    each, queries = np.unique(of_all, return_counts=True)
    together = each * queries
    of_more_searched = together[::-1].cumsum()[::-1] - together
    shares = [share for _, share in BANDS]
    place = np.searchsorted(shares, of_more_searched / max(1, together.sum()), side="right") - 1
    found: Ints = place[np.searchsorted(each, searches)]
    return found


def _people(rows: pl.DataFrame, sketches: Mapping[str, str], *, at_least: int) -> pl.DataFrame:
    """`query_id` and the people of `_PEOPLE`, of queries that have so many.

    Args:
        rows: `query_id`, the sketches and their numbers.
        sketches: those of `SKETCHES` that are looked at.
        at_least: people.
    """
    found: pl.DataFrame | None = None
    for sketch, name in sketches.items():
        some = rows.lazy().filter(pl.col(name) > 0).select("query_id", searchers_sketch=sketch)
        least = at_least if found is None else 1
        people = different_people(some.collect(), "query_id", at_least=least)
        people = people.rename({"searchers": _PEOPLE[sketch]})
        found = people if found is None else found.join(people, on="query_id", how="left")
    assert found is not None
    return _capped(found)


def _filled_sketches(numbers: pl.DataFrame) -> dict[str, str]:
    """Those of `SKETCHES` that hold anybody: most logs lack some, which are not read then."""
    first = next(iter(SKETCHES))
    return {
        sketch: name
        for sketch, name in SKETCHES.items()
        if sketch == first or int(numbers[name].sum())
    }


def _capped(people: pl.DataFrame) -> pl.DataFrame:
    """Estimates may leave more people with a click than people: then all of them."""
    every = [*_PEOPLE.values()]
    nobody = [pl.lit(0, pl.Int64).alias(each) for each in every if each not in people.columns]
    capped = [pl.min_horizontal(pl.col(each).fill_null(0), "people").alias(each) for each in every]
    without = pl.min_horizontal("people_without_results", "results_people")
    told = people.with_columns(nobody).with_columns(capped[1:])
    return told.with_columns(people_without_results=without)


#: Of a day about so many times the ids of a sketch are looked at: most people come several times.
_LOOKED_AT: Final = 16


def _people_of_groups(rows: pl.DataFrame, sketches: Mapping[str, str], whole: int) -> pl.DataFrame:
    """The people of each day, of all days, and of each band of queries: `group` and `_PEOPLE`.

    Args:
        rows: `group` (of the day), `of_band`, the sketches and their numbers.
        sketches: those of `SKETCHES` that are looked at.
        whole: the group of all; the days are below it, the bands above.
    """
    groups = pl.DataFrame({"group": np.arange(whole + 1 + len(BANDS))})
    together = groups
    for sketch, number in sketches.items():
        looked_at = _LOOKED_AT * SKETCH_SIZE * max(1, whole)
        share = min(1.0, looked_at / max(1, int(rows[number].sum())))
        people = _people_up_to(rows, sketch, whole, share)
        if share < 1:  # of small groups all ids are looked at
            rest = groups.join(people, on="group", how="anti")
            held = rows.filter(_is_held(rest["group"], whole)) if len(rest) else rows.clear()
            others = _people_up_to(held, sketch, whole, 1.0)
            people = pl.concat([people, others.join(rest, on="group", how="semi")])
        named = people.rename({"searchers": _PEOPLE[sketch]})
        together = together.join(named, on="group", how="left")
    return _capped(together)


def _is_held(groups: pl.Series, whole: int) -> pl.Expr:
    """Whether a row of a day and a band belongs to any of some groups."""
    if whole in groups:
        return pl.lit(True)
    return pl.col("group").is_in(groups.implode()) | pl.col("of_band").is_in(groups.implode())


def _people_up_to(rows: pl.DataFrame, sketch: str, whole: int, share: float) -> pl.DataFrame:
    """`people_of_share` of days, bands and the whole.

    Args:
        rows: `group`, `of_band` and the sketch, a row a query and day.
        sketch: of which people.
        whole: the group of all.
        share: of all ids.
    """
    ids = rows.lazy().select("group", "of_band", id=sketch)
    if share < 1:
        ids = ids.filter(pl.col("id").list.first() <= id_at(share))  # the least one
    flat = ids.explode("id", empty_as_null=False).filter(pl.col("id") <= id_at(share)).collect()
    parts = _of_each_group(flat, whole, "id")
    return pl.concat([people_of_share(part, "group", share) for part in parts])


def _of_each_group(rows: pl.DataFrame, whole: int, name: str) -> list[pl.DataFrame]:
    """`group` and a column of the rows of each day, of each band, and of all."""
    return [
        rows.select("group", name),
        rows.select("of_band", name).rename({"of_band": "group"}),
        rows.select(pl.lit(whole, pl.Int64).alias("group"), name),
    ]


def _with_rates(counts: pl.DataFrame, k: int, clicks: str) -> pl.DataFrame:
    """Add what may be told of clicks, exits and reformulations; see the top of this file.

    Args:
        counts: `people`, the numbers and the people of `_PEOPLE`.
        k: the floor.
        clicks: of `clicks_in_log`.
    """
    people, searches = pl.col("people"), pl.col("searches")
    has_clicks = pl.lit(clicks != NONE) & _may_be_told("clicked", "clickers", k)
    has_ranks = has_clicks & (pl.col("ranked") == pl.col("clicks")) & (pl.col("clicks") > 0)
    told = _with_times(_with_results(counts, k), has_clicks, k).with_columns(
        clicks_per_search=pl.when(has_clicks).then(pl.col("clicks") / searches),
        mean_rank=pl.when(has_ranks).then(pl.col("rank_sum") / pl.col("ranked")),
        first_rank=pl.when(has_ranks).then(pl.col("first_rank_sum") / pl.col("first_ranked")),
    )
    for rate, (kind, doers, logs) in _RATES.items():
        share = pl.col(kind) / searches
        low, high = wilson(share, people)
        is_told = pl.lit(clicks in logs) & _may_be_told(kind, doers, k)
        shown = {rate: share, f"{rate}_low": low, f"{rate}_high": high, doers: pl.col(doers)}
        told = told.with_columns(
            pl.when(is_told).then(each).alias(name) for name, each in shown.items()
        )
    return told


def _with_results(counts: pl.DataFrame, k: int) -> pl.DataFrame:
    """Add how many searches found nothing, of those of which the log tells."""
    people, known = pl.col("results_people"), pl.col("results_known")
    is_told = (people >= k) & _may_be_told(
        "no_results", "people_without_results", k, "results_known", "results_people"
    )
    share = pl.col("no_results") / known
    low, high = wilson(share, people)
    shown = {
        "zero_result_rate": share,
        "zero_result_rate_low": low,
        "zero_result_rate_high": high,
        "people_without_results": pl.col("people_without_results"),
        "results_people": pl.when(_leaves_nobody_or_enough("people", people, k)).then(people),
    }
    return counts.with_columns(
        pl.when(is_told).then(each).alias(name) for name, each in shown.items()
    )


def _with_times(counts: pl.DataFrame, has_clicks: pl.Expr, k: int) -> pl.DataFrame:
    """Add when the first click came, of the searches with a click of which the log tells."""
    people = pl.col("timed_people")
    is_told = has_clicks & (people >= k)
    may_be_counted = is_told & _leaves_nobody_or_enough("clickers", people, k)
    return counts.with_columns(
        seconds_to_click=pl.when(is_told).then("seconds_to_click"),
        timed_people=pl.when(may_be_counted).then(people),
    )


def _leaves_nobody_or_enough(people: str, some: pl.Expr, k: int) -> pl.Expr:
    others = pl.col(people) - some
    return (others == 0) | (others >= k)


def _may_be_told(
    kind: str, doers: str, k: int, whole: str = "searches", people: str = "people"
) -> pl.Expr:
    """Whether so many people did something, and so many did not: see the top of this file."""
    did = (pl.col(kind) == 0) | (pl.col(doers) >= k)
    did_not = (pl.col(kind) == pl.col(whole)) | (pl.col(people) - pl.col(doers) >= k)
    return did & did_not
