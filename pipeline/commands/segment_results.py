"""What `segments` shows, and makes of each segment where it is asked to: its three results."""

import argparse
from datetime import date

import polars as pl

from pipeline.columns import SEGMENT_AUTOCOMPLETE, SEGMENT_RELATED, SEGMENT_TRENDING
from pipeline.commands import autocomplete, cli, related, trending
from pipeline.commands.reporting import report_published
from pipeline.errors import InvalidParameterError
from pipeline.results.noisy_segments import require_opendp
from pipeline.runs.by_segment import (
    AUTOCOMPLETE_OF_SEGMENTS,
    autocomplete_of_segments,
    related_of_segments,
    trending_of_segments,
)
from pipeline.runs.count import refresh_daily_counts
from pipeline.runs.published import (
    AutocompleteOptions,
    RelatedOptions,
    TrendingOptions,
    days_until,
    newest_made,
    window_end,
)
from pipeline.runs.stale import SessionRules
from pipeline.store.root import Root

_KINDS = ["segment", "label", "people", "people_share", "searches_share", "peak_hours", "stayed"]
_FIRST = ["segment", "rank", "surface", "searchers", "expected_searchers", "score"]
_PAIRS = ["segment", "query", "related_surface", "score", "sessions", "searchers"]
_COMPLETED = ["segment", "prefix", "completion", "searchers", "weight"]


def require_fit(args: argparse.Namespace) -> None:
    """Raise where noise is asked for that cannot be drawn, or beside exact counts of segments.

    Raises:
        InvalidParameterError: either.
    """
    if args.epsilon and args.by_segment:
        raise InvalidParameterError(
            "--by-segment publishes exact counts, which --epsilon is to hide: ask for one of them"
        )
    if args.epsilon:
        require_opendp()


def by_people(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("people", "segment", descending=[True, False]).select(_KINDS)


def is_asked_for(root: Root, args: argparse.Namespace) -> bool:
    """Whether they are made: now, or on this root before; their counts are exact."""
    made_before = bool(newest_made(root, AUTOCOMPLETE_OF_SEGMENTS.dataset))
    return not args.epsilon and (args.by_segment or made_before)


def make(root: Root, args: argparse.Namespace, day: date, place: str) -> None:
    """Make and report the results of each segment of `day`, by their jobs' defaults.

    Trending is of the window of `--at`; of a range of days it is not made.
    """
    k = ["--landing", "-", "--min-searchers", str(args.min_searchers)]
    rules = SessionRules(args.gap_minutes, args.max_queries)
    completed = autocomplete.parser().parse_args(k)
    completed.blocked = ()
    of_completions = cli.options_of(AutocompleteOptions, completed)
    of_related = cli.options_of(RelatedOptions, related.parser().parse_args(k))
    refresh_daily_counts(root, days_until(root, day, of_completions.days))
    if not place:
        options = cli.options_of(TrendingOptions, trending.parser().parse_args(k))
        end = window_end(root, args.at)
        board = trending_of_segments(root, day, end, options)
        window = cli.window_text(root, end, options.window_hours)
        report_published(board, window, SEGMENT_TRENDING, _by_rank)
    found = related_of_segments(root, day, of_related, rules)
    span = cli.days_text(day, of_related.days)
    report_published(found, span, SEGMENT_RELATED, _of_most_people, place)
    made = autocomplete_of_segments(root, day, of_completions)
    span = cli.days_text(day, of_completions.days)
    report_published(made, span, SEGMENT_AUTOCOMPLETE, _heaviest, place)


def _by_rank(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("segment", "rank").select(_FIRST)


def _of_most_people(rows: pl.DataFrame) -> pl.DataFrame:
    order = ["searchers", "segment", "query", "kind"]
    best = rows.filter(pl.col("rank") == 1)
    return best.sort(order, descending=[True, False, False, False]).select(_PAIRS)


def _heaviest(rows: pl.DataFrame) -> pl.DataFrame:
    first = rows.filter((pl.col("key_kind") == "keystrokes") & (pl.col("rank") == 1))
    longest = first.sort(pl.col("prefix").str.len_chars(), "prefix")
    once = longest.unique(["segment", "completion"], keep="first", maintain_order=True)
    return once.sort(["weight", "completion"], descending=[True, False]).select(_COMPLETED)
