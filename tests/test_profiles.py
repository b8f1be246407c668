"""Profiles of people from a log to look-ups: made, kept up to date, and deleted for good."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.reading.user_ids import user_ids
from pipeline.runs import profiling
from pipeline.runs.forgetting import forget
from pipeline.store.root import open_root
from pipeline.store.tables import scanned_files
from silgeom.personal import History
from silgeom.profiles import Profiles, ProfilesError
from silgeom.user_keys import UserKeys
from tests.factories import HERE
from tests.faults.injection import KILL, Calls, Killed, storage_calls
from tests.jobs import IDLE, status_of

Run = Callable[..., str]
START = date(2026, 3, 2)
ANNA = "anna-7007"


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def run(root: Path, landing: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a job and gives what it prints."""

    def run(*options: str, name: str = "profiles", idle: bool = False) -> str:
        places = [] if name in ("rotate_key", "expire") else ["--landing", str(landing)]
        session = {"session": IDLE} if idle else {}
        status = status_of(name, *places, "--root", str(root), *options, **session)
        said = capsys.readouterr()
        assert status == 0, said.err
        return said.out

    return run


def write(landing: Path, day: int, *searches: tuple[str, str, str], name: str = "") -> None:
    """A file of a day, whose searches are HH:MM, user and query; many others search, too."""
    lines = [f"{START + timedelta(days=day)}T{at}:00+09:00\t{u}\t{q}\n" for at, u, q in searches]
    (landing / f"{START + timedelta(days=day)}{name}.tsv").write_text("".join(lines), "utf-8")


def told(history: History) -> list[tuple[str, int]]:
    """Queries and on how many occasions, the heaviest first."""
    rows = json.loads(history.to_json())["searched"]
    return [(text, occasions) for text, _, occasions, _ in rows]


def ids_in_bytes(root: Path, *users: str) -> list[bytes]:
    keys = UserKeys.from_text((root / "_user_key").read_text("utf-8"))
    ids = user_ids(pl.Series(users), keys).to_list()
    forms = [each.to_bytes(8, "little", signed=True) for each in ids]
    return [*forms, *(str(each).encode() for each in ids), *(user.encode() for user in users)]


def every_byte(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_person_is_found_by_the_user_of_the_log(run: Run, landing: Path, root: Path) -> None:
    write(landing, 0, ("09:00", ANNA, "제주 렌터카"), ("09:10", ANNA, "제주 렌터카"))
    write(
        landing, 1, ("09:00", ANNA, "제주 렌터카"), ("10:00", ANNA, "GS25"), ("10:00", "u2", "눈")
    )

    said = run()

    profiles = Profiles(root)
    # ten minutes later is the same occasion, a day later another
    assert told(profiles.of(ANNA)) == [("제주 렌터카", 2), ("GS25", 1)]
    assert told(profiles.of(f" {ANNA}\u200b")) == told(profiles.of(ANNA)), "as in the log"
    assert told(profiles.of("u2")) == [("눈", 1)]
    assert told(profiles.of("nobody")) == told(profiles.of("")) == []
    assert len(profiles) == 2
    assert "People    2, with 3 queries until 2026-03-03" in said
    assert "up to date" in run(idle=True)
    assert ANNA.encode() not in every_byte(root)


def test_a_new_day_is_added_to_the_days_before_which_are_not_read_again(
    run: Run, landing: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(4):
        write(landing, day, ("09:00", ANNA, "날씨"), ("09:00", f"u{day}", "눈"))
    run()
    read: list[str] = []

    def noted(storage: object, files: list[str], columns: object) -> pl.LazyFrame:
        read.extend(files)
        return scanned_files(storage, files, columns)  # type: ignore[arg-type]

    monkeypatch.setattr(profiling, "scanned_files", noted)
    write(landing, 4, ("09:00", ANNA, "날씨"), ("23:00", ANNA, "눈"))
    run()
    assert {each.split("dt=")[1][:10] for each in read} == {"2026-03-06"}
    assert told(Profiles(root).of(ANNA)) == [("날씨", 5), ("눈", 1)]

    # what comes later that day is counted from the evening before; nothing twice
    read.clear()
    write(landing, 4, ("23:30", ANNA, "비"), name="-late")
    run()
    assert {each.split("dt=")[1][:10] for each in read} == {"2026-03-06"}
    assert dict(told(Profiles(root).of(ANNA))) == {"날씨": 5, "눈": 1, "비": 1}
    assert sorted(each.name for each in (root / "profiles").glob("dt=*")) == [
        "dt=2026-03-05",
        "dt=2026-03-06",
    ]


def test_day_by_day_is_the_same_as_all_at_once_also_for_what_came_late(
    run: Run, landing: Path, root: Path, tmp_path: Path
) -> None:
    def searches(day: int) -> list[tuple[str, str, str]]:
        return [
            (f"{hour:02}:{user:02}", f"u{user}", f"q{(day * hour * user) % 11}")
            for hour in range(8, 20)
            for user in range(30)
        ]

    for day in range(5):
        if day != 1:
            write(landing, day, *searches(day))
        run("--days", "4")
    write(landing, 1, *searches(1))
    run("--days", "4")
    status_of("profiles", "--landing", landing, "--root", tmp_path / "other", "--days", "4")

    for user in range(30):
        one, other = (Profiles(each).of(f"u{user}") for each in (root, tmp_path / "other"))
        assert one.to_json() == other.to_json()
    assert len(Profiles(root)) == 30


def test_what_is_old_and_what_is_too_much_is_not_kept(run: Run, landing: Path, root: Path) -> None:
    write(landing, 0, ("09:00", ANNA, "오래전"), ("09:00", "u1", "오래전"))
    write(landing, 9, *((f"10:{n:02}", ANNA, f"q{n}") for n in range(9)))

    run("--days", "5", "--queries", "3")

    assert sorted(told(Profiles(root).of(ANNA))) == [("q6", 1), ("q7", 1), ("q8", 1)]
    assert told(Profiles(root).of("u1")) == []


def test_no_query_is_kept_for_longer_than_searches_are(run: Run, landing: Path, root: Path) -> None:
    for day in range(4):
        write(landing, day, ("09:00", ANNA, f"q{day}"))
    run()
    run("--keep", "searches=2d", "--as-of", "2026-03-05", name="expire")
    assert len(Profiles(root).of(ANNA)) == 4
    write(landing, 4, ("09:00", ANNA, "q4"))
    run()

    assert sorted(told(Profiles(root).of(ANNA))) == [("q2", 1), ("q3", 1), ("q4", 1)]


@pytest.fixture
def in_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles in many files, as those of many people."""
    monkeypatch.setattr(profiling, "BUCKET_BYTES", 4000)


def crowd(day: int) -> list[tuple[str, str, str]]:
    others = [(f"09:{n % 60:02}", f"user-{n}", f"것 {n}") for n in range(60)]
    return [*others, (f"1{day}:00", ANNA, f"비밀 {day}"), (f"1{day}:30", ANNA, "날씨")]


@pytest.mark.usefixtures("in_buckets")
def test_an_erased_person_is_in_no_byte_of_any_file_and_no_other_is_lost(
    run: Run, landing: Path, root: Path
) -> None:
    for day in range(3):
        write(landing, day, *crowd(day))
    run()
    profiles = Profiles(root)
    assert len(list((root / "profiles" / "dt=2026-03-04").iterdir())) > 1
    assert len(profiles.of(ANNA)) == 4
    others = {n: told(profiles.of(f"user-{n}")) for n in range(60)}
    assert all(others.values())

    said = run("--user", ANNA, name="erase")

    assert ": 0 hits" in said
    left = every_byte(root)
    assert not [form for form in ids_in_bytes(root, ANNA) if form in left]
    assert "비밀 1".encode() not in left
    assert told(profiles.of(ANNA)) == [], "also for who has them mapped"
    assert {n: told(profiles.of(f"user-{n}")) for n in range(60)} == others
    assert "up to date" in run(idle=True), "the others' profiles need no more work"


@pytest.mark.usefixtures("in_buckets")
def test_a_service_forgets_one_person_at_once_and_until_they_search_again(
    run: Run, landing: Path, root: Path
) -> None:
    for day in range(2):
        write(landing, day, *crowd(day))
    run()
    profiles = Profiles(root)
    with open_root(HERE, str(root), say=print) as held:
        gone = forget(held, [ANNA], now=datetime(2026, 3, 3, 12, tzinfo=UTC))

    assert gone == 3
    assert told(profiles.of(ANNA)) == []
    assert "비밀".encode() not in every_byte(root / "profiles")
    assert told(profiles.of("user-7")) == [("것 7", 2)]

    # A new day, and a day that is counted anew from its searches: nothing comes back.
    write(landing, 0, ("08:00", "user-7", "것 7"), name="-late")
    write(landing, 2, *crowd(2))
    run()
    assert sorted(told(profiles.of(ANNA))) == [("날씨", 1), ("비밀 2", 1)]
    assert told(profiles.of("user-7")) == [("것 7", 4)]


def test_who_is_forgotten_is_so_or_not_at_all_wherever_it_is_cut_off(
    run: Run, landing: Path, root: Path, tmp_path: Path
) -> None:
    write(landing, 0, *crowd(0)[-5:])
    run()

    def forgotten(path: Path) -> None:
        with open_root(HERE, str(path), say=print) as held:
            forget(held, [ANNA], now=datetime(2026, 3, 3, tzinfo=UTC))

    whole = shutil.copytree(root, tmp_path / "whole")
    with storage_calls(calls := Calls()):
        forgotten(whole)
    assert len(calls.made) > 10
    for number in range(len(calls.made)):
        path = shutil.copytree(root, tmp_path / f"cut {number}")
        with storage_calls(Calls(number, KILL)), pytest.raises(Killed):
            forgotten(path)
        profiles = Profiles(path)
        assert len(profiles.of(ANNA)) in (0, 2), calls.made[number]
        assert len(profiles.of("user-59")) == 1, calls.made[number]
        with open_root(HERE, str(path), say=print):
            pass  # what was decided is finished
        forgotten(path)
        assert len(Profiles(path).of(ANNA)) == 0
        assert "비밀".encode() not in every_byte(path / "profiles")
        assert not (path / "_staging").exists()


@pytest.mark.usefixtures("in_buckets")
def test_under_a_new_key_everybody_is_found_and_the_forgotten_stay_so(
    run: Run, landing: Path, root: Path
) -> None:
    write(landing, 0, *crowd(0))
    run()
    profiles = Profiles(root)
    before = {n: told(profiles.of(f"user-{n}")) for n in range(60)}
    with open_root(HERE, str(root), say=print) as held:
        forget(held, [ANNA], now=datetime(2026, 3, 3, tzinfo=UTC))

    run(name="rotate_key")

    assert {n: told(profiles.of(f"user-{n}")) for n in range(60)} == before
    assert "up to date" in run(idle=True)
    shutil.rmtree(root / "profiles" / "dt=2026-03-02")
    (root / "profiles" / "_made_of.json").unlink()
    write(landing, 1, *crowd(1))
    run()
    assert told(profiles.of("user-3")) == [("것 3", 2)]


def test_what_is_no_profiles_is_a_sentence(run: Run, landing: Path, root: Path) -> None:
    with pytest.raises(ProfilesError, match=r"no profiles in .*: run jobs/profiles.py"):
        Profiles(root)
    with pytest.raises(ProfilesError, match="not hdfs://x/y"):
        Profiles("hdfs://x/y")
    write(landing, 0, ("09:00", ANNA, "날씨"))
    run()
    profiles = Profiles(root)
    [file] = (root / "profiles").glob("dt=*/*.arrow")
    file.write_bytes(file.read_bytes()[:-9])
    for ask in (lambda: Profiles(root), lambda: profiles.of(ANNA)):
        with pytest.raises(ProfilesError, match="holds no whole profiles"):
            ask()
    key = (root / "_user_key").read_text("utf-8")
    (root / "_user_key").write_text("x" + key, "utf-8")
    with pytest.raises(ProfilesError) as caught:
        Profiles(root)
    assert key.split()[1] not in str(caught.getrepr(chain=True))
