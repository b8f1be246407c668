"""Trending keywords: what far more people search now than its own past leads one to expect.

A query is measured against two pasts of its own, and has to beat the larger:

* season: the same hours of the days before, hours without it being zeros, and of these the day
  that one in five reach: habits of the weekend are two days in seven. Bursts of single days lie
  above it and are not taken for habit. Or what came at the same hour of both weeks before.
* recent: the level that half of the hours just before reach, so that an issue leaves the board when
  it has become the new normal. Its own earlier bursts lie above that level: two names in five come
  back within weeks.

Both are shares of all searches, scaled to the searches of now: a busy hour makes nothing trend.
A board is full, as a portal's is: a row tells whether it is a surprise, beyond what chance brings
among so many queries, or only the next largest rise.
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

Floats = npt.NDArray[np.float64]

#: Of what was never seen half a searcher is expected: the floor under every expectation.
LEAST_EXPECTED: Final = 0.5

#: The share of the hours before that reach what is expected of the recent past.
RECENT_REACHED: Final = 0.5

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

#: Of parts of searches: a worse row is about the issue of a better one where so many of its people
#: typed both in one search.
SAME_SEARCHES: Final = 0.5

#: Of parts of searches: a phrase names an issue better than its words (달빛 세탁소 than 달빛), and
#: is typed by a few people less.
PHRASES_AHEAD: Final = 1.1

#: Up to so many people in a window, those of several forms or hours are counted one by one: where
#: more come, forms that matter are typed by enough people each.
COUNTED_EXACTLY: Final = 100_000

#: What `_scored` finds beside people.
_SCORES: Final = (
    "expected_searchers",
    "score",
    "season_searchers",
    "recent_searchers",
    "believed_searchers",
)

#: What becomes of rows that name the issue of a better one in other words.
TOGETHER: Final = "together"
APART: Final = "apart"


def trending_keywords(
    hourly_counts: pl.LazyFrame,
    names: pl.LazyFrame,
    searches: pl.LazyFrame,
    *,
    window_end: datetime,
    zone: str,
    window_hours: int = 1,
    baseline_days: int = 14,
    recent_hours: int = 72,
    min_searchers: int = 5,
    min_score: float = 3.5,
    top: int = 20,
    surprises_alone: bool = False,
    phrasings: str = TOGETHER,
    minutes: int = 0,
    are_parts: bool = False,
) -> pl.DataFrame:
    """Rank the queries of the `window_hours` before `window_end` by how far they surprise.

    Args:
        hourly_counts: `HOURLY_COUNTS`; hours after the window or before its past are ignored. An
            hour without any search at all is no sample (the log may begin later, or have a gap).
        names: `query_id`, `query`, `surface`, `variant_id` of all queries typed in the two windows
            before `window_end`; several rows a query are allowed.
        searches: `searched_at`, `user_id`, `query_id` of the two windows; others are ignored. Where
            some are missing, fewer queries reach `min_searchers`. Not read where more than
            `COUNTED_EXACTLY` people came.
        window_end: a full hour of `zone` and `minutes`, with its offset.
        zone: the reporting zone: "the same hour" is one on its clocks.
        window_hours: length of the window, 1 to 24.
        baseline_days: days of the season, at least 1. From 14 on, a weekly habit counts too.
        recent_hours: hours before the window, of which half have to reach a level for it to be
            expected.
        min_searchers: different people who must have typed the query within the window, in any of
            its forms (where too many came to count them so: one form within one hour). Of accounts
            that search nothing else only so many count as there usually are.
        min_score: sigmas below which a rise is no surprise, above 0, if it were the only query;
            among n that might be shown, as many more as chance needs: see `_least_score`.
        top: ranks on the board.
        surprises_alone: whether only surprises have a rank.
        phrasings: `TOGETHER`: what names the issue of a better row in other words has no rank of
            its own (see `_is_same_issue`), and is in that row's `variants`, if it reaches
            `min_searchers` too; `APART`: it has one.
        minutes: so many past the full hour the hours of `hourly_counts` begin: see `sliding_hours`.
        are_parts: rows are parts of what people typed, several of one search: what is typed mostly
            in the searches that hold a better row is, `TOGETHER`, about its issue as well.

    Returns:
        `TRENDING`, `top` rows, fewer if no more queries have a person more than expected; of equal
        scores more searchers first, then by text. Forms of a query that differ in spacing or
        punctuation count together, under the one most people typed; the others are in `variants`.
        `previous_rank` is the rank that this same function gives for the window before.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    past = _Past(zone, window_hours, baseline_days, recent_hours, minutes)
    past.require_ranges(window_end)
    limits.require(min_searchers=min_searchers, min_score=min_score, top=top)

    of_hours = (
        hourly_counts.group_by("hour")
        .agg(pl.col("searchers", "also_searched").sum(), all=pl.lit(0))
        .collect()
        .lazy()
    )

    def board(end: datetime) -> pl.DataFrame:
        typed = searches.filter(pl.col("searched_at").is_between(end - past.window, end, "left"))
        scored = _scored(past, hourly_counts, of_hours, names, typed, end, min_searchers)
        least = _least_score(min_score, len(scored))
        is_rise = (pl.col("score") > 0) & (pl.col("searchers") >= pl.col("expected_searchers") + 1)
        rows = scored.filter(is_rise).with_columns(
            is_surprise=pl.col("score") >= least, surprise_score=pl.lit(least)
        )
        if surprises_alone:
            rows = rows.filter("is_surprise")
        best = _best(rows, CANDIDATES_PER_RANK * top, PHRASES_AHEAD if are_parts else 1.0)
        if phrasings == TOGETHER:
            shared = _typed_together(best, names, typed) if are_parts else frozenset()
            best = _with_issues_once(best, shared)
        return best.head(top).with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32))

    end = window_end.astimezone(UTC)
    return _with_movement(board(end), board(end - past.window), end)


@dataclass(frozen=True)
class _Past:
    """What each hour is to a board: part of its window, of its season, of its recent past."""

    zone: str
    window_hours: int
    baseline_days: int
    recent_hours: int
    minutes: int

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.window_hours)

    def require_ranges(self, window_end: datetime) -> None:
        if window_end.tzinfo is None:
            raise InvalidParameterError(
                f"window_end must have a UTC offset, got {window_end.isoformat()}"
            )
        local = window_end.astimezone(ZoneInfo(self.zone))
        if (local.minute, local.second, local.microsecond) != (self.minutes, 0, 0):
            past = f" and {self.minutes} minutes" if self.minutes else ""
            raise InvalidParameterError(
                f"window_end must be a full hour{past} in {self.zone}, "
                f"got {local.isoformat(sep=' ')}"
            )
        limits.require(
            window_hours=self.window_hours,
            baseline_days=self.baseline_days,
            recent_hours=self.recent_hours,
        )

    def hours(self, counts: pl.LazyFrame, end: datetime) -> pl.LazyFrame:
        """The hours that the board of the window up to `end` needs."""
        # A day more than the season has, for days of 25 hours.
        oldest = end - self.window - timedelta(days=self.baseline_days + 1)
        return counts.filter((pl.col("hour") >= oldest) & (pl.col("hour") < end))

    def summed(self, counts: pl.LazyFrame, by: list[str], end: datetime) -> pl.DataFrame:
        """Add up people by `by`: `window`, `also`, and `day1` … of the season.

        `also` are those of the window who searched something else too; `day1` is the day before.
        """
        age = (pl.lit(end) - pl.col("hour")).dt.total_seconds() / 3600
        in_window = age.is_between(1, self.window_hours)
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
                **season,
            )
            .collect()
        )

    def recent(self, counts: pl.LazyFrame, of_hours: pl.LazyFrame, end: datetime) -> pl.DataFrame:
        """The share of all searches that enough of the hours before reach: `variant_id`, `recent`.

        A variant without a row was not typed in so many of them. Hours without any search at all
        are no sample.
        """
        hours = min(self.recent_hours, 24 * self.baseline_days)
        begin = end - self.window
        is_recent = pl.col("hour").is_between(begin - timedelta(hours=hours), begin, closed="left")
        sampled = of_hours.filter(is_recent & (pl.col("searchers") > 0)).select(
            "hour", of_all="searchers"
        )
        enough = ceil(RECENT_REACHED * sampled.select(pl.len()).collect().item())
        of_hour = (
            counts.filter(is_recent).group_by("variant_id", "hour").agg(pl.col("searchers").sum())
        )
        share = pl.col("searchers") / pl.col("of_all")
        return (
            of_hour.join(sampled, on="hour")
            .group_by("variant_id")
            .agg(recent=share.sort(descending=True).get(max(enough - 1, 0), null_on_oob=True))
            .drop_nulls()
            .collect()
        )

    def _local_hours(self, moment: pl.Expr) -> pl.Expr:
        """Whole hours on the clocks of the zone since 1970: the same hour of day is 24 apart."""
        local = moment.dt.convert_time_zone(self.zone).dt.replace_time_zone(None)
        return local.dt.epoch("s") // 3600


def _scored(
    past: _Past,
    hourly_counts: pl.LazyFrame,
    of_hours: pl.LazyFrame,
    names: pl.LazyFrame,
    searches: pl.LazyFrame,
    end: datetime,
    min_searchers: int,
) -> pl.DataFrame:
    """What enough people typed in the window up to `end`, with its expectation and score.

    `of_hours` are the people of all queries together, one row an hour; `searches` those of the
    window.
    """
    counts = past.hours(hourly_counts, end)
    window = counts.filter(pl.col("hour") >= end - past.window)
    forms = _forms(window, names, searches, min_searchers)
    typed = _typed(forms, min_searchers)
    # Only what may be shown is looked up in the past, by the ids of all forms that are known.
    shown = forms.lazy().select("variant_id").unique()
    known = names.select("query_id", "variant_id").unique("query_id")
    of_forms = counts.join(known.join(shown, on="variant_id", how="semi"), on="query_id")
    of_query = typed.join(
        past.summed(of_forms, ["variant_id"], end),
        on="variant_id",
        how="left",
        maintain_order="left",
    ).join(past.recent(of_forms, of_hours, end), on="variant_id", how="left", maintain_order="left")
    of_all = past.summed(past.hours(of_hours, end), ["all"], end)
    if typed.is_empty() or of_all.is_empty():
        return typed.with_columns(pl.lit(None, pl.Float64).alias(name) for name in _SCORES)
    days = [f"day{day}" for day in range(1, past.baseline_days + 1)]
    season, recent = _expected(of_query, of_all, days)
    expected = np.maximum(LEAST_EXPECTED, np.maximum(season, recent))
    believed = _believed(of_query, of_all)
    scores = (expected, surprise(believed, expected), season, recent, believed)
    return typed.with_columns(
        pl.Series(name, values) for name, values in zip(_SCORES, scores, strict=True)
    ).filter(pl.col("believed_searchers") >= min_searchers)


def _forms(
    window: pl.LazyFrame, names: pl.LazyFrame, searches: pl.LazyFrame, min_searchers: int
) -> pl.DataFrame:
    """The forms of what enough people typed, with their texts and numbers of people."""
    of_form = window.group_by("query_id").agg(
        searchers=pl.col("searchers").sum(), most_in_an_hour=pl.col("searchers").max()
    )
    known = names.select("query_id", "variant_id").unique("query_id")
    with_id = of_form.join(known, on="query_id").collect()
    of_variant = with_id.group_by("variant_id").agg(
        pl.col("searchers").sum(), pl.col("most_in_an_hour").max()
    )
    is_plain = pl.col("most_in_an_hour") >= min_searchers
    # People of several forms and hours do not add up, some are the same: these few are counted.
    is_small = with_id["searchers"].sum() <= COUNTED_EXACTLY
    doubtful = of_variant.filter((pl.col("searchers") >= min_searchers) & ~is_plain & is_small)
    asked = with_id.join(doubtful, on="variant_id", how="semi").select("query_id", "variant_id")
    enough = of_variant.filter(is_plain).select("variant_id")
    if len(asked):
        people = (
            searches.join(asked.lazy(), on="query_id")
            .group_by("variant_id")
            .agg(people=pl.col("user_id").n_unique())
            .filter(pl.col("people") >= min_searchers)
        )
        enough = pl.concat([enough, people.select("variant_id").collect()])
    shown = with_id.join(enough, on="variant_id", how="semi").drop("variant_id")
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


def _expected(
    of_query: pl.DataFrame, of_all: pl.DataFrame, days: list[str]
) -> tuple[Floats, Floats]:
    """What each query's season, and what its recent past leads one to expect of the window."""
    now = int(of_all["window"][0])
    all_of_day = of_all.select(days).to_numpy()[0]
    known = np.flatnonzero(all_of_day > 0)  # a day without any search is no sample
    season = of_query.select(days).to_numpy()
    scaled = season[:, known] * now / all_of_day[known]
    expected = np.zeros(len(of_query))
    if len(known):
        busy = ceil(len(known) / DAYS_PER_BUSY_DAY)
        expected = np.sort(scaled, axis=1)[:, len(known) - busy]
    # What comes at the same hour of the week is a programme far more often than a second burst.
    weeks = [scaled[:, np.flatnonzero(known == day)[0]] for day in (6, 13) if day in known]
    if weeks:
        expected = np.maximum(expected, _same_in_all(weeks))
    recent: Floats = of_query["recent"].fill_null(0.0).to_numpy() * now
    return expected, recent


def _same_in_all(weeks: list[Floats]) -> Floats:
    """What one or two weeks lead one to expect, as far as they agree.

    Their mean, because the lesser of two is too low by chance, of small counts often nothing; but
    no more than a standard error (of one person more) above the lesser, because a burst in one of
    them is no programme.
    """
    lesser = np.minimum.reduce(weeks)
    mean: Floats = np.mean(weeks, axis=0)
    found: Floats = np.minimum(mean, lesser + np.sqrt(lesser + 1))
    return found


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


def _best(rows: pl.DataFrame, most: int, of_phrases: float) -> pl.DataFrame:
    """The rows of the largest scores, those of several words counting so many times."""
    factor = pl.when(pl.col("query").str.contains(" ", literal=True)).then(of_phrases).otherwise(1)
    order = [pl.col("score") * factor, pl.col("searchers"), pl.col("query")]
    return rows.sort(order, descending=[True, True, False]).head(most)


def _typed_together(
    best: pl.DataFrame, names: pl.LazyFrame, searches: pl.LazyFrame
) -> frozenset[tuple[int, int]]:
    """Places of a row and of a worse one that most of its people typed in searches with the first.

    Args:
        best: rows of a board, best first.
        names: `query_id`, `variant_id`.
        searches: of the window.
    """
    places = best.select("variant_id", place=pl.int_range(pl.len())).lazy()
    ids = names.select("query_id", "variant_id").unique("query_id").join(places, on="variant_id")
    typed = (
        searches.join(ids.select("query_id", "place"), on="query_id")
        .select("user_id", "searched_at", "place")
        .unique()
        .collect()
        .lazy()
    )
    people = typed.group_by("place").agg(people=pl.col("user_id").n_unique())
    both = (
        typed.join(typed, on=["user_id", "searched_at"])
        .filter(pl.col("place") < pl.col("place_right"))
        .group_by("place", "place_right")
        .agg(both=pl.col("user_id").n_unique())
        .join(people, left_on="place_right", right_on="place")
        .filter(pl.col("both") >= SAME_SEARCHES * pl.col("people"))
        .select("place", "place_right")
        .collect()
    )
    return frozenset(both.rows())


def _with_issues_once(
    best: pl.DataFrame, shared: frozenset[tuple[int, int]] = frozenset()
) -> pl.DataFrame:
    """Each issue on its best rank, with all its `variants`; `shared` are `_typed_together`."""
    rows = _compared(best)
    repeated: set[int] = set()
    repeats: list[list[str]] = []
    for at, mine in enumerate(rows):
        same = [
            below
            for below in range(at + 1, len(rows))
            if (at, below) in shared or _is_same_issue(mine, rows[below])
        ]
        repeated.update(same)
        repeats.append([rows[below].query for below in same])
    kept = [at for at in range(len(rows)) if at not in repeated]
    others = pl.Series([repeats[at] for at in kept], dtype=pl.List(pl.String))
    return best[kept].with_columns(variants=pl.concat_list("variants", pl.lit(others)))


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
        pl.col("searchers").cast(pl.Int64),
        "expected_searchers",
        "score",
        "is_surprise",
        "variants",
        "season_searchers",
        "recent_searchers",
        "believed_searchers",
        "surprise_score",
    )
