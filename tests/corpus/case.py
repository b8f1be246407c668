"""What a case of the corpus is made of; `tests/corpus/__init__.py` says how to add one."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

Content = bytes | str | Callable[[Path], object]
Files = Mapping[str, Content | None]

#: The day of the logs in the cases, and a time of it, in Seoul.
TIME: Final = "2026-03-02T09:00:00+09:00"


@dataclass(frozen=True)
class Expected:
    """What becomes of one file, in a user's terms; unnamed reasons have no lines."""

    status: str  #: taken_in, same_content, set_aside, passed_over or absent (no trace of it)
    queries: Sequence[str] | None = None  #: normalised, in any order; None: `count` tells how many
    count: int | None = None
    times: Sequence[str] | None = None  #: of the searches, UTC, in order; None: not looked at
    people: int | None = None  #: different users; None: not looked at
    duplicates: int = 0
    skipped: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    withheld: Mapping[str, int] = field(default_factory=dict)
    word: str = ""  #: of the sentence that says why it is set aside or passed over
    format: str | None = None
    charset: str | None = None

    def in_words(self) -> str:
        """The row of the table: what happens."""
        if self.status == "absent":
            return "no trace of it"
        if self.status == "same_content":
            return "counted once, as the same content"
        if self.status in ("set_aside", "passed_over"):
            return f"{self.status.replace('_', ' ')}: “{self.word}”"
        count = self.count if self.queries is None else len(self.queries)
        parts = [f"{count:,} {'search' if count == 1 else 'searches'}"]
        parts += [f"{n:,} rejected as `{reason}`" for reason, n in self.rejected.items()]
        parts += [f"{n:,} withheld as `{reason}`" for reason, n in self.withheld.items()]
        parts += [f"{self.duplicates:,} duplicates"] if self.duplicates else []
        parts += [f"{self.skipped:,} skipped"] if self.skipped else []
        parts += [f"of {self.people} people"] if self.people else []
        parts += [f"read as {self.charset}"] if self.charset else []
        parts += [f"format {self.format}"] if self.format else []
        return ", ".join(parts)


def taken(*queries: str, **more: Any) -> Expected:  # noqa: ANN401
    """Taken in with these searches; or `taken(count=3)`."""
    return Expected("taken_in", None if "count" in more else queries, **more)


def set_aside(word: str) -> Expected:
    """No log, or damaged: set aside with a sentence that contains `word`."""
    return Expected("set_aside", word=word)


def passed_over(word: str) -> Expected:
    """Not looked into, and listed with a reason that contains `word`."""
    return Expected("passed_over", word=word)


def same_content() -> Expected:
    """The content is there under another name already."""
    return Expected("same_content")


def absent() -> Expected:
    """Nothing is known of it any more, or yet."""
    return Expected("absent")


@dataclass(frozen=True)
class Refused:
    """The run stops with one sentence that contains `word`, and leaves no root behind."""

    word: str

    def in_words(self) -> str:
        """The row of the table: what happens."""
        return f"refused: “{self.word}”"


@dataclass(frozen=True)
class Case:
    """Files in the landing folder, and what becomes of each."""

    name: str
    what: str
    files: Files | Sequence[Files]
    expected: Mapping[str, Expected] | Refused
    options: Mapping[str, Any] = field(default_factory=dict)
    alone: str = ""

    @property
    def runs(self) -> Sequence[Files]:
        """What changes before each run."""
        return [self.files] if isinstance(self.files, Mapping) else self.files

    @property
    def happens(self) -> str:
        """The row of the table: what happens."""
        if isinstance(self.expected, Refused):
            return self.expected.in_words()
        if len(self.expected) == 1:
            return next(iter(self.expected.values())).in_words()
        return "; ".join(f"`{name}`: {each.in_words()}" for name, each in self.expected.items())


@dataclass(frozen=True)
class CommandCase:
    """A command line without Spark: `{tmp}` in it is a folder that `prepare` may fill."""

    name: str
    what: str
    job: str
    arguments: Sequence[str]
    status: int
    word: str
    prepare: Callable[[Path], object] = lambda _: None

    @property
    def happens(self) -> str:
        """The row of the table: what happens."""
        return f"exit {self.status}: “{self.word}”"


@dataclass(frozen=True)
class TestedElsewhere:
    """A case whose test stands elsewhere: `test` is `tests/test_x.py::test_y`."""

    __test__ = False

    name: str
    what: str
    happens: str
    test: str


# --- Ordinary logs ------------------------------------------------------------------------------

_people = (f"person{number}" for number in itertools.count())


def line(query: str = "날씨", *, user: str | None = None, time: str = TIME) -> str:
    """A line of Silgeom's own format; its person is nobody else unless named."""
    return f"{time}\t{next(_people) if user is None else user}\t{query}\n"


def log(*queries: str) -> str:
    """A log of a search by a new person for each query."""
    return "".join(line(query) for query in queries)


def line_case(
    name: str,
    what: str,
    *,
    query: str = "로또",
    user: str | None = None,
    time: str = TIME,
    whole: str | bytes | None = None,
    becomes: str | None = None,
    at: str | None = None,
    rejected: str = "",
    withheld: str = "",
    skipped: int = 0,
) -> Case:
    """One odd line between two ordinary ones (날씨, 환율).

    Args:
        name: of the case.
        what: is odd, in a few words.
        query: of the odd line, and so on.
        user: of the odd line.
        time: of the odd line.
        whole: the odd line itself, without its line feed, instead of query, user and time.
        becomes: its query as it is taken in; None: it is not.
        at: its time as it is taken in, UTC.
        rejected: the reason for which it is rejected.
        withheld: the reason for which it is withheld.
        skipped: 1 where it is known to be no search.
    """
    odd = line(query, user=user, time=time)[:-1] if whole is None else whole
    raw = odd if isinstance(odd, bytes) else odd.encode("utf-8", "surrogatepass")
    content = line("날씨").encode() + raw + b"\n" + line("환율").encode()
    usual = "2026-03-02T00:00:00"
    expected = Expected(
        "taken_in",
        ["날씨", "환율", *([] if becomes is None else [becomes])],
        times=None if at is None else sorted([usual, usual, at]),
        skipped=skipped,
        rejected={rejected: 1} if rejected else {},
        withheld={withheld: 1} if withheld else {},
    )
    return Case(name, what, {"log.tsv": content}, {"log.tsv": expected})
