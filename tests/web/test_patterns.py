"""What the pages and /api show of patterns and of changes."""

import asyncio
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import columns
from silgeom.web.app import Server
from silgeom.web.habits import CHANGES, CLASSES
from silgeom.web.texts import LANGUAGES, habit_text
from tests.web.roots import BROWSER, NOON, SmallRoot, client, results
from tests.web.test_pages import KOREAN, text_of

DAY = "2026-03-15"


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    return SmallRoot(tmp_path / "root")


def pattern_row(query: str, pattern: str | None = "daily", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    empty = dict.fromkeys(columns.PATTERNS)
    told = {"query": query, "surface": query, "searchers": 50, "days": 28, "pattern": pattern}
    return {**empty, **told, **more}


def change_row(query: str, change: str = "new", rank: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    told = {"query": query, "surface": query, "change": change, "rank": rank, "searchers": 40}
    rest = {"searchers_before": 0, "score": 6.54, "week_ends": date(2026, 3, 15)}
    return {**told, **rest, **more}


def put(
    root: SmallRoot, *patterns: dict[str, Any], changes: tuple[dict[str, Any], ...] = ()
) -> None:
    root.put(f"patterns/dt={DAY}", patterns, columns.PATTERNS)
    root.put(f"changes/dt={DAY}", changes, columns.CHANGES)


def test_the_page_has_a_list_a_class_and_a_list_a_change(root: SmallRoot) -> None:
    lotto = {"peak_weekdays": [6], "peak_hours": [20, 21], "part_of_day": "evening", "trend": 0.084}
    put(
        root,
        pattern_row("로또", "weekly", **lotto),
        pattern_row("유튜브", "steady", searchers=900),
        changes=(
            change_row("지진"),
            change_row("황사", "falling", searchers=None, searchers_before=80, score=-4.0),
        ),
    )

    with client(root) as web:
        first = text_of(web.get("/patterns", headers=BROWSER).text)
        weekly = text_of(web.get("/patterns?list=weekly", headers=BROWSER).text)
        korean = text_of(web.get("/patterns?list=weekly", headers=KOREAN).text)
        falling = text_of(web.get("/patterns?list=falling", headers=BROWSER).text)

    assert "지진 40 0 6.5" in first
    assert "로또 50 Sat evenings 20:00–22:00 +8%" in weekly
    assert "유튜브" not in weekly
    assert "로또 50 매주 토 저녁" in korean
    assert "황사 fewer than 5 80 -4.0" in falling


def test_the_api_gives_the_rows_of_the_dataset(root: SmallRoot) -> None:
    put(
        root,
        pattern_row("코스피", "weekdays", words="weekday mornings", peak_hours=[9]),
        pattern_row("주가", "weekdays", searchers=90),
        changes=(change_row("지진"), change_row("여진", rank=2, searchers_before=None)),
    )

    with client(root) as web:
        patterns = web.get("/api/patterns?pattern=weekdays").json()
        least = web.get("/api/patterns?pattern=weekdays&limit=1").json()["patterns"]
        changes = web.get("/api/changes?change=new").json()

    assert patterns["day"] == DAY
    assert [row["query"] for row in patterns["patterns"]] == ["주가", "코스피"]
    assert patterns["patterns"][1]["words"] == "weekday mornings"
    assert [row["query"] for row in least] == ["주가"]
    assert [row["query"] for row in changes["changes"]] == ["지진", "여진"]
    assert changes["changes"][0]["week_ends"] == DAY
    assert changes["changes"][1]["searchers_before"] is None


def test_page_api_and_table_have_the_rows_of_the_results(root: SmallRoot) -> None:
    put(
        root,
        pattern_row("코스피", "weekdays", peak_weekdays=[1, 5], peak_hours=[9], trend=-0.25),
        pattern_row("=1+1", "weekdays", searchers=90, peak_day=date(2026, 3, 13)),
        pattern_row("비밀", "weekdays", searchers=4),
        pattern_row("날씨", "daily"),
        changes=(
            change_row("지진", searchers_before=None),
            change_row("소문", rank=2, searchers=4),
            change_row("여진", rank=3, searchers=7),
            change_row("황사", "lost"),
        ),
    )

    with client(root) as web:
        patterns = web.get("/api/patterns?pattern=weekdays").json()["patterns"]
        changes = web.get("/api/changes?change=new").json()["changes"]
        file = web.get("/api/patterns.csv?pattern=weekdays")
        of_changes = pd.read_csv(BytesIO(web.get("/api/changes.csv?change=new").content))
        page = web.get("/patterns?list=weekdays", headers=BROWSER).text
        page_of_changes = web.get("/patterns?list=new", headers=BROWSER).text
        empty = pd.read_csv(BytesIO(web.get("/api/patterns.csv?pattern=monthly").content))
    table = pd.read_csv(BytesIO(file.content))

    assert file.headers["content-type"].startswith("text/csv")
    name = f'filename="silgeom-patterns-weekdays-{DAY}.csv"'
    assert name in file.headers["content-disposition"]
    assert 'href="/api/patterns.csv?pattern=weekdays"' in page
    assert 'href="/api/changes.csv?change=new"' in page_of_changes
    assert page.index("=1+1</bdi>") < page.index("코스피</bdi>")
    # A text is no formula in a table, and a list is one cell.
    assert [*table["query"]] == ["'=1+1", "코스피"]
    assert [row["query"] for row in patterns] == ["=1+1", "코스피"]
    assert [*table.columns] == [*patterns[0]]
    assert (table["peak_weekdays"][1], table["peak_hours"][1]) == ("1 · 5", 9)
    assert table["peak_day"][0] == patterns[0]["peak_day"] == "2026-03-13"
    for column in ("searchers", "days", "trend"):
        assert [None if pd.isna(each) else each for each in table[column]] == [
            row[column] for row in patterns
        ]
    assert [*of_changes.columns] == [*changes[0]]
    for cells, row in zip(of_changes.to_dict("records"), changes, strict=True):
        told = {name: None if pd.isna(cell) else cell for name, cell in cells.items()}
        assert told == {**row, "category": None}
    assert [row["query"] for row in changes] == ["지진", "여진"]
    assert ([*empty.columns], len(empty)) == ([*table.columns], 0)


def test_a_table_has_all_rows_of_which_the_page_has_the_first_hundred(root: SmallRoot) -> None:
    put(root, *(pattern_row(f"검색어 {at}", searchers=900 - at) for at in range(120)))
    few = pattern_row("비밀", searchers=4)
    of_keywords = [pattern_row("날씨", searchers=70), few]
    root.put(f"keyword_patterns/dt={DAY}", of_keywords, columns.KEYWORD_PATTERNS)

    with client(root) as web:
        shown = web.get("/api/patterns").json()["patterns"]
        table = pd.read_csv(BytesIO(web.get("/api/patterns.csv").content))
        keywords = pd.read_csv(BytesIO(web.get("/api/patterns.csv?of=keywords").content))
        page = web.get("/patterns?of=keywords&list=daily", headers=BROWSER).text

    assert (len(shown), len(table)) == (100, 120)
    assert [*table["query"][:100]] == [row["query"] for row in shown]
    assert [*keywords["query"]] == ["날씨"]
    assert 'href="/api/patterns.csv?pattern=daily&amp;of=keywords"' in page


def test_the_page_of_a_query_tells_its_pattern(root: SmallRoot) -> None:
    root.put_hours({"날씨": {NOON: 30}})
    put(root, pattern_row("날씨", peak_hours=[6, 7], part_of_day="morning"))

    with client(root) as web:
        page = text_of(web.get("/query?q=날씨", headers=BROWSER).text)
        told = web.get("/api/query?q=날씨").json()["pattern"]

    assert "When it is searched: Every morning (06:00–08:00)" in page
    assert (told["pattern"], told["peak_hours"]) == ("daily", [6, 7])


def test_patterns_of_keywords_are_a_switch_away(root: SmallRoot) -> None:
    put(root, pattern_row("오늘 날씨", "daily"))
    with client(root) as web:
        without = web.get("/patterns", headers=BROWSER).text
    row = pattern_row("날씨", "weekdays", words="weekday mornings", searchers=70)
    few = pattern_row("비밀", "weekdays", searchers=4)
    root.put(f"keyword_patterns/dt={DAY}", [row, few], columns.KEYWORD_PATTERNS)

    with client(root) as web:
        queries = web.get("/patterns", headers=BROWSER).text
        keywords = text_of(web.get("/patterns?of=keywords", headers=BROWSER).text)
        told = web.get("/api/patterns?of=keywords&pattern=weekdays").json()["patterns"]
        of_queries = web.get("/api/patterns?pattern=weekdays").json()["patterns"]
        odd = web.get("/api/patterns?of=people").status_code
        changes = web.get("/patterns?of=keywords&list=new", headers=BROWSER).status_code

    assert "of=keywords" not in without
    assert 'href="/patterns?of=keywords"' in queries
    assert "날씨 70 Weekdays" in keywords
    assert "오늘 날씨" not in keywords
    assert [row["query"] for row in told] == ["날씨"]
    assert (of_queries, odd, changes) == ([], 422, 422)


def test_a_query_finds_the_pattern_of_its_commonest_spelling(root: SmallRoot) -> None:
    root.put_hours({"내일날씨": {NOON: 30}})
    put(root, pattern_row("내일 날씨", peak_hours=[6, 7], part_of_day="morning"))

    with client(root) as web:
        assert web.get("/api/query?q=내일날씨").json()["pattern"]["peak_hours"] == [6, 7]


def test_a_query_without_a_pattern_has_its_page_all_the_same(root: SmallRoot) -> None:
    root.put_hours({"날씨": {NOON: 30}})

    with client(root) as web:
        before = web.get("/api/query?q=날씨").json()["pattern"]
        put(root, pattern_row("날씨", None))
        page = web.get("/query?q=날씨", headers=BROWSER)

    assert before is None
    assert page.status_code == 200
    assert "When it is searched" not in page.text


def test_what_fewer_than_five_typed_is_not_shown_whatever_the_dataset_holds(
    root: SmallRoot,
) -> None:
    few = change_row("비밀", searchers=4, searchers_before=3)
    put(
        root,
        pattern_row("비밀번호", searchers=4),
        changes=(few, change_row("소문", "rising", searchers_before=2)),
    )

    with client(root) as web:
        answers = [web.get(f"/api/changes?change={name}").json()["changes"] for name in CHANGES]
        patterns = web.get("/api/patterns").json()["patterns"]
        page = web.get("/patterns?list=daily", headers=BROWSER).text

    shown = [row for rows in answers for row in rows]
    assert [(row["query"], row["searchers_before"]) for row in shown] == [("소문", None)]
    assert patterns == []
    assert "비밀" not in page


def test_before_the_job_has_run_a_sentence_says_so(root: SmallRoot) -> None:
    with client(root) as web:
        page = text_of(web.get("/patterns", headers=BROWSER).text)
        answer = web.get("/api/patterns")

    assert "once silgeom run patterns has run" in page
    assert (answer.status_code, "silgeom run patterns" in answer.json()["error"]) == (404, True)


def test_without_two_weeks_the_page_says_that_there_is_nothing_to_compare(
    root: SmallRoot,
) -> None:
    put(root, pattern_row("날씨"))

    with client(root) as web:
        page = text_of(web.get("/patterns", headers=BROWSER).text)

    assert "There are no two weeks to compare" in page
    assert "날씨" in page


@pytest.mark.parametrize(
    "path",
    [
        *("/patterns?list=best", "/api/patterns?pattern=best", "/api/changes?change=daily"),
        *("/api/patterns.csv?pattern=best", "/api/changes.csv?change=daily"),
    ],
)
def test_a_list_that_does_not_exist_is_refused_with_the_names_there_are(
    root: SmallRoot, path: str
) -> None:
    put(root, pattern_row("날씨"))

    with client(root) as web:
        answer = web.get(path, headers={"accept": "application/json"})

    assert answer.status_code == 422
    assert "choose one of" in answer.json()["error"] or "고르세요" in answer.json()["error"]


def test_new_patterns_are_shown_when_the_job_has_run_again(root: SmallRoot, tmp_path: Path) -> None:
    server = Server(results(root), tmp_path)

    async def shown() -> list[str]:
        await server.follower.look_at_board()
        return [row["query"] for row in (await server.habits()).patterns.first("daily")]

    put(root, pattern_row("날씨"))
    before = asyncio.run(shown())
    put(root, pattern_row("미세먼지"))

    assert (before, asyncio.run(shown())) == (["날씨"], ["미세먼지"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("pattern", CLASSES)
def test_each_class_has_words(language: str, pattern: str) -> None:
    for days in (None, [1], [4, 5]):
        for part in (None, "morning", "night"):
            said = habit_text(
                language, {"pattern": pattern, "peak_weekdays": days, "part_of_day": part}
            )
            assert said
            assert "{" not in said
