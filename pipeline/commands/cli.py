"""What the jobs' command lines share: options, the run from arguments to exit status, the summary.

Exit status: 0 done; 2 the user can mend it, 3 something was out of reach and may be back when the
job is run again, one sentence on standard error for both; 1 anything else.
"""

import argparse
import logging
import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from pipeline.carriers.session import Session
from pipeline.errors import InvalidParameterError, RootError, UnreachableError
from pipeline.failures import as_sentence
from pipeline.limits import LIMITS
from pipeline.logs import LEVELS, STYLES, set_up_logging
from pipeline.runs.backfill import Asked, require_range
from pipeline.runs.inspection import Landing
from pipeline.runs.published import (
    FirstLook,
    Options,
    Published,
    first_look,
    newest_made,
)
from pipeline.runs.recorded import Run, current_run, recorded, told_arguments, write_run
from pipeline.runs.stale import SessionRules
from pipeline.runs.summary import taken_in_lines
from pipeline.runs.take_in import TakenIn, check_landing, take_in, unreachable_text
from pipeline.store.root import Root, open_root
from pipeline.store.state import STATE
from pipeline.store.storage import qualified, storage_of
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

#: Where this package lies; in a checkout beside pyproject.toml and the sample log.
_HOME: Final = Path(__file__).resolve().parents[2]
_PYPROJECT: Final = _HOME / "pyproject.toml"
IS_CHECKOUT: Final = _PYPROJECT.is_file()
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
MOST_LISTED_BYTES: Final = 1024 * 1024

#: What decoding leaves where a byte is no text.
UNDECODABLE: Final = "\ufffd"

JobOptions = TypeVar("JobOptions", bound=Options)
Job = Callable[[Session, argparse.Namespace], None]


def arg_parser(
    name: str, description: str, *, takes_in: bool = True, landing: bool = True
) -> argparse.ArgumentParser:
    """A job's parser with the options that jobs share: where logs are, where results go.

    Args:
        name: of the file in jobs/, without its ending.
        description: what --help says of it.
        takes_in: it takes in new files first, so there are options on how they are read.
        landing: it needs to know the landing folder.
    """
    parser = ArgumentParser(
        prog=f"jobs/{name}.py",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=EXIT_STATUSES,
    )
    places = parser.add_argument_group("places (a path of this machine or a URI such as hdfs://…)")
    if landing:
        sample = str(_HOME / "sample_data" / "logs") if IS_CHECKOUT else None
        found = os.environ.get("SEARCH_LANDING", sample)
        places.add_argument(
            "--landing",
            type=place_name,
            default=found,
            required=found is None,
            metavar="FOLDER",
            help="where logs are put; a file will do (default: $SEARCH_LANDING"
            f"{', else sample_data/logs' if IS_CHECKOUT else ''})",
        )
    output = str(_HOME / "output") if IS_CHECKOUT else "output"
    places.add_argument(
        "--root",
        type=place_name,
        default=os.environ.get("SEARCH_ROOT", output),
        metavar="FOLDER",
        help="where everything computed lies (default: $SEARCH_ROOT, else output)",
    )
    if takes_in:
        _add_reading(parser)
    add_logging(parser)
    return parser


def _add_reading(parser: argparse.ArgumentParser) -> None:
    logs = add_ways_to_read(parser, "how new files are read (default: found out by looking)")
    logs.add_argument(
        "--retry",
        action="store_true",
        help="read files again that were set aside (those that no format fitted are also read "
        "again when --format, --charset or --date is given)",
    )
    parser.add_argument(
        "--reporting-zone",
        metavar="ZONE",
        help="time zone of days and hours in results; a new root keeps it (default: Asia/Seoul)",
    )


def add_ways_to_read(parser: argparse.ArgumentParser, title: str) -> argparse._ArgumentGroup:
    """`--format`, `--charset`, `--zone` and `--date`, in a group of their own."""
    logs = parser.add_argument_group(title)
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
    return logs


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
    """`--at`, or `--from` and `--to`: the moments for which results are made."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--at",
        type=iso_time,
        metavar="TIME",
        help="make the result as of this time, ISO 8601 or 'now'; without an offset it is in the "
        "reporting zone (default: the newest search)",
    )
    either.add_argument(
        "--from",
        dest="first_day",
        type=day,
        metavar="YYYY-MM-DD",
        help="make every result of a range, from this day on; those that are up to date are passed "
        "over, so a run that was cut off is just run again",
    )
    parser.add_argument(
        "--to",
        dest="last_day",
        type=day,
        metavar="YYYY-MM-DD",
        help="the last day of the range (default: the day of the newest search)",
    )


def say_all(lines: Sequence[str]) -> None:
    """Lines of a summary, if there are any."""
    for line in lines:
        say(line)


def asked_for(args: argparse.Namespace) -> Asked:
    """What `--at`, `--from` and `--to` say; nothing of a job that has no such options."""
    values = (getattr(args, name, None) for name in ("at", "first_day", "last_day"))
    return Asked(*values)


def add_corrections(parser: argparse.ArgumentParser) -> None:
    """What is done on purpose to files that were taken in."""
    corrections = parser.add_argument_group("corrections of what was taken in")
    corrections.add_argument(
        "--reread",
        nargs="+",
        default=[],
        metavar="FILE",
        help="read these files again as this run says (--format, --charset, --zone, --date): "
        "names or patterns such as '2026-03-*.tsv' in the landing folder",
    )
    corrections.add_argument(
        "--forget-missing",
        action="store_true",
        help="remove the rows of files that are gone from the landing folder; without it they "
        "stay, since logs are rotated away",
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


def add_days(parser: argparse.ArgumentParser, of: str, default: int) -> None:
    """`--days`: how many days of searches or sessions a result reads."""
    add_option(parser, "--days", "days", default, "DAYS", f"how many days of {of} are read")


def add_session_rules(parser: argparse.ArgumentParser) -> None:
    """`--session-gap`, `--max-queries`: what a session is, as `SessionRules` wants it."""
    rules = SessionRules()
    about = ("--session-gap", "gap_minutes", rules.gap_minutes, "MINUTES")
    add_option(parser, *about, "the silence that ends a session")
    about = ("--max-queries", "max_queries", rules.max_queries, "N")
    add_option(parser, *about, "a session with more is left out")


def add_blocked(parser: argparse.ArgumentParser) -> None:
    """`--blocked`: the file of blocked words."""
    words = "words that no completion may contain, one a line, # for comments (default: none)"
    parser.add_argument(
        "--blocked", dest="blocked_file", type=place_name, metavar="FILE", help=words
    )


def blocked_words(session: Session, name: str) -> tuple[str, ...]:
    """The words of a file of blocked words: see `lines_of`."""
    return lines_of(session, name, "blocked words")


def lines_of(session: Session, name: str, what: str) -> tuple[str, ...]:
    """The lines of a text file; blank ones and # comments are none.

    Args:
        session: reaches what is not on this machine.
        name: a path of this machine or a URI.
        what: stands in the lines, for messages.

    Raises:
        InvalidParameterError: there is no such file, or it is not UTF-8.
    """
    address = qualified(session, name)
    storage = storage_of(session, address)
    files = storage.files(address) or []
    if [file.address for file in files] != [address]:
        raise InvalidParameterError(f"no such file of {what}: {name}")
    if files[0].size > MOST_LISTED_BYTES:
        raise InvalidParameterError(
            f"{name} is too large for a file of {what}: "
            f"{files[0].size:,} bytes of at most {MOST_LISTED_BYTES:,}"
        )
    try:
        text = storage.read_text(address) or ""
    except UnicodeDecodeError:
        text = UNDECODABLE
    if UNDECODABLE in text:
        raise InvalidParameterError(f"{name} is not UTF-8: save the {what} as UTF-8")
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def run_job(
    job: Job,
    parser: argparse.ArgumentParser,
    session_of: Callable[[str], AbstractContextManager[Session]],
    argv: Sequence[str] | None = None,
) -> None:
    """Parse, run, leave a row in `runs`, and exit with the right status.

    Args:
        job: what is to be done.
        parser: of its arguments.
        session_of: opens what it works with, by the job's name.
        argv: the arguments; None: those of the command line.
    """
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
            with session_of(parser.prog) as session:
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
    """Silgeom's version, of the checkout or as installed; unknown where code alone went along."""
    if IS_CHECKOUT:
        return str(tomllib.loads(_PYPROJECT.read_text("utf-8"))["project"]["version"])
    try:
        return metadata.version("silgeom")
    except metadata.PackageNotFoundError:
        return "unknown"


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
    """Hold the root with all that is new in the landing folder taken in, and say what that was.

    Args:
        session: reads and writes.
        args: of the command line.

    Raises:
        UnreachableError: after the block, if a file could not be reached: the rest is done.
    """
    landing = Landing(
        args.landing,
        args.format,
        args.charset,
        args.zone,
        args.date,
        retry=args.retry,
        reread=tuple(getattr(args, "reread", ())),
        forget_missing=getattr(args, "forget_missing", False),
    )
    require_range(asked_for(args))
    check_landing(session, landing, root=args.root)
    with held_root(session, args, zone=args.reporting_zone) as root:
        taken = take_in(root, landing, now=datetime.now(UTC))
        report_taken_in(taken, landing)
        yield root
    if taken.unreachable:
        raise UnreachableError(unreachable_text(taken.unreachable))


@contextmanager
def existing_root(session: Session, args: argparse.Namespace) -> Iterator[Root]:
    """`held_root` of a root that some job has made.

    Raises:
        RootError: there is none.
    """
    address = qualified(session, args.root)
    if not storage_of(session, address).exists(f"{address}/{STATE}"):
        raise RootError(f"{args.root} is no root of Silgeom: name one with --root")
    with held_root(session, args) as root:
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
    """The first lines of the summary; noted in the row of the run as well."""
    _note(taken)
    for line in taken_in_lines(taken, landing):
        say(line)


def _note(taken: TakenIn) -> None:
    run = current_run()
    run.files = max(run.files, taken.files)  # jobs/all.py looks three times
    run.files_read += len(taken.entries)
    for name in ("lines", "accepted", "duplicates", "rejected", "withheld"):
        setattr(run, name, getattr(run, name) + sum(getattr(e, name) for e in taken.entries))


def report_look(
    published: Published, span: str, look: Callable[[int], FirstLook], place: str = ""
) -> None:
    """What a result spans, where it lies, and a table of the rows that `look` gives.

    Of a range of results, in which this one has its `place`, one line each.
    """
    if place:
        news = "made" if published.is_new else "up to date"
        say(f"{place:>16}  {published.dataset}/{published.partition}  {news}")
        return
    note = "" if published.is_new else " (up to date: nothing to do)"
    found = first_look(published, look, limit=SHOWN)
    say(f"{span}\nResult    {found.count:,} rows in {published.address}{note}")
    if found.rows:
        say("\n" + table(found.columns, found.rows))
        return
    made = newest_made(published.root, published.dataset)
    floor = made.get("options", {}).get("min_searchers")
    if made.get("partition") == published.partition and floor:
        say(f"Floor     of fewer than {floor} different people nothing is told (--min-searchers)")


def window_text(root: Root, end: datetime, hours: int) -> str:
    """The summary's line on a window, in the reporting zone; with offsets if they change in it."""
    zone = ZoneInfo(root.state.zone)
    first, last = (end - timedelta(hours=hours)).astimezone(zone), end.astimezone(zone)
    text = "%H:%M" if first.utcoffset() == last.utcoffset() else "%H:%M%z"
    return f"Window    {first:%Y-%m-%d} {first:{text}} to {last:{text}} {root.state.zone}"


def days_text(day: date, days: int) -> str:
    """The summary's line on the days up to `day`."""
    return f"Days      {day - timedelta(days=days - 1)} to {day}"


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
