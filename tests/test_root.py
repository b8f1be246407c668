import errno
import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import LogFormatError, RootError, UnreachableError
from pipeline.store.root import Root, open_root
from pipeline.store.state import DayVersion
from pipeline.store.storage import LocalStorage
from tests.factories import HERE
from tests.faults.injection import MODES, PASSES, Calls, Killed, storage_calls


@pytest.fixture(autouse=True)
def _disk_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power cut happens in these tests, and a thousand syncs take a minute."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def no_words(text: str) -> None:
    """Nothing has to be waited for."""
    raise AssertionError(text)


def put(root: Root, number: int) -> None:
    """One change: two results and the state, all with the same number."""
    with root.change() as change:
        for name, parts in (("trending", 1), ("related", 2)):
            folder = Path(change.address(name).removeprefix("file://"))
            folder.mkdir(parents=True)
            for part in range(parts):
                pq.write_table(pa.table({"n": [number]}), folder / f"{part}.zstd.parquet")
            change.put(name, "dt=2026-03-02", change.address(name))
        change.put("searches", "dt=2026-03-02", change.address("none"))
        newest = "2026-03-02T00:00:00+00:00"
        root.state.days = {"2026-03-02": DayVersion(number, number, number, newest)}


def numbers(path: Path, name: str) -> set[int]:
    files = [each for each in (path / name).rglob("*.parquet") if "_staging" not in each.parts]
    return {n for each in files for n in pq.ParquetFile(each).read()["n"].to_pylist()}


def opened(path: Path) -> Any:  # noqa: ANN401
    return open_root(HERE, str(path), say=no_words)


@pytest.mark.parametrize("mode", MODES)
def test_the_first_change_of_a_new_root_is_all_there_or_nothing_of_it(
    tmp_path: Path, mode: str
) -> None:
    calls, outcomes = Calls(), set()
    with storage_calls(calls), opened(tmp_path / "undisturbed") as root:
        put(root, 1)

    for number in range(len(calls.made)):
        path = tmp_path / f"root-{number}"
        with (
            suppress(OSError, KeyboardInterrupt, Killed),
            storage_calls(Calls(number, mode)),
            opened(path) as root,
        ):
            put(root, 1)
        is_decided = (path / "_journal.json").exists() or (path / "_state.json").exists()
        with opened(path) as root:
            found = numbers(path, "trending") | numbers(path, "related")
            assert (root.state.run, found) == ((1, {1}) if is_decided else (0, set()))
            put(root, 2)
        assert numbers(path, "trending") | numbers(path, "related") == {2}
        outcomes.add(is_decided)
    assert outcomes >= {True} or mode == PASSES


def test_after_a_change_that_was_cut_off_the_same_job_makes_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or its files would be staged over those that the journal names."""
    path = tmp_path / "root"
    replace = LocalStorage.replace

    def fail_once(*_: object) -> None:
        monkeypatch.setattr(LocalStorage, "replace", replace)
        raise OSError(errno.EIO, "Input/output error")

    with opened(path) as root:
        monkeypatch.setattr(LocalStorage, "replace", fail_once)
        with pytest.raises(OSError, match="Input/output"):
            put(root, 1)
        assert root.state.run == 0
        with pytest.raises(UnreachableError, match="run this again"):
            put(root, 2)

    with opened(path):
        assert numbers(path, "trending") | numbers(path, "related") == {1}


def test_what_stands_beside_the_data_disturbs_no_reader(tmp_path: Path) -> None:
    path = tmp_path / "root"
    with opened(path) as root, root.change() as change:
        for hour in (10, 11):
            staged = change.stage_table(f"{hour}", pa.table({"n": [hour]}))
            change.put("trending", f"dt=2026-03-02/hour={hour}", staged, made_of="counts")
    assert (path / "trending" / "dt=2026-03-02" / "_made_of.json").exists()

    frame = pd.read_parquet(path / "trending")

    assert sorted(zip(frame["n"], frame["dt"], frame["hour"], strict=True)) == [
        (10, "2026-03-02", 10),
        (11, "2026-03-02", 11),
    ]


def test_a_partition_that_shrinks_leaves_no_old_file_behind(tmp_path: Path) -> None:
    with opened(tmp_path / "root") as root:
        put(root, 1)
        with root.change() as change:
            change.put("related", "dt=2026-03-02", change.address("nothing was staged"))

    assert list((tmp_path / "root" / "related").rglob("*.parquet")) == []


def test_a_second_job_is_told_to_wait_and_gets_its_turn(tmp_path: Path) -> None:
    path, said = tmp_path / "root", []
    first = opened(path)
    first.__enter__()

    def release(text: str) -> None:
        said.append(text)
        first.__exit__(None, None, None)

    with open_root(HERE, str(path), say=release) as root:
        put(root, 1)

    [sentence] = said
    assert sentence.startswith(f"Another job is at work on file://{path} (")
    assert f" at {socket.gethostname()}, process {os.getpid()}, since 20" in sentence
    assert sentence.endswith(" UTC): waiting for it to end.")
    assert numbers(path, "trending") == {1}


def test_who_waits_for_a_job_of_which_nothing_comes_makes_the_root_itself(tmp_path: Path) -> None:
    path = tmp_path / "root"
    first = opened(path)
    first.__enter__()

    def fail(_: str) -> None:
        with suppress(LookupError):
            first.__exit__(LookupError, LookupError(), None)
        assert not path.exists()

    with open_root(HERE, str(path), say=fail) as root:
        put(root, 1)
        with (
            pytest.raises(AssertionError, match="Another job"),
            open_root(HERE, str(path), say=no_words),
        ):
            pass

    assert numbers(path, "trending") == {1}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files are in /proc")
def test_the_journal_names_only_files_that_outlast_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[str] = []  # names of files and folders, in the order they are brought there

    def fsync(handle: int) -> None:
        on_disk.append(Path(f"/proc/self/fd/{handle}").readlink().name)

    monkeypatch.setattr(os, "fsync", fsync)
    with opened(tmp_path / "root") as root:
        on_disk.clear()
        put(root, 1)

    journal = on_disk.index("._journal.json.new")
    assert on_disk[:journal].count("0.zstd.parquet") == 2  # of trending, and of related
    assert on_disk[:journal].count("1.zstd.parquet") == 1
    # The moves are on the disk before the journal goes.
    assert on_disk[journal:].count("dt=2026-03-02") == 2
    assert on_disk[journal + 1 :].count("root") >= 2


def test_a_job_that_waits_too_long_stops_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.storage.LOCK_MINUTES", -1)
    with (
        opened(tmp_path / "root"),
        pytest.raises(RootError, match="another job has held"),
        open_root(HERE, str(tmp_path / "root"), say=lambda _: None),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RootError, match="cannot make the folder"), opened(tmp_path / "file" / "x"):
        pass


def test_the_reporting_zone_stays_that_of_the_first_log(tmp_path: Path) -> None:
    path = tmp_path / "root"
    with open_root(HERE, str(path), zone="Europe/Berlin", say=no_words) as root:
        put(root, 1)

    with (
        pytest.raises(RootError, match="Europe/Berlin, not of Asia/Seoul"),
        open_root(HERE, str(path), zone="Asia/Seoul", say=no_words),
    ):
        pass
    with opened(path) as root:
        assert root.state.zone == "Europe/Berlin"


def test_a_zone_that_does_not_exist_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "root"
    with (
        pytest.raises(LogFormatError, match="Asia/Soul"),
        open_root(HERE, str(path), zone="Asia/Soul", say=no_words),
    ):
        pass
    assert not path.exists()


def test_a_root_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "root"
    with opened(path) as root:
        put(root, 1)
    state = json.loads((path / "_state.json").read_text())

    # Before there were numbers of layouts; there was one file then.
    (path / "_days.json").unlink()
    (path / "_state.json").write_text(json.dumps(state | {"layout": "000000000000"}))
    with pytest.raises(RootError, match="written by another version"), opened(path):
        pass
    assert numbers(path, "trending") == {1}
