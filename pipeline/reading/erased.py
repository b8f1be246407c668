"""Who was erased, and until when: kept as a hash of its own, so that nobody comes back.

The log lies on in the landing folder and may be read again. A search of an erased person up to the
moment of the erasure is withheld as `erased`; what they search for afterwards counts again.

A mark is a keyed hash of the user under the oldest of the root's keys: it stays the same when a new
key is added, and no `user_id` can be told from it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.reading.user_ids import UserKeys, visible_user

ERASED: Final = "erased"
_PURPOSE: Final = b"erased"
_MARK_BYTES: Final = 16


@dataclass(frozen=True)
class Erased:
    """Those who were erased: mark -> UTC seconds of the last moment that is withheld."""

    until: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_text(cls, text: str) -> "Erased":
        """Read what `to_text` wrote.

        Raises:
            ValueError: it is something else.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("no list of erased people")
        times = {mark: datetime.fromisoformat(at) for mark, at in values.items()}
        return cls({mark: int(time.timestamp()) for mark, time in times.items()})

    def to_text(self) -> str:
        """JSON: mark -> ISO 8601 time in UTC."""
        times = {
            mark: datetime.fromtimestamp(second, UTC).isoformat()
            for mark, second in sorted(self.until.items())
        }
        return json.dumps(times, indent=0) + "\n"

    def with_users(self, users: Iterable[str], keys: UserKeys, at: datetime) -> "Erased":
        """The list with these users as well, erased at that moment."""
        second = int(at.timestamp())
        return Erased({**self.until, **{mark_of(user, keys): second for user in users}})


#: Where nobody was erased.
NOBODY: Final = Erased()


def mark_of(user: str, keys: UserKeys) -> str:
    """The mark of a user; of users that look alike it is the same."""
    return hashlib.blake2b(
        visible_user(user).encode(),
        digest_size=_MARK_BYTES,
        key=keys.chain[0].secret,
        person=_PURPOSE,
    ).hexdigest()


def erased_rows(users: pa.Array, searched_at: pa.Array, erased: Erased, keys: UserKeys) -> pa.Array:
    """Which rows are of a person that was erased at that time or later: boolean, never null.

    Args:
        users: as in the log; null is nobody.
        searched_at: UTC; a row without a time counts as old.
        erased: the list.
        keys: the root's.
    """
    encoded = users.dictionary_encode()
    until_of = [
        erased.until.get(mark_of(user, keys)) if user else None
        for user in encoded.dictionary.to_pylist()
    ]
    until = pa.array(until_of, pa.int64()).take(encoded.indices)
    seconds = pc.divide(pc.cast(searched_at, pa.timestamp("us", "UTC")).cast(pa.int64()), 1_000_000)
    seconds = pc.fill_null(seconds, np.iinfo(np.int64).min)
    return pc.fill_null(pc.less_equal(seconds, until), False)
