"""Storage that fails at one of its calls, and photographs of a root at each change of a file."""

import errno
import os
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from pipeline.retries import retried
from pipeline.store.storage import LocalStorage, Storage


class Killed(BaseException):
    """Stands for a process that is no more: nothing it would have done afterwards happens."""


#: What a call can do instead of its work.
PASSES: Final = "error that passes"  #: an input/output error, once
LASTS: Final = "error that lasts"  #: an input/output error, from then on
FULL: Final = "disk full"  #: no space, from then on, for what writes
INTERRUPT: Final = "Ctrl-C"  #: KeyboardInterrupt, once
KILL: Final = "kill"  #: the process ends there
MODES: Final = (PASSES, LASTS, FULL, INTERRUPT, KILL)

_WRITES: Final = {"write_bytes", "write_text", "replace", "make_folder", "sync"}


def _methods() -> list[str]:
    """What a storage can do, by name."""
    names = {name for kind in (Storage, LocalStorage) for name in vars(kind)}
    chosen = [name for name in names if name == "_try_lock" or not name.startswith("_")]
    return sorted(n for n in chosen if n != "lock" and callable(getattr(LocalStorage, n)))


@dataclass
class Calls:
    """The calls of storage in a run: counted, and failed from `fault_at` on as `mode` says."""

    fault_at: int | None = None  #: number of the call that fails, from 0
    mode: str = PASSES
    made: list[str] = field(default_factory=list)  #: the names of the calls, in order
    _nested: threading.local = field(default_factory=threading.local)
    _lock: Any = field(default_factory=threading.Lock)

    def fail_or_go_on(self, name: str) -> None:
        """Count a call; raise where it is to fail."""
        with self._lock:
            number = len(self.made)
            self.made.append(name)
        if self.fault_at is None or number < self.fault_at:
            return
        is_first = number == self.fault_at
        if self.mode == KILL:
            raise Killed
        if self.mode == INTERRUPT and is_first:
            raise KeyboardInterrupt
        if self.mode == LASTS or (self.mode == PASSES and is_first):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.mode == FULL and name in _WRITES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def by_name(self) -> str:
        """How many calls of which kind."""
        return ", ".join(f"{name} {count}" for name, count in sorted(Counter(self.made).items()))


@contextmanager
def storage_calls(calls: Calls) -> Iterator[None]:
    """Every call of local storage, whoever makes it, goes through `calls` first.

    A call that a call makes in turn is none of its own. Pauses before a try again take no time.
    """

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            nested = calls._nested
            if getattr(nested, "within", False):
                return method(*args, **kwargs)
            nested.within = True
            try:
                calls.fail_or_go_on(name)
                return method(*args, **kwargs)
            finally:
                nested.within = False

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in _methods():
            found = _as_written(name)
            if not isinstance(found, staticmethod | classmethod):
                patch.setattr(LocalStorage, name, watched(name, found))
        patch.setattr("time.sleep", lambda _: None)
        patch.setitem(_retried_defaults(), "wait", lambda _: None)
        yield


def _as_written(name: str) -> Any:  # noqa: ANN401
    """A method as its class has it, not bound to anything."""
    return next(vars(kind)[name] for kind in LocalStorage.__mro__ if name in vars(kind))


def _retried_defaults() -> dict[str, Any]:
    return retried.__kwdefaults__ or {}


# --- Photographs --------------------------------------------------------------------------------

#: Events of Python's audit that come just before a file is changed; "open" if it is to be written.
_CHANGES: Final = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink"}

_watchers: list[Callable[[str, str], None]] = []
_is_installed: list[bool] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _watchers or (event not in _CHANGES and event != "open"):
        return
    if event == "open" and not (args[2] and args[2] & (os.O_WRONLY | os.O_RDWR)):
        return
    if isinstance(args[0], str | bytes | os.PathLike):
        for watcher in list(_watchers):
            watcher(event, os.fsdecode(args[0]))


@contextmanager
def each_change(root: Path, seen: Callable[[int, str], None]) -> Iterator[None]:
    """Call `seen` just before each change that this process makes to a file below `root`.

    It gets the number of the change, from 0, and what is changed.
    """
    if not _is_installed:
        sys.addaudithook(_audit)  # which cannot be taken away again
        _is_installed.append(True)
    count = 0
    is_busy = threading.local()

    def watcher(event: str, path: str) -> None:
        nonlocal count
        if getattr(is_busy, "now", False) or not path.startswith(str(root)):
            return
        is_busy.now = True
        try:
            count += 1
            seen(count - 1, f"{event} {path.removeprefix(str(root))}")
        finally:
            is_busy.now = False

    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


@contextmanager
def photographs(
    root: Path, into: Path, most: int | None = None
) -> Iterator[list[tuple[str, Path]]]:
    """Copies of a root just before each change of a file: what a kill would leave there.

    Yields a list that fills up: what was about to be changed, and the copy. Where no more than
    `most` are wanted, they are spread evenly over the changes.
    """
    taken: list[tuple[str, Path]] = []
    step = 1

    def seen(number: int, what: str) -> None:
        nonlocal step
        if number % step:
            return
        if len(taken) == most:
            for _, copy in taken[1::2]:
                shutil.rmtree(copy)
            del taken[1::2]
            step *= 2
            if number % step:
                return
        copy = into / f"{number:04}"
        if root.exists():
            shutil.copytree(root, copy, symlinks=True)
        else:
            copy.mkdir(parents=True)
        taken.append((what, copy))

    with each_change(root, seen):
        yield taken
