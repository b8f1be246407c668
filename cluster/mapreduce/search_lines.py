"""The rules by which a line of a log is a search, in plain Python: what Spark's rules are held to.

Written again from the description of the datasets, not shared with `pipeline`, so that the two can
disagree; only the normalised query (`silgeom/text.py`) is the same code, with tests of its own.
"""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from text import normalized_query  # silgeom/text.py, shipped beside this file

MAX_LINE_BYTES = 65_536
MAX_QUERY_CHARACTERS = 1_000
EARLIEST = 631_152_000  # 1990-01-01T00:00:00Z
CLOCK_SKEW_SECONDS = 3_600
COLUMNS = ["searched_at", "user", "query"]


class Search(NamedTuple):
    """One search: `second` since 1970, the log's user, the normalised query."""

    second: int
    user: str
    query: str


def searches(lines: Iterator[bytes], log_format: str, zone: str) -> Iterator[Search]:
    """The searches among the lines of a log; whatever is none is left out.

    Args:
        lines: with their line feeds.
        log_format: `silgeom` (tab-separated, or a JSON object a line) or `sogou-2011`.
        zone: of times that carry no offset; `sogou-2011` has its own.
    """
    fields_of = _sogou_fields if log_format == "sogou-2011" else _silgeom_fields
    charset = "gb18030" if log_format == "sogou-2011" else "utf-8"
    wall_clock = ZoneInfo("Asia/Shanghai" if log_format == "sogou-2011" else zone)
    latest = time.time() + CLOCK_SKEW_SECONDS
    for raw in lines:
        line = raw.removesuffix(b"\n")
        if len(line) > MAX_LINE_BYTES:
            continue
        try:
            text = line.decode(charset).removeprefix("\ufeff").removesuffix("\r")
            when, user, typed = (field.strip(" ") for field in fields_of(text))
            moment = _moment(when, wall_clock)
        except ValueError:  # not in the charset, too few columns, no JSON, no time
            continue
        query = normalized_query(typed) if len(typed) <= MAX_QUERY_CHARACTERS else ""
        if user and EARLIEST <= moment <= latest and query and not has_personal_data(query):
            yield Search(moment, user, query)


def _silgeom_fields(text: str) -> list[str]:
    if text.startswith("{"):
        document = json.loads(text, strict=False)
        return [str(document.get(name) or "") for name in COLUMNS]
    cells = text.split("\t")
    if [cell.strip(" ").lower() for cell in cells[:3]] == COLUMNS or len(cells) < 3:
        raise ValueError("a header, or too few columns")
    return cells[:3]


def _sogou_fields(text: str) -> list[str]:
    cells = text.split("\t")
    if len(cells) < 3:
        raise ValueError("too few columns")
    stamp = re.fullmatch("(....)(..)(..)(..)(..)(..)", cells[0].strip(" "))
    if stamp is None:
        raise ValueError("no time")
    return ["{}-{}-{}T{}:{}:{}".format(*stamp.groups()), *cells[1:3]]


def _moment(text: str, zone: ZoneInfo) -> int:
    if len(text) < 16 or text[4] != "-":
        raise ValueError("no time")
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() // 1)


def hour_start(second: int, zone: ZoneInfo) -> str:
    """The UTC time, ISO 8601, at which the hour of `zone` that a moment lies in began."""
    local = datetime.fromtimestamp(second, zone)
    began = second - local.minute * 60 - local.second
    return datetime.fromtimestamp(began, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_MARK = r"[-.()/\u00a0\u2010-\u2015\u2212\u3000\uff08\uff09\uff0d\uff0e\uff0f]"
_BETWEEN = rf"(?: ?{_MARK} ?| )?"
_RUN = re.compile(rf"\d(?:{_BETWEEN}\d)*")
_DAY = r"(?:19|20)[0-9]{2}[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12][0-9]|3[01])"
_DRAWN = "(?:[1-9]|[1-3][0-9]|4[0-5])"
#: One day or two, a day with an hour; years; the numbers of a lottery draw.
_HARMLESS = re.compile(
    rf"{_DAY}(?: ?[-/ ] ?{_DAY})?(?: [0-2]?[0-9])?"
    rf"|(?:19|20)[0-9]{{2}}(?:[-/ ](?:19|20)[0-9]{{2}}){{1,9}}"
    rf"|{_DRAWN}(?: {_DRAWN}){{4,6}}"
)
_RESIDENT = r"\d{6} ?[-\u2010-\u2015\uff0d] ?(?:[1-8][*xX●○]{4,6}|[*●○]{6,7})"
_SPOKEN = r"[\d공영일이삼사오육륙칠팔구]"
_AS_SPOKEN = rf"(?: ?(?:{_MARK}|에|다시) ?| )?"
_NO_DIGIT_BEFORE = "".join(
    f"(?<!{before})"
    for before in (r"\d", rf"\d(?:{_MARK}| )", rf"\d(?:{_MARK}| ) ", rf"\d (?:{_MARK}| )",
                   rf"\d (?:{_MARK}| ) ")
)  # fmt: skip
_PHONE = (
    rf"(?:{_NO_DIGIT_BEFORE}[0공영]|[oO](?={_AS_SPOKEN}[1일]{_AS_SPOKEN}[0oO공영])){_AS_SPOKEN}"
    rf"(?:{_SPOKEN}{_AS_SPOKEN}{_SPOKEN}|[1일]{_AS_SPOKEN}[oO])(?:{_AS_SPOKEN}{_SPOKEN}){{6}}"
)
_PROVIDER = "(?i:naver|gmail|daum|hanmail|nate|kakao|yahoo|hotmail|outlook|icloud)"
_HOST = r"[^\W_][\w\-]{0,62}(?:[.\uff0e][\w\-]{1,63})+"
_E_MAIL = (
    rf"[\w.%+\-]{{1,64}} ?[@\uff20] ?(?:{_HOST}|{_PROVIDER})"
    rf"|[A-Za-z0-9._%+\-]{{1,64}} ?골뱅이 ?{_PROVIDER}"
)
_OTHERS = re.compile("|".join([_E_MAIL, _RESIDENT, _PHONE]))


def has_personal_data(query: str) -> bool:
    """Whether a normalised query holds an e-mail address or a number that may be a person's."""
    runs = (run[0] for run in _RUN.finditer(query))
    return bool(_OTHERS.search(query)) or any(
        len(re.findall(r"\d", run)) >= 9 and not _HARMLESS.fullmatch(run) for run in runs
    )
