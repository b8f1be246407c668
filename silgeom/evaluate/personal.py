"""Completions of what one person types, with and without what is known of that person.

    python -m silgeom.evaluate.personal ROOT

Each later search is typed again, key by key, in order of time: what the person searched for until
then is the history, and the search before it in the same sitting the last one. The shared
completions and the sessions are learnt from what came first, each person's own part left out. Each
search counts once, whatever its length; intervals are over users.
"""

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from silgeom.commands import ArgumentParser, command, fail, number, place_name, say, whole
from silgeom.evaluate import related
from silgeom.evaluate.autocomplete import TOP, Ours, State, states
from silgeom.evaluate.intervals import Bootstrap
from silgeom.evaluate.log import EvaluationError, Floats, Ints, Log, Split, read_log, split
from silgeom.evaluate.report import text_table
from silgeom.hangul import keystrokes
from silgeom.personal import SITTING, History, in_order
from silgeom.related import mixture

#: A silence of so many seconds ends a sitting.
GAP_SECONDS: Final = 1800
#: People of so many earlier searches are told apart from those of fewer.
MANY: Final = 5

Flags = npt.NDArray[np.bool_]

METHODS: Final = ("shared", "own", "session", "both")


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
    after = _After(counts)
    user, earlier, has_last, is_new, weight = [], [], [], [], []
    ranks: dict[str, list[float]] = {name: [] for name in METHODS}
    for who, searches in _asked(parts, most):
        counts.leave_out(who)
        for place, (second, query) in enumerate(searches):
            if second < parts.at:
                continue
            text = parts.later.texts[query]
            wanted, before = keystrokes(text), states(text)
            now = datetime.fromtimestamp(second, UTC)
            known = [
                (parts.later.texts[each], datetime.fromtimestamp(at, UTC))
                for at, each in searches[:place]
            ]
            history = History(known, now=now)
            last = _last(searches, place)
            next_keys = [] if last is None else after.keys(last)
            for state in before:
                shared = box.ask(state, who)
                own = [keystrokes(each.text) for each in history.complete(state.text)]
                sitting = _beginning(next_keys, state)
                ways: dict[str, list[Sequence[str]]] = {
                    "shared": [shared],
                    "own": in_order(history, own, shared),
                    "session": [sitting, shared],
                    "both": in_order(history, own, [*sitting, *shared]),
                }
                for name, lists in ways.items():
                    found = list(dict.fromkeys(each for some in lists for each in some))[:TOP]
                    ranks[name].append(1 / (found.index(wanted) + 1) if wanted in found else 0.0)
            user += [who] * len(before)
            earlier += [place] * len(before)
            has_last += [last is not None] * len(before)
            is_new += [_is_new(searches, place)] * len(before)
            weight += [1 / max(1, len(before))] * len(before)
    if not user:
        raise EvaluationError("nobody searched later: use a larger log, or a smaller --share")
    of_person = np.array(earlier)
    groups = {
        "all": np.ones(len(user), np.bool_),
        f"{MANY} earlier searches and more": of_person >= MANY,
        f"1 to {MANY - 1} earlier": (of_person >= 1) & (of_person < MANY),
        "not typed in this half hour": np.array(is_new),
        f"{MANY} and more, not in this half hour": (of_person >= MANY) & np.array(is_new),
        "after another search": np.array(has_last),
    }
    return _table(np.array(user, np.int64), groups, np.array(weight), ranks)


def _asked(parts: Split, most: int) -> Sequence[tuple[int, list[tuple[int, int]]]]:
    """All searches (second, query) in order of time of as many later users as are asked."""
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
    return [
        (int(str(who)), list(zip(each["second"].tolist(), each["query"].tolist(), strict=True)))
        for who, each in chosen.groupby("user")
    ]


def _last(searches: list[tuple[int, int]], place: int) -> int | None:
    """The other query just before, in the same sitting."""
    second, query = searches[place]
    if not place:
        return None
    before, last = searches[place - 1]
    return last if second - before < GAP_SECONDS and last != query else None


class _After:
    """What is searched after a query, as `silgeom.personal` asks the look-up."""

    def __init__(self, counts: related.Counts) -> None:
        self._counts, self._ours = counts, related.Ours(counts)

    def keys(self, query: int) -> list[str]:
        """Keystrokes of what is related, the likeliest first; nothing that is popular alone."""
        counts = self._counts
        found, _ = counts.published(query)
        together = [(score, counts.texts[other]) for score, other in found]
        alike = [(score, counts.texts[other]) for score, other in self._ours.alike(query)]
        mixed = mixture(float(counts.sessions[query]), together, alike, [])
        return [keystrokes(text) for _, _, text in mixed]


def _beginning(keys: Sequence[str], state: State) -> list[str]:
    typed = state.keys.rstrip(" ")
    return [each for each in keys if each.startswith(typed) and each != typed][:SITTING]


def _is_new(searches: list[tuple[int, int]], place: int) -> bool:
    """Whether the person did not type the same within the sitting: logs of clicks repeat it."""
    second, query = searches[place]
    before = searches[max(0, place - 50) : place]
    return not any(second - at < GAP_SECONDS and each == query for at, each in before)


def _table(
    user: Ints, groups: Mapping[str, Flags], weight: Floats, ranks: Mapping[str, list[float]]
) -> pd.DataFrame:
    rows = []
    for group, chosen in groups.items():
        if not chosen.any():
            continue
        draws, weights = Bootstrap(user[chosen]), weight[chosen]
        shared = np.array(ranks["shared"])[chosen]
        for name in METHODS:
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


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
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
            measured = evaluate(parts, floor=args.k, most=args.most)
        except EvaluationError as error:
            fail(parser.prog, str(error))
        say(f"Completions of one person, k = {args.k}: {parts}\n")
        say(text_table(measured).replace("× best rival", "× shared"))


if __name__ == "__main__":
    main()
