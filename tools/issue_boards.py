"""Issues that come in a hundred phrasings: what the board of queries and the one of keywords see.

    python -m tools.issue_boards FOLDER [--issues 20] [--seed 1]

FOLDER gets a log: the one of sample_data and, in its second week, issues of some 60 people over
four hours each, of whom hardly two type the same words. All boards of that week are made of it,
of queries (`silgeom run trending`) and of keywords (`silgeom run keywords`), and compared with what
was planted. A row that says it is a surprise is right if it has a word of an issue, or of a burst
of the sample, of that time.
"""

import argparse
import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from pipeline.language.queries import variant_key
from silgeom.__main__ import main as silgeom
from silgeom.commands import say, whole
from silgeom.simulate.names import NEWS, thing
from silgeom.simulate.queries import build_queries
from silgeom.tables import table

HERE: Final = Path(__file__).resolve().parent.parent
SAMPLE: Final = HERE / "sample_data"
#: Issues begin on these days, between these hours.
DAYS: Final = ("2026-03-09", "2026-03-15")
FIRST_HOUR, LAST_HOUR = 8, 20
#: People of each hour of an issue.
PEOPLE: Final = (8, 18, 24, 12)
#: Hours after the last of them in which it may still be on a board.
AFTERWARDS: Final = 2

#: What people add to what they ask.
ADDED: Final = (
    "속보|원인|이유|현장|사진|영상|뉴스|기사|반응|실시간|오늘|지금|왜|정리|결과|공식|발표|내용|근황|"
    "댓글|커뮤니티|트위터|방송|인터뷰|전문|해명|목격자|경위|시간|장소|피해|논란|총정리|디시|더쿠|"
    "상황|경찰|조사|주변|후속"
)
FORMS: Final = (
    "{name} {news} {added}",
    "{news} {name} {added}",
    "{name}{news} {added}",
    "{name} {added}",
    "{added} {name} {news}",
)


@dataclass(frozen=True)
class Issue:
    """What people ask about: a name, what happened, and when that began."""

    name: str
    news: str
    begin: datetime

    @property
    def words(self) -> set[str]:
        """What a row about it may be told by."""
        return {self.name, *self.news.split(" ")}

    def is_on(self, end: datetime) -> bool:
        """Whether the window of an hour that ends then may show it."""
        return self.begin < end <= self.begin + timedelta(hours=len(PEOPLE) + AFTERWARDS)


def issues(count: int, draw: random.Random) -> list[Issue]:
    """Draw issues, no two in the same hours with the same name."""
    kinds = [kind for kind in NEWS if kind in ("person", "player", "place", "firm")]
    first = datetime.fromisoformat(f"{DAYS[0]}T00:00:00+09:00")
    found: dict[str, Issue] = {}
    while len(found) < count:
        kind = draw.choice(kinds)
        name = thing(kind, [draw.random() for _ in range(5)])
        hours = 24 * draw.randrange(7) + draw.randrange(FIRST_HOUR, LAST_HOUR)
        news = draw.choice(NEWS[kind][1])
        found.setdefault(name, Issue(name, news, first + timedelta(hours=hours)))
    return list(found.values())


def searches(planted: Sequence[Issue], draw: random.Random) -> list[str]:
    """The lines of the log: each person asks once, and searches something else before."""
    usual = build_queries().texts
    lines = []
    for number, issue in enumerate(planted):
        for hour, people in enumerate(PEOPLE):
            for person in range(people):
                user = f"issue{number}-{hour}-{person}"
                at = issue.begin + timedelta(hours=hour, seconds=draw.randrange(60, 3_600))
                asked = draw.choice(FORMS).format(
                    name=issue.name, news=issue.news, added=draw.choice(ADDED.split("|"))
                )
                before = at - timedelta(seconds=30)
                lines.append(f"{before.isoformat()}\t{user}\t{draw.choice(usual)}")
                lines.append(f"{at.isoformat()}\t{user}\t{asked}")
    return sorted(lines)


def boards(root: Path, dataset: str) -> list[tuple[datetime, list[dict[str, Any]]]]:
    """The surprises of each board, by the end of its window."""
    found = []
    for file in sorted(root.glob(f"{dataset}/dt=*/hour=*/*.parquet")):
        rows = pq.ParquetFile(file).read().to_pylist()
        if rows:
            found.append((rows[0]["window_end"], [row for row in rows if row["is_surprise"]]))
    return found


def measured(
    name: str,
    shown: Sequence[tuple[datetime, list[dict[str, Any]]]],
    planted: Sequence[Issue],
    truth: dict[str, Any],
) -> list[Any]:
    """A row of the table: issues found, after how many hours, and how many rows are right."""
    first: dict[str, datetime] = {}
    right = rows = 0
    for end, surprises in shown:
        on = [issue for issue in planted if issue.is_on(end)]
        words = {word for issue in on for word in issue.words} | _words_of_bursts(truth, end)
        keys = {variant_key(word) for word in words if len(word) > 1}
        for row in surprises:
            texts = [row["query"], *row["variants"]]
            rows += 1
            right += any(key in variant_key(text) for key in keys for text in texts)
            for issue in on:
                if any(variant_key(issue.name) in variant_key(text) for text in texts):
                    first.setdefault(issue.name, end)
    hours = [
        (first[issue.name] - issue.begin).total_seconds() / 3600
        for issue in planted
        if issue.name in first
    ]
    mean = sum(hours) / len(hours) if hours else float("nan")
    return [name, len(hours) / len(planted), mean, right / max(rows, 1), rows]


def _words_of_bursts(truth: dict[str, Any], end: datetime) -> set[str]:
    found = set()
    for burst in truth["bursts"]:
        hours = [datetime.fromisoformat(hour) for hour in burst["searchers"]]
        if min(hours) < end <= max(hours) + timedelta(hours=1 + AFTERWARDS):
            texts = [burst["query"], *burst["phrasings"], *burst["follow_ups"]]
            found |= {word for text in texts for word in text.split(" ")}
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Make the log and its boards, and tell what they found."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--issues", type=whole(1, 1_000), default=20)
    parser.add_argument("--seed", type=whole(0, 1_000_000), default=1)
    args = parser.parse_args(argv)
    draw = random.Random(args.seed)
    logs, root = args.folder / "logs", args.folder / "root"
    shutil.copytree(SAMPLE / "logs", logs, dirs_exist_ok=True)
    planted = issues(args.issues, draw)
    (logs / "issues.tsv").write_text("\n".join(searches(planted, draw)) + "\n", encoding="utf-8")
    for result in ("trending", "keywords"):
        places = ["--landing", str(logs), "--root", str(root)]
        silgeom(["run", result, *places, "--from", DAYS[0], "--to", DAYS[1]])
    truth = json.loads((SAMPLE / "truth.json").read_text("utf-8"))
    rows = [
        measured("queries", boards(root, "trending"), planted, truth),
        measured("keywords", boards(root, "trending_words"), planted, truth),
    ]
    headers = ["board", "issues found", "hours until then", "precision", "surprises"]
    cells = [[f"{x:.3f}" if isinstance(x, float) else x for x in row] for row in rows]
    say(f"\n{len(planted)} issues\n\n{table(headers, cells)}")


if __name__ == "__main__":
    main()
