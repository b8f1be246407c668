"""A log for benchmarks: as large as wanted, with the spellings that make work, and nothing else.

    python -m benchmarks.log FOLDER [--searches 5000000] [--days 14] [--clicks 0.45] [--people N]

A million different queries of two words and 13 characters by Zipf's law, sessions of related
queries, 15 % with upper case, 4 % with stray spaces, 3 % decomposed (NFD); 30 queries burst in the
last hour. One file a day, and the last two hours in a file each. No robots, personal data, slips
or broken lines: what rivals would have to agree on before their results can be compared. With
`--clicks` that share of the searches has a click, of an address of the query, at a rank of 1 to 10.

A log of more days has the same last days, search for search, if it has as many searches a day.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Final
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

ZONE: Final = timezone(timedelta(hours=9))
LAST_DAY: Final = date(2026, 3, 15)
LAST_HOUR, HOUR_BEFORE = "last-hour.tsv", "last-hour-but-one.tsv"
WORDS: Final = 1_000
QUERIES: Final = WORDS * WORDS
UPPER_CASE: Final = 0.15
STRAY_SPACES: Final = 0.04
DECOMPOSED: Final = 0.03
BURSTS: Final = 30
#: Searches of each hour of the day, a twelfth at its peak.
HOURS: Final = np.array([3, 2, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 9, 8, 8, 8, 8, 8, 8, 9, 9, 9, 7, 5])


@dataclass(frozen=True)
class Skew:
    """What makes a log of the same size uneven."""

    #: The part of all searches that are for one query.
    head: float = 0.0
    #: The searches of one user.
    robot: int = 0
    #: The number of files; 0 is one a day and the last two hours.
    files: int = 0


EVEN: Final = Skew()


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


def day_of(
    day: date, searches: int, people: int, skew: Skew = EVEN
) -> Iterator[tuple[np.ndarray, ...]]:
    """One day in chunks of sessions: second of the day, user, query; not sorted."""
    draw = np.random.default_rng([day.toordinal(), searches])
    if skew.robot:
        seconds = draw.choice(86_000, skew.robot, replace=False)
        yield seconds, np.full(skew.robot, people), zipf(skew.robot, draw)
    starts = int((searches - skew.robot) / 3)  # a session has three searches on average, 1 to 5
    weights = HOURS / HOURS.sum()
    second = draw.choice(24, starts, p=weights) * 3600 + draw.integers(0, 3000, starts)
    user = draw.integers(0, people, starts)
    topic = zipf(starts, draw)
    sizes = draw.integers(1, 6, starts)
    for step in range(5):
        going = sizes > step
        # What follows shares a word with what came first.
        query = topic if step == 0 else topic // WORDS * WORDS + (topic + step * 7) % WORDS
        if skew.head:
            query = np.where(draw.random(starts) < skew.head, 0, query)
        yield second[going] + step * 120 + user[going] % 60, user[going], query[going]
    if day == LAST_DAY:
        size = max(40, searches // 2_000)
        burst = np.arange(BURSTS) * 31_337 % QUERIES
        fans = np.repeat(burst, size - np.arange(BURSTS) * (size // (2 * BURSTS)))
        # Each comes for two of them: people, not accounts made for one query.
        fan = draw.integers(0, people, len(fans))
        yield 23 * 3600 + draw.integers(0, 3000, len(fans)), fan, fans
        yield 22 * 3600 + draw.integers(0, 3000, len(fans)), fan, zipf(len(fans), draw)


def clicked(table: pa.Table, query: np.ndarray, share: float, seed: list[int]) -> pa.Table:
    """The searches with the columns of clicks, of which that share of them has one."""
    draw = np.random.default_rng(seed)
    rank = np.minimum(draw.geometric(0.35, len(query)), 10)
    has = pa.array(draw.random(len(query)) < share)
    address = pc.binary_join_element_wise(
        "https://a.example/", pc.cast(pa.array(query * 10 + rank), pa.string()), ""
    )
    columns = {"clicked_url": address, "clicked_rank": pc.cast(pa.array(rank), pa.string())}
    for name, values in columns.items():
        table = table.append_column(name, pc.if_else(has, values, ""))
    return table


def write(
    folder: Path,
    *,
    searches: int,
    days: int,
    skew: Skew = EVEN,
    clicks: float = 0.0,
    people: int | None = None,
) -> None:
    """Write a file for each day and for the last two hours, in the project's own log format."""
    folder.mkdir(parents=True, exist_ok=True)
    a_day = searches // days
    people = people or max(1_000, a_day * 14 // 25)
    for number in range(days):
        day = LAST_DAY - timedelta(days=days - 1 - number)
        parts = list(day_of(day, a_day, people, Skew(skew.head, skew.robot // days)))
        second, user, query = (np.concatenate(column) for column in zip(*parts, strict=True))
        # A person's searches of one second are one: keep them apart from the start.
        _, kept = np.unique(np.minimum(second, 86_399) + user * 86_400, return_index=True)
        kept = kept[np.argsort(second[kept], kind="stable")]
        second, user, query = np.minimum(second[kept], 86_399), user[kept], query[kept]
        text = spelled(query, np.random.default_rng([day.toordinal(), 7]))
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE)
        began = int(midnight.timestamp()) + 9 * 3600  # clocks of Asia/Seoul
        time = pc.strftime(
            pa.array(began + second, pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%S+09:00"
        )
        table = pa.table(
            {"time": time, "user": pc.cast(pa.array(user), pa.string()), "query": text}
        )
        if clicks:
            table = clicked(table, query, clicks, [day.toordinal(), 11])
        if skew.files:
            first, end = (skew.files * n // days for n in (number, number + 1))
            cuts = np.linspace(0, len(table), end - first + 1).astype(int)
            for file, (low, high) in enumerate(pairwise(cuts), first):
                put(table.slice(low, high - low), folder / f"part-{file:05}.tsv")
        else:
            hours = [22 * 3600, 23 * 3600] if day == LAST_DAY else []
            cuts = np.array([0, *np.searchsorted(second, hours), len(table)])
            names = [f"day-{number + 1:03}.tsv", HOUR_BEFORE, LAST_HOUR]
            for name, low, high in zip(names, cuts, cuts[1:], strict=False):
                put(table.slice(low, high - low), folder / name)


def lay(folder: Path, files: Iterable[Path]) -> None:
    """Let just these files be in `folder`; one that was there before has not changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {file.name: file for file in files}
    for there in folder.iterdir():
        if there.name not in wanted:
            there.unlink()
    for name, file in wanted.items():
        if not (folder / name).exists():
            os.link(file, folder / name)


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
    parser.add_argument("--clicks", type=float, default=0.0, help="share of searches with one")
    parser.add_argument("--people", type=int, help="who search (default: one in 25 searches)")
    args = parser.parse_args()
    write(
        args.folder,
        searches=args.searches,
        days=args.days,
        clicks=args.clicks,
        people=args.people,
    )


if __name__ == "__main__":
    main()
