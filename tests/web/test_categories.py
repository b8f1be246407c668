"""Categories beside what is shown, and as a filter: pages, JSON, CSV and the command agree."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from pipeline import columns
from silgeom.keyword_tool import main as keywords_command
from tests.web.hostile import HOSTILE
from tests.web.roots import BROWSER, NOON, SmallRoot, board_row, client
from tests.web.test_pages import text_of
from tests.web.test_patterns import change_row, pattern_row

#: What the rules say: of 맛집 in two spellings the surer is right.
CATEGORIES = {
    "제주 맛집": ("음식", 1.0),
    "제주맛집": ("여행", 0.6),
    "항공권": ("여행", 1.0),
    "렌터카": ("여행", 0.8),
}
DAY = "2026-03-02"


def put_categories(root: SmallRoot, told: dict[str, tuple[str, float]] = CATEGORIES) -> None:
    rows = [
        {"query": query, "category": category, "confidence": confidence, "source": "declared"}
        for query, (category, confidence) in told.items()
    ]
    root.put(f"categories/dt={DAY}", rows, columns.CATEGORIES)


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    """Four queries in every result: 제주 맛집, 항공권, 렌터카 and 날씨, which has no category."""
    found = SmallRoot(tmp_path / "root")
    queries = ["제주 맛집", "항공권", "렌터카", "날씨"]
    found.put_board(NOON, *({"query": query} for query in queries))
    found.put_hours({query: {NOON: 30} for query in queries})
    patterns = [pattern_row(query, "daily", searchers=90 - at) for at, query in enumerate(queries)]
    found.put(f"patterns/dt={DAY}", patterns, columns.PATTERNS)
    found.put(f"keyword_patterns/dt={DAY}", patterns, columns.KEYWORD_PATTERNS)
    changes = [change_row(query, "new", rank) for rank, query in enumerate(queries, 1)]
    found.put(f"changes/dt={DAY}", changes, columns.CHANGES)
    found.put_analytics(*({"query": query} for query in queries), keywords=queries)
    words = [
        {
            **{"rank": rank, "keyword": query, "kind": "noun", "searchers": 50 - rank},
            **{"searches": 60, "queries": 2, "previous_searchers": None, "change": None},
            **{"significance": None, "examples": []},
        }
        for rank, query in enumerate(queries, 1)
    ]
    found.put(f"keywords/dt={DAY}", words, columns.KEYWORDS)
    board = [board_row(NOON, rank, query) for rank, query in enumerate(queries, 1)]
    found.put(f"trending_words/dt={DAY}/hour=12", board, columns.TRENDING_WORDS)
    found.put_completions(dict.fromkeys(queries, 90))
    found.put_related(*((queries[0], "related", query) for query in queries[1:]))
    found.put_volumes({"제주맛집": 90, "항공권": 80, "렌터카": 70, "날씨": 60})
    return found


#: Address of JSON -> the list in it, and what names a row; each tells all four queries.
LISTS = {
    "/api/trending?": ("rows", "query"),
    "/api/patterns?pattern=daily": ("patterns", "query"),
    "/api/patterns?pattern=daily&of=keywords": ("patterns", "query"),
    "/api/changes?change=new": ("changes", "query"),
    "/api/analytics?limit=50": ("queries", "query"),
    "/api/analytics?limit=50&of=keywords": ("keywords", "query"),
    "/api/analytics?band=head&limit=50": ("without_results", "query"),
    "/api/words?": ("keywords", "keyword"),
    "/api/words?limit=50": ("trending", "surface"),
}


@pytest.mark.parametrize("address", LISTS)
def test_each_list_tells_categories_and_is_of_one_where_asked(
    root: SmallRoot, address: str
) -> None:
    put_categories(root)
    name, text = LISTS[address]
    with client(root) as web:
        every = web.get(address).json()[name]
        travel = web.get(f"{address}&category=여행").json()[name]

    assert {row[text]: row["category"] for row in every} == {
        **{"제주 맛집": "음식", "항공권": "여행", "렌터카": "여행"},
        "날씨": "",
    }
    assert travel == [row for row in every if row["category"] == "여행"]


#: Page -> the rows of which kind it shows.
PAGES = {
    "/?": "/api/trending?",
    "/patterns?list=daily": "/api/patterns?pattern=daily",
    "/patterns?list=daily&of=keywords": "/api/patterns?pattern=daily&of=keywords",
    "/patterns?list=new": "/api/changes?change=new",
    "/analytics?": "/api/analytics?limit=50",
    "/analytics?of=keywords": "/api/analytics?limit=50&of=keywords",
    "/keywords?": "/api/words?",
}


@pytest.mark.parametrize("page", PAGES)
def test_pages_offer_the_filter_and_show_the_rows_of_json(root: SmallRoot, page: str) -> None:
    put_categories(root)
    name, text = LISTS[PAGES[page]]
    with client(root) as web:
        every = content_of(web, page)
        travel = content_of(web, f"{page}&category=여행")
        told = web.get(f"{PAGES[page]}&category=여행").json()[name]

    assert "<option>여행</option>" in every
    assert "<option selected>여행</option>" in travel
    assert "날씨</bdi>" in every
    assert "날씨</bdi>" not in travel
    assert "제주 맛집</bdi>" not in travel
    assert [row[text] for row in told] == ["항공권", "렌터카"]
    assert travel.index("항공권</bdi>") < travel.index("렌터카</bdi>")


def test_the_table_and_the_command_agree_with_json(
    root: SmallRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    put_categories(root)
    with client(root) as web:
        file = web.get("/api/analytics.csv?category=여행").content.decode("utf-8-sig")
        told = web.get("/api/analytics?limit=50&category=여행").json()["queries"]
        near = web.get("/api/keywords?q=제주맛집").json()["keywords"]
    keywords_command(["제주맛집", "--root", str(root.folder), "--csv"])
    printed = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    rows = list(csv.DictReader(io.StringIO(file)))

    assert [row["query"] for row in rows] == [row["query"] for row in told] == ["항공권", "렌터카"]
    assert [(row["people"], row["category"]) for row in rows] == [("100", "여행")] * 2
    assert [row["category"] for row in near] == ["음식", "여행", "여행", ""]
    assert [row["category"] for row in printed] == ["음식", "여행", "여행", ""]


#: Table -> the rows of JSON that it has, and what names a row.
TABLES = {
    "/api/patterns.csv?": "/api/patterns?pattern=daily",
    "/api/patterns.csv?of=keywords": "/api/patterns?pattern=daily&of=keywords",
    "/api/changes.csv?change=new": "/api/changes?change=new",
    "/api/words.csv?": "/api/words?",
    "/api/words.csv?of=board": "/api/words?limit=50",
}


@pytest.mark.parametrize("address", TABLES)
def test_each_table_tells_categories_and_is_of_one_where_asked(
    root: SmallRoot, address: str
) -> None:
    put_categories(root)
    name, text = LISTS[TABLES[address]]
    with client(root) as web:
        rows = web.get(TABLES[address]).json()[name]
        every = web.get(address).content.decode("utf-8-sig")
        travel = web.get(f"{address}&category=여행").content.decode("utf-8-sig")

    told = [(row[text], row["category"]) for row in rows]
    cells = [(row[text], row["category"]) for row in csv.DictReader(io.StringIO(every))]
    of_travel = [(row[text], row["category"]) for row in csv.DictReader(io.StringIO(travel))]
    assert cells == told
    assert of_travel == [row for row in told if row[1] == "여행"] != []


def test_reformulations_are_of_the_category_of_the_query(root: SmallRoot) -> None:
    root.put_reformulations(("항공권", 1, "제주 맛집", 9), ("날씨", 1, "항공권", 6))
    put_categories(root)
    with client(root) as web:
        tables = [
            web.get(f"/api/analytics.csv?of=reformulations{more}").content.decode("utf-8-sig")
            for more in ("", "&category=여행")
        ]

    rows = [list(csv.DictReader(io.StringIO(table))) for table in tables]
    assert [[(row["query"], row["category"]) for row in each] for each in rows] == [
        [("날씨", ""), ("항공권", "여행")],
        [("항공권", "여행")],
    ]


def test_a_list_of_a_category_goes_beyond_the_first_hundred_of_all(root: SmallRoot) -> None:
    many = [pattern_row(f"흔한 {at}", "daily", searchers=900) for at in range(120)]
    rows = [*many, pattern_row("항공권", "daily", searchers=20)]
    root.put(f"patterns/dt={DAY}", rows, columns.PATTERNS)
    put_categories(root)
    with client(root) as web:
        every = web.get("/api/patterns?pattern=daily").json()["patterns"]
        travel = web.get("/api/patterns?pattern=daily&category=여행").json()["patterns"]
        sizes = text_of(web.get("/patterns?list=daily", headers=BROWSER).text)
        of_travel = text_of(web.get("/patterns?list=daily&category=여행", headers=BROWSER).text)

    assert len(every) == 100
    assert [row["query"] for row in travel] == ["항공권"]
    assert "121" in sizes
    assert "121" not in of_travel


def test_what_the_filter_leads_to_keeps_it(root: SmallRoot) -> None:
    root.put_board(NOON.replace(hour=2), {"query": "항공권"}, dataset="trending")
    put_categories(root)
    with client(root) as web:
        patterns = content_of(web, "/patterns?list=daily&category=여행")
        board = content_of(web, "/?category=여행")
        analytics = content_of(web, "/analytics?category=여행")
        day = web.get(f"/?day={DAY}&category=여행&wall=1", headers=BROWSER)

    quoted = "category=%EC%97%AC%ED%96%89"
    assert f'href="/patterns?list=new&amp;{quoted}"' in patterns
    assert f'href="/?wall=1&amp;{quoted}"' in board
    assert '<input type="hidden" name="category" value="여행">' in board
    assert f'href="/api/analytics.csv?of=queries&amp;{quoted}"' in analytics
    assert quoted in day.headers["location"]
    assert "wall=1" in day.headers["location"]


def test_the_page_of_a_query_tells_its_category(root: SmallRoot) -> None:
    put_categories(root)
    with client(root) as web:
        page = text_of(web.get("/query?q=항공권", headers=BROWSER).text)
        told = web.get("/api/query?q=항공권").json()
        none = web.get("/api/query?q=날씨").json()

    assert "Category: 여행" in page
    assert (told["category"], none["category"]) == ("여행", "")


def test_without_categories_there_is_no_filter_and_a_sentence_for_who_asks(
    root: SmallRoot,
) -> None:
    with client(root) as web:
        pages = [content_of(web, page) for page in PAGES]
        refused = [web.get(f"{address}&category=여행") for address in LISTS]

    assert not [page for page in pages if 'name="category"' in page]
    assert {answer.status_code for answer in refused} == {404}
    assert "silgeom run categories" in refused[0].json()["error"]


@pytest.mark.parametrize(
    "address", [*LISTS, *TABLES, "/api/keywords?q=항공권", "/api/analytics.csv?"]
)
def test_a_category_that_is_none_gets_a_sentence_with_those_there_are(
    root: SmallRoot, address: str
) -> None:
    put_categories(root)
    with client(root) as web:
        answer = web.get(f"{address}&category=여헹", headers={"accept-language": "en"})

    assert answer.status_code == 422
    assert answer.json()["error"] == "There is no such category: choose one of 여행, 음식."


def test_the_command_names_the_categories_there_are(
    root: SmallRoot, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["제주맛집", "--root", str(root.folder), "--category", "여헹"]
    for told in ("run jobs/categories.py", "there is no category '여헹': choose one of 여행, 음식"):
        with pytest.raises(SystemExit) as ended:
            keywords_command(asked)
        assert ended.value.code == 2
        assert told in capsys.readouterr().err
        put_categories(root)


def test_categories_that_come_are_shown_on_the_board_that_is_there(root: SmallRoot) -> None:
    with client(root) as web:
        assert "여행" not in content_of(web, "/?")
        put_categories(root)
        server: Any = web.app
        assert web.portal is not None
        web.portal.call(server.state.server.follower.look_at_board)
        assert "<bdi>여행</bdi>" in content_of(web, "/?")


def test_a_file_of_categories_that_is_damaged_leaves_the_rest_as_it_is(root: SmallRoot) -> None:
    file = root.put(f"categories/dt={DAY}", [], columns.CATEGORIES)
    file.write_bytes(b"PAR1 and no more")
    with client(root) as web:
        page = content_of(web, "/?")
        assert web.get("/api/patterns?pattern=daily").status_code == 200

    assert "항공권" in page
    assert 'name="category"' not in page


def test_no_hostile_name_of_a_category_has_an_effect(root: SmallRoot) -> None:
    put_categories(root, {f"검색어 {at}": (name, 1.0) for at, name in enumerate(HOSTILE)})
    root.put_board(NOON, *({"query": f"검색어 {at}"} for at in range(len(HOSTILE))))
    with client(root) as web:
        page = content_of(web, "/?")
        chosen = [web.get("/", params={"category": name}, headers=BROWSER) for name in HOSTILE]

    assert "<script" not in page
    assert "\u202e" not in page
    assert "<script" not in "".join(answer.text.partition("<main")[2] for answer in chosen)
    assert {answer.status_code for answer in chosen} <= {200, 422}


def content_of(web: TestClient, address: str) -> str:
    page: str = web.get(address, headers=BROWSER).text
    return page[page.index("<main") : page.index("</main>")]
