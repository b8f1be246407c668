"""A log for benchmarks: as large as wanted, with the spellings that make work, and nothing else.

    python benchmarks/log.py FOLDER [--searches 5000000] [--days 14]

A million different queries of two words and 13 characters by Zipf's law, sessions of related
queries, 15 % with upper case, 4 % with stray spaces, 3 % decomposed (NFD); 30 queries burst in the
last hour. One file a day, and the last hour in a file of its own. No robots, personal data, slips
or broken lines: what rivals would have to agree on before their results can be compared.
"""

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

START: Final = datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=9)))
WORDS: Final = 1_000
QUERIES: Final = WORDS * WORDS
UPPER_CASE: Final = 0.15
STRAY_SPACES: Final = 0.04
DECOMPOSED: Final = 0.03
BURSTS: Final = 30
#: Searches of each hour of the day, a twelfth at its peak.
HOURS: Final = np.array([3, 2, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 9, 8, 8, 8, 8, 8, 8, 9, 9, 9, 7, 5])


def words(seed: int, letters: str) -> list[str]:
    """A vocabulary of six letters each, no word twice."""
    draw = np.random.default_rng(seed)
    made: dict[str, None] = {}
    while len(made) < WORDS:
        made["".join(draw.choice(list(letters), 6))] = None
    return list(made)


def spelled(queries: np.ndarray, draw: np.random.Generator) -> pa.Array:
    """The texts of query numbers, some spelled otherwise."""
    # Words of both places share no letter, so that no query is a variant of another.
    first, second = words(1, "abcdefghijkl"), words(2, "mnopqrstuvwxyé")
    text = pc.binary_join_element_wise(
        pa.array(first).take(pa.array(queries // WORDS)),
        pa.array(second).take(pa.array(queries % WORDS)),
        " ",
    )
    chance = draw.random(len(queries))
    upper = pa.array(chance < UPPER_CASE)
    text = pc.if_else(upper, pc.utf8_upper(text), text)
    stray = pa.array(draw.random(len(queries)) < STRAY_SPACES)
    text = pc.if_else(stray, pc.replace_substring(text, " ", "  "), text)
    nfd = pa.array(draw.random(len(queries)) < DECOMPOSED)
    decomposed = pc.replace_substring(text, "é", normalize("NFD", "é"))
    return pc.if_else(nfd, pc.replace_substring(decomposed, "É", normalize("NFD", "É")), text)


def zipf(size: int, draw: np.random.Generator) -> np.ndarray:
    """Numbers of queries, the n-th about 1 / n times as often as the first."""
    number: np.ndarray = np.exp(draw.random(size) * np.log(QUERIES)).astype(np.int64)
    numbers: np.ndarray = np.minimum(number, QUERIES) - 1
    return numbers


def day_of(day: int, searches: int, people: int, days: int) -> Iterator[tuple[np.ndarray, ...]]:
    """One day in chunks of sessions: second of the day, user, query; not sorted."""
    draw = np.random.default_rng([day, searches])
    starts = int(searches / 3)  # a session has three searches on average, 1 to 5
    weights = HOURS / HOURS.sum()
    second = draw.choice(24, starts, p=weights) * 3600 + draw.integers(0, 3000, starts)
    user = draw.integers(0, people, starts)
    topic = zipf(starts, draw)
    sizes = draw.integers(1, 6, starts)
    for step in range(5):
        going = sizes > step
        # What follows shares a word with what came first.
        query = topic if step == 0 else topic // WORDS * WORDS + (topic + step * 7) % WORDS
        yield second[going] + step * 120 + user[going] % 60, user[going], query[going]
    if day == days - 1:
        size = max(40, searches // 2_000)
        burst = np.arange(BURSTS) * 31_337 % QUERIES
        fans = np.repeat(burst, size - np.arange(BURSTS) * (size // (2 * BURSTS)))
        # Each comes for two of them: people, not accounts made for one query.
        fan = draw.integers(0, people, len(fans))
        yield 23 * 3600 + draw.integers(0, 3000, len(fans)), fan, fans
        yield 22 * 3600 + draw.integers(0, 3000, len(fans)), fan, zipf(len(fans), draw)


def write(folder: Path, *, searches: int, days: int) -> None:
    """Write `day-NN.tsv` for each day and `last-hour.tsv`, in the project's own log format."""
    folder.mkdir(parents=True, exist_ok=True)
    people = max(1_000, searches // 25)
    for day in range(days):
        parts = list(day_of(day, searches // days, people, days))
        second, user, query = (np.concatenate(column) for column in zip(*parts, strict=True))
        # A person's searches of one second are one: keep them apart from the start.
        _, kept = np.unique(np.minimum(second, 86_399) + user * 86_400, return_index=True)
        kept = kept[np.argsort(second[kept], kind="stable")]
        second, user, query = np.minimum(second[kept], 86_399), user[kept], query[kept]
        text = spelled(query, np.random.default_rng([day, 7]))
        began = int((START + timedelta(days=day)).timestamp()) + 9 * 3600  # clocks of Asia/Seoul
        time = pc.strftime(
            pa.array(began + second, pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%S+09:00"
        )
        table = pa.table(
            {"time": time, "user": pc.cast(pa.array(user), pa.string()), "query": text}
        )
        is_last = pa.array((day == days - 1) & (second >= 23 * 3600))
        put(table.filter(pc.invert(is_last)), folder / f"day-{day + 1:02}.tsv")
        if day == days - 1:
            put(table.filter(is_last), folder / "last-hour.tsv")


def put(table: pa.Table, file: Path) -> None:
    """A file without header or quotes."""
    options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    csv.write_csv(table, file, options)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--searches", type=int, default=5_000_000)
    parser.add_argument("--days", type=int, default=14)
    args = parser.parse_args()
    write(args.folder, searches=args.searches, days=args.days)


if __name__ == "__main__":
    main()
