"""New, lost, rising and falling queries: a week beside the week before, by a test.

Few people make large ratios, and much searched queries vary by more than chance. So the score is
that of a conditional test (Przyborowski and Wilenski, Homogeneity of results in testing samples
from Poisson series, 1940): of all people of both weeks, how many came in the second, beside the
share of it in the traffic. It is the signed root of the binomial deviance with half a person taken
off for continuity, divided by the root of the variance that counts of habits show beyond it,
1 + (n - 1) ρ, with ρ of the log itself (as in a beta-binomial law), and by that of the times a
person comes: who searches on seven days is one person. What is told is chosen so that at most a
share of it is false (Benjamini and Hochberg, Controlling the false discovery rate, 1995).
"""

from datetime import date
from typing import Final

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.columns import CHANGES
from pipeline.counting.groups import Flags, Ints, summed
from pipeline.counting.people import different_people
from pipeline.results.names import names_of
from pipeline.results.search_patterns import DIGITS, calendar_of, hours_of
from pipeline.results.seasons import WEEK, Floats, divergence

#: Of what is told, at most such a share is chance.
FALSE_SHARE: Final = 0.01
#: Habits are learnt from queries of so many people in both weeks, and so many in each of them:
#: what is new or lost is no habit;
MANY: Final = 50
MANY_IN_EACH: Final = 10
#: of which so many are needed; with fewer, the variance of a log of habits is taken.
MANY_QUERIES: Final = 30
USUAL_DISPERSION: Final = 0.005
#: Half of them at least do as they always do; χ² of one degree of freedom at that share.
HABITUAL: Final = 0.5
CHI_SQUARED: Final = 0.4549
#: Sketches of people are looked at only from such a score on: no list goes below it.
LEAST_SCORE: Final = 2.0
#: A week is above, or below, an earlier one from such a score on.
EARLIER_SCORE: Final = 2.0
#: The most that ρ can be told to be: two weeks have nothing to do with each other.
MOST_DISPERSION: Final = 0.25

CHANGES_TOLD: Final = ("new", "rising", "back", "falling", "over", "lost")


def week_changes(
    hourly_counts: pl.LazyFrame,
    daily_counts: pl.LazyFrame,
    *,
    zone: str,
    min_searchers: int = 5,
    false_share: float = FALSE_SHARE,
    are_over: bool = False,
) -> pl.DataFrame:
    """Tell which queries changed from the week before the last to the last one.

    A week is seven days that are over. `new` has nobody in the days before, `lost` nobody in the
    week; `back` rose, but not above an earlier week of the period (what comes once a month does);
    `over` fell, but not below an earlier week (what was a burst); `rising` and `falling` are the
    others.

    Args:
        hourly_counts: `HOURLY_COUNTS` of the last day at least, with `dt`.
        daily_counts: `DAILY_COUNTS` of the period, with `dt`.
        zone: the reporting zone.
        min_searchers: different people in one of both weeks at least.
        false_share: of what is told, so much may be chance.
        are_over: see `calendar_of`.

    Returns:
        `CHANGES`, by change and rank. No rows of less than two weeks.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(min_searchers=min_searchers, false_share=false_share)
    calendar = calendar_of(hours_of(hourly_counts, zone), daily_counts, are_over=are_over)
    last = calendar.days[-1]
    weeks = [(last - day).days // WEEK for day in calendar.days]
    traffic = np.bincount(weeks, calendar.traffic, 2).astype(np.float64)
    empty = pl.DataFrame(schema=dict(CHANGES))
    # The week before has begun: its first day is there.
    if (last - calendar.days[0]).days < 2 * WEEK - 1 or not traffic[:2].all():
        return empty
    named_weeks = pl.DataFrame(
        {
            "dt": [day.isoformat() for day in calendar.days],
            "week": pl.Series(weeks, dtype=pl.Int64),
        }
    )
    compared = _by_week(daily_counts, named_weeks, traffic, min_searchers)
    if compared.is_empty():
        return empty
    now, before = compared["now"].to_numpy(), compared["before"].to_numpy()
    share = float(traffic[0] / (traffic[0] + traffic[1]))
    dispersion = dispersion_of(now, before, share)
    score = change_scores(now, before, share, dispersion)
    likely = compared.with_columns(raw=score).filter(pl.col("raw").abs() >= LEAST_SCORE)
    people = _different(daily_counts, named_weeks, likely)
    told = likely.join(people, on="query_id").sort("query_id")
    is_told = (pl.max_horizontal("searchers", "searchers_before") >= min_searchers) & (
        pl.col("searchers") + pl.col("searchers_before") > 0
    )
    times = (pl.col("now") + pl.col("before")) / (
        pl.col("searchers") + pl.col("searchers_before")
    ).clip(lower_bound=1)
    told = told.filter(is_told).with_columns(score=pl.col("raw") / times.clip(lower_bound=1).sqrt())
    chosen = told.filter(_discoveries(told["score"].to_numpy(), len(compared), false_share))
    return _told(chosen, daily_counts, share, dispersion, min_searchers, last)


def change_scores(now: Ints, before: Ints, share: float, dispersion: float) -> Floats:
    """Standard deviations from no change, by query; see above.

    Args:
        now: people of the week, each once a day.
        before: of the week before.
        share: of the week in the traffic of both.
        dispersion: ρ.
    """
    total = (now + before).astype(np.float64)
    off = now - total * share
    part = np.clip((now - 0.5 * np.sign(off)) / np.maximum(total, 1.0), 0.0, 1.0)
    deviance = 2 * total * divergence(part, np.full(len(part), share))
    spread = 1.0 + np.maximum(total - 1.0, 0.0) * dispersion
    found: Floats = np.where(np.abs(off) > 0.5, np.sign(off), 0.0) * np.sqrt(deviance / spread)
    return found


def dispersion_of(now: Ints, before: Ints, share: float) -> float:
    """ρ of the log: by how much habits vary from week to week beyond chance.

    It is the one with which `HABITUAL` of the much searched queries vary as they should. What
    really changed is among the others, and by how much does not count.
    """
    total = (now + before).astype(np.float64)
    many = (total >= MANY) & (np.minimum(now, before) >= MANY_IN_EACH)
    if many.sum() < MANY_QUERIES:
        return USUAL_DISPERSION
    total, off = total[many], (now - total * share)[many]
    squared = off**2 / (total * share * (1 - share))
    low, high = 0.0, MOST_DISPERSION
    for _ in range(40):
        middle = (low + high) / 2
        odd = np.quantile(squared / (1 + (total - 1) * middle), HABITUAL)
        low, high = (middle, high) if odd > CHI_SQUARED else (low, middle)
    return float(high)


def tail(score: Floats) -> Floats:
    """The chance that a normal deviate is so far from zero, either way.

    By Laplace's continued fraction of Mills' ratio far out, and Marsaglia's series (Evaluating the
    normal distribution, 2004) near zero.
    """
    z = np.abs(score)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    ratio = z.copy()
    for number in range(60, 0, -1):
        ratio = z + number / np.maximum(ratio, 1e-9)
    near = np.minimum(z, 2.0)
    term, total = near.copy(), near.copy()
    for number in range(1, 40):
        term = term * near**2 / (2 * number + 1)
        total = total + term
    inner = 0.5 - total * np.exp(-(near**2) / 2) / np.sqrt(2 * np.pi)
    found: Floats = 2 * np.where(z < 2.0, inner, density / np.maximum(ratio, 1e-9))
    return found


def _discoveries(score: Floats, tests: int, false_share: float) -> Flags:
    """Which scores are told of so many tests: those of the others are nearer to zero."""
    chance = tail(score)
    order = np.argsort(chance, kind="stable")
    limit = false_share * np.arange(1, len(order) + 1) / max(tests, 1)
    holds = np.flatnonzero(chance[order] <= limit)
    found = np.zeros(len(score), dtype=np.bool_)
    if len(holds):
        found[order[: holds[-1] + 1]] = True
    return found


def _by_week(
    daily_counts: pl.LazyFrame, weeks: pl.DataFrame, traffic: Floats, min_searchers: int
) -> pl.DataFrame:
    """What there is to compare.

    Returns:
        `query_id`; `now` and `before`: its people of both weeks, each once a day; `most` and
        `least`: of the earlier weeks of the period, as if their traffic were that of the week;
        null where there is none; `earlier`: people in all weeks before the two.
    """
    scale = pl.DataFrame(
        {
            "week": np.arange(len(traffic)),
            "scale": np.where(traffic > 0, traffic[0] / np.maximum(traffic, 1.0), 0.0),
        }
    )
    daily = daily_counts.select("dt", "query_id", "searchers").join(weeks.lazy(), on="dt")

    people = pl.col("searchers")
    two_weeks = daily.filter(pl.col("week") < 2).select(
        "query_id",
        now=pl.when(pl.col("week") == 0).then(people).otherwise(0),
        before=pl.when(pl.col("week") == 1).then(people).otherwise(0),
    )
    both = summed(two_weeks.collect(), "query_id", "now", "before").filter(
        pl.max_horizontal("now", "before") >= min_searchers
    )
    # An unfinished week at the beginning of the log is none.
    days_of_week = np.bincount(weeks["week"].to_numpy(), minlength=len(traffic))
    whole = [week for week in range(2, len(traffic)) if days_of_week[week] == WEEK]
    earlier = (
        daily.filter(pl.col("week") >= 2, pl.col("query_id").is_in(both["query_id"].implode()))
        .group_by("query_id", "week")
        .agg(people=people.sum())
        .join(scale.lazy(), on="week")
        .with_columns(scaled=pl.col("people") * pl.col("scale"))
        .group_by("query_id")
        .agg(
            earlier=pl.col("people").sum(),
            most=pl.col("scaled").max(),
            least=pl.col("scaled").filter(pl.col("week").is_in(whole)).min(),
            weeks=pl.col("week").is_in(whole).sum(),
        )
    )
    # In weeks without a row nobody typed it.
    least = pl.when(pl.col("weeks").fill_null(0) < len(whole)).then(0.0).otherwise("least")
    return (
        both.lazy()
        .join(earlier, on="query_id", how="left")
        .select(
            "query_id",
            "now",
            "before",
            pl.col("earlier").fill_null(0),
            most=pl.when(bool(len(traffic) > 2)).then(pl.col("most").fill_null(0.0)),
            least=pl.when(bool(whole)).then(least),
        )
        .sort("query_id")
        .collect()
    )


def _different(
    daily_counts: pl.LazyFrame, weeks: pl.DataFrame, likely: pl.DataFrame
) -> pl.DataFrame:
    """`query_id`, `searchers` and `searchers_before`: different people of both weeks."""
    found = likely.select("query_id")
    for week, name in enumerate(("searchers", "searchers_before")):
        days = weeks.filter(pl.col("week") == week)["dt"].to_list()
        sketches = (
            daily_counts.filter(pl.col("dt").is_in(days))
            .filter(pl.col("query_id").is_in(likely["query_id"].implode()))
            .select("query_id", "searchers_sketch")
            .collect()
        )
        people = different_people(sketches, "query_id").rename({"searchers": name})
        found = found.join(people, on="query_id", how="left")
    return found.with_columns(pl.col("searchers", "searchers_before").fill_null(0))


def _told(
    chosen: pl.DataFrame,
    daily_counts: pl.LazyFrame,
    share: float,
    dispersion: float,
    min_searchers: int,
    last: date,
) -> pl.DataFrame:
    """What is said of the queries that changed.

    Fewer people than `min_searchers` are neither told nor to be had from the score: it is that of
    `min_searchers` less one.
    """
    rises = pl.col("score") > 0
    before, now = pl.col("before"), chosen["now"].to_numpy()

    def differs(column: str) -> pl.Series:
        """Whether the week differs from an earlier one, too; without one, it does."""
        other = chosen[column].round().fill_null(-1).cast(pl.Int64).to_numpy()
        score = change_scores(now, np.maximum(other, 0), 0.5, dispersion)
        sign = 1.0 if column == "most" else -1.0
        return pl.Series((score * sign >= EARLIER_SCORE) | (other < 0))

    change = (
        pl.when(rises & (before == 0) & (pl.col("earlier") == 0))
        .then(pl.lit("new"))
        .when(rises & (~differs("most")))
        .then(pl.lit("back"))
        .when(rises)
        .then(pl.lit("rising"))
        .when(~differs("least"))
        .then(pl.lit("over"))
        .when(pl.col("now") == 0)
        .then(pl.lit("lost"))
        .otherwise(pl.lit("falling"))
    )

    def shown(column: str) -> pl.Expr:
        people = pl.col(column)
        return pl.when((people == 0) | (people >= min_searchers)).then(people)

    hidden = min_searchers - 1
    figures = chosen.select(
        now=shown("searchers").fill_null(hidden), before=shown("searchers_before").fill_null(hidden)
    )
    scores = change_scores(
        figures["now"].to_numpy(), figures["before"].to_numpy(), share, dispersion
    )
    named = chosen.with_columns(change=change, told=scores).join(
        names_of(chosen["query_id"], daily_counts), on="query_id"
    )
    best_first = named.sort(
        pl.col("told").abs(), "searchers", "query", descending=[True, True, False]
    )
    # Of the spellings of one query the one that changed most stands for all.
    best_first = best_first.unique("variant_id", keep="first", maintain_order=True)
    rank = pl.int_range(1, pl.len() + 1).over("change")
    kind = pl.Enum(CHANGES_TOLD)
    told = best_first.select(
        "query",
        "surface",
        "change",
        rank=rank,
        searchers=shown("searchers"),
        searchers_before=shown("searchers_before"),
        score=pl.col("told").round(DIGITS),
        week_ends=pl.lit(last),
    ).sort(pl.col("change").cast(kind), "rank")
    return told.select(pl.col(name).cast(to) for name, to in CHANGES.items())
