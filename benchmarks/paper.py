"""A billion searches a day, computed from what a small log costs: bytes, CPU, cores.

    make benchmark-paper
    make benchmark-paper ARGS='--searches 1000000 --write docs/benchmark.md'

Takes in a log of two days and its last hour, makes the results, and multiplies what that took. The
assumptions are constants below; what the multiplication cannot know is told in docs/benchmark.md.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import log
from benchmarks.growth import run
from benchmarks.log import lay
from benchmarks.report import Table, check_markers, machine, put
from benchmarks.speed import RESULTS

#: What is computed for.
SEARCHES_A_DAY: Final = 1_000_000_000
#: The part of a day's searches that its busiest hour has: of a portal, as of the log.
BUSIEST_HOUR: Final = float(log.HOURS.max() / log.HOURS.sum())
#: Days that are kept, and copies of each block.
KEPT_DAYS: Final = 35
REPLICAS: Final = 3
#: How much of an executor's time is work, and how long an hourly run may take.
BUSY: Final = 0.6
HOURLY_SECONDS: Final = 15 * 60

STORED: Final = ("searches", "hourly_counts", "daily_counts", "daily_pairs")


def folder_bytes(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@dataclass(frozen=True)
class Measured:
    """What a log took."""

    searches: int
    log_bytes: int
    stored_bytes: Mapping[str, int]  #: by dataset
    hour_searches: int  #: of the last hour
    hour_cpu_seconds: float  #: of taking it in and making the board, without a start

    def bytes_table(self) -> Table:
        """What lies on disk."""
        rows: list[list[object]] = []
        for name, size in {"landing (text)": self.log_bytes, **self.stored_bytes}.items():
            a_search = size / self.searches
            a_day = a_search * SEARCHES_A_DAY
            kept = a_day * KEPT_DAYS * REPLICAS / 1e12
            rows.append([name, round(a_search, 1), round(a_day / 1e9), round(kept, 1)])
        header = ["dataset", "bytes a search", "GB a day", f"TB, {KEPT_DAYS} days × {REPLICAS}"]
        return Table(header, rows)

    def cores_table(self) -> Table:
        """How many cores take the busiest hour in."""
        of_search = self.hour_cpu_seconds / self.hour_searches
        searches = SEARCHES_A_DAY * BUSIEST_HOUR
        cpu = searches * of_search
        cores = math.ceil(cpu / (HOURLY_SECONDS * BUSY))
        row: list[object] = [
            round(of_search * 1e6, 1),
            round(searches / 1e6, 1),
            round(cpu / 3600, 1),
            cores,
        ]
        header = [
            "CPU s a million searches of a new hour",
            "million searches in the busiest hour",
            "CPU hours of its run",
            f"cores to do it in {HOURLY_SECONDS // 60} minutes",
        ]
        return Table(header, [row])


def measure(folder: Path, searches: int) -> Measured:
    """Run all of it."""
    log.write(folder / "log", searches=searches, days=2)
    files = sorted((folder / "log").iterdir())
    landing, root = folder / "landing", folder / "root"
    lay(landing, [file for file in files if file.name != log.LAST_HOUR])
    run("process", "all", landing, root)
    lay(landing, files)
    hour = run("process", "trending", landing, root)
    for result in RESULTS:
        run("process", result, landing, root)
    idle = run("process", "trending", landing, root)
    last = next(file for file in files if file.name == log.LAST_HOUR)
    return Measured(
        searches,
        folder_bytes(folder / "log"),
        {name: folder_bytes(root / name) for name in STORED},
        len(last.read_bytes().splitlines()),
        hour.cpu_seconds - idle.cpu_seconds,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=2_000_000)
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="put the tables there")
    args = parser.parse_args()
    if args.write:
        check_markers(args.write, "paper")
    with tempfile.TemporaryDirectory(prefix="paper-") as folder:
        found = measure(Path(folder), args.searches)
    note = f"From {args.searches:,} searches of two days; {machine('polars')}."
    tables = [found.bytes_table(), found.cores_table()]
    sys.stdout.write("\n\n".join([note, *(table.as_text() for table in tables)]) + "\n")
    if args.write:
        put(args.write, "paper", "\n\n".join([note, *(t.as_markdown() for t in tables)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
