"""Lines of a log to searches, as expressions: what each line says, or why it is none.

Stages, each a projection, so that nothing is computed twice: the line as text; its fields as text;
time and query as values; the verdict; the row. A line gets exactly one reason, the first of:
`too_long` (the line), `undecodable`, `skipped`, `too_few_columns`, `no_user`, `bad_time`,
`future_time`, `too_long` (the query), `blank_query`, `personal_data`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import reduce
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    FractionalType,
    IntegerType,
    LongType,
    NumericType,
    ShortType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from pipeline.batches import Batches
from pipeline.charsets import CHARSETS, known_charset, line_separator
from pipeline.detection import bound_to_names, with_positions
from pipeline.erased import NOBODY, Erased, without_erased
from pipeline.errors import InvalidParameterError, LogFormatError
from pipeline.formats import ColumnRef, LogFormat, SkipRule, TimePattern, known_zone
from pipeline.lines import MAX_LINE_BYTES
from pipeline.privacy import MASK, has_personal_data, masked
from pipeline.text import normalized_query, surface_form
from pipeline.user_ids import UserKeys, user_ids
from silgeom.text import INVISIBLE, JOINER, SPACES

MAX_QUERY_CHARACTERS: Final = 1_000
#: Characters kept of a line that is not taken in.
REJECT_CHARACTERS: Final = 200
#: Before this moment nobody searched: 1990-01-01T00:00:00Z in seconds.
EARLIEST: Final = 631_152_000
#: Clocks of other machines may be ahead by so many seconds.
CLOCK_SKEW_SECONDS: Final = 3_600
#: Charsets of the module jdk.charsets, which trimmed Javas lack: Python decodes them.
NOT_IN_EVERY_JAVA: Final = frozenset({"CP949", "Shift_JIS", "Big5"})

#: The reason of lines that the format knows as no searches: they are counted, not rejected.
SKIPPED: Final = "skipped"

_PLACE: Final = ("source", "block", "line")
#: A character that somebody can see.
_VISIBLE: Final = f"[^{INVISIBLE}{SPACES}{JOINER} ]"
_BYTE_ORDER_MARK: Final = "\ufeff"
_REPLACEMENT: Final = "\ufffd"


def read_records(
    spark: SparkSession,
    paths: Sequence[str],
    fmt: LogFormat,
    charset: str,
    schema: pa.Schema | None = None,
) -> DataFrame:
    """Files as `parsed_lines` takes them, still without source and line number.

    Args:
        spark: the session.
        paths: files of one format and charset, of Parquet those of one schema.
        fmt: how they are read.
        charset: of their lines.
        schema: of Parquet files, as `parquet_schema` gives it.

    Returns:
        `raw`, a line's bytes without its line feed; of Parquet `record`, the columns that count.
        The reader's hidden `_metadata` can be selected from it.

    Raises:
        LogFormatError: a Parquet file has no column for user, time or query.
    """
    if fmt.kind != "parquet":
        reader = spark.read
        if fmt.line_end == "\n" or known_charset(charset).startswith("UTF-16"):
            # A lone carriage return stays inside its line, as it must for lines to be counted.
            reader = reader.option("lineSep", line_separator(charset, fmt.line_end))
        return reader.text(list(paths)).select(F.col("value").cast("binary").alias("raw"))
    if schema is None:
        raise LogFormatError("the schema of a Parquet file must be known")
    named = bound_to_names(fmt, schema.names, "the Parquet file")
    wanted = [schema.field(name) for name in dict.fromkeys(str(ref) for ref in _refs(named))]
    kinds = {field.name: _read_as(field.type) for field in wanted}
    records = spark.read.schema(
        StructType([StructField(name, kind) for name, kind in kinds.items() if kind is not None])
    ).parquet(*paths)
    return records.select(F.struct(*[_column(field) for field in wanted]).alias("record"))


def parquet_schema(file: pq.ParquetFile) -> pa.Schema:
    """The schema of a Parquet file, times of 96 bits as the moments that they are."""
    schema: pa.Schema = file.schema_arrow
    by_path = {each.path: each for each in (file.schema.column(i) for i in range(len(file.schema)))}
    for index, column in enumerate(schema):
        found = by_path.get(column.name)
        if found is not None and found.physical_type == "INT96":
            schema = schema.set(index, column.with_type(pa.timestamp("us", "UTC")))
    return schema.remove_metadata()


def _read_as(kind: pa.DataType) -> DataType | None:
    """The type as which Spark reads a Parquet column; None: it holds no single values."""
    if pa.types.is_dictionary(kind):
        return _read_as(kind.value_type)
    if pa.types.is_timestamp(kind):
        if kind.unit == "ns":
            return LongType()
        return TimestampNTZType() if kind.tz is None else TimestampType()
    if pa.types.is_decimal(kind):
        return DecimalType(kind.precision, kind.scale)
    return next((found for is_kind, found in _SPARK_TYPES if is_kind(kind)), None)


_SPARK_TYPES: Final[tuple[tuple[Callable[[pa.DataType], bool], DataType], ...]] = (
    (pa.types.is_string, StringType()),
    (pa.types.is_large_string, StringType()),
    (pa.types.is_string_view, StringType()),
    (pa.types.is_binary, BinaryType()),
    (pa.types.is_large_binary, BinaryType()),
    (pa.types.is_int8, ByteType()),
    (pa.types.is_int16, ShortType()),
    (pa.types.is_int32, IntegerType()),
    (pa.types.is_int64, LongType()),
    (pa.types.is_uint8, ShortType()),
    (pa.types.is_uint16, IntegerType()),
    (pa.types.is_uint32, LongType()),
    (pa.types.is_uint64, DecimalType(20, 0)),
    (pa.types.is_float32, FloatType()),
    (pa.types.is_float64, DoubleType()),
    (pa.types.is_boolean, BooleanType()),
    (pa.types.is_date32, DateType()),
)


def _column(field: pa.Field) -> Column:
    """A column as Spark reads it, with nanoseconds cut to microseconds; null for lists and such."""
    if _read_as(field.type) is None:
        return F.lit(None).cast("string").alias(field.name)
    column = F.col("`" + field.name.replace("`", "``") + "`")
    if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
        column = F.timestamp_micros(F.floor(column / F.lit(1000)))
        # Of times without a zone the session's UTC stands for theirs.
        column = column.cast("timestamp_ntz") if field.type.tz is None else column
    return column.alias(field.name)


def parsed_lines(
    lines: DataFrame,
    fmt: LogFormat,
    *,
    charset: str,
    zone: str,
    file_date: date | None,
    now: datetime,
    user_keys: UserKeys,
    erased: Erased = NOBODY,
) -> DataFrame:
    """One row a line: a search, or the reason why it is none.

    Args:
        lines: `source` string, `line` bigint, `block` bigint if there is one, and `raw` binary (the
            bytes of one line without its line feed; it may end in a carriage return), or for
            Parquet `record`, a struct of named columns.
        fmt: how the lines are read; one with a header line is bound to it (`formats.bound`).
        charset: of the lines.
        zone: of times without an offset where the format names none.
        file_date: the day of times of day; needed where `fmt.needs_date`.
        now: the clock, with a zone; what was searched more than an hour later is `future_time`.
        user_keys: `user_id` is a hash under them, and the user cannot be told without them.
        erased: of these people lines up to the moment of their erasure are withheld.

    Returns:
        `source`, `block` if given, `line`; `reason`: null for a search, one of REJECT_REASONS,
        `personal_data`, `erased` (then without a text), or `skipped`; `text`: of what was not taken
        in, time, user and query as they were read, tab between, the user and personal data masked,
        or only the shape of the line where it could not be split (null of a search and of a skipped
        line); `due`: when a line of `future_time` would be none any more, in UTC seconds, else
        null; and of a search `searched_at` (UTC, whole seconds; rejected lines have it too where it
        was told), `user_id`,
        `query_id`, `query`, `surface`, `clicked_url`, `clicked_rank`.

    Raises:
        InvalidParameterError: `now` has no zone.
        LogFormatError: a day is needed and not given, a header line is needed and was not seen, or
            zone or charset is not known.
    """
    if now.tzinfo is None:
        raise InvalidParameterError("now must have a time zone")
    if fmt.needs_date and file_date is None:
        raise LogFormatError(
            f"the format {fmt.name} has times without their day; name the day with "
            "--date YYYY-MM-DD"
        )
    clock = _Clock(known_zone(fmt.zone or zone), file_date, int(now.timestamp()))
    if fmt.kind == "parquet":
        fields = _record_fields(lines, fmt, clock)
    else:
        fields = _line_fields(_decoded(lines, charset), fmt, clock)
    values = _values(fields, fmt)
    return _rows(_judged(values, clock), user_keys, erased)


# --- Bytes to text --------------------------------------------------------------------------


def _place(df: DataFrame) -> list[str]:
    return [name for name in _PLACE if name in df.columns]


def _decoded(lines: DataFrame, charset: str) -> DataFrame:
    """`decoded` (null if too long), `too_long`, `undecodable`, `layout` (for the shape)."""
    known = known_charset(charset)
    is_long = F.octet_length("raw") > MAX_LINE_BYTES
    # Cut before anything else is done with it: a line may have any length.
    sized = lines.select(
        *_place(lines),
        is_long.alias("too_long"),
        F.when(is_long, F.substring("raw", 1, 4 * REJECT_CHARACTERS))
        .otherwise(F.col("raw"))
        .alias("raw"),
    )
    raw = F.col("raw")
    if known == "UTF-8":
        text = raw.cast("string")
        bad = ~F.is_valid_utf8(text)
    elif known in NOT_IN_EVERY_JAVA:
        return _ended_lines(_decoded_by_python(sized, CHARSETS[known][0]))
    else:
        java_name = CHARSETS[known][1]
        text = F.decode(raw, java_name)
        # A replacement character is a bad byte unless it was in the line: then it goes back to it.
        bad = F.col("decoded").contains(_REPLACEMENT) & (F.encode("decoded", java_name) != raw)
    decoded = sized.withColumn("decoded", text)
    return _ended_lines(decoded.withColumn("undecodable", ~F.col("too_long") & bad))


def _decoded_by_python(sized: DataFrame, codec: str) -> DataFrame:
    """Add `decoded` and `undecodable`; a batch of lines at once, so this is no loop over lines."""
    kept = [field for field in sized.schema if field.name != "raw"]

    def decode(batches: Batches) -> Batches:
        for batch in batches:
            # No line holds a line feed, and no character here has one as its second byte.
            whole = b"\n".join(batch.column("raw").to_pylist())
            texts = pa.array(whole.decode(codec, "replace").split("\n")[: batch.num_rows])
            columns = [batch.column(field.name) for field in kept]
            names = [field.name for field in kept]
            yield pa.RecordBatch.from_arrays([*columns, texts], [*names, "decoded"])

    schema = StructType([*kept, StructField("decoded", StringType())])
    decoded = sized.mapInArrow(decode, schema)
    bad = F.col("decoded").contains(_REPLACEMENT)  # which none of them can write
    return decoded.withColumn("undecodable", ~F.col("too_long") & bad)


def _ended_lines(judged: DataFrame) -> DataFrame:
    """The lines without byte order mark and carriage return."""
    unmarked = F.when(
        F.col("decoded").startswith(_BYTE_ORDER_MARK), F.substring("decoded", 2, MAX_LINE_BYTES)
    ).otherwise(F.col("decoded"))
    without_mark = judged.withColumn("decoded", unmarked)
    ended = F.when(
        F.col("decoded").endswith("\r"), F.substring(F.col("decoded"), F.lit(1), _length() - 1)
    ).otherwise(F.col("decoded"))
    return without_mark.withColumn("decoded", ended)


def _length() -> Column:
    return F.length("decoded")


# --- Text to fields -------------------------------------------------------------------------


class _Clock:
    """What a time needs beside its text: zone, day, and the last second that is no future."""

    def __init__(self, zone: str, day: date | None, now_seconds: int) -> None:
        self.zone = zone
        self.day = day
        self.latest = now_seconds + CLOCK_SKEW_SECONDS

    def utc(self, wall_time: Column) -> Column:
        """A wall-clock time, held as if in UTC, as the moment it was."""
        return wall_time if self.zone == "UTC" else F.to_utc_timestamp(wall_time, self.zone)


def _line_fields(decoded: DataFrame, fmt: LogFormat, clock: _Clock) -> DataFrame:
    """The fields as text, and what is wrong with the line as a whole."""
    is_readable = ~F.col("too_long") & ~F.col("undecodable")
    readable = decoded.withColumn("readable", F.when(is_readable, F.col("decoded")))
    if fmt.kind == "json":
        split, value = _from_json(readable, fmt)
    else:
        fmt = with_positions(fmt)
        split, value = _from_columns(readable, fmt)
    is_json = fmt.kind == "json"
    time, user, query, url, rank = (
        _first_of(
            [
                _text_in_json(value(ref), ref)
                if is_json and name in ("user", "query")
                else value(ref)
                for ref in fmt.alternatives(name)
            ]
        )
        for name in ("searched_at", "user", "query", "clicked_url", "clicked_rank")
    )
    fields = split.select(
        *_place(split),
        "decoded",
        "too_long",
        "undecodable",
        time.alias("time_text"),
        user.alias("user_text"),
        query.alias("query_text"),
        url.alias("url_text"),
        rank.alias("rank_text"),
        _is_skipped(fmt, value).alias("skipped"),
    )
    texts = [F.col(name) for name in ("time_text", "user_text", "query_text")]
    # In columns each has its place; a JSON object may leave out what is blank.
    together = (lambda a, b: a & b) if fmt.kind == "json" else (lambda a, b: a | b)
    missing: Column = reduce(together, [text.isNull() for text in texts])
    return fields.withColumn("missing", missing).withColumn(
        "searched_at", _moment(F.trim("time_text"), fmt.times, clock)
    )


def _from_columns(
    readable: DataFrame, fmt: LogFormat
) -> tuple[DataFrame, Callable[[ColumnRef], Column]]:
    positions = [int(ref) for ref in _refs(fmt)]
    separator = fmt.separators[0]
    text = F.col("readable")
    # One part more than is needed: the last takes the rest of the line.
    cells = F.split(text, _literal(separator), max(positions) + 1)
    if fmt.kind == "csv":
        # What ends inside quotes goes on in the next line: none of its cells is whole.
        quoted = F.when(
            ~_is_left_open(text, separator), _quoted_cells(text, separator, max(positions))
        )
        cells = F.when(text.contains('"'), quoted).otherwise(cells)
    split = readable.withColumn("cells", cells)
    return split, lambda ref: F.get("cells", F.lit(int(ref) - 1))


def _literal(separator: str) -> str:
    """A regular expression for the separator; Spark and Java split fast by a single character."""
    if len(separator) > 1:
        return re.escape(separator)
    return "\\" + separator if separator in ".$|()[{^?*+\\" else separator


def _quoted_cells(text: Column, separator: str, width: int) -> Column:
    """A line with quotes as in RFC 4180, as an array of its first `width` cells."""
    names = [f"c{position}" for position in range(1, width + 1)]
    schema = ", ".join(f"{name} string" for name in [*names, "malformed"])
    # The line may have more cells than are asked for: the last one tells if it had fewer.
    parsed = F.from_csv(
        text,
        schema,
        {
            "sep": separator,
            "escape": '"',
            "columnNameOfCorruptRecord": "malformed",
            "maxCharsPerColumn": str(MAX_LINE_BYTES),
        },
    )
    # Spark gives null for an empty cell and for a missing one; only the latter is malformed.
    return F.transform(
        F.array(parsed),
        lambda row: F.array(
            *[F.coalesce(row[name], F.when(row["malformed"].isNull(), F.lit(""))) for name in names]
        ),
    )[0]


def _is_left_open(text: Column, separator: str) -> Column:
    """Whether a line ends inside a quoted cell. A quote within a cell opens nothing."""
    between = re.escape(separator)
    single = F.replace(text, F.lit('""'), F.lit(""))
    whole_cells = F.regexp_replace(single, rf'(^|{between})"[^"]*"(?=\s*(?:{between}|$))', "$1")
    quotes = F.length(text) - F.length(F.replace(text, F.lit('"'), F.lit("")))
    return (quotes % 2 == 1) & whole_cells.rlike(rf'(?:^|{between})\s*"')


def _from_json(
    readable: DataFrame, fmt: LogFormat
) -> tuple[DataFrame, Callable[[ColumnRef], Column]]:
    tree: dict[str, Any] = {}
    for ref in _refs(fmt):
        *parents, leaf = str(ref).split(".")
        reduce(lambda node, key: node.setdefault(key, {}), parents, tree)[leaf] = None
    # As the only element of an array: of a line with two objects, or with more behind its object,
    # nothing is taken in.
    elements = F.from_json(
        F.concat(F.lit("["), F.col("readable"), F.lit("]")),
        ArrayType(_schema(tree)),
        {"allowUnquotedControlChars": "true"},
    )
    is_object = F.ltrim(F.col("readable")).startswith("{") & (F.size(elements) == 1)
    document = F.when(is_object, elements[0])

    def value(ref: ColumnRef) -> Column:
        return reduce(lambda node, key: node.getField(key), str(ref).split("."), F.col("document"))

    return readable.withColumn("document", document), value


def _text_in_json(value: Column, ref: ColumnRef) -> Column:
    """A user or query as text: that of a whole number as such; what is neither is blank.

    Spark gives objects, arrays and true as the text that they have in the line, NaN in quotes, all
    of which somebody may have typed: only then the line is asked whether it stands in quotes.
    """
    leaf = re.escape(str(ref).rpartition(".")[2])
    is_unquoted = F.col("readable").rlike(rf'"{leaf}"\s*:\s*[^"\s]')
    is_no_text = value.rlike(r'^(?:[\[{].*|true|false|"?(?:NaN|[+-]?Inf(?:inity)?|[+-]?INF)"?)$')
    is_whole = value.rlike(r"^-?\d+\.0+$")
    return (
        F.when(is_no_text & is_unquoted, F.lit(""))
        .when(is_whole & is_unquoted, F.substring_index(value, ".", 1))
        .otherwise(value)
    )


def _schema(tree: dict[str, Any]) -> StructType:
    return StructType(
        [
            StructField(key, StringType() if inner is None else _schema(inner))
            for key, inner in tree.items()
        ]
    )


def _refs(fmt: LogFormat) -> list[ColumnRef]:
    names = ("searched_at", "user", "query", "clicked_url", "clicked_rank")
    fields = [ref for name in names for ref in fmt.alternatives(name)]
    return [*fields, *[rule.column for rule in fmt.skip]]


def _first_of(alternatives: Sequence[Column]) -> Column:
    """The first that is not blank, else the last: null only if that one is missing."""
    if not alternatives:
        return F.lit(None).cast("string")
    if len(alternatives) == 1:
        return alternatives[0]
    filled = [F.when(F.trim(each) != "", each) for each in alternatives]
    return F.coalesce(*filled, *alternatives)


def _is_skipped(fmt: LogFormat, value: Callable[[ColumnRef], Column]) -> Column:
    text = F.col("readable")
    conditions = [_rule_applies(rule, value(rule.column)) for rule in fmt.skip]
    conditions += [text.startswith(prefix) for prefix in fmt.skip_prefixes]
    if fmt.header_cells:
        cells = [
            F.lower(F.btrim(F.trim(value(position)), F.lit('"'))) == name.strip('"').lower()
            for position, name in fmt.header_cells
        ]
        conditions.append(reduce(lambda a, b: a & b, cells))
    found = [F.coalesce(condition, F.lit(False)) for condition in conditions]
    return reduce(lambda a, b: a | b, found, F.lit(False))


def _rule_applies(rule: SkipRule, value: Column) -> Column:
    if rule.one_of:
        return value.isin(*rule.one_of)
    return ~value.isin(*rule.not_in) if rule.not_in else value.isNotNull()


def _record_fields(records: DataFrame, fmt: LogFormat, clock: _Clock) -> DataFrame:
    """The fields of a Parquet row: as text, the time from whatever type it has."""
    schema = records.schema["record"].dataType
    assert isinstance(schema, StructType)
    named = bound_to_names(fmt, schema.names, "the Parquet file")
    types = {field.name: field.dataType for field in schema}

    def value(ref: ColumnRef) -> Column:
        return F.col("record").getField(str(ref))

    def text(name: str) -> Column:
        return _first_of(
            [_text_of(value(ref), types[str(ref)]) for ref in named.alternatives(name)]
        )

    moments = [
        _typed_moment(value(ref), types[str(ref)], named, clock) for ref in named.searched_at
    ]
    without_lines = replace(named, skip_prefixes=(), header_cells=())
    skipped = _is_skipped(without_lines, lambda ref: value(ref).cast("string"))
    is_valid = reduce(
        lambda a, b: a & b,
        [F.coalesce(F.is_valid_utf8(text(name)), F.lit(True)) for name in ("user", "query")],
    )
    return records.select(
        *_place(records),
        F.lit("").alias("decoded"),
        F.lit(False).alias("too_long"),
        (~is_valid).alias("undecodable"),
        text("searched_at").alias("time_text"),
        text("user").alias("user_text"),
        text("query").alias("query_text"),
        text("clicked_url").alias("url_text"),
        text("clicked_rank").alias("rank_text"),
        skipped.alias("skipped"),
        F.lit(False).alias("missing"),
        F.coalesce(*moments).alias("searched_at"),
    )


def _text_of(value: Column, data_type: DataType) -> Column:
    """A value as text, equal for the same number in every type; true, false and NaN are none."""
    if isinstance(data_type, BooleanType):
        return F.lit(None).cast("string")
    if isinstance(data_type, FractionalType):
        whole = value.try_cast("decimal(38,0)")
        number = F.when(value == whole.cast(data_type), whole.cast("string")).otherwise(
            value.cast("string")
        )
        return F.when(~F.isnan(value.cast("double")), number)
    return value.cast("string")


def _typed_moment(value: Column, data_type: DataType, fmt: LogFormat, clock: _Clock) -> Column:
    if isinstance(data_type, TimestampType):
        return value
    if isinstance(data_type, TimestampNTZType):
        return clock.utc(value.cast("timestamp"))
    times = fmt.times
    if isinstance(data_type, NumericType):
        times = tuple(pattern for pattern in times if pattern.startswith("epoch")) or times
    return _moment(F.trim(value.cast("string")), times, clock)


# --- Texts to values ------------------------------------------------------------------------


def _moment(text: Column, patterns: Sequence[str], clock: _Clock) -> Column:
    """The moment that a text names by the first pattern it fits; null: by none."""
    return F.coalesce(*[_by_pattern(text, TimePattern(each), clock) for each in patterns])


def _by_pattern(text: Column, pattern: TimePattern, clock: _Clock) -> Column:
    if pattern.pattern == "iso8601":
        return _iso_8601(text, clock)
    if pattern.pattern in ("epoch_seconds", "epoch_millis"):
        return _epoch(text, in_millis=pattern.pattern == "epoch_millis")
    read = _cut_out if pattern.fixed_width else _by_formatter
    if not pattern.two_digit_year:
        return read(text, pattern, clock, "20")
    # Two digits name the latest year that is no future: 97 is 1997 until 2097.
    recent = read(text, pattern, clock, "20")
    earlier = read(text, pattern, clock, "19")
    return F.when(F.unix_seconds(recent) <= clock.latest, recent).otherwise(earlier)


def _iso_8601(text: Column, clock: _Clock) -> Column:
    """Date and time with at least minutes; Spark's own parser, many times faster than patterns."""
    # It takes a time alone for one of today, and a year alone for its first moment: not here.
    has_date = (F.length(text) >= 16) & (F.substring(text, 5, 1) == "-")
    complete = F.when(F.substring(text, 17, 1) == ":", text).otherwise(
        F.concat(F.substring(text, 1, 16), F.lit(":00"), F.substring(text, 17, 64))
    )
    tail = F.substring(text, 17, 64)
    has_offset = tail.contains("+") | tail.contains("-") | (F.right(text, F.lit(1)) > "9")
    in_zone = clock.utc(F.concat(complete, F.lit("Z")).try_cast("timestamp"))
    return F.when(has_date, F.when(has_offset, complete.try_cast("timestamp")).otherwise(in_zone))


def _epoch(text: Column, *, in_millis: bool) -> Column:
    """Seconds or milliseconds since 1970; told apart by size (milliseconds from 1973 on)."""
    number = text.try_cast("decimal(20,3)")
    if in_millis:
        return F.when(number.between(10**11, 10**13 - 1), F.timestamp_millis(number.cast("bigint")))
    return F.when(number.between(0, 10**11 - 1), F.timestamp_seconds(number.cast("bigint")))


def _cut_out(text: Column, pattern: TimePattern, clock: _Clock, century: str) -> Column:
    """Cut by position and put together as Spark's own parser wants it."""
    cut: dict[str, Column] = {}
    literals: list[Column] = []
    start = 1
    for is_letters, part in pattern.parts:
        piece = F.substring(text, start, len(part))
        if is_letters:
            cut[part] = piece
        else:
            literals.append(piece == part)
        start += len(part)
    if pattern.has_date:
        year = cut.get("yyyy", F.concat(F.lit(century), cut.get("yy", F.lit(""))))
        day = [year, F.lit("-"), cut["MM"], F.lit("-"), cut["dd"]]
    else:
        day = [F.lit(f"{clock.day}")]
    time = [cut["HH"], F.lit(":"), cut["mm"], F.lit(":"), cut.get("ss", F.lit("00"))]
    moment = F.concat(*day, F.lit(" "), *time, F.lit("Z")).try_cast("timestamp")
    fits = reduce(lambda a, b: a & b, literals, F.length(text) == start - 1)
    return F.when(fits, clock.utc(moment))


def _by_formatter(text: Column, pattern: TimePattern, clock: _Clock, century: str) -> Column:
    """Any other pattern, by Spark's formatter (slower: about a microsecond a line)."""
    letters = pattern.pattern
    if not pattern.has_date:
        letters, text = f"yyyy-MM-dd {letters}", F.concat(F.lit(f"{clock.day} "), text)
    moment = F.try_to_timestamp(text, F.lit(letters))
    if pattern.two_digit_year and century == "19":
        moment = moment - F.make_ym_interval(F.lit(100), F.lit(0))
    return moment if pattern.has_offset else clock.utc(moment)


def _values(fields: DataFrame, fmt: LogFormat) -> DataFrame:
    """Whole seconds; the query without its wrapping, as typed and normalised."""
    query = F.trim("query_text")
    if fmt.brackets is not None:
        opening, closing = fmt.brackets
        inside = F.substring(
            query,
            F.lit(len(opening) + 1),
            F.greatest(F.length(query) - len(opening) - len(closing), F.lit(0)),
        )
        query = F.when(query.startswith(opening) & query.endswith(closing), inside).otherwise(query)
    if fmt.plus_is_space:
        query = F.translate(query, "+", " ")
    if fmt.blank:
        query = F.when(F.trim(query).isin(*fmt.blank), F.lit("")).otherwise(query)
    rank = F.col("rank_text")
    if fmt.rank_before is not None:
        rank = F.substring_index(rank, fmt.rank_before, 1)
    unwrapped = (
        fields.withColumn("user_text", F.trim("user_text"))
        .withColumn("typed", query)
        .withColumn("query_too_long", F.length("typed") > MAX_QUERY_CHARACTERS)
        .withColumn("typed", F.when(~F.col("query_too_long"), F.col("typed")))
        .withColumn("searched_seconds", F.unix_seconds("searched_at"))
        .withColumn("rank", F.trim(rank).try_cast("int"))
    )
    return (
        unwrapped.withColumn("clicked_url", F.when(F.trim("url_text") != "", F.trim("url_text")))
        .withColumn("clicked_rank", F.when(F.col("rank") >= 1, F.col("rank")))
        .withColumn("surface", surface_form(F.col("typed")))
        .withColumn("query", normalized_query(F.col("typed")))
    )


# --- The verdict ----------------------------------------------------------------------------


def _judged(values: DataFrame, clock: _Clock) -> DataFrame:
    """`reason`: the first that applies, in the order of the module's docstring.

    Personal data is looked for later: see `_withheld_and_hashed`.
    """
    seconds = F.col("searched_seconds")
    reason = (
        F.when(F.col("too_long"), F.lit("too_long"))
        .when(F.col("undecodable"), F.lit("undecodable"))
        .when(F.col("skipped"), F.lit(SKIPPED))
        .when(F.col("missing"), F.lit("too_few_columns"))
        .when(~F.coalesce("user_text", F.lit("")).rlike(_VISIBLE), F.lit("no_user"))
        .when(F.coalesce(seconds, F.lit(0)) < EARLIEST, F.lit("bad_time"))
        .when(seconds > clock.latest, F.lit("future_time"))
        .when(F.col("query_too_long"), F.lit("too_long"))
        .when(F.coalesce("query", F.lit("")) == "", F.lit("blank_query"))
    )
    plausible = seconds.between(EARLIEST, clock.latest)
    judged = values.withColumn("reason", reason)
    due = F.when(F.col("reason") == "future_time", seconds - CLOCK_SKEW_SECONDS)
    return judged.withColumn("due", due).withColumn(
        "searched_at", F.when(plausible, F.timestamp_seconds(seconds))
    )


def _rows(judged: DataFrame, user_keys: UserKeys, erased: Erased) -> DataFrame:
    is_search = F.col("reason").isNull()
    is_split = ~F.col("too_long") & ~F.col("undecodable") & ~F.col("missing")
    is_shown = is_split & ~F.coalesce(F.col("reason") == SKIPPED, F.lit(False))
    cut_line = F.substring(F.make_valid_utf8("decoded"), 1, REJECT_CHARACTERS)
    # Where the time is no time, the columns may be others than declared: the user may stand there.
    time = F.when(F.col("searched_at").isNull(), _shape(F.substring("time_text", 1, 64))).otherwise(
        F.col("time_text")
    )
    user = F.when(F.col("user_text").rlike(_VISIBLE), F.lit("<user>"))
    head = F.concat_ws("\t", *[F.coalesce(part, F.lit("")) for part in (time, user)])
    # Masked before it is cut: half a number would not be known as one.
    typed = F.coalesce(F.substring("query_text", 1, MAX_QUERY_CHARACTERS), F.lit(""))
    # Where anybody was erased it matters whose a rejected line is.
    user_id = F.col("user_text") if erased.until else F.when(is_search, F.col("user_text"))
    parts = judged.select(
        *_place(judged),
        "reason",
        F.when(~is_split & (F.col("reason") != SKIPPED), _shape(cut_line)).alias("text"),
        "searched_at",
        "due",
        user_id.alias("user_id"),
        F.when(is_search, F.xxhash64("query")).alias("query_id"),
        *[F.when(is_search, F.col(name)).alias(name) for name in _OF_SEARCH],
        F.when(is_shown, head).alias("head"),
        F.when(is_shown & ~is_search, typed).alias("typed"),
    )
    fields = [
        StructField("user_id", LongType()) if field.name == "user_id" else field
        for field in parts.schema
        if field.name not in ("head", "typed")
    ]
    return parts.mapInArrow(_withheld_and_hashed(user_keys, erased), StructType(fields))


#: What only a search has, beside its ids.
_OF_SEARCH: Final = ("query", "surface", "clicked_url", "clicked_rank")


def _withheld_and_hashed(keys: UserKeys, erased: Erased) -> Callable[[Batches], Batches]:
    """For `mapInArrow`: the one stage that runs outside Spark, for all that is private.

    Searches with personal data become rejects, and so do those of erased people; what rejects show
    is masked; users become ids. Here the keys are in a closure, where no plan shows them.
    """
    without_search = ("query_id", *_OF_SEARCH)
    kept = without_erased(keys, erased) if erased.until else iter

    def rows(batches: Batches) -> Batches:
        for batch in kept(batches):
            row = {name: batch.column(name) for name in batch.schema.names}
            personal = pc.fill_null(has_personal_data(row["query"]), False)
            head, typed = row.pop("head"), row.pop("typed")
            shown = masked(pc.if_else(personal, row["surface"], typed))
            # Found in the query and not in its surface: then no part of it is shown.
            unmasked = pc.and_kleene(personal, pc.equal(shown, row["surface"]))
            shown = pc.if_else(unmasked, MASK, shown)
            as_read = pc.binary_join_element_wise(head, shown, "\t")
            row["text"] = pc.coalesce(
                row["text"], pc.utf8_slice_codeunits(as_read, 0, REJECT_CHARACTERS)
            )
            row["reason"] = pc.if_else(personal, "personal_data", row["reason"])
            for name in without_search:
                row[name] = pc.if_else(personal, pa.scalar(None, row[name].type), row[name])
            is_user = pc.invert(personal)
            users = pc.if_else(is_user, row["user_id"], pa.scalar(None, pa.string()))
            row["user_id"] = user_ids(users, keys)
            yield pa.RecordBatch.from_pydict(row)

    return rows


def _shape(text: Column) -> Column:
    """Letters as x, digits as 9, like `formats.shape`."""
    return F.regexp_replace(F.regexp_replace(text, r"[\p{L}\p{M}]", "x"), r"\p{N}", "9")
