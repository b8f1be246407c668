import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from pipeline.autocomplete import completions
from pipeline.counts import daily_counts
from pipeline.errors import InvalidParameterError, SchemaMismatchError
from pipeline.schemas import AUTOCOMPLETE
from silgeom.hangul import keystrokes
from tests.factories import Search, search, searches

TODAY = date(2026, 3, 15)


def typed(
    query: str, people: int, *, first_user: int = 0, days_ago: int = 0, surface: str = ""
) -> list[Search]:
    """A query typed by so many people on one day."""
    day = TODAY - timedelta(days=days_ago)
    return [
        search(query, user=user, surface=surface or query, at_=f"{day}T03:00:00", dt=str(day))
        for user in range(first_user, first_user + people)
    ]


def counts_of(spark: SparkSession, rows: list[Search]) -> DataFrame:
    day_of = "date_format(searched_at, 'yyyy-MM-dd') as dt"
    return daily_counts(searches(spark, *rows).selectExpr("*", day_of))


def completed(
    spark: SparkSession,
    rows: list[Search],
    **parameters: Any,  # noqa: ANN401
) -> dict[str, list[Row]]:
    """The rows of each prefix of keystrokes, in order of rank."""
    arguments = {"as_of": TODAY, **parameters}
    return by_prefix(completions(counts_of(spark, rows), **arguments), "keystrokes")


def by_prefix(result: DataFrame, kind: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in result.where(f"key_kind = '{kind}'").orderBy("rank").collect():
        found[row.prefix].append(row)
    return found


def shown(rows: list[Row]) -> list[str]:
    return [row.completion for row in rows]


def test_every_prefix_is_completed_most_people_first(spark: SparkSession) -> None:
    found = completed(spark, typed("날씨", 7) + typed("날씨 lg", 6) + typed("나이키", 9))

    assert {prefix: shown(rows) for prefix, rows in found.items()} == {
        "ㄴ": ["나이키", "날씨", "날씨 lg"],
        "ㄴㅏ": ["나이키", "날씨", "날씨 lg"],
        "ㄴㅏㅇ": ["나이키"],
        "ㄴㅏㅇㅣ": ["나이키"],
        "ㄴㅏㅇㅣㅋ": ["나이키"],
        "ㄴㅏㅇㅣㅋㅣ": ["나이키"],
        "ㄴㅏㄹ": ["날씨", "날씨 lg"],
        "ㄴㅏㄹㅆ": ["날씨", "날씨 lg"],  # one key, with shift
        "ㄴㅏㄹㅆㅣ": ["날씨", "날씨 lg"],
        "ㄴㅏㄹㅆㅣl": ["날씨 lg"],  # a space is no key
        "ㄴㅏㄹㅆㅣlg": ["날씨 lg"],
    }
    assert [(row.rank, row.key_kind, row.searchers) for row in found["ㄴㅏㄹ"]] == [
        (1, "keystrokes", 7),
        (2, "keystrokes", 6),
    ]


def test_initials_stand_for_what_begins_with_hangul(spark: SparkSession) -> None:
    rows = [
        *typed("카카오 톡", 9),
        *typed("아이폰 15 값", 8),
        *typed("lg 전자", 7),  # begins with Latin
        *typed("ㅋㅏ톡", 6),  # a loose vowel is no initial
    ]

    found = by_prefix(completions(counts_of(spark, rows), as_of=TODAY), "choseong")

    assert {prefix: shown(rows) for prefix, rows in found.items()} == {
        "ㅋ": ["카카오 톡", "ㅋㅏ톡"],
