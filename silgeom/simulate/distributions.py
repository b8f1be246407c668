"""What is measured of a search log: seven distributions, and how far two of a kind are apart."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from silgeom.simulate.queries import Ints
from silgeom.simulate.rhythm import Floats

Bools = npt.NDArray[np.bool_]

SESSION_GAP: Final = 30 * 60
_BLOCKS: Final = 10
#: Of `searches`: the row is a click, and no search.
_IS_CLICK: Final = "is_click"
_MOST: Final = 1 << 30


def _edges(each_up_to: int) -> Ints:
    """Lower ends of bins: each number for itself, then two bins for each doubling."""
    edges = list(range(1, each_up_to + 1))
    step = 4
    while step <= _MOST:
        edges += [edge for edge in (step, step + step // 2) if edge > each_up_to]
        step *= 2
    return np.array(edges)


#: Lower ends of the bins; a gap of no second has a bin of its own.
COUNT_EDGES: Final = _edges(10)
RANK_EDGES: Final = _edges(2)
GAP_EDGES: Final = np.concatenate([[0], _edges(4)])
GAP_EDGES_USED: Final = GAP_EDGES[GAP_EDGES < SESSION_GAP]
LENGTHS: Final = 60  # and everything longer


def binned(values: Ints, edges: Ints, weights: Ints | None = None) -> Floats:
    """How many values (or how much weight) each bin has."""
    places = np.searchsorted(edges, values, side="right") - 1
    counts: Floats = np.bincount(places, weights=weights, minlength=len(edges)).astype(np.float64)
    return counts


@dataclass(frozen=True, slots=True)
class Log:
    """Searches as columns, in order of user and, within a user, of time.

    Attributes:
        user: number of the person.
        second: since 1970, UTC.
        query: number of the query.
        length: characters of the query.
    """

    user: Ints
    second: Ints
    query: Ints
    length: Ints

    def __len__(self) -> int:
        return len(self.user)

    def where(self, which: Bools) -> "Log":
        """Some of the searches."""
        return Log(self.user[which], self.second[which], self.query[which], self.length[which])

    def of_half(self, random: np.random.Generator) -> tuple["Log", "Log"]:
        """The searches of half of the people, drawn at random, and those of the others."""
        first = random.random(int(self.user.max()) + 1) < 0.5
        return self.where(first[self.user]), self.where(~first[self.user])

    def thinned(self, searches: int, random: np.random.Generator) -> "Log":
        """The searches of as many people, drawn at random, as make about so many searches."""
        per_user = np.bincount(self.user)
        order = random.permutation(len(per_user))
        enough = int(np.searchsorted(np.cumsum(per_user[order]), searches)) + 1
        kept = np.zeros(len(per_user), dtype=np.bool_)
        kept[order[:enough]] = True
        return self.where(kept[self.user])

    def begins(self) -> Bools:
        """Whether a search begins a session: the person's first, or 30 minutes after the last."""
        first = np.ones(len(self), dtype=np.bool_)
        first[1:] = (np.diff(self.user) != 0) | (np.diff(self.second) >= SESSION_GAP)
        return first


def read_log(place: Path) -> Log:
    """The searches of a pipeline's root, or of a folder of its `searches`.

    Raises:
        ValueError: there are none; one sentence.
    """
    folder = place / "searches" if (place / "searches").is_dir() else place
    try:
        found = ds.dataset(folder, format="parquet")
        if _IS_CLICK not in found.schema.names:  # the first file's: others may have it
            found = found.replace_schema(found.schema.append(pa.field(_IS_CLICK, pa.bool_())))
        columns = {"user": "user_id", "query": "query_id", "at": "searched_at"}
        wanted = {name: ds.field(column) for name, column in columns.items()}
        table = found.to_table(
            columns=wanted | {"length": pc.utf8_length(ds.field("query"))},
            filter=~pc.coalesce(ds.field(_IS_CLICK), pc.scalar(False)),
        )
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        raise ValueError(
            f"{place} holds no searches: name the root of a pipeline, or its folder searches "
            "(a log as it is must be taken in first: jobs/ingest.py)."
        ) from error
    if not table.num_rows:
        raise ValueError(f"{place} holds no searches: its dataset is empty.")
    second = np.asarray(table["at"].cast("timestamp[s]").cast("int64"))
    query = pd.factorize(np.asarray(table["query"]))[0].astype(np.int64)
    user = pd.factorize(np.asarray(table["user"]), sort=True)[0].astype(np.int64)
    order = np.lexsort((query, second, user))
    length = np.asarray(table["length"]).astype(np.int64)
    return Log(user[order], second[order], query[order], length[order])


def local_seconds(log: Log, zone: str) -> Ints:
    """What the clocks of `zone` show, as seconds since 1970."""
    whole, place = np.unique(log.second // 3600, return_inverse=True)
    there = pd.to_datetime(whole * 3600, unit="s", utc=True).tz_convert(ZoneInfo(zone))
    shown = there.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    local: Ints = log.second + (shown - whole * 3600)[place]
    return local


def hours(log: Log, zone: str) -> Ints:
    """The hour of the day of each search, 0 to 23."""
    hour: Ints = local_seconds(log, zone) // 3600 % 24
    return hour


def gaps(log: Log) -> Ints:
    """Seconds from one search to the next within each session."""
    return np.diff(log.second)[~log.begins()[1:]]


def session_lengths(log: Log) -> Ints:
    """Searches of each session."""
    return np.diff(np.append(np.flatnonzero(log.begins()), len(log)))


def fresh(log: Log) -> Bools:
    """In order of time: whether nobody typed the query before."""
    query = log.query[np.argsort(log.second, kind="stable")]
    new = np.zeros(len(query), dtype=np.bool_)
    new[np.unique(query, return_index=True)[1]] = True
    return new


def distributions(log: Log, zone: str = "Asia/Seoul") -> dict[str, Floats]:
    """The counts of each distribution's bins, by its name.

    * rank-frequency: searches by the rank of their query, two bins for each doubling;
    * query length: searches by characters, spaces included;
    * searches per user, searches per session (30 minutes end one);
    * gap: seconds between neighbours in a session;
    * hour of day: in `zone`;
    * new-query rate: searches that are the first of their query and others, in each tenth of the
      log.
    """
    ranked = np.sort(np.bincount(log.query))[::-1]
    ranked = ranked[ranked > 0]
    per_user = np.bincount(log.user)
    new = fresh(log)
    block = np.arange(len(new)) * _BLOCKS // len(new)
    return {
        "rank-frequency": binned(np.arange(1, len(ranked) + 1), RANK_EDGES, ranked),
        "query length": np.bincount(
            np.minimum(log.length, LENGTHS + 1), minlength=LENGTHS + 2
        ).astype(np.float64)[1:],
        "searches per user": binned(per_user[per_user > 0], COUNT_EDGES),
        "searches per session": binned(session_lengths(log), COUNT_EDGES),
        "gap in a session": binned(gaps(log), GAP_EDGES_USED),
        "hour of day": np.bincount(hours(log, zone), minlength=24).astype(np.float64),
        "new-query rate": np.bincount(block * 2 + new, minlength=2 * _BLOCKS).astype(np.float64),
    }


def _smoothed(counts: Floats, used: Bools) -> Floats:
    more = counts[used] + 0.5
    shares: Floats = more / more.sum()
    return shares


def divergences(first: Floats, second: Floats) -> tuple[float, float, float]:
    """KL(first | second), KL(second | first) and the Jensen-Shannon divergence, in bits.

    Each bin that either log has gets half a search more (Krichevsky and Trofimov 1981), so that
    an empty bin makes nothing infinite.
    """
    used = (first > 0) | (second > 0)
    if not used.any():
        return 0.0, 0.0, 0.0
    p, q = _smoothed(first, used), _smoothed(second, used)
    middle = (p + q) / 2
    there, back = float((p * np.log2(p / q)).sum()), float((q * np.log2(q / p)).sum())
    halves = (p * np.log2(p / middle)).sum() + (q * np.log2(q / middle)).sum()
    return there, back, max(0.0, float(halves) / 2)
