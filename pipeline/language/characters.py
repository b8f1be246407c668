"""Replace single characters in a column of texts: by a table, in numpy, without a loop over texts.

A column is seen as one long array of code points and the places where its texts begin. That is how
a table of 11,172 Hangul syllables is applied to a million queries in a fraction of a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

_CODES: Final = 0x110000

_Codes = npt.NDArray[np.uint32]
_Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CharacterTable:
    """For each code point, which entry replaces it (0: none), and the entries one after another."""

    entry: npt.NDArray[np.uint16]
    begins: _Offsets
    lengths: _Offsets
    replacements: _Codes

    @classmethod
    def of(cls, table: Mapping[str, str]) -> "CharacterTable":
        """A table of single characters, each with the text that replaces it, if any."""
        entry = np.zeros(_CODES, dtype=np.uint16)
        entry[[ord(character) for character in table]] = np.arange(1, len(table) + 1)
        texts = ["", *table.values()]
        lengths = np.array([1, *map(len, texts[1:])], dtype=np.int64)
        begins = np.concatenate([[0], np.cumsum([len(text) for text in texts])[:-1]])
        return cls(entry, begins.astype(np.int64), lengths, _codes("".join(texts)))


@dataclass(frozen=True)
class CodePoints:
    """The texts of a column: text i is `codes[offsets[i]:offsets[i + 1]]`. There are no nulls."""

    codes: _Codes
    offsets: _Offsets

    @classmethod
    def of(cls, texts: pl.Series) -> "CodePoints":
        """Take a column of texts apart; a null counts as an empty text."""
        lengths = texts.str.len_chars().fill_null(0).to_numpy()
        whole: str | None = texts.str.join("", ignore_nulls=True).item() if len(texts) else ""
        return cls(_codes(whole or ""), _offsets(lengths))

    def replaced(self, table: CharacterTable) -> "CodePoints":
        """Each character by what the table says of it."""
        entry = table.entry[self.codes]
        if not entry.any():
            return self
        lengths = table.lengths[entry]
        ends = _offsets(lengths)
        # Characters that become several are repeated, then each gets its own part.
        source = np.repeat(np.arange(len(entry)), lengths)
        within = np.arange(ends[-1]) - ends[:-1][source]
        chosen = entry[source]
        is_new = chosen > 0
        codes = self.codes[source]
        codes[is_new] = table.replacements[table.begins[chosen[is_new]] + within[is_new]]
        return CodePoints(codes, ends[self.offsets])

    def kept(self, keep: npt.NDArray[np.bool_]) -> "CodePoints":
        """Only the characters for which `keep` holds."""
        return CodePoints(self.codes[keep], _offsets(keep.astype(np.int64))[self.offsets])

    def slices(self, begins: _Offsets, ends: _Offsets) -> "CodePoints":
        """New texts: the characters from each of `begins` to before the same of `ends`."""
        lengths = ends - begins
        offsets = _offsets(lengths)
        shift = np.repeat(begins - offsets[:-1], lengths)
        return CodePoints(self.codes[np.arange(offsets[-1]) + shift], offsets)

    def texts(self, name: str = "") -> pl.Series:
        """The column again."""
        data = self.codes.tobytes().decode("utf-32-le").encode("utf-8")
        sizes = 1 + (self.codes >= 0x80).astype(np.int64)
        sizes += self.codes >= 0x800
        sizes += self.codes >= 0x10000
        offsets = _offsets(sizes)[self.offsets]
        array = pa.LargeStringArray.from_buffers(
            len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data)
        )
        found = pl.from_arrow(array)
        assert isinstance(found, pl.Series)
        return found.rename(name)


def replaced(texts: pl.Series, table: CharacterTable) -> pl.Series:
    """A column of texts with each character replaced as the table says; null stays null."""
    made = CodePoints.of(texts).replaced(table).texts(texts.name)
    if not texts.null_count():
        return made
    return pl.select(pl.when(texts.is_not_null()).then(made)).to_series().rename(texts.name)


def _codes(text: str) -> _Codes:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def _offsets(lengths: npt.NDArray[np.int64]) -> _Offsets:
    """Where each begins, and the end: one more than there are lengths."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
