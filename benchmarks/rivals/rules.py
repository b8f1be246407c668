"""What is asked of every engine: the defaults of the jobs, so that all answer one question.

The rows that are compared, each by its text:

* trending: `query`, `searchers`, `expected_searchers`, `score` of the 20 ranks of the last hour
  (which of them are surprises follows from the scores);
* related: `low`, `high` (two queries of one session), `sessions`, `searchers`, `significance`,
  where enough people have both (above 1,023 all `searchers` are the same: ours estimates them);
* autocomplete: `prefix` (spaces left out), `rank`, `query`, `weight`.

Written out rather than imported, so that no rival waits for our code to load; a test compares them.
"""

from typing import Final

ZONE: Final = "Asia/Seoul"
ZONE_SECONDS: Final = 9 * 3600

MIN_SEARCHERS: Final = 5
BASELINE_DAYS: Final = 14
RECENT_HOURS: Final = 72
RECENT_REACHED: Final = 0.5
TOP: Final = 20
LEAST_EXPECTED: Final = 0.5
DAYS_PER_BUSY_DAY: Final = 5
DISPERSION: Final = 0.02
USUAL_SHARE: Final = 0.5

GAP_SECONDS: Final = 30 * 60
MAX_QUERIES: Final = 50
#: Compared are pairs that are clearly no accident; the job shows some more.
MIN_SIGNIFICANCE: Final = 3.0

HALF_LIFE_DAYS: Final = 60.0
MAX_PREFIX: Final = 20
PER_PREFIX: Final = 10
