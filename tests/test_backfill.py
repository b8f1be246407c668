"""Every result of a range: which ones, and that a run that was cut off goes on."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import InvalidParameterError
from pipeline.runs import published as publish
from pipeline.runs.backfill import Asked, days_asked_for, ends_asked_for, numbered, window_ends
from pipeline.store.root import Root
from pipeline.store.state import DayVersion
from pipeline.store.storage import LocalStorage
from tests.factories import HERE
from tests.test_jobs import run as run  # the fixture

Job = Callable[..., tuple[int, str, str]]


def a_root(*newest: str) -> Root:
    """Days of a log in Seoul by the newest search of each, in UTC."""
    root = Root(HERE, "file:///none", LocalStorage())
    for each in newest:
        time = datetime.fromisoformat(each).replace(tzinfo=UTC)
        # Nine hours later it is in Seoul.
        day = datetime.fromtimestamp(time.timestamp() + 9 * 3600, UTC).date().isoformat()
        root.state.days[day] = DayVersion(1, 1, 1, time.isoformat())
    return root


def of(first: str, last: str | None = None) -> Asked:
    return Asked(None, date.fromisoformat(first), date.fromisoformat(last) if last else None)


def test_a_day_has_a_window_for_each_of_its_hours() -> None:
    ends = list(window_ends(date(2026, 3, 2), date(2026, 3, 2), "Asia/Seoul"))

    assert len(ends) == 24
    assert ends[0] == datetime(2026, 3, 1, 16, tzinfo=UTC)  # one o'clock
    assert ends[-1] == datetime(2026, 3, 2, 15, tzinfo=UTC)  # midnight


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_a_day_on_which_the_clocks_change_has_as_many_as_it_has_hours(
    day: tuple[int, int, int], hours: int
) -> None:
    ends = list(window_ends(date(*day), date(*day), "Europe/Berlin"))

    assert len(ends) == len(set(ends)) == hours


def test_windows_end_where_the_log_does_and_none_is_made_of_days_without_searches() -> None:
    root = a_root("2026-03-02T03:30", "2026-03-04T00:10")

    ends = ends_asked_for(root, of("2026-03-01", "2026-03-09"), hours=1)

    in_seoul = pd.Series(ends).dt.tz_convert("Asia/Seoul")
    assert in_seoul.dt.strftime("%d %H").tolist() == [
        *(f"02 {hour:02}" for hour in range(1, 24)),
        "03 00",
        *(f"04 {hour:02}" for hour in range(1, 11)),  # the newest search is at ten past nine
    ]


def test_days_are_those_of_the_log_with_the_gaps_in_it() -> None:
    root = a_root("2026-03-02T03:30", "2026-03-04T00:10")

    assert days_asked_for(root, of("2026-01-01")) == [date(2026, 3, n) for n in (2, 3, 4)]
    assert days_asked_for(root, of("2026-03-03", "2026-03-03")) == [date(2026, 3, 3)]
    assert days_asked_for(root, Asked()) == [date(2026, 3, 4)]


@pytest.mark.parametrize("asked", [of("2026-03-05"), of("2026-01-01", "2026-03-01")])
def test_a_range_without_searches_is_refused_with_those_there_are(asked: Asked) -> None:
    root = a_root("2026-03-02T03:30", "2026-03-04T00:10")

    sentence = "the log has searches from 2026-03-02 to 2026-03-04"
    with pytest.raises(InvalidParameterError, match=sentence):
        days_asked_for(root, asked)
    with pytest.raises(InvalidParameterError, match=sentence):
        ends_asked_for(root, asked, hours=1)


def test_places_are_told_of_a_range_alone() -> None:
    assert list(numbered([date(2026, 3, 2)], Asked())) == [(date(2026, 3, 2), "")]
    assert [place for _, place in numbered([date(2026, 3, 2)] * 2, of("2026-03-02"))] == [
        "1 of 2",
        "2 of 2",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--to", "2026-03-02"], "--to needs --from"),
        (["--from", "2026-03-02", "--to", "2026-03-01"], "--to 2026-03-01 is before --from"),
        (["--from", "2026-03-02", "--at", "now"], "not allowed with argument --from"),
        (["--from", "yesterday"], "not a date such as 2026-03-02: 'yesterday'"),
    ],
)
@pytest.mark.parametrize("name", ["trending", "related", "autocomplete", "all"])
def test_a_range_that_makes_no_sense_is_refused_before_anything_is_done(
    name: str, arguments: list[str], sentence: str, tmp_path: Path, run: Job
) -> None:
    status, _, error = run(name, "--root", tmp_path / "root", *arguments)

    assert (status, error.count("\n"), sentence in error) == (2, 1, True), error
    assert not (tmp_path / "root").exists()


def log(folder: Path) -> Path:
    folder.mkdir()
    for day in ("2026-03-01", "2026-03-02"):
        rows = [
            f"{day}T{hour:02}:{user:02}:00+09:00\tu{user}\t{query}\n"
            for hour in (8, 9)
            for user in range(8)
            for query in ("날씨", "지도")
        ]
        (folder / f"{day}.tsv").write_text("".join(rows), "utf-8")
    return folder


class CutOffError(Exception):
    """Stands for whatever ends a run."""


def test_a_backfill_that_was_cut_off_goes_on_and_makes_what_single_runs_make(
    tmp_path: Path, run: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing, root, other = log(tmp_path / "log"), tmp_path / "root", tmp_path / "other"
    places = ["--landing", landing, "--root", root]
    asked = ["--from", "2026-03-02", "--to", "2026-03-02"]
    make, made = publish.published, 0

    def cut_off_after_four(*arguments: object) -> publish.Published:
        nonlocal made
        made += 1
        if made > 4:
            raise CutOffError
        return make(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(publish, "published", cut_off_after_four)
        with pytest.raises(CutOffError):
            run("trending", *places, *asked)
    assert len(list((root / "trending").rglob("*.parquet"))) == 4

    status, said, _ = run("trending", *places, *asked)
    lines = [line for line in said.splitlines() if " of 10  " in line]
    lines = lines[4:]  # what the run that was cut off said
    # One o'clock to ten o'clock: the newest search is at nine and seven minutes.
    assert (status, len(lines)) == (0, 10)
    assert [line.split("  ")[-1] for line in lines] == ["up to date"] * 4 + ["made"] * 6
    assert run("trending", *places, *asked)[1].count("up to date") == 10

    at = ["--landing", landing, "--root", other, "--at", "2026-03-02T09:00"]
    assert run("trending", *at)[0] == 0
    board = Path("trending") / "dt=2026-03-02" / "hour=09"
    pd.testing.assert_frame_equal(pd.read_parquet(root / board), pd.read_parquet(other / board))


@pytest.mark.parametrize("name", ["related", "autocomplete"])
def test_a_range_of_days_has_a_result_for_each(name: str, tmp_path: Path, run: Job) -> None:
    root = tmp_path / "root"
    status, said, _ = run(
        name, "--landing", log(tmp_path / "log"), "--root", root, "--from", "2026-02-01"
    )

    assert (status, "1 of 2  " in said, "2 of 2  " in said) == (0, True, True)
    assert sorted(path.name for path in (root / name).glob("dt=*")) == [
        "dt=2026-03-01",
        "dt=2026-03-02",
    ]
