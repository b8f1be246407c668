"""A simulated search log of a Korean portal, with the truth about what was planted in it.

`python -m silgeom.simulate DIRECTORY` writes `logs/` and `truth.json`; numpy is all it needs.
"""

from silgeom.simulate.generate import Simulation
from silgeom.simulate.parameters import Parameters

__all__ = ["Parameters", "Simulation"]
