"""What a command says of a result that it made."""

from collections.abc import Callable
from datetime import date

import polars as pl

from pipeline.columns import Columns
from pipeline.commands.cli import report_look
from pipeline.runs.published import FirstLook, Published
from pipeline.store.root import Root
from pipeline.store.tables import scanned


def weeks_text(root: Root, days: int) -> str:
    """The summary's lines on the two weeks that are compared, or why none are.

    Args:
        root: knows the days of the log.
        days: two weeks.
    """
    first, last = (date.fromisoformat(each(root.state.days)) for each in (min, max))
    known = (last - first).days + 1
    if known < days:
        log = f"the log has {known} day{'s' * (known > 1)}"
        return f"\nWeeks     {log}: changes are told from {days} days on"
    return "\nWeeks     the last seven days that are over, beside the seven before"


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
