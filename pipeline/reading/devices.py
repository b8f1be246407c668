"""What a log calls a device, or another segment of its users, as one short word.

The word may be anything a service uses (`mobile`, `app`, `members`), and never tells of a person:
it has no digits, so that no id, number or date is one, and nothing that an address needs.
"""

from typing import Final

import polars as pl

#: A longer text is no word for a device.
MAX_DEVICE_CHARACTERS: Final = 20

_WORD: Final = r"\A\p{L}[\p{L}\p{M}-]*\z"
#: How browsers and apps begin to name themselves.
_USER_AGENT: Final = r"(?i)\A(?:mozilla|opera|dalvik)/"
#: What is in the name of a browser, first match first; of Android without "mobile" it is a tablet.
_IN_USER_AGENTS: Final = (
    (r"(?i)bot\b|crawl|spider", None),
    (r"(?i)smart-?tv|appletv|googletv|\btv\b", "tv"),
    (r"(?i)ipad|tablet|kindle|silk/", "tablet"),
    (r"(?i)mobi|iphone|ipod", "mobile"),
    (r"(?i)android", "tablet"),
    (r"(?i)windows|macintosh|x11|linux|cros", "desktop"),
)
_SYNONYMS: Final = {
    **dict.fromkeys(("pc", "computer", "laptop", "데스크톱", "컴퓨터"), "desktop"),
    **dict.fromkeys(("phone", "smartphone", "handset", "모바일", "휴대폰"), "mobile"),
    "태블릿": "tablet",
}


def devices(texts: pl.Series) -> pl.Series:
    """The word of each text: lower case, spaces as hyphens; null: it is none, or too long.

    A browser's user agent is `mobile`, `tablet`, `desktop` or `tv`. Common names of these are one
    word each (`PC` is `desktop`).

    Examples:
        >>> devices(pl.Series(["PC", "Smart TV", "u-17", ""])).to_list()
        ['desktop', 'smart-tv', None, None]
    """
    if texts.null_count() == len(texts):
        return pl.repeat(None, len(texts), dtype=pl.String, eager=True)
    # A log has few different ones.
    text = pl.col("text")
    of_agents = pl.coalesce(
        *(
            pl.when(text.str.contains(pattern)).then(pl.lit(device or ""))
            for pattern, device in _IN_USER_AGENTS
        )
    )
    word = text.str.to_lowercase().str.strip_chars(" ").str.replace_all("[ _]+", "-")
    is_word = word.str.contains(_WORD) & (word.str.len_chars() <= MAX_DEVICE_CHARACTERS)
    known = (
        texts.unique()
        .drop_nulls()
        .to_frame("text")
        .with_columns(
            device=pl.when(text.str.contains(_USER_AGENT))
            .then(of_agents.replace("", None))
            .otherwise(pl.when(is_word).then(word.replace(_SYNONYMS)))
        )
    )
    named = texts.to_frame("text").join(known, on="text", how="left", maintain_order="left")
    return named["device"]
