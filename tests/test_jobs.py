"""The jobs as a user runs them: command lines, exit status, and results through Parquet, twice."""

import argparse
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

import pandas as pd
import pytest

from pipeline.carriers.session import Session
from pipeline.errors import UnreachableError
from pipeline.store.storage import LocalStorage
from silgeom.complete import complete
from tests.factories import HERE
from tests.jobs import IDLE, command, status_of

JOBS = [
    *("ingest", "trending", "related", "autocomplete", "keyword_tool", "categories"),
    *("keywords", "analytics", "patterns", "segments", "profiles"),
    *("all", "expire", "erase", "rotate_key"),
]
#: Commands that stay.
STAYING = ["live"]
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a job in this process: its exit status, standard output and error."""

    def run(name: str, *arguments: str | Path, session: Session = HERE) -> tuple[int, str, str]:
        status = status_of(name, *arguments, session=session)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.mark.parametrize("name", [*JOBS, *STAYING])
def test_the_help_is_worth_reading_and_changes_only_on_purpose(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    golden = GOLDEN / f"{name}.txt"
    text = command(name).parser().format_help()
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8")

    assert text == golden.read_text("utf-8"), "after reading it: UPDATE_GOLDEN=1 make test"


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_a_page(name: str) -> None:
    lines = Path(str(command(name).__file__)).read_text("utf-8").splitlines()
    assert len(lines) < 60


@pytest.mark.parametrize("name", JOBS[1:4])
@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--at", "yesterday", "not an ISO 8601 time such as 2026-03-02T15:00+09:00: 'yesterday'"),
        ("--min-searchers", "0", "must be from 1 to 1,000,000,000 (people), got 0"),
        ("--top", "many", "not a whole number: 'many'"),
        ("--date", "2026-13-01", "not a date such as 2026-03-02: '2026-13-01'"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_done(
    name: str,
    option: str,
    value: str,
    sentence: str,
    tmp_path: Path,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    status, _, error = run(name, "--root", tmp_path / "root", option, value)

    assert (status, sentence in error) == (2, True)
    assert not (tmp_path / "root").exists()


def log(folder: Path) -> Path:
    """Three hours of one day: habits, and at ten o'clock 눈썰매장 out of nowhere."""
    folder.mkdir()
    rows = [
        f"2026-03-02T{hour:02}:{user:02}:00+09:00\tu{user}\t{query}\n"
        for hour, query, users in [
            (8, "날씨", 20),
            (9, "날씨", 20),
            (10, "날씨", 20),
            (10, "눈썰매장", 30),
            (10, "눈썰매장 예약", 12),
        ]
        for user in range(users)
    ]
    (folder / "log.tsv").write_text("".join(rows), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--landing", "{tmp}/nowhere"], "no such folder: {tmp}/nowhere"),
        (["--landing", "{tmp}/empty"], "nothing in {tmp}/empty"),
        (["--landing", "{tmp}/log", "--format", "exite"], "'exite'"),
        (["--landing", "{tmp}/log", "--charset", "UTF-9"], "UTF-9"),
        (["--landing", "{tmp}/log", "--zone", "Asia/Soul"], "Asia/Soul"),
        (["--landing", "{tmp}/log", "--reporting-zone", "Asia/Soul"], "Asia/Soul"),
        (["--landing", "{tmp}/pictures"], "{tmp}/pictures/a.png"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence_and_nothing_is_written(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    log(tmp_path / "log")
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00")
    given = [each.format(tmp=tmp_path) for each in arguments]

    status, _, error = run("ingest", "--root", tmp_path / "root", *given)

    assert (status, error.count("\n")) == (2, 1), error
    assert sentence.format(tmp=tmp_path) in error
    assert not (tmp_path / "root").exists()


def written(root: Path) -> dict[Path, int]:
    """When each file of the datasets was written, but for the rows that runs leave."""
    files = (path for path in root.rglob("*.parquet") if "runs" not in path.parts)
    return {path: path.stat().st_mtime_ns for path in files}


def test_each_job_twice_through_parquet_and_the_second_run_changes_nothing(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    places = ["--landing", log(tmp_path / "log"), "--root", tmp_path / "root"]
    assert run("ingest", *places)[0] == 0
    # One after the other, as they are typed: each finds part of the work done.
    made = [run(name, *places) for name in ("trending", "related", "autocomplete")]
    assert [status for status, _, _ in made] == [0, 0, 0]
    first = written(tmp_path / "root")

    # Nothing to do needs no step, so no Spark, and shows what the first run showed.
    status, out, _ = run("all", *places, session=IDLE)
    assert (status, out.count("nothing new"), out.count("up to date")) == (0, 3, 3)
    shown = out.replace(" (up to date: nothing to do)", "")
    assert all(text in shown for _, text, _ in made)
    assert first == written(tmp_path / "root")

    board = pd.read_parquet(tmp_path / "root" / "trending").sort_values("rank")
    # One issue, one rank: the other way to put it stands beside it.
    assert list(board["query"]) == ["눈썰매장"]
    assert list(board["variants"].iloc[0]) == ["눈썰매장 예약"]
    assert set(board.dt.astype(str)) == {"2026-03-02"}
    assert set(board.hour.astype(str)) == {"11"}
    related = pd.read_parquet(tmp_path / "root" / "related")
    assert "눈썰매장 예약" in set(related[related["query"] == "눈썰매장"].related_query)
    complete = pd.read_parquet(tmp_path / "root" / "autocomplete")
    assert list(complete[complete.prefix == "ㄴㅜㄴㅆ"].sort_values("rank").completion) == [
        "눈썰매장",
        "눈썰매장 예약",
    ]


def test_what_somebody_deleted_is_made_again(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    root = tmp_path / "root"
    places = ["--landing", log(tmp_path / "log"), "--root", root]
    assert run("trending", *places)[0] == 0
    before = pd.read_parquet(root / "trending")

    shutil.rmtree(root / "trending" / "dt=2026-03-02")
    shutil.rmtree(root / "hourly_counts" / "dt=2026-03-02")

    assert run("trending", *places)[0] == 0
    pd.testing.assert_frame_equal(pd.read_parquet(root / "trending"), before)


def test_a_board_has_only_the_queries_of_its_days_counted_and_later_jobs_the_rest(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    earlier = (log(tmp_path / "log") / "log.tsv").read_text("utf-8").replace("-03-02T", "-02-25T")
    (tmp_path / "log" / "earlier.tsv").write_text(earlier.replace("u", "v"), "utf-8")
    one_root, other_root = (["--landing", tmp_path / "log", "--root", tmp_path / r] for r in "ab")

    assert run("trending", *one_root)[0] == 0
    counted = [folder.name for folder in (tmp_path / "a" / "daily_counts").glob("dt=*")]
    assert run("autocomplete", *one_root)[0] == 0
    assert run("autocomplete", *other_root)[0] == 0
    _, again, _ = run("trending", *one_root)

    assert "up to date" in again
    assert counted == ["dt=2026-03-02"]
    completed, alone = (pd.read_parquet(tmp_path / r / "autocomplete") for r in "ab")
    pd.testing.assert_frame_equal(completed, alone)
    assert completed["searchers"].max() == 60  # thirty on each day


@pytest.mark.parametrize("name", ["trending", "related", "autocomplete", "analytics"])
def test_of_a_day_whose_log_was_replaced_by_another_nothing_stays(
    name: str, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    file = log(tmp_path / "log") / "log.tsv"
    places = ["--landing", tmp_path / "log", "--root", tmp_path / "root"]
    assert run(name, *places)[0] == 0

    file.write_text(file.read_text("utf-8").replace("-03-02T", "-03-05T"), "utf-8")

    assert run(name, *places)[0] == 0
    counts = (tmp_path / "root").glob("*ly_*/dt=*/*.parquet")
    assert {file.parent.name for file in counts} == {"dt=2026-03-05"}


def test_variants_of_a_query_count_together_and_blocked_words_are_honoured(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    # Five ways to write one query, by two people each: none reaches the floor of five alone.
    forms = [
        "갤럭시 S30",
        "갤럭시S30",
        "갤럭시 s30",
        "갤럭시　Ｓ３０",
        normalize("NFD", "갤럭시 S30"),
    ]
    typed = [form for form in forms for _ in range(2)] + ["갤럭시 도박"] * 6
    rows = [f"2026-03-02T10:{n:02}:00+09:00\tu{n}\t{query}\n" for n, query in enumerate(typed)]
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "log.tsv").write_text("".join(rows), "utf-8")
    blocked = tmp_path / "blocked.txt"
    blocked.write_text("# 사행성\n\n도 박\n", "utf-8")
    root = tmp_path / "root"
    places = ["--landing", tmp_path / "log", "--root", root]

    assert run("trending", *places)[0] == 0
    board = pd.read_parquet(root / "trending")
    assert board[board["query"] != "갤럭시 도박"][["surface", "searchers"]].values.tolist() == [
        ["갤럭시 S30", 10]
    ]

    assert run("autocomplete", *places)[0] == 0
    assert {each.text for each in complete(root, "갤러")} == {"갤럭시 S30", "갤럭시 도박"}
    status, out, _ = run("autocomplete", *places, "--blocked", blocked)
    assert (status, "up to date" in out) == (0, False)
    assert [(each.text, each.searchers) for each in complete(root, "갤러")] == [("갤럭시 S30", 10)]
    blocked.write_text("# 사행성\n\n도 박\n갤 럭시\n", "utf-8")  # the same file, other words
    assert run("autocomplete", *places, "--blocked", blocked)[0] == 0
    assert complete(root, "갤러") == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "no such file of blocked words: "), ("도박".encode("cp949"), "is not UTF-8")],
)
def test_blocked_words_that_cannot_be_read_are_one_sentence(
    content: bytes | None,
    sentence: str,
    tmp_path: Path,
    run: Callable[..., tuple[int, str, str]],
) -> None:
    if content is not None:
        (tmp_path / "words").write_bytes(content)

    status, _, error = run(
        "autocomplete", "--root", tmp_path / "root", "--blocked", tmp_path / "words"
    )

    assert (status, error.count("\n"), sentence in error) == (2, 1, True)
    assert str(tmp_path / "words") in error
    assert not (tmp_path / "root").exists()


def test_a_board_of_a_time_without_a_log_is_refused_with_the_times_there_are(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    places = ["--landing", log(tmp_path / "log"), "--root", tmp_path / "root"]

    status, _, error = run("trending", *places, "--at", "2025-01-01T00:00")

    assert (status, error.count("\n")) == (2, 1)
    assert "2026-03-02" in error


def test_errors_of_other_kinds_keep_their_trace(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Session, __: argparse.Namespace) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(command("ingest"), "run", broken)
    with pytest.raises(ZeroDivisionError):
        run("ingest")


def test_what_may_pass_is_one_sentence_and_a_status_of_its_own(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(_: Session, __: argparse.Namespace) -> None:
        raise UnreachableError("a node is away: run this again")

    monkeypatch.setattr(command("ingest"), "run", out_of_reach)
    assert run("ingest") == (3, "", "jobs/ingest.py: a node is away: run this again\n")


def test_a_file_out_of_reach_is_named_the_result_is_made_and_the_status_says_run_it_again(
    tmp_path: Path,
    run: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    locked = log(tmp_path / "log") / "locked.tsv"
    locked.write_text("2026-03-02T10:00:00+09:00\tkim\t환율\n", "utf-8")
    (tmp_path / "log" / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    places = ["--landing", tmp_path / "log", "--root", tmp_path / "root"]
    plain = LocalStorage.checksum

    def checksum(self: LocalStorage, address: str) -> str | None:
        if address.endswith("locked.tsv"):
            raise PermissionError(13, "Permission denied")
        return plain(self, address)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "checksum", checksum)
        status, out, error = run("trending", *places)
    assert (status, error.count("\n")) == (3, 1)
    assert f"{locked} (Permission denied)" in error
    assert "picture.png" in out
    assert list(pd.read_parquet(tmp_path / "root" / "trending")["query"]) == ["눈썰매장"]

    # It is there again. What is set aside is named all the same, and once more if nothing is new.
    status, out, _ = run("ingest", *places)
    assert (status, "1 taken in" in out, "picture.png" in out) == (0, True, True)
    status, out, _ = run("ingest", *places)
    assert (status, "nothing new" in out, "picture.png" in out) == (0, True, True)


def test_root_and_landing_folder_in_each_other_are_refused_and_nothing_is_made(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    landing = log(tmp_path / "log")

    status, _, error = run("ingest", "--landing", landing, "--root", landing / "results")

    assert (status, error.count("\n"), "lies in the landing folder" in error) == (2, 1, True)
    assert [path.name for path in landing.iterdir()] == ["log.tsv"]


def test_a_new_key_changes_ids_and_nothing_that_people_see(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    landing, root = log(tmp_path / "landing"), tmp_path / "root"
    places = ("--landing", landing, "--root", root)
    results = ("trending", "related", "autocomplete")
    assert run("all", *places)[0] == 0
    before = {name: pd.read_parquet(root / name) for name in results}
    ids = set(pd.read_parquet(root / "searches").user_id)

    status, said, _ = run("rotate_key", "--root", root)

    assert status == 0
    assert "new in" in said
    new_ids = set(pd.read_parquet(root / "searches").user_id)
    assert len(new_ids) == len(ids)
    assert not new_ids & ids
    status, said, _ = run("all", *places)
    assert (status, said.count("up to date: nothing to do")) == (0, 3)

    # Those of before and those of today are the same people: an hour later all type it again.
    rows = (landing / "log.tsv").read_text("utf-8").replace("T10:", "T11:").splitlines(True)
    later = [row for row in rows if "T11:" in row and row.endswith("눈썰매장\n")]
    (landing / "later.tsv").write_text("".join(later), "utf-8")
    assert run("all", *places)[0] == 0
    assert len(set(pd.read_parquet(root / "searches").user_id)) == len(ids)
    after = pd.read_parquet(root / "autocomplete").set_index("completion").searchers
    expected = before["autocomplete"].set_index("completion").searchers
    assert after["눈썰매장"].max() == expected["눈썰매장"].max() == 30


def test_a_new_key_needs_a_root(tmp_path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    status, _, error = run("rotate_key", "--root", tmp_path / "nothing")

    assert status == 2
    assert error.count("\n") == 1
    assert not (tmp_path / "nothing").exists()
