"""Command line of the simulator: `python -m silgeom.simulate DIRECTORY`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from silgeom.commands import ArgumentParser, command, day, fail, number, place_name, say, whole
from silgeom.simulate.generate import Simulation
from silgeom.simulate.parameters import (
    BURSTS_A_WEEK,
    MOST_TYPES,
    PLANS,
    Parameters,
    read_parameters,
    with_defaults,
)


def arg_parser() -> argparse.ArgumentParser:
    """The options, with the defaults that make sample_data."""
    usual = Parameters()
    parser = ArgumentParser(
        prog="python -m silgeom.simulate",
        description="Write a simulated search log of a Korean portal: DIRECTORY/logs, one file a "
        "day, and DIRECTORY/truth.json, which tells what was planted in it. The same options give "
        "the same log; without options it is the one in sample_data. Memory does not grow with "
        "--searches.",
    )
    parser.add_argument("directory", type=_path, metavar="DIRECTORY", help="made if missing")
    parser.add_argument(
        "--plan",
        choices=PLANS,
        help="what is planted: as in sample_data; or a portal's weeks drawn at random, 28 days of "
        "200,000 searches; or weeks as restless as real boards, with levels that rise and stay "
        f"(default: {usual.plan})",
    )
    for name, kind, metavar, text in (
        (
            "--searches",
            whole(1_000, 10**10),
            "N",
            f"about how many lines in all (default: {usual.searches})",
        ),
        ("--days", whole(1, 3_660), "N", f"how many (default: {usual.days})"),
        ("--users", whole(100, 10**8), "N", f"how many people (default: {usual.users})"),
        ("--seed", whole(0, 2**63 - 1), "N", f"another seed, another log (default: {usual.seed})"),
        ("--start", day, "DATE", f"first day, in Seoul (default: {usual.start})"),
        (
            "--types",
            whole(0, MOST_TYPES),
            "N",
            "people are of so many types, each with interests, hours and kinds of use of its own; "
            "who is of which is written to DIRECTORY/types.json (default: 0, of no type)",
        ),
        (
            "--bursts",
            number(0, 10_000),
            "N",
            f"random plan: how many a week (default: {usual.bursts:g}; "
            f"restless: {BURSTS_A_WEEK:,})",
        ),
        (
            "--quiet-days",
            whole(0, 3_660),
            "N",
            "random plan: first days without bursts and attacks, so that there is a past "
            f"(default: {usual.quiet_days}; restless: 0)",
        ),
    ):
        parser.add_argument(name, type=kind, metavar=metavar, help=text)
    parser.add_argument(
        "--attack",
        action="store_true",
        default=None,
        help="random plan: attempts to get on the board, one of each kind a week",
    )
    parser.add_argument(
        "--uses",
        action="store_true",
        default=None,
        help="--types: each has a use of its own, navigating, looking up, news or shopping; "
        "DIRECTORY/categories.toml declares the subjects, shopping among them",
    )
    parser.add_argument(
        "--like",
        type=_path,
        metavar="ROOT",
        help="a log with the distributions of the one taken in at ROOT (or told by a profile.json "
        "of an earlier run), and without a query or user of it; nothing is planted; goes with "
        "--searches (default: as many), --seed, --start and --zone",
    )
    parser.add_argument(
        "--zone", metavar="ZONE", help="--like: whose days and hours (default: Asia/Seoul)"
    )
    parser.add_argument(
        "--parameters",
        type=_path,
        metavar="FILE.toml",
        help="these and all others in one file; what is given here goes before it",
    )
    return parser


def _path(text: str) -> Path:
    return Path(place_name(text))


def main(argv: list[str] | None = None) -> int:
    """Write the log; returns the exit code."""
    parser = arg_parser()
    with command(parser.prog):
        return _written(parser, argv)
    return 0  # nobody reads the output any more


def _written(parser: argparse.ArgumentParser, argv: list[str] | None) -> int:
    options = vars(parser.parse_args(argv))
    directory: Path = options.pop("directory")
    file: Path | None = options.pop("parameters")
    like: Path | None = options.pop("like")
    zone: str | None = options.pop("zone")
    try:
        if like:
            options["parameters"] = file
            return _like(directory, like, zone or "Asia/Seoul", options)
        if zone:
            raise ValueError("--zone goes with --like; a simulated portal is in Asia/Seoul.")
        chosen = read_parameters(file) if file else {}
        chosen |= {name: value for name, value in options.items() if value is not None}
        truth = Simulation(with_defaults(chosen)).write(directory)
    except (ValueError, OSError) as error:
        fail(parser.prog, str(error))
    lines = sum(row["lines"] for row in truth["files"])
    say(f"{lines:,} lines in {len(truth['files'])} files: {directory}/logs")
    return 0


def _like(directory: Path, like: Path, zone: str, options: dict[str, Any]) -> int:
    from silgeom.simulate.fitted import write_like  # needs pandas and pyarrow
    from silgeom.simulate.profile import read_profile

    others = [name for name, value in options.items() if value is not None]
    if more := [name for name in others if name not in ("searches", "seed", "start")]:
        raise ValueError(
            f"--{more[0].replace('_', '-')} does not go with --like, which takes it over: leave it."
        )
    usual = Parameters()
    profile = read_profile(like, zone)
    lines = write_like(
        profile,
        directory,
        searches=options["searches"] or profile.searches,
        seed=usual.seed if options["seed"] is None else options["seed"],
        start=options["start"] or usual.start,
        zone=zone,
    )
    say(f"{lines:,} lines in {profile.days} days: {directory}/logs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
