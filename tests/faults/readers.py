"""Readers: every dataset of a root as rows, and one that reads them in a loop."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.store.profile_files import parsed_profiles
from pipeline.store.root import ERASED_PEOPLE

#: Datasets that tell of the runs, not of the logs, and differ with each run.
OF_RUNS: Final = ("runs",)
#: A column of when something happened, not of what.
TIMES_OF_RUNS: Final = frozenset({"modified_at"})

#: What is published has one file a partition, which one rename replaces: no reader ever misses it.
#: Of the others a partition may get fewer files; who listed them before reads them again.
RESULTS: Final = frozenset(
    {
        *("trending", "related", "autocomplete", "keywords", "trending_words", "keyword_tool"),
        *("query_analytics", "keyword_analytics", "reformulations", "search_quality"),
        *("patterns", "changes", "categories", "segments", "segment_terms"),
        *("segment_trending", "segment_related", "segment_autocomplete"),
    }
)

Rows = dict[str, list[str]]


def datasets(root: Path) -> list[str]:
    """The datasets that a root has."""
    folders = [each for each in root.iterdir() if each.is_dir()] if root.exists() else []
    return sorted(f.name for f in folders if not f.name.startswith("_") and f.name not in OF_RUNS)


def rows(root: Path, names: Mapping[int, str] = MappingProxyType({})) -> Rows:
    """Each dataset's rows as text, in order of the text; without when a file was changed.

    Args:
        root: where they lie.
        names: of people, by their ids: they stand in place of these, whatever the key.
    """
    found: Rows = {}
    for dataset in datasets(root):
        texts = []
        files = [*(root / dataset).rglob("*.parquet"), *(root / dataset).rglob("*.arrow")]
        for file in sorted(files):
            table = _table(file)
            kept = [name for name in table.column_names if name not in TIMES_OF_RUNS]
            partition = file.parent.relative_to(root)
            texts += [
                f"{partition} {_named(each, names)!r}" for each in table.select(kept).to_pylist()
            ]
        if texts:
            found[dataset] = sorted(texts)
    return found


def _table(file: Path) -> pa.Table:
    """A file of data; of profiles, who searched for what."""
    if file.suffix != ".arrow":
        return pq.ParquetFile(file).read()
    return parsed_profiles(file.read_bytes(), str(file)).rows.to_arrow()


def _named(value: object, names: Mapping[int, str]) -> object:
    if isinstance(value, int):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: _named(each, names) for key, each in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(each, int) and each in names for each in value):
            return sorted(names[each] for each in value)  # a sketch lists people by id
        return [_named(each, names) for each in value]
    return value


def differences(one: Rows, other: Rows) -> list[str]:
    """Rows of one that the other lacks, and the other way round; nothing if they are equal."""
    found = []
    for dataset in sorted({*one, *other}):
        ours, theirs = one.get(dataset, []), other.get(dataset, [])
        if ours != theirs:
            lost, more = set(theirs) - set(ours), set(ours) - set(theirs)
            found += [f"lacks {row[:300]}" for row in sorted(lost)]
            found += [f"has {row[:300]}" for row in sorted(more)]
            found += [] if lost or more else [f"{dataset}: a row more than once"]
    return found


def digest(root: Path) -> str:
    """One text for all that lies under a root but locks, leftovers and the story of its runs."""
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")) if root.exists() else []:
        below = path.relative_to(root)
        skipped = below.parts[0] in OF_RUNS or below.name.startswith("_lock")
        if path.is_file() and not skipped:
            total.update(f"{below}\0".encode())
            content = path.read_bytes()
            if below.name == ERASED_PEOPLE:  # who, and when that was
                content = json.dumps(sorted(json.loads(content))).encode()
            total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


class Reader(threading.Thread):
    """Reads every dataset in a loop, as a web server would; `failures` says what went wrong."""

    def __init__(self, root: Path, removed: frozenset[str]) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.lasting = RESULTS - removed  #: of these no file is ever missed
        self.failures: list[str] = []
        self.loops = 0
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.is_set():
            self.loops += 1
            for dataset in datasets(self.root):
                try:
                    self._read(self.root / dataset)
                except (OSError, pa.ArrowException) as error:
                    self.failures.append(f"{dataset}: {type(error).__name__} {error}")
            self._is_over.wait(0.01)

    def _read(self, folder: Path) -> None:
        """Read every file; of what is no result a day may be replaced while it is listed."""
        try:
            files = sorted(folder.rglob("*.parquet"))
        except FileNotFoundError:
            if folder.name in self.lasting:
                raise
            return
        for file in files:
            try:
                pq.ParquetFile(file).read()
            except FileNotFoundError:
                if folder.name in self.lasting or file.exists():
                    raise

    def end(self) -> None:
        self._is_over.set()
        self.join()


@contextmanager
def reading(root: Path, removed: frozenset[str] = frozenset()) -> Iterator[Reader]:
    """A reader beside the block, in which results of the datasets `removed` may go."""
    reader = Reader(root, removed)
    reader.start()
    try:
        yield reader
    finally:
        reader.end()
