"""The average of the worst losses, when the scenarios themselves may be off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.conditional_value_at_risk import ConditionalValueAtRisk
from portopt.terms.risk_measures.parameters import DEFAULT_CONFIDENCE, at_confidence, over
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.shared.checks import number

DEFAULT_RADIUS = 1e-3
NORMS = ("1", "2", "inf")


@dataclass(frozen=True, slots=True)
class WassersteinCvar(RiskMeasure):
    """R(w) = sup of CVaR_beta over every distribution within `radius` of the scenarios

             = CVaR_beta(w) + radius / (1 - beta) ||w||_*        (cash apart: its return is known)

    The distance is the type-1 Wasserstein distance with the norm `norm` ("1", "2" or "inf") between returns; ||.||_* is its
    dual: the largest weight, the Euclidean length, the gross exposure. radius: in returns over the horizon; moving all
    probability by that much reaches it. The worst distribution moves the tail scenarios, each by radius / (1 - beta).
    Source: Mohajerin Esfahani and Kuhn (2018), corollary 5.1 and section 7.1.
    """

    confidence: float = DEFAULT_CONFIDENCE
    horizon: int = 1
    radius: float = DEFAULT_RADIUS
    norm: str = "2"

    kind: ClassVar[str] = "wasserstein_cvar"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checked = ConditionalValueAtRisk(self.confidence, self.horizon)
        object.__setattr__(self, "confidence", checked.confidence)
        object.__setattr__(self, "horizon", checked.horizon)
        object.__setattr__(self, "radius", checked_radius(self.kind, self.radius))
        object.__setattr__(self, "norm", checked_norm(self.kind, self.norm))

    def express(self, program: Program, p: Problem) -> Bound:
        tail = self._tail.express(program, p)
        if self.radius == 0.0:
            return tail
        t = program.add_columns(1, lower=0.0)
        self._express_norm(program, np.flatnonzero(~p.universe.is_cash), t)
        coefficients = np.append(tail.coefficients, self._price)
        return Bound(np.append(tail.columns, t), coefficients, tail.constant)

    def value(self, w: Vector, p: Problem) -> float:
        return self._tail.value(w, p) + self._price * self._dual_norm(w[~p.universe.is_cash])

    def gradient(self, w: Vector, p: Problem) -> Vector:
        risky = ~p.universe.is_cash
        out = self._tail.gradient(w, p).copy()
        v = w[risky]
        if not v.any():
            return out
        if self.norm == "1":
            slope = np.zeros(len(v))
            largest = int(np.argmax(np.abs(v)))
            slope[largest] = np.sign(v[largest])
        else:
            slope = np.sign(v) if self.norm == "inf" else v / np.linalg.norm(v)
        out[risky] += self._price * slope
        return out

    def describe(self, periods_per_year: float | None = None) -> str:
        of = f"at {at_confidence(self.confidence)}, {over(self.horizon, periods_per_year)}"
        return f"worst CVaR within {100.0 * self.radius:.6g} % (Wasserstein, norm {self.norm}) of the scenarios, {of}"

    @property
    def _tail(self) -> ConditionalValueAtRisk:
        return ConditionalValueAtRisk(self.confidence, self.horizon)

    @property
    def _price(self) -> float:
        return self.radius / (1.0 - self.confidence)

    def _dual_norm(self, v: Vector) -> float:
        order: float = {"1": np.inf, "2": 2, "inf": 1}[self.norm]
        return float(np.linalg.norm(v, order)) if len(v) else 0.0

    def _express_norm(self, program: Program, risky: Indices, t: Indices) -> None:
        """t >= ||w_risky||_*."""
        m = len(risky)
        if self.norm == "2":
            nothing = np.zeros(1 + m)
            blocks = [(0, np.ones((1, 1)), t), (1, sp.eye_array(m), risky)]
            program.add_cone("second_order", blocks, nothing, limit="", relax=nothing)
            return
        if self.norm == "1":
            each = sp.hstack([sp.vstack([sp.eye_array(m), -sp.eye_array(m)]), -np.ones((2 * m, 1))])
            program.add_rows(each, np.concatenate([risky, t]), -INF, 0.0, limit="", relax=0.0)
            return
        size = program.add_columns(m, lower=0.0)
        eye = sp.eye_array(m)
        both = sp.vstack([sp.hstack([eye, -eye]), sp.hstack([-eye, -eye])])
        program.add_rows(both, np.concatenate([risky, size]), -INF, 0.0, limit="", relax=0.0)
        program.add_rows(np.append(np.ones(m), -1.0)[None, :], np.append(size, t), -INF, 0.0, limit="", relax=0.0)


def checked_radius(path: str, value: object) -> float:
    """A distance between distributions of returns. Raises InvalidValue."""
    return number(f"{path}.radius", value, low=0.0, high=1.0, example="0.001")


def checked_norm(path: str, value: object) -> str:
    """ "1", "2" or "inf", as texts or numbers. Raises InvalidValue."""
    said = {1: "1", 2: "2", float("inf"): "inf"}.get(value, value) if isinstance(value, int | float) else value
    if not isinstance(said, str) or said not in NORMS:
        raise InvalidValue(f"{path}.norm", value, 'is "1", "2" or "inf"', fix=f'write {path}.norm as "2"')
    return said
