"""The simulated log, written hour by hour in bounded memory, and what was planted in it."""

import json
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from silgeom.simulate.log import (
    BLANK,
    BREAKS,
    DAY,
    OFFSET,
    Line,
    Writer,
    file_name,
    has_header,
    normalised,
    oddly,
    opened,
)
from silgeom.simulate.parameters import Parameters
from silgeom.simulate.people import (
    FORM_NAMES,
    People,
    Random,
    Searches,
    Spellings,
    joined,
    openings,
    plain,
    sessions,
    sessions_per_search,
    typed,
)
from silgeom.simulate.plan import BURSTS, HABITS, ROBOTS, Event, Robot
from silgeom.simulate.private import ANONYMITY, PERSONAL, Typed
from silgeom.simulate.queries import Ints, Queries, build_queries
from silgeom.simulate.rhythm import Floats, day_kind, hour_shares

HOUR: Final = 3_600
_DEFAULT_SIZE: Final = Parameters()
_SITES: Final = ("blog", "news", "cafe", "wiki", "shop", "tv", "kin", "map")


def user_name(number: int) -> str:
    """The id of a person in the log: different for all, in no visible order."""
    return f"u{(number + 1) * 2_654_435_761 % 2**32:08x}"


@lru_cache(maxsize=1 << 18)
def url(query: str, rank: int) -> str:
    """The page at that rank of the query's results: the same for everybody."""
    page = zlib.crc32(f"{query}#{rank}".encode())
    return f"https://{_SITES[page % 8]}.example/{page >> 12:05x}"


@dataclass(slots=True)
class _Tally:
    """Counts of what was written, by which the truth is exact."""

    searchers: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    corrections: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    fixed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    robots: Counter[tuple[str, int]] = field(default_factory=Counter)


class Simulation:
    """A log to be written. Memory is bounded by one hour's searches, the people and the queries."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self._random: Random = np.random.Generator(np.random.PCG64(parameters.seed))
        self._queries: Queries = build_queries()
        self._people = People(parameters, self._queries, self._random)
        self._spellings = Spellings(self._queries)
        self._tally = _Tally()
        self._events = [e for e in (*BURSTS, *HABITS) if e.day < parameters.days]
        self._watched = {
            (text, event.day * 24 + event.hour + late)
            for event in self._events
            for text in event.phrasings
            for late in range(len(event.people))
        }
        self._single_lines = self._place_single_lines()
        self._files: dict[str, Counter[str]] = {}
        self._common = self._sessions_by_hour()

    def write(self, directory: Path) -> dict[str, Any]:
        """Write `logs/` and `truth.json` into `directory`; returns the truth.

        Raises:
            OSError: the directory cannot be written.
        """
        logs = directory / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        waiting = plain(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
        for day in range(self.parameters.days):
            name = file_name(self.parameters.start, day)
            with ExitStack() as stack:
                writer = Writer(
                    stack.enter_context(opened(logs / name)),
                    start=self.parameters.start,
                    json_lines=name.endswith(".jsonl"),
                    header=has_header(day),
                )
                for hour in range(24):
                    waiting = joined([waiting, self._begin_sessions(day, hour)])
                    due = waiting.second < day * DAY + (hour + 1) * HOUR
                    lines = self._lines(waiting.where(due), day, hour, name.endswith(".jsonl"))
                    waiting = waiting.where(~due)
                    writer.write(lines)
                    self._count(lines, day, hour, writer.counts)
            self._files[f"logs/{name}"] = writer.counts
        truth = self._truth()
        (directory / "truth.json").write_text(_dumped(truth), encoding="utf-8")
        return truth

    def _sessions_by_hour(self) -> Floats:
        parameters = self.parameters
        planted = sum(len(lines) for lines in self._single_lines.values())
        extra = 1.9 * sum(sum(self._people_of(event)) for event in self._events)
        common = max(0.3 * parameters.searches, parameters.searches - planted - extra)
        return hour_shares(parameters) * common * sessions_per_search(parameters)

    def _people_of(self, event: Event) -> list[int]:
        """People who come in each hour, in proportion to the traffic of this log."""
        mine = self.parameters.searches / self.parameters.days
        usual = _DEFAULT_SIZE.searches / _DEFAULT_SIZE.days
        most = self.parameters.users // 4
        return [min(most, max(1, round(n * mine / usual))) for n in event.people]

    def _begin_sessions(self, day: int, hour: int) -> Searches:
        """Sessions that begin in this hour, as typed, to their ends."""
        random = self._random
        kind = day_kind(self.parameters.start + timedelta(days=day), self.parameters)
        shelf = self._queries.shelf(kind, hour)
        expected = float(self._common[day, hour])
        count = max(0, round(expected + (random.random() - 0.5) * 2.0 * expected**0.5))
        user, query = openings(self._people, shelf, count, random)
        users, queries, seconds = [user], [query], [_within(count, 0, random)]
        for event in self._events:
            offset = (day - event.day) * 24 + hour - event.hour
            if 0 <= offset < len(event.people):
                came = self._people.distinct(self._people_of(event)[offset], random)
                users.append(came)
                queries.append(self._phrasings(event, len(came)))
                late = 20 * 60 if offset == 0 and event.shape == "short" else 0
                seconds.append(_within(len(came), late, random))
        opened_at = np.concatenate(seconds) + day * DAY + hour * HOUR
        whole = sessions(
            self._people,
            self._queries,
            shelf,
            second=opened_at,
            user=np.concatenate(users),
            query=np.concatenate(queries),
            random=random,
        )
        within = whole.second < self.parameters.days * DAY
        return typed(whole.where(within), self.parameters, random)

    def _phrasings(self, event: Event, count: int) -> Ints:
        """What each comer types: of two phrasings the first in two thirds of the cases."""
        ids = np.array([self._queries.ids[text] for text in event.phrasings])
        shares = np.cumsum([2.0**-i for i in range(len(ids))])
        return ids[np.searchsorted(shares / shares[-1], self._random.random(count))]

    def _lines(self, due: Searches, day: int, hour: int, json_lines: bool) -> list[Line]:
        """The lines of one hour in order of time, spoilt where they are to be."""
        due = due.where(np.argsort(due.second, kind="stable"))
        lines = list(self._ordinary(due, json_lines))
        lines += self._single_lines.pop((day, hour), [])
        lines.sort(key=lambda line: line.second)
        return lines

    def _ordinary(self, due: Searches, json_lines: bool) -> Iterator[Line]:
        parameters, texts = self.parameters, self._queries.texts
        breaks = BREAKS[:2] if json_lines else BREAKS
        chances = self._random.random((len(due), 5)).tolist()
        columns = (due.second, due.user, due.query, due.form, due.variant, due.fixed, due.common)
        rows = zip(*(column.tolist() for column in columns), chances, strict=True)
        for second, user, query, form, variant, fixed, common, chance in rows:
            spoilt, odd, how, click, place = chance
            right = texts[query]
            text = self._spellings.text(query, form, variant)
            mistyped = text != right
            if fixed and not mistyped:
                continue  # this query has no such slip: the search as meant follows anyway
            sent = text
            if self._people.decomposed[user]:
                sent = unicodedata.normalize("NFD", text)
            elif odd < parameters.oddities and not mistyped:
                sent = oddly(text, how)
            line = Line(second, user_name(user), sent, normalised(text) if mistyped else right)
            if mistyped:
                line.right, line.form, line.fixed = right, FORM_NAMES[form], fixed
            if common and spoilt < parameters.blank + parameters.broken:
                line.defect = BLANK
                if spoilt >= parameters.blank:
                    line.defect = breaks[int(how * len(breaks))]
            elif click < parameters.clicks and not fixed:
                line.rank = 1 + int(9 * place**3)
                line.url = url(right, line.rank)
            yield line
            if line.rank and click < parameters.clicks * parameters.second_clicks:
                yield replace(line, rank=line.rank + 1, url=url(right, line.rank + 1))

    def _place_single_lines(self) -> dict[tuple[int, int], list[Line]]:
        """Lines planted one by one, by day and hour: robots, personal data, rare queries."""
        lines = [line for robot in ROBOTS for line in self._robot(robot)]
        for secret in (*PERSONAL, *ANONYMITY):
            lines += self._secret(secret)
        places: dict[tuple[int, int], list[Line]] = defaultdict(list)
        for line in sorted(lines, key=lambda line: line.second):
            places[line.second // DAY, line.second % DAY // HOUR].append(line)
        return places

    def _robot(self, robot: Robot) -> Iterator[Line]:
        walk = [text for text in self._queries.texts if text.endswith(robot.what)]
        if robot.kind == "pusher":
            walk = [robot.what]
        gap = DAY / robot.searches
        for day in robot.days:
            if day >= self.parameters.days:
                continue
            jitter = self._random.random(robot.searches).tolist()
            for i, late in enumerate(jitter):  # never two in one second
                text = walk[i % len(walk)]
                second = day * DAY + int((i + 0.9 * late) * gap)
                line = Line(second, robot.name, text, text, kind="robot")
                if robot.kind == "pusher":
                    line.rank, line.url = 1, url(text, 1)
                yield line

    def _secret(self, secret: Typed) -> Iterator[Line]:
        people = self._people.distinct(secret.people, self._random).tolist()
        kind = "anonymity" if secret.kind == "anonymity" else "personal"
        used: set[tuple[int, int]] = set()
        while len(used) < secret.searches:
            person = people[len(used) % len(people)]
            day, second = self._random.random(2)
            at = int(day * self.parameters.days) * DAY + 8 * HOUR + int(second * 15 * HOUR)
            if (at, person) in used:
                continue
            used.add((at, person))
            text = secret.text
            if self._people.decomposed[person]:
                text = unicodedata.normalize("NFD", text)
            yield Line(at, user_name(person), text, normalised(secret.text), kind=kind)

    def _count(self, lines: list[Line], day: int, hour: int, counts: Counter[str]) -> None:
        """Enter what was written into the tally and the day's counts."""
        tally = self._tally
        now = day * 24 + hour
        seen: set[tuple[int, str, str]] = set()
        for line in lines:
            if line.defect:
                continue
            key = (line.second, line.user, line.meaning)
            if key in seen:
                counts["duplicates"] += 1
                continue
            seen.add(key)
            if line.kind == "personal":
                counts["personal_data"] += 1
            if line.kind == "robot":
                counts["robot_lines"] += 1
                tally.robots[line.user, day] += 1
            elif (line.meaning, now) in self._watched:
                tally.searchers[line.meaning, now].add(line.user)
            if line.form:
                change = (line.meaning, line.right, line.form)
                tally.corrections[change] += 1
                tally.fixed[change] += line.fixed

    def _hour(self, hours: int) -> str:
        """ISO 8601 with offset of an hour, counted from the start of the log."""
        start = datetime.combine(self.parameters.start, datetime.min.time())
        return f"{start + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}{OFFSET}"

    def _truth(self) -> dict[str, Any]:
        """What `truth.json` says; the README of `sample_data` tells its fields."""
        tally = self._tally
        corrections = [
            {"wrong": wrong, "right": right, "kind": kind, "count": count}
            | {"corrected": tally.fixed[wrong, right, kind]}
            for (wrong, right, kind), count in sorted(tally.corrections.items())
        ]
        robots = [
            {"user": robot.name, "kind": robot.kind, "query": robot.what, "searches": by_day}
            for robot in ROBOTS
            if (by_day := self._robot_days(robot))
        ]
        return {
            "parameters": {k: v for k, v in asdict(self.parameters).items() if k != "holidays"}
            | {
                "start": str(self.parameters.start),
                "holidays": [str(day) for day in self.parameters.holidays],
            },
            "zone": "Asia/Seoul",
            "files": [
                {"file": name} | {column: counts[column] for column in _FILE_COUNTS}
                for name, counts in self._files.items()
            ],
            "bursts": [self._event_truth(e) for e in self._events if e.shape != "weekly"],
            "habits": self._habits(),
            "robots": robots,
            "personal_data": [_told(secret) for secret in PERSONAL],
            "anonymity": [_told(secret) for secret in ANONYMITY],
            "corrections": corrections,
        }

    def _robot_days(self, robot: Robot) -> dict[str, int]:
        counts = sorted(self._tally.robots.items())
        return {self._hour(24 * day)[:10]: n for (user, day), n in counts if user == robot.name}

    def _event_truth(self, event: Event) -> dict[str, Any]:
        begin = event.day * 24 + event.hour
        last = min(begin + len(event.people), self.parameters.days * 24)
        people = {
            self._hour(hour): len(
                set().union(*(self._tally.searchers.get((q, hour), set()) for q in event.phrasings))
            )
            for hour in range(begin, last)
        }
        return {
            "query": event.phrasings[0],
            "phrasings": list(event.phrasings),
            "follow_ups": list(event.follow_ups),
            "shape": event.shape,
            "never_seen": event.never_seen,
            "start": self._hour(begin),
            "peak": max(people, key=lambda hour: people[hour]),
            "searchers": people,
        }

    def _habits(self) -> list[dict[str, Any]]:
        """Queries with hours of their own, and from when on their past must be known."""
        weekly = [event for event in self._events if event.shape == "weekly"]
        rows: list[dict[str, Any]] = [
            {"query": query, "days": which, "hours": hours, "must_not_trend_from": self._hour(48)}
            for query, which, hours in _DAILY_HABITS
        ]
        if len(weekly) > 1:
            again = self._hour((weekly[0].day + 1) * 24)
            saturdays = ((weekly[0].phrasings[0], [21, 22]), ("로또 당첨번호", [20, 21]))
            rows += [
                {"query": query, "days": "Saturdays", "hours": hours, "must_not_trend_from": again}
                for query, hours in saturdays
            ]
        return rows


#: Every day or working day, by the seasons of `rhythm`.
_DAILY_HABITS: Final = (
    ("날씨", "daily", [6, 7, 8]),
    ("점심 메뉴 추천", "working days", [11, 12]),
    ("코스피", "working days", [9]),
    ("오늘의 운세", "daily", [7, 8]),
)

_FILE_COUNTS: Final = ("lines", BLANK, *BREAKS, "duplicates", "personal_data", "robot_lines")


def _told(secret: Typed) -> dict[str, Any]:
    return asdict(secret) | {"text": normalised(secret.text)}


def _dumped(truth: dict[str, Any]) -> str:
    """JSON with one entry of each list a line: long, but readable and easy to compare."""
    parts = []
    for name, value in truth.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            rows = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in value)
            text = f"[\n    {rows}\n  ]" if value else "[]"
        parts.append(f"  {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _within(count: int, earliest: int, random: Random) -> Ints:
    """Seconds of an hour; never the first 15, which a slip before the search may need."""
    return earliest + 15 + (random.random(count) * (HOUR - earliest - 15)).astype(np.int64)
