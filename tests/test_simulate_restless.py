"""A portal's log as restless as real boards: bursts come back, levels rise and stay."""

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from silgeom.simulate import Simulation
from silgeom.simulate.__main__ import main
from silgeom.simulate.parameters import BURSTS_A_WEEK, with_defaults
from silgeom.simulate.plan import Event, Plan
from silgeom.simulate.queries import build_queries
from silgeom.simulate.restless import KINDS
from silgeom.simulate.restless_plan import restless_plan
from tests.test_simulate import Search, _lines

DAYS = 8
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Three weeks of a middle portal."""
    parameters = with_defaults({"plan": "restless", "days": 21, "attack": True})
    return restless_plan(parameters, build_queries(), np.random.default_rng(8))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight days of 30,000 searches."""
    directory = tmp_path_factory.mktemp("restless")
    chosen = {"plan": "restless", "days": DAYS, "searches": DAYS * 30_000, "seed": 9}
    Simulation(with_defaults(chosen)).write(directory)
    return directory


@pytest.fixture(scope="module")
def truth(place: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((place / "truth.json").read_text("utf-8"))
    return told


@pytest.fixture(scope="module")
def people(place: Path) -> dict[str, dict[datetime, set[str]]]:
    """Query → hour → who searched it."""
    found: dict[str, dict[datetime, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in sorted((place / "logs").iterdir()):
        for line in _lines(path):
            if isinstance(line, Search):
                found[line.query][line.hour].add(line.user)
    return found


def began(event: Event) -> int:
    return event.day * 24 + event.hour


def boards(plan: Plan) -> list[set[str]]:
    """The twenty bursts of each hour for which most people come, in the last two weeks."""
    came: dict[int, Counter[str]] = defaultdict(Counter)
    news = [(event, event.people) for event in plan.bursts]
    news += [(rise.event, rise.event.people[:24]) for rise in plan.rises]
    for event, by_hour in news:
        for late, number in enumerate(by_hour):
            came[began(event) + late][event.phrasings[0]] += number
    return [{name for name, _ in came[hour].most_common(20)} for hour in range(7 * 24, 21 * 24)]


def stays(of_hours: list[set[str]]) -> list[int]:
    """How many hours each name stayed, each time."""
    since: dict[str, int] = {}
    found = []
    for hour, board in enumerate([*of_hours, set()]):
        found += [hour - since.pop(name) for name in list(since) if name not in board]
        since |= {name: hour for name in board - since.keys()}
    return found


def test_boards_of_the_plan_are_as_restless_as_real_ones(plan: Plan) -> None:
    hourly = boards(plan)
    new = [len(after - before) for before, after in pairwise(hourly)]
    hours = stays(hourly)

    # 48 days of a real portal: nine new names an hour; stays of 1 hour, one in a hundred of 21.
    assert np.mean([len(board) for board in hourly]) > 19
    assert 8 <= np.mean(new) <= 11
    assert np.median(hours) == 1
    assert 17 <= np.quantile(hours, 0.99) <= 25


def test_two_bursts_in_five_are_of_names_that_come_back(plan: Plan) -> None:
    last: dict[str, int] = {}
    gaps = []
    for event in plan.bursts:
        name = event.phrasings[0]
        assert (event.shape == "returning") == (name in last), name
        if name in last:
            gaps.append(began(event) - last[name])
        last[name] = began(event)

    # 40 % are to come back, where there is a name of the age that was drawn.
    assert 0.33 <= len(gaps) / len(plan.bursts) <= 0.42
    after_a_day = np.mean([20 <= gap <= 28 for gap in gaps])
    after_a_week = np.mean([160 <= gap <= 176 for gap in gaps])
    assert 0.25 <= after_a_day <= 0.42  # 30 %, and some of those at any time
    assert 0.12 <= after_a_week <= 0.30
    assert 1 - after_a_day - after_a_week >= 0.35


def test_no_name_comes_back_before_it_is_over(plan: Plan) -> None:
    ended: dict[str, int] = {}
    for event in plan.bursts:
        name = event.phrasings[0]
        assert began(event) > ended.get(name, -2) + 1, name
        ended[name] = began(event) + len(event.people)


def test_levels_rise_and_stay_to_the_end(plan: Plan) -> None:
    assert len(plan.rises) == 2 * 21
    assert {rise.kind for rise in plan.rises} == {"all day", "some hours"}
    for rise in plan.rises:
        people = rise.event.people
        assert began(rise.event) + len(people) > 20 * 24, rise.event.phrasings
        if rise.kind == "some hours" and len(people) > 48:
            # Three hours of the day have nearly all of it.
            by_hour = np.sort(np.bincount(np.arange(len(people)) % 24, weights=people))
            assert by_hour[-3:].sum() > 0.7 * by_hour.sum()


def test_a_week_has_as_many_bursts_as_its_kinds_say() -> None:
    assert sum(kind.a_day for kind in KINDS) * 7 == BURSTS_A_WEEK


def test_a_level_that_rose_is_told_and_holds(
    truth: dict[str, Any], people: dict[str, dict[datetime, set[str]]]
) -> None:
    assert len(truth["rises"]) >= DAYS  # two a day, but that of 1.05 people an hour may never begin
    end = datetime.fromisoformat("2026-03-02T00:00:00+09:00") + DAYS * 24 * HOUR
    held = 0
    for rise in truth["rises"]:
        start = datetime.fromisoformat(rise["start"])
        hours = people[rise["query"]]
        assert min(hours, default=start) >= start, rise["query"]
        assert datetime.fromisoformat(rise["news_until"]) - start == 24 * HOUR
        assert datetime.fromisoformat(rise["must_not_trend_from"]) - start == 96 * HOUR
        first = sum(len(who) for hour, who in hours.items() if hour < start + 24 * HOUR)
        last = sum(len(who) for hour, who in hours.items() if hour >= end - 24 * HOUR)
        if first >= 50 and end - start > 48 * HOUR:
            # A Monday and a Saturday have 0.8 to 1.1 of an ordinary day; an evening's start cuts.
            assert 0.5 <= last / first <= 2.0, rise["query"]
            held += 1
    assert held >= 3


def test_truth_counts_the_people_of_each_burst(
    truth: dict[str, Any], people: dict[str, dict[datetime, set[str]]]
) -> None:
    robots = {robot["user"] for robot in truth["robots"]}
    assert len(truth["bursts"]) > 1_000
    for burst in truth["bursts"]:
        for hour, number in burst["searchers"].items():
            moment = datetime.fromisoformat(hour)
            who = set().union(*(people[text].get(moment, set()) for text in burst["phrasings"]))
            assert len(who - robots) == number, (burst["query"], hour)


def test_questions_that_bursts_lead_to_are_told(truth: dict[str, Any]) -> None:
    asked = [hours for burst in truth["bursts"] for hours in burst["follow_up_searchers"].values()]
    assert len(asked) > 10
    assert min(number for hours in asked for number in hours.values()) >= 5


def test_queries_have_their_own_hours(people: dict[str, dict[datetime, set[str]]]) -> None:
    # By the seasons alone, queries of one topic would share their best hour. Of 20 that many
    # search, the best hours of the day are many.
    of_day = {
        query: np.bincount([h.hour for h, who in hours.items() for _ in who], minlength=24)
        for query, hours in people.items()
    }
    busiest = sorted(of_day, key=lambda query: -of_day[query].sum())[:40]
    assert len({int(of_day[query].argmax()) for query in busiest}) >= 10


def test_without_bursts_no_level_rises_either(tmp_path: Path) -> None:
    options = ["--plan", "restless", "--days", "15", "--searches", "3000", "--bursts", "0"]
    assert main([str(tmp_path), *options]) == 0
    told = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert (told["bursts"], told["rises"]) == ([], [])
    assert len(told["habits"]) == 44  # 4 each day, 40 programmes


def test_programmes_are_habits_from_the_third_time_on(truth: dict[str, Any], plan: Plan) -> None:
    # Eight days have no third time of anything weekly.
    programmes = [habit for habit in truth["habits"] if habit["query"].endswith(" 방송")]
    assert {habit["must_not_trend_from"] for habit in programmes} == {None}
    known = [habit for habit in plan.habits if habit.shown_after is not None]
    assert len(known) > 5  # of three weeks, those that begin in the first
    for habit in known:
        times = sorted(began(e) // 24 for e in plan.regular if e.phrasings[0] == habit.query)
        assert habit.shown_after is not None
        assert habit.shown_after // 24 - times[0] in (7, 14)  # nobody may have come the first time


def test_the_same_seed_the_same_log(tmp_path: Path) -> None:
    chosen = {"plan": "restless", "days": 2, "searches": 6_000}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        Simulation(with_defaults(chosen | {"seed": seed})).write(tmp_path / name)
    logs = {name: (tmp_path / name / "logs/2026-03-03.tsv").read_bytes() for name in "abc"}
    assert logs["a"] == logs["b"] != logs["c"]
