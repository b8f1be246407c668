"""Look-ups for one person over HTTP: what is sent is answered, bounded, and never told on."""

import logging
import time
from pathlib import Path
from typing import Any

import pytest

from silgeom.profiles import Profiles
from silgeom.web.personal import DEMO_PEOPLE
from tests.jobs import status_of
from tests.web.roots import NOON, SmallRoot, client

DAY = 86_400
SECRET = "아무도 모르는 말"


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    found = SmallRoot(tmp_path / "root")
    found.put_board(NOON, {"query": "날씨"})
    found.put_completions({"카카오톡": 90, "카카오맵": 70, "날씨": 5000})
    found.put_related(
        ("길찾기", "related", "카카오맵"),
        ("길찾기", "related", "네이버 지도"),
        ("길찾기", "related", "버스"),
    )
    return found


def ago(text: str, days: float) -> dict[str, Any]:
    return {"text": text, "at": int(time.time() - days * DAY)}


def shown(answer: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    assert answer.status_code == 200, answer.text
    return [(each["text"], each["found_by"]) for each in answer.json()["completions"]]


def test_own_searches_and_the_sitting_come_first_and_say_so(root: SmallRoot) -> None:
    often = [ago("카카오뱅크", days) for days in (1, 2, 3)]
    with client(root) as web:
        plain = web.get("/api/complete", params={"q": "카카"})
        mine = web.post("/api/complete", json={"q": "카카", "history": often})
        sitting = web.post("/api/complete", json={"q": "카카", "session": ["길찾기"]})
        nothing = web.post("/api/complete", json={"q": "카카"})

    assert shown(plain) == [("카카오톡", "keystrokes"), ("카카오맵", "keystrokes")]
    assert shown(mine) == [("카카오뱅크", "own"), *shown(plain)]
    assert shown(sitting) == [("카카오맵", "next"), ("카카오톡", "keystrokes")]
    assert nothing.json() == plain.json()
    assert mine.headers["cache-control"] == "no-store"


def test_what_one_person_sent_is_told_to_nobody_else(root: SmallRoot) -> None:
    question = {"q": "카카", "session": [f"카카 {SECRET}", "눈"], "history": [ago("카카루", 1)]}
    with client(root) as web:
        mine = web.post("/api/complete", json=question)
        for answer in (
            web.post("/api/complete", json={"q": "카카"}),
            web.get("/api/complete", params={"q": "카카"}),
            web.get("/metrics"),
            web.get("/search", params={"q": "카카"}),
        ):
            assert SECRET not in answer.text.encode().decode("unicode_escape", "ignore")
            assert SECRET not in answer.text
            assert "카카루" not in answer.text

    assert (f"카카 {SECRET}", "sitting") in shown(mine)


def test_related_searches_say_what_the_person_searched_for(root: SmallRoot) -> None:
    with client(root) as web:
        answer = web.post(
            "/api/related",
            json={
                **{"q": "길찾기", "limit": 6, "session": ["버스", "길찾기"]},
                "history": [ago("네이버 지도", 3)],
            },
        )

    assert [
        (each["text"], each["searched"])
        for each in answer.json()["related"]
        if each["kind"] == "together"
    ] == [("카카오맵", ""), ("네이버 지도", "own"), ("버스", "sitting")]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({}, 422, "parameter q"),
        ({"q": " "}, 422, "Name a query"),
        ({"q": "x" * 201}, 422, "parameter q"),
        ({"q": "x", "limit": 0}, 422, "limit"),
        ({"q": "x", "session": ["y"] * 51}, 422, "session"),
        ({"q": "x", "session": "y"}, 422, "session"),
        ({"q": "x", "history": [ago("y", 0)] * 201}, 422, "history"),
        ({"q": "x", "history": [{"text": "y", "at": 10**15}]}, 422, "history"),
        ({"q": "x", "history": [{"text": "y" * 201, "at": 1}]}, 422, "history"),
        ({"q": "x", SECRET: 1}, 422, "JSON"),
        ({"q": "x", "user": "u1"}, 403, "--profiles"),
        ({"q": "x", "session": ["y" * 70_000]}, 413, "too long"),
        ([], 422, "JSON"),
    ],
)
@pytest.mark.parametrize("path", ["/api/complete", "/api/related"])
def test_a_question_beyond_sense_gets_a_sentence(
    root: SmallRoot, path: str, body: object, status: int, sentence: str
) -> None:
    with client(root) as web:
        answer = web.post(path, json=body, headers={"accept-language": "en"})

    assert answer.status_code == status, answer.text
    assert sentence in answer.json()["error"]
    assert SECRET not in answer.json()["error"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"null", b"[" * 60_000])
def test_what_is_no_json_gets_a_sentence(root: SmallRoot, content: bytes) -> None:
    with client(root) as web:
        assert web.post("/api/complete", content=content).status_code == 422


def test_nothing_of_a_question_is_logged(root: SmallRoot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with client(root) as web:
        web.post("/api/complete", json={"q": SECRET, "session": [SECRET], "history": []})
        web.post("/api/related", json={"q": "x", SECRET: [SECRET]})

    assert "POST /api/complete 200" in caplog.text
    assert SECRET not in caplog.text


def test_users_are_looked_up_only_where_the_server_may(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    lines = [f"2026-03-0{day}T09:00:00+09:00\tu1\t카카오뱅크\n" for day in (1, 2, 3)]
    (landing / "log.tsv").write_text("".join(lines), "utf-8")
    folder = tmp_path / "root"
    assert status_of("profiles", "--landing", landing, "--root", folder) == 0
    root = SmallRoot(folder)
    root.put_completions({"카카오톡": 90})

    with client(root, profiles=Profiles(folder)) as web:
        mine = web.post("/api/complete", json={"q": "카카", "user": "u1"})
        other = web.post("/api/complete", json={"q": "카카", "user": "u2"})
        nobody = web.post("/api/complete", json={"q": "카카"})

    assert shown(mine) == [("카카오뱅크", "own"), ("카카오톡", "keystrokes")]
    assert shown(other) == shown(nobody) == [("카카오톡", "keystrokes")]


def test_the_page_offers_made_up_people_alone_and_nobody_at_first(root: SmallRoot) -> None:
    with client(root) as web:
        korean = web.get("/search", headers={"accept": "text/html", "accept-language": "ko"})
        english = web.get("/search", headers={"accept": "text/html", "accept-language": "en"})

    assert korean.text.index("모르는 사람") < korean.text.index("지어낸 사람")
    assert english.text.count("<option") == 2 + len(DEMO_PEOPLE)
    assert "Minho, who follows football" in english.text
    assert "selected" not in english.text


def test_both_ways_to_ask_stand_in_the_document(root: SmallRoot) -> None:
    with client(root) as web:
        paths = web.get("/api/openapi.json").json()["paths"]
        page = web.get("/api", headers={"accept": "text/html"})

    for path in ("/api/complete", "/api/related"):
        schema = paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert {"q", "limit", "session", "history", "user"} == set(schema["properties"])
        assert f"POST {path}" in page.text
