"""Logs at the edge of what makes results: clocks that are changed, one person, empty counts."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.runs.published import hour_partition, next_full_hour, parsed_first_look
from silgeom.complete import complete
from tests.test_jobs import run  # noqa: F401

Run = Callable[..., tuple[int, str, str]]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "end", "partition"),
    [
        # Berlin puts its clocks back from 03:00 to 02:00 at 01:00 UTC.
        ("Europe/Berlin", "2026-10-24T23:59", "2026-10-25T00:00", "dt=2026-10-25/hour=02"),
        ("Europe/Berlin", "2026-10-25T00:00", "2026-10-25T00:00", "dt=2026-10-25/hour=02"),
        ("Europe/Berlin", "2026-10-25T00:01", "2026-10-25T01:00", "dt=2026-10-25/hour=02B"),
        ("Europe/Berlin", "2026-10-25T01:01", "2026-10-25T02:00", "dt=2026-10-25/hour=03"),
        # And forward from 02:00 to 03:00: no window ends at 02:00.
        ("Europe/Berlin", "2026-03-29T00:01", "2026-03-29T01:00", "dt=2026-03-29/hour=03"),
        ("Europe/Berlin", "2026-03-29T01:01", "2026-03-29T02:00", "dt=2026-03-29/hour=04"),
        # Beirut from 24:00 to 23:00, which is the day before.
        ("Asia/Beirut", "2026-10-24T20:01", "2026-10-24T21:00", "dt=2026-10-24/hour=23B"),
        # Lord Howe Island from 02:00 to 01:30 (15:00 UTC), and from 02:00 to 02:30 (15:30 UTC).
        ("Australia/Lord_Howe", "2026-04-04T14:30", "2026-04-04T15:30", "dt=2026-04-05/hour=02"),
        ("Australia/Lord_Howe", "2026-10-03T15:15", "2026-10-03T16:00", "dt=2026-10-04/hour=03"),
        ("Asia/Kathmandu", "2026-03-02T00:00:01", "2026-03-02T00:15", "dt=2026-03-02/hour=06"),
        ("Asia/Seoul", "2026-03-02T00:00", "2026-03-02T00:00", "dt=2026-03-02/hour=09"),
    ],
)
def test_a_window_ends_when_the_clocks_show_a_full_hour(
    zone: str, moment: str, end: str, partition: str
) -> None:
    found = next_full_hour(utc(moment), zone)

    assert found == utc(end)
    assert hour_partition(found, zone) == partition


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_no_two_windows_of_a_year_have_one_partition(zone: str) -> None:
    hours = (utc("2026-01-01T00:00") + timedelta(minutes=15 * n) for n in range(365 * 96))
    ends = {next_full_hour(moment, zone) for moment in hours}

    # One an hour, the first and the last included; Lord Howe Island has 90 minutes without, twice.
    assert len(ends) == 365 * 24 + 1 - (zone == "Australia/Lord_Howe")
    assert len({hour_partition(end, zone) for end in ends}) == len(ends)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"key",
        b"other\n{}",
        b"key\n",
        b"key\n[1]",
        b"key\n{}",
        b'key\n{"count": 1}',
        b'key\n{"count": 1, "columns": [], "rows": [',
        b"\xff\xfe\nkey",
    ],
)
def test_a_damaged_memory_of_the_first_rows_is_none(data: bytes) -> None:
    assert parsed_first_look(data, "key") is None


def put(folder: Path, rows: Iterable[tuple[str, object, str]]) -> Path:
    """A log of (time, user, query)."""
    folder.mkdir()
    text = "".join(f"{time}\t{user}\t{query}\n" for time, user, query in rows)
    (folder / "log.tsv").write_text(text, "utf-8")
    return folder


def test_the_hour_that_comes_twice_has_two_boards(tmp_path: Path, run: Run) -> None:  # noqa: F811
    rows = [
        (f"2026-10-{time}:00:{user:02}Z", f"u{user}", query)
        for time, query, people in [
            *((f"24T{hour:02}", "wetter", 30) for hour in range(12, 24)),
            # From 02:00 to 03:00 in summer time, then the same on the clocks in winter time.
            ("25T00", "wetter", 30),
            ("25T00", "stromausfall", 20),
            ("25T01", "wetter", 30),
            ("25T01", "stromausfall", 20),
            ("25T01", "zeitumstellung", 40),
        ]
        for user in range(people)
    ]
    root = tmp_path / "root"
    places = ["--landing", put(tmp_path / "log", rows), "--root", root]
    places += ["--reporting-zone", "Europe/Berlin"]

    ends = [("2026-10-25T00:30Z", "02B"), ("2026-10-25T01:30Z", "03"), ("2026-10-25T00:00Z", "02")]
    told = [run("trending", *places, "--at", at)[1] for at, _ in ends]

    boards = {
        hour: pd.read_parquet(root / "trending" / "dt=2026-10-25" / f"hour={hour}")
        for _, hour in ends
    }
    assert "Window    2026-10-25 02:00+0200 to 02:00+0100 Europe/Berlin" in told[0]
    assert list(boards["02"]["query"]) == []
    assert boards["02B"][["query", "movement"]].values.tolist() == [["stromausfall", "NEW"]]
    assert boards["03"][["query", "movement", "previous_rank"]].fillna(0).values.tolist() == [
        ["zeitumstellung", "NEW", 0],
        ["stromausfall", "DOWN", 1],
    ]
    # As one dataset it is readable as well: the column is text where an hour came twice.
    whole = pd.read_parquet(root / "trending")
    assert sorted(whole.hour.astype(str).unique()) == ["02B", "03"]
    assert whole[whole.hour.astype(str) == "02B"]["query"].tolist() == ["stromausfall"]


def test_a_day_whose_only_session_is_too_long_has_no_pairs_and_blocks_nothing(
    tmp_path: Path,
    run: Run,  # noqa: F811
) -> None:
    rows = [(f"2026-03-02T10:00:{n:02}Z", "u1", f"검색 {n}") for n in range(51)]
    root = tmp_path / "root"
    places = ["--landing", put(tmp_path / "log", rows), "--root", root]

    first, again = run("related", *places), run("related", *places)

    assert [status for status, _, _ in (first, again)] == [0, 0], first
    assert "0 rows" in first[1]
    assert "of fewer than 5 different people nothing is told (--min-searchers)" in first[1]
    assert "up to date" in again[1]
    assert pd.read_parquet(root / "related").empty
    # The day after, with pairs, is read beside it.
    more = [
        (f"2026-03-03T10:0{minute}:00Z", f"u{n}", query)
        for pair, people in [(("제주도", "항공권"), range(20)), (("전세", "대출"), range(20, 40))]
        for n in people
        for minute, query in enumerate(pair)
    ]
    (tmp_path / "log" / "more.tsv").write_text("".join("\t".join(r) + "\n" for r in more), "utf-8")
    assert run("related", *places)[0] == 0
    assert set(pd.read_parquet(root / "related" / "dt=2026-03-03")["query"]) == {
        *("제주도", "항공권", "전세", "대출"),
    }


@pytest.mark.parametrize(
    "rows",
    [
        [("2026-03-02T10:00:00Z", "u1", "날씨"), ("2026-03-02T10:01:00Z", "u1", "내일 날씨")],
        # A robot and a phone number: every line is withheld, yet the log was read.
        [
            *((f"2026-03-02T{n // 60:02}:{n % 60:02}:00Z", "robot", f"말 {n}") for n in range(600)),
            ("2026-03-02T10:00:00Z", "u1", "010-1234-5678"),
        ],
    ],
    ids=["one person", "everything withheld"],
)
def test_a_log_that_makes_no_rows_has_empty_results_or_one_sentence(
    rows: list[tuple[str, str, str]],
    tmp_path: Path,
    run: Run,  # noqa: F811
) -> None:
    root = tmp_path / "root"
    places = ["--landing", put(tmp_path / "log", rows), "--root", root]
    is_person = len(rows) == 2

    for job in ("trending", "related", "autocomplete"):
        for _ in range(2):
            status, out, error = run(job, *places)
            if is_person:
                assert (status, error) == (0, "")
                assert "0 rows" in out
            else:
                assert (status, error.count("\n")) == (2, 1), error
                assert "no search" in error
    if is_person:
        for result in ("trending", "related", "autocomplete"):
            assert pd.read_parquet(root / result).empty
        assert complete(root, "날") == []


def test_a_result_that_somebody_damaged_is_made_again(
    tmp_path: Path,
    run: Run,  # noqa: F811
) -> None:
    rows = [(f"2026-03-02T10:00:{n:02}Z", f"u{n}", "날씨") for n in range(9)]
    root = tmp_path / "root"
    places = ["--landing", put(tmp_path / "log", rows), "--root", root]
    assert run("autocomplete", *places)[0] == 0
    [file] = (root / "autocomplete").rglob("*.parquet")
    before = file.read_bytes()

    file.write_bytes(before[:100])
    status, out, _ = run("autocomplete", *places)

    assert (status, "up to date" in out) == (0, False)
    [file] = (root / "autocomplete").rglob("*.parquet")
    assert [each.text for each in complete(root, "날")] == ["날씨"]
