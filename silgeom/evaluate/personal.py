"""Completions and related searches of one person, with and without what is known of that person.

    python -m silgeom.evaluate.personal ROOT

Each later search is typed again, key by key, in order of time: what the person searched for until
then is the history, and what they searched for before in the same sitting the session. Related
searches are asked with each later search that another one follows in its sitting: is that among the
ten? What everybody gets is learnt from what came first, each person's own part left out. Each
search counts once, whatever its length; intervals are over users.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from silgeom.commands import ArgumentParser, command, fail, number, place_name, say, whole
from silgeom.complete import TAIL_SHARE
from silgeom.evaluate import related
from silgeom.evaluate.autocomplete import TOP, Ours, State, states
from silgeom.evaluate.intervals import Bootstrap
from silgeom.evaluate.kinds_of_people import kinds_of_people
from silgeom.evaluate.log import EvaluationError, Floats, Ints, Log, Split, read_log, split
from silgeom.evaluate.report import text_table
from silgeom.hangul import keystrokes
from silgeom.personal import (
    SITTING_LENGTH,
    History,
    Next,
    in_order,
    next_searches,
    with_sitting,
)
from silgeom.related import (
    CORRECTION,
    CORRECTIONS,
    Related,
    mixture,
    walked,
    with_earlier,
    with_the_way_back,
)

#: A silence of so many seconds ends a sitting.
GAP_SECONDS: Final = 1800
#: People of so many earlier searches are told apart from those of fewer.
MANY: Final = 5

Flags = npt.NDArray[np.bool_]

METHODS: Final = ("shared", "own", "session", "segment", "both")


def evaluate(parts: Split, *, floor: int = 2, most: int = 3000) -> pd.DataFrame:
    """Ask with and without what is known of the person.

    Args:
        parts: what is learnt from, and what is asked.
        floor: people who must have typed what is shown of others, the one who asks left out.
        most: searches that are asked at most; whole users are drawn.

    Returns:
        A row a method and group of people: `method`, `people` (all, or by how many searches they
        had made before), `searches`, `mrr` and its interval, `times` that of the shared
        completions with its interval.
    """
    box = Ours(parts.training, floor)
    counts = related.Counts.of(parts.training, floor)
    after, kinds = _After(counts), kinds_of_people(parts.training, parts.zone)
    user, earlier, is_after, is_new, weight = [], [], [], [], []
    ranks: dict[str, list[float]] = {name: [] for name in METHODS}
    for each in _questions(parts, most):
        counts.leave_out(each.user)
        text = parts.later.texts[each.query]
        wanted, before = keystrokes(text), states(text)
        history = each.history(parts.later.texts)
        near = after.near(each.sitting)
        lift = kinds.lift(each.user, history)
        for state in before:
            shared = box.ask(state, each.user)
            own = [keystrokes(one.text) for one in history.complete(state.text)]
            sitting = _in_sitting(box, state, each.user, shared, near)
            ways: dict[str, list[Sequence[str]]] = {
                "shared": [shared],
                "own": in_order(history, own, shared),
                "session": [sitting],
                "segment": [_of_segment(box, state, each.user, shared, lift)],
                "both": in_order(history, own, sitting),
            }
            for name, lists in ways.items():
                found = list(dict.fromkeys(one for some in lists for one in some))[:TOP]
                ranks[name].append(_reciprocal_rank(found, wanted))
        user += [each.user] * len(before)
        earlier += [len(each.before)] * len(before)
        is_after += [each.is_after_another] * len(before)
        is_new += [each.is_new] * len(before)
        weight += [1 / max(1, len(before))] * len(before)
    if not user:
        raise EvaluationError("nobody searched later: use a larger log, or a smaller --share")
    of_person, new, after_another = np.array(earlier), np.array(is_new), np.array(is_after)
    groups = {
        "all": np.ones(len(user), np.bool_),
        f"{MANY} earlier searches and more": of_person >= MANY,
        f"1 to {MANY - 1} earlier": (of_person >= 1) & (of_person < MANY),
        "not typed in this half hour": new,
        f"{MANY} and more, not in this half hour": (of_person >= MANY) & new,
        "after another search": after_another,
        "after another, not in this half hour": after_another & new,
    }
    return _table(np.array(user, np.int64), groups, np.array(weight), ranks)


def evaluate_related(parts: Split, *, floor: int = 2, most: int = 3000) -> pd.DataFrame:
    """Ask for related searches with and without the searches of the sitting before.

    Args:
        parts: as of `evaluate`.
        floor: likewise.
        most: likewise.

    Returns:
        As `evaluate`, of the methods shared and session. `people` tells whether what was searched
        next is new in the sitting.
    """
    counts = related.Counts.of(parts.training, floor)
    after, ours = _After(counts), related.Ours(counts)
    texts = parts.later.texts
    user, is_return = [], []
    ranks: dict[str, list[float]] = {"shared": [], "session": []}
    for each in _questions(parts, most):
        if not each.is_after_another:
            continue
        counts.leave_out(each.user)
        [*before, asked] = each.sitting
        wanted = keystrokes(texts[each.query])
        shared, _ = ours(counts, asked)
        ranks["shared"].append(_reciprocal_rank([keystrokes(texts[q]) for q in shared], wanted))
        typed = [texts[q] for q in before]
        mixed = with_earlier(after.mixed(asked, ours.popular(asked)), typed, after.following_text)
        corrections = [(score, "correction", texts[q]) for score, q in counts.published(asked)[1]]
        offered = (Related(text, kind, score) for score, kind, text in [*corrections, *mixed])
        found = with_the_way_back(texts[asked], offered, typed, TOP)
        ranks["session"].append(_reciprocal_rank([keystrokes(t.text) for t in found], wanted))
        user.append(each.user)
        is_return.append(each.query in each.sitting)
    if not user:
        raise EvaluationError("nobody searched for two in one sitting: use a larger log")
    returns = np.array(is_return)
    groups = {"all": np.ones(len(user), np.bool_), "new in the sitting": ~returns}
    return _table(np.array(user, np.int64), groups, np.ones(len(user)), ranks)


def _reciprocal_rank(found: Sequence[str], wanted: str) -> float:
    return 1 / (found.index(wanted) + 1) if wanted in found else 0.0


@dataclass(frozen=True)
class _Question:
    """A later search.

    Attributes:
        before: all that the person searched for before: second and query.
        sitting: queries typed before in the same sitting, each once, the latest last.
    """

    user: int
    second: int
    query: int
    before: list[tuple[int, int]]
    sitting: list[int]

    @property
    def is_after_another(self) -> bool:
        """Whether the search just before, in the same sitting, was for another query."""
        return bool(self.sitting) and self.sitting[-1] != self.query

    @property
    def is_new(self) -> bool:
        """Whether the person did not type the same in this half hour: logs of clicks repeat it."""
        return not any(
            self.second - at < GAP_SECONDS and query == self.query
            for at, query in self.before[-50:]
        )

    def history(self, texts: Sequence[str]) -> History:
        """What the person searched for before."""
        known = [(texts[query], datetime.fromtimestamp(at, UTC)) for at, query in self.before]
        return History(known, now=datetime.fromtimestamp(self.second, UTC))


def _questions(parts: Split, most: int) -> Iterator[_Question]:
    """The later searches of as many users as are asked, in order of time of each."""
    log: Log = parts.later
    users, sizes = np.unique(log.user, return_counts=True)
    order = np.random.default_rng(len(users)).permutation(len(users))
    drawn = users[order[: max(1, int((np.cumsum(sizes[order]) <= most).sum()))]]
    rows = pd.DataFrame(
        {
            "user": np.append(parts.training.user, log.user),
            "second": np.append(parts.training.second, log.second),
            "query": np.append(parts.training.query, log.query),
        }
    )
    chosen = rows[rows["user"].isin(drawn)].sort_values(["user", "second", "query"])
    for who, each in chosen.groupby("user"):
        searches = list(zip(each["second"].tolist(), each["query"].tolist(), strict=True))
        sitting: list[int] = []
        for place, (second, query) in enumerate(searches):
            if place and second - searches[place - 1][0] >= GAP_SECONDS:
                sitting = []
            if second >= parts.at:
                before = searches[:place]
                yield _Question(int(str(who)), second, query, before, list(sitting))
            sitting = [*(each for each in sitting if each != query), query]


class _After:
    """What is searched after a query, as `silgeom.related` tells it."""

    def __init__(self, counts: related.Counts) -> None:
        self._counts, self._ours = counts, related.Ours(counts)
        self._query = {text: query for query, text in enumerate(counts.texts)}

    def mixed(
        self, query: int, popular: Sequence[tuple[float, str]]
    ) -> list[tuple[float, str, str]]:
        """What may be searched next, the likeliest first."""
        counts = self._counts
        found, _ = counts.published(query)
        together = walked(
            [(score, str(other)) for score, other in found],
            lambda other: ((s, str(q)) for s, q in counts.published(int(other))[0]),
        )
        return mixture(
            float(counts.sessions[query]),
            [(score, counts.texts[int(other)]) for score, other in together],
            [(score, counts.texts[other]) for score, other in self._ours.alike(query)],
            popular,
        )

    def following_text(self, text: str) -> list[tuple[str, str, float]]:
        """See `Relater.following`."""
        query = self._query[text]
        found = [(keystrokes(other), other, score) for score, _, other in self.mixed(query, ())]
        corrections = self._counts.published(query)[1][:CORRECTIONS]
        wrong = [self._counts.texts[other] for _, other in corrections]
        return found + [(keystrokes(other), other, CORRECTION) for other in wrong]

    def near(self, sitting: Sequence[int]) -> dict[str, Next]:
        """What may be searched next in a sitting, by keys."""
        typed = [self._counts.texts[query] for query in sitting[-SITTING_LENGTH:]]
        return next_searches(typed, self.following_text)


def _in_sitting(
    box: Ours, state: State, user: int, shared: Sequence[str], near: Mapping[str, Next]
) -> list[str]:
    """What everybody is shown, with what is likely in the sitting; see `Completer.complete`."""
    typed = state.keys.rstrip(" ")
    fit = {k: each.score for k, each in near.items() if k.startswith(typed) and k != typed}
    if not fit:
        return list(shared)
    shares = box.shares(state.keys, user)
    return with_sitting([(key, shares.get(key, TAIL_SHARE)) for key in shared], fit)


def _of_segment(
    box: Ours, state: State, user: int, shared: Sequence[str], lift: Callable[[str], float]
) -> list[str]:
    """What everybody is shown, in the order of the person's segment; see `Completer.complete`."""
    shares = box.shares(state.keys, user)
    return sorted(shared, key=lambda key: (key not in shares, -shares.get(key, 0.0) * lift(key)))


def _table(
    user: Ints, groups: Mapping[str, Flags], weight: Floats, ranks: Mapping[str, list[float]]
) -> pd.DataFrame:
    rows = []
    for group, chosen in groups.items():
        if not chosen.any():
            continue
        draws, weights = Bootstrap(user[chosen]), weight[chosen]
        shared = np.array(ranks["shared"])[chosen]
        for name in ranks:
            values = np.array(ranks[name])[chosen]
            mrr, times = draws.mean(values, weights), draws.gain(values, shared, weights)
            rows.append(
                {
                    **{"people": group, "method": name, "searches": round(float(weights.sum()))},
                    **{"mrr": mrr.value, "mrr_low": mrr.low, "mrr_high": mrr.high},
                    **{"times": times.value, "times_low": times.low, "times_high": times.high},
                }
            )
    return pd.DataFrame(rows)


def told(parts: Split, *, floor: int, most: int) -> str:
    """The tables of both, as text; of related searches a sentence where there is none."""
    completed = text_table(evaluate(parts, floor=floor, most=most))
    try:
        offered = text_table(evaluate_related(parts, floor=floor, most=most))
    except EvaluationError as error:
        offered = str(error)
    tables = f"Completions\n\n{completed}\n\nRelated searches\n\n{offered}"
    return tables.replace("× best rival", "× shared")


def main(argv: list[str] | None = None) -> None:
    """Print the tables."""
    parser: argparse.ArgumentParser = ArgumentParser(
        prog="python -m silgeom.evaluate.personal", description=str(__doc__).splitlines()[0]
    )
    add = parser.add_argument
    add("root", type=place_name, metavar="ROOT", help="where the jobs wrote, on this machine")
    floor = "people who must have typed what is shown of others (default: 2)"
    add("--k", type=whole(1, 1_000_000_000), default=2, metavar="K", help=floor)
    most = "searches that are asked at most (default: 3000)"
    add("--most", type=whole(1, 1_000_000_000), default=3000, metavar="N", help=most)
    share = "of the searches, so many come first (default: 0.75)"
    add("--share", type=number(0.01, 0.99), default=0.75, metavar="S", help=share)
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            log, zone = read_log(args.root)
            parts = split(log, zone, args.share)
            say(f"One person, k = {args.k}: {parts}\n")
            say(told(parts, floor=args.k, most=args.most))
        except EvaluationError as error:
            fail(parser.prog, str(error))


if __name__ == "__main__":
    main()
