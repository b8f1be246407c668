"""A change of a root with a fault at every call of storage, and a kill at every change of a file.

No Spark: tables are staged as they are. After each fault the root is opened again, and must hold
all of the change or nothing of it; after the same change again, all of it.
"""

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import PipelineError
from pipeline.store.root import Root, open_root
from tests.factories import HERE
from tests.faults.injection import (
    FULL,
    INTERRUPT,
    KILL,
    LASTS,
    MODES,
    PASSES,
    Calls,
    Killed,
    each_change,
    photographs,
    storage_calls,
)
from tests.faults.readers import Rows, differences, reading, rows

pytestmark = pytest.mark.usefixtures("no_power_cuts")
DAY = "dt=2026-03-0{}"


def change(root: Path, act: Callable[[Root], None]) -> None:
    with open_root(HERE, str(root), say=lambda _: None) as opened:
        act(opened)


def table(text: str) -> pa.Table:
    return pa.table({"text": [text]})


def first(root: Root) -> None:
    """Three days of two files each, a board, and a small file."""
    with root.change() as made:
        for day in (1, 2, 4):
            staged = made.address(f"day{day}")
            for part in "ab":
                packed = BytesIO()
                pq.write_table(table(f"first {day}{part}"), packed)
                root.storage.write_bytes(f"{staged}/{part}.parquet", packed.getvalue())
            made.put("counts", DAY.format(day), staged, made_of="first")
        board = made.stage_table("board", table("first board"))
        made.put("trending", f"{DAY.format(1)}/hour=10", board, made_of="first")
        made.put("ledger", "", made.stage_table("ledger", table("first ledger")))
        made.write("_small", b"first")


def second(root: Root) -> None:
    """One file in place of two, a day emptied, one that is new, one that goes, all else anew."""
    with root.change() as made:
        made.put("counts", DAY.format(1), made.stage_table("1", table("second 1")), made_of="2nd")
        made.put("counts", DAY.format(2), made.address("nothing"), made_of="2nd")
        made.put("counts", DAY.format(3), made.stage_table("3", table("second 3")), made_of="2nd")
        made.remove("counts", DAY.format(4))
        board = made.stage_table("board", table("second board"))
        made.put("trending", f"{DAY.format(1)}/hour=10", board, made_of="2nd")
        made.put("ledger", "", made.stage_table("ledger", table("second ledger")))
        made.write("_small", b"second")


BEFORE: Rows = {
    "counts": [
        f"counts/{DAY.format(d)} {{'text': 'first {d}{p}'}}" for d in (1, 2, 4) for p in "ab"
    ],
    "ledger": ["ledger {'text': 'first ledger'}"],
    "trending": [f"trending/{DAY.format(1)}/hour=10 {{'text': 'first board'}}"],
}
AFTER: Rows = {
    "counts": [f"counts/{DAY.format(d)} {{'text': 'second {d}'}}" for d in (1, 3)],
    "ledger": ["ledger {'text': 'second ledger'}"],
    "trending": [f"trending/{DAY.format(1)}/hour=10 {{'text': 'second board'}}"],
}


def told(root: Path) -> tuple[Rows, bytes, list[str | None]]:
    """All that a root says: rows, the small file, what partitions were made of."""
    made_of: list[str | None] = []

    def look(opened: Root) -> None:
        for dataset, partition in [
            *[("counts", DAY.format(day)) for day in (1, 2, 3, 4)],
            ("trending", f"{DAY.format(1)}/hour=10"),
        ]:
            made_of.append(opened.made_of(dataset, partition))

    change(root, look)
    return rows(root), (root / "_small").read_bytes(), made_of


def is_before(root: Path) -> bool:
    return told(root) == (BEFORE, b"first", ["first", "first", None, "first", "first"])


def is_after(root: Path) -> bool:
    return told(root) == (AFTER, b"second", ["2nd", "2nd", "2nd", None, "2nd"])


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    """Makes a root as `first` leaves it, each time another one."""
    change(tmp_path / "root", first)
    made: list[Path] = []

    def new() -> Path:
        made.append(_copied(tmp_path / "root", tmp_path / f"root{len(made)}"))
        return made[-1]

    return new


def test_the_change_does_what_it_is_to_do(fresh: Callable[[], Path]) -> None:
    root = fresh()
    assert is_before(root)
    change(root, second)
    assert differences(rows(root), AFTER) == []
    assert is_after(root)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != KILL])
def test_a_fault_at_any_call_leaves_all_or_nothing(mode: str, fresh: Callable[[], Path]) -> None:
    calls, root = Calls(), fresh()
    with storage_calls(calls):
        change(root, second)
    assert len(calls.made) > 20

    whole = 0
    for number in range(len(calls.made)):
        root, faulty = fresh(), Calls(number, mode)
        with (
            reading(root) as reader,
            storage_calls(faulty),
            suppress(OSError, PipelineError, KeyboardInterrupt, Killed),
        ):
            change(root, second)
        assert len(faulty.made) > number, "the fault was never reached"

        where = f"call {number}, {faulty.made[number]}"
        whole += (became := is_after(root))
        assert became or is_before(root), where
        change(root, second)
        assert is_after(root), where
        assert not (root / "_staging").exists(), where
        assert reader.failures == [], where
    assert 0 < whole < len(calls.made) or mode == PASSES, "the journal is somewhere in between"


def test_what_a_kill_leaves_at_any_change_of_a_file_is_all_or_nothing(
    fresh: Callable[[], Path], tmp_path: Path
) -> None:
    root = fresh()
    with photographs(root, tmp_path / "photographs") as taken:
        change(root, second)

    assert len(taken) > 20
    became = []
    for what, copy in taken:
        became.append(is_after(copy))
        assert became[-1] or is_before(copy), what
        change(copy, second)
        assert is_after(copy), what
    # Nothing of it up to one moment, all of it from then on.
    assert became == sorted(became)
    assert became[0] is False
    assert became[-1] is True


def test_a_process_that_is_killed_at_any_change_of_a_file_leaves_all_or_nothing(
    fresh: Callable[[], Path],
) -> None:
    changes: list[str] = []
    root = fresh()
    with each_change(root, lambda _, what: changes.append(what)):
        change(root, second)

    for number in range(len(changes)):
        root = fresh()
        child = os.fork()
        if child == 0:  # no return from here: the kill ends it

            def die(count: int, _: str, at: int = number) -> None:
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

            with each_change(root, die):
                change(root, second)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        assert is_after(root) or is_before(root), changes[number]
        change(root, second)
        assert is_after(root), changes[number]


def test_a_fault_while_a_change_is_finished_is_mended_by_the_next_opening(
    fresh: Callable[[], Path], tmp_path: Path
) -> None:
    root = fresh()
    with photographs(root, tmp_path / "photographs") as taken:
        change(root, second)
    cut_off = next(copy for _, copy in taken if (copy / "_journal.json").exists())

    for mode in (LASTS, FULL, INTERRUPT, KILL):
        calls = Calls()
        with storage_calls(calls):
            change(_copied(cut_off, tmp_path / f"{mode} none"), lambda _: None)
        for number in range(len(calls.made)):
            again = _copied(cut_off, tmp_path / f"{mode} {number}")
            with (
                storage_calls(Calls(number, mode)),
                suppress(OSError, PipelineError, KeyboardInterrupt, Killed),
            ):
                change(again, lambda _: None)
            assert is_after(again), f"{mode}, call {number}, {calls.made[number]}"


def _copied(root: Path, to: Path) -> Path:
    return Path(shutil.copytree(root, to))
