"""Log formats as declarations: what they say, how they are read, and which one a file is in.

A declaration is a TOML file (docs/formats.md). The built-in ones lie in `log_formats/` and are
written in exactly the way in which a user writes one. This module runs on the driver and sees at
most the beginning of a file; `parsing` reads the lines.
"""

import codecs
import csv
import io
import json
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipeline.errors import LogFormatError

#: In the order of preference where two fit a file equally well.
BUILT_IN: Final = (
    "silgeom",
    "silgeom-json",
    "aol",
    "excite",
    "sogou-2008",
    "sogou-2011",
    "ubi",
    "csv",
    "parquet",
)

KINDS: Final = ("delimited", "json", "csv", "parquet")

#: What every search has; the rest of the fields are optional.
REQUIRED_FIELDS: Final = ("searched_at", "user", "query")
OPTIONAL_FIELDS: Final = ("clicked_url", "clicked_rank")

EXAMPLE: Final = "2026-09-01T12:00:00+09:00<TAB>user<TAB>query"

_HELP: Final = (
    f"Silgeom's own form is {EXAMPLE}, and any other is declared with --format FILE.toml "
    "(docs/formats.md)"
)

#: Lines of a file's head that are tried.
_LINES_TRIED: Final = 400

#: A position (from 1), a column's name, or a JSON path ("a.b").
ColumnRef = int | str


@dataclass(frozen=True)
class SkipRule:
    """Lines that the format knows as no searches; exactly one of the conditions is set.

    Attributes:
        column: position, name or JSON path.
        present: the column has a value.
        one_of: the column has one of these values.
        not_in: the column has a value, and none of these.
    """

    column: ColumnRef
    present: bool = False
    one_of: tuple[str, ...] = ()
    not_in: tuple[str, ...] = ()

    def applies(self, value: str | None) -> bool:
        """Whether a line with this value in the column is skipped."""
        if value is None:
            return False
        if self.one_of:
            return value in self.one_of
        return value not in self.not_in if self.not_in else self.present


@dataclass(frozen=True)
class LogFormat:
    """Where a log keeps user, time and query, and how they are written.

    Each field has a tuple of alternatives: the first that is not blank counts.

    Attributes:
        name: what messages and the ledger call it.
        kind: one of KINDS.
        searched_at: where the time is.
        user: where the user is.
        query: where the query is.
        times: patterns in the order in which they are tried: `iso8601`, `epoch_seconds`,
            `epoch_millis`, or letters as in Java (`yyyyMMddHHmmss`). A pattern without a date
            takes it from the option or the file's name.
        clicked_url: where the clicked address is; empty: nowhere.
        clicked_rank: where the rank of the click is; empty: nowhere.
        separators: between columns; several: the first whose header has the columns.
        header: `none`, `optional` or `required`.
        order: the columns' names in a file without a header.
        zone: of times without an offset; None: the reporting zone of the job.
        charset: None: found by looking.
        skip: which lines are known to be no searches.
        skip_prefixes: how lines begin that are known to be no searches.
        brackets: what stands before and after each query; None: nothing.
        plus_is_space: a "+" inside a query stands for a space.
        blank: queries that stand for none.
        rank_before: the rank ends where this text begins; None: at the column's end.
    """

    name: str
    kind: str
    searched_at: tuple[ColumnRef, ...]
    user: tuple[ColumnRef, ...]
    query: tuple[ColumnRef, ...]
    times: tuple[str, ...]
    clicked_url: tuple[ColumnRef, ...] = ()
    clicked_rank: tuple[ColumnRef, ...] = ()
    separators: tuple[str, ...] = ("\t",)
    header: str = "none"
    order: tuple[str, ...] = ()
    zone: str | None = None
    charset: str | None = None
    skip: tuple[SkipRule, ...] = ()
    skip_prefixes: tuple[str, ...] = ()
    brackets: tuple[str, str] | None = None
    plus_is_space: bool = False
    blank: tuple[str, ...] = ()
    rank_before: str | None = None
    #: Of a file's header line: (position from 1, name as the file has it). Set by `bound`.
    header_cells: tuple[tuple[int, str], ...] = field(default=(), compare=True)

    @property
    def needs_date(self) -> bool:
        """Whether the lines hold a time of day without its date."""
        return any(not TimePattern(pattern).has_date for pattern in self.times)

    def alternatives(self, name: str) -> tuple[ColumnRef, ...]:
        """Where the field `name` is, best first."""
        refs: tuple[ColumnRef, ...] = getattr(self, name)
        return refs


class TimePattern:
    """A time's pattern, as both the driver and Spark need it.

    Letters as in Java: yyyy, yy, MM, M, MMM (English), dd, d, HH, H, mm, ss, S…, X, XXX, Z;
    other characters stand for themselves, letters among them in single quotes.

    Raises:
        LogFormatError: a letter is not known.
    """

    NAMED: Final = ("iso8601", "epoch_seconds", "epoch_millis")

    _REGEXPS: Final = {
        "yyyy": r"(?:19|20)\d\d",
        "yy": r"\d\d",
        "MMM": r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
        "MM": r"(?:0[1-9]|1[0-2])",
        "M": r"(?:0?[1-9]|1[0-2])",
        "dd": r"(?:0[1-9]|[12]\d|3[01])",
        "d": r"(?:0?[1-9]|[12]\d|3[01])",
        "HH": r"(?:[01]\d|2[0-3])",
        "H": r"(?:1\d|2[0-3]|0?\d)",
        "mm": r"[0-5]\d",
        "ss": r"[0-5]\d",
        "X": r"(?:Z|[+-]\d\d(?:\d\d)?)",
        "XXX": r"(?:Z|[+-]\d\d:\d\d)",
        "Z": r"[+-]\d{4}",
    }
    _NAMED_REGEXPS: Final = {
        "iso8601": (
            r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ]"
            r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)? ?(?:Z|[+-]\d\d(?::?\d\d)?)?"
        ),
        "epoch_seconds": r"\d{9,10}(?:\.\d+)?",
        "epoch_millis": r"\d{12,13}(?:\.\d+)?",
    }
    _FIXED_WIDTH: Final = frozenset({"yyyy", "yy", "MM", "dd", "HH", "mm", "ss"})
    _PART: Final = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        #: (is it letters of a pattern, the text), in order; empty for a named pattern.
        self.parts: tuple[tuple[bool, str], ...] = ()
        if pattern not in self.NAMED:
            self.parts = tuple(self._part(match) for match in self._matches(pattern))
            if not {"HH", "H"} & set(self.letters) or "mm" not in self.letters:
                raise LogFormatError(
                    f"the time pattern {pattern!r} lacks hours (HH) or minutes (mm)"
                )

    def _matches(self, pattern: str) -> list[re.Match[str]]:
        found = list(self._PART.finditer(pattern))
        if "".join(match.group() for match in found) != pattern:
            raise LogFormatError(f"the time pattern {pattern!r} has a quote without its partner")
        return found

    def _part(self, match: re.Match[str]) -> tuple[bool, str]:
        text = match.group()
        if text.startswith("'"):
            return False, match.group(1) or "'"
        if match.group(2) is None:
            return False, text
        if text not in self._REGEXPS and set(text) != {"S"}:
            raise LogFormatError(
                f"the time pattern {self.pattern!r} has {text!r}, and only iso8601, epoch_seconds, "
                f"epoch_millis or the letters {', '.join(self._REGEXPS)} and S are known"
            )
        return True, text

    @property
    def letters(self) -> tuple[str, ...]:
        """The runs of letters, in order."""
        return tuple(text for is_letters, text in self.parts if is_letters)

    @property
    def has_date(self) -> bool:
        """Whether the pattern names a day (a named pattern does)."""
        return not self.parts or any(text[0] in "yd" for text in self.letters)

    @property
    def has_offset(self) -> bool:
        """Whether every time has its offset from UTC (epochs count from UTC)."""
        return self.pattern.startswith("epoch") or any(text[0] in "XZ" for text in self.letters)

    @property
    def two_digit_year(self) -> bool:
        """Whether the century is not written."""
        return "yy" in self.letters

    @property
    def fixed_width(self) -> bool:
        """Whether every part has one width, so that it can be cut out by position."""
        return bool(self.parts) and set(self.letters) <= self._FIXED_WIDTH

    @property
    def regexp(self) -> re.Pattern[str]:
        """What a text of this pattern looks like (ranges checked, not the month's length)."""
        return _pattern_regexp(self.pattern)


@cache
def _pattern_regexp(pattern: str) -> re.Pattern[str]:
    named = TimePattern._NAMED_REGEXPS.get(pattern)
    if named is not None:
        return re.compile(named)
    return re.compile(
        "".join(
            TimePattern._REGEXPS.get(text, rf"\d{{{len(text)}}}") if is_letters else re.escape(text)
            for is_letters, text in TimePattern(pattern).parts
        )
    )


# --- Declarations ---------------------------------------------------------------------------


def load_format(name_or_path: str) -> LogFormat:
    """The built-in format of that name, or the declaration in that TOML file.

    Raises:
        LogFormatError: there is neither, or the declaration is wrong; the sentence says where.
    """
    if name_or_path in BUILT_IN:
        return _built_in(name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise LogFormatError(
            f"there is no log format {name_or_path!r}: known are {', '.join(BUILT_IN)}, "
            "or name a TOML file that declares one (docs/formats.md)"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LogFormatError(f"the log format {name_or_path} cannot be read: {error}") from error
    return parsed_format(text, name_or_path)


@cache
def _built_in(name: str) -> LogFormat:
    # By importlib, since the package may be inside a zip file on the cluster.
    declaration = resources.files("pipeline").joinpath("log_formats", f"{name}.toml")
    return parsed_format(declaration.read_text(encoding="utf-8"), name)


def parsed_format(text: str, where: str) -> LogFormat:
    """The format that a declaration in TOML describes.

    Args:
        text: the declaration.
        where: how messages call it.

    Raises:
        LogFormatError: it is no TOML, or says something that is not understood.
    """
    try:
        declared = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LogFormatError(f"the log format {where} is no valid TOML: {error}") from error
    try:
        return _format_of(_Table(declared, ""))
    except LogFormatError as error:
        raise LogFormatError(f"the log format {where} is wrong: {error}") from error


class _Table:
    """A TOML table whose keys are taken one by one, so that a misspelt one is noticed."""

    def __init__(self, values: Mapping[str, Any], name: str) -> None:
        self._values = dict(values)
        self._prefix = f"{name}." if name else ""

    def text(self, key: str) -> str | None:
        value = self._values.pop(key, None)
        if value is not None and (not isinstance(value, str) or value == ""):
            raise LogFormatError(f"{self._prefix}{key} must be a text")
        return value

    def flag(self, key: str) -> bool:
        value = self._values.pop(key, False)
        if not isinstance(value, bool):
            raise LogFormatError(f"{self._prefix}{key} must be true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._values.pop(key, [])
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise LogFormatError(f"{self._prefix}{key} must be a text or a list of texts")
        return tuple(values)

    def refs(self, key: str) -> tuple[ColumnRef, ...]:
        value = self._values.pop(key, [])
        values = value if isinstance(value, list) else [value]
        for each in values:
            is_position = isinstance(each, int) and not isinstance(each, bool) and each >= 1
            if not is_position and not (isinstance(each, str) and each):
                raise LogFormatError(
                    f"{self._prefix}{key} must be a position from 1, a column's name, or a list"
                )
        return tuple(values)

    def table(self, key: str) -> "_Table":
        value = self._values.pop(key, {})
        if not isinstance(value, dict):
            raise LogFormatError(f"{self._prefix}{key} must be a table [{key}]")
        return _Table(value, key)

    def tables(self, key: str) -> "list[_Table]":
        value = self._values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise LogFormatError(f"{self._prefix}{key} must be tables [[{key}]]")
        return [_Table(each, key) for each in value]

    def end(self) -> None:
        for key in self._values:
            raise LogFormatError(f"{self._prefix}{key} is not known here")


def _format_of(declared: _Table) -> LogFormat:
    columns, query, rank = (declared.table(name) for name in ("columns", "query", "rank"))
    fmt = LogFormat(
        name=declared.text("name") or "",
        kind=declared.text("kind") or "",
        searched_at=columns.refs("searched_at"),
        user=columns.refs("user"),
        query=columns.refs("query"),
        clicked_url=columns.refs("clicked_url"),
        clicked_rank=columns.refs("clicked_rank"),
        times=declared.texts("time"),
        separators=declared.texts("separator"),
        header=declared.text("header") or "none",
        order=declared.texts("order"),
        zone=declared.text("zone"),
        charset=declared.text("charset"),
        skip=tuple(_skip_rule(rule) for rule in declared.tables("skip")),
        skip_prefixes=declared.texts("skip_lines_that_begin_with"),
        brackets=_brackets(query.texts("brackets")),
        plus_is_space=query.flag("plus_is_space"),
        blank=query.texts("blank"),
        rank_before=rank.text("before"),
    )
    for table in (declared, columns, query, rank):
        table.end()
    return _checked(fmt)


def _skip_rule(rule: _Table) -> SkipRule:
    refs = rule.refs("column")
    found = SkipRule(
        column=refs[0] if refs else "",
        present=rule.flag("present"),
        one_of=rule.texts("one_of"),
        not_in=rule.texts("not_in"),
    )
    rule.end()
    if len(refs) != 1 or [found.present, bool(found.one_of), bool(found.not_in)].count(True) != 1:
        raise LogFormatError("[[skip]] needs one column, and one of present, one_of and not_in")
    return found


def _brackets(texts: tuple[str, ...]) -> tuple[str, str] | None:
    match texts:
        case ():
            return None
        case (opening, closing) if opening and closing:
            return opening, closing
        case _:
            raise LogFormatError('query.brackets must be two texts, as in ["[", "]"]')


def _checked(fmt: LogFormat) -> LogFormat:
    if not fmt.name:
        raise LogFormatError("it has no name")
    if fmt.kind not in KINDS:
        raise LogFormatError(f"kind must be one of {', '.join(KINDS)}, not {fmt.kind!r}")
    for name in REQUIRED_FIELDS:
        if not fmt.alternatives(name):
            raise LogFormatError(f"[columns] does not say where {name} is")
    if not fmt.times:
        raise LogFormatError("time names no pattern")
    for pattern in fmt.times:
        TimePattern(pattern)
    if fmt.header not in ("none", "optional", "required"):
        raise LogFormatError(f"header must be none, optional or required, not {fmt.header!r}")
    if fmt.zone is not None:
        known_zone(fmt.zone)
    charset = fmt.charset if fmt.charset is None else known_charset(fmt.charset)
    fmt = replace(fmt, charset=charset)
    refs = [ref for refs in _all_refs(fmt) for ref in refs]
    if fmt.kind in ("delimited", "csv"):
        fmt = replace(fmt, separators=fmt.separators or (("\t" if fmt.kind != "csv" else ","),))
        if len(fmt.separators) > 1 and fmt.header != "required":
            raise LogFormatError('several separators need header = "required"')
        if "" in fmt.separators or any("\n" in each or "\r" in each for each in fmt.separators):
            raise LogFormatError("separator must be a text without line breaks")
        if fmt.header == "optional" and not fmt.order:
            raise LogFormatError('header = "optional" needs order, the names without a header')
        if fmt.header == "none" and any(isinstance(ref, str) for ref in refs) and not fmt.order:
            raise LogFormatError("columns have names, and neither header nor order says which")
    elif any(isinstance(ref, int) for ref in refs):
        raise LogFormatError(f"columns of kind {fmt.kind} have names, not positions")
    if fmt.kind == "json":
        paths = {str(ref) for ref in refs}
        for path in paths:
            if "" in path.split(".") or any(other.startswith(f"{path}.") for other in paths):
                raise LogFormatError(f"the JSON path {path!r} is no text's place")
    return fmt


def _all_refs(fmt: LogFormat) -> list[tuple[ColumnRef, ...]]:
    fields = [fmt.alternatives(name) for name in (*REQUIRED_FIELDS, *OPTIONAL_FIELDS)]
    return [*fields, tuple(rule.column for rule in fmt.skip)]


def known_zone(name: str) -> str:
    """The name of a time zone, if there is one.

    Raises:
        LogFormatError: there is none.
    """
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise LogFormatError(
            f"there is no time zone {name!r}; write it as in Asia/Seoul or UTC"
        ) from error
    return name


# --- Charsets -------------------------------------------------------------------------------

#: Our name: (Python's codec, Java's charset).
CHARSETS: Final = {
    "UTF-8": ("utf-8", "UTF-8"),
    "CP949": ("cp949", "x-windows-949"),
    "GB18030": ("gb18030", "GB18030"),
    "UTF-16LE": ("utf-16-le", "UTF-16LE"),
    "UTF-16BE": ("utf-16-be", "UTF-16BE"),
    "Shift_JIS": ("cp932", "windows-31j"),
    "EUC-JP": ("euc_jp", "EUC-JP"),
    "Big5": ("cp950", "x-windows-950"),
    "ISO-8859-1": ("latin-1", "ISO-8859-1"),
    "windows-1252": ("cp1252", "windows-1252"),
}

_CHARSET_ALIASES: Final = {
    "utf8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "ascii": "UTF-8",
    "us-ascii": "UTF-8",
    "euc-kr": "CP949",
    "ms949": "CP949",
    "windows-949": "CP949",
    "uhc": "CP949",
    "ks_c_5601-1987": "CP949",
    "gbk": "GB18030",
    "gb2312": "GB18030",
    "cp936": "GB18030",
    "utf-16": "UTF-16LE",
    "utf16": "UTF-16LE",
    "shift-jis": "Shift_JIS",
    "sjis": "Shift_JIS",
    "cp932": "Shift_JIS",
    "cp950": "Big5",
    "latin1": "ISO-8859-1",
    "latin-1": "ISO-8859-1",
    "cp1252": "windows-1252",
}

_BOMS: Final = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)

#: KS X 1001 syllables and GB 2312 first-plane characters share their bytes, so that Korean read as
#: Chinese is all common characters; Chinese read as Korean is half Hanja, as its commonest
#: characters lie past the Hangul.
_LEAST_HANGUL: Final = 0.85
_LEAST_HANZI: Final = 0.5


def known_charset(name: str) -> str:
    """Our name of a character set.

    Raises:
        LogFormatError: it is not known.
    """
    folded = name.strip().lower()
    names = {known.lower(): known for known in CHARSETS} | _CHARSET_ALIASES
    if folded not in names:
        raise LogFormatError(f"there is no charset {name!r}: known are {', '.join(CHARSETS)}")
    return names[folded]


def line_separator(charset: str) -> str:
    """What Spark's text reader takes as `lineSep`: a line feed in the bytes of `charset`.

    With it a lone carriage return stays inside its line, as it must for lines to be counted.
    """
    return {"UTF-16LE": "\n\0", "UTF-16BE": "\0\n"}.get(known_charset(charset), "\n")


def detect_charset(head: bytes) -> str:
    """The character set of a file that begins with `head`, which may end inside a character.

    A byte order mark decides; then UTF-8, whose bytes are no accident; then CP949 or GB18030,
    whichever gives commoner characters. A few lines with bad bytes do not change the answer.

    Raises:
        LogFormatError: it is no text, or in a charset that is not told apart here.
    """
    for bom, charset in _BOMS:
        if head.startswith(bom):
            return charset
    if b"\0" in head:
        raise LogFormatError("it is no text (it holds bytes 0, as an image or an archive does)")
    lines = _whole_lines(head, b"\n")
    foreign = [line for line in lines if not line.isascii()]
    if not foreign or _share(_decodes(line, "utf-8") for line in foreign) >= 0.5:
        return "UTF-8"
    for charset, plausible in (("CP949", _is_korean), ("GB18030", _is_chinese)):
        codec = CHARSETS[charset][0]
        decoded = [line for line in foreign if _decodes(line, codec)]
        if len(decoded) >= 0.9 * len(foreign) and plausible(b"".join(decoded).decode(codec)):
            return charset
    if len(foreign) <= 0.05 * len(lines):
        return "UTF-8"  # a log in English with a few broken lines
    raise LogFormatError(
        "its characters are not in UTF-8, CP949, GB18030 or UTF-16 with a byte order mark; "
        "name their charset with --charset"
    )


def _whole_lines(head: bytes, line_feed: bytes) -> list[bytes]:
    """The lines of a head; its last line, which may be cut, only if it is the only one."""
    lines = head.split(line_feed)
    return lines[:-1] if len(lines) > 1 else [_without_cut_character(head)]


def _without_cut_character(head: bytes) -> bytes:
    # A single line as long as the head: its last few bytes may be half a character.
    return head if len(head) < 1024 else head[: head.rfind(b" ", len(head) - 1024)]


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / len(values) if values else 0.0


def _is_korean(text: str) -> bool:
    foreign = [character for character in text if not character.isascii()]
    return _share("가" <= each <= "힣" or "ㄱ" <= each <= "ㅣ" for each in foreign) >= _LEAST_HANGUL


def _is_chinese(text: str) -> bool:
    foreign = [character for character in text if not character.isascii()]
    return _share(_is_common_hanzi(each) for each in foreign) >= _LEAST_HANZI


def _is_common_hanzi(character: str) -> bool:
    try:
        return character.encode("gb2312") >= b"\xb0\xa1"
    except UnicodeEncodeError:
        return False


# --- Which format a file is in --------------------------------------------------------------


def detect_format(head: bytes, name: str, charset: str | None = None) -> tuple[LogFormat, str]:
    """The built-in format and the charset of a file, by its first lines.

    Args:
        head: the first 64 KiB or so, decompressed; its last line may be cut.
        name: the file's name, for messages.
        charset: found by looking unless given.

    Returns:
        The format, bound to the file's header line if it has one, and our name of the charset.
        At least half of the lines tried fit it; the one that fits most lines is taken.

    Raises:
        LogFormatError: it is no text, it is empty, or no format fits. The sentence shows the shape
            of the first line, never its text, which may be about a person.
    """
    if head.startswith(b"PAR1"):
        return _built_in("parquet"), "UTF-8"
    charset, lines = _head_lines(head, name, charset)
    best, best_share = None, 0.0
    for candidate in BUILT_IN[:-1]:
        fmt = _bound_or_none(_built_in(candidate), lines)
        if fmt is not None:
            share = _share(_fits(fmt, line) for line in lines)
            if share > best_share:
                best, best_share = fmt, share
    if best is None or best_share < 0.5:
        raise LogFormatError(
            f"no known log format fits {name}, whose first line looks like "
            f"{shape(lines[0])[:80]!r}; {_HELP}"
        )
    return best, charset


def bound(fmt: LogFormat, head: bytes, name: str, charset: str | None = None) -> LogFormat:
    """The format with its columns' names turned into positions by the file's header line.

    A format without a header stays as it is.

    Args:
        fmt: the format that was asked for.
        head: the file's first bytes, decompressed.
        name: the file's name, for messages.
        charset: found by looking unless given here or in the format.

    Raises:
        LogFormatError: the file is no text or empty, or lacks the header that the format needs.
    """
    if fmt.kind not in ("delimited", "csv") or fmt.header == "none":
        return fmt
    _, lines = _head_lines(head, name, charset or fmt.charset)
    found = _bound_or_none(fmt, lines)
    if found is None:
        wanted = ", ".join(str(fmt.alternatives(field)[0]) for field in REQUIRED_FIELDS)
        raise LogFormatError(
            f"{name} does not begin with the header line that the format {fmt.name} needs "
            f"({wanted}); its first line looks like {shape(lines[0])[:80]!r}"
        )
    return found


def bound_to_names(fmt: LogFormat, names: Sequence[str], where: str) -> LogFormat:
    """The format with each column's name as the table `names` belongs to spells it.

    Raises:
        LogFormatError: user, time or query has no column.
    """
    found = _named(fmt, names)
    if found is None:
        raise LogFormatError(
            f"{where} has the columns {', '.join(names)}, and none of these is known as the "
            "search's time, user or query; declare them with --format FILE.toml (docs/formats.md)"
        )
    return found


def file_date(fmt: LogFormat, name: str, given: date | None) -> date | None:
    """The day of a log whose lines hold only a time of day; None for all other formats.

    Args:
        fmt: the file's format.
        name: the file's name or address; a date in its last part, else in its folder, counts:
            20080601 or 2008-06-01.
        given: the option; it goes before the name.

    Raises:
        LogFormatError: the format needs a day, and neither tells it.
    """
    if not fmt.needs_date:
        return None
    if given is not None:
        return given
    for part in reversed(name.split("/")[-2:]):
        for match in re.finditer(r"(?<!\d)(\d{4})([-_.]?)(\d\d)\2(\d\d)(?!\d)", part):
            year, _, month, day = match.groups()
            try:
                found = date(int(year), int(month), int(day))
            except ValueError:
                continue
            if found.year >= 1990:
                return found
    raise LogFormatError(
        f"the lines of {name} ({fmt.name}) hold a time without its day; name the day with "
        "--date YYYY-MM-DD, or put it into the file's name as in log.20080601.tsv"
    )


def shape(text: str) -> str:
    """The text with every letter as x and every digit as 9, so that it tells of nobody."""
    return "".join(_SHAPES.get(unicodedata.category(each)[0], each) for each in text)


_SHAPES: Final = {"L": "x", "M": "x", "N": "9"}


def _head_lines(head: bytes, name: str, charset: str | None) -> tuple[str, list[str]]:
    try:
        charset = detect_charset(head) if charset is None else known_charset(charset)
    except LogFormatError as error:
        raise LogFormatError(f"{name} cannot be read as a log: {error}") from error
    line_feed = line_separator(charset).encode("ascii")
    codec = CHARSETS[charset][0]
    decoded = [
        line.decode(codec, errors="replace").removeprefix("\ufeff").removesuffix("\r")
        for line in _whole_lines(head, line_feed)
    ]
    lines = [line for line in decoded if line.strip()]
    if not lines:
        raise LogFormatError(f"{name} holds no lines")
    return charset, lines[:_LINES_TRIED]


def _bound_or_none(fmt: LogFormat, lines: Sequence[str]) -> LogFormat | None:
    if fmt.kind not in ("delimited", "csv") or fmt.header == "none":
        return fmt
    for separator in fmt.separators:
        one = replace(fmt, separators=(separator,))
        found = _named(one, _cells(one, lines[0]))
        # A line with a time in the time's place is a search, whatever the format says.
        if found is not None and not _fits(replace(found, header_cells=()), lines[0]):
            return found
    return with_positions(fmt) if fmt.header == "optional" else None


def with_positions(fmt: LogFormat) -> LogFormat:
    """The format with names turned into positions by its declared order.

    Raises:
        LogFormatError: it has names, and no order tells their positions.
    """
    if all(isinstance(ref, int) for refs in _all_refs(fmt) for ref in refs):
        return fmt
    found = _named(fmt, fmt.order) if fmt.order else None
    if found is None:
        raise LogFormatError(
            f"the format {fmt.name} names columns, and a header line must tell where they are"
        )
    return found


def _named(fmt: LogFormat, names: Sequence[str]) -> LogFormat | None:
    """The format bound to columns of these names, or None if a search would lack something."""
    by_name: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        by_name.setdefault(_folded(name), position)

    def target(ref: ColumnRef) -> ColumnRef | None:
        if isinstance(ref, int):
            return ref
        position = by_name.get(_folded(ref))
        if position is None or fmt.kind != "parquet":
            return position
        return names[position - 1]

    fields = {
        name: tuple(found for ref in fmt.alternatives(name) if (found := target(ref)) is not None)
        for name in (*REQUIRED_FIELDS, *OPTIONAL_FIELDS)
    }
    if not all(fields[name] for name in REQUIRED_FIELDS):
        return None
    rules = tuple(
        replace(rule, column=found)
        for rule in fmt.skip
        if (found := target(rule.column)) is not None
    )

    firsts = [fields[name][0] for name in REQUIRED_FIELDS]
    cells = tuple(
        (ref, names[ref - 1].strip())
        for ref in firsts
        if isinstance(ref, int) and ref <= len(names)
    )
    return replace(
        fmt,
        searched_at=fields["searched_at"],
        user=fields["user"],
        query=fields["query"],
        clicked_url=fields["clicked_url"],
        clicked_rank=fields["clicked_rank"],
        skip=rules,
        header_cells=cells if fmt.kind != "parquet" else (),
    )


def _folded(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().strip('"').casefold())


# --- One line, as the driver sees it --------------------------------------------------------


def _fits(fmt: LogFormat, line: str) -> bool:
    """Whether a line has user, time and query, or is known to be no search."""
    if fmt.skip_prefixes and line.startswith(fmt.skip_prefixes):
        return True
    value_of = _json_values(line) if fmt.kind == "json" else _cell_values(fmt, line)
    if value_of is None:
        return False
    if any(rule.applies(value_of(rule.column)) for rule in fmt.skip):
        return True
    if fmt.header_cells and all(
        _folded(value_of(position) or "") == _folded(name) for position, name in fmt.header_cells
    ):
        return True
    time, user, query = (
        next((value for ref in fmt.alternatives(name) if (value := value_of(ref))), None)
        for name in REQUIRED_FIELDS
    )
    has_query = query is not None or any(
        value_of(ref) is not None for ref in fmt.alternatives("query")
    )
    if not has_query or not (user or "").strip():
        return False
    if fmt.brackets and query and not query.strip().startswith(fmt.brackets[0]):
        return False
    return any(TimePattern(each).regexp.fullmatch((time or "").strip()) for each in fmt.times)


def _cells(fmt: LogFormat, line: str) -> list[str]:
    separator = fmt.separators[0]
    if fmt.kind == "csv" and len(separator) == 1 and '"' in line:
        return next(csv.reader(io.StringIO(line), delimiter=separator), [])
    return line.split(separator)


def _cell_values(fmt: LogFormat, line: str) -> Callable[[ColumnRef], str | None]:
    cells = _cells(fmt, line)

    def value(ref: ColumnRef) -> str | None:
        return cells[ref - 1] if isinstance(ref, int) and ref <= len(cells) else None

    return value


def _json_values(line: str) -> Callable[[ColumnRef], str | None] | None:
    try:
        document = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return None

    def value(ref: ColumnRef) -> str | None:
        found: Any = document
        for key in str(ref).split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if found is None or isinstance(found, str):
            return found
        return json.dumps(found)

    return value
