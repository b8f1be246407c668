"""When keywords are searched, for look-ups: the class of each in words, and its peak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from silgeom.results import by_keystrokes

#: What is read of `PATTERNS` (pipeline/schemas.py).
PATTERN_COLUMNS: Final = [
    *("query", "searchers", "pattern", "words", "peak_weekdays", "peak_hours", "part_of_day"),
    "peak_day",
]
_TOLD: Final = PATTERN_COLUMNS[2:]


@dataclass(frozen=True, slots=True)
class Season:
    """When a keyword is searched: a class of `PATTERNS`, in words, and what stands out.

    Attributes:
        pattern: the class.
        words: as in `weekday mornings`.
        peak_weekdays: that stand out, 1 is Monday.
        peak_hours: that stand out, 0 to 23, in order: they may go over midnight.
        part_of_day: of these hours.
        peak_day: of what bursts, or comes once a month or a year, as YYYY-MM-DD.
    """

    pattern: str
    words: str
    peak_weekdays: tuple[int, ...] = ()
    peak_hours: tuple[int, ...] = ()
    part_of_day: str | None = None
    peak_day: str | None = None

    @property
    def peak(self) -> str:
        """See `peak_text`."""
        return peak_text(self.peak_hours, self.peak_day)

    @property
    def text(self) -> str:
        """The words, with the peak behind them where there is one."""
        return f"{self.words} ({self.peak})" if self.peak else self.words


def peak_text(hours: Sequence[int] | None, day: object) -> str:
    """The hours of a peak, from the first to the end of the last; without them a burst's day.

    >>> peak_text([22, 23], None)
    '22:00–00:00'
    """
    if hours:
        return f"{hours[0]:02}:00–{(hours[-1] + 1) % 24:02}:00"
    return str(day) if day else ""


def season_notes(
    patterns: pa.Table, keys: Sequence[str]
) -> tuple[list[int], list[Mapping[str, Any]]]:
    """The seasons of keywords, each different one once.

    Args:
        patterns: rows with `PATTERN_COLUMNS`, in any order.
        keys: of the keywords, keystrokes without spaces.

    Returns:
        Of each keyword the place of its season from 1 on, 0 where none is told; and the seasons,
        as JSON can hold them. Of several spellings the one of most people counts.
    """
    rows = by_keystrokes(patterns.select(PATTERN_COLUMNS), "searchers")
    of_key = {
        key: {name: row[name] for name in _TOLD}
        for key, row in rows.items()
        if row["pattern"] is not None
    }
    places: dict[str, int] = {}
    seasons: list[Mapping[str, Any]] = []
    found = []
    for key in keys:
        row = of_key.get(key)
        if row is None:
            found.append(0)
            continue
        name = str(row)
        if name not in places:
            day = row["peak_day"]
            seasons.append(row | {"peak_day": None if day is None else str(day)})
            places[name] = len(seasons)
        found.append(places[name])
    return found, seasons


def season_of(row: Mapping[str, Any]) -> Season:
    """A season as `season_notes` wrote it."""
    return Season(
        row["pattern"],
        row["words"],
        tuple(row["peak_weekdays"] or ()),
        tuple(row["peak_hours"] or ()),
        row["part_of_day"],
        row["peak_day"],
    )
