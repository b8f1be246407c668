"""Feed: let a log come into the landing folder as if it were being written now, or faster.

Reads   logs: files or folders, of any format of lines that the jobs read, packed ones too
Writes  files into the landing folder (--landing), each of the lines of one log and some seconds

Lines go out in order of time over all files, byte for byte, with the header line of their file.
Memory stays flat for files that are in order of time. What is out of order by more than ten minutes
goes out late; a line without a time goes with the line before it. Hours in which nobody searched
are not waited for. A second run begins anew: name the place with --from. What it feeds again has
the same name and the same content as before.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.carriers.session import Session, in_process
from pipeline.commands import cli
from pipeline.errors import InvalidParameterError, LandingError
from pipeline.failures import as_sentence
from pipeline.reading.charsets import known_charset
from pipeline.reading.formats import known_zone, load_format
from pipeline.runs.feeding import Fed, Pace, feed, sources_of, writer
from pipeline.runs.inspection import Landing
from pipeline.store.storage import qualified, storage_of
from silgeom.commands import ArgumentParser, fail, number, place_name, say
from silgeom.progress import line

#: Of times that say no zone, as in a new root.
ZONE: Final = "Asia/Seoul"
MAX_SPEED: Final = 100_000
#: Files that are left alone and named.
NAMED: Final = 5


def parser() -> argparse.ArgumentParser:
    """The options of `silgeom feed`."""
    found = ArgumentParser(
        prog="silgeom feed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=cli.EXIT_STATUSES,
    )
    add = found.add_argument
    add("logs", nargs="+", type=place_name, metavar="LOG", help="a file or folder, or a URI")
    add(
        "--landing",
        required=True,
        type=place_name,
        metavar="FOLDER",
        help="where the files go, a path or a URI such as hdfs://…; it is made if it is not there",
    )
    speed = "so many seconds of the log a second, 1 as it was; max: without waiting (default: 60)"
    add("--speed", type=_speed, default=60.0, metavar="TIMES", help=speed)
    every = "seconds of the log in a file; more where it would be less than half a second to the "
    every += "next (default: 10)"
    add("--every", type=number(1, 86_400), default=10.0, metavar="SECONDS", help=every)
    add("--from", dest="begin", type=cli.iso_time, metavar="TIME", help="nothing before it")
    upto = "nothing from it on; times are ISO 8601, without an offset in --zone"
    add("--to", dest="end", type=cli.iso_time, metavar="TIME", help=upto)
    cli.add_ways_to_read(found, "how the log is read (default: found out by looking)")
    return found


def run(
    session: Session,
    args: argparse.Namespace,
    *,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Feed, and say what was fed.

    Args:
        session: reaches what is not on this machine.
        args: of `parser`.
        clock: seconds of a clock that only goes forward.
        wait: waits for so many seconds.

    Raises:
        PipelineError: one sentence says what is to be mended.
    """
    zone = known_zone(args.zone or ZONE)
    if args.format is not None:
        load_format(args.format)
    if args.charset is not None:
        known_charset(args.charset)
    begin, end = (_seconds(each, zone) for each in (args.begin, args.end))
    if begin is not None and end is not None and begin >= end:
        raise InvalidParameterError("--from must be before --to")
    target = qualified(session, args.landing)
    storage = storage_of(session, target)
    logs = []
    for name in args.logs:
        address = qualified(session, name)
        there = storage_of(session, address)
        _require_apart(there.resolved(address), storage.resolved(target), name, args.landing)
        logs.append((there, address))
    landing = Landing("", args.format, args.charset, args.zone, args.date)
    sources, left = sources_of(logs, landing, zone=zone, now=datetime.now(UTC))
    for source, why in left[:NAMED]:
        say(f"Left alone {PurePosixPath(source).name}: {why}")
    if len(left) > NAMED:
        say(f"Left alone {len(left) - NAMED:,} more files")
    if not sources:
        raise LandingError(f"nothing in {', '.join(args.logs)} is a log of lines: name another")
    pace = Pace(args.speed, args.every, begin, end)
    with line() as show:

        def tell(fed: Fed) -> None:
            if show is not None:
                late = f", {fed.behind:,.0f} s behind" if fed.behind >= 1 else ""
                show(f"{_shown(fed.until, zone)}  {fed.lines:,} lines in {fed.files:,} files{late}")

        fed = feed(sources, pace, writer(storage, target), clock=clock, wait=wait, tell=tell)
    until = f", up to {_shown(fed.until, zone)} {zone}" if fed.files else ""
    say(f"Fed {fed.lines:,} lines in {fed.files:,} files into {args.landing}{until}")


def main(argv: Sequence[str]) -> None:
    """Parse, run, and exit with the right status."""
    of = parser()
    args = of.parse_args(argv)
    try:
        run(in_process(), args)
    except Exception as error:
        told = as_sentence(error)
        if told is None:
            raise  # a fault of the code keeps its trace
        fail(of.prog, str(told), told.exit_status)


def _speed(text: str) -> float | None:
    """How many times as fast as it was; None: without waiting. argparse's `type`."""
    return None if text == "max" else number(0.01, MAX_SPEED)(text)


def _seconds(moment: datetime | None, zone: str) -> int | None:
    if moment is None:
        return None
    known = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return int(known.timestamp())


def _shown(seconds: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(seconds, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def _require_apart(log: str, landing: str, log_name: str, landing_name: str) -> None:
    """Raises: what is fed would be a log that is fed."""
    if f"{landing}/".startswith(f"{log}/") or f"{log}/".startswith(f"{landing}/"):
        raise LandingError(
            f"{log_name} and the landing folder {landing_name} lie in each other: name another "
            "--landing"
        )
