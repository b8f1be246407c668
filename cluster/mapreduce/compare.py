"""Whether MapReduce and Spark have counted the same people: spark-submit this on the client.

Reads   the output of `hourly-count`; hourly_counts and searches under the root
Writes  nothing; says how many rows there are, or the first that differ (exit status 1)
"""

import argparse
import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="mapreduce/hourly_counts", metavar="FOLDER")
    parser.add_argument("--root", default=os.environ.get("SEARCH_ROOT"), metavar="FOLDER")
    args = parser.parse_args()
    spark = SparkSession.builder.appName("compare").getOrCreate()
    # No quotes, no escapes: a query may have any of them.
    by_map_reduce = spark.read.csv(
        args.output,
        schema="hour timestamp, query string, searchers bigint",
        sep="\t",
        quote="",
        escape="",
    )
    names = spark.read.parquet(f"{args.root}/searches").select("query_id", "query").distinct()
    counts = spark.read.parquet(f"{args.root}/hourly_counts")
    by_spark = counts.join(names, "query_id").select("hour", "query", "searchers")
    one_sided = [
        a.exceptAll(b).withColumn("found by", F.lit(name))
        for a, b, name in (
            (by_map_reduce, by_spark, "MapReduce alone"),
            (by_spark, by_map_reduce, "Spark alone"),
        )
    ]
    different = one_sided[0].union(one_sided[1]).orderBy("hour", "query").cache()
    rows, differing = by_spark.count(), different.count()
    sys.stdout.write(f"{rows:,} rows of hourly_counts, {differing:,} different\n")
    if differing:
        different.show(20, truncate=False)
    spark.stop()
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
