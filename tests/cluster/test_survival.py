"""Break it while a job runs: the job ends with the same rows, and nothing has to be repaired."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.cluster.conftest import (
    SERVICES,
    SHORT_JOB,
    Cluster,
    Reader,
    Rows,
    Started,
    await_until,
    figure,
    run,
    short_root,
    short_rows,
    timed,
)


@dataclass(frozen=True)
class Running:
    """A job that was submitted at a time of the monotonic clock."""

    job: Started
    submitted: float


@pytest.fixture
def mended(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster; afterwards what was killed is started again, and has to get well by itself."""
    yield cluster
    cluster.up()
    cluster.await_healthy()


def start(cluster: Cluster, name: str, *options: str) -> Running:
    """The short job with a root of its own; returns once its executors run."""
    submitted = time.monotonic()
    job = cluster.start("spark-submit", *options, *SHORT_JOB, "--root", short_root(name))
    cluster.await_executors(job)
    return Running(job, submitted)


def assert_ends_well(
    running: Running, hdfs: Reader, name: str, undisturbed: tuple[Rows, Rows]
) -> None:
    """Called when it was just broken."""
    broken_at = time.monotonic()
    output, _ = running.job.communicate(timeout=420)
    figure(
        f"until the end: {name}",
        time.monotonic() - broken_at,
        f"broken {broken_at - running.submitted:.0f} s after the submit",
    )
    assert running.job.returncode == 0, output[-4000:]
    assert short_rows(hdfs, name) == undisturbed


DATA_NODES = [
    pytest.param(f"datanode{n}", marks=[] if n == 2 else [pytest.mark.cluster_long])
    for n in (1, 2, 3, 4)
]


@pytest.mark.parametrize("data_node", DATA_NODES)
def test_a_job_outlives_a_data_node(
    mended: Cluster, hdfs: Reader, undisturbed: tuple[Rows, Rows], data_node: str
) -> None:
    job = start(mended, f"without-{data_node}")
    mended.kill(data_node)
    assert_ends_well(job, hdfs, f"without-{data_node}", undisturbed)


@pytest.mark.parametrize("role", [pytest.param("other", marks=pytest.mark.cluster_long), "master"])
def test_a_job_outlives_a_node_manager(
    mended: Cluster, hdfs: Reader, undisturbed: tuple[Rows, Rows], role: str
) -> None:
    """`master` has the application master, `other` executors alone."""
    job = start(mended, f"without-{role}")
    mended.kill(mended.running_nodes()[role])
    assert_ends_well(job, hdfs, f"without-{role}", undisturbed)


@pytest.mark.cluster_long
def test_a_job_whose_driver_is_inside_the_cluster_outlives_the_driver(
    mended: Cluster, hdfs: Reader, undisturbed: tuple[Rows, Rows]
) -> None:
    job = start(mended, "without-driver", "--deploy-mode", "cluster")
    mended.kill(mended.running_nodes()["master"])
    assert_ends_well(job, hdfs, "without-driver", undisturbed)


@pytest.mark.parametrize(
    "service", ["namenode", pytest.param("resourcemanager", marks=pytest.mark.cluster_long)]
)
def test_a_job_waits_for_a_master_that_crashes_and_comes_back(
    mended: Cluster, hdfs: Reader, undisturbed: tuple[Rows, Rows], service: str
) -> None:
    job = start(mended, f"without-{service}")
    mended.kill(service)
    mended.compose("start", service)
    assert_ends_well(job, hdfs, f"without-{service}", undisturbed)


def length(path: str) -> int:
    """Bytes of a file's finished blocks; 0 if it is not there."""
    try:
        with urlopen(
            f"http://127.0.0.1:9870/webhdfs/v1{path}?op=GETFILESTATUS", timeout=60
        ) as answer:
            return int(json.load(answer)["FileStatus"]["length"])
    except HTTPError:
        return 0


def test_a_put_of_1_gb_outlives_a_data_node(mended: Cluster) -> None:
    put = mended.start(
        "bash", "-c",
        "head -c 1G /dev/urandom | tee >(sha256sum > /tmp/sum) | hdfs dfs -put -f - /tmp/big",
    )  # fmt: skip
    await_until(lambda: length("/tmp/big._COPYING_") > 0, "the first block", put)
    mended.kill("datanode3")
    begun = time.monotonic()
    assert put.wait(timeout=600) == 0
    figure("until the end: put of 1 GB", time.monotonic() - begun)
    sums = mended.client("bash", "-c", "hdfs dfs -cat /tmp/big | sha256sum; cat /tmp/sum")
    written, read = sums.split("\n")[:2]
    assert written == read
    mended.client("hdfs", "dfs", "-rm", "-skipTrash", "/tmp/big")


def test_what_is_stopped_or_taken_down_comes_back_as_it_was(
    mended: Cluster, hdfs: Reader, undisturbed: tuple[Rows, Rows]
) -> None:
    for words in (["stop"], ["down"], ["down"]):
        mended.compose(*words)
        with timed(f"up after {words[0]}"):
            mended.up()
        assert short_rows(hdfs, "undisturbed") == undisturbed
    said = mended.submit(*SHORT_JOB, "--root", short_root("undisturbed"))
    assert "up to date" in said


@pytest.mark.cluster_long
def test_containers_may_be_restarted_in_any_order(
    mended: Cluster, hdfs: Reader, undisturbed: tuple[Rows, Rows]
) -> None:
    order = random.sample(SERVICES, len(SERVICES))
    run(["docker", "restart", "-t", "20", *[mended.container(service) for service in order]])
    mended.up()
    mended.submit(*SHORT_JOB, "--root", short_root("restarted"))
    assert short_rows(hdfs, "restarted") == undisturbed, order


@pytest.mark.cluster_long
def test_a_data_node_with_a_full_disk_stops_neither_put_nor_job(
    mended: Cluster, hdfs: Reader, undisturbed: tuple[Rows, Rows]
) -> None:
    small = ["-f", "docker-compose.yml", "-f", "tests/cluster/full-disk.yml"]
    mended.compose(*small, "up", "-d", "--wait", "datanode4")
    mended.compose(
        "exec", "-T", "datanode4", "sh", "-c", "head -c 100M /dev/zero > /data/hdfs/fill"
    )
    mended.client("bash", "-c", "head -c 400M /dev/zero | hdfs dfs -put -f - /tmp/short/zeros")
    mended.submit(*SHORT_JOB, "--root", short_root("full-disk"))
    assert short_rows(hdfs, "full-disk") == undisturbed
    mended.client("hdfs", "dfs", "-rm", "-skipTrash", "/tmp/short/zeros")


@pytest.mark.cluster_long
def test_two_jobs_at_once_both_end(
    cluster: Cluster, hdfs: Reader, undisturbed: tuple[Rows, Rows]
) -> None:
    begun = time.monotonic()
    jobs = [
        cluster.start("spark-submit", *SHORT_JOB, "--root", short_root(name))
        for name in ("first", "second")
    ]
    await_until(lambda: len(cluster.applications("RUNNING")) == 2, "both to be running", jobs[0])
    outputs = [job.communicate(timeout=600)[0] for job in jobs]
    figure("two jobs at once", time.monotonic() - begun)
    assert [job.returncode for job in jobs] == [0, 0], outputs
    assert short_rows(hdfs, "first") == short_rows(hdfs, "second") == undisturbed


@pytest.mark.cluster_long
def test_20_jobs_in_a_row_leave_nothing_that_grows(cluster: Cluster) -> None:
    sizes = []
    for n in range(20):
        hour = f"2026-03-15T{n + 1:02}:00"
        cluster.submit(*SHORT_JOB, "--at", hour, "--root", short_root("row"))
        if n in (4, 19):
            await_until(lambda: is_cleared(cluster), "logs to be collected and containers removed")
            sizes.append((sum(cluster.memory().values()) / 2**20, local_megabytes(cluster)))
    (memory_5, disk_5), (memory_20, disk_20) = sizes
    figure("MB after 20 jobs", memory_20, f"after 5: {memory_5:.0f}; disks {disk_5} to {disk_20}")
    assert memory_20 < memory_5 + 400
    assert disk_20 < disk_5 + 20


def is_cleared(cluster: Cluster) -> bool:
    """Whether the last jobs' logs are in HDFS and nothing of theirs is on the nodes' disks."""
    last = cluster.applications()[:5]
    names = ("sh", "-c", "ls /data/yarn/logs; ls /data/yarn/local/usercache/*/appcache || true")
    kept = "".join(cluster.compose("exec", "-T", f"nodemanager{n}", *names).stdout for n in (1, 2))
    return all(
        app["logAggregationStatus"] == "SUCCEEDED" and str(app["id"]) not in kept for app in last
    )


def local_megabytes(cluster: Cluster) -> int:
    """What the node managers keep on their own disks."""
    disk_usage = ("du", "-sm", "/data/yarn")
    used = [cluster.compose("exec", "-T", f"nodemanager{n}", *disk_usage).stdout for n in (1, 2)]
    return sum(int(text.split()[0]) for text in used)
