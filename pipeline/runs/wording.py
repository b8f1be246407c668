"""Keep the words and keywords of days in step with their counts.

Reads   daily_counts/dt=
Writes  words/dt=, query_keywords/dt=, daily_keywords/dt=

What a word is, is told from the queries of some weeks, so the words of a day are made again when
the counts of a day before it change. The analyser's pieces of a word hold for good: they are taken
over from the words of the day before, and only words that came since are analysed.

Of the day that is not over the words of the day before hold, and only those that came since are
told beside them: weeks of queries are not looked at again for an hour. With its last hour a day is
told in full.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.carriers.steps import Mapped
from pipeline.columns import DAILY_COUNTS, DAILY_KEYWORDS, QUERY_KEYWORDS, WORDS
from pipeline.counting.keyword_days import daily_keywords, query_keywords
from pipeline.counting.words import PHRASE, tokens_of, words, words_beside
from pipeline.language import morphemes
from pipeline.runs.count import refresh_daily_counts
from pipeline.runs.stale import is_running, shifted
from pipeline.schemas import DAILY_KEYWORDS as DAILY_KEYWORDS_SCHEMA
from pipeline.schemas import WORDS as WORDS_SCHEMA
from pipeline.store.root import Root, columns_digest
from pipeline.store.state import fingerprint
from pipeline.store.storage import Storage
from pipeline.store.tables import scanned_files, write

#: Days of queries that tell what a word is.
WORD_DAYS: Final = 28
#: Raised when words or keywords are told in another way, so that they are made again.
METHOD: Final = 2
#: The note in the footer of words: which analyser the pieces are of.
_ANALYSER: Final = "silgeom.analyser"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wording:
    """What came of it: days made, words that were analysed, and what could not be told."""

    days: int = 0
    analysed: int = 0
    missing: str = ""  #: why there is no analyser, one sentence; "": there is one, or no need

    def lines(self) -> list[str]:
        """The summary's lines; none where nothing was made."""
        if not self.days:
            return []
        made = f"Words     of {self.days:,} days told, {self.analysed:,} words analysed"
        if not self.missing:
            return [made]
        return [
            made,
            f"Without   {self.missing}: nouns within Korean words, names and particles are not "
            "told apart; words are those that the log itself shows",
        ]


@dataclass(frozen=True)
class _Work:
    """The words of a day to be told."""

    day: str
    counts: Sequence[str]  #: files of counts of the weeks
    of_day: Sequence[str]  #: those of the day itself
    known: Sequence[str]  #: files of words with pieces of the same analyser
    version: str  #: of the analyser; "": none is to be used
    #: Files of words and of keywords of the day before, beside which those of the day are told.
    beside: tuple[Sequence[str], Sequence[str]] | None


@dataclass(frozen=True)
class _Told:
    version: str
    missing: str
    analysed: int


def days_of_words(day: str) -> list[str]:
    """The days whose queries tell the words of a day, oldest first."""
    return [shifted(day, -by) for by in range(WORD_DAYS - 1, -1, -1)]


def refresh_words(root: Root, needed: Collection[str], *, analyse: bool) -> Wording:
    """`refresh_keyword_days`, once the counts that it reads are up to date."""
    days = _with_day_before(root, needed)
    refresh_daily_counts(root, {each for day in days for each in days_of_words(day)})
    return refresh_keyword_days(root, days, analyse=analyse)


def _with_day_before(root: Root, needed: Collection[str]) -> set[str]:
    """The days, and of one that is running the one beside which its words are told."""
    beside = (_beside(root, day) for day in needed)
    return {*needed, *(each for each in beside if each is not None)}


def _beside(root: Root, day: str) -> str | None:
    """The day before the one that is running, whose words hold for it; None: it is told in full."""
    known = sorted(root.state.days)
    if len(known) < 2 or day != known[-1] or not is_running(root, day):
        return None
    before = known[-2]
    read = ("daily_counts", "words", "daily_keywords")
    is_kept = all(root.state.is_kept(each, before) for each in read)
    return before if is_kept and before in days_of_words(day) else None


def refresh_keyword_days(root: Root, needed: Collection[str], *, analyse: bool = True) -> Wording:
    """Tell the words and count the keywords of those of the `needed` days that changed.

    Args:
        root: held; the counts of all `days_of_words` are up to date.
        needed: days; those without counts are left out.
        analyse: whether to use the analyser, if there is one.
    """
    found = morphemes.analyser() if analyse else morphemes.Analyser("", "it was not to be used")
    total = Wording(missing=found.missing)
    for day in sorted(_with_day_before(root, needed)):
        if not root.has_day("daily_counts", day) or not root.state.is_kept("daily_keywords", day):
            continue
        beside = _beside(root, day)
        if _is_made(root, day, found.version, beside):
            continue
        told = _make(root, day, found.version, beside)
        missing = told.missing or total.missing
        total = Wording(total.days + 1, total.analysed + told.analysed, missing)
        if told.missing:  # it is there, but broken: not to be tried again for each day
            found = morphemes.Analyser("", told.missing)
    return total


def _made_of(root: Root, day: str, version: str, beside: str | None) -> str:
    """The fingerprint of words of a day that are told in full, or beside those of another day."""
    days = _counted(root, day) if beside is None else [day]
    words = beside and {beside: root.made_of("words", f"dt={beside}")}
    counts = {each: root.made_of("daily_counts", f"dt={each}") for each in days}
    columns = columns_digest(WORDS_SCHEMA, DAILY_KEYWORDS_SCHEMA)
    about = {"method": METHOD, "columns": columns, "analyser": version, "counts": counts}
    return fingerprint(**about, **({"words": words} if words else {}))


def _counted(root: Root, day: str) -> list[str]:
    return [each for each in days_of_words(day) if root.has_day("daily_counts", each)]


def _is_made(root: Root, day: str, version: str, beside: str | None) -> bool:
    wanted = _made_of(root, day, version, beside)
    datasets = ("words", "query_keywords", "daily_keywords")
    return all(
        root.made_of(each, f"dt={day}") == wanted
        and root.storage.exists(f"{root.address}/{each}/dt={day}")
        for each in datasets
    )


def _make(root: Root, day: str, version: str, beside: str | None) -> _Told:
    _LOG.info("telling the keywords of %s", day)
    of_day = _files(root, "daily_counts", day)
    counts, told_before = of_day, None
    if beside is None:
        counts = [f for each in _counted(root, day) for f in _files(root, "daily_counts", each)]
    else:
        told_before = _files(root, "words", beside), _files(root, "daily_keywords", beside)
    work = _Work(day, counts, of_day, _known(root, day, version), version, told_before)
    with root.change() as change:
        carrier = root.carrier()
        spool = carrier.spool()
        try:
            mapper = partial(_tell, storage=root.storage, staging=change.address(""))
            told: _Told = carrier.map([work], mapper, spool)[0]
        finally:
            spool.close()
        made_of = _made_of(root, day, told.version, beside)
        for dataset in ("words", "query_keywords", "daily_keywords"):
            staged = change.address(f"{dataset}/dt={day}")
            change.put(dataset, f"dt={day}", staged, made_of=made_of)
    return told


def _files(root: Root, dataset: str, day: str) -> list[str]:
    found = root.storage.files(f"{root.address}/{dataset}/dt={day}") or []
    return [file.address for file in found if file.address.endswith(".parquet")]


def _known(root: Root, day: str, version: str) -> list[str]:
    """The words of this day and of those on either side, with such pieces."""
    days = sorted(root.days_of("words"))
    near = [each for each in days if each <= day][-2:] + [each for each in days if each > day][:1]
    found = []
    for each in near:
        for file in _files(root, "words", each):
            try:
                with root.storage.open(file) as stream:
                    notes = pq.read_metadata(stream).metadata or {}
            except (pa.ArrowException, OSError):
                continue  # damaged: it is made again
            if notes.get(_ANALYSER.encode()) == version.encode():
                found.append(file)
    return found


# --- In a task -------------------------------------------------------------------------------


def _tell(work: _Work, *, storage: Storage, staging: str) -> Iterator[Mapped[_Told]]:
    """Write words and keywords of a day; tell what they were made with."""
    counts = {name: DAILY_COUNTS[name] for name in ("query_id", "query", "searchers")}
    queries = (
        scanned_files(storage, work.counts, counts)
        .group_by("query_id")
        .agg(pl.col("query").first(), pl.col("searchers").sum())
        .collect()
    )
    tokens = tokens_of(queries)
    if work.beside is None:
        pieces, told = _pieces(tokens["token"].unique(), work, storage)
        known = fresh = words(queries, pieces, tokens=tokens).select(*WORDS)
    else:
        known, fresh, told = _told_beside(queries, tokens, work, storage)
    del queries, tokens
    of_day = scanned_files(storage, work.of_day, DAILY_COUNTS).collect()
    keywords = query_keywords(of_day, known)
    tables = {
        "words": fresh,
        "query_keywords": keywords.select(*QUERY_KEYWORDS),
        "daily_keywords": daily_keywords(of_day, keywords).select(*DAILY_KEYWORDS),
    }
    for dataset, rows in tables.items():
        if len(rows):
            address = f"{staging}{dataset}/dt={work.day}/part.parquet"
            write(storage, address, rows, {_ANALYSER: told.version})
    yield Mapped(told)


def _told_beside(
    queries: pl.DataFrame, tokens: pl.DataFrame, work: _Work, storage: Storage
) -> tuple[pl.DataFrame, pl.DataFrame, _Told]:
    """The words of the day before and of the queries; those that came since; with what."""
    assert work.beside is not None
    of_words, of_keywords = work.beside
    # Of weeks of words those of this day's queries are enough, and the phrases.
    told_before = scanned_files(storage, of_words, WORDS)
    is_phrase = pl.col("token").str.contains(" ", literal=True)
    of_day = tokens.lazy().select("token").unique()
    known = pl.concat(
        pl.collect_all(
            [told_before.filter(is_phrase), told_before.join(of_day, on="token", how="semi")]
        )
    )
    # A phrase is none of the words that others are cut into.
    vocabulary = (
        scanned_files(storage, of_keywords, DAILY_KEYWORDS)
        .filter(pl.col("kind") != PHRASE)
        .select(pl.col("keyword").alias("token"), "kind", "searchers")
        .collect()
    )
    came = tokens.join(known, on="token", how="anti", maintain_order="left")
    pieces, told = _pieces(came["token"].unique(), work, storage)
    with_new = tokens.join(came, on="query_id", how="semi", maintain_order="left")
    fresh = words_beside(queries, pieces, known, vocabulary, tokens=with_new).select(*WORDS)
    return pl.concat([known, fresh]), fresh, told


def _pieces(tokens: pl.Series, work: _Work, storage: Storage) -> tuple[pl.DataFrame, _Told]:
    """`morphemes.PIECES` of all tokens: those known already, and the others analysed."""
    if not work.version:
        return morphemes.unanalysed(tokens), _Told("", "", 0)
    columns = {name: WORDS[name] for name in morphemes.PIECES}
    known = (
        scanned_files(storage, work.known, columns)
        .join(tokens.to_frame("token").lazy(), on="token", how="semi")
        .unique("token")
        .collect()
    )
    fresh = tokens.to_frame("token").join(known, on="token", how="anti")["token"].sort()
    if not morphemes.needs_analyser(fresh):
        return pl.concat([known, morphemes.unanalysed(fresh)]), _Told(work.version, "", 0)
    found = morphemes.loaded()
    if found.version != work.version:  # broken, or a worker has none
        return morphemes.unanalysed(tokens), _Told("", found.missing or "workers differ", 0)
    return pl.concat([known, morphemes.pieces(fresh)]), _Told(work.version, "", len(fresh))
