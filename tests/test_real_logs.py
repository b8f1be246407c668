"""Real logs, whole, through the ingest: where REAL_LOGS names a folder of them."""

import os
import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipeline.carriers.session import Session
from pipeline.errors import LandingError
from tests.test_ingest import ledger, run, searches

FOLDER = os.environ.get("REAL_LOGS")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="REAL_LOGS names no folder of real logs")


def put(tmp_path: Path, *names: str) -> tuple[Path, Path]:
    landing = tmp_path / "landing"
    landing.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(Path(str(FOLDER)) / name, landing)
    return landing, tmp_path / "root"


def test_each_log_with_users_and_times_is_read_and_its_lines_add_up(
    session: Session, tmp_path: Path
) -> None:
    logs = {
        "excite-small.log": "excite",
        "sogou-2008.gb18030.tsv": "sogou-2008",
        "sogou-2011.gb18030.tsv": "sogou-2011",
        "ubi-events.ndjson": "ubi",
    }
    landing, root = put(tmp_path, *logs)

    run(session, landing, root, day=date(2008, 6, 1))

    found = ledger(root)  # which checks that the lines of each file add up
    assert found.format.to_dict() == logs
    assert found.lines.to_dict() == {
        "excite-small.log": 4501,
        "sogou-2008.gb18030.tsv": 10000,
        "sogou-2011.gb18030.tsv": 2000,
        "ubi-events.ndjson": 7842 - found.skipped["ubi-events.ndjson"],
    }
    assert dict(found.rejected_by_reason["excite-small.log"])["blank_query"] == 533
    assert len(searches(root)) == found.accepted.sum()
    rejects = pd.read_parquet(root / "rejects")
    assert len(rejects) == found.rejected.sum() + found.withheld.sum()


def test_one_log_in_two_charsets_gives_the_same_searches(session: Session, tmp_path: Path) -> None:
    found = []
    for name in ("sogou-2008.utf8.tsv", "sogou-2008.gb18030.tsv"):
        landing, root = put(tmp_path / name.replace(".", "-"), name)
        root.mkdir()
        (root / "_user_key").write_text("ab" * 32)  # the same people under the same key
        run(session, landing, root, day=date(2008, 6, 1))
        rows = searches(root).drop(columns=["source"]).astype({"dt": str})
        found.append(rows.sort_values(list(rows.columns)).reset_index(drop=True))

    pd.testing.assert_frame_equal(found[0], found[1])
    assert len(found[0]) > 9000


def test_a_log_without_users_and_times_is_refused_with_a_sentence(
    session: Session, tmp_path: Path
) -> None:
    landing, root = put(tmp_path, "korean-sessions.ses")

    with pytest.raises(LandingError, match=r"korean-sessions\.ses.*no known log format fits"):
        run(session, landing, root)
    assert not root.exists()
