"""What was taken in, what was not and why, and how fresh each result is.

Of files that were set aside the base names and the kind of fault are told, no text of any line: the
ledger's own sentences may quote a first line.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
import pyarrow as pa

from pipeline import schemas
from pipeline.store.ledger import DAMAGED, SET_ASIDE, TAKEN_IN
from silgeom.web.reading import Results

#: Results whose freshness is told.
RESULTS: Final = (
    *("live", "trending", "related", "autocomplete", "keywords", "trending_words"),
    *("keyword_tool", "co_clicked", "categories", "query_analytics", "patterns", "changes"),
    *("keyword_patterns", "segments"),
    *("hourly_counts", "searches"),
)

#: Files that were set aside are named up to so many.
MAX_NAMED: Final = 100

#: What a ledger's sentence holds, and the kind of fault that it tells.
FAULTS: Final = (
    (DAMAGED, "damaged"),
    ("no known log format", "unknown_format"),
    ("is known as the search's time", "unknown_columns"),
    ("does not begin with the header line", "other_header"),
    ("a time without its day", "no_date"),
    ("gzip but its name", "misnamed_gzip"),
    ("holds no lines", "empty"),
)
OTHER_FAULT: Final = "other"

_SUMS: Final = ("lines", "accepted", "duplicates", "rejected", "withheld")
_COLUMNS: Final = {
    field.name: pl.Schema(pa.schema([field])).dtypes()[0]
    for field in schemas.LEDGER
    if field.name in {"source", "status", "detail", *_SUMS}
}


@dataclass(frozen=True)
class SetAside:
    """A file that was not taken in: its base name, and the kind of fault (`FAULTS`)."""

    name: str
    fault: str


@dataclass(frozen=True)
class Freshness:
    """The newest of a result: its last day, and when a file of that day was last written, UTC."""

    result: str
    day: str | None
    written_at: datetime | None


@dataclass(frozen=True)
class Log:
    """The ledger, added up. lines = accepted + duplicates + rejected + withheld."""

    files: int
    taken_in: int
    same_content: int
    lines: int
    accepted: int
    duplicates: int
    rejected: int
    withheld: int
    rejected_by_reason: Mapping[str, int]
    withheld_by_reason: Mapping[str, int]
    set_aside: tuple[SetAside, ...]
    set_aside_files: int
    freshness: tuple[Freshness, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain values; times are ISO 8601, UTC."""
        values = asdict(self)
        for each in values["freshness"]:
            at = each["written_at"]
            each["written_at"] = at and at.isoformat(timespec="seconds")
        return values


def log_of(results: Results) -> Log:
    """The log of a root as it is now."""
    files = results.files("ledger")
    rows = results.rows(files, _COLUMNS).collect()
    lines, accepted, duplicates, rejected, withheld = (int(rows[name].sum()) for name in _SUMS)
    aside = rows.filter(pl.col("status") == SET_ASIDE).sort("source")
    named = [
        SetAside(source.rpartition("/")[2], _fault(detail or ""))
        for source, detail in aside.select("source", "detail").head(MAX_NAMED).iter_rows()
    ]
    statuses = dict(rows["status"].value_counts().iter_rows())
    return Log(
        files=len(rows),
        taken_in=statuses.get(TAKEN_IN, 0),
        same_content=len(rows) - statuses.get(TAKEN_IN, 0) - len(aside),
        lines=lines,
        accepted=accepted,
        duplicates=duplicates,
        rejected=rejected,
        withheld=withheld,
        rejected_by_reason=_reasons(results, "rejected_by_reason"),
        withheld_by_reason=_reasons(results, "withheld_by_reason"),
        set_aside=tuple(named),
        set_aside_files=len(aside),
        freshness=tuple(_freshness(results, each) for each in RESULTS),
    )


def _reasons(results: Results, column: str) -> dict[str, int]:
    """Lines by reason, the most frequent first."""
    found: dict[str, int] = {}
    for file in results.files("ledger"):
        for pairs in results.table([file], [column])[column].to_pylist():
            for reason, count in pairs or ():
                found[reason] = found.get(reason, 0) + count
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _fault(detail: str) -> str:
    return next((fault for words, fault in FAULTS if words in detail), OTHER_FAULT)


def _freshness(results: Results, result: str) -> Freshness:
    for day in reversed(results.days(result)):
        files = results.files(f"{result}/dt={day}")
        if files:
            return Freshness(result, day, max(file.modified_at for file in files).astimezone(UTC))
    return Freshness(result, None, None)
