"""Scores by which a query may be said to trend: ours and its rivals.

A method is given the counts and the cells that may be shown (hour, group; at least `floor` people
typed one form in that hour), and gives each cell a score; the higher the better. All methods see
the same counts of people, with the variants of a query (spacing, punctuation) added up, and none
sees what comes after the hour it judges. The window is one hour.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from silgeom.evaluate.trend_counts import Counts, Floats, Ints

DAY: Final = 24

Method = Callable[[Counts, Ints, Ints], Floats]


def raw_count(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """People now."""
    return counts.people[hour, group]


def count_difference(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """People now less people in the window before."""
    return counts.people[hour, group] - _past(counts.people, hour - 1, group)


def ratio(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """People now by people in the window before, one more each, so that nothing divides by zero."""
    return (counts.people[hour, group] + 1) / (_past(counts.people, hour - 1, group) + 1)


def pig_z_score(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """(c - mean) / deviation over the hours in which the query occurs.

    Apache Pig's tutorial, ScoreGenerator; there over a whole log, here up to now. Of one hour there
    is no deviation, hence no score.
    """
    people = counts.people
    times = np.cumsum(people > 0, axis=0)[hour, group].astype(float)
    total = np.cumsum(people, axis=0)[hour, group]
    squares = np.cumsum(people**2, axis=0)[hour, group]
    mean = total / times
    variance = (squares - times * mean**2) / np.maximum(times - 1, 1)
    deviation = np.sqrt(np.maximum(variance, 0.0))
    known = (times > 1) & (deviation > 0)
    score = (people[hour, group] - mean) / np.where(known, deviation, 1.0)
    return np.where(known, score, -np.inf)


def jlh(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """(fg - bg) x (fg / bg) of the shares now and in the 14 days up to now.

    Elasticsearch, significant_terms, JLHScore.java: 0 if fg <= bg.
    """
    share, background = _shares(counts, hour, group, 14 * DAY)
    score = (share - background) * (share / background)
    return np.where(share > background, score, 0.0)


def signitrend(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """Distance from the moving average: (x - max(EWMA, beta)) / (sqrt(EWMVar) + beta).

    Schubert, Weiler, Kriegel, "SigniTrend", KDD 2014. x is the share, in people of a mean hour;
    half-life 12 hours, beta one person (the paper leaves both open). It is learnt afterwards.
    """
    alpha, beta = 1 - 2 ** (-1 / 12), 1.0
    usual = counts.traffic.mean()
    scale = usual / np.maximum(counts.traffic, 1.0)
    mean = np.zeros(counts.people.shape[1])
    variance = np.zeros_like(mean)
    scores = np.zeros(len(hour))
    starts = np.searchsorted(hour, np.arange(len(counts.hours) + 1))
    for now in range(len(counts.hours)):
        x = counts.people[now] * scale[now]
        z = (x - np.maximum(mean, beta)) / (np.sqrt(variance) + beta)
        here = slice(starts[now], starts[now + 1])
        scores[here] = z[group[here]]
        if counts.traffic[now]:
            delta = x - mean
            mean += alpha * delta
            variance = (1 - alpha) * (variance + alpha * delta**2)
    return scores


def lucidworks(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """ln(difference) + ratio of people now and in a mean hour of the day before.

    Lucidworks Fusion, "Trending queries": difference, ratio, and this combination; of a reference
    period without the query as if it had one person.
    """
    people = counts.people[hour, group]
    reference = _window_sum(counts.people, hour, group, DAY) / DAY
    difference = people - reference
    score = np.log(np.maximum(difference, 1e-9)) + people / np.maximum(reference, 1 / DAY)
    return np.where(difference > 0, score, -np.inf)


def kleinberg(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """Cost of the ordinary state less that of the burst state, of the automaton of two states.

    Kleinberg, "Bursty and hierarchical structure in streams", KDD 2002, section 4: s = 2,
    gamma = 1. The ordinary rate is the share in the 14 days before; above 0 it is in a burst.
    """
    s, gamma = 2.0, 1.0
    step = gamma * np.log(len(counts.hours))
    ordinary = np.zeros(counts.people.shape[1])
    burst = np.full_like(ordinary, step)
    scores = np.zeros(len(hour))
    starts = np.searchsorted(hour, np.arange(len(counts.hours) + 1))
    columns = np.arange(counts.people.shape[1])
    for now in range(len(counts.hours)):
        if not counts.traffic[now]:
            continue
        row = np.full(len(columns), now)
        past = _window_sum(counts.people, row, columns, 14 * DAY)
        all_past = max(float(counts.traffic[max(0, now - 14 * DAY) : now].sum()), 1.0)
        rate = np.clip(np.maximum(past, 1.0) / all_past, 1e-12, 0.4)
        x, n = counts.people[now], counts.traffic[now]
        # -log of the binomial chance; the coefficient is the same for both states.
        costs = [-(x * np.log(p) + (n - x) * np.log1p(-p)) for p in (rate, s * rate)]
        ordinary, burst = (
            np.minimum(ordinary, burst) + costs[0],
            np.minimum(ordinary + step, burst) + costs[1],
        )
        here = slice(starts[now], starts[now + 1])
        scores[here] = (ordinary - burst)[group[here]]
    return scores


def z_on_the_median(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """(x - m) / sqrt(m + 1), m the median of the hours of the last four days, as shares.

    The plain z-score of a count that is expected to be Poisson's, one person as the floor.
    """
    median = _median(counts, hour, group)
    return (counts.people[hour, group] - median) / np.sqrt(median + 1)


def deviance_on_the_median(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """Signed root of the negative-binomial deviance from the same median, at least half a person.

    Hilbe, Negative Binomial Regression, 2nd edition, 8.2; a seventh of variation beyond chance.
    """
    x, expected = counts.people[hour, group], np.maximum(_median(counts, hour, group), 0.5)
    spread = (1 + x / 50) / (1 + expected / 50)
    deviance = 2 * (x * np.log(x / expected) - (x + 50) * np.log(spread))
    return np.sign(x - expected) * np.sqrt(np.maximum(deviance, 0.0))


#: Name, method, and the score above which it speaks of a trend; None: it names none.
RIVALS: Final[dict[str, tuple[Method, float | None]]] = {
    "raw count": (raw_count, None),
    "count difference": (count_difference, None),
    "ratio": (ratio, None),
    "Pig z-score": (pig_z_score, 2.0),
    "JLH": (jlh, None),
    "SigniTrend": (signitrend, 3.0),
    "Lucidworks": (lucidworks, None),
    "Kleinberg": (kleinberg, 0.0),
    "z on the median": (z_on_the_median, 3.0),
    "deviance on the median": (deviance_on_the_median, 3.0),
}


def _past(people: Floats, hour: Ints, group: Ints) -> Floats:
    """People in hours that may lie before the first, where there were none."""
    return np.where(hour >= 0, people[np.maximum(hour, 0), group], 0.0)


def _median(counts: Counts, hour: Ints, group: Ints) -> Floats:
    """The median share of the four days before, as people of the hour."""
    found = np.zeros(len(hour))
    starts = np.searchsorted(hour, np.arange(len(counts.hours) + 1))
    for now in range(1, len(counts.hours)):
        here = slice(starts[now], starts[now + 1])
        before = np.arange(max(0, now - 4 * DAY), now)
        before = before[counts.traffic[before] > 0]
        if len(before) and starts[now] < starts[now + 1]:
            shares = counts.people[np.ix_(before, group[here])] / counts.traffic[before][:, None]
            found[here] = np.median(shares, axis=0) * counts.traffic[now]
    return found


def _window_sum(people: Floats, hour: Ints, group: Ints, length: int) -> Floats:
    """People in the `length` hours before each."""
    sums = np.vstack([np.zeros((1, people.shape[1])), np.cumsum(people, axis=0)])
    return sums[hour, group] - sums[np.maximum(hour - length, 0), group]


def _shares(counts: Counts, hour: Ints, group: Ints, length: int) -> tuple[Floats, Floats]:
    share = counts.people[hour, group] / counts.traffic[hour]
    people = _window_sum(counts.people, hour + 1, group, length)
    traffic = np.concatenate([[0.0], np.cumsum(counts.traffic)])
    total = traffic[hour + 1] - traffic[np.maximum(hour + 1 - length, 0)]
    return share, people / total
