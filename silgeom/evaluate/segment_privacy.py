"""Attacks on what is published of segments: results of each one's people, and numbers with noise.

It is a part of `silgeom.evaluate.privacy`, which tells what the attacks have in common.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from pipeline.results.described_segments import terms, without_left_over
from pipeline.results.noisy_segments import MOST_QUERIES, noisy_segments
from silgeom.evaluate.intervals import SEED, Bootstrap
from silgeom.evaluate.log import EvaluationError, Log, log_of, searches_of

#: Parts of epsilon, as docs/people.md tells: sizes of segments, terms of each, terms of all.
_OF_SIZES: Final = 0.2
_OF_TERMS: Final = 0.4


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
    most: int,
) -> pd.DataFrame:
    """Try to tell who is in the log from sizes and terms of segments, with noise and without.

    Somebody knows ten queries of a person, the segment they would be of, and all that everybody
    else searched for: the strongest who may attack, against whom floors do not help. With noise the
    segments are made anew for each person, once with their rows and once without, and the score is
    the likelihood ratio of the noise; the threshold is learnt on half of the people.

    Args:
        people: `user_id`, `query_id`, `query`, `surface`, `variant_id`, each once.
        members: `user_id`, `segment`.
        epsilons: that are tried.
        floor: people of a term.
        known: queries of a person that are known.
        most: people who are tried, of so many queries and more.

    Returns:
        A row an epsilon, exact numbers first: `epsilon`, `tried`, `advantage` with its interval,
        and the `most` that epsilon allows: (e^epsilon - 1) / (e^epsilon + 1).

    Raises:
        EvaluationError: nobody has so many queries.
    """
    from silgeom.evaluate.privacy import advantage

    random = np.random.default_rng(SEED)
    number = people.group_by("user_id").len().filter(pl.col("len") >= known)
    users = number.join(members, on="user_id")["user_id"].sort().to_numpy()
    users = np.sort(random.permutation(users)[:most])
    if len(users) < 4:
        raise EvaluationError(f"too few people of {known} queries to try: use a larger log")
    segment_of = dict(members.iter_rows())
    attacked = []
    for user in users.tolist():
        own = people.filter(pl.col("user_id") == user)["query"].sort().to_list()
        chosen = [own[each] for each in random.permutation(len(own))[:known]]
        attacked.append((user, segment_of[user], chosen, min(1.0, MOST_QUERIES / len(own))))
    told = terms(people, members, min_searchers=floor)
    is_told = [
        float(len(told.filter((pl.col("segment") == segment) & pl.col("query").is_in(chosen))) > 0)
        for _, segment, chosen, _ in attacked
    ]
    draws = Bootstrap(np.arange(len(users)))
    exact = draws.mean(np.array(is_told), np.ones(len(users)))
    rows: list[dict[str, object]] = [
        {"epsilon": "exact", "tried": len(users), "advantage": exact.value}
        | {"advantage_low": exact.low, "advantage_high": exact.high, "most": 1.0}
    ]
    weights = people.with_columns(
        counts=(MOST_QUERIES / pl.len().over("user_id")).clip(upper_bound=1.0)
    ).join(members, on="user_id")
    for epsilon in epsilons:
        scores = []
        for user, segment, chosen, counts in attacked:
            is_other = pl.col("user_id") != user
            others = weights.filter(is_other)
            sides = []
            for keeps in (pl.lit(value=True), is_other):
                sizes, noisy = noisy_segments(
                    people.filter(keeps),
                    members.filter(keeps),
                    epsilon=epsilon,
                    min_people=1,
                    min_searchers=floor,
                )
                sides.append(_score(sizes, noisy, others, segment, chosen, counts, epsilon))
            scores.append((user, *sides))
        found = advantage(pl.DataFrame(scores, schema=["user", "inside", "outside"], orient="row"))
        rows.append(
            {"epsilon": f"{epsilon:g}", "tried": len(users) // 2, "advantage": found.value}
            | {"advantage_low": found.low, "advantage_high": found.high}
            | {"most": float(np.tanh(epsilon / 2))}
        )
    return pd.DataFrame(rows)


def _score(
    sizes: pl.DataFrame,
    noisy: pl.DataFrame,
    others: pl.DataFrame,
    segment: int,
    chosen: Sequence[str],
    counts: float,
    epsilon: float,
) -> float:
    """How much likelier what is told of a segment is with a person than without: a logarithm.

    Args:
        sizes: segments with noise.
        noisy: their terms.
        others: each other person with each query once: `segment`, `query`, and `counts`: how likely
            the query is one of those of the person that count.
        segment: of the person.
        chosen: queries of the person.
        counts: how likely one of them counts.
        epsilon: of the release.
    """
    here = sizes.filter(pl.col("segment") == segment)
    score = 0.0
    if len(here):
        size = float(here["people"][0])
        without = others.filter(pl.col("segment") == segment)["user_id"].n_unique()
        score += _ratio(size - without, 1.0, 1 / (_OF_SIZES * epsilon))
    total = float((sizes["people"] / sizes["people_share"]).max() or 0.0)  # type: ignore[arg-type]
    mine = noisy.filter((pl.col("segment") == segment) & pl.col("query").is_in(list(chosen)))
    known = others.filter(pl.col("query").is_in(mine["query"].implode()))
    is_here = pl.col("segment") == segment
    expected = known.group_by("query").agg(
        here=pl.col("counts").filter(is_here).sum(), every=pl.col("counts").sum()
    )
    scale = MOST_QUERIES / (_OF_TERMS * epsilon)
    for row in mine.join(expected, on="query", how="left").fill_null(0.0).iter_rows(named=True):
        score += _ratio(row["people"] - row["here"], counts, scale)
        score += _ratio(row["share_of_all"] * total - row["every"], counts, scale)
    return score


def _ratio(beyond: float, added: float, scale: float) -> float:
    """Of Laplace noise: that what is beyond the others is `added` and noise, by noise alone."""
    return (abs(beyond) - abs(beyond - added)) / scale
