"""CVaR over thousands of scenarios against HiGHS called directly, PyPortfolioOpt and skfolio; then its frontier.

The least CVaR 95 % of 100 assets over 5,000 daily scenarios, long only, no position above the cap; the frontier asks for 20
points over 1,000 scenarios, the peer at our 20 returns. "violation" is the worst of budget and bounds, "gap" the CVaR over
the least one found (of a frontier: the mean over its points).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np
from markets import Market, market
from measuring import FEASIBLE, HEADER, LONG, Cell, line

ASSETS, SCENARIOS, FRONTIER_SCENARIOS, POINTS = 100, 5_000, 1_000, 20
CONFIDENCE, CAP = 0.95, 0.05
RUNS = 7
Answer = Callable[[], np.ndarray]


def scenario_cells(options: argparse.Namespace) -> list[Cell]:
    """Every engine on both jobs. Left out where 100 assets are not among the sizes asked for."""
    if ASSETS not in options.sizes:
        return []
    print(HEADER)
    m, cells = market(ASSETS), []
    T = SCENARIOS if not options.quick else 1_000
    for job, T_job, engines in (
        (f"CVaR, {T:,} scenarios", T, SINGLE),
        (f"CVaR frontier, {POINTS} points", FRONTIER_SCENARIOS, FRONTIERS),
    ):
        S = scenarios(m, T_job)
        block = [
            _measured(Cell(job, ASSETS, engine, "scenario"), prepare(m, S), S)
            for engine, prepare in engines
            if any(part.lower() in engine.lower() for part in options.engines)
        ]
        _compared(block)
        cells += block
    return cells


def scenarios(m: Market, T: int, seed: int = 20261120) -> np.ndarray:
    """(T, n) daily returns of the market's factor model, with the tails of Student's t at 5 degrees of freedom."""
    rng = np.random.default_rng([seed, T])
    tails = np.sqrt(3.0 / rng.chisquare(5, (T, 1)))
    factors = rng.multivariate_normal(np.zeros(len(m.Omega)), m.Omega, T) @ m.F.T
    own = rng.normal(size=(T, m.n)) * np.sqrt(m.D)
    return np.asarray((factors + own) * tails / np.sqrt(252.0) + m.mu / 252.0)


def cvar(w: np.ndarray, S: np.ndarray) -> float:
    """The mean of the worst 5 % of the losses; their number is a whole one here."""
    worst = np.sort(-(S @ w))[::-1][: round(len(S) * (1.0 - CONFIDENCE))]
    return float(worst.mean())


def _measured(cell: Cell, answer: Answer | str, S: np.ndarray) -> Cell:
    if isinstance(answer, str):
        cell.note = f"not offered: {answer}"
        return cell
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = time.perf_counter()
        found = np.atleast_2d(answer())
        first = time.perf_counter() - first
        times = []
        for _ in range(RUNS if first < LONG else 1):
            wall, cpu = time.perf_counter(), time.process_time()
            found = np.atleast_2d(answer())
            times.append((time.process_time() - cpu, time.perf_counter() - wall))
    cell.runs, cell.seconds, cell.wall = len(times), median(t[0] for t in times), median(t[1] for t in times)
    cell.violation = max(float(np.abs(found.sum(axis=1) - 1.0).max()), float((-found).max()), float((found - CAP).max()), 0.0)
    cell.objective = float(np.mean([cvar(w, S) for w in found]))
    return cell


def _compared(block: list[Cell]) -> None:
    usable = [cell for cell in block if cell.objective is not None]
    feasible = [cell.objective for cell in usable if cell.violation is not None and cell.violation <= FEASIBLE]
    ours = next((cell.seconds for cell in block if cell.engine == "portopt"), None)
    for cell in block:
        if cell.objective is not None and feasible:
            best = min(value for value in feasible if value is not None)
            cell.gap = (cell.objective - best) / best
        cell.ratio = cell.seconds / ours if ours and cell.seconds is not None else None
        print(line(cell))


def _ours(certified: bool) -> Callable[[Market, np.ndarray], Answer]:
    def prepare(m: Market, S: np.ndarray) -> Answer:
        from portopt.audit import certify
        from portopt.optimization import assemble, optimize

        def answer() -> np.ndarray:
            problem = _problem(m, S)
            form = assemble(problem)
            solution = optimize(problem, form=form)
            if certified:
                return certify(problem, form, solution).weights
            if solution.weights is None:
                raise RuntimeError(solution.status.value)
            return solution.weights

        return answer

    return prepare


def _problem(m: Market, S: np.ndarray):
    from portopt.domain.moments import Covariance, Moments
    from portopt.domain.problem import Problem
    from portopt.domain.universe import Universe
    from portopt.terms.catalog import parse_limits, parse_objective

    moments = Moments(
        Universe.of([f"A{i:05d}" for i in range(m.n)]), m.mu, Covariance(F=m.F, Omega=m.Omega, D=m.D), scenarios=S
    )
    limits = parse_limits({"budget": True, "long_only": True, "max_weight": CAP})
    return Problem(moments, parse_objective({"kind": "min_risk", "measure": "cvar", "confidence": CONFIDENCE}), limits)


def _our_frontier(m: Market, S: np.ndarray) -> Answer:
    from portopt.optimization import efficient_frontier
    from portopt.terms.risk_measures.catalog import parse_measure

    measure = parse_measure("measure", "cvar", {"confidence": CONFIDENCE})
    return lambda: np.array([p.weights for p in efficient_frontier(_problem(m, S), POINTS, measure=measure).points])


def _highs(m: Market, S: np.ndarray) -> Answer:
    """The linear program of Rockafellar and Uryasev, as it stands, by scipy's HiGHS."""
    import scipy.sparse as sp
    from scipy.optimize import linprog

    T, n = S.shape

    def answer() -> np.ndarray:
        c = np.concatenate([np.zeros(n), [1.0], np.full(T, 1.0 / (T * (1.0 - CONFIDENCE)))])
        A = sp.hstack([sp.csr_array(-S), sp.csr_array(-np.ones((T, 1))), -sp.eye_array(T)], format="csr")
        budget = sp.csr_array(np.concatenate([np.ones(n), np.zeros(T + 1)])[None, :])
        bounds = [(0.0, CAP)] * n + [(None, None)] + [(0.0, None)] * T
        return np.asarray(linprog(c, A, np.zeros(T), budget, [1.0], bounds=bounds, method="highs").x[:n])

    return answer


def _pyportfolioopt(m: Market, S: np.ndarray) -> Answer:
    from pypfopt import EfficientCVaR

    def answer() -> np.ndarray:
        book = EfficientCVaR(m.mu, S, beta=CONFIDENCE, weight_bounds=(0, CAP))
        book.min_cvar()
        return np.array(book.weights)

    return answer


def _skfolio(m: Market, S: np.ndarray) -> Answer:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk

    model = MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=CONFIDENCE, max_weights=CAP)
    return lambda: np.asarray(model.fit(S).weights_)


def _pyportfolioopt_frontier(m: Market, S: np.ndarray) -> Answer:
    from pypfopt import EfficientCVaR

    returns = [float(m.mu @ w) for w in _our_frontier(m, S)()]

    def answer() -> np.ndarray:
        found = []
        for r in returns:
            book = EfficientCVaR(m.mu, S, beta=CONFIDENCE, weight_bounds=(0, CAP))
            book.efficient_return(r - 1e-9)
            found.append(np.array(book.weights))
        return np.array(found)

    return answer


SINGLE = (
    ("portopt", _ours(False)),
    ("portopt+audit", _ours(True)),
    ("HiGHS direct", _highs),
    ("PyPortfolioOpt", _pyportfolioopt),
    ("skfolio", _skfolio),
)
FRONTIERS = (("portopt", _our_frontier), ("PyPortfolioOpt", _pyportfolioopt_frontier))
