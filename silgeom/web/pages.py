"""The pages: templates, the language they speak, and what they are given.

Texts of users reach a page through `{{ }}` alone, where they lose what steers a terminal or the
direction of a text (`printable`) and are escaped; templates put them into <bdi>.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from silgeom.commands import printable
from silgeom.hangul import states_of_input
from silgeom.keyword_tool import Keyword, KeywordTool, Negative
from silgeom.seasons import peak_text
from silgeom.text import normalized_query
from silgeom.web import charts
from silgeom.web.boards import Board, Row
from silgeom.web.counts import Count, QueryFacts
from silgeom.web.following import Follower
from silgeom.web.habits import CHANGES, CLASSES, Habits
from silgeom.web.keywords import Question
from silgeom.web.limits import MAX_QUERY, MIN_SEARCHERS
from silgeom.web.payloads import moment
from silgeom.web.segments import OfSegment, Segments
from silgeom.web.texts import (
    LANGUAGE_COOKIE,
    LANGUAGES,
    TEXTS,
    ago_text,
    agreement_text,
    habit_text,
    language_of,
    moment_text,
    number_text,
    text,
)

_HERE: Final = Path(__file__).parent
_YEAR: Final = 365 * 24 * 3600

#: Related searches and completions that lead to a query, on its page.
_RELATED_SHOWN: Final = 10
_LEADS_SHOWN: Final = 8


class _Static(StaticFiles):
    """Files that change with the program alone: their address has a digest in it."""

    def file_response(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        return answer


STATIC: Final = _Static(directory=_HERE / "static")


def _digest() -> str:
    files = sorted((_HERE / "static").iterdir())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:10]


def language_of_request(request: Request) -> str:
    """The language in which a request is answered."""
    return language_of(
        request.query_params.get("lang", ""),
        request.cookies.get(LANGUAGE_COOKIE, ""),
        request.headers.get("accept-language", ""),
    )


class Pages:
    """Renders pages of what a follower shows."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            finalize=_finalized,
        )
        self._environment.globals.update(
            k=MIN_SEARCHERS,
            max_query=MAX_QUERY,
            version=_digest(),
            number=number_text,
            iso=moment,
            reason_text=_reason_text,
            pretty=_pretty,
            query_address=partial(_address, "/query"),
            search_address=partial(_address, "/search"),
            keywords_address=partial(_address, "/keywords"),
            address_of=address_of,
        )
        self._rows: dict[tuple[object, ...], Markup] = {}

    def page(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """A page in the visitor's language, which a choice in the address is remembered of."""
        language = language_of_request(request)
        chosen = request.query_params.get("lang", "")
        other = LANGUAGES[1 - LANGUAGES.index(language)]
        kept = [pair for pair in request.query_params.multi_items() if pair[0] != "lang"]
        values = {
            "q": "",
            "is_wall": False,
            "category": "",
            "categories": self._follower.shown.categories.names,
            **values,
            **self._words(language),
            "path": request.url.path,
            "other_language": other,
            "other_address": f"?{urlencode([*kept, ('lang', other)], errors='replace')}",
            "trouble": self._follower.trouble is not None
            and self._follower.shown.stamp is not None,
        }
        body = self._environment.get_template(template).render(values)
        answer = HTMLResponse(body.encode("utf-8", "replace"), status)
        answer.headers["Content-Language"] = language
        answer.headers["Vary"] = "Accept-Language, Cookie"
        if chosen in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR, httponly=True, samesite="lax")
        return answer

    def rows(
        self,
        board: Board,
        curves: Mapping[str, Sequence[Count]],
        categories: Mapping[str, str],
        language: str,
        category: str = "",
    ) -> Markup:
        """The rows of a board, of one category or (empty) of all."""
        key = (board.id, language, category, *sorted(categories.items()))
        if key not in self._rows:
            template = self._environment.get_template("_rows.html")
            values = {
                **self._words(language),
                "rows": [
                    row for row in board.rows if category in ("", categories.get(row["query"], ""))
                ],
                "category_of": lambda row: categories.get(row["query"], ""),
                "key_of": _key,
                "curve_of": lambda row: charts.curve(curves.get(row["query"], ()), language),
                "reasons_of": lambda row: _reasons(row, language),
            }
            if len(self._rows) > 64:
                self._rows.clear()
            self._rows[key] = Markup(template.render(values))
        return self._rows[key]

    def board(
        self,
        request: Request,
        board: Board,
        curves: Mapping[str, Sequence[Count]],
        categories: Mapping[str, str],
        times: Mapping[str, Any],
        *,
        is_wall: bool,
        category: str,
    ) -> HTMLResponse:
        """The page of a board, or of its rows of a category, and what leads to others."""
        newest = self._follower.shown.board
        return self.page(
            request,
            "board.html",
            board=board,
            rows=self.rows(board, curves, categories, language_of_request(request), category),
            category=category,
            is_newest=newest is None or newest.at == board.at,
            is_wall=is_wall,
            **times,
        )

    def times(self, at: datetime) -> dict[str, Any]:
        """What the time machine offers beside the board of a moment; reads files."""
        boards, zone = self._follower.boards, self._follower.shown.zone
        day = at.astimezone(zone).date().isoformat()
        ends = list(boards.of_day(day, zone))
        return {
            "days": boards.days()[::-1],
            "day": day,
            "ends": [(moment(end), f"{end.astimezone(zone):%H:%M}", end == at) for end in ends],
            "before": boards.before(at, zone),
            "after": boards.after(at, zone),
        }

    def patterns(
        self, request: Request, habits: Habits, chosen: str, of: str, category: str
    ) -> HTMLResponse:
        """The page of patterns and changes: one list, and the way to all others."""
        language = language_of_request(request)
        is_of_queries = of == "queries"
        names = (*CHANGES, *CLASSES) if is_of_queries else CLASSES
        classes = habits.patterns if is_of_queries else habits.keyword_patterns
        changes = habits.changes
        sizes = {**classes.sizes(category), **(changes.sizes(category) if is_of_queries else {})}
        chosen = chosen or next((name for name in names if sizes.get(name)), CLASSES[0])
        return self.page(
            request,
            "patterns.html",
            habits=habits,
            sizes=sizes,
            is_of_queries=is_of_queries,
            chosen=chosen,
            is_change=chosen in CHANGES,
            rows=(changes if chosen in CHANGES else classes).first(chosen, category=category),
            category=category,
            has_keywords=bool(habits.keyword_patterns.sizes()),
            change_names=CHANGES,
            class_names=CLASSES,
            has_changes=bool(changes.sizes()),
            habit=lambda row: habit_text(language, row),
            hours=_hours_text,
            change_text=change_text,
        )

    def segments(
        self,
        request: Request,
        found: Segments,
        chosen: Mapping[str, Any] | None,
        of_segment: OfSegment | None,
    ) -> HTMLResponse:
        """The page of segments: all of them, and one in full."""
        language = language_of_request(request)
        return self.page(
            request,
            "segments.html",
            found=found,
            chosen=chosen,
            terms=() if chosen is None else found.terms[chosen["segment"]],
            of_segment=of_segment,
            uses=[] if chosen is None else _uses(chosen),
            # After the first run each is new, which tells nothing.
            has_before=any(not row["is_new"] for row in found.rows),
            agreement=agreement_text(language, found.agreement),
            of_day=lambda row: charts.of_day(row["by_hour"], row["peak_hours"], language),
            hours_text=lambda row: _runs_of_hours(row["peak_hours"]),
        )

    def query(
        self,
        request: Request,
        facts: QueryFacts,
        pattern: Mapping[str, Any] | None,
        category: str,
    ) -> HTMLResponse:
        """The page of a query."""
        shown, language = self._follower.shown, language_of_request(request)
        has_hours = any(hour.searchers is not None for hour in facts.hours)
        has_cells = any(value is not None for row in facts.heat for value in row)
        has_ranks = any(each.rank is not None for each in facts.ranks)
        return self.page(
            request,
            "query.html",
            q=facts.query,
            facts=facts,
            category=category,
            shown_days=max(1, round(len(facts.hours) / 24)),
            hours=charts.hours(facts.hours, shown.zone, language) if has_hours else None,
            heat=charts.heat(facts.heat, language) if has_cells else None,
            ranks=charts.ranks(facts.ranks, shown.zone, language) if has_ranks else None,
            related=[
                each
                for each in shown.answers.related(facts.query, _RELATED_SHOWN)
                if each.kind != "popular"  # with everything: it tells nothing of this query
            ],
            leads=self._leads(facts),
            habit=pattern and habit_text(language, pattern),
            habit_hours=pattern and _hours_text(pattern),
        )

    def keywords(
        self,
        request: Request,
        question: Question,
        found: Sequence[Keyword],
        negatives: Sequence[Negative],
        tool: KeywordTool,
    ) -> HTMLResponse:
        """The page of the keyword tool."""
        language = language_of_request(request)
        asked = {name: value for name, value in asdict(question).items() if value}
        return self.page(
            request,
            "keywords.html",
            question=question,
            seeds=question.seeds,
            keywords=found,
            negatives=negatives,
            categories=tool.categories,
            category=question.category,
            has_tool=True,
            not_made=tool.not_made,
            season=lambda season: habit_text(language, asdict(season)),
            has_devices=any(each.volume.devices for each in found),
            has_clicks=any(each.volume.click_through is not None for each in found),
            few_seeds=tool.without_volume(question.seeds),
            csv_address=f"/api/keywords.csv?{urlencode(asked, errors='replace')}",
            curve_of=lambda each: charts.curve(
                each.volume.weekly_searchers, language, "weeks_label", from_first=True
            ),
        )

    def _leads(self, facts: QueryFacts) -> list[tuple[str, int]]:
        """What is typed on the way to a query, and the place at which it comes up then."""
        found = []
        for typed in states_of_input(facts.surface)[:20]:
            offered = self._follower.shown.answers.complete(typed, 10)
            texts = [normalized_query(each.text) for each in offered]
            if facts.query in texts:
                found.append((typed, texts.index(facts.query) + 1))
        return found[:_LEADS_SHOWN]

    def _words(self, language: str) -> dict[str, Any]:
        zone = self._follower.shown.zone
        return {
            "language": language,
            "t": partial(text, language),
            "when": lambda at: moment_text(language, at, zone),
            "ago": lambda at, now: ago_text(language, (now - at) / timedelta(seconds=1)),
        }


def _uses(row: Mapping[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """Each kind of use with its share here and of everybody; nothing where none is known."""
    told = [(use, row["uses"][use], of_all) for use, of_all in row["uses_of_all"].items()]
    return told if any(of_all is not None for _, _, of_all in told) else []


def _runs_of_hours(hours: Sequence[int]) -> str:
    """Hours in order, those that follow each other as one: 07:00–09:00, 22:00–23:00."""
    runs: list[list[int]] = []
    for hour in hours:
        if runs and runs[-1][1] == hour:
            runs[-1][1] = hour + 1
        else:
            runs.append([hour, hour + 1])
    return ", ".join(f"{first:02}:00–{end % 24:02}:00" for first, end in runs)


def _hours_text(row: Mapping[str, Any]) -> str:
    """The hours of a peak, from the first to the end of the last, 21:00-00:00; or a burst's day."""
    return peak_text(row["peak_hours"], row["peak_day"])


def change_text(trend: float | None) -> str:
    """A change as a percentage with its sign."""
    return "" if trend is None else f"{trend:+.0%}"


def _reasons(row: Row, language: str) -> list[str]:
    """Why a row is on the board, in sentences."""
    say = partial(text, language)
    season, recent = row["season_searchers"], row["recent_searchers"]
    expected, limit = row["expected_searchers"], row["surprise_score"]
    sentences = [say("why_people", n=number_text(row["searchers"]))]
    if season is not None and recent is not None:
        sentences += [
            say("why_season", n=number_text(season, 1)),
            say("why_recent", n=number_text(recent, 1)),
        ]
        larger = "why_larger_season" if season >= recent else "why_larger_recent"
        larger = larger if max(season, recent) >= expected - 1e-9 else "why_neither"
        sentences.append(say(larger, n=number_text(expected, 1)))
    elif expected is not None:
        sentences.append(say("why_expected", n=number_text(expected, 1)))
    believed = row["believed_searchers"]
    if believed is not None and believed != row["searchers"]:
        sentences.append(say("why_believed", n=number_text(believed, int(believed % 1 > 0))))
    score = number_text(row["score"], 1)
    if limit is None:
        sentences.append(say("why_score", score=score))
    else:
        key = "why_surprise" if row["is_surprise"] else "why_rise"
        # With one digit a rise that is just short of the limit would look like a surprise.
        sentences.append(say(key, score=number_text(row["score"], 2), limit=number_text(limit, 2)))
    return sentences


def _key(row: Row) -> str:
    """Tells the rows of one query on two boards; holds nothing of what was typed."""
    return hashlib.sha256(row["query"].encode("utf-8", "surrogatepass")).hexdigest()[:12]


def address_of(path: str, **parameters: str) -> str:
    """An address with those of the parameters that are not empty."""
    told = {name: value for name, value in parameters.items() if value}
    return f"{path}?{urlencode(told, safe=':', errors='replace')}" if told else path


def _address(path: str, q: str) -> str:
    """The address of a query's page, of which no character is raw."""
    # What steers a text goes: the query is the same without.
    return f"{path}?q={quote(normalized_query(q), safe='', errors='replace')}"


def _reason_text(t: Callable[[str], str], reason: str) -> str:
    """What a line was rejected or withheld for; a reason of another version is its own name."""
    key = f"reason_{reason}"
    return t(key) if key in TEXTS else reason


def _pretty(value: object) -> Markup:
    """JSON on many lines, of examples alone."""
    return Markup(escape(json.dumps(value, ensure_ascii=False, indent=1)))


def _finalized(value: object) -> object:
    """What `{{ }}` shows of a value."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    return "" if value is None else value
