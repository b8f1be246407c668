"""Try again what may pass: a disk, a network, a node that is busy or being restarted."""

import errno
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

#: Seconds between the tries of one action.
PAUSES: Final = (0.2, 0.8, 2.0)

#: Errors that stay the same however often one asks within seconds.
_LASTING: Final = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError)
_LASTING_NUMBERS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL}
)

T = TypeVar("T")


def may_pass(error: OSError) -> bool:
    """Whether the same call may succeed within seconds.

    What is not there, not allowed or full will not; everything else (input/output error, stale
    handle, time-out, any error of a distributed file system, which has no number) may.
    """
    return not isinstance(error, _LASTING) and error.errno not in _LASTING_NUMBERS


def words_of(error: OSError) -> str:
    """What went wrong, without numbers and file names."""
    return error.strerror or str(error) or type(error).__name__


def at_most(seconds: float, wait: Callable[[float], object]) -> Callable[[float], None]:
    """`wait`, but no more than so many seconds in all: of a dead disk every file fails."""
    left = seconds

    def wait_while_any_is_left(pause: float) -> None:
        nonlocal left
        if pause <= left:
            left -= pause
            wait(pause)

    return wait_while_any_is_left


def retried(
    action: Callable[[], T],
    *,
    pauses: Sequence[float] = PAUSES,
    wait: Callable[[float], object] = time.sleep,
    say: Callable[[str], object] | None = None,
) -> T:
    """What `action` gives, tried once and again after each pause while its OSError may pass.

    Args:
        action: may be called several times.
        pauses: seconds; there is one try more than there are pauses.
        wait: waits so many seconds; tests hand in something faster.
        say: gets a sentence before each pause; None: nobody is told.

    Raises:
        OSError: that of the last try, or the first that will not pass. Other errors at once.
    """
    for pause in pauses:
        try:
            return action()
        except OSError as error:
            if not may_pass(error):
                raise
            if say is not None:
                say(f"{words_of(error)}: tried again in {pause:g} s.")
            wait(pause)
    return action()
