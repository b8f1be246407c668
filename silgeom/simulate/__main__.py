"""Command line of the simulator: `python -m silgeom.simulate DIRECTORY`."""

import argparse
import sys
from datetime import date
from pathlib import Path

from silgeom.simulate.generate import Simulation
from silgeom.simulate.parameters import Parameters


def arg_parser() -> argparse.ArgumentParser:
    """The options, with the defaults that make sample_data."""
    usual = Parameters()
    parser = argparse.ArgumentParser(
        prog="python -m silgeom.simulate",
        description="Write a simulated search log of a Korean portal: DIRECTORY/logs, one file a "
        "day, and DIRECTORY/truth.json, which tells what was planted in it. The same options give "
        "the same log; without options it is the one in sample_data. Memory does not grow with "
        "--searches.",
    )
    parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="made if missing")
    parser.add_argument(
        "--searches",
        type=int,
        default=usual.searches,
        metavar="N",
        help="about how many lines in all (default: %(default)s)",
    )
    parser.add_argument(
        "--days", type=int, default=usual.days, metavar="N", help="how many (default: %(default)s)"
    )
    parser.add_argument(
        "--users",
        type=int,
        default=usual.users,
        metavar="N",
        help="how many people (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=usual.seed,
        metavar="N",
        help="another seed, another log (default: %(default)s)",
    )
    parser.add_argument(
        "--start",
        type=date.fromisoformat,
        default=usual.start,
        metavar="DATE",
        help="first day, in Asia/Seoul (default: %(default)s)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Write the log; returns the exit code."""
    parser = arg_parser()
    options = parser.parse_args(argv)
    try:
        parameters = Parameters(
            searches=options.searches,
            days=options.days,
            users=options.users,
            seed=options.seed,
            start=options.start,
        )
        truth = Simulation(parameters).write(options.directory)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    lines = sum(row["lines"] for row in truth["files"])
    sys.stdout.write(f"{lines:,} lines in {len(truth['files'])} files: {options.directory}/logs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
