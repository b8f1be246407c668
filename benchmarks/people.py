"""What interests, segments and profiles of people take: a new day of a log, and a look-up.

    python -m benchmarks.log LOG --people 2000000
    python -m benchmarks.people LOG

What comes before the last day of the log is taken in, and the jobs are run on it. Then the last day
comes in, and each job runs again, a process of its own: the interests of the new day are a part of
`segments`. Then completions are asked for as everybody gets them, with a profile, and with a
profile and three queries of a sitting.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.insights import cut, run
from benchmarks.lookups import percentile, questions
from benchmarks.report import Goal, Table, goals, machine
from silgeom.complete import Completer
from silgeom.profiles import Profiles
from silgeom.related import Relater

#: What is made of queries alone comes first, and is told apart.
BEFORE: Final = ("trending", "related", "autocomplete")
JOBS: Final = ("segments", "profiles")
#: At most: seconds of profiles of a new day, of interests and segments of all; GB; milliseconds
#: that a personal look-up takes more than a shared one.
PROFILES, SEGMENTS, PEAK_GB, MORE_MS = 10.0, 60.0, 2.0, 1.0
#: Look-ups of each kind.
LOOKUPS: Final = 2_000
#: Queries of a sitting.
SITTING: Final = 3
#: Hours of `cut`, of which none is needed: the last day comes in as a whole.
_WHOLE_DAY: Final = (24,)


def jobs(log: Path, folder: Path, say: Callable[[str], object]) -> list[Goal]:
    """Take in all but the last day, then it; tell what the jobs took."""
    landing, root = folder / "landing", folder / "root"
    landing.mkdir()
    [(_, lines), _] = cut(log, landing, _WHOLE_DAY)
    for job in BEFORE:
        run(job, landing, root)
    first = {job: run(job, landing, root) for job in JOBS}
    (landing / "last-day.tsv").write_bytes(lines)
    for job in BEFORE:
        run(job, landing, root)
    found = {job: run(job, landing, root) for job in JOBS}
    rows = [
        [what, job, round(each.seconds, 1), round(each.cpu_seconds, 1), round(each.peak_gb, 2)]
        for what, costs in (("all days before", first), ("a new day", found))
        for job, each in costs.items()
    ]
    searches = pl.scan_parquet(root / "searches" / "**" / "*.parquet", hive_partitioning=False)
    size = searches.select(pl.len(), pl.col("user_id").n_unique()).collect().row(0)
    say(f"{size[0]:,} searches, {size[1]:,} people. {machine('polars')}.")
    say(Table(["", "job", "s", "CPU s", "GB"], rows).as_text())
    return [
        Goal("new day: s, profiles", PROFILES, found["profiles"].seconds),
        Goal("new day: s, interests and segments of all", SEGMENTS, found["segments"].seconds),
        Goal("GB", PEAK_GB, max(each.peak_gb for each in [*first.values(), *found.values()])),
    ]


def lookups(log: Path, root: Path, say: Callable[[str], object]) -> list[Goal]:
    """Ask for completions in three ways; tell how long each takes."""
    relater = Relater.load(root)
    completer, profiles = Completer.load(root, relater=relater), Profiles(root)
    asked, draw = questions(root), random.Random(1)
    lines = [line.split("\t") for line in max(log.glob("day-*.tsv")).open(encoding="utf-8")]
    users = [line[1] for line in draw.sample(lines, LOOKUPS)]
    typed = draw.choices(asked["typed"], k=LOOKUPS)
    sittings = [draw.sample(asked["queries"], SITTING) for _ in users]

    def ask_shared(at: int) -> object:
        return completer.complete(typed[at])

    def ask_with_profile(at: int) -> object:
        return completer.complete(typed[at], user=profiles.of(users[at]))

    def ask_in_sitting(at: int) -> object:
        return completer.complete(typed[at], user=profiles.of(users[at]), session=sittings[at])

    shared, personal = _times(ask_shared), _times(ask_with_profile)
    first = _times(ask_in_sitting)
    again = _times(ask_in_sitting)
    rows = [
        [name, *(round(percentile(times, share), 2) for share in (0.5, 0.99))]
        for name, times in (
            ("for everybody", shared),
            ("with a profile", personal),
            ("at the first key of a sitting of three queries", first),
            ("at the next keys", again),
        )
    ]
    say(Table(["a completion", "median ms", "99 of 100 in"], rows).as_text())
    more = percentile(personal, 0.5) - percentile(shared, 0.5)
    in_sitting = percentile(again, 0.5) - percentile(shared, 0.5)
    return [
        Goal("a look-up with a profile: ms more, median", MORE_MS, more),
        Goal("with a profile and a sitting: ms more, median", MORE_MS, in_sitting),
    ]


def _times(ask: Callable[[int], object]) -> Sequence[float]:
    times = []
    for at in range(LOOKUPS):
        began = time.perf_counter()
        ask(at)
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path, help="a folder of benchmarks.log")
    args = parser.parse_args()

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="people-") as folder:
        found = jobs(args.log, Path(folder), say)
        found += lookups(args.log, Path(folder) / "root", say)
        say(goals(found).as_text())


if __name__ == "__main__":
    main()
