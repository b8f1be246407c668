"""What is known of one person when something is looked up: own searches, and the sitting.

A service hands in what it knows of the person; nothing of it is in any result, and nothing is kept:

    history = History([("제주도 렌터카", then)], now=now)
    completer.complete("제주", user=history, session=["김포공항 주차"])
    relater.related("제주도", user=history, session=["김포공항 주차"])

`silgeom.profiles` keeps such histories of everybody in a log, by user.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Protocol, TypeVar

from silgeom.hangul import INITIALS, choseong, keystrokes
from silgeom.text import normalized_query

#: A search counts half after so many days.
HALF_LIFE_DAYS: Final = 30.0
#: Completions of one's own at most: the others keep their places.
OWN: Final = 5
#: Own searches come first for a person of whose searches so many are such as were made before, on
#: another occasion; for others behind the first `KEPT` of what all type. Who is hardly known is
#: taken to make `PRIOR[0]` of `PRIOR[1]` searches again.
REPEATS: Final = 0.15
KEPT: Final = 3
PRIOR: Final = (1.0, 4.0)
#: What is made again within so many seconds is a click or a page more, and no other occasion.
OCCASION_SECONDS: Final = 1800
#: Of a sitting: what a search counts beside the one after it, how many searches are looked at, and
#: how likely one is made again, the last one aside. Chosen on the logs of docs/personal.md,
#: which tells how each does.
SITTING_DECAY: Final = 0.4
SITTING_LENGTH: Final = 6
RETURN: Final = 0.02
#: A history holds so many searches at most, the last ones.
MOST: Final = 1_000

_DAY_SECONDS: Final = 86_400


class HistoryError(Exception):
    """A history cannot be read; its text is one sentence."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A query of one person.

    Attributes:
        text: as typed last.
        last: when, UTC seconds since 1970.
        occasions: how often it was searched; pages and clicks of one sitting are one.
        weight: of these, each halved per half-life of its age.
    """

    text: str
    last: int
    occasions: int
    weight: float


T = TypeVar("T")


class History:
    """What one person searched for.

    Attributes:
        repeats: the share of searches that were made before, on another occasion.
    """

    def __init__(
        self,
        searches: Iterable[tuple[str, datetime]],
        *,
        now: datetime,
        half_life_days: float = HALF_LIFE_DAYS,
        earlier: "History | None" = None,
    ) -> None:
        """Take searches, in any order.

        Args:
            searches: query as typed, and time, with a zone; those after `now` do not count.
            now: with a zone.
            half_life_days: in which a search counts half.
            earlier: what is known from before these searches, as `Profiles.of` gives it.
        """
        self._at = int(now.timestamp())
        seconds = sorted((int(at.timestamp()), text) for text, at in searches if at <= now)
        found = {} if earlier is None else earlier._aged(self._at, half_life_days)
        for second, text in seconds[-MOST:]:
            key = keystrokes(normalized_query(text))
            before = found.get(key)
            times, weight = (before.occasions, before.weight) if before else (0, 0.0)
            if before is None or second - before.last >= OCCASION_SECONDS:
                times += 1
                weight += 0.5 ** ((self._at - second) / _DAY_SECONDS / half_life_days)
            if key:
                found[key] = Searched(text.strip(), second, times, weight)
        self._take(found)

    @staticmethod
    def of(searched: Iterable[Searched], *, at: int) -> "History":
        """The history of queries that were counted before.

        Args:
            searched: those that differ in spacing alone count as one.
            at: UTC seconds, the moment of their weights.
        """
        found: dict[str, Searched] = {}
        for each in searched:
            key = keystrokes(normalized_query(each.text))
            other = found.get(key)
            if other is not None:
                times, weight = each.occasions + other.occasions, each.weight + other.weight
                newest = max(each, other, key=lambda one: one.last)
                found[key] = Searched(newest.text, newest.last, times, weight)
            elif key:
                found[key] = each
        history = History((), now=datetime.fromtimestamp(at, UTC))
        history._take(found)
        return history

    def _take(self, found: dict[str, Searched]) -> None:
        self._own = dict(sorted(found.items(), key=lambda each: (-each[1].weight, each[0])))
        searches = sum(each.occasions for each in found.values())
        self.repeats = (searches - len(found) + PRIOR[0]) / (searches + PRIOR[1])

    def _aged(self, at: int, half_life_days: float) -> dict[str, Searched]:
        """What is known, with the weights of another moment."""
        factor = 0.5 ** ((at - self._at) / _DAY_SECONDS / half_life_days)
        return {
            key: Searched(each.text, each.last, each.occasions, each.weight * factor)
            for key, each in self._own.items()
        }

    def __len__(self) -> int:
        """Different queries."""
        return len(self._own)

    def __contains__(self, query: str) -> bool:
        """Whether the person searched for a query, whatever its spacing."""
        return keystrokes(normalized_query(query)) in self._own

    def heaviest(self, limit: int) -> list[Searched]:
        """So many of the searches, the heaviest first."""
        return list(islice(self._own.values(), limit))

    def complete(self, prefix: str, limit: int = OWN) -> list[Searched]:
        """Own searches that begin with a prefix, the heaviest first; what is in the box is none.

        Args:
            prefix: as the box holds it: half a syllable, or initials alone, will do.
            limit: so many at most.
        """
        texts = {key: each.text for key, each in self._own.items()}
        return [self._own[key] for key in begins_with(prefix, texts)[:limit]]

    def to_json(self) -> str:
        """The history as a small text: a service keeps it where it keeps what is of the person."""
        rows = [[each.text, each.last, each.occasions, each.weight] for each in self._own.values()]
        return json.dumps({"at": self._at, "searched": rows}, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> "History":
        """What `to_json` gave.

        Raises:
            HistoryError: it is something else.
        """
        try:
            values = json.loads(text)
            rows = [
                Searched(str(query), int(last), int(times), float(weight))
                for query, last, times, weight in values["searched"]
            ]
            return History.of(rows, at=int(values["at"]))
        except (ValueError, TypeError, KeyError, OverflowError, OSError) as error:
            raise HistoryError(f"this is no history of searches ({type(error).__name__})") from None


class Finder(Protocol):
    """Finds histories: `silgeom.profiles.Profiles`."""

    def of(self, user: str) -> History:
        """What a person searched for; of nobody who is known, nothing."""
        ...


def history_of(user: History | str | None, profiles: Finder | None) -> History | None:
    """The history of who looks something up.

    Args:
        user: it, or who it is, as in the log; None: nobody says.
        profiles: where a user is looked up.

    Raises:
        ValueError: a user is named, and there are no profiles.
    """
    if isinstance(user, str):
        if profiles is None:
            raise ValueError("to look up a user, profiles are needed")
        return profiles.of(user)
    return user


@dataclass(frozen=True, slots=True)
class Next:
    """What may be searched next in a sitting.

    Attributes:
        text: as shown.
        score: how likely it is.
        is_return: it was searched in this sitting.
    """

    text: str
    score: float
    is_return: bool = False


def next_searches(
    session: Sequence[str], following: Callable[[str], Sequence[tuple[str, str, float]]] | None
) -> dict[str, Next]:
    """What may be searched next, of a sitting: what goes with its searches, and these again.

    That is a mixture of what follows each of its last `SITTING_LENGTH` searches, each with
    `SITTING_DECAY` of the weight of the one after it.

    Args:
        session: what was typed in this sitting, the latest last.
        following: keys, text and likelihood of what is searched with a query; None: not known.

    Returns:
        By keys, in no order.
    """
    latest_first = list(typed_searches(session).items())[:SITTING_LENGTH]
    whole = sum(SITTING_DECAY**age for age in range(len(latest_first)))
    found: dict[str, Next] = {}
    for age, (_, query) in enumerate(latest_first):
        weight = SITTING_DECAY**age / whole
        for key, text, score in following(query) if following else ():
            before = found.get(key)
            so_far = before.score if before else 0.0
            found[key] = Next(before.text if before else text, so_far + weight * score)
    for age, (key, text) in enumerate(latest_first[1:]):
        score = RETURN * SITTING_DECAY**age
        known = found.get(key)
        found[key] = Next(text, score + (known.score if known else 0.0), is_return=True)
    if latest_first:
        found.pop(latest_first[0][0], None)
    return found


def with_sitting(shown: Sequence[tuple[str, float]], near: Mapping[str, float]) -> list[str]:
    """What everybody is shown and what is likely in a sitting, the likeliest first: the keys.

    A likelihood is that of everybody and that of the sitting, added up. What everybody is shown
    keeps its order where the sitting says nothing of it.

    Args:
        shown: keys, and the share of all searches.
        near: likelihood by keys.
    """
    scores = {**dict.fromkeys((key for key, _ in shown), 0.0), **near}
    share = 1.0
    for key, likelihood in shown:
        share = min(share, likelihood)
        scores[key] += share
    return sorted(scores, key=lambda key: -scores[key])


def typed_searches(session: Sequence[str]) -> dict[str, str]:
    """The searches of a sitting by keys, each once, the latest first."""
    once: dict[str, str] = {}
    for text in reversed(session):
        once.setdefault(keystrokes(normalized_query(text)), text.strip())
    once.pop("", None)
    return once


def begins_with(prefix: str, texts: Mapping[str, str]) -> list[str]:
    """Which texts a box may be completed to: their keys; what is in the box is none.

    Args:
        prefix: as the box holds it: half a syllable, or initials alone, will do.
        texts: by keys.
    """
    query = normalized_query(prefix)
    typed = keystrokes(query)
    if not typed:
        return []
    if INITIALS.fullmatch(query):
        initials = choseong(query)
        return [
            key
            for key, text in texts.items()
            if key != typed and choseong(normalized_query(text)).startswith(initials)
        ]
    return [key for key in texts if key.startswith(typed) and key != typed]


def in_order(history: History, own: Sequence[T], others: Sequence[T]) -> list[Sequence[T]]:
    """Own completions and those of others, in the order in which they are shown."""
    if history.repeats >= REPEATS:
        return [own, others]
    return [others[:KEPT], own, others[KEPT:]]
