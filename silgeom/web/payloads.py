"""What `/api` answers: plain values, and JSON of them.

JSON is escaped to ASCII, so that no character in it steers a terminal, or the direction of a text.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib import metadata
from typing import Any, Final

from starlette.responses import Response

from silgeom.complete import Completion
from silgeom.related import Related
from silgeom.web.boards import Board
from silgeom.web.counts import Count, QueryFacts
from silgeom.web.following import Follower
from silgeom.web.segments import OfSegment, Segments
from silgeom.web.words import Words

try:
    VERSION: Final = metadata.version("silgeom")
except metadata.PackageNotFoundError:
    VERSION = "unknown"  # type: ignore[misc]  # a checkout that is not installed

_ROW: Final = (
    *("rank", "query", "surface", "previous_rank", "movement", "searchers", "expected_searchers"),
    *("score", "is_surprise", "variants", "season_searchers", "recent_searchers"),
    *("believed_searchers", "surprise_score"),
)


def dumped(value: object) -> str:
    """JSON in ASCII, on one line."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def json_response(value: object, status: int = 200) -> Response:
    """An answer in JSON."""
    return json_of(dumped(value).encode("ascii"), status)


def json_of(body: bytes, status: int = 200) -> Response:
    """An answer of which the JSON is there already."""
    return Response(body, status, media_type="application/json")


def moment(at: datetime) -> str:
    """A moment, ISO 8601 in UTC."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def board(
    found: Board,
    curves: Mapping[str, Sequence[Count]],
    categories: Mapping[str, str],
    category: str = "",
) -> dict[str, Any]:
    """A board, its rows by rank, each with the people of the last 24 hours by hour.

    Args:
        found: the board.
        curves: of its queries.
        categories: of its queries; empty: none.
        category: of which rows are wanted; empty: of any.
    """
    rows = [
        {
            **{name: row[name] for name in _ROW},
            "category": categories.get(row["query"], ""),
            "hours": list(curves.get(row["query"], ())),
        }
        for row in found.rows
        if category in ("", categories.get(row["query"], ""))
    ]
    return {"at": moment(found.at), "id": found.id, "rows": rows}


def completions(q: str, found: Sequence[Completion]) -> bytes:
    """JSON of completions, the likeliest first."""
    rows = [
        {
            "text": each.text,
            "searchers": each.searchers,
            "weight": round(each.weight, 3),
            "found_by": each.key,
        }
        for each in found
    ]
    return dumped({"q": q, "completions": rows}).encode("ascii")


def related(q: str, found: Sequence[Related]) -> dict[str, Any]:
    """Related searches, corrections and then the likeliest first."""
    rows = [{"text": each.text, "kind": each.kind, "score": each.score} for each in found]
    return {"q": q, "related": rows}


def related_to_person(q: str, found: Sequence[Related]) -> dict[str, Any]:
    """The same, and what of it the person who asks searched for."""
    rows = [
        {"text": each.text, "kind": each.kind, "score": each.score, "searched": each.searched}
        for each in found
    ]
    return {"q": q, "related": rows}


def query(facts: QueryFacts, pattern: Mapping[str, Any] | None, category: str) -> dict[str, Any]:
    """What is known of a query. null stands for fewer people than may be shown."""
    return {
        "query": facts.query,
        "surface": facts.surface,
        "category": category,
        "hours": [
            {
                "start": moment(hour.start),
                "searchers": hour.searchers,
                "usual": hour.usual,
                "is_burst": hour.is_burst,
            }
            for hour in facts.hours
        ],
        "by_weekday_and_hour": [list(row) for row in facts.heat],
        "ranks": [{"at": moment(each.at), "rank": each.rank} for each in facts.ranks],
        "pattern": pattern and _plain(pattern),
    }


def patterns(day: str | None, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Queries with their patterns, what most people typed first."""
    return {"day": day, "patterns": [_plain(row) for row in found]}


def changes(day: str | None, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Queries that changed. null stands for fewer people than may be shown."""
    return {"day": day, "changes": [_plain(row) for row in found]}


def segments(found: Segments) -> dict[str, Any]:
    """Kinds of people, those of most people first. null stands for fewer people than may be told.

    `agreement` is null where there are not two segments.
    """
    rows = [_segment(row) for row in found.rows]
    return {"day": found.day, "agreement": found.agreement, "segments": rows}


def segment(found: Segments, row: Mapping[str, Any], of_segment: OfSegment) -> dict[str, Any]:
    """One of them in full; `results` is null where nobody has asked for them."""
    terms = [
        {name: value for name, value in each.items() if name != "segment"}
        for each in found.terms[row["segment"]]
    ]
    board = [{**each, "window_end": moment(each["window_end"])} for each in of_segment.board]
    results = {
        "at": of_segment.at and moment(of_segment.at),
        "trending": board,
        "related": list(of_segment.related),
        "completions": list(of_segment.completions),
    }
    told = {"day": found.day, **_segment(row), "terms": terms}
    return {**told, "results": results if of_segment.is_made else None}


def _segment(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if name != "agreement"}
    return {**told, "typical": [each["surface"] for each in row["typical"]]}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its dates in ISO 8601."""
    return {name: _day(value) for name, value in row.items()}


def _day(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def words(found: Words, limit: int, category: str = "") -> dict[str, Any]:
    """Keywords by people, and the newest board of keywords."""
    names = ("keyword", "kind", "searchers", "searches", "previous_searchers", "change")
    return {
        "day": found.day,
        "keywords": [
            {
                **{name: row[name] for name in names},
                "examples": list(row["examples"]),
                "pattern": found.patterns.get(row["keyword"], {}).get("pattern"),
                "words": found.patterns.get(row["keyword"], {}).get("words"),
                "category": row["category"],
            }
            for row in found.first(limit, category)
        ],
        "trending": list(found.trending(limit, category)),
    }


def health(follower: Follower) -> dict[str, Any]:
    """How the server is."""
    shown = follower.shown
    return {
        "status": "trouble" if follower.trouble else "ok",
        "trouble": follower.trouble,
        "trouble_since": follower.since and moment(follower.since),
        "board": shown.board and moment(shown.board.at),
    }


_AT: Final = "2026-03-15T15:00:00Z"
BOARD_EXAMPLE: Final = {
    "at": _AT,
    "id": "20260315T150000Z-5f2b0c6a91d4",
    "rows": [
        {
            **{"rank": 1, "query": "내일 한파", "surface": "내일 한파", "previous_rank": 4},
            **{"movement": "UP", "searchers": 25, "expected_searchers": 0.5, "score": 11.67},
            **{"is_surprise": True, "variants": [], "season_searchers": 0.0},
            **{"recent_searchers": 0.0, "believed_searchers": 25.0, "surprise_score": 4.23},
            **{"category": "날씨", "hours": [None, None, 7, 25]},
        }
    ],
}
COMPLETE_EXAMPLE: Final = {
    "q": "카캉",
    "completions": [
        {"text": "카카오톡", "searchers": 90, "weight": 85.2, "found_by": "keystrokes"}
    ],
}
RELATED_EXAMPLE: Final = {
    "q": "제주도",
    "related": [{"text": "제주도 날씨", "kind": "together", "score": 0.21}],
}
RELATED_TO_PERSON_EXAMPLE: Final = {
    "q": "제주도",
    "related": [
        {"text": "제주도 날씨", "kind": "together", "score": 0.21, "searched": ""},
        {"text": "김포공항 주차", "kind": "together", "score": 0.0, "searched": "sitting"},
    ],
}
PATTERN_EXAMPLE: Final = {
    **{"query": "코스피", "surface": "코스피", "searchers": 151, "days": 14},
    **{"pattern": "weekdays", "words": "weekday mornings", "peak_weekdays": [1, 2, 3, 4, 5]},
    **{"peak_hours": [9], "part_of_day": "morning", "peak_day": None, "daily_strength": 0.29},
    **{"weekly_strength": 0.72, "yearly_strength": None, "trend": -0.26},
}
PATTERNS_EXAMPLE: Final = {
    "day": "2026-03-15",
    "patterns": [{**PATTERN_EXAMPLE, "category": "금융"}],
}
CHANGES_EXAMPLE: Final = {
    "day": "2026-03-15",
    "changes": [
        {
            **{"query": "황사", "surface": "황사", "change": "falling", "rank": 1},
            **{"searchers": 5, "searchers_before": 105, "score": -5.96},
            **{"week_ends": "2026-03-15", "category": "날씨"},
        }
    ],
}
_SEGMENT_EXAMPLE: Final = {
    **{"segment": 3, "label": "제주도 맛집 · 제주도 가볼만한곳 · 제주도 항공권", "people": 611},
    **{"people_share": 0.19, "searches": 10_600, "searches_share": 0.22},
    **{"typical": ["제주도 맛집", "제주도 가볼만한곳", "제주도 항공권"], "peak_hours": [21]},
    **{"by_hour": [0.02, None, 0.05], "is_new": False, "people_before": 598, "stayed": 0.91},
    "uses": {"looking_up": 0.81, "navigating": 0.12, "news": None, "shopping": None},
    "uses_of_all": {"looking_up": 0.7, "navigating": 0.24, "news": 0.06, "shopping": None},
    "navigating_by": "clicks",
}
SEGMENTS_EXAMPLE: Final = {"day": "2026-03-15", "agreement": 0.63, "segments": [_SEGMENT_EXAMPLE]}
SEGMENT_EXAMPLE: Final = {
    "day": "2026-03-15",
    **_SEGMENT_EXAMPLE,
    "terms": [
        {
            **{"rank": 1, "query": "제주도 맛집", "surface": "제주도 맛집", "people": 120},
            **{"share": 0.196, "share_of_all": 0.044, "divergence": 0.02},
        }
    ],
    "results": {
        "at": _AT,
        "trending": [
            {
                **{"window_end": _AT, "rank": 1, "query": "내일 한파", "surface": "내일 한파"},
                **{"searchers": 9, "expected_searchers": 0.5, "score": 5.8, "is_surprise": True},
            }
        ],
        "related": [
            {
                **{"query": "제주도", "kind": "related", "rank": 1},
                **{"related_query": "제주도 날씨", "related_surface": "제주도 날씨"},
                **{"score": 0.21, "significance": 12.4, "sessions": 40, "searchers": 38},
                "next_probability": 0.1,
            }
        ],
        "completions": [
            {
                **{"typed": "제", "rank": 1, "completion": "제주도 맛집", "searchers": 120},
                "weight": 101.3,
            }
        ],
    },
}
QUERY_EXAMPLE: Final = {
    "query": "내일 한파",
    "surface": "내일 한파",
    "category": "날씨",
    "hours": [{"start": _AT, "searchers": 25, "usual": None, "is_burst": True}],
    "by_weekday_and_hour": [[None, 6.5]],
    "ranks": [{"at": _AT, "rank": 3}],
    "pattern": PATTERN_EXAMPLE,
}
LOG_EXAMPLE: Final = {
    **{"files": 14, "taken_in": 14, "same_content": 0, "lines": 54_404, "accepted": 49_382},
    **{"duplicates": 624, "rejected": 448, "withheld": 3_950},
    **{"rejected_by_reason": {"bad_time": 26}, "withheld_by_reason": {"robot": 3_900}},
    **{"set_aside": [{"name": "notes.txt", "fault": "unknown_format"}], "set_aside_files": 1},
    "freshness": [{"result": "trending", "day": "2026-03-16", "written_at": _AT}],
}
_RATES_EXAMPLE: Final = {
    **{"click_through": 0.4, "click_through_low": 0.33, "click_through_high": 0.47},
    **{"clicks_per_search": 0.41, "mean_rank": 2.8, "first_rank": 2.7, "clickers": 61},
    **{"exit_rate": 0.4, "exit_rate_low": 0.33, "exit_rate_high": 0.48, "leavers": 68},
    **{"reformulation_rate": 0.1, "reformulation_rate_low": 0.06},
    **{"reformulation_rate_high": 0.15, "reformulators": 17},
    **{"zero_result_rate": 0.1, "zero_result_rate_low": 0.06, "zero_result_rate_high": 0.16},
    **{"people_without_results": 18, "results_people": 151},
    **{"seconds_to_click": 8.4, "timed_people": 61},
}
ANALYTICS_EXAMPLE: Final = {
    **{"day": "2026-03-15", "clicks_in_log": "some"},
    **{"results_in_log": "every", "times_in_log": "every"},
    "quality": [
        {"day": None, "band": "all", "queries": 10_933, "people": 3_216, "searches": 48_145}
        | _RATES_EXAMPLE
    ],
    "queries": [
        {
            **{"rank": 1, "query": "코스피", "surface": "코스피", "band": "head", "people": 151},
            **{"searches": 184, "people_lost": 6.57, **_RATES_EXAMPLE, "zero_result_rank": 1},
            "category": "금융",
            "into": [{"query": "코스피 지수", "surface": "코스피 지수", "people": 9}],
        }
    ],
    "without_results": [
        {
            **{"rank": 1, "query": "코스피", "surface": "코스피", "band": "head", "people": 151},
            **{"searches": 184, "people_lost": 6.57, **_RATES_EXAMPLE, "zero_result_rank": 1},
            "category": "금융",
        }
    ],
}
WORDS_EXAMPLE: Final = {
    "day": "2026-03-15",
    "keywords": [
        {
            **{"keyword": "날씨", "kind": "noun", "searchers": 903, "searches": 1_502},
            **{"previous_searchers": 880, "change": 0.03, "examples": ["날씨", "오늘 날씨"]},
            **{"pattern": "daily", "words": "every morning", "category": "날씨"},
        }
    ],
    "trending": [
        {
            **{"rank": 1, "surface": "한파", "searchers": 52, "expected_searchers": 1.5},
            **{"score": 12.1, "is_surprise": True, "category": "날씨"},
        }
    ],
}
HEALTH_EXAMPLE: Final = {**{"status": "ok", "trouble": None, "trouble_since": None, "board": _AT}}
