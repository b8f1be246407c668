"""Feed a log into a landing folder as if it were being written now, or faster.

Reads   the files of a log, block by block
Writes  a file for each source and piece of time into the landing folder, each whole at once

Lines go out in order of time over all files, each as it is, byte for byte. What is held in memory
is a few blocks of each file that has lines of that time.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO, Final

import polars as pl

from pipeline.errors import LandingError, UnreachableError
from pipeline.reading.blocks import lines_of
from pipeline.reading.charsets import BYTE_ORDER_MARKS, line_separator
from pipeline.reading.detection import file_date
from pipeline.reading.packing import DamagedError, Unpacked, is_packed, pieces_of
from pipeline.reading.records import joined_records
from pipeline.reading.searches import Circumstances, times_of_lines
from pipeline.reading.user_ids import UserKeys
from pipeline.retries import retried
from pipeline.runs.inspection import Landing, Readable, looked_into
from pipeline.store.ledger import FoundFile
from pipeline.store.storage import Storage

#: Lines that are this much out of order within their file still go out in order: log seconds.
WINDOW_SECONDS: Final = 600
#: A silence of the log is not waited for any longer: log seconds.
SILENCE_SECONDS: Final = 3600
#: The shortest time between two pieces: seconds of the clock on the wall.
SHORTEST_WAIT: Final = 0.5
#: How far a file is read is told by the middle time of so many lines: one wrong time is none.
_TELLING_LINES: Final = 101


@dataclass(frozen=True)
class Pace:
    """What goes out when.

    Attributes:
        speed: log seconds a second; None: as fast as it can be read.
        every: log seconds of a piece; more where pieces would come too fast.
        begin: the first second that goes out, since 1970; None: that of the first line.
        end: the first second that does not; None: all lines go out.
    """

    speed: float | None
    every: float
    begin: int | None = None
    end: int | None = None

    @property
    def step(self) -> int:
        """Log seconds of a piece."""
        return max(1, math.ceil(max(self.every, SHORTEST_WAIT * (self.speed or 0))))


@dataclass
class Fed:
    """What went out so far."""

    lines: int = 0
    files: int = 0
    until: int = 0  #: log time, seconds since 1970
    behind: float = 0.0  #: seconds that the last piece came too late


@dataclass
class Source:
    """A file that is fed.

    Attributes:
        item: the file, and how it is read.
        storage: where it is.
        name: what the names of its pieces begin with, and their ending.
        how: what its times are read with.
        start: the least time of its first lines; of a file whose lines tell no time 0.
    """

    item: Readable
    storage: Storage
    name: tuple[str, str]
    how: Circumstances
    start: int = 0
    _blocks: Iterator[pl.DataFrame] | None = None
    _held: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"seconds": pl.Int64, "line": pl.Binary})
    )
    _read_to: float = -math.inf
    _beginning: bytes = b""  #: a byte order mark and the header line: every piece begins with them

    def read_to(self, moment: float, least: int) -> None:
        """Hold all lines up to a moment, but those before `least`.

        Raises:
            UnreachableError: the file cannot be read.
        """
        if self._blocks is None:
            self._blocks = self.blocks()
        fresh = [self._held]
        while self._read_to < moment:
            block = next(self._blocks, None)
            if block is None:
                self._read_to = math.inf
                break
            last = block["seconds"].tail(_TELLING_LINES).median()
            assert isinstance(last, float)
            self._read_to = max(self._read_to, last)
            fresh.append(block.filter(pl.col("seconds") >= least))
        if len(fresh) > 1:
            self._held = pl.concat(fresh).sort("seconds", maintain_order=True)

    def taken(self, end: int) -> pl.Series:
        """The held lines before a moment, in order of time; they are held no longer."""
        size = self._held["seconds"].search_sorted(end)
        lines = self._held["line"].head(size)
        self._held = self._held.slice(size)
        return lines

    @property
    def next_moment(self) -> float:
        """When its next line is due; infinite: there is none."""
        if len(self._held):
            return float(self._held["seconds"][0])
        return max(self.start, self._read_to)

    def content(self, lines: pl.Series) -> bytes:
        """A file of these lines."""
        feed = self._feed
        return self._beginning + b"".join(line + feed for line in lines)

    def blocks(self) -> Iterator[pl.DataFrame]:
        """All lines but the header: `seconds`, those of the line before where it has none.

        Raises:
            UnreachableError: the file cannot be read.
        """
        known = None  # the time of the last line that had one
        is_first = True
        try:
            with self.storage.open(self.item.file.source) as stream:
                for parsed, raw in self._records(stream):
                    times = times_of_lines(parsed, self.item.format, self.item.charset, self.how)
                    block = times.with_columns(line=raw)
                    if is_first:
                        block, is_first = self._without_beginning(block), False
                    seconds = pl.concat([pl.Series([known], dtype=pl.Int64), block["seconds"]])
                    filled = seconds.fill_null(strategy="forward").fill_null(strategy="backward")
                    filled = filled.fill_null(0)[1:]
                    if len(filled):
                        known = filled[-1] or None
                        yield block.select(filled.alias("seconds"), "line")
        except (OSError, DamagedError) as error:
            raise UnreachableError(f"{self.item.file.source} cannot be read ({error})") from error

    def _records(self, stream: BinaryIO) -> Iterator[tuple[pl.Series, pl.Series]]:
        """Lines as they are parsed and as they are, which differ where CSV breaks them."""
        content = Unpacked(pieces_of(stream), self.item.file.source)
        lines = lines_of(content, self.item.charset, self.item.format.line_end)
        if self.item.format.kind != "csv":
            yield from ((block, block) for block in lines)
            return
        feed, pulled = self._feed, bytearray()

        def told() -> Iterator[pl.Series]:
            for block in lines:
                pulled.extend(b"".join(line + feed for line in block))
                yield block

        separator = self.item.format.separators[0]
        for joined in joined_records(told(), separator, self.item.charset):
            # What joins two lines has as many bytes as the line end had.
            raw, at = [], 0
            for size in joined.bin.size().to_list():
                raw.append(bytes(pulled[at : at + size]))
                at += size + len(feed)
            del pulled[:at]
            yield joined, pl.Series("line", raw, dtype=pl.Binary)

    def _without_beginning(self, block: pl.DataFrame) -> pl.DataFrame:
        """The first block without what belongs to the file and not to a line."""
        first: bytes = block["line"][0] if len(block) else b""
        mark = next((mark for mark, _ in BYTE_ORDER_MARKS if first.startswith(mark)), b"")
        if self.item.format.header_cells and len(block) and block["skipped"][0]:
            self._beginning = first + self._feed
            return block[1:]
        self._beginning = mark
        if not mark:
            return block
        line = pl.concat([pl.Series([first[len(mark) :]], dtype=pl.Binary), block["line"][1:]])
        return block.with_columns(line=line)

    @property
    def _feed(self) -> bytes:
        end = line_separator(self.item.charset, self.item.format.line_end)
        return end.encode("latin-1")


def sources_of(
    logs: Sequence[tuple[Storage, str]], landing: Landing, *, zone: str, now: datetime
) -> tuple[list[Source], list[tuple[str, str]]]:
    """The files of logs, by the time of their first lines.

    Args:
        logs: files or folders, with their storage.
        landing: how files are read, where that is said.
        zone: of times without one, where no format names it.
        now: later times are none, as for every job.

    Returns:
        The sources; and names of files that are left alone, with the reason as a clause.

    Raises:
        LandingError: a log is not there.
        UnreachableError: a file cannot be read.
    """
    sources: list[Source] = []
    left: list[tuple[str, str]] = []
    names: set[str] = set()
    for storage, address in logs:
        listing = retried(partial(storage.listing, address))
        if listing is None:
            raise LandingError(f"no such log: {address}")
        found = [
            FoundFile(each.address, each.size, each.modified_at)
            for each in listing.files
            if each.size
        ]
        verdicts = looked_into([(file, None) for file in found], storage, landing)
        for file, verdict in zip(found, verdicts, strict=True):
            if isinstance(verdict, OSError):
                raise UnreachableError(f"{file.source} cannot be read ({verdict})")
            if isinstance(verdict, str):
                left.append((file.source, verdict))
            elif verdict.format.kind == "parquet":
                left.append((file.source, "it is Parquet, which has no lines"))
            else:
                how = Circumstances(zone, verdict.day, now, UserKeys.new())
                sources.append(Source(verdict, storage, _name(file.source, address, names), how))
    for source in sources:
        first = next(source.blocks(), None)
        if first is not None:
            source.start = int(first["seconds"].head(_TELLING_LINES).to_numpy().min())
    return sorted(sources, key=lambda each: (each.start, each.item.file.source)), left


def _name(source: str, log: str, taken: set[str]) -> tuple[str, str]:
    """What names of pieces begin and end with: the file's path below the log, and its ending."""
    below = source.removeprefix(log).strip("/") or source.rpartition("/")[2]
    while is_packed(below):
        below = below.rpartition(".")[0]
    stem, dot, ending = below.replace("/", "-").rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (dot + ending, "")
    name, number = stem, 1
    while name + ending in taken:  # of two logs with files of one name
        number += 1
        name = f"{stem}-{number}"
    taken.add(name + ending)
    return name, ending


def feed(
    sources: Sequence[Source],
    pace: Pace,
    write: Callable[[str, bytes], None],
    *,
    clock: Callable[[], float],
    wait: Callable[[float], object],
    tell: Callable[[Fed], None] = lambda _: None,
) -> Fed:
    """Let the lines of all sources go out, each when its time has come.

    Args:
        sources: by their start.
        pace: what goes out when.
        write: makes a file in the landing folder, of its name and its content, whole at once.
        clock: seconds of a clock that only goes forward.
        wait: waits for so many seconds.
        tell: is told after each piece how far it is.

    Raises:
        UnreachableError: a source cannot be read.
    """
    fed = Fed()
    if not sources:
        return fed
    first = min(source.start for source in sources)
    at = first - first % pace.step if pace.begin is None else pace.begin
    least = -1 if pace.begin is None else pace.begin
    last = math.inf if pace.end is None else pace.end
    began, waiting = clock(), list(sources)
    zero = at
    while waiting and at < last:
        # Pieces begin at whole steps, wherever a run begins: a second run makes the same ones.
        end = int(min(at - at % pace.step + pace.step, last))
        for source in waiting:
            if source.start < end + WINDOW_SECONDS:
                source.read_to(end + WINDOW_SECONDS, least)
        due = [(source, source.taken(end)) for source in waiting]
        if pace.speed is not None:
            pause = began + (end - zero) / pace.speed - clock()
            fed.behind = max(0.0, -pause)
            if pause > 0:
                wait(pause)
        for source, lines in due:
            if len(lines):
                write(piece_name(source, at, end), source.content(lines))
                fed.files, fed.lines = fed.files + 1, fed.lines + len(lines)
        fed.until = end
        tell(fed)
        waiting = [source for source in waiting if source.next_moment < math.inf]
        upcoming = min((source.next_moment for source in waiting), default=0.0)
        at = end
        if upcoming - at > SILENCE_SECONDS:
            passed = int(upcoming - at) // pace.step * pace.step
            at, zero = at + passed, zero + passed
    return fed


def piece_name(source: Source, begin: int, end: int) -> str:
    """What the file of a piece is called: names of one source sort by time."""
    stem, ending = source.name
    first, last = (f"{datetime.fromtimestamp(each, UTC):%Y%m%dT%H%M%SZ}" for each in (begin, end))
    name = f"{stem}.{first}-{last}{ending}"
    # Where lines tell no day the name does, and the first day in it counts.
    day = source.item.day
    if day is not None and file_date(source.item.format, name, None) != day:
        return f"{day}.{name}"
    return name


def writer(storage: Storage, landing: str) -> Callable[[str, bytes], None]:
    """What makes files in a landing folder: under a hidden name first, so that none is half."""

    def write(name: str, content: bytes) -> None:
        target, hidden = f"{landing}/{name}", f"{landing}/.{name}.new"
        try:
            storage.write_pieces(hidden, [content])
            storage.replace(hidden, target)
        except BaseException:
            with suppress(OSError):
                storage.delete(hidden)
            raise

    return write
