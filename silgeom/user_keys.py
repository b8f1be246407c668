"""The keys of user ids, and what they make of one user: numpy and the standard library alone.

`pipeline.reading.user_ids` does the same to columns, by these functions. A key can be replaced
though the users themselves are gone with their logs: the new id is a hash of the old id under the
new key. So a root has a chain of keys, and an id is the user hashed under each of them in turn. Who
has an old key, but not the newest one, cannot tell a user from an id.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from silgeom.text import INVISIBLE, JOINER, SPACES, WIDTHS

#: The file of the keys in a root.
USER_KEY: Final = "_user_key"

KEY_BYTES: Final = 32
#: How a user or an older id is hashed under a key. Roots made before there was a choice hash users
#: with SHA-256 and keep 64 bits of it by xxHash64; their key stands in the file without a name.
BLAKE2B: Final = "blake2b"
SHA256: Final = "sha256"

_KEY_LINE: Final = re.compile(rf"(?:({BLAKE2B}|{SHA256}) )?([0-9a-fA-F]{{{2 * KEY_BYTES}}})")

#: Users of these characters alone are as they should be: a look instead of a translation.
_PLAIN_USER: Final = re.compile(r"[!-~가-힣]*", re.ASCII)
_TO_PLAIN: Final = str.maketrans(
    WIDTHS | dict.fromkeys(SPACES, " ") | dict.fromkeys(INVISIBLE + JOINER, "")
)


@dataclass(frozen=True)
class UserKey:
    """One key and how it is used; neither its text nor a trace shows the secret."""

    hashing: str  #: `BLAKE2B`, or `SHA256` for the first key of an old root
    secret: bytes = field(repr=False)  #: `KEY_BYTES` of it

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a user key must have {KEY_BYTES} bytes")


@dataclass(frozen=True)
class UserKeys:
    """The chain of a root's keys, the oldest first."""

    chain: tuple[UserKey, ...]

    @classmethod
    def new(cls) -> "UserKeys":
        """A chain of one random key."""
        return cls((UserKey(BLAKE2B, secrets.token_bytes(KEY_BYTES)),))

    @classmethod
    def from_text(cls, text: str) -> "UserKeys":
        """Read what `to_text` wrote, or the single key of an old root.

        Raises:
            ValueError: it is something else; the message does not show it.
        """
        lines = [line.strip() for line in text.strip().split("\n")]
        matches = [_KEY_LINE.fullmatch(line) for line in lines]
        keys = [UserKey(found[1] or SHA256, bytes.fromhex(found[2])) for found in matches if found]
        if not keys or len(keys) < len(matches) or any(k.hashing != BLAKE2B for k in keys[1:]):
            raise ValueError("not a chain of user keys")
        return cls(tuple(keys))

    def to_text(self) -> str:
        """One line a key, the oldest first: how it hashes, and 64 hexadecimal digits."""
        return "".join(f"{key.hashing} {key.secret.hex()}\n" for key in self.chain)

    def rotated(self) -> "UserKeys":
        """The chain with a new random key at its end: see `rekeyed_ids`."""
        return UserKeys((*self.chain, *UserKeys.new().chain))


def user_id(user: str, keys: UserKeys) -> int | None:
    """The id of one user, as `pipeline.reading.user_ids` gives it; None: nothing of it is visible.

    Users that look alike are one person: see `visible_user`.
    """
    seen = visible_user(user)
    if not seen:
        return None
    first, *later = keys.chain
    ids = hashed_users([seen.encode()], first)
    for key in later:
        ids = rehashed(ids, key)
    return int(ids[0])


def visible_user(user: str | None) -> str:
    """A user as people see it: of those that look alike it is the same; "" of nobody."""
    if user is None or _PLAIN_USER.fullmatch(user):
        return user or ""
    return unicodedata.normalize("NFC", user.translate(_TO_PLAIN)).strip(" ")


def hashed_users(users: Sequence[bytes], key: UserKey) -> npt.NDArray[np.int64]:
    """The ids of visible users (UTF-8) under the first key of a chain."""
    if key.hashing == BLAKE2B:
        blake2b, secret = hashlib.blake2b, key.secret
        hashed = b"".join([blake2b(user, digest_size=8, key=secret).digest() for user in users])
        return np.frombuffer(hashed, dtype="<i8").astype(np.int64)
    start = hashlib.sha256(key.secret.hex().encode())
    digests = []
    for user in users:
        of_user = start.copy()
        of_user.update(user)
        digests.append(of_user.hexdigest().encode())
    return _xxhash64(b"".join(digests))


def rehashed(ids: npt.NDArray[np.int64], key: UserKey) -> npt.NDArray[np.int64]:
    """Ids under the next key of a chain."""
    return hashed_users([number.tobytes() for number in ids.astype("<i8")], key)


def _xxhash64(texts: bytes) -> npt.NDArray[np.int64]:
    """Spark's xxhash64 of texts of 64 bytes each: https://xxhash.com, with the seed 42."""
    one, two, three, four = (
        np.uint64(0x9E3779B185EBCA87),
        np.uint64(0xC2B2AE3D27D4EB4F),
        np.uint64(0x165667B19E3779F9),
        np.uint64(0x85EBCA77C2B2AE63),
    )
    seed = np.uint64(42)
    lanes = np.frombuffer(texts, dtype="<u8").astype(np.uint64).reshape(-1, 2, 4)

    def turned(values: npt.NDArray[np.uint64], bits: int) -> npt.NDArray[np.uint64]:
        return (values << np.uint64(bits)) | (values >> np.uint64(64 - bits))

    with np.errstate(over="ignore"):
        start = np.array([seed + one + two, seed + two, seed, seed - one], dtype=np.uint64)
        rows: npt.NDArray[np.uint64] = np.broadcast_to(start, (len(lanes), 4))
        for stripe in (0, 1):
            rows = turned(rows + lanes[:, stripe] * two, 31) * one
        total: npt.NDArray[np.uint64] = np.zeros(len(lanes), dtype=np.uint64)
        for lane, bits in enumerate((1, 7, 12, 18)):
            total = total + turned(rows[:, lane], bits)
        for lane in range(4):
            total = (total ^ turned(rows[:, lane] * two, 31) * one) * one + four
        total = total + np.uint64(64)
        total = (total ^ (total >> np.uint64(33))) * two
        total = (total ^ (total >> np.uint64(29))) * three
        total = total ^ (total >> np.uint64(32))
    return total.view(np.int64)
