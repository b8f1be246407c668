"""The pages in a browser: keys, composition, late answers, a board that moves, hostile text."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import columns
from silgeom.text import normalized_query
from tests.web.hostile import HOSTILE
from tests.web.roots import HOUR, NOON, SmallRoot, board_row
from tests.web.test_patterns import change_row, pattern_row
from tests.web.test_segments import put_segments

playwright = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: see the group browser"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine"),
]

Page = Any


@contextmanager
def served(root: SmallRoot, *options: str) -> Iterator[str]:
    """The address of a server of a root."""
    argv = [sys.executable, "-m", "silgeom", "serve", "--root", str(root.folder), "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*argv, *options], stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split(" at ")[1].split(" ")[0].rstrip("/")
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> SmallRoot:
    """A small portal, in which everything is there."""
    found = SmallRoot(tmp_path_factory.mktemp("portal") / "root")
    found.put_completions({"카카오톡": 90, "카카오맵": 70, "날씨": 50, "네이버": 40})
    found.put_related(("카카오톡", "related", "카카오맵"))
    rows = [{"query": f"긴 검색어 {place} 아주 긴 검색어입니다"} for place in range(12)]
    found.put_board(NOON, {"query": "카카오톡"}, *rows)
    usual = {NOON - 24 * day * HOUR: 20 for day in range(1, 15)}
    found.put_hours({"카카오톡": {NOON - HOUR: 60, **usual}})
    long = [f"긴 검색어 {place} 아주 긴 검색어입니다" for place in range(12)]
    put_segments(found, long)
    put_insights(found, ["카카오톡", "카카오맵", *long])
    found.put_ledger({"source": "file:///logs/a.tsv", "status": "taken_in", "lines": 9})
    return found


def put_insights(root: SmallRoot, queries: Sequence[str]) -> None:
    """Every result that a page of insights shows, of the same queries."""
    root.put_volumes(dict.fromkeys(queries, 90), {"mobile": 60, "desktop": 30})
    root.put_analytics(*({"query": query} for query in queries), keywords=queries)
    root.put_reformulations((queries[0], 1, queries[1], 9))
    patterns = [
        pattern_row(query, peak_hours=[6, 7], part_of_day="morning", trend=0.1) for query in queries
    ]
    root.put("patterns/dt=2026-03-02", patterns, columns.PATTERNS)
    root.put("keyword_patterns/dt=2026-03-02", patterns, columns.KEYWORD_PATTERNS)
    changes = [change_row(query, rank=rank) for rank, query in enumerate(queries, 1)]
    root.put("changes/dt=2026-03-02", changes, columns.CHANGES)
    words = [
        {
            **{"rank": rank, "keyword": query, "kind": "noun", "searchers": 1_234 - rank},
            **{"searches": 2_345, "queries": 3, "previous_searchers": 90, "change": 12.345},
            **{"significance": 9.8, "examples": list(queries[:3])},
        }
        for rank, query in enumerate(queries, 1)
    ]
    root.put("keywords/dt=2026-03-02", words, columns.KEYWORDS)
    board = [board_row(NOON, rank, query) for rank, query in enumerate(queries, 1)]
    root.put("trending_words/dt=2026-03-02/hour=12", board, columns.TRENDING_WORDS)
    told = {"category": "시험과 일자리", "confidence": 1.0, "source": "declared"}
    rows = [{"query": query, **told} for query in queries]
    root.put("categories/dt=2026-03-02", rows, columns.CATEGORIES)


@pytest.fixture(scope="module")
def address(root: SmallRoot) -> Iterator[str]:
    with served(root) as found:
        yield found


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:  # noqa: ANN401
    """A page; what goes wrong in it fails the test."""
    context = browser.new_context(locale="ko-KR", viewport={"width": 1000, "height": 800})
    found = context.new_page()
    found.wrong = []
    found.on("pageerror", lambda error: found.wrong.append(str(error)))
    found.on("dialog", lambda dialog: (found.wrong.append("a dialog"), dialog.dismiss()))
    found.on(
        "console",
        lambda line: (
            found.wrong.append(line.text)
            if line.type == "error" and "40" not in line.text
            else None
        ),
    )
    # Before any script of the page, also in frames.
    found.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " (e) => console.error('violates the policy: ' + e.violatedDirective))"
    )
    yield found
    context.close()
    assert found.wrong == []


def options(page: Page) -> list[str]:
    return list(page.locator("#completions [role=option]").all_inner_texts())


def row_of(page: Page, query: str) -> Any:  # noqa: ANN401
    return page.locator(".row", has=page.locator(".query", has_text=query))


def wait_for_first(page: Page, text: str) -> None:
    playwright.expect(page.locator("#completions [role=option]").first).to_have_text(text)


# The search box


def test_the_box_is_a_combobox_of_aria(page: Page, address: str) -> None:
    page.goto(address)
    box = page.get_by_role("combobox", name="검색")

    assert box.get_attribute("aria-expanded") == "false"
    box.press_sequentially("카카")
    wait_for_first(page, "카카오톡")
    assert box.get_attribute("aria-expanded") == "true"
    assert box.get_attribute("aria-controls") == page.get_by_role("listbox").get_attribute("id")
    assert box.get_attribute("aria-activedescendant") is None

    box.press("ArrowDown")
    box.press("ArrowDown")
    active = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    assert active.inner_text() == "카카오맵"
    assert active.get_attribute("aria-selected") == "true"
    assert box.input_value() == "카카오맵"
    box.press("ArrowUp")
    box.press("ArrowUp")
    assert box.input_value() == "카카"  # back in the box
    box.press("ArrowUp")
    assert box.input_value() == "카카오맵"  # round to the last
    box.press("Escape")
    assert box.input_value() == "카카"
    assert box.get_attribute("aria-expanded") == "false"
    playwright.expect(page.locator(".box [role=status]")).to_have_text("자동완성 2개")


def test_enter_searches_for_what_was_chosen(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#q").press_sequentially("카카")
    wait_for_first(page, "카카오톡")
    page.locator("#q").press("ArrowDown")
    page.locator("#q").press("Enter")

    page.wait_for_url("**/search?q=*")
    playwright.expect(page.locator("h1")).to_contain_text("카카오톡")
    assert page.locator(".chips").inner_text().startswith("카카오맵")


def test_a_click_searches_for_what_was_clicked(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#q").press_sequentially("zkzkdh")
    wait_for_first(page, "카카오톡")
    page.locator("#completions [role=option]").nth(1).click()

    page.wait_for_url("**/search?q=*")
    playwright.expect(page.locator("h1")).to_contain_text("카카오맵")


def test_each_state_of_a_syllable_that_is_composed_is_asked_for(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("#q").focus()
    page.evaluate(
        "addEventListener('input', (e) => (window.composing ??= []).push(e.isComposing), true)"
    )
    input_method = page.context.new_cdp_session(page)

    def compose(text: str) -> None:
        parameters = {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        input_method.send("Input.imeSetComposition", parameters)

    for text, first in (("ㅋ", "카카오톡"), ("카", "카카오톡"), ("캌", "카카오톡")):
        compose(text)
        wait_for_first(page, first)
        assert page.locator("#q").input_value() == text
    # Enter ends the composition; it neither searches nor chooses.
    parameters = {"type": "rawKeyDown", "key": "Process", "code": "Enter"}
    input_method.send("Input.dispatchKeyEvent", {**parameters, "windowsVirtualKeyCode": 229})
    assert page.url.rstrip("/") == address
    input_method.send("Input.insertText", {"text": "카카"})
    wait_for_first(page, "카카오톡")

    assert page.evaluate("composing")[:3] == [True, True, True]
    urls = [url for url in asked if "/api/complete" in url]
    assert len(urls) >= 4  # at each state, not only when the syllable was done


def test_enter_while_a_syllable_is_composed_is_for_the_composition(
    page: Page, address: str
) -> None:
    page.goto(address)
    page.locator("#q").press_sequentially("카")
    wait_for_first(page, "카카오톡")
    page.locator("#q").press("ArrowDown")
    page.evaluate(
        """() => {
          const box = document.querySelector('#q');
          const key = (more) =>
            new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true, ...more});
          box.dispatchEvent(key({isComposing: true}));
          box.dispatchEvent(key({keyCode: 229}));
        }"""
    )

    assert page.locator("#q").input_value() == "카카오톡"


def test_late_answers_never_overwrite_newer_ones(page: Page, address: str) -> None:
    held: list[Any] = []

    def hold(route: Any) -> None:  # noqa: ANN401
        # The answer to the first question comes after that to the second.
        if not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/complete?*", hold)
    page.goto(address)
    # A browser that cannot end a question either.
    page.evaluate("AbortController.prototype.abort = () => {}")
    page.locator("#q").press_sequentially("카")
    page.wait_for_timeout(1) if not held else None
    page.locator("#q").fill("날")
    wait_for_first(page, "날씨")
    with page.expect_response("**/api/complete?*"):
        held[0].continue_()
    page.evaluate("() => new Promise(requestAnimationFrame)")

    assert options(page) == ["날씨"]


# The board


def test_the_board_moves_when_a_new_one_is_written(page: Page, tmp_path: Path) -> None:
    root = SmallRoot(tmp_path / "root")
    root.put_board(NOON, {"query": "하나"}, {"query": "둘"})
    with served(root) as address:
        page.goto(address)
        row_of(page, "둘").locator("summary").click()
        playwright.expect(page.locator(".query")).to_have_text(["하나", "둘"])

        root.put_board(
            NOON + timedelta(minutes=5),
            {"query": "셋"},
            {"query": "둘", "movement": "SAME"},
            {"query": "하나", "movement": "DOWN", "previous_rank": 1},
        )

        playwright.expect(page.locator(".query")).to_have_text(["셋", "둘", "하나"])
        playwright.expect(page.locator("#as-of")).to_contain_text("12:05")
        playwright.expect(row_of(page, "하나").locator(".move")).to_contain_text("▼2")
        # What was read goes on being read.
        assert row_of(page, "둘").locator("details").get_attribute("open") == ""
        page.close()


def test_a_board_that_moves_stays_of_the_category_that_was_chosen(
    page: Page, tmp_path: Path
) -> None:
    root = SmallRoot(tmp_path / "root")
    root.put_board(NOON, {"query": "하나"}, {"query": "둘"})
    rows = [
        {"query": query, "category": category, "confidence": 1.0, "source": "declared"}
        for query, category in {"하나": "홀", "둘": "짝", "셋": "홀", "넷": "짝"}.items()
    ]
    root.put("categories/dt=2026-03-02", rows, columns.CATEGORIES)
    with served(root) as address:
        page.goto(address)
        page.get_by_label("분야").select_option("짝")
        page.locator(".choose button").click()
        playwright.expect(page.locator(".query")).to_have_text(["둘"])

        root.put_board(
            NOON + timedelta(minutes=5), {"query": "셋"}, {"query": "넷"}, {"query": "둘"}
        )

        playwright.expect(page.locator(".query")).to_have_text(["넷", "둘"])
        page.close()


def test_a_board_of_the_past_stays(page: Page, tmp_path: Path) -> None:
    root = SmallRoot(tmp_path / "root")
    root.put_boards({NOON: [{"query": "하나"}], NOON + HOUR: [{"query": "둘"}]})
    with served(root) as address:
        page.goto(address)
        page.get_by_role("link", name="이전").click()
        playwright.expect(page.locator(".query")).to_have_text(["하나"])
        page.get_by_label("시각").select_option("13:00")
        page.get_by_role("button", name="보기").click()
        playwright.expect(page.locator(".query")).to_have_text(["둘"])
        page.close()


# Segments


def test_a_click_on_a_segment_tells_it_and_one_on_a_query_leads_to_its_page(
    page: Page, tmp_path: Path
) -> None:
    root = SmallRoot(tmp_path / "root")
    put_segments(root, ["카카오톡", "날씨"])
    root.put_hours({"카카오톡": {NOON: 30}})
    with served(root) as address:
        page.goto(address)
        page.get_by_role("navigation").get_by_role("link", name="이용자 유형").click()
        playwright.expect(page.locator("#segment h2")).to_contain_text("유형 1")
        page.get_by_role("rowheader").nth(1).get_by_role("link", name="카카오톡 · 날씨").click()
        playwright.expect(page.locator("#segment h2")).to_contain_text("유형 2")
        assert page.url.endswith("/segments?segment=2#segment")
        page.locator("#segment tbody").get_by_role("link", name="카카오톡").click()
        playwright.expect(page.locator("h1")).to_contain_text("카카오톡")
        page.close()


# Hostile text


def test_hostile_text_has_no_effect(page: Page, tmp_path: Path) -> None:
    root = SmallRoot(tmp_path / "root")
    rows = [
        board_row(NOON, rank, query, surface=query, variants=[query])
        for rank, query in enumerate(HOSTILE, 1)
    ]
    root.put("live/dt=2026-03-02", rows, columns.LIVE)
    root.put_hours({normalized_query(query) or query: {NOON - HOUR: 20} for query in HOSTILE})
    root.put_completions({f"a{query}": 50 for query in HOSTILE})
    root.put_related(*(("날씨", "related", query) for query in HOSTILE))
    put_segments(root, HOSTILE)
    with served(root) as address:
        page.goto(address)
        assert page.locator(".row").count() == len(HOSTILE)
        # The same rows once more, as a board that comes while the page is open.
        again = [{**row, "window_end": NOON + timedelta(minutes=5)} for row in rows]
        root.put("live/dt=2026-03-02", [*rows, *again], columns.LIVE)
        playwright.expect(page.locator("#as-of")).to_contain_text("12:05")
        assert page.locator(".row").count() == len(HOSTILE)
        assert page.locator(".row script, .row img, .row iframe, .row style").count() == 0
        page.goto(f"{address}/segments")
        assert page.locator("#segment tbody tr").count() == len(HOSTILE)
        assert page.locator("main script, main img, main iframe, main style").count() == 0
        page.goto(address)
        for query in HOSTILE[::4]:
            page.locator("#q").fill(f"a{query}"[:2])
            page.goto(f"{address}/search?{_asked(query)}")
            page.goto(f"{address}/query?{_asked(query)}")
        page.goto(address)
        page.locator("#q").press_sequentially("a")
        page.locator("#completions [role=option]").first.wait_for()
        assert page.locator("#completions script, #completions img").count() == 0
        assert not page.evaluate("document.title").startswith("owned")
        page.close()


def _asked(query: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"q": query})


# Sizes and colours


PAGES = [
    "/",
    "/search?q=카카오톡",
    "/query?q=카카오톡",
    "/keywords",
    "/keywords?q=카카오톡",
    "/analytics",
    "/analytics?of=keywords",
    "/patterns",
    "/patterns?list=daily",
    "/segments",
    "/log",
    "/about",
    "/api",
    "/nope",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_nothing_is_wider_than_a_phone(page: Page, address: str, path: str, language: str) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.documentElement.lang") == language


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_words_of_tables_stay_whole_on_a_phone(
    page: Page, address: str, path: str, language: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 780})
    page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")

    assert page.evaluate(_BROKEN_WORDS) == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read(page: Page, address: str, path: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(address + path)

    # The least contrast of a text with what is behind it: 4.5 in WCAG 2.2, AA.
    least, of = page.evaluate(_CONTRAST)
    assert least >= 4.5, of
    assert (
        page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 20, 24)"
    ) == (scheme == "dark")


def test_wall_mode_fills_the_screen_and_is_dark(page: Page, address: str) -> None:
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{address}/?wall=1")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(11, 13, 16)"
    assert page.locator("nav, footer, #q").count() == 0
    last = page.locator(".row").last.bounding_box()
    assert 500 < last["y"] + last["height"] <= 720


def test_whoever_wants_no_motion_sees_none(page: Page, tmp_path: Path) -> None:
    root = SmallRoot(tmp_path / "root")
    root.put_board(NOON, {"query": "하나"}, {"query": "둘"})
    with served(root) as address:
        page.emulate_media(reduced_motion="reduce")
        page.goto(address)
        page.evaluate(
            """() => {
              window.moved = 0;
              const animate = Element.prototype.animate;
              Element.prototype.animate = function (...all) {
                moved++;
                return animate.apply(this, all);
              };
            }"""
        )
        root.put_board(NOON + HOUR, {"query": "둘"}, {"query": "하나"})
        playwright.expect(page.locator(".query")).to_have_text(["둘", "하나"])
        assert page.evaluate("moved") == 0

        page.emulate_media(reduced_motion="no-preference")
        root.put_board(NOON + 2 * HOUR, {"query": "하나"}, {"query": "둘"})
        playwright.expect(page.locator(".query")).to_have_text(["하나", "둘"])
        assert page.evaluate("moved") == 2
        page.close()


def test_the_board_is_light(page: Page, address: str) -> None:
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    page.goto(address)

    assert 0 < sum(sizes) <= 300_000
    assert all(re.match(re.escape(address), frame.url) for frame in page.frames)


#: Words of at most sixteen characters, in cells, that stand on more than one line.
_BROKEN_WORDS = """() => {
  const broken = [];
  for (const cell of document.querySelectorAll('main th, main td')) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/[\\p{L}\\p{N}_]+/gu)) {
        if (word[0].length > 16) continue;
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
        if (lines.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}"""

_CONTRAST = """() => {
  const channels = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => {
      c /= 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const found = channels(getComputedStyle(each).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  let least = [99, ''];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.closest('.unseen, .skip')) continue;
    const style = getComputedStyle(element);
    const ink = element.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(channels(ink)), light(behind(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < least[0]) least = [contrast, element.outerHTML.slice(0, 120)];
  }
  return least;
}"""
