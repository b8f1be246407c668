"""Is what people are told to use the search for what was planted in a simulated log?

    python -m silgeom.evaluate.planted_uses ROOT --labels types.json

The labels are of a log of `python -m silgeom.simulate --types N --uses`, where each type has a use
of its own beside what everybody types. A person's main use is the one that most of their interests
are of, as `silgeom run segments` keeps them. `knows the queries` is told the use of each query:
who typed too little of their type's use cannot be told by anything. Intervals are over people.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from silgeom.commands import ArgumentParser, command, fail, place_name, say
from silgeom.evaluate.intervals import Bootstrap
from silgeom.evaluate.kinds_of_people import DAYS, HALF_LIFE_DAYS
from silgeom.evaluate.log import EvaluationError
from silgeom.evaluate.planted_types import (
    FIRST_USE,
    Labels,
    made_of,
    read_labels,
    read_searches,
)
from silgeom.evaluate.report import text_table
from silgeom.simulate.person_uses import LOOKING_UP, NAVIGATING, NEWS, SHOPPING

#: As `pipeline.counting.uses` numbers them.
USES: Final = (LOOKING_UP, NAVIGATING, NEWS, SHOPPING)
#: Of people of fewer searches little can be known.
MANY: Final = 5


def uses_found(
    searches: pl.DataFrame, interests: pl.DataFrame, labels: Labels, zone: str
) -> pd.DataFrame:
    """How many people's main use is the one that was planted in their type.

    Args:
        searches: as `planted_types.read_searches` gives them.
        interests: `INTERESTS` of the pipeline, with uses.
        labels: of a log whose types differ in use.
        zone: cuts the days.

    Returns:
        A row a planted use, of people of five searches and more, and two of all of them and of
        everybody: `planted`, `people`, the share whose main use is the planted one as `told`, and
        as who `knows the queries` would tell it, with intervals; and the shares of the main uses
        that were told, by name.

    Raises:
        EvaluationError: the labels have no uses, or the interests have none.
    """
    if not labels.type_uses:
        raise EvaluationError("the labels have no uses: name those of silgeom.simulate --uses")
    of_uses = interests.filter(pl.col("feature") >= FIRST_USE)
    if of_uses.is_empty():
        raise EvaluationError("the interests have no uses: run segments on the root again")
    told = of_uses.select(
        "user_id", "weight", use=pl.col("feature").cast(pl.Int64) - FIRST_USE
    ).pipe(_main)
    number = {name: at for at, name in enumerate(USES)}
    people = (
        searches.group_by("user_id")
        .agg(pl.len().alias("searches"), pl.col("type").first())
        .with_columns(
            planted=pl.col("type").replace_strict(
                {kind: number[use] for kind, use in enumerate(labels.type_uses)}
            )
        )
        .join(told.rename({"use": "told"}), on="user_id")
        .join(_by_labels(searches, labels, zone).rename({"use": "known"}), on="user_id")
        .sort("user_id")
    )
    of_many = people.filter(pl.col("searches") >= MANY)
    groups = {name: of_many.filter(pl.col("planted") == at) for name, at in number.items()}
    groups |= {f"all of {MANY} searches and more": of_many, "all": people}
    return pd.DataFrame([_row(name, each) for name, each in groups.items() if len(each)])


def _row(name: str, people: pl.DataFrame) -> dict[str, object]:
    draws, ones = Bootstrap(np.arange(len(people))), np.ones(len(people))
    row: dict[str, object] = {"planted": name, "people": len(people)}
    for title, column in (("right", "told"), ("knows the queries", "known")):
        is_right = (people[column] == people["planted"]).to_numpy().astype(np.float64)
        found = draws.mean(is_right, ones)
        row |= {title: found.value, f"{title}_low": found.low, f"{title}_high": found.high}
    shares = [float(str((people["told"] == at).mean())) for at in range(len(USES))]
    return row | {f"told {use}": share for use, share in zip(USES, shares, strict=True)}


def _main(weights: pl.DataFrame) -> pl.DataFrame:
    """The heaviest `use` of each `user_id`; of equals the first."""
    heaviest = weights.sort("user_id", "weight", "use", descending=[False, True, False])
    return heaviest.unique("user_id", keep="first", maintain_order=True).select("user_id", "use")


def _by_labels(searches: pl.DataFrame, labels: Labels, zone: str) -> pl.DataFrame:
    """The main use of each person by what was planted in each query, counted as the pipeline does.

    What is no query of the labels is for looking up.
    """
    queries = searches["query"].unique().sort().to_list()
    number = {name: at for at, name in enumerate(USES)}
    uses = [
        number[labels.uses[text]] if text in labels.uses else number[LOOKING_UP]
        for text in made_of(queries, labels)
    ]
    of_query = pl.DataFrame({"query": queries, "use": pl.Series(uses, dtype=pl.Int64)})
    day = pl.col("searched_at").dt.convert_time_zone(zone).dt.date()
    once = searches.select("user_id", "query", day=day).unique()
    age = (pl.col("day").max() - pl.col("day")).dt.total_days()
    return (
        once.with_columns(age=age)
        .filter(pl.col("age") < DAYS)
        .join(of_query, on="query")
        .group_by("user_id", "use")
        .agg(weight=(0.5 ** (pl.col("age") / HALF_LIFE_DAYS)).sum())
        .pipe(_main)
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser: argparse.ArgumentParser = ArgumentParser(
        prog="python -m silgeom.evaluate.planted_uses", description=str(__doc__).splitlines()[0]
    )
    add = parser.add_argument
    add("root", type=place_name, metavar="ROOT", help="where the jobs wrote, on this machine")
    named = "types.json of the simulated log (python -m silgeom.simulate --types N --uses)"
    add("--labels", type=Path, required=True, metavar="FILE", help=named)
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            root, labels = Path(args.root), read_labels(args.labels)
            searches, zone = read_searches(root, labels)
            days = sorted(root.glob("interests/dt=*"))
            if not days:
                raise EvaluationError(f"no interests in {root}: run silgeom run segments first")
            interests = pl.read_parquet(days[-1] / "*.parquet", hive_partitioning=False)
            found = uses_found(searches, interests, labels, zone)
            say(f"Main uses of people, planted and told\n\n{text_table(found)}")
        except (EvaluationError, OSError, pl.exceptions.PolarsError) as error:
            fail(parser.prog, str(error))


if __name__ == "__main__":
    main()
