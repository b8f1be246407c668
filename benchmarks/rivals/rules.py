"""What is asked of every engine: the defaults of the jobs, so that all answer one question.

The rows that are compared, each by its text:

* trending: `query`, `searchers`, `expected_searchers`, `score` of the 20 ranks of the last hour;
* related: `low`, `high` (two queries of one session), `sessions`, `searchers`, `significance`,
  where enough people have both;
* autocomplete: `prefix` (spaces left out), `rank`, `query`, `weight`.
"""

import argparse
import math
from typing import Final

from jobs import autocomplete as autocomplete_job
from jobs import related as related_job
from jobs import trending as trending_job
from pipeline import trending
from pipeline.sessions import SESSION_SPILL_HOURS


def _defaults(parser: argparse.ArgumentParser) -> argparse.Namespace:
    return parser.parse_args([])


_TRENDING: Final = _defaults(trending_job.parser())
_RELATED: Final = _defaults(related_job.parser())
_AUTOCOMPLETE: Final = _defaults(autocomplete_job.parser())

ZONE: Final = "Asia/Seoul"
ZONE_SECONDS: Final = 9 * 3600

MIN_SEARCHERS: Final = _TRENDING.min_searchers
BASELINE_DAYS: Final = _TRENDING.baseline_days
HALF_LIFE_HOURS: Final = _TRENDING.half_life_hours
RECENT_HOURS: Final = math.ceil(trending.HALF_LIVES * HALF_LIFE_HOURS)
MIN_SCORE: Final = _TRENDING.min_score
TOP: Final = _TRENDING.top
LEAST_EXPECTED: Final = trending.LEAST_EXPECTED
DAYS_PER_BUSY_DAY: Final = trending.DAYS_PER_BUSY_DAY
DISPERSION: Final = trending.DISPERSION
USUAL_SHARE: Final = trending.USUAL_SHARE

GAP_SECONDS: Final = _RELATED.gap_minutes * 60
MAX_QUERIES: Final = _RELATED.max_queries
SPILL_HOURS: Final = SESSION_SPILL_HOURS
MIN_SIGNIFICANCE: Final = 3.0

HALF_LIFE_DAYS: Final = _AUTOCOMPLETE.half_life_days
MAX_PREFIX: Final = 20
PER_PREFIX: Final = _AUTOCOMPLETE.top
