"""The application: which address answers what.

Pages are rendered by `pages.py`; what `/api` gives stands here and in `payloads.py`. What is asked
on each key is answered in the event loop, from memory; what reads files is done in a thread.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from sse_starlette.sse import EventSourceResponse
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from silgeom.keyword_tool import KeywordTool, as_csv
from silgeom.profiles import Profiles
from silgeom.text import normalized_query
from silgeom.web import keywords, payloads, personal
from silgeom.web.access import Access, Guard
from silgeom.web.analytics import QUERIES, Analytics, analytics_of
from silgeom.web.answers import Answers
from silgeom.web.boards import Board
from silgeom.web.categories import require_category
from silgeom.web.counts import QueryFacts, query_facts
from silgeom.web.events import PING_SECONDS, SEND_SECONDS, Newest
from silgeom.web.following import Follower, Shown
from silgeom.web.habits import (
    CHANGES,
    CLASSES,
    Habits,
    Row,
    changes_as_csv,
    habits_of,
    pattern_of,
    patterns_as_csv,
)
from silgeom.web.kept import Kept
from silgeom.web.limits import MAX_QUERY, MAX_ROWS, MIN_SEARCHERS
from silgeom.web.log import Log, log_of
from silgeom.web.pages import STATIC, Pages, address_of, change_text, language_of_request
from silgeom.web.personal import RefusalError
from silgeom.web.reading import UNREADABLE, Results
from silgeom.web.segments import OfSegment, Segments, of_segment, segments_of
from silgeom.web.texts import LANGUAGES, habit_text, moment_text, text
from silgeom.web.words import Words, board_as_csv, words_as_csv, words_of

#: Pages of queries that stay in memory, and how many are read at a time.
FACTS_KEPT: Final = 256
FACTS_AT_ONCE: Final = 2
#: So long a request waits for the first look-ups.
PATIENCE_SECONDS: Final = 5.0
#: Answers to what is typed that stay in memory.
COMPLETIONS_KEPT: Final = 10_000

_PAGES: Final[dict[str, Any]] = {"include_in_schema": False, "response_model": None}


#: FastAPI would tell OpenTelemetry of requests, and with them what people search for.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


#: What is known of a query, its pattern, and its category (empty: none).
Facts = tuple[QueryFacts, Row | None, str]


class Server:
    """What the routes share: the follower, the newest event, pages, figures, and what is kept."""

    def __init__(self, results: Results, index: Path, profiles: Profiles | None = None) -> None:
        self.results = results
        self.profiles = profiles
        self.kept = Kept(results)
        self.follower = Follower(results, index)
        self.newest = Newest()
        self.pages = Pages(self.follower)
        self.figures = Figures(self)
        self._facts: dict[tuple[Any, str], Facts | None] = {}
        self._reading = asyncio.Semaphore(FACTS_AT_ONCE)
        self._completed: dict[tuple[str, int], bytes] = {}
        self._completed_by: Answers | None = None
        self._log: tuple[Any, Log] | None = None
        self._analytics: tuple[Any, Analytics | None] | None = None
        self._habits: tuple[Any, Habits] | None = None
        self._segments: tuple[Any, Segments] | None = None
        self._of_segments: dict[tuple[Any, int], OfSegment] = {}
        self._words: tuple[Any, Words] | None = None
        self.follower.on_board(self._publish)

    def _publish(self, shown: Shown) -> None:
        assert shown.board is not None
        board = payloads.board(shown.board, shown.curves, shown.board_categories)
        forms = {"json": payloads.dumped(board)}
        for language in LANGUAGES:
            forms[language] = payloads.dumped(
                {
                    "at": board["at"],
                    "as_of": moment_text(language, shown.board.at, shown.zone),
                    "rows": self.pages.rows(
                        shown.board, shown.curves, shown.board_categories, language
                    ),
                }
            )
        self.newest.publish("board", shown.board.id, forms)

    async def answers(self) -> Answers:
        """The look-ups; waits for them after the start.

        Raises:
            RefusalError: the index of a large result is being built.
        """
        try:
            await asyncio.wait_for(self.follower.has_looked.wait(), PATIENCE_SECONDS)
        except TimeoutError as error:
            raise RefusalError(503, "preparing") from error
        return self.follower.shown.answers

    async def keyword_tool(self) -> KeywordTool:
        """The keyword tool.

        Raises:
            RefusalError: nobody has made its volumes, or the index is being built.
        """
        tool = (await self.answers()).keyword_tool
        if tool is None:
            raise RefusalError(404, "no_volumes" if self.follower.shown.stamp else "no_root")
        return tool

    async def completions(self, typed: str, limit: int) -> bytes:
        """JSON of what may be meant; what many people type is kept."""
        answers = await self.answers()
        if answers is not self._completed_by:
            self._completed_by = answers
            self._completed.clear()
        key = (typed, limit)
        found = self._completed.get(key)
        if found is None:
            found = payloads.completions(typed, answers.complete(typed, limit))
            if len(self._completed) >= COMPLETIONS_KEPT:
                self._completed.clear()
            self._completed[key] = found
        return found

    async def facts(self, query: str) -> Facts | None:
        """What is known of a normalised query; None: fewer than k people."""
        shown = self.follower.shown
        key = (shown.stamp, query)
        if key not in self._facts:
            async with self._reading:
                self._facts[key] = await asyncio.to_thread(self._facts_of, query, shown)
            while len(self._facts) > FACTS_KEPT:
                del self._facts[next(iter(self._facts))]
        return self._facts[key]

    def _facts_of(self, query: str, shown: Shown) -> Facts | None:
        facts = query_facts(self.results, self.kept, self.follower.boards, query, shown.zone)
        if facts is None:
            return None
        return facts, pattern_of(self.results, query), shown.categories.of([query])[query]

    async def habits(self) -> Habits:
        """Patterns and changes as they are in the present state of the root."""
        shown = self.follower.shown
        if self._habits is None or self._habits[0] != shown.stamp:
            found = await asyncio.to_thread(habits_of, self.results, shown.categories)
            self._habits = (shown.stamp, found)
        return self._habits[1]

    async def segments(self) -> Segments:
        """Segments as they are in the present state of the root."""
        stamp = self.follower.shown.stamp
        if self._segments is None or self._segments[0] != stamp:
            self._segments = (stamp, await asyncio.to_thread(segments_of, self.results))
            self._of_segments.clear()
        return self._segments[1]

    async def some_segments(self) -> Segments:
        """`segments`.

        Raises:
            RefusalError: there are none yet.
        """
        _require_root(self)
        found = await self.segments()
        if found.day is None:
            raise RefusalError(404, "no_segments")
        return found

    async def of_segment(self, found: Segments, number: int) -> OfSegment:
        """What was made of one of these segments alone."""
        key = (found.day, number)
        if key not in self._of_segments:
            assert found.day is not None
            made = await asyncio.to_thread(of_segment, self.results, found.day, number)
            if found is not (self._segments or (None, None))[1]:
                return made  # the root has changed meanwhile
            self._of_segments[key] = made
        return self._of_segments[key]

    async def log(self) -> Log:
        """The log as it is in the present state of the root."""
        stamp = self.follower.shown.stamp
        if self._log is None or self._log[0] != stamp:
            self._log = (stamp, await asyncio.to_thread(log_of, self.results))
        return self._log[1]

    async def words(self) -> Words:
        """Keywords, as they are in the present state of the root."""
        shown = self.follower.shown
        if self._words is None or self._words[0] != shown.stamp:
            found = await asyncio.to_thread(words_of, self.results, shown.categories)
            self._words = (shown.stamp, found)
        return self._words[1]

    async def analytics(self) -> Analytics | None:
        """How searches end, in the present state of the root; None: it was not asked for yet."""
        shown = self.follower.shown
        if self._analytics is None or self._analytics[0] != shown.stamp:
            found = await asyncio.to_thread(analytics_of, self.results, shown.categories)
            self._analytics = (shown.stamp, found)
        return self._analytics[1]

    async def some_analytics(self) -> Analytics:
        """`analytics`.

        Raises:
            RefusalError: there are none.
        """
        _require_root(self)
        found = await self.analytics()
        if found is None:
            raise RefusalError(404, "no_analytics")
        return found

    async def board_at(self, at: str | None) -> tuple[Board, Mapping[str, Any], Mapping[str, str]]:
        """The board that was asked for, its curves, and the categories of its queries.

        Raises:
            RefusalError: there is no board, or none of that time.
        """
        shown, boards = self.follower.shown, self.follower.boards
        if at is None:
            if shown.board is None:
                raise RefusalError(404, "no_board" if shown.stamp else "no_root")
            return shown.board, shown.curves, shown.board_categories
        moment = _moment(at, shown)
        board = await asyncio.to_thread(boards.at, moment, shown.zone)
        if board is None:
            first = await asyncio.to_thread(self._first_end)
            last = shown.board and shown.board.at
            if first is None or last is None:
                raise RefusalError(404, "no_board")
            raise RefusalError(404, "outside", first=first, last=last)
        if shown.board is not None and board.id == shown.board.id:
            return shown.board, shown.curves, shown.board_categories
        curves = await asyncio.to_thread(self.follower.curves_of, board, shown.zone)
        queries = [row["query"] for row in board.rows]
        return board, curves, await asyncio.to_thread(shown.categories.of, queries)

    def require_category(self, category: str) -> None:
        """`require_category` among those of the root."""
        require_category(category, self.follower.shown.categories.names)

    def _first_end(self) -> datetime | None:
        boards, zone = self.follower.boards, self.follower.shown.zone
        return next((end for day in boards.days() for end in boards.of_day(day, zone)), None)


class Figures:
    """What Prometheus is told."""

    def __init__(self, server: Server) -> None:
        self.registry = CollectorRegistry()
        about: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter(
            "silgeom_web_requests", "Requests answered", ["method", "route", "status"], **about
        )
        self._seconds = Histogram(
            "silgeom_web_request_seconds", "Seconds to the first byte", ["route"], **about
        )
        gauges = {
            "silgeom_web_listeners": (
                "Browsers that wait for the next board",
                lambda: server.newest.listeners,
            ),
            "silgeom_web_trouble": (
                "1: the root cannot be read for now",
                lambda: int(server.follower.trouble is not None),
            ),
            "silgeom_web_board_timestamp_seconds": (
                "End of the newest board's window",
                lambda: board.at.timestamp() if (board := server.follower.shown.board) else 0,
            ),
        }
        for name, (words, value) in gauges.items():
            Gauge(name, words, **about).set_function(value)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        known = method if method in {"GET", "HEAD"} else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


ListName = Annotated[str, Query(alias="list")]
OfCategory = Annotated[
    str, Query(max_length=MAX_QUERY, description="Of this category alone; empty: of any.")
]
Number = Annotated[int, Query(ge=1, le=10**9, description="The number of a segment.")]
OfClass = Annotated[str, Query(max_length=20, description=f"One of {', '.join(CLASSES)}.")]
OfWhat = Annotated[
    Literal["queries", "keywords"],
    Query(description="Of queries, or of keywords in whatever queries."),
]
OfWords = Literal["days", "board"]
OfChange = Annotated[str, Query(max_length=20, description=f"One of {', '.join(CHANGES)}.")]

#: The parameters of /api; their bounds stand in the OpenAPI document.
Asked = Annotated[
    str,
    Query(min_length=1, max_length=MAX_QUERY, description="What is in the search box."),
]
Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="So many rows at most.")]
Band = Annotated[
    Literal["head", "torso", "tail"] | None,
    Query(description="Queries of this band alone: a third of all searches each."),
]
Of = Annotated[
    Literal["queries", "keywords"],
    Query(description="Rates of queries, or of all queries with a keyword."),
]
OfTable = Literal["queries", "keywords", "reformulations", "whole"]
At = Annotated[
    str | None,
    Query(
        max_length=40,
        description="ISO 8601: the board of the last window that ended by then; without an offset "
        "in the reporting zone. Without it, the newest board.",
    ),
]


def create_app(
    results: Results, access: Access, index: Path, profiles: Profiles | None = None
) -> FastAPI:
    """The application that shows a root.

    Args:
        results: of the root.
        access: who may ask.
        index: the folder for the index of look-ups.
        profiles: what people searched for; None: nobody's history is looked up.
    """
    server = Server(results, index, profiles)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with suppress(*UNREADABLE):  # told by the first look of `follow`
            await server.follower.look_at_board()
        following = asyncio.create_task(server.follower.follow())
        try:
            yield
        finally:
            server.newest.close()
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    app = FastAPI(
        title="Silgeom",
        description="Trending keywords, related searches and autocomplete of a search log.",
        version=payloads.VERSION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        lifespan=lifespan,
    )
    app.state.server = server
    app.mount("/static", STATIC, name="static")
    _add_errors(app, server)
    _add_api(app, server)
    _add_pages(app, server)
    _add_segments(app, server)
    _add_monitoring(app, server)
    app.add_middleware(
        Guard,
        access=access,
        refuse=lambda request, status, key: refused(server, request, status, key),
        observe=server.figures.observe,
    )
    return app


def _add_api(app: FastAPI, server: Server) -> None:
    @app.get("/api/trending", **_answers("A board.", payloads.BOARD_EXAMPLE, 404))
    async def trending(at: At = None, category: OfCategory = "") -> Response:
        """The board of trending keywords; rows of one category keep their ranks."""
        found = await server.board_at(at)
        server.require_category(category)
        return payloads.json_response(payloads.board(*found, category))

    @app.get("/api/related", **_answers("Likeliest first.", payloads.RELATED_EXAMPLE))
    async def related(q: Asked, limit: Limit = 10) -> Response:
        """What to offer beside the results of a query: corrections first."""
        _require_one_query(q)
        answers = await server.answers()
        return payloads.json_response(payloads.related(q, answers.related(q, limit)))

    @app.get("/api/complete", **_answers("Likeliest first.", payloads.COMPLETE_EXAMPLE))
    async def complete(q: Asked, limit: Limit = 10) -> Response:
        """What an unfinished query may become: half a syllable and initials will do."""
        return payloads.json_of(await server.completions(q, limit))

    @app.post(
        "/api/complete",
        openapi_extra=personal.BODY,
        **_answers("Likeliest first.", payloads.COMPLETE_EXAMPLE, 403, 413),
    )
    async def complete_for_person(request: Request) -> Response:
        """Completions for one person: own searches and those of the sitting are sent with it."""
        asked = await personal.question_of(request)
        known = asked.known(server.profiles, datetime.now(UTC))
        answers = await server.answers()
        found = await asyncio.to_thread(answers.complete, asked.q, asked.limit, known, asked.typed)
        return payloads.json_of(payloads.completions(asked.q, found))

    @app.post(
        "/api/related",
        openapi_extra=personal.BODY,
        **_answers("Likeliest first.", payloads.RELATED_TO_PERSON_EXAMPLE, 403, 413),
    )
    async def related_for_person(request: Request) -> Response:
        """Related searches for one person; each says whether that person searched for it."""
        asked = await personal.question_of(request)
        known = asked.known(server.profiles, datetime.now(UTC))
        answers = await server.answers()
        found = await asyncio.to_thread(answers.related, asked.q, asked.limit, known, asked.typed)
        return payloads.json_response(payloads.related_to_person(asked.q, found))

    @app.get("/api/keywords", **_answers("Likeliest first.", keywords.EXAMPLE, 404))
    async def keyword_tool(asked: keywords.Asked) -> Response:
        """The keywords near a seed, how large each is, and words that lead elsewhere."""
        tool = await server.keyword_tool()
        _require_one_query("".join(asked.seeds))
        require_category(asked.category, tool.categories)
        # In a thread: it is many look-ups, and who types must not wait for them.
        near = await asyncio.to_thread(keywords.near, tool, asked)
        negative = await asyncio.to_thread(keywords.negatives, tool, asked)
        return payloads.json_response(keywords.payload(asked, near, negative, tool.not_made))

    @app.get("/api/words", **_answers("By people.", payloads.WORDS_EXAMPLE, 404))
    async def words(limit: Limit = 50, category: OfCategory = "") -> Response:
        """The keywords of some days, in whatever queries they were, and the board of keywords.

        A keyword is of the category of the query that it is.
        """
        found = await _words(server)
        server.require_category(category)
        return payloads.json_response(payloads.words(found, limit, category))

    @app.get("/api/keywords.csv", include_in_schema=False, response_model=None)
    async def keywords_csv(asked: keywords.Asked) -> Response:
        tool = await server.keyword_tool()
        _require_one_query("".join(asked.seeds))
        require_category(asked.category, tool.categories)
        found = as_csv(await asyncio.to_thread(keywords.near, tool, asked))
        # The mark tells spreadsheets that it is UTF-8.
        return Response(
            f"\ufeff{found}".encode("utf-8", "replace"),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="keywords.csv"'},
        )

    @app.get("/api/query", **_answers("What is known of it.", payloads.QUERY_EXAMPLE, 404))
    async def query(q: Asked) -> Response:
        """People by hour, by weekday, and ranks, of a query that enough people typed on a day."""
        _require_one_query(q)
        found = await server.facts(normalized_query(q))
        if found is None:
            raise RefusalError(404, "query_few", k=MIN_SEARCHERS)
        return payloads.json_response(payloads.query(*found))

    @app.get("/api/patterns", **_answers("Most people first.", payloads.PATTERNS_EXAMPLE, 404))
    async def patterns(
        pattern: OfClass = "daily",
        limit: Limit = MAX_ROWS,
        of: OfWhat = "queries",
        category: OfCategory = "",
    ) -> Response:
        """The queries of a class, most people first; or the keywords."""
        habits = await _habits(server)
        server.require_category(category)
        lists = habits.patterns if of == "queries" else habits.keyword_patterns
        rows = lists.first(_one_of(pattern, CLASSES), limit, category)
        return payloads.json_response(payloads.patterns(habits.day, rows))

    @app.get("/api/changes", **_answers("Largest change first.", payloads.CHANGES_EXAMPLE, 404))
    async def changes(
        change: OfChange = "rising", limit: Limit = MAX_ROWS, category: OfCategory = ""
    ) -> Response:
        """The queries that changed from one week to the next, the largest change first."""
        habits = await _habits(server)
        server.require_category(category)
        rows = habits.changes.first(_one_of(change, CHANGES), limit, category)
        return payloads.json_response(payloads.changes(habits.day, rows))

    @app.get("/api/log", **_answers("The ledger, added up.", payloads.LOG_EXAMPLE, 404))
    async def log() -> Response:
        """What was taken in, what was not and why, and how fresh each result is."""
        _require_root(server)
        return payloads.json_response((await server.log()).as_json())

    @app.get("/api/analytics", **_answers("Rates.", payloads.ANALYTICS_EXAMPLE, 404))
    async def analytics(
        limit: Limit = 10, band: Band = None, of: Of = "queries", category: OfCategory = ""
    ) -> Response:
        """How searches end, as a whole and by day, and what is most worth mending.

        What is told as a whole and by day is of all categories.
        """
        found = await server.some_analytics()
        server.require_category(category)
        return payloads.json_response(
            await asyncio.to_thread(found.as_json, limit, band, of, category)
        )

    @app.get("/events", **_answers("Server-sent events named board.", None))
    async def events(
        request: Request,
        fragment: Annotated[
            str, Query(pattern="^(|ko|en)$", description="Rows as HTML in place of JSON.")
        ] = "",
        seen: Annotated[
            str, Query(max_length=80, description="The id of the board that is there already.")
        ] = "",
    ) -> Response:
        """The newest board now, and each new one as it comes; its data are as /api/trending."""
        seen = request.headers.get("last-event-id", seen)
        return EventSourceResponse(
            server.newest.events(fragment or "json", seen),
            ping=PING_SECONDS,
            send_timeout=SEND_SECONDS,
            headers={"Cache-Control": "no-store"},
        )


def _add_pages(app: FastAPI, server: Server) -> None:
    follower, pages = server.follower, server.pages

    @app.get("/", **_PAGES)
    async def board(
        request: Request,
        at: str | None = None,
        day: str | None = None,
        wall: str = "",
        category: OfCategory = "",
    ) -> Response:
        shown = follower.shown
        if day is not None:
            return await _board_of_day(server, day, at, {"wall": wall, "category": category})
        if at is None and shown.board is None:
            return pages.page(request, "empty.html", key="no_board" if shown.stamp else "no_root")
        found, curves, of_board = await server.board_at(at or None)
        server.require_category(category)
        times = await asyncio.to_thread(pages.times, found.at)
        return pages.board(
            request, found, curves, of_board, times, is_wall=wall == "1", category=category
        )

    @app.get("/search", **_PAGES)
    async def search(request: Request, q: str = "") -> Response:
        _require_short(q)
        query = normalized_query(q)
        answers = await server.answers()
        found = answers.related(query, 20) if query else []
        return pages.page(
            request,
            "search.html",
            q=query,
            corrections=[each for each in found if each.kind == "correction"],
            related=[each for each in found if each.kind != "correction"],
            people=[
                (each, payloads.dumped(each.history(datetime.now(UTC))))
                for each in personal.DEMO_PEOPLE
            ],
        )

    @app.get("/query", **_PAGES)
    async def query(request: Request, q: str = "") -> Response:
        _require_short(q)
        asked = normalized_query(q)
        if not asked:
            raise RefusalError(400, "no_query")
        found = await server.facts(asked)
        if found is None:
            return pages.page(request, "query_few.html", status=404, q=asked)
        await server.answers()
        return pages.query(request, *found)

    @app.get("/patterns", **_PAGES)
    async def patterns(
        request: Request,
        asked: ListName = "",
        of: OfWhat = "queries",
        category: OfCategory = "",
    ) -> Response:
        _require_root(server)
        server.require_category(category)
        names = (*CHANGES, *CLASSES) if of == "queries" else CLASSES
        chosen = _one_of(asked, names) if asked else ""
        return pages.patterns(request, await server.habits(), chosen, of, category)

    @app.get("/keywords", **_PAGES)
    async def keyword_tool(request: Request, category: OfCategory = "") -> Response:
        if not normalized_query(request.query_params.get("q", "").replace(",", " ")):
            words, tool = await server.words(), (await server.answers()).keyword_tool
            if words.day is None:
                tool = await server.keyword_tool()  # says what to run
            server.require_category(category)
            return pages.page(
                request,
                "keywords.html",
                question=None,
                seeds=[],
                has_tool=tool is not None,
                category=category,
                words=words,
                rows=words.first(50, category),
                trending=words.trending(category=category),
                habit=partial(habit_text, language_of_request(request)),
                change_text=change_text,
            )
        asked = keywords.question_of(request.query_params)
        tool = await server.keyword_tool()
        require_category(asked.category, tool.categories)
        found = await asyncio.to_thread(keywords.near, tool, asked)
        negative = await asyncio.to_thread(keywords.negatives, tool, asked)
        return pages.keywords(request, asked, found, negative, tool)

    @app.get("/analytics", **_PAGES)
    async def analytics(
        request: Request, of: Of = "queries", category: OfCategory = ""
    ) -> Response:
        _require_root(server)
        server.require_category(category)
        found = await server.analytics()
        rows, lost = [], []
        if found:
            rows = await asyncio.to_thread(found.first, MAX_ROWS, None, of, category)
            lost = await asyncio.to_thread(found.not_found, MAX_ROWS, None, of, category)
        return pages.page(
            request,
            "analytics.html",
            found=found,
            rows=rows,
            lost=lost,
            of=of,
            category=category,
        )

    @app.get("/api/patterns.csv", **_PAGES)
    async def patterns_table(
        pattern: OfClass = "daily", of: OfWhat = "queries", category: OfCategory = ""
    ) -> Response:
        habits = await _habits(server)
        server.require_category(category)
        asked = (_one_of(pattern, CLASSES), of, category)
        table = await asyncio.to_thread(
            patterns_as_csv, server.results, follower.shown.categories, *asked
        )
        return _csv(table, f"silgeom-patterns-{pattern}-{habits.day}.csv")

    @app.get("/api/changes.csv", **_PAGES)
    async def changes_table(change: OfChange = "rising", category: OfCategory = "") -> Response:
        habits = await _habits(server)
        server.require_category(category)
        assert habits.day is not None
        asked = (habits.day, _one_of(change, CHANGES), category)
        table = await asyncio.to_thread(
            changes_as_csv, server.results, follower.shown.categories, *asked
        )
        return _csv(table, f"silgeom-changes-{change}-{habits.day}.csv")

    @app.get("/api/words.csv", **_PAGES)
    async def words_table(of: OfWords = "days", category: OfCategory = "") -> Response:
        found = await _words(server)
        server.require_category(category)
        assert found.day is not None
        if of == "board":
            return _csv(board_as_csv(found, category), "silgeom-trending-keywords.csv")
        table = await asyncio.to_thread(
            words_as_csv, server.results, follower.shown.categories, found.day, category
        )
        return _csv(table, f"silgeom-keywords-{found.day}.csv")

    @app.get("/api/analytics.csv", **_PAGES)
    async def analytics_table(of: OfTable = "queries", category: OfCategory = "") -> Response:
        found = await server.some_analytics()
        server.require_category(category)
        table = await asyncio.to_thread(found.as_csv, of, category)
        name = "analytics" if of == QUERIES else f"analytics-{of}"
        return _csv(table, f"silgeom-{name}-{found.day}.csv")

    @app.get("/log", **_PAGES)
    async def log(request: Request) -> Response:
        _require_root(server)
        return pages.page(request, "log.html", log=await server.log(), now=datetime.now(UTC))

    @app.get("/about", **_PAGES)
    async def about(request: Request) -> Response:
        return pages.page(request, "about.html")

    @app.get("/api", **_PAGES)
    async def api(request: Request) -> Response:
        return pages.page(request, "api.html", paths=app.openapi()["paths"])


def _add_segments(app: FastAPI, server: Server) -> None:
    @app.get("/api/segments", **_answers("Most people first.", payloads.SEGMENTS_EXAMPLE, 404))
    async def all_segments() -> Response:
        """Kinds of people: how many, when they search, and what sets each apart."""
        return payloads.json_response(payloads.segments(await server.some_segments()))

    @app.get("/api/segment", **_answers("Of its people.", payloads.SEGMENT_EXAMPLE, 404))
    async def one_segment(segment: Number) -> Response:
        """A segment with its queries and, where they were made, with results of its people."""
        found = await server.some_segments()
        row = _segment_of(found, segment)
        made = await server.of_segment(found, segment)
        return payloads.json_response(payloads.segment(found, row, made))

    @app.get("/api/segments.csv", **_PAGES)
    async def all_segments_table() -> Response:
        found = await server.some_segments()
        return _csv(found.as_csv(), f"silgeom-segments-{found.day}.csv")

    @app.get("/api/segment.csv", **_PAGES)
    async def one_segment_table(segment: Number) -> Response:
        found = await server.some_segments()
        _segment_of(found, segment)
        return _csv(found.terms_as_csv(segment), f"silgeom-segment-{segment}-{found.day}.csv")

    @app.get("/segments", **_PAGES)
    async def segments(request: Request, segment: Number | None = None) -> Response:
        _require_root(server)
        found = await server.segments()
        chosen = next(iter(found.rows), None)
        if chosen is not None and segment is not None:
            chosen = _segment_of(found, segment)
        made = None if chosen is None else await server.of_segment(found, chosen["segment"])
        return server.pages.segments(request, found, chosen, made)


async def _board_of_day(
    server: Server, day: str, at: str | None, kept: Mapping[str, str]
) -> Response:
    """Lead the form of the time machine to a board: that of the time, if it is of the day.

    What is kept of the parameters, and is not empty, goes along.
    """
    shown, boards = server.follower.shown, server.follower.boards
    if day not in boards.days():
        raise RefusalError(404, "not_found")
    ends = list(await asyncio.to_thread(boards.of_day, day, shown.zone))
    asked = _moment(at, shown).astimezone(shown.zone) if at else None
    if not ends:
        raise RefusalError(404, "no_board")
    chosen = ends[-1]
    if asked is not None:
        wanted = datetime.fromisoformat(day).replace(
            hour=asked.hour, minute=asked.minute, tzinfo=shown.zone
        )
        chosen = max((end for end in ends if end <= wanted), default=ends[0])
    at = chosen.isoformat().replace("+00:00", "Z")
    return RedirectResponse(address_of("/", at=at, **kept), 303)


def _add_monitoring(app: FastAPI, server: Server) -> None:
    @app.get("/health", **_answers("It is well.", payloads.HEALTH_EXAMPLE, 503))
    async def health() -> Response:
        """200, or 503 with the reason."""
        follower = server.follower
        status = 503 if follower.trouble else 200
        return payloads.json_response(payloads.health(follower), status)

    @app.get("/metrics", **_PAGES)
    async def metrics() -> Response:
        return Response(generate_latest(server.figures.registry), media_type=CONTENT_TYPE_LATEST)


def _add_errors(app: FastAPI, server: Server) -> None:
    @app.exception_handler(RefusalError)
    async def refusal(request: Request, error: RefusalError) -> Response:
        return refused(server, request, error.status, error.key, **error.values)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = str(first["loc"][-1])
        if where == "q":
            key = "too_long" if first["type"] == "string_too_long" else "no_query"
            return refused(server, request, 422, key, most=MAX_QUERY)
        if where == "limit":
            return refused(server, request, 422, "bad_limit", most=MAX_ROWS)
        return refused(server, request, 422, "bad_parameter", where=where)

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        key = "not_allowed" if error.status_code == 405 else "not_found"
        return refused(server, request, error.status_code, key)

    async def gone(request: Request, _: Exception) -> Response:
        return refused(server, request, 503, "gone")

    for kind in UNREADABLE:
        app.add_exception_handler(kind, gone)


def refused(server: Server, request: Request, status: int, key: str, **values: object) -> Response:
    """A sentence with a status: a page for browsers, JSON for everybody else."""
    language = language_of_request(request)
    zone = server.follower.shown.zone
    told = {
        name: moment_text(language, value, zone) if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    sentence = text(language, key, **told)
    is_api = request.url.path.startswith(("/api/", "/events", "/health", "/metrics"))
    if is_api or "text/html" not in request.headers.get("accept", ""):
        return payloads.json_response({"error": sentence}, status)
    return server.pages.page(request, "sorry.html", status=status, sentence=sentence)


def _answers(description: str, example: object, *others: int) -> dict[str, Any]:
    """What the OpenAPI document says of the answers of a route."""
    kind = "text/event-stream" if example is None else "application/json"
    content = {kind: {} if example is None else {"example": example}}
    error = {"application/json": {"example": {"error": "A sentence."}}}
    responses: dict[int | str, dict[str, Any]] = {
        200: {"description": description, "content": content},
        **{status: {"description": "One sentence.", "content": error} for status in others},
    }
    return {"responses": responses, "response_model": None, "response_class": Response}


def _require_short(q: str) -> None:
    if len(q) > MAX_QUERY:
        raise RefusalError(422, "too_long", most=MAX_QUERY)


def _require_one_query(q: str) -> None:
    if not normalized_query(q):
        raise RefusalError(422, "no_query")


async def _words(server: Server) -> Words:
    """Keywords.

    Raises:
        RefusalError: there are none yet.
    """
    _require_root(server)
    found = await server.words()
    if found.day is None:
        raise RefusalError(404, "no_words")
    return found


async def _habits(server: Server) -> Habits:
    """Patterns and changes.

    Raises:
        RefusalError: there are none yet.
    """
    _require_root(server)
    habits = await server.habits()
    if habits.day is None:
        raise RefusalError(404, "no_patterns")
    return habits


def _segment_of(found: Segments, number: int) -> Row:
    row = next((each for each in found.rows if each["segment"] == number), None)
    if row is None:
        if not found.rows:
            raise RefusalError(404, "no_kind_of_people")
        numbers = ", ".join(str(each) for each in sorted(found.numbers))
        raise RefusalError(404, "no_such_segment", numbers=numbers)
    return row


def _csv(table: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(
        table.encode("utf-8", "replace"), media_type="text/csv; charset=utf-8", headers=headers
    )


def _one_of(name: str, names: Sequence[str]) -> str:
    if name not in names:
        raise RefusalError(422, "no_such_list", names=", ".join(names))
    return name


def _require_root(server: Server) -> None:
    if server.follower.shown.stamp is None:
        raise RefusalError(404, "no_root")


def _moment(text_: str, shown: Shown) -> datetime:
    """A time as it was asked for, UTC; without an offset it is in the reporting zone."""
    try:
        # In an address + is a space.
        found = datetime.fromisoformat(re.sub(r"(?<=\d) (?=\d\d:?\d\d$)", "+", text_[:40]))
        found = found if found.tzinfo else found.replace(tzinfo=shown.zone)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RefusalError(400, "bad_time") from None
