"""Autocomplete: what a prefix will become.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  autocomplete/dt= under the root (--root): completions as of one day, replaced whole
"""

import argparse
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # spark-submit adds jobs/ alone

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline import cli
from pipeline.backfill import days_asked_for, numbered
from pipeline.hangul import composed
from pipeline.publish import AutocompleteOptions, days_until, publish_autocomplete
from pipeline.refresh import refresh_daily_counts
from pipeline.session import Session

COLUMNS = ["typed", "rank", "completion", "searchers", "weight"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("autocomplete", __doc__)
    cli.add_at(parser)
    add = partial(cli.add_option, parser)
    cli.add_days(parser, "searches")
    add("--half-life", "half_life_days", 14.0, "DAYS", "in which a day counts half")
    add("--min-searchers", "min_searchers", 5, "K", "what fewer people typed is not shown")
    add("--top", "top", 10, "N", "completions of a prefix")
    cli.add_blocked(parser)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    args.blocked = cli.blocked_words(session, args.blocked_file) if args.blocked_file else ()
    options = cli.options_of(AutocompleteOptions, args)
    with cli.prepared_root(session, args) as root:
        asked = cli.asked_for(args)
        for day, place in numbered(days_asked_for(root, asked), asked):
            refresh_daily_counts(root, days_until(root, day, args.days))
            made, span = publish_autocomplete(root, day, options), cli.days_text(day, args.days)
            cli.report_published(made, span, of_two_keystrokes, place)


def of_two_keystrokes(rows: DataFrame) -> DataFrame:
    heaviest = F.max("weight").over(Window.partitionBy("prefix"))
    first = rows.where("key_kind = 'keystrokes' and length(prefix) = 2 and rank <= 4")
    shown = first.withColumns({"typed": composed(F.col("prefix")), "heaviest": heaviest})
    return shown.orderBy(F.desc("heaviest"), "prefix", "rank").select(*COLUMNS)


if __name__ == "__main__":
    cli.run_job(run, parser())
