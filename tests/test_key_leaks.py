"""The key of `user_id` is in no event log, message, argument or environment of a job that ran."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipeline.reading.user_ids import UserKeys, user_ids

PROJECT = Path(__file__).resolve().parents[1]
SECRET = bytes(range(101, 133))


def base64_forms(secret: bytes) -> list[bytes]:
    """What base64 makes of it wherever it begins in what is encoded."""
    forms = []
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret)
        # Characters at the ends also tell of the bytes beside it.
        forms.append(encoded[4 * (before > 0) : -4])
    return forms


#: The key in whichever form something might write it.
FORMS = (
    SECRET.hex().encode(),
    SECRET.hex().upper().encode(),
    *base64_forms(SECRET),
    repr(SECRET).encode()[2:-1],
    SECRET,
)


def about_processes() -> bytes:
    """Arguments and environments of all processes that may be looked into."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                found.append((process / name).read_bytes())
            except OSError:
                continue  # it has ended, or is somebody else's
    return b"\n".join(found)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job that has run: logs, events, root, and what was seen of its processes."""
    place = tmp_path_factory.mktemp("leaks")
    for name in ("landing", "events", "root"):
        (place / name).mkdir()
    lines = [f"2026-03-02T09:00:{second:02}+09:00\tu{second}\t날씨\n" for second in range(60)]
    (place / "landing" / "log.tsv").write_text("".join(lines), "utf-8")
    (place / "root" / "_user_key").write_text(f"blake2b {SECRET.hex()}\n", "utf-8")
    command = [
        str(Path(sys.executable).with_name("spark-submit")),
        *("--conf", "spark.eventLog.enabled=true", "--conf", "spark.eventLog.compress=false"),
        *("--conf", f"spark.eventLog.dir={(place / 'events').as_uri()}"),
        *("--conf", "spark.ui.enabled=false", "--conf", "spark.sql.shuffle.partitions=2"),
        *("jobs/ingest.py", "--landing", str(place / "landing"), "--root", str(place / "root")),
        *("--log-level", "debug"),
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SEARCH_")}
    environment["PYSPARK_PYTHON"] = sys.executable
    with (place / "said").open("wb") as said:
        job = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=said, stderr=said)
        seen = []
        while job.poll() is None:
            seen.append(about_processes())
            try:
                job.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
    assert job.returncode == 0, (place / "said").read_text("utf-8")
    (place / "seen").write_bytes(b"\n".join(seen))
    return place


def test_the_job_used_the_key(ran: Path) -> None:
    keys = UserKeys.from_text((ran / "root" / "_user_key").read_text("utf-8"))
    users = [f"u{second}" for second in range(60)]
    stored = pq.read_table(ran / "root" / "searches")["user_id"].to_pylist()
    assert set(stored) == set(user_ids(pl.Series(users, dtype=pl.String), keys).to_list())


def test_the_key_is_in_no_event_log(ran: Path) -> None:
    logs = [path for path in (ran / "events").rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in logs)

    assert b"SparkListenerTaskEnd" in content
    assert b"mapPartitions" in content or b"PythonRDD" in content  # what was run is in it
    assert [form for form in FORMS if form in content] == []


def test_the_key_is_in_nothing_that_is_said(ran: Path) -> None:
    content = (ran / "said").read_bytes()

    assert b"Ledger" in content
    assert [form for form in FORMS if form in content] == []


def test_the_key_is_in_no_argument_and_no_environment(ran: Path) -> None:
    content = (ran / "seen").read_bytes()

    assert b"jobs/ingest.py" in content
    assert [form for form in FORMS if form in content] == []


def test_the_key_is_in_no_other_file_of_the_root(ran: Path) -> None:
    files = [path for path in (ran / "root").rglob("*") if path.is_file()]
    found = [path.name for path in files if any(form in path.read_bytes() for form in FORMS)]

    assert found == ["_user_key"]
