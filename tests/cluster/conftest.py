"""A cluster of its own for these tests: another Compose project, with volumes that go with it.

`KEEP_CLUSTER=1` leaves it running afterwards and takes up one that runs already: quicker while a
test is being written.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pandas as pd
import pytest
from hdfs_native import Client

PROJECT = Path(__file__).resolve().parents[2]
NAME = "silgeom-test"
SERVICES = (
    "namenode",
    "datanode1",
    "datanode2",
    "datanode3",
    "datanode4",
    "resourcemanager",
    "nodemanager1",
    "nodemanager2",
    "jobhistory",
    "historyserver",
    "client",
)

AT = ("--at", "2026-03-15T18:00")  # a bridge was closed in that hour
JOBS = {"trending": AT, "related": (), "autocomplete": ()}
USER_KEY = "5" * 64  # of all roots that are compared, so that estimates of people are the same too

#: A job that is short, so that it can be run often: the last day of the sample log, and one board.
SHORT_LANDING = "hdfs:///tmp/short/landing"
SHORT_LOGS = ("sample_data/logs/2026-03-15.tsv.gz",)
SHORT_JOB = ("jobs/trending.py", *AT, "--landing", SHORT_LANDING)

#: Tests that ask HDFS alone, many and quick.
NO_JOB = ("test_storage.py",)

Reader = Callable[[str], pd.DataFrame]
Rows = set[tuple[object, ...]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cluster_long: minutes each (make cluster-test-long)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)
    # What needs no job comes first: .ci/run cuts off what a slow machine has not come to.
    items.sort(key=lambda item: item.path.name not in NO_JOB)


class Started(subprocess.Popen[str]):
    """A command that was started, and when: in milliseconds since 1970, as YARN tells times."""

    def __init__(self, words: list[str]) -> None:
        self.at = int(time.time() * 1000)
        super().__init__(
            words, cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )


@dataclass(frozen=True)
class Cluster:
    """What a person at the host does with the cluster."""

    def compose(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(["docker", "compose", "-p", NAME, *words], check=check)

    def up(self) -> None:
        self.compose("up", "-d", "--wait")

    def client(self, *words: str, check: bool = True) -> str:
        """What a command on the client prints on standard output."""
        done = self.compose("exec", "-T", "client", *words, check=check)
        return done.stdout

    def put(self, content: bytes, path: str) -> None:
        """Write a file in HDFS from here, as `… exec -T client hdfs dfs -put - PATH < FILE`."""
        compose = ["docker", "compose", "-p", NAME, "exec", "-T", "client"]
        put = [*compose, "hdfs", "dfs", "-put", "-f", "-", path]
        subprocess.run(put, cwd=PROJECT, input=content, check=True)

    def submit(self, *words: str) -> str:
        return self.client("spark-submit", *words)

    def start(self, *words: str) -> Started:
        """A command on the client, started and not waited for."""
        return Started(["docker", "compose", "-p", NAME, "exec", "-T", "client", *words])

    def as_superuser(self, *words: str, check: bool = True) -> str:
        return self.compose("exec", "-T", "namenode", *words, check=check).stdout

    def kill(self, *services: str) -> None:
        """As if the machine had lost its power: SIGKILL, and Docker does not start it again."""
        self.compose("kill", *services)

    def container(self, service: str) -> str:
        return self.compose("ps", "-a", "-q", service).stdout.strip()

    def applications(self, *states: str) -> list[dict[str, str]]:
        """YARN's applications in these states (all, if none is named), the newest first."""
        url = f"http://127.0.0.1:8088/ws/v1/cluster/apps?states={','.join(states)}"
        with urlopen(url, timeout=60) as answer:
            found = (json.load(answer)["apps"] or {}).get("app", [])
        return sorted(found, key=lambda app: str(app["id"]), reverse=True)

    def memory(self) -> dict[str, float]:
        """Bytes that each service holds, without what Linux can drop at once."""
        listed = self.compose("ps", "-a", "--format", "{{.ID}} {{.Service}}", "--no-trunc").stdout
        names = dict(line.split() for line in listed.splitlines())
        names = {container: service for container, service in names.items() if service in SERVICES}
        table = "{{.ID}} {{.MemUsage}}"
        stats = run(["docker", "stats", "--no-stream", "--no-trunc", "--format", table, *names])
        rows = [line.split()[:2] for line in stats.stdout.splitlines()]
        return {names[container]: in_bytes(used) for container, used in rows}

    @contextmanager
    def memory_watched(self) -> Iterator[dict[str, float]]:
        """The most that each service held meanwhile, and `all` of them at one time."""
        peaks: dict[str, float] = {}
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                used = self.memory()
                for name, size in {**used, "all": sum(used.values())}.items():
                    peaks[name] = max(peaks.get(name, 0), size)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield peaks
        finally:
            over.set()
            watcher.join()

    def running_nodes(self) -> dict[str, str]:
        """The node managers with containers of the running job: `master` and, if any, `other`."""
        app = self.applications("RUNNING")[0]
        master = app["amHostHttpAddress"].partition(".")[0]
        return {
            "master": master,
            "other": "nodemanager1" if master == "nodemanager2" else "nodemanager2",
        }

    def await_executors(self, job: Started) -> str:
        """Wait until a job that was just started has all its three containers: its application."""
        ready: list[str] = []

        def is_ready() -> bool:
            # YARN still calls a job running for seconds after its driver has ended.
            new = [app for app in self.applications("RUNNING") if int(app["startedTime"]) >= job.at]
            ready.extend(app["id"] for app in new if int(app["runningContainers"]) >= 3)
            return bool(ready)

        await_until(is_ready, "the job's executors", job)
        return ready[0]

    def await_logs(self, application: str) -> None:
        """Wait until an application's logs are in HDFS, which is a moment after its end."""
        await_until(
            lambda: any(
                app["id"] == application and app["logAggregationStatus"] == "SUCCEEDED"
                for app in self.applications()
            ),
            f"the logs of {application}",
        )

    def await_healthy(self) -> None:
        """Wait until HDFS has all its replicas again, by itself, and every node is back."""
        await_until(lambda: self.fsck_summary() == "HEALTHY 0 0 0", "HDFS to heal", seconds=300)

    def fsck_summary(self) -> str:
        """Status, under-replicated, mis-replicated and corrupt blocks of all that is closed."""
        text = self.as_superuser("hdfs", "fsck", "/", check=False)
        numbers = [
            re.search(rf"{name}:\s+(\d+)", text)
            for name in ("Under-replicated blocks", "Mis-replicated blocks", "Corrupt blocks")
        ]
        status = "HEALTHY" if "is HEALTHY" in text else "UNHEALTHY"
        return " ".join([status, *(found[1] if found else "?" for found in numbers)])


def in_bytes(size: str) -> float:
    """`576.7MiB`, as docker prints it, in bytes."""
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", size).groups()  # type: ignore[union-attr]
    return float(number) * 1024.0 ** ["B", "KiB", "MiB", "GiB"].index(unit)


def run(command: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=False)
    if check and done.returncode:
        pytest.fail(f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


def await_until(
    holds: Callable[[], bool],
    what: str,
    job: subprocess.Popen[str] | None = None,
    seconds: float = 240,
) -> None:
    """Ask twice a second; fail at once if `job` ends before it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if job is not None and job.poll() is not None:
            pytest.fail(f"the job ended while waiting for {what}:\n{job.communicate()[0][-3000:]}")
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.5)  # other programs' states, of which nothing tells when they change


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The running cluster, built and started from nothing; taken down with all it holds."""
    keep = bool(os.environ.get("KEEP_CLUSTER"))
    if shutil.which("docker") is None or run(["docker", "info"], check=False).returncode:
        pytest.exit("no Docker engine answers: start one, then run this again", returncode=2)
    others = run(["docker", "ps", "--format", '{{.Label "com.docker.compose.project"}}']).stdout
    if "silgeom" in others.split():
        pytest.exit(
            "the cluster of this project is running and has the ports: stop it with "
            "'docker compose stop', then run this again",
            returncode=2,
        )
    cluster = Cluster()
    if not keep:
        cluster.compose("down", "-v", "--remove-orphans")
    begun = time.monotonic()
    cluster.compose("build")
    built = time.monotonic()
    cluster.up()
    figure("build", built - begun)
    figure("up from nothing", time.monotonic() - built)
    yield cluster
    if not keep:
        cluster.compose("down", "-v", "--remove-orphans")


@pytest.fixture(scope="session")
def hdfs() -> Reader:
    """Read Parquet of the cluster from the host as the documentation says, with hdfs-native."""
    options = {"dfs.client.use.datanode.hostname": "true"}
    return lambda path: pd.read_parquet(f"hdfs://localhost:8020{path}", storage_options=options)


def hdfs_client(user: str = "analyst") -> Client:
    """HDFS's native client on this machine, for what a person would do with `hdfs dfs`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HADOOP_USER_NAME", user)
        client = Client("hdfs://localhost:8020", {"dfs.client.use.datanode.hostname": "true"})
        client.get_file_info("/")  # the name is read at the first call
    return client


@dataclass(frozen=True)
class Used:
    """A cluster on which every job was run, and bytes of memory before and meanwhile at most."""

    cluster: Cluster
    idle: dict[str, float]
    peaks: dict[str, float]


@pytest.fixture(scope="session")
def used(cluster: Cluster) -> Used:
    """The sample log put, and every job run, just as the documentation says."""
    cluster.put(USER_KEY.encode(), "/search/_user_key")
    with timed("put sample_data"):
        cluster.client("hdfs", "dfs", "-put", "-f", "sample_data/logs", "/search/landing")
    idle = cluster.memory()
    with cluster.memory_watched() as peaks:
        for job, arguments in JOBS.items():
            with timed(f"{job} on YARN"):
                cluster.submit(f"jobs/{job}.py", *arguments)
    return Used(cluster, idle, peaks)


@pytest.fixture(scope="session")
def on_cluster(used: Used) -> Cluster:
    """A cluster on which every job was run."""
    return used.cluster


@pytest.fixture(scope="session")
def local_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of the same log on this machine, by Spark's local mode."""
    root = tmp_path_factory.mktemp("root")
    (root / "_user_key").write_text(USER_KEY)
    submit = Path(sys.executable).with_name("spark-submit")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SEARCH_")}
    with timed("all jobs in local mode"):
        subprocess.run(
            [submit, "jobs/all.py", "--root", root, *AT],
            cwd=PROJECT,
            env=environment,
            check=True,
            capture_output=True,
        )
    return root


@pytest.fixture(scope="session")
def short_log(cluster: Cluster) -> None:
    """The log of the short job, in HDFS."""
    cluster.client("hdfs", "dfs", "-mkdir", "-p", SHORT_LANDING)
    cluster.client("hdfs", "dfs", "-put", "-f", *SHORT_LOGS, SHORT_LANDING)


@pytest.fixture(scope="session")
def undisturbed(cluster: Cluster, hdfs: Reader, short_log: None) -> tuple[Rows, Rows]:
    """The rows of the short job when nothing disturbed it."""
    del short_log
    with timed("the short job undisturbed"):
        cluster.submit(*SHORT_JOB, "--root", short_root("undisturbed"))
    found = short_rows(hdfs, "undisturbed")
    assert all(found)
    return found


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows by their columns from the left, without the sketches (bytes of no fixed order)."""
    plain = frame.drop(columns="searchers_sketch", errors="ignore")
    text = plain.astype({name: str for name in plain.columns if plain[name].dtype == object})
    return text.sort_values(list(text.columns)).reset_index(drop=True)


def short_root(name: str) -> str:
    return f"hdfs:///tmp/short/{name}"


def short_rows(hdfs: Reader, name: str) -> tuple[Rows, Rows]:
    """Hourly counts and board of a short job's root, as sets of rows."""
    board = hdfs(f"/tmp/short/{name}/trending")[["rank", "query", "searchers", "score"]]
    counts = hdfs(f"/tmp/short/{name}/hourly_counts")[["hour", "query_id", "searchers"]]
    return set(counts.itertuples(index=False)), set(board.itertuples(index=False))


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    figure(what, time.monotonic() - begun)


def figure(what: str, seconds: float, more: str = "") -> None:
    """Note a measured time in the file that `CLUSTER_FIGURES` names, for the documentation."""
    if path := os.environ.get("CLUSTER_FIGURES"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{what}\t{seconds:.1f}\t{more}\n")
