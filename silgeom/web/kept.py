"""Counts of days, kept in memory: the page of a query needs weeks of them at once.

Of each day the rows are kept of which at least `MIN_SEARCHERS` people speak, a few of a hundred;
nothing else of a count is ever shown. A day is read again when its files change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline import columns
from pipeline.columns import Columns
from pipeline.store.storage import FileStatus
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.reading import Results

#: Rows that stay in memory: of hours 20 bytes each, of names about 120. Days beyond are read anew.
HOURS_KEPT: Final = 4_000_000
NAMES_KEPT: Final = 400_000

_HOURS: Final = {name: columns.HOURLY_COUNTS[name] for name in ("hour", "query_id", "searchers")}
_NAMES: Final = {
    name: columns.DAILY_COUNTS[name] for name in ("query_id", "query", "surface", "searchers")
}

_SIDES: Final[tuple[Literal["left"], Literal["right"]]] = ("left", "right")


@dataclass(frozen=True)
class _Day:
    """A day of a dataset.

    Attributes:
        files: of which it was read.
        ids: `query_id` of the rows, in order.
        rows: those of enough people.
        newest: the newest hour of any row, UTC; None: there is none, or the dataset has no hours.
    """

    files: Sequence[FileStatus]
    ids: NDArray[np.int64]
    rows: pl.DataFrame
    newest: datetime | None

    def people(self, query_id: int) -> Mapping[datetime, int]:
        """People by hour (UTC) of a query."""
        first, end = (int(np.searchsorted(self.ids, query_id, side)) for side in _SIDES)
        if first == end:
            return {}
        found = self.rows.slice(first, end - first).select("hour", "searchers")
        return {hour.astimezone(UTC): searchers for hour, searchers in found.iter_rows()}


class _Days:
    """The days of a dataset that were looked at."""

    def __init__(self, results: Results, dataset: str, columns: Columns) -> None:
        self._results = results
        self._dataset = dataset
        self._columns = columns
        self._kept: dict[str, _Day] = {}
        self._lock = Lock()

    def of(self, day: str, most: int) -> _Day:
        """A day (YYYY-MM-DD), kept if all rows are `most` then."""
        files = self._results.files(f"{self._dataset}/dt={day}")
        with self._lock:  # who comes second finds what the first one has read
            known = self._kept.pop(day, None)
            found = known if known is not None and known.files == files else self._read(files)
            if len(found.rows) + sum(len(each.rows) for each in self._kept.values()) <= most:
                self._kept[day] = found
            return found

    def forget_others(self, days: Sequence[str]) -> None:
        """Keep none but these."""
        with self._lock:
            self._kept = {day: self._kept[day] for day in days if day in self._kept}

    def _read(self, files: Sequence[FileStatus]) -> _Day:
        counts = self._results.rows(files, self._columns)
        enough = counts.filter(pl.col("searchers") >= MIN_SEARCHERS).sort("query_id")
        hour = pl.col("hour").max() if "hour" in self._columns else pl.lit(None)
        found, newest = pl.collect_all([enough, counts.select(hour)])
        # Texts of a few rows hold on to the texts of all, but for a copy of another layout.
        rows = pl.DataFrame(found.to_arrow(compat_level=pl.CompatLevel.oldest()))
        last = newest.item()
        return _Day(files, rows["query_id"].to_numpy(), rows, last and last.astimezone(UTC))


class Kept:
    """What is known of queries, by day, under one root."""

    def __init__(self, results: Results) -> None:
        self._hours = _Days(results, "hourly_counts", _HOURS)
        self._names = _Days(results, "daily_counts", _NAMES)

    def name(self, query: str, days: Sequence[str]) -> tuple[int, str] | None:
        """The id of a query, and how it was typed, on the newest day on which enough people did.

        Args:
            query: normalised.
            days: YYYY-MM-DD, in order.
        """
        self._names.forget_others(days)
        for day in reversed(days):
            rows = self._names.of(day, NAMES_KEPT).rows
            found = rows.filter(pl.col("query") == query)
            if len(found):
                return int(found["query_id"][0]), found["surface"][0] or query
        return None

    def hours(
        self, query_id: int, days: Sequence[str]
    ) -> tuple[dict[datetime, int], datetime | None]:
        """What is known of a query on some days (YYYY-MM-DD, in order).

        Returns:
            People by hour, UTC, of the hours with at least `MIN_SEARCHERS`; and the newest hour of
            any query, None: there is no search.
        """
        self._hours.forget_others(days)
        people: dict[datetime, int] = {}
        newest = None
        for each in days:
            day = self._hours.of(each, HOURS_KEPT)
            people.update(day.people(query_id))
            newest = day.newest or newest
        return people, newest
