"""Look-ups of the server: from an index that is kept, and swapped whole when results are others."""

import asyncio
from pathlib import Path

import pytest

from silgeom.lookups import FILE
from silgeom.web import answers
from silgeom.web.answers import folder_of_index
from silgeom.web.app import PATIENCE_SECONDS
from silgeom.web.following import Follower
from tests.web.roots import NOON, SmallRoot, client, results

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    found = SmallRoot(tmp_path / "root")
    found.put_board(NOON, {"query": "날씨"})
    return found


@pytest.fixture
def follower(root: SmallRoot, tmp_path: Path) -> Follower:
    return Follower(results(root), tmp_path / "index")


def look(follower: Follower) -> None:
    asyncio.run(follower.look())


def completed(follower: Follower, typed: str) -> list[str]:
    return [each.text for each in follower.shown.answers.complete(typed, 10)]


def test_the_next_start_finds_the_index_of_the_last(
    root: SmallRoot, follower: Follower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.put_completions({"카카오톡": 9})
    look(follower)
    monkeypatch.setattr(answers, "_build", lambda *_: pytest.fail("built once more"))
    later = Follower(results(root), tmp_path / "index")
    look(later)

    assert completed(later, "카캉") == ["카카오톡"]


def test_other_results_take_the_place_of_those_before(root: SmallRoot, follower: Follower) -> None:
    root.put_completions({"카카오톡": 9})
    look(follower)
    before = follower.shown.answers
    root.put_completions({"카카오뱅크": 9})
    root.put_related(("날씨", "related", "미세먼지"))
    look(follower)

    assert completed(follower, "카카오") == ["카카오뱅크"]
    assert [each.text for each in follower.shown.answers.related("날씨", 1)] == ["미세먼지"]
    # Who asked the one before still gets its answer.
    assert [each.text for each in before.complete("카카오", 5)] == ["카카오톡"]


def test_an_index_that_is_no_whole_one_is_built_again(
    root: SmallRoot, follower: Follower, tmp_path: Path
) -> None:
    root.put_completions({"카카오톡": 9})
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / FILE).write_bytes(b"half of it")
    look(follower)

    assert completed(follower, "카카오") == ["카카오톡"]


def test_large_results_are_read_by_a_process_of_its_own(
    root: SmallRoot, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.put_completions({"카카오톡": 9, "카카오": 4})
    root.put_related(("날씨", "related", "미세먼지"))
    monkeypatch.setattr(answers, "LARGE_BYTES", 0)
    monkeypatch.setattr(answers, "_build", lambda *_: pytest.fail("built in this process"))
    look(follower)

    assert follower.trouble is None
    assert completed(follower, "카카오") == ["카카오톡"]  # four people are too few
    assert [each.text for each in follower.shown.answers.related("날씨", 1)] == ["미세먼지"]


def test_boards_go_on_while_a_large_index_is_built(
    root: SmallRoot, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.put_completions({"카카오톡": 9})
    told: list[str] = []

    async def scenario() -> None:
        is_building, is_built = asyncio.Event(), asyncio.Event()

        async def slow(*_: object) -> None:
            is_building.set()
            await is_built.wait()

        monkeypatch.setattr(answers, "_built_apart", slow)
        monkeypatch.setattr(answers, "LARGE_BYTES", 0)
        moved = asyncio.Event()
        follower.on_board(lambda shown: told.append(str(shown.board and shown.board.id)))
        following = asyncio.create_task(follower.follow())
        await is_building.wait()
        follower.on_board(lambda _: moved.set())
        root.put_board(NOON, {"query": "환율"})
        await asyncio.wait_for(moved.wait(), 20)
        assert not follower.has_looked.is_set()
        following.cancel()

    asyncio.run(scenario())
    assert len(told) == 2


def test_an_index_that_cannot_be_written_is_told_and_boards_are_shown(
    root: SmallRoot, follower: Follower, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root.put_completions({"카카오톡": 9})
    (tmp_path / "index").write_text("a file where the folder should be")
    look(follower)
    look(follower)

    assert follower.shown.board is not None
    assert follower.trouble == "look-ups cannot be read for now (LookupsError)"
    assert sum("tried again" in each for each in caplog.messages) == 1
    (tmp_path / "index").unlink()
    look(follower)
    assert follower.trouble is None
    assert completed(follower, "카카오") == ["카카오톡"]


def test_before_the_first_index_is_there_the_box_says_so(
    root: SmallRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("silgeom.web.app.PATIENCE_SECONDS", 0.01)
    assert PATIENCE_SECONDS > 1
    with client(root) as web:
        follower = web.app.state.server.follower  # type: ignore[attr-defined]
        follower.has_looked.clear()
        answer = web.get("/api/complete?q=카")
        board = web.get("/api/trending")
        follower.has_looked.set()

    assert answer.status_code == 503
    assert "prepared" in answer.json()["error"] or "준비" in answer.json()["error"]
    assert board.status_code == 200


@pytest.mark.parametrize("refused", [False, True])
def test_each_root_has_an_index_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    caches = tmp_path / "caches"
    if refused:
        caches.write_text("no folder can be made below a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    one, other = folder_of_index("file:///one"), folder_of_index("file:///other")

    assert one != other
    assert one.is_dir()
    assert (caches in one.parents) is not refused
