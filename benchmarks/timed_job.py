"""Our jobs in a session that is started before the clock is.

    spark-submit benchmarks/timed_job.py STEPS.json TIMES.json

Takes the steps of `STEPS.json` one after another in one session, and writes the seconds and the
seconds of CPU of each, from the job's beginning to its end.
"""

import argparse
import importlib
import json
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from benchmarks.log import lay
from pipeline.carriers.session import Session
from pipeline.carriers.spark import spark_session


@dataclass(frozen=True)
class Step:
    """A job on a landing folder and a root."""

    job: str
    landing: str
    root: str
    #: What lies in the landing folder then; None leaves it as it is.
    files: list[str] | None = None
    #: The root begins as a copy of this one; None begins with nothing, `root` itself goes on.
    of: str | None = None

    def prepare(self) -> None:
        """Put root and landing folder into their state before the job."""
        if self.of != self.root:
            shutil.rmtree(self.root, ignore_errors=True)
            if self.of is not None:
                shutil.copytree(self.of, self.root)
        if self.files is not None:
            lay(Path(self.landing), map(Path, self.files))

    def run(self, session: Session) -> None:
        """Run the job with its defaults."""
        job = importlib.import_module(f"pipeline.commands.{self.job}")
        args: argparse.Namespace = job.parser().parse_args(
            ["--landing", self.landing, "--root", self.root]
        )
        job.run(session, args)


def to_json(steps: list[Step]) -> str:
    return json.dumps([asdict(step) for step in steps])


def cpu_seconds() -> float:
    """Of this process, of the Java that it was started by, and of Java's Python workers."""
    java = psutil.Process().parent()
    tree = [] if java is None else [java, *java.children(recursive=True)]
    return float(sum(sum(each.cpu_times()[:2]) for each in tree))


def main() -> None:
    steps, times = map(Path, sys.argv[1:])
    taken = []
    with spark_session("timed job") as session:
        session.spark().range(1).count()
        for step in (Step(**each) for each in json.loads(steps.read_text())):
            step.prepare()
            began, cpu = time.monotonic(), cpu_seconds()
            step.run(session)
            taken.append((time.monotonic() - began, cpu_seconds() - cpu))
    times.write_text(json.dumps(taken))


if __name__ == "__main__":
    main()
