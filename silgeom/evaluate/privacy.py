"""Can the published results tell that a person is in the log, or in a segment?

    python -m silgeom.evaluate.privacy ROOT

Somebody knows ten queries of a person, has what is published, and a log of as many other people.
Published are the numbers of different people of each query and of each two queries of one person
and day, where they are the floor k and more: at least what any result tells of them. The attack is
membership inference by a likelihood ratio: of each number, how much likelier it is if the person is
one of those who were counted (Homer et al., PLoS Genetics 4, 2008; Shokri et al., IEEE S&P 2017).

Which half of the people is published is drawn several times. Each of them is tried both ways, with
their rows and without. Told is the advantage, the share that is found of those who are in less the
share that is taken to be in of those who are not, by a threshold that is learnt on the other draws:
on the same one it would learn the numbers of that draw, which are the secret. Intervals are over
draws.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from pipeline.errors import InvalidParameterError
from pipeline.results.described_segments import terms
from pipeline.results.noisy_segments import require_opendp
from silgeom.commands import ArgumentParser, command, fail, place_name, say, whole
from silgeom.evaluate.intervals import SEED, Bootstrap, Figure
from silgeom.evaluate.log import EvaluationError, Floats, Log, read_log, searches_of
from silgeom.evaluate.report import text_table
from silgeom.evaluate.segment_privacy import in_noisy_segments, left_over, log_by_segment
from silgeom.evaluate.trend_counts import FLOOR

#: Queries of a person that are known.
KNOWN: Final = 10
#: What the people of so many are called.
MANY: Final = f"of {KNOWN} queries and more"
#: How often the half that is published is drawn.
DRAWS: Final = 8
#: A person of so many on a day has no pairs: as in `related`, where long sessions are left out.
_MOST_OF_DAY: Final = 30
#: Of a query that the reference has not.
_UNSEEN: Final = 0.5
_NEVER: Final = 1e-12
#: A query that is not told of a segment is as rare in it as this.
_UNTOLD: Final = 1e-3
#: More is no noise.
_MOST_EPSILON: Final = 1_000


@dataclass(frozen=True)
class World:
    """A published log, and the log of other people that is known.

    Attributes:
        items: `user`, `one`, `other`, each once, of the people who may be in the published log: a
            query (`other` the same) or two queries of one day.
        counted: `one`, `other`, `people`, `reference`: people of the published log, where
            everybody is in, and of the reference.
        floor: what fewer people searched for is not published.
        grain: numbers are published in steps of so many, from the floor on; 1: exact.
    """

    items: pl.DataFrame
    counted: pl.DataFrame
    floor: int
    grain: int = 1

    @staticmethod
    def of(items: pl.DataFrame, floor: int, grain: int, draw: int) -> "World":
        """Half of the people are published, the others the reference.

        Args:
            items: of everybody: `items_of`.
            floor: as of the class.
            grain: as of the class.
            draw: which half, a number from 0.
        """
        users = items["user"].unique().sort().to_numpy()
        chosen = np.random.default_rng([SEED, draw]).permutation(users)[: len(users) // 2]
        is_in = pl.col("user").is_in(pl.Series(chosen).implode())
        published = items.filter(is_in)
        keys = ["one", "other"]
        reference = items.filter(~is_in).group_by(keys).len("reference")
        counted = published.group_by(keys).len("people").join(reference, on=keys, how="left")
        counted = counted.with_columns(pl.col("reference").fill_null(0))
        return World(published, counted, floor, grain)

    def known(self, *, rarest: bool) -> pl.DataFrame:
        """`user`, `query`: ten queries of each person, drawn, or those that fewest others have."""
        is_query = pl.col("one") == pl.col("other")
        queries = self.items.filter(is_query).sort("user", "one")
        drawn = np.random.default_rng(SEED).random(len(queries))
        queries = queries.join(self.counted, on=["one", "other"]).sort("user", "one")
        queries = queries.with_columns(drawn=pl.Series(drawn))
        order = ["user", "people", "drawn"] if rarest else ["user", "drawn"]
        place = pl.int_range(pl.len()).over("user")
        return queries.sort(order).filter(place < KNOWN).select("user", query="one")

    def scores(self, known: pl.DataFrame, queries: pl.Series, *, pairs: bool) -> pl.DataFrame:
        """Try each person both ways.

        Args:
            known: `user`, `query`.
            queries: that something is published of.
            pairs: pairs of them, too.

        Returns:
            `user`, `inside`, `outside`: log-likelihood ratios with the person's rows and without;
            `certain`: who knows everybody else's rows, too, sees the difference in what is told.
        """
        is_about = pl.col("one").is_in(queries.implode())
        if not pairs:
            is_about &= pl.col("one") == pl.col("other")
        about = self.items.filter(is_about)
        of_known = about.join(known, left_on=["user", "one"], right_on=["user", "query"]).join(
            known, left_on=["user", "other"], right_on=["user", "query"]
        )
        rows = of_known.join(self.counted, on=["one", "other"]).sort("user", "one", "other")
        people, reference = (
            rows[name].to_numpy().astype(np.float64) for name in ("people", "reference")
        )
        steps = people - self.floor
        return (
            rows.select("user")
            .with_columns(
                inside=pl.Series(likelihood_ratio(people, reference, self.floor, self.grain)),
                outside=pl.Series(likelihood_ratio(people - 1, reference, self.floor, self.grain)),
                certain=pl.Series((steps >= 0) & (steps % self.grain == 0)),
            )
            .group_by("user")
            .agg(pl.col("inside", "outside").sum(), pl.col("certain").any())
            .join(known.select("user").unique(), on="user", how="right")  # nothing told of some
            .with_columns(
                pl.col("inside", "outside").fill_null(0.0), pl.col("certain").fill_null(False)
            )
            .sort("user")
        )


def items_of(log: Log) -> pl.DataFrame:
    """What each person searched for: `user`, `one`, `other` as of `World`."""
    rows = pl.DataFrame({"user": log.user, "day": log.day, "one": log.query}).unique()
    short = rows.filter(pl.len().over("user", "day") <= _MOST_OF_DAY)
    pairs = short.join(short.rename({"one": "other"}), on=["user", "day"])
    pairs = pairs.filter(pl.col("one") < pl.col("other")).select("user", "one", "other")
    return pl.concat([rows.select("user", "one", other="one"), pairs]).unique()


def likelihood_ratio(people: Floats, reference: Floats, floor: int, grain: int = 1) -> Floats:
    """How much likelier each number is if the person is one of those who were counted, as logs.

    The number of others is of a negative binomial law: Poisson's, with a rate known from the
    reference. Of what is not published it is known that it is below the floor; of what is published
    in steps, that it is one of those of the step.

    Args:
        people: how many were counted.
        reference: how many the reference has.
        floor: what fewer people searched for is not published.
        grain: numbers of a step; steps begin at the floor.
    """
    rate = reference + _UNSEEN
    least = np.maximum(floor + (people - floor) // grain * grain, 1)
    # Of the step from `least` on, with P(least) as 1: P(least - 1), and all of the step.
    before = 2 * least / (rate + least - 1)
    each = np.ones(len(rate))
    step = each.copy()
    for number in range(1, grain):
        each = each * (rate + least + number - 1) / (least + number) / 2
        step += each
    told = np.log((before + step - each) / step)
    chance, below = 0.5**rate, [np.zeros(len(rate))]
    for number in range(floor):
        below.append(below[-1] + chance)
        chance = chance * (rate + number) / (number + 1) / 2
    untold = np.log(np.maximum(below[-2], _NEVER) / np.maximum(below[-1], _NEVER))
    found: Floats = np.where(people >= floor, told, untold)
    return found


def advantage(draws: Sequence[pl.DataFrame]) -> Figure:
    """Of a threshold that is learnt on the other draws, with its interval over draws.

    Args:
        draws: two or more, each with `inside` and `outside`, a row a person.
    """
    inside, outside = ([each[name].to_numpy() for each in draws] for name in ("inside", "outside"))
    gained = []
    for number in range(len(draws)):
        others = [np.concatenate(each[:number] + each[number + 1 :]) for each in (inside, outside)]
        threshold = _threshold(*others)
        found = (inside[number] >= threshold).astype(np.float64) - (outside[number] >= threshold)
        gained.append(found)
    draw = np.repeat(np.arange(len(draws)), [len(each) for each in gained])
    tried = np.concatenate(gained)
    return Bootstrap(draw).mean(tried, np.ones(len(tried)))


def _threshold(inside: Floats, outside: Floats) -> float:
    """The one that tells best which scores are of people who are in."""
    values = np.unique(np.concatenate([inside, outside]))
    below = [np.searchsorted(np.sort(each), values) for each in (inside, outside)]
    return float(values[int(np.argmax(below[1] - below[0]))]) if len(values) else 0.0


def in_the_log(
    log: Log, *, floor: int = FLOOR, grain: int = 1, told: pl.Series | None = None
) -> pd.DataFrame:
    """Try to tell who is in the log.

    Args:
        log: whose people are published (half of them) and known (the others).
        floor: people of what is published.
        grain: numbers are published in steps of so many.
        told: queries that the terms of segments tell of; an attack has nothing but these.

    Returns:
        A row an attack and group of people: `known`, `from`, `people`, `tried` (tries, of all
        draws), `advantage` with its interval, and `knows_all_others`: the advantage of somebody who
        knows all other rows.

    Raises:
        EvaluationError: too few people.
    """
    items = items_of(log)
    worlds = [World.of(items, floor, grain, draw) for draw in range(DRAWS)]
    number = items.filter(pl.col("one") == pl.col("other")).group_by("user").len()
    many = number.filter(pl.col("len") >= KNOWN).select("user")
    of_all = pl.Series(np.arange(len(log.texts)))
    sources = {"queries": (of_all, False), "queries and pairs": (of_all, True)}
    if told is not None:
        is_told = pl.Series(log.texts, dtype=pl.String).is_in(told.implode())
        sources["terms of segments"] = (of_all.filter(is_told), False)
    rows = []
    for rarest in (False, True):
        known = [world.known(rarest=rarest) for world in worlds]
        for source, (queries, pairs) in sources.items():
            scores = [
                world.scores(each, queries, pairs=pairs)
                for world, each in zip(worlds, known, strict=True)
            ]
            of_many = [each.join(many, on="user", how="semi") for each in scores]
            for name, chosen in (("all", scores), (MANY, of_many)):
                tried = pl.concat(chosen)
                if len(tried) < 2 * DRAWS:
                    continue
                found = advantage(chosen)
                rows.append(
                    {
                        "known": f"the {KNOWN} rarest" if rarest else f"any {KNOWN}",
                        "from": source,
                        "people": name,
                        "tried": len(tried),
                        "advantage": found.value,
                        "advantage_low": found.low,
                        "advantage_high": found.high,
                        "knows_all_others": float(str(tried["certain"].mean())),
                    }
                )
    if not rows:
        raise EvaluationError("too few people to try: use a larger log")
    return pd.DataFrame(rows)


def in_a_segment(
    people: pl.DataFrame, members: pl.DataFrame, *, floor: int = FLOOR, most: int = 200
) -> pd.DataFrame:
    """Try to tell in which segment somebody is, by the terms of segments.

    The same guess is made without the person's rows: what may be said of anybody like them is no
    leak. Segments stay as they are, and only what is told of them is made anew.

    Args:
        people: `user_id`, `query_id`, `query`, `surface`, `variant_id`, each once.
        members: `user_id`, `segment`.
        floor: people of a term.
        most: people who are tried, of ten queries and more.

    Returns:
        A row a guess: `guess`, `people`, `right` (share) with its interval; the last is the gain.

    Raises:
        EvaluationError: nobody has so many queries.
    """
    random = np.random.default_rng(SEED)
    number = people.group_by("user_id").len().filter(pl.col("len") >= KNOWN)
    users = number.join(members, on="user_id")["user_id"].sort().to_numpy()
    users = np.sort(random.permutation(users)[:most])
    if len(users) < 4:
        raise EvaluationError("too few people of ten queries to try: use a larger log")
    here = terms(people, members, min_searchers=floor)
    largest = int(members["segment"].mode().sort()[0])
    right: dict[str, list[float]] = {"largest": [], "without": [], "with": []}
    truth = dict(members.iter_rows())
    for user in users.tolist():
        own = people.filter(pl.col("user_id") == user)["query"].sort().to_list()
        known = [own[each] for each in random.permutation(len(own))[:KNOWN]]
        is_other = pl.col("user_id") != user
        left, others = people.filter(is_other), members.filter(is_other)
        there = terms(left, others, min_searchers=floor)
        right["largest"].append(float(largest == truth[user]))
        right["without"].append(float(_guess(known, there, others) == truth[user]))
        right["with"].append(float(_guess(known, here, members) == truth[user]))
    draws, ones = Bootstrap(np.arange(len(users))), np.ones(len(users))
    values = {name: np.array(each) for name, each in right.items()}
    values["advantage"] = values["with"] - values["without"]
    names = {
        "largest": "the largest segment",
        "without": "by terms that were made without the person",
        "with": "by terms that were made with the person",
        "advantage": "advantage: with less without",
    }
    rows = []
    for name, each in values.items():
        found = draws.mean(each, ones)
        rows.append(
            {
                "guess": names[name],
                "people": len(users),
                "right": found.value,
                "right_low": found.low,
                "right_high": found.high,
            }
        )
    return pd.DataFrame(rows)


def _guess(known: list[str], told: pl.DataFrame, members: pl.DataFrame) -> int:
    """The likeliest segment by naive Bayes; of equals the first."""
    sizes = members.group_by("segment").len().sort("segment")
    of_known = told.filter(pl.col("query").is_in(known))
    odds = of_known.with_columns(of=(pl.col("share") / _UNTOLD).clip(1.0).log())
    sums = odds.group_by("segment").agg(pl.col("of").sum())
    score = sizes.join(sums, on="segment", how="left").with_columns(
        score=pl.col("len").log() + pl.col("of").fill_null(0.0)
    )
    best = score.sort("score", "segment", descending=[True, False])["segment"][0]
    return int(best)


def segments_of(root: str) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """People with their queries, and the newest members; None: there are no segments."""
    base = Path(root.removeprefix("file://"))
    days = sorted(base.glob("members/dt=*"))
    if not days:
        return None
    members = pl.read_parquet(days[-1] / "*.parquet", hive_partitioning=False)
    counts = pl.scan_parquet(base / "daily_counts/dt=*/*.parquet", hive_partitioning=False)
    names = counts.select("query_id", "query", "surface", "variant_id").unique(
        "query_id", keep="first", maintain_order=True
    )
    files = sorted(base.glob("searches/dt=*/*.parquet"))
    once = searches_of(files, ["user_id", "query_id"]).unique()
    people = once.join(names.collect(), on="query_id").sort("user_id", "query_id")
    return people, members.select("user_id", "segment")


def by_segment(root: str, zone: str, known: tuple[pl.DataFrame, pl.DataFrame], floor: int) -> None:
    """Print the attack on results of each segment, and what subtraction tells."""
    found = in_the_log(log_by_segment(root, known[1], zone), floor=floor)
    say(f"\nIn the log, by results of each segment? k = {floor}\n\n{text_table(found)}")
    left = left_over(*known, floor=floor)
    say(f"\nEverybody less all segments, k = {floor}\n\n{text_table(left)}")


def noisy(known: tuple[pl.DataFrame, pl.DataFrame], epsilons: Sequence[float], floor: int) -> None:
    """Print the attack on segments with noise."""
    found = in_noisy_segments(*known, epsilons, floor=floor, known=KNOWN)
    say(f"\nIn the log, by segments with noise, knowing all others? k = {floor}\n")
    say(text_table(found))


def _epsilon(text: str) -> float:
    """An epsilon.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        epsilon = float(text)
    except ValueError:
        epsilon = 0.0
    if not 0 < epsilon <= _MOST_EPSILON:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {_MOST_EPSILON}: {text!r}")
    return epsilon


def main(argv: list[str] | None = None) -> None:
    """Print the tables."""
    parser: argparse.ArgumentParser = ArgumentParser(
        prog="python -m silgeom.evaluate.privacy", description=str(__doc__).splitlines()[0]
    )
    add = parser.add_argument
    add("root", type=place_name, metavar="ROOT", help="where the jobs wrote, on this machine")
    floor = f"people of what is published (default: {FLOOR}); 1: without a floor, to compare"
    add("--k", type=whole(1, 1_000_000_000), default=FLOOR, metavar="K", help=floor)
    most = "people whose segment is guessed, at most (default: 200)"
    add("--most", type=whole(4, 1_000_000), default=200, metavar="N", help=most)
    by = "attack results of each segment's people (segments --by-segment), too"
    parser.add_argument("--by-segment", action="store_true", help=by)
    steps = "only: what a higher floor and numbers in steps would give away, and cost"
    parser.add_argument("--remedies", action="store_true", help=steps)
    noise = "attack segments that are made with so much epsilon, too (needs silgeom[private])"
    add("--epsilon", type=_epsilon, nargs="+", default=(), metavar="E", help=noise)
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            log, zone = read_log(args.root)
            if args.remedies:
                from silgeom.evaluate.privacy_remedies import remedies

                say(f"In the log? Any {KNOWN} known, queries and pairs\n")
                say(text_table(remedies(log)))
                return
            known = segments_of(args.root)
            told = terms(*known, min_searchers=args.k)["query"] if known else None
            found = in_the_log(log, floor=args.k, told=told)
            say(f"In the log? k = {args.k}\n\n{text_table(found)}\n")
            if known is None:
                say("No segments: make them with `silgeom run segments`.")
                return
            guessed = in_a_segment(*known, floor=args.k, most=args.most)
            say(f"In which segment? k = {args.k}\n\n{text_table(guessed)}")
            if args.by_segment:
                by_segment(args.root, zone, known, args.k)
            if args.epsilon:
                require_opendp()
                noisy(known, args.epsilon, args.k)
        except (
            EvaluationError,
            InvalidParameterError,
            OSError,
            pl.exceptions.PolarsError,
        ) as error:
            fail(parser.prog, str(error))


if __name__ == "__main__":
    main()
