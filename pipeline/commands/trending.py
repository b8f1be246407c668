"""Trending keywords: what far more people search now than its own past leads one to expect.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  trending/dt=/hour= under the root (--root): the board of one window, replaced whole
"""

import argparse
from functools import partial

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import TRENDING
from pipeline.commands import cli
from pipeline.commands.reporting import report_published
from pipeline.results.trending_keywords import APART, TOGETHER
from pipeline.runs.backfill import ends_asked_for, numbered
from pipeline.runs.count import refresh_daily_counts, refresh_hourly_counts
from pipeline.runs.publish import publish_trending
from pipeline.runs.published import BASELINE_DAYS, TrendingOptions, days_of_windows

COLUMNS = ["rank", "movement", "surface", "searchers", "expected_searchers", "score"]
COLUMNS += ["is_surprise", "variants"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("trending", __doc__)
    cli.add_at(parser)
    add_options(parser)
    return parser


def add_options(parser: argparse.ArgumentParser) -> None:  # `live` has them as well
    add = partial(cli.add_option, parser)
    add("--window", "window_hours", 1, "HOURS", "how long now is")
    add("--baseline", "baseline_days", BASELINE_DAYS, "DAYS", "how far its own past goes back")
    add("--recent", "recent_hours", 72, "HOURS", "what half of these hours reach is expected")
    add("--min-searchers", "min_searchers", 5, "K", "what fewer people typed is not shown")
    add("--min-score", "min_score", 3.5, "SIGMAS", "less is no surprise; among many more is needed")
    add("--top", "top", 20, "N", "ranks on the board")
    alone = "no ranks for the next largest rises, which fill the board up"
    parser.add_argument("--surprises-alone", action="store_true", help=alone)
    ranks = f"one rank for all phrasings of an issue, or one for each (default: {TOGETHER})"
    parser.add_argument("--phrasings", choices=(TOGETHER, APART), default=TOGETHER, help=ranks)


def run(session: Session, args: argparse.Namespace) -> None:
    options, asked = cli.options_of(TrendingOptions, args), cli.asked_for(args)
    with cli.prepared_root(session, args) as root:
        refresh_hourly_counts(root)
        for end, place in numbered(ends_asked_for(root, asked, hours=args.window_hours), asked):
            refresh_daily_counts(root, days_of_windows(root, end, options))
            window = cli.window_text(root, end, args.window_hours)
            board = publish_trending(root, end, options)
            report_published(board, window, TRENDING, by_rank, place)


def by_rank(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("rank").select(COLUMNS)
