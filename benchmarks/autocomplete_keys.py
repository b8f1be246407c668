"""What keys and tails cost: completions by both against plain prefixes of the text alone.

    python benchmarks/autocomplete_keys.py [--queries 1000000] [--rounds 3] [--min-searchers 5]

Counts of that many different queries (12 keys on average, Zipf's law) are made once; then plain
prefixes, keystrokes and initials, and these with tails are computed from them in turn, and written
as one file, as the job does. Some 2 % of the queries pass the floor of 5 people; all pass
`--min-searchers 1`, which is the worst case.

Told are seconds, and seconds of CPU of all threads: on a machine with other work, compare those.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from pathlib import Path
from statistics import median
from typing import Final
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import polars as pl

from pipeline.counting.days import counted, daily_counts
from pipeline.counting.groups import Ints
from pipeline.language.queries import ids
from pipeline.results import completions as autocomplete
from silgeom.simulate.material import material
from silgeom.tables import table

DAY: Final = date(2026, 3, 15)


def made_counts(queries: int) -> pl.DataFrame:
    """Counts of one day: every query once, and as many searches again by Zipf's law."""
    words = pl.Series(
        sorted(
            {word for heads in material()[0] for text, _ in heads.queries for word in text.split()}
        )
    )
    chance = np.random.default_rng(1)
    zipf = np.floor(float(queries) ** chance.random(queries)).astype(np.int64) - 1
    number = np.concatenate([np.arange(queries), zipf])
    rest = number // len(words) ** 2
    texts = pl.DataFrame(
        {
            "first": words.gather(number % len(words)),
            "second": words.gather(number // len(words) % len(words)),
            "rest": rest,
        }
    ).select(
        query=pl.concat_str(
            "first",
            pl.lit(" "),
            "second",
            pl.when(pl.col("rest") > 0).then(pl.col("rest").cast(pl.String)).otherwise(pl.lit("")),
        ).str.to_lowercase()
    )
    people = chance.integers(-(2**63), 2**63 - 1, len(number))
    searches = texts.select(
        "query", surface="query", user_id=pl.Series(people), query_id=ids(texts["query"])
    )
    return daily_counts(counted(searches)).with_columns(dt=pl.lit(str(DAY)))


def as_it_is(rows: pl.DataFrame) -> pl.DataFrame:
    """Slips and all."""
    return rows


def no_tails(*_: object) -> pl.DataFrame:
    """The endings of nothing."""
    schema = {
        "query": pl.String,
        "completion": pl.String,
        "weight": pl.Float64,
        "searchers": pl.Int64,
    }
    return pl.DataFrame(schema=schema)


def no_words(*_: object) -> tuple[pl.Series, Ints]:
    """A prefix of the text that ends with a space is one like any other."""
    return pl.Series([], dtype=pl.String), np.zeros(0, dtype=np.int64)


def no_initials(queries: pl.Series) -> pl.Series:
    """Nothing, of every query."""
    return pl.repeat("", len(queries), eager=True)


def keys_alone() -> AbstractContextManager[object]:
    """Completion by keystrokes and initials, without the endings of queries."""
    return patch.object(autocomplete, "_tails", no_tails)


@contextmanager
def text_alone() -> Iterator[None]:
    """Completion by plain prefixes, in place of what makes and uses keys."""
    with (
        keys_alone(),
        patch.object(autocomplete, "keystrokes", lambda queries: queries),
        patch.object(autocomplete, "choseong", no_initials),
        patch.object(autocomplete, "_without_slips", as_it_is),
        patch.object(autocomplete, "_word_prefixes", no_words),
    ):
        yield


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--min-searchers", type=int, default=5)
    args = parser.parse_args()
    ways: dict[str, Callable[[], AbstractContextManager[object]]] = {
        "text alone": text_alone,
        "keys": keys_alone,
        "keys and tails": nullcontext,
    }
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    rows: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="autocomplete_keys") as folder:
        made_counts(args.queries).write_parquet(f"{folder}/counts.parquet")
        counts = pl.scan_parquet(f"{folder}/counts.parquet")
        for _ in range(args.rounds):
            for way, patched in ways.items():
                began, cpu = time.monotonic(), time.process_time()
                with patched():
                    made = autocomplete.completions(
                        counts, as_of=DAY, min_searchers=args.min_searchers
                    )
                made.write_parquet(f"{folder}/result.parquet", compression_level=1)
                taken[way].append((time.monotonic() - began, time.process_time() - cpu))
                rows[way] = len(made)
    base = [median(each) for each in zip(*taken["text alone"], strict=True)]
    lines = []
    for way, times in taken.items():
        seconds, cpu = (median(each) for each in zip(*times, strict=True))
        lines.append((way, rows[way], seconds, seconds / base[0], cpu, cpu / base[1]))
    print(f"{args.queries:,} different queries, median of {args.rounds} rounds\n")  # noqa: T201
    print(table(["completed by", "rows", "seconds", "×", "CPU seconds", "× "], lines))  # noqa: T201


if __name__ == "__main__":
    main()
