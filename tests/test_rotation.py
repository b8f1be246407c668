"""A new key: ids change everywhere at once, and what is counted from them stays."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import RootError
from pipeline.reading.user_ids import UserKeys, user_ids
from pipeline.schemas import DAILY_COUNTS, DAILY_PAIRS, REJECTS, SEARCHES
from pipeline.store.root import open_root
from pipeline.store.rotation import rotate_key
from pipeline.store.state import DayVersion
from pipeline.store.storage import LocalStorage
from tests.factories import HERE

DAY, EXPIRED = "dt=2026-03-02", "dt=2026-01-01"
MANY = 3000


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of the process runs after it."""


def no_words(_: str) -> None:
    """Nothing is said where nothing has to be waited for."""


def opened(path: Path) -> Any:  # noqa: ANN401
    return open_root(HERE, str(path), say=no_words)


def ids(keys: UserKeys, *users: str) -> list[int]:
    return list(user_ids(pl.Series(users, dtype=pl.String), keys).to_list())


def sketch(keys: UserKeys, users: list[str]) -> list[int]:
    return sorted(ids(keys, *users))[:1024]


CROWD = [f"u{number}" for number in range(MANY)]


def search(user_id: int, query_id: int = 7) -> dict[str, Any]:
    return {
        **{"searched_at": datetime(2026, 3, 2, tzinfo=UTC), "user_id": user_id},
        **{"query_id": query_id, "query": "날씨", "surface": "날씨", "clicked_url": None},
        **{"clicked_rank": None, "source": "file:///log.tsv"},
        **{"result_count": None, "click_seconds": None, "device": None, "is_click": None},
    }


def put(path: Path, dataset: str, partition: str, rows: list[dict[str, Any]], schema: Any) -> None:  # noqa: ANN401
    folder = path / dataset / partition
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.iterdir()))
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, folder / f"part-{number:05d}.parquet")


def count(keys: UserKeys, query_id: int, users: list[str]) -> dict[str, Any]:
    return {
        **{"query_id": query_id, "query": "날씨", "surface": "날씨", "searchers": len(users)},
        **{"searchers_sketch": sketch(keys, users), "searches": len(users), "variant_id": 1},
        "ending_ids": [],
    }


def pair(keys: UserKeys, second: int, users: list[str] | None) -> dict[str, Any]:
    return {
        **{"first_id": 7, "second_id": second, "sessions": 2, "opened": 0, "soon": 1},
        "searchers_sketch": None if users is None else sketch(keys, users),
        "seconds_between": 3.5,
    }


def fill(path: Path) -> UserKeys:
    """A root with a day at hand, of two files, and one whose searches have gone; its keys."""
    with opened(path) as root:
        keys: UserKeys = root.user_keys()
        kim, lee, robot = ids(keys, "kim", "lee", "robot")
        put(path, "searches", DAY, [search(kim), search(lee)], SEARCHES)
        put(path, "searches", DAY, [search(kim, 8)], SEARCHES)
        reject = {"source": "s", "line": 1, "reason": "bad_time", "text": "x", "search": None}
        put(path, "rejects", DAY, [reject, {**reject, "search": search(robot)}], REJECTS)
        put(path, "daily_counts", DAY, [count(keys, 7, ["kim", "lee"])], DAILY_COUNTS)
        expired = [count(keys, 7, CROWD), count(keys, 8, ["lee", "kim"])]
        put(path, "daily_counts", EXPIRED, expired, DAILY_COUNTS)
        pairs = [pair(keys, 8, ["kim"]), pair(keys, 7, None)]
        put(path, "daily_pairs", DAY, pairs, DAILY_PAIRS)
        with root.change() as change:
            root.state.days = {DAY[3:]: DayVersion(1, 1, 1, "2026-03-02T00:00:00+00:00")}
            change.state.days = root.state.days
            for dataset in ("daily_counts", "daily_pairs"):
                change.note_made_of(dataset, DAY, f"made of {dataset}")
    return keys


def rotate(path: Path) -> UserKeys:
    with opened(path) as root:
        keys: UserKeys = root.user_keys().rotated()
        with root.change() as change:
            rotate_key(change, keys)
    return keys


def rows(path: Path, dataset: str, partition: str) -> list[dict[str, Any]]:
    files = sorted((path / dataset / partition).glob("*.parquet"))
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def keys_of(path: Path) -> UserKeys:
    with opened(path) as root:
        keys: UserKeys = root.user_keys()
        return keys


def test_whatever_holds_ids_has_those_of_the_new_key(tmp_path: Path) -> None:
    fill(tmp_path)
    new = rotate(tmp_path)

    assert keys_of(tmp_path) == new
    kim, lee, robot = ids(new, "kim", "lee", "robot")
    found = {(row["user_id"], row["query_id"]) for row in rows(tmp_path, "searches", DAY)}
    assert found == {(kim, 7), (lee, 7), (kim, 8)}
    searches = [row["search"] for row in rows(tmp_path, "rejects", DAY)]
    assert searches == [None, search(robot)]
    assert rows(tmp_path, "daily_counts", DAY) == [count(new, 7, ["kim", "lee"])]
    assert rows(tmp_path, "daily_pairs", DAY) == [pair(new, 8, ["kim"]), pair(new, 7, None)]


def test_no_old_id_is_left_in_any_file(tmp_path: Path) -> None:
    old = fill(tmp_path)
    rotate(tmp_path)

    left = {id_.to_bytes(8, "little", signed=True) for id_ in ids(old, "kim", "lee", "robot")}
    for path in tmp_path.rglob("*.parquet"):
        table = pq.ParquetFile(path).read()
        plain = pa.BufferOutputStream()
        pq.write_table(table, plain, compression="none", use_dictionary=False)
        content = plain.getvalue().to_pybytes()
        assert not [each for each in left if each in content], path
    assert not (tmp_path / "_staging").exists()


def test_what_is_counted_is_up_to_date_as_before(tmp_path: Path) -> None:
    fill(tmp_path)
    rotate(tmp_path)

    with opened(tmp_path) as root:
        for dataset in ("daily_counts", "daily_pairs"):
            assert root.made_of(dataset, DAY) == f"made of {dataset}"


def test_a_full_sketch_of_searches_that_are_at_hand_is_counted_again(tmp_path: Path) -> None:
    keys = fill(tmp_path)
    put(tmp_path, "daily_counts", DAY, [count(keys, 9, CROWD)], DAILY_COUNTS)

    rotate(tmp_path)

    with opened(tmp_path) as root:
        assert root.made_of("daily_counts", DAY) is None
        assert root.made_of("daily_pairs", DAY) == "made of daily_pairs"


def test_a_full_sketch_whose_searches_have_gone_tells_too_few_people_never_too_many(
    tmp_path: Path,
) -> None:
    fill(tmp_path)
    new = rotate(tmp_path)

    first, second = rows(tmp_path, "daily_counts", EXPIRED)
    assert second["searchers_sketch"] == sketch(new, ["lee", "kim"])
    known = first["searchers_sketch"]
    assert len(known) == len(set(known)) == 1024
    assert known == sorted(known)
    assert set(known) <= set(ids(new, *CROWD))
    assert first["searchers"] == MANY  # exact, as it was
    below_last = (known[-1] + 2.0**63) / 2.0**64
    assert 1023 <= 1023 / below_last < 1030  # what a result makes of it


def test_two_new_keys_in_a_row(tmp_path: Path) -> None:
    fill(tmp_path)
    rotate(tmp_path)
    newest = rotate(tmp_path)

    assert rows(tmp_path, "daily_counts", DAY) == [count(newest, 7, ["kim", "lee"])]
    assert len(keys_of(tmp_path).chain) == 3
    assert (tmp_path / "_user_key").stat().st_mode & 0o777 == 0o600


def test_a_root_without_anything_gets_a_new_key_too(tmp_path: Path) -> None:
    old = keys_of(tmp_path)

    assert rotate(tmp_path).chain[:1] == old.chain
    assert len(keys_of(tmp_path).chain) == 2


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], bool]:
    """Kill at the given write, move or deletion; whether it came to that."""
    done, killed = 0, False

    def guarded(name: str) -> None:
        original = getattr(LocalStorage, name)

        def act(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            nonlocal done, killed
            if done >= step:
                killed = True
                raise KilledError
            done += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(LocalStorage, name, act)

    for name in ("replace", "delete", "write_bytes"):
        guarded(name)
    return lambda: killed


def consistent(path: Path) -> UserKeys:
    """The keys of a root, of which all that it holds must be made."""
    keys = keys_of(path)
    kim, lee, _ = ids(keys, "kim", "lee", "robot")
    found = {(row["user_id"], row["query_id"]) for row in rows(path, "searches", DAY)}
    assert found == {(kim, 7), (lee, 7), (kim, 8)}
    assert rows(path, "daily_counts", DAY) == [count(keys, 7, ["kim", "lee"])]
    assert rows(path, "daily_pairs", DAY)[0] == pair(keys, 8, ["kim"])
    return keys


@pytest.mark.usefixtures("no_power_cuts")
def test_killed_at_any_step_key_and_ids_belong_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = set()
    for step in range(200):
        path = tmp_path / str(step)
        fill(path)
        with monkeypatch.context() as patch:
            killed = kill_at(patch, step)
            try:
                rotate(path)
            except KilledError:
                assert killed()
        outcomes.add(len(consistent(path).chain))
        if not killed():
            break
    assert not killed()
    assert outcomes == {1, 2}  # before it was decided, and afterwards


def write_state_of_before(path: Path) -> None:
    about = {"layout": 2, "zone": "Asia/Seoul"}
    day = {"any": 1, "head": 1, "tail": 1, "newest": "2026-03-02T00:00:00+00:00"}
    (path / "_state.json").write_text(json.dumps({**about, "run": 1}))
    (path / "_days.json").write_text(json.dumps({**about, "days": {DAY[3:]: day}}))


def test_a_root_whose_key_stood_in_plans_gets_a_new_one_when_it_is_opened(tmp_path: Path) -> None:
    # As an older version left it: the key is its digits alone, users are hashed with SHA-256.
    secret = "ab" * 32
    old = UserKeys.from_text(secret)
    kim, lee = ids(old, "kim", "lee")
    put(tmp_path, "searches", DAY, [search(kim), search(lee)], SEARCHES)
    put(tmp_path, "daily_counts", DAY, [count(old, 7, ["kim", "lee"])], DAILY_COUNTS)
    (tmp_path / "_user_key").write_text(secret)
    write_state_of_before(tmp_path)

    new = keys_of(tmp_path)

    assert new.chain[0] == old.chain[0]
    assert len(new.chain) == 2
    assert keys_of(tmp_path) == new  # once, not at each opening
    kim, lee, _ = ids(new, "kim", "lee", "robot")
    assert {row["user_id"] for row in rows(tmp_path, "searches", DAY)} == {kim, lee}
    assert rows(tmp_path, "daily_counts", DAY) == [count(new, 7, ["kim", "lee"])]


def test_a_root_whose_key_is_lost_is_opened_and_told_when_the_key_is_needed(tmp_path: Path) -> None:
    put(tmp_path, "searches", DAY, [search(1)], SEARCHES)
    write_state_of_before(tmp_path)

    with opened(tmp_path) as root, pytest.raises(RootError, match="_user_key is gone"):
        root.user_keys()


def test_ids_stay_spread_over_all_numbers(tmp_path: Path) -> None:
    new = keys_of(tmp_path).rotated().rotated()
    found = np.array(ids(new, *CROWD), dtype=np.float64) / 2.0**64 + 0.5

    # Mean and variance of a uniform distribution; 5 sigmas of the means of 3,000.
    assert abs(found.mean() - 0.5) < 5 * (1 / 12 / MANY) ** 0.5
    assert abs(found.var() - 1 / 12) < 5 * (1 / 180 / MANY) ** 0.5
