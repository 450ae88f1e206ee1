"""A problem as any optimizer would state it: bounds and rows on weights, a turnover, two cones, proportional costs.

Nothing of our own program goes in. What the limits forbid is learned from the auditor's voice: of a limit that is affine in
the weights, `read` at zero and at each single asset is the whole of it. What is not affine is known by name, or not at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.problem import Limit, Problem

MOST_ASSETS = 600  # of a problem that is asked again: the work is counted, and a larger one says no more
AFFINE = 1e-9
PLAIN_OBJECTIVES = ("max_sharpe", "min_risk", "utility", "max_return", "min_tracking_error")
CONES = {"max_turnover": "turnover", "max_tracking_error": "tracking_error", "max_volatility": "volatility"}


class NoAnswer(Exception):
    """Another engine found no weights. Its words are the message."""


@dataclass(frozen=True, slots=True, eq=False)
class PlainQuestion:
    """A w between lower and upper (m,), and the rest where it is not None.

    kind: one of PLAIN_OBJECTIVES. gamma: its risk aversion, 1 where it has none. root: (n, k) with root root' = Sigma.
    rates: (n,) cost of a unit traded, a year. turnover: the most that may change hands, one way, cash included.
    """

    kind: str
    gamma: float
    mu: Vector
    root: Matrix
    A: Matrix
    lower: Vector
    upper: Vector
    risk_free_rate: float
    rates: Vector
    w_prev: Vector | None = None
    benchmark: Vector | None = None
    turnover: float | None = None
    tracking_error: float | None = None
    volatility: float | None = None

    @property
    def n(self) -> int:
        return len(self.mu)

    @property
    def charged(self) -> bool:
        return bool(self.rates.any())


def plain_question(problem: Problem) -> PlainQuestion | str:
    """The question, or why it cannot be asked of anybody else."""
    why = _beyond(problem)
    if why is not None:
        return why
    rates = _rates(problem)
    if isinstance(rates, str):
        return rates
    rows: list[tuple[Matrix, Vector, Vector]] = []
    cones: dict[str, float] = {}
    for limit in problem.limits:
        if limit.kind in CONES:
            cones[CONES[limit.kind]] = float(limit.read(np.zeros(problem.n), problem).upper[0])
            continue
        found = _affine(limit, problem)
        if found is None:
            return f"the limit {limit.kind} is not affine in the weights"
        rows.append(found)
    return PlainQuestion(
        kind=problem.objective.kind,
        gamma=problem.objective.gamma or 1.0,
        mu=problem.moments.mu,
        root=_root(problem.moments.Sigma),
        A=np.vstack([A for A, _, _ in rows]),
        lower=np.concatenate([lower for _, lower, _ in rows]),
        upper=np.concatenate([upper for _, _, upper in rows]),
        risk_free_rate=problem.risk_free_rate,
        rates=rates,
        w_prev=problem.w_prev,
        benchmark=problem.benchmark,
        **cones,
    )


def _beyond(problem: Problem) -> str | None:
    objective = problem.objective
    if problem.n > MOST_ASSETS:
        return f"{problem.n} assets are more than {MOST_ASSETS}"
    if objective.kind not in PLAIN_OBJECTIVES:
        return f"the objective {objective.kind} is known here alone"
    measure = getattr(objective, "measure", "volatility")
    if measure != "volatility":
        return f"the risk measure {measure} is not asked of others yet"
    soft = [limit.kind for limit in problem.limits if limit.soft]
    return f"the limit {soft[0]} is a wish with a price" if soft else None


def _affine(limit: Limit, problem: Problem) -> tuple[Matrix, Vector, Vector] | None:
    """(A, lower, upper) with measured = A w + c, c taken into the sides; None where it is anything else."""
    n = problem.n
    at_zero = limit.read(np.zeros(n), problem)
    constant = at_zero.measured
    columns = []
    for i in range(n):
        one = np.zeros(n)
        one[i] = 1.0
        reading = limit.read(one, problem)
        if reading.members != at_zero.members:
            return None
        columns.append(reading.measured - constant)
    A = np.array(columns).T.reshape(len(constant), n)
    trial = np.cos(np.arange(1, n + 1) * math.e) / n  # of no rhythm, and of both signs
    reading = limit.read(trial, problem)
    same = reading.members == at_zero.members and np.allclose(reading.measured, A @ trial + constant, rtol=0.0, atol=AFFINE)
    if not same or not np.array_equal(reading.lower, at_zero.lower) or not np.array_equal(reading.upper, at_zero.upper):
        return None
    return A, at_zero.lower - constant, at_zero.upper - constant


def _rates(problem: Problem) -> Vector | str:
    """(n,) what a unit traded costs a year, by the auditor's voice of every cost; a sentence where one is not proportional."""
    rates = np.zeros(problem.n)
    if not problem.objective.charges_costs or not problem.costs:
        return rates
    before = problem.previous()
    for cost in problem.costs:
        for i in range(problem.n):
            step = np.zeros(problem.n)
            step[i] = 0.01
            up, down, twice = (cost.convex_value(before + k * step, problem) for k in (1.0, -1.0, 2.0))
            if abs(up - down) > AFFINE or abs(twice - 2.0 * up) > AFFINE:
                return f"the cost {cost.kind} is not in proportion to what is traded"
            rates[i] += up / 0.01
    return rates / problem.holding_period_years


def _root(Sigma: Matrix) -> Matrix:
    """(n, n) root with root root' = Sigma, by its eigenvalues; what rounding made negative is zero."""
    values, vectors = np.linalg.eigh(Sigma)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
