"""Hours of queries, kept in memory: the page of a query needs weeks of them at once.

Of each day the hours are kept in which at least `MIN_SEARCHERS` people searched for a query, a few
of a hundred rows; nothing else of a count is ever shown. A day is read again when its files change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Final

import polars as pl

from pipeline import columns
from pipeline.store.storage import FileStatus
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.reading import Results

#: Rows that stay in memory, of 20 bytes: days beyond are read each time.
ROWS_KEPT: Final = 4_000_000

_COLUMNS: Final = {name: columns.HOURLY_COUNTS[name] for name in ("hour", "query_id", "searchers")}


@dataclass(frozen=True)
class _Day:
    """A day.

    Attributes:
        files: of which it was read.
        newest: the newest hour of any query, UTC; None: no search.
        rows: `hour`, `query_id`, `searchers`; by `query_id`.
    """

    files: Sequence[FileStatus]
    newest: datetime | None
    rows: pl.DataFrame

    def people(self, query_id: int) -> Mapping[datetime, int]:
        """People by hour (UTC) of a query."""
        ids = self.rows["query_id"]
        first, end = (ids.search_sorted(query_id, side) for side in ("left", "right"))
        found = self.rows.slice(first, end - first).select("hour", "searchers")
        return {hour.astimezone(UTC): searchers for hour, searchers in found.iter_rows()}


class Hours:
    """The hours of queries under one root."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._kept: dict[str, _Day] = {}
        self._lock = Lock()

    def of_query(
        self, query_id: int, days: Sequence[str]
    ) -> tuple[dict[datetime, int], datetime | None]:
        """What is known of a query on some days (YYYY-MM-DD, in order).

        Returns:
            People by hour, UTC, of the hours with at least `MIN_SEARCHERS`; and the newest hour of
            any query, None: there is no search.
        """
        people: dict[datetime, int] = {}
        newest = None
        for day in self._of(days):
            people.update(day.people(query_id))
            newest = day.newest or newest
        return people, newest

    def _of(self, days: Sequence[str]) -> Sequence[_Day]:
        with self._lock:  # who comes second finds what the first one has read
            self._kept = {day: self._kept[day] for day in days if day in self._kept}
            return [self._of_day(day) for day in days]

    def _of_day(self, day: str) -> _Day:
        files = self._results.files(f"hourly_counts/dt={day}")
        known = self._kept.pop(day, None)
        found = known if known is not None and known.files == files else self._read(files)
        if len(found.rows) + sum(len(each.rows) for each in self._kept.values()) <= ROWS_KEPT:
            self._kept[day] = found
        return found

    def _read(self, files: Sequence[FileStatus]) -> _Day:
        counts = self._results.rows(files, _COLUMNS)
        shown = counts.filter(pl.col("searchers") >= MIN_SEARCHERS).sort("query_id")
        rows, newest = pl.collect_all([shown, counts.select(pl.col("hour").max())])
        last = newest.item()
        return _Day(files, last and last.astimezone(UTC), rows)
