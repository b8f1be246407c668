"""`silgeom run segments`: what it makes, what stays inside, and who leaves no trace in it."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("graspologic_native")

from silgeom.__main__ import main

Run = Callable[..., str]

TRAVEL = ("제주도 렌터카", "제주도 맛집", "제주도 항공권", "제주도 숙소", "제주도 날씨")
COOKING = ("갈비찜 레시피", "잡채 레시피", "김치찌개 레시피", "불고기 레시피", "수육 레시피")
GAMES = ("롤 패치노트", "롤 티어표", "롤 전적", "롤 쿠폰", "롤 공략")
KINDS = (TRAVEL, COOKING, GAMES)
OF_KIND = 40


def log(days: range, *, seed: int = 3, without: str = "") -> str:
    """People of three kinds, who each search four times a day, half of it what everybody does."""
    drawn = random.Random(seed)
    lines = []
    for day in days:
        for person in range(OF_KIND * len(KINDS)):
            of_kind = KINDS[person % len(KINDS)]
            asked = [*drawn.sample(of_kind, 3), drawn.choice(("날씨", "유튜브"))]
            for place, query in enumerate(asked):
                time = f"2026-03-{day:02}T09:{10 * place:02}:{person % 60:02}+09:00"
                lines.append(f"{time}\tperson-{person}\t{query}\n")
    return "".join(line for line in lines if not without or f"\t{without}\t" not in line)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "a.tsv").write_text(log(range(2, 5)), "utf-8")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def run(root: Path, landing: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command and gives what it prints; a status other than 0 is part of it."""

    def run(name: str, *options: str, at: Path = root) -> str:
        status = ""
        of_log = [] if name in ("expire", "rotate_key") else ["--landing", str(landing)]
        try:
            main(["run", name, *of_log, "--root", str(at), *options])
        except SystemExit as left:
            status = f"\nexit status {left.code}"
        said = capsys.readouterr()
        return said.out + said.err + status

    return run


FEW = ("--min-people", "20")


def kinds_told(root: Path) -> list[set[str]]:
    """Of each segment the queries that set it apart most."""
    terms = pd.read_parquet(root / "segment_terms")
    terms = terms[terms["rank"] <= 5].sort_values(["segment", "rank"])
    return [set(each) for each in terms.groupby("segment")["query"].agg(list)]


def test_kinds_of_people_are_told_with_what_sets_them_apart(run: Run, root: Path) -> None:
    said = run("segments", *FEW)

    found = pd.read_parquet(root / "segments")
    assert sorted(found["people"]) == [OF_KIND] * 3
    assert sorted(map(sorted, kinds_told(root))) == sorted(map(sorted, KINDS))
    assert found["people_share"].sum() == pytest.approx(1)
    assert found["is_new"].all()
    assert "3 rows in" in said
    assert "up to date" in run("segments", *FEW)


def test_a_segment_keeps_its_number_and_tells_who_stayed(
    run: Run, root: Path, landing: Path
) -> None:
    run("segments", *FEW)
    before = pd.read_parquet(root / "segments").set_index("segment")["label"]
    (landing / "b.tsv").write_text(log(range(5, 7), seed=4), "utf-8")

    run("segments", *FEW)

    now = pd.read_parquet(root / "segments")
    now = now[now["dt"].astype(str) == "2026-03-06"].set_index("segment")
    assert {label.split()[0] for label in before} == {label.split()[0] for label in now["label"]}
    assert all(before[each].split()[0] == now["label"][each].split()[0] for each in now.index)
    assert not now["is_new"].any()
    assert (now["stayed"] == 1).all()
    assert [each.name for each in (root / "interests").glob("dt=*")] == ["dt=2026-03-06"]


def test_day_by_day_is_as_all_days_at_once(
    run: Run, root: Path, landing: Path, tmp_path: Path
) -> None:
    run("segments", *FEW)
    (landing / "b.tsv").write_text(log(range(5, 7), seed=4), "utf-8")
    run("segments", *FEW)
    run("segments", *FEW, at=tmp_path / "clean")

    for dataset in ("topics", "daily_interests", "segment_terms"):
        # Ids are hashed under a key of each root.
        kept = [
            pd.read_parquet(each / dataset).drop(columns="user_id", errors="ignore")
            for each in (root, tmp_path / "clean")
        ]
        kept = [each[each["dt"].astype(str) >= "2026-03-05"] for each in kept]
        if dataset == "segment_terms":  # numbers are those of the first run
            kept = [each.drop(columns="segment") for each in kept]
        columns = sorted(kept[0].columns)
        rows = [each.sort_values(columns)[columns].to_csv(index=False) for each in kept]
        assert rows[0] == rows[1], dataset


def test_what_came_up_in_the_newest_week_is_told(run: Run, root: Path, landing: Path) -> None:
    """Topics are of the weeks before, terms of all days."""
    new = "".join(
        f"2026-03-09T20:00:{number:02}+09:00\tperson-{3 * number}\t벚꽃 축제\n"  # who travel
        for number in range(OF_KIND)
    )
    (landing / "a.tsv").write_text(log(range(2, 10)) + new, "utf-8")  # the ninth is a Monday

    run("segments", *FEW)

    told = pd.read_parquet(root / "segment_terms")
    (term,) = told[told["query"] == "벚꽃 축제"].to_dict("records")
    assert (term["people"], term["share"]) == (OF_KIND, 1.0)
    # Nobody had typed it in the week before: 40 people and more than three times those.
    assert uses_told(root)["제주도"]["uses"][2] == pytest.approx(1 / 33, abs=0.01)


def test_nothing_is_told_of_few_people(run: Run, root: Path) -> None:
    run("segments", "--min-people", "41", "--min-searchers", "30")

    assert pd.read_parquet(root / "segments")["people"].min() >= 41
    assert (pd.read_parquet(root / "segment_terms")["people"] >= 30).all()
    published = pd.read_parquet(root / "segments").columns
    assert "user_id" not in published


def test_who_is_erased_is_in_no_file_and_the_segments_are_made_again(
    run: Run, root: Path, landing: Path, tmp_path: Path
) -> None:
    run("segments", *FEW)
    said = run("erase", "--user", "person-7")

    assert "0 hits" in said
    assert "segments/dt=2026-03-04" in said
    assert sorted(pd.read_parquet(root / "segments")["people"]) == [OF_KIND - 1, OF_KIND, OF_KIND]
    (landing / "a.tsv").write_text(log(range(2, 5), without="person-7"), "utf-8")
    run("segments", *FEW, at=tmp_path / "never")
    both = [
        pd.read_parquet(each / "segment_terms").drop(columns="segment")
        for each in (root, tmp_path / "never")
    ]
    columns = ["dt", "query", "people", "share"]
    rows = [each.sort_values(columns)[columns].to_csv(index=False) for each in both]
    assert rows[0] == rows[1]


def test_a_new_key_leaves_the_segments_as_they_are(run: Run, root: Path) -> None:
    run("segments", *FEW)
    people = set(pd.read_parquet(root / "members")["user_id"])

    run("rotate_key")

    assert not people & set(pd.read_parquet(root / "members")["user_id"])
    searched = set(pd.read_parquet(root / "searches")["user_id"])
    for dataset in ("members", "interests", "daily_interests"):
        assert set(pd.read_parquet(root / dataset)["user_id"]) == searched
    assert "up to date" in run("segments", *FEW)


def test_members_that_were_deleted_are_made_again(run: Run, root: Path) -> None:
    run("segments", *FEW)
    shutil.rmtree(root / "members" / "dt=2026-03-04")

    run("segments", *FEW)

    assert len(pd.read_parquet(root / "members")) == OF_KIND * 3


def test_what_is_not_installed_is_told_in_a_sentence(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "graspologic_native", None)

    said = run("segments")

    assert "pip install 'silgeom[people]'" in said
    assert "exit status 2" in said
    assert not root.exists()


def test_a_log_of_one_person_has_one_segment_of_nobody_else(
    run: Run, root: Path, landing: Path
) -> None:
    (landing / "a.tsv").write_text("2026-03-02T09:00:00+09:00\tme\t날씨\n", "utf-8")

    said = run("segments")

    assert "exit status" not in said
    assert pd.read_parquet(root / "segments").empty


def test_each_segment_has_results_of_its_own_people(run: Run, root: Path) -> None:
    run("segments", *FEW)
    assert not (root / "segment_related").exists()  # nobody asked

    said = run("segments", *FEW, "--by-segment")

    told = pd.read_parquet(root / "segment_terms")
    kind = {
        segment: next(kind for kind in KINDS if query in kind)
        for segment, query in told[told["rank"] == 1][["segment", "query"]].to_numpy().tolist()
    }
    related = pd.read_parquet(root / "segment_related")
    completed = pd.read_parquet(root / "segment_autocomplete")
    assert set(related["segment"]) == set(completed["segment"]) == set(kind)
    for segment, own in kind.items():
        others = {query for each in KINDS if each is not own for query in each}
        of = related[related["segment"] == segment]
        assert set(own) <= set(of["query"])
        assert not others & set(of["query"])
        assert not others & set(completed[completed["segment"] == segment]["completion"])
    assert "segment_trending/dt=2026-03-04/hour=" in said
    again = run("segments", *FEW)  # who asked once has them from then on
    assert again.count("up to date") == 4


def test_results_of_a_segment_do_not_tell_of_one_person_of_another(
    run: Run, root: Path, landing: Path
) -> None:
    """Everybody's numbers less those of the segment would."""

    def typed(query: str, *people: int) -> str:
        times = [f"2026-03-04T20:00:{number:02}" for number in range(len(people))]
        named = zip(times, people, strict=True)
        return "".join(f"{time}+09:00\tperson-{person}\t{query}\n" for time, person in named)

    travellers = [3 * number for number in range(6)]
    others = typed("단풍 축제", *travellers) + typed("벚꽃 축제", *travellers, 1)  # 1 cooks
    (landing / "a.tsv").write_text(log(range(2, 5)) + others, "utf-8")

    run("segments", *FEW, "--by-segment")
    run("autocomplete")

    told = pd.read_parquet(root / "segment_autocomplete")
    every = pd.read_parquet(root / "autocomplete").set_index("completion")["searchers"]
    assert (set(every["단풍 축제"]), set(every["벚꽃 축제"])) == ({6}, {7})
    assert set(told[told["completion"] == "단풍 축제"]["searchers"]) == {6}
    assert "벚꽃 축제" not in set(told["completion"])


def test_what_a_segment_has_goes_with_who_is_erased_until_it_is_made_again(
    run: Run, root: Path
) -> None:
    run("segments", *FEW, "--by-segment")

    said = run("erase", "--user", "person-7")

    assert "segment_autocomplete/dt=2026-03-04 is removed: run segments again" in said
    assert not list((root / "segment_autocomplete").rglob("*.parquet"))
    run("segments", *FEW)
    assert list((root / "segment_autocomplete").rglob("*.parquet"))


def test_with_epsilon_sizes_are_noisy_and_a_rerun_draws_no_other(run: Run, root: Path) -> None:
    pytest.importorskip("opendp")
    run("segments", *FEW, "--epsilon", "2")

    found, again = pd.read_parquet(root / "segments"), run("segments", *FEW, "--epsilon", "2")

    assert "up to date" in again
    pd.testing.assert_frame_equal(found, pd.read_parquet(root / "segments"))
    assert found["people"].between(1, OF_KIND * 3).all()
    for exact in ("searches", "by_hour", "stayed", "agreement"):
        assert found[exact].isna().all()


def test_exact_counts_of_segments_are_not_made_beside_noisy_ones(run: Run, root: Path) -> None:
    pytest.importorskip("opendp")

    said = run("segments", *FEW, "--epsilon", "2", "--by-segment")

    assert "exit status 2" in said
    assert not root.exists()


def uses_told(root: Path) -> dict[str, dict[str, Any]]:
    """Of each segment its uses, by the first word of what its kind of people types."""
    found, told = pd.read_parquet(root / "segments"), pd.read_parquet(root / "segment_terms")
    own = told[told["query"].isin([query for kind in KINDS for query in kind])]
    first = own.sort_values("rank").drop_duplicates("segment").set_index("segment")["query"]
    kind = found["segment"].map(first).map(lambda query: query.split()[0])
    return dict(zip(kind, found.to_dict("records"), strict=True))


def test_uses_are_told_by_repetition_where_there_are_no_clicks(
    run: Run, root: Path, landing: Path
) -> None:
    again = "".join(
        f"2026-03-{day:02}T21:00:{number:02}+09:00\tperson-{3 * number}\t네이버\n"  # who travel
        for day in range(2, 5)
        for number in range(OF_KIND)
    )
    (landing / "a.tsv").write_text(log(range(2, 5)) + again, "utf-8")

    run("segments", *FEW)

    found = uses_told(root)
    assert {each["navigating_by"] for each in found.values()} == {"repetition"}
    looking, navigating, news, shopping = found["제주도"]["uses"]
    assert navigating == pytest.approx(0.2, abs=0.01)  # one of five queries a day
    assert looking + navigating == pytest.approx(1)
    assert pd.isna(news)  # three days are too few to tell
    assert pd.isna(shopping)  # nothing is declared
    assert pd.isna(found["롤"]["uses"][1])  # nobody of them
    assert found["롤"]["uses_of_all"][1] == pytest.approx(3 / 39, abs=0.01)


def test_uses_are_told_by_clicks_and_declared_categories_where_these_were_counted(
    run: Run, root: Path, landing: Path, tmp_path: Path
) -> None:
    clicked = "\thttps://www.youtube.com/\t1"
    lines = [
        f"{line}{clicked if '유튜브' in line else ''}" for line in log(range(2, 5)).split("\n")
    ]
    (landing / "a.tsv").write_text("\n".join(lines), "utf-8")
    rules = tmp_path / "rules.toml"
    declared = '[[category]]\nname = "{}"\nwords = ["{}"]\n{}\n'
    rules.write_text(
        declared.format("여행", "제주도", 'kind = "shopping"') + declared.format("게임", "롤", ""),
        "utf-8",
    )
    run("segments", *FEW)
    assert uses_told(root)["롤"]["navigating_by"] == "repetition"

    run("analytics")
    run("categories", "--rules", str(rules))
    run("segments", *FEW)

    found = uses_told(root)
    assert {each["navigating_by"] for each in found.values()} == {"clicks"}
    assert found["제주도"]["uses"][3] == pytest.approx(0.75, abs=0.01)  # three of four a day
    assert pd.isna(found["롤"]["uses"][3])
    every = found["롤"]["uses_of_all"]
    assert every[3] == pytest.approx(0.25, abs=0.01)
    assert every[1] == pytest.approx(0.125, abs=0.03)  # half of what everybody types
    assert "up to date" in run("segments", *FEW)


def test_of_one_declared_category_rare_queries_are_shopping_and_neighbours_are_not(
    run: Run, root: Path, landing: Path, tmp_path: Path
) -> None:
    own = "".join(
        f"2026-03-{day:02}T21:00:{number:02}+09:00\tperson-{3 * number}\t제주도 {number}호 {day}\n"
        for day in range(2, 5)
        for number in range(OF_KIND)
    )
    (landing / "a.tsv").write_text(log(range(2, 5)) + own, "utf-8")
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[category]]\nname = "여행"\nwords = ["제주도"]\nkind = "shopping"\n', "utf-8"
    )

    run("categories", "--rules", str(rules))
    run("segments", *FEW)

    found = uses_told(root)
    # Four of five queries a day, of which one only this person ever typed.
    assert found["제주도"]["uses"][3] == pytest.approx(0.8, abs=0.01)
    # 날씨 is searched with 제주도 맛집, and no category else claims it.
    assert pd.isna(found["롤"]["uses"][3])
    assert found["롤"]["uses_of_all"][3] == pytest.approx(4 / 13, abs=0.01)
    assert "up to date" in run("segments", *FEW)
