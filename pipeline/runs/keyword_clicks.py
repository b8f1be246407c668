"""Keep the clicks of keywords in step with those of queries.

Reads   daily_clicks/dt=, query_keywords/dt= of the day and the day after
Writes  keyword_clicks/dt=
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from pipeline.carriers.steps import Mapped
from pipeline.columns import DAILY_CLICKS, KEYWORD_CLICKS, QUERY_KEYWORDS
from pipeline.counting.clicks import of_keywords
from pipeline.runs.stale import is_running, shifted
from pipeline.schemas import KEYWORD_CLICKS as KEYWORD_CLICKS_SCHEMA
from pipeline.store.root import Root, columns_digest
from pipeline.store.state import fingerprint
from pipeline.store.storage import Storage
from pipeline.store.tables import scanned_files, write

#: Raised when clicks of keywords are counted in another way, so that they are made again.
METHOD: Final = 1

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Work:
    """The files of a day whose clicks are brought together by keyword."""

    day: str
    clicks: Sequence[str]
    keywords: Sequence[str]
    after: Sequence[str]  #: keywords of the day after


def refresh_keyword_clicks(root: Root, needed: Collection[str]) -> int:
    """Count the clicks of keywords of `needed` days that changed; the number of days.

    Args:
        root: held; clicks and keywords of these days are up to date.
        needed: days that have both.
    """
    wanted = {day: _made_of(root, day) for day in needed}
    made, stored = root.days_made("keyword_clicks"), set(root.days_of("keyword_clicks"))
    days = sorted(
        day
        for day, made_of in wanted.items()
        if (made.get(day) != made_of or day not in stored)
        and root.state.is_kept("keyword_clicks", day)
    )
    if not days:
        return 0
    _LOG.info("counting keyword_clicks: %d days from %s to %s", len(days), days[0], days[-1])
    with root.change() as change:
        carrier = root.carrier()
        spool = carrier.spool()
        try:
            mapper = partial(_count, storage=root.storage, staging=change.address("keyword_clicks"))
            carrier.map([_work(root, day) for day in days], mapper, spool)
        finally:
            spool.close()
        change.put_days("keyword_clicks", change.address("keyword_clicks"), days, made_of=wanted)
    return len(days)


def _made_of(root: Root, day: str) -> str:
    after = shifted(day, 1)
    # A day that is running has new keywords each hour: those of its first hours will do for now.
    is_over = after in root.state.days and not is_running(root, after)
    return fingerprint(
        method=METHOD,
        columns=columns_digest(KEYWORD_CLICKS_SCHEMA),
        clicks=root.made_of("daily_clicks", f"dt={day}"),
        keywords=root.made_of("query_keywords", f"dt={day}"),
        after=root.made_of("query_keywords", f"dt={after}") if is_over else None,
    )


def _work(root: Root, day: str) -> _Work:
    def files(dataset: str, day: str) -> list[str]:
        found = root.storage.files(f"{root.address}/{dataset}/dt={day}") or []
        return [file.address for file in found if file.address.endswith(".parquet")]

    return _Work(
        day,
        clicks=files("daily_clicks", day),
        keywords=files("query_keywords", day),
        after=files("query_keywords", shifted(day, 1)),
    )


# --- In a task -------------------------------------------------------------------------------


def _count(work: _Work, *, storage: Storage, staging: str) -> Iterator[Mapped[None]]:
    """Write the clicks of keywords of a day."""
    clicks = scanned_files(storage, work.clicks, DAILY_CLICKS).collect()
    columns = {name: QUERY_KEYWORDS[name] for name in ("query_id", "keyword_id")}
    known = scanned_files(storage, work.keywords, columns)
    # A session that goes on after midnight counts here: what it came to may be of that day alone.
    late = scanned_files(storage, work.after, columns)
    late = late.join(known, on="query_id", how="anti")
    late = late.join(clicks.lazy().select("query_id"), on="query_id", how="semi")
    keywords = pl.concat(pl.collect_all([known, late]))
    rows = of_keywords(clicks, keywords).select(*KEYWORD_CLICKS)
    if len(rows):
        write(storage, f"{staging}/dt={work.day}/part.parquet", rows)
    yield Mapped(None)
