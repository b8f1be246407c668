"""One way to open a SparkSession, for every job and for the tests."""

import logging
import os
import pwd
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from pipeline.errors import PipelineError
from pipeline.hadoop import application_page, check_resource_manager, hadoop_settings
from silgeom.commands import Stopped

_LOG = logging.getLogger(__name__)
#: How often a job on a cluster tells how far it is.
PROGRESS_SECONDS: Final = 20.0

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
    # Timestamps of nanoseconds, which Spark has no type for, come as whole numbers.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
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
        UnreachableError: YARN does not answer.
        PipelineError: the user has no name, or no folder in HDFS for what a job brings along.
    """
    started: list[SparkSession] = []
    over = threading.Event()

    def session() -> SparkSession:
        if not started:
            started.append(_started(app_name))
            if started[0].sparkContext.master == "yarn":
                progress = threading.Thread(target=_tell, args=(started[0], over), daemon=True)
                progress.start()
        return started[0]

    try:
        yield session
    except (KeyboardInterrupt, Stopped):
        # Java would tell of each task that it gives up, or has been stopped by the same signal.
        while started:
            with suppress(Exception):
                started[-1].sparkContext.setLogLevel("OFF")
                started[-1].stop()
            started.pop()
        raise
    finally:
        over.set()
        for spark in started:
            spark.stop()


def _started(app_name: str) -> SparkSession:
    _require_user_name()
    _require_user_name()
    if _master() == "yarn":
        check_resource_manager(hadoop_settings(os.environ))
    builder = SparkSession.builder.appName(app_name).config("spark.ui.showConsoleProgress", "false")
    for key, value in SEMANTICS.items():
        builder = builder.config(key, value)
    before = signal.getsignal(signal.SIGINT)
    try:
        return builder.getOrCreate()
    except Exception as error:  # Py4JJavaError, of which only the text tells what it is
        denied = re.search(
            r"AccessControlException: (Permission denied: user=([^,]+),.*)", str(error)
        )
        if denied is None:
            raise
        raise PipelineError(
            f"Spark cannot bring the job along to HDFS ({denied[1]}): have the folder "
            f"/user/{denied[2]} made for you, or name another of yours with "
            "--conf spark.yarn.stagingDir=hdfs:///..."
        ) from error
    finally:
        # PySpark's own handler asks Java to cancel in the midst of another answer, and fails at it.
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def _require_user_name() -> None:
    """Raise unless the user has a name: Java logs in with it."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise PipelineError(
            f"user id {os.geteuid()} has no entry in /etc/passwd, and Hadoop takes no user without "
            "a name: add a line to it, or run this as another user"
        ) from error


def _master() -> str:
    """Where the session will run, as spark-submit or spark-defaults.conf say."""
    SparkContext._ensure_initialized()  # else SparkConf knows neither
    return SparkConf().get("spark.master", "") or ""


def _tell(spark: SparkSession, over: threading.Event) -> None:
    """Log where the job's page is, and now and then how far its steps are."""
    context = spark.sparkContext
    try:
        application = context.applicationId
        page = application_page(hadoop_settings(os.environ), application) or context.uiWebUrl or ""
        _LOG.info("%s runs: %s", application, page)
        while not over.wait(PROGRESS_SECONDS):
            status = context.statusTracker()
            for number in status.getActiveStageIds():
                if (stage := status.getStageInfo(number)) is not None:
                    _LOG.info(
                        "step %d: %d of %d tasks done, %d running, %s",
                        *(number, stage.numCompletedTasks, stage.numTasks, stage.numActiveTasks),
                        page,
                    )
    except Py4JError:  # the session has gone in between
        return
