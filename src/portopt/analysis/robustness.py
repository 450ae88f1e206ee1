"""What robustness costs and what it buys, and how much an answer moves when the history might have been another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Moments
from portopt.domain.problem import Objective, Problem
from portopt.terms.objectives.max_sharpe import MaxSharpe
from portopt.terms.objectives.min_risk import MinRisk
from portopt.terms.objectives.robust_max_sharpe import RobustMaxSharpe
from portopt.terms.objectives.robust_min_risk import RobustMinRisk
from portopt.terms.objectives.robust_utility import RobustUtility
from portopt.terms.objectives.utility import Utility

ROBUST = (RobustUtility, RobustMinRisk, RobustMaxSharpe)

Answering = Callable[[Problem], Vector]


@dataclass(frozen=True, slots=True, eq=False)
class WorstCase:
    """One portfolio at the beliefs and at the worst of their sets, in the objective's unit.

    expected_returns: (n,) the worst ones, None where they are believed. expected_return, volatility: of the portfolio, annual,
    as believed; worst_return, worst_volatility: at the worst.
    """

    nominal: float
    worst: float
    expected_return: float
    worst_return: float
    volatility: float
    worst_volatility: float
    expected_returns: Vector | None


@dataclass(frozen=True, slots=True)
class PriceOfRobustness:
    """price: what the robust portfolio gives up at the beliefs against the nominal optimum: its regret if they are right.

    protection: what it is better by at the worst of the sets. Both in the objective's unit, never negative at the optima.
    distance: one-way turnover between the two portfolios.
    """

    price: float
    protection: float
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """How much the answer moves over resampled histories. Turnovers are one-way, against the answer at hand.

    between: the mean turnover from one draw's answer to the next one's. spread: (n,) standard deviation of each weight.
    weights: (draws, n).
    """

    mean_turnover: float
    largest_turnover: float
    between: float
    spread: Vector
    weights: Matrix


def nominal(problem: Problem) -> Problem:
    """The same problem with the beliefs taken at their word. Raises InvalidValue for an objective that is not robust."""
    robust = _robust(problem)
    objective: Objective
    if isinstance(robust, RobustUtility):
        objective = Utility(robust.risk_aversion)
    elif isinstance(robust, RobustMinRisk):
        objective = MinRisk(robust.risk_aversion)
    else:
        objective = MaxSharpe()
    return problem.replaced(objective=objective)


def worst_case(problem: Problem, w: Vector) -> WorstCase:
    """A portfolio (n,) at the worst of the sets of a robust problem."""
    robust = _robust(problem)
    returns = None if isinstance(robust, RobustMinRisk) else robust.returns
    believed = float(problem.moments.mu @ w)
    variance = problem.moments.covariance.variance(w)
    worst_variance = variance if robust.covariance is None else robust.covariance.variance(w, problem)
    plain = nominal(problem)
    return WorstCase(
        nominal=plain.objective.value(w, plain),
        worst=robust.value(w, problem),
        expected_return=believed,
        worst_return=believed - (0.0 if returns is None else returns.penalty(w, problem)),
        volatility=float(np.sqrt(variance)),
        worst_volatility=float(np.sqrt(worst_variance)),
        expected_returns=None if returns is None else returns.worst(w, problem),
    )


def regret(problem: Problem, w: Vector, optimum: Vector) -> float:
    """How much worse w is than the optimum of `problem`, in the objective's unit; never negative for what keeps its limits.

    w, optimum: (n,) weights.
    """
    sign = 1.0 if problem.objective.sense == "maximize" else -1.0
    return sign * (problem.objective.value(optimum, problem) - problem.objective.value(w, problem))


def price_of_robustness(problem: Problem, robust_weights: Vector, nominal_weights: Vector) -> PriceOfRobustness:
    """Both optima of a robust problem compared: at the beliefs, and at the worst of the sets.

    robust_weights, nominal_weights: (n,) weights.
    """
    return PriceOfRobustness(
        price=regret(nominal(problem), robust_weights, nominal_weights),
        protection=regret(problem, nominal_weights, robust_weights),
        distance=0.5 * float(np.abs(robust_weights - nominal_weights).sum()),
    )


def stability(problem: Problem, w: Vector, draws: Iterable[Moments], answer: Answering) -> Stability:
    """The answers to the same problem under other beliefs, against w (n,).

    draws: estimation.uncertainty.resampled(moments), or any others on the same universe. answer: how a problem is solved.
    """
    weights = np.array([answer(problem.replaced(moments=moments)) for moments in draws])
    if not len(weights):
        raise InvalidValue("draws", [], "at least one is needed", fix="draw 50")
    moved = 0.5 * np.abs(weights - w).sum(axis=1)
    steps = 0.5 * np.abs(np.diff(weights, axis=0)).sum(axis=1)
    return Stability(
        mean_turnover=float(moved.mean()),
        largest_turnover=float(moved.max()),
        between=float(steps.mean()) if len(steps) else 0.0,
        spread=weights.std(axis=0),
        weights=weights,
    )


def _robust(problem: Problem) -> RobustUtility | RobustMinRisk | RobustMaxSharpe:
    if not isinstance(problem.objective, ROBUST):
        kinds = ", ".join(kind.kind for kind in ROBUST)
        raise InvalidValue(
            "objective.kind", problem.objective.kind, "has no set to be robust against", fix=f"use one of {kinds}"
        )
    return problem.objective
