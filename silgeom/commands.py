"""What all command lines share: errors of one sentence, output that never fails, exit statuses.

Exit status: 0 done; 2 the user can mend it; 130 and 143 stopped, by Ctrl-C and by SIGTERM; others
are each command's own.
"""

import argparse
import io
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from types import FrameType
from typing import Final, NoReturn
from urllib.parse import urlsplit

#: The exit status for what the user can mend.
TO_BE_MENDED: Final = 2

#: What a shell reports of a command that a signal ended: 128 and the signal's number.
BY_SIGNAL: Final = 128

#: The days of a log. Times before 1990 are no search log's; windows and sums reach some years back
#: from the first and on from the last.
FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)

#: So many rows of a look-up at most; see also pipeline/limits.py.
MAX_LIMIT: Final = 1_000

#: Longer arguments are cut in messages: a number of a million digits is still one line.
LONGEST_QUOTE: Final = 80


class ArgumentParser(argparse.ArgumentParser):
    """argparse, but a wrong argument is one sentence rather than a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and exit with 2."""
        fail(self.prog, f"{message} (--help lists all options)")


class OutputError(Exception):
    """Standard output cannot be written; its text is one sentence."""


class Stopped(BaseException):
    """SIGTERM came. No `Exception`, as KeyboardInterrupt is none: nothing may swallow it."""


@contextmanager
def command(prog: str, *, has_an_end: bool = True) -> Iterator[None]:
    """Run what is inside as a command of that name: streams that take any text, signals told.

    A reader that has gone (`| head`) is no error: `say` goes on without it.

    Args:
        prog: its name.
        has_an_end: else it runs until it is stopped, which leaves nothing undone.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None if closed, something else in tests
            stream.reconfigure(errors="backslashreplace")
    before = signal.signal(signal.SIGTERM, _stop), signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        _stopped(prog, "Ctrl-C", signal.SIGINT, has_an_end=has_an_end)
    except Stopped:
        _stopped(prog, "SIGTERM", signal.SIGTERM, has_an_end=has_an_end)
    finally:
        logging.disable(logging.NOTSET)
        _flush()
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def say(text: str) -> None:
    """Lines for the person who runs the command, if there is anybody who reads them.

    Raises:
        OutputError: it cannot be written, as on a full disk.
    """
    try:
        print("\n".join(map(printable, text.split("\n"))), flush=True)  # noqa: T201
    except BrokenPipeError:
        _give_up_output()
    except OSError as error:
        _give_up_output()
        raise OutputError(f"the output cannot be written ({error.strerror})") from error


def fail(prog: str, sentence: str, status: int = TO_BE_MENDED) -> NoReturn:
    """Say in one line on standard error what is wrong, and exit."""
    complain(prog, sentence)
    sys.exit(status)


def complain(prog: str, sentence: str) -> None:
    """One line on standard error, free of what would steer a terminal."""
    try:
        if sys.stderr is not None:
            print(f"{prog}: {printable(sentence)}", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        pass  # nobody can be told; the exit status says it


def printable(text: str) -> str:
    """The text on one line and without what would steer a terminal: controls are escaped."""
    return re.sub(
        r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]",
        lambda found: found[0].encode("unicode_escape").decode("ascii"),
        text,
    )


def quoted(text: str) -> str:
    """An argument as messages show it: in quotes, one line, not too long."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…")


def whole(least: float, most: float, why: str = "") -> Callable[[str], int]:
    """A whole number in decimal digits, of a range; argparse's `type`."""

    def parse(text: str) -> int:
        digits = re.fullmatch(r"[+-]?0*([0-9]+)", text, re.ASCII)
        if not digits:
            raise argparse.ArgumentTypeError(f"not a whole number: {quoted(text)}")
        if len(digits[1]) > len(str(most)) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"must be from {least:,} to {most:,}{why and f' ({why})'}, got {_cut(text)}"
            )
        return int(text)

    return parse


def number(least: float, most: float, why: str = "") -> Callable[[str], float]:
    """A number of a range, its ends included; argparse's `type`."""

    def parse(text: str) -> float:
        if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", text, re.I | re.A):
            raise argparse.ArgumentTypeError(f"not a number: {quoted(text)}")
        if not least <= float(text) <= most:
            raise argparse.ArgumentTypeError(
                f"must be from {least:,} to {most:,}{why and f' ({why})'}, got {_cut(text)}"
            )
        return float(text)

    return parse


def day(text: str) -> date:
    """An ISO 8601 date that a log can have; argparse's `type`."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a date such as 2026-03-02: {quoted(text)}") from None
    require_day(found)
    return found


def require_day(found: date) -> None:
    """Raise `ArgumentTypeError` for a day that no log can have."""
    if not FIRST_DAY <= found <= LAST_DAY:
        raise argparse.ArgumentTypeError(f"must be from {FIRST_DAY} to {LAST_DAY}, got {found}")


def place_name(text: str) -> str:
    """A folder's or file's name or URI, which must not be empty; argparse's `type`.

    Defaults from the environment are held to it too: a script that lost its settings must not take
    the folder that it was started in.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError(
            "it is empty, here or in the environment variable that stands for it: give a name"
        )
    try:
        urlsplit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no address: {error}") from None
    return text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def _stop(*_: int | FrameType | None) -> NoReturn:
    logging.disable(logging.CRITICAL)  # libraries log what they were cut off from
    raise Stopped


def _interrupt(*_: int | FrameType | None) -> NoReturn:
    logging.disable(logging.CRITICAL)
    raise KeyboardInterrupt


def _stopped(prog: str, by: str, number: int, *, has_an_end: bool) -> NoReturn:
    for each in (signal.SIGTERM, signal.SIGINT):  # another one changes nothing now
        signal.signal(each, signal.SIG_IGN)
    rest = "; what was finished stays: run it again for the rest" if has_an_end else ""
    fail(prog, f"stopped by {by}{rest}", BY_SIGNAL + number)


def _flush() -> None:
    """Write what argparse has printed, or Python would complain at its end that it cannot."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _give_up_output()


def _give_up_output() -> None:
    """Let what is still buffered, and all that follows, go nowhere."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
        pass  # no file behind it
