"""The row that a run leaves, and the lines it logs: as whoever operates the jobs reads them."""

import argparse
import errno
import json
import logging
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.carriers.session import Session
from pipeline.commands import cli
from pipeline.errors import PipelineError, UnreachableError
from pipeline.logs import set_up_logging
from pipeline.runs import recorded as runs
from pipeline.runs.recorded import Run, told_arguments, write_run
from pipeline.store.state import DayVersion
from pipeline.store.storage import LocalStorage
from tests.factories import HERE
from tests.jobs import status_of_job

#: The sentence for a disk that is full.
FULL = "No space left on device: make room, then run this again; what was there before is kept"
Work = Callable[[Session, argparse.Namespace], None]


def nothing(_: Session, args: argparse.Namespace) -> None:
    with cli.held_root(HERE, args):
        pass


def some_work(_: Session, args: argparse.Namespace) -> None:
    """A job that writes two days of counts."""
    with cli.held_root(HERE, args) as root, root.change() as change:
        for day in ("2026-03-01", "2026-03-02"):
            root.storage.write_bytes(f"{change.address('daily_counts')}/dt={day}/0.parquet", b"")
        change.put_days("daily_counts", change.address("daily_counts"), ["2026-03-01"])
        change.put_days("daily_counts", change.address("daily_counts"), ["2026-03-02"])
        root.state.days = {"2026-03-02": DayVersion(1, 1, 1, "2026-03-02T00:00:00+00:00")}


def ending_with(error: BaseException) -> Work:
    def job(_: Session, __: argparse.Namespace) -> None:
        raise error

    return job


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root that some run has made."""
    run(some_work, tmp_path / "root")
    return tmp_path / "root"


def run(job: Work, root: Path, *arguments: str) -> int:
    return status_of_job(job, cli.arg_parser("trending", "A job."), "--root", root, *arguments)


def rows(root: Path) -> pd.DataFrame:
    return pd.read_parquet(root / "runs").sort_values("ended_at", ignore_index=True)


def last(root: Path) -> dict[str, Any]:
    return dict(rows(root).iloc[-1])


def test_a_run_leaves_a_row_that_tells_what_it_did(root: Path) -> None:
    row = last(root)

    assert (row["job"], row["outcome"], row["exit_status"]) == ("jobs/trending.py", "done", 0)
    assert row["version"] == cli.program_version()
    assert dict(row["partitions_written"]) == {"daily_counts": 2}
    assert dict(row["arguments"]) == {"root": str(root)}
    assert 0 <= (row["ended_at"] - row["started_at"]).total_seconds() < 60
    assert row["message"] is None


def test_days_that_are_removed_are_work_done(root: Path) -> None:
    def removing(_: Session, args: argparse.Namespace) -> None:
        with cli.held_root(HERE, args) as held, held.change() as change:
            change.remove("daily_counts", "dt=2026-03-01")

    assert run(removing, root) == 0
    assert (last(root)["outcome"], dict(last(root)["partitions_written"])) == (
        "done",
        {"daily_counts": 1},
    )


def test_a_run_with_nothing_to_do_says_so(root: Path) -> None:
    assert run(nothing, root) == 0
    assert last(root)["outcome"] == "nothing_to_do"


@pytest.mark.parametrize(
    ("error", "outcome", "status", "message"),
    [
        (PipelineError("no such folder: x"), "refused", 2, "no such folder: x"),
        (UnreachableError("node 3 is gone"), "unreachable", 3, "node 3 is gone"),
        (KeyboardInterrupt(), "interrupted", 130, None),
        (OSError(errno.ENOSPC, "No space left on device"), "unreachable", 3, FULL),
    ],
)
def test_a_run_that_ends_badly_has_its_row(
    root: Path, error: BaseException, outcome: str, status: int, message: str | None
) -> None:
    assert run(ending_with(error), root) == status

    logging.disable(logging.NOTSET)  # a stopped job logs nothing more; the tests go on
    row = last(root)
    assert (row["outcome"], row["exit_status"], row["message"]) == (outcome, status, message)


def test_a_failure_has_its_row_and_keeps_its_trace_and_its_text_to_itself(root: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run(ending_with(ZeroDivisionError("a line of a log: 010-1234-5678")), root)

    row = last(root)
    assert (row["outcome"], row["exit_status"], row["message"]) == (
        "failed",
        1,
        "ZeroDivisionError",
    )


def test_sigterm_ends_a_run_as_ctrl_c_does(root: Path) -> None:
    def job(_: Session, __: argparse.Namespace) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    assert run(job, root) == 143
    logging.disable(logging.NOTSET)  # a stopped job logs nothing more; the tests go on
    assert last(root)["outcome"] == "interrupted"


def test_a_root_that_never_came_to_be_has_no_row(tmp_path: Path) -> None:
    assert run(ending_with(PipelineError("refused")), tmp_path / "none") == 2
    assert not (tmp_path / "none").exists()


def test_a_row_that_cannot_be_written_is_a_warning_and_the_job_is_done(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any, **__: Any) -> None:  # noqa: ANN401
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "write_run", full)

    assert run(nothing, root) == 0
    assert "runs/ was not written: [Errno 28] No space left on device" in capsys.readouterr().err


def test_arguments_tell_no_secret_and_no_person() -> None:
    given = {
        "landing": "hdfs://anna:secret@name-node:8020/logs",
        "users_from": "left.txt",
        "user": "anna",
        "top": 5,
        "at": None,
        "log": "text",
    }

    assert told_arguments(given, {"top": 20, "log": "text"}) == {
        "landing": "hdfs://name-node:8020/logs",
        "user": "(not told)",
        "users_from": "(not told)",
        "top": "5",
    }


def at_noon(day: int, number: int = 0) -> Run:
    """A run that ended at noon in Seoul, or so many minutes later."""
    run = Run(job="jobs/all.py")
    run.end(None, seconds=1)
    run.ended_at = datetime(2026, 3, day, 3, tzinfo=UTC) + timedelta(minutes=number)
    run.started_at = run.ended_at - timedelta(seconds=1)
    return run


def test_the_first_run_of_a_day_packs_the_days_before(tmp_path: Path) -> None:
    address = f"file://{tmp_path}"
    for number in range(3):
        write_run(LocalStorage(), address, at_noon(2, number))
    write_run(LocalStorage(), address, at_noon(3))

    files = sorted(str(p.relative_to(tmp_path / "runs")) for p in tmp_path.rglob("*.parquet"))
    assert files[0] == "dt=2026-03-02/part-00000.parquet"
    assert [name.partition("/")[0] for name in files] == ["dt=2026-03-02", "dt=2026-03-03"]
    assert len(rows(tmp_path)) == 4


def test_a_busy_day_is_packed_as_it_goes_and_no_row_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "FILES_A_DAY", 4)
    for number in range(30):
        write_run(LocalStorage(), f"file://{tmp_path}", at_noon(2, number))

        assert len(rows(tmp_path)) == number + 1
        assert len(list(tmp_path.rglob("*.parquet"))) <= 5


def test_packing_that_was_cut_off_doubles_no_row_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"file://{tmp_path}"
    for number in range(3):
        write_run(LocalStorage(), address, at_noon(2, number))

    def cut_off(*_: Any) -> None:  # noqa: ANN401
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "delete", cut_off)
        with pytest.raises(KeyboardInterrupt):
            write_run(LocalStorage(), address, at_noon(3))
    write_run(LocalStorage(), address, at_noon(4))

    assert len(rows(tmp_path)) == 5
    assert len(list((tmp_path / "runs" / "dt=2026-03-02").iterdir())) == 1


def test_log_lines_are_text_or_json_from_their_level_up(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("pipeline.test")
    set_up_logging("warning")
    log.info("a step")
    log.warning("slow: %s", "disk")
    assert capsys.readouterr().err.endswith(" WARNING slow: disk\n")

    set_up_logging("info", "json")
    log.info("세다", extra={"days": 3})
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["logger"], line["message"], line["days"]) == (
        "info",
        "pipeline.test",
        "세다",
        3,
    )
    assert datetime.fromisoformat(line["at"]).tzinfo is not None
    set_up_logging()


def test_a_run_ends_with_its_row_as_a_log_line(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(nothing, root, "--log", "json", "--log-level", "info")

    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line["run"]["outcome"] == "nothing_to_do"
    assert line["run"]["arguments"]["log"] == "json"
    set_up_logging()
