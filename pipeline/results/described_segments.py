"""Segments: kinds of people, described by what sets them apart, and known again from day to day."""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import polars as pl

from pipeline.counting.clocks import local_seconds
from pipeline.counting.interests import USES
from pipeline.counting.uses import LOOKING_UP, NAVIGATING

#: Queries that are told of a segment, and those that stand for it.
_TERMS: Final = 50
_TYPICAL: Final = 5
_IN_LABEL: Final = 3
#: An hour is typical of a segment that searches then so many times as often as everybody.
_TYPICAL_HOUR: Final = 1.15
_PEAK_HOURS: Final = 4
#: Segments of two days are one where so many of the members of both are in both (Jaccard).
_SAME: Final = 0.3


def terms(people: pl.DataFrame, members: pl.DataFrame, *, min_searchers: int) -> pl.DataFrame:
    """What the people of each segment search for more than everybody does.

    Args:
        people: `user_id`, `query_id`, `query`, `surface`, `variant_id`: each person with each query
            once.
        members: `user_id`, `segment`, each person once.
        min_searchers: of a query in its segment, so many people at least.

    Returns:
        `SEGMENT_TERMS`, by segment and rank. `divergence` is the query's part of KL(segment ‖ all)
        in bits, of the distributions of people over queries; only queries that add to it are told,
        of the spellings of one the first, and none that one to `min_searchers` - 1 people of other
        segments typed.
    """
    size = members.group_by("segment").len("members")
    of_all = people.group_by("query_id").len("all_people")
    total = len(people)
    rows = people.join(members, on="user_id")
    of_segment = rows.group_by("segment").len("pairs")
    told = (
        rows.group_by("segment", "query_id")
        .agg(pl.len().alias("people"), pl.col("query", "surface", "variant_id").first())
        .filter(pl.col("people") >= min_searchers)
        .join(of_all, on="query_id")
        # Else subtraction would tell of the few of other segments.
        .filter(~(pl.col("all_people") - pl.col("people")).is_between(1, min_searchers - 1))
        .join(of_segment, on="segment")
        .join(size, on="segment")
        .with_columns(here=pl.col("people") / pl.col("pairs"), there=pl.col("all_people") / total)
        .with_columns(divergence=pl.col("here") * (pl.col("here") / pl.col("there")).log(2.0))
    )
    return ranked(told).select(
        pl.col("segment").cast(pl.Int32),
        "rank",
        "query",
        "surface",
        pl.col("people").cast(pl.Int64),
        share=pl.col("people") / pl.col("members"),
        share_of_all=pl.col("all_people") / len(members),
        divergence="divergence",
    )


def ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """The queries that add most to the divergence of each segment, of spellings the first.

    Args:
        rows: `segment`, `query`, `variant_id`, `divergence`, and more.

    Returns:
        The rows that are told, with `rank`, by segment and rank.
    """
    return (
        rows.filter(pl.col("divergence") > 0)
        .sort("segment", "divergence", "query", descending=[False, True, False])
        .unique(["segment", "variant_id"], keep="first", maintain_order=True)
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("segment"))
        .filter(pl.col("rank") <= _TERMS)
    )


def without_left_over(
    rows: pl.DataFrame,
    everybody: pl.DataFrame,
    *,
    key: pl.Expr,
    within: Sequence[str],
    min_searchers: int,
) -> pl.DataFrame:
    """Leave out what would tell of few people by subtraction from a result of everybody.

    Where everybody's number less those of all segments that are told is of 1 to `min_searchers` - 1
    people, the smallest of these segments is not told either.

    Args:
        rows: of results of segments: `segment`, `searchers`, `rank`, and more.
        everybody: the same result of everybody: `searchers`, and more.
        key: a text that stands for what is counted, in both; what is counted may have several rows.
        within: columns that ranks are counted within, with the segment.
        min_searchers: of what is told.

    Returns:
        The rows that are told, in their order, with ranks from 1 again.
    """
    counted = rows.select("segment", "searchers", key=key).unique(["segment", "key"])
    sums = counted.group_by("key").agg(told=pl.col("searchers").sum())
    every = everybody.select("searchers", key=key).unique("key")
    left = pl.col("searchers") - pl.col("told")
    few = every.join(sums, on="key").filter(left.is_between(1, min_searchers - 1))
    smallest = (
        counted.join(few.select("key"), on="key", how="semi")
        .sort("searchers", "segment", descending=[False, True])
        .unique("key", keep="first", maintain_order=True)
        .select("segment", "key")
    )
    kept = rows.with_columns(key=key).join(
        smallest, on=["segment", "key"], how="anti", maintain_order="left"
    )
    return kept.drop("key").with_columns(
        pl.col("rank").rank("ordinal").over("segment", *within).cast(rows.schema["rank"])
    )


def with_typical(segments: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Segments with `typical` queries and a `label` of the first of them.

    Args:
        segments: `segment`, and more.
        told: `terms`.
    """
    of_each = (
        told.sort("segment", "rank")
        .group_by("segment", maintain_order=True)
        .agg(
            typical=pl.col("surface").head(_TYPICAL),
            label=pl.col("surface").head(_IN_LABEL).str.join(" · "),
        )
    )
    return segments.join(of_each, on="segment", how="left").with_columns(
        pl.col("label").fill_null("(nothing that enough of them typed sets them apart)"),
        pl.col("typical").fill_null([]),
    )


def segments(
    searches: pl.DataFrame,
    members: pl.DataFrame,
    before: pl.DataFrame | None,
    told: pl.DataFrame,
    used: pl.DataFrame,
    *,
    zone: str,
    min_searchers: int,
    agreement: float,
) -> pl.DataFrame:
    """Describe segments.

    Args:
        searches: `searched_at` (UTC), `user_id` of the days.
        members: `user_id`, `segment`, each person once.
        before: the members of the run before, under the same names; None: there was none.
        told: `terms`.
        used: `uses_of_segments`.
        zone: the reporting zone.
        min_searchers: an hour of fewer people is not told.
        agreement: of two fits to halves of the people.

    Returns:
        `SEGMENTS`, by segment.
    """
    _, local = local_seconds(searches["searched_at"], zone)
    rows = searches.select("user_id").with_columns(hour=pl.Series(local // 3600 % 24))
    rows = rows.join(members, on="user_id")
    sizes = (
        members.group_by("segment")
        .len("people")
        .join(rows.group_by("segment").len("searches"), on="segment", how="left")
        .with_columns(pl.col("searches").fill_null(0))
    )
    hours = _hours(rows, min_searchers)
    found = (
        with_typical(sizes, told)
        .join(hours, on="segment", how="left")
        .join(_drift(members, before), on="segment", how="left")
        .join(used, on="segment", how="left")
        .sort("segment")
    )
    return found.select(
        pl.col("segment").cast(pl.Int32),
        "label",
        pl.col("people").cast(pl.Int64),
        people_share=pl.col("people") / len(members),
        searches=pl.col("searches").cast(pl.Int64),
        searches_share=pl.col("searches") / pl.col("searches").sum(),
        typical="typical",
        peak_hours=pl.col("peak_hours").fill_null([]),
        by_hour=pl.col("by_hour"),
        uses="uses",
        uses_of_all="uses_of_all",
        navigating_by="navigating_by",
        is_new=pl.col("people_before").is_null(),
        people_before=pl.col("people_before").cast(pl.Int64),
        stayed="stayed",
        agreement=pl.lit(agreement),
    )


def _hours(rows: pl.DataFrame, min_searchers: int) -> pl.DataFrame:
    """`segment`, `by_hour`, `peak_hours`."""
    of_all = rows.group_by("hour").len("all")
    every = rows.select("segment").unique().join(pl.DataFrame({"hour": np.arange(24)}), how="cross")
    counted = (
        every.join(
            rows.group_by("segment", "hour").agg(
                pl.len().alias("here"), people=pl.col("user_id").n_unique()
            ),
            on=["segment", "hour"],
            how="left",
        )
        .join(of_all, on="hour", how="left")
        .with_columns(pl.col("here", "all", "people").fill_null(0))
        .with_columns(
            share=pl.col("here") / pl.col("here").sum().over("segment"),
            of_all=pl.col("all") / len(rows),
            is_told=pl.col("people") >= min_searchers,
        )
        .sort("segment", "hour")
    )
    is_peak = pl.col("is_told") & (pl.col("share") > _TYPICAL_HOUR * pl.col("of_all"))
    peaks = (
        counted.filter(is_peak)
        .sort("segment", pl.col("share") / pl.col("of_all"), descending=[False, True])
        .group_by("segment", maintain_order=True)
        .agg(peak_hours=pl.col("hour").head(_PEAK_HOURS).sort().cast(pl.Int32))
    )
    shares = counted.group_by("segment", maintain_order=True).agg(
        by_hour=pl.when(pl.col("is_told")).then(pl.col("share"))
    )
    return shares.join(peaks, on="segment", how="left")


def uses_of_segments(
    interests: pl.DataFrame,
    members: pl.DataFrame,
    *,
    known: Collection[int],
    navigating_by: str,
    min_searchers: int,
) -> pl.DataFrame:
    """What the people of each segment search for: to look up, to navigate, for news, to shop.

    Args:
        interests: `INTERESTS`, of uses.
        members: `user_id`, `segment`, each person once.
        known: uses that the log tells of; others are a part of looking up.
        navigating_by: what navigating was told by.
        min_searchers: a share of fewer people is not told, nor one that all others leave over for
            fewer people.

    Returns:
        `segment`, `uses`, `uses_of_all`, `navigating_by` as in `SEGMENTS`. A segment nothing is
        known of has no row.
    """
    use = pl.col("feature") - USES.first
    rows = interests.with_columns(
        use=pl.when(use.is_in(list(known))).then(use).otherwise(LOOKING_UP)
    )
    rows = rows.group_by("user_id", "use").agg(pl.col("weight").cast(pl.Float64).sum())
    rows = rows.filter(pl.col("weight") > 0).join(members, on="user_id")
    here = _shares_of_uses(rows, min_searchers)
    of_all = _shares_of_uses(rows.with_columns(segment=pl.lit(0, pl.Int32)), min_searchers)
    return here.join(of_all.select(uses_of_all="uses"), how="cross").with_columns(
        navigating_by=pl.lit(navigating_by if NAVIGATING in known else None, pl.String),
    )


def _shares_of_uses(rows: pl.DataFrame, min_searchers: int) -> pl.DataFrame:
    """`segment`, `uses`: of `user_id`, `use`, `weight`, `segment`, each person and use once."""
    told = (
        rows.group_by("segment", "use")
        .agg(pl.col("weight").sum(), people=pl.len())
        .with_columns(
            share=pl.col("weight") / pl.col("weight").sum().over("segment"),
            is_few=pl.col("people") < min_searchers,
        )
    )
    # What few people leave over to 1 would be told by subtraction: the smallest share goes, too.
    few = rows.join(told.filter("is_few"), on=["segment", "use"], how="semi")
    over = few.group_by("segment").agg(left_over=pl.col("user_id").n_unique())
    told = told.join(over, on="segment", how="left").sort("segment", "is_few", "weight", "use")
    is_smallest = pl.int_range(pl.len()).over("segment") == 0
    tells_few = (pl.col("left_over") < min_searchers).fill_null(value=False)
    is_told = ~pl.col("is_few") & ~(is_smallest & tells_few)
    every = (
        rows.select("segment")
        .unique()
        .join(
            pl.DataFrame({"use": range(USES.size)}, schema={"use": rows.schema["use"]}), how="cross"
        )
    )
    return (
        every.join(told.filter(is_told), on=["segment", "use"], how="left")
        .sort("segment", "use")
        .group_by("segment", maintain_order=True)
        .agg(uses=pl.col("share"))
    )


def _drift(members: pl.DataFrame, before: pl.DataFrame | None) -> pl.DataFrame:
    """`segment`, `people_before`, `stayed`: of those who were in it and searched, the share."""
    if before is None:
        schema = {"segment": members.schema["segment"], "people_before": pl.Int64()}
        return pl.DataFrame(schema={**schema, "stayed": pl.Float64()})
    still = before.join(members, on="user_id", suffix="_now")
    stayed = still.group_by("segment").agg(
        stayed=(pl.col("segment") == pl.col("segment_now")).mean()
    )
    sizes = before.group_by("segment").len("people_before")
    return sizes.join(stayed, on="segment", how="left").cast({"people_before": pl.Int64})


def named(before: pl.DataFrame, now: pl.DataFrame) -> dict[int, int]:
    """Which segments of now are which of before: most of their members were in it.

    Args:
        before: `MEMBERS`: `user_id`, `segment`.
        now: the same, of segments that have no name yet.

    Returns:
        The name of each segment: that of before, or a number that none had.
    """
    both = before.join(now, on="user_id", suffix="_now").group_by("segment", "segment_now").len()
    of_before = before.join(now, on="user_id", how="semi").group_by("segment").len("of_before")
    of_now = now.join(before, on="user_id", how="semi").group_by("segment").len("of_now")
    alike = (
        both.join(of_before, on="segment")
        .join(of_now, left_on="segment_now", right_on="segment")
        .select(
            "segment",
            "segment_now",
            share=pl.col("len") / (pl.col("of_before") + pl.col("of_now") - pl.col("len")),
        )
        .filter(pl.col("share") >= _SAME)
        .sort("share", "segment", "segment_now", descending=[True, False, False])
    )
    names: dict[int, int] = {}
    for old, new in zip(alike["segment"].to_list(), alike["segment_now"].to_list(), strict=True):
        if new not in names and old not in names.values():
            names[new] = old
    following = int(str(before["segment"].max())) + 1 if len(before) else 1
    for new in sorted(set(now["segment"].to_list()) - names.keys()):
        names[new], following = following, following + 1
    return names
