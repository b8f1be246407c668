"""The measuring of boards: what is right, and whether what is measured is what the job does."""

import json
import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline.columns import HOURLY_COUNTS
from pipeline.language.queries import ids, variant_keys
from pipeline.results.trending_keywords import trending_keywords
from silgeom.evaluate import trending
from silgeom.evaluate.log import EvaluationError, variant_key
from silgeom.evaluate.trend_counts import Counts, counts_of, read_counts
from silgeom.evaluate.trend_drawn import with_planted_bursts
from silgeom.evaluate.trend_methods import RIVALS
from silgeom.evaluate.trend_ours import OURS
from silgeom.evaluate.trend_portal import Plan, portal
from silgeom.evaluate.trend_restless import restlessness
from silgeom.evaluate.trend_truth import Truth, read_truth
from silgeom.evaluate.trending import ISSUE, NEUTRAL, WRONG, Rows, compared, judged, measured
from tests.kernels.rows import at

START = at("2026-03-01T15:00:00")  # midnight in Seoul, a Monday
HOURS = 20 * 24
HOUR = timedelta(hours=1)


def frames(
    people: dict[str, dict[int, int]], *, also: float = 1.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells and names; people of each query by hour from the start."""
    ids = {query: number for number, query in enumerate(people)}
    rows = [
        (START + hour * HOUR, ids[query], n, int(n * also))
        for query, by_hour in people.items()
        for hour, n in by_hour.items()
    ]
    cells = pd.DataFrame(rows, columns=["hour", "query_id", "searchers", "also_searched"])
    return cells, pd.DataFrame({"query_id": list(ids.values()), "query": list(ids)})


def steady(n: int) -> dict[int, int]:
    return dict.fromkeys(range(HOURS), n)


BURST = {"늘": steady(1000), "지진": {400: 90, 401: 50, 402: 20}, "지진 속보": {400: 30, 401: 10}}


@pytest.fixture
def counts() -> Counts:
    return counts_of(*frames(BURST))


def truth_file(folder: Path, **more: object) -> Path:
    burst = {
        "query": "지진",
        "phrasings": ["지진", "지진 속보"],
        "follow_ups": ["지진 대피"],
        "searchers": {f"{START + hour * HOUR:%Y-%m-%dT%H:%M:%S%z}": 9 for hour in (400, 401, 402)},
    }
    file = folder / "truth.json"
    file.write_text(json.dumps({"bursts": [burst], "habits": [], **more}), "utf-8")
    return file


def test_an_issue_is_right_once_on_a_board(counts: Counts, tmp_path: Path) -> None:
    truth = read_truth(truth_file(tmp_path), counts)
    group = counts.group_of
    rows = Rows(
        hour=np.array([400, 400, 400, 450]),
        group=np.array([group["지진"], group["지진 속보"], group["늘"], group["지진"]]),
        score=np.array([9.0, 8.0, 7.0, 9.0]),
    )

    # Its second phrasing, what is always searched, and the issue two days later are wrong.
    assert judged(rows, truth).tolist() == [ISSUE, WRONG, WRONG, WRONG]


def test_what_no_past_could_tell_counts_neither_way(counts: Counts, tmp_path: Path) -> None:
    monthly = {"query": "늘", "must_not_trend_from": None}
    truth = read_truth(truth_file(tmp_path, habits=[monthly]), counts)
    rows = Rows(np.array([400]), np.array([counts.group_of["늘"]]), np.array([1.0]))

    assert judged(rows, truth).tolist() == [NEUTRAL]


def test_measures_of_a_known_board(counts: Counts, tmp_path: Path) -> None:
    file = truth_file(tmp_path, attacks=[{"kind": "farm", "query": "늘"}])
    truth = read_truth(file, counts)
    late, never = counts.group_of["지진"], counts.group_of["늘"]
    shown = Rows(np.array([401, 401, 402]), np.array([never, late, late]), np.array([9.0, 8, 7]))

    found = measured(shown, shown, counts, truth, first=14 * 24)

    assert (found.shown.sum(), found.right.sum(), found.caught.sum()) == (3, 2, 2)
    assert found.bursting.sum() == 3
    assert found.delays.tolist() == [1.0]  # it bursts from 400 on
    assert found.placed.sum() == 1  # of one place an hour: 402
    assert found.best_ranks == {"farm": 1}


def test_ours_shows_the_burst_once_and_nothing_else(counts: Counts, tmp_path: Path) -> None:
    truth = read_truth(truth_file(tmp_path), counts)

    row = compared(counts, truth, quiet=counts_of(*frames({"늘": steady(1000)}))).iloc[0]

    assert (row["method"], row["precision"], row["recall"], row["delay"]) == ("ours", 1.0, 1.0, 0.0)
    assert row["false_alarms"] == 0


def test_what_comes_once_a_month_is_no_false_alarm_where_the_truth_says_so(
    counts: Counts, tmp_path: Path
) -> None:
    truth = read_truth(truth_file(tmp_path), counts)
    quiet = counts_of(*frames({"늘": steady(1000), "급여명세서": {410: 90}}))
    monthly = [{"query": "급여명세서", "must_not_trend_from": None}]
    habits = read_truth(truth_file(tmp_path, bursts=[], habits=monthly), quiet)

    told = compared(counts, truth, quiet=quiet, quiet_truth=habits).iloc[0]
    not_told = compared(counts, truth, quiet=quiet).iloc[0]

    assert told["false_alarms"] == 0
    assert not_told["false_alarms"] == pytest.approx(14 / 10)  # one row in the last ten days


def test_every_rival_gives_every_cell_a_score() -> None:
    counts, _ = portal(Plan(seed=3, searches_a_day=4000, queries=300, days=6))
    hour, group = counts.cells
    for name, (method, _) in RIVALS.items():
        scores = method(counts, hour, group)
        assert scores.shape == hour.shape, name
        assert not np.isnan(scores).any(), name


def test_rivals_see_nothing_of_the_future() -> None:
    counts, _ = portal(Plan(seed=3, searches_a_day=4000, queries=300, days=6))
    hour, group = counts.cells
    past = hour < 100
    for name, (method, _) in RIVALS.items():
        if name in ("SigniTrend", "Kleinberg"):
            continue  # they know the length of the log and its mean traffic, no query's future
        before = method(counts, hour[past], group[past])
        people = counts.people.copy()
        counts.people[100:] = 7.0
        after = method(counts, hour[past], group[past])
        counts.people[:] = people
        assert np.array_equal(before, after), name


def test_a_portal_is_the_same_for_a_seed_and_its_bursts_are_found() -> None:
    plan = Plan(seed=5, searches_a_day=40_000, queries=3000, days=18)
    (one, truth), (two, _) = portal(plan), portal(plan)
    assert np.array_equal(one.searchers, two.searchers)
    assert one.forms == two.forms

    every = trending.our_rows(one, truth, OURS)
    shown = trending.our_shown_rows(one, every, 0.0, OURS)
    found = measured(shown, every, one, truth, first=14 * 24)
    assert found.right.sum() / found.shown.sum() >= 0.95
    assert found.found.sum() / found.true.sum() >= 0.8
    assert np.median(found.delays) <= 1
    assert set(found.best_ranks.values()) == {None}


def test_boards_of_a_portal_are_as_restless_as_a_real_one() -> None:
    _, truth = portal(Plan(seed=6, searches_a_day=200_000, queries=2000, days=21, attacks=False))
    boards = [truth.board(hour, 20) for hour in range(7 * 24, 21 * 24)]
    new = [len(set(after) - set(before)) for before, after in pairwise(boards)]

    # 48 days of a real portal's hourly board of 20: nine new names an hour.
    assert 6 <= np.mean(new) <= 12
    assert np.mean([len(board) for board in boards]) >= 15


def test_bursts_can_be_planted_into_any_log(counts: Counts) -> None:
    more, truth = with_planted_bursts(counts, bursts=10)

    assert more.forms[: len(counts.forms)] == counts.forms
    assert len(truth.issues) > 5
    assert (more.traffic >= counts.traffic).all()


def test_a_root_without_counts_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"hourly_counts is missing: let jobs/trending\.py"):
        read_counts(tmp_path)


def test_a_wrong_truth_is_a_sentence(counts: Counts, tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    file.write_text("[]", "utf-8")
    with pytest.raises(EvaluationError, match=r"t\.json is no truth\.json"):
        read_truth(file, counts)


WORDS = ["지진", "속보", "가람군", "날씨", "경기", "손흥민", "축구", "결과", "3.5", "c++"]


#: Nobody is counted over several forms.
NO_SEARCHES = pl.LazyFrame(
    schema={"searched_at": pl.Datetime("us", "UTC"), "user_id": pl.Int64, "query_id": pl.Int64}
)


def random_people(rng: random.Random) -> dict[str, dict[int, int]]:
    """Queries of words in any order, some written together, some mistyped; now and then a burst."""
    people: dict[str, dict[int, int]] = {"늘": {hour: 150 for hour in range(HOURS)}}
    for _ in range(60):
        words = rng.sample(WORDS, rng.choice([1, 2, 2, 3]))
        query = rng.choice([" ", " ", "", ", "]).join(words) + rng.choice(["", "", "ㅁ", "!"])
        level = rng.choice([0.1, 1, 5])
        bursts = {rng.randrange(HOURS - 3, HOURS) for _ in range(rng.choice([0, 1, 2]))}
        people[query] = {
            hour: n
            for hour in range(HOURS)
            if (n := int(rng.expovariate(1 / level)) + rng.choice([3, 9, 40]) * (hour in bursts))
        }
    return people


@pytest.mark.parametrize("seed", [1, 2])
def test_the_twin_is_the_job(seed: int) -> None:
    rng = random.Random(seed)
    cells, names = frames(random_people(rng), also=0.7)
    pushed = cells["query_id"] % 7 == 1
    cells.loc[pushed, "also_searched"] = 0
    end = START + HOURS * HOUR

    counts = counts_of(cells, names)
    every = trending.our_rows(counts, Truth(), OURS)
    shown = trending.our_shown_rows(counts, every, 0.0, OURS)
    surprises = set(shown.group[shown.hour == HOURS - 1].tolist())
    last = every.where(every.hour == HOURS - 1)
    ours = [
        (counts.commonest(hour, group), int(counts.people[hour, group]), group in surprises, score)
        for hour, group, score in zip(last.hour, last.group, last.score, strict=True)
    ][:20]

    hourly = pl.from_pandas(cells).select(*HOURLY_COUNTS).cast(pl.Schema(HOURLY_COUNTS))
    named = pl.from_pandas(names).with_columns(surface="query")
    named = named.with_columns(variant_id=ids(variant_keys(named["query"])))
    board = trending_keywords(
        hourly.lazy(), named.lazy(), NO_SEARCHES, window_end=end, zone="Asia/Seoul"
    )
    theirs = board.sort("rank").select("query", "searchers", "is_surprise", "score").rows()

    assert [row[:3] for row in ours] == [row[:3] for row in theirs]
    assert [row[3] for row in ours] == pytest.approx([row[3] for row in theirs], rel=1e-4)
    assert len(ours) >= 5
    assert {row[2] for row in ours} == {True, False}


def test_variant_keys_are_those_of_the_job() -> None:
    queries = [
        "손흥민, 경기", "3·1절", "3ㆍ1절", "node.js", "c++ 책", "a .net b", "1,000원", "3.5 + 4",
        "!!! ?", "2026-11-22", "c# +", "é à", "카카오 톡", "x+y", "10 000", "#1", "ㆍ",
    ]  # fmt: skip
    keys = variant_keys(pl.Series("query", queries)).to_list()

    assert [variant_key(query) for query in queries] == keys


def test_nothing_planted_nothing_bursts(counts: Counts) -> None:
    assert Truth().bursting(len(counts.hours)).sum() == 0


def restless_file(folder: Path) -> Path:
    """A level that rises at hour 360 (of 480), and a programme that is known from hour 400 on."""

    def hour(number: int) -> str:
        return f"{START + number * HOUR:%Y-%m-%dT%H:%M:%S%z}"

    rise = {"query": "새 서비스", "start": hour(360), "news_until": hour(384)}
    rise["must_not_trend_from"] = hour(456)
    programme = {"query": "노래방", "must_not_trend_from": hour(400)}
    return truth_file(
        folder, rises=[rise], habits=[programme], parameters={"holidays": ["2026-03-02"]}
    )


def test_a_level_that_rose_is_news_for_a_day_and_wrong_after_four(tmp_path: Path) -> None:
    people = BURST | {"새 서비스": {hour: 40 for hour in range(360, HOURS)}}
    people["노래방"] = {63: 50, 231: 50, 399: 50}
    counts = counts_of(*frames(people))
    truth = read_truth(restless_file(tmp_path), counts)
    new, weekly = counts.group_of["새 서비스"], counts.group_of["노래방"]
    hour = np.array([360, 383, 384, 399, 455, 456, 470])
    group = np.array([new, new, new, weekly, new, new, new])
    rows = Rows(hour, group, np.ones(len(hour)))

    assert judged(rows, truth).tolist() == [
        ISSUE, ISSUE, NEUTRAL, NEUTRAL, NEUTRAL, WRONG, WRONG
    ]  # fmt: skip


def test_the_habit_of_a_restless_log_is_that_of_the_same_hour_on_days_of_its_kind(
    tmp_path: Path,
) -> None:
    # Saturdays are days 5, 12 and 19; what bursts on one of them is no habit, what is there on all
    # of them is one. The programme comes on three Tuesdays.
    people = BURST | {"새 서비스": {hour: 40 for hour in range(360, HOURS)}}
    people["등산"] = {5 * 24 + 9: 30, 12 * 24 + 9: 34, 19 * 24 + 9: 32, 15 * 24 + 9: 99}
    people["노래방"] = {63: 50, 231: 40, 399: 60}
    counts = counts_of(*frames(people))
    habit = read_truth(restless_file(tmp_path), counts).habit

    assert habit is not None
    hike, new, weekly = (counts.group_of[query] for query in ("등산", "새 서비스", "노래방"))
    assert habit[[12 * 24 + 9, 15 * 24 + 9], hike].tolist() == [32, 0]
    assert habit[[359, 360, 383, 384, 479], new].tolist() == [0, 0, 0, 40, 40]
    assert habit[231, weekly] == 50


def test_how_restless_true_boards_are() -> None:
    people = {"늘": steady(1000), "가": {400: 50, 401: 50, 405: 50}, "가 나이": {400: 20, 401: 20}}
    people["나"] = {401: 30}
    counts = counts_of(*frames(people))
    truth = Truth()
    truth.add(counts, ["가"], ["가 나이"], np.array([400, 401]))
    truth.add(counts, ["나"], [], np.array([401]))
    truth.add(counts, ["가"], [], np.array([405]))

    found = restlessness(counts, truth, first=400, top=20)

    # Rows: 가 and 가 나이; both and 나; at 405 가 alone. New: 나, and 가 again.
    assert found.rows == 6 / 80
    assert found.new == 2 / 79
    assert found.sharing == 4 / 6
    assert found.returning == 1 / 4  # stays of 2, 2, 1 and 1 hours
    assert found.stays[0] == 1.5
    assert "25% of stays are of names that were there before; 67% of rows share" in str(found)


def test_parts_of_ours_can_be_left_out() -> None:
    # Eight people in two forms, of which neither reaches the floor alone; a burst at the same hour
    # as one and two weeks ago; a level that has stayed for two days; a rise that is no surprise.
    people: dict[str, dict[int, int]] = {"늘": steady(1000)}
    people["두 말"], people["두말"] = {100: 9, 479: 4}, {479: 4}
    people["노래방"] = {479: 60, 479 - 168: 60, 479 - 336: 60}
    people["서비스"] = {hour: 50 for hour in range(479 - 60, HOURS)}
    people["조금"] = {479: 6} | {479 - 24 * day: 2 for day in range(1, 15)}
    counts = replace(counts_of(*frames(people)), forms_add_up=True)

    def shown(**options: bool) -> set[str]:
        rows = trending.our_rows(counts, Truth(), replace(OURS, **options))
        return {counts.commonest(479, group) for group in rows.group[rows.hour == 479].tolist()}

    assert shown() == {"두 말", "조금"}
    assert shown(weekly=False) == {"두 말", "조금", "노래방"}
    assert shown(recent=False) == {"두 말", "조금", "서비스"}
    assert shown(any_form=False) == {"조금"}
    assert shown(surprises_alone=True) == {"두 말"}
