"""Keep the stored counts of devices in step with `searches`, as `count` does the others.

Reads   searches/dt=
Writes  daily_devices/dt=
"""

from collections.abc import Collection
from functools import partial

import polars as pl

from pipeline.columns import DAILY_DEVICES
from pipeline.counting import device_days
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
from pipeline.runs.stale import device_version
from pipeline.store.root import Root
from pipeline.store.storage import Storage


def refresh_daily_devices(root: Root, needed: Collection[str]) -> int:
    """Count the queries by device of `needed` days that changed; the number of days."""
    counting = Counting(
        "daily_devices",
        DAILY_DEVICES,
        (0,),
        run_of_day,
        device_version,
        partial(_devices_of_day, storage=root.storage),
        _devices_together,
    )
    return refresh(root, counting, needed)


def _devices_of_day(work: Work, finish: Finish, storage: Storage) -> MappedRows:
    scan = partial(work.scan, storage, [work.day], "user_id", "device")
    if not scan().select(pl.col("device").count()).collect().item():
        return finish(work, {})
    return finish(work, {COUNTS: device_days.daily_devices(scan("query_id").collect())})


def _devices_together(rows: Rows) -> pl.DataFrame:
    return device_days.devices_added_up(rows[COUNTS])
