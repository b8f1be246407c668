"""JSON, one object a line."""

import json
from typing import Any

from tests.corpus.case import TIME, Case, Expected, set_aside, taken
from tests.corpus.table import AnyCase


def row(query: Any = "날씨", user: Any = "json", **more: Any) -> str:  # noqa: ANN401
    values = {"searched_at": TIME, "user": user, "query": query, **more}
    return json.dumps(values, ensure_ascii=False) + "\n"


def one(name: str, what: str, text: str, expected: Expected) -> Case:
    """A file; @T in it stands for the time."""
    content = text.replace("@T", TIME)
    return Case(f"json-{name}", what, {"log.jsonl": content}, {"log.jsonl": expected})


def odd(name: str, what: str, line: str, becomes: str = "", rejected: str = "") -> Case:
    """An odd line beside two ordinary ones."""
    person = f"json {name}"
    return one(
        name,
        what,
        row("환율", person) + line + row("로또", person),
        taken(
            *["환율", "로또", *([becomes] if becomes else [])],
            rejected={rejected: 1} if rejected else {},
        ),
    )


CASES: list[AnyCase] = [
    one("plain", "three names", row(user="j1"), taken("날씨", format="silgeom-json")),
    odd(
        "escapes",
        "escaped characters",
        '{"searched_at": "@T", "user": "j2", "query": "\\ub0a0\\uc528"}\n',
        "날씨",
    ),
    odd(
        "pair",
        "an emoji as an escaped pair",
        '{"searched_at": "@T", "user": "j3", "query": "\\ud83c\\udf55"}\n',
        "🍕",
    ),
    odd(
        "slash",
        "an escaped slash",
        '{"searched_at": "@T", "user": "j4", "query": "a\\/b"}\n',
        "a/b",
    ),
    odd("line-break", "an escaped line break inside a query", row("내일\n날씨", "j5"), "내일 날씨"),
    odd("tab", "a tab inside a query", row("내일\t날씨", "j6"), "내일 날씨"),
    odd(
        "order",
        "another order of names",
        '{"query": "날씨", "user": "j7", "searched_at": "@T"}\n',
        "날씨",
    ),
    odd(
        "more",
        "names more, nested ones among them",
        row(user="j8", device={"os": "x", "tags": [1, 2]}),
        "날씨",
    ),
    odd(
        "spaces",
        "spaces between and around",
        '  { "searched_at" : "@T" , "user" : "j9" , "query" : "날씨" }  \n',
        "날씨",
    ),
    odd("user-number", "a number as user", row(user=17), "날씨"),
    odd("query-number", "a number as query", row(2026, "j10"), "2026"),
    odd("null-query", "a query null", row(None, "j11"), rejected="blank_query"),
    odd("empty-query", "an empty query", row("", "j12"), rejected="blank_query"),
    odd(
        "no-query",
        "no query",
        '{"searched_at": "@T", "user": "j13"}\n',
        rejected="blank_query",
    ),
    odd("no-user", "no user", '{"searched_at": "@T", "query": "날씨"}\n', rejected="no_user"),
    odd("null-user", "a user null", row(user=None), rejected="no_user"),
    odd("no-time", "no time", '{"user": "j14", "query": "날씨"}\n', rejected="bad_time"),
    odd("empty", "an empty object", "{}\n", rejected="too_few_columns"),
    odd(
        "broken",
        "an object that breaks off",
        row(user="j15")[:-5] + "\n",
        rejected="too_few_columns",
    ),
    odd("no-json", "no JSON", "날씨\n", rejected="too_few_columns"),
    odd("array-line", "an array", '["a", "b"]\n', rejected="too_few_columns"),
    odd("string-line", "a string", '"날씨"\n', rejected="too_few_columns"),
    odd(
        "other-names", "an object of other names", '{"level": "INFO"}\n', rejected="too_few_columns"
    ),
    odd("crlf", "a line end of Windows", row(user="j16")[:-1] + "\r\n", "날씨"),
    odd("blank-line", "a blank line", "\n", rejected="too_few_columns"),
    one(
        "all-other",
        "a log of something else",
        '{"level": "INFO", "message": 1}\n' * 3,
        set_aside("no known log format"),
    ),
    one(
        "array-file",
        "an array of objects over several lines",
        json.dumps([{"searched_at": TIME, "user": "j17", "query": "날씨"}], indent=1),
        set_aside("no known log format"),
    ),
]
