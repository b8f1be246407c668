"""A billion searches a day, computed from what a small run costs: bytes, shuffle, CPU, executors.

    make benchmark-paper
    make benchmark-paper ARGS='--searches 1000000 --write docs/benchmark.md'

Makes a log, runs `jobs/all.py` on it from the landing folder into an empty root with Spark's event
log on, and multiplies what each dataset took and takes. The assumptions are constants below; what
the multiplication cannot know is told in docs/benchmark.md.
"""

import argparse
import json
import math
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import log
from benchmarks.measure import SPARK_SUBMIT, measured
from benchmarks.report import Table, check_markers, machine, put

DAYS: Final = 14
#: What is computed for.
SEARCHES_A_DAY: Final = 1_000_000_000
#: The part of a day's searches that its busiest hour has: of a portal, as of the log.
BUSIEST_HOUR: Final = float(log.HOURS.max() / log.HOURS.sum())
#: Days read for related searches and completions: the jobs' defaults.
WINDOW_DAYS: Final = 28
#: Days that are kept, and copies of each block.
KEPT_DAYS: Final = 35
REPLICAS: Final = 3
#: An hourly run takes the whole day so far once more: this much of a day on the average of 24 runs.
DAY_SO_FAR: Final = sum(hour / 24 for hour in range(1, 25)) / 24
RUNS_A_DAY: Final = 24
#: How much of an executor's time is work; its cores and memory; how long each run may take.
BUSY: Final = 0.6
EXECUTOR_CORES: Final = 4
EXECUTOR_GB: Final = 16
HOURLY_SECONDS, DAILY_SECONDS = 15 * 60, 2 * 3600
#: A task for so much of a shuffle, and a block of HDFS.
PARTITION_MB: Final = 128

#: What is written by whom: of the new lines alone; of the day so far; of days that are over.
NEW_LINES: Final = ("lines", "rejected", "rejects", "other")
TODAY: Final = ("judged", "hourly_counts", "daily_counts")
PAIRS: Final = ("daily_pairs",)
BOARD: Final = ("trending",)
OF_WINDOW: Final = ("related", "autocomplete")
#: Too small to grow with the log.
LEFT_OUT: Final = ("ledger",)
#: How a plan says that it writes a dataset.
TARGET: Final = re.compile(r"InsertIntoHadoopFsRelationCommand \S*/_staging/(\w+)")
STORED: Final = ("searches", "hourly_counts", "daily_counts", "daily_pairs")


@dataclass
class Work:
    """What the stages took that wrote one dataset."""

    cpu_seconds: float = 0.0
    shuffle_bytes: float = 0.0
    spilled_bytes: float = 0.0
    longest_task_seconds: float = 0.0


def work_by_dataset(events: Iterable[Mapping[str, Any]]) -> dict[str, Work]:
    """The work of each dataset that was staged, from the lines of Spark's event log.

    What collects or counts and writes nothing is `other`.
    """
    dataset_of: dict[str, str] = {}
    dataset_of_stage: dict[int, str] = {}
    found: dict[str, Work] = {}
    for event in events:
        kind = event["Event"].rpartition(".")[2]
        if kind == "SparkListenerSQLExecutionStart":
            targets = [TARGET.search(node) for node in _nodes(event["sparkPlanInfo"])]
            target = next(filter(None, targets), None)
            dataset_of[str(event["executionId"])] = target[1] if target else "other"
        elif kind == "SparkListenerJobStart":
            execution = str(event.get("Properties", {}).get("spark.sql.execution.id"))
            for stage in event["Stage IDs"]:
                dataset_of_stage[stage] = dataset_of.get(execution, "other")
        elif kind == "SparkListenerTaskEnd" and "Task Metrics" in event:
            task = event["Task Metrics"]
            work = found.setdefault(dataset_of_stage.get(event["Stage ID"], "other"), Work())
            work.cpu_seconds += task["Executor CPU Time"] / 1e9
            work.shuffle_bytes += task["Shuffle Write Metrics"]["Shuffle Bytes Written"]
            work.spilled_bytes += task["Disk Bytes Spilled"]
            seconds = task["Executor Run Time"] / 1e3
            work.longest_task_seconds = max(work.longest_task_seconds, seconds)
    return found


def _nodes(plan: Mapping[str, Any]) -> Iterator[str]:
    """A line for each operator of a plan."""
    yield plan["simpleString"]
    for child in plan["children"]:
        yield from _nodes(child)


def folder_bytes(folder: Path) -> int:
    """The bytes of all files below."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@dataclass(frozen=True)
class Measured:
    """What a log took: of `searches`, bytes by dataset, work by dataset, and all CPU seconds."""

    searches: int
    landing_bytes: int
    stored_bytes: Mapping[str, int]
    work: Mapping[str, Work]
    cpu_seconds: float

    @property
    def scale(self) -> float:
        """A day is so many times the log."""
        return SEARCHES_A_DAY / self.searches

    @property
    def python_factor(self) -> float:
        """All processes' CPU beside that of tasks, which knows no Python worker and no compiler."""
        return self.cpu_seconds / sum(each.cpu_seconds for each in self.work.values())

    def bytes_table(self) -> Table:
        """Bytes of a search, a day, and all days that are kept."""
        sizes = {"landing (text)": self.landing_bytes, **self.stored_bytes}
        rows: list[list[Any]] = [
            [
                name,
                round(size / self.searches, 1),
                round(size * self.scale / 1e9),
                math.ceil(size * self.scale / (PARTITION_MB * 2**20)),
                round(size * self.scale * KEPT_DAYS * REPLICAS / 1e12, 1),
            ]
            for name, size in sizes.items()
        ]
        rows.append(["together", *(round(sum(row[i] for row in rows), 1) for i in (1, 2, 3, 4))])
        kept = f"TB, {KEPT_DAYS} days × {REPLICAS}"
        return Table(["", "bytes a search", "GB a day", "blocks a day", kept], rows)

    def work_table(self) -> Table:
        """CPU and shuffle of each dataset: measured, and a day of a billion."""
        rows = []
        for name, work in self.work.items():
            if name in LEFT_OUT:
                continue
            times = times_a_day(name)
            shuffle = work.shuffle_bytes * self.scale
            rows.append(
                [
                    name,
                    round(work.cpu_seconds * 1e6 / self.searches, 2),
                    round(work.shuffle_bytes / self.searches),
                    round(times, 1),
                    round(self.cpu_hours(name)),
                    round(shuffle * self.run_size(name) / 1e9),
                    math.ceil(shuffle * self.run_size(name) / (PARTITION_MB * 2**20)),
                ]
            )
        header = [
            "dataset",
            "CPU s a million",
            "shuffle bytes a search",
            "searches' worth a day",
            "CPU hours a day",
            "GB shuffled, largest run",
            f"tasks of {PARTITION_MB} MB",
        ]
        return Table(header, rows)

    def cpu_hours(self, name: str) -> float:
        """Of a dataset on a day, Python and all."""
        return times_a_day(name) * self._one_day(name)

    def run_size(self, name: str) -> float:
        """The largest single run, in days."""
        if name in (*TODAY, *PAIRS):
            return 1.0
        if name in NEW_LINES:
            return BUSIEST_HOUR
        return float(DAYS if name in BOARD else WINDOW_DAYS)

    def executors(self) -> Table:
        """Executors that end the last hourly run of the day, and the daily run, in time."""
        hourly = sum(
            self.run_size(name) * self._one_day(name)
            for name in self.work
            if name in (*NEW_LINES, *TODAY, *BOARD)
        )
        daily = sum(
            self.run_size(name) * self._one_day(name)
            for name in self.work
            if name in (*PAIRS, *OF_WINDOW)
        )
        rows = []
        for run, hours, limit in (
            ("the last hourly run of a day", hourly, HOURLY_SECONDS),
            ("the daily run", daily, DAILY_SECONDS),
        ):
            number = math.ceil(hours * 3600 / (limit * BUSY * EXECUTOR_CORES))
            rows.append([run, round(hours), limit // 60, number, number * EXECUTOR_GB])
        cores = f"executors of {EXECUTOR_CORES} cores"
        return Table(["run", "CPU hours", "minutes it may take", cores, "GB of memory"], rows)

    def _one_day(self, name: str) -> float:
        """CPU hours of a day's searches, taken once."""
        return self.work[name].cpu_seconds * self.python_factor * self.scale / 3600


def times_a_day(name: str) -> float:
    """How many days' worth of searches, or of their counts, a dataset is made of on one day."""
    if name in TODAY:
        return RUNS_A_DAY * DAY_SO_FAR
    if name in BOARD:
        return float(RUNS_A_DAY * DAYS)
    return float(WINDOW_DAYS) if name in OF_WINDOW else 1.0


def run(folder: Path, searches: int) -> Measured:
    """Make the log, run the jobs, look at what they left."""
    landing, root, events = (folder / name for name in ("landing", "root", "events"))
    events.mkdir()
    log.write(landing, searches=searches, days=DAYS)
    options = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.dir": events.as_uri(),
    }
    settings = [part for name, value in options.items() for part in ("--conf", f"{name}={value}")]
    job: list[str | Path] = ["jobs/all.py", "--landing", landing, "--root", root]
    cost = measured([SPARK_SUBMIT, *settings, *job])
    [file] = [each for each in events.rglob("*") if each.is_file()]
    with file.open(encoding="utf-8") as lines:
        work = work_by_dataset(map(json.loads, lines))
    stored = {name: folder_bytes(root / name) for name in STORED}
    number = sum(file.read_bytes().count(b"\n") for file in landing.iterdir())
    return Measured(number, folder_bytes(landing), stored, work, cost.cpu_seconds)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=5_000_000)
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="put the tables there")
    args = parser.parse_args()
    if args.write:
        check_markers(args.write, "paper")
    with tempfile.TemporaryDirectory(prefix="paper-") as folder:
        found = run(Path(folder), args.searches)
    note = (
        f"From {found.searches:,} searches; {machine('pyspark')}. All processes took "
        f"{found.cpu_seconds:.0f} CPU seconds, {found.python_factor:.2f} times those of Spark's "
        f"tasks (Python, compiling, start): CPU hours have this factor."
    )
    tables = [found.bytes_table(), found.work_table(), found.executors()]
    texts = "\n\n".join(each.as_text() for each in tables)
    sys.stdout.write(f"{note}\n\n{texts}\n")
    if args.write:
        pages = "\n\n".join(each.as_markdown() for each in tables)
        put(args.write, "paper", f"{note}\n\n{pages}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
