"""Packed logs (gzip, bzip2): the bytes that are in them, whichever program packed them."""

import bz2
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

#: No piece is longer, however much is packed into a few bytes.
PIECE_BYTES: Final = 1024 * 1024


class DamagedError(ValueError):
    """The bytes of a file cannot be unpacked; its text is a clause."""


def pieces_of(stream: BinaryIO) -> Iterator[bytes]:
    """A stream from where it stands to its end."""
    return iter(lambda: stream.read(PIECE_BYTES), b"")


def is_packed(name: str) -> bool:
    """Whether a file of this name is taken for packed, as Hadoop does it."""
    return name.endswith(tuple(_KINDS))


class Unpacked(Iterator[bytes]):
    """The content of a file, piece by piece; that of a file that is not packed is what it is.

    A packed file may have several members one after the other, empty ones among them, and be filled
    up with zero bytes. Going on raises DamagedError where it breaks off, has a bad byte, or has
    something else behind its last member.
    """

    def __init__(self, pieces: Iterable[bytes], name: str) -> None:
        """Unpack a file.

        Args:
            pieces: of the file, from its beginning, in any lengths.
            name: the file's, whose ending tells how it is packed.
        """
        kind = next((kind for ending, kind in _KINDS.items() if name.endswith(ending)), None)
        self._content = iter(pieces) if kind is None else self._members(pieces, kind)

    def __next__(self) -> bytes:
        return next(self._content)

    def _members(self, pieces: Iterable[bytes], kind: "type[_Member]") -> Iterator[bytes]:
        member: _Member | None = None
        is_first = True
        for piece in pieces:
            rest = piece
            while rest:
                if member is None:
                    rest = rest if is_first else rest.lstrip(b"\0")
                    if not rest:
                        break
                    member, is_first = kind(), False
                yield from filter(None, member.unpack(rest))
                rest = member.rest
                if member.has_ended:
                    member = None
        if member is not None:
            raise DamagedError("it breaks off before its end")


class _Member(ABC):
    """One member that is being unpacked."""

    @abstractmethod
    def unpack(self, packed: bytes) -> Iterator[bytes]:
        """What these bytes add."""

    @property
    @abstractmethod
    def has_ended(self) -> bool:
        """Whether all of it is unpacked."""

    @property
    @abstractmethod
    def rest(self) -> bytes:
        """The bytes behind its end."""


class _Gzip(_Member):
    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        while True:
            with _damage():
                piece = self._unpacker.decompress(packed, PIECE_BYTES)
            packed = self._unpacker.unconsumed_tail
            yield piece
            if self._unpacker.eof or (not packed and len(piece) < PIECE_BYTES):
                return

    @property
    def has_ended(self) -> bool:
        return self._unpacker.eof

    @property
    def rest(self) -> bytes:
        return self._unpacker.unused_data


class _Bzip2(_Member):
    def __init__(self) -> None:
        self._unpacker = bz2.BZ2Decompressor()

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        while True:
            with _damage():
                piece = self._unpacker.decompress(packed, PIECE_BYTES)
            packed = b""
            yield piece
            if self._unpacker.eof or self._unpacker.needs_input:
                return

    @property
    def has_ended(self) -> bool:
        return self._unpacker.eof

    @property
    def rest(self) -> bytes:
        return self._unpacker.unused_data


_KINDS: Final[dict[str, type[_Member]]] = {".gz": _Gzip, ".bz2": _Bzip2}


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except (zlib.error, OSError, ValueError) as error:
        raise DamagedError(f"it cannot be unpacked: {error}") from error
