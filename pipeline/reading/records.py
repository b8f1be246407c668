"""Records of CSV, of which one may stand on several lines: each is brought onto one."""

from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from pipeline.reading.charsets import CHARSETS
from pipeline.reading.lines import MAX_LINE_BYTES, open_after

#: A record has no more lines; a quote that is never closed costs no more than these.
MAX_RECORD_LINES: Final = 100


def joined_records(
    blocks: Iterable[pl.Series], separator: str, charset: str
) -> Iterator[pl.Series]:
    """Each record on one line: a line break inside quotes becomes a space.

    A quote that is not closed by the rules of RFC 4180, or not within `MAX_RECORD_LINES` and
    `MAX_LINE_BYTES`, joins nothing: its line stands for itself, and so do the lines after it.

    Args:
        blocks: Binary, lines without their ends, as `lines_of` gives them.
        separator: between cells.
        charset: our name of it.
    """
    held: list[bytes] = []  # the beginning of a record that may go on in the next block
    for block in blocks:
        if held or block.bin.contains(b'"').any():
            joined, held = _joined([*held, *block.to_list()], separator, charset, is_last=False)
            yield pl.Series(block.name, joined, dtype=pl.Binary)
        else:
            yield block
    if held:
        yield pl.Series("raw", _joined(held, separator, charset, is_last=True)[0], dtype=pl.Binary)


def _joined(
    lines: list[bytes], separator: str, charset: str, *, is_last: bool
) -> tuple[list[bytes], list[bytes]]:
    """The records of some lines, and the lines of the last one if more are needed to tell it."""
    codec = CHARSETS[charset][0]
    space = " ".encode(codec)
    joined = list[bytes]()
    at = 0
    while at < len(lines):
        first = lines[at]
        size, count = len(first), 1
        is_open = b'"' in first and open_after(
            first.decode(codec, "replace"), separator, is_open=False
        )
        while is_open and size <= MAX_LINE_BYTES and count < MAX_RECORD_LINES:
            if at + count == len(lines):
                if not is_last:
                    return joined, lines[at:]
                break
            following = lines[at + count]
            size, count = size + len(following), count + 1
            is_open = open_after(following.decode(codec, "replace"), separator, is_open=True)
        is_record = is_open is False and size <= MAX_LINE_BYTES
        if not is_record:
            count = 1
        joined.append(space.join(lines[at : at + count]))
        at += count
    return joined, []
