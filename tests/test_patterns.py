"""`silgeom run patterns` from a log to Parquet, and how good it is."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from silgeom.evaluate import patterns as evaluation
from silgeom.evaluate.patterns import KINDS, NEEDS, classified, false_news
from tests.jobs import IDLE, status_of

Run = Callable[..., str]
START = date(2026, 3, 2)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path, landing: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the job and gives what it prints."""

    def run(*options: str, name: str = "patterns", idle: bool = False) -> str:
        places = ["--landing", str(landing), "--root", str(tmp_path / "root")]
        session = {"session": IDLE} if idle else {}
        status = status_of(name, *places, *options, **session)
        said = capsys.readouterr()
        assert status == 0, said.err
        return said.out

    return run


def day_of_log(day: int, *, until: int = 24, evening: int = 30) -> str:
    """날씨 by three people in each hour, 드라마 by many at nine in the evening."""
    lines = []
    for hour in range(until):
        told = [("날씨", 3), *([("드라마 다시보기", evening)] if hour == 21 else [])]
        for query, people in told:
            for person in range(people):
                at = f"{START + timedelta(days=day)}T{hour:02}:{person:02}:00+09:00"
                lines.append(f"{at}\tu{hour}-{day}-{person}\t{query}\n")
    return "".join(lines)


def write(landing: Path, days: range, **more: int) -> None:
    for day in days:
        name = f"{START + timedelta(days=day)}.tsv"
        (landing / name).write_text(day_of_log(day, **more), "utf-8")


def test_a_habit_is_found_in_a_log_and_a_second_run_does_nothing(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    write(landing, range(14))

    first, second = run(), run(idle=True)

    found = pd.read_parquet(tmp_path / "root" / "patterns").set_index("query")
    assert found.loc["드라마 다시보기", "words"] == "every evening"
    assert found["peak_hours"]["드라마 다시보기"].tolist() == [21]
    assert found.loc["날씨", "words"] == "steady"
    assert set(found["dt"].astype(str)) == {"2026-03-15"}
    assert second.count("up to date") == 2
    assert "every evening" in first
    assert "every evening" in second
    assert not (tmp_path / "root" / "keyword_patterns").exists()


def test_keywords_have_habits_once_they_were_counted(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    write(landing, range(8))
    more = [
        f"{START + timedelta(days=day)}T21:{n:02}:00+09:00\tv{day}-{n}\t드라마 추천\n"
        for day in range(8)
        for n in range(9)
    ]
    (landing / "more.tsv").write_text("".join(more), "utf-8")
    run("--without-kiwi", name="keywords")

    first, second = run(), run(idle=True)

    found = pd.read_parquet(tmp_path / "root" / "keyword_patterns").set_index("query")
    # Of both queries: 30 people and 9 of each evening.
    assert found.loc["드라마", "searchers"] == 8 * (30 + 9)
    assert found.loc["드라마", "words"] == "every evening"
    assert found["peak_hours"]["드라마"].tolist() == [21]
    assert "of keywords" in first
    assert second.count("up to date") == 3


def test_a_new_day_makes_patterns_of_that_day_and_counts_that_day_alone(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    write(landing, range(14))
    run()
    [counted] = (tmp_path / "root" / "hourly_counts" / "dt=2026-03-14").glob("*.parquet")
    written_at = counted.stat().st_mtime_ns
    write(landing, range(14, 15))

    run()

    assert sorted(each.name for each in (tmp_path / "root" / "patterns").glob("dt=*")) == [
        "dt=2026-03-15",
        "dt=2026-03-16",
    ]
    assert counted.stat().st_mtime_ns == written_at


def test_what_is_new_in_a_week_is_told(run: Run, landing: Path, tmp_path: Path) -> None:
    write(landing, range(7), evening=0)
    write(landing, range(7, 14))

    said = run()

    changes = pd.read_parquet(tmp_path / "root" / "changes")
    assert list(changes["change"]) == ["new"]
    assert list(changes["query"]) == ["드라마 다시보기"]
    assert (changes["searchers"][0], changes["searchers_before"][0]) == (210, 0)
    assert "beside the seven before" in said


def test_of_one_day_there_is_a_sentence_and_no_change(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    write(landing, range(1))

    said = run()

    assert "the log has 1 day: changes are told from 14 days on" in said
    assert pd.read_parquet(tmp_path / "root" / "changes").empty
    assert pd.read_parquet(tmp_path / "root" / "patterns")["pattern"].isna().all()


def test_at_noon_the_day_is_not_over(run: Run, landing: Path, tmp_path: Path) -> None:
    write(landing, range(14))
    write(landing, range(14, 15), until=12)

    run()

    found = pd.read_parquet(tmp_path / "root" / "patterns").set_index("query")
    assert set(found["days"]) == {14}
    assert found.loc["드라마 다시보기", "words"] == "every evening"


def test_an_hour_of_a_running_day_changes_nothing_and_its_last_one_does(
    run: Run, landing: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    for root in (tmp_path / "root", alone):  # estimates depend on the key
        root.mkdir()
        (root / "_user_key").write_text(f"blake2b {'5' * 64}\n", encoding="ascii")
    write(landing, range(16))
    write(landing, range(16, 17), until=10)
    run()

    write(landing, range(16, 17), until=23)
    said = run()
    assert said.count("up to date: nothing to do") == 2

    write(landing, range(16, 17))
    assert "up to date" not in run()
    assert status_of("patterns", "--landing", str(landing), "--root", str(alone)) == 0
    for dataset in ("patterns", "changes"):
        hourly, whole = (pd.read_parquet(each / dataset) for each in (tmp_path / "root", alone))
        pd.testing.assert_frame_equal(hourly, whole)


def test_nobody_who_ran_all_has_patterns(run: Run, landing: Path, tmp_path: Path) -> None:
    write(landing, range(2))

    run(name="all")

    assert not (tmp_path / "root" / "patterns").exists()
    assert not (tmp_path / "root" / "changes").exists()


def test_patterns_are_made_again_without_an_erased_person(
    run: Run, landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(landing, range(3))
    run()
    before = pd.read_parquet(tmp_path / "root" / "patterns").set_index("query")["searchers"]

    status = status_of("erase", "--root", tmp_path / "root", "--user", "u21-0-4")

    assert status == 0, capsys.readouterr().err
    after = pd.read_parquet(tmp_path / "root" / "patterns").set_index("query")["searchers"]
    assert after["드라마 다시보기"] == before["드라마 다시보기"] - 1


@pytest.mark.parametrize("days", [14, 28, 84])
def test_planted_habits_are_called_by_their_names(days: int) -> None:
    rows = {str(row["planted"]): row for row in classified(5, days, 60)}

    assert set(rows) == {kind for kind in KINDS if days >= NEEDS.get(kind, 0)}
    for kind in {"daily", "weekly", "monthly", "one-off"} & rows.keys():
        assert float(str(rows[kind]["right"])) >= 0.95, rows[kind]


@pytest.mark.parametrize("days", [14, 84])
def test_habits_alone_are_no_news(days: int) -> None:
    told = false_news(5, days, 1200)

    assert float(str(told["new or rising"])) <= 0.01


def test_the_evaluation_says_what_was_planted_and_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluation.main(["--each", "10"]) == 0

    said = capsys.readouterr().out
    assert "Planted habits of 84 days" in said
    assert "Changes told of habits alone" in said
    assert json.dumps(said)
