"""People taken out of everything that is kept, and the proof of it."""

import bz2
import gzip
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InvalidParameterError
from pipeline.reading.user_ids import user_ids
from pipeline.runs.erasure import Proof, erase, known_users, prove
from pipeline.runs.stale import SessionRules
from pipeline.schemas import DAILY_COUNTS, DAILY_PAIRS, HOURLY_COUNTS
from pipeline.store.evidence import Person, hits, holds_user
from pipeline.store.root import Root, open_root
from pipeline.store.state import DayVersion
from pipeline.store.storage import LocalStorage
from tests.factories import HERE
from tests.faults.injection import INTERRUPT, KILL, Calls, Killed, storage_calls
from tests.test_expire import everything, results
from tests.test_jobs import run as run  # the fixture

Job = Callable[..., tuple[int, str, str]]
ANNA = "anna-7007"
ID = -1234567890123456789


def parquet(**columns: Any) -> bytes:  # noqa: ANN401
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (parquet(user_id=[ID, 5, ID]), 2),
        (parquet(searchers_sketch=[[1, ID], None, []]), 1),
        (parquet(search=[{"user_id": ID}, None]), 1),
        (parquet(text=[f"10:00\t{ANNA}\tx", "anna-70071", None]), 1),
        (parquet(arguments=[[("user", ANNA)]]), 1),
        (parquet(query=[ANNA]), 0),  # what somebody typed is no trace of the account
        (parquet(user_id=[1], text=["other"]), 0),
        (f'{{"id": {ID}}}'.encode(), 1),
        (f"{ID & (2**64 - 1):016x}".encode(), 1),
        (f"{ANNA}\n{ANNA}1".encode(), 1),
        (b"", 0),
    ],
)
def test_a_file_of_a_root_is_searched_in_all_its_columns(content: bytes, found: int) -> None:
    assert hits(content, Person(frozenset([ID]), (ANNA,))) == found


def test_short_users_are_not_found_in_numbers_by_chance() -> None:
    assert hits(b'{"run": 17}', Person(frozenset([ID]), ("17",))) == 0
    assert hits(parquet(text=["a\t17\tb"]), Person(frozenset([ID]), ("17",))) == 1


def in_pieces(content: bytes, size: int = 5) -> Iterator[bytes]:
    return (content[n : n + size] for n in range(0, len(content), size))


@pytest.mark.parametrize(
    ("name", "charset", "packed"),
    [
        ("a.tsv", "UTF-8", lambda text: text.encode()),
        ("a.tsv", "CP949", lambda text: text.encode("cp949")),
        ("a.tsv", "UTF-16LE", lambda text: text.encode("utf-16-le")),
        ("a.tsv.gz", "UTF-8", lambda text: gzip.compress(b"") + gzip.compress(text.encode())),
        ("a.tsv.bz2", "UTF-8", lambda text: bz2.compress(b"x\n") + bz2.compress(text.encode())),
        ("a.parquet", "UTF-8", lambda text: parquet(who=text.split("\t"))),
    ],
)
def test_a_log_that_names_a_user_is_known_whatever_its_form(
    name: str, charset: str, packed: Callable[[str], bytes]
) -> None:
    user = "안나.7"
    named, others = f"x\t{user}\t날씨\n", "x\t안나.77\t날씨\ny\t안나07\t안나\n"

    assert holds_user(in_pieces(packed(named)), name, charset, [user])
    assert not holds_user(in_pieces(packed(others)), name, charset, [user])


def test_a_number_as_user_is_found_in_a_column_of_numbers() -> None:
    assert holds_user(iter([parquet(user=[7, 8])]), "a.parquet", "UTF-8", ["8"])
    assert not holds_user(iter([parquet(user=[7, 88])]), "a.parquet", "UTF-8", ["8"])


def test_a_list_of_users_has_one_a_line() -> None:
    assert known_users(["\ufeffanna\n", "\n", "# left in May\n", " bori \n"]) == ["anna", "bori"]
    with pytest.raises(InvalidParameterError, match="nobody is named"):
        known_users(["\n", "\u200b\n"])


def log(folder: Path, *, without: str = "") -> Path:
    """Two evenings of eight people and Anna, who alone looks for 비밀, across midnight too."""
    folder.mkdir()
    users = [*(f"u{n}" for n in range(8)), ANNA]
    for day, later in (("2026-03-01", "2026-03-02"), ("2026-03-02", "2026-03-03")):
        rows = [
            (f"{day}T23:5{n}:00+09:00", user, query)
            for n, user in enumerate(users)
            for query in ("날씨", "지도")
        ]
        rows.append((f"{day}T23:58:00+09:00", ANNA, "비밀"))
        rows += [(f"{later}T00:05:00+09:00", user, "약국") for user in ("u0", ANNA)]
        text = "".join("\t".join(row) + "\n" for row in rows if row[1] != without)
        (folder / f"{day}.tsv").write_text(text, "utf-8")
    return folder


def test_a_person_is_in_nothing_any_more_and_all_else_is_as_if_they_had_never_been(
    tmp_path: Path, run: Job
) -> None:
    landing, root = log(tmp_path / "log"), tmp_path / "root"
    places = ["--landing", landing, "--root", root]
    assert run("all", *places)[0] == 0

    status, said, error = run("erase", *places, "--user", ANNA)

    assert (status, error) == (0, "")
    assert "Erased    8 searches of 1 people" in said
    assert ": 0 hits" in said
    assert [line for line in said.splitlines() if "still holds" in line] == [
        f"Landing   still holds them: file://{landing}/{day}.tsv"
        for day in ("2026-03-01", "2026-03-02")
    ]
    assert ANNA not in said
    everything = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    assert ANNA.encode() not in everything

    # The newest results are those of a log in which Anna never was.
    assert "made again: trending/dt=2026-03-03/hour=01, related/dt=2026-03-03, autoc" in said
    assert run("all", *places)[1].count("up to date") == 3
    clean = ["--landing", log(tmp_path / "clean", without=ANNA), "--root", tmp_path / "other"]
    assert run("all", *clean)[0] == 0
    assert without_ids(results(root)) == without_ids(results(tmp_path / "other"))

    ledger = pd.read_parquet(root / "ledger")
    parts = ledger[["accepted", "duplicates", "rejected", "withheld"]].sum(axis=1)
    assert list(ledger["lines"]) == list(parts)
    assert [dict(each) for each in ledger["withheld_by_reason"]] == [{"erased": 4}] * 2
    runs = pd.read_parquet(root / "runs").set_index("job").loc["jobs/erase.py"]
    assert dict(runs["arguments"])["user"] == "(not told)"


def without_ids(found: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Counts without sketches, whose ids another key made: lists of numbers as their length."""
    return {
        name: sorted(
            tuple(f"[{len(each[1:-1].split())}]" if each.startswith("[") else each for each in row)
            for row in rows
        )
        for name, rows in found.items()
    }


def test_a_person_does_not_come_back_but_what_they_do_later_counts(
    tmp_path: Path, run: Job
) -> None:
    landing, root = log(tmp_path / "log"), tmp_path / "root"
    places = ["--landing", landing, "--root", root]
    listed = tmp_path / "left.txt"
    listed.write_text(f"# left\n{ANNA}\n", "utf-8")
    assert run("ingest", *places)[0] == 0
    assert run("erase", *places, "--users-from", listed)[0] == 0

    # The file is put again, in other bytes; and there is a newer one, of a time after the erasure.
    file = landing / "2026-03-01.tsv"
    file.write_text(file.read_text("utf-8") + "2026-03-01T10:00:00+09:00\tu1\t빵집\n", "utf-8")
    status, said, _ = run("ingest", *places)
    assert (status, "erased 4" in said) == (0, True)
    searches = pd.read_parquet(root / "searches")
    assert "빵집" in set(searches["query"])
    assert "비밀" not in set(searches["query"])
    assert searches["user_id"].nunique() == 8
    rejects = pd.read_parquet(root / "rejects")
    assert list(rejects["reason"]) == ["erased"] * 4
    assert rejects["text"].isna().all()


def test_where_searches_went_for_their_age_sketches_lose_the_person(
    tmp_path: Path, run: Job
) -> None:
    landing, root = log(tmp_path / "log"), tmp_path / "root"
    places = ["--landing", landing, "--root", root]
    assert run("all", *places)[0] == 0
    assert run("expire", "--root", root, "--keep", "searches=1d", "--as-of", "2026-03-03")[0] == 0

    status, said, _ = run("erase", *places, "--user", ANNA)

    assert (status, ": 0 hits" in said) == (0, True)
    counts = pd.read_parquet(root / "daily_counts")
    first = counts[counts["dt"].astype(str) == "2026-03-01"].set_index("query")
    assert dict(first["searchers"]) == {"날씨": 8, "지도": 8}
    assert dict(first["searches"]) == {"날씨": 8, "지도": 8}
    # Hours have no sketch: only what nobody else typed can be told.
    hourly = pd.read_parquet(root / "hourly_counts")
    of_day = hourly[hourly["dt"].astype(str) == "2026-03-01"]
    assert sorted(of_day["searchers"]) == [9, 9]
    assert run("all", *places)[0] == 0
    complete = pd.read_parquet(root / "autocomplete")
    assert "비밀" not in set(complete["completion"])


def test_all_that_the_jobs_made_of_a_person_goes_and_they_run_on(tmp_path: Path, run: Job) -> None:
    places = ["--landing", log(tmp_path / "log"), "--root", tmp_path / "root"]
    jobs = ("all", "keywords", "patterns", "analytics", "keyword_tool", "profiles")
    for job in jobs:
        assert run(job, *places)[0] == 0

    status, said, error = run("erase", *places, "--user", ANNA)

    assert (status, error, ": 0 hits" in said) == (0, "", True)
    assert "keyword_patterns/dt=2026-03-03 is removed: run keywords and patterns again" in said
    for job in jobs:
        assert run(job, *places)[0] == 0
    assert ": 0 hits" in run("erase", *places, "--user", ANNA)[1]


def test_users_from_standard_input_are_refused_where_spark_keeps_it(
    tmp_path: Path, run: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ["--landing", log(tmp_path / "log"), "--root", tmp_path / "root"]
    assert run("ingest", *places)[0] == 0
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")

    status, _, error = run("erase", *places, "--users-from", "-")

    assert (status, "spark-submit passes no standard input on: name a file" in error) == (2, True)


def test_erasing_nobody_or_somebody_unknown(tmp_path: Path, run: Job) -> None:
    landing, root = log(tmp_path / "log"), tmp_path / "root"
    places = ["--landing", landing, "--root", root]
    assert run("ingest", *places)[0] == 0

    assert run("erase", *places, "--user", " ")[0] == 2
    status, said, _ = run("erase", *places, "--user", "nobody-9")
    assert (status, "Erased    0 searches" in said, "0 hits" in said) == (0, True, True)


def a_root_without_searches(path: Path) -> None:
    """Counts of a day whose searches went for their age, and a robot's day that Anna shares."""
    with open_root(HERE, str(path), say=lambda _: None) as root:
        anna, bori = user_ids(pl.Series([ANNA, "bori"]), root.user_keys()).to_list()
        people = sorted([anna, bori])
        daily = [
            {"query_id": 1, "query": "날씨", "surface": "날씨", "searchers": 2}
            | {"searchers_sketch": people, "searches": 3, "variant_id": 1, "ending_ids": []},
            {"query_id": 2, "query": "비밀", "surface": "비밀", "searchers": 1}
            | {"searchers_sketch": [anna], "searches": 1, "variant_id": 2, "ending_ids": []},
        ]
        pairs = [
            {"first_id": 1, "second_id": 2, "sessions": 1, "opened": 0, "searchers_sketch": [anna]}
            | {"seconds_between": 60.0, "soon": 1}
        ]
        hourly = [
            {"hour": datetime(2026, 3, 1, tzinfo=UTC), "query_id": n, "searchers": 3 - n}
            | {"also_searched": 1}
            for n in (1, 2)
        ]
        with root.change() as change:
            for dataset, schema, rows in (
                ("daily_counts", DAILY_COUNTS, daily),
                ("daily_pairs", DAILY_PAIRS, pairs),
                ("hourly_counts", HOURLY_COUNTS, hourly),
            ):
                table = pa.Table.from_pylist(rows, schema)
                staged = change.stage_table(dataset, table)
                change.put(dataset, "dt=2026-03-01", staged, made_of="counted")
            version = DayVersion(1, 1, 1, "2026-03-01T03:00:00+00:00")
            change.state.days = {"2026-03-01": version}
            change.state.kept_from = {"searches": "2026-03-02"}
        root.storage.write_text(f"{root.address}/_first_look_related", f"x\n{ANNA}\n")


@pytest.mark.usefixtures("no_power_cuts")
def test_cut_off_at_any_call_of_storage_an_erasure_is_finished_by_running_it_again(
    tmp_path: Path,
) -> None:
    template = tmp_path / "template"
    a_root_without_searches(template)

    def attempt(path: Path) -> Proof:
        with open_root(HERE, str(path), say=lambda _: None) as root:
            erase(root, [ANNA], rules=SessionRules(), now=datetime(2026, 3, 9, tzinfo=UTC))
            return prove(root, [ANNA])

    with open_root(HERE, str(template), say=lambda _: None) as root:
        assert prove(root, [ANNA]).hits == 4, "two sketches, one of a pair, and the first look"
    whole = tmp_path / "whole"
    shutil.copytree(template, whole)
    with storage_calls(calls := Calls()):
        assert attempt(whole).hits == 0
    wanted = everything(whole)
    assert [row["query"] for row in wanted["daily_counts/dt=2026-03-01/part-00000.parquet"]] == [
        "날씨"
    ]
    assert wanted.keys() == {
        f"{dataset}/dt=2026-03-01/part-00000.parquet"
        for dataset in ("daily_counts", "hourly_counts")
    }
    for mode, fault in ((KILL, Killed), (INTERRUPT, KeyboardInterrupt)):
        for number in range(len(calls.made)):
            path = tmp_path / f"{mode} {number}"
            shutil.copytree(template, path)
            with storage_calls(Calls(number, mode)), pytest.raises(fault):
                attempt(path)
            assert attempt(path).hits == 0, (mode, calls.made[number])
            assert everything(path) == wanted, (mode, calls.made[number])


def searched_once(folder: Path) -> Path:
    """Eight people's evening, of whom each asks for two things, and Anna for one, twice."""
    folder.mkdir()
    rows = [
        f"2026-03-01T20:0{minute}:{second:02}+09:00\t{user}\t{query}\n"
        for second, user in enumerate([*(f"u{n}" for n in range(8)), ANNA])
        for minute, query in enumerate(["날씨", "지도"][: 1 if user == ANNA else 2])
    ]
    rows.append(f"2026-03-01T20:40:00+09:00\t{ANNA}\t날씨\n")
    rows += [f"2026-03-02T09:00:00+09:00\t{user}\t약국\n" for user in ("u0", ANNA)]
    (folder / "log.tsv").write_text("".join(rows), "utf-8")
    return folder


@pytest.mark.parametrize(
    "between", [[], ["expire", "--keep", "searches=1d", "--as-of", "2026-03-02"]]
)
def test_cut_off_before_it_counts_again_an_erasure_leaves_all_others_where_they_were(
    between: list[str], tmp_path: Path, run: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing, root = searched_once(tmp_path / "log"), tmp_path / "root"
    places = ["--landing", landing, "--root", root]
    for job in ("related", "analytics"):
        assert run(job, *places)[0] == 0
    shutil.copytree(root, tmp_path / "whole")
    assert run("erase", *places[:2], "--root", tmp_path / "whole", "--user", ANNA)[0] == 0

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.runs.erasure._count_again", interrupt)
        assert run("erase", *places, "--user", ANNA)[0] == 130
    if between:
        assert run(*between, "--root", root)[0] == 0
    status, said, _ = run("erase", *places, "--user", ANNA)

    assert (status, ": 0 hits" in said) == (0, True)
    for dataset in ("related", "query_analytics", "search_quality", "daily_pairs", "daily_clicks"):
        left, wanted = (pd.read_parquet(each / dataset) for each in (root, tmp_path / "whole"))
        assert len(wanted), dataset
        pd.testing.assert_frame_equal(left, wanted)


def test_leftovers_of_a_run_that_was_cut_off_are_searched_too(tmp_path: Path) -> None:
    a_root_without_searches(tmp_path)
    (tmp_path / "_staging" / ".hidden").mkdir(parents=True)
    (tmp_path / "_staging" / ".hidden" / "x").write_text(ANNA)
    root = Root(HERE, f"file://{tmp_path}", LocalStorage())

    assert f"file://{tmp_path}/_staging/.hidden/x" in prove(root, [ANNA]).found
