"""What a root knows of itself, as plain values and JSON; nothing here touches storage.

`_state.json` tells the layout, the reporting zone and the number of the last change; `_days.json`
has a line for each day of `searches`. Both carry layout, zone and what was kept, so that either can
be made anew from the other. What a partition was made of stands in the folder above it: see
`made_of_file`.
"""

import hashlib
import json
from dataclasses import asdict, astuple, dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

DEFAULT_ZONE: Final = "Asia/Seoul"
STATE: Final = "_state.json"
DAYS: Final = "_days.json"
MADE_OF: Final = "_made_of.json"

#: What layout 0 has in place of a number: a digest of columns.
COLUMNS_OF_LAYOUT_0: Final = "7391035c8ebb"

#: Hexadecimal digits of a fingerprint: two of 2^64 differ with one chance in two.
FINGERPRINT_DIGITS: Final = 32


@dataclass(frozen=True)
class DayVersion:
    """The runs that last changed a day of `searches`: any of it, its first hours, its last hour.

    Sessions cross midnight: the pairs of a day also read the last hour of the day before and the
    first hours of the day after, and nothing else of them.
    """

    any: int
    head: int
    tail: int
    newest: str  #: the newest search of the day, ISO 8601 in UTC


@dataclass
class State:
    """Layout, zone, number of the last change, and the days of `searches`."""

    layout: int = 0  #: of the root's files: see pipeline/store/migrations.py
    zone: str = DEFAULT_ZONE  #: in which days and hours are cut
    run: int = 0  #: number of the last run that changed something
    #: By dt. A day of which only counts are kept stays here: see `kept_from`.
    days: dict[str, DayVersion] = field(default_factory=dict)
    #: Dataset -> the first day (dt) that was kept when older ones went: see retention.py.
    kept_from: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "State":
        """A state that changes apart from this one."""
        return replace(self, days=dict(self.days), kept_from=dict(self.kept_from))

    def is_kept(self, dataset: str, day: str) -> bool:
        """Whether a day of a dataset is none of those that went for their age."""
        return day >= self.kept_from.get(dataset, "")

    def newest_search(self) -> datetime | None:
        """The time of the newest search taken in, UTC; None if there is none."""
        if not self.days:
            return None
        return max(datetime.fromisoformat(version.newest) for version in self.days.values())

    def to_json(self) -> str:
        """The text of `_state.json`: the same state gives the same bytes."""
        return _json({**self._about(), "run": self.run})

    def days_to_json(self) -> str:
        """The text of `_days.json`."""
        days = {day: asdict(version) for day, version in sorted(self.days.items())}
        return _json({**self._about(), "days": days})

    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = {"layout": self.layout, "zone": self.zone}
        return {**about, "kept_from": self.kept_from} if self.kept_from else about


def parsed_state(text: str) -> State:
    """`_state.json`, without its days.

    Raises:
        ValueError: it is damaged.
    """
    values = _object(text)
    layout = 0 if values["layout"] == COLUMNS_OF_LAYOUT_0 else values["layout"]
    return _plausible(State(layout, values["zone"], values["run"], kept_from=values["kept_from"]))


def parsed_days(text: str) -> State:
    """The state as `_days.json` tells it; `run` is the last that changed a day.

    Raises:
        ValueError: it is damaged.
    """
    values = _object(text)
    days = days_of_json(values.get("days"))
    run = max((version.any for version in days.values()), default=0)
    return _plausible(State(values["layout"], values["zone"], run, days, values["kept_from"]))


def days_of_json(values: object) -> dict[str, DayVersion]:
    """The days, from what JSON made of them.

    Raises:
        ValueError: they are damaged.
    """
    if not isinstance(values, dict):
        raise ValueError("no days")
    days = {}
    for day, version in values.items():
        try:
            days[date.fromisoformat(day).isoformat()] = known = DayVersion(**version)
            *runs, newest = astuple(known)
            is_whole = all(isinstance(run, int) for run in runs)
            is_whole = is_whole and datetime.fromisoformat(newest).tzinfo is not None
        except TypeError as error:
            raise ValueError(f"day {day}") from error
        if not is_whole:
            raise ValueError(f"day {day}")
    return days


def made_of_file(dataset: str, partition: str) -> tuple[str, str]:
    """Where it stands what a partition was made of: a file below the root, and the name in it.

    The file lies in the folder above the partition's: one for the days of a dataset, one for the
    hours of a day. So it holds a line for each of few, however many boards there are.

    Examples:
        >>> made_of_file("related", "dt=2026-03-02")
        ('related/_made_of.json', 'dt=2026-03-02')
        >>> made_of_file("trending", "dt=2026-03-02/hour=10")
        ('trending/dt=2026-03-02/_made_of.json', 'hour=10')
    """
    above, _, name = f"{dataset}/{partition}".rpartition("/")
    return f"{above}/{MADE_OF}", name


def made_of_to_json(fingerprints: dict[str, str]) -> str:
    """The text of a `_made_of.json`: partition -> fingerprint."""
    return json.dumps(fingerprints, indent=0, sort_keys=True) + "\n"


def parsed_made_of(data: bytes | None) -> dict[str, str]:
    """The fingerprints of a `_made_of.json`; none if it is damaged: then all is made again."""
    try:
        values = json.loads(data or b"{}")
    except ValueError:
        return {}
    if not isinstance(values, dict):
        return {}
    return {name: each for name, each in values.items() if isinstance(each, str)}


def fingerprint(**parts: Any) -> str:  # noqa: ANN401
    """What a partition was made of, in brief: equal means nothing to do."""
    return digest(json.dumps(parts, sort_keys=True, default=str))


def digest(text: str) -> str:
    """`FINGERPRINT_DIGITS` of the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_DIGITS]


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=1) + "\n"


def _object(text: str) -> dict[str, Any]:
    values = json.loads(text)
    if not isinstance(values, dict) or not {"layout", "zone"} <= values.keys():
        raise ValueError("no state")
    return {"run": 0, "kept_from": {}, **values}


def _plausible(state: State) -> State:
    is_whole = isinstance(state.layout, int) and isinstance(state.run, int)
    is_whole = is_whole and isinstance(state.kept_from, dict)
    is_whole = is_whole and all(isinstance(day, str) for day in state.kept_from.values())
    if not is_whole or not isinstance(state.zone, str) or state.run < 0:
        raise ValueError("no state")
    return state
