"""All three results on a cluster of containers: Silgeom beside PySpark as tutorials write it.

    docker compose up -d --wait
    make benchmark-cluster
    make benchmark-cluster ARGS='--searches 3000000 --write docs/benchmark.md'

Both read one log from HDFS into nothing, on the same YARN with its two node managers, from the
start of spark-submit to its end. Silgeom makes three results in one go, a tutorial is a job for
each. Executors of tutorials get 1,800 MB each: heaps of the cluster's settings, of 480 MB, would
not do for them.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks import log
from benchmarks.measure import PROJECT
from benchmarks.report import Goal, Table, check_markers, goals, machine, put
from benchmarks.speed import RESULTS

FOLDER: Final = "hdfs:///user/analyst/benchmark"
#: Times a tutorial's.
GOAL: Final = 0.4
CLIENT: Final = ("docker", "compose", "exec", "-T", "client")
TUTORIAL: Final = (
    *("--driver-memory", "1200m"),
    *("--executor-memory", "1200m", "--conf", "spark.executor.memoryOverhead=600m"),
    # Java as it comes: both of its compilers, its own collector.
    *("--driver-java-options", "-Dfile.encoding=UTF-8"),
    *("--conf", "spark.executor.extraJavaOptions=-Dfile.encoding=UTF-8"),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=3_000_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="put the tables there")
    args = parser.parse_args()
    if args.write:
        check_markers(args.write, "cluster")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as temporary:
        log.write(Path(temporary), searches=args.searches, days=args.days)
        _run("hdfs", "dfs", "-rm", "-r", "-f", "-skipTrash", FOLDER)
        _run("hdfs", "dfs", "-mkdir", "-p", f"{FOLDER}/landing")
        for file in sorted(Path(temporary).iterdir()):
            _run("hdfs", "dfs", "-put", "-", f"{FOLDER}/landing/{file.name}", given=file)
    seconds: dict[str, list[float]] = {}
    for _ in range(args.rounds):
        seconds.setdefault("Silgeom, all three", []).append(_ours())
        for result in RESULTS:
            seconds.setdefault(f"tutorial, {result}", []).append(_tutorial(result))
    _run("hdfs", "dfs", "-rm", "-r", "-f", "-skipTrash", FOLDER)
    least = {name: min(each) for name, each in seconds.items()}
    ours, *tutorials = least.values()
    each_one = Table(["job", "s"], [[name, round(time_)] for name, time_ in least.items()])
    reached = goals([Goal("Silgeom × the three tutorials", GOAL, ours / sum(tutorials))])
    note = (
        f"{args.searches:,} searches of {args.days} days; the least of {args.rounds}. Two node "
        f"managers and all daemons on one machine: {machine('pyspark')}."
    )
    sys.stdout.write(f"{note}\n\n{each_one.as_text()}\n\n{reached.as_text()}\n")
    if args.write:
        parts = [note, each_one.as_markdown(), reached.as_markdown()]
        put(args.write, "cluster", "\n\n".join(parts))
    return 0


def _ours() -> float:
    root = f"{FOLDER}/root"
    _run("hdfs", "dfs", "-rm", "-r", "-f", "-skipTrash", root)
    return _run("spark-submit", "jobs/all.py", "--landing", f"{FOLDER}/landing", "--root", root)


def _tutorial(result: str) -> float:
    script = "benchmarks/rivals/pyspark_tutorial.py"
    files = (f"{FOLDER}/landing", f"/tmp/{result}.parquet")  # of the container
    return _run("spark-submit", *TUTORIAL, script, result, *files)


def _run(*command: str, given: Path | None = None) -> float:
    """Run a command on the client; its seconds.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    began = time.monotonic()
    asked: Sequence[str] = [*CLIENT, *command]
    if given is None:
        subprocess.run(asked, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    else:
        with given.open("rb") as stream:
            subprocess.run(asked, cwd=PROJECT, check=True, stdin=stream)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
