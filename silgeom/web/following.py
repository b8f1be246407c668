"""Follows a root: what is shown is swapped whole when the root has changed.

The state of the root is looked at every `POLL_SECONDS`. Where the storage is out of reach, or a
result vanishes while it is read, what was shown before stays, and the root is tried again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.store.state import DEFAULT_ZONE
from silgeom.lookups import LookupsError
from silgeom.web import answers, counts
from silgeom.web.answers import Answers
from silgeom.web.boards import Board, Boards
from silgeom.web.categories import NO_CATEGORIES, Categories, categories_of
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
        categories: of queries.
        board_categories: of each query on the board; empty: none.
    """

    stamp: Stamp | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(DEFAULT_ZONE))
    board: Board | None = None
    curves: Curves = field(default_factory=dict)
    answers: Answers = answers.NO_ANSWERS
    categories: Categories = NO_CATEGORIES
    board_categories: Mapping[str, str] = field(default_factory=dict)


class Follower:
    """Keeps `shown` in step with a root.

    Attributes:
        shown: what to show now; replaced, never changed.
        boards: all boards that are stored.
        since: when the trouble began, UTC.
        has_looked: look-ups were there once, or could not be.
    """

    def __init__(self, results: Results, index: Path) -> None:
        """Take what is to be followed.

        Args:
            results: of the root.
            index: the folder for the index of look-ups.
        """
        self.results = results
        self.boards = Boards(results)
        self.shown = Shown()
        self.since: datetime | None = None
        self.has_looked = asyncio.Event()
        self._index = index
        self._troubles: dict[str, str] = {}
        self._answers_of: Stamp | None = None
        self._on_board: list[Callable[[Shown], None]] = []

    @property
    def trouble(self) -> str | None:
        """A sentence on why `shown` may be old; None: it is in step."""
        return next(iter(self._troubles.values()), None)

    def on_board(self, tell: Callable[[Shown], None]) -> None:
        """Have `tell` called in the event loop whenever there is another board."""
        self._on_board.append(tell)

    async def look(self) -> None:
        """Bring `shown` up to date. Never fails: see `trouble`."""
        await self._tried("the root", self.look_at_board)
        await self._tried("look-ups", self.look_at_answers)

    async def look_at_board(self) -> None:
        """Bring the board up to date, and tell those who wait for it.

        Raises:
            Exception: one of `UNREADABLE`.
        """
        stamp = await asyncio.to_thread(self.results.stamp)
        if stamp is None:
            gone = self.shown.stamp is not None
            self._say("the root", "the root has gone" if gone else "there is no root here yet")
            return
        if stamp != self.shown.stamp:
            self.boards.renew()
            before = self.shown.board
            found = await asyncio.to_thread(self._with_board, stamp)
            self.shown = replace(found, answers=self.shown.answers)  # they may be new by now
            board = self.shown.board
            if board is not None and (before is None or board.id != before.id):
                for tell in self._on_board:
                    tell(self.shown)
        self._say("the root", None)

    async def look_at_answers(self) -> None:
        """Bring look-ups up to date; boards go on meanwhile.

        Raises:
            LookupsError: their index cannot be built.
            Exception: one of `UNREADABLE`.
        """
        stamp = self.shown.stamp
        if stamp is not None and stamp != self._answers_of:
            found = await asyncio.to_thread(answers.sources, self.results)
            if found != self.shown.answers.sources:
                renewed = await answers.answers_of(self.results, found, self._index)
                self.shown = replace(self.shown, answers=renewed)
            self._answers_of = stamp
        self._say("look-ups", None)

    async def follow(self) -> None:
        """`look` again and again, until cancelled; a large index does not hold up boards."""
        await self._tried("the root", self.look_at_board)  # says whether there is anything
        await asyncio.gather(
            self._followed("the root", self.look_at_board),
            self._followed("look-ups", self.look_at_answers),
        )

    async def _followed(self, what: str, look: Callable[[], Awaitable[None]]) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            await self._tried(what, look)
            is_away = what in self._troubles and self.shown.stamp is not None
            pause = min(max(pause, POLL_SECONDS) * 2, LONGEST_PAUSE) if is_away else POLL_SECONDS

    async def _tried(self, what: str, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except (*UNREADABLE, LookupsError) as error:
            self._say(what, f"{what} cannot be read for now ({type(error).__name__})")
            _LOG.debug("%s", error)
        finally:
            if what == "look-ups":
                self.has_looked.set()

    def _with_board(self, stamp: Stamp) -> Shown:
        zone = self.results.zone()
        board = self.boards.newest(zone)
        curves = self.curves_of(board, zone) if board else {}
        categories = self._categories()
        of_board = categories.of(row["query"] for row in board.rows) if board else {}
        return Shown(stamp, zone, board, curves, categories=categories, board_categories=of_board)

    def _categories(self) -> Categories:
        """The newest categories; where they cannot be read for now, those of before."""
        with suppress(*UNREADABLE):
            return categories_of(self.results, self.shown.categories)
        return self.shown.categories

    def curves_of(self, board: Board, zone: ZoneInfo) -> Curves:
        """People by hour of each query on a board; empty curves where counts cannot be read."""
        with suppress(*UNREADABLE):
            return counts.curves(self.results, board, zone)
        return {row["query"]: [None] * counts.CURVE_HOURS for row in board.rows}

    def _say(self, what: str, trouble: str | None) -> None:
        """Note what is in the way, and log it when it begins and when it ends."""
        if trouble == self._troubles.get(what):
            return
        if trouble is None:
            _LOG.info("%s: read again", what)
            del self._troubles[what]
        else:
            _LOG.warning("%s: what was read last is shown, and it is tried again", trouble)
            self._troubles[what] = trouble
        self.since = (self.since or datetime.now(UTC)) if self._troubles else None
