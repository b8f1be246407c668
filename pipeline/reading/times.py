"""Texts of times to moments, by the patterns of a log format."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.reading.formats import TimePattern

#: Clocks of other machines may be ahead by so many seconds.
CLOCK_SKEW_SECONDS: Final = 3_600

_UTC: Final = pl.Datetime("us", "UTC")
#: Minutes: no place on earth is further from UTC, and Java knows no other offset.
_LARGEST_OFFSET: Final = 18 * 60
#: The lengths of 2026-03-02T12:00:12+09:00 and 2026-03-02T12:00:12.
_WITH_OFFSET: Final = 25
_WITHOUT_OFFSET: Final = 19
_PLACES: Final = np.arange(_WITH_OFFSET)
_DIGITS: Final = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 20, 21, 23, 24])
#: Java's letters, each with what chrono (https://docs.rs/chrono) calls them.
_CHRONO: Final = {
    "yyyy": "%Y",
    "MMM": "%b",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "H": "%H",
    "mm": "%M",
    "ss": "%S",
    "X": "%#z",
    "XXX": "%#z",
    "Z": "%#z",
}


@dataclass(frozen=True)
class Clock:
    """What a time needs beside its text.

    Attributes:
        zone: of times without an offset.
        day: of times of day.
        now: seconds since 1970.
    """

    zone: str
    day: date | None
    now: int

    @property
    def latest(self) -> int:
        """The last second that is no future."""
        return self.now + CLOCK_SKEW_SECONDS

    def utc(self, wall: pl.Expr) -> pl.Expr:
        """Wall-clock times of the zone as the moments they were.

        Of an hour that comes twice it is the first; a time that a clock skipped is as long after
        the change as it says.
        """
        if self.zone == "UTC":
            return wall.dt.replace_time_zone("UTC")

        def of(times: pl.Expr) -> pl.Expr:
            return times.dt.replace_time_zone(
                self.zone, ambiguous="earliest", non_existent="null"
            ).dt.convert_time_zone("UTC")

        before = wall.dt.offset_by("-3h")
        skipped = (of(before).dt.replace_time_zone(None) - before) + wall
        return of(wall).fill_null(skipped.dt.replace_time_zone("UTC"))


def moments(texts: pl.Series, patterns: Sequence[str], clock: Clock) -> pl.Series:
    """The moment that each text names by the first pattern it fits, UTC; null: by none."""
    found = _of_usual_form(texts, clock) if "iso8601" in patterns else None
    if found is None:
        return _slowly(texts, patterns, clock)
    others = (found.is_null() & texts.is_not_null()).arg_true()
    if not len(others):
        return found
    return found.scatter(others, _slowly(texts.gather(others), patterns, clock))


def _slowly(texts: pl.Series, patterns: Sequence[str], clock: Clock) -> pl.Series:
    text = pl.col(texts.name)
    found = pl.coalesce([_by_pattern(text, TimePattern(each), clock) for each in patterns])
    return texts.to_frame().select(found.cast(_UTC)).to_series()


def _of_usual_form(texts: pl.Series, clock: Clock) -> pl.Series:
    """Moments in the forms of ISO 8601 that nearly every log has, read as columns of digits."""
    array = texts.to_arrow().cast(pa.large_string())
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[array.offset :][: len(array) + 1]
    sizes = np.diff(ends)
    content = np.frombuffer(data or b"", dtype=np.uint8)
    found = np.zeros(len(array), dtype=np.int64)
    is_known = np.zeros(len(array), dtype=np.bool_)
    walls = []
    for size in (_WITH_OFFSET, _WITHOUT_OFFSET):
        rows = np.flatnonzero(sizes == size)
        if len(rows):
            seconds, is_time = _digits_read(content, ends[rows], with_offset=size == _WITH_OFFSET)
            rows, seconds = rows[is_time], seconds[is_time]
            if size == _WITHOUT_OFFSET and len(rows):
                wall = pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))
                walls.append((rows, pl.select(clock.utc(pl.lit(wall))).to_series()))
                continue
            found[rows] = seconds
            is_known[rows] = True
    moments_ = pl.Series(found * 1_000_000).cast(_UTC)
    if not is_known.all():
        moments_ = pl.select(pl.when(pl.Series(is_known)).then(moments_)).to_series()
    for rows, of_zone in walls:
        moments_ = moments_.scatter(pl.Series(rows), of_zone)
    return moments_.rename(texts.name)


def _digits_read(
    content: npt.NDArray[np.uint8], begins: npt.NDArray[np.int64], *, with_offset: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The seconds since 1970 of 2026-03-02T12:00:12 (a wall clock's) or of that with +09:00.

    Args:
        content: bytes of texts.
        begins: where the texts begin in it; all are of this form's length.
        with_offset: which form.

    Returns:
        Seconds, and whether there is such a time; where not, the seconds mean nothing.
    """
    size = _WITH_OFFSET if with_offset else _WITHOUT_OFFSET
    whole = content[begins[0] : begins[0] + size * len(begins)]
    is_dense = begins[-1] - begins[0] == size * (len(begins) - 1)
    texts = whole.reshape(-1, size) if is_dense else content[begins[:, np.newaxis] + _PLACES[:size]]
    byte = np.ascontiguousarray(texts.T)  # place by place
    digit = byte - np.uint8(ord("0"))  # below 0 it wraps around
    two = digit[:-1] * np.uint8(10) + digit[1:]  # the number at a place and the next one
    right = (digit[_DIGITS[:14]] <= 9).all(axis=0)
    for place, mark in ((4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")):
        right &= byte[place] == ord(mark)
    month, day, hour, minute, second = (two[place] for place in (5, 8, 11, 14, 17))
    year = two[0].astype(np.int64) * 100 + two[2]
    right &= (year >= 1) & (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60)
    right &= second < 60
    months = np.where(right, (year - 1970) * 12 + month - 1, 0)
    least = int(months.min())
    # The first day of each month that may be asked for, and of the one after the last.
    firsts = np.arange(least, int(months.max()) + 2).astype("datetime64[M]")
    first_days = firsts.astype("datetime64[D]").astype(np.int64)
    first = first_days[months - least]
    right &= (day >= 1) & (day <= first_days[months - least + 1] - first)
    seconds = (first + day - 1) * 86_400 + hour.astype(np.int64) * 3_600
    seconds += minute.astype(np.int64) * 60 + second
    if with_offset:
        is_west = byte[19] == ord("-")
        offset = two[20].astype(np.int64) * 60 + two[23]
        right &= (is_west | (byte[19] == ord("+"))) & (byte[22] == ord(":"))
        right &= (digit[_DIGITS[14:]] <= 9).all(axis=0)
        right &= (offset < _LARGEST_OFFSET) & (two[23] < 60)
        seconds += np.where(is_west, offset, -offset) * 60
    return seconds, right


def _by_pattern(text: pl.Expr, pattern: TimePattern, clock: Clock) -> pl.Expr:
    if pattern.pattern == "iso8601":
        return _iso_8601(text, clock)
    if pattern.pattern in ("epoch_seconds", "epoch_millis"):
        return _epoch(text, in_millis=pattern.pattern == "epoch_millis")
    if not pattern.two_digit_year:
        return _by_letters(text, pattern, clock, "")
    # Two digits name the latest year that is no future: 97 is 1997 until 2097.
    recent, earlier = (_by_letters(text, pattern, clock, century) for century in ("20", "19"))
    return pl.when(recent.dt.epoch("s") <= clock.latest).then(recent).otherwise(earlier)


def _iso_8601(text: pl.Expr, clock: Clock) -> pl.Expr:
    """Date and time with at least minutes; seconds, their parts and an offset if there are any."""
    day, minutes = text.str.slice(0, 10), text.str.slice(11, 5)
    is_time = text.str.contains(r"\A\d{4}-\d\d-\d\d[T ][0-2]\d:[0-5]\d")
    rest = text.str.slice(16)
    seconds = pl.when(rest.str.starts_with(":")).then(rest.str.slice(0, 3)).otherwise(pl.lit(":00"))
    tail = rest.str.extract(r"\A(?::[0-5]\d(?:[.]\d*)?)? ?(Z|z|[+-]\d\d?(?::?\d\d)?)?\z", 1)
    is_whole = rest.str.contains(r"\A(?::[0-5]\d(?:[.]\d*)?)? ?(?:Z|z|[+-]\d\d?(?::?\d\d)?)?\z")
    wall = (day + " " + minutes + seconds).str.to_datetime(
        "%Y-%m-%d %H:%M:%S", strict=False, time_unit="us"
    )
    wall = pl.when(is_time & is_whole).then(wall)
    digits = tail.str.replace_all(r"[^0-9]", "")
    # +9, +09, +0900, +09:00
    hours = (
        pl.when(digits.str.len_chars() % 2 == 1)
        .then(digits.str.slice(0, 1))
        .otherwise(digits.str.slice(0, 2))
    )
    minutes_of = digits.str.slice(2, 2)
    offset = hours.cast(pl.Int64, strict=False).fill_null(0) * 60 + minutes_of.cast(
        pl.Int64, strict=False
    ).fill_null(0)
    offset = pl.when((offset <= _LARGEST_OFFSET) & (minutes_of.fill_null("") < "60")).then(offset)
    signed = pl.when(tail.str.starts_with("-")).then(-offset).otherwise(offset)
    at_offset = (wall - pl.duration(minutes=signed)).dt.replace_time_zone("UTC")
    return pl.when(tail.is_null() | (tail == "")).then(clock.utc(wall)).otherwise(at_offset)


def _epoch(text: pl.Expr, *, in_millis: bool) -> pl.Expr:
    """Seconds or milliseconds since 1970; told apart by size (milliseconds from 1973 on)."""
    is_number = text.str.contains(r"\A[+-]?\d+(?:[.]\d*)?\z")
    number = pl.when(is_number).then(text.str.extract(r"\A([+-]?\d+)", 1))
    whole = number.cast(pl.Int64, strict=False)
    least, most = (10**11, 10**13) if in_millis else (0, 10**11)
    known = pl.when((whole >= least) & (whole < most)).then(whole)
    unit = 1_000 if in_millis else 1_000_000
    return (known * unit).cast(_UTC)


def _by_letters(text: pl.Expr, pattern: TimePattern, clock: Clock, century: str) -> pl.Expr:
    """Any other pattern; a text of another shape is null."""
    form = "".join(
        _letters(part, century) if is_letters else part.replace("%", "%%")
        for is_letters, part in pattern.parts
    )
    fits = text.str.contains(rf"\A(?:{_rust(pattern.regexp.pattern)})\z")
    if pattern.two_digit_year:
        # The century is written before the two digits, so that no guess of the parser counts.
        at = sum(len(part) for _, part in pattern.parts[: _place_of_year(pattern)])
        text = text.str.slice(0, at) + century + text.str.slice(at)
    if not pattern.has_date:
        form, text = f"%Y-%m-%d {form}", f"{clock.day} " + text
    fitting = pl.when(fits).then(text)
    if pattern.has_offset:
        return fitting.str.to_datetime(form, strict=False, time_unit="us").dt.convert_time_zone(
            "UTC"
        )
    return clock.utc(fitting.str.to_datetime(form, strict=False, time_unit="us"))


def _letters(part: str, century: str) -> str:
    if part == "yy":
        return "%Y" if century else "%y"
    if set(part) == {"S"}:
        return f"%{len(part)}f" if len(part) in (3, 6, 9) else "%f"
    return _CHRONO[part]


def _place_of_year(pattern: TimePattern) -> int:
    return [part for _, part in pattern.parts].index("yy")


def _rust(regexp: str) -> str:
    return regexp.replace(r"\Z", r"\z")
