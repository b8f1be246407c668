"""How far a job is: a bar a step on the terminal, gone when the step is over."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

#: What a person is told of a step, by the name of the function that it runs.
STEPS: Final = {
    "read": "reading",
    "judged": "judging days",
    "hours_of_day": "counting hours",
    "queries_of_day": "counting queries",
    "pairs_of_day": "counting pairs",
    "reduced": "writing counts",
}


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """What is to be told of steps: name, pieces done, of how many; None: nobody looks.

    Somebody does where standard error is a terminal.
    """
    console = _console()
    if console is None:
        yield None
        return
    bar = _Bar(console)
    try:
        yield bar
    finally:
        bar.close()


@contextmanager
def line() -> Iterator[Callable[[str], None] | None]:
    """What shows a text in place of the one before, gone at the end; None: nobody looks."""
    console = _console()
    if console is None:
        yield None
        return
    with console.status("") as status:
        yield lambda text: status.update(text)


def _console() -> "Console | None":
    """The terminal that standard error is; None: it is none, or one that takes no line back."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_interactive else None


class _Bar:
    """Shown while a step runs and at no other time, so that it is never amid what a job prints."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        self._shown = Progress(
            "{task.description:16}",
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __call__(self, step: str, done: int, of: int) -> None:
        if done == 0:
            self.close()
            self._shown.add_task(STEPS.get(step, step.replace("_", " ")), total=of)
            self._shown.start()
        self._shown.update(self._shown.task_ids[-1], completed=done)
        if done == of:
            self.close()

    def close(self) -> None:
        """Take it away."""
        self._shown.stop()
        for task in self._shown.task_ids:
            self._shown.remove_task(task)
