"""The file of a root's keys: made once, readable by its owner alone, missed when it is gone."""

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import RootError
from pipeline.reading.user_ids import UserKeys, user_ids
from pipeline.store.root import open_root
from pipeline.store.state import DayVersion
from tests.factories import HERE


def no_words(_: str) -> None:
    """Nothing is said where nothing has to be waited for."""


def keys_of(path: Path, *, days: bool = False) -> UserKeys:
    with open_root(HERE, str(path), say=no_words) as root:
        if days:
            root.state.days = {"2026-03-02": DayVersion(1, 1, 1, "2026-03-02T00:00:00+00:00")}
        return root.user_keys()


def test_a_new_root_gets_a_key_that_stays_and_that_others_cannot_read(tmp_path: Path) -> None:
    keys = keys_of(tmp_path / "root")

    assert keys_of(tmp_path / "root") == keys
    assert (tmp_path / "root" / "_user_key").stat().st_mode & 0o777 == 0o600
    assert keys_of(tmp_path / "other") != keys


def test_a_key_that_is_gone_is_not_made_anew_where_there_are_searches(tmp_path: Path) -> None:
    keys_of(tmp_path)
    (tmp_path / "_user_key").unlink()

    with pytest.raises(RootError, match=r"_user_key is gone.*from a backup.*new --root") as caught:
        keys_of(tmp_path, days=True)

    assert "\n" not in str(caught.value)
    assert not (tmp_path / "_user_key").exists()


@pytest.mark.parametrize("dataset", ["rejects", "daily_counts", "daily_pairs"])
def test_nor_where_there_are_counts_that_no_state_tells_of(tmp_path: Path, dataset: str) -> None:
    folder = tmp_path / dataset / "dt=2026-03-02"
    folder.mkdir(parents=True)
    (folder / "part-00000.parquet").write_bytes(b"rows")

    with pytest.raises(RootError, match="is gone"):
        keys_of(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"ab" * 31,
        b"blake2b " + b"ab" * 31,
        b"zz" * 32,
        b"\xff\xfe\x00key",
        b"\x00" * 64,
    ],
    ids=["empty", "blank", "truncated", "truncated with name", "no hex", "no utf-8", "zeros"],
)
def test_a_damaged_key_is_told_in_a_sentence_and_left_alone(tmp_path: Path, content: bytes) -> None:
    tmp_path.joinpath("_user_key").write_bytes(content)

    with pytest.raises(RootError, match=r"_user_key is damaged.*from a backup") as caught:
        keys_of(tmp_path)

    assert "\n" not in str(caught.value)
    assert "abab" not in str(caught.value)
    assert (tmp_path / "_user_key").read_bytes() == content


def test_a_key_of_before_is_still_a_key(tmp_path: Path) -> None:
    # Written by an older version: hexadecimal digits and nothing else. What Spark makes of
    # xxhash64(sha2(concat(key, 'u1'), 256)) is the id that its searches have.
    (tmp_path / "_user_key").write_text("ab" * 32)

    ids = user_ids(pl.Series(["u1"]), keys_of(tmp_path, days=True))

    assert ids.to_list() == [-8234995375342029665]
