"""Lines and files of the simulated log, and how each is spoilt."""

import gzip
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from io import BufferedIOBase
from pathlib import Path
from typing import Final

COLUMNS: Final = ("searched_at", "user", "query", "clicked_url", "clicked_rank")
HEADER: Final = "\t".join(COLUMNS) + "\n"
OFFSET: Final = "+09:00"
DAY: Final = 86_400

BLANK: Final = "blank_query"
#: What can be wrong with a line; a JSON line knows only the first two.
BREAKS: Final = ("bad_time", "no_user", "too_few_columns", "undecodable")

_BAD_TIMES: Final = ("2026-13-41T25:61:00+09:00", "어제 저녁", "0000-00-00 00:00:00", "9시 30분")
_BLANKS: Final = ("", " ", "", "\u3000", "", "  ")
_WIDE: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_NARROW: Final = {code + 0xFEE0: code for code in range(0x21, 0x7F)} | {0x3000: 0x20, 0xA0: 0x20}


def normalised(text: str) -> str:
    """Composed, half width, lower case, single spaces: how truth.json writes queries."""
    composed = unicodedata.normalize("NFC", text).translate(_NARROW)
    return " ".join(composed.lower().split())


def oddly(text: str, how: float) -> str:
    """`text` as some devices and people send it; normalising takes it all away again."""
    if how < 0.75 and any("a" <= c <= "z" for c in text):
        return text.title() if how < 0.4 else text.upper() if how < 0.65 else text.translate(_WIDE)
    if " " in text:
        space = "\u00a0" if how < 0.3 else "\u3000" if how < 0.45 else "  "
        return text.replace(" ", space, 1)
    return text + " "


@dataclass(slots=True)
class Line:
    """One line before it is spoilt, and what the truth has to know about it.

    Attributes:
        second: since the start of the log.
        user: as in the log.
        query: as typed and sent.
        meaning: `query`, normalised.
        url: clicked, or empty.
        rank: of the click, or 0.
        defect: BLANK, one of BREAKS, or empty.
        right: what `meaning` should have been, if it is mistyped.
        form: slip, keyboard or spacing, if it is mistyped.
        fixed: the right query follows within seconds.
        kind: personal, anonymity, robot, attack, or empty.
        attack: number of the attack whose query this is, or -1.
    """

    second: int
    user: str
    query: str
    meaning: str
    url: str = ""
    rank: int = 0
    defect: str = ""
    right: str = ""
    form: str = ""
    fixed: bool = False
    kind: str = ""
    attack: int = -1


def file_name(start: date, day: int) -> str:
    """One file a day: most gzipped, of 14 two plain and one JSON lines."""
    ending = {1: ".tsv", 6: ".tsv", 9: ".jsonl"}.get(day % 14, ".tsv.gz")
    return f"{start + timedelta(days=day)}{ending}"


def has_header(day: int) -> bool:
    """One plain file a fortnight comes without its header line."""
    return day % 14 not in (6, 9)


@contextmanager
def opened(path: Path, level: int = 6) -> Iterator[BufferedIOBase]:
    """The file for writing; gzip without time and name: the same lines are the same bytes.

    A `level` of 1 packs fast, one of 9 tightly.
    """
    with path.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", compresslevel=level, fileobj=raw, mtime=0) as packed:
                yield packed
        else:
            yield raw


@lru_cache
def _date(start: date, day: int) -> str:
    return f"{start + timedelta(days=day)}T"


@lru_cache(maxsize=DAY)
def _clock(second: int) -> str:
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{hour:02}:{minute:02}:{second:02}{OFFSET}"


class Writer:
    """Writes one day's lines and counts them.

    `counts` has `lines` (without the header) and a number for each defect.
    """

    def __init__(self, out: BufferedIOBase, *, start: date, json_lines: bool, header: bool) -> None:
        self._out = out
        self._start = start
        self._json = json_lines
        self.counts: Counter[str] = Counter()
        if header:
            out.write(HEADER.encode())

    def write(self, lines: list[Line]) -> None:
        """Append lines, in the order given."""
        out = (self._json_line(line) if self._json else self._tsv_line(line) for line in lines)
        self._out.write(b"".join(out))
        self.counts["lines"] += len(lines)
        self.counts.update(line.defect for line in lines if line.defect)

    def _time(self, line: Line) -> str:
        if line.defect == "bad_time":
            return _BAD_TIMES[line.second % len(_BAD_TIMES)]
        day, second = divmod(line.second, DAY)
        return _date(self._start, day) + _clock(second)

    def _query(self, line: Line) -> str:
        return _BLANKS[line.second % len(_BLANKS)] if line.defect == BLANK else line.query

    def _tsv_line(self, line: Line) -> bytes:
        user = "" if line.defect == "no_user" else line.user
        if line.defect == "too_few_columns":
            return f"{self._time(line)}\t{user}\n".encode()
        fields = (self._time(line), user, self._query(line), line.url, str(line.rank or ""))
        if line.defect == "undecodable":  # 0xFF begins no character of UTF-8 or CP949
            return "\t".join(fields).encode().replace(b"\t", b"\t\xff\xfe", 2) + b"\n"
        return ("\t".join(fields) + "\n").encode()

    def _json_line(self, line: Line) -> bytes:
        row: dict[str, str | int] = {"searched_at": self._time(line), "query": self._query(line)}
        if line.defect != "no_user":
            row["user"] = line.user
        if line.rank:
            row["clicked_url"], row["clicked_rank"] = line.url, line.rank
        ordered = {name: row[name] for name in COLUMNS if name in row}
        return (json.dumps(ordered, ensure_ascii=False) + "\n").encode()
