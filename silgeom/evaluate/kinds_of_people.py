"""Segments of those who searched first, to ask what a person's segment adds for later searches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipeline.counting import days, sessions
from pipeline.counting.interests import daily_interests, interests
from pipeline.counting.topics import require_leiden, topics
from pipeline.errors import InvalidParameterError
from pipeline.language import queries
from pipeline.results.clusters import People, fit
from silgeom.evaluate.log import EvaluationError, Floats, Log
from silgeom.hangul import keystrokes
from silgeom.personal import History
from silgeom.segments import AGREED, LOOKED_AT, believed, lifts

#: As `silgeom run segments` has it.
HALF_LIFE_DAYS: Final = 14.0
DAYS: Final = 28


@dataclass
class Kinds:
    """Kinds of people, and how many of each typed each query.

    Attributes:
        segment: of each user who searched first.
        people: by keystrokes of a query, people by segment.
        typed: by user, the keystrokes of what they typed.
        agreement: of halves of the people on the segments.
    """

    segment: dict[int, int]
    people: dict[str, Floats]
    typed: dict[int, set[str]]
    agreement: float

    def __post_init__(self) -> None:
        self._sizes = np.bincount(list(self.segment.values())).astype(np.float64)
        nobody = np.zeros(len(self._sizes))
        self._all_typed = np.sum([nobody, *self.people.values()], axis=0)

    def lift(self, user: int, history: History) -> Callable[[str], float]:
        """`Segments.lift`, by keystrokes, with the person's own part left out."""
        if self.agreement < AGREED:
            return lambda _: 1.0
        own = self.typed.get(user, set())
        of_own = np.zeros(len(self._sizes))
        if user in self.segment:
            of_own[self.segment[user]] = 1.0
        all_typed = self._all_typed - len(own) * of_own
        everybody = all_typed.sum() or 1.0

        def of_segments(key: str) -> Floats:
            people = self.people.get(key)
            if people is None:
                return np.ones(len(self._sizes))
            typed = people - of_own if key in own else people
            share = float(typed.sum()) / everybody
            return lifts(typed, all_typed, share) if share else np.ones(len(self._sizes))

        keys = [keystrokes(each.text) for each in history.heaviest(LOOKED_AT)]
        sizes = np.maximum(self._sizes - of_own, 0.5)
        shares = believed(sizes / sizes.sum(), [of_segments(key) for key in keys])
        return lambda key: float((shares * of_segments(key)).sum())


def kinds_of_people(training: Log, zone: str) -> Kinds:
    """What `silgeom run segments` makes of a log, as of its last day.

    Raises:
        EvaluationError: what tells topics is not installed.
    """
    try:
        require_leiden()
    except InvalidParameterError as error:
        raise EvaluationError(str(error)) from None
    searches = _searches(training)
    counts = days.daily_counts(days.counted(searches)).lazy()
    pairs = sessions.daily_pairs(sessions.counted(sessions.session_pairs(searches, zone=zone)))
    known = topics(counts, pairs.lazy())
    local = pl.col("searched_at").dt.convert_time_zone(zone).dt.date()
    by_day = searches.with_columns(date=local).partition_by("date", as_dict=True)
    last = max(date for (date,) in by_day)
    read = {date: rows for (date,), rows in by_day.items() if (last - date).days < DAYS}
    added = interests(
        {str(date): daily_interests(rows, known, zone=zone).lazy() for date, rows in read.items()},
        dict.fromkeys(map(str, read), known),
        as_of=last,
        half_life_days=HALF_LIFE_DAYS,
    )
    people = People.of(added)
    fitted = fit(people)
    of_person = fitted.clusters.assigned(people)
    number = dict(zip(people.user_id.tolist(), of_person.tolist(), strict=True))
    users = np.unique(training.user)
    segment = {
        int(user): number[each]
        for user, each in zip(users, _user_ids(users).to_list(), strict=True)
        if each in number
    }
    keys = [keystrokes(text) for text in training.texts]
    once = pl.DataFrame({"user": training.user, "query": training.query}).unique()
    typed: dict[int, set[str]] = {}
    by_key: dict[str, Floats] = {}
    for user, query in once.rows():
        key = keys[query]
        if user in segment and key not in typed.setdefault(user, set()):
            typed[user].add(key)
            by_key.setdefault(key, np.zeros(len(fitted.clusters)))[segment[user]] += 1
    return Kinds(segment, by_key, typed, fitted.agreement)


def _searches(log: Log) -> pl.DataFrame:
    text = pl.Series(log.texts)[log.query]
    at = pl.Series(log.second * 1_000_000).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "searched_at": at,
            "user_id": _user_ids(log.user),
            "query_id": queries.ids(text),
            "query": text,
            "surface": text,
        }
    ).sort("user_id", "searched_at")


def _user_ids(users: np.ndarray) -> pl.Series:
    """Hashes, as the pipeline has them: some ids in order are people drawn by chance."""
    return queries.ids(pl.Series(users).cast(pl.String))
