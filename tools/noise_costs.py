"""What noise costs: how many terms of segments stay, and how far off their numbers are.

    python -m tools.noise_costs ROOT

ROOT has members of segments: `silgeom run segments` made them. The noise is drawn anew each time.
"""

import sys
from typing import Final

import polars as pl

from pipeline.results.described_segments import terms
from pipeline.results.noisy_segments import noisy_segments
from silgeom.commands import fail, say
from silgeom.evaluate.privacy import segments_of
from silgeom.tables import table

_EPSILONS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_TYPICAL: Final = 5
_FLOOR: Final = 5
_LEAST_PEOPLE: Final = 50


def main(arguments: list[str]) -> None:
    """Print the table."""
    known = segments_of(arguments[0]) if len(arguments) == 1 else None
    if known is None:
        fail("noise_costs", "give one ROOT that has segments: silgeom run segments")
    people, members = known
    exact = terms(people, members, min_searchers=_FLOOR)
    typical = exact.filter(pl.col("rank") <= _TYPICAL)
    sizes = members.group_by("segment").len()
    rows = []
    for epsilon in _EPSILONS:
        found, told = noisy_segments(
            people, members, epsilon=epsilon, min_people=_LEAST_PEOPLE, min_searchers=_FLOOR
        )
        first = told.filter(pl.col("rank") <= _TYPICAL)
        kept = first.join(typical, on=["segment", "query"], how="semi")
        both = told.join(exact, on=["segment", "query"], suffix="_exact")
        error = both.select((pl.col("share") - pl.col("share_exact")).abs().median()).item()
        of_sizes = found.join(sizes, on="segment").select(
            ((pl.col("people") - pl.col("len")) / pl.col("len")).abs().mean()
        )
        of_typical = f"{len(kept)} of {len(typical)}"
        of_size = of_sizes.item()
        cells = ["" if each is None else f"{each:.4f}" for each in (error, of_size)]
        rows.append([f"{epsilon:g}", f"{len(told)} of {len(exact)}", of_typical, *cells])
    columns = ["epsilon", "terms told", "typical kept", "error of shares", "error of sizes"]
    say(table(columns, rows))


if __name__ == "__main__":
    main(sys.argv[1:])
