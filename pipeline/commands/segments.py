"""Segments: kinds of people, told apart by what they search for and when.

Reads   the landing folder (--landing), of which what is new is taken in first
Writes  segments/dt=, segment_terms/dt= under the root (--root): what sets each kind of people
        apart, replaced whole; interests/dt=, members/dt=: of each person, never to be published

Needs silgeom[people]. With --epsilon (silgeom[private]) noise protects a person in sizes and terms
of one day alone: segments and topics are found without it, and other results stay exact.
"""

import argparse
from functools import partial

from pipeline.carriers.session import Session
from pipeline.columns import SEGMENTS
from pipeline.commands import cli, segment_results
from pipeline.commands.reporting import report_published
from pipeline.counting.topics import require_leiden
from pipeline.runs.backfill import days_asked_for, numbered
from pipeline.runs.published import SEGMENT_DAYS, SegmentOptions, days_until
from pipeline.runs.segmenting import publish_segments
from pipeline.runs.stale import SessionRules
from pipeline.runs.topic_weeks import refresh_interests


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("segments", __doc__)
    cli.add_at(parser)
    add = partial(cli.add_option, parser)
    cli.add_days(parser, "searches", SEGMENT_DAYS)
    cli.add_session_rules(parser)
    add("--half-life", "half_life_days", 14.0, "DAYS", "in which a search counts half")
    add("--segments", "segments", 0, "N", "how many; 0: as many as halves of the people agree on")
    add("--min-people", "min_people", 50, "N", "a segment of fewer is given to the nearest one")
    add("--min-searchers", "min_searchers", 5, "K", "what fewer of a segment typed is withheld")
    add("--epsilon", "epsilon", 0.0, "E", "differential privacy, as told above; 0: exact counts")
    boards = "trending, related and autocomplete of each segment as well, from then on each time"
    parser.add_argument("--by-segment", action="store_true", help=boards)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    require_leiden()
    segment_results.require_fit(args)
    options = cli.options_of(SegmentOptions, args)
    with cli.prepared_root(session, args) as root:
        asked, rules = cli.asked_for(args), SessionRules(args.gap_minutes, args.max_queries)
        for day, place in numbered(days_asked_for(root, asked), asked):
            refresh_interests(root, days_until(root, day, args.days), rules)
            found = publish_segments(root, day, options)
            report_published(
                found, cli.days_text(day, args.days), SEGMENTS, segment_results.by_people, place
            )
            if segment_results.is_asked_for(root, args):
                segment_results.make(root, args, day, place)
