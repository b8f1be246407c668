"""What the jobs of insights take: a new day, a new hour, and what the page answers of a query.

    python -m silgeom.simulate LOG --plan random --searches 5000000 --users 300000 --days 14
    python -m benchmarks.insights LOG/logs
    python -m benchmarks.insights LOG/logs --only keywords analytics --hours 20 21 22

What comes before the last day of the log is taken in, and every job is run on it. Then the last day
comes in, up to the first of `--hours`, and then these hours one by one, a file each. Each time it
is taken in and the three boards are made first, which is told apart; then each job runs, a process
of its own, from its start to its end. On a copy of the root all but keywords run in one process, as
`silgeom run all` has them. The page is asked for queries at the end.
"""

import argparse
import asyncio
import gzip
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import polars as pl

from benchmarks.measure import PROJECT, Cost, measured
from benchmarks.report import Goal, Table, goals, machine
from benchmarks.web import got, served
from pipeline.language import morphemes

JOBS: Final = ("keywords", "patterns", "analytics", "keyword_tool", "categories")
BOARDS: Final = ("trending", "related", "autocomplete")
#: What comes first, each time: no job of insights.
BEFORE: Final = "taken in, three boards"
#: All but keywords, by `silgeom run all`.
AT_ONCE: Final = "the others in one process"
RULES: Final = PROJECT / "docs" / "examples" / "categories.toml"

#: At most: seconds of keywords of a new day, of all others together, of a job at a new hour; GB of
#: a job; ms of an answer.
DAY_OF_KEYWORDS, DAY_OF_OTHERS, HOUR, PEAK_GB, ANSWER_MS = 20.0, 10.0, 2.0, 2.0, 50.0

#: Of a query on the page.
ASKED: Final = (
    "/query?q={}",
    "/keywords?q={}",
    "/api/keywords?q={}",
    "/api/query?q={}",
    "/analytics",
    "/patterns",
)
QUERIES: Final = 40
#: Words that are analysed to measure how fast that is.
WORDS: Final = 20_000

_TIME: Final = re.compile(rb"^.{0,40}?(\d{4}-[01]\d-[0-3]\d)T([0-2]\d)")


def cut(log: Path, landing: Path, hours: Sequence[int]) -> list[tuple[str, bytes]]:
    """Lay what comes before the last day into a landing folder.

    Returns:
        What comes later, as names and lines: the day up to the first of the hours, then each hour.
    """
    contents = {file.name: _read(file) for file in sorted(log.iterdir())}
    # Some lines tell none: a simulated log has broken ones.
    newest = (next(filter(None, map(_time, reversed(each))), None) for each in contents.values())
    last = max(each[0] for each in newest if each)
    pieces: dict[int, list[bytes]] = {hour: [] for hour in (-1, *hours)}
    for name, lines in contents.items():
        kept = []
        for line in lines:
            told = _time(line)
            if told is None or told[0] != last:
                kept.append(line)
            elif told[1] < min(hours):
                pieces[-1].append(line)
            elif told[1] in pieces:
                pieces[told[1]].append(line)
        if any(map(_time, kept)):  # more than a header
            (landing / name.removesuffix(".gz")).write_bytes(b"".join(kept))
    return [
        ("new day" if hour < 0 else f"hour {hour:02}", b"".join(lines))
        for hour, lines in pieces.items()
    ]


def _read(file: Path) -> list[bytes]:
    content = file.read_bytes()
    return (gzip.decompress(content) if file.suffix == ".gz" else content).splitlines(True)


def _time(line: bytes) -> tuple[bytes, int] | None:
    found = _TIME.match(line)
    return (found[1], int(found[2])) if found else None


def run(job: str, landing: Path, root: Path) -> Cost:
    """A job with its defaults, from its start to its end."""
    command: list[str | Path] = [sys.executable, "-m", "silgeom", "run", job]
    if job == "categories":
        command += ["--rules", RULES]
    return measured([*command, "--landing", landing, "--root", root])


def at_once(landing: Path, root: Path, copy: Path) -> Cost:
    """`silgeom run all` on a copy of the root, where boards and keywords are up to date."""
    shutil.copytree(root, copy)
    run("keywords", landing, copy)
    cost = run("all", landing, copy)
    shutil.rmtree(copy)
    return cost


def all_of(jobs: Sequence[str]) -> bool:
    """Whether these are all jobs: `run all` runs those that the root had before."""
    return set(jobs) == set(JOBS)


def together(costs: Sequence[Cost]) -> Cost:
    """One after the other."""
    return Cost(
        sum(each.seconds for each in costs),
        sum(each.cpu_seconds for each in costs),
        max(each.peak_gb for each in costs),
    )


def analysed_a_second(root: Path) -> float | None:
    """Words that the analyser takes apart in a second of a core; None: there is none."""
    if not morphemes.loaded().version:
        return None
    newest = max((root / "words").glob("dt=*"))
    words = pl.scan_parquet(newest / "*.parquet", hive_partitioning=False).select("token")
    tokens = words.filter(pl.col("token").str.contains("[가-힣]")).collect()["token"]
    tokens = tokens.filter(~tokens.str.contains(" ", literal=True))
    sample = tokens.sample(min(WORDS, len(tokens)), seed=1)
    began = time.process_time()
    morphemes.pieces(sample)
    return len(sample) / (time.process_time() - began)


def answers(root: Path, index: Path) -> Iterator[tuple[str, float, float]]:
    """Each address with the median and the longest time of its answers, in milliseconds."""
    newest = max((root / "keyword_tool").glob("dt=*"))
    largest = pl.scan_parquet(newest / "*.parquet", hive_partitioning=False).select("query")
    queries = largest.head(1_000).collect()["query"].sample(QUERIES, seed=1).to_list()
    with served(root, index) as (_, port, _):
        for address in ASKED:
            times = []
            for query in [queries[0], *queries]:
                began = time.perf_counter()
                asyncio.run(got(port, address.format(quote(query))))
                times.append((time.perf_counter() - began) * 1000)
            ordered = sorted(times[1:])  # the first reads what the others find read
            yield address, ordered[len(ordered) // 2], ordered[-1]


def size_of(root: Path) -> tuple[int, int]:
    """Searches, and different queries."""
    counts = pl.scan_parquet(root / "daily_counts" / "**" / "*.parquet", hive_partitioning=False)
    told = counts.select(pl.col("searches").sum(), pl.col("query_id").n_unique()).collect()
    return int(told["searches"][0]), int(told["query_id"][0])


def measure(folder: Path, args: argparse.Namespace, say: Callable[[str], object]) -> list[Goal]:
    """Measure, telling each table as it is there."""
    landing, root = folder / "landing", folder / "root"
    landing.mkdir()
    pieces = cut(args.log, landing, args.hours)
    for job in (*BOARDS, *args.only):
        run(job, landing, root)
    found: dict[str, dict[str, Cost]] = {}
    for number, (name, lines) in enumerate(pieces):
        (landing / f"piece-{number:02}.tsv").write_bytes(lines)
        costs = {BEFORE: together([run(job, landing, root) for job in BOARDS])}
        costs |= {AT_ONCE: at_once(landing, root, folder / "copy")} if all_of(args.only) else {}
        costs |= {job: run(job, landing, root) for job in args.only}
        found[name] = costs
        rows = [
            [what, round(each.seconds, 1), round(each.cpu_seconds, 1), round(each.peak_gb, 2)]
            for what, each in costs.items()
        ]
        title = f"{name}, {lines.count(10):,} lines"
        say(f"{title}\n\n{Table(['', 's', 'CPU s', 'GB'], rows).as_text()}")
    searches, queries = size_of(root)
    say(f"{searches:,} searches, {queries:,} different queries. {machine('polars')}.")
    if "keywords" in args.only and (speed := analysed_a_second(root)):
        say(f"{speed:,.0f} words analysed a second of a core")
    return [*_reached(found), *_of_page(root, folder, say)]


def _reached(found: dict[str, dict[str, Cost]]) -> Iterator[Goal]:
    for name, costs in found.items():
        jobs = {job: each for job, each in costs.items() if job not in (BEFORE, AT_ONCE)}
        if not name.startswith("hour"):
            others = [each for job, each in jobs.items() if job != "keywords"]
            if "keywords" in jobs:
                yield Goal(f"{name}: s, keywords", DAY_OF_KEYWORDS, jobs["keywords"].seconds)
            if others:
                took = together(others).seconds
                yield Goal(f"{name}: s, the others one by one", DAY_OF_OTHERS, took)
            if AT_ONCE in costs:
                took = costs[AT_ONCE].seconds
                yield Goal(f"{name}: s, {AT_ONCE}", DAY_OF_OTHERS, took)
        else:
            for job, each in jobs.items():
                yield Goal(f"{name}: s, {job}", HOUR, each.seconds)
        yield Goal(f"{name}: GB", PEAK_GB, max(each.peak_gb for each in jobs.values()))


def _of_page(root: Path, folder: Path, say: Callable[[str], object]) -> list[Goal]:
    if not (root / "keyword_tool").exists():
        return []
    times = list(answers(root, folder / "index"))
    rows = [[address, round(median, 1), round(most, 1)] for address, median, most in times]
    say(Table(["page", "median ms", "longest ms"], rows).as_text())
    return [Goal(f"{address}: ms, median", ANSWER_MS, median) for address, median, _ in times]


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path, help="a folder of benchmarks.log, or of a simulation")
    some = "of the last day, that come in after the rest of it (default: 21 22 23)"
    parser.add_argument("--hours", type=int, nargs="+", default=[21, 22, 23], help=some)
    parser.add_argument("--only", nargs="+", default=[*JOBS], choices=JOBS, metavar="JOB")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the root there")
    args = parser.parse_args()

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="insights-") as folder:
        if args.keep:
            args.keep.mkdir(parents=True)
        say(goals(measure(args.keep or Path(folder), args, say)).as_text())


if __name__ == "__main__":
    main()
