"""Held-out declarations: what is measured of a graph that is known."""

from pathlib import Path

import polars as pl
import pytest

from silgeom.evaluate.log import EvaluationError
from tools.check_categories import main, measured


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
