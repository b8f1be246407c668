"""Rows in lists of which each is shown in part, as a whole or of one category."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from silgeom.web.categories import in_category
from silgeom.web.limits import MAX_ROWS


@dataclass(frozen=True)
class Lists:
    """Rows by the list they are in.

    Attributes:
        by: the column that names the list.
        shown: rows in order, with `category`: the first `MAX_ROWS` of each list and, in each list,
            of each category.
        counted: `by`, `category`, `len`: of all rows.
    """

    by: str
    shown: pl.DataFrame
    counted: pl.DataFrame

    @staticmethod
    def of(rows: pl.DataFrame, by: str) -> "Lists":
        """Take all rows, in order, with `category`."""
        place = pl.int_range(pl.len())
        is_shown = (place.over(by) < MAX_ROWS) | (place.over(by, "category") < MAX_ROWS)
        return Lists(by, rows.filter(is_shown), rows.group_by(by, "category").len())

    def first(
        self, name: str, limit: int = MAX_ROWS, category: str = ""
    ) -> Sequence[Mapping[str, Any]]:
        """The first rows of a list, `MAX_ROWS` at most; of one category, or (empty) of all."""
        rows = in_category(self.shown.filter(pl.col(self.by) == name), category)
        return rows.head(min(limit, MAX_ROWS)).to_dicts()

    def sizes(self, category: str = "") -> Mapping[str, int]:
        """How many rows each list has, but for those that have none."""
        rows = in_category(self.counted, category)
        return dict(rows.group_by(self.by).agg(pl.col("len").sum()).iter_rows())


def no_lists(by: str) -> Lists:
    """Lists without a row."""
    empty = pl.DataFrame(schema={by: pl.String, "category": pl.String})
    return Lists.of(empty, by)
