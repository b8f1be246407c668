"""A command, from its start to its end, with all the processes that it starts."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from benchmarks.timed_job import Step, to_json

PROJECT: Final = Path(__file__).resolve().parents[1]
SPARK_SUBMIT: Final = Path(sys.executable).with_name("spark-submit")
#: How often the processes are looked at.
LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Cost:
    """What a run took. Bytes are those of all reads and writes, from disk or not.

    `peak_gb`: the resident sets of the whole process tree added up, shared pages counted in each.
    """

    seconds: float
    cpu_seconds: float
    peak_gb: float
    read_mb: float | None = None
    written_mb: float | None = None


def measured(command: Sequence[str | Path]) -> Cost:
    """Run a command and look at its process tree until it ends.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = psutil.Popen(
            [str(part) for part in command], cwd=PROJECT, stdout=said, stderr=said
        )
        cpu: dict[int, float] = {}
        moved: dict[int, tuple[int, int]] = {}
        peak = 0
        while process.poll() is None:
            resident = 0
            for each in (process, *_children(process)):
                try:
                    with each.oneshot():
                        cpu[each.pid] = sum(each.cpu_times()[:2])
                        resident += each.memory_info().rss
                        counters = each.io_counters()
                        moved[each.pid] = (counters.read_chars, counters.write_chars)
                except (psutil.Error, AttributeError):  # it ended; or a system that does not count
                    continue
            peak = max(peak, resident)
            time.sleep(LOOK_SECONDS)
        if process.returncode:
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace")[-4000:])
            raise subprocess.CalledProcessError(process.returncode, process.args)
        seconds = time.monotonic() - began
    read, written = (sum(each[i] for each in moved.values()) / 1e6 for i in (0, 1))
    return Cost(seconds, sum(cpu.values()), peak / 1e9, read, written)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def in_one_session(folder: Path, steps: list[Step]) -> list[Cost]:
    """The cost of each step without the start of Spark, in one session for all.

    Time and CPU are the step's own, memory is the whole session's; bytes are not known.
    """
    order, times = folder / "steps.json", folder / "times.json"
    order.write_text(to_json(steps))
    session = measured([SPARK_SUBMIT, PROJECT / "benchmarks/timed_job.py", order, times])
    return [Cost(seconds, cpu, session.peak_gb) for seconds, cpu in json.loads(times.read_text())]
