"""Data nodes go and come back while a log is read: no row is lost, and no file is set aside."""

import re
from datetime import datetime, timedelta, timezone
from urllib.request import urlopen

import pytest

from tests.cluster.conftest import Cluster, Reader, await_until, short_root, timed

LANDING = "/tmp/lost/landing"
SEARCHES = 20_000  # of as many people, each file on a day of its own


def log(day: int) -> bytes:
    start = datetime(2026, 3, day, 9, tzinfo=timezone(timedelta(hours=9)))
    times = (start + timedelta(seconds=n) for n in range(SEARCHES))
    return "".join(
        f"{time.isoformat()}\tu{n}\t검색 {n % 50}\n" for n, time in enumerate(times)
    ).encode()


def nodes_with(cluster: Cluster, path: str) -> list[str]:
    """The services of the data nodes that hold a file, by their ports in docker-compose.yml."""
    placed = cluster.as_superuser(
        "hdfs", "fsck", path, "-openforwrite", "-files", "-blocks", "-locations"
    )
    ports = set(re.findall(r"DatanodeInfoWithStorage\[[\d.]+:(\d+),", placed))
    assert len(ports) == 2, placed
    return [f"datanode{(int(port) - 9866) // 10 + 1}" for port in ports]


def live_nodes(cluster: Cluster) -> int:
    report = cluster.as_superuser("hdfs", "dfsadmin", "-report", "-live", check=False)
    found = re.search(r"Live datanodes \((\d+)\)", report)
    return int(found[1]) if found else 0


def has_all_blocks(cluster: Cluster) -> bool:
    return cluster.fsck_summary().startswith("HEALTHY")


def days_taken_in(hdfs: Reader) -> dict[str, int]:
    """How many searches the root has of each day (in Seoul)."""
    found = hdfs("/tmp/short/lost/searches")["dt"].astype(str).value_counts()
    return {str(day): int(count) for day, count in found.items()}


def test_data_nodes_stopped_and_started_in_mid_read_twice(cluster: Cluster, hdfs: Reader) -> None:
    places = ("--landing", f"hdfs://{LANDING}", "--root", short_root("lost"))
    ingest = ("spark-submit", "jobs/ingest.py", *places)
    cluster.client("hdfs", "dfs", "-mkdir", "-p", LANDING)
    cluster.put(log(1), f"{LANDING}/1.tsv")
    cluster.client(*ingest)
    assert days_taken_in(hdfs) == {"2026-03-01": SEARCHES}
    cluster.put(log(2), f"{LANDING}/2.tsv")

    for again in ("when the job has ended", "at once"):
        job = cluster.start(*ingest)
        cluster.await_executors(job)
        nodes = nodes_with(cluster, f"{LANDING}/2.tsv")
        cluster.kill(*nodes)
        with timed(f"until the end: both data nodes of a log, started again {again}"):
            if again == "at once":
                cluster.compose("start", *nodes)
            output, _ = job.communicate(timeout=600)
        assert job.returncode in (0, 3), output[-5000:]
        assert len(output.splitlines()) < 100, output[-5000:]
        cluster.compose("start", *nodes)
        # A node that is back is live before it has told which blocks it has.
        await_until(lambda: live_nodes(cluster) == 4 and has_all_blocks(cluster), "the data nodes")
        assert days_taken_in(hdfs)["2026-03-01"] == SEARCHES

    with timed("taken in once the data nodes are back"):
        said = cluster.client(*ingest)
    assert "set aside" not in said.lower()
    assert days_taken_in(hdfs) == {"2026-03-01": SEARCHES, "2026-03-02": SEARCHES}
    assert set(hdfs("/tmp/short/lost/ledger")["status"]) == {"taken_in"}


@pytest.mark.cluster_long
@pytest.mark.parametrize("again", ["at-once", "later"])
def test_a_job_whose_event_log_lost_its_data_nodes_has_a_page(cluster: Cluster, again: str) -> None:
    places = ("--landing", f"hdfs://{LANDING}", "--root", short_root(f"events-{again}"))
    cluster.client("hdfs", "dfs", "-mkdir", "-p", LANDING)
    cluster.put(log(1), f"{LANDING}/1.tsv")
    job = cluster.start("spark-submit", "jobs/ingest.py", *places)
    application = cluster.await_executors(job)
    nodes = nodes_with(cluster, f"/spark-events/eventlog_v2_{application}")
    cluster.kill(*nodes)
    if again == "at-once":
        cluster.compose("start", *nodes)
    job.communicate(timeout=600)
    cluster.compose("start", *nodes)

    with timed(f"a page of a job that lost its event log's data nodes, started again {again}"):
        # The name node closes what nobody writes any more, after three minutes.
        await_until(lambda: has_page(application), "the page", seconds=400)


def has_page(application: str) -> bool:
    """Whether the history server shows a job."""
    try:
        urlopen(f"http://127.0.0.1:18080/history/{application}/jobs/", timeout=60).close()
    except OSError:  # an HTTPError, or no answer in time
        return False
    return True
