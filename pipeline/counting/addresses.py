"""Which addresses people click for which queries, by day.

Like days (`days.py`), clicks are counted for some people first (`counted`) and then added up.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from pipeline.columns import DAILY_ADDRESSES
from pipeline.counting.people import SKETCH_SIZE
from pipeline.language.queries import ids

_KEY: Final = ["query_id", "address_id"]


def plain_addresses(addresses: pl.Series) -> pl.Series:
    """Addresses without what does not tell pages apart: scheme, www., fragment, last slash.

    The host is in lower case; what follows it may tell pages apart by case.

    >>> plain_addresses(pl.Series(["https://www.Shop.kr/Shoes/#top", "shop.kr/Shoes"])).to_list()
    ['shop.kr/Shoes', 'shop.kr/Shoes']
    """
    bare = (
        addresses.str.strip_chars()
        .str.replace(r"^(?i)(?:[a-z][a-z0-9+.-]*:)?//", "")
        .str.replace(r"#.*$", "")
        .str.replace(r"/+$", "")
    )
    host = bare.str.extract(r"^([^/?]*)").str.to_lowercase().str.replace(r"^www\.", "")
    rest = bare.str.replace(r"^[^/?]*", "")
    return (host + rest).alias("address")


def hosts(addresses: pl.Series) -> pl.Series:
    """The hosts of `plain_addresses`, without a port or a name to log in with."""
    host = addresses.str.extract(r"^([^/?]*)").str.replace(r"^.*@", "").str.replace(r":\d*$", "")
    return host.alias("host")


def counted(searches: pl.DataFrame) -> pl.DataFrame:
    """Count the clicks of some people on one day.

    Args:
        searches: `user_id`, `query_id`, `clicked_url` (null: no click), a row a search.

    Returns:
        `DAILY_ADDRESSES` of these people. Parts of different people add up.
    """
    clicks = searches.filter(pl.col("clicked_url").is_not_null())
    names = clicks.select("clicked_url").unique()
    plain = plain_addresses(names["clicked_url"])
    names = names.with_columns(plain, address_id=ids(plain), host=hosts(plain))
    named = clicks.join(names.filter(pl.col("host") != ""), on="clicked_url")
    of_address = named.group_by(_KEY).agg(
        pl.col("host").min(),
        clicks=pl.len().cast(pl.Int64),
        searchers_sketch=pl.col("user_id").unique().sort().head(SKETCH_SIZE),
    )
    return of_address.sort(_KEY).select(*DAILY_ADDRESSES)


def added_up(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """What several groups of people come to together."""
    if len(parts) == 1:
        return parts[0]
    people = pl.col("searchers_sketch").explode(empty_as_null=False)
    together = (
        pl.concat(parts)
        .group_by(_KEY)
        .agg(
            pl.col("host").min(),
            pl.col("clicks").sum(),
            searchers_sketch=people.unique().sort().head(SKETCH_SIZE),
        )
    )
    return together.sort(_KEY).select(*DAILY_ADDRESSES)
