"""Take what is new in the landing folder into the root, each file exactly once.

Reads   the landing folder, ledger, searches and rejects (of the days that the new files touch)
Writes  ledger, searches/dt=, rejects/dt= (of those days), together or not at all
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.carriers.session import Session
from pipeline.carriers.steps import StepFailedError
from pipeline.errors import LandingError, RootError, UnreachableError, UnreadableFileError
from pipeline.faults import cause_of, may_be_weather
from pipeline.reading.charsets import known_charset
from pipeline.reading.formats import known_zone, load_format
from pipeline.retries import at_most, retried, words_of
from pipeline.runs.inspection import Landing, Readable, damages, known_way, looked_into
from pipeline.runs.merge import merge
from pipeline.schemas import DATASETS
from pipeline.store.ledger import (
    SAME_CONTENT,
    SET_ASIDE,
    TAKEN_IN,
    FoundFile,
    LedgerEntry,
    Plan,
    Wishes,
    plan,
    set_aside,
)
from pipeline.store.root import Root
from pipeline.store.storage import VANISHED, Listing, Storage, qualified, storage_of
from pipeline.store.tables import rows_of

#: Seconds before a failed job is run again for which no file is to blame.
JOB_PAUSES: Final = (1.0, 10.0)
#: Seconds that a run waits in all for files that may be within reach again.
WAITED_SECONDS: Final = 60.0
#: Unreachable files that the sentence on them names.
NAMED: Final = 5

Wait = Callable[[float], object]


@dataclass(frozen=True)
class TakenIn:
    """What one run did, and what a user should know of the files that it left alone."""

    entries: Sequence[LedgerEntry] = field(default_factory=list)  #: of new and changed files
    files: int = 0  #: in the landing folder
    reread: int = 0  #: of the entries taken in: files that were read again on purpose
    again: int = 0  #: files that did not change and were read again, as they were before
    renamed: Mapping[str, str] = field(default_factory=dict)  #: new source -> old one
    gone: Sequence[str] = ()  #: not there any more; their rows stay
    forgotten: Sequence[str] = ()  #: not there any more; their rows went
    set_aside: Sequence[LedgerEntry] = ()  #: all that are
    passed_over: Sequence[tuple[str, str]] = ()  #: what is no file of the landing folder, and why
    unreachable: Mapping[str, str] = field(default_factory=dict)  #: source -> why


def check_landing(session: Session, landing: Landing, *, root: str) -> None:
    """Fail early, before anything is written.

    Raises:
        LandingError: no such folder, or root and landing folder lie in each other.
        LogFormatError: no such format, zone or charset, or a declaration with a fault.
        UnreachableError: the landing folder cannot be looked into now.
    """
    if landing.format is not None:
        load_format(landing.format)
    if landing.zone is not None:
        known_zone(landing.zone)
    if landing.charset is not None:
        known_charset(landing.charset)
    address = qualified(session, landing.address)
    storage = storage_of(session, address)
    try:
        is_there = retried(lambda: storage.exists(address))
    except OSError as error:
        raise UnreachableError(f"{landing.address} cannot be reached ({error})") from error
    if not is_there:
        raise LandingError(
            f"no such folder: {landing.address}; put logs there or name another --landing"
        )
    real, real_root = storage.resolved(address), storage.resolved(qualified(session, root))
    if real == real_root or real_root.startswith(f"{real}/"):
        raise LandingError(
            f"the root {root} lies in the landing folder {landing.address}, where its files would "
            "be taken for logs: name another --root"
        )
    below = real.removeprefix(f"{real_root}/").partition("/")[0] if real != real_root else ""
    if real.startswith(f"{real_root}/") and (below in DATASETS or below.startswith("_")):
        raise LandingError(
            f"the landing folder {landing.address} is one of the datasets under the root {root}: "
            "name another --landing"
        )


def take_in(
    root: Root,
    landing: Landing,
    *,
    now: datetime,
    wait: Wait = time.sleep,
) -> TakenIn:
    """Bring `searches`, `rejects` and `ledger` in step with the landing folder.

    A new file adds its rows, a changed one replaces them; the days that they touch are written
    anew, nothing else is read. What is no log or damaged is set aside in the ledger; what cannot be
    reached now is left as it is, for the next run. The others go on.

    Args:
        root: held by this run.
        landing: where logs come in, and what this run says of them.
        now: the clock, with a zone.
        wait: waits so many seconds before something is tried again.

    Raises:
        LandingError: nothing is there, all of it is no search log while nothing was ever taken in,
            a file to read again is not there or cannot be read as the run says, or rows of missing
            files should go while the landing folder is empty.
        UnreachableError: the folder, or all that is new while nothing was ever taken in, cannot be
            reached; or Spark fails on something that may pass.
    """
    wait = at_most(WAITED_SECONDS, wait)
    address = qualified(root.session, landing.address)
    storage = storage_of(root.session, address)
    listing = _listing(storage, address, landing, wait)
    ledger = read_ledger(root)
    files = {
        file.address: FoundFile(file.address, file.size, file.modified_at)
        for file in listing.files
        if landing.only is None or file.address in landing.only
    }
    if not files and not ledger and not listing.unread:
        raise LandingError(f"nothing in {landing.address}: put a search log there first")
    if not files and landing.forget_missing:
        raise LandingError(
            f"nothing in {landing.address}: --forget-missing would remove all rows, "
            "so it is refused while the landing folder is empty"
        )
    wishes = Wishes(
        retry=landing.retry,
        said=landing.said,
        reread=_named_to_reread(root.session, landing, address, files, ledger),
        forget_missing=landing.forget_missing,
    )
    todo = plan(
        files.values(),
        ledger,
        checksum=lambda source: retried(lambda: storage.checksum(source), wait=wait),
        now=now,
        wishes=wishes,
        missing=_missing(ledger, address, listing),
    )
    todo.unreachable |= {folder: "the folder cannot be listed" for folder in listing.unread}
    readable = _inspected(todo, ledger, wishes.reread, storage, landing, now, wait)
    entries: dict[str, LedgerEntry] = {}
    if todo.unreachable or not todo.is_empty():
        _require_something(todo, ledger, readable)
    if not todo.is_empty():
        entries = _write_despite_faults(root, todo, ledger, readable, storage, now, wait)
    ledger = {source: each for source, each in ledger.items() if source not in todo.dropped}
    ledger |= entries
    fresh = {file.source for file in todo.read}
    fresh |= {source for source, each in todo.entries.items() if each.status != TAKEN_IN}
    return TakenIn(
        entries=[entries[source] for source in sorted(fresh & entries.keys())],
        files=len(files),
        reread=sum(file.source in wishes.reread for file in todo.read),
        again=len(todo.again),
        renamed=todo.renamed,
        gone=todo.gone,
        forgotten=todo.forgotten,
        set_aside=[each for _, each in sorted(ledger.items()) if each.status == SET_ASIDE],
        passed_over=listing.passed_over,
        unreachable=todo.unreachable,
    )


def unreachable_text(unreachable: Mapping[str, str]) -> str:
    """One sentence on the files (and folders) that could not be reached."""
    named = [f"{source} ({why})" for source, why in sorted(unreachable.items())[:NAMED]]
    more = len(unreachable) - len(named)
    return (
        f"could not be read now: {', '.join(named)}{f' and {more:,} more' if more else ''}; "
        "rows taken in before stay, the other files are done, and the next run tries again"
    )


def _listing(storage: Storage, address: str, landing: Landing, wait: Wait) -> Listing:
    try:
        found = retried(lambda: storage.listing(address), wait=wait)
    except OSError as error:
        raise UnreachableError(
            f"{landing.address} cannot be listed now ({error}): run this again"
        ) from error
    return Listing([], [], []) if found is None else found


def _missing(
    ledger: Mapping[str, LedgerEntry],
    address: str,
    listing: Listing,
) -> list[str]:
    """Files of the ledger that lay in the landing folder and do not any more."""
    files = {file.address for file in listing.files}
    unknown = tuple(f"{folder.rstrip('/')}/" for folder in listing.unread)
    vanished = {name for name, why in listing.passed_over if why == VANISHED}
    return [
        source
        for source in ledger
        if source.startswith(f"{address.rstrip('/')}/")
        and source not in files
        and source not in vanished
        and not source.startswith(unknown)
    ]


def _named_to_reread(
    session: Session,
    landing: Landing,
    address: str,
    files: Mapping[str, FoundFile],
    ledger: Mapping[str, LedgerEntry],
) -> frozenset[str]:
    """The sources that `--reread` names: by name or pattern in the landing folder, or by path."""
    found: set[str] = set()
    below = {source: source.removeprefix(f"{address.rstrip('/')}/") for source in files}
    for name in landing.reread:
        path = qualified(session, name)
        matching = {
            source
            for source in files
            if name == below[source] or fnmatchcase(below[source], name) or source == path
        }
        if not matching:
            raise LandingError(
                f"no file {name} in {landing.address}: --reread takes names or patterns of files "
                "in the landing folder"
            )
        found |= matching
    # Of equal files one was read: that one is meant.
    entries = [ledger[source] for source in found if source in ledger]
    return frozenset(found | {str(each.detail) for each in entries if each.status == SAME_CONTENT})


def _inspected(
    todo: Plan,
    ledger: Mapping[str, LedgerEntry],
    reread: Collection[str],
    storage: Storage,
    landing: Landing,
    now: datetime,
    wait: Wait,
) -> list[Readable]:
    """How the planned files are read. Those that are not leave the plan, or are set aside in it."""
    readable: list[Readable] = []
    fresh = [
        (file, None if file.source in reread else ledger.get(file.source)) for file in todo.read
    ]
    for (file, _), verdict in zip(
        fresh, looked_into(fresh, storage, landing, wait=wait), strict=True
    ):
        if isinstance(verdict, Readable):
            readable.append(verdict)
        elif isinstance(verdict, OSError):
            todo.leave_out(file.source, words_of(verdict))
        elif file.source in reread:
            raise LandingError(
                f"{file.source} cannot be read as this run says: {verdict}; nothing was changed"
            )
        else:
            todo.entries[file.source] = set_aside(file, verdict, landing.said)
    again = todo.again
    for (file, entry), known in zip(
        again, known_way(again, storage, landing, wait=wait), strict=True
    ):
        if isinstance(known, Readable):
            readable.append(known)
        else:
            _leave_unread(todo, file.source, entry, known, now)
    return readable


def _leave_unread(
    todo: Plan, source: str, entry: LedgerEntry, why: str | OSError, now: datetime
) -> None:
    """A file that did not change cannot be read again: its rows stay.

    What passes is tried again by the next run; what is wrong with its bytes will stay so.
    """
    if isinstance(why, OSError):
        todo.leave_out(source, words_of(why))
        todo.entries[source] = replace(entry, look_again_at=now)
    else:
        todo.leave_out(source, why)
        todo.entries[source] = replace(entry, look_again_at=None)


def _require_something(
    todo: Plan, ledger: Mapping[str, LedgerEntry], readable: Sequence[Readable]
) -> None:
    """Raises: nothing was ever taken in, and nothing is now."""
    if readable or any(entry.status == TAKEN_IN for entry in ledger.values()):
        return
    if todo.unreachable:
        raise UnreachableError(unreachable_text(todo.unreachable))
    raise LandingError(_nothing_to_read(list(todo.entries.values())))


def _write_despite_faults(
    root: Root,
    todo: Plan,
    ledger: Mapping[str, LedgerEntry],
    readable: Sequence[Readable],
    storage: Storage,
    now: datetime,
    wait: Wait,
) -> dict[str, LedgerEntry]:
    """Write what the plan asks for; after a failure without the files that are to blame.

    A file whose bytes are damaged is set aside; one that is out of reach leaves the plan. If no
    file is to blame, the whole is tried again when the cause may pass.
    """
    pauses = list(JOB_PAUSES)
    while True:
        try:
            return merge(root, todo, ledger, readable, storage, now)
        except UnreadableFileError as error:
            readable = _without(readable, _fault_of(error, readable, storage, wait), todo, now)
            _require_something(todo, ledger, readable)
        except StepFailedError as error:
            if not may_be_weather(str(error)):
                raise
            elif pauses:
                wait(pauses.pop(0))
            else:
                raise UnreachableError(
                    f"Spark could not read or write ({cause_of(str(error))}): nothing was changed, "
                    "run this again"
                ) from error


def _without(
    readable: Sequence[Readable],
    faults: Mapping[str, str | OSError],
    todo: Plan,
    now: datetime,
) -> list[Readable]:
    """The readable files but those with a fault, which is noted in the plan."""
    unchanged = {file.source: entry for file, entry in todo.again}
    for item in readable:
        source = item.file.source
        if source not in faults:
            continue
        fault = faults[source]
        if source in unchanged:
            _leave_unread(todo, source, unchanged[source], fault, now)
        elif isinstance(fault, OSError):
            todo.leave_out(source, words_of(fault))
        else:
            todo.read = [file for file in todo.read if file.source != source]
            todo.entries[source] = set_aside(item.file, fault)
    return [item for item in readable if item.file.source not in faults]


def read_ledger(root: Root) -> dict[str, LedgerEntry]:
    """The ledger by source; as large as the number of files, not as the log.

    Read without Spark: nine runs in ten learn from it that there is nothing to do.
    """
    entries = []
    for file in root.storage.files(f"{root.address}/ledger") or []:
        content = BytesIO(root.storage.head(file.address, file.size))
        try:
            rows = rows_of(pq.ParquetFile(content).read())
            entries += [LedgerEntry(**row) for row in rows]
        except (pa.ArrowException, TypeError) as error:
            raise RootError(
                f"{file.address} is damaged: delete it, then run this again, which takes in anew "
                "what lies in the landing folder; searches of other files stay"
            ) from error
    return {entry.source: entry for entry in entries}


def _nothing_to_read(entries: Sequence[LedgerEntry]) -> str:
    first = min(entries, key=lambda entry: entry.source)
    more = f" (and {len(entries) - 1} more files)" if len(entries) > 1 else ""
    return f"nothing was taken in: {first.source}{more} was set aside because {first.detail}"


def _fault_of(
    error: UnreadableFileError, readable: Sequence[Readable], storage: Storage, wait: Wait
) -> dict[str, str | OSError]:
    """What is wrong with a file that could not be read to its end.

    A clause: its bytes are to blame. An error: it cannot be read now, and nothing is held against
    it.
    """
    item = next(each for each in readable if each.file.source == error.source)
    [damage] = damages([item], storage, wait=wait)
    return {error.source: damage if damage is not None else OSError(str(error))}
