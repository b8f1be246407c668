"""Which results a run makes: the one of a moment, or those of every window or day of a range.

A range is made one result after the other, the oldest first, each in a change of its own. What is
up to date is passed over, so a run that was cut off goes on where it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from pipeline.errors import InvalidParameterError
from pipeline.runs.published import as_of_day, next_full_hour, window_end
from pipeline.store.root import Root

Target = TypeVar("Target", date, datetime)

#: The least step of a clock: a window that ends at a moment does not hold it.
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """What a command line asks for: a moment, or a range of days, both ends included."""

    at: datetime | None = None  #: None: the newest search
    first: date | None = None  #: of a range
    last: date | None = None  #: of a range; None: the day of the newest search


def require_range(asked: Asked) -> None:
    """Raise unless the range, if one is asked for, makes sense.

    Raises:
        InvalidParameterError: it ends before it begins, or has an end alone.
    """
    if asked.last is not None and asked.first is None:
        raise InvalidParameterError("--to needs --from: name the first day too")
    if asked.first is not None and asked.last is not None and asked.last < asked.first:
        raise InvalidParameterError(f"--to {asked.last} is before --from {asked.first}")


def ends_asked_for(root: Root, asked: Asked, *, hours: int) -> list[datetime]:
    """The ends of windows (UTC) whose boards are to be made, in order.

    Of a range, those of every full hour after the first day began and until the last one ended, but
    only of windows that end after the first search and not after the newest one's hour, and that
    reach into a day with searches.

    Raises:
        InvalidParameterError: no window of the range has searches.
    """
    if asked.first is None:
        return [window_end(root, asked.at)]
    newest, zone = window_end(root, None), ZoneInfo(root.state.zone)
    first, last = _clipped(root, asked, newest.astimezone(zone).date())
    length = timedelta(hours=hours)
    known = root.state.days
    return [
        end
        for end in window_ends(first, last, root.state.zone)
        if end <= newest
        and not known.keys().isdisjoint(_days_of(end - length, end - _TICK, root.state.zone))
    ]


def days_asked_for(root: Root, asked: Asked) -> list[date]:
    """The days as of whose end results are to be made, in order: of a range, those of the log.

    Raises:
        InvalidParameterError: no day of the range is one.
    """
    if asked.first is None:
        return [as_of_day(root, asked.at)]
    first, last = _clipped(root, asked, as_of_day(root, None))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def window_ends(first: date, last: date, zone: str) -> Iterator[datetime]:
    """Every full hour of a zone, as UTC, from an hour after `first` began until `last` has ended.

    An hour that comes twice has two ends, one that is left out none.
    """
    clock = ZoneInfo(zone)
    begin = datetime.combine(first, time(), clock).astimezone(UTC)
    stop = datetime.combine(last + timedelta(days=1), time(), clock).astimezone(UTC)
    end = next_full_hour(begin + _TICK, zone)
    while end <= stop:
        yield end
        end = next_full_hour(end + _TICK, zone)


def numbered(targets: Sequence[Target], asked: Asked) -> Iterator[tuple[Target, str]]:
    """Each target and its place, such as "3 of 72"; "" where no range was asked for."""
    for number, target in enumerate(targets, 1):
        yield target, "" if asked.first is None else f"{number:,} of {len(targets):,}"


def _clipped(root: Root, asked: Asked, newest: date) -> tuple[date, date]:
    """The range as far as there is a log."""
    oldest = date.fromisoformat(min(root.state.days, default=newest.isoformat()))
    first, last = max(asked.first or oldest, oldest), min(asked.last or newest, newest)
    if first > last:
        raise InvalidParameterError(
            f"there is no search from {asked.first} to {asked.last or newest}: the log has "
            f"searches from {oldest} to {newest}, so choose another --from"
        )
    return first, last


def _days_of(begin: datetime, end: datetime, zone: str) -> list[str]:
    clock = ZoneInfo(zone)
    first, last = begin.astimezone(clock).date(), end.astimezone(clock).date()
    return [
        (first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)
    ]
