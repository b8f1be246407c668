"""What people search for in one sitting: sessions, and the pairs of queries in them.

Like days (`days.py`), pairs are counted for some people first (`counted`) and then added up.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from pipeline import limits
from pipeline.counting.clocks import local_seconds
from pipeline.counting.groups import (
    Flags,
    Ints,
    changes,
    least_of_each,
    list_series,
    order_by,
    order_of_searches,
    sizes,
    sums,
)
from pipeline.counting.people import SKETCH_SIZE, united

#: A session is followed at most so many hours into the day after the one on which it began.
SESSION_SPILL_HOURS: Final = 6

#: A second query within so many seconds after the first may be its correction (Wikimedia's glent).
SOON_SECONDS: Final = 120

_DAY_SECONDS: Final = 86_400


def reach(day: str, *, zone: str) -> tuple[datetime, datetime]:
    """Between which moments searches of the days around may be in sessions that begin on `day`.

    From an hour before it, in which sessions began that came over from the day before, to the hour
    of the next day to which they are followed.
    """
    midnight = datetime.fromisoformat(day)
    begin, end = midnight - timedelta(hours=1), midnight + timedelta(hours=24 + SESSION_SPILL_HOURS)
    # An hour that a clock shows twice, or skips, is two moments.
    begins, ends = (
        [clock.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
        for clock in (begin, end)
    )
    return min(begins), max(ends)


def session_pairs(
    searches: pl.DataFrame,
    *,
    zone: str,
    gap_minutes: int = 30,
    max_queries: int = 50,
    day: int | None = None,
) -> pl.DataFrame:
    """List the pairs of different queries in each session, in the order they were first typed.

    A session is one person's searches with less than `gap_minutes` between each and the next. It
    belongs to the day on which it begins, and is followed to 6 o'clock of the next
    (`SESSION_SPILL_HOURS`); what comes after that in the same session is in no pair.

    Args:
        searches: `searched_at` (UTC), `user_id`, `query_id`. The pairs of one day are complete if
            it holds all of that day, the hour before and the six hours after.
        zone: the reporting zone that cuts the days.
        gap_minutes: the silence that ends a session, 1 to 60.
        max_queries: a session with more different queries is left out: a session of n makes
            n (n + 1) / 2 rows, so one crawler could outweigh everyone else.
        day: since 1970, only of sessions that begin on it; None: of all.

    Returns:
        A row for each pair, and for each query of each session with itself: `day` (days since
        1970, on which the session begins), `first_id`, `second_id`, `user_id`, `seconds_between`
        (the first typing of one and of the other), `opened` (a query with itself: the session
        begins with it).

    Raises:
        InvalidParameterError: a parameter is out of its range.
    """
    limits.require(gap_minutes=gap_minutes, max_queries=max_queries)
    return _pairs(in_sessions(searches, zone=zone, gap_minutes=gap_minutes, day=day), max_queries)


@dataclass(frozen=True)
class Sessions:
    """Searches by person and time, cut into sessions.

    Of each search: `row` (its place in the table that it came from), `user`, `second` (since 1970,
    UTC), `query`, `session` (a number from 0, rising), `day` (days since 1970 on which its session
    begins, in the reporting zone), `in_time` (before its session is followed no more).
    """

    row: Ints
    user: Ints
    second: Ints
    query: Ints
    session: Ints
    day: Ints
    in_time: Flags


def in_sessions(
    searches: pl.DataFrame, *, zone: str, gap_minutes: int = 30, day: int | None = None
) -> Sessions:
    """Cut searches into sessions; see `session_pairs` for the arguments."""
    user, query = searches["user_id"].to_numpy(), searches["query_id"].to_numpy()
    second, local_second = local_seconds(searches["searched_at"], zone)
    order = order_of_searches(user, second, query)
    user, second, query = user[order], second[order], query[order]
    local_second = local_second[order]
    starts = changes(user)
    starts[1:] |= np.diff(second) >= 60 * gap_minutes
    if day is not None:
        is_asked = (local_second[starts] // _DAY_SECONDS == day)[np.cumsum(starts) - 1]
        order, user, second, query = (each[is_asked] for each in (order, user, second, query))
        local_second, starts = local_second[is_asked], starts[is_asked]
    session = np.cumsum(starts) - 1
    of_day = (local_second[starts] // _DAY_SECONDS)[session]
    in_time = local_second < (of_day + 1) * _DAY_SECONDS + SESSION_SPILL_HOURS * 3600
    return Sessions(order, user, second, query, session, of_day, in_time)


def _pairs(found: Sessions, max_queries: int) -> pl.DataFrame:
    """The pairs of sessions, vectorised: no loop over searches, sessions or pairs."""
    user, second, query, session = found.user, found.second, found.query, found.session
    day, in_time = found.day, found.in_time

    # Each query of a session once, where it was first typed, in that order.
    order = order_by(session, query)  # stable: equal ones stay in order of time
    typed = np.sort(order[changes(session[order], query[order])])
    typed = typed[in_time[typed]]
    queries_of = np.bincount(session[typed], minlength=1)
    typed = typed[queries_of[session[typed]] <= max_queries]

    # Row i of a session of n is paired with rows i to n - 1; `left` is n - i.
    row = np.arange(len(typed))
    begins = changes(session[typed])
    starts_of = np.flatnonzero(begins)
    in_session = sizes(starts_of, len(typed))
    left = np.repeat(starts_of + in_session, in_session) - row
    first = np.repeat(row, left)
    second_of = np.arange(len(first)) - np.repeat(np.cumsum(left) - left - row, left)
    a, b = typed[first], typed[second_of]
    return pl.DataFrame(
        {
            "day": day[a],
            "first_id": query[a],
            "second_id": query[b],
            "user_id": user[a],
            "seconds_between": second[b] - second[a],
            "opened": begins[first] & (first == second_of),
        }
    )


def counted(pairs: pl.DataFrame) -> pl.DataFrame:
    """Count the pairs of some people on one day: `session_pairs` to a part of `daily_pairs`.

    Returns:
        `first_id`, `second_id`, `sessions`, `opened`, `seconds_between` (their sum), `soon`,
        `searchers_sketch` (empty for a query with itself), by pair. Parts of different people add
        up.
    """
    first_id, second_id, user, between = (
        pairs[name].to_numpy() for name in ("first_id", "second_id", "user_id", "seconds_between")
    )
    opened = pairs["opened"].to_numpy().astype(np.int64)
    order = order_by(first_id, second_id, user)
    first_id, second_id, user = first_id[order], second_id[order], user[order]
    between, opened = between[order], opened[order]
    first = changes(first_id, second_id)
    starts = np.flatnonzero(first)
    # Of a query with itself nobody asks who.
    is_person = (first | changes(user)) & (first_id != second_id)
    people = np.cumsum(is_person)[starts] - is_person[starts]
    return pl.DataFrame(
        {
            "first_id": first_id[starts],
            "second_id": second_id[starts],
            "sessions": sizes(starts, len(first_id)),
            "opened": sums(opened, starts),
            "seconds_between": sums(between, starts),
            "soon": sums((between <= SOON_SECONDS).astype(np.int64), starts),
            "searchers_sketch": least_of_each(user[is_person], people, SKETCH_SIZE),
        }
    )


def added_up(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """What the pairs of several groups of people come to together, as `counted` gives them."""
    rows = pl.concat(parts)
    first_id, second_id = rows["first_id"].to_numpy(), rows["second_id"].to_numpy()
    order = order_by(first_id, second_id)
    first_id, second_id = first_id[order], second_id[order]
    first = changes(first_id, second_id)
    starts = np.flatnonzero(first)
    pair = np.empty(len(order), dtype=np.int64)
    pair[order] = np.cumsum(first) - 1
    sketches = united(rows.select("searchers_sketch", pair=pl.Series(pair)), "pair")
    people = np.zeros(len(starts), dtype=np.int64)
    people[sketches["pair"].to_numpy()] = sketches["searchers_sketch"].list.len().to_numpy()
    ids = sketches["searchers_sketch"].explode(empty_as_null=False).to_numpy()
    numbers = ["sessions", "opened", "seconds_between", "soon"]
    return pl.DataFrame(
        {
            "first_id": first_id[starts],
            "second_id": second_id[starts],
            **{name: sums(rows[name].to_numpy()[order], starts) for name in numbers},
            "searchers_sketch": list_series(people, ids),
        }
    )


def changed(stored: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame | None:
    """Bring the pairs of a day up to date with more searches of some people.

    Args:
        stored: `DAILY_PAIRS` of all people.
        before: the pairs of these people that are in `stored`: see `session_pairs`.
        after: their pairs as they are now.

    Returns:
        `DAILY_PAIRS` of all people, by pair. None: somebody is in a pair no more, whom the sketch
        cannot forget.
    """
    who = ["first_id", "second_id", "user_id"]
    others = pl.col("first_id") != pl.col("second_id")
    if len(before.filter(others).select(who).unique().join(after, on=who, how="anti")):
        return None
    keys, numbers = ["first_id", "second_id"], ["sessions", "opened", "seconds_between", "soon"]
    of_after, of_before = counted(after), counted(before)
    touched = pl.concat([of_after.select(keys), of_before.select(keys)]).unique()
    old = stored.join(touched, on=keys, how="semi").select(
        *keys,
        "sessions",
        "opened",
        # Whole seconds again: a mean of fewer than 2^53 in all is exact enough.
        (pl.col("seconds_between") * pl.col("sessions")).round().cast(pl.Int64),
        # Of a query with itself the stored 0 stands for all its sessions.
        pl.when(others).then("soon").otherwise("sessions").alias("soon"),
        pl.col("searchers_sketch").fill_null(pl.lit([], dtype=pl.List(pl.Int64))),
    )
    less = of_before.with_columns(
        *(-pl.col(name) for name in numbers),
        pl.lit([], dtype=pl.List(pl.Int64)).alias("searchers_sketch"),
    )
    now = added_up([old, of_after, less]).filter(pl.col("sessions") > 0)
    rest = stored.join(touched, on=keys, how="anti")
    return pl.concat([rest, daily_pairs(now).select(rest.columns)]).sort(keys)


def daily_pairs(day: pl.DataFrame) -> pl.DataFrame:
    """`DAILY_PAIRS` of all people of a day, by pair. `opened` adds up to the number of sessions."""
    is_self = pl.col("first_id") == pl.col("second_id")
    return day.select(
        "first_id",
        "second_id",
        "sessions",
        "opened",
        pl.when(~is_self).then("searchers_sketch").alias("searchers_sketch"),
        (pl.col("seconds_between") / pl.col("sessions")).alias("seconds_between"),
        pl.when(is_self).then(0).otherwise("soon").alias("soon"),
    )
