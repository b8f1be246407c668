"""Small files of a root: replaced at once, readable by whom they are for, listed cheaply."""

import os
from pathlib import Path

import pytest

from pipeline.store.storage import LocalStorage


def test_the_end_of_a_file_is_read_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")

    assert LocalStorage().tail(f"file://{tmp_path}/file", 4) == b"6789"
    assert LocalStorage().tail(f"file://{tmp_path}/file", 40) == b"0123456789"


def test_bytes_come_back_as_they_were_written(tmp_path: Path) -> None:
    storage, address = LocalStorage(), f"file://{tmp_path}/new folder/_small"

    storage.write_bytes(address, b"\x00\xff\r\n")
    storage.write_bytes(address, "둘".encode())

    assert storage.read_bytes(address) == "둘".encode()
    assert storage.read_text(address) == "둘"
    assert os.listdir(tmp_path / "new folder") == ["_small"]


def test_what_is_not_there_has_no_bytes(tmp_path: Path) -> None:
    assert LocalStorage().read_bytes(f"file://{tmp_path}/none") is None


def test_a_private_file_is_its_owners_even_where_a_torn_one_was_left(tmp_path: Path) -> None:
    (tmp_path / "._key.new").write_text("a job was cut off here")

    LocalStorage().write_bytes(f"file://{tmp_path}/_key", b"secret", private=True)

    assert (tmp_path / "_key").stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_old_content_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, address = LocalStorage(), f"file://{tmp_path}/_small"
    storage.write_bytes(address, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        storage.write_bytes(address, b"new")

    assert os.listdir(tmp_path) == ["_small"]
    assert storage.read_bytes(address) == b"old"


def test_folders_are_those_directly_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "dt=2026-03-02" / "hour=10").mkdir(parents=True)
    (tmp_path / "dt=2026-03-01").mkdir()
    (tmp_path / "_file").touch()

    storage = LocalStorage()

    assert storage.folders(f"file://{tmp_path}") == ["dt=2026-03-01", "dt=2026-03-02"]
    assert storage.folders(f"file://{tmp_path}/none") == []
    assert storage.exists(f"file://{tmp_path}/_file")
    assert not storage.exists(f"file://{tmp_path}/none")
