"""The ledger: which files were taken in, and which of those now in the landing folder must be.

Plain values alone: what the landing folder holds and what the ledger says go in, a plan comes out.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from pipeline.retries import words_of

TAKEN_IN: Final = "taken_in"
SAME_CONTENT: Final = "same_content"
SET_ASIDE: Final = "set_aside"

#: How the detail of a damaged file begins: another format or charset does not mend it.
DAMAGED: Final = "it is damaged or cut off"

#: A file with lines of the future is read again when they fall due, but not more often than this.
LEAST_PAUSE: Final = timedelta(hours=1)

#: The type, where a field is called `date`.
Day = date


@dataclass(frozen=True)
class LedgerEntry:
    """One row of `LEDGER`; see there."""

    source: str
    status: str
    detail: str | None
    size: int
    modified_at: datetime
    checksum: str | None
    taken_in_as: str | None = None
    format: str | None = None
    charset: str | None = None
    zone: str | None = None
    date: Day | None = None
    declaration: str | None = None
    lines: int = 0
    skipped: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    withheld: int = 0
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    withheld_by_reason: Mapping[str, int] = field(default_factory=dict)
    look_again_at: datetime | None = None

    @property
    def rows_name(self) -> str:
        """What `source` says in the rows of this file: its address when it was taken in."""
        return self.taken_in_as or self.source

    def moved_by(self, *, accepted: int, robots: int) -> "LedgerEntry":
        """The entry after other files changed how many of its searches count, or are robots'."""
        by_reason = dict(self.withheld_by_reason)
        by_reason["robot"] = by_reason.get("robot", 0) + robots
        return replace(
            self,
            accepted=self.accepted + accepted,
            withheld=self.withheld + robots,
            duplicates=self.duplicates - accepted - robots,
            withheld_by_reason={reason: n for reason, n in sorted(by_reason.items()) if n},
        )


@dataclass(frozen=True)
class FoundFile:
    """A file of the landing folder as it is now."""

    source: str
    size: int
    modified_at: datetime
    checksum: str | None = None
    taken_in_as: str | None = None  #: see `LedgerEntry.rows_name`

    @property
    def rows_name(self) -> str:
        """What `source` will say in the rows of this file."""
        return self.taken_in_as or self.source


@dataclass(frozen=True)
class Wishes:
    """What a run asks of files that are known already."""

    retry: bool = False  #: read every file again that was set aside
    #: How the run says files are read (declaration, charset, day): that no format fitted before is
    #: tried again if it was not tried in this way.
    said: tuple[str | None, str | None, Day | None] = (None, None, None)
    reread: frozenset[str] = frozenset()  #: sources to read again although nothing changed
    forget_missing: bool = False  #: the rows of files that are gone go as well


@dataclass
class Plan:
    """What the landing folder asks for."""

    #: New or changed files, and those that are asked for: read as this run says.
    read: list[FoundFile] = field(default_factory=list)
    #: Files that did not change, with the entry that says how they were read: read so again.
    again: list[tuple[FoundFile, LedgerEntry]] = field(default_factory=list)
    #: Source -> the `rows_name` under which its rows so far lie: they go.
    replaces: dict[str, str] = field(default_factory=dict)
    entries: dict[str, LedgerEntry] = field(default_factory=dict)  #: new entries, nothing to read
    dropped: set[str] = field(default_factory=set)  #: sources whose entries go
    renamed: dict[str, str] = field(default_factory=dict)  #: new source -> old one
    gone: list[str] = field(default_factory=list)  #: taken in, not there any more: rows stay
    forgotten: list[str] = field(default_factory=list)  #: as `gone`, but their rows go
    unreachable: dict[str, str] = field(default_factory=dict)  #: source -> why it was not read

    @property
    def replaced(self) -> set[str]:
        """Rows with one of these as their `source` go."""
        return set(self.replaces.values())

    def is_empty(self) -> bool:
        """Nothing to read, to remove or to note."""
        return not (self.read or self.again or self.replaces or self.entries or self.dropped)

    def leave_out(self, source: str, why: str) -> None:
        """A file that is out of reach now keeps its rows and what is known of it."""
        self.unreachable[source] = why
        self.read = [each for each in self.read if each.source != source]
        self.again = [each for each in self.again if each[0].source != source]
        self.replaces.pop(source, None)
        # What equals its content would be held by a file that is not taken in.
        self.entries = {
            name: each
            for name, each in self.entries.items()
            if not (each.status == SAME_CONTENT and each.detail == source)
        }


def plan(
    found: Iterable[FoundFile],
    ledger: Mapping[str, LedgerEntry],
    *,
    checksum: Callable[[str], str | None],
    now: datetime,
    wishes: Wishes = Wishes(),
    missing: Collection[str] = (),
) -> Plan:
    """Compare the landing folder with the ledger.

    A file is known by size and time of change, and if those differ by its checksum: the same bytes
    put again are nothing new. The bytes of a file that is gone under a new name are that file,
    renamed. Content that is there already under another name is not read; it is as soon as that
    other file changes. A file that is gone keeps its rows, unless it is asked otherwise.

    Args:
        found: the files as they are, `checksum` not filled in.
        ledger: by source.
        checksum: called for new and changed files only. A file with an OSError is unreachable: what
            is known of it stays as it is.
        now: the clock, with a zone.
        wishes: what this run asks for.
        missing: sources of the ledger that should be there and are not.
    """
    result = Plan()
    changed: list[FoundFile] = []
    files = {file.source: file for file in found}
    for file in sorted(files.values(), key=lambda f: f.source):
        entry = ledger.get(file.source)
        wanted = file.source in wishes.reread or (entry is not None and _is_retried(entry, wishes))
        same_status = entry is not None and (entry.size, entry.modified_at) == (
            file.size,
            file.modified_at,
        )
        if same_status and not wanted:
            continue
        try:
            current = replace(file, checksum=checksum(file.source))
        except OSError as error:
            result.unreachable[file.source] = words_of(error)
            continue
        same_bytes = (
            entry is not None
            and current.checksum is not None
            and entry.checksum == current.checksum
        )
        if entry is not None and same_bytes and not wanted:
            noted = replace(entry, size=file.size, modified_at=file.modified_at)
            result.entries[file.source] = noted
            continue
        changed.append(current)

    _match(result, changed, files, ledger, wishes, set(missing))
    _read_again(result, files, ledger, now)
    return result


def _is_retried(entry: LedgerEntry, wishes: Wishes) -> bool:
    if entry.status != SET_ASIDE or wishes.retry:
        return entry.status == SET_ASIDE
    tried = (entry.declaration, entry.charset, entry.date)
    is_said = any(value is not None for value in wishes.said)
    return is_said and tried != wishes.said and not (entry.detail or "").startswith(DAMAGED)


def _match(
    result: Plan,
    changed: list[FoundFile],
    files: Mapping[str, FoundFile],
    ledger: Mapping[str, LedgerEntry],
    wishes: Wishes,
    missing: set[str],
) -> None:
    """Whose content is whose: what is renamed, what is a copy, what must be read or goes."""
    going = {file.source: file for file in changed}
    holder: dict[str | None, str] = {}
    vacated: dict[str, LedgerEntry] = {}  # by checksum: taken in, and not at its name any more
    for source, entry in sorted(ledger.items(), reverse=True):
        if entry.status == TAKEN_IN and entry.checksum is not None:
            is_changed = source in going and going[source].checksum != entry.checksum
            if source in missing or is_changed:
                vacated[entry.checksum] = entry
            else:
                holder[entry.checksum] = source
    # Content whose holder changes or goes must be read from the file that still has it.
    orphans = [
        replace(files[source], checksum=entry.checksum)
        for source, entry in sorted(ledger.items())
        if entry.status == SAME_CONTENT
        and source in files
        and source not in going
        and source not in result.unreachable
        and entry.checksum not in holder
    ]
    kept = {
        entry.rows_name
        for source, entry in ledger.items()
        if entry.status == TAKEN_IN and source not in going
    }
    for current in sorted([*changed, *orphans], key=lambda file: file.source):
        other = holder.get(current.checksum) if current.checksum is not None else None
        if other not in (None, current.source):
            result.entries[current.source] = LedgerEntry(
                current.source,
                SAME_CONTENT,
                other,
                current.size,
                current.modified_at,
                current.checksum,
            )
            continue
        if current.checksum is not None:
            holder[current.checksum] = current.source
        before = vacated.pop(current.checksum or "", None)
        if before is not None:
            result.renamed[current.source] = before.source
            kept.add(before.rows_name)
            result.entries[current.source] = replace(
                before,
                source=current.source,
                size=current.size,
                modified_at=current.modified_at,
                taken_in_as=before.rows_name,
            )
            continue
        result.read.append(current)

    moved = set(result.renamed.values())
    result.dropped |= moved - result.entries.keys()
    for source in sorted((going.keys() & ledger.keys()) - moved):
        if ledger[source].status == TAKEN_IN:
            result.replaces[source] = ledger[source].rows_name
    for source in sorted(missing - moved):
        entry = ledger[source]
        if entry.status != TAKEN_IN:
            result.dropped.add(source)  # it has no rows, and nobody needs to hear of it any more
        elif wishes.forget_missing:
            result.forgotten.append(source)
            result.replaces[source] = entry.rows_name
            result.dropped.add(source)
        else:
            result.gone.append(source)
    result.read = [replace(file, taken_in_as=_free_name(file, kept)) for file in result.read]


def _free_name(file: FoundFile, taken: set[str]) -> str:
    """The file's address, unless rows of a renamed file have it: then a bit of the content's."""
    name, tries = file.source, 8
    while name in taken:
        name = f"{file.source}#{(file.checksum or '').rpartition(':')[2][:tries]}"
        tries += 8
    taken.add(name)
    return name


def _read_again(
    result: Plan,
    files: Mapping[str, FoundFile],
    ledger: Mapping[str, LedgerEntry],
    now: datetime,
) -> None:
    """Unchanged files to read in the way they were read before, and why.

    Lines of the future have fallen due; or a row that hid a duplicate of theirs goes.
    """
    rows_go = bool(result.replaces)
    left_alone = {file.source for file in result.read} | result.unreachable.keys()
    kept = {source: entry for source, entry in ledger.items() if source not in result.dropped}
    for source, entry in sorted({**kept, **result.entries}.items()):
        if entry.status != TAKEN_IN or source not in files or source in left_alone:
            continue
        is_due = entry.look_again_at is not None and entry.look_again_at <= now
        if is_due or (rows_go and entry.duplicates > 0):
            file = replace(files[source], checksum=entry.checksum, taken_in_as=entry.rows_name)
            result.again.append((file, entry))
            result.replaces[source] = entry.rows_name


def set_aside(
    file: FoundFile,
    why: str,
    said: tuple[str | None, str | None, Day | None] = (None, None, None),
) -> LedgerEntry:
    """The entry of a file that is no log or is damaged.

    Args:
        file: as it is now.
        why: a clause with a verb.
        said: in which way it was tried, see `Wishes`.
    """
    declaration, charset, day = said
    return LedgerEntry(
        file.source,
        SET_ASIDE,
        why,
        file.size,
        file.modified_at,
        file.checksum,
        charset=charset,
        date=day,
        declaration=declaration,
    )


def next_look(due: datetime | None, entry: LedgerEntry | None, now: datetime) -> datetime | None:
    """When a file with lines of the future is read again.

    Args:
        due: when the first of the lines is no future any more; None: there are no such lines.
        entry: of the file before it was read; None: it is new.
        now: the clock.
    """
    was_looked_at_again = entry is not None and entry.look_again_at is not None
    return max(due, now + LEAST_PAUSE) if due is not None and was_looked_at_again else due
