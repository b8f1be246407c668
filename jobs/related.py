"""Related searches: what the same people look for in the same sitting.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  related/dt= under the root (--root): related searches as of one day, replaced whole
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # spark-submit adds jobs/ alone

from pyspark.sql import SparkSession

from pipeline import cli
from pipeline.publish import RelatedOptions, as_of_day, publish_related
from pipeline.refresh import SessionRules, refresh_daily_counts, refresh_daily_pairs

COLUMNS = ["query", "kind", "rank", "related_surface", "score", "significance", "searchers"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("related", __doc__)
    cli.add_at(parser)
    add = parser.add_argument
    add("--days", type=cli.at_least(1), default=28, metavar="DAYS", help="days of sessions (28)")
    add(
        "--session-gap",
        type=cli.at_least(1),
        default=30,
        metavar="MINUTES",
        help="silence that ends one (30)",
    )
    add(
        "--max-queries",
        type=cli.at_least(2),
        default=50,
        metavar="N",
        help="more in one: left out (50)",
    )
    add(
        "--min-searchers",
        type=cli.at_least(1),
        default=5,
        metavar="K",
        help="fewer are not shown (5)",
    )
    add(
        "--top", type=cli.at_least(1), default=10, metavar="N", help="of each kind for a query (10)"
    )
    return parser


def run(spark: SparkSession, args: argparse.Namespace) -> None:
    options = RelatedOptions(days=args.days, min_searchers=args.min_searchers, top=args.top)
    with cli.prepared_root(spark, args) as root:
        refresh_daily_counts(root)
        refresh_daily_pairs(root, SessionRules(args.session_gap, args.max_queries))
        day = as_of_day(root, args.at)
        related = publish_related(root, day, options)
        cli.report_published(related, root, COLUMNS, f"Days      {args.days} to {day}")


if __name__ == "__main__":
    cli.run_job(run, parser())
