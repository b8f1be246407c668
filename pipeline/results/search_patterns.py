"""When queries are searched: each one's hours, days and months, and a class in words.

Everything is beside the traffic of the log as a whole: what is searched most at nine in the evening
because everybody searches then has no pattern. The formulas stand in `seasons`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.columns import PATTERNS
from pipeline.counting.groups import Flags, Ints, list_series, order_by
from pipeline.counting.people import people_of
from pipeline.results import seasons
from pipeline.results.names import forms_of
from pipeline.results.seasons import HOURS, WEEK, WEEKDAY_SETS, Floats

#: Of fewer different people no pattern is told: one of them could be it.
FEWEST: Final = 20
#: Days of the profile by hour: four of each weekday.
PROFILE_DAYS: Final = 28
#: From so many standard deviations on hours, weekdays and trends stand out: 100,000 queries are
#: looked at, each in some hundred ways.
HOURS_SCORE: Final = 5.0
WEEKDAYS_SCORE: Final = 4.0
TREND_SCORE: Final = 4.0
#: What stands out has so many times the people that traffic would bring.
RATIO: Final = 2.0
#: And of the hours of a day, so many of the people.
LEAST_SHARE: Final = 0.3
#: A query grows, or fades, by such a factor from the beginning of the period to its end.
LEAST_CHANGE: Final = 2.0
#: A burst has so many of all people in a row of days: a seventh of the period, at least this many.
BURST_SHARE: Final = 0.6
SHORTEST_BURST: Final = 3
#: Once a month: this many days between two times, three times and more, with such a share of
#: the people: 28 to 31 days, and weekends between that postpone it.
MONTH: Final = (26, 34)
MONTHLY_EVENTS: Final = 3
EVENTS_SHARE: Final = 0.4
#: A season of the year asks for two of them, and is one from such a strength on.
YEAR: Final = 365
YEARLY_STRENGTH: Final = 0.6
#: A query is steady whose days differ by no more than this share of their mean.
STEADY: Final = 0.5
UNEVEN_SCORE: Final = 4.0
#: Digits of strengths and trends.
DIGITS: Final = 4
#: Cells of people by hour that are worked on at a time: 130 MB.
CELLS: Final = 4_000_000

#: Places in `NAMES`; 0: too few people to tell.
(
    _NONE,
    _STEADY,
    _IRREGULAR,
    _BURSTS,
    _BURST,
    _DAILY,
    _WEEKDAYS,
    _WEEKENDS,
    _WEEKLY,
    _MONTHLY,
    _YEARLY,
    _GROWING,
    _FADING,
) = range(13)
#: What `pattern` says.
NAMES: Final = (
    *(None, "steady", "irregular", "bursts", "burst", "daily", "weekdays", "weekends", "weekly"),
    *("monthly", "yearly", "growing", "fading"),
)
#: Parts of the day; None: no hours stand out.
_PARTS: Final = (None, "night", "morning", "noon", "afternoon", "evening")
#: Their places by the hour in the middle of a peak.
_PART_OF: Final = np.repeat([1, 2, 3, 4, 5, 1], [6, 5, 3, 4, 4, 2])
_IN_WORDS: Final = {
    "steady": "steady",
    "irregular": "now more, now less",
    "bursts": "several bursts",
    "burst": "one burst",
    "monthly": "once a month",
    "yearly": "once a year",
    "growing": "growing",
    "fading": "fading",
}
#: Columns that queries have besides what is told of their series.
_NAMED: Final = ("query", "surface", "searchers")
_WEEKDAYS_NAMED: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)


@dataclass(frozen=True)
class Calendar:
    """The days of a log that are looked at, in order.

    Attributes:
        days: those with any traffic.
        traffic: people of each, all queries together.
        shares: (days, hours): the part of each day's traffic that is in each hour.
    """

    days: tuple[date, ...]
    traffic: Floats
    shares: Floats

    @property
    def ordinals(self) -> Ints:
        """The number of each day, rising."""
        return np.array([day.toordinal() for day in self.days], dtype=np.int64)

    @property
    def weekdays(self) -> Ints:
        """0 is Monday."""
        return (self.ordinals + 6) % WEEK

    @property
    def relative(self) -> Floats:
        """The traffic of each day beside the mean."""
        found: Floats = self.traffic / self.traffic.mean()
        return found


@dataclass(frozen=True)
class Found:
    """What is found of each series; see `PATTERNS`."""

    pattern: Ints
    first_hour: Ints
    peak_hours: Ints
    weekdays: Ints
    peak_day: Ints
    daily: Floats
    weekly: Floats
    yearly: Floats
    trend: Floats
    trend_score: Floats


def search_patterns(
    hourly_counts: pl.LazyFrame,
    daily_counts: pl.LazyFrame,
    *,
    zone: str,
    min_searchers: int = 5,
    are_over: bool = False,
    traffic: tuple[pl.LazyFrame, pl.LazyFrame] | None = None,
) -> pl.DataFrame:
    """Tell when each query is searched, or each keyword whose id stands as `query_id`.

    Spellings that differ in spaces and punctuation are one, in the form that most people typed.

    Args:
        hourly_counts: `HOURLY_COUNTS` of the days, with `dt`.
        daily_counts: `DAILY_COUNTS` of the days, with `dt`.
        zone: the reporting zone.
        min_searchers: different people who must have typed a query in these days.
        are_over: see `calendar_of`.
        traffic: hourly and daily counts of the queries of the same days; None: they are these.

    Returns:
        `PATTERNS`, what most people typed first; of fewer than `FEWEST` people without a pattern.
        A figure of an hour or a day stands only where
        `min_searchers` people make it up, and is made of such hours and days alone.

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(min_searchers=min_searchers)
    hourly_of_all, daily_of_all = traffic or (hourly_counts, daily_counts)
    hours = hours_of(hourly_of_all, zone)
    calendar = calendar_of(hours, daily_of_all, are_over=are_over)
    counts = daily_counts.filter(pl.col("dt").is_in([day.isoformat() for day in calendar.days]))
    people = people_of(counts, "variant_id", min_searchers).sort("variant_id")
    # Four queries in five have fewer: they cost nothing more.
    enough = people.filter(pl.col("searchers") >= FEWEST)
    of_kept = counts.filter(pl.col("variant_id").is_in(enough["variant_id"].implode()))
    day = pl.col("dt").str.to_date().cast(pl.Int64) + date(1970, 1, 1).toordinal()
    together = _together(min_searchers)
    by_day = of_kept.group_by("variant_id", day=day).agg(people=together).collect()
    recent = [day.toordinal() for day in calendar.days[-PROFILE_DAYS:]]
    by_hour = (
        hourly_counts.join(of_kept.select("query_id", "variant_id").unique(), on="query_id")
        .join(hours.filter(pl.col("day").is_in(recent)).lazy(), on="hour")
        .group_by("variant_id", "day", "clock")
        .agg(people=together)
        .collect()
    )
    found = patterns(enough, by_day, by_hour, calendar, min_searchers)
    names = forms_of(people.select("variant_id"), counts)
    told = enough.select("variant_id").hstack(found)
    named = people.join(told, on="variant_id", how="left").join(names, on="variant_id")
    named = named.with_columns(days=pl.lit(len(calendar.days)))
    ordered = named.sort("searchers", "query", descending=[True, False])
    return ordered.select(pl.col(name).cast(kind) for name, kind in PATTERNS.items())


def _together(min_searchers: int) -> pl.Expr:
    """The people of all spellings of an hour or a day; some may be counted twice.

    Where no spelling alone has enough of them, it is not sure that they are enough together: then
    they count as one fewer than that at most, so that nothing is told of them.
    """
    people = pl.col("searchers")
    is_sure = (pl.len() == 1) | (people.max() >= min_searchers)
    few = pl.min_horizontal(people.sum(), pl.lit(min_searchers - 1))
    return pl.when(is_sure).then(people.sum()).otherwise(few)


def hours_of(hourly_counts: pl.LazyFrame, zone: str) -> pl.DataFrame:
    """The hours of a log, in order.

    Returns:
        `hour` (UTC), `day` (its ordinal in the zone), `clock` (0 to 23), `people`.
    """
    local = pl.col("hour").dt.convert_time_zone(zone)
    return (
        hourly_counts.group_by("hour")
        .agg(people=pl.col("searchers").sum())
        .sort("hour")
        .with_columns(
            day=local.dt.date().cast(pl.Int64) + date(1970, 1, 1).toordinal(),
            clock=local.dt.hour().cast(pl.Int64),
        )
        .collect()
    )


def calendar_of(
    hours: pl.DataFrame, daily_counts: pl.LazyFrame, *, are_over: bool = False
) -> Calendar:
    """The days that are looked at: those that are over, or the only one there is.

    Args:
        hours: see `hours_of`.
        daily_counts: `searchers`, `dt`.
        are_over: all of them are known to be; else the last one is if it has a last hour.
    """
    traffic = daily_counts.group_by("dt").agg(people=pl.col("searchers").sum()).sort("dt").collect()
    days = [date.fromisoformat(day) for day in traffic["dt"]]
    # A day that is half over would look like a fall, and its evening like none.
    if len(days) > 1 and not are_over and not _is_over(hours, days[-1]):
        days.pop()
    shares = np.zeros((len(days), HOURS))
    place = np.searchsorted([day.toordinal() for day in days], hours["day"].to_numpy())
    known = (place < len(days)) & (hours["day"].is_in([day.toordinal() for day in days])).to_numpy()
    np.add.at(
        shares,
        (place[known], hours["clock"].to_numpy()[known]),
        hours["people"].to_numpy()[known],
    )
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1.0)
    return Calendar(
        tuple(days), traffic["people"].to_numpy()[: len(days)].astype(np.float64), shares
    )


def _is_over(hours: pl.DataFrame, day: date) -> bool:
    of_day = hours.filter(pl.col("day") == day.toordinal())
    return bool(len(of_day)) and of_day["clock"].max() == HOURS - 1


def patterns(
    people: pl.DataFrame,
    by_day: pl.DataFrame,
    by_hour: pl.DataFrame,
    calendar: Calendar,
    min_searchers: int,
) -> pl.DataFrame:
    """The patterns of some keys: of queries, keywords, or whatever is counted by the hour.

    Args:
        people: the key, rising, and `searchers`: its different people.
        by_day: the key, `day` (ordinal) and `people` of the keys' days.
        by_hour: the key, `day`, `clock` (0 to 23) and `people` of the last `PROFILE_DAYS`.
        calendar: the days.
        min_searchers: people below which a figure of a day or an hour is withheld.

    Returns:
        A row a key: the columns of `PATTERNS` from `days` on.
    """
    keys, searchers = people.to_series(0).to_numpy(), people["searchers"].to_numpy()
    days = len(calendar.days)
    recent = np.arange(max(0, days - PROFILE_DAYS), days)
    ordinals = calendar.ordinals
    of_day = _Sparse.of(by_day, keys, [ordinals])
    of_hour = _Sparse.of(by_hour, keys, [ordinals[recent], np.arange(HOURS)])
    size = max(1, CELLS // max(days, len(recent) * HOURS))
    parts = []
    for begin in range(0, len(keys), size):
        end = min(begin + size, len(keys))
        daily, hourly = of_day.dense(begin, end), of_hour.dense(begin, end)
        found = _found(searchers[begin:end], daily, hourly, calendar, recent)
        parts.append(_told(found, daily, hourly, calendar, recent, min_searchers))
    return pl.concat(parts) if parts else pl.DataFrame(schema=_TOLD)


@dataclass(frozen=True)
class _Sparse:
    """Counts that are not zero, by key."""

    row: Ints
    cell: Ints
    people: Floats
    shape: tuple[int, ...]

    @classmethod
    def of(cls, counts: pl.DataFrame, keys: Ints, axes: list[Ints]) -> "_Sparse":
        """Of a table whose first columns are the key and the axes, the last `people`."""
        name, *others = counts.columns[:-1]
        key = counts[name].to_numpy()
        order = order_by(key) if len(key) else key
        row = np.searchsorted(keys, key[order])
        cell = np.zeros(len(counts), dtype=np.int64)
        for axis, column in zip(axes, others, strict=True):
            place = np.searchsorted(axis, counts[column].to_numpy()[order])
            cell = cell * len(axis) + place
        people = counts["people"].to_numpy()[order].astype(np.float64)
        return cls(row, cell, people, tuple(len(axis) for axis in axes))

    def dense(self, begin: int, end: int) -> Floats:
        """The counts of the keys from `begin` to before `end`, zeros too."""
        first, last = np.searchsorted(self.row, [begin, end])
        cells = int(np.prod(self.shape))
        flat = (self.row[first:last] - begin) * cells + self.cell[first:last]
        found: Floats = np.bincount(flat, self.people[first:last], (end - begin) * cells).astype(
            np.float64
        )
        return found.reshape(end - begin, *self.shape)


def _found(
    searchers: Ints, daily: Floats, hourly: Floats, calendar: Calendar, recent: Ints
) -> Found:
    days, traffic, ordinals = len(calendar.days), calendar.relative, calendar.ordinals
    of_week = seasons.weekly(daily, traffic, calendar.weekdays, score=WEEKDAYS_SCORE, ratio=RATIO)
    sets = of_week.days
    # Of Saturdays the hours of Saturdays are asked for.
    weekdays = np.array([np.isin(np.arange(WEEK), each) for each in (*WEEKDAY_SETS, range(WEEK))])
    is_of_habit = weekdays[sets][:, calendar.weekdays[recent]]  # -1 is the last: all of them
    shares = calendar.shares[recent]
    peak = seasons.peak_of_day(
        np.where(is_of_habit[:, :, None], hourly, 0.0),
        shares,
        score=HOURS_SCORE,
        ratio=RATIO,
        least=LEAST_SHARE,
    )
    trend = seasons.trend(daily, calendar.traffic, ordinals)
    burst_days = max(SHORTEST_BURST, days // WEEK)
    events = seasons.events(daily, traffic, ordinals, burst_days)
    yearly = seasons.yearly(daily, traffic, ordinals)
    span = int(ordinals[-1] - ordinals[0])
    changes = np.abs(trend.per_day) * span >= np.log(LEAST_CHANGE)
    changes &= np.abs(trend.score) >= TREND_SCORE
    is_monthly = (events.number >= MONTHLY_EVENTS) & (events.share >= EVENTS_SHARE)
    is_monthly &= (events.shortest >= MONTH[0]) & (events.longest <= MONTH[1])
    # Two Saturdays are nearly all there is of what comes on Saturdays, in two weeks.
    is_burst = (sets < 0) & (events.burst_share >= BURST_SHARE) & (days >= 3 * SHORTEST_BURST)
    # From the first that holds on; each of the later ones would hold of some of the former, too.
    rules: list[tuple[Flags, int]] = [
        (searchers < FEWEST, _NONE),
        (is_burst, _BURST),
        (is_monthly, _MONTHLY),
        (yearly >= YEARLY_STRENGTH, _YEARLY),
        (changes & (trend.score > 0), _GROWING),
        (changes, _FADING),
        (sets == 0, _WEEKENDS),
        (sets == 1, _WEEKDAYS),
        (sets > 1, _WEEKLY),
        ((peak.first >= 0) & (peak.days >= 3), _DAILY),
        ((events.number > 0) & (events.share >= EVENTS_SHARE), _BURSTS),
        (seasons.uneven(daily, traffic, UNEVEN_SCORE) > STEADY, _IRREGULAR),
    ]
    pattern: Ints = np.select([rule for rule, _ in rules], [name for _, name in rules], _STEADY)
    if days < SHORTEST_BURST:  # a day or two tell no steadiness
        pattern = np.zeros_like(pattern)
    return Found(
        pattern,
        peak.first,
        peak.hours,
        sets,
        events.peak,
        seasons.daily_strength(hourly, shares),
        of_week.strength,
        yearly,
        np.expm1(trend.per_day * WEEK),
        trend.score,
    )


#: What is told of each series, in the order of `PATTERNS`.
_TOLD: Final = {name: kind for name, kind in PATTERNS.items() if name not in _NAMED}


def _told(
    found: Found,
    daily: Floats,
    hourly: Floats,
    calendar: Calendar,
    recent: Ints,
    min_searchers: int,
) -> pl.DataFrame:
    """What may be said of what was found: figures that enough people make up."""
    weekdays = calendar.weekdays
    shown_days = np.where(daily >= min_searchers, daily, 0.0)
    shown_hours = np.where(hourly >= min_searchers, hourly, 0.0)
    of_weekday = np.arange(WEEK) == weekdays[:, None]
    recent_weekday = of_weekday[recent].astype(np.float64)
    profile = np.einsum("qdh,dw->qwh", shown_hours, recent_weekday)
    profile /= np.maximum(recent_weekday.sum(axis=0), 1.0)[:, None]
    by_weekday = shown_days @ of_weekday / np.maximum(of_weekday.sum(axis=0), 1)
    by_hour = shown_hours.mean(axis=1)
    clock = (np.arange(HOURS) - found.first_hour[:, None]) % HOURS < found.peak_hours[:, None]
    clock &= (found.first_hour >= 0)[:, None] & ((by_hour > 0) & clock).any(axis=1)[:, None]
    sets = np.array([np.isin(np.arange(WEEK), each) for each in WEEKDAY_SETS])
    days = sets[found.weekdays] & (found.weekdays >= 0)[:, None]
    days &= ((by_weekday > 0) & days).any(axis=1)[:, None]
    rows = np.arange(len(daily))
    is_event = np.isin(found.pattern, [_BURST, _BURSTS, _MONTHLY, _YEARLY])
    is_event &= shown_days[rows, found.peak_day] > 0
    peak_day = pl.Series(calendar.ordinals[found.peak_day] - date(1970, 1, 1).toordinal())
    is_known = found.pattern != _NONE
    is_burst = np.isin(found.pattern, [_BURST, _BURSTS])
    clock &= (is_known & ~is_burst)[:, None]
    days &= is_known[:, None]

    def known(figures: Floats, among: Flags) -> pl.Series:
        # Rounded: the last bits of a product of matrices depend on how many series are in it.
        return pl.Series(np.where(among, figures, np.nan)).fill_nan(None).round(DIGITS)

    middle = (found.first_hour + (found.peak_hours - 1) // 2) % HOURS
    part = np.where(clock.any(axis=1), _PART_OF[middle], 0)
    has_trend = is_known & ~is_burst & (np.abs(found.trend_score) >= TREND_SCORE)
    return pl.DataFrame(
        {
            "days": np.full(len(daily), len(calendar.days)),
            "pattern": pl.Series(NAMES, dtype=pl.String).gather(found.pattern),
            "words": _words(found.pattern, days, part),
            "peak_weekdays": _places(days, 1),
            "peak_hours": _places(clock, 0, first=found.first_hour),
            "part_of_day": pl.Series(_PARTS, dtype=pl.String).gather(part),
            "peak_day": peak_day.cast(pl.Int32)
            .cast(pl.Date)
            .zip_with(pl.Series(is_event), pl.Series([None], dtype=pl.Date)),
            "daily_strength": known(found.daily, is_known),
            "weekly_strength": known(found.weekly, is_known),
            "yearly_strength": known(found.yearly, is_known),
            "trend": known(found.trend, has_trend),
            "by_hour": _lists(by_hour),
            "by_weekday": _lists(by_weekday),
            "profile": _lists(profile.reshape(len(daily), -1)),
        }
    )


def _lists(cells: Floats) -> pl.Series:
    """A list a row, null for a cell without people; null for a row without any."""
    flat = pl.Series(cells.ravel()).round(2)
    flat = flat.zip_with(flat > 0, pl.Series([None], dtype=pl.Float64))
    rows = flat.reshape(cells.shape).arr.to_list()
    return rows.zip_with(pl.Series((cells > 0).any(axis=1)), rows.clear(1))


def _places(is_in: Flags, of_first: int, *, first: Ints | None = None) -> pl.Series:
    """The places that are in, from `of_first` on, as a list a row; null: none is.

    Args:
        is_in: (rows, places).
        of_first: what the first place is called.
        first: of each row, where the list begins, which goes on from the last place to the first.
    """
    begin = np.zeros(len(is_in), dtype=np.int64) if first is None else np.maximum(first, 0)
    order = (begin[:, None] + np.arange(is_in.shape[1])) % is_in.shape[1]
    row, step = np.nonzero(np.take_along_axis(is_in, order, axis=1))
    lists = list_series(is_in.sum(axis=1), order[row, step] + of_first)
    return lists.zip_with(pl.Series(is_in.any(axis=1)), lists.clear(1))


def _words(pattern: Ints, days: Flags, part: Ints) -> pl.Series:
    """Each class in words; they are put together once for each that comes up."""
    set_of = (days * (1 << np.arange(WEEK))).sum(axis=1)
    kinds, of_row = np.unique(
        np.stack([pattern, set_of, part], axis=1), axis=0, return_inverse=True
    )
    said = [
        in_words(NAMES[kind], [day for day in range(WEEK) if chosen >> day & 1], _PARTS[place])
        for kind, chosen, place in kinds.tolist()
    ]
    return pl.Series(said, dtype=pl.String).gather(of_row.ravel())


def in_words(pattern: str | None, weekdays: Sequence[int], part: str | None) -> str | None:
    """A class in words.

    Args:
        pattern: one of `NAMES`.
        weekdays: those that stand out, 0 is Monday.
        part: of the day that stands out; None: none does.

    >>> in_words("weekly", [0], "morning"), in_words("daily", [], "evening")
    ('Monday mornings', 'every evening')
    """
    plural = f"{part}s" if part else ""
    match pattern:
        case "daily":
            return f"every {part}" if part else "at the same hours every day"
        case "weekends" | "weekdays":
            return f"{pattern.removesuffix('s')} {plural}" if part else pattern
        case "weekly" if weekdays:
            named = [_WEEKDAYS_NAMED[day] + ("" if part else "s") for day in weekdays]
            return " and ".join(named) + (f" {plural}" if part else "")
        case "weekly":
            return "once a week"
        case None:
            return None
        case _:
            return _IN_WORDS[pattern]
