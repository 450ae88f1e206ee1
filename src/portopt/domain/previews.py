"""How an answer goes as one value of its policy goes: enough to show it at any value in a range without solving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portopt.domain.arrays import Indices, Vector
from portopt.domain.found import RestsOn
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """What is added to the weights at positions `at` (k,): by (k,) times the polynomial of these coefficients of t, t^2, …"""

    at: Indices
    by: Vector
    coefficients: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """weights(v) = stands + sum of direction(t),   t = (v - value) / scale,   or (1/v - 1/value) / scale where `inverse`.

    low, high: values between which that is within 1e-6 of the weights solved again. until_low, until_high: what changes there.
    """

    value: float
    low: float
    high: float
    until_low: str
    until_high: str
    scale: float
    directions: tuple[Direction, ...]
    inverse: bool = False

    def t(self, value: float) -> float:
        change = 1.0 / value - 1.0 / self.value if self.inverse else value - self.value
        return change / self.scale

    def weights(self, stands: Vector, value: float) -> Vector:
        """(n,) at that value, from those that stand (n,)."""
        t, w = self.t(value), stands.copy()
        for one in self.directions:
            w[one.at] += one.by * sum(c * t**k for k, c in enumerate(one.coefficients, 1))
        return w


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """One value that may be moved. path: in the policy. title: what it is, in words. unit: of the value.

    figures: coefficients of t, t^2, … of the change of each figure; None where it is no such function.
    price: of the policy's objective per unit of the value at the margin, above zero where more of it is better; None of a risk
    aversion, which changes what is wanted. price_unit: what the objective counts in.
    """

    path: str
    title: str
    unit: str
    curve: Curve
    figures: Mapping[str, tuple[float, ...] | None]
    price: float | None
    price_unit: str


@dataclass(frozen=True, slots=True)
class NotMoved:
    """A value that binds, or may, and that no preview is given of."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Previews:
    """moves: the dearest first. figures: of the weights that stand (n,), with the objective's own value."""

    request: RebalanceRequest
    problem: Problem
    rests_on: RestsOn
    run_id: str
    stands: Vector
    prices: Vector
    shares: Vector
    figures: Mapping[str, float | None]
    moves: tuple[Move, ...]
    left_out: tuple[NotMoved, ...] = ()
    notes: tuple[str, ...] = field(default=())
