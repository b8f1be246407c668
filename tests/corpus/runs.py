"""Runs of the corpus: what each file became, read from the root as a user would read it."""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pandas as pd
import pytest

from pipeline.carriers.session import Session
from pipeline.commands.cli import report_taken_in
from pipeline.errors import PipelineError
from pipeline.runs.inspection import Landing
from pipeline.runs.take_in import check_landing, take_in
from pipeline.store.root import open_root
from tests.corpus.case import Case, Content, Expected, Refused

#: The clock of the first run; each later run is a day later.
NOW = datetime(2026, 3, 10, tzinfo=UTC)


@dataclass
class Outcome:
    """What a landing folder became."""

    ledger: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    searches: pd.DataFrame = field(default_factory=pd.DataFrame)
    rejects: pd.DataFrame = field(default_factory=pd.DataFrame)
    passed_over: Mapping[str, str] = field(default_factory=dict)  #: address -> why, last run
    summary: str = ""  #: of the last run
    error: str = ""  #: the sentence that stopped the last run


def groups(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases that share a landing folder, by what they share."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        own = case.alone or isinstance(case.expected, Refused)
        key = case.name if own else json.dumps(dict(case.options), sort_keys=True, default=str)
        found.setdefault(key, []).append(case)
    return found


def outcome(session: Session, tmp: Path, cases: Sequence[Case]) -> Outcome:
    """Put the files of all cases into one landing folder, and take them in, run by run."""
    landing, root = tmp / "landing", tmp / "root"
    landing.mkdir(parents=True)
    result = Outcome()
    for number in range(max(len(case.runs) for case in cases)):
        for case in cases:
            if number < len(case.runs):
                folder = landing if case.alone else landing / case.name
                put(folder, case.runs[number], NOW + timedelta(days=number))
        options: dict[str, Any] = {
            name: str(value).replace("{tmp}", str(tmp)) if isinstance(value, str) else value
            for name, value in cases[0].options.items()
        }
        now = NOW + timedelta(days=number)
        result = _run(session, Landing(str(landing), **options), root, now)
    return result


def put(folder: Path, files: Mapping[str, Content | None], now: datetime) -> None:
    """Write files as of `now`; None removes one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        elif isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_bytes(content.encode())
        else:
            content(path)
        if content is not None and not path.is_symlink() and path.exists():
            os.utime(path, (now.timestamp(), now.timestamp()))


def _run(session: Session, landing: Landing, root: Path, now: datetime) -> Outcome:
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.commands.cli.say", said.append)
        try:
            check_landing(session, landing, root=str(root))
            with open_root(session, str(root), say=said.append) as opened:
                taken = take_in(opened, landing, now=now)
                report_taken_in(taken, landing)
        except PipelineError as error:
            return Outcome(error=str(error), summary="\n".join(said))
    return Outcome(
        {str(row["source"]): dict(row) for _, row in _rows(root / "ledger").iterrows()},
        _rows(root / "searches"),
        _rows(root / "rejects"),
        dict(taken.passed_over),
        "\n".join(said),
    )


def _rows(folder: Path) -> pd.DataFrame:
    files = sorted(folder.rglob("*.parquet")) if folder.exists() else []
    if not files:
        return pd.DataFrame({"source": [], "reason": [], "query": []})
    return pd.concat([pd.read_parquet(file, partitioning=None) for file in files])


def became(found: Outcome, case: Case, name: str) -> Expected:
    """What one file of a case became, with as much as `case.expected` asks for."""
    assert not isinstance(case.expected, Refused)
    asked = case.expected[name]
    below = f"/landing/{name}" if case.alone else f"/landing/{case.name}/{name}"
    entries = [row for source, row in found.ledger.items() if _path(source).endswith(below)]
    if not entries:
        left = found.passed_over.items()
        why = [reason for address, reason in left if _path(address).endswith(below)]
        word = asked.word if why and asked.word in why[0] else "; ".join(why)
        return Expected("passed_over" if why else "absent", word=word)
    [entry] = entries
    searches = found.searches[found.searches["source"] == entry["taken_in_as"]]
    rejects = found.rejects[found.rejects["source"] == entry["taken_in_as"]]
    lines = entry["accepted"] + entry["duplicates"] + entry["rejected"] + entry["withheld"]
    assert entry["lines"] == lines, "the ledger's row does not add up"
    assert entry["accepted"] == len(searches), "the ledger says other than searches"
    if entry["status"] != "taken_in":
        assert searches.empty, "it has searches though it is not taken in"
        detail = str(entry["detail"])
        in_words = (
            asked.word if entry["status"] == asked.status and asked.word in detail else detail
        )
        return Expected(entry["status"], word=in_words if entry["status"] == "set_aside" else "")
    rejected, withheld = dict(entry["rejected_by_reason"]), dict(entry["withheld_by_reason"])
    told = Counter(rejects["reason"])
    assert told == Counter({**rejected, **withheld}), "the ledger says other than rejects"
    queries = sorted(searches["query"]) if asked.queries is not None else None
    times = sorted(f"{time:%Y-%m-%dT%H:%M:%S}" for time in searches["searched_at"])
    return Expected(
        "taken_in",
        queries,
        count=len(searches) if asked.queries is None else None,
        times=times if asked.times is not None else None,
        people=searches["user_id"].nunique() if asked.people is not None else None,
        duplicates=entry["duplicates"],
        skipped=entry["skipped"],
        rejected=rejected,
        withheld=withheld,
        format=entry["format"] if asked.format is not None else None,
        charset=entry["charset"] if asked.charset is not None else None,
    )


def _path(source: str) -> str:
    """An address as a path; one of a name that is no UTF-8 is percent-encoded."""
    if source.startswith("file-encoded:"):
        return os.fsdecode(unquote_to_bytes(source))
    return source
