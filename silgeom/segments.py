"""Which kind of people somebody belongs to, by what they searched for, and what that kind types.

    segments = Segments.load("output")
    completer.complete("제", user=history, segment=segments.lift(history))

It reads published results alone: those of `silgeom run segments --by-segment`. Nobody is looked up
in them: what a service knows of a person is weighed against what each kind of people searches for.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from silgeom.hangul import keystrokes
from silgeom.personal import History
from silgeom.results import ResultError, newest_files, rows_of
from silgeom.text import normalized_query

Floats = npt.NDArray[np.float64]

#: To what a segment types so much of what everybody types is added, in the unit of its weights:
#: searcher-days.
SMOOTHING: Final = 50.0
#: Where halves of the people agree so well on segments (adjusted Rand index), people are taken to
#: fall into kinds. Below, nothing is lifted: it would be by chance.
AGREED: Final = 0.8
#: One search tells for or against a segment by so much at most.
MOST_OF_A_SEARCH: Final = 10.0
#: So many different searches of a person are looked at, the heaviest.
LOOKED_AT: Final = 50


class SegmentError(ResultError):
    """There are no results of segments; its text is one sentence that says what to do."""


def lifts(typed: Floats, all_typed: Floats, share: float) -> Floats:
    """How much likelier people of each segment type a query than everybody does.

    Args:
        typed: what the query weighs in each segment; nan: too few people to be told.
        all_typed: what all queries weigh in each.
        share: of the query in what everybody types, above 0.

    Returns:
        A Dirichlet-smoothed share by that share; 1 where it is not told.
    """
    known = np.where(np.isnan(typed), share * all_typed, typed)
    found: Floats = (known + SMOOTHING * share) / (all_typed + SMOOTHING) / share
    return found


def believed(sizes: Floats, of_searches: Iterable[Floats]) -> Floats:
    """How likely somebody is of each segment (Bayes): the shares of people, by their searches.

    Args:
        sizes: the share of people of each segment.
        of_searches: `lifts` of each different search of theirs.
    """
    odds = np.log(sizes)
    for each in of_searches:
        odds = odds + np.log(np.clip(each, 1 / MOST_OF_A_SEARCH, MOST_OF_A_SEARCH))
    odds = np.exp(odds - odds.max())
    shares: Floats = odds / odds.sum()
    return shares


class Segments:
    """Kinds of people and what each types."""

    def __init__(
        self,
        sizes: Mapping[int, float],
        searches: Mapping[int, float],
        typed: Mapping[str, Mapping[int, float]],
        everybody: Mapping[str, float],
        *,
        agreement: float = 1.0,
    ) -> None:
        """Take what is known.

        Args:
            sizes: the share of people, by segment.
            searches: the share of searches, by segment.
            typed: by keystrokes of a query, what it weighs in each segment that types it.
            everybody: what it weighs for everybody.
            agreement: of halves of the people on the segments.
        """
        self._numbers = sorted(sizes)
        self._sizes = np.array([sizes[each] for each in self._numbers])
        self._total = sum(everybody.values()) or 1.0
        shares = np.array([searches.get(each, 0.0) for each in self._numbers])
        self._all_typed = shares * self._total
        self._typed, self._everybody = typed, everybody
        self._are_kinds = agreement >= AGREED

    @staticmethod
    def load(root: str | Path) -> "Segments":
        """Those of the newest day.

        Raises:
            SegmentError: they are not there, or of another version.
        """
        at, job = Path(root), "silgeom run segments --by-segment"
        of_all_job = "silgeom run autocomplete"
        made_by = {"segments": job, "segment_autocomplete": job, "autocomplete": of_all_job}
        files = {name: newest_files(at, name, SegmentError) for name in made_by}
        for name, maker in made_by.items():
            if not files[name]:
                raise SegmentError(f"there is no result {name} in {root}: run {maker} first")
        shares = ["segment", "people_share", "searches_share", "agreement"]
        sizes = rows_of(files["segments"], shares, job, SegmentError).to_pydict()
        typed: dict[str, dict[int, float]] = {}
        columns = ["key_kind", "completion", "weight"]
        of_segments = rows_of(
            files["segment_autocomplete"], ["segment", *columns], job, SegmentError
        )
        known = _whole_queries(of_segments)
        rows = zip(known["segment"], known["completion"], known["weight"], strict=True)
        for segment, text, weight in rows:
            typed.setdefault(_key(text), {})[segment] = weight
        of_all = rows_of(files["autocomplete"], columns, of_all_job, SegmentError)
        known = _whole_queries(of_all)
        weights = zip(known["completion"], known["weight"], strict=True)
        everybody = {_key(text): weight for text, weight in weights}
        return Segments(
            dict(zip(sizes["segment"], sizes["people_share"], strict=True)),
            dict(zip(sizes["segment"], sizes["searches_share"], strict=True)),
            typed,
            everybody,
            agreement=min(sizes["agreement"], default=0.0),
        )

    def shares(self, history: History) -> dict[int, float]:
        """How likely the person is of each segment."""
        return dict(zip(self._numbers, self._believed(history).tolist(), strict=True))

    def lift(self, history: History) -> Callable[[str], float]:
        """How much likelier a text is for such a person than for everybody: see `Completer`.

        As likely, where people do not fall into kinds (`AGREED`).
        """
        if not self._are_kinds:
            return lambda _: 1.0
        believed_shares = self._believed(history)

        def lift(text: str) -> float:
            return float((believed_shares * self._lifts(_key(text))).sum())

        return lift

    def _believed(self, history: History) -> Floats:
        keys = [_key(each.text) for each in history.heaviest(LOOKED_AT)]
        return believed(self._sizes, [self._lifts(key) for key in keys])

    def _lifts(self, key: str) -> Floats:
        share = self._everybody.get(key, 0.0) / self._total
        if not share:
            return np.ones(len(self._numbers))
        known = self._typed.get(key, {})
        typed = np.array([known.get(each, np.nan) for each in self._numbers])
        return lifts(typed, self._all_typed, share)


def _key(text: str) -> str:
    return keystrokes(normalized_query(text))


def _whole_queries(rows: pa.Table) -> dict[str, list[Any]]:
    """The columns of different rows of whole queries; those of tails weigh otherwise."""
    import polars as pl

    found = pl.DataFrame(pl.from_arrow(rows)).filter(pl.col("key_kind") == "keystrokes")
    return found.unique().sort(found.columns).to_dict(as_series=False)
