"""One hour of searches: people, their sessions, and what their fingers make of the queries."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import repeat
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from silgeom.simulate.keyboard import slip, wrong_keyboard
from silgeom.simulate.parameters import Parameters
from silgeom.simulate.queries import Ints, Queries, Shelf
from silgeom.simulate.rhythm import Floats

Bools = npt.NDArray[np.bool_]
Random = np.random.Generator

#: What became of a typed query.
RIGHT: Final = 0
SLIP: Final = 1
KEYBOARD: Final = 2
SPACING: Final = 3
FORM_NAMES: Final = ("right", "slip", "keyboard", "spacing")

_VARIANTS: Final = 16  # slips per query; a few are common, as every finger slips alike
GO_ON: Final = 0.55  # chance of another search in the session
_LONGEST: Final = 9
HABIT: Final = 0.12  # sessions that begin with one of the person's own three queries
_INTERESTED: Final = 0.5  # fresh queries from one of the person's own three topics
_REFINE: Final = 0.62
_SIBLING: Final = 0.28


def _quantiles(median: float, sigma: float, most: int) -> Ints:
    """Whole seconds of a log-normal law at 1,000 quantiles.

    A table, so that no processor's rounding of exp() can change a log's bytes.
    """
    law = NormalDist()
    values = (median * 2.718281828 ** (sigma * law.inv_cdf((i + 0.5) / 1000)) for i in range(1000))
    return np.array([min(most, max(15, int(value))) for value in values])


_GAPS: Final = _quantiles(48.0, 1.15, 1500)


@dataclass(slots=True)
class Searches:
    """Searches as columns of equal length.

    Attributes:
        second: since the start of the log.
        user: number of the person.
        query: meant.
        form: RIGHT, SLIP, KEYBOARD or SPACING.
        variant: which of the query's slips or spacings.
        fixed: the right query follows within seconds.
        common: nothing planted: such a line may become blank or broken.
    """

    second: Ints
    user: Ints
    query: Ints
    form: Ints
    variant: Ints
    fixed: Bools
    common: Bools

    def where(self, which: Bools | Ints) -> "Searches":
        """The rows chosen, by mask or order."""
        return Searches(*(getattr(self, f.name)[which] for f in fields(self)))

    def __len__(self) -> int:
        return len(self.second)


def joined(parts: list[Searches]) -> Searches:
    """All rows, one part after the other."""
    return Searches(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Searches))
    )


def plain(second: Ints, user: Ints, query: Ints) -> Searches:
    """Planted searches, typed right."""
    zeros = np.zeros(len(second), dtype=np.int64)
    no = np.zeros(len(second), dtype=np.bool_)
    return Searches(second, user, query, zeros, zeros, no, no)


class People:
    """Who searches: activity, interests, habits, devices.

    Numbers of people begin at 0; `activity` is cumulated and ends at 1.
    """

    def __init__(self, parameters: Parameters, queries: Queries, random: Random) -> None:
        count = parameters.users
        self._clicks = parameters.clicks
        law = NormalDist(0.0, 1.1)
        table = np.array([2.718281828 ** law.inv_cdf((i + 0.5) / 4096) for i in range(4096)])
        activity = table[(random.random(count) * 4096).astype(np.int64)]
        activity[random.random(count) < 0.02] *= 3.0  # a few live in the search box
        cumulated = np.cumsum(activity)
        self.activity: Floats = cumulated / cumulated[-1]
        self.decomposed: Bools = random.random(count) < parameters.decomposed_users
        shelf = queries.shelf(0, 21)
        weights = shelf.topic_weights()
        ends = np.cumsum(weights)
        pick = random.random((count, 3)) * ends[-1]
        self.interests: Ints = np.minimum(np.searchsorted(ends, pick), queries.topics - 1)
        self.habits: Ints = np.stack(
            [shelf.draw(self.interests[:, i], random.random(count)) for i in range(3)], axis=1
        )

    def draw(self, count: int, random: Random) -> Ints:
        """People, the active ones more often; one may come twice."""
        return np.searchsorted(self.activity, random.random(count))

    def openers(self, count: int, kind: int, hour: int, random: Random) -> Ints:  # noqa: ARG002
        """People who begin a session in that hour of such a day."""
        return self.draw(count, random)

    def distinct(self, count: int, random: Random) -> Ints:
        """`count` different people; `count` must be far below the number of all."""
        drawn = self.draw(2 * count, random)
        while len(np.unique(drawn)) < count:
            drawn = np.concatenate([drawn, self.draw(count, random)])
        _, first = np.unique(drawn, return_index=True)
        return drawn[np.sort(first)][:count]

    def fresh(self, shelf: Shelf, user: Ints, random: Random) -> Ints:
        """What comes to each person's mind, with regard to their interests."""
        weights = shelf.topic_weights()
        ends = np.cumsum(weights)
        any_topic = np.minimum(
            np.searchsorted(ends, random.random(len(user)) * ends[-1]), len(ends) - 1
        )
        own = np.cumsum(weights[self.interests[user]], axis=1)
        pick = (random.random(len(user)) * own[:, -1])[:, None]
        own_topic = self.interests[user, np.minimum((own < pick).sum(axis=1), 2)]
        topic = np.where(random.random(len(user)) < _INTERESTED, own_topic, any_topic)
        return shelf.draw(topic, random.random(len(user)))

    def go_on(self, user: Ints, query: Ints) -> Floats | float:  # noqa: ARG002
        """Chance of another search in the session, after that query."""
        return GO_ON

    def habit(self, user: Ints) -> Floats | float:  # noqa: ARG002
        """Share of sessions that begin with one of the person's own queries."""
        return HABIT

    def clicks(self, user: Ints) -> Iterable[float]:  # noqa: ARG002
        """Chance of a click on each one's search."""
        return repeat(self._clicks)

    def mean_length(self) -> float:
        """Searches of a session, if each of its steps led to another query."""
        return session_length(GO_ON)


def session_length(go_on: float) -> float:
    """Searches of a session with that chance of another one."""
    return sum(go_on**i for i in range(_LONGEST))


def sessions_per_search(parameters: Parameters, people: People) -> float:
    """How many sessions make one line on average, corrections and second clicks included."""
    length = people.mean_length() * 0.8
    fixes = 1.0 + 0.85 * (parameters.slips * 0.85 + parameters.wrong_keyboard * 0.8)
    return 1.0 / (length * fixes * (1.0 + parameters.clicks * parameters.second_clicks))


def openings(people: People, shelf: Shelf, user: Ints, random: Random) -> Ints:
    """What people begin a session with."""
    count = len(user)
    query = people.fresh(shelf, user, random)
    own = people.habits[user, (random.random(count) * 3).astype(np.int64)]
    return np.where(random.random(count) < people.habit(user), own, query)


def sessions(
    people: People,
    queries: Queries,
    shelf: Shelf,
    *,
    second: Ints,
    user: Ints,
    query: Ints,
    random: Random,
) -> tuple[Searches, Ints]:
    """The sessions that begin with these searches, all typed right.

    Returns:
        The searches, and for each the place of the one that its session begins with.
    """
    parts = [plain(second, user, query)]
    begun = np.arange(len(second))
    begins = [begun]
    for _ in range(_LONGEST - 1):
        stay = random.random(len(user)) < people.go_on(user, query)
        second, user, query, begun = second[stay], user[stay], query[stay], begun[stay]
        move, chance = random.random(len(user)), random.random(len(user))
        step = np.where(
            move < _REFINE,
            queries.refine(query, chance),
            np.where(
                move < _REFINE + _SIBLING,
                queries.sibling(query, chance),
                people.fresh(shelf, user, random),
            ),
        )
        second = second + _GAPS[(random.random(len(user)) * 1000).astype(np.int64)]
        moved = step != query
        second, user, query, begun = second[moved], user[moved], step[moved], begun[moved]
        parts.append(plain(second, user, query))
        begins.append(begun)
    return joined(parts), np.concatenate(begins)


def typed(searches: Searches, parameters: Parameters, random: Random) -> Searches:
    """What fingers make of it: slips, the wrong keyboard, spaces left out; most are corrected.

    The slip comes first and the search as meant a few seconds later, at the time it had.
    """
    count = len(searches)
    chance, variant = random.random(count), random.random(count)
    corrected, delay = random.random(count), random.random(count)
    keyboard_from = parameters.slips
    spacing_from = keyboard_from + parameters.wrong_keyboard
    form = np.full(count, RIGHT)
    form[chance < spacing_from + parameters.spacing] = SPACING
    form[chance < spacing_from] = KEYBOARD
    form[chance < keyboard_from] = SLIP
    wrong = (form == SLIP) | (form == KEYBOARD)
    fixed = wrong & (corrected < 0.85)
    searches.form = np.where(fixed, RIGHT, form)
    searches.variant = (variant**2 * _VARIANTS).astype(np.int64)
    before = searches.where(fixed)
    before.second = before.second - 3 - (delay[fixed] * 10).astype(np.int64)
    before.form = form[fixed]
    before.fixed = np.ones(len(before), dtype=np.bool_)
    searches.common = form == RIGHT
    return joined([before, searches])


class Spellings:
    """What a query looks like in each form; remembers, and never answers another query's text."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._known: dict[tuple[int, int, int], str] = {}

    def text(self, query: int, form: int, variant: int) -> str:
        """The query as typed; as meant where that form does not exist for it."""
        if form == RIGHT:
            return self._queries.text(query)
        if query >= len(self._queries.texts):  # there is no end of them: not worth remembering
            return self._spell(query, form, variant)
        key = (query, form, variant if form != KEYBOARD else 0)
        if key not in self._known:
            self._known[key] = self._spell(*key)
        return self._known[key]

    def _spell(self, query: int, form: int, variant: int) -> str:
        right = self._queries.text(query)
        if form == SLIP:
            chance = zlib.crc32(f"{right} {variant}".encode())
            wrong = slip(right, (chance & 0xFFFF) / 0x10000, (chance >> 16) / 0x10000)
        elif form == KEYBOARD:
            wrong = wrong_keyboard(right)
        elif variant % 3:
            wrong = right.replace(" ", "")
        else:  # one space left out, and the others kept
            words = right.split(" ")
            at = variant % max(1, len(words) - 1) + 1
            wrong = "".join([" ".join(words[:at]), " ".join(words[at:])])
        if wrong is None or not wrong or wrong.lower() in self._queries.ids:
            return right
        return wrong
