"""How sure a figure is: the bootstrap over users, since one user's searches are alike."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from silgeom.evaluate.log import Floats, Ints

ROUNDS: Final = 1000
SEED: Final = 20160701


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval: Efron's percentiles.

    Attributes:
        value: of all questions.
        low: 2.5 % of the bootstrap's rounds are below.
        high: 2.5 % are above.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return ""
        low, high = (f"{each:.3f}".replace("inf", "∞") for each in (self.low, self.high))
        return f"{self.value:.3f} ({low}–{high})"


class Bootstrap:
    """Rounds in which as many users are drawn as asked, with replacement; the same for all figures.

    So two methods are compared on the same users in each round.
    """

    def __init__(self, users: Ints) -> None:
        """Draw; `users` has who asked each question."""
        known, self._number = np.unique(users, return_inverse=True)
        self._users = len(known)
        generator = np.random.default_rng(SEED)
        evenly = np.full(self._users, 1 / max(1, self._users))
        times = generator.multinomial(self._users, evenly, size=ROUNDS) if self._users else ()
        self._times: Floats = np.asarray(times, dtype=np.float64).reshape(-1, self._users)

    def mean(self, values: Floats, weights: Floats) -> Figure:
        """The weighted mean of what the answers were worth."""
        return self._figure(*self._sums(values, weights))

    def gain(self, ours: Floats, theirs: Floats, weights: Floats) -> Figure:
        """How many times as much the one's answers were worth as the other's."""
        return self._figure(self._sums(ours, weights)[0], self._sums(theirs, weights)[0])

    def _sums(self, values: Floats, weights: Floats) -> tuple[Floats, Floats]:
        def of(each: npt.NDArray[np.float64]) -> Floats:
            sums: Floats = np.bincount(self._number, each, minlength=self._users).astype(np.float64)
            return sums

        return of(values * weights), of(weights)

    def _figure(self, above: Floats, below: Floats) -> Figure:
        if not below.sum():
            return Figure(np.nan, np.nan, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = (self._times @ above) / (self._times @ below)
        # A round whose rival found nothing is endless; one without any question says nothing.
        said = drawn[~np.isnan(drawn)]
        low, high = np.percentile(said, [2.5, 97.5], method="inverted_cdf")
        return Figure(float(above.sum() / below.sum()), float(low), float(high))
