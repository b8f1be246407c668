"""The jobs as their command lines run them, in this process."""

import argparse
import importlib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from pipeline.carriers.session import Session
from pipeline.commands import cli
from tests.factories import HERE

Job = Callable[[Session, argparse.Namespace], None]


def command(name: str) -> ModuleType:
    """The module of a command: it has a `parser` and a `run`."""
    return importlib.import_module(f"pipeline.commands.{name}")


def status_of(name: str, *arguments: str | Path, session: Session = HERE) -> int:
    """Run a command; its exit status."""
    module = command(name)
    return status_of_job(module.run, module.parser(), *arguments, session=session)


def status_of_job(
    job: Job, parser: argparse.ArgumentParser, *arguments: str | Path, session: Session = HERE
) -> int:
    """Run any job; its exit status."""
    given = [str(each) for each in arguments]
    try:
        cli.run_job(job, parser, lambda _: nullcontext(session), given)
    except SystemExit as exit_:
        return int(str(exit_.code or 0))
    return 0


class _Idle:
    """A carrier that carries nothing out."""

    def spool(self) -> NoReturn:
        raise AssertionError("a step was begun")

    def map(self, *_: Any) -> NoReturn:  # noqa: ANN401
        raise AssertionError("a step was begun")

    def reduce(self, *_: Any) -> NoReturn:  # noqa: ANN401
        raise AssertionError("a step was begun")


def _no_spark() -> NoReturn:
    raise AssertionError("Spark was started")


#: A session for what has nothing to compute: it fails the test where a step is begun.
IDLE = Session(_Idle(), _no_spark)
