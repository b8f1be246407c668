"""Keyword tool: how many people search for each keyword, and how that changes.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  keyword_tool/dt= and co_clicked/dt= under the root (--root): volumes of keywords, and which
        lead to the same addresses, as of one day, each replaced whole

`silgeom keywords WORD` then tells the keywords that stand near a word.
"""

import argparse
from functools import partial

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import CO_CLICKED, KEYWORD_TOOL
from pipeline.commands import cli
from pipeline.commands.reporting import report_published
from pipeline.runs import publish
from pipeline.runs.backfill import days_asked_for, numbered
from pipeline.runs.count import refresh_daily_counts
from pipeline.runs.count_addresses import refresh_daily_addresses
from pipeline.runs.count_devices import refresh_daily_devices
from pipeline.runs.published import VOLUME_DAYS, KeywordToolOptions, days_until

COLUMNS = ["surface", "searchers", "searches", "growth"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("keyword_tool", __doc__)
    cli.add_at(parser)
    add = partial(cli.add_option, parser)
    add("--days", "days", VOLUME_DAYS, "DAYS", "in a month of people and searches")
    add("--min-searchers", "min_searchers", 5, "K", "what fewer people typed is not shown")
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    options, asked = cli.options_of(KeywordToolOptions, args), cli.asked_for(args)
    with cli.prepared_root(session, args) as root:
        for day, place in numbered(days_asked_for(root, asked), asked):
            refresh_daily_counts(root, publish.days_of_volumes(root, day, options))
            refresh_daily_devices(root, publish.days_of_devices(root, day, options))
            made = publish.publish_keyword_tool(root, day, options)
            span = cli.days_text(day, args.days)
            report_published(made, span, KEYWORD_TOOL, largest, place)
            refresh_daily_addresses(root, days_until(root, day, args.days))
            near = publish.publish_co_clicked(root, day, options)
            report_published(near, span, CO_CLICKED, nearest, place)


def nearest(rows: pl.DataFrame) -> pl.DataFrame:
    first = rows.filter(pl.col("query") < pl.col("co_clicked_query"))
    ordered = first.sort("score", "addresses", "query", descending=[True, True, False])
    return ordered.select("query", "co_clicked_surface", "score", "addresses")


def largest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(COLUMNS)
