"""Segments and their terms with noise: differential privacy of people, given the segments.

Who is in which segment, and which topics there are, is found from the exact log: what is told here
is private given that, and epsilon covers nothing else. Each person counts once in the size of a
segment and with so many queries at most in the terms, drawn by chance. Discrete Laplace noise is
added to sizes; a term is told where its noisy number passes a threshold that few people can hardly
reach (Korolova et al., WWW 2009; Wilson et al., PoPETs 2020), with OpenDP's measurements.
"""

from typing import Any, Final

import numpy as np
import polars as pl

from pipeline.errors import InvalidParameterError
from pipeline.results.described_segments import ranked, with_typical

#: Queries of one person that count.
MOST_QUERIES: Final = 10
#: The chance, altogether, that a term of people who could be known by it passes.
DELTA: Final = 1e-6
#: Parts of epsilon: sizes of segments; terms of segments; the same terms of all people.
_OF_SIZES, _OF_TERMS, _OF_ALL = 0.2, 0.4, 0.4


def require_opendp() -> None:
    """Raise where what draws noise is not installed.

    Raises:
        InvalidParameterError: it is not.
    """
    _opendp()


def noisy_segments(
    people: pl.DataFrame,
    members: pl.DataFrame,
    *,
    epsilon: float,
    min_people: int,
    min_searchers: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tell segments and what their people search for more than everybody, with noise.

    Args:
        people: `user_id`, `query_id`, `query`, `variant_id`: each person with each query once.
        members: `user_id`, `segment`, each person once.
        epsilon: of one release, for all that one person does.
        min_people: a segment of fewer, with noise, is not told.
        min_searchers: nor is a term, whatever epsilon allows.

    Returns:
        `SEGMENTS` and `SEGMENT_TERMS`. What no noise is drawn for is null: searches, hours, uses,
        and who stayed. A query stands for its surface.
    """
    dp = _opendp()
    number = dp.vector_domain(dp.atom_domain(T="i64"))
    sizes_of = dp.m.make_laplace(number, dp.l1_distance(T="i64"), 1 / (_OF_SIZES * epsilon))
    exact = members.group_by("segment").len().sort("segment")
    sizes = exact.select(
        "segment",
        members=pl.Series(sizes_of(exact["len"].to_list()), dtype=pl.Int64).clip(lower_bound=1),
    )
    total = int(sizes["members"].sum())
    large = sizes.filter(pl.col("members") >= min_people)
    bounded = _bounded(people.join(members, on="user_id"))
    of_segments = pl.format("{} {}", "segment", "query_id")
    here = _released(bounded.with_columns(key=of_segments), _OF_TERMS * epsilon, min_searchers)
    everybody = pl.format("{}", "query_id")
    there = _released(bounded.with_columns(key=everybody), _OF_ALL * epsilon, min_searchers)
    names = bounded.select("segment", "query_id", "query", "variant_id").unique()
    released = (
        names.with_columns(key=of_segments, of_all=everybody)
        .join(here, on="key")
        .join(there.rename({"key": "of_all", "people": "all_people"}), on="of_all")
        .join(large, on="segment")
        .with_columns(
            share=(pl.col("people") / pl.col("members")).clip(0, 1),
            share_of_all=(pl.col("all_people") / total).clip(0, 1),
        )
        .with_columns(
            divergence=pl.col("share") * (pl.col("share") / pl.col("share_of_all")).log(2.0)
        )
    )
    told = ranked(released).select(
        pl.col("segment").cast(pl.Int32),
        *("rank", "query"),
        *(pl.col("query").alias("surface"), "people", "share", "share_of_all", "divergence"),
    )
    return _described(large, told, total), told


def _bounded(people: pl.DataFrame) -> pl.DataFrame:
    """So many queries of each person, drawn by chance that nobody can repeat."""
    drawn = pl.Series(np.random.default_rng().random(len(people)))
    place = pl.int_range(pl.len()).over("user_id")
    return people.with_columns(drawn=drawn).sort("user_id", "drawn").filter(place < MOST_QUERIES)


def _released(rows: pl.DataFrame, epsilon: float, min_searchers: int) -> pl.DataFrame:
    """`key`, `people`: with noise, and those of few people left out."""
    dp = _opendp()
    counts = rows.group_by("key").len().sort("key")
    domain = dp.map_domain(dp.atom_domain(T="String"), dp.atom_domain(T="i64"))
    # Each of a person's queries is another key: so many keys change, each by one.
    distance = dp.l01inf_distance(dp.absolute_distance(T="i64"))
    scale = MOST_QUERIES / epsilon
    # Of a key of one person, the noise must pass the threshold: OpenDP says what delta that makes.
    threshold = int(np.ceil(1 + scale * np.log(MOST_QUERIES / DELTA)))
    release = dp.m.make_laplace_threshold(domain, distance, scale, threshold)
    one_person = (MOST_QUERIES, MOST_QUERIES, 1)
    while release.map(one_person)[1] > DELTA / 2:
        threshold += 1
        release = dp.m.make_laplace_threshold(domain, distance, scale, threshold)
    found = (
        release(dict(zip(counts["key"].to_list(), counts["len"].to_list(), strict=True)))
        if len(counts)
        else {}
    )
    told = pl.DataFrame(
        {"key": list(found), "people": list(found.values())},
        schema={"key": pl.String, "people": pl.Int64},
    )
    return told.filter(pl.col("people") >= min_searchers)


def _described(large: pl.DataFrame, told: pl.DataFrame, total: int) -> pl.DataFrame:
    rows = with_typical(large.cast({"segment": pl.Int32}), told).sort("segment")
    nothing = pl.lit(None)
    return rows.select(
        "segment",
        "label",
        people="members",
        people_share=pl.col("members") / total,
        searches=nothing.cast(pl.Int64),
        searches_share=nothing.cast(pl.Float64),
        typical="typical",
        peak_hours=nothing.cast(pl.List(pl.Int32)),
        by_hour=nothing.cast(pl.List(pl.Float64)),
        uses=nothing.cast(pl.List(pl.Float64)),
        uses_of_all=nothing.cast(pl.List(pl.Float64)),
        navigating_by=nothing.cast(pl.String),
        is_new=nothing.cast(pl.Boolean),
        people_before=nothing.cast(pl.Int64),
        stayed=nothing.cast(pl.Float64),
        agreement=nothing.cast(pl.Float64),
    )


def _opendp() -> Any:  # noqa: ANN401
    try:  # here: only who asks for noise needs it
        import opendp.prelude as dp
    except ImportError:
        raise InvalidParameterError("noise needs opendp: pip install 'silgeom[private]'") from None
    dp.enable_features("contrib")
    return dp
