"""Log formats as declarations: what they say, and what can be wrong with them.

A declaration is a TOML file (docs/formats.md). The built-in ones lie in `log_formats/` and are
written in exactly the way in which a user writes one. `detection` finds out which one a file is in,
`parsing` reads the lines.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipeline.errors import LogFormatError
from pipeline.reading.charsets import known_charset

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
OPTIONAL_FIELDS: Final = (
    *("clicked_url", "clicked_rank", "clicked_at", "click_seconds"),
    *("result_count", "device"),
)

EXAMPLE: Final = "2026-09-01T12:00:00+09:00<TAB>user<TAB>query"

HELP: Final = (
    f"Silgeom's own form is {EXAMPLE}, and any other is declared with --format FILE.toml "
    "(docs/formats.md)"
)

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
class ClickRule:
    """Lines that are clicks, each at its own time, of a search that stands in another line.

    Attributes:
        column: JSON path.
        one_of: the column has one of these values.
        query: where such a line says what was searched for; the first that is not blank counts.
    """

    column: ColumnRef
    one_of: tuple[str, ...]
    query: tuple[ColumnRef, ...]

    def applies(self, value: str | None) -> bool:
        """Whether a line with this value in the column is a click."""
        return value in self.one_of


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
        clicked_at: where the time of the click is, as `searched_at` is written; empty: nowhere.
        click_seconds: where the seconds from search to click are; empty: nowhere.
        result_count: where the number of results is, or (JSON) a list of them; empty: nowhere.
        device: where the device or segment is, or the browser's user agent; empty: nowhere.
        separators: between columns; several: the first whose header has the columns.
        header: `none`, `optional` or `required`.
        order: the columns' names in a file without a header.
        zone: of times without an offset; None: the reporting zone of the job.
        charset: None: found by looking.
        skip: which lines are known to be no searches.
        click: which lines are clicks of searches in other lines; only these tell of a click. None:
            no line is.
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
    clicked_at: tuple[ColumnRef, ...] = ()
    click_seconds: tuple[ColumnRef, ...] = ()
    result_count: tuple[ColumnRef, ...] = ()
    device: tuple[ColumnRef, ...] = ()
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
    click: ClickRule | None = None
    #: What ends a line, found by looking: a carriage return where a file has no line feed.
    line_end: str = "\n"
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

    def to_json(self) -> str:
        """The whole format, bound or not, as one stable line: the ledger keeps it for each file."""
        return _to_json(self)

    @classmethod
    def from_json(cls, text: str) -> "LogFormat":
        """Read what `to_json` wrote, by this version or an older one with fewer fields."""
        values = {key: _tuples(value) for key, value in json.loads(text).items()}
        skip = tuple(
            SkipRule(**{key: _tuples(value) for key, value in rule.items()})
            for rule in values.pop("skip", ())
        )
        told = values.pop("click", None)
        click = ClickRule(**{key: _tuples(value) for key, value in told.items()}) if told else None
        return cls(**values, skip=skip, click=click)


@lru_cache(maxsize=64)  # many files, few formats
def _to_json(log_format: LogFormat) -> str:
    return json.dumps(asdict(log_format), ensure_ascii=False, sort_keys=True)


def _tuples(value: Any) -> Any:  # noqa: ANN401
    """JSON's lists as the tuples they were."""
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


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


#: Bytes of a declaration; a real one has a thousand.
LARGEST_DECLARATION: Final = 1024 * 1024


def load_format(name_or_path: str) -> LogFormat:
    """The built-in format of that name, or the declaration in that TOML file.

    Raises:
        LogFormatError: there is neither, or the declaration is wrong; the sentence says where.
    """
    if name_or_path in BUILT_IN:
        return built_in(name_or_path)
    path = Path(name_or_path)
    if not _is_file(path):
        raise LogFormatError(
            f"there is no log format {name_or_path!r}: known are {', '.join(BUILT_IN)}, "
            "or name a TOML file that declares one (docs/formats.md)"
        )
    try:
        if path.stat().st_size > LARGEST_DECLARATION:
            raise LogFormatError(
                f"the log format {name_or_path} is no declaration: it is too large"
            )
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LogFormatError(f"the log format {name_or_path} cannot be read: {error}") from error
    return parsed_format(text, name_or_path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


@cache
def built_in(name: str) -> LogFormat:
    # By importlib, since the package may be inside a zip file on the cluster.
    declaration = resources.files("pipeline.reading").joinpath("log_formats", f"{name}.toml")
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

    def optional_table(self, key: str) -> "_Table | None":
        return self.table(key) if key in self._values else None

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
    click = declared.optional_table("click")
    fmt = LogFormat(
        name=declared.text("name") or "",
        kind=declared.text("kind") or "",
        searched_at=columns.refs("searched_at"),
        user=columns.refs("user"),
        query=columns.refs("query"),
        clicked_url=columns.refs("clicked_url"),
        clicked_rank=columns.refs("clicked_rank"),
        clicked_at=columns.refs("clicked_at"),
        click_seconds=columns.refs("click_seconds"),
        result_count=columns.refs("result_count"),
        device=columns.refs("device"),
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
        click=None if click is None else _click_rule(click),
    )
    for table in (declared, columns, query, rank):
        table.end()
    return _checked(fmt)


def _click_rule(rule: _Table) -> ClickRule:
    refs = rule.refs("column")
    found = ClickRule(refs[0] if refs else "", rule.texts("one_of"), rule.refs("query"))
    rule.end()
    if len(refs) != 1 or not found.one_of or not found.query:
        raise LogFormatError("[click] needs one column, one_of and query")
    return found


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
    refs = [ref for refs in all_refs(fmt) for ref in refs]
    if fmt.click and fmt.kind != "json":
        raise LogFormatError("[click] is for formats of kind json alone")
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


def all_refs(fmt: LogFormat) -> list[tuple[ColumnRef, ...]]:
    """Every column that a format names, by field."""
    fields = [fmt.alternatives(name) for name in (*REQUIRED_FIELDS, *OPTIONAL_FIELDS)]
    clicks = [(fmt.click.column,), fmt.click.query] if fmt.click else []
    return [*fields, tuple(rule.column for rule in fmt.skip), *clicks]


def known_zone(name: str) -> str:
    """The name of a time zone, if there is one.

    Raises:
        LogFormatError: there is none.
    """
    try:
        # Names of files that every zone database has, but no Java knows.
        if name in ("localtime", "posixrules", "Factory") or name.startswith(("posix/", "right/")):
            raise ValueError("the name of no zone")
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise LogFormatError(
            f"there is no time zone {name!r}; write it as in Asia/Seoul or UTC"
        ) from error
    return name
