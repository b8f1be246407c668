"""A portal's month, drawn as hourly counts at once: with all that is known about it, habits too.

Boards of a real portal are full and restless: nine names an hour are new, half of them stay for one
hour and one in a hundred for a day, two in five come back, some after a day or a week, and one row
in seven shares its issue with another. So do these bursts. Beneath them lies what people always
search, each query with hours of its own, programmes of each week, and levels that rise for good: a
new service, a new series. People are drawn from Poisson's law around what is expected of each query
in each hour. For many seeds, where `silgeom.simulate` writes one log.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np

from silgeom.evaluate.log import variant_key
from silgeom.evaluate.trend_counts import FLOOR, Counts, Floats, Matrix
from silgeom.evaluate.trend_drawn import (
    ALSO_BURST,
    ALSO_USUAL,
    DAY,
    Draft,
    add_attacks,
    happening,
    made_up,
    phrasings_of,
    questions_of,
)
from silgeom.evaluate.trend_truth import Truth
from silgeom.hangul import typed_as_hangul
from silgeom.simulate.parameters import Parameters
from silgeom.simulate.rhythm import day_kind, hour_shares, season_factors

#: Sizes below are those of a portal with so many searches a day.
USUAL: Final = 200_000.0


@dataclass(frozen=True)
class Kind:
    """Bursts of one size.

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
#: Of bursts: those that come in two phrasings, or three.
IN_WORDS: Final = 0.15

#: Of the people of a phrasing: those who type it without its spaces.
UNSPACED: Final = 0.25

#: A level that rises for good is news for a day, and a habit after four; what lies between is
#: neither right nor wrong.
NEWS_HOURS: Final = 24
HABIT_HOURS: Final = 96
#: So many begin on a day, of so many people in a usual hour.
RISES_A_DAY: Final = 2
_RISE_PEOPLE: Final = (10.0, 150.0)

#: Programmes of the week; each a weekday, an hour, and so many people in its best hour.
PROGRAMMES: Final = 40
_PROGRAMME_PEOPLE: Final = (20.0, 900.0)


@dataclass(frozen=True)
class Plan:
    """What is drawn.

    Attributes:
        seed: the same seed gives the same counts.
        searches_a_day: all of them, a third of them of queries too rare to be counted here.
        days: of which the first 14 are the past alone.
        bursts: whether anything bursts, or rises for good.
        attacks: whether each kind is tried once a week.
        noise: the level of a query varies by so much from day to day.
        queries: how many different ones there are.
        start: the first day.
    """

    seed: int = 1
    searches_a_day: float = USUAL
    days: int = 28
    bursts: bool = True
    attacks: bool = True
    noise: float = 0.1
    queries: int = 30_000
    start: date = date(2026, 3, 2)

    @property
    def scale(self) -> float:
        """Of all numbers of people."""
        return self.searches_a_day / USUAL


@dataclass
class _Name:
    """What bursts: its phrasings, with their shares, and when it did so last."""

    phrasings: list[str]
    shares: list[float]
    follow_ups: list[str]
    has_slip: bool
    began: int
    hours: list[int] = field(default_factory=list)


def portal(plan: Plan) -> tuple[Counts, Truth]:
    """Draw counts; the truth knows what burst in them and what is habit."""
    random = np.random.default_rng(plan.seed)
    parameters = Parameters(days=plan.days, start=plan.start)
    traffic = hour_shares(parameters).ravel() * plan.searches_a_day * plan.days
    draft = Draft(random, plan.days * DAY)
    habits: dict[str, Matrix] = {}
    _add_usual(draft, habits, plan, parameters, traffic)
    unclear = _add_programmes(draft, habits, plan)
    names: list[_Name] = []
    rises: list[tuple[str, int]] = []
    if plan.bursts:
        names = _add_bursts(draft, plan, traffic)
        rises = _add_rises(draft, habits, plan, traffic)
    attacks = add_attacks(draft, min(14, plan.days // 2)) if plan.attacks else []
    counts = _counts(draft, plan, traffic)
    truth = Truth(
        attacks=[(kind, counts.group_of.get(name, -1)) for kind, name in attacks],
        habit=_by_group(counts, habits),
    )
    for name in names:
        truth.add(counts, name.phrasings, name.follow_ups, np.unique(name.hours))
    for query, began in rises:
        truth.add(counts, [query], [], began + np.arange(NEWS_HOURS))
        unclear += [(query, began + NEWS_HOURS, began + HABIT_HOURS)]
    for query, first, last in unclear:
        group = counts.group_of.get(query)
        truth.unclear |= {(hour, group) for hour in range(first, last) if group is not None}
    return counts, truth


def _counts(draft: Draft, plan: Plan, traffic: Floats) -> Counts:
    people, also = draft.people, draft.also
    rare = draft.random.poisson(traffic / 3)
    keys = [variant_key(name) for name in draft.names]
    begin = np.datetime64(plan.start, "s") - np.timedelta64(9, "h")
    return Counts(
        hours=begin + np.arange(draft.hours) * np.timedelta64(1, "h"),
        traffic=people.sum(axis=1, dtype=np.float64) + rare,
        all_also_searched=also.sum(axis=1, dtype=np.float64) + np.rint(rare * ALSO_USUAL),
        searchers=people,
        also_searched=also,
        forms=draft.names,
        group=np.unique(keys, return_inverse=True)[1].astype(np.int64),
        forms_add_up=True,
    )


def _by_group(counts: Counts, habits: dict[str, Matrix]) -> Matrix:
    """What is expected of each hour and group without any burst."""
    habit = np.zeros(counts.people.shape, dtype=np.float32)
    for query, expected in habits.items():
        habit[:, counts.group_of[query]] += expected
    return habit


def _add_usual(
    draft: Draft, habits: dict[str, Matrix], plan: Plan, parameters: Parameters, traffic: Floats
) -> None:
    """What is always searched, each query in hours of its own; only those who may reach a board."""
    random = draft.random
    weight = (np.arange(plan.queries) + 2.0) ** -0.85
    season = random.integers(0, len(season_factors(0, 0)), plan.queries)
    peak = random.uniform(0, DAY, plan.queries)
    steepness = np.minimum(random.exponential(0.7, plan.queries), 3.0)
    hours = np.arange(DAY)[:, None]
    own = np.exp(steepness * np.cos((hours - peak) * 2 * np.pi / DAY))
    at_weekends = random.lognormal(0.0, 0.4, plan.queries)
    usual = np.zeros((draft.hours, plan.queries), dtype=np.float32)
    people = np.zeros((draft.hours, plan.queries), dtype=np.float32)
    for day in range(plan.days):
        kind = day_kind(plan.start + timedelta(days=day), parameters)
        level = random.gamma(plan.noise**-2, plan.noise**2, plan.queries) if plan.noise else 1.0
        for hour in range(DAY):
            expected = weight * season_factors(kind, hour)[season] * own[hour]
            expected = expected * at_weekends if kind else expected
            now = day * DAY + hour
            usual[now] = expected / expected.sum() * traffic[now] * 2 / 3
            people[now] = random.poisson(level * usual[now])
    for query in np.flatnonzero((people >= FLOOR).any(axis=0)).tolist():
        name = f"{made_up(random, 4)} {query}"
        draft.add(name, people[:, query], ALSO_USUAL)
        habits[name] = usual[:, query]


def _add_programmes(
    draft: Draft, habits: dict[str, Matrix], plan: Plan
) -> list[tuple[str, int, int]]:
    """What comes each week: a habit from the third time on; before, nobody can know.

    Returns:
        Query, first hour and the hour after the last of each time that counts neither way.
    """
    random = draft.random
    unclear = []
    for size in np.geomspace(*_PROGRAMME_PEOPLE, PROGRAMMES).tolist():
        weekday, hour = int(random.integers(0, 7)), int(random.integers(7, DAY))
        shape = 0.6 ** np.arange(random.integers(1, 5)) * size * plan.scale
        name = f"{made_up(random, 5)} 방송"
        first = int(random.integers(0, 3)) * 7  # some begin while the month goes on
        habit, column = np.zeros(draft.hours), np.zeros(draft.hours, dtype=np.float32)
        begins = range(
            (first + (weekday - plan.start.weekday()) % 7) * DAY + hour, draft.hours, 168
        )
        for number, begin in enumerate(begins):
            column += draft.column(begin, shape * random.uniform(0.8, 1.25))
            if number < 2:
                unclear.append((name, begin, begin + len(shape)))
            else:
                habit[begin : begin + len(shape)] = shape[: draft.hours - begin]
        draft.add(name, column, ALSO_BURST)
        habits[name] = habit.astype(np.float32)
    return unclear


def _add_rises(
    draft: Draft, habits: dict[str, Matrix], plan: Plan, traffic: Floats
) -> list[tuple[str, int]]:
    """Levels that rise for good; half of them stay in a few hours of each day, as a series does.

    Returns:
        Query and the hour in which each began.
    """
    random = draft.random
    shape = traffic / traffic.mean()
    rises = []
    for size in np.geomspace(*_RISE_PEOPLE, RISES_A_DAY * plan.days).tolist():
        began = int(random.integers(0, draft.hours))
        name = f"{made_up(random, 4)} 출시"
        level = size * plan.scale * shape
        if random.random() < 0.5:
            began -= began % DAY - int(random.integers(7, DAY - 2))
            since = (np.arange(draft.hours) - began) % DAY
            level = np.where(since < 3, 3 * level, 0.02 * level)
        level[:began] = 0.0
        draft.add(name, random.poisson(level).astype(np.float32), ALSO_USUAL)
        known = level.copy()
        known[: began + NEWS_HOURS] = 0.0
        habits[name] = known.astype(np.float32)
        rises.append((name, began))
    return rises


def _add_bursts(draft: Draft, plan: Plan, traffic: Floats) -> list[_Name]:
    """Bursts of all kinds, names that come back among them, in order of time."""
    random = draft.random
    awake = np.sqrt(traffic / traffic.mean())
    names: list[_Name] = []
    people: dict[str, Matrix] = {}
    for begin, kind in _beginnings(plan, random):
        profile = _profile(kind, random)
        here = awake[begin : begin + len(profile)]
        size = np.exp(random.uniform(*np.log(kind.people))) * plan.scale
        expected = profile[: len(here)] * here
        expected *= size / expected.max()
        name = _returning(names, begin, random) if random.random() < RETURNING else None
        if name is None:
            name = _new_name(kind, random)
            names.append(name)
        name.began = begin
        name.hours += range(begin, begin + len(expected))
        parts = []
        for text, share in zip(name.phrasings, name.shares, strict=True):
            parts += [(text, share * (1 - UNSPACED)), (text.replace(" ", ""), share * UNSPACED)]
        parts += [(text, random.uniform(0.1, 0.3)) for text in name.follow_ups]
        if name.has_slip:
            parts.append((typed_as_hangul(name.phrasings[0]), 0.008))
        for text, share in parts:
            column = draft.column(begin, expected * share)
            people[text] = people[text] + column if text in people else column
    asked = {text for name in names for text in name.follow_ups}
    for text, column in people.items():
        draft.add(text, column, 1.0 if text in asked else ALSO_BURST)
    return names


def _beginnings(plan: Plan, random: np.random.Generator) -> Iterator[tuple[int, Kind]]:
    """Hour and kind of each burst, in order of time."""
    chance = _BEGINNINGS / _BEGINNINGS.sum()
    for day in range(plan.days):
        kinds = [kind for kind in KINDS for _ in range(random.poisson(kind.a_day))]
        hours = np.sort(random.choice(DAY, len(kinds), p=chance))
        for hour, number in zip(hours.tolist(), random.permutation(len(kinds)), strict=True):
            yield day * DAY + hour, kinds[number]


def _profile(kind: Kind, random: np.random.Generator) -> Floats:
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


def _returning(names: list[_Name], begin: int, random: np.random.Generator) -> _Name | None:
    """A name that burst before; None: none did at the time that was drawn."""
    chance = random.random()
    if chance < AFTER_A_DAY:
        span = (20, 28)
    elif chance < AFTER_A_DAY + AFTER_A_WEEK:
        span = (160, 176)
    else:
        span = (12, 14 * DAY)
    found = [name for name in names if span[0] <= begin - name.began <= span[1]]
    return found[int(random.integers(0, len(found)))] if found else None


def _new_name(kind: Kind, random: np.random.Generator) -> _Name:
    name, what = made_up(random, 3), happening(random)
    shares = [1.0]
    phrasings = [f"{name} {what}"]
    if random.random() < IN_WORDS:
        others = phrasings_of(name, what)
        more = int(random.integers(1, 3))
        phrasings += [others[place] for place in random.permutation(len(others))[:more].tolist()]
        shares = [0.6, *([0.4 / more] * more)]
    follow_ups = questions_of(name, int(random.integers(0, kind.follow_ups + 1)), random)
    return _Name(phrasings, shares, follow_ups, kind is KINDS[0], 0)
