"""1,000 portfolios on one covariance of 500 assets: their own expected returns, risk aversions and caps."""

from __future__ import annotations

import argparse
import time

import numpy as np
from markets import RISK_FREE, SECTORS, Market, market
from measuring import Cell, line

ASSETS = 500
MEMBERS = 1_000
SAMPLE = 3  # of the peers, which take most of a second each; the rest is multiplied
CAPS = (0.02, 0.03, 0.05)
SECTOR_CAP = 0.25
NAME = f"{MEMBERS:,} portfolios, one Sigma"


def batch_cells(options: argparse.Namespace) -> list[Cell]:
    """One line an engine: CPU seconds for all of them, printed as they come."""
    m, members = market(ASSETS), 100 if options.quick else MEMBERS
    asked = _members(m, members)
    cells = []
    for engine, form, factors, certified in (
        ("portopt", "factors", True, False),
        ("portopt+audit", "factors", True, True),
        ("portopt", "dense", False, False),
        ("portopt+audit", "dense", False, True),
    ):
        if _wanted(engine, options):
            cells.append(_ours(m, asked, Cell(NAME, ASSETS, engine, form), factors, certified))
            print(line(cells[-1]), flush=True)
    if _wanted("PyPortfolioOpt", options):
        cells.append(_pyportfolioopt(m, asked[:SAMPLE], Cell(NAME, ASSETS, "PyPortfolioOpt", "dense"), MEMBERS))
        ours = next((c.seconds for c in cells if c.engine == "portopt" and c.seconds), None)
        cells[-1].ratio = None if ours is None or cells[-1].seconds is None else cells[-1].seconds / ours
        print(line(cells[-1]), flush=True)
    return cells


def _members(m: Market, count: int) -> list[tuple[np.ndarray, float, float]]:
    """(mu, risk aversion, cap) of each."""
    rng = np.random.default_rng(1)
    return [(m.mu + rng.normal(0.0, 0.01, m.n), float(rng.uniform(2.0, 8.0)), CAPS[k % len(CAPS)]) for k in range(count)]


def _ours(m: Market, asked: list[tuple[np.ndarray, float, float]], cell: Cell, factors: bool, certified: bool) -> Cell:
    from portopt.domain.moments import Covariance, Moments
    from portopt.domain.problem import Problem
    from portopt.domain.universe import Asset, Universe
    from portopt.optimization.batch import optimize_batch
    from portopt.questions.many import optimize_batch as audited_batch
    from portopt.terms.catalog import parse_limits, parse_objective

    universe = Universe(tuple(Asset(f"A{i:05d}", sector=f"S{s}") for i, s in enumerate(m.sector)))
    covariance = Covariance(F=m.F, Omega=m.Omega, D=m.D) if factors else Covariance(Sigma=m.Sigma)

    def problems(chosen: list[tuple[np.ndarray, float, float]]) -> list[Problem]:
        shared = {"budget": True, "long_only": True, "sector_limits": SECTOR_CAP}
        return [
            Problem(
                Moments(universe, mu, covariance),
                parse_objective({"kind": "utility", "risk_aversion": gamma}),
                parse_limits({**shared, "max_weight": cap}),
                risk_free_rate=RISK_FREE,
            )
            for mu, gamma, cap in chosen
        ]

    def solved(chosen: list[tuple[np.ndarray, float, float]]) -> list[np.ndarray]:
        if certified:
            return [answer.validated.weights for answer in audited_batch(problems(chosen))]  # type: ignore[union-attr]
        return [member.solution.weights for member in optimize_batch(problems(chosen))]  # type: ignore[union-attr,misc]

    solved(asked[:5])
    cpu, wall = time.process_time(), time.perf_counter()
    W = solved(asked)
    factor = MEMBERS / len(asked)
    cell.seconds, cell.wall = factor * (time.process_time() - cpu), factor * (time.perf_counter() - wall)
    return _judged(cell, m, asked, W, "" if factor == 1 else f"{len(asked)} timed, scaled")


def _pyportfolioopt(m: Market, asked: list[tuple[np.ndarray, float, float]], cell: Cell, members: int) -> Cell:
    from pypfopt import EfficientFrontier

    mapper, upper = {i: f"S{s}" for i, s in enumerate(m.sector)}, {f"S{s}": SECTOR_CAP for s in range(SECTORS)}
    cpu, wall = time.process_time(), time.perf_counter()
    W = []
    for mu, gamma, cap in asked:
        frontier = EfficientFrontier(mu, m.Sigma, weight_bounds=(0, cap))
        frontier.add_sector_constraints(mapper, {}, upper)
        frontier.max_quadratic_utility(risk_aversion=gamma)
        W.append(np.array(frontier.weights))
    factor = members / len(asked)
    cell.seconds, cell.wall = factor * (time.process_time() - cpu), factor * (time.perf_counter() - wall)
    return _judged(cell, m, asked, W, f"{len(asked)} timed, scaled to {members:,}")


def _judged(cell: Cell, m: Market, asked: list[tuple[np.ndarray, float, float]], W: list[np.ndarray], note: str) -> Cell:
    missed = [0.0]
    values = []
    for (mu, gamma, cap), w in zip(asked, W, strict=True):
        missed += [abs(float(w.sum()) - 1.0), float((-w).max()), float((w - cap).max()), float((m.S @ w).max()) - SECTOR_CAP]
        values.append(0.5 * gamma * m.variance(w) - float(mu @ w))
    cell.violation, cell.objective, cell.runs, cell.note = max(missed), float(np.mean(values[:SAMPLE])), 1, note
    return cell


def _wanted(engine: str, options: argparse.Namespace) -> bool:
    return any(part.lower() in engine.lower() for part in options.engines)
