"""Who holds a root: what a job writes beside its lock, and how another one tells it."""

import getpass
import json
import os
import socket
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from silgeom.commands import printable


def user_name() -> str:
    """The name of the user, or the number of one who has no name on this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no entry in passwd, and no variable tells the name
        return str(os.getuid())


@dataclass(frozen=True)
class Holder:
    """A job at work on a root; `since` is UTC."""

    user: str = field(default_factory=user_name)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    job: str = field(default_factory=lambda: Path(sys.argv[0]).name)
    since: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}")

    def to_json(self) -> bytes:
        """What `holder_text` reads."""
        return (json.dumps(asdict(self)) + "\n").encode()


def holder_text(data: bytes | None) -> str:
    """Who holds a root, to be put after its name; nothing where that is not known."""
    try:
        values = json.loads(data or b"")
        text = "{job}, {user} at {host}, process {pid}, since {since} UTC".format(**values)
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
    return f" ({printable(text)})"
