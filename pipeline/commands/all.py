"""All results in one session: trending keywords, related searches, autocomplete.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  trending/dt=/hour=, related/dt=, autocomplete/dt= under the root (--root)

Each is made with its job's defaults; to choose otherwise run the job itself. Keywords
(keywords/dt=, trending_words/dt=/hour=) are brought up to date too where `keywords` was run before.
"""

import argparse

from pipeline.carriers.session import Session
from pipeline.commands import autocomplete, cli, keywords, related, trending
from pipeline.errors import UnreachableError
from pipeline.runs.published import KEYWORDS_RESULT, options_file
from pipeline.store.storage import qualified, storage_of


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("all", __doc__)
    cli.add_at(parser)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    out_of_reach: UnreachableError | None = None
    jobs = [trending, related, autocomplete]
    if _has_keywords(session, args.root):
        jobs.append(keywords)
    for job in jobs:
        options = job.parser()
        defaults = vars(options.parse_args(["--landing", args.landing, "--root", args.root]))
        cli.say(f"\n== {str(job.__doc__).splitlines()[0]}\n")
        try:
            job.run(session, argparse.Namespace(**{**defaults, **vars(args)}))
        except UnreachableError as error:  # told at the end: the next result can be made
            out_of_reach = error
    if out_of_reach is not None:
        raise out_of_reach


def _has_keywords(session: Session, name: str) -> bool:
    """Whether somebody asked for keywords before: who did not pays nothing for them."""
    address = qualified(session, name)
    wanted = f"{address}/{options_file(KEYWORDS_RESULT.dataset)}"
    return bool(storage_of(session, address).exists(wanted))
