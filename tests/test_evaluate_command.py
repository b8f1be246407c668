"""The command line of the evaluations: whole tables, of as much as a log has enough for."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from silgeom.evaluate import __main__ as command
from silgeom.evaluate import trending
from silgeom.evaluate.report import draw, text_table

START = datetime(2026, 3, 2, 1, tzinfo=UTC)

#: Sessions of the morning; each is typed again by other people an hour later.
SESSIONS = [["제주도", "제주도 맛집"], ["날씨", "내일 날씨"], ["유튜브", "유튜브 뮤직"]]


def root(folder: Path, *, days: int = 1) -> Path:
    """A root as the jobs leave it, but of as many columns as evaluations read."""
    rows = []
    for day in range(days):
        for person in range(24):
            typed = SESSIONS[person % len(SESSIONS)]
            begins = START + timedelta(days=day, minutes=10 * person)
            rows += [(begins + timedelta(seconds=30 * n), person, q) for n, q in enumerate(typed)]
    searches = pd.DataFrame(rows, columns=["searched_at", "user_id", "query"])
    searches["user_id"] += 1000 * (searches["searched_at"] - START).dt.days
    searches["hour"] = searches["searched_at"].dt.floor("h")
    searches["query_id"], _ = pd.factorize(searches["query"])
    _write(searches, folder / "searches" / "dt=2026-03-02")
    people = searches.groupby(["hour", "query_id"])["user_id"].nunique()
    counted = people.rename("searchers").reset_index()
    counted["also_searched"] = counted["searchers"]
    _write(counted, folder / "hourly_counts" / "dt=2026-03-02")
    (folder / "_state.json").write_text(json.dumps({"zone": "Asia/Seoul"}), "utf-8")
    return folder


def _write(frame: pd.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True)
    frame.to_parquet(folder / "part-0.parquet", index=False)


def methods(printed: str, title: str) -> set[str]:
    """The first column of the table under a title."""
    lines = printed.split(title, 1)[1].splitlines()[4:]
    table = lines[: lines.index("")]
    return {line.split("  ", 1)[0] for line in table}


def test_all_three_tables_are_printed_and_drawn_with_every_rival(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    of = root(tmp_path / "root", days=4)

    assert command.main(["all", str(of), "--plot", str(tmp_path / "pictures")]) == 0

    printed = capsys.readouterr().out
    assert {"hits", "people", "people-days, forecast", "ours"} <= methods(printed, "Completions")
    assert {"count + popularity", "PMI", "query flow", "ours"} <= methods(
        printed, "What is typed next"
    )
    assert {"count", "ours, topic"} <= methods(printed, "What is about the same")
    assert {"JLH", "SigniTrend", "Kleinberg", "ours"} <= methods(printed, "Trending")
    assert "Completions, k = 2: 144 searches before 2026-03-05" in printed
    assert "Trending keywords, k = 5 within an hour" in printed
    assert "One person, k = 2: 144 searches before 2026-03-05" in printed
    drawn = sorted((tmp_path / "pictures").iterdir())
    assert [file.name for file in drawn] == ["autocomplete.png", "related.png", "trending.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in drawn)


def test_what_a_log_is_too_short_for_is_told_and_the_rest_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = root(tmp_path)

    assert command.main(["all", str(of)]) == 0

    said = capsys.readouterr()
    assert "Completions" in said.out
    assert "Related" in said.out
    assert "Trending" not in said.out
    assert "silgeom.evaluate: trending:" in said.err
    assert "trends need a log of two days" in said.err
    assert command.main(["trending", str(of)]) == 2


def test_trends_of_a_log_in_which_no_query_reaches_the_floor_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"bursts": [], "habits": []}), "utf-8")
    of = root(tmp_path / "root", days=4)  # two people an hour

    assert command.main(["trending", str(of), "--truth", str(truth)]) == 2
    assert "no query that 5 people typed within an hour" in capsys.readouterr().err


def test_nothing_measured_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["all", "nowhere"]) == 2
    assert capsys.readouterr().err.count("silgeom.evaluate: ") == len(command.OF_ALL)


def measured(alarms: float, *ranks: int) -> pd.DataFrame:
    rows = [
        {"method": name, "precision": 1.0, "precision_low": 0.9, "precision_high": 1.0}
        | {"delay": delay, "false_alarms": alarms, **dict.fromkeys(ATTACKS[: len(ranks)], 0)}
        for name, delay in (("ours", 0.0), ("rival", np.inf))
    ]
    table = pd.DataFrame(rows)
    for kind, rank in zip(ATTACKS, ranks, strict=False):
        table.loc[1, kind] = rank
    return table


ATTACKS = ("one user", "farm")


def cells(text: str) -> list[Sequence[str]]:
    return [[cell.strip() for cell in line.split("  ") if cell] for line in text.splitlines()]


def test_an_attack_that_was_never_on_a_board_has_no_rank() -> None:
    rows = cells(trending.told(measured(2.0, 0, 3)))

    assert ["method", "precision", "delay", "false alarms"] in rows
    assert ["rival", "1.000 (0.900–1.000)", "–", "2.000"] in rows
    assert rows[-4:][0] == ["method", "one user", "farm"]
    assert rows[-2:] == [["ours", "–", "–"], ["rival", "–", "3"]]


def test_what_no_method_has_is_no_column() -> None:
    text = trending.told(measured(np.nan))

    assert "false alarms" not in text
    assert "attack" not in text
    assert "precision" in text_table(measured(np.nan))


def test_a_picture_says_what_its_intervals_are_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    axes = pytest.importorskip("matplotlib.axes").Axes
    labels: list[str] = []
    monkeypatch.setattr(axes, "set_xlabel", lambda _, text, **__: labels.append(text))

    draw(measured(0.0), ["precision"], "title", tmp_path / "new" / "a.png", over="days")

    assert labels == ["precision, 95 % over days"]
    assert (tmp_path / "new" / "a.png").stat().st_size > 1000
