"""All three results in one session: trending keywords, related searches, autocomplete.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  trending/dt=/hour=, related/dt=, autocomplete/dt= under the root (--root)

Each is made with its job's defaults; to choose otherwise run the job itself.
"""

import argparse

from pipeline.carriers.session import Session
from pipeline.commands import autocomplete, cli, related, trending
from pipeline.errors import UnreachableError


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("all", __doc__)
    cli.add_at(parser)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    out_of_reach: UnreachableError | None = None
    for job in (trending, related, autocomplete):
        options = job.parser()
        defaults = vars(options.parse_args(["--landing", args.landing, "--root", args.root]))
        cli.say(f"\n== {str(job.__doc__).splitlines()[0]}\n")
        try:
            job.run(session, argparse.Namespace(**{**defaults, **vars(args)}))
        except UnreachableError as error:  # told at the end: the next result can be made
            out_of_reach = error
    if out_of_reach is not None:
        raise out_of_reach
