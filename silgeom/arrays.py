"""Arrays that look-ups answer from: in memory as they were made, or mapped from a file.

One Arrow IPC file holds them all, uncompressed: a record batch of one row, each array the list in
its column. To open it reads the schema alone, whatever its size, and a look-up touches the few
pages where its binary searches end. Readers that mapped a file keep it when another takes its name.
"""

import contextlib
import json
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: What the schema's metadata holds, as JSON.
_NOTES: Final = b"silgeom"
#: The beginning of the names of files that are being written.
_UNFINISHED: Final = ".unfinished-"
#: A file that was being written so long ago has been left behind.
_LEFT_BEHIND_SECONDS: Final = 3600


class ArraysError(Exception):
    """A file holds no arrays, or not all of them; its text is a clause that says why."""


@dataclass(frozen=True)
class Arrays:
    """Arrays by name, and what is to be known of them without reading them.

    Attributes:
        columns: of `large_string` or of numbers, without nulls, each of its own length.
        notes: what JSON can hold.
    """

    columns: Mapping[str, pa.Array]
    notes: Mapping[str, Any]

    def texts(self, name: str) -> "Texts":
        """An array of texts.

        Raises:
            ArraysError: there is none of that name, or its texts do not lie in the file.
        """
        return Texts(self._column(name, pa.large_string()))

    def numbers(self, name: str, kind: pa.DataType) -> npt.NDArray[Any]:
        """An array of numbers, not copied.

        Raises:
            ArraysError: there is none of that name and type.
        """
        column = self._column(name, kind)
        buffer = column.buffers()[1] or b""
        # Arrow's own way to numpy imports pandas first, if there is one.
        numbers: npt.NDArray[Any] = np.frombuffer(buffer, kind.to_pandas_dtype())
        if len(numbers) < column.offset + len(column):
            raise ArraysError(f"its {name} is cut off")
        return numbers[column.offset : column.offset + len(column)]

    def note(self, name: str) -> Any:  # noqa: ANN401  what JSON can hold
        """One of the notes.

        Raises:
            ArraysError: there is none of that name.
        """
        if name not in self.notes:
            raise ArraysError(f"it says nothing of {name}")
        return self.notes[name]

    def _column(self, name: str, kind: pa.DataType) -> pa.Array:
        column = self.columns.get(name)
        if column is None or column.type != kind or column.null_count:
            raise ArraysError(f"its {name} is not of type {kind}")
        return column


class Texts(Sequence[str]):
    """An array of texts. A text is decoded when it is asked for, and nothing before.

    Whatever the bytes of a damaged file say, nothing outside of them is read: an answer is wrong,
    or an exception.
    """

    def __init__(self, texts: pa.Array) -> None:
        """Take an array of `large_string` without nulls."""
        _, offsets, data = texts.buffers()
        size = len(texts)
        ends = np.frombuffer(offsets or bytes(8), np.int64)
        self._offsets = ends[texts.offset : texts.offset + size + 1]
        self._data = memoryview(data or b"")
        if len(self._offsets) != size + 1 or not 0 <= self._offsets[-1] <= len(self._data):
            raise ArraysError("its texts are cut off")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, place: int) -> str:  # type: ignore[override]
        begin, end = self._offsets[place : place + 2].tolist()
        return str(self._data[begin:end], "utf-8")

    def place(self, text: str, first: int = 0, end: int | None = None) -> int | None:
        """Where a text stands between two places of which it is sorted; None: nowhere."""
        last = len(self) if end is None else end
        found = bisect_left(self, text, first, last)
        return found if found < last and self[found] == text else None


def numbered(texts: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """A number for each row of a column of texts, and the text of each number."""
    encoded = texts.dictionary_encode().unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # of no chunks
        encoded = pa.concat_arrays(encoded.chunks)
    numbers: npt.NDArray[np.int32] = encoded.indices.to_numpy()
    return numbers, encoded.dictionary


def write_arrays(arrays: Arrays, file: Path) -> None:
    """Write a file whole under another name, and give it its name.

    Raises:
        OSError: it cannot be written; then what had the name before still has it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(file.parent)
    name = file.with_name(f"{_UNFINISHED}{uuid4().hex}")
    try:
        with name.open("xb") as stream:
            _write(arrays, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            name.unlink()
        raise


def written_arrays(arrays: Arrays) -> bytes:
    """The content of a file that `mapped_arrays` reads."""
    stream = BytesIO()
    _write(arrays, stream)
    return stream.getvalue()


def _write(arrays: Arrays, stream: Any) -> None:  # noqa: ANN401  a binary file
    lists = {
        name: pa.LargeListArray.from_arrays(pa.array([0, len(column)], pa.int64()), column)
        for name, column in arrays.columns.items()
    }
    batch = pa.RecordBatch.from_pydict(lists).replace_schema_metadata(
        {_NOTES: json.dumps(arrays.notes).encode()}
    )
    with pa.ipc.new_file(stream, batch.schema) as writer:
        writer.write_batch(batch)


def mapped_arrays(file: Path) -> Arrays:
    """The arrays of a file that `write_arrays` wrote. They stay in the file, which is mapped.

    Raises:
        ArraysError: it is no such file, or not a whole one.
        OSError: there is none, or it cannot be read.
    """
    return _arrays_in(lambda: pa.memory_map(str(file)))


def read_arrays(content: bytes) -> Arrays:
    """The arrays of the content of such a file, which they keep.

    Raises:
        ArraysError: it is no such file, or not a whole one.
    """
    return _arrays_in(lambda: pa.BufferReader(content))


def _arrays_in(open_file: Callable[[], pa.NativeFile]) -> Arrays:
    try:
        options = pa.ipc.IpcReadOptions(use_threads=False)  # there is nothing to do for them
        reader = pa.ipc.open_file(open_file(), options=options)
        notes = json.loads((reader.schema.metadata or {}).get(_NOTES, b"null"))
        if reader.num_record_batches != 1 or not isinstance(notes, dict):
            raise ArraysError("it is another kind of Arrow file")
        batch = reader.get_batch(0)
        columns = {
            name: column.values
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        }
    except FileNotFoundError:
        raise
    except (pa.ArrowException, ValueError, AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ArraysError(str(error).partition("\n")[0]) from error
    return Arrays(columns, notes)


def _remove_left_behind(folder: Path) -> None:
    """Remove what a process that was killed had begun to write."""
    for file in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                file.unlink()
