"""What look-ups cost: built, opened, answered, and asked over HTTP; in time and in memory.

    python -m benchmarks.log /tmp/look/logs --searches 24000000
    silgeom run all --landing /tmp/look/logs --root /tmp/look/root
    python -m benchmarks.lookups /tmp/look/root [--before CHECKOUT]

Each way to answer runs in a process of its own, which is asked the same 10,000 questions: results
loaded into memory, and the index of silgeom/lookups.py, mapped. `--before` adds the code of another
checkout. The server gets so many requests a second whether it answers or not, and a request's time
runs from when it was due.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psutil
import pyarrow.parquet as pq

from benchmarks.measure import PROJECT, measured
from silgeom.commands import say
from silgeom.hangul import states_of_input

QUESTIONS: Final = 10_000
START_SECONDS: Final = 60.0

_BUILD: Final = """
import sys
from pathlib import Path
from silgeom.lookups import build
root, folder = map(Path, sys.argv[1:])
build(root.glob("autocomplete/dt=*/*.parquet"), root.glob("related/dt=*/*.parquet"), folder)
"""

#: Prints as JSON: seconds to open, seconds of each look-up, and what the system says of the memory.
_ANSWER: Final = """
import json, sys, time
from pathlib import Path
way, place, questions = sys.argv[1:]
if way == "index":
    from silgeom.lookups import Lookups
    began = time.perf_counter()
    lookups = Lookups.open(Path(place))
    completer, relater = lookups.completer, lookups.relater
else:
    from silgeom.complete import Completer
    from silgeom.related import Relater
    began = time.perf_counter()
    completer, relater = Completer.load(place), Relater.load(place)
opened = time.perf_counter() - began

def seconds(ask, asked):
    found = []
    for each in asked:
        began = time.perf_counter()
        ask(each)
        found.append(time.perf_counter() - began)
    return found

asked = json.loads(Path(questions).read_text("utf-8"))
completions = seconds(completer.complete, asked["typed"])
related = seconds(relater.related, asked["queries"])
status = dict(line.split(":", 1) for line in open("/proc/self/status", encoding="utf-8"))
memory = {name: int(status[name].split()[0]) / 1e3 for name in ("RssAnon", "RssFile")}
print(json.dumps({"opened": opened, "completions": completions, "related": related, **memory}))
"""


def questions(root: Path) -> dict[str, list[str]]:
    """What is typed, from one key to a whole query, and what is searched: 5,000 of each."""
    draw = random.Random(1)
    known: dict[str, list[str]] = {}
    for dataset, column in (("autocomplete", "completion"), ("related", "query")):
        files = sorted(root.glob(f"{dataset}/dt=*/*.parquet"))
        if not files:
            sys.exit(f"no {dataset} under {root}: silgeom run all makes it")
        known[column] = pq.read_table(files[-1], columns=[column])[column].unique().to_pylist()
    of_each = QUESTIONS // 2
    typed: dict[str, None] = {}
    while len(typed) < of_each:
        query = draw.choice(known["completion"])
        typed[draw.choice(states_of_input(query))] = None
        if len(typed) > sum(map(len, known["completion"])) // 2:
            break
    asked = draw.sample(known["query"], min(of_each, len(known["query"])))
    # A query that nobody typed is led by its words.
    asked[::5] = [f"{query} {draw.choice(known['completion'])}" for query in asked[::5]]
    return {"typed": list(typed), "queries": asked}


def percentile(seconds: Sequence[float], share: float) -> float:
    """The time, in milliseconds, that so large a share of the times does not exceed."""
    return 1000 * sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def told(name: str, seconds: Sequence[float]) -> str:
    of = (f"p{100 * share:g} {percentile(seconds, share):.2f} ms" for share in (0.5, 0.99))
    return f"{name} {', '.join(of)}"


def answered(way: str, place: Path, asked: Path, checkout: Path = PROJECT) -> None:
    """Ask the questions in a process of its own, and print what they took."""
    command = [sys.executable, "-c", _ANSWER, "index" if way == "index" else "tables"]
    run = subprocess.run(
        [*command, place, asked],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(run.stdout)
    say(
        f"{way:9} opened in {found['opened'] * 1000:,.0f} ms; "
        f"{told('completions', found['completions'])}; {told('related', found['related'])}; "
        f"own memory {found['RssAnon']:,.0f} MB, of files {found['RssFile']:,.0f} MB"
    )


@dataclass
class Load:
    """What came of requests: seconds of each that was answered, and how many were not."""

    seconds: list[float] = field(default_factory=list)
    errors: int = 0


async def loaded(port: int, typed: Sequence[str], rate: float, duration: float) -> Load:
    """Ask so many times a second, whether earlier requests are answered or not."""
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    load = Load()

    async def ask(text: str, due: float) -> None:
        try:
            pair = free.pop() if free else await asyncio.open_connection("127.0.0.1", port)
            reader, writer = pair
            target = f"/api/complete?q={quote(text)}"
            writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.startswith(b"content-length:")
            )
            await reader.readexactly(size)
            if b" 200 " not in head.partition(b"\r\n")[0]:
                load.errors += 1
                return
            free.append(pair)
            load.seconds.append(time.perf_counter() - due)
        except (OSError, asyncio.IncompleteReadError, StopIteration):
            load.errors += 1

    began = time.perf_counter()
    tasks = []
    for number in range(int(rate * duration)):
        due = began + number / rate
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        tasks.append(asyncio.create_task(ask(typed[number % len(typed)], due)))
    await asyncio.gather(*tasks)
    for _, writer in free:
        writer.close()
    return load


@contextmanager
def serving(root: Path, port: int) -> Any:  # noqa: ANN401  yields a process and seconds
    """The server, from its start to its end; with the seconds until its first answer."""
    command = [sys.executable, "-m", "silgeom", "serve", "--root", root, "--port", str(port)]
    began = time.monotonic()
    process = psutil.Popen([str(each) for each in command], cwd=PROJECT, stdout=subprocess.DEVNULL)
    try:
        while True:
            if process.poll() is not None or time.monotonic() - began > START_SECONDS:
                sys.exit("the server did not start")
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as asked:
                asked.sendall(b"GET /api/complete?q=a HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                if b" 200 " in asked.recv(64):
                    break
            time.sleep(0.02)
        yield process, time.monotonic() - began
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path, help="with related searches and completions")
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="another version's code")
    parser.add_argument("--rate", type=float, default=200, help="requests a second (200)")
    parser.add_argument("--seconds", type=float, default=60, help="of load (60)")
    parser.add_argument("--port", type=int, default=8765)
    args = parser.parse_args()
    root = args.root.resolve()
    found = questions(root)
    say(f"{len(found['typed']):,} prefixes and {len(found['queries']):,} queries")
    with tempfile.TemporaryDirectory() as folder:
        index, asked = Path(folder) / "index", Path(folder) / "questions.json"
        asked.write_text(json.dumps(found), "utf-8")
        cost = measured([sys.executable, "-c", _BUILD, root, index])
        size = sum(file.stat().st_size for file in index.iterdir()) / 1e6
        say(f"built     in {cost.seconds:.1f} s, {cost.peak_gb:.2f} GB at most; {size:,.0f} MB")
        if args.before:
            answered("before", root, asked, args.before.resolve())
        answered("in memory", root, asked)
        answered("index", index, asked)
    with serving(root, args.port) as (process, started):
        at_once = process.memory_full_info()
        load = asyncio.run(loaded(args.port, found["typed"], args.rate, args.seconds))
        after = process.memory_full_info()
    say(
        f"server    first answer after {started:.2f} s; {args.rate:g} requests a second for "
        f"{args.seconds:g} s: {told('', load.seconds)}, {load.errors} errors; own memory "
        f"{at_once.uss / 1e6:,.0f} MB, after the load {after.uss / 1e6:,.0f} MB"
    )


if __name__ == "__main__":
    main()
