"""Random requests over every objective and limit: what is called optimal is certified, what is called infeasible is.

Certified by portopt.audit, which shares no code with the engine; infeasible by cvxpy, which is asked how far all limits
would have to open together before a portfolio exists.
"""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt.audit import certify
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.solution import SolveStatus
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

PER_BLOCK = 60
OBJECTIVES: tuple[dict[str, Any], ...] = (
    {"kind": "max_sharpe"},
    {"kind": "utility", "risk_aversion": 4.0},
    {"kind": "min_risk"},
    {"kind": "max_return"},
    {"kind": "min_tracking_error"},
)


def drawn(seed: int) -> Problem:
    """2 to 13 assets, with cash or without, dense or in factors, annual or daily; every limit there is, some of the time."""
    rng = np.random.default_rng(seed)
    n, cash, scale = int(rng.integers(2, 14)), rng.random() < 0.6, 1 / 252 if rng.random() < 0.25 else 1.0
    F = rng.normal(0.0, 0.12, (n, int(rng.integers(1, 4))))
    F[:, 0] = rng.uniform(0.15, 0.25, n)
    D, mu, rf = rng.uniform(0.002, 0.06, n), rng.normal(0.07, 0.05, n), float(rng.choice([0.0, 0.02]))
    if rng.random() < 0.5:  # round numbers make ties
        F, D, mu = F.round(1), D.round(2) + 0.01, mu.round(2)
    assets = [
        Asset(f"S{i}", sector=f"sector {i % 3}", asset_class=f"class {i % 2}", quality_score=float(rng.integers(3, 10)))
        for i in range(n)
    ]
    w_prev, benchmark = rng.dirichlet(np.ones(n)), rng.dirichlet(np.full(n, 2.0))
    if rng.random() < 0.3:
        w_prev = np.eye(n)[0]
    if rng.random() < 0.4:
        covariance = Covariance(F=F, Omega=np.eye(F.shape[1]) * scale, D=D * scale)
    else:
        covariance = Covariance(Sigma=(F @ F.T + np.diag(D)) * scale)
    if cash:
        assets.append(Asset(CASH))
        covariance, mu = covariance.embedded(n + 1, np.arange(n)), np.append(mu, rf + float(rng.choice([0.0, 0.0, 0.005])))
        held = float(rng.choice([0.0, 0.1, 0.5]))
        w_prev, benchmark = np.append(w_prev * (1.0 - held), held), np.append(benchmark, 0.0)
    return Problem(
        Moments(Universe(tuple(assets)), mu * scale, covariance),
        parse_objective(OBJECTIVES[int(rng.integers(len(OBJECTIVES)))]),
        parse_limits(_limits(rng, n, cash, scale)),
        parse_costs({"linear_impact": {"bps": 15}} if rng.random() < 0.2 else {}),
        w_prev=w_prev,
        benchmark=benchmark,
        risk_free_rate=rf * scale,
    )


def _limits(rng: np.random.Generator, n: int, cash: bool, scale: float) -> dict[str, Any]:
    soft: dict[str, Any] = {"limit": float(rng.choice([0.0, 0.01, 0.05, 0.1])) * scale**0.5, "soft": True}
    if rng.random() < 0.5:
        soft["penalty"] = float(rng.choice([0.01, 0.1, 1.0, 100.0]))
    offered: dict[str, tuple[float, Any]] = {
        "max_weight": (0.6, round(float(rng.uniform(0.15, 0.8)), 2)),
        "min_weight": (0.25, round(float(rng.uniform(0.0, 0.6 / n)), 2)),
        "sector_limits": (0.2, {"sector 0": [0.0, round(float(rng.uniform(0.25, 0.7)), 2)]}),
        "asset_class_limits": (0.2, round(float(rng.uniform(0.4, 0.9)), 2)),
        "max_turnover": (0.4, float(rng.choice([0.0, 0.1, 0.2, 0.4, 0.8]))),
        "leverage_limit": (0.15, float(rng.choice([0.5, 1.0, 1.3, 2.0]))),
        "max_tracking_error": (0.4, soft if rng.random() < 0.5 else float(rng.choice([0.0, 0.03, 0.1, 0.2])) * scale**0.5),
        "max_volatility": (0.2, float(rng.choice([0.1, 0.15, 0.2, 0.3])) * scale**0.5),
        "min_return": (0.2, round(float(rng.uniform(0.0, 0.12)), 3) * scale),
        "min_quality": (0.2, {"score": float(rng.integers(4, 8)), "grandfather": bool(rng.random() < 0.4)}),
        "cash": (0.3 if cash else 0.0, {"min": float(rng.choice([0.0, 0.2, 0.5])), "max": 0.6}),
    }
    limits = {name: value for name, (chance, value) in offered.items() if rng.random() < chance}
    if rng.random() < 0.85:
        return {"budget": True, "long_only": True, **limits}
    return {"budget": True, **limits, "min_weight": -0.3, **({"cash": {"min": -0.3, "max": 1.0}} if cash else {})}


def opening(p: Problem) -> float:
    """By how much every limit must open before a portfolio exists, asked of cvxpy; what is structural stays."""
    w, e, n = cp.Variable(p.n), cp.Variable(nonneg=True), p.n
    values, vectors = np.linalg.eigh(p.moments.Sigma)
    scale = float(np.sqrt(np.diagonal(p.moments.Sigma).max()))
    root = (vectors * np.sqrt(np.maximum(values, 0.0))).T / scale
    rules = [cp.sum(w) == 1]
    for limit in p.limits:
        kind = limit.kind
        if kind == "budget" or limit.soft:
            continue
        if kind == "long_only":
            rules.append(w >= 0)
        elif kind == "leverage_limit":
            rules.append(cp.norm1(w[np.flatnonzero(~p.universe.is_cash)]) <= limit.limit + e)
        elif kind == "max_turnover":
            rules.append(cp.norm1(w - p.w_prev) / 2 <= limit.limit + e)
        elif kind == "max_tracking_error":
            rules.append(cp.norm(root @ (w - p.benchmark)) <= limit.limit / scale + e)
        elif kind == "max_volatility":
            rules.append(cp.norm(root @ w) <= limit.limit / scale + e)
        else:  # linear: its rows are what it reads off the single assets
            reading = limit.read(np.zeros(n), p)
            rows = np.array([limit.read(one, p).measured for one in np.eye(n)]).T.reshape(-1, n)
            size = max(float(np.abs(rows).max(initial=0.0)), 1e-300)
            rules += [row / size @ w >= low / size - e for row, low in zip(rows, reading.lower, strict=True) if low > -np.inf]
            rules += [row / size @ w <= high / size + e for row, high in zip(rows, reading.upper, strict=True) if high < np.inf]
    question = cp.Problem(cp.Minimize(e), rules)
    question.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    return float(e.value) if question.status.startswith("optimal") else float("inf")


def earning(p: Problem, floor: float, *, at_volatility: float | None = None) -> Problem:
    """p with these limits instead of its own on return and volatility."""
    other = {"min_return": floor} | ({} if at_volatility is None else {"max_volatility": at_volatility})
    kept = tuple(limit for limit in p.limits if limit.kind not in other)
    return p.replaced(limits=(*kept, *parse_limits(other)))


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("block", range(6))
def test_every_answer_is_certified_and_every_refusal_is_confirmed(block):
    seen = set()
    for seed in range(PER_BLOCK * block, PER_BLOCK * (block + 1)):
        p = drawn(seed)
        form = assemble(p)
        try:
            solution = optimize(p, form=form)
        except NoExcessReturn:
            # Soft shortfalls and costs only make it less: without them a hair above the risk-free rate would be possible.
            if not p.costs and not any(limit.soft for limit in p.limits):
                assert opening(earning(p, p.risk_free_rate + 1e-7)) > 1e-9, seed
            continue
        except RisklessExcess as refusal:
            excess = refusal.measured["riskless_excess_return"]
            assert opening(earning(p, p.risk_free_rate + 0.9 * excess, at_volatility=1e-8)) <= 1e-6, seed
            continue
        seen.add(solution.status)
        if solution.status is SolveStatus.OPTIMAL:
            assert solution.raw.polished, seed
            assert certify(p, form, solution).certificate.relative_gap <= 1e-9, seed
        else:
            assert solution.status is SolveStatus.INFEASIBLE, seed
            assert opening(p) > 1e-8, seed
    assert {SolveStatus.OPTIMAL, SolveStatus.INFEASIBLE} <= seen
