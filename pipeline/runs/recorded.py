"""The row that a run leaves: what it was asked, what it read and wrote, how it ended.

Reads   runs/dt=, when it packs the files of one day into one
Writes  runs/dt=

A row is written without Spark and without the root's lock: a run that was refused or that waited in
vain has one too. Each is a file of its own, so that two runs that end at once are not in each
other's way; the files of a day are packed into one later.
"""

import json
import logging
import secrets
import signal
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from io import BytesIO
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import UnreachableError
from pipeline.failures import as_sentence
from pipeline.schemas import RUNS
from pipeline.store.state import DEFAULT_ZONE
from pipeline.store.storage import Storage
from pipeline.store.tables import rows_of, table_of
from silgeom.commands import BY_SIGNAL

DATASET: Final = "runs"
#: So many files of the running day are packed into one.
FILES_A_DAY: Final = 100
#: How many days the first run of a day looks back for some to pack.
LOOK_BACK: Final = 7
#: Of these arguments only that they were given is kept: they name a person.
PRIVATE_ARGUMENTS: Final = frozenset({"user", "users_from"})
NOT_TOLD: Final = "(not told)"

DONE: Final = "done"
NOTHING_TO_DO: Final = "nothing_to_do"
REFUSED: Final = "refused"
UNREACHABLE: Final = "unreachable"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"

_PACKED: Final = "part-00000.parquet"
_LOG = logging.getLogger(__name__)


@dataclass
class Run:
    """One row of `RUNS`; see there. Filled in as the run goes on."""

    job: str = ""
    version: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = field(default_factory=lambda: secrets.token_hex(8))
    host: str = field(default_factory=socket.gethostname)
    ended_at: datetime | None = None
    seconds: float = 0.0
    outcome: str = DONE
    exit_status: int = 0
    message: str | None = None
    files: int = 0
    files_read: int = 0
    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    withheld: int = 0
    partitions_written: Counter[str] = field(default_factory=Counter)
    zone: str = DEFAULT_ZONE  #: not stored: cuts the days of `runs`

    def row(self) -> dict[str, Any]:
        """The columns of `RUNS`."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in ("arguments", "partitions_written"):
            values[name] = dict(sorted(values[name].items()))
        return {name: values[name] for name in RUNS.names}

    def end(self, error: BaseException | None, *, seconds: float) -> None:
        """Note when and how it ended; `error`: what it ended with."""
        self.ended_at = datetime.now(UTC)
        self.seconds = round(seconds, 3)
        self.outcome, self.exit_status, self.message = _ending(error)
        if error is None and not self.partitions_written:
            self.outcome = NOTHING_TO_DO


_RUNNING: ContextVar[Run | None] = ContextVar("run", default=None)


def current_run() -> Run:
    """The run that is recorded now; where none is, one that nobody will read."""
    return _RUNNING.get() or Run()


@contextmanager
def recorded(run: Run) -> Iterator[Run]:
    """Let `run` be the current one, and note how the block ended."""
    token, began = _RUNNING.set(run), monotonic()
    error: BaseException | None = None
    try:
        yield run
    except BaseException as raised:
        error = raised
        raise
    finally:
        _RUNNING.reset(token)
        run.end(error, seconds=monotonic() - began)
        text = f"{run.job}: {run.outcome} after {run.seconds:.1f} s"
        row = {name: value for name, value in run.row().items() if value is not None}
        _LOG.info(text, extra={"run": row})


def write_run(storage: Storage, root: str, run: Run) -> None:
    """Add the row of a run that ended to `runs` under a root (an address).

    Raises:
        OSError: the storage cannot be written.
    """
    ended_at = run.ended_at or datetime.now(UTC)
    day = f"dt={ended_at.astimezone(ZoneInfo(run.zone)):%Y-%m-%d}"
    folder = f"{root}/{DATASET}/{day}"
    here = [file.address for file in storage.files(folder) or []]
    storage.write_bytes(
        f"{folder}/run-{ended_at:%H%M%S}-{run.run_id}.parquet",
        parquet_of(table_of([run.row()], RUNS)),
    )
    if not here:  # the first run of a day: the days before are over
        _pack_days_before(storage, root, day)
    elif len(here) >= FILES_A_DAY:
        _pack_day(storage, folder, here)


def parquet_of(table: pa.Table) -> bytes:
    """A table as a Parquet file."""
    buffer = BytesIO()
    pq.write_table(table, buffer, compression="zstd", coerce_timestamps="us")
    return buffer.getvalue()


def told_arguments(given: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, str]:
    """The arguments that differ from their defaults, as text: no secret and no person among them.

    A URI loses what stands before its @; `PRIVATE_ARGUMENTS` are named without their value.
    """
    return {
        name: NOT_TOLD if name in PRIVATE_ARGUMENTS else _told(value)
        for name, value in sorted(given.items())
        if value is not None and value != defaults.get(name)
    }


def _told(value: object) -> str:
    if isinstance(value, str):
        parts = urlsplit(value) if "://" in value else None
        if parts is None or "@" not in parts.netloc:
            return value
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    if isinstance(value, Mapping | Sequence):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _ending(error: BaseException | None) -> tuple[str, int, str | None]:
    """Outcome, exit status, message."""
    if error is None:
        return DONE, 0, None
    told = as_sentence(error)
    if told is not None:
        outcome = UNREACHABLE if isinstance(told, UnreachableError) else REFUSED
        return outcome, told.exit_status, str(told)
    if not isinstance(error, Exception):
        number = signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM
        return INTERRUPTED, BY_SIGNAL + number, None
    # Its text may hold anything, a line of a log too: the trace on standard error has it.
    return FAILED, 1, type(error).__name__


def _pack_days_before(storage: Storage, root: str, day: str) -> None:
    """Pack the last days before `day`, of which the first run of a day leaves one at most."""
    for name in [each for each in storage.folders(f"{root}/{DATASET}") if each < day][-LOOK_BACK:]:
        folder = f"{root}/{DATASET}/{name}"
        files = [file.address for file in storage.files(folder) or []]
        if len(files) > 1:
            _pack_day(storage, folder, files)


def _pack_day(storage: Storage, folder: str, files: Sequence[str]) -> None:
    """Make one file of the files of a day.

    Killed in between, rows stand in two files until the day is packed again; never in none. Two
    runs that pack at once write the same file.
    """
    contents = [storage.read_bytes(file) for file in files]
    if any(content is None for content in contents):
        return  # another run is at it
    tables = [
        pq.ParquetFile(BytesIO(content)).read() for content in contents if content is not None
    ]
    rows = {row["run_id"]: row for table in tables for row in rows_of(table)}
    ordered = sorted(rows.values(), key=lambda row: (row["started_at"], row["run_id"]))
    packed = f"{folder}/{_PACKED}"
    storage.write_bytes(packed, parquet_of(table_of(ordered, RUNS)))
    for file in files:
        if file != packed:
            storage.delete(file)
