"""From parsed lines to `searches` and `rejects`: each search once, robots set aside."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.errors import InvalidParameterError
from pipeline.schemas import SEARCHES

#: One person's searches a day above which that day's searches are a robot's. Wikimedia sets aside
#: 50 a day an address for one purpose and 2,000 a user for another; nobody types one a minute
#: for eight hours.
ROBOT_SEARCHES_A_DAY = 500


def local_date(timestamp: Column, zone: str) -> Column:
    """The calendar date of a UTC timestamp in `zone`, as 'YYYY-MM-DD'."""
    return F.date_format(F.from_utc_timestamp(timestamp, zone), "yyyy-MM-dd")


def judged_searches(
    rows: DataFrame, *, zone: str, robot_searches: int = ROBOT_SEARCHES_A_DAY, buckets: int = 1
) -> DataFrame:
    """Keep each search once and tell which are a robot's.

    The same person with the same query in the same second is one search. The row that stays is the
    least by click rank, address, surface and source, so that it does not matter in which order
    files come in, or in how many runs.

    Args:
        rows: columns of `SEARCHES`, all there is of the days in it: new rows and stored ones.
        zone: the reporting zone that cuts the days.
        robot_searches: a person's searches a day above which all of them are a robot's.
        buckets: people are spread over so many partitions a day, one file each.

    Returns:
        `SEARCHES`, `dt` (string) and `robot` (boolean), partitioned by day and bucket, sorted by
        person and time within.

    Raises:
        InvalidParameterError: `robot_searches` or `buckets` is below 1.
    """
    if robot_searches < 1 or buckets < 1:
        raise InvalidParameterError("robot_searches and buckets must be at least 1")
    # One shuffle and one sort serve the duplicates, the robots and the files. The person comes
    # first in the sort: Spark compares first columns fast, and days would be equal.
    placed = rows.select(
        *SEARCHES.names,
        local_date(F.col("searched_at"), zone).alias("dt"),
        F.pmod("user_id", F.lit(buckets)).alias("bucket"),
    ).repartition("dt", "bucket")
    person = Window.partitionBy("user_id", "dt", "bucket")
    same_search = Window.partitionBy("user_id", "dt", "bucket", "searched_at", "query_id").orderBy(
        F.asc_nulls_last("clicked_rank"), "clicked_url", "surface", "source"
    )
    once = placed.withColumn("copy", F.row_number().over(same_search)).where(F.col("copy") == 1)
    robot = F.count("*").over(person) > robot_searches
    return once.withColumn("robot", robot).select(*SEARCHES.names, "dt", "robot")


def numbered_lines(rejected: DataFrame, blocks: DataFrame) -> DataFrame:
    """Turn the running numbers of lines, which have gaps, into line numbers from 1.

    Args:
        rejected: `source`, `block` (where in the file the reader began, bytes), `line` (running
            number, rising within a block) and anything else.
        blocks: `source`, `block`, `first` (least running number), `lines`: one row a block.

    Returns:
        The columns of `rejected` without `block`; `line` as an editor counts.
    """
    earlier = (
        Window.partitionBy("source").orderBy("block").rowsBetween(Window.unboundedPreceding, -1)
    )
    starts = blocks.select(
        "source",
        "block",
        (F.col("first") - F.coalesce(F.sum("lines").over(earlier), F.lit(0)) - 1).alias("shift"),
    )
    columns = [name for name in rejected.columns if name not in ("block", "line")]
    return rejected.join(F.broadcast(starts), on=["source", "block"]).select(
        *columns, (F.col("line") - F.col("shift")).alias("line")
    )
