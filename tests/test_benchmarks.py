"""What the benchmarks do besides measuring: one question for all, goals, tables put into pages."""

import gzip
import math
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.insights import cut
from benchmarks.log import HOUR_BEFORE, LAST_HOUR, Skew, lay, write
from benchmarks.measure import Cost
from benchmarks.paper import BUSIEST_HOUR, Measured
from benchmarks.report import Goal, Table, goals, put
from benchmarks.rivals import rules
from benchmarks.speed import (
    COLD,
    DUCKDB,
    HOUR_WARM,
    NOTHING,
    RESULTS,
    DifferentRowsError,
    Run,
    Summary,
    compare,
)
from pipeline.commands import autocomplete as autocomplete_job
from pipeline.commands import related as related_job
from pipeline.commands import trending as trending_job
from pipeline.results import trending_keywords as trending


def test_rivals_are_asked_what_the_jobs_answer_without_options() -> None:
    board, pairs, completions = (
        job.parser().parse_args([]) for job in (trending_job, related_job, autocomplete_job)
    )

    assert (board.window_hours, board.baseline_days) == (1, rules.BASELINE_DAYS)
    assert board.recent_hours == rules.RECENT_HOURS
    assert trending.RECENT_REACHED == rules.RECENT_REACHED
    assert board.top == rules.TOP
    assert not board.surprises_alone
    assert trending.LEAST_EXPECTED == rules.LEAST_EXPECTED
    assert trending.DAYS_PER_BUSY_DAY == rules.DAYS_PER_BUSY_DAY
    assert trending.DISPERSION == rules.DISPERSION
    assert trending.USUAL_SHARE == rules.USUAL_SHARE
    assert pairs.gap_minutes * 60 == rules.GAP_SECONDS
    assert pairs.max_queries == rules.MAX_QUERIES
    assert completions.half_life_days == rules.HALF_LIFE_DAYS
    assert completions.top == rules.PER_PREFIX
    floors = {job.min_searchers for job in (board, pairs, completions)}
    assert floors == {rules.MIN_SEARCHERS}
    assert board.reporting_zone in (None, rules.ZONE)


def test_a_figure_at_its_goal_meets_it_and_one_above_does_not() -> None:
    found = goals([Goal("a", 0.5, 0.5), Goal("b", 0.5, 0.503)])

    assert found.rows == [["a", 0.5, 0.5, "met"], ["b", 0.5, 0.5, "not met"]]


def test_a_table_is_put_between_its_two_lines_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# a\n<!-- speed -->\nold\n<!-- /speed -->\nb\n<!-- growth -->\n<!-- /growth -->\n"
    )

    put(page, "speed", Table(["x", "y"], [[1_000, None]]).as_markdown())

    assert page.read_text() == (
        "# a\n<!-- speed -->\n\n| x | y |\n| --- | --- |\n| 1,000 | – |\n\n<!-- /speed -->\nb\n"
        "<!-- growth -->\n<!-- /growth -->\n"
    )
    with pytest.raises(ValueError, match="one line <!-- plot -->"):
        put(page, "plot", "")


def cost(seconds: float, *, gb: float = 1.0) -> Cost:
    return Cost(seconds, seconds * 2, gb, 10.0, 5.0)


def test_the_summary_has_medians_beside_duckdb_and_the_goals_of_what_was_run() -> None:
    runs = [Run(DUCKDB, result, cost(2.0)) for result in RESULTS]
    runs += [Run(NOTHING, result, cost(3.0)) for result in RESULTS]
    runs += [Run(COLD, "related", cost(s, gb=s)) for s in (3.0, 9.0, 4.0)]
    runs += [Run(HOUR_WARM, "trending", Cost(1.2, 2.0, 1.0))]
    summary = Summary(runs)

    assert summary.ratio("related", COLD) == 2.0
    assert ["related", COLD, 2.0, 4.0, 8.0, 9.0, 10, 5] in summary.table().rows
    assert ["trending", HOUR_WARM, 0.6, 1.2, 2.0, 1.0, None, None] in summary.table().rows
    assert summary.goals(20_000_000, {"all": cost(1.0, gb=9.5)}).rows == [
        ["trending: × DuckDB, Spark, the last hour, session warm", 0.35, 0.6, "not met"],
        ["related: × DuckDB, Spark, from nothing", 2.6, 2.0, "met"],
        ["GB, peak of any run of ours", 3.0, 9.5, "not met"],
    ]
    assert len(summary.goals(200_000, {}).rows) == 2, "no peak is asked of other sizes"


def test_three_results_in_one_go_stand_beside_three_statements() -> None:
    summary = Summary([Run(DUCKDB, result, cost(2.0)) for result in RESULTS])

    assert summary.together({COLD: cost(9.0)}).rows == [[COLD, 1.5, 9.0, 18.0, 1.0]]


def test_rows_are_equal_but_for_the_last_digits(tmp_path: Path) -> None:
    truth, found = tmp_path / "truth", tmp_path / "found"
    rows = pd.DataFrame({"query": ["a", "b"], "searchers": [5, 6], "score": [1.0, 2.0]})
    rows.to_parquet(truth)

    rows.assign(score=[1.0 + 1e-9, 2.0]).iloc[::-1].to_parquet(found)
    assert compare("ours", "trending", found, truth) == 2

    for other in (rows.assign(score=[1.0, 2.1]), rows.assign(searchers=[5, 7]), rows.head(1)):
        other.to_parquet(found)
        with pytest.raises(DifferentRowsError, match="rows differ"):
            compare("ours", "trending", found, truth)


def lines(folder: Path) -> list[str]:
    return [line for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]


def test_a_longer_log_ends_with_the_same_days(tmp_path: Path) -> None:
    write(tmp_path / "short", searches=2_000, days=2)
    write(tmp_path / "long", searches=5_000, days=5)

    names = [HOUR_BEFORE, LAST_HOUR]
    for name in names:
        short = (tmp_path / "short" / name).read_bytes()
        assert short == (tmp_path / "long" / name).read_bytes() != b""
    assert (tmp_path / "short/day-001.tsv").read_bytes() == (
        tmp_path / "long/day-004.tsv"
    ).read_bytes()
    hours = [
        {line[11:13] for line in (tmp_path / "short" / n).read_text().splitlines()} for n in names
    ]
    assert hours == [{"22"}, {"23"}]


def test_skew_changes_what_it_names_and_hardly_the_size(tmp_path: Path) -> None:
    write(tmp_path / "even", searches=20_000, days=2)
    for name, skew in {
        "head": Skew(head=0.2),
        "robot": Skew(robot=4_000),
        "files": Skew(files=25),
    }.items():
        write(tmp_path / name, searches=20_000, days=2, skew=skew)

    plain = lines(tmp_path / "even")
    assert len(list((tmp_path / "files").iterdir())) == 25
    assert sorted(lines(tmp_path / "files")) == sorted(plain)
    log = pd.DataFrame([line.split("\t") for line in lines(tmp_path / "robot")])
    assert log[1].value_counts().max() == 4_000
    assert len(log) == pytest.approx(len(plain), rel=0.03)
    queries = [line.split("\t")[2].lower() for line in lines(tmp_path / "head")]
    squeezed = pd.Series(queries).str.replace(" +", " ", regex=True)
    # Bursts, which come on top, and other spellings take a part of the 20 % and Zipf's own 5 %.
    assert 0.17 < squeezed.value_counts(normalize=True).max() < 0.25


def test_a_folder_is_laid_out_anew_and_what_stays_is_not_touched(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file in files:
        file.write_text(file.name)
    landing = tmp_path / "landing"

    lay(landing, files[:2])
    before = (landing / "b").stat()
    lay(landing, files[1:])

    assert sorted(file.name for file in landing.iterdir()) == ["b", "c"]
    assert (landing / "b").stat() == before


def test_a_billion_is_multiplied_from_what_was_measured() -> None:
    measured = Measured(1_000_000, 50_000_000, {"searches": 20_000_000}, 100_000, 0.9)

    # 50 bytes a search; a billion: 50 GB; 35 days, thrice: 5.25 TB.
    assert measured.bytes_table().rows[0] == ["landing (text)", 50.0, 50, 5.2]
    # 9 s a million; the busiest hour: 9 / 145 of a billion, in 15 minutes of which 9 are work.
    searches = 1_000_000_000 * BUSIEST_HOUR
    assert measured.cores_table().rows == [
        [
            9.0,
            round(searches / 1e6, 1),
            round(searches * 9e-6 / 3600, 1),
            math.ceil(searches * 9e-6 / 540),
        ]
    ]


def test_the_last_day_comes_in_after_the_rest_and_its_last_hours_one_by_one(tmp_path: Path) -> None:
    log, landing = tmp_path / "log", tmp_path / "landing"
    log.mkdir()
    landing.mkdir()
    (log / "1.tsv").write_text("searched_at\tuser\tquery\n2026-03-01T23:59:00+09:00\tu\ta\n")
    (log / "2.json").write_text(
        '{"searched_at": "2026-03-02T08:00:00+09:00", "user": "u", "query": "b"}\n'
        '{"searched_at": "2026-03-02T21:00:00+09:00", "user": "u", "query": "c"}\n'
    )
    with gzip.open(log / "3.tsv.gz", "wt") as file:
        file.write("2026-03-02T22:00:00+09:00\tu\td\n2026-03-02T23:00:00+09:00\tu\te\n")

    pieces = cut(log, landing, [21, 22])

    assert [path.name for path in landing.iterdir()] == ["1.tsv"]
    assert [name for name, _ in pieces] == ["new day", "hour 21", "hour 22"]
    assert [content.count(b'"b"') + 2 * content.count(b'"c"') for _, content in pieces] == [1, 2, 0]
    assert pieces[2][1].endswith(b"\td\n")  # nothing of the hour after it
