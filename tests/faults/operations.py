"""What is done to a root, each from an undisturbed root of its own, through the jobs themselves."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.carriers.session import Session
from pipeline.runs.count import (
    refresh_daily_counts,
    refresh_daily_pairs,
    refresh_hourly_counts,
)
from pipeline.runs.stale import SessionRules
from pipeline.store.root import open_root
from tests.jobs import command, status_of

DAYS: Final = ("2026-03-02", "2026-03-03", "2026-03-04")


@dataclass(frozen=True)
class Place:
    """Where an operation works."""

    session: Session
    landing: Path
    root: Path


Operation = Callable[[Place], int]  #: gives the exit status


def log(day: str, *queries: str, people: int = 3) -> str:
    """Each of these people types the queries one after the other, at ten o'clock."""
    return "".join(
        f"{day}T10:{person:02}:{10 * number:02}+09:00\tp{person}\t{query}\n"
        for person in range(people)
        for number, query in enumerate(queries)
    )


def first_logs(landing: Path) -> None:
    """What the landing folder has at first."""
    landing.mkdir(parents=True)
    (landing / "1.tsv").write_text(log(DAYS[0], "날씨", "내일 날씨"), "utf-8")
    (landing / "2.tsv").write_text(log(DAYS[1], "로또", "로또 당첨"), "utf-8")


def later_logs(landing: Path) -> None:
    """What comes later: a file replaced, one for a new day, rejects, and what is no log."""
    (landing / "2.tsv").write_text(log(DAYS[1], "환율", "환율 계산기", people=4), "utf-8")
    odd = "no search\n" + log(DAYS[2], "010-1234-5678")
    (landing / "3.tsv").write_text(log(DAYS[2], "축구", "축구 중계") + odd, "utf-8")
    (landing / "no-log.tsv").write_bytes(bytes(100))


def job(name: str, *arguments: str) -> Operation:
    """A job as its command line runs it."""

    def run(place: Place) -> int:
        places = [f"--root={place.root}"]
        if "--landing" in command(name).parser().format_help():
            places.append(f"--landing={place.landing}")
        return status_of(name, *arguments, *places, session=place.session)

    return run


def one_after_the_other(*operations: Operation) -> Operation:
    """Several; those after one that fails are not begun."""

    def run(place: Place) -> int:
        return next((status for each in operations if (status := each(place))), 0)

    return run


def count(place: Place) -> int:
    """All that is counted: hours, days and pairs."""
    with open_root(place.session, str(place.root), say=lambda _: None) as root:
        refresh_hourly_counts(root)
        refresh_daily_counts(root, root.state.days.keys())
        refresh_daily_pairs(root, root.state.days.keys(), SessionRules())
    return 0


FEW: Final = ("--min-searchers", "2")
take_in = job("ingest")
publish = one_after_the_other(
    job("trending", *FEW, "--min-score", "0.1"), job("related", *FEW), job("autocomplete", *FEW)
)


@dataclass(frozen=True)
class Subject:
    """What is injected into, and how its place is prepared."""

    operation: Operation
    after: str = ""  #: the operation that it comes after
    prepared_by: Sequence[Operation] = ()  #: done between the two
    logs: Callable[[Path], None] = lambda _: None  #: and then put into the landing folder
    makes_key: bool = False  #: of the user ids, by chance


SUBJECTS: Final = {
    "first take-in": Subject(take_in, logs=first_logs, makes_key=True),
    "take-in": Subject(take_in, "first take-in", (count, publish), later_logs),
    "count": Subject(count, "take-in"),
    "publish": Subject(publish, "count"),
}


def copied(place: Place, to: Path) -> Place:
    """The same with a copy of its root; the landing folder is shared."""
    if place.root.exists():
        shutil.copytree(place.root, to, symlinks=True)
    return Place(place.session, place.landing, to)
