"""Tell kinds of people apart, and describe them.

Reads   daily_interests/dt=, topics/dt=, searches/dt=, daily_counts/dt=, members of the run before
Writes  interests/dt=, members/dt= (internal: of each only the newest, and the members before),
        segments/dt=, segment_terms/dt=, all of them together
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from pipeline.columns import (
    DAILY_COUNTS,
    DAILY_INTERESTS,
    INTERESTS,
    MEMBERS,
    SEARCHES,
    SEGMENT_TERMS,
    SEGMENTS,
    TOPICS,
    Columns,
)
from pipeline.counting.interests import USES, interests
from pipeline.counting.judging import without_clicks
from pipeline.counting.uses import BY_CLICKS, BY_REPETITION, LOOKING_UP, NAVIGATING, NEWS, SHOPPING
from pipeline.results.clusters import Fit, People, fit, merged
from pipeline.results.described_segments import named, segments, terms, uses_of_segments
from pipeline.results.noisy_segments import noisy_segments
from pipeline.runs import published as publish
from pipeline.runs.published import Published, SegmentOptions
from pipeline.runs.topic_weeks import evidence_of_uses, week_of
from pipeline.store.journal import Change
from pipeline.store.root import Root
from pipeline.store.tables import scanned, write

#: Rows of daily interests that are added up at a time: people are cut into buckets.
_ROWS: Final = 12_000_000


def publish_segments(root: Root, day: date, options: SegmentOptions) -> Published:
    """The segments as of the end of `day`; the interests of these days are up to date."""
    days = [
        each.removeprefix("dt=")
        for each in publish.there(
            root, "daily_interests", publish.days_until(root, day, options.days)
        )
    ]
    partition = f"dt={day}"
    is_known = root.made_of("segments", partition) is not None
    if is_known and not root.storage.exists(f"{root.address}/members/{partition}"):
        with root.change() as change:  # somebody deleted them: they are made with the segments
            change.note_made_of("segments", partition, None)

    def stage(change: Change, name: str) -> None:
        _Making(root, change, day, days, options).stage(name)

    reads = {"daily_interests": days, "topics": sorted({week_of(each) for each in days})}
    return publish.published(root, publish.SEGMENTS_RESULT, partition, stage, reads, options)


@dataclass(frozen=True)
class _Making:
    """Segments that are being made, in a change."""

    root: Root
    change: Change
    day: date
    days: Sequence[str]
    options: SegmentOptions

    def stage(self, name: str) -> None:
        """Stage the segments under a name, and put all that belongs to them."""
        members, used, agreement = self._members()
        before = self._before()
        nobody = pl.DataFrame(schema=MEMBERS)
        names = named(nobody if before is None else before, members)
        members = members.with_columns(
            pl.col("segment").replace_strict(names, return_dtype=pl.Int32())
        )
        self._write("members", members.select(*MEMBERS))
        large, told = self._told(members, used, before, agreement)
        self._write("segment_terms", told.select(*SEGMENT_TERMS))
        address = f"{self.change.address(name)}/part.parquet"
        write(self.change.storage, address, large.select(*SEGMENTS))
        self._leave("interests", 1)
        self._leave("members", 2)

    def _told(
        self,
        members: pl.DataFrame,
        used: pl.DataFrame,
        before: pl.DataFrame | None,
        agreement: float,
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """`SEGMENTS` and `SEGMENT_TERMS`."""
        k = self.options.min_searchers
        if self.options.epsilon:
            return noisy_segments(
                self._people(),
                members,
                epsilon=self.options.epsilon,
                min_people=self.options.min_people,
                min_searchers=k,
            )
        told = terms(self._people(), members, min_searchers=k)
        described = segments(
            self._searches().select("searched_at", "user_id").collect(),
            members,
            before,
            told,
            self._uses(used, members),
            zone=self.root.state.zone,
            min_searchers=k,
            agreement=agreement,
        )
        # Where all people together are too few, there is nobody to tell of.
        large = described.filter(pl.col("people") >= self.options.min_people)
        return large, told.join(large.select("segment"), on="segment", how="semi")

    def _uses(self, used: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
        told_by = evidence_of_uses(self.root, str(self.day))
        known = [LOOKING_UP, NAVIGATING]
        known += [NEWS] if told_by.news else []
        known += [SHOPPING] if told_by.shopping else []
        return uses_of_segments(
            used,
            members,
            known=known,
            navigating_by=BY_CLICKS if told_by.clicks else BY_REPETITION,
            min_searchers=self.options.min_searchers,
        )

    def _members(self) -> tuple[pl.DataFrame, pl.DataFrame, float]:
        """Each person's cluster, uses, and how far halves of them agree; interests are staged."""
        rows = self._scan("daily_interests", DAILY_INTERESTS).select(pl.len()).collect().item()
        buckets = 1 + rows // _ROWS
        topics = {
            week: scanned(
                self.root.storage, self.root.address, "topics", [f"dt={week}"], TOPICS
            ).collect()
            for week in {week_of(each) for each in [*self.days, str(self.day)]}
        }
        of_days = {each: topics[week_of(each)] for each in [*self.days, str(self.day)]}
        staged = self.change.address(f"interests/dt={self.day}")
        found: list[pl.DataFrame] = []
        used: list[pl.DataFrame] = []
        fitted: Fit | None = None
        for bucket in range(buckets):
            here = pl.col("user_id") % buckets == bucket
            days = {
                each: self._of_day("daily_interests", each, DAILY_INTERESTS).filter(here)
                for each in self.days
            }
            added = interests(
                days, of_days, as_of=self.day, half_life_days=self.options.half_life_days
            )
            file = f"{staged}/part-{bucket:05d}.parquet"
            write(self.change.storage, file, added.select(*INTERESTS))
            people = People.of(added)
            used.append(added.filter(pl.col("feature") >= USES.first))
            del added
            # Ids are hashes: the people of a bucket are drawn by chance.
            fitted = fitted or fit(people, number=self.options.segments)
            of_person = fitted.clusters.assigned(people)
            found.append(pl.DataFrame({"user_id": people.user_id, "segment": of_person}))
        self.change.put("interests", f"dt={self.day}", staged)
        assert fitted is not None
        members = pl.concat(found).sort("user_id")
        number = merged(fitted.clusters, members["segment"].to_numpy(), self.options.min_people)
        members = members.with_columns(segment=pl.Series(number + 1))
        return members, pl.concat(used), fitted.agreement

    def _before(self) -> pl.DataFrame | None:
        """The members of the newest run until that day."""
        known = sorted(each for each in self.root.days_of("members") if each <= str(self.day))
        return self._of_day("members", known[-1], MEMBERS).collect() if known else None

    def _people(self) -> pl.DataFrame:
        """Each person with each query once, and the query's names."""
        once = self._searches().select("user_id", "query_id").unique().collect()
        names = (
            self._scan("daily_counts", DAILY_COUNTS)
            .sort("dt", descending=True)
            .group_by("query_id")
            .agg(pl.col("query", "surface", "variant_id").first())
            .collect()
        )
        return once.join(names, on="query_id")

    def _searches(self) -> pl.LazyFrame:
        return without_clicks(self._scan("searches", SEARCHES))

    def _scan(self, dataset: str, columns: Columns) -> pl.LazyFrame:
        here = [each for each in self.days if self.root.has_day(dataset, each)]
        partitions = [f"dt={each}" for each in here]
        return scanned(self.root.storage, self.root.address, dataset, partitions, columns)

    def _of_day(self, dataset: str, day: str, columns: Columns) -> pl.LazyFrame:
        partitions = [f"dt={day}"]
        rows = scanned(self.root.storage, self.root.address, dataset, partitions, columns)
        return rows.drop("dt")

    def _write(self, dataset: str, rows: pl.DataFrame) -> None:
        partition = f"dt={self.day}"
        staged = self.change.address(f"{dataset}/{partition}")
        write(self.change.storage, f"{staged}/part.parquet", rows)
        self.change.put(dataset, partition, staged)

    def _leave(self, dataset: str, number: int) -> None:
        """Let older days of what is internal go: so many stay, this one among them."""
        days = sorted({*self.root.days_of(dataset), str(self.day)})
        for each in days[:-number]:
            if each != str(self.day):
                self.change.remove(dataset, f"dt={each}")
