"""Trending keywords: what far more people search now than its own past leads one to expect.

A query is measured against two pasts of its own, and has to beat the larger:

* season: the median of the same hours of the days before, hours without it being zeros. A median,
  so that the query's own bursts of other days are not taken for habit.
* recent: the mean of the hours just before, weights halved every half-life, so that an issue
  leaves the board when it has become the new normal.

Both are shares of all searches, scaled to the searches of now: a busy hour makes nothing trend.
The score is the signed root of the Poisson deviance: for few people the ratio must be larger.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.contracts import conform
from pipeline.errors import InvalidParameterError
from pipeline.names import names_of
from pipeline.ranking import with_top_ranks
from pipeline.schemas import HOURLY_COUNTS, TRENDING
from pipeline.windows import decayed, local_hours, require_full_hour

#: Nobody is surprised by less than one searcher: the floor under every expectation.
LEAST_EXPECTED: Final = 1.0

#: Hours older than so many half-lives weigh under 1 %, and are left out.
HALF_LIVES: Final = 7


def trending_keywords(
    hourly_counts: DataFrame,
    names: DataFrame,
    *,
    window_end: datetime,
    zone: str,
    window_hours: int = 1,
    baseline_days: int = 14,
    half_life_hours: float = 12.0,
    min_searchers: int = 5,
    min_score: float = 4.0,
    top: int = 20,
) -> DataFrame:
    """Rank the queries of the `window_hours` before `window_end` by how far they surprise.

    Args:
        hourly_counts: `HOURLY_COUNTS`; hours after the window or before its past are ignored. An
            hour without any search at all is no sample (the log may begin later, or have a gap).
        names: `query_id`, `query`, `surface` of all queries typed in the two windows before
            `window_end`; several rows a query are allowed.
        window_end: a full hour of `zone`, with its offset.
        zone: the reporting zone: "the same hour" is one on its clocks.
        window_hours: length of the window, 1 to 24.
        baseline_days: days of the season, at least 1. From 14 on, a weekly habit counts too.
        half_life_hours: of the weights of the hours before, above 0.
        min_searchers: different people who must have typed one form of the query within one hour
            of the window: people of several hours or forms do not add up, some are the same.
        min_score: sigmas below which a rise is no surprise, above 0.
        top: ranks on the board.

    Returns:
        `TRENDING`, at most `top` rows; of equal scores more searchers first, then by text. Forms
        of a query that differ in spacing or punctuation count together, under the one most people
        typed; the others are in `variants`, if they reach `min_searchers` too. `previous_rank` is
        the rank that this same function gives for the window before.

    Raises:
        InvalidParameterError: a parameter is out of its range.
        SchemaMismatchError: `hourly_counts` is no `HOURLY_COUNTS`.
    """
    hours = _Hours(window_end, zone, window_hours, baseline_days, half_life_hours)
    hours.require_ranges()
    if min_searchers < 1:
        raise InvalidParameterError(f"min_searchers must be at least 1, got {min_searchers}")
    if min_score <= 0:
        raise InvalidParameterError(f"min_score must be above 0, got {min_score}")

    counts = hours.of_past_and_windows(conform(hourly_counts, HOURLY_COUNTS, "hourly counts"))
    typed = _typed_queries(hours.of_windows(counts), names, min_searchers)
    # Only what may be shown is looked up in the past, and by its ids.
    forms = typed.select("window_end", "variant_id", F.explode("forms.query_id").alias("query_id"))
    of_forms = counts.join(F.broadcast(forms), on="query_id")
    past = hours.past(of_forms, by=["window_end", "variant_id"])
    all_searches = counts.groupBy("hour").agg(F.sum("searchers").alias("searchers"))
    traffic = hours.past(hours.for_each_board(all_searches), by=["window_end"])

    scored = _scored(typed, past, traffic).where(F.col("score") >= min_score)
    boards = with_top_ranks(
        scored,
        per=["window_end"],
        best_first=[F.desc("score"), F.desc("searchers"), F.asc("query")],
        limit=top,
    )
    return conform(_with_movement(boards, window_end), TRENDING, "trending keywords")


@dataclass(frozen=True)
class _Hours:
    """What each hour is to a board: part of its window, of its season, of its recent past.

    There are two boards: of the window asked for, and of the one before, for the movement.
    """

    window_end: datetime
    zone: str
    window_hours: int
    baseline_days: int
    half_life_hours: float

    def require_ranges(self) -> None:
        require_full_hour(self.window_end, self.zone, "window_end")
        if not 1 <= self.window_hours <= 24:
            raise InvalidParameterError(
                f"window_hours must be from 1 to 24, got {self.window_hours}"
            )
        if self.baseline_days < 1:
            raise InvalidParameterError(
                f"baseline_days must be at least 1, got {self.baseline_days}"
            )
        if self.half_life_hours <= 0:
            raise InvalidParameterError(
                f"half_life_hours must be above 0, got {self.half_life_hours}"
            )

    def of_past_and_windows(self, counts: DataFrame) -> DataFrame:
        """The hours that any of the two boards needs."""
        # A day more than the season has, for days of 25 hours.
        past = max(timedelta(days=self.baseline_days + 1), timedelta(hours=self._recent_hours()))
        oldest = self._ends()[1] - self._window() - past
        return counts.where(
            (F.col("hour") >= F.lit(oldest)) & (F.col("hour") < F.lit(self.window_end))
        )

    def of_windows(self, counts: DataFrame) -> DataFrame:
        """The hours of both windows, each with its board's `window_end`."""
        oldest = self._ends()[1] - self._window()
        in_window = self._hours_before_end() <= self.window_hours
        return self.for_each_board(counts.where(F.col("hour") >= F.lit(oldest))).where(
            (F.col("hour") < F.col("window_end")) & in_window
        )

    def for_each_board(self, counts: DataFrame) -> DataFrame:
        return counts.withColumn("window_end", F.explode(F.array(*map(F.lit, self._ends()))))

    def past(self, cells: DataFrame, *, by: list[str]) -> DataFrame:
        """Add up `searchers` by `by` (`window_end` among them): `window`, `season`, `recent`.

        `season` has an element a day, the day before first; `recent` is weighted by `decayed`.
        """
        age = self._hours_before_end()
        in_window = age.between(1, self.window_hours)
        recent_age = age - self.window_hours
        weight = F.when(
            recent_age.between(1, self._recent_hours()), decayed(recent_age, self.half_life_hours)
        ).otherwise(0)
        clock_age = (
            local_hours(F.col("window_end"), self.zone) - local_hours(F.col("hour"), self.zone) - 1
        )
        days_ago = F.when(F.pmod(clock_age, F.lit(24)) < self.window_hours, F.floor(clock_age / 24))
        searchers = F.col("searchers")
        season = [
            F.sum(F.when(days_ago == day, searchers).otherwise(0))
            for day in range(1, self.baseline_days + 1)
        ]
        return cells.groupBy(*by).agg(
            F.sum(F.when(in_window, searchers).otherwise(0)).alias("window"),
            F.array(*season).alias("season"),
            F.sum(searchers * weight).alias("recent"),
        )

    def _ends(self) -> list[datetime]:
        return [self.window_end, self.window_end - self._window()]

    def _window(self) -> timedelta:
        return timedelta(hours=self.window_hours)

    def _recent_hours(self) -> int:
        return ceil(HALF_LIVES * self.half_life_hours)

    def _hours_before_end(self) -> Column:
        """1 in the last hour of the window."""
        return (F.unix_seconds("window_end") - F.unix_seconds("hour")) / 3600


def _typed_queries(cells: DataFrame, names: DataFrame, min_searchers: int) -> DataFrame:
    """What was typed in each window by enough people, variants as one: a row a board and query.

    Returns:
        `window_end`, `variant_id`, `searchers`, and `forms`, the most typed first: structs of
        `less` (searchers below zero), `query`, `surface`, `most_in_an_hour`, `query_id`.
    """
    by_form = cells.groupBy("window_end", "query_id").agg(
        F.sum("searchers").alias("searchers"), F.max("searchers").alias("most_in_an_hour")
    )
    named = by_form.join(names_of(by_form.select("query_id"), names), on="query_id")
    form = F.struct(
        (-F.col("searchers")).alias("less"), "query", "surface", "most_in_an_hour", "query_id"
    )
    return (
        named.groupBy("window_end", "variant_id")
        .agg(
            F.sum("searchers").alias("searchers"),
            F.max("most_in_an_hour").alias("most_in_an_hour"),
            F.sort_array(F.collect_list(form)).alias("forms"),
        )
        .where(F.col("most_in_an_hour") >= min_searchers)
        .withColumn("query", F.col("forms")[0]["query"])
        .withColumn("surface", F.col("forms")[0]["surface"])
        .withColumn(
            "variants",
            F.filter(
                F.slice("forms", 2, F.size("forms")),
                lambda other: other["most_in_an_hour"] >= min_searchers,
            )["query"],
        )
    )


def _scored(typed: DataFrame, past: DataFrame, traffic: DataFrame) -> DataFrame:
    """Add `expected_searchers` and `score`."""
    of_all = traffic.select("window_end", F.struct("window", "season", "recent").alias("all"))
    joined = typed.join(past, on=["window_end", "variant_id"]).join(
        F.broadcast(of_all), on="window_end"
    )
    expected = F.greatest(
        _median(_season(F.col("season"), F.col("all"))),
        _weekly(_season(F.col("season"), F.col("all"))),
        F.col("recent") * F.col("all.window") / F.nullif(F.col("all.recent"), F.lit(0)),
        F.lit(LEAST_EXPECTED),
    )
    return joined.withColumn("expected_searchers", expected).withColumn(
        "score", surprise(F.col("searchers"), F.col("expected_searchers"))
    )


def surprise(searchers: Column, expected: Column) -> Column:
    """The signed root of the Poisson deviance: x log(x / E) - (x - E), doubled, its root.

    In standard deviations of a Poisson count, for small counts as for large (McCullagh and Nelder,
    Generalized Linear Models, 2nd edition, 2.4). Negative where fewer came than expected.

    Args:
        searchers: at least 1.
        expected: above 0.
    """
    excess = searchers - expected
    deviance = 2 * (searchers * F.log(searchers / expected) - excess)
    # Rounding may leave a little less than nothing of equal counts.
    return F.signum(excess) * F.sqrt(F.greatest(deviance, F.lit(0.0)))


def _season(searchers: Column, of_all: Column) -> Column:
    """What each day of the season leads one to expect of the window; null: no search that day."""
    return F.zip_with(
        searchers,
        of_all["season"],
        lambda mine, alls: mine * of_all["window"] / F.nullif(alls, F.lit(0)),
    )


def _median(days: Column) -> Column:
    """The middle of an array's values that are not null; null if there is none."""
    known = F.array_sort(F.array_compact(days))
    size = F.size(known)
    lower = F.get(known, F.floor((size - 1) / 2).cast("int"))
    upper = F.get(known, F.floor(size / 2).cast("int"))
    return (lower + upper) / 2


def _weekly(days: Column) -> Column:
    """The lesser of one and two weeks ago, or the one there is a log of.

    What comes at the same hour of the week is a programme far more often than a second burst.
    """
    return F.least(F.get(days, F.lit(6)), F.get(days, F.lit(13)))


def _with_movement(boards: DataFrame, window_end: datetime) -> DataFrame:
    """The board of `window_end`, compared with the other."""
    is_now = F.col("window_end") == F.lit(window_end)
    of_query = Window.partitionBy("variant_id")
    previous = F.max(F.when(~is_now, F.col("rank"))).over(of_query)
    movement = (
        F.when(F.col("previous_rank").isNull(), "NEW")
        .when(F.col("rank") < F.col("previous_rank"), "UP")
        .when(F.col("rank") > F.col("previous_rank"), "DOWN")
        .otherwise("SAME")
    )
    return (
        boards.withColumn("previous_rank", previous).where(is_now).withColumn("movement", movement)
    )
