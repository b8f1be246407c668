"""What a command works with: who carries out its steps, and Spark where something needs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.carriers.in_process import InProcess, Observer
from pipeline.carriers.steps import Carrier
from pipeline.errors import PipelineError


def no_spark() -> Any:  # noqa: ANN401
    """Stands for Spark's session where none can be had.

    Raises:
        PipelineError: always.
    """
    raise PipelineError(
        "this address is reached through Spark alone: run the job with spark-submit jobs/…, or "
        "name a folder of this machine or of HDFS (hdfs://…)"
    )


@dataclass(frozen=True)
class Session:
    """Handed to whatever reads, writes or computes."""

    #: Carries out steps.
    carrier: Carrier
    #: Gives Spark's session, and starts it at the first call: a job that finds nothing to do makes
    #: none.
    spark: Callable[[], Any] = no_spark

    @property
    def has_spark(self) -> bool:
        """Whether `spark` gives a session."""
        return self.spark is not no_spark

    def carrier_for(self, *are_portable: bool) -> Carrier:
        """The carrier, or this process where a storage cannot be reached from anywhere else.

        Args:
            are_portable: of each storage that the steps use.
        """
        return self.carrier if all(are_portable) else InProcess()


def in_process(*, workers: int | None = None, observer: Observer | None = None) -> Session:
    """A session that does all work in this process, without Spark.

    Args:
        workers: threads; None: as many as there are cores.
        observer: told how far each step is.
    """
    return Session(InProcess(workers=workers, observer=observer))
