"""Profiles of the people of a log: what each searched for last, to be looked up by user.

    profiles = Profiles("output")
    completer.complete("제주", user=profiles.of("the log's user id"))

`silgeom run profiles` writes them under a root, in a few files that are mapped: many processes
share their pages, and to find a person is a binary search. A file holds everybody whose `user_id`
is of its bucket. Who is looked up is named as in the log; the id is made with the root's key, in
memory, and nothing of either is written anywhere.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from silgeom.arrays import Arrays, ArraysError, mapped_arrays
from silgeom.personal import History, Searched
from silgeom.results import ResultError
from silgeom.user_keys import USER_KEY, UserKeys, user_id

#: The folder of profiles under a root, and the ending of their files.
FOLDER: Final = "profiles"
SUFFIX: Final = ".arrow"
#: Which arrays a file has; one of another number is made again.
VERSION: Final = 1

#: The arrays of a file, with their types: `PEOPLE` a person, by `user_id`; `QUERIES` a query of a
#: person, the one searched last first; `FORGOTTEN` a person whose searches up to a second are not
#: counted again.
PEOPLE: Final = {"user_id": pa.int64(), "first_row": pa.uint32()}
QUERIES: Final = {
    "query_id": pa.int64(),
    "surface": pa.large_string(),
    "last": pa.uint32(),
    "occasions": pa.uint32(),
    "weight": pa.float32(),
}
FORGOTTEN: Final = {"forgotten_id": pa.int64(), "forgotten_until": pa.uint32()}


class ProfilesError(ResultError):
    """There are no profiles, or none that can be read; its text is one sentence."""


class Profiles:
    """The newest profiles under a root on this machine; safe to ask from several threads.

    What a job writes meanwhile, and who is deleted, counts from the next look-up on.
    """

    def __init__(self, root: str | Path) -> None:
        """Open them.

        Raises:
            ProfilesError: there are none, or they or the root's key cannot be read.
        """
        name = str(root).removeprefix("file://")
        if "://" in name:
            raise ProfilesError(
                f"look-ups read files of this machine, not {name}: copy {FOLDER} and {USER_KEY} "
                "here (hdfs dfs -get) and name the folder that holds them"
            )
        self._root = Path(name)
        self._mapped = self._opened()

    def of(self, user: str) -> History:
        """What a person searched for; of nobody who is known, nothing.

        Args:
            user: as in the log.

        Raises:
            ProfilesError: the profiles cannot be read any more.
        """
        mapped = self._mapped
        number = user_id(user, mapped.keys)
        if mapped.has_changed(number):
            self._mapped = mapped = self._opened()
            number = user_id(user, mapped.keys)
        if number is None:
            return History.of((), at=mapped.at)
        bucket = mapped.buckets[number % len(mapped.buckets)]
        return History.of(bucket.of(number), at=mapped.at)

    def __len__(self) -> int:
        """How many people there are."""
        return sum(len(each.user_ids) for each in self._mapped.buckets)

    def _opened(self) -> "_Mapped":
        try:
            folders = sorted(self._root.glob(f"{FOLDER}/dt=*"))
            files = sorted(folders[-1].glob(f"*{SUFFIX}")) if folders else []
            if not files:
                raise ProfilesError(
                    f"no profiles in {self._root}: run jobs/profiles.py or silgeom run profiles, "
                    "or name another --root"
                )
            paths = [self._root / USER_KEY, self._root / FOLDER, folders[-1], *files]
            # Before they are read: what changes meanwhile is seen later.
            stamps = [_stamp(path) for path in paths]
            keys = _keys(self._root / USER_KEY)
            arrays = [mapped_arrays(file) for file in files]
            buckets = [_Bucket(each) for each in arrays]
            numbers = [(each.note("bucket"), each.note("buckets")) for each in arrays]
            if numbers != [(number, len(files)) for number in range(len(files))]:
                raise ArraysError("files are missing")
            return _Mapped(paths, stamps, keys, buckets, int(arrays[0].note("at")))
        except OSError as error:
            where = error.filename or self._root
            raise ProfilesError(f"{where} cannot be read: {error.strerror}") from error
        except ArraysError as error:
            raise ProfilesError(
                f"{folders[-1]} holds no whole profiles ({error}): run jobs/profiles.py again"
            ) from error


@dataclass(frozen=True)
class _Mapped:
    paths: list[Path]  #: the key, the folders, and the file of each bucket
    stamps: list[tuple[int, int, int]]
    keys: UserKeys
    buckets: list["_Bucket"]
    at: int

    def has_changed(self, number: int | None) -> bool:
        """Whether something was written that tells of a person."""
        above = len(self.paths) - len(self.buckets)
        looked_at = [*range(above)]
        if number is not None:
            looked_at.append(above + number % len(self.buckets))
        return any(_stamp(self.paths[each]) != self.stamps[each] for each in looked_at)


class _Bucket:
    """A file, mapped."""

    def __init__(self, arrays: Arrays) -> None:
        """Take the arrays of a file.

        Raises:
            ArraysError: they are others.
        """
        if arrays.note("version") != VERSION:
            raise ArraysError("another version wrote them")
        columns: dict[str, npt.NDArray[Any]] = {
            name: arrays.numbers(name, kind)
            for name, kind in (PEOPLE | QUERIES).items()
            if kind != pa.large_string()
        }
        self.user_ids, self._first_rows = columns["user_id"], columns["first_row"]
        self._texts = arrays.texts("surface")
        self._last, self._occasions = columns["last"], columns["occasions"]
        self._weights = columns["weight"]

    def of(self, number: int) -> list[Searched]:
        """The queries of a person, the last ones first; of one who is not there, none."""
        place = int(np.searchsorted(self.user_ids, number))
        if place == len(self.user_ids) or self.user_ids[place] != number:
            return []
        first, end = self._first_rows[place : place + 2].tolist()
        return [
            Searched(self._texts[first + row], last, occasions, weight)
            for row, (last, occasions, weight) in enumerate(
                zip(
                    self._last[first:end].tolist(),
                    self._occasions[first:end].tolist(),
                    self._weights[first:end].tolist(),
                    strict=True,
                )
            )
        ]


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file does; zeros where it has gone."""
    try:
        told = os.stat(path)
    except FileNotFoundError:
        return 0, 0, 0
    return told.st_ino, told.st_size, told.st_mtime_ns


def _keys(path: Path) -> UserKeys:
    try:
        return UserKeys.from_text(path.read_text("utf-8"))
    except ValueError:
        pass
    # Raised out here, so that no trace tells of the file's content.
    raise ProfilesError(f"{path} is damaged: put it back from a backup")


def notes_of(*, at: int, bucket: int, buckets: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a file notes: the moment of its weights (UTC seconds), its bucket, and options."""
    known = {"version": VERSION, "at": at, "bucket": bucket, "buckets": buckets}
    return {**known, "options": dict(options)}
