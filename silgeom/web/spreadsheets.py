"""Tables for spreadsheets: CSV of which no cell is a formula."""

from typing import Final

import polars as pl

from silgeom.commands import printable
from silgeom.tables import spreadsheet_cell

#: Without it some spreadsheets take UTF-8 for something else.
_MARK: Final = "\ufeff"


def csv_of(rows: pl.DataFrame) -> str:
    """Rows as comma-separated values: no text is a formula, and none steers a terminal.

    A list is one cell, with a middle dot between: a comma would make numbers of some lists.
    """
    lists = [name for name, kind in rows.schema.items() if isinstance(kind, pl.List)]
    rows = rows.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join(" · "))
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    return _MARK + rows.with_columns(_safe(rows[name]) for name in texts).write_csv()


def _safe(texts: pl.Series) -> pl.Series:
    shown = [None if text is None else spreadsheet_cell(printable(text)) for text in texts]
    return pl.Series(texts.name, shown, dtype=pl.String)
