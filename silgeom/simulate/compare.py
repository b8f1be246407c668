"""How far two search logs are apart: `python -m silgeom.simulate.compare A B`."""

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np

from silgeom.simulate.distributions import Log, distributions, divergences, read_log
from silgeom.simulate.rhythm import Floats
from silgeom.tables import table

_SPLITS: Final = 9


def arg_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m silgeom.simulate.compare",
        description="Compare the distributions of two logs that were taken in: Kullback-Leibler "
        "and Jensen-Shannon divergence in bits. Of the larger log only as many people are taken, "
        "at random, as make the smaller one's number of searches. `noise` is the Jensen-Shannon "
        "divergence between two random halves of A's people (median of nine): what chance makes "
        "of one log.",
    )
    parser.add_argument("a", type=Path, metavar="A", help="root of a pipeline, or its searches")
    parser.add_argument("b", type=Path, metavar="B", help="another")
    parser.add_argument(
        "--zone", default="Asia/Seoul", metavar="ZONE", help="of the day (default: %(default)s)"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE.png", help="draw them, too (needs matplotlib)"
    )
    parser.add_argument(
        "--types",
        type=Path,
        metavar="types.json",
        help="of A's log, of which silgeom run segments was run: also tell how far the interests "
        "that its people were given are (A) from those of the segments that they were put in (B); "
        "`noise` is how far what a type's own people searched for is from what it was given",
    )
    return parser


def noise(log: Log, zone: str) -> dict[str, float]:
    """Jensen-Shannon divergence between two halves of the log's people: median of nine splits."""
    random = np.random.Generator(np.random.PCG64(1))
    found: dict[str, list[float]] = {}
    for _ in range(_SPLITS):
        half, other = (distributions(each, zone) for each in log.of_half(random))
        for name, counts in half.items():
            found.setdefault(name, []).append(divergences(counts, other[name])[2])
    return {name: float(np.median(each)) for name, each in found.items()}


def compared(
    first: Log, second: Log, zone: str
) -> tuple[list[tuple[str, float, float, float, float]], dict[str, tuple[Floats, Floats]]]:
    """Rows of name, KL there and back, Jensen-Shannon, noise; and the counts themselves."""
    random = np.random.Generator(np.random.PCG64(2))
    if len(first) > 1.05 * len(second):
        first = first.thinned(len(second), random)
    elif len(second) > 1.05 * len(first):
        second = second.thinned(len(first), random)
    ones, others = distributions(first, zone), distributions(second, zone)
    chance = noise(first, zone)
    rows = [
        (name, *divergences(counts, others[name]), chance[name]) for name, counts in ones.items()
    ]
    return rows, {name: (counts, others[name]) for name, counts in ones.items()}


def _interests(root: Path, types: Path) -> list[tuple[str, float, float, float, float]]:
    """Rows of what the people of a simulated log look for, and of what was fitted.

    Raises:
        ValueError: there are no types, or no segments; one sentence.
    """
    from silgeom.evaluate.log import EvaluationError  # here: scipy is needed for it alone
    from silgeom.evaluate.planted_types import read_labels
    from silgeom.evaluate.segments import simulated_and_fitted

    try:
        return simulated_and_fitted(root, read_labels(types))
    except EvaluationError as error:
        raise ValueError(str(error)) from error


def _plot(counts: dict[str, tuple[Floats, Floats]], names: tuple[str, str], file: Path) -> None:
    """One panel for each distribution.

    Raises:
        ValueError: there is no matplotlib, or no such kind of picture; one sentence.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ValueError("--plot needs matplotlib: pip install matplotlib.") from error
    figure = Figure(figsize=(13, 6), layout="constrained")
    for panel, (title, pair) in zip(figure.subplots(2, 4).flat, counts.items(), strict=False):
        used = np.flatnonzero((pair[0] > 0) | (pair[1] > 0))
        for each, name in zip(pair, names, strict=True):
            shares = each[used[0] : used[-1] + 1] / each.sum()
            panel.plot(shares, drawstyle="steps-mid", label=name, alpha=0.8)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("bin", fontsize=8)
        panel.tick_params(labelsize=8)
    figure.axes[0].legend(fontsize=8)
    figure.axes[-1].set_visible(False)
    figure.savefig(file, dpi=110)


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit code."""
    parser = arg_parser()
    options = parser.parse_args(argv)
    try:
        first, second = read_log(options.a), read_log(options.b)
        rows, counts = compared(first, second, options.zone)
        if options.types:
            rows += _interests(options.a, options.types)
        if options.plot:
            _plot(counts, (str(options.a), str(options.b)), options.plot)
    except (ValueError, OSError, KeyError) as error:
        parser.error(str(error))
    sys.stdout.write(f"A  {len(first):,} searches  {options.a}\n")
    sys.stdout.write(f"B  {len(second):,} searches  {options.b}\n\n")
    cells = [(name, *(f"{value:.4f}" for value in values)) for name, *values in rows]
    sys.stdout.write(table(("bits", "KL(A|B)", "KL(B|A)", "JS", "noise"), cells) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
