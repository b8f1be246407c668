"""One way to open a SparkSession, for every job and for the tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

#: What the results depend on, whoever starts the job: never left to a cluster's own defaults.
#: How fast they come (memory, partitions, collectors) stands in spark-defaults.conf.
SEMANTICS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # decode() knows CP949 and GB18030 only with Java's charsets, and then must not fail on a bad
    # byte: the line is set aside.
    "spark.sql.legacy.javaCharsets": "true",
    "spark.sql.legacy.codingErrorAction": "true",
    # Sketches are built as objects; past this many groups a task would sort rather than hash.
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "100000",
    # The key of user_id is 64 hexadecimal digits: it is not shown in plans, pages or event logs.
    "spark.sql.redaction.string.regex": "[0-9a-fA-F]{64}",
}


@contextmanager
def spark_session(app_name: str) -> Iterator[SparkSession]:
    """A session that counts in UTC and is stopped even when the job fails.

    Master, memory and cores come from spark-submit and spark-defaults.conf, never from here.
    """
    builder = SparkSession.builder.appName(app_name).config("spark.ui.showConsoleProgress", "false")
    for key, value in SEMANTICS.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()
