"""How searches end, as the newest results under a root tell it: for a page, JSON and a table.

The results hold a floor of people of their own, which may be lower than the server's: what fewer
than `MIN_SEARCHERS` people did, or did not do, is withheld here again.
"""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipeline.columns import QUERY_ANALYTICS, REFORMULATIONS, SEARCH_QUALITY
from silgeom.commands import printable
from silgeom.tables import spreadsheet_cell
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.reading import Results

BANDS: Final = ("head", "torso", "tail")

#: Of a table for spreadsheets: without it some take UTF-8 for something else.
_MARK: Final = "\ufeff"

#: Rate -> the people who did it, and what else would tell of them.
_TOLD_BY: Final = {
    "click_through": ("clickers", ("clicks_per_search", "mean_rank", "first_rank")),
    "exit_rate": ("leavers", ()),
    "reformulation_rate": ("reformulators", ()),
}
#: Reformulations of a query that are shown beside it.
_INTO: Final = 3


@dataclass(frozen=True)
class Analytics:
    """The newest results of `analytics`.

    Attributes:
        day: the day as of whose end they are (YYYY-MM-DD).
        clicks_in_log: none, some or every; None: not known.
        quality: `SEARCH_QUALITY`: all days, their bands, then the days, the newest first.
        queries: `QUERY_ANALYTICS`, by rank.
        into: query -> its reformulations, the commonest first.
    """

    day: str
    clicks_in_log: str | None
    quality: tuple[dict[str, Any], ...]
    queries: pl.DataFrame
    into: pl.DataFrame

    def first(self, limit: int, band: str | None = None) -> list[dict[str, Any]]:
        """The queries that are most worth mending, each with its reformulations (`into`).

        Args:
            limit: so many at most.
            band: of this one alone; None: of all.
        """
        rows = self.queries if band is None else self.queries.filter(pl.col("band") == band)
        shown = rows.head(limit)
        into: dict[str, list[dict[str, Any]]] = {}
        of_shown = self.into.join(shown.select("query"), on="query", how="semi").sort("rank")
        for row in of_shown.filter(pl.col("rank") <= _INTO).to_dicts():
            told = {"query": row["into_query"], "surface": row["into_surface"]}
            into.setdefault(row["query"], []).append({**told, "people": row["people"]})
        return [{**row, "into": into.get(row["query"], [])} for row in shown.to_dicts()]

    def as_json(self, limit: int, band: str | None = None) -> dict[str, Any]:
        """What `/api/analytics` answers."""
        return {
            "day": self.day,
            "clicks_in_log": self.clicks_in_log,
            "quality": list(self.quality),
            "queries": self.first(limit, band),
        }

    def as_csv(self) -> str:
        """All queries as comma-separated values, of which no cell is a formula."""
        texts = [name for name, kind in self.queries.schema.items() if kind == pl.String]
        safe = self.queries.with_columns(_safe(self.queries[name]) for name in texts)
        return _MARK + safe.write_csv()


def analytics_of(results: Results) -> Analytics | None:
    """What the newest results tell; None: there are none."""
    day = results.newest("query_analytics")
    if day is None:
        return None
    rows = {
        dataset: results.rows(results.files(f"{dataset}/dt={day}"), columns).collect()
        for dataset, columns in (
            ("query_analytics", QUERY_ANALYTICS),
            ("search_quality", SEARCH_QUALITY),
            ("reformulations", REFORMULATIONS),
        )
    }
    enough = pl.col("people") >= MIN_SEARCHERS
    quality = _withheld(rows["search_quality"].filter(enough)).sort(
        "day", descending=True, nulls_last=False, maintain_order=True
    )
    return Analytics(
        day=day,
        clicks_in_log=next(iter(quality["clicks_in_log"]), None),
        quality=tuple(quality.drop("clicks_in_log").to_dicts()),
        queries=_withheld(rows["query_analytics"].filter(enough)).sort("rank"),
        into=rows["reformulations"].filter(enough),
    )


def _withheld(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without the figures that would tell of few people."""
    for rate, (doers, others) in _TOLD_BY.items():
        did, did_not = pl.col(doers), pl.col("people") - pl.col(doers)
        few = ((did > 0) & (did < MIN_SEARCHERS)) | ((did_not < MIN_SEARCHERS) & (pl.col(rate) < 1))
        names = [rate, f"{rate}_low", f"{rate}_high", doers, *others]
        names += ["people_lost"] if rate == "exit_rate" and "people_lost" in rows.columns else []
        rows = rows.with_columns(
            pl.when(~few.fill_null(value=False)).then(name).alias(name) for name in names
        )
    return rows


def _safe(texts: pl.Series) -> pl.Series:
    """Texts that no spreadsheet takes for a formula, and that steer no terminal."""
    shown = [None if text is None else spreadsheet_cell(printable(text)) for text in texts]
    return pl.Series(texts.name, shown, dtype=pl.String)
