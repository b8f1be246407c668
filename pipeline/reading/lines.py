"""Lines in streams of bytes: what is a line, and where the first ones end."""

import re
from collections.abc import Iterable
from typing import Final

from pipeline.reading.charsets import BYTE_ORDER_MARKS

#: A longer line is no search, whatever is in it.
MAX_LINE_BYTES: Final = 65_536


def has_line_end(head: bytes) -> bool:
    """Whether a line ends in it."""
    return b"\n" in head or b"\r" in head


def beginning(pieces: Iterable[bytes], size: int) -> bytes:
    """The first `size` bytes of lines; a first line that is longer than that is left out.

    A byte order mark stays in any case.
    """
    stream = iter(pieces)
    head = b""
    while len(head) < size and (piece := next(stream, None)) is not None:
        head += piece
    mark, charset = next((each for each in BYTE_ORDER_MARKS if head.startswith(each[0])), (b"", ""))
    line_end = re.compile(rb"[\r\n]\0" if charset == "UTF-16LE" else rb"[\r\n]")
    if len(head) < size or line_end.search(head, 0, size):
        return head[:size]
    rest = head
    while (found := line_end.search(rest)) is None:
        following = next(stream, None)
        if following is None:
            return head[:size]
        rest = following
    rest = rest[found.end() :]
    while len(rest) < size and (piece := next(stream, None)) is not None:
        rest += piece
    return mark + rest[:size]


def open_after(line: str, separator: str, *, is_open: bool) -> bool | None:
    """Whether a CSV line ends inside quotes; None: its quotes are not those of RFC 4180.

    Args:
        line: without its end.
        separator: between cells.
        is_open: whether it begins inside quotes.
    """
    if not is_open and '"' not in line:
        return False
    position = 0
    while True:
        if not is_open:
            if line[position : position + 1] != '"':
                position = line.find(separator, position)
                if position < 0:
                    return False
                position += len(separator)
                continue
            position += 1
        closing = _closing_quote(line, position)
        if closing < 0:
            return True
        position = closing + 1
        is_open = False
        if line[position:] in ("", "\r"):
            return False
        if not line.startswith(separator, position):
            return None
        position += len(separator)


def _closing_quote(line: str, position: int) -> int:
    """Where the first quote stands that is not one of a pair; below 0: nowhere."""
    while True:
        quote = line.find('"', position)
        if quote < 0 or line[quote + 1 : quote + 2] != '"':
            return quote
        position = quote + 2
