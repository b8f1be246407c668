"""`live`: what comes into the landing folder is on the board, whatever happens meanwhile."""

import errno
import gzip
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.commands import live as command
from pipeline.commands import monitor
from pipeline.errors import RootError
from pipeline.runs import live_boards
from pipeline.runs.follow_landing import Live, Status, follow
from pipeline.runs.inspection import Landing
from pipeline.runs.settling import Settling
from pipeline.store.root import open_root
from pipeline.store.storage import LocalStorage
from silgeom.__main__ import main
from tests.factories import HERE
from tests.jobs import status_of

LOGS = Path(__file__).parents[1] / "sample_data" / "logs"
FIRST = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # noon in Seoul


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def lines(minutes: Sequence[int], query: str = "눈", people: int = 6) -> str:
    """Some people type a query in each of these minutes after noon."""
    typed = [(minute, person) for minute in minutes for person in range(people)]
    return "".join(
        f"{FIRST + timedelta(minutes=minute, seconds=person):%Y-%m-%dT%H:%M:%SZ}"
        f"\tp{minute}-{person}\t{query}\n"
        for minute, person in typed
    )


def put(landing: Path, name: str, text: str) -> None:
    """A file that was whole a while ago."""
    part = landing / f".{name}"
    part.write_text(text, "utf-8")
    os.utime(part, (1_000_000_000, 1_000_000_000))
    part.rename(landing / name)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder


@pytest.fixture
def clock() -> Clock:
    return Clock()


def started(landing: Path, clock: Clock, *options: str) -> Live:
    """A `live` on a root beside the landing folder."""
    root = landing.parent / "root"
    args = command.parser().parse_args([f"--landing={landing}", f"--root={root}", *options])
    status = Status(started_at=clock())
    settling = Settling(args.settled)
    return Live(
        HERE,
        str(root),
        Landing(str(landing)),
        None,
        command.options(args),
        status,
        clock=clock,
        settling=settling,
    )


def until_idle(live: Live) -> None:
    while live.step():
        pass


def boards(live: Live) -> pl.DataFrame:
    """All rows of `live`."""
    return pl.read_parquet(f"{live.root}/live/*/*.parquet").sort("window_end", "rank")


def newest(live: Live) -> pl.DataFrame:
    rows = boards(live)
    return rows.filter(pl.col("window_end") == rows["window_end"].max())


def test_what_comes_is_on_the_board_of_its_slot(landing: Path, clock: Clock) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0, 1]))
    until_idle(live)
    assert newest(live).select("window_end", "query", "searchers").rows() == [
        (FIRST + timedelta(minutes=5), "눈", 12)
    ]
    put(landing, "2.tsv", lines([7], "비", people=20))
    until_idle(live)
    assert newest(live).select("window_end", "query", "searchers").rows() == [
        (FIRST + timedelta(minutes=10), "비", 20),
        (FIRST + timedelta(minutes=10), "눈", 12),
    ]


def test_every_slot_in_between_has_its_board(landing: Path, clock: Clock) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0]))
    put(landing, "2.tsv", lines([62], "비"))
    until_idle(live)
    of_snow = boards(live).filter(pl.col("query") == "눈")["window_end"].to_list()
    assert of_snow == [FIRST + timedelta(minutes=minute) for minute in range(5, 65, 5)]


def test_news_come_before_the_boards_of_hours_ago(landing: Path, clock: Clock) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0]))
    put(landing, "2.tsv", lines([600], "비"))
    assert live.step()  # ten hours of boards are not made at once
    put(landing, "3.tsv", lines([601], "해", people=20))
    assert live.step()
    assert newest(live)["query"].to_list() == ["해", "비"]
    assert live.status.newest_board == FIRST + timedelta(minutes=605)


def test_nothing_new_reads_and_writes_nothing(landing: Path, clock: Clock) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0, 1]))
    until_idle(live)
    root = Path(live.root)
    clock.wait(40)  # the last hour is closed
    until_idle(live)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    for _ in range(5):
        clock.wait(1)
        assert not live.step()
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_file_that_is_being_written_is_left_until_it_is_whole(
    landing: Path, clock: Clock
) -> None:
    live = started(landing, clock)
    path = landing / "1.tsv"
    path.write_text(lines([0])[:-20], "utf-8")
    clock.now = datetime.now(UTC)
    until_idle(live)
    assert live.status.counts["files"] == 0
    assert live.status.waiting == 1
    path.write_text(lines([0, 1]), "utf-8")
    clock.wait(0.5)
    until_idle(live)
    clock.wait(1.5)
    until_idle(live)
    assert live.status.counts == {**live.status.counts, "files": 1, "searches": 12}


def test_an_empty_landing_folder_is_waited_for(landing: Path, clock: Clock) -> None:
    live = started(landing, clock)
    assert not live.step()
    assert not Path(live.root).exists()


def test_boards_at_full_hours_are_those_of_the_job(landing: Path, clock: Clock) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines(range(0, 59, 2)) + lines(range(60, 125, 3), "비", people=9))
    until_idle(live)
    root = f"--root={landing.parent / 'by-job'}"
    for hour in (1, 2):
        at = (FIRST + timedelta(hours=hour)).isoformat()
        assert status_of("trending", f"--landing={landing}", root, f"--at={at}") == 0
    expected = pl.read_parquet(f"{landing.parent}/by-job/trending/*/*/*.parquet")
    full = boards(live).filter(pl.col("window_end").dt.minute() == 0)
    by = ["window_end", "rank"]
    assert expected["query"].to_list() == ["눈", "비"]
    assert full.sort(by).equals(expected.sort(by))


def test_boards_of_full_hours_that_are_over_are_published_as_well(
    landing: Path, clock: Clock
) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines(range(0, 60, 5)) + lines(range(60, 120, 5), "비", people=9))
    until_idle(live)

    def published() -> list[str]:
        return [path.parent.name for path in sorted(Path(live.root).glob("trending/*/*/*.parquet"))]

    assert published() == ["hour=13"]  # of the other one more may come
    clock.wait(31)
    until_idle(live)
    assert published() == ["hour=13", "hour=14"]


def test_several_last_hours_are_all_closed_when_nothing_more_comes(
    landing: Path, clock: Clock
) -> None:
    put(landing, "1.tsv", lines(range(0, 60, 5)) + lines(range(60, 120, 5), "비", people=9))
    # The one before it was stopped when it had taken in the log.
    assert status_of("ingest", f"--landing={landing}", f"--root={landing.parent / 'root'}") == 0
    live = started(landing, clock)
    until_idle(live)
    clock.wait(31)
    until_idle(live)
    found = sorted(path.parent.name for path in Path(live.root).glob("trending/*/*/*.parquet"))
    assert found == ["hour=13", "hour=14"]


def test_related_and_completions_follow_every_so_often(landing: Path, clock: Clock) -> None:
    live = started(landing, clock, "--autocomplete-every=10", "--related-every=0")
    put(landing, "1.tsv", lines([0]))
    until_idle(live)

    def completed() -> set[str]:
        return set(pl.read_parquet(f"{live.root}/autocomplete/*/*.parquet")["completion"])

    assert completed() == {"눈"}
    put(landing, "2.tsv", lines([1], "비"))
    until_idle(live)
    assert completed() == {"눈"}  # its turn has not come
    clock.wait(601)
    until_idle(live)
    assert completed() == {"눈", "비"}
    assert not (Path(live.root) / "related").exists()


class Ended(BaseException):
    """Ends `follow` in tests."""


def followed(live: Live, clock: Clock, then: Callable[[int], None]) -> None:
    """Follow; `then` gets the number of each pause, and ends it with `Ended`."""
    pauses = 0

    def wait(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        clock.wait(seconds)
        then(pauses)

    with pytest.raises(Ended):
        follow(live, wait)


def test_trouble_is_said_once_and_gone_when_it_is_over(
    landing: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0, 1]))
    really = LocalStorage.write_bytes

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "root")

    monkeypatch.setattr(LocalStorage, "write_bytes", full)
    said: list[str | None] = []

    def then(pause: int) -> None:
        said.append(live.status.trouble)
        if pause == 3:
            monkeypatch.setattr(LocalStorage, "write_bytes", really)
        if pause == 5:
            raise Ended

    followed(live, clock, then)
    assert "No space left on device" in str(said[0])
    assert said[0] == said[2]
    assert said[3] is None
    assert len(newest(live)) == 1
    assert live.status.counts["failures"] == 3


def test_a_landing_folder_that_went_comes_back(landing: Path, clock: Clock) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0, 1]))
    aside = landing.with_name("aside")

    def then(pause: int) -> None:
        if pause == 1:
            landing.rename(aside)
        if pause == 2:
            assert "is gone" in str(live.status.trouble)
            aside.rename(landing)
            put(landing, "2.tsv", lines([6], "비"))
        if pause == 4:
            raise Ended

    followed(live, clock, then)
    assert live.status.trouble is None
    assert {"눈", "비"} == set(newest(live)["query"])


def test_what_is_no_log_is_set_aside_and_the_rest_goes_on(landing: Path, clock: Clock) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0, 1]))
    until_idle(live)
    put(landing, "2.bin", "\0" * 100)
    put(landing, "3.tsv", lines([6], "비"))
    until_idle(live)
    assert {"눈", "비"} == set(newest(live)["query"])


def test_a_fault_of_the_code_ends_it(
    landing: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0, 1]))

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr("pipeline.runs.follow_landing.take_in", broken)
    with pytest.raises(ValueError, match="a fault"):
        follow(live, clock.wait)


def test_boards_that_were_cut_off_are_made_by_the_next_live(
    landing: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = started(landing, clock)
    put(landing, "1.tsv", lines([0, 1]))
    put(landing, "2.tsv", lines([31], "비"))

    def killed(*_: object) -> None:
        raise Ended

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.runs.follow_landing.publish_live", killed)
        with pytest.raises(Ended):
            live.step()
    again = started(landing, clock)
    put(landing, "3.tsv", lines([36], "바람"))
    until_idle(again)
    whole = started(landing, clock)
    whole = replace(whole, root=str(landing.parent / "whole"))
    until_idle(whole)
    assert boards(again).equals(boards(whole))
    ends = boards(again)["window_end"].unique().sort()
    assert ends.to_list() == [FIRST + timedelta(minutes=minute) for minute in range(5, 45, 5)]


def test_boards_are_kept_of_so_many_hours(landing: Path, clock: Clock) -> None:
    live = started(landing, clock, "--history=2", "--slot=15")
    put(landing, "1.tsv", lines(range(0, 600, 60)))
    until_idle(live)
    last = FIRST + timedelta(minutes=555)  # of the slot of 21:00
    first = last - timedelta(minutes=105)
    with open_root(HERE, live.root, say=print) as root:
        ends = live_boards.stored_ends(root, ["2026-03-02"])
    assert (min(ends), max(ends), len(ends)) == (first, last, 8)


def test_a_second_live_on_a_root_says_so(
    landing: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "WAIT_MINUTES", 0)
    monkeypatch.setattr("pipeline.store.storage.LOCK_POLL_SECONDS", 0.0)
    root = landing.parent / "root"
    root.mkdir()
    with LocalStorage().lock(f"file://{root}/_live", say=print):
        assert status_of("live", f"--landing={landing}", f"--root={root}") == RootError.exit_status
    said = capsys.readouterr()
    assert "Another job is at work" in said.out
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--landing=nowhere"], "no such folder"),
        (["--slot=7"], "invalid choice"),
        (["--http=x"], "not a port"),
    ],
)
def test_what_is_wrong_at_the_start_is_one_sentence(
    landing: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    given = [f"--landing={landing}", f"--root={landing.parent / 'root'}", *options]
    with pytest.raises(SystemExit) as exit_:
        main(["live", *given])
    error = capsys.readouterr().err
    assert (exit_.value.code, error.count("\n")) == (2, 1)
    assert sentence in error


@pytest.fixture
def asked() -> Callable[[Status, str], tuple[int, str]]:
    def ask(status: Status, path: str) -> tuple[int, str]:
        with monitor.served(status, "127.0.0.1", 0) as port:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

    return ask


def test_health_and_figures_are_told_to_those_who_ask(
    asked: Callable[[Status, str], tuple[int, str]],
) -> None:
    status = Status(started_at=FIRST, newest_search=FIRST)
    status.counts["searches"] = 1234
    code, text = asked(status, "/health")
    assert (code, json.loads(text)["status"]) == (200, "ok")
    code, text = asked(status, "/metrics")
    assert "silgeom_live_searches_total 1234.0" in text
    status.trouble = "the disk is full"
    code, text = asked(status, "/health")
    assert (code, json.loads(text)["trouble"]) == (503, "the disk is full")
    assert asked(status, "/")[0] == 404


def test_slots_divide_every_clock() -> None:
    assert all(15 % minutes == 0 for minutes in live_boards.SLOTS)
    end = live_boards.next_slot(datetime(2026, 3, 2, 3, 0, 0, 1, tzinfo=UTC), 5)
    assert end == FIRST + timedelta(minutes=5)
    assert live_boards.next_slot(FIRST, 5) == FIRST


DAYS = int(os.environ.get("SILGEOM_LIVE_DAYS", "1"))


@pytest.mark.slow
def test_sample_data_hour_by_hour_is_what_the_job_says(tmp_path: Path, clock: Clock) -> None:
    """Every full hour of the last days, as searches come hour by hour."""
    landing = tmp_path / "landing"
    landing.mkdir()
    paths = sorted(LOGS.iterdir())
    for path in paths[:-DAYS]:
        (landing / path.name).write_bytes(path.read_bytes())
        os.utime(landing / path.name, (1_000_000_000, 1_000_000_000))
    live = started(landing, clock, "--slot=15", "--history=1", "--related-every=0")
    live = replace(live, options=replace(live.options, autocomplete_minutes=0))
    for path in paths[-DAYS:]:
        day = path.name[:10]
        text = gzip.decompress(path.read_bytes()).decode("utf-8", "ignore")
        dated = [line for line in text.splitlines() if line.startswith(f"{day}T")]
        for first, last in [(0, 14), *((hour, hour + 1) for hour in range(14, 24))]:
            some = [line for line in dated if first <= int(line[11:13]) < last]
            put(landing, f"{day}-{first:02}.tsv", "\n".join(some) + "\n")
            until_idle(live)
    by = ["window_end", "rank"]
    full = boards(live).filter(pl.col("window_end").dt.minute() == 0).sort(by)
    days = ["--from", paths[-DAYS].name[:10], "--to", paths[-1].name[:10]]
    root = f"--root={tmp_path / 'by-job'}"
    assert status_of("trending", f"--landing={landing}", root, *days) == 0
    job = pl.read_parquet(f"{tmp_path}/by-job/trending/*/*/*.parquet").sort(by)
    expected = job.filter(pl.col("window_end").is_in(full["window_end"].unique().implode()))
    assert full["window_end"].n_unique() >= 9 * DAYS  # the evening's hours have rows
    assert full.equals(expected)


KILLS = int(os.environ.get("SILGEOM_KILLS", "3"))


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_up_as_if_it_had_never_been(tmp_path: Path) -> None:
    """A log goes in file by file; the process is killed again and again, and begun anew."""
    [path] = LOGS.glob("2026-03-14*")
    text = gzip.decompress(path.read_bytes()).decode("utf-8", "ignore")
    every = sorted(line for line in text.splitlines() if line.startswith("2026-03-14T"))
    files = [every[first : first + 40] for first in range(0, len(every) * 2 // 3, 40)]
    landings = [tmp_path / "killed", tmp_path / "clean"]
    for landing in landings:
        landing.mkdir()
        (tmp_path / f"{landing.name}-root").mkdir()
        key = tmp_path / f"{landing.name}-root" / "_user_key"
        key.write_text(f"blake2b {'5' * 64}\n", "ascii")
    options = ["--settled=0", "--related-every=1", "--autocomplete-every=1", "--slot=15"]

    def begun(landing: Path) -> subprocess.Popen[str]:
        places = [f"--landing={landing}", f"--root={tmp_path / landing.name}-root"]
        words = [sys.executable, "-u", "-m", "silgeom", "live", *options, *places]
        return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)

    def until_said(process: subprocess.Popen[str], what: str, times: int = 1) -> None:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            times -= what in line
            if not times:
                return
        pytest.fail(f"it ended: {said}")

    killed, clean = landings
    at_once = len(files) // KILLS
    for number in range(KILLS):
        for at in range(number * at_once, (number + 1) * at_once):
            put(killed, f"{at:04}.tsv", "\n".join(files[at]) + "\n")
        process = begun(killed)
        # Now here, now there in what it does: every kill comes a moment later than the one before.
        until_said(process, ("took in", "board of", "autocomplete", "related")[number % 4])
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
    for at in range(KILLS * at_once):
        put(clean, f"{at:04}.tsv", "\n".join(files[at]) + "\n")
    found = []
    for landing in landings:
        live = started(landing, Clock(), *options)
        live = replace(live, root=str(tmp_path / f"{landing.name}-root"))
        until_idle(live)
        live.clock.wait(100)  # type: ignore[attr-defined]
        until_idle(live)
        tables = {
            name: pl.read_parquet(f"{live.root}/{name}/**/*.parquet", hive_partitioning=True)
            for name in ("searches", "hourly_counts", "live", "trending", "related", "autocomplete")
        }
        found.append(tables)
    for name, table in found[0].items():
        columns = [each for each in table.columns if each != "source"]
        other = found[1][name].select(columns)
        plain = [each for each in columns if table[each].dtype != pl.List]
        assert table.select(columns).sort(plain).equals(other.sort(plain)), name
