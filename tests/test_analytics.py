"""`silgeom run analytics`, from a log to its three results."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.test_erase import ANNA, without_ids
from tests.test_expire import results
from tests.test_jobs import run as run  # the fixture

Job = Callable[..., tuple[int, str, str]]
QUERIES = ("날씨", "제주 맛집", "제주 흑돼지 맛집", "약국")
ANALYTICS = ("query_analytics", "reformulations", "search_quality")


def log(folder: Path, *, clicks: str = "some", without: str = "", days: int = 2) -> Path:
    """Evenings of twelve people and Anna, some of whom click; and sessions across midnight."""
    folder.mkdir()
    users = [*(f"u{n}" for n in range(12)), ANNA]
    for day in range(1, days + 1):
        rows = []
        for n, user in enumerate(users):
            url = {"some": f"https://a.example/{n}\t{n}" if n % 2 else "\t", "every": "x\t2"}
            click = f"\t{url[clicks]}" if clicks != "none" else ""
            no_click = click if clicks == "every" else "\t\t" if clicks == "some" else ""
            rows += [
                (user, f"2026-03-0{day}T23:30:{n:02}+09:00", f"날씨{click}"),
                (user, f"2026-03-0{day}T23:40:{n:02}+09:00", f"제주 맛집{no_click}"),
                (user, f"2026-03-0{day}T23:50:{n:02}+09:00", f"제주 흑돼지 맛집{click}"),
                (user, f"2026-03-0{day + 1}T00:10:{n:02}+09:00", f"약국{no_click}"),
            ]
        if clicks != "every":
            rows.append((ANNA, f"2026-03-0{day}T12:00:00+09:00", "비밀"))
        text = "".join(f"{time}\t{user}\t{rest}\n" for user, time, rest in rows if user != without)
        (folder / f"2026-03-0{day}.tsv").write_text(text, "utf-8")
    return folder


def places(tmp_path: Path, name: str = "root") -> list[object]:
    return ["--landing", tmp_path / "log", "--root", tmp_path / name]


def test_a_log_with_clicks_has_its_three_results(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log")

    status, said, error = run("analytics", *places(tmp_path))

    assert (status, error) == (0, "")
    assert "Clicks " not in said
    queries = pd.read_parquet(tmp_path / "root" / "query_analytics").set_index("query")
    # Of 13 people 6 click on each of two evenings; 약국 ends all 26 sessions without a click.
    assert dict(queries["people"]) == dict.fromkeys(
        ["날씨", "제주 맛집", "제주 흑돼지 맛집", "약국"], 13
    )
    assert queries.loc["날씨", "click_through"] == 12 / 26
    assert queries.loc["날씨", "mean_rank"] == (1 + 3 + 5 + 7 + 9 + 11) / 6
    assert (queries.loc["약국", "rank"], queries.loc["약국", "exit_rate"]) == (1, 1.0)
    assert queries.loc["제주 맛집", "click_through"] == 0.0
    assert queries.loc["제주 맛집", "reformulation_rate"] == 1.0
    into = pd.read_parquet(tmp_path / "root" / "reformulations")
    assert into[["query", "into_query", "people", "searches"]].values.tolist() == [
        ["제주 맛집", "제주 흑돼지 맛집", 13, 26]
    ]
    quality = pd.read_parquet(tmp_path / "root" / "search_quality")
    # A session counts on the day it begins, so the third day has none.
    assert [*quality["day"].dropna()] == ["2026-03-01", "2026-03-02"]
    assert {*quality["clicks_in_log"]} == {"some"}


def test_where_keywords_were_counted_all_queries_with_one_are_told_together(
    tmp_path: Path, run: Job
) -> None:
    log(tmp_path / "log")
    assert run("analytics", *places(tmp_path))[0] == 0
    assert not (tmp_path / "root" / "keyword_analytics").exists()
    assert run("keywords", *places(tmp_path))[0] == 0

    status, said, _ = run("analytics", *places(tmp_path))

    assert (status, said.count("up to date")) == (0, 3)
    keywords = pd.read_parquet(tmp_path / "root" / "keyword_analytics").set_index("query")
    # Of both days: 26 searches for 제주 맛집, none of them clicked, and 26 for 제주 흑돼지 맛집.
    assert (keywords.loc["맛집", "people"], keywords.loc["맛집", "searches"]) == (13, 52)
    assert keywords.loc["맛집", "click_through"] == 12 / 52
    assert keywords.loc["약국", "exit_rate"] == 1.0
    assert run("analytics", *places(tmp_path))[1].count("up to date") == 4
    assert "keyword_analytics" in run("erase", *places(tmp_path), "--user", ANNA)[1]


def test_who_is_erased_goes_from_the_clicks_of_keywords(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log")
    for job in ("keywords", "analytics"):
        assert run(job, *places(tmp_path))[0] == 0
    assert (tmp_path / "root" / "keyword_clicks" / "dt=2026-03-02").exists()

    assert ": 0 hits" in run("erase", *places(tmp_path), "--user", ANNA)[1]

    assert not [*(tmp_path / "root" / "keyword_clicks").rglob("*.parquet")]
    for job in ("keywords", "analytics"):
        assert run(job, *places(tmp_path))[0] == 0
    shutil.rmtree(tmp_path / "log")
    log(tmp_path / "log", without=ANNA)
    for job in ("keywords", "analytics"):
        assert run(job, *places(tmp_path, "clean"))[0] == 0
    made, clean = (without_ids(results(tmp_path / each)) for each in ("root", "clean"))
    names = [name for name in clean if name.startswith("keyword_")]
    assert {name.split("/")[0] for name in names} == {"keyword_analytics", "keyword_clicks"}
    for name in names:
        assert made[name] == clean[name]


def test_a_second_run_finds_nothing_to_do_and_a_new_day_counts_that_day_alone(
    tmp_path: Path, run: Job
) -> None:
    log(tmp_path / "log", days=3)
    last = tmp_path / "log" / "2026-03-03.tsv"
    shutil.move(last, tmp_path / "later.tsv")
    assert run("analytics", *places(tmp_path))[0] == 0
    assert run("analytics", *places(tmp_path))[1].count("up to date") == 3
    [first] = (tmp_path / "root" / "daily_clicks" / "dt=2026-03-01").iterdir()
    before = first.stat().st_mtime_ns

    shutil.move(tmp_path / "later.tsv", last)
    assert run("analytics", *places(tmp_path))[0] == 0

    assert first.stat().st_mtime_ns == before
    assert run("analytics", *places(tmp_path, "clean"))[0] == 0
    found, clean = (without_ids(results(tmp_path / each)) for each in ("root", "clean"))
    assert {name: found[name] for name in clean} == clean
    assert {"daily_clicks", *ANALYTICS} <= {name.split("/")[0] for name in clean}


def test_clicks_of_keywords_are_those_of_the_whole_log_after_each_day(
    tmp_path: Path, run: Job
) -> None:
    log(tmp_path / "log", days=3)
    waiting = tmp_path / "waiting"
    shutil.copytree(tmp_path / "log", waiting)
    for file in (tmp_path / "log").iterdir():
        file.unlink()
    # The sessions of an evening go on after midnight, in the file of the next day.
    lines = [
        (file.name, file.read_text("utf-8").splitlines(True)) for file in sorted(waiting.iterdir())
    ]
    late: list[str] = []
    for name, of_file in lines:
        day = name.removesuffix(".tsv")
        kept = [*late, *(each for each in of_file if each.startswith(day))]
        late = [each for each in of_file if not each.startswith(day)]
        (tmp_path / "log" / name).write_text("".join(kept), "utf-8")
        for job in ("keywords", "analytics"):
            assert run(job, *places(tmp_path))[0] == 0
    for job in ("keywords", "analytics"):
        assert run(job, *places(tmp_path, "clean"))[0] == 0

    found, clean = (without_ids(results(tmp_path / each)) for each in ("root", "clean"))

    of_clicks = [name for name in clean if name.startswith("keyword_clicks")]
    assert len(of_clicks) == 3
    for name in of_clicks:
        assert found[name] == clean[name]
    newest = tmp_path / "root" / "keyword_analytics" / "dt=2026-03-03"
    drugstore = pd.read_parquet(newest).set_index("query").loc["약국"]
    assert (drugstore["people"], drugstore["searches"], drugstore["exit_rate"]) == (13, 26, 1.0)


def test_what_nobody_asked_for_is_not_counted(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log")

    assert run("all", *places(tmp_path))[0] == 0

    for dataset in ("daily_clicks", *ANALYTICS):
        assert not (tmp_path / "root" / dataset).exists()


@pytest.mark.parametrize(
    ("clicks", "sentence"),
    [
        ("none", "none in the log: click-through, ranks and exits cannot be told"),
        ("every", "each search in the log has one, since it has a line a click"),
    ],
)
def test_a_log_that_does_not_tell_of_clicks_says_so_and_the_rest_is_made(
    clicks: str, sentence: str, tmp_path: Path, run: Job
) -> None:
    log(tmp_path / "log", clicks=clicks)

    status, said, _ = run("analytics", *places(tmp_path))

    assert (status, sentence in said) == (0, True)
    assert sentence in run("analytics", *places(tmp_path))[1]  # up to date, and told again
    queries = pd.read_parquet(tmp_path / "root" / "query_analytics")
    assert queries["click_through"].isna().all()
    assert queries["exit_rate"].isna().all()
    assert queries["reformulation_rate"].isna().all() == (clicks == "every")
    assert queries["mean_rank"].isna().all() == (clicks == "none")


def test_erased_people_are_in_no_click_and_results_are_as_if_they_had_never_been(
    tmp_path: Path, run: Job
) -> None:
    log(tmp_path / "log")
    assert run("analytics", *places(tmp_path))[0] == 0

    status, said, _ = run("erase", *places(tmp_path), "--user", ANNA)

    assert (status, ": 0 hits" in said) == (0, True)
    for dataset in ANALYTICS:
        assert f"{dataset}/dt=2026-03-03" in said
    clean = ["--landing", log(tmp_path / "clean", without=ANNA), "--root", tmp_path / "other"]
    assert run("analytics", *clean)[0] == 0
    found, expected = (without_ids(results(tmp_path / each)) for each in ("root", "other"))
    kinds = ("daily_clicks", *ANALYTICS)
    ours, theirs = (
        {name: rows for name, rows in each.items() if name.split("/")[0] in kinds}
        for each in (found, expected)
    )
    assert ours == theirs


def test_where_searches_went_for_their_age_clicks_stay_and_lose_the_erased(
    tmp_path: Path, run: Job
) -> None:
    log(tmp_path / "log")
    assert run("analytics", *places(tmp_path))[0] == 0
    keep = ["--keep", "searches=1d", "--as-of", "2026-03-03"]
    assert run("expire", "--root", tmp_path / "root", *keep)[0] == 0
    before = pd.read_parquet(tmp_path / "root" / "query_analytics").set_index("query")

    status, said, _ = run("erase", *places(tmp_path), "--user", ANNA)
    assert (status, ": 0 hits" in said) == (0, True)
    assert run("analytics", *places(tmp_path), "--at", "2026-03-03T12:00")[0] == 0

    after = pd.read_parquet(tmp_path / "root" / "query_analytics").set_index("query")
    assert dict(before["people"]) == dict.fromkeys(
        ["날씨", "제주 맛집", "제주 흑돼지 맛집", "약국"], 13
    )
    assert dict(after["people"]) == dict.fromkeys(
        ["날씨", "제주 맛집", "제주 흑돼지 맛집", "약국"], 12
    )
    assert (before.loc["날씨", "searches"], after.loc["날씨", "searches"]) == (26, 24)
    assert after.loc["날씨", "click_through"] == 12 / 24


def test_a_new_key_leaves_the_results_as_they_are(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log")
    assert run("analytics", *places(tmp_path))[0] == 0
    before = results(tmp_path / "root")

    assert run("rotate_key", "--root", tmp_path / "root")[0] == 0

    assert run("analytics", *places(tmp_path))[1].count("up to date") == 3
    after = results(tmp_path / "root")
    names = [name for name in before if name.startswith("daily_clicks")]
    assert names
    for name in names:
        assert before[name] != after[name]
    assert without_ids(before) == without_ids(after)


def test_nothing_of_few_people_is_in_any_result(tmp_path: Path, run: Job) -> None:
    log(tmp_path / "log")
    assert run("analytics", *places(tmp_path))[0] == 0

    for dataset in ANALYTICS:
        text = pd.read_parquet(tmp_path / "root" / dataset).to_csv()
        assert "비밀" not in text
        assert "a.example" not in text
