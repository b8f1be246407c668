"""The searches of a day with their clicks and reformulations, read and counted."""

from collections.abc import Callable

import polars as pl

from pipeline.counting import clicks
from pipeline.counting.judging import IS_CLICK
from pipeline.results.reformulations import are_alike
from pipeline.runs.stale import SessionRules


def clicks_of_day(
    near: Callable[..., pl.LazyFrame], *, day: int, zone: str, rules: SessionRules
) -> pl.DataFrame:
    """Count what became of the searches of some people in the sessions that begin on a day.

    Args:
        near: columns, by name, of the searches that may be in these sessions.
        day: since 1970.
        zone: the reporting zone.
        rules: of sessions.

    Returns:
        `DAILY_CLICKS` of these people.
    """
    of_click = ("clicked_url", "clicked_rank", "click_seconds")
    has_click = pl.any_horizontal(pl.col(*of_click).is_not_null(), IS_CLICK)
    kept = ("searched_at", "user_id", "query_id", "clicked_rank", "click_seconds")
    more = ("result_count", "is_click")
    rows = near(*kept, "clicked_url", *more).select(*kept, *more, has_click=has_click)
    searches = clicks.searches_in_sessions(
        rows.collect(),
        zone=zone,
        gap_minutes=rules.gap_minutes,
        max_queries=rules.max_queries,
        day=day,
    )
    steps = clicks.unclicked_steps(searches)
    ids = pl.concat([steps["query_id"], steps["next_id"]]).unique().to_frame("id").lazy()
    texts = (
        near("searched_at", "query_id", "query", "user_id")
        .join(ids, left_on="query_id", right_on="id", how="semi")
        .group_by("query_id")
        .agg(pl.col("query").first())
        .collect()
    )
    named = steps.join(texts, on="query_id").join(
        texts.rename({"query_id": "next_id", "query": "next"}), on="next_id"
    )
    alike = named.filter(are_alike(named["query"], named["next"]))
    return clicks.counted(searches, alike.select("query_id", "next_id"))
