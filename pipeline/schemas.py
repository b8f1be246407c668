"""The columns of every dataset, in reading order.

A field's comment is its contract: unit, time zone, and what it counts. `dt` (and `hour`) are the
folders `dt=YYYY-MM-DD` (`hour=HH`, see `hour_partition` in publish.py) in the reporting zone; every
timestamp is UTC.
"""

from typing import Final

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)


def _column(name: str, data_type: DataType, comment: str) -> StructField:
    return StructField(name, data_type, metadata={"comment": comment})


#: searches/dt=: one search by one person. Key: searched_at, user_id, query_id. The same person
#: with the same query in the same second is one search (a click log writes a line a click).
SEARCHES: Final = StructType(
    [
        _column("searched_at", TimestampType(), "UTC, whole seconds"),
        _column("user_id", LongType(), "64 bits of a keyed hash of the log's user"),
        _column("query_id", LongType(), "xxhash64(query)"),
        _column("query", StringType(), "normalised, never blank"),
        _column("surface", StringType(), "as typed, white space squeezed"),
        _column("clicked_url", StringType(), "null: no click"),
        _column("clicked_rank", IntegerType(), "1 is the first result; null: no click or unknown"),
        _column("source", StringType(), "the file in the landing folder"),
    ]
)

#: rejects/dt=: one line that was not taken in. Key: source, line. dt is the day of the search
#: where the line has one, else the day of the file's modification.
REJECTS: Final = StructType(
    [
        _column("source", StringType(), "the file in the landing folder"),
        _column("line", LongType(), "from 1; null for a robot's search"),
        _column("reason", StringType(), "why: see REJECT_REASONS and WITHHOLD_REASONS"),
        _column("text", StringType(), "at most 200 characters, personal data and user masked"),
        _column("search", SEARCHES, "a robot's search, kept so that late files can be judged"),
    ]
)

#: A line with one of these is rejected: it is no search.
REJECT_REASONS: Final = (
    "blank_query",
    "bad_time",
    "future_time",
    "no_user",
    "too_few_columns",
    "undecodable",
    "too_long",
)

#: A line with one of these is a search that is withheld: `erased`, of a person that was erased
#: since (erasure.py); `expired`, of a day that has gone for its age (retention.py).
WITHHOLD_REASONS: Final = ("personal_data", "robot", "erased", "expired")

#: ledger/: one file of the landing folder. Key: source.
#: lines = accepted + duplicates + rejected + withheld, always.
LEDGER: Final = StructType(
    [
        _column("source", StringType(), "the file's address"),
        _column("status", StringType(), "taken_in, same_content or set_aside"),
        _column("detail", StringType(), "same_content: the file it equals; set_aside: why"),
        _column("size", LongType(), "bytes"),
        _column("modified_at", TimestampType(), "UTC"),
        _column("checksum", StringType(), "of the content; null where the storage has none"),
        _column(
            "taken_in_as",
            StringType(),
            "`source` of its rows in searches and rejects: its address when it was taken in, "
            "with a bit of the checksum if a renamed file had that address before",
        ),
        _column("format", StringType(), "the log format it was read with"),
        _column("charset", StringType(), "the character set it was read with"),
        _column("zone", StringType(), "the zone of its times without an offset"),
        _column("date", DateType(), "the day of its times without a date; null: all have one"),
        _column(
            "declaration",
            StringType(),
            "the format it was read with, bound to its header, as JSON; "
            "set_aside: the one that was asked for",
        ),
        _column("lines", LongType(), "lines that claim to be searches"),
        _column("skipped", LongType(), "headers and lines that the format knows as no searches"),
        _column("accepted", LongType(), "rows in searches"),
        _column("duplicates", LongType(), "searches that are there already"),
        _column("rejected", LongType(), "lines that are no searches"),
        _column("withheld", LongType(), "searches set aside"),
        _column("rejected_by_reason", MapType(StringType(), LongType()), "sums to rejected"),
        _column("withheld_by_reason", MapType(StringType(), LongType()), "sums to withheld"),
        _column(
            "look_again_at",
            TimestampType(),
            "UTC; when the first of its future_time lines is no future any more; null: none",
        ),
    ]
)

#: hourly_counts/dt=: one query in one hour. Key: hour, query_id. Robots left out.
HOURLY_COUNTS: Final = StructType(
    [
        _column("hour", TimestampType(), "UTC start of an hour of the reporting zone"),
        _column("query_id", LongType(), ""),
        _column("searchers", LongType(), "different people in that hour, exact"),
        _column(
            "also_searched",
            LongType(),
            "of them: who typed another query too on that day, by the end of that hour",
        ),
    ]
)

#: daily_counts/dt=: one query on one day. Key: query_id. Robots left out.
DAILY_COUNTS: Final = StructType(
    [
        _column("query_id", LongType(), ""),
        _column("query", StringType(), "normalised"),
        _column("surface", StringType(), "as most people typed it; of equals the least"),
        _column("searchers", LongType(), "different people on that day, exact"),
        _column("searchers_sketch", ArrayType(LongType()), "of them; see people.py"),
        _column("searches", LongType(), "rows of searches"),
        _column("variant_id", LongType(), "equal for spacing and punctuation variants: text.py"),
        _column("ending_ids", ArrayType(LongType()), "xxhash64 of its endings: text.py"),
    ]
)

#: Not stored: an ordered pair of queries in one session. A session also pairs each of its queries
#: with itself.
SESSION_PAIRS: Final = StructType(
    [
        _column("first_id", LongType(), "query_id of the one typed first"),
        _column("second_id", LongType(), "query_id of the one typed later"),
        _column("user_id", LongType(), "whose session it is"),
        _column("seconds_between", LongType(), "from the first typing of one to that of the other"),
        _column("opened", BooleanType(), "a query with itself: the session begins with it"),
    ]
)

#: daily_pairs/dt=: an ordered pair of queries in the sessions that began that day.
#: Key: first_id, second_id. A query paired with itself tells of all sessions with that query.
DAILY_PAIRS: Final = StructType(
    [
        _column("first_id", LongType(), "query_id of the one typed first"),
        _column("second_id", LongType(), "query_id of the one typed later"),
        _column("sessions", LongType(), "sessions with the pair in this order"),
        _column(
            "opened", LongType(), "of a query with itself: sessions that begin with it; else 0"
        ),
        _column(
            "searchers_sketch", ArrayType(LongType()), "of people; null for a query with itself"
        ),
        _column("seconds_between", DoubleType(), "mean from the first to the second; 0 for itself"),
        _column("soon", LongType(), "sessions with at most 120 s between; 0 for itself"),
    ]
)

#: trending/dt=/hour=: one query on the board of the window that ends at that hour.
TRENDING: Final = StructType(
    [
        _column("window_end", TimestampType(), "UTC"),
        _column("rank", IntegerType(), "from 1"),
        _column("query", StringType(), "normalised"),
        _column("surface", StringType(), "as most people typed it"),
        _column("previous_rank", IntegerType(), "on the board one window earlier; null: not on it"),
        _column("movement", StringType(), "NEW, UP, DOWN or SAME"),
        _column("searchers", LongType(), "different people in the window (sum over its hours)"),
        _column("expected_searchers", DoubleType(), "what its own past leads one to expect"),
        _column("score", DoubleType(), "signed root of a deviance, in sigmas: see trending.py"),
        _column("variants", ArrayType(StringType()), "other ways to put the same query or issue"),
    ]
)

#: related/dt=: one related query of a query, as of that day. Key: query, kind, rank.
RELATED: Final = StructType(
    [
        _column("query", StringType(), "normalised"),
        _column("kind", StringType(), "related or correction"),
        _column("rank", IntegerType(), "from 1 within query and kind"),
        _column("related_query", StringType(), "normalised"),
        _column("related_surface", StringType(), "as most people typed it"),
        _column(
            "score",
            DoubleType(),
            "share of its sessions with the other, where before it half; orders",
        ),
        _column("significance", DoubleType(), "signed root log-likelihood ratio, in sigmas"),
        _column("sessions", LongType(), "sessions with both, in either order"),
        _column("searchers", LongType(), "different people with both (estimated above 1,023)"),
        _column("next_probability", DoubleType(), "share of its sessions where the other follows"),
    ]
)

#: autocomplete/dt=: one completion of a prefix, as of that day. Key: key_kind, prefix, rank.
AUTOCOMPLETE: Final = StructType(
    [
        _column(
            "key_kind", StringType(), "keystrokes or choseong of whole queries, or tail: of endings"
        ),
        _column(
            "prefix", StringType(), "of the keys (pipeline/hangul.py); a space at its end alone"
        ),
        _column("rank", IntegerType(), "from 1"),
        _column("completion", StringType(), "as most people typed it; of a tail, the ending alone"),
        _column("searchers", LongType(), "different people (estimated above 1,023)"),
        _column("weight", DoubleType(), "searcher-days, each halved per half-life of its age"),
    ]
)

#: runs/dt=: one run of a job, by the day on which it ended. Key: run_id. Holds nobody's id.
RUNS: Final = StructType(
    [
        _column("run_id", StringType(), "random"),
        _column("started_at", TimestampType(), "UTC"),
        _column("ended_at", TimestampType(), "UTC"),
        _column("seconds", DoubleType(), "from start to end"),
        _column("job", StringType(), "jobs/trending.py"),
        _column("version", StringType(), "of Silgeom"),
        _column(
            "arguments",
            MapType(StringType(), StringType()),
            "not the defaults; of one that names a person only that it was given",
        ),
        _column("host", StringType(), "where the job was started"),
        _column(
            "outcome",
            StringType(),
            "done, nothing_to_do, refused, unreachable, failed or interrupted",
        ),
        _column("exit_status", IntegerType(), ""),
        _column("message", StringType(), "the sentence of a refusal; the kind of a failure"),
        _column("files", LongType(), "in the landing folder"),
        _column("files_read", LongType(), "new, changed or set aside"),
        _column("lines", LongType(), "accepted + duplicates + rejected + withheld, of these files"),
        _column("accepted", LongType(), ""),
        _column("duplicates", LongType(), ""),
        _column("rejected", LongType(), ""),
        _column("withheld", LongType(), ""),
        _column(
            "partitions_written", MapType(StringType(), LongType()), "by dataset; removed ones too"
        ),
    ]
)

#: The folders of datasets under a root.
DATASETS: Final = (
    "ledger",
    "searches",
    "rejects",
    "hourly_counts",
    "daily_counts",
    "daily_pairs",
    "trending",
    "related",
    "autocomplete",
    "runs",
)
