"""The command `silgeom`: results from a search log, in this process, without Spark and Java.

    silgeom run trending --landing my-logs --root my-results

Options, results, summary and exit status are those of the job of that name; so is the root, which
jobs on Spark and this command may take in turns.
"""

import argparse
import importlib
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from silgeom.commands import ArgumentParser, command

#: What `silgeom run` runs: modules of pipeline/commands/.
RESULTS: Final = (
    "trending",
    "related",
    "autocomplete",
    "keyword_tool",
    "categories",
    "keywords",
    "analytics",
    "patterns",
    "segments",
    "profiles",
    "all",
    "ingest",
    "expire",
    "erase",
    "rotate_key",
)
#: Commands of their own: modules of pipeline/commands/ as well.
STAYING: Final = ("live",)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv: the words after its name; those of the command line if None.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    match words:
        case ["run", name, *options] if name in RESULTS:
            with command(f"silgeom run {name}"):
                _run(name, options, f"silgeom run {name}")
        case [name, *options] if name in STAYING:
            with command(f"silgeom {name}"):
                _run(name, options, f"silgeom {name}")
        case ["feed", *options]:
            with command("silgeom feed"):
                _feed(options)
        case ["keywords", *options]:
            with command("silgeom keywords"):
                _keywords(options)
        case ["complete" | "related" as name, *options]:
            with command(f"silgeom {name}"):
                _look_up(name, options)
        case ["serve", *options]:
            with command("silgeom serve", has_an_end=False):
                _serve(options)
        case _:
            with command("silgeom"):
                _parser().parse_args(words)


def _run(name: str, options: Sequence[str], prog: str) -> None:
    with _signals_wait():
        from pipeline.carriers.session import Session, in_process
        from pipeline.commands.cli import run_job
        from silgeom.progress import progress

        job = importlib.import_module(f"pipeline.commands.{name}")
    parser: argparse.ArgumentParser = job.parser()
    parser.prog = prog

    @contextmanager
    def session_of(_: str) -> Iterator[Session]:
        if name in STAYING:  # tells of itself in lines
            yield in_process()
            return
        with progress() as observer:
            yield in_process(observer=observer)

    run_job(job.run, parser, session_of, options)


def _feed(options: Sequence[str]) -> None:
    with _signals_wait():
        from pipeline.commands.feed import main as feed
    feed(options)


def _keywords(options: Sequence[str]) -> None:
    with _signals_wait():
        from silgeom.keyword_tool import main as keywords
    keywords(options)


def _look_up(name: str, options: Sequence[str]) -> None:
    with _signals_wait():
        module = importlib.import_module(f"silgeom.{name}")
    module.main(options, f"silgeom {name}")


def _serve(options: Sequence[str]) -> None:
    with _signals_wait():
        from silgeom.web.command import main as serve
    serve(options)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Ctrl-C and SIGTERM count at the end: a library that is imported may swallow them."""
    came: list[int] = []
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in before:
        signal.signal(each, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    for number in came:
        signal.raise_signal(number)


def _parser() -> argparse.ArgumentParser:
    """Tells what there is to run, and what was wrong."""
    parser = ArgumentParser(prog="silgeom", description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="take in what is new, and make a result")
    run.add_argument("result", metavar="RESULT", choices=RESULTS, help=", ".join(RESULTS))
    run.epilog = "Options of each: silgeom run RESULT --help"
    commands.add_parser("live", help="follow the landing folder, and keep the board moving")
    commands.add_parser("feed", help="let a log come into the landing folder as it came once")
    commands.add_parser("keywords", help="which keywords stand near a word, and how large they are")
    commands.add_parser("complete", help="what a search box would show at each key of a word")
    commands.add_parser("related", help="what a search page would offer beside a query")
    commands.add_parser("serve", help="show the results under a root in a browser")
    return parser


if __name__ == "__main__":
    main()
