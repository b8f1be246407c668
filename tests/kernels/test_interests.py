"""What a person searched for, and when: counted by day, and added up."""

from datetime import UTC, date, datetime

import polars as pl

from pipeline.counting.interests import TIMES, USES, daily_interests, interests
from pipeline.counting.uses import LOOKING_UP, NAVIGATING
from pipeline.language.queries import ids

SEOUL = "Asia/Seoul"
QUERIES = {"제주도 맛집": 1, "김치찌개": 2, "비트코인": 0}


def known(topics: dict[str, int]) -> pl.DataFrame:
    texts = pl.Series(list(topics))
    return pl.DataFrame(
        {
            "id": ids(texts),
            "is_query": True,
            "topic": pl.Series(list(topics.values()), dtype=pl.Int32),
            "weight": 1.0,
        }
    )


def searches(*rows: tuple[int, str, str]) -> pl.DataFrame:
    """Person, time in Seoul, query."""
    texts = pl.Series([query for _, _, query in rows])
    at = [datetime.fromisoformat(f"{time}+09:00").astimezone(UTC) for _, time, _ in rows]
    return pl.DataFrame(
        {
            "searched_at": pl.Series(at).cast(pl.Datetime("us", "UTC")),
            "user_id": [person for person, _, _ in rows],
            "query_id": ids(texts),
            "query": texts,
        }
    )


def features(rows: pl.DataFrame, value: str) -> dict[tuple[int, int], float]:
    found = rows.select("user_id", "feature", value).rows()
    return {(user, feature): number for user, feature, number in found}


def test_a_day_has_topics_and_times_of_each_person() -> None:
    rows = searches(
        (7, "2026-03-06T09:00:00", "제주도 맛집"),  # a Friday morning
        (7, "2026-03-06T09:05:00", "제주도 맛집"),  # looked at again
        (7, "2026-03-06T23:10:00", "김치찌개"),
        (9, "2026-03-06T03:00:00", "비트코인"),  # of no topic
    )
    found = features(daily_interests(rows, known(QUERIES), zone=SEOUL), "queries")

    night, morning, evening = TIMES.first, TIMES.first + 1, TIMES.first + 3
    assert found == {(7, 1): 1, (7, 2): 1, (7, morning): 1, (7, evening): 1, (9, night): 1}


def test_a_weekend_has_times_of_its_own() -> None:
    rows = searches(
        (7, "2026-03-07T12:00:00", "비트코인"),  # Saturday
        (8, "2026-03-08T23:59:59", "비트코인"),  # Sunday
        (9, "2026-03-09T00:00:00", "비트코인"),  # Monday
    )
    found = daily_interests(rows, known(QUERIES), zone=SEOUL)

    assert dict(found.select("user_id", "feature").rows()) == {
        7: TIMES.first + 4 + 2,
        8: TIMES.first + 4 + 3,
        9: TIMES.first,
    }


def test_each_different_query_of_a_person_has_a_use() -> None:
    rows = searches(
        (7, "2026-03-06T09:00:00", "제주도 맛집"),
        (7, "2026-03-06T09:05:00", "유튜브"),
        (7, "2026-03-06T19:05:00", "유튜브"),
        (9, "2026-03-06T03:00:00", "비트코인"),
    )
    uses = pl.DataFrame({"query_id": ids(pl.Series(["유튜브"])), "use": [NAVIGATING]})

    counted = daily_interests(rows, known(QUERIES), uses, zone=SEOUL)

    found = features(counted.filter(pl.col("feature") >= USES.first), "queries")
    assert found == {
        (7, USES.first + LOOKING_UP): 1,
        (7, USES.first + NAVIGATING): 1,
        (9, USES.first + LOOKING_UP): 1,
    }


def day(*rows: tuple[int, int, int]) -> pl.LazyFrame:
    schema = {"user_id": pl.Int64, "feature": pl.Int32, "queries": pl.Int32}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def test_a_search_counts_half_after_a_half_life() -> None:
    days = {"2026-03-01": day((7, 1, 4), (8, 2, 1)), "2026-03-08": day((7, 1, 1))}
    topics = dict.fromkeys(days, known(QUERIES))

    found = features(interests(days, topics, as_of=date(2026, 3, 8), half_life_days=7.0), "weight")

    assert found == {(7, 1): 3.0, (8, 2): 0.5}


def test_topics_of_another_week_are_those_of_now() -> None:
    of_week = day((7, 1, 1), (7, 2, 1), (7, TIMES.first, 2), (7, USES.first, 4))
    days = {"2026-03-01": of_week, "2026-03-02": day()}
    now = known({"제주도 맛집": 5})  # topic 1 of before; nothing is left of topic 2
    topics = {"2026-03-01": known(QUERIES), "2026-03-02": now}

    found = features(interests(days, topics, as_of=date(2026, 3, 2), half_life_days=1.0), "weight")

    assert found == {(7, 5): 0.5, (7, TIMES.first): 1.0, (7, USES.first): 2.0}
