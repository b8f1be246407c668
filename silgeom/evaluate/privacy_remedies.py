"""What a higher floor and coarser numbers take from an attacker, and from what is published.

It is a part of `silgeom.evaluate.privacy`, which tells what the attacks have in common. No job has
such steps: this measures what they would be worth.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from silgeom.evaluate.log import EvaluationError, Log
from silgeom.evaluate.privacy import DRAWS, KNOWN, World, advantage, items_of

#: Floors, and the grain of numbers above each (1: exact).
TRIED: Final = (
    *((5, 1), (5, 5), (5, 10), (5, 20)),
    *((10, 1), (10, 5), (10, 10), (10, 20)),
    *((20, 1), (20, 5), (20, 10), (20, 20)),
    *((50, 1), (50, 50)),
    *((100, 1), (100, 100)),
)


def remedies(log: Log, tried: Sequence[tuple[int, int]] = TRIED) -> pd.DataFrame:
    """Try to tell who is in the log by any ten queries, with queries and pairs published.

    Args:
        log: as for `silgeom.evaluate.privacy.in_the_log`.
        tried: floors, and the grain of numbers above each.

    Returns:
        A row each: `k`, `grain`; `all`, the advantage with its interval, and `many`, the same of
        people of ten queries and more; `knows_all_others`, the advantage of somebody who knows all
        other rows. Then what is left of the whole log: `queries` and `pairs` that are told, the
        share of `searches` whose query is, and by how much a number is too low, `short`: a share
        of it, the median of the queries that are told.

    Raises:
        EvaluationError: too few people.
    """
    items = items_of(log)
    is_query = pl.col("one") == pl.col("other")
    number = items.filter(is_query).group_by("user").len()
    many = number.filter(pl.col("len") >= KNOWN).select("user")
    queries = pl.Series(np.arange(len(log.texts)))
    counted = items.group_by("one", "other").len("people")
    searches = np.bincount(log.query, minlength=len(log.texts))
    rows = []
    for floor, grain in tried:
        scores = []
        for draw in range(DRAWS):
            world = World.of(items, floor, grain, draw)
            scores.append(world.scores(world.known(rarest=False), queries, pairs=True))
        of_many = [each.join(many, on="user", how="semi") for each in scores]
        if sum(map(len, of_many)) < 2 * DRAWS:
            raise EvaluationError(f"too few people of {KNOWN} queries to try: use a larger log")
        of_all, of_some = advantage(scores), advantage(of_many)
        told = counted.filter(pl.col("people") >= floor)
        of_queries = told.filter(is_query)
        short = (of_queries["people"] - floor) % grain / of_queries["people"]
        rows.append(
            {
                **{"k": str(floor), "grain": str(grain)},
                **{"all": of_all.value, "all_low": of_all.low, "all_high": of_all.high},
                **{"many": of_some.value, "many_low": of_some.low, "many_high": of_some.high},
                "knows_all_others": float(str(pl.concat(scores)["certain"].mean())),
                "queries": f"{len(of_queries):,}",
                "pairs": f"{len(told) - len(of_queries):,}",
                "searches": float(searches[of_queries["one"].to_numpy()].sum() / len(log)),
                "short": float(str(short.median() or 0.0)),
            }
        )
    return pd.DataFrame(rows)
