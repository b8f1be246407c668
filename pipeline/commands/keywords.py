"""Keywords: the words people are after, whatever queries they are in, and those that trend.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  keywords/dt= under the root (--root): the keywords of some days, replaced whole, and
        trending_words/dt=/hour=: those that far more people use now than before, as `trending`
        does of queries

Korean words are taken apart by Kiwi where it is installed (pip install 'silgeom[keywords]'); the
log itself tells the others, and without Kiwi all.
"""

import argparse

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import KEYWORDS, TRENDING_WORDS
from pipeline.commands import cli, trending
from pipeline.commands.reporting import report_published
from pipeline.runs.backfill import days_asked_for, ends_asked_for, numbered
from pipeline.runs.count import refresh_daily_counts, refresh_hourly_keywords
from pipeline.runs.publish import publish_keywords, publish_trending_words
from pipeline.runs.published import (
    KEYWORD_DAYS,
    KeywordsOptions,
    TrendingOptions,
    days_before,
    days_of_past,
    days_until,
)
from pipeline.runs.wording import Wording, days_of_words, refresh_keyword_days
from pipeline.store.root import Root

COLUMNS = ["rank", "keyword", "kind", "searchers", "change", "significance", "examples"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("keywords", __doc__)
    cli.add_at(parser)
    cli.add_days(parser, "keywords", KEYWORD_DAYS)
    trending.add_options(parser)
    without = "take Korean words as they stand between spaces and as the log tells them"
    parser.add_argument("--without-kiwi", action="store_true", help=without)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    options, asked = cli.options_of(KeywordsOptions, args), cli.asked_for(args)
    of_board = cli.options_of(TrendingOptions, args)
    with cli.prepared_root(session, args) as root:
        analyse = not args.without_kiwi
        for day, place in numbered(days_asked_for(root, asked), asked):
            before = days_before(root, day, args.days)
            _refresh(root, [*before, *days_until(root, day, args.days)], analyse)
            found, span = publish_keywords(root, day, options), cli.days_text(day, args.days)
            if not before:
                cli.say(_too_short(args.days))
            report_published(found, span, KEYWORDS, by_people, place)
        for end, place in numbered(ends_asked_for(root, asked, hours=args.window_hours), asked):
            days = days_of_past(root, end, of_board)
            _refresh(root, days, analyse)
            refresh_hourly_keywords(root, days)
            window = cli.window_text(root, end, args.window_hours)
            board = publish_trending_words(root, end, of_board)
            report_published(board, window, TRENDING_WORDS, trending.by_rank, place)


def _refresh(root: Root, days: list[str], analyse: bool) -> None:
    """Bring the keywords of some days up to date, and say what cannot be told of them."""
    refresh_daily_counts(root, {each for day in days for each in days_of_words(day)})
    _report(refresh_keyword_days(root, days, analyse=analyse))


def _report(made: Wording) -> None:
    if not made.days:
        return
    cli.say(f"Words     of {made.days:,} days told, {made.analysed:,} words analysed")
    if made.missing:
        cli.say(
            f"Without   {made.missing}: nouns within Korean words, names and particles are not "
            "told apart; words are those that the log itself shows"
        )


def _too_short(days: int) -> str:
    return f"Change    cannot be told: the log has fewer than {2 * days:,} days until then"


def by_people(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("rank").select(COLUMNS)
