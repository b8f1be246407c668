"""Search patterns and changes of the week: the newest of each, in lists, and of one query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from pipeline import columns
from silgeom.web.categories import NO_CATEGORIES, Categories, in_category
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.lists import Lists, no_lists
from silgeom.web.reading import Results
from silgeom.web.spreadsheets import csv_of

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
    """What is shown of `patterns` and `changes`, each row with its `category`.

    Attributes:
        day: as of which both were made; None: they were not yet.
        patterns: queries by class, those that most people typed first.
        changes: by kind of change, the largest first.
        keyword_patterns: keywords by class, as `patterns`.
    """

    day: str | None
    patterns: Lists = field(default_factory=lambda: no_lists("pattern"))
    changes: Lists = field(default_factory=lambda: no_lists("change"))
    keyword_patterns: Lists = field(default_factory=lambda: no_lists("pattern"))


def habits_of(results: Results, categories: Categories = NO_CATEGORIES) -> Habits:
    """The newest patterns and changes of a root."""
    day = results.newest("patterns")
    if day is None:
        return Habits(None)
    patterns = _shown(results, "patterns", day).collect()
    changed = _changed(results, day).collect()
    return Habits(
        day,
        Lists.of(categories.told(patterns), "pattern"),
        Lists.of(categories.told(changed), "change"),
        _of_keywords(results, categories),
    )


def _of_keywords(results: Results, categories: Categories) -> Lists:
    day = results.newest("keyword_patterns")
    if day is None:
        return no_lists("pattern")
    rows = _shown(results, "keyword_patterns", day).collect()
    return Lists.of(categories.told(rows), "pattern")


def patterns_as_csv(
    results: Results, categories: Categories, pattern: str, of: str, category: str = ""
) -> str:
    """All queries, or keywords, of a class as a table; they are read anew, since lists are cut.

    Args:
        results: of the root.
        categories: of its queries.
        pattern: one of `CLASSES`.
        of: queries or keywords.
        category: of this one alone; empty: of any.
    """
    dataset = "patterns" if of == "queries" else "keyword_patterns"
    day = results.newest(dataset)
    rows = pl.LazyFrame(schema=_PATTERNS) if day is None else _shown(results, dataset, day)
    found = categories.told(rows.filter(pl.col("pattern") == pattern).collect())
    return csv_of(in_category(found, category))


def changes_as_csv(
    results: Results, categories: Categories, day: str, change: str, category: str = ""
) -> str:
    """All queries of a change, one of `CHANGES`, as a table; as `patterns_as_csv`."""
    rows = _changed(results, day).filter(pl.col("change") == change)
    return csv_of(in_category(categories.told(rows.collect()), category))


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
    rows = results.of_days("patterns", [day], _PATTERNS)
    unspaced = pl.col("query").str.replace_all(" ", "", literal=True)
    # Spellings are one, in the form that most people typed: mostly the one that is asked for.
    for is_asked in (pl.col("query") == query, unspaced == query.replace(" ", "")):
        found = rows.filter(is_asked).collect()
        if len(found):
            told = _only_shown(found.lazy()).head(1).collect().to_dicts()
            return told[0] if told else None
    return None


def _shown(results: Results, dataset: str, day: str) -> pl.LazyFrame:
    return _only_shown(results.of_days(dataset, [day], _PATTERNS))


def _only_shown(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Patterns that may be told, of most people first."""
    is_shown = (pl.col("searchers") >= MIN_SEARCHERS) & pl.col("pattern").is_in(CLASSES)
    shown = rows.drop("dt").filter(is_shown)
    return shown.sort("searchers", "query", descending=[True, False])


def _changed(results: Results, day: str) -> pl.LazyFrame:
    rows = results.of_days("changes", [day], columns.CHANGES).drop("dt")
    people = pl.max_horizontal("searchers", "searchers_before")
    is_shown = (people >= MIN_SEARCHERS) & pl.col("change").is_in(CHANGES)
    floored = (_floored("searchers"), _floored("searchers_before"))
    return rows.filter(is_shown).sort("rank").with_columns(floored)


def _floored(column: str) -> pl.Expr:
    people = pl.col(column)
    return pl.when((people == 0) | (people >= MIN_SEARCHERS)).then(people).alias(column)
