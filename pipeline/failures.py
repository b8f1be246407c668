"""Failures of the machine, told from faults of the code: a full disk needs a sentence, no trace."""

import errno
import re
from typing import Final

from pipeline.errors import PipelineError, RemoteError, RootError, UnreachableError
from silgeom.commands import OutputError

#: What may pass, and what to do about it. As Java words it, or what an error of the system holds.
PASSING: Final = {
    errno.ENOSPC: ("No space left on device", "make room"),
    errno.EDQUOT: ("Disk quota exceeded", "make room or ask for more"),
    errno.EIO: ("Input/output error", "look after the disk"),
    errno.EMFILE: ("Too many open files", "allow more of them (ulimit -n)"),
    errno.ENFILE: ("Too many open files in system", "close some"),
}

#: What stays until somebody mends it.
LASTING: Final = {
    errno.EROFS: ("Read-only file system", "choose another --root"),
    errno.EACCES: ("Permission denied", "mend the permissions"),
    errno.EPERM: ("Operation not permitted", "mend the permissions"),
    errno.ELOOP: ("Too many levels of symbolic links", "name what they should lead to"),
    errno.ENAMETOOLONG: ("File name too long", "take a shorter one"),
    errno.ENOTDIR: ("Not a directory", "name another folder"),
}

#: What Java says when a node, or the way to one, is gone, and what when nothing is written for now.
_NODE_GONE: Final = re.compile(
    r"\b(BlockMissingException|ConnectException|NoRouteToHostException|UnknownHostException"
    r"|SocketTimeoutException|StandbyException|RetriableException|ExecutorLostFailure)\b"
    r"|could only be written to \d+ of"
)
_SAFE_MODE: Final = "SafeModeException"


def as_sentence(error: BaseException) -> PipelineError | None:
    """The error for the user that lies behind `error` or its causes; None: it is none of these.

    Whatever was being changed is as it was before: the root replaces all of it or nothing.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, PipelineError):
            return cause
        if isinstance(cause, OutputError):
            return UnreachableError(f"{cause}: the results that were made are in place")
        if isinstance(cause, RemoteError):
            return UnreachableError(f"{cause}: run this again; what was there before is kept")
        if isinstance(cause, OSError) and cause.errno in PASSING | LASTING:
            return _told(cause.errno, str(cause.filename or ""))
        if not isinstance(cause, OSError):
            text = str(cause)  # Java's errors come as text, with the trace in it
            for number, (words, _) in (PASSING | LASTING).items():
                if f"Exception: {words}" in text or f"({words})" in text:
                    return _told(number, "")
            if _SAFE_MODE in text:
                return UnreachableError(
                    "HDFS is in safe mode and takes no writes: run this again when "
                    "`hdfs dfsadmin -safemode get` says OFF"
                )
            if gone := _NODE_GONE.search(text):
                return UnreachableError(
                    f"nodes of the cluster are gone or out of reach ({gone[0]}): run this again "
                    "when they are back; what was there before is kept"
                )
        cause = cause.__cause__ or cause.__context__
    return None


def _told(number: int, name: str) -> PipelineError:
    kind = UnreachableError if number in PASSING else RootError
    words, mend = (PASSING | LASTING)[number]
    where = f" at {name}" if name else ""
    return kind(f"{words}{where}: {mend}, then run this again; what was there before is kept")
