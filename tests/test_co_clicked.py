"""Keywords that lead to the same addresses, from a log to the keyword tool."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from silgeom.__main__ import main
from tests.test_erase import ANNA, without_ids
from tests.test_expire import results
from tests.test_jobs import run as run  # the fixture

Job = Callable[..., tuple[int, str, str]]
#: What is clicked for what, by how many people beside Anna; 비밀 is hers and of three others.
CLICKS = (
    ("기상청", "kma.example", 6),
    ("우산 쓸까", "www.kma.example/", 4),
    ("비밀", "kma.example", 3),
)


def log(folder: Path, *, without: str = "", days: int = 2) -> Path:
    """Days of people with one search each, all clicked; Anna searches for everything."""
    folder.mkdir()
    for day in range(1, days + 1):
        rows = []
        for place, (query, address, people) in enumerate(CLICKS):
            users = [ANNA, *(f"u{place}-{n}" for n in range(people))]
            rows += [
                f"2026-03-0{day}T12:0{place}:{n:02}+09:00\t{user}\t{query}\thttps://{address}\t1\n"
                for n, user in enumerate(users)
                if user != without
            ]
        (folder / f"2026-03-0{day}.tsv").write_text("".join(rows), "utf-8")
    return folder


def places(tmp_path: Path) -> list[object]:
    return ["--landing", tmp_path / "log", "--root", tmp_path / "root"]


def pairs(root: Path) -> set[tuple[str, str]]:
    found = pd.read_parquet(root / "co_clicked")
    return set(zip(found["query"], found["co_clicked_query"], strict=True))


def test_the_tool_tells_what_leads_to_the_same_pages_and_no_address(
    tmp_path: Path, run: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    log(tmp_path / "log")
    for job in ("related", "autocomplete", "keyword_tool"):
        assert run(job, *places(tmp_path))[0] == 0

    assert pairs(tmp_path / "root") == {("기상청", "우산 쓸까"), ("우산 쓸까", "기상청")}
    assert "kma" not in pd.read_parquet(tmp_path / "root" / "co_clicked").to_csv()
    main(["keywords", "기상청", "--root", str(tmp_path / "root"), "--csv"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["keyword"], row["co_clicked"]) for row in rows] == [
        ("기상청", "0.0000"),
        ("우산 쓸까", "1.0000"),
    ]


def test_day_by_day_is_as_all_at_once_and_a_second_run_does_nothing(
    tmp_path: Path, run: Job
) -> None:
    late = log(tmp_path / "log") / "2026-03-02.tsv"
    late.rename(tmp_path / "late")
    assert run("keyword_tool", *places(tmp_path))[0] == 0
    (tmp_path / "late").rename(late)
    assert run("keyword_tool", *places(tmp_path))[0] == 0

    again = run("keyword_tool", *places(tmp_path))[1]
    whole = ["--landing", tmp_path / "log", "--root", tmp_path / "whole"]
    assert run("keyword_tool", *whole)[0] == 0

    assert again.count("up to date") == 2
    kinds = ("daily_addresses/", "co_clicked/dt=2026-03-02")
    ours, theirs = (
        {
            name: rows
            for name, rows in without_ids(results(tmp_path / each)).items()
            if name.startswith(kinds)
        }
        for each in ("root", "whole")
    )
    assert ours == theirs != {}


def test_the_erased_lead_nowhere(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log")
    assert run("keyword_tool", *places(tmp_path))[0] == 0

    status, said, _ = run("erase", *places(tmp_path), "--user", ANNA)

    assert (status, ": 0 hits" in said) == (0, True)
    assert pairs(tmp_path / "root") == set()  # without her only four click for 우산 쓸까
    clicks = pd.read_parquet(tmp_path / "root" / "daily_addresses")["clicks"]
    assert clicks.sum() == 2 * (6 + 4 + 3)


def test_where_searches_went_for_their_age_clicks_stay_and_lose_the_erased(
    tmp_path: Path, run: Job
) -> None:
    log(tmp_path / "log", days=3)
    assert run("keyword_tool", *places(tmp_path))[0] == 0
    keep = ["--keep", "searches=1d", "--as-of", "2026-03-03"]
    assert run("expire", "--root", tmp_path / "root", *keep)[0] == 0
    assert run("keyword_tool", *places(tmp_path))[0] == 0
    assert len(pairs(tmp_path / "root")) == 2

    assert ": 0 hits" in run("erase", *places(tmp_path), "--user", ANNA)[1]

    clicks = pd.read_parquet(tmp_path / "root" / "daily_addresses")["clicks"]
    assert clicks.sum() == 3 * (6 + 4 + 3)
    assert pairs(tmp_path / "root") == set()


def test_a_category_is_told_by_the_host_that_is_clicked(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log")
    rules = tmp_path / "rules.toml"
    rules.write_text("[[category]]\nname = '날씨'\nhosts = ['kma.example']\n", "utf-8")

    status, _, error = run("categories", *places(tmp_path), "--rules", rules)

    assert (status, error) == (0, "")
    found = pd.read_parquet(tmp_path / "root" / "categories").set_index("query")
    assert dict(found["category"]) == {"기상청": "날씨", "우산 쓸까": "날씨"}
    assert dict(found["source"]) == dict.fromkeys(["기상청", "우산 쓸까"], "declared")
