"""How many different people there are in several counts: sketches that can be united.

A sketch is the least `SKETCH_SIZE` of the people's ids, ascending (list of Int64). Ids are hashes,
spread evenly, so the k-th least tells how dense they lie (Beyer and others, On synopses for
distinct-value estimation, SIGMOD 2007). It has the same bytes on every run (docs/decisions/0003).
"""

from typing import Final

import numpy as np
import polars as pl

from pipeline.counting.groups import changes, least_of_each, order_by, summed

#: Below so many people the number is exact; above, its standard error is 1 / √(SKETCH_SIZE - 2),
#: 3.1 %.
SKETCH_SIZE: Final = 1024


def united(sketches: pl.DataFrame, by: str) -> pl.DataFrame:
    """One sketch for the rows of each group.

    Args:
        sketches: `by` (Int64) and `searchers_sketch`; without nulls.
        by: the column that identifies a group.

    Returns:
        `by`, rising, and `searchers_sketch`.
    """
    key, user = _people(sketches, by)
    starts = np.flatnonzero(changes(key))
    return pl.DataFrame(
        {by: key[starts], "searchers_sketch": least_of_each(user, starts, SKETCH_SIZE)}
    )


def different_people(sketches: pl.DataFrame, by: str, *, at_least: int = 1) -> pl.DataFrame:
    """The number of different people of each group that has so many.

    Args:
        sketches: `by` and `searchers_sketch`; without nulls.
        by: the column that identifies a group.
        at_least: different people.

    Returns:
        `by` and `searchers` (Int64): exact below `SKETCH_SIZE`, else estimated.
    """
    ids = pl.col("searchers_sketch").explode(empty_as_null=False)
    of_group = sketches.group_by(by).agg(ids=ids.unique())
    return _estimated(of_group, by).filter(pl.col("searchers") >= at_least)


def likely(counts: pl.LazyFrame, by: str, at_least: int) -> pl.Expr:
    """Whether a row is of a group that may have so many different people.

    People are no more than searcher-days: most groups end here, before anything dear is read.

    Args:
        counts: `by` and `searchers` (Int64), a group's rows of each day.
        by: the column that identifies a group.
        at_least: different people.
    """
    rows = counts.select(by, "searchers").collect()
    enough = summed(rows, by, "searchers").filter(pl.col("searchers") >= at_least)
    # No join: a scan reads the other columns of these rows alone.
    return pl.col(by).is_in(enough[by].implode())


def people_of(counts: pl.LazyFrame, by: str, at_least: int) -> pl.DataFrame:
    """`different_people` of counts, of which only the sketches that may matter are read.

    Args:
        counts: `by`, `searchers` and `searchers_sketch`, a group's rows of each day.
        by: the column that identifies a group.
        at_least: different people.
    """
    sketches = counts.filter(likely(counts, by, at_least)).select(by, "searchers_sketch")
    return different_people(sketches.collect(), by, at_least=at_least)


def people_of_share(people: pl.DataFrame, by: str, share: float) -> pl.DataFrame:
    """The number of different people of large groups, of whom only the least ids are looked at.

    Args:
        people: `by` and `id`, any number of times; only ids up to `id_at(share)`.
        by: the column that identifies a group.
        share: of all ids; 1: all of them are here.

    Returns:
        `by` and `searchers`, as `different_people` gives them; without the groups of which too few
        ids are here to tell.
    """
    of_group = people.group_by(by).agg(ids=pl.col("id").unique())
    if share < 1:
        of_group = of_group.filter(pl.col("ids").list.len() >= SKETCH_SIZE)
    return _estimated(of_group, by)


def id_at(share: float) -> int:
    """The id below which such a share of all ids is expected: they are spread over all of Int64."""
    return min(int(share * 2**64) - 2**63, 2**63 - 1)


def _estimated(of_group: pl.DataFrame, by: str) -> pl.DataFrame:
    """`by` and `searchers` of groups of `ids`, each of them once: at least `SKETCH_SIZE` least."""
    counted = of_group.select(by, searchers=pl.col("ids").list.len().cast(pl.Int64))
    # Only what very many people typed has to be sorted. Ids are spread over all of Int64: the share
    # of them below the last one in the sketch.
    last = of_group.filter(counted["searchers"] >= SKETCH_SIZE).select(
        by, last=pl.col("ids").list.sort().list.get(SKETCH_SIZE - 1)
    )
    below_last = (pl.col("last").cast(pl.Float64) + 2.0**63) / 2.0**64
    estimated = ((SKETCH_SIZE - 1) / below_last + 0.5).floor().cast(pl.Int64)
    return counted.join(last, on=by, how="left").select(
        by, searchers=pl.coalesce(estimated, "searchers")
    )


def _people(sketches: pl.DataFrame, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Each person of each group once, by group and id."""
    flat = sketches.select(by, user="searchers_sketch").explode("user", empty_as_null=False)
    key, user = flat[by].to_numpy(), flat["user"].to_numpy()
    order = order_by(key, user)
    key, user = key[order], user[order]
    once = changes(key, user)
    return key[once], user[once]
