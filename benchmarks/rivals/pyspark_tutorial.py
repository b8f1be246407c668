"""The three results in PySpark as tutorials write it: Python UDFs, lag windows, collect_list.

    python -m benchmarks.rivals.pyspark_tutorial RESULT LANDING RESULT.parquet

RESULT is trending, related or autocomplete. Settings are Spark's defaults, but for the memory and
the web page.
"""

import math
import os
import re
import sys
import unicodedata
from collections.abc import Callable
from itertools import combinations
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DoubleType, StringType

from benchmarks.rivals.rules import (
    BASELINE_DAYS,
    DAYS_PER_BUSY_DAY,
    DISPERSION,
    GAP_SECONDS,
    HALF_LIFE_DAYS,
    LEAST_EXPECTED,
    MAX_PREFIX,
    MAX_QUERIES,
    MIN_SEARCHERS,
    MIN_SIGNIFICANCE,
    PER_PREFIX,
    RECENT_HOURS,
    RECENT_REACHED,
    TOP,
    USUAL_SHARE,
    ZONE_SECONDS,
)


@F.udf(StringType())
def normalize(query: str) -> str:
    """Alike what is spelled alike."""
    return unicodedata.normalize("NFC", re.sub(" +", " ", query).strip().lower())


@F.udf(ArrayType(StringType()))
def prefixes(query: str) -> list[str]:
    """Every prefix of a query without its spaces."""
    keys = query.replace(" ", "")
    return [keys[:length] for length in range(1, min(len(keys), MAX_PREFIX) + 1)]


@F.udf(ArrayType(ArrayType(StringType())))
def pairs_of(queries: list[str]) -> list[list[str]]:
    """Every two different queries of a session."""
    return [list(pair) for pair in combinations(sorted(set(queries)), 2)]


@F.udf(DoubleType())
def expectation(counts: list[Any], alls: list[Any], everybody: int) -> float:
    """What a query's own past leads one to expect; ages and counts of it and of all."""
    mine, all_ = {row.age: row.n for row in counts}, {row.age: row.n for row in alls}
    seasons = [24 * day for day in range(1, BASELINE_DAYS + 1)]
    days = [mine.get(age, 0) * everybody / all_[age] if age in all_ else None for age in seasons]
    known = sorted(day for day in days if day is not None)
    busy = known[len(known) - math.ceil(len(known) / DAYS_PER_BUSY_DAY)] if known else 0.0
    weekly = min((day for day in (days[6], days[13]) if day is not None), default=0.0)

    hours = [age for age in range(1, RECENT_HOURS + 1) if age in all_]
    shares = sorted((mine.get(age, 0) / all_[age] for age in hours), reverse=True)
    recent = shares[math.ceil(len(hours) * RECENT_REACHED) - 1] if hours else 0.0
    return max(busy, weekly, recent * everybody, LEAST_EXPECTED)


@F.udf(DoubleType())
def surprise(searchers: int, also: int, expected: float, everybody: int, all_also: int) -> float:
    """The signed root of a negative-binomial deviance."""
    usual = USUAL_SHARE * all_also / everybody
    x = min(searchers, (also + 1) / usual) if usual else searchers
    d = DISPERSION
    spread = math.log((1 + d * x) / (1 + d * expected))
    deviance = 2 * (x * math.log(x / expected) - (x + 1 / d) * spread)
    return math.copysign(math.sqrt(max(deviance, 0.0)), x - expected)


@F.udf(DoubleType())
def significance(both: int, low: int, high: int, total: int) -> float:
    """The signed root of the log-likelihood ratio."""

    def entropy(*counts: int) -> float:
        def xlogx(count: int) -> float:
            return count * math.log(count) if count else 0.0

        return xlogx(sum(counts)) - sum(map(xlogx, counts))

    k12, k21, k22 = low - both, high - both, total - low - high + both
    ratio = entropy(both + k12, k21 + k22) + entropy(both + k21, k12 + k22)
    root = math.sqrt(max(2 * (ratio - entropy(both, k12, k21, k22)), 0.0))
    return -root if both * (k21 + k22) < k21 * low else root


def searches(spark: SparkSession, landing: str) -> DataFrame:
    """Who searched what when."""
    read = spark.read.csv(landing, sep="\t", quote="", schema="t string, u string, q string")
    return read.select(
        (F.unix_timestamp(F.to_timestamp("t")) + ZONE_SECONDS).alias("clock"),
        F.col("u").alias("person"),
        normalize("q").alias("query"),
    )


def trending(spark: SparkSession, landing: str) -> DataFrame:
    """The board of the last hour."""
    people = (
        searches(spark, landing)
        .select(F.floor(F.col("clock") / 3600).alias("hour"), "query", "person")
        .distinct()
    )
    so_far = Window.partitionBy("person", F.floor(F.col("hour") / 24)).orderBy("hour")
    hourly = (
        people.withColumn("also", F.size(F.collect_set("query").over(so_far)) > 1)
        .groupBy("hour", "query")
        .agg(F.count("*").alias("n"), F.sum(F.col("also").cast("int")).alias("also"))
        .cache()
    )
    last = hourly.agg(F.max("hour")).collect()[0][0]
    aged = hourly.withColumn("age", F.lit(last) - F.col("hour"))
    alls = aged.groupBy("age").agg(F.sum("n").alias("n"), F.sum("also").alias("also"))
    [now] = alls.where("age = 0").collect()
    cells = alls.agg(F.collect_list(F.struct("age", "n")).alias("alls"))
    of_query = aged.groupBy("query").agg(
        F.collect_list(F.struct("age", "n")).alias("counts"),
        F.sum(F.when(F.col("age") == 0, F.col("n"))).alias("searchers"),
        F.sum(F.when(F.col("age") == 0, F.col("also"))).alias("also"),
    )
    shown = of_query.where(F.col("searchers") >= MIN_SEARCHERS).crossJoin(cells)
    n, also = F.lit(now["n"]), F.lit(now["also"])
    believed = (F.col("also") + 1) * now["n"] / (USUAL_SHARE * max(now["also"], 1))
    return (
        shown.withColumn("expected_searchers", expectation("counts", "alls", n))
        .withColumn("score", surprise("searchers", "also", "expected_searchers", n, also))
        .where((F.col("score") > 0) & (believed >= MIN_SEARCHERS))
        .where(F.col("searchers") >= F.col("expected_searchers") + 1)
        .select("query", "searchers", "expected_searchers", "score")
        .orderBy(F.desc("score"), F.desc("searchers"), "query")
        .limit(TOP)
    )


def related(spark: SparkSession, landing: str) -> DataFrame:
    """Pairs of queries in sessions, with their significance."""
    by_person = Window.partitionBy("person").orderBy("clock", "query")
    silence = F.col("clock") - F.lag("clock").over(by_person)
    begins = F.coalesce(silence >= GAP_SECONDS, F.lit(True)).cast("int")
    sessions = (
        searches(spark, landing)
        .withColumn("begins", begins)
        .withColumn("session", F.sum("begins").over(by_person))
        .groupBy("person", "session")
        .agg(F.collect_set("query").alias("queries"))
        .where(F.size("queries") <= MAX_QUERIES)
        .cache()
    )
    total = sessions.count()
    alone = sessions.select(F.explode("queries").alias("query")).groupBy("query").count()
    pairs = (
        sessions.select("person", F.explode(pairs_of("queries")).alias("pair"))
        .groupBy(F.col("pair")[0].alias("low"), F.col("pair")[1].alias("high"))
        .agg(F.count("*").alias("sessions"), F.countDistinct("person").alias("searchers"))
        .where(F.col("searchers") >= MIN_SEARCHERS)
    )
    return (
        pairs.join(alone.toDF("low", "n_low"), on="low")
        .join(alone.toDF("high", "n_high"), on="high")
        .withColumn("significance", significance("sessions", "n_low", "n_high", F.lit(total)))
        .where(F.col("significance") >= MIN_SIGNIFICANCE)
        .select("low", "high", "sessions", "searchers", "significance")
        .orderBy("low", "high")
    )


def autocomplete(spark: SparkSession, landing: str) -> DataFrame:
    """The completions of every prefix."""
    daily = (
        searches(spark, landing)
        .select(F.floor(F.col("clock") / 86400).alias("day"), "query", "person")
        .distinct()
    )
    last = daily.agg(F.max("day")).collect()[0][0]
    halves = (F.lit(last) - F.col("day")) / HALF_LIFE_DAYS
    weight = F.round(F.pow(F.lit(2.0), -halves) * 1_000_000).cast("long")
    weighed = (
        daily.groupBy("query")
        .agg(
            F.countDistinct("person").alias("searchers"),
            (F.sum(weight) / 1_000_000).alias("weight"),
        )
        .where(F.col("searchers") >= MIN_SEARCHERS)
    )
    best = Window.partitionBy("prefix").orderBy(F.desc("weight"), F.desc("searchers"), "query")
    return (
        weighed.withColumn("prefix", F.explode(prefixes("query")))
        .withColumn("rank", F.row_number().over(best))
        .where(F.col("rank") <= PER_PREFIX)
        .select("prefix", F.col("rank").cast("long").alias("rank"), "query", "weight")
        .orderBy("prefix", "rank")
    )


RESULTS: Final[dict[str, Callable[[SparkSession, str], DataFrame]]] = {
    "trending": trending,
    "related": related,
    "autocomplete": autocomplete,
}


def main() -> None:
    result, landing, target = sys.argv[1:4]
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").config(
        "spark.sql.shuffle.partitions", "200"
    )
    if "HADOOP_CONF_DIR" not in os.environ:  # else on that cluster, as spark-submit says
        builder = (
            builder.master("local[*]")
            .config("spark.driver.memory", "4g")
            .config("spark.ui.enabled", "false")
            # Java as it comes: both of its compilers, its own collector.
            .config("spark.driver.extraJavaOptions", "-Dfile.encoding=UTF-8")
        )
    spark = builder.getOrCreate()
    RESULTS[result](spark, landing).toPandas().to_parquet(target)
    spark.stop()


if __name__ == "__main__":
    main()
