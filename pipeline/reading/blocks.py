"""Bytes of a file to lines, a block at a time, in memory that no line can exceed."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.reading.charsets import line_separator
from pipeline.reading.lines import MAX_LINE_BYTES

#: Of a line that is longer than can be a search so much is kept: enough to tell that it is.
_KEPT: Final = MAX_LINE_BYTES + 1


def lines_of(chunks: Iterable[bytes], charset: str, line_end: str = "\n") -> Iterator[pl.Series]:
    """Cut the bytes of a file into lines.

    Args:
        chunks: the bytes, decompressed, in pieces of any size.
        charset: tells how a line end is written.
        line_end: a line feed, or a carriage return for files that have no line feed.

    Yields:
        Binary: the lines that end in a piece, without their line end; at last what is left. Of a
        line of more than `MAX_LINE_BYTES` at least one byte more than that is kept.
    """
    feed = line_separator(charset, line_end).encode("latin-1")
    if feed == b"\r":
        chunks = _with_one_line_end(chunks)
    rest = b""
    is_long = False  # the line that `rest` begins goes on beyond what is kept of it
    for chunk in chunks:
        cut = _last(chunk, feed) if is_long else _last(rest + chunk, feed)
        if cut < 0:
            rest = rest if is_long else rest + chunk
            if len(rest) > 16 * _KEPT:
                rest, is_long = rest[: _even(_KEPT)], True
            continue
        if is_long:
            first = _first(chunk, feed)
            whole = rest + chunk[first : cut + len(feed)]
            rest = chunk[cut + len(feed) :]
        else:
            whole = rest + chunk
            whole, rest = whole[: cut + len(feed)], whole[cut + len(feed) :]
        is_long = False
        yield _split(whole, feed)
    if rest:
        yield pl.Series("raw", [rest], dtype=pl.Binary)


def _with_one_line_end(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Carriage returns for line feeds, and for both together: one file may have all of them."""
    is_open = False  # the chunk before ended in a carriage return
    for chunk in chunks:
        rest = chunk[1:] if is_open and chunk.startswith(b"\n") else chunk
        is_open = chunk.endswith(b"\r")
        yield rest.replace(b"\r\n", b"\r").replace(b"\n", b"\r")


def _even(size: int) -> int:
    return size + size % 2


def _split(whole: bytes, feed: bytes) -> pl.Series:
    """The lines of some bytes, the last of which are a line end."""
    if len(feed) == 1:
        ends = np.flatnonzero(np.frombuffer(whole, dtype=np.uint8) == feed[0]) + 1
        offsets = np.concatenate([[0], ends])
        lines = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(whole)]
        )
        return pl.Series("raw", lines).bin.head(-1)
    found, begin = [], 0
    while (at := _first(whole, feed, begin)) >= 0:
        found.append(whole[begin:at])
        begin = at + len(feed)
    return pl.Series("raw", found, dtype=pl.Binary)


def _first(data: bytes, feed: bytes, begin: int = 0) -> int:
    """Where the first line end is: at a whole character; -1: nowhere."""
    at = data.find(feed, begin)
    while at >= 0 and at % len(feed):
        at = data.find(feed, at + 1)
    return at


def _last(data: bytes, feed: bytes) -> int:
    at = data.rfind(feed)
    while at >= 0 and at % len(feed):
        at = data.rfind(feed, 0, at + len(feed) - 1)
    return at
