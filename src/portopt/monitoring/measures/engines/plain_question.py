"""A problem as any optimizer would state it: rows on weights, a turnover, two cones, proportional costs, mean and variance.

Nothing of our own program goes in, and no term is known by its name: what is wanted and what is forbidden is learned from the
auditor's voices, `value` and `read`, at points that say it all where it is of such a form, and tried at others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import PortoptError
from portopt.domain.problem import Limit, Problem

MOST_ASSETS = 600  # of a problem that is asked again: the work is counted, and a larger one says no more
SAME = 1e-9
TRIALS = 12  # points at which a form that was learned is tried


class NoAnswer(Exception):
    """Another engine found no weights. Its words are the message."""


@dataclass(frozen=True, slots=True, eq=False)
class PlainQuestion:
    """Of all w with lower <= A w <= upper (m,), and what else is not None, the best by

        (mu'w - rf - costs) / sqrt(w'Sigma w)                                                       where it is a ratio, else
        reward mu'w - gamma/2 w'Sigma w - active/2 (w - b)'Sigma (w - b) - costs

    root: (n, n) with root root' = Sigma. rates: (n,) cost of a unit traded, a year. turnover: the most that may change hands,
    one way, cash included. tracking_error, volatility: annual.
    """

    mu: Vector
    root: Matrix
    A: Matrix
    lower: Vector
    upper: Vector
    rates: Vector
    ratio: bool = False
    reward: float = 0.0
    gamma: float = 0.0
    active: float = 0.0
    risk_free_rate: float = 0.0
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
    if problem.n > MOST_ASSETS:
        return f"{problem.n} assets are more than {MOST_ASSETS}"
    soft = [limit.kind for limit in problem.limits if limit.soft]
    if soft:
        return f"the limit {soft[0]} is a wish with a price"
    wanted, rates = _wanted(problem), _rates(problem)
    if wanted is None:
        return f"the objective {problem.objective.kind} is not one of mean and variance"
    if isinstance(rates, str):
        return rates
    rows: list[tuple[Matrix, Vector, Vector]] = []
    cones: dict[str, float] = {}
    for limit in problem.limits:
        found, cone = _affine(limit, problem), None
        if found is not None:
            rows.append(found)
        elif (cone := _cone(limit, problem)) is not None:
            cones[cone] = float(limit.read(np.zeros(problem.n), problem).upper[0])
        else:
            return f"the limit {limit.kind} is neither affine nor one of the known cones"
    A, lower, upper = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return PlainQuestion(
        mu=problem.moments.mu, root=_root(problem.moments.Sigma), A=A, lower=lower, upper=upper, rates=rates,
        ratio=wanted.ratio, reward=wanted.reward, gamma=wanted.gamma, active=wanted.active,
        risk_free_rate=problem.risk_free_rate, w_prev=problem.w_prev, benchmark=problem.benchmark,
        turnover=cones.get("turnover"), tracking_error=cones.get("tracking_error"), volatility=cones.get("volatility"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """As in PlainQuestion."""

    ratio: bool = False
    reward: float = 0.0
    gamma: float = 0.0
    active: float = 0.0


def _wanted(problem: Problem) -> Wanted | None:
    """What `value` tells at trial points; None where it is of another form."""
    objective, covariance, mu = problem.objective, problem.moments.covariance, problem.moments.mu
    free = problem.replaced(costs=(), limits=())
    points = _points(problem)
    try:
        values = np.array([objective.value(w, free) for w in points])
    except PortoptError:  # it needs more than weights: scenarios, a portfolio that was constructed
        return None
    if not np.isfinite(values).all():
        return None
    returns = np.array([float(mu @ w) for w in points])
    deviations = np.array([covariance.volatility(w) for w in points])
    if np.allclose(values * deviations, returns - problem.risk_free_rate, rtol=0.0, atol=SAME):
        return Wanted(ratio=True)
    names, columns = ["reward", "gamma"], [returns, [-0.5 * covariance.variance(w) for w in points]]
    if problem.benchmark is not None:
        names.append("active")
        columns.append([-0.5 * covariance.variance(w - problem.benchmark) for w in points])
    basis = np.array(columns).T
    sign = 1.0 if objective.sense == "maximize" else -1.0
    weights = np.linalg.lstsq(basis, sign * values, rcond=None)[0]
    weights[np.abs(weights) < SAME] = 0.0
    if not np.allclose(basis @ weights, sign * values, rtol=0.0, atol=SAME) or (weights < 0.0).any():
        return None
    return Wanted(**dict(zip(names, weights.tolist(), strict=True)))


def _affine(limit: Limit, problem: Problem) -> tuple[Matrix, Vector, Vector] | None:
    """(A, lower, upper) with measured = A w + c, c taken into the sides; None where it is anything else."""
    n = problem.n
    at_zero = limit.read(np.zeros(n), problem)
    constant = at_zero.measured
    A = np.zeros((len(constant), n))
    for i in range(n):
        reading = limit.read(np.eye(1, n, i)[0], problem)
        if reading.members != at_zero.members:
            return None
        A[:, i] = reading.measured - constant
    for trial in _points(problem)[:3]:
        reading = limit.read(trial, problem)
        same = reading.members == at_zero.members and np.allclose(reading.measured, A @ trial + constant, rtol=0.0, atol=SAME)
        if not same or not np.array_equal(reading.lower, at_zero.lower) or not np.array_equal(reading.upper, at_zero.upper):
            return None
    return A, at_zero.lower - constant, at_zero.upper - constant


def _cone(limit: Limit, problem: Problem) -> str | None:
    """Which of the known convex functions the limit caps: "turnover", "tracking_error" or "volatility"; None for no other."""
    volatility, b, before = problem.moments.covariance.volatility, problem.benchmark, problem.w_prev
    known: dict[str, Callable[[Vector], float]] = {"volatility": volatility}
    if b is not None:
        known["tracking_error"] = lambda w: volatility(w - b)
    if before is not None:
        known["turnover"] = lambda w: float(np.abs(w - before).sum() / 2.0)
    readings = [limit.read(w, problem) for w in _points(problem)]
    if any(len(r.measured) != 1 or np.isfinite(r.lower[0]) or not np.isfinite(r.upper[0]) for r in readings):
        return None
    measured = [float(r.measured[0]) for r in readings]
    return next(
        (name for name, f in known.items()
         if np.allclose([f(w) for w in _points(problem)], measured, rtol=0.0, atol=SAME)), None
    )  # fmt: skip


def _points(problem: Problem) -> list[Vector]:
    """Weights of no rhythm and of both signs, the same whenever they are asked for."""
    rng = np.random.default_rng(problem.n)
    return [rng.normal(0.0, 1.0 / math.sqrt(problem.n), problem.n) for _ in range(TRIALS)]


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
            if abs(up - down) > SAME or abs(twice - 2.0 * up) > SAME:
                return f"the cost {cost.kind} is not in proportion to what is traded"
            rates[i] += up / 0.01
    return rates / problem.holding_period_years


def _root(Sigma: Matrix) -> Matrix:
    """(n, n) root with root root' = Sigma, by its eigenvalues; what rounding made negative is zero."""
    values, vectors = np.linalg.eigh(Sigma)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
