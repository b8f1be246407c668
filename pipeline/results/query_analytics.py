"""How well searches end: click-through, exits and reformulations, by query and as a whole.

What may be told. A figure speaks of the people who did something (clicked, left, reformulated) and
of those who did not. It is withheld (null) unless each of the two is nobody at all or at least k
different people: of seven people of whom six clicked, one did not, and a rate would tell of her.
Nobody at all means that no search, or every search, is of that kind. Where the log tells of some
searches alone how many results they had, or when the first click was, a figure speaks of the people
of these: at least k. How many they are is withheld where one to k - 1 others are left.
"""

from typing import Final

import polars as pl

from pipeline import limits
from pipeline.columns import QUERY_ANALYTICS, SEARCH_QUALITY
from pipeline.counting.clicks import DURATIONS, NUMBERS, SKETCHES
from pipeline.counting.durations import medians
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
    of_query = daily_clicks.filter(_IS_SELF).drop("into_id")
    numbers = of_query.group_by("query_id").agg(pl.col(*NUMBERS).sum()).collect()
    banded = _with_bands(numbers)
    enough = banded.filter(pl.col("searches") >= min_searchers)
    sketches = of_query.join(enough.lazy().select("query_id"), on="query_id", how="semi")
    people = _people(sketches, "query_id", numbers, at_least=min_searchers)
    timed = sketches.filter(pl.col("timed") > 0).select("query_id", DURATIONS).collect()
    durations = medians(timed, "query_id", DURATIONS)
    counts = enough.join(people, on="query_id").join(
        durations.rename({"seconds": "seconds_to_click"}), on="query_id", how="left"
    )
    told = _with_rates(counts, min_searchers, clicks_in_log(numbers))
    exit_rate = int(numbers["left"].sum()) / max(1, int(numbers["searches"].sum()))
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
    of_query = daily_clicks.filter(_IS_SELF).drop("into_id")
    added_up = pl.col(*NUMBERS).sum()
    queries = pl.len().cast(pl.Int64).alias("queries")
    of_day = of_query.group_by(day="dt").agg(queries, added_up)
    by_day, numbers = pl.collect_all([of_day, of_query.group_by("query_id").agg(added_up)])
    known = clicks_in_log(by_day)
    banded = _with_bands(numbers)
    days = by_day["day"].sort()
    # A number a group: the days, then the bands, then the whole.
    groups = [
        *((day, WHOLE) for day in days),
        (None, WHOLE),
        *((None, band) for band, _ in BANDS),
    ]
    about = pl.DataFrame(groups, schema={"day": pl.String, "band": pl.String}, orient="row")
    about = about.with_row_index("group").cast({"group": pl.Int64})
    of_band = banded.group_by("band").agg(queries, added_up)
    whole = of_band.select(pl.lit(WHOLE).alias("band"), pl.exclude("band").sum())
    parts = [by_day.with_columns(band=pl.lit(WHOLE)), whole, of_band]
    summed = pl.concat(parts, how="diagonal")
    told = about.join(summed, on=["day", "band"], nulls_equal=True)
    people = _people_of_groups(of_query, about, banded, at_least=min_searchers)
    durations = _medians_of_groups(of_query, about, banded)
    counts = told.join(people, on="group").join(durations, on="group", how="left")
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


def _with_bands(numbers: pl.DataFrame) -> pl.DataFrame:
    """Add `band`; queries with equally many searches are in one."""
    of_size = numbers.group_by("searches").agg(all=pl.col("searches").sum())
    before = of_size.sort("searches", descending=True).select(
        "searches", share=(pl.col("all").cum_sum() - pl.col("all")) / pl.col("all").sum()
    )
    (first, _), *others = BANDS
    band = pl.lit(first)
    for name, share in others:
        band = pl.when(pl.col("share") >= share).then(pl.lit(name)).otherwise(band)
    return numbers.join(before, on="searches").with_columns(band=band).drop("share")


def _people(
    sketches: pl.LazyFrame, by: str, numbers: pl.DataFrame, *, at_least: int
) -> pl.DataFrame:
    """`by` and the people of `_PEOPLE`, of groups that have so many.

    Args:
        sketches: `by`, `SKETCHES` and their numbers.
        by: the column that identifies a group.
        numbers: the numbers of all, in any number of rows.
        at_least: people.
    """
    kept = _filled_sketches(numbers)
    rows = sketches.select(by, *kept, *kept.values()).collect()
    found: pl.DataFrame | None = None
    for sketch, name in kept.items():
        some = rows.filter(pl.col(name) > 0).select(by, searchers_sketch=sketch)
        least = at_least if found is None else 1
        people = different_people(some, by, at_least=least).rename({"searchers": _PEOPLE[sketch]})
        found = people if found is None else found.join(people, on=by, how="left")
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


def _people_of_groups(
    of_query: pl.LazyFrame, about: pl.DataFrame, banded: pl.DataFrame, *, at_least: int
) -> pl.DataFrame:
    """The people of each day, of all days, and of each band of queries: `group` and `_PEOPLE`."""
    days = about.filter(pl.col("day").is_not_null()).select("group", dt="day")
    bands = about.filter(pl.col("day").is_null()).select("band", of_band="group")
    [whole] = about.filter(pl.col("day").is_null() & (pl.col("band") == WHOLE))["group"]
    looked_at = _LOOKED_AT * SKETCH_SIZE * max(1, len(days))
    shares = {
        sketch: min(1.0, looked_at / max(1, int(banded[name].sum())))
        for sketch, name in _filled_sketches(banded).items()
    }
    band_of = banded.lazy().select("query_id", "band").join(bands.lazy(), on="band")
    rows = (
        of_query.select("dt", "query_id", *shares)
        .join(band_of, on="query_id")
        .select("dt", "of_band", *shares)
        .collect()
    )
    found = {
        sketch: _people_up_to(rows, sketch, days, whole, share) for sketch, share in shares.items()
    }
    # Of small groups all ids are looked at.
    for sketch, share in shares.items():
        rest = about.join(found[sketch], on="group", how="anti") if share < 1 else about.clear()
        if len(rest):
            held = rows.filter(_is_held(rest, days, whole))
            others = _people_up_to(held, sketch, days, whole, 1.0)
            of_groups = others.join(rest, on="group", how="semi")
            found[sketch] = pl.concat([found[sketch], of_groups])
    together = about.select("group")
    for sketch, people in found.items():
        named = people.rename({"searchers": _PEOPLE[sketch]})
        together = together.join(named, on="group", how="left")
    return _capped(together).filter(pl.col("people") >= at_least)


def _is_held(groups: pl.DataFrame, days: pl.DataFrame, whole: int) -> pl.Expr:
    """Whether a row of a day and a band belongs to any of some groups."""
    if whole in groups["group"]:
        return pl.lit(True)
    of_days = days.join(groups, on="group", how="semi")["dt"]
    return pl.col("dt").is_in(of_days.implode()) | pl.col("of_band").is_in(
        groups["group"].implode()
    )


def _medians_of_groups(
    of_query: pl.LazyFrame, about: pl.DataFrame, banded: pl.DataFrame
) -> pl.DataFrame:
    """`seconds_to_click` of each day, of all days, and of each band: by `group`."""
    of_band = banded.lazy().select("query_id", "band")
    timed = of_query.filter(pl.col("timed") > 0).select("dt", "query_id", DURATIONS)
    rows = timed.join(of_band, on="query_id").collect()
    whole = pl.col("day").is_null() & (pl.col("band") == WHOLE)
    days = about.filter(pl.col("day").is_not_null()).select("group", dt="day")
    bands = about.filter(pl.col("day").is_null() & ~whole).select("group", "band")
    parts = (
        rows.join(days, on="dt").select("group", DURATIONS),
        rows.join(bands, on="band").select("group", DURATIONS),
        rows.join(about.filter(whole).select("group"), how="cross").select("group", DURATIONS),
    )
    return medians(pl.concat(parts), "group", DURATIONS).rename({"seconds": "seconds_to_click"})


#: Of a day about so many times the ids of a sketch are looked at: most people come several times.
_LOOKED_AT: Final = 16


def _people_up_to(
    rows: pl.DataFrame, sketch: str, days: pl.DataFrame, whole: int, share: float
) -> pl.DataFrame:
    """`people_of_share` of days, bands and the whole.

    Args:
        rows: `dt`, `of_band` and the sketch, a row a query and day.
        sketch: of which people.
        days: their numbers: `dt`, `group`.
        whole: the number of the whole.
        share: of all ids.
    """
    has_some = pl.col(sketch).list.first() <= id_at(share)  # the least one
    flat = (
        rows.filter(has_some)
        .join(days, on="dt")
        .select("group", "of_band", id=sketch)
        .explode("id", empty_as_null=False)
        .filter(pl.col("id") <= id_at(share))
    )
    parts = (
        flat.select("group", "id"),
        flat.select("id", group="of_band"),
        flat.select("id", group=pl.lit(whole, pl.Int64)),
    )
    return pl.concat([people_of_share(part, "group", share) for part in parts])


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
