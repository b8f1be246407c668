"""The files of profiles as tables: what silgeom/profiles.py maps, read whole and written.

A partition has a file a bucket of people, `user_id` modulo their number, a power of two.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.counting.histories import FORGOTTEN, HISTORIES
from pipeline.errors import RootError
from pipeline.reading.user_ids import UserKeys, rekeyed_ids
from silgeom.arrays import Arrays, ArraysError, read_arrays, written_arrays
from silgeom.profiles import FORGOTTEN as FORGOTTEN_ARRAYS
from silgeom.profiles import PEOPLE, QUERIES, SUFFIX, VERSION, notes_of

#: The dataset.
PROFILES: Final = "profiles"


@dataclass(frozen=True)
class ProfileFile:
    """A bucket of people.

    Attributes:
        rows: `HISTORIES`, by person.
        forgotten: `FORGOTTEN`.
        at: UTC seconds, the moment of the weights.
        options: what the profiles were made with.
    """

    rows: pl.DataFrame
    forgotten: pl.DataFrame
    at: int
    bucket: int
    buckets: int
    options: Mapping[str, Any]

    def without(self, ids: Collection[int]) -> "ProfileFile":
        """The bucket without these people."""
        others = ~pl.col("user_id").is_in(list(ids))
        return replace(self, rows=self.rows.filter(others), forgotten=self.forgotten.filter(others))

    def forgetting(self, ids: Collection[int], until: int) -> "ProfileFile":
        """The bucket without these people, whose searches until a second are not counted again."""
        left = self.without(ids)
        names = pl.DataFrame({"user_id": sorted(ids)}, schema={"user_id": pl.Int64})
        fresh = names.with_columns(until=pl.lit(until, pl.UInt32))
        return replace(left, forgotten=pl.concat([left.forgotten, fresh]).sort("user_id"))

    def holds(self, ids: Collection[int]) -> bool:
        """Whether one of these people is in it."""
        wanted = pl.col("user_id").is_in(list(ids))
        return any(not each.filter(wanted).is_empty() for each in (self.rows, self.forgotten))

    def written(self) -> bytes:
        """The content of the file."""
        users = self.rows["user_id"].to_numpy()
        is_first = np.ones(len(users), np.bool_)
        is_first[1:] = users[1:] != users[:-1]
        starts = np.flatnonzero(is_first)
        columns = {
            "user_id": pa.array(users[starts], pa.int64()),
            "first_row": pa.array(np.append(starts, len(users)).astype(np.uint32)),
            **{name: self.rows[name].to_arrow() for name in QUERIES},
            "forgotten_id": self.forgotten["user_id"].to_arrow(),
            "forgotten_until": self.forgotten["until"].to_arrow(),
        }
        notes = notes_of(at=self.at, bucket=self.bucket, buckets=self.buckets, options=self.options)
        return written_arrays(Arrays(columns, notes))


def file_name(bucket: int) -> str:
    """The name of the file of a bucket, as a change gives it."""
    return f"part-{bucket:05d}{SUFFIX}"


def parsed_profiles(content: bytes | None, address: str) -> ProfileFile:
    """A file, read.

    Raises:
        RootError: it is damaged, or of another version.
    """
    try:
        arrays = read_arrays(content or b"")
        if arrays.note("version") != VERSION:
            raise ArraysError("another version wrote them")
        numbers = {
            name: arrays.numbers(name, kind)
            for name, kind in (PEOPLE | QUERIES | FORGOTTEN_ARRAYS).items()
            if kind != pa.large_string()
        }
        first_rows = numbers["first_row"].astype(np.int64)
        lengths = first_rows[1:] - first_rows[:-1]
        columns = {
            **{name: each for name, each in numbers.items() if name in QUERIES},
            "user_id": np.repeat(numbers["user_id"], lengths),
            "surface": pl.from_arrow(arrays.columns["surface"]),
        }
        rows = pl.DataFrame({name: columns[name] for name in HISTORIES}, schema=dict(HISTORIES))
        forgotten = pl.DataFrame(
            {"user_id": numbers["forgotten_id"], "until": numbers["forgotten_until"]},
            schema=dict(FORGOTTEN),
        )
        told = {name: int(arrays.note(name)) for name in ("at", "bucket", "buckets")}
        return ProfileFile(rows, forgotten, **told, options=dict(arrays.note("options")))
    except (ArraysError, KeyError, ValueError, TypeError, pl.exceptions.PolarsError) as error:
        raise RootError(
            f"{address} holds no whole profiles: delete the folder {PROFILES}, and run "
            "jobs/profiles.py again"
        ) from error


def rekeyed(files: Sequence[ProfileFile], keys: UserKeys) -> list[ProfileFile]:
    """A whole partition under the newest key of a chain: people change their buckets."""
    rows, forgotten = (
        _rekeyed(pl.concat(tables), keys)
        for tables in ([each.rows for each in files], [each.forgotten for each in files])
    )
    count = len(files)
    return [
        replace(
            each,
            rows=rows.filter(pl.col("user_id") % count == each.bucket),
            forgotten=forgotten.filter(pl.col("user_id") % count == each.bucket),
        )
        for each in files
    ]


def _rekeyed(rows: pl.DataFrame, keys: UserKeys) -> pl.DataFrame:
    """By new id; the order of a person's rows stays."""
    ids = pl.from_arrow(rekeyed_ids(rows["user_id"].to_arrow(), keys))
    assert isinstance(ids, pl.Series)
    return rows.with_columns(user_id=ids).sort("user_id", maintain_order=True)
