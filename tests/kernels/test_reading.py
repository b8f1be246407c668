import re
import time
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.columns import SEARCHES
from pipeline.errors import InvalidParameterError, LogFormatError
from pipeline.reading.blocks import lines_of
from pipeline.reading.detection import bound
from pipeline.reading.formats import LogFormat, load_format, parsed_format
from pipeline.reading.searches import Circumstances, searches_of_lines, searches_of_records
from pipeline.reading.user_ids import BLAKE2B, UserKey, UserKeys
from pipeline.schemas import REJECT_REASONS
from tests.kernels.rows import Row, at
from tests.kernels.rows import rows_of as as_rows

NOW = at("2026-10-01T00:00:00")
KEYS = UserKeys((UserKey(BLAKE2B, bytes(range(32))),))


def parsed(
    lines: pl.Series,
    fmt: LogFormat,
    *,
    charset: str = "UTF-8",
    zone: str = "Asia/Seoul",
    file_date: date | None = None,
    now: datetime = NOW,
    user_keys: UserKeys = KEYS,
) -> pl.DataFrame:
    return searches_of_lines(
        lines,
        fmt,
        charset,
        Circumstances(zone, file_date, now, user_keys),
    )


def raw_lines(lines: list[str | bytes], codec: str = "utf-8") -> pl.Series:
    encoded = [line if isinstance(line, bytes) else line.encode(codec) for line in lines]
    return pl.Series("raw", encoded, dtype=pl.Binary)


def rows_of(
    fmt: str | LogFormat,
    *lines: str | bytes,
    codec: str = "utf-8",
    **more: Any,  # noqa: ANN401
) -> list[Row]:
    found = load_format(fmt) if isinstance(fmt, str) else fmt
    frame = parsed(raw_lines(list(lines), codec), found, **more)
    return as_rows(frame)


def reasons(rows: list[Row]) -> list[str | None]:
    return [row.reason for row in rows]


def times(rows: list[Row]) -> list[str | None]:
    return [
        None if row.searched_at is None else row.searched_at.strftime("%Y-%m-%d %H:%M:%S")
        for row in rows
    ]


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows come back in the machine's zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_a_line_of_silgeoms_own_log_is_a_search() -> None:
    rows = rows_of(
        "silgeom",
        "2026-09-01T12:00:00+09:00\tu1\t 서울  날씨 \thttp://a\t3",
        "2026-09-01T12:00:00\tu1\tSeoul",
        "\ufeff2026-09-01 12:00:00.987\tu1\tseoul\t\t\r",
        "searched_at\tuser\tquery\tclicked_url\tclicked_rank",
    )

    assert reasons(rows) == [None, None, None, "skipped"]
    # 12:00 in Seoul is 03:00 UTC, told by the offset or by the zone; parts of a second are cut.
    assert times(rows[:3]) == ["2026-09-01 03:00:00"] * 3
    assert [row["query"] for row in rows[:3]] == ["서울 날씨", "seoul", "seoul"]
    assert [row.surface for row in rows[:3]] == ["서울 날씨", "Seoul", "seoul"]
    assert (rows[0].clicked_url, rows[0].clicked_rank) == ("http://a", 3)
    assert (rows[2].clicked_url, rows[2].clicked_rank) == (None, None)
    assert len({row.user_id for row in rows[:3]}) == 1
    assert rows[1].query_id == rows[2].query_id
    assert rows[0].text is None


def test_each_fault_has_its_reason_and_the_sum_comes_out() -> None:
    noon = "2026-09-01T12:00:00"
    cases: list[tuple[str | bytes, str | None]] = [
        (f"{noon}\tu1\tq", None),
        (f"{noon}\tu1\t" + "가" * 1000, None),
        (f"{noon}\tu1\t" + "가" * 1001, "too_long"),
        (f"{noon}\tu1\t" + "x" * 65_536, "too_long"),
        (b"\xff" * 70_000, "too_long"),
        (f"{noon}\tu1\t".encode() + b"caf\xe9", "undecodable"),
        (f"{noon}\tu1\t\ufffd", None),
        ("", "too_few_columns"),
        ("\r", "too_few_columns"),
        (f"{noon}\tu1", "too_few_columns"),
        (f"{noon}\t \tq", "no_user"),
        ("\t\t", "no_user"),
        ("yesterday\tu1\tq", "bad_time"),
        ("12:00:00\tu1\tq", "bad_time"),
        ("2026\tu1\tq", "bad_time"),
        ("2026-02-30T12:00:00\tu1\tq", "bad_time"),
        ("1989-12-31T23:59:59Z\tu1\tq", "bad_time"),
        ("1990-01-01T00:00:00Z\tu1\tq", None),
        ("2026-10-01T01:00:00Z\tu1\tq", None),  # an hour after now
        ("2026-10-01T01:00:01Z\tu1\tq", "future_time"),
        (f"{noon}\tu1\t", "blank_query"),
        (f"{noon}\tu1\t \u200b\u3000", "blank_query"),
        (f"{noon}\tu1\thong@example.com", "personal_data"),
    ]

    rows = rows_of("silgeom", *[line for line, _ in cases])

    assert reasons(rows) == [reason for _, reason in cases]
    assert len(rows) == len(cases)
    assert set(REJECT_REASONS) | {"personal_data", None} == set(reasons(rows))
    for row in rows:
        is_search = row.reason is None
        assert (row.text is None) == is_search
        assert (row.user_id is not None) == is_search
        assert (row["query"] is not None) == is_search
        assert (row.surface is not None) == is_search


def test_a_reject_shows_neither_user_nor_personal_data() -> None:
    rows = rows_of(
        "silgeom",
        "2026-09-01T12:00:00\thong77\tcall 010-1234-5678",
        "2026-09-01T12:00:00\thong77\t",
        "hong77\t2026-09-01T12:00:00\tq",
        "hong77 홍",
        b"hong77\t\xff",
        "hong77" * 20_000,
        "2026-09-01T12:00:00\thong77\t" + "가 " * 600,
    )

    texts = [row.text for row in rows]
    assert reasons(rows) == [
        "personal_data",
        "blank_query",
        "bad_time",  # user and time have changed places
        "too_few_columns",
        "undecodable",
        "too_long",
        "too_long",
    ]
    assert texts[0].startswith("2026-09-01T12:00:00\t<user>\tcall ")
    assert "5678" not in texts[0]
    assert texts[1] == "2026-09-01T12:00:00\t<user>\t"
    assert texts[2] == "xxxx99\t<user>\tq"
    assert texts[3] == "xxxx99 x"
    assert not any("hong" in text for text in texts)
    assert all(len(text) <= 200 for text in texts)


def test_a_rejected_search_keeps_its_time() -> None:
    rows = rows_of(
        "silgeom",
        "2026-09-01T12:00:00Z\tu1\t",
        "2126-09-01T12:00:00Z\tu1\tq",
        "1926-09-01T12:00:00Z\tu1\tq",
    )

    assert times(rows) == ["2026-09-01 12:00:00", None, None]


def test_iso_times_come_with_any_offset_or_none() -> None:
    # All are 2026-09-01 03:00 UTC; without an offset it is Seoul's noon.
    written = [
        "2026-09-01T12:00:00+09:00",
        "2026-09-01T12:00:00+0900",
        "2026-09-01T12:00+09",
        "2026-09-01T03:00:00Z",
        "2026-09-01T03:00Z",
        "2026-09-01 12:00:00",
        "2026-09-01 12:00",
        "2026-08-31T23:30:00.123-03:30",
    ]

    rows = rows_of("silgeom", *[f"{each}\tu1\tq" for each in written])

    assert times(rows) == ["2026-09-01 03:00:00"] * len(written)


def test_json_lines() -> None:
    rows = rows_of(
        "silgeom-json",
        '{"searched_at": "2026-09-01T12:00:00", "user": "007", "query": "a \\"b\\"\\t+c"}',
        '{"query": "q", "user": 7, "searched_at": "2026-09-01T12:00:00", "clicked_rank": 2}',
        '{"searched_at": "2026-09-01T12:00:00", "user": "7", "query": null}',
        '{"searched_at": "2026-09-01T12:00:00", "query": "q"}',
        '{"searched_at": "2026-09-01T12:00:00", "user": "u1", "qu',
        '{"other": 1}',
        "[1, 2]",
        "",
    )

    assert reasons(rows) == [
        None,
        None,
        "blank_query",
        "no_user",
        *["too_few_columns"] * 4,
    ]
    assert [row["query"] for row in rows[:2]] == ['a "b" +c', "q"]
    assert rows[1].clicked_rank == 2
    assert rows[0].user_id != rows[1].user_id


def test_aol() -> None:
    rows = rows_of(
        "aol",
        "AnonID\tQuery\tQueryTime\tItemRank\tClickURL",
        "142\trentdirect.com\t2006-03-01 07:17:12\t\t",
        "217\tlottery\t2006-03-01 11:58:51\t1\thttp://www.calottery.example",
        "1326\t-\t2006-03-01 11:58:51\t\t",
        "1326\tback to the future\t2006-04-01 17:59:28",
        zone="UTC",
    )

    assert reasons(rows) == ["skipped", None, None, "blank_query", None]
    assert times(rows)[1] == "2006-03-01 07:17:12"
    assert (rows[1].clicked_url, rows[1].clicked_rank) == (None, None)
    assert (rows[2].clicked_url, rows[2].clicked_rank) == ("http://www.calottery.example", 1)


def test_excite_has_years_of_two_digits() -> None:
    rows = rows_of(
        "excite",
        '2A9E\t970916105432\t+md "foods" +proteins',
        "2A9E\t000229105432\tq",
        "2A9E\t260930235959\tq",
        "2A9E\t970916105432\t",
        "2A9E\t970231105432\tq",
        "2A9E\t9709161054\tq",
        zone="UTC",
    )

    assert reasons(rows) == [None, None, None, "blank_query", "bad_time", "bad_time"]
    assert times(rows)[:3] == [
        "1997-09-16 10:54:32",
        "2000-02-29 10:54:32",
        "2026-09-30 23:59:59",
    ]
    assert rows[0]["query"] == '+md "foods" +proteins'


def test_sogou_2008_takes_its_day_from_elsewhere() -> None:
    rows = rows_of(
        "sogou-2008",
        "\ufeff00:00:01\t0759422\t[汶川+地震]\t8 3\tnews.example/a b",
        "08:00:01\t759422\tno brackets\t12 3\tx",
        "25:00:01\t759422\t[q]\t1 1\tx",
        "08:00:01\t759422\t[]\t1 1\tx",
        codec="gb18030",
        charset="gb18030",
        file_date=date(2008, 6, 1),
    )

    assert reasons(rows) == [None, None, "bad_time", "blank_query"]
    # Midnight in Shanghai is 16:00 UTC of the day before, whatever the job's zone is.
    assert times(rows)[:2] == ["2008-05-31 16:00:01", "2008-06-01 00:00:01"]
    assert [row["query"] for row in rows[:2]] == ["汶川 地震", "no brackets"]
    assert (rows[0].clicked_rank, rows[0].clicked_url) == (8, "news.example/a b")
    assert rows[0].user_id != rows[1].user_id  # a user is a text: 0759422 is not 759422
    with pytest.raises(LogFormatError, match="--date"):
        rows_of("sogou-2008", "00:00:01\tu\t[q]\t1 1\tx")


def test_sogou_2011() -> None:
    row = rows_of("sogou-2011", "20111230000005\tu1\t奇艺高清\t1\t2\thttp://x/")[0]

    assert times([row]) == ["2011-12-29 16:00:05"]
    assert (row.clicked_rank, row.clicked_url) == (1, "http://x/")


def test_ubi_counts_searches_and_clicks_that_name_their_query() -> None:
    rows = rows_of(
        "ubi",
        '{"index": {"_index": "ubi_queries"}}',
        '{"client_id": "c", "user_query": "ps4", "timestamp": "2024-12-10T00:01:29.378Z"}',
        '{"client_id": "c", "action_name": "impression", "user_query": "ps4", "timestamp": 1}',
        '{"client_id": "c", "action_name": "on_search", "message": "bag", '
        '"user_query": "", "timestamp": 1717527762025}',
        '{"client_id": "c", "action_name": "search", "user_query": "ps5", "message": "x", '
        '"timestamp": "2024-12-10T00:01:29.378+0000"}',
    )

    assert reasons(rows) == ["skipped", None, "skipped", None, None]
    assert [row["query"] for row in rows if row.reason is None] == ["ps4", "bag", "ps5"]
    assert times(rows)[3] == "2024-06-04 19:02:42"  # 1,717,527,762 s after 1970


def test_csv_keeps_separators_inside_quotes() -> None:
    head = b"time,user_id,keyword,url\n"
    fmt = bound(load_format("csv"), head, "log.csv")

    rows = rows_of(
        fmt,
        "time,user_id,keyword,url",
        "2026-09-01 12:00:00,u1,plain,",
        '2026-09-01 12:00:00,u1,"a, ""b""",x',
        '1717527762,u1,"",x',
        '"2026/09/01 12:00:00","u1",5" screen',
        '"2026-09-01 12:00:00",u1',
        '2026-09-01 12:00:00,"",q,x',
        '20260901120000,"u1",q,x,more,cells',
    )

    assert reasons(rows) == [
        "skipped",
        None,
        None,
        "blank_query",
        None,
        "too_few_columns",
        "no_user",
        None,
    ]
    assert [row["query"] for row in rows if row.reason is None] == [
        "plain",
        'a, "b"',
        '5" screen',
        "q",
    ]
    assert {row.user_id for row in rows if row.reason is None} == {rows[1].user_id}
    with pytest.raises(LogFormatError, match="header line"):
        rows_of("csv", "2026-09-01 12:00:00,u1,q")


def test_a_csv_line_that_ends_inside_quotes_is_no_search() -> None:
    fmt = bound(load_format("csv"), b"time,user,query,url\n2026-09-01 12:00:00,u,q,\n", "a.csv")
    good = {
        '2026-09-01 12:00:00,u1,"a ""b"" c",': 'a "b" c',
        '2026-09-01 12:00:00,u1,5" screen,': '5" screen',
        '2026-09-01 12:00:00,u1,q,"http://a"': "q",
    }
    broken = [
        '2026-09-01 12:00:00,u1,"seoul',
        '2026-09-01 12:00:00,u1,"seoul, busan',
        '2026-09-01 12:00:00,u1,q,"http://a',
        '2026-09-01 12:00:00,u1,"""',
    ]

    rows = rows_of(fmt, *good, *broken)

    assert [row.surface for row in rows[: len(good)]] == list(good.values())
    assert reasons(rows[len(good) :]) == ["too_few_columns"] * len(broken)


def test_a_json_line_is_one_object_whose_user_and_query_are_texts_or_numbers() -> None:
    noon = '"searched_at": "2026-09-01T12:00:00+09:00"'
    lines = {
        # What is taken in, by its query.
        f'{{{noon}, "user": "u", "query": "true"}}': "true",
        f'{{{noon}, "user": "u", "query": "[속보] 지진"}}': "[속보] 지진",
        f'{{{noon}, "user": "u", "query": "NaN"}}': "nan",
        f'{{{noon}, "user": "u", "query": 2024}}': "2024",
        f'{{{noon}, "user": "u", "query": 3.14}}': "3.14",
        f'{{{noon}, "user": "u", "query": "first", "query": "last"}}': "last",
        f'{{{noon}, "user": "u", "query": "날씨\\ud800"}}': "날씨?",
        f'{{{noon}, "user": "u", "query": "q", "more": {{"query": {{}}}}}}': "q",
        f'{{{noon}, "user": "u", "query": "q", "more": 1e400}}': "q",
        f'{{{noon}, "user": "u", "query": "q", "more": NaN}}': "q",
        # What is not, by its reason.
        f'{{{noon}, "user": "u", "query": true}}': "blank_query",
        f'{{{noon}, "user": "u", "query": NaN}}': "blank_query",
        f'{{{noon}, "user": "u", "query": -Infinity}}': "blank_query",
        f'{{{noon}, "user": "u", "query": ["a", "b"]}}': "blank_query",
        f'{{{noon}, "user": "u", "query": {{"a": 1}}}}': "blank_query",
        f'{{{noon}, "user": false, "query": "q"}}': "no_user",
        f'{{{noon}, "user": NaN, "query": "q"}}': "no_user",
        f'{{{noon}, "user": [1], "query": "q"}}': "no_user",
        '{"searched_at": 1e400, "user": "u", "query": "q"}': "bad_time",
        '{"searched_at": true, "user": "u", "query": "q"}': "bad_time",
        f'[{{{noon}, "user": "u", "query": "q"}}]': "too_few_columns",
        f'{{{noon}, "user": "u", "query": "q"}} {{"query": "more"}}': "too_few_columns",
        f'{{{noon}, "user": "u", "query": "q"}}, {{"query": "more"}}': "too_few_columns",
        f'{{{noon}, "user": "u", "query": "q"}} and more': "too_few_columns",
        "true": "too_few_columns",
        "12345": "too_few_columns",
        '"text"': "too_few_columns",
        "[]": "too_few_columns",
        "[" * 5_000: "too_few_columns",
        '{"a":' * 5_000: "too_few_columns",
    }

    rows = rows_of("silgeom-json", *lines)

    assert [row.reason or row["query"] for row in rows] == list(lines.values())


def test_a_user_is_the_same_as_text_and_as_number() -> None:
    noon = '"searched_at": "2026-09-01T12:00:00+09:00"'
    pairs = [
        ('"17"', "17"),
        ("17", "17.0"),
        ("12345678901234567890", '"12345678901234567890"'),
    ]
    users = [user for pair in pairs for user in pair]

    rows = rows_of("silgeom-json", *(f'{{{noon}, "user": {user}, "query": "q"}}' for user in users))

    ids = [row.user_id for row in rows]
    assert ids[0] == ids[1] == ids[2] == ids[3]
    assert ids[4] == ids[5] != ids[0]
    # A text is what it is.
    [version, number] = rows_of(
        "silgeom-json",
        f'{{{noon}, "user": "17.0", "query": "q"}}',
        f'{{{noon}, "user": "17", "query": "q"}}',
    )
    assert version.user_id != number.user_id


def test_parquet_takes_times_of_any_type() -> None:
    seconds = 1_788_231_600  # 2026-09-01 03:00:00 UTC, noon in Seoul
    utc = pl.Series([seconds, seconds, seconds, None]) * 1_000_000
    wall = (utc + 9 * 3_600_000_000).cast(pl.Datetime("us"))
    of_type = {
        "moment": utc.cast(pl.Datetime("us", "UTC")),
        "nanoseconds": utc.cast(pl.Datetime("us", "UTC")).cast(pl.Datetime("ns", "UTC")),
        "elsewhere": utc.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("Europe/Berlin"),
        "wall": wall,
        "epoch": utc // 1_000_000,
        "millis": utc // 1_000,
        "float": (utc // 1_000_000).cast(pl.Float64),
        "text": wall.dt.strftime("%Y-%m-%d %H:%M:%S"),
    }
    for name, moment in of_type.items():
        records = pl.DataFrame(
            {
                "User_ID": ["u1", None, "u1", "u1"],
                "Keyword": ["q", "q", "  ", "q"],
                "line": "a column of the log's own",
                "ts": moment,
            }
        )
        rows = as_rows(
            searches_of_records(
                records, load_format("parquet"), Circumstances("Asia/Seoul", None, NOW, KEYS)
            )
        )

        assert reasons(rows) == [None, "no_user", "blank_query", "bad_time"], name
        assert times(rows)[0] == "2026-09-01 03:00:00", name


def test_charsets_give_the_same_searches() -> None:
    line = "2026-09-01T12:00:00\tu1\t서울 날씨"
    found = [
        rows_of("silgeom", line, codec=codec, charset=charset)[0]
        for codec, charset in [
            ("utf-8", "UTF-8"),
            ("cp949", "CP949"),
            ("gb18030", "GB18030"),
            ("utf-16-le", "UTF-16LE"),
            ("utf-16-be", "UTF-16BE"),
        ]
    ]

    assert all(row == found[0] for row in found)
    assert found[0]["query"] == "서울 날씨"


def test_a_bad_byte_is_told_from_a_replacement_character() -> None:
    start = b"2026-09-01T12:00:00\tu1\t"

    rows = rows_of(
        "silgeom", start + b"\x84\x31\xa4\x37", start + b"\xb0\xa1\x81", charset="GB18030"
    )

    assert reasons(rows) == [None, "undecodable"]
    assert rows[0]["query"] == "\ufffd"


@pytest.mark.parametrize("charset", ["UTF-8", "UTF-16LE", "UTF-16BE", "CP949"])
def test_lines_are_those_between_line_feeds_alone(charset: str) -> None:
    text = "2026-09-01T12:00:00\tu1\ta\rb\r\n2026-09-01T12:00:00\tu1\t가\n"

    found = [
        row["query"]
        for lines in lines_of([text.encode(charset)], charset)
        for row in as_rows(parsed(lines, load_format("silgeom"), charset=charset))
    ]

    assert found == ["a b", "가"]


def test_the_example_on_the_page_reads_its_lines() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    log = re.search(r"```\n(#Version.*?)```", page, re.DOTALL)
    declarations = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    shop, app, _ = (parsed_format(text, "the page") for text in declarations)
    assert log is not None
    assert tomllib.loads(declarations[0])["name"] == "shop"

    rows = rows_of(shop, *log.group(1).splitlines(), now=at("2026-10-01"))
    app_rows = rows_of(
        app,
        '{"event": {"name": "search", "time": 1717527762025, "text": "q", "position": 4}, '
        '"device": "d"}',
        '{"event": {"name": "open", "time": 1717527762025}, "account": {"id": "a"}}',
    )

    assert reasons(rows) == ["skipped", None, "blank_query", "skipped"]
    assert rows[1]["query"] == "운동화 추천"
    assert times(rows)[1] == "2026-09-01 03:00:00"
    assert reasons(app_rows) == [None, "skipped"]
    assert app_rows[0].clicked_rank == 4


def test_users_cannot_be_told_without_the_key() -> None:
    line = "2026-09-01T12:00:00\tu1\tq"
    one, same = rows_of("silgeom", line, line)
    other = rows_of("silgeom", line, user_keys=UserKeys.new())[0]

    assert one.user_id == same.user_id != other.user_id


def test_users_that_look_alike_are_one_person_and_one_that_nobody_sees_is_none() -> None:
    users = [
        "민수kim",
        " 민수ｋｉｍ",
        "민\u200b수kim\u3000",
        "\ufeff민수kim",
        "민수Kim",
        "\u200b\u3000",
    ]
    rows = rows_of("silgeom", *[f"2026-09-01T12:00:00\t{user}\tq" for user in users])

    assert reasons(rows) == [None, None, None, None, None, "no_user"]
    assert len({row.user_id for row in rows[:4]}) == 1
    assert rows[4].user_id != rows[0].user_id  # letter case tells people apart
    assert rows[5].text == "2026-09-01T12:00:00\t\tq"


def test_wrong_arguments_are_refused() -> None:
    line = "2026-09-01T12:00:00\tu1\tq"

    with pytest.raises(InvalidParameterError, match="time zone"):
        rows_of("silgeom", line, now=NOW.replace(tzinfo=None))
    with pytest.raises(LogFormatError, match="Mars"):
        rows_of("silgeom", line, zone="Mars/Base")


def test_nothing_comes_of_nothing() -> None:
    found = parsed(raw_lines([]), load_format("silgeom"))

    assert found.is_empty()
    # `read_span` adds the source.
    assert {"reason", "text"} | SEARCHES.keys() - {"source"} <= set(found.columns)
