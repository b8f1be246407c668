"""What the benchmarks print, and what they write into a page: tables, goals, the machine's size."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from silgeom.tables import table

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Goal:
    """What a figure should be at most."""

    what: str
    at_most: float
    measured: float

    @property
    def is_met(self) -> bool:
        """Whether it is."""
        return self.measured <= self.at_most


@dataclass(frozen=True)
class Table:
    """Rows under a header."""

    header: Sequence[str]
    rows: Rows

    def as_text(self) -> str:
        """For a terminal."""
        return table(self.header, self.rows)

    def as_markdown(self) -> str:
        """For a page; None is a dash."""
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "–" if value is None else str(value)


def goals(each: Sequence[Goal]) -> Table:
    """Goal by goal: at most, measured, met or not."""
    return Table(
        ["goal", "at most", "measured", ""],
        [
            [goal.what, goal.at_most, round(goal.measured, 2), "met" if goal.is_met else "not met"]
            for goal in each
        ],
    )


def machine(*packages: str) -> str:
    """The machine's size and the versions."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def put(page: Path, name: str, text: str) -> None:
    """Replace what stands between the lines `<!-- name -->` and `<!-- /name -->` of a page.

    Raises:
        ValueError: the page has no such lines, or more than once.
    """
    old = page.read_text("utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    pattern = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)
    if len(pattern.findall(old)) != 1:
        raise ValueError(f"{page}: there must be one line {begin.strip()} and one {end.strip()}")
    page.write_text(pattern.sub(lambda _: f"\n{text.strip()}\n\n", old), "utf-8")


def check_markers(page: Path, name: str) -> None:
    """Fail before hours of work rather than after.

    Raises:
        ValueError: as `put`.
    """
    text = page.read_text("utf-8")
    if text.count(f"<!-- {name} -->\n") != 1 or text.count(f"<!-- /{name} -->\n") != 1:
        raise ValueError(f"{page}: there must be one line <!-- {name} --> and one <!-- /{name} -->")
