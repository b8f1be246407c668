"""A cluster that cannot take a job: told in a line, within seconds, with a status to go by."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.cluster.conftest import NAME, PROJECT, SHORT_JOB, Cluster, await_until, short_root, timed

#: At most, the time of starting a JVM and Python on a busy machine included.
SECONDS = 90


@pytest.fixture
def mended(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster; afterwards what was stopped is started again."""
    yield cluster
    cluster.up()
    await_until(lambda: cluster.client("cluster-ready", check=False) == "", "the cluster")


def refused(*words: str, user: str = "analyst") -> tuple[int, str]:
    """The status and the only line of a job that was not done."""
    environment = ("-e", f"HADOOP_USER_NAME={user}")
    command = ("exec", "-T", *environment, "client", "spark-submit", *SHORT_JOB, *words)
    with timed(f"refused: {' '.join(words)} as {user}"):
        done = subprocess.run(
            ["docker", "compose", "-p", NAME, *command],
            cwd=PROJECT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # as on a terminal
            timeout=SECONDS,
            check=False,
        )
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done.stdout[-3000:]
    return done.returncode, lines[0]


@pytest.mark.usefixtures("undisturbed")
def test_a_resource_manager_that_is_down(mended: Cluster) -> None:
    mended.compose("stop", "resourcemanager")

    status, line = refused("--root", short_root("no-yarn"))

    assert status == 3
    assert "YARN's resource manager does not answer" in line
    said = mended.submit(*SHORT_JOB, "--root", short_root("undisturbed"))
    assert "up to date" in said  # which needs no YARN


@pytest.mark.usefixtures("undisturbed")
def test_a_name_node_that_is_down(mended: Cluster) -> None:
    mended.compose("stop", "namenode")

    status, line = refused("--root", short_root("no-hdfs"))

    assert status == 3
    assert "the name node of hdfs://namenode:8020 does not answer" in line


@pytest.mark.usefixtures("undisturbed")
def test_safe_mode(cluster: Cluster) -> None:
    cluster.as_superuser("hdfs", "dfsadmin", "-safemode", "enter")
    try:
        status, line = refused("--root", short_root("safe-mode"))
    finally:
        cluster.as_superuser("hdfs", "dfsadmin", "-safemode", "leave")

    assert status == 3
    assert "HDFS is in safe mode" in line


@pytest.mark.usefixtures("undisturbed")
def test_a_root_that_belongs_to_somebody_else() -> None:
    status, line = refused("--root", short_root("undisturbed"), user="newcomer")

    assert status == 2
    assert "Permission denied: user=newcomer" in line


@pytest.mark.usefixtures("undisturbed")
def test_a_user_without_a_folder_in_hdfs() -> None:
    status, line = refused("--root", "hdfs:///tmp/newcomer", user="newcomer")

    assert status == 2
    assert "have the folder /user/newcomer made for you" in line
