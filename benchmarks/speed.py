"""Our jobs beside DuckDB, Polars and PySpark as tutorials write it, on one log and in one go.

    make benchmark                                       5 million searches
    make benchmark ARGS='--searches 20000000'
    python -m benchmarks.speed --searches 200000 --rounds 1 --write docs/benchmark.md

Every run is a process of its own, from its start to its end (spark-submit, imports and all); the
contenders take turns. What each found is compared with what DuckDB found, row for row; a difference
ends the benchmark with exit status 1 and the first rows that differ. Memory is the resident sets of
the whole process tree added up, shared pages counted in each, looked at ten times a second.

*Ours, cold* takes the log from the landing folder into an empty root; *ours, warm* does so a second
time in one session. *Ours, the last hour* finds everything but the last hour taken in and counted,
and takes that hour in. These two are told without the start of Spark.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

import pandas as pd
import psutil

from benchmarks import log
from silgeom.tables import table

PROJECT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ("trending", "related", "autocomplete")
RIVALS: Final = {
    "DuckDB": "duckdb_sql",
    "Polars, streaming": "polars_lazy",
    "PySpark as in tutorials": "pyspark_tutorial",
}
COLD, WARM = "ours, cold", "ours, warm"
HOUR, NOTHING = "ours, the last hour", "ours, nothing to do"
#: Rows in which floating-point sums were added up in another order are equal.
TOLERANCE: Final = 1e-6


@dataclass(frozen=True)
class Run:
    """One run of a contender."""

    contender: str
    result: str
    seconds: float
    cpu_seconds: float
    peak_gb: float
    read_mb: float
    written_mb: float


class DifferentRowsError(Exception):
    """A contender found something else than DuckDB."""


def measured(contender: str, result: str, command: Sequence[str | Path]) -> Run:
    """Run a command and look at its process tree until it ends.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = psutil.Popen(
            [str(part) for part in command],
            cwd=PROJECT,
            stdout=said,
            stderr=said,
        )
        cpu: dict[int, float] = {}
        moved: dict[int, tuple[int, int]] = {}
        peak = 0
        while process.poll() is None:
            resident = 0
            for each in (process, *_children(process)):
                try:
                    with each.oneshot():
                        resident += each.memory_info().rss
                        cpu[each.pid] = sum(each.cpu_times()[:2])
                        counters = each.io_counters()
                        moved[each.pid] = (counters.read_chars, counters.write_chars)
                except psutil.Error:  # it ended in between
                    continue
            peak = max(peak, resident)
            time.sleep(0.1)
        if process.returncode:
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace")[-4000:])
            raise subprocess.CalledProcessError(process.returncode, command)
        seconds = time.monotonic() - began
    read, written = (sum(column) / 1e6 for column in zip(*moved.values(), strict=True))
    return Run(contender, result, seconds, sum(cpu.values()), peak / 1e9, read, written)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def compare(contender: str, result: str, found: Path, truth: Path) -> int:
    """The number of rows, if they are those of `truth`.

    Raises:
        DifferentRowsError: they are not; its text shows the first.
    """
    ours, theirs = pd.read_parquet(found), pd.read_parquet(truth)
    keys = [name for name in theirs if theirs[name].dtype != float]
    both = theirs.merge(ours, on=keys, how="outer", suffixes=("_duckdb", ""), indicator=True)
    differs = both["_merge"] != "both"
    for name in set(theirs) - set(keys):
        gap = (both[name] - both[f"{name}_duckdb"]).abs()
        differs |= gap > TOLERANCE * both[f"{name}_duckdb"].abs()
    if differs.any():
        first = both[differs].head(10).to_string()
        raise DifferentRowsError(f"{contender}, {result}: {differs.sum():,} rows differ\n{first}")
    return len(theirs)


class Benchmark:
    """One log, and everything that is run on it."""

    def __init__(self, folder: Path, searches: int, days: int) -> None:
        self.landing, self.folder = folder / "landing", folder
        log.write(self.landing, searches=searches, days=days)
        self.rows: dict[str, int] = {}

    def rival(self, name: str, result: str) -> Run:
        """A rival, from the raw log."""
        target = self.folder / f"{RIVALS[name]}-{result}.parquet"
        module = f"benchmarks.rivals.{RIVALS[name]}"
        run = measured(name, result, [sys.executable, "-m", module, result, self.landing, target])
        truth = self.folder / f"{RIVALS['DuckDB']}-{result}.parquet"
        self.rows[result] = compare(name, result, target, truth)
        return run

    def cold(self, result: str) -> Run:
        """Our job, from the landing folder into an empty root."""
        root = self.folder / "cold"
        shutil.rmtree(root, ignore_errors=True)
        run = measured(COLD, result, self._job(result, self.landing, root))
        self._check(COLD, result, root)
        return run

    def nothing(self, result: str) -> Run:
        """The same again, with nothing to do."""
        return measured(NOTHING, result, self._job(result, self.landing, self.folder / "cold"))

    def prepare_hours(self) -> None:
        """A root that has everything but the last hour."""
        early = self.folder / "early"
        early.mkdir()
        for file in self.landing.glob("day-*.tsv"):
            (early / file.name).hardlink_to(file)
        measured("", "", self._job("all", early, self.folder / "before"))

    def hour(self, result: str) -> Run:
        """Our job on stored counts, when the last hour has come in; without the start of Spark."""
        root, early = self.folder / "hour", self.folder / "early"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.folder / "before", root)
        late = early / "last-hour.tsv"
        late.hardlink_to(self.landing / late.name)
        try:
            run = self._timed(HOUR, result, early, root)
        finally:
            late.unlink()
        self._check(HOUR, result, root)
        return run

    def warm(self, result: str) -> Run:
        """The same as `cold`, in a session that has done it once."""
        roots = [self.folder / "first", self.folder / "second"]
        for root in roots:
            shutil.rmtree(root, ignore_errors=True)
        return self._timed(WARM, result, self.landing, *roots)

    def _timed(self, contender: str, result: str, landing: Path, *roots: Path) -> Run:
        times = self.folder / "times.json"
        script = PROJECT / "benchmarks/timed_job.py"
        command: list[str | Path] = [_spark_submit(), script, times, result, landing, *roots]
        run = measured(contender, result, command)
        seconds, cpu = json.loads(times.read_text())
        return replace(run, seconds=seconds, cpu_seconds=cpu)

    def _job(self, name: str, landing: Path, root: Path) -> list[str | Path]:
        return [_spark_submit(), f"jobs/{name}.py", "--landing", landing, "--root", root]

    def _check(self, contender: str, result: str, root: Path) -> None:
        found = self.folder / f"ours-{result}.parquet"
        module = "benchmarks.rivals.ours"
        subprocess.run([sys.executable, "-m", module, result, root, found], cwd=PROJECT, check=True)
        compare(contender, result, found, self.folder / f"{RIVALS['DuckDB']}-{result}.parquet")


def _spark_submit() -> Path:
    return Path(sys.executable).with_name("spark-submit")


def summary(runs: Sequence[Run]) -> list[list[object]]:
    """Medians of each contender's runs, and how many times DuckDB's its time is."""
    of: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        of.setdefault((run.result, run.contender), []).append(run)
    base = {
        result: median(run.seconds for run in each)
        for (result, contender), each in of.items()
        if contender == "DuckDB"
    }
    lines = []
    for (result, contender), each in sorted(of.items(), key=lambda item: RESULTS.index(item[0][0])):
        figures = [
            median(getattr(run, name) for run in each)
            for name in ("seconds", "cpu_seconds", "peak_gb", "read_mb", "written_mb")
        ]
        ratio = figures[0] / base[result]
        lines.append([result, contender, round(ratio, 2), *(round(each, 1) for each in figures)])
    return lines


HEADER: Final = ["result", "contender", "× DuckDB", "s", "CPU s", "GB", "MB read", "MB written"]


def markdown(lines: Sequence[Sequence[object]], note: str) -> str:
    """The table as Markdown, with what it was measured with."""
    body = [HEADER, ["---"] * len(HEADER), *lines]
    rows = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in body)
    return f"{note}\n\n{rows}\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=5_000_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--leave-out", nargs="*", default=[], choices=["tutorial", "warm", "polars"], metavar="WHAT"
    )
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="the table as Markdown")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work there, and keep it")
    args = parser.parse_args()
    left_out = tuple(args.leave_out)
    rivals = [name for name, module in RIVALS.items() if not any(w in module for w in left_out)]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as temporary:
        bench = Benchmark(args.keep or Path(temporary), args.searches, args.days)
        runs: list[Run] = []
        try:
            for turn in range(args.rounds):
                for result in RESULTS:
                    for name in rivals:
                        runs.append(bench.rival(name, result))
                    runs += [bench.cold(result), bench.nothing(result)]
                    runs += [] if "warm" in left_out else [bench.warm(result)]
                if turn == 0:
                    bench.prepare_hours()
                runs += [bench.hour(result) for result in RESULTS]
        except DifferentRowsError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    lines = summary(runs)
    compared = ", ".join(f"{bench.rows[result]:,} of {result}" for result in RESULTS)
    used = ", ".join(f"{name} {version(name)}" for name in ("pyspark", "duckdb", "polars"))
    memory = psutil.virtual_memory().total / 2**30
    note = (
        f"{args.searches:,} searches of {args.days} days, median of {args.rounds} rounds; "
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python "
        f"{platform.python_version()}, {used}. Rows compared and equal: {compared}."
    )
    sys.stdout.write(f"{note}\n\n{table(HEADER, lines)}\n")
    if args.write:
        args.write.write_text(markdown(lines, note), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
