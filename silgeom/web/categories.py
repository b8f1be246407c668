"""Categories of queries: the newest that a root has, told beside rows, and chosen by.

They belong to queries as they were when `categories` ran; a row is of the category that its query
has there, whatever its spacing, and of none where it has none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline import columns
from pipeline.store.storage import FileStatus
from silgeom.web.personal import RefusalError
from silgeom.web.reading import Results

_COLUMNS: Final = {name: columns.CATEGORIES[name] for name in ("query", "category", "confidence")}


@dataclass(frozen=True)
class Categories:
    """The category of each query that has one.

    Attributes:
        files: of which they were read; none: nobody has made them.
        names: of the categories, in order.
        rows: `key` (a query without spaces), `category`.
    """

    files: Sequence[FileStatus]
    names: Sequence[str]
    rows: pl.DataFrame

    def told(self, rows: pl.DataFrame, column: str = "query") -> pl.DataFrame:
        """Rows in their order, with the `category` of the query in a column; empty: none."""
        keyed = rows.with_columns(_unspaced(column).alias("key"))
        found = keyed.join(self.rows, on="key", how="left", maintain_order="left").drop("key")
        return found.with_columns(pl.col("category").fill_null(""))

    def of(self, queries: Iterable[str]) -> dict[str, str]:
        """The category of each of a few normalised queries; empty: none."""
        keys = {query: query.replace(" ", "") for query in queries}
        rows = self.rows.filter(pl.col("key").is_in(list(keys.values())))
        found = dict(rows.iter_rows())
        return {query: found.get(key, "") for query, key in keys.items()}


NO_CATEGORIES: Final = Categories(
    (), (), pl.DataFrame(schema={"key": pl.String, "category": pl.String})
)


def categories_of(results: Results, before: Categories = NO_CATEGORIES) -> Categories:
    """The newest categories of a root; those of before if they were made of the same files."""
    day = results.newest("categories")
    files = results.files(f"categories/dt={day}") if day else []
    if not files:
        return NO_CATEGORIES
    if files == list(before.files):
        return before
    # Of several spellings the surest counts, as in the keyword tool.
    rows = (
        results.rows(files, _COLUMNS)
        .sort("confidence", "query", descending=[True, False])
        .select(_unspaced("query").alias("key"), "category")
        .unique("key", keep="first")
        .collect()
    )
    return Categories(files, rows["category"].unique().sort().to_list(), rows)


def require_category(category: str, names: Sequence[str]) -> None:
    """Refuse a category that no query has; an empty one is any.

    Raises:
        RefusalError: there are none yet, or none of that name.
    """
    if not category or category in names:
        return
    if not names:
        raise RefusalError(404, "not_made_categories")
    raise RefusalError(422, "no_such_category", names=", ".join(names))


def in_category(rows: pl.DataFrame, category: str) -> pl.DataFrame:
    """The rows of a category; of any if it is empty."""
    return rows.filter(pl.col("category") == category) if category else rows


def _unspaced(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all(" ", "", literal=True)
