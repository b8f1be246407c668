"""Profiles of people: what each searched for last, so that a search box can show it to them again.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  profiles/dt= under the root (--root), of the last two days that have searches: internal,
        for look-ups (silgeom/profiles.py), and never shown to anybody else
"""

import argparse
from functools import partial

from pipeline.carriers.session import Session
from pipeline.commands import cli
from pipeline.runs.profiling import PROFILE_DAYS, PROFILE_QUERIES, ProfileOptions, refresh_profiles
from silgeom.commands import say


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("profiles", __doc__)
    add = partial(cli.add_option, parser)
    add("--days", "days", PROFILE_DAYS, "DAYS", "what was searched last before is not kept")
    add("--queries", "queries", PROFILE_QUERIES, "N", "of a person so many, the last ones")
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    with cli.prepared_root(session, args) as root:
        made = refresh_profiles(root, ProfileOptions(args.days, args.queries))
        note = "" if made.is_new else " (up to date: nothing to do)"
        say(f"People    {made.people:,}, with {made.queries:,} queries until {made.day}")
        say(f"Result    {root.address}/profiles/dt={made.day}{note}")
