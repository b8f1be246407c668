"""The columns of the datasets as Polars has them; what they mean stands in `pipeline.schemas`."""

from collections.abc import Mapping
from typing import Final

import polars as pl
import pyarrow as pa

from pipeline import schemas

Columns = Mapping[str, pl.DataType]


def _columns(schema: pa.Schema) -> Columns:
    return {name: kind for name, kind in pl.Schema(schema).items()}


SEARCHES: Final = _columns(schemas.SEARCHES)
REJECTS: Final = _columns(schemas.REJECTS)
HOURLY_COUNTS: Final = _columns(schemas.HOURLY_COUNTS)
DAILY_COUNTS: Final = _columns(schemas.DAILY_COUNTS)
DAILY_PAIRS: Final = _columns(schemas.DAILY_PAIRS)
WORDS: Final = _columns(schemas.WORDS)
QUERY_KEYWORDS: Final = _columns(schemas.QUERY_KEYWORDS)
DAILY_KEYWORDS: Final = _columns(schemas.DAILY_KEYWORDS)
HOURLY_KEYWORDS: Final = _columns(schemas.HOURLY_KEYWORDS)
DAILY_DEVICES: Final = _columns(schemas.DAILY_DEVICES)
DAILY_CLICKS: Final = _columns(schemas.DAILY_CLICKS)
KEYWORD_CLICKS: Final = _columns(schemas.KEYWORD_CLICKS)
TOPICS: Final = _columns(schemas.TOPICS)
DAILY_INTERESTS: Final = _columns(schemas.DAILY_INTERESTS)
INTERESTS: Final = _columns(schemas.INTERESTS)
MEMBERS: Final = _columns(schemas.MEMBERS)
DAILY_ADDRESSES: Final = _columns(schemas.DAILY_ADDRESSES)
TRENDING: Final = _columns(schemas.TRENDING)
LIVE: Final = _columns(schemas.LIVE)
RELATED: Final = _columns(schemas.RELATED)
AUTOCOMPLETE: Final = _columns(schemas.AUTOCOMPLETE)
KEYWORD_TOOL: Final = _columns(schemas.KEYWORD_TOOL)
CO_CLICKED: Final = _columns(schemas.CO_CLICKED)
CATEGORIES: Final = _columns(schemas.CATEGORIES)
KEYWORDS: Final = _columns(schemas.KEYWORDS)
TRENDING_WORDS: Final = _columns(schemas.TRENDING_WORDS)
QUERY_ANALYTICS: Final = _columns(schemas.QUERY_ANALYTICS)
KEYWORD_ANALYTICS: Final = _columns(schemas.KEYWORD_ANALYTICS)
REFORMULATIONS: Final = _columns(schemas.REFORMULATIONS)
SEARCH_QUALITY: Final = _columns(schemas.SEARCH_QUALITY)
PATTERNS: Final = _columns(schemas.PATTERNS)
KEYWORD_PATTERNS: Final = _columns(schemas.KEYWORD_PATTERNS)
CHANGES: Final = _columns(schemas.CHANGES)
SEGMENTS: Final = _columns(schemas.SEGMENTS)
SEGMENT_TERMS: Final = _columns(schemas.SEGMENT_TERMS)
SEGMENT_TRENDING: Final = _columns(schemas.SEGMENT_TRENDING)
SEGMENT_RELATED: Final = _columns(schemas.SEGMENT_RELATED)
SEGMENT_AUTOCOMPLETE: Final = _columns(schemas.SEGMENT_AUTOCOMPLETE)
