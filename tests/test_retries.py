import errno
from collections.abc import Callable

import pytest

from pipeline.retries import at_most, retried


def failing(*errors: OSError) -> tuple[Callable[[], str], list[int]]:
    """An action that fails once with each error, then gives "read"; and its count of calls."""
    left, calls = list(errors), [0]

    def action() -> str:
        calls[0] += 1
        if left:
            raise left.pop(0)
        return "read"

    return action, calls


def test_what_passes_is_tried_again_after_growing_pauses() -> None:
    action, calls = failing(OSError(errno.EIO, "Input/output error"), TimeoutError("timed out"))
    waited: list[float] = []

    assert retried(action, pauses=(1, 2, 3), wait=waited.append) == "read"
    assert (calls, waited) == ([3], [1, 2])


def test_what_does_not_pass_ends_with_the_last_error_after_a_bounded_number_of_tries() -> None:
    action, calls = failing(*[OSError(errno.EIO, f"fault {n}") for n in range(9)])

    with pytest.raises(OSError, match="fault 2"):
        retried(action, pauses=(1, 2), wait=lambda _: None)
    assert calls == [3]


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file"),
        PermissionError(errno.EACCES, "Permission denied"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_what_will_not_pass_within_seconds_is_not_tried_again(error: OSError) -> None:
    action, calls = failing(error)

    with pytest.raises(type(error)):
        retried(action, wait=lambda _: None)
    assert calls == [1]


def test_an_error_of_storage_without_a_number_is_tried_again_and_said() -> None:
    action, _ = failing(OSError("BlockMissingException: could not obtain block"))
    said: list[str] = []

    assert retried(action, pauses=(0.5,), wait=lambda _: None, say=said.append) == "read"
    assert said == ["BlockMissingException: could not obtain block: tried again in 0.5 s."]


def test_of_a_dead_disk_with_many_files_no_more_is_waited_than_is_allowed_in_all() -> None:
    waited: list[float] = []
    wait = at_most(5, waited.append)

    for _ in range(100):
        action, _ = failing(*[OSError(errno.EIO, "Input/output error")] * 9)
        with pytest.raises(OSError, match="Input/output"):
            retried(action, pauses=(1, 2), wait=wait)

    assert sum(waited) == 5
