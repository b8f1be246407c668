"""The command `silgeom`: the jobs of `jobs/` in this process, without Spark and without Java.

    silgeom run trending --landing my-logs --root my-results

Options, results, summary and exit status are those of the job of that name; so is the root, which
jobs on Spark and this command may take in turns.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import polars as pl

from jobs import autocomplete, related, trending
from pipeline import cli, publish
from pipeline.backfill import days_asked_for, ends_asked_for, numbered
from pipeline.carriers.in_process import InProcess
from pipeline.carriers.steps import Carrier
from pipeline.columns import AUTOCOMPLETE, RELATED, TRENDING, Columns
from pipeline.flow import counting, publishing
from pipeline.flow.merging import merge
from pipeline.language.keys import composed
from pipeline.publish import FirstLook, Published
from pipeline.refresh import SessionRules
from pipeline.session import Session
from pipeline.tables import scanned
from silgeom.commands import ArgumentParser

Choose = Callable[[pl.DataFrame], pl.DataFrame]
Job = Callable[[Session, argparse.Namespace, Carrier], None]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv: the words after its name; those of the command line if None.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    match words:
        case ["run", name, *options] if name in JOBS:
            parser, job = JOBS[name]
            arguments = parser()
            arguments.prog = f"silgeom run {name}"
            cli.run_job(partial(_in_process, job=job), arguments, options)
        case _:
            _parser().parse_args(words)


def _parser() -> argparse.ArgumentParser:
    """Tells what there is to run, and what was wrong."""
    parser = ArgumentParser(prog="silgeom", description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="take in what is new, and make a result")
    run.add_argument("result", metavar="RESULT", choices=JOBS, help=", ".join(JOBS))
    run.epilog = "Options of each: silgeom run RESULT --help"
    return parser


def _in_process(session: Session, args: argparse.Namespace, job: Job) -> None:
    job(session, args, InProcess())


def run_trending(session: Session, args: argparse.Namespace, carrier: Carrier) -> None:
    """The board of one window."""
    options = cli.options_of(publish.TrendingOptions, args)
    with cli.prepared_root(session, args, merge=partial(merge, carrier=carrier)) as root:
        counting.refresh_hourly_counts(root, carrier)
        asked = cli.asked_for(args)
        for end, place in numbered(ends_asked_for(root, asked, hours=args.window_hours), asked):
            days = publish.days_of_windows(root, end, options)
            counting.refresh_daily_counts(root, carrier, days)
            board = publishing.publish_trending(root, end, options)
            span = cli.window_text(root, end, args.window_hours)
            _report(board, span, TRENDING, _by_rank, place)


def run_related(session: Session, args: argparse.Namespace, carrier: Carrier) -> None:
    """Related searches as of one day."""
    options = cli.options_of(publish.RelatedOptions, args)
    with cli.prepared_root(session, args, merge=partial(merge, carrier=carrier)) as root:
        asked, rules = cli.asked_for(args), SessionRules(args.gap_minutes, args.max_queries)
        for day, place in numbered(days_asked_for(root, asked), asked):
            days = publish.days_until(root, day, args.days)
            counting.refresh_daily_counts(root, carrier, days)
            counting.refresh_daily_pairs(root, carrier, days, rules)
            made = publishing.publish_related(root, day, options)
            span = cli.days_text(day, args.days)
            _report(made, span, RELATED, _best_of_most_searched, place)


def run_autocomplete(session: Session, args: argparse.Namespace, carrier: Carrier) -> None:
    """Completions as of one day."""
    args.blocked = cli.blocked_words(session, args.blocked_file) if args.blocked_file else ()
    options = cli.options_of(publish.AutocompleteOptions, args)
    with cli.prepared_root(session, args, merge=partial(merge, carrier=carrier)) as root:
        asked = cli.asked_for(args)
        for day, place in numbered(days_asked_for(root, asked), asked):
            days = publish.days_until(root, day, args.days)
            counting.refresh_daily_counts(root, carrier, days)
            made = publishing.publish_autocomplete(root, day, options)
            span = cli.days_text(day, args.days)
            _report(made, span, AUTOCOMPLETE, _of_two_keystrokes, place)


JOBS: Final[dict[str, tuple[Callable[[], argparse.ArgumentParser], Job]]] = {
    "trending": (trending.parser, run_trending),
    "related": (related.parser, run_related),
    "autocomplete": (autocomplete.parser, run_autocomplete),
}


def _report(published: Published, span: str, columns: Columns, choose: Choose, place: str) -> None:
    """As `cli.report_published`, of a table."""

    def look(limit: int) -> FirstLook:
        root = published.root
        place = (root.storage, root.address, published.dataset, [published.partition])
        rows = scanned(*place, columns).drop("dt").collect()
        first = choose(rows).head(limit)
        return FirstLook(len(rows), first.columns, [list(row) for row in first.rows()])

    cli.report_look(published, span, look, place)


def _by_rank(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("rank").select(trending.COLUMNS)


def _best_of_most_searched(rows: pl.DataFrame) -> pl.DataFrame:
    order = ["searchers", "query", "kind"]
    best = rows.filter(pl.col("rank") == 1).sort(order, descending=[True, False, False])
    return best.select(related.COLUMNS)


def _of_two_keystrokes(rows: pl.DataFrame) -> pl.DataFrame:
    is_shown = (pl.col("key_kind") == "keystrokes") & (pl.col("prefix").str.len_chars() == 2)
    first = rows.filter(is_shown & (pl.col("rank") <= 4))
    shown = first.with_columns(
        composed(first["prefix"]).alias("typed"), heaviest=pl.col("weight").max().over("prefix")
    )
    ordered = shown.sort("heaviest", "prefix", "rank", descending=[True, False, False])
    return ordered.select(autocomplete.COLUMNS)


if __name__ == "__main__":
    main()
