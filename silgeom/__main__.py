"""The command `silgeom`: the jobs of `jobs/` in this process, without Spark and without Java.

    silgeom run trending --landing my-logs --root my-results

Options, results, summary and exit status are those of the job of that name; so is the root, which
jobs on Spark and this command may take in turns.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Final

from pipeline.cli import run_job
from pipeline.commands import (
    all,
    autocomplete,
    erase,
    expire,
    ingest,
    related,
    rotate_key,
    trending,
)
from pipeline.session import Session, in_process
from silgeom.commands import ArgumentParser

Job = Callable[[Session, argparse.Namespace], None]

RESULTS: Final[dict[str, tuple[Callable[[], argparse.ArgumentParser], Job]]] = {
    "trending": (trending.parser, trending.run),
    "related": (related.parser, related.run),
    "autocomplete": (autocomplete.parser, autocomplete.run),
    "all": (all.parser, all.run),
    "ingest": (ingest.parser, ingest.run),
    "expire": (expire.parser, expire.run),
    "erase": (erase.parser, erase.run),
    "rotate_key": (rotate_key.parser, rotate_key.run),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv: the words after its name; those of the command line if None.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    match words:
        case ["run", name, *options] if name in RESULTS:
            parser, job = RESULTS[name]
            arguments = parser()
            arguments.prog = f"silgeom run {name}"
            run_job(job, arguments, lambda _: nullcontext(in_process()), options)
        case _:
            _parser().parse_args(words)


def _parser() -> argparse.ArgumentParser:
    """Tells what there is to run, and what was wrong."""
    parser = ArgumentParser(prog="silgeom", description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="take in what is new, and make a result")
    run.add_argument("result", metavar="RESULT", choices=RESULTS, help=", ".join(RESULTS))
    run.epilog = "Options of each: silgeom run RESULT --help"
    return parser


if __name__ == "__main__":
    main()
