"""Follow the landing folder: take in what comes, and keep the results in step with it.

Reads   the landing folder, and what taking in, counting and publishing read
Writes  what these write, and live/dt=

The root is held for one step at a time, so that jobs find their turn. A step that is cut off has
happened or not; the next one does what is missing, whoever takes it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Final

from pipeline.carriers.session import Session
from pipeline.errors import UnreachableError
from pipeline.failures import as_sentence
from pipeline.runs.count import refresh_daily_counts, refresh_daily_pairs, refresh_hourly_counts
from pipeline.runs.inspection import Landing
from pipeline.runs.live_boards import days_of, live_board, publish_live, stored_ends, wanted_ends
from pipeline.runs.publish import publish_autocomplete, publish_board, publish_related
from pipeline.runs.published import (
    AutocompleteOptions,
    RelatedOptions,
    TrendingOptions,
    as_of_day,
    days_until,
    hour_partition,
    next_full_hour,
)
from pipeline.runs.settling import Settling
from pipeline.runs.stale import SessionRules
from pipeline.runs.take_in import TakenIn, take_in, unreachable_text
from pipeline.store.root import Root, open_root
from pipeline.store.storage import FileStatus, qualified, storage_of
from silgeom.commands import printable

#: Seconds between two looks at the landing folder, of which each takes at most this share.
LOOK_SECONDS: Final = 0.5
LOOK_SHARE: Final = 0.02
#: Seconds after a step that failed, and at most after several in a row.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
#: The newest boards are made anew with what comes: files of one moment need not come together.
REMADE: Final = 3
#: Older boards that are missing are made so many at a time, between looks.
CAUGHT_UP: Final = 4
#: And boards of full hours.
HOURS_A_STEP: Final = 1
#: Seconds without news after which the last full hour of the log is taken for whole.
QUIET_SECONDS: Final = 30.0
#: A look that nothing asked for: lines of the future may have become past.
LOOK_ANYWAY_SECONDS: Final = 3600.0

_LOG = logging.getLogger(__name__)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class LiveOptions:
    """What is kept in step, and how often; minutes of 0: never."""

    trending: TrendingOptions
    related: RelatedOptions
    autocomplete: AutocompleteOptions
    rules: SessionRules
    slot_minutes: int
    history_hours: int  #: boards are made of so many hours before the newest search
    related_minutes: int
    autocomplete_minutes: int


@dataclass
class Status:
    """What `live` tells of itself; read by another thread."""

    started_at: datetime
    looked_at: datetime | None = None  #: the landing folder, without an error
    newest_search: datetime | None = None
    newest_board: datetime | None = None  #: the end of its window
    board_made_at: datetime | None = None
    trouble: str | None = None  #: one sentence; None: all is well
    trouble_since: datetime | None = None
    files: int = 0  #: in the landing folder
    waiting: int = 0  #: of them: still being written
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("files", "searches", "boards", "results", "failures"), 0
        )
    )
    step_seconds: float = 0.0  #: of the last step that did something


@dataclass
class Live:
    """One `live` at work on a root.

    Attributes:
        session: reads, writes and computes.
        root: its name.
        landing: where logs come in, and how they are read.
        zone: the reporting zone of a new root.
        options: what is kept in step.
        status: what is told to those who ask.
        clock: tells the time, with a zone.
        settling: which files can be read.
        look_seconds: how long the last look at the landing folder took.
    """

    session: Session
    root: str
    landing: Landing
    zone: str | None
    options: LiveOptions
    status: Status
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    settling: Settling = field(default_factory=Settling)
    _files: list[FileStatus] = field(default_factory=list)
    look_seconds: float = 0.0  #: what the last look took
    _has_news: bool = True
    _has_more: bool = False
    _remade: int = REMADE + 1
    _news_at: datetime | None = None
    _looked_anyway_at: datetime | None = None
    _results_at: dict[str, datetime] = field(default_factory=dict)
    #: At the start all: one that was killed may not have come to them.
    _results_due: set[str] = field(default_factory=lambda: {"autocomplete", "related"})

    def step(self) -> bool:
        """Look once, and do what is to be done; whether there may be more to do at once.

        Raises:
            PipelineError, OSError: something is in the way; the next step tries again.
        """
        now = self.clock()
        ready = self._look(now)
        if not self._files:
            return False  # nothing was ever put there, or logs were rotated away
        is_quiet = self._is_quiet(now)
        if not (ready or self._has_news or self._has_more or self._due(now) or is_quiet):
            return False
        began = monotonic()
        with open_root(self.session, self.root, zone=self.zone, say=_LOG.info) as root:
            taken = self._taken_in(root, ready, now) if ready else TakenIn()
            has_more = self._published(root, is_quiet)
            if is_quiet and not has_more:
                self._news_at = None  # all that the log has is published
            for result in self._due(now):
                self._result(root, result, now)
        self.status.step_seconds = monotonic() - began
        if taken.unreachable:
            raise UnreachableError(unreachable_text(taken.unreachable))
        return has_more

    def _look(self, now: datetime) -> frozenset[str]:
        """Look at the landing folder: the files that are to be read now."""
        began = monotonic()
        address = qualified(self.session, self.landing.address)
        listing = storage_of(self.session, address).listing(address)
        if listing is None:
            raise UnreachableError(
                f"the landing folder {self.landing.address} is gone: put it back"
            )
        self.look_seconds, self._files = monotonic() - began, listing.files
        ready = self.settling.look(listing.files, now)
        self.settling.forget(listing.files)
        self.status.files, self.status.looked_at = len(listing.files), now
        self.status.waiting = len(listing.files) - len(ready) - len(self.settling.read)
        anyway = self._looked_anyway_at or now
        if self._looked_anyway_at is None:
            self._news_at = now  # one before this may not have closed the last hour
        if ready or self._looked_anyway_at is None:
            self._looked_anyway_at = now
        elif (now - anyway).total_seconds() >= LOOK_ANYWAY_SECONDS:
            self._looked_anyway_at = now
            return self.settling.read
        return ready

    def _is_quiet(self, now: datetime) -> bool:
        """Whether it is time to close the last hour: some time after the last news."""
        since = self._news_at
        return since is not None and (now - since).total_seconds() >= QUIET_SECONDS

    def _due(self, now: datetime) -> list[str]:
        """Results whose turn has come, of those that news have made old."""
        every = {
            "autocomplete": self.options.autocomplete_minutes,
            "related": self.options.related_minutes,
        }
        return [
            result
            for result, minutes in every.items()
            if result in self._results_due
            and minutes
            and now - self._results_at.get(result, datetime.min.replace(tzinfo=UTC))
            >= timedelta(minutes=minutes)
        ]

    def _taken_in(self, root: Root, ready: frozenset[str], now: datetime) -> TakenIn:
        landing = replace(self.landing, only=ready | self.settling.read)
        taken = take_in(root, landing, now=now)
        self.settling.note_read(ready - taken.unreachable.keys())
        accepted = sum(entry.accepted for entry in taken.entries)
        self.status.counts["files"] += len(taken.entries)
        self.status.counts["searches"] += accepted
        if taken.entries or taken.forgotten:
            self._has_news, self._news_at = True, now
            self._results_due = {"autocomplete", "related"}
            _LOG.info("took in %d files with %d searches", len(taken.entries), accepted)
        for entry in taken.entries:
            if entry.detail:
                told = f"{entry.source}: {entry.status} ({entry.detail})"
                _LOG.warning("%s", printable(told))  # a name may hold anything
        return taken

    def _published(self, root: Root, is_quiet: bool) -> bool:
        """Make the boards that are missing, the newest first; whether some are left."""
        options = self.options
        refresh_hourly_counts(root)
        ends = wanted_ends(root, minutes=options.slot_minutes, hours=options.history_hours)
        if not ends:
            return False
        stored = stored_ends(root, days_of(ends, root.state.zone))
        missing = [end for end in ends if end not in stored]
        if self._has_news:
            # The newest comes first, since somebody waits for it. The last of those that there are
            # were made of what was there then: they are made anew, and so they are by the next
            # start when this is cut off, which then finds one more.
            again = sorted(stored)[-self._remade :]
            newest = ends[-1]
            publish_live(root, [newest], options.trending)
            self._told(root, newest)
            if rest := {*again, *missing[-REMADE:]} - {newest}:
                publish_live(root, sorted(rest), options.trending)
                self.status.counts["boards"] += len(rest)
            self._has_news, self._remade = False, REMADE
            missing = missing[:-REMADE]
        if older := missing[-CAUGHT_UP:]:
            publish_live(root, older, options.trending)
            self.status.counts["boards"] += len(older)
        over = ends if is_quiet else ends[:-REMADE]
        there = stored.union(missing[-CAUGHT_UP:])
        has_hours = self._publish_hours(root, [end for end in over if end in there])
        self._has_more = len(missing) > CAUGHT_UP or has_hours
        return self._has_more

    def _told(self, root: Root, newest: datetime) -> None:
        status = self.status
        status.newest_search, status.newest_board = root.state.newest_search(), newest
        status.board_made_at = self.clock()
        status.counts["boards"] += 1
        _LOG.info("board of the window up to %s is made", newest.isoformat())

    def _publish_hours(self, root: Root, over: list[datetime]) -> bool:
        """Make some boards of full hours that are over; whether more are due."""
        zone, trending = root.state.zone, self.options.trending
        due = [
            end
            for end in over
            if next_full_hour(end, zone) == end
            and root.made_of("trending", hour_partition(end, zone)) is None
        ]
        for end in due[:HOURS_A_STEP]:
            publish_board(root, end, trending, partial(live_board, root, end, trending))
            self.status.counts["results"] += 1
        return len(due) > HOURS_A_STEP

    def _result(self, root: Root, result: str, now: datetime) -> None:
        """Make related searches or completions as of today."""
        if root.state.newest_search() is None:
            return
        day = as_of_day(root, None)
        if result == "related":
            days = days_until(root, day, self.options.related.days)
            refresh_daily_counts(root, days)
            refresh_daily_pairs(root, days, self.options.rules)
            publish_related(root, day, self.options.related)
        else:
            refresh_daily_counts(root, days_until(root, day, self.options.autocomplete.days))
            publish_autocomplete(root, day, self.options.autocomplete)
        self._results_at[result] = now
        self._results_due.discard(result)
        self.status.counts["results"] += 1
        _LOG.info("%s as of %s is made", result, day)


def follow(live: Live, wait: Callable[[float], object]) -> None:
    """Take step after step until a signal ends it.

    What is in the way is said once, and again when it has gone; a fault of the code ends it.

    Args:
        live: takes the steps.
        wait: waits so many seconds; tests end it with an exception.
    """
    status, pause = live.status, FIRST_PAUSE
    while True:
        try:
            has_more = live.step()
        except Exception as error:
            told = _told(error)
            if told is None:
                raise
            status.counts["failures"] += 1
            if status.trouble != told:
                _LOG.error("%s", told)
                status.trouble, status.trouble_since = told, live.clock()
            wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            continue
        if status.trouble is not None:
            _LOG.warning("it works again")
            status.trouble = status.trouble_since = None
        pause = FIRST_PAUSE
        if not has_more:
            wait(max(LOOK_SECONDS, live.look_seconds / LOOK_SHARE))


def _told(error: Exception) -> str | None:
    """What is in the way, in one sentence; None: it is a fault of the code."""
    told = as_sentence(error)
    if told is not None:
        return str(told)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: tried again"
    return None
