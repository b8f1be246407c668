"""The keyword tool in the server: page, JSON and CSV say the same, in bounds and without harm."""

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from pipeline import columns
from silgeom.web.charts import curve
from tests.web.hostile import HOSTILE
from tests.web.roots import BROWSER, NOON, SmallRoot, board_row, client
from tests.web.test_pages import text_of


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    found = SmallRoot(tmp_path / "root")
    found.put_completions({"제습기": 90, "제습기 추천": 40, "제습기 렌탈": 20})
    found.put_related(("제습기", "related", "제습기 추천"), ("제습기", "related", "습도"))
    found.put_volumes({"제습기": 90, "제습기 추천": 40, "습도": 12, "제습기 렌탈": 20})
    return found


def test_page_json_and_csv_have_the_same_numbers(root: SmallRoot) -> None:
    with client(root) as web:
        told = web.get("/api/keywords?q=제습기").json()["keywords"]
        file = web.get("/api/keywords.csv?q=제습기")
        page = web.get("/keywords?q=제습기", headers=BROWSER).text
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))

    assert {row["keyword"]: row["searchers"] for row in told} == {
        **{"제습기": 90, "제습기 추천": 40},
        **{"습도": 12, "제습기 렌탈": 20},
    }
    assert [row["keyword"] for row in rows] == [row["keyword"] for row in told]
    assert [int(row["searchers"]) for row in rows] == [row["searchers"] for row in told]
    assert 'attachment; filename="keywords.csv"' in file.headers["content-disposition"]
    assert page.index("제습기 추천</bdi>") < page.index("제습기 렌탈</bdi>")


def test_page_json_and_csv_tell_people_and_searches_by_device(root: SmallRoot) -> None:
    root.put_volumes({"제습기": 90, "제습기 추천": 40}, {"mobile": 30, "desktop": 8})
    with client(root) as web:
        [seed, *_] = web.get("/api/keywords?q=제습기").json()["keywords"]
        file = web.get("/api/keywords.csv?q=제습기").content.decode("utf-8-sig")
        page = text_of(web.get("/keywords?q=제습기", headers=BROWSER).text)
    [row, *_] = csv.DictReader(io.StringIO(file))

    assert seed["devices"] == [
        {"device": "mobile", "searchers": 30, "searches": 60},
        {"device": "desktop", "searchers": 8, "searches": 16},
    ]
    assert (row["devices"], row["device_searchers"]) == ("mobile|desktop", "30|8")
    assert row["device_searches"] == "60|16"
    assert "People by device (searches)" in page
    assert "mobile 30 (60), desktop 8 (16)" in page.replace("&nbsp;", " ")


def test_a_device_of_fewer_people_than_the_server_shows_takes_all_devices_along(
    root: SmallRoot,
) -> None:
    root.put_volumes({"제습기": 90}, {"mobile": 30, "tv": 3})
    with client(root) as web:
        [seed] = web.get("/api/keywords?q=제습기").json()["keywords"]
        page = web.get("/keywords?q=제습기", headers=BROWSER).text

    assert seed["devices"] == []
    assert "People by device" not in page


def test_season_and_depth_are_the_same_everywhere(root: SmallRoot) -> None:
    root.put_analytics({"query": "제습기", "clicks_per_search": 0.75, "mean_rank": 3.25})
    told = {
        **{"query": "제습기", "surface": "제습기", "searchers": 90, "days": 28, "pattern": "daily"},
        **{"words": "every evening", "peak_hours": [19, 20], "part_of_day": "evening"},
    }
    few = {**told, "query": "습도", "searchers": 4}
    root.put("patterns/dt=2026-03-02", [told, few], columns.PATTERNS)
    with client(root) as web:
        answer = web.get("/api/keywords?q=제습기").json()
        file = web.get("/api/keywords.csv?q=제습기").content.decode("utf-8-sig")
        page = web.get("/keywords?q=제습기", headers=BROWSER).text
    first, *others = answer["keywords"]
    row = next(csv.DictReader(io.StringIO(file)))

    assert (first["clicks_per_search"], first["mean_rank"]) == (0.75, 3.25)
    assert (float(row["clicks_per_search"]), float(row["mean_rank"])) == (0.75, 3.25)
    assert first["season"]["peak_hours"] == [19, 20]
    assert (row["season"], row["peak"]) == ("every evening", "19:00–21:00")
    assert "Every evening <small>19:00–21:00</small>" in page
    assert ">0.75</td>" in page
    assert not [each["keyword"] for each in others if each["season"]]  # four people have no habit
    assert answer["not_made"] == ["jobs/categories.py"]
    assert "silgeom run categories" in page
    assert "silgeom run patterns" not in page


def test_each_seed_that_too_few_searched_for_is_named(root: SmallRoot) -> None:
    with client(root) as web:
        both = text_of(web.get("/keywords?q=제습기, 가습기", headers=BROWSER).text)
        one = text_of(web.get("/keywords?q=제습기", headers=BROWSER).text)

    assert "so its own size cannot be told: 가습기" in both
    assert "own size cannot be told" not in one


def test_filters_choose(root: SmallRoot) -> None:
    with client(root) as web:

        def asked(more: str) -> list[str]:
            rows = web.get(f"/api/keywords?q=제습기&{more}").json()["keywords"]
            return [row["keyword"] for row in rows if row["relation"] != "seed"]

        assert set(asked("containing=제습기")) == {"제습기 추천", "제습기 렌탈"}
        assert set(asked("without=렌 탈")) == {"제습기 추천", "습도"}
        assert set(asked("least_searchers=13")) == {"제습기 추천", "제습기 렌탈"}
        assert len(asked("limit=1")) == 1


def test_a_category_is_told_and_chooses(root: SmallRoot) -> None:
    told = {"query": "제습기 추천", "category": "쇼핑", "confidence": 1.0, "source": "declared"}
    root.put("categories/dt=2026-03-02", [told], columns.CATEGORIES)
    with client(root) as web:
        rows = web.get("/api/keywords?q=제습기&category=쇼핑").json()["keywords"]
        page = web.get("/keywords?q=제습기", headers=BROWSER).text

    assert [(row["keyword"], row["category"]) for row in rows] == [
        ("제습기", ""),
        ("제습기 추천", "쇼핑"),
    ]
    assert "<option>쇼핑</option>" in page


def test_without_a_seed_the_words_of_these_days_are_told(root: SmallRoot) -> None:
    words = [
        {
            **{"rank": rank, "keyword": text, "kind": "noun", "searchers": people},
            **{"searches": people, "queries": 2, "previous_searchers": None, "change": None},
            **{"significance": None, "examples": [f"{text} 추천"]},
        }
        for rank, (text, people) in enumerate((("습기", 30), ("<b>눈", 9), ("비밀", 4)), 1)
    ]
    root.put("keywords/dt=2026-03-02", words, columns.KEYWORDS)
    row = board_row(NOON, 1, "제습기", searchers=25)
    root.put("trending_words/dt=2026-03-02/hour=12", [row], columns.TRENDING_WORDS)
    habit = {"query": "습기", "surface": "습기", "searchers": 30, "pattern": "daily"}
    habit |= {"words": "every morning", "part_of_day": "morning"}
    root.put("keyword_patterns/dt=2026-03-02", [habit], columns.KEYWORD_PATTERNS)
    with client(root) as web:
        told = web.get("/api/words").json()
        page = web.get("/keywords", headers=BROWSER).text

    assert [row["words"] for row in told["keywords"]] == ["every morning", None]
    assert "<td>Every morning</td>" in page
    assert [row["keyword"] for row in told["keywords"]] == ["습기", "<b>눈"]  # four are too few
    assert [row["surface"] for row in told["trending"]] == ["제습기"]
    assert "습기 추천</bdi>" in page
    assert "&lt;b&gt;눈</bdi>" in page
    assert "비밀" not in page


def test_page_api_and_table_of_words_have_the_rows_of_the_results(root: SmallRoot) -> None:
    words = [
        {
            **{"rank": rank, "keyword": text, "kind": "noun", "searchers": people},
            **{"searches": people, "queries": 2, "previous_searchers": before, "change": change},
            **{"significance": None, "examples": [f"{text} 추천", "=1+1"]},
        }
        for rank, (text, people, before, change) in enumerate(
            (("습기", 30, 12, 1.5), ("눈", 9, None, None), ("비밀", 4, 2, 1.0)), 1
        )
    ]
    root.put("keywords/dt=2026-03-02", words, columns.KEYWORDS)
    board = [
        board_row(NOON, rank, text, searchers=people, expected_searchers=2.5)
        for rank, (text, people) in enumerate((("제습기", 25), ("비밀", 4)), 1)
    ]
    root.put("trending_words/dt=2026-03-02/hour=12", board, columns.TRENDING_WORDS)
    habit = {"query": "습기", "surface": "습기", "searchers": 30, "pattern": "daily"}
    root.put(
        "keyword_patterns/dt=2026-03-02",
        [{**habit, "words": "every morning", "part_of_day": "morning"}],
        columns.KEYWORD_PATTERNS,
    )
    with client(root) as web:
        told = web.get("/api/words").json()
        file = web.get("/api/words.csv")
        of_board = pd.read_csv(io.BytesIO(web.get("/api/words.csv?of=board").content))
        page = web.get("/keywords", headers=BROWSER).text
    table = pd.read_csv(io.BytesIO(file.content))

    assert 'filename="silgeom-keywords-2026-03-02.csv"' in file.headers["content-disposition"]
    assert [*table["keyword"]] == ["습기", "눈"]  # four are too few
    assert [*table["examples"]] == ["습기 추천 · =1+1", "눈 추천 · =1+1"]
    for row, cells in zip(told["keywords"], table.to_dict("records"), strict=True):
        for name in ("keyword", "kind", "searchers", "searches", "words", "pattern"):
            assert cells[name] == row[name] or (pd.isna(cells[name]) and row[name] is None)
    assert (table["change"][0], table["previous_searchers"][0]) == (1.5, 12)
    assert of_board.drop(columns="category").to_dict("records") == [
        {name: value for name, value in row.items() if name != "category"}
        for row in told["trending"]
    ]
    assert [*of_board["surface"]] == ["제습기"]
    assert 'href="/api/words.csv"' in page
    assert 'href="/api/words.csv?of=board"' in page
    assert "습기 30 +150% 습기 추천, =1+1 Every morning" in text_of(page)
    assert "1 제습기 25 2.5" in text_of(page)


@pytest.mark.parametrize("of", ["days", "board"])
def test_without_words_there_is_no_table(root: SmallRoot, of: str) -> None:
    with client(root) as web:
        answer = web.get(f"/api/words.csv?of={of}", headers={"accept-language": "en"})

    assert answer.status_code == 404
    assert "silgeom run keywords" in answer.json()["error"]


def test_without_words_the_api_says_what_to_run(root: SmallRoot) -> None:
    with client(root) as web:
        answer = web.get("/api/words", headers={"accept-language": "en"})

    assert answer.status_code == 404
    assert "silgeom run keywords" in answer.json()["error"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/keywords", 422),
        ("/api/keywords?q=", 422),
        ("/api/keywords?q=%20,%20", 422),
        ("/api/keywords?q=제습기&limit=101", 422),
        ("/api/keywords?q=제습기&least_searchers=0", 422),
        (f"/api/keywords?q={'a' * 10_000}", 413),
        ("/keywords?q=제습기&least_searchers=x", 422),
        ("/keywords", 200),
        ("/keywords?q=,", 200),
        ("/keywords?q=아무도모르는말", 200),
    ],
)
def test_odd_questions_get_a_sentence_and_a_status(
    root: SmallRoot, address: str, status: int
) -> None:
    with client(root) as web:
        answer = web.get(address, headers=BROWSER if address.startswith("/key") else {})

    assert answer.status_code == status


def test_without_volumes_it_says_what_to_run(tmp_path: Path) -> None:
    root = SmallRoot(tmp_path / "root")
    root.put_completions({"제습기": 90})
    with client(root) as web:
        answer = web.get("/api/keywords?q=제습기", headers={"accept-language": "en"})
        page = web.get("/keywords", headers=BROWSER)

    assert (answer.status_code, page.status_code) == (404, 404)
    assert "silgeom run keyword_tool" in answer.json()["error"]
    assert "silgeom run keyword_tool" in page.text


def test_what_four_people_typed_is_not_told(root: SmallRoot) -> None:
    root.put_volumes({"제습기": 90, "제습기 추천": 4})
    with client(root) as web:
        rows = web.get("/api/keywords?q=제습기").json()["keywords"]

    assert [row["keyword"] for row in rows] == ["제습기"]


def test_no_hostile_keyword_has_an_effect(root: SmallRoot) -> None:
    root.put_related(*(("날씨", "related", query) for query in HOSTILE))
    root.put_volumes({"날씨": 90, **dict.fromkeys(HOSTILE, 50)})
    with client(root) as web:
        page = web.get("/keywords?q=날씨", headers=BROWSER).text
        file = web.get("/api/keywords.csv?q=날씨&limit=100").content.decode("utf-8-sig")
        for query in HOSTILE:
            assert web.get("/keywords", params={"q": query}, headers=BROWSER).status_code in (
                200,
                422,
            )
    cells = [row["keyword"] for row in csv.DictReader(io.StringIO(file, newline=""))]

    assert len(cells) > 30
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    content = page[page.index("<main") : page.index("</main>")]
    assert "<script" not in content
    assert "onerror=alert" not in content.replace("&", "").split("<td>")[0]
    assert "\u202e" not in page


def test_the_curve_of_weeks_begins_with_the_first_week_that_is_told() -> None:
    def line(*last: int | None) -> list[str]:
        drawn = str(curve([None] * 10 + [*last], "ko", "weeks_label", from_first=True))
        return re.findall(r'class="line" d="M([^"]*)"', drawn)

    [newer], [newest] = line(20, 40), line(None, 40)
    assert len(newer.split("L")) == 2
    assert newer.startswith("106.6 ")  # the last week but one
    assert newest.startswith("117 ")
    assert line(None, None) == []  # none is told
