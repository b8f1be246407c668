"""Take people out of everything that is kept under a root, and prove that they are in nothing.

Reads   every file under the root; the files of the landing folder, to name those that hold them
Writes  searches, rejects, ledger, the counts of the days that they searched on, interests, members,
        profiles, the list of erased

Where the searches of a day are kept, its counts are made again from them. Where they went for their
age, the people are taken out of the sketches: see scrubbing.py for what cannot be told then. Rows
of results name nobody.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.counting.scrubbing import (
    holding,
    scrubbed_daily_addresses,
    scrubbed_daily_clicks,
    scrubbed_daily_counts,
    scrubbed_daily_devices,
    scrubbed_daily_pairs,
    scrubbed_hourly_counts,
    without_people,
)
from pipeline.errors import InvalidParameterError, PipelineError, RootError
from pipeline.reading.erased import ERASED
from pipeline.reading.user_ids import SKETCH_SUFFIX, user_ids, visible_user
from pipeline.runs.count import (
    refresh_daily_clicks,
    refresh_daily_counts,
    refresh_daily_pairs,
    refresh_hourly_counts,
)
from pipeline.runs.count_addresses import refresh_daily_addresses
from pipeline.runs.count_devices import refresh_daily_devices
from pipeline.runs.forgetting import erase_profiles, up_to_date
from pipeline.runs.stale import SessionRules
from pipeline.store.evidence import Person, hits, holds_user
from pipeline.store.journal import Change
from pipeline.store.root import ERASED_PEOPLE, Root
from pipeline.store.state import DayVersion
from pipeline.store.storage import FileStatus, Storage, storage_of
from pipeline.store.tables import rows_of, table_of

#: Files of the landing folder are read piece by piece.
CHUNK_BYTES: Final = 1024 * 1024

#: What is made of counts of queries, and holds words or people of them.
KEYWORD_DATASETS: Final = ("words", "query_keywords", "daily_keywords", "hourly_keywords")
#: Counts of days by themselves, of which those after the first hear what queries have gone.
OF_DAYS: Final = ("daily_counts", "daily_devices")
#: Counts that are made in sessions, which cross midnight.
OF_SESSIONS: Final = ("daily_pairs", "daily_clicks")
#: Rows of people: theirs go.
OF_PEOPLE: Final = ("daily_interests", "interests", "members")

#: What a summary remembers of a result.
FIRST_LOOK: Final = "_first_look_"

_LOG = logging.getLogger(__name__)


class StillThereError(PipelineError):
    """Something under the root still tells of a person who was erased."""


@dataclass
class Erasure:
    """What was done."""

    searches: int = 0  #: rows that went, robots' among them
    days: set[str] = field(default_factory=set)  #: of searches
    recounted: set[str] = field(default_factory=set)  #: days whose counts were made again
    scrubbed: set[str] = field(default_factory=set)  #: days whose counts lost them from sketches

    def lines(self, people: int) -> list[str]:
        """The summary's lines."""
        return [
            f"Erased    {self.searches:,} searches of {people:,} people",
            f"Days      {len(self.recounted):,} counted again, {len(self.scrubbed):,} scrubbed",
        ]


@dataclass
class Proof:
    """What a search through all files found."""

    files: int = 0
    size: int = 0
    found: dict[str, int] = field(default_factory=dict)  #: address -> hits

    @property
    def hits(self) -> int:
        """In all files."""
        return sum(self.found.values())

    def line(self) -> str:
        """The summary's line."""
        searched = f"{self.files:,} files, {self.size:,} bytes searched"
        return f"Proof     {searched}: {self.hits:,} hits"


def known_users(texts: Iterable[str]) -> list[str]:
    """The users of a list, one a line; blank lines and # comments are none.

    Raises:
        InvalidParameterError: it names nobody.
    """
    stripped = [text.strip().removeprefix("\ufeff") for text in texts]
    users = sorted({text for text in stripped if visible_user(text) and not text.startswith("#")})
    if not users:
        raise InvalidParameterError("nobody is named: give --user or a list of users, one a line")
    return users


def person_of(root: Root, users: Sequence[str]) -> Person:
    """Whom to look for: the users, and their ids under the keys of the root."""
    ids = user_ids(pl.Series(users, dtype=pl.String), root.user_keys()).to_list()
    return Person(frozenset(ids), tuple(users))


def erase(root: Root, users: Sequence[str], *, rules: SessionRules, now: datetime) -> Erasure:
    """Take people out of everything under the root; safe to be cut off and run again.

    Args:
        root: held.
        users: as they stand in the log.
        rules: of the sessions whose pairs are counted again.
        now: their searches up to this moment do not come back.
    """
    person = person_of(root, users)
    done = Erasure()
    _LOG.info("looking for them in searches and counts")
    profiled = up_to_date(root)
    with root.change() as change:
        moved: Counter[tuple[str, bool]] = Counter()  # (source, robot) -> rows that went
        for day in root.days_of("searches"):
            _erase_searches(root, change, day, person.ids, moved, done)
        for day in root.days_of("rejects"):
            _erase_rejects(root, change, day, person, moved)
        done.searches = sum(moved.values())
        _note_in_ledger(root, change, moved)
        erased = root.erased().with_users(users, root.user_keys(), now)
        change.write(ERASED_PEOPLE, erased.to_text().encode(), private=True)
        again = _erase_counts(root, change, person.ids, done)
        erase_profiles(root, change, person.ids, profiled)
    for file in _everything(root.storage, root.address):
        if file.address.rpartition("/")[2].startswith(FIRST_LOOK):
            root.storage.delete(file.address)
    _count_again(root, again, rules, done)
    return done


def prove(root: Root, users: Sequence[str]) -> Proof:
    """Search every file under the root, hidden ones too, for the people.

    Raises:
        RootError: a folder must not be read.
    """
    person, proof = person_of(root, users), Proof()
    listed = root.storage.listing(root.address)
    if listed is not None and listed.unread:
        raise RootError(f"{listed.unread[0]} cannot be read: mend its permissions, run this again")
    for file in _everything(root.storage, root.address):
        content = root.storage.read_bytes(file.address)
        if content is None:
            continue  # it went meanwhile
        proof.files += 1
        proof.size += len(content)
        found = hits(content, person)
        if found:
            proof.found[file.address] = found
    return proof


def require_proof(proof: Proof) -> None:
    """Raise unless nothing was found.

    Raises:
        StillThereError: the files are named.
    """
    if proof.hits:
        names = ", ".join(sorted(proof.found)[:5])
        raise StillThereError(
            f"{proof.hits:,} places in {len(proof.found):,} files still tell of them: {names}; "
            "run this again, and if it stays, delete these files: they are made again"
        )


def landing_files(
    root: Root, users: Sequence[str], landing: str, ledger: Mapping[str, Any]
) -> Iterator[str]:
    """The files of the landing folder that hold these users, as their text or column says.

    Args:
        root: knows where files were taken from.
        users: as they stand in the log.
        landing: the landing folder's address.
        ledger: entries by source; they tell the charset.
    """
    storage = storage_of(root.session, landing)
    for file in _everything(storage, landing):
        entry = ledger.get(file.address)
        charset = (entry.charset if entry else None) or "UTF-8"
        try:
            with storage.open(file.address) as content:
                chunks = iter(partial(content.read, CHUNK_BYTES), b"")
                if holds_user(chunks, file.address, charset, users):
                    yield file.address
        except (OSError, pa.ArrowException, LookupError) as error:
            _LOG.warning("%s could not be searched: %s", file.address, error)


def _everything(storage: Storage, address: str) -> Iterator[FileStatus]:
    """All files below an address, those with hidden names too."""
    found = storage.listing(address)
    if found is None:
        return
    yield from found.files
    for hidden, _ in found.passed_over:
        yield from _everything(storage, hidden) if hidden != address else ()


def _tables(root: Root, dataset: str, day: str) -> Iterator[pa.Table]:
    for file in root.storage.files(f"{root.address}/{dataset}/dt={day}") or []:
        content = root.storage.read_bytes(file.address)
        if content is not None:
            yield pq.ParquetFile(BytesIO(content)).read()


def _put_again(
    change: Change,
    dataset: str,
    day: str,
    tables: Iterable[pa.Table],
    made_of: str | None = None,
) -> None:
    name = f"{dataset}/dt={day}"
    for number, table in enumerate(tables):
        if table.num_rows:
            change.stage_table(f"{name}/{number:05d}", table)
    change.put(dataset, f"dt={day}", change.address(name), made_of=made_of)


def _erase_searches(
    root: Root,
    change: Change,
    day: str,
    ids: Collection[int],
    moved: Counter[tuple[str, bool]],
    done: Erasure,
) -> None:
    wanted = pa.array(sorted(ids), pa.int64())
    if not any(
        pc.any(pc.is_in(table["user_id"], value_set=wanted)).as_py()
        for table in _tables(root, "searches", day)
    ):
        return
    newest: list[datetime] = []

    def others() -> Iterator[pa.Table]:
        for table in _tables(root, "searches", day):
            left = without_people(table, "user_id", ids)
            moved.update(_lost(table["source"], left["source"], robot=False))
            if left.num_rows:
                newest.append(pc.max(left["searched_at"]).as_py())
            yield left

    _put_again(change, "searches", day, others())
    done.days.add(day)
    change.state.days.pop(day, None)
    if newest:
        latest = max(newest).astimezone(UTC).isoformat()
        change.state.days[day] = DayVersion(change.run, change.run, change.run, latest)


def _erase_rejects(
    root: Root,
    change: Change,
    day: str,
    person: Person,
    moved: Counter[tuple[str, bool]],
) -> None:
    """Robots' searches of theirs go; a line that names them keeps its place and reason alone."""
    tables = list(_tables(root, "rejects", day))
    fresh, is_changed = [], False
    for table in tables:
        left = without_people(table, "search.user_id", person.ids)
        moved.update(_lost(table["source"], left["source"], robot=True))
        names = pc.fill_null(pc.match_substring_regex(left["text"], person.pattern), False)
        is_changed = is_changed or left.num_rows < table.num_rows or pc.any(names).as_py()
        place = left.schema.get_field_index("text")
        text = pc.if_else(names, pa.scalar(None, left["text"].type), left["text"])
        fresh.append(left.set_column(place, left.schema.field(place), text))
    if is_changed:
        _put_again(change, "rejects", day, fresh)


def _lost(before: pa.ChunkedArray, after: pa.ChunkedArray, *, robot: bool) -> dict[Any, int]:
    """(source, robot) -> how many rows of it went."""
    left = Counter(_counts(after))
    return {
        (source, robot): count - left[source]
        for source, count in _counts(before).items()
        if count > left[source]
    }


def _counts(sources: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(sources.combine_chunks())
    return {each["values"]: each["counts"] for each in counted.to_pylist()}


def _note_in_ledger(root: Root, change: Change, moved: Mapping[tuple[str, bool], int]) -> None:
    """What a file brought of them is no longer accepted, or a robot's, but withheld as erased."""
    if not moved:
        return
    tables = []
    for file in root.storage.files(f"{root.address}/ledger") or []:
        content = root.storage.read_bytes(file.address)
        if content is not None:
            table = pq.ParquetFile(BytesIO(content)).read()
            rows = rows_of(table)
            for row in rows:
                _note_in_row(row, moved)
            tables.append(table_of(rows, table.schema))
    for number, table in enumerate(tables):
        change.stage_table(f"ledger/{number:05d}", table)
    change.put("ledger", "", change.address("ledger"))


def _note_in_row(row: dict[str, Any], moved: Mapping[tuple[str, bool], int]) -> None:
    name = row.get("taken_in_as") or row["source"]
    searches, robots = moved.get((name, False), 0), moved.get((name, True), 0)
    if not searches and not robots:
        return
    reasons = Counter(row["withheld_by_reason"] or {})
    reasons["robot"] -= robots
    reasons[ERASED] += searches + robots
    row["accepted"] -= searches
    row["withheld"] += searches
    row["withheld_by_reason"] = {reason: n for reason, n in sorted(reasons.items()) if n}


def _erase_counts(
    root: Root, change: Change, ids: Collection[int], done: Erasure
) -> dict[str, set[str]]:
    """Scrub days that cannot be counted again; by dataset, those that must be.

    Of a day that can, it is forgotten what its counts were made of, so that they are made again
    whatever comes in between. Days of which that is forgotten already are left of an erasure that
    was cut off: their counts may hold the person though no sketch names them, and nobody reads
    them until they are made again.
    """
    datasets = (*OF_DAYS, *OF_SESSIONS, "daily_addresses")
    again: dict[str, set[str]] = {each: set() for each in datasets}
    touched = set(done.days)
    gone: dict[str, list[int]] = {}
    for dataset in again:
        known = root.days_made(dataset)
        for day in root.days_of(dataset):
            held = _holds(root, dataset, day, ids)
            if not held and day not in touched and day in known:
                continue
            if _can_be_counted(root, dataset, day):
                again[dataset].add(day)
                change.note_made_of(dataset, f"dt={day}", None)
            elif held:
                _scrub(root, change, dataset, day, ids, gone)
                done.scrubbed.add(day)
    for day, queries in gone.items():
        if queries and not _can_be_counted(root, "hourly_counts", day):
            hours = (
                scrubbed_hourly_counts(table, queries)
                for table in _tables(root, "hourly_counts", day)
            )
            _put_again(change, "hourly_counts", day, hours, _scrubbed_now(change))
    changed = touched | again["daily_counts"] | done.scrubbed
    _drop(root, change, KEYWORD_DATASETS, changed)
    told = root.days_of("keyword_clicks")
    naming = {day for day in told if _holds(root, "keyword_clicks", day, ids)}
    _drop(root, change, ("keyword_clicks",), changed | again["daily_clicks"] | naming)
    for dataset in OF_PEOPLE:
        for day in root.days_of(dataset):
            _erase_rows(root, change, dataset, day, ids)
    return again


def _erase_rows(root: Root, change: Change, dataset: str, day: str, ids: Collection[int]) -> None:
    """Take people's rows out of a day; where it can be counted, that is done again."""
    tables = list(_tables(root, dataset, day))
    left = [without_people(table, "user_id", ids) for table in tables]
    if sum(each.num_rows for each in left) < sum(each.num_rows for each in tables):
        is_kept = root.has_day("searches", day)
        _put_again(change, dataset, day, left, None if is_kept else _scrubbed_now(change))


def _holds(root: Root, dataset: str, day: str, ids: Collection[int]) -> bool:
    """Whether a sketch of a day names any of these people."""
    return any(
        pc.any(holding(table[name], ids)).as_py()
        for table in _tables(root, dataset, day)
        for name in table.column_names
        if name.endswith(SKETCH_SUFFIX)
    )


def _drop(root: Root, change: Change, datasets: Iterable[str], days: Collection[str]) -> None:
    """Let what is made of keywords of days go: the next run that reads it makes it.

    Of days whose searches went for their age the hours of keywords do not come back.
    """
    for dataset in datasets:
        for day in sorted(set(root.days_of(dataset)) & set(days)):
            change.remove(dataset, f"dt={day}")


def _can_be_counted(root: Root, dataset: str, day: str) -> bool:
    """Whether `refresh` counts the day again: see there."""
    if not root.has_day("searches", day) or not root.state.is_kept(dataset, day):
        return False
    is_first = day == root.state.kept_from.get("searches")
    return dataset not in OF_SESSIONS or not is_first


def _scrub(
    root: Root,
    change: Change,
    dataset: str,
    day: str,
    ids: Collection[int],
    gone: dict[str, list[int]],
) -> None:
    fresh = []
    for table in _tables(root, dataset, day):
        if dataset == "daily_counts":
            left, queries = scrubbed_daily_counts(table, ids)
            gone.setdefault(day, []).extend(queries)
        elif dataset == "daily_devices":
            left = scrubbed_daily_devices(table, ids, gone.get(day, []))
        elif dataset == "daily_pairs":
            left = scrubbed_daily_pairs(table, ids, gone.get(day, []))
        elif dataset == "daily_addresses":
            left = scrubbed_daily_addresses(table, ids, gone.get(day, []))
        else:
            left = scrubbed_daily_clicks(table, ids, gone.get(day, []))
        fresh.append(left)
    _put_again(change, dataset, day, fresh, _scrubbed_now(change))


def _scrubbed_now(change: Change) -> str:
    """What scrubbed counts were made of: results that read them are made again."""
    return f"erased in {change.run}"


def _count_again(
    root: Root, again: Mapping[str, set[str]], rules: SessionRules, done: Erasure
) -> None:
    days = set(done.days)
    # Sessions cross midnight: those of the day before and after read of these days too.
    around = {
        (date.fromisoformat(day) + timedelta(days=by)).isoformat()
        for day in days
        for by in (-1, 0, 1)
    }
    refresh_hourly_counts(root)
    refresh_daily_counts(root, again["daily_counts"] | (days & set(root.days_made("daily_counts"))))
    counted_devices = set(root.days_made("daily_devices"))
    refresh_daily_devices(root, again["daily_devices"] | (days & counted_devices))
    refreshes = {"daily_pairs": refresh_daily_pairs, "daily_clicks": refresh_daily_clicks}
    for dataset, refresh in refreshes.items():
        counted = set(root.days_made(dataset)) | again[dataset]
        refresh(root, again[dataset] | (around & counted), rules)
    counted = set(root.days_made("daily_addresses"))
    refresh_daily_addresses(root, again["daily_addresses"] | (days & counted))
    done.recounted = days.union(*again.values())
