"""Make the newest results again, with the options that they were made with.

Reads   what `publish` noted of the newest result of each dataset; counts
Writes  the newest result of each dataset where counts changed
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipeline.errors import InvalidParameterError
from pipeline.runs.publish import (
    publish_analytics,
    publish_autocomplete,
    publish_categories,
    publish_changes,
    publish_co_clicked,
    publish_keyword_patterns,
    publish_keyword_tool,
    publish_patterns,
    publish_related,
    publish_trending,
)
from pipeline.runs.published import (
    ANALYTICS_RESULTS,
    KEYWORDS_RESULT,
    TRENDING_WORDS_RESULT,
    AnalyticsOptions,
    AutocompleteOptions,
    CategoriesOptions,
    KeywordToolOptions,
    PatternOptions,
    Published,
    RelatedOptions,
    SegmentOptions,
    TrendingOptions,
    days_until,
    hour_partition,
    newest_made,
)
from pipeline.runs.segmenting import publish_segments
from pipeline.runs.stale import SessionRules
from pipeline.runs.topic_weeks import refresh_interests
from pipeline.store.root import Root

#: What is made of segments, by their job.
OF_SEGMENTS: Final = ("segment_trending", "segment_related", "segment_autocomplete")
#: What is made of counts of keywords, by its job.
OF_KEYWORDS: Final = {"keyword_analytics": "analytics", "keyword_patterns": "patterns"}
RESULTS: Final = (
    *("trending", "related", "autocomplete", "keyword_tool", "co_clicked", "categories"),
    *ANALYTICS_RESULTS,
    *("patterns", "keyword_patterns", "changes", "segments"),
)


@dataclass(frozen=True)
class Remade:
    """What became of the newest results."""

    again: list[str]  #: made again
    gone: list[str]  #: removed, since nothing is left that they could be made of
    awaited: dict[str, str] = field(default_factory=dict)  #: removed until their job runs: which

    def lines(self) -> list[str]:
        """The summary's lines."""
        again = f"Results   made again: {', '.join(self.again) or 'none'}"
        return [
            again,
            *(f"Results   nothing is left of {each}" for each in self.gone),
            *(
                f"Results   {each} is removed: run {job} again"
                for each, job in self.awaited.items()
            ),
        ]


def remake_newest(root: Root, rules: SessionRules) -> Remade:
    """Bring the newest result of each dataset up to date with the counts as they are now.

    Args:
        root: held.
        rules: of the sessions that tell what queries are about.
    """
    remade = Remade([], [])
    for dataset in RESULTS:
        newest = newest_made(root, dataset)
        if not newest or not root.storage.exists(f"{root.address}/{dataset}/{newest['partition']}"):
            continue  # none was made, or it went for its age
        try:
            published = _published(root, dataset, newest, rules)
        except InvalidParameterError:  # no searches any more, or no counts
            with root.change() as change:
                change.remove(dataset, newest["partition"])
            name = f"{dataset}/{newest['partition']}"
            if dataset in OF_KEYWORDS:
                remade.awaited[name] = f"keywords and {OF_KEYWORDS[dataset]}"
            else:
                remade.gone.append(name)
            continue
        if published.is_new:
            remade.again.append(f"{dataset}/{published.partition}")
    _remove_keywords(root, remade)
    if any(each.startswith("segments/") for each in [*remade.again, *remade.gone]):
        _remove_of_segments(root, remade)
    return remade


def _remove_of_segments(root: Root, remade: Remade) -> None:
    """Remove the newest results of segments that are others now."""
    for dataset in OF_SEGMENTS:
        newest = newest_made(root, dataset)
        if newest and root.storage.exists(f"{root.address}/{dataset}/{newest['partition']}"):
            with root.change() as change:
                change.remove(dataset, newest["partition"])
            remade.awaited[f"{dataset}/{newest['partition']}"] = "segments"


def _remove_keywords(root: Root, remade: Remade) -> None:
    """Remove the newest results of keywords where keywords of their days are gone.

    Only their own job makes these counts again: it may need Kiwi, which not every machine has.
    """
    counted = set(root.days_of("daily_keywords"))
    for result in (KEYWORDS_RESULT, TRENDING_WORDS_RESULT):
        dataset = result.dataset
        newest = newest_made(root, dataset)
        if not newest or not root.storage.exists(f"{root.address}/{dataset}/{newest['partition']}"):
            continue
        last = date.fromisoformat(newest["partition"][len("dt=") :][:10])
        options = newest["options"]
        first = last - timedelta(days=max(2 * options.get("days", 0), 2))
        days = [day for day in root.state.days if first < date.fromisoformat(day) <= last]
        if not counted.issuperset(days):
            with root.change() as change:
                change.remove(dataset, newest["partition"])
            remade.awaited[f"{dataset}/{newest['partition']}"] = "keywords"


def _published(
    root: Root, dataset: str, newest: Mapping[str, Any], rules: SessionRules
) -> Published:
    partition, options = newest["partition"], newest["options"]
    if dataset == "trending":
        return publish_trending(
            root, _end_of(partition, root.state.zone), TrendingOptions(**options)
        )
    day = date.fromisoformat(partition.removeprefix("dt="))
    of_patterns = {
        "patterns": publish_patterns,
        "keyword_patterns": publish_keyword_patterns,
        "changes": publish_changes,
    }
    if dataset == "related":
        return publish_related(root, day, RelatedOptions(**options))
    if dataset in ("keyword_tool", "co_clicked"):
        of_keywords = publish_keyword_tool if dataset == "keyword_tool" else publish_co_clicked
        return of_keywords(root, day, KeywordToolOptions(**options))
    if dataset == "categories":
        return publish_categories(root, day, CategoriesOptions(tuple(options["rules"])))
    if dataset in ANALYTICS_RESULTS:
        return publish_analytics(root, dataset, day, AnalyticsOptions(**options))
    if dataset in of_patterns:
        return of_patterns[dataset](root, day, PatternOptions(**options))
    if dataset == "segments":
        known = SegmentOptions(**options)
        refresh_interests(root, days_until(root, day, known.days), rules)
        return publish_segments(root, day, known)
    words = tuple(options["blocked"])
    return publish_autocomplete(root, day, AutocompleteOptions(**{**options, "blocked": words}))


def _end_of(partition: str, zone: str) -> datetime:
    """The window whose board is in `partition`: see `hour_partition`."""
    day, _, hour = partition.removeprefix("dt=").partition("/hour=")
    local = datetime.fromisoformat(f"{day}T{hour[:2]}:00").replace(tzinfo=ZoneInfo(zone))
    ends = [(local.replace(fold=fold)).astimezone(UTC) for fold in (0, 1)]
    return next(end for end in ends if hour_partition(end, zone) == partition)
