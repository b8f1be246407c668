"""Attempts to get on the board: what is pushed, by whom and how often."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from silgeom.simulate.names import ware
from silgeom.simulate.parameters import Parameters

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Attack:
    """Accounts that push one query.

    Attributes:
        kind: a key of `KINDS`.
        query: what they push; nobody else asks for it.
        day: of the log, 0 is the first.
        hour: of the day, Asia/Seoul.
        hours: how long it lasts.
        users: how many accounts.
        searches: of each account, of that query.
        others: of each account, of other queries in the days before: to look like people.
        clicks: whether they click on the first result each time.
    """

    kind: str
    query: str
    day: int
    hour: int
    hours: int
    users: int
    searches: int
    others: int = 0
    clicks: bool = False

    def names(self, number: int) -> list[str]:
        """The accounts of the attack with that number in the log."""
        return [f"uffa{number:03x}{user:04x}" for user in range(self.users)]


#: hours, users, searches of each, other searches of each, clicks.
KINDS: Final[dict[str, tuple[int, int, int, int, bool]]] = {
    "one_user": (4, 1, 10_000, 0, False),
    "ten_users": (1, 10, 1_000, 0, False),
    "fake_users": (1, 200, 1, 0, False),
    "disguised_users": (1, 200, 1, 5, False),
    "click_farm": (6, 60, 8, 0, True),
    "seller": (24, 1, 400, 0, True),  # keeps below the usual limit of robots
    "sellers": (24, 20, 15, 0, False),
}


def random_attacks(parameters: Parameters, random: Random) -> Iterator[Attack]:
    """One of each kind in each week after the quiet days, at an hour of the day."""
    for first in range(parameters.quiet_days, parameters.days, 7):
        last = min(first + 7, parameters.days)
        for kind, (hours, users, searches, others, clicks) in KINDS.items():
            day = int(random.integers(first, last))
            hour = 0 if hours == 24 else int(random.integers(7, 24 - hours))
            query = ware(random.random(4).tolist())
            yield Attack(kind, query, day, hour, hours, users, searches, others, clicks)
