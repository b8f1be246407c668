"""What the pages and /api show of a root."""

import json
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline import columns
from pipeline.schemas import LIVE_WINDOWS_NOTE
from tests.web.roots import BROWSER, HOUR, NOON, SmallRoot, board_row, client

KOREAN = {**BROWSER, "accept-language": "ko-KR,ko;q=0.9,en;q=0.8"}


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    return SmallRoot(tmp_path / "root")


def text_of(html: str) -> str:
    """What a page says, without its tags."""
    apart = re.sub(r"</(td|th|dt)>", " ", html)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", apart))


def test_the_board_shows_rank_movement_people_and_what_is_usual(root: SmallRoot) -> None:
    root.put_board(
        NOON,
        {"query": "내일 한파", "searchers": 25, "expected_searchers": 0.5},
        {"query": "날씨", "movement": "UP", "previous_rank": 5, "is_surprise": False},
    )

    with client(root) as web:
        page = text_of(web.get("/", headers=BROWSER).text)

    assert "NEW 내일 한파 Surprise 25 people usually 0.5" in page
    assert "▲3up 3 날씨 30 people usually 4.0" in page
    assert "Mon 2 March 2026 12:00" in page


def test_a_row_tells_the_arithmetic_of_its_score(root: SmallRoot) -> None:
    row = {
        **{"searchers": 30, "believed_searchers": 28.0, "season_searchers": 4.0},
        **{"recent_searchers": 6.5, "expected_searchers": 6.5, "score": 8.125},
    }
    root.put_board(NOON, {"query": "정전", "variants": ["정전 복구", "하람구 정전"], **row})

    with client(root) as web:
        page = text_of(web.get("/", headers=BROWSER).text)

    assert "30 people searched for it in this window." in page
    assert "The same hours of earlier days lead one to expect 4.0." in page
    assert "The hours just before lead one to expect 6.5." in page
    assert "here that of the hours before (at least 0.5): 6.5." in page
    assert "Of these people 28 are believed" in page
    assert "The score is 8.12; on this board a rise is beyond chance from 4.20 on." in page
    assert "Merged with it, as the same issue: 정전 복구, 하람구 정전" in page
    assert "Wordings that fewer than 5 people typed are withheld." in page


def test_the_curve_has_the_hours_up_to_the_window(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "날씨"})
    root.put_hours({"날씨": {NOON - HOUR: 30, NOON - 2 * HOUR: 4, NOON - 24 * HOUR: 7, NOON: 99}})

    with client(root) as web:
        [row] = web.get("/api/trending").json()["rows"]
        page = web.get("/", headers=BROWSER).text

    assert row["hours"] == [7, *[None] * 22, 30]  # 4 people are nobody's business
    assert "People by hour in the last 24 hours, 30 at most" in page


def test_live_boards_come_before_hourly_ones_of_the_same_moment(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "hourly"}, dataset="trending")
    root.put_board(NOON, {"query": "live"})

    with client(root) as web:
        shown = [row["query"] for row in web.get("/api/trending").json()["rows"]]

    assert shown == ["live"]


def test_an_hourly_board_that_is_newer_than_all_live_ones_is_shown(root: SmallRoot) -> None:
    root.put_board(NOON - timedelta(minutes=5), {"query": "live"})
    root.put_board(NOON, {"query": "hourly"}, dataset="trending")

    with client(root) as web:
        assert web.get("/api/trending").json()["at"] == "2026-03-02T03:00:00Z"


def test_a_board_of_an_earlier_version_is_shown_as_far_as_it_goes(root: SmallRoot) -> None:
    newer = ["season_searchers", "recent_searchers", "believed_searchers", "surprise_score"]
    old = [board_row(NOON, 1, "날씨", score=8.0)]
    root.put("trending/dt=2026-03-02/hour=12", old, columns.TRENDING, *newer, "is_surprise")

    with client(root) as web:
        page = text_of(web.get("/", headers=BROWSER).text)
        [row] = web.get("/api/trending").json()["rows"]

    assert "Its own past leads one to expect 4.0." in page
    assert "The score is 8.0." in page
    assert row["surprise_score"] is None
    assert row["is_surprise"] is True


def test_a_window_in_which_nothing_rose_has_an_empty_board(root: SmallRoot) -> None:
    root.put_board(NOON - HOUR, {"query": "날씨"}, dataset="trending")
    root.put("trending/dt=2026-03-02/hour=12", [], columns.TRENDING)

    with client(root) as web:
        page = text_of(web.get("/", headers=BROWSER).text)

    assert "In this window nothing that 5 people searched for has risen." in page
    assert "12:00" in page


def test_a_live_board_of_a_quiet_hour_is_known_by_the_footer(root: SmallRoot) -> None:
    notes = {LIVE_WINDOWS_NOTE: json.dumps([NOON.isoformat(), (NOON + HOUR).isoformat()])}
    root.put("live/dt=2026-03-02", [board_row(NOON, 1)], columns.LIVE, notes=notes)

    with client(root) as web:
        newest = web.get("/api/trending").json()
        before = web.get("/api/trending?at=2026-03-02T12:59").json()

    assert (newest["at"], newest["rows"]) == ("2026-03-02T04:00:00Z", [])
    assert len(before["rows"]) == 1


def test_the_time_machine_leads_to_each_stored_board(root: SmallRoot) -> None:
    five = timedelta(minutes=5)
    root.put_boards({NOON - each * five: [{"query": f"q{each}"}] for each in range(3)})

    with client(root) as web:
        newest = web.get("/", headers=BROWSER).text
        [before] = re.findall(r'rel="prev" href="([^"]+)"', newest)
        earlier = web.get(before, headers=BROWSER).text
        between = web.get("/api/trending?at=2026-03-02T11:58").json()
        chosen = web.get("/?day=2026-03-02&at=2026-03-02T02:50:00Z", headers=BROWSER)

    assert 'rel="next"' not in newest
    assert before == "/?at=2026-03-02T02:55:00Z"
    assert "q1" in earlier
    assert 'rel="next"' in earlier
    assert "board.js" not in earlier  # what is past moves no more
    assert between["rows"][0]["query"] == "q1"
    assert chosen.headers["location"] == "/?at=2026-03-02T02:50:00Z"


def test_another_day_is_led_to_the_board_of_the_same_time(root: SmallRoot) -> None:
    day = 24 * HOUR
    root.put_boards({NOON - day: [{"query": "a"}], NOON - day + 2 * HOUR: [{"query": "b"}]})
    root.put_boards({NOON: [{"query": "c"}]})

    with client(root) as web:
        chosen = web.get("/?day=2026-03-01&at=2026-03-02T03:00:00Z")

    assert chosen.headers["location"] == "/?at=2026-03-01T03:00:00Z"


def test_wall_mode_has_no_search_box_and_no_menu(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "날씨"})

    with client(root) as web:
        page = web.get("/?wall=1", headers=BROWSER).text

    assert 'class="wall"' in page
    assert "<header" not in page
    assert "<footer" not in page
    assert "board.js" in page


def test_the_language_is_that_of_the_browser_and_a_choice_is_remembered(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "날씨"})

    with client(root) as web:
        korean = web.get("/", headers=KOREAN).text
        chosen = web.get("/?lang=en", headers=KOREAN).text
        later = web.get("/about", headers=KOREAN).text

    assert '<html lang="ko">' in korean
    assert "왜 여기 있나요?" in korean
    assert '<html lang="en">' in chosen
    assert '<html lang="en">' in later


def test_a_search_offers_corrections_and_related_searches(root: SmallRoot) -> None:
    root.put_related(("카카오톡", "related", "카톡 프로필"), ("카카오톡", "correction", "카카오맵"))

    with client(root) as web:
        page = text_of(web.get("/search?q=카카오톡", headers=BROWSER).text)
        rows = web.get("/api/related?q=카카오톡&limit=1").json()["related"]

    assert "Did you mean 카카오맵?" in page
    assert "카톡 프로필 searched together" in page
    assert [row["text"] for row in rows] == ["카카오맵"]


@pytest.mark.parametrize("typed", ["카", "카ㅋ", "카캉", "ㅋㅋㅇ", "zkzkdh"])
def test_completions_are_found_by_keys_on_the_way_to_them(root: SmallRoot, typed: str) -> None:
    root.put_completions({"카카오톡": 90, "네이버": 40})

    with client(root) as web:
        found = web.get("/api/complete", params={"q": typed}).json()["completions"]

    assert [each["text"] for each in found] == ["카카오톡"]


def test_a_query_is_shown_by_hour_and_bursts_are_marked(root: SmallRoot) -> None:
    # The same hour of 14 days before had 9 people or 11: the median is 10.
    usual = {NOON - 24 * day * HOUR: 9 + 2 * (day % 2) for day in range(1, 15)}
    root.put_hours({"날씨": {NOON: 40, **usual}})

    with client(root) as web:
        hours = web.get("/api/query?q=날씨").json()["hours"]
        page = web.get("/query?q=날씨", headers=BROWSER).text

    last = {"start": "2026-03-02T03:00:00Z", "searchers": 40, "usual": 10.0, "is_burst": True}
    assert hours[-1] == last
    assert hours[-2] == {**hours[-2], "searchers": None, "usual": None, "is_burst": False}
    assert hours[-25]["searchers"] == 11
    assert not hours[-25]["is_burst"]
    assert "40 at most, 1 hours far above usual" in page


def test_an_hour_is_no_burst_where_what_is_usual_is_hidden(root: SmallRoot) -> None:
    usual = {NOON - 24 * day * HOUR: 4 for day in range(1, 15)}
    root.put_hours({"날씨": {NOON: 7, **usual}, "한파": {NOON: 20}})

    with client(root) as web:
        weather, cold = (
            web.get(f"/api/query?q={query}").json()["hours"][-1] for query in ("날씨", "한파")
        )

    assert (weather["searchers"], weather["usual"], weather["is_burst"]) == (7, None, False)
    assert (cold["searchers"], cold["usual"], cold["is_burst"]) == (20, None, True)


def test_a_query_is_shown_by_weekday(root: SmallRoot) -> None:
    # Mondays at 12: 10 and 20 people; Sundays at 12: 8 and nobody in the other week.
    week = 7 * 24 * HOUR
    monday, sunday = NOON, NOON - 24 * HOUR
    root.put_hours({"날씨": {monday: 10, monday - week: 20, sunday: 8}, "b": {sunday - week: 9}})

    with client(root) as web:
        cells = web.get("/api/query?q=날씨").json()["by_weekday_and_hour"]

    assert cells[0][12] == 15.0
    assert cells[6][12] is None  # 4 on average
    assert sum(cell is not None for row in cells for cell in row) == 1


def test_a_query_has_its_ranks_of_recent_boards(root: SmallRoot) -> None:
    root.put_hours({"날씨": {NOON - HOUR: 30}})
    root.put_boards({NOON - HOUR: [{"query": "b"}], NOON: [{"query": "b"}, {"query": "날씨"}]})

    with client(root) as web:
        ranks = web.get("/api/query?q=날씨").json()["ranks"]
        page = web.get("/query?q=날씨", headers=BROWSER).text

    assert [each["rank"] for each in ranks] == [None, 2]
    assert "Ranks on recent boards: 2 at best, on 1 of 2 boards" in page


def test_a_query_tells_what_leads_to_it(root: SmallRoot) -> None:
    root.put_hours({"날씨": {NOON: 30}})
    root.put_completions({"나무위키": 90, "날씨": 40})

    with client(root) as web:
        page = text_of(web.get("/query?q=날씨", headers=BROWSER).text)

    assert "나 place 2 날 place 1" in page


def test_the_log_adds_up_and_says_why(root: SmallRoot) -> None:
    counts = {"lines": 10, "accepted": 5, "duplicates": 1, "rejected": 3, "withheld": 1}
    reasons = {"rejected_by_reason": [("bad_time", 3)], "withheld_by_reason": [("robot", 1)]}
    root.put_ledger(
        {"source": "file:///logs/a.tsv", "status": "taken_in", **counts, **reasons},
        {
            **{"source": "file:///secret/place/notes.txt", "status": "set_aside"},
            "detail": "notes.txt has the columns 내 비밀번호, and none of these is known as the "
            "search's time, user or query",
        },
    )

    with client(root) as web:
        page = text_of(web.get("/log", headers=BROWSER).text)
        told = web.get("/api/log").json()

    assert "2 files: 1 taken in, 0 of the same content, 1 set aside" in page
    assert "its time cannot be read 3" in page
    assert "robots 1" in page
    assert "notes.txt its columns are not known" in page
    assert told["set_aside"] == [{"name": "notes.txt", "fault": "unknown_columns"}]
    assert told["lines"] == 10
    assert "비밀번호" not in page + json.dumps(told, ensure_ascii=False)
    assert "secret" not in page + json.dumps(told)


def test_the_log_says_how_fresh_results_are(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "날씨"})

    with client(root) as web:
        freshness = {each["result"]: each for each in web.get("/api/log").json()["freshness"]}

    assert freshness["live"]["day"] == "2026-03-02"
    assert freshness["related"] == {"result": "related", "day": None, "written_at": None}


def test_the_api_page_shows_what_the_openapi_document_has(root: SmallRoot) -> None:
    with client(root) as web:
        paths = web.get("/api/openapi.json").json()["paths"]
        page = text_of(web.get("/api", headers=BROWSER).text)

    assert {"/api/trending", "/api/related", "/api/complete", "/api/query", "/api/log"} <= set(
        paths
    )
    for path in paths:
        assert f"GET {path}" in page


def test_health_and_figures_are_told(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "날씨"})

    with client(root) as web:
        web.get("/search", params={"q": "비밀"})
        health = web.get("/health")
        figures = web.get("/metrics").text

    assert health.status_code == 200
    assert health.json()["board"] == "2026-03-02T03:00:00Z"
    assert 'silgeom_web_requests_total{method="GET",route="/search",status="200"} 1.0' in figures
    assert "silgeom_web_board_timestamp_seconds 1.77" in figures
    assert quote("비밀") not in figures
