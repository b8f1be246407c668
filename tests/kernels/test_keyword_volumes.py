"""Volumes of keywords: people, searches and weeks, by plain counting."""

import random
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from pipeline.columns import KEYWORD_TOOL
from pipeline.counting import days
from pipeline.counting.device_days import daily_devices, devices_added_up
from pipeline.errors import InvalidParameterError
from pipeline.results.keyword_volumes import keyword_volumes
from tests.kernels.rows import Search, search, searches

TODAY = date(2026, 3, 15)


def typed(
    query: str, users: range, days_ago: int = 0, *, surface: str = "", device: str | None = None
) -> list[Search]:
    day, common = TODAY - timedelta(days=days_ago), {"surface": surface or query, "device": device}
    return [
        search(query, user=user, at_=f"{day}T03:00:00", dt=str(day), **common) for user in users
    ]


def volumes(*rows: list[Search], **parameters: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401
    log = searches(*(row for some in rows for row in some)).with_columns(
        dt=pl.col("searched_at").dt.strftime("%Y-%m-%d")
    )
    counts = pl.concat(
        days.daily_counts(days.counted(part)).with_columns(dt=pl.lit(dt))
        for (dt,), part in log.partition_by("dt", as_dict=True).items()
    )
    devices = pl.concat(
        daily_devices(part).with_columns(dt=pl.lit(dt))
        for (dt,), part in log.partition_by("dt", as_dict=True).items()
    )
    found = keyword_volumes(counts.lazy(), devices.lazy(), as_of=TODAY, **parameters)
    assert found.columns == list(KEYWORD_TOOL)
    return {row["query"]: row for row in found.to_dicts()}


def test_who_comes_on_several_days_is_one_person_and_each_search_counts() -> None:
    found = volumes(typed("제습기", range(6)), typed("제습기", range(8), 3))

    assert (found["제습기"]["searchers"], found["제습기"]["searches"]) == (8, 14)


def test_a_month_has_28_days_and_tomorrow_is_none_of_them() -> None:
    found = volumes(
        typed("제습기", range(5), 27),
        typed("제습기", range(10, 20), 28),
        typed("제습기", range(20, 40), -1),
    )

    assert found["제습기"]["searchers"] == 5


def test_weeks_end_today_and_what_few_typed_is_null() -> None:
    found = volumes(
        typed("제습기", range(6)),
        typed("제습기", range(3, 9), 6),
        typed("제습기", range(4), 7),
        typed("제습기", range(7), 83),
        typed("제습기", range(9), 84),
    )

    assert found["제습기"]["weekly_searchers"] == [7, *[None] * 10, 9]


@pytest.mark.parametrize(("before", "growth"), [(10, 0.5), (15, 0.0), (4, None)])
def test_growth_compares_four_weeks_with_the_four_before(before: int, growth: float | None) -> None:
    rows = [typed("제습기", range(15), 7 * week) for week in range(4)]
    rows += [typed("제습기", range(before), 7 * week) for week in range(4, 8)]

    assert volumes(*rows)["제습기"]["growth"] == growth


def test_spellings_are_one_keyword_in_the_form_that_most_typed() -> None:
    found = volumes(
        typed("제주도 맛집", range(5), surface="제주도 맛집"),
        typed("제주도맛집", range(3, 7), surface="제주도맛집"),
        typed("제주도 맛집", range(20, 23), surface="제주도  맛집"),
    )

    assert list(found) == ["제주도 맛집"]
    assert found["제주도 맛집"]["surface"] == "제주도 맛집"
    assert found["제주도 맛집"]["searchers"] == 10


def test_what_fewer_than_k_people_typed_is_not_there_however_often() -> None:
    rows = [typed("비밀", range(4), day) for day in range(20)]

    assert volumes(*rows, typed("날씨", range(5))).keys() == {"날씨"}


def test_most_people_first() -> None:
    found = volumes(typed("나", range(5)), typed("가", range(5)), typed("다", range(9)))

    assert list(found) == ["다", "가", "나"]


def test_volumes_are_those_of_a_naive_count() -> None:
    rng = random.Random(7)
    words = ["제습기", "날씨", "우산", "장화", "비옷", "드문 말"]
    rows = [
        (rng.choice(words[: rng.choice([1, 3, 6])]), rng.randrange(60), rng.randrange(100))
        for _ in range(3_000)
    ]
    found = volumes(*(typed(query, range(user, user + 1), ago) for query, user, ago in rows))

    def people(query: str, first: int, last: int) -> int:
        return len({user for text, user, ago in rows if text == query and first <= ago <= last})

    def told(number: int) -> int | None:
        return number if number >= 5 else None

    expected = {query for query in words if people(query, 0, 27) >= 5}
    assert found.keys() == expected
    for query in expected:
        row = found[query]
        weeks = [told(people(query, 7 * week, 7 * week + 6)) for week in range(11, -1, -1)]
        assert row["searchers"] == people(query, 0, 27)
        assert row["searches"] == sum(text == query and ago < 28 for text, _, ago in rows)
        assert row["weekly_searchers"] == weeks


def test_a_parameter_out_of_its_range_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="days must be"):
        volumes(typed("날씨", range(5)), days=0)


def on_devices(*rows: list[Search], **parameters: Any) -> list[tuple[str, int, int]] | None:  # noqa: ANN401
    """Device, people and searches of the one keyword."""
    [row] = volumes(*rows, **parameters).values()
    if row["devices"] is None:
        assert row["device_searchers"] is row["device_searches"] is None
        return None
    return list(zip(row["devices"], row["device_searchers"], row["device_searches"], strict=True))


def test_people_and_searches_are_told_by_device_and_spellings_are_one_keyword() -> None:
    found = on_devices(
        typed("제습기 추천", range(9), device="mobile"),
        typed("제습기추천", range(4, 9), 2, device="mobile"),
        typed("제습기 추천", range(9, 15), device="desktop"),
        typed("제습기 추천", range(50, 60), 28, device="desktop"),  # of no day of the month
    )

    assert found == [("mobile", 9, 14), ("desktop", 6, 6)]


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ({"mobile": 9, "desktop": 6}, ["mobile", "desktop"]),
        ({"mobile": 9, "desktop": 6, "tv": 4}, ["mobile"]),  # or subtraction would tell of four
        ({"mobile": 9, "tv": 4}, None),
        ({"mobile": 9, None: 5}, ["mobile"]),
        ({"mobile": 9, None: 4}, None),
        ({"mobile": 9, "desktop": 6, "tv": 4, None: 5}, ["mobile", "desktop"]),
        ({"mobile": 9, "desktop": 6, "tv": 4, None: 1}, ["mobile"]),
        ({None: 9}, None),
    ],
)
def test_what_is_told_of_devices_leaves_nobody_or_k_people(
    people: dict[str | None, int], told: list[str] | None
) -> None:
    first = 0
    rows = []
    for device, count in people.items():
        rows.append(typed("제습기", range(first, first + count), device=device))
        first += count

    found = on_devices(*rows)

    assert (None if found is None else [device for device, *_ in found]) == told


def test_only_the_most_used_devices_are_told_apart() -> None:
    names = "abcdefghij"
    rows = [typed("제습기", range(10 * n, 10 * n + 15 - n), device=x) for n, x in enumerate(names)]

    found = on_devices(*rows)

    assert found is not None
    assert [device for device, *_ in found] == list(names[:8])


def test_devices_of_groups_of_people_add_up_to_the_whole() -> None:
    rows = [
        row
        for query in ("가", "나")
        for device in ("mobile", "desktop", None)
        for row in typed(query, range(20), device=device)
    ]
    log = searches(*rows)
    parts = [log.filter(pl.col("user_id") % 3 == rest) for rest in range(3)]

    added = devices_added_up([daily_devices(part) for part in parts])

    assert added.equals(daily_devices(log))
    assert daily_devices(log.with_columns(device=pl.lit(None, pl.String))).is_empty()
