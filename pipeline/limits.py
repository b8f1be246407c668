"""The ranges of all parameters that a user can choose, each once, with its reason."""

from typing import Final, NamedTuple

from pipeline.errors import InvalidParameterError


class Limits(NamedTuple):
    """A range of numbers, its ends included, and why it ends there."""

    least: float
    most: float
    why: str


_TOP: Final = Limits(1, 1_000, "rows are compared with one another")

#: By the name of the parameter.
LIMITS: Final = {
    "window_hours": Limits(1, 24, "a longer window meets the same hour of the day before"),
    "baseline_days": Limits(1, 366, "a year has every season"),
    "days": Limits(1, 3_660, "ten years"),
    "recent_hours": Limits(1, 8_784, "a year has every season"),
    "half_life_days": Limits(0.01, 100_000, "what is older or younger than a log counts alike"),
    "min_searchers": Limits(1, 1_000_000_000, "people"),
    "false_share": Limits(0.0001, 0.5, "of what is told, chance"),
    "segments": Limits(0, 100, "kinds of people that can be told apart; 0: as many as there are"),
    "epsilon": Limits(0, 100, "above it noise hides nobody; 0: no noise"),
    "min_people": Limits(5, 1_000_000_000, "of a segment"),
    "min_score": Limits(0.01, 1_000, "standard deviations"),
    "minutes": Limits(0, 1_440, "a day; 0: never"),
    "top": _TOP,
    "queries": Limits(1, 1_000, "a look-up reads them all"),
    "per_prefix": _TOP,
    "max_prefix": Limits(1, 1_000, "keys"),
    # An hour before midnight and SESSION_SPILL_HOURS after it are then all that the sessions of a
    # day need of the days around it.
    "gap_minutes": Limits(1, 60, "a day's sessions read one hour of the day before"),
    "max_queries": Limits(2, 1_000, "a session of n queries makes n² pairs"),
}


def require(**parameters: float) -> None:
    """Hold parameters to the limits of their names.

    Raises:
        InvalidParameterError: one is out of its range; NaN is in none.
    """
    for name, value in parameters.items():
        least, most, why = LIMITS[name]
        if not least <= value <= most:
            raise InvalidParameterError(
                f"{name} must be from {least:,} to {most:,} ({why}), got {value:,}"
            )
