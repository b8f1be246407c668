"""How soon a burst is on the board: the sliding one of `silgeom live` beside the hourly job's.

    silgeom live --landing LOG/logs --root ROOT --history 336   # until all boards are made
    python -m silgeom.evaluate.live ROOT --truth LOG/truth.json

Time is the log's own: from the moment when the first person typed a planted burst's query to the
end of the first window on whose board it stands as a surprise. What a machine needs to make that
board comes on top.
"""

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
import polars as pl

from silgeom.commands import ArgumentParser, command, fail, place_name, say
from silgeom.evaluate.log import EvaluationError
from silgeom.tables import table
from silgeom.text import normalized_query

#: People of whom a query must be typed within a window to be on any board by default.
FLOOR: Final = 5
_HOUR: Final = timedelta(hours=1)
_KINDS: Final = ("floor", "live", "hourly")


def delays(root: Path, truth: Path) -> pd.DataFrame:
    """Minutes until each planted burst was shown.

    Args:
        root: has the boards of `live/` and of `trending/`, on this machine.
        truth: truth.json of the simulated log.

    Returns:
        A row a burst that five people typed within its hours: `query`, `first` (UTC), and minutes
        from there: `floor` (until the fifth person), `live` and `hourly` (until the end of the
        first window that shows it as a surprise; NaN: none does).

    Raises:
        EvaluationError: there are no such boards, or no truth.
    """
    searches = _rows(root, "searches", ["searched_at", "user_id", "query"])
    boards = {
        name: _rows(root, dataset, ["window_end", "query", "variants", "is_surprise"])
        for name, dataset in (("live", "live"), ("hourly", "trending"))
    }
    rows = []
    for burst in _bursts(truth):
        phrasings = [normalized_query(each) for each in burst["phrasings"]]
        begin = datetime.fromisoformat(burst["start"]).astimezone(UTC)
        end = datetime.fromisoformat(max(burst["searchers"])).astimezone(UTC) + 2 * _HOUR
        typed = (
            searches.filter(
                pl.col("query").is_in(phrasings), pl.col("searched_at").is_between(begin, end)
            )
            .group_by("user_id")
            .agg(pl.col("searched_at").min())
            .sort("searched_at")["searched_at"]
        )
        if len(typed) < FLOOR:
            continue
        first = typed[0]
        row = {"query": burst["query"], "first": first, "floor": _minutes(first, typed[FLOOR - 1])}
        for name, board in boards.items():
            shown = board.filter(
                pl.col("is_surprise")
                & pl.col("window_end").is_between(first, end)
                & (
                    pl.col("query").is_in(phrasings)
                    | pl.col("variants").list.eval(pl.element().is_in(phrasings)).list.any()
                )
            )["window_end"].min()
            row[name] = _minutes(first, shown)
        rows.append(row)
    return pd.DataFrame(rows, columns=["query", "first", "floor", "live", "hourly"])


def _minutes(first: datetime, then: Any) -> float:  # noqa: ANN401  what Polars says of a column
    return (then - first).total_seconds() / 60 if isinstance(then, datetime) else float("nan")


def _rows(root: Path, dataset: str, columns: list[str]) -> pl.DataFrame:
    files = sorted((root / dataset).rglob("*.parquet"))
    if not files:
        raise EvaluationError(f"no {dataset} in {root}: run silgeom live on this root first")
    return pl.concat(
        pl.read_parquet(file, columns=columns, hive_partitioning=False) for file in files
    )


def _bursts(truth: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(truth.read_text("utf-8"))["bursts"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"{truth} is no truth.json of a simulated log ({error})") from error
    return found


def main(argv: list[str] | None = None) -> None:
    """Print a line a burst, and the medians."""
    parser: argparse.ArgumentParser = ArgumentParser(
        prog="python -m silgeom.evaluate.live", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("root", type=place_name, metavar="ROOT", help="where live wrote")
    parser.add_argument("--truth", type=Path, required=True, metavar="FILE", help="truth.json")
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            found = delays(Path(args.root), args.truth)
        except EvaluationError as error:
            fail(parser.prog, str(error))
        headers = ["burst", "first typed", "fifth person", "live", "hourly"]
        cells = [
            [row["query"], f"{row['first']:%Y-%m-%d %H:%M}", *(_told(row[name]) for name in _KINDS)]
            for row in found.to_dict("records")
        ]
        say(table(headers, cells))
        for name in _KINDS:
            known = found[name].dropna()
            say(f"{name}: {len(known)} of {len(found)}, median {known.median():.0f} minutes")


def _told(minutes: float) -> str:
    return "–" if pd.isna(minutes) else f"{minutes:.0f}"


if __name__ == "__main__":
    main()
