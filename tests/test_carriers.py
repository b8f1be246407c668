"""Both carriers give the same rows, in one piece and spilled to disk."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pytest

from pipeline import schemas
from pipeline.carriers.in_process import InProcess
from pipeline.carriers.session import Session, in_process
from pipeline.carriers.steps import Mapped, StepFailedError
from pipeline.errors import UnreadableFileError
from pipeline.runs import count as counting
from pipeline.runs import publish as publishing
from pipeline.runs import published as publish
from pipeline.runs.count_addresses import refresh_daily_addresses
from pipeline.runs.count_devices import refresh_daily_devices
from pipeline.runs.inspection import Landing
from pipeline.runs.published import (
    AnalyticsOptions,
    AutocompleteOptions,
    KeywordsOptions,
    KeywordToolOptions,
    PatternOptions,
    RelatedOptions,
    TrendingOptions,
)
from pipeline.runs.stale import SessionRules
from pipeline.runs.take_in import take_in
from pipeline.runs.wording import refresh_keyword_days
from pipeline.store.root import Root, open_root
from tests.factories import at

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOW = at("2026-03-20T00:00:00")
EVENING = at("2026-03-15T22:30:00+09:00")  # things have happened
KEYS = {
    "searches": ["searched_at", "user_id", "query_id"],
    "rejects": ["source", "line", "reason", "text"],
    "hourly_counts": ["hour", "query_id"],
    "daily_counts": ["dt", "query_id"],
    "daily_pairs": ["dt", "first_id", "second_id"],
    "words": ["dt", "token"],
    "query_keywords": ["dt", "query_id", "keyword_id"],
    "daily_keywords": ["dt", "keyword_id"],
    "hourly_keywords": ["hour", "keyword_id"],
    "trending": ["rank"],
    "related": ["query", "kind", "rank"],
    "autocomplete": ["key_kind", "prefix", "rank"],
    "keywords": ["rank"],
    "trending_words": ["rank"],
    "daily_devices": ["dt", "query_id", "device"],
    "keyword_tool": ["query"],
    "daily_clicks": ["dt", "query_id", "into_id"],
    "keyword_clicks": ["dt", "query_id"],
    "daily_addresses": ["dt", "query_id", "address_id"],
    "query_analytics": ["rank"],
    "reformulations": ["query", "rank"],
    "search_quality": ["day", "band"],
    "patterns": ["query"],
}
TREND = TrendingOptions(1, 14, 72, 3, 1.0, 20, surprises_alone=False, phrasings="together")
RELATE = RelatedOptions(28, 3, 10)
WORDS = KeywordsOptions(1, 3)
HABITS = PatternOptions(28, 3, 0.5)
ANALYSE = AnalyticsOptions(28, 2, 10)
VOLUMES = KeywordToolOptions(28, 2)
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
    head = "searched_at\tuser\tquery\tclicked_rank\tresult_count\tclick_seconds\tdevice\n"
    told = [
        f"2026-03-15T{n % 3 + 9:02}:{n:02}:00\tu{n % 20}\t{query}\t{n % 4 or ''}\t{n % 5}"
        f"\t{f'{n}.5' if n % 4 else ''}\t{('mobile', 'PC', '')[n % 3]}\n"
        for n in range(60)
        for query in ("제습기", "제습기 추천")
    ]
    (folder / "told.tsv").write_text(head + "".join(told), "utf-8")
    return folder


def made_by(root: Root, landing: Path) -> None:
    take_in(root, Landing(str(landing)), now=NOW)
    end, day = publish.window_end(root, EVENING), publish.as_of_day(root, None)
    days = publish.days_until(root, day, 28)
    counting.refresh_hourly_counts(root)
    counting.refresh_daily_counts(root, days)
    refresh_daily_devices(root, days)
    counting.refresh_daily_pairs(root, days, SessionRules())
    counting.refresh_daily_clicks(root, days, SessionRules())
    refresh_daily_addresses(root, days)
    publishing.publish_trending(root, end, TREND)
    publishing.publish_related(root, day, RELATE)
    publishing.publish_autocomplete(root, day, COMPLETE)
    refresh_keyword_days(root, days, analyse=False)
    counting.refresh_hourly_keywords(root, days)
    publishing.publish_keywords(root, publish.as_of_day(root, EVENING), WORDS)
    publishing.publish_trending_words(root, end, TREND)
    for dataset in publish.ANALYTICS_RESULTS:
        publishing.publish_analytics(root, dataset, day, ANALYSE)
    publishing.publish_keyword_tool(root, day, VOLUMES)
    publishing.publish_patterns(root, day, HABITS)


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
    on_spark: Session, landing: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A root by each way, under one key, so that ids are the same."""
    roots = {}
    ways = {
        "in process": in_process(workers=1),
        "spilled": Session(InProcess(workers=2, memory_bytes=0)),
        "on spark": on_spark,
    }
    for name, session in ways.items():
        path = roots[name] = tmp_path_factory.mktemp("root") / "root"
        path.mkdir()
        (path / "_user_key").write_text(f"blake2b {'5' * 64}\n", encoding="ascii")
        with open_root(session, str(path), say=no_words) as root:
            made_by(root, landing)
    return roots


@pytest.mark.parametrize("way", ["spilled", "on spark"])
@pytest.mark.parametrize("dataset", KEYS)
def test_both_carriers_give_the_same_rows(made: dict[str, Path], dataset: str, way: str) -> None:
    expected, found = rows(made["in process"], dataset), rows(made[way], dataset)

    assert len(expected) > 1
    pd.testing.assert_frame_equal(found[expected.columns], expected)


@pytest.mark.parametrize("way", ["spilled", "on spark"])
def test_the_ledger_says_the_same(made: dict[str, Path], way: str) -> None:
    expected, found = (
        pd.read_parquet(made[name] / "ledger").sort_values("source").reset_index(drop=True)
        for name in ("in process", way)
    )
    pd.testing.assert_frame_equal(found, expected)


def test_spark_reads_the_columns_as_they_are_declared(
    spark: "SparkSession", made: dict[str, Path]
) -> None:
    kinds = {"struct<": pa.types.is_struct, "array<": pa.types.is_list}
    names = {"string": "string", "bigint": "int64", "int": "int32"}
    names |= {"double": "double", "boolean": "bool", "date": "date32[day]"}
    for dataset in KEYS:
        declared = getattr(schemas, dataset.upper())
        found = dict(spark.read.parquet(str(made["in process"] / dataset)).dtypes)
        for field in declared:
            kind = found[field.name]
            if kind in names:
                assert str(field.type) == names[kind], (dataset, field.name)
            elif kind == "timestamp":
                assert field.type == pa.timestamp("us", "UTC"), (dataset, field.name)
            else:
                is_kind = next(
                    (check for name, check in kinds.items() if kind.startswith(name)),
                    pa.types.is_list,
                )
                assert is_kind(field.type), (dataset, field.name, kind)


def test_a_file_that_cannot_be_read_is_named_by_both_carriers(
    session: Session, on_spark: Session
) -> None:
    for each in (session, on_spark):
        with pytest.raises(UnreadableFileError) as raised:
            each.carrier.map(["a.tsv", "b.tsv"], fails_on_b, each.carrier.spool())
        assert (raised.value.source, str(raised.value)) == ("b.tsv", "out of reach")


def test_a_step_that_fails_says_so_and_leaves_nothing(on_spark: Session) -> None:
    with pytest.raises(StepFailedError, match="division by zero"):
        on_spark.carrier.map(["piece"], divides_by_zero, on_spark.carrier.spool())


def fails_on_b(piece: str) -> Iterator[Mapped[None]]:
    if piece.startswith("b"):
        raise UnreadableFileError(piece, "out of reach")
    yield Mapped(None)


def divides_by_zero(_: str) -> Iterator[Mapped[float]]:
    yield Mapped(1 / 0)
