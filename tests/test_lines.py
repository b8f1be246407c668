"""Lines in streams: beginnings, giants, records of several lines."""

import io
from collections.abc import Iterator

import pytest

from pipeline.lines import (
    GIANT_BYTES,
    MAX_LINE_BYTES,
    beginning,
    cut_lines,
    has_giant_line,
    joined_records,
    may_have_giant_line,
    open_after,
)

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


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_giant_line_is_found_wherever_it_is(where: str) -> None:
    giant = b"x" * (2 * GIANT_BYTES + 5)
    lines = SHORT * 1000
    content = {
        "first": giant + b"\n" + lines,
        "middle": lines + giant + b"\n" + lines,
        "last": lines + giant,
    }[where]

    assert has_giant_line(pieces(content), b"\n")
    assert may_have_giant_line(io.BytesIO(content), len(content), b"\n")


def test_many_short_lines_and_long_ones_are_no_giants() -> None:
    content = (SHORT * 10 + b"y" * 500_000 + b"\n") * 40
    assert len(content) > 2 * GIANT_BYTES

    assert not has_giant_line(pieces(content), b"\n")
    assert not may_have_giant_line(io.BytesIO(content), len(content), b"\n")


def test_few_bytes_of_an_ordinary_file_are_looked_at() -> None:
    class Counting(io.BytesIO):
        seen = 0

        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            self.seen += len(found)
            return found

    content = SHORT * 1_000_000
    file = Counting(content)

    assert not may_have_giant_line(file, len(content), b"\n")
    assert file.seen < len(content) / 1000


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_cut_lines_are_as_many_and_still_too_long(size: int) -> None:
    most = b"m" * MAX_LINE_BYTES
    # One byte at a time is slow: then only the giant's beginning matters.
    giant = b"x" * (MAX_LINE_BYTES * (2 if size < 10 else 100))
    content = SHORT + giant + b"\r\n" + most + b"\n\n" + SHORT + giant

    lines = b"".join(cut_lines(pieces(content, size), b"\n")).split(b"\n")

    assert [lines[0] + b"\n", lines[2], lines[3], lines[4] + b"\n"] == [SHORT, most, b"", SHORT]
    for long in (lines[1], lines[5]):
        assert giant.startswith(long)
        assert MAX_LINE_BYTES < len(long) < MAX_LINE_BYTES + 10


def test_lines_of_wide_characters_are_cut_between_characters() -> None:
    text = "날씨\n" + "가" * MAX_LINE_BYTES + "\n환율\n"

    cut = b"".join(cut_lines(pieces(text.encode("utf-16-le"), 77), b"\n\0")).decode("utf-16-le")

    first, long, last, rest = cut.split("\n")
    assert (first, set(long), last, rest) == ("날씨", {"가"}, "환율", "")
    assert len(long.encode("utf-16-le")) > MAX_LINE_BYTES


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


def records(*lines: str) -> list[str]:
    joined = joined_records([line.encode() for line in lines], ",", "UTF-8", b"\n")
    return [record.decode().removesuffix("\n") for record in joined]


def test_line_breaks_inside_quotes_become_spaces() -> None:
    assert records("t,u,q", '1,kim,"seoul', "", 'weather"', "2,lee,rates") == [
        "t,u,q",
        '1,kim,"seoul  weather"',
        "2,lee,rates",
    ]


def test_a_line_inside_quotes_that_looks_like_a_search_is_none() -> None:
    assert records('1,kim,"a', "2026-03-02,forged,b", 'c"', "3,lee,d") == [
        '1,kim,"a 2026-03-02,forged,b c"',
        "3,lee,d",
    ]


def test_a_quote_that_is_never_closed_takes_no_other_line_with_it() -> None:
    many = [f"{number},lee,q" for number in range(300)]

    assert records('1,kim,"monitor', *many) == ['1,kim,"monitor', *many]
    # The next quote opens a cell of its own line: it does not close that of another.
    assert records('1,kim,"tv', '2,lee,"radio"', "3,park,x") == [
        '1,kim,"tv',
        '2,lee,"radio"',
        "3,park,x",
    ]
