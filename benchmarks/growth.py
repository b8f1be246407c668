"""What does not make a run slower: long histories, late hours, skew, small files, large logs.

    make benchmark-growth
    make benchmark-growth ARGS='--only hours --a-day 1000000'
    make benchmark-growth ARGS='--on spark'

*history*: the same last hour, taken in on 14, 28 and 140 days of history. *hours*: each hour of a
day, taken in as it ends. *skew*: all three results from the landing folder, of a log and of others
of the same size: one query with a fifth of all searches, one user with 100,000, the same searches
in 10,000 files. *memory*: all three results of 1, 2 and 4 times as many searches.

Each run is a process of its own, from its start to its end: `silgeom run`, or a job on Spark with
`--on spark`. Times are medians of runs that take turns.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import polars as pl

from benchmarks import log
from benchmarks.log import Skew, lay
from benchmarks.measure import SPARK_SUBMIT, Cost, measured
from benchmarks.report import Goal, Table, check_markers, goals, machine, put
from benchmarks.speed import RESULTS
from pipeline.runs.published import COMPLETION_DAYS, RELATED_DAYS

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
GROWTH, LAST_HOUR, UNEVEN, PEAK_GB = 1.2, 1.5, 1.5, 3.0

#: What a part finds: a sentence, a table, goals.
Found = tuple[str, Table, list[Goal]]


def run(on: str, job: str, landing: Path, root: Path) -> Cost:
    """A job, from its start to its end."""
    start = [SPARK_SUBMIT, f"jobs/{job}.py"] if on == "spark" else _command(job)
    return measured([*start, "--landing", landing, "--root", root])


def _command(job: str) -> list[str | Path]:
    return [sys.executable, "-m", "silgeom", "run", job]


def history(folder: Path, args: argparse.Namespace) -> Found:
    """The last hour on longer and longer histories."""
    roots = {}
    for days in HISTORIES:
        place = roots[days] = folder / str(days)
        log.write(place / "log", searches=args.days_searches * days, days=days)
        files = sorted((place / "log").iterdir())
        lay(place / "landing", [file for file in files if file.name != log.LAST_HOUR])
        run("process", "all", place / "landing", place / "before")
        lay(place / "landing", files)
    seconds: dict[tuple[str, int], list[float]] = {}
    for _ in range(args.repeat):
        for result in RESULTS:
            for days, place in roots.items():
                _copied(place / "before", place / "root")
                cost = run(args.on, result, place / "landing", place / "root")
                seconds.setdefault((result, days), []).append(cost.seconds)
    times = {key: median(each) for key, each in seconds.items()}
    rows = [
        [result, days, round(time, 2), round(time / times[result, DAYS], 2)]
        for (result, days), time in sorted(times.items())
    ]
    longest = max(HISTORIES)
    reached = [
        Goal(
            f"{result}: the last hour at {longest} days × that at {DAYS}",
            GROWTH,
            times[result, longest] / times[result, DAYS],
        )
        for result in RESULTS
    ]
    note = (
        f"The last hour on histories of {args.days_searches:,} searches a day, median of "
        f"{args.repeat}. Related searches are made of up to {RELATED_DAYS} days and completions of "
        f"up to {COMPLETION_DAYS}, so that more days are more work by themselves."
    )
    return note, Table(["result", "days of history", "s", f"× {DAYS} days"], rows), reached


def _copied(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def hours(folder: Path, args: argparse.Namespace) -> Found:
    """Each hour of a day, as it ends; all with the same number of searches."""
    log.write(folder / "log", searches=2 * args.a_day, days=2)
    lines = sorted(
        line for file in (folder / "log").iterdir() for line in file.read_bytes().splitlines(True)
    )
    last_day = lines[-1][:10]
    before = [line for line in lines if line[:10] < last_day]
    of_day = [line for line in lines if line[:10] == last_day]
    landing, root = folder / "landing", folder / "root"
    landing.mkdir()
    (landing / "before.tsv").write_bytes(b"".join(before))
    run("process", "all", landing, root)
    # Hours of a portal differ in size by ten; here the same searches stand for each.
    size = len(of_day) // 24
    seconds = []
    for hour in range(24):
        part = of_day[hour * size : (hour + 1) * size]
        moved = [line[:11] + b"%02d" % hour + line[13:] for line in part]
        (landing / f"hour-{hour:02}.tsv").write_bytes(b"".join(sorted(moved)))
        seconds.append([run(args.on, result, landing, root).seconds for result in RESULTS])
    morning, evening = (
        [median(column) for column in zip(*each, strict=True)]
        for each in (seconds[6:9], seconds[-3:])
    )
    rows = [[hour, *(round(each, 2) for each in seconds[hour])] for hour in (0, 6, 12, 18, 23)]
    reached = [
        Goal(f"{result}: {what}", LAST_HOUR, late / early)
        for what, first, last in (
            ("the last hour of a day × its first", seconds[0], seconds[-1]),
            ("hours 21 to 23 × hours 6 to 8", morning, evening),
        )
        for result, early, late in zip(RESULTS, first, last, strict=True)
    ]
    note = (
        f"Hours of a day of {args.a_day:,} searches, as many in each hour, taken in one after the "
        "other: seconds of a run. Sessions of the day before may go on in the first hours: "
        "so hours 21 to 23 are told beside hours 6 to 8 as well, medians of three."
    )
    return note, Table(["hour", *RESULTS], rows), reached


def skew(folder: Path, args: argparse.Namespace) -> Found:
    """Uneven logs, and small files."""
    place = {name: folder / str(number) for number, name in enumerate(SKEWED)}
    for name, uneven in SKEWED.items():
        log.write(place[name] / "log", searches=args.size, days=DAYS, skew=uneven)
    costs: dict[str, list[Cost]] = {name: [] for name in SKEWED}
    for _ in range(args.repeat):
        for name, each in place.items():
            shutil.rmtree(each / "root", ignore_errors=True)
            costs[name].append(run(args.on, "all", each / "log", each / "root"))
    times = {name: median(cost.seconds for cost in each) for name, each in costs.items()}
    rows = [
        [
            name,
            *_ledger(place[name] / "root"),
            round(time, 1),
            round(median(cost.cpu_seconds for cost in costs[name]), 1),
            round(time / times[PLAIN], 2),
        ]
        for name, time in times.items()
    ]
    reached = [
        Goal(f"{name}: × {PLAIN} of the same size", UNEVEN, time / times[PLAIN])
        for name, time in times.items()
        if name != PLAIN
    ]
    note = (
        f"All three results from the landing folder, {args.size:,} searches, median of "
        f"{args.repeat}. A user of more than 500 searches a day is a robot, and is set aside."
    )
    header = ["log", "files", "lines", "of robots", "s", "CPU s", f"× {PLAIN}"]
    return note, Table(header, rows), reached


def _ledger(root: Path) -> list[int]:
    """Files, lines, and those that were set aside as robots'."""
    entries = pl.read_parquet(root / "ledger" / "*.parquet")
    robots = sum(each.get("robot", 0) for each in entries["withheld_by_reason"].to_list())
    return [len(entries), int(entries["lines"].sum()), robots]


def memory(folder: Path, args: argparse.Namespace) -> Found:
    """A process for all three results, of more and more searches."""
    rows, peaks, seconds = [], [], []
    for times in SIZES:
        logs, root = folder / f"log-{times}", folder / f"root-{times}"
        log.write(logs, searches=args.size * times, days=DAYS)
        cost = run(args.on, "all", logs, root)
        peaks.append(cost.peak_gb)
        seconds.append(cost.seconds)
        rows.append([args.size * times, round(cost.seconds, 1), round(cost.peak_gb, 2)])
    note = "All three results from the landing folder: resident sets of all processes added up."
    most = max(SIZES)
    reached = [
        Goal(f"GB, peak at {args.size * most:,} searches", PEAK_GB, peaks[-1]),
        Goal(f"× time of {most} times as many searches", 1.1 * most, seconds[-1] / seconds[0]),
    ]
    return note, Table(["searches", "s", "GB"], rows), reached


PARTS: Final[Mapping[str, Callable[[Path, argparse.Namespace], Found]]] = {
    "history": history,
    "hours": hours,
    "skew": skew,
    "memory": memory,
}


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--days-searches", type=int, default=20_000, help="searches a day of a history"
    )
    parser.add_argument("--a-day", type=int, default=1_000_000, help="searches of a day of hours")
    parser.add_argument("--size", type=int, default=500_000, help="searches of the other logs")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--on", choices=["process", "spark"], default="process")
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
        note = f"{note} {machine('polars')}."
        sys.stdout.write(f"{note}\n\n{found.as_text()}\n\n{goals(reached).as_text()}\n\n")
        sys.stdout.flush()
        if args.write:
            tables = f"{found.as_markdown()}\n\n{goals(reached).as_markdown()}"
            put(args.write, name, f"{note}\n\n{tables}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
