"""Carries steps out in this process: piece by piece, on a few threads, without Java.

What a map gives is kept in memory until its key is reduced, and beyond a limit packed (Arrow, lz4)
in files of a folder that goes when the work is done.
"""

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

import polars as pl

from pipeline.carriers.steps import Kind, Mapped, Piece, Reduced, Result, Write

#: Bytes of rows that stay in memory.
MEMORY_BYTES: Final = 1_000_000_000

#: Told how far a step is: the name of what it runs, pieces done, of how many.
Observer = Callable[[str, int, int], None]


class Spool:
    """Rows by key and kind; safe to fill from several threads."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._left = memory_bytes
        self._rows: dict[str, list[tuple[Kind, pl.DataFrame | Path]]] = defaultdict(list)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files = 0
        self._lock = Lock()

    def all_keys(self) -> list[str]:
        """All keys, rising."""
        return sorted(self._rows)

    def add(self, key: str, kind: Kind, rows: pl.DataFrame) -> None:
        """Keep some rows of a key."""
        if rows.is_empty():
            return
        size = int(rows.estimated_size())
        with self._lock:
            has_room = self._left >= size
            self._left -= size if has_room else 0
            path = None if has_room else self._new_file()
        if path is not None:
            rows.write_ipc_stream(path, compression="lz4")
        with self._lock:
            self._rows[key].append((kind, path or rows))

    def take(self, keys: Sequence[str]) -> dict[Kind, list[pl.DataFrame]]:
        """The rows of some keys, each in the order in which they came; they are gone then."""
        with self._lock:
            taken = [each for key in keys for each in self._rows.pop(key, [])]
            self._left += sum(
                int(rows.estimated_size()) for _, rows in taken if isinstance(rows, pl.DataFrame)
            )
        found: dict[Kind, list[pl.DataFrame]] = defaultdict(list)
        for kind, rows in taken:
            if isinstance(rows, Path):
                path, rows = rows, pl.read_ipc_stream(rows)
                path.unlink()
            found[kind].append(rows)
        return found

    def close(self) -> None:
        """Let everything go."""
        self._rows.clear()
        if self._folder is not None:
            self._folder.cleanup()

    def _new_file(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="silgeom-")
        self._files += 1
        return Path(self._folder.name, f"{self._files}.arrow")


class InProcess:
    """A carrier; see `steps.Carrier`.

    Args:
        workers: threads; None: as many as there are cores.
        memory_bytes: bytes of rows that stay in memory.
        observer: told how far each step is, by the thread that asked for it.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        memory_bytes: int = MEMORY_BYTES,
        observer: Observer | None = None,
    ) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._memory_bytes = memory_bytes
        self._observer: Observer = observer or (lambda *_: None)

    def spool(self) -> Spool:
        """An empty place for what maps give."""
        return Spool(self._memory_bytes)

    def map(
        self,
        pieces: Sequence[Piece],
        mapper: Callable[[Piece], Iterable[Mapped[Result]]],
        into: Spool,
    ) -> list[Result]:
        """Map each piece; what was told, piece by piece."""

        def run(piece: Piece) -> list[Result]:
            told = []
            for part in mapper(piece):
                for (key, kind), rows in part.rows.items():
                    into.add(key, kind, rows)
                told.append(part.told)
            return told

        return [each for told in self._each(_name(mapper), run, pieces) for each in told]

    def reduce(
        self,
        spool: Spool,
        groups: Mapping[str, Sequence[str]],
        reducer: Callable[[str, dict[Kind, list[pl.DataFrame]]], Reduced[Result]],
        write: Write,
    ) -> list[Result]:
        """Reduce each group of keys and write its tables; what was told, group by group."""

        def run(group: str) -> Result:
            made = reducer(group, spool.take(groups[group]))
            for folder, rows in made.tables.items():
                write(folder, group, rows)
            return made.told

        return self._each(_name(reducer), run, list(groups))

    def _each(
        self, step: str, run: Callable[[Piece], Result], items: Sequence[Piece]
    ) -> list[Result]:
        if items:
            self._observer(step, 0, len(items))
        if len(items) < 2 or self._workers < 2:
            results = []
            for item in items:
                results.append(run(item))
                self._observer(step, len(results), len(items))
            return results
        with ThreadPoolExecutor(self._workers) as pool:
            futures = [pool.submit(run, item) for item in items]
            try:
                for done, future in enumerate(as_completed(futures), 1):
                    if future.exception() is not None:  # raised below, the first piece's first
                        break
                    self._observer(step, done, len(items))
                return [future.result() for future in futures]
            except BaseException:
                for future in futures:
                    future.cancel()
                raise


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__)).strip("_")
