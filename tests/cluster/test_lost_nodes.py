"""Data nodes go and come back while a log is read: no row is lost, and no file is set aside."""

import re
from collections import Counter

import pytest

from tests.cluster.conftest import Cluster, Reader, await_until, short_root, timed

NEW = "2026-03-14.tsv.gz"
LANDING = "/tmp/lost/landing"

Searches = Counter[tuple[object, ...]]


def ingest(name: str) -> tuple[str, ...]:
    root = ("--root", short_root(name))
    return ("spark-submit", "jobs/ingest.py", "--landing", f"hdfs://{LANDING}", *root)


def searches(hdfs: Reader, name: str) -> Searches:
    return Counter(hdfs(f"/tmp/short/{name}/searches").itertuples(index=False, name=None))


def nodes_with(cluster: Cluster, log: str) -> list[str]:
    """The services of the data nodes that hold a log, by their ports in docker-compose.yml."""
    path = f"{LANDING}/{log}"
    placed = cluster.as_superuser("hdfs", "fsck", path, "-files", "-blocks", "-locations")
    ports = set(re.findall(r"DatanodeInfoWithStorage\[[\d.]+:(\d+),", placed))
    assert len(ports) == 2, placed
    return [f"datanode{(int(port) - 9866) // 10 + 1}" for port in ports]


def live_nodes(cluster: Cluster) -> int:
    report = cluster.as_superuser("hdfs", "dfsadmin", "-report", "-live", check=False)
    found = re.search(r"Live datanodes \((\d+)\)", report)
    return int(found[1]) if found else 0


@pytest.mark.usefixtures("undisturbed")
def test_data_nodes_stopped_and_started_in_mid_read_twice(cluster: Cluster, hdfs: Reader) -> None:
    for name in ("lost", "not-lost"):  # another day has been taken in
        cluster.client("hdfs", "dfs", "-cp", short_root("undisturbed"), short_root(name))
    before = searches(hdfs, "lost")
    cluster.client("hdfs", "dfs", "-mkdir", "-p", LANDING)
    cluster.client("hdfs", "dfs", "-put", "-f", f"sample_data/logs/{NEW}", LANDING)
    cluster.client(*ingest("not-lost"))

    for again in ("when the job has ended", "at once"):
        job = cluster.start(*ingest("lost"))
        cluster.await_executors(job)
        nodes = nodes_with(cluster, NEW)
        cluster.kill(*nodes)
        with timed(f"until the end: both data nodes of a log, started again {again}"):
            if again == "at once":
                cluster.compose("start", *nodes)
            output, _ = job.communicate(timeout=600)
        assert job.returncode in (0, 3), output[-5000:]
        assert len(output.splitlines()) < 100, output[-5000:]
        cluster.compose("start", *nodes)
        await_until(lambda: live_nodes(cluster) == 4, "the data nodes")
        assert before <= searches(hdfs, "lost")

    with timed("taken in once the data nodes are back"):
        done = cluster.compose("exec", "-T", "client", *ingest("lost"))
    assert searches(hdfs, "lost") == searches(hdfs, "not-lost")
    assert set(hdfs("/tmp/short/lost/ledger")["status"]) == {"taken_in"}
    assert "Set aside" not in done.stdout
