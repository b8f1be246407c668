"""Seasons, trends and events of many series of counts at once.

A series is a row of a matrix: one query (or keyword), its people by day, or by day and hour. What
the log as a whole does is taken out first: a query that is searched at noon because everybody
searches at noon has no season of its own. No function loops over series.

Counts are compared as 2 √(x + 3/8), in which the noise of counting has about variance one whatever
its mean (Anscombe, The transformation of Poisson, binomial and negative-binomial data, 1948), and
one burst weighs little beside a habit.

The strength of a season is that of Hyndman and Athanasopoulos (Forecasting: Principles and
Practice, 3rd edition, 4.3), max(0, 1 - var(resid) / var(season + resid)), of a classical
decomposition (3.4 there): level by moving mean, season by the mean of each phase. Both variances
have their degrees of freedom, without which noise alone has a strength of one over the cycles.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.counting.groups import Flags, Ints

Floats = npt.NDArray[np.float64]

#: Days of a week, hours of a day.
WEEK: Final = 7
HOURS: Final = 24

#: Days that may be of one habit: the weekend, the working days, one weekday, two in a row.
WEEKDAY_SETS: Final = (
    (5, 6),
    (0, 1, 2, 3, 4),
    *((day,) for day in range(WEEK)),
    *(tuple(sorted((day, (day + 1) % WEEK))) for day in range(WEEK) if day != 5),
)
#: Days are of a habit that stand out in so many of the weeks, beside others that seldom do.
LEAST_WEEKS: Final = 0.75
MOST_OTHERS: Final = 0.3
FEW_WEEKS: Final = 4
ONE_OF_MANY: Final = 1.5
#: A peak of the day lasts so many hours at most.
LONGEST_PEAK: Final = 6
#: An event is a day so many standard deviations above the usual day, and twice as high.
EVENT_SCORE: Final = 4.0
#: Days of one event are at most so far apart.
EVENT_GAP: Final = 2
#: A day on which far more people than usual come counts as at most so many usual days.
MOST_USUAL_DAYS: Final = 2.0


def rooted(counts: Floats) -> Floats:
    """Counts on the scale on which their noise has variance one."""
    found: Floats = 2.0 * np.sqrt(counts + 0.375)
    return found


def strength(season: Floats, residual: Floats, parameters: int, noise: Floats) -> Floats:
    """The strength of a season, 0 to 1, by series; see above.

    Args:
        season: (series, times).
        residual: the same shape.
        parameters: of the season, the mean included.
        noise: the variance of counting by series: what few cycles tell is no less.
    """
    times = residual.shape[1]
    if times <= parameters:
        return np.zeros(len(residual))
    both = season + residual
    both = both - both.mean(axis=1, keepdims=True)
    within = np.maximum((residual**2).sum(axis=1) / (times - parameters), noise)
    whole = (both**2).sum(axis=1) / (times - 1)
    found: Floats = np.clip(1.0 - within / np.maximum(whole, 1e-12), 0.0, 1.0)
    return found


def counting_noise(means: Floats) -> Floats:
    """About the variance of rooted counts, by series: one, or less where hardly anybody is.

    Args:
        means: (series, phases): people of each phase of the season.
    """
    found: Floats = np.minimum(1.0, means).mean(axis=1)
    return found


def level(counts: Floats, traffic: Floats) -> Floats:
    """The level of each day: people per unit of traffic of the week around it.

    Args:
        counts: (series, days).
        traffic: of each day, about 1.
    """
    days = counts.shape[1]
    width = min(WEEK, days)
    first = np.clip(np.arange(days) - width // 2, 0, days - width)
    zero = np.zeros((len(counts), 1))
    summed = np.concatenate([zero, counts.cumsum(axis=1)], axis=1)
    total = np.concatenate([[0.0], traffic.cumsum()])
    found: Floats = (summed[:, first + width] - summed[:, first]) / (
        total[first + width] - total[first]
    )
    return found


@dataclass(frozen=True)
class Weekly:
    """The season of the week, by series.

    Attributes:
        strength: 0 to 1.
        days: the place in `WEEKDAY_SETS` of the days that stand out most; -1: none does.
    """

    strength: Floats
    days: Ints


def weekly(counts: Floats, traffic: Floats, weekday: Ints, *, score: float, ratio: float) -> Weekly:
    """Which days of the week stand out, week after week.

    Args:
        counts: (series, days).
        traffic: of each day, about 1.
        weekday: of each day, 0 is Monday.
        score: standard deviations from which the weekend, or the working days, stand out;
            `ONE_OF_MANY` more for others, of which there are many.
        ratio: and so many times the people of the other days.

    Returns:
        Nothing stands out of less than two weeks.
    """
    week = np.arange(len(weekday)) // WEEK
    nobody = Weekly(np.zeros(len(counts)), np.full(len(counts), -1))
    number = np.bincount(weekday, minlength=WEEK)
    if number.min() < 2:
        return nobody
    rest = rooted(counts) - rooted(level(counts, traffic) * traffic)
    of_weekday = (np.arange(WEEK) == weekday[:, None]) / number
    season = (rest @ of_weekday)[:, weekday]
    residual = rest - season
    # Few weeks tell little of the noise; it is no less than that of counting.
    counting = counting_noise(counts @ of_weekday)
    noise = np.maximum((residual**2).sum(axis=1) / (len(weekday) - WEEK), counting)
    best, days = np.full(len(counts), -np.inf), np.full(len(counts), -1)
    for place, chosen in enumerate(WEEKDAY_SETS):
        is_in = np.isin(weekday, chosen)
        inside, outside = rest[:, is_in].mean(axis=1), rest[:, ~is_in].mean(axis=1)
        spread = np.sqrt(noise * (1 / is_in.sum() + 1 / (~is_in).sum()))
        found = (inside - outside) / np.maximum(spread, 1e-9)
        rate_in = counts[:, is_in].sum(axis=1) / traffic[is_in].sum()
        rate_out = counts[:, ~is_in].sum(axis=1) / traffic[~is_in].sum()
        middle = ((inside + outside) / 2)[:, None]
        # A burst on one Monday makes no habit of Mondays: these stand out in nearly each week.
        # Of two or three weeks each has to show half of it: a coin falls on one side three times.
        margin = (inside - outside) * (0.5 if len(weekday) < FEW_WEEKS * WEEK else 0.0)
        is_regular = _weeks_above(rest, is_in, week, margin) >= LEAST_WEEKS
        is_regular &= (rest[:, ~is_in] > middle).mean(axis=1) <= MOST_OTHERS
        least = score + (ONE_OF_MANY if place > 1 else 0.0)
        stands_out = (found > best) & (found >= least) & (rate_in >= ratio * rate_out) & is_regular
        best, days = np.where(stands_out, found, best), np.where(stands_out, place, days)
    return Weekly(strength(season, residual, WEEK, counting), days)


def _weeks_above(rest: Floats, is_in: Flags, week: Ints, margin: Floats) -> Floats:
    """The share of weeks in which some days have that much more than the others, by series."""
    above, weeks = np.zeros(len(rest)), 0
    for number in range(int(week[-1]) + 1):
        inside, outside = is_in & (week == number), ~is_in & (week == number)
        if inside.any() and outside.any():
            weeks += 1
            above += rest[:, inside].mean(axis=1) > rest[:, outside].mean(axis=1) + margin
    found: Floats = above / max(weeks, 1)
    return found


@dataclass(frozen=True)
class Peak:
    """The hours of the day that stand out, by series.

    Attributes:
        first: the first hour of the peak; -1: none stands out.
        hours: how many they are.
        days: on so many of them it stands out by itself.
    """

    first: Ints
    hours: Ints
    days: Ints


def daily_strength(counts: Floats, shares: Floats) -> Floats:
    """The strength of the season of the day, by series.

    Args:
        counts: (series, days, hours).
        shares: (days, hours): the part of each day's traffic that is in each hour.
    """
    series, days = counts.shape[:2]
    rest = rooted(counts) - rooted(counts.sum(axis=2)[:, :, None] * shares)
    season = rest.mean(axis=1)
    residual = (rest - season[:, None]).reshape(series, -1)
    noise = counting_noise(counts.mean(axis=1))
    return strength(np.tile(season, (1, days)), residual, HOURS, noise)


def peak_of_day(
    counts: Floats, shares: Floats, *, score: float, ratio: float, least: float
) -> Peak:
    """Which hours of the day stand out, day after day.

    The peak is the run of hours that a scan statistic finds (Kulldorff, A spatial scan statistic,
    1997): the largest likelihood ratio of people in it beside those whom traffic would bring.

    Args:
        counts: (series, days, hours).
        shares: (days, hours): the part of each day's traffic that is in each hour.
        score: standard deviations from which hours stand out.
        ratio: and so many times the people whom traffic would bring.
        least: and such a share of the people.

    Returns:
        Nothing stands out of a single day.
    """
    series = len(counts)
    of_day = counts.sum(axis=2)
    # A day of far more people than usual counts as a few usual days.
    usual_day = of_day.sum(axis=1) / np.maximum((of_day > 0).sum(axis=1), 1)
    cap = MOST_USUAL_DAYS * usual_day[:, None]
    weight = np.minimum(1.0, np.maximum(cap, 1.0) / np.maximum(of_day, 1.0))
    people = np.einsum("qdh,qd->qh", counts, weight)
    expected = (of_day * weight) @ shares
    total = np.maximum(people.sum(axis=1), 1e-9)
    best = np.zeros(series)
    first, hours = np.full(series, -1), np.ones(series, dtype=np.int64)
    share, usual_share = np.zeros(series), np.zeros(series)
    inside, by_traffic = np.zeros_like(people), np.zeros_like(expected)
    for length in range(1, LONGEST_PEAK + 1):
        inside = inside + np.roll(people, 1 - length, axis=1)
        by_traffic = by_traffic + np.roll(expected, 1 - length, axis=1)
        part, by_chance = inside / total[:, None], by_traffic / total[:, None]
        found = np.where(part > by_chance, total[:, None] * divergence(part, by_chance), 0.0)
        start = found.argmax(axis=1)
        rows = np.arange(series)
        better = found[rows, start] > best
        best = np.where(better, found[rows, start], best)
        first, hours = np.where(better, start, first), np.where(better, length, hours)
        share = np.where(better, part[rows, start], share)
        usual_share = np.where(better, by_chance[rows, start], usual_share)
    is_peak = ((np.arange(HOURS) - first[:, None]) % HOURS) < hours[:, None]
    in_peak = np.einsum("qdh,qh->qd", counts, is_peak.astype(np.float64))
    # The same share day after day is a habit; what differs from day to day more than chance has it
    # is none.
    variance = of_day * (share * (1 - share))[:, None]
    odd = ((in_peak - of_day * share[:, None]) ** 2).sum(axis=1)
    spread = np.maximum(1.0, odd / np.maximum(variance.sum(axis=1), 1e-9))
    is_of_habit = in_peak > of_day * (share / 2)[:, None]
    days_of_habit = is_of_habit.sum(axis=1)
    people_of_habit = (of_day * weight * is_of_habit).sum(axis=1) / total
    stands_out = np.sqrt(2 * best / spread) >= score
    stands_out &= (share >= ratio * usual_share) & (share >= least)
    stands_out &= (days_of_habit >= 2) & (people_of_habit >= 0.6)
    return Peak(np.where(stands_out, first, -1), hours, days_of_habit)


def divergence(part: Floats, usual: Floats) -> Floats:
    """Kullback and Leibler's divergence of one probability from another."""
    part, usual = np.clip(part, 1e-9, 1 - 1e-9), np.clip(usual, 1e-9, 1 - 1e-9)
    found: Floats = part * np.log(part / usual) + (1 - part) * np.log((1 - part) / (1 - usual))
    return found


@dataclass(frozen=True)
class Trend:
    """How a series rises or falls, by series.

    Attributes:
        per_day: the logarithm of the factor from one day to the next.
        score: standard deviations from no trend; negative: it falls.
    """

    per_day: Floats
    score: Floats


#: The most a trend is said to be: a factor of e in a day.
STEEPEST: Final = 1.0


def trend(counts: Floats, traffic: Floats, ordinal: Ints) -> Trend:
    """The exponential trend of each series: Poisson regression on the day, beside the traffic.

    The variance is that of Poisson times the dispersion that the series itself shows (McCullagh
    and Nelder, Generalized Linear Models, 4.5 and 6.2), no less than one.

    Args:
        counts: (series, days).
        traffic: of each day.
        ordinal: the number of each day, rising.
    """
    if len(ordinal) < WEEK:
        return Trend(np.zeros(len(counts)), np.zeros(len(counts)))
    total = np.maximum(counts.sum(axis=1), 1e-9)
    day = (ordinal - ordinal.mean()).astype(np.float64)
    mean = counts @ day / total
    span = float(np.abs(day).max())
    slope = np.zeros(len(counts))
    for _ in range(8):  # Newton's method on the mean day that a slope leads to
        weight = traffic * np.exp(np.outer(slope, day))
        weight /= weight.sum(axis=1, keepdims=True)
        fitted = weight @ day
        curve = np.maximum(weight @ day**2 - fitted**2, span**2 / 100)
        slope = np.clip(slope + np.clip((mean - fitted) / curve, -0.2, 0.2), -STEEPEST, STEEPEST)
    share = traffic / traffic.sum()
    usual = share * total[:, None]
    weight = traffic * np.exp(np.outer(slope, day))
    fitted_counts = weight / weight.sum(axis=1, keepdims=True) * total[:, None]
    odd = ((counts - fitted_counts) ** 2 / np.maximum(fitted_counts, 0.5)).sum(axis=1)
    dispersion = np.maximum(1.0, odd / (len(ordinal) - 2))
    variance = (usual * (day - share @ day) ** 2).sum(axis=1)
    score = total * (mean - share @ day) / np.sqrt(dispersion * np.maximum(variance, 1e-9))
    return Trend(slope, score)


@dataclass(frozen=True)
class Events:
    """The days that stand out of each series, runs of them taken together.

    Attributes:
        number: of events.
        share: of the people who come in them.
        longest: days between the beginnings of two that follow each other, at most.
        shortest: and at least; both 0 of fewer than two events.
        peak: the place of the day of most people.
        burst_share: of the people who come in the days around the fullest run of days.
    """

    number: Ints
    share: Floats
    longest: Ints
    shortest: Ints
    peak: Ints
    burst_share: Floats


def events(counts: Floats, traffic: Floats, ordinal: Ints, burst_days: int) -> Events:
    """What stands out of the usual day, which is the median one.

    Args:
        counts: (series, days).
        traffic: of each day, about 1.
        ordinal: the number of each day, rising.
        burst_days: how long a burst is at most.
    """
    series, days = counts.shape
    usual = np.median(counts / traffic, axis=1)[:, None] * traffic
    is_event = rooted(counts) - rooted(usual) >= EVENT_SCORE
    is_event &= counts >= 2 * usual
    total = np.maximum(counts.sum(axis=1), 1e-9)
    row, place = np.nonzero(is_event)
    day = ordinal[place]
    is_start = np.ones(len(row), dtype=np.bool_)
    is_start[1:] = (row[1:] != row[:-1]) | (day[1:] - day[:-1] > EVENT_GAP)
    row_of, begins = row[is_start], day[is_start]
    apart = begins[1:] - begins[:-1]
    is_next = row_of[1:] == row_of[:-1]
    longest, shortest = np.zeros(series, dtype=np.int64), np.full(series, 10**6)
    np.maximum.at(longest, row_of[1:][is_next], apart[is_next])
    np.minimum.at(shortest, row_of[1:][is_next], apart[is_next])
    width = min(burst_days, days)
    summed = np.concatenate([np.zeros((series, 1)), counts.cumsum(axis=1)], axis=1)
    return Events(
        np.bincount(row_of, minlength=series),
        (counts * is_event).sum(axis=1) / total,
        longest,
        np.where(longest > 0, shortest, 0),
        (counts / traffic).argmax(axis=1),
        (summed[:, width:] - summed[:, :-width]).max(axis=1) / total,
    )


def uneven(counts: Floats, traffic: Floats, score: float) -> Floats:
    """By how much the days of each series differ beyond chance, as a share of their mean.

    Zero where chance explains it: χ² is less than `score` standard deviations above its mean.
    """
    mean = counts.mean(axis=1)
    expected = mean[:, None] * traffic
    squares = ((counts - expected) ** 2 / np.maximum(expected, 1e-9)).sum(axis=1)
    freedom = counts.shape[1] - 1
    is_chance = squares < freedom + score * np.sqrt(2 * freedom)
    beyond = ((counts - expected) ** 2 - expected).mean(axis=1)
    found: Floats = np.sqrt(np.maximum(beyond, 0.0)) / np.maximum(mean, 1e-9)
    return np.where(is_chance, 0.0, found)


def yearly(counts: Floats, traffic: Floats, ordinal: Ints) -> Floats:
    """The strength of the season of the year; NaN of less than two years.

    Args:
        counts: (series, days).
        traffic: of each day, about 1.
        ordinal: the number of each day, rising.
    """
    week = (ordinal - ordinal[0]) // WEEK
    phases = 52  # a season of weeks: a day more in a year shifts it by a day
    if ordinal[-1] - ordinal[0] + 1 < 2 * phases * WEEK:
        return np.full(len(counts), np.nan)
    of_week = (week[:, None] == np.arange(week[-1] + 1)).astype(np.float64)
    people, usual = counts @ of_week, traffic @ of_week
    there = usual > 0
    people, usual, weeks = people[:, there], usual[there], np.flatnonzero(there)
    rest = rooted(people) - rooted(people.sum(axis=1, keepdims=True) * usual / usual.sum())
    phase = weeks % phases
    number = np.bincount(phase, minlength=phases)
    of_phase = (np.arange(phases) == phase[:, None]) / np.maximum(number, 1)
    season = (rest @ of_phase)[:, phase]
    return strength(
        season, rest - season, int((number > 0).sum()), counting_noise(people @ of_phase)
    )
