"""Queries normalised, shown and compared: columns of texts agree with single strings."""

import unicodedata

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.language.queries import ids, normalized, surfaces, variant_key, variant_keys
from silgeom.text import normalized_query
from tests.kernels.drawn import draws
from tests.kernels.texts import NORMALISED, QUERIES, SHOWN, VARIANTS, ZWJ, every_character


def column(*texts: str | None) -> pl.Series:
    return pl.Series("query", texts, dtype=pl.String)


def test_equal_queries_become_one() -> None:
    assert normalized(column(*NORMALISED)).to_list() == list(NORMALISED.values())


def test_equal_single_strings_become_one() -> None:
    found = {query: normalized_query(query) for query in NORMALISED}
    assert found == NORMALISED


@draws(2000)
@given(QUERIES)
@example("ㅋㅋㅋ\u3164")
@example(f"👩{ZWJ}{ZWJ}👩")
def test_a_normalised_query_stays_as_it_is(query: str) -> None:
    once = normalized_query(query)
    assert normalized_query(once) == once


def test_every_character_is_normalised_as_in_a_single_string() -> None:
    texts = every_character()
    found = normalized(column(*texts)).to_list()
    assert [t for t, each in zip(texts, found, strict=True) if each != normalized_query(t)] == []


@draws(300)
@given(st.lists(QUERIES, max_size=8))
def test_columns_agree_with_single_strings(texts: list[str]) -> None:
    assert normalized(column(*texts)).to_list() == [normalized_query(text) for text in texts]
    keys = variant_keys(column(*texts)).to_list()
    assert keys == [variant_key(text) for text in texts]


def test_what_was_typed_is_shown_but_for_controls() -> None:
    assert surfaces(column(*SHOWN)).to_list() == list(SHOWN.values())


def test_a_column_stays_as_it_was() -> None:
    texts = column(" a  b ", "카\u200b톡", "ㅋㅋㅋㅋ!")
    before = texts.to_list()
    for kernel in (normalized, surfaces, variant_keys):
        kernel(texts)
    assert texts.to_list() == before


def test_every_form_of_one_query_is_shown_alike() -> None:
    forms = ["카카오톡", unicodedata.normalize("NFD", "카카오톡"), "카카오토\u11a8"]
    assert set(surfaces(column(*forms)).to_list()) == {"카카오톡"}


def test_variants_share_a_key_and_others_do_not() -> None:
    keys = [set(variant_keys(column(*line)).to_list()) for line in VARIANTS]
    assert [(line, key) for line, key in zip(VARIANTS, keys, strict=True) if len(key) != 1] == []
    assert len(set.union(*keys)) == len(VARIANTS)


def test_only_nothing_has_an_empty_variant_key() -> None:
    texts = every_character()
    keys = variant_keys(column(*texts)).to_list()
    assert [text for text, key in zip(texts, keys, strict=True) if not key and text.strip()] == []


@pytest.mark.parametrize("kernel", [normalized, surfaces, variant_keys])
def test_null_stays_null(kernel: object) -> None:
    assert callable(kernel)
    assert kernel(column(None, "a", None)).to_list() == [None, "a", None]


def test_ids_are_those_of_spark() -> None:
    empty = 11002672306508523268 - 2**64  # XXH64 of nothing with the seed 42
    assert ids(column("", None)).to_list() == [empty, None]
    # From Spark 4.2.1: xxhash64(text).
    made = {
        "a": -8582455328737087284,
        "날씨": 9116190448291199402,
        "카카오톡": 4722413288269381196,
        "x" * 300: 3586271146935653732,
    }
    assert ids(column(*made)).to_list() == list(made.values())
