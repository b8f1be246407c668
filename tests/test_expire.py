"""Days that go for their age: what goes, what stays, and what comes late."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runs.retention import expire, expiries, first_day_kept, keep_option
from pipeline.store.root import Root, open_root
from pipeline.store.state import DayVersion, parsed_days, parsed_state
from tests.factories import HERE
from tests.faults.injection import INTERRUPT, KILL, Calls, Killed, storage_calls
from tests.test_jobs import run as run  # the fixture

Job = Callable[..., tuple[int, str, str]]


def opened(path: Path) -> Any:  # noqa: ANN401
    return open_root(HERE, str(path), say=lambda _: None)


def write(root: Root, dataset: str, day: str, **columns: list[Any]) -> None:
    """Put a day of a dataset; `n` unless told otherwise."""
    with root.change() as change:
        table = pa.table(columns or {"n": [1]})
        change.put(dataset, f"dt={day}", change.stage_table("x", table), made_of=f"of {day}")
        if dataset == "searches":
            change.state.days[day] = DayVersion(1, 1, 1, f"{day}T03:00:00+00:00")


def days(path: Path, dataset: str) -> list[str]:
    return sorted(folder.name.removeprefix("dt=") for folder in (path / dataset).glob("dt=*"))


def under_one_key(*roots: Path) -> None:
    """Roots in which the same people have the same ids."""
    for root in roots:
        root.mkdir()
        (root / "_user_key").write_text(f"blake2b {'5' * 64}\n", "ascii")


def let_go(root: Root, as_of: str, **keep: int) -> None:
    expire(root, expiries(root, keep, date.fromisoformat(as_of)))


def test_so_many_days_are_kept_of_which_the_last_is_today() -> None:
    assert first_day_kept(date(2026, 3, 10), 1) == "2026-03-10"
    assert first_day_kept(date(2026, 3, 10), 7) == "2026-03-04"
    assert first_day_kept(date(5, 1, 1), 36_525) == "0001-01-01"


def test_each_dataset_has_its_own_age_and_the_others_stay(tmp_path: Path) -> None:
    with opened(tmp_path) as root:
        for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
            for dataset in ("searches", "daily_counts", "related"):
                write(root, dataset, day)
        let_go(root, "2026-03-03", searches=1, daily_counts=2)

    assert days(tmp_path, "searches") == ["2026-03-03"]
    assert days(tmp_path, "daily_counts") == ["2026-03-02", "2026-03-03"]
    assert days(tmp_path, "related") == ["2026-03-01", "2026-03-02", "2026-03-03"]


def test_what_went_is_remembered_whichever_file_of_the_state_is_left(tmp_path: Path) -> None:
    with opened(tmp_path) as root:
        for day in ("2026-03-01", "2026-03-03"):
            write(root, "searches", day)
        let_go(root, "2026-03-03", searches=2)

    for parsed in (
        parsed_state((tmp_path / "_state.json").read_text()),
        parsed_days((tmp_path / "_days.json").read_text()),
    ):
        assert parsed.kept_from == {"searches": "2026-03-02"}


def test_what_went_stays_gone_when_more_is_kept_later(tmp_path: Path) -> None:
    with opened(tmp_path) as root:
        for day in ("2026-03-01", "2026-03-03"):
            write(root, "searches", day)
        let_go(root, "2026-03-03", searches=1)
        let_go(root, "2026-03-03", searches=30)

        assert not root.state.is_kept("searches", "2026-03-02")
        assert root.state.is_kept("searches", "2026-03-03")


def test_where_nothing_is_old_nothing_is_written(tmp_path: Path) -> None:
    with opened(tmp_path) as root:
        write(root, "searches", "2026-03-03")
        before = root.state.run
        let_go(root, "2026-03-03", searches=1, trending=10)

        assert (root.state.run, root.state.kept_from) == (before, {})


def test_robots_stay_as_long_as_late_searches_can_be_judged_by_them(tmp_path: Path) -> None:
    rejects = {"reason": ["blank_query", "robot"], "text": ["x", "y"]}
    with opened(tmp_path) as root:
        for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
            write(root, "searches", day)
            write(root, "rejects", day, **rejects)
        write(root, "rejects", "2026-02-01", reason=["bad_time"], text=["z"])

        let_go(root, "2026-03-03", searches=2, rejects=1)
        assert days(tmp_path, "rejects") == ["2026-03-02", "2026-03-03"]
        kept = pd.read_parquet(tmp_path / "rejects").groupby("dt", observed=True)["reason"]
        assert {str(day): sorted(each) for day, each in kept} == {
            "2026-03-02": ["robot"],
            "2026-03-03": ["blank_query", "robot"],
        }

        let_go(root, "2026-03-04", searches=2, rejects=1)
        assert days(tmp_path, "rejects") == ["2026-03-03"]


def test_a_day_of_rejects_without_robots_is_empty_and_readable(tmp_path: Path) -> None:
    with opened(tmp_path) as root:
        write(root, "searches", "2026-03-02")
        write(root, "rejects", "2026-03-02", reason=["bad_time"], text=["z"])
        let_go(root, "2026-03-03", rejects=1)

    assert list((tmp_path / "rejects").rglob("*.parquet")) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("searches", "not a dataset and its days such as searches=35d: 'searches'"),
        ("searches=35", "not a dataset and its days"),
        ("searches=-1d", "not a dataset and its days"),
        ("", "not a dataset and its days"),
        ("searches=35d,,rejects=1d", "not a dataset and its days such as searches=35d: ''"),
        ("searches=0d", "searches must be kept for 1 to 36,525 days, got 0"),
        ("searches=99999d", "got 99,999"),
        ("searches=35d,searches=36d", "searches is named twice"),
        ("ledger=35d", "no dataset that is cut in days: 'ledger'"),
        ("search=35d", "choose from searches, rejects"),
    ],
)
def test_ages_that_make_no_sense_are_one_sentence(
    text: str, sentence: str, tmp_path: Path, run: Job
) -> None:
    status, _, error = run("expire", "--root", tmp_path / "root", "--keep", text)

    assert (status, error.count("\n"), sentence in error) == (2, 1, True), error
    assert not (tmp_path / "root").exists()


def test_ages_are_read_as_they_are_typed() -> None:
    assert keep_option("searches=35d, rejects=14d") == {"searches": 35, "rejects": 14}


def test_a_place_that_is_no_root_is_refused(tmp_path: Path, run: Job) -> None:
    status, _, error = run("expire", "--root", tmp_path / "none", "--keep", "searches=1d")

    assert (status, "is no root of Silgeom" in error) == (2, True)
    assert not (tmp_path / "none").exists()


def log(folder: Path, *days_: str) -> Path:
    """Ten people who look for the weather and then for a route, late in the evening of each day."""
    folder.mkdir(exist_ok=True)
    for day in days_:
        rows = [
            f"{day}T23:{minute:02}:00+09:00\tu{user}\t{query}\n"
            for user in range(10)
            for minute, query in ((10 + user, "날씨"), (20 + user, "지도"))
        ]
        (folder / f"{day}.tsv").write_text("".join(rows), "utf-8")
    return folder


def results(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of counts and results, by file."""
    return {
        str(path.relative_to(root)): sorted(
            (tuple(map(str, row)) for row in pq.read_table(path).to_pandas().to_numpy()),
        )
        for path in root.rglob("*.parquet")
        if path.relative_to(root).parts[0] not in ("searches", "rejects", "ledger", "runs")
    }


def test_counts_and_results_outlive_their_searches_and_late_ones_change_nothing(
    tmp_path: Path, run: Job
) -> None:
    landing = log(tmp_path / "log", "2026-03-01", "2026-03-02", "2026-03-03")
    root = tmp_path / "root"
    places = ["--landing", landing, "--root", root]
    keep = ["--root", root, "--keep", "searches=1d,rejects=1d", "--as-of", "2026-03-03"]
    assert run("all", *places)[0] == 0
    before = results(root)

    status, said, _ = run("expire", *keep, "--dry-run")
    assert (status, "2 days before 2026-03-03" in said, "would go" in said) == (0, True, True)
    assert days(root, "searches") == ["2026-03-01", "2026-03-02", "2026-03-03"]

    assert run("expire", *keep)[0] == 0
    assert days(root, "searches") == ["2026-03-03"]
    assert results(root) == before
    assert sorted(path.name for path in landing.iterdir()) == [
        "2026-03-01.tsv",
        "2026-03-02.tsv",
        "2026-03-03.tsv",
    ]

    # A late file of a day that went, a file of such days that is put again with other bytes, and a
    # run of everything: nothing comes back, nothing is counted anew.
    (landing / "late.tsv").write_text("2026-03-01T10:00:00+09:00\tlate\t날씨\n", "utf-8")
    (landing / "2026-03-02.tsv").write_text("2026-03-02T10:00:00+09:00\tlate\t날씨\n", "utf-8")
    status, said, error = run("all", *places)
    assert (status, error) == (0, "")
    assert "expired 2" in said
    assert days(root, "searches") == ["2026-03-03"]
    assert results(root) == before
    ledger = pd.read_parquet(root / "ledger").set_index("source")
    late = ledger.loc[f"file://{landing}/late.tsv"]
    assert (late["lines"], late["accepted"], late["withheld"]) == (1, 0, 1)
    assert dict(late["withheld_by_reason"]) == {"expired": 1}
    # The lines of the late files are rejects of days that went, and go as well.
    assert "searches       nothing to go" in run("expire", *keep)[1]
    assert run("expire", *keep)[1].count("nothing to go") == 2


def test_the_next_day_is_counted_beside_days_that_went(tmp_path: Path, run: Job) -> None:
    under_one_key(tmp_path / "a", tmp_path / "b")
    places = ["--landing", tmp_path / "log", "--root", tmp_path / "a"]
    log(tmp_path / "log", "2026-03-01", "2026-03-02")
    assert run("all", *places)[0] == 0
    assert run("expire", *places[2:], "--keep", "searches=1d", "--as-of", "2026-03-02")[0] == 0
    log(tmp_path / "log", "2026-03-03")
    assert run("all", *places)[0] == 0

    # The same from nothing, with all searches.
    assert run("all", "--landing", tmp_path / "log", "--root", tmp_path / "b")[0] == 0
    kept, whole = (results(tmp_path / name) for name in "ab")
    assert {name: rows for name, rows in kept.items() if name in whole} == whole


def test_what_was_never_counted_is_counted_before_it_goes(tmp_path: Path, run: Job) -> None:
    under_one_key(tmp_path / "a", tmp_path / "b")
    places = ["--landing", log(tmp_path / "log", "2026-03-01", "2026-03-02"), "--root"]
    for root in "ab":
        assert run("ingest", *places, tmp_path / root)[0] == 0
    keep = ["--keep", "searches=1d", "--as-of", "2026-03-02"]
    assert run("expire", "--root", tmp_path / "a", *keep)[0] == 0

    for root in "ab":
        assert run("all", *places, tmp_path / root)[0] == 0
    assert results(tmp_path / "a") == results(tmp_path / "b")


def test_counts_that_went_leave_the_results_that_were_made_of_them(
    tmp_path: Path, run: Job
) -> None:
    root = tmp_path / "root"
    places = ["--landing", log(tmp_path / "log", "2026-03-01", "2026-03-05"), "--root", root]
    at = ["--at", "2026-03-02T00:00"]
    assert run("all", *places, *at)[0] == 0
    assert run("all", *places)[0] == 0
    before = results(root)
    everything = "searches=2d,hourly_counts=2d,daily_counts=2d,daily_pairs=2d"
    assert run("expire", "--root", root, "--keep", everything, "--as-of", "2026-03-05")[0] == 0

    status, said, _ = run("all", *places, *at)
    assert (status, said.count("up to date")) == (0, 3)
    for dataset in ("trending", "related", "autocomplete"):
        names = [name for name in before if name.startswith(dataset)]
        assert {name: results(root)[name] for name in names} == {
            name: before[name] for name in names
        }

    shutil.rmtree(root / "related" / "dt=2026-03-01", ignore_errors=True)
    status, _, error = run("related", *places, "--at", "2026-03-01T12:00")
    assert (status, "have gone for their age" in error) == (2, True)


def test_less_than_results_read_is_kept_with_a_word(tmp_path: Path, run: Job) -> None:
    root = tmp_path / "root"
    assert run("ingest", "--landing", log(tmp_path / "log", "2026-03-01"), "--root", root)[0] == 0

    _, said, _ = run("expire", "--root", root, "--keep", "daily_pairs=14d", "--dry-run")
    assert "related reads 28 days of daily_pairs, of which 14 are kept" in said

    status, _, error = run(
        "expire", "--root", root, "--keep", "daily_pairs=14d", "--as-of", "2199-01-01"
    )
    assert (status, "--as-of 2199-01-01 is in the future" in error) == (2, True)


@pytest.mark.usefixtures("no_power_cuts")
def test_cut_off_at_any_call_of_storage_all_goes_or_nothing_and_again_mends_it(
    tmp_path: Path,
) -> None:
    template = tmp_path / "template"
    with opened(template) as root:
        for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
            write(root, "searches", day)
            write(root, "rejects", day, reason=["blank_query", "robot"], text=["x", "y"])
            write(root, "daily_counts", day)
    keep = {"searches": 2, "rejects": 1}

    def attempt(path: Path) -> None:
        with opened(path) as root:
            let_go(root, "2026-03-03", **keep)

    whole = tmp_path / "whole"
    shutil.copytree(template, whole)
    with storage_calls(calls := Calls()):
        attempt(whole)
    wanted, before = everything(whole), everything(template)
    for mode, fault in ((KILL, Killed), (INTERRUPT, KeyboardInterrupt)):
        for number in range(len(calls.made)):
            path = tmp_path / f"{mode} {number}"
            shutil.copytree(template, path)
            with storage_calls(Calls(number, mode)), pytest.raises(fault):
                attempt(path)
            with opened(path) as root:
                assert everything(path) in (before, wanted)
                assert (root.state.kept_from == {}) == (everything(path) == before)
            attempt(path)
            assert everything(path) == wanted, (mode, calls.made[number])


def everything(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Rows by file of all datasets."""
    files = [each for each in path.rglob("*.parquet") if "_staging" not in each.parts]
    return {str(each.relative_to(path)): pq.read_table(each).to_pylist() for each in files}
