"""Keywords: the words people are after, whatever queries they are in, and those that trend.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  keywords/dt= under the root (--root): keywords of some days; trending_words/dt=/hour=: those
        that far more people use now than before, as `trending` has queries; each replaced whole

Kiwi takes Korean words apart, where it is installed (pip install 'silgeom[keywords]'); the log
itself tells the others, and without Kiwi all.
"""

import argparse

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import KEYWORDS, TRENDING_WORDS
from pipeline.commands import cli, trending
from pipeline.commands.reporting import report_published
from pipeline.runs import publish
from pipeline.runs import published as results
from pipeline.runs.backfill import days_asked_for, ends_asked_for, numbered
from pipeline.runs.count import refresh_hourly_keywords
from pipeline.runs.wording import refresh_words

COLUMNS = ["rank", "keyword", "kind", "searchers", "change", "significance", "examples"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("keywords", __doc__)
    cli.add_at(parser)
    cli.add_days(parser, "keywords", results.KEYWORD_DAYS)
    trending.add_options(parser)
    without = "take Korean words as they stand between spaces and as the log tells them"
    parser.add_argument("--without-kiwi", action="store_true", help=without)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    options, asked = cli.options_of(results.KeywordsOptions, args), cli.asked_for(args)
    of_board, analyse = cli.options_of(results.TrendingOptions, args), not args.without_kiwi
    with cli.prepared_root(session, args) as root:
        for day, place in numbered(days_asked_for(root, asked), asked):
            days = results.days_until(root, day, 2 * args.days)
            made = refresh_words(root, days, analyse=analyse).lines()
            cli.say_all([*made, *publish.too_short(root, day, args.days)])
            found = publish.publish_keywords(root, day, options)
            report_published(found, cli.days_text(day, args.days), KEYWORDS, by_people, place)
        for end, place in numbered(ends_asked_for(root, asked, hours=args.window_hours), asked):
            days = results.days_of_past(root, end, of_board)
            cli.say_all(refresh_words(root, days, analyse=analyse).lines())
            refresh_hourly_keywords(root, days)
            window = cli.window_text(root, end, args.window_hours)
            board = publish.publish_trending_words(root, end, of_board)
            report_published(board, window, TRENDING_WORDS, trending.by_rank, place)


def by_people(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("rank").select(COLUMNS)
