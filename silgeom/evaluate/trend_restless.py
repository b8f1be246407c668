"""How restless the true boards of a log are: to hold them against those of a real portal."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from silgeom.evaluate.trend_counts import Counts, Floats
from silgeom.evaluate.trend_truth import LEAST_EXTRA, SIGMAS, Truth


@dataclass(frozen=True)
class Restlessness:
    """Of boards on which each query is a row, though it names an issue in other words.

    Attributes:
        rows: on a board, in the mean.
        new: names of an hour that were not on the board of the hour before, in the mean.
        stays: hours that a name stays: the median, of nine in ten at most, of 99 in 100 at most.
        returning: the share of stays of names that had been on a board before.
        sharing: the share of rows with another row of the same issue on their board.
    """

    rows: float
    new: float
    stays: tuple[float, float, float]
    returning: float
    sharing: float

    def __str__(self) -> str:
        middle, long, longest = self.stays
        return (
            f"True boards: {self.rows:.1f} rows, of which {self.new:.1f} an hour are new; names "
            f"stay {middle:.0f}, {long:.0f} and {longest:.0f} hours (median, 90 %, 99 %); "
            f"{self.returning:.0%} of stays are of names that were there before; "
            f"{self.sharing:.0%} of rows share their issue with another."
        )


def restlessness(counts: Counts, truth: Truth, first: int, top: int) -> Restlessness:
    """Of the boards of what truly burst most in each hour from `first` on, `top` rows each."""
    boards = _boards(counts, truth, top)[first:]
    names = [set(board) for board in boards]
    new = [len(after - before) for before, after in pairwise(names)]
    sharing = [
        sum(len(board[group] & board[other]) > 0 for other in board if other != group) > 0
        for board in boards
        for group in board
    ]
    stays, again = _stays(names)
    return Restlessness(
        rows=_mean([len(board) for board in boards]),
        new=_mean(new),
        stays=(_quantile(stays, 0.5), _quantile(stays, 0.9), _quantile(stays, 0.99)),
        returning=_mean(again),
        sharing=_mean(sharing),
    )


def _boards(counts: Counts, truth: Truth, top: int) -> list[dict[int, set[int]]]:
    """Of each hour the groups that burst most, with the numbers of their issues."""
    people = counts.people
    habit = np.zeros_like(people, dtype=np.float32) if truth.habit is None else truth.habit
    found: list[dict[int, set[int]]] = [{} for _ in counts.hours]
    for number, issue in enumerate(truth.issues):
        for hour in issue.hours.tolist():
            for group in issue.phrasings | issue.follow_ups:
                expected = float(habit[hour, group])
                if people[hour, group] - expected >= max(LEAST_EXTRA, SIGMAS * expected**0.5):
                    found[hour].setdefault(group, set()).add(number)
    boards = []
    for hour, groups in enumerate(found):
        roots = {
            group: (people[hour, group] - habit[hour, group]) / max(habit[hour, group], 1.0) ** 0.5
            for group in groups
        }
        best = sorted(groups, key=lambda group: (-roots[group], group))[:top]
        boards.append({group: groups[group] for group in best})
    return boards


def _stays(names: list[set[int]]) -> tuple[list[int], list[bool]]:
    """Hours of each stay on the boards, and whether the name had been there before."""
    since: dict[int, int] = {}
    known: set[int] = set()
    stays, again = [], []
    for hour, board in enumerate([*names, set()]):
        for group in [group for group in since if group not in board]:
            stays.append(hour - since.pop(group))
        for group in sorted(board - since.keys()):
            since[group] = hour
            again.append(group in known)
            known.add(group)
    return stays, again


def _mean(values: list[int] | list[bool]) -> float:
    return float(np.mean(values)) if values else 0.0


def _quantile(values: list[int], share: float) -> float:
    sorted_values: Floats = np.array(values or [0], dtype=np.float64)
    return float(np.quantile(sorted_values, share))
