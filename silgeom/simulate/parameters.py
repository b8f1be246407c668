"""Everything that can be chosen about a simulated log."""

import tomllib
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

#: Nothing that fewer people typed is ever published (the jobs' default): the planted cases of
#: anonymity lie just below and just on it.
FLOOR: Final = 5

#: What is planted: the fixed plan of `sample_data`, one drawn at random, or one as full of bursts
#: as the boards of a real portal.
SAMPLE: Final = "sample"
RANDOM: Final = "random"
RESTLESS: Final = "restless"
PLANS: Final = (SAMPLE, RANDOM, RESTLESS)
#: A random plan's own choices, and its usual size.
RANDOM_ONLY: Final = (
    "plan",
    "bursts",
    "quiet_days",
    "attack",
    "least_people",
    "most_people",
    "lengthened",
)
#: What a log without types says nothing of.
TYPES_ONLY: Final = ("types", "typed", "uses")
#: More could not be told apart by a few topics.
MOST_TYPES: Final = 50
SEARCHES_A_DAY: Final = 200_000
#: Of a restless plan, at any size: most of them have few people, or last for an hour.
BURSTS_A_WEEK: Final = 2_100


@dataclass(frozen=True, slots=True)
class Parameters:
    """The choices behind a simulated log; the defaults make `sample_data`.

    Rates are shares of ordinary searches. Days are days of Asia/Seoul (UTC+9, no summer time).

    Attributes:
        searches: about how many lines the log has, robots and broken lines included.
        days: how many days it covers.
        users: how many people there are (the most active search hundreds of times as much as
            the median).
        seed: the same seed gives the same log.
        start: the first day.
        holidays: days that go like a Sunday.
        slips: typing slips; most are corrected within seconds.
        wrong_keyboard: typed in the wrong state of the Korean/English key; most are corrected.
        spacing: of queries with spaces: a space left out, left so.
        decomposed_users: share of people whose device sends decomposed Hangul (NFD).
        oddities: upper case, full width, no-break or doubled spaces.
        clicks: searches that lead to a click.
        second_clicks: of these: a second line for another click on the same search.
        blank: lines with a blank query.
        broken: lines that are no search for another reason.
        plan: `sample`: what sample_data has in it; `random`: bursts drawn at random, and habits
            for as long as the log lasts; `restless`: hundreds of bursts a day that come back,
            levels that rise for good, and an own hour of the day for each query. What follows
            matters to these two only.
        bursts: how many a week; with none, no level rises either.
        quiet_days: days at the beginning without any burst or attack, so that there is a past.
        attack: whether attacks are planted, one of each kind a week.
        least_people: in the best hour of the smallest burst, at 200,000 searches a day; grows
            in proportion, but is never less than 12. Not of a restless plan: its bursts have the
            sizes of `restless`.
        most_people: the same of the largest burst.
        lengthened: share of ordinary searches whose query is made longer by words that hardly
            anybody else adds.
        types: of how many types people are, with interests, hours and kinds of use of their own;
            with none, each has three topics and nothing else is their own.
        typed: with types: share of what comes to somebody's mind that follows the type; the rest
            is what everybody types.
        uses: with types: each has a use of its own, navigating, looking up, news or shopping.
    """

    searches: int = 55_000
    days: int = 14
    users: int = 3_600
    seed: int = 20_260_302
    start: date = date(2026, 3, 2)
    holidays: tuple[date, ...] = (date(2026, 3, 2),)
    slips: float = 0.03
    wrong_keyboard: float = 0.008
    spacing: float = 0.05
    decomposed_users: float = 0.03
    oddities: float = 0.02
    clicks: float = 0.45
    second_clicks: float = 0.03
    blank: float = 0.008
    broken: float = 0.0025
    plan: str = SAMPLE
    bursts: float = 20.0
    quiet_days: int = 14
    attack: bool = False
    least_people: int = 40
    most_people: int = 2_000
    lengthened: float = 0.45
    types: int = 0
    typed: float = 0.6
    uses: bool = False

    def __post_init__(self) -> None:
        if self.plan not in PLANS:
            *others, last = PLANS
            known = f"{', '.join(others)} or {last}"
            raise ValueError(f"plan must be {known}, got {self.plan!r}.")
        if self.searches < 1_000 or self.users < 100 or self.days < 1:
            raise ValueError(
                "A simulated log needs at least 1,000 searches, 100 users and 1 day: "
                f"got {self.searches} searches, {self.users} users, {self.days} days."
            )
        if not 0 <= self.types <= MOST_TYPES:
            raise ValueError(f"types must be from 0 to {MOST_TYPES}, got {self.types}.")
        if self.uses and not self.types:
            raise ValueError("uses are of types: say how many types, too.")
        for name in _SHARES:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be from 0 to 1, got {getattr(self, name)}.")
        if self.slips + self.wrong_keyboard + self.spacing > 1.0:
            raise ValueError("slips, wrong_keyboard and spacing together must not exceed 1.")
        if self.blank + self.broken > 1.0:
            raise ValueError("blank and broken together must not exceed 1.")
        if self.bursts < 0 or self.quiet_days < 0 or self.seed < 0:
            raise ValueError("bursts, quiet_days and seed must not be negative.")
        if not 1 <= self.least_people <= self.most_people:
            raise ValueError(
                "least_people must be at least 1 and at most most_people: "
                f"got {self.least_people} and {self.most_people}."
            )

    @property
    def is_random(self) -> bool:
        """Whether the plan is drawn at random."""
        return self.plan != SAMPLE

    @property
    def is_restless(self) -> bool:
        """Whether it is as full of bursts as a real portal's boards."""
        return self.plan == RESTLESS

    @property
    def searches_a_day(self) -> float:
        """On average."""
        return self.searches / self.days

    def told(self) -> dict[str, Any]:
        """As JSON has it, in this order; without what the sample's plan has no use for."""
        told = {
            name: value
            for name, value in asdict(self).items()
            if name != "holidays"
            and (self.is_random or name not in RANDOM_ONLY)
            and (self.types or name not in TYPES_ONLY)
            and (self.uses or name != "uses")
        }
        return told | {
            "start": str(self.start),
            "holidays": [str(day) for day in self.holidays],
        }


_SHARES: Final = (
    "slips",
    "wrong_keyboard",
    "spacing",
    "decomposed_users",
    "oddities",
    "clicks",
    "second_clicks",
    "blank",
    "broken",
    "lengthened",
    "typed",
)


def with_defaults(chosen: dict[str, Any]) -> Parameters:
    """Parameters of which only some are chosen; the size of a random plan is a portal's.

    A random plan lasts 28 days at 200,000 searches a day, with as many people as searches a day;
    so does a restless one, whose past is as restless as the rest.

    Raises:
        ValueError: one of them is impossible; one sentence.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    if given.get("plan") == RESTLESS:
        given.setdefault("bursts", float(BURSTS_A_WEEK))
        given.setdefault("quiet_days", 0)
    if given.get("plan", SAMPLE) != SAMPLE:
        days = given.setdefault("days", 28)
        searches = given.setdefault("searches", SEARCHES_A_DAY * max(1, days))
        given.setdefault("users", max(1_000, searches // max(1, days)))
    return Parameters(**given)


def read_parameters(path: Path) -> dict[str, Any]:
    """What a TOML file chooses: names and values as in `Parameters`.

    Raises:
        ValueError: the file cannot be read, or names something unknown, or gives a value of
            another type; one sentence.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ValueError(f"{path} cannot be read: it is no file.")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}.") from error
    defaults = {each.name: each.default for each in fields(Parameters)}
    return {name: _checked(path, name, value, defaults) for name, value in table.items()}


def _checked(path: Path, name: str, value: object, defaults: dict[str, Any]) -> object:
    if name not in defaults:
        raise ValueError(
            f"{path}: there is no parameter {name!r}; known are {', '.join(defaults)}."
        )
    usual = defaults[name]
    if isinstance(usual, tuple):
        if isinstance(value, list) and all(type(day) is date for day in value):
            return tuple(value)
        raise ValueError(f"{path}: {name} must be a list of dates such as 2026-03-02.")
    if isinstance(usual, float) and type(value) is int:
        return float(value)
    if type(value) is not type(usual):
        kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        wanted = kinds.get(type(usual), "a date such as 2026-03-02")
        raise ValueError(f"{path}: {name} must be {wanted}, got {value!r}.")
    return value
