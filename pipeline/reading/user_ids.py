"""Whose search it was, as a number that tells nobody who: `user_id`, a keyed hash of the user.

Pure functions on columns. They run inside workers with the keys in their closure: a plan shows
the name of a function, never its closure, where a literal stands in every plan, page and event log.

The keys, and what they make of one user, stand in silgeom/user_keys.py.
"""

from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from silgeom.user_keys import BLAKE2B as BLAKE2B
from silgeom.user_keys import SHA256 as SHA256
from silgeom.user_keys import USER_KEY as USER_KEY
from silgeom.user_keys import UserKey as UserKey
from silgeom.user_keys import UserKeys as UserKeys
from silgeom.user_keys import hashed_users, rehashed
from silgeom.user_keys import visible_user as visible_user

#: The datasets of days whose rows hold ids.
WITH_USER_IDS: Final = (
    "searches",
    "rejects",
    "daily_counts",
    "daily_pairs",
    "daily_devices",
    "daily_clicks",
    "keyword_clicks",
    "daily_addresses",
    "daily_keywords",
    "daily_interests",
    "interests",
    "members",
    "profiles",
)
#: How the columns are called that are sketches of people (counting/people.py): lists of ids.
SKETCH_SUFFIX: Final = "_sketch"

#: Users of these characters alone are as they should be.
_PLAIN_USERS: Final = r"\A[!-~가-힣]*\z"


def user_ids(users: pl.Series, keys: UserKeys) -> pl.Series:
    """The ids of users: String to Int64, spread evenly over all 64-bit numbers.

    Users that look alike are one person: those that differ by invisible characters, by the width or
    composition of letters, or by white space around them. Letter case tells people apart.

    Returns:
        Null for null and for a user of whom nothing is visible.
    """
    encoded = users.to_arrow().dictionary_encode()
    different = pl.Series(encoded.dictionary)
    odd = (~different.str.contains(_PLAIN_USERS)).arg_true()
    if len(odd):
        visible = [visible_user(user) for user in different.gather(odd).to_list()]
        different = different.scatter(odd, pl.Series(visible, dtype=pl.String))
    first, *later = keys.chain
    ids = hashed_users(different.cast(pl.Binary).to_list(), first)
    for key in later:
        ids = rehashed(ids, key)
    of_each = pl.DataFrame({"seen": different, "user_id": ids}).select(
        pl.when(pl.col("seen") != "").then("user_id")
    )
    return of_each.to_series().gather(pl.Series(encoded.indices))


def rekeyed_ids(ids: pa.Array, keys: UserKeys) -> pa.Array:
    """Ids made with all keys but the newest, as that one makes them: int64 to int64."""
    encoded = ids.dictionary_encode()
    old = encoded.dictionary.to_numpy(zero_copy_only=False).astype(np.int64)
    return pa.array(rehashed(old, keys.chain[-1])).take(encoded.indices)
