"""`silgeom run keywords`: what it makes, what it says it cannot tell, and what it leaves alone."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline.language import morphemes
from pipeline.language.morphemes import Analyser
from silgeom.__main__ import main

Run = Callable[..., str]
INTERNAL = ("words", "query_keywords", "daily_keywords", "hourly_keywords")


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
    """Runs a command and gives what it prints; a status other than 0 is part of it."""

    def run(result: str, *options: str) -> str:
        status = ""
        of_log = [] if result == "expire" else ["--landing", str(landing)]
        try:
            main(["run", result, *of_log, "--root", str(root), *options])
        except SystemExit as left:
            status = f"\nexit status {left.code}"
        said = capsys.readouterr()
        return said.out + said.err + status

    return run


@pytest.fixture(autouse=True)
def _no_analyser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words as the log tells them: the same on every machine, and quick."""
    found = Analyser("", "Kiwi is not installed (pip install 'silgeom[keywords]')")
    monkeypatch.setattr(morphemes, "analyser", lambda: found)


def log(people: int, query: str, *, day: int = 2, hour: int = 9, first: int = 0) -> str:
    return "".join(
        f"2026-03-{day:02}T{hour:02}:{user % 60:02}:00+09:00\tu{first + user}\t{query}\n"
        for user in range(people)
    )


def week(days: int = 1, first: int = 1) -> str:
    """Everybody searches the same at each day and hour."""
    usual = ("서울 날씨", "부산 날씨", "제주도 맛집", "서울 맛집", "부산 지도")
    return "".join(
        log(6, query, day=day, hour=hour, first=10 * place)
        for day in range(first, first + days)
        for hour in range(8, 13)
        for place, query in enumerate(usual)
    )


def keywords(root: Path) -> dict[str, int]:
    found = pd.read_parquet(root / "keywords")
    return dict(zip(found["keyword"], found["searchers"], strict=True))


def rows(folder: Path) -> list[dict[str, str]]:
    found = pd.read_parquet(folder)
    columns = list(found.columns)
    return [dict(zip(columns, map(str, row), strict=True)) for row in found.to_numpy().tolist()]


def test_people_of_a_word_are_counted_over_all_queries(run: Run, landing: Path, root: Path) -> None:
    (landing / "a.tsv").write_text(week(), encoding="utf-8")

    said = run("keywords")

    # Six people each for the weather of Seoul and of Busan, and six for the map of Busan.
    assert keywords(root)["날씨"] == 12
    assert keywords(root)["부산"] == 12
    assert keywords(root)["지도"] == 6
    assert "exit status" not in said


def test_an_issue_in_many_phrasings_is_on_the_board_of_keywords_alone(
    run: Run, landing: Path, root: Path
) -> None:
    (landing / "usual.tsv").write_text(week(3), encoding="utf-8")
    added = ["속보", "원인", "현장", "영상", "피해", "진도", "규모", "대피", "위치", "기사"]
    burst = "".join(
        log(1, "환율", day=3, hour=11, first=900 + n)
        + log(1, f"가람군 {word}", day=3, hour=12, first=900 + n)
        for n, word in enumerate(added)
    )
    (landing / "burst.tsv").write_text(burst, encoding="utf-8")

    run("trending", "--surprises-alone")
    run("keywords", "--surprises-alone")

    assert pd.read_parquet(root / "trending").empty
    board = pd.read_parquet(root / "trending_words")
    assert board[["surface", "searchers"]].to_numpy().tolist() == [["가람군", 10]]


def test_who_is_erased_is_in_no_keyword_any_more(
    run: Run, landing: Path, root: Path, tmp_path: Path
) -> None:
    (landing / "a.tsv").write_text(week(3), encoding="utf-8")
    run("keywords")
    assert keywords(root)["지도"] == 6
    users = tmp_path / "users"
    users.write_text("u40\n", encoding="utf-8")

    said = run("erase", "--users-from", str(users))

    assert "is removed: run keywords again" in said
    assert not list((root / "keywords").rglob("*.parquet"))
    run("keywords")
    assert keywords(root)["지도"] == 5


def test_a_second_run_has_nothing_to_do(run: Run, landing: Path) -> None:
    (landing / "a.tsv").write_text(week(), encoding="utf-8")
    run("keywords")

    said = run("keywords")

    assert said.count("up to date: nothing to do") == 2
    assert "Words " not in said


def test_hour_by_hour_comes_to_the_same_as_all_at_once(
    run: Run, landing: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hours = [log(7, "서울 날씨", hour=8), log(7, "날씨 서울", hour=9) + log(5, "서울", hour=9)]
    for number, text in enumerate(hours):
        (landing / f"{number}.tsv").write_text(text, encoding="utf-8")
        run("keywords")
    whole = tmp_path / "whole"
    main(["run", "keywords", "--landing", str(landing), "--root", str(whole)])
    capsys.readouterr()

    for dataset in ("keywords", "trending_words", "hourly_keywords", "query_keywords"):
        one, other = (rows(each / dataset) for each in (root, whole))
        assert [row for row in one if row in other] == other
        assert other or dataset == "trending_words"


def test_within_a_day_words_are_told_beside_those_of_the_day_before(
    run: Run, landing: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (landing / "before.tsv").write_text(week(2), encoding="utf-8")
    run("keywords")
    # Of a name that nobody knew, glued to a word of the days before; established at ten.
    hours = {
        8: log(5, "가람섬", day=3, hour=8) + log(6, "제주도 맛집", day=3, hour=8),
        9: log(4, "가람섬맛집", day=3, hour=9, first=70) + log(5, "바다", day=3, hour=9),
        10: log(6, "맛집 가람섬", day=3, hour=10, first=30),
        23: log(5, "밤바다", day=3, hour=23, first=50),
    }

    for hour, text in hours.items():
        (landing / f"{hour}.tsv").write_text(text, encoding="utf-8")
        run("keywords")
        whole = tmp_path / f"whole-{hour}"
        main(["run", "keywords", "--landing", str(landing), "--root", str(whole)])
        capsys.readouterr()
        # What is there is what one run over all of it makes, at any hour and at the day's end.
        for dataset in ("words", "query_keywords", "hourly_keywords"):
            one, other = (rows(each / dataset / "dt=2026-03-03") for each in (root, whole))
            assert one == other, (hour, dataset)
        one, other = (rows(each / "keywords" / "dt=2026-03-03") for each in (root, whole))
        assert one == other, hour
        if hour == 10:
            new = pd.read_parquet(root / "words" / "dt=2026-03-03")["token"]
            assert list(new) == ["가람섬", "가람섬맛집", "바다"]
            assert keywords(root)["가람섬"] == 5 + 4 + 6
            assert keywords(root)["맛집"] == 12 + 6 + 4
    told = pd.read_parquet(root / "words" / "dt=2026-03-03")["token"]
    assert {"제주도", "밤바다"} <= set(told)  # the day is over: told in full


def test_what_nobody_asked_for_is_not_made(run: Run, landing: Path, root: Path) -> None:
    (landing / "a.tsv").write_text(week(), encoding="utf-8")

    run("all")
    assert not [name for name in (*INTERNAL, "keywords") if (root / name).exists()]

    run("keywords")
    (landing / "b.tsv").write_text(log(9, "서울 지도", day=2), encoding="utf-8")
    assert "Keywords" in run("all")
    assert keywords(root)["지도"] == 15


def test_without_kiwi_it_says_what_is_not_told(run: Run, landing: Path) -> None:
    (landing / "a.tsv").write_text(week(), encoding="utf-8")

    said = run("keywords")

    assert "Without   Kiwi is not installed (pip install 'silgeom[keywords]'): nouns within" in said
    assert "exit status" not in said


def test_with_a_broken_model_it_says_so_and_the_rest_works(
    run: Run, landing: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(morphemes, "analyser", lambda: Analyser("kiwi 1"))

    def broken() -> None:
        raise OSError("Cannot open 'cong.mdl'")

    monkeypatch.setattr(morphemes, "_kiwi", broken)
    (landing / "a.tsv").write_text(week(), encoding="utf-8")

    said = run("keywords")

    assert "Without   Kiwi's model cannot be read (OSError): nouns within" in said
    assert keywords(root)["날씨"] == 12


def test_words_are_analysed_once_ever(
    run: Run, landing: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Kiwi:
        def tokenize(self, words: list[str]) -> list[list[object]]:
            asked.extend(words)
            return [[] for _ in words]

    monkeypatch.setattr(morphemes, "analyser", lambda: Analyser("kiwi 1"))
    monkeypatch.setattr(morphemes, "_kiwi", Kiwi)
    (landing / "a.tsv").write_text(week(2), encoding="utf-8")
    run("keywords")
    (landing / "b.tsv").write_text(log(9, "서울 환율", day=3), encoding="utf-8")
    run("keywords")

    assert sorted(asked) == ["날씨", "맛집", "부산", "서울", "제주도", "지도", "환율"]
    assert (root / "words" / "dt=2026-03-03").exists()


def test_one_day_tells_no_change_and_says_why(run: Run, landing: Path, root: Path) -> None:
    (landing / "a.tsv").write_text(week(), encoding="utf-8")

    said = run("keywords")

    assert "Change    cannot be told: the 7 days before these are not all in the log" in said
    assert pd.read_parquet(root / "keywords")["change"].isna().all()


def test_after_twice_the_days_change_is_told(run: Run, landing: Path, root: Path) -> None:
    (landing / "a.tsv").write_text(week(2), encoding="utf-8")

    said = run("keywords", "--days", "1")

    assert "cannot be told" not in said
    found = pd.read_parquet(root / "keywords")
    assert found["change"].tolist() == [0.0] * len(found)


def test_a_log_of_a_hundred_lines_of_one_language_will_do(
    run: Run, landing: Path, root: Path
) -> None:
    (landing / "a.tsv").write_text(log(50, "open source") + log(50, "source code"), "utf-8")

    assert "exit status" not in run("keywords")
    assert keywords(root) == {"source": 50, "open": 50, "code": 50}


def test_nothing_of_fewer_than_k_people_is_published(run: Run, landing: Path, root: Path) -> None:
    (landing / "a.tsv").write_text(
        week() + log(4, "비밀번호 분실") + log(1, "서울 홍길동"), encoding="utf-8"
    )

    run("keywords")

    published = str(pd.read_parquet(root / "keywords").to_dict("records"))
    published += str(pd.read_parquet(root / "trending_words").to_dict("records"))
    assert "비밀번호" not in published
    assert "홍길동" not in published


def test_who_is_erased_is_in_no_keyword(run: Run, landing: Path, root: Path) -> None:
    (landing / "a.tsv").write_text(week() + log(6, "환율 계산기", first=700), encoding="utf-8")
    run("keywords")
    assert keywords(root)["환율"] == 6

    said = run("erase", "--user", "u700")
    run("keywords")

    assert "exit status" not in said, said
    assert keywords(root)["환율"] == 5


def test_keywords_expire_by_day(run: Run, landing: Path, root: Path) -> None:
    (landing / "a.tsv").write_text(week(3), encoding="utf-8")
    run("keywords", "--days", "1")

    said = run(
        "expire", "--keep", "daily_keywords=1d,words=1d,query_keywords=1d", "--as-of", "2026-03-03"
    )
    again = run("keywords", "--days", "1")

    assert "exit status" not in said + again, said + again
    assert [each.name for each in (root / "daily_keywords").glob("dt=*")] == ["dt=2026-03-03"]
