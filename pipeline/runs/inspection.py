"""How each file of the landing folder is read: found out by looking, said by the run, or known.

And what is wrong with a file that could not be read to its end: something in its bytes, which is
held against it, or something that passes, which is not.
"""

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import BinaryIO, Final, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import LogFormatError
from pipeline.reading.charsets import detect_charset, found_line_end
from pipeline.reading.detection import bound, bound_to_names, detect_format, file_date, still_fits
from pipeline.reading.formats import BUILT_IN, LogFormat, all_refs, load_format
from pipeline.reading.lines import beginning, has_line_end
from pipeline.reading.packing import DamagedError, Unpacked, is_packed, pieces_of
from pipeline.retries import retried
from pipeline.store.ledger import DAMAGED, TAKEN_IN, FoundFile, LedgerEntry
from pipeline.store.storage import Storage

HEAD_BYTES: Final = 64 * 1024
#: Files that are looked into at the same time.
INSPECTORS: Final = 8
_AT_A_TIME: Final = 64

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class Landing:
    """Where logs come in, and what a run says of them; None: found out by looking."""

    address: str
    format: str | None = None
    charset: str | None = None
    zone: str | None = None
    day: date | None = None  #: of times that have none
    retry: bool = False  #: files that were set aside are read again
    reread: tuple[str, ...] = ()  #: names or patterns of files that are read again
    forget_missing: bool = False  #: rows of files that are gone go as well
    #: Addresses of the files that are looked at, the others are left as they are; None: all.
    only: Collection[str] | None = None

    @property
    def said(self) -> tuple[str | None, str | None, date | None]:
        """How files are read: the declaration, charset and day."""
        declared = None if self.format is None else load_format(self.format).to_json()
        return declared, self.charset, self.day


@dataclass(frozen=True)
class Readable:
    """A file with the way to read it."""

    file: FoundFile
    format: LogFormat
    charset: str
    day: date | None


#: What looking into a file gives: the way to read it, what is wrong with its bytes (a clause), or
#: the error with which the storage did not give them.
Verdict = Readable | str | OSError


def looked_into(
    files: Sequence[tuple[FoundFile, LedgerEntry | None]],
    storage: Storage,
    landing: Landing,
    *,
    wait: Callable[[float], object] = time.sleep,
) -> list[Verdict]:
    """How new and changed files are read: as the run says, else found out by their beginning.

    Args:
        files: with the entry that the ledger has of that name (None: the file is new). Where a run
            says nothing, zone and day of a known file are those that it had; and so is its whole
            format where none is found in its new content.
        storage: where the files are.
        landing: what the run says.
        wait: waits so many seconds before the storage is asked again.
    """

    def look(item: tuple[FoundFile, LedgerEntry | None]) -> Verdict:
        file, entry = item
        return _verdict(file, storage, lambda: _by_its_head(file, storage, landing, entry), wait)

    return _each(look, files)


def known_way(
    files: Sequence[tuple[FoundFile, LedgerEntry]],
    storage: Storage,
    landing: Landing,
    *,
    wait: Callable[[float], object] = time.sleep,
) -> list[Verdict]:
    """How files that did not change were read before, whatever this run says.

    An entry of a version that did not keep the way is read as that version did it.
    """

    def look(item: tuple[FoundFile, LedgerEntry]) -> Verdict:
        file, entry = item
        if entry.declaration is not None:
            return _verdict(file, storage, lambda: _as_it_was(file, entry), wait)
        named = entry.format if entry.format in BUILT_IN else landing.format
        how = replace(landing, format=named, charset=entry.charset)
        return _verdict(file, storage, lambda: _by_its_head(file, storage, how, None), wait)

    return _each(look, files)


def _verdict(
    file: FoundFile,
    storage: Storage,
    find: Callable[[], Readable],
    wait: Callable[[float], object],
) -> Verdict:
    """The way that `find` finds, with what the content asks for."""

    def look() -> Verdict:
        try:
            storage.head(file.source, 1)  # before anything else finds out what is out of reach
            return _with_content(find(), storage)
        except LogFormatError as error:
            return str(error)
        except DamagedError as error:
            why = f"{DAMAGED} ({error})"
        # What a failing node cuts off looks damaged, too: only of a whole file it counts.
        _require_whole(file, storage)
        return why

    try:
        return retried(look, wait=wait)
    except OSError as error:
        return error


def _require_whole(file: FoundFile, storage: Storage) -> None:
    """Raises: the storage does not give all bytes of a file."""
    with storage.open(file.source) as stream:
        size = sum(len(chunk) for chunk in pieces_of(stream))
    if size != file.size:
        raise OSError(f"{size:,} of its {file.size:,} bytes could be read")


def _with_content(item: Readable, storage: Storage) -> Readable:
    """With the names that the columns of Parquet have; what is packed can be unpacked.

    Damage that shows here costs one look; later it would cost the work of the whole run.
    """
    if item.format.kind == "parquet":
        with storage.open(item.file.source) as stream:
            names = _names_in(stream)
        named = bound_to_names(item.format, names, "the Parquet file")
        for ref in (ref for refs in all_refs(named) for ref in refs):
            if names.count(str(ref)) > 1:
                raise LogFormatError(f"the Parquet file has two columns {ref}: rename one of them")
        return replace(item, format=named)
    if is_packed(item.file.source):
        _unpack(item, storage)
    return item


def _names_in(stream: BinaryIO) -> list[str]:
    try:
        return list(pq.ParquetFile(stream).schema_arrow.names)
    except (ValueError, pa.ArrowException, OSError) as error:
        # Arrow's own errors have no number; those of the storage may lack it as well, which shows
        # when the file is read from first to last.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DamagedError(str(error).partition("\n")[0]) from error


def _by_its_head(
    file: FoundFile, storage: Storage, landing: Landing, entry: LedgerEntry | None
) -> Readable:
    name = file.source.rpartition("/")[2]
    head = storage.head(file.source, HEAD_BYTES)
    if len(head) < min(file.size, HEAD_BYTES):
        raise OSError("it became shorter while it was read")
    if head.startswith(b"\x1f\x8b") and not name.endswith(".gz"):
        raise LogFormatError("it is gzip but its name does not end in .gz: rename it")
    text = head
    if is_packed(name) or (len(head) < file.size and not has_line_end(head)):
        with storage.open(file.source) as stream:
            text = beginning(Unpacked(pieces_of(stream), name), HEAD_BYTES)
    known = None
    if entry is not None and entry.status == TAKEN_IN and entry.declaration is not None:
        known = entry
    if landing.format is None:
        log_format, charset = _found_out(file, text, landing, known)
    else:
        asked = load_format(landing.format)
        charset = landing.charset or asked.charset or _charset_of(asked, text)
        log_format = bound(asked, text, name, charset)
    day = landing.day
    if landing.format is None and known is not None and known.format == log_format.name:
        log_format = replace(log_format, zone=known.zone)
        day = day or known.date
    if landing.zone is not None:
        log_format = replace(log_format, zone=landing.zone)
    return Readable(file, log_format, charset, file_date(log_format, file.source, day))


def _found_out(
    file: FoundFile, text: bytes, landing: Landing, known: LedgerEntry | None
) -> tuple[LogFormat, str]:
    name = file.source.rpartition("/")[2]
    if known is None or landing.charset is not None:
        return detect_format(text, name, landing.charset)
    # What a user declared once holds for what is put under this name later.
    was = _as_it_was(file, known)
    if was.format.name not in BUILT_IN and still_fits(was.format, text, name, was.charset):
        line_end = found_line_end(text, was.charset)
        return replace(was.format, line_end=line_end), was.charset
    try:
        return detect_format(text, name)
    except LogFormatError:
        return detect_format(text, name, was.charset)


def _as_it_was(file: FoundFile, entry: LedgerEntry) -> Readable:
    log_format = replace(LogFormat.from_json(entry.declaration or "{}"), zone=entry.zone)
    return Readable(file, log_format, entry.charset or "UTF-8", entry.date)


def _charset_of(log_format: LogFormat, head: bytes) -> str:
    return "UTF-8" if log_format.kind == "parquet" else detect_charset(head)


def damages(
    items: Sequence[Readable],
    storage: Storage,
    *,
    wait: Callable[[float], object] = time.sleep,
) -> list[str | OSError | None]:
    """After a failure: what is wrong with the bytes of each file, read from first to last.

    Returns:
        For each file a clause: its bytes cannot be unpacked, or are no whole Parquet. An error: the
        storage does not give them, so that nothing is known. None: nothing is wrong with it.
    """

    def look(item: Readable) -> str | OSError | None:
        try:
            return retried(lambda: _damage(item, storage), wait=wait)
        except OSError as error:
            return error

    return _each(look, items)


def _damage(item: Readable, storage: Storage) -> str | None:
    why = None
    for _ in range(2):  # what a failing node cut off looks damaged once, not twice
        _require_whole(item.file, storage)
        try:
            _unpack(item, storage)
        except (OSError, ValueError, pa.ArrowException) as error:
            why = f"{DAMAGED} ({str(error).splitlines()[0] if str(error) else error!r})"
        else:
            return None
    return why


def _unpack(item: Readable, storage: Storage) -> None:
    with storage.open(item.file.source) as stream:
        if item.format.kind == "parquet":
            for _batch in pq.ParquetFile(stream).iter_batches():
                pass
        elif is_packed(item.file.source):
            for _piece in Unpacked(pieces_of(stream), item.file.source):
                pass


def _each(look: Callable[[A], B], items: Sequence[A]) -> list[B]:
    # Of very many files several at a time: to hand one over costs as much as to look into it.
    size = max(1, min(_AT_A_TIME, len(items) // (4 * INSPECTORS)))
    some = [items[first : first + size] for first in range(0, len(items), size)]
    with ThreadPoolExecutor(INSPECTORS) as pool:
        found = pool.map(lambda each: [look(item) for item in each], some)
        return list(chain.from_iterable(found))
