"""The keyword tool as a program and as a command."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from pipeline import schemas
from silgeom.__main__ import main
from silgeom.keyword_tool import (
    DEVICE_COLUMNS,
    Keyword,
    KeywordTool,
    OnDevice,
    Volume,
    Volumes,
    as_csv,
    volume_arrays,
)
from silgeom.related import Relater

LOGS = Path(__file__).parents[1] / "sample_data" / "logs"


def volumes(**people: int) -> pa.Table:
    rows = [
        {
            **{"query": text.replace("_", " "), "surface": text.replace("_", " ")},
            **{"searchers": count, "searches": count + 1, "growth": 0.5},
            "weekly_searchers": [None] * 11 + [count],
        }
        for text, count in people.items()
    ]
    return pa.Table.from_pylist(rows, schemas.KEYWORD_TOOL)


def related(*rows: tuple[str, str, float]) -> pa.Table:
    told = [
        {
            **{"query": query, "kind": "related", "rank": rank, "related_query": other},
            **{"related_surface": other, "score": score, "significance": 5.0, "sessions": 9},
            **{"searchers": 9, "next_probability": score},
        }
        for rank, (query, other, score) in enumerate(rows, 1)
    ]
    return pa.Table.from_pylist(told, schemas.RELATED)


def tool(people: dict[str, int], *rows: tuple[str, str, float]) -> KeywordTool:
    weights = {text.replace("_", " "): count for text, count in people.items()}
    completions: dict[str, list[Any]] = {
        "key_kind": ["keystrokes"] * len(weights),
        "completion": list(weights),
        "weight": [float(each) for each in weights.values()],
    }
    relater = Relater(related(*rows), pa.table(completions))
    return KeywordTool(Volumes(volume_arrays(volumes(**people))), relater)


def texts(found: Sequence[Any]) -> list[str]:
    return [each.text for each in found]


def test_a_volume_is_found_whatever_the_spacing() -> None:
    found = Volumes(volume_arrays(volumes(제주도_맛집=9, 날씨=7))).of("제주도맛집")

    assert found is not None
    assert (found.surface, found.searchers, found.searches, found.growth) == (
        "제주도 맛집",
        9,
        10,
        0.5,
    )
    assert found.weekly_searchers == (*[None] * 11, 9)
    assert Volumes(volume_arrays(volumes(날씨=7))).of("눈") is None
    assert Volumes(volume_arrays(volumes())).of("눈") is None


def with_devices(devices: list[tuple[str, int, int]] | None, **people: int) -> pa.Table:
    """Volumes of which each has these devices, people and searches."""
    lists = zip(*devices, strict=True) if devices else [None] * 3
    told = dict(zip(DEVICE_COLUMNS, map(_listed, lists), strict=True))
    rows = [{**row, **told} for row in volumes(**people).to_pylist()]
    return pa.Table.from_pylist(rows, schemas.KEYWORD_TOOL)


def _listed(values: Any) -> list[Any] | None:  # noqa: ANN401
    return None if values is None else list(values)


def test_a_volume_tells_people_and_searches_by_device() -> None:
    table = pa.concat_tables(
        [
            with_devices([("mobile", 7, 9), ("desktop", 5, 5)], 제습기=12),
            with_devices(None, 날씨=8),
            with_devices([("tv", 6, 6)], 습도=6),
        ]
    )
    known = Volumes(volume_arrays(table))

    found = {text: known.of(text) for text in ("제습기", "날씨", "습도")}
    told = {text: each.devices if each else None for text, each in found.items()}
    assert told == {
        "제습기": (OnDevice("mobile", 7, 9), OnDevice("desktop", 5, 5)),
        "날씨": (),
        "습도": (OnDevice("tv", 6, 6),),
    }
    # A result of before tells of none.
    before = Volumes(volume_arrays(table.drop(DEVICE_COLUMNS))).of("제습기")
    assert before is not None
    assert before.devices == ()


def test_the_csv_has_devices_in_one_cell_each() -> None:
    devices = OnDevice("a-b", 7, 9), OnDevice("c", 5, 5)
    keyword = Keyword("제습기", "seed", 1.0, Volume("제습기", 12, 14, (), None, devices=devices))

    [row] = pd.read_csv(StringIO(as_csv([keyword]))).to_dict("records")

    told = [row[name] for name in ("devices", "device_searchers", "device_searches")]
    assert told == ["a-b|c", "7|5", "9|5"]


def test_seeds_come_first_then_the_likeliest_and_nothing_too_small() -> None:
    found = tool(
        {"제습기": 50, "제습기_추천": 20, "습도": 10},
        ("제습기", "습도", 0.3),
        ("제습기", "제습기 추천", 0.2),
        ("제습기", "작은 것", 0.4),
    ).near(["제습기"])

    assert texts(found) == ["제습기", "습도", "제습기 추천"]
    assert [each.relation for each in found] == ["seed", "together", "together"]


def test_of_several_seeds_the_better_score_counts() -> None:
    found = tool(
        {"가": 9, "나": 9, "둘": 9, "하나": 9},
        *(("가", "둘", 0.1), ("가", "하나", 0.3), ("나", "둘", 0.9)),
    ).near(["가", "나"])

    assert texts(found) == ["가", "나", "둘", "하나"]


def test_two_letters_in_common_are_no_word() -> None:
    found = tool({"노트북": 9, "노트북_가방": 8, "롤_패치노트": 30}).near(["노트북"])

    assert texts(found) == ["노트북", "노트북 가방"]


def test_a_word_that_leads_elsewhere_is_negative() -> None:
    negatives = tool(
        {"사과": 50, "사과_효능": 20, "사과_문자": 30, "반성문": 9, "배": 9},
        ("사과", "배", 0.3),
        ("사과 효능", "사과", 0.3),
        ("사과 문자", "반성문", 0.4),
    ).negatives("사과")

    assert [(each.words, each.searchers, each.leads_to) for each in negatives] == [
        ("문자", 30, ("반성문",))
    ]


def test_clicks_are_told_where_they_are_known() -> None:
    clicks = pa.table(
        {"query": ["제습기", "습도"], "click_through": [0.5, None], "mean_rank": [2.5, None]}
    )
    found = Volumes(volume_arrays(volumes(제습기=9, 습도=8), None, clicks))

    told = [found.of(each) for each in ("제습기", "습도")]
    assert [(each.click_through, each.mean_rank) for each in told if each] == [
        (0.5, 2.5),
        (None, None),
    ]


def test_a_category_chooses() -> None:
    table = volumes(제습기=9, 제습기_추천=8, 제습기_수리=7)
    of = pa.table({"query": ["제습기추천", "제습기 수리"], "category": ["쇼핑", "생활"]})
    arrays = volume_arrays(table, of)
    completions = {"key_kind": ["keystrokes"] * 2, "weight": [9.0, 8.0]}
    relater = Relater(
        related(("제습기", "제습기 추천", 0.2), ("제습기", "제습기 수리", 0.1)),
        pa.table({**completions, "completion": ["제습기 추천", "제습기 수리"]}),
    )
    found = KeywordTool(Volumes(arrays), relater)

    assert found.categories == ["생활", "쇼핑"]
    assert texts(found.near(["제습기"], category="쇼핑")) == ["제습기", "제습기 추천"]


def test_a_cell_is_no_formula() -> None:
    people = {"씨앗": 9, "=1+1": 8, "+cmd": 8, "@sum": 8}
    rows = (("씨앗", text, 0.1) for text in people if text != "씨앗")
    told = as_csv(tool(people, *rows).near(["씨앗"]))

    assert [line[0] for line in told.splitlines()[2:]] == ["'", "'", "'"]


def test_the_command_tells_what_the_parquet_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--landing", str(LOGS / "2026-03-14.tsv.gz"), "--root", str(tmp_path)]
    for result in ("autocomplete", "related", "keyword_tool"):
        main(["run", result, *places])
    capsys.readouterr()
    main(["keywords", "날씨", "--root", str(tmp_path), "--csv", "--limit", "5"])
    told = pd.read_csv(StringIO(capsys.readouterr().out))
    stored = pd.read_parquet(tmp_path / "keyword_tool").set_index("surface")

    assert told.keyword[0] == "날씨"
    assert len(told) > 1
    assert told.searchers.tolist() == stored.searchers[told.keyword].tolist()


def test_without_volumes_it_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["keywords", "날씨", "--root", str(tmp_path)])

    assert ended.value.code == 2
    assert "run jobs/keyword_tool.py" in capsys.readouterr().err
