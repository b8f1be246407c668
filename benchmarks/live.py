"""What `silgeom live` takes: from a file to the page, while nothing comes, and while much comes.

    python -m benchmarks.log /tmp/log --searches 1400000 --days 14       # 100,000 searches a day
    python -m benchmarks.live /tmp/log --times 50
    python -m benchmarks.live /tmp/log --idle 7200
    python -m benchmarks.live /tmp/log --feed 1200

`live` and `serve` run as their own processes on a root of that log. CPU time is of `live` alone.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final
from urllib.request import urlopen

import psutil

from benchmarks.log import LAST_DAY, ZONE

#: The moment after the log.
AFTER: Final = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, tzinfo=ZONE) + timedelta(1)
#: People of the first burst; one more in each that follows, so that it comes first. The log ends
#: with bursts of 50 people.
PEOPLE: Final = 80
#: Readings of memory and handles while it runs.
READINGS: Final = 12


#: Seconds between two looks at whether it is at rest, and CPU seconds that rest takes meanwhile.
REST_SECONDS: Final = 5
REST_CPU: Final = 0.25


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A command of `silgeom` that is ended at the end."""
    argv = [sys.executable, "-m", "silgeom", *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            yield process
        finally:
            process.terminate()


def await_rest(live: psutil.Process) -> None:
    """Wait until it has caught up with what is there."""
    before = -1.0
    while (now := _cpu(live)) - before > REST_CPU:
        before = now
        time.sleep(REST_SECONDS)


def latencies(landing: Path, root: Path, times: int) -> list[float]:
    """Seconds from the name of each file to its query on the page; a file a minute of the log."""
    with running("serve", "--root", str(root), "--port", "0") as server:
        assert server.stdout is not None
        address = server.stdout.readline().split(" at ")[1].split(" ")[0]
        with urlopen(f"{address}events", timeout=60) as events:
            return [_latency(landing, number, events) for number in range(times)]


def _latency(landing: Path, number: int, events: IO[bytes]) -> float:
    at, query = AFTER + timedelta(minutes=number), f"burst of minute {number}"
    people = range(PEOPLE + number)
    # Who searches for nothing else counts less, as a robot of one search would.
    lines = [
        f"{at.isoformat()}\tp{each}\t{text}\n"
        for each in people
        for text in (query, f"other {each % 9}")
    ]
    hidden = landing / f".minute-{number:03}"
    hidden.write_text("".join(lines), "utf-8")
    hidden.rename(landing / f"minute-{number:03}.tsv")
    begun = time.perf_counter()
    for line in events:
        if line.startswith(b"data: {") and query in _queries(line):
            return time.perf_counter() - begun
    raise RuntimeError("the server has ended")


def _queries(line: bytes) -> list[str]:
    return [row["surface"] for row in json.loads(line.removeprefix(b"data: "))["rows"]]


def readings(live: psutil.Process, root: Path, seconds: int) -> Iterator[str]:
    """Lines that tell what the process holds, and its share of a core since the line before."""
    before = _cpu(live)
    for number in range(READINGS + 1):
        if number:
            time.sleep(seconds / READINGS)
        cpu, memory = _cpu(live), live.memory_info()
        share = (cpu - before) / (seconds / READINGS) if number else 0.0
        before = cpu
        files = sum(len(found) for _, _, found in os.walk(root))
        yield (
            f"{seconds / READINGS * number:7.0f} s {share:8.3f} of a core "
            f"{memory.rss / 1e6:6.0f} MB {live.num_fds():5} handles {files:6} files of the root"
        )


def _cpu(live: psutil.Process) -> float:
    times = live.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("log", type=Path, help="a folder of benchmarks.log")
    parser.add_argument("--times", type=int, default=0, help="files, one after the other")
    parser.add_argument("--idle", type=int, default=0, metavar="SECONDS")
    parser.add_argument("--feed", type=int, default=0, metavar="SECONDS", help="of the last day")
    parser.add_argument("--speed", type=int, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        landing, root = Path(folder, "landing"), Path(folder, "root")
        where = ["--landing", str(landing), "--root", str(root)]
        landing.mkdir()
        last_day = f"day-{sum(file.name.startswith('day') for file in args.log.iterdir()):03}.tsv"
        for file in args.log.iterdir():
            if not args.feed or (file.name.startswith("day") and file.name != last_day):
                shutil.copy(file, landing)
        with running("run", "all", *where) as process:
            process.communicate()
        with running("live", *where, "--log-level", "error") as process:
            live = psutil.Process(process.pid)
            await_rest(live)
            _tell(f"memory of live at rest: {live.memory_info().rss / 1e6:.0f} MB")
            if args.times:
                taken = sorted(latencies(landing, root, args.times))
                half, worst = taken[len(taken) // 2], taken[-1]
                _tell(f"file to page, {args.times} times: {half:.2f} s median, {worst:.2f} s worst")
            if args.idle:
                _tell("with nothing new")
                for line in readings(live, root, args.idle):
                    _tell(line)
            if args.feed:
                _tell(f"fed at {args.speed} times the speed of the log")
                fed = str(args.log / last_day)
                with running("feed", fed, *where[:2], "--speed", str(args.speed)):
                    for line in readings(live, root, args.feed):
                        _tell(line)


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
