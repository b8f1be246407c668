"""Let days go that are older than they are kept; no file of the landing folder is touched.

Reads   the days of the datasets under the root (--root)
Writes  removes those that are too old; searches that were not counted yet are counted first

Results and counts of days whose searches have gone stay as they are. A file that brings searches of
such a day late is taken in without them: its row in ledger says how many, as `expired`.
"""

import argparse
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.carriers.session import Session
from pipeline.commands import cli
from pipeline.errors import InvalidParameterError
from pipeline.runs.retention import count_what_goes, expire, expiries, keep_option, shortages
from silgeom.commands import day, say


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("expire", __doc__, takes_in=False, landing=False)
    add = parser.add_argument
    kept = "how many days of which datasets stay, such as searches=35d,rejects=14d; others stay"
    as_of = "the last of these days (default: today in the reporting zone)"
    add("--keep", type=keep_option, required=True, metavar="DATASET=DAYSd,…", help=kept)
    add("--as-of", type=day, metavar="YYYY-MM-DD", help=as_of)
    add("--dry-run", action="store_true", help="say what would go, and change nothing")
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    with cli.existing_root(session, args) as root:
        today = datetime.now(ZoneInfo(root.state.zone)).date()
        as_of = args.as_of or today
        if as_of > today:
            raise InvalidParameterError(f"--as-of {as_of} is in the future: today is {today}")
        for sentence in shortages(args.keep):
            say(f"Note      {sentence}")
        gone = expiries(root, args.keep, as_of)
        if not args.dry_run:
            count_what_goes(root, gone)
            expire(root, gone)
        for each in gone:
            days = f"{len(each.days):,} days before {each.kept_from}"
            verb = "would go" if args.dry_run else "gone"
            what = f"{days}, {each.size:,} bytes, {verb}" if each.days else "nothing to go"
            say(f"{each.dataset:13}  {what}")
