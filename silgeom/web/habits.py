"""Search patterns and changes of the week: the newest of each, in lists, and of one query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from pipeline import columns
from silgeom.web.limits import MAX_ROWS, MIN_SEARCHERS
from silgeom.web.reading import Results

#: The lists of changes, and of classes, in the order of the page.
CHANGES: Final = ("new", "rising", "falling", "lost", "back", "over")
CLASSES: Final = (
    *("daily", "weekdays", "weekends", "weekly", "monthly", "yearly", "growing", "fading"),
    *("burst", "bursts", "irregular", "steady"),
)

Row = Mapping[str, Any]

#: Curves have a page of their own: they are left out of lists.
_PATTERNS: Final = {
    name: kind
    for name, kind in columns.PATTERNS.items()
    if name not in {"by_hour", "by_weekday", "profile"}
}


@dataclass(frozen=True)
class Habits:
    """What is shown of `patterns` and `changes`.

    Attributes:
        day: as of which both were made; None: they were not yet.
        classes: by class the queries that most people typed, `MAX_ROWS` at most.
        changes: by kind of change, the largest first, `MAX_ROWS` at most.
        sizes: how many rows there are in each of the lists.
        keyword_classes: as `classes`, of keywords; of what has none, no list.
        keyword_sizes: as `sizes`, of these.
    """

    day: str | None
    classes: Mapping[str, Sequence[Row]]
    changes: Mapping[str, Sequence[Row]]
    sizes: Mapping[str, int]
    keyword_classes: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    keyword_sizes: Mapping[str, int] = field(default_factory=dict)


def habits_of(results: Results) -> Habits:
    """The newest patterns and changes of a root."""
    day = results.newest("patterns")
    if day is None:
        return Habits(None, {}, {}, {})
    patterns = _shown(results, "patterns", day).collect()
    changes = results.of_days("changes", [day], columns.CHANGES).drop("dt")
    people = pl.max_horizontal("searchers", "searchers_before")
    changed = (
        changes.filter(people >= MIN_SEARCHERS)
        .sort("rank")
        .with_columns(_floored("searchers"), _floored("searchers_before"))
    )
    kinds = changed.collect()
    of_class = {name: patterns.filter(pl.col("pattern") == name) for name in CLASSES}
    of_keywords = _of_keywords(results)
    of_change = {name: kinds.filter(pl.col("change") == name) for name in CHANGES}
    return Habits(
        day,
        {name: rows.head(MAX_ROWS).to_dicts() for name, rows in of_class.items()},
        {name: rows.head(MAX_ROWS).to_dicts() for name, rows in of_change.items()},
        {name: len(rows) for name, rows in (*of_class.items(), *of_change.items())},
        {name: rows.head(MAX_ROWS).to_dicts() for name, rows in of_keywords.items()},
        {name: len(rows) for name, rows in of_keywords.items()},
    )


def _of_keywords(results: Results) -> Mapping[str, pl.DataFrame]:
    day = results.newest("keyword_patterns")
    if day is None:
        return {}
    rows = _shown(results, "keyword_patterns", day).collect()
    return {name: rows.filter(pl.col("pattern") == name) for name in CLASSES}


def patterns_of_keywords(results: Results, keywords: Sequence[str]) -> Mapping[str, Row]:
    """The newest patterns of some keywords, by keyword; of those that have one."""
    day = results.newest("keyword_patterns")
    if day is None:
        return {}
    # A keyword is told in its commonest spelling.
    unspaced = pl.col("query").str.replace_all(" ", "", literal=True)
    plain = {keyword.replace(" ", ""): keyword for keyword in reversed(keywords)}
    rows = _shown(results, "keyword_patterns", day).filter(unspaced.is_in(list(plain)))
    return {plain[row["query"].replace(" ", "")]: row for row in rows.collect().to_dicts()}


def pattern_of(results: Results, query: str) -> Row | None:
    """The newest pattern of a normalised query; None: there is none to tell."""
    day = results.newest("patterns")
    if day is None:
        return None
    # Spellings are one, in the form that most people typed.
    unspaced = pl.col("query").str.replace_all(" ", "", literal=True)
    is_asked = unspaced == query.replace(" ", "")
    found = _shown(results, "patterns", day).filter(is_asked).head(1).collect().to_dicts()
    return found[0] if found else None


def _shown(results: Results, dataset: str, day: str) -> pl.LazyFrame:
    rows = results.of_days(dataset, [day], _PATTERNS).drop("dt")
    is_shown = (pl.col("searchers") >= MIN_SEARCHERS) & pl.col("pattern").is_in(CLASSES)
    return rows.filter(is_shown).sort("searchers", "query", descending=[True, False])


def _floored(column: str) -> pl.Expr:
    people = pl.col(column)
    return pl.when((people == 0) | (people >= MIN_SEARCHERS)).then(people).alias(column)
