"""The hourly counts of a root as one matrix, hours by queries, without Spark."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.dataset as ds

from silgeom.evaluate.log import EvaluationError, variant_key

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]
Hours = npt.NDArray[np.datetime64]

#: What fewer people typed within an hour no board shows, whatever its method.
FLOOR: Final = 5

_COUNTED: Final = ("searchers", "also_searched")


@dataclass(frozen=True)
class Counts:
    """People by hour and query. Every hour from the first to the last has a row.

    Attributes:
        hours: UTC, when each hour began, rising by one hour.
        traffic: shape (hours,): all searches of the hour, those of queries left out here too.
        searchers: shape (hours, forms).
        also_searched: shape (hours, forms): of them, who searched something else too that day.
        all_also_searched: shape (hours,): the same of all searches of the hour.
        forms: normalised queries: all that share a variant key with one that `floor` people
            typed within an hour; the others can be on no board.
        group: shape (forms,): number of the variant key of each form, from 0.
        floor: people who must have typed it within an hour.
        forms_add_up: whether people of two forms are different people, as in drawn counts. Else
            one form has to reach the floor; the job counts the people of small portals once each.
    """

    hours: Hours
    traffic: Floats
    searchers: Matrix
    also_searched: Matrix
    all_also_searched: Floats
    forms: list[str]
    group: Ints
    floor: int = FLOOR
    forms_add_up: bool = False

    @cached_property
    def members(self) -> list[Ints]:
        """The forms of each group."""
        order = np.argsort(self.group, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.group[order])) + 1)

    @cached_property
    def people(self) -> Floats:
        """Shape (hours, groups): searchers of all forms together."""
        return self._by_group(self.searchers)

    @cached_property
    def also(self) -> Floats:
        """Shape (hours, groups): `also_searched` of all forms together."""
        return self._by_group(self.also_searched)

    @cached_property
    def cells(self) -> tuple[Ints, Ints]:
        """Hour and group of everything that may be shown, in order of hours."""
        most = self.people if self.forms_add_up else self.most_of_a_form
        hour, group = np.nonzero(most >= self.floor)
        return hour, group

    @cached_property
    def most_of_a_form(self) -> Matrix:
        """Shape (hours, groups): searchers of the form that most people typed."""
        by_form = [self.searchers[:, forms].max(axis=1) for forms in self.members]
        return np.stack(by_form, axis=1)

    @cached_property
    def group_of(self) -> dict[str, int]:
        """The group of a form."""
        return dict(zip(self.forms, self.group.tolist(), strict=True))

    def commonest(self, hour: int, group: int) -> str:
        """The form that most people typed in that hour; of equals the least."""
        forms = self.members[group].tolist()
        best: int = min(forms, key=lambda form: (-self.searchers[hour, form], self.forms[form]))
        return self.forms[best]

    def _by_group(self, matrix: Matrix) -> Floats:
        columns = [matrix[:, forms].sum(axis=1) for forms in self.members]
        return np.stack(columns, axis=1).astype(np.float64)


def counts_of(cells: pd.DataFrame, names: pd.DataFrame, *, floor: int = FLOOR) -> Counts:
    """Make the matrix.

    Args:
        cells: `hour` (UTC), `query_id`, `searchers`, `also_searched`; each pair of the first two
            once.
        names: `query_id` and `query`, each id at least once.
        floor: see `Counts`.
    """
    stamps = pd.to_datetime(cells["hour"], utc=True).dt.tz_localize(None)
    since = stamps.to_numpy().astype("datetime64[s]").astype(np.int64)
    first = int(since.min())
    row = (since - first) // 3600
    size = int(row.max()) + 1
    people = {name: cells[name].to_numpy(dtype=np.int64) for name in _COUNTED}
    totals = [
        np.bincount(row, weights=each, minlength=size).astype(np.float64)
        for each in people.values()
    ]

    ids = cells["query_id"].to_numpy()
    text = names.drop_duplicates("query_id").set_index("query_id")["query"]
    keys = pd.Series([variant_key(query) for query in text], index=text.index)
    often = keys.reindex(np.unique(ids[people["searchers"] >= floor])).dropna()
    wanted = keys[keys.isin(often.unique())].sort_index()
    known = wanted.index.to_numpy()
    keep = np.isin(ids, known)
    matrices = [np.zeros((size, len(known)), dtype=np.float32) for _ in _COUNTED]
    for matrix, each in zip(matrices, people.values(), strict=True):
        matrix[row[keep], np.searchsorted(known, ids[keep])] = each[keep]
    return Counts(
        hours=(first + 3600 * np.arange(size)).astype("datetime64[s]"),
        traffic=totals[0],
        searchers=matrices[0],
        also_searched=matrices[1],
        all_also_searched=totals[1],
        forms=text.reindex(known).tolist(),
        group=pd.factorize(wanted)[0].astype(np.int64),
        floor=floor,
    )


def read_counts(root: Path, *, floor: int = FLOOR) -> Counts:
    """The counts that the jobs keep under `root`.

    Raises:
        EvaluationError: there are none, or they are of an older version.
    """
    frames = {}
    for name, columns in (
        ("hourly_counts", ["hour", "query_id", *_COUNTED]),
        ("searches", ["query_id", "query"]),
    ):
        folder = root / name
        if not folder.is_dir():
            raise EvaluationError(
                f"{folder} is missing: let jobs/trending.py take in a log with --root {root} first"
            )
        stored = ds.dataset(folder, format="parquet")
        if missing := set(columns) - set(stored.schema.names):
            raise EvaluationError(
                f"{folder} has no column {min(missing)}: run jobs/trending.py --root {root} again"
            )
        rows = stored.to_table(columns=columns)
        frames[name] = rows.group_by(columns).aggregate([]).to_pandas()  # each once
    if frames["hourly_counts"].empty:
        raise EvaluationError(f"{root}/hourly_counts has no rows: no search was taken in")
    return counts_of(frames["hourly_counts"], frames["searches"], floor=floor)
