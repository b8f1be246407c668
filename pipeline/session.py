"""One way to open a SparkSession, for every job and for the tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from pipeline.errors import PipelineError

#: Gives the session, and starts it at the first call: a job that finds nothing to do makes none.
Session = Callable[[], SparkSession]

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
}


@contextmanager
def spark_session(app_name: str) -> Iterator[Session]:
    """A session that counts in UTC, started when it is needed and stopped even when the job fails.

    Master, memory and cores come from spark-submit and spark-defaults.conf, never from here.

    Raises:
        PipelineError: YARN's staging folder cannot be written since HDFS is in safe mode.
    """
    started: list[SparkSession] = []

    def session() -> SparkSession:
        if not started:
            started.append(_started(app_name))
        return started[0]

    try:
        yield session
    finally:
        for spark in started:
            spark.stop()


def _started(app_name: str) -> SparkSession:
    builder = SparkSession.builder.appName(app_name).config("spark.ui.showConsoleProgress", "false")
    for key, value in SEMANTICS.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except Exception as error:  # Py4JJavaError, of which only the text tells what it is
        if "SafeModeException" not in str(error):
            raise
        raise PipelineError(
            "HDFS is in safe mode and takes no writes: run this again when "
            "`hdfs dfsadmin -safemode get` says OFF"
        ) from error
