"""Steps: MapReduce in the plain sense. Who carries one out is none of its business.

A map makes rows of a piece of input and says by which key they come together; a reduce gets all
rows of a key. Rows of one key may be of several kinds (searches, rejects), each with its columns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import polars as pl

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class StepFailedError(Exception):
    """Who carried out a step failed, and not for a fault of the step's own: its text tells how."""


#: What rows of a key are.
Kind = str
#: Writes rows into a folder of the change that is being made: folder, name of the file, rows.
Write = Callable[[str, str, pl.DataFrame], None]


@dataclass(frozen=True)
class Mapped(Generic[Result]):
    """What came of a piece, or a part of it: rows by key and kind, and what is told (small)."""

    told: Result
    rows: Mapping[tuple[str, Kind], pl.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Reduced(Generic[Result]):
    """What came of a key: what is told (small), and tables to be written, by folder."""

    told: Result
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)


class Carrier(Protocol):
    """Carries out steps."""

    def spool(self) -> Any:  # noqa: ANN401
        """An empty place for what maps give."""
        ...

    def map(
        self,
        pieces: Sequence[Piece],
        mapper: Callable[[Piece], Iterable[Mapped[Result]]],
        into: Any,  # noqa: ANN401
    ) -> list[Result]:
        """Map each piece; what was told, piece by piece."""
        ...

    def reduce(
        self,
        spool: Any,  # noqa: ANN401
        groups: Mapping[str, Sequence[str]],
        reducer: Callable[[str, dict[Kind, list[pl.DataFrame]]], Reduced[Result]],
        write: Write,
    ) -> list[Result]:
        """Reduce each group of keys and write its tables; what was told, group by group.

        Args:
            spool: what maps gave.
            groups: its name, and the keys whose rows are in it.
            reducer: gets the name and the rows, and gives tables by folder.
            write: writes a table: folder, name of the group, table.
        """
        ...
