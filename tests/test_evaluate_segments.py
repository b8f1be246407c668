"""Segments held against planted types: the index, the rivals, the ceiling, and the command."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("sklearn")

from sklearn.metrics import adjusted_rand_score

from silgeom.__main__ import main as silgeom
from silgeom.evaluate import segments
from silgeom.evaluate.log import EvaluationError, Ints
from silgeom.evaluate.planted_types import (
    Labels,
    People,
    people_as_found,
    people_of,
    planted_topics,
    read_labels,
)
from silgeom.simulate.__main__ import main as simulate
from silgeom.simulate.compare import main as compare

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
LABELS = Labels(
    topics=["여행", "금융", "게임"],
    everybody=np.array([0.4, 0.3, 0.3]),
    types=np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]),
    typed=0.9,
    people=pl.DataFrame({"user": ["a", "b"], "type": [0, 1]}),
    queries={"제주도 항공권": 0, "환율": 1, "메이플 직업": 2},
)


def people(searches_each: int, count: int = 600) -> People:
    """People of three types who search so often each, as their type does."""
    random = np.random.default_rng(3)
    kinds = np.arange(count) % 3
    rows = pl.DataFrame(
        {
            "user_id": np.repeat(np.arange(count), searches_each),
            "type": np.repeat(kinds, searches_each),
            "query": [
                f"{random.choice(3, p=LABELS.interests[kind])} {number}"
                for kind in kinds
                for number in range(searches_each)
            ],
            "searched_at": [
                BEGIN + timedelta(hours=2 * number)
                for _ in kinds
                for number in range(searches_each)
            ],
        },
        schema_overrides={"searched_at": pl.Datetime("us", "UTC")},
    )
    known = [(f"{topic} {number}", topic) for topic in range(3) for number in range(searches_each)]
    topics = pl.DataFrame(known, schema=["query", "topic"], orient="row")
    return people_of(rows, topics, "Asia/Seoul")


def partitions(of: int, share_moved: float) -> tuple[Ints, Ints]:
    random = np.random.default_rng(1)
    one = random.integers(0, 4, of)
    other = np.where(random.random(of) < share_moved, random.integers(0, 4, of), one)
    return one, other


def test_one_partition_under_other_names_agrees_wholly() -> None:
    one, _ = partitions(500, 0.0)
    found = segments.agreement(one, (one + 1) % 4 + 10)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_partitions_by_chance_do_not_agree() -> None:
    one, other = partitions(2_000, 1.0)
    found = segments.agreement(one, other)
    assert found.low < 0.01
    assert abs(found.value) < 0.02


def test_the_interval_holds_the_index_and_is_narrower_with_more_people() -> None:
    one, other = partitions(200, 0.3)
    few = segments.agreement(one, other)
    many = segments.agreement(*partitions(20_000, 0.3))
    assert few.value == pytest.approx(adjusted_rand_score(one, other))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 5


def test_drawn_tables_have_the_index_that_scikit_learn_gives_their_people() -> None:
    """Rounds draw cells of the table: the same index, computed from the cells."""
    one, other = partitions(3_000, 0.5)
    cells = np.zeros((1, 4, 4))
    np.add.at(cells[0], (one, other), 1)
    assert segments._adjusted(cells)[0] == pytest.approx(adjusted_rand_score(one, other))


def test_a_query_that_was_made_longer_has_its_topic_and_a_slip_has_none() -> None:
    queries = [
        "환율",
        "환율 추천",
        "하늘동 환율",
        "하늘동 제주도 항공권 후기 모음",
        "제주도항공권",
        "혼율",
    ]
    found = planted_topics(queries, LABELS)
    assert dict(found.rows()) == {
        "환율": 1,
        "환율 추천": 1,
        "하늘동 환율": 1,
        "하늘동 제주도 항공권 후기 모음": 0,
        "제주도항공권": 0,
    }


def test_a_topic_counts_once_in_a_session_and_each_time_in_searches() -> None:
    minutes = [0, 5, 10, 300]  # the last is a session of its own
    rows = pl.DataFrame(
        {
            "user_id": [7] * 4,
            "type": [1] * 4,
            "query": ["환율", "환율", "제주도 항공권", "환율"],
            "searched_at": [BEGIN + timedelta(minutes=at) for at in minutes],
        },
        schema_overrides={"searched_at": pl.Datetime("us", "UTC")},
    )
    one = people_of(rows, planted_topics(rows["query"].unique().to_list(), LABELS), "Asia/Seoul")
    assert one.all_searches.tolist() == [4]
    assert one.searches.toarray().tolist() == [[1.0, 3.0]]
    assert one.sessions.toarray().tolist() == [[1.0, 2.0]]
    # Monday, 9 and 14 o'clock in Seoul.
    assert np.flatnonzero(one.times.toarray()[0]).tolist() == [9, 14]


def test_interests_of_the_pipeline_are_split_into_topics_and_times() -> None:
    rows = pl.DataFrame(
        {"user_id": [3, 3, 8], "type": [0, 0, 2], "query": ["환율"] * 3},
    )
    interests = pl.DataFrame(
        {
            "user_id": [8, 8, 3, 99, 8],
            "feature": [2, 1_005, 1, 1, 2_001],  # the last is a kind of use
            "weight": [1.5, 2.0, 4.0, 7.0, 9.0],
        }
    )
    found = people_as_found(rows, interests)
    assert found.user_id.tolist() == [3, 8]
    assert found.searches.toarray().tolist() == [[0, 4.0, 0], [0, 0, 1.5]]
    assert found.interests["user_id"].to_list() == [3, 8, 8, 8]
    assert found.times.shape == (2, 6)
    assert found.times.toarray()[:, 5].tolist() == [0, 2.0]


def figures(of: People, members: pl.DataFrame | None = None) -> dict[str, dict[str, Any]]:
    rows = segments.evaluate(of, members).to_dict("records")
    return {str(row["method"]): {str(name): row[name] for name in row} for row in rows}


@pytest.mark.slow
def test_who_searches_much_is_put_right_and_nobody_beats_who_knows_the_types() -> None:
    much, once = figures(people(30, 240)), figures(people(1, 300))
    assert much["mixture of multinomials"]["all"] > 0.9
    assert much["k-means on shares"]["20–49"] > 0.9
    assert much[segments.TOLD]["all"] > 0.8
    ceiling = once[segments.CEILING]["all"]
    assert 0.2 < ceiling < 0.6  # one search is of the type's own topic in 0.75 of the cases
    assert np.isnan(once["LDA"]["5–9"])
    for row in once.values():
        assert row["all"] <= ceiling + 0.02


def test_segments_of_the_pipeline_are_measured_whoever_has_none_together() -> None:
    of = people(5, 150)
    right = pl.DataFrame({"user_id": of.user_id, "segment": of.type + 5})
    assert figures(of, right)["Silgeom"]["all"] == 1.0
    assert 0.1 < figures(of, right.head(75))["Silgeom"]["all"] < 0.5


@pytest.mark.slow
def test_halves_of_people_with_clear_types_agree() -> None:
    found = segments.halves(people(30, 300), 3).set_index("method")["all"]
    assert found["mixture of multinomials"] > 0.9
    assert found[segments.TOLD] > 0.8


def test_each_type_has_its_segment_and_how_far_its_interests_are_from_those_simulated() -> None:
    of = people(20)
    found = segments.types_found(of, LABELS, of.type * 10)
    assert found["segment"].tolist() == [0, 10, 20]
    assert found["its people in it"].tolist() == found["of its people"].tolist() == [1.0] * 3
    assert (found["apart"] < 0.003).all()
    two_in_one = segments.types_found(of, LABELS, np.minimum(of.type, 1))
    assert two_in_one["segment"].isna().sum() == 1
    assert two_in_one["apart"].max() > 0.05
    assert two_in_one["of its people"].min() == pytest.approx(0.5)


def test_interests_as_fitted_are_those_simulated_where_segments_are_the_types() -> None:
    of = people(20)

    right = {name: row for name, *row in segments.interests_apart(of, LABELS, of.type * 10)}
    one = {name: row for name, *row in segments.interests_apart(of, LABELS, 0 * of.type)}

    assert list(right) == [*(f"interests of type {each}" for each in range(3)), "interests"]
    for there, back, shannon, noise in right.values():
        assert shannon == pytest.approx(noise)  # the segment has the type's people, no others
        assert noise < 0.003
        assert max(there, back) < 0.01
    # Of everybody's one segment each topic is a third; of a type 0.76, and 0.12 of two others.
    # JS = 0.13 bits of (0.76, 0.12, 0.12) and thirds.
    p, q = LABELS.interests[0], np.full(3, 1 / 3)
    middle = (p + q) / 2
    expected = float((p * np.log2(p / middle) + q * np.log2(q / middle)).sum() / 2)
    assert one["interests"][2] == pytest.approx(expected, abs=0.01)
    assert one["interests"][3] == right["interests"][3]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of three types, taken in."""
    directory = tmp_path_factory.mktemp("segments")
    small = ["--searches", "4000", "--users", "300", "--days", "2", "--types", "3"]
    simulate([str(directory), *small])
    silgeom(["run", "ingest", "--landing", f"{directory}/logs", "--root", f"{directory}/root"])
    return directory


@pytest.mark.slow
def test_the_command_prints_rivals_and_the_ceiling(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segments.main([str(place / "root"), "--labels", str(place / "types.json")])
    told = capsys.readouterr().out
    assert "3 types" in told
    for name in ("k-means on raw counts", "LDA", "NMF", segments.CEILING, "two halves"):
        assert name in told


def test_what_is_no_file_of_types_is_one_sentence(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        segments.main([str(place / "root"), "--labels", str(place / "truth.json")])
    assert stopped.value.code == 2
    assert "name types.json of a log" in capsys.readouterr().err


def test_simulated_and_fitted_interests_join_the_comparison_of_logs(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("graspologic_native")
    root, types = str(place / "root"), str(place / "types.json")

    with pytest.raises(SystemExit) as stopped:
        compare([root, root, "--types", types])
    assert stopped.value.code == 2
    assert "make them with silgeom run segments first" in capsys.readouterr().err
    silgeom(["run", "segments", "--landing", f"{place}/logs", "--root", root])
    capsys.readouterr()
    assert compare([root, root, "--types", types]) == 0

    rows = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert rows[-4:] == [*(f"interests of type {each}" for each in range(3)), "interests"]
    with pytest.raises(SystemExit):
        compare([root, root, "--types", str(place / "truth.json")])
    assert "name types.json of a log" in capsys.readouterr().err


def test_labels_of_another_log_are_told(place: Path, tmp_path: Path) -> None:
    told = json.loads((place / "types.json").read_text("utf-8"))
    told["people"] = {"somebody else": 0}
    other = tmp_path / "types.json"
    other.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(EvaluationError, match="nobody of the labels"):
        list(segments.told(place / "root", read_labels(other), most=1000))
