"""Roots of every layout there was are brought up to date by the first job that opens them.

`layout_0` writes a root as the program did that knew no layouts; it must never change.
"""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import RootError
from pipeline.schemas import LEDGER, REJECTS, SEARCHES
from pipeline.store import migrations
from pipeline.store.journal import Change
from pipeline.store.migrations import LAYOUT
from pipeline.store.root import Root, columns_digest, open_root
from pipeline.store.state import fingerprint
from tests.factories import HERE

DAY = "2026-03-02"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

#: What hourly and daily counts were made of, and a board and a day of completions made of these.
COUNTS = '{"columns": "c0ffee", "counting": 1, "searches": 1}'
BOARD = json.dumps(
    {"columns": "b0a4d0", "counts": {"hourly_counts": {DAY: COUNTS, "2026-03-01": None}}}
)


def look(path: Path, seen: Callable[[Root], None] = lambda _: None) -> None:
    with open_root(HERE, str(path), say=print) as root:
        seen(root)


def write_table(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True)
    pq.write_table(table, path)


def layout_0(path: Path) -> None:
    """A root of layout 0: one file of one search, counted, on a board."""
    time = pa.timestamp("us", "UTC")
    search = {
        "searched_at": pa.array([NOON], time),
        "user_id": pa.array([77], pa.int64()),
        "query_id": pa.array([88], pa.int64()),
        "query": ["날씨"],
        "surface": ["날씨"],
        "clicked_url": pa.array([None], pa.string()),
        "clicked_rank": pa.array([None], pa.int32()),
        "source": ["file:///landing/a.tsv"],
    }
    write_table(path / "searches" / f"dt={DAY}" / "part-00000.parquet", pa.table(search))
    number = pa.array([1], pa.int64())
    none = pa.array([0], pa.int64())
    reasons = pa.array([[]], pa.map_(pa.string(), pa.int64()))
    ledger = {
        "source": ["file:///landing/a.tsv"],
        "status": ["taken_in"],
        "detail": pa.array([None], pa.string()),
        "size": pa.array([30], pa.int64()),
        "modified_at": pa.array([NOON], time),
        "checksum": ["sha256:abc"],
        "format": ["silgeom"],
        "charset": ["UTF-8"],
        **{"lines": number, "skipped": none, "accepted": number},
        **{"duplicates": none, "rejected": none, "withheld": none},
        **{"rejected_by_reason": reasons, "withheld_by_reason": reasons},
    }
    write_table(path / "ledger" / "part-00000.parquet", pa.table(ledger))
    for name, partition in (
        ("hourly_counts", f"dt={DAY}"),
        ("trending", f"dt={DAY}/hour=22"),
    ):
        write_table(path / name / partition / "part-00000.parquet", pa.table({"searchers": [1]}))
    state = {
        "days": {DAY: {"any": 1, "head": 0, "newest": "2026-03-02T12:00:00+00:00", "tail": 0}},
        "layout": "7391035c8ebb",
        "made_of": {"hourly_counts": {DAY: COUNTS}, "trending": {f"dt={DAY}/hour=22": BOARD}},
        "run": 3,
        "zone": "Asia/Seoul",
    }
    (path / "_state.json").write_text(json.dumps(state, indent=1, sort_keys=True) + "\n", "utf-8")
    (path / "_user_key").write_text("ab" * 32, "utf-8")
    (path / "_user_key").chmod(0o600)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    layout_0(tmp_path / "root")
    return tmp_path / "root"


def queries(path: Path) -> list[str]:
    files = (path / "searches").rglob("*.parquet")
    return [row for file in files for row in pq.ParquetFile(file).read()["query"].to_pylist()]


def test_a_root_of_layout_0_is_brought_up_to_date_without_spark(old: Path) -> None:
    look(old)

    state = json.loads((old / "_state.json").read_text("utf-8"))
    assert (state["layout"], state["zone"]) == (LAYOUT, "Asia/Seoul")
    assert queries(old) == ["날씨"]
    [ledger] = (old / "ledger").glob("*.parquet")
    assert pq.ParquetFile(ledger).read()["accepted"].to_pylist() == [1]
    with open_root(HERE, str(old), say=print) as root:
        assert list(root.state.days) == [DAY]


def test_the_first_step_has_nothing_made_again(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "STEPS", migrations.STEPS[:1])
    monkeypatch.setattr(migrations, "LAYOUT", 1)
    counts = fingerprint(columns="c0ffee", counting=1, searches=1)
    board = fingerprint(
        columns="b0a4d0", counts={"hourly_counts": {DAY: counts, "2026-03-01": None}}
    )

    def seen(root: Root) -> None:
        assert root.made_of("hourly_counts", f"dt={DAY}") == counts
        assert root.made_of("trending", f"dt={DAY}/hour=22") == board
        assert root.state.days[DAY].any == 1

    look(old, seen)


def test_steps_follow_each_other_and_each_is_taken_once(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def step(change: Change) -> None:
        taken.append(change.state.layout)
        change.write("_note", str(change.state.layout).encode())

    steps = (migrations.STEPS[0], step, step)
    monkeypatch.setattr(migrations, "STEPS", steps)
    monkeypatch.setattr(migrations, "LAYOUT", 3)

    look(old)
    look(old)

    assert taken == [1, 2]
    assert (old / "_note").read_text() == "2"


def test_a_step_that_fails_leaves_the_root_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(change: Change) -> None:
        change.write("_note", b"half")
        raise RuntimeError

    monkeypatch.setattr(migrations, "STEPS", (step,))
    with pytest.raises(RuntimeError):
        look(old)
    monkeypatch.undo()

    look(old)

    assert not (old / "_note").exists()
    assert queries(old) == ["날씨"]


@pytest.mark.parametrize("damage", ['"days": null', '"made_of": null', '"made_of": {"x": 7}'])
def test_a_damaged_state_of_layout_0_is_told(old: Path, damage: str) -> None:
    state = json.loads((old / "_state.json").read_text("utf-8"))
    state |= json.loads("{" + damage + "}")
    (old / "_state.json").write_text(json.dumps(state), "utf-8")

    with pytest.raises(RootError, match=r"older version .*damaged: put it back from a backup"):
        look(old)


def old_journal(path: Path, at: Path) -> None:
    """A change of layout 0 that was cut off between two moves, in a root that lay at `at`."""
    staged = path / "_staging" / "x" / "2.zstd.parquet"
    write_table(staged, pa.table({"searchers": [2]}))
    (path / "trending" / f"dt={DAY}" / "hour=22" / "part-00001.parquet").write_bytes(b"old")
    board = f"file://{at}/trending/dt={DAY}/hour=22"
    counts = f"file://{at}/hourly_counts/dt={DAY}"
    state = json.loads((path / "_state.json").read_text("utf-8"))
    journal = {
        "moves": [
            [f"file://{at}/_staging/x/1.zstd.parquet", f"{counts}/part-00000.parquet"],
            [f"file://{at}/_staging/x/2.zstd.parquet", f"{board}/part-00000.parquet"],
        ],
        "folders": [board, counts],
        "state": json.dumps(state | {"run": 4}),
    }
    (path / "_journal.json").write_text(json.dumps(journal), "utf-8")


@pytest.mark.parametrize("place", ["here", "elsewhere"])
def test_a_change_of_layout_0_that_was_cut_off_is_finished(old: Path, place: str) -> None:
    old_journal(old, old if place == "here" else Path("/data/search"))

    look(old)

    [board] = (old / "trending").rglob("*.parquet")
    assert pq.ParquetFile(board).read()["searchers"].to_pylist() == [2]
    assert not (old / "_journal.json").exists()
    assert not (old / "_staging").exists()


def test_one_whose_staged_files_were_deleted_is_told(old: Path) -> None:
    old_journal(old, old)
    shutil.rmtree(old / "_staging")

    with pytest.raises(RootError, match="cannot be finished, since _staging is gone"):
        look(old)

    assert (old / "_journal.json").exists()


def test_columns_of_what_is_kept_for_good_change_with_a_step_only() -> None:
    """Whoever changes one of these appends a step to migrations.py first, then changes the digest.

    Counts and results need none: their columns are part of what they were made of.
    """
    assert columns_digest(SEARCHES, REJECTS, LEDGER) == "912b290659a6"
