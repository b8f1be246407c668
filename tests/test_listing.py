"""What a folder holds: every file, and of all else where it is and why it is no file."""

import os
import socket
from pathlib import Path

import pytest

from pipeline.store.storage import Listing, LocalStorage
from silgeom.commands import printable


def listed(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Names of files, and what is passed over with its reason, both without the folder."""
    found = LocalStorage().listing(f"file://{folder}")
    assert found is not None
    prefix = f"file://{folder}/"
    return (
        [file.address.removeprefix(prefix) for file in found.files],
        {address.removeprefix(prefix): why for address, why in found.passed_over},
    )


def test_whatever_is_no_file_is_named_with_its_reason(tmp_path: Path) -> None:
    top = tmp_path / "landing"
    for name in ("a.tsv", "sub/b.tsv", "_SUCCESS", ".secret/c.tsv", "d.tsv._COPYING_"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("x\n")
    (tmp_path / "elsewhere").mkdir()
    (top / "linked").symlink_to(tmp_path / "elsewhere")
    (top / "linked.tsv").symlink_to(top / "a.tsv")
    (top / "nothing").symlink_to(tmp_path / "not there")
    (top / "circle").symlink_to("circle")
    os.mkfifo(top / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(top / "socket"))

        files, passed_over = listed(top)

    assert files == ["a.tsv", "linked.tsv", "sub/b.tsv"]
    assert passed_over == {
        "_SUCCESS": "it is hidden: its name begins with . or _",
        ".secret": "it is hidden: its name begins with . or _",
        "d.tsv._COPYING_": "it is still being put (._COPYING_)",
        "linked": "it is a link to a folder; put the folder itself there",
        "nothing": "it is a link to nothing",
        "circle": "it must not be read (Too many levels of symbolic links)",
        "pipe": "it is a pipe, a socket or a device, no plain file",
        "socket": "it is a pipe, a socket or a device, no plain file",
    }


def test_a_single_file_or_a_link_to_a_folder_may_be_named_itself(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.tsv").write_text("x\n")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    storage = LocalStorage()

    for address in (f"file://{tmp_path}/folder/a.tsv", f"file://{tmp_path}/link/a.tsv"):
        files = storage.files(address)
        assert files is not None
        assert [file.address for file in files] == [address]
    assert listed(tmp_path / "link") == (["a.tsv"], {})
    assert storage.listing(f"file://{tmp_path}/folder/a.tsv/b") is None
    assert storage.listing(f"file://{tmp_path}/gone") is None


def test_a_folder_that_must_not_be_read_is_unread_and_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.tsv").write_text("x\n")
    scan = os.scandir

    def closed(path: Path) -> object:
        # Whoever tests as root may read everything.
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)

    found = LocalStorage().listing(f"file://{tmp_path}")

    closed_folder = f"file://{tmp_path}/closed"
    assert isinstance(found, Listing)
    assert [file.size for file in found.files] == [2]
    assert found.unread == [closed_folder]
    assert found.passed_over == [(closed_folder, "it must not be read (Permission denied)")]


def test_a_fault_of_the_disk_is_an_error_and_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "scandir", broken)

    with pytest.raises(OSError, match="Input/output error"):
        LocalStorage().listing(f"file://{tmp_path}")


def test_a_file_that_goes_while_the_folder_is_listed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / name).write_text("x\n")
    scan = os.scandir

    class Rotated:
        def __init__(self, path: Path) -> None:
            self.entries = list(scan(path))

        def __enter__(self) -> list["os.DirEntry[str]"]:
            (tmp_path / "b.tsv").unlink()
            return self.entries

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Rotated)

    assert listed(tmp_path) == (["a.tsv"], {"b.tsv": "it went while the folder was looked through"})


def test_a_name_that_is_no_utf_8_has_an_address_that_is_and_leads_back(tmp_path: Path) -> None:
    name = b"caf\xe9 %41.tsv"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"coffee")
    (tmp_path / "caf%E9 %41.tsv").write_bytes(b"tea")
    storage = LocalStorage()

    files = storage.files(f"file://{tmp_path}")

    assert files is not None
    addresses = [file.address for file in files]
    assert "".join(addresses).encode("utf-8")
    assert len(set(addresses)) == 2
    assert {storage.head(address, 9) for address in addresses} == {b"coffee", b"tea"}


def test_a_printable_name_holds_no_code_that_a_terminal_obeys() -> None:
    assert printable("로그 [1] é.tsv") == "로그 [1] é.tsv"
    assert printable("a\x1b[2J\nb\x9b\u202e\udcff") == r"a\x1b[2J\nb\x9b\u202e\udcff"
