"""Logs in HDFS as people put them there, four jobs in a row; and two jobs on one root."""

import time
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest
from hdfs_native import Client, WriteOptions

from tests.cluster.conftest import Cluster, await_until, figure, hdfs_client, timed

#: A root is a folder like any other, also if its name looks like a pattern.
TOP, ROOT = "/tmp/odd/landing", "/tmp/odd/root [x]{y,z}*?"

#: Each holds one search, of a query of its own.
NAMES = (
    "날씨 삼월.tsv",
    "100%.tsv",
    "a%20b.tsv",
    'it\'s "quoted".tsv',
    "[x]{y}*?.tsv",
    "a#b;c&d=e+f.tsv",
    "below/a folder/log.tsv",
    "🎉.tsv",
)
HIDDEN = (".hidden.tsv", "_notes.tsv", "half.tsv._COPYING_", "_temporary/0/part.tsv")


def line(query: str) -> bytes:
    return f"2026-03-01T10:00:00+09:00\tu1\t{query}\n".encode()


class Landing:
    """The landing folder of these tests, the root, and the job between the two."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client: Client = hdfs_client()

    def put(self, name: str, data: bytes) -> None:
        with self.client.create(
            f"{TOP}/{name}", WriteOptions(overwrite=True, create_parent=True)
        ) as file:
            file.write(data)

    def job(self) -> tuple[str, ...]:
        places = ("--landing", f"hdfs://{TOP}", "--root", f"hdfs://{ROOT}")
        return ("spark-submit", "jobs/ingest.py", *places)

    def run(self) -> tuple[int, str]:
        """The job's status and all it says."""
        job = self.cluster.start(*self.job())
        output, _ = job.communicate(timeout=600)
        return job.returncode, output

    def table(self, dataset: str) -> list[dict[str, object]]:
        found = self.client.list_status(f"{ROOT}/{dataset}", recursive=True)
        files = [each.path for each in found if each.path.endswith(".parquet")]
        tables = [pq.read_table(self.client.read(path)) for path in files]
        return [row for table in tables for row in table.to_pylist()]

    def queries(self) -> list[str]:
        return sorted(str(row["query"]) for row in self.table("searches"))

    def ledger(self) -> dict[str, str]:
        """What became of each file, by its name below the landing folder."""
        start = f"hdfs://namenode:8020{TOP}/"
        rows = self.table("ledger")
        return {str(row["source"]).removeprefix(start): str(row["status"]) for row in rows}


@pytest.fixture(scope="module")
def landing(cluster: Cluster) -> Iterator[Landing]:
    landing = Landing(cluster)
    landing.client.delete("/tmp/odd", recursive=True)
    yield landing
    landing.client.delete("/tmp/odd", recursive=True)


def test_every_name_is_taken_in_and_the_rest_is_told(landing: Landing) -> None:
    for number, name in enumerate(NAMES):
        landing.put(name, line(f"query {number}"))
    for name in HIDDEN:
        landing.put(name, line("hidden"))
    landing.put("empty.tsv", b"")
    landing.put("closed.tsv", line("closed"))
    landing.client.set_permission(f"{TOP}/closed.tsv", 0)

    status, said = landing.run()

    assert status == 3, said  # of one file nothing is known yet
    assert "closed.tsv" in said
    assert "Permission denied" in said
    assert landing.queries() == [f"query {number}" for number in range(len(NAMES))]
    ledger = landing.ledger()
    assert {name: ledger.get(name) for name in NAMES} == dict.fromkeys(NAMES, "taken_in")
    assert "closed.tsv" not in ledger
    assert not any(name in ledger for name in HIDDEN)


def test_a_file_that_may_be_read_again_and_one_that_is_replaced_while_it_is_read(
    landing: Landing,
) -> None:
    landing.client.set_permission(f"{TOP}/closed.tsv", 0o644)
    landing.put("changing.tsv", line("before"))
    landing.put(NAMES[0], line("query 0"))  # the same bytes put again

    job = landing.cluster.start(*landing.job())
    landing.cluster.await_executors(job)
    landing.put("changing.tsv", line("after") + line("after 2"))
    output, _ = job.communicate(timeout=600)
    assert job.returncode in (0, 3), output
    assert "runs: http://resourcemanager.localhost:8088/proxy/application_" in output
    status, said = landing.run()

    assert status == 0, said
    expected = [f"query {number}" for number in range(len(NAMES))]
    assert landing.queries() == sorted([*expected, "closed", "after", "after 2"])


def test_nothing_new_asks_nothing_of_yarn(landing: Landing) -> None:
    before = [app["id"] for app in landing.cluster.applications()]

    begun = time.monotonic()
    status, said = landing.run()
    figure("ingest with nothing to do", time.monotonic() - begun)

    assert (status, "nothing new" in said) == (0, True), said
    assert [app["id"] for app in landing.cluster.applications()] == before


HOLDER = """
import os, sys, time
from pipeline.store.root import open_root
with open_root(None, sys.argv[1], say=print):
    print(os.getpid(), flush=True)
    time.sleep(600)
"""


def test_a_job_waits_without_executors_until_the_lock_of_a_killed_job_is_free(
    landing: Landing,
) -> None:
    holder = landing.cluster.start("python", "-c", HOLDER, f"hdfs://{ROOT}")
    assert holder.stdout is not None
    process = holder.stdout.readline().strip()
    before = [app["id"] for app in landing.cluster.applications()]

    waiting = landing.cluster.start(*landing.job())
    assert waiting.stdout is not None
    told = waiting.stdout.readline()
    running = [app["id"] for app in landing.cluster.applications()]
    landing.cluster.client("sh", "-c", f"kill -9 {process}")
    with timed("a killed job's lock is free"):
        output, _ = waiting.communicate(timeout=150)

    assert "waiting for it to end" in told
    assert "client.localhost" in told  # where the other job is
    assert running == before
    assert (waiting.returncode, "nothing new" in output) == (0, True), output


@pytest.mark.cluster_long
def test_two_jobs_at_once_on_one_root_take_each_file_in_once(landing: Landing) -> None:
    landing.put("two jobs.tsv", line("two jobs"))

    jobs = [landing.cluster.start(*landing.job()) for _ in range(2)]
    outputs = [job.communicate(timeout=900)[0] for job in jobs]

    assert [job.returncode for job in jobs] == [0, 0], outputs
    assert landing.queries().count("two jobs") == 1
    await_until(lambda: not landing.cluster.applications("RUNNING"), "the jobs to go")
