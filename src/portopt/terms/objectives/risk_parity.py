"""Shares of the risk as given: risk parity, risk budgets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector, frozen
from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Covariance
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program, psd_root
from portopt.terms.risk_measures.conditional_value_at_risk import ConditionalValueAtRisk
from portopt.terms.risk_measures.parameters import at_confidence, checked_confidence, checked_horizon
from portopt.terms.shared.budget_shares import checked_budgets, shares_of
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import number, options
from portopt.terms.shared.risk import add_variance

EXAMPLE = '{"kind": "risk_parity", "budgets": {"AAPL": 0.4, "*": 0.1}}'
MEASURES = ("volatility", "cvar")
FIELDS = ("measure", "budgets", "confidence", "horizon", "target_volatility")


@dataclass(frozen=True, slots=True)
class RiskParity(Objective):
    """minimize  1/2 w'Sigma w - lambda sum_i b_i log(w_i / h_i)        (volatility)
              CVaR(w)        - lambda sum_i b_i log(w_i / h_i)        (cvar)

    h: the constructed portfolio (`Problem.target`), whose shares of the risk are exactly b; lambda = h'Sigma h or CVaR(h),
    at which h is the minimum over all portfolios. So where the limits allow h it is the answer, and where they do not the
    answer is the convex relaxation of Richard and Roncalli, whose shares are stated beside the budgets.

    budgets: {asset: b, "*": b for each not named}, {"sector": {name: b}} or {"asset_class": {name: b}}, split evenly inside
    the group; they are scaled to add up to one; None is equal shares. An asset without a budget is not held
    (1/2 sigma_i^2 w_i^2 stands in the objective instead) and cash carries no risk: both have weight only where limits or
    target_volatility give it to them. Weights with a budget are positive.
    measure, confidence, horizon: whose shares; CVaR over `horizon` periods of the scenarios.
    target_volatility: annual; cash and h are mixed to it, with borrowed cash only where the limits allow that.
    Source: Maillard, Roncalli and Teiletche (2010); Richard and Roncalli (2019) for the limits.
    """

    measure: str = "volatility"
    budgets: Mapping[str, Any] | None = None
    confidence: float = 0.95
    horizon: int = 1
    target_volatility: float | None = None

    kind: ClassVar[str] = "risk_parity"
    construction: ClassVar[str] = "risk budgets"
    sense: ClassVar[str] = "minimize"
    charges_costs: ClassVar[bool] = False
    without_value: ClassVar[str] = (
        "gives every asset that has a budget a share of the risk, and these limits leave no portfolio that holds all of them: "
        "ask for fewer budgets, or take away what limits the number or the size of positions"
    )

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise InvalidValue(
                "objective.measure", self.measure, "has no risk budgets here", fix=f"use one of: {', '.join(MEASURES)}"
            )
        object.__setattr__(self, "budgets", None if self.budgets is None else checked_budgets(self.budgets))
        object.__setattr__(self, "confidence", checked_confidence("objective", self.confidence))
        object.__setattr__(self, "horizon", checked_horizon("objective", self.horizon))
        if self.target_volatility is not None:
            value = number("objective.target_volatility", self.target_volatility, low=1e-6, high=5.0, example="0.10")
            object.__setattr__(self, "target_volatility", value)

    @property
    def reads_scenarios(self) -> bool:
        return self.measure == "cvar"

    @property
    def unit(self) -> str:
        return "half variance" if self.measure == "volatility" else "loss"

    def shares(self, p: Problem, held: Mask) -> Vector:
        """(n,) budgets adding to one over the assets of `held`. Raises InvalidValue for a budget of one that cannot be held."""
        return shares_of(self.budgets, p.universe, held)

    def tail(self) -> ConditionalValueAtRisk:
        """The measure behind "cvar"."""
        return ConditionalValueAtRisk(self.confidence, self.horizon)

    def express(self, program: Program, p: Problem) -> None:
        at, h, price = _logs(self, p)
        _express_risk(program, self, p, at)
        t = program.add_columns(len(at))
        program.add_linear(t, -price)
        program.constant += float(price @ np.log(h))
        one = np.ones((1, 1))
        for t_i, w_i in zip(t, at, strict=True):
            blocks = [(0, one, np.array([t_i])), (2, one, np.array([w_i]))]
            program.add_cone("exponential", blocks, np.array([0.0, 1.0, 0.0]), limit="")

    def value(self, w: Vector, p: Problem) -> float:
        """Infinite where a weight with a budget is not positive."""
        at, h, price = _logs(self, p)
        if not (w[at] > 0.0).all():
            return math.inf
        return _risk(self, p, at, w) - float(price @ np.log(w[at] / h)) + charges(w, p)

    def around(self, w: Vector) -> NearBudgets:
        """The same objective to second order around positive weights w: without logarithms, for whole shares.

        w: (n,) weights.
        """
        return NearBudgets(self, frozen(w))

    def describe(self) -> str:
        what = "volatility" if self.measure == "volatility" else f"CVaR {at_confidence(self.confidence)}"
        whose = "each asset's share of the" if self.budgets is None else "shares of the"
        as_said = f"{whose} {what} equal" if self.budgets is None else f"{whose} {what} as budgeted"
        return as_said + ("" if self.target_volatility is None else f", at {100 * self.target_volatility:g} % volatility")

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> RiskParity:
        given = options("objective", spec, FIELDS, example=EXAMPLE)
        return cls(**{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True, eq=False)
class NearBudgets(Objective):
    """The risk-budget objective with -log replaced by its second-order expansion around `weights`, (n,).

        -log w_i  ~  -log v_i - (w_i - v_i)/v_i + (w_i - v_i)^2 / (2 v_i^2)

    What whole shares are searched by: an asset may then have no share at all, at a price instead of at infinity.
    """

    of: RiskParity
    weights: Vector

    kind: ClassVar[str] = "risk_parity"
    construction: ClassVar[str] = "risk budgets"
    sense: ClassVar[str] = "minimize"
    charges_costs: ClassVar[bool] = False

    @property
    def reads_scenarios(self) -> bool:
        return self.of.reads_scenarios

    @property
    def unit(self) -> str:
        return self.of.unit

    def express(self, program: Program, p: Problem) -> None:
        at, h, price = _logs(self.of, p)
        v = self.weights[at]
        _express_risk(program, self.of, p, at)
        program.add_quadratic(at, price / v**2)
        program.add_linear(at, -2.0 * price / v)
        program.constant += float(price @ (1.5 - np.log(v / h)))

    def value(self, w: Vector, p: Problem) -> float:
        at, h, price = _logs(self.of, p)
        v = self.weights[at]
        moved = (w[at] - v) / v
        logs = np.log(v / h) + moved - 0.5 * moved**2
        return _risk(self.of, p, at, w) - float(price @ logs) + charges(w, p)

    def describe(self) -> str:
        return self.of.describe()


def _logs(objective: RiskParity, p: Problem) -> tuple[Indices, Vector, Vector]:
    """(positions with a budget, their weights in the constructed portfolio, lambda b_i of each)."""
    h = p.constructed()
    held = (h > 0.0) & ~p.universe.is_cash
    b = objective.shares(p, held)
    at = np.flatnonzero(b > 0.0)
    only = np.where(b > 0.0, h, 0.0)
    size = p.moments.covariance.variance(only) if objective.measure == "volatility" else _risk(objective, p, at, only)
    if not size > 0.0:
        raise InvalidValue(
            "objective.measure", objective.measure, "the constructed portfolio has no risk to share", fix="use volatility"
        )
    return at, h[at], size * b[at]


def _risk(objective: RiskParity, p: Problem, at: Indices, w: Vector) -> float:
    """The risk of the assets at `at`, and half the own variance of every other one."""
    inside = np.zeros(p.n)
    inside[at] = w[at]
    rest = w - inside
    alone = 0.5 * float(p.moments.covariance.diagonal() @ rest**2) if np.any(rest) else 0.0
    if objective.measure == "volatility":
        return 0.5 * p.moments.covariance.variance(inside) + alone
    return objective.tail().value(inside, p) + alone


def _express_risk(program: Program, objective: RiskParity, p: Problem, at: Indices) -> None:
    outside = np.ones(p.n, dtype=bool)
    outside[at] = False
    own = np.where(outside, p.moments.covariance.diagonal(), 0.0)
    if objective.measure == "volatility":
        if np.any(own > 0.0):
            _add_variance_of(program, p.moments.covariance, outside, own)
        else:
            add_variance(program, p.moments.covariance)
        return
    scenarios, probabilities = p.scenarios()
    inside = replace(p.moments, scenarios=np.where(outside, 0.0, scenarios), probabilities=probabilities)
    bound = objective.tail().express(program, p.replaced(moments=inside))
    program.add_linear(bound.columns, bound.coefficients)
    program.constant += bound.constant
    if np.any(own > 0.0):
        columns = np.flatnonzero(own > 0.0)
        program.add_quadratic(columns, own[columns])


def _add_variance_of(program: Program, covariance: Covariance, outside: Mask, own: Vector) -> None:
    """Half the variance of the assets inside, and of every other one alone."""
    if not covariance.is_factor_form:
        Sigma = np.where(outside[:, None] | outside, 0.0, covariance.dense())
        Sigma[np.diag_indices_from(Sigma)] += own
        program.add_quadratic(program.weights, Sigma)
        return
    F, Omega, D = covariance.factors()
    G = np.where(outside[:, None], 0.0, F) @ psd_root(Omega)
    y = program.add_columns(G.shape[1])
    block = np.hstack([G.T, -np.eye(len(y))])
    program.add_rows(block, np.concatenate([program.weights, y]), 0.0, 0.0, limit="", relax=0.0)
    program.add_quadratic(program.weights, np.where(outside, own, D))
    program.add_quadratic(y, np.ones(len(y)))
