"""Search patterns: when each query is searched, and which changed from one week to the next.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  patterns/dt= and changes/dt= under the root (--root), as of one day, each replaced whole;
        keyword_patterns/dt= of the days whose keywords were counted (silgeom run keywords)
"""

import argparse
from functools import partial

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import CHANGES, KEYWORD_PATTERNS, PATTERNS
from pipeline.commands import cli
from pipeline.commands.reporting import report_published, weeks_text
from pipeline.results.seasons import WEEK
from pipeline.results.week_changes import FALSE_SHARE
from pipeline.runs import publish
from pipeline.runs.backfill import days_asked_for, numbered
from pipeline.runs.count import refresh_daily_counts, refresh_hourly_counts
from pipeline.runs.published import PATTERN_DAYS, PatternOptions, days_over


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("patterns", __doc__)
    cli.add_at(parser)
    cli.add_days(parser, "searches", PATTERN_DAYS)
    add = partial(cli.add_option, parser)
    add("--min-searchers", "min_searchers", 5, "K", "what fewer people typed is not shown")
    add("--false-share", "false_share", FALSE_SHARE, "SHARE", "of changes told, so many by chance")
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    options = cli.options_of(PatternOptions, args)
    with cli.prepared_root(session, args) as root:
        asked = cli.asked_for(args)
        refresh_hourly_counts(root)
        for day, place in numbered(days_asked_for(root, asked), asked):
            refresh_daily_counts(root, days_over(root, day, args.days))
            queries = publish.publish_patterns(root, day, options)
            span, of = cli.days_text(day, args.days), with_a_pattern
            report_published(queries, span, PATTERNS, of, place)
            if publish.days_of_pattern_keywords(root, day, options):
                words = publish.publish_keyword_patterns(root, day, options)
                report_published(words, f"{span}, of keywords", KEYWORD_PATTERNS, of, place)
            changes = publish.publish_changes(root, day, options)
            report_published(changes, weeks_text(root, 2 * WEEK), CHANGES, by_score, place)


def with_a_pattern(rows: pl.DataFrame) -> pl.DataFrame:
    told = rows.filter(pl.col("pattern").is_not_null())
    return told.select("surface", "searchers", "words", "daily_strength", "weekly_strength")


def by_score(rows: pl.DataFrame) -> pl.DataFrame:
    first = rows.sort(pl.col("score").abs(), "query", descending=[True, False])
    return first.select("change", "surface", "searchers", "searchers_before", "score")
