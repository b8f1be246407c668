"""What the services are allowed, what they take, and what their pages show."""

import json
import re
import socket
from urllib.request import urlopen

import pytest

from tests.cluster.conftest import (
    SERVICES,
    SHORT_JOB,
    Cluster,
    Used,
    await_until,
    figure,
    run,
    short_root,
)
from tests.cluster.links import followed

LIMIT = 6 * 1024**3


def test_ports_are_open_on_loopback_alone(cluster: Cluster) -> None:
    containers = [cluster.container(service) for service in SERVICES]
    inspected = json.loads(run(["docker", "inspect", *containers]).stdout)
    published = [
        port["HostIp"]
        for container in inspected
        for ports in container["NetworkSettings"]["Ports"].values()
        for port in ports or []
    ]
    assert len(published) == 15
    assert set(published) == {"127.0.0.1"}


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_is_root_or_may_become_it(cluster: Cluster, service: str) -> None:
    facts = cluster.compose(
        "exec", "-T", service, "sh", "-c", "cat /proc/[0-9]*/status; mount | grep ' / '"
    ).stdout
    users = set(re.findall(r"^Uid:\s+(\d+)", facts, re.MULTILINE))
    assert users
    assert "0" not in users
    assert set(re.findall(r"^Cap(?:Eff|Prm|Bnd):\s+(\w+)", facts, re.MULTILINE)) == {"0" * 16}
    assert set(re.findall(r"^NoNewPrivs:\s+(\d)", facts, re.MULTILINE)) == {"1"}
    assert "(ro," in facts  # the root file system cannot be written to


def test_every_service_has_a_memory_limit(cluster: Cluster) -> None:
    containers = [cluster.container(service) for service in SERVICES]
    limits = run(["docker", "inspect", "--format", "{{.HostConfig.Memory}}", *containers]).stdout
    assert all(int(limit) > 0 for limit in limits.split())


def test_with_a_job_running_all_of_it_is_below_6_gb(used: Used) -> None:
    for name in (*SERVICES, "all"):
        idle = used.idle.get(name, sum(used.idle.values()))
        figure(f"MB {name}", used.peaks[name] / 2**20, f"idle {idle / 2**20:.0f}")
    assert used.peaks["all"] < LIMIT


def test_only_its_owner_writes_to_the_search_folder(cluster: Cluster) -> None:
    refused = cluster.compose(
        "exec", "-T", "-e", "HADOOP_USER_NAME=somebody", "client",
        "hdfs", "dfs", "-touchz", "/search/landing/theirs", check=False,
    )  # fmt: skip
    assert refused.returncode != 0
    assert "Permission denied: user=somebody" in refused.stderr


@pytest.mark.usefixtures("undisturbed")
def test_the_key_of_the_users_is_readable_by_its_owner_alone(cluster: Cluster) -> None:
    made = f"{short_root('undisturbed')}/_user_key"
    assert cluster.client("hdfs", "dfs", "-ls", made).startswith("-rw-------")


def test_every_block_lies_in_both_racks(cluster: Cluster) -> None:
    cluster.put(b"x" * 1000, "/tmp/racks")
    placed = cluster.as_superuser("hdfs", "fsck", "/tmp/racks", "-files", "-blocks", "-racks")
    assert {"/rack1", "/rack2"} == set(re.findall(r"/rack\d", placed))


def test_logs_of_the_services_can_be_read(cluster: Cluster) -> None:
    logs = cluster.compose("logs", "--no-color", "--no-log-prefix").stdout
    assert "org.apache.hadoop" not in "".join(re.findall(r"^ERROR.*|^FATAL.*", logs, re.MULTILINE))
    assert len(logs.splitlines()) < 20_000


#: Where a person begins; further pages that scripts in these would link to.
FRONT_PAGES = (
    "http://namenode.localhost:9870/",
    "http://namenode.localhost:9870/explorer.html",
    "http://resourcemanager.localhost:8088/cluster",
    "http://resourcemanager.localhost:8088/cluster/apps/FINISHED",
    "http://nodemanager1.localhost:8042/node",
    "http://nodemanager2.localhost:8043/node",
    "http://jobhistory.localhost:19888/jobhistory",
    "http://historyserver.localhost:18080/",
)


@pytest.mark.usefixtures("undisturbed")
def test_every_link_of_every_page_opens_on_the_host(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def as_a_browser(host: str, *rest: object) -> object:
        # Browsers and curl take all of .localhost for this machine; the C library does not.
        return look_up("127.0.0.1" if str(host).endswith(".localhost") else host, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", as_a_browser)
    running = cluster.start("spark-submit", *SHORT_JOB, "--root", short_root("links"))
    application = cluster.await_executors(running)
    now = f"http://resourcemanager.localhost:8088/proxy/{application}"
    # With little patience, for the history server answers in the job's place when that has ended.
    tried, dead = followed([f"{now}/jobs/", f"{now}/executors/"], only=now, patience=15)
    running.communicate()
    # YARN links to its page there as soon as it has ended; until it is there, that is a 404.
    await_until(
        lambda: any(f"/{application}/" in page for page in finished_in_history()),
        f"{application} in the history server",
    )
    pages = [*FRONT_PAGES, *data_nodes(), *finished_in_history()]
    # Longer than a file is open that its writer left: such is the event log of a job of which
    # another test killed the data nodes.
    more, more_dead = followed(pages, patience=240)
    figure("links tried", tried + more, f"dead: {len(dead) + len(more_dead)}")
    assert dead + more_dead == []
    assert tried + more > 150


def data_nodes() -> list[str]:
    """The data nodes' pages, as the name node's page links to them."""
    query = "http://127.0.0.1:9870/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"
    live = json.loads(json.load(urlopen(query, timeout=60))["beans"][0]["LiveNodes"])
    return [
        f"http://{name.split(':')[0]}:{node['infoAddr'].split(':')[1]}/"
        for name, node in live.items()
    ]


def finished_in_history() -> list[str]:
    query = "http://127.0.0.1:18080/api/v1/applications?limit=3&status=completed"
    with urlopen(query, timeout=60) as answer:
        return [
            f"http://historyserver.localhost:18080/history/{app['id']}/"
            + (f"{app['attempts'][0]['attemptId']}/" if "attemptId" in app["attempts"][0] else "")
            + "jobs/"
            for app in json.load(answer)
        ]
