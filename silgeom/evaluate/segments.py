"""Are the segments of people the types that were planted in a simulated log? Beside what is usual.

    python -m silgeom.evaluate.segments ROOT --labels types.json

Agreement is the adjusted Rand index (Hubert and Arabie 1985): 1 where two partitions are the same,
0 where they agree by chance alone. Rivals are told the true number of types. `knows the types` is
told how each type searches, too: a person of one search says too little to be put right, and this
shows how much is lost by that. Intervals are over people.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from silgeom.commands import ArgumentParser, command, fail, place_name, say, whole
from silgeom.evaluate.intervals import ROUNDS, SEED, Figure
from silgeom.evaluate.log import EvaluationError, Floats, Ints
from silgeom.evaluate.planted_types import (
    Labels,
    People,
    people_as_found,
    people_of,
    planted_topics,
    read_labels,
    read_searches,
)
from silgeom.evaluate.report import text_table
from silgeom.simulate.distributions import divergences

#: People by the number of their searches: from, to.
GROUPS: Final = {
    "1": (1, 1),
    "2–4": (2, 4),
    "5–9": (5, 9),
    "10–19": (10, 19),
    "20–49": (20, 49),
    "50 and more": (50, 1 << 60),
}
#: People of fewer searches are those of whom little can be known.
MANY: Final = 5
OURS: Final = "Silgeom"
TOLD: Final = "Silgeom, told the number"
USES: Final = "Silgeom, told the number, uses weigh {:g}"
CEILING: Final = "knows the types"


def agreement(first: Ints, second: Ints) -> Figure:
    """Adjusted Rand index of two partitions of the same people, and its interval over people."""
    from sklearn.metrics import adjusted_rand_score

    if not len(first):
        return Figure(np.nan, np.nan, np.nan)
    _, row = np.unique(first, return_inverse=True)
    _, column = np.unique(second, return_inverse=True)
    width = int(column.max()) + 1
    cells = np.bincount(row * width + column, minlength=(int(row.max()) + 1) * width)
    random = np.random.default_rng(SEED)
    # To draw people with replacement is to draw the cells that they are in.
    drawn = random.multinomial(len(first), cells / cells.sum(), size=ROUNDS)
    values = _adjusted(drawn.reshape(ROUNDS, -1, width).astype(np.float64))
    low, high = np.percentile(values, [2.5, 97.5], method="inverted_cdf")
    return Figure(float(adjusted_rand_score(first, second)), float(low), float(high))


def _adjusted(cells: Floats) -> Floats:
    """The index of each table of a stack: (tables, rows, columns) of numbers of people."""

    def pairs(counts: Floats) -> Floats:
        return counts * (counts - 1) / 2

    both = pairs(cells).sum(axis=(1, 2))
    ones, others = pairs(cells.sum(axis=2)).sum(axis=1), pairs(cells.sum(axis=1)).sum(axis=1)
    chance = ones * others / pairs(cells.sum(axis=(1, 2)))
    most = (ones + others) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        index: Floats = np.where(most == chance, 1.0, (both - chance) / (most - chance))
    return index


def by_searches(name: str, truth: Ints, found: Ints, all_searches: Ints) -> dict[str, object]:
    """A row: agreement for all, for people of many searches, and by number of searches."""
    of_all = agreement(truth, found)
    many = all_searches >= MANY
    of_many = agreement(truth[many], found[many])
    row: dict[str, object] = {
        "method": name,
        "segments": len(np.unique(found)),
        **{"all": of_all.value, "all_low": of_all.low, "all_high": of_all.high},
        **{f"{MANY} and more": of_many.value},
        **{f"{MANY} and more_low": of_many.low, f"{MANY} and more_high": of_many.high},
    }
    for group, (least, most) in GROUPS.items():
        mine = (all_searches >= least) & (all_searches <= most)
        row[group] = agreement(truth[mine], found[mine]).value
    return row


def evaluate(
    people: People, members: pl.DataFrame | None, use_weights: Sequence[float] = ()
) -> pd.DataFrame:
    """How far segments agree with the planted types.

    Args:
        people: with their interests.
        members: `user_id`, `segment` as the pipeline found them, if it did.
        use_weights: weights of kinds of use that are tried, each a row.

    Returns:
        A row a method: `method`, `segments`, and the index of all people, of those of many
        searches, and by number of searches.
    """
    from silgeom.evaluate.segment_rivals import knows_the_types, ours, rivals

    number = len(np.unique(people.type))
    found = {} if members is None else {OURS: _members(people, members)}
    tried = {USES.format(each): ours(number, use_weight=each) for each in use_weights}
    others = {TOLD: ours(number), **tried, **rivals(number), CEILING: knows_the_types}
    for name, learn in others.items():
        found[name] = learn(people)(people)
    rows = [by_searches(name, people.type, one, people.all_searches) for name, one in found.items()]
    return pd.DataFrame(rows)


def halves(people: People, own_number: int | None) -> pd.DataFrame:
    """How far segments of two halves of the people agree, when both assign everybody.

    Args:
        people: with their interests.
        own_number: of segments, as the pipeline found it of all people, if it did.

    Returns:
        As `evaluate`; of each method how far its two models agree.
    """
    from silgeom.evaluate.segment_rivals import ours, rivals

    number = len(np.unique(people.type))
    order = np.random.default_rng(SEED).permutation(len(people))
    parts = [people.where(np.sort(each)) for each in np.array_split(order, 2)]
    rows = []
    own = {OURS: ours(own_number)} if own_number else {}
    for name, learn in {**own, TOLD: ours(number), **rivals(number)}.items():
        one, other = (learn(part)(people) for part in parts)
        rows.append(by_searches(name, one, other, people.all_searches))
    return pd.DataFrame(rows)


def types_found(people: People, labels: Labels, members: Ints) -> pd.DataFrame:
    """Each planted type, and the segment that has most of its people.

    Args:
        people: with planted topics.
        labels: what was planted.
        members: segment of each person.

    Returns:
        A row a type: `type`, `people`, `segment` (types and segments are matched one to one, so
        that most people match; none may be left for some), `its people in it` and `of its people`
        (shares), and the Jensen-Shannon divergence in bits of the interests that were simulated
        from those of the segment's searches (`apart`) and from those of the type's own (`chance`).
    """
    from scipy.optimize import linear_sum_assignment

    names, segment = np.unique(members, return_inverse=True)
    both = np.zeros((len(labels.types), len(names)))
    np.add.at(both, (people.type, segment), 1)
    match = dict(zip(*(each.tolist() for each in linear_sum_assignment(-both)), strict=True))
    rows: list[dict[str, object]] = []
    for kind, planted in enumerate(labels.interests):
        mine = people.type == kind
        row: dict[str, object] = {
            "type": kind,
            "people": int(mine.sum()),
            "chance": _apart(people, mine, planted),
        }
        if kind in match:
            here, common = segment == match[kind], both[kind, match[kind]]
            row |= {
                "segment": int(names[match[kind]]),
                "its people in it": float(common / mine.sum()),
                "of its people": float(common / here.sum()),
                "apart": _apart(people, here, planted),
            }
        rows.append(row)
    columns = ["type", "people", "segment", "its people in it", "of its people", "apart", "chance"]
    return pd.DataFrame(rows, columns=columns)


def interests_apart(
    people: People, labels: Labels, members: Ints
) -> list[tuple[str, float, float, float, float]]:
    """How far the interests that were simulated are from those that were fitted.

    What somebody looks for is, as fitted, what the people of their segment look for: a distribution
    over the planted topics. Of a type it is the mean of its people.

    Args:
        people: with planted topics.
        labels: what was planted.
        members: segment of each person.

    Returns:
        A row a type, and their mean by numbers of people: name, Kullback-Leibler divergence of what
        was simulated from what was fitted and back, Jensen-Shannon, in bits; and the Jensen-Shannon
        divergence of what was simulated from what the type's own people searched for, which is what
        chance leaves. Each bin gets half a search more.
    """
    names, segment = np.unique(members, return_inverse=True)
    by_segment = np.vstack(
        [np.asarray(people.searches[segment == at].sum(axis=0)) for at in range(len(names))]
    )
    shares = by_segment / np.maximum(by_segment.sum(axis=1, keepdims=True), 1.0)
    rows, sizes = [], []
    for kind, planted in enumerate(labels.interests):
        mine = people.type == kind
        own = np.asarray(people.searches[mine].sum(axis=0)).ravel()
        fitted = shares[segment[mine]].mean(axis=0) if mine.any() else np.zeros(len(planted))
        measured = divergences(planted * own.sum(), fitted * own.sum())
        rows.append((*measured, divergences(planted * own.sum(), own)[2]))
        sizes.append(float(mine.sum()))
    mean = np.average(np.array(rows), axis=0, weights=sizes)
    told = [(f"interests of type {kind}", *row) for kind, row in enumerate(rows)]
    return [*told, ("interests", *mean.tolist())]


def simulated_and_fitted(
    root: Path, labels: Labels
) -> list[tuple[str, float, float, float, float]]:
    """`interests_apart` of a log that was taken in, and its newest segments.

    Raises:
        EvaluationError: there are no segments, or the labels are of another log.
    """
    searches, zone = read_searches(root, labels)
    members = _newest(root, "members")
    if members is None:
        raise EvaluationError(f"no segments in {root}: make them with silgeom run segments first")
    queries = searches["query"].unique().sort().to_list()
    people = people_of(searches, planted_topics(queries, labels), zone)
    return interests_apart(people, labels, _members(people, members))


def _apart(people: People, chosen: npt.NDArray[np.bool_], planted: Floats) -> float:
    counts = np.asarray(people.searches[chosen].sum(axis=0)).ravel()
    return divergences(counts, planted * counts.sum())[2]


def _members(people: People, members: pl.DataFrame) -> Ints:
    """The segment of each person; who has none is in one with all others who have none."""
    from silgeom.evaluate.segment_rivals import NOBODY

    known = pl.DataFrame({"user_id": people.user_id}).join(
        members.select("user_id", "segment"), on="user_id", how="left", maintain_order="left"
    )
    return known["segment"].fill_null(NOBODY).to_numpy().astype(np.int64)


def _newest(root: Path, dataset: str) -> pl.DataFrame | None:
    """The rows of the newest day of a dataset, if there is one."""
    days = sorted(root.glob(f"{dataset}/dt=*"))
    return pl.read_parquet(days[-1] / "*.parquet", hive_partitioning=False) if days else None


def told(
    root: Path, labels: Labels, *, most: int, use_weights: Sequence[float] = ()
) -> Iterator[tuple[str, pd.DataFrame]]:
    """All tables, each with its title.

    Args:
        root: where the log with the labels was taken in.
        labels: what was planted.
        most: people who are drawn, at most.
        use_weights: weights of kinds of use that are tried.

    Raises:
        EvaluationError: there is nothing to measure.
    """
    searches, zone = read_searches(root, labels)
    drawn = searches.select("user_id").unique().sort("user_id").head(most)  # ids are hashes
    searches = searches.join(drawn, on="user_id", how="semi", maintain_order="left")
    interests, members = _newest(root, "interests"), _newest(root, "members")
    queries = searches["query"].unique().sort().to_list()
    planted = people_of(searches, planted_topics(queries, labels), zone)
    about = f"{len(planted):,} people, {len(searches):,} searches, {len(labels.types)} types"
    title = "Agreement with the planted types"
    yield f"{title}, planted topics: {about}", evaluate(planted, None)
    halving = "Agreement of two halves of the people"
    if interests is None or members is None:
        yield f"{halving}, planted topics", halves(planted, None)
    else:
        found = people_as_found(searches, interests)
        yield f"{title}, topics as found", evaluate(found, members, use_weights)
        number = members["segment"].n_unique()
        yield f"{halving}, topics as found", halves(found, number)
        yield (
            "Types, and the segments found",
            types_found(planted, labels, _members(planted, members)),
        )


def _weight(text: str) -> float:
    """A weight of a facet.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight < 1:
        raise argparse.ArgumentTypeError(f"must be a weight from 0 to below 1, not {text!r}")
    return weight


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser: argparse.ArgumentParser = ArgumentParser(
        prog="python -m silgeom.evaluate.segments", description=str(__doc__).splitlines()[0]
    )
    add = parser.add_argument
    add("root", type=place_name, metavar="ROOT", help="where the jobs wrote, on this machine")
    named = "types.json of the simulated log (python -m silgeom.simulate --types)"
    add("--labels", type=Path, required=True, metavar="FILE", help=named)
    most = "people that are measured at most (default: 20000)"
    add("--most", type=whole(100, 1_000_000_000), default=20_000, metavar="N", help=most)
    uses = "also measure segments in which kinds of use weigh so much (0: as they are made)"
    add("--use-weight", type=_weight, nargs="+", default=(), metavar="W", help=uses)
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            labels = read_labels(args.labels)
            found = told(Path(args.root), labels, most=args.most, use_weights=args.use_weight)
            for title, measured in found:
                say(f"{title}\n\n{text_table(measured)}\n")
        except ImportError:
            fail(parser.prog, "rivals need scikit-learn: pip install 'silgeom[measure]'")
        except EvaluationError as error:
            fail(parser.prog, str(error))


if __name__ == "__main__":
    main()
