"""Autocomplete: what a prefix will become.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  autocomplete/dt= under the root (--root): completions as of one day, replaced whole
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # spark-submit adds jobs/ alone

from pyspark.sql import SparkSession

from pipeline import cli
from pipeline.publish import AutocompleteOptions, as_of_day, publish_autocomplete
from pipeline.refresh import refresh_daily_counts

COLUMNS = ["key_kind", "prefix", "rank", "completion", "searchers", "weight"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("autocomplete", __doc__)
    cli.add_at(parser)
    add = parser.add_argument
    add("--days", type=cli.at_least(1), default=28, metavar="DAYS", help="days of searches (28)")
    add(
        "--half-life",
        type=cli.positive,
        default=14.0,
        metavar="DAYS",
        help="after which a search counts half (14)",
    )
    add(
        "--min-searchers",
        type=cli.at_least(1),
        default=5,
        metavar="K",
        help="fewer are not shown (5)",
    )
    add("--top", type=cli.at_least(1), default=10, metavar="N", help="completions of a prefix (10)")
    return parser


def run(spark: SparkSession, args: argparse.Namespace) -> None:
    options = AutocompleteOptions(
        days=args.days,
        half_life_days=args.half_life,
        min_searchers=args.min_searchers,
        top=args.top,
    )
    with cli.prepared_root(spark, args) as root:
        refresh_daily_counts(root)
        day = as_of_day(root, args.at)
        completions = publish_autocomplete(root, day, options)
        cli.report_published(completions, root, COLUMNS, f"Days      {args.days} to {day}")


if __name__ == "__main__":
    cli.run_job(run, parser())
