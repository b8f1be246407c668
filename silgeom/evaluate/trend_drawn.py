"""Hourly counts drawn at once, without a single line of a log: a month in seconds.

People by hour and query are drawn from Poisson's law around what is expected of each query at each
hour (popularity by Zipf's law, the hours and seasons of `silgeom.simulate`, and a level of each
query that varies from day to day), with bursts, weekly programmes and attacks on top. For many
seeds, where `silgeom.simulate` writes one log.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np

from silgeom.evaluate.log import variant_key
from silgeom.evaluate.trend_counts import FLOOR, Counts, Floats, Ints
from silgeom.evaluate.trend_truth import Truth
from silgeom.hangul import SYLLABLES, typed_as_hangul
from silgeom.simulate.parameters import Parameters
from silgeom.simulate.rhythm import day_kind, hour_shares, season_factors

DAY: Final = 24
USUAL: Final = 200_000.0

#: Of the people of an ordinary query, and of a burst, who searched something else too that day.
ALSO_USUAL: Final = 0.78
ALSO_BURST: Final = 0.60

#: Weekday (Monday is 0), first hour and people at 200,000 searches a day.
WEEKLY: Final = (
    (5, 21, (900, 640, 240)),
    (0, 8, (140, 260, 90)),
    (6, 20, (260, 520, 300, 90)),
    (2, 21, (120, 300, 120)),
    (4, 16, (90, 180, 160)),
)

#: First hour after which an attack lasts so many hours with so many accounts in each.
ATTACKS: Final = {
    "one_user": (1, 1),
    "ten_users": (1, 10),
    "fake_users": (1, 200),
    "click_farm": (6, 60),
    "sellers": (24, 20),
}

_HAPPENINGS: Final = (
    "지진",
    "화재",
    "결혼",
    "열애",
    "은퇴",
    "정전",
    "리콜",
    "점검",
    "역전승",
    "사임",
)
_QUESTIONS: Final = ("이유", "위치", "나이", "시간", "인스타", "결과")


@dataclass(frozen=True)
class Plan:
    """What is drawn.

    Attributes:
        seed: the same seed gives the same counts.
        searches_a_day: all of them, a third of them of queries too rare to be counted here.
        days: of which the first 14 have neither bursts nor attacks.
        bursts: a week.
        attacks: whether each kind is tried once a week.
        noise: the level of a query varies by so much from day to day.
        queries: how many different ones there are.
        start: the first day.
    """

    seed: int = 1
    searches_a_day: float = USUAL
    days: int = 28
    bursts: int = 20
    attacks: bool = True
    noise: float = 0.1
    queries: int = 30_000
    start: date = date(2026, 3, 2)


@dataclass
class _Draft:
    """Columns of people by hour, and of those who searched something else too."""

    random: np.random.Generator
    hours: int
    names: list[str] = field(default_factory=list)
    people: list[Floats] = field(default_factory=list)
    also: list[Floats] = field(default_factory=list)

    def add(self, name: str, people: Floats, share: float) -> None:
        self.names.append(name)
        self.people.append(people)
        self.also.append(self.random.binomial(people.astype(np.int64), share).astype(np.float64))

    def column(self, first: int, expected: Floats) -> Floats:
        """People drawn around what is expected from an hour on."""
        column = np.zeros(self.hours)
        length = max(0, min(len(expected), self.hours - first))
        column[first : first + length] = self.random.poisson(expected[:length])
        return column


def simulated_counts(plan: Plan) -> tuple[Counts, Truth]:
    """Draw counts, and tell what burst in them."""
    random = np.random.default_rng(plan.seed)
    parameters = Parameters(days=plan.days, start=plan.start)
    traffic = hour_shares(parameters).ravel() * plan.searches_a_day * plan.days
    draft = _Draft(random, plan.days * DAY)
    _add_usual(draft, plan, parameters, traffic)
    _add_weekly(draft, plan)
    first = min(14, plan.days // 2) * DAY
    bursts = _add_bursts(draft, _sizes(plan, draft.hours - first), traffic, first)
    attacks = _add_attacks(draft, plan) if plan.attacks else []

    people, also = np.stack(draft.people, axis=1), np.stack(draft.also, axis=1)
    begin = np.datetime64(plan.start, "s") - np.timedelta64(9, "h")
    rare = random.poisson(traffic / 3)
    keys = [variant_key(name) for name in draft.names]
    counts = Counts(
        hours=begin + np.arange(draft.hours) * np.timedelta64(1, "h"),
        traffic=people.sum(axis=1) + rare,
        all_also_searched=also.sum(axis=1) + np.rint(rare * ALSO_USUAL),
        searchers=people.astype(np.float32),
        also_searched=also.astype(np.float32),
        forms=draft.names,
        group=np.unique(keys, return_inverse=True)[1].astype(np.int64),
    )
    return counts, _truth(counts, bursts, attacks)


def _add_usual(draft: _Draft, plan: Plan, parameters: Parameters, traffic: Floats) -> None:
    """What is always searched, each query in its hours; only those who may reach a board."""
    random = draft.random
    weight = (np.arange(plan.queries) + 2.0) ** -0.85
    season = random.integers(0, len(season_factors(0, 0)), plan.queries)
    people = np.zeros((draft.hours, plan.queries), dtype=np.int32)
    for day in range(plan.days):
        kind = day_kind(plan.start + timedelta(days=day), parameters)
        level = random.gamma(plan.noise**-2, plan.noise**2, plan.queries) if plan.noise else 1.0
        for hour in range(DAY):
            expected = weight * season_factors(kind, hour)[season]
            share = level * expected / expected.sum()
            now = day * DAY + hour
            people[now] = random.poisson(share * traffic[now] * 2 / 3)
    for query in np.flatnonzero((people >= FLOOR).any(axis=0)).tolist():
        draft.add(f"{_name(random, 4)} {query}", people[:, query].astype(np.float64), ALSO_USUAL)


def _add_weekly(draft: _Draft, plan: Plan) -> None:
    scale = plan.searches_a_day / USUAL
    for weekday, hour, people in WEEKLY:
        column = np.zeros(draft.hours)
        first = (weekday - plan.start.weekday()) % 7
        for day in range(first, plan.days, 7):
            level = draft.random.uniform(0.8, 1.25)
            column += draft.column(day * DAY + hour, np.array(people) * scale * level)
        draft.add(f"{_name(draft.random, 5)} 방송", column, ALSO_BURST)


def _sizes(plan: Plan, hours: int) -> Floats:
    """People in the best hour of each burst."""
    least, most = 40 * plan.searches_a_day / USUAL, 2000 * plan.searches_a_day / USUAL
    number = round(plan.bursts * hours / DAY / 7)
    sizes: Floats = np.geomspace(max(least, 12), max(most, 24), number)
    return sizes


def _add_bursts(
    draft: _Draft, sizes: Floats, traffic: Floats, first: int
) -> list[tuple[list[str], list[str], Ints]]:
    """Bursts with their phrasings, follow-up questions and misspellings, from an hour on.

    Returns:
        Phrasings, follow-ups and hours of each.
    """
    random = draft.random
    found = []
    for size in random.permutation(sizes).tolist():
        profile = _profile(random)
        begin = int(random.integers(first, draft.hours))
        awake = np.sqrt(np.maximum(traffic[begin : begin + len(profile)], 1.0))
        expected = profile[: len(awake)] * awake
        expected *= size / expected.max()
        name, what = _name(random, 3), str(random.choice(_HAPPENINGS))
        phrasings = [f"{name} {what}"]
        shares = [1.0]
        if random.random() < 0.2:
            phrasings.append(str(random.choice([f"{what} {name}", f"{name} {what} 속보"])))
            shares = [0.67, 0.33]
        for text, share in zip(phrasings, shares, strict=True):
            draft.add(text, draft.column(begin, expected * share), ALSO_BURST)
        draft.add(typed_as_hangul(phrasings[0]), draft.column(begin, expected * 0.008), ALSO_BURST)
        questions = random.permutation(_QUESTIONS)[: random.integers(1, 4)].tolist()
        follow_ups = [f"{name} {question}" for question in questions]
        for text in follow_ups:
            draft.add(text, draft.column(begin, expected * random.uniform(0.1, 0.3)), 1.0)
        found.append((phrasings, follow_ups, begin + np.arange(len(expected) + 1)))
    return found


def _profile(random: np.random.Generator) -> Floats:
    """People by hour, the best hour as 1: sudden, slow, short or a plateau."""
    shape = random.random()
    halving = random.uniform(1.0, 6.0)
    rise = np.array([0.6, 1.0]) if random.random() < 0.5 else np.array([1.0])
    if shape < 0.2:
        rise = np.linspace(0.0, 1.0, int(random.integers(5, 11)))[1:] ** 1.5
    elif shape < 0.4:
        halving = random.uniform(0.3, 0.7)
    elif shape < 0.52:
        rise = np.concatenate([rise, random.uniform(0.8, 1.0, int(random.integers(5, 20)))])
    fall = 0.5 ** (np.arange(1, 36) / halving)
    return np.concatenate([rise, fall[fall > 0.03]])


def _add_attacks(draft: _Draft, plan: Plan) -> list[tuple[str, str]]:
    attacks = []
    for week in range(min(14, plan.days // 2), plan.days, 7):
        for kind, (hours, accounts) in ATTACKS.items():
            day = int(draft.random.integers(week, min(week + 7, plan.days)))
            begin = day * DAY + int(draft.random.integers(0, DAY - hours + 1))
            column = np.zeros(draft.hours)
            column[begin : begin + hours] = accounts
            name = f"{_name(draft.random, 3)} 특가"
            draft.add(name, column, 0.0)
            attacks.append((kind, name))
    return attacks


def with_planted_bursts(counts: Counts, *, seed: int = 1, bursts: int = 40) -> tuple[Counts, Truth]:
    """Counts of a log with bursts of never seen queries added, in its second half.

    Their sizes go from the floor to a tenth of an hour's searches, evenly on a logarithmic scale.
    """
    draft = _Draft(np.random.default_rng(seed), len(counts.hours))
    usual = float(np.median(counts.traffic[counts.traffic > 0]))
    first = min(14 * DAY, len(counts.hours) // DAY // 2 * DAY)
    sizes = np.geomspace(2 * counts.floor, max(usual / 10, 4 * counts.floor), bursts)
    planted = _add_bursts(draft, sizes, counts.traffic, first)
    people, also = np.stack(draft.people, axis=1), np.stack(draft.also, axis=1)
    groups = 1 + int(counts.group.max(initial=-1)) + np.arange(len(draft.names))
    more = Counts(
        hours=counts.hours,
        traffic=counts.traffic + people.sum(axis=1),
        all_also_searched=counts.all_also_searched + also.sum(axis=1),
        searchers=np.hstack([counts.searchers, people.astype(np.float32)]),
        also_searched=np.hstack([counts.also_searched, also.astype(np.float32)]),
        forms=[*counts.forms, *draft.names],
        group=np.concatenate([counts.group, groups]),
        floor=counts.floor,
    )
    return more, _truth(more, planted, [])


def _truth(
    counts: Counts,
    bursts: list[tuple[list[str], list[str], Ints]],
    attacks: list[tuple[str, str]],
) -> Truth:
    truth = Truth(attacks=[(kind, counts.group_of.get(name, -1)) for kind, name in attacks])
    for phrasings, follow_ups, hours in bursts:
        truth.add(counts, phrasings, follow_ups, hours)
    return truth


def _name(random: np.random.Generator, length: int) -> str:
    return "".join(SYLLABLES[i] for i in random.integers(0, len(SYLLABLES), length))
