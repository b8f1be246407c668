"""Failures of a cluster come to the user as a sentence and a status, not as Java's trace."""

import pytest

from pipeline.errors import RemoteError
from pipeline.failures import as_sentence

TRACE = "\n\tat org.apache.hadoop.hdfs.DFSInputStream.chooseDataNode(DFSInputStream.java:1)" * 20


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (RemoteError("Connection refused"), "Connection refused: run this again"),
        (
            RuntimeError(f"org.apache.hadoop.hdfs.BlockMissingException: Could not obtain{TRACE}"),
            "nodes of the cluster are gone or out of reach (BlockMissingException): run this again",
        ),
        (
            RuntimeError(
                f"File /a could only be written to 0 of the 1 minReplication nodes{TRACE}"
            ),
            "nodes of the cluster are gone or out of reach (could only be written to 0 of): run",
        ),
        (
            RuntimeError(f"o.a.h.SafeModeException: Cannot create file/a{TRACE}"),
            "HDFS is in safe mode and takes no writes: run this again when",
        ),
    ],
)
def test_what_may_pass_ends_with_3(failure: Exception, said: str) -> None:
    told = as_sentence(failure)

    assert told is not None
    assert told.exit_status == 3
    assert str(told).startswith(said)
    assert "\n" not in str(told)


def test_a_fault_of_the_code_is_none_of_these() -> None:
    assert as_sentence(ValueError("disconnected exception of my own")) is None
