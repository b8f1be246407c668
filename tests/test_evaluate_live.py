"""How soon bursts are shown, on boards written by hand."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from silgeom.evaluate.live import delays, main

NINE = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # in Seoul


def at(minute: int) -> datetime:
    return NINE + timedelta(minutes=minute)


def write(file: Path, rows: list[dict[str, object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_parquet(file)


def board(minute: int, query: str, *variants: str, surprise: bool = True) -> dict[str, object]:
    return {
        **{"window_end": at(minute), "query": query, "is_surprise": surprise},
        "variants": pl.Series(variants, dtype=pl.String),
    }


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    root, truth = tmp_path / "root", tmp_path / "truth.json"
    burst = {
        **{"query": "눈", "phrasings": ["눈", "큰 눈"], "start": "2026-03-02T09:00:00+09:00"},
        "searchers": {"2026-03-02T09:00:00+09:00": 6, "2026-03-02T10:00:00+09:00": 1},
    }
    few = {**burst, "query": "비", "phrasings": ["비"]}
    truth.write_text(json.dumps({"bursts": [burst, few]}), "utf-8")
    typed = [(3, 1, "눈"), (4, 1, "눈"), (5, 2, "큰 눈"), (6, 3, "눈"), (8, 4, "눈"), (9, 5, "눈")]
    rows = [
        {"searched_at": at(minute), "user_id": user, "query": query}
        for minute, user, query in [*typed, (-60, 9, "눈"), (7, 1, "비")]
    ]
    write(root / "searches/dt=2026-03-02/part.parquet", rows)
    live = [
        *(board(-60, "눈"), board(5, "눈", surprise=False), board(10, "해")),
        *(board(15, "폭설", "큰 눈"), board(20, "눈")),
    ]
    write(root / "live/dt=2026-03-02/part.parquet", live)
    write(root / "trending/dt=2026-03-02/hour=10/part.parquet", [board(60, "눈")])
    return root, truth


def test_from_the_first_search_to_the_first_surprise(places: tuple[Path, Path]) -> None:
    found = delays(*places)

    assert found["query"].tolist() == ["눈"]  # one person typed the other
    assert found[["floor", "live", "hourly"]].iloc[0].tolist() == [6, 12, 57]


def test_the_command_tells_the_medians(
    places: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root, truth = places
    main([str(root), "--truth", str(truth)])

    assert "live: 1 of 1, median 12 minutes" in capsys.readouterr().out


def test_without_boards_it_says_what_to_run(
    places: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "nothing"), "--truth", str(places[1])])

    assert ended.value.code == 2
    assert "run silgeom live" in capsys.readouterr().err
