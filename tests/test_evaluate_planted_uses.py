"""Main uses of people against those that were planted: who is told right, and who could be."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipeline.counting.uses import LOOKING_UP, NAVIGATING, USES
from silgeom.evaluate.log import EvaluationError
from silgeom.evaluate.planted_types import FIRST_USE, Labels
from silgeom.evaluate.planted_uses import main, uses_found

AT = datetime(2026, 3, 2, 3, tzinfo=UTC)
NOBODYS = pl.DataFrame({"user": [], "type": []})
LABELS = Labels(
    ["any"],
    np.ones(1),
    np.ones((2, 1)),
    0.6,
    NOBODYS,
    {"유튜브": 0, "갈비찜 레시피": 0},
    (USES[NAVIGATING], USES[LOOKING_UP]),
    {"유튜브": USES[NAVIGATING]},
)


def searches_of(*people: tuple[int, list[str]]) -> pl.DataFrame:
    """People, numbered from 1, with their type and queries of one day."""
    rows = [
        (user, kind, AT, query)
        for user, (kind, queries) in enumerate(people, 1)
        for query in queries
    ]
    return pl.DataFrame(rows, schema=["user_id", "type", "searched_at", "query"], orient="row")


def interests_of(*rows: tuple[int, int, float]) -> pl.DataFrame:
    """User, use and weight; everybody has a topic as well."""
    of_uses = [(user, FIRST_USE + use, weight) for user, use, weight in rows]
    topics = [(user, 1, 9.0) for user in dict.fromkeys(user for user, _, _ in rows)]
    return pl.DataFrame([*of_uses, *topics], schema=["user_id", "feature", "weight"], orient="row")


def told_of(searches: pl.DataFrame, interests: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Of each planted use, its row."""
    found = uses_found(searches, interests, LABELS, "Asia/Seoul").to_dict("records")
    return {str(row["planted"]): {str(name): value for name, value in row.items()} for row in found}


def test_a_main_use_is_right_where_it_is_the_planted_one() -> None:
    looks = [f"갈비찜 레시피 {each}" for each in range(4)]
    sites = ["유튜브", "유튜브 1", "유튜브 2", "유튜브 3"]
    found = told_of(
        searches_of((0, [*sites, looks[0]]), (0, [*looks, "유튜브"]), (1, [*looks, "유튜브"])),
        interests_of(
            (1, NAVIGATING, 2.0), (1, LOOKING_UP, 1.0), (2, NAVIGATING, 3.0), (3, LOOKING_UP, 1.0)
        ),
    )

    navigating, looking = found["navigating"], found["looking up"]
    assert (navigating["people"], navigating["right"]) == (2, 1)
    # Of the second one's queries only one is a way to a site: nothing could tell the type.
    assert navigating["knows the queries"] == 0.5
    assert (looking["people"], looking["right"], looking["told looking up"]) == (1, 1, 1)
    assert found["all"]["people"] == 3


def test_people_of_few_searches_are_told_apart() -> None:
    found = told_of(
        searches_of((0, ["유튜브"]), (1, ["갈비찜 레시피"] * 5)),
        interests_of((1, LOOKING_UP, 1.0), (2, LOOKING_UP, 1.0)),
    )

    assert "navigating" not in found
    assert found["all of 5 searches and more"]["right"] == 1
    assert found["all"]["right"] == 0.5


def test_labels_without_uses_are_told_in_a_sentence() -> None:
    plain = Labels(["any"], np.ones(1), np.ones((1, 1)), 0.6, NOBODYS, {})

    with pytest.raises(EvaluationError, match="have no uses"):
        uses_found(searches_of((0, ["유튜브"])), interests_of((1, 0, 1.0)), plain, "Asia/Seoul")


def test_a_file_without_labels_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(tmp_path), "--labels", str(tmp_path / "none.json")])

    assert left.value.code == 2
    assert "holds no types" in capsys.readouterr().err
