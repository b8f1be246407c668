"""A new key for `user_id`: everything that holds ids is written again, in one change.

Reads and writes  searches/dt=, rejects/dt= (robots' searches), daily_counts/dt=, daily_pairs/dt=,
                  daily_devices/dt=, daily_clicks/dt=, keyword_clicks/dt=, daily_addresses/dt=,
                  daily_keywords/dt= (sketches of people), daily_interests/dt=, interests/dt=,
                  members/dt=, profiles/dt=, _user_key

The users themselves are gone with their logs, so new ids are made of the old ones: see user_ids.py.
No Spark is needed. Two people do not become one by it (but by one chance in 2^64), nor one two, so
results keep their rows.

A sketch is the least 1,024 ids of a row's people. A shorter one holds all of them, and each gets
its new id. A full one does not, and under the new key others are the least. Its 1,024 people get
their new ids all the same, and the day is marked to be counted again from `searches` by the next
job that reads it. Where the day's searches have gone with age, it stays like this: these are any
1,024 of the row's people, so a result that estimates people takes the row for 1,024, too few and
never too many, until the day leaves its span. The exact numbers beside the sketches do not change.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.counting.people import SKETCH_SIZE
from pipeline.reading.user_ids import SKETCH_SUFFIX, USER_KEY, WITH_USER_IDS, UserKeys, rekeyed_ids
from pipeline.store.journal import Change
from pipeline.store.profile_files import PROFILES, file_name, parsed_profiles, rekeyed
from pipeline.store.state import made_of_file, parsed_made_of

#: Files that are written again at a time; each is held in memory.
_WRITERS: Final = 4


def rotate_key(change: Change, keys: UserKeys) -> int:
    """Stage all ids under the newest key of a chain, and the chain; how many files that is.

    Args:
        change: what it is staged in; the key and the ids take effect together.
        keys: the chain that the ids were made with, and a new key at its end.
    """
    change.write(USER_KEY, keys.to_text().encode(), private=True)
    days = [
        (dataset, partition)
        for dataset in WITH_USER_IDS
        for partition in change.storage.folders(f"{change.root}/{dataset}")
        if partition.startswith("dt=")
    ]
    with ThreadPoolExecutor(_WRITERS) as pool:
        staged = list(pool.map(lambda day: _stage_rekeyed(change, day[0], day[1], keys), days))
    for (dataset, partition), (files, is_exact) in zip(days, staged, strict=True):
        if files:
            made_of = _made_of(change, dataset, partition) if is_exact else None
            change.put(dataset, partition, _address(change, dataset, partition), made_of=made_of)
    return sum(files for files, _ in staged)


def _stage_rekeyed(
    change: Change, dataset: str, partition: str, keys: UserKeys
) -> tuple[int, bool]:
    """Stage a day of a dataset; its files, and whether its sketches are what counting gives."""
    if dataset == PROFILES:
        return _stage_profiles(change, partition, keys), True
    is_exact = True
    files = change.storage.files(f"{change.root}/{dataset}/{partition}") or []
    for number, file in enumerate(files):
        data = change.storage.read_bytes(file.address)
        if data is None:
            raise FileNotFoundError(file.address)
        table, is_whole = _REKEYED[dataset](pq.ParquetFile(BytesIO(data)).read(), keys)
        is_exact = is_exact and is_whole
        written = BytesIO()
        pq.write_table(table, written, compression="zstd", use_dictionary=False)
        address = f"{_address(change, dataset, partition)}/part-{number:05d}.parquet"
        change.storage.write_bytes(address, written.getvalue())
    return len(files), is_exact or not _has_searches(change, partition)


def _stage_profiles(change: Change, partition: str, keys: UserKeys) -> int:
    """Stage profiles under the newest key; the number of files."""
    found = change.storage.files(f"{change.root}/{PROFILES}/{partition}") or []
    files = [
        parsed_profiles(change.storage.read_bytes(each.address), each.address) for each in found
    ]
    for each in rekeyed(files, keys) if files else []:
        address = f"{_address(change, PROFILES, partition)}/{file_name(each.bucket)}"
        change.storage.write_bytes(address, each.written())
    return len(files)


def _address(change: Change, dataset: str, partition: str) -> str:
    return f"{change.address('rekeyed')}/{dataset}/{partition}"


def _has_searches(change: Change, partition: str) -> bool:
    return bool(change.storage.files(f"{change.root}/searches/{partition}"))


def _made_of(change: Change, dataset: str, partition: str) -> str | None:
    file, name = made_of_file(dataset, partition)
    return parsed_made_of(change.storage.read_bytes(f"{change.root}/{file}")).get(name)


def _with_column(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), column)


def _searches(table: pa.Table, keys: UserKeys) -> tuple[pa.Table, bool]:
    """By person and time, as they were."""
    return _people(table, keys, "searched_at")


def _interests(table: pa.Table, keys: UserKeys) -> tuple[pa.Table, bool]:
    """By person and feature."""
    return _people(table, keys, "feature")


def _members(table: pa.Table, keys: UserKeys) -> tuple[pa.Table, bool]:
    return _people(table, keys)


def _people(table: pa.Table, keys: UserKeys, *then_by: str) -> tuple[pa.Table, bool]:
    rekeyed = _with_column(table, "user_id", rekeyed_ids(_together(table["user_id"]), keys))
    return rekeyed.sort_by([(name, "ascending") for name in ("user_id", *then_by)]), True


def _rejects(table: pa.Table, keys: UserKeys) -> tuple[pa.Table, bool]:
    search = _together(table["search"])
    if search.null_count == len(search):
        return table, True
    names = [field.name for field in search.type]
    parts = dict(zip(names, search.flatten(), strict=True))
    parts["user_id"] = rekeyed_ids(parts["user_id"], keys)
    rekeyed = pa.StructArray.from_arrays(
        [parts[name] for name in names], fields=list(search.type), mask=search.is_null()
    )
    return _with_column(table, "search", rekeyed), True


def _sketches(table: pa.Table, keys: UserKeys) -> tuple[pa.Table, bool]:
    """Whole where no sketch is full."""
    is_whole = True
    for name in table.column_names:
        if name.endswith(SKETCH_SUFFIX):
            sketches, none_is_full = _rekeyed_sketches(_together(table[name]), keys)
            table, is_whole = _with_column(table, name, sketches), is_whole and none_is_full
    return table, is_whole


def _rekeyed_sketches(sketches: pa.Array, keys: UserKeys) -> tuple[pa.Array, bool]:
    lengths = pc.fill_null(pc.list_value_length(sketches), 0).to_numpy(zero_copy_only=False)
    ids = rekeyed_ids(sketches.flatten(), keys).to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(len(lengths)), lengths)
    ids = ids[np.lexsort((ids, row))]  # ascending within each row
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    rekeyed = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(ids), mask=sketches.is_null()
    ).cast(sketches.type)
    return rekeyed, bool((lengths < SKETCH_SIZE).all())


def _together(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)


_REKEYED: Final[dict[str, Callable[[pa.Table, UserKeys], tuple[pa.Table, bool]]]] = {
    "searches": _searches,
    "rejects": _rejects,
    "daily_counts": _sketches,
    "daily_pairs": _sketches,
    "daily_keywords": _sketches,
    "daily_devices": _sketches,
    "daily_clicks": _sketches,
    "keyword_clicks": _sketches,
    "daily_interests": _interests,
    "interests": _interests,
    "members": _members,
    "daily_addresses": _sketches,
}
