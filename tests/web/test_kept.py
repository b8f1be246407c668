"""Counts of a query: what stays in memory is what lies under the root."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.columns import Columns
from pipeline.store.storage import FileStatus
from silgeom.web import kept
from silgeom.web.app import Server
from silgeom.web.reading import Results
from tests.web.roots import HOUR, NOON, SmallRoot, client, results


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    return SmallRoot(tmp_path / "root")


def weeks(people: int) -> Mapping[datetime, int]:
    """Two weeks of noons."""
    return {NOON - 24 * day * HOUR: people for day in range(14)}


def test_hours_that_came_in_or_went_since_are_told(root: SmallRoot, tmp_path: Path) -> None:
    server = Server(results(root), tmp_path / "index")

    async def told() -> list[tuple[datetime, int | None]]:
        await server.follower.look_at_board()
        found = await server.facts("날씨")
        assert found is not None
        return [(hour.start, hour.searchers) for hour in found[0].hours]

    root.put_hours({"날씨": weeks(30)})
    before = asyncio.run(told())
    root.put_hours({"날씨": {NOON: 31, NOON + HOUR: 40}})
    after = asyncio.run(told())
    root.put_hours({"날씨": {NOON: 4, NOON + HOUR: 40}})
    few = asyncio.run(told())

    assert before[-1] == (NOON, 30)
    assert after[-2:] == [(NOON, 31), (NOON + HOUR, 40)]
    assert few[-2:] == [(NOON, None), (NOON + HOUR, 40)]
    assert few[-26] == (NOON - 24 * HOUR, 30)


def test_the_newest_hour_is_that_of_any_query_however_few_searched_for_it(
    root: SmallRoot,
) -> None:
    root.put_hours({"날씨": {NOON: 30}, "비밀": {NOON + HOUR: 1}})

    with client(root) as web:
        told = web.get("/api/query?q=날씨").json()["hours"]

    assert [(each["start"], each["searchers"]) for each in told[-2:]] == [
        ("2026-03-02T03:00:00Z", 30),
        ("2026-03-02T04:00:00Z", None),
    ]


def test_days_that_do_not_fit_into_memory_are_told_alike(
    root: SmallRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.put_hours({"날씨": weeks(30), "한파": weeks(8)})

    def told() -> list[dict[str, Any]]:
        with client(root) as web:
            return [web.get(f"/api/query?q={query}").json() for query in ("날씨", "한파", "날씨")]

    every = told()
    monkeypatch.setattr(kept, "HOURS_KEPT", 5)
    monkeypatch.setattr(kept, "NAMES_KEPT", 0)

    assert told() == every
    assert every[0]["hours"][-1]["searchers"] == 30
    assert every[1]["hours"][-1]["searchers"] == 8


def test_the_next_query_is_told_without_reading_counts_again(
    root: SmallRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.put_hours({"날씨": weeks(30), "한파": weeks(8)})
    read: list[str] = []
    rows = Results.rows

    def noted(self: Results, files: Iterable[FileStatus], columns: Columns) -> pl.LazyFrame:
        files = list(files)
        read.extend(file.address for file in files if "_counts/" in file.address)
        return rows(self, files, columns)

    with client(root) as web:
        web.get("/api/query?q=날씨")
        monkeypatch.setattr(Results, "rows", noted)
        told = web.get("/api/query?q=한파").json()

    assert told["hours"][-1]["searchers"] == 8
    assert read == []


def test_a_query_is_shown_as_it_was_typed_on_the_last_day_with_enough_people(
    root: SmallRoot,
) -> None:
    # Four people on the newest day: how they typed it is nobody's business.
    root.put_hours({"날씨": {NOON - 24 * HOUR: 30, NOON: 4}})

    with client(root) as web:
        told = web.get("/api/query?q=날씨").json()
        few = web.get("/api/query?q=아무도")

    assert told["hours"][-1]["searchers"] is None
    assert told["hours"][-25]["searchers"] == 30
    assert few.status_code == 404
