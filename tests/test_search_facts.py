"""Result counts, times of clicks and devices in a root: of an older layout, read again, erased."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.schemas import LATER_COLUMNS as LATER
from pipeline.schemas import LATER_IN_SEARCHES, REJECTS
from pipeline.store.migrations import LAYOUT
from tests.test_jobs import run as run  # the fixture

Job = Callable[..., tuple[int, str, str]]
HEAD = "searched_at\tuser\tquery\tclicked_rank\tresult_count\tclick_seconds\tdevice\n"


def log(folder: Path, day: int = 2, *, robot: bool = False) -> None:
    """Six people's searches, each on another device, with the results they had; and a robot's."""
    folder.mkdir(exist_ok=True)
    devices = ["mobile", "desktop", "tablet"]
    lines = [
        f"2026-03-{day:02}T09:00:{n:02}+09:00\tu{n}\t제습기\t{n or ''}\t{n * 10}\t{n}.5"
        f"\t{devices[n % 3]}\n"
        for n in range(6)
    ]
    if robot:
        lines += [
            f"2026-03-{day:02}T{n // 60:02}:{n % 60:02}:00+09:00\tbot\t제습기\t\t7\t\tdesktop\n"
            for n in range(501)
        ]
    (folder / f"{day:02}.tsv").write_text(HEAD + "".join(lines), "utf-8")


def places(tmp_path: Path, name: str = "root") -> list[object]:
    return ["--landing", tmp_path / "log", "--root", tmp_path / name]


def rows(root: Path, dataset: str = "searches") -> pd.DataFrame:
    """All rows, columns that a file lacks as null, without what differs from root to root."""
    files = sorted((root / dataset).rglob("*.parquet"))
    every = pd.concat([pq.ParquetFile(file).read().to_pandas() for file in files])
    by = ["query", "searched_at"] if dataset == "searches" else ["source", "reason"]
    found: pd.DataFrame = every.drop(columns=["user_id"], errors="ignore")
    return found.sort_values(by, ignore_index=True)


def as_layout_3(root: Path) -> None:
    """What lies under a root as the program before wrote it: without these columns."""
    for file in (root / "searches").rglob("*.parquet"):
        pq.write_table(pq.ParquetFile(file).read().drop(list(LATER_IN_SEARCHES)), file)
    for file in (root / "daily_clicks").rglob("*.parquet"):
        table = pq.ParquetFile(file).read()
        pq.write_table(table.drop([name for name in table.column_names if name in LATER]), file)
    for file in (root / "rejects").rglob("*.parquet"):
        table = pq.ParquetFile(file).read()
        search = table["search"].combine_chunks()
        kept = [each for each in search.type if each.name not in LATER_IN_SEARCHES]
        parts = pa.StructArray.from_arrays(
            [search.field(each.name) for each in kept], fields=kept, mask=search.is_null()
        )
        pq.write_table(table.set_column(REJECTS.get_field_index("search"), "search", parts), file)
    state = json.loads((root / "_state.json").read_text("utf-8"))
    (root / "_state.json").write_text(json.dumps(state | {"layout": 3}), "utf-8")


def test_they_are_kept_with_the_searches_and_with_those_of_robots(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log", robot=True)

    assert run("trending", *places(tmp_path))[0] == 0

    found = rows(tmp_path / "root")
    assert found["result_count"].tolist() == [0, 10, 20, 30, 40, 50]
    assert found["click_seconds"].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert found["device"].tolist() == ["mobile", "desktop", "tablet"] * 2
    robots = rows(tmp_path / "root", "rejects")["search"]
    assert [(each["result_count"], each["device"]) for each in robots] == [(7, "desktop")] * 501


def test_a_root_of_the_layout_before_takes_in_more_and_ends_as_a_fresh_one(
    tmp_path: Path, run: Job
) -> None:
    log(tmp_path / "log", robot=True)
    assert run("trending", *places(tmp_path))[0] == 0
    as_layout_3(tmp_path / "root")
    log(tmp_path / "log", day=3, robot=True)
    # And a file of a day that is there, whose other rows are stored without the columns.
    late = "2026-03-02T09:01:00+09:00\tu9\t제습기\t1\t10\t1.5\tdesktop\n"
    (tmp_path / "log" / "late.tsv").write_text(HEAD + late, "utf-8")

    for job in ("trending", "analytics", "related"):
        status, _, error = run(job, *places(tmp_path))
        assert (status, error) == (0, ""), job
        assert run(job, *places(tmp_path, "fresh"))[0] == 0

    old, fresh = rows(tmp_path / "root"), rows(tmp_path / "fresh")
    told = old["result_count"].notna()
    assert told.sum() == 7  # of day 3 and of u9; the six of day 2 were stored before
    pd.testing.assert_frame_equal(old[told], fresh[told], check_dtype=False)
    unlike = [*LATER_IN_SEARCHES]
    pd.testing.assert_frame_equal(old.drop(columns=unlike), fresh.drop(columns=unlike))
    for dataset in ("hourly_counts", "daily_counts", "related"):
        found = [pd.read_parquet(tmp_path / root / dataset) for root in ("root", "fresh")]
        columns = [name for name in found[0] if "sketch" not in str(name)]
        assert found[0][columns].equals(found[1][columns]), dataset
    assert json.loads((tmp_path / "root" / "_state.json").read_text())["layout"] == LAYOUT


@pytest.mark.parametrize("how", ["--reread", "put again"])
def test_files_of_before_that_are_read_again_tell_them(tmp_path: Path, run: Job, how: str) -> None:
    log(tmp_path / "log")
    assert run("trending", *places(tmp_path))[0] == 0
    as_layout_3(tmp_path / "root")

    more: list[object] = ["--reread", "02.tsv"]
    if how == "put again":
        more = []
        file = tmp_path / "log" / "02.tsv"
        file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    assert run("ingest", *places(tmp_path), *more)[0] == 0

    assert rows(tmp_path / "root")["result_count"].tolist() == [0, 10, 20, 30, 40, 50]


@pytest.mark.parametrize("is_old", [False, True])
def test_erasure_rotation_and_expiry_leave_them_to_the_others(
    tmp_path: Path, run: Job, *, is_old: bool
) -> None:
    log(tmp_path / "log")
    log(tmp_path / "log", day=3)
    assert run("trending", *places(tmp_path))[0] == 0
    if is_old:
        as_layout_3(tmp_path / "root")
    root = ["--root", tmp_path / "root"]

    assert run("erase", *root, "--user", "u5")[0] == 0
    assert run("rotate_key", *root)[0] == 0
    expired = ["--keep", "searches=1d", "--as-of", "2026-03-03"]
    assert run("expire", *root, *expired)[0] == 0

    found = rows(tmp_path / "root")
    if is_old:
        assert "device" not in found or found["device"].isna().all()
    else:
        assert found["result_count"].tolist() == [0, 10, 20, 30, 40]
        assert found["device"].tolist() == ["mobile", "desktop", "tablet", "mobile", "desktop"]


@pytest.mark.parametrize("is_old", [False, True])
def test_clicks_of_days_whose_searches_have_gone_are_told_of_the_others_after_an_erasure(
    tmp_path: Path, run: Job, *, is_old: bool
) -> None:
    for day in (2, 3):
        log(tmp_path / "log", day=day)
    root = ["--root", tmp_path / "root"]
    assert run("analytics", *places(tmp_path))[0] == 0
    if is_old:
        as_layout_3(tmp_path / "root")
    assert run("expire", *root, "--keep", "searches=1d", "--as-of", "2026-03-03")[0] == 0

    status, said, _ = run("erase", *root, "--user", "u5")

    assert status == 0, said
    assert run("analytics", *places(tmp_path))[0] == 0
    [row] = pd.read_parquet(tmp_path / "root" / "query_analytics").to_dict("records")
    assert (row["people"], row["searches"]) == (5, 10)
    # u0 to u4 had 0 to 40 results; of one of five nobody may know, so nothing is told.
    assert pd.isna(row["zero_result_rate"])
    if not is_old:
        files = (tmp_path / "root" / "daily_clicks").rglob("*.parquet")
        days = [pq.ParquetFile(file).read().to_pylist() for file in files]
        told = [(day["results_known"], day["no_results"], day["timed"]) for [day] in days]
        assert told == [(5, 1, 5)] * 2


def test_a_run_lists_what_found_nothing_and_says_what_the_log_lacks(
    tmp_path: Path, run: Job
) -> None:
    (tmp_path / "log").mkdir()
    lines = [
        f"2026-03-02T09:{n:02}:00+09:00\tu{n}\t{query}\t\t{results}\t\t\n"
        for n in range(12)
        for query, results in (("날씨", 30), ("제습기 부품", 0 if n < 6 else 3), ("오타", 0))
    ]
    (tmp_path / "log" / "a.tsv").write_text(HEAD + "".join(lines), "utf-8")

    status, said, _ = run("analytics", *places(tmp_path))

    assert status == 0
    lost = said[said.index("Nothing   was found for 2 of these queries") :]
    rows = [line.split() for line in lost.splitlines() if "오타" in line or "부품" in line]
    assert rows == [["오타", "12", "12", "1.00"], ["제습기", "부품", "12", "6", "0.50"]]
    # Without clicks there is no time of one to be missed.
    assert "Clicks    none in the log" in said
    assert "Missing" not in said
    # A log without these columns says so in one sentence.
    plain = "".join(line.split("\t\t")[0] + "\t3\n" for line in lines)
    (tmp_path / "log" / "a.tsv").write_text(
        "searched_at\tuser\tquery\tclicked_rank\n" + plain, "utf-8"
    )
    said = run("analytics", *places(tmp_path))[1]
    assert "Nothing   was found" not in said
    assert said.count("\nMissing   the log does not say how many results a search had or when") == 1


def test_keywords_are_told_by_device_and_an_erased_person_is_in_none_of_it(
    tmp_path: Path, run: Job
) -> None:
    (tmp_path / "log").mkdir()
    for day in (2, 3):
        lines = [
            f"2026-03-{day:02}T09:{n:02}:00+09:00\tu{n}\t제습기\t\t\t\t{device}\n"
            for n, device in enumerate(["mobile"] * 8 + ["desktop"] * 6)
        ]
        (tmp_path / "log" / f"{day}.tsv").write_text(HEAD + "".join(lines), "utf-8")

    def devices() -> list[tuple[str, int, int]]:
        assert run("keyword_tool", *places(tmp_path))[0] == 0
        [row] = pd.read_parquet(tmp_path / "root" / "keyword_tool").to_dict("records")
        names = ("devices", "device_searchers", "device_searches")
        return list(zip(*(row[name].tolist() for name in names), strict=True))

    root = ["--root", tmp_path / "root"]
    assert devices() == [("mobile", 8, 16), ("desktop", 6, 12)]
    # Of the first day the searches go for their age, and its counts stay.
    assert run("expire", *root, "--keep", "searches=1d", "--as-of", "2026-03-03")[0] == 0
    assert run("erase", *root, "--user", "u0")[0] == 0
    assert devices() == [("mobile", 7, 14), ("desktop", 6, 12)]
    assert run("rotate_key", *root)[0] == 0
    assert devices() == [("mobile", 7, 14), ("desktop", 6, 12)]


def test_a_log_without_devices_has_counts_of_none(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log")
    file = tmp_path / "log" / "02.tsv"
    lines = file.read_text("utf-8").splitlines()
    file.write_text("".join(f"{line.rpartition(chr(9))[0]}\n" for line in lines), "utf-8")

    assert run("keyword_tool", *places(tmp_path))[0] == 0
    status, said, _ = run("keyword_tool", *places(tmp_path))

    assert (status, "up to date: nothing to do" in said) == (0, True)
    assert [*(tmp_path / "root" / "daily_devices").rglob("*.parquet")] == []
    assert pd.read_parquet(tmp_path / "root" / "keyword_tool")["devices"].tolist() == [None]
