"""Who may ask, what a browser may do, hostile queries, and people of whom nothing may be told."""

import json
import logging
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest

from pipeline import columns
from silgeom.text import normalized_query
from silgeom.web.access import TOKEN_COOKIE, Access
from tests.web.hostile import HOSTILE
from tests.web.roots import BROWSER, HOUR, NOON, SmallRoot, board_row, client, id_of
from tests.web.test_segments import put_segments

TOKEN = "correct-horse-battery"
WITH_TOKEN = Access(is_loopback=False, token=TOKEN)

#: What would steer a terminal or the direction of a text, if it stood raw in an answer.
STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    found = SmallRoot(tmp_path / "root")
    found.put_board(NOON, {"query": "날씨"})
    return found


class Tags(HTMLParser):
    """The tags of a page with their attributes, as a browser sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


# Names of the machine


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]", "[::1]:80", "LOCALHOST"])
def test_names_of_this_machine_are_answered(root: SmallRoot, host: str) -> None:
    with client(root) as web:
        assert web.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", ""])
@pytest.mark.parametrize("path", ["/", "/api/trending", "/events", "/health", "/static/box.js"])
def test_a_name_that_was_made_to_point_here_is_turned_away(
    root: SmallRoot, host: str, path: str
) -> None:
    with client(root) as web:
        answer = web.get(path, headers={"host": host})

    assert answer.status_code == 421
    assert "localhost" in answer.json()["error"]


# Tokens and proxies


@pytest.mark.parametrize("path", ["/", "/api/trending", "/events", "/metrics", "/static/box.js"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong-horse-battery"},
        {"authorization": f"Basic {TOKEN}"},
        {"cookie": f"{TOKEN_COOKIE}={TOKEN}"},
        {"cookie": f"{TOKEN_COOKIE}=x; =;;"},
    ],
)
def test_without_the_token_nothing_is_told(
    root: SmallRoot, path: str, headers: dict[str, str]
) -> None:
    with client(root, WITH_TOKEN) as web:
        answer = web.get(path, headers=headers)

    assert answer.status_code == 401
    assert "token" in answer.json()["error"]
    assert "날씨" not in answer.text


def test_whoever_knows_the_token_is_answered(root: SmallRoot) -> None:
    with client(root, WITH_TOKEN) as web:
        answer = web.get("/api/trending", headers={"authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200


def test_a_token_in_the_address_becomes_a_cookie_that_does_not_hold_it(root: SmallRoot) -> None:
    with client(root, WITH_TOKEN) as web:
        first = web.get(f"/search?q=%EB%82%A0&token={TOKEN}", headers=BROWSER)
        then = web.get("/", headers=BROWSER)

    assert first.status_code == 303
    assert first.headers["location"] == "/search?q=%EB%82%A0"
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert then.status_code == 200


def test_a_path_of_two_slashes_is_no_way_to_another_host(root: SmallRoot) -> None:
    with client(root, WITH_TOKEN) as web:
        answer = web.get(f"http://localhost//evil.example/?token={TOKEN}")

    assert answer.headers["location"] == "/evil.example/"


def test_health_needs_no_token(root: SmallRoot) -> None:
    with client(root, WITH_TOKEN) as web:
        assert web.get("/health").status_code == 200


def test_only_whom_the_proxy_knows_is_answered(root: SmallRoot) -> None:
    access = Access(is_loopback=False, proxy_header="X-Forwarded-User")
    with client(root, access) as web:
        nobody = web.get("/")
        blank = web.get("/", headers={"X-Forwarded-User": " "})
        known = web.get("/", headers={"X-Forwarded-User": "kim"})

    assert [each.status_code for each in (nobody, blank, known)] == [401, 401, 200]


# What a browser may do


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/search", "/query?q=x", "/analytics", "/patterns", "/segments", "/log"),
        *("/about", "/api", "/nope", "/api/trending"),
    ],
)
def test_a_browser_runs_and_loads_what_is_the_servers_own(root: SmallRoot, path: str) -> None:
    with client(root) as web:
        answer = web.get(path, headers=BROWSER)

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    for tag, attributes in Tags(answer.text).found:
        assert tag != "style"
        assert tag != "script" or attributes["src"] is not None
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#", "?"))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_sent(root: SmallRoot, method: str) -> None:
    with client(root) as web:
        assert web.request(method, "/").status_code == 405


# Hostile queries


@pytest.fixture(scope="module")
def hostile_root(tmp_path_factory: pytest.TempPathFactory) -> SmallRoot:
    """Everything that somebody can word is hostile."""
    root = SmallRoot(tmp_path_factory.mktemp("hostile") / "root")
    rows = [
        board_row(NOON, rank, query, surface=query, variants=[query, f"<b>{query}</b>"])
        for rank, query in enumerate(HOSTILE, 1)
    ]
    root.put("live/dt=2026-03-02", rows, columns.LIVE)
    queries = {normalized_query(query) or query for query in HOSTILE}
    root.put_hours({query: {NOON - HOUR: 20} for query in queries})
    named = [
        {
            **{"query_id": id_of(normalized_query(query)), "query": normalized_query(query)},
            **{"surface": query, "searchers": 20, "searches": 20},
        }
        for query in HOSTILE
    ]
    root.put("daily_counts/dt=2026-03-02", named, columns.DAILY_COUNTS)
    root.put_completions({query: 50 + place for place, query in enumerate(HOSTILE)})
    root.put_related(
        *(("날씨", "related", query) for query in HOSTILE),
        *(("날씨", "correction", query) for query in HOSTILE),
    )
    put_segments(root, HOSTILE)
    aside = {"status": "set_aside", "detail": "it holds no lines"}
    files = [query.replace("/", "") for query in HOSTILE if query.isprintable()]
    root.put_ledger(*({"source": f"file:///logs/{name}", **aside} for name in files))
    return root


def addresses(query: str) -> list[str]:
    asked = urlencode({"q": query}, errors="surrogatepass")
    return [f"/search?{asked}", f"/query?{asked}", f"/?at={asked[2:]}", f"/about?{asked}"]


@pytest.mark.slow
def test_no_hostile_query_adds_a_tag_to_a_page(hostile_root: SmallRoot) -> None:
    known = {"html", "head", "meta", "title", "link", "script", "body", "a", "header", "form"}
    known |= {"input", "button", "svg", "circle", "path", "ul", "ol", "li", "span", "nav", "main"}
    known |= {"p", "footer", "div", "h1", "h2", "time", "small", "b", "bdi", "section", "label"}
    known |= {"select", "option", "details", "summary", "rect", "text", "table", "thead", "tbody"}
    known |= {"tr", "th", "td", "dl", "dt", "dd", "kbd", "caption", "optgroup", "h3"}
    with client(hostile_root) as web:
        everywhere = ["/", "/?lang=ko", "/log", "/analytics", "/search?q=날씨"]
        everywhere += ["/segments", "/segments?lang=ko&segment=2"]
        for path in [*everywhere, *(each for query in HOSTILE for each in addresses(query))]:
            answer = web.get(path, headers=BROWSER)
            assert answer.status_code in (200, 303, 400, 404, 422), path
            page = answer.text
            assert not STEERS.search(page), path
            for tag, attributes in Tags(page).found:
                assert tag in known, (path, tag)
                assert not any(name.startswith("on") for name in attributes), path
                assert (attributes.get("href") or "/").startswith(("/", "#", "?")), path
                assert not (attributes.get("href") or "/").startswith("//"), path
            scripts = [each for tag, each in Tags(page).found if tag == "script"]
            assert all((each["src"] or "").startswith("/static/") for each in scripts)
            for name, value in answer.headers.items():
                assert not STEERS.search(name + value)
            assert "x" not in answer.cookies


def test_hostile_queries_stand_on_the_board_as_they_were_typed(hostile_root: SmallRoot) -> None:
    with client(hostile_root) as web:
        page = web.get("/", headers=BROWSER).text

    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>" in page
    assert "<bdi>&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;</bdi>" in page
    assert "<script>alert(1)" not in page
    assert "<bdi>abc\\u202egnp.exe</bdi>" in page
    assert "<bdi>\\x1b[31mred\\x1b[0m</bdi>" in page
    assert "<bdi>{{ 7*7 }}</bdi>" in page


@pytest.mark.slow
def test_no_character_of_a_hostile_query_stands_raw_in_json(hostile_root: SmallRoot) -> None:
    with client(hostile_root) as web:
        paths = ("/api/trending", "/api/related?q=날씨&limit=100", "/api/segments")
        answers = [web.get(path) for path in (*paths, "/api/segment?segment=1")]
        for query in HOSTILE:
            for path in ("complete", "related", "query"):
                answers.append(web.get(f"/api/{path}", params={"q": query[:200]}))

    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.status_code in (200, 404, 422)
        assert answer.content.isascii()
        assert not STEERS.search(answer.text)
        json.loads(answer.text)
    told = [row["surface"] for row in answers[0].json()["rows"]]
    assert told == HOSTILE


def test_hostile_queries_stand_in_segments_as_they_were_typed(hostile_root: SmallRoot) -> None:
    with client(hostile_root) as web:
        page = web.get("/segments", headers=BROWSER).text
        table = web.get("/api/segment.csv?segment=1").content.decode()

    # Each as a query that sets the segment apart, on its board, as completion and related search.
    assert page.count("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>") >= 4
    assert "<script>alert(1)" not in page
    assert "<bdi>abc\\u202egnp.exe</bdi>" in page
    assert not STEERS.search(table)
    assert "'=HYPERLINK(" in table


def test_no_query_is_logged(
    hostile_root: SmallRoot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("비밀 검색")

    with caplog.at_level(logging.DEBUG), client(hostile_root) as web:
        web.get("/search?q=비밀", headers=BROWSER)
        web.get("/비밀", headers=BROWSER)
        monkeypatch.setattr("silgeom.web.app.query_facts", fails)
        failed = web.get("/query?q=비밀", headers=BROWSER)

    assert failed.status_code == 500
    assert "Something failed in the server" in failed.text
    ours = [record for record in caplog.records if record.name.startswith(("silgeom", "pipeline"))]
    told = "\n".join(record.getMessage() + str(record.exc_info) for record in ours)
    assert "GET /search 200" in told
    assert "ValueError at" in told
    assert "비밀" not in told


# People of whom nothing may be told


def test_what_fewer_than_five_typed_is_on_no_board(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "다섯", "searchers": 5}, {"query": "넷", "searchers": 4})

    with client(root) as web:
        answers = web.get("/", headers=BROWSER).text + web.get("/api/trending").text

    assert "다섯" in answers
    assert "넷" not in answers


def test_fewer_than_five_who_are_believed_are_no_number(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "다섯", "searchers": 7, "believed_searchers": 3.0})

    with client(root) as web:
        [row] = web.get("/api/trending").json()["rows"]
        page = web.get("/", headers=BROWSER).text

    assert row["believed_searchers"] is None
    assert "are believed" not in page


def test_what_fewer_than_five_typed_is_neither_completed_nor_related(root: SmallRoot) -> None:
    root.put_completions({"날씨 다섯": 5, "날씨 넷": 4})
    root.put_related(("서울", "related", "다섯"), searchers=5)

    with client(root) as web:
        found = web.get("/api/complete?q=날씨").json()["completions"]
        assert [each["text"] for each in found] == ["날씨 다섯"]

    root.put_related(("서울", "related", "부산"), searchers=4)
    with client(root) as web:
        assert "부산" not in json.dumps(web.get("/api/related?q=서울").json(), ensure_ascii=False)


def test_a_query_that_four_people_typed_is_told_like_one_that_nobody_did(root: SmallRoot) -> None:
    root.put_hours({"넷": {NOON: 4}, "다섯": {NOON: 5}})

    with client(root) as web:
        page = web.get("/query?q=넷", headers=BROWSER)
        answers = [web.get(f"/api/query?q={query}") for query in ("넷", "없음", "다섯")]

    assert page.status_code == 404
    assert "Fewer than 5 different people typed this" in page.text
    assert [each.status_code for each in answers] == [404, 404, 200]
    assert answers[0].text == answers[1].text


def test_hours_with_four_people_are_no_number_and_change_no_other(root: SmallRoot) -> None:
    def told(hidden: int) -> str:
        before = {NOON - 24 * day * HOUR: hidden for day in range(1, 15)}
        root.put_hours({"날씨": {NOON: 12, NOON - HOUR: hidden, **before}})
        with client(root) as web:
            answers = [web.get("/api/query?q=날씨"), web.get("/query?q=날씨", headers=BROWSER)]
            return "".join(answer.text for answer in answers)

    # Whatever was hidden, all that is computed from it is the same.
    assert told(1) == told(4)
    assert '"searchers":4' not in told(4)
