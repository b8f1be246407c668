"""Small roots for the server: what jobs would have written, row by row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from starlette.testclient import TestClient

from pipeline import columns, schemas
from pipeline.carriers.session import in_process
from pipeline.columns import Columns
from pipeline.store.migrations import LAYOUT
from pipeline.store.state import State
from silgeom.hangul import choseong, keystrokes
from silgeom.profiles import Profiles
from silgeom.text import normalized_query
from silgeom.web.access import Access
from silgeom.web.app import create_app
from silgeom.web.reading import Results

#: 2026-03-02 12:00 in Seoul.
NOON = datetime(2026, 3, 2, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)

#: What a browser sends with its first request.
BROWSER = {"accept": "text/html,application/xhtml+xml", "accept-language": "en"}


class SmallRoot:
    """A root in a folder; each `put` is a change of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run = 0
        self._changed()

    def _changed(self) -> None:
        self._run += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        state = State(layout=LAYOUT, run=self._run)
        fresh = self.folder / ".state"
        fresh.write_text(state.to_json(), "utf-8")
        fresh.replace(self.folder / "_state.json")

    def put(
        self,
        place: str,
        rows: Sequence[Mapping[str, Any]],
        schema: Columns,
        *less: str,
        notes: Mapping[str, str] | None = None,
    ) -> Path:
        """Replace the rows of a partition; of an old version that knew some columns less."""
        file = self.folder / place / "part-00000.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        table = pl.DataFrame(list(rows), schema=dict(schema), orient="row").drop(less)
        fresh = file.with_suffix(".new")
        table.write_parquet(fresh, metadata=dict(notes or {}))
        fresh.replace(file)
        self._changed()
        return file

    def put_board(self, at: datetime, *rows: Mapping[str, Any], dataset: str = "live") -> Path:
        """The board of one moment alone."""
        return self.put_boards({at: rows}, dataset=dataset)

    def put_boards(
        self,
        boards: Mapping[datetime, Iterable[Mapping[str, Any]]],
        *,
        dataset: str = "live",
    ) -> Path:
        """All boards of one day of Seoul."""
        local = max(boards) + 9 * HOUR
        place = f"{dataset}/dt={local:%Y-%m-%d}"
        place += f"/hour={local:%H}" if dataset == "trending" else ""
        told = [
            board_row(at, rank, **row)
            for at, rows in boards.items()
            for rank, row in enumerate(rows, 1)
        ]
        return self.put(place, told, columns.TRENDING)

    def put_hours(self, counts: Mapping[str, Mapping[datetime, int]]) -> None:
        """Hourly and daily counts of queries, each by the start of an hour in UTC."""
        hourly: dict[str, list[dict[str, Any]]] = {}
        daily: dict[tuple[str, str], int] = {}
        for query, hours in counts.items():
            for hour, searchers in hours.items():
                day = f"{hour + 9 * HOUR:%Y-%m-%d}"
                row = {"hour": hour, "query_id": id_of(query), "searchers": searchers}
                hourly.setdefault(day, []).append({**row, "also_searched": searchers})
                daily[day, query] = daily.get((day, query), 0) + searchers
        for day, rows in hourly.items():
            self.put(f"hourly_counts/dt={day}", rows, columns.HOURLY_COUNTS)
            of_day = [
                {
                    **{"query_id": id_of(query), "query": query, "surface": query},
                    **{"searchers": searchers, "searches": searchers},
                }
                for (each, query), searchers in daily.items()
                if each == day
            ]
            self.put(f"daily_counts/dt={day}", of_day, columns.DAILY_COUNTS)

    def put_completions(self, searchers: Mapping[str, int]) -> None:
        """Completions of texts, each with its people."""
        rows = [
            {
                **{"key_kind": kind, "prefix": keys[:length], "rank": rank, "completion": text},
                **{"searchers": people, "weight": float(people)},
            }
            for rank, (text, people) in enumerate(searchers.items(), 1)
            for kind, keys in (
                ("keystrokes", keystrokes(normalized_query(text))),
                ("choseong", choseong(normalized_query(text))),
            )
            for length in range(1, len(keys) + 1)
        ]
        self.put("autocomplete/dt=2026-03-02", rows, columns.AUTOCOMPLETE)

    def put_related(self, *rows: tuple[str, str, str], searchers: int = 9) -> None:
        """Query, kind and related query."""
        told = [
            {
                **{"query": query, "kind": kind, "rank": rank, "related_query": other},
                **{"related_surface": other, "score": 0.5, "significance": 9.0},
                **{"sessions": 9, "searchers": searchers, "next_probability": 0.4},
            }
            for rank, (query, kind, other) in enumerate(rows, 1)
        ]
        self.put("related/dt=2026-03-02", told, columns.RELATED)

    def put_volumes(
        self, searchers: Mapping[str, int], devices: Mapping[str, int] | None = None
    ) -> None:
        """Volumes of keywords: people of the month, half of them in the last week; by device."""
        on_devices = {
            "devices": None if devices is None else list(devices),
            "device_searchers": None if devices is None else list(devices.values()),
            "device_searches": None if devices is None else [2 * n for n in devices.values()],
        }
        told = [
            {
                **{"query": normalized_query(text), "surface": text, "searchers": people},
                **{"searches": 2 * people, "growth": None, **on_devices},
                "weekly_searchers": [None] * 11 + [people // 2],
            }
            for text, people in searchers.items()
        ]
        self.put("keyword_tool/dt=2026-03-02", told, columns.KEYWORD_TOOL)

    def put_analytics(
        self,
        *rows: Mapping[str, Any],
        clicks: str = "some",
        more: str = "every",
        keywords: Sequence[str] = (),
    ) -> None:
        """What became of the searches for queries, and for keywords, and the same of the whole.

        Args:
            rows: what is not as in `analytics_row`, one each for a query.
            clicks: which searches of the log have a click.
            more: of which it tells results, and times of clicks.
            keywords: of which there are rows, too.
        """
        told = [analytics_row(rank, **row) for rank, row in enumerate(rows, 1)]
        self.put("query_analytics/dt=2026-03-02", told, columns.QUERY_ANALYTICS)
        of_keywords = [analytics_row(rank, query) for rank, query in enumerate(keywords, 1)]
        if keywords:
            self.put("keyword_analytics/dt=2026-03-02", of_keywords, columns.KEYWORD_ANALYTICS)
        whole = {name: analytics_row(1).get(name) for name in columns.SEARCH_QUALITY}
        of_day = {**whole, "queries": 9, "people": 700, "clicks_in_log": clicks}
        of_day |= {"results_in_log": more, "times_in_log": more}
        quality = [
            {**of_day, "day": "2026-03-01", "band": "all"},
            {**of_day, "day": "2026-03-02", "band": "all", "searches": 4},
            {**of_day, "day": None, "band": "all", "people": 1_234},
            {**of_day, "day": None, "band": "tail"},
        ]
        self.put("search_quality/dt=2026-03-02", quality, columns.SEARCH_QUALITY)

    def put_reformulations(self, *rows: tuple[str, int, str, int]) -> None:
        """Query, rank, what it was reformulated into, and by how many people."""
        told = [
            {
                **{"query": query, "rank": rank, "into_query": into, "into_surface": into},
                **{"people": people, "searches": people, "share": 0.1},
            }
            for query, rank, into, people in rows
        ]
        self.put("reformulations/dt=2026-03-02", told, columns.REFORMULATIONS)

    def put_ledger(self, *rows: Mapping[str, Any]) -> None:
        """Files of the landing folder."""
        empty = {name: None for name in schemas.LEDGER.names}
        counts = dict.fromkeys(("lines", "accepted", "duplicates", "rejected", "withheld"), 0)
        told = [
            {**empty, **counts, "rejected_by_reason": [], "withheld_by_reason": [], **row}
            for row in rows
        ]
        file = self.folder / "ledger" / "part-00000.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(told, schemas.LEDGER), file)
        self._changed()


def board_row(at: datetime, rank: int, query: str = "날씨", **values: Any) -> dict[str, Any]:  # noqa: ANN401
    """A row of a board; what is not said is as of a plain surprise."""
    row = {
        **{"window_end": at, "rank": rank, "query": normalized_query(query), "surface": query},
        **{"previous_rank": None, "movement": "NEW", "searchers": 30, "expected_searchers": 4.0},
        **{"score": 8.0, "is_surprise": True, "variants": [], "season_searchers": 4.0},
        **{"recent_searchers": 1.0, "believed_searchers": 30.0, "surprise_score": 4.2},
    }
    return {**row, **values}


def analytics_row(rank: int, query: str = "날씨", **values: Any) -> dict[str, Any]:  # noqa: ANN401
    """A row of query_analytics; what is not said is as of 100 people of whom half click."""
    row = {
        **{"rank": rank, "query": normalized_query(query), "surface": query, "band": "head"},
        **{"people": 100, "searches": 120, "people_lost": 3.25},
        **{"click_through": 0.5, "click_through_low": 0.4, "click_through_high": 0.6},
        **{"clicks_per_search": 0.55, "mean_rank": 2.5, "first_rank": 2.25, "clickers": 50},
        **{"exit_rate": 0.4, "exit_rate_low": 0.31, "exit_rate_high": 0.5, "leavers": 45},
        **{"reformulation_rate": 0.125, "reformulation_rate_low": 0.07},
        **{"reformulation_rate_high": 0.2, "reformulators": 14},
        **{"zero_result_rate": 0.25, "zero_result_rate_low": 0.17, "zero_result_rate_high": 0.35},
        **{"people_without_results": 26, "results_people": 100, "zero_result_rank": rank},
        **{"seconds_to_click": 7.5, "timed_people": 50},
    }
    return {**row, **values}


def id_of(query: str) -> int:
    """An id that tells queries of a test apart."""
    return int.from_bytes(query.encode("utf-8", "surrogatepass")[-7:], "big")


def results(root: SmallRoot | Path) -> Results:
    """What the server reads of a root."""
    folder = root.folder if isinstance(root, SmallRoot) else root
    return Results(in_process(workers=1), str(folder))


@contextmanager
def client(
    root: SmallRoot | Path, access: Access | None = None, profiles: Profiles | None = None
) -> Iterator[TestClient]:
    """A client of a server of this root, in one process; it raises no error of the server."""
    with TemporaryDirectory() as index:
        app = create_app(results(root), access or Access(), Path(index), profiles)
        with TestClient(
            app, base_url="http://localhost", raise_server_exceptions=False, follow_redirects=False
        ) as found:
            assert found.portal is not None
            found.portal.call(app.state.server.follower.has_looked.wait)
            yield found
