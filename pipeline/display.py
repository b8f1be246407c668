"""Text that a terminal may be shown."""

import re
from typing import Final

#: Controls (escape codes, line ends, tabs), halves of surrogates, line separators, and what turns
#: the direction of writing, so that a name shows as another one.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""A name as messages show it: on one line, and without any code that a terminal obeys.

    What is unsafe stands as Python writes it (`\x1b`); every other character stays.
    """
    return _UNSAFE.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def printable_lines(text: str) -> str:
    """A message of several lines, each of them printable."""
    return "\n".join(map(printable, text.split("\n")))
