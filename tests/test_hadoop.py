"""What a job knows of its cluster from Hadoop's settings, and what it says if YARN is not there."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.carriers.hadoop import (
    application_page,
    check_resource_manager,
    hadoop_settings,
    resource_managers,
)
from pipeline.errors import UnreachableError
from pipeline.logs import set_up_logging

PAIR = {
    "yarn.resourcemanager.ha.rm-ids": "rm1, rm2",
    "yarn.resourcemanager.hostname.rm1": "one",
    "yarn.resourcemanager.address.rm2": "two:9032",
    "yarn.resourcemanager.webapp.address.rm1": "one:9088",
}


@pytest.fixture
def listening() -> Iterator[int]:
    """A port of this machine on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("settings", "managers"),
    [
        ({}, []),
        ({"yarn.resourcemanager.hostname": "one"}, [("one", 8032)]),
        ({"yarn.resourcemanager.address": "one:9032"}, [("one", 9032)]),
        (PAIR, [("one", 8032), ("two", 9032)]),
    ],
)
def test_the_resource_managers_of_a_cluster(
    settings: dict[str, str], managers: list[tuple[str, int]]
) -> None:
    assert resource_managers(settings) == managers


@pytest.mark.parametrize(
    ("settings", "page"),
    [
        ({}, None),
        ({"yarn.resourcemanager.hostname": "one"}, "http://one:8088/proxy/application_1_2/"),
        (PAIR, "http://one:9088/proxy/application_1_2/"),
    ],
)
def test_the_page_of_a_job(settings: dict[str, str], page: str | None) -> None:
    assert application_page(settings, "application_1_2") == page


def test_a_resource_manager_that_is_down_is_told_after_a_few_tries(free_port: int) -> None:
    pauses: list[float] = []

    with pytest.raises(UnreachableError) as caught:
        check_resource_manager(
            {"yarn.resourcemanager.address": f"127.0.0.1:{free_port}"}, wait=pauses.append
        )

    assert str(caught.value) == (
        f"YARN's resource manager does not answer (127.0.0.1:{free_port}: Connection refused): "
        "run this again when it does"
    )
    assert caught.value.exit_status == 3
    assert 0 < sum(pauses) < 10


def test_one_of_two_resource_managers_is_enough(listening: int, free_port: int) -> None:
    check_resource_manager(
        {
            "yarn.resourcemanager.ha.rm-ids": "rm1,rm2",
            "yarn.resourcemanager.address.rm1": f"127.0.0.1:{free_port}",
            "yarn.resourcemanager.address.rm2": f"127.0.0.1:{listening}",
        }
    )


def test_where_no_resource_manager_is_named_none_is_looked_for() -> None:
    check_resource_manager({})


@pytest.mark.parametrize(("level", "is_told"), [("warning", True), ("error", False)])
def test_where_a_job_runs_is_told_unless_only_errors_are_asked_for(
    level: str, is_told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(level)

    logging.getLogger("pipeline.progress").info("application_1_2 runs")
    logging.getLogger("pipeline.runs.take_in").info("reading 3 files")

    assert ("application_1_2 runs" in capsys.readouterr().err) is is_told


def test_a_setting_is_put_in_where_another_names_it(tmp_path: Path) -> None:
    (tmp_path / "yarn-site.xml").write_text(
        "<configuration><property><name>a.host</name><value>${env.NODE}.local</value></property>"
        "<property><name>a.place</name><value> ${a.port}:${unknown} </value></property>"
        "<property><name>a.port</name><value>80</value></property></configuration>"
    )

    assert hadoop_settings({"HADOOP_CONF_DIR": str(tmp_path), "NODE": "one"}) == {
        "a.host": "one.local",
        "a.place": "80:${unknown}",
        "a.port": "80",
    }
