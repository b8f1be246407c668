"""Everything that can be chosen about a simulated log."""

from dataclasses import dataclass
from datetime import date
from typing import Final

#: Nothing that fewer people typed is ever published (the jobs' default): the planted cases of
#: anonymity lie just below and just on it.
FLOOR: Final = 5


@dataclass(frozen=True, slots=True)
class Parameters:
    """The choices behind a simulated log; the defaults make `sample_data`.

    Rates are shares of ordinary searches. Days are days of Asia/Seoul (UTC+9, no summer time).

    Attributes:
        searches: about how many lines the log has, robots and broken lines included.
        days: how many days it covers.
        users: how many people there are (the most active search hundreds of times as much as
            the median).
        seed: the same seed gives the same log.
        start: the first day.
        holidays: days that go like a Sunday.
        slips: typing slips; most are corrected within seconds.
        wrong_keyboard: typed in the wrong state of the Korean/English key; most are corrected.
        spacing: of queries with spaces: a space left out, left so.
        decomposed_users: share of people whose device sends decomposed Hangul (NFD).
        oddities: upper case, full width, no-break or doubled spaces.
        clicks: searches that lead to a click.
        second_clicks: of these: a second line for another click on the same search.
        blank: lines with a blank query.
        broken: lines that are no search for another reason.
    """

    searches: int = 55_000
    days: int = 14
    users: int = 3_600
    seed: int = 20_260_302
    start: date = date(2026, 3, 2)
    holidays: tuple[date, ...] = (date(2026, 3, 2),)
    slips: float = 0.03
    wrong_keyboard: float = 0.008
    spacing: float = 0.05
    decomposed_users: float = 0.03
    oddities: float = 0.02
    clicks: float = 0.45
    second_clicks: float = 0.03
    blank: float = 0.008
    broken: float = 0.0025

    def __post_init__(self) -> None:
        if self.searches < 1_000 or self.users < 100 or self.days < 1:
            raise ValueError(
                "A simulated log needs at least 1,000 searches, 100 users and 1 day: "
                f"got {self.searches} searches, {self.users} users, {self.days} days."
            )
