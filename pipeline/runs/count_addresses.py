"""Keep the stored counts of clicked addresses in step with `searches`, as `count` does the others.

Reads   searches/dt=
Writes  daily_addresses/dt=
"""

from collections.abc import Collection
from functools import partial

import polars as pl

from pipeline.columns import DAILY_ADDRESSES
from pipeline.counting import addresses
from pipeline.runs.count import (
    COUNTS,
    Counting,
    Finish,
    MappedRows,
    Rows,
    Work,
    refresh,
    run_of_day,
)
from pipeline.runs.stale import day_version
from pipeline.store.root import Root
from pipeline.store.storage import Storage


def refresh_daily_addresses(root: Root, needed: Collection[str]) -> int:
    """Count what was clicked on `needed` days that changed, each as a whole; how many days."""
    counting = Counting(
        "daily_addresses",
        DAILY_ADDRESSES,
        (0,),
        run_of_day,
        partial(day_version, "daily_addresses"),
        partial(_addresses_of_day, storage=root.storage),
        _addresses_together,
    )
    return refresh(root, counting, needed)


def _addresses_of_day(work: Work, finish: Finish, storage: Storage) -> MappedRows:
    rows = work.scan(storage, [work.day], "user_id", "query_id", "clicked_url", with_clicks=True)
    clicked = rows.filter(pl.col("clicked_url").is_not_null()).collect()
    return finish(work, {COUNTS: addresses.counted(clicked)})


def _addresses_together(rows: Rows) -> pl.DataFrame:
    return addresses.added_up(rows[COUNTS]).select(*DAILY_ADDRESSES)
