"""What `silgeom serve` takes: start, memory, completions at a rate, and a board for many listeners.

    .venv/bin/python -m benchmarks.web --root output

A server of that root is started and asked from this process, so that both share the machine's
cores; the CPU time that is told is the server's alone. The root's state is touched, which has the
server read it anew, and a board is added to a copy of its newest one: use a root for trying.
"""

import argparse
import asyncio
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

import polars as pl
import psutil

from silgeom.hangul import states_of_input

#: What is typed, key by key; each asks for completions.
TYPED: Final = (
    "카카오톡",
    "날씨",
    "네이버 지도",
    "유튜브",
    "쿠팡",
    "제주도 맛집",
    "환율",
    "zkzkdh",
)


@contextmanager
def served(root: Path, index: Path) -> Iterator[tuple[psutil.Process, int, float]]:
    """A server: its process, its port, and the seconds from its start to the first answer."""
    begun = time.perf_counter()
    argv = [sys.executable, "-m", "silgeom", "serve", "--root", str(root), "--port", "0"]
    argv += ["--index", str(index)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, encoding="utf-8") as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().split(" at ")[1].split("/ ")[0].rpartition(":")[2])
            asyncio.run(got(port, "/"))
            yield psutil.Process(server.pid), port, time.perf_counter() - begun
        finally:
            server.terminate()


def first_completion(port: int) -> float:
    """Seconds until completions are answered."""
    begun = time.perf_counter()
    while not asyncio.run(got(port, "/api/complete?q=a")).startswith(b"HTTP/1.1 200"):
        pass  # it answers after some seconds that it is not ready
    return time.perf_counter() - begun


async def got(port: int, path: str) -> bytes:
    """An answer, head and all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    found = await reader.read()
    writer.close()
    return found


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head.splitlines()[0]
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    await reader.readexactly(length)


async def completions(port: int, rate: int, seconds: int) -> list[float]:
    """Milliseconds of each look-up, asked at a rate over 20 connections that stay open."""
    prefixes = [shown for text in TYPED for shown in states_of_input(text)]
    chosen = random.Random(1)
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(20):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    taken: list[float] = []

    async def ask(due: float) -> None:
        reader, writer = await free.get()
        path = f"/api/complete?q={quote(chosen.choice(prefixes))}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await _answer(reader)
        taken.append((time.perf_counter() - due) * 1000)
        free.put_nowait((reader, writer))

    begun = time.perf_counter()
    asked = []
    for number in range(rate * seconds):
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.create_task(ask(max(due, time.perf_counter()))))
    await asyncio.gather(*asked)
    return sorted(taken)


async def listeners(port: int, count: int, root: Path) -> tuple[list[float], float]:
    """Seconds from the first to each listener's event; and from the change to the first."""
    readers = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        writer.write(b"GET /events?fragment=ko HTTP/1.1\r\nHost: localhost\r\n\r\n")
        readers.append((reader, writer))
    for reader, _ in readers:
        await _event(reader)
    changed = time.perf_counter()
    _add_board(root)
    times = await asyncio.gather(*(_event(reader) for reader, _ in readers))
    for _, writer in readers:
        writer.close()
    first = min(times)
    return sorted(each - first for each in times), first - changed


async def _event(reader: asyncio.StreamReader) -> float:
    await reader.readuntil(b"event: board")
    await reader.readuntil(b"\r\n\r\n")
    return time.perf_counter()


def _add_board(root: Path) -> None:
    newest = max((root / "trending").glob("dt=*/hour=*/*.parquet"))
    rows = pl.read_parquet(newest, hive_partitioning=False)
    later = rows.with_columns(pl.col("window_end") + timedelta(minutes=5))
    folder = root / "live" / newest.parent.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    later.write_parquet(folder / "part-00000.parquet")
    state = root / "_state.json"
    state.write_text(json.dumps({**json.loads(state.read_text("utf-8")), "run": 10**6}), "utf-8")


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path("output"))
    parser.add_argument("--rate", type=int, default=200, help="completions a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--listeners", type=int, default=1_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        shutil.copytree(args.root, root)
        index = Path(folder) / "index"
        with served(root, index) as (server, port, start):
            _tell("first start to the first board", f"{start:.2f} s")
            _tell("and to the first completion", f"{start + first_completion(port):.2f} s")
            _tell("index of look-ups", f"{_size(index) / 1e6:.0f} MB")
        with served(root, index) as (server, port, start):
            _tell("start to the first board", f"{start:.2f} s")
            _tell("and to the first completion", f"{start + first_completion(port):.2f} s")
            _tell("CPU until then", f"{_cpu(server):.2f} s")
            _tell("memory", _memory(server))
            before = _cpu(server)
            taken = asyncio.run(completions(port, args.rate, args.seconds))
            _tell("memory after them", _memory(server))
            share = (_cpu(server) - before) / args.seconds
            _tell(f"completion at {args.rate}/s, p50", f"{taken[len(taken) // 2]:.2f} ms")
            _tell(f"completion at {args.rate}/s, p99", f"{taken[len(taken) * 99 // 100]:.2f} ms")
            _tell("of a core meanwhile", f"{share:.2f}")
            before = _cpu(server)
            spread, seen = asyncio.run(listeners(port, args.listeners, root))
            _tell("change of the root to the first event", f"{seen:.2f} s")
            _tell(f"first to last of {args.listeners:,} listeners", f"{spread[-1]:.2f} s")
            _tell("CPU of the server, connections and board", f"{_cpu(server) - before:.2f} s")
            _tell("memory with listeners", _memory(server))


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _memory(server: psutil.Process) -> str:
    """What the process holds, and how much of that it shares, as pages of a mapped file."""
    told = server.memory_info()
    return f"{told.rss / 1e6:.0f} MB, {told.shared / 1e6:.0f} MB shared"


def _cpu(server: psutil.Process) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)


def _tell(what: str, value: str) -> None:
    sys.stdout.write(f"{what:45} {value:>22}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
