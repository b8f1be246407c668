"""What people search for in one sitting: sessions, and the pairs of queries in them."""

import sys
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import cloudpickle
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from pipeline.contracts import conform
from pipeline.errors import InvalidParameterError
from pipeline.people import people_sketch
from pipeline.schemas import DAILY_PAIRS, SEARCHES, SESSION_PAIRS

#: A session is followed at most so many hours into the day after the one on which it began.
SESSION_SPILL_HOURS = 6

#: The longest silence that may be bridged: an hour before midnight and `SESSION_SPILL_HOURS` after
#: it are then all that a day's sessions need of the days around it.
MAX_GAP_MINUTES = 60

#: A second query within so many seconds after the first may be its correction (Wikimedia's glent).
SOON_SECONDS = 120

_DT = StructField("dt", StringType())
_DAY = 86_400

_Ints = npt.NDArray[np.int64]
_Columns = dict[str, _Ints]

# `_pairs_of_batches` runs on executors, where the package may not be installed (a cluster gets the
# job's file alone): with this the module itself travels with the function, not just its name.
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


def session_pairs(
    searches: DataFrame, *, zone: str, gap_minutes: int = 30, max_queries: int = 50
) -> DataFrame:
    """List the pairs of different queries in each session, in the order they were first typed.

    A session is one person's searches with less than `gap_minutes` between each and the next. It
    belongs to the day on which it begins, and is followed to 6 o'clock of the next
    (`SESSION_SPILL_HOURS`); what comes after that in the same session is in no pair.

    Args:
        searches: `SEARCHES`. The pairs of one day are complete if it holds all of that day, the
            hour before and the six hours after.
        zone: the reporting zone that cuts the days.
        gap_minutes: the silence that ends a session, 1 to 60.
        max_queries: a session with more different queries is left out: a session of n makes
            n (n + 1) / 2 rows, so one crawler could outweigh everyone else.

    Returns:
        `dt` (the day on which the session begins) and `SESSION_PAIRS`, among them each query of
        each session with itself.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    if not 1 <= gap_minutes <= MAX_GAP_MINUTES:
        raise InvalidParameterError(
            f"gap_minutes must be from 1 to {MAX_GAP_MINUTES}, got {gap_minutes}"
        )
    if max_queries < 2:
        raise InvalidParameterError(f"max_queries must be at least 2, got {max_queries}")
    by_person = (
        conform(searches, SEARCHES, "searches")
        .select(
            "user_id",
            F.unix_seconds("searched_at").alias("second"),
            F.unix_seconds(F.from_utc_timestamp("searched_at", zone)).alias("local_second"),
            "query_id",
        )
        .repartition("user_id")
        .sortWithinPartitions("user_id", "second", "query_id")
    )
    pairs = by_person.mapInArrow(
        _pairs_of_batches(gap_seconds=60 * gap_minutes, max_queries=max_queries),
        StructType([StructField("day", DAILY_PAIRS["sessions"].dataType), *SESSION_PAIRS]),
    )
    dated = pairs.withColumn("dt", F.date_from_unix_date(F.col("day").cast("int")).cast("string"))
    return conform(dated, StructType([_DT, *SESSION_PAIRS]), "session pairs")


def daily_pairs(session_pairs: DataFrame) -> DataFrame:
    """Count the sessions and the people of each pair of queries on each day.

    Args:
        session_pairs: `dt` and `SESSION_PAIRS`.

    Returns:
        `dt` and `DAILY_PAIRS`. The sum of `opened` is the number of sessions.
    """
    schema = StructType([_DT, *SESSION_PAIRS])
    is_self = F.col("first_id") == F.col("second_id")
    counted = (
        conform(session_pairs, schema, "session pairs")
        .groupBy("dt", "first_id", "second_id")
        .agg(
            F.count("*").alias("sessions"),
            F.sum(F.col("opened").cast("long")).alias("opened"),
            people_sketch(F.when(~is_self, F.col("user_id"))).alias("sketch"),
            F.avg("seconds_between").alias("seconds_between"),
            F.count_if(~is_self & (F.col("seconds_between") <= SOON_SECONDS)).alias("soon"),
        )
        .withColumn("searchers_sketch", F.when(~is_self, F.col("sketch")))
    )
    return conform(counted, StructType([_DT, *DAILY_PAIRS]), "daily pairs")


def _pairs_of_batches(
    *, gap_seconds: int, max_queries: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What `mapInArrow` runs on each partition: searches sorted by person and time, to pairs.

    A batch may end within a session, so the last session of each batch waits for the next batch:
    memory is bounded by one batch and one session.
    """

    def pairs(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        waiting: _Columns | None = None
        for batch in batches:
            rows = {name: batch.column(name).to_numpy() for name in batch.schema.names}
            if waiting is not None:
                rows = {name: np.concatenate([waiting[name], rows[name]]) for name in rows}
            starts = _session_starts(rows, gap_seconds)
            whole = int(np.flatnonzero(starts)[-1]) if len(starts) else 0
            waiting = {name: column[whole:] for name, column in rows.items()}
            done = {name: column[:whole] for name, column in rows.items()}
            yield _pairs(done, starts[:whole], max_queries)
        if waiting is not None:
            yield _pairs(waiting, _session_starts(waiting, gap_seconds), max_queries)

    return pairs


def _session_starts(rows: _Columns, gap_seconds: int) -> npt.NDArray[np.bool_]:
    """Whether each search begins a session: another person, or too long a silence before it."""
    starts = np.ones(len(rows["second"]), dtype=np.bool_)
    starts[1:] = (np.diff(rows["user_id"]) != 0) | (np.diff(rows["second"]) >= gap_seconds)
    return starts


def _pairs(rows: _Columns, starts: npt.NDArray[np.bool_], max_queries: int) -> pa.RecordBatch:
    """The pairs of whole sessions, vectorised: no loop over searches, sessions or pairs."""
    session = np.cumsum(starts) - 1
    day = (rows["local_second"][starts] // _DAY)[session]
    in_time = rows["local_second"] < (day + 1) * _DAY + SESSION_SPILL_HOURS * 3600

    # Each query of a session once, where it was first typed, in that order.
    order = np.lexsort((rows["query_id"], session))  # stable: equal ones stay in order of time
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = (np.diff(session[order]) != 0) | (np.diff(rows["query_id"][order]) != 0)
    typed = np.sort(order[is_first])
    typed = typed[in_time[typed]]
    sizes = np.bincount(session[typed], minlength=1)
    typed = typed[sizes[session[typed]] <= max_queries]

    # Row i of a session of n is paired with rows i to n - 1; `left` is n - i.
    of_session = session[typed]
    ends = np.searchsorted(of_session, of_session, side="right")
    left = ends - np.arange(len(typed))
    first = np.repeat(np.arange(len(typed)), left)
    second = first + np.arange(len(first)) - np.repeat(np.cumsum(left) - left, left)
    begins = np.searchsorted(of_session, of_session, side="left") == np.arange(len(typed))
    a, b = typed[first], typed[second]
    return pa.RecordBatch.from_pydict(
        {
            "day": day[a],
            "first_id": rows["query_id"][a],
            "second_id": rows["query_id"][b],
            "user_id": rows["user_id"][a],
            "seconds_between": rows["second"][b] - rows["second"][a],
            "opened": begins[first] & (a == b),
        }
    )
