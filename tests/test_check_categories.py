"""Held-out declarations: what is measured of a graph that is known."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.columns import DAILY_ADDRESSES, DAILY_COUNTS
from pipeline.results.category_spread import Rule
from silgeom.evaluate.log import EvaluationError
from tools.check_categories import hosts_measured, main, measured


def groups(*, mixed: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two groups of 20 queries, each searched together with its next, and their categories."""
    names = [f"{group}{number}" for group in "가나" for number in range(20)]
    pairs = [
        (f"{group}{number}", f"{group}{(number + step) % 20}", 5)
        for group in "가나"
        for number in range(20)
        for step in (1, 2, 3)
    ]
    related = pl.DataFrame(pairs, schema=["query", "related_query", "sessions"], orient="row")
    of = [name[0] if not mixed else "가나"[at % 2] for at, name in enumerate(names)]
    return related, pl.DataFrame({"query": names, "category": of})


def test_where_sessions_keep_to_categories_all_is_found_again() -> None:
    found = measured(*groups(mixed=False)).set_index("measure")["value"]

    assert found["precision at half"] == 1.0
    assert found["coverage"] == 1.0


def test_where_sessions_say_nothing_half_is_wrong() -> None:
    found = measured(*groups(mixed=True)).set_index("measure")["value"]

    assert found["precision"] < 0.75


def test_too_few_declarations_are_told() -> None:
    related, known = groups(mixed=False)
    with pytest.raises(EvaluationError, match="only 5 declared queries"):
        measured(related, known.head(5))


def test_without_a_result_the_command_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[[category]]\nname = '가'\nwords = ['가']\n", "utf-8")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), "--rules", str(rules)])

    assert ended.value.code == 2
    assert "run jobs/related.py" in capsys.readouterr().err


FILMS = Rule("영화", frozenset({"영화"}), ("예고편",), ("film.example",))
SHOPS = Rule("쇼핑", frozenset(), ("최저가",), ("shop.example",))


def clicked(*rows: tuple[str, str]) -> pl.DataFrame:
    told = [(query, host, 9) for query, host in rows]
    return pl.DataFrame(told, schema=["query", "host", "people"], orient="row")


def test_what_hosts_say_is_held_against_examples_and_words() -> None:
    found = hosts_measured(
        clicked(
            ("영화", "www2.film.example"),  # right, by an example
            ("괴물 예고편", "film.example"),  # right, by a word
            ("노트북 최저가", "film.example"),  # wrong: it is declared 쇼핑
            ("신발 최저가", "shop.example"),  # right
            ("가방 최저가", "blog.example"),  # hosts say nothing
            ("날씨", "film.example"),  # not declared: nobody knows
        ),
        [FILMS, SHOPS],
    )
    rows: dict[Any, Any] = {row["category"]: row for row in found.to_dict("records")}

    # Of five declared queries with clicks hosts reach four, and are right of three.
    told = ("hosts_say", "precision", "declared", "coverage")
    assert [rows["all"][name] for name in told] == [4, 0.75, 5, 0.8]
    assert [rows["영화"][name] for name in told[:3]] == [3, 2 / 3, 2]
    assert [rows["쇼핑"][name] for name in told[:3]] == [1, 1.0, 3]
    # Wilson (1927) of 3 of 4: 0.301 to 0.954.
    assert rows["all"]["precision_low"] == pytest.approx(0.3006, abs=1e-4)
    assert rows["all"]["precision_high"] == pytest.approx(0.9544, abs=1e-4)


def test_hosts_that_reach_no_declared_query_are_told() -> None:
    with pytest.raises(EvaluationError, match="hosts say nothing of the 1 queries"):
        hosts_measured(clicked(("영화", "blog.example"), ("날씨", "film.example")), [FILMS])


def test_hosts_are_measured_where_sessions_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[[category]]\nname='영화'\nwords=['영화']\nhosts=['film.example']\n", "utf-8")
    put_clicks(tmp_path, "2026-03-02", people=4)
    put_clicks(tmp_path, "2026-02-02", people=9)  # four weeks before: it is not read
    asked = [str(tmp_path), "--rules", str(rules)]

    with pytest.raises(SystemExit) as ended:
        main(asked)  # four people are too few
    assert ended.value.code == 2
    assert "hosts say nothing of the 0 queries" in capsys.readouterr().err

    main([*asked, "--min-clickers", "4"])
    told = capsys.readouterr().out
    assert "1 queries have clicks of an address that 4 people clicked" in told
    assert "1.000 (0.207–1.000)" in told
    assert "Not measured: no related searches" in told


def put_clicks(root: Path, day: str, *, people: int) -> None:
    """People who clicked film.example for 영화 on a day."""
    address = {"query_id": 1, "address_id": 2, "host": "film.example", "clicks": people}
    address |= {"searchers_sketch": list(range(people))}
    count = {"query_id": 1, "variant_id": 1, "query": "영화", "surface": "영화"}
    count |= {"searchers": people, "searches": people}
    for dataset, row, schema in (
        ("daily_addresses", address, DAILY_ADDRESSES),
        ("daily_counts", count, DAILY_COUNTS),
    ):
        folder = root / dataset / f"dt={day}"
        folder.mkdir(parents=True)
        pl.DataFrame([row], schema=dict(schema)).write_parquet(folder / "part-00000.parquet")
