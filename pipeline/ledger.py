"""The ledger: which files were taken in, and which of those now in the landing folder must be."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

TAKEN_IN: Final = "taken_in"
SAME_CONTENT: Final = "same_content"
SET_ASIDE: Final = "set_aside"

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


@dataclass
class Plan:
    """What the landing folder asks for."""

    read: list[FoundFile] = field(default_factory=list)  #: to be taken in, new or changed
    replaced: set[str] = field(default_factory=set)  #: of those, taken in before: old rows go
    entries: dict[str, LedgerEntry] = field(default_factory=dict)  #: new entries, nothing to read

    def is_empty(self) -> bool:
        """Nothing to read and nothing to note."""
        return not self.read and not self.entries


def plan(
    found: Iterable[FoundFile],
    ledger: Mapping[str, LedgerEntry],
    *,
    checksum: Callable[[str], str | None],
    retry: bool = False,
) -> Plan:
    """Compare the landing folder with the ledger.

    A file is known by size and time of change, and if those differ by its checksum: the same bytes
    put again are nothing new. Content that is there already under another name is not read; it is
    as soon as that other file changes. A file that has gone from the folder keeps its rows.

    Args:
        found: the files as they are, `checksum` not filled in.
        ledger: by source.
        checksum: called for new and changed files only. An OSError sets the file aside.
        retry: also read files that were set aside before and have not changed.
    """
    result = Plan()
    changed: list[FoundFile] = []
    for file in sorted(found, key=lambda f: f.source):
        entry = ledger.get(file.source)
        known = entry is not None and (entry.size, entry.modified_at) == (
            file.size,
            file.modified_at,
        )
        if known and entry is not None and not (retry and entry.status == SET_ASIDE):
            continue
        try:
            current = replace(file, checksum=checksum(file.source))
        except OSError as error:
            result.entries[file.source] = set_aside(
                file, f"it cannot be read ({error.strerror or error})"
            )
            if entry is not None and entry.status == TAKEN_IN:
                result.replaced.add(file.source)
            continue
        same_bytes = (
            entry is not None
            and current.checksum is not None
            and (entry.checksum == current.checksum)
        )
        if entry is not None and same_bytes and not (retry and entry.status == SET_ASIDE):
            result.entries[file.source] = replace(
                entry, size=file.size, modified_at=file.modified_at
            )
            continue
        changed.append(current)

    going = {file.source for file in changed}
    holder = {
        entry.checksum: source
        for source, entry in sorted(ledger.items(), reverse=True)
        if entry.status == TAKEN_IN and source not in going and entry.checksum is not None
    }
    # Content whose holder changes must be read from the file that still has it.
    orphans = [
        FoundFile(entry.source, entry.size, entry.modified_at, entry.checksum)
        for source, entry in sorted(ledger.items())
        if entry.status == SAME_CONTENT and source not in going and entry.checksum not in holder
    ]
    present = {file.source for file in found}
    for current in sorted(
        [*changed, *(f for f in orphans if f.source in present)], key=lambda f: f.source
    ):
        entry = ledger.get(current.source)
        if entry is not None and entry.status == TAKEN_IN:
            result.replaced.add(current.source)
        other = holder.get(current.checksum) if current.checksum is not None else None
        if other is not None:
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
        result.read.append(current)
    return result


def set_aside(file: FoundFile, why: str) -> LedgerEntry:
    """The entry of a file that is no log or cannot be read; `why` is a clause with a verb."""
    return LedgerEntry(file.source, SET_ASIDE, why, file.size, file.modified_at, file.checksum)
