"""The efficient frontier: 100 assets, 100 points, sector rows; and without them, against the critical line algorithm."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import libraries
import numpy as np
from markets import RISK_FREE, SECTORS, Job, Market, jobs, market
from measuring import Cell, compare, line, measure

POINTS = 100
ASSETS = 100
LARGE = 1_000


class _Frontier:
    """What measuring.measure asks of a job, for weights (points, n): the worst violation, and the mean of the volatilities
    less what the exact frontier has at the same returns, over the exact one (so that zero is the best there is)."""

    def __init__(self, name: str, job: Job, m: Market, exact: Callable[[np.ndarray], np.ndarray], *, sectors: bool) -> None:
        self.name, self._job, self._exact, self._sectors = name, job, exact, sectors

    def violation(self, m: Market, W: np.ndarray) -> float:
        found = [float(np.abs(W.sum(axis=1) - 1.0).max()), float((-W).max()), float((W - self._job.cap).max())]
        if self._sectors:
            found.append(float((W @ m.S.T).max()) - self._job.sector_cap)
        return max(0.0, *found)

    def objective(self, m: Market, W: np.ndarray) -> float:
        volatility = np.sqrt(np.einsum("ij,ij->i", W @ m.Sigma, W))
        return 1.0 + float(np.mean(volatility / self._exact(W @ m.mu) - 1.0))


def frontier_cells(options: argparse.Namespace) -> list[Cell]:
    """Both tables, printed as they grow."""
    found = []
    for n, sectors in ((ASSETS, True), (ASSETS, False), (LARGE, True)):
        if n == LARGE and options.quick:
            continue
        found += _table(n, sectors, options)
    return found


def _table(n: int, sectors: bool, options: argparse.Namespace) -> list[Cell]:
    m = market(n)
    job = jobs(m)[0]
    name = f"frontier, {POINTS} points" + (", sectors" if sectors else ", box")
    frontier = _Frontier(name, job, m, _exact(job, m, sectors), sectors=sectors)
    engines: list[tuple[str, str, Callable[[], np.ndarray]]] = [
        ("portopt", "factors", _ours(job, m, sectors, factors=True)),
        ("portopt", "dense", _ours(job, m, sectors, factors=False)),
    ]
    if n == ASSETS:
        engines.append(("skfolio", "dense", _skfolio(job, m, sectors)))
        engines += [] if sectors else [("PyPortfolioOpt", "dense", _critical_line(job, m))]
    cells = []
    for engine, form, answer in engines:
        if any(part.lower() in engine.lower() for part in options.engines):
            cell = measure(Cell(name, n, engine, form), answer, frontier, m, budget=options.budget)  # type: ignore[arg-type]
            if engine == "portopt" and not cell.note:
                cell.note = "every turning point, then the points between them"
            cells.append(cell)
    compare(cells)
    for cell in cells:
        print(line(cell), flush=True)
    return cells


def _problem(job: Job, m: Market, sectors: bool, factors: bool) -> object:
    from portopt.domain.moments import Covariance, Moments
    from portopt.domain.problem import Problem
    from portopt.domain.universe import Asset, Universe
    from portopt.terms.catalog import parse_limits, parse_objective

    universe = Universe(tuple(Asset(f"A{i:05d}", sector=f"S{s}") for i, s in enumerate(m.sector)))
    covariance = Covariance(F=m.F, Omega=m.Omega, D=m.D) if factors else Covariance(Sigma=m.Sigma)
    limits = {"budget": True, "long_only": True, "max_weight": job.cap}
    limits |= {"sector_limits": job.sector_cap} if sectors else {}
    objective = parse_objective({"kind": "min_risk"})
    return Problem(Moments(universe, m.mu, covariance), objective, parse_limits(limits), risk_free_rate=RISK_FREE)


def _ours(job: Job, m: Market, sectors: bool, *, factors: bool) -> Callable[[], np.ndarray]:
    from portopt.optimization import efficient_frontier

    def answer() -> np.ndarray:
        frontier = efficient_frontier(_problem(job, m, sectors, factors), POINTS)  # type: ignore[arg-type]
        return np.array([point.weights for point in frontier.points])

    return answer


def _exact(job: Job, m: Market, sectors: bool) -> Callable[[np.ndarray], np.ndarray]:
    """Volatility of the exact frontier at given returns, its segments' own parabolas."""
    from portopt.optimization import efficient_frontier

    corners = efficient_frontier(_problem(job, m, sectors, True), 2).corners  # type: ignore[arg-type]
    W = np.array([corner.weights for corner in corners])
    returns = W @ m.mu

    def volatility(wanted: np.ndarray) -> np.ndarray:
        k = np.clip(np.searchsorted(returns, wanted) - 1, 0, len(returns) - 2)
        part = np.clip((wanted - returns[k]) / np.maximum(returns[k + 1] - returns[k], 1e-300), 0.0, 1.0)
        there = W[k] + part[:, None] * (W[k + 1] - W[k])
        return np.sqrt(np.einsum("ij,ij->i", there @ m.Sigma, there))

    return volatility


def _skfolio(job: Job, m: Market, sectors: bool) -> Callable[[], np.ndarray]:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction

    limits = {"left_inequality": m.S, "right_inequality": np.full(SECTORS, job.sector_cap)} if sectors else {}
    X = np.random.default_rng(0).normal(0.0, 0.01, (3, m.n))  # asked for, and not looked at

    def answer() -> np.ndarray:
        model = MeanRisk(
            objective_function=ObjectiveFunction.MINIMIZE_RISK,
            risk_measure=RiskMeasure.VARIANCE,
            efficient_frontier_size=POINTS,
            prior_estimator=libraries.given_moments(m),
            max_weights=job.cap,
            **limits,
        )
        return np.asarray(model.fit(X).weights_)

    return answer


def _critical_line(job: Job, m: Market) -> Callable[[], np.ndarray]:
    from pypfopt.cla import CLA

    def answer() -> np.ndarray:
        line = CLA(m.mu, m.Sigma, weight_bounds=(0, job.cap))
        # It divides the points among its segments and gives none at all where there are more segments than points.
        line.efficient_frontier(points=4 * POINTS)
        return np.array([np.asarray(w).ravel() for w in line.frontier_values[2]])

    return answer
