"""Carries steps out on Spark: it schedules, moves and tries again; the workers run the functions.

The only file that imports PySpark. A map task runs one piece and packs what comes of it: for each
key and kind the rows as one Arrow stream (lz4). Spark's shuffle brings the streams of a key
together; a reduce task unpacks them, runs the reducer and writes its tables itself, each under a
name that depends on the group alone. So a task that is tried again, or runs twice, writes the same
file again.

Which keys there are, and how they are grouped, is known only when the map is done. So a key goes to
one of many partitions by its name; what maps tell goes to a partition of its own, which alone the
driver reads; and a reduce reads those partitions that its keys went to.

Streams are carried as plain bytes (RDDs): there is nothing in them that Spark's SQL could plan, and
its planning and compiling would take longer than the work on an hour.
"""

import logging
import os
import pickle
import pwd
import re
import signal
import threading
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import RDD, SparkConf, SparkContext, TaskContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from pipeline.carriers.hadoop import application_page, check_resource_manager, hadoop_settings
from pipeline.carriers.session import Session
from pipeline.carriers.steps import StepFailedError
from pipeline.errors import PipelineError, UnreadableFileError
from pipeline.logs import PROGRESS_LOGGER
from silgeom.commands import Stopped

_LOG = logging.getLogger(PROGRESS_LOGGER)

#: How often a job on a cluster tells how far it is.
PROGRESS_SECONDS: Final = 20.0
#: The packages that workers need.
PACKAGES: Final = ("pipeline", "silgeom")
#: Pieces share tasks where there are more of them.
_LEAST_TASKS: Final = 64
_TASKS_A_CORE: Final = 8
#: How often a task is tried on a file that cannot be read, before the file is told.
_TRIES: Final = 3

#: What the steps depend on, whoever starts the job: never left to a cluster's own defaults. How
#: much memory there is and how many tasks run stands in spark-defaults.conf.
SETTINGS: Final = {
    "spark.ui.showConsoleProgress": "false",
    # Each task has one core.
    "spark.executorEnv.POLARS_MAX_THREADS": "1",
    # Rows are packed already.
    "spark.shuffle.compress": "false",
    "spark.shuffle.spill.compress": "false",
}

#: What a task gives: its place, key ("": told to the driver), kind, packed rows or what is told.
Packed = tuple[int, str, str, bytes]
#: So many partitions have rows; few keys share one. What is told lies in the first one of all.
_PARTITIONS: Final = 255
_TOLD: Final = 0
#: The kind of what is told that is an error.
_ERROR: Final = "error"


class SparkSpool:
    """What a map gave: where Spark's shuffle keeps it."""

    def __init__(self) -> None:
        self.shuffled: RDD[tuple[int, Packed]] | None = None
        self._keys: set[str] = set()

    def all_keys(self) -> list[str]:
        """All keys, rising."""
        return sorted(self._keys)

    def fill(self, shuffled: "RDD[tuple[int, Packed]]", keys: set[str]) -> None:
        """Keep what a map gave: one map fills a spool."""
        self.shuffled = shuffled
        self._keys = keys

    def close(self) -> None:
        """Let everything go: Spark does when nobody asks for it any more."""
        self.shuffled = None


class OnSpark:
    """A carrier; see `steps.Carrier`."""

    def __init__(self, spark: Callable[[], SparkSession]) -> None:
        self._spark = spark

    def spool(self) -> SparkSpool:
        """An empty place for what maps give."""
        return SparkSpool()

    def map(
        self, pieces: Sequence[Any], mapper: Callable[[Any], Any], into: SparkSpool
    ) -> list[Any]:
        """Map each piece in a task; what was told, piece by piece."""
        if not pieces:
            return []
        context = self._spark().sparkContext
        # A task a piece, but no thousands of them.
        tasks = min(len(pieces), max(_LEAST_TASKS, _TASKS_A_CORE * context.defaultParallelism))
        asked = context.parallelize(list(enumerate(pieces)), tasks)
        packed = asked.mapPartitions(_Mapping(mapper, _tries(context)))
        shuffled = packed.partitionBy(1 + _PARTITIONS, int)
        with _failures():
            told = context.runJob(shuffled, _without_numbers, [_TOLD])
        keys: set[str] = set()
        found = []
        for _, _, kind, data in sorted(told, key=lambda row: (row[0], row[2])):
            result, of_part = _result(kind, data)
            found.append(result)
            keys |= of_part
        into.fill(shuffled, keys)
        return found

    def reduce(
        self,
        spool: SparkSpool,
        groups: Mapping[str, Sequence[str]],
        reducer: Callable[[str, Any], Any],
        write: Callable[[str, str, Any], None],
    ) -> list[Any]:
        """Reduce each group of keys in a task; what was told, group by group."""
        if not groups:
            return []
        context = self._spark().sparkContext
        names = list(groups)
        shuffled, partitions = self._placed(spool, groups)
        work = _Reducing(reducer, write, names, groups, partitions)
        reduced = shuffled.mapPartitionsWithIndex(work)
        with _failures():
            told = context.runJob(reduced, list, sorted(set(partitions)))
        return [pickle.loads(data) for _, data in sorted(told)]

    def _placed(
        self, spool: SparkSpool, groups: Mapping[str, Sequence[str]]
    ) -> tuple["RDD[tuple[int, Packed]]", list[int]]:
        """Rows in partitions of which each group is in one, and in which."""
        of_groups = [{_partition_of(key) for key in keys} for keys in groups.values()]
        shuffled = spool.shuffled
        if shuffled is None:  # no rows: groups are reduced all the same
            nothing: list[tuple[int, Packed]] = []
            return self._spark().sparkContext.parallelize(nothing, len(groups)), [
                *range(len(groups))
            ]
        if all(len(each) <= 1 for each in of_groups):
            free = iter(sorted({*range(1, 1 + _PARTITIONS)}.difference(*of_groups)))
            return shuffled, [min(each) if each else next(free, 1) for each in of_groups]
        numbers = {key: number for number, keys in enumerate(groups.values()) for key in keys}
        tasks = min(1 + _PARTITIONS, _TASKS_A_CORE * shuffled.context.defaultParallelism)
        again = shuffled.coalesce(tasks).mapPartitions(_Placing(numbers))
        return again.partitionBy(len(groups), int), [*range(len(groups))]


def _partition_of(key: str) -> int:
    return 1 + zlib.crc32(key.encode()) % _PARTITIONS


def _without_numbers(rows: Iterable[tuple[int, Packed]]) -> list[Packed]:
    return [packed for _, packed in rows]


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what Spark throws into the error of steps."""
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        raise StepFailedError(str(error)) from error


def _tries(context: SparkContext) -> int:
    """How often a task is tried: a local master gives up at once."""
    return 1 if str(context.master).startswith("local") else _TRIES


def _result(kind: str, data: bytes) -> tuple[Any, set[str]]:
    """What was told: a result and the keys of its part; an error is raised."""
    result, keys = pickle.loads(data)
    if kind == _ERROR:
        raise result
    return result, keys


class _Mapping:
    """What a task of a map runs."""

    def __init__(self, mapper: Callable[[Any], Any], tries: int) -> None:
        self._mapper = mapper
        self._tries = tries

    def __call__(self, pieces: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Packed]]:
        for place, piece in pieces:
            try:
                for number, part in enumerate(self._mapper(piece)):
                    for (key, kind), rows in part.rows.items():
                        yield _partition_of(key), (place, key, kind, _stream(rows))
                    keys = {key for key, _ in part.rows}
                    told = pickle.dumps((part.told, keys))
                    yield _TOLD, (place, "", f"{number:09d}", told)
            except (UnreadableFileError, PipelineError) as error:
                context = TaskContext.get()
                tried = context.attemptNumber() + 1 if context is not None else self._tries
                if tried < self._tries:  # on another node it may work
                    raise
                yield _TOLD, (place, "", _ERROR, pickle.dumps((error, set())))


class _Placing:
    """Gives packed rows the number of their group."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers

    def __call__(self, rows: Iterable[tuple[int, Packed]]) -> Iterator[tuple[int, Packed]]:
        for _, packed in rows:
            number = self._numbers.get(packed[1])
            if number is not None:
                yield number, packed


class _Reducing:
    """What a task of a reduce runs: a partition holds all rows of its groups."""

    def __init__(
        self,
        reducer: Callable[[str, Any], Any],
        write: Callable[[str, str, Any], None],
        names: Sequence[str],
        groups: Mapping[str, Sequence[str]],
        partitions: Sequence[int],
    ) -> None:
        self._reducer = reducer
        self._write = write
        self._names = names
        self._numbers = {key: n for n, name in enumerate(names) for key in groups[name]}
        self._partitions = partitions

    def __call__(
        self, partition: int, rows: Iterable[tuple[int, Packed]]
    ) -> Iterator[tuple[int, bytes]]:
        import polars as pl

        packed: dict[int, list[Packed]] = {
            number: [] for number, each in enumerate(self._partitions) if each == partition
        }
        for _, row in rows:
            number = self._numbers.get(row[1])
            if number is not None:
                packed[number].append(row)
        while packed:
            number = min(packed)
            found: dict[str, list[Any]] = defaultdict(list)
            for _, _, kind, data in sorted(packed.pop(number), key=lambda row: (row[0], row[2])):
                found[kind].append(pl.read_ipc_stream(BytesIO(data)))
            name = self._names[number]
            made = self._reducer(name, found)
            for folder, table in made.tables.items():
                self._write(folder, name, table)
            yield number, pickle.dumps(made.told)


def _stream(rows: Any) -> bytes:  # noqa: ANN401
    buffer = BytesIO()
    rows.write_ipc_stream(buffer, compression="lz4")
    return buffer.getvalue()


# --- The session -----------------------------------------------------------------------------


@contextmanager
def spark_session(app_name: str) -> Iterator[Session]:
    """A session on Spark, which is started when it is needed and stopped even when the job fails.

    Master, memory and cores come from spark-submit and spark-defaults.conf, never from here.

    Raises:
        UnreachableError: YARN does not answer.
        PipelineError: the user has no name, or no folder in HDFS for what a job brings along.
    """
    started: list[SparkSession] = []
    over = threading.Event()

    def spark() -> SparkSession:
        if not started:
            started.append(_started(app_name))
            if started[0].sparkContext.master == "yarn":
                progress = threading.Thread(target=_tell, args=(started[0], over), daemon=True)
                progress.start()
        return started[0]

    try:
        yield Session(OnSpark(spark), spark)
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
        for session in started:
            session.stop()


def bring_packages(spark: SparkSession) -> None:
    """Give the workers the packages of this project: they may have others of these names, or none.

    They lie in an archive, which Spark hands to each worker once, and removes with the session.
    """
    archive = Path(str(spark.sparkContext._temp_dir), "silgeom.zip")
    project = Path(__file__).resolve().parents[2]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for package in PACKAGES:
            for file in sorted((project / package).rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    packed.write(file, file.relative_to(project))
    spark.sparkContext.addPyFile(str(archive))


def _started(app_name: str) -> SparkSession:
    _require_user_name()
    if _master() == "yarn":
        check_resource_manager(hadoop_settings(os.environ))
    builder = SparkSession.builder.appName(app_name)
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    before = signal.getsignal(signal.SIGINT)
    try:
        spark = builder.getOrCreate()
        bring_packages(spark)
        return spark
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
