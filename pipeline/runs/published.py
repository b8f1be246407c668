"""Make results from stored counts, each partition whole, and only where it would differ.

Reads   hourly_counts/dt=, daily_counts/dt=, daily_pairs/dt=, daily_clicks/dt=, the counts of
        keywords
Writes  trending/dt=/hour=, related/dt=, autocomplete/dt=, keyword_tool/dt=, keywords/dt=,
        trending_words/dt=/hour=, query_analytics/dt=, keyword_analytics/dt=,
        reformulations/dt=, search_quality/dt=
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline.errors import InvalidParameterError, LandingError
from pipeline.runs.stale import is_running
from pipeline.schemas import (
    AUTOCOMPLETE,
    CATEGORIES,
    CHANGES,
    CO_CLICKED,
    KEYWORD_ANALYTICS,
    KEYWORD_PATTERNS,
    KEYWORD_TOOL,
    KEYWORDS,
    PATTERNS,
    QUERY_ANALYTICS,
    REFORMULATIONS,
    RELATED,
    SEARCH_QUALITY,
    SEGMENTS,
    TRENDING,
    TRENDING_WORDS,
)
from pipeline.store.journal import Change
from pipeline.store.root import Root, columns_digest
from pipeline.store.state import fingerprint

#: Raised when a result is computed in another way, so that it is made again from the same counts.
METHOD: Final = 8

#: Days of counts that results read by default: a board before its own day, the others in all.
BASELINE_DAYS: Final = 14
RELATED_DAYS: Final = 28
COMPLETION_DAYS: Final = 84
VOLUME_DAYS: Final = 28
KEYWORD_DAYS: Final = 7
ANALYTICS_DAYS: Final = 28
PATTERN_DAYS: Final = 84
SEGMENT_DAYS: Final = 28

_LOG = logging.getLogger(__name__)

#: With it a Parquet file begins and ends.
_MAGIC: Final = b"PAR1"

#: Since 1990 the clocks of every zone differ from UTC by a multiple of it.
_QUARTER: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Published:
    """A partition of a result: where it lies, and whether this run made it."""

    root: Root
    dataset: str
    partition: str
    schema: pa.Schema
    is_new: bool

    @property
    def address(self) -> str:
        """The partition's folder."""
        return f"{self.root.address}/{self.dataset}/{self.partition}"


@dataclass(frozen=True)
class FirstLook:
    """What a person is shown of a result: how many rows there are, and some of them."""

    count: int
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class TrendingOptions:
    """See `trending_keywords`."""

    window_hours: int
    baseline_days: int
    recent_hours: int
    min_searchers: int
    min_score: float
    top: int
    surprises_alone: bool
    phrasings: str


@dataclass(frozen=True)
class RelatedOptions:
    """See `related_searches`; `days` of pairs are read."""

    days: int
    min_searchers: int
    top: int


@dataclass(frozen=True)
class AutocompleteOptions:
    """See `completions`; `days` of counts are read."""

    days: int
    half_life_days: float
    min_searchers: int
    top: int
    blocked: tuple[str, ...]


@dataclass(frozen=True)
class PatternOptions:
    """See `search_patterns` and `week_changes`; `days` of counts are read."""

    days: int
    min_searchers: int
    false_share: float


@dataclass(frozen=True)
class KeywordToolOptions:
    """See `keyword_volumes`."""

    days: int
    min_searchers: int


@dataclass(frozen=True)
class CategoriesOptions:
    """See `categories`; `rules` are the lines of the file of rules."""

    rules: tuple[str, ...]


@dataclass(frozen=True)
class KeywordsOptions:
    """See `keywords_of_days`; `days` of keywords are read, and as many before."""

    days: int
    min_searchers: int


@dataclass(frozen=True)
class AnalyticsOptions:
    """See `query_analytics`, `reformulations`, `search_quality`; `days` of clicks are read."""

    days: int
    min_searchers: int
    top: int


@dataclass(frozen=True)
class SegmentOptions:
    """See `publish_segments`; `days` of interests are read.

    `segments` 0: as many as there are. `epsilon` 0: without noise.
    """

    days: int
    half_life_days: float
    segments: int
    min_people: int
    min_searchers: int
    epsilon: float = 0.0


Options = (
    TrendingOptions
    | RelatedOptions
    | AutocompleteOptions
    | KeywordToolOptions
    | CategoriesOptions
    | KeywordsOptions
    | AnalyticsOptions
    | PatternOptions
    | SegmentOptions
)


SomeOptions = TypeVar("SomeOptions", RelatedOptions, KeywordToolOptions)


def window_end(root: Root, at: datetime | None) -> datetime:
    """The end of the window that `at` lies in or ends, UTC: the next full hour of the zone.

    Args:
        root: knows the newest search, which stands for `at` if that is None, and the zone.
        at: a time; without an offset it is in the root's zone, of an hour that comes twice in the
            first one.
    """
    return next_full_hour(_moment(root, at), root.state.zone)


def next_full_hour(moment: datetime, zone: str) -> datetime:
    """`moment` (UTC) if the clocks of `zone` show a full hour then, else the next time they do.

    Where the clocks are changed by half an hour (Lord Howe Island) the hour before the change ends
    on none, and no window ends with it.
    """
    clock = ZoneInfo(zone)
    past = (moment - datetime.min.replace(tzinfo=UTC)) % _QUARTER
    end = moment - past + (_QUARTER if past else timedelta())
    while end.astimezone(clock).minute:
        end += _QUARTER
    return end


def hour_partition(end: datetime, zone: str) -> str:
    """The partition of the board whose window ends at `end`, a full hour of `zone`.

    "dt=2026-03-02/hour=15", on the clocks of the zone. When they are put back an hour comes twice:
    the second one is marked with a B, as in timetables, "hour=02B".
    """
    local = end.astimezone(ZoneInfo(zone))
    return f"dt={local:%Y-%m-%d}/hour={local:%H}{'B' if local.fold else ''}"


def as_of_day(root: Root, at: datetime | None) -> date:
    """The day of the reporting zone in which `at` lies; see `window_end`."""
    return _local(root, _moment(root, at)).date()


def days_of_windows(root: Root, end: datetime, options: TrendingOptions) -> list[str]:
    """The days of the window that ends at `end` (UTC) and of the one before, in the zone.

    Raises:
        InvalidParameterError: there is no search on any of them.
    """
    begin = end - timedelta(hours=2 * options.window_hours)
    return _days(root, _local(root, begin).date(), _local(root, end).date())


def days_of_past(root: Root, end: datetime, options: TrendingOptions) -> list[str]:
    """The days with searches that the board of the window that ends at `end` (UTC) reads."""
    # The board one window earlier is part of it (previous_rank), hence two windows more.
    begin = _local(root, end - timedelta(hours=2 * options.window_hours))
    # Days are counted on the clock, whether they have 23, 24 or 25 hours.
    first = begin.date() - timedelta(days=options.baseline_days)
    return _days(root, first, _local(root, end).date())


def days_until(root: Root, day: date, days: int) -> list[str]:
    """Those of so many days, of which `day` is the last, that have searches.

    Raises:
        InvalidParameterError: none has.
    """
    return _days(root, day - timedelta(days=days - 1), day)


def days_over(root: Root, day: date, days: int) -> list[str]:
    """`days_until` without the last one while its last hour is to come, or the only one there is.

    What reads these alone is up to date from the first hour of a day to the last but one.
    """
    found = days_until(root, day, days)
    return found[:-1] if len(found) > 1 and is_running(root, found[-1]) else found


def days_before(root: Root, day: date, days: int) -> list[str]:
    """Of the `days_until` a day, as many days before; none where the log begins later."""
    last = day - timedelta(days=days)
    first = (last - timedelta(days=days - 1)).isoformat()
    known = sorted(root.state.days)
    if not known or known[0] > first:
        return []
    return [each for each in known if first <= each <= last.isoformat()]


def first_look(published: Published, look: Callable[[int], FirstLook], *, limit: int) -> FirstLook:
    """What `look` shows of a result, in at most `limit` rows; that of the last run is remembered.

    Hence a run that finds a result up to date need not read it, nor start Spark.
    """
    root, address = published.root, f"{published.root.address}/_first_look_{published.dataset}"
    made_of = root.made_of(published.dataset, published.partition)
    key = fingerprint(partition=published.partition, made_of=made_of, limit=limit)
    remembered = None if published.is_new else root.storage.read_bytes(address)
    if known := parsed_first_look(remembered or b"", key):
        return known
    found = look(limit)
    text = json.dumps(asdict(found), ensure_ascii=False)
    root.storage.write_text(address, f"{key}\n{text}\n")
    return found


def parsed_first_look(data: bytes, key: str) -> FirstLook | None:
    """What is remembered under `key`; None: it is of another result, or damaged."""
    try:
        known, _, text = data.decode("utf-8").partition("\n")
        return FirstLook(**json.loads(text)) if known == key else None
    except (ValueError, TypeError):
        return None


@dataclass(frozen=True)
class Result:
    """What is published."""

    dataset: str
    schema: pa.Schema


TRENDING_RESULT: Final = Result("trending", TRENDING)
RELATED_RESULT: Final = Result("related", RELATED)
AUTOCOMPLETE_RESULT: Final = Result("autocomplete", AUTOCOMPLETE)
KEYWORD_TOOL_RESULT: Final = Result("keyword_tool", KEYWORD_TOOL)
CO_CLICKED_RESULT: Final = Result("co_clicked", CO_CLICKED)
CATEGORIES_RESULT: Final = Result("categories", CATEGORIES)
KEYWORDS_RESULT: Final = Result("keywords", KEYWORDS)
TRENDING_WORDS_RESULT: Final = Result("trending_words", TRENDING_WORDS)
#: What `analytics` publishes, by dataset.
ANALYTICS_RESULTS: Final = {
    "query_analytics": Result("query_analytics", QUERY_ANALYTICS),
    "keyword_analytics": Result("keyword_analytics", KEYWORD_ANALYTICS),
    "reformulations": Result("reformulations", REFORMULATIONS),
    "search_quality": Result("search_quality", SEARCH_QUALITY),
}
PATTERNS_RESULT: Final = Result("patterns", PATTERNS)
KEYWORD_PATTERNS_RESULT: Final = Result("keyword_patterns", KEYWORD_PATTERNS)
CHANGES_RESULT: Final = Result("changes", CHANGES)
SEGMENTS_RESULT: Final = Result("segments", SEGMENTS)

#: Stages a result under a name, sorted, as one file.
Stage = Callable[[Change, str], object]


def published(
    root: Root,
    result: Result,
    partition: str,
    stage: Stage,
    reads: Mapping[str, Sequence[str]],
    options: Options,
) -> Published:
    """Make a partition, unless it is there, made of the same counts: of `reads`, by dataset."""
    dataset = result.dataset
    made_of = fingerprint(
        method=METHOD,
        columns=columns_digest(result.schema),
        options={name: _brief(value) for name, value in asdict(options).items()},
        counts={
            name: {day: root.made_of(name, f"dt={day}") for day in days}
            for name, days in reads.items()
        },
    )
    found = Published(root, dataset, partition, result.schema, is_new=False)
    if root.made_of(dataset, partition) != made_of or not _is_whole(root, found.address):
        _LOG.info("making %s/%s", dataset, partition)
        with root.change() as change:
            stage(change, dataset)
            change.put(dataset, partition, change.address(dataset), made_of=made_of)
            if partition >= newest_made(root, dataset).get("partition", ""):
                said = json.dumps({"partition": partition, "options": asdict(options)})
                change.write(options_file(dataset), said.encode())
        found = replace(found, is_new=True)
    return found


def _is_whole(root: Root, address: str) -> bool:
    """Whether a partition's file is there, and no part of it is missing: people delete and copy."""
    storage = root.storage
    files = storage.files(address) or []
    return bool(files) and all(
        storage.head(file.address, len(_MAGIC)) == _MAGIC
        and storage.tail(file.address, len(_MAGIC)) == _MAGIC
        for file in files
    )


def options_file(dataset: str) -> str:
    """Where it stands, below the root, which result is the newest one and how it was made."""
    return f"{dataset}/_newest.json"


def newest_made(root: Root, dataset: str) -> dict[str, Any]:
    """`partition` and `options` of the newest result; nothing if that is not known."""
    try:
        data = root.storage.read_bytes(f"{root.address}/{options_file(dataset)}")
        found = json.loads(data or b"{}")
    except ValueError:  # damaged: it is known again when the next one is made
        return {}
    return found if isinstance(found, dict) else {}


def options_before(root: Root, dataset: str, default: SomeOptions) -> SomeOptions:
    """The options of the newest result of a dataset, or of what it has none of the defaults."""
    told = newest_made(root, dataset).get("options", {})
    known = {field.name for field in fields(default)}
    return replace(default, **{name: value for name, value in told.items() if name in known})


def rules_before(root: Root) -> tuple[str, ...]:
    """The rules that the newest categories were made with; none: there are no categories."""
    return tuple(newest_made(root, "categories").get("options", {}).get("rules", ()))


def _brief(option: object) -> object:
    """An option as the state remembers it: of many words, a digest."""
    if not isinstance(option, tuple):
        return option
    return hashlib.sha256("\n".join(option).encode()).hexdigest()


def _moment(root: Root, at: datetime | None) -> datetime:
    newest = root.state.newest_search()
    if newest is None:
        raise LandingError("there is no search in the root yet: put a log into the landing folder")
    if at is None:
        # A search at exactly ten o'clock is the first of the hour that begins.
        return newest + timedelta(microseconds=1)
    zoned = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(root.state.zone))
    return zoned.astimezone(UTC)


def _local(root: Root, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(root.state.zone))


def _days(root: Root, first: date, last: date) -> list[str]:
    """The days with searches in a period.

    Raises:
        InvalidParameterError: there is none, since `--at` is far from the log.
    """
    known = sorted(root.state.days)
    days = [day for day in known if first.isoformat() <= day <= last.isoformat()]
    if not days:
        raise InvalidParameterError(
            f"there is no search from {first} to {last}: the log has searches from {known[0]} to "
            f"{known[-1]}, so choose another --at"
        )
    return days


def there(root: Root, dataset: str, days: Sequence[str]) -> list[str]:
    """The partitions of those days whose counts have not gone for their age.

    Raises:
        InvalidParameterError: all of them have.
    """
    there = [f"dt={day}" for day in days if root.has_day(dataset, day)]
    if not there:
        raise InvalidParameterError(
            f"the {dataset} of {days[0]} to {days[-1]} have gone for their age: choose a later time"
        )
    if len(there) < len(days):
        _LOG.info("%d of %d days of %s have gone", len(days) - len(there), len(days), dataset)
    return there
