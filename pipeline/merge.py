"""What is noted of files that were merged: their rows in the ledger, the versions of days."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from pipeline.inspection import Readable
from pipeline.journal import Change
from pipeline.ledger import TAKEN_IN, LedgerEntry, next_look
from pipeline.reading.searches import SKIPPED
from pipeline.root import Root
from pipeline.schemas import LEDGER, REJECT_REASONS, WITHHOLD_REASONS
from pipeline.state import DayVersion


@dataclass
class Seen:
    """What lines are."""

    #: How many, by source and reason (None: a search).
    tallies: dict[str, dict[str | None, int]] = field(default_factory=dict)
    #: By day with new searches: any in its first hours, any in its last hour?
    touched: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    #: By source: when the first line of the future is none any more, in UTC seconds.
    due: dict[str, int] = field(default_factory=dict)


#: By source, robot or not, and day: how many searches, and the newest of them in UTC seconds.
Counted = dict[tuple[str, bool, str], tuple[int, int]]


def by_source(counted: Counted) -> Counter[tuple[str, bool]]:
    found: Counter[tuple[str, bool]] = Counter()
    for (source, robot, _), (count, _) in counted.items():
        found[source, robot] += count
    return found


def entry_of(
    item: Readable,
    seen: Seen,
    after: Mapping[tuple[str, bool], int],
    zone: str,
    before: LedgerEntry | None,
    now: datetime,
) -> LedgerEntry:
    file = item.file
    reasons = seen.tallies.get(file.rows_name, {})
    searches = reasons.get(None, 0)
    accepted, robots = (after.get((file.rows_name, robot), 0) for robot in (False, True))
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
    table = pa.Table.from_pylist(rows, schema=LEDGER)
    change.put("ledger", "", change.stage_table("ledger", table))


def note_days(
    root: Root,
    change: Change,
    searches: Counted,
    days: Sequence[str],
    touched: Mapping[str, tuple[bool, bool]],
) -> None:
    """Set the versions of the days; a day not in `touched` may have changed in any hour."""
    found: dict[str, tuple[int | None, bool]] = {}
    for (_, robot, day), (_, latest) in searches.items():
        newest, has_robots = found.get(day, (None, False))
        newest = newest if robot else max(latest, newest or latest)
        found[day] = (newest, has_robots or robot)
    for day in days:
        newest, has_robots = found.get(day, (None, False))
        old = root.state.days.pop(day, DayVersion(0, 0, 0, ""))
        # Who becomes a robot takes searches out of other hours as well.
        head, tail = (True, True) if has_robots or day not in touched else touched[day]
        if newest is not None:
            root.state.days[day] = DayVersion(
                any=change.run,
                head=change.run if head else old.head,
                tail=change.run if tail else old.tail,
                newest=datetime.fromtimestamp(newest, UTC).isoformat(),
            )
