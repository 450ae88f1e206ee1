"""The unknown that a ratio adds to a utility program, in the interior point and in the polish: its risk aversion."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.scaling.presolve import Scaled

UNDECIDED = 1e-5  # of the excess: what says how x goes with theta comes from one unrefined solve


@dataclass(slots=True)
class RatioScale:
    """For a ratio: the program is 1/2 x'Px + theta * linear'x + (what fixed columns add), theta an unknown of its own.

    At the best ratio  variance = theta * excess. gamma: the risk aversion where theta is one. linear: (M,); variance0,
    excess0: what the fixed columns contribute.
    drift: (M,) where x goes with theta when theta decides nothing, else zero.
    """

    gamma: float
    linear: Vector
    variance0: float
    excess0: float
    theta: float = 1.0
    drift: Vector = field(init=False)

    def __post_init__(self) -> None:
        self.drift = np.zeros(len(self.linear))

    def mismatch(self, program: Scaled, x: Vector, Px: Vector) -> tuple[float, float, Vector]:
        """(variance - theta excess, excess, gradient of the first (M,)), in the program's scale."""
        shift = program.q - self.linear
        excess = self.excess0 - float(self.linear @ x)
        variance = float(x @ (Px + 2.0 * shift)) + self.variance0
        return variance - self.theta * excess, excess, 2.0 * (Px + shift) + self.theta * self.linear

    def linearized(self, program: Scaled, x: Vector, Px: Vector, along: Vector) -> Linearized:
        """The same where x goes with theta by `along` (M,)."""
        mismatch, excess, gradient = self.mismatch(program, x, Px)
        return Linearized(mismatch, excess, gradient, float(gradient @ along) - excess, self.theta)


@dataclass(frozen=True, slots=True)
class Linearized:
    """variance - theta * excess near a point: its value, and how fast it changes with x (M,) and with theta, x following."""

    mismatch: float
    excess: float
    gradient: Vector
    slope: float
    theta: float

    @property
    def is_decided(self) -> bool:
        """False where theta decides nothing: cash at the risk-free rate can be mixed in without changing the ratio."""
        return abs(self.slope) > UNDECIDED * abs(self.excess)

    def change(self, dx: Vector) -> float:
        """Of theta, to make it zero where x moves by dx besides; at most to half of theta or to twice of it."""
        move = -(self.mismatch + float(self.gradient @ dx)) / self.slope
        return min(max(move, -0.5 * self.theta), self.theta)
