"""Every error this project raises on purpose: one sentence each, for the person who can mend it."""

from typing import ClassVar


class PipelineError(Exception):
    """Base class: a job prints its sentence and exits with `exit_status`."""

    exit_status: ClassVar[int] = 2


class UnreachableError(PipelineError):
    """A file, a disk or a node could not be reached. It may pass: running again is the mend."""

    exit_status: ClassVar[int] = 3


class RemoteError(OSError):
    """A distributed file system failed at a call, which may succeed within seconds or minutes."""


class UnreadableFileError(Exception):
    """A file of the landing folder could not be read to its end.

    Attributes:
        source: the file.
    """

    def __init__(self, source: str, why: str) -> None:
        super().__init__(source, why)
        self.source = source

    def __str__(self) -> str:
        return str(self.args[1])


class InvalidParameterError(PipelineError, ValueError):
    """A parameter is outside the range its docstring gives."""


class SchemaMismatchError(PipelineError):
    """A dataset lacks a column, or has one of the wrong type."""


class LandingError(PipelineError):
    """The landing folder cannot be read, or nothing in it is a search log."""


class LogFormatError(PipelineError):
    """No declared format fits a file, or a declaration is wrong."""


class RootError(PipelineError):
    """The root cannot be used: not writable, held by another job, or made with other settings."""
