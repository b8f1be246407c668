"""How many different people typed each query on a day, in which forms.

Counts are made in two steps, so that a day of any size is counted by many tasks: the searches of
some people (`counted`), then what the groups of people come to together (`added_up`). A group has
each of its people to itself, so their numbers add up.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from pipeline.counting.groups import Flags, Ints, changes, least_of_each, order_by, sizes
from pipeline.counting.people import SKETCH_SIZE, united
from pipeline.language.queries import ending_ids, ids, variant_keys

#: The columns of `DayPart.forms`.
FORMS: Final = {"query_id": pl.Int64, "surface": pl.String, "votes": pl.Int64}


@dataclass(frozen=True)
class DayPart:
    """What some people searched on a day.

    `counts` has a row a query: `query_id`, `query`, `searchers`, `searchers_sketch`, `searches`;
    `forms` a row for each form of a query that is not its normalised one: `query_id`, `surface`,
    `votes`, the people whose form it is. Who typed several forms votes for the least of them.
    """

    counts: pl.DataFrame
    forms: pl.DataFrame


def counted(searches: pl.DataFrame) -> DayPart:
    """Count the searches of some people on a day: `user_id`, `query_id`, `query`, `surface`."""
    query_id, user = searches["query_id"].to_numpy(), searches["user_id"].to_numpy()
    order = order_by(query_id, user)
    query_id, user = query_id[order], user[order]
    first = changes(query_id)
    starts = np.flatnonzero(first)
    is_person = first | changes(user)
    persons = np.flatnonzero(is_person)
    person_starts = np.flatnonzero(first[persons])
    counts = pl.DataFrame(
        {
            "query_id": query_id[starts],
            "query": searches["query"].gather(order[starts]),
            "searchers": sizes(person_starts, len(persons)),
            "searchers_sketch": least_of_each(user[persons], person_starts, SKETCH_SIZE),
            "searches": sizes(starts, len(query_id)),
        }
    )
    return DayPart(counts, _votes(searches, order, is_person))


def counted_beside(fresh: pl.DataFrame, earlier: pl.LazyFrame) -> DayPart:
    """Count what searches add to counts that hold earlier ones of the same people and day.

    Args:
        fresh: `user_id`, `query_id`, `query`, `surface`.
        earlier: `user_id`, `query_id`.

    Returns:
        The searches of `fresh`, and as `searchers` those who had not typed the query before; no
        forms.
    """
    of_person = ["query_id", "user_id"]
    people = fresh.select(of_person).unique()
    seen = earlier.select(of_person).join(people.lazy(), on=of_person, how="semi").unique()
    new = people.join(seen.collect(), on=of_person, how="anti").sort(of_person)
    query_id, user = new["query_id"].to_numpy(), new["user_id"].to_numpy()
    starts = np.flatnonzero(changes(query_id))
    of_new = pl.DataFrame(
        {
            "query_id": query_id[starts],
            "searchers": sizes(starts, len(query_id)),
            "searchers_sketch": least_of_each(user, starts, SKETCH_SIZE),
        }
    )
    searches = fresh.group_by("query_id").agg(
        pl.col("query").first(), searches=pl.len().cast(pl.Int64)
    )
    counts = searches.join(of_new, on="query_id", how="left").with_columns(
        pl.col("searchers").fill_null(0),
        pl.col("searchers_sketch").fill_null(pl.lit([], dtype=pl.List(pl.Int64))),
    )
    order = ["query_id", "query", "searchers", "searchers_sketch", "searches"]
    return DayPart(counts.select(order), pl.DataFrame(schema=FORMS))


def added_up(parts: list[DayPart]) -> DayPart:
    """What several groups of people come to together."""
    forms = pl.concat([part.forms for part in parts])
    return DayPart(
        added_up_counts(pl.concat([part.counts for part in parts])),
        forms.group_by("query_id", "surface").agg(pl.col("votes").sum()),
    )


def added_up_counts(counts: pl.DataFrame) -> pl.DataFrame:
    """The `counts` of several parts together, by query."""
    summed = counts.group_by("query_id").agg(
        pl.col("query").first(), pl.col("searchers", "searches").sum()
    )
    together = summed.join(united(counts, "query_id"), on="query_id").sort("query_id")
    return together.select(counts.columns)


def daily_counts(day: DayPart) -> pl.DataFrame:
    """`DAILY_COUNTS` of all people of a day, by query.

    `surface` is the form that most people typed, of equals the least.
    """
    counts, forms = day.counts, day.forms
    mixed = counts.join(forms.select("query_id").unique(), on="query_id", how="semi")
    others = forms.group_by("query_id").agg(others=pl.col("votes").sum())
    own = mixed.join(others, on="query_id").select(
        "query_id", surface="query", votes=pl.col("searchers") - pl.col("others")
    )
    winners = (
        pl.concat([own.filter(pl.col("votes") > 0), forms])
        .sort("votes", "surface", descending=[True, False])
        .unique("query_id", keep="first", maintain_order=True)
        .select("query_id", "surface")
    )
    with_surface = counts.join(winners, on="query_id", how="left", maintain_order="left")
    return with_surface.select(
        "query_id",
        "query",
        pl.coalesce("surface", "query").alias("surface"),
        "searchers",
        "searchers_sketch",
        "searches",
        # Told from the text once, here: results add days up by numbers.
        ids(variant_keys(counts["query"])).alias("variant_id"),
        ending_ids(counts["query"]),
    )


def votes(searches: pl.DataFrame) -> pl.DataFrame:
    """`query_id`, `surface`, `votes`: of the forms that are not the normalised query."""
    query_id, user = searches["query_id"].to_numpy(), searches["user_id"].to_numpy()
    order = order_by(query_id, user)
    return _votes(searches, order, changes(query_id[order], user[order]))


def _votes(searches: pl.DataFrame, order: Ints, is_person: Flags) -> pl.DataFrame:
    """`votes` of searches by query and person, of which each person's first one is marked."""
    person = np.cumsum(is_person) - 1
    is_odd = (searches["surface"] != searches["query"]).to_numpy()[order]
    is_mixed = np.zeros(len(order), dtype=np.bool_)
    is_mixed[person[is_odd]] = True
    chosen = np.flatnonzero(is_mixed[person])
    rows = pl.Series(order[chosen])
    forms = pl.DataFrame(
        {name: searches[name].gather(rows) for name in ("query_id", "query", "surface")}
    )
    votes = (
        forms.with_columns(person=person[chosen])
        .group_by("person")
        .agg(pl.col("surface").min(), pl.col("query_id", "query").first())
        .filter(pl.col("surface") != pl.col("query"))
    )
    return votes.group_by("query_id", "surface").agg(votes=pl.len().cast(pl.Int64))
