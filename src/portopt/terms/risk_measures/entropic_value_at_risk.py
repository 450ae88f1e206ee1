"""The tightest bound on the tail that an exponential moment gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.parameters import DEFAULT_CONFIDENCE, at_confidence, checked_confidence, checked_horizon, over
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.risk_measures.scenarios import horizon_returns, reach

STEPS = 200


@dataclass(frozen=True, slots=True)
class EntropicValueAtRisk(RiskMeasure):
    """R(w) = inf over z > 0 of  z ln( sum_t p_t exp(-r_t'w / z) / (1 - beta) )

    Above VaR and CVaR at the same confidence; the worst loss where that has a probability of 1 - beta or more. In the
    program, t + z ln(1 / (1 - beta)) with  sum_t v_t <= z  and  (-r_t'w - t + z ln p_t, z, v_t)  in the exponential cone.
    Source: Ahmadi-Javid (2012); Cajas (2021) for the cones.
    """

    confidence: float = DEFAULT_CONFIDENCE
    horizon: int = 1

    kind: ClassVar[str] = "evar"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "confidence", checked_confidence(self.kind, self.confidence))
        object.__setattr__(self, "horizon", checked_horizon(self.kind, self.horizon))

    @property
    def _price(self) -> float:
        """ln(1 / (1 - beta))"""
        return -math.log1p(-self.confidence)

    def express(self, program: Program, p: Problem) -> Bound:
        R, prob = horizon_returns(p, self.horizon)
        R, prob = R[prob > 0.0], prob[prob > 0.0]
        # In units of a typical return, where exponents are of size one; v_t = p_t u_t is as large as its tail weight.
        unit = max(float(np.sqrt(np.mean(R * R))), 1e-9)
        most = reach(R) / unit
        t = program.add_columns(1, lower=-most, upper=most)
        z = program.add_columns(1, lower=0.0, upper=2.0 * most / self._price)
        v = program.add_columns(len(R), lower=0.0)
        program.add_rows(np.append(np.ones(len(R)), -1.0)[None, :], np.concatenate([v, z]), -INF, 0.0, limit="", relax=0.0)
        columns = np.concatenate([program.weights, t, z])
        one = np.ones((1, 1))
        for row, share, column in zip(R / -unit, np.log(prob), v, strict=True):
            blocks = [(0, np.concatenate([row, [-1.0, share]])[None, :], columns), (1, one, z), (2, one, np.array([column]))]
            program.add_cone("exponential", blocks, np.zeros(3), limit="")
        return Bound(np.concatenate([t, z]), unit * np.array([1.0, self._price]))

    def value(self, w: Vector, p: Problem) -> float:
        R, prob = horizon_returns(p, self.horizon)
        losses, prob = -(R[prob > 0.0] @ w), prob[prob > 0.0]
        z = _best_z(losses, prob, self._price)
        return float(losses.max()) if z == 0.0 else _at(z, losses, prob) + z * self._price

    def gradient(self, w: Vector, p: Problem) -> Vector:
        R, prob = horizon_returns(p, self.horizon)
        R, prob = R[prob > 0.0], prob[prob > 0.0]
        losses = -(R @ w)
        z = _best_z(losses, prob, self._price)
        if z == 0.0:
            return np.asarray(-R[int(losses.argmax())])
        tilted = prob * np.exp((losses - losses.max()) / z)
        return np.asarray(-(tilted / tilted.sum()) @ R)

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"EVaR {at_confidence(self.confidence)}, {over(self.horizon, periods_per_year)}"


def _at(z: float, losses: Vector, prob: Vector) -> float:
    """z ln( sum p exp(losses / z) ), without overflow."""
    most = float(losses.max())
    return most + z * math.log(float(prob @ np.exp((losses - most) / z)))


def _best_z(losses: Vector, prob: Vector, price: float) -> float:
    """The z that minimizes; 0.0 where the infimum is the worst loss itself.

    With tilted probabilities q_t ~ p_t exp(losses_t / z) the slope in z is  price - KL(q, p), and KL grows as z falls: from
    0 to -ln P(worst). A bisection in ln z, on a slope that has one sign change.
    """
    most = float(losses.max())
    spread = most - float(losses.min())
    worst = float(prob[losses >= most].sum())
    if spread == 0.0 or -math.log(worst) <= price:
        return 0.0

    def divergence(z: float) -> float:
        shifted = (losses - most) / z
        tilted = prob * np.exp(shifted)
        total = float(tilted.sum())
        return float(tilted @ shifted) / total - math.log(total)

    low, high = math.log(spread) - 40.0, math.log(spread) + 40.0
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (middle, high) if divergence(math.exp(middle)) > price else (low, middle)
    return math.exp(0.5 * (low + high))
