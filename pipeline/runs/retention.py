"""How long datasets are kept: whole days go, the oldest first.

Reads   the folders dt= of every dataset that an age was named for
Writes  removes them; of rejects it may leave robots' searches; counts searches that were not yet

What has gone does not come back: the root remembers the first day that it keeps of each dataset
(`State.kept_from`). Days before it are neither missed nor counted again, and a search of such a
day that comes late is withheld as `expired`: counts made of the late ones alone would be wrong.
Files of the landing folder are never touched.
"""

import argparse
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.runs.count import (
    refresh_daily_clicks,
    refresh_daily_counts,
    refresh_daily_pairs,
    refresh_hourly_counts,
)
from pipeline.runs.count_addresses import refresh_daily_addresses
from pipeline.runs.count_devices import refresh_daily_devices
from pipeline.runs.published import (
    ANALYTICS_DAYS,
    BASELINE_DAYS,
    COMPLETION_DAYS,
    KEYWORD_DAYS,
    RELATED_DAYS,
    SEGMENT_DAYS,
    VOLUME_DAYS,
)
from pipeline.runs.stale import SessionRules
from pipeline.schemas import DATASETS
from pipeline.store.journal import Change
from pipeline.store.root import Root
from silgeom.commands import quoted

#: The datasets that are cut in days.
KEEPABLE: Final = tuple(each for each in DATASETS if each not in ("ledger", "profiles"))
#: Datasets of which it is remembered what a day was made of, after it has gone.
COUNTS: Final = (
    "hourly_counts",
    "daily_counts",
    "daily_pairs",
    "query_keywords",
    "daily_keywords",
    "hourly_keywords",
    "daily_devices",
    "daily_clicks",
    "keyword_clicks",
    "topics",
    "daily_interests",
    "daily_addresses",
)
#: A century: who wants a dataset for ever leaves it out.
MOST_DAYS: Final = 36_525
#: By dataset: what reads the most days of it by default, and how many. Late files, and sessions
#: that cross midnight, ask for the searches of yesterday.
READ_BY: Final = {
    "searches": ("counting", 2),
    "hourly_counts": ("trending", BASELINE_DAYS + 1),
    "daily_counts": ("autocomplete", COMPLETION_DAYS),
    "daily_pairs": ("related", RELATED_DAYS),
    "words": ("keywords", 2),
    "daily_keywords": ("keywords", 2 * KEYWORD_DAYS),
    "query_keywords": ("keywords", KEYWORD_DAYS),
    "hourly_keywords": ("keywords", BASELINE_DAYS + 1),
    "daily_devices": ("keyword_tool", VOLUME_DAYS),
    "daily_clicks": ("analytics", ANALYTICS_DAYS),
    "keyword_clicks": ("analytics", ANALYTICS_DAYS),
    "daily_interests": ("segments", SEGMENT_DAYS),
    "topics": ("segments", SEGMENT_DAYS + 7),
    "daily_addresses": ("keyword_tool", VOLUME_DAYS),
}

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Expiry:
    """What goes of one dataset: the days before `kept_from`."""

    dataset: str
    kept_from: str  #: the first day that stays
    days: Sequence[str]  #: those that go
    size: int  #: bytes of their files


def keep_option(text: str) -> dict[str, int]:
    """`searches=35d,rejects=14d` as days by dataset; argparse's `type`."""
    kept: dict[str, int] = {}
    for part in text.split(","):
        found = re.fullmatch(r"\s*([a-z_]+)=([0-9]{1,6})d\s*", part, re.ASCII)
        if not found:
            raise argparse.ArgumentTypeError(
                f"not a dataset and its days such as searches=35d: {quoted(part)}"
            )
        name, days = found[1], int(found[2])
        if name not in KEEPABLE:
            raise argparse.ArgumentTypeError(
                f"no dataset that is cut in days: {quoted(name)}; choose from {', '.join(KEEPABLE)}"
            )
        if name in kept:
            raise argparse.ArgumentTypeError(f"{name} is named twice")
        if not 1 <= days <= MOST_DAYS:
            raise argparse.ArgumentTypeError(
                f"{name} must be kept for 1 to {MOST_DAYS:,} days, got {days:,}"
            )
        kept[name] = days
    return kept


def first_day_kept(as_of: date, days: int) -> str:
    """The first of so many days, of which `as_of` is the last, as dt."""
    return (as_of - timedelta(days=min(days, as_of.toordinal()) - 1)).isoformat()


def expiries(root: Root, keep: Mapping[str, int], as_of: date) -> list[Expiry]:
    """What goes, by dataset, if so many days are kept, of which `as_of` is the last.

    What went once stays gone: a later run that keeps more does not bring it back.
    """
    before = root.state.kept_from
    kept_from = {
        dataset: max(first_day_kept(as_of, days), before.get(dataset, ""))
        for dataset, days in keep.items()
    }
    found = []
    for dataset, first in kept_from.items():
        days = [day for day in root.days_of(dataset) if day < first]
        if dataset == "rejects":
            # Of the days that went before, those are left of which robots' searches were kept.
            judged_from = {**before, **kept_from}.get("searches", "")
            days = [day for day in days if day >= before.get(dataset, "") or day < judged_from]
        folders = [f"{root.address}/{dataset}/dt={day}" for day in days]
        files = [file for folder in folders for file in root.storage.files(folder) or []]
        found.append(Expiry(dataset, first, days, sum(file.size for file in files)))
    return found


def expire(root: Root, gone: Iterable[Expiry]) -> None:
    """Let the days go, all of them together, and remember that they went on purpose."""
    going = [each for each in gone if each.days]
    if not going:
        return
    with root.change() as change:
        state = change.state
        state.kept_from |= {each.dataset: each.kept_from for each in going}
        for each in going:
            days = each.days
            _LOG.info("expiring %s: %d days before %s", each.dataset, len(days), each.kept_from)
            for day in days:
                if each.dataset == "rejects" and day >= state.kept_from.get("searches", ""):
                    _leave_robots(root, change, day)
                else:
                    made_of = root.made_of(each.dataset, f"dt={day}")
                    change.remove(each.dataset, f"dt={day}")
                    if each.dataset in COUNTS:  # results that were made of them stay up to date
                        change.note_made_of(each.dataset, f"dt={day}", made_of)


def count_what_goes(root: Root, gone: Iterable[Expiry]) -> None:
    """Count the searches that go as far as they were not counted, or not all of them.

    Counts that go for their age themselves are left out. The first day that stays is counted too:
    only the day before can tell which of its sessions came over midnight.
    """
    by_name = {each.dataset: each for each in gone if each.days}
    if "searches" not in by_name:
        return
    going = {*by_name["searches"].days, by_name["searches"].kept_from} & set(root.state.days)

    def lasting(dataset: str) -> list[str]:
        first = by_name[dataset].kept_from if dataset in by_name else ""
        return sorted(day for day in going if day >= first)

    refresh_hourly_counts(root)
    refresh_daily_counts(root, lasting("daily_counts"))
    known = root.days_made("daily_pairs")  # by other rules than these perhaps: they stay
    uncounted = [day for day in lasting("daily_pairs") if day not in known]
    refresh_daily_pairs(root, uncounted, SessionRules())
    if root.days_of("daily_devices"):  # who never asked for them gets none
        known = root.days_made("daily_devices")
        refresh_daily_devices(root, [day for day in lasting("daily_devices") if day not in known])
    if root.days_of("daily_clicks"):
        known = root.days_made("daily_clicks")
        uncounted = [day for day in lasting("daily_clicks") if day not in known]
        refresh_daily_clicks(root, uncounted, SessionRules())
    known = root.days_made("daily_addresses")
    if known:
        uncounted = [day for day in lasting("daily_addresses") if day not in known]
        refresh_daily_addresses(root, uncounted)


def shortages(keep: Mapping[str, int]) -> list[str]:
    """A sentence for each dataset of which less is kept than something reads of it by default."""
    return [
        f"{who} reads {days} days of {dataset}, of which {keep[dataset]} are kept"
        for dataset, (who, days) in READ_BY.items()
        if keep.get(dataset, days) < days
    ]


def _leave_robots(root: Root, change: Change, day: str) -> None:
    """Of a day of rejects, keep the robots' searches: late files are judged by them."""
    name = f"robots/dt={day}"
    for number, file in enumerate(root.storage.files(f"{root.address}/rejects/dt={day}") or []):
        content = root.storage.read_bytes(file.address)
        if content is None:
            continue
        rejects = pq.ParquetFile(BytesIO(content)).read()
        robots = rejects.filter(pc.equal(rejects["reason"], "robot"))
        if robots.num_rows:
            change.stage_table(f"{name}/{number}", robots)
    change.put("rejects", f"dt={day}", change.address(name))
