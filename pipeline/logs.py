"""Where log lines go and what they look like: one line a step, on standard error.

Every module that works for longer than a moment has its own `logging.getLogger(__name__)`; all are
below `pipeline`, which is set up here and nowhere else. What a user asked to see is printed, not
logged.
"""

import json
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

LOGGER: Final = "pipeline"
#: Where a job on a cluster tells where its page is and how far it is.
PROGRESS_LOGGER: Final = "pipeline.progress"
LEVELS: Final = ("debug", "info", "warning", "error")
STYLES: Final = ("text", "json")


class JsonLines(logging.Formatter):
    """One JSON object a line: `at` (UTC), `level`, `logger`, `message`, and what `extra` names."""

    #: What every record carries anyway.
    KNOWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in self.KNOWN},
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up_logging(
    level: str = "warning", style: str = "text", loggers: Sequence[str] = (LOGGER,)
) -> None:
    """Send log lines of `level` and above to standard error, as text or JSON; in place of before.

    Args:
        level: one of `LEVELS`.
        style: one of `STYLES`.
        loggers: whose lines, and those of the loggers below them.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines()
        if style == "json"
        else logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    )
    for name in loggers:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level.upper())
        logger.propagate = False
    # A job on a cluster takes minutes: where its page is, and how far it is, is told unasked.
    of_jobs = logging.getLogger(LOGGER)
    told_unasked = "INFO" if of_jobs.isEnabledFor(logging.WARNING) else level.upper()
    logging.getLogger(PROGRESS_LOGGER).setLevel(told_unasked)
