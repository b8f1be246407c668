"""Command lines: one sentence, exit status 2, nothing written."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.corpus.case import CommandCase, log
from tests.corpus.table import AnyCase


def good(tmp: Path) -> None:
    """A landing folder with a log."""
    (tmp / "landing").mkdir()
    (tmp / "landing" / "log.tsv").write_text(log("날씨"), "utf-8")


def declared(text: str | bytes) -> Callable[[Path], None]:
    """A landing folder, and mine.toml beside it."""

    def prepare(tmp: Path) -> None:
        good(tmp)
        data = text if isinstance(text, bytes) else text.encode()
        (tmp / "mine.toml").write_bytes(data)

    return prepare


def empty(tmp: Path) -> None:
    (tmp / "landing").mkdir()


def a_file_as_root(tmp: Path) -> None:
    good(tmp)
    (tmp / "root").write_text("a file\n", "utf-8")


def words(data: bytes) -> Callable[[Path], None]:
    """A landing folder, and words.txt beside it."""

    def prepare(tmp: Path) -> None:
        good(tmp)
        (tmp / "words.txt").write_bytes(data)

    return prepare


def option(name: str, job: str, arguments: str | Sequence[str], word: str) -> CommandCase:
    """A wrong option; arguments are parted by spaces."""
    given = arguments.split() if isinstance(arguments, str) else arguments
    shown = " ".join(given) if all(given) else f"{given[0]} ''"
    return CommandCase(f"command-{name}", f"`{job}.py {shown}`", job, given, 2, word, good)


def declaration(name: str, what: str, text: str | bytes, word: str) -> CommandCase:
    """A declared format with a fault."""
    given = ["--format", "{tmp}/mine.toml"]
    return CommandCase(f"command-declared-{name}", what, "ingest", given, 2, word, declared(text))


TOML = 'name = "mine"\nkind = "delimited"\ntime = ["HH:mm:ss"]\n'
COLUMNS = "[columns]\nuser = 1\nquery = 2\nsearched_at = 3\n"

CASES: list[AnyCase] = [
    option("at-word", "trending", "--at yesterday", "not an ISO 8601 time"),
    option("at-empty", "trending", ["--at", ""], "not an ISO 8601 time"),
    option("at-year-1", "trending", "--at 0001-01-01T00:00", "from 1990-01-01"),
    option("at-year-9999", "trending", "--at 9999-12-31T23:59", "to 2199-12-31"),
    option("at-year-10000", "trending", "--at 10000-01-01T00:00", "not an ISO 8601 time"),
    option("at-february-30", "trending", "--at 2026-02-30T00:00", "not an ISO 8601 time"),
    option("at-hour-25", "related", "--at 2026-03-02T25:00", "not an ISO 8601 time"),
    option("at-seconds", "autocomplete", "--at 1772409600", "not an ISO 8601 time"),
    option("window-0", "trending", "--window 0", "must be from 1 to 24"),
    option("window-25", "trending", "--window 25", "must be from 1 to 24"),
    option("window-negative", "trending", "--window -1", "must be from 1 to 24"),
    option("window-fraction", "trending", "--window 1.5", "not a whole number"),
    option("window-word", "trending", "--window hour", "not a whole number"),
    option("window-million-digits", "trending", ["--window", "9" * 1000], "must be from 1 to 24"),
    option("window-arabic-digits", "trending", "--window ٣", "not a whole number"),
    option("baseline-0", "trending", "--baseline 0", "must be from 1 to 366"),
    option("baseline-huge", "trending", "--baseline 99999999999999999999", "must be from 1 to 366"),
    option("recent-0", "trending", "--recent 0", "must be from 1 to 8,784"),
    option("half-life-0", "autocomplete", "--half-life 0", "must be from 0.01"),
    option("half-life-nan", "autocomplete", "--half-life nan", "not a number"),
    option("half-life-infinite", "autocomplete", "--half-life inf", "not a number"),
    option("half-life-overflow", "autocomplete", "--half-life 1e999", "must be from 0.01"),
    option("min-searchers-0", "trending", "--min-searchers 0", "must be from 1"),
    option("min-searchers-negative", "related", "--min-searchers -5", "must be from 1"),
    option("min-score-negative", "trending", "--min-score -1", "must be from 0.01"),
    option("top-0", "autocomplete", "--top 0", "must be from 1 to 1,000"),
    option("top-huge", "related", "--top 1001", "must be from 1 to 1,000"),
    option("date-word", "ingest", "--date today", "not a date"),
    option("date-month-13", "ingest", "--date 2026-13-01", "not a date"),
    option("date-1989", "ingest", "--date 1989-12-31", "from 1990-01-01"),
    option("zone-unknown", "ingest", "--zone Asia/Soul", "Asia/Soul"),
    option("zone-empty", "ingest", ["--zone", ""], "zone"),
    option("zone-path", "ingest", "--zone ../../etc/passwd", "zone"),
    option("reporting-zone-unknown", "ingest", "--reporting-zone Mars/Phobos", "Mars/Phobos"),
    option("charset-unknown", "ingest", "--charset UTF-9", "UTF-9"),
    option("charset-empty", "ingest", ["--charset", ""], "charset"),
    option("format-unknown", "ingest", "--format exite", "'exite'"),
    option("format-not-there", "ingest", "--format {tmp}/no.toml", "no.toml"),
    option("format-folder", "ingest", "--format {tmp}/landing", "landing"),
    option("option-unknown", "ingest", "--verbos", "--verbos"),
    option("argument-more", "ingest", "my-logs", "my-logs"),
    option("landing-empty-name", "ingest", ["--landing", ""], "it is empty"),
    option("root-empty-name", "ingest", ["--root", ""], "it is empty"),
    option("landing-not-there", "ingest", "--landing {tmp}/nowhere", "no such folder"),
    option("log-level-unknown", "ingest", "--log-level loud", "loud"),
    option("blocked-not-there", "autocomplete", "--blocked {tmp}/no.txt", "no such file"),
    option("blocked-folder", "autocomplete", "--blocked {tmp}/landing", "no such file"),
    CommandCase(
        "command-blocked-cp949",
        "a file of blocked words in CP949",
        "autocomplete",
        ["--blocked", "{tmp}/words.txt"],
        2,
        "is not UTF-8",
        words("도박".encode("cp949")),
    ),
    CommandCase(
        "command-landing-empty",
        "an empty landing folder",
        "ingest",
        [],
        2,
        "nothing in",
        empty,
    ),
    CommandCase(
        "command-root-is-a-file",
        "a root that is a file",
        "ingest",
        [],
        2,
        "{tmp}/root",
        a_file_as_root,
    ),
    declaration("no-toml", "a declaration that is no TOML", "name = \n", "mine.toml"),
    declaration("binary", "a declaration that is no text", b"\xff\xfe\x00", "mine.toml"),
    declaration("empty", "an empty declaration", "", "mine.toml"),
    declaration("no-columns", "a declaration without columns", TOML, "columns"),
    declaration(
        "no-user",
        "a declaration without a user",
        TOML + "[columns]\nquery = 2\nsearched_at = 3\n",
        "user",
    ),
    declaration(
        "unknown-key",
        "a declaration with a key that is none",
        'colour = "red"\n' + TOML + COLUMNS,
        "colour",
    ),
    declaration(
        "column-0", "a column numbered 0", TOML + COLUMNS.replace("user = 1", "user = 0"), "user"
    ),
    declaration(
        "bad-kind", "a kind that is none", TOML.replace("delimited", "fixed") + COLUMNS, "fixed"
    ),
    declaration(
        "bad-pattern",
        "a pattern of a time that is none",
        TOML.replace("HH:mm:ss", "QQ") + COLUMNS,
        "QQ",
    ),
    declaration("bad-zone", "a zone that is none", 'zone = "Mars"\n' + TOML + COLUMNS, "Mars"),
    declaration(
        "bad-charset", "a charset that is none", 'charset = "UTF-9"\n' + TOML + COLUMNS, "UTF-9"
    ),
]
