"""A portal's log with a plan drawn at random: the truth holds, and nothing comes twice."""

import json
import random
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from silgeom.simulate import Simulation
from silgeom.simulate.__main__ import main
from silgeom.simulate.names import LENGTHENINGS, lengthened
from silgeom.simulate.parameters import with_defaults
from silgeom.simulate.queries import build_queries
from silgeom.simulate.random_plan import random_plan
from tests.test_simulate import Search, _content, _lines

QUIET_UNTIL = datetime.fromisoformat("2026-03-16T00:00:00+09:00")
SMALL = {"plan": "random", "searches": 40_000, "days": 17, "users": 6_000, "attack": True}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventeen days, of which fourteen are quiet, with attacks."""
    directory = tmp_path_factory.mktemp("portal")
    Simulation(with_defaults(SMALL)).write(directory)
    return directory


@pytest.fixture(scope="module")
def truth(place: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((place / "truth.json").read_text("utf-8"))
    return told


@pytest.fixture(scope="module")
def searches(place: Path) -> list[Search]:
    lines = (line for path in sorted((place / "logs").iterdir()) for line in _lines(path))
    return list(dict.fromkeys(line for line in lines if isinstance(line, Search)))


@pytest.fixture(scope="module")
def people(searches: list[Search], truth: dict[str, Any]) -> dict[tuple[datetime, str], set[str]]:
    """(hour, query) → who searched it, machines and fake accounts left out."""
    fake = {robot["user"] for robot in truth["robots"]}
    fake |= {account for attack in truth["attacks"] for account in attack["accounts"]}
    found = defaultdict(set)
    for search in searches:
        if search.user not in fake:
            found[search.hour, search.query].add(search.user)
    return found


def test_twenty_bursts_a_week_after_the_quiet_days(truth: dict[str, Any]) -> None:
    # 3 days of 17 are not quiet: 20 x 3 / 7 = 8.6
    assert len(truth["bursts"]) == 9
    starts = [datetime.fromisoformat(burst["start"]) for burst in truth["bursts"]]
    assert min(starts) >= QUIET_UNTIL


def test_truth_counts_the_people_of_each_burst(
    truth: dict[str, Any], people: dict[tuple[datetime, str], set[str]]
) -> None:
    for burst in truth["bursts"]:
        for hour, number in burst["searchers"].items():
            who = [people.get((datetime.fromisoformat(hour), q), set()) for q in burst["phrasings"]]
            assert len(set().union(*who)) == number, (burst["query"], hour)
        # At 40,000 searches the least burst has the least size that anybody could see. Of the 12
        # people some slip (4 %), or write together what belongs apart (5 %).
        assert max(burst["searchers"].values()) >= 8


def test_what_a_burst_brings_people_to_is_told(
    truth: dict[str, Any], people: dict[tuple[datetime, str], set[str]]
) -> None:
    told = 0
    for burst in truth["bursts"]:
        assert burst["follow_ups"] == list(burst["follow_up_searchers"])
        for query, hours in burst["follow_up_searchers"].items():
            for hour, number in hours.items():
                found = len(people.get((datetime.fromisoformat(hour), query), ()))
                # Of those who came few slip or are blank (about 10 %); others may ask it, too.
                assert found >= 0.6 * number, (query, hour)
                told += 1
    assert told > 10


def test_never_seen_before_is_never_seen_before(
    truth: dict[str, Any], searches: list[Search]
) -> None:
    first: dict[str, datetime] = {}
    for search in searches:
        first[search.query] = min(search.at, first.get(search.query, search.at))
    new = [burst for burst in truth["bursts"] if burst["never_seen"]]
    assert len(new) >= 4
    for burst in new:
        assert min(first[q] for q in burst["phrasings"]) >= datetime.fromisoformat(burst["start"])


def test_hundreds_of_bursts_have_names_of_their_own() -> None:
    # 20 bursts a week in 100 weeks; only what returns has its old name.
    parameters = with_defaults(SMALL | {"days": 714, "searches": 1_000_000, "attack": False})
    plan = random_plan(parameters, build_queries(), np.random.default_rng(4))
    assert len(plan.bursts) == 2_000
    names = Counter(b.phrasings[0] for b in plan.bursts if b.shape != "returning")
    assert max(names.values()) == 1
    shapes = Counter(burst.shape for burst in plan.bursts)
    assert set(shapes) == {"sudden", "slow", "short", "night", "plateau", "returning"}
    assert min(shapes.values()) > 150
    assert sum(len(burst.phrasings) > 1 for burst in plan.bursts) > 200
    assert sum(not burst.never_seen for burst in plan.bursts) > 400


def test_attacks_are_counted_and_nobody_else_asks_for_their_wares(
    truth: dict[str, Any], searches: list[Search]
) -> None:
    assert {attack["kind"]: attack["users"] for attack in truth["attacks"]} == {
        "one_user": 1,
        "ten_users": 10,
        "fake_users": 200,
        "disguised_users": 200,
        "click_farm": 60,
        "seller": 1,
        "sellers": 20,
    }
    for attack in truth["attacks"]:
        pushed = [search for search in searches if search.query == attack["query"]]
        assert {search.user for search in pushed} <= set(attack["accounts"])
        hours = Counter(search.hour.isoformat() for search in pushed)
        assert dict(hours) == attack["searches"]
        others = [search for search in searches if search.user in set(attack["accounts"])]
        assert (len(others) > len(pushed)) == (attack["other_searches_each"] > 0)


def test_weekly_habits_come_each_week(
    truth: dict[str, Any], people: dict[tuple[datetime, str], set[str]]
) -> None:
    weekly = [habit for habit in truth["habits"] if habit["days"].endswith("days")]
    names = {habit["days"] for habit in weekly}
    assert {"Mondays", "Wednesdays", "Fridays", "Saturdays", "Sundays"} <= names
    monday = datetime.fromisoformat("2026-03-02T08:00:00+09:00")
    counts = [
        len(people.get((monday + timedelta(days=7 * week), "주간 업무보고 양식"), ()))
        for week in range(3)
    ]
    assert min(counts) >= 1
    assert {habit["must_not_trend_from"] for habit in weekly if habit["days"] == "Mondays"} == {
        "2026-03-16T00:00:00+09:00"
    }


def test_without_bursts_there_are_cycles_only(tmp_path: Path) -> None:
    options = ["--plan", "random", "--days", "15", "--searches", "3000", "--bursts", "0"]
    assert main([str(tmp_path), *options]) == 0
    told = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert (told["bursts"], told["attacks"]) == ([], [])
    assert len(told["habits"]) > 8


def test_much_of_what_is_typed_was_never_typed_before(
    searches: list[Search], people: dict[tuple[datetime, str], set[str]]
) -> None:
    usual = [s for s in searches if s.user in people[s.hour, s.query]]
    ordered = sorted(usual, key=lambda search: search.at)
    late = len(ordered) * 9 // 10
    known = {search.query for search in ordered[:late]}
    new = sum(search.query not in known for search in ordered[late:])
    assert 0.25 < new / (len(ordered) - late) < 0.6


def test_every_way_to_make_a_query_longer_is_another() -> None:
    chance = random.Random(3)
    numbers = {*range(3_000), *(chance.randrange(LENGTHENINGS) for _ in range(3_000))}
    assert len({lengthened("날씨", number) for number in numbers}) == len(numbers)


def test_the_same_options_the_same_log(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text('plan = "random"\nsearches = 2_000\ndays = 2\nslips = 0\nquiet_days = 1\n')
    for name, more in (("a", []), ("b", []), ("c", ["--seed", "3"])):
        assert main([str(tmp_path / name), "--parameters", str(file), *more]) == 0
    logs = {name: _content(tmp_path / name / "logs/2026-03-03.tsv") for name in "abc"}
    assert logs["a"] == logs["b"] != logs["c"]
    told = json.loads((tmp_path / "c" / "truth.json").read_text("utf-8"))
    assert (told["parameters"]["seed"], told["parameters"]["slips"]) == (3, 0.0)
    assert not any(change["kind"] == "slip" for change in told["corrections"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("serches = 1000", "there is no parameter 'serches'; known are searches, days,"),
        ('searches = "many"', "searches must be a whole number, got 'many'"),
        ("searches = 1.5", "searches must be a whole number, got 1.5"),
        ("attack = 1", "attack must be true or false, got 1"),
        ("start = 3", "start must be a date such as 2026-03-02, got 3"),
        ("holidays = [1]", "holidays must be a list of dates such as 2026-03-02"),
        ("slips = 1.5", "slips must be from 0 to 1, got 1.5"),
        ("blank = 0.9\nbroken = 0.2", "blank and broken together must not exceed 1"),
        ('plan = "wild"', "plan must be sample, random or restless, got 'wild'"),
        ("bursts = -1", "must not be negative"),
        ("least_people = 9\nmost_people = 3", "got 9 and 3"),
        ("days = 0", "at least 1,000 searches, 100 users and 1 day"),
        ("= 3", "is not TOML"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_wrong_parameter_is_one_sentence(
    text: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "parameters.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path / "log"), "--parameters", str(file)])
    error = capsys.readouterr().err
    assert (stopped.value.code, sentence in error) == (2, True), error
    assert not (tmp_path / "log").exists()
