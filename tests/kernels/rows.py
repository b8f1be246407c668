"""Rows with every field but the one under test already filled in, as Polars tables."""

from datetime import UTC, datetime
from typing import Any

import polars as pl

from pipeline.language.queries import ids

Search = dict[str, Any]


class Row(dict[str, Any]):
    """A row whose columns are attributes too."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return self[name]


def rows_of(frame: pl.DataFrame) -> list[Row]:
    return [Row(row) for row in frame.to_dicts()]


def id_of(text: str) -> int:
    return int(ids(pl.Series("text", [text]))[0])


def at(text: str) -> datetime:
    """An ISO 8601 time; UTC unless it says otherwise."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def search(query: str, *, user: int = 1, at_: str = "2026-03-02T03:00:00", **more: Any) -> Search:  # noqa: ANN401
    return {"query": query, "user_id": user, "searched_at": at(at_), **more}


def searches(*rows: Search) -> pl.DataFrame:
    """`SEARCHES`; query_id follows from query, the rest has defaults."""
    filled = [
        {
            "surface": row["query"],
            "clicked_url": None,
            "clicked_rank": None,
            "source": "file:///log.tsv",
            "result_count": None,
            "click_seconds": None,
            "device": None,
            "is_click": None,
            **row,
        }
        for row in rows
    ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "searched_at": pl.Datetime("us", "UTC"),
        "user_id": pl.Int64,
        "query": pl.String,
        "surface": pl.String,
        "clicked_url": pl.String,
        "clicked_rank": pl.Int32,
        "source": pl.String,
        "result_count": pl.Int64,
        "click_seconds": pl.Float64,
        "device": pl.String,
        "is_click": pl.Boolean,
    }
    frame = pl.DataFrame(filled, schema=schema)
    return frame.with_columns(ids(frame["query"]).alias("query_id"))
