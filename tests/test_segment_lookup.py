"""What a person's kind types more than others comes first, as far as the person is known."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from silgeom.complete import Completer
from silgeom.hangul import keystrokes
from silgeom.personal import History
from silgeom.segments import SegmentError, Segments

NOW = datetime(2026, 3, 9, tzinfo=UTC)
#: Two kinds of people, who type 제습기 and 제주도 about as often together.
TRAVELLERS, COOKS = 1, 2
TYPED = {
    "제주도": {TRAVELLERS: 400.0, COOKS: 40.0},
    "제습기": {TRAVELLERS: 60.0, COOKS: 500.0},
    "항공권": {TRAVELLERS: 300.0, COOKS: 20.0},
    "갈비찜": {TRAVELLERS: 20.0, COOKS: 300.0},
}


def write(root: Path, dataset: str, rows: list[dict[str, object]]) -> None:
    folder = root / dataset / "dt=2026-03-08"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "part.parquet")


def completions(query: str, weight: float, **more: object) -> list[dict[str, object]]:
    keys = keystrokes(query)
    return [
        {
            **{"key_kind": "keystrokes", "prefix": keys[:length], "rank": 1, "completion": query},
            **{"searchers": int(weight), "weight": weight, **more},
        }
        for length in (1, 2, 3)
    ]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rows = [row for query, by in TYPED.items() for row in completions(query, sum(by.values()))]
    rows.sort(key=lambda row: (str(row["prefix"]), -float(str(row["weight"]))))
    write(tmp_path, "autocomplete", rows)
    write(
        tmp_path,
        "segment_autocomplete",
        [
            row
            for query, by in TYPED.items()
            for segment, weight in by.items()
            for row in completions(query, weight, segment=segment)
        ],
    )
    agreed(tmp_path, 0.9)
    return tmp_path


def agreed(root: Path, agreement: float) -> None:
    """Halves of the people agree so far on the segments."""
    of_each = {"people_share": 0.5, "searches_share": 0.5, "agreement": agreement}
    write(root, "segments", [{"segment": each, **of_each} for each in (TRAVELLERS, COOKS)])


def history(*queries: str) -> History:
    return History([(query, NOW) for query in queries], now=NOW)


def first(root: Path, prefix: str, *queries: str) -> str:
    known = history(*queries)
    lift = Segments.load(root).lift(known)
    return Completer.load(root).complete(prefix, segment=lift)[0].text


def test_the_kind_of_a_person_orders_what_everybody_types(root: Path) -> None:
    assert first(root, "제") == "제습기"  # nothing is known: as everybody
    assert first(root, "제", "항공권") == "제주도"
    assert first(root, "제", "갈비찜") == "제습기"


def test_the_more_is_known_of_a_person_the_surer_the_kind_is(root: Path) -> None:
    segments = Segments.load(root)

    nothing, one, two = (
        segments.shares(history(*queries))[TRAVELLERS]
        for queries in ((), ("항공권",), ("항공권", "제주도"))
    )
    assert nothing == pytest.approx(0.5)
    assert 0.5 < one < two < 1


def test_what_no_segment_types_tells_nothing(root: Path) -> None:
    segments = Segments.load(root)

    assert segments.shares(history("처음 보는 말"))[COOKS] == pytest.approx(0.5)
    assert segments.lift(history("항공권"))("처음 보는 말") == pytest.approx(1)


def test_without_results_of_segments_a_sentence_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SegmentError, match="silgeom run segments --by-segment"):
        Segments.load(tmp_path)


def test_where_people_do_not_fall_into_kinds_everybody_gets_the_same(root: Path) -> None:
    agreed(root, 0.6)

    assert first(root, "제", "항공권") == first(root, "제") == "제습기"


def test_without_completions_of_everybody_their_job_is_named(root: Path) -> None:
    shutil.rmtree(root / "autocomplete")

    with pytest.raises(SegmentError, match="run silgeom run autocomplete first"):
        Segments.load(root)
