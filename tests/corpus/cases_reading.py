"""Lines and records: their ends, their lengths, and how they are packed."""

import bz2
import gzip
import itertools
import json
import socket
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.corpus.case import (
    TIME,
    Case,
    Content,
    Expected,
    line,
    log,
    passed_over,
    set_aside,
    taken,
)
from tests.corpus.table import AnyCase

_numbers = itertools.count()
TWENTY = [f"검색 {number}" for number in range(20)]


def one(name: str, what: str, file: str, content: Content, expected: Expected) -> Case:
    return Case(f"reading-{name}", what, {file: content}, {file: expected})


def with_cr(*queries: str) -> bytes:
    return log(*queries).replace("\n", "\r").encode()


def giant(packed: bool) -> Content:
    """A line of 40 MB between two searches, written piece by piece."""

    def write(path: Path) -> None:
        with gzip.open(path, "wb", 1) if packed else path.open("wb") as file:
            file.write(line("날씨").encode())
            for _ in range(40):
                file.write(b"x" * 1_000_000)
            file.write(b"\n" + line("환율").encode())

    return write


def long_first(path: Path) -> None:
    path.write_bytes(b"x" * 20_000_000 + b"\n" + log("날씨", "환율").encode())


def bind(path: Path) -> None:
    """A socket; its name is short enough for any folder of tests."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"/proc/self/cwd/../{path}" if len(str(path)) > 100 else str(path))


def csv(*rows: str) -> str:
    return "time,user,query\n" + "".join(f"{TIME},{row}\n" for row in rows)


def as_json(user: object, query: object) -> str:
    return json.dumps({"searched_at": TIME, "user": user, "query": query}) + "\n"


def plain_pandas(path: Path) -> None:
    """A frame as pandas writes it: nanoseconds, and a user that is a number with gaps."""
    times = pd.to_datetime([TIME, TIME, TIME])
    frame = pd.DataFrame({"time": times, "user": [71.0, 71.0, None], "query": ["a", "b", "c"]})
    frame.to_parquet(path)


def users_of(kind: pa.DataType, values: list[object]) -> Content:
    def write(path: Path) -> None:
        columns = {
            "time": [TIME] * len(values),
            "user": pa.array(values, kind),
            "query": [f"{kind} {number}" for number in range(len(values))],
        }
        pq.write_table(pa.table(columns), path)

    return write


def parquet(**columns: object) -> Content:
    """One row by a person of its own."""
    usual = {"time": [TIME], "user": [f"reading {next(_numbers)}"], "query": ["날씨"]}
    return lambda path: pq.write_table(pa.table({**usual, **columns}), path)


CASES: list[AnyCase] = [
    one("cr", "line ends of old Macs", "a.tsv", with_cr(*TWENTY), taken(*TWENTY)),
    one(
        "cr-gzip",
        "line ends of old Macs, in gzip",
        "a.tsv.gz",
        gzip.compress(with_cr(*TWENTY)),
        taken(*TWENTY),
    ),
    one(
        "cr-utf16",
        "line ends of old Macs in UTF-16",
        "a.tsv",
        b"\xff\xfe" + with_cr(*TWENTY).decode().encode("utf-16-le"),
        taken(*TWENTY, charset="UTF-16LE"),
    ),
    one(
        "cr-cp949",
        "line ends of old Macs in CP949",
        "a.tsv",
        with_cr(*TWENTY).decode().encode("cp949"),
        taken(*TWENTY, charset="CP949"),
    ),
    one(
        "cr-then-lf",
        "line ends of old Macs, after the first 64 KiB others",
        "a.tsv",
        with_cr(*["날씨"] * 2000) + log("환율", "로또").encode(),
        taken(*["날씨"] * 2000, "환율", "로또"),
    ),
    one(
        "cr-csv",
        "CSV with line ends of old Macs",
        "a.csv",
        csv("cr csv,날씨", "cr csv,환율").replace("\n", "\r"),
        taken("날씨", "환율", skipped=1),
    ),
    one(
        "gzip-first-empty",
        "gzip whose first member is empty",
        "a.tsv.gz",
        gzip.compress(b"") + gzip.compress(log(*TWENTY).encode()),
        taken(*TWENTY),
    ),
    one(
        "gzip-empty-between",
        "gzip with an empty member between others",
        "a.tsv.gz",
        gzip.compress(log("날씨").encode()) + gzip.compress(b"") + gzip.compress(line().encode()),
        taken("날씨", "날씨"),
    ),
    one(
        "gzip-padded",
        "gzip with zero bytes behind it, as on a tape",
        "a.tsv.gz",
        gzip.compress(log(*TWENTY).encode()) + bytes(512),
        taken(*TWENTY),
    ),
    one(
        "gzip-tail",
        "gzip with something else behind it",
        "a.tsv.gz",
        gzip.compress(log("날씨").encode()) + b"something else",
        set_aside("damaged"),
    ),
    one(
        "bzip2-blocks",
        "bzip2 of several blocks",
        "a.tsv.bz2",
        bz2.compress(log(*TWENTY * 1500).encode(), 1),
        taken(*TWENTY * 1500),
    ),
    one(
        "bzip2-streams",
        "bzip2 of several streams",
        "a.tsv.bz2",
        bz2.compress(log("날씨").encode()) + bz2.compress(log("환율").encode()),
        taken("날씨", "환율"),
    ),
    one(
        "lz4-only-named",
        "text that is named .lz4",
        "a.tsv.lz4",
        log("날씨", "환율"),
        taken("날씨", "환율"),
    ),
    one(
        "giant",
        "a line of 40 MB",
        "a.tsv",
        giant(packed=False),
        taken("날씨", "환율", rejected={"too_long": 1}),
    ),
    one(
        "giant-gzip",
        "a line of 40 MB in gzip",
        "a.tsv.gz",
        giant(packed=True),
        taken("날씨", "환율", rejected={"too_long": 1}),
    ),
    one(
        "giant-first",
        "a line of 20 MB at the beginning",
        "a.tsv",
        long_first,
        taken("날씨", "환율", rejected={"too_long": 1}),
    ),
    one(
        "csv-line-break",
        "a line break inside quotes",
        "a.csv",
        csv('c1,"서울\n날씨"', "c2,환율"),
        taken("서울 날씨", "환율", skipped=1),
    ),
    one(
        "csv-forged",
        "a line inside quotes that looks like a search",
        "a.csv",
        csv(f'c3,"날씨\n{TIME},forged,로또\n예보"', "c4,환율"),
        taken(f"날씨 {TIME.lower()},forged,로또 예보", "환율", skipped=1, people=2),
    ),
    one(
        "csv-open",
        "a quote that is never closed",
        "a.csv",
        csv('c5,"monitor', "c6,환율", 'c7,"로또"'),
        taken("환율", "로또", skipped=1, rejected={"too_few_columns": 1}),
    ),
    one(
        "json-two",
        "two objects on a line",
        "a.jsonl",
        as_json("j1", "a") + as_json("j1", "b")[:-1] + as_json("j1", "c") + as_json("j1", "d"),
        taken("a", "d", rejected={"too_few_columns": 1}),
    ),
    one(
        "json-array",
        "an array of searches on a line",
        "a.jsonl",
        as_json("j2", "a") + f"[{as_json('j2', 'b')[:-1]}]\n" + as_json("j2", "d"),
        taken("a", "d", rejected={"too_few_columns": 1}),
    ),
    one(
        "json-no-texts",
        "true, NaN, an array and an object as query",
        "a.jsonl",
        "".join(as_json("j3", each) for each in ("a", True, float("nan"), ["b"], {"b": 1})),
        taken("a", rejected={"blank_query": 4}),
    ),
    one(
        "json-user-number",
        "one user as text, as whole number and with .0",
        "a.jsonl",
        "".join(as_json(user, f"q{n}") for n, user in enumerate(["17", 17, 17.0])),
        taken("q0", "q1", "q2", people=1),
    ),
    one(
        "pandas",
        "plain pandas: nanoseconds, users as numbers with gaps",
        "a.parquet",
        plain_pandas,
        taken("a", "b", people=1, times=["2026-03-02T00:00:00"] * 2, rejected={"no_user": 1}),
    ),
    one(
        "parquet-user-list",
        "lists as users",
        "a.parquet",
        users_of(pa.list_(pa.int64()), [[1], [2, 3]]),
        taken(rejected={"no_user": 2}),
    ),
    one(
        "parquet-user-nan",
        "NaN as user",
        "a.parquet",
        users_of(pa.float64(), [float("nan"), 3.5]),
        taken(count=1, rejected={"no_user": 1}),
    ),
    one(
        "parquet-user-unsigned",
        "the largest number as user",
        "a.parquet",
        users_of(pa.uint64(), [2**64 - 1]),
        taken(count=1),
    ),
    one(
        "parquet-date-alone",
        "a date without a time",
        "a.parquet",
        parquet(time=pa.array([20_000], pa.date32())),
        taken(rejected={"bad_time": 1}),
    ),
    one(
        "parquet-time-alone",
        "a time without a date",
        "a.parquet",
        parquet(time=pa.array([3_600_000_000], pa.time64("us"))),
        taken(rejected={"bad_time": 1}),
    ),
    one(
        "parquet-time-beside",
        "a time of day to the nanosecond, in a column beside",
        "a.parquet",
        parquet(more=pa.array([1], pa.time64("ns"))),
        taken("날씨"),
    ),
    one(
        "parquet-bytes",
        "texts as bytes",
        "a.parquet",
        parquet(query=pa.array(["날씨".encode()], pa.binary())),
        taken("날씨"),
    ),
    one(
        "parquet-categories",
        "categories of numbers as users",
        "a.parquet",
        users_of(pa.int64(), [5, 5]),
        taken(count=2, people=1),
    ),
    Case(
        "reading-parquet-colon",
        "Parquet of a name with a colon",
        {"09:00.parquet": parquet(user=["reading colon"])},
        {"09:00.parquet": taken("날씨")},
    ),
    Case(
        "reading-socket",
        "a socket",
        {"log.tsv": log("날씨"), "s": bind},
        {"log.tsv": taken("날씨"), "s": passed_over("socket")},
    ),
    Case(
        "reading-hidden-itself",
        "a file of a hidden name in a folder of such a name",
        {"log.tsv": log("날씨"), "_delta_log/_00.json": log("환율")},
        {"log.tsv": taken("날씨")},
    ),
]
