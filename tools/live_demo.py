"""Live, to be looked at: the sample log comes in as if people searched now, and a page shows it.

    make live-demo                              # ends with Ctrl-C
    make live-demo ARGS='--speed 600 --port 0'

Three commands run side by side, as they would on a portal's machine: `silgeom feed` lets the log
come into a landing folder, `silgeom live` follows that, and `silgeom serve` shows its results. What
lies before --from is there already. All of it is in a temporary folder, which goes with the demo.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from silgeom.commands import TO_BE_MENDED, ArgumentParser, command, fail, place_name, whole

PROJECT: Final = Path(__file__).resolve().parents[1]
#: A bridge is closed at five in the afternoon.
BEGIN: Final = "2026-03-15T16:30"
#: Seconds that a command has to end.
GRACE_SECONDS: Final = 10


def parser() -> argparse.ArgumentParser:
    """The options of the demo."""
    found = ArgumentParser(prog="make live-demo", description=str(__doc__).splitlines()[0])
    add = found.add_argument
    add("--log", type=place_name, default=str(PROJECT / "sample_data" / "logs"), metavar="LOG")
    add("--from", dest="begin", default=BEGIN, metavar="TIME", help=f"(default: {BEGIN})")
    add("--to", dest="end", metavar="TIME", help="(default: the end of the log)")
    add("--speed", default="60", metavar="TIMES", help="as of silgeom feed (default: 60)")
    add("--port", type=whole(0, 65_535), default=8_000, help="0: any that is free (default: 8000)")
    return found


async def run(args: argparse.Namespace, folder: Path) -> int:
    """Run the three commands until one of those that stay ends, and tell its status.

    Args:
        args: of `parser`.
        folder: for all that is written.

    Returns:
        The status of the command that has ended; 0 if a signal has ended them all.
    """
    landing, root, index = (str(folder / name) for name in ("landing", "root", "index"))
    feed = ["feed", args.log, "--landing", landing]
    until = ["--to", args.end] if args.end else []
    staying: list[Process] = []
    is_over = _signal()
    try:
        history = await _started(*feed, "--to", args.begin, "--speed", "max", "--every", "3600")
        staying.append(history)
        if await _first_ended(staying, is_over) is None or history.returncode:
            return history.returncode or 0
        staying[:] = [
            await _started(*("serve", "--root", root, "--index", index, "--port", str(args.port))),
            await _started("live", "--landing", landing, "--root", root),
        ]
        feeding = await _started(*feed, "--from", args.begin, *until, "--speed", args.speed)
        ended = await _first_ended([*staying, feeding], is_over)
        if ended is feeding and not feeding.returncode:
            ended = await _first_ended(staying, is_over)  # it stays on the page
        else:
            staying.append(feeding)
        return (ended.returncode or TO_BE_MENDED) if ended else 0
    finally:
        await _end(staying)


async def _started(*words: str) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "silgeom", *words)


def _signal() -> asyncio.Event:
    """Is set when Ctrl-C or SIGTERM comes."""
    came = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, came.set)
    return came


async def _first_ended(processes: Sequence[Process], is_over: asyncio.Event) -> Process | None:
    """The first process that ends; None: a signal came before."""
    waiting = {asyncio.create_task(each.wait()): each for each in processes}
    signalled = asyncio.create_task(is_over.wait())
    done, left = await asyncio.wait([*waiting, signalled], return_when=asyncio.FIRST_COMPLETED)
    for each in left:
        each.cancel()
    return None if signalled in done else next(waiting[each] for each in waiting if each in done)


async def _end(processes: Sequence[Process]) -> None:
    """End what is left of the commands; the one that was started last goes first."""
    for process in reversed(processes):
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the demo; its exit status is that of the command that ended it."""
    of = parser()
    with command(of.prog), tempfile.TemporaryDirectory(prefix="silgeom-live-") as folder:
        if status := asyncio.run(run(of.parse_args(argv), Path(folder))):
            fail(of.prog, "a command has ended; what it said stands above", status)


if __name__ == "__main__":
    main()
