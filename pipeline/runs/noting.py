"""What is noted of files that were merged: their rows in the ledger, the versions of days."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from pipeline.reading.searches import SKIPPED
from pipeline.runs.inspection import Readable
from pipeline.schemas import LEDGER, REJECT_REASONS, WITHHOLD_REASONS
from pipeline.store.journal import Change
from pipeline.store.ledger import TAKEN_IN, LedgerEntry, next_look
from pipeline.store.root import Root
from pipeline.store.state import DayVersion
from pipeline.store.tables import table_of


@dataclass
class Seen:
    """What lines are."""

    #: How many, by source and reason (None: a search).
    tallies: dict[str, dict[str | None, int]] = field(default_factory=dict)
    #: How many lines there are, by source and span.
    lines: dict[str, list[int]] = field(default_factory=dict)
    #: By day with new searches: any in its first hours, any in its last hour?
    touched: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    #: How many new ones, by day.
    searches: dict[str, int] = field(default_factory=dict)
    #: By source: when the first line of the future is none any more, in UTC seconds.
    due: dict[str, int] = field(default_factory=dict)


@dataclass
class Changed:
    """What a merge did to stored searches."""

    #: How many more there are than before, by source, robot or not.
    rows: Counter[tuple[str, bool]] = field(default_factory=Counter)
    #: By day: the newest search that was written, UTC seconds.
    newest: dict[str, int] = field(default_factory=dict)
    #: Days of which some stored rows were judged again.
    judged_again: set[str] = field(default_factory=set)
    #: Days of which some were not.
    added_to: set[str] = field(default_factory=set)

    def add(self, day: str, counts: pl.DataFrame, *, is_whole: bool) -> None:
        """Note what came of a bucket of a day.

        Args:
            day: its dt.
            counts: `source`, `robot`, `rows` (more than before), `newest` (UTC seconds).
            is_whole: all of its searches are in `counts`.
        """
        (self.judged_again if is_whole else self.added_to).add(day)
        for source, robot, rows, newest in counts.rows():
            self.rows[source, robot] += rows
            if newest is not None and not robot:
                self.newest[day] = max(newest, self.newest.get(day, newest))


def entry_of(
    item: Readable,
    seen: Seen,
    rows: Mapping[tuple[str, bool], int],
    zone: str,
    before: LedgerEntry | None,
    now: datetime,
) -> LedgerEntry:
    file = item.file
    reasons = seen.tallies.get(file.rows_name, {})
    searches = reasons.get(None, 0)
    accepted, robots = (rows.get((file.rows_name, robot), 0) for robot in (False, True))
    rejected = {str(reason): reasons[reason] for reason in REJECT_REASONS if reason in reasons}
    withheld = {reason: reasons.get(reason, 0) for reason in WITHHOLD_REASONS} | {"robot": robots}
    return LedgerEntry(
        file.source,
        TAKEN_IN,
        None,
        file.size,
        file.modified_at,
        file.checksum,
        taken_in_as=file.rows_name,
        format=item.format.name,
        charset=item.charset,
        zone=item.format.zone or zone,
        date=item.day,
        declaration=item.format.to_json(),
        lines=sum(reasons.values()) - reasons.get(SKIPPED, 0),
        skipped=reasons.get(SKIPPED, 0),
        accepted=accepted,
        duplicates=searches - accepted - robots,
        rejected=sum(rejected.values()),
        withheld=sum(withheld.values()),
        rejected_by_reason=rejected,
        withheld_by_reason={reason: count for reason, count in withheld.items() if count},
        look_again_at=next_look(_moment(seen.due.get(file.rows_name)), before, now),
    )


def _moment(seconds: int | None) -> datetime | None:
    """UTC seconds as a time; None beyond the year 9999, which nobody waits for."""
    if seconds is None or seconds >= datetime.max.replace(tzinfo=UTC).timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def put_ledger(change: Change, entries: Mapping[str, LedgerEntry]) -> None:
    rows = [
        {name: getattr(entries[source], name) for name in LEDGER.names}
        for source in sorted(entries)
    ]
    change.put("ledger", "", change.stage_table("ledger", table_of(rows, LEDGER)))


def note_day(root: Root, change: Change, day: str, changed: Changed, seen: Seen | None) -> None:
    """Set the version of a day that was merged into.

    Args:
        root: whose state is changed.
        change: in which it is.
        day: its dt.
        changed: what was done.
        seen: the new lines; None: the day may have changed in any hour.
    """
    old = root.state.days.pop(day, None)
    newest = changed.newest.get(day)
    is_added_to = old is not None and day in changed.added_to
    if old is not None and is_added_to:
        before = round(datetime.fromisoformat(old.newest).timestamp())
        newest = max(before, newest or before)
    # Whoever becomes a robot takes searches out of other hours as well.
    head, tail = (True, True)
    if seen is not None and old is not None and day not in changed.judged_again:
        head, tail = seen.touched.get(day, (False, False))
    if newest is not None:
        root.state.days[day] = DayVersion(
            any=change.run,
            head=change.run if head or old is None else old.head,
            tail=change.run if tail or old is None else old.tail,
            newest=datetime.fromtimestamp(newest, UTC).isoformat(),
        )
