"""What a process that stays tells of itself over HTTP: `/health` and `/metrics`."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

from pipeline.errors import InvalidParameterError
from pipeline.runs.follow_landing import Status

#: Where it listens if only a port is given: the figures are nobody else's business.
LOOPBACK: Final = "127.0.0.1"


def add_http(parser: argparse.ArgumentParser) -> None:
    """`--http`."""
    parser.add_argument(
        "--http",
        type=host_and_port,
        metavar="[HOST:]PORT",
        help="tell /health and /metrics (Prometheus) there; without a host on 127.0.0.1 alone",
    )


def host_and_port(text: str) -> tuple[str, int]:
    """A place to listen, such as 9108 or 0.0.0.0:9108; argparse's `type`."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"not a port such as 9108 or 0.0.0.0:9108: {text!r}")
    return host.strip("[]") or LOOPBACK, int(port)


@contextmanager
def served(status: Status, host: str, port: int) -> Iterator[int]:
    """Answer until the block ends; the port.

    Raises:
        InvalidParameterError: nothing can listen there, or the extra `web` is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
    except ImportError as error:
        raise InvalidParameterError(
            "--http needs what the extra web brings: pip install 'silgeom[web]'"
        ) from error
    registry = CollectorRegistry()
    registry.register(_Figures(status))

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # of one who connects and says nothing

        def do_GET(self) -> None:
            if self.path == "/health":
                self._answer(503 if status.trouble else 200, "application/json", _health(status))
            elif self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            else:
                self._answer(404, "text/plain", b"there is /health and /metrics\n")

        def _answer(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401
            """Requests are no news."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise InvalidParameterError(
            f"--http {host}:{port} cannot be listened on ({error.strerror}): name another port"
        ) from error
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, name="monitor", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _health(status: Status) -> bytes:
    def told(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat(timespec="seconds")

    values = {
        "status": "trouble" if status.trouble else "ok",
        "trouble": status.trouble,
        "trouble_since": told(status.trouble_since),
        "looked_at": told(status.looked_at),
        "newest_search": told(status.newest_search),
        "newest_board": told(status.newest_board),
        "board_made_at": told(status.board_made_at),
    }
    return (json.dumps(values) + "\n").encode()


@dataclass(eq=False)
class _Figures:
    """A collector of prometheus_client: what `Status` says at the time of asking."""

    status: Status

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        status = self.status
        texts = {
            "files": "Files taken in",
            "searches": "Searches taken in",
            "boards": "Live boards made",
            "results": "Hourly boards, related searches and completions made",
            "failures": "Steps that failed",
        }
        for name, count in status.counts.items():
            yield CounterMetricFamily(f"silgeom_live_{name}", texts[name], value=count)
        gauges = {
            "landing_files": ("Files in the landing folder", status.files),
            "waiting_files": ("Of them: still being written", status.waiting),
            "trouble": ("1: something is in the way", int(status.trouble is not None)),
            "step_seconds": ("Seconds of the last step", status.step_seconds),
        }
        moments = {
            "looked_timestamp_seconds": ("Last look at the landing folder", status.looked_at),
            "newest_search_timestamp_seconds": ("Newest search", status.newest_search),
            "newest_board_timestamp_seconds": ("End of its window", status.newest_board),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"silgeom_live_{name}", text, value=value)
        for name, (text, moment) in moments.items():
            if moment is not None:
                yield GaugeMetricFamily(f"silgeom_live_{name}", text, value=moment.timestamp())
