"""Portfolios whose systematic risk is shared out among factors as asked.

Shares of the factors in a variance are no convex function of the weights, but in the space of exposures they are a risk
budgeting problem like any other, with Omega for a covariance:

    y:  y_k (Omega y)_k = b_k                               (Spinu's convex problem, one Newton solve of K columns)
    h:  minimize  w'D w + s^2   such that  B'w = s y,  1'w = 1

Shares do not depend on the scale s, so h has the budgets exactly, the least specific risk that goes with them, and of all
scales the one with the least variance. Limits are kept afterwards by the objective's nearest portfolio.

Source: Roncalli and Weisang (2016), Risk parity portfolios with risk factors, Quantitative Finance 16.
"""

from __future__ import annotations

import numpy as np

from portopt.construction.reach import invested_share, may_be_held, weight_reach
from portopt.construction.risk_budgets import risk_budget_weights
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.factor_model import FactorModel
from portopt.domain.moments import Covariance
from portopt.domain.problem import Problem
from portopt.terms.objectives.factor_risk_budget import FIELD, FactorRiskBudget
from portopt.terms.shared.named_exposures import model_of

QUIET = 1e-10  # of the mean specific variance: no asset is taken to have less
SINGULAR = 1e-12


def factor_budget_target(problem: Problem) -> Vector:
    """(n,) weights with the budgets of a `factor_risk_budget` objective; assets that may not be held have none.

    Raises InvalidValue for a factor the model does not have, DataError where too few assets, or too similar ones, can carry
    the exposures, or none can with the signs asked for.
    """
    objective = problem.objective
    if not isinstance(objective, FactorRiskBudget):
        raise DataError(f"the objective {objective.kind} has no factor budgets", field="objective")
    model = model_of(problem, FIELD)
    y = budget_exposures(model, objective.shares(model.names))
    lower, upper = weight_reach(problem)
    held = np.flatnonzero(may_be_held(problem, upper) | (lower < 0.0) & ~problem.universe.is_cash)
    share = invested_share(problem, lower, upper)
    h = np.zeros(problem.n)
    h[held] = share * carrying(model.B[held], model.D[held], y)
    if problem.universe.cash_position is not None:
        h[problem.universe.cash_position] = 1.0 - share
    return h


def budget_exposures(model: FactorModel, shares: Vector) -> Vector:
    """(K,) exposures y with y'Omega y = 1 and y_k (Omega y)_k = |shares_k|, signed as shares; zero where they are."""
    at = np.flatnonzero(shares)
    sign = np.sign(shares[at])
    Omega = model.Omega[np.ix_(at, at)] * np.outer(sign, sign)
    found = np.zeros(len(shares))
    found[at] = sign * risk_budget_weights(Covariance(Sigma=Omega), np.abs(shares[at]) / np.abs(shares).sum())
    return np.asarray(found / np.sqrt(found @ model.Omega @ found))


def carrying(B: Matrix, D: Vector, y: Vector) -> Vector:
    """(m,) weights adding to one with exposures along y and the least w'Dw + s^2.  B: (m, K); D: (m,); y: (K,)."""

    inverse = 1.0 / np.maximum(D, QUIET * float(D.mean()) or 1.0)
    C = np.vstack([np.column_stack([B.T, -y]), [*np.ones(len(D)), 0.0]])  # rows: B'w - s y = 0 and 1'w = 1
    H = np.append(inverse, 1.0)
    system = (C * H) @ C.T
    size = np.sqrt(np.diagonal(system))
    scaled = system / np.outer(size, size)
    if np.linalg.eigvalsh(scaled)[0] < SINGULAR:
        raise DataError(
            f"the exposures of {len(D)} assets cannot be set factor by factor",
            field=FIELD,
            measured={"assets": len(D), "factors": len(y)},
            fixes=["name fewer factors", "allow more assets"],
        )
    right = np.append(np.zeros(len(y)), 1.0)
    x = H * (C.T @ (np.linalg.solve(scaled, right / size) / size))
    if x[-1] <= 0.0:
        raise DataError(
            "a portfolio that is worth something has the opposite exposures: these assets cannot carry such budgets",
            field=FIELD,
            measured={"scale": float(x[-1])},
            fixes=["give the budget of a factor the other sign"],
        )
    return np.asarray(x[:-1])
