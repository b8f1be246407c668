"""What somebody deleted or damaged in a root is made again, or told in a sentence. No Spark."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import RootError
from pipeline.runs.take_in import read_ledger
from pipeline.store.root import Root, open_root
from pipeline.store.state import DayVersion
from tests.factories import HERE

NINE = datetime(2026, 3, 2, 0, 0, 0, tzinfo=UTC)  # nine o'clock in Seoul


@contextmanager
def opened(path: Path) -> Iterator[Root]:
    with open_root(HERE, str(path), say=print) as root:
        yield root


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A root cut in days of Berlin, with two days of searches, a ledger, and counts of one day."""
    path = tmp_path / "root"
    with open_root(HERE, str(path), zone="Europe/Berlin", say=print) as root:
        with root.change() as change:
            for day in (1, 2):
                times = [NINE.replace(day=day, second=second) for second in (7, 30, 12)]
                table = pa.table({"searched_at": pa.array(times, pa.timestamp("us", "UTC"))})
                staged = change.stage_table(f"day {day}", table)
                change.put("searches", f"dt=2026-03-0{day}", staged)
                version = DayVersion(1, 1, 1, f"2026-03-0{day}T00:00:30+00:00")
                change.state.days[f"2026-03-0{day}"] = version
            ledger = pa.table(
                {
                    "source": ["file:///a", "file:///b"],
                    "status": ["taken_in", "set_aside"],
                    "look_again_at": pa.nulls(2, pa.timestamp("us", "UTC")),
                }
            )
            change.put("ledger", "", change.stage_table("ledger", ledger))
        with root.change() as change:
            counts = change.stage_table("counts", pa.table({"searchers": [3]}))
            change.put("daily_counts", "dt=2026-03-02", counts, made_of="searches of run 1")
    return path


BROKEN = [
    b"",
    b"{",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'{"layout": 1}',
    b'{"layout": 1, "zone": "Soul"}',
]


@pytest.mark.parametrize("content", [None, *BROKEN])
def test_the_state_is_made_anew_from_the_days(path: Path, content: bytes | None) -> None:
    if content is None:
        (path / "_state.json").unlink()
    else:
        (path / "_state.json").write_bytes(content)

    with opened(path) as root:
        assert (root.state.zone, sorted(root.state.days)) == (
            "Europe/Berlin",
            ["2026-03-01", "2026-03-02"],
        )
        # The counts are up to date as they were.
        assert root.made_of("daily_counts", "dt=2026-03-02") == "searches of run 1"
        # The next change has a number that no day has.
        with root.change() as change:
            assert change.run > 1


NULL_DAYS = b'{"layout": 1, "zone": "Europe/Berlin", "days": null}'
NULL_DAY = b'{"layout": 1, "zone": "Europe/Berlin", "days": {"2026-03-01": null}}'


@pytest.mark.parametrize("content", [None, *BROKEN, NULL_DAYS, NULL_DAY])
def test_the_days_are_made_anew_from_the_searches(path: Path, content: bytes | None) -> None:
    if content is None:
        (path / "_days.json").unlink()
    else:
        (path / "_days.json").write_bytes(content)

    for _ in range(2):  # at once, and from what was written then
        with opened(path) as root:
            newest = {day: version.newest for day, version in root.state.days.items()}
            assert newest == {
                "2026-03-01": "2026-03-01T00:00:30+00:00",
                "2026-03-02": "2026-03-02T00:00:30+00:00",
            }
            assert root.state.zone == "Europe/Berlin"
            assert root.state.days["2026-03-01"].any > 2, "counted before: to be counted again"


def test_without_both_a_sentence_says_how_to_go_on(path: Path) -> None:
    (path / "_days.json").write_bytes(b"")
    (path / "_state.json").unlink()
    before = sorted(path.rglob("*"))

    with pytest.raises(RootError, match=r"damaged.*from a backup.*new --root") as caught:  # noqa: SIM117
        with opened(path):
            pass

    assert "\n" not in str(caught.value)
    assert sorted(path.rglob("*")) == before


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"null", b"[]", b"{}", b'{"moves": 7}']
)
def test_a_damaged_journal_is_told_and_left_alone(path: Path, content: bytes) -> None:
    (path / "_journal.json").write_bytes(content)

    with pytest.raises(RootError, match=r"_journal.json in it is damaged: put it back"):  # noqa: SIM117
        with opened(path):
            pass

    assert (path / "_journal.json").read_bytes() == content


def test_a_change_whose_staged_files_are_gone_is_told(path: Path) -> None:
    moves = [
        {"source": "_staging/x", "target": "related/dt=2026-03-02/part-00000.parquet", "size": 7}
    ]
    journal = {"moves": moves, "folders": [], "removed": [], "small": []}
    (path / "_journal.json").write_text(json.dumps(journal), "utf-8")

    with pytest.raises(RootError, match=r"cannot be finished, since _staging/x is gone"):  # noqa: SIM117
        with opened(path):
            pass

    assert (path / "_journal.json").exists()


def test_a_file_of_another_size_at_the_target_is_not_taken_for_the_moved_one(path: Path) -> None:
    [counts] = (path / "daily_counts" / "dt=2026-03-02").glob("*.parquet")

    def journal(size: int) -> str:
        move = {"source": "_staging/x", "target": counts.relative_to(path).as_posix()}
        moves = [{**move, "size": size}]
        return json.dumps({"moves": moves, "folders": [], "removed": [], "small": []})

    (path / "_journal.json").write_text(journal(counts.stat().st_size + 1), "utf-8")

    with pytest.raises(RootError, match="cannot be finished"), opened(path):
        pass

    # With the right size it had been moved already.
    (path / "_journal.json").write_text(journal(counts.stat().st_size), "utf-8")
    with opened(path):
        assert not (path / "_journal.json").exists()


def test_damaged_fingerprints_only_mean_that_counts_are_made_again(path: Path) -> None:
    (path / "daily_counts" / "_made_of.json").write_bytes(b"\xff")

    with opened(path) as root:
        assert root.made_of("daily_counts", "dt=2026-03-02") is None


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 9])
def test_a_damaged_ledger_is_told(path: Path, content: bytes) -> None:
    [file] = (path / "ledger").glob("*.parquet")
    file.write_bytes(content)

    with opened(path) as root, pytest.raises(RootError, match=f"{file} is damaged: delete it"):
        read_ledger(root)


def test_where_a_day_of_searches_went_all_files_are_due_to_be_read_again(path: Path) -> None:
    shutil.rmtree(path / "searches" / "dt=2026-03-01")

    with opened(path) as root:
        assert sorted(root.state.days) == ["2026-03-02"]

    [file] = (path / "ledger").glob("*.parquet")
    due = pq.ParquetFile(file).read()["look_again_at"].to_pylist()
    assert due == [datetime(1970, 1, 1, tzinfo=UTC), None]


def test_a_root_of_a_newer_layout_is_refused(path: Path) -> None:
    state = json.loads((path / "_state.json").read_text("utf-8"))
    (path / "_state.json").write_text(json.dumps(state | {"layout": 1000}), "utf-8")

    with pytest.raises(RootError, match=r"newer version \(layout 1000.*update this program"):  # noqa: SIM117
        with opened(path):
            pass

    assert json.loads((path / "_state.json").read_text("utf-8"))["layout"] == 1000
