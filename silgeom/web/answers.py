"""What a search box asks: completions and related searches, of the newest results under a root."""

from dataclasses import dataclass

import pyarrow.compute as pc

from pipeline.store.storage import FileStatus
from silgeom.complete import Completer, Completion
from silgeom.related import Related, Relater
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.reading import Results

_COMPLETIONS = ["key_kind", "prefix", "rank", "completion", "searchers", "weight"]
_RELATED = [
    *("query", "kind", "rank", "related_query", "related_surface", "score"),
    *("sessions", "searchers", "next_probability"),
]

#: The newest files of `autocomplete` and of `related`.
Sources = tuple[tuple[FileStatus, ...], tuple[FileStatus, ...]]


@dataclass(frozen=True)
class Answers:
    """Look-ups among the results as they were when they were loaded.

    Attributes:
        sources: the files that they were loaded from.
    """

    sources: Sources
    _completer: Completer | None
    _relater: Relater | None

    def complete(self, typed: str, limit: int) -> list[Completion]:
        """See `Completer.complete`; without completions none."""
        return self._completer.complete(typed, limit) if self._completer else []

    def related(self, query: str, limit: int) -> list[Related]:
        """See `Relater.related`; without related searches none."""
        return self._relater.related(query, limit) if self._relater else []


#: Before anything is loaded.
NO_ANSWERS = Answers(((), ()), None, None)


def sources(results: Results) -> Sources:
    """The files that look-ups are answered from now."""
    return _newest(results, "autocomplete"), _newest(results, "related")


def loaded(results: Results, found: Sources) -> Answers:
    """Look-ups among the rows of these files, of which at least `MIN_SEARCHERS` people speak."""
    of_completions, of_related = found
    completions = results.table(of_completions, _COMPLETIONS) if of_completions else None
    if completions is not None:
        completions = completions.filter(pc.field("searchers") >= MIN_SEARCHERS)
    related = results.table(of_related, _RELATED) if of_related else None
    if related is not None:
        related = related.filter(pc.field("searchers") >= MIN_SEARCHERS)
    return Answers(
        found,
        None if completions is None else Completer(completions),
        None if related is None else Relater(related, completions),
    )


def _newest(results: Results, dataset: str) -> tuple[FileStatus, ...]:
    for day in reversed(results.days(dataset)):
        files = results.files(f"{dataset}/dt={day}")
        if files:
            return tuple(files)
    return ()
