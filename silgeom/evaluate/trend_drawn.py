"""What is drawn into hourly counts: bursts with their phrasings, questions and slips; attacks."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from silgeom.evaluate.trend_counts import Counts, Floats, Ints, Matrix
from silgeom.evaluate.trend_truth import Truth
from silgeom.hangul import SYLLABLES, typed_as_hangul

DAY: Final = 24

#: Of the people of an ordinary query, and of a burst, who searched something else too that day.
ALSO_USUAL: Final = 0.78
ALSO_BURST: Final = 0.60

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


@dataclass
class Draft:
    """Columns of people by hour, and of those who searched something else too."""

    random: np.random.Generator
    hours: int
    names: list[str] = field(default_factory=list)
    columns: list[Matrix] = field(default_factory=list)
    also_columns: list[Matrix] = field(default_factory=list)

    def add(self, name: str, people: Matrix, share: float) -> None:
        """A query; `share` of its people searched something else too."""
        self.names.append(name)
        self.columns.append(people)
        also = self.random.binomial(people.astype(np.int64), share)
        self.also_columns.append(also.astype(np.float32))

    def column(self, first: int, expected: Floats) -> Matrix:
        """People drawn around what is expected from an hour on."""
        column = np.zeros(self.hours, dtype=np.float32)
        length = max(0, min(len(expected), self.hours - first))
        column[first : first + length] = self.random.poisson(expected[:length])
        return column

    @property
    def people(self) -> Matrix:
        """Shape (hours, queries)."""
        return np.stack(self.columns, axis=1)

    @property
    def also(self) -> Matrix:
        """Shape (hours, queries)."""
        return np.stack(self.also_columns, axis=1)


def made_up(random: np.random.Generator, length: int) -> str:
    """A name that nobody ever typed."""
    return "".join(SYLLABLES[i] for i in random.integers(0, len(SYLLABLES), length))


def happening(random: np.random.Generator) -> str:
    """What became of somebody or something."""
    return str(random.choice(_HAPPENINGS))


def phrasings_of(name: str, what: str) -> list[str]:
    """Other ways to put what happened."""
    return [f"{what} {name}", f"{name} {what} 속보", f"속보 {what} {name}"]


def questions_of(name: str, number: int, random: np.random.Generator) -> list[str]:
    """What people ask next."""
    return [f"{name} {each}" for each in random.permutation(_QUESTIONS)[:number].tolist()]


def _add_bursts(
    draft: Draft, sizes: Floats, traffic: Floats, first: int
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
        name, what = made_up(random, 3), happening(random)
        phrasings = [f"{name} {what}"]
        shares = [1.0]
        if random.random() < 0.2:
            phrasings.append(str(random.choice(phrasings_of(name, what)[:2])))
            shares = [0.67, 0.33]
        for text, share in zip(phrasings, shares, strict=True):
            draft.add(text, draft.column(begin, expected * share), ALSO_BURST)
        draft.add(typed_as_hangul(phrasings[0]), draft.column(begin, expected * 0.008), ALSO_BURST)
        follow_ups = questions_of(name, int(random.integers(1, 4)), random)
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


def add_attacks(draft: Draft, first_day: int) -> list[tuple[str, str]]:
    """Try each kind once a week from a day on; kind and query of each."""
    attacks = []
    for week in range(first_day, draft.hours // DAY, 7):
        for kind, (hours, accounts) in ATTACKS.items():
            day = int(draft.random.integers(week, min(week + 7, draft.hours // DAY)))
            begin = day * DAY + int(draft.random.integers(0, DAY - hours + 1))
            column = np.zeros(draft.hours, dtype=np.float32)
            column[begin : begin + hours] = accounts
            name = f"{made_up(draft.random, 3)} 특가"
            draft.add(name, column, 0.0)
            attacks.append((kind, name))
    return attacks


def with_planted_bursts(counts: Counts, *, seed: int = 1, bursts: int = 40) -> tuple[Counts, Truth]:
    """Counts of a log with bursts of never seen queries added, in its second half.

    Their sizes go from the floor to a tenth of an hour's searches, evenly on a logarithmic scale.
    """
    draft = Draft(np.random.default_rng(seed), len(counts.hours))
    usual = float(np.median(counts.traffic[counts.traffic > 0]))
    first = min(14 * DAY, len(counts.hours) // DAY // 2 * DAY)
    sizes = np.geomspace(2 * counts.floor, max(usual / 10, 4 * counts.floor), bursts)
    planted = _add_bursts(draft, sizes, counts.traffic, first)
    people, also = draft.people, draft.also
    groups = 1 + int(counts.group.max(initial=-1)) + np.arange(len(draft.names))
    more = Counts(
        hours=counts.hours,
        traffic=counts.traffic + people.sum(axis=1, dtype=np.float64),
        all_also_searched=counts.all_also_searched + also.sum(axis=1),
        searchers=np.hstack([counts.searchers, people]),
        also_searched=np.hstack([counts.also_searched, also]),
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
