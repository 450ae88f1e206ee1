"""What a portfolio may be judged by besides one number: the axes of a multi-objective choice.

Each says its amount twice: `amount` for the auditor, `express` as a linear expression for the solver, never on the better
side of the amount and equal to it where it is pressed. Units: returns, risks, costs and tracking errors are fractions
(annual, but for scenario measures over their horizon), turnover a fraction of the portfolio, ESG the scores' own scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Problem
from portopt.domain.program import Program, Quadratic
from portopt.terms.objectives.max_return import MaxReturn
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.shared.curvature import add_square_cone
from portopt.terms.shared.risk import add_active_variance, add_risk_cone
from portopt.terms.shared.scores import neutral_scores

AXES = ("return", "risk", "esg", "cost", "turnover", "tracking_error")
MORE_IS_BETTER = frozenset({"return", "esg"})


class Axis(Protocol):
    """One way to judge a portfolio."""

    def amount(self, w: Vector, p: Problem) -> float:
        """How much of it w has, in the axis's own unit."""
        ...

    def express(self, program: Program, p: Problem) -> Bound:
        """The amount as a linear expression in the program's columns."""
        ...

    def price(self, program: Program, p: Problem, scale: float) -> None:
        """Add scale times the axis's charge to what is minimized; scale is negative where more is better."""
        ...

    def charge(self, w: Vector, p: Problem) -> float:
        """What the axis is priced by: half its square for volatility-like amounts, the amount itself for the others."""
        ...

    def slope(self, w: Vector, p: Problem) -> float:
        """Change of the charge per unit of the amount, at w."""
        ...


@dataclass(frozen=True, slots=True)
class ReturnAxis:
    """mu'w, before costs."""

    def amount(self, w: Vector, p: Problem) -> float:
        return float(p.moments.mu @ w)

    def express(self, program: Program, p: Problem) -> Bound:
        return Bound(program.weights, p.moments.mu)

    def price(self, program: Program, p: Problem, scale: float) -> None:
        program.add_linear(program.weights, scale * p.moments.mu)

    def charge(self, w: Vector, p: Problem) -> float:
        return self.amount(w, p)

    def slope(self, w: Vector, p: Problem) -> float:
        return 1.0


@dataclass(frozen=True, slots=True)
class RiskAxis:
    """R(w) by any measure; priced by R^2/2 where R is the root of a mean square, as the variance is in a utility."""

    measure: RiskMeasure

    def amount(self, w: Vector, p: Problem) -> float:
        return self.measure.value(w, p)

    def express(self, program: Program, p: Problem) -> Bound:
        return self.measure.express(program, p)

    def price(self, program: Program, p: Problem, scale: float) -> None:
        if self.measure.is_root:
            self.measure.express_square(program, p, scale)
        else:
            _add(program, self.measure.express(program, p), scale)

    def charge(self, w: Vector, p: Problem) -> float:
        risk = self.measure.value(w, p)
        return 0.5 * risk * risk if self.measure.is_root else risk

    def slope(self, w: Vector, p: Problem) -> float:
        return self.measure.value(w, p) if self.measure.is_root else 1.0


@dataclass(frozen=True, slots=True)
class EsgAxis:
    """sum s_i w_i; cash and what nobody scored count as the mean of the scored assets."""

    def amount(self, w: Vector, p: Problem) -> float:
        return float(neutral_scores(p) @ w)

    def express(self, program: Program, p: Problem) -> Bound:
        return Bound(program.weights, neutral_scores(p))

    def price(self, program: Program, p: Problem, scale: float) -> None:
        program.add_linear(program.weights, scale * neutral_scores(p))

    def charge(self, w: Vector, p: Problem) -> float:
        return self.amount(w, p)

    def slope(self, w: Vector, p: Problem) -> float:
        return 1.0


@dataclass(frozen=True, slots=True)
class CostAxis:
    """The convex costs of the request by the year: paid once, over the holding period."""

    def amount(self, w: Vector, p: Problem) -> float:
        _require_costs(p)
        return float(sum(cost.convex_value(w, p) for cost in p.costs)) / p.holding_period_years

    def express(self, program: Program, p: Problem) -> Bound:
        quadratics, linear, constant = self._said(program, p)
        columns, values = [at for at, _ in linear], [c for _, c in linear]
        if quadratics:
            columns.append(add_square_cone(program, quadratics))
            values.append(np.ones(1))
        at = np.concatenate(columns) if columns else np.zeros(0, dtype=np.intp)
        return Bound(at, np.concatenate(values) if values else np.zeros(0), constant)

    def price(self, program: Program, p: Problem, scale: float) -> None:
        quadratics, linear, constant = self._said(program, p)
        for part in quadratics:
            program.add_quadratic(part.columns, scale * part.M)
        for at, c in linear:
            program.add_linear(at, scale * c)
        program.constant += scale * constant

    def charge(self, w: Vector, p: Problem) -> float:
        return self.amount(w, p)

    def slope(self, w: Vector, p: Problem) -> float:
        return 1.0

    def _said(self, program: Program, p: Problem) -> tuple[list[Quadratic], list[tuple[np.ndarray, Vector]], float]:
        _require_costs(p)
        priced = p.replaced(objective=MaxReturn())  # an objective that charges: the costs then speak

        def speak(heard: Program) -> None:
            for cost in p.costs:
                cost.express(heard, priced)

        return program.charged(speak)


@dataclass(frozen=True, slots=True)
class TurnoverAxis:
    """1/2 sum |w - w_prev|, one-way, cash included."""

    def amount(self, w: Vector, p: Problem) -> float:
        return 0.5 * float(np.abs(w - p.previous()).sum())

    def express(self, program: Program, p: Problem) -> Bound:
        both = np.concatenate(program.trade_columns(p.previous()))
        return Bound(both, np.full(len(both), 0.5))

    def price(self, program: Program, p: Problem, scale: float) -> None:
        _add(program, self.express(program, p), scale)

    def charge(self, w: Vector, p: Problem) -> float:
        return self.amount(w, p)

    def slope(self, w: Vector, p: Problem) -> float:
        return 1.0


@dataclass(frozen=True, slots=True)
class TrackingErrorAxis:
    """sqrt((w - b)'Sigma(w - b)), annual; priced by half its square."""

    def amount(self, w: Vector, p: Problem) -> float:
        return p.moments.covariance.volatility(w - p.benchmark_weights())

    def express(self, program: Program, p: Problem) -> Bound:
        error = program.add_columns(1, lower=0.0)
        add_risk_cone(program, p.moments.covariance, 0.0, limit="", center=p.benchmark_weights(), excess=error)
        return Bound(error, np.ones(1))

    def price(self, program: Program, p: Problem, scale: float) -> None:
        add_active_variance(program, p.moments.covariance, p.benchmark_weights(), scale)

    def charge(self, w: Vector, p: Problem) -> float:
        return 0.5 * self.amount(w, p) ** 2

    def slope(self, w: Vector, p: Problem) -> float:
        return self.amount(w, p)


def axis_of(name: str, measure: RiskMeasure) -> Axis:
    """The axis of that name (one of AXES). measure: what risk is."""
    by_name: dict[str, Axis] = {
        "return": ReturnAxis(),
        "risk": RiskAxis(measure),
        "esg": EsgAxis(),
        "cost": CostAxis(),
        "turnover": TurnoverAxis(),
        "tracking_error": TrackingErrorAxis(),
    }
    return by_name[name]


def direction(name: str) -> float:
    """The sign of the axis in what is minimized: -1 where more is better."""
    return -1.0 if name in MORE_IS_BETTER else 1.0


def _add(program: Program, bound: Bound, scale: float) -> None:
    program.add_linear(bound.columns, scale * bound.coefficients)
    program.constant += scale * bound.constant


def _require_costs(p: Problem) -> None:
    if not p.costs:
        raise MissingInput(
            "cost is one of the axes, and the request states no costs",
            field="costs",
            fixes=['add costs, for example {"linear_impact": {"bps": 15}}', "leave cost out of the axes"],
        )
