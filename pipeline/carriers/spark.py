"""Carries steps out on Spark: it schedules, moves and tries again; the workers run the functions.

A map task runs one piece and packs what comes of it: one row a key and kind, with the rows of that
key as one Arrow stream (lz4). Spark brings the rows of a key together; a reduce task unpacks them,
runs the reducer and writes its tables itself, each under a name that depends on the key alone. So
a task that is tried again, or runs twice, writes the same file again.
"""

import pickle
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, Final

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.session import Session

#: Rows that a map task gives: what it told has no key, in the order of pieces and parts.
_PACKED: Final = "place long, key string, kind string, data binary"
_TOLD: Final = "place long, data binary"
#: Packed rows in an Arrow batch: they may have 100 MB each.
_ROWS_A_BATCH: Final = 1


class SparkSpool:
    """What maps gave: lazily, as Spark's tables."""

    def __init__(self) -> None:
        self.parts: list[DataFrame] = []
        self._keys: set[str] = set()

    def all_keys(self) -> list[str]:
        """All keys, rising."""
        return sorted(self._keys)

    def add(self, packed: DataFrame, keys: Iterable[str]) -> None:
        """Keep what a map gave."""
        self.parts.append(packed)
        self._keys |= set(keys)

    def close(self) -> None:
        """Let everything go."""
        for part in self.parts:
            part.unpersist()


class OnSpark:
    """A carrier; see `steps.Carrier`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def spool(self) -> SparkSpool:
        """An empty place for what maps give."""
        return SparkSpool()

    def map(
        self, pieces: Sequence[Any], mapper: Callable[[Any], Any], into: SparkSpool
    ) -> list[Any]:
        """Map each piece in a task of its own; what was told, piece by piece."""
        if not pieces:
            return []
        spark = self._session()
        rows = [(place, pickle.dumps(piece)) for place, piece in enumerate(pieces)]
        asked = spark.createDataFrame(rows, _TOLD).repartitionById(
            len(rows), F.col("place").cast("int")
        )
        packed = asked.mapInArrow(_Mapping(mapper), _PACKED).persist()
        told = packed.where("key is null").select("place", "kind", "data").collect()
        keys = packed.where("key is not null").select("key").distinct().collect()
        into.add(packed.where("key is not null"), [row["key"] for row in keys])
        told.sort(key=lambda row: (row["place"], row["kind"]))
        return [pickle.loads(row["data"]) for row in told]

    def reduce(
        self,
        spool: SparkSpool,
        keys: Sequence[str],
        reducer: Callable[[str, Any], Any],
        write: Callable[[str, str, Any], None],
    ) -> list[Any]:
        """Reduce each key in a task of its own; what was told, key by key."""
        if not keys:
            return []
        spark = self._session()
        places = spark.createDataFrame(list(enumerate(keys)), "number int, key string")
        together = spool.parts[0]
        for part in spool.parts[1:]:
            together = together.unionByName(part)
        placed = together.join(F.broadcast(places), on="key").repartitionById(
            len(keys), F.col("number")
        )
        told = placed.mapInArrow(_Reducing(reducer, write), _TOLD).collect()
        found = {row["place"]: pickle.loads(row["data"]) for row in told}
        return [found[number] for number in range(len(keys)) if number in found]


class _Mapping:
    """What `mapInArrow` runs for a map."""

    def __init__(self, mapper: Callable[[Any], Any]) -> None:
        self._mapper = mapper

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for place, piece in zip(
                batch.column("place").to_pylist(), batch.column("data").to_pylist(), strict=True
            ):
                for number, part in enumerate(self._mapper(pickle.loads(piece))):
                    for (key, kind), rows in part.rows.items():
                        yield _packed(place, key, kind, _stream(rows))
                    yield _packed(place, None, f"{number:09d}", pickle.dumps(part.told))


class _Reducing:
    """What `mapInArrow` runs for a reduce: all rows of a partition are of one key."""

    def __init__(
        self, reducer: Callable[[str, Any], Any], write: Callable[[str, str, Any], None]
    ) -> None:
        self._reducer = reducer
        self._write = write

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import polars as pl

        packed: dict[tuple[int, str], list[tuple[int, str, bytes]]] = defaultdict(list)
        for batch in batches:
            for row in batch.to_pylist():
                packed[row["number"], row["key"]].append((row["place"], row["kind"], row["data"]))
        for (number, key), rows in sorted(packed.items()):
            found: dict[str, list[Any]] = defaultdict(list)
            for _, kind, data in sorted(rows, key=lambda row: row[:2]):
                found[kind].append(pl.read_ipc_stream(BytesIO(data)))
            made = self._reducer(key, found)
            for folder, table in made.tables.items():
                self._write(folder, key, table)
            yield pa.RecordBatch.from_pydict(
                {"place": pa.array([number], pa.int64()), "data": [pickle.dumps(made.told)]}
            )


def _packed(place: int, key: str | None, kind: str, data: bytes) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "place": pa.array([place], pa.int64()),
            "key": pa.array([key], pa.string()),
            "kind": pa.array([kind], pa.string()),
            "data": pa.array([data], pa.binary()),
        }
    )


def _stream(rows: Any) -> bytes:  # noqa: ANN401
    buffer = BytesIO()
    rows.write_ipc_stream(buffer, compression="lz4")
    return buffer.getvalue()
