"""The columns of the datasets as Polars has them; what they mean stands in `pipeline.schemas`."""

from collections.abc import Mapping
from typing import Final

import polars as pl

Columns = Mapping[str, pl.DataType]

_MOMENT: Final = pl.Datetime("us", "UTC")
_PEOPLE: Final = pl.List(pl.Int64())

SEARCHES: Final[Columns] = {
    "searched_at": _MOMENT,
    "user_id": pl.Int64(),
    "query_id": pl.Int64(),
    "query": pl.String(),
    "surface": pl.String(),
    "clicked_url": pl.String(),
    "clicked_rank": pl.Int32(),
    "source": pl.String(),
}

REJECTS: Final[Columns] = {
    "source": pl.String(),
    "line": pl.Int64(),
    "reason": pl.String(),
    "text": pl.String(),
    "search": pl.Struct(SEARCHES),
}

HOURLY_COUNTS: Final[Columns] = {
    "hour": _MOMENT,
    "query_id": pl.Int64(),
    "searchers": pl.Int64(),
    "also_searched": pl.Int64(),
}

DAILY_COUNTS: Final[Columns] = {
    "query_id": pl.Int64(),
    "query": pl.String(),
    "surface": pl.String(),
    "searchers": pl.Int64(),
    "searchers_sketch": _PEOPLE,
    "searches": pl.Int64(),
    "variant_id": pl.Int64(),
    "ending_ids": _PEOPLE,
}

DAILY_PAIRS: Final[Columns] = {
    "first_id": pl.Int64(),
    "second_id": pl.Int64(),
    "sessions": pl.Int64(),
    "opened": pl.Int64(),
    "searchers_sketch": _PEOPLE,
    "seconds_between": pl.Float64(),
    "soon": pl.Int64(),
}

TRENDING: Final[Columns] = {
    "window_end": _MOMENT,
    "rank": pl.Int32(),
    "query": pl.String(),
    "surface": pl.String(),
    "previous_rank": pl.Int32(),
    "movement": pl.String(),
    "searchers": pl.Int64(),
    "expected_searchers": pl.Float64(),
    "score": pl.Float64(),
    "variants": pl.List(pl.String()),
}

RELATED: Final[Columns] = {
    "query": pl.String(),
    "kind": pl.String(),
    "rank": pl.Int32(),
    "related_query": pl.String(),
    "related_surface": pl.String(),
    "score": pl.Float64(),
    "significance": pl.Float64(),
    "sessions": pl.Int64(),
    "searchers": pl.Int64(),
    "next_probability": pl.Float64(),
}

AUTOCOMPLETE: Final[Columns] = {
    "key_kind": pl.String(),
    "prefix": pl.String(),
    "rank": pl.Int32(),
    "completion": pl.String(),
    "searchers": pl.Int64(),
    "weight": pl.Float64(),
}
