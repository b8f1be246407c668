"""Completions of one person: own ones by evidence, what follows the last search, all others."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from pipeline import schemas
from silgeom.complete import Completer
from silgeom.hangul import choseong, keystrokes
from silgeom.personal import History, HistoryError
from silgeom.related import Relater

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def ago(**units: float) -> datetime:
    return NOW - timedelta(**units)


def completer(**people: int) -> Completer:
    return Completer(rows(**people))


def rows(**people: int) -> pa.Table:
    """Completions of texts that so many people typed, the most first."""
    rows = []
    for place, (text, count) in enumerate(people.items(), 1):
        for kind, keys in (("keystrokes", keystrokes(text)), ("choseong", choseong(text))):
            rows += [
                {
                    **{"key_kind": kind, "prefix": keys[:length], "rank": place},
                    **{"completion": text, "searchers": count, "weight": float(count)},
                }
                for length in range(1, len(keys) + 1)
            ]
    return pa.Table.from_pylist(rows, schemas.AUTOCOMPLETE)


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
    found = completer(제주도=90, 제주항공=50).complete("제주", user=again)

    assert texts(found) == ["제주 렌터카", "제주도", "제주항공"]
    assert [each.key for each in found] == ["own", "keystrokes", "keystrokes"]


def test_who_hardly_does_sees_what_all_type_first() -> None:
    never = history(*((f"제주 {number}", ago(days=number)) for number in range(1, 30)))
    everybody = completer(제주도=90, 제주항공=50, 제주시=40, 제주어=30)
    found = everybody.complete("제주", user=never)

    assert texts(found)[:5] == ["제주도", "제주항공", "제주시", "제주 1", "제주 2"]
    assert texts(found)[-1] == "제주어"


def test_a_second_page_of_the_same_search_is_no_habit() -> None:
    pages = history(*(("눈", ago(days=1, minutes=minute)) for minute in range(20)))

    assert pages.repeats < history(*(("눈", ago(days=day)) for day in range(20))).repeats


def relater(*rows: tuple[str, str, float], sessions: int = 100) -> Relater:
    """Related searches: query, the other, and the share of the query's sessions."""
    return Relater(
        pa.Table.from_pylist(
            [
                {
                    **{"query": query, "kind": "related", "rank": rank, "related_query": other},
                    **{"related_surface": other, "score": share, "significance": 9.0},
                    **{"sessions": int(share * sessions), "searchers": 9},
                    "next_probability": share,
                }
                for rank, (query, other, share) in enumerate(rows, 1)
            ],
            schemas.RELATED,
        )
    )


def test_what_goes_with_the_searches_of_the_sitting_comes_first_the_last_one_most() -> None:
    near = relater(("김포공항", "제주 렌터카", 0.4), ("여행", "제주 호텔", 0.4))
    box = Completer(rows(제주도=90, 제주항공=50), relater=near)

    found = box.complete("제주", session=["여행", "김포공항"])
    assert [(each.text, each.key) for each in found] == [
        ("제주도", "keystrokes"),  # 90 of 140 searches: likelier than 0.4 of a sitting's
        ("제주항공", "keystrokes"),
        ("제주 렌터카", "next"),
        ("제주 호텔", "next"),
    ]
    rare = Completer(rows(제주도=90, 제주항공=50, 날씨=5000), relater=near)
    assert texts(rare.complete("ㅈㅈ", session=["여행", "김포공항"])) == [
        *("제주 렌터카", "제주 호텔", "제주도", "제주항공"),
    ]
    assert texts(rare.complete("제주", session=["김포공항", "여행"]))[0] == "제주 호텔"


def test_what_everybody_types_is_marked_where_the_sitting_lifts_it() -> None:
    box = Completer(
        rows(제주도=90, 제주항공=50, 날씨=5000), relater=relater(("김포공항", "제주항공", 0.4))
    )
    first, second = box.complete("제주", session=["김포공항"])

    assert (first.text, first.key, first.searchers) == ("제주항공", "next", 50)
    assert (second.text, second.key) == ("제주도", "keystrokes")


def test_a_search_of_the_sitting_is_a_way_back_but_not_the_one_just_made() -> None:
    box = completer(제주도=90, 날씨=9000)

    found = box.complete("제주", session=["제주 오름", "눈", "제주 귤"])
    assert [(each.text, each.key) for each in found] == [
        ("제주도", "keystrokes"),
        ("제주 오름", "sitting"),
    ]


def test_a_segment_orders_what_everybody_is_shown() -> None:
    box = completer(제주도=90, 제주항공=50)
    found = box.complete("제주", segment=lambda text: 3.0 if text == "제주항공" else 1.0)

    assert texts(found) == ["제주항공", "제주도"]


def test_no_two_differ_in_spacing_alone() -> None:
    again = history(*(("제주 도", ago(days=day)) for day in range(1, 6)))

    found = completer(제주도=90).complete("제주", user=again, session=["제주 도", "눈"])
    assert texts(found) == ["제주 도"]


def test_without_anything_known_of_the_person_all_see_the_same() -> None:
    box = completer(제주도=90, 제주항공=50)

    assert box.complete("제주", user=history(), session=[" ", ""]) == box.complete("제주")


class OneProfile:
    """Knows one user."""

    def of(self, user: str) -> History:
        return history(("눈", ago(days=1))) if user == "anna" else history()


def test_a_user_is_looked_up_among_profiles() -> None:
    box = completer(눈사람=90)

    found = box.complete("ㄴ", user="anna", profiles=OneProfile())
    assert texts(found) == ["눈", "눈사람"]
    assert box.complete("ㄴ", user="bori", profiles=OneProfile()) == box.complete("ㄴ")
    with pytest.raises(ValueError, match="profiles are needed"):
        box.complete("ㄴ", user="anna")


def test_related_searches_are_new_first_and_then_the_way_back() -> None:
    near = relater(*(("제주", f"제주 {n}", 0.3 - n / 100) for n in range(9)))
    plain = near.related("제주", 6)
    found = near.related("제주", 6, session=["눈", "제주 0", "제주"])

    assert texts(plain) == [f"제주 {n}" for n in range(6)]
    assert texts(found) == ["제주 1", "제주 2", "제주 3", "제주 4", "제주 0", "눈"]
    assert [each.searched for each in found] == [*[""] * 4, "sitting", "sitting"]


def test_related_searches_go_with_the_searches_before_too() -> None:
    near = relater(("제주", "제주 날씨", 0.3), ("제주", "한라산", 0.29), ("등산", "한라산", 0.4))

    assert texts(near.related("제주", 2)) == ["제주 날씨", "한라산"]
    assert texts(near.related("제주", 2, session=["등산"]))[0] == "한라산"
    assert texts(near.related("제주", 2, use="topic", session=["등산"]))[0] == "제주 날씨"


def test_a_related_search_made_on_another_day_has_its_place_and_says_so() -> None:
    near = relater(("제주", "제주 날씨", 0.3), ("제주", "한라산", 0.2))
    found = near.related("제주", user=history(("한라 산", ago(days=3))))

    assert [(each.text, each.searched) for each in found] == [("제주 날씨", ""), ("한라산", "own")]


def test_a_history_is_handed_over_as_text() -> None:
    own = history(("카카오톡", ago(days=1)), ("카카오맵", ago(days=2)))
    again = History.from_json(own.to_json())

    assert texts(again.complete("카")) == texts(own.complete("카"))


def test_what_was_known_before_goes_on_counting() -> None:
    before = history(("카카오톡", ago(days=31)), ("카카오맵", ago(days=1)))
    now = History([("카카오톡", NOW)], now=NOW, earlier=before)

    assert texts(now.complete("카")) == ["카카오톡", "카카오맵"]
    assert [each.occasions for each in now.complete("카")] == [2, 1]
    assert "카카오 톡" in now
    assert "네이버" not in now


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"at": 0, "searched": [["x"]]}', '{"at": 1e99, "searched": []}']
)
def test_what_is_no_history_is_a_sentence(text: str) -> None:
    with pytest.raises(HistoryError, match="no history of searches"):
        History.from_json(text)
