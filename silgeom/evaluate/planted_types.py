"""People of a simulated log, by topic and by the type that was planted in them.

The labels are `types.json` of `python -m silgeom.simulate --types N`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from pipeline.reading.user_ids import USER_KEY, UserKeys, user_ids
from silgeom.evaluate.log import EvaluationError, Floats, Ints, searches_of

#: A silence of so many seconds ends a session.
GAP_SECONDS: Final = 1800
#: Working days, Saturdays, Sundays.
KINDS_OF_DAY: Final = 3
#: Of the features of the pipeline's interests, the first that is a time, and the first use.
FIRST_TIME: Final = 1_000
FIRST_USE: Final = 2_000
HOURS_OF_PART: Final = 6
#: Words that a simulated query may have more than the one it was made of: one before it, and up to
#: two after it.
_BEFORE: Final = (0, 1)
_AFTER: Final = (0, 1, 2)


@dataclass(frozen=True)
class Labels:
    """What was planted.

    Attributes:
        topics: names.
        everybody: distribution over topics of what everybody types.
        types: the same of each type: shape (types, topics).
        typed: share of what follows the type.
        people: `user` as in the log, and `type`.
        queries: query → number of its topic.
        type_uses: what each type uses the search for; empty: types do not differ in it.
        uses: query → use, of those that are not for looking up.
    """

    topics: list[str]
    everybody: Floats
    types: Floats
    typed: float
    people: pl.DataFrame
    queries: dict[str, int]
    type_uses: tuple[str, ...] = ()
    uses: dict[str, str] = field(default_factory=dict)

    @property
    def interests(self) -> Floats:
        """What people of each type look for in all: shape (types, topics), rows sum to 1."""
        return self.typed * self.types + (1.0 - self.typed) * self.everybody


@dataclass(frozen=True)
class People:
    """People and how often each looked for each topic; row i of all is the same person.

    Where the pipeline told topics and times, its weights stand in place of searches and sessions.

    Attributes:
        user_id: as in the root, ascending.
        type: planted, from 0.
        all_searches: of each person, those without a topic among them.
        searches: (people, topics), searches.
        sessions: (people, topics), sessions with a search for the topic.
        times: (people, times of the week), sessions that began then.
        interests: the same as the pipeline keeps it: `INTERESTS`, by user_id and feature.
    """

    user_id: Ints
    type: Ints
    all_searches: Ints
    searches: csr_matrix
    sessions: csr_matrix
    times: csr_matrix
    interests: pl.DataFrame

    def __len__(self) -> int:
        return len(self.user_id)

    def where(self, chosen: Ints) -> "People":
        """Some of the people, by their rows."""
        return People(
            self.user_id[chosen],
            self.type[chosen],
            self.all_searches[chosen],
            self.searches[chosen],
            self.sessions[chosen],
            self.times[chosen],
            self.interests.join(
                pl.DataFrame({"user_id": self.user_id[chosen]}),
                on="user_id",
                how="semi",
                maintain_order="left",
            ),
        )


def read_labels(file: Path) -> Labels:
    """Read `types.json`.

    Raises:
        EvaluationError: it is no such file.
    """
    try:
        told = json.loads(file.read_text("utf-8"))
        topics = list(told["everybody"])
        number = {name: at for at, name in enumerate(topics)}
        return Labels(
            topics,
            np.array([told["everybody"][name] for name in topics], dtype=np.float64),
            np.array([[each["topics"][name] for name in topics] for each in told["types"]]),
            float(told["typed"]),
            pl.DataFrame({"user": list(told["people"]), "type": list(told["people"].values())}),
            {query: number[topic] for query, topic in told["queries"].items()},
            tuple(each["use"] for each in told["types"]) if "uses" in told else (),
            dict(told.get("uses", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{file} holds no types ({error}): name types.json of a log of silgeom.simulate --types"
        ) from error


def planted_topics(queries: Sequence[str], labels: Labels) -> pl.DataFrame:
    """The topic of each query that was made by the simulator and not mistyped.

    Returns:
        `query`, `topic`. A query that was made longer has the topic of the one it holds.
    """
    topics = [labels.queries[each] if each else None for each in made_of(queries, labels)]
    found = pl.Series(topics, dtype=pl.Int64)
    rows = pl.DataFrame({"query": pl.Series(queries, dtype=pl.String), "topic": found})
    return rows.drop_nulls()


def made_of(queries: Sequence[str], labels: Labels) -> list[str | None]:
    """The query of the labels that each of some queries is, whatever its spacing, or holds."""
    together = {query.replace(" ", ""): query for query in labels.queries}

    def known(query: str) -> str | None:
        words = query.split(" ")
        for after in _AFTER:
            for before in _BEFORE:
                kept = " ".join(words[before : len(words) - after])
                if kept in labels.queries:
                    return kept
        return together.get(query.replace(" ", ""))

    return [known(query) for query in queries]


def read_searches(root: Path, labels: Labels) -> tuple[pl.DataFrame, str]:
    """The searches of the labelled people of a root on this machine.

    Returns:
        `user_id`, `type`, `searched_at` (UTC) and `query`, by person and time; and the zone.

    Raises:
        EvaluationError: there are none: the root is of another log.
    """
    files = sorted(root.glob("searches/dt=*/*.parquet"))
    if not files:
        raise EvaluationError(f"no searches in {root}: take a log in with silgeom run ingest first")
    try:
        keys = UserKeys.from_text((root / USER_KEY).read_text("utf-8"))
        zone = str(json.loads((root / "_state.json").read_text("utf-8"))["zone"])
        columns = ["user_id", "searched_at", "query"]
        searches = searches_of(files, columns)
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
        raise EvaluationError(f"{root} cannot be read ({error})") from error
    people = labels.people.select(user_id=user_ids(labels.people["user"], keys), type="type")
    mine = searches.join(people, on="user_id").sort("user_id", "searched_at", "query")
    if not len(mine):
        raise EvaluationError(f"nobody of the labels searches in {root}: name those of its log")
    return mine, zone


def people_of(searches: pl.DataFrame, topics: pl.DataFrame, zone: str) -> People:
    """Count who looked for what.

    Args:
        searches: as `read_searches` gives them.
        topics: `query`, `topic` (from 0).
        zone: whose hours.
    """
    gap = pl.col("searched_at").diff().over("user_id").dt.total_seconds()
    at = pl.col("searched_at").dt.convert_time_zone(zone)
    kind_of_day = (at.dt.weekday().cast(pl.Int64) - 5).clip(0, 2)
    rows = _numbered(searches).with_columns(
        begins=gap.is_null() | (gap >= GAP_SECONDS),
        hour=kind_of_day * 24 + at.dt.hour().cast(pl.Int64),
        day=at.dt.date(),
    )
    known = rows.with_columns(session=pl.col("begins").cast(pl.Int64).cum_sum()).join(
        topics, on="query"
    )
    in_sessions = known.unique(["session", "topic"])
    each, most = _each(rows), 1 + int(str(topics["topic"].max() or 0))
    return People(
        *each,
        _counted(known, "topic", len(each[0]), most),
        _counted(in_sessions, "topic", len(each[0]), most),
        _counted(rows.filter("begins"), "hour", len(each[0]), KINDS_OF_DAY * 24),
        _interests(known, rows),
    )


def people_as_found(searches: pl.DataFrame, interests: pl.DataFrame) -> People:
    """People with the interests that the pipeline found.

    Args:
        searches: as `read_searches` gives them.
        interests: `INTERESTS` of the pipeline: `user_id`, `feature`, `weight`; a feature from
            `FIRST_TIME` on is a time, from `FIRST_USE` on a use, others are topics.
    """
    rows = _numbered(searches)
    numbers = rows.select("user_id", "person").unique("user_id")
    mine = interests.join(numbers, on="user_id").with_columns(pl.col("feature").cast(pl.Int64))
    is_time = pl.col("feature") >= FIRST_TIME
    topics = mine.filter(~is_time).rename({"feature": "topic"})
    is_use = pl.col("feature") >= FIRST_USE
    times = mine.filter(is_time & ~is_use).select(
        "person", "weight", time=pl.col("feature") - FIRST_TIME
    )
    each = _each(rows)
    widths = [1 + int(str(found.max() or 0)) for found in (topics["topic"], times["time"])]
    by_topic = _counted(topics, "topic", len(each[0]), widths[0])
    by_time = _counted(times, "time", len(each[0]), widths[1])
    kept = interests.join(numbers, on="user_id", how="semi").sort("user_id", "feature")
    return People(*each, by_topic, by_topic, by_time, kept)


def _interests(known: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Planted topics, counted as the pipeline counts those that it finds."""
    is_weekend = (pl.col("hour") >= 24).cast(pl.Int64)
    time = pl.col("hour") % 24 // HOURS_OF_PART + 24 // HOURS_OF_PART * is_weekend
    features = [
        known.select("user_id", "query", "day", feature=pl.col("topic") + 1),
        rows.select("user_id", "query", "day", feature=time + FIRST_TIME),
    ]
    once = pl.concat(features).unique(["user_id", "query", "day", "feature"])
    return once.group_by("user_id", "feature").agg(weight=pl.len()).sort("user_id", "feature")


def _numbered(searches: pl.DataFrame) -> pl.DataFrame:
    return searches.with_columns(person=pl.col("user_id").rle_id().cast(pl.Int64))


def _each(rows: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Id, type and searches of each person."""
    each = rows.group_by("person", maintain_order=True).agg(
        pl.col("user_id", "type").first(), searches=pl.len()
    )
    user_id, kind, searches = (each[name].to_numpy() for name in ("user_id", "type", "searches"))
    return user_id, kind.astype(np.int64), searches.astype(np.int64)


def _counted(rows: pl.DataFrame, column: str, people: int, most: int) -> csr_matrix:
    """How many rows of each person have each value of a column, or their weight."""
    at = (rows["person"].to_numpy(), rows[column].to_numpy())
    weight = rows["weight"].to_numpy() if "weight" in rows.columns else np.ones(len(rows))
    return csr_matrix((weight.astype(np.float64), at), shape=(people, most))
