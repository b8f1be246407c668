"""People by hour: of the rows of a board, and of one query over weeks.

A count of fewer than `MIN_SEARCHERS` people is None throughout. What is computed from counts is
computed from those that are shown, so that nothing tells the others by subtraction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt
from statistics import mean, median
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import columns
from silgeom.web.boards import Board, Boards
from silgeom.web.kept import Kept
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.reading import Results

#: Hours of the small curve beside each row of a board.
CURVE_HOURS: Final = 24

#: Days in which somebody must have typed a query for it to have a page.
DAYS_LOOKED_AT: Final = 92
#: Days of the heat map: four of each weekday.
HEAT_DAYS: Final = 28
#: Days of which hours, and ranks, are shown.
SHOWN_DAYS: Final = 7
#: Days before an hour whose same hours say what is usual.
USUAL_DAYS: Final = 14

#: An hour is a burst from so many standard deviations above what is usual on.
BURST_SCORE: Final = 3.5

#: What is usual where it is not shown: as many people as that may hide.
HIDDEN_USUAL: Final = MIN_SEARCHERS - 1

_HOURS: Final = {name: columns.HOURLY_COUNTS[name] for name in ("hour", "query_id", "searchers")}
_NAMES: Final = {name: columns.DAILY_COUNTS[name] for name in ("query_id", "query")}

#: People; None: fewer than `MIN_SEARCHERS`.
Count = int | None


@dataclass(frozen=True)
class Hour:
    """One hour of a query.

    Attributes:
        start: UTC.
        searchers: different people in that hour.
        usual: the median of the same hour of the `USUAL_DAYS` days before.
        is_burst: `BURST_SCORE` standard deviations above what is usual.
    """

    start: datetime
    searchers: Count
    usual: float | None
    is_burst: bool


@dataclass(frozen=True)
class Ranked:
    """The rank of a query on one board; None: it is not on it."""

    at: datetime
    rank: int | None


@dataclass(frozen=True)
class QueryFacts:
    """What the page of a query shows.

    Attributes:
        query: normalised.
        surface: as most people typed it on the last of the days with enough people.
        hours: of the last `SHOWN_DAYS` days, in order.
        heat: mean people by weekday (from Monday) and hour of the day, of `HEAT_DAYS` days.
        ranks: on the boards of the last `SHOWN_DAYS` days that have boards, in order.
        days: of `HEAT_DAYS` those that are stored.
    """

    query: str
    surface: str
    hours: tuple[Hour, ...]
    heat: tuple[tuple[float | None, ...], ...]
    ranks: tuple[Ranked, ...]
    days: int


def shown(searchers: int | None) -> Count:
    """A count as it may be shown."""
    return searchers if searchers is not None and searchers >= MIN_SEARCHERS else None


def curves(results: Results, board: Board, zone: ZoneInfo) -> dict[str, list[Count]]:
    """Of each query of a board people by hour, the last `CURVE_HOURS` up to the window's end."""
    queries = [row["query"] for row in board.rows]
    last = _hour_of(board.at - timedelta(microseconds=1), zone)
    hours = [last - timedelta(hours=back) for back in range(CURVE_HOURS)][::-1]
    days = sorted({hour.astimezone(zone).date().isoformat() for hour in hours})
    named = results.of_days("daily_counts", days, _NAMES).filter(pl.col("query").is_in(queries))
    names = dict(named.select("query_id", "query").unique().collect().iter_rows())
    counts = results.of_days("hourly_counts", days, _HOURS)
    rows = counts.filter(pl.col("query_id").is_in(list(names)) & pl.col("hour").is_in(hours))
    found: dict[str, list[Count]] = {query: [None] * CURVE_HOURS for query in queries}
    places = {hour: place for place, hour in enumerate(hours)}
    for hour, query_id, searchers in rows.select(*_HOURS).collect().iter_rows():
        found[names[query_id]][places[hour.astimezone(UTC)]] = shown(searchers)
    return found


def query_facts(
    results: Results, kept: Kept, boards: Boards, query: str, zone: ZoneInfo
) -> QueryFacts | None:
    """What is known of a query; None: on no day did `MIN_SEARCHERS` different people type it.

    Args:
        results: where counts lie.
        kept: counts of the same results.
        boards: where ranks are found.
        query: normalised.
        zone: the reporting zone.
    """
    named = kept.name(query, results.days("daily_counts")[-DAYS_LOOKED_AT:])
    if named is None:
        return None
    query_id, surface = named
    stored = results.days("hourly_counts")[-HEAT_DAYS:]
    people, newest = kept.hours(query_id, stored)
    return QueryFacts(
        query,
        surface,
        tuple(_hours(people, newest, stored, zone)) if newest else (),
        _heat(people, stored, zone),
        tuple(_ranks(boards, query, zone)),
        len(stored),
    )


def _hours(
    people: Mapping[datetime, int], newest: datetime, days: Sequence[str], zone: ZoneInfo
) -> Iterable[Hour]:
    oldest = datetime.fromisoformat(days[0]).replace(tzinfo=zone).astimezone(UTC)
    first = max(newest - timedelta(hours=24 * SHOWN_DAYS - 1), oldest)
    for back in range(int((newest - first) / timedelta(hours=1)), -1, -1):
        start = newest - timedelta(hours=back)
        before = [start - timedelta(days=day) for day in range(1, USUAL_DAYS + 1)]
        known = [people.get(hour) or 0 for hour in before if hour >= oldest]
        usual = float(median(known)) if known else 0.0
        searchers = people.get(start)
        yield Hour(
            start,
            searchers,
            usual if usual >= MIN_SEARCHERS else None,
            searchers is not None and _score(searchers, usual) >= BURST_SCORE,
        )


def _score(searchers: int, usual: float) -> float:
    """Standard deviations of a Poisson count above its mean, by Anscombe's transform (1948)."""
    return 2 * (sqrt(searchers + 3 / 8) - sqrt(max(usual, HIDDEN_USUAL) + 3 / 8))


def _heat(
    people: Mapping[datetime, int], days: Sequence[str], zone: ZoneInfo
) -> tuple[tuple[float | None, ...], ...]:
    weekdays = [datetime.fromisoformat(day).weekday() for day in days]
    cells: dict[tuple[int, int], list[int]] = {}
    for hour, searchers in people.items():
        local = hour.astimezone(zone)
        cells.setdefault((local.weekday(), local.hour), []).append(searchers or 0)

    def cell(weekday: int, hour: int) -> float | None:
        there = weekdays.count(weekday)
        known = cells.get((weekday, hour), [])
        value = mean(known + [0] * (there - len(known))) if known else 0
        return round(value, 1) if value >= MIN_SEARCHERS else None

    return tuple(tuple(cell(weekday, hour) for hour in range(24)) for weekday in range(7))


def _ranks(boards: Boards, query: str, zone: ZoneInfo) -> Iterable[Ranked]:
    for day in boards.days()[-SHOWN_DAYS:]:
        for at, board in boards.of_day(day, zone).items():
            ranks = [row["rank"] for row in board.rows if row["query"] == query]
            yield Ranked(at, ranks[0] if ranks else None)


def _hour_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """The start, UTC, of the hour of the zone that a moment is in."""
    local = moment.astimezone(zone)
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
