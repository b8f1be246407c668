"""Faults at any call of the storage: errors, kills, Ctrl-C, before a call took effect or after.

All of a job's storage goes through the methods of `Storage`, so a fault at each of their calls is a
fault at every place where a job can be cut off between two steps. What a single call may leave
half done (a file half written, a folder half deleted) is tried as `torn`.

    for faults in each_fault(Fault("kill")):
        with faults.injected(monkeypatch):
            ...  # a job, which may raise
        ...  # what has to hold

`each_fault` moves the fault on by one call, until a run meets none.
"""

import errno
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from pipeline.storage import LocalStorage, Storage

#: Every call of a storage.
CALLS = sorted(name for name in Storage.__abstractmethods__ if hasattr(LocalStorage, name))

Kind = Literal["kill", "torn", "ctrl-c", "error", "full"]


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of the process runs after it."""


@dataclass
class Fault:
    """A fault at one call.

    Attributes:
        kind: `kill`: no call after it does anything; `torn`: a kill in the midst of the call;
            `ctrl-c`: KeyboardInterrupt once; `error`: an input/output error once; `full`: the disk
            is full from there on, and only what is deleted goes through.
        after: the call has taken effect when the fault strikes.
        at: the number of the call, from 0.
        look: called before each call, such as a reader would look in between.
    """

    kind: Kind
    after: bool = False
    at: int = 0
    look: Callable[[], object] | None = None
    struck: str | None = None  #: the call that was struck
    calls: Counter[str] = field(default_factory=Counter)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def __str__(self) -> str:
        """For the name of a test."""
        return f"{self.kind}-after" if self.after else self.kind

    @contextmanager
    def injected(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Strike in the block; what the fault itself raises ends the block without an error."""
        with monkeypatch.context() as patch:
            for name in CALLS:
                patch.setattr(LocalStorage, name, self._guarded(name, getattr(LocalStorage, name)))
            with suppress(KilledError, KeyboardInterrupt):
                yield

    def _guarded(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            if self.look is not None:
                self.look()
            with self._lock:
                number = self.calls.total()
                self.calls[name] += 1
            if number == self.at:
                self.struck = name
                return self._strike(name, original, *args, **kwargs)
            if number > self.at and self.kind in ("kill", "torn"):
                raise KilledError
            if number > self.at and self.kind == "full" and name in ("write_bytes", "make_folder"):
                raise self._error()
            return original(*args, **kwargs)

        return call

    def _strike(self, name: str, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if self.kind == "torn":
            _half_done(name, *args[1:])
            raise KilledError
        if self.after:
            result = original(*args, **kwargs)
            if name == "_try_lock" and result is not None:
                result()  # as the system gives it back when the process has gone
        raise self._error()

    def _error(self) -> BaseException:
        match self.kind:
            case "kill" | "torn":
                return KilledError()
            case "ctrl-c":
                return KeyboardInterrupt()
            case "error":
                return OSError(errno.EIO, "Input/output error")
            case "full":
                return OSError(errno.ENOSPC, "No space left on device")


#: All there is to try. Killed after a call is killed before the next one.
FAULTS = (
    Fault("kill"),
    Fault("torn"),
    Fault("ctrl-c"),
    Fault("ctrl-c", after=True),
    Fault("error"),
    Fault("error", after=True),
    Fault("full"),
)


def each_fault(first: Fault) -> Iterator[Fault]:
    """The fault at every call in turn; ends when a run has fewer calls."""
    fault = first
    while True:
        fault = replace(fault, struck=None, calls=Counter())
        yield fault
        if fault.struck is None:
            return
        fault = replace(fault, at=fault.at + 1)


def _half_done(name: str, *args: Any) -> None:  # noqa: ANN401
    """Leave what a process that was killed within a call leaves."""
    if name == "write_bytes":
        address, data = args[:2]
        path = Path(address.removeprefix("file://"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f".{path.name}.new").write_bytes(data[: len(data) // 2])
    elif name == "delete":
        path = Path(args[0].removeprefix("file://"))
        for file in [each for each in path.rglob("*") if each.is_file()][:1]:
            file.unlink()
    elif name == "replace":
        Path(args[1].removeprefix("file://")).parent.mkdir(parents=True, exist_ok=True)
