"""Related searches beside their rivals: the twin says what the job says."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pipeline.counting.sessions import counted, daily_pairs, session_pairs
from pipeline.language.queries import ids, variant_keys
from pipeline.results.related_searches import related_searches
from pipeline.runs import published
from pipeline.schemas import KEYWORD_TOOL
from silgeom.evaluate import autocomplete
from silgeom.evaluate.log import Log, Split, log_of, split
from silgeom.evaluate.related import (
    BESIDE_TOOL,
    DAYS,
    Counts,
    Ours,
    Tool,
    evaluate,
    last_days,
    methods,
    npmi,
    pmi,
    query_flow,
    questions,
    signed_root,
    slips_between,
    told,
)
from silgeom.keyword_tool import Keyword, KeywordTool, Volumes, volume_arrays
from silgeom.related import USES, Relater, Use
from tests.kernels.rows import search, searches

MORNING = datetime(2026, 3, 2, 1, tzinfo=UTC)

#: A session: a user, its queries, and the seconds from each to the next.
Session = tuple[int, list[str], int]


def rows_of(sessions: list[Session]) -> list[tuple[datetime, int, str]]:
    """Each session on a day of its own hour, so that none runs into another."""
    return [
        (MORNING + timedelta(hours=number, seconds=place * every), user, query)
        for number, (user, queries, every) in enumerate(sessions)
        for place, query in enumerate(queries)
    ]


def log(sessions: list[Session]) -> Log:
    frame = pd.DataFrame(rows_of(sessions), columns=["searched_at", "user_id", "query"])
    return log_of(frame, "Asia/Seoul")


def drawn_sessions() -> list[Session]:
    rng = random.Random(11)
    words = [
        "유튜브",
        "유튜부",
        "음악",
        "음악 듣기",
        "음악듣기",
        "날씨",
        "내일 날씨",
        "skftl",
        "영화",
        "환율",
    ]
    return [
        (
            rng.randrange(12),
            rng.choices(words[: rng.choice([5, 10])], k=rng.choice([1, 2, 3, 4])),
            5 + 200 * (n % 3),
        )
        for n in range(300)
    ] + [
        (user, pair, 5)
        for user in range(12)
        for pair in (["유튜부", "유튜브"], ["음악듣기", "음악 듣기"])
    ]


def test_the_twin_says_what_the_job_says() -> None:
    sessions = drawn_sessions()
    found = searches(
        *[search(query, user=user, at_=at.isoformat()) for at, user, query in rows_of(sessions)],
    )
    days = session_pairs(found, zone="Asia/Seoul").partition_by("day")
    pairs = pl.concat([daily_pairs(counted(day)) for day in days])
    names = found.select("query_id", "query", "surface").unique()
    names = names.with_columns(variant_id=ids(variant_keys(names["query"])))
    said: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for row in related_searches(pairs.lazy(), names.lazy(), min_searchers=3).to_dicts():
        said.setdefault((row["query"], row["kind"]), []).append(
            (row["related_query"], round(row["score"], 9))
        )

    counts = Counts.of(log(sessions), 3)
    told: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for query, text in enumerate(counts.texts):
        for kind, rows in zip(("related", "correction"), counts.published(query), strict=True):
            if rows:
                told[text, kind] = [(counts.texts[other], round(score, 9)) for score, other in rows]

    assert told == said
    assert {kind for _, kind in told} == {"related", "correction"}


def test_leaving_a_user_out_is_as_if_that_user_had_not_been() -> None:
    sessions = drawn_sessions()
    whole = log(sessions)
    counts = Counts.of(whole, 2)
    user = 4
    counts.leave_out(7)
    counts.leave_out(user)

    without = Counts.of(whole.where(whole.user != user), 2)

    assert counts.total == without.total
    for query in range(len(counts.texts)):
        assert counts.sessions[query] == without.sessions[query]
        assert set(counts.candidates(query)) == set(without.candidates(query))
        for other in counts.candidates(query):
            assert counts.both(query, other) == without.both(query, other)
            assert counts.significance(query, other) == without.significance(query, other)


def looked_up(counts: Counts, completed: Counts) -> Relater:
    """The look-up of what the twin says is published."""
    rows = []
    for query, text in enumerate(counts.texts):
        for kind, found in zip(("related", "correction"), counts.published(query), strict=True):
            for rank, (score, other) in enumerate(found, 1):
                row: dict[str, object] = {"query": text, "kind": kind, "rank": rank, "score": score}
                row |= dict.fromkeys(("related_query", "related_surface"), counts.texts[other])
                after = counts.after[query][other] / counts.sessions[query]
                rows.append(
                    row | {"sessions": counts.both(query, other), "next_probability": after}
                )
    completions = [
        {"key_kind": "keystrokes", "completion": text, "weight": float(completed.sessions[query])}
        for query, text in enumerate(completed.texts)
        if len(completed.people[query]) >= completed.floor
    ]
    return Relater(pa.Table.from_pylist(rows), pa.Table.from_pylist(completions))


@pytest.mark.parametrize("use", USES)
def test_the_twin_offers_what_the_look_up_offers(use: Use) -> None:
    sessions = [
        (user, [query.replace(" ", "-") for query in queries], every)
        for user, queries, every in drawn_sessions()
        if "음악듣기" not in queries  # no two spellings, of which completions show one
    ]
    sessions += [(user, ["유튜부", "유튜브"], 5) for user in range(12)] * 4
    counts = Counts.of(log(sessions), 3)
    relater, twin = looked_up(counts, counts), Ours(counts, use=use)

    for query, text in enumerate(counts.texts):
        found, _ = twin(counts, query)
        expected = [each.text for each in relater.related(text, use=use)]
        assert [counts.texts[other] for other in found] == expected
    assert {each.kind for each in relater.related("유튜부", use=use)} >= {"correction", "together"}


def test_the_twin_of_the_keyword_tool_offers_what_the_tool_offers() -> None:
    sessions = [
        (user, [query.replace(" ", "-") for query in queries], every)
        for user, queries, every in drawn_sessions()
        if "음악듣기" not in queries
    ]
    sessions += [(user, ["유튜부", "유튜브"], 5) for user in range(12)] * 4
    sessions += [(100 + user, ["날씨예보 좋은곳"], 5) for user in range(2)]  # fewer than k
    counts = Counts.of(log(sessions), 3)
    rows = [
        {
            **{"query": text, "surface": text, "searchers": len(counts.people[query])},
            **{"searches": counts.sessions[query], "weekly_searchers": []},
        }
        for query, text in enumerate(counts.texts)
        if len(counts.people[query]) >= counts.floor
    ]
    volumes = volume_arrays(pa.Table.from_pylist(rows, KEYWORD_TOOL))
    tool, twin = KeywordTool(Volumes(volumes), looked_up(counts, counts)), Tool(counts)

    relations = set()
    for query, text in enumerate(counts.texts):
        found = [each for each in tool.near([text], 10) if each.relation != "seed"]
        relations |= {each.relation for each in found}
        assert [counts.texts[other] for other in twin(counts, query)[0]] == texts_of(found)
    assert relations == {"correction", "together", "words"}


def texts_of(found: list[Keyword]) -> list[str]:
    return [each.text for each in found]


def test_the_keyword_tool_finds_what_is_typed_next_beside_its_baselines() -> None:
    topics = ["부산", "제주", "서울", "여수", "대전", "광주", "춘천", "강릉"]
    sessions = [
        (10 * place + person, [f"{name} {'가나다라'[person]}식당", f"{name} 호텔"], 60)
        for person in range(4)
        for place, name in enumerate(topics)
    ]
    parts = split(log(sessions), "Asia/Seoul", 0.6)
    table = evaluate(parts, floor=2, only=BESIDE_TOOL).set_index("method")

    assert set(table.index) == set(BESIDE_TOOL)
    assert table["hit1"]["keyword tool"] == 1.0
    assert table["times_mrr"]["keyword tool"] > 1.2


def test_pairs_are_of_the_days_that_the_job_reads_and_words_of_more() -> None:
    assert (DAYS, autocomplete.DAYS) == (published.RELATED_DAYS, published.COMPLETION_DAYS)
    # Four people looked for both 40 days before the last day, and for something else on it.
    rows = rows_of([(user, ["부산 시장", "유람선"], 60) for user in range(4)])
    later = rows_of([(user, ["부산 시장", "날씨"], 60) for user in range(4, 8)])
    rows += [(at + timedelta(days=40), user, query) for at, user, query in later]
    frame = pd.DataFrame(rows, columns=["searched_at", "user_id", "query"])
    whole = log_of(frame, "Asia/Seoul")
    read, all_days = Counts.of(last_days(whole, DAYS), 2), Counts.of(whole, 2)
    of = methods(read, all_days, all_days)

    def texts(name: str, query: str) -> list[str]:
        return [whole.texts[q] for q in of[name](read, whole.texts.index(query))[0]]

    assert texts("count", "부산 시장") == ["날씨"]
    assert texts("count + popularity, all days", "부산 시장") == ["날씨", "유람선"]
    assert texts("ours, topic", "부산 시장") == ["날씨"]
    assert texts("ours", "부산 시장") == ["날씨", "유람선"]  # popular in completions' days
    assert texts("ours, topic", "유람선") == []


def test_a_log_of_more_days_than_the_job_reads_has_the_baseline_of_all_days_beside() -> None:
    rows = [
        (MORNING + timedelta(days=day, minutes=10 * user, seconds=60 * place), 10 * day + user, q)
        for day in range(50)
        for user in range(3)
        for place, q in enumerate(["날씨", "우산"] if day < 5 else ["날씨", "장마"])
    ]
    frame = pd.DataFrame(rows, columns=["searched_at", "user_id", "query"])

    parts = split(log_of(frame, "Asia/Seoul"), "Asia/Seoul")
    table = evaluate(parts, floor=2).set_index("method")
    assert table["hit1"]["count + popularity, all days"] == 1.0
    short = evaluate(Split(last_days(parts.training, 20), parts.later, parts.at, parts.zone))
    assert "count + popularity, all days" not in set(short["method"])


def test_the_rivals_scores_by_hand() -> None:
    sessions = [(user, ["a", "b"], 60) for user in range(5)] + [(9, ["b", "a"], 60)]
    sessions += [(10, ["a"], 1), (11, ["b"], 1), *((user, ["c"], 1) for user in range(12, 20))]
    counts = Counts.of(log(sessions), 2)
    a, b = counts.texts.index("a"), counts.texts.index("b")

    # 16 sessions: both in 6, a in 7, b in 7; b after a in 5.
    assert pmi(counts, a, b) == pytest.approx(np.log(6 * 16 / 49))
    assert npmi(counts, a, b) == pytest.approx(np.log(6 * 16 / 49) / -np.log(6 / 16))
    assert query_flow(counts, a, b) == pytest.approx(5 / 7)
    assert signed_root(counts, a, b) > 2
    assert slips_between("skftl", "날시") == 0  # the keyboard's other language


def test_the_fair_baseline_is_count_filled_up() -> None:
    sessions = [(user, ["a", "b"], 60) for user in range(3)]
    sessions += [(user, [query], 1) for query in ("d", "c", "e") for user in range(20, 23)]
    counts = Counts.of(log(sessions), 2)
    of = methods(counts, counts)

    def texts(name: str) -> list[str]:
        return [counts.texts[other] for other in of[name](counts, counts.texts.index("a"))[0]]

    assert texts("count") == ["b"]
    assert texts("count + popularity") == ["b", "c", "d", "e"]
    assert texts("popularity") == ["b", "c", "d", "e"]


def test_a_question_is_the_next_different_query() -> None:
    asked = log([(1, ["a b", "ab", "ab", "c", "a b"], 60), (2, ["x"], 60)])

    found = [(asked.texts[query], asked.texts[then]) for _, query, then in questions(asked, 100)]

    assert found == [("ab", "c"), ("c", "a b")]


def test_words_find_what_pairs_cannot() -> None:
    topics = ["부산", "제주", "서울", "여수", "대전", "광주", "춘천", "강릉"]
    # People look for the food of a place and then for its hotels; no two for the same food.
    sessions = [
        (10 * place + person, [f"{name} {'가나다라'[person]}식당", f"{name} 호텔"], 60)
        for person in range(4)
        for place, name in enumerate(topics)
    ]
    table = evaluate(split(log(sessions), "Asia/Seoul", 0.6), floor=2).set_index("method")

    assert table["hit1"]["ours"] == 1.0
    assert table["coverage"]["count"] == 0.0
    assert table["coverage"]["ours"] == 1.0
    assert table["times_mrr"]["count + popularity"] == 1.0
    assert table["times_mrr"]["ours"] > 1.2
    assert (table["mrr_low"] <= table["mrr"]).all()


def test_each_use_has_a_table_of_its_own() -> None:
    # Everybody looks for the weather; of an umbrella's sessions half go on to it, some to boots.
    sessions = [(user, ["날씨"], 1) for user in range(40)]
    sessions += [(40 + user, ["우산", "날씨"], 60) for user in range(6)]
    sessions += [(50 + user, ["우산", "장화"], 60) for user in range(5)]
    sessions += [(60 + user, [f"것{number}" for number in range(120)], 1) for user in range(6)]
    sessions += [(900 + user, ["우산", "장화"], 60) for user in range(4)]
    whole = log(sessions)
    at = int(whole.second[-8])

    table = evaluate(
        Split(whole.where(whole.second < at), whole.where(whole.second >= at), at, "UTC")
    )

    of = table.set_index("method")
    assert of["rare_mrr"]["ours"] == 0.5  # the weather comes first
    assert of["rare_mrr"]["ours, topic"] == 1.0
    assert of["times_rare"]["ours, topic"] == 2.0
    of_next, of_topic = told(table).split("What is about the same")
    assert "× fair: MRR" in of_next
    assert "diversity" not in of_next
    assert "× count: MRR" in of_topic
    assert "ours, topic" in of_topic
