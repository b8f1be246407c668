"""The three results in Polars, from the raw log, lazily and with the streaming engine.

python -m benchmarks.rivals.polars_lazy trending|related|autocomplete LANDING RESULT.parquet
"""

import sys
from collections.abc import Callable
from typing import Final

import polars as pl

from benchmarks.rivals import rules

_DAY: Final = 86_400


def searches(landing: str) -> pl.LazyFrame:
    """Who searched what when, spelled alike; `clock` in seconds of the reporting zone.

    User ids of this log are numbers.
    """
    read = pl.scan_csv(
        f"{landing}/*.tsv",
        separator="\t",
        has_header=False,
        quote_char=None,
        schema={"time": pl.String, "person": pl.Int64, "query": pl.String},
    )
    time = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="ms")
    query = pl.col("query").str.replace_all(" +", " ").str.strip_chars().str.to_lowercase()
    return read.select(
        (time.dt.epoch("s") + rules.ZONE_SECONDS).alias("clock"),
        "person",
        query.str.normalize("NFC").alias("query"),
    )


def trending(landing: str) -> pl.LazyFrame:
    """The board of the last hour."""
    people = (
        searches(landing)
        .select(hour=pl.col("clock") // 3600, query="query", person="person")
        .unique()
    )
    # Who typed another query by the end of an hour: from their first hour with a second query on.
    firsts = (
        people.group_by("person", pl.col("hour") // 24 * 24, "query", maintain_order=False)
        .agg(pl.col("hour").min().alias("first"))
        .rename({"hour": "day"})
    )
    both = (
        firsts.group_by("person", "day")
        .agg(pl.len().alias("queries"), pl.col("first").bottom_k(2).max().alias("second"))
        .select("person", "day", since=pl.when(pl.col("queries") > 1).then("second"))
    )
    hourly = (
        people.with_columns(day=pl.col("hour") // 24 * 24)
        .join(both, on=["person", "day"])
        .group_by("hour", "query")
        .agg(
            pl.len().cast(pl.Int64).alias("searchers"),
            (pl.col("since") <= pl.col("hour")).fill_null(False).sum().cast(pl.Int64).alias("also"),
        )
    )
    aged = hourly.with_columns(age=pl.col("hour").max() - pl.col("hour"))
    shown = aged.filter((pl.col("age") == 0) & (pl.col("searchers") >= rules.MIN_SEARCHERS)).select(
        "query"
    )
    past = _past(aged.join(shown, on="query", how="semi"), ["query"])
    alls = _past(
        aged.group_by("age").agg(pl.col("searchers", "also").sum()).with_columns(all=1), ["all"]
    )
    joined = past.join(alls.drop("all"), how="cross", suffix="_all").join(
        _recent(aged, shown), on="query", how="left"
    )
    days = [
        pl.when(pl.col(f"day{day}_all") > 0).then(
            pl.col(f"day{day}") * pl.col("searchers_all") / pl.col(f"day{day}_all")
        )
        for day in range(1, rules.BASELINE_DAYS + 1)
    ]
    known = pl.concat_list(days).list.drop_nulls().list.sort()
    size = known.list.len().cast(pl.Int64)
    busy = size - (size / rules.DAYS_PER_BUSY_DAY).ceil().cast(pl.Int64)
    expected = pl.max_horizontal(
        known.list.get(busy, null_on_oob=True),
        pl.min_horizontal(days[6], days[13]),
        pl.col("recent") * pl.col("searchers_all"),
        pl.lit(rules.LEAST_EXPECTED),
    )
    usual = rules.USUAL_SHARE * pl.col("also_all") / pl.col("searchers_all")
    believed = pl.min_horizontal("searchers", pl.when(usual > 0).then((pl.col("also") + 1) / usual))
    x, e, d = pl.col("x"), pl.col("expected_searchers"), rules.DISPERSION
    deviance = 2 * (x * (x / e).log() - (x + 1 / d) * ((1 + d * x) / (1 + d * e)).log())
    return (
        joined.with_columns(expected_searchers=expected, x=believed)
        .with_columns(score=(x - e).sign() * pl.max_horizontal(deviance, 0.0).sqrt())
        .filter((pl.col("score") > 0) & (x >= rules.MIN_SEARCHERS) & (pl.col("searchers") >= e + 1))
        .select("query", "searchers", "expected_searchers", "score")
        .sort("score", "searchers", "query", descending=[True, True, False])
        .head(rules.TOP)
    )


def _past(cells: pl.LazyFrame, by: list[str]) -> pl.LazyFrame:
    age, searchers = pl.col("age"), pl.col("searchers")
    return cells.group_by(by).agg(
        *(
            searchers.filter(age == 24 * day).sum().alias(f"day{day}")
            for day in range(1, rules.BASELINE_DAYS + 1)
        ),
        searchers.filter(age == 0).sum().alias("searchers"),
        pl.col("also").filter(age == 0).sum().alias("also"),
    )


def _recent(aged: pl.LazyFrame, shown: pl.LazyFrame) -> pl.LazyFrame:
    """The share of all searches that half of the hours before reach."""
    hours = (
        aged.filter(pl.col("age").is_between(1, rules.RECENT_HOURS))
        .group_by("age")
        .agg(pl.col("searchers").sum().alias("everybody"))
        .with_columns(enough=(pl.len() * rules.RECENT_REACHED).ceil().cast(pl.Int64))
    )
    share = (pl.col("searchers") / pl.col("everybody")).sort(descending=True)
    return (
        aged.join(shown, on="query", how="semi")
        .join(hours, on="age")
        .group_by("query")
        .agg(recent=share.get(pl.col("enough").first() - 1, null_on_oob=True))
    )


def related(landing: str) -> pl.LazyFrame:
    """Pairs of queries in sessions, with their significance."""
    silence = pl.col("clock").diff().over("person")
    typed = (
        searches(landing)
        .sort("person", "clock", "query")
        .with_columns(begins=silence.is_null() | (silence >= rules.GAP_SECONDS))
        .with_columns(session=pl.col("begins").cast(pl.Int64).cum_sum())
        .select("person", "session", "query")
        .unique()
    )
    kept = typed.filter(pl.len().over("session") <= rules.MAX_QUERIES)
    pairs = (
        kept.join(kept.drop("person"), on="session", suffix="_high")
        .filter(pl.col("query") < pl.col("query_high"))
        .group_by(low="query", high="query_high")
        .agg(
            pl.len().cast(pl.Int64).alias("sessions"),
            pl.col("person").n_unique().cast(pl.Int64).alias("searchers"),
        )
        .filter(pl.col("searchers") >= rules.MIN_SEARCHERS)
    )
    alone = kept.group_by("query").agg(pl.len().cast(pl.Int64).alias("n"))
    total = kept.select(pl.col("session").n_unique().cast(pl.Int64).alias("total"))
    both, low, high = pl.col("sessions"), pl.col("n"), pl.col("n_high")
    k12, k21, k22 = low - both, high - both, pl.col("total") - low - high + both
    ratio = 2 * (
        _entropy(both + k12, k21 + k22)
        + _entropy(both + k21, k12 + k22)
        - _entropy(both, k12, k21, k22)
    )
    sign = pl.when(both * (k21 + k22) < k21 * low).then(-1).otherwise(1)
    return (
        pairs.join(alone, left_on="low", right_on="query")
        .join(alone, left_on="high", right_on="query", suffix="_high")
        .join(total, how="cross")
        .with_columns(significance=sign * pl.max_horizontal(ratio, 0.0).sqrt())
        .filter(pl.col("significance") >= rules.MIN_SIGNIFICANCE)
        .select("low", "high", "sessions", "searchers", "significance")
        .sort("low", "high")
    )


def _entropy(*counts: pl.Expr) -> pl.Expr:
    def xlogx(count: pl.Expr) -> pl.Expr:
        return pl.when(count > 0).then(count * count.log()).otherwise(0.0)

    return xlogx(sum(counts[1:], counts[0])) - sum(map(xlogx, counts[1:]), xlogx(counts[0]))


def autocomplete(landing: str) -> pl.LazyFrame:
    """The completions of every prefix."""
    daily = searches(landing).select("query", "person", day=pl.col("clock") // _DAY).unique()
    age = pl.col("day").max() - pl.col("day")
    weight = ((-age / rules.HALF_LIFE_DAYS * 0.6931471805599453).exp() * 1_000_000).round()
    keys = pl.col("query").str.replace_all(" ", "", literal=True)
    return (
        daily.with_columns(weight=weight.cast(pl.Int64))
        .group_by("query")
        .agg(
            pl.col("person").n_unique().cast(pl.Int64).alias("searchers"),
            (pl.col("weight").sum() / 1_000_000).alias("weight"),
        )
        .filter(pl.col("searchers") >= rules.MIN_SEARCHERS)
        .with_columns(keys=keys)
        .with_columns(
            length=pl.int_ranges(
                1, pl.min_horizontal(pl.col("keys").str.len_chars(), rules.MAX_PREFIX) + 1
            )
        )
        .explode("length")
        .with_columns(prefix=pl.col("keys").str.head(pl.col("length")))
        .sort("prefix", "weight", "searchers", "query", descending=[False, True, True, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("prefix"))
        .filter(pl.col("rank") <= rules.PER_PREFIX)
        .select("prefix", "rank", "query", "weight")
    )


RESULTS: Final[dict[str, Callable[[str], pl.LazyFrame]]] = {
    "trending": trending,
    "related": related,
    "autocomplete": autocomplete,
}


def main() -> None:
    result, landing, target = sys.argv[1:4]
    RESULTS[result](landing).collect(engine="streaming").write_parquet(target)


if __name__ == "__main__":
    main()
