"""A ledger of the version that did not know how a file was read, brought up to date."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.store.ledger import LedgerEntry
from pipeline.store.migrations import bring_up_to_date
from pipeline.store.state import State
from pipeline.store.storage import LocalStorage
from tests.factories import at

#: Of layout 1: the columns that the ledger had then.
OLD_COLUMNS = {
    "source": pa.string(),
    "status": pa.string(),
    "detail": pa.string(),
    "size": pa.int64(),
    "modified_at": pa.timestamp("us", tz="UTC"),
    "checksum": pa.string(),
    "format": pa.string(),
    "charset": pa.string(),
    "lines": pa.int64(),
    "skipped": pa.int64(),
    "accepted": pa.int64(),
    "duplicates": pa.int64(),
    "rejected": pa.int64(),
    "withheld": pa.int64(),
    "rejected_by_reason": pa.map_(pa.string(), pa.int64()),
    "withheld_by_reason": pa.map_(pa.string(), pa.int64()),
}


def row(source: str, status: str, detail: str | None = None, lines: int = 0) -> dict[str, object]:
    told = {"source": source, "status": status, "detail": detail, "lines": lines, "size": 9}
    return {**dict.fromkeys(OLD_COLUMNS), **told, "modified_at": at("2026-03-02T09:00:00")}


def test_what_passed_is_forgotten_so_that_it_is_tried_again_and_the_rest_stays(
    tmp_path: Path,
) -> None:
    (tmp_path / "ledger").mkdir()
    rows = [
        row("a", "taken_in", lines=7),
        row("b", "same_content", "a"),
        row("c", "set_aside", "no known log format fits c"),
        row("d", "set_aside", "it cannot be read (Permission denied)"),
        row("e", "set_aside", "it breaks off or is damaged (BlockMissingException …)"),
    ]
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(OLD_COLUMNS.items())))
    pq.write_table(table, tmp_path / "ledger" / "part-00000.parquet")

    bring_up_to_date(LocalStorage(), f"file://{tmp_path}", State(layout=1))

    [file] = (tmp_path / "ledger").iterdir()
    found = pq.read_table(file).to_pylist(maps_as_pydicts="strict")
    entries = {each["source"]: LedgerEntry(**each) for each in found}
    assert list(entries) == ["a", "b", "c"]
    assert (entries["a"].lines, entries["a"].taken_in_as) == (7, "a")
    assert (entries["b"].taken_in_as, entries["c"].taken_in_as) == (None, None)
    assert {each.declaration for each in entries.values()} == {None}
