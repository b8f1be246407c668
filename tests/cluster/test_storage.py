"""What the pipeline asks of a file system: HDFS, reached from here, answers as a disk does."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.errors import RootError
from pipeline.store.storage import HdfsStorage, LocalStorage, Storage, qualified, storage_of
from tests.cluster.conftest import Cluster
from tests.factories import HERE

NAMES = (
    "날씨 삼월.tsv",
    "100%.tsv",
    "a%20b.tsv",
    'it\'s "quoted".tsv',
    "[x]{y}*?.tsv",
    "a#b;c&d=e+f.tsv",
    "back\\slash.tsv",
    "ünïcode-e\u0301.tsv",
    "🎉.tsv",
    "x" * 200 + ".tsv",
)


@dataclass(frozen=True)
class Place:
    """A folder of a storage, and what a person can do there with the storage's own tools."""

    storage: Storage
    top: str
    chmod: Callable[[str, int], object]

    def put(self, name: str, data: bytes = b"x") -> str:
        address = f"{self.top}/{name}"
        self.storage.write_bytes(address, data)
        return address


@pytest.fixture(scope="module")
def from_here(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster as a program of this machine reaches it, as the user `analyst`."""
    conf = tmp_path_factory.mktemp("conf")
    property_ = "<property><name>{}</name><value>{}</value></property>"
    values = {"dfs.client.use.datanode.hostname": "true", "fs.defaultFS": "hdfs://localhost:8020"}
    text = "".join(property_.format(*pair) for pair in values.items())
    (conf / "core-site.xml").write_text(f"<configuration>{text}</configuration>")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HADOOP_CONF_DIR", str(conf))
        patch.setenv("HADOOP_USER_NAME", "analyst")
        yield cluster


@pytest.fixture(params=["disk", "hdfs"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "disk":
        top = qualified(HERE, str(tmp_path))
        return Place(LocalStorage(), top, lambda a, mode: os.chmod(a.removeprefix("file://"), mode))
    request.getfixturevalue("from_here")
    top = qualified(HERE, f"hdfs:///tmp/storage/{tmp_path.name}")
    storage = storage_of(HERE, top)
    assert isinstance(storage, HdfsStorage)
    storage.delete(top)
    storage.make_folder(top)

    def chmod(address: str, mode: int) -> None:
        storage._client.set_permission(address.removeprefix("hdfs://localhost:8020"), mode)

    return Place(storage, top, chmod)


@contextmanager
def mode(place: Place, address: str, bits: int) -> Iterator[None]:
    """Not for root of a disk, which reads everything."""
    if isinstance(place.storage, LocalStorage) and os.geteuid() == 0:
        pytest.skip("root may read all files of a disk")
    place.chmod(address, bits)
    try:
        yield
    finally:
        place.chmod(address, 0o755)


def names_below(place: Place) -> list[str]:
    found = place.storage.files(place.top)
    assert found is not None
    return [file.address.removeprefix(f"{place.top}/") for file in found]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_listed_and_read_as_it_was_written(place: Place, name: str) -> None:
    address = place.put(name, name.encode())

    assert names_below(place) == [name]
    assert place.storage.read_text(address) == name
    assert place.storage.files(address) == place.storage.files(place.top)


def test_files_come_with_size_and_time_in_the_order_of_their_names(place: Place) -> None:
    for name, data in {"b": b"12", "a/z": b"1", "a.b": b"", "c/d/e": b"123"}.items():
        place.put(name, data)

    found = place.storage.files(place.top) or []

    assert [(file.address.removeprefix(f"{place.top}/"), file.size) for file in found] == [
        ("a.b", 0),
        ("a/z", 1),
        ("b", 2),
        ("c/d/e", 3),
    ]
    assert all(file.modified_at.tzinfo is not None for file in found)
    assert place.storage.files(place.top) == found  # as the ledger needs it: the same each time


def test_what_is_hidden_or_still_being_put_is_named_with_its_reason(place: Place) -> None:
    for name in ("log", ".hidden", "_notes", "big._COPYING_", "_temporary/0/part", "day/.crc"):
        place.put(name)

    listing = place.storage.listing(place.top)

    assert listing is not None
    assert names_below(place) == ["log"]
    assert {
        address.removeprefix(f"{place.top}/"): reason for address, reason in listing.passed_over
    } == {
        ".hidden": "it is hidden: its name begins with . or _",
        "_notes": "it is hidden: its name begins with . or _",
        "_temporary": "it is hidden: its name begins with . or _",
        "big._COPYING_": "it is still being put (._COPYING_)",
        "day/.crc": "it is hidden: its name begins with . or _",
    }


def test_a_folder_that_must_not_be_read_is_named_and_the_others_are_listed(place: Place) -> None:
    place.put("open/log")
    place.put("closed/log")
    closed = f"{place.top}/closed"

    with mode(place, closed, 0):
        listing = place.storage.listing(place.top)

    assert listing is not None
    assert [file.address for file in listing.files] == [f"{place.top}/open/log"]
    assert [address for address, _ in listing.passed_over] == listing.unread == [closed]
    assert listing.passed_over[0][1].startswith("it must not be read (Permission denied")


def test_a_file_that_must_not_be_read_is_listed_and_refused(place: Place) -> None:
    address = place.put("log")

    with mode(place, address, 0):
        assert names_below(place) == ["log"]
        with pytest.raises(PermissionError):
            place.storage.head(address, 10)
        with pytest.raises(PermissionError):
            place.storage.read_bytes(address)

    assert place.storage.head(address, 10) == b"x"


def test_what_is_not_there(place: Place) -> None:
    gone = f"{place.top}/gone"
    below_a_file = place.put("file") + "/below"

    for address in (gone, below_a_file):
        assert place.storage.listing(address) is None
        assert place.storage.files(address) is None
        assert place.storage.read_bytes(address) is None
        assert place.storage.folders(address) == []
        assert not place.storage.exists(address)
    place.storage.delete(gone)
    with pytest.raises(FileNotFoundError):
        place.storage.head(gone, 1)
    with pytest.raises(FileNotFoundError):
        place.storage.replace(gone, f"{place.top}/new")


def test_folders_alone_are_named_without_what_lies_in_them(place: Place) -> None:
    for name in ("dt=2026-03-02/a", "dt=2026-03-01/hour=03/b", "file"):
        place.put(name)

    assert place.storage.folders(place.top) == ["dt=2026-03-01", "dt=2026-03-02"]
    assert place.storage.exists(f"{place.top}/dt=2026-03-01")


def test_an_empty_file_and_the_beginning_of_a_large_one(place: Place) -> None:
    empty = place.put("empty", b"")
    large = place.put("large", bytes(range(256)) * 4096)

    assert place.storage.head(empty, 100) == b""
    assert place.storage.read_bytes(empty) == b""
    assert place.storage.head(large, 3) == b"\0\1\2"
    assert place.storage.read_bytes(large) == bytes(range(256)) * 4096
    assert place.storage.tail(large, 2) == b"\xfe\xff"
    assert place.storage.tail(empty, 2) == b""


def test_a_file_is_read_from_wherever_one_likes(place: Place) -> None:
    address = place.put("log", bytes(range(256)) * 4096)

    with place.storage.open(address) as stream:
        stream.seek(-3, os.SEEK_END)
        assert stream.read() == b"\xfd\xfe\xff"
        stream.seek(256 * 1000 + 7)
        assert (stream.read(2), stream.tell()) == (b"\7\x08", 256 * 1000 + 9)
    with pytest.raises(FileNotFoundError), place.storage.open(f"{place.top}/gone") as stream:
        stream.read()


def test_a_small_file_is_replaced_and_leaves_nothing_beside_it(place: Place) -> None:
    address = place.put("state.json", b"old")

    place.storage.write_bytes(address, b"new")

    assert place.storage.read_bytes(address) == b"new"
    listing = place.storage.listing(place.top)
    assert listing is not None
    assert (names_below(place), listing.passed_over) == (["state.json"], [])


def test_a_job_that_was_cut_off_while_it_wrote_does_not_stop_the_next(place: Place) -> None:
    place.put(".state.json.new", b"half of i")

    address = place.put("state.json", b"whole")

    assert place.storage.read_bytes(address) == b"whole"


def test_a_private_file_is_its_owners_alone_even_if_it_was_open_before(place: Place) -> None:
    address = place.put("_user_key", b"old")
    place.storage.write_bytes(address, b"new", private=True)

    path = address.removeprefix("file://").removeprefix("hdfs://localhost:8020")
    if isinstance(place.storage, HdfsStorage):
        assert place.storage._client.get_file_info(path).permission == 0o600
    else:
        assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_move_takes_the_place_of_a_file_and_makes_its_folder(place: Place) -> None:
    first, second = place.put("staged/1", b"1"), place.put("staged/2", b"2")
    target = f"{place.top}/data/dt=1/part"

    place.storage.replace(first, target)
    place.storage.replace(second, target)

    assert place.storage.read_bytes(target) == b"2"
    assert names_below(place) == ["data/dt=1/part"]


def test_a_folder_is_deleted_with_all_that_is_in_it(place: Place) -> None:
    place.put("a/b/c")
    place.put("a2")

    place.storage.delete(f"{place.top}/a")

    assert names_below(place) == ["a2"]


def test_a_lock_has_one_holder_and_is_free_again_when_it_is_given_back(place: Place) -> None:
    address = f"{place.top}/_lock"
    other = LocalStorage() if isinstance(place.storage, LocalStorage) else another_client()

    for mine, theirs in ((place.storage, other), (other, place.storage)):
        release = mine._try_lock(address)
        assert release is not None
        assert theirs._try_lock(address) is None
        release()
    again = place.storage._try_lock(address)
    assert again is not None
    again()


def another_client() -> Storage:
    """As another process has it."""
    from hdfs_native import Client

    class Another(HdfsStorage):
        _client = Client("hdfs://localhost:8020")

    return Another(HERE, "localhost:8020")


PARITY = """
import sys
from pipeline.carriers.spark import spark_session
from pipeline.store.storage import HadoopStorage, HdfsStorage, qualified, storage_of

with spark_session("parity") as session:
    top = qualified(session, sys.argv[1])
    native, java = storage_of(session, top), HadoopStorage(session, top)
    assert isinstance(native, HdfsStorage) and java.qualified(sys.argv[1]) == top
    assert native.listing(top) == java.listing(top), (native.listing(top), java.listing(top))
    for file in native.files(top):
        assert native.read_bytes(file.address) == java.read_bytes(file.address)
        assert native.checksum(file.address) == java.checksum(file.address)
    for one, other in ((native, java), (java, native)):
        release = one._try_lock(f"{top}/_lock")
        assert other._try_lock(f"{top}/_lock") is None
        release()
        for storage in (one, other):
            storage.write_bytes(f"{top}/_note", repr(storage).encode(), private=True)
            assert one.read_bytes(f"{top}/_note") == other.read_bytes(f"{top}/_note")
    print("the same")
"""


def test_what_goes_through_java_where_it_must_is_the_same(from_here: Cluster) -> None:
    top = "hdfs:///tmp/storage/parity"
    place = storage_of(HERE, "hdfs://localhost:8020/")
    for name in (*(n for n in NAMES if "\\" not in n), "_hidden", "a/b/c", "d._COPYING_"):
        place.write_bytes(f"hdfs://localhost:8020/tmp/storage/parity/{name}", name.encode())

    local = ("env", "PYSPARK_SUBMIT_ARGS=--master local[1] pyspark-shell")
    said = from_here.client(*local, "python", "-c", PARITY, top)

    assert said.endswith("the same\n")


@pytest.mark.usefixtures("from_here")
def test_a_folder_of_somebody_else_is_refused_in_a_sentence() -> None:
    storage = storage_of(HERE, "hdfs://localhost:8020/")

    with pytest.raises(RootError) as caught:
        storage.make_folder("hdfs://localhost:8020/theirs")

    said = str(caught.value)
    assert said.startswith("cannot make the folder hdfs://localhost:8020/theirs: Permission denied")
    assert "\n" not in said


def test_a_large_file_is_written_in_pieces(place: Place) -> None:
    address = f"{place.top}/staged/copy"

    place.storage.write_pieces(address, (bytes([n]) * 70_000 for n in range(20)))

    assert place.storage.read_bytes(address) == b"".join(bytes([n]) * 70_000 for n in range(20))
