"""The portfolio with the shares of the risk that were asked for, and cash beside it."""

from __future__ import annotations

import numpy as np

from portopt.construction.cvar_budgets import cvar_budget_weights
from portopt.construction.reach import invested_share, may_be_held, weight_reach
from portopt.construction.risk_budgets import risk_budget_weights
from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import DataError, MissingInput
from portopt.domain.moments import Covariance
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH
from portopt.terms.objectives.risk_parity import RiskParity
from portopt.terms.risk_measures.scenarios import horizon_returns


def risk_parity_target(problem: Problem) -> Vector:
    """(n,) weights, cash included: exact budgets over what the limits allow to be held.

    Cash takes what the limits make it take, and with target_volatility what is left of the mix

        s h + (1 - s) cash,        s = target_volatility / sigma(h)

    where s is kept within what cash and leverage limits allow: scaled, never bent.
    Raises InvalidValue for budgets that the limits contradict, DataError for an asset without risk.
    """
    objective = problem.objective
    if not isinstance(objective, RiskParity):
        raise DataError("the risk-parity portfolio is constructed for its own objective", field="objective.kind")
    lower, upper = weight_reach(problem)
    b = objective.shares(problem, may_be_held(problem, upper))
    at = np.flatnonzero(b > 0.0)
    require_risk(problem, at, field="objective.budgets", fix="give budgets to the others by name")
    h = np.zeros(problem.n)
    h[at] = _weights(problem, objective, at, b[at])
    wanted = 1.0
    if objective.target_volatility is not None:
        if problem.universe.cash_position is None:
            raise MissingInput(
                "a target volatility is reached by mixing with cash, and this universe has none",
                field="objective.target_volatility",
                fixes=[f"add {CASH} to the assets", "take target_volatility out"],
            )
        wanted = objective.target_volatility / problem.moments.covariance.volatility(h)
    return with_cash(problem, h, invested_share(problem, lower, upper, wanted))


def with_cash(problem: Problem, h: Vector, share: float) -> Vector:
    """`share` of the portfolio in h, the rest in cash.

    h: (n,) weights adding up to one, nothing in cash; so is the answer, which is (n,) too.
    """
    w = share * h
    if problem.universe.cash_position is not None:
        w[problem.universe.cash_position] = 1.0 - share
    return w


def among(covariance: Covariance, at: Indices) -> Covariance:
    """The covariance of the assets at `at` alone, in the form it is kept in.

    at: (k,) positions; the answer is of k assets.
    """
    if np.array_equal(at, np.arange(len(covariance))):
        return covariance
    if covariance.is_factor_form:
        F, Omega, D = covariance.factors()
        return Covariance(F=F[at], Omega=Omega, D=D[at])
    return Covariance(Sigma=covariance.dense()[np.ix_(at, at)])


def _weights(problem: Problem, objective: RiskParity, at: Indices, b: Vector) -> Vector:
    if objective.measure == "volatility":
        return risk_budget_weights(among(problem.moments.covariance, at), b)
    R, probabilities = horizon_returns(problem, objective.horizon)
    return cvar_budget_weights(np.ascontiguousarray(R[:, at]), probabilities, objective.confidence, b).weights


def require_risk(problem: Problem, at: Indices, *, field: str, fix: str) -> None:
    """Raises DataError, by name, where assets that would have to carry a part of the risk have none. at: (k,) positions."""
    variances = problem.moments.covariance.diagonal()
    riskless = [problem.universe.ids[i] for i in at if not variances[i] > 0.0]
    if riskless:
        raise DataError(
            f"without any risk, and so without a share of it: {', '.join(riskless)}",
            field=field,
            value=riskless,
            fixes=["take these assets out", fix],
        )
