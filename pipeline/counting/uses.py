"""What people use a query for: to look something up, to get to a site, for news, to shop.

Kinds of use go back to Broder (A taxonomy of web search, SIGIR Forum 36, 2002). Nobody says which
one a search is; it is told from what the log has of the query:

* shopping: a category that was declared to be shopping has it;
* news: many people search for it on a few days of the weeks before, or now more than ever;
* navigating: a search gets one click, high up and, where hosts are known, nearly always on the same
  one (Lee, Liu and Cho, Automatic identification of user goals in web search, WWW 2005), and is
  hardly ever typed again in other words. Of a log without clicks: it is one word that its people
  type again on other days more than people do with queries in all. What they look up every day is
  then taken to be navigating, too;
* looking up: all else.

What stands first here goes before what stands later.
"""

from typing import Final

import polars as pl

from pipeline.counting.people import different_people

#: Kinds of use, as features and lists have them.
LOOKING_UP, NAVIGATING, NEWS, SHOPPING = range(4)
USES: Final = ("looking up", "navigating", "news", "shopping")

#: What a kind of use was told by; of news and shopping there is one way each.
BY_CLICKS, BY_REPETITION = "clicks", "repetition"

#: Clicks: of so many searches something is said. Then the least share of searches with a click, the
#: most clicks of such a search, the highest mean rank of the first one, the least share of clicks
#: on one host, and the most searches that are typed again in other words.
_SEARCHES: Final = 10
_CLICKED: Final = 0.5
_CLICKS: Final = 1.2
_RANK: Final = 1.5
_ONE_HOST: Final = 0.8
_REFORMULATED: Final = 0.05
#: Repetition: so many times (people of each day, added up), and so much of its people, at least,
#: comes again on another day.
_TIMES: Final = 20
_AGAIN: Final = 0.1
#: News: on so many days in a row are so much of the times of so many weeks, in which a day of the
#: week comes twice; on one day, so many people, and so many times those of the most before.
_NEWS_DAYS: Final = 3
_NEWS_SHARE: Final = 0.6
_NEWS_WEEKS_DAYS: Final = 14
_NEWS_PEOPLE: Final = 10
_TIMES_MOST: Final = 3


def query_uses(
    counts: pl.LazyFrame,
    clicks: pl.LazyFrame,
    addresses: pl.LazyFrame,
    shopping: pl.Series,
) -> pl.DataFrame:
    """Tell what the queries of some days are used for.

    Args:
        counts: `DAILY_COUNTS` of the days, with `dt`.
        clicks: `DAILY_CLICKS` of those of them of which clicks were counted; may have no rows.
        addresses: `DAILY_ADDRESSES`, likewise: without rows nothing is known of hosts.
        shopping: queries of categories that are declared to be shopping.

    Returns:
        `query_id`, `use` (Int32, a place in `USES`) and `most_people` (Int64, on one day), by
        query_id.
    """
    by_day = counts.select(
        *("query_id", "query", "searchers"), day=pl.col("dt").str.to_date()
    ).collect()
    queries = (
        by_day.group_by("query_id")
        .agg(
            pl.col("query").first(),
            times=pl.col("searchers").sum(),
            most_people=pl.col("searchers").max().cast(pl.Int64),
        )
        .sort("query_id")
    )
    by_clicks = are_clicked(clicks)
    navigating = _clicked_once(clicks, addresses) if by_clicks else _repeated(counts, queries)
    is_one = pl.col("query_id")
    return queries.select(
        "query_id",
        use=pl.when(pl.col("query").is_in(shopping.implode()))
        .then(SHOPPING)
        .when(is_one.is_in(_bursts(by_day, queries).implode()))
        .then(NEWS)
        .when(is_one.is_in(navigating.implode()))
        .then(NAVIGATING)
        .otherwise(LOOKING_UP)
        .cast(pl.Int32),
        most_people="most_people",
    )


def uses_of_day(people: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """What the queries of a day are used for.

    Args:
        people: `query_id`, `searchers` of the day, each query once.
        known: `query_id`, `use`, `most_people` of the weeks before: `query_uses`. A query that is
            not there was hardly ever typed.

    Returns:
        `query_id`, `use` of those that are not for looking up.
    """
    of_before = people.join(known, on="query_id", how="left")
    most = pl.col("most_people").fill_null(0)
    is_news = (pl.col("searchers") >= _NEWS_PEOPLE) & (pl.col("searchers") >= _TIMES_MOST * most)
    use = pl.when(is_news & pl.col("use").ne_missing(SHOPPING)).then(NEWS).otherwise("use")
    return of_before.select("query_id", use=use.cast(pl.Int32)).filter(pl.col("use") != LOOKING_UP)


def are_clicked(clicks: pl.LazyFrame) -> bool:
    """Whether anything in `DAILY_CLICKS` was clicked."""
    return bool(clicks.select((pl.col("clicked") > 0).any()).collect().item())


def are_weeks(days: pl.Series) -> bool:
    """Whether some days (Date) are weeks enough to tell what was news in them."""
    first, last = days.min(), days.max()
    return first is not None and (last - first).days >= _NEWS_WEEKS_DAYS - 1  # type: ignore[operator, union-attr]


def _clicked_once(clicks: pl.LazyFrame, addresses: pl.LazyFrame) -> pl.Series:
    """Ids of queries whose searches get one click, high up, on one host."""
    columns = ("searches", "clicked", "clicks", "first_ranked", "first_rank_sum", "reformulated")
    sums = (
        clicks.filter(pl.col("query_id") == pl.col("into_id"))
        .group_by("query_id")
        .agg(pl.col(*columns).sum())
        .filter(pl.col("searches") >= _SEARCHES)
    )
    is_high = (pl.col("first_ranked") == 0) | (
        pl.col("first_rank_sum") <= _RANK * pl.col("first_ranked")
    )
    once = sums.filter(
        is_high
        & (pl.col("clicked") >= _CLICKED * pl.col("searches"))
        & (pl.col("clicks") <= _CLICKS * pl.col("clicked"))
        & (pl.col("reformulated") <= _REFORMULATED * pl.col("searches"))
    )
    on_many = (
        addresses.group_by("query_id", "host")
        .agg(pl.col("clicks").sum())
        .group_by("query_id")
        .agg(share=pl.col("clicks").max() / pl.col("clicks").sum())
        .filter(pl.col("share") < _ONE_HOST)
    )
    return once.join(on_many, on="query_id", how="anti").select("query_id").collect()["query_id"]


def _repeated(counts: pl.LazyFrame, queries: pl.DataFrame) -> pl.Series:
    """Ids of single words that the same people type again and again; none of a day alone."""
    often = queries.filter(pl.col("times") >= _TIMES)
    sketches = (
        counts.select("query_id", "searchers_sketch")
        .join(often.lazy(), on="query_id", how="semi")
        .collect()
    )
    each = often.join(different_people(sketches, "query_id"), on="query_id").with_columns(
        again=pl.col("times") / pl.col("searchers") - 1,
        of_all=pl.col("times").sum() / pl.col("searchers").sum() - 1,
    )
    is_again = pl.col("again") >= pl.max_horizontal(pl.lit(_AGAIN), "of_all")
    return each.filter(is_again & ~pl.col("query").str.contains(" "))["query_id"]


def _bursts(by_day: pl.DataFrame, queries: pl.DataFrame) -> pl.Series:
    """Ids of queries most of whose times are within a few days."""
    if not are_weeks(by_day["day"]):
        return queries["query_id"].head(0)
    often = queries.filter(pl.col("times") >= _TIMES).select("query_id", "times")
    rows = by_day.join(often, on="query_id").sort("query_id", "day")
    near = rows.rolling("day", period=f"{_NEWS_DAYS}d", group_by="query_id").agg(
        pl.col("searchers").sum(), pl.col("times").first()
    )
    together = near.filter(pl.col("searchers") >= _NEWS_SHARE * pl.col("times"))
    return together["query_id"].unique()
