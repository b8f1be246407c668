"""Trending keywords, related searches and completions of each segment, as of its own counts.

Reads   members/dt=, searches/dt=
Writes  segment_trending/dt=/hour=, segment_related/dt=, segment_autocomplete/dt=

The counts of a segment are made for the moment: segments change with each day, and who asks for
none of this pays nothing. A segment of few people has few rows, or none; nor is told what others
leave over, of everybody, of fewer people than are told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from pipeline.columns import (
    DAILY_COUNTS,
    DAILY_PAIRS,
    HOURLY_COUNTS,
    MEMBERS,
    SEARCHES,
    SEGMENT_AUTOCOMPLETE,
    SEGMENT_RELATED,
    SEGMENT_TRENDING,
    Columns,
)
from pipeline.counting import days as day_counts
from pipeline.counting import sessions
from pipeline.counting.hours import hourly_counts
from pipeline.counting.judging import without_clicks
from pipeline.results.completions import completions
from pipeline.results.described_segments import without_left_over
from pipeline.results.related_searches import related_searches
from pipeline.results.trending_keywords import trending_keywords
from pipeline.runs import published as publish
from pipeline.runs.published import (
    AutocompleteOptions,
    Published,
    RelatedOptions,
    Result,
    TrendingOptions,
)
from pipeline.runs.stale import SessionRules
from pipeline.schemas import SEGMENT_AUTOCOMPLETE as AUTOCOMPLETE_SCHEMA
from pipeline.schemas import SEGMENT_RELATED as RELATED_SCHEMA
from pipeline.schemas import SEGMENT_TRENDING as TRENDING_SCHEMA
from pipeline.store.journal import Change
from pipeline.store.root import Root
from pipeline.store.tables import scanned, write

TRENDING_OF_SEGMENTS: Final = Result("segment_trending", TRENDING_SCHEMA)
RELATED_OF_SEGMENTS: Final = Result("segment_related", RELATED_SCHEMA)
AUTOCOMPLETE_OF_SEGMENTS: Final = Result("segment_autocomplete", AUTOCOMPLETE_SCHEMA)

#: A result of the searches of one segment, by day.
_Build = Callable[[dict[str, pl.DataFrame]], pl.DataFrame]


@dataclass(frozen=True)
class _Made:
    """A result of segments that is made.

    Attributes:
        partition: of it.
        key: what its people are counted of; a result may have several rows of it.
        within: what ranks are counted within.
    """

    result: Result
    partition: str
    columns: Columns
    key: pl.Expr
    within: tuple[str, ...] = ()


_PAIR: Final = pl.concat_str(
    "kind",
    pl.min_horizontal("query", "related_query"),
    pl.max_horizontal("query", "related_query"),
    separator="\n",
)
_COMPLETION: Final = pl.concat_str(pl.col("key_kind") == "tail", "completion", separator="\n")


def trending_of_segments(
    root: Root, day: date, end: datetime, options: TrendingOptions
) -> Published:
    """The board of each segment of `day`, of the window that ends at `end` (UTC)."""
    zone = root.state.zone
    window_days = set(publish.days_of_windows(root, end, options))

    def build(days: dict[str, pl.DataFrame]) -> pl.DataFrame:
        of_window = {each: rows for each, rows in days.items() if each in window_days}
        return trending_keywords(
            _by_day(days, lambda rows: hourly_counts(rows, zone=zone), HOURLY_COUNTS),
            _by_day(of_window, _queries, DAILY_COUNTS),
            _by_day(of_window, lambda rows: rows, SEARCHES),
            window_end=end,
            zone=zone,
            **asdict(options),
        )

    days = publish.days_of_past(root, end, options)
    partition = publish.hour_partition(end, zone)
    where = _Made(TRENDING_OF_SEGMENTS, partition, SEGMENT_TRENDING, pl.col("query"))
    return _published(root, day, days, where, build, options)


def related_of_segments(
    root: Root, day: date, options: RelatedOptions, rules: SessionRules
) -> Published:
    """Related searches of each segment of `day`."""

    def build(days: dict[str, pl.DataFrame]) -> pl.DataFrame:
        every = pl.concat(days.values())  # sessions cross midnight
        pairs = sessions.session_pairs(
            every,
            zone=root.state.zone,
            gap_minutes=rules.gap_minutes,
            max_queries=rules.max_queries,
        )
        counted = sessions.daily_pairs(sessions.counted(pairs)).select(*DAILY_PAIRS)
        return related_searches(
            counted.with_columns(dt=pl.lit(str(day))).lazy(),
            _by_day(days, _queries, DAILY_COUNTS),
            min_searchers=options.min_searchers,
            top=options.top,
        )

    within = ("query", "kind")
    where = _Made(RELATED_OF_SEGMENTS, f"dt={day}", SEGMENT_RELATED, _PAIR, within)
    return _published(root, day, publish.days_until(root, day, options.days), where, build, options)


def autocomplete_of_segments(root: Root, day: date, options: AutocompleteOptions) -> Published:
    """Completions of each segment of `day`."""

    def build(days: dict[str, pl.DataFrame]) -> pl.DataFrame:
        return completions(
            _by_day(days, _queries, DAILY_COUNTS),
            as_of=day,
            half_life_days=options.half_life_days,
            min_searchers=options.min_searchers,
            per_prefix=options.top,
            blocked=options.blocked,
        )

    within = ("key_kind", "prefix")
    made = (AUTOCOMPLETE_OF_SEGMENTS, f"dt={day}", SEGMENT_AUTOCOMPLETE)
    where = _Made(*made, _COMPLETION, within)
    return _published(root, day, publish.days_until(root, day, options.days), where, build, options)


def _queries(rows: pl.DataFrame) -> pl.DataFrame:
    return day_counts.daily_counts(day_counts.counted(rows))


def _by_day(
    days: dict[str, pl.DataFrame],
    count: Callable[[pl.DataFrame], pl.DataFrame],
    columns: Columns,
) -> pl.LazyFrame:
    """Counts of days, with `dt`."""
    parts: Iterable[pl.DataFrame] = (
        count(rows).select(*columns).with_columns(dt=pl.lit(day))
        for day, rows in days.items()
        if len(rows)
    )
    nothing = pl.DataFrame(schema={**columns, "dt": pl.String()})
    return pl.concat([nothing, *parts]).lazy()


def _published(
    root: Root,
    day: date,
    days: Sequence[str],
    where: _Made,
    build: _Build,
    options: TrendingOptions | RelatedOptions | AutocompleteOptions,
) -> Published:
    here = [each for each in days if root.has_day("searches", each)]
    reads = {"segments": [str(day)], "daily_counts": here}

    def stage(change: Change, name: str) -> None:
        members = scanned(root.storage, root.address, "members", [f"dt={day}"], MEMBERS).drop("dt")
        searches = {
            each: without_clicks(
                scanned(root.storage, root.address, "searches", [f"dt={each}"], SEARCHES)
            )
            .drop("dt")
            .join(members, on="user_id", how="left", maintain_order="left")
            .collect()
            for each in here
        }
        told = sorted(members.select("segment").unique().collect()["segment"].to_list())
        made = [pl.DataFrame(schema=where.columns)]
        for segment in told:
            of_segment = {
                each: rows.filter(pl.col("segment") == segment).drop("segment")
                for each, rows in searches.items()
            }
            rows = build(of_segment).with_columns(segment=pl.lit(segment, pl.Int32))
            made.append(rows.select(*where.columns))
        every = build({each: rows.drop("segment") for each, rows in searches.items()})
        kept = without_left_over(
            pl.concat(made),
            every,
            key=where.key,
            within=where.within,
            min_searchers=options.min_searchers,
        )
        write(change.storage, f"{change.address(name)}/part.parquet", kept)

    return publish.published(root, where.result, where.partition, stage, reads, options)
