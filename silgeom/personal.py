"""Completions for one person: own searches, what goes with the last one, and what all type.

A service hands in what it knows of the person; nothing of it is in any result, and nothing is kept:

    history = History([("제주도 렌터카", then)], now=now)
    completed(completer, "제주", history=history, relater=relater, last="김포공항 주차")

Own searches come first, since most of what a person types again was typed before; then what people
search for after the last search of the sitting; then what everybody types.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from silgeom.complete import INITIALS, Completer, Completion
from silgeom.hangul import choseong, keystrokes
from silgeom.related import Relater
from silgeom.text import normalized_query

#: A search counts half after so many days.
HALF_LIFE_DAYS: Final = 30.0
#: Completions of one's own, and of the sitting, at most: the others keep their places.
OWN: Final = 5
SITTING: Final = 3
#: Own searches come first for a person of whose searches so many are such as were made before, on
#: another occasion; for others behind the first `KEPT` of what all type. Who is hardly known is
#: taken to make `PRIOR[0]` of `PRIOR[1]` searches again.
REPEATS: Final = 0.15
KEPT: Final = 3
PRIOR: Final = (1.0, 4.0)
#: What is made again within so many seconds is a click or a page more, and tells nothing.
OCCASION_SECONDS: Final = 1800
#: What goes with the last search is looked for among so many.
_LOOKED_AT: Final = 50
#: A history holds so many searches at most, the last ones.
MOST: Final = 1_000


class HistoryError(Exception):
    """A history cannot be read; its text is one sentence."""


@dataclass(frozen=True, slots=True)
class _Own:
    text: str
    weight: float
    times: int
    keys: str
    initials: str


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
    ) -> None:
        """Take searches, in any order.

        Args:
            searches: query as typed, and time, with a zone; those after `now` do not count.
            now: with a zone.
            half_life_days: in which a search counts half.
        """
        past = sorted((at, text) for text, at in searches if at <= now)[-MOST:]
        self._searches = past
        weights: dict[str, float] = defaultdict(float)
        times: dict[str, int] = defaultdict(int)
        shown: dict[str, str] = {}
        for at, text in past:
            key = keystrokes(normalized_query(text))
            if key:
                weights[key] += 0.5 ** ((now - at).total_seconds() / 86_400 / half_life_days)
                times[key] += 1
                shown[key] = text.strip()
        self.repeats = _repeats(past)
        self._own = [
            _Own(shown[key], weight, times[key], key, choseong(normalized_query(shown[key])))
            for key, weight in sorted(weights.items(), key=lambda each: (-each[1], each[0]))
        ]

    def complete(self, prefix: str, limit: int = OWN) -> list[Completion]:
        """Own searches that begin with a prefix, the heaviest first; what is in the box is none.

        Args:
            prefix: as the box holds it: half a syllable, or initials alone, will do.
            limit: so many at most.
        """
        query = normalized_query(prefix)
        typed = keystrokes(query)
        if not typed:
            return []
        is_initials = bool(INITIALS.fullmatch(query))
        found = [
            Completion(each.text, each.times, each.weight, "own")
            for each in self._own
            if (each.keys.startswith(typed) and each.keys != typed)
            or (is_initials and each.initials.startswith(choseong(query)))
        ]
        return found[:limit]

    def to_json(self) -> str:
        """The history as a small text: a service keeps it where it keeps what is of the person."""
        rows = [[text, at.astimezone(UTC).isoformat()] for at, text in self._searches]
        return json.dumps({"searches": rows}, ensure_ascii=False)

    @staticmethod
    def from_json(text: str, *, now: datetime) -> "History":
        """What `to_json` gave.

        Raises:
            HistoryError: it is something else.
        """
        try:
            rows = json.loads(text)["searches"]
            return History([(str(q), datetime.fromisoformat(at)) for q, at in rows], now=now)
        except (ValueError, TypeError, KeyError) as error:
            raise HistoryError(f"this is no history of searches ({type(error).__name__})") from None


def _repeats(past: list[tuple[datetime, str]]) -> float:
    """Of searches in order of time; few are drawn to `PRIOR`."""
    last: dict[str, datetime] = {}
    again = searches = 0
    for at, text in past:
        key = keystrokes(normalized_query(text))
        before = last.get(key)
        last[key] = at
        if before is None or (at - before).total_seconds() >= OCCASION_SECONDS:
            searches += 1
            again += before is not None
    return (again + PRIOR[0]) / (searches + PRIOR[1])


def in_order(history: History, own: Sequence[T], others: Sequence[T]) -> list[Sequence[T]]:
    """Own completions and those of others, in the order in which they are shown."""
    if history.repeats >= REPEATS:
        return [own, others]
    return [others[:KEPT], own, others[KEPT:]]


def completed(
    completer: Completer,
    prefix: str,
    limit: int = 10,
    *,
    history: History | None = None,
    relater: Relater | None = None,
    last: str = "",
) -> list[Completion]:
    """What one person may mean by an unfinished query, the likeliest first.

    Args:
        completer: what everybody types.
        prefix: as the box holds it.
        limit: so many at most.
        history: of the person.
        relater: what is searched in one sitting.
        last: the person's search just before, in this sitting.

    Returns:
        Own searches (`key` is own), what follows the last search (`key` is session; people and
        weight are not known there, 0) and those of `completer`; own searches of people who hardly
        make one again come later. No two differ in spacing alone.
    """
    own = history.complete(prefix, OWN) if history else []
    after = _after(relater, last, prefix) if relater and last else []
    others = [*after, *completer.complete(prefix, limit)]
    found: dict[str, Completion] = {}
    for some in in_order(history, own, others) if history else [others]:
        for each in some:
            found.setdefault(keystrokes(normalized_query(each.text)), each)
    return list(found.values())[:limit]


def _after(relater: Relater, last: str, prefix: str) -> list[Completion]:
    """What people search for after the last search, of what begins with the prefix."""
    typed = keystrokes(normalized_query(prefix))
    if not typed:
        return []
    texts = [each.text for each in relater.related(last, _LOOKED_AT) if each.kind != "popular"]
    keys = ((text, keystrokes(normalized_query(text))) for text in texts)
    return [
        Completion(text, 0, 0.0, "session")
        for text, key in keys
        if key.startswith(typed) and key != typed
    ][:SITTING]
