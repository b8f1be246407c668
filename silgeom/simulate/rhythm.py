"""When people search: the hours of a day, and which kind of question belongs to which hour."""

from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from silgeom.simulate.parameters import Parameters

Floats = npt.NDArray[np.float64]

WORKDAY: Final = 0
SATURDAY: Final = 1
SUNDAY: Final = 2

#: Searches by hour of day, midnight first, in any unit: night low, peaks at lunch and after nine.
_HOURS: Final = {
    WORKDAY: (
        27,
        17,
        11,
        8,
        7,
        10,
        22,
        44,
        56,
        58,
        57,
        60,
        70,
        62,
        57,
        56,
        56,
        55,
        54,
        57,
        64,
        71,
        67,
        48,
    ),
    SATURDAY: (
        34,
        24,
        16,
        11,
        8,
        9,
        14,
        25,
        40,
        52,
        60,
        64,
        66,
        63,
        62,
        61,
        62,
        61,
        60,
        61,
        66,
        70,
        65,
        50,
    ),
    SUNDAY: (
        36,
        25,
        17,
        11,
        8,
        9,
        13,
        23,
        38,
        52,
        62,
        66,
        69,
        66,
        65,
        64,
        64,
        63,
        62,
        64,
        70,
        74,
        66,
        44,
    ),
}


def _bumps(floor: float, *spans: tuple[int, int, float]) -> tuple[float, ...]:
    hours = [floor] * 24
    for first, last, height in spans:
        for hour in range(first, last + 1):
            hours[hour] = height
    return tuple(hours)


_FLAT: Final = _bumps(1.0)
#: season -> (working day, Saturday, Sunday), each 24 factors on a query's weight.
SEASONS: Final[dict[str, tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]]] = {
    "all": (_FLAT, _FLAT, _FLAT),
    "morning": (
        _bumps(0.55, (6, 8, 2.6), (9, 9, 1.3), (21, 23, 0.9)),
        _bumps(0.6, (7, 9, 2.2), (10, 10, 1.3)),
        _bumps(0.6, (7, 9, 2.0), (10, 10, 1.3)),
    ),
    "dawn": (
        _bumps(0.35, (6, 6, 3.5), (7, 8, 6.5), (9, 9, 1.2), (21, 23, 0.7)),
        _bumps(0.35, (6, 6, 3.5), (7, 8, 6.5), (9, 9, 1.8)),
        _bumps(0.35, (6, 6, 3.5), (7, 8, 6.5), (9, 9, 1.8)),
    ),
    "noon": (
        _bumps(0.1, (10, 10, 1.0), (11, 12, 7.0)),
        _bumps(0.2, (11, 12, 1.0)),
        _bumps(0.2, (11, 12, 1.0)),
    ),
    "opening": (
        _bumps(0.25, (8, 8, 1.2), (9, 9, 9.0), (10, 15, 1.0)),
        _bumps(0.15),
        _bumps(0.15),
    ),
    "commute": (
        _bumps(0.6, (7, 8, 2.0), (17, 19, 1.8), (23, 23, 1.2)),
        _bumps(0.8, (10, 18, 1.1)),
        _bumps(0.8, (10, 19, 1.1)),
    ),
    "lunch": (
        _bumps(0.5, (10, 10, 1.1), (11, 12, 2.6), (17, 18, 1.7), (19, 20, 1.1)),
        _bumps(0.6, (11, 13, 1.9), (17, 19, 1.6)),
        _bumps(0.6, (11, 13, 1.9), (17, 18, 1.5)),
    ),
    "cooking": (
        _bumps(0.4, (10, 11, 0.9), (15, 15, 1.3), (16, 18, 2.8), (19, 19, 1.5)),
        _bumps(0.4, (10, 11, 1.6), (15, 18, 2.2)),
        _bumps(0.4, (10, 11, 1.6), (15, 18, 2.3)),
    ),
    "evening": (
        _bumps(0.6, (12, 12, 1.0), (19, 19, 1.2), (20, 23, 2.0), (0, 0, 1.5)),
        _bumps(0.9, (19, 23, 1.8), (0, 0, 1.5)),
        _bumps(0.9, (19, 23, 1.9), (0, 0, 1.5)),
    ),
    "night": (
        _bumps(0.6, (21, 22, 1.4), (23, 23, 1.9), (0, 3, 2.4)),
        _bumps(0.9, (22, 23, 1.7), (0, 3, 2.3)),
        _bumps(0.9, (22, 23, 1.7), (0, 3, 2.3)),
    ),
    "work": (
        _bumps(0.4, (9, 11, 1.8), (12, 12, 1.2), (13, 17, 1.7), (18, 18, 0.9)),
        _bumps(0.35, (9, 17, 0.6)),
        _bumps(0.3, (9, 17, 0.5)),
    ),
    "market": (
        _bumps(0.5, (8, 8, 1.5), (9, 9, 3.2), (10, 15, 1.7), (22, 23, 1.2)),
        _bumps(0.35),
        _bumps(0.3),
    ),
    "study": (
        _bumps(0.6, (9, 17, 1.0), (18, 22, 1.5)),
        _bumps(0.7, (10, 22, 1.0)),
        _bumps(0.7, (10, 22, 1.1)),
    ),
    "weekend": (
        _bumps(0.7, (12, 12, 0.9), (20, 22, 1.1)),
        _bumps(1.0, (9, 16, 1.9)),
        _bumps(1.0, (9, 16, 1.9)),
    ),
    "lotto": (
        _bumps(0.25),
        _bumps(0.5, (17, 19, 1.6), (20, 21, 10.0), (22, 22, 2.5)),
        _bumps(0.5, (8, 11, 1.0)),
    ),
}
SEASON_NAMES: Final = tuple(SEASONS)


def day_kind(day: date, parameters: Parameters) -> int:
    """WORKDAY, SATURDAY or SUNDAY; a holiday goes like a Sunday."""
    if day in parameters.holidays or day.weekday() == 6:
        return SUNDAY
    return SATURDAY if day.weekday() == 5 else WORKDAY


def season_factors(kind: int, hour: int) -> Floats:
    """Factor on a query's weight by season, in the order of `SEASON_NAMES`."""
    return np.array([SEASONS[name][kind][hour] for name in SEASON_NAMES])


def hour_shares(parameters: Parameters) -> Floats:
    """Share of all ordinary searches in each hour of the log: shape (days, 24), sums to 1."""
    rows = [
        _HOURS[day_kind(parameters.start + timedelta(days=day), parameters)]
        for day in range(parameters.days)
    ]
    hours = np.array(rows, dtype=np.float64)
    shares: Floats = hours / hours.cumsum()[-1]
    return shares
