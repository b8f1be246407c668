"""Boards of trending keywords: the newest one, and each one that is stored."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import RLock
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import columns
from pipeline.store.storage import FileStatus
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.reading import Results

#: Days of boards that stay in memory.
DAYS_KEPT: Final = 40

#: The folder of a board of a full hour; the second time an hour comes it is 02B.
_HOUR_FOLDER: Final = "hour="

Row = dict[str, Any]


@dataclass(frozen=True)
class Board:
    """The board of the window that ends at `at` (UTC).

    Attributes:
        at: the end of the window, UTC.
        rows: by rank, each with the columns of `TRENDING`.
    """

    at: datetime
    rows: tuple[Row, ...]

    @cached_property
    def id(self) -> str:
        """Tells this board from every other one, also from one of the same window."""
        digest = hashlib.sha256(repr(self.rows).encode()).hexdigest()[:12]
        return f"{self.at:%Y%m%dT%H%M%SZ}-{digest}"


@dataclass
class _Day:
    """The boards of one day, and the files that they were read from."""

    files: tuple[FileStatus, ...]
    looked: int  #: at which change of the root the files were listed
    boards: dict[datetime, Board] = field(default_factory=dict)


class Boards:
    """All boards under a root: those of `live` and, where it has none, of `trending`."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._changes = 0
        self._listed: tuple[int, list[str]] = (-1, [])
        self._days: dict[str, _Day] = {}
        self._lock = RLock()

    def renew(self) -> None:
        """The root has changed: look at its folders again when they are asked for."""
        self._changes += 1

    def days(self) -> list[str]:
        """The days of the reporting zone that have boards, in order."""
        with self._lock:
            changes, days = self._listed
            if changes != self._changes:
                changes = self._changes
                days = sorted({*self._results.days("live"), *self._results.days("trending")})
                self._listed = (changes, days)
            return days

    def of_day(self, day: str, zone: ZoneInfo) -> Mapping[datetime, Board]:
        """The boards whose windows end on a day, by that end, in order."""
        with self._lock:
            return self._of_day(day, zone).boards

    def _of_day(self, day: str, zone: ZoneInfo) -> _Day:
        known = self._days.get(day)
        changes = self._changes
        if known is not None and known.looked == changes:
            return known
        hourly = self._results.files(f"trending/dt={day}")
        live = self._results.files(f"live/dt={day}")
        files = (*hourly, *live)
        if known is not None and known.files == files:
            known.looked = changes
            return known
        boards: dict[datetime, Board] = {}
        for file in hourly:  # a file each: a board without rows is known by its folder
            boards.update(self._read([file]) or _empty(file, day, zone))
        for file in live:
            boards.update({end: Board(end, ()) for end in self._results.windows(file)})
        boards.update(self._read(list(live)))
        self._days.pop(day, None)
        self._days[day] = found = _Day(files, changes, dict(sorted(boards.items())))
        while len(self._days) > DAYS_KEPT:
            del self._days[next(iter(self._days))]
        return found

    def newest(self, zone: ZoneInfo) -> Board | None:
        """The board of the latest window; None: there is none."""
        for day in reversed(self.days()):
            boards = self.of_day(day, zone)
            if boards:
                return boards[max(boards)]
        return None

    def at(self, moment: datetime, zone: ZoneInfo) -> Board | None:
        """The board of the last window that ended by a moment; None: it is outside the log.

        A moment after the newest board is outside, too.
        """
        newest = self.newest(zone)
        if newest is None or moment > newest.at:
            return None
        day = moment.astimezone(zone).date().isoformat()
        days = self.days()
        for each in reversed(days[: bisect_right(days, day)]):
            ended = [end for end in self.of_day(each, zone) if end <= moment]
            if ended:
                return self.of_day(each, zone)[ended[-1]]
        return None

    def before(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The end of the window before that of the board at a moment."""
        found = self.at(moment - timedelta(microseconds=1), zone)
        return None if found is None else found.at

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The end of the window after that of the board at a moment."""
        days = self.days()
        day = moment.astimezone(zone).date().isoformat()
        for each in days[bisect_left(days, day) :]:
            later = [end for end in self.of_day(each, zone) if end > moment]
            if later:
                return later[0]
        return None

    def _read(self, files: list[FileStatus]) -> dict[datetime, Board]:
        rows = self._results.rows(files, columns.TRENDING)
        shown = rows.filter(pl.col("searchers") >= MIN_SEARCHERS).sort("window_end", "rank")
        found: dict[datetime, list[Row]] = {}
        for row in shown.collect().iter_rows(named=True):
            found.setdefault(row["window_end"].astimezone(UTC), []).append(_whole(row))
        return {end: Board(end, tuple(rows)) for end, rows in found.items()}


def _whole(row: Row) -> Row:
    """A row whose empty fields are as earlier versions meant them."""
    believed = row["believed_searchers"]
    return {
        **row,
        "surface": row["surface"] or row["query"],
        "variants": row["variants"] or [],
        "movement": row["movement"] or "SAME",
        # Before there was a mark, boards had surprises alone.
        "is_surprise": row["is_surprise"] is not False,
        "believed_searchers": None if believed is None or believed < MIN_SEARCHERS else believed,
    }


def _empty(file: FileStatus, day: str, zone: ZoneInfo) -> dict[datetime, Board]:
    """The board without rows that a file of a full hour is; none if it is none."""
    folder = file.address.split("/")[-2]
    hour = folder.removeprefix(_HOUR_FOLDER)
    if not folder.startswith(_HOUR_FOLDER) or not hour[:2].isdigit():
        return {}
    local = datetime.fromisoformat(day).replace(
        hour=int(hour[:2]), fold=int(hour.endswith("B")), tzinfo=zone
    )
    end = local.astimezone(UTC)
    return {end: Board(end, ())}
