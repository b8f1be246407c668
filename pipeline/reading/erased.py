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

import polars as pl

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


def erased_rows(
    users: pl.Series, searched_at: pl.Series, erased: Erased, keys: UserKeys
) -> pl.Series:
    """Which rows are of a person that was erased at that time or later: boolean, never null.

    Args:
        users: as in the log; null is nobody.
        searched_at: UTC; a row without a time counts as old.
        erased: the list.
        keys: the root's.
    """
    different = users.unique().drop_nulls()
    until = [erased.until.get(mark_of(user, keys)) for user in different.to_list()]
    known = pl.DataFrame(
        {"user": different, "until": pl.Series(until, dtype=pl.Int64)}
    ).drop_nulls()
    rows = pl.DataFrame({"user": users, "second": searched_at.dt.epoch("s")})
    joined = rows.join(known, on="user", how="left", maintain_order="left")
    old = pl.col("second").is_null() | (pl.col("second") <= pl.col("until"))
    return joined.select((pl.col("until").is_not_null() & old).alias("erased")).to_series()
