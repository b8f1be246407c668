"""What the server reads under a root: the days of each dataset, and their rows.

Nothing here writes, and nothing takes the root's lock. A job may replace a file while it is read;
whoever calls a function of this module handles `UNREADABLE`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.carriers.session import Session
from pipeline.columns import Columns
from pipeline.errors import PipelineError, RootError
from pipeline.schemas import LIVE_WINDOWS_NOTE
from pipeline.store.migrations import LAYOUT
from pipeline.store.state import DEFAULT_ZONE, STATE, parsed_state
from pipeline.store.storage import FileStatus, qualified, storage_of
from pipeline.store.tables import scanned_leniently

#: What goes wrong where files vanish, are damaged, or are out of reach.
UNREADABLE: Final = (
    OSError,
    PipelineError,
    pl.exceptions.PolarsError,
    pa.ArrowException,
)


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a root from the next.

    Attributes:
        size: bytes of the file of its state.
        modified_at: when that file was written, UTC.
    """

    size: int
    modified_at: datetime


class Results:
    """The datasets under one root, to be read."""

    def __init__(self, session: Session, name: str) -> None:
        """Take what a user calls the root: a folder, or an address such as hdfs:// gives.

        Raises:
            PipelineError: no storage serves such an address.
        """
        self.address = qualified(session, name)
        self._storage = storage_of(session, self.address)

    def stamp(self) -> Stamp | None:
        """The present state of the root; None: there is no root.

        Raises:
            OSError: the storage is out of reach.
        """
        files = self._storage.files(f"{self.address}/{STATE}") or []
        return Stamp(files[0].size, files[0].modified_at) if files else None

    def zone(self) -> ZoneInfo:
        """The reporting zone.

        Raises:
            RootError: a later version wrote the root.
        """
        try:
            state = parsed_state(self._storage.read_text(f"{self.address}/{STATE}") or "")
        except (ValueError, KeyError, TypeError):
            return ZoneInfo(DEFAULT_ZONE)  # the next job makes the file anew
        if state.layout > LAYOUT:
            raise RootError("a later version of Silgeom wrote the root: update this program")
        return ZoneInfo(state.zone)

    def days(self, dataset: str) -> list[str]:
        """The days (YYYY-MM-DD) that have a folder in a dataset, in order."""
        names = self._storage.folders(f"{self.address}/{dataset}")
        found = (name.removeprefix("dt=") for name in names if name.startswith("dt="))
        return sorted(day for day in found if _is_day(day))

    def newest(self, dataset: str) -> str | None:
        """The newest day of a dataset that has files; None: none has."""
        days = reversed(self.days(dataset))
        return next((day for day in days if self.files(f"{dataset}/dt={day}")), None)

    def folders(self, place: str) -> list[str]:
        """The names of the folders in a folder of the root."""
        return self._storage.folders(f"{self.address}/{place}")

    def files(self, place: str) -> list[FileStatus]:
        """The files of Parquet below a folder of the root."""
        files = self._storage.files(f"{self.address}/{place}") or []
        return [file for file in files if file.address.endswith(".parquet")]

    def rows(self, files: Iterable[FileStatus], columns: Columns) -> pl.LazyFrame:
        """The rows of some files; columns that an earlier version did not write are null."""
        return scanned_leniently(self._storage, [file.address for file in files], columns)

    def windows(self, file: FileStatus) -> list[datetime]:
        """The ends (UTC) of all windows of a file of live/, also of those without a row."""
        with self._storage.open(file.address) as stream:
            notes = pq.ParquetFile(stream).metadata.metadata or {}
        return _windows(notes.get(LIVE_WINDOWS_NOTE.encode()))

    def of_days(self, dataset: str, days: Iterable[str], columns: Columns) -> pl.LazyFrame:
        """The rows of some days of a dataset, with `dt` (YYYY-MM-DD)."""
        parts = [pl.LazyFrame(schema={**columns, "dt": pl.String()})]
        for day in days:
            rows = self.rows(self.files(f"{dataset}/dt={day}"), columns)
            parts.append(rows.with_columns(dt=pl.lit(day)))
        return pl.concat(parts)

    def table(
        self, files: Iterable[FileStatus], columns: list[str], repeated: Sequence[str] = ()
    ) -> pa.Table:
        """Some columns of some files, as Arrow has them; the repeated ones as dictionaries."""
        tables = []
        for file in files:
            with self._storage.open(file.address) as stream:
                # `read_table` would load Arrow's datasets, 60 MB of them.
                parquet = pq.ParquetFile(BytesIO(stream.read()), read_dictionary=list(repeated))
                tables.append(parquet.read(columns=columns, use_threads=False))
        return pa.concat_tables(tables)


def _windows(footer: bytes | None) -> list[datetime]:
    """The ends of windows (UTC) that the footer of a file of live/ names."""
    try:
        return [
            datetime.fromisoformat(each).astimezone(UTC) for each in json.loads(footer or b"[]")
        ]
    except (ValueError, TypeError):
        return []


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
