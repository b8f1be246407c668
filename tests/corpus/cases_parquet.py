"""Parquet."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.corpus.case import Case, Expected, set_aside, taken
from tests.corpus.table import AnyCase

#: 2026-03-02 09:00:01 in Seoul.
MOMENT = datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)
WALL = datetime(2026, 3, 2, 9, 0, 1)
SECOND = "2026-03-02T00:00:01"


def parquet(columns: dict[str, Any], **how: Any) -> Callable[[Path], object]:  # noqa: ANN401
    """A file of these columns (lists or Arrow arrays)."""
    table = pa.table(columns)
    return lambda path: pq.write_table(table, path, **how)


def cut(write: Callable[[Path], object], keep: int) -> Callable[[Path], object]:
    """The same with so many bytes kept."""

    def content(path: Path) -> None:
        write(path)
        path.write_bytes(path.read_bytes()[:keep])

    return content


def typed(name: str, what: str, expected: Expected | None = None, /, **columns: Any) -> Case:  # noqa: ANN401
    """One row; a text column each unless given otherwise."""
    usual = {
        "searched_at": ["2026-03-02T09:00:01+09:00"],
        "user": [f"pq {name}"],
        "query": ["날씨"],
    }
    file = parquet({**usual, **columns})
    became = taken("날씨", times=[SECOND]) if expected is None else expected
    return Case(f"parquet-{name}", what, {"log.parquet": file}, {"log.parquet": became})


def written(name: str, what: str, **how: Any) -> Case:  # noqa: ANN401
    """A file written in another way."""
    file = parquet(
        {"time": [MOMENT] * 3, "user": [f"pq {name} {n}" for n in range(3)], "query": ["날씨"] * 3},
        **how,
    )
    return Case(
        f"parquet-{name}",
        what,
        {"log.parquet": file},
        {"log.parquet": taken("날씨", "날씨", "날씨")},
    )


def stamp(unit: str, zone: str | None = None) -> pa.Array:
    return pa.array([MOMENT if zone else WALL], pa.timestamp(unit, tz=zone))


def no_text(kind: pa.DataType) -> pa.Array:
    """A text whose bytes are none."""
    return pa.Array.from_buffers(kind, 1, pa.array([b"\xff\xfe"], pa.binary()).buffers())


def twice(path: Path) -> None:
    columns = [pa.array([MOMENT]), *(pa.array([text]) for text in ("pq twice", "날씨", "환율"))]
    pq.write_table(pa.table(columns, names=["time", "user", "query", "query"]), path)


GOOD = parquet({"time": [MOMENT], "user": ["pq"], "query": ["날씨"]})

CASES: list[AnyCase] = [
    typed("text", "times as text"),
    typed("micros", "a timestamp of microseconds in UTC", searched_at=stamp("us", "UTC")),
    typed("millis", "a timestamp of milliseconds in UTC", searched_at=stamp("ms", "UTC")),
    typed("zone", "a timestamp of another zone", searched_at=stamp("us", "Asia/Seoul")),
    typed(
        "wall", "a timestamp without zone: of the reporting zone, Seoul", searched_at=stamp("us")
    ),
    typed(
        "seconds",
        "whole seconds since 1970",
        searched_at=pa.array([int(MOMENT.timestamp())], pa.int64()),
    ),
    typed(
        "epoch-millis",
        "milliseconds since 1970",
        searched_at=pa.array([int(MOMENT.timestamp()) * 1000], pa.int64()),
    ),
    typed(
        "double",
        "seconds since 1970 as a number with a fraction",
        searched_at=pa.array([MOMENT.timestamp() + 0.5], pa.float64()),
    ),
    typed(
        "no-time",
        "a time that is null",
        taken(rejected={"bad_time": 1}),
        searched_at=pa.array([None], pa.timestamp("us", tz="UTC")),
    ),
    typed(
        "far-time",
        "a timestamp of the year 9999",
        taken(rejected={"future_time": 1}),
        searched_at=pa.array([datetime(9999, 12, 31, tzinfo=UTC)], pa.timestamp("us", tz="UTC")),
    ),
    typed(
        "old-time",
        "a timestamp of the year 1",
        taken(rejected={"bad_time": 1}),
        searched_at=pa.array([datetime(1, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="UTC")),
    ),
    typed("large-text", "large strings of Arrow", query=pa.array(["날씨"], pa.large_string())),
    typed(
        "dictionary",
        "a dictionary, as pandas writes categories",
        query=pa.array(["날씨"]).dictionary_encode(),
    ),
    typed("user-integer", "an integer as user", user=pa.array([17], pa.int64())),
    typed(
        "user-null",
        "a user that is null",
        taken(rejected={"no_user": 1}),
        user=pa.array([None], pa.string()),
    ),
    typed(
        "query-null",
        "a query that is null",
        taken(rejected={"blank_query": 1}),
        query=pa.array([None], pa.string()),
    ),
    typed("query-number", "a number as query", taken("2026"), query=pa.array([2026], pa.int32())),
    typed(
        "query-all-null",
        "a column of nulls without a type",
        taken(rejected={"blank_query": 1}),
        query=pa.array([None]),
    ),
    typed(
        "line-break",
        "a line break and a tab inside a query",
        taken("내일 날씨 예보"),
        query=["내일\n날씨\t예보"],
    ),
    typed(
        "bad-text",
        "text that is no UTF-8",
        taken(rejected={"undecodable": 1}),
        query=no_text(pa.string()),
    ),
    typed(
        "bad-text-dictionary",
        "text that is no UTF-8, in a dictionary",
        taken(rejected={"undecodable": 1}),
        query=pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), no_text(pa.string())),
    ),
    typed(
        "bad-user",
        "a user that is no UTF-8",
        taken(rejected={"undecodable": 1}),
        user=no_text(pa.string()),
    ),
    typed(
        "bad-time",
        "a time that is no UTF-8",
        taken(rejected={"undecodable": 1}),
        searched_at=no_text(pa.string()),
    ),
    typed(
        "bad-bytes",
        "a query of bytes that are no UTF-8",
        taken(rejected={"undecodable": 1}),
        query=pa.array([b"\xff\xfe"], pa.binary()),
    ),
    typed("bad-beside", "text that is no UTF-8, in a column beside", more=no_text(pa.string())),
    typed("view", "texts as views", query=pa.array(["날씨"], pa.string_view())),
    typed(
        "user-decimal", "a decimal as user", user=pa.array([Decimal("17.50")], pa.decimal128(9, 2))
    ),
    Case(
        "parquet-names-twice",
        "two columns of one name: which one is meant is not known",
        {"a.parquet": twice},
        {"a.parquet": set_aside("two columns query")},
    ),
    typed("struct", "nested columns beside", more=pa.array([{"a": 1, "b": [1, 2]}])),
    written("snappy", "packed with snappy", compression="snappy"),
    written("gzip", "packed with gzip", compression="gzip"),
    written("zstd", "packed with zstd", compression="zstd"),
    written("brotli", "packed with brotli", compression="brotli"),
    written("lz4", "packed with LZ4", compression="lz4"),
    written("plain", "not packed", compression="none"),
    written("pages-2", "data pages of version 2", data_page_version="2.0"),
    written("int96", "timestamps as Impala wrote them", use_deprecated_int96_timestamps=True),
    written("row-groups", "a row group a row", row_group_size=1),
    written("no-dictionary", "no dictionaries", use_dictionary=False),
    Case(
        "parquet-empty",
        "no rows",
        {
            "a.parquet": parquet(
                {
                    "time": pa.array([], pa.timestamp("us", tz="UTC")),
                    "user": pa.array([], pa.string()),
                    "query": pa.array([], pa.string()),
                }
            )
        },
        {"a.parquet": taken()},
    ),
    Case(
        "parquet-cut",
        "a file that breaks off",
        {"a.parquet": cut(GOOD, 200)},
        {"a.parquet": set_aside("")},
    ),
    Case(
        "parquet-head-alone",
        "four bytes PAR1",
        {"a.parquet": b"PAR1"},
        {"a.parquet": set_aside("")},
    ),
    Case(
        "parquet-garbage",
        "PAR1 around garbage",
        {"a.parquet": b"PAR1" + b"garbage" * 50 + b"PAR1"},
        {"a.parquet": set_aside("")},
    ),
    Case(
        "parquet-other-suffix",
        "a file named .tsv",
        {"a.tsv": parquet({"time": [MOMENT], "user": ["pq suffix"], "query": ["날씨"]})},
        {"a.tsv": taken("날씨", format="parquet")},
    ),
    # Of one run, with what is above: other names, no names, other types.
    Case(
        "parquet-other-names",
        "other names of columns than the other files of the run",
        {
            "a.parquet": parquet(
                {"Event_Time": [MOMENT], "Visitor-ID": ["pq names"], "Keyword": ["날씨"]}
            )
        },
        {"a.parquet": taken("날씨", times=[SECOND])},
    ),
    Case(
        "parquet-no-columns",
        "no column of a search: named, and the run goes on",
        {"a.parquet": parquet({"x": [1], "y": [2]})},
        {"a.parquet": set_aside("columns")},
    ),
    Case(
        "parquet-mixed-user",
        "`user` as text in one file and as integer in another",
        {
            "a.parquet": parquet({"time": [MOMENT], "user": ["pq mixed"], "query": ["날씨"]}),
            "b.parquet": parquet({"time": [MOMENT], "user": [4711], "query": ["환율"]}),
        },
        {"a.parquet": taken("날씨"), "b.parquet": taken("환율")},
    ),
    Case(
        "parquet-mixed-time",
        "times as text in one file and as timestamps in another",
        {
            "a.parquet": parquet({"time": [MOMENT], "user": ["pq mixed t1"], "query": ["날씨"]}),
            "b.parquet": parquet(
                {"time": ["2026-03-02T09:00:01+09:00"], "user": ["pq mixed t2"], "query": ["환율"]}
            ),
        },
        {"a.parquet": taken("날씨", times=[SECOND]), "b.parquet": taken("환율", times=[SECOND])},
    ),
    typed(
        "nanos",
        "timestamps of nanoseconds, as plain pandas writes them",
        searched_at=stamp("ns", "UTC"),
    ),
    typed("nanos-wall", "timestamps of nanoseconds without zone", searched_at=stamp("ns")),
]
