import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import LogFormatError, RootError
from pipeline.root import Root, open_root
from pipeline.state import DayVersion
from pipeline.storage import LocalStorage


def no_spark() -> Any:  # noqa: ANN401
    """A root of this machine needs no session until it reads or stages."""


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of the process runs after it."""


def no_words(_: str) -> None:
    """Nothing is said where nothing has to be waited for."""


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
    return set(pd.read_parquet(path / name)["n"])


def opened(path: Path) -> Any:  # noqa: ANN401
    return open_root(no_spark, str(path), say=no_words)


def kill_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> Callable[[], int]:
    """Let the storage do so many steps and no more; the count of those done."""
    done = 0

    def guarded(name: str) -> None:
        original = getattr(LocalStorage, name)

        def step(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            nonlocal done
            if done >= steps:
                raise KilledError
            done += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(LocalStorage, name, step)

    for name in ("replace", "delete", "write_bytes"):
        guarded(name)
    return lambda: done


#: What one change asks of the storage: a file's move, a text written, something deleted.
STEPS = 12


@pytest.mark.parametrize("steps", range(STEPS))
def test_killed_at_any_step_the_results_stay_readable_and_the_next_run_mends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    path = tmp_path / "root"
    with opened(path) as root:
        put(root, 1)

    with monkeypatch.context() as patch:
        kill_after(patch, steps)
        with pytest.raises(KilledError), opened(path) as root:
            put(root, 2)
    # Each file is there and whole, old or new.
    assert numbers(path, "trending") | numbers(path, "related") <= {1, 2}

    with opened(path) as root:
        version = root.state.days["2026-03-02"].any
        found = numbers(path, "trending") | numbers(path, "related")
        assert found == {version}, "all of a change or nothing of it"
        put(root, 3)
    assert numbers(path, "trending") | numbers(path, "related") == {3}
    assert sorted(p.name for p in path.iterdir()) == [
        "_days.json",
        "_lock",
        "_state.json",
        "related",
        "trending",
    ]


def test_the_steps_of_a_change_are_all_tried_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "root") as root:
        put(root, 1)
    done = kill_after(monkeypatch, 1000)
    with opened(tmp_path / "root") as root:
        put(root, 2)
    assert done() == STEPS


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
        opened(tmp_path / "root"),
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
