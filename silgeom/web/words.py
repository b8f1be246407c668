"""Keywords of some days, and the board of keywords: the newest of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from pipeline import columns
from silgeom.web.categories import NO_CATEGORIES, Categories, in_category
from silgeom.web.habits import patterns_of_keywords
from silgeom.web.limits import MAX_ROWS, MIN_SEARCHERS
from silgeom.web.lists import Lists, no_lists
from silgeom.web.reading import Results
from silgeom.web.spreadsheets import csv_of

Row = Mapping[str, Any]

_BOARD: Final = ("rank", "surface", "searchers", "expected_searchers", "score", "is_surprise")


@dataclass(frozen=True)
class Words:
    """What is shown of `keywords` and of `trending_words`.

    Attributes:
        day: the last day of the keywords; None: they were not made yet.
        keywords: by rank, of most people first, with `category`.
        board: the newest board of keywords, by rank, with `category`.
        patterns: when keywords are searched, by keyword; of those of which it is told.
    """

    day: str | None
    keywords: Lists = field(default_factory=lambda: no_lists("list"))
    board: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"category": pl.String})
    )
    patterns: Mapping[str, Row] = field(default_factory=dict)

    def first(self, limit: int = MAX_ROWS, category: str = "") -> Sequence[Row]:
        """The keywords of most people; of one category, or (empty) of any."""
        return self.keywords.first("keywords", limit, category)

    def trending(self, limit: int = MAX_ROWS, category: str = "") -> Sequence[Row]:
        """The board of keywords, likewise; each keeps its rank."""
        return in_category(self.board, category).head(limit).to_dicts()


def words_as_csv(results: Results, categories: Categories, day: str, category: str = "") -> str:
    """All keywords of these days as a table, with their pattern; they are read anew."""
    found = in_category(categories.told(_keywords(results, day).collect(), "keyword"), category)
    patterns = patterns_of_keywords(results, found["keyword"].to_list())
    told = [patterns.get(keyword, {}) for keyword in found["keyword"]]
    columns_of_pattern = [
        pl.Series(name, [row.get(name) for row in told], dtype=pl.String)
        for name in ("pattern", "words")
    ]
    return csv_of(found.with_columns(columns_of_pattern))


def board_as_csv(words: Words, category: str = "") -> str:
    """The newest board of keywords as a table."""
    return csv_of(in_category(words.board, category))


def words_of(results: Results, categories: Categories = NO_CATEGORIES) -> Words:
    """The newest keywords of a root. A keyword has the category of the query that it is."""
    day = results.newest("keywords")
    if day is None:
        return Words(None)
    found = _keywords(results, day).collect()
    keywords = Lists.of(
        categories.told(found, "keyword").with_columns(list=pl.lit("keywords")), "list"
    )
    patterns = patterns_of_keywords(results, keywords.shown["keyword"].to_list())
    return Words(day, keywords, categories.told(_board(results)).drop("query"), patterns)


def _keywords(results: Results, day: str) -> pl.LazyFrame:
    rows = results.of_days("keywords", [day], columns.KEYWORDS).drop("dt")
    return rows.filter(pl.col("searchers") >= MIN_SEARCHERS).sort("rank")


def _board(results: Results) -> pl.DataFrame:
    for day in reversed(results.days("trending_words")):
        rows = results.of_days("trending_words", [day], columns.TRENDING_WORDS).collect()
        if len(rows):
            newest = rows.filter(pl.col("window_end") == pl.col("window_end").max())
            shown = newest.filter(pl.col("searchers") >= MIN_SEARCHERS).sort("rank")
            return shown.select("query", *_BOARD)
    return pl.DataFrame(schema={name: columns.TRENDING_WORDS[name] for name in ("query", *_BOARD)})
