"""Results as the jobs wrote them under a root on this machine, for look-ups."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from silgeom.hangul import keystrokes

#: What a column of a result without files is, by its name; others are texts.
_NUMBERS: Final = {
    "rank": pa.int32(),
    "searchers": pa.int64(),
    "sessions": pa.int64(),
    "score": pa.float64(),
    "weight": pa.float64(),
    "next_probability": pa.float64(),
}

#: Columns whose texts come again in many rows: each is read once.
_REPEATED: Final = ["completion", "query", "related_query", "related_surface"]


class ResultError(Exception):
    """A result is not there or cannot be read; its text is one sentence that says what to do."""


def newest_files(root: Path, dataset: str, error: type[ResultError]) -> list[Path]:
    """The files of the newest day of a result; none where there is no result.

    Raises:
        ResultError: of the type `error`; the folder cannot be read.
    """
    try:
        files = sorted(root.glob(f"{dataset}/dt=*/*.parquet"))
    except OSError as failure:
        raise error(f"{root} cannot be read: {failure.strerror}") from failure
    return [file for file in files if file.parent == files[-1].parent]


def rows_of(
    files: Sequence[Path], columns: Sequence[str], job: str, error: type[ResultError]
) -> pa.Table:
    """Some columns of a result; of no files no rows.

    Raises:
        ResultError: of the type `error`; a file cannot be read, or lacks a column.
    """
    if not files:
        fields = [(name, _NUMBERS.get(name, pa.string())) for name in columns]
        return pa.schema(fields).empty_table()
    repeated = [name for name in _REPEATED if name in columns]
    try:
        return pa.concat_tables(
            # `read_table` would load Arrow's datasets, 60 MB of them.
            pq.ParquetFile(file, read_dictionary=repeated)
            .read(columns=list(columns))
            .select(list(columns))
            for file in files
        )
    except (OSError, pa.ArrowException, KeyError) as failure:
        raise error(
            f"{files[0].parent} is no result of this version ({failure}): run {job} again"
        ) from failure


def by_keystrokes(rows: pa.Table, people: str) -> dict[str, dict[str, Any]]:
    """Rows by the keystrokes of their `query`, spacing left out.

    Of several spellings the row of most people, by the column of that name, of equals by text.
    """
    ordered = sorted(rows.to_pylist(), key=lambda row: (-row[people], row["query"]))
    return {keystrokes(row["query"]): row for row in reversed(ordered)}
