"""A plan whose boards are as full and restless as a real portal's: see `restless` for its laws."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from silgeom.simulate.attacks import random_attacks
from silgeom.simulate.names import thing
from silgeom.simulate.parameters import BURSTS_A_WEEK, SEARCHES_A_DAY, Parameters
from silgeom.simulate.plan import Event, Habit, Plan, Rise
from silgeom.simulate.private import ANONYMITY, PERSONAL
from silgeom.simulate.queries import Ints, Queries
from silgeom.simulate.random_plan import (
    WEEKDAYS,
    robots_of,
    something_known,
    something_new,
)
from silgeom.simulate.restless import (
    DAY,
    KINDS,
    KNOWN_AFTER,
    PROGRAMME_PEOPLE,
    PROGRAMMES,
    RETURNING,
    RISE_PEOPLE,
    RISES_A_DAY,
    WEEK,
    Kind,
    Random,
    beginnings,
    burst_profile,
    return_span,
    risen_level,
)
from silgeom.simulate.rhythm import hour_shares

#: Sizes of `restless` are those beside 200,000 ordinary searches a day. A log's size is that of all
#: its searches; bursts, new levels and what these lead to are about a third.
_ORDINARY: Final = 0.7
#: Of bursts so many have other words, of those that could have, and so many lead to questions: with
#: these about one row in six of the boards shares its issue with another.
_IN_WORDS: Final = 0.25
_ASKED: Final = 0.25
#: Of large bursts: those that stay at their best for 12 to 24 hours, so that one name in a hundred
#: stays on the board for a day.
_PLATEAU: Final = 0.3
#: Of new bursts: those of a query of middle rank asked at other times, too, at most so many.
_KNOWN: Final = 0.08
_MOST_KNOWN: Final = 1_000


@dataclass
class _Name:
    """What burst, how it did so last, and when that was over (an hour of the log)."""

    event: Event
    began: int
    ended: int


def restless_plan(parameters: Parameters, known: Queries, random: Random) -> Plan:
    """Draw a plan.

    Args:
        parameters: how many bursts a week, quiet days, whether attacks. No bursts: no rises either.
        known: what people ask anyway: bursts of known queries are of these, others are not.
        random: the source of chance.
    """
    names: set[str] = set()
    programmes, habits = _programmes(parameters, names, random)
    is_loud = parameters.bursts > 0
    bursts = tuple(_bursts(parameters, known, names, random)) if is_loud else ()
    rises = tuple(_rises(parameters, names, random)) if is_loud else ()
    return Plan(
        bursts=bursts,
        regular=programmes,
        habits=habits,
        robots=tuple(robots_of(parameters)),
        attacks=tuple(random_attacks(parameters, random)) if parameters.attack else (),
        secrets=(*PERSONAL, *ANONYMITY),
        searches_a_day=parameters.searches_a_day,
        rises=rises,
    )


def _scale(parameters: Parameters) -> float:
    return _ORDINARY * parameters.searches_a_day / SEARCHES_A_DAY


def _people(people: Ints, begin: int) -> tuple[int, tuple[int, ...]]:
    """First hour with anybody, and the people from it to the last hour with anybody."""
    came = np.flatnonzero(people)
    if not len(came):
        return begin, ()
    return begin + int(came[0]), tuple(people[came[0] : came[-1] + 1].tolist())


def _at(event: Event, begin: int, people: tuple[int, ...]) -> Event:
    return replace(event, day=begin // DAY, hour=begin % DAY, people=people)


def _bursts(
    parameters: Parameters, known: Queries, people_of_news: set[str], random: Random
) -> list[Event]:
    """Bursts of all kinds, names that come back among them, in order of time."""
    traffic = hour_shares(parameters).ravel()
    awake = np.sqrt(traffic / traffic.mean())
    share = parameters.bursts / BURSTS_A_WEEK
    names: list[_Name] = []
    taken: set[str] = set()
    asked_anyway = 0
    bursts = []
    for begin, kind in beginnings(parameters.days, random, share):
        profile = burst_profile(replace(kind, plateau=_PLATEAU if kind.plateau else 0.0), random)
        here = awake[begin : begin + len(profile)]
        size = np.exp(random.uniform(*np.log(kind.people))) * _scale(parameters)
        expected = profile[: len(here)] * here
        begin, people = _people(random.poisson(size * expected / expected.max()), begin)
        if not people or begin < parameters.quiet_days * DAY:
            continue
        ended = begin + len(people)
        name = _returning(names, begin, random) if random.random() < RETURNING else None
        if name is None:
            may_be_known = asked_anyway < _MOST_KNOWN
            event = _new_event(kind, known, taken, people_of_news, may_be_known, random)
            asked_anyway += not event.never_seen
            name = _Name(event, begin, ended)
            names.append(name)
            bursts.append(_at(name.event, begin, people))
        else:
            name.began, name.ended = begin, ended
            again = replace(name.event, shape="returning", never_seen=False)
            bursts.append(_at(again, begin, people))
    return bursts


def _returning(names: list[_Name], begin: int, random: Random) -> _Name | None:
    """A name that burst before, and is over; None: there is none of the time that was drawn."""
    least, most = return_span(random)
    found = [
        name for name in names if least <= begin - name.began <= most and name.ended < begin - 1
    ]
    return found[int(random.integers(0, len(found)))] if found else None


def _new_event(
    kind: Kind,
    known: Queries,
    taken: set[str],
    people_of_news: set[str],
    may_be_known: bool,
    random: Random,
) -> Event:
    """What bursts for the first time."""
    shape = ("large", "middle", "brief", "small")[KINDS.index(kind)]
    if random.random() < _KNOWN and may_be_known:
        return replace(something_known(known, taken, random), shape=shape)
    event = something_new(known, taken, random, people_of_news)
    forms = len(event.phrasings) if random.random() < _IN_WORDS else 1
    asked = int(random.integers(0, kind.follow_ups + 1)) if random.random() < _ASKED else 0
    return replace(
        event,
        shape=shape,
        phrasings=event.phrasings[:forms],
        follow_ups=event.follow_ups[:asked],
    )


def _named(kind: str, names: set[str], random: Random) -> str:
    while True:
        name = thing(kind, random.random(5).tolist())
        if name not in names:
            names.add(name)
            return name


def _rises(parameters: Parameters, names: set[str], random: Random) -> list[Rise]:
    """New services, asked for at all hours, and new series, asked for in a few of each day."""
    traffic = hour_shares(parameters).ravel()
    usual = traffic / traffic.mean()
    rises = []
    count = RISES_A_DAY * parameters.days
    for size in np.geomspace(*RISE_PEOPLE, count).tolist():
        drawn = int(random.integers(parameters.quiet_days * DAY, len(usual)))
        began, level, is_series = risen_level(drawn, size * _scale(parameters) * usual, random)
        begin, people = _people(random.poisson(level[began:]), began)
        if is_series:
            event = Event((f"{_named('show', names, random)} 다시보기",), "방송", "rise", 0, 0, ())
        else:
            event = Event((f"{_named('firm', names, random)} 가입",), "금융", "rise", 0, 0, ())
        if people:
            kind = "some hours" if is_series else "all day"
            rises.append(Rise(_at(event, begin, people), kind))
    return rises


def _programmes(
    parameters: Parameters, names: set[str], random: Random
) -> tuple[tuple[Event, ...], tuple[Habit, ...]]:
    """What comes each week; some programmes begin in the second or third week."""
    hours = parameters.days * DAY
    events: list[Event] = []
    habits = []
    for size in np.geomspace(*PROGRAMME_PEOPLE, PROGRAMMES).tolist():
        weekday, hour = int(random.integers(0, 7)), int(random.integers(7, DAY))
        shape = 0.6 ** np.arange(random.integers(1, 5)) * size * _scale(parameters)
        event = Event((f"{_named('show', names, random)} 방송",), "방송", "weekly", 0, 0, ())
        event = replace(event, never_seen=False)
        first = int(random.integers(0, 3)) * WEEK
        first += (weekday - parameters.start.weekday()) % 7 * DAY + hour
        begins = range(first, hours, WEEK)
        for begin in begins:
            here = shape * random.uniform(0.8, 1.25)
            came_at, people = _people(random.poisson(here), begin)
            if people and came_at < hours:
                events.append(_at(event, came_at, people))
        known_from = begins[KNOWN_AFTER] if len(begins) > KNOWN_AFTER else None
        spans = tuple((hour + late) % DAY for late in range(len(shape)))
        habits.append(Habit(event.phrasings[0], f"{WEEKDAYS[weekday]}s", spans, known_from))
    return tuple(events), tuple(habits)
