"""The root: where every dataset lies, what is up to date there, and how it is replaced.

A dataset is a folder of Parquet files, in folders `dt=YYYY-MM-DD` (`/hour=HH`) where it has days.
Beside the datasets lie small files, whose names begin with `_` so that no reader of Parquet takes
them for data:

    _state.json          layout, zone, number of the last change (pipeline/store/state.py)
    _days.json           when each day of `searches` changed
    …/_made_of.json      in the folder above partitions: what each was made of
    …/_newest.json       the newest result of a dataset and its options, to make it again
    _user_key            the key of `user_id`
    _erased              who was erased and when, as hashes (pipeline/reading/erased.py)
    _first_look_…        the first rows of a result, for the summary
    _lock, _lock.json    held by the job at work; who that is
    _staging             files of a change that is being made
    _journal.json        the moves of a change that is decided (pipeline/store/journal.py)

What a run changes takes effect at once and whole: see pipeline/store/journal.py. Only what a run
asks for is looked at: nothing here lists or rewrites what grows with the number of results.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.carriers.session import Session
from pipeline.carriers.steps import Carrier
from pipeline.errors import LogFormatError, RootError, UnreachableError
from pipeline.reading.erased import NOBODY, Erased
from pipeline.reading.formats import known_zone
from pipeline.reading.user_ids import USER_KEY, WITH_USER_IDS, UserKeys
from pipeline.store import journal
from pipeline.store.journal import JOURNAL, STAGING, Change
from pipeline.store.ledger import TAKEN_IN
from pipeline.store.migrations import LAYOUT, bring_up_to_date
from pipeline.store.state import (
    DAYS,
    STATE,
    DayVersion,
    State,
    made_of_file,
    parsed_days,
    parsed_made_of,
    parsed_state,
)
from pipeline.store.storage import ENCODED, Storage, qualified, storage_of

_LOG: Final = logging.getLogger(__name__)

LOCK: Final = "_lock"
ERASED_PEOPLE: Final = "_erased"
_WITHOUT_KEY: Final = (
    "restore the file from a backup, or take a new --root, into which the logs are taken in again"
)


class Root:
    """The datasets under one root. Make it with `open_root`, which holds the lock."""

    def __init__(self, session: Session, address: str, storage: Storage) -> None:
        self.session = session
        self.address = address
        self.storage = storage
        self.state = State(layout=LAYOUT)
        self._made_of: dict[str, dict[str, str]] = {}  # as read, by file
        self._is_cut_off = False
        self.written: Counter[str] = Counter()  #: partitions that this run replaced, by dataset

    def user_keys(self) -> UserKeys:
        """The keys of `user_id`; made at the first call.

        Raises:
            RootError: the file of the keys is gone while there are searches, or it is damaged.
        """
        keys = self._stored_keys()
        if keys is not None:
            return keys
        if self.state.days or any(self.days_of(each) for each in WITH_USER_IDS):
            raise RootError(
                f"{self.address}/{USER_KEY} is gone, and without the key new searches would count "
                f"the same people twice: {_WITHOUT_KEY}"
            )
        keys = UserKeys.new()
        self.storage.write_text(f"{self.address}/{USER_KEY}", keys.to_text(), private=True)
        return keys

    def _stored_keys(self) -> UserKeys | None:
        address = f"{self.address}/{USER_KEY}"
        try:
            text = self.storage.read_text(address)
            return None if text is None else UserKeys.from_text(text)
        except ValueError:
            pass
        # Raised out here, so that no trace tells of the file's content.
        raise RootError(
            f"{address} is damaged, and without the key new searches would count the same "
            f"people twice: {_WITHOUT_KEY}"
        )

    def erased(self) -> Erased:
        """Those whose searches up to some moment are not taken in again.

        Raises:
            RootError: the list is damaged.
        """
        address = f"{self.address}/{ERASED_PEOPLE}"
        try:
            text = self.storage.read_text(address)
            return NOBODY if text is None else Erased.from_text(text)
        except (ValueError, TypeError) as error:
            raise RootError(
                f"{address} is damaged, and without it people who were erased would come back: put "
                "it back from a backup, or erase them again after deleting it"
            ) from error

    def carrier(self, *others: Storage) -> Carrier:
        """Carries out steps that use the root's storage, and others."""
        return self.session.carrier_for(*(each.is_portable for each in (self.storage, *others)))

    def days_of(self, dataset: str) -> list[str]:
        """The days of which a dataset of days has a folder, which may be empty."""
        names = self.storage.folders(f"{self.address}/{dataset}")
        return [name.removeprefix("dt=") for name in names if name.startswith("dt=")]

    def has_day(self, dataset: str, day: str) -> bool:
        """Whether a day of searches, or of counts that were made, is there to be read."""
        known = self.state.days if dataset == "searches" else self.days_made(dataset)
        return day in known and self.state.is_kept(dataset, day)

    def made_of(self, dataset: str, partition: str) -> str | None:
        """The fingerprint of what a partition was made of: it is up to date while that is equal.

        It is told with `put` of a change; None: never told, or forgotten.
        """
        file, name = made_of_file(dataset, partition)
        return self._fingerprints(file).get(name)

    def days_made(self, dataset: str) -> dict[str, str]:
        """`made_of` of all days of a dataset, by day."""
        file, _ = made_of_file(dataset, "dt=")
        return {name.removeprefix("dt="): each for name, each in self._fingerprints(file).items()}

    def _fingerprints(self, file: str) -> dict[str, str]:
        if file not in self._made_of:
            data = self.storage.read_bytes(f"{self.address}/{file}")
            self._made_of[file] = parsed_made_of(data)
        return self._made_of[file]

    def largest_day(self, dataset: str, days: Iterable[str]) -> int:
        """The bytes of the largest of some days of a dataset."""
        folders = (f"{self.address}/{dataset}/dt={day}" for day in days)
        sizes = (sum(file.size for file in self.storage.files(each) or []) for each in folders)
        return max(sizes, default=0)

    @contextmanager
    def change(self) -> Iterator[Change]:
        """Stage partitions; they and the state take effect together when the block ends well.

        When it does not, nothing has changed, unless the change was decided already: then the next
        job finishes it, and this one can make no other.

        Raises:
            UnreachableError: a change before this one could not be finished.
        """
        if self._is_cut_off:
            raise UnreachableError(
                f"a change to {self.address} was cut off: run this again, which mends it"
            )
        before, change = self.state.copy(), Change(self.storage, self.address, self.state)
        try:
            yield change
            self._is_cut_off = True
            change.commit()
            self._is_cut_off = False
            self.written.update(change.partitions())
        except BaseException:
            self.state = before
            with suppress(OSError):  # the next job deletes it
                if not self.storage.exists(f"{self.address}/{JOURNAL}"):
                    self.storage.delete(f"{self.address}/{STAGING}")
            raise
        finally:
            self._made_of.clear()
        self.storage.delete(f"{self.address}/{STAGING}")


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
    if address.startswith(ENCODED):
        raise RootError(f"the path of the root {name!r} is no UTF-8: name another --root")
    storage = storage_of(session, address)
    is_new = not storage.exists(address)
    storage.make_folder(address)
    with storage.lock(f"{address}/{LOCK}", say=say):
        try:
            yield _opened(session, storage, address, zone)
        except BaseException:
            came_of_it = (f"{address}/{STATE}", f"{address}/{JOURNAL}")
            if is_new and not any(storage.exists(each) for each in came_of_it):
                storage.delete(address)  # leave nothing behind
            raise


def _opened(session: Session, storage: Storage, address: str, zone: str | None) -> Root:
    journal.finish(storage, address)
    storage.delete(f"{address}/{STAGING}")
    root = Root(session, address, storage)
    state = _read_state(storage, address)
    if state is not None:
        root.state = bring_up_to_date(storage, address, state)
    _look_for_days_that_went(root)
    if zone is not None and zone != root.state.zone:
        if root.state.days:
            raise RootError(
                f"{address} is cut in days of {root.state.zone}, not of {zone}: "
                "leave the reporting zone out or take another --root"
            )
        root.state.zone = known_zone(zone)
    return root


def _look_for_days_that_went(root: Root) -> None:
    """Let the landing folder be read again where somebody deleted days of `searches`.

    Which files had rows on them is not known: all that were taken in are due to be read again, in
    the way they were read before. Those that lie there no more keep the rows that they have.
    """
    missing = set(root.state.days) - set(root.days_of("searches"))
    gone = sorted(day for day in missing if root.state.is_kept("searches", day))
    if not gone:
        return
    _LOG.warning(
        "searches of %d days from %s to %s are gone from %s: what lies in the landing folder is "
        "taken in again",
        *(len(gone), gone[0], gone[-1], root.address),
    )
    with root.change() as change:
        for day in gone:
            del change.state.days[day]
        for file in root.storage.files(f"{root.address}/ledger") or []:
            try:
                content = BytesIO(root.storage.read_bytes(file.address) or b"")
                ledger = pq.ParquetFile(content).read()
            except pa.ArrowException:
                continue  # told by the job that reads it
            due, column = datetime.fromtimestamp(0, UTC), ledger["look_again_at"]
            is_read = pc.equal(ledger["status"], TAKEN_IN)
            again = pc.if_else(is_read, pa.scalar(due, column.type), column)
            place = ledger.column_names.index("look_again_at")
            ledger = ledger.set_column(place, "look_again_at", again)
            change.put("ledger", "", change.stage_table("ledger", ledger))


def _read_state(storage: Storage, address: str) -> State | None:
    """The state of a root; None: it is new.

    `_state.json` and `_days.json` are made anew from each other and from the searches where one of
    them has gone or is damaged.

    Raises:
        RootError: both are, or the searches are damaged, too.
    """
    state = _parsed(storage, f"{address}/{STATE}", parsed_state)
    if state is not None and not state.layout:
        return state  # its days stand in the same file: see migrations
    with_days = _parsed(storage, f"{address}/{DAYS}", parsed_days)
    if state is not None and with_days is not None:
        state.days = with_days.days
        return state
    if state is not None:
        return _days_made_anew(storage, address, state)
    if with_days is not None:
        _LOG.warning("%s in %s was gone or damaged and is made anew", STATE, address)
        return with_days
    remains = [STATE, DAYS, "searches", "ledger"]
    found = [name for name in remains if storage.exists(f"{address}/{name}")]
    if not found:
        return None
    raise RootError(
        f"{address} was written by another version, or {STATE} and {DAYS} in it are damaged: put "
        "them back from a backup, or name a new --root, into which the logs are taken in again"
    )


def _parsed(storage: Storage, address: str, parse: Callable[[str], State]) -> State | None:
    """The state that a file tells; None: the file is not there, or it is damaged."""
    data = storage.read_bytes(address)
    try:
        state = None if data is None else parse(data.decode("utf-8"))
        if state is not None:
            known_zone(state.zone)
    except (ValueError, KeyError, TypeError, LogFormatError):
        return None
    return state


def _days_made_anew(storage: Storage, address: str, state: State) -> State:
    """The state with the days that `searches` has now, all of them to be counted again."""
    _LOG.warning("%s in %s was gone or damaged and is made anew", DAYS, address)
    change = Change(storage, address, state)
    for folder in storage.folders(f"{address}/searches"):
        newest = _newest_search(storage, f"{address}/searches/{folder}")
        if newest is not None and folder.startswith("dt="):
            version = DayVersion(change.run, change.run, change.run, newest.isoformat())
            state.days[folder.removeprefix("dt=")] = version
    for folder in storage.folders(f"{address}/hourly_counts"):
        day = folder.removeprefix("dt=")
        if folder.startswith("dt=") and not state.is_kept("searches", day):
            # Of a day whose searches went for their age the counts stay, whatever they tell.
            state.days[day] = DayVersion(change.run, change.run, change.run, f"{day}T00:00:00Z")
    change.write(DAYS, state.days_to_json().encode())
    change.commit()
    return state


def _newest_search(storage: Storage, folder: str) -> datetime | None:
    """The time of the newest search in a folder, UTC; None if there is none.

    Raises:
        RootError: a file is damaged.
    """
    found: list[datetime] = []
    for file in storage.files(folder) or []:
        try:
            content = BytesIO(storage.read_bytes(file.address) or b"")
            column = pq.ParquetFile(content).read(["searched_at"])["searched_at"]
        except (pa.ArrowException, KeyError) as error:
            raise RootError(
                f"{file.address} is damaged: put it back from a backup, or name a new --root, into "
                "which the logs are taken in again"
            ) from error
        newest = pc.max(column).as_py()
        if newest is not None:
            found.append(newest.replace(tzinfo=newest.tzinfo or UTC).astimezone(UTC))
    return max(found, default=None)


#: How the types of columns are written in a digest: as Spark did when the first roots were made.
_TYPE_NAMES: Final = {
    "string": "string",
    "int64": "bigint",
    "int32": "int",
    "double": "double",
    "float": "float",
    "bool": "boolean",
    "date32[day]": "date",
    "timestamp[us, tz=UTC]": "timestamp",
}


def columns_digest(*schemas: pa.Schema) -> str:
    """The names and types of the columns of datasets, in brief: part of a fingerprint."""
    text = "\n".join(_type_name(pa.struct(schema)) for schema in schemas)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{each.name}:{_type_name(each.type)}' for each in kind)}>"
    if pa.types.is_list(kind):
        return f"array<{_type_name(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{_type_name(kind.key_type)},{_type_name(kind.item_type)}>"
    return _TYPE_NAMES[str(kind)]
