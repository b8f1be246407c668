"""What a command says of a result that it made."""

from collections.abc import Callable

import polars as pl

from pipeline.columns import Columns
from pipeline.commands.cli import report_look
from pipeline.runs.published import FirstLook, Published
from pipeline.store.tables import scanned


def report_published(
    published: Published,
    span: str,
    columns: Columns,
    choose: Callable[[pl.DataFrame], pl.DataFrame],
    place: str = "",
) -> None:
    """What the result spans, where it lies, and a table of the rows that `choose` puts first.

    Of a range of results, in which this one has its `place`, one line each.
    """

    def look(limit: int) -> FirstLook:
        root = published.root
        where = (root.storage, root.address, published.dataset, [published.partition])
        rows = scanned(*where, columns).drop("dt").collect()
        first = choose(rows).head(limit)
        return FirstLook(len(rows), first.columns, [list(row) for row in first.rows()])

    report_look(published, span, look, place)
