"""What truly burst in each hour, by what was planted in a simulated log.

The truth says which queries belong to an issue and when people came for it. Whether the query
burst in an hour is then judged on the counts, with knowledge of the whole log that no method has:
its *habit* is the median of the same hour on all other days, or what a drawn log expected, or of a
restless log what `_habit_of_log` finds in the whole of it. It bursts if it was typed by at least
`LEAST_EXTRA` people more than by habit, and by `SIGMAS` roots of the habit more. By so many roots
the true board of an hour is in order, too.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from silgeom.evaluate.log import EvaluationError
from silgeom.evaluate.trend_counts import Counts, Floats, Ints, Matrix
from silgeom.simulate.parameters import Parameters
from silgeom.simulate.rhythm import day_kind

LEAST_EXTRA: Final = 5
SIGMAS: Final = 3.0

#: Sessions that an event began may end in the hour after it.
AFTERWARDS: Final = 1


#: What bursts: an issue by its number, or a question that people go on to, by its group.
Key = tuple[str, int]


@dataclass(frozen=True)
class Issue:
    """A planted burst.

    Attributes:
        name: its first phrasing.
        phrasings: groups of queries that name it.
        hours: those in which it bursts.
        follow_ups: groups of queries that its people go on to.
    """

    name: str
    phrasings: frozenset[int]
    hours: Ints
    follow_ups: frozenset[int] = frozenset()


@dataclass
class Truth:
    """What is right on the board of each hour.

    Attributes:
        issues: those that burst in at least one hour.
        right: (hour, group) -> key of what bursts; phrasings of one issue share their key.
        roots: (hour, key) -> roots of the habit by which more people came than by habit.
        neutral: groups that no method can know to be a habit: they count neither way.
        unclear: (hour, group) that count neither way.
        habit: shape (hours, groups): people expected of each without a burst; None: it is not
            known, and the median of other days stands for it.
        attacks: (kind, group); -1: too few people typed it in any hour to be shown.
    """

    issues: list[Issue] = field(default_factory=list)
    right: dict[tuple[int, int], Key] = field(default_factory=dict)
    roots: dict[tuple[int, Key], float] = field(default_factory=dict)
    neutral: set[int] = field(default_factory=set)
    unclear: set[tuple[int, int]] = field(default_factory=set)
    habit: Matrix | None = None
    attacks: list[tuple[str, int]] = field(default_factory=list)

    def add(
        self, counts: Counts, phrasings: Sequence[str], follow_ups: Sequence[str], hours: Ints
    ) -> None:
        """Enter a planted burst, in those of its hours in which it bursts.

        Args:
            counts: of the log.
            phrasings: queries that name it.
            follow_ups: queries that the same people go on to.
            hours: rows in which people may have come for it.
        """
        named = _groups(phrasings, counts)
        span = hours[(hours >= 0) & (hours < len(counts.hours))]
        if not named or not len(span):
            return
        number = len(self.issues)
        bursting = self._enter(counts, ("issue", number), named, span)
        asked = frozenset(_groups(follow_ups, counts)) - frozenset(named)
        for group in asked:
            self._enter(counts, ("follow-up", group), [group], span)
        if len(bursting):
            self.issues.append(Issue(phrasings[0], frozenset(named), bursting, asked))

    def _enter(self, counts: Counts, key: Key, groups: list[int], span: Ints) -> Ints:
        """Enter what bursts, in those hours of the span in which it does; these hours."""
        people = counts.people[:, groups].sum(axis=1)
        if self.habit is None:
            habit = _habit(people, span)
        else:
            habit = self.habit[span][:, groups].sum(axis=1, dtype=np.float64)
        extra = people[span] - habit
        bursts = extra >= np.maximum(LEAST_EXTRA, SIGMAS * np.sqrt(habit))
        roots = extra / np.sqrt(np.maximum(habit, 1.0))
        for hour, more in zip(span[bursts].tolist(), roots[bursts].tolist(), strict=True):
            self.roots[hour, key] = more
            for group in groups:
                self.right.setdefault((hour, group), key)
        found: Ints = span[bursts]
        return found

    def board(self, hour: int, places: int) -> list[Key]:
        """What bursts in an hour, the most roots first."""
        return self._boards.get(hour, [])[:places]

    @cached_property
    def _boards(self) -> dict[int, list[Key]]:
        """All that bursts by hour; asked for when everything has been entered."""
        boards: dict[int, list[Key]] = {}
        for (hour, key), _ in sorted(self.roots.items(), key=lambda each: (-each[1], each[0])):
            boards.setdefault(hour, []).append(key)
        return boards

    def bursting(self, hours: int) -> Ints:
        """How many issues burst in each hour."""
        bursting = np.zeros(hours, dtype=np.int64)
        for issue in self.issues:
            bursting[issue.hours] += 1
        return bursting


def read_truth(path: Path, counts: Counts) -> Truth:
    """The truth of a simulated log, as `truth.json` tells it.

    Raises:
        EvaluationError: the file is no `truth.json`.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return _truth(told, counts)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise EvaluationError(
            f"{path} is no truth.json of silgeom.simulate: {type(error).__name__}: {error}"
        ) from error


def read_attacks(path: Path) -> list[tuple[str, str]]:
    """Kind and query of the attacks that `truth.json` tells of.

    Raises:
        EvaluationError: the file is no `truth.json`.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return [(str(each["kind"]), str(each["query"])) for each in told.get("attacks", ())]
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise EvaluationError(
            f"{path} is no truth.json of silgeom.simulate: {type(error).__name__}: {error}"
        ) from error


def _truth(told: dict[str, Any], counts: Counts) -> Truth:
    truth = Truth(habit=_habit_of_log(told, counts) if "rises" in told else None)
    for burst in told["bursts"]:
        came = [_row(text, counts) for text in burst["searchers"]]
        span = np.arange(min(came), max(came) + 1 + AFTERWARDS)
        truth.add(counts, burst["phrasings"], burst["follow_ups"], span)
    for rise in told.get("rises", ()):
        began, old, habit = (
            _row(rise[name], counts) for name in ("start", "news_until", "must_not_trend_from")
        )
        truth.add(counts, [rise["query"]], [], np.arange(began, old))
        truth.unclear |= _cells([rise["query"]], range(old, habit), counts)
    for each in told["habits"]:
        if known := each["must_not_trend_from"]:
            truth.unclear |= _cells([each["query"]], range(_row(known, counts)), counts)
    unknowable = [each["query"] for each in told["habits"] if not each["must_not_trend_from"]]
    truth.neutral = set(_groups(unknowable, counts))
    truth.attacks = [
        (attack["kind"], counts.group_of.get(attack["query"], -1))
        for attack in told.get("attacks", ())
    ]
    return truth


def _groups(queries: Sequence[str], counts: Counts) -> list[int]:
    """The groups of those queries that may be on a board, each once."""
    found = (counts.group_of.get(query) for query in queries)
    return list(dict.fromkeys(group for group in found if group is not None))


def _cells(queries: Sequence[str], hours: range, counts: Counts) -> set[tuple[int, int]]:
    return {(hour, group) for group in _groups(queries, counts) for hour in hours}


def _habit_of_log(told: dict[str, Any], counts: Counts) -> Matrix:
    """What each hour leads one to expect without a burst, for who knows the whole log.

    The median of the same hour on all days of the same kind (working days, Saturdays, Sundays and
    holidays), of weekly programmes on the same day of the week if that is more; of a level that
    rose nothing on its first day, and then the median of the same hour of the days it was there.
    """
    holidays = tuple(date.fromisoformat(day) for day in told["parameters"]["holidays"])
    local = (counts.hours + np.timedelta64(9, "h")).astype("datetime64[h]").astype(np.int64)
    days = np.datetime64(0, "D") + local // 24
    kinds = {day: day_kind(day.item(), Parameters(holidays=holidays)) for day in np.unique(days)}
    kind = np.array([kinds[day] for day in days])
    habit = _medians(counts.people, kind * 24 + local % 24)
    for group in _groups([each["query"] for each in told["habits"]], counts):
        weekly = _medians(counts.people[:, [group]], local % 168)
        habit[:, group] = np.maximum(habit[:, group], weekly[:, 0])
    for rise in told["rises"]:
        began, old = _row(rise["start"], counts), _row(rise["news_until"], counts)
        for group in _groups([rise["query"]], counts):
            habit[:old, group] = 0.0
            level = _medians(counts.people[began:, [group]], local[began:] % 24)
            habit[old:, group] = level[old - began :, 0]
    return habit


def _medians(people: Floats, alike: Ints) -> Matrix:
    """For each hour the median of all hours alike; shape as `people`."""
    found = np.zeros(people.shape, dtype=np.float32)
    for each in np.unique(alike):
        found[alike == each] = np.median(people[alike == each], axis=0)
    return found


def _habit(people: Floats, span: Ints) -> Floats:
    """The median of the same hour on all days outside the span."""
    outside = np.ones(len(people), dtype=bool)
    outside[span] = False
    hours = np.arange(len(people))
    return np.array([_median(people[outside & (hours % 24 == hour % 24)]) for hour in span])


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else 0.0


def _row(text: str, counts: Counts) -> int:
    """The row of an hour told as ISO 8601 with offset; it may lie outside the log."""
    moment = np.datetime64(datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None), "s")
    return int((moment - counts.hours[0]) // np.timedelta64(1, "h"))
