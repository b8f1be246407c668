"""All results in one session: trending keywords, related searches, autocomplete.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  trending/dt=/hour=, related/dt=, autocomplete/dt= under the root (--root)

Each with its job's defaults: to choose otherwise run the job. What other jobs made on this root
before is brought up to date too; of what nobody asked for nothing is made.
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
IF_ASKED_FOR |= {"query_analytics": analytics, "patterns": patterns}
IF_ASKED_FOR |= {"segments": segments, "profiles": profiles}


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("all", __doc__)
    cli.add_at(parser)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    out_of_reach: UnreachableError | None = None
    asked_for = [job for name, job in IF_ASKED_FOR.items() if _has(session, args.root, name)]
    for job in (trending, related, autocomplete, *asked_for):
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
    address = f"{qualified(session, name)}/{dataset}"
    return bool(storage_of(session, address).exists(address))
