"""People of types: the labels say who is of which, and the log follows them."""

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipeline.results.category_spread import declared_shopping, parsed_rules
from silgeom.simulate import Simulation
from silgeom.simulate.__main__ import main
from silgeom.simulate.parameters import with_defaults
from silgeom.simulate.person_types import person_types
from tests.test_simulate import Search, _content, _lines

TYPED = {"plan": "random", "searches": 30_000, "days": 7, "users": 2_000, "types": 4, "bursts": 0.0}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of people of four types."""
    directory = tmp_path_factory.mktemp("typed")
    Simulation(with_defaults(TYPED)).write(directory)
    return directory


@pytest.fixture(scope="module")
def told(place: Path) -> dict[str, Any]:
    labels: dict[str, Any] = json.loads((place / "types.json").read_text("utf-8"))
    return labels


@pytest.fixture(scope="module")
def searches(place: Path, told: dict[str, Any]) -> list[Search]:
    """Of people of types: not of robots."""
    lines = (line for path in sorted((place / "logs").iterdir()) for line in _lines(path))
    found = dict.fromkeys(line for line in lines if isinstance(line, Search))
    return [search for search in found if search.user in told["people"]]


def test_everybody_is_of_a_type_and_each_type_has_its_share(told: dict[str, Any]) -> None:
    assert len(told["people"]) == 2_000
    people = Counter(told["people"].values())
    for each in told["types"]:
        assert abs(people[each["type"]] / 2_000 - each["share"]) < 0.04


def test_people_look_for_what_their_type_looks_for_and_for_what_everybody_types(
    told: dict[str, Any], searches: list[Search]
) -> None:
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for search in searches:
        if topic := told["queries"].get(search.query):
            found[told["people"][search.user]][topic] += 1
    typed = 0.6  # the default
    for each in told["types"]:
        counts = found[each["type"]]
        for topic, share in each["topics"].items():
            expected = typed * share + (1 - typed) * told["everybody"][topic]
            assert abs(counts[topic] / counts.total() - expected) < 0.05, (each["type"], topic)


def test_each_type_is_more_active_in_its_hours(
    told: dict[str, Any], searches: list[Search]
) -> None:
    def share(kind: int, hours: range, weekdays: range) -> float:
        mine = [s.at for s in searches if told["people"][s.user] == kind]
        inside = [at for at in mine if at.hour in hours and at.weekday() in weekdays]
        return len(inside) / len(mine)

    by_words = {each["when"]: each["type"] for each in told["types"]}
    work, evenings = by_words["working hours"], by_words["evenings"]
    # The first day, a Monday, is a holiday.
    assert share(work, range(9, 18), range(1, 5)) > 1.3 * share(evenings, range(9, 18), range(1, 5))
    assert share(evenings, range(19, 23), range(7)) > 1.3 * share(work, range(19, 23), range(7))


def test_many_people_search_a_few_times_and_some_very_often(searches: list[Search]) -> None:
    each = np.sort(list(Counter(search.user for search in searches).values()))
    assert (each < 5).mean() > 0.25
    assert each[-1] > 20 * np.median(each)
    repeats = Counter((search.user, search.query) for search in searches)
    assert sum(count for count in repeats.values() if count > 1) > 0.05 * len(searches)


def test_a_typed_log_has_about_the_lines_asked_for(place: Path) -> None:
    truth = json.loads((place / "truth.json").read_text("utf-8"))
    assert 0.9 * 30_000 < sum(file["lines"] for file in truth["files"]) < 1.1 * 30_000


def test_first_favourites_are_of_one_type_alone_and_the_others_may_be_shared() -> None:
    usual = np.full(24, 1 / 24)
    types = person_types(6, usual, np.random.default_rng(1))
    favourites = [np.argsort(-each.topics)[:2].tolist() for each in types]
    assert len({topic for pair in favourites for topic in pair}) > 9
    for each in types:
        assert each.topics.sum() == pytest.approx(1.0)
        assert each.topics.min() > 0
    assert sum(each.share for each in types) == pytest.approx(1.0)


def test_the_same_options_write_the_same_labels_and_without_types_there_are_none(
    tmp_path: Path,
) -> None:
    small = ["--searches", "2000", "--users", "200", "--days", "1"]
    for name in ("a", "b"):
        assert main([str(tmp_path / name), "--types", "3", *small]) == 0
    assert main([str(tmp_path / "c"), *small]) == 0

    for file in ("types.json", "truth.json", "logs/2026-03-02.tsv.gz"):
        assert _content(tmp_path / "a" / file) == _content(tmp_path / "b" / file)
    assert not (tmp_path / "c/types.json").exists()
    told = json.loads((tmp_path / "a/truth.json").read_text("utf-8"))["parameters"]
    assert (told["types"], told["typed"]) == (3, 0.6)
    without = json.loads((tmp_path / "c/truth.json").read_text("utf-8"))["parameters"]
    assert "types" not in without


@pytest.fixture(scope="module")
def of_uses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of people of four types, each with a use of its own."""
    directory = tmp_path_factory.mktemp("uses")
    chosen = TYPED | {"uses": True, "bursts": 20.0, "quiet_days": 0}
    Simulation(with_defaults(chosen)).write(directory)
    return directory


def test_each_type_searches_more_for_what_it_uses_the_search_for(of_uses: Path) -> None:
    told = json.loads((of_uses / "types.json").read_text("utf-8"))
    paths = sorted((of_uses / "logs").iterdir())
    found = [line for path in paths for line in _lines(path) if isinstance(line, Search)]
    people: dict[str, Counter[str]] = defaultdict(Counter)
    queries: dict[str, set[str]] = defaultdict(set)
    for search in dict.fromkeys(each for each in found if each.user in told["people"]):
        use = told["types"][told["people"][search.user]]["use"]
        of_query = told["uses"].get(search.query, "looking up")
        people[use][of_query] += 1
        queries[use].add(search.query)

    shares = {
        use: {of: n / counts.total() for of, n in counts.items()} for use, counts in people.items()
    }
    for use in ("navigating", "news", "shopping"):
        others = [shares[other].get(use, 0.0) for other in shares if other != use]
        assert shares[use][use] > 2 * max(others), use
    assert shares["looking up"]["looking up"] > 0.7
    each = {use: len(queries[use]) / people[use].total() for use in queries}
    assert each["looking up"] > 1.3 * each["navigating"]


def test_a_search_for_a_site_gets_a_click_on_its_first_result(of_uses: Path) -> None:
    told = json.loads((of_uses / "types.json").read_text("utf-8"))
    ranks: dict[str, Counter[str]] = defaultdict(Counter)
    for path in (of_uses / "logs").glob("*.tsv*"):
        for line in _content(path).decode("utf-8", "replace").split("\n"):
            match line.split("\t"):
                case [_, user, query, *clicked] if user in told["people"]:
                    rank = clicked[1] if len(clicked) > 1 else ""
                    ranks[told["uses"].get(query, "looking up")][rank] += 1

    sites, others = ranks["navigating"], ranks["looking up"]
    assert sites["1"] > 0.8 * sites.total()
    assert 0 < others["1"] < 0.4 * others.total()


def test_who_found_a_site_hardly_goes_on(of_uses: Path) -> None:
    told = json.loads((of_uses / "types.json").read_text("utf-8"))
    paths = sorted((of_uses / "logs").iterdir())
    found = {line for path in paths for line in _lines(path) if isinstance(line, Search)}
    mine = sorted((each for each in found if each.user in told["people"]), key=_of_person)
    went_on: dict[str, list[bool]] = defaultdict(list)
    for one, following in pairwise(mine):
        is_soon = one.user == following.user and following.at - one.at < timedelta(minutes=30)
        went_on[told["uses"].get(one.query, "looking up")].append(is_soon)

    share = {use: np.mean(each) for use, each in went_on.items()}
    assert share["navigating"] < 0.5 * share["looking up"]


def _of_person(search: Search) -> tuple[str, datetime]:
    return search.user, search.at


def test_a_service_could_declare_what_is_shopping(of_uses: Path) -> None:
    told = json.loads((of_uses / "types.json").read_text("utf-8"))["uses"]
    rules = parsed_rules((of_uses / "categories.toml").read_text("utf-8"), "rules")
    bought = pl.Series([query for query, use in told.items() if use == "shopping"])

    assert len(declared_shopping(bought, rules)) > 0.6 * len(bought)
    assert len(rules) == 24
    sites = pl.Series([query for query, use in told.items() if use == "navigating"])
    assert declared_shopping(sites, rules).is_empty()


def test_uses_without_types_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path), "--uses"])
    assert stopped.value.code == 2
    assert "how many types" in capsys.readouterr().err


def test_labels_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    small = ["--searches", "2000", "--users", "200", "--days", "1"]
    main([str(tmp_path), "--types", "3", "--uses", *small])
    assert (tmp_path / "categories.toml").exists()
    main([str(tmp_path), *small])
    assert not (tmp_path / "types.json").exists()
    assert not (tmp_path / "categories.toml").exists()


def test_more_types_than_can_be_told_apart_are_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path), "--types", "51"])
    assert stopped.value.code == 2
    assert "--types: must be from 0 to 50" in capsys.readouterr().err
