"""People of a few types: what each type looks for, when, and how; and the labels that tell it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from silgeom.simulate.parameters import Parameters
from silgeom.simulate.people import HABIT, Bools, People, Random, session_length
from silgeom.simulate.queries import Ints, Queries, Shelf
from silgeom.simulate.rhythm import SATURDAY, SUNDAY, WORKDAY, Floats

#: What the favourites of a type weigh; the rest is of all topics, as everybody asks them.
FAVOURITES: Final = (0.32, 0.24, 0.16, 0.10)
#: Of these no other type has the first ones, as far as there are topics: the others may be shared.
OWN_FAVOURITES: Final = 2
#: Of the searches that follow a type, so many are of the person's own three topics of it.
_OWN: Final = 0.5
#: The largest type has three times the people of the smallest.
_LARGEST: Final = 3.0
#: How much more a type searches in its hours.
_PEAK: Final = 2.5

#: (kinds of day, hours) in which a type is more active, one type after the other.
_HOURS: Final[tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]] = (
    ("working hours", (WORKDAY,), tuple(range(9, 18))),
    ("evenings", (WORKDAY, SATURDAY, SUNDAY), (19, 20, 21, 22)),
    ("weekends", (SATURDAY, SUNDAY), tuple(range(8, 23))),
    ("nights", (WORKDAY, SATURDAY, SUNDAY), (23, 0, 1, 2, 3)),
    ("mornings", (WORKDAY, SATURDAY, SUNDAY), (6, 7, 8, 9)),
    ("any time", (), ()),
)
#: Kinds of use: chance of another search in the session, factor on clicks, sessions that begin with
#: one of the person's own three queries.
_USES: Final[tuple[tuple[str, float, float, float], ...]] = (
    ("explores", 0.68, 1.15, 0.06),
    ("looks up", 0.45, 0.60, 0.10),
    ("navigates", 0.40, 1.40, 0.25),
    ("shops", 0.62, 1.35, HABIT),
)


@dataclass(frozen=True, slots=True)
class PersonType:
    """One type of people.

    Attributes:
        share: of all people.
        topics: distribution over topics of what such a person looks for as one of the type.
        when, hours: in words; and factors on activity, shape (kinds of day, 24).
        use: in words.
        go_on: chance of another search in the session.
        clicks: factor on the chance of a click.
        habit: share of sessions that begin with one of the person's own queries.
    """

    share: float
    topics: Floats
    when: str
    hours: Floats
    use: str
    go_on: float
    clicks: float
    habit: float


def person_types(count: int, usual: Floats, random: Random) -> list[PersonType]:
    """Draw so many types.

    Args:
        count: how many.
        usual: what everybody asks: a distribution over topics.
        random: the source of chance.
    """
    shares = _LARGEST ** -(np.arange(count) / max(1, count - 1))
    rounds = 1 + count * OWN_FAVOURITES // len(usual)
    deck = np.concatenate([random.permutation(len(usual)) for _ in range(rounds)]).tolist()
    types = []
    for number, share in enumerate((shares / shares.sum()).tolist()):
        own = deck[number * OWN_FAVOURITES : (number + 1) * OWN_FAVOURITES]
        others = [each for each in random.permutation(len(usual)).tolist() if each not in own]
        favourites = np.array([*own, *others][: len(FAVOURITES)])
        topics = (1.0 - sum(FAVOURITES)) * usual
        np.add.at(topics, favourites, FAVOURITES[: len(favourites)])
        when, kinds, hours = _HOURS[number % len(_HOURS)]
        factors = np.ones((3, 24))
        for kind in kinds:
            factors[kind, list(hours)] = _PEAK
        # Of six types each has another pair of hours and use; of more, too, up to twelve.
        use = _USES[(number + number // len(_HOURS)) % len(_USES)]
        types.append(PersonType(share, topics / topics.sum(), when, factors, *use))
    return types


class TypedPeople(People):
    """People each of whom is of a type.

    A share of what they think of (`typed`) follows the type, half of it in three topics of their
    own, which are drawn from the type's; all else is what everybody types.
    """

    def __init__(self, parameters: Parameters, queries: Queries, random: Random) -> None:
        super().__init__(parameters, queries, random)
        drawn = np.random.Generator(np.random.PCG64([parameters.seed, parameters.types]))
        shelves = [queries.shelf(kind, hour) for kind in range(3) for hour in range(24)]
        weights = np.sum([shelf.topic_weights() for shelf in shelves], axis=0)
        self.usual: Floats = weights / weights.sum()
        self.types = self.own_types(queries, parameters.types, drawn)
        count = parameters.users
        ends = np.cumsum([each.share for each in self.types])
        self.type: Ints = np.searchsorted(ends / ends[-1], drawn.random(count)).astype(np.int64)
        self.typed = parameters.typed
        self._topics = np.cumsum([each.topics for each in self.types], axis=1)
        self._hours = np.array([each.hours for each in self.types])
        self._go_on = np.array([each.go_on for each in self.types])
        self._clicked = np.minimum(
            1.0, parameters.clicks * np.array([each.clicks for each in self.types])
        )
        self._habit = np.array([each.habit for each in self.types])
        self.interests = np.stack([self._of_type(self.type, drawn) for _ in range(3)], axis=1)
        shelf = queries.shelf(WORKDAY, 21)
        self.habits = np.stack(
            [shelf.draw(self.interests[:, i], drawn.random(count)) for i in range(3)], axis=1
        )

    def own_types(self, queries: Queries, count: int, random: Random) -> list[PersonType]:  # noqa: ARG002
        """The types that people are of."""
        return person_types(count, self.usual, random)

    def openers(self, count: int, kind: int, hour: int, random: Random) -> Ints:
        """Who begins a session in that hour of such a day: each type has its hours."""
        activity = np.diff(self.activity, prepend=0.0) * self._hours[self.type, kind, hour]
        ends = np.cumsum(activity)
        found = np.searchsorted(ends, random.random(count) * ends[-1])
        who: Ints = np.minimum(found, len(ends) - 1)
        return who

    def fresh(self, shelf: Shelf, user: Ints, random: Random) -> Ints:
        """What comes to each person's mind: something of the type, or what everybody types."""
        count = len(user)
        ends = np.cumsum(shelf.topic_weights())
        anything = np.searchsorted(ends, random.random(count) * ends[-1])
        own = self.interests[user, (random.random(count) * 3).astype(np.int64)]
        typical = np.where(random.random(count) < _OWN, own, self._of_type(self.type[user], random))
        follows: Bools = random.random(count) < self.typed
        topic = np.where(follows, typical, np.minimum(anything, len(ends) - 1))
        return shelf.draw(topic, random.random(count))

    def go_on(self, user: Ints, query: Ints) -> Floats:  # noqa: ARG002
        """Chance of another search in the session."""
        chance: Floats = self._go_on[self.type[user]]
        return chance

    def habit(self, user: Ints) -> Floats:
        """Share of sessions that begin with one of the person's own queries."""
        chance: Floats = self._habit[self.type[user]]
        return chance

    def clicks(self, user: Ints) -> list[float]:
        """Chance of a click on each one's search."""
        chances: list[float] = self._clicked[self.type[user]].tolist()
        return chances

    def mean_length(self) -> float:
        """Searches of a session, if each of its steps led to another query."""
        return sum(each.share * session_length(each.go_on) for each in self.types)

    def _of_type(self, of: Ints, random: Random) -> Ints:
        """A topic of each type given."""
        pick = random.random(len(of))
        topic: Ints = np.zeros(len(of), dtype=np.int64)
        for number, ends in enumerate(self._topics):
            mine = of == number
            topic[mine] = np.searchsorted(ends / ends[-1], pick[mine])
        return topic


def labels(people: TypedPeople, queries: Queries, names: Sequence[str]) -> dict[str, Any]:
    """The truth about types.

    Args:
        people: of the log.
        queries: that they may ask.
        names: of the people in the log.
    """

    def of_topics(shares: Floats) -> dict[str, float]:
        told = zip(queries.topic_names, shares.tolist(), strict=True)
        return {name: round(share, 5) for name, share in told}

    return {
        "typed": people.typed,
        "everybody": of_topics(people.usual),
        "types": [
            {
                "type": number,
                "share": round(each.share, 4),
                "when": each.when,
                "use": each.use,
                "go_on": each.go_on,
                "clicks": each.clicks,
                "own_queries": each.habit,
                "topics": of_topics(each.topics),
                "hours": each.hours.tolist(),
            }
            for number, each in enumerate(people.types)
        ],
        "people": dict(zip(names, people.type.tolist(), strict=True)),
        "queries": {
            text: queries.topic_names[topic]
            for text, topic in zip(queries.texts, queries.topic.tolist(), strict=True)
        },
    }


def write_labels(told: dict[str, Any], file: Path) -> None:
    """One line a key of the labels, one a type: long, but quick to read."""
    parts = []
    for name, value in told.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            rows = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in value)
            text = f"[\n    {rows}\n  ]"
        parts.append(f"  {json.dumps(name)}: {text}")
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
