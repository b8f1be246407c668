"""A plan drawn at random: bursts of several shapes, and habits for as long as the log lasts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count as counting
from typing import Final

import numpy as np

from silgeom.simulate.attacks import Attack, random_attacks
from silgeom.simulate.names import NEWS, thing
from silgeom.simulate.parameters import SEARCHES_A_DAY, Parameters
from silgeom.simulate.plan import Event, Habit, Plan, Robot
from silgeom.simulate.private import ANONYMITY, PERSONAL
from silgeom.simulate.queries import Queries
from silgeom.simulate.rhythm import Floats, hour_shares

Random = np.random.Generator

#: Nobody could find a burst of fewer people an hour.
LEAST: Final = 12
#: Shapes and their shares.
_SHAPES: Final = {"sudden": 0.40, "slow": 0.18, "short": 0.18, "night": 0.12, "plateau": 0.12}
_KNOWN: Final = 0.15  # of a query that is asked at other times, too
_PHRASINGS: Final = 0.20  # in two or three phrasings
_RETURNING: Final = 0.20  # coming back after days
_LONGEST: Final = 36  # hours
_ATTEMPTS: Final = 20

#: Every week: query, topic, weekday (Monday is 0), first hour, people at 200,000 searches a day,
#: follow-ups, and how the hours are told.
_WEEKLY: Final = (
    ("별별노래방", "방송", 5, 21, (900, 640, 240), ("투표", "출연진", "음원", "재방송")),
    ("주간 업무보고 양식", "공부", 0, 8, (140, 260, 90), ("예시", "엑셀")),
    ("일요극장 달무리", "방송", 6, 20, (260, 520, 300, 90), ("몇부작", "인물관계도")),
    ("수목드라마 편성", "방송", 2, 21, (120, 300, 120), ("재방송", "출연진")),
    ("금요일 회식 장소", "음식", 4, 16, (90, 180, 160), ("추천", "룸")),
)
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Once a month, on the last two days or the 25th: no fortnight of past can tell.
_MONTHLY: Final = (
    ("월말 결산 양식", "공부", "month end", (60, 120, 150, 140, 110, 60)),
    ("급여명세서 조회", "금융", "25th", (90, 160, 120, 70, 40)),
)


def random_plan(parameters: Parameters, known: Queries, random: Random) -> Plan:
    """Draw a plan.

    Args:
        parameters: how many bursts a week, of which sizes, and whether attacks.
        known: what people ask anyway: bursts of known queries are of these, others are not.
        random: the source of chance.
    """
    bursts = tuple(_bursts(parameters, known, random))
    weekly, habits = _habits(parameters)
    attacks: tuple[Attack, ...] = ()
    if parameters.attack:
        attacks = tuple(random_attacks(parameters, random))
    return Plan(
        bursts=bursts,
        regular=weekly,
        habits=habits,
        robots=tuple(robots_of(parameters)),
        attacks=attacks,
        secrets=(*PERSONAL, *ANONYMITY),
        searches_a_day=float(SEARCHES_A_DAY),
    )


def _bursts(parameters: Parameters, known: Queries, random: Random) -> Iterator[Event]:
    quiet = parameters.quiet_days
    loud = parameters.days - quiet
    count = round(parameters.bursts * max(0, loud) / 7)
    traffic = hour_shares(parameters).ravel()
    taken: set[str] = set()
    sizes = _sizes(parameters, count, random)
    shapes = random.choice(list(_SHAPES), count, p=list(_SHAPES.values()))
    waiting: list[Event] = []
    for number in range(count):
        day = quiet + int((number + random.random()) / count * loud)  # evenly over the days
        shape = str(shapes[number])
        hour = int(random.integers(0, 5) if shape == "night" else random.integers(6, 24))
        profile = _profile(shape, random)
        if waiting and waiting[0].day < day - 1 and random.random() < _RETURNING:
            event = replace(waiting.pop(0), shape="returning", never_seen=False)
        else:
            make = something_known if random.random() < _KNOWN else something_new
            event = make(known, taken, random)
            event = replace(event, shape=shape)
            waiting.append(event)
        people = _people(profile, sizes[number], float(sizes.min()), traffic, day * 24 + hour)
        yield replace(event, day=day, hour=hour, people=people)


def _sizes(parameters: Parameters, count: int, random: Random) -> Floats:
    """People in the best hour, from the least to the most: evenly on a logarithmic scale."""
    scale = SEARCHES_A_DAY / parameters.searches_a_day
    least = max(float(parameters.least_people), LEAST * scale)
    most = max(float(parameters.most_people), 2.0 * least)
    steps = (np.arange(count) + random.random(count)) / max(1, count)
    sizes: Floats = least * (most / least) ** steps
    random.shuffle(sizes)
    return sizes


def _profile(shape: str, random: Random) -> Floats:
    """People by hour, the best hour as 1."""
    halving = random.uniform(1.0, 6.0)
    rise = np.array([0.6, 1.0]) if random.random() < 0.5 else np.array([1.0])
    top = np.zeros(0)
    if shape == "slow":
        hours = int(random.integers(4, 10))
        rise = np.linspace(0.0, 1.0, hours + 1)[1:] ** 1.5
        halving = random.uniform(2.0, 6.0)
    elif shape == "short":
        halving = random.uniform(0.3, 0.7)
    elif shape == "night":
        halving = random.uniform(1.0, 2.5)
    elif shape == "plateau":
        hours = int(random.integers(5, 20))
        top = random.uniform(0.8, 1.0, hours)
    fall = 0.5 ** (np.arange(1, _LONGEST) / halving)
    whole: Floats = np.concatenate([rise, top, fall[fall > 0.03]])[:_LONGEST]
    return whole


def _people(
    profile: Floats, size: float, least: float, traffic: Floats, start: int
) -> tuple[int, ...]:
    """People by hour; while the others sleep, fewer come (with the root of the traffic)."""
    here = traffic[start : start + len(profile)]
    shaped = profile[: len(here)] * np.sqrt(here / traffic.max())
    best = max(least, size * float(np.sqrt(shaped.max())))
    numbers = np.maximum(1, np.rint(best * shaped / shaped.max())).astype(int)
    return tuple(numbers.tolist())


def something_new(
    known: Queries, taken: set[str], random: Random, names: set[str] | None = None
) -> Event:
    """Something happens to somebody or something that nobody ever asked for.

    Args:
        known: what people ask anyway.
        taken: what bursts already; grows.
        random: the source of chance.
        names: of whom something happened already; grows. Another one is taken, while there is
            one. None: the same one may come in the news for two reasons.
    """
    for attempt in counting():
        kind = str(random.choice(list(NEWS)))
        topic, happenings, follow = NEWS[kind]
        name = thing(kind, random.random(5).tolist())
        what = str(random.choice(happenings))
        query = f"{name} {what}"
        is_spent = names is not None and name in names and attempt < _ATTEMPTS
        if query not in taken and query not in known.ids and not is_spent:
            break
    if names is not None:
        names.add(name)
    phrasings = [query]
    if random.random() < _PHRASINGS:
        others = (f"{what} {name}", query.replace(" ", ""), f"{query} 이유")
        more = random.permutation(len(others))[: random.integers(1, 3)]
        phrasings += [others[i] for i in sorted(more.tolist())]
    follow_ups = random.permutation(list(follow))[: random.integers(1, 5)]
    texts = (*phrasings, *(f"{name} {each}" for each in follow_ups))
    taken.update(texts)
    return Event(tuple(phrasings), topic, "", 0, 0, (), texts[len(phrasings) :])


def something_known(known: Queries, taken: set[str], random: Random) -> Event:
    """A query of the middle ranks is wanted by far more people than usual."""
    middle = known.by_popularity()[200:4000]
    while True:
        query = known.texts[int(random.choice(middle))]
        if query not in taken:
            taken.add(query)
            return Event((query,), "포털", "", 0, 0, (), (), never_seen=False)


def _habits(parameters: Parameters) -> tuple[tuple[Event, ...], tuple[Habit, ...]]:
    """Events that come again, and what the truth says of them."""
    events: list[Event] = []
    habits: list[Habit] = []
    for query, topic, weekday, hour, people, follow_ups in _WEEKLY:
        first = (weekday - parameters.start.weekday()) % 7
        days = range(first, parameters.days, 7)
        event = Event(
            (query,),
            topic,
            "weekly",
            0,
            hour,
            people,
            tuple(f"{query} {each}" for each in follow_ups),
            never_seen=False,
        )
        events += [replace(event, day=day) for day in days]
        hours = tuple(range(hour, hour + len(people)))
        habits.append(Habit(query, f"{WEEKDAYS[weekday]}s", hours, 14 * 24))
    for query, topic, when, monthly in _MONTHLY:
        falls: Callable[[int], bool] = _is_month_end if when == "month end" else _is_payday
        start = parameters.start.toordinal()
        days_of_it = [day for day in range(parameters.days) if falls(start + day)]
        event = Event((query,), topic, "monthly", 0, 9, monthly, (), never_seen=False)
        events += [replace(event, day=day) for day in days_of_it]
        habits.append(Habit(query, when, tuple(range(9, 9 + len(monthly))), None))
    return tuple(events), tuple(habits)


def _is_month_end(ordinal: int) -> bool:
    return (date.fromordinal(ordinal) + timedelta(days=2)).day <= 2


def _is_payday(ordinal: int) -> bool:
    return date.fromordinal(ordinal).day == 25


def robots_of(parameters: Parameters) -> Iterator[Robot]:
    """Two scrapers and a watcher that asks the same every minute, on some days of each week."""
    for week in range((parameters.days + 6) // 7):
        days = tuple(week * 7 + day for day in (2, 3))
        yield Robot(f"u00b07a{week % 256:02x}", "scraper", days, 1_200, " 맛집")
        yield Robot(f"u00b07b{week % 256:02x}", "scraper", (week * 7 + 5,), 1_500, " 가격")
        yield Robot(f"u00b07c{week % 256:02x}", "watcher", (week * 7 + 4,), 1_440, "환율")
