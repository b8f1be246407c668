"""Autocomplete: what a prefix will become.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  autocomplete/dt= under the root (--root): completions as of one day, replaced whole
"""

import argparse
from functools import partial

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import AUTOCOMPLETE
from pipeline.commands import cli
from pipeline.commands.reporting import report_published
from pipeline.language.keys import composed
from pipeline.runs.backfill import days_asked_for, numbered
from pipeline.runs.count import refresh_daily_counts
from pipeline.runs.publish import publish_autocomplete
from pipeline.runs.published import COMPLETION_DAYS, AutocompleteOptions, days_until

COLUMNS = ["typed", "rank", "completion", "searchers", "weight"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("autocomplete", __doc__)
    cli.add_at(parser)
    add = partial(cli.add_option, parser)
    cli.add_days(parser, "searches", COMPLETION_DAYS)
    add("--half-life", "half_life_days", 60.0, "DAYS", "in which a day counts half")
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
            report_published(made, span, AUTOCOMPLETE, of_two_keystrokes, place)


def of_two_keystrokes(rows: pl.DataFrame) -> pl.DataFrame:
    is_shown = (pl.col("key_kind") == "keystrokes") & (pl.col("prefix").str.len_chars() == 2)
    first = rows.filter(is_shown & (pl.col("rank") <= 4))
    shown = first.with_columns(
        composed(first["prefix"]).alias("typed"), heaviest=pl.col("weight").max().over("prefix")
    )
    ordered = shown.sort("heaviest", "prefix", "rank", descending=[True, False, False])
    return ordered.select(COLUMNS)
