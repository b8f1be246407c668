"""How good the board of trending keywords is, beside the methods of others.

    python -m silgeom.evaluate.trending ROOT --truth truth.json --quiet QUIET_ROOT
    python -m silgeom.evaluate.trending --draw 1

A board of 20 is made for each hour of the second fortnight of a log (the first is the past), by
each method, from the same counts of people. A row is right if what it names truly burst in that
hour (`trend_truth`) and is not on a better rank already. Precision, recall and false alarms are of
the rows that a method calls surprises; a rival without a threshold of its own is given the one with
which its F1 is highest on the very log it is measured on, which is more than it could know. "Right
of 20" is of full boards: how many of the 20 that truly burst most are among its first 20.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from silgeom.evaluate.intervals import Bootstrap, Figure
from silgeom.evaluate.log import EvaluationError
from silgeom.evaluate.report import draw, text_table
from silgeom.evaluate.trend_counts import FLOOR, Counts, Floats, Ints, read_counts
from silgeom.evaluate.trend_drawn import with_planted_bursts
from silgeom.evaluate.trend_methods import RIVALS, Method
from silgeom.evaluate.trend_ours import (
    CANDIDATES_PER_RANK,
    FIRST_VERSION,
    OURS,
    Options,
    least_scores,
    scores,
    scores_against,
    without_repeats,
)
from silgeom.evaluate.trend_portal import USUAL, Plan, portal
from silgeom.evaluate.trend_restless import restlessness
from silgeom.evaluate.trend_truth import Key, Truth, read_truth

TOP: Final = 20
DAY: Final = 24
MEASURES: Final = ["right_of_20", "precision", "recall"]
FORTNIGHT: Final = 14 * DAY

NEUTRAL: Final = -1
WRONG: Final = 0
FOLLOW_UP: Final = 1
ISSUE: Final = 2


#: Ours, and each part of it left out.
OUR_METHODS: Final[dict[str, Options]] = {
    "ours": OURS,
    "… season: the median": replace(OURS, days_per_busy_day=0),
    "… no dispersion": replace(OURS, dispersion=0.0),
    "… recent: the mean": replace(OURS, half_life_hours=96.0),
    "… recent: 96 hours": replace(OURS, recent_hours=96),
    "… everybody believed": replace(OURS, usual_share=0.0),
    "… phrasings apart": replace(OURS, issues_once=False),
    "… the lesser of two weeks": replace(OURS, weekly_errors=0.0),
    "… no same hour of the week": replace(OURS, weekly=False),
    "… no recent past": replace(OURS, recent=False),
    "… floor of one form": replace(OURS, any_form=False),
    "… surprises alone": replace(OURS, surprises_alone=True),
    "ours at first": FIRST_VERSION,
}


@dataclass(frozen=True)
class Rows:
    """Rows of the boards of all hours, best first within each hour.

    Attributes:
        hour: of each row, rising.
        group: the query.
        score: falling within an hour.
    """

    hour: Ints
    group: Ints
    score: Floats

    def where(self, keep: npt.NDArray[np.bool_]) -> "Rows":
        """Some of the rows."""
        return Rows(self.hour[keep], self.group[keep], self.score[keep])

    def rank(self) -> Ints:
        """From 1 within each hour."""
        starts = np.searchsorted(self.hour, self.hour)
        return np.arange(len(self.hour)) - starts + 1


@dataclass(frozen=True)
class Measures:
    """What is counted for one method: arrays with an element a day, `delays` one an issue.

    Attributes:
        shown: rows on boards.
        right: of these, what truly burst.
        bursting: issues that burst, hour by hour.
        caught: of these, those on the board of that hour.
        placed: right rows of boards of as many places as issues burst.
        true: places of the true boards, of at most `TOP` each.
        found: of these, what is on the full board, too.
        moved: of these, what is told to be NEW, UP, DOWN or the SAME as on the true boards.
        delays: windows from the first in which an issue bursts to its first board; inf: never.
        wrong: rows on boards that are not right.
        best_ranks: of the queries of each kind of attack; None: never on a board.
    """

    shown: Ints
    right: Ints
    bursting: Ints
    caught: Ints
    placed: Ints
    true: Ints
    found: Ints
    moved: Ints
    delays: Floats
    wrong: Rows
    best_ranks: dict[str, int | None]


def rows_of(counts: Counts, score: Floats, least: float) -> Rows:
    """All cells with at least that score; of equal scores more people first, then by text."""
    hour, group = counts.cells
    keep = np.flatnonzero(score >= least)
    hour, group, score = hour[keep], group[keep], score[keep]
    people = counts.people[hour, group]
    order = np.lexsort((-people, -score, hour))
    figures = np.stack([hour, -score, -people], axis=1)[order]
    is_tied = (figures[1:] == figures[:-1]).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_tied, [0]]).astype(np.int64)))
    for first, last in edges.reshape(-1, 2).tolist():
        tied = order[first : last + 1].tolist()
        tied.sort(key=lambda row: counts.commonest(int(hour[row]), int(group[row])))
        order[first : last + 1] = tied
    return Rows(hour[order], group[order], score[order])


def our_rows(counts: Counts, _: Truth, options: Options) -> Rows:
    """What our method would show without a threshold, an issue once."""
    every = rows_of(counts, scores(counts, options), 0.0)
    if options.surprises_alone:
        every = our_shown_rows(counts, every, 0.0, options)
    if options.issues_once:
        return _an_issue_once(counts, every)
    return every.where(every.rank() <= CANDIDATES_PER_RANK * TOP)


def oracle_rows(counts: Counts, truth: Truth) -> Rows:
    """What our score would show if the habits of all queries were known."""
    hour, group = counts.cells
    assert truth.habit is not None
    habit = np.maximum(truth.habit[hour, group], OURS.least_expected)
    return _an_issue_once(counts, rows_of(counts, scores_against(counts, habit, OURS), 0.0))


def _an_issue_once(counts: Counts, every: Rows) -> Rows:
    every = every.where(every.rank() <= CANDIDATES_PER_RANK * TOP)
    return every.where(without_repeats(counts, every.hour, every.group))


def our_shown_rows(counts: Counts, every: Rows, _: float, options: Options) -> Rows:
    """Of the rows of our method those with the score they need."""
    needed = np.zeros(counts.people.shape)
    needed[counts.cells] = least_scores(counts, options)
    return every.where(every.score >= needed[every.hour, every.group])


def judged(rows: Rows, truth: Truth) -> Ints:
    """NEUTRAL, WRONG, FOLLOW_UP or ISSUE of each row.

    An issue that stands higher on the same board already is wrong.
    """
    verdicts = np.empty(len(rows.hour), dtype=np.int64)
    seen: set[tuple[int, Key]] = set()
    for i, (hour, group) in enumerate(zip(rows.hour.tolist(), rows.group.tolist(), strict=True)):
        key = truth.right.get((hour, group))
        if key is None:
            is_neutral = group in truth.neutral or (hour, group) in truth.unclear
            verdicts[i] = NEUTRAL if is_neutral else WRONG
        elif (hour, key) in seen:
            verdicts[i] = WRONG
        else:
            verdicts[i] = ISSUE if key[0] == "issue" else FOLLOW_UP
            seen.add((hour, key))
    return verdicts


def measured(rows: Rows, every: Rows, counts: Counts, truth: Truth, first: int) -> Measures:
    """Measure the boards of all hours from `first` on.

    Args:
        rows: those that the method shows, of which the first `TOP` of each hour are its board.
        every: its rows without a threshold, for boards of as many places as issues burst.
        counts: what the rows were made of.
        truth: what burst in them.
        first: the hours before are the past alone.
    """
    bursting = truth.bursting(len(counts.hours))
    days = -(-(len(counts.hours) - first) // DAY)

    def by_day(hour: Ints, weight: Ints | None = None) -> Ints:
        counted = np.bincount((hour - first) // DAY, weights=weight, minlength=days)
        return counted.astype(np.int64)

    shown, verdicts = _counted(rows, truth, first)
    on_board = shown.rank() <= TOP
    shown, verdicts = shown.where(on_board), verdicts[on_board]
    placed, placed_verdicts = _counted(every, truth, first)
    in_place = placed.rank() <= np.minimum(bursting, TOP)[placed.hour]
    later = np.arange(first, len(counts.hours))
    boards = _full_boards(every, truth, first, len(counts.hours))
    return Measures(
        shown=by_day(shown.hour),
        right=by_day(shown.hour[verdicts > WRONG]),
        bursting=by_day(later, np.minimum(bursting, TOP)[later]),
        caught=by_day(shown.hour[verdicts == ISSUE]),
        placed=by_day(placed.hour[in_place & (placed_verdicts > WRONG)]),
        **{name: by_day(later, counted) for name, counted in boards.items()},
        delays=_delays(shown, truth, first),
        wrong=shown.where(verdicts == WRONG),
        best_ranks=_best_ranks(shown, truth),
    )


def _counted(rows: Rows, truth: Truth, first: int) -> tuple[Rows, Ints]:
    """The rows from `first` on that count at all, with their verdicts."""
    later = rows.where(rows.hour >= first)
    verdicts = judged(later, truth)
    return later.where(verdicts != NEUTRAL), verdicts[verdicts != NEUTRAL]


def _full_boards(every: Rows, truth: Truth, first: int, hours: int) -> dict[str, Ints]:
    """`true`, `found` and `moved` of `Measures`, hour by hour from `first` on."""
    board = every.where((every.hour >= first - 1) & (every.rank() <= TOP))
    of_hour: list[dict[Key, int]] = [{} for _ in range(hours)]
    rank = board.rank()
    for hour, group, place in zip(
        board.hour.tolist(), board.group.tolist(), rank.tolist(), strict=True
    ):
        key = truth.right.get((hour, group), ("none", group))
        of_hour[hour].setdefault(key, place)
    told: dict[str, list[int]] = {name: [] for name in ("true", "found", "moved")}
    for hour in range(first, hours):
        true, before = (
            {key: place for place, key in enumerate(truth.board(at, TOP), 1)}
            for at in (hour, hour - 1)
        )
        both = [key for key in true if key in of_hour[hour]]
        told["true"].append(len(true))
        told["found"].append(len(both))
        told["moved"].append(
            sum(
                _movement(of_hour[hour][key], of_hour[hour - 1].get(key))
                == _movement(true[key], before.get(key))
                for key in both
            )
        )
    return {name: np.array(counted) for name, counted in told.items()}


def _movement(rank: int, previous: int | None) -> str:
    if previous is None:
        return "NEW"
    return "SAME" if rank == previous else "UP" if rank < previous else "DOWN"


def _delays(shown: Rows, truth: Truth, first: int) -> Floats:
    """Windows from the first in which an issue bursts to the first that shows it; inf: never."""
    on_board: dict[int, set[int]] = {}
    for hour, group in zip(shown.hour.tolist(), shown.group.tolist(), strict=True):
        on_board.setdefault(group, set()).add(hour)
    delays = []
    for issue in truth.issues:
        if issue.hours[0] < first:
            continue
        hours = set(issue.hours.tolist())
        seen = [h for group in issue.phrasings for h in on_board.get(group, set()) & hours]
        delays.append(min(seen) - int(issue.hours[0]) if seen else np.inf)
    return np.array(delays, dtype=np.float64)


def _best_ranks(shown: Rows, truth: Truth) -> dict[str, int | None]:
    """The best rank of each kind of attack; None: never on a board."""
    rank = shown.rank()
    best: dict[str, int | None] = {}
    for kind, group in truth.attacks:
        ranks = rank[shown.group == group]
        found = int(ranks.min()) if len(ranks) else None
        known = [each for each in (best.get(kind), found) if each is not None]
        best[kind] = min(known, default=None)
    return best


def best_threshold(rows: Rows, counts: Counts, truth: Truth, first: int) -> float:
    """The threshold with the highest F1 of boards on this very log: kinder than life would be."""
    every, verdicts = _counted(rows.where(rows.rank() <= TOP), truth, first)
    if not len(every.hour):
        return 0.0
    order = np.argsort(-every.score, kind="stable")
    precision = np.cumsum(verdicts[order] > WRONG) / np.arange(1, len(order) + 1)
    bursting = np.minimum(truth.bursting(len(counts.hours))[first:], TOP).sum()
    recall = np.cumsum(verdicts[order] == ISSUE) / max(int(bursting), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(every.score[order][int(np.argmax(f1))])


def evaluate(
    root: Path,
    truth: Path | None = None,
    *,
    quiet: Path | None = None,
    quiet_truth: Path | None = None,
    first_day: int | None = None,
    floor: int = FLOOR,
    ours_alone: bool = False,
) -> pd.DataFrame:
    """Measure ours and all rivals on the counts of a root.

    Args:
        root: a root whose counts are up to date (jobs/trending.py).
        truth: `truth.json` of the simulated log; None: bursts are planted into the counts, and
            what else is shown counts as wrong though it may be news.
        quiet: a root of a log with nothing but habits, for the false alarms.
        quiet_truth: its `truth.json`, which says what comes once a month and is no false alarm.
        first_day: days before are the past alone; None: 14, or half of a shorter log.
        floor: people who must have typed one form of a query within an hour.
        ours_alone: see `compared`.

    Returns:
        See `compared`.

    Raises:
        EvaluationError: a root has no counts or too few hours, or the truth is none.
    """
    counts = read_counts(root, floor=floor)
    if len(counts.hours) < 2 * DAY:
        raise EvaluationError(
            f"{root} has searches of {len(counts.hours)} hours: trends need a log of two days"
        )
    if truth is None:
        counts, known = with_planted_bursts(counts)
    else:
        known = read_truth(truth, counts)
    silent = None if quiet is None else read_counts(quiet, floor=floor)
    for where, found in ((root, counts), (quiet, silent)):
        if found is not None and not found.forms:
            raise EvaluationError(
                f"{where} has no query that {floor} people typed within an hour: take a larger log"
            )
    habits = None if silent is None or quiet_truth is None else read_truth(quiet_truth, silent)
    return compared(
        counts,
        known,
        quiet=silent,
        quiet_truth=habits,
        first_day=first_day,
        ours_alone=ours_alone,
    )


def compared(
    counts: Counts,
    truth: Truth,
    *,
    quiet: Counts | None = None,
    quiet_truth: Truth | None = None,
    first_day: int | None = None,
    ours_alone: bool = False,
) -> pd.DataFrame:
    """Measure ours and all rivals on counts of which it is known what burst.

    Args:
        counts: of the log.
        truth: what burst in it.
        quiet: counts of a log with nothing but habits, for the false alarms.
        quiet_truth: of it; None: whatever is shown is a false alarm.
        first_day: see `evaluate`.
        ours_alone: leave out rivals, and ours without each of its parts.

    Returns:
        A row a method: `method`, `right_of_20` of full boards, `threshold`, `precision` of the rows
        shown, `recall` of issues hour by hour, `places` (precision of boards of as many places as
        issues burst, without a threshold), each with `_low` and `_high`, the 95 % interval over
        days; `moved`, the share of right rows whose movement is the true one; `caught`, the share
        of issues that were ever shown, `delay`, the median in windows; `wrong` rows;
        `false_alarms`, rows a fortnight in `quiet` (nan without); and a column for each kind of
        attack with its best rank (0: never on a board); see `told`. `attrs` has `boards`, which
        tells how restless the true ones are.
    """
    first = DAY * _first_day(counts, first_day)
    silence = quiet_truth or Truth()
    rows = []
    for method in _methods(truth, ours_alone):
        every = method.rows(counts, truth)
        threshold = method.threshold
        if threshold is None:
            threshold = best_threshold(every, counts, truth, first)
        found = measured(method.shown(counts, every, threshold), every, counts, truth, first)
        alarms = np.nan
        if quiet is not None and method.knows(silence):
            quiet_first = DAY * _first_day(quiet, None)
            in_quiet = method.rows(quiet, silence)
            shown = method.shown(quiet, in_quiet, threshold)
            wrong = measured(shown, in_quiet, quiet, silence, quiet_first).wrong
            alarms = len(wrong.hour) * FORTNIGHT / (len(quiet.hours) - quiet_first)
        rows.append({"method": method.name, "threshold": threshold, **_told(found, alarms)})
    table = pd.DataFrame(rows)
    table.attrs["boards"] = str(restlessness(counts, truth, first, TOP))
    return table


def told(measured: pd.DataFrame) -> str:
    """The figures as a table, what the true boards are like, and the attacks, if there were any."""
    last = measured.columns.get_loc("false_alarms")
    assert isinstance(last, int)
    figures, ranks = measured.iloc[:, : last + 1], measured.iloc[:, last + 1 :]
    first = text_table(figures)
    if "boards" in measured.attrs:
        first += f"\n\n{measured.attrs['boards']}"
    if ranks.empty:
        return first
    attacks = ranks.astype(str).replace("0", "–")
    attacks.insert(0, "method", measured["method"])
    return f"{first}\n\nBest rank of each attack (–: never on a board)\n\n{text_table(attacks)}"


@dataclass(frozen=True)
class _Named:
    """A method that is compared.

    Attributes:
        name: in the table.
        rows: what it would show without a threshold, best first.
        shown: of these, what it shows at a threshold.
        threshold: None: it has none of its own and is given the one that serves it best.
        knows: whether it can judge a log of which so much is known.
    """

    name: str
    rows: Callable[[Counts, Truth], Rows]
    shown: Callable[[Counts, Rows, float], Rows]
    threshold: float | None
    knows: Callable[[Truth], bool] = lambda _: True


def _methods(truth: Truth, ours_alone: bool) -> Iterator[_Named]:
    def at_least(_: Counts, every: Rows, threshold: float) -> Rows:
        return every.where(every.score >= threshold)

    for name, options in OUR_METHODS.items():
        if ours_alone and options is not OURS:
            continue
        yield _Named(
            name,
            partial(our_rows, options=options),
            partial(our_shown_rows, options=options),
            options.min_score,
        )
    if _has_habits(truth):
        yield _Named("oracle: knows every habit", oracle_rows, at_least, None, _has_habits)
    for name, (method, own) in ({} if ours_alone else RIVALS).items():
        rows = partial(_rival_rows, method=method)
        yield _Named(name, rows, at_least, None)
        if own is not None:
            yield _Named(f"{name}, its own threshold", rows, at_least, own)


def _has_habits(truth: Truth) -> bool:
    return truth.habit is not None


def _rival_rows(counts: Counts, _: Truth, method: Method) -> Rows:
    return rows_of(counts, method(counts, *counts.cells), -np.inf)


def _first_day(counts: Counts, chosen: int | None) -> int:
    return min(14, len(counts.hours) // DAY // 2) if chosen is None else chosen


def _over_days(part: Ints, whole: Ints) -> Figure:
    """A share of all days, with the interval over days."""
    weights = whole.astype(np.float64)
    return Bootstrap(np.arange(len(whole))).mean(part / np.maximum(weights, 1.0), weights)


def _told(found: Measures, false_alarms: float) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, part, whole in (
        ("right_of_20", found.found, found.true),
        ("precision", found.right, found.shown),
        ("recall", found.caught, found.bursting),
        ("places", found.placed, found.bursting),
    ):
        figure = _over_days(part, whole)
        figures |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    known = len(found.delays) > 0
    return figures | {
        "moved": float(found.moved.sum() / max(1, found.found.sum())),
        "caught": float(np.isfinite(found.delays).mean()) if known else np.nan,
        "delay": float(np.median(found.delays)) if known else np.nan,
        "wrong": len(found.wrong.hour),
        "false_alarms": false_alarms,
        **{kind: rank or 0 for kind, rank in found.best_ranks.items()},
    }


def main(argv: list[str] | None = None) -> int:
    """Print the tables; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m silgeom.evaluate.trending", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("root", type=Path, nargs="?", metavar="ROOT", help="whose counts are up to date")
    add("--truth", type=Path, metavar="FILE", help="truth.json; without: bursts are planted")
    add("--quiet", type=Path, metavar="ROOT", help="of a log with habits alone: false alarms")
    add("--quiet-truth", type=Path, metavar="FILE", help="its truth.json: what comes once a month")
    add("--draw", type=int, metavar="SEED", help="no root: hourly counts drawn at once")
    add("--searches-a-day", type=float, default=USUAL, metavar="N", help="with --draw")
    add("--ours-alone", action="store_true", help="no rivals and no parts left out: far faster")
    add("--plot", type=Path, metavar="FILE", help="a picture of the figures")
    add("--k", type=int, default=FLOOR, metavar="K", help="people who must have typed a query")
    args = parser.parse_args(argv)
    if (args.root is None) == (args.draw is None):
        parser.error("give either ROOT or --draw SEED")
    try:
        if args.draw is not None:
            plan = Plan(seed=args.draw, searches_a_day=args.searches_a_day)
            quiet, habits = portal(replace(plan, bursts=False, attacks=False))
            found = compared(
                *portal(plan), quiet=quiet, quiet_truth=habits, ours_alone=args.ours_alone
            )
        else:
            found = evaluate(
                args.root,
                args.truth,
                quiet=args.quiet,
                quiet_truth=args.quiet_truth,
                floor=args.k,
                ours_alone=args.ours_alone,
            )
        if args.plot:
            draw(found, MEASURES, f"Trending keywords, k = {args.k}", args.plot, over="days")
    except (EvaluationError, OSError) as error:
        parser.error(str(error))
    sys.stdout.write(told(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
