"""Requests that no portfolio satisfies, over every kind of limit, and a witness that is not this engine: HiGHS and cvxpy.

The witness writes every limit again in its own words, from the request's data: a mixed-integer program, with second-order
cones where a limit is curved. Continuous and linear: HiGHS. Curved: Clarabel through cvxpy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cvxpy as cp
import numpy as np

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

N = 7
SECTORS = ("Energy", "Technology")
CURVED = ("max_tracking_error", "max_volatility", "concentration")
COUNTED = ("max_positions", "min_positions", "min_position", "max_trades", "min_trade", "ucits_5_10_40")
BPS = 12.0


def request(seed: int) -> tuple[Problem, dict[str, Any]]:
    """Seven stocks and cash under limits drawn too tight to hold together, most of the time."""
    rng = np.random.default_rng(seed)
    assets = tuple(
        Asset(f"S{i}", sector=SECTORS[i % 2], asset_class="Equity", quality_score=float(rng.integers(3, 10))) for i in range(N)
    )
    B = np.column_stack([rng.uniform(0.1, 0.2, N), rng.normal(0, 0.08, N)])
    Sigma = np.zeros((N + 1, N + 1))
    Sigma[:N, :N] = B @ B.T + np.diag(rng.uniform(0.02, 0.06, N))
    mu = np.append(rng.uniform(0.03, 0.12, N).round(4), 0.02)
    u = rng.uniform
    drawn: dict[str, Any] = {
        "fully_invested": True,
        "max_weight": round(float(u(0.1, 0.4)), 2),
        "min_weight": {"S0": round(float(u(0.05, 0.4)), 2)},
        "sector_limits": round(float(u(0.2, 0.6)), 2),
        "asset_class_limits": round(float(u(0.5, 0.95)), 2),
        "max_turnover": round(float(u(0.02, 0.4)), 2),
        "leverage_limit": round(float(u(0.8, 1.2)), 2),
        "max_tracking_error": round(float(u(0.005, 0.1)), 3),
        "max_volatility": round(float(u(0.05, 0.2)), 3),
        "min_return": round(float(u(0.05, 0.13)), 3),
        "min_quality": float(rng.integers(4, 9)),
        "cash": {"min": round(float(u(0.0, 0.2)), 2)},
        "exclusions": [f"S{i}" for i in rng.choice(N, 2, replace=False)],
        "max_cost": round(float(u(0.00005, 0.0006)), 6),
        "liquidity": {"participation": 0.1, "days": round(float(u(0.2, 3.0)), 2)},
        "days_to_liquidate": {"participation": 0.1, "days": round(float(u(1.0, 5.0)), 2)},
        "concentration": {"hhi": round(float(u(0.1, 0.3)), 3)},
        "top_k": {"k": 2, "weight": round(float(u(0.15, 0.6)), 2)},
        "max_positions": int(rng.integers(1, 5)),
        "min_positions": {"count": int(rng.integers(4, 8)), "least": 0.1},
        "min_position": round(float(u(0.05, 0.4)), 2),
        "max_trades": int(rng.integers(0, 4)),
        "min_trade": round(float(u(0.05, 0.3)), 2),
        "ucits_5_10_40": True,
    }
    kinds = list(drawn)
    wanted = rng.choice(len(kinds), int(rng.integers(3, 7)), replace=False)
    kept = {kinds[i]: drawn[kinds[i]] for i in sorted(wanted)}
    if set(kept) & set(COUNTED) and set(kept) & set(CURVED):  # curved limits in whole numbers are beyond the witness
        beyond = COUNTED if rng.random() < 0.5 else CURVED
        kept = {kind: value for kind, value in kept.items() if kind not in beyond}
    w_prev = np.append(rng.dirichlet(np.ones(N)).round(3), 0.0)
    w_prev[-1] = round(1.0 - float(w_prev.sum()), 3)
    w_prev = np.maximum(w_prev, 0.0) / np.maximum(w_prev, 0.0).sum()
    problem = Problem(
        Moments(Universe((*assets, Asset(CASH))), mu, Covariance(Sigma=Sigma)),
        parse_objective({"kind": "min_risk"}),
        parse_limits({"budget": True, "long_only": True, **kept}),
        parse_costs({"linear_impact": {"bps": BPS}}),
        w_prev=w_prev,
        benchmark=np.append(np.full(N, 1.0 / N), 0.0),
        portfolio_value=1e6,
        average_daily_value=np.append(rng.uniform(2e5, 5e6, N), 1e9),
    )
    return problem, kept


def margin(problem: Problem, limits: dict[str, Any]) -> float:
    """The least e >= 0 by which everything continuous must be loosened for a portfolio to exist; infinite where none helps.

    Counts are not loosened: a count that cannot be kept is infinite.
    """
    w, e = cp.Variable(N + 1, nonneg=True), cp.Variable(nonneg=True)
    rules: list[Any] = [cp.sum(w) == 1]
    for name, value in limits.items():
        rules += _rules(name, value, w, e, problem)
    asked = cp.Problem(cp.Minimize(e), rules)
    if any(name in COUNTED for name in limits):
        asked.solve(solver=cp.HIGHS, highs_options={"mip_feasibility_tolerance": 1e-9, "primal_feasibility_tolerance": 1e-9})
    elif any(name in CURVED for name in limits):
        asked.solve(solver=cp.CLARABEL)
    else:
        asked.solve(solver=cp.HIGHS, highs_options={"primal_feasibility_tolerance": 1e-9})
    return float(e.value) if e.value is not None and asked.status in ("optimal", "optimal_inaccurate") else float("inf")


def _rules(name: str, value: Any, w: cp.Variable, e: cp.Variable, p: Problem) -> list[Any]:
    scores, w_prev, stocks = p.universe.scores("quality_score")[:N], p.w_prev, w[:N]
    trade = cp.abs(w - w_prev)
    adv = p.average_daily_value[:N] / p.portfolio_value
    simple = {
        "fully_invested": lambda: [w[N] <= e],
        "max_weight": lambda: [stocks <= value + e],
        "min_weight": lambda: [w[0] >= value["S0"] - e],
        "sector_limits": lambda: [cp.sum(w[k:N:2]) <= value + e for k in range(2)],
        "asset_class_limits": lambda: [cp.sum(stocks) <= value + e],
        "max_turnover": lambda: [cp.sum(trade) / 2 <= value + e],
        "leverage_limit": lambda: [cp.sum(stocks) <= value + e],
        "min_return": lambda: [p.moments.mu @ w >= value - e],
        "min_quality": lambda: [w[i] <= e for i in np.flatnonzero(scores < value)],
        "cash": lambda: [w[N] >= value["min"] - e],
        "exclusions": lambda: [w[int(name[1:])] <= e for name in value],
        "max_cost": lambda: [BPS * 1e-4 * cp.sum(trade[:N]) <= value + e],
        "liquidity": lambda: [trade[:N] <= value["participation"] * value["days"] * adv + e],
        "days_to_liquidate": lambda: [stocks <= value["participation"] * value["days"] * adv + e],
        "top_k": lambda: [cp.sum_largest(stocks, value["k"]) <= value["weight"] + e],
        "concentration": lambda: [cp.norm(stocks) <= np.sqrt(value["hhi"]) + e],
        "max_volatility": lambda: [cp.norm(_root(p).T @ w) <= value + e],
        "max_tracking_error": lambda: [cp.norm(_root(p).T @ (w - p.benchmark)) <= value + e],
    }
    return simple[name]() if name in simple else _counting(name, value, w, p)


def _counting(name: str, value: Any, w: cp.Variable, p: Problem) -> list[Any]:
    z, stocks, now = cp.Variable(N, boolean=True), w[:N], p.w_prev[:N]
    if name == "max_positions":
        return [stocks <= z, cp.sum(z) <= value]
    if name == "min_positions":
        return [stocks >= value["least"] * z, cp.sum(z) >= value["count"]]
    if name == "min_position":
        return [stocks <= z, stocks >= value * z]
    if name == "max_trades":
        return [cp.abs(stocks - now) <= z, cp.sum(z) <= value]
    if name == "ucits_5_10_40":
        v = cp.Variable(N, nonneg=True)
        return [stocks <= 0.10, stocks <= 0.05 + 0.05 * z, v >= stocks - 0.10 * (1 - z), cp.sum(v) <= 0.40]
    sold = cp.Variable(N, boolean=True)
    least_sold = np.minimum(value, np.where(now > 0, now, np.inf))
    bought_at_least = stocks - now >= cp.multiply(value, z) - 1.0 * sold
    sold_at_least = now - stocks >= cp.multiply(least_sold, sold) - 1.0 * z
    return [bought_at_least, sold_at_least, z + sold <= 1, stocks - now <= z, now - stocks <= sold]


def _root(p: Problem) -> np.ndarray:
    return np.linalg.cholesky(p.moments.Sigma + 1e-18 * np.eye(N + 1))


def infeasible_requests(count: int, first: int = 0) -> Iterable[tuple[int, Problem, dict[str, Any]]]:
    """Seeds, problems and limits that the witness calls clearly infeasible, `count` of them."""
    seed, found = first, 0
    while found < count:
        problem, limits = request(seed)
        if margin(problem, limits) > 1e-5:
            found += 1
            yield seed, problem, limits
        seed += 1
