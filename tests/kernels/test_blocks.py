"""Lines are the same wherever a file is cut into pieces, and none needs much memory."""

import pytest

from pipeline.reading.blocks import lines_of

TEXT = "가나다\n\r\nabc\n\n날씨 ㅋㅋ\r\nlast"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("charset", ["UTF-8", "CP949", "UTF-16LE", "UTF-16BE"])
def test_lines_do_not_depend_on_where_the_file_is_cut(charset: str, size: int) -> None:
    data = TEXT.encode(charset)
    step = size * 2 if charset.startswith("UTF-16") else size
    pieces = [data[at : at + step] for at in range(0, len(data), step)]

    found = [line for block in lines_of(pieces, charset) for line in block.to_list()]

    assert found == [line.encode(charset) for line in TEXT.split("\n")]


def test_a_file_that_ends_with_a_line_end_has_no_empty_line_after_it() -> None:
    assert [line for block in lines_of([b"a\nb\n"], "UTF-8") for line in block.to_list()] == [
        b"a",
        b"b",
    ]


def test_carriage_returns_alone_end_lines_where_the_file_says_so() -> None:
    pieces = [b"a\rb\r", b"\nc\n", b"d\r\ne"]
    lines = [line for block in lines_of(pieces, "UTF-8", "\r") for line in block.to_list()]
    assert lines == [b"a", b"b", b"c", b"d", b"e"]


def test_of_a_line_without_end_little_is_kept_and_the_next_ones_are_whole() -> None:
    pieces = [b"first\n", *[b"x" * 100_000] * 300, b"xx\nsecond\nthird", b" line\n"]

    lines = [line for block in lines_of(pieces, "UTF-8") for line in block.to_list()]

    assert lines[0] == b"first"
    assert lines[2:] == [b"second", b"third line"]
    assert set(lines[1]) == {ord("x")}
    assert 65_536 < len(lines[1]) < 2_000_000
