"""The files of a day of `searches` and `rejects`: each holds what a run added, of some people.

A run adds a file to a day and leaves the others as they are, so that an hour costs an hour. People
are cut into buckets where a day is large: `user_id` modulo the number of buckets, which is a power
of two. A file whose name is another (as roots had before) may hold anybody's rows.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import Final

_NAME: Final = re.compile(r"run-(\d{8,})-(\d{5})-of-(\d{5})\.parquet")


def file_name(run: int, bucket: int, buckets: int) -> str:
    """The name of what a run adds of a bucket of people.

    Examples:
        >>> file_name(7, 0, 1)
        'run-00000007-00000-of-00001.parquet'
    """
    return f"run-{run:08d}-{bucket:05d}-of-{buckets:05d}.parquet"


def is_added(name: str) -> bool:
    """Whether a file (name or address) holds what a run added."""
    return _NAME.fullmatch(posixpath.basename(name)) is not None


def buckets_of(files: Iterable[str]) -> int | None:
    """Into how many buckets the people of some files are cut; None: they do not tell.

    Args:
        files: names or addresses.
    """
    found = {_NAME.fullmatch(posixpath.basename(each)) for each in files}
    numbers = {int(each[3]) if each else None for each in found}
    return numbers.pop() if len(numbers) == 1 else None


def of_bucket(files: Sequence[str], bucket: int) -> list[str]:
    """The files that hold the people of a bucket: all that do not tell, too."""
    names = [(each, _NAME.fullmatch(posixpath.basename(each))) for each in files]
    return [each for each, name in names if name is None or int(name[2]) == bucket]


def newest_number(files: Iterable[str]) -> int:
    """The highest number of a run in the names of some files; 0 if none has one."""
    names = (_NAME.fullmatch(posixpath.basename(each)) for each in files)
    return max((int(name[1]) for name in names if name), default=0)
