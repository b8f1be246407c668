"""Categories: which subject a query is of, by declaration and by what is searched with it.

Reads   the landing folder (--landing), of which what is new is taken in first; rules (--rules)
Writes  categories/dt= under the root (--root): categories as of one day, replaced whole;
        related/dt= and keyword_tool/dt= of that day, which they are made of
"""

import argparse

import polars as pl

from pipeline.carriers.session import Session
from pipeline.columns import CATEGORIES
from pipeline.commands import cli, keyword_tool, related
from pipeline.commands.reporting import report_published
from pipeline.errors import InvalidParameterError
from pipeline.results.category_spread import parsed_rules
from pipeline.runs import publish
from pipeline.runs import published as results
from pipeline.runs.backfill import days_asked_for, numbered
from pipeline.runs.count import refresh_daily_counts, refresh_daily_pairs
from pipeline.runs.stale import SessionRules
from silgeom.commands import place_name


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("categories", __doc__)
    cli.add_at(parser)
    said = "TOML: [[category]] with name, queries, words, hosts, kind (default: those of before)"
    parser.add_argument("--rules", type=place_name, metavar="FILE", help=said)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    lines = cli.lines_of(session, args.rules, "rules") if args.rules else ()
    if lines:
        parsed_rules("\n".join(lines), args.rules)  # what is wrong with them is told at once
    where = ["--landing", args.landing]
    pairs = cli.options_of(results.RelatedOptions, related.parser().parse_args(where))
    volumes = cli.options_of(results.KeywordToolOptions, keyword_tool.parser().parse_args(where))
    with cli.prepared_root(session, args) as root:
        pairs = results.options_before(root, "related", pairs)
        volumes = results.options_before(root, "keyword_tool", volumes)
        rules = lines or results.rules_before(root)
        if not rules:
            raise InvalidParameterError("no rules were given before: name a file with --rules")
        asked, options = cli.asked_for(args), results.CategoriesOptions(rules)
        for day, place in numbered(days_asked_for(root, asked), asked):
            refresh_daily_counts(root, publish.days_of_volumes(root, day, volumes))
            refresh_daily_pairs(root, results.days_until(root, day, pairs.days), SessionRules())
            publish.publish_related(root, day, pairs)
            publish.publish_keyword_tool(root, day, volumes)
            made = publish.publish_categories(root, day, options)
            report_published(made, cli.days_text(day, pairs.days), CATEGORIES, surest, place)


def surest(rows: pl.DataFrame) -> pl.DataFrame:
    spread = rows.filter(pl.col("source") == "sessions")
    return spread.sort("confidence", "query", descending=[True, False])
