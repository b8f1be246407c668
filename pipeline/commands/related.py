"""Related searches: what the same people look for in the same sitting.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  related/dt= under the root (--root): related searches as of one day, replaced whole
"""

import argparse
from functools import partial

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import RELATED
from pipeline.commands import cli
from pipeline.commands.reporting import report_published
from pipeline.runs.backfill import days_asked_for, numbered
from pipeline.runs.count import refresh_daily_counts, refresh_daily_pairs
from pipeline.runs.publish import publish_related
from pipeline.runs.published import RELATED_DAYS, RelatedOptions, days_until
from pipeline.runs.stale import SessionRules

COLUMNS = ["query", "kind", "related_surface", "score", "significance", "searchers"]


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("related", __doc__)
    cli.add_at(parser)
    add = partial(cli.add_option, parser)
    cli.add_days(parser, "sessions", RELATED_DAYS)
    cli.add_session_rules(parser)
    add("--min-searchers", "min_searchers", 5, "K", "what fewer people typed is not shown")
    add("--top", "top", 10, "N", "rows of each kind for a query")
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    options = cli.options_of(RelatedOptions, args)
    with cli.prepared_root(session, args) as root:
        asked, rules = cli.asked_for(args), SessionRules(args.gap_minutes, args.max_queries)
        for day, place in numbered(days_asked_for(root, asked), asked):
            days = days_until(root, day, args.days)
            refresh_daily_counts(root, days)
            refresh_daily_pairs(root, days, rules)
            related, span = publish_related(root, day, options), cli.days_text(day, args.days)
            report_published(related, span, RELATED, best_of_most_searched, place)


def best_of_most_searched(rows: pl.DataFrame) -> pl.DataFrame:
    order = ["searchers", "query", "kind"]
    best = rows.filter(pl.col("rank") == 1).sort(order, descending=[True, False, False])
    return best.select(COLUMNS)
