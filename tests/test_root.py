import json
import os
import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import LogFormatError, RootError
from pipeline.root import Root, open_root
from pipeline.state import DayVersion
from tests.faults import FAULTS, Fault, each_fault


def no_spark() -> Any:  # noqa: ANN401
    """A root of this machine needs no session until it reads or stages."""


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
        root.state.days = {
            "2026-03-02": DayVersion(number, number, number, "2026-03-02T00:00:00+00:00")
        }


def numbers(path: Path, name: str) -> set[int]:
    files = [each for each in (path / name).rglob("*.parquet") if "_staging" not in each.parts]
    return {n for each in files for n in pq.ParquetFile(each).read()["n"].to_pylist()}


def opened(path: Path) -> Any:  # noqa: ANN401
    return open_root(no_spark, str(path), say=no_words)


def put_more(root: Root, number: int) -> None:
    """A change with all there is: fewer files, an emptied and a removed folder, a small file."""
    with root.change() as change:
        for name, parts in (("trending", 1), ("related", 3 - number % 2)):
            tables = [pa.table({"n": [number]}) for _ in range(parts)]
            for part, each in enumerate(tables):
                folder = change.stage_table(f"{name}/{part}", each)
            change.put(name, "dt=2026-03-02", change.address(name), made_of=f"{name} {number}")
        folder = change.stage_table("board", pa.table({"n": [number]}))
        change.put("trending", "dt=2026-03-02/hour=10", folder, made_of=f"board {number}")
        change.put("related", "dt=2026-03-01", change.address("nothing"), made_of="nothing")
        change.remove("related", f"dt=2026-02-{number - 1:02}")
        kept = change.stage_table("kept", pa.table({"n": [number]}))
        change.put("related", f"dt=2026-02-{number:02}", kept)
        change.write("_key", f"key {number}".encode(), private=True)
        newest = f"2026-03-02T00:00:{number:02}+00:00"
        root.state.days = {"2026-03-02": DayVersion(number, number, number, newest)}


def told(root: Root) -> set[str]:
    """All that a root tells of its last change, without what is in Parquet files."""
    return {
        str(root.state.run),
        str(root.state.days["2026-03-02"].any),
        (root.made_of("trending", "dt=2026-03-02") or "").removeprefix("trending "),
        (root.made_of("related", "dt=2026-03-02") or "").removeprefix("related "),
        (root.made_of("trending", "dt=2026-03-02/hour=10") or "").removeprefix("board "),
        (root.storage.read_text(f"{root.address}/_key") or "").removeprefix("key "),
        *(day.removeprefix("2026-02-0") for day in root.days_of("related") if "-02-" in day),
    }


@pytest.mark.parametrize("first", FAULTS, ids=str)
def test_cut_off_at_any_call_of_the_storage_nothing_is_lost_and_the_next_run_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Fault
) -> None:
    start = tmp_path / "start"
    with opened(start) as root:
        put_more(root, 1)
    tried: Counter[str] = Counter()
    for fault in each_fault(first):
        path = tmp_path / f"root-{fault.at}"
        shutil.copytree(start, path)
        with suppress(OSError), fault.injected(monkeypatch), opened(path) as root:
            put_more(root, 2)
        tried[str(fault.struck)] += 1

        # Each file is there and whole, old or new.
        assert numbers(path, "trending") | numbers(path, "related") <= {1, 2}
        with opened(path) as root:
            [version] = told(root)  # all of a change or nothing of it
            assert {str(n) for n in numbers(path, "trending") | numbers(path, "related")} == {
                version
            }
            put_more(root, following := int(version) + 1)
            assert told(root) == {str(following)}
        assert numbers(path, "trending") | numbers(path, "related") == {following}
        assert sorted(p.name for p in path.iterdir()) == [
            "_days.json",
            "_key",
            "_lock",
            "_state.json",
            "related",
            "trending",
        ]
        shutil.rmtree(path)
    assert tried.keys() - {"None"} >= {"read_bytes", "write_bytes", "replace", "delete", "sync"}


def test_a_reader_between_any_two_calls_of_the_storage_sees_a_whole_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "root", []
    board = path / "trending" / "dt=2026-03-02" / "hour=10" / "part-00000.parquet"
    with opened(path) as root:
        put_more(root, 1)
    none = Fault("error", at=-1, look=lambda: seen.extend(pq.ParquetFile(board).read().to_pylist()))

    with none.injected(monkeypatch), opened(path) as root:
        put_more(root, 2)

    versions = [row["n"] for row in seen]
    assert versions == sorted(versions)
    assert set(versions) == {1, 2}


@pytest.mark.parametrize("first", FAULTS, ids=str)
def test_the_first_change_of_a_new_root_is_lost_as_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: Fault
) -> None:
    for fault in each_fault(first):
        path = tmp_path / f"root-{fault.at}"
        with suppress(OSError), fault.injected(monkeypatch), opened(path) as root:
            put_more(root, 1)
        decided = (path / "_journal.json").exists() or (path / "_state.json").exists()

        with opened(path) as root:
            assert root.state.run == int(decided)
            put_more(root, decided + 1)
            assert told(root) == {str(decided + 1)}


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

    with open_root(no_spark, str(path), say=release) as root:
        put(root, 1)

    assert said == [f"Another job is at work on file://{path}: waiting for it to end."]
    assert numbers(path, "trending") == {1}


def test_a_job_that_waits_too_long_stops_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.storage.LOCK_MINUTES", -1)
    with (
        opened(tmp_path / "root"),
        pytest.raises(RootError, match="another job has held"),
        open_root(no_spark, str(tmp_path / "root"), say=str),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RootError, match="cannot make the folder"), opened(tmp_path / "file" / "x"):
        pass


def test_the_reporting_zone_stays_that_of_the_first_log(tmp_path: Path) -> None:
    path = tmp_path / "root"
    with open_root(no_spark, str(path), zone="Europe/Berlin", say=no_words) as root:
        put(root, 1)

    with (
        pytest.raises(RootError, match="Europe/Berlin, not of Asia/Seoul"),
        open_root(no_spark, str(path), zone="Asia/Seoul", say=no_words),
    ):
        pass
    with opened(path) as root:
        assert root.state.zone == "Europe/Berlin"


def test_a_zone_that_does_not_exist_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "root"
    with (
        pytest.raises(LogFormatError, match="Asia/Soul"),
        open_root(no_spark, str(path), zone="Asia/Soul", say=no_words),
    ):
        pass
    assert not path.exists()


def test_a_root_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "root"
    with opened(path) as root:
        put(root, 1)
    state = json.loads((path / "_state.json").read_text())

    (path / "_state.json").write_text(json.dumps(state | {"layout": "000000000000"}))
    with pytest.raises(RootError, match="written by another version"), opened(path):
        pass
    assert numbers(path, "trending") == {1}
