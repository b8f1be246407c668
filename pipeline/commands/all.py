"""All results in one session: trending keywords, related searches, autocomplete.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  trending/dt=/hour=, related/dt=, autocomplete/dt= under the root (--root)

Each with its job's defaults: to choose otherwise run the job itself. What other jobs made on this
root before is brought up to date too; of what nobody asked for nothing is made.
"""

import argparse

from pipeline.carriers.session import Session
from pipeline.commands import (
    analytics,
    autocomplete,
    categories,
    cli,
    keyword_tool,
    keywords,
    patterns,
    profiles,
    related,
    segments,
    trending,
)
from pipeline.errors import UnreachableError
from pipeline.store.storage import qualified, storage_of

#: What is made where it was made before: by the dataset that tells so.
IF_ASKED_FOR = {"keywords": keywords, "keyword_tool": keyword_tool, "categories": categories}
IF_ASKED_FOR |= {"query_analytics": analytics, "patterns": patterns, "segments": segments}
IF_ASKED_FOR |= {"profiles": profiles}


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("all", __doc__)
    cli.add_at(parser)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    out_of_reach: UnreachableError | None = None
    jobs = [trending, related, autocomplete]
    jobs += [job for dataset, job in IF_ASKED_FOR.items() if _has(session, args.root, dataset)]
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


def _has(session: Session, name: str, dataset: str) -> bool:
    """Whether somebody asked for a result before."""
    address = qualified(session, name)
    return bool(storage_of(session, address).exists(f"{address}/{dataset}"))
