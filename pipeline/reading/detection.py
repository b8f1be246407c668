"""Which format a file is in, by its first lines and its name."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final

from pipeline.errors import LogFormatError
from pipeline.reading.charsets import (
    CHARSETS,
    detect_charset,
    found_line_end,
    known_charset,
    line_separator,
    whole_lines,
)
from pipeline.reading.formats import (
    BUILT_IN,
    HELP,
    OPTIONAL_FIELDS,
    REQUIRED_FIELDS,
    ColumnRef,
    LogFormat,
    TimePattern,
    all_refs,
    built_in,
)

#: Lines of a file's head that are tried.
_LINES_TRIED: Final = 400


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
        return built_in("parquet"), "UTF-8"
    charset, lines = _head_lines(head, name, charset)
    best, fewest = None, len(lines) // 2 + 1
    for candidate in BUILT_IN[:-1]:
        if not fewest:
            break  # none can fit better
        fmt = _bound_or_none(built_in(candidate), lines)
        if fmt is not None and (misfits := _misfits(fmt, lines, fewest)) < fewest:
            best, fewest = fmt, misfits
    if best is None:
        raise LogFormatError(
            f"no known log format fits {name}, whose first line looks like "
            f"{shape(lines[0])[:80]!r}; {HELP}"
        )
    return replace(best, line_end=found_line_end(head, charset)), charset


def bound(fmt: LogFormat, head: bytes, name: str, charset: str | None = None) -> LogFormat:
    """The format with the file's line end, and names turned into positions by its header line.

    Args:
        fmt: the format that was asked for.
        head: the file's first bytes, decompressed.
        name: the file's name, for messages.
        charset: found by looking unless given here or in the format.

    Raises:
        LogFormatError: the file is no text or empty, or lacks the header that the format needs.
    """
    if fmt.kind == "parquet":
        return fmt
    charset, lines = _head_lines(head, name, charset or fmt.charset)
    found = _bound_or_none(replace(fmt, line_end=found_line_end(head, charset)), lines)
    if found is None:
        wanted = ", ".join(str(fmt.alternatives(field)[0]) for field in REQUIRED_FIELDS)
        raise LogFormatError(
            f"{name} does not begin with the header line that the format {fmt.name} needs "
            f"({wanted}); its first line looks like {shape(lines[0])[:80]!r}"
        )
    return found


def still_fits(fmt: LogFormat, head: bytes, name: str, charset: str) -> bool:
    """Whether a format that was bound to an earlier content of a file fits the present one.

    At least half of the lines tried must fit, and the header line, if there was one, must be there.
    """
    if fmt.kind == "parquet" or head.startswith(b"PAR1"):
        return fmt.kind == "parquet" and head.startswith(b"PAR1")
    try:
        _, lines = _head_lines(head, name, charset)
    except LogFormatError:
        return False
    if fmt.header_cells and not _is_header(fmt, _cell_values(fmt, lines[0])):
        return False
    return _misfits(fmt, lines, len(lines)) <= len(lines) // 2


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
    line_end = line_separator(charset, found_line_end(head, charset)).encode("ascii")
    codec = CHARSETS[charset][0]
    decoded = [
        line.decode(codec, errors="replace").removeprefix("\ufeff").removesuffix("\r")
        for line in whole_lines(head, line_end)
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
    if all(isinstance(ref, int) for refs in all_refs(fmt) for ref in refs):
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
        position = by_name.get(_folded_name(ref))
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
        clicked_at=fields["clicked_at"],
        click_seconds=fields["click_seconds"],
        result_count=fields["result_count"],
        device=fields["device"],
        skip=rules,
        header_cells=cells if fmt.kind != "parquet" else (),
    )


def _folded(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().strip('"').casefold())


#: Of the names that formats have: few, and asked for in every line that is tried.
_folded_name = lru_cache(maxsize=4096)(_folded)


# --- One line, as the driver sees it --------------------------------------------------------


def _misfits(fmt: LogFormat, lines: Sequence[str], enough: int) -> int:
    """How many lines do not fit; after `enough` of them nobody asks."""
    misfits = (line for line in lines if not _fits(fmt, line))
    return sum(1 for _ in islice(misfits, enough))


@cache
def _regexp(pattern: str) -> re.Pattern[str]:
    return TimePattern(pattern).regexp


def _fits(fmt: LogFormat, line: str) -> bool:
    """Whether a line has user, time and query, or is known to be no search."""
    if fmt.skip_prefixes and line.startswith(fmt.skip_prefixes):
        return True
    value_of = _json_values(line) if fmt.kind == "json" else _cell_values(fmt, line)
    if value_of is None:
        return False
    if any(rule.applies(value_of(rule.column)) for rule in fmt.skip):
        return True
    if fmt.click and fmt.click.applies(value_of(fmt.click.column)):
        return True  # a search of another line, or skipped
    if fmt.header_cells and _is_header(fmt, value_of):
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
    return any(_regexp(each).fullmatch((time or "").strip()) for each in fmt.times)


def _is_header(fmt: LogFormat, value_of: Callable[[ColumnRef], str | None]) -> bool:
    """Whether a line has the names of the format's header in their places."""
    return all(
        _folded(value_of(position) or "") == _folded_name(name)
        for position, name in fmt.header_cells
    )


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
