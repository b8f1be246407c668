"""The demo of live results, as a newcomer starts and ends it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

PROJECT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_demo_shows_the_closed_bridge_and_leaves_nothing_behind(tmp_path: Path) -> None:
    argv = [*(sys.executable, "-m", "tools.live_demo", "--port", "0", "--speed", "max")]
    argv += ["--to", "2026-03-15T17:40"]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(argv, cwd=PROJECT, env=environment, text=True, **pipes) as demo:  # type: ignore[call-overload]
        address = next(
            found[0] for each in demo.stdout if (found := re.search(r"http://127\S+/", each))
        )
        with urlopen(f"{address}events", timeout=120) as events:
            boards = (json.loads(each[6:]) for each in events if each.startswith(b"data: {"))
            shown = next(board for board in boards if "강마루대교 통제" in queries(board))
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0

    assert shown["at"].startswith("2026-03-15T08")
    assert list(tmp_path.iterdir()) == []


def queries(board: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["query"] for row in board["rows"]]
