"""`silgeom run all`: what was asked for before is brought up to date, nothing else is made."""

from pathlib import Path

import pandas as pd
import pytest

from silgeom.__main__ import main

LOGS = Path(__file__).parents[1] / "sample_data" / "logs"
RULES = """
[[category]]
name = "날씨"
words = ["날씨"]
"""


def partitions(root: Path, dataset: str) -> list[str]:
    return sorted(each.name for each in (root / dataset).glob("dt=*"))


@pytest.mark.slow
def test_what_was_asked_for_before_is_brought_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    landing, root, rules = tmp_path / "landing", tmp_path / "root", tmp_path / "rules.toml"
    landing.mkdir()
    rules.write_text(RULES, "utf-8")
    places = ["--landing", str(landing), "--root", str(root)]
    for day in ("2026-03-07", "2026-03-08"):
        [file] = LOGS.glob(f"{day}*")
        (landing / file.name).write_bytes(file.read_bytes())
        if day == "2026-03-07":
            main(["run", "all", *places])
            made = {each.name for each in root.iterdir()}
            assert not made & {"keyword_tool", "categories", "query_analytics", "profiles"}
            main(["run", "profiles", *places])
            main(["run", "keyword_tool", *places])
            main(["run", "categories", *places, "--rules", str(rules)])
        else:
            main(["run", "all", *places])
    said = capsys.readouterr().out

    assert partitions(root, "keyword_tool") == ["dt=2026-03-07", "dt=2026-03-08"]
    assert partitions(root, "categories") == ["dt=2026-03-07", "dt=2026-03-08"]
    assert partitions(root, "profiles") == ["dt=2026-03-07", "dt=2026-03-08"]
    assert not (root / "query_analytics").exists()
    assert said.count("== Keyword tool") == 1
    assert said.count("== Categories") == 1


def test_categories_leave_other_results_as_they_were_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [file] = LOGS.glob("2026-03-08*")
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES, "utf-8")
    places = ["--landing", str(file), "--root", str(tmp_path / "root")]
    main(["run", "related", *places, "--top", "1"])
    before = pd.read_parquet(tmp_path / "root" / "related")
    main(["run", "categories", *places, "--rules", str(rules)])
    capsys.readouterr()

    assert pd.read_parquet(tmp_path / "root" / "related").equals(before)


def test_categories_without_rules_say_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [file] = LOGS.glob("2026-03-08*")
    with pytest.raises(SystemExit) as ended:
        main(["run", "categories", "--landing", str(file), "--root", str(tmp_path)])

    assert ended.value.code == 2
    assert "name a file with --rules" in capsys.readouterr().err
