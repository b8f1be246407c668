"""Segments, the newest of them: kinds of people, what sets each apart, and results of its own.

The results hold a floor of people of their own, which may be lower than the server's: what fewer
than `MIN_SEARCHERS` people typed is left out here again, also of labels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

import polars as pl

from pipeline import columns
from pipeline.store.storage import FileStatus
from silgeom.hangul import composed
from silgeom.web.limits import MAX_ROWS, MIN_SEARCHERS
from silgeom.web.reading import Results
from silgeom.web.spreadsheets import csv_of

Row = Mapping[str, Any]

#: Queries that stand for a segment, and those of them that name it.
_TYPICAL: Final = 5
_IN_LABEL: Final = 3
#: Of a segment's completions: so many beginnings, of two keys, and so many completions of each.
_BEGINNINGS: Final = 12
_KEYS: Final = 2
_COMPLETIONS: Final = 4
#: Pairs of related searches.
_PAIRS: Final = 20

#: Kinds of use, as `SEGMENTS` has them.
USES: Final = ("looking_up", "navigating", "news", "shopping")

_LISTS: Final = ("typical", "peak_hours", "by_hour", "uses", "uses_of_all")


@dataclass(frozen=True)
class Segments:
    """What is shown of `segments` and `segment_terms`.

    Attributes:
        day: as of which both were made; None: they were not yet.
        rows: `SEGMENTS`, those of most people first. `typical` are rows of `terms`; `label` is ""
            where no query sets the segment apart. `uses` and `uses_of_all` are by name (`USES`).
        terms: `SEGMENT_TERMS` by segment, each by rank.
    """

    day: str | None
    rows: Sequence[Row]
    terms: Mapping[int, Sequence[Row]]

    @property
    def agreement(self) -> float | None:
        """How far two halves of the people agree on the segments; None: there are not two."""
        return self.rows[0]["agreement"] if len(self.rows) > 1 else None

    @property
    def numbers(self) -> list[int]:
        """The numbers of all segments, in the order of `rows`."""
        return [row["segment"] for row in self.rows]

    def as_csv(self) -> str:
        """A row a segment: lists with a middle dot between, a column an hour and a kind of use."""
        rows = [
            {
                **{name: value for name, value in row.items() if name not in _LISTS},
                "typical": " · ".join(each["surface"] for each in row["typical"]),
                "peak_hours": " · ".join(str(hour) for hour in row["peak_hours"]),
                **{f"hour_{hour:02}": share for hour, share in enumerate(row["by_hour"])},
                **row["uses"],
                **{f"{use}_of_all": share for use, share in row["uses_of_all"].items()},
            }
            for row in self.rows
        ]
        names = ("label", "typical", "peak_hours", "navigating_by")
        texts = dict.fromkeys(names, pl.String())
        return csv_of(pl.DataFrame(rows, schema_overrides=texts, infer_schema_length=None))

    def terms_as_csv(self, segment: int) -> str:
        """The queries that set a segment apart."""
        return csv_of(pl.DataFrame(list(self.terms[segment]), schema=dict(columns.SEGMENT_TERMS)))


@dataclass(frozen=True)
class OfSegment:
    """The results of the people of one segment alone.

    Attributes:
        is_made: whether anybody has asked for them as of that day.
        at: the end of the board's window (UTC); None: the board is not there, or has no row.
        board: by rank.
        related: pairs of related searches, those of most people first.
        completions: of the first two keys, those that weigh most first; `typed` is what the keys
            make.
    """

    is_made: bool
    at: datetime | None
    board: Sequence[Row]
    related: Sequence[Row]
    completions: Sequence[Row]

    @property
    def beginnings(self) -> Iterator[tuple[str, list[Row]]]:
        """What is typed, and its completions."""
        for typed, rows in groupby(self.completions, lambda row: str(row["typed"])):
            yield typed, list(rows)


def segments_of(results: Results) -> Segments:
    """The newest segments of a root."""
    day = results.newest("segments")
    if day is None:
        return Segments(None, (), {})
    terms = (
        results.of_days("segment_terms", [day], columns.SEGMENT_TERMS)
        .filter(pl.col("people") >= MIN_SEARCHERS)
        .sort("segment", "rank")
        .select(*columns.SEGMENT_TERMS)
        .collect()
    )
    rows = (
        results.of_days("segments", [day], columns.SEGMENTS)
        .filter(pl.col("people") >= MIN_SEARCHERS)
        .sort("people", "segment", descending=[True, False])
        .select(*columns.SEGMENTS)
        .collect()
        .to_dicts()
    )
    of_segment = {
        row["segment"]: terms.filter(pl.col("segment") == row["segment"]).to_dicts() for row in rows
    }
    return Segments(day, [_told(row, of_segment[row["segment"]]) for row in rows], of_segment)


def of_segment(results: Results, day: str, segment: int) -> OfSegment:
    """What `--by-segment` made of a segment, as of the day of the segments.

    Numbers of segments hold for their own day, so what was made as of another one is not looked at.
    """
    boards = _files_of_board(results, day)
    board = _of(segment, results.rows(boards, columns.SEGMENT_TRENDING)).sort("rank")
    board_rows = board.head(MAX_ROWS).collect().to_dicts()
    related = results.of_days("segment_related", [day], columns.SEGMENT_RELATED)
    pairs = _of(segment, related).filter(pl.col("kind") == "related")
    first = pairs.sort("searchers", "query", "rank", descending=[True, False, False])
    return OfSegment(
        is_made=bool(results.files(f"segment_autocomplete/dt={day}")),
        at=board_rows[0]["window_end"].astimezone(UTC) if board_rows else None,
        board=board_rows,
        related=first.drop("dt").head(_PAIRS).collect().to_dicts(),
        completions=_completions(results, day, segment),
    )


def _completions(results: Results, day: str, segment: int) -> Sequence[Row]:
    rows = results.of_days("segment_autocomplete", [day], columns.SEGMENT_AUTOCOMPLETE)
    begun = (pl.col("key_kind") == "keystrokes") & (pl.col("prefix").str.len_chars() == _KEYS)
    shown = _of(segment, rows).filter(begun & (pl.col("rank") <= _COMPLETIONS)).collect()
    first = (
        shown.group_by("prefix")
        .agg(heaviest=pl.col("weight").max())
        .sort("heaviest", "prefix", descending=[True, False])
        .head(_BEGINNINGS)
    )
    ordered = shown.join(first, on="prefix").sort(
        "heaviest", "prefix", "rank", descending=[True, False, False]
    )
    typed = pl.Series("typed", [composed(keys) for keys in ordered["prefix"]], dtype=pl.String)
    columns_shown = ("rank", "completion", "searchers", "weight")
    return ordered.select(typed, *columns_shown).to_dicts()


def _of(segment: int, rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter(
        (pl.col("segment") == segment) & (pl.col("searchers") >= MIN_SEARCHERS)
    ).drop("segment")


def _files_of_board(results: Results, day: str) -> Sequence[FileStatus]:
    """The board of the last window that ends on a day, midnight at its end included."""
    after = date.fromisoformat(day) + timedelta(days=1)
    for each, is_midnight in ((after.isoformat(), True), (day, False)):
        place = f"segment_trending/dt={each}"
        hours = [
            name
            for name in results.folders(place)
            if name.startswith("hour=") and name.startswith("hour=00") == is_midnight
        ]
        for hour in sorted(hours, reverse=True):
            if files := results.files(f"{place}/{hour}"):
                return files
    return ()


def _told(row: Row, terms: Sequence[Row]) -> Row:
    """A segment with what the server tells of it."""
    typical = terms[:_TYPICAL]
    # So many searches may be of one person; who searched less is not as many as k.
    shares = [
        share if share is not None and share * row["searches"] >= MIN_SEARCHERS else None
        for share in row["by_hour"] or [None] * 24
    ]
    few = [
        share is not None
        and row["searches"] is not None
        and share * row["searches"] < MIN_SEARCHERS
        for share in row["uses"] or ()
    ]
    return {
        **row,
        "uses": _by_name([None] * len(few) if any(few) else row["uses"]),
        "uses_of_all": _by_name(row["uses_of_all"]),
        "label": " · ".join(each["surface"] for each in typical[:_IN_LABEL]),
        "typical": typical,
        "by_hour": shares,
        "peak_hours": [hour for hour in row["peak_hours"] or () if shares[hour] is not None],
    }


def _by_name(shares: Sequence[float | None] | None) -> dict[str, float | None]:
    """Shares by kind of use; of an earlier version, and with noise, nothing is known."""
    return dict(zip(USES, shares or [None] * len(USES), strict=True))
