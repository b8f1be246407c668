"""How searches end, on a page, as JSON and as a table for spreadsheets."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from pipeline import columns
from tests.web.roots import BROWSER, SmallRoot, analytics_row, client
from tests.web.test_pages import KOREAN, text_of


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    return SmallRoot(tmp_path / "root")


def test_the_page_shows_what_is_worth_mending_and_the_whole_by_day(root: SmallRoot) -> None:
    root.put_analytics({"query": "코스피"}, {"query": "날씨", "people_lost": 0.0})
    root.put_reformulations(("코스피", 1, "코스피 지수", 9), ("코스피", 2, "주가", 6))

    with client(root) as web:
        page = text_of(web.get("/analytics", headers=BROWSER).text)
        korean = text_of(web.get("/analytics", headers=KOREAN).text)

    assert "1 코스피 Reformulated into 코스피 지수 (9), 주가 (6) Head 100 3.2 45 40.0 %" in page
    assert "Head 100 3.2 45 40.0 % 50.0 % 2.5 12.5 %" in page
    assert "2 날씨 Head 100 0.0 45" in page
    assert page.index("All 9 1,234") < page.index("Tail 9 700")
    assert page.index("Tail 9 700") < page.index("코스피") < page.index("2026-03-02 9 700")
    assert page.index("2026-03-02 9 700") < page.index("2026-03-01 9")
    assert "먼저 고칠 검색어" in korean
    assert "1 코스피 바꿔 검색: 코스피 지수 (9), 주가 (6) 헤드 100 3.2" in korean


def test_page_api_and_table_have_the_numbers_of_the_result(root: SmallRoot) -> None:
    rows: list[dict[str, Any]] = [
        {"query": "코스피", "exit_rate": 1 / 3},
        {"query": "날씨", "band": "tail"},
    ]
    root.put_analytics(*rows)
    [file] = root.folder.glob("query_analytics/*/*.parquet")
    stored = pl.read_parquet(file)

    with client(root) as web:
        told = web.get("/api/analytics").json()
        table = web.get("/api/analytics.csv")

    queries = [{**row, "category": "", "into": []} for row in stored.to_dicts()]
    assert (told["day"], told["clicks_in_log"], told["queries"]) == ("2026-03-02", "some", queries)
    assert [row["day"] for row in told["quality"]] == [None, None, "2026-03-02", "2026-03-01"]
    assert table.headers["content-type"].startswith("text/csv")
    assert "attachment" in table.headers["content-disposition"]
    pd.testing.assert_frame_equal(
        pd.read_csv(BytesIO(table.content)).drop(columns="category"),
        stored.to_pandas(),
        check_dtype=False,
    )


def test_the_whole_by_day_and_reformulations_are_tables_too(root: SmallRoot) -> None:
    root.put_analytics({"query": "코스피"}, {"query": "날씨"})
    root.put_reformulations(
        ("코스피", 2, "주가", 6), ("코스피", 1, "=1+1", 9), ("날씨", 1, "비밀", 4)
    )

    with client(root) as web:
        quality = web.get("/api/analytics").json()["quality"]
        whole = pd.read_csv(BytesIO(web.get("/api/analytics.csv?of=whole").content))
        into = pd.read_csv(BytesIO(web.get("/api/analytics.csv?of=reformulations").content))
        page = web.get("/analytics", headers=BROWSER).text
        odd = web.get("/analytics?of=people", headers=BROWSER).status_code

    assert [*whole.columns] == [*quality[0]]
    for cells, row in zip(whole.to_dict("records"), quality, strict=True):
        told = {name: None if pd.isna(cell) else cell for name, cell in cells.items()}
        assert told == row
    # Four people are too few, and no text is a formula.
    assert [*zip(into["query"], into["into_surface"], into["people"], strict=True)] == [
        ("코스피", "'=1+1", 9),
        ("코스피", "주가", 6),
    ]
    assert 'href="/api/analytics.csv?of=whole"' in page
    assert 'href="/api/analytics.csv?of=reformulations"' in page
    assert odd == 422


def test_the_page_lists_searches_without_results_the_worst_first(root: SmallRoot) -> None:
    root.put_analytics(
        {"query": "날씨", "zero_result_rank": 2},
        {"query": "코스피", "zero_result_rank": 1, "people_without_results": 40},
        {"query": "환율", "zero_result_rank": None, "people_without_results": 0},
    )

    with client(root) as web:
        page = text_of(web.get("/analytics", headers=BROWSER).text)
        told = web.get("/api/analytics").json()["without_results"]

    lost = page[page.index("Searches without results") : page.index("By day")]
    assert "코스피 100 40 25.0 % 날씨 100 26 25.0 %" in lost
    assert "환율" not in lost
    assert [row["query"] for row in told] == ["코스피", "날씨"]
    assert "25.0 % 7.5" in page  # of the whole: without results, seconds to a click


def test_a_log_that_tells_no_results_and_no_times_says_so_and_shows_no_columns_of_them(
    root: SmallRoot,
) -> None:
    unknown = {"people_without_results": None, "zero_result_rank": None, "seconds_to_click": None}
    root.put_analytics({"query": "날씨", "zero_result_rate": None, **unknown}, more="none")

    with client(root) as web:
        page = text_of(web.get("/analytics", headers=BROWSER).text)

    assert "does not say how many results a search had" in page
    assert "does not say when a click was" in page
    assert "Seconds to click" not in page
    assert "Without results" not in page


def test_the_page_switches_between_queries_and_keywords(root: SmallRoot) -> None:
    root.put_analytics({"query": "코스피 지수"}, keywords=["코스피"])

    with client(root) as web:
        page = web.get("/analytics?of=keywords", headers=BROWSER).text
        told = web.get("/api/analytics?of=keywords").json()
        table = pd.read_csv(BytesIO(web.get("/api/analytics.csv?of=keywords").content))
        wrong = web.get("/api/analytics?of=nothing")

    assert "코스피 지수" not in page
    assert "코스피" in text_of(page)
    assert 'href="/analytics?of=queries"' in page
    assert "queries" not in told
    assert [row["query"] for row in told["keywords"]] == ["코스피"] == [*table["query"]]
    assert wrong.status_code == 422


def test_where_keywords_were_not_counted_their_page_says_how(root: SmallRoot) -> None:
    root.put_analytics({"query": "코스피"})

    with client(root) as web:
        assert "silgeom run keywords" in web.get("/analytics?of=keywords", headers=BROWSER).text


def test_rows_of_one_band_and_so_many_are_told_on_demand(root: SmallRoot) -> None:
    root.put_analytics({"query": "a"}, {"query": "b", "band": "tail"}, {"query": "c"})

    with client(root) as web:
        tail = web.get("/api/analytics?band=tail").json()["queries"]
        first = web.get("/api/analytics?limit=1").json()["queries"]
        wrong = web.get("/api/analytics?band=neck")

    assert [row["query"] for row in tail] == ["b"]
    assert [row["query"] for row in first] == ["a"]
    assert wrong.status_code == 422
    assert "band" in wrong.json()["error"]


@pytest.mark.parametrize("text", ["=1+1", "+821", "-2", "@sum", "\t=1", "＝1"])
def test_no_cell_of_the_table_is_a_formula(root: SmallRoot, text: str) -> None:
    row = analytics_row(1, surface=text, query="q")
    root.put("query_analytics/dt=2026-03-02", [{**row, "query": text}], columns.QUERY_ANALYTICS)

    with client(root) as web:
        table = pd.read_csv(BytesIO(web.get("/api/analytics.csv").content), dtype=str)

    for name in ("query", "surface"):
        assert table[name][0][0] in "'\\"
    assert table["exit_rate"][0] == "0.4"


def test_what_a_result_with_a_lower_floor_tells_of_few_people_is_withheld(root: SmallRoot) -> None:
    root.put_analytics(
        {"query": "넷", "people": 4, "clickers": 2, "leavers": 2, "reformulators": 0},
        {"query": "일곱", "people": 7, "clickers": 6, "leavers": 3, "reformulators": 0}
        | {"results_people": 7, "people_without_results": 3, "timed_people": 6},
    )
    root.put_reformulations(("일곱", 1, "여섯", 6), ("일곱", 2, "셋", 3))

    with client(root) as web:
        [row] = web.get("/api/analytics").json()["queries"]
        page = web.get("/analytics", headers=BROWSER).text
        table = web.get("/api/analytics.csv").text

    assert row["query"] == "일곱"
    assert [each["query"] for each in row["into"]] == ["여섯"]
    withheld = ("click_through", "clickers", "mean_rank", "clicks_per_search", "exit_rate")
    assert [row[name] for name in (*withheld, "leavers", "people_lost")] == [None] * 7
    assert row["reformulation_rate"] == 0.125
    # Of the seven one did not click, and three found nothing.
    told_of_few = ("seconds_to_click", "timed_people", "zero_result_rate", "people_without_results")
    assert [row[name] for name in told_of_few] == [None] * 4
    assert "넷" not in page
    assert "셋" not in page
    assert "넷" not in table


@pytest.mark.parametrize(
    ("clicks", "sentence"),
    [("none", "The log has no clicks"), ("every", "Each search in the log has a click")],
)
def test_a_log_that_does_not_tell_of_clicks_says_so(
    root: SmallRoot, clicks: str, sentence: str
) -> None:
    root.put_analytics({"click_through": None, "clickers": None}, clicks=clicks)

    with client(root) as web:
        assert sentence in text_of(web.get("/analytics", headers=BROWSER).text)


def test_where_analytics_were_not_asked_for_a_sentence_says_how(root: SmallRoot) -> None:
    with client(root) as web:
        page = web.get("/analytics", headers=BROWSER)
        api = web.get("/api/analytics")
        table = web.get("/api/analytics.csv")

    assert page.status_code == 200
    assert "silgeom run analytics" in page.text
    assert (api.status_code, table.status_code) == (404, 404)
    assert "silgeom run analytics" in api.json()["error"]


def test_new_results_are_shown_when_they_come(root: SmallRoot) -> None:
    root.put_analytics({"query": "옛것"})

    with client(root) as web:
        assert "옛것" in web.get("/analytics", headers=BROWSER).text
        root.put_analytics({"query": "새것"})
        server: Any = web.app
        assert web.portal is not None
        web.portal.call(server.state.server.follower.look_at_board)
        assert "새것" in web.get("/analytics", headers=BROWSER).text
