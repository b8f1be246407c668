import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipeline.columns import DAILY_COUNTS, HOURLY_COUNTS
from pipeline.counting import days
from pipeline.counting.hours import hourly_counts
from pipeline.counting.people import different_people, people_of
from tests.kernels.rows import Row, Search, at, id_of, rows_of, search, searches

SEOUL = "Asia/Seoul"


def dated(*rows: Search) -> pl.DataFrame:
    """Searches in their folders: with the UTC day as `dt`."""
    return searches(*rows).with_columns(dt=pl.col("searched_at").dt.strftime("%Y-%m-%d"))


def daily_counts(log: pl.DataFrame) -> pl.DataFrame:
    """Of each day, by day; people in three groups give the same as in one."""
    found = []
    for (dt,), part in sorted(log.partition_by("dt", as_dict=True).items()):
        whole = days.daily_counts(days.counted(part))
        groups = [part.filter(pl.col("user_id") % 3 == rest) for rest in range(3)]
        parts = days.added_up([days.counted(group) for group in groups])
        assert days.daily_counts(parts).equals(whole)
        found.append(whole.with_columns(dt=pl.lit(dt)))
    return pl.concat(found)


def by_query(counts: pl.DataFrame, names: pl.DataFrame) -> dict[str, list[Row]]:
    """Counts by their query's text, in order of time."""
    texts = names.select("query_id", text="query").unique()
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of(counts.join(texts, on="query_id").sort("hour")):
        found[row.text].append(row)
    return found


def hours(zone: str, *times: str) -> list[str]:
    """The UTC starts of the hours in which somebody searched."""
    log = searches(*(search("날씨", at_=time) for time in times))
    return [row.hour.strftime("%H:%M") for row in rows_of(hourly_counts(log, zone=zone))]


def test_a_person_counts_once_for_a_query_in_an_hour() -> None:
    log = searches(
        search("날씨", user=1, at_="2026-03-02T03:00:00"),
        search("날씨", user=1, at_="2026-03-02T03:59:59"),  # again
        search("날씨", user=2, at_="2026-03-02T03:30:00"),
        search("날씨", user=1, at_="2026-03-02T04:00:00"),  # the next hour
        search("환율", user=1, at_="2026-03-02T03:30:00"),
    )

    counts = by_query(hourly_counts(log, zone=SEOUL), log)

    assert [row.searchers for row in counts["날씨"]] == [2, 1]
    assert [row.searchers for row in counts["환율"]] == [1]


def test_who_searched_something_else_too_that_day_is_told() -> None:
    log = searches(
        search("특가", user=1, at_="2026-03-02T03:00:00"),  # nothing else, that day
        search("특가", user=1, at_="2026-03-02T05:00:00"),
        search("날씨", user=1, at_="2026-03-02T15:00:00"),  # midnight in Seoul: the next day
        search("특가", user=2, at_="2026-03-02T03:00:00"),  # something else before
        search("날씨", user=2, at_="2026-03-02T01:00:00"),
        search("특가", user=3, at_="2026-03-02T03:00:00"),  # within the hour
        search("환율", user=3, at_="2026-03-02T03:59:00"),
        search("특가", user=4, at_="2026-03-02T03:00:00"),  # only later
        search("환율", user=4, at_="2026-03-02T04:00:00"),
    )

    counts = by_query(hourly_counts(log, zone=SEOUL), log)

    assert [(row.searchers, row.also_searched) for row in counts["특가"]] == [(4, 2), (1, 0)]
    assert [row.also_searched for row in counts["환율"]] == [1, 1]
    assert [row.also_searched for row in counts["날씨"]] == [0, 0]


def test_hours_are_those_of_the_zone_even_where_its_offset_is_half_an_hour() -> None:
    times = ("2026-03-02T03:29:59", "2026-03-02T03:30:00", "2026-03-02T04:29:59")

    assert hours(SEOUL, *times) == ["03:00", "04:00"]
    assert hours("Asia/Kolkata", *times) == ["02:30", "03:30"]  # 09:00 is 03:30 UTC


def test_the_hour_that_a_clock_repeats_is_two_hours() -> None:
    # In Berlin 02:30 comes twice on 25 October 2026: at 00:30 and at 01:30 UTC.
    twice = hours("Europe/Berlin", "2026-10-25T00:30:00", "2026-10-25T01:30:00")

    assert twice == ["00:00", "01:00"]


def test_a_day_counts_people_and_searches() -> None:
    log = dated(
        *(search("날씨", user=1, at_=f"2026-03-02T03:00:{second:02}") for second in range(10)),
        search("날씨", user=2),
        search("날씨", user=2, at_="2026-03-03T03:00:00"),
    )

    counts = rows_of(daily_counts(log))

    assert [(row.dt, row.query, row.searchers, row.searches) for row in counts] == [
        ("2026-03-02", "날씨", 2, 11),
        ("2026-03-03", "날씨", 1, 1),
    ]


def test_the_surface_is_what_most_people_typed_not_what_was_typed_most() -> None:
    log = dated(
        *(search("bts", surface="bts", at_=f"2026-03-02T03:00:{i:02}") for i in range(9)),
        search("bts", surface="BTS", user=2),
        search("bts", surface="BTS", user=3),
        search("iu", surface="IU", user=2),
        search("iu", surface="iu", user=3),  # as many: the least, and I is before i
    )

    assert {row.query: row.surface for row in rows_of(daily_counts(log))} == {
        "bts": "BTS",
        "iu": "IU",
    }


def test_sketches_of_days_count_a_person_of_both_once() -> None:
    log = dated(
        *(search("날씨", user=user, at_="2026-03-02T03:00:00") for user in range(0, 40)),
        *(search("날씨", user=user, at_="2026-03-03T03:00:00") for user in range(30, 60)),
    )

    counts = daily_counts(log)

    [people] = rows_of(different_people(counts, "query_id"))
    assert (counts["searchers"].sum(), people.searchers) == (70, 60)


@pytest.mark.parametrize("at_least", [1, 5, 40, 60, 61])
def test_people_of_enough_are_those_of_all_that_have_enough(at_least: int) -> None:
    log = dated(
        *(search("날씨", user=user, at_="2026-03-02T03:00:00") for user in range(0, 40)),
        *(search("날씨", user=user, at_="2026-03-03T03:00:00") for user in range(30, 60)),
        *(search("로또", user=user) for user in range(5)),
        *(search("로또", user=1, at_=f"2026-03-{day:02}T03:00:00") for day in range(3, 9)),
    )
    counts = daily_counts(log)

    found = people_of(counts.lazy(), "query_id", at_least)

    every = different_people(counts, "query_id", at_least=at_least)
    assert found.sort("query_id").equals(every.sort("query_id"))
    assert len(found) == {1: 2, 5: 2, 40: 1, 60: 1, 61: 0}[at_least]


def test_the_people_of_a_sketch_do_not_depend_on_the_order_they_came_in() -> None:
    users = [id_of(f"user {number}") for number in range(20_000)]
    people = dated(*(search("날씨", user=user) for user in users))

    def estimate(shuffled: pl.DataFrame) -> int:
        [row] = rows_of(different_people(daily_counts(shuffled), "query_id"))
        return int(row.searchers)

    estimates = {
        estimate(people),
        estimate(people.sort("user_id")),
        estimate(people.sort("user_id", descending=True)),
    }

    assert len(estimates) == 1
    assert estimates.pop() == pytest.approx(20_000, rel=0.05)


def test_no_searches_no_counts() -> None:
    hourly = hourly_counts(searches(), zone=SEOUL)
    daily = days.daily_counts(days.counted(searches()))

    assert hourly.is_empty()
    assert daily.is_empty()
    assert hourly.schema == pl.Schema(HOURLY_COUNTS)
    assert daily.schema == pl.Schema(DAILY_COUNTS)


def test_agrees_with_a_plain_python_count() -> None:
    rng = random.Random(7)
    start = at("2026-03-01T22:00:00")
    rows = [
        search(
            query := rng.choice(["a", "b", "c"]),
            user=rng.randrange(6),
            surface=rng.choice([query, query.upper(), f"{query}!"]),
            at_=(start + timedelta(seconds=rng.randrange(4 * 3600))).isoformat(),
        )
        for _ in range(300)
    ]
    log = dated(*rows)

    hourly: dict[tuple[str, datetime], set[int]] = defaultdict(set)
    daily: dict[tuple[str, str], list[Search]] = defaultdict(list)
    for row in rows:
        local = row["searched_at"].astimezone(ZoneInfo("Asia/Kolkata"))
        hour = local.replace(minute=0, second=0).astimezone(UTC)
        hourly[row["query"], hour].add(row["user_id"])
        daily[row["searched_at"].date().isoformat(), row["query"]].append(row)

    counted = by_query(hourly_counts(log, zone="Asia/Kolkata"), log)
    assert {(query, row.hour): row.searchers for query in counted for row in counted[query]} == {
        key: len(users) for key, users in hourly.items()
    }

    def expected(found: list[Search]) -> tuple[str, int, int]:
        # A person who typed several forms has a vote for the least of them.
        form_of = {
            user: min(row["surface"] for row in found if row["user_id"] == user)
            for user in {row["user_id"] for row in found}
        }
        votes = Counter(form_of.values())
        surface = min(votes, key=lambda form: (-votes[form], form))
        return surface, len(form_of), len(found)

    assert {
        (row.dt, row.query): (row.surface, row.searchers, row.searches)
        for row in rows_of(daily_counts(log))
    } == {key: expected(found) for key, found in daily.items()}
