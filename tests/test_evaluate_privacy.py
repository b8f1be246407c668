"""The attack on what is published: it finds people where nothing protects them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from silgeom.evaluate.log import Log
from silgeom.evaluate.privacy import in_a_segment, in_the_log, likelihood_ratio, main
from silgeom.evaluate.privacy_remedies import remedies
from silgeom.evaluate.segment_privacy import in_noisy_segments, left_over, log_by_segment

PEOPLE = 60


def log_of(*queries_of: list[int]) -> Log:
    """A log of people with these queries, all on one day."""
    rows = [(user, query) for user, queries in enumerate(queries_of) for query in queries]
    user, query = (np.array(each, np.int64) for each in zip(*rows, strict=True))
    day = np.zeros(len(rows), np.int64)
    return Log(day, day, user, query, [f"query {each}" for each in range(int(query.max()) + 1)])


def everybody_has_queries_of_their_own() -> Log:
    return log_of(*([3 * person + 1 + each for each in range(3)] for person in range(PEOPLE)))


def test_without_a_floor_people_are_found_by_what_only_they_typed() -> None:
    found = in_the_log(everybody_has_queries_of_their_own(), floor=1)

    assert (found["advantage"] == 1).all()


def test_what_is_below_the_floor_betrays_nobody() -> None:
    found = in_the_log(everybody_has_queries_of_their_own(), floor=5)

    assert (found["advantage"] == 0).all()
    assert (found["knows_all_others"] == 0).all()


def test_who_knows_everybody_else_sees_a_person_in_an_exact_count() -> None:
    found = in_the_log(log_of(*([0] for _ in range(PEOPLE))), floor=5)

    assert (found["knows_all_others"] == 1).all()


def test_terms_of_segments_tell_only_of_their_queries() -> None:
    own = everybody_has_queries_of_their_own()

    found = in_the_log(own, floor=1, told=pl.Series(["nobody typed it"]))

    of_terms = found["from"] == "terms of segments"
    assert (found["advantage"][of_terms] == 0).all()
    assert (found["advantage"][~of_terms] == 1).all()


def test_a_number_that_all_share_betrays_nobody_by_what_the_attacker_cannot_know() -> None:
    # How many of a half typed each query is drawn: one more or less is far below the chance of it.
    found = in_the_log(log_of(*([person % 2] for person in range(400))), floor=5)

    assert (found["advantage"] < 0.2).all()


def test_who_knows_everybody_else_sees_only_a_step_in_numbers_of_steps() -> None:
    log = log_of(*([0] for _ in range(PEOPLE)))  # 30 are published

    on_a_step, within = (in_the_log(log, floor=5, grain=grain) for grain in (5, 10))

    assert (on_a_step["knows_all_others"] == 1).all()  # 29 is told as 25, 30 as 30
    assert (within["knows_all_others"] == 0).all()  # both are told as 25


def test_a_higher_floor_and_steps_give_away_less_and_tell_less() -> None:
    random = np.random.default_rng(5)
    log = log_of(*(np.unique(random.geometric(0.04, 14)).tolist() for _ in range(400)))

    found = remedies(log, [(2, 1), (2, 200), (40, 1), (400, 1)]).set_index(["k", "grain"])

    exact, steps, floor, nothing = (found.loc[each] for each in found.index)
    assert exact["all"] > floor["all"] > nothing["all"] == 0
    assert exact["knows_all_others"] > steps["knows_all_others"]
    assert (exact["short"], floor["short"]) == (0, 0)
    assert 0 < steps["short"] < 1
    assert exact["searches"] == steps["searches"] > floor["searches"] > nothing["searches"] == 0
    assert int(exact["queries"]) > int(floor["queries"]) > int(nothing["queries"]) == 0


@pytest.mark.parametrize("grain", [2, 5])
def test_likelihood_ratios_of_steps_are_those_of_the_law(grain: int) -> None:
    law = pytest.importorskip("scipy.stats").nbinom
    people, reference = (each.ravel().astype(float) for each in np.mgrid[3:20, 0:9])

    found = likelihood_ratio(people, reference, 3, grain)

    for one, others, score in zip(people, reference, found, strict=True):
        step = next(
            each for each in (np.arange(grain) + 3 + grain * n for n in range(20)) if one in each
        )
        chances = law(others + 0.5, 0.5)
        ratio = chances.pmf(step - 1).sum() / chances.pmf(step).sum()
        assert score == pytest.approx(np.log(ratio))


@pytest.mark.parametrize("floor", [1, 2, 5])
def test_likelihood_ratios_are_those_of_the_law(floor: int) -> None:
    nbinom = pytest.importorskip("scipy.stats").nbinom
    people, reference = (each.ravel().astype(float) for each in np.mgrid[0:12, 0:9])

    found = likelihood_ratio(people, reference, floor)

    law = nbinom(reference + 0.5, 0.5)
    is_told = people >= floor
    told = law.logpmf(people - 1) - law.logpmf(people)
    assert found[is_told] == pytest.approx(told[is_told])
    if floor > 1:  # without a floor it is impossible that a person in is not told of
        untold = law.logcdf(floor - 2) - law.logcdf(floor - 1)
        assert found[~is_told] == pytest.approx(untold[~is_told])
    else:
        assert (found[~is_told] < -20).all()


def two_segments() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Eight people of ten queries of their own, in two segments."""
    rows = [(user, 10 * user + each) for user in range(8) for each in range(10)]
    people = pl.DataFrame(rows, schema=["user_id", "query_id"], orient="row").with_columns(
        pl.format("query {}", "query_id").alias("query"),
        pl.format("query {}", "query_id").alias("surface"),
        variant_id="query_id",
    )
    members = pl.DataFrame({"user_id": range(8), "segment": [1, 1, 1, 1, 2, 2, 2, 2]})
    return people, members


def test_without_a_floor_segments_are_guessed_by_what_only_one_typed() -> None:
    found = in_a_segment(*two_segments(), floor=1).set_index("guess")["right"]

    assert found["by terms that were made with the person"] == 1
    assert found["advantage: with less without"] > 0.4


def test_with_a_floor_the_guess_is_no_better_than_without_the_person() -> None:
    found = in_a_segment(*two_segments(), floor=5).set_index("guess")["right"]

    assert found["by terms that were made with the person"] == 0.5
    assert found["the largest segment"] == 0.5


def alike(people: int = 400) -> tuple[pl.DataFrame, pl.DataFrame]:
    """People of two segments of the same ten queries each."""
    rows = [(user, 10 * (user % 2) + each) for user in range(people) for each in range(10)]
    frame = pl.DataFrame(rows, schema=["user_id", "query_id"], orient="row").with_columns(
        pl.format("query {}", "query_id").alias("query"),
        pl.format("query {}", "query_id").alias("surface"),
        variant_id="query_id",
    )
    return frame, pl.DataFrame({"user_id": range(people), "segment": [1, 2] * (people // 2)})


def test_who_knows_all_others_is_sure_without_noise_and_the_less_the_smaller_epsilon() -> None:
    pytest.importorskip("opendp")

    found = in_noisy_segments(*alike(), [0.5, 1_000], floor=5, known=10)

    exact, little, much = (found.iloc[each] for each in range(3))
    assert (exact["epsilon"], exact["advantage"], exact["most"]) == ("exact", 1.0, 1.0)
    assert much["advantage"] > 0.9  # hardly any noise is drawn
    assert little["advantage"] < 0.6
    assert little["most"] == pytest.approx(0.2449, abs=1e-4)  # (e^0.5 - 1) / (e^0.5 + 1)


def test_subtraction_tells_of_the_few_of_a_segment_that_is_withheld() -> None:
    of = [(1, 7), *((user, 7) for user in range(10, 15)), *((user, 8) for user in range(10, 16))]
    people = pl.DataFrame(of, schema=["user_id", "query_id"], orient="row")
    segments = {1: 1, **dict.fromkeys(range(10, 16), 2)}
    members = pl.DataFrame({"user_id": list(segments), "segment": list(segments.values())})

    alone, as_made = left_over(people, members, floor=5).to_dict("records")

    # Query 7: six people, of whom five are of segment 2. Query 8: nobody is left.
    assert (alone["queries"], alone["1 to 4 left"], alone["among the left"]) == (2, 1, 1)
    assert alone["share"] == pytest.approx(1 / 7)
    assert (as_made["queries"], as_made["1 to 4 left"], as_made["among the left"]) == (2, 0, 0)


def test_a_query_of_two_segments_is_two_to_who_looks_at_each(tmp_path: Path) -> None:
    (tmp_path / "searches" / "dt=2026-03-02").mkdir(parents=True)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    rows = [(at, 1, "날씨"), (at, 2, "날씨"), (at, 3, "날씨"), (at, 4, "날씨")]
    pl.DataFrame(rows, schema=["searched_at", "user_id", "query"], orient="row").write_parquet(
        tmp_path / "searches" / "dt=2026-03-02" / "part.parquet"
    )
    members = pl.DataFrame({"user_id": [1, 2, 3], "segment": [1, 1, 2]})  # 4 is of none

    found = log_by_segment(str(tmp_path), members, "Asia/Seoul")

    assert sorted(np.array(found.texts)[found.query]) == ["1 날씨", "1 날씨", "2 날씨"]


@pytest.mark.parametrize("epsilon", ["0", "-1", "much"])
def test_an_epsilon_that_is_none_is_told_in_a_sentence(
    epsilon: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["anywhere", "--epsilon", epsilon])

    assert left.value.code == 2
    assert "must be above 0" in capsys.readouterr().err


def test_a_root_without_searches_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([str(tmp_path)])

    assert left.value.code == 2
    assert "no searches in" in capsys.readouterr().err
