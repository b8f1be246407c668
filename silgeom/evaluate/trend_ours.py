"""The twin of `pipeline.results.trending_keywords` in numpy, for a window of one hour.

The clocks of its zone are taken to go evenly: the same hour of the day before is 24 hours ago.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from silgeom.evaluate.log import variant_key
from silgeom.evaluate.trend_counts import Counts, Floats, Ints
from silgeom.hangul import keystroke_distance, keystrokes, other_keyboard_keystrokes

HALF_LIVES: Final = 7
WEIGHT_UNIT: Final = 1_000_000
CANDIDATES_PER_RANK: Final = 5
FEWER: Final = 10
KEYS_IN_ERROR: Final = 2
KEYS_PER_ERROR: Final = 4


@dataclass(frozen=True)
class Options:
    """What can be chosen; the defaults are those of `trending_keywords` and its job.

    Attributes:
        baseline_days: days of the season.
        recent_hours: of the recent past.
        recent_reached: the share of these hours that reach what is expected.
        half_life_hours: of the mean of the hours before, in place of the level most of them reach;
            0: that level.
        min_score: what the only candidate of an hour would need.
        least_expected: the floor under every expectation.
        days_per_busy_day: one day in so many reaches the season's expectation; 0: its median.
        dispersion: of habits; 0: none, as of a Poisson count.
        usual_share: of people who search something else too; 0: everybody is believed.
        grows: whether the score needed grows with the candidates.
        issues_once: whether rows about the issue of a better one are left out.
        weekly: whether the same hour of the last two weeks counts.
        weekly_errors: standard errors above the lesser of the two that their mean may count; 0: the
            lesser.
        recent: whether the hours before count.
        any_form: whether people who typed any form of a query make its floor, or of one form.
        surprises_alone: whether boards have nothing but surprises on them.
    """

    baseline_days: int = 14
    recent_hours: int = 72
    recent_reached: float = 0.5
    half_life_hours: float = 0.0
    min_score: float = 3.5
    least_expected: float = 0.5
    days_per_busy_day: int = 5
    dispersion: float = 0.02
    usual_share: float = 0.5
    grows: bool = True
    issues_once: bool = True
    weekly: bool = True
    weekly_errors: float = 1.0
    recent: bool = True
    any_form: bool = True
    surprises_alone: bool = False


OURS: Final = Options()

#: How Silgeom did it at first.
FIRST_VERSION: Final = Options(
    half_life_hours=12.0,
    min_score=4.0,
    least_expected=1.0,
    days_per_busy_day=0,
    dispersion=0.0,
    usual_share=0.0,
    grows=False,
    issues_once=False,
    weekly_errors=0.0,
)


def scores(counts: Counts, options: Options) -> Floats:
    """The score of each of `counts.cells`; below 0 where it has not risen by a person."""
    return scores_against(counts, expected(counts, *counts.cells, options), options)


def scores_against(counts: Counts, expected: Floats, options: Options) -> Floats:
    """The same, of any expectation."""
    hour, group = counts.cells
    people = believed(counts, options.usual_share)
    has_risen = counts.people[hour, group] >= expected + 1
    found = surprise(people, expected, options.dispersion)
    is_shown = (people >= counts.floor) & has_risen
    if not options.any_form:
        is_shown &= counts.most_of_a_form[hour, group] >= counts.floor
    return np.where(is_shown, found, -1.0)


def least_scores(counts: Counts, options: Options) -> Floats:
    """The score that each of `counts.cells` needs to be shown."""
    hour, _ = counts.cells
    is_candidate = believed(counts, options.usual_share) >= counts.floor
    candidates = np.bincount(hour, weights=is_candidate, minlength=len(counts.hours))[hour]
    more = 2 * np.log(np.maximum(candidates, 1.0)) * options.grows
    needed: Floats = np.sqrt(options.min_score**2 + more)
    return needed


def expected(counts: Counts, hour: Ints, group: Ints, options: Options) -> Floats:
    """What its own past leads one to expect of each cell."""
    days = _season(counts, hour, group, options.baseline_days)
    known = (~np.isnan(days)).sum(axis=1)
    ascending = np.sort(days, axis=1)  # what is not known comes last
    rows = np.arange(len(hour))
    if options.days_per_busy_day:
        busy = known - np.ceil(known / options.days_per_busy_day).astype(np.int64)
        habit = ascending[rows, np.maximum(busy, 0)]
    else:
        lower, upper = np.maximum(known - 1, 0) // 2, known // 2
        habit = (ascending[rows, lower] + ascending[rows, np.minimum(upper, days.shape[1] - 1)]) / 2
    weekly = np.zeros(len(hour))
    if options.baseline_days >= 14 and options.weekly:
        weekly = _weekly(days[:, 6], days[:, 13], options.weekly_errors)
    recent = np.full(len(hour), np.nan)
    if options.recent:
        recent = _recent(counts, hour, group, options)
    floor = np.full(len(hour), options.least_expected)
    largest: Floats = np.fmax.reduce([habit, weekly, recent, floor])
    return largest


def _weekly(last: Floats, before: Floats, errors: float) -> Floats:
    """The mean of two weeks, but at most so many standard errors above the lesser; nan: no log."""
    lesser = np.fmin(last, before)
    mean = np.where(np.isnan(last + before), lesser, (last + before) / 2)
    weekly: Floats = np.fmin(mean, lesser + errors * np.sqrt(lesser + 1))
    return weekly


def believed(counts: Counts, usual_share: float) -> Floats:
    """People of each cell, as far as a usual part of them searched something else too."""
    hour, group = counts.cells
    usual = usual_share * counts.all_also_searched[hour] / np.maximum(counts.traffic[hour], 1.0)
    most = np.full(len(hour), np.inf)
    np.divide(counts.also[hour, group] + 1, usual, out=most, where=usual > 0)
    people: Floats = np.minimum(counts.people[hour, group], most)
    return people


def surprise(people: Floats, expected: Floats, dispersion: float) -> Floats:
    """The signed root of the negative-binomial deviance; of the Poisson's at dispersion 0."""
    if dispersion:
        spread = (1 + dispersion * people) / (1 + dispersion * expected)
        deviance = people * np.log(people / expected) - (people + 1 / dispersion) * np.log(spread)
    else:
        deviance = people * np.log(people / expected) - (people - expected)
    root: Floats = np.sign(people - expected) * np.sqrt(np.maximum(2 * deviance, 0.0))
    return root


def _season(counts: Counts, hour: Ints, group: Ints, days: int) -> Floats:
    """Shape (cells, days): people of the same hour of the days before, scaled; nan: no log."""
    ago = hour[:, None] - 24 * np.arange(1, days + 1)
    then = np.maximum(ago, 0)
    traffic = np.where(ago >= 0, counts.traffic[then], 0.0)
    scaled = counts.people[then, group[:, None]] * counts.traffic[hour][:, None]
    season = np.full(scaled.shape, np.nan)
    np.divide(scaled, traffic, out=season, where=traffic > 0)
    return season


def _recent(counts: Counts, hour: Ints, group: Ints, options: Options) -> Floats:
    """What the hours before lead one to expect of each cell, scaled; nan: no log."""
    if options.half_life_hours:
        return _decayed_mean(counts, hour, group, options)
    found = np.full(len(hour), np.nan)
    starts = np.searchsorted(hour, np.arange(len(counts.hours) + 1))
    longest = min(options.recent_hours, 24 * options.baseline_days)
    for now in range(len(counts.hours)):
        here = slice(starts[now], starts[now + 1])
        before = np.arange(max(0, now - longest), now)
        before = before[counts.traffic[before] > 0]
        if len(before) and starts[now] < starts[now + 1]:
            shares = counts.people[np.ix_(before, group[here])] / counts.traffic[before][:, None]
            reached = len(before) - ceil(options.recent_reached * len(before))
            found[here] = np.partition(shares, reached, axis=0)[reached] * counts.traffic[now]
    return found


def _decayed_mean(counts: Counts, hour: Ints, group: Ints, options: Options) -> Floats:
    """The mean share of the hours before, weights halved every half-life."""
    half_life = options.half_life_hours
    oldest = min(ceil(HALF_LIVES * half_life), 24 * options.baseline_days)
    mine, of_all = np.zeros(len(hour)), np.zeros(len(hour))
    for age in range(1, oldest + 1):
        weight = round(2 ** (-age / half_life) * WEIGHT_UNIT)
        then, is_inside = np.maximum(hour - age, 0), hour >= age
        mine += weight * counts.people[then, group] * is_inside
        of_all += weight * counts.traffic[then] * is_inside
    recent = np.full(len(hour), np.nan)
    np.divide(mine * counts.traffic[hour], of_all, out=recent, where=of_all > 0)
    return recent


def without_repeats(counts: Counts, hour: Ints, group: Ints) -> npt.NDArray[np.bool_]:
    """Which rows (best first within each hour) are not about the issue of a better one."""
    keep = np.ones(len(hour), dtype=bool)
    people = counts.people[hour, group].tolist()
    names = [counts.commonest(h, g) for h, g in zip(hour.tolist(), group.tolist(), strict=True)]
    first = np.searchsorted(hour, hour).tolist()
    for row in range(len(hour)):
        keep[row] = not any(
            is_same_issue(names[better], names[row])
            or is_misspelt(names[better], people[better], names[row], people[row])
            for better in range(first[row], row)
        )
    return keep


@lru_cache(maxsize=1 << 20)
def is_same_issue(one: str, other: str) -> bool:
    """Whether all words of the one are in the other, in any order."""
    key, words = _words(one)
    other_key, other_words = _words(other)
    if min(len(key), len(other_key)) < 2:
        return False
    return all(word in other_key for word in words) or all(word in key for word in other_words)


def is_misspelt(better: str, searchers: float, worse: str, fewer: float) -> bool:
    """Whether few people typed nearly the same keys, in either state of the keyboard."""
    if fewer * FEWER > searchers:
        return False
    distance = _distance(better, worse)
    return distance is not None and distance * KEYS_PER_ERROR <= len(keystrokes(better))


@lru_cache(maxsize=1 << 16)
def _words(query: str) -> tuple[str, tuple[str, ...]]:
    return variant_key(query), tuple(variant_key(word) for word in query.split(" "))


@lru_cache(maxsize=1 << 20)
def _distance(better: str, worse: str) -> int | None:
    keys = keystrokes(better)
    others = keystrokes(worse), other_keyboard_keystrokes(worse)
    distances = (keystroke_distance(keys, other, KEYS_IN_ERROR) for other in others)
    return min((distance for distance in distances if distance is not None), default=None)
