"""Keywords of some days, and the board of keywords: the newest of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from pipeline import columns
from silgeom.web.habits import patterns_of_keywords
from silgeom.web.limits import MAX_ROWS, MIN_SEARCHERS
from silgeom.web.reading import Results

Row = Mapping[str, Any]

_BOARD: Final = ("rank", "surface", "searchers", "expected_searchers", "score", "is_surprise")


@dataclass(frozen=True)
class Words:
    """What is shown of `keywords` and of `trending_words`.

    Attributes:
        day: the last day of the keywords; None: they were not made yet.
        keywords: those of most people, `MAX_ROWS` at most.
        board: the newest board of keywords, by rank.
        patterns: when keywords are searched, by keyword; of those of which it is told.
    """

    day: str | None
    keywords: Sequence[Row]
    board: Sequence[Row]
    patterns: Mapping[str, Row] = field(default_factory=dict)


def words_of(results: Results) -> Words:
    """The newest keywords of a root."""
    day = results.newest("keywords")
    if day is None:
        return Words(None, (), ())
    rows = results.of_days("keywords", [day], columns.KEYWORDS).drop("dt")
    keywords = rows.filter(pl.col("searchers") >= MIN_SEARCHERS).sort("rank").head(MAX_ROWS)
    shown = keywords.collect()
    patterns = patterns_of_keywords(results, shown["keyword"].to_list())
    return Words(day, shown.to_dicts(), _board(results), patterns)


def _board(results: Results) -> Sequence[Row]:
    for day in reversed(results.days("trending_words")):
        rows = results.of_days("trending_words", [day], columns.TRENDING_WORDS).collect()
        if len(rows):
            newest = rows.filter(pl.col("window_end") == pl.col("window_end").max())
            shown = newest.filter(pl.col("searchers") >= MIN_SEARCHERS).sort("rank")
            return shown.select(*_BOARD).to_dicts()
    return ()
