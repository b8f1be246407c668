"""One of our jobs in a session that is started before the clock is.

    spark-submit benchmarks/timed_job.py TIMES.json trending|related|autocomplete LANDING ROOT...

Writes the seconds, and the seconds of CPU, from the job's beginning to its end. With several roots
it runs once for each, and writes those of the last.
"""

import importlib
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from pipeline.session import spark_session


def cpu_seconds() -> float:
    """Of this process, and of the Java that it was started by."""
    return sum(
        sum(each.cpu_times()[:2])
        for each in (psutil.Process(), psutil.Process().parent())
        if each is not None
    )


def main() -> None:
    target, name, landing, *roots = sys.argv[1:]
    job = importlib.import_module(f"jobs.{name}")
    with spark_session("timed job") as session:
        session().range(1).count()
        for root in roots:
            args = job.parser().parse_args(["--landing", landing, "--root", root])
            began, cpu = time.monotonic(), cpu_seconds()
            job.run(session, args)
            times = [time.monotonic() - began, cpu_seconds() - cpu]
    Path(target).write_text(json.dumps(times))


if __name__ == "__main__":
    main()
