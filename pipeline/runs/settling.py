"""Which files of a landing folder can be read: those that nobody is still writing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pipeline.store.storage import FileStatus

#: Seconds that a file must stay as it is before it is read.
SETTLED_SECONDS: Final = 1.0
#: A file that grows all the time is read as it is, each time after so many seconds.
PATIENCE_SECONDS: Final = 60.0

_Look = tuple[int, datetime]  # size and time of modification


@dataclass
class _Seen:
    look: _Look
    since: datetime  #: it looks like this
    growing_since: datetime  #: it was new, or was read last


class Settling:
    """What is known of the files of a landing folder from one look to the next.

    A writer that renames a whole file into the folder, or `hdfs dfs -put`, is done when the file
    is there; one that appends is not. So a file is read when it has not changed for a moment.
    """

    def __init__(
        self, settled: float = SETTLED_SECONDS, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._settled = timedelta(seconds=settled)
        self._patience = timedelta(seconds=patience)
        self._seen: dict[str, _Seen] = {}
        self._read: dict[str, _Look] = {}

    def look(self, files: Iterable[FileStatus], now: datetime) -> frozenset[str]:
        """Look at the folder again.

        Args:
            files: all that are there.
            now: the clock, with a zone.

        Returns:
            Addresses of files that are new or have changed since they were read, and are settled.
        """
        here: dict[str, _Seen] = {}
        ready = set()
        for file in files:
            look = file.size, file.modified_at
            if self._read.get(file.address) == look:
                continue
            seen = self._seen.get(file.address)
            if seen is None:
                # One that was last written a while ago needs no second look.
                seen = _Seen(look, min(now, max(file.modified_at, now - self._settled)), now)
            elif seen.look != look:
                seen = _Seen(look, now, seen.growing_since)
            here[file.address] = seen
            if now - seen.since >= self._settled or now - seen.growing_since >= self._patience:
                ready.add(file.address)
        self._seen = here
        return frozenset(ready)

    def note_read(self, addresses: Iterable[str]) -> None:
        """These were read as they looked last."""
        for address in addresses:
            seen = self._seen.pop(address, None)
            if seen is not None:
                self._read[address] = seen.look

    def forget(self, files: Iterable[FileStatus]) -> None:
        """Keep nothing of files that are not among these: the folder may be cleared for years."""
        here = {file.address for file in files}
        self._read = {address: look for address, look in self._read.items() if address in here}

    @property
    def read(self) -> frozenset[str]:
        """Addresses of files that were read, as they are or as they were."""
        return frozenset(self._read)
