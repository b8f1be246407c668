"""Follows a root: what is shown is swapped whole when the root has changed.

The state of the root is looked at every `POLL_SECONDS`. Where the storage is out of reach, or a
result vanishes while it is read, what was shown before stays, and the root is tried again.
"""

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline.store.state import DEFAULT_ZONE
from silgeom.web import answers, counts
from silgeom.web.answers import Answers
from silgeom.web.boards import Board, Boards
from silgeom.web.reading import UNREADABLE, Results, Stamp

POLL_SECONDS: Final = 0.5
#: The longest pause while the storage is out of reach.
LONGEST_PAUSE: Final = 30.0

_LOG: Final = logging.getLogger(__name__)

Curves = Mapping[str, list[counts.Count]]


@dataclass(frozen=True)
class Shown:
    """What is shown at one time.

    Attributes:
        stamp: the state of the root; None: there is none yet.
        zone: the reporting zone.
        board: the newest; None: there is none yet.
        curves: people by hour of each query on the board.
        answers: look-ups.
    """

    stamp: Stamp | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(DEFAULT_ZONE))
    board: Board | None = None
    curves: Curves = field(default_factory=dict)
    answers: Answers = answers.NO_ANSWERS


class Follower:
    """Keeps `shown` in step with a root.

    Attributes:
        shown: what to show now; replaced, never changed.
        boards: all boards that are stored.
        trouble: a sentence on why `shown` may be old; None: it is in step.
        since: when the trouble began, UTC.
        has_looked: look-ups were loaded once, or could not be.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.boards = Boards(results)
        self.shown = Shown()
        self.trouble: str | None = None
        self.since: datetime | None = None
        self.has_looked = asyncio.Event()
        self._are_answers_due = True
        self._on_board: list[Callable[[Shown], None]] = []

    def on_board(self, tell: Callable[[Shown], None]) -> None:
        """Have `tell` called in the event loop whenever there is another board."""
        self._on_board.append(tell)

    async def look(self) -> None:
        """Bring `shown` up to date. Never fails: see `trouble`."""
        try:
            await self.look_at_board()
            await self.look_at_answers()
        except UNREADABLE as error:
            self._say(f"the root cannot be read for now ({type(error).__name__})")
        finally:
            self.has_looked.set()

    async def look_at_board(self) -> None:
        """Bring the board up to date, and tell those who wait for it.

        Raises:
            Exception: one of `UNREADABLE`.
        """
        stamp = await asyncio.to_thread(self.results.stamp)
        if stamp is None:
            gone = self.shown.stamp is not None
            self._say("the root has gone" if gone else "there is no root here yet")
            return
        if stamp != self.shown.stamp:
            self.boards.renew()
            self._are_answers_due = True
            before = self.shown.board
            self.shown = await asyncio.to_thread(self._with_board, stamp)
            board = self.shown.board
            if board is not None and (before is None or board.id != before.id):
                for tell in self._on_board:
                    tell(self.shown)
        if not self._are_answers_due:
            self._say(None)

    async def look_at_answers(self) -> None:
        """Bring look-ups up to date; the board is shown meanwhile.

        Raises:
            Exception: one of `UNREADABLE`.
        """
        if self._are_answers_due and self.shown.stamp is not None:
            await asyncio.to_thread(self._renew_answers)
            self._are_answers_due = False
            self._say(None)

    async def follow(self) -> None:
        """`look` again and again, until cancelled."""
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            await self.look()
            is_away = self.trouble is not None and self.shown.stamp is not None
            pause = min(max(pause, POLL_SECONDS) * 2, LONGEST_PAUSE) if is_away else POLL_SECONDS

    def _with_board(self, stamp: Stamp) -> Shown:
        zone = self.results.zone()
        board = self.boards.newest(zone)
        curves = self.curves_of(board, zone) if board else {}
        return Shown(stamp, zone, board, curves, self.shown.answers)

    def curves_of(self, board: Board, zone: ZoneInfo) -> Curves:
        """People by hour of each query on a board; empty curves where counts cannot be read."""
        with suppress(*UNREADABLE):
            return counts.curves(self.results, board, zone)
        return {row["query"]: [None] * counts.CURVE_HOURS for row in board.rows}

    def _renew_answers(self) -> None:
        shown = self.shown
        found = answers.sources(self.results)
        if found != shown.answers.sources:
            renewed = answers.loaded(self.results, found)
            # They are looked at by no collection of garbage, which would keep requests waiting.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            pa.default_memory_pool().release_unused()
            shown = self.shown
            self.shown = Shown(shown.stamp, shown.zone, shown.board, shown.curves, renewed)

    def _say(self, trouble: str | None) -> None:
        """Note what is in the way, and log it when it begins and when it ends."""
        if trouble == self.trouble:
            return
        if trouble is None:
            _LOG.info("the root is read again")
            self.since = None
        else:
            _LOG.warning("%s: what was read last is shown, and it is tried again", trouble)
            self.since = datetime.now(UTC)
        self.trouble = trouble
