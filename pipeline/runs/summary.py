"""What a run says of the landing folder: the first lines of every job's summary."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pipeline.runs.inspection import Landing
from pipeline.runs.take_in import TakenIn
from pipeline.store.ledger import SAME_CONTENT, SET_ASIDE, TAKEN_IN, LedgerEntry
from silgeom.commands import printable

#: Files that are named one by one.
NAMED: Final = 20


def taken_in_lines(taken: TakenIn, landing: Landing) -> list[str]:
    """Files, lines, what was not taken in and why; and what is left alone, in every run."""
    return [
        f"Landing   {printable(landing.address)}: {taken.files:,} files, {_news(taken)}",
        *_lines_and_reasons([entry for entry in taken.entries if entry.status == TAKEN_IN]),
        *_files_that_went(taken),
        *_named("Set aside", [(entry.source, str(entry.detail)) for entry in taken.set_aside]),
        *_named("Left out", taken.passed_over),
    ]


def _news(taken: TakenIn) -> str:
    statuses = Counter(entry.status for entry in taken.entries)
    counts = {
        "taken in": statuses[TAKEN_IN] - taken.reread,
        "with the content of another": statuses[SAME_CONTENT],
        "set aside": statuses[SET_ASIDE],
        "renamed": len(taken.renamed),
        "read again as this run says": taken.reread,
        "read again as before": taken.again,
    }
    told = [f"{count:,} {what}" for what, count in counts.items() if count]
    if taken.entries and not statuses[TAKEN_IN]:
        told = ["0 taken in", *told]
    return ", ".join(told) or "nothing new"


def _lines_and_reasons(entries: Sequence[LedgerEntry]) -> Iterator[str]:
    lines = sum(entry.lines for entry in entries)
    if not lines:
        return
    parts = {
        "accepted": sum(entry.accepted for entry in entries),
        "duplicates": sum(entry.duplicates for entry in entries),
        "rejected": sum(entry.rejected for entry in entries),
        "withheld": sum(entry.withheld for entry in entries),
    }
    summed = " + ".join(f"{count:,} {name}" for name, count in parts.items())
    yield f"Lines     {lines:,} = {summed}"
    yield from _reasons("Rejected", [entry.rejected_by_reason for entry in entries])
    yield from _reasons("Withheld", [entry.withheld_by_reason for entry in entries])
    kinds = Counter((str(entry.format), str(entry.charset)) for entry in entries)
    said = ", ".join(f"{name} in {charset} ({n})" for (name, charset), n in sorted(kinds.items()))
    yield f"Formats   {printable(said)}"


def _reasons(title: str, counts: Sequence[Mapping[str, int]]) -> Iterator[str]:
    total: Counter[str] = sum((Counter(reasons) for reasons in counts), Counter())
    if total:
        told = ", ".join(f"{reason} {n:,}" for reason, n in total.most_common())
        yield f"{title}  {told}"


def _files_that_went(taken: TakenIn) -> Iterator[str]:
    if taken.forgotten:
        yield f"Forgotten {len(taken.forgotten):,} files are gone, and so are their rows"
    if taken.gone:
        yield (
            f"Gone      {len(taken.gone):,} files, whose rows stay "
            "(jobs/ingest.py --forget-missing removes them)"
        )


def _named(title: str, files: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A line a file, and one on those that are too many to be named."""
    for source, why in files[:NAMED]:
        yield f"{title:<9} {printable(source)}: {printable(why)}"
    if len(files) > NAMED:
        yield f"{title:<9} and {len(files) - NAMED:,} more"
