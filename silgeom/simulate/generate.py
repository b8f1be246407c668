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

from silgeom.simulate.attacks import Attack
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
    RIGHT,
    Bools,
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
from silgeom.simulate.person_types import TypedPeople, labels, write_labels
from silgeom.simulate.person_uses import (
    HOT_HOURS,
    SITE_CLICKS,
    PeopleOfUses,
    news_queries,
    uses_of_queries,
    write_rules,
)
from silgeom.simulate.plan import DAILY_HABITS, Event, Habit, Plan, Rise, Robot, sample_plan
from silgeom.simulate.private import Typed
from silgeom.simulate.queries import Ints, Queries, Shelf, build_queries
from silgeom.simulate.random_plan import random_plan
from silgeom.simulate.restless import HABIT_HOURS, NEWS_HOURS, day_levels, own_hours
from silgeom.simulate.restless_plan import restless_plan
from silgeom.simulate.rhythm import Floats, day_kind, hour_shares

HOUR: Final = 3_600
#: Who is of which type, if people are of types.
LABELS: Final = "types.json"
#: Rules of categories, shopping among them, if types differ in use.
RULES: Final = "categories.toml"
_SHOWN: Final = 5  # people that a burst brings to another query in an hour, to be told
#: Searches that somebody brings who comes for an event; many go on to its questions, if it has any.
_SEARCHES_EACH: Final = 1.9
_SEARCHES_WITHOUT_QUESTIONS: Final = 1.1
#: The weight of a query varies by so much from day to day, in a restless plan.
_NOISE: Final = 0.1
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

    searchers: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    followed: dict[int, Counter[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    attacks: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    corrections: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    fixed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    robots: Counter[tuple[str, int]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Opened:
    """Sessions that begin: who, with what, in which second of the hour."""

    user: Ints
    query: Ints
    second: Ints


def _all_opened(parts: list[_Opened]) -> _Opened:
    return _Opened(
        np.concatenate([part.user for part in parts]),
        np.concatenate([part.query for part in parts]),
        np.concatenate([part.second for part in parts]),
    )


class Simulation:
    """A log to be written. Memory is bounded by one hour's searches, the people and the queries."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self._random: Random = np.random.Generator(np.random.PCG64(parameters.seed))
        self._plan = self._planned()
        self._queries: Queries = build_queries(self._plan.events)
        typed_people = PeopleOfUses if parameters.uses else TypedPeople
        people = typed_people if parameters.types else People
        self._people = people(parameters, self._queries, self._random)
        self._spellings = Spellings(self._queries)
        self._tally = _Tally()
        self._events = list(self._plan.events)
        self._at: dict[int, list[int]] = defaultdict(list)  # hour of the log -> events going on
        for number, event in enumerate(self._events):
            for late in range(len(event.people)):
                self._at[event.day * 24 + event.hour + late].append(number)
        self._own = self._own_hours()
        self._level: Floats | float = 1.0
        self._sites, self._as_they_are = self._unchanged()
        self._single_lines = self._place_single_lines()
        self._files: dict[str, Counter[str]] = {}
        self._common = self._sessions_by_hour()

    def write(self, directory: Path) -> dict[str, Any]:
        """Write `logs/`, `truth.json` and, of people of types, `types.json` into `directory`.

        Returns the truth.

        Raises:
            OSError: the directory cannot be written.
        """
        logs = directory / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        waiting = plain(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
        parameters = self.parameters
        for day in range(parameters.days):
            name = file_name(parameters.start, day)
            with ExitStack() as stack:
                writer = Writer(
                    stack.enter_context(opened(logs / name, 1 if parameters.is_random else 6)),
                    start=parameters.start,
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
            self._forget_few((day + 1) * 24)
        truth = self._truth()
        (directory / "truth.json").write_text(_dumped(truth), encoding="utf-8")
        for name in (LABELS, RULES):
            (directory / name).unlink(missing_ok=True)  # of an earlier run
        if isinstance(self._people, TypedPeople):
            names = [user_name(number) for number in range(parameters.users)]
            told = labels(self._people, self._queries, names)
            if parameters.uses:
                news = news_queries(self._plan.bursts, self._queries)
                told["uses"] = uses_of_queries(self._queries, news)
                write_rules(directory / RULES)
            write_labels(told, directory / LABELS)
        return truth

    def _unchanged(self) -> tuple[frozenset[int], Bools]:
        """Queries that are ways to sites; and of each, whether nobody makes it longer."""
        if not isinstance(self._people, PeopleOfUses):
            return frozenset(), np.zeros(len(self._queries.texts), dtype=np.bool_)
        as_they_are = self._people.is_site.copy()
        as_they_are[news_queries(self._plan.bursts, self._queries)] = True
        return frozenset(np.flatnonzero(self._people.is_site).tolist()), as_they_are

    def _planned(self) -> Plan:
        if self.parameters.is_restless:
            return restless_plan(self.parameters, build_queries(), self._random)
        if self.parameters.is_random:
            return random_plan(self.parameters, build_queries(), self._random)
        return sample_plan(self.parameters)

    def _sessions_by_hour(self) -> Floats:
        parameters = self.parameters
        planted = sum(len(lines) for lines in self._single_lines.values())
        is_alone = [parameters.is_restless and not event.follow_ups for event in self._events]
        people = [sum(map(self._people_of, event.people)) for event in self._events]
        alone = sum(n for n, is_so in zip(people, is_alone, strict=True) if is_so)
        extra = _SEARCHES_EACH * (sum(people) - alone) + _SEARCHES_WITHOUT_QUESTIONS * alone
        common = max(0.3 * parameters.searches, parameters.searches - planted - extra)
        return hour_shares(parameters) * common * sessions_per_search(parameters, self._people)

    def _own_hours(self) -> tuple[Floats, Floats] | None:
        """Factors on the weight of each query, by hour of day and at weekends; None: all 1."""
        if not self.parameters.is_restless:
            return None
        own, at_weekends = own_hours(len(self._queries.texts), self._random)
        told = [self._queries.ids[habit.query] for habit in DAILY_HABITS]
        own[:, told] = at_weekends[told] = 1.0  # their hours are in the truth
        return own, at_weekends

    def _shelf(self, day: int, hour: int) -> Shelf:
        """What people ask in this hour of the log."""
        kind = day_kind(self.parameters.start + timedelta(days=day), self.parameters)
        if self._own is None:
            return self._queries.shelf(kind, hour)
        own, at_weekends = self._own
        if hour == 0:
            self._level = day_levels(len(at_weekends), _NOISE, self._random)
        factor = own[hour] * self._level
        return self._queries.shelf(kind, hour, factor * at_weekends if kind else factor)

    def _people_of(self, people: int) -> int:
        """Who come for an event in an hour, in proportion to the traffic of this log."""
        if not people:
            return 0
        mine, usual = self.parameters.searches_a_day, self._plan.searches_a_day
        return min(self.parameters.users // 4, max(1, round(people * mine / usual)))

    def _begin_sessions(self, day: int, hour: int) -> Searches:
        """Sessions that begin in this hour, as typed, to their ends."""
        random = self._random
        shelf = self._shelf(day, hour)
        if isinstance(self._people, PeopleOfUses):
            self._people.hot = self._hot(day * 24 + hour)
        expected = float(self._common[day, hour])
        count = max(0, round(expected + (random.random() - 0.5) * 2.0 * expected**0.5))
        kind = day_kind(self.parameters.start + timedelta(days=day), self.parameters)
        user = self._people.openers(count, kind, hour, random)
        query = openings(self._people, shelf, user, random)
        ordinary = _Opened(user, query, _within(count, 0, random))
        if self.parameters.is_random:
            common = self._lengthened(self._wander(ordinary, shelf, day, hour)[0])
            parts = [common, *self._begin_events(shelf, day, hour)]
        else:
            events = (comers for _, comers in self._opened_events(day, hour))
            parts = [self._wander(_all_opened([ordinary, *events]), shelf, day, hour)[0]]
        whole = joined(parts)
        within = whole.second < self.parameters.days * DAY
        return typed(whole.where(within), self.parameters, random)

    def _hot(self, now: int) -> Ints:
        """What is asked about bursts that began a short while before an hour of the log."""
        begun = ((now - each.day * 24 - each.hour, each) for each in self._plan.bursts)
        events = (event for hours, event in begun if 0 <= hours < HOT_HOURS)
        return news_queries(events, self._queries)

    def _opened_events(self, day: int, hour: int) -> Iterator[tuple[int, _Opened]]:
        """Who comes for each event in this hour, by the event's number."""
        now = day * 24 + hour
        for number in self._at[now]:
            event = self._events[number]
            offset = now - event.day * 24 - event.hour
            count = self._people_of(event.people[offset])
            came = self._people.distinct(count, self._random)
            phrasings = self._phrasings(event, len(came))
            late = 20 * 60 if offset == 0 and event.shape == "short" else 0
            yield number, _Opened(came, phrasings, _within(len(came), late, self._random))

    def _begin_events(self, shelf: Shelf, day: int, hour: int) -> Iterator[Searches]:
        """The sessions of those who come for an event, and a note of what they go on to."""
        for number, comers in self._comers(day, hour):
            came, begun = self._wander(comers, shelf, day, hour)
            self._note_followed(number[begun], came)
            yield came

    def _comers(self, day: int, hour: int) -> Iterator[tuple[Ints, _Opened]]:
        """Who comes for events in this hour, with the number of the event of each.

        One event after the other; a restless plan has so many that all go on together.
        """
        opened = self._opened_events(day, hour)
        each = ((np.full(len(comers.user), number), comers) for number, comers in opened)
        if not self.parameters.is_restless:
            yield from each
        elif events := list(each):
            numbers = np.concatenate([number for number, _ in events])
            yield numbers, _all_opened([comers for _, comers in events])

    def _note_followed(self, number: Ints, came: Searches) -> None:
        """Enter who asked what after coming for the event with that number."""
        is_burst = number < len(self._plan.bursts)
        columns = (number, came.query, came.second // HOUR, came.user)
        who = np.unique(np.stack(columns)[:, is_burst], axis=1)
        what, people = np.unique(who[:3], axis=1, return_counts=True)
        for (event, query, hour), count in zip(what.T.tolist(), people.tolist(), strict=True):
            self._tally.followed[event][query, hour] += count

    def _forget_few(self, end: int) -> None:
        """Drop what too few people went on to in the hours before `end` to be told."""
        for number, followed in self._tally.followed.items():
            kept = {key: n for key, n in followed.items() if n >= _SHOWN or key[1] >= end}
            self._tally.followed[number] = Counter(kept)

    def _wander(self, opened: _Opened, shelf: Shelf, day: int, hour: int) -> tuple[Searches, Ints]:
        """Whole sessions, typed right, and for each search the place of its session in `opened`."""
        return sessions(
            self._people,
            self._queries,
            shelf,
            second=opened.second + day * DAY + hour * HOUR,
            user=opened.user,
            query=opened.query,
            random=self._random,
        )

    def _lengthened(self, searches: Searches) -> Searches:
        """Some of the queries made longer; a person's often by the same words."""
        random, count = self._random, len(searches)
        _, person = np.unique(searches.user, return_inverse=True)
        own = random.random(count)[person]
        chance = np.where(random.random(count) < 0.5, own, random.random(count))
        longer = random.random(count) < self.parameters.lengthened
        longer &= ~self._as_they_are[searches.query]
        query = self._queries.lengthened(searches.query, chance)
        return replace(searches, query=np.where(longer, query, searches.query))

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
        parameters, text_of = self.parameters, self._queries.text
        breaks = BREAKS[:2] if json_lines else BREAKS
        chances = self._random.random((len(due), 5)).tolist()
        columns = (due.second, due.user, due.query, due.form, due.variant, due.fixed, due.common)
        rows = zip(*(column.tolist() for column in columns), chances, strict=True)
        for row, clicks in zip(rows, self._people.clicks(due.user), strict=False):
            second, user, query, form, variant, fixed, common, chance = row
            spoilt, odd, how, click, place = chance
            if query in self._sites:
                clicks, place = SITE_CLICKS, 0.0
            right = text_of(query)
            text = right if form == RIGHT else self._spellings.text(query, form, variant)
            mistyped = text is not right and text != right
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
            elif click < clicks and not fixed:
                line.rank = 1 + int(9 * place**3)
                line.url = url(right, line.rank)
            yield line
            if line.rank and click < clicks * parameters.second_clicks:
                yield replace(line, rank=line.rank + 1, url=url(right, line.rank + 1))

    def _place_single_lines(self) -> dict[tuple[int, int], list[Line]]:
        """Lines planted one by one, by day and hour: robots, personal data, rare queries."""
        lines = [line for robot in self._plan.robots for line in self._robot(robot)]
        for secret in self._plan.secrets:
            lines += self._secret(secret)
        for number, attack in enumerate(self._plan.attacks):
            lines += self._attack(number, attack)
        places: dict[tuple[int, int], list[Line]] = defaultdict(list)
        for line in sorted(lines, key=lambda line: line.second):
            places[line.second // DAY, line.second % DAY // HOUR].append(line)
        return places

    def _robot(self, robot: Robot) -> Iterator[Line]:
        walk = [text for text in self._queries.texts if text.endswith(robot.what)]
        if robot.kind != "scraper":
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

    def _attack(self, number: int, attack: Attack) -> Iterator[Line]:
        random = self._random
        begin, span = attack.day * DAY + attack.hour * HOUR, attack.hours * HOUR
        common = self._queries.by_popularity()[:2000]
        days = self.parameters.days
        for user in attack.names(number):
            for chance in random.random(attack.searches).tolist():
                line = Line(begin + int(chance * span), user, attack.query, attack.query)
                line.kind, line.attack = "attack", number
                if attack.clicks:
                    line.rank, line.url = 1, url(attack.query, 1)
                yield line
            for back, hour, what in random.random((attack.others, 3)).tolist():
                day = min(days - 1, max(0, attack.day - 1 - int(back * 5)))
                text = self._queries.texts[int(common[int(what**2 * len(common))])]
                second = day * DAY + 8 * HOUR + int(hour * 15 * HOUR)
                yield Line(second, user, text, text, kind="attack")

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
        bursts = [number for number in self._at.pop(now, []) if number < len(self._plan.bursts)]
        watched: dict[str, set[str]] = {
            text: set() for number in bursts for text in self._events[number].phrasings
        }
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
            elif line.kind == "attack":
                counts["attack_lines"] += 1
                if line.attack >= 0:
                    tally.attacks[line.attack][now] += 1
            elif line.meaning in watched:
                watched[line.meaning].add(line.user)
            if line.form and line.right in self._queries.ids:
                change = (line.meaning, line.right, line.form)
                tally.corrections[change] += 1
                tally.fixed[change] += line.fixed
        for number in bursts:
            who = (watched[text] for text in self._events[number].phrasings)
            tally.searchers[number][now] = len(set().union(*who))

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
            for robot in self._plan.robots
            if (by_day := self._robot_days(robot))
        ]
        columns = (*_FILE_COUNTS, "attack_lines") if self.parameters.is_random else _FILE_COUNTS
        truth = {
            "parameters": self.parameters.told(),
            "zone": "Asia/Seoul",
            "files": [
                {"file": name} | {column: counts[column] for column in columns}
                for name, counts in self._files.items()
            ],
            "bursts": [self._event_truth(i) for i in range(len(self._plan.bursts))],
            "habits": [self._habit_truth(each) for each in (*DAILY_HABITS, *self._plan.habits)],
            "robots": robots,
            "personal_data": [
                _told(each) for each in self._plan.secrets if each.kind != "anonymity"
            ],
            "anonymity": [_told(each) for each in self._plan.secrets if each.kind == "anonymity"],
            "corrections": corrections,
        }
        if self.parameters.is_random:
            attacks = enumerate(self._plan.attacks)
            truth["attacks"] = [self._attack_truth(*each) for each in attacks]
        if self.parameters.is_restless:
            truth["rises"] = [self._rise_truth(rise) for rise in self._plan.rises]
        return truth

    def _robot_days(self, robot: Robot) -> dict[str, int]:
        counts = sorted(self._tally.robots.items())
        return {self._hour(24 * day)[:10]: n for (user, day), n in counts if user == robot.name}

    def _event_truth(self, number: int) -> dict[str, Any]:
        event = self._events[number]
        begin = event.day * 24 + event.hour
        last = min(begin + len(event.people), self.parameters.days * 24)
        counted = self._tally.searchers[number]
        people = {self._hour(hour): counted[hour] for hour in range(begin, last)}
        truth: dict[str, Any] = {
            "query": event.phrasings[0],
            "phrasings": list(event.phrasings),
            "follow_ups": list(event.follow_ups),
            "shape": event.shape,
            "never_seen": event.never_seen,
            "start": self._hour(begin),
            "peak": max(people, key=lambda hour: people[hour]),
            "searchers": people,
        }
        if self.parameters.is_random:
            followed = self._followed(number)
            truth |= {"follow_ups": list(followed), "follow_up_searchers": followed}
        return truth

    def _followed(self, number: int) -> dict[str, dict[str, int]]:
        """What the burst brought people to: query -> hour -> how many people, where 5 or more."""
        phrasings = self._events[number].phrasings
        found: dict[str, dict[str, int]] = {}
        for (query, hour), people in sorted(self._tally.followed[number].items()):
            text = self._queries.text(query)
            if people >= _SHOWN and text not in phrasings and hour < self.parameters.days * 24:
                found.setdefault(text, {})[self._hour(hour)] = people
        return found

    def _habit_truth(self, habit: Habit) -> dict[str, Any]:
        """A query with hours of its own, and from when on its past must be known."""
        return {
            "query": habit.query,
            "days": habit.days,
            "hours": list(habit.hours),
            "must_not_trend_from": habit.shown_after and self._hour(habit.shown_after),
        }

    def _rise_truth(self, rise: Rise) -> dict[str, Any]:
        """A level that rose for good: from when on it is news, no news any more, and a habit."""
        begin = rise.event.day * 24 + rise.event.hour
        return {
            "query": rise.event.phrasings[0],
            "kind": rise.kind,
            "start": self._hour(begin),
            "news_until": self._hour(begin + NEWS_HOURS),
            "must_not_trend_from": self._hour(begin + HABIT_HOURS),
        }

    def _attack_truth(self, number: int, attack: Attack) -> dict[str, Any]:
        hours = self._tally.attacks[number]
        return {
            "kind": attack.kind,
            "query": attack.query,
            "users": attack.users,
            "searches_each": attack.searches,
            "other_searches_each": attack.others,
            "start": self._hour(attack.day * 24 + attack.hour),
            "searches": {self._hour(hour): hours[hour] for hour in sorted(hours)},
            "accounts": attack.names(number),
        }


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
