"""Query analytics: how searches end, and which queries are most worth mending.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  query_analytics/dt=, reformulations/dt=, search_quality/dt=, and keyword_analytics/dt= where
        keywords were counted (jobs/keywords.py), under the root (--root): click-through, exits and
        reformulations as of one day, by query and keyword and as a whole, replaced whole
"""

import argparse
from functools import partial

from pipeline.carriers.session import Session
from pipeline.columns import KEYWORD_ANALYTICS, QUERY_ANALYTICS, REFORMULATIONS, SEARCH_QUALITY
from pipeline.commands import cli
from pipeline.commands.analytics_tables import (
    commonest_reformulations,
    most_worth_mending,
    report_nothing_found_and_nothing_told,
    whole_then_days,
)
from pipeline.commands.reporting import report_published
from pipeline.runs.backfill import days_asked_for, numbered
from pipeline.runs.count import refresh_daily_clicks, refresh_daily_counts
from pipeline.runs.publish import days_of_keywords, publish_analytics
from pipeline.runs.published import ANALYTICS_DAYS, AnalyticsOptions, days_until
from pipeline.runs.stale import SessionRules


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("analytics", __doc__)
    cli.add_at(parser)
    add = partial(cli.add_option, parser)
    cli.add_days(parser, "searches", ANALYTICS_DAYS)
    cli.add_session_rules(parser)
    add("--min-searchers", "min_searchers", 5, "K", "what would tell of fewer is withheld")
    add("--top", "top", 10, "N", "reformulations of a query")
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    options = cli.options_of(AnalyticsOptions, args)
    with cli.prepared_root(session, args) as root:
        asked, rules = cli.asked_for(args), SessionRules(args.gap_minutes, args.max_queries)
        for day, place in numbered(days_asked_for(root, asked), asked):
            days, span = days_until(root, day, args.days), cli.days_text(day, args.days)
            refresh_daily_counts(root, days)
            refresh_daily_clicks(root, days, rules)
            made = partial(publish_analytics, root, day=day, options=options)
            quality, queries = made("search_quality"), made("query_analytics")
            report_published(quality, span, SEARCH_QUALITY, whole_then_days, place)
            report_published(queries, span, QUERY_ANALYTICS, most_worth_mending, place)
            if days_of_keywords(root, day, options):
                keywords = made("keyword_analytics")
                report_published(keywords, span, KEYWORD_ANALYTICS, most_worth_mending, place)
            into = made("reformulations")
            report_published(into, span, REFORMULATIONS, commonest_reformulations, place)
            if not place:
                report_nothing_found_and_nothing_told(queries, quality)
