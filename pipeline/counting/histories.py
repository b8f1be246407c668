"""From searches to what each person searched for last: a row a person and query.

A search within `OCCASION_SECONDS` of the one before by the same person for the same query is a page
or a click more, and no other occasion. Each occasion weighs 1, halved per half-life of its age.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from silgeom.personal import HALF_LIFE_DAYS, OCCASION_SECONDS

#: What a history is: see silgeom/profiles.py. `last` in UTC seconds since 1970. Key: user_id,
#: query_id.
HISTORIES: Final[Mapping[str, pl.DataType]] = {
    "user_id": pl.Int64(),
    "query_id": pl.Int64(),
    "surface": pl.String(),
    "last": pl.UInt32(),
    "occasions": pl.UInt32(),
    "weight": pl.Float32(),
}
#: Who asked for their searches up to a second (UTC) not to be counted. Key: user_id.
FORGOTTEN: Final[Mapping[str, pl.DataType]] = {"user_id": pl.Int64(), "until": pl.UInt32()}

_DAY_SECONDS: Final = 86_400
_KEY: Final = ["user_id", "query_id"]


def histories(
    before: pl.DataFrame,
    searches: pl.DataFrame,
    *,
    before_at: int,
    at: int,
    days: int,
    queries: int,
) -> pl.DataFrame:
    """What people searched for until a moment.

    Args:
        before: `HISTORIES` until an earlier moment; none of `searches` is counted there.
        searches: `searched_at`, `user_id`, `query_id`, `surface`, in any order.
        before_at: UTC seconds, the moment of the weights in `before`.
        at: and of those that come out.
        days: what was searched last more than so many days before `at` is left out.
        queries: of a person so many at most, those that were searched last.

    Returns:
        `HISTORIES`, by `user_id`, the query that was searched last first.
    """
    factor = 0.5 ** ((at - before_at) / _DAY_SECONDS / HALF_LIFE_DAYS)
    aged = before.lazy().with_columns(pl.col("weight").cast(pl.Float64) * factor)
    people = searches.lazy().select("user_id").unique()
    others = aged.join(people, on="user_id", how="anti").select(*HISTORIES)
    known = aged.join(people, on="user_id", how="semi").with_columns(is_known=pl.lit(value=True))
    fresh = searches.lazy().select(
        *("user_id", "query_id", "surface"),
        last=pl.col("searched_at").dt.epoch("s").cast(pl.UInt32),
        occasions=pl.lit(0, pl.UInt32),
        weight=pl.lit(0.0),
        is_known=pl.lit(value=False),
    )
    rows = pl.concat([known.select(fresh.collect_schema().names()), fresh])
    # What is known of a query comes before its searches.
    rows = rows.sort(*_KEY, "is_known", "last", descending=[False, False, True, False])
    is_same = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in _KEY)
    seconds = pl.col("last").cast(pl.Int64)
    is_soon = is_same & (seconds - seconds.shift() < OCCASION_SECONDS)
    is_occasion = ~pl.col("is_known") & ~is_soon.fill_null(value=False)
    age = (at - seconds) / _DAY_SECONDS
    counted = rows.with_columns(
        occasions=pl.col("occasions") + is_occasion.cast(pl.UInt32),
        weight=pl.col("weight")
        + pl.when(is_occasion).then(2.0 ** (-age / HALF_LIFE_DAYS)).otherwise(0.0),
    )
    told = counted.group_by(_KEY, maintain_order=True).agg(
        pl.col("surface").last(), pl.col("last").last(), pl.col("occasions", "weight").sum()
    )
    added = told.sort("user_id", "last", "query_id", descending=[False, True, False])
    together = pl.concat([others, added.select(*HISTORIES)]).filter(
        pl.col("last").cast(pl.Int64) > at - days * _DAY_SECONDS
    )
    # A stable sort: each person is in one part alone, whose rows are in order.
    ordered = together.sort("user_id", maintain_order=True).collect()
    kept = ordered.filter(_place_of_person(ordered["user_id"].to_numpy()) < queries)
    return kept.select(pl.col(name).cast(kind) for name, kind in HISTORIES.items())


def _place_of_person(users: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place of each row among those of its person, from 0, where people stand together."""
    is_first = np.ones(len(users), np.bool_)
    is_first[1:] = users[1:] != users[:-1]
    starts = np.flatnonzero(is_first)
    return np.arange(len(users)) - np.repeat(starts, np.diff(np.append(starts, len(users))))


def without_forgotten(searches: pl.LazyFrame, forgotten: pl.DataFrame) -> pl.LazyFrame:
    """Searches but those that their people asked to forget.

    Args:
        searches: with `searched_at` and `user_id`.
        forgotten: `FORGOTTEN`.
    """
    if forgotten.is_empty():
        return searches
    joined = searches.join(forgotten.lazy(), on="user_id", how="left")
    second = pl.col("searched_at").dt.epoch("s")
    return joined.filter((second > pl.col("until")).fill_null(value=True)).drop("until")
