"""Rows as a table of plain text that lines up in a terminal, Hangul and all."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Final


def display_width(text: str) -> int:
    """Columns that `text` takes in a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


#: How a text begins that a spreadsheet would take for a formula, also in full width.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def spreadsheet_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: such a one begins with an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _is_number(value: Any) -> bool:  # noqa: ANN401
    """Whether a cell stands to the right; yes and no do not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A header, a rule and a line a row; numbers stand to the right, texts to the left."""
    body = [list(row) for row in rows]
    cells = [[_shown(value) for value in row] for row in body]
    widths = [
        max(display_width(text) for text in column) for column in zip(columns, *cells, strict=True)
    ]
    right = [any(_is_number(row[i]) for row in body) for i in range(len(columns))]

    def line(texts: Sequence[str]) -> str:
        padded = []
        for text, width, to_right in zip(texts, widths, right, strict=True):
            space = " " * (width - display_width(text))
            padded.append(space + text if to_right else text + space)
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(columns), rule, *(line(row) for row in cells)])


def _shown(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
