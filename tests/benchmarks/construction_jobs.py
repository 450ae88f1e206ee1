"""Risk budgets against Riskfolio-Lib, hierarchical risk parity against PyPortfolioOpt: the construction, then its certificate.

The figure under "violation" is what each answer misses its own definition by: the largest deviation of a share of the risk
from its budget, or of a split of the tree from what its two risks ask for.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np
from markets import Market, market
from measuring import HEADER, LONG, Cell, line

SIZES = (100, 1_000)
RUNS = 7


def construction_cells(options: argparse.Namespace) -> list[Cell]:
    """Ours and the peer's, each twice: the construction alone, and with everything up to the certificate."""
    cells: list[Cell] = []
    print(HEADER)
    for n in (size for size in SIZES if size in options.sizes):
        m = market(n)
        _ = m.Sigma
        for job, engines, error in (
            ("risk budgets", BUDGETS, _off_budget),
            ("hierarchical risk parity", HIERARCHIES, _off_split),
        ):
            block = [
                _measured(Cell(job, n, engine, form), prepare(m), error, m)
                for engine, form, prepare in engines
                if any(part.lower() in engine.lower() for part in options.engines)
            ]
            ours = next((cell.seconds for cell in block if cell.engine == "portopt"), None)
            for cell in block:
                cell.ratio = cell.seconds / ours if ours and cell.seconds is not None else None
                print(line(cell))
            cells += block
    return cells


def _measured(cell: Cell, answer: Callable[[], np.ndarray], error: Callable[[Market, np.ndarray], float], m: Market) -> Cell:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = time.perf_counter()
        w = answer()
        first = time.perf_counter() - first
        times = []
        for _ in range(RUNS if first < LONG else 1):
            wall, cpu = time.perf_counter(), time.process_time()
            w = answer()
            times.append((time.process_time() - cpu, time.perf_counter() - wall))
    cell.runs, cell.seconds, cell.wall = len(times), median(t[0] for t in times), median(t[1] for t in times)
    cell.violation = error(m, w)
    return cell


def _off_budget(m: Market, w: np.ndarray) -> float:
    parts = w * (m.Sigma @ w)
    return float(np.abs(parts / parts.sum() - 1.0 / m.n).max())


def _off_split(m: Market, w: np.ndarray) -> float:
    """Over the halves of the leaves of SciPy's own single-linkage tree."""
    from scipy.cluster.hierarchy import linkage, to_tree
    from scipy.spatial.distance import squareform

    sigma = np.sqrt(np.diagonal(m.Sigma))
    d = np.sqrt(np.clip((1.0 - m.Sigma / np.outer(sigma, sigma)) / 2.0, 0.0, 1.0))
    waiting, worst = [np.array(to_tree(linkage(squareform(d, checks=False), "single")).pre_order())], 0.0
    while waiting:
        at = waiting.pop()
        halves = at[: len(at) // 2], at[len(at) // 2 :]
        risks = []
        for half in halves:
            v = 1.0 / sigma[half] ** 2
            risks.append(float(v @ m.Sigma[np.ix_(half, half)] @ v) / float(v.sum()) ** 2)
        left = float(w[halves[0]].sum()) / float(w[at].sum())
        worst = max(worst, abs(left - risks[1] / (risks[0] + risks[1])))
        waiting += [half for half in halves if len(half) > 1]
    return worst


def _ours(kind: str, factors: bool, whole: bool) -> Callable[[Market], Callable[[], np.ndarray]]:
    def prepare(m: Market) -> Callable[[], np.ndarray]:
        from portopt.audit import certify
        from portopt.construction import construct
        from portopt.domain.moments import Covariance, Moments
        from portopt.domain.problem import Problem
        from portopt.domain.universe import Universe
        from portopt.optimization import assemble, optimize
        from portopt.terms.catalog import parse_limits, parse_objective

        covariance = Covariance(F=m.F, Omega=m.Omega, D=m.D) if factors else Covariance(Sigma=m.Sigma)
        moments = Moments(Universe.of([f"A{i:05d}" for i in range(m.n)]), m.mu, covariance)

        def answer() -> np.ndarray:
            question = Problem(moments, parse_objective({"kind": kind}), parse_limits({"budget": True, "long_only": True}))
            problem = construct(question)
            if not whole:
                return problem.constructed()
            form = assemble(problem)
            return certify(problem, form, optimize(problem, form=form)).weights

        return answer

    return prepare


def _riskfolio(m: Market) -> Callable[[], np.ndarray]:
    import pandas as pd
    import riskfolio

    returns = pd.DataFrame(np.random.default_rng(0).normal(0.0, 0.01, (3, m.n)))  # asked for, and not looked at

    def answer() -> np.ndarray:
        book = riskfolio.Portfolio(returns=returns)
        book.mu = pd.DataFrame(m.mu[None, :], columns=returns.columns)
        book.cov = pd.DataFrame(m.Sigma, index=returns.columns, columns=returns.columns)
        found = book.rp_optimization(model="Classic", rm="MV", b=None, hist=True)
        return np.asarray(found["weights"])

    return answer


def _pyportfolioopt(m: Market) -> Callable[[], np.ndarray]:
    import pandas as pd
    from pypfopt import HRPOpt

    names = [f"A{i:05d}" for i in range(m.n)]  # the answer comes back sorted by name
    covariance = pd.DataFrame(m.Sigma, index=names, columns=names)
    return lambda: np.array(list(HRPOpt(cov_matrix=covariance).optimize("single").values()))


BUDGETS = (
    ("portopt", "factors", _ours("risk_parity", True, False)),
    ("portopt+audit", "factors", _ours("risk_parity", True, True)),
    ("portopt", "dense", _ours("risk_parity", False, False)),
    ("Riskfolio-Lib", "dense", _riskfolio),
)
HIERARCHIES = (
    ("portopt", "dense", _ours("hierarchical", False, False)),
    ("portopt+audit", "dense", _ours("hierarchical", False, True)),
    ("PyPortfolioOpt", "dense", _pyportfolioopt),
)
