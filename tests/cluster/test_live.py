"""Live on the cluster: what is put into HDFS is on the page by itself, whatever was killed."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.cluster.conftest import Cluster, await_until, figure, hdfs_client

TOKEN = "only-for-these-tests"
LANDING, ROOT = "/tmp/live/landing", "/tmp/live/root"
#: The last window of the log.
MIDNIGHT = datetime.fromisoformat("2026-03-16T00:00:00+09:00")


@pytest.fixture(scope="module")
def page(cluster: Cluster) -> Iterator[Cluster]:
    """The services `live` and `web`, on a landing folder that has the sample log."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COMPOSE_PROFILES", "live")
        patched.setenv("SILGEOM_TOKEN", TOKEN)
        patched.setenv("SILGEOM_LANDING", f"hdfs://{LANDING}")
        patched.setenv("SILGEOM_ROOT", f"hdfs://{ROOT}")
        cluster.client("hdfs", "dfs", "-mkdir", "-p", LANDING)
        cluster.client("sh", "-c", f"hdfs dfs -put -f sample_data/logs/* {LANDING}")
        cluster.compose("up", "-d", "--wait", "live", "web")
        yield cluster
        cluster.compose("rm", "-s", "-f", "live", "web")


def asked(path: str, seconds: float = 120) -> IO[bytes]:
    request = Request(f"http://localhost:8000{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    found: IO[bytes] = urlopen(request, timeout=seconds)
    return found


def has_board() -> bool:
    try:
        with asked("/api/trending") as answer:
            return bool(json.load(answer)["rows"])
    except HTTPError:
        return False


def queries(board: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["query"] for row in board["rows"]]


def await_on_page(query: str) -> None:
    """Read events until a board has the query, for four minutes."""
    deadline = time.monotonic() + 240
    with asked("/events") as events:
        for line in events:
            if line.startswith(b"data: {") and query in queries(json.loads(line[6:])):
                return
            if time.monotonic() > deadline:  # told by the pings
                pytest.fail(f"{query} has not come onto the page")


def burst(query: str, minute: int, people: int) -> bytes:
    """A file in which people type a query, and each of them another one as well."""
    at = (MIDNIGHT + timedelta(minutes=minute)).isoformat()
    lines = [f"{at}\t{query} {who}\t{text}" for who in range(people) for text in (query, "날씨")]
    return ("\n".join(lines) + "\n").encode()


def test_what_is_put_is_on_the_page(page: Cluster) -> None:
    await_until(has_board, "the first board")
    taken = []
    for number in range(5):
        begun = time.monotonic()
        page.put(burst(f"소식 {number}", number, 40 + number), f"{LANDING}/{number}.tsv")
        await_on_page(f"소식 {number}")
        taken.append(time.monotonic() - begun)
    figure("put to page", sorted(taken)[2], f"of {', '.join(f'{each:.1f}' for each in taken)}")


def test_without_the_token_nothing_is_shown(page: Cluster) -> None:
    del page
    with pytest.raises(HTTPError, match="401"):
        urlopen("http://localhost:8000/api/trending", timeout=10)


def test_a_live_that_is_killed_goes_on_where_it_was(page: Cluster) -> None:
    page.put(burst("먼저", 20, 60), f"{LANDING}/first.tsv")
    page.kill("live")
    page.put(burst("나중", 21, 61), f"{LANDING}/second.tsv")
    page.compose("up", "-d", "--wait", "live")
    await_on_page("나중")
    with asked("/api/trending") as answer:
        assert {"먼저", "나중"} <= set(queries(json.load(answer)))
    files = [each.path for each in hdfs_client().list_status(f"{ROOT}/live/dt=2026-03-16")]
    assert len(files) == 1


def test_it_goes_on_when_the_name_node_was_away(page: Cluster) -> None:
    page.kill("namenode")
    await_until(lambda: "trouble" in health(page), "live to say that something is in the way")
    page.compose("up", "-d", "--wait", "namenode")
    page.put(burst("다시", 40, 70), f"{LANDING}/again.tsv")
    await_on_page("다시")


def health(cluster: Cluster) -> str:
    """What `live` says of itself."""
    return (
        cluster.compose(
            "exec", "-T", "live", "curl", "-s", "http://localhost:9108/health", check=False
        )
        .stdout.replace('"trouble": null', "")
        .replace("trouble_since", "")
    )
