"""The keyword tool as a program and as a command."""

from collections.abc import Sequence
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from pipeline import schemas
from silgeom.__main__ import main
from silgeom.keyword_tool import (
    CLICK_COLUMNS,
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
from silgeom.seasons import Season

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


def test_words_written_together_are_words() -> None:
    people = {"대전날씨": 9, "대전_맛집": 8, "날씨_예보": 7, "전날씨름": 6}

    assert set(texts(tool(people).near(["대전날씨"]))) == {"대전날씨", "대전 맛집", "날씨 예보"}


def test_letters_of_a_short_word_are_no_word() -> None:
    people = {"코스피": 9, "코스트코_휴무일": 8, "러닝_코스": 7, "코스피_지수": 6}

    assert set(texts(tool(people).near(["코스피"]))) == {"코스피", "코스피 지수"}


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


def clicks(*rows: tuple[str, int, float | None]) -> pa.Table:
    """Query, people and click-through; half a click more a search, at mean rank 2.5."""
    told = [
        {
            **{"query": query, "people": people, "click_through": share},
            "clicks_per_search": share and share + 0.5,
            "mean_rank": share and 2.5,
        }
        for query, people, share in rows
    ]
    return pa.Table.from_pylist(told, schemas.QUERY_ANALYTICS).select(CLICK_COLUMNS)


def patterns(*rows: tuple[str, int, str | None, str, dict[str, Any]]) -> pa.Table:
    """Query, searchers, pattern, words, and what stands out."""
    told = [
        {"query": query, "searchers": people, "pattern": pattern, "words": words, **more}
        for query, people, pattern, words, more in rows
    ]
    return pa.Table.from_pylist(told, schemas.PATTERNS)


def test_clicks_are_told_where_they_are_known() -> None:
    of = clicks(("제습기", 9, 0.5), ("습도", 8, None))
    found = Volumes(volume_arrays(volumes(제습기=9, 습도=8), None, of))

    told = [found.of(each) for each in ("제습기", "습도")]
    assert [
        (each.click_through, each.clicks_per_search, each.mean_rank) for each in told if each
    ] == [(0.5, 1.0, 2.5), (None, None, None)]


def test_of_two_spellings_the_clicks_and_the_season_of_most_people_are_told() -> None:
    of = clicks(("제습기 추천", 9, 0.5), ("제습기추천", 5, 0.9), ("제습 기추천", 2, 0.1))
    when = patterns(
        ("제습기추천", 5, "steady", "steady", {}),
        ("제습기 추천", 9, "daily", "every evening", {"peak_hours": [19, 20]}),
        ("제습 기추천", 2, None, "", {}),
    )
    found = Volumes(volume_arrays(volumes(제습기_추천=16), None, of, when)).of("제습기추천")

    assert found is not None
    assert found.click_through == 0.5
    assert found.season is not None
    assert found.season.text == "every evening (19:00–21:00)"


def test_the_season_has_its_peak() -> None:
    when = patterns(
        ("로또", 90, "weekly", "Saturdays", {"peak_weekdays": [6]}),
        ("사탕", 90, "burst", "one burst", {"peak_day": date(2026, 3, 14)}),
        ("심야", 90, "daily", "every night", {"peak_hours": [23, 0], "part_of_day": "night"}),
        ("드묾", 9, None, "", {}),
    )
    found = Volumes(volume_arrays(volumes(로또=9, 사탕=9, 심야=9, 드묾=9, 눈=9), None, None, when))

    seasons = [volume and volume.season for volume in map(found.of, ("로또", "사탕", "심야"))]
    assert [season and season.text for season in seasons] == [
        *("Saturdays", "one burst (2026-03-14)", "every night (23:00–01:00)")
    ]
    assert seasons[0] == Season("weekly", "Saturdays", peak_weekdays=(6,))
    assert [volume and volume.season for volume in map(found.of, ("드묾", "눈"))] == [None, None]


def co_clicks(*rows: tuple[str, str, float]) -> pa.Table:
    told = [
        {"query": query, "rank": rank, "co_clicked_query": other, "score": cosine}
        for rank, (query, other, cosine) in enumerate(rows, 1)
    ]
    return pa.Table.from_pylist(told, schemas.CO_CLICKED)


def test_what_leads_to_the_same_pages_is_near() -> None:
    people = {"기상청": 50, "우산": 20, "기상청_날씨": 9, "레이더": 8}
    clicked = co_clicks(
        ("기상청", "레이더", 0.5), ("기상청", "우산", 0.75), ("기상청", "모르는 말", 0.9)
    )
    of = Volumes(volume_arrays(volumes(**people), co_clicked=clicked))
    texts_of = [text.replace("_", " ") for text in people]
    completions: dict[str, list[Any]] = {
        **{"key_kind": ["keystrokes"] * 4, "completion": texts_of},
        "weight": [float(each) for each in people.values()],
    }
    relater = Relater(related(("기상청", "우산", 0.2)), pa.table(completions))
    found = {each.text: each for each in KeywordTool(of, relater).near(["기상청"])}

    assert {text: each.relation for text, each in found.items()} == {
        **{"기상청": "seed", "우산": "together", "기상청 날씨": "words", "레이더": "clicked"}
    }
    assert [found[text].co_clicked for text in ("우산", "기상청 날씨", "레이더")] == [0.75, 0, 0.5]
    assert found["레이더"].score == 0.5 * found["기상청 날씨"].score
    cells = pd.read_csv(StringIO(as_csv(found.values()))).set_index("keyword")
    assert cells.co_clicked["레이더"] == 0.5


def test_jobs_that_did_not_run_are_named() -> None:
    nothing = Relater(related())
    of = clicks(("제습기", 9, 0.5))
    found = KeywordTool(Volumes(volume_arrays(volumes(제습기=9), None, of)), nothing)

    assert found.not_made == ["jobs/categories.py", "jobs/patterns.py"]


def test_a_category_chooses() -> None:
    table = volumes(제습기=9, 제습기_추천=8, 제습기_수리=7)
    of = pa.table(
        {
            "query": ["제습기추천", "제습기 수리", "제습기수리"],
            "category": ["쇼핑", "생활", "쇼핑"],
            "confidence": [1.0, 0.9, 0.6],  # of two spellings the surer is right
        }
    )
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
    for result in ("autocomplete", "related", "keyword_tool", "analytics"):
        main(["run", result, *places])
    capsys.readouterr()
    main(["keywords", "날씨", "--root", str(tmp_path), "--csv", "--limit", "5"])
    told = pd.read_csv(StringIO(capsys.readouterr().out))
    main(["keywords", "날씨", "--root", str(tmp_path), "--limit", "5"])
    shown = capsys.readouterr().out
    clicks = pd.read_parquet(tmp_path / "query_analytics").set_index("surface")
    stored = pd.read_parquet(tmp_path / "keyword_tool").set_index("surface")

    assert told.keyword[0] == "날씨"
    assert len(told) > 1
    assert told.searchers.tolist() == stored.searchers[told.keyword].tolist()
    assert told.click_through[0] == pytest.approx(clicks.click_through["날씨"], abs=1e-4)
    assert "jobs/patterns.py has not run" in shown
    assert "jobs/analytics.py" not in shown


def test_without_volumes_it_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["keywords", "날씨", "--root", str(tmp_path)])

    assert ended.value.code == 2
    assert "run jobs/keyword_tool.py" in capsys.readouterr().err
