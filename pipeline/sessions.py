"""What people search for in one sitting: sessions, and the pairs of queries in them."""

import sys
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
from pyspark import cloudpickle
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType

from pipeline import limits
from pipeline.batches import (
    Batches,
    Flags,
    Ints,
    changes,
    columns,
    least_of_each,
    sums,
    whole_groups,
)
from pipeline.contracts import conform
from pipeline.people import SKETCH_SIZE
from pipeline.schemas import DAILY_PAIRS, SEARCHES, SESSION_PAIRS

#: A session is followed at most so many hours into the day after the one on which it began.
SESSION_SPILL_HOURS = 6

#: A second query within so many seconds after the first may be its correction (Wikimedia's glent).
SOON_SECONDS = 120

_DT = StructField("dt", StringType())
_DAY = StructField("day", LongType())
_DAY_SECONDS: Final = 86_400

_Columns = dict[str, Ints]

#: What `daily_pairs` groups by, and what is sorted by so that its people come in order.
_PAIR: Final = ("first_id", "second_id", "day")

# See batches.py.
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
    limits.require(gap_minutes=gap_minutes, max_queries=max_queries)
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
        StructType([_DAY, *SESSION_PAIRS]),
    )
    dated = pairs.withColumn("dt", F.date_from_unix_date(F.col("day").cast("int")).cast("string"))
    return conform(dated, StructType([_DT, *SESSION_PAIRS]), "session pairs")


def daily_pairs(session_pairs: DataFrame, *, buckets: int = 1) -> DataFrame:
    """Count the sessions and the people of each pair of queries on each day.

    Args:
        session_pairs: `dt` and `SESSION_PAIRS`.
        buckets: pairs are spread over so many partitions a day.

    Returns:
        `dt` and `DAILY_PAIRS`, by pair. The sum of `opened` is the number of sessions.
    """
    by_pair = (
        conform(session_pairs, StructType([_DT, *SESSION_PAIRS]), "session pairs")
        .select(
            "first_id",
            "second_id",
            F.unix_date(F.to_date("dt")).cast("long").alias("day"),
            "user_id",
            "seconds_between",
            F.col("opened").cast("long").alias("opened"),
            F.pmod(F.xxhash64("first_id", "second_id"), F.lit(buckets)).alias("bucket"),
        )
        .repartition("day", "bucket")
        .drop("bucket")
        .sortWithinPartitions(*_PAIR, "user_id")
    )
    counted = by_pair.mapInArrow(_daily_counts_of_pairs, StructType([_DAY, *DAILY_PAIRS]))
    dated = counted.withColumn("dt", F.date_from_unix_date(F.col("day").cast("int")).cast("string"))
    return conform(dated, StructType([_DT, *DAILY_PAIRS]), "daily pairs")


def _pairs_of_batches(*, gap_seconds: int, max_queries: int) -> Callable[[Batches], Batches]:
    """What `mapInArrow` runs on each partition: searches sorted by person and time, to pairs.

    A batch may end within a session, so the last session of each batch waits for the next batch:
    memory is bounded by one batch and one session.
    """

    def pairs(batches: Batches) -> Batches:
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


def _session_starts(rows: _Columns, gap_seconds: int) -> Flags:
    """Whether each search begins a session: another person, or too long a silence before it."""
    starts = np.ones(len(rows["second"]), dtype=np.bool_)
    starts[1:] = (np.diff(rows["user_id"]) != 0) | (np.diff(rows["second"]) >= gap_seconds)
    return starts


def _pairs(rows: _Columns, starts: Flags, max_queries: int) -> pa.RecordBatch:
    """The pairs of whole sessions, vectorised: no loop over searches, sessions or pairs."""
    session = np.cumsum(starts) - 1
    day = (rows["local_second"][starts] // _DAY_SECONDS)[session]
    in_time = rows["local_second"] < (day + 1) * _DAY_SECONDS + SESSION_SPILL_HOURS * 3600

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


def _daily_counts_of_pairs(batches: Batches) -> Batches:
    """Pairs sorted by `_PAIR` and person, to counts; all of a pair's day in one row."""
    each_counts_once = (_with_counts(batch) for batch in batches)
    for batch in whole_groups(each_counts_once, _PAIR, _folded):
        first_id, second_id, day, user = columns(batch, [*_PAIR, "user_id"])
        first = changes(first_id, second_id, day)
        starts = np.flatnonzero(first)
        sessions, opened, seconds, soon = (
            sums(column, starts) for column in columns(batch, _ADDED_UP)
        )
        is_self = first_id[starts] == second_id[starts]
        # Of a query with itself nobody asks who.
        persons = (first | changes(user)) & (first_id != second_id)
        people = least_of_each(
            user[persons],
            np.flatnonzero(changes(*(key[persons] for key in (first_id, second_id, day)))),
            SKETCH_SIZE,
        )
        index = np.cumsum(~is_self) - 1
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(day[starts]),
                pa.array(first_id[starts]),
                pa.array(second_id[starts]),
                pa.array(sessions),
                pa.array(opened),
                people.take(pa.array(index, mask=is_self)),
                pa.array(seconds / sessions),
                pa.array(np.where(is_self, 0, soon)),
            ],
            ["day", *DAILY_PAIRS.names],
        )


_ADDED_UP: Final = ("sessions", "opened", "seconds_between", "soon")


def _with_counts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Add what a row stands for, of which folding makes more: `sessions`, `soon`."""
    is_soon = batch.column("seconds_between").to_numpy() <= SOON_SECONDS
    ones = pa.array(np.ones(batch.num_rows, dtype=np.int64))
    soon = pa.array(is_soon.astype(np.int64))
    return batch.append_column("sessions", ones).append_column("soon", soon)


def _folded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """One row for all but the first people of a pair's day."""
    (user,) = columns(batch, ["user_id"])
    others = np.flatnonzero(np.cumsum(changes(user)) > SKETCH_SIZE)
    if not len(others):
        return batch
    rest = batch.slice(others[0])
    row = {name: column[:1] for name, column in zip(batch.schema.names, rest.columns, strict=True)}
    row |= {name: pa.array([rest.column(name).to_numpy().sum()]) for name in _ADDED_UP}
    one = pa.RecordBatch.from_pydict(row, schema=batch.schema)
    return pa.Table.from_batches([batch.slice(0, others[0]), one]).combine_chunks().to_batches()[0]
