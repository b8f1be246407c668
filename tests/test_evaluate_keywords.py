"""The evaluation of keywords: figures by hand, on a few labelled queries."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from silgeom.evaluate import keywords
from silgeom.evaluate.__main__ import main
from silgeom.simulate.labels import keywords_of_queries

QUERIES = ["제주도 맛집", "제주도맛집", "강아지가"]
KNOWN = {
    "제주도": ["제주도"],
    "맛집": ["맛집"],
    "제주도맛집": ["제주도", "맛집"],
    "강아지가": ["강아지가"],
}
#: Begin and number of characters of each keyword.
PLACES = [[[0, 3], [4, 2]], [[0, 3], [3, 2]], [[0, 3]]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    _write(folder / "daily_counts" / "dt=2026-03-02", {"query": QUERIES})
    words = {"token": list(KNOWN), "keywords": list(KNOWN.values())}
    _write(folder / "words" / "dt=2026-03-02", words)
    return folder


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    file = tmp_path / "labels.json"
    hashes = [hashlib.sha256(query.encode()).hexdigest()[:16] for query in QUERIES]
    file.write_text(json.dumps(dict(zip(hashes, PLACES, strict=True))), "utf-8")
    return file


def _write(folder: Path, columns: Mapping[str, object]) -> None:
    folder.mkdir(parents=True)
    pd.DataFrame(columns).to_parquet(folder / "part-0.parquet", index=False)


def test_figures_are_of_pairs_of_query_and_keyword(root: Path, labels: Path) -> None:
    about, measured = keywords.evaluate(root, labels=labels, without_kiwi=None)

    by_name = {row["method"]: row for row in measured.to_dict("records")}
    # Ours names five pairs, of which four are right; there are five.
    assert by_name["Silgeom"]["precision"] == pytest.approx(4 / 5)
    assert by_name["Silgeom"]["recall"] == pytest.approx(4 / 5)
    assert by_name["Silgeom"]["whole query right"] == pytest.approx(2 / 3)
    # White space has 제주도, 맛집, 제주도맛집 and 강아지가: two are right.
    assert by_name["white space"]["precision"] == pytest.approx(2 / 4)
    assert by_name["white space"]["recall"] == pytest.approx(2 / 5)
    assert about == "3 labelled queries of 3"


def test_without_labelled_queries_one_sentence_says_what_to_do(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text("{}", "utf-8")

    status = main(["keywords", str(root), "--labels", str(nothing)])

    said = capsys.readouterr().err
    assert (status, said.count("\n")) == (2, 1)
    assert "has no labelled query: name their labels with --labels" in said


def test_without_words_one_sentence_says_which_command_makes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keywords", str(tmp_path)]) == 2
    assert "run silgeom run keywords first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("제주도 현지인 맛집", ["제주도", "현지인", "맛집"]),
        ("갈비찜 만드는 법", ["갈비찜"]),
        ("컴활 1급 시험일정", ["컴활", "시험일정"]),
        ("가람군 지진", ["가람군", "지진"]),
    ],
)
def test_who_made_the_log_says_its_keywords(query: str, expected: list[str]) -> None:
    assert keywords_of_queries()[query.replace(" ", "")] == expected


#: Of one real log, by two people.
LABELLED = ("gold_keywords.json", "gold_keywords_second.json")


def gold(name: str) -> dict[str, list[list[int]]]:
    found: dict[str, list[list[int]]] = json.loads(
        Path(__file__).with_name(name).read_text("ascii")
    )
    return found


@pytest.mark.parametrize("name", LABELLED)
def test_labels_of_a_real_log_are_hashes_and_places_alone(name: str) -> None:
    places = gold(name)

    assert len(places) == 300
    assert all(len(query) == 16 and int(query, 16) >= 0 for query in places)
    assert all(
        isinstance(each, int) for spans in places.values() for span in spans for each in span
    )


def test_two_people_name_the_same_keywords() -> None:
    one, other = (gold(name) for name in LABELLED)

    assert one.keys() == other.keys()
    assert sum(one[query] == other[query] for query in one) / len(one) == pytest.approx(
        0.977, abs=5e-4
    )
