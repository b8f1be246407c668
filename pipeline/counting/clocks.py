"""What clocks of a zone show, for many moments at once."""

import numpy as np
import polars as pl

from pipeline.counting.groups import Ints


def local_seconds(searched_at: pl.Series, zone: str) -> tuple[Ints, Ints]:
    """Moments (UTC) as seconds since 1970, and as what a clock in `zone` counts since then.

    Clocks are set on whole minutes: the zone is asked for each minute once, where the moments are
    more than the minutes between them.
    """
    second = searched_at.dt.epoch("s").to_numpy()
    if not len(second):
        return second, second
    first = int(second.min()) // 60
    minutes = int(second.max()) // 60 - first + 1
    if minutes > len(second):
        return second, _local(second, zone)
    every = (first + np.arange(minutes)) * 60
    offset = _local(every, zone) - every
    return second, second + offset[second // 60 - first]


def _local(second: Ints, zone: str) -> Ints:
    moments = pl.Series(second * 1_000_000).cast(pl.Datetime("us", "UTC"))
    local = moments.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    found: Ints = local.dt.epoch("s").to_numpy()
    return found
