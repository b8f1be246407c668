"""The switch between people in a browser: what it sends, shows, keeps and forgets."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.roots import NOON, SmallRoot
from tests.web.test_browser import Page, playwright, pytestmark, served
from tests.web.test_browser import browser as browser  # fixtures
from tests.web.test_browser import page as page

__all__ = ["pytestmark"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = SmallRoot(tmp_path_factory.mktemp("people") / "root")
    found.put_board(NOON, {"query": "날씨"})
    found.put_completions({"제주항공": 90, "제주공항": 70, "날씨": 5000, "환율": 900})
    found.put_related(("환율", "related", "제주공항"), ("환율", "related", "코스피"))
    with served(found) as where:
        yield where


def asked(page: Page, typed: str, first: str) -> list[str]:
    """The options of the box once they begin with a text."""
    page.locator("#q").fill("")
    page.locator("#q").press_sequentially(typed)
    playwright.expect(page.locator("#completions bdi").first).to_have_text(first)
    return list(page.locator("#completions li").all_inner_texts())


def kept(page: Page) -> Any:  # noqa: ANN401
    return page.evaluate("sessionStorage.getItem('silgeom.person')")


def test_nobody_is_known_until_somebody_is_chosen(page: Page, address: str) -> None:
    methods = []
    page.on("request", lambda request: methods.append(request.method))
    page.goto(f"{address}/search?q=제주")

    assert page.get_by_label("누가 검색하나요").input_value() == ""
    assert asked(page, "제주", "제주항공") == ["제주항공", "제주공항"]
    assert set(methods) == {"GET"}
    assert kept(page) is None


def test_a_made_up_person_sees_what_they_searched_for_before(page: Page, address: str) -> None:
    page.goto(f"{address}/search")
    page.get_by_label("누가 검색하나요").select_option("지우, 여행을 좋아함")

    found = asked(page, "제주", "제주도 날씨")
    assert found == [
        *(f"{text} 전에 검색함" for text in ("제주도 날씨", "제주 렌터카", "제주도 흑돼지")),
        *("제주항공", "제주공항"),
    ]
    # on every page, until the person is forgotten
    page.goto(address)
    assert asked(page, "제주", "제주도 날씨") == found
    page.goto(f"{address}/search")
    page.get_by_role("button", name="잊기").click()
    assert page.get_by_label("누가 검색하나요").input_value() == ""
    assert asked(page, "제주", "제주항공") == ["제주항공", "제주공항"]
    assert kept(page) is None


def test_the_searches_of_a_tab_are_a_sitting_and_a_way_back(page: Page, address: str) -> None:
    page.goto(f"{address}/search?lang=en")
    page.get_by_label("Who searches").select_option("The searches of this tab")
    page.goto(f"{address}/search?q=환율")

    assert asked(page, "제주", "제주공항")[0] == "제주공항 goes with this sitting"
    page.goto(f"{address}/search?q=제주 오름")
    page.goto(f"{address}/search?q=환율")
    chips = page.get_by_role("list", name="Related searches").get_by_role("listitem")
    playwright.expect(chips.last).to_have_text("제주 오름 in this sitting")
    assert "제주 오름 searched before" in asked(page, "제주 ㅇ", "제주 오름")


def test_what_a_tab_knows_is_in_no_other_tab_and_in_no_address(page: Page, address: str) -> None:
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(f"{address}/search")
    page.get_by_label("누가 검색하나요").select_option("지우, 여행을 좋아함")
    asked(page, "제주", "제주도 날씨")

    other = page.context.new_page()
    other.goto(f"{address}/search")
    assert asked(other, "제주", "제주항공") == ["제주항공", "제주공항"]
    assert page.context.cookies() == []
    assert not any("%EB%A0%8C%ED%84%B0%EC%B9%B4" in each for each in addresses)


def test_searches_of_a_tab_with_hostile_text_do_nothing(page: Page, address: str) -> None:
    page.goto(f"{address}/search")
    page.get_by_label("누가 검색하나요").select_option("이 탭에서 한 검색")
    page.goto(f"{address}/search?q=" + "%3Cimg src=x onerror=alert(1)%3E")
    page.goto(f"{address}/search?q=날씨")

    hostile = "<img src=x onerror=alert(1)>"
    assert asked(page, "<img", hostile) == [f"{hostile} 전에 검색함"]
    for damaged in ("{", "7", '{"who": "tab"}'):
        page.evaluate("(text) => sessionStorage.setItem('silgeom.person', text)", damaged)
        page.goto(f"{address}/search")
        assert page.get_by_label("누가 검색하나요").input_value() == ""
        assert asked(page, "제주", "제주항공") == ["제주항공", "제주공항"]


def test_without_a_place_to_keep_anything_the_box_still_answers(page: Page, address: str) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('no'); }})"
    )
    page.goto(f"{address}/search")

    assert asked(page, "제주", "제주항공") == ["제주항공", "제주공항"]
