"""The tool that holds corrections against what was planted in a simulated log."""

import json
from pathlib import Path

import polars as pl
import pytest

from pipeline.columns import DAILY_COUNTS, DAILY_PAIRS, Columns
from pipeline.store.storage import LocalStorage
from pipeline.store.tables import write
from tests.kernels.test_related import Session, by_people, others, pairs_and_names
from tools import check_corrections
from tools.check_corrections import FLOORS, KINDS, Row, judged

WRONG, RIGHT = "날ㄹ씨", "날씨"
PLANTED = {(WRONG, RIGHT): "slip"}


def test_a_planted_pair_is_corrected_if_the_wrong_one_is_led_to_the_right_one() -> None:
    assert judged(PLANTED, [(WRONG, RIGHT, "correction")]) == {("slip", "corrected"): 1}


def test_a_correction_the_other_way_round_is_reversed() -> None:
    assert judged(PLANTED, [(RIGHT, WRONG, "correction")]) == {("slip", "reversed"): 1}


@pytest.mark.parametrize("shown", [(WRONG, RIGHT, "related"), (RIGHT, WRONG, "related")])
def test_a_slip_that_is_shown_as_related_counts_as_related_alone(shown: Row) -> None:
    found = judged(PLANTED, [shown, (WRONG, "황사", "correction")])
    assert found == {("slip", "related"): 1}


def test_what_too_few_people_typed_together_does_not_count() -> None:
    assert judged(PLANTED, [(WRONG, "황사", "related")]) == {}


def test_pairs_are_counted_by_kind() -> None:
    planted = {**PLANTED, ("skftl", RIGHT): "keyboard", ("날 씨", RIGHT): "spacing"}
    shown = [("skftl", RIGHT, "correction"), (RIGHT, "날 씨", "correction")]

    assert judged(planted, shown) == {("keyboard", "corrected"): 1, ("spacing", "reversed"): 1}


#: Three people mistype and mend it at once; two more go from the first query to quite another one,
#: which the truth of this test takes for a slip; enough type it right to begin with.
SESSIONS: list[Session] = [
    *by_people(0, 3, "유튜븡", "유튜브", every=10),
    *by_people(10, 2, "유튜브", "넷플릭스", every=300),
    *by_people(20, 40, "유튜브"),
    *others(200),
]
LEARNT = {("유튜븡", "유튜브"): "slip", ("넷플릭스", "유튜브"): "keyboard"}


def save(root: Path, dataset: str, rows: pl.LazyFrame, columns: Columns) -> None:
    """A day as a root has it; what nobody reads here is null."""
    given = rows.collect()
    missing = [pl.lit(None).alias(name) for name in columns if name not in given.columns]
    whole = given.with_columns(missing).select(*columns).cast(pl.Schema(columns))
    write(LocalStorage(), f"file://{root}/{dataset}/dt=2026-03-02/part.parquet", whole)


def test_each_floor_and_kind_has_a_line_and_the_floor_decides_what_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, names = pairs_and_names(SESSIONS)
    save(tmp_path, "daily_pairs", pairs, DAILY_PAIRS)
    save(tmp_path, "daily_counts", names, DAILY_COUNTS)
    corrections = [{"wrong": w, "right": r, "kind": kind} for (w, r), kind in LEARNT.items()]
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"corrections": corrections}), "utf-8")

    check_corrections.main(["--root", str(tmp_path), "--truth", str(truth)])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()][2:]
    assert [line[:2] for line in lines] == [[str(k), kind] for k in FLOORS for kind in KINDS]
    assert ["5", "slip", "0", "0", "0", "0"] in lines  # three people: below the floor
    assert ["3", "slip", "1", "1", "0", "0", "100.00"] in lines
    assert ["3", "keyboard", "0", "0", "0", "0"] in lines
    # Two people typed both, and not the one for the other: it is shown as related.
    assert ["2", "keyboard", "1", "0", "0", "1", "0.00"] in lines


def test_a_root_without_counts_is_one_sentence(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"corrections": []}), "utf-8")

    with pytest.raises(SystemExit, match="check_corrections: no daily_pairs in "):
        check_corrections.main(["--root", str(tmp_path), "--truth", str(truth)])
