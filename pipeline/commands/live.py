"""Live: follow the landing folder, and keep the board of the last hour moving.

Reads   the landing folder (--landing), again and again: what is new is taken in once it is whole
Writes  live/dt= under the root (--root): the board of each slot of minutes, all of them kept;
        trending/dt=/hour= at full hours, related/dt= and autocomplete/dt= every so often

It stays until SIGTERM or Ctrl-C. What is in the way is said once, and tried again.
"""

import argparse
import logging
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

from pipeline.carriers.session import Session
from pipeline.commands import autocomplete, cli, monitor, related, trending
from pipeline.limits import LIMITS
from pipeline.runs.follow_landing import Live, LiveOptions, Status, follow
from pipeline.runs.inspection import Landing
from pipeline.runs.live_boards import SLOTS
from pipeline.runs.published import AutocompleteOptions, RelatedOptions, TrendingOptions
from pipeline.runs.settling import SETTLED_SECONDS, Settling
from pipeline.runs.stale import SessionRules
from pipeline.runs.take_in import check_landing
from pipeline.store.root import open_root
from pipeline.store.storage import qualified, storage_of
from silgeom.commands import number, whole

#: Minutes that a second `live` waits for the first one to go. HDFS takes a minute to notice that
#: one was killed.
WAIT_MINUTES = 2


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("live", __doc__)
    trending.add_options(parser)
    add = partial(parser.add_argument, type=whole(*LIMITS["minutes"]), metavar="MINUTES")
    ends = "minutes from one board to the next (default: 5)"
    parser.add_argument("--slot", type=int, choices=SLOTS, default=5, help=ends)
    hours = "boards are kept complete for so many hours back (default: 24)"
    add("--history", type=whole(1, 24 * 31), default=24, metavar="HOURS", help=hours)
    add("--related-every", default=60, help="0: never (default: 60)")
    add("--autocomplete-every", default=10, help="0: never (default: 10)")
    settled = f"what did not change for so long is whole (default: {SETTLED_SECONDS:g})"
    parser.add_argument(
        "--settled", type=number(0, 3600), default=SETTLED_SECONDS, metavar="SECONDS", help=settled
    )
    monitor.add_http(parser)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    landing = Landing(
        args.landing, args.format, args.charset, args.zone, args.date, retry=args.retry
    )
    check_landing(session, landing, root=args.root)
    status = Status(started_at=datetime.now(UTC))
    live = Live(
        session,
        args.root,
        landing,
        args.reporting_zone,
        options(args),
        status,
        settling=Settling(args.settled),
    )
    address = qualified(session, args.root)
    storage = storage_of(session, address)
    with open_root(session, args.root, zone=args.reporting_zone, say=cli.say):
        pass  # what is wrong with it is told at once
    if args.log_level == "warning":  # the default: what it does is told, how is not
        logging.getLogger(follow.__module__).setLevel(logging.INFO)
    with ExitStack() as stack:
        stack.enter_context(storage.lock(f"{address}/_live", say=cli.say, minutes=WAIT_MINUTES))
        if args.http is not None:
            stack.enter_context(monitor.served(status, *args.http))
        follow(live, time.sleep)


def options(args: argparse.Namespace) -> LiveOptions:
    """What is kept in step: trending as the arguments say, the other results as their jobs do."""
    of_related, of_completions = related.parser(), autocomplete.parser()
    where = ["--landing", args.landing, "--root", args.root]
    defaults = of_completions.parse_args(where)
    defaults.blocked = ()
    return LiveOptions(
        cli.options_of(TrendingOptions, args),
        cli.options_of(RelatedOptions, of_related.parse_args(where)),
        cli.options_of(AutocompleteOptions, defaults),
        SessionRules(),
        args.slot,
        args.history,
        args.related_every,
        args.autocomplete_every,
    )
