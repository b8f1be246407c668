"""Records of CSV that stand on several lines, wherever blocks of lines end."""

import polars as pl
import pytest

from pipeline.reading.records import joined_records


def records(*lines: str, charset: str = "UTF-8", codec: str = "utf-8") -> list[str]:
    """The records of some lines; the same in blocks of any size."""
    raw = [line.encode(codec) for line in lines]
    found = []
    for size in (1, 2, 3, 7, 1000):
        blocks = [
            pl.Series("raw", raw[start : start + size], dtype=pl.Binary)
            for start in range(0, len(raw), size)
        ]
        joined = [each for block in joined_records(blocks, ",", charset) for each in block]
        found.append([record.decode(codec) for record in joined])
    assert all(each == found[0] for each in found)
    return found[0]


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


def test_lines_of_wide_characters_are_joined_by_a_wide_space() -> None:
    lines = ('1,kim,"날씨', '내일"', "2,lee,환율")

    assert records(*lines, charset="UTF-16LE", codec="utf-16-le") == [
        '1,kim,"날씨 내일"',
        "2,lee,환율",
    ]


@pytest.mark.parametrize("length", [20, 40_000])
def test_a_record_longer_than_a_line_may_be_is_none(length: int) -> None:
    lines = ('1,kim,"' + "a" * length, "b" * length + '"', "2,lee,c")

    assert len(records(*lines)) == (2 if length == 20 else 3)
