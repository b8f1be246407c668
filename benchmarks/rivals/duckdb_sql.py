"""The three results in DuckDB, from the raw log, each in one statement.

python -m benchmarks.rivals.duckdb_sql trending|related|autocomplete LANDING RESULT.parquet
"""

import sys
from typing import Final

import duckdb

from benchmarks.rivals import rules

#: What every result begins with: who searched what when, spelled alike. User ids of this log are
#: numbers, and few queries have two spaces in a row.
SEARCHES: Final = f"""
    SELECT
        epoch(time)::BIGINT + {rules.ZONE_SECONDS} AS clock,
        person,
        nfc_normalize(lower(trim(
            CASE WHEN contains(query, '  ') THEN regexp_replace(query, ' +', ' ', 'g')
            ELSE query END
        ))) AS query
    FROM read_csv(
        $landing, delim = '\t', quote = '', escape = '', header = false,
        columns = {{'time': 'TIMESTAMPTZ', 'person': 'BIGINT', 'query': 'VARCHAR'}}
    )"""

_SEASON: Final = ", ".join(
    f"coalesce(sum(searchers) FILTER (age = {24 * day}), 0)"
    for day in range(1, rules.BASELINE_DAYS + 1)
)
#: Variance of a habit beyond that of chance; and its inverse.
_D, _SIZE = rules.DISPERSION, 1 / rules.DISPERSION

TRENDING: Final = f"""
WITH searches AS ({SEARCHES}),
people AS (
    SELECT DISTINCT clock // 3600 AS hour, clock // 86400 AS day, query, person FROM searches
),
firsts AS (SELECT person, day, query, min(hour) AS first FROM people GROUP BY ALL),
-- From this hour of the day on a person has typed two queries: faster than a window a person.
seconds AS (SELECT person, day, min(first, 2)[2] AS since FROM firsts GROUP BY ALL),
judged AS (
    SELECT hour, query, coalesce(since <= hour, false) AS also
    FROM people JOIN seconds USING (person, day)
),
hourly AS (
    SELECT hour, query, count(*) AS searchers, count(*) FILTER (also) AS also
    FROM judged GROUP BY ALL
),
aged AS (
    SELECT query, searchers, also, (SELECT max(hour) FROM hourly) - hour AS age FROM hourly
),
shown AS (SELECT query FROM aged WHERE age = 0 AND searchers >= {rules.MIN_SEARCHERS}),
cells AS (
    SELECT query, age, searchers, also FROM aged SEMI JOIN shown USING (query)
    UNION ALL
    SELECT NULL, age, sum(searchers), sum(also) FROM aged GROUP BY age
),
past AS (
    SELECT query,
        sum(searchers) FILTER (age = 0) AS searchers,
        sum(also) FILTER (age = 0) AS also,
        [{_SEASON}] AS season
    FROM cells GROUP BY query
),
sampled AS (
    SELECT age, searchers AS everybody FROM cells
    WHERE query IS NULL AND age BETWEEN 1 AND {rules.RECENT_HOURS}
),
recent AS (
    SELECT query,
        list_sort(list(searchers / everybody), 'DESC')[
            (SELECT ceil(count(*) * {rules.RECENT_REACHED})::INT FROM sampled)
        ] AS share
    FROM cells JOIN sampled USING (age) WHERE query IS NOT NULL GROUP BY query
),
expected AS (
    SELECT mine.query, mine.searchers,
        list_transform(
            list_zip(mine.season, alls.season),
            lambda d: d[1] * alls.searchers / nullif(d[2], 0)
        ) AS days,
        list_sort(list_filter(days, lambda d: d IS NOT NULL)) AS known,
        greatest(
            known[len(known) - ceil(len(known) / {rules.DAYS_PER_BUSY_DAY})::INT + 1],
            least(days[7], days[14]),
            recent.share * alls.searchers,
            {rules.LEAST_EXPECTED}
        ) AS e,
        least(
            mine.searchers,
            (mine.also + 1) / nullif({rules.USUAL_SHARE} * alls.also / alls.searchers, 0)
        ) AS x
    FROM past AS mine JOIN past AS alls ON mine.query IS NOT NULL AND alls.query IS NULL
    LEFT JOIN recent ON recent.query = mine.query
),
scored AS (
    SELECT query, searchers::BIGINT AS searchers, e AS expected_searchers,
        sign(x - e) * sqrt(greatest(
            2 * (x * ln(x / e) - (x + {_SIZE}) * ln((1 + {_D} * x) / (1 + {_D} * e))), 0
        )) AS score
    FROM expected WHERE x >= {rules.MIN_SEARCHERS}
)
SELECT query, searchers, expected_searchers, score FROM scored
WHERE score > 0 AND searchers >= expected_searchers + 1
ORDER BY score DESC, searchers DESC, query LIMIT {rules.TOP}"""


def _entropy(*counts: str) -> str:
    def xlogx(count: str) -> str:
        return f"CASE WHEN ({count}) > 0 THEN ({count}) * ln({count}) ELSE 0 END"

    total = xlogx(" + ".join(counts))
    return f"({total} - ({' + '.join(map(xlogx, counts))}))"


_K11, _K12, _K21 = "sessions", "(a.n - sessions)", "(b.n - sessions)"
_K22 = "(total.n - a.n - b.n + sessions)"
_RATIO: Final = (
    f"2 * ({_entropy(f'({_K11} + {_K12})', f'({_K21} + {_K22})')}"
    f" + {_entropy(f'({_K11} + {_K21})', f'({_K12} + {_K22})')}"
    f" - {_entropy(_K11, _K12, _K21, _K22)})"
)

#: From `pairs`, `alone` and `total` to what may be no accident.
TESTED: Final = f"""tested AS (
    SELECT low, high, sessions, searchers,
        CASE WHEN sessions * ({_K21} + {_K22}) < {_K21} * a.n THEN -1 ELSE 1 END
            * sqrt(greatest({_RATIO}, 0)) AS significance
    FROM pairs JOIN alone a ON low = a.query JOIN alone b ON high = b.query, total
)
SELECT * FROM tested WHERE significance >= {rules.MIN_SIGNIFICANCE} ORDER BY low, high"""

RELATED: Final = f"""
WITH searches AS ({SEARCHES}),
begins AS (
    SELECT *, coalesce(
        clock - lag(clock) OVER (PARTITION BY person ORDER BY clock, query) >= {rules.GAP_SECONDS},
        true
    ) AS is_first
    FROM searches
),
numbered AS (
    SELECT *, sum(is_first::INT) OVER (PARTITION BY person ORDER BY clock, query) AS session
    FROM begins
),
typed AS (SELECT person, session, query FROM numbered GROUP BY ALL),
short AS (
    SELECT person, session FROM typed GROUP BY ALL HAVING count(*) <= {rules.MAX_QUERIES}
),
kept AS (SELECT * FROM typed SEMI JOIN short USING (person, session)),
pairs AS (
    SELECT a.query AS low, b.query AS high, count(*) AS sessions,
        count(DISTINCT a.person) AS searchers
    FROM kept a JOIN kept b USING (person, session) WHERE a.query < b.query GROUP BY ALL
    HAVING count(DISTINCT a.person) >= {rules.MIN_SEARCHERS}
),
alone AS (SELECT query, count(*) AS n FROM kept GROUP BY query),
total AS (SELECT count(*) AS n FROM (SELECT DISTINCT person, session FROM kept)),
{TESTED}"""

AUTOCOMPLETE: Final = f"""
WITH searches AS ({SEARCHES}),
daily AS (SELECT DISTINCT clock // 86400 AS day, query, person FROM searches),
days AS (SELECT query, day, count(*) AS n FROM daily GROUP BY ALL),
people AS (
    SELECT query, count(*) AS searchers FROM (SELECT DISTINCT query, person FROM daily)
    GROUP BY query HAVING count(*) >= {rules.MIN_SEARCHERS}
),
weighed AS (
    SELECT query, any_value(searchers) AS searchers,
        sum(n * round(pow(2.0, -((SELECT max(day) FROM days) - day) / {rules.HALF_LIFE_DAYS})
            * 1000000)::BIGINT) / 1000000 AS weight
    FROM days JOIN people USING (query) GROUP BY query
),
prefixed AS (
    SELECT query, searchers, weight, unnest(list_transform(
        range(1, least(length(replace(query, ' ', '')), {rules.MAX_PREFIX}) + 1),
        lambda n: left(replace(query, ' ', ''), n)
    )) AS prefix
    FROM weighed
)
SELECT prefix, row_number() OVER best AS rank, query, weight FROM prefixed
WINDOW best AS (PARTITION BY prefix ORDER BY weight DESC, searchers DESC, query)
QUALIFY rank <= {rules.PER_PREFIX} ORDER BY prefix, rank"""

STATEMENTS: Final = {"trending": TRENDING, "related": RELATED, "autocomplete": AUTOCOMPLETE}


def main() -> None:
    result, landing, target = sys.argv[1:4]
    copy = f"COPY ({STATEMENTS[result]}) TO '{target}' (FORMAT parquet)"
    duckdb.execute(copy, {"landing": f"{landing}/*.tsv"})


if __name__ == "__main__":
    main()
