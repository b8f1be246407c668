"""The root: where every dataset lies, what is up to date there, and how it is replaced.

A dataset is a folder of Parquet files, in folders `dt=YYYY-MM-DD` (`/hour=HH`) where it has days.
What a run changes is written to `_staging` first; then one small file, `_journal.json`, names every
move, and from then on the change holds: the moves are renames, each at once, and a run that finds a
journal finishes it first. `_state.json` tells which days changed when and what was made of which.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from pyspark.sql import DataFrame
from pyspark.sql.types import StringType, StructField, StructType

from pipeline.errors import RootError
from pipeline.formats import known_zone
from pipeline.schemas import LEDGER, REJECTS, SEARCHES
from pipeline.session import Session
from pipeline.storage import Storage, qualified, spark_path, storage_of
from pipeline.user_ids import UserKeys

DEFAULT_ZONE: Final = "Asia/Seoul"
STATE: Final = "_state.json"
JOURNAL: Final = "_journal.json"
LOCK: Final = "_lock"
STAGING: Final = "_staging"
USER_KEY: Final = "_user_key"
#: Datasets of days whose rows hold user ids.
WITH_USER_IDS: Final = ("searches", "rejects", "daily_counts", "daily_pairs")
_WITHOUT_KEY: Final = (
    "restore the file from a backup, or take a new --root, into which the logs are taken in again"
)


@dataclass
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
    """What a root knows of itself; kept as JSON."""

    zone: str = DEFAULT_ZONE
    run: int = 0  #: number of the last run that changed something
    layout: str = field(default_factory=lambda: layout_of(SEARCHES, REJECTS, LEDGER))
    days: dict[str, DayVersion] = field(default_factory=dict)  #: by dt, of `searches`
    #: dataset -> partition ("dt=…") -> what it was made of: a partition is up to date while equal
    made_of: dict[str, dict[str, str]] = field(default_factory=dict)

    def to_json(self) -> str:
        """Stable text: the same state gives the same bytes."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "State":
        """Read what `to_json` wrote."""
        values = json.loads(text)
        if values["layout"] != cls().layout:
            raise ValueError("other columns")
        days = {day: DayVersion(**version) for day, version in values.pop("days").items()}
        return cls(days=days, **values)

    def newest_search(self) -> datetime | None:
        """The time of the newest search taken in, UTC; None if there is none."""
        if not self.days:
            return None
        return max(datetime.fromisoformat(version.newest) for version in self.days.values())


class Root:
    """The datasets under one root. Make it with `open_root`, which holds the lock."""

    def __init__(self, session: Session, address: str, storage: Storage) -> None:
        self.session = session
        self.address = address
        self.storage = storage
        self.state = State()
        self.written: Counter[str] = Counter()  #: partitions that this run replaced, by dataset

    def user_keys(self) -> UserKeys:
        """The keys of `user_id`; made at the first call.

        Raises:
            RootError: the file of the keys is gone while there are searches, or it is damaged.
        """
        address = f"{self.address}/{USER_KEY}"
        try:
            text = self.storage.read_text(address)
            if text is not None:
                return UserKeys.from_text(text)
        except ValueError as error:  # neither is its text shown, nor what was wrong with it
            raise RootError(
                f"{address} is damaged, and without the key new searches would count the same "
                f"people twice: {_WITHOUT_KEY}"
            ) from error
        if self.state.days or any(self.days_of(each) for each in WITH_USER_IDS):
            raise RootError(
                f"{address} is gone, and without the key new searches would count the same "
                f"people twice: {_WITHOUT_KEY}"
            )
        keys = UserKeys.new()
        self.storage.write_text(address, keys.to_text(), private=True)
        return keys

    def read(self, dataset: str, schema: StructType, partitions: Sequence[str]) -> DataFrame:
        """The named partitions ("dt=2026-03-02", "" for a dataset without) of a dataset.

        Returns:
            The columns of `schema`, and the folders' (`dt` …) as strings. Empty without partitions.
        """
        names = (
            [part.partition("=")[0] for part in partitions[0].split("/")] if partitions else ["dt"]
        )
        columns = [StructField(name, StringType()) for name in names if name]
        whole = StructType([*schema.fields, *columns])
        if not partitions:
            return self.session().createDataFrame([], whole)
        base = spark_path(f"{self.address}/{dataset}")
        reader = self.session().read.schema(whole).option("basePath", base)
        return reader.parquet(*(f"{base}/{part}".rstrip("/") for part in partitions))

    def days_of(self, dataset: str) -> list[str]:
        """The days of which a dataset of days has a folder."""
        found = self.storage.files(f"{self.address}/{dataset}") or []
        start = f"{self.address}/{dataset}/dt="
        return sorted(
            {f.address.removeprefix(start)[:10] for f in found if f.address.startswith(start)}
        )

    def largest_day(self, dataset: str, days: Iterable[str]) -> int:
        """The bytes of the largest of some days of a dataset."""
        folders = (f"{self.address}/{dataset}/dt={day}" for day in days)
        sizes = (sum(file.size for file in self.storage.files(each) or []) for each in folders)
        return max(sizes, default=0)

    @contextmanager
    def change(self) -> Iterator["Change"]:
        """Stage partitions; they and the state take effect together when the block ends well."""
        self.session()  # started here, since columns can only be named while there is one
        change = Change(self)
        try:
            yield change
            change.commit()
        finally:
            self.storage.delete(f"{self.address}/{STAGING}")

    def finish_journal(self) -> None:
        """Finish the moves of a run that was cut off after it had decided them."""
        text = self.storage.read_text(f"{self.address}/{JOURNAL}")
        if text is None:
            return
        journal = json.loads(text)
        for source, target in journal["moves"]:
            if self.storage.files(source) is not None:
                self.storage.replace(source, target)
        kept = {target for _, target in journal["moves"]}
        for folder in journal["folders"]:
            for file in self.storage.files(folder) or []:
                if file.address not in kept:
                    self.storage.delete(file.address)
        self.storage.write_text(f"{self.address}/{STATE}", journal["state"])
        self.storage.delete(f"{self.address}/{JOURNAL}")


class Change:
    """Partitions that are replaced together: all of them or none."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._staging = f"{root.address}/{STAGING}"
        self._folders: dict[str, str] = {}  # target folder -> staged folder
        self.run = root.state.run + 1

    def address(self, name: str) -> str:
        """Where the frame that was staged under `name` lies."""
        return f"{self._staging}/{name}"

    def stage(self, name: str, frame: DataFrame, *, by: Sequence[str] = ()) -> DataFrame:
        """Write `frame` beside the datasets, split into folders `by`, and read it back."""
        path = spark_path(self.address(name))
        writer = frame.write.mode("overwrite").partitionBy(*by)
        # Most values differ, so that dictionaries are begun in vain: a quarter of the time of
        # writing searches.
        writer.option("parquet.enable.dictionary", "false").parquet(path)
        return self._root.session().read.schema(frame.schema).parquet(path)

    def put(self, dataset: str, partition: str, staged: str) -> None:
        """Let the Parquet files in the folder `staged` become the partition's, in place of its own.

        A staged folder that does not exist empties the partition.
        """
        self._folders[f"{self._root.address}/{dataset}/{partition}".rstrip("/")] = staged

    def put_days(self, dataset: str, staged: str, days: Sequence[str]) -> None:
        """`put` for the folders dt=… of one staged frame; a day without a folder is emptied."""
        for day in days:
            self.put(dataset, f"dt={day}", f"{staged}/dt={day}")

    def commit(self) -> None:
        """Move everything into place: from the journal on it will happen, whoever finishes it."""
        if not self._folders:
            return
        storage, state = self._root.storage, self._root.state
        moves = []
        for target, staged in self._folders.items():
            files = [f for f in storage.files(staged) or [] if f.address.endswith(".parquet")]
            moves += [
                (file.address, f"{target}/part-{number:05d}.parquet")
                for number, file in enumerate(files)
            ]
        state.run = self.run
        journal = {"moves": moves, "folders": sorted(self._folders), "state": state.to_json()}
        storage.write_text(f"{self._root.address}/{JOURNAL}", json.dumps(journal))
        self._root.finish_journal()
        below = len(self._root.address) + 1
        self._root.written.update(folder[below:].partition("/")[0] for folder in self._folders)


@contextmanager
def open_root(
    session: Session, name: str, *, zone: str | None = None, say: Callable[[str], None]
) -> Iterator[Root]:
    """Hold a root for one job: locked, mended after a job that was cut off, its state read.

    Args:
        session: reads and writes it, and is not started before there is work for it.
        name: a folder or URI; made if it is not there.
        zone: the reporting zone, which a new root keeps; None: the root's own (Asia/Seoul if new).
        say: gets a sentence if another job has to be waited for.

    Raises:
        RootError: not writable, held by another job, or cut in days of another zone.
        LogFormatError: no such zone.
    """
    address = qualified(session, name)
    storage = storage_of(session, address)
    is_new = storage.files(address) is None
    storage.make_folder(address)
    try:
        with storage.lock(f"{address}/{LOCK}", say=say):
            yield _opened(session, storage, address, zone)
    except BaseException:
        if is_new and storage.read_text(f"{address}/{STATE}") is None:
            storage.delete(address)  # nothing came of it: leave nothing behind
        raise


def _opened(session: Session, storage: Storage, address: str, zone: str | None) -> Root:
    root = Root(session, address, storage)
    root.finish_journal()
    storage.delete(f"{address}/{STAGING}")
    text = storage.read_text(f"{address}/{STATE}")
    if text is not None:
        root.state = _state(text, address)
    if zone is not None and zone != root.state.zone:
        if root.state.days:
            raise RootError(
                f"{address} is cut in days of {root.state.zone}, not of {zone}: "
                "leave the reporting zone out or take another --root"
            )
        root.state.zone = known_zone(zone)
    return root


def _state(text: str, address: str) -> State:
    try:
        return State.from_json(text)
    except (ValueError, KeyError, TypeError) as error:
        raise RootError(
            f"{address} was written by another version, or {STATE} in it is damaged: take a new "
            "--root, into which the logs are taken in again"
        ) from error


def layout_of(*schemas: StructType) -> str:
    """The names and types of the columns of datasets, in brief: what has others is not read."""
    text = "\n".join(schema.simpleString() for schema in schemas)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fingerprint(**parts: Any) -> str:  # noqa: ANN401
    """What a partition was made of, as one line: equal means nothing to do."""
    return json.dumps(parts, sort_keys=True, default=str)
