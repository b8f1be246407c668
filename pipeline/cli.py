"""What the jobs' command lines share: options, the run from arguments to exit status, the summary.

Exit status: 0 done; 2 the user can mend it, 3 something was out of reach and may be back when the
job is run again, one sentence on standard error for both; 1 anything else.
"""

import argparse
import logging
import os
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame

from pipeline.errors import InvalidParameterError
from pipeline.failures import as_sentence
from pipeline.ingest import Landing, TakenIn, check_landing, take_in
from pipeline.ledger import SAME_CONTENT, SET_ASIDE, LedgerEntry
from pipeline.limits import LIMITS
from pipeline.logs import LEVELS, STYLES, set_up_logging
from pipeline.publish import Options, Published, first_look
from pipeline.root import Root, open_root
from pipeline.runs import Run, current_run, recorded, told_arguments, write_run
from pipeline.session import Session, spark_session
from pipeline.state import STATE
from pipeline.storage import qualified, storage_of
from silgeom.commands import (
    ArgumentParser,
    command,
    day,
    fail,
    number,
    quoted,
    require_day,
    whole,
)
from silgeom.commands import place_name as place_name
from silgeom.commands import say as say
from silgeom.tables import table

PROJECT = Path(__file__).resolve().parents[1]
#: Rows of a result that a job shows.
SHOWN = 20

EXIT_STATUSES: Final = """\
exit status:
  0  done
  2  to be mended by you: one sentence says what
  3  a file, disk or node could not be reached: the rest was done; run the job again
  1  anything else
  130, 143  stopped, by Ctrl-C or SIGTERM
"""

_LOG = logging.getLogger(__name__)

#: Bytes of a file of blocked words: each completion is compared with each word.
MOST_BLOCKED_BYTES: Final = 1024 * 1024

#: What decoding leaves where a byte is no text.
UNDECODABLE: Final = "\ufffd"

JobOptions = TypeVar("JobOptions", bound=Options)
Job = Callable[[Session, argparse.Namespace], None]


def arg_parser(name: str, description: str) -> argparse.ArgumentParser:
    """A job's parser with the options that every job has: where logs are, where results go."""
    parser = ArgumentParser(
        prog=f"jobs/{name}.py",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXIT_STATUSES,
    )
    places = parser.add_argument_group("places (a path of this machine or a URI such as hdfs://…)")
    places.add_argument(
        "--landing",
        type=place_name,
        default=os.environ.get("SEARCH_LANDING", str(PROJECT / "sample_data" / "logs")),
        metavar="FOLDER",
        help="where logs are put; a file will do (default: $SEARCH_LANDING, else sample_data/logs)",
    )
    places.add_argument(
        "--root",
        type=place_name,
        default=os.environ.get("SEARCH_ROOT", str(PROJECT / "output")),
        metavar="FOLDER",
        help="where everything computed lies (default: $SEARCH_ROOT, else output)",
    )
    logs = parser.add_argument_group("how new files are read (default: found out by looking)")
    logs.add_argument(
        "--format",
        type=_unless_auto,
        metavar="NAME",
        help="silgeom, silgeom-json, aol, excite, sogou-2008, sogou-2011, ubi, csv, parquet, "
        "or a file that declares your own (docs/formats.md); auto: found out by looking",
    )
    logs.add_argument(
        "--charset",
        type=_unless_auto,
        metavar="NAME",
        help="UTF-8, CP949, GB18030, UTF-16LE, UTF-16BE; auto: found out by looking",
    )
    logs.add_argument(
        "--zone",
        metavar="ZONE",
        help="time zone of times that carry none (default: the format's, else the reporting zone)",
    )
    logs.add_argument(
        "--date",
        type=day,
        metavar="YYYY-MM-DD",
        help="the day of a log that has times without a date (default: from the file's name)",
    )
    parser.add_argument(
        "--reporting-zone",
        metavar="ZONE",
        help="time zone of days and hours in results; a new root keeps it (default: Asia/Seoul)",
    )
    add_logging(parser)
    return parser


def add_logging(parser: argparse.ArgumentParser) -> None:
    """`--log-level` and `--log`."""
    lines = parser.add_argument_group("log lines (standard error)")
    lines.add_argument(
        "--log-level",
        choices=LEVELS,
        default="warning",
        metavar="LEVEL",
        help="debug, info (a line a step), warning or error (default: warning)",
    )
    lines.add_argument(
        "--log",
        choices=STYLES,
        default="text",
        metavar="STYLE",
        help="text, or json: one object a line (default: text)",
    )


def add_at(parser: argparse.ArgumentParser) -> None:
    """`--at`: the moment for which a result is made."""
    parser.add_argument(
        "--at",
        type=iso_time,
        metavar="TIME",
        help="make the result as of this time, ISO 8601 or 'now'; without an offset it is in the "
        "reporting zone (default: the newest search)",
    )


def add_option(
    parser: argparse.ArgumentParser,
    flag: str,
    field: str,
    default: float,
    unit: str,
    text: str,
) -> None:
    """An option that fills `field` of a job's options: a number like `default`."""
    kind = whole if isinstance(default, int) else number
    help_ = f"{text} (default: {default})"
    parser.add_argument(
        flag, dest=field, type=kind(*LIMITS[field]), default=default, metavar=unit, help=help_
    )


def options_of(kind: type[JobOptions], args: argparse.Namespace) -> JobOptions:
    """The job's options, each from the argument of its name."""
    return kind(**{field.name: getattr(args, field.name) for field in fields(kind)})


def blocked_words(session: Session, name: str) -> tuple[str, ...]:
    """The words of a file of blocked words: one a line; blank lines and # comments are none.

    Args:
        session: reaches what is not on this machine.
        name: a path of this machine or a URI.

    Raises:
        InvalidParameterError: there is no such file, or it is not UTF-8.
    """
    address = qualified(session, name)
    storage = storage_of(session, address)
    files = storage.files(address) or []
    if [file.address for file in files] != [address]:
        raise InvalidParameterError(f"no such file of blocked words: {name}")
    if files[0].size > MOST_BLOCKED_BYTES:
        raise InvalidParameterError(
            f"{name} is too large for a file of blocked words: "
            f"{files[0].size:,} bytes of at most {MOST_BLOCKED_BYTES:,}"
        )
    try:
        text = storage.read_text(address) or ""
    except UnicodeDecodeError:
        text = UNDECODABLE
    if UNDECODABLE in text:
        raise InvalidParameterError(f"{name} is not UTF-8: save the blocked words as UTF-8")
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def run_job(job: Job, parser: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> None:
    """Parse, run, leave a row in `runs`, and exit with the right status."""
    with command(parser.prog):
        args = parser.parse_args(argv)
        set_up_logging(args.log_level, args.log)
        run = Run(
            job=parser.prog,
            version=program_version(),
            arguments=told_arguments(
                vars(args), {name: parser.get_default(name) for name in vars(args)}
            ),
        )
        try:
            with spark_session(parser.prog) as session:
                try:
                    with recorded(run):
                        job(session, args)
                finally:
                    _keep(session, args.root, run)
        except Exception as error:
            told = as_sentence(error)
            if told is None:
                raise  # a fault of the code keeps its trace
            fail(parser.prog, str(told), told.exit_status)


def program_version() -> str:
    """Silgeom's version, as its pyproject.toml says; unknown where that was not brought along."""
    try:
        text = (PROJECT / "pyproject.toml").read_text("utf-8")
    except OSError:
        return "unknown"
    return str(tomllib.loads(text)["project"]["version"])


def _keep(session: Session, name: str, run: Run) -> None:
    """Write the row of a run, unless its root never came to be: no job fails for want of it."""
    try:
        address = qualified(session, name)
        storage = storage_of(session, address)
        if storage.exists(f"{address}/{STATE}"):
            write_run(storage, address, run)
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        # A job that failed says its own sentence, most often about the same root.
        level = logging.INFO if run.exit_status else logging.WARNING
        _LOG.log(level, "the row of this run in runs/ was not written: %s", reason)


@contextmanager
def prepared_root(session: Session, args: argparse.Namespace) -> Iterator[Root]:
    """Hold the root with all that is new in the landing folder taken in, and say what that was."""
    landing = Landing(args.landing, args.format, args.charset, args.zone, args.date)
    check_landing(session, landing)
    with held_root(session, args, zone=args.reporting_zone) as root:
        report_taken_in(take_in(root, landing, now=datetime.now(UTC)), landing)
        yield root


@contextmanager
def held_root(
    session: Session, args: argparse.Namespace, *, zone: str | None = None
) -> Iterator[Root]:
    """Hold the root as it is; what is written there is noted in the row of the run."""
    with open_root(session, args.root, zone=zone, say=say) as root:
        run = current_run()
        run.zone = root.state.zone
        try:
            yield root
        finally:
            run.partitions_written += root.written


def report_taken_in(taken: TakenIn, landing: Landing) -> None:
    """Files, lines, what was not taken in and why; noted in the row of the run as well."""
    _note(taken)
    say(f"Landing   {landing.address}: {taken.files:,} files, {_news(taken.entries)}")
    lines = sum(entry.lines for entry in taken.entries)
    if lines:
        parts = {
            "accepted": sum(entry.accepted for entry in taken.entries),
            "duplicates": sum(entry.duplicates for entry in taken.entries),
            "rejected": sum(entry.rejected for entry in taken.entries),
            "withheld": sum(entry.withheld for entry in taken.entries),
        }
        summed = " + ".join(f"{count:,} {name}" for name, count in parts.items())
        say(f"Lines     {lines:,} = {summed}")
        _report_reasons("Rejected", [entry.rejected_by_reason for entry in taken.entries])
        _report_reasons("Withheld", [entry.withheld_by_reason for entry in taken.entries])
        kinds = Counter((e.format, e.charset) for e in taken.entries if e.format)
        said = ", ".join(
            f"{name} in {charset} ({n})" for (name, charset), n in sorted(kinds.items())
        )
        say(f"Formats   {said}")
    for entry in taken.entries:
        if entry.status == SET_ASIDE:
            say(f"Set aside {entry.source}: {entry.detail}")


def _note(taken: TakenIn) -> None:
    run = current_run()
    run.files = max(run.files, taken.files)  # jobs/all.py looks three times
    run.files_read += len(taken.entries)
    for name in ("lines", "accepted", "duplicates", "rejected", "withheld"):
        setattr(run, name, getattr(run, name) + sum(getattr(e, name) for e in taken.entries))


def report_published(
    published: Published, span: str, choose: Callable[[DataFrame], DataFrame]
) -> None:
    """What the result spans, where it lies, and a table of the rows that `choose` puts first."""
    note = "" if published.is_new else " (up to date: nothing to do)"
    look = first_look(published, choose, limit=SHOWN)
    say(f"{span}\nResult    {look.count:,} rows in {published.address}{note}")
    if look.rows:
        say("\n" + table(look.columns, look.rows))


def window_text(root: Root, end: datetime, hours: int) -> str:
    """The summary's line on a window, in the reporting zone; with offsets if they change in it."""
    zone = ZoneInfo(root.state.zone)
    first, last = (end - timedelta(hours=hours)).astimezone(zone), end.astimezone(zone)
    text = "%H:%M" if first.utcoffset() == last.utcoffset() else "%H:%M%z"
    return f"Window    {first:%Y-%m-%d} {first:{text}} to {last:{text}} {root.state.zone}"


def days_text(day: date, days: int) -> str:
    """The summary's line on the days up to `day`."""
    return f"Days      {day - timedelta(days=days - 1)} to {day}"


def _news(entries: Sequence[LedgerEntry]) -> str:
    if not entries:
        return "nothing new"
    statuses = Counter(entry.status for entry in entries)
    same, aside = statuses[SAME_CONTENT], statuses[SET_ASIDE]
    parts = [f"{len(entries) - same - aside:,} taken in"]
    parts += [f"{same:,} with the content of another"] if same else []
    parts += [f"{aside:,} set aside"] if aside else []
    return ", ".join(parts)


def _report_reasons(title: str, counts: Sequence[Mapping[str, int]]) -> None:
    total: Counter[str] = sum((Counter(reasons) for reasons in counts), Counter())
    if total:
        say(f"{title}  " + ", ".join(f"{reason} {n:,}" for reason, n in total.most_common()))


def iso_time(text: str) -> datetime:
    """An ISO 8601 time, or 'now'; argparse's `type`."""
    if text == "now":
        return datetime.now(UTC)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"not an ISO 8601 time such as 2026-03-02T15:00+09:00: {quoted(text)}"
        ) from None
    require_day(time.date())
    return time


def _unless_auto(text: str) -> str | None:
    return None if text == "auto" else text
