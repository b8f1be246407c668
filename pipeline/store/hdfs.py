"""HDFS without Java: which addresses the native client serves, its connections, and its errors.

`hdfs-native` speaks the name node's and the data nodes' own protocols, but for Kerberos; what it
cannot reach goes through Spark's JVM instead.
"""

import errno
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final

from pipeline.carriers.hadoop import hadoop_settings
from pipeline.errors import RemoteError, UnreachableError

try:
    from hdfs_native import Client, WriteOptions

    IS_INSTALLED = True
except ImportError:  # a machine that has only what Spark brings
    IS_INSTALLED = False

_ATTEMPTS: Final = "dfs.client.failover.max.attempts"
_LONGEST_PAUSE: Final = "dfs.client.failover.sleep.max.millis"
#: How a name node is asked again: for some seconds at the first contact, when nothing is lost by
#: giving up; for a minute (it restarts, or its pair takes over) from then on.
FIRST_CONTACT: Final = {_ATTEMPTS: "4", _LONGEST_PAUSE: "1000"}
AT_WORK: Final = {_ATTEMPTS: "12", _LONGEST_PAUSE: "8000"}


@dataclass(frozen=True)
class HdfsPlace:
    """A path in HDFS: `authority` is a name node's `host:port`, or the name of a pair of them."""

    authority: str
    path: str

    @property
    def address(self) -> str:
        """The whole address, as Spark reports it for the rows of a file."""
        return f"hdfs://{self.authority}{self.path}"


def native_place(name: str, environ: Mapping[str, str] = os.environ) -> HdfsPlace | None:
    """Where in HDFS `name` is, if the native client can be used there; None: ask Spark's JVM.

    It is used for `hdfs:` wherever it is installed and knows whom to ask: a port is named, or the
    cluster's own settings (HADOOP_CONF_DIR) have the default or the pair. Not if they ask for
    Kerberos.

    Args:
        name: a URI, not percent-encoded; without a host it is that of `fs.defaultFS`.
        environ: names the folder of Hadoop's settings.
    """
    scheme, _, rest = name.partition(":")
    if not IS_INSTALLED or scheme != "hdfs" or not rest.startswith("/"):
        return None
    authority, path = "", rest
    if rest.startswith("//"):
        authority, _, path = rest[2:].partition("/")
    settings = hadoop_settings(environ)
    if settings.get("hadoop.security.authentication", "simple") != "simple":
        return None
    if not authority:
        default = settings.get("fs.defaultFS", "")
        authority = default.removeprefix("hdfs://").rstrip("/")
        if not default.startswith("hdfs://") or re.search(r"[/$]", authority):
            return None
    if ":" not in authority and f"dfs.ha.namenodes.{authority}" not in settings:
        return None
    return HdfsPlace(authority, posixpath.normpath("/" + path.lstrip("/")))


#: Name nodes that did not answer even to patience: until one does, none waits for them again.
_GIVEN_UP: Final[set[str]] = set()


def client_of(authority: str) -> "Client":
    """The connection to a name node or to a pair of them.

    It waits out a restart, but only once: what is tidied up after a name node was lost for good
    must not take a minute a call.

    Raises:
        UnreachableError: none answers at the first contact.
    """
    patient, quick = _clients(authority)
    return quick if authority in _GIVEN_UP else patient


def _act_for_who_submitted() -> None:
    """A driver inside the cluster runs as YARN's user, and Spark says for whom it does."""
    if submitter := os.environ.get("SPARK_USER"):
        os.environ.setdefault("HADOOP_USER_NAME", submitter)


@cache
def _clients(authority: str) -> tuple["Client", "Client"]:
    """A connection that is patient and one that is not; made once, and only if it answers.

    Raises:
        UnreachableError: none answers within seconds.
    """
    url = f"hdfs://{authority}"
    _act_for_who_submitted()
    quick = Client(url, FIRST_CONTACT)
    try:
        with hdfs_errors(url):
            quick.get_file_info("/")
    except PermissionError:
        pass  # it has answered
    except OSError as error:
        raise UnreachableError(
            f"the name node of {url} does not answer ({error.strerror or error}): run this again "
            "when it does"
        ) from error
    return Client(url, AT_WORK), quick


def write_options(*, private: bool) -> "WriteOptions":
    """How a small file is made, in place of another one and with its folder."""
    permission = 0o600 if private else 0o644
    return WriteOptions(permission=permission, overwrite=True, create_parent=True)


#: What HDFS says of a file that another writer has open, or had when it was lost.
_HELD: Final = re.compile("AlreadyBeingCreated|RecoveryInProgress|[Ll]ease")


def is_held(error: OSError) -> bool:
    """Whether a file cannot be opened since another writer has it."""
    return isinstance(error, FileExistsError) or bool(_HELD.search(str(error)))


def is_held_by_asker(error: OSError) -> bool:
    """Whether it cannot be opened since the very client that asks has it."""
    return "already the current lease holder" in str(error)


@contextmanager
def hdfs_errors(address: str) -> Iterator[None]:
    """Turn what the native client raises into OSErrors as the local file system has them.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError, FileExistsError: as their names say.
        RemoteError: everything else; it may pass.
    """
    authority = address.removeprefix("hdfs://").partition("/")[0]
    try:
        yield
        _GIVEN_UP.discard(authority)
    except FileNotFoundError:
        number = errno.ENOENT
        raise FileNotFoundError(number, os.strerror(number), address) from None
    except FileExistsError as error:
        raise FileExistsError(errno.EEXIST, _first_line(str(error)), address) from None
    except (OSError, RuntimeError, NotImplementedError) as error:
        told = _as_os_error(str(error), address)
        if isinstance(told, RemoteError):
            _GIVEN_UP.add(authority)
        raise told from None


def _as_os_error(text: str, address: str) -> OSError:
    """The error for what the client wrote: `RPCError("class", "message and trace")`, or a text."""
    written = re.match(r'\w+\((?:"([\w.$]+)", )?"?(.*?)"?\)?$', text, re.DOTALL)
    exception, message = (written[1] or "", written[2]) if written else ("", text)
    if message.startswith("All DataNodes failed"):  # and a page on each of them
        message = "no data node gives its blocks"
    return os_error(exception, message, address)


def os_error(exception: str, message: str, address: str) -> OSError:
    """The error for an exception of Java, named with its package or not, of a file system."""
    message = _first_line(message)
    match exception.rpartition(".")[2]:
        case "AccessControlException" if message.endswith("(is not a directory)"):
            return NotADirectoryError(errno.ENOTDIR, message, address)
        case "AccessControlException":
            return PermissionError(errno.EACCES, message, address)
        case "FileNotFoundException":
            return FileNotFoundError(errno.ENOENT, message, address)
        case "FileAlreadyExistsException":
            return FileExistsError(errno.EEXIST, message, address)
        case "ParentNotDirectoryException":
            return NotADirectoryError(errno.ENOTDIR, message, address)
        case "NSQuotaExceededException" | "DSQuotaExceededException" | "QuotaExceededException":
            return OSError(errno.EDQUOT, message, address)
        case "SafeModeException":
            return RemoteError("HDFS is in safe mode")
        case name:
            return RemoteError(f"{name}: {message}" if name else message)


def _first_line(text: str) -> str:
    """Of a message with Java's trace, whose line ends may be written as escapes, what it says."""
    first = re.split(r"\\n|\n", text, maxsplit=1)[0]
    return re.sub(r"\\(.)", r"\1", first)
