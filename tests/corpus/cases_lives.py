"""Files that change between runs."""

import gzip

from tests.corpus.case import (
    Case,
    Expected,
    Files,
    absent,
    line,
    log,
    same_content,
    set_aside,
    taken,
)
from tests.corpus.cases_people import seconds
from tests.corpus.table import AnyCase


def life(name: str, what: str, *runs: Files, **expected: Expected) -> Case:
    """Runs, and what became of a.tsv, b.tsv … (by `a=`, `b=`) after the last of them."""
    own = [
        {
            file: _own(content, name) if isinstance(content, str) else content
            for file, content in run.items()
        }
        for run in runs
    ]
    became = {f"{file}.tsv": each for file, each in expected.items()}
    return Case(f"life-{name}", what, own, became)


def _own(content: str, name: str) -> str:
    return content.replace("@", f"{name} ")


#: @ stands for the case, so that each has people of its own.
A, B, C = line("날씨", user="@a"), line("환율", user="@b"), line("로또", user="@c")
WHOLE = gzip.compress(log(*["날씨"] * 500).encode())
LATE = line("어제", user="@late", time="2026-02-20T09:00:00+09:00")

CASES: list[AnyCase] = [
    life("same", "a run with nothing new", {"a.tsv": A}, {}, a=taken("날씨")),
    life("put-again", "the same bytes put again", {"a.tsv": A}, {"a.tsv": A}, a=taken("날씨")),
    life(
        "replaced", "other content under the same name", {"a.tsv": A}, {"a.tsv": B}, a=taken("환율")
    ),
    life(
        "replaced-back",
        "other content, and the first again",
        {"a.tsv": A},
        {"a.tsv": B},
        {"a.tsv": A},
        a=taken("날씨"),
    ),
    life(
        "other-day",
        "content of another day",
        {"a.tsv": A},
        {"a.tsv": LATE},
        a=taken("어제", times=["2026-02-20T00:00:00"]),
    ),
    life(
        "appended",
        "a file that grows",
        {"a.tsv": A},
        {"a.tsv": A + B},
        {"a.tsv": A + B + C},
        a=taken("날씨", "환율", "로또"),
    ),
    life("shrunk", "a file that loses lines", {"a.tsv": A + B}, {"a.tsv": A}, a=taken("날씨")),
    life(
        "emptied", "a file that is emptied", {"a.tsv": A}, {"a.tsv": b""}, a=set_aside("no lines")
    ),
    life(
        "added",
        "a file that comes later",
        {"a.tsv": A},
        {"b.tsv": B},
        a=taken("날씨"),
        b=taken("환율"),
    ),
    life(
        "late",
        "a file for an earlier day",
        {"a.tsv": A},
        {"b.tsv": LATE},
        a=taken("날씨"),
        b=taken("어제"),
    ),
    life(
        "removed",
        "a file that is removed: its rows stay",
        {"a.tsv": A, "b.tsv": B},
        {"a.tsv": None},
        a=taken("날씨"),
        b=taken("환율"),
    ),
    life(
        "removed-and-back",
        "a file that is removed and put again",
        {"a.tsv": A},
        {"a.tsv": None},
        {"a.tsv": A},
        a=taken("날씨"),
    ),
    life(
        "two-names",
        "one content under two names",
        {"a.tsv": A, "b.tsv": A},
        a=taken("날씨"),
        b=same_content(),
    ),
    life(
        "copied",
        "a copy that comes later",
        {"a.tsv": A},
        {"b.tsv": A},
        a=taken("날씨"),
        b=same_content(),
    ),
    life(
        "copy-stays",
        "a copy whose original changes",
        {"a.tsv": A, "b.tsv": A},
        {"a.tsv": B},
        a=taken("환율"),
        b=taken("날씨"),
    ),
    life(
        "copy-changes",
        "a copy that changes",
        {"a.tsv": A, "b.tsv": A},
        {"b.tsv": B},
        a=taken("날씨"),
        b=taken("환율"),
    ),
    life(
        "exchanged",
        "two files that exchange their names",
        {"a.tsv": A, "b.tsv": B},
        {"a.tsv": B, "b.tsv": A},
        a=taken("환율"),
        b=taken("날씨"),
    ),
    life(
        "garbage",
        "a log replaced by something else",
        {"a.tsv": A},
        {"a.tsv": "no log\n"},
        a=set_aside("no known log format"),
    ),
    life(
        "mended",
        "something else replaced by a log",
        {"a.tsv": "no log\n", "b.tsv": B},
        {"a.tsv": A},
        a=taken("날씨"),
        b=taken("환율"),
    ),
    life(
        "set-aside-again",
        "what was set aside, unchanged",
        {"a.tsv": "no log\n", "b.tsv": B},
        {},
        a=set_aside("no known log format"),
        b=taken("환율"),
    ),
    Case(
        "life-cut-then-whole",
        "a gzip file that broke off, put again whole",
        [{"a.tsv.gz": WHOLE[:-100]}, {"a.tsv.gz": WHOLE}],
        {"a.tsv.gz": taken(*["날씨"] * 500)},
    ),
    Case(
        "life-packed",
        "a log and the same log packed",
        [{"a.tsv": _own(A, "packed")}, {"a.tsv.gz": gzip.compress(_own(A, "packed").encode())}],
        {"a.tsv": taken("날씨"), "a.tsv.gz": taken(duplicates=1)},
    ),
    life(
        "duplicate-then-replaced",
        "a search of two files, of which the first is replaced",
        {"a.tsv": line("날씨", user="life1")},
        {"b.tsv": line("날씨", user="life1") + B},
        {"a.tsv": C},
        a=taken("로또"),
        b=taken("날씨", "환율"),
    ),
    life(
        "robot-later",
        "a later file makes a robot of a user: his earlier searches go",
        {"a.tsv": seconds(300, "life robot") + A},
        {"b.tsv": seconds(300, "life robot").replace("T09:", "T10:") + B},
        a=taken("날씨", withheld={"robot": 300}),
        b=taken("환율", withheld={"robot": 300}),
    ),
    life(
        "robot-no-more",
        "a robot's file replaced: the rest of his searches come back",
        {"a.tsv": seconds(300, "life robot2")},
        {"b.tsv": seconds(300, "life robot2").replace("T09:", "T10:")},
        {"b.tsv": B},
        a=taken(count=300),
        b=taken("환율"),
    ),
    life(
        "renamed",
        "a file that is renamed",
        {"a.tsv": A},
        {"a.tsv": None, "b.tsv": A},
        b=taken("날씨"),
        a=absent(),
    ),
    life(
        "future-falls-due",
        "a search of tomorrow, taken in tomorrow",
        {"a.tsv": line("내일", user="@d", time="2026-03-10T20:00:00Z") + A},
        {},
        a=taken("내일", "날씨"),
    ),
    life(
        "future-not-due",
        "a search of next week, not yet tomorrow",
        {"a.tsv": line("다음주", user="@e", time="2026-03-17T00:00:00Z") + A},
        {},
        a=taken("날씨", rejected={"future_time": 1}),
    ),
]
