"""Profiles of people: made of the searches of new days and of what was known before.

Reads   searches/dt=, profiles/dt=
Writes  profiles/dt= of the last two days that have searches; older ones go

Of the last day more may come in, so the day before is kept too, from which the last one is made
again. Where days further back have changed, all is made again from the searches that are kept.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.carriers.steps import Mapped
from pipeline.columns import SEARCHES
from pipeline.counting.histories import FORGOTTEN, HISTORIES, histories, without_forgotten
from pipeline.counting.judging import without_clicks
from pipeline.errors import LandingError
from pipeline.store.day_files import buckets_of, of_bucket
from pipeline.store.journal import Change
from pipeline.store.profile_files import PROFILES, ProfileFile, file_name, parsed_profiles
from pipeline.store.root import Root
from pipeline.store.state import State, fingerprint
from pipeline.store.storage import Storage
from pipeline.store.tables import scanned_files
from silgeom.personal import HALF_LIFE_DAYS
from silgeom.profiles import VERSION

#: Days and queries of a person that are kept unless told otherwise.
PROFILE_DAYS: Final = 84
PROFILE_QUERIES: Final = 50
#: Partitions that are kept.
KEPT: Final = 2
#: A bucket of people takes so many bytes; stored searches grow to so many times theirs.
BUCKET_BYTES: Final = 32_000_000
GROWTH: Final = 3

_LOG = logging.getLogger(__name__)
_NEEDED: Final = ("searched_at", "user_id", "query_id", "surface")


@dataclass(frozen=True)
class ProfileOptions:
    """See `histories`."""

    days: int = PROFILE_DAYS
    queries: int = PROFILE_QUERIES


@dataclass(frozen=True)
class Profiled:
    """What became of the newest profiles."""

    day: str
    is_new: bool
    people: int
    queries: int


@dataclass(frozen=True)
class _Work:
    """A bucket of people."""

    bucket: int
    buckets: int
    searches: Mapping[str, Sequence[str]]  #: by day, addresses
    before: str | None  #: the address of the file with these people
    forgotten: str | None  #: and of the newest one, which knows whom to forget


def refresh_profiles(root: Root, options: ProfileOptions) -> Profiled:
    """Make the profiles of the last two days that have searches, unless they are up to date.

    Raises:
        LandingError: there are no searches.
    """
    days = sorted(day for day in root.state.days if root.has_day("searches", day))[-KEPT:]
    if not days:
        raise LandingError("there is no search in the root yet: put a log into the landing folder")
    is_new = False
    for day in days:
        version = profiles_version(root.state, day, options)
        if root.made_of(PROFILES, f"dt={day}") != version or not files_of(root, day):
            _LOG.info("making %s of %s", PROFILES, day)
            with root.change() as change:
                _make(root, change, day, options)
                change.put(PROFILES, f"dt={day}", change.address(PROFILES), made_of=version)
            is_new = True
    gone = [day for day in root.days_of(PROFILES) if day not in days]
    if gone:
        with root.change() as change:
            for day in gone:
                change.remove(PROFILES, f"dt={day}")
    read = [_read(root.storage, each) for each in files_of(root, days[-1])]
    people = sum(each.rows["user_id"].n_unique() for each in read)
    return Profiled(days[-1], is_new, people, sum(len(each.rows) for each in read))


def profiles_version(state: State, day: str, options: ProfileOptions) -> str:
    """The fingerprint of the profiles of a day: of the searches of the days before, too."""
    first = (date.fromisoformat(day) - timedelta(days=options.days - 1)).isoformat()
    runs = {each: known.any for each, known in state.days.items() if first <= each <= day}
    return fingerprint(
        version=VERSION,
        half_life_days=HALF_LIFE_DAYS,
        options=asdict(options),
        zone=state.zone,
        searches=runs,
    )


def files_of(root: Root, day: str) -> list[str]:
    """The addresses of the profiles of a day, by bucket."""
    found = root.storage.files(f"{root.address}/{PROFILES}/dt={day}") or []
    return sorted(each.address for each in found)


def _make(root: Root, change: Change, day: str, options: ProfileOptions) -> None:
    base = _base(root, day, options)
    first = (date.fromisoformat(day) - timedelta(days=options.days - 1)).isoformat()
    fresh = [
        each
        for each in sorted(root.state.days)
        if (base or "") < each <= day and each >= first and root.has_day("searches", each)
    ]
    found = {each: root.storage.files(f"{root.address}/searches/dt={each}") or [] for each in fresh}
    before = files_of(root, base) if base else []
    newest = root.days_of(PROFILES)
    forgotten = files_of(root, newest[-1]) if newest else []
    size = GROWTH * sum(file.size for files in found.values() for file in files)
    size += sum(each.size for each in root.storage.files(f"{root.address}/{PROFILES}") or [])
    buckets = max(1, len(before), len(forgotten))
    while size / buckets > BUCKET_BYTES:
        buckets *= 2
    addresses = {each: [file.address for file in files] for each, files in found.items()}
    work = [
        _Work(
            bucket,
            buckets,
            addresses,
            before[bucket % len(before)] if before else None,
            forgotten[bucket % len(forgotten)] if forgotten else None,
        )
        for bucket in range(buckets)
    ]
    carrier = root.carrier()
    spool = carrier.spool()
    made = partial(
        _bucket_made,
        storage=root.storage,
        folder=change.address(PROFILES),
        at=end_of(day, root.state.zone),
        options=options,
        days=_days_kept(root.state, day, options),
    )
    try:
        carrier.map(work, made, spool)
    finally:
        spool.close()


def end_of(day: str, zone: str) -> int:
    """When a day of a zone ends, UTC seconds."""
    after = date.fromisoformat(day) + timedelta(days=1)
    return int(datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).timestamp())


def _days_kept(state: State, day: str, options: ProfileOptions) -> int:
    """For how many days queries are kept: for no longer than searches are."""
    first = state.kept_from.get("searches")
    if first is None:
        return options.days
    return min(options.days, (date.fromisoformat(day) - date.fromisoformat(first)).days + 1)


def _base(root: Root, day: str, options: ProfileOptions) -> str | None:
    """The newest day before whose profiles are up to date; None: all is made again."""
    made = root.days_made(PROFILES)
    fit = [
        each
        for each in root.days_of(PROFILES)
        if each < day and made.get(each) == profiles_version(root.state, each, options)
    ]
    return max((each for each in fit if files_of(root, each)), default=None)


def _read(storage: Storage, address: str) -> ProfileFile:
    return parsed_profiles(storage.read_bytes(address), address)


def _bucket_made(
    work: _Work, storage: Storage, folder: str, at: int, options: ProfileOptions, days: int
) -> list[Mapped[None]]:
    """Make the file of a bucket; it is written here and now."""
    is_here = pl.col("user_id") % work.buckets == work.bucket
    before, before_at = pl.DataFrame(schema=dict(HISTORIES)), at
    forgotten = pl.DataFrame(schema=dict(FORGOTTEN))
    if work.before is not None:
        known = _read(storage, work.before)
        before, before_at = known.rows.filter(is_here), known.at
    if work.forgotten is not None:
        forgotten = _read(storage, work.forgotten).forgotten.filter(is_here)
    wanted = {name: SEARCHES[name] for name in _NEEDED}
    read = {name: SEARCHES[name] for name in (*_NEEDED, "is_click")}
    parts = [
        without_clicks(scanned_files(storage, _of_bucket(files, work), read))
        .filter(is_here)
        .select(*wanted)
        for files in work.searches.values()
    ]
    searches = pl.concat(parts) if parts else pl.LazyFrame(schema=wanted)
    rows = histories(
        before,
        without_forgotten(searches, forgotten).select(*wanted).collect(),
        before_at=before_at,
        at=at,
        days=days,
        queries=options.queries,
    )
    still = forgotten.filter(pl.col("until").cast(pl.Int64) > at - options.days * 86_400)
    file = ProfileFile(rows, still, at, work.bucket, work.buckets, asdict(options))
    storage.write_bytes(f"{folder}/{file_name(work.bucket)}", file.written())
    return []


def _of_bucket(files: Sequence[str], work: _Work) -> Sequence[str]:
    """The files of a day that may hold people of a bucket."""
    buckets = buckets_of(files) or 1
    return of_bucket(files, work.bucket % buckets) if work.buckets % buckets == 0 else files
