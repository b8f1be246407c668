"""What a failed Spark job says of its cause, and whether that may pass.

The text alone tells: Java's errors come with the classes of their causes.
"""

import re
from typing import Final

#: Classes and sentences about disks, networks and nodes.
_ON_THE_WAY: Final = re.compile(
    r"\bjava\.io\.\w*(?:IO|FileNotFound|EOF)\w*Exception|java\.net\.\w+Exception"
    r"|java\.nio\.channels\.\w+Exception|java\.nio\.file\.\w+Exception"
    r"|BlockMissingException|ChecksumException|RemoteException|StandbyException|SafeModeException"
    r"|ExecutorLost|FetchFailed|ExecutorDead|executor .{0,40}(?:lost|exited)|heartbeat"
    r"|Connection re(?:fused|set)|timed out|TimeoutException|No live nodes|NoSuchFileException"
    r"|SparkContext was (?:shut down|stopped)|FILE_NOT_EXIST|PATH_NOT_FOUND",
    re.IGNORECASE,
)


#: Sentences about what stays until somebody mends it: `failures` says what to do.
_LASTING: Final = re.compile("No space left on device|quota|Read-only file system", re.IGNORECASE)


def may_be_weather(error: str) -> bool:
    """Whether a failure may pass: it speaks of a disk, a network or a node."""
    return bool(_ON_THE_WAY.search(error)) and not _LASTING.search(error)


def cause_of(error: str) -> str:
    """The last cause that the text of a failure names, in one line: class and message."""
    causes = re.findall(r"Caused by: [\w.$]*?(\w+): ([^\n]*)", error)
    return " ".join(causes[-1]) if causes else error.partition("\n")[0]
