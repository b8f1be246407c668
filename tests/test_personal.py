"""Completions of one person: own ones by evidence, what follows the last search, all others."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from pipeline import schemas
from silgeom.complete import Completer
from silgeom.hangul import choseong, keystrokes
from silgeom.personal import History, HistoryError, completed
from silgeom.related import Relater

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def ago(**units: float) -> datetime:
    return NOW - timedelta(**units)


def completer(**people: int) -> Completer:
    rows = []
    for text, count in people.items():
        for kind, keys in (("keystrokes", keystrokes(text)), ("choseong", choseong(text))):
            rows += [
                {
                    **{"key_kind": kind, "prefix": keys[:length], "rank": 1, "completion": text},
                    **{"searchers": count, "weight": float(count)},
                }
                for length in range(1, len(keys) + 1)
            ]
    return Completer(pa.Table.from_pylist(rows, schemas.AUTOCOMPLETE))


def history(*searches: tuple[str, datetime]) -> History:
    return History(searches, now=NOW)


def texts(found: list) -> list[str]:  # type: ignore[type-arg]
    return [each.text for each in found]


def test_own_searches_complete_half_syllables_and_initials_the_latest_and_most_first() -> None:
    own = history(("카카오맵", ago(days=90)), ("카카오톡", ago(days=1)), ("날씨", ago(days=1)))

    assert texts(own.complete("카캉")) == ["카카오톡", "카카오맵"]
    assert texts(own.complete("ㅋㅋㅇ")) == ["카카오톡", "카카오맵"]
    assert texts(own.complete("zkzk")) == []
    assert own.complete("") == []


def test_what_is_in_the_box_and_what_is_still_to_come_are_none() -> None:
    own = history(("날씨", ago(days=1)), ("날씨 서울", NOW + timedelta(days=1)))

    assert own.complete("날씨") == []


def test_who_makes_searches_again_sees_them_first() -> None:
    again = history(
        *((text, ago(days=day)) for day in range(1, 6) for text in ("제주 렌터카", "눈"))
    )
    found = completed(completer(제주도=90, 제주항공=50), "제주", history=again)

    assert texts(found) == ["제주 렌터카", "제주도", "제주항공"]
    assert found[0].key == "own"


def test_who_hardly_does_sees_what_all_type_first() -> None:
    never = history(*((f"제주 {number}", ago(days=number)) for number in range(1, 30)))
    found = completed(completer(제주도=90, 제주항공=50), "제주", history=never)

    assert texts(found)[:3] == ["제주도", "제주항공", "제주 1"]


def test_a_second_page_of_the_same_search_is_no_habit() -> None:
    pages = history(*(("눈", ago(days=1, minutes=minute)) for minute in range(20)))

    assert pages.repeats < history(*(("눈", ago(days=day)) for day in range(20))).repeats


def test_what_follows_the_last_search_comes_before_what_all_type() -> None:
    row = {
        **{"query": "김포공항", "kind": "related", "rank": 1, "related_query": "제주 렌터카"},
        **{"related_surface": "제주 렌터카", "score": 0.4, "significance": 9.0, "sessions": 9},
        **{"searchers": 9, "next_probability": 0.4},
    }
    relater = Relater(pa.Table.from_pylist([row], schemas.RELATED))
    found = completed(completer(제주도=90), "제주", relater=relater, last="김포공항")

    assert [(each.text, each.key) for each in found] == [
        ("제주 렌터카", "session"),
        ("제주도", "keystrokes"),
    ]


def test_no_two_differ_in_spacing_alone() -> None:
    again = history(*(("제주 도", ago(days=day)) for day in range(1, 6)))

    assert texts(completed(completer(제주도=90), "제주", history=again)) == ["제주 도"]


def test_a_history_is_handed_over_as_text() -> None:
    own = history(("카카오톡", ago(days=1)), ("카카오맵", ago(days=2)))
    again = History.from_json(own.to_json(), now=NOW)

    assert texts(again.complete("카")) == texts(own.complete("카"))


@pytest.mark.parametrize("text", ["", "[]", '{"searches": [["x"]]}', '{"searches": [["x", "y"]]}'])
def test_what_is_no_history_is_a_sentence(text: str) -> None:
    with pytest.raises(HistoryError, match="no history of searches"):
        History.from_json(text, now=NOW)
