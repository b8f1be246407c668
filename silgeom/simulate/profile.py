"""What a simulated log takes over from a real one: histograms, and no query or person of it."""

import json
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from silgeom.simulate.distributions import (
    COUNT_EDGES,
    GAP_EDGES_USED,
    LENGTHS,
    RANK_EDGES,
    Bools,
    Log,
    binned,
    gaps,
    hours,
    local_seconds,
    read_log,
)
from silgeom.simulate.queries import Ints
from silgeom.simulate.rhythm import Floats

#: No bin of a profile tells of fewer people: of a smaller one people count in a bin below, and
#: searches not at all.
FLOOR: Final = 5
_LEAST_PEOPLE: Final = 20
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Profile:
    """Histograms of a log; lists are over the bins of `distributions`, shares sum to 1.

    Attributes:
        searches: in the log, rounded to hundreds.
        days: of the reporting zone, from the first search to the last.
        day_shares: searches by day of the log.
        hour_shares: searches by hour of the day.
        user_shares: people by the number of their searches (bins of counts).
        user_means: mean number of searches in each of these bins.
        session_shares: for each of these bins: sessions by length (bins of counts).
        gap_shares: neighbours in a session by the seconds between them (bins of gaps).
        again_in_session: share of searches, first ones of sessions left out, whose query the
            person had typed before.
        again_later: the same of the first searches of a person's second and later sessions.
        again_the_last: of both, the share that repeats the search just before.
        people_shares: queries by how many different people typed them (bins of counts).
        people_means: mean number of people in each of these bins.
        rank_shares: searches by the rank of their query (bins of ranks), of all; 0 where few people
            typed those queries.
        length_shares: searches by characters of their query, from 1.
    """

    searches: int
    days: int
    day_shares: tuple[float, ...]
    hour_shares: tuple[float, ...]
    user_shares: tuple[float, ...]
    user_means: tuple[float, ...]
    session_shares: tuple[tuple[float, ...], ...]
    gap_shares: tuple[float, ...]
    again_in_session: float
    again_later: float
    again_the_last: float
    people_shares: tuple[float, ...]
    people_means: tuple[float, ...]
    rank_shares: tuple[float, ...]
    length_shares: tuple[float, ...]

    def dumped(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"


def _floored(counts: Floats, bins: Ints, people: Ints) -> Floats:
    """The counts, with those of bins of fewer people than the floor put into the bin below.

    What is too little even in the lowest bin goes into the next one that is large enough.

    Args:
        counts: of each bin.
        bins: of one bin and one of its people each.
        people: these people.
    """
    kept = counts.copy()
    pairs = np.unique(np.stack([bins, people]), axis=1)
    ends = np.searchsorted(pairs[0], np.arange(len(counts) + 1))
    # The first five people of a bin are enough to know that there are five.
    who = [set(pairs[1, a : min(a + FLOOR, b)].tolist()) for a, b in pairwise(ends.tolist())]
    for place in range(len(kept) - 1, 0, -1):
        if len(who[place]) < FLOOR:
            kept[place - 1] += kept[place]
            who[place - 1] |= who[place]
            kept[place] = 0
    enough = [place for place, some in enumerate(who) if len(some) >= FLOOR and kept[place]]
    if len(who[0]) < FLOOR and enough:
        kept[enough[0]] += kept[0]
        kept[0] = 0
    return kept


def _shares(counts: Floats) -> tuple[float, ...]:
    total = counts.sum()
    shares = counts / total if total else counts
    return tuple(round(float(share), _DIGITS + 2) for share in shares)


def _people(log: Log, bins: Ints, count: int) -> Floats:
    """Different people of the searches in each bin; -1 is none."""
    pairs = np.unique(np.stack([bins, log.user]), axis=1)[0]
    return np.bincount(pairs[pairs >= 0], minlength=count).astype(np.float64)


def _by_search(log: Log, bins: Ints, count: int) -> tuple[float, ...]:
    """Shares of a histogram in which each search is in one bin; bins of too few people: none."""
    counts = np.bincount(bins[bins >= 0], minlength=count).astype(np.float64)
    enough = _people(log, bins, count) >= FLOOR
    told: Floats = counts * enough if enough.any() else (counts > 0).astype(np.float64)
    return _shares(told)


def _means(values: Ints, bins: Ints, counts: Floats, edges: Ints) -> tuple[float, ...]:
    """Mean of the values in each bin, where the bin is kept; else its lower end."""
    sums = np.bincount(bins, weights=values, minlength=len(edges))
    numbers = np.bincount(bins, minlength=len(edges))
    return tuple(
        round(float(total / number), 1) if number and kept else float(edge)
        for total, number, kept, edge in zip(sums, numbers, counts, edges, strict=True)
    )


def _again(log: Log) -> tuple[Bools, Bools]:
    """Whether the person had typed the query before, and whether in the search just before."""
    order = np.lexsort((np.arange(len(log)), log.query, log.user))
    same = (np.diff(log.user[order]) == 0) & (np.diff(log.query[order]) == 0)
    again = np.zeros(len(log), dtype=np.bool_)
    again[order[1:][same]] = True
    last = np.zeros(len(log), dtype=np.bool_)
    last[1:] = (np.diff(log.user) == 0) & (np.diff(log.query) == 0)
    return again, last


def fitted_to(log: Log, zone: str) -> Profile:
    """The profile of a log, its days and hours in `zone`.

    Raises:
        ValueError: the log is of too few people.
    """
    per_user = np.bincount(log.user)
    if len(per_user) < _LEAST_PEOPLE:
        raise ValueError(
            f"A profile needs a log of at least {_LEAST_PEOPLE} people, "
            f"and this one has {len(per_user)}."
        )
    user_bins = np.searchsorted(COUNT_EDGES, per_user, side="right") - 1
    people = binned(per_user, COUNT_EDGES)
    users = _floored(people, user_bins, np.arange(len(per_user)))
    means = _means(per_user, user_bins, users, COUNT_EDGES)
    # Those of a bin that is not kept count with the next lower one that is.
    kept = np.flatnonzero(users)
    user_bins = kept[np.maximum(0, np.searchsorted(kept, user_bins, side="right") - 1)]

    begins = log.begins()
    lengths = np.diff(np.append(np.flatnonzero(begins), len(log)))
    whose = log.user[begins]
    length_bins = np.searchsorted(COUNT_EDGES, lengths, side="right") - 1
    sessions = []
    for place in range(len(COUNT_EDGES)):
        here = user_bins[whose] == place
        counts = np.bincount(length_bins[here], minlength=len(COUNT_EDGES)).astype(np.float64)
        sessions.append(_shares(_floored(counts, length_bins[here], whose[here])))

    gap_bins = np.full(len(log), -1)
    gap_bins[1:][~begins[1:]] = np.searchsorted(GAP_EDGES_USED, gaps(log), side="right") - 1
    again, last = _again(log)
    later = begins.copy()
    later[np.unique(log.user, return_index=True)[1]] = False

    pairs = np.unique(np.stack([log.query, log.user]), axis=1)[0]
    per_query = np.bincount(pairs)
    query_bins = np.searchsorted(COUNT_EDGES, per_query, side="right") - 1
    queries = binned(per_query, COUNT_EDGES)

    day = local_seconds(log, zone) // 86_400
    day -= day.min()
    days = int(day.max()) + 1
    return Profile(
        searches=max(100, round(len(log), -2)),
        days=days,
        day_shares=_by_search(log, day, days),
        hour_shares=_by_search(log, hours(log, zone), 24),
        user_shares=_shares(users),
        user_means=means,
        session_shares=tuple(sessions),
        gap_shares=_by_search(log, gap_bins, len(GAP_EDGES_USED)),
        again_in_session=_share(again[~begins]),
        again_later=_share(again[later]),
        again_the_last=_share(last[again]),
        people_shares=_shares(queries),
        people_means=_means(per_query, query_bins, queries, COUNT_EDGES),
        rank_shares=_rank_shares(log),
        length_shares=_by_search(log, np.minimum(log.length, LENGTHS + 1) - 1, LENGTHS + 1),
    )


def _rank_shares(log: Log) -> tuple[float, ...]:
    times = np.bincount(log.query)
    rank = np.empty(len(times), dtype=np.int64)
    rank[np.argsort(-times, kind="stable")] = np.arange(1, len(times) + 1)
    bins = np.searchsorted(RANK_EDGES, rank, side="right") - 1
    counts = np.bincount(bins[log.query], minlength=len(RANK_EDGES))
    told = counts * (_people(log, bins[log.query], len(RANK_EDGES)) >= FLOOR)
    return tuple(round(float(share), _DIGITS + 2) for share in told / len(log))


def _share(which: Bools) -> float:
    return round(float(which.mean()), _DIGITS) if len(which) else 0.0


def read_profile(place: Path, zone: str) -> Profile:
    """The profile of a pipeline's root, or one that was written before.

    Raises:
        ValueError: there is none; one sentence.
    """
    if place.suffix != ".json":
        return fitted_to(read_log(place), zone)
    try:
        told = json.loads(place.read_text(encoding="utf-8"))
        values: dict[str, Any] = {each.name: told[each.name] for each in fields(Profile)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{place} is no profile of a log: {error}.") from error
    columns: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    columns["session_shares"] = tuple(map(tuple, columns["session_shares"]))
    return Profile(**columns)
