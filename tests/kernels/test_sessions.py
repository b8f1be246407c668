import random
from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipeline.columns import DAILY_PAIRS
from pipeline.counting.people import SKETCH_SIZE, different_people
from pipeline.counting.sessions import added_up, daily_pairs, reach, session_pairs
from pipeline.counting.sessions import counted as counted_pairs
from pipeline.errors import InvalidParameterError
from tests.kernels.rows import Row, Search, at, rows_of, search, searches

SESSION_SPILL_HOURS = 6

SEOUL = "Asia/Seoul"
NOON = "2026-03-02T03:00:00"  # in Seoul

Pair = tuple[str, str, str, int, int, bool]


def typed(queries: str, *, user: int = 1, start: str = NOON, every: int = 1) -> list[Search]:
    """One person's searches, a letter each, `every` so many minutes."""
    times = [at(start) + timedelta(minutes=every * i) for i in range(len(queries))]
    return [
        search(query, user=user, at_=time.isoformat())
        for query, time in zip(queries, times, strict=True)
    ]


def day_of(days: int) -> str:
    return (datetime(1970, 1, 1) + timedelta(days=days)).date().isoformat()


def pairs_of(rows: list[Search], *, zone: str = SEOUL, **parameters: int) -> list[Pair]:
    """The pairs as (dt, first, second, user, seconds, opened), sorted."""
    log = searches(*rows)
    ids = {row.query_id: row.query for row in rows_of(log)}
    return sorted(
        (
            day_of(row.day),
            ids[row.first_id],
            ids[row.second_id],
            row.user_id,
            row.seconds_between,
            row.opened,
        )
        for row in rows_of(session_pairs(log, zone=zone, **parameters))
    )


def letters(pairs: list[Pair]) -> list[str]:
    """Pairs of two different queries, as 'ab'."""
    return [first + second for _, first, second, *_ in pairs if first != second]


def test_pairs_are_in_the_order_of_first_typing_and_a_repeat_adds_none() -> None:
    assert pairs_of(typed("caba")) == [
        ("2026-03-02", "a", "a", 1, 0, False),
        ("2026-03-02", "a", "b", 1, 60, False),
        ("2026-03-02", "b", "b", 1, 0, False),
        ("2026-03-02", "c", "a", 1, 60, False),
        ("2026-03-02", "c", "b", 1, 120, False),
        ("2026-03-02", "c", "c", 1, 0, True),  # the session begins with it
    ]


def test_a_silence_of_the_gap_ends_a_session_and_a_second_less_does_not() -> None:
    first = search("a")
    within = search("b", at_="2026-03-02T03:29:59")
    after = search("b", at_="2026-03-02T03:30:00")

    assert letters(pairs_of([first, within])) == ["ab"]
    assert letters(pairs_of([first, after])) == []


def test_two_people_share_no_session() -> None:
    assert letters(pairs_of([search("a", user=1), search("b", user=2)])) == []


def test_a_session_over_midnight_belongs_to_the_day_it_begins() -> None:
    # 23:50, 00:10 and 00:30 in Seoul.
    found = pairs_of(typed("abc", start="2026-03-02T14:50:00", every=20))

    assert letters(found) == ["ab", "ac", "bc"]
    assert {dt for dt, *_ in found} == {"2026-03-02"}


def test_a_session_is_followed_to_six_in_the_morning() -> None:
    # From 23:40 every 20 minutes: the last before 6 o'clock is at 5:40.
    night = "".join(chr(ord("a") + i) for i in range(22))
    found = pairs_of(typed(night, start="2026-03-02T14:40:00", every=20))

    last = max(second for _, first, second, *_ in found if first == "a")
    assert last == night[(20 + 60 * SESSION_SPILL_HOURS) // 20 - 1]
    assert {dt for dt, *_ in found} == {"2026-03-02"}  # the rest begins no session of its own


def test_a_session_of_too_many_queries_is_left_out_whole() -> None:
    crawler = typed("abcd", user=1)
    person = typed("abcabc", user=2)

    assert {pair[3] for pair in pairs_of(crawler + person, max_queries=3)} == {2}


@pytest.mark.parametrize(
    "parameters", [{"gap_minutes": 0}, {"gap_minutes": 61}, {"max_queries": 1}]
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, int]) -> None:
    with pytest.raises(InvalidParameterError, match=next(iter(parameters))):
        session_pairs(searches(), zone=SEOUL, **parameters)


def counted(*rows: Search) -> dict[str, Row]:
    """Daily pairs by their two letters; people in two groups give the same as in one."""
    log = searches(*rows)
    ids = {row.query_id: row.query for row in rows_of(log)}
    whole = counted_pairs(session_pairs(log, zone=SEOUL))
    groups = [log.filter(pl.col("user_id") % 2 == rest) for rest in (0, 1)]
    parts = added_up([counted_pairs(session_pairs(group, zone=SEOUL)) for group in groups])
    assert parts.equals(whole)
    return {ids[row.first_id] + ids[row.second_id]: row for row in rows_of(daily_pairs(whole))}


def test_a_pair_counts_its_sessions_in_each_order() -> None:
    pairs = counted(
        *typed("ab", user=1),
        *typed("ab", user=1, start="2026-03-02T05:00:00"),
        *typed("ab", user=2, every=5),
        *typed("ba", user=3),
    )

    assert pairs["ab"]["sessions"] == 3
    assert pairs["ba"]["sessions"] == 1
    assert pairs["ab"]["seconds_between"] == 140.0  # (60 + 60 + 300) / 3
    assert pairs["ab"]["soon"] == 2  # the third took five minutes


def test_a_query_with_itself_tells_of_all_its_sessions() -> None:
    pairs = counted(*typed("ab", user=1), *typed("ba", user=2), *typed("a", user=3))

    assert (pairs["aa"]["sessions"], pairs["aa"]["opened"]) == (3, 2)
    assert (pairs["bb"]["sessions"], pairs["bb"]["opened"]) == (2, 1)
    assert sum(pair["opened"] for pair in pairs.values()) == 3  # all sessions
    assert pairs["aa"]["searchers_sketch"] is None
    assert (pairs["aa"]["seconds_between"], pairs["aa"]["soon"]) == (0.0, 0)


def test_one_persons_habit_is_one_person() -> None:
    habit = [
        row
        for hour in range(3, 9)
        for row in typed("ab", user=1, start=f"2026-03-02T{hour:02}:00:00")
    ]
    log = searches(*habit, *typed("ab", user=2))
    pairs = daily_pairs(counted_pairs(session_pairs(log, zone=SEOUL))).filter(
        pl.col("first_id") != pl.col("second_id")
    )

    [people] = rows_of(different_people(pairs, "first_id"))
    assert (pairs["sessions"].sum(), people.searchers) == (7, 2)


def test_no_searches_no_pairs() -> None:
    pairs = session_pairs(searches(), zone=SEOUL)
    daily = daily_pairs(counted_pairs(pairs))

    assert pairs.is_empty()
    assert daily.is_empty()
    assert daily.schema == pl.Schema(DAILY_PAIRS)


def test_a_pair_of_more_people_than_a_sketch_holds_keeps_the_least_ids() -> None:
    people = random.Random(4).sample(range(1_000_000), 3 * SKETCH_SIZE)
    rows = [row for user in people for row in typed("ab", user=user)]

    pair = counted(*rows)["ab"]  # of all at once, and of two groups added up

    assert pair["searchers_sketch"] == sorted(people)[:SKETCH_SIZE]
    assert pair["sessions"] == 3 * SKETCH_SIZE


def test_one_persons_many_sessions_take_one_place_of_a_full_sketch() -> None:
    people = list(range(0, 2 * SKETCH_SIZE, 2))
    busy = [
        row
        for hour in range(3, 9)
        for row in typed("ab", user=4, start=f"2026-03-02T{hour:02}:00:00")
    ]
    rows = [
        *busy,
        *(row for user in people for row in typed("ab", user=user, start="2026-03-02T10:00:00")),
    ]

    assert counted(*rows)["ab"]["searchers_sketch"] == people


def oracle(rows: list[Search], *, gap: timedelta, max_queries: int, zone: str) -> list[Pair]:
    by_user: dict[int, list[Search]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["searched_at"]):
        by_user[row["user_id"]].append(row)
    found: list[Pair] = []
    for user, mine in by_user.items():
        cuts = [
            i
            for i in range(len(mine))
            if i == 0 or mine[i]["searched_at"] - mine[i - 1]["searched_at"] >= gap
        ]
        for begin, end in zip(cuts, [*cuts[1:], len(mine)], strict=True):
            day = mine[begin]["searched_at"].astimezone(ZoneInfo(zone)).date()
            until = datetime(day.year, day.month, day.day) + timedelta(days=1, hours=6)
            first: dict[str, datetime] = {}
            for row in mine[begin:end]:
                if row["searched_at"].astimezone(ZoneInfo(zone)).replace(tzinfo=None) < until:
                    first.setdefault(row["query"], row["searched_at"])
            if len(first) <= max_queries:
                order = list(first)
                found += [
                    (
                        day.isoformat(),
                        a,
                        b,
                        user,
                        int((first[b] - first[a]).total_seconds()),
                        i == j == 0,
                    )
                    for i, a in enumerate(order)
                    for j, b in enumerate(order)
                    if i <= j
                ]
    return sorted(found)


def test_agrees_with_a_plain_python_walk() -> None:
    rng = random.Random(11)
    start = at("2026-03-01T08:00:00")
    seconds = rng.sample(range(30 * 3600), 700)  # no two searches in one second
    rows = [
        search(
            rng.choice("abcdefgh"),
            user=rng.randrange(8),
            at_=(start + timedelta(seconds=second)).isoformat(),
        )
        for second in seconds
    ]

    expected = oracle(rows, gap=timedelta(minutes=20), max_queries=6, zone="Asia/Kolkata")

    assert len(expected) > 500
    assert pairs_of(rows, zone="Asia/Kolkata", gap_minutes=20, max_queries=6) == expected


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        (SEOUL, "2026-03-03"),
        ("America/New_York", "2026-03-08"),  # without two o'clock
        ("America/Havana", "2026-03-08"),  # without its midnight
        ("America/Havana", "2026-11-01"),  # with two hours after midnight that look the same
        ("Atlantic/Azores", "2026-10-25"),
    ],
)
def test_pairs_of_a_day_need_no_searches_beyond_its_reach(zone: str, day: str) -> None:
    rng = random.Random(7)
    start = at(f"{day}T00:00:00") - timedelta(hours=24)
    rows = [
        search(
            rng.choice("abcdefgh"),
            user=rng.randrange(3),
            at_=(start + timedelta(seconds=rng.randrange(72 * 3600))).isoformat(),
        )
        for _ in range(1500)
    ]
    number = (datetime.fromisoformat(day) - datetime(1970, 1, 1)).days
    earliest, latest = reach(day, zone=zone)
    near = [row for row in rows if earliest <= row["searched_at"] <= latest]

    expected = [pair for pair in pairs_of(rows, zone=zone) if pair[0] == day]

    assert len(near) < len(rows) / 2
    assert len(expected) > 100
    assert pairs_of(near, zone=zone, day=number) == expected


def test_daily_pairs_add_up_what_sessions_say() -> None:
    rng = random.Random(12)
    rows = [
        row
        for user in range(30)
        for row in typed("".join(rng.choices("abcde", k=4)), user=user, every=rng.choice([1, 4]))
    ]
    one_by_one = pairs_of(rows)

    expected = {}
    for key in {first + second for _, first, second, *_ in one_by_one}:
        of_pair = [pair for pair in one_by_one if pair[1] + pair[2] == key]
        expected[key] = (
            len(of_pair),
            sum(pair[5] for pair in of_pair),
            sum(pair[4] for pair in of_pair) / len(of_pair),
            sum(pair[4] <= 120 for pair in of_pair) if key[0] != key[1] else 0,
        )

    assert {
        key: (row["sessions"], row["opened"], row["seconds_between"], row["soon"])
        for key, row in counted(*rows).items()
    } == expected
