"""What a log says of a search beside who, when and what: results, the click's time, the device."""

import json
import re
from pathlib import Path

import polars as pl
import pytest

from pipeline.counting.judging import each_once
from pipeline.reading.detection import bound, detect_format
from pipeline.reading.devices import devices
from pipeline.reading.formats import load_format, parsed_format
from pipeline.reading.searches import Circumstances, searches_of_records
from tests.kernels.rows import Row, search, searches
from tests.kernels.rows import rows_of as as_rows
from tests.kernels.test_reading import KEYS, NOW, reasons, rows_of, times

NOON = "2026-09-01T12:00:00+09:00"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


def facts(row: Row) -> tuple[int | None, float | None, str | None]:
    return row.result_count, row.click_seconds, row.device


def test_a_header_of_silgeoms_own_log_names_them() -> None:
    head = "searched_at\tuser\tquery\tresult_count\tclick_seconds\tdevice\tclicked_at"
    fmt = bound(load_format("silgeom"), f"{head}\n".encode(), "log.tsv")

    rows = rows_of(
        fmt,
        f"{NOON}\tu1\tq\t1,204\t3.25\tMobile\t",
        f"{NOON}\tu1\tq\t0\t\tPC\t2026-09-01T12:00:07.5+09:00",
        f"{NOON}\tu1\tq",
        f"{NOON}\tu1\tq\t-1\t-2\tu-17\t2026-09-01T11:59:00+09:00",
        f"{NOON}\tu1\tq\tmany\t90000\t\tlater",
    )

    assert reasons(rows) == [None] * 5
    assert [facts(row) for row in rows] == [
        (1204, 3.25, "mobile"),
        (0, 7.0, "desktop"),  # texts of times count in whole seconds
        (None, None, None),
        (None, None, None),  # what is below nothing, before the search, or has a digit is unknown
        (None, None, None),  # a click more than a day later is none of that search
    ]


def test_a_log_without_a_header_has_none_of_them() -> None:
    [row] = rows_of("silgeom", f"{NOON}\tu1\tq\thttp://a\t2\t7\t3\tmobile")

    assert facts(row) == (None, None, None)


@pytest.mark.parametrize(
    "head",
    [
        "timestamp,user_id,keyword,hits,time_to_click,platform",
        "time;uid;q;total_results;click_seconds;device_type",
    ],
)
def test_csv_has_common_names_for_them(head: str) -> None:
    separator = "," if "," in head else ";"
    line = separator.join(["2026-09-01 12:00:00", "u1", "제습기", "12", "4", "Smart TV"])
    fmt, _ = detect_format(f"{head}\n{line}\n".encode(), "log.csv")

    [row] = rows_of(fmt, line)

    assert facts(row) == (12, 4.0, "smart-tv")


def test_json_tells_results_as_a_number_or_as_a_list() -> None:
    fmt = parsed_format(
        """
        name = "app"
        kind = "json"
        time = ["epoch_millis"]
        [columns]
        searched_at = "at"
        user = "who"
        query = "text"
        result_count = ["answer.total", "answer.ids"]
        clicked_at = "click.at"
        device = "client"
        """,
        "app.toml",
    )
    common = '"at": 1788231600000, "who": "u", "text": "q"'

    rows = rows_of(
        fmt,
        f'{{{common}, "answer": {{"total": 30}}, "click": {{"at": 1788231602500}}}}',
        f'{{{common}, "answer": {{"ids": ["a", "b"]}}, "client": "{PHONE}"}}',
        f'{{{common}, "answer": {{"ids": []}}}}',
        f'{{{common}, "answer": {{"ids": {{"a": 1}}}}}}',
        f"{{{common}}}",
    )

    assert [facts(row) for row in rows] == [
        (30, 2.5, None),
        (2, None, "mobile"),
        (0, None, None),
        (None, None, None),
        (None, None, None),
    ]


def test_ubi_tells_hits_of_queries_and_counts_of_events() -> None:
    rows = rows_of(
        "ubi",
        '{"client_id": "c", "user_query": "ps4", "timestamp": "2024-12-10T00:01:29Z", '
        '"query_response_hit_ids": ["a", "b", "c"], "query_attributes": {"device": "App"}}',
        '{"client_id": "c", "user_query": "ps4", "timestamp": "2024-12-10T00:01:29Z", '
        '"query_response_hit_ids": []}',
        '{"client_id": "c", "action_name": "on_search", "message": "bag", "timestamp": '
        '1717527762025, "event_attributes": {"result_count": 0, "browser": "' + PHONE + '"}}',
    )

    assert [facts(row) for row in rows] == [(3, None, "app"), (0, None, None), (0, None, "mobile")]


def ubi_click(**more: object) -> str:
    """A click on the second hit at 00:01:33, four seconds after its search."""
    position = {
        "position": {"ordinal": 2},
        "object": {"object_id": "B01", "object_id_field": "asin"},
    }
    click = {"client_id": "c", "action_name": "click", "user_query": "ps4", "query_id": "q1"}
    click |= {"timestamp": "2024-12-10T00:01:33.378Z", "message": "a console", "user_id": ""}
    return json.dumps({**click, "event_attributes": position, **more})


def test_a_click_of_ubi_is_a_row_of_its_query_at_its_own_time() -> None:
    [row, address] = rows_of(
        "ubi",
        ubi_click(),
        ubi_click(
            action_name="item_click",
            event_attributes={"object": {"url": "https://shop.example/1", "object_id": "B01"}},
        ),
    )

    assert times([row]) == ["2024-12-10 00:01:33"]
    assert (row["query"], row.clicked_url, row.clicked_rank) == ("ps4", "B01", 2)
    assert (row["is_click"], row["click_seconds"]) == (True, None)
    assert (address.clicked_url, address.clicked_rank) == ("https://shop.example/1", None)


@pytest.mark.parametrize("query", [None, "", "  "])
def test_a_click_of_ubi_that_does_not_name_its_query_is_skipped_whatever_its_message(
    query: str | None,
) -> None:
    rows = rows_of("ubi", ubi_click(user_query=query), ubi_click(user_query=query, message=None))

    assert reasons(rows) == ["skipped", "skipped"]


def test_what_is_no_click_of_ubi_has_none_though_it_has_a_position() -> None:
    searched = ubi_click(action_name="on_search", user_query=None, message="ps4")
    [row, skipped] = rows_of("ubi", searched, ubi_click(action_name="impression"))

    assert (row["query"], row.clicked_url, row.clicked_rank) == ("ps4", None, None)
    assert (row["is_click"], row["click_seconds"]) == (None, None)
    assert skipped.reason == "skipped"


def test_a_click_of_ubi_with_odd_positions_stays_a_click() -> None:
    odd: list[object] = [None, {"position": {"ordinal": 0}}, {"position": {"ordinal": "x"}}]
    rows = rows_of("ubi", *(ubi_click(event_attributes=each) for each in odd))

    assert reasons(rows) == [None] * 3
    assert [row.clicked_rank for row in rows] == [None] * 3  # ranks begin at 1
    assert [row["is_click"] for row in rows] == [True] * 3


def test_a_format_of_ones_own_says_which_lines_are_clicks() -> None:
    page = Path(__file__).parents[2] / "docs" / "formats.md"
    [declared] = re.findall(r'```toml\n(name = "events".*?)```', page.read_text("utf-8"), re.DOTALL)
    searched = {"at": 1733788889000, "person": "u", "event": {"name": "typed", "text": "ps4"}}
    clicked = {"name": "click", "text": "a console", "search_text": "ps4", "position": 3}
    rows = rows_of(
        parsed_format(declared, "events.toml"),
        json.dumps(searched | {"event": {"name": "typed", "text": "ps4", "position": 1}}),
        json.dumps(searched | {"event": clicked}),
    )

    assert [(row["query"], row.clicked_rank) for row in rows] == [("ps4", None), ("ps4", 3)]
    assert [row["is_click"] for row in rows] == [None, True]


def test_a_click_in_the_second_of_its_search_is_a_click_of_it() -> None:
    log = [
        search("q", at_=NOON, result_count=7),
        search("q", at_=NOON, clicked_rank=2, clicked_url="b", is_click=True),
    ]
    [row] = as_rows(each_once(searches(*log)))

    assert (row.clicked_rank, row.result_count, row.click_seconds) == (2, 7, 0.0)
    assert row["is_click"] is None  # it is a search


def test_a_search_and_a_click_of_two_files_in_one_second_leave_the_search() -> None:
    log = [
        search("q", at_=NOON, source="b"),
        search("q", at_=NOON, source="a", clicked_rank=2, is_click=True),
    ]
    [row] = as_rows(each_once(searches(*log)))

    assert (row["source"], row.clicked_rank, row.click_seconds) == ("b", None, None)
    assert row["is_click"] is None


def test_two_clicks_in_one_second_are_one_the_better() -> None:
    log = [search("q", clicked_rank=rank, is_click=True) for rank in (4, 2)]
    [row] = as_rows(each_once(searches(*log)))

    assert row.clicked_rank == 2
    assert (row["is_click"], row["click_seconds"]) == (True, None)


def test_parquet_has_them_in_any_type() -> None:
    records = pl.DataFrame(
        {
            "searched_at": [NOW, NOW],
            "user": ["u", "u"],
            "query": ["q", "r"],
            "result_count": [3.0, float("nan")],
            "clicked_at": [NOW, None],
            "device": pl.Series(["Tablet", None], dtype=pl.Categorical),
        }
    ).with_columns(clicked_at=pl.col("clicked_at") + pl.duration(milliseconds=1200))

    rows = as_rows(
        searches_of_records(
            records, load_format("parquet"), Circumstances("Asia/Seoul", None, NOW, KEYS)
        )
    )

    assert [facts(row) for row in rows] == [(3, 1.2, "tablet"), (None, None, None)]


def test_a_rejected_line_says_nothing_of_them() -> None:
    head = b"searched_at\tuser\tquery\tresult_count\tdevice\n"
    fmt = bound(load_format("silgeom"), head, "log.tsv")

    rows = rows_of(fmt, f"{NOON}\tu1\t\t3\tmobile", f"{NOON}\tu1\tq\t3\tmobile")

    assert [facts(row) for row in rows] == [(None, None, None), (3, None, "mobile")]


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("MOBILE", "mobile"),
        ("모바일", "mobile"),
        ("Computer", "desktop"),
        ("members only", "members-only"),
        (PHONE, "mobile"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (Linux; Android 13; SM-S911) AppleWebKit/537.36 Mobile", "mobile"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120", "desktop"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", None),
        ("iphone14", None),
        ("010-1234-5678", None),
        ("hong@example.com", None),
        ("Anna's iPhone", None),
        ("a" * 21, None),
        ("", None),
    ],
)
def test_a_device_is_a_short_word_and_never_an_id(text: str, device: str | None) -> None:
    assert devices(pl.Series([text])).to_list() == [device]


def test_of_a_search_in_several_lines_of_a_file_the_most_results_and_earliest_click_stay() -> None:
    at = "2026-03-02T03:00:00"
    rows = searches(
        search("q", at_=at, clicked_rank=2, click_seconds=9.0),
        search("q", at_=at, clicked_rank=5, click_seconds=4.0),
        search("q", at_=at, result_count=20, device="mobile"),
        search("r", at_=at, result_count=1),
    )

    [q, r] = as_rows(each_once(rows).sort("query"))

    assert (q.clicked_rank, *facts(q)) == (2, 20, 4.0, "mobile")
    assert facts(r) == (1, None, None)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_search_in_two_files_is_that_of_one_of_them(order: list[int]) -> None:
    # What a file tells goes with the file: the other may be replaced alone.
    twins = searches(
        search("q", result_count=5, source="file:///b.tsv"),
        search("q", device="mobile", source="file:///a.tsv"),
    )

    [row] = as_rows(each_once(twins[order]))

    assert (row.source, *facts(row)) == ("file:///b.tsv", 5, None, None)
