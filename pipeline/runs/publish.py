"""Make results from stored counts, each partition whole, and only where it would differ.

Reads   hourly_counts/dt=, daily_counts/dt=, daily_devices/dt=, daily_pairs/dt=,
        daily_clicks/dt=, query_keywords/dt=,
        daily_keywords/dt=, hourly_keywords/dt=, searches/dt= of the window's days
Writes  trending/dt=/hour=, related/dt=, autocomplete/dt=, keyword_tool/dt=, keywords/dt=,
        trending_words/dt=/hour=, query_analytics/dt=, keyword_analytics/dt=,
        reformulations/dt=, search_quality/dt=, patterns/dt=, keyword_patterns/dt=, changes/dt=
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Final

import polars as pl

from pipeline.columns import (
    AUTOCOMPLETE,
    CATEGORIES,
    CHANGES,
    CO_CLICKED,
    DAILY_ADDRESSES,
    DAILY_CLICKS,
    DAILY_COUNTS,
    DAILY_DEVICES,
    DAILY_KEYWORDS,
    DAILY_PAIRS,
    HOURLY_COUNTS,
    HOURLY_KEYWORDS,
    KEYWORD_ANALYTICS,
    KEYWORD_CLICKS,
    KEYWORD_PATTERNS,
    KEYWORD_TOOL,
    KEYWORDS,
    PATTERNS,
    QUERY_ANALYTICS,
    QUERY_KEYWORDS,
    REFORMULATIONS,
    RELATED,
    SEARCH_QUALITY,
    SEARCHES,
    TRENDING,
    TRENDING_WORDS,
    Columns,
)
from pipeline.counting.judging import without_clicks
from pipeline.errors import InvalidParameterError
from pipeline.language.queries import ids, variant_keys
from pipeline.results.category_spread import categories, declared, parsed_rules
from pipeline.results.co_clicked import clicked_hosts, co_clicked
from pipeline.results.completions import completions
from pipeline.results.keyword_volumes import WEEKS, keyword_volumes
from pipeline.results.keywords_of_days import keywords_of_days
from pipeline.results.query_analytics import query_analytics, search_quality
from pipeline.results.reformulations import reformulations
from pipeline.results.related_searches import related_searches
from pipeline.results.search_patterns import PROFILE_DAYS, search_patterns
from pipeline.results.trending_keywords import trending_keywords
from pipeline.results.week_changes import week_changes
from pipeline.runs import published as publish
from pipeline.runs.count_addresses import refresh_daily_addresses
from pipeline.runs.keyword_clicks import refresh_keyword_clicks
from pipeline.runs.published import (
    AnalyticsOptions,
    AutocompleteOptions,
    CategoriesOptions,
    KeywordsOptions,
    KeywordToolOptions,
    PatternOptions,
    Published,
    RelatedOptions,
    TrendingOptions,
)
from pipeline.store.journal import Change
from pipeline.store.root import Root
from pipeline.store.tables import scanned, write

#: Different people who clicked an address for a keyword, where a rule of categories names its host.
MIN_CLICKERS: Final = 5


def publish_trending(root: Root, end: datetime, options: TrendingOptions) -> Published:
    """The board of the window that ends at `end` (UTC)."""
    days = publish.days_of_past(root, end, options)
    window_days = publish.days_of_windows(root, end, options)

    def build() -> pl.DataFrame:
        return trending_keywords(
            _counts(root, "hourly_counts", days, HOURLY_COUNTS),
            _counts(root, "daily_counts", window_days, DAILY_COUNTS),
            _searches(root, window_days),
            window_end=end,
            zone=root.state.zone,
            **asdict(options),
        )

    return publish_board(root, end, options, build)


def publish_board(
    root: Root, end: datetime, options: TrendingOptions, build: Callable[[], pl.DataFrame]
) -> Published:
    """The board of the window that ends at `end` (UTC), of which `build` gives the rows."""
    partition = publish.hour_partition(end, root.state.zone)
    reads = {
        "hourly_counts": publish.days_of_past(root, end, options),
        "daily_counts": publish.days_of_windows(root, end, options),
    }
    return publish.published(
        root, publish.TRENDING_RESULT, partition, _stage(build, TRENDING), reads, options
    )


def publish_related(root: Root, day: date, options: RelatedOptions) -> Published:
    """Related searches as of the end of `day`."""
    days = publish.days_until(root, day, options.days)

    def build() -> pl.DataFrame:
        return related_searches(
            _counts(root, "daily_pairs", days, DAILY_PAIRS),
            _counts(root, "daily_counts", days, DAILY_COUNTS),
            min_searchers=options.min_searchers,
            top=options.top,
        )

    reads = {"daily_pairs": days, "daily_counts": days}
    return publish.published(
        root, publish.RELATED_RESULT, f"dt={day}", _stage(build, RELATED), reads, options
    )


def publish_autocomplete(root: Root, day: date, options: AutocompleteOptions) -> Published:
    """Completions as of the end of `day`."""
    days = publish.days_until(root, day, options.days)

    def build() -> pl.DataFrame:
        return completions(
            _counts(root, "daily_counts", days, DAILY_COUNTS),
            as_of=day,
            half_life_days=options.half_life_days,
            min_searchers=options.min_searchers,
            per_prefix=options.top,
            blocked=options.blocked,
        )

    reads = {"daily_counts": days}
    return publish.published(
        root, publish.AUTOCOMPLETE_RESULT, f"dt={day}", _stage(build, AUTOCOMPLETE), reads, options
    )


def publish_keyword_tool(root: Root, day: date, options: KeywordToolOptions) -> Published:
    """The volumes of keywords as of the end of `day`."""
    days = days_of_volumes(root, day, options)

    def build() -> pl.DataFrame:
        counts = _counts(root, "daily_counts", days, DAILY_COUNTS)
        devices = _counts(root, "daily_devices", month, DAILY_DEVICES) if month else None
        return keyword_volumes(counts, devices, as_of=day, **asdict(options))

    known = days_of_devices(root, day, options)
    month = [each for each in known if root.has_day("daily_devices", each)]
    reads = {"daily_counts": days, "daily_devices": month}
    return publish.published(
        root, publish.KEYWORD_TOOL_RESULT, f"dt={day}", _stage(build, KEYWORD_TOOL), reads, options
    )


def publish_co_clicked(root: Root, day: date, options: KeywordToolOptions) -> Published:
    """Which keywords lead to the same addresses, as of the end of `day`."""
    days = publish.days_until(root, day, options.days)

    def build() -> pl.DataFrame:
        return co_clicked(
            _counts(root, "daily_addresses", days, DAILY_ADDRESSES),
            _counts(root, "daily_counts", days, DAILY_COUNTS),
            min_searchers=options.min_searchers,
        )

    reads = {"daily_addresses": days, "daily_counts": days}
    return publish.published(
        root, publish.CO_CLICKED_RESULT, f"dt={day}", _stage(build, CO_CLICKED), reads, options
    )


def publish_categories(root: Root, day: date, options: CategoriesOptions) -> Published:
    """The categories of queries as of the end of `day`, whose other results are there.

    Raises:
        InvalidParameterError: the rules cannot be read.
    """
    rules = parsed_rules("\n".join(options.rules), "the file of rules")
    partition = f"dt={day}"
    where = root.storage, root.address

    def build() -> pl.DataFrame:
        related = scanned(*where, "related", [partition], RELATED)
        pairs = related.select("query", "related_query", "sessions").collect()
        large = scanned(*where, "keyword_tool", [partition], KEYWORD_TOOL)
        texts = [pairs["query"], pairs["related_query"], large.select("query").collect()["query"]]
        queries = pl.concat(texts).unique().to_frame("query")
        clicked = None
        if days:
            clicked = clicked_hosts(
                _counts(root, "daily_addresses", days, DAILY_ADDRESSES),
                _counts(root, "daily_counts", days, DAILY_COUNTS),
                min_searchers=MIN_CLICKERS,
            )
        return categories(queries, pairs, declared(queries["query"], rules, clicked))

    reads = {"related": [str(day)], "keyword_tool": [str(day)]}
    days: list[str] = []
    if any(rule.hosts for rule in rules):  # who names no host pays nothing for clicks
        asked = publish.days_until(root, day, publish.VOLUME_DAYS)
        refresh_daily_addresses(root, asked)
        days = [each for each in asked if root.has_day("daily_addresses", each)]
        reads |= {"daily_addresses": days, "daily_counts": days}
    stage = _stage(build, CATEGORIES)
    return publish.published(root, publish.CATEGORIES_RESULT, partition, stage, reads, options)


def days_of_devices(root: Root, day: date, options: KeywordToolOptions) -> list[str]:
    """The days of which volumes as of the end of `day` read devices."""
    return publish.days_until(root, day, options.days)


def days_of_volumes(root: Root, day: date, options: KeywordToolOptions) -> list[str]:
    """The days that volumes as of the end of `day` read."""
    return publish.days_until(root, day, max(options.days, 7 * WEEKS))


def publish_keywords(root: Root, day: date, options: KeywordsOptions) -> Published:
    """Keywords of the days until the end of `day`."""
    days = _there(root, "daily_keywords", publish.days_until(root, day, options.days))
    before = days_compared(root, day, options.days)

    def build() -> pl.DataFrame:
        searches = [
            _counts(root, "daily_counts", each, DAILY_COUNTS).select("searches").sum().collect()
            for each in (days, before)
            if each
        ]
        totals = [each.item() or 0 for each in searches]
        return keywords_of_days(
            _counts(root, "daily_keywords", days, DAILY_KEYWORDS),
            _counts(root, "daily_keywords", before, DAILY_KEYWORDS) if before else None,
            _counts(root, "query_keywords", days, QUERY_KEYWORDS),
            _counts(root, "daily_counts", days, DAILY_COUNTS),
            searches=(totals[0], totals[1] if before else 0),
            min_searchers=options.min_searchers,
        )

    reads = {"daily_keywords": [*days, *before], "daily_counts": [*days, *before]}
    return publish.published(
        root, publish.KEYWORDS_RESULT, f"dt={day}", _stage(build, KEYWORDS), reads, options
    )


def days_compared(root: Root, day: date, days: int) -> list[str]:
    """The days before whose keywords tell a change; none where some are missing or have gone."""
    before = publish.days_before(root, day, days)
    return before if all(root.has_day("daily_keywords", each) for each in before) else []


def too_short(root: Root, day: date, days: int) -> list[str]:
    """What a summary says where no change can be told."""
    if days_compared(root, day, days):
        return []
    return [f"Change    cannot be told: the {days:,} days before these are not all in the log"]


def publish_trending_words(root: Root, end: datetime, options: TrendingOptions) -> Published:
    """The board of keywords of the window that ends at `end` (UTC)."""
    days = _there(root, "hourly_keywords", publish.days_of_past(root, end, options))
    window_days = _there(root, "daily_keywords", publish.days_of_windows(root, end, options))

    def build() -> pl.DataFrame:
        return trending_keywords(
            _counts(root, "hourly_keywords", days, HOURLY_KEYWORDS).rename(
                {"keyword_id": "query_id"}
            ),
            _names_of_keywords(root, window_days).lazy(),
            _searches_of_keywords(root, window_days),
            window_end=end,
            zone=root.state.zone,
            are_parts=True,
            **asdict(options),
        )

    partition = publish.hour_partition(end, root.state.zone)
    reads = {"hourly_keywords": days, "daily_keywords": window_days}
    stage = _stage(build, TRENDING_WORDS)
    return publish.published(root, publish.TRENDING_WORDS_RESULT, partition, stage, reads, options)


def _names_of_keywords(root: Root, days: Sequence[str]) -> pl.DataFrame:
    """Keywords as names of what trends: their spellings are variants, as those of queries are."""
    columns = {name: DAILY_KEYWORDS[name] for name in ("keyword_id", "keyword")}
    keywords = _counts(root, "daily_keywords", days, columns).drop("dt").unique().collect()
    texts = keywords["keyword"]
    return pl.DataFrame(
        {
            "query_id": keywords["keyword_id"],
            "query": texts,
            "surface": texts,
            "variant_id": ids(variant_keys(texts)),
        }
    )


def _searches_of_keywords(root: Root, days: Sequence[str]) -> pl.LazyFrame:
    """Searches of those days, one row a keyword, whose id stands as `query_id`."""
    keywords = _counts(root, "query_keywords", days, QUERY_KEYWORDS)
    return (
        _searches(root, days)
        .select("searched_at", "user_id", "query_id", "dt")
        .join(keywords, on=["query_id", "dt"])
        .select("searched_at", "user_id", query_id="keyword_id")
    )


def _there(root: Root, dataset: str, days: Sequence[str]) -> list[str]:
    """Those of some days of which a dataset has counts, as `publish.there`; of none, none."""
    return [each.removeprefix("dt=") for each in publish.there(root, dataset, days)] if days else []


def publish_analytics(root: Root, dataset: str, day: date, options: AnalyticsOptions) -> Published:
    """One of `ANALYTICS_RESULTS`, as of the end of `day`."""
    days = publish.days_until(root, day, options.days)
    k = options.min_searchers
    reads = {"daily_clicks": days, "daily_counts": days}
    if dataset == "keyword_analytics":
        counted = days_of_keywords(root, day, options)
        refresh_keyword_clicks(root, counted)
        days = _there(root, "daily_keywords", counted or days)
        reads = {"keyword_clicks": days, "daily_keywords": days}

    def build() -> pl.DataFrame:
        if dataset == "keyword_analytics":
            of_keywords = _counts(root, "keyword_clicks", days, KEYWORD_CLICKS)
            keywords = _names_of_keywords(root, days).lazy()
            return query_analytics(of_keywords, keywords, min_searchers=k)
        clicks = _counts(root, "daily_clicks", days, DAILY_CLICKS)
        names = _counts(root, "daily_counts", days, DAILY_COUNTS)
        if dataset == "query_analytics":
            return query_analytics(clicks, names, min_searchers=k)
        if dataset == "reformulations":
            return reformulations(clicks, names, min_searchers=k, top=options.top)
        return search_quality(clicks, min_searchers=k)

    columns = {
        "query_analytics": QUERY_ANALYTICS,
        "keyword_analytics": KEYWORD_ANALYTICS,
        "reformulations": REFORMULATIONS,
        "search_quality": SEARCH_QUALITY,
    }[dataset]
    return publish.published(
        root,
        publish.ANALYTICS_RESULTS[dataset],
        f"dt={day}",
        _stage(build, columns),
        reads,
        options,
    )


def days_of_keywords(root: Root, day: date, options: AnalyticsOptions) -> list[str]:
    """The days of clicks until the end of `day` whose keywords were counted; perhaps none."""
    days = publish.days_until(root, day, options.days)
    datasets = ("daily_clicks", "query_keywords", "daily_keywords")
    return [each for each in days if all(root.has_day(name, each) for name in datasets)]


def publish_patterns(root: Root, day: date, options: PatternOptions) -> Published:
    """When queries are searched, as of the end of `day`."""

    def build() -> pl.DataFrame:
        hourly, daily = _of_patterns(root, reads)
        return search_patterns(
            hourly,
            daily,
            zone=root.state.zone,
            min_searchers=options.min_searchers,
            are_over=True,
        )

    reads = _reads_of_patterns(root, day, options)
    return publish.published(
        root, publish.PATTERNS_RESULT, f"dt={day}", _stage(build, PATTERNS), reads, options
    )


def publish_keyword_patterns(root: Root, day: date, options: PatternOptions) -> Published:
    """When keywords are searched, of the days until the end of `day` whose keywords were counted.

    Raises:
        InvalidParameterError: there are none.
    """
    days = _there(root, "daily_keywords", days_of_pattern_keywords(root, day, options))
    if not days:
        raise InvalidParameterError("no keywords of these days are counted: run keywords first")
    recent = days[-PROFILE_DAYS:]

    def build() -> pl.DataFrame:
        names = _names_of_keywords(root, days).lazy()
        daily = _counts(root, "daily_keywords", days, DAILY_KEYWORDS)
        daily = daily.select("dt", "searchers", "searchers_sketch", query_id="keyword_id")
        hourly = _counts(root, "hourly_keywords", recent, HOURLY_KEYWORDS)
        return search_patterns(
            hourly.rename({"keyword_id": "query_id"}),
            daily.join(names, on="query_id"),
            zone=root.state.zone,
            min_searchers=options.min_searchers,
            are_over=True,
            # A query of three keywords is not three searches.
            traffic=_of_patterns(root, {"hourly_counts": recent, "daily_counts": days}),
        )

    reads = {"hourly_keywords": recent, "daily_keywords": days}
    reads |= {"hourly_counts": recent, "daily_counts": days}
    stage = _stage(build, KEYWORD_PATTERNS)
    result = publish.KEYWORD_PATTERNS_RESULT
    return publish.published(root, result, f"dt={day}", stage, reads, options)


def days_of_pattern_keywords(root: Root, day: date, options: PatternOptions) -> list[str]:
    """The days of which both counts of keywords are there, as of the end of `day`; perhaps none."""
    days = publish.days_over(root, day, options.days)
    datasets = ("hourly_keywords", "daily_keywords", "hourly_counts", "daily_counts")
    return [each for each in days if all(root.has_day(name, each) for name in datasets)]


def publish_changes(root: Root, day: date, options: PatternOptions) -> Published:
    """What changed from one week to the next, as of the end of `day`."""

    def build() -> pl.DataFrame:
        hourly, daily = _of_patterns(root, reads)
        return week_changes(
            hourly,
            daily,
            zone=root.state.zone,
            min_searchers=options.min_searchers,
            false_share=options.false_share,
            are_over=True,
        )

    reads = _reads_of_patterns(root, day, options)
    return publish.published(
        root, publish.CHANGES_RESULT, f"dt={day}", _stage(build, CHANGES), reads, options
    )


def _reads_of_patterns(root: Root, day: date, options: PatternOptions) -> dict[str, list[str]]:
    days = publish.days_over(root, day, options.days)
    return {"hourly_counts": days[-PROFILE_DAYS:], "daily_counts": days}


def _of_patterns(
    root: Root, reads: Mapping[str, Sequence[str]]
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    return (
        _counts(root, "hourly_counts", reads["hourly_counts"], HOURLY_COUNTS),
        _counts(root, "daily_counts", reads["daily_counts"], DAILY_COUNTS),
    )


def _counts(root: Root, dataset: str, days: Sequence[str], columns: Columns) -> pl.LazyFrame:
    partitions = publish.there(root, dataset, days)
    return scanned(root.storage, root.address, dataset, partitions, columns)


def _searches(root: Root, days: Sequence[str]) -> pl.LazyFrame:
    """The searches of those days that have not gone for their age; read when asked for."""
    partitions = [f"dt={day}" for day in days if root.has_day("searches", day)]

    def read() -> pl.LazyFrame:
        rows = scanned(root.storage, root.address, "searches", partitions, SEARCHES)
        return without_clicks(rows)

    # Polars takes a lazy frame here as well, though it does not say so.
    return pl.defer(read, schema={**SEARCHES, "dt": pl.String()})  # type: ignore[arg-type]


def _stage(build: Callable[[], pl.DataFrame], columns: Columns) -> Callable[[Change, str], None]:
    """Stages a result as one file: it is replaced by one rename, so nobody reads half of it."""

    def stage(change: Change, name: str) -> None:
        rows = build().select(*columns)
        write(change.storage, f"{change.address(name)}/part.parquet", rows)

    return stage
