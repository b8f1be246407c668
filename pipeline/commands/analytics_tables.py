"""What the summary of `analytics` shows of its results."""

from typing import Final

import polars as pl

from pipeline.columns import SEARCH_QUALITY
from pipeline.results.query_analytics import EVERY, NONE
from pipeline.runs.published import Published
from pipeline.store.tables import scanned

_RATES: Final = ("click_through", "mean_rank", "exit_rate", "reformulation_rate")
_QUALITY: Final = ["day", "band", "queries", "people", "searches", *_RATES]
_QUERIES: Final = ["surface", "band", "people", "searches", "people_lost", "leavers", *_RATES]
_INTO: Final = ["query", "into_surface", "people", "share"]

#: By `clicks_in_log`.
_CANNOT_BE_TOLD: Final = {
    NONE: "none in the log: click-through, ranks and exits cannot be told, since nothing says that "
    "somebody found what was searched for; reformulations count whatever was clicked",
    EVERY: "each search in the log has one, since it has a line a click: click-through, exits and "
    "reformulations cannot be told; ranks can",
}


def what_cannot_be_told(quality: Published) -> str | None:
    """A sentence on a log that does not tell of clicks, or of nothing else; None: it tells both."""
    where = (quality.root.storage, quality.root.address, quality.dataset, [quality.partition])
    rows = scanned(*where, SEARCH_QUALITY).select("clicks_in_log").head(1).collect()
    return _CANNOT_BE_TOLD.get(rows.item()) if len(rows) else None


def whole_then_days(rows: pl.DataFrame) -> pl.DataFrame:
    """All days and their bands, then the days, the newest first."""
    return rows.sort("day", descending=True, nulls_last=False, maintain_order=True).select(_QUALITY)


def most_worth_mending(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("rank").select(_QUERIES)


def commonest_reformulations(rows: pl.DataFrame) -> pl.DataFrame:
    order = ["people", "query", "rank"]
    return rows.sort(order, descending=[True, False, False]).select(_INTO)
