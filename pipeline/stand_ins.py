"""Files that Spark cannot read as they lie, and what it reads in their place.

Spark holds whole lines in memory, knows no record of several lines, and cannot name every file.
Such a file is read through a link of another name, or from a copy in the root's staging folder that
has the same lines but for what is in the way.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from pipeline.charsets import CHARSETS, line_separator
from pipeline.formats import LogFormat
from pipeline.lines import (
    GIANT_BYTES,
    MAX_LINE_BYTES,
    cut_lines,
    has_giant_line,
    joined_records,
    may_have_giant_line,
    open_after,
    split_lines,
)
from pipeline.packing import PIECE_BYTES, Unpacked, is_packed
from pipeline.storage import ENCODED, Storage, why_hidden

#: What Hadoop's paths cannot hold in a name, or do not find again.
_UNNAMEABLE: Final = re.compile(r"[:\\\x00-\x1f\x7f]")
#: Endings for which Hadoop would unpack what is no packed file (a packed one is no text here).
_TAKEN_FOR_PACKED: Final = (".deflate", ".snappy", ".lz4", ".zst")


def pieces_of(stream: BinaryIO) -> Iterator[bytes]:
    """A stream from where it stands to its end."""
    return iter(lambda: stream.read(PIECE_BYTES), b"")


def may_need_a_copy(name: str, size: int, log_format: LogFormat) -> bool:
    """Whether the content decides if a file must be copied; most are known not to need it."""
    is_text = log_format.kind != "parquet"
    return is_text and (log_format.kind == "csv" or is_packed(name) or size > GIANT_BYTES)


def must_be_copied(
    stream: BinaryIO, size: int, name: str, log_format: LogFormat, charset: str
) -> bool:
    """Whether the content of a file keeps Spark from reading it as it lies.

    A packed file and one of CSV is read from first to last, of others a few bytes here and there.

    Args:
        stream: the file.
        size: its length in bytes.
        name: the file's, which tells how it is packed.
        log_format: how its lines are read.
        charset: of its lines.

    Raises:
        DamagedError: it cannot be unpacked.
        OSError: the storage does not give it.
    """
    if not may_need_a_copy(name, size, log_format):
        return False
    line_end = _line_end(log_format, charset)
    if log_format.kind != "csv" and not is_packed(name):
        return may_have_giant_line(stream, size, line_end)
    content = Unpacked(pieces_of(stream), name)
    if log_format.kind != "csv":
        has_giant = has_giant_line(content, line_end)
        return has_giant or content.is_padded  # which Java's gzip refuses
    codec, quote = CHARSETS[charset][0], b'"'
    is_odd = False
    # All of it is read, so that damage at its end is seen as well.
    for line in split_lines(cut_lines(content, line_end), line_end):
        if quote in line and not is_odd:
            text = line.decode(codec, "replace")
            is_odd = bool(open_after(text, log_format.separators[0], is_open=False))
        is_odd = is_odd or len(line) > MAX_LINE_BYTES
    return is_odd or content.is_padded


def copied(stream: BinaryIO, name: str, log_format: LogFormat, charset: str) -> Iterator[bytes]:
    """The lines of a file as Spark can read them, piece by piece.

    Lines that are too long are cut, and stay too long; CSV records stand on one line each. So of
    CSV with line breaks inside quotes the number of a line is that of its record.
    """
    line_end = _line_end(log_format, charset)
    lines = cut_lines(Unpacked(pieces_of(stream), name), line_end)
    if log_format.kind != "csv":
        return lines
    separator = log_format.separators[0]
    records = joined_records(split_lines(lines, line_end), separator, charset, line_end)
    return _gathered(records)


def has_odd_name(source: str) -> bool:
    """Whether Spark could not find a file by its address, or would take it for hidden."""
    path = re.sub(r"^[\w.+-]+://[^/]*", "", source)
    name = path.rpartition("/")[2]
    is_odd = source.startswith(ENCODED) or bool(_UNNAMEABLE.search(path))
    return is_odd or why_hidden(name) is not None or name.endswith(_TAKEN_FOR_PACKED)


def stand_in(
    source: str,
    storage: Storage,
    target: str,
    target_storage: Storage,
    *,
    log_format: LogFormat,
    charset: str,
    copy: bool,
) -> str:
    """Put what Spark reads in place of a file; its address.

    Args:
        source: the file's address.
        storage: where it is.
        target: the address of the link or copy, without an ending.
        target_storage: where that is.
        log_format: how the file's lines are read.
        charset: of its lines.
        copy: whether the content `must_be_copied`; a link will do for a name.

    Raises:
        OSError: one of the storages fails.
        DamagedError: it cannot be unpacked.
    """
    ending = re.search(r"(?:\.gz|\.bz2)?$", source)
    linked = target + (ending.group() if ending else "")
    if not copy and target_storage.link(source, linked):
        return linked
    with storage.open(source) as stream:
        if log_format.kind == "parquet":
            target_storage.write_pieces(target, pieces_of(stream))
        else:
            pieces = copied(stream, source, log_format, charset)
            target_storage.write_pieces(target, pieces)
    return target


def _line_end(log_format: LogFormat, charset: str) -> bytes:
    return line_separator(charset, log_format.line_end).encode("ascii")


def _gathered(records: Iterable[bytes]) -> Iterator[bytes]:
    """Many small pieces as fewer large ones."""
    gathered, size = list[bytes](), 0
    for record in records:
        gathered.append(record)
        size += len(record)
        if size >= PIECE_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    yield b"".join(gathered)
