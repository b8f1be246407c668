"""How many different people typed each query, by hour and by day."""

import sys
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import cloudpickle
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType

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
from pipeline.schemas import DAILY_COUNTS, HOURLY_COUNTS, SEARCHES
from pipeline.text import ending_ids, variant_id

_DT = StructField("dt", StringType())
_DAY = StructField("day", LongType())
_DAILY: Final = ("query_id", "query", "surface", "searchers", "searchers_sketch", "searches")
_HOURLY: Final = ("hour", "query_id", "searchers", "also_searched")

# See batches.py.
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


def hourly_counts(searches: DataFrame, *, zone: str) -> DataFrame:
    """Count the people who typed each query in each hour of `zone`.

    One person counts once for a query in an hour, however often they typed it. Who typed another
    query too on that day, in this hour or before, counts in `also_searched`: an account that was
    made to push one query does not. What comes later on the day changes neither number.

    Args:
        searches: `SEARCHES`, all of each day that there is any of.
        zone: the reporting zone that cuts the hours; its offset need not be whole hours.

    Returns:
        `dt` and `HOURLY_COUNTS`, the rows of a day in one partition, by hour and query; an hour
        without the query has no row.
    """
    local = F.from_utc_timestamp("searched_at", zone)
    by_person = (
        conform(searches, SEARCHES, "searches")
        .select(
            "user_id",
            F.unix_seconds(local_hour_start(F.col("searched_at"), zone)).alias("hour"),
            F.unix_date(F.to_date(local)).cast("long").alias("day"),
            "query_id",
        )
        # All of one person, so that this is the only time that searches travel.
        .repartition("user_id")
        .sortWithinPartitions("user_id", "hour", "query_id")
    )
    counted = StructType([_DAY, *[StructField(name, LongType()) for name in _HOURLY]])
    # Added up before it travels again, and then once more.
    added_up = (
        by_person.mapInArrow(_hourly_counts_of_people, counted)
        .withColumn("dt", F.date_from_unix_date(F.col("day").cast("int")).cast("string"))
        .repartition("dt")
        .groupBy("dt", "hour", "query_id")
        .agg(F.sum("searchers").alias("searchers"), F.sum("also_searched").alias("also_searched"))
        .sortWithinPartitions("dt", "hour", "query_id")
        .withColumn("hour", F.timestamp_seconds("hour"))
    )
    return conform(added_up, StructType([_DT, *HOURLY_COUNTS]), "hourly counts")


def daily_counts(searches: DataFrame, *, buckets: int = 1) -> DataFrame:
    """Count the people who typed each query on each day, so that days can be added up.

    `searchers` adds up to searcher-days; how many different people several days had is
    `different_people` of the sketches.

    Args:
        searches: `SEARCHES` and `dt`, of any number of days.
        buckets: queries are spread over so many partitions a day.

    Returns:
        `dt` and `DAILY_COUNTS`, by query. `surface` is the form that most people typed, of equals
        the least; who typed several counts for the least of them.
    """
    by_query = (
        conform(searches, StructType([_DT, *SEARCHES]), "searches")
        .select(
            "query_id",
            F.unix_date(F.to_date("dt")).cast("long").alias("day"),
            "user_id",
            "query",
            # Most people type as it is counted: what is no news need not travel.
            F.when(F.col("surface") != F.col("query"), F.col("surface")).alias("surface"),
            F.pmod("query_id", F.lit(buckets)).alias("bucket"),
        )
        .repartition("day", "bucket")
        .drop("bucket")
        .sortWithinPartitions("query_id", "day", "user_id")
    )
    counted = by_query.mapInArrow(
        _daily_counts_of_queries, StructType([_DAY, *(DAILY_COUNTS[name] for name in _DAILY)])
    )
    with_ids = counted.select(
        F.date_from_unix_date(F.col("day").cast("int")).cast("string").alias("dt"),
        *_DAILY,
        # Told from the text once, here: results add days up by numbers.
        variant_id(F.col("query")).alias("variant_id"),
        ending_ids(F.col("query")).alias("ending_ids"),
    )
    return conform(with_ids, StructType([_DT, *DAILY_COUNTS]), "daily counts")


def local_hour_start(timestamp: Column, zone: str) -> Column:
    """The instant at which the hour of `zone` that a UTC timestamp lies in began."""
    local = F.from_utc_timestamp(timestamp, zone)
    seconds_into_hour = F.minute(local) * 60 + F.second(local)
    return F.timestamp_seconds(F.unix_seconds(timestamp) - seconds_into_hour)


# --- On executors ---------------------------------------------------------------------------


def _hourly_counts_of_people(batches: Batches) -> Batches:
    """Searches sorted by person, hour and query, to the counts of each batch."""
    for batch in whole_groups(batches, ["user_id"]):
        user, hour, day, query = columns(batch, ["user_id", "hour", "day", "query_id"])
        once = changes(user, hour, query)
        user, hour, day, query = user[once], hour[once], day[once], query[once]
        also = _also_searched(changes(user, day), hour, query)

        order = np.lexsort((query, hour))
        hour, query = hour[order], query[order]
        starts = np.flatnonzero(changes(hour, query))
        yield pa.RecordBatch.from_pydict(
            {
                "day": day[order][starts],
                "hour": hour[starts],
                "query_id": query[starts],
                "searchers": np.diff(np.append(starts, len(query))),
                "also_searched": sums(also[order].astype(np.int64), starts),
            }
        )


def _also_searched(first: Flags, hour: Ints, query: Ints) -> Flags:
    """Whether, by the end of the hour, the person had typed another query too on that day.

    Args:
        first: the first row of each person's day.
        hour: rising within a person's day.
        query: rising within an hour.
    """
    starts = np.flatnonzero(first)
    person_day = np.cumsum(first) - 1
    is_other = query != query[starts][person_day]
    never = np.iinfo(np.int64).max
    hour_of_other = np.where(is_other, hour, never)
    since = np.minimum.reduceat(hour_of_other, starts) if len(starts) else starts
    also: Flags = hour >= since[person_day]
    return also


def _daily_counts_of_queries(batches: Batches) -> Batches:
    """Searches sorted by query, day and person, to counts; all of a query's day in one row."""
    each_counts_once = (_with_counts(batch) for batch in batches)
    for batch in whole_groups(each_counts_once, ["query_id", "day"], _folded):
        query_id, day, user, searches, people = columns(
            batch, ["query_id", "day", "user_id", "searches", "people"]
        )
        first = changes(query_id, day)
        starts = np.flatnonzero(first)
        is_person = first | changes(user)
        persons = np.flatnonzero(is_person)
        person_starts = np.flatnonzero(first[persons])
        query = batch.column("query").take(pa.array(starts))
        surface = _most_typed(batch, np.cumsum(first) - 1, np.cumsum(is_person) - 1)
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(day[starts]),
                pa.array(query_id[starts]),
                query,
                pc.coalesce(surface, query),
                pa.array(sums(people[persons], person_starts)),
                least_of_each(user[persons], person_starts, SKETCH_SIZE),
                pa.array(sums(searches, starts)),
            ],
            ["day", *_DAILY],
        )


def _with_counts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Add what a row stands for, of which folding makes more: `searches`, `people`."""
    ones = pa.array(np.ones(batch.num_rows, dtype=np.int64))
    return batch.append_column("searches", ones).append_column("people", ones)


def _forms(batch: pa.RecordBatch, rows: Ints) -> tuple[Ints, pa.Array]:
    """The forms of some rows as numbers, in the order of the texts, and these."""
    chosen = batch.take(pa.array(rows))
    encoded = pc.coalesce(chosen.column("surface"), chosen.column("query")).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    return number[encoded.indices.to_numpy()], encoded.dictionary.take(pa.array(order))


def _most_typed(batch: pa.RecordBatch, group: Ints, person: Ints) -> pa.Array:
    """Of each group the form that most people typed; null: none but the query itself."""
    groups = int(group[-1]) + 1
    is_mixed = np.zeros(groups, dtype=np.bool_)
    is_mixed[group[batch.column("surface").is_valid().to_numpy(zero_copy_only=False)]] = True
    rows = np.flatnonzero(is_mixed[group])
    form, texts = _forms(batch, rows)
    group, person = group[rows], person[rows]
    people = batch.column("people").to_numpy()[rows]

    order = np.lexsort((form, person))  # a person's vote is for the least of their forms
    votes = order[changes(person[order])]
    order = votes[np.lexsort((form[votes], group[votes]))]
    starts = np.flatnonzero(changes(group[order], form[order]))
    group, form, voters = group[order][starts], form[order][starts], sums(people[order], starts)
    best = np.lexsort((form, -voters, group))
    best = best[changes(group[best])]

    index = np.zeros(groups, dtype=np.int64)
    index[group[best]] = form[best]
    return texts.take(pa.array(index, mask=~is_mixed))


def _folded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Few rows for the many of one query's day: its first people, and the others by form."""
    user, searches, people = columns(batch, ["user_id", "searches", "people"])
    is_person = changes(user)
    person = np.cumsum(is_person) - 1
    # The last one may go on in the next batch.
    others = np.flatnonzero((person >= SKETCH_SIZE) & (person < person[-1]))
    if not len(others):
        return batch
    form, texts = _forms(batch, others)
    order = np.lexsort((form, person[others]))
    persons = np.flatnonzero(changes(person[others][order]))
    searches_of = sums(searches[others][order], persons)
    voters, form = others[order][persons], form[order][persons]

    order = np.lexsort((user[voters], form))
    starts = np.flatnonzero(changes(form[order]))
    first = voters[order][starts]
    by_form = pa.RecordBatch.from_arrays(
        [
            *(batch.column(name).take(pa.array(first)) for name in batch.schema.names[:4]),
            texts.take(pa.array(form[order][starts])),
            pa.array(sums(searches_of[order], starts)),
            pa.array(sums(people[voters][order], starts)),
        ],
        schema=batch.schema,
    ).take(pa.array(np.argsort(user[first])))
    parts = [batch.slice(0, others[0]), by_form, batch.slice(others[-1] + 1)]
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
