"""Steps that bring a root of an older layout up to date, each in one change that holds or does not.

A root's `layout` is the number of steps that it has behind it. To change what stored files look
like, append a step to `STEPS`:

    def the_ledger_tells_the_zone(change: Change) -> None:
        data = change.storage.read_bytes(f"{change.root}/ledger/part-00000.parquet")
        ...
        change.put("ledger", "", change.stage_table("ledger", table))

It reads through `change.storage` below `change.root` and only stages: `stage_table` and `put` for
partitions, `write` for small files, `note_made_of` for fingerprints, `change.state` for zone and
days (`DayVersion` with `change.run` for a day whose searches it changes: its counts are made
again). It needs no Spark. The frame raises the layout and commits. A root with nothing in it is
made in the newest layout and sees no step. A step must stand being met again with its work done:
a root whose state was lost with its layout is not, but one cut off before the commit is.

Never change a step that was released, and keep the names and schemas it was written for in it.
"""

import json
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import RootError
from pipeline.reading.user_ids import SHA256, USER_KEY, UserKeys
from pipeline.store.journal import Change
from pipeline.store.rotation import rotate_key
from pipeline.store.state import STATE, State, days_of_json, digest
from pipeline.store.storage import Storage

Step = Callable[[Change], None]


def fingerprints_leave_the_state(change: Change) -> None:
    """To layout 1: fingerprints stand beside the partitions, as digests; days in `_days.json`.

    What results were made of told the fingerprints of counts in full: they become digests there,
    too, so that nothing has to be made again.
    """
    values: dict[str, Any] = json.loads(change.storage.read_bytes(f"{change.root}/{STATE}") or "{}")
    change.state.days = days_of_json(values.get("days"))
    for dataset, partitions in values["made_of"].items():
        for partition, made_of in partitions.items():
            # Counts were noted by their day, results by their folder.
            folder = partition if "=" in partition else f"dt={partition}"
            change.note_made_of(dataset, folder, digest(_brief(made_of)))


def _brief(made_of: str) -> str:
    parts = json.loads(made_of)
    if "counts" in parts:
        parts["counts"] = {
            dataset: {day: text if text is None else digest(text) for day, text in days.items()}
            for dataset, days in parts["counts"].items()
        }
    return json.dumps(parts, sort_keys=True)


def the_ledger_tells_how(change: Change) -> None:
    """The ledger has columns for how a file was read, and forgets what passed.

    Files of before have none of them: they are read again as the earlier version did it. What it
    set aside since it could not be read may have been a node or a disk that was away: such a file
    is new to the next run.
    """
    fresh = [
        ("taken_in_as", pa.string()),
        ("zone", pa.string()),
        ("date", pa.date32()),
        ("declaration", pa.string()),
        ("look_again_at", pa.timestamp("us", tz="UTC")),
    ]
    tables = [
        pq.ParquetFile(BytesIO(change.storage.read_bytes(file.address) or b"")).read()
        for file in change.storage.files(f"{change.root}/ledger") or []
    ]
    if not tables:
        return
    table = pa.concat_tables(tables)
    detail = pc.fill_null(table["detail"], "")
    passed = pc.or_(
        pc.starts_with(detail, "it cannot be read"), pc.starts_with(detail, "it breaks off")
    )
    table = table.filter(pc.invert(pc.and_(pc.equal(table["status"], "set_aside"), passed)))
    for name, kind in fresh:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), kind))
    column = table.column_names.index("taken_in_as")
    names = pc.if_else(pc.equal(table["status"], "taken_in"), table["source"], None)
    filled = pc.coalesce(table["taken_in_as"], names)
    table = table.set_column(column, "taken_in_as", filled)
    change.put("ledger", "", change.stage_table("ledger", table))


def users_get_a_new_key(change: Change) -> None:
    """A new key, for the old one stood in plans, pages and event logs.

    Where the key is gone or damaged there is nothing to chain the new one to: that is told when
    somebody is to be hashed.
    """
    try:
        keys = UserKeys.from_text(change.storage.read_text(f"{change.root}/{USER_KEY}") or "")
    except ValueError:
        return
    if keys.chain[-1].hashing == SHA256:
        rotate_key(change, keys.rotated())


def searches_tell_more(change: Change) -> None:
    """Searches have columns for results, clicks and devices.

    Nothing is written again: where a file lacks a column it reads as null (`scanned_files`). An
    earlier program, which would stumble over files with them beside files without, stays out.
    """


def rows_may_be_clicks(change: Change) -> None:
    """Searches have a column that tells rows that are clicks from searches.

    Nothing is written again: where a file lacks the column its rows are searches. An earlier
    program, which would count clicks as searches, stays out.
    """


STEPS: Final[Sequence[Step]] = (
    fingerprints_leave_the_state,
    the_ledger_tells_how,
    users_get_a_new_key,
    searches_tell_more,
    rows_may_be_clicks,
)
#: The layout that this program reads and writes.
LAYOUT: Final = len(STEPS)


def bring_up_to_date(storage: Storage, root: str, state: State) -> State:
    """Take the steps that a root lacks; its state afterwards.

    Raises:
        RootError: a newer program wrote it, or what a step reads is damaged.
    """
    if state.layout > LAYOUT:
        raise RootError(
            f"{root} was written by a newer version (layout {state.layout}; this one knows "
            f"{LAYOUT}): update this program, or name another --root"
        )
    for number in range(state.layout, LAYOUT):
        change = Change(storage, root, state.copy())
        try:
            STEPS[number](change)
        except (ValueError, KeyError, TypeError, AttributeError) as error:  # of what it reads
            raise RootError(
                f"{root} has files of an older version (layout {number}) and one of them is "
                "damaged: put it back from a backup, or name a new --root, into which the logs are "
                "taken in again"
            ) from error
        change.state.layout = number + 1
        change.commit()
        state = change.state
    return state
