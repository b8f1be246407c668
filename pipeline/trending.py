"""Trending keywords: what far more people search now than its own past leads one to expect.

A query is measured against two pasts of its own, and has to beat the larger:

* season: the same hours of the days before, hours without it being zeros, and of these the day
  that one in five reach: habits of the weekend are two days in seven. Bursts of single days lie
  above it and are not taken for habit.
* recent: the mean of the hours just before, weights halved every half-life, so that an issue
  leaves the board when it has become the new normal.

Both are shares of all searches, scaled to the searches of now: a busy hour makes nothing trend.
The score is the signed root of a negative-binomial deviance: for few people the ratio must be
larger, and for many, whose chance errors are small, habits are still not kept to the minute.
How it compares with other methods: docs/evaluation-trending.md.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline import limits
from pipeline.contracts import conform
from pipeline.hangul import keystroke_distance, keystrokes, other_keyboard_keystrokes
from pipeline.names import names_of
from pipeline.ranking import with_top_ranks
from pipeline.schemas import HOURLY_COUNTS, TRENDING
from pipeline.text import variant_key
from pipeline.windows import decayed, local_hours, require_full_hour

#: Of what was never seen half a searcher is expected: the floor under every expectation.
LEAST_EXPECTED: Final = 0.5

#: Hours older than so many half-lives weigh under 1 %, and are left out; so are those before the
#: season.
HALF_LIVES: Final = 7

#: One day in so many reaches what the season leads one to expect.
DAYS_PER_BUSY_DAY: Final = 5

#: Variance of a habit beyond that of chance, by its square: it varies by a seventh from day to day.
DISPERSION: Final = 0.02

#: Accounts that search nothing else count as far as there are usually this many times fewer.
USUAL_SHARE: Final = 0.5

#: Rows among which those of one issue are looked for, for each rank of the board.
CANDIDATES_PER_RANK: Final = 5

#: A misspelling has so many times fewer searchers than the query, at most so many keys in error,
#: and of the query's keys at most one in so many.
FEWER: Final = 10
KEYS_IN_ERROR: Final = 2
KEYS_PER_ERROR: Final = 4


def trending_keywords(
    hourly_counts: DataFrame,
    names: DataFrame,
    *,
    window_end: datetime,
    zone: str,
    window_hours: int = 1,
    baseline_days: int = 14,
    half_life_hours: float = 96.0,
    min_searchers: int = 5,
    min_score: float = 3.5,
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
        min_score: sigmas below which a rise is no surprise, above 0, if it were the only query;
            among n that might be shown, as many more as chance needs: see `_least_score`.
        top: ranks on the board.

    Returns:
        `TRENDING`, at most `top` rows; of equal scores more searchers first, then by text. Forms
        of a query that differ in spacing or punctuation count together, under the one most people
        typed. What names the issue of a better row in other words has no rank of its own: see
        `_is_same_issue`. Both are in that row's `variants`, if they reach `min_searchers` too.
        `previous_rank` is the rank that this same function gives for the window before.

    Raises:
        InvalidParameterError: a parameter is out of its range.
        SchemaMismatchError: `hourly_counts` is no `HOURLY_COUNTS`.
    """
    hours = _Hours(window_end, zone, window_hours, baseline_days, half_life_hours)
    hours.require_ranges()
    limits.require(min_searchers=min_searchers, min_score=min_score, top=top)

    counts = hours.of_past_and_windows(conform(hourly_counts, HOURLY_COUNTS, "hourly counts"))
    typed = _typed_queries(hours.of_windows(counts), names, min_searchers)
    # Only what may be shown is looked up in the past, and by its ids.
    forms = typed.select("window_end", "variant_id", F.explode("forms.query_id").alias("query_id"))
    of_forms = counts.join(F.broadcast(forms), on="query_id")
    past = hours.past(of_forms, by=["window_end", "variant_id"])
    all_searches = counts.groupBy("hour").agg(
        F.sum("searchers").alias("searchers"), F.sum("also_searched").alias("also_searched")
    )
    traffic = hours.past(hours.for_each_board(all_searches), by=["window_end"])

    scored = _scored(typed, past, traffic)
    with_least = scored.withColumn("least_score", _least_score(min_score))
    surprising = with_least.where(F.col("score") >= F.col("least_score"))
    boards = _with_issues_once(surprising, top)
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
        limits.require(
            window_hours=self.window_hours,
            baseline_days=self.baseline_days,
            half_life_hours=self.half_life_hours,
        )

    def of_past_and_windows(self, counts: DataFrame) -> DataFrame:
        """The hours that any of the two boards needs."""
        # A day more than the season has, for days of 25 hours.
        oldest = self._ends()[1] - self._window() - timedelta(days=self.baseline_days + 1)
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
        """Add up people by `by` (`window_end` among them): `window`, `also`, `season`, `recent`.

        `also` are those of the window who searched something else too; `season` has an element a
        day, the day before first; `recent` is weighted by `decayed`.
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
            F.sum(F.when(in_window, F.col("also_searched")).otherwise(0)).alias("also"),
            F.array(*season).alias("season"),
            F.sum(searchers * weight).alias("recent"),
        )

    def _ends(self) -> list[datetime]:
        return [self.window_end, self.window_end - self._window()]

    def _window(self) -> timedelta:
        return timedelta(hours=self.window_hours)

    def _recent_hours(self) -> int:
        return min(ceil(HALF_LIVES * self.half_life_hours), 24 * self.baseline_days)

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
    of_all = traffic.select(
        "window_end", F.struct("window", "also", "season", "recent").alias("all")
    )
    joined = typed.join(past, on=["window_end", "variant_id"]).join(
        F.broadcast(of_all), on="window_end"
    )
    days = _season(F.col("season"), F.col("all"))
    expected = F.greatest(
        _busy_day(days),
        _weekly(days),
        F.col("recent") * F.col("all.window") / F.nullif(F.col("all.recent"), F.lit(0)),
        F.lit(LEAST_EXPECTED),
    )
    return joined.withColumn("expected_searchers", expected).withColumn(
        "score", surprise(_believed(F.col("searchers")), F.col("expected_searchers"))
    )


def surprise(searchers: Column, expected: Column) -> Column:
    """The signed root of the negative-binomial deviance, in standard deviations.

    2 (x log(x / E) - (x + 1/d) log((1 + d x) / (1 + d E))): of a count with mean E and variance
    E + d E^2 (Hilbe, Negative Binomial Regression, 2nd edition, 8.2). For few people that is
    nearly the Poisson deviance; of very many only a rise of half of E is a surprise of three.
    Negative where fewer came than expected.

    Args:
        searchers: above 0.
        expected: above 0.
    """
    spread = (1 + DISPERSION * searchers) / (1 + DISPERSION * expected)
    deviance = 2 * (
        searchers * F.log(searchers / expected) - (searchers + 1 / DISPERSION) * F.log(spread)
    )
    # Rounding may leave a little less than nothing of equal counts.
    return F.signum(searchers - expected) * F.sqrt(F.greatest(deviance, F.lit(0.0)))


def _believed(searchers: Column) -> Column:
    """Searchers of the window, as far as a usual part of them searched something else too.

    Of those who type what has happened just now, fewer searched before than of all people, but
    not less than half as many. Accounts that were made to push one query do nothing else.
    """
    usual = USUAL_SHARE * F.col("all.also") / F.col("all.window")
    # One more: of five people it may be chance that none did.
    return F.least(searchers, (F.col("also") + 1) / F.nullif(usual, F.lit(0.0)))


def _least_score(min_score: float) -> Column:
    """The score that a query needs on its board: the more candidates, the more.

    Chance exceeds z sigmas with a probability of about exp(-z^2 / 2), so that among n candidates
    sqrt(min_score^2 + 2 log n) is exceeded as often as min_score by one (Bonferroni's rule).
    """
    candidates = F.count("*").over(Window.partitionBy("window_end"))
    return F.sqrt(F.lit(min_score) ** 2 + 2 * F.log(candidates))


def _season(searchers: Column, of_all: Column) -> Column:
    """What each day of the season leads one to expect of the window; null: no search that day."""
    return F.zip_with(
        searchers,
        of_all["season"],
        lambda mine, alls: mine * of_all["window"] / F.nullif(alls, F.lit(0)),
    )


def _busy_day(days: Column) -> Column:
    """What one in five of an array's values that are not null reach; null if there is none."""
    known = F.sort_array(F.array_compact(days))
    busy = F.ceil(F.size(known) / DAYS_PER_BUSY_DAY)
    return F.get(known, (F.size(known) - busy).cast("int"))


def _weekly(days: Column) -> Column:
    """The lesser of one and two weeks ago, or the one there is a log of.

    What comes at the same hour of the week is a programme far more often than a second burst.
    """
    return F.least(F.get(days, F.lit(6)), F.get(days, F.lit(13)))


#: What a row is on the way to the board.
_OF_ROW: Final = (
    "window_end",
    "variant_id",
    "query",
    "surface",
    "searchers",
    "expected_searchers",
    "score",
    "variants",
)


def _with_issues_once(surprising: DataFrame, top: int) -> DataFrame:
    """The boards: best first, each issue on its best rank, with `rank` and all its `variants`."""
    best = with_top_ranks(
        surprising,
        per=["window_end"],
        best_first=[F.desc("score"), F.desc("searchers"), F.asc("query")],
        limit=CANDIDATES_PER_RANK * top,
    )
    compared = best.select(
        "rank",
        *_OF_ROW,
        variant_key(F.col("query")).alias("key"),
        F.transform(F.split("query", " "), variant_key).alias("words"),
        keystrokes(F.col("query")).alias("keys"),
        other_keyboard_keystrokes(F.col("query")).alias("other_keys"),
    )
    row = F.struct(*(name for name in compared.columns if name != "window_end"))
    rows = compared.groupBy("window_end").agg(F.sort_array(F.collect_list(row)).alias("rows"))

    def repeats(mine: Column) -> Column:
        """The queries of worse rows that are about the same issue."""
        return F.filter(
            "rows", lambda other: (other["rank"] > mine["rank"]) & _is_same_issue(mine, other)
        )["query"]

    def is_repeated(mine: Column) -> Column:
        return F.exists(
            "rows", lambda other: (other["rank"] < mine["rank"]) & _is_same_issue(other, mine)
        )

    once = F.slice(F.filter("rows", lambda mine: ~is_repeated(mine)), 1, top)
    with_variants = F.transform(
        once, lambda mine: mine.withField("variants", F.concat(mine["variants"], repeats(mine)))
    )
    ranked = rows.select("window_end", F.posexplode(with_variants).alias("place", "row"))
    return ranked.select(
        *(F.col(name if name == "window_end" else f"row.{name}") for name in _OF_ROW),
        (F.col("place") + 1).alias("rank"),
    )


def _is_same_issue(better: Column, worse: Column) -> Column:
    """Whether a row is about the issue of a better one on the same board.

    That is if all words of the one are in the other, in any order, also inside longer words
    (지진 속보 and 속보 가람군지진), or if few people typed nearly the same keys, in either state of
    the keyboard.

    Args:
        better: a struct with `key`, `words`, `keys`, `searchers`.
        worse: a struct with these and `other_keys`.
    """

    def within(one: Column, other: Column) -> Column:
        return F.forall(one["words"], lambda word: F.contains(other["key"], word))

    # A single character is in too many words.
    are_words = F.least(F.char_length(better["key"]), F.char_length(worse["key"])) > 1
    in_error = F.least(
        keystroke_distance(better["keys"], worse["keys"], at_most=KEYS_IN_ERROR),
        keystroke_distance(better["keys"], worse["other_keys"], at_most=KEYS_IN_ERROR),
    )
    is_misspelt = (
        (worse["searchers"] * FEWER <= better["searchers"])
        & in_error.isNotNull()
        & (in_error * KEYS_PER_ERROR <= F.char_length(better["keys"]))
    )
    return (are_words & (within(better, worse) | within(worse, better))) | is_misspelt


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
