"""Parquet files of the landing folder: their columns as they are read."""

import pyarrow as pa
import pyarrow.parquet as pq


def parquet_schema(file: pq.ParquetFile) -> pa.Schema:
    """The schema of a Parquet file, times of 96 bits as the moments that they are."""
    schema: pa.Schema = file.schema_arrow
    by_path = {each.path: each for each in (file.schema.column(i) for i in range(len(file.schema)))}
    for index, column in enumerate(schema):
        found = by_path.get(column.name)
        if found is not None and found.physical_type == "INT96":
            schema = schema.set(index, column.with_type(pa.timestamp("us", "UTC")))
    return schema.remove_metadata()


def checked_texts(column: pa.Array) -> pa.Array:
    """A column as it is; as bytes where it is said to be text and some of it is no UTF-8.

    Nobody else looks at that: Polars ends the whole process where it reads such a text.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    if any(is_kind(column.type) for is_kind in kinds):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            return column.cast(pa.large_binary())
    return column
