"""How many inputs hypothesis draws: the same ones at every run, other and more ones to explore."""

import os

from hypothesis import settings

EXPLORES = "SILGEOM_EXPLORE" in os.environ


def draws(examples: int) -> settings:
    """Decorates a test with so many inputs; `make explore` draws twenty times as many anew."""
    return settings(
        max_examples=examples * (20 if EXPLORES else 1), derandomize=not EXPLORES, deadline=None
    )
