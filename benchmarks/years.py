"""What a root costs after years: 10 and 10,000 hourly boards, side by side.

    make benchmark-years
    python -m benchmarks.years --boards 10 1000

One small log is taken in and its board is made by the job. All other boards, and the days under
them, are put into the root as copies of these, with the marks that tell what they were made of; so
the job takes them for up to date. Measured are the small files of the root, a run of the job with
nothing to do (a process, from its start to its end), and a change that replaces one board.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from benchmarks.measure import PROJECT, SPARK_SUBMIT, measured
from benchmarks.report import Table, check_markers, machine, put
from pipeline.carriers.session import in_process
from pipeline.store.journal import Change
from pipeline.store.root import Root, open_root
from pipeline.store.storage import LocalStorage

#: The day of the log; the boards that are put reach back from the day before.
DAY: Final = date(2026, 3, 2)
HOURS: Final = 24
#: Datasets of days that a board reads; searches are what the days themselves are known by.
COUNTS: Final = ("hourly_counts", "daily_counts")
#: Boards put in one change.
AT_ONCE: Final = 1_000


@dataclass(frozen=True)
class Figures:
    """What was measured of one root."""

    boards: int
    days: int
    state_kb: float  #: all small files of the root
    read_kb: float  #: of them, those that a run with nothing to do reads
    nothing_s: float  #: a run with nothing to do
    commit_ms: float  #: a change that replaces one board, the root opened for it
    written_kb: float  #: journal and small files that such a change writes


def log() -> str:
    """Two hours of one day: habits, and something new."""
    return "".join(
        f"{DAY}T{hour:02}:{user:02}:00+09:00\tu{user}\t{query}\n"
        for hour, query, users in [(22, "날씨", 20), (23, "날씨", 20), (23, "눈썰매장", 30)]
        for user in range(users)
    )


def submit(landing: Path, root: Path) -> list[str | Path]:
    """The job's command line."""
    return [SPARK_SUBMIT, "jobs/trending.py", "--landing", landing, "--root", root]


@contextmanager
def opened(root: Path) -> Iterator[Root]:
    """The root, without Spark."""
    with open_root(in_process(), str(root), say=lambda _: None) as found:
        yield found


def fill(root: Path, boards: int) -> int:
    """Put so many boards into a root that has one day's; the number of days it has then."""
    made = pq.read_table(next((root / "trending").rglob("*.parquet")), partitioning=None)
    known = f"dt={DAY}"
    partitions = [
        (DAY - timedelta(days=1 + number // HOURS), number % HOURS) for number in range(boards - 1)
    ]
    days = sorted({day for day, _ in partitions})
    with opened(root) as found:
        marks = {each: found.made_of(each, known) for each in COUNTS}
        of_board = found.made_of("trending", f"{known}/hour=00") or "a board"
    for first in range(0, len(days), AT_ONCE // HOURS):
        with opened(root) as found, found.change() as change:
            for day in days[first : first + AT_ONCE // HOURS]:
                _put_day(root, change, day, marks)
                for hour in (hour for other, hour in partitions if other == day):
                    name = f"board {day} {hour}"
                    place = f"dt={day}/hour={hour:02}"
                    staged = change.stage_table(name, made)
                    change.put("trending", place, staged, made_of=f"{of_board[:8]}{day}{hour:02}")
    return 1 + len(days)


def _put_day(root: Path, change: Change, day: date, marks: dict[str, str | None]) -> None:
    known = f"dt={DAY}"
    for dataset in ("searches", *COUNTS):
        rows = pq.read_table(next((root / dataset / known).glob("*.parquet")), partitioning=None)
        staged = change.stage_table(f"{dataset} {day}", rows)
        change.put(dataset, f"dt={day}", staged, made_of=marks.get(dataset))
    version = change.state.days[str(DAY)]
    change.state.days[str(day)] = replace(version, newest=f"{day}T14:59:59+00:00")


def state_bytes(root: Path) -> int:
    """All files of the root that are no data: their names begin with an underscore."""
    return sum(path.stat().st_size for path in root.rglob("_*") if path.is_file())


@contextmanager
def small_files(kind: str) -> Iterator[list[int]]:
    """The bytes of each small file that is read or written meanwhile."""
    sizes: list[int] = []
    method = getattr(LocalStorage, kind)

    def noted(self: LocalStorage, address: str, *args: bytes, **more: bool) -> bytes | None:
        found: bytes | None = method(self, address, *args, **more)
        data = found if kind == "read_bytes" else args[0]
        is_small = not address.endswith(".parquet") and data is not None
        sizes.extend([len(data)] if is_small and data is not None else [])
        return found

    setattr(LocalStorage, kind, noted)
    try:
        yield sizes
    finally:
        setattr(LocalStorage, kind, method)


def replace_board(root: Path) -> None:
    """Replace the newest of the boards that were put, by itself."""
    place = f"dt={DAY - timedelta(days=1)}/hour=00"
    rows = pq.read_table(next((root / "trending" / place).glob("*.parquet")), partitioning=None)
    with opened(root) as found, found.change() as change:
        change.put("trending", place, change.stage_table("board", rows), made_of="made again")


def figures(folder: Path, boards: int, repeat: int) -> Figures:
    """Make a root of so many boards, and measure it."""
    landing, root = folder / "landing", folder / "root"
    landing.mkdir(parents=True)
    (landing / "log.tsv").write_text(log(), "utf-8")
    measured(submit(landing, root))
    days = fill(root, boards)
    measured(submit(landing, root))  # the board of the newest hour has a past now

    seconds = [_nothing_to_do(landing, root) for _ in range(repeat)]
    with small_files("read_bytes") as read, opened(root) as found:
        found.made_of("trending", f"dt={DAY}/hour=23")
        for dataset in COUNTS:
            found.made_of(dataset, f"dt={DAY}")
    commits = []
    for _ in range(10 * repeat):
        began = time.perf_counter()
        replace_board(root)
        commits.append(time.perf_counter() - began)
    with small_files("write_bytes") as written:
        replace_board(root)
    return Figures(
        sum(1 for _ in (root / "trending").rglob("*.parquet")),
        days,
        state_bytes(root) / 1000,
        sum(read) / 1000,
        statistics.median(seconds),
        1000 * statistics.median(commits),
        sum(written) / 1000,
    )


def _nothing_to_do(landing: Path, root: Path) -> float:
    """Seconds of a run that must find nothing to do."""
    began = time.monotonic()
    said = subprocess.run(
        [str(each) for each in submit(landing, root)],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    seconds = time.monotonic() - began
    if "nothing new" not in said or "up to date" not in said:
        raise AssertionError(f"the run had something to do:\n{said}")
    return seconds


def as_table(found: Sequence[Figures]) -> Table:
    """A column a root."""
    rows = [
        ["days", *(each.days for each in found)],
        ["small files of the root, kB", *(round(each.state_kb, 1) for each in found)],
        ["read by a run with nothing to do, kB", *(round(each.read_kb, 1) for each in found)],
        ["a run with nothing to do, s", *(round(each.nothing_s, 2) for each in found)],
        ["a change of one board, ms", *(round(each.commit_ms, 1) for each in found)],
        ["journal and state written by it, kB", *(round(each.written_kb, 1) for each in found)],
    ]
    return Table(["", *(f"{each.boards:,} boards" for each in found)], rows)


def main() -> int:
    """Measure, print, and write into a page if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boards", type=int, nargs="+", default=[10, 10_000])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="put the table there")
    args = parser.parse_args()
    if args.write:
        check_markers(args.write, "years")
    with tempfile.TemporaryDirectory(prefix="years-") as folder:
        found = [figures(Path(folder) / str(n), n, args.repeat) for n in args.boards]
    table, note = as_table(found), f"Medians. {machine('pyspark', 'pyarrow')}."
    sys.stdout.write(f"{note}\n\n{table.as_text()}\n")
    if args.write:
        put(args.write, "years", f"{note}\n\n{table.as_markdown()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
