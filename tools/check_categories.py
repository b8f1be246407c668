"""How often a spread category is right: declarations that were held back are to be found again.

    python -m tools.check_categories ROOT --rules categories.toml

In each round a part of the declared queries is hidden, the others are spread, and what the hidden
ones get is held against what was declared. *Coverage* is the share of the hidden that get a
category at all; *precision at half* is how many are right of that half of the hidden of whose
category it is surest.

Where rules name hosts, what hosts say of the queries that examples and words declare is held
against these, too. Hosts do not know them, so nothing need be hidden; but whoever chose the hosts
by looking at these queries measures what was looked at.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from pipeline.errors import InvalidParameterError
from pipeline.results.category_spread import Rule, categories, declared, parsed_rules
from pipeline.results.co_clicked import clicked_hosts
from pipeline.results.query_analytics import wilson
from pipeline.runs.publish import MIN_CLICKERS
from pipeline.runs.published import VOLUME_DAYS
from silgeom.commands import ArgumentParser, command, fail, place_name, say, whole
from silgeom.evaluate.log import EvaluationError
from silgeom.evaluate.report import text_table
from silgeom.related import RelatedError
from silgeom.results import newest_files

ROUNDS: Final = 40
HIDDEN: Final = 0.3
#: Fewer declared queries tell nothing.
_LEAST: Final = 20


def measured(related: pl.DataFrame, known: pl.DataFrame, *, seed: int = 1) -> pd.DataFrame:
    """Hide, spread and compare, `ROUNDS` times.

    Args:
        related: `query`, `related_query`, `sessions`.
        known: `query` and `category` as declared.
        seed: of what is hidden.

    Returns:
        A row a measure: `measure`, `value`, and 95 % of the rounds, `value_low` to `value_high`.

    Raises:
        EvaluationError: too few declared queries are searched together with anything.
    """
    ends = pl.concat([related["query"], related["related_query"]]).unique()
    known = known.filter(pl.col("query").is_in(ends.to_list())).sort("query")
    if len(known) < _LEAST:
        raise EvaluationError(
            f"only {len(known)} declared queries have related searches: declare more, or use a "
            "larger log"
        )
    queries = ends.to_frame("query")
    random = np.random.default_rng(seed)
    found: dict[str, list[float]] = {"precision at half": [], "precision": [], "coverage": []}
    for _ in range(ROUNDS):
        is_hidden = pl.Series(random.random(len(known)) < HIDDEN)
        hidden = known.filter(is_hidden)
        got = categories(queries, related, known.filter(~is_hidden)).rename({"category": "got"})
        rows = hidden.join(got, on="query").sort("confidence", "query", descending=[True, False])
        right = (rows["category"] == rows["got"]).to_numpy()
        half = right[: (len(hidden) + 1) // 2]
        if len(half):
            found["precision at half"].append(float(half.mean()))
            found["precision"].append(float(right.mean()))
        found["coverage"].append(len(rows) / max(len(hidden), 1))
    rows_ = [
        {
            "measure": name,
            "value": float(np.mean(values)),
            "value_low": float(np.quantile(values, 0.025)),
            "value_high": float(np.quantile(values, 0.975)),
        }
        for name, values in found.items()
        if values
    ]
    return pd.DataFrame(rows_)


def hosts_measured(clicked: pl.DataFrame, rules: Sequence[Rule]) -> pd.DataFrame:
    """Hold what hosts say of queries against what examples and words say of the same.

    Args:
        clicked: `query`, `host`, `people` who clicked something there.
        rules: of the categories.

    Returns:
        A row for all categories, then one for each with hosts: `category`; `hosts_say`, queries
        declared by examples or words to which hosts give it; `precision`, the share of these that
        are declared so; `declared`, queries with clicks that are declared so; `coverage`, the share
        of these to which hosts give any category. With 95 % intervals (Wilson, n = queries).

    Raises:
        EvaluationError: hosts say nothing of any declared query.
    """
    queries = clicked["query"].unique().sort()
    known = declared(queries, [replace(rule, hosts=()) for rule in rules])
    of_hosts = [replace(rule, queries=frozenset(), words=()) for rule in rules]
    said = declared(queries, of_hosts, clicked).rename({"category": "said"})
    both = known.join(said, on="query", how="left")
    if not both["said"].count():
        raise EvaluationError(
            f"hosts say nothing of the {len(known)} queries with clicks that examples or words "
            "declare: name more hosts, or use a larger log"
        )
    names = [rule.category for rule in rules if rule.hosts]
    rows = [_of_hosts("all", both.drop_nulls("said"), both)]
    for name in names:
        own = both.filter(pl.col("category") == name)
        rows.append(_of_hosts(name, both.filter(pl.col("said") == name), own))
    counted = pl.DataFrame(rows, schema=_COUNTS, orient="row")
    for share, all_of in (("precision", "hosts_say"), ("coverage", "declared")):
        low, high = wilson(pl.col(share), pl.col(all_of).cast(pl.Float64))
        counted = counted.with_columns(low.alias(f"{share}_low"), high.alias(f"{share}_high"))
    return pd.DataFrame(counted.to_dict(as_series=False))


_COUNTS: Final = {
    **{"category": pl.String, "hosts_say": pl.Int64, "precision": pl.Float64},
    **{"declared": pl.Int64, "coverage": pl.Float64},
}


def _of_hosts(name: str, told: pl.DataFrame, own: pl.DataFrame) -> tuple[object, ...]:
    """A row of `_COUNTS`: of what hosts told, and of what is declared; both may be empty."""
    right = (told["category"] == told["said"]).mean()
    reached = own["said"].is_not_null().mean()
    return name, len(told), right, len(own), reached


def clicked_of(root: Path, least: int) -> pl.DataFrame:
    """What `silgeom run categories` reads of clicks: `query`, `host`, `people`, of 28 days.

    Args:
        root: where it wrote.
        least: different people who clicked an address for a query.

    Raises:
        EvaluationError: no clicks of addresses were counted.
    """
    days = sorted(path.name for path in root.glob("daily_addresses/dt=*"))
    if not days:
        raise EvaluationError(
            f"no clicks of addresses were counted in {root}: run silgeom run categories with rules "
            "that name hosts, of a log that has addresses"
        )
    first = date.fromisoformat(days[-1].removeprefix("dt=")) - timedelta(days=VOLUME_DAYS - 1)
    read = [day for day in days if day >= f"dt={first}"]
    frames = [
        pl.scan_parquet(
            [file for day in read for file in sorted(root.glob(f"{dataset}/{day}/*.parquet"))],
            hive_partitioning=False,
        )
        for dataset in ("daily_addresses", "daily_counts")
    ]
    return clicked_hosts(*frames, min_searchers=least)


def main(argv: list[str] | None = None) -> None:
    """Print the measures."""
    parser: argparse.ArgumentParser = ArgumentParser(
        prog="python -m tools.check_categories", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("root", type=place_name, metavar="ROOT", help="where jobs/related.py wrote")
    parser.add_argument(
        "--rules", type=Path, required=True, metavar="FILE", help="the declarations"
    )
    least = f"different people who clicked an address for a query (default: {MIN_CLICKERS})"
    parser.add_argument(
        "--min-clickers", type=whole(1, 1_000), default=MIN_CLICKERS, metavar="N", help=least
    )
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            rules = parsed_rules(args.rules.read_text("utf-8"), str(args.rules))
        except InvalidParameterError as error:
            fail(parser.prog, str(error))
        except (OSError, UnicodeDecodeError) as error:
            fail(parser.prog, f"{args.rules} cannot be read ({error}): name another")
        ways: list[Callable[[Path, Sequence[Rule], int], str]] = [_sessions]
        if any(rule.hosts for rule in rules):
            ways.append(_hosts)
        faults = []
        for way in ways:
            try:
                say(way(Path(args.root), rules, args.min_clickers))
            except (EvaluationError, RelatedError) as error:
                faults.append(str(error))
            except (OSError, pl.exceptions.PolarsError) as error:
                faults.append(f"{args.root} cannot be read ({error}): run its jobs again")
        if len(faults) == len(ways):
            fail(parser.prog, "; ".join(faults))
        for fault in faults:  # the other way was measured
            say(f"Not measured: {fault}.")


def _sessions(root: Path, rules: Sequence[Rule], _: int) -> str:
    files = newest_files(root, "related", RelatedError)
    if not files:
        raise EvaluationError(f"no related searches in {root}: run jobs/related.py")
    columns = ["query", "related_query", "sessions"]
    related = pl.read_parquet(files, columns=columns, hive_partitioning=False)
    ends = pl.concat([related["query"], related["related_query"]]).unique()
    known = declared(ends, rules)
    found = text_table(measured(related, known))
    return (
        f"{len(known):,} of {len(ends):,} queries with related searches are declared\n\n{found}\n"
    )


def _hosts(root: Path, rules: Sequence[Rule], least: int) -> str:
    clicked = clicked_of(root, least)
    found = text_table(hosts_measured(clicked, rules))
    queries = clicked["query"].unique()
    alone = len(declared(queries, rules, clicked)) - len(declared(queries, rules))
    return (
        f"{len(queries):,} queries have clicks of an address that {least} people clicked; hosts "
        f"alone declare {alone:,} of them\n\n{found}"
    )


if __name__ == "__main__":
    main()
