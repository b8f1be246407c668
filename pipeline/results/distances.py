"""How many keys two queries differ by."""

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

Distances = npt.NDArray[np.int64]


def keystroke_distances(left: pl.Series, right: pl.Series, *, at_most: int) -> Distances:
    """Keys to insert, delete or replace to make one string of keys the other (Levenshtein).

    Args:
        left: keys, as `keystrokes` gives them.
        right: the same.
        at_most: where it takes more than this the result is `at_most` + 1; the smaller, the faster.
    """
    if left.is_empty():
        return np.zeros(0, dtype=np.int64)
    found: Distances = cpdist(
        left.to_list(),
        right.to_list(),
        scorer=Levenshtein.distance,
        score_cutoff=at_most,
        dtype=np.int64,
    )
    return found
