"""Which addresses of HDFS are reached without Java, and what its errors become."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest

from pipeline.carriers.session import in_process
from pipeline.errors import PipelineError, RemoteError, RootError, UnreachableError
from pipeline.retries import may_pass
from pipeline.store.hdfs import client_of, hdfs_errors, is_held, native_place
from pipeline.store.storage import HdfsStorage

SITE = "<configuration>{}</configuration>"
PROPERTY = "<property><name>{}</name><value>{}</value></property>"

#: The name node's trace goes on for twenty lines.
TRACE = (
    "\\n\\tat org.apache.hadoop.hdfs.server.namenode.FSNamesystem.startFile(FSNamesystem.java:1)"
)


@pytest.fixture
def free_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def settings(folder: Path, **values: str) -> Mapping[str, str]:
    """An environment whose HADOOP_CONF_DIR holds these; a name's `_` stands for a dot."""
    properties = [PROPERTY.format(name.replace("_", "."), value) for name, value in values.items()]
    (folder / "core-site.xml").write_text(SITE.format("".join(properties)), encoding="utf-8")
    return {"HADOOP_CONF_DIR": str(folder)}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("hdfs:///logs", "hdfs://node:8020/logs"),
        ("hdfs:/logs", "hdfs://node:8020/logs"),
        ("hdfs://other:9000/logs", "hdfs://other:9000/logs"),
        ("hdfs://pair/logs", "hdfs://pair/logs"),
        ("hdfs://node:8020", "hdfs://node:8020/"),
        ("hdfs:///a//b/./c/../d/", "hdfs://node:8020/a/b/d"),
        ("hdfs:///a b%20c/날씨 '#?[x]*", "hdfs://node:8020/a b%20c/날씨 '#?[x]*"),
    ],
)
def test_an_address_is_made_whole_with_the_clusters_own_settings(
    tmp_path: Path, name: str, address: str
) -> None:
    known = settings(tmp_path, fs_defaultFS="hdfs://node:8020", dfs_ha_namenodes_pair="one,two")

    place = native_place(name, known)

    assert place is not None
    assert place.address == address


def test_without_settings_a_port_is_enough() -> None:
    place = native_place("hdfs://localhost:8020/logs", {})

    assert place is not None
    assert (place.authority, place.path) == ("localhost:8020", "/logs")


def test_settings_are_found_below_hadoop_home_too(tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "hadoop"
    folder.mkdir(parents=True)
    settings(folder, fs_defaultFS="hdfs://node:8020/")

    place = native_place("hdfs:///logs", {"HADOOP_HOME": str(tmp_path)})

    assert place is not None
    assert place.address == "hdfs://node:8020/logs"


@pytest.mark.parametrize("name", ["s3a://bucket/logs", "viewfs:///logs", "hdfs:logs", "/logs"])
def test_what_is_no_path_in_hdfs_is_left_to_others(tmp_path: Path, name: str) -> None:
    assert native_place(name, settings(tmp_path, fs_defaultFS="hdfs://node:8020")) is None


@pytest.mark.parametrize(
    "values",
    [
        {"fs_defaultFS": "hdfs://node:8020", "hadoop_security_authentication": "kerberos"},
        {"fs_defaultFS": "s3a://bucket"},
        {"fs_defaultFS": "hdfs://${env.NODE}:8020"},
        {},
    ],
    ids=["kerberos", "another-default", "a-variable", "no-default"],
)
def test_what_the_native_client_cannot_know_or_prove_is_left_to_java(
    tmp_path: Path, values: dict[str, str]
) -> None:
    assert native_place("hdfs:///logs", settings(tmp_path, **values)) is None


def test_a_host_without_a_port_that_no_settings_know_is_left_to_java(tmp_path: Path) -> None:
    assert native_place("hdfs://pair/logs", {}) is None
    assert native_place("hdfs:///logs", {}) is None
    known = settings(tmp_path, fs_defaultFS="hdfs://node:8020")
    assert native_place("hdfs://node/logs", known) is None


def test_without_the_native_client_all_is_left_to_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.store.hdfs.IS_INSTALLED", False)

    assert native_place("hdfs://localhost:8020/logs", {}) is None
    without = "import sys; sys.modules['hdfs_native'] = None; import pipeline.store.storage"
    subprocess.run([sys.executable, "-c", without], check=True)


def test_settings_that_are_no_xml_are_named(tmp_path: Path) -> None:
    (tmp_path / "core-site.xml").write_text("<configuration>")

    with pytest.raises(PipelineError, match=r"core-site\.xml is no XML"):
        native_place("hdfs:///logs", {"HADOOP_CONF_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        (
            RuntimeError(
                'RPCError("org.apache.hadoop.security.AccessControlException", "Permission denied: '
                f'user=kim, access=READ, inode=\\"/a\\":lee:hdfs:----------{TRACE}")'
            ),
            PermissionError,
            'Permission denied: user=kim, access=READ, inode="/a":lee:hdfs:----------',
        ),
        (FileNotFoundError("/a/b"), FileNotFoundError, "No such file or directory"),
        (
            FileExistsError(f"/a for client 1.2.3.4 already exists{TRACE}"),
            FileExistsError,
            "/a for client 1.2.3.4 already exists",
        ),
        (
            RuntimeError(
                'RPCError("org.apache.hadoop.fs.ParentNotDirectoryException", "/a (is not a '
                f'directory){TRACE}")'
            ),
            NotADirectoryError,
            "/a (is not a directory)",
        ),
    ],
)
def test_a_lasting_error_has_the_kind_of_the_local_one_and_one_line(
    raised: Exception, kind: type[OSError], said: str
) -> None:
    with pytest.raises(kind) as caught, hdfs_errors("hdfs://node:8020/a"):
        raise raised

    assert caught.value.strerror == said
    assert caught.value.filename == "hdfs://node:8020/a"
    assert caught.value.errno is not None


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (
            RuntimeError(
                'RPCError("org.apache.hadoop.hdfs.server.namenode.SafeModeException", "Cannot '
                f'create file/a. Name node is in safe mode.{TRACE}")'
            ),
            "HDFS is in safe mode",
        ),
        (OSError("Connection refused (os error 111)"), "Connection refused (os error 111)"),
        (RuntimeError('DataTransferError("no node has the block")'), "no node has the block"),
        (
            RuntimeError('DataTransferError("All DataNodes failed: [DatanodeInfo { id: 1 }]")'),
            "no data node gives its blocks",
        ),
        (
            RuntimeError(
                'RPCError("java.io.IOException", "File /a could only be written to 0 of the 1 '
                f'minReplication nodes.{TRACE}")'
            ),
            "IOException: File /a could only be written to 0 of the 1 minReplication nodes.",
        ),
    ],
)
def test_what_may_pass_is_told_from_what_lasts(raised: Exception, said: str) -> None:
    with pytest.raises(RemoteError) as caught, hdfs_errors("hdfs://node:8020/a"):
        raise raised

    assert may_pass(caught.value)
    assert str(caught.value) == said


def test_a_file_that_another_has_open_is_told_from_a_failure() -> None:
    recovery = 'RPCError("org.apache.hadoop.hdfs.protocol.RecoveryInProgressException", "Failed")'
    errors = []
    for raised in (FileExistsError("owned by another"), RuntimeError(recovery), OSError("refused")):
        with (
            pytest.raises(OSError, match=r"owned|Recovery|refused") as caught,
            hdfs_errors("hdfs://node:8020/_lock"),
        ):
            raise raised
        errors.append(caught.value)

    assert [is_held(error) for error in errors] == [True, True, False]


class OneWriter:
    """A name node's rule of one writer a file, as the client of that writer meets it."""

    def __init__(self) -> None:
        self.has_writer = self.is_away = False

    def get_file_info(self, *_: object, **__: object) -> None:
        pass

    delete = rename = get_file_info

    def create(self, *_: object, **__: object) -> BytesIO:
        return BytesIO()

    def read(self, path: str) -> BytesIO:
        raise FileNotFoundError(path)

    def append(self, path: str) -> "OneWriter":
        if self.has_writer:
            raise FileExistsError(
                f"Failed to APPEND_FILE {path}: c1 is already the current lease holder."
            )
        self.has_writer = True
        return self

    def close(self) -> None:
        if self.is_away:
            raise OSError("Connection refused (os error 111)")
        self.has_writer = False

    def recover_lease(self, _: str) -> bool:
        self.has_writer = False
        return True


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> OneWriter:
    found = OneWriter()
    monkeypatch.setattr("pipeline.store.storage.client_of", lambda _: found)
    return found


def test_a_lock_that_could_not_be_given_back_is_had_again(node: OneWriter) -> None:
    storage, told = HdfsStorage(in_process(workers=1), "node:8020"), list[str]()
    with storage.lock("hdfs://node:8020/left", say=told.append):
        node.is_away = True
    node.is_away = False

    with storage.lock("hdfs://node:8020/left", say=told.append, minutes=1):
        assert node.has_writer
    assert len(told) == 1


def test_a_lock_that_is_held_is_not_taken_away(node: OneWriter) -> None:
    storage = HdfsStorage(in_process(workers=1), "node:8020")
    with storage.lock("hdfs://node:8020/held", say=lambda _: None):
        again = storage.lock("hdfs://node:8020/held", say=lambda _: None, minutes=0)
        with pytest.raises(RootError, match="another job has held"), again:
            pass
        assert node.has_writer


def test_a_name_node_that_does_not_answer_is_told_within_seconds(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HADOOP_USER_NAME", "kim")

    with pytest.raises(UnreachableError, match=f"hdfs://127.0.0.1:{free_port} does not answer"):
        client_of(f"127.0.0.1:{free_port}")


def test_a_name_node_that_is_gone_for_good_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipeline.store.hdfs._clients", lambda _: ("patient", "quick"))
    address = "hdfs://gone:8020/root"
    used: list[object] = [client_of("gone:8020")]

    with pytest.raises(RemoteError), hdfs_errors(address):
        raise OSError("Connection refused")
    used.append(client_of("gone:8020"))
    used.append(client_of("other:8020"))
    with hdfs_errors(address):
        pass  # it has answered again
    used.append(client_of("gone:8020"))

    assert used == ["patient", "quick", "patient", "patient"]


@pytest.mark.parametrize(
    ("named", "submitter", "acts_as"),
    [(None, "kim", "kim"), ("lee", "kim", "lee"), (None, None, None)],
)
def test_a_driver_inside_the_cluster_acts_for_who_submitted_the_job(
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
    named: str | None,
    submitter: str | None,
    acts_as: str | None,
) -> None:
    for name, value in (("HADOOP_USER_NAME", named), ("SPARK_USER", submitter)):
        monkeypatch.setenv(name, value or "")
        if value is None:
            monkeypatch.delenv(name)
    with pytest.raises(UnreachableError):
        client_of(f"127.0.0.1:{free_port}")

    assert os.environ.get("HADOOP_USER_NAME") == acts_as
