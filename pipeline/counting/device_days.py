"""From searches to counts of queries by device."""

from typing import Final

import numpy as np
import polars as pl

from pipeline.columns import DAILY_DEVICES
from pipeline.counting.groups import changes, least_of_each, order_by
from pipeline.counting.people import SKETCH_SIZE, united

#: What stands for the device of a search of which the log does not tell any.
UNKNOWN: Final = ""

_KEY: Final = ["query_id", "device"]


def daily_devices(searches: pl.DataFrame) -> pl.DataFrame:
    """Count the queries of some people on one day by device.

    Args:
        searches: `user_id`, `query_id` and `device` of a day.

    Returns:
        `DAILY_DEVICES` of these people; parts of different people add up. Where no search has a
        device, no row.
    """
    if searches["device"].null_count() == len(searches):
        return pl.DataFrame(schema=DAILY_DEVICES)
    known = searches.with_columns(pl.col("device").fill_null(UNKNOWN))
    groups = known.group_by(_KEY).agg(searches=pl.len().cast(pl.Int64)).sort(_KEY)
    numbered = groups.with_row_index("row").cast({"row": pl.Int64})
    people = known.join(numbered.select(*_KEY, "row"), on=_KEY).select("row", "user_id").unique()
    row, user = people["row"].to_numpy(), people["user_id"].to_numpy()
    order = order_by(row, user)
    row, user = row[order], user[order]
    sketches = least_of_each(user, np.flatnonzero(changes(row)), SKETCH_SIZE)
    return groups.with_columns(searchers_sketch=sketches).select(*DAILY_DEVICES)


def devices_added_up(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """What several groups of people come to together."""
    rows = pl.concat(parts)
    if len(parts) == 1:
        return rows
    numbers = rows.group_by(_KEY).agg(pl.col("searches").sum()).sort(_KEY)
    numbered = numbers.with_row_index("row").cast({"row": pl.Int64})
    sketches = rows.join(numbered.select(*_KEY, "row"), on=_KEY)
    people = united(sketches.select("row", "searchers_sketch"), "row")
    return numbered.join(people, on="row", maintain_order="left").select(*DAILY_DEVICES)
