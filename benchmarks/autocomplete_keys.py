"""What keys and tails cost: completions by both against plain prefixes of the text alone.

    python benchmarks/autocomplete_keys.py [--queries 1000000] [--rounds 3] [--min-searchers 5]

Counts of that many different queries (12 keys on average, Zipf's law) are made once; then plain
prefixes, keystrokes and initials, and these with tails are computed from them in turn, sorted and
written as one file, as the job does. Some 2 % of the queries pass the floor of 5 people; all pass
`--min-searchers 1`, which is the worst case.

Told are seconds, and seconds of CPU where the system has /proc: on a machine with other work,
compare those.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Final
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline import autocomplete
from pipeline.counts import daily_counts
from pipeline.session import spark_session
from silgeom.simulate.material import material
from silgeom.tables import table

DAY: Final = date(2026, 3, 15)


def made_counts(spark: SparkSession, queries: int) -> DataFrame:
    """Counts of one day: every query once, and as many searches again by Zipf's law."""
    words = sorted(
        {word for heads in material()[0] for text, _ in heads.queries for word in text.split()}
    )
    pool = F.split(F.lit(" ".join(words)), " ")
    number = F.col("id")
    zipf = F.floor(F.pow(F.lit(float(queries)), F.rand(seed=1))).cast("long") - 1
    index = F.when(number < queries, number).otherwise(zipf)
    first, second = index % len(words), F.floor(index / len(words)) % len(words)
    rest = F.floor(index / len(words) ** 2)
    name = F.concat_ws(" ", F.get(pool, first.cast("int")), F.get(pool, second.cast("int")))
    query = F.lower(F.when(rest > 0, F.concat(name, rest.cast("string"))).otherwise(name))
    searches = spark.range(2 * queries).select(
        F.lit(DAY).cast("timestamp").alias("searched_at"),
        F.xxhash64("id").alias("user_id"),
        query.alias("query"),
    )
    return daily_counts(
        searches.select(
            "searched_at",
            "user_id",
            F.xxhash64("query").alias("query_id"),
            "query",
            F.col("query").alias("surface"),
            F.lit(None).cast("string").alias("clicked_url"),
            F.lit(None).cast("int").alias("clicked_rank"),
            F.lit("").alias("source"),
            F.lit(str(DAY)).alias("dt"),
        )
    )


def text_prefixes(shown: DataFrame, _: DataFrame, max_prefix: int) -> DataFrame:
    """What autocomplete would do without Hangul: each prefix of the query's characters."""
    lengths = F.sequence(F.lit(1), F.least(F.length("query"), F.lit(max_prefix)))
    return (
        shown.withColumn("length", F.explode(lengths))
        .withColumn("prefix", F.substring("query", F.lit(1), F.col("length")))
        .where(~F.endswith("prefix", F.lit(" ")))
        .withColumn("key_kind", F.lit("text"))
    )


def no_tails(queries: DataFrame, *_: object) -> DataFrame:
    """The endings of nothing."""
    return queries.select(
        "query",
        F.col("query").alias("completion"),
        F.col("searcher_days").alias("searchers"),
        F.col("weight").cast("double").alias("weight"),
    ).where(F.lit(False))


@contextmanager
def keys_alone() -> Iterator[None]:
    """Completion by keystrokes and initials, without the endings of queries."""
    with patch.object(autocomplete, "_tails", no_tails):
        yield


@contextmanager
def text_alone() -> Iterator[None]:
    """Completion by plain prefixes, in place of what makes and uses keys."""
    with (
        keys_alone(),
        patch.object(autocomplete, "keystrokes", lambda query: query),
        patch.object(autocomplete, "_without_slips", lambda shown: shown),
        patch.object(autocomplete, "_with_prefixes", text_prefixes),
    ):
        yield


@contextmanager
def as_it_is() -> Iterator[None]:
    """Completion by keys and by tails."""
    yield


def cpu_seconds(spark: SparkSession) -> float:
    """CPU time that Spark's Java has taken so far; 0 where the system does not tell."""
    try:
        stat = Path(f"/proc/{spark.sparkContext._gateway.proc.pid}/stat").read_text("utf-8")  # type: ignore[union-attr]
    except (OSError, AttributeError):
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / 100


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--min-searchers", type=int, default=5)
    args = parser.parse_args()
    ways: dict[str, Callable[[], object]] = {
        "text alone": text_alone,
        "keys": keys_alone,
        "keys and tails": as_it_is,
    }
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    rows: dict[str, int] = {}
    with (
        spark_session("autocomplete_keys") as session,
        tempfile.TemporaryDirectory(prefix="autocomplete_keys") as folder,
    ):
        spark = session()
        made_counts(spark, args.queries).write.parquet(f"{folder}/counts")
        counts = spark.read.parquet(f"{folder}/counts")
        for _ in range(args.rounds):
            for way, patched in ways.items():
                with patched():  # type: ignore[attr-defined]
                    made = autocomplete.completions(
                        counts, as_of=DAY, min_searchers=args.min_searchers
                    )
                began, cpu = time.monotonic(), cpu_seconds(spark)
                ordered = made.orderBy("key_kind", "prefix", "rank").coalesce(1)
                ordered.write.mode("overwrite").parquet(f"{folder}/result")
                taken[way].append((time.monotonic() - began, cpu_seconds(spark) - cpu))
                rows[way] = spark.read.parquet(f"{folder}/result").count()
    base = [median(each) for each in zip(*taken["text alone"], strict=True)]
    lines = []
    for way, times in taken.items():
        seconds, cpu = (median(each) for each in zip(*times, strict=True))
        lines.append((way, rows[way], seconds, seconds / base[0], cpu, cpu / (base[1] or 1.0)))
    print(f"{args.queries:,} different queries, median of {args.rounds} rounds\n")  # noqa: T201
    print(table(["completed by", "rows", "seconds", "×", "CPU seconds", "× "], lines))  # noqa: T201


if __name__ == "__main__":
    main()
