"""Lines of a log to searches: what each line says, or why it is none.

A line gets exactly one reason, the first of: `too_long` (the line), `undecodable`, `skipped`,
`too_few_columns`, `no_user`, `bad_time`, `future_time`, `too_long` (the query), `blank_query`,
`personal_data`.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Final

import polars as pl

from pipeline.errors import InvalidParameterError, LogFormatError
from pipeline.language.queries import ids, normalized, odd_places, surfaces
from pipeline.reading.decoding import decoded_lines, is_text
from pipeline.reading.detection import bound_to_names
from pipeline.reading.devices import devices
from pipeline.reading.erased import ERASED, NOBODY, Erased, erased_rows
from pipeline.reading.fields import FIELDS, first_of, is_skipped, line_fields
from pipeline.reading.formats import LogFormat, known_zone
from pipeline.reading.privacy import MASK, has_personal_data, masked
from pipeline.reading.times import CLOCK_SKEW_SECONDS, Clock, moments
from pipeline.reading.user_ids import UserKeys, user_ids
from pipeline.schemas import LATER_IN_SEARCHES
from silgeom.text import INVISIBLE, JOINER, SPACES

MAX_QUERY_CHARACTERS: Final = 1_000
#: Characters kept of a line that is not taken in.
REJECT_CHARACTERS: Final = 200
#: Before this moment nobody searched: 1990-01-01T00:00:00Z in seconds.
EARLIEST: Final = 631_152_000

#: What comes later is no click of that search.
MAX_CLICK_SECONDS: Final = 86_400
_THOUSANDS: Final = ","

#: The reason of lines that the format knows as no searches: they are counted, not rejected.
SKIPPED: Final = "skipped"

#: A character that somebody can see.
_VISIBLE: Final = "[^" + "".join(f"\\x{{{ord(c):x}}}" for c in INVISIBLE + SPACES + JOINER) + " ]"


@dataclass(frozen=True)
class Circumstances:
    """What lines are read with beside their format.

    Attributes:
        zone: of times without an offset where the format names none.
        file_date: the day of times of day; needed where the format has no date.
        now: the clock, with a zone; what was searched more than an hour later is `future_time`.
        user_keys: `user_id` is a hash under them, and the user cannot be told without them.
        erased: of these people lines up to the moment of their erasure are withheld.
    """

    zone: str
    file_date: date | None
    now: datetime
    user_keys: UserKeys
    erased: Erased = NOBODY


def searches_of_lines(
    raw: pl.Series, fmt: LogFormat, charset: str, circumstances: Circumstances
) -> pl.DataFrame:
    """One row a line: a search, or the reason why it is none.

    Args:
        raw: Binary, the bytes of a line without its line feed; it may end in a carriage return.
        fmt: how the lines are read; one with a header line is bound to it (`detection.bound`).
        charset: of the lines.
        circumstances: zone, day, clock, keys.

    Returns:
        `reason`: null for a search, one of REJECT_REASONS, `personal_data`, `erased` (then without
        a text), or `skipped`; `text`: of what was not taken in, time, user and query as they were
        read, tab between, the user and personal data masked, or only the shape of the line where it
        could not be split (null of a search and of a skipped line); and of a search `searched_at`
        (UTC, whole seconds; rejected lines have it too where it was told), `user_id`, `query_id`,
        `query`, `surface`, `clicked_url`, `clicked_rank`, `result_count`, `click_seconds`,
        `device`, `is_click`; `due`: when a search of the future is none any more, in UTC seconds.

    Raises:
        InvalidParameterError: the clock has no zone.
        LogFormatError: a day is needed and not given, a header line is needed and was not seen, or
            zone or charset is not known.
    """
    clock = _clock(fmt, circumstances)
    return _judged(_fields_of_lines(raw, fmt, charset, clock), fmt, clock, circumstances)


def times_of_lines(
    raw: pl.Series, fmt: LogFormat, charset: str, circumstances: Circumstances
) -> pl.DataFrame:
    """When each line was searched, and nothing else of it: much quicker than `searches_of_lines`.

    Args:
        raw: as of `searches_of_lines`, and so are the others.
        fmt: how the lines are read.
        charset: of the lines.
        circumstances: zone, day, clock.

    Returns:
        `seconds` since 1970, null where the line does not tell, or tells a time that no search can
        have; `skipped`: the format knows it as no search, as a header line.

    Raises:
        InvalidParameterError: the clock has no zone.
        LogFormatError: as of `searches_of_lines`.
    """
    clock = _clock(fmt, circumstances)
    fields = _fields_of_lines(raw, fmt, charset, clock)
    seconds = fields["moment"].dt.epoch("s")
    plausible = seconds.is_between(EARLIEST, clock.latest)
    return fields.select(
        pl.when(plausible).then(seconds).alias("seconds"), pl.col("skipped").fill_null(value=False)
    )


def _fields_of_lines(raw: pl.Series, fmt: LogFormat, charset: str, clock: Clock) -> pl.DataFrame:
    """What stands in each line, and the `moment` that its time is."""
    decoded = decoded_lines(raw, charset)
    is_readable = ~(decoded["too_long"] | decoded["undecodable"])
    readable = decoded.select(pl.when(is_readable).then("decoded")).to_series()
    fields = decoded.hstack(line_fields(readable, fmt))
    times = moments(fields["searched_at"].str.strip_chars(" "), fmt.times, clock)
    clicked = pl.repeat(None, len(raw), dtype=times.dtype, eager=True)
    if fmt.clicked_at:
        clicked = moments(fields["clicked_at"].str.strip_chars(" "), fmt.times, clock)
    return fields.with_columns(moment=times, click_moment=clicked)


def searches_of_records(
    records: pl.DataFrame, fmt: LogFormat, circumstances: Circumstances
) -> pl.DataFrame:
    """One row a record of a Parquet file: like `searches_of_lines`.

    Args:
        records: with a column for user, time and query; times of any type.
        fmt: which columns these are.
        circumstances: zone, day, clock, keys.

    Raises:
        LogFormatError: a column is missing.
    """
    clock = _clock(fmt, circumstances)
    named = bound_to_names(fmt, records.columns, "the Parquet file")

    def value(ref: object) -> pl.Series:
        return _as_text(records[str(ref)])

    rows = len(records)
    fields = {
        name: first_of([value(ref) for ref in named.alternatives(name)], rows) for name in FIELDS
    }
    times, clicked = (
        [_typed_moments(records[str(ref)], named, clock) for ref in refs]
        for refs in (named.searched_at, named.clicked_at)
    )
    without_lines = replace(named, skip_prefixes=(), header_cells=())
    no = pl.repeat(False, rows, eager=True)
    used = {str(ref) for name in FIELDS for ref in named.alternatives(name)}
    made = pl.DataFrame(
        {
            "decoded": pl.repeat("", rows, eager=True),
            "too_long": no,
            "undecodable": reduce(or_, (_undecodable(records[name]) for name in used), no),
            **fields,
            "is_click": no,
            "skipped": is_skipped(fields["query"], without_lines, value),
            "missing": no,
            "moment": pl.select(pl.coalesce(*times)).to_series(),
            "click_moment": pl.select(
                pl.coalesce(*clicked, pl.repeat(None, rows, dtype=pl.Datetime("us", "UTC")))
            ).to_series(),
        }
    )
    return _judged(made, named, clock, circumstances)


def _clock(fmt: LogFormat, circumstances: Circumstances) -> Clock:
    now, day = circumstances.now, circumstances.file_date
    if now.tzinfo is None:
        raise InvalidParameterError("now must have a time zone")
    if fmt.needs_date and day is None:
        raise LogFormatError(
            f"the format {fmt.name} has times without their day; name the day with "
            "--date YYYY-MM-DD"
        )
    return Clock(known_zone(fmt.zone or circumstances.zone), day, int(now.timestamp()))


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Binary:
        decoded = [None if each is None else each.decode(errors="replace") for each in values]
        return pl.Series(values.name, decoded, dtype=pl.String)
    if values.dtype.is_nested() or values.dtype == pl.Boolean:
        return pl.repeat(None, len(values), dtype=pl.String, eager=True)
    if values.dtype.is_float():
        whole = values.cast(pl.Int64, strict=False)
        is_whole = (whole.cast(values.dtype) == values).fill_null(value=False)
        texts = pl.when(is_whole).then(whole.cast(pl.String)).otherwise(values.cast(pl.String))
        return pl.select(pl.when(~values.is_nan()).then(texts)).to_series()
    return values.cast(pl.String, strict=False)


def _undecodable(values: pl.Series) -> pl.Series:
    """Which values are bytes that are no text."""
    if values.dtype != pl.Binary:
        return pl.repeat(False, len(values), eager=True)
    return pl.Series(
        [each is not None and not is_text(each, "utf-8") for each in values], dtype=pl.Boolean
    )


def _typed_moments(values: pl.Series, fmt: LogFormat, clock: Clock) -> pl.Series:
    utc = pl.Datetime("us", "UTC")
    if isinstance(values.dtype, pl.Datetime):
        if values.dtype.time_zone is not None:
            return values.cast(utc)
        return pl.select(clock.utc(pl.lit(values.cast(pl.Datetime("us"))))).to_series()
    patterns = fmt.times
    if values.dtype.is_numeric():
        patterns = tuple(each for each in patterns if each.startswith("epoch")) or patterns
    return moments(_as_text(values).str.strip_chars(" "), patterns, clock)


def _judged(
    fields: pl.DataFrame, fmt: LogFormat, clock: Clock, circumstances: Circumstances
) -> pl.DataFrame:
    """The verdict on each line, and its row."""
    keys, erased = circumstances.user_keys, circumstances.erased
    typed = _unwrapped(fields["query"].str.strip_chars(" "), fmt)
    query_too_long = (typed.str.len_chars() > MAX_QUERY_CHARACTERS).fill_null(value=False)
    if query_too_long.any():
        typed = pl.select(pl.when(~query_too_long).then(typed)).to_series()
    typed = typed.rename("query")
    odd = odd_places(typed)
    query, surface = normalized(typed, odd), surfaces(typed, odd)
    seconds = fields["moment"].dt.epoch("s")
    user = fields["user"].str.strip_chars(" ")
    is_visible = user.str.contains(_VISIBLE).fill_null(value=False)
    frame = pl.DataFrame(
        {
            "too_long": fields["too_long"],
            "undecodable": fields["undecodable"],
            "skipped": fields["skipped"],
            "missing": fields["missing"],
            "no_user": ~is_visible,
            "bad_time": seconds.fill_null(0) < EARLIEST,
            "future_time": seconds > clock.latest,
            "query_too_long": query_too_long,
            "blank_query": query.fill_null("") == "",
        }
    )
    reasons = {
        "too_long": "too_long",
        "undecodable": "undecodable",
        "skipped": SKIPPED,
        "missing": "too_few_columns",
        "no_user": "no_user",
        "bad_time": "bad_time",
        "future_time": "future_time",
        "query_too_long": "too_long",
        "blank_query": "blank_query",
    }
    found = [
        pl.when(name).then(pl.lit(text)) for name, text in reasons.items() if frame[name].any()
    ]
    reason = frame.select(
        pl.coalesce(*found) if found else pl.repeat(None, pl.len(), dtype=pl.String)
    ).to_series()
    is_erased = pl.repeat(False, len(user), eager=True)
    moment = (seconds * 1_000_000).cast(pl.Datetime("us", "UTC"))
    plausible = seconds.is_between(EARLIEST, clock.latest)
    moment = pl.select(pl.when(plausible).then(moment)).to_series()
    if erased.until:
        is_erased = erased_rows(user, moment, erased, keys)
        reason = pl.select(pl.when(is_erased).then(pl.lit(ERASED)).otherwise(reason)).to_series()
    is_personal = _personal(query, reason.is_null())
    reason = pl.select(
        pl.when(is_personal).then(pl.lit("personal_data")).otherwise(reason)
    ).to_series()
    is_search = reason.is_null()
    rank = fields["clicked_rank"]
    if fmt.rank_before is not None:
        rank = rank.str.split(fmt.rank_before).list.first()
    rank = rank.str.strip_chars(" ").cast(pl.Int32, strict=False)
    url = fields["clicked_url"].str.strip_chars(" ")
    known_user = pl.select(pl.when(is_search).then(user)).to_series()
    rows = pl.DataFrame(
        {
            "reason": reason,
            "text": _shown(fields.with_columns(moment=moment), is_visible, reason, surface),
            "searched_at": moment,
            "due": seconds - CLOCK_SKEW_SECONDS,
            "user_id": user_ids(known_user, keys),
            "query_id": ids(query),
            "query": query,
            "surface": surface,
            "clicked_url": url,
            "clicked_rank": rank,
            "result_count": _result_counts(fields["result_count"]),
            "click_seconds": _click_seconds(fields),
            "device": devices(fields["device"]),
            # Of other lines null, as of files of before.
            "is_click": pl.select(pl.when(fields["is_click"]).then(True)).to_series(),
        }
    )
    if is_search.all():
        return rows.with_columns(
            due=pl.lit(None, pl.Int64),
            clicked_url=pl.when(pl.col("clicked_url") != "").then("clicked_url"),
            clicked_rank=pl.when(pl.col("clicked_rank") >= 1).then("clicked_rank"),
        )
    searched = pl.lit(is_search)
    return rows.with_columns(
        pl.when(pl.col("reason") == "future_time").then("due").alias("due"),
        *(pl.when(searched).then(name).alias(name) for name in ("query_id", "query", "surface")),
        *(pl.when(searched).then(name).alias(name) for name in LATER_IN_SEARCHES),
        pl.when(searched & (pl.col("clicked_url") != "")).then("clicked_url").alias("clicked_url"),
        pl.when(searched & (pl.col("clicked_rank") >= 1))
        .then("clicked_rank")
        .alias("clicked_rank"),
    )


def _result_counts(texts: pl.Series) -> pl.Series:
    """Whole numbers from 0; null of anything else, as -1 where a service does not know."""
    if texts.null_count() == len(texts):
        return pl.repeat(None, len(texts), dtype=pl.Int64, eager=True)
    numbers = (
        texts.str.strip_chars(" ").str.replace_all(_THOUSANDS, "").cast(pl.Int64, strict=False)
    )
    return pl.select(pl.when(numbers >= 0).then(numbers)).to_series()


def _click_seconds(fields: pl.DataFrame) -> pl.Series:
    """Seconds from the search to the click, to the millisecond: as told, or by the click's time.

    Null of a line that is a click: its time is the click's, and another tells when the search was.
    """
    told, at = fields["click_seconds"], fields["click_moment"]
    if fields["is_click"].any() or told.null_count() + at.null_count() == 2 * len(fields):
        return pl.repeat(None, len(fields), dtype=pl.Float64, eager=True)
    between = (at - fields["moment"]).dt.total_microseconds() / 1e6
    seconds = pl.coalesce(told.str.strip_chars(" ").cast(pl.Float64, strict=False), between)
    is_possible = seconds.is_between(0, MAX_CLICK_SECONDS)
    return pl.select(pl.when(is_possible).then(seconds.round(3))).to_series()


def _unwrapped(query: pl.Series, fmt: LogFormat) -> pl.Series:
    """The query without what the format wraps it in."""
    if fmt.brackets is not None:
        opening, closing = fmt.brackets
        is_wrapped = query.str.starts_with(opening) & query.str.ends_with(closing)
        inside = query.str.slice(len(opening)).str.head(-len(closing))
        query = pl.select(pl.when(is_wrapped).then(inside).otherwise(query)).to_series()
    if fmt.plus_is_space:
        query = query.str.replace_all("+", " ", literal=True)
    if fmt.blank:
        is_blank = query.str.strip_chars(" ").is_in(list(fmt.blank))
        query = pl.select(pl.when(is_blank).then(pl.lit("")).otherwise(query)).to_series()
    return query


def _personal(query: pl.Series, asked: pl.Series) -> pl.Series:
    places = asked.arg_true()
    found = has_personal_data(query.gather(places))
    return pl.repeat(False, len(query), eager=True).scatter(places, found)


def _shown(
    fields: pl.DataFrame, is_visible: pl.Series, reason: pl.Series, surface: pl.Series
) -> pl.Series:
    """What a reject shows of its line; never the user."""
    places = (reason.is_not_null() & ~reason.is_in([SKIPPED, ERASED])).arg_true()
    nothing = pl.repeat(None, len(reason), dtype=pl.String, eager=True)
    if not len(places):
        return nothing
    few = fields.select(
        "decoded", "too_long", "undecodable", "missing", "moment", "searched_at", "query"
    )[places].with_columns(
        has_user=is_visible.gather(places),
        surface=surface.gather(places),
        is_personal=(reason == "personal_data").gather(places),
    )
    # Masked before it is cut: half a number would not be known as one.
    typed = few.select(
        pl.when("is_personal")
        .then("surface")
        .otherwise(pl.col("query").str.head(MAX_QUERY_CHARACTERS).fill_null(""))
    ).to_series()
    query = masked(typed)
    # Found in the query and not in its surface: then no part of it is shown.
    is_unmasked = few["is_personal"] & (query == few["surface"])
    query = pl.select(pl.when(is_unmasked).then(pl.lit(MASK)).otherwise(query)).to_series()
    # Where the time is no time, the columns may be others than declared: the user may stand there.
    is_told = pl.col("moment").is_not_null()
    time = (
        pl.when(is_told).then("searched_at").otherwise(_shape(pl.col("searched_at").str.head(64)))
    )
    as_read = pl.concat_str(
        time.fill_null(""),
        pl.when("has_user").then(pl.lit("<user>")).otherwise(pl.lit("")),
        pl.col("masked").fill_null(""),
        separator="\t",
    ).str.head(REJECT_CHARACTERS)
    is_split = ~(pl.col("too_long") | pl.col("undecodable") | pl.col("missing"))
    shown = few.with_columns(masked=query).select(
        pl.when(is_split)
        .then(as_read)
        .otherwise(_shape(pl.col("decoded").str.head(REJECT_CHARACTERS)))
    )
    return nothing.scatter(places, shown.to_series())


def _shape(text: pl.Expr) -> pl.Expr:
    """Letters as x, digits as 9, like `detection.shape`."""
    return text.str.replace_all(r"[\p{L}\p{M}]", "x").str.replace_all(r"\p{N}", "9")
