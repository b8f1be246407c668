"""Of the links that the cluster's tests follow: one that opens in a moment is not dead."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cluster.links import followed

PAGES = {
    "/": '<a href="/late">1</a> <a href="/gone">2</a> <a href="/late?a=1">3</a>',
    "/late": '<a href="/behind">4</a>',
    "/behind": "",
}


class Site(BaseHTTPRequestHandler):
    """`/late` is an error at the first two calls; `/gone` is one for good."""

    calls: list[str]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.calls.append(path)
        is_late = path == "/late" and self.calls.count(path) <= 2
        self.send_response(500 if is_late else 200 if path in PAGES else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGES.get(path, "").encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def site() -> Iterator[str]:
    handler = type("SiteOfATest", (Site,), {"calls": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_link_is_dead_if_it_stays_so(site: str) -> None:
    tried, dead = followed([site], patience=2)

    assert tried == 5
    assert dead == [f"{site}gone on {site}: HTTP Error 404: Not Found"]


def test_without_patience_a_link_is_asked_once(site: str) -> None:
    _, dead = followed([site], patience=0)

    assert [each.partition(" ")[0] for each in dead] == [
        f"{site}late",
        f"{site}gone",
        f"{site}late?a=1",
    ]
