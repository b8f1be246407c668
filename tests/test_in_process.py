"""`silgeom run`: the jobs in one process, without Spark."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from silgeom.__main__ import main

Run = Callable[..., str]


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path, landing: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command and gives what it prints; a status other than 0 is part of it."""

    def run(result: str, *options: str) -> str:
        places = ["--landing", str(landing), "--root", str(tmp_path / "root")]
        status = ""
        try:
            main(["run", result, *places, *options])
        except SystemExit as left:
            status = f"\nexit status {left.code}"
        said = capsys.readouterr()
        return said.out + said.err + status

    return run


def log(people: int, query: str, *, day: int = 2, hour: int = 9, first: int = 0) -> str:
    return "".join(
        f"2026-03-{day:02}T{hour:02}:{user % 60:02}:00+09:00\tu{first + user}\t{query}\n"
        for user in range(people)
    )


def test_a_burst_is_on_the_board_and_a_second_run_has_nothing_to_do(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    # All search for 날씨 at every hour, so that nobody does one thing alone; 지진 comes at noon.
    usual = "".join(log(20, "날씨", hour=hour) for hour in range(8, 13))
    (landing / "usual.tsv").write_text(usual, encoding="utf-8")
    (landing / "burst.tsv").write_text(log(15, "지진", hour=12), encoding="utf-8")

    first, second = run("trending"), run("trending")

    board = pd.read_parquet(tmp_path / "root" / "trending")
    assert board["query"].tolist() == ["지진"]
    assert board["searchers"].tolist() == [15]
    assert "2 files, 2 taken in" in first
    assert "nothing new" in second
    assert "up to date" in second


def test_related_and_completions_come_of_the_same_root(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    # Eight people go on from the one to the other within a minute; fifty do something else.
    pairs = log(8, "제주도 여행") + log(8, "제주도 맛집").replace(":00+", ":30+")
    (landing / "a.tsv").write_text(pairs + log(50, "환율", first=100), encoding="utf-8")

    assert "exit status" not in run("related") + run("autocomplete")

    related = pd.read_parquet(tmp_path / "root" / "related")
    found = dict(zip(related["query"], related["related_query"], strict=True))
    assert found == {"제주도 여행": "제주도 맛집", "제주도 맛집": "제주도 여행"}
    completions = pd.read_parquet(tmp_path / "root" / "autocomplete")
    of_hwan = completions[(completions.prefix == "ㅎㅘ") | (completions.prefix == "ㅎㅗㅏ")]
    assert of_hwan["completion"].tolist() == ["환율"]


def test_late_replaced_and_repeated_files_give_what_one_clean_run_gives(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    (landing / "a.tsv").write_text(log(6, "로또") + log(3, "날씨"), encoding="utf-8")
    run("trending")
    (landing / "b.tsv").write_text(log(6, "로또"), encoding="utf-8")  # all of it is in a, too
    run("trending")
    (landing / "a.tsv").write_text(log(3, "날씨", day=3), encoding="utf-8")  # now b alone has it
    run("trending")

    searches = pd.read_parquet(tmp_path / "root" / "searches")
    counts = searches.groupby(["dt", "query"], observed=True).size()
    assert counts.to_dict() == {("2026-03-02", "로또"): 6, ("2026-03-03", "날씨"): 3}


def test_a_damaged_file_is_set_aside_and_the_others_go_on(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    whole = gzip.compress(log(300, "날씨").encode(), mtime=0)
    (landing / "cut.tsv.gz").write_bytes(whole[: len(whole) // 2])
    (landing / "good.tsv").write_text(log(6, "로또"), encoding="utf-8")

    said = run("trending")

    ledger = pd.read_parquet(tmp_path / "root" / "ledger")
    names = ledger["source"].map(lambda source: Path(source).name)
    status = dict(zip(names, ledger["status"], strict=True))
    assert status == {"cut.tsv.gz": "set_aside", "good.tsv": "taken_in"}
    assert "cut.tsv.gz" in said
    assert set(pd.read_parquet(tmp_path / "root" / "searches")["query"]) == {"로또"}


def test_robots_are_set_aside_with_their_reason(run: Run, landing: Path, tmp_path: Path) -> None:
    crawler = "".join(
        f"2026-03-02T00:{second // 60:02}:{second % 60:02}+09:00\tbot\tq{second}\n"
        for second in range(501)
    )
    (landing / "a.tsv").write_text(crawler + log(6, "로또"), encoding="utf-8")

    assert "robot 501" in run("trending")

    rejects = pd.read_parquet(tmp_path / "root" / "rejects")
    assert rejects["reason"].value_counts().to_dict() == {"robot": 501}
    assert set(pd.read_parquet(tmp_path / "root" / "searches")["query"]) == {"로또"}


@pytest.mark.parametrize("is_new", [True, False])
def test_a_run_waits_for_no_library_that_it_does_not_need(
    run: Run, landing: Path, tmp_path: Path, is_new: bool
) -> None:
    (landing / "a.tsv").write_text(log(20, "날씨"), encoding="utf-8")
    if not is_new:
        run("trending")
    begin = "import sys; from silgeom.__main__ import main\n"
    command = [
        *("run", "trending", "--root", str(tmp_path / "root")),
        *("--landing", str(landing)),
    ]
    # pandas alone takes as long as all else that a run begins with.
    tell = "sys.stderr.write(str({'pandas', 'pyspark', 'pyarrow.dataset'} & {*sys.modules}))"

    ran = subprocess.run(
        [sys.executable, "-c", f"{begin}main({command})\n{tell}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stderr.endswith("set()")


def test_nothing_to_read_is_one_sentence_and_leaves_no_root(run: Run, tmp_path: Path) -> None:
    said = run("trending")

    assert said.endswith("exit status 2")
    assert "put a search log there first" in said
    assert not (tmp_path / "root").exists()


def test_what_cannot_be_run_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", "weather"])
    assert "trending, related, autocomplete" in capsys.readouterr().err.replace("'", "")
