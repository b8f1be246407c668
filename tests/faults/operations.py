"""What is done to a root, each from an undisturbed root of its own, through the jobs themselves."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from pipeline.carriers.session import Session
from pipeline.reading.user_ids import USER_KEY, UserKeys, user_ids
from pipeline.runs.count import (
    refresh_daily_counts,
    refresh_daily_pairs,
    refresh_hourly_counts,
)
from pipeline.runs.stale import SessionRules
from pipeline.store.root import open_root
from tests.jobs import command, status_of

DAYS: Final = ("2026-03-02", "2026-03-03", "2026-03-04")
#: Who asks to be forgotten. She has no pair of searches on the first day, and pairs on the others.
ANNA: Final = "anna-7007"
AS_OF: Final = f"--as-of={DAYS[-1]}"
PEOPLE: Final = (ANNA, *(f"p{number}" for number in range(12)))


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
    alone = f"{DAYS[0]}T11:00:00+09:00\t{ANNA}\t날씨\n"
    (landing / "1.tsv").write_text(log(DAYS[0], "날씨", "내일 날씨") + alone, "utf-8")
    (landing / "2.tsv").write_text(log(DAYS[1], "로또", "로또 당첨"), "utf-8")


def later_logs(landing: Path) -> None:
    """What comes later: a file replaced, one for a new day, rejects, and what is no log."""
    hers = "".join(
        f"{DAYS[1]}T23:59:{second}+09:00\t{ANNA}\t{query}\n"
        for second, query in ((10, "환율"), (20, "비밀 선물"))
    )
    (landing / "2.tsv").write_text(log(DAYS[1], "환율", "환율 계산기", people=4) + hers, "utf-8")
    odd = f"no search\nno time\t{ANNA}\t축구\n" + log(DAYS[2], "010-1234-5678")
    odd += f"{DAYS[2]}T00:00:30+09:00\t{ANNA}\t축구\n"
    (landing / "3.tsv").write_text(log(DAYS[2], "축구", "축구 중계") + odd, "utf-8")
    (landing / "no-log.tsv").write_bytes(bytes(100))


def late_logs(landing: Path) -> None:
    """A file of the first day that comes late."""
    (landing / "late.tsv").write_text(log(DAYS[0], "지도", "내일 날씨"), "utf-8")


def her_log_again(landing: Path) -> None:
    """The file of her first searches is put again, in other bytes."""
    more = f"{DAYS[0]}T12:00:00+09:00\tp1\t빵집\n"
    with (landing / "1.tsv").open("a", encoding="utf-8") as file:
        file.write(more)


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


def new_key(place: Place) -> int:
    """A new key, always the same one and by one writer, so that runs can be held to each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secrets.token_bytes", bytes)
        patch.setattr("pipeline.store.rotation._WRITERS", 1)
        return job("rotate_key")(place)


FEW: Final = ("--min-searchers", "2")
take_in = job("ingest")
publish = one_after_the_other(
    job("trending", *FEW, "--min-score", "0.1"), job("related", *FEW), job("autocomplete", *FEW)
)
profiles = job("profiles")
TWO: Final = ("--min-people", "5", "--segments", "2")
segments = job("segments", *FEW, *TWO)
by_segment = job("segments", *FEW, *TWO, "--by-segment")
keywords = job("keywords", *FEW, "--min-score", "0.1", "--without-kiwi")
analytics = job("analytics", *FEW)
erase = job("erase", "--user", ANNA)


def take_in_more_people(place: Place) -> int:
    """As many as make a segment."""
    more = log(DAYS[2], "야구", "야구 중계", people=12)
    (place.landing / "people.tsv").write_text(more, "utf-8")
    return take_in(place)


def categorise(place: Place) -> int:
    """Categories by rules that lie beside the landing folder."""
    rules = place.landing.with_name("rules.toml")
    rules.write_text('[[category]]\nname = "날씨"\nwords = ["날씨"]\n', "utf-8")
    return job("categories", "--rules", str(rules))(place)


@dataclass(frozen=True)
class Subject:
    """What is injected into, and how its place is prepared."""

    operation: Operation
    after: str = ""  #: the operation that it comes after
    prepared_by: Sequence[Operation] = ()  #: done between the two
    logs: Callable[[Path], None] = lambda _: None  #: and then put into the landing folder
    #: What somebody may run after a fault, in place of the same again: it must find all or nothing.
    other: Operation | None = None
    removes: frozenset[str] = frozenset()  #: results that it lets go


#: Those that come last put files into the landing folder that the others do not know.
SUBJECTS: Final = {
    "first take-in": Subject(take_in, logs=first_logs),
    "take-in": Subject(take_in, "first take-in", (count, publish), later_logs),
    "count": Subject(count, "take-in"),
    "publish": Subject(publish, "count"),
    "keywords": Subject(keywords, "publish"),
    "analytics": Subject(analytics, "keywords"),
    "patterns": Subject(job("patterns", *FEW), "publish"),
    "keyword tool": Subject(job("keyword_tool", *FEW), "publish"),
    "categories": Subject(categorise, "keyword tool"),
    "profiles": Subject(profiles, "publish", (take_in_more_people,)),
    "segments": Subject(segments, "profiles"),
    "by segment": Subject(by_segment, "segments"),
    "new key": Subject(new_key, "analytics", other=publish),
    "expire": Subject(
        job("expire", "--keep=searches=2d,rejects=1d,daily_pairs=2d,trending=1d", AS_OF),
        "take-in",
        logs=late_logs,
        other=publish,
        removes=frozenset({"trending"}),
    ),
    "erase": Subject(
        erase,
        "analytics",
        logs=her_log_again,
        other=one_after_the_other(publish, keywords, analytics),
        removes=frozenset({"keywords", "trending_words", "keyword_analytics"}),
    ),
    "erase profiles": Subject(
        erase,
        "by segment",
        logs=her_log_again,
        other=one_after_the_other(publish, profiles, by_segment),
        removes=frozenset(
            {
                *("segments", "segment_terms"),
                *("segment_trending", "segment_related", "segment_autocomplete"),
            }
        ),
    ),
}


def copied(place: Place, to: Path) -> Place:
    """The same with a copy of its root; the landing folder is shared."""
    if place.root.exists():
        shutil.copytree(place.root, to, symlinks=True)
    return Place(place.session, place.landing, to)


def names_of_ids(root: Path) -> dict[int, str]:
    """The people whom the ids of a root stand for, by its key."""
    key = root / USER_KEY
    if not key.exists():
        return {}
    keys = UserKeys.from_text(key.read_text("utf-8"))
    ids = user_ids(pl.Series(PEOPLE, dtype=pl.String), keys).to_list()
    return dict(zip(ids, PEOPLE, strict=True))
