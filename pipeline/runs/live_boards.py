"""Boards of a window that slides by minutes, up to the newest search, and all that came before.

Reads   hourly_counts/dt=, searches/dt= of the window's days
Writes  live/dt=: all boards of windows that end on that day, in one file

The file's footer notes which boards were made: one of a quiet hour has no row. Each board is made
of the searches up to its end, so it does not matter whether it is made at once or later.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.columns import HOURLY_COUNTS, LIVE, SEARCHES
from pipeline.counting.judging import without_clicks
from pipeline.counting.sliding import COUNTED, names_in_windows, sliding_hours
from pipeline.results.trending_keywords import trending_keywords
from pipeline.runs import published
from pipeline.runs.published import TrendingOptions
from pipeline.schemas import LIVE_WINDOWS_NOTE
from pipeline.store.root import Root
from pipeline.store.tables import scanned, write

DATASET: Final = "live"
#: Minutes between boards. They divide a quarter, by which the zones of the world differ at least.
SLOTS: Final = (1, 3, 5, 15)


@dataclass(frozen=True)
class Boards:
    """The stored boards of a day: their rows (`LIVE`), and the ends of all windows (UTC)."""

    rows: pl.DataFrame
    ends: frozenset[datetime]


def next_slot(moment: datetime, minutes: int) -> datetime:
    """`moment` (UTC) if a slot of so many minutes ends then, else the next end of one."""
    slot = timedelta(minutes=minutes)
    past = (moment - datetime.min.replace(tzinfo=UTC)) % slot
    return moment - past + (slot if past else timedelta())


def wanted_ends(root: Root, *, minutes: int, hours: int) -> list[datetime]:
    """The ends of windows (UTC) that there should be boards of, in order.

    Those of the last `hours` of the log up to the slot of the newest search, but none before the
    hour of the first one or on a day without any. Hours must have been counted.
    """
    newest = root.state.newest_search()
    if newest is None:
        return []
    end = next_slot(newest + timedelta(microseconds=1), minutes)
    known = root.state.days
    first_day = [f"dt={min(known)}"]
    counts = scanned(root.storage, root.address, "hourly_counts", first_day, HOURLY_COUNTS)
    begin = counts.select(pl.col("hour").min()).collect().item() or end
    slot = timedelta(minutes=minutes)
    first = max(end - timedelta(hours=hours) + slot, next_slot(begin + slot, minutes))
    ends = [first + number * slot for number in range((end - first) // slot + 1)]
    clock = ZoneInfo(root.state.zone)
    return [each for each in ends if f"{(each - slot).astimezone(clock):%Y-%m-%d}" in known]


def stored_ends(root: Root, days: Iterable[str]) -> frozenset[datetime]:
    """The ends (UTC) of all windows of these days of which there are boards."""
    return frozenset(end for day in days for end in _stored(root, day).ends)


def days_of(ends: Iterable[datetime], zone: str) -> list[str]:
    """The days of the zone on which windows end, in order."""
    clock = ZoneInfo(zone)
    return sorted({f"{end.astimezone(clock):%Y-%m-%d}" for end in ends})


def publish_live(root: Root, ends: Sequence[datetime], options: TrendingOptions) -> None:
    """Make the boards of windows that end at `ends` (UTC), in place of those that were there."""
    clock = ZoneInfo(root.state.zone)

    def day_of(end: datetime) -> str:
        return f"{end.astimezone(clock):%Y-%m-%d}"

    made = {end: live_board(root, end, options) for end in sorted(ends)}
    with root.change() as change:
        for day, some in groupby(made, day_of):
            of_day, stored = list(some), _stored(root, day)
            kept = stored.rows.filter(~pl.col("window_end").is_in(of_day))
            rows = pl.concat([kept, *(made[end].select(*LIVE) for end in of_day)])
            every = sorted(stored.ends.union(of_day))
            notes = {LIVE_WINDOWS_NOTE: json.dumps([end.isoformat() for end in every])}
            staged = f"{change.address(DATASET)}/dt={day}"
            part = f"{staged}/part.parquet"
            write(change.storage, part, rows.sort("window_end", "rank"), notes)
            change.put(DATASET, f"dt={day}", staged)


def live_board(root: Root, end: datetime, options: TrendingOptions) -> pl.DataFrame:
    """The board of the window that ends at `end` (UTC), a full minute: `LIVE`."""
    where = root.storage, root.address
    days = [f"dt={day}" for day in published.days_of_windows(root, end, options)]
    read = {name: SEARCHES[name] for name in (*_READ, "is_click")}
    searches = without_clicks(scanned(*where, "searches", days, read)).drop("is_click")
    past = [f"dt={day}" for day in published.days_of_past(root, end, options)]
    counts = scanned(*where, "hourly_counts", past, HOURLY_COUNTS)
    hours = 2 * options.window_hours
    zone = root.state.zone
    return trending_keywords(
        sliding_hours(counts, searches, window_end=end, hours=hours, zone=zone),
        names_in_windows(searches, window_end=end, hours=hours),
        searches,
        window_end=end,
        zone=zone,
        minutes=end.astimezone(ZoneInfo(zone)).minute,
        **asdict(options),
    )


_READ: Final = (*COUNTED, "query", "surface")


def _stored(root: Root, day: str) -> Boards:
    """The boards of a day; none of a damaged file, which is written anew."""
    parts, ends = [pl.DataFrame(schema=LIVE)], set()
    for file in root.storage.files(f"{root.address}/{DATASET}/dt={day}") or []:
        content = BytesIO(root.storage.read_bytes(file.address) or b"")
        try:
            notes = pq.read_metadata(content).metadata or {}
            found = [
                datetime.fromisoformat(end) for end in json.loads(notes[LIVE_WINDOWS_NOTE.encode()])
            ]
            rows = pl.read_parquet(BytesIO(content.getvalue())).select(*LIVE)
        except (pa.ArrowException, pl.exceptions.PolarsError, KeyError, ValueError, TypeError):
            continue
        parts.append(rows)
        ends.update(found)
    return Boards(pl.concat(parts), frozenset(ends))
