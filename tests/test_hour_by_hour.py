"""A log that comes in hour by hour gives what it gives as a whole, and each hour costs an hour."""

import gzip
import random
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from pipeline.reading.formats import load_format
from pipeline.runs import count as counting
from pipeline.runs import merge as merging
from pipeline.runs import published as publish
from pipeline.runs import read as reading
from pipeline.runs.inspection import Landing, Readable
from pipeline.runs.stale import SessionRules
from pipeline.runs.take_in import take_in
from pipeline.store.ledger import FoundFile
from pipeline.store.root import open_root
from tests.factories import HERE, at
from tests.test_carriers import KEYS, rows

NOW = at("2026-03-20T00:00:00")
DAYS = ("2026-03-14T", "2026-03-15T")
COUNTED = ("searches", "rejects", "hourly_counts", "daily_counts", "daily_pairs", "daily_clicks")


def no_words(_: str) -> None:
    """Nothing is said where nothing has to be waited for."""


def lines_of_two_days() -> list[str]:
    """Real simulated searches in order of time, a robot among them, copies, and broken lines."""
    logs = Path(__file__).parents[1] / "sample_data" / "logs"
    lines: list[str] = []
    for day in ("2026-03-14", "2026-03-15"):
        [path] = logs.glob(f"{day}*")
        lines += gzip.decompress(path.read_bytes()).decode("utf-8", "ignore").split("\n")[::4]
    lines = [line for line in lines if line[:2] == "20"]
    robot = [f"2026-03-15T{n // 60:02}:{n % 60:02}:07+09:00\tbot\tq{n % 300}" for n in range(900)]
    twins = [line.replace("\t\t", "\thttps://example.com/\t1") for line in lines[5::97]]
    broken = ["2026-03-15T12:00:00+09:00\thong\t010-1234-5678", "yesterday\thong\tq"]
    night = [
        f"2026-03-{14 + n // 60}T{(23 + n // 60) % 24:02}:{n % 60:02}:00+09:00\towl\t밤 {n % 9}"
        for n in range(40, 100)
    ]
    return sorted([*lines, *robot, *twins, *broken, *night])


def made(place: Path, name: str, batches: Sequence[Sequence[str]]) -> Path:
    """A root into which the batches were taken in and counted one after the other."""
    root = place / name
    root.mkdir()
    (root / "_user_key").write_text(f"blake2b {'5' * 64}\n", encoding="ascii")
    landing = place / f"{name}-landing"
    landing.mkdir()
    for number, batch in enumerate(batches):
        (landing / f"{number:03}.tsv").write_text("\n".join(batch) + "\n", "utf-8")
        with open_root(HERE, str(root), say=no_words) as opened:
            take_in(opened, Landing(str(landing)), now=NOW)
            days = publish.days_until(opened, publish.as_of_day(opened, None), 28)
            counting.refresh_hourly_counts(opened)
            counting.refresh_daily_counts(opened, days)
            counting.refresh_daily_pairs(opened, days, SessionRules())
            counting.refresh_daily_clicks(opened, days, SessionRules())
    return root


def by_hours(lines: Sequence[str], hours: int) -> list[list[str]]:
    """Batches of so many hours; what has no time comes last."""
    batches: dict[str, list[str]] = {}
    for line in lines:
        hour = int(line[11:13]) // hours if line[:11] in DAYS else -1
        batches.setdefault(f"{line[:10]} {hour:02}", []).append(line)
    timeless = [line for key in sorted(batches) if "-1" in key[11:] for line in batches.pop(key)]
    found = [batch for _, batch in sorted(batches.items())]
    found[-1] += timeless  # alone they would be no search log
    return found


def assert_same(found: Path, expected: Path) -> None:
    for dataset in COUNTED:
        columns = [name for name in rows(expected, dataset).columns if name != "source"]
        if dataset == "rejects":  # a robot's row names its source, a line its place in its file
            columns = ["reason", "text", "dt"]
        tables = [
            rows(root, dataset)[columns].sort_values(
                [*dict.fromkeys([*KEYS[dataset], *columns])]
                if dataset == "searches"
                else [name for name in columns if name in (*KEYS[dataset], "reason", "text", "dt")]
            )
            for root in (found, expected)
        ]
        pd.testing.assert_frame_equal(
            tables[0].reset_index(drop=True), tables[1].reset_index(drop=True), obj=dataset
        )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("whole"), "root", [lines_of_two_days()])


@pytest.mark.parametrize("hours", [1, 5])
def test_in_order(whole: Path, tmp_path: Path, hours: int) -> None:
    batches = by_hours(lines_of_two_days(), hours)
    assert len(batches) > 9
    assert_same(made(tmp_path, "root", batches), whole)


@pytest.mark.parametrize("seed", [1, 2])
def test_late_files_and_edges_that_overlap(whole: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    batches = by_hours(lines_of_two_days(), 3)
    for first, second in pairwise(batches):
        for line in rng.sample(first, min(9, len(first) // 2)):  # written late, into the next file
            first.remove(line)
            second.append(line)
    late = batches.pop(rng.randrange(len(batches)))
    batches.insert(rng.randrange(len(batches)), late)
    assert_same(made(tmp_path, "root", batches), whole)


def test_people_in_buckets(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "SEARCHES_A_BUCKET", 900)
    monkeypatch.setattr(merging, "LEAST_BYTES_A_SEARCH", 9)
    lines = lines_of_two_days()
    middle = len(lines) * 2 // 3

    root = made(tmp_path, "root", [lines[:middle], lines[middle:]])

    assert len({path.name[-8:] for path in root.glob("searches/*/*")}) == 1
    assert len(list(root.glob("searches/dt=2026-03-15/*-00001-of-*"))) == 2
    assert_same(root, whole)


def test_a_run_writes_only_what_is_new(tmp_path: Path) -> None:
    people = [line for line in lines_of_two_days() if "\tbot\t" not in line]
    batches = by_hours([line for line in people if "example.com" not in line], 1)[24:36]
    root = made(tmp_path, "root", batches)
    plain = [path for path in root.glob("searches/dt=2026-03-15/*") if path.suffix == ".parquet"]
    assert len(plain) == len(batches)


def test_many_files_of_a_day_are_packed_into_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "MOST_FILES", 4)
    batches = by_hours(lines_of_two_days(), 1)[24:36]
    packed = made(tmp_path, "packed", batches)
    assert len(list(packed.glob("searches/dt=2026-03-15/*.parquet"))) <= 4
    assert_same(packed, made(tmp_path, "at_once", [[line for each in batches for line in each]]))


def test_a_large_file_is_read_in_spans(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SPAN_BYTES", 4_999)
    root = made(tmp_path, "root", [lines_of_two_days()])

    assert_same(root, whole)
    columns = ["line", "reason", "text"]
    found, expected = (rows(each, "rejects")[columns] for each in (root, whole))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_every_line_begins_in_one_span(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(reading, "SPAN_BYTES", size)
    content = b"one\n\ntwo\nthree and four\n\n\nfive"
    file = FoundFile("file:///log.tsv", len(content), at("2026-03-02"))
    item = Readable(file, load_format("silgeom"), "UTF-8", None)

    parts = [b"".join(reading._pieces(span, BytesIO(content))) for span in reading.spans(item)]

    assert len(parts) == max(1, len(content) // size)
    assert b"".join(parts) == content
    assert all(part.endswith(b"\n") for part in [part for part in parts if part][:-1])


def test_many_small_files_are_read_together(whole: Path, tmp_path: Path) -> None:
    lines = [line for line in lines_of_two_days() if line.startswith(DAYS)]
    landing = tmp_path / "landing"
    landing.mkdir()
    for number in range(0, len(lines), 7):
        text = "\n".join(lines[number : number + 7]) + "\n"
        (landing / f"{number:05}.tsv").write_text(text, "utf-8")
    (landing / "empty.tsv").write_text("", "utf-8")
    root = tmp_path / "root"
    root.mkdir()
    (root / "_user_key").write_text(f"blake2b {'5' * 64}\n", encoding="ascii")

    with open_root(HERE, str(root), say=no_words) as opened:
        taken = take_in(opened, Landing(str(landing)), now=NOW)

    by_name = {Path(entry.source).name: entry for entry in taken.entries}
    assert by_name["00007.tsv"].lines == 7
    searches, expected = (rows(each, "searches").drop(columns=["source"]) for each in (root, whole))
    pd.testing.assert_frame_equal(searches, expected)
    found = rows(root, "rejects")
    assert found[found["line"].notna()]["line"].between(1, 7).all()
