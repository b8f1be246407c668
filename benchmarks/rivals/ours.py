"""What our own run left under its root, as the rows that are compared (see rules.py).

    python -m benchmarks.rivals.ours trending|related|autocomplete ROOT RESULT.parquet

Our jobs do more than is compared: they know robots, personal data, variants, slips and corrections.
"""

import sys
from typing import Final

import duckdb

from benchmarks.rivals import rules
from benchmarks.rivals.duckdb_sql import TESTED


def _newest(dataset: str, *columns: str, files: str) -> str:
    """The rows of the newest partition: a root that was run before has older ones."""
    path = f"$root || '/{dataset}/{files}'"
    return f"""
SELECT {", ".join(columns)} FROM read_parquet({path}, filename = true, hive_partitioning = false)
WHERE parse_dirpath(filename) = (SELECT max(parse_dirpath(file)) FROM glob({path}))"""


TRENDING: Final = (
    _newest("trending", "query", "searchers", "expected_searchers", "score", files="*/*/*.parquet")
    + " ORDER BY rank"
)

#: The stored pairs, of which `related` is made: its order is our own, its counts are not.
RELATED: Final = f"""
WITH stored AS (SELECT * FROM read_parquet($root || '/daily_pairs/*/*.parquet')),
names AS (SELECT DISTINCT query_id, query FROM read_parquet($root || '/daily_counts/*/*.parquet')),
alone AS (
    SELECT query, sum(sessions)::BIGINT AS n FROM stored JOIN names ON query_id = first_id
    WHERE first_id = second_id GROUP BY query
),
total AS (SELECT sum(opened)::BIGINT AS n FROM stored),
pairs AS (
    SELECT least(a.query, b.query) AS low, greatest(a.query, b.query) AS high,
        sum(sessions)::BIGINT AS sessions,
        len(list_distinct(flatten(list(searchers_sketch)))) AS searchers
    FROM stored JOIN names a ON a.query_id = first_id JOIN names b ON b.query_id = second_id
    WHERE first_id <> second_id GROUP BY ALL
    HAVING sum(sessions) >= {rules.MIN_SEARCHERS} AND searchers >= {rules.MIN_SEARCHERS}
),
{TESTED}"""

AUTOCOMPLETE: Final = (
    _newest(
        "autocomplete",
        "prefix",
        "rank::BIGINT AS rank",
        "nfc_normalize(lower(completion)) AS query",
        "weight",
        files="*/*.parquet",
    )
    + " AND key_kind = 'keystrokes' AND prefix NOT LIKE '% ' ORDER BY prefix, rank"
)

STATEMENTS: Final = {"trending": TRENDING, "related": RELATED, "autocomplete": AUTOCOMPLETE}


def main() -> None:
    result, root, target = sys.argv[1:4]
    copy = f"COPY ({STATEMENTS[result]}) TO '{target}' (FORMAT parquet)"
    duckdb.execute(copy, {"root": root})


if __name__ == "__main__":
    main()
