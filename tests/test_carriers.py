"""Both carriers, and the expressions of Spark that they replace, give the same rows."""

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from pipeline import publish, refresh
from pipeline.carriers.in_process import InProcess
from pipeline.carriers.spark import OnSpark
from pipeline.carriers.steps import Carrier
from pipeline.columns import (
    AUTOCOMPLETE,
    DAILY_COUNTS,
    DAILY_PAIRS,
    HOURLY_COUNTS,
    REJECTS,
    RELATED,
    SEARCHES,
    TRENDING,
)
from pipeline.flow import counting, publishing
from pipeline.flow.merging import merge
from pipeline.ingest import take_in
from pipeline.inspection import Landing
from pipeline.publish import AutocompleteOptions, RelatedOptions, TrendingOptions
from pipeline.refresh import SessionRules
from pipeline.root import Root, open_root
from tests.factories import at

NOW = at("2026-03-20T00:00:00")
EVENING = at("2026-03-15T22:30:00+09:00")  # things have happened
KEYS = {
    "searches": ["searched_at", "user_id", "query_id"],
    "rejects": ["source", "line", "reason", "text"],
    "hourly_counts": ["hour", "query_id"],
    "daily_counts": ["dt", "query_id"],
    "daily_pairs": ["dt", "first_id", "second_id"],
    "trending": ["rank"],
    "related": ["query", "kind", "rank"],
    "autocomplete": ["key_kind", "prefix", "rank"],
}
TREND = TrendingOptions(1, 14, 96.0, 3, 1.0, 20)
RELATE = RelatedOptions(28, 3, 10)
COMPLETE = AutocompleteOptions(28, 14.0, 3, 10, ("도박",))


def no_words(_: str) -> None:
    """Nothing is said where nothing has to be waited for."""


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of a real simulated log, and lines of every fault, in several forms."""
    folder = tmp_path_factory.mktemp("landing")
    logs = Path(__file__).parents[1] / "sample_data" / "logs"
    for day in ("2026-03-14", "2026-03-15"):
        [path] = logs.glob(f"{day}*")
        lines = gzip.decompress(path.read_bytes()).split(b"\n")
        (folder / f"{day}.tsv").write_bytes(b"\n".join(lines[::3]))
    odd = [
        b"2026-03-15T12:00:00+09:00\thong\t010-1234-5678",
        b"2026-03-15T12:00:00+09:00\thong\t \xe3\x85\x8b\xe3\x85\x8b\xe3\x85\x8b\xe3\x85\x8b! ",
        b"2026-03-15T12:00:01+09:00\thong\tcaf\xe9",
        b"2036-03-15T12:00:00+09:00\thong\tlater",
        b"yesterday\thong\tq",
        b"2026-03-15T12:00:00+09:00\thong",
        b"x" * 70_000,
        b"",
        *[b"2026-03-15T00:%02d:%02d\tbot\tq%d" % (n // 60, n % 60, n) for n in range(501)],
    ]
    (folder / "odd.tsv").write_bytes(b"\r\n".join(odd))
    korean = "2026-03-15T23:50:00\tlee\t환율\n2026-03-16T00:05:00\tlee\t달러 환율\n"
    (folder / "korean.tsv").write_bytes(korean.encode("cp949"))
    return folder


def on_spark_expressions(root: Root, landing: Path) -> None:
    take_in(root, Landing(str(landing)), now=NOW)
    end, day = publish.window_end(root, EVENING), publish.as_of_day(root, None)
    days = publish.days_until(root, day, 28)
    refresh.refresh_hourly_counts(root)
    refresh.refresh_daily_counts(root, days)
    refresh.refresh_daily_pairs(root, days, SessionRules())
    publish.publish_trending(root, end, TREND)
    publish.publish_related(root, day, RELATE)
    publish.publish_autocomplete(root, day, COMPLETE)


def carried(root: Root, landing: Path, carrier: Carrier) -> None:
    take_in(root, Landing(str(landing)), now=NOW, merge=partial(merge, carrier=carrier))
    end, day = publish.window_end(root, EVENING), publish.as_of_day(root, None)
    days = publish.days_until(root, day, 28)
    counting.refresh_hourly_counts(root, carrier)
    counting.refresh_daily_counts(root, carrier, days)
    counting.refresh_daily_pairs(root, carrier, days, SessionRules())
    publishing.publish_trending(root, end, TREND)
    publishing.publish_related(root, day, RELATE)
    publishing.publish_autocomplete(root, day, COMPLETE)


def rows(root: Path, dataset: str) -> pd.DataFrame:
    found = pd.read_parquet(root / dataset)
    for name in ("dt", "hour"):
        if name in found.columns:
            found[name] = found[name].astype(str)
    if dataset == "rejects":
        # What is shown for a bad byte is each decoder's own.
        found["text"] = found["text"].str.replace("\ufffd", "")
        found["search"] = found["search"].map(str)
    for name in found.select_dtypes("object").columns:
        if found[name].map(lambda value: hasattr(value, "tolist")).any():
            found[name] = found[name].map(lambda value: None if value is None else list(value))
    order = [*KEYS[dataset], *(["search"] if dataset == "rejects" else [])]
    return found.sort_values(order).reset_index(drop=True)


@pytest.fixture(scope="module")
def made(
    spark: SparkSession, landing: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A root by each way, under one key, so that ids are the same."""
    roots = {}
    ways: dict[str, Callable[[Root], None]] = {
        "expressions": lambda root: on_spark_expressions(root, landing),
        "in process": lambda root: carried(root, landing, InProcess(workers=2)),
        "spilled": lambda root: carried(root, landing, InProcess(workers=1, memory_bytes=0)),
        "on spark": lambda root: carried(root, landing, OnSpark(lambda: spark)),
    }
    for name, way in ways.items():
        path = roots[name] = tmp_path_factory.mktemp("root") / "root"
        path.mkdir()
        (path / "_user_key").write_text(f"blake2b {'5' * 64}\n", encoding="ascii")
        with open_root(lambda: spark, str(path), say=no_words) as root:
            way(root)
    return roots


@pytest.mark.parametrize("way", ["in process", "spilled", "on spark"])
@pytest.mark.parametrize("dataset", KEYS)
def test_rows_are_those_of_the_expressions(made: dict[str, Path], dataset: str, way: str) -> None:
    expected, found = rows(made["expressions"], dataset), rows(made[way], dataset)

    assert len(expected) > 1
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_exact=False, rtol=1e-9)


@pytest.mark.parametrize("way", ["in process", "spilled", "on spark"])
def test_the_ledger_says_the_same(made: dict[str, Path], way: str) -> None:
    expected, found = (
        pd.read_parquet(made[name] / "ledger").sort_values("source").reset_index(drop=True)
        for name in ("expressions", way)
    )
    pd.testing.assert_frame_equal(found, expected)


def test_columns_are_those_that_spark_reads(spark: SparkSession, made: dict[str, Path]) -> None:
    declared = {
        "searches": SEARCHES,
        "rejects": REJECTS,
        "hourly_counts": HOURLY_COUNTS,
        "daily_counts": DAILY_COUNTS,
        "daily_pairs": DAILY_PAIRS,
        "trending": TRENDING,
        "related": RELATED,
        "autocomplete": AUTOCOMPLETE,
    }
    for dataset, columns in declared.items():
        of_spark = spark.read.parquet(str(made["expressions"] / dataset))
        carried_ = spark.read.parquet(str(made["in process"] / dataset))
        names = [name for name in of_spark.columns if name not in ("dt", "hour")]
        if dataset == "hourly_counts":
            names.insert(0, "hour")
        assert names == list(columns), dataset
        assert carried_.select(*names).dtypes == of_spark.select(*names).dtypes, dataset
