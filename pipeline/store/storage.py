"""The only module that touches storage other than through Spark's readers and writers.

Three back ends with the same methods: files of this machine through Python, HDFS through its native
client, and what neither reaches (`s3a:` …, HDFS with Kerberos) through Hadoop's FileSystem in
Spark's JVM. Addresses are URIs, not percent-encoded; a
name without a scheme is a path on this machine.
"""

import fcntl
import hashlib
import io
import os
import re
import shutil
import stat
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote, unquote, unquote_to_bytes

from pipeline.carriers.session import Session, in_process
from pipeline.errors import PipelineError, RootError
from pipeline.retries import may_pass, retried
from pipeline.store.hdfs import (
    client_of,
    hdfs_errors,
    is_held,
    is_held_by_asker,
    native_place,
    os_error,
    write_options,
)
from pipeline.store.holder import Holder, holder_text

if TYPE_CHECKING:
    from hdfs_native import Client
    from hdfs_native import FileStatus as NativeStatus

#: How long a job waits for another one that works on the same root.
LOCK_MINUTES: Final = 30
LOCK_POLL_SECONDS: Final = 2.0


@dataclass(frozen=True)
class FileStatus:
    """A file: `address` (URI, not percent-encoded), `size` (bytes), `modified_at` (UTC)."""

    address: str
    size: int
    modified_at: datetime


@dataclass(frozen=True)
class Listing:
    """What lies below an address.

    Attributes:
        files: by address.
        passed_over: (address, why in words) of everything else but plain folders, by address; of a
            folder that is not looked into one row stands for all that is in it.
        unread: addresses of folders that could not be looked into: of the files below them nothing
            is known, so that they must not be taken for gone.
    """

    files: list[FileStatus]
    passed_over: list[tuple[str, str]]
    unread: list[str]


#: Why something below a folder is no file of it.
UNFINISHED: Final = "it is still being put (._COPYING_)"
HIDDEN: Final = "it is hidden: its name begins with . or _"
LINKED_FOLDER: Final = "it is a link to a folder; put the folder itself there"
LINK_TO_NOTHING: Final = "it is a link to nothing"
NO_PLAIN_FILE: Final = "it is a pipe, a socket or a device, no plain file"
VANISHED: Final = "it went while the folder was looked through"


def why_hidden(name: str) -> str | None:
    """Why a file or folder of this name is left alone; None: it is not.

    Such names are those of notes, of hidden files and of what `hdfs dfs -put` has not finished.
    """
    if name.endswith("._COPYING_"):
        return UNFINISHED
    return HIDDEN if name.startswith((".", "_")) else None


class Storage(ABC):
    """What the pipeline needs of a file system. Every method takes addresses of this storage."""

    #: Whether it can be pickled, and works wherever it is unpickled.
    is_portable = True

    @abstractmethod
    def listing(self, address: str) -> Listing | None:
        """All that lies below `address`, which may be a file itself; None if it is not there.

        Folders that must not be read, links to nothing and what vanishes meanwhile are passed over.

        Raises:
            OSError: a folder cannot be read for now.
        """

    def files(self, address: str) -> list[FileStatus] | None:
        """The files of `listing` alone."""
        found = self.listing(address)
        return None if found is None else found.files

    @abstractmethod
    def head(self, address: str, size: int) -> bytes:
        """The first `size` bytes of a file.

        Raises:
            OSError: the file cannot be read.
        """

    def tail(self, address: str, size: int) -> bytes:
        """The last `size` bytes of a file, of a shorter one all.

        Raises:
            OSError: the file cannot be read.
        """
        return (self.read_bytes(address) or b"")[-size:]

    @abstractmethod
    def open(self, address: str) -> BinaryIO:
        """A file to read from wherever one likes; to be closed by `with`.

        Raises:
            OSError: the file cannot be read; reading from what is given raises it as well.
        """

    def resolved(self, address: str) -> str:
        """The address with links followed: two names of one folder have the same."""
        return address

    @abstractmethod
    def checksum(self, address: str) -> str | None:
        """A checksum of the content; None where the storage has none.

        Raises:
            OSError: the file cannot be read.
        """

    @abstractmethod
    def exists(self, address: str) -> bool:
        """Whether a file or a folder is there; asks for nothing below it."""

    @abstractmethod
    def folders(self, address: str) -> list[str]:
        """The names of the folders directly in `address`, in order; none if it is not there."""

    @abstractmethod
    def read_bytes(self, address: str) -> bytes | None:
        """The whole of a small file; None if it is not there."""

    @abstractmethod
    def write_bytes(self, address: str, data: bytes, *, private: bool = False) -> None:
        """Replace a small file at once; `private`: readable by its owner alone.

        A reader sees the old content or the new one, and so does whoever comes after a power cut.
        The folder is made if it is not there.
        """

    def read_text(self, address: str) -> str | None:
        """The whole of a small UTF-8 file; None if it is not there.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
        """
        data = self.read_bytes(address)
        return None if data is None else data.decode("utf-8")

    def write_text(self, address: str, text: str, *, private: bool = False) -> None:
        """`write_bytes` of a text, in UTF-8."""
        self.write_bytes(address, text.encode("utf-8"), private=private)

    @abstractmethod
    def sync(self, addresses: Iterable[str]) -> None:
        """Bring files, and the entries of folders, to the disk: they outlast a power cut."""

    @abstractmethod
    def write_pieces(self, address: str, pieces: Iterable[bytes]) -> None:
        """Write a file of any size, piece by piece; whoever reads meanwhile may see half of it."""

    @abstractmethod
    def replace(self, source: str, target: str) -> None:
        """Move a file over another one at once, so that a reader sees the one or the other."""

    @abstractmethod
    def delete(self, address: str) -> None:
        """Delete a file or a folder with all that is in it; nothing there is no error."""

    @abstractmethod
    def make_folder(self, address: str) -> None:
        """Make a folder and those above it.

        Raises:
            RootError: that is not allowed.
        """

    @contextmanager
    def lock(
        self, address: str, *, say: Callable[[str], None], minutes: int | None = None
    ) -> Iterator[None]:
        """Hold `address` against other jobs; a job that was killed holds nothing.

        Raises:
            RootError: another job held it for so many `minutes` (None: `LOCK_MINUTES`).
        """
        minutes = LOCK_MINUTES if minutes is None else minutes
        deadline = time.monotonic() + minutes * 60
        note = f"{address}.json"
        release = self._try_lock(address)
        if release is None:
            who = holder_text(self.read_bytes(note))
            root = address.rpartition("/")[0]
            say(f"Another job is at work on {root}{who}: waiting for it to end.")
        while release is None:
            if time.monotonic() > deadline:
                raise RootError(
                    f"another job has held {address} for {minutes} minutes"
                    f"{holder_text(self.read_bytes(note))}: wait for it or stop it, then run this "
                    "again"
                )
            time.sleep(LOCK_POLL_SECONDS)
            release = self._try_lock(address)
        try:
            with suppress(OSError):  # a full disk: then nobody is told who holds it
                self.write_bytes(note, Holder().to_json())
            yield
        finally:
            try:
                with suppress(OSError):
                    self.delete(note)
            finally:
                release()

    @abstractmethod
    def _try_lock(self, address: str) -> Callable[[], None] | None:
        """What gives the lock back, or None while another process has it."""


class LocalStorage(Storage):
    """Files of this machine; addresses are `file:///…`."""

    def listing(self, address: str) -> Listing | None:
        top = _local(address)
        try:
            status = top.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        found = Listing([], [], [])
        if not stat.S_ISDIR(status.st_mode):
            self._look_at(top, found)
            return found
        folders = [top]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as entries:
                    below = list(entries)
            except OSError as error:
                found.passed_over.append((_address(folder), _why_unread(error)))
                if not isinstance(error, FileNotFoundError):
                    found.unread.append(_address(folder))
                continue
            for entry in below:
                path = Path(entry.path)
                hidden = why_hidden(entry.name)
                if hidden is not None:
                    found.passed_over.append((_address(path), hidden))
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                else:
                    self._look_at(path, found)
        found.files.sort(key=lambda file: file.address)
        found.passed_over.sort()
        return found

    @staticmethod
    def _look_at(path: Path, found: Listing) -> None:
        """Add what is no folder to the files, or to what is passed over."""
        address = _address(path)
        try:
            status = path.stat()
        except FileNotFoundError:
            found.passed_over.append((address, LINK_TO_NOTHING if path.is_symlink() else VANISHED))
            return
        except OSError as error:
            found.passed_over.append((address, _why_unread(error)))
            return
        if stat.S_ISDIR(status.st_mode):
            found.passed_over.append((address, LINKED_FOLDER))
        elif not stat.S_ISREG(status.st_mode):
            found.passed_over.append((address, NO_PLAIN_FILE))
        else:
            # Microseconds, as Parquet keeps them: what the ledger says must compare equal.
            modified_at = datetime.fromtimestamp(status.st_mtime_ns // 1000 / 1_000_000, UTC)
            found.files.append(FileStatus(address, status.st_size, modified_at))

    def head(self, address: str, size: int) -> bytes:
        with _local(address).open("rb") as file:
            return file.read(size)

    def tail(self, address: str, size: int) -> bytes:
        with _local(address).open("rb") as file:
            file.seek(-min(size, os.fstat(file.fileno()).st_size), os.SEEK_END)
            return file.read()

    def open(self, address: str) -> BinaryIO:
        return _local(address).open("rb")

    def resolved(self, address: str) -> str:
        return _address(Path(os.path.realpath(_local(address))))

    def checksum(self, address: str) -> str | None:
        with _local(address).open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()

    def exists(self, address: str) -> bool:
        return _local(address).exists()

    def folders(self, address: str) -> list[str]:
        try:
            with os.scandir(_local(address)) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def read_bytes(self, address: str) -> bytes | None:
        try:
            return _local(address).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write_bytes(self, address: str, data: bytes, *, private: bool = False) -> None:
        path = _local(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")  # hidden: no reader of a dataset sees it
        fresh.unlink(missing_ok=True)  # left by a job that was cut off; its mode may be another
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with open(os.open(fresh, flags, 0o600 if private else 0o666), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        self.sync([f"file://{path.parent}"])

    def write_pieces(self, address: str, pieces: Iterable[bytes]) -> None:
        path = _local(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(pieces)

    def sync(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            handle = os.open(_local(address), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def replace(self, source: str, target: str) -> None:
        path = _local(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        _local(source).replace(path)

    def delete(self, address: str) -> None:
        path = _local(address)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def make_folder(self, address: str) -> None:
        path = _local(address)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RootError(f"cannot make the folder {path}: {error.strerror}") from error
        if not os.access(path, os.W_OK | os.X_OK):
            raise RootError(
                f"cannot write to {path}: choose another --root or mend its permissions"
            )

    def _try_lock(self, address: str) -> Callable[[], None] | None:
        path = _local(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A job of which nothing came deletes the root that it made, and the lock with it.
            is_in_place = os.path.samestat(os.fstat(handle), path.stat())
        except (BlockingIOError, FileNotFoundError) as error:
            os.close(handle)
            return None if isinstance(error, BlockingIOError) else self._try_lock(address)
        except OSError as error:
            os.close(handle)
            raise RootError(
                f"cannot lock {path} ({error.strerror}): name a --root on another file system"
            ) from error
        if not is_in_place:
            os.close(handle)
            return self._try_lock(address)
        return lambda: os.close(handle)


class HdfsStorage(Storage):
    """HDFS through its native client: no session is started, but for checksums."""

    def __init__(self, session: Session, authority: str) -> None:
        self._session = session
        self._authority = authority
        client_of(authority)  # fails where it does not answer

    def __reduce__(self) -> tuple[Any, ...]:
        return HdfsStorage, (in_process(), self._authority)  # Spark stays where it is

    @property
    def _client(self) -> "Client":
        return client_of(self._authority)

    def _path(self, address: str) -> str:
        return address.removeprefix(f"hdfs://{self._authority}")

    def listing(self, address: str) -> Listing | None:
        try:
            with hdfs_errors(address):
                top = self._client.get_file_info(self._path(address))
        except (FileNotFoundError, NotADirectoryError):
            return None
        found = Listing([], [], [])
        if not top.isdir:
            found.files.append(self._status(address, top))
            return found
        folders = [address]
        while folders:
            folder = folders.pop()
            try:
                with hdfs_errors(folder):
                    below = list(self._client.list_status(self._path(folder)))
            except FileNotFoundError:
                found.passed_over.append((folder, VANISHED))
                continue
            except PermissionError as error:
                found.passed_over.append((folder, _why_unread(error)))
                found.unread.append(folder)
                continue
            for status in below:
                name = status.path.rpartition("/")[2]
                each = f"{folder.rstrip('/')}/{name}"
                hidden = why_hidden(name)
                if hidden is not None:
                    found.passed_over.append((each, hidden))
                elif status.isdir:
                    folders.append(each)
                else:
                    found.files.append(self._status(each, status))
        found.files.sort(key=lambda file: file.address)
        found.passed_over.sort()
        return found

    @staticmethod
    def _status(address: str, status: "NativeStatus") -> FileStatus:
        modified_at = datetime.fromtimestamp(status.modification_time / 1000, UTC)
        return FileStatus(address, status.length, modified_at)

    def head(self, address: str, size: int) -> bytes:
        with hdfs_errors(address):
            return self._client.read(self._path(address)).read(size)

    def tail(self, address: str, size: int) -> bytes:
        with hdfs_errors(address):
            file = self._client.read(self._path(address))
            asked = min(size, len(file))
            return bytes(file.read_range(len(file) - asked, asked))

    def open(self, address: str) -> BinaryIO:
        with hdfs_errors(address):
            stream = self._client.read(self._path(address))
        return io.BufferedReader(_NativeFile(stream, address), 1024 * 1024)

    def checksum(self, address: str) -> str | None:
        # HDFS keeps a checksum of each file, and only Java's client asks for it: a job on Spark
        # that finds new files starts its session anyway. Without Spark the content is read.
        if self._session.has_spark:
            return self._in_java.checksum(address)
        with self.open(address) as stream:
            digest = hashlib.sha256()
            for piece in iter(lambda: stream.read(1024 * 1024), b""):
                digest.update(piece)
            return f"sha256:{digest.hexdigest()}"

    @cached_property
    def _in_java(self) -> "HadoopStorage":
        return HadoopStorage(self._session, f"hdfs://{self._authority}/")

    def exists(self, address: str) -> bool:
        try:
            with hdfs_errors(address):
                self._client.get_file_info(self._path(address))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def folders(self, address: str) -> list[str]:
        try:
            with hdfs_errors(address):
                found = list(self._client.list_status(self._path(address)))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(each.path.rpartition("/")[2] for each in found if each.isdir)

    def read_bytes(self, address: str) -> bytes | None:
        try:
            with hdfs_errors(address):
                return self._client.read(self._path(address)).read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write_bytes(self, address: str, data: bytes, *, private: bool = False) -> None:
        folder, _, name = self._path(address).rpartition("/")
        fresh = f"{folder}/.{name}.new"  # hidden: no reader of a dataset sees it

        def write() -> None:
            with hdfs_errors(address):
                self._client.delete(fresh)  # left by a job that was cut off, with a mode of its own
                with self._client.create(fresh, write_options(private=private)) as file:
                    file.write(data)
                self._client.rename(fresh, self._path(address), overwrite=True)

        retried(write)  # the client gives up where a data node that it writes to is lost

    def write_pieces(self, address: str, pieces: Iterable[bytes]) -> None:
        options = write_options(private=False)
        with (
            hdfs_errors(address),
            self._client.create(self._path(address), options) as file,
        ):
            for piece in pieces:
                file.write(piece)

    def sync(self, addresses: Iterable[str]) -> None:
        """Nothing to do: closed files lie on several nodes, renames in the name node's log."""

    def replace(self, source: str, target: str) -> None:
        path = self._path(target)
        with hdfs_errors(target):
            self._client.mkdirs(path.rpartition("/")[0], create_parent=True)
        with hdfs_errors(source):
            self._client.rename(self._path(source), path, overwrite=True)

    def delete(self, address: str) -> None:
        with hdfs_errors(address):
            self._client.delete(self._path(address), recursive=True)

    def make_folder(self, address: str) -> None:
        try:
            with hdfs_errors(address):
                self._client.mkdirs(self._path(address), create_parent=True)
        except PermissionError as error:
            raise RootError(f"cannot make the folder {address}: {error.strerror}") from error

    def _try_lock(self, address: str) -> Callable[[], None] | None:
        # HDFS has one writer a file and takes the lease from a writer that is gone (60 s): an open
        # stream is a lock that a killed job gives back.
        path = self._path(address)
        client = _NOT_GIVEN_BACK.get(address, self._client)
        try:
            with hdfs_errors(address):
                if not self.exists(address):
                    with suppress(FileExistsError):  # made by another job in between
                        client.create(path).close()
                stream = client.append(path)
        except PermissionError as error:
            raise RootError(f"cannot lock {address}: {error.strerror}") from error
        except OSError as error:
            if not is_held(error):
                raise
            if address in _NOT_GIVEN_BACK and is_held_by_asker(error):
                with hdfs_errors(address):
                    client.recover_lease(path)
            return None
        _NOT_GIVEN_BACK.pop(address, None)

        def release() -> None:
            try:
                with hdfs_errors(address):
                    stream.close()
            except OSError:
                # The name node was out of reach, and this client keeps the lease alive.
                _NOT_GIVEN_BACK[address] = client

        return release


#: Locks that could not be given back, and the client that has each.
_NOT_GIVEN_BACK: Final[dict[str, "Client"]] = {}


class HadoopStorage(Storage):
    """Any file system that Hadoop knows, through the JVM of a running Spark session."""

    is_portable = False

    def __init__(self, session: Session, address: str) -> None:
        spark = session.spark()
        jvm: Any = spark.sparkContext._jvm
        self._jvm = jvm
        self._gateway: Any = spark.sparkContext._gateway
        self._conf: Any = spark.sparkContext._jsc.hadoopConfiguration()
        uri = jvm.java.net.URI(_quoted(address))
        self._fs: Any = jvm.org.apache.hadoop.fs.FileSystem.get(uri, self._conf)

    def _path(self, address: str) -> Any:  # noqa: ANN401
        return self._jvm.org.apache.hadoop.fs.Path(address)

    def qualified(self, address: str) -> str:
        """The address with scheme and authority, as Spark reports it for the rows of a file."""
        return str(self._fs.makeQualified(self._path(address)).toString())

    def listing(self, address: str) -> Listing | None:
        found = Listing([], [], [])
        with _java_errors(address):
            top = self._path(address)
            if not self._fs.exists(top):
                return None
            prefix = str(self._fs.getFileStatus(top).getPath().toString())
            remaining = self._fs.listFiles(top, True)
            hidden: dict[str, str] = {}
            while remaining.hasNext():
                status = remaining.next()
                name = str(status.getPath().toString())
                parts = name.removeprefix(prefix).strip("/").split("/")
                reasons = [why_hidden(part) for part in parts]
                depth = next((n for n, why in enumerate(reasons, 1) if why is not None), None)
                if depth is not None:
                    hidden["/".join([prefix, *parts[:depth]])] = str(reasons[depth - 1])
                    continue
                modified_at = datetime.fromtimestamp(status.getModificationTime() / 1000, UTC)
                found.files.append(FileStatus(name, int(status.getLen()), modified_at))
        found.files.sort(key=lambda file: file.address)
        found.passed_over.extend(sorted(hidden.items()))
        return found

    def head(self, address: str, size: int) -> bytes:
        with _java_errors(address):
            stream = self._fs.open(self._path(address))
            try:
                utils = self._jvm.org.apache.commons.io.IOUtils
                bounded = self._jvm.org.apache.commons.io.input.BoundedInputStream(stream, size)
                return bytes(utils.toByteArray(bounded))
            finally:
                stream.close()

    def open(self, address: str) -> BinaryIO:
        with _java_errors(address):
            size = int(self._fs.getFileStatus(self._path(address)).getLen())
            stream = self._fs.open(self._path(address))
        commons_io = self._jvm.org.apache.commons.io
        return io.BufferedReader(_HadoopFile(stream, size, address, commons_io), 1024 * 1024)

    def checksum(self, address: str) -> str | None:
        with _java_errors(address):
            checksum = self._fs.getFileChecksum(self._path(address))
        return None if checksum is None else str(checksum.toString())

    def exists(self, address: str) -> bool:
        with _java_errors(address):
            return bool(self._fs.exists(self._path(address)))

    def folders(self, address: str) -> list[str]:
        if not self.exists(address):
            return []
        with _java_errors(address):
            found = list(self._fs.listStatus(self._path(address)))
        return sorted(str(each.getPath().getName()) for each in found if each.isDirectory())

    def read_bytes(self, address: str) -> bytes | None:
        if not self.exists(address):
            return None
        with _java_errors(address):
            stream = self._fs.open(self._path(address))
            try:
                return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
            finally:
                stream.close()

    def write_bytes(self, address: str, data: bytes, *, private: bool = False) -> None:
        folder, _, name = address.rpartition("/")
        fresh = f"{folder}/.{name}.new"  # hidden: no reader of a dataset sees it
        with _java_errors(address):
            self._fs.delete(self._path(fresh), False)  # left by a job that was cut off
            stream = self._fs.create(self._path(fresh), True)
            try:
                if private:
                    permission = self._jvm.org.apache.hadoop.fs.permission.FsPermission("600")
                    self._fs.setPermission(self._path(fresh), permission)
                stream.write(bytearray(data))
                stream.hsync()
            finally:
                stream.close()
            self.replace(fresh, address)

    def write_pieces(self, address: str, pieces: Iterable[bytes]) -> None:
        with _java_errors(address):
            stream = self._fs.create(self._path(address), True)
            try:
                for piece in pieces:
                    stream.write(bytearray(piece))
            finally:
                stream.close()

    def sync(self, addresses: Iterable[str]) -> None:
        """Nothing to do: closed files lie on several nodes, renames in the name node's log."""

    def replace(self, source: str, target: str) -> None:
        path = self._path(target)
        rename = getattr(self._jvm.org.apache.hadoop.fs, "Options$Rename")
        overwrite = self._gateway.new_array(rename, 1)
        overwrite[0] = rename.OVERWRITE
        with _java_errors(source):
            self._fs.mkdirs(path.getParent())
            context = self._jvm.org.apache.hadoop.fs.FileContext.getFileContext(
                path.toUri(), self._conf
            )
            context.rename(self._path(source), path, overwrite)

    def delete(self, address: str) -> None:
        with _java_errors(address):
            self._fs.delete(self._path(address), True)

    def make_folder(self, address: str) -> None:
        try:
            with _java_errors(address):
                self._fs.mkdirs(self._path(address))
        except OSError as error:
            raise RootError(
                f"cannot make the folder {address}: {error.strerror or error}"
            ) from error

    def _try_lock(self, address: str) -> Callable[[], None] | None:
        # HDFS has one writer a file and takes the lease from a writer that is gone (60 s): an open
        # stream is a lock that a killed job gives back.
        path = self._path(address)
        try:
            with _java_errors(address):
                if not self._fs.exists(path):
                    with suppress(OSError):  # made by another job in between
                        self._fs.create(path, False).close()
                stream = self._fs.append(path)
        except OSError as error:
            if is_held(error):
                return None
            raise RootError(f"cannot lock {address}: {error.strerror or error}") from error
        return lambda: stream.close()


class _NativeFile(io.RawIOBase):
    """A stream of the native client's whose errors are OSErrors."""

    def __init__(self, stream: io.RawIOBase, address: str) -> None:
        self._stream = stream
        self._address = address

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        with hdfs_errors(self._address):
            data = self._stream.read(len(buffer)) or b""
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with hdfs_errors(self._address):
            self._stream.seek(offset, whence)
        return self._stream.tell()


class _HadoopFile(io.RawIOBase):
    """A stream of Hadoop's as one of Python's."""

    def __init__(self, stream: Any, size: int, address: str, commons_io: Any) -> None:  # noqa: ANN401
        self._stream = stream
        self._address = address
        self._size = size
        self._io = commons_io

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        with _java_errors(self._address):
            part = self._io.input.BoundedInputStream(self._stream, len(buffer))
            data = bytes(self._io.IOUtils.toByteArray(part))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with _java_errors(self._address):
            here = int(self._stream.getPos()) if whence == os.SEEK_CUR else 0
            target = offset + (self._size if whence == os.SEEK_END else here)
            self._stream.seek(target)
        return target

    def close(self) -> None:
        if not self.closed:
            with _java_errors(self._address):
                self._stream.close()
        super().close()


def storage_of(session: Session, address: str) -> Storage:
    """The back end for a qualified address."""
    if address.startswith(("file:", ENCODED)):
        return LocalStorage()
    place = native_place(address)
    return HdfsStorage(session, place.authority) if place else HadoopStorage(session, address)


def qualified(session: Session, name: str) -> str:
    """The address of what a user calls `name`: a URI is made complete, a path made absolute.

    Raises:
        PipelineError: a URI of a scheme that this Spark does not know.
    """
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", name)
    if found is None or os.path.lexists(name):
        return _address(Path(os.path.abspath(os.path.expanduser(name))))
    if found.group(1).lower() == "file":
        path = re.sub(r"^//[^/]*", "", name[found.end() :])
        return _address(Path(os.path.abspath(unquote(path))))
    if place := native_place(name):
        return place.address
    try:
        with _java_errors(name):
            return HadoopStorage(session, name).qualified(name)
    except OSError as error:
        raise PipelineError(f"cannot reach {name}: {error.strerror or error}") from error


@contextmanager
def _java_errors(address: str) -> Iterator[None]:
    """Turn what Java throws into an OSError of its kind with its first line."""
    try:
        yield
    except Exception as error:
        thrown: Any = getattr(error, "java_exception", None)  # of py4j's errors
        if thrown is None:
            raise
        name, _, message = str(thrown.toString()).partition(": ")
        raise os_error(name, message, address) from error


#: Begins the address of a path whose bytes are no UTF-8: it is percent-encoded, others are not.
ENCODED: Final = "file-encoded://"


def _address(path: Path) -> str:
    """The address of a path of this machine, always valid UTF-8; `_local` turns it back."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return ENCODED + quote(os.fsencode(path))
    return f"file://{path}"


def _local(address: str) -> Path:
    if address.startswith(ENCODED):
        return Path(os.fsdecode(unquote_to_bytes(address.removeprefix(ENCODED))))
    return Path(address.removeprefix("file://"))


def _why_unread(error: OSError) -> str:
    """Why something that cannot be looked at is passed over.

    Raises:
        OSError: it may be there again in a moment.
    """
    if isinstance(error, FileNotFoundError):
        return VANISHED
    if may_pass(error):
        raise error
    return f"it must not be read ({error.strerror})"


def _quoted(address: str) -> str:
    return address.replace("%", "%25").replace(" ", "%20")
