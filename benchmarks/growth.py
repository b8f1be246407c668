"""What does not make our jobs slower: long histories, skewed logs, many small files, large logs.

    make benchmark-growth
    make benchmark-growth ARGS='--only skew --size 1000000'

*history*: the same last hour, taken in on 14, 28 and 140 days of history, in a session that has
done so before (each result by itself) and in one that has just started (all three in one go).
*skew*: all three results from the landing folder, of a log and of others of the same size: one
query with a fifth of all searches, one user with 100,000, the same searches in 10,000 files; in one
session that has done it before. *memory*: a process that makes all three results of 1, 2 and 4
times as many searches. Times are medians of runs that take turns.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import pyarrow.parquet as pq

from benchmarks import log
from benchmarks.log import Skew
from benchmarks.measure import SPARK_SUBMIT, in_one_session, measured
from benchmarks.report import Goal, Table, check_markers, goals, machine, put
from benchmarks.speed import RESULTS
from benchmarks.timed_job import Step

HISTORIES: Final = (14, 28, 140)
SIZES: Final = (1, 2, 4)
DAYS: Final = 14
PLAIN: Final = "an even log"
SKEWED: Final = {
    PLAIN: Skew(),
    "one query with 20 % of all searches": Skew(head=0.2),
    "one user with 100,000 searches": Skew(robot=100_000),
    "10,000 files": Skew(files=10_000),
}
GROWTH, UNEVEN, SMALL_FILES, PEAK_GB = 1.3, 1.5, 3.0, 4.0

#: What a part finds: a sentence, a table, goals.
Found = tuple[str, Table, list[Goal]]


def history(folder: Path, args: argparse.Namespace) -> Found:
    """The last hour on longer and longer histories."""
    hours = [_Hour(folder / str(days), args.a_day, days) for days in HISTORIES]
    in_one_session(folder, [step for hour in hours for step in hour.before()])
    seconds: dict[tuple[str, str, int], list[float]] = {}

    warm = [(result, hour) for _ in range(args.repeat + 1) for hour in hours for result in RESULTS]
    costs = in_one_session(folder, [hour.step(result) for result, hour in warm])
    once = len(hours) * len(RESULTS)  # makes the session warm
    for (result, hour), cost in list(zip(warm, costs, strict=True))[once:]:
        seconds.setdefault((result, "warm", hour.days), []).append(cost.seconds)
    for _ in range(args.repeat):
        for hour in hours:
            [cost] = in_one_session(folder, [hour.step("all")])
            seconds.setdefault(("all three", "just started", hour.days), []).append(cost.seconds)

    times = {key: median(each) for key, each in seconds.items()}
    rows = [
        [what, session, days, round(time, 2), round(time / times[what, session, DAYS], 2)]
        for (what, session, days), time in sorted(
            times.items(), key=lambda item: (item[0][1] != "warm", item[0][0], item[0][2])
        )
    ]
    longest = max(HISTORIES)
    reached = [
        Goal(
            f"{what}, session {session}: the last hour at {longest} days × that at {DAYS}",
            GROWTH,
            times[what, session, longest] / times[what, session, DAYS],
        )
        for what, session, days in times
        if days == longest
    ]
    note = (
        f"The last hour on histories of {args.a_day:,} searches a day, median of {args.repeat}. "
        f"Related searches and completions are made of up to 28 days, so that 28 days are more "
        f"work than 14 by themselves."
    )
    header = ["result", "session", "days of history", "s", f"× {DAYS} days"]
    return note, Table(header, rows), reached


class _Hour:
    """A log of some days, and a root that has all of it but the last hour."""

    def __init__(self, folder: Path, a_day: int, days: int) -> None:
        self.folder, self.days, logs = folder, days, folder / "log"
        log.write(logs, searches=a_day * days, days=days)
        self.everything = sorted(map(str, logs.iterdir()))

    def before(self) -> list[Step]:
        """Everything before the hour before is taken in first, then that hour."""
        last, but_one = log.LAST_HOUR, log.HOUR_BEFORE
        early = [file for file in self.everything if not file.endswith((last, but_one))]
        later = [file for file in self.everything if not file.endswith(last)]
        root = str(self.folder / "before")
        return [
            Step("all", str(self.folder / "landing"), root, early),
            Step("all", str(self.folder / "landing"), root, later, root),
        ]

    def step(self, job: str) -> Step:
        """The last hour comes in."""
        folders = [str(self.folder / name) for name in ("landing", "root", "before")]
        return Step(job, folders[0], folders[1], self.everything, folders[2])


def skew(folder: Path, args: argparse.Namespace) -> Found:
    """Uneven logs, and small files."""
    place = {name: folder / str(number) for number, name in enumerate(SKEWED)}
    for name, uneven in SKEWED.items():
        log.write(place[name] / "log", searches=args.size, days=DAYS, skew=uneven)
    turns = [PLAIN, *(name for _ in range(args.repeat) for name in SKEWED)]
    steps = [Step("all", str(place[n] / "log"), str(place[n] / "root")) for n in turns]
    costs = in_one_session(folder, steps)[1:]
    of = {
        name: [c for c, turn in zip(costs, turns[1:], strict=True) if turn == name]
        for name in SKEWED
    }
    times = {name: median(cost.seconds for cost in each) for name, each in of.items()}
    rows = [
        [
            name,
            *_ledger(place[name] / "root"),
            round(time, 1),
            round(median(cost.cpu_seconds for cost in of[name]), 1),
            round(time / times[PLAIN], 2),
        ]
        for name, time in times.items()
    ]
    reached = [
        Goal(
            f"{name}: × {PLAIN} of the same size",
            SMALL_FILES if SKEWED[name].files else UNEVEN,
            time / times[PLAIN],
        )
        for name, time in times.items()
        if name != PLAIN
    ]
    note = (
        f"All three results from the landing folder, {args.size:,} searches, session warm, "
        f"median of {args.repeat}. A user of more than 500 searches a day is a robot, "
        f"and is set aside."
    )
    header = ["log", "files", "lines", "of robots", "s", "CPU s", f"× {PLAIN}"]
    return note, Table(header, rows), reached


def _ledger(root: Path) -> list[int]:
    """Files, lines, and those that were set aside as robots'."""
    entries = pq.read_table(root / "ledger").to_pylist(maps_as_pydicts="strict")
    robots = sum(entry["withheld_by_reason"].get("robot", 0) for entry in entries)
    return [len(entries), sum(entry["lines"] for entry in entries), robots]


def memory(folder: Path, args: argparse.Namespace) -> Found:
    """A process for all three results, of more and more searches."""
    rows, peaks = [], []
    for times in SIZES:
        logs, root = folder / f"log-{times}", folder / f"root-{times}"
        log.write(logs, searches=args.size * times, days=DAYS)
        cost = measured([SPARK_SUBMIT, "jobs/all.py", "--landing", logs, "--root", root])
        peaks.append(cost.peak_gb)
        figures = (round(each, 2) for each in (cost.seconds, cost.peak_gb, cost.python_gb))
        rows.append([args.size * times, *figures])
    note = (
        "All three results from the landing folder, cold, one process tree: resident sets added "
        "up, and the largest of its Pythons (the driver or a worker). In local mode the Java of "
        "the driver is also the executor; its heap takes what spark.driver.memory gives it, 2 GB."
    )
    reached = [Goal(f"GB, peak at {args.size * max(SIZES):,} searches", PEAK_GB, peaks[-1])]
    return note, Table(["searches", "s", "GB", "GB, largest Python"], rows), reached


PARTS: Final[Mapping[str, Callable[[Path, argparse.Namespace], Found]]] = {
    "history": history,
    "skew": skew,
    "memory": memory,
}


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--a-day", type=int, default=20_000, help="searches a day of a history")
    parser.add_argument("--size", type=int, default=500_000, help="searches of the other logs")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[*PARTS], choices=PARTS, metavar="PART")
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="put the tables there")
    args = parser.parse_args(argv)
    if "skew" in args.only and args.size < 2 * max(skew.robot for skew in SKEWED.values()):
        parser.error("--size must be 200,000 or more: one user has 100,000 of the searches")
    for name in args.only if args.write else ():
        check_markers(args.write, name)
    return args


def main() -> int:
    args = arguments()
    for name in args.only:
        with tempfile.TemporaryDirectory(prefix="growth-") as folder:
            note, found, reached = PARTS[name](Path(folder), args)
        note = f"{note} {machine('pyspark')}."
        sys.stdout.write(f"{note}\n\n{found.as_text()}\n\n{goals(reached).as_text()}\n\n")
        sys.stdout.flush()
        if args.write:
            tables = f"{found.as_markdown()}\n\n{goals(reached).as_markdown()}"
            put(args.write, name, f"{note}\n\n{tables}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
