"""Hold corrections against what was planted in a simulated log (`truth.json`).

    python tools/check_corrections.py [--root output] [--truth sample_data/truth.json]

Counted are the planted pairs of wrong and right (slip, keyboard, spacing) that at least k different
people typed in one session: whether the wrong one is led to the right one, the right one to the
wrong one, or either is shown as a related search of the other.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import polars as pl

from pipeline.columns import DAILY_COUNTS, DAILY_PAIRS, Columns
from pipeline.results.related_searches import related_searches
from pipeline.store.storage import LocalStorage
from pipeline.store.tables import scanned
from silgeom.tables import table

#: Below the floor of publishing there are more pairs to learn from.
FLOORS: Final = (5, 3, 2)

#: query, related query and kind of a row of a result.
Row = tuple[str, str, str]


def judged(
    planted: Mapping[tuple[str, str], str], shown: Iterable[Row]
) -> Counter[tuple[str, str]]:
    """Count the planted pairs by their kind and by what became of them.

    Args:
        planted: (wrong, right) -> slip, keyboard or spacing.
        shown: rows of the result: everything that enough people typed together.

    Returns:
        (kind, what) -> pairs, where what is `corrected`, `reversed` or `related`.
    """
    of_pair = {(query, other): kind for query, other, kind in shown}
    found: Counter[tuple[str, str]] = Counter()
    for (wrong, right), kind in planted.items():
        there, back = of_pair.get((wrong, right)), of_pair.get((right, wrong))
        if "related" in (there, back):
            found[kind, "related"] += 1
        elif back == "correction":
            found[kind, "reversed"] += 1
        elif there == "correction":
            found[kind, "corrected"] += 1
    return found


def measured(
    pairs: pl.LazyFrame, names: pl.LazyFrame, planted: Mapping[tuple[str, str], str]
) -> list[list[int | str | float | None]]:
    """The lines of the table: for each floor and kind, the planted pairs and what became of them.

    Args:
        pairs: `DAILY_PAIRS` of all days.
        names: `DAILY_COUNTS` of all days.
        planted: see `judged`.

    Returns:
        k, kind, pairs, a number for each of `WHAT`, and the corrected ones in per cent (None: there
        are no pairs).
    """
    lines: list[list[int | str | float | None]] = []
    for floor in FLOORS:
        shown = related_searches(pairs, names, min_searchers=floor, top=1_000)
        found = judged(planted, shown.select("query", "related_query", "kind").rows())
        for kind in KINDS:
            counts = [found[kind, what] for what in WHAT]
            total = sum(counts)
            share = 100 * found[kind, "corrected"] / total if total else None
            lines.append([floor, kind, total, *counts, share])
    return lines


def all_days(root: str, dataset: str, columns: Columns) -> pl.LazyFrame:
    """All days of a dataset that are stored in a root on this machine."""
    base = Path(root).resolve()
    days = sorted(folder.name for folder in (base / dataset).glob("dt=*"))
    if not days:
        sys.exit(f"check_corrections: no {dataset} in {root}")
    return scanned(LocalStorage(), f"file://{base}", dataset, days, columns)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", default="output")
    parser.add_argument("--truth", default="sample_data/truth.json")
    args = parser.parse_args(argv)
    truth = json.loads(Path(args.truth).read_text("utf-8"))
    planted = {(each["wrong"], each["right"]): each["kind"] for each in truth["corrections"]}
    lines = measured(
        all_days(args.root, "daily_pairs", DAILY_PAIRS),
        all_days(args.root, "daily_counts", DAILY_COUNTS),
        planted,
    )
    print(table(["k", "planted", "pairs", *WHAT, "corrected %"], lines))  # noqa: T201


KINDS: Final = ("slip", "keyboard", "spacing")
WHAT: Final = ("corrected", "reversed", "related")

if __name__ == "__main__":
    main()
