"""A log of User Behavior Insights, whose clicks are lines of their own, through the commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

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
