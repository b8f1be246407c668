"""What a search box asks: completions and related searches, of the newest results under a root.

They are answered from an index on disk (silgeom/lookups.py), which is built anew when the results
are others: a large one in a process of its own, which takes its memory along when it ends.
"""

import asyncio
import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.carriers.session import in_process
from pipeline.store.storage import FileStatus
from silgeom.complete import Completion, read_completions
from silgeom.keyword_tool import (
    CATEGORY_COLUMNS,
    CLICK_COLUMNS,
    CO_CLICKED_COLUMNS,
    DEVICE_COLUMNS,
    KeywordTool,
)
from silgeom.lookups import Lookups, LookupsError, build_of_tables
from silgeom.personal import History
from silgeom.related import Related
from silgeom.seasons import PATTERN_COLUMNS
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.reading import UNREADABLE, Results

#: Results of more bytes are read in a process of their own.
LARGE_BYTES: Final = 8_000_000

_COMPLETIONS = ["key_kind", "prefix", "rank", "completion", "searchers", "weight"]
_RELATED = [
    *("query", "kind", "rank", "related_query", "related_surface", "score"),
    *("sessions", "searchers", "next_probability"),
]
_VOLUMES = ["query", "surface", "searchers", "searches", "weekly_searchers", "growth"]
_VOLUMES += DEVICE_COLUMNS
#: Columns whose texts come again in many rows: each is read once.
_REPEATED = ["completion", "query", "related_query", "related_surface"]

#: The results that look-ups are made of; of each its newest files.
_RESULTS = (
    *("autocomplete", "related", "keyword_tool", "categories", "query_analytics", "patterns"),
    "co_clicked",
)
Sources = tuple[tuple[FileStatus, ...], ...]


@dataclass(frozen=True)
class Answers:
    """Look-ups among results.

    Attributes:
        sources: the files that the answers are made of.
    """

    sources: Sources
    _lookups: Lookups | None

    def complete(
        self, typed: str, limit: int, user: History | None = None, session: Sequence[str] = ()
    ) -> list[Completion]:
        """See `Completer.complete`; without completions none."""
        if self._lookups is None:
            return []
        return self._lookups.completer.complete(typed, limit, user=user, session=session)

    def related(
        self, query: str, limit: int, user: History | None = None, session: Sequence[str] = ()
    ) -> list[Related]:
        """See `Relater.related`; without related searches none."""
        relater = self._lookups and self._lookups.relater
        return relater.related(query, limit, user=user, session=session) if relater else []

    @property
    def keyword_tool(self) -> KeywordTool | None:
        """The keyword tool; None without volumes or without related searches."""
        lookups = self._lookups
        if lookups is None or lookups.volumes is None or lookups.relater is None:
            return None
        return KeywordTool(lookups.volumes, lookups.relater)


#: Before anything is there.
NO_ANSWERS = Answers(tuple(() for _ in _RESULTS), None)


def sources(results: Results) -> Sources:
    """The files that look-ups are answered from now."""
    return tuple(_newest(results, dataset) for dataset in _RESULTS)


def folder_of_index(address: str) -> Path:
    """Where the index of a root is kept unless somebody names a place.

    It is in the user's folder of caches, so that the next start finds it; where there can be none,
    in one that goes with this process.

    Args:
        address: of the root.
    """
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = caches / "silgeom" / "lookups" / name
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home, or none that can be written to
        folder = Path(tempfile.mkdtemp(prefix="silgeom-lookups-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


async def answers_of(results: Results, found: Sources, index: Path) -> Answers:
    """Look-ups among the rows of these files, of which at least `MIN_SEARCHERS` people speak.

    Args:
        results: of the root.
        found: what `sources` has found.
        index: the folder of the index. The one there is used if it was made of these files.

    Raises:
        LookupsError: it cannot be built.
        Exception: one of `UNREADABLE`.
    """
    if found == NO_ANSWERS.sources:
        return NO_ANSWERS
    there = await asyncio.to_thread(_opened, found, index)
    if there is None:
        if sum(file.size for files in found for file in files) > LARGE_BYTES:
            await _built_apart(results.address, index)
        else:
            await asyncio.to_thread(_build, results, index)
        there = await asyncio.to_thread(_opened, found, index)
    if there is None:
        raise LookupsError("the results have changed while they were read")
    return Answers(found, there)


def _opened(found: Sources, index: Path) -> Lookups | None:
    """The index in a folder if it was made of these files."""
    try:
        there = Lookups.open(index)
    except (LookupsError, OSError):
        return None  # none, or none that can be used
    return there if there.made_of == _made_of(found) else None


def _build(results: Results, index: Path) -> None:
    found = sources(results)
    of_completions, of_related, of_volumes, of_categories, *others = found
    of_clicks, of_patterns, of_co_clicks = others
    completions = (
        _shown(results, of_completions, _COMPLETIONS) if of_completions else read_completions([])
    )
    related = _shown(results, of_related, _RELATED) if of_related else None
    volumes = _with_floor(_shown(results, of_volumes, _VOLUMES)) if of_volumes else None
    # Only of what is in the volumes, which have the floor.
    categories = results.table(of_categories, CATEGORY_COLUMNS) if of_categories else None
    clicks = results.table(of_clicks, CLICK_COLUMNS) if of_clicks else None
    if clicks is not None:
        clicks = clicks.filter(pc.field("people") >= MIN_SEARCHERS)
    patterns = _shown(results, of_patterns, PATTERN_COLUMNS) if of_patterns else None
    co_clicked = results.table(of_co_clicks, CO_CLICKED_COLUMNS) if of_co_clicks else None
    tables = {"volumes": volumes, "categories": categories, "clicks": clicks, "patterns": patterns}
    tables["co_clicked"] = co_clicked
    build_of_tables(completions, related, index, **tables, made_of=_made_of(found))


def _shown(results: Results, files: tuple[FileStatus, ...], columns: list[str]) -> pa.Table:
    repeated = [name for name in _REPEATED if name in columns]
    rows = results.table(files, columns, repeated)
    return rows.filter(pc.field("searchers") >= MIN_SEARCHERS)


def _with_floor(volumes: pa.Table) -> pa.Table:
    """Volumes without the devices of keywords of which one has fewer people than the floor."""
    if "devices" not in volumes.column_names:
        return volumes
    people = pl.Series(volumes["device_searchers"], dtype=pl.List(pl.Int64))
    is_told = (people.list.min() >= MIN_SEARCHERS).fill_null(value=False).to_arrow()
    for name in DEVICE_COLUMNS:
        place = volumes.schema.get_field_index(name)
        kept = pc.if_else(is_told, volumes[name], pa.scalar(None, volumes.schema.field(name).type))
        volumes = volumes.set_column(place, name, kept)
    return volumes


async def _built_apart(address: str, index: Path) -> None:
    """`_build` in another process, which ends with this coroutine.

    Raises:
        LookupsError: it has failed; it told why on its own.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, address, str(index)), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status:
        raise LookupsError(f"the index {index} was not built (status {status})")


def _made_of(found: Sources) -> list[object]:
    """What JSON holds of the files, and of the floor under what is shown."""
    told = [
        [[file.address, file.size, file.modified_at.isoformat()] for file in files]
        for files in found
    ]
    return [MIN_SEARCHERS, *told]


def _newest(results: Results, dataset: str) -> tuple[FileStatus, ...]:
    day = results.newest(dataset)
    return tuple(results.files(f"{dataset}/dt={day}")) if day else ()


if __name__ == "__main__":
    # One that builds what somebody waits for takes the little that is left of the processor.
    os.nice(5)
    try:
        _build(Results(in_process(), sys.argv[1]), Path(sys.argv[2]))
    except (*UNREADABLE, LookupsError) as error:
        sys.exit(f"silgeom serve: look-ups cannot be built for now: {error}")
