"""The sample log, whole, held against the truth of what was planted in it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from pipeline.carriers.session import Session
from pipeline.commands import cli, trending
from pipeline.runs.count import refresh_daily_counts, refresh_hourly_counts
from pipeline.runs.inspection import Landing
from pipeline.runs.publish import publish_trending
from pipeline.runs.published import TrendingOptions, window_end
from pipeline.runs.take_in import take_in
from pipeline.store.root import open_root

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data"


def test_planted_bursts_lead_the_boards_of_their_hours(session: Session, tmp_path: Path) -> None:
    truth = json.loads((SAMPLE / "truth.json").read_text("utf-8"))
    bursts = {burst["query"]: burst for burst in truth["bursts"]}
    defaults = cli.options_of(TrendingOptions, trending.parser().parse_args([]))

    with open_root(session, str(tmp_path / "root"), say=lambda _: None) as root:
        now = datetime(2026, 4, 1, tzinfo=UTC)
        taken = take_in(root, Landing(str(SAMPLE / "logs")), now=now)
        refresh_hourly_counts(root)
        refresh_daily_counts(root, root.state.days)
        leaders = {}
        # Sudden, at night, and early in the log, where there is little past to compare with.
        for query in ["아라전자 세탁기 리콜", "별똥별 명소", "도해랑 결혼 발표"]:
            peak = datetime.fromisoformat(bursts[query]["peak"])
            board = publish_trending(root, window_end(root, peak + timedelta(minutes=1)), defaults)
            rows = pl.read_parquet(f"{board.address.removeprefix('file://')}/*.parquet")
            [leaders[query]] = rows.filter(rank=1).select("query", "searchers").rows()

    assert sum(entry.lines for entry in taken.entries) == sum(
        file["lines"] for file in truth["files"]
    )
    assert {query: name for query, (name, _) in leaders.items()} == {
        query: query for query in leaders
    }
    for query, (_, searchers) in leaders.items():
        planted = bursts[query]["searchers"][bursts[query]["peak"]]
        # Some planted people typed it otherwise (a slip), some others typed it by themselves.
        assert abs(searchers - planted) <= 0.15 * planted
