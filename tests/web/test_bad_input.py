"""No root, odd roots, and requests beyond sense: a sentence and a status, never a trace."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import columns
from silgeom.web.following import Follower
from tests.web.roots import BROWSER, HOUR, NOON, SmallRoot, board_row, client, results

PAGES = [
    *("/", "/search?q=x", "/query?q=x", "/keywords?q=x", "/analytics"),
    *("/patterns", "/segments", "/log", "/about", "/api"),
]


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    return SmallRoot(tmp_path / "root")


@pytest.mark.parametrize("path", PAGES)
def test_without_a_root_each_page_says_so(tmp_path: Path, path: str) -> None:
    with client(tmp_path / "nothing") as web:
        answer = web.get(path, headers=BROWSER)

    assert answer.status_code in (200, 404)
    assert "Traceback" not in answer.text


def test_without_a_root_the_board_says_what_to_do(tmp_path: Path) -> None:
    with client(tmp_path / "nothing") as web:
        page = web.get("/", headers=BROWSER)
        api = web.get("/api/trending")
        health = web.get("/health")

    assert "Run silgeom run all, or name another --root." in page.text
    assert api.status_code == 404
    assert health.status_code == 503
    assert health.json()["trouble"] == "there is no root here yet"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_root_has_pages(root: SmallRoot, path: str) -> None:
    with client(root) as web:
        assert web.get(path, headers=BROWSER).status_code in (200, 404)
        assert web.get("/health").status_code == 200


def test_a_root_of_a_later_version_is_told(root: SmallRoot) -> None:
    state = root.folder / "_state.json"
    state.write_text('{"layout": 99, "zone": "Asia/Seoul", "run": 1}', "utf-8")

    with client(root) as web:
        assert web.get("/", headers=BROWSER).status_code == 200
        assert web.get("/health").status_code == 503


def test_a_root_of_the_first_layout_is_shown(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "날씨"}, dataset="trending")
    (root.folder / "_state.json").write_text('{"layout": "7391035c8ebb", "days": {}}', "utf-8")

    with client(root) as web:
        assert "날씨" in web.get("/", headers=BROWSER).text


def test_what_stands_in_the_way_of_a_result_is_said_and_the_rest_is_shown(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "날씨"})
    damaged = root.put("autocomplete/dt=2026-03-02", [], columns.AUTOCOMPLETE)
    damaged.write_bytes(b"no parquet")

    with client(root) as web:
        page = web.get("/", headers=BROWSER)
        health = web.get("/health")

    assert "날씨" in page.text
    assert "what was read last is shown" in page.text
    assert health.status_code == 503


@pytest.mark.parametrize("gone", ["live", "hourly_counts", "daily_counts", "autocomplete"])
def test_a_result_that_vanishes_leaves_what_was_shown(root: SmallRoot, gone: str) -> None:
    root.put_hours({"날씨": {NOON: 9}})
    root.put_completions({"날씨": 9})
    root.put_board(NOON, {"query": "날씨"})

    with client(root) as web:
        shutil.rmtree(root.folder / gone)
        answers = [web.get(path, headers=BROWSER) for path in [*PAGES, "/api/trending"]]

    assert "날씨" in answers[0].text
    assert all(answer.status_code in (200, 404) for answer in answers)


def test_a_file_that_went_while_it_was_read_is_a_sentence(
    root: SmallRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise FileNotFoundError("part-00000.parquet")

    monkeypatch.setattr("silgeom.web.app.query_facts", gone)
    with client(root) as web:
        answer = web.get("/query?q=x", headers=BROWSER)

    assert answer.status_code == 503
    assert "try again in a moment" in answer.text


@pytest.mark.parametrize(
    "path", ["/search", "/query", "/api/complete", "/api/related", "/api/query"]
)
@pytest.mark.parametrize(("length", "status"), [(201, 422), (10_000, 413)])
def test_a_query_that_is_too_long_is_refused(
    root: SmallRoot, path: str, length: int, status: int
) -> None:
    with client(root) as web:
        answer = web.get(path, params={"q": "a" * length})

    assert answer.status_code == status
    assert answer.json()["error"].endswith(".") or "shorten" in answer.json()["error"]
    assert len(answer.content) < 200


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/api/complete", 422, "?q="),
        ("/api/complete?q=", 422, "?q="),
        ("/api/related?q=%20%20", 422, "?q="),
        ("/api/complete?q=a&limit=0", 422, "from 1 to 100"),
        ("/api/complete?q=a&limit=101", 422, "from 1 to 100"),
        ("/api/complete?q=a&limit=ten", 422, "from 1 to 100"),
        ("/api/related?q=a&limit=1e9", 422, "from 1 to 100"),
        ("/api/trending?at=yesterday", 400, "ISO 8601"),
        ("/api/trending?at=", 400, "ISO 8601"),
        ("/api/trending?at=2026-02-30", 400, "ISO 8601"),
        ("/api/trending?at=0001-01-01T00:00%2B14:00", 400, "ISO 8601"),
        ("/api/trending?at=9999-12-31T23:59-12:00", 400, "ISO 8601"),
        ("/api/trending?at=1999-01-01", 404, "2026"),
        ("/api/trending?at=2199-01-01", 404, "2026"),
        ("/api/trending?at=" + "2" * 400, 422, "at"),
        ("/?day=2026-03-99", 404, "no such page"),
        ("/?day=../../etc", 404, "no such page"),
        ("/query", 400, "?q="),
        ("/events?fragment=fr", 422, "fragment"),
        ("/nope", 404, "no such page"),
        ("/static/../access.py", 404, "no such page"),
        ("/static/%2e%2e/access.py", 404, "no such page"),
    ],
)
def test_a_request_beyond_sense_gets_a_sentence(
    root: SmallRoot, address: str, status: int, words: str
) -> None:
    root.put_board(NOON, {"query": "날씨"})

    with client(root) as web:
        answer = web.get(address)
        page = web.get(address, headers=BROWSER)

    assert answer.status_code == page.status_code == status
    assert words in answer.json()["error"]
    assert "Traceback" not in page.text


def test_a_time_without_an_offset_is_in_the_reporting_zone(root: SmallRoot) -> None:
    root.put_board(NOON, {"query": "날씨"})

    with client(root) as web:
        for at in ("2026-03-02T12:00", "2026-03-02T03:00Z", "2026-03-02T12:00+09:00"):
            assert web.get("/api/trending", params={"at": at}).status_code == 200
        assert web.get("/api/trending?at=2026-03-02T12:00+09:00").status_code == 200
        assert web.get("/api/trending?at=2026-03-02T12:01").status_code == 404


# Following


def look(follower: Follower) -> None:
    asyncio.run(follower.look())


def test_a_new_board_is_shown_and_told_once(root: SmallRoot, tmp_path: Path) -> None:
    follower, told = Follower(results(root), tmp_path), []
    follower.on_board(lambda shown: told.append(shown.board))
    root.put_board(NOON, {"query": "a"})
    look(follower)
    root.put_completions({"b": 9})  # another result
    look(follower)
    root.put_board(NOON + HOUR, {"query": "b"})
    look(follower)

    assert [board.rows[0]["query"] for board in told if board] == ["a", "b"]


def test_a_board_that_was_made_anew_is_another_board(root: SmallRoot, tmp_path: Path) -> None:
    follower, told = Follower(results(root), tmp_path), []
    follower.on_board(lambda shown: told.append(shown.board))
    root.put_board(NOON, {"query": "a", "searchers": 9})
    look(follower)
    root.put_board(NOON, {"query": "a", "searchers": 10})
    look(follower)

    assert [board.rows[0]["searchers"] for board in told if board] == [9, 10]


@pytest.mark.parametrize("error", [OSError("away"), PermissionError("no")])
def test_a_storage_that_is_away_is_said_once_and_what_was_read_stays(
    root: SmallRoot,
    tmp_path: Path,
    error: OSError,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    root.put_board(NOON, {"query": "a"})
    follower = Follower(results(root), tmp_path)
    look(follower)

    def away(_: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr("silgeom.web.reading.Results.stamp", away)
        for _ in range(3):
            look(follower)
        assert follower.trouble is not None
        assert follower.shown.board is not None
        assert sum("what was read last is shown" in each for each in caplog.messages) == 1
    look(follower)
    assert follower.trouble is None


def test_a_board_of_which_a_file_vanishes_is_tried_again(
    root: SmallRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.put_board(NOON, {"query": "a"})
    follower = Follower(results(root), tmp_path)
    look(follower)
    root.put_board(NOON + HOUR, {"query": "b"})

    def gone(*_: object) -> None:
        raise FileNotFoundError("part-00000.parquet")

    with monkeypatch.context() as broken:
        broken.setattr("silgeom.web.boards.Boards.newest", gone)
        look(follower)
        assert follower.shown.board is not None
        assert follower.shown.board.rows[0]["query"] == "a"
    look(follower)
    assert follower.shown.board.rows[0]["query"] == "b"


def test_nothing_is_written_and_no_lock_is_taken(root: SmallRoot) -> None:
    root.put("live/dt=2026-03-02", [board_row(NOON, 1)], columns.LIVE)

    def all_files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in root.folder.rglob("*")}

    before = all_files()
    with client(root) as web:
        for path in PAGES:
            web.get(path, headers=BROWSER)

    assert all_files() == before


# The command


@pytest.fixture
def refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """The sentence with which `silgeom serve` refuses its options."""
    from silgeom.__main__ import main

    monkeypatch.delenv("SILGEOM_TOKEN", raising=False)
    monkeypatch.setattr("silgeom.web.command.set_up_logging", lambda *_: None)
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: pytest.fail("it was begun"))

    def run(*options: str) -> str:
        with pytest.raises(SystemExit) as ended:
            # A port that is free whatever else listens here.
            main(["serve", "--root", str(tmp_path), "--port", "0", *options])
        told = capsys.readouterr()
        assert ended.value.code == 2
        assert told.err.startswith("silgeom serve: ")
        assert told.err.count("\n") == 1
        assert "Traceback" not in told.err
        return told.err

    return run


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "0.0.0.0"), "--token"),
        (("--host", "::"), "--token"),
        (("--host", ""), "--host"),
        (("--host", "no such host"), "--host"),
        (("--port", "70000"), "from 0 to 65,535"),
        (("--port", "http"), "--port"),
        (("--token", "short"), "8 to 200"),
        (("--token", "secret-secret", "--proxy-header", "X-User"), "not allowed"),
        (("--proxy-header", "X User"), "X-Forwarded-User"),
        (("--root", ""), "--root"),
        (("--log", "xml"), "--log"),
        (("--profiles",), "--token"),
        (("--profiles", "--token", "secret-secret"), "silgeom run profiles"),
        (("more",), "more"),
    ],
)
def test_options_that_would_do_harm_or_make_no_sense_are_refused(
    refused: Callable[..., str], options: tuple[str, ...], words: str
) -> None:
    assert words in refused(*options)


def test_a_token_that_is_refused_is_not_repeated(refused: Callable[..., str]) -> None:
    assert "geheim" not in refused("--token", "geheim")


def test_a_port_that_is_taken_is_a_sentence(refused: Callable[..., str]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "cannot be listened on" in refused("--port", str(port))


def test_without_the_extra_it_says_what_to_install(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    assert "pip install 'silgeom[web]'" in refused()


@pytest.mark.slow
def test_the_command_answers_until_it_is_stopped(root: SmallRoot) -> None:
    from urllib.request import urlopen

    root.put_board(NOON, {"query": "날씨"})
    argv = [sys.executable, "-m", "silgeom", "serve", "--root", str(root.folder), "--port", "0"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(argv, text=True, encoding="utf-8", **pipes) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split(" at ")[1].split(" ")[0]
        with urlopen(f"{address}api/trending", timeout=10) as answer:
            assert answer.status == 200
        with urlopen(f"{address}events", timeout=10) as events:  # does not keep it from ending
            assert events.readline() == b"event: board\r\n"
            server.terminate()
            assert server.wait(10) == 143
        assert server.stderr is not None
        assert server.stderr.read() == "silgeom serve: stopped by SIGTERM\n"
