"""Completions beside their rivals: the twin says what the job and the look-up say."""

import random
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from pipeline.results.completions import completions
from silgeom.complete import Completer
from silgeom.evaluate import __main__ as command
from silgeom.evaluate.autocomplete import (
    Ours,
    Standard,
    State,
    evaluate,
    ever,
    forecast,
    halved,
    last,
    pushed,
    states,
)
from silgeom.evaluate.log import Log, log_of, split
from silgeom.hangul import keystrokes
from silgeom.text import normalized_query
from tests.kernels.rows import search
from tests.kernels.test_autocomplete import counts_of

DAY = date(2026, 3, 15)
NOBODY = -1


def log(rows: list[tuple[int, int, str]]) -> Log:
    """Searches of days ago, a user and a query."""
    morning = datetime(2026, 3, 15, 1, tzinfo=UTC)
    frame = pd.DataFrame(
        [
            (morning - timedelta(days=age, seconds=-n), user, query)
            for n, (age, user, query) in enumerate(rows)
        ],
        columns=["searched_at", "user_id", "query"],
    )
    return log_of(frame, "Asia/Seoul")


def test_the_twin_says_what_job_and_look_up_say() -> None:
    rng = random.Random(5)
    heads = ["제주도", "부산", "new", "www.abc", "날씨", "电影院", "아이폰 15", "부산역 앞"]
    ends = ["맛집", "흑돼지 맛집", "york", ".com", "", "电影", "마을", "new york", "케이스"]
    queries = [
        " ".join(f"{head} {end}".split()).replace(" .", ".") for head in heads for end in ends
    ]
    queries += ["제주도맛집", "날ㄹ씨", "news", "skftl"] + ["날씨"] * 40
    rows = [(rng.randrange(9), rng.randrange(8), rng.choice(queries)) for _ in range(700)]
    typed = [
        search(query, user=user, at_=f"{DAY - timedelta(days=age)}T03:00:00")
        for age, user, query in rows
    ]
    made = completions(counts_of(typed), as_of=DAY, min_searchers=3, half_life_days=3.0)
    completer = Completer(made.to_arrow())
    twin = Ours(log(rows), 3, half_life_days=3.0)

    unheard = [
        "서울 흑돼지 맛집",
        "old new york",
        "여수 마을 new york",
        "周杰伦电影",
        "www.daum.com",
    ]
    # What is typed on the other keyboard (skftl) is in the log alone: the twin does not convert it.
    asked = {state for query in {*queries, *unheard} - {"skftl"} for state in states(query)}
    # A consonant alone asks for initials, which the twin has not.
    asked = {state for state in asked if not all("ㄱ" <= key <= "ㅎ" for key in state.text)}

    said = {
        state: [keystrokes(normalized_query(each.text)) for each in completer.complete(state.text)]
        for state in asked
    }

    assert {state: twin.ask(state, NOBODY) for state in asked} == said
    assert any(said[State("서울 흑ㄷ", keystrokes("서울 흑ㄷ"))])
    assert sum(map(bool, said.values())) > 200


def test_what_one_typed_oneself_is_left_out() -> None:
    training = log(
        [
            *((0, user, "날씨") for user in range(3)),
            *[(0, 3, "나만의 것")] * 9,
            (0, 4, "나만의 것"),
            (0, 5, "나만의 것"),
        ]
    )
    typed = State("나", "ㄴㅏ")

    for box in (Ours(training, 2), Standard(training, 2, count="days", by_age=ever, plain=False)):
        assert box.ask(typed, NOBODY) == [keystrokes("나만의 것"), keystrokes("날씨")]  # by text
        assert box.ask(typed, 3) == [keystrokes("날씨"), keystrokes("나만의 것")]  # 3 people to 2
        assert box.ask(typed, 4) == [keystrokes("날씨"), keystrokes("나만의 것")]
    hits = Standard(training, 3, count="hits", by_age=ever, plain=False)
    assert hits.ask(typed, NOBODY)[0] == keystrokes("나만의 것")
    assert hits.ask(typed, 4) == [keystrokes("날씨")]  # two are left: fewer than three


def test_days_weigh_as_the_orders_say() -> None:
    ages = np.array([0, 1, 2, 6], dtype=np.int64)

    assert ever(ages).tolist() == [1, 1, 1, 1]
    assert last(2)(ages).tolist() == [1, 1, 0, 0]
    assert halved(2.0)(ages) == pytest.approx([1, 0.5**0.5, 0.5, 0.125], abs=1e-6)
    assert list(forecast(ages)) == sorted(forecast(ages), reverse=True)
    # Holt by hand: level 0.3, trend 0.015 on the day itself; 0.315 are forecast.
    assert forecast(ages)[:2] == pytest.approx(
        [0.315, 0.7 * 0.315 + 0.05 * (0.7 * 0.315 - 0.3) + 0.95 * 0.015]
    )


def test_every_state_but_the_last_is_a_question() -> None:
    assert states("가방") == [
        State("ㄱ", "ㄱ"),
        State("가", "ㄱㅏ"),
        State("갑", "ㄱㅏㅂ"),
        State("가바", "ㄱㅏㅂㅏ"),
    ]
    assert states("a b") == [State("a", "a"), State("a ", "a ")]
    assert states("") == []


def test_tails_find_what_nobody_typed_and_lose_nothing() -> None:
    places = ["부산", "제주", "서울", "여수", "대전", "광주"]
    rows = [
        (9 - place, user, f"{name} 맛집")
        for place, name in enumerate(places)
        for user in range(3 * place, 3 * place + 3)
    ]
    table = evaluate(split(log(rows), "Asia/Seoul", 0.6), floor=2).set_index("method")

    assert table.loc["people-days", "mrr"] == 0.0
    assert table["unseen"]["ours"] > 0.3  # after "광주 ㅁ" it is first
    assert table.loc["ours", "mrr"] == table.loc["ours", "unseen"]
    assert (table["mrr_low"] <= table["mrr"]).all()
    assert (table["mrr"] <= table["mrr_high"]).all()


def test_keys_saved_and_ranks_by_hand() -> None:
    # On the last two days "ab" and "ac" are typed by people who never did before.
    rows = [(age, user, "ab") for age in (8, 7) for user in range(2)]
    rows += [(6, user, "acd") for user in range(2)] + [(1, 10, "ab"), (0, 11, "acd")]
    table = evaluate(split(log(rows), "Asia/Seoul", 0.75), floor=2).set_index("method")

    # a -> ab: rank 1; a -> acd: rank 2; ac -> acd: rank 1.
    assert table.loc["people-days", "mrr"] == pytest.approx((1 + 0.5 + 1) / 3)
    # Of ab's two keys none is saved (one key and the picking); of acd's three, one.
    assert table.loc["people-days", "saved"] == pytest.approx((0 + 1 / 3) / 2)
    assert table.loc["people-days", "answered"] == table.loc["people-days", "mrr"]
    assert table.loc["people-days", "rows"] == (2 + 1 + 2 + 1 - 1) / 2  # a ×2, ab, ac, acd


def test_no_order_can_do_better_than_what_passes_the_floor() -> None:
    # 맛집 is an ending of two people; 부산 of two; "부산 맛집" nobody typed before.
    rows = [(5, user, f"{name} 맛집") for user, name in enumerate(["제주", "여수"])]
    rows += [(5, user, "부산") for user in (2, 3)] + [(5, 4, "서울")]
    rows += [(0, 10, "부산 맛집"), (0, 11, "부산"), (0, 12, "서울")]
    parts = split(log(rows), "Asia/Seoul", 0.7)
    found = Ours(parts.training, floor=2)

    typed = states("부산 맛집")
    possible = found.possible("부산 맛집", typed, NOBODY)
    assert [state.text for state, is_ in zip(typed, possible, strict=True) if is_] == [
        "부산 ㅁ",
        "부산 마",
        "부산 맛",
        "부산 맛ㅈ",
        "부산 맛지",
    ]
    assert all(found.possible("부산", states("부산"), NOBODY))
    assert not any(found.possible("부산", states("부산"), user=2))  # one is left
    table = evaluate(parts, floor=2).set_index("method")
    # Of 11 + 4 + 4 states those of 부산 (4); with endings 5 more; 서울 is of one person.
    assert table.loc["people-days", "at_most"] == pytest.approx(4 / 19)
    assert table.loc["ours", "at_most"] == pytest.approx(9 / 19)
    assert (table["mrr"] <= table["at_most"] + 1e-9).all()


def test_attacks_of_one_account_complete_nothing_and_those_of_many_are_told() -> None:
    rows = [(1, 1, "산삼")] * 50 + [(1, user, "산수유") for user in range(10, 15)]
    rows += [(1, user, "산삼주") for user in range(20, 23)]

    found = pushed(log(rows), [("one", "산삼"), ("many", "산수유"), ("three", "산삼주")], floor=5)

    of = found.set_index("method")
    assert of.loc["ours"].to_dict() == {"one": "–", "many": "1", "three": "–"}
    assert of.loc["people-days"].to_dict() == {"one": "–", "many": "1", "three": "–"}
    assert of.loc["hits, k = 1"].to_dict() == {"one": "1", "many": "1", "three": "1"}


def test_the_command_says_what_to_mend(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["autocomplete", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("python -m silgeom.evaluate: no searches in nowhere")
    for wrong in (["--k", "0"], ["--share", "1"]):
        with pytest.raises(SystemExit):
            command.main(["related", "nowhere", *wrong])
