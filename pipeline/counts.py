"""How many different people typed each query, by hour and by day."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from pipeline.contracts import conform
from pipeline.people import people_sketch
from pipeline.schemas import DAILY_COUNTS, HOURLY_COUNTS, SEARCHES

_DT = StructField("dt", StringType())


def hourly_counts(searches: DataFrame, *, zone: str) -> DataFrame:
    """Count the people who typed each query in each hour of `zone`.

    One person counts once for a query in an hour, however often they typed it. Who typed another
    query too on that day, in this hour or before, counts in `also_searched`: an account that was
    made to push one query does not. What comes later on the day changes neither number.

    Args:
        searches: `SEARCHES`, all of each day that there is any of.
        zone: the reporting zone that cuts the hours; its offset need not be whole hours.

    Returns:
        `HOURLY_COUNTS`; an hour without the query has no row.
    """
    people = (
        conform(searches, SEARCHES, "searches")
        .select(local_hour_start(F.col("searched_at"), zone).alias("hour"), "query_id", "user_id")
        # All that follows is of one person, so this is the only time that searches travel.
        .repartition("user_id")
        .distinct()
    )
    local_day = F.to_date(F.from_utc_timestamp("hour", zone))
    # Up to the end of the hour: rows of the same hour are peers.
    so_far = Window.partitionBy("user_id", local_day).orderBy("hour")
    is_one_of_several = F.min("query_id").over(so_far) != F.max("query_id").over(so_far)
    counted = (
        people.withColumn("also", is_one_of_several.cast("long"))
        .groupBy("hour", "query_id")
        .agg(F.count("*").alias("searchers"), F.sum("also").alias("also_searched"))
    )
    return conform(counted, HOURLY_COUNTS, "hourly counts")


def daily_counts(searches: DataFrame) -> DataFrame:
    """Count the people who typed each query on each day, so that days can be added up.

    `searchers` adds up to searcher-days; how many different people several days had is
    `different_people` of the sketches.

    Args:
        searches: `SEARCHES` and `dt`, of any number of days.

    Returns:
        `dt` and `DAILY_COUNTS`. `surface` is the form that most people typed, of equals the least.
    """
    schema = StructType([_DT, *SEARCHES])
    # A person's many searches for one thing are one row from here on.
    people = (
        conform(searches, schema, "searches")
        .groupBy("dt", "query_id", "query", "user_id", "surface")
        .agg(F.count("*").alias("searches"))
        .groupBy("dt", "query_id", "query", "user_id")
        .agg(F.min("surface").alias("surface"), F.sum("searches").alias("searches"))
    )
    counted = people.groupBy("dt", "query_id", "query").agg(
        F.mode("surface", deterministic=True).alias("surface"),
        F.count("*").alias("searchers"),
        people_sketch(F.col("user_id")).alias("searchers_sketch"),
        F.sum("searches").alias("searches"),
    )
    return conform(counted, StructType([_DT, *DAILY_COUNTS]), "daily counts")


def local_hour_start(timestamp: Column, zone: str) -> Column:
    """The instant at which the hour of `zone` that a UTC timestamp lies in began."""
    local = F.from_utc_timestamp(timestamp, zone)
    seconds_into_hour = F.minute(local) * 60 + F.second(local)
    return F.timestamp_seconds(F.unix_seconds(timestamp) - seconds_into_hour)
