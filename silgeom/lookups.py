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

from silgeom.arrays import Arrays, ArraysError, mapped_arrays, write_arrays
from silgeom.complete import Completer, completion_arrays, read_completions
from silgeom.related import Relater, read_completed, read_related, related_arrays

#: The file in the folder of an index.
FILE: Final = "lookups.arrow"
#: Which arrays a file has; an index of another number is built again.
VERSION: Final = 1


class LookupsError(Exception):
    """There is no index, or none that can be read; its text is one sentence."""


@dataclass(frozen=True)
class Lookups:
    """What answers from an index.

    Attributes:
        completer: of no completions if there were none.
        relater: None: it was built without related searches.
    """

    completer: Completer
    relater: Relater | None

    @staticmethod
    def open(folder: Path) -> "Lookups":
        """Map the index in a folder, which takes milliseconds whatever its size.

        Raises:
            LookupsError: there is none, it is of another version, or it is not whole.
        """
        return _of(_mapped(folder), folder)

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
            arrays = _mapped(folder)
            if arrays.notes.get("made_of") == _fingerprint(*files):
                return _of(arrays, folder)
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
    notes = {
        "version": VERSION,
        "made_of": _fingerprint(of_completions, of_related),  # before they are read
        "has_related": bool(of_related),
    }
    # Nobody holds what was read for longer than it is needed: it is the most of the memory.
    parts = {"completions": completion_arrays(read_completions(of_completions))}
    if of_related:
        parts["related"] = related_arrays(read_related(of_related), read_completed(of_completions))
    columns = {
        f"{part}.{name}": column
        for part, arrays in parts.items()
        for name, column in arrays.columns.items()
    }
    noted = {part: dict(arrays.notes) for part, arrays in parts.items()}
    try:
        write_arrays(Arrays(columns, notes | noted), folder / FILE)
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


def _of(arrays: Arrays, folder: Path) -> Lookups:
    try:
        relater = Relater(_part(arrays, "related")) if arrays.note("has_related") else None
        return Lookups(Completer(_part(arrays, "completions")), relater)
    except (ArraysError, KeyError, TypeError, ValueError) as error:
        raise LookupsError(
            f"{folder / FILE} is no whole index ({error}): build it again"
        ) from error


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
