"""The laws of restless boards: how many bursts begin, how long they stay, and when they come back.

Of 48 days of a real portal's hourly boards: nine names an hour are new, half of them stay for one
hour and one in a hundred for a day, two in five come back, some after a day or a week, and one row
in seven shares its issue with another. Beneath lie queries with hours of their own, programmes of
each week, and levels that rise for good. Logs (`restless_plan`) and counts that are drawn at once
(`silgeom.evaluate.trend_portal`) follow them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from silgeom.simulate.rhythm import Floats

Random = np.random.Generator

DAY: Final = 24
WEEK: Final = 7 * DAY


@dataclass(frozen=True)
class Kind:
    """Bursts of one size, at 200,000 ordinary searches a day.

    Attributes:
        a_day: how many begin on a day.
        people: the least and the most in the best hour.
        hours: the least and the most that one lasts.
        rise: hours from its beginning to its best one, at most.
        plateau: the share that stays at its best for 12 to 24 hours.
        follow_ups: questions that its people go on to ask, at most.
    """

    a_day: int
    people: tuple[float, float]
    hours: tuple[int, int]
    rise: int
    plateau: float
    follow_ups: int


KINDS: Final = (
    Kind(10, (150.0, 2000.0), (3, 12), 3, 0.15, 3),
    Kind(40, (40.0, 250.0), (1, 5), 1, 0.0, 1),
    Kind(150, (25.0, 90.0), (1, 2), 0, 0.0, 0),
    Kind(100, (6.0, 20.0), (1, 2), 0, 0.0, 0),
)

#: Bursts that begin in an hour of the day, midnight first: twice as many at night as at dawn.
_BEGINNINGS: Final = np.array([13, 12, 11, 9, 8, 6, 6, 7, 8, 9] + [9] * 12 + [11, 12.0])

#: Of bursts: names that had one before; of these so many come back after a day, and a week.
RETURNING: Final = 0.40
AFTER_A_DAY: Final = 0.30
AFTER_A_WEEK: Final = 0.22

#: A level that rises for good is news for a day, and a habit after four; what lies between is
#: neither right nor wrong.
NEWS_HOURS: Final = 24
HABIT_HOURS: Final = 96
#: So many begin on a day, of so many people in a usual hour.
RISES_A_DAY: Final = 2
RISE_PEOPLE: Final = (10.0, 150.0)

#: Programmes of the week; each a weekday, an hour, and so many people in its best hour. A habit
#: from the third time on: before, nobody can know.
PROGRAMMES: Final = 40
PROGRAMME_PEOPLE: Final = (20.0, 900.0)
KNOWN_AFTER: Final = 2


def beginnings(days: int, random: Random, share: float = 1.0) -> Iterator[tuple[int, Kind]]:
    """Hour and kind of each burst, in order of time; a `share` of the usual number."""
    chance = _BEGINNINGS / _BEGINNINGS.sum()
    for day in range(days):
        kinds = [kind for kind in KINDS for _ in range(random.poisson(kind.a_day * share))]
        hours = np.sort(random.choice(DAY, len(kinds), p=chance))
        for hour, number in zip(hours.tolist(), random.permutation(len(kinds)), strict=True):
            yield day * DAY + hour, kinds[number]


def burst_profile(kind: Kind, random: Random) -> Floats:
    """People by hour, the best hour as 1."""
    hours = int(random.integers(kind.hours[0], kind.hours[1] + 1))
    before = min(int(random.integers(0, kind.rise + 1)), hours - 1)
    rise = np.linspace(0.0, 1.0, before + 2)[1:-1]
    if random.random() < kind.plateau:
        flat = random.uniform(0.8, 1.0, int(random.integers(12, 25)))
        return np.concatenate([rise, flat, 0.5 ** np.arange(1, 5)])
    left = hours - before
    halving = max(left / 4, 0.5)
    return np.concatenate([rise, 0.5 ** (np.arange(left) / halving)])


def return_span(random: Random) -> tuple[int, int]:
    """After how many hours at least, and at most, a name comes back: a day, a week, or any."""
    chance = random.random()
    if chance < AFTER_A_DAY:
        return 20, 28
    if chance < AFTER_A_DAY + AFTER_A_WEEK:
        return 160, 176
    return 12, 14 * DAY


def risen_level(began: int, usual: Floats, random: Random) -> tuple[int, Floats, bool]:
    """A level that rises for good; half of them a few hours of each day, as a series does.

    Args:
        began: an hour of the log; a series begins later on that day or earlier.
        usual: people in each hour of the log, if it had always been there.
        random: the source of chance.

    Returns:
        The hour in which it begins, the people expected in each hour of the log, and whether it
        is of a few hours.
    """
    level = usual
    is_of_few_hours = random.random() < 0.5
    if is_of_few_hours:
        began -= began % DAY - int(random.integers(7, DAY - 2))
        since = (np.arange(len(usual)) - began) % DAY
        level = np.where(since < 3, 3 * level, 0.02 * level)
    level = level.copy()
    level[:began] = 0.0
    return began, level, is_of_few_hours


def own_hours(queries: int, random: Random) -> tuple[Floats, Floats]:
    """Factors on the weight of each query: shape (24, queries) by hour of day, and at weekends."""
    peak = random.uniform(0, DAY, queries)
    steepness = np.minimum(random.exponential(0.7, queries), 3.0)
    hours = np.arange(DAY)[:, None]
    own: Floats = np.exp(steepness * np.cos((hours - peak) * 2 * np.pi / DAY))
    return own, random.lognormal(0.0, 0.4, queries)


def day_levels(queries: int, noise: float, random: Random) -> Floats:
    """Factors on the weight of each query on one day: they vary by so much around 1."""
    return random.gamma(noise**-2, noise**2, queries)
