"""A log of User Behavior Insights, whose clicks are lines of their own, through the commands."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

from pipeline.columns import MEMBERS
from silgeom.evaluate.log import read_log
from silgeom.evaluate.planted_types import Labels, read_searches
from silgeom.evaluate.privacy import segments_of
from silgeom.evaluate.segment_privacy import log_by_segment
from silgeom.simulate import distributions
from tests.test_jobs import run as run  # the fixture

Job = Callable[..., tuple[int, str, str]]


def lines(*, clicks: bool = True) -> list[str]:
    """Eight people search for 신발 at noon; six click, 8 s later, and two of these again."""
    told: list[dict[str, object]] = []
    for n in range(8):
        own = {"client_id": f"c{n}", "query_id": f"q{n}", "user_query": "신발"}
        told.append({**own, "timestamp": f"2026-03-01T12:00:{n:02}+09:00"})
        click = {**own, "action_name": "click", "message": "빨간 신발 42"}
        for at, rank in ((8, 3), (20, 5)) if n < 2 else ((8, 3),) if n < 6 else ():
            position = {"position": {"ordinal": rank}, "object": {"object_id": f"B{rank}"}}
            time = f"2026-03-01T12:00:{n + at:02}.250+09:00"
            told.append({**click, "timestamp": time, "event_attributes": position})
        # Who comes back to the page after another search, and a click that names no query.
        told.append({**own, "user_query": "양말", "timestamp": f"2026-03-01T12:05:{n:02}+09:00"})
        told.append({**click, "user_query": None, "timestamp": f"2026-03-01T12:06:{n:02}+09:00"})
    kept = [row for row in told if clicks or "action_name" not in row]
    found = []
    for row in kept:
        found += [json.dumps({"index": {"_index": "ubi"}}), json.dumps(row, ensure_ascii=False)]
    return found


def put(folder: Path, *, clicks: bool = True) -> Path:
    folder.mkdir()
    (folder / "ubi.ndjson").write_text("\n".join(lines(clicks=clicks)) + "\n", "utf-8")
    return folder


def test_click_through_ranks_and_seconds_are_told_of_a_ubi_log(tmp_path: Path, run: Job) -> None:
    landing, root = put(tmp_path / "log"), tmp_path / "root"

    # Six clicked and two did not: with the floor of five the rate would tell of these two.
    options = ("--min-searchers", 2)
    status, _, error = run("analytics", "--landing", landing, "--root", root, *options)

    assert (status, error) == (0, "")
    shoes = pd.read_parquet(root / "query_analytics").set_index("query").loc["신발"]
    assert (shoes["people"], shoes["searches"]) == (8, 8)
    assert shoes["click_through"] == 6 / 8
    assert shoes["clicks_per_search"] == 8 / 8
    assert (shoes["mean_rank"], shoes["first_rank"]) == ((6 * 3 + 2 * 5) / 8, 3)
    assert 7.2 <= shoes["seconds_to_click"] <= 8.8  # medians are at most a tenth off
    [ledger] = pd.read_parquet(root / "ledger").to_dict("records")
    # 16 searches and 8 clicks; 32 lines of action and 8 clicks of nobody knows which query.
    assert (ledger["accepted"], ledger["rejected"]) == (24, 0)


def test_clicks_are_no_searches_where_searches_are_counted(tmp_path: Path, run: Job) -> None:
    found = []
    for clicks in (True, False):
        name = f"clicks-{clicks}"
        landing, root = put(tmp_path / name, clicks=clicks), tmp_path / f"root-{name}"
        for job in ("keyword_tool", "trending", "profiles"):
            assert run(job, "--landing", landing, "--root", root)[0] == 0
        rows = [
            pd.read_parquet(root / dataset).drop(columns="searchers_sketch", errors="ignore")
            for dataset in ("daily_counts", "hourly_counts", "keyword_tool", "trending")
        ]
        found.append(rows)

    for with_clicks, without in zip(*found, strict=True):
        pd.testing.assert_frame_equal(with_clicks, without)
    assert dict(zip(found[0][0]["query"], found[0][0]["searches"], strict=True)) == {
        "신발": 8,
        "양말": 8,
    }


def test_who_clicks_much_is_no_robot(tmp_path: Path, run: Job) -> None:
    """300 searches in a day and a click after each: 600 rows, of which 300 count."""
    told: list[dict[str, object]] = []
    for n in range(300):
        own: dict[str, object] = {"client_id": "c", "user_query": f"신발 {n}"}
        minute, second = f"2026-03-01T12:{n // 10:02}", n % 10 * 6
        click = {**own, "action_name": "click", "timestamp": f"{minute}:{second + 3:02}+09:00"}
        at = f"{minute}:{second:02}+09:00"
        told += [{**own, "timestamp": at}, click]
    (tmp_path / "log").mkdir()
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in told)
    for part, some in (("a", text[: len(text) // 2]), ("b", text)):  # the file grows
        (tmp_path / "log" / "ubi.ndjson").write_text(some[: some.rindex("\n") + 1], "utf-8")
        status, _, error = run("ingest", "--landing", tmp_path / "log", "--root", tmp_path / "root")
        assert (status, error) == (0, ""), part
    [ledger] = pd.read_parquet(tmp_path / "root" / "ledger").to_dict("records")

    assert ledger["withheld"] == 0
    assert ledger["accepted"] + ledger["duplicates"] == 600


def test_who_reads_searches_in_pandas_tells_clicks_by_a_column(tmp_path: Path, run: Job) -> None:
    landing, root = put(tmp_path / "log"), tmp_path / "root"
    assert run("ingest", "--landing", landing, "--root", root)[0] == 0

    rows = pd.read_parquet(root / "searches")
    searches = rows[rows.is_click != True]  # noqa: E712

    assert searches["query"].value_counts().to_dict() == {"신발": 8, "양말": 8}
    clicks = rows[rows.is_click == True]  # noqa: E712
    assert clicks["clicked_rank"].value_counts().to_dict() == {3: 6, 5: 2}
    assert rows["click_seconds"].isna().all()


def without_column(root: Path) -> None:
    """The root as the layout before has it: no row is a click, and nothing says so."""
    for file in (root / "searches").rglob("*.parquet"):
        pq.write_table(pq.ParquetFile(file).read().drop(["is_click"]), file)
    state = json.loads((root / "_state.json").read_text("utf-8"))
    (root / "_state.json").write_text(json.dumps(state | {"layout": 4}), "utf-8")


def test_a_root_of_the_layout_before_counts_its_searches_beside_new_clicks(
    tmp_path: Path, run: Job
) -> None:
    root = tmp_path / "root"
    landing = put(tmp_path / "log", clicks=False)
    assert run("keyword_tool", "--landing", landing, "--root", root)[0] == 0
    without_column(root)
    # The clicks come later, in a file of their own.
    told = [each for each in lines() if '"click"' in each]
    (landing / "clicks.ndjson").write_text("\n".join(told) + "\n", "utf-8")

    for job in ("keyword_tool", "analytics"):
        status, _, error = run(job, "--landing", landing, "--root", root, "--min-searchers", 2)
        assert (status, error) == (0, ""), job

    counts = pd.read_parquet(root / "daily_counts").set_index("query")["searches"]
    assert counts.to_dict() == {"신발": 8, "양말": 8}
    shoes = pd.read_parquet(root / "query_analytics").set_index("query").loc["신발"]
    assert shoes["click_through"] == 6 / 8
    # Of files of which only some have the column, the first of them without it.
    assert len(read_log(root)[0]) == 16
    assert len(distributions.read_log(root)) == 16


def test_evaluations_of_a_root_take_no_click_for_a_search(tmp_path: Path, run: Job) -> None:
    landing, root = put(tmp_path / "log"), tmp_path / "root"
    # And somebody of whom there is nothing but a click.
    alone = {"client_id": "late", "action_name": "click", "user_query": "신발"}
    line = json.dumps({**alone, "timestamp": "2026-03-01T13:00:00+09:00"})
    with (landing / "ubi.ndjson").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    assert run("keyword_tool", "--landing", landing, "--root", root)[0] == 0
    users = pd.read_parquet(root / "searches")["user_id"].unique()
    members = pl.DataFrame({"user_id": users, "segment": [1] * 9}, schema=MEMBERS)
    (root / "members" / "dt=2026-03-01").mkdir(parents=True)
    members.write_parquet(root / "members" / "dt=2026-03-01" / "part.parquet")

    assert len(read_log(root)[0]) == 16
    assert len(distributions.read_log(root)) == 16
    assert len(log_by_segment(str(root), members, "Asia/Seoul")) == 16
    found = segments_of(str(root))
    assert found is not None
    assert len(found[0]) == 16
    people = pl.DataFrame({"user": [*(f"c{n}" for n in range(8)), "late"], "type": [0] * 9})
    labels = Labels([], np.empty(0), np.empty((0, 0)), 1.0, people, {})
    assert len(read_searches(root, labels)[0]) == 16
