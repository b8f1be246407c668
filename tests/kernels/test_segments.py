"""Kinds of people: found again where they were planted, named from day to day, described."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pipeline.counting.interests import TIMES, TOPICS, USES
from pipeline.counting.uses import LOOKING_UP, NAVIGATING, NEWS, SHOPPING
from pipeline.results.clusters import People, adjusted_rand, fit, merged
from pipeline.results.described_segments import (
    named,
    segments,
    terms,
    uses_of_segments,
    without_left_over,
)

KINDS, OF_KIND = 4, 150


def planted(*, seed: int = 5, searches: int = 14) -> tuple[pl.DataFrame, np.ndarray]:
    """People of kinds, half of whose searches are everybody's; and the kind of each."""
    random = np.random.default_rng(seed)
    everybody = 1 / np.arange(1, 61)
    everybody /= everybody.sum()
    kind = np.repeat(np.arange(KINDS), OF_KIND)
    rows = []
    for person, of in enumerate(kind):
        own = np.zeros(60)
        own[10 + 10 * of : 20 + 10 * of] = 0.1
        topics = random.multinomial(searches, (everybody + own) / 2)
        times = random.multinomial(searches, np.full(TIMES.size, 1 / TIMES.size))
        rows += [(person, TOPICS.first + at, n) for at, n in enumerate(topics) if n]
        rows += [(person, TIMES.first + at, n) for at, n in enumerate(times) if n]
    schema = {"user_id": pl.Int64, "feature": pl.Int32, "weight": pl.Float32}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("user_id", "feature"), kind


@pytest.fixture(scope="module")
def people() -> tuple[People, np.ndarray]:
    interests, kind = planted()
    return People.of(interests), kind


def test_planted_kinds_are_found_and_so_is_their_number(
    people: tuple[People, np.ndarray],
) -> None:
    found = fit(people[0])

    assert len(found.clusters) == KINDS
    assert found.agreement > 0.8
    assert adjusted_rand(people[1], found.clusters.assigned(people[0])) > 0.8


def test_who_searched_little_is_assigned_by_what_is_known(
    people: tuple[People, np.ndarray],
) -> None:
    """Not to one segment of all who are hardly known."""
    clusters = fit(people[0], number=KINDS).clusters
    few, kind = planted(seed=6, searches=3)
    of_person = clusters.assigned(People.of(few))

    assert adjusted_rand(kind, of_person) > 0.2
    assert np.bincount(of_person, minlength=KINDS).min() > OF_KIND / 3


def test_a_fit_is_the_same_at_every_run(people: tuple[People, np.ndarray]) -> None:
    runs = [fit(people[0], number=3).clusters.assigned(people[0]) for _ in "ab"]

    assert (runs[0] == runs[1]).all()


def test_small_segments_go_to_the_nearest_and_the_largest_is_first(
    people: tuple[People, np.ndarray],
) -> None:
    clusters = fit(people[0], number=KINDS).clusters
    of_person = np.array([2] * 90 + [0] * 60 + [1] * 3 + [3] * 50)

    found = merged(clusters, of_person, 10)

    sizes = np.bincount(found)
    assert len(sizes) == 3
    assert sizes.sum() == len(of_person)
    assert list(sizes) == sorted(sizes, reverse=True)


def test_uses_tell_people_apart_only_where_they_weigh(people: tuple[People, np.ndarray]) -> None:
    interests, kind = planted()
    used = pl.DataFrame(
        {"user_id": np.arange(len(kind)), "feature": USES.first + kind % 2, "weight": 9.0}
    ).cast(interests.schema)
    with_uses = pl.concat([interests, used]).sort("user_id", "feature")
    as_made, of_uses = People.of(with_uses), People.of(with_uses, {"use": 1.0})

    assert (
        fit(as_made, number=3).clusters.assigned(as_made)
        == fit(people[0], number=3).clusters.assigned(people[0])
    ).all()
    by_use = fit(of_uses, number=2).clusters.assigned(of_uses)
    assert adjusted_rand(kind % 2, by_use) == 1.0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([0, 0, 1, 1], [1, 1, 0, 0], 1.0),
        ([0, 0, 1, 1], [0, 1, 0, 1], -0.5),
        ([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2], 0.24242),  # Hubert and Arabie's formula, by hand
    ],
)
def test_adjusted_rand_index(one: list[int], other: list[int], expected: float) -> None:
    assert adjusted_rand(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-4)


def members(segments: dict[int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"user_id": list(segments), "segment": pl.Series(list(segments.values()), dtype=pl.Int32)}
    )


def test_a_segment_keeps_its_number_while_most_members_stay() -> None:
    before = members({person: 1 + person // 10 for person in range(30)})  # 1, 2, 3
    now = members({person: [2, 3, 1][person // 10] for person in range(30)} | {99: 4})

    assert named(before, now) == {2: 1, 3: 2, 1: 3, 4: 4}


def test_the_first_segments_are_numbered_from_one() -> None:
    nobody = members({}).cast({"user_id": pl.Int64})

    assert named(nobody, members({7: 1, 8: 2})) == {1: 1, 2: 2}


def typed(*rows: tuple[int, str]) -> pl.DataFrame:
    """Each person with a query."""
    texts = [query for _, query in rows]
    numbers = {text: number for number, text in enumerate(sorted(set(texts)))}
    return pl.DataFrame(
        {
            "user_id": [person for person, _ in rows],
            "query_id": [numbers[text] for text in texts],
            "query": texts,
            "surface": texts,
            "variant_id": [numbers[text] for text in texts],
        }
    )


def test_terms_are_what_a_segment_types_more_than_everybody_and_enough_people_did() -> None:
    of = members({person: 1 + person // 10 for person in range(20)})
    people = typed(
        *((person, "날씨") for person in range(20)),
        *((person, "제주도") for person in range(8)),
        *((person, "비밀") for person in range(4)),
    )
    found = terms(people, of, min_searchers=5)

    first = found.filter(pl.col("segment") == 1)
    assert first["query"].to_list() == ["제주도"]
    assert first.row(0, named=True)["people"] == 8
    assert first.row(0, named=True)["share"] == pytest.approx(0.8)
    assert first.row(0, named=True)["share_of_all"] == pytest.approx(0.4)
    assert "비밀" not in found["query"].to_list()  # four people alone


def test_segments_tell_people_hours_and_who_stayed() -> None:
    of = members({person: 1 + person // 10 for person in range(20)})
    before = members({person: 1 for person in range(12)})
    noon = datetime(2026, 3, 2, 3, tzinfo=UTC)
    rows = [(noon + timedelta(hours=9 * (person // 10)), person) for person in range(20)]
    at = pl.Series([each for each, _ in rows]).cast(pl.Datetime("us", "UTC"))
    searches = pl.DataFrame({"searched_at": at, "user_id": [each for _, each in rows]})

    found = segments(
        searches,
        of,
        before,
        terms(typed(*((person, "제주도") for person in range(8))), of, min_searchers=5),
        used({person: {NAVIGATING: 1.0} for person in range(20)}, of),
        zone="Asia/Seoul",
        min_searchers=5,
        agreement=0.9,
    )

    one, two = found.rows(named=True)
    assert (one["people"], one["people_share"], one["searches"]) == (10, 0.5, 10)
    assert (one["peak_hours"], two["peak_hours"]) == ([12], [21])
    assert one["by_hour"][12] == 1.0
    assert one["by_hour"][13] is None  # nobody
    assert (one["is_new"], one["people_before"]) == (False, 12)
    assert one["stayed"] == pytest.approx(10 / 12)
    assert two["is_new"]
    assert one["uses"] == [None, 1.0, None, None]
    assert one["navigating_by"] == "repetition"


def used(
    weights: dict[int, dict[int, float]],
    of: pl.DataFrame,
    known: tuple[int, ...] = (LOOKING_UP, NAVIGATING, NEWS, SHOPPING),
) -> pl.DataFrame:
    """Uses of segments; `weights` of each use, by person."""
    rows = [(who, USES.first + use, n) for who, own in weights.items() for use, n in own.items()]
    schema = {"user_id": pl.Int64, "feature": pl.Int32, "weight": pl.Float32}
    return uses_of_segments(
        pl.DataFrame(rows, schema=schema, orient="row"),
        of,
        known=known,
        navigating_by="repetition",
        min_searchers=5,
    )


def test_uses_of_a_segment_are_told_beside_those_of_everybody() -> None:
    of = members({person: 1 + person // 10 for person in range(20)})
    navigate = {person: {LOOKING_UP: 1.0, NAVIGATING: 3.0} for person in range(10)}
    look_up = {person: {LOOKING_UP: 4.0} for person in range(10, 20)}

    one, two = used(navigate | look_up, of).sort("segment").rows(named=True)

    assert one["uses"] == [0.25, 0.75, None, None]
    assert two["uses"] == [1.0, None, None, None]
    assert one["uses_of_all"] == two["uses_of_all"] == [0.625, 0.375, None, None]


def test_a_share_of_few_people_is_not_told_nor_left_over() -> None:
    of = members(dict.fromkeys(range(10), 1))
    usual = {LOOKING_UP: 5.0, NAVIGATING: 2.0}
    few = {who: {**usual, **({NEWS: 1.0} if who < 4 else {})} for who in range(10)}
    some = {**few, 9: {**usual, SHOPPING: 1.0}}  # five people have news or shopping, together

    # All shares told and 1 would tell that of the four.
    assert used(few, of).row(0, named=True)["uses"] == [pytest.approx(50 / 74), None, None, None]
    told = used(some, of).row(0, named=True)["uses"]
    assert told == [pytest.approx(50 / 75), pytest.approx(20 / 75), None, None]


def test_what_the_log_does_not_tell_is_looking_up() -> None:
    of = members(dict.fromkeys(range(10), 1))
    weights = {who: {NEWS: 1.0, SHOPPING: 1.0, NAVIGATING: 2.0} for who in range(10)}

    told = used(weights, of, known=(LOOKING_UP, NAVIGATING)).row(0, named=True)["uses"]

    assert told == [0.5, 0.5, None, None]


def of_each(*rows: tuple[int, str, int]) -> pl.DataFrame:
    """Segment, query, and people who typed it; in this order they are ranked."""
    frame = pl.DataFrame(rows, schema=["segment", "query", "searchers"], orient="row")
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("segment")
    return frame.with_columns(rank=rank)


@pytest.mark.parametrize(
    ("everybody", "left"),
    [
        (15, [(1, "가", 1), (1, "나", 2), (2, "가", 1)]),  # all of them are of these segments
        (16, [(1, "가", 1), (1, "나", 2)]),  # one is of another
        (19, [(1, "가", 1), (1, "나", 2)]),
        (20, [(1, "가", 1), (1, "나", 2), (2, "가", 1)]),  # five may be told of
    ],
)
def test_what_subtraction_leaves_over_of_few_people_is_not_told(
    everybody: int, left: list[tuple[int, str, int]]
) -> None:
    rows = of_each((1, "가", 9), (1, "나", 8), (2, "가", 6))
    every = of_each((0, "가", everybody), (0, "나", 8))

    found = without_left_over(rows, every, key=pl.col("query"), within=(), min_searchers=5)

    assert found.select("segment", "query", "rank").rows() == left


def test_ranks_close_up_where_a_row_is_left_out() -> None:
    rows = of_each((1, "가", 9), (1, "나", 8), (1, "다", 7))
    every = of_each((0, "가", 9), (0, "나", 9), (0, "다", 7))

    found = without_left_over(rows, every, key=pl.col("query"), within=(), min_searchers=5)

    assert found.select("query", "rank").rows() == [("가", 1), ("다", 2)]
