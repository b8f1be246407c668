"""Files that are out of reach, gone, renamed, read in another way, or due later."""

import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipeline.carriers.session import Session
from pipeline.errors import LandingError, UnreachableError
from pipeline.runs.inspection import Landing
from pipeline.runs.take_in import TakenIn, check_landing, take_in
from pipeline.store.root import open_root
from pipeline.store.storage import LocalStorage
from tests.factories import HERE, at

NOW = at("2026-03-10T00:00:00")
INPUT_OUTPUT_ERROR = OSError(5, "Input/output error")


def nobody(_: object) -> None:
    """Nobody listens, and nobody waits."""


def run(
    session: Session,
    landing: Path,
    root: Path,
    *,
    now: datetime = NOW,
    **how: Any,  # noqa: ANN401
) -> TakenIn:
    with open_root(session, str(root), say=nobody) as opened:
        return take_in(opened, Landing(str(landing), **how), now=now, wait=nobody)


def line(time: str, query: str, *, user: str = "kim") -> str:
    """A search of March 2026 in Silgeom's own format; `time` as in 2T09:00:00, of Seoul."""
    return f"2026-03-0{time}+09:00\t{user}\t{query}\n"


def queries(root: Path) -> list[str]:
    return sorted(pd.read_parquet(root / "searches")["query"])


def local_times(root: Path) -> Mapping[str, str]:
    """By query, when it was typed, in Seoul."""
    found = pd.read_parquet(root / "searches")
    moments = found["searched_at"].dt.tz_convert("Asia/Seoul")
    return dict(zip(found["query"], moments.dt.strftime("%m-%d %H:%M"), strict=True))


def ledger(root: Path) -> pd.DataFrame:
    """By file name; the rows of every file must be those that the ledger says."""
    found = pd.read_parquet(root / "ledger")
    summed = found.accepted + found.duplicates + found.rejected + found.withheld
    assert (found.lines == summed).all()
    rows = pd.read_parquet(root / "searches").groupby("source").size()
    told = found[found.accepted > 0].set_index("taken_in_as").accepted
    assert told.sort_index().to_dict() == rows.sort_index().to_dict()
    found.index = pd.Index([Path(source).name for source in found.source])
    return found


@contextmanager
def faulty(method: str, fault: Callable[[Path], None]) -> Iterator[None]:
    """While it holds, `fault` is called with the file before each such call to the storage."""
    plain = getattr(LocalStorage, method)

    def call(self: LocalStorage, address: str, *more: Any) -> Any:  # noqa: ANN401
        fault(Path(address.removeprefix("file://")))
        return plain(self, address, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalStorage, method, call)
        yield


def failing_for(*names: str, error: OSError = INPUT_OUTPUT_ERROR) -> Callable[[Path], None]:
    def fault(path: Path) -> None:
        if path.name in names:
            raise error

    return fault


def names(sources: Any) -> list[str]:  # noqa: ANN401
    return sorted(Path(source).name for source in sources)


def test_what_passes_is_held_against_no_file_and_the_next_run_takes_it_in(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    (landing / "old.tsv").write_text(line("2T09:00:00", "before"))

    # Nothing was ever taken in, and nothing can be: no root is made of it.
    with faulty("checksum", failing_for("old.tsv")), pytest.raises(UnreachableError, match="old"):
        run(session, landing, root)
    assert not root.exists()

    run(session, landing, root)
    noted = ledger(root).loc["old.tsv"].to_dict()

    # A file that changed, a new one, and one that goes while it is looked at.
    (landing / "old.tsv").write_text(line("2T09:00:00", "after"))
    for name in ("fine", "head", "locked"):
        (landing / f"{name}.tsv").write_text(line("2T10:00:00", name))
    locked = PermissionError(13, "Permission denied")
    with (
        faulty("checksum", failing_for("old.tsv", "head.tsv")),
        faulty("head", failing_for("locked.tsv", error=locked)),
    ):
        taken = run(session, landing, root)
    assert queries(root) == ["before", "fine"]
    assert names(taken.unreachable) == ["head.tsv", "locked.tsv", "old.tsv"]
    assert set(taken.unreachable.values()) == {"Input/output error", "Permission denied"}
    assert ledger(root).index.to_list() == ["fine.tsv", "old.tsv"]
    assert ledger(root).loc["old.tsv"].to_dict() == noted

    taken = run(session, landing, root)
    assert (taken.unreachable, taken.set_aside) == ({}, [])
    assert queries(root) == ["after", "fine", "head", "locked"]


def test_a_file_lost_in_mid_read_stops_nobody_and_a_damaged_one_is_told_from_it(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    rows = "".join(
        line(f"2T{n % 24:02}:00:00", f"{n * 7919 % 99_991} 원", user=f"u{n}") for n in range(9_000)
    )
    whole = gzip.compress(rows.encode())
    (landing / "back.tsv.gz").write_bytes(whole)
    (landing / "cut.tsv.gz").write_bytes(gzip.compress(b"\n" + rows.encode())[:-3000])
    (landing / "fine.tsv").write_text(line("2T09:00:00", "fine"))
    (landing / "lost.tsv").write_text(line("2T09:00:00", "lost"))

    # After the heads were looked at one file goes, and one is half there until its bytes are
    # looked into.
    def lose(path: Path) -> None:
        if path.name == "lost.tsv":
            path.rename(tmp_path / "lost.tsv")
        if path.name == "back.tsv.gz":
            path.write_bytes(whole[:-3000] + bytes(3000))

    def come_back(path: Path) -> None:
        if path.name == "back.tsv.gz":
            path.write_bytes(whole)

    plain = LocalStorage.head

    def head_then_lose(self: LocalStorage, address: str, size: int) -> bytes:
        found = plain(self, address, size)
        lose(Path(address.removeprefix("file://")))
        return found

    with pytest.MonkeyPatch.context() as patch, faulty("open", come_back):
        patch.setattr(LocalStorage, "head", head_then_lose)
        taken = run(session, landing, root)
    assert names(taken.unreachable) == ["lost.tsv"]
    assert names(entry.source for entry in taken.set_aside) == ["cut.tsv.gz"]
    assert ledger(root).status.to_dict() == {
        "back.tsv.gz": "taken_in",
        "cut.tsv.gz": "set_aside",
        "fine.tsv": "taken_in",
    }
    assert ledger(root).accepted["back.tsv.gz"] == 9_000

    # It is named again though nothing is new, and read again when that is asked for.
    assert names(entry.source for entry in run(session, landing, root).set_aside) == ["cut.tsv.gz"]
    assert names(entry.source for entry in run(session, landing, root, retry=True).entries) == [
        "cut.tsv.gz"
    ]
    (tmp_path / "lost.tsv").rename(landing / "lost.tsv")
    assert run(session, landing, root).unreachable == {}
    assert "lost" in queries(root)


def test_files_are_read_again_as_they_were_read_and_only_on_purpose_in_another_way(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    declared = tmp_path / "mine.toml"
    declared.write_text(
        'name = "mine"\nkind = "delimited"\nseparator = "|"\ntime = ["HH:mm:ss"]\n'
        "[columns]\nuser = 1\nquery = 2\nsearched_at = 3\n"
    )
    (landing / "mine.log").write_text("kim|날씨|09:00:00\nkim|환율|09:30:00\n", "cp949")
    how: dict[str, Any] = {"format": str(declared), "day": at("2026-03-02").date(), "zone": "UTC"}
    run(session, landing, root, charset="CP949", **how)
    # What mine.log has too: one of the two is a duplicate, whoever of them counts.
    (landing / "a.tsv").write_text(line("2T18:00:00", "날씨"))
    run(session, landing, root)
    expected = {"날씨": "03-02 18:00", "환율": "03-02 18:30"}
    assert local_times(root) == expected

    # Its neighbour goes over to something else: the duplicate counts again, where it was, although
    # the declaration is no more and this run says something else.
    declared.unlink()
    (landing / "a.tsv").write_text("2026-03-02T10:00:00\tkim\t로또\n")
    run(session, landing, root, zone="Asia/Seoul", day=at("2026-03-05").date())
    assert local_times(root) == expected | {"로또": "03-02 10:00"}
    entry = ledger(root).loc["mine.log"]
    assert (entry.format, entry.charset, entry.zone) == ("mine", "CP949", "UTC")
    assert str(entry.date) == "2026-03-02"

    # More lines under the same name: what was declared for it once still holds.
    with (landing / "mine.log").open("a", encoding="cp949") as log:
        log.write("kim|미세먼지|10:00:00\n")
    run(session, landing, root)
    expected |= {"미세먼지": "03-02 19:00"}
    assert local_times(root) == expected | {"로또": "03-02 10:00"}

    # The zone was wrong.
    taken = run(session, landing, root, reread=("a.*",), zone="UTC")
    assert names(entry.source for entry in taken.entries) == ["a.tsv"]
    assert local_times(root) == expected | {"로또": "03-02 19:00"}
    assert run(session, landing, root).entries == []

    before = ledger(root)
    with pytest.raises(LandingError, match=r"no file b\.tsv in"):
        run(session, landing, root, reread=("b.tsv",))
    with pytest.raises(LandingError, match="nothing was changed"):
        run(session, landing, root, reread=("a.tsv",), format="csv")
    pd.testing.assert_frame_equal(ledger(root), before)


def test_deleted_files_keep_their_rows_until_told_otherwise_and_renamed_ones_are_known(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    logs = {
        "deleted.tsv": line("2T09:00:00", "both") + line("2T10:00:00", "deleted"),
        "log": line("3T09:00:00", "monday"),
        "stays.tsv": line("2T09:00:00", "both") + line("4T09:00:00", "stays"),
    }
    for name, text in logs.items():
        (landing / name).write_text(text)
    (landing / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    run(session, landing, root)

    (landing / "deleted.tsv").unlink()
    (landing / "picture.png").unlink()
    (landing / "log").rename(landing / "log.1")
    (landing / "log").write_text(line("5T09:00:00", "tuesday"))
    taken = run(session, landing, root)
    assert names(entry.source for entry in taken.entries) == ["log"]
    assert (names(taken.renamed), names(taken.gone)) == (["log.1"], ["deleted.tsv"])
    assert queries(root) == ["both", "deleted", "monday", "stays", "tuesday"]
    assert ledger(root).index.to_list() == ["deleted.tsv", "log", "log.1", "stays.tsv"]

    # The renamed file changes: its rows go, and not those of the one that has its name now.
    (landing / "log.1").write_text(line("3T09:00:00", "monday, mended"))
    run(session, landing, root)
    assert queries(root) == ["both", "deleted", "monday, mended", "stays", "tuesday"]

    taken = run(session, landing, root, forget_missing=True)
    assert (names(taken.forgotten), list(taken.gone)) == (["deleted.tsv"], [])
    clean = tmp_path / "clean"
    run(session, landing, clean)
    assert queries(root) == queries(clean) == ["both", "monday, mended", "stays", "tuesday"]
    assert run(session, landing, root, forget_missing=True).gone == []

    for path in landing.iterdir():
        path.unlink()
    with pytest.raises(LandingError, match="refused while the landing folder is empty"):
        run(session, landing, root, forget_missing=True)
    assert len(run(session, landing, root).gone) == 3
    assert queries(root) == queries(clean)


def test_a_folder_that_cannot_be_listed_is_named_and_its_files_are_not_taken_for_gone(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    (landing / "inner").mkdir(parents=True)
    (landing / "a.tsv").write_text(line("2T09:00:00", "a"))
    (landing / "inner" / "b.tsv").write_text(line("2T09:00:00", "b"))
    run(session, landing, root)
    plain = LocalStorage.listing

    def without_inner(self: LocalStorage, address: str) -> Any:  # noqa: ANN401
        found = plain(self, address)
        if found is not None and address.endswith("landing"):
            inner = f"{address}/inner"
            found.files[:] = [each for each in found.files if not each.address.startswith(inner)]
            found.passed_over.append((inner, "it must not be read"))
            found.unread.append(inner)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalStorage, "listing", without_inner)
        taken = run(session, landing, root, forget_missing=True)

    assert (names(taken.unreachable), list(taken.gone), list(taken.forgotten)) == (
        ["inner"],
        [],
        [],
    )
    assert queries(root) == ["a", "b"]


def test_lines_of_the_future_are_taken_in_when_their_time_has_come(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    # Clocks may be an hour ahead: at 08:00 of Seoul the line of 09:30 is of the future.
    (landing / "log.tsv").write_text(line("9T07:00:00", "past") + line("9T09:30:00", "future"))
    run(session, landing, root, now=at("2026-03-09T08:00:00+09:00"))
    assert queries(root) == ["past"]
    assert dict(ledger(root).loc["log.tsv"].rejected_by_reason) == {"future_time": 1}

    assert run(session, landing, root, now=at("2026-03-09T08:29:59+09:00")).again == 0
    assert run(session, landing, root, now=at("2026-03-09T08:30:00+09:00")).again == 1
    assert queries(root) == ["future", "past"]
    assert run(session, landing, root, now=at("2026-03-09T09:00:00+09:00")).again == 0


def test_a_ledger_of_before_is_read_and_its_files_stay_known(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    (landing / "a.tsv").write_text(line("2T09:00:00", "a"))
    (landing / "b.tsv").write_text(line("2T09:00:00", "a") + line("2T09:00:00", "b"))
    run(session, landing, root)
    [file] = (root / "ledger").glob("*.parquet")
    new = ["taken_in_as", "zone", "date", "declaration", "look_again_at"]
    pq.write_table(pq.read_table(file).drop_columns(new), file)

    assert run(session, landing, root).entries == []
    (landing / "a.tsv").write_text(line("2T09:00:00", "changed"))
    taken = run(session, landing, root)

    assert (names(entry.source for entry in taken.entries), taken.again) == (["a.tsv"], 1)
    assert queries(root) == ["a", "b", "changed"]


@pytest.mark.parametrize(
    ("landing", "root", "sentence"),
    [
        ("logs", "logs", "lies in the landing folder"),
        ("logs", "logs/results", "lies in the landing folder"),
        ("logs", "link", "lies in the landing folder"),
        ("results/searches", "results", "is one of the datasets"),
    ],
)
def test_root_and_landing_folder_in_each_other_are_refused(
    tmp_path: Path, landing: str, root: str, sentence: str
) -> None:
    (tmp_path / "logs" / "results").mkdir(parents=True)
    (tmp_path / "results" / "searches").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "logs" / "results")

    with pytest.raises(LandingError, match=sentence):
        check_landing(HERE, Landing(str(tmp_path / landing)), root=str(tmp_path / root))


def test_root_and_landing_folder_beside_each_other_are_fine(tmp_path: Path) -> None:
    for name in ("logs", "logs-results", "results/logs"):
        (tmp_path / name).mkdir(parents=True)

    check_landing(HERE, Landing(str(tmp_path / "logs")), root=str(tmp_path / "logs-results"))
    check_landing(HERE, Landing(str(tmp_path / "results/logs")), root=str(tmp_path / "results"))
