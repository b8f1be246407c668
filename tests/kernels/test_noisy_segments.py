"""Noise on segments: numbers near the true ones, and nothing of what few people typed."""

import polars as pl
import pytest

pytest.importorskip("opendp")

from pipeline.results.noisy_segments import MOST_QUERIES, noisy_segments

OF_KIND = 400


def typed() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two kinds of people: all of a kind have one query, and each has one that nobody else has."""
    rows = [(person, person % 2) for person in range(2 * OF_KIND)]
    rows += [(person, 1000 + person) for person in range(2 * OF_KIND)]
    people = pl.DataFrame(rows, schema=["user_id", "query_id"], orient="row").with_columns(
        query=pl.format("query {}", "query_id"), variant_id="query_id"
    )
    ids = range(2 * OF_KIND)
    members = pl.DataFrame({"user_id": ids, "segment": [1 + each % 2 for each in ids]})
    return people, members


def test_with_much_epsilon_numbers_are_near_the_true_ones() -> None:
    found, terms = noisy_segments(*typed(), epsilon=50, min_people=50, min_searchers=5)

    assert found["people"].to_list() == pytest.approx([OF_KIND] * 2, abs=5)
    assert terms.sort("segment")["query"].to_list() == ["query 0", "query 1"]
    assert terms["people"].to_list() == pytest.approx([OF_KIND] * 2, abs=30)
    assert terms["share_of_all"].to_list() == pytest.approx([0.5] * 2, abs=0.05)


def test_what_one_person_typed_is_not_told_and_with_little_epsilon_nothing_is() -> None:
    for epsilon in (0.1, 50.0):
        _, terms = noisy_segments(*typed(), epsilon=epsilon, min_people=50, min_searchers=1)
        assert set(terms["query"]) <= {"query 0", "query 1"}
    assert not len(noisy_segments(*typed(), epsilon=0.1, min_people=50, min_searchers=1)[1])


def test_noise_is_another_each_time() -> None:
    sizes = {
        noisy_segments(*typed(), epsilon=0.5, min_people=50, min_searchers=5)[0]["people"][0]
        for _ in range(8)
    }
    assert len(sizes) > 1


def test_who_typed_a_thousand_queries_counts_with_few_of_them() -> None:
    members = pl.DataFrame({"user_id": range(60), "segment": [1] * 30 + [2] * 30})
    rows = [(person, query) for person in range(30) for query in range(1000)]
    people = pl.DataFrame(rows, schema=["user_id", "query_id"], orient="row").with_columns(
        query=pl.format("query {}", "query_id"), variant_id="query_id"
    )
    _, terms = noisy_segments(people, members, epsilon=100, min_people=5, min_searchers=1)

    assert terms["people"].sum() <= 30 * MOST_QUERIES + 50
