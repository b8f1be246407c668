"""A log as the pipeline took it in, in arrays: what the evaluations learn from and ask."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from pipeline.language import queries

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: A log of so many days is cut at midnight, as the jobs are run; a shorter one at any second.
DAYS_TO_CUT_AT_MIDNIGHT: Final = 4

_DAY: Final = 86_400
_COLUMNS: Final = ["searched_at", "user_id", "query"]


class EvaluationError(Exception):
    """Nothing can be measured; its text is one sentence that says what to do."""


@dataclass(frozen=True)
class Log:
    """Searches in order of time.

    Attributes:
        second: seconds since 1970, UTC.
        day: days since 1970 in the reporting zone.
        user: a number from 0.
        query: an index of `texts`.
        texts: the normalised queries.
    """

    second: Ints
    day: Ints
    user: Ints
    query: Ints
    texts: list[str]

    def __len__(self) -> int:
        return len(self.second)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Log":
        """Some of the searches; numbers of users and queries stay."""
        return Log(
            self.second[chosen], self.day[chosen], self.user[chosen], self.query[chosen], self.texts
        )


@dataclass(frozen=True)
class Split:
    """What is learnt from and, later in time, what is asked.

    Attributes:
        training: until `at`.
        later: from then on.
        at: seconds since 1970, UTC.
        zone: the reporting zone.
    """

    training: Log
    later: Log
    at: int
    zone: str

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.at, ZoneInfo(self.zone))
        return (
            f"{len(self.training):,} searches before {moment:%Y-%m-%d %H:%M:%S} {self.zone}, "
            f"{len(self.later):,} after"
        )


def read_log(root: str | Path) -> tuple[Log, str]:
    """Read the searches of a root on this machine, and its reporting zone.

    Raises:
        EvaluationError: there are none.
    """
    base = Path(str(root).removeprefix("file://"))
    files = sorted(base.glob("searches/dt=*/*.parquet"))
    if not files:
        raise EvaluationError(
            f"no searches in {root}: take a log in with jobs/ingest.py, or name another root"
        )
    try:
        searches = searches_of(files, _COLUMNS)
        zone = str(json.loads((base / "_state.json").read_text("utf-8"))["zone"])
    except (OSError, pl.exceptions.PolarsError, ValueError, KeyError) as error:
        raise EvaluationError(
            f"{root} is no root of this version ({error}): take the log in again"
        ) from error
    return log_of(searches.to_pandas(), zone), zone


def searches_of(files: Sequence[Path], columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of files of `searches`, without rows that are clicks and no searches.

    Raises:
        OSError: a file is not there.
        PolarsError: a file is damaged, or lacks a column.
    """
    found = []
    for file in files:
        rows = pl.scan_parquet(file, glob=False, hive_partitioning=False)
        if "is_click" in rows.collect_schema():  # files of earlier versions lack it
            rows = rows.filter(~pl.col("is_click").fill_null(value=False))
        found.append(rows.select(columns).collect())
    return pl.concat(found)


def log_of(searches: pd.DataFrame, zone: str) -> Log:
    """Searches as a `Log`.

    Args:
        searches: `searched_at` (UTC, aware or not), `user_id` and `query`, in any order.
        zone: cuts the days.
    """
    at = pd.to_datetime(searches["searched_at"], utc=True)
    frame = pd.DataFrame(
        {
            "second": at.astype("datetime64[s, UTC]").astype("int64"),
            "local": at.dt.tz_convert(zone).dt.tz_localize(None).astype("datetime64[s]"),
            "user_id": searches["user_id"].to_numpy(),
            "query": searches["query"].to_numpy(),
        }
    ).sort_values(["second", "query", "user_id"], kind="stable")  # ids differ from root to root
    user, _ = pd.factorize(frame["user_id"])
    query, texts = pd.factorize(frame["query"])
    return Log(
        second=frame["second"].to_numpy(np.int64),
        day=np.floor_divide(frame["local"].astype("int64").to_numpy(np.int64), _DAY),
        user=user.astype(np.int64),
        query=query.astype(np.int64),
        texts=[str(text) for text in texts],
    )


def split(log: Log, zone: str, share: float = 0.75) -> Split:
    """Cut a log in time, so that about `share` of the searches come before.

    Raises:
        EvaluationError: all of them come before, or none.
    """
    at = int(log.second[min(len(log) - 1, int(share * len(log)))])
    if len(np.unique(log.day)) >= DAYS_TO_CUT_AT_MIDNIGHT:
        at = _nearest_midnight(at, zone)
    is_before = log.second < at
    if is_before.all() or not is_before.any():
        raise EvaluationError(
            "the log cannot be cut in two by time: take in searches of more than one moment"
        )
    return Split(log.where(is_before), log.where(~is_before), at, zone)


def _nearest_midnight(second: int, zone: str) -> int:
    local = pd.Timestamp(second, unit="s", tz="UTC").tz_convert(zone)
    midnights = [local.normalize(), (local + pd.Timedelta(days=1)).normalize()]
    return int(min(midnights, key=lambda at: abs((at - local).total_seconds())).timestamp())


def asked(later: Log, most: int) -> pd.DataFrame:
    """The different queries of each user, of as many users as have about `most` of them.

    Returns:
        `user`, `query` and `times`, how often. Whole users are drawn, the same on each run.
    """
    pairs = pd.DataFrame({"user": later.user, "query": later.query})
    counted = pairs.groupby(["user", "query"], as_index=False).size()
    users = counted["user"].unique()
    place = pd.Series(np.random.default_rng(len(users)).permutation(len(users)), index=users)
    ordered = counted.assign(place=counted["user"].map(place)).sort_values(
        ["place", "query"], kind="stable"
    )
    size = ordered.groupby("place").size().cumsum()
    kept = size.index[: max(1, int((size <= most).sum()))]
    chosen = ordered[ordered["place"].isin(kept)]
    return chosen[["user", "query", "size"]].rename(columns={"size": "times"})


def sessions(log: Log, gap_seconds: int = 1800) -> tuple[Ints, Ints]:
    """Sort searches by person and time and number their sessions.

    Returns:
        The order of the searches and, in that order, the number of each one's session from 0.
    """
    order = np.lexsort((log.query, log.second, log.user))
    user, second = log.user[order], log.second[order]
    starts = np.ones(len(order), dtype=np.int64)
    starts[1:] = (np.diff(user) != 0) | (np.diff(second) >= gap_seconds)
    return order, np.cumsum(starts) - 1


@lru_cache(maxsize=1 << 20)
def variant_key(query: str) -> str:
    """What spacing and punctuation variants of a query share."""
    return queries.variant_key(query)
