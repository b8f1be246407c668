"""Times and ages, counted in whole numbers so that sums do not depend on the order of rows."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipeline.errors import InvalidParameterError

#: Weights are in millionths: sums of whole numbers come out the same in any order.
WEIGHT_UNIT = 1_000_000


def decayed(age: Column, half_life: float) -> Column:
    """The weight 2^(-age / half_life) in `WEIGHT_UNIT`, as a whole number (long)."""
    return F.round(F.pow(F.lit(2.0), -age / half_life) * WEIGHT_UNIT).cast("long")


def local_hours(timestamp: Column, zone: str) -> Column:
    """Whole hours on the clocks of `zone` since 1970: the same hour of day is 24 apart."""
    return F.floor(F.unix_seconds(F.from_utc_timestamp(timestamp, zone)) / 3600)


def require_full_hour(moment: datetime, zone: str, name: str) -> None:
    """Raise `InvalidParameterError` unless `moment` knows its offset and is a full hour there."""
    if moment.tzinfo is None:
        raise InvalidParameterError(f"{name} must have a UTC offset, got {moment.isoformat()}")
    local = moment.astimezone(ZoneInfo(zone))
    if local.minute or local.second or local.microsecond:
        raise InvalidParameterError(
            f"{name} must be a full hour in {zone}, got {local.isoformat(sep=' ')}"
        )
