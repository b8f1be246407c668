"""Lines in streams of bytes: beginnings, lines of any length, records of several lines.

Everything here needs as much memory as one piece of a stream, however long a line is.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from pipeline.charsets import BYTE_ORDER_MARKS, CHARSETS

#: A longer line is no search, whatever is in it.
MAX_LINE_BYTES: Final = 65_536
#: What is left of a longer one: enough to be seen as too long, whole characters of any charset.
_CUT_BYTES: Final = MAX_LINE_BYTES + 4
#: A line of more bytes than these is not given to a reader that holds whole lines in memory.
GIANT_BYTES: Final = 8 * 1024 * 1024
_PROBE_BYTES: Final = 4096
#: A CSV record has no more lines; a quote that is never closed costs no more than these.
MAX_RECORD_LINES: Final = 100


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


def has_giant_line(pieces: Iterable[bytes], line_end: bytes) -> bool:
    """Whether any line is longer than `GIANT_BYTES` (by as much as a piece it may go unseen).

    The stream is read to its end in any case.
    """
    length = longest = 0
    for piece in pieces:
        first = piece.find(line_end)
        longest = max(longest, length + (len(piece) if first < 0 else first))
        if first < 0:
            length += len(piece)
        else:
            length = len(piece) - piece.rfind(line_end) - len(line_end)
    return longest > GIANT_BYTES


def may_have_giant_line(stream: BinaryIO, size: int, line_end: bytes) -> bool:
    """`has_giant_line` of a file that can be read anywhere, by few looks at it.

    Looks for a line end behind every multiple of `GIANT_BYTES`: where there is one before the next
    multiple, no line is longer than twice that.
    """
    for start in range(0, size - GIANT_BYTES, GIANT_BYTES):
        stream.seek(start)
        length, seen = _PROBE_BYTES, 0
        while seen < GIANT_BYTES:
            piece = stream.read(min(length, GIANT_BYTES - seen))
            if not piece or line_end in piece:
                break
            seen += len(piece)
            length = min(2 * length, 1024 * 1024)
        else:
            return True
    return False


def cut_lines(pieces: Iterable[bytes], line_end: bytes) -> Iterator[bytes]:
    """The same lines, of which those that are too long are cut so that they are still too long."""
    kept = 0  # of the line that has not ended
    held = b""  # a line end that may go on in the next piece
    for piece in pieces:
        out = []
        *ended, rest = (held + piece).split(line_end)
        held = rest[-1:] if len(line_end) > 1 and rest[-1:] == line_end[:1] else b""
        rest = rest[: len(rest) - len(held)]
        for line in ended:
            out += [line[: max(_CUT_BYTES - kept, 0)], line_end]
            kept = 0
        out.append(rest[: max(_CUT_BYTES - kept, 0)])
        kept += len(rest)
        yield b"".join(out)
    yield held


def split_lines(pieces: Iterable[bytes], line_end: bytes) -> Iterator[bytes]:
    """The lines without their ends; for streams whose lines are bounded, as by `cut_lines`."""
    rest = b""
    for piece in pieces:
        *ended, rest = (rest + piece).split(line_end)
        yield from ended
    if rest:
        yield rest


def joined_records(
    lines: Iterable[bytes], separator: str, charset: str, line_end: bytes
) -> Iterator[bytes]:
    """CSV records, each on one line: a line break inside quotes becomes a space.

    A quote that is not closed by the rules of RFC 4180, or not within `MAX_RECORD_LINES` and
    `MAX_LINE_BYTES`, joins nothing: its line stands for itself, and so do the lines after it.

    Args:
        lines: without their ends.
        separator: between cells.
        charset: our name of it.
        line_end: what each record that is given ends in.
    """
    codec = CHARSETS[charset][0]
    space = " ".encode(codec)
    source = iter(lines)
    ahead = deque[bytes]()  # lines that were looked at and not given yet

    def is_left_open(line: bytes, *, is_open: bool) -> bool | None:
        return open_after(line.decode(codec, "replace"), separator, is_open=is_open)

    while (first := ahead.popleft() if ahead else next(source, None)) is not None:
        record, size = [first], len(first)
        state = is_left_open(first, is_open=False)
        while state and size <= MAX_LINE_BYTES and len(record) < MAX_RECORD_LINES:
            if len(record) > len(ahead):
                following = next(source, None)
                if following is None:
                    break
                ahead.append(following)
            record.append(ahead[len(record) - 1])
            size += len(record[-1])
            state = is_left_open(record[-1], is_open=True)
        if state is False and len(record) > 1 and size <= MAX_LINE_BYTES:
            for _ in record[1:]:
                ahead.popleft()
            yield space.join(record) + line_end
        else:
            yield first + line_end


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
