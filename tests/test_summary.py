"""What a run says of the landing folder."""

from pipeline.runs.inspection import Landing
from pipeline.runs.summary import taken_in_lines
from pipeline.runs.take_in import TakenIn
from pipeline.store.ledger import SAME_CONTENT, SET_ASIDE, TAKEN_IN, LedgerEntry
from tests.factories import at


def entry(
    name: str, status: str = TAKEN_IN, detail: str | None = None, lines: int = 0
) -> LedgerEntry:
    return LedgerEntry(
        f"file:///logs/{name}",
        status,
        detail,
        1,
        at("2026-03-02T09:00:00"),
        "sum",
        format="silgeom",
        charset="UTF-8",
        lines=lines,
        accepted=lines,
    )


def said(taken: TakenIn) -> list[str]:
    return taken_in_lines(taken, Landing("logs"))


def test_a_run_with_nothing_new_names_what_is_set_aside_gone_and_left_out() -> None:
    taken = TakenIn(
        files=3,
        gone=["file:///logs/a", "file:///logs/b"],
        set_aside=[entry("c", SET_ASIDE, "it is no text")],
        passed_over=[("file:///logs/.d", "its name begins with . or _")],
    )

    assert said(taken) == [
        "Landing   logs: 3 files, nothing new",
        "Gone      2 files, whose rows stay (jobs/ingest.py --forget-missing removes them)",
        "Set aside file:///logs/c: it is no text",
        "Left out  file:///logs/.d: its name begins with . or _",
    ]


def test_every_kind_of_file_is_counted_once() -> None:
    taken = TakenIn(
        [
            entry("a", lines=2),
            entry("b", lines=3),
            entry("c", SAME_CONTENT, "a"),
            entry("d", SET_ASIDE, "it is no text"),
        ],
        files=9,
        reread=1,
        again=4,
        renamed={"file:///logs/new": "file:///logs/old"},
        forgotten=["file:///logs/e"],
    )

    assert said(taken) == [
        "Landing   logs: 9 files, 1 taken in, 1 with the content of another, 1 set aside, "
        "1 renamed, 1 read again as this run says, 4 read again as before",
        "Lines     5 = 5 accepted + 0 duplicates + 0 rejected + 0 withheld",
        "Formats   silgeom in UTF-8 (2)",
        "Forgotten 1 files are gone, and so are their rows",
    ]


def test_of_many_files_twenty_are_named_and_names_obey_no_terminal() -> None:
    aside = [entry(f"\x1b[31m{n:02}", SET_ASIDE, "it is no text") for n in range(25)]

    lines = said(TakenIn(files=25, set_aside=aside))

    assert len(lines) == 1 + 20 + 1
    assert lines[1] == "Set aside file:///logs/\\x1b[31m00: it is no text"
    assert lines[-1] == "Set aside and 5 more"
