"""Trending keywords: what far more people search now than its own past leads one to expect.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  trending/dt=/hour= under the root (--root): the board of one window, replaced whole
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # spark-submit adds jobs/ alone

from pyspark.sql import SparkSession

from pipeline import cli
from pipeline.publish import TrendingOptions, publish_trending, window_end
from pipeline.refresh import refresh_daily_counts, refresh_hourly_counts

COLUMNS = ["rank", "movement", "surface", "searchers", "expected_searchers", "score", "variants"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("trending", __doc__)
    cli.add_at(parser)
    add = parser.add_argument
    add("--window", type=cli.at_least(1), default=1, metavar="HOURS", help="hours that are now (1)")
    add(
        "--baseline",
        type=cli.at_least(1),
        default=14,
        metavar="DAYS",
        help="days that are past (14)",
    )
    add(
        "--half-life",
        type=cli.positive,
        default=6.0,
        metavar="HOURS",
        help="of the hours before (6)",
    )
    add(
        "--min-searchers",
        type=cli.at_least(1),
        default=5,
        metavar="K",
        help="fewer are not shown (5)",
    )
    add(
        "--min-score",
        type=cli.positive,
        default=4.0,
        metavar="SIGMAS",
        help="less is no surprise (4)",
    )
    add("--top", type=cli.at_least(1), default=20, metavar="N", help="ranks on the board (20)")
    return parser


def run(spark: SparkSession, args: argparse.Namespace) -> None:
    options = TrendingOptions(
        window_hours=args.window,
        baseline_days=args.baseline,
        half_life_hours=args.half_life,
        min_searchers=args.min_searchers,
        min_score=args.min_score,
        top=args.top,
    )
    with cli.prepared_root(spark, args) as root:
        refresh_hourly_counts(root)
        refresh_daily_counts(root)
        end = window_end(root, args.at)
        board = publish_trending(root, end, options)
        cli.report_published(
            board, root, COLUMNS, f"Window    {cli.window_text(root, end, args.window)}"
        )


if __name__ == "__main__":
    cli.run_job(run, parser())
