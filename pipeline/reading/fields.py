"""Text of lines to fields: columns, quoted cells, JSON."""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from math import isfinite
from typing import Any, Final

import polars as pl

from pipeline.reading.detection import with_positions
from pipeline.reading.formats import (
    OPTIONAL_FIELDS,
    REQUIRED_FIELDS,
    ColumnRef,
    LogFormat,
    SkipRule,
)
from pipeline.reading.lines import open_after

#: The fields of a search, in the order of the columns that `line_fields` returns.
FIELDS: Final = (*REQUIRED_FIELDS, *OPTIONAL_FIELDS)

Value = Callable[[ColumnRef], pl.Series]


def line_fields(texts: pl.Series, fmt: LogFormat) -> pl.DataFrame:
    """Cut lines into fields.

    Args:
        texts: lines; null for those that cannot be read.
        fmt: how; one with a header line is bound to it (`detection.bound`).

    Returns:
        Each of `FIELDS` as text, null where it is not there; `is_click`: the line is a click of a
        search in another line, by the format's rule; `skipped`: the format knows that the
        line is no search; `missing`: the line has no place for time, user or query (of JSON: for
        none of them, since an object may leave out what is blank).
    """
    if fmt.kind == "json":
        value = _from_json(texts, fmt)
    else:
        fmt = with_positions(fmt)
        value = _from_columns(texts, fmt)
    fields = {
        name: first_of([value(ref) for ref in fmt.alternatives(name)], len(texts))
        for name in FIELDS
    }
    skipped = is_skipped(texts, fmt, value)
    is_click = pl.repeat(False, len(texts), eager=True)
    if fmt.click:
        is_click = value(fmt.click.column).is_in(list(fmt.click.one_of)).fill_null(value=False)
        own = first_of([value(ref) for ref in fmt.click.query], len(texts))
        fields |= _of_clicks(fields, is_click, own)
        # Which search was clicked is not told: the click is no search, and no fault.
        skipped |= is_click & (own.fill_null("").str.strip_chars(" ") == "")
    is_null = [fields[name].is_null() for name in ("searched_at", "user", "query")]
    together: Callable[[pl.Series, pl.Series], pl.Series] = (
        (lambda a, b: a & b) if fmt.kind == "json" else (lambda a, b: a | b)
    )
    return pl.DataFrame(
        {
            **fields,
            "is_click": is_click,
            "skipped": skipped,
            "missing": reduce(together, is_null),
        }
    )


def _of_clicks(
    fields: Mapping[str, pl.Series], is_click: pl.Series, query: pl.Series
) -> dict[str, pl.Series]:
    """The fields that differ where some lines are clicks: these alone tell of clicks."""
    names = ("clicked_url", "clicked_rank", "clicked_at", "click_seconds")
    told = {name: pl.select(pl.when(is_click).then(fields[name])).to_series() for name in names}
    typed = pl.select(pl.when(is_click).then(query).otherwise(fields["query"])).to_series()
    return {**told, "query": typed}


def first_of(alternatives: Sequence[pl.Series], rows: int) -> pl.Series:
    """The first that is not blank, else the last: null only if that one is missing."""
    if not alternatives:
        return pl.repeat(None, rows, dtype=pl.String, eager=True)
    if len(alternatives) == 1:
        return alternatives[0]
    frame = pl.DataFrame({f"{at}": each for at, each in enumerate(alternatives)})
    filled = [pl.when(pl.col(name).str.strip_chars(" ") != "").then(name) for name in frame.columns]
    return frame.select(pl.coalesce(*filled, *frame.columns)).to_series()


def is_skipped(texts: pl.Series, fmt: LogFormat, value: Value) -> pl.Series:
    """Whether the format knows lines as no searches."""
    conditions = [_rule_applies(rule, value(rule.column)) for rule in fmt.skip]
    conditions += [texts.str.starts_with(prefix) for prefix in fmt.skip_prefixes]
    if fmt.header_cells:
        conditions.append(_is_header(fmt, value, len(texts)))
    nothing = pl.repeat(False, len(texts), eager=True)
    return reduce(lambda a, b: a | b.fill_null(value=False), conditions, nothing)


def _is_header(fmt: LogFormat, value: Value, rows: int) -> pl.Series:
    """Which lines name the columns; hardly any, so a cell is looked at where those before fit."""
    places = pl.int_range(rows, dtype=pl.UInt32, eager=True)
    for position, name in fmt.header_cells:
        wanted = name.strip('"').lower()
        cells = value(position)
        if len(places) == rows and wanted.isascii():
            places = cells.str.contains(rf'(?i)\A[ "]*{re.escape(wanted)}[ "]*\z').arg_true()
        cells = cells.gather(places).str.strip_chars(" ").str.strip_chars('"')
        places = places.filter(cells.str.to_lowercase() == wanted)
    return pl.repeat(False, rows, eager=True).scatter(places, True)


def _rule_applies(rule: SkipRule, value: pl.Series) -> pl.Series:
    if rule.one_of:
        return value.is_in(list(rule.one_of))
    return ~value.is_in(list(rule.not_in)) if rule.not_in else value.is_not_null()


def _refs(fmt: LogFormat) -> list[ColumnRef]:
    fields = [ref for name in FIELDS for ref in fmt.alternatives(name)]
    return [*fields, *[rule.column for rule in fmt.skip]]


def _from_columns(texts: pl.Series, fmt: LogFormat) -> Value:
    separator = fmt.separators[0]
    width = max(int(ref) for ref in _refs(fmt))
    cells = texts.str.split_exact(separator, width).struct.unnest()
    columns = [cells[name] for name in cells.columns]
    if fmt.kind == "csv" and len(separator) == 1:
        quoted = texts.str.contains('"', literal=True).fill_null(value=False).arg_true()
        if len(quoted):
            lines = texts.gather(quoted).to_list()
            rows = [_quoted(line, separator, width) for line in lines]
            for at in range(width):
                values = pl.Series([row[at] for row in rows], dtype=pl.String)
                columns[at] = columns[at].scatter(quoted, values)
    return lambda ref: columns[int(ref) - 1]


def _quoted(line: str, separator: str, width: int) -> list[str | None]:
    """The first cells of a line with quotes as in RFC 4180; none of one that ends inside quotes."""
    if open_after(line, separator, is_open=False):
        return [None] * width  # it goes on in the next line: none of its cells is whole
    cells: list[str | None] = list(next(csv.reader([line], delimiter=separator), []))
    return [*cells[:width], *[None] * (width - len(cells))]


#: What is neither a text nor a number, and how it is told from such a text: it has no quotes.
_NO_TEXT: Final = r"\A(?:[\[{](?s:.*)|true|false)\z"
_NUMBER: Final = r"\A-?\d+(?:[.]\d+)?(?:[eE][+-]?\d+)?\z"


def _from_json(texts: pl.Series, fmt: LogFormat) -> Value:
    documents = _documents(texts)
    optional = {str(ref) for name in OPTIONAL_FIELDS for ref in fmt.alternatives(name)}
    counted = {str(ref) for ref in fmt.result_count}

    @cache  # a format may name a column for several ends
    def value(ref: ColumnRef) -> pl.Series:
        if (
            str(ref) in optional
        ):  # most logs lack most of them, and to look is cheaper than to parse
            name = str(ref).rpartition(".")[2]
            if not documents.str.contains(f'"{name}"', literal=True).any():
                return pl.repeat(None, len(texts), dtype=pl.String, eager=True)
        path = "$" + "".join(f"['{key}']" for key in str(ref).split("."))
        found = documents.str.json_path_match(path)
        leaf = re.escape(str(ref).rpartition(".")[2])
        is_odd = found.str.contains(_NO_TEXT) | (
            found.str.contains(_NUMBER) & found.str.contains("[.eE]|[0-9]{16}")
        )
        unquoted = documents.str.contains(rf'"{leaf}"\s*:\s*[^"\s]')
        places = (is_odd & unquoted).fill_null(value=False).arg_true()
        if not len(places):
            return found
        is_counted = str(ref) in counted
        exact = [
            _as_written(line, str(ref), is_counted=is_counted)
            for line in documents.gather(places).to_list()
        ]
        return found.scatter(places, pl.Series(exact, dtype=pl.String))

    return value


def _documents(texts: pl.Series) -> pl.Series:
    """Lines that are one JSON object, strictly written; null: the line is none."""
    lines = (
        texts.to_frame("line")
        .select(pl.when(pl.col("line").str.contains(r"\A\s*\{")).then("line"))
        .to_series()
    )
    is_strict = lines.str.json_path_match("$").is_not_null()
    places = (lines.is_not_null() & ~is_strict).arg_true()
    if not len(places):
        return lines
    mended = [_strictly(line) for line in lines.gather(places).to_list()]
    return lines.scatter(places, pl.Series(mended, dtype=pl.String))


def _strictly(line: str) -> str | None:
    """An object without what JSON has not, or no number of 64 bits can hold.

    These are control characters in texts, half surrogate pairs, NaN, and numbers like 1e400.
    """
    try:
        document = json.loads(
            line, strict=False, parse_constant=lambda _: None, parse_float=_finite
        )
    except (ValueError, RecursionError):
        return None
    text = json.dumps(document, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8") if isinstance(document, dict) else None


def _finite(number: str) -> float | None:
    found = float(number)
    return found if isfinite(found) else None


def _as_written(line: str, path: str, *, is_counted: bool) -> str | None:
    """A value that is no text: a number as it stands there, blank if it is something else.

    Of a list that `is_counted` the number of its members.
    """
    found: Any = json.loads(line, parse_float=str, parse_int=str)
    for key in path.split("."):
        found = found[key]
    if is_counted and isinstance(found, list):
        return f"{len(found)}"
    if not isinstance(found, str):
        return ""
    whole = re.fullmatch(r"(-?\d+)[.]0+", found)
    return whole[1] if whole else found
