"""How often a spread category is right: declarations that were held back are to be found again.

    python -m tools.check_categories ROOT --rules categories.toml

In each round a part of the declared queries is hidden, the others are spread, and what the hidden
ones get is held against what was declared. *Coverage* is the share of the hidden that get a
category at all; *precision at half* is how many are right of that half of the hidden of whose
category it is surest.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from pipeline.errors import InvalidParameterError
from pipeline.results.category_spread import categories, declared, parsed_rules
from silgeom.commands import ArgumentParser, command, fail, place_name, say
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


def main(argv: list[str] | None = None) -> None:
    """Print the measures."""
    parser: argparse.ArgumentParser = ArgumentParser(
        prog="python -m tools.check_categories", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("root", type=place_name, metavar="ROOT", help="where jobs/related.py wrote")
    parser.add_argument(
        "--rules", type=Path, required=True, metavar="FILE", help="the declarations"
    )
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            rules = parsed_rules(args.rules.read_text("utf-8"), str(args.rules))
            files = newest_files(Path(args.root), "related", RelatedError)
            if not files:
                raise EvaluationError(f"no related searches in {args.root}: run jobs/related.py")
            columns = ["query", "related_query", "sessions"]
            related = pl.read_parquet(files, columns=columns, hive_partitioning=False)
            ends = pl.concat([related["query"], related["related_query"]]).unique()
            known = declared(ends, rules)
            found = measured(related, known)
        except (EvaluationError, InvalidParameterError, RelatedError) as error:
            fail(parser.prog, str(error))
        except (OSError, UnicodeDecodeError) as error:
            fail(parser.prog, f"{args.rules} cannot be read ({error}): name another")
        say(f"{len(known):,} of {len(ends):,} queries with related searches are declared\n")
        say(text_table(found))


if __name__ == "__main__":
    main()
