"""Attacks on what is published of segments: results of each one's people, and numbers with noise.

It is a part of `silgeom.evaluate.privacy`, which tells what the attacks have in common.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from pipeline.results.described_segments import terms, without_left_over
from pipeline.results.noisy_segments import MOST_QUERIES, noisy_segments
from silgeom.evaluate.intervals import SEED, Bootstrap
from silgeom.evaluate.log import EvaluationError, Log, log_of, searches_of

#: Parts of epsilon, as docs/people.md tells: sizes of segments, terms of each, terms of all.
_OF_SIZES: Final = 0.2
_OF_TERMS: Final = 0.4
#: People who are tried, at most, and how often noise is drawn for each half of them: which terms
#: pass is chance, so that few draws tell little.
_TRIED: Final = 300
_ROUNDS: Final = 20


def log_by_segment(root: str, members: pl.DataFrame, zone: str) -> Log:
    """The log of a root in which a query of two segments is two queries.

    What is counted of it is what is counted of each segment. People without a segment are left out.

    Args:
        root: on this machine.
        members: `user_id`, `segment`.
        zone: cuts the days.
    """
    base = Path(root.removeprefix("file://"))
    files = sorted(base.glob("searches/dt=*/*.parquet"))
    columns = ["searched_at", "user_id", "query"]
    of_segment = (
        searches_of(files, columns)
        .join(members, on="user_id")
        .with_columns(query=pl.format("{} {}", "segment", "query"))
    )
    return log_of(of_segment.select(columns).to_pandas(), zone)


def left_over(people: pl.DataFrame, members: pl.DataFrame, *, floor: int) -> pd.DataFrame:
    """What subtraction tells: people of everybody less those of all segments that are published.

    Args:
        people: `user_id`, `query_id`, each once.
        members: `user_id`, `segment`.
        floor: people of what is published.

    Returns:
        A row for what a floor alone would publish, and one for what `--by-segment` does:
        `published`; `queries` of everybody; those of which `1 to k - 1 left`, people of segments
        that are withheld; the people who are `among the left`, and their `share`.
    """
    rows = people.select("user_id", "query_id").join(members, on="user_id")
    here = rows.group_by("segment", "query_id").len("searchers")
    every = rows.group_by("query_id").len("searchers").filter(pl.col("searchers") >= floor)
    above = here.filter(pl.col("searchers") >= floor).sort("segment", "query_id")
    told = {
        "by the floor alone": above,
        "by --by-segment": without_left_over(
            above.with_columns(rank=pl.int_range(pl.len()).over("segment")),
            every,
            key=pl.col("query_id").cast(pl.String),
            within=(),
            min_searchers=floor,
        ),
    }
    found = []
    for published, some in told.items():
        sums = some.group_by("query_id").agg(told=pl.col("searchers").sum())
        left = pl.col("searchers") - pl.col("told").fill_null(0)
        few = every.join(sums, on="query_id", how="left").filter(left.is_between(1, floor - 1))
        withheld = here.join(some, on=["segment", "query_id"], how="anti")
        theirs = rows.join(withheld, on=["segment", "query_id"], how="semi")
        number = theirs.join(few, on="query_id", how="semi")["user_id"].n_unique()
        found.append(
            {
                "published": published,
                "queries": len(every),
                f"1 to {floor - 1} left": len(few),
                "among the left": number,
                "share": number / max(1, len(members)),
            }
        )
    return pd.DataFrame(found)


def in_noisy_segments(
    people: pl.DataFrame,
    members: pl.DataFrame,
    epsilons: Sequence[float],
    *,
    floor: int,
    known: int,
) -> pd.DataFrame:
    """Try to tell who is in the log from sizes and terms of segments, with noise and without.

    Somebody knows ten queries of a person, the segment they would be of, and all that everybody
    else searched for: the strongest who may attack, against whom floors do not help. With noise the
    segments are made anew, once with one half of those who are tried and once with the other; the
    score is the likelihood ratio of the noise, and the threshold is learnt on the other draws.

    Args:
        people: `user_id`, `query_id`, `query`, `surface`, `variant_id`, each once.
        members: `user_id`, `segment`.
        epsilons: that are tried.
        floor: people of a term.
        known: queries of a person that are known.

    Returns:
        A row an epsilon, exact numbers first: `epsilon`, `tried`, `advantage` with its interval,
        and the `most` that epsilon allows: (e^epsilon - 1) / (e^epsilon + 1).

    Raises:
        EvaluationError: nobody has so many queries.
    """
    from silgeom.evaluate.privacy import advantage

    random = np.random.default_rng(SEED)
    rows = people.join(members, on="user_id").with_columns(
        counts=(MOST_QUERIES / pl.len().over("user_id")).clip(upper_bound=1.0)
    )
    number = rows.group_by("user_id").len().filter(pl.col("len") >= known)
    users = random.permutation(number["user_id"].sort().to_numpy())[:_TRIED]
    if len(users) < 4:
        raise EvaluationError(f"too few people of {known} queries to try: use a larger log")
    theirs = rows.join(pl.DataFrame({"user_id": users}), on="user_id", how="semi")
    theirs = theirs.sort("user_id", "query_id")
    theirs = theirs.with_columns(drawn=pl.Series(random.random(len(theirs))))
    place = pl.int_range(pl.len()).over("user_id")
    attacked = theirs.sort("user_id", "drawn").filter(place < known)
    told = terms(people, members, min_searchers=floor)
    seen = attacked.join(told, on=["segment", "query"], how="semi")["user_id"].unique()
    is_seen = np.isin(users, seen.to_numpy()).astype(np.float64)
    exact = Bootstrap(np.arange(len(users))).mean(is_seen, np.ones(len(users)))
    found: list[dict[str, object]] = [
        {"epsilon": "exact", "tried": len(users), "advantage": exact.value}
        | {"advantage_low": exact.low, "advantage_high": exact.high, "most": 1.0}
    ]
    for epsilon in epsilons:
        tries = []
        for _ in range(_ROUNDS):
            half = random.permutation(users)[: len(users) // 2]
            sides = [
                _scores(rows, attacked, np.setdiff1d(users, kept), floor, epsilon)
                for kept in (half, np.setdiff1d(users, half))
            ]
            both = [
                pl.concat([each.filter(pl.col("is_in") == is_in) for each in sides])
                for is_in in (True, False)
            ]
            inside, outside = (each.select("user_id", "score") for each in both)
            tries.append(inside.join(outside, on="user_id", suffix="_outside").sort("user_id"))
        reached = advantage(
            [each.select(inside="score", outside="score_outside") for each in tries]
        )
        found.append(
            {"epsilon": f"{epsilon:g}", "tried": len(users), "advantage": reached.value}
            | {"advantage_low": reached.low, "advantage_high": reached.high}
            | {"most": float(np.tanh(epsilon / 2))}
        )
    return pd.DataFrame(found)


def _scores(
    rows: pl.DataFrame,
    attacked: pl.DataFrame,
    left_out: npt.NDArray[np.int64],
    floor: int,
    epsilon: float,
) -> pl.DataFrame:
    """Publish a log without some of its people, and attack those who may be in it.

    Args:
        rows: each person with each query: also `segment`, and `counts`: how likely the query is one
            of those of the person that count.
        attacked: the rows that are known of those who are attacked.
        left_out: of them, those who are not in the log.
        floor: people of a term.
        epsilon: of the release.

    Returns:
        `user_id`, `is_in`, `score`: how much likelier what is told is with the person than without:
        a logarithm.
    """
    is_in = ~pl.col("user_id").is_in(pl.Series(left_out).implode())
    here = rows.filter(is_in)
    members = here.select("user_id", "segment").unique()
    sizes, noisy = noisy_segments(
        here.drop("segment", "counts"),
        members,
        epsilon=epsilon,
        min_people=1,
        min_searchers=floor,
    )
    total = float((sizes["people"] / sizes["people_share"]).to_numpy()[0])
    exact = members.group_by("segment").len("members")
    of_all = here.group_by("query").agg(every=pl.col("counts").sum())
    of_each = here.group_by("segment", "query").agg(here=pl.col("counts").sum())
    own = pl.when("is_in").then("counts").otherwise(0.0)
    scale = MOST_QUERIES / (_OF_TERMS * epsilon)
    by_terms = (
        attacked.with_columns(is_in=is_in)
        .join(noisy, on=["segment", "query"])
        .join(of_each, on=["segment", "query"], how="left")
        .join(of_all, on="query", how="left")
        .with_columns(pl.col("here", "every").fill_null(0.0) - own)
        .select(
            "user_id",
            score=_ratio(pl.col("people") - pl.col("here"), pl.col("counts"), scale)
            + _ratio(pl.col("share_of_all") * total - pl.col("every"), pl.col("counts"), scale),
        )
        .group_by("user_id")
        .agg(pl.col("score").sum())
    )
    one = pl.col("is_in").cast(pl.Float64)
    beyond = pl.col("people") - pl.col("members") + one
    return (
        attacked.select("user_id", "segment")
        .unique()
        .with_columns(is_in=is_in)
        .join(sizes.select("segment", "people"), on="segment", how="left")
        .join(exact, on="segment", how="left")
        .join(by_terms, on="user_id", how="left")
        .select(
            "user_id",
            "is_in",
            score=_ratio(beyond, pl.lit(1.0), 1 / (_OF_SIZES * epsilon)).fill_null(0.0)
            + pl.col("score").fill_null(0.0),
        )
    )


def _ratio(beyond: pl.Expr, added: pl.Expr, scale: float) -> pl.Expr:
    """Of Laplace noise: that what is beyond the others is `added` and noise, by noise alone."""
    return (beyond.abs() - (beyond - added).abs()) / scale
