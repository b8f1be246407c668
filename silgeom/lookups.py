"""Completions and related searches from an index on disk, for what answers often and stays up.

    build(Path("output").glob("autocomplete/dt=2026-03-15/*.parquet"), …, Path("index"))
    lookups = Lookups.open(Path("index"))
    lookups.completer.complete("카캉")

The answers are those of `Completer` and `Relater` on the same results. The index is one file, which
is mapped: many processes share its pages. A new one takes its name when it is whole; who has opened
the old one goes on with that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from silgeom.arrays import Arrays, ArraysError, mapped_arrays, write_arrays
from silgeom.complete import Completer, completion_arrays, read_completions
from silgeom.keyword_tool import Volumes, volume_arrays
from silgeom.related import Relater, read_related, related_arrays

#: The file in the folder of an index.
FILE: Final = "lookups.arrow"
#: Which arrays a file has; an index of another number is built again.
VERSION: Final = 8


class LookupsError(Exception):
    """There is no index, or none that can be read; its text is one sentence."""


@dataclass(frozen=True)
class Lookups:
    """What answers from an index.

    Attributes:
        completer: of no completions if there were none.
        relater: None: it was built without related searches.
        volumes: of keywords; None: it was built without.
        made_of: what was noted when it was built.
    """

    completer: Completer
    relater: Relater | None
    volumes: Volumes | None = None
    made_of: object = None

    @staticmethod
    def open(folder: Path) -> "Lookups":
        """Map the index in a folder, which takes milliseconds whatever its size.

        Raises:
            LookupsError: there is none, it is of another version, or it is not whole.
        """
        arrays = _mapped(folder)
        try:
            relater = Relater(_part(arrays, "related")) if arrays.note("has_related") else None
            volumes = Volumes(_part(arrays, "volumes")) if arrays.note("has_volumes") else None
            completer = Completer(_part(arrays, "completions"), relater=relater)
            return Lookups(completer, relater, volumes, arrays.note("made_of"))
        except (ArraysError, KeyError, TypeError, ValueError) as error:
            raise _damaged(folder, error) from error

    @staticmethod
    def of(autocomplete: Iterable[Path], related: Iterable[Path], folder: Path) -> "Lookups":
        """The index of these results: the one in the folder if it was made of them, else a new one.

        Args:
            autocomplete: the Parquet files of completions.
            related: and of related searches.
            folder: where the index is; made if there is none.

        Raises:
            LookupsError: it cannot be written or read.
            ResultError: a result cannot be read.
        """
        files = sorted(autocomplete), sorted(related)
        try:
            there = Lookups.open(folder)
            if there.made_of == _fingerprint(*files):
                return there
        except (LookupsError, OSError):
            pass  # none, or none that can be used
        build(*files, folder)
        return Lookups.open(folder)


def build(autocomplete: Iterable[Path], related: Iterable[Path], folder: Path) -> None:
    """Build the index of the newest results, and put it in the place of the one before.

    Args:
        autocomplete: the Parquet files of completions, none if there are none.
        related: and of related searches.
        folder: where the index is; made if there is none.

    Raises:
        LookupsError: it cannot be written. The index before is still there.
        ResultError: a result cannot be read.
    """
    of_completions, of_related = sorted(autocomplete), sorted(related)
    made_of = _fingerprint(of_completions, of_related)  # before they are read
    build_of_tables(
        read_completions(of_completions),
        read_related(of_related) if of_related else None,
        folder,
        made_of=made_of,
    )


def build_of_tables(
    completions: pa.Table,
    related: pa.Table | None,
    folder: Path,
    *,
    volumes: pa.Table | None = None,
    categories: pa.Table | None = None,
    clicks: pa.Table | None = None,
    patterns: pa.Table | None = None,
    co_clicked: pa.Table | None = None,
    made_of: object = None,
) -> None:
    """`build` of rows that were read already.

    Args:
        completions: rows with the columns of `AUTOCOMPLETE` (pipeline/schemas.py), in any order.
        related: and of `RELATED`; None: there are none.
        folder: where the index is; made if there is none.
        volumes: and of `KEYWORD_TOOL`.
        categories: and of `CATEGORIES`, which are told with volumes.
        clicks: and of `QUERY_ANALYTICS`, likewise.
        patterns: and of `PATTERNS`, likewise.
        co_clicked: and of `CO_CLICKED`, likewise.
        made_of: what JSON can hold; `Lookups.made_of` tells it to who opens the index.

    Raises:
        LookupsError: it cannot be written. The index before is still there.
    """
    parts = {}
    if related is not None:
        parts["related"] = related_arrays(related, completions)
        del related
    if volumes is not None:
        parts["volumes"] = volume_arrays(volumes, categories, clicks, patterns, co_clicked)
        del volumes
    parts["completions"] = completion_arrays(completions)
    columns = {
        f"{part}.{name}": column
        for part, arrays in parts.items()
        for name, column in arrays.columns.items()
    }
    notes = {part: dict(arrays.notes) for part, arrays in parts.items()}
    noted = {
        **{"version": VERSION, "made_of": made_of},
        **{f"has_{part}": part in parts for part in ("related", "volumes")},
    }
    try:
        write_arrays(Arrays(columns, {**notes, **noted}), folder / FILE)
    except OSError as error:
        raise LookupsError(f"the index {folder} cannot be written ({error.strerror})") from error


def _mapped(folder: Path) -> Arrays:
    try:
        arrays = mapped_arrays(folder / FILE)
    except FileNotFoundError as error:
        raise LookupsError(f"no index of look-ups in {folder}: build one") from error
    except OSError as error:
        raise LookupsError(f"the index {folder} cannot be read ({error.strerror})") from error
    except ArraysError as error:
        raise LookupsError(
            f"{folder / FILE} is no whole index ({error}): build it again"
        ) from error
    if arrays.notes.get("version") != VERSION:
        raise LookupsError(f"{folder / FILE} is an index of another version: build it again")
    return arrays


def _damaged(folder: Path, error: Exception) -> LookupsError:
    return LookupsError(f"{folder / FILE} is no whole index ({error}): build it again")


def _part(arrays: Arrays, part: str) -> Arrays:
    columns = {
        name.removeprefix(f"{part}."): column
        for name, column in arrays.columns.items()
        if name.startswith(f"{part}.")
    }
    return Arrays(columns, arrays.note(part))


def _fingerprint(*files: Iterable[Path]) -> list[list[list[object]]]:
    """What changes when a result does: names, sizes and times of its files."""

    def of(file: Path) -> list[object]:
        told = file.stat()
        return [str(file.absolute()), told.st_size, told.st_mtime_ns]

    return [[of(file) for file in some] for some in files]
