"""Does anything still tell of a person? Files searched for ids and for users, byte by byte.

Pure functions on contents. A user is found where the name stands by itself: `u1` is not in `u12`.
"""

import bz2
import codecs
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from silgeom.arrays import ArraysError, read_arrays

#: Columns with what people typed, what results show of it, and names of files: that an account has
#: the name of something that many look for is no trace of the person.
TYPED: Final = frozenset(
    {
        *("query", "surface", "related_query", "related_surface", "completion", "prefix"),
        *("variants", "clicked_url", "source", "detail", "taken_in_as", "declaration"),
        *("token", "pieces", "keyword", "keywords", "examples"),
    }
)
#: In numbers and in compressed bytes a shorter user comes up by chance.
LEAST_BYTES: Final = 6
PARQUET: Final = b"PAR1"
#: How files begin that are mapped: profiles.
ARROW: Final = b"ARROW1"
#: What goes on the name of a user.
WORD: Final = "[0-9A-Za-z_]"


@dataclass(frozen=True)
class Person:
    """Who is looked for: ids as stored, users as they stand in the log."""

    ids: frozenset[int]
    users: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """A regular expression that finds a user who stands by themselves."""
        return rf"(?:^|[^{WORD[1:]})(?:{self.any_user})(?:$|[^{WORD[1:]})"

    @property
    def any_user(self) -> str:
        """A regular expression for the users' names alone."""
        return "|".join(re.sub(r"([^\w\s])", r"\\\1", user) for user in self.users)

    @property
    def bytes_of_users(self) -> list[bytes]:
        """The users that can be looked for among bytes, in UTF-8."""
        return [user.encode() for user in self.users if len(user.encode()) >= LEAST_BYTES]


def hits(content: bytes, person: Person) -> int:
    """How often a file of a root tells of the person.

    In Parquet and Arrow every column of numbers is searched for the ids, lists and structs too,
    every column of text but `TYPED` for the users; in other files the bytes for the ids, in decimal
    and in hexadecimal digits. The bytes of all other files are searched for users of `LEAST_BYTES`
    and more, too.
    """
    if content[: len(ARROW)] == ARROW:
        return _in_arrays(content, person)
    if content[:4] != PARQUET:
        return _in_bytes(content, [*person.bytes_of_users, *_digits(person.ids)])
    found = 0
    for batch in pq.ParquetFile(BytesIO(content)).iter_batches():
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            found += _in_column(name, column, person)
    return found


def holds_user(chunks: Iterable[bytes], name: str, charset: str, users: Sequence[str]) -> bool:
    """Whether a file of the landing folder names one of the users.

    Args:
        chunks: its content, piece by piece.
        name: its ending tells how it is compressed.
        charset: of its text.
        users: as they stand in the log.
    """
    person = Person(frozenset(), tuple(users))
    pieces = iter(chunks)
    first = next(pieces, b"")
    if first[:4] == PARQUET:
        content = BytesIO(b"".join([first, *pieces]))
        return any(
            _in_any_column(batch, person) for batch in pq.ParquetFile(content).iter_batches()
        )
    known = re.compile(rf"(?<!{WORD})(?:{person.any_user})(?!{WORD})")
    decoder = codecs.getincrementaldecoder(charset)("replace")
    overlap = max(map(len, users)) + 2
    text = "\n"  # the character before: never searched itself
    for piece in _decompressed(_joined(first, pieces), name):
        text = text[-overlap:] + decoder.decode(piece)
        found = known.search(text, 1)
        if found and found.end() < len(text):  # else what follows is not known yet
            return True
    return bool(known.search(text, 1))


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _decompressed(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The content of gzip of any number of members, of bzip2 of any number of streams, or as is.

    What breaks off is searched as far as it goes.
    """
    if not name.endswith((".gz", ".bz2")):
        yield from pieces
        return

    def fresh() -> "zlib._Decompress | bz2.BZ2Decompressor":
        return zlib.decompressobj(zlib.MAX_WBITS | 16) if is_gzip else bz2.BZ2Decompressor()

    is_gzip = name.endswith(".gz")
    stream = fresh()
    try:
        for piece in pieces:
            left = piece
            while left:
                yield stream.decompress(left)
                left = stream.unused_data if stream.eof else b""
                if stream.eof:
                    stream = fresh()
    except (zlib.error, OSError, EOFError):
        return


def _digits(ids: Collection[int]) -> list[bytes]:
    forms = [form for each in ids for form in (str(each), f"{each & (2**64 - 1):016x}")]
    return [form.encode() for form in forms]


def _in_bytes(content: bytes, forms: Sequence[bytes]) -> int:
    if not forms:
        return 0
    any_form = b"|".join(map(re.escape, forms))
    return len(re.findall(rb"(?<![0-9A-Za-z_])(?:" + any_form + rb")(?![0-9A-Za-z_])", content))


def _in_arrays(content: bytes, person: Person) -> int:
    try:
        arrays = read_arrays(content).columns
    except ArraysError:  # damaged: what is left of it
        forms = [each.to_bytes(8, "little", signed=True) for each in person.ids]
        return sum(content.count(form) for form in forms)
    return sum(_in_column(name, column, person) for name, column in arrays.items())


def _in_any_column(batch: pa.RecordBatch, person: Person) -> bool:
    for column in batch.columns:
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            text = pa.array([str(each) for each in column.to_pylist()], pa.string())
        else:
            text = pc.cast(column, pa.string())
        if _texts_with(text, person.pattern):
            return True
    return False


def _in_column(name: str, column: pa.Array, person: Person) -> int:
    """Hits in a column and all that is nested in it."""
    kind = column.type
    if pa.types.is_struct(kind):
        return sum(
            _in_column(field.name, pc.struct_field(column, field.name), person) for field in kind
        )
    if pa.types.is_map(kind):
        return _in_column(name, column.keys, person) + _in_column(name, column.items, person)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _in_column(name, column.flatten(), person)
    if pa.types.is_int64(kind):
        return _numbers_of(column, person.ids)
    if (pa.types.is_string(kind) or pa.types.is_large_string(kind)) and name not in TYPED:
        return _texts_with(column, person.pattern)
    return 0


def _numbers_of(column: pa.Array, ids: Collection[int]) -> int:
    found = pc.is_in(column, value_set=pa.array(sorted(ids), pa.int64()))
    return int(pc.sum(found).as_py() or 0)


def _texts_with(column: pa.Array, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(column, pattern)).as_py() or 0)
