"""Beginnings of streams, and CSV lines that end inside quotes."""

from collections.abc import Iterator

import pytest

from pipeline.reading.lines import beginning, open_after

SHORT = b"2026-03-02T09:00:00+09:00\tkim\tweather\n"


def pieces(content: bytes, size: int = 100_000) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def test_a_beginning_is_the_first_bytes() -> None:
    assert beginning(pieces(SHORT * 9, 7), 100) == (SHORT * 9)[:100]
    assert beginning(pieces(SHORT, 7), 100) == SHORT
    assert beginning([], 100) == b""
    assert beginning([b"one line without an end"], 100) == b"one line without an end"


@pytest.mark.parametrize("size", [3, 50, 1000])
def test_a_giant_first_line_is_left_out_of_the_beginning(size: int) -> None:
    content = b"\xef\xbb\xbf" + b"x" * 300 + b"\n" + SHORT * 3

    assert beginning(pieces(content, size), 100) == b"\xef\xbb\xbf" + (SHORT * 3)[:100]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_the_beginning_of_wide_characters_stays_whole(codec: str) -> None:
    content = ("\ufeff" + "x" * 300 + "\n" + "날씨 환율\n").encode(codec)

    assert beginning(pieces(content, 1000), 100).decode(codec) == "\ufeff날씨 환율\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a,b,c", False),
        ('a,"b",c', False),
        ('a,"b, and c"', False),
        ('a,"say ""hi"" now"', False),
        ('a,""', False),
        ('a,"b', True),
        ('a,"b""', True),
        ('a,12" screen', False),  # a quote inside a cell is a character like others
        ('a,"b" c,d', None),
        ('a,"b"\r', False),
    ],
)
def test_a_csv_line_may_end_inside_quotes(line: str, expected: bool | None) -> None:
    assert open_after(line, ",", is_open=False) is expected
