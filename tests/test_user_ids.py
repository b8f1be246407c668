"""Users to ids: who is one person, what a key does, and what a new key does to old ids."""

import pickle
import unicodedata

import polars as pl
import pyarrow as pa
import pytest

from pipeline.reading.user_ids import BLAKE2B, SHA256, UserKey, UserKeys, rekeyed_ids, user_ids

KEYS = UserKeys((UserKey(BLAKE2B, bytes(range(32))),))
OLD = UserKeys((UserKey(SHA256, bytes(range(32))),))


def ids(*users: str | None, keys: UserKeys = KEYS) -> list[int | None]:
    found: list[int | None] = user_ids(pl.Series(users, dtype=pl.String), keys).to_list()
    return found


def test_a_user_has_one_id_and_others_have_others() -> None:
    one, again, other = ids("u1", "u1", "u2")

    assert one == again != other


@pytest.mark.parametrize(
    "same",
    [
        *("민수\u200bkim", "\ufeff민수kim", "민수\u200dkim", "민\u00ad수kim", "민수kim\u202c"),
        *("\u2066민수kim\u2069", "민수\ufe0fkim", "민수kim\U000e0101", "민수\u3164kim"),
        *("민수\x00kim", "\x1b민수kim", "민수\U000e0041kim"),
        *("민수ｋｉｍ", " 민수kim", "민수kim\u3000", "\t민수kim\u00a0"),
        *(unicodedata.normalize("NFD", "민수kim"), "\u3000" + "민수\u2060ｋim"),
    ],
)
def test_users_that_look_alike_are_one_person(same: str) -> None:
    assert ids(same) == ids("민수kim")


def test_users_that_look_different_are_different_people() -> None:
    users = ["minsu", "Minsu", "MINSU", "min su", "min-su", "minsu1", "minsu¹", "minsú", "민수"]

    assert len(set(ids(*users))) == len(users)


def test_nobody_is_a_user_of_whom_nothing_is_visible() -> None:
    assert ids(None, "", " ", "\u200b", "\u3000\ufeff", "u1")[:-1] == [None] * 5
    assert ids() == []


def test_ids_are_spread_over_all_numbers() -> None:
    # Sketches tell from the least ids how many there are: a quarter lies in each quarter.
    found = ids(*(f"u{number}" for number in range(4000)))

    quarters = [0, 0, 0, 0]
    for each in found:
        assert each is not None
        quarters[(each + 2**63) // 2**62] += 1
    assert all(900 < quarter < 1100 for quarter in quarters)  # 1,000 ± 3.6 sigmas


def test_another_key_gives_other_ids() -> None:
    assert ids("u1") != ids("u1", keys=UserKeys.new())
    assert UserKeys.new() != UserKeys.new()


@pytest.mark.parametrize("keys", [KEYS, OLD, KEYS.rotated()], ids=["new", "old", "twice"])
def test_old_ids_become_the_ids_that_users_have_under_the_new_key(keys: UserKeys) -> None:
    users = [f"u{number}" for number in range(100)]
    rotated = keys.rotated()

    old, new = ids(*users, keys=keys), ids(*users, keys=rotated)

    assert rekeyed_ids(pa.array(old), rotated).to_pylist() == new
    assert not set(old) & set(new)


def test_the_first_key_of_an_old_root_gives_the_ids_that_it_has() -> None:
    # How users were hashed before: by Spark, from the key's hexadecimal digits and the user. These
    # are from Spark 4.2.1: xxhash64(sha2(concat('000102…1f', user), 256)).
    made = {
        "u1": -151194065364035330,
        "민수": -7300086527224665488,
        "kim@example.com": -3509661204586867413,
        "x" * 300: 308867586886720339,
    }

    assert ids(*made, keys=OLD) == list(made.values())


def test_keys_are_read_as_they_were_written() -> None:
    for keys in (KEYS, OLD, OLD.rotated().rotated()):
        assert UserKeys.from_text(keys.to_text()) == keys
        assert UserKeys.from_text(keys.to_text().replace("\n", "\r\n")) == keys
    assert UserKeys.from_text(OLD.chain[0].secret.hex()) == OLD  # as an old root has it


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", "nonsense", "ab" * 31, "ab" * 33, "zz" * 32, f"md5 {'ab' * 32}"),
        f"{BLAKE2B} {'ab' * 32}\n{BLAKE2B} {'ab' * 10}",
        f"{BLAKE2B} {'ab' * 32}\n{SHA256} {'cd' * 32}",
    ],
)
def test_a_damaged_key_is_no_key_and_is_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="not a chain of user keys") as caught:
        UserKeys.from_text(text)
    assert "ab" * 5 not in str(caught.value)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        UserKey(BLAKE2B, b"short")


def test_nothing_that_is_printed_shows_a_key() -> None:
    keys = UserKeys.new()
    secret = keys.chain[0].secret

    for shown in (repr(keys), str(keys), f"{keys.chain[0]!r}"):
        assert secret.hex() not in shown
        assert repr(secret)[2:12] not in shown
    assert pickle.loads(pickle.dumps(keys)) == keys  # it travels to the workers all the same
