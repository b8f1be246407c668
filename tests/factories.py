"""Rows with every field but the one under test already filled in."""

from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.schemas import SEARCHES

Search = dict[str, Any]


def at(text: str) -> datetime:
    """An ISO 8601 time; UTC unless it says otherwise."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def search(query: str, *, user: int = 1, at_: str = "2026-03-02T03:00:00", **more: Any) -> Search:  # noqa: ANN401
    return {"query": query, "user_id": user, "searched_at": at(at_), **more}


def searches(spark: SparkSession, *rows: Search) -> DataFrame:
    """A `SEARCHES` DataFrame; query_id follows from query, the rest has defaults."""
    filled = [
        {
            "surface": row["query"],
            "clicked_url": None,
            "clicked_rank": None,
            "source": "file:///log.tsv",
            **row,
            "query_id": 0,
        }
        for row in rows
    ]
    ordered = [tuple(row[name] for name in SEARCHES.names) for row in filled]
    frame = spark.createDataFrame(ordered, SEARCHES)
    return frame.withColumn("query_id", F.xxhash64("query")).select(*SEARCHES.names)
