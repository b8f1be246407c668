"""The key that hides the users of a log is in none of the places where a cluster tells of a job."""

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import pyarrow as pa
import pytest

from tests.cluster.conftest import (
    SHORT_JOB,
    Cluster,
    await_until,
    hdfs_client,
    short_root,
)

HISTORY = "http://127.0.0.1:18080"
#: Of the history server's REST interface.
ANSWERS = ("jobs", "stages?details=true", "allexecutors", "environment", "storage/rdd")


class Watch:
    """Command lines and environments of all processes of a job, on its client and its nodes."""

    SERVICES = ("client", "nodemanager1", "nodemanager2")

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._over = threading.Event()
        self._seen: dict[str, set[str]] = {service: set() for service in self.SERVICES}
        self._threads = [
            threading.Thread(target=self._look, args=(service,)) for service in self.SERVICES
        ]

    def _look(self, service: str) -> None:
        script = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"
        while not self._over.wait(1.0):
            found = self._cluster.compose("exec", "-T", service, "sh", "-c", script, check=False)
            self._seen[service].update(found.stdout.split("\n"))

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def text(self) -> str:
        return "\n".join(line for lines in self._seen.values() for line in lines)


@pytest.fixture(scope="module")
def told(cluster: Cluster, short_log: None) -> tuple[str, dict[str, str]]:
    """The key of a job's new root, and all that was told of that job, by place."""
    del short_log
    with Watch(cluster) as watch:
        said = cluster.submit(*SHORT_JOB, "--root", short_root("key"))
    key = cluster.client("hdfs", "dfs", "-cat", f"{short_root('key')}/_user_key")
    application = re.findall(r"application_\d+_\d+", said)[0]
    await_until(lambda: opens(f"/api/v1/applications/{application}/jobs"), "the history server")
    cluster.await_logs(application)
    return (
        key.split()[-1],
        {
            "processes": watch.text(),
            "event logs": event_logs(application),
            "history, REST": "\n".join(
                page(f"/api/v1/applications/{application}/{answer}") for answer in ANSWERS
            ),
            "history, pages": "\n".join(pages(application)),
            "logs of YARN": cluster.client("yarn", "logs", "-applicationId", application),
        },
    )


def event_logs(application: str) -> str:
    """What Spark noted of the job in HDFS, for everybody to read."""
    client = hdfs_client("spark")
    found = [
        status.path
        for status in client.list_status("/spark-events", recursive=True)
        if application in status.path and not status.isdir
    ]
    texts = []
    for path in found:
        data = client.read(path).read()
        compression = "zstd" if path.endswith(".zstd") else None
        stream = pa.input_stream(io.BytesIO(data), compression=compression)
        texts.append(stream.read().decode())
    return "\n".join(texts)


def pages(application: str) -> Iterator[str]:
    """The history server's pages on the job, those on each of its stages among them."""
    stages = json.loads(page(f"/api/v1/applications/{application}/stages"))
    assert stages
    for name in ("jobs/", "stages/", "environment/", "executors/", "storage/"):
        yield page(f"/history/{application}/{name}")
    for stage in stages:
        place = f"id={stage['stageId']}&attempt={stage['attemptId']}"
        yield page(f"/history/{application}/stages/stage/?{place}")


def page(path: str) -> str:
    with urlopen(HISTORY + path, timeout=60) as answer:
        return str(answer.read().decode())


def opens(path: str) -> bool:
    try:
        page(path)
    except OSError:  # an HTTPError, or no answer in time
        return False
    return True


#: In each place also something that must be found, so that looking in vain means something.
PLACES: dict[str, Callable[[str], bool]] = {
    "processes": lambda text: "org.apache.spark.executor" in text and "HADOOP_CONF_DIR=" in text,
    "event logs": lambda text: "SparkListenerTaskEnd" in text and "/short/key" in text,
    "history, REST": lambda text: "executorRunTime" in text and "/short/key" in text,
    "history, pages": lambda text: "Details for Stage" in text and "jobs/trending.py" in text,
    "logs of YARN": lambda text: "org.apache.spark" in text or "Executor" in text,
}


@pytest.mark.parametrize("place", PLACES)
def test_the_key_is_told_nowhere(told: tuple[str, dict[str, str]], place: str) -> None:
    key, texts = told

    assert PLACES[place](texts[place])
    assert len(key) >= 64
    assert texts[place].lower().count(key.lower()) == 0
