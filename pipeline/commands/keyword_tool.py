"""Keyword tool: how many people search for each keyword, and how that changes.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  keyword_tool/dt= under the root (--root): volumes as of one day, replaced whole

`silgeom keywords WORD` then tells the keywords that stand near a word.
"""

import argparse
from functools import partial

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import KEYWORD_TOOL
from pipeline.commands import cli
from pipeline.commands.reporting import report_published
from pipeline.runs.backfill import days_asked_for, numbered
from pipeline.runs.count import refresh_daily_counts, refresh_daily_devices
from pipeline.runs.publish import days_of_devices, days_of_volumes, publish_keyword_tool
from pipeline.runs.published import VOLUME_DAYS, KeywordToolOptions

COLUMNS = ["surface", "searchers", "searches", "growth"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("keyword_tool", __doc__)
    cli.add_at(parser)
    add = partial(cli.add_option, parser)
    add("--days", "days", VOLUME_DAYS, "DAYS", "in a month of people and searches")
    add("--min-searchers", "min_searchers", 5, "K", "what fewer people typed is not shown")
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    options = cli.options_of(KeywordToolOptions, args)
    with cli.prepared_root(session, args) as root:
        asked = cli.asked_for(args)
        for day, place in numbered(days_asked_for(root, asked), asked):
            refresh_daily_counts(root, days_of_volumes(root, day, options))
            refresh_daily_devices(root, days_of_devices(root, day, options))
            made, span = publish_keyword_tool(root, day, options), cli.days_text(day, args.days)
            report_published(made, span, KEYWORD_TOOL, largest, place)


def largest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(COLUMNS)
