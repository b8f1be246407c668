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
from datetime import UTC, datetime, timedelta
from math import ceil, log, sqrt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import Levenshtein

from pipeline import limits
from pipeline.errors import InvalidParameterError
from pipeline.language.keys import keystrokes, other_keyboard_keystrokes
from pipeline.language.queries import variant_key
from pipeline.results.names import names_of
from pipeline.results.ranking import with_top_ranks
from pipeline.results.weights import decayed

Floats = npt.NDArray[np.float64]

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

#: A misspelling has at most one in so many of the query's searchers, at most so many edits of its
#: keys, and at most one in so many of the keys.
MISSPELLING_SEARCHERS: Final = 10
MISSPELLING_EDITS: Final = 2
MISSPELLING_KEYS_PER_EDIT: Final = 4

_BEST_FIRST: Final = [("score", True), ("searchers", True), ("query", False)]


def trending_keywords(
    hourly_counts: pl.LazyFrame,
    names: pl.LazyFrame,
    *,
    window_end: datetime,
    zone: str,
    window_hours: int = 1,
    baseline_days: int = 14,
    half_life_hours: float = 96.0,
    min_searchers: int = 5,
    min_score: float = 3.5,
    top: int = 20,
) -> pl.DataFrame:
    """Rank the queries of the `window_hours` before `window_end` by how far they surprise.

    Args:
        hourly_counts: `HOURLY_COUNTS`; hours after the window or before its past are ignored. An
            hour without any search at all is no sample (the log may begin later, or have a gap).
        names: `query_id`, `query`, `surface`, `variant_id` of all queries typed in the two windows
            before `window_end`; several rows a query are allowed.
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
    """
    past = _Past(zone, window_hours, baseline_days, half_life_hours)
    past.require_ranges(window_end)
    limits.require(min_searchers=min_searchers, min_score=min_score, top=top)

    of_hours = (
        hourly_counts.group_by("hour")
        .agg(pl.col("searchers", "also_searched").sum(), all=pl.lit(0))
        .collect()
        .lazy()
    )

    def board(end: datetime) -> pl.DataFrame:
        scored = _scored(past, hourly_counts, of_hours, names, end, min_searchers)
        surprising = scored.filter(pl.col("score") >= _least_score(min_score, len(scored)))
        return _with_issues_once(surprising, top)

    end = window_end.astimezone(UTC)
    return _with_movement(board(end), board(end - past.window), end)


@dataclass(frozen=True)
class _Past:
    """What each hour is to a board: part of its window, of its season, of its recent past."""

    zone: str
    window_hours: int
    baseline_days: int
    half_life_hours: float

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.window_hours)

    def require_ranges(self, window_end: datetime) -> None:
        if window_end.tzinfo is None:
            raise InvalidParameterError(
                f"window_end must have a UTC offset, got {window_end.isoformat()}"
            )
        local = window_end.astimezone(ZoneInfo(self.zone))
        if local.minute or local.second or local.microsecond:
            raise InvalidParameterError(
                f"window_end must be a full hour in {self.zone}, got {local.isoformat(sep=' ')}"
            )
        limits.require(
            window_hours=self.window_hours,
            baseline_days=self.baseline_days,
            half_life_hours=self.half_life_hours,
        )

    def hours(self, counts: pl.LazyFrame, end: datetime) -> pl.LazyFrame:
        """The hours that the board of the window up to `end` needs."""
        # A day more than the season has, for days of 25 hours.
        oldest = end - self.window - timedelta(days=self.baseline_days + 1)
        return counts.filter((pl.col("hour") >= oldest) & (pl.col("hour") < end))

    def summed(self, counts: pl.LazyFrame, by: list[str], end: datetime) -> pl.DataFrame:
        """Add up people by `by`: `window`, `also`, `recent`, and `day1` … of the season.

        `also` are those of the window who searched something else too; `recent` is weighted by
        `decayed`; `day1` is the day before.
        """
        age = (pl.lit(end) - pl.col("hour")).dt.total_seconds() / 3600
        in_window = age.is_between(1, self.window_hours)
        recent_age = age - self.window_hours
        weight = (
            pl.when(recent_age.is_between(1, self._recent_hours()))
            .then(decayed(recent_age, self.half_life_hours))
            .otherwise(0)
        )
        clock_age = self._local_hours(pl.lit(end)) - self._local_hours(pl.col("hour")) - 1
        days_ago = pl.when(clock_age % 24 < self.window_hours).then(clock_age // 24)
        people = pl.col("searchers")
        season = {
            f"day{day}": pl.when(days_ago == day).then(people).otherwise(0).sum()
            for day in range(1, self.baseline_days + 1)
        }
        return (
            counts.group_by(by)
            .agg(
                window=pl.when(in_window).then(people).otherwise(0).sum(),
                also=pl.when(in_window).then("also_searched").otherwise(0).sum(),
                recent=(people * weight).sum(),
                **season,
            )
            .collect()
        )

    def _local_hours(self, moment: pl.Expr) -> pl.Expr:
        """Whole hours on the clocks of the zone since 1970: the same hour of day is 24 apart."""
        local = moment.dt.convert_time_zone(self.zone).dt.replace_time_zone(None)
        return local.dt.epoch("s") // 3600

    def _recent_hours(self) -> int:
        return min(ceil(HALF_LIVES * self.half_life_hours), 24 * self.baseline_days)


def _scored(
    past: _Past,
    hourly_counts: pl.LazyFrame,
    of_hours: pl.LazyFrame,
    names: pl.LazyFrame,
    end: datetime,
    min_searchers: int,
) -> pl.DataFrame:
    """What enough people typed in the window up to `end`, with its expectation and score.

    `of_hours` are the people of all queries together, one row an hour.
    """
    counts = past.hours(hourly_counts, end)
    forms = _forms(counts.filter(pl.col("hour") >= end - past.window), names, min_searchers)
    typed = _typed(forms, min_searchers)
    # Only what may be shown is looked up in the past, and by its ids.
    of_forms = counts.join(forms.lazy().select("query_id", "variant_id"), on="query_id")
    of_query = typed.join(
        past.summed(of_forms, ["variant_id"], end),
        on="variant_id",
        how="left",
        maintain_order="left",
    )
    of_all = past.summed(past.hours(of_hours, end), ["all"], end)
    if typed.is_empty() or of_all.is_empty():
        return typed.with_columns(
            expected_searchers=pl.lit(None, pl.Float64), score=pl.lit(None, pl.Float64)
        )
    days = [f"day{day}" for day in range(1, past.baseline_days + 1)]
    expected = _expected(of_query, of_all, days)
    return typed.with_columns(
        expected_searchers=pl.Series(expected),
        score=pl.Series(surprise(_believed(of_query, of_all), expected)),
    )


def _forms(window: pl.LazyFrame, names: pl.LazyFrame, min_searchers: int) -> pl.DataFrame:
    """The forms of what enough people typed, with their texts and numbers of people."""
    of_form = window.group_by("query_id").agg(
        searchers=pl.col("searchers").sum(), most_in_an_hour=pl.col("searchers").max()
    )
    known = names.select("query_id", "variant_id").unique("query_id")
    with_id = of_form.join(known, on="query_id").collect()
    enough = with_id.filter(pl.col("most_in_an_hour") >= min_searchers).select("variant_id")
    shown = with_id.join(enough.unique(), on="variant_id", how="semi").drop("variant_id")
    return shown.join(names_of(shown["query_id"], names), on="query_id")


def _typed(forms: pl.DataFrame, min_searchers: int) -> pl.DataFrame:
    """Variants as one: `variant_id`, `searchers`, `query`, `surface`, `variants`."""
    most_first = forms.sort("searchers", "query", "surface", descending=[True, False, False])
    is_other = pl.int_range(pl.len()) > 0
    enough = pl.col("most_in_an_hour") >= min_searchers
    return most_first.group_by("variant_id", maintain_order=True).agg(
        pl.col("searchers").sum(),
        pl.col("query", "surface").first(),
        variants=pl.col("query").filter(is_other & enough),
    )


def _expected(of_query: pl.DataFrame, of_all: pl.DataFrame, days: list[str]) -> Floats:
    """What each query's past leads one to expect of the window."""
    now = int(of_all["window"][0])
    all_of_day = of_all.select(days).to_numpy()[0]
    known = np.flatnonzero(all_of_day > 0)  # a day without any search is no sample
    season = of_query.select(days).to_numpy()
    scaled = season[:, known] * now / all_of_day[known]
    expected = np.full(len(of_query), LEAST_EXPECTED)
    if len(known):
        busy = ceil(len(known) / DAYS_PER_BUSY_DAY)
        expected = np.maximum(expected, np.sort(scaled, axis=1)[:, len(known) - busy])
    # What comes at the same hour of the week is a programme far more often than a second burst: the
    # lesser of one and two weeks ago, or the one there is a log of.
    weekly = [scaled[:, np.flatnonzero(known == day)[0]] for day in (6, 13) if day in known]
    if weekly:
        expected = np.maximum(expected, np.minimum.reduce(weekly))
    recent_of_all = float(of_all["recent"][0])
    if recent_of_all:
        recent = of_query["recent"].to_numpy().astype(np.float64) * float(now) / recent_of_all
        expected = np.maximum(expected, recent)
    return expected


def surprise(searchers: Floats, expected: Floats) -> Floats:
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
        searchers * np.log(searchers / expected) - (searchers + 1 / DISPERSION) * np.log(spread)
    )
    # Rounding may leave a little less than nothing of equal counts.
    found: Floats = np.sign(searchers - expected) * np.sqrt(np.maximum(deviance, 0.0))
    return found


def _believed(of_query: pl.DataFrame, of_all: pl.DataFrame) -> Floats:
    """Searchers of the window, as far as a usual part of them searched something else too.

    Of those who type what has happened just now, fewer searched before than of all people, but
    not less than half as many. Accounts that were made to push one query do nothing else.
    """
    searchers = of_query["searchers"].to_numpy().astype(np.float64)
    usual = USUAL_SHARE * float(of_all["also"][0]) / float(of_all["window"][0])
    if not usual:
        return searchers
    # One more: of five people it may be chance that none did.
    believed: Floats = np.minimum(searchers, (of_query["also"].to_numpy() + 1) / usual)
    return believed


def _least_score(min_score: float, candidates: int) -> float:
    """The score that a query needs on its board: the more candidates, the more.

    Chance exceeds z sigmas with a probability of about exp(-z^2 / 2), so that among n candidates
    sqrt(min_score^2 + 2 log n) is exceeded as often as min_score by one (Bonferroni's rule).
    """
    return sqrt(min_score**2 + 2 * log(max(candidates, 1)))


@dataclass(frozen=True)
class _Row:
    """What of a row tells whether another one is about the same issue."""

    query: str
    searchers: int
    key: str
    words: tuple[str, ...]
    keys: str
    other_keys: str

    def is_within(self, other: "_Row") -> bool:
        return all(word in other.key for word in self.words)


def _with_issues_once(surprising: pl.DataFrame, top: int) -> pl.DataFrame:
    """The board: best first, each issue on its best rank, with `rank` and all its `variants`."""
    best = with_top_ranks(
        surprising, per=[], best_first=_BEST_FIRST, limit=CANDIDATES_PER_RANK * top
    )
    rows = _compared(best)
    repeated: set[int] = set()
    repeats: list[list[str]] = []
    for at, mine in enumerate(rows):
        same = [below for below in range(at + 1, len(rows)) if _is_same_issue(mine, rows[below])]
        repeated.update(same)
        repeats.append([rows[below].query for below in same])
    kept = [at for at in range(len(rows)) if at not in repeated][:top]
    others = pl.Series([repeats[at] for at in kept], dtype=pl.List(pl.String))
    return best[kept].with_columns(
        variants=pl.concat_list("variants", pl.lit(others)),
        rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
    )


def _compared(rows: pl.DataFrame) -> list[_Row]:
    queries = rows["query"]
    return [
        _Row(
            query,
            searchers,
            variant_key(query),
            tuple(variant_key(word) for word in query.split(" ")),
            keys,
            other_keys,
        )
        for query, searchers, keys, other_keys in zip(
            queries.to_list(),
            rows["searchers"].to_list(),
            keystrokes(queries).to_list(),
            other_keyboard_keystrokes(queries).to_list(),
            strict=True,
        )
    ]


def _is_same_issue(better: _Row, worse: _Row) -> bool:
    """Whether a row is about the issue of a better one on the same board.

    That is if all words of the one are in the other, in any order, also inside longer words
    (지진 속보 and 속보 가람군지진), or if few people typed nearly the same keys, in either state of
    the keyboard.
    """
    # A single character is in too many words.
    are_words = min(len(better.key), len(worse.key)) > 1
    if are_words and (better.is_within(worse) or worse.is_within(better)):
        return True
    if worse.searchers * MISSPELLING_SEARCHERS > better.searchers:
        return False
    edits = min(
        Levenshtein.distance(better.keys, keys, score_cutoff=MISSPELLING_EDITS)
        for keys in (worse.keys, worse.other_keys)
    )
    return edits <= MISSPELLING_EDITS and edits * MISSPELLING_KEYS_PER_EDIT <= len(better.keys)


def _with_movement(now: pl.DataFrame, before: pl.DataFrame, window_end: datetime) -> pl.DataFrame:
    """The board as `TRENDING`, compared with the one before."""
    previous = before.select("variant_id", previous_rank="rank")
    joined = now.join(previous, on="variant_id", how="left", maintain_order="left")
    movement = (
        pl.when(pl.col("previous_rank").is_null())
        .then(pl.lit("NEW"))
        .when(pl.col("rank") < pl.col("previous_rank"))
        .then(pl.lit("UP"))
        .when(pl.col("rank") > pl.col("previous_rank"))
        .then(pl.lit("DOWN"))
        .otherwise(pl.lit("SAME"))
    )
    return joined.select(
        pl.lit(window_end).cast(pl.Datetime("us", "UTC")).alias("window_end"),
        "rank",
        "query",
        "surface",
        "previous_rank",
        movement.alias("movement"),
        "searchers",
        "expected_searchers",
        "score",
        "variants",
    )
