"""A portal's month, drawn as hourly counts at once: with all that is known about it, habits too.

It follows the laws of `silgeom.simulate.restless`. People are drawn from Poisson's law around what
is expected of each query in each hour. For many seeds, where `silgeom.simulate` writes one log.
"""

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
from silgeom.simulate.restless import (
    HABIT_HOURS,
    KINDS,
    KNOWN_AFTER,
    NEWS_HOURS,
    PROGRAMME_PEOPLE,
    PROGRAMMES,
    RETURNING,
    RISE_PEOPLE,
    RISES_A_DAY,
    WEEK,
    Kind,
    beginnings,
    burst_profile,
    day_levels,
    own_hours,
    return_span,
    risen_level,
)
from silgeom.simulate.rhythm import day_kind, hour_shares, season_factors

#: Sizes below are those of a portal with so many searches a day.
USUAL: Final = 200_000.0


#: Of bursts: those that come in two phrasings, or three.
IN_WORDS: Final = 0.15

#: Of the people of a phrasing: those who type it without its spaces.
UNSPACED: Final = 0.25


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
    own, at_weekends = own_hours(plan.queries, random)
    usual = np.zeros((draft.hours, plan.queries), dtype=np.float32)
    people = np.zeros((draft.hours, plan.queries), dtype=np.float32)
    for day in range(plan.days):
        kind = day_kind(plan.start + timedelta(days=day), parameters)
        level = day_levels(plan.queries, plan.noise, random) if plan.noise else 1.0
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
    for size in np.geomspace(*PROGRAMME_PEOPLE, PROGRAMMES).tolist():
        weekday, hour = int(random.integers(0, 7)), int(random.integers(7, DAY))
        shape = 0.6 ** np.arange(random.integers(1, 5)) * size * plan.scale
        name = f"{made_up(random, 5)} 방송"
        first = int(random.integers(0, 3)) * 7  # some begin while the month goes on
        habit, column = np.zeros(draft.hours), np.zeros(draft.hours, dtype=np.float32)
        begins = range(
            (first + (weekday - plan.start.weekday()) % 7) * DAY + hour, draft.hours, WEEK
        )
        for number, begin in enumerate(begins):
            column += draft.column(begin, shape * random.uniform(0.8, 1.25))
            if number < KNOWN_AFTER:
                unclear.append((name, begin, begin + len(shape)))
            else:
                habit[begin : begin + len(shape)] = shape[: draft.hours - begin]
        draft.add(name, column, ALSO_BURST)
        habits[name] = habit.astype(np.float32)
    return unclear


def _add_rises(
    draft: Draft, habits: dict[str, Matrix], plan: Plan, traffic: Floats
) -> list[tuple[str, int]]:
    """Levels that rise for good.

    Returns:
        Query and the hour in which each began.
    """
    random = draft.random
    shape = traffic / traffic.mean()
    rises = []
    for size in np.geomspace(*RISE_PEOPLE, RISES_A_DAY * plan.days).tolist():
        began = int(random.integers(0, draft.hours))
        name = f"{made_up(random, 4)} 출시"
        began, level, _ = risen_level(began, size * plan.scale * shape, random)
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
    for begin, kind in beginnings(plan.days, random):
        profile = burst_profile(kind, random)
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


def _returning(names: list[_Name], begin: int, random: np.random.Generator) -> _Name | None:
    """A name that burst before; None: none did at the time that was drawn."""
    span = return_span(random)
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
