"""Silgeom in this process and on Spark beside DuckDB, Polars and PySpark as tutorials write it.

    make benchmark                                       5 million searches
    make benchmark ARGS='--searches 20000000'
    make benchmark ARGS='--write docs/benchmark.md --plot docs/images/benchmark.png'

All on one log and in one go; contenders take turns. Each run is a process of its own, from its
start to its end (spark-submit, imports and all), but for *session warm*. What each found is
compared with what DuckDB found, row for row; a difference ends the benchmark with exit status 1 and
the first rows that differ. Processes are looked at ten times a second.

*From nothing* takes the log from the landing folder into an empty root. *The last hour* finds
everything before taken in and counted, and takes that one in; *session warm*: in a session of Spark
that has taken in the hour before, as a service would, without the start of Spark.

DuckDB, which all others are told beside, runs three times a round; Polars and tutorials run once.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Final

import pandas as pd

from benchmarks import log
from benchmarks.log import lay
from benchmarks.measure import PROJECT, SPARK_SUBMIT, Cost, in_one_session, measured
from benchmarks.report import Goal, Table, check_markers, goals, machine, put
from benchmarks.timed_job import Step
from pipeline.counting.people import SKETCH_SIZE

RESULTS: Final = ("trending", "related", "autocomplete")
RIVALS: Final = {
    "DuckDB": "duckdb_sql",
    "Polars, streaming": "polars_lazy",
    "PySpark as in tutorials": "pyspark_tutorial",
}
DUCKDB: Final = "DuckDB"
HERE = "this process, from nothing"
HERE_HOUR = "this process, the last hour"
COLD, NOTHING = "Spark, from nothing", "Spark, nothing to do"
HOUR_WARM = "Spark, the last hour, session warm"
OURS: Final = (HERE, HERE_HOUR, COLD, NOTHING, HOUR_WARM)
#: So many people and fewer are counted exactly by everyone.
EXACT_PEOPLE: Final = SKETCH_SIZE - 1
#: Rows in which floating-point sums were added up in another order are equal.
TOLERANCE: Final = 1e-6
#: Times of DuckDB's, by result.
GOALS: Final = {
    HOUR_WARM: {"trending": 0.35, "related": 0.3, "autocomplete": 0.5},
    HERE_HOUR: {"trending": 0.5, "related": 0.4, "autocomplete": 0.7},
    HERE: {"trending": 1.6, "related": 1.3, "autocomplete": 2.0},
    COLD: {"trending": 3.5, "related": 2.6, "autocomplete": 4.0},
}
#: By searches.
PEAK_GB: Final = {5_000_000: 2.0, 20_000_000: 3.0}


@dataclass(frozen=True)
class Run:
    """One run of a contender."""

    contender: str
    result: str
    cost: Cost


class DifferentRowsError(Exception):
    """A contender found something else than DuckDB."""


def compare(contender: str, result: str, found: Path, truth: Path) -> int:
    """The number of rows, if they are those of `truth`.

    Raises:
        DifferentRowsError: they are not; its text shows the first.
    """
    ours, theirs = pd.read_parquet(found), pd.read_parquet(truth)
    if result == "related":  # of more people we know about how many
        for rows in (ours, theirs):
            rows["searchers"] = rows["searchers"].clip(upper=EXACT_PEOPLE)
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
        self.landing, self.early, self.folder = folder / "landing", folder / "early", folder
        for left in (self.landing, self.early):
            shutil.rmtree(left, ignore_errors=True)
        log.write(self.landing, searches=searches, days=days)
        self.days = sorted(self.landing.glob("day-*.tsv"))
        self.before = self.landing / log.HOUR_BEFORE
        self.last = self.landing / log.LAST_HOUR
        self.rows: dict[str, int] = {}

    def rival(self, name: str, result: str) -> Run:
        """A rival, from the raw log."""
        target = self.folder / f"{RIVALS[name]}-{result}.parquet"
        module = f"benchmarks.rivals.{RIVALS[name]}"
        cost = measured([sys.executable, "-m", module, result, self.landing, target])
        self.rows[result] = compare(name, result, target, self._truth(result))
        return Run(name, result, cost)

    def cold(self, result: str) -> Run:
        """Our job on Spark, from the landing folder into an empty root."""
        cost = measured(self._job(result, self._emptied("cold")))
        return self._checked(COLD, result, self.folder / "cold", cost)

    def nothing(self, result: str) -> Run:
        """The same again, with nothing to do."""
        return Run(NOTHING, result, measured(self._job(result, self.folder / "cold")))

    def here(self, result: str) -> Run:
        """Our command in one process, from the landing folder into an empty root."""
        cost = measured(self._command(result, self.landing, self._emptied("here")))
        return self._checked(HERE, result, self.folder / "here", cost)

    def all_at_once(self, left_out: Sequence[str]) -> dict[str, Cost]:
        """All three results from nothing, by contender."""
        root = self._emptied("all")
        costs = {HERE: self._all_checked(HERE, root, self._command("all", self.landing, root))}
        if "spark" not in left_out:
            root = self._emptied("all")
            costs[COLD] = self._all_checked(COLD, root, self._job("all", root))
        return costs

    def _all_checked(self, contender: str, root: Path, command: list[str | Path]) -> Cost:
        cost = measured(command)
        for result in RESULTS:
            self._checked(f"{contender}, all at once", result, root, cost)
        return cost

    @cached_property
    def hour_before(self) -> str:
        """A root with everything counted but the last hour."""
        lay(self.early, [*self.days, self.before])
        measured(self._command("all", self.early, self._emptied("root-hour")))
        return self._root("hour")

    def here_hour(self, result: str) -> Run:
        """Our command in one process, when the last hour has come in."""
        before = self.hour_before
        root = self._emptied("here-hour")
        shutil.copytree(before, root)
        lay(self.early, [*self.days, self.before, self.last])
        return self._checked(
            HERE_HOUR, result, root, measured(self._command(result, self.early, root))
        )

    def hours_warm(self) -> list[Run]:
        """The last hour in a session of Spark that has taken in the hour before."""
        lay(self.early, self.days)
        measured(self._command("all", self.early, self._emptied("root-days")))
        before, everything = [*self.days, self.before], [*self.days, self.before, self.last]
        roots = {result: self._root(f"hour-{result}") for result in RESULTS}
        steps = [
            self._step(result, root, self._root("days"), before) for result, root in roots.items()
        ]
        steps += [self._step(result, root, root, everything) for result, root in roots.items()]
        costs = in_one_session(self.folder, steps)[len(RESULTS) :]
        return [
            self._checked(HOUR_WARM, result, Path(root), cost)
            for (result, root), cost in zip(roots.items(), costs, strict=True)
        ]

    def _step(self, job: str, root: str, of: str | None, files: Sequence[Path]) -> Step:
        return Step(job, str(self.early), root, [str(file) for file in files], of)

    def _root(self, name: str) -> str:
        return str(self.folder / f"root-{name}")

    def _emptied(self, name: str) -> Path:
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.folder / name

    def _command(self, name: str, landing: Path, root: Path) -> list[str | Path]:
        places: list[str | Path] = ["--landing", landing, "--root", root]
        return [sys.executable, "-m", "silgeom", "run", name, *places]

    def _job(self, name: str, root: Path) -> list[str | Path]:
        return [SPARK_SUBMIT, f"jobs/{name}.py", "--landing", self.landing, "--root", root]

    def _checked(self, contender: str, result: str, root: Path, cost: Cost) -> Run:
        found = self.folder / f"ours-{result}.parquet"
        module = "benchmarks.rivals.ours"
        subprocess.run([sys.executable, "-m", module, result, root, found], cwd=PROJECT, check=True)
        compare(contender, result, found, self._truth(result))
        return Run(contender, result, cost)

    def _truth(self, result: str) -> Path:
        return self.folder / f"{RIVALS[DUCKDB]}-{result}.parquet"


class Summary:
    """Medians of each contender's runs, beside DuckDB's."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.of: dict[tuple[str, str], list[Cost]] = {}
        for run in runs:
            self.of.setdefault((run.result, run.contender), []).append(run.cost)

    def seconds(self, result: str, contender: str) -> float:
        """Its time."""
        return median(cost.seconds for cost in self.of[result, contender])

    def ratio(self, result: str, contender: str) -> float:
        """How many times DuckDB's its time is."""
        return self.seconds(result, contender) / self.seconds(result, DUCKDB)

    def table(self) -> Table:
        """A row for each contender, by result."""
        header = ["result", "contender", "× DuckDB", "s", "CPU s", "GB", "MB read", "MB written"]
        lines: list[list[object]] = []
        for (result, contender), each in sorted(
            self.of.items(), key=lambda item: RESULTS.index(item[0][0])
        ):
            times = [median(cost.seconds for cost in each), median(c.cpu_seconds for c in each)]
            peak = max(cost.peak_gb for cost in each)
            moved = [
                None if None in column else round(median(column))
                for column in zip(*((cost.read_mb, cost.written_mb) for cost in each), strict=True)
            ]
            ratio = round(self.ratio(result, contender), 2)
            lines.append(
                [result, contender, ratio, *(round(t, 1) for t in times), round(peak, 1), *moved]
            )
        return Table(header, lines)

    def goals(self, searches: int, at_once: dict[str, Cost]) -> Table:
        """What was to be reached, of that which was run."""
        found = [
            Goal(f"{result}: × DuckDB, {who}", limit, self.ratio(result, who))
            for who, limits in GOALS.items()
            for result, limit in limits.items()
            if (result, who) in self.of
        ]
        costs = [cost for (_, who), each in self.of.items() if who in OURS for cost in each]
        peak = max(cost.peak_gb for cost in [*costs, *at_once.values()])
        if searches in PEAK_GB:
            found.append(Goal("GB, peak of any run of ours", PEAK_GB[searches], peak))
        return goals(found)

    def together(self, at_once: dict[str, Cost]) -> Table:
        """All three results in one go, beside DuckDB's three statements one after another."""
        base = sum(self.seconds(result, DUCKDB) for result in RESULTS)
        rows = [
            [who, *(round(n, 2) for n in (c.seconds / base, c.seconds, c.cpu_seconds, c.peak_gb))]
            for who, c in at_once.items()
        ]
        return Table(["all three results", "× DuckDB's three", "s", "CPU s", "GB"], rows)

    def plot(self, file: Path, title: str) -> None:
        """Each contender's time as a multiple of DuckDB's."""
        import matplotlib

        matplotlib.use("agg")
        from matplotlib import pyplot, ticker

        figure, axes = pyplot.subplots(1, 3, figsize=(9, 3.2), sharey=True, sharex=True)
        for axis, result in zip(axes, RESULTS, strict=True):
            names = [who for r, who in self.of if r == result and who not in (DUCKDB, NOTHING)]
            ratios = [self.ratio(result, name) for name in names]
            colours = ["tab:blue" if name in OURS else "tab:gray" for name in names]
            bars = axis.barh(names, [ratio - 1 for ratio in ratios], left=1, color=colours)
            axis.bar_label(bars, [f"{ratio:.2f}" for ratio in ratios], padding=2, fontsize=8)
            axis.axvline(1, color="black", linewidth=0.8)
            axis.set(title=result, xscale="log", xlabel="time, × DuckDB")
            axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            axis.xaxis.set_major_formatter("{x:g}")
            axis.xaxis.set_minor_locator(ticker.NullLocator())
            axis.margins(x=0.3)
            axis.spines[["top", "right"]].set_visible(False)
        axes[0].invert_yaxis()
        figure.suptitle(title, fontsize=9)
        figure.tight_layout()
        figure.savefig(file, dpi=90, metadata={"Software": None})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=5_000_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--leave-out",
        nargs="*",
        default=[],
        choices=["tutorial", "polars", "spark"],
        metavar="WHAT",
        help="tutorial, polars, spark",
    )
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="put the tables there")
    parser.add_argument("--section", default="speed", help="where in the page (speed)")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the times")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work there, and keep it")
    args = parser.parse_args()
    if args.write:
        check_markers(args.write, args.section)
    return args


def run_all(bench: Benchmark, rounds: int, left_out: Sequence[str]) -> list[Run]:
    """Every contender in turn, `rounds` times; Polars and tutorials once."""
    others = [
        name
        for name, module in RIVALS.items()
        if name != DUCKDB and not any(word in module for word in left_out)
    ]
    runs: list[Run] = []
    for turn in range(rounds):
        for result in RESULTS:
            runs.append(bench.rival(DUCKDB, result))
            runs += [bench.here(result), bench.here_hour(result)]
            runs.append(bench.rival(DUCKDB, result))
            if "spark" not in left_out:
                runs += [bench.cold(result), bench.nothing(result)]
            runs.append(bench.rival(DUCKDB, result))
            runs += [] if turn else [bench.rival(name, result) for name in others]
        if "spark" not in left_out:
            runs += bench.hours_warm()
    return runs


def main() -> int:
    args = arguments()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as temporary:
        bench = Benchmark((args.keep or Path(temporary)).resolve(), args.searches, args.days)
        try:
            runs = run_all(bench, args.rounds, args.leave_out)
            at_once = bench.all_at_once(args.leave_out)
        except DifferentRowsError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    found = Summary(runs)
    compared = ", ".join(f"{bench.rows[result]:,} of {result}" for result in RESULTS)
    rounds = "one round" if args.rounds == 1 else f"medians of {args.rounds} rounds"
    size = f"{args.searches:,} searches of {args.days} days, {rounds}"
    note = (
        f"{size}; {machine('pyspark', 'duckdb', 'polars')}. All of it took "
        f"{(time.monotonic() - began) / 60:.0f} minutes. Rows compared and equal: {compared}."
    )
    each, reached = found.table(), found.goals(args.searches, at_once)
    together = found.together(at_once)
    sys.stdout.write(f"{note}\n\n{each.as_text()}\n\n{together.as_text()}\n\n{reached.as_text()}\n")
    if args.plot:
        found.plot(args.plot, size)
    if args.write:
        parts = [note, each.as_markdown(), together.as_markdown(), reached.as_markdown()]
        if args.plot:
            image = os.path.relpath(args.plot, args.write.parent)
            parts.append(f"![Time of each contender as a multiple of DuckDB's]({image})")
        put(args.write, args.section, "\n\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
