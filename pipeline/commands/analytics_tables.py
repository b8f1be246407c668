"""What the summary of `analytics` shows of its results."""

from typing import Final

import polars as pl

from pipeline.columns import QUERY_ANALYTICS, SEARCH_QUALITY, Columns
from pipeline.commands import cli
from pipeline.results.query_analytics import EVERY, NONE
from pipeline.runs.published import Published
from pipeline.store.tables import scanned
from silgeom.tables import table

_RATES: Final = ("click_through", "mean_rank", "exit_rate", "reformulation_rate")
_LATER: Final = ("zero_result_rate", "seconds_to_click")
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
_WITHOUT: Final = ["surface", "people", "people_without_results", "zero_result_rate"]


def report_nothing_found_and_nothing_told(queries: Published, quality: Published) -> None:
    """What is said below the tables of a run."""
    _report_nothing_found(queries)
    _report_nothing_told(quality)


def _report_nothing_found(queries: Published) -> None:
    """A table of the queries that found nothing, those first of which most people found nothing."""
    every = _rows(queries, QUERY_ANALYTICS).drop_nulls("zero_result_rank")
    rows = every.sort("zero_result_rank").select(_WITHOUT)
    if len(rows):
        cli.say(f"Nothing   was found for {len(rows):,} of these queries, here or there")
        cli.say("\n" + table(rows.columns, rows.head(cli.SHOWN).rows()))


def _report_nothing_told(quality: Published) -> None:
    """A sentence each on what the log does not tell of."""
    rows = _rows(quality, SEARCH_QUALITY)
    if not len(rows):
        return
    first = rows.row(0, named=True)
    if (clicks := first["clicks_in_log"]) in _CANNOT_BE_TOLD:
        cli.say(f"Clicks    {_CANNOT_BE_TOLD[clicks]}")
    lacking = [
        text
        for text, is_lacking in (
            ("how many results a search had", first["results_in_log"] == NONE),
            ("when a click was", first["times_in_log"] == NONE and clicks != NONE),
        )
        if is_lacking
    ]
    if lacking:
        cli.say(f"Missing   the log does not say {' or '.join(lacking)} (docs/formats.md)")


def _rows(published: Published, columns: Columns) -> pl.DataFrame:
    root = published.root
    where = (root.storage, root.address, published.dataset, [published.partition])
    return scanned(*where, columns).drop("dt").collect()


def whole_then_days(rows: pl.DataFrame) -> pl.DataFrame:
    """All days and their bands, then the days, the newest first."""
    ordered = rows.sort("day", descending=True, nulls_last=False, maintain_order=True)
    return ordered.select(*_QUALITY, *_known(rows))


def most_worth_mending(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("rank").select(*_QUERIES, *_known(rows))


def _known(rows: pl.DataFrame) -> list[str]:
    """Figures that few logs tell of: a summary of others does without their columns."""
    return [name for name in _LATER if rows[name].null_count() < len(rows)]


def commonest_reformulations(rows: pl.DataFrame) -> pl.DataFrame:
    order = ["people", "query", "rank"]
    return rows.sort(order, descending=[True, False, False]).select(_INTO)
