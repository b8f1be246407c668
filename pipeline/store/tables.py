"""Tables of a root as Polars sees them: stored partitions read, new ones written."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, Final

import polars as pl
import pyarrow as pa

from pipeline.columns import Columns
from pipeline.schemas import LATER_COLUMNS
from pipeline.store.storage import Storage

#: How the address of a file of this machine begins.
LOCAL: Final = "file://"
#: Of zstd: more levels cost more time than the bytes they save.
_LEVEL: Final = 1


def scanned(
    storage: Storage, root: str, dataset: str, partitions: Iterable[str], columns: Columns
) -> pl.LazyFrame:
    """Partitions ("dt=2026-03-02") of a dataset, with `dt`; without any, no rows.

    Files of this machine are read as far as they are asked for; of others the whole.
    """
    parts = []
    for partition in partitions:
        files = storage.files(f"{root}/{dataset}/{partition}") or []
        addresses = [file.address for file in files if file.address.endswith(".parquet")]
        if addresses:
            day = partition.removeprefix("dt=")[:10]
            rows = scanned_files(storage, addresses, columns)
            parts.append(rows.with_columns(dt=pl.lit(day)))
    if not parts:
        return pl.LazyFrame(schema={**columns, "dt": pl.String()})
    return pl.concat(parts)


def scanned_files(storage: Storage, addresses: Sequence[str], columns: Columns) -> pl.LazyFrame:
    """The rows of some files; without any, no rows.

    Searches and clicks of an older layout lack columns, which are null then.
    """
    if not addresses:
        return pl.LazyFrame(schema=columns)
    return _scan(storage, addresses, columns).select(*columns)


def scanned_leniently(storage: Storage, addresses: Sequence[str], columns: Columns) -> pl.LazyFrame:
    """`scanned_files` of files that other versions may have written: columns they lack are null."""
    frames = []
    for address in addresses:
        rows = _scan(storage, [address])
        there = rows.collect_schema().names()
        frames.append(
            rows.select(
                (pl.col(name) if name in there else pl.lit(None)).cast(kind).alias(name)
                for name, kind in columns.items()
            )
        )
    return pl.concat(frames) if frames else pl.LazyFrame(schema=columns)


def _scan(
    storage: Storage, addresses: Sequence[str], columns: Columns | None = None
) -> pl.LazyFrame:
    """The rows of some files, or some `columns` of them: null where they lack a later one."""
    if addresses[0].startswith(LOCAL):
        paths = [address.removeprefix(LOCAL) for address in addresses]
        return _lazily(paths, columns)
    frames = []
    for address in addresses:
        with storage.open(address) as stream:
            frames.append(_lazily(BytesIO(stream.read()), columns).collect().lazy())
    return pl.concat(frames)


def _lazily(source: list[str] | BytesIO, columns: Columns | None) -> pl.LazyFrame:
    if columns is None:
        return pl.scan_parquet(source, glob=False, hive_partitioning=False)
    may_lack = "search" in columns or not columns.keys().isdisjoint(LATER_COLUMNS)
    return pl.scan_parquet(
        source,
        glob=False,
        hive_partitioning=False,
        schema=pl.Schema(columns),
        missing_columns="insert" if may_lack else "raise",
        extra_columns="ignore",
        cast_options=pl.ScanCastOptions(missing_struct_fields="insert"),
    )


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Few rows as Python has them.

    Arrow's own conversion from and to Python's values imports pandas, which takes as long as all
    else that a run begins with.
    """
    return pl.DataFrame(table).to_dicts()


def table_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Few rows of Python's values, as `rows_of` gives them."""
    return pl.DataFrame(rows, schema=pl.Schema(schema)).to_arrow().cast(schema)


def write(
    storage: Storage, address: str, rows: pl.DataFrame, notes: Mapping[str, str] | None = None
) -> None:
    """Write a file of Parquet: zstd, with notes in its footer."""
    buffer = BytesIO()
    rows.write_parquet(
        buffer, compression="zstd", compression_level=_LEVEL, metadata=dict(notes or {})
    )
    storage.write_bytes(address, buffer.getvalue())
