"""Bytes of lines to text, in any of the known charsets; a bad byte spoils its own line alone."""

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.reading.charsets import CHARSETS, known_charset
from pipeline.reading.lines import MAX_LINE_BYTES

#: Bytes kept of a line that is too long: enough for its shape.
_KEPT_OF_LONG: Final = 800

_BYTE_ORDER_MARK: Final = "\ufeff"
_REPLACEMENT: Final = "\ufffd"


def decoded_lines(raw: pl.Series, charset: str) -> pl.DataFrame:
    """The text of each line, without a byte order mark before and a carriage return after it.

    Args:
        raw: Binary, the bytes of a line without its line feed.
        charset: of the lines.

    Returns:
        `decoded` (bad bytes as U+FFFD; of a line that is too long only its beginning), `too_long`,
        `undecodable`.
    """
    too_long = raw.bin.size() > MAX_LINE_BYTES
    if too_long.any():
        raw = pl.select(
            pl.when(too_long).then(raw.bin.head(_KEPT_OF_LONG)).otherwise(raw)
        ).to_series()
    known = known_charset(charset)
    texts = _valid_utf8(raw) if known == "UTF-8" else None
    bad = None
    if texts is None:
        texts, bad = _decoded(raw, CHARSETS[known][0])
    undecodable = pl.repeat(False, len(raw), eager=True) if bad is None else bad & ~too_long
    return pl.DataFrame(
        {
            "decoded": texts.str.strip_prefix(_BYTE_ORDER_MARK).str.strip_suffix("\r"),
            "too_long": too_long,
            "undecodable": undecodable,
        }
    )


def _valid_utf8(raw: pl.Series) -> pl.Series | None:
    """The lines as texts without a copy, if all of them are UTF-8."""
    array = raw.to_arrow().cast(pa.large_binary())
    _, offsets, data = array.buffers()
    if data is None:
        return pl.Series("raw", [""] * len(raw), dtype=pl.String)
    places = np.frombuffer(offsets, dtype=np.int64)[array.offset :][: len(array) + 1]
    content = np.frombuffer(data, dtype=np.uint8)
    try:
        str(memoryview(data)[places[0] : places[-1]], "utf-8")
    except UnicodeDecodeError:
        return None
    # All bytes together are UTF-8; each line is unless it begins inside a character, which the one
    # before it was cut off in.
    begins = places[:-1][np.diff(places) > 0]
    if ((content[begins] & 0xC0) == 0x80).any():
        return None
    texts = pa.LargeStringArray.from_buffers(len(array), offsets, data, offset=array.offset)
    found = pl.from_arrow(texts)
    assert isinstance(found, pl.Series)
    return found


def _decoded(raw: pl.Series, codec: str) -> tuple[pl.Series, pl.Series]:
    """The lines, and which of them have bad bytes."""
    lines = raw.to_list()
    # No line holds a line feed, and no character here has one as its second byte.
    feed = "\n".encode(codec)
    texts = pl.Series(
        feed.join(lines).decode(codec, "replace").split("\n")[: len(lines)], dtype=pl.String
    )
    bad = texts.str.contains(_REPLACEMENT, literal=True)
    for at in bad.arg_true().to_list():
        if is_text(lines[at], codec):
            bad[at] = False  # the character stood in the log
    return texts, bad


def is_text(line: bytes, codec: str) -> bool:
    """Whether some bytes are text."""
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
