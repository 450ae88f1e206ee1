"""The unknown that a ratio adds to the polish: the risk aversion at which it is a utility."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.presolve import Scaled


@dataclass(slots=True)
class RatioScale:
    """For a ratio: the program is 1/2 x'Px + theta * linear'x + (what fixed columns add), theta an unknown of its own.

    At the best ratio  variance = theta * excess. linear: (M,); variance0, excess0: what the fixed columns contribute.
    drift: (M,) where x goes with theta when theta decides nothing, else zero.
    """

    linear: Vector
    variance0: float
    excess0: float
    theta: float = 1.0
    drift: Vector = field(init=False)

    def __post_init__(self) -> None:
        self.drift = np.zeros(len(self.linear))

    def mismatch(self, program: Scaled, x: Vector) -> tuple[float, float, Vector]:
        """(variance - theta excess, excess, gradient of the first (M,)), in the program's scale."""
        Px, shift = program.P.times(x), program.q - self.linear
        excess = self.excess0 - float(self.linear @ x)
        variance = float(x @ (Px + 2.0 * shift)) + self.variance0
        return variance - self.theta * excess, excess, 2.0 * (Px + shift) + self.theta * self.linear
