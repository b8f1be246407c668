"""Keep the stored counts in step with `searches`: only what changed is counted.

Reads   searches/dt=; of keywords query_keywords/dt=, of interests topics/dt=, daily_counts/dt=
Writes  hourly_counts/dt=, daily_counts/dt=, daily_devices/dt=, daily_pairs/dt=, daily_clicks/dt=,
        hourly_keywords/dt=, daily_interests/dt=

The counts of a day note in their footer which files of searches they were made of. Where files have
only been added since, these alone are counted and added up with what is stored; else the whole day
is counted.
"""

import json
import logging
import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.carriers.steps import Kind, Mapped, Reduced, Write
from pipeline.columns import (
    DAILY_CLICKS,
    DAILY_COUNTS,
    DAILY_INTERESTS,
    DAILY_PAIRS,
    HOURLY_COUNTS,
    HOURLY_KEYWORDS,
    QUERY_KEYWORDS,
    SEARCHES,
    TOPICS,
    Columns,
)
from pipeline.counting import clicks, hours, sessions
from pipeline.counting import days as day_counts
from pipeline.counting.judging import without_clicks
from pipeline.runs.click_days import clicks_of_day
from pipeline.runs.stale import (
    SessionRules,
    click_version,
    day_version,
    days_of_sessions,
    interest_version,
    keyword_version,
    pair_version,
    shifted,
    stale_days,
)
from pipeline.store.day_files import buckets_of, of_bucket
from pipeline.store.root import Root
from pipeline.store.state import State
from pipeline.store.storage import Storage
from pipeline.store.tables import scanned, scanned_files, write

#: What maps give: parts of counts, of some people each; votes for forms of queries; stored counts
#: that hold still.
COUNTS, FORMS, STORED = "counts", "forms", "stored"
#: The note in the footer of counts.
_MADE_OF: Final = "silgeom.made_of"

_LOG = logging.getLogger(__name__)

Rows = dict[Kind, list[pl.DataFrame]]
_Found = dict[Kind, pl.DataFrame]
MappedRows = Iterator[Mapped[None]]
Interests = Callable[[pl.LazyFrame, pl.LazyFrame, pl.LazyFrame], pl.DataFrame]
#: Of a day and those beside it, the runs that changed what its counts read.
Runs = tuple[int, ...]


@dataclass(frozen=True)
class Work:
    """A bucket of people's day to be counted."""

    day: str
    files: Mapping[str, Sequence[str]]  #: day -> files of searches, of this day and around it
    bucket: int
    buckets: int
    #: Files that stored counts do not hold yet; None: all of the day is counted.
    added: frozenset[str] | None
    stored: str | None  #: the address of these counts

    def scan(
        self,
        storage: Storage,
        days: Iterable[str],
        *columns: str,
        added: bool | None = None,
        with_clicks: bool = False,
    ) -> pl.LazyFrame:
        """Some columns of the searches of some days, with `dt`.

        Args:
            storage: of the files.
            days: which.
            columns: which; `user_id` among them where people are cut into buckets.
            added: only from files that are added, or that are not; None: from all.
            with_clicks: also rows that are clicks at their own time.
        """
        wanted = {name: SEARCHES[name] for name in (*columns, "is_click")}
        parts = []
        for day in days:
            files = [
                each
                for each in self._of_bucket(day)
                if added is None or (each in (self.added or ())) is added
            ]
            rows = scanned_files(storage, files, wanted)
            if self.buckets > 1:
                rows = rows.filter(pl.col("user_id") % self.buckets == self.bucket)
            rows = rows if with_clicks else without_clicks(rows)
            parts.append(rows.select(*columns, dt=pl.lit(day)))
        return pl.concat(parts)

    def _of_bucket(self, day: str) -> Sequence[str]:
        files = self.files.get(day, ())
        if self.buckets > 1 and buckets_of(files) == self.buckets:
            return of_bucket(files, self.bucket)
        return files


Finish = Callable[[Work, _Found], MappedRows]


@dataclass(frozen=True)
class Counting:
    """How a dataset is counted."""

    dataset: str
    columns: Columns
    around: Sequence[int]  #: the days that are read, from the day itself
    runs: Callable[[State, str], Runs]
    made_of: Callable[[Runs], str]  #: the fingerprint of counts of searches of such runs
    count: Callable[..., MappedRows]  #: of a bucket; hands what it found to `finish`
    together: Callable[[Rows], pl.DataFrame]


def refresh_hourly_counts(root: Root) -> int:
    """Count the hours of changed days; the number of days."""
    counting = Counting(
        "hourly_counts",
        HOURLY_COUNTS,
        (0,),
        run_of_day,
        partial(day_version, "hourly_counts"),
        partial(_hours_of_day, storage=root.storage, zone=root.state.zone),
        _hours_together,
    )
    return refresh(root, counting, root.state.days)


def refresh_daily_counts(root: Root, needed: Collection[str]) -> int:
    """Count the queries of those of the `needed` days that changed; the number of days."""
    counting = Counting(
        "daily_counts",
        DAILY_COUNTS,
        (0,),
        run_of_day,
        partial(day_version, "daily_counts"),
        partial(_queries_of_day, storage=root.storage),
        _queries_together,
    )
    return refresh(root, counting, needed)


def refresh_daily_pairs(root: Root, needed: Collection[str], rules: SessionRules) -> int:
    """Count the pairs of sessions that begin on `needed` days that changed; the number of days.

    A session that crosses midnight is read on from the next day, and one that came over from the
    day before is left to that day.
    """
    counting = Counting(
        "daily_pairs",
        DAILY_PAIRS,
        (-1, 0, 1),
        _runs_around_day,
        partial(pair_version, rules),
        partial(_pairs_of_day, storage=root.storage, zone=root.state.zone, rules=rules),
        _pairs_together,
    )
    return refresh(root, counting, needed, days_of_sessions)


def refresh_daily_clicks(root: Root, needed: Collection[str], rules: SessionRules) -> int:
    """Count what became of searches in sessions that begin on `needed` days that changed.

    A day is counted as a whole: a click that comes late changes searches that are counted.
    """
    counting = Counting(
        "daily_clicks",
        DAILY_CLICKS,
        (-1, 0, 1),
        _runs_around_day,
        partial(click_version, rules),
        partial(_clicks_of_day, storage=root.storage, zone=root.state.zone, rules=rules),
        _clicks_together,
    )
    return refresh(root, counting, needed, days_of_sessions)


def refresh_hourly_keywords(root: Root, needed: Collection[str]) -> int:
    """Count the hours of keywords of `needed` days that changed; the number of days.

    The `query_keywords` of these days are up to date; days without are left out.
    """

    def runs(state: State, day: str) -> Runs:
        # What the keywords were made of is part of what these counts are made of.
        made_of = root.made_of("query_keywords", f"dt={day}") or ""
        return (state.days[day].any, int(made_of[:15] or "0", 16))

    counting = Counting(
        "hourly_keywords",
        HOURLY_KEYWORDS,
        (0,),
        runs,
        keyword_version,
        partial(_keywords_of_day, root=root.address, storage=root.storage, zone=root.state.zone),
        _hours_together,
    )
    here = {day for day in needed if root.has_day("query_keywords", day)}
    return _refresh_those(root, counting, here)


def refresh_daily_interests(root: Root, needed: Mapping[str, str], counted: Interests) -> int:
    """Count what people searched for on `needed` days that changed; the number of days.

    Args:
        root: held.
        needed: the day -> the week whose topics hold on it: these, and the counts of the day, are
            up to date.
        counted: `interests_of_day` of searches, topics and counts.
    """

    def runs(state: State, day: str) -> Runs:
        made_of = root.made_of("topics", f"dt={needed[day]}") if day in needed else None
        return (state.days[day].any, int((made_of or "")[:15] or "0", 16))

    counting = Counting(
        "daily_interests",
        DAILY_INTERESTS,
        (0,),
        runs,
        interest_version,
        partial(
            _interests_of_day,
            root=root.address,
            storage=root.storage,
            weeks=dict(needed),
            counted=counted,
        ),
        _interests_together,
    )
    return _refresh_those(root, counting, set(needed))


def refresh(
    root: Root,
    counting: Counting,
    needed: Collection[str],
    stale: Callable[..., list[str]] = stale_days,
) -> int:
    """Count those of the `needed` days that changed; the number of days.

    Args:
        root: held.
        counting: how.
        needed: days.
        stale: tells which of them changed, as `stale_days` does.
    """
    wanted = versions_wanted(root, counting)
    days = stale(root, counting.dataset, wanted, needed)
    count_days(root, counting, days, wanted)
    return len(days)


def _refresh_those(root: Root, counting: Counting, needed: Collection[str]) -> int:
    """Count those of some days that changed, and leave all others as they are."""
    wanted = {day: each for day, each in versions_wanted(root, counting).items() if day in needed}
    made = root.days_made(counting.dataset)
    stored = set(root.days_of(counting.dataset))
    days = sorted(
        day
        for day, version in wanted.items()
        if (made.get(day) != version or day not in stored)
        and root.has_day("searches", day)
        and root.state.is_kept(counting.dataset, day)
    )
    count_days(root, counting, days, wanted)
    return len(days)


def run_of_day(state: State, day: str) -> Runs:
    return (state.days[day].any,)


def _runs_around_day(state: State, day: str) -> Runs:
    days = state.days
    before, after = days.get(shifted(day, -1)), days.get(shifted(day, 1))
    return (days[day].any, before.tail if before else 0, after.head if after else 0)


def versions_wanted(root: Root, counting: Counting) -> dict[str, str]:
    state = root.state
    return {day: counting.made_of(counting.runs(state, day)) for day in state.days}


def count_days(
    root: Root, counting: Counting, days: Sequence[str], wanted: Mapping[str, str]
) -> None:
    if not days:
        return
    dataset = counting.dataset
    _LOG.info("counting %s: %d days from %s to %s", dataset, len(days), days[0], days[-1])
    with root.change() as change:
        work = [each for day in days if day in wanted for each in _work(root, counting, day)]
        notes = {
            each.day: json.dumps(
                {"runs": counting.runs(root.state, each.day), "files": _names(each.files)}
            )
            for each in work
        }
        carrier = root.carrier()
        spool = carrier.spool()
        try:
            reducer = partial(_reduced, dataset=dataset, together=counting.together)
            staged = partial(
                _write_staged, storage=root.storage, staging=change.address(""), notes=notes
            )
            finish = partial(_finished, reducer=reducer, staged=staged)
            carrier.map(work, partial(counting.count, finish=finish), spool)
            groups = {key: [key] for key in spool.all_keys()}
            carrier.reduce(spool, groups, reducer, staged)
        finally:
            spool.close()
        change.put_days(dataset, change.address(dataset), days, made_of=wanted)


def _work(root: Root, counting: Counting, day: str) -> list[Work]:
    around = [shifted(day, by) for by in counting.around]
    files = {
        each: [
            file.address
            for file in root.storage.files(f"{root.address}/searches/dt={each}") or []
            if file.address.endswith(".parquet")
        ]
        for each in around
        if root.has_day("searches", each)
    }
    buckets = buckets_of(files[day]) or 1
    added, stored = _added_since(root, counting, day, files) if buckets == 1 else (None, None)
    return [Work(day, files, each, buckets, added, stored) for each in range(buckets)]


def _names(files: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {day: sorted(map(posixpath.basename, each)) for day, each in sorted(files.items())}


def _added_since(
    root: Root, counting: Counting, day: str, files: Mapping[str, Sequence[str]]
) -> tuple[frozenset[str] | None, str | None]:
    """Which files the stored counts of a day do not hold yet, and where these counts are.

    None, None: they are not there, or hold what is there no more.
    """
    folder = f"{root.address}/{counting.dataset}/dt={day}"
    found = [each.address for each in root.storage.files(folder) or []]
    if len(found) != 1:
        return None, None
    try:
        with root.storage.open(found[0]) as stream:
            notes = pq.read_metadata(stream).metadata or {}
        made_of = json.loads(notes[_MADE_OF.encode()])
        runs = tuple(int(run) for run in made_of["runs"])
        counted = {f"{each}/{name}" for each, names in made_of["files"].items() for name in names}
    except (pa.ArrowException, KeyError, ValueError, TypeError):
        return None, None
    if root.made_of(counting.dataset, f"dt={day}") != counting.made_of(runs):
        return None, None
    here = {
        f"{each}/{posixpath.basename(file)}": file for each, some in files.items() for file in some
    }
    if not counted <= here.keys():
        return None, None
    return frozenset(here[name] for name in here.keys() - counted), found[0]


def _finished(
    work: Work,
    found: _Found,
    reducer: Callable[[str, Rows], Reduced[None]],
    staged: Write,
) -> MappedRows:
    """What came of a bucket of people, to be brought together with the others of the day.

    Of the only bucket it is written here and now: such days cost the memory of one.
    """
    key = f"dt={work.day}"
    found = {kind: rows for kind, rows in found.items() if len(rows)}
    if work.buckets > 1:
        yield Mapped(None, {(key, kind): rows for kind, rows in found.items()})
    elif found:
        made = reducer(key, {kind: [rows] for kind, rows in found.items()})
        for folder, table in made.tables.items():
            staged(folder, key, table)


def _reduced(
    key: str, rows: Rows, dataset: str, together: Callable[[Rows], pl.DataFrame]
) -> Reduced[None]:
    counts = together(rows)
    return Reduced(None, {f"{dataset}/{key}": counts} if len(counts) else {})


def _write_staged(
    folder: str,
    key: str,
    rows: pl.DataFrame,
    *,
    storage: Storage,
    staging: str,
    notes: Mapping[str, str],
) -> None:
    made_of = {_MADE_OF: notes[key.removeprefix("dt=")]}
    write(storage, f"{staging}{folder}/part.parquet", rows, made_of)


# --- Hours -----------------------------------------------------------------------------------


def _hours_of_day(work: Work, finish: Finish, storage: Storage, zone: str) -> MappedRows:
    return finish(work, _hours(work, storage, zone))


def _hours(work: Work, storage: Storage, zone: str) -> _Found:
    columns = ("searched_at", "user_id", "query_id")
    rows = work.scan(storage, [work.day], *columns)
    if work.added is None or work.stored is None:
        return {COUNTS: hours.hourly_counts(rows.collect(), zone=zone)}
    fresh = work.scan(storage, [work.day], *columns, added=True).collect()
    stored = scanned_files(storage, [work.stored], HOURLY_COUNTS)
    if fresh.is_empty():
        return {STORED: stored.collect()}
    # What comes later changes no hour before; of people of later hours all of the day is read.
    first = hours.hourly_counts(fresh.bottom_k(1, by="searched_at"), zone=zone)["hour"][0]
    late = rows.filter(pl.col("searched_at") >= first).collect()
    people = late.lazy().select("user_id").unique()
    early = rows.filter(pl.col("searched_at") < first).join(people, on="user_id", how="semi")
    counts = hours.hourly_counts(pl.concat([early.collect(), late]), zone=zone)
    return {
        STORED: stored.filter(pl.col("hour") < first).collect(),
        COUNTS: counts.filter(pl.col("hour") >= first),
    }


def _hours_together(rows: Rows) -> pl.DataFrame:
    parts = rows.get(COUNTS, [])
    counted = hours.added_up(pl.concat(parts)) if len(parts) > 1 else None
    every = [*rows.get(STORED, []), *(parts if counted is None else [counted])]
    return pl.concat([each.select(every[0].columns) for each in every])


def _keywords_of_day(
    work: Work, finish: Finish, root: str, storage: Storage, zone: str
) -> MappedRows:
    """The hours of keywords of a bucket of people, counted anew."""
    searches = work.scan(storage, [work.day], "searched_at", "user_id", "query_id").collect()
    keywords = scanned(storage, root, "query_keywords", [f"dt={work.day}"], QUERY_KEYWORDS)
    return finish(
        work,
        {COUNTS: hours.hourly_keywords(searches, keywords.drop("dt").collect(), zone=zone)},
    )


# --- Interests -------------------------------------------------------------------------------


def _interests_of_day(
    work: Work,
    finish: Finish,
    root: str,
    storage: Storage,
    weeks: Mapping[str, str],
    counted: Interests,
) -> MappedRows:
    """What a bucket of people searched for, counted anew."""
    searches = work.scan(storage, [work.day], "searched_at", "user_id", "query_id", "query")
    topics = scanned(storage, root, "topics", [f"dt={weeks[work.day]}"], TOPICS)
    counts = scanned(storage, root, "daily_counts", [f"dt={work.day}"], DAILY_COUNTS)
    return finish(work, {COUNTS: counted(searches, topics, counts)})


def _interests_together(rows: Rows) -> pl.DataFrame:
    return pl.concat(rows[COUNTS]).select(*DAILY_INTERESTS).sort("user_id", "feature")


# --- Queries of a day ------------------------------------------------------------------------


def _queries_of_day(work: Work, finish: Finish, storage: Storage) -> MappedRows:
    return finish(work, _queries(work, storage))


def _queries(work: Work, storage: Storage) -> _Found:
    columns = ("user_id", "query_id", "query", "surface")
    rows = work.scan(storage, [work.day], *columns)
    if work.added is None or work.stored is None:
        found = day_counts.counted(rows.collect())
        return {COUNTS: found.counts, FORMS: found.forms}
    fresh = work.scan(storage, [work.day], *columns, added=True).collect()
    earlier = work.scan(storage, [work.day], "user_id", "query_id", added=False)
    stored = scanned_files(storage, [work.stored], DAILY_COUNTS).collect()
    touched = fresh.select("query_id").unique()
    of_touched = stored.join(touched, on="query_id", how="semi")
    more = day_counts.counted_beside(fresh, earlier)
    odd = rows.filter(pl.col("surface") != pl.col("query"))
    odd = odd.join(touched.lazy(), on="query_id", how="semi").select("query_id", "user_id")
    forms = rows.join(odd.unique(), on=["query_id", "user_id"], how="semi").collect()
    counts = [of_touched.select(more.counts.columns), more.counts]
    return {
        STORED: stored.join(touched, on="query_id", how="anti"),
        COUNTS: day_counts.added_up_counts(pl.concat(counts)),
        FORMS: day_counts.votes(forms),
    }


def _queries_together(rows: Rows) -> pl.DataFrame:
    forms = pl.concat(rows[FORMS]) if rows.get(FORMS) else pl.DataFrame(schema=day_counts.FORMS)
    parts = rows.get(COUNTS, [])
    if len(parts) > 1:
        whole = day_counts.added_up([day_counts.DayPart(each, forms.clear()) for each in parts])
        forms = forms.group_by("query_id", "surface").agg(pl.col("votes").sum())
        parts = [whole.counts]
    counted = [day_counts.daily_counts(day_counts.DayPart(each, forms)) for each in parts]
    every = [*rows.get(STORED, []), *counted]
    return pl.concat([each.select(*DAILY_COUNTS) for each in every]).sort("query_id")


# --- Pairs -----------------------------------------------------------------------------------


def _pairs_of_day(
    work: Work, finish: Finish, storage: Storage, zone: str, rules: SessionRules
) -> MappedRows:
    return finish(work, _pairs(work, storage, zone, rules))


def _pairs(work: Work, storage: Storage, zone: str, rules: SessionRules) -> _Found:
    def near(*, added: bool | None = None) -> pl.LazyFrame:
        return _near(work, storage, zone, "searched_at", "user_id", "query_id", added=added)

    def pairs(rows: pl.DataFrame) -> pl.DataFrame:
        return sessions.session_pairs(
            rows,
            zone=zone,
            gap_minutes=rules.gap_minutes,
            max_queries=rules.max_queries,
            day=_epoch_day(work.day),
        )

    if work.added is not None and work.stored is not None:
        fresh = near(added=True).collect()
        people = fresh.lazy().select("user_id").unique()
        before = near(added=False).join(people, on="user_id", how="semi").collect()
        stored = scanned_files(storage, [work.stored], DAILY_PAIRS).collect()
        changed = sessions.changed(stored, pairs(before), pairs(pl.concat([before, fresh])))
        if changed is not None:
            return {STORED: changed}
    return {COUNTS: sessions.counted(pairs(near().collect()))}


def _near(
    work: Work,
    storage: Storage,
    zone: str,
    *columns: str,
    added: bool | None = None,
    with_clicks: bool = False,
) -> pl.LazyFrame:
    """The searches that may be in sessions that begin on the day; see `Work.scan`."""
    earliest, latest = sessions.reach(work.day, zone=zone)
    scan = partial(work.scan, storage, added=added, with_clicks=with_clicks)
    days = {day: scan([day], *columns) for day in work.files}
    is_near = pl.col("searched_at").is_between(earliest, latest)
    return pl.concat(
        [rows if day == work.day else rows.filter(is_near) for day, rows in days.items()]
    )


def _epoch_day(day: str) -> int:
    return (date.fromisoformat(day) - date(1970, 1, 1)).days


def _pairs_together(rows: Rows) -> pl.DataFrame:
    if STORED in rows:
        return rows[STORED][0]
    parts = rows[COUNTS]
    together = parts[0] if len(parts) == 1 else sessions.added_up(parts)
    return sessions.daily_pairs(together).select(*DAILY_PAIRS)


# --- Clicks ----------------------------------------------------------------------------------


def _clicks_of_day(
    work: Work, finish: Finish, storage: Storage, zone: str, rules: SessionRules
) -> MappedRows:
    near = partial(_near, work, storage, zone, with_clicks=True)
    made = clicks_of_day(near, day=_epoch_day(work.day), zone=zone, rules=rules)
    return finish(work, {COUNTS: made})


def _clicks_together(rows: Rows) -> pl.DataFrame:
    return clicks.added_up(rows[COUNTS]).select(*DAILY_CLICKS)
