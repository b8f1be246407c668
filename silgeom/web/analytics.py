"""How searches end, as the newest results under a root tell it: for a page, JSON and a table.

The results hold a floor of people of their own, which may be lower than the server's: what fewer
than `MIN_SEARCHERS` people did, or did not do, is withheld here again.
"""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipeline.columns import (
    KEYWORD_ANALYTICS,
    QUERY_ANALYTICS,
    REFORMULATIONS,
    SEARCH_QUALITY,
)
from silgeom.web.categories import NO_CATEGORIES, Categories, in_category
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.reading import Results
from silgeom.web.spreadsheets import csv_of

BANDS: Final = ("head", "torso", "tail")

#: What rates are told of: all queries, or the keywords in them.
QUERIES, KEYWORDS = "queries", "keywords"
#: What else there is a table of.
WHOLE, REFORMULATED = "whole", "reformulations"

_OF_CLICKERS: Final = (
    *("clicks_per_search", "mean_rank", "first_rank", "seconds_to_click", "timed_people"),
)
#: Rate -> of which people, those who did it, and what else would tell of them.
_TOLD_BY: Final = {
    "click_through": (pl.col("people"), "clickers", _OF_CLICKERS),
    "exit_rate": (pl.col("people"), "leavers", ()),
    "reformulation_rate": (pl.col("people"), "reformulators", ()),
    "zero_result_rate": (
        pl.coalesce("results_people", "people"),
        "people_without_results",
        ("results_people",),
    ),
}
#: Reformulations of a query that are shown beside it.
_INTO: Final = 3


@dataclass(frozen=True)
class Analytics:
    """The newest results of `analytics`.

    Attributes:
        day: the day as of whose end they are (YYYY-MM-DD).
        in_log: of which searches the log has `clicks`, `results` and `times` of clicks: none, some
            or every; None: not known.
        quality: `SEARCH_QUALITY`: all days, their bands, then the days, the newest first.
        queries: `QUERY_ANALYTICS`, by rank, with `category`.
        keywords: `KEYWORD_ANALYTICS`, likewise; none: keywords were not counted.
        into: `REFORMULATIONS`, with `category`: that of the query.
    """

    day: str
    in_log: dict[str, str | None]
    quality: tuple[dict[str, Any], ...]
    queries: pl.DataFrame
    keywords: pl.DataFrame
    into: pl.DataFrame

    def rows(self, of: str = QUERIES, band: str | None = None, category: str = "") -> pl.DataFrame:
        """The rows of queries or of keywords, by rank.

        Args:
            of: queries or keywords.
            band: of this one alone; None: of all.
            category: of this one alone; empty: of any.
        """
        every = in_category(self.keywords if of == KEYWORDS else self.queries, category)
        return every if band is None else every.filter(pl.col("band") == band)

    def first(
        self, limit: int, band: str | None = None, of: str = QUERIES, category: str = ""
    ) -> list[dict[str, Any]]:
        """What is most worth mending, each query with its reformulations (`into`).

        Args:
            limit: so many at most.
            band: of this one alone; None: of all.
            of: queries or keywords.
            category: of this one alone; empty: of any.
        """
        shown = self.rows(of, band, category).head(limit)
        if of == KEYWORDS:
            return shown.to_dicts()
        into: dict[str, list[dict[str, Any]]] = {}
        of_shown = self.into.join(shown.select("query"), on="query", how="semi").sort("rank")
        for row in of_shown.filter(pl.col("rank") <= _INTO).to_dicts():
            told = {"query": row["into_query"], "surface": row["into_surface"]}
            into.setdefault(row["query"], []).append({**told, "people": row["people"]})
        return [{**row, "into": into.get(row["query"], [])} for row in shown.to_dicts()]

    def not_found(
        self, limit: int, band: str | None = None, of: str = QUERIES, category: str = ""
    ) -> list[dict[str, Any]]:
        """Those that found nothing, those first of which most people found nothing."""
        rows = self.rows(of, band, category).filter(pl.col("people_without_results") > 0)
        return rows.drop_nulls("zero_result_rank").sort("zero_result_rank").head(limit).to_dicts()

    def as_json(
        self, limit: int, band: str | None = None, of: str = QUERIES, category: str = ""
    ) -> dict[str, Any]:
        """What `/api/analytics` answers; `quality` is of all categories."""
        return {
            "day": self.day,
            **{f"{what}_in_log": told for what, told in self.in_log.items()},
            "quality": list(self.quality),
            of: self.first(limit, band, of, category),
            "without_results": self.not_found(limit, band, of, category),
        }

    def as_csv(self, of: str = QUERIES, category: str = "") -> str:
        """All rows as comma-separated values, of which no cell is a formula.

        Args:
            of: queries, keywords, reformulations, or the whole: its bands and days, which are of
                all categories.
            category: of this one alone; empty: of any.
        """
        if of == WHOLE:
            return csv_of(pl.DataFrame(list(self.quality), infer_schema_length=None))
        if of == REFORMULATED:
            return csv_of(in_category(self.into.sort("query", "rank"), category))
        return csv_of(self.rows(of, category=category))


def analytics_of(results: Results, categories: Categories = NO_CATEGORIES) -> Analytics | None:
    """What the newest results tell; None: there are none."""
    day = results.newest("query_analytics")
    if day is None:
        return None
    rows = {
        dataset: results.rows(results.files(f"{dataset}/dt={day}"), columns).collect()
        for dataset, columns in (
            ("query_analytics", QUERY_ANALYTICS),
            ("keyword_analytics", KEYWORD_ANALYTICS),
            ("search_quality", SEARCH_QUALITY),
            ("reformulations", REFORMULATIONS),
        )
    }
    enough = pl.col("people") >= MIN_SEARCHERS
    quality = _withheld(rows["search_quality"].filter(enough)).sort(
        "day", descending=True, nulls_last=False, maintain_order=True
    )
    in_log = {what: f"{what}_in_log" for what in ("clicks", "results", "times")}
    return Analytics(
        day=day,
        in_log={what: next(iter(quality[name]), None) for what, name in in_log.items()},
        quality=tuple(quality.drop(in_log.values()).to_dicts()),
        queries=categories.told(_withheld(rows["query_analytics"].filter(enough)).sort("rank")),
        keywords=categories.told(_withheld(rows["keyword_analytics"].filter(enough)).sort("rank")),
        into=categories.told(rows["reformulations"].filter(enough)),
    )


def _withheld(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without the figures that would tell of few people."""
    for rate, (people, doers, others) in _TOLD_BY.items():
        did, did_not = pl.col(doers), people - pl.col(doers)
        few = ((did > 0) & (did < MIN_SEARCHERS)) | ((did_not < MIN_SEARCHERS) & (pl.col(rate) < 1))
        names = [rate, f"{rate}_low", f"{rate}_high", doers, *others]
        names += ["people_lost"] if rate == "exit_rate" and "people_lost" in rows.columns else []
        rows = rows.with_columns(
            pl.when(~few.fill_null(value=False)).then(name).alias(name) for name in names
        )
    few_times = (pl.col("timed_people") < MIN_SEARCHERS).fill_null(value=False)
    return rows.with_columns(
        pl.when(~few_times).then(name).alias(name) for name in ("seconds_to_click", "timed_people")
    )
