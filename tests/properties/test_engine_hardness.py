"""Hard programs: degenerate, barely feasible, badly scaled, extreme in what they ask; after Maros and Meszaros (1999).

Two promises: what is certified is right (held against Clarabel and HiGHS through cvxpy at tight tolerances, which know
nothing of the engine), and what has room is not called infeasible. A refusal or a failure is allowed; a wrong answer is not.
PORTOPT_TEST_FULL=1 draws every market twice.
"""

from __future__ import annotations

import os
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt.audit import audit
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import SolveStatus
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.optimization.ratio.best_ratio import NoExcessReturn, RisklessExcess
from portopt.terms.catalog import parse_limits, parse_objective

TIGHT = {"tol_feas": 1e-11, "tol_gap_abs": 1e-13, "tol_gap_rel": 1e-11}
AGREE = 2e-6  # of the objective's parts: what a witness at 1e-11 knows of a badly scaled one
TIGHTER = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def market(rng: np.random.Generator, n: int, T: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """(S (T, n) daily returns, mu (n,) annual)."""
    S = 0.008 * rng.standard_t(5, (T, n)) + 0.006 * rng.standard_t(5, (T, 1)) + rng.uniform(-0.05, 0.2, n) / 252
    return S, 252 * S.mean(axis=0)


def duplicates(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every asset three times: a singular covariance, a face of optima."""
    S, mu = market(rng, 6)
    return np.tile(S, 3), np.tile(mu, 3), np.tile(252 * np.cov(S.T), (3, 3))


def riskless_directions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """More assets than scenarios and two without any risk: directions of no variance in every corner."""
    S, mu = market(rng, 20, T=12)
    S[:, :2] = 0.0
    mu[:2] = [0.01, 0.011]
    return S, mu, 252 * np.cov(S.T)


def daily(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A daily covariance and daily returns, as they come: entries of 1e-5."""
    S, mu = market(rng, 15)
    return S, mu / 252, np.cov(S.T)


def wild_scales(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Volatilities from a hundredth of a percent to 500 %."""
    S, mu = market(rng, 14)
    scale = np.logspace(-3.0, 1.5, 14)
    return S * scale, mu * scale, 252 * np.cov((S * scale).T)


def twins(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs that differ by a millionth: a covariance of condition 1e12."""
    S, mu = market(rng, 8)
    near = S + 1e-6 * rng.normal(size=S.shape) * np.abs(S).mean()
    both = np.hstack([S, near])
    return both, np.tile(mu, 2), 252 * np.cov(both.T)


MARKETS = {f.__name__: f for f in (duplicates, riskless_directions, daily, wild_scales, twins)}

OBJECTIVES: dict[str, dict[str, Any]] = {
    "min_risk": {"kind": "min_risk"},
    "nearly_riskless": {"kind": "utility", "risk_aversion": 1e5},
    "nearly_linear": {"kind": "utility", "risk_aversion": 1e-5},
    "max_return": {"kind": "max_return"},
    "max_sharpe": {"kind": "max_sharpe"},
    "tracking": {"kind": "min_tracking_error"},
    "cvar": {"kind": "min_risk", "measure": "cvar", "confidence": 0.9},
    "cvar_utility": {"kind": "utility", "measure": "cvar", "confidence": 0.9, "risk_aversion": 2.0},
}


def problem(
    made: tuple[np.ndarray, np.ndarray, np.ndarray], objective: dict[str, Any], limits: dict[str, Any], seed: int = 0
) -> Problem:
    S, mu, Sigma = made
    n = len(mu)
    rng = np.random.default_rng(seed)
    universe = Universe(tuple(Asset(f"A{i:02d}", sector=f"S{i % 3}") for i in range(n)))
    moments = Moments(universe, mu, Covariance(Sigma=Sigma), scenarios=S)
    benchmark, book = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))
    terms = parse_limits({"budget": True, "long_only": True, **limits})
    return Problem(moments, parse_objective(objective), terms, w_prev=book, benchmark=benchmark)


def witness(form: StandardForm) -> tuple[str, float]:
    """(status, the least value of the form) by Clarabel, or HiGHS where it is linear; nan without an answer."""
    x = cp.Variable(form.n_columns)
    lower, upper = form.box()
    held = []
    for values, low, high in ((form.A @ x, form.row_lower, form.row_upper), (x, lower, upper)):
        equal = (low == high) & np.isfinite(low)
        below, above = np.isfinite(low) & ~equal, np.isfinite(high) & ~equal
        held += [values[equal] == low[equal]] if equal.any() else []
        held += [values[below] >= low[below]] if below.any() else []
        held += [values[above] <= high[above]] if above.any() else []
    for cone in form.cones:
        entries = cone.B @ x + cone.b
        held.append(cp.SOC(entries[0], entries[1:]))
    size = max(float(np.abs(form.q).max(initial=0.0)), float(np.abs(form.P().data).max(initial=0.0)), 1e-300)
    wanted = form.q @ x / size
    if form.quadratics:
        wanted = wanted + 0.5 * cp.quad_form(x, cp.psd_wrap(form.P() / size))
    asked = cp.Problem(cp.Minimize(wanted), held)
    linear = not form.quadratics and not form.cones
    try:
        asked.solve(solver=cp.HIGHS, **TIGHTER) if linear else asked.solve(solver=cp.CLARABEL, **TIGHT)
    except cp.SolverError:
        return "failed", float("nan")
    if asked.status not in ("optimal", "optimal_inaccurate") or asked.value is None:
        return str(asked.status), float("nan")
    return str(asked.status), float(asked.value) * size + form.constant


def certified_and_right(p: Problem) -> str:
    """The verdict; asserts that a certified answer is the optimum and that feasible is not called infeasible."""
    form = assemble(p)
    try:
        solution = optimize(p, form=form)
    except (NoExcessReturn, RisklessExcess):
        return "no ratio"
    if solution.status is SolveStatus.INFEASIBLE:
        assert witness(form)[0] not in ("optimal",)
        return "infeasible"
    certificate = audit(p, form, solution)
    if not certificate.certified:
        return "refused: " + "; ".join(certificate.reasons)
    assert certificate.worst_violation <= 1e-9
    if form.ratio:  # no convex witness: a hundred portfolios around the answer
        rng = np.random.default_rng(0)
        drawn = [rng.dirichlet(np.full(p.n, a)) for a in (0.1, 1.0) for _ in range(50)]
        inside = [w for w in drawn if all(limit.read(w, p).worst() == 0.0 for limit in p.limits)]
        assert all(p.objective.value(w, p) <= certificate.objective * (1 + 1e-9) for w in inside)
        return "certified"
    status, least = witness(form)
    assert solution.raw is not None
    assert solution.raw.x is not None
    if status == "optimal":
        x = solution.raw.x
        parts = 0.5 * abs(float(x @ form.P_times(x))) + float(np.abs(form.q) @ np.abs(x)) + abs(form.constant)
        assert form.objective(x) <= least + AGREE * parts
    return "certified"


@pytest.mark.parametrize("seed", range(2 if os.environ.get("PORTOPT_TEST_FULL") == "1" else 1))
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", MARKETS)
def test_what_is_certified_is_the_optimum(name: str, objective: str, seed: int) -> None:
    made = MARKETS[name](np.random.default_rng([seed, len(name)]))
    limits: dict[str, Any] = {"max_weight": 0.4, "sector_limits": 0.7, "max_turnover": 0.6}
    verdict = certified_and_right(problem(made, OBJECTIVES[objective], limits, seed))
    assert verdict in ("certified", "no ratio")


@pytest.mark.parametrize("objective", ["min_risk", "nearly_linear", "tracking", "cvar"])
@pytest.mark.parametrize("name", MARKETS)
def test_redundant_rows_and_sides_that_say_the_same_change_nothing(name: str, objective: str) -> None:
    """Caps that a sector's limit repeats, a sector that is the budget again, a turnover nobody reaches."""
    made = MARKETS[name](np.random.default_rng(5))
    n = len(made[1])
    some = {"max_weight": 0.3}
    more = {
        **some,
        "sector_limits": 1.0,
        "leverage_limit": 1.0,
        "max_turnover": 1.0,
        "cash": {"max": 1.0},
        "min_weight": {"*": 0.0},
    }
    plain, redundant = (problem(made, OBJECTIVES[objective], limits) for limits in (some, more))
    assert certified_and_right(plain) == "certified"
    assert certified_and_right(redundant) == "certified"
    values = [float(p.objective.value(optimize(p).weights, p)) for p in (plain, redundant)]  # type: ignore[arg-type]
    assert values[0] == pytest.approx(values[1], rel=1e-9, abs=1e-13)
    assert n == len(made[1])


@pytest.mark.parametrize("margin", [1e-6, 1e-8, 1e-10, 1e-12, 0.0])
@pytest.mark.parametrize("objective", ["min_risk", "nearly_linear", "max_return", "cvar"])
@pytest.mark.parametrize("kind", ["capacity", "return", "turnover", "floors"])
def test_a_sliver_of_room_is_room(kind: str, objective: str, margin: float) -> None:
    """Limits that leave `margin`: never called infeasible when it is 1e-6 or more, and never certified when broken."""
    made = market(np.random.default_rng(8), 10)
    S, mu = made
    moments = (S, mu, 252 * np.cov(S.T))
    book = problem(moments, OBJECTIVES[objective], {}).w_prev
    assert book is not None
    limits: dict[str, dict[str, Any]] = {
        "capacity": {"max_weight": 0.1 + margin / 10},
        "return": {"max_weight": 0.5, "min_return": float(np.sort(mu)[-2:].mean()) - margin},
        "turnover": {"min_weight": {"A03": float(book[3]) + 0.1}, "max_turnover": 0.1 + margin},
        "floors": {"min_weight": {"*": (1.0 - margin) / 10}},
    }
    verdict = certified_and_right(problem(moments, OBJECTIVES[objective], limits[kind]))
    if margin >= 1e-8:
        assert verdict == "certified"
    else:
        assert not verdict.startswith("failed")


@pytest.mark.parametrize("margin", [1e-6, 1e-7])
@pytest.mark.parametrize("objective", ["min_risk", "nearly_linear", "max_return", "cvar"])
def test_a_sliver_too_little_is_not_certified(objective: str, margin: float) -> None:
    S, mu = market(np.random.default_rng(9), 10)
    moments = (S, mu, 252 * np.cov(S.T))
    for limits in (
        {"max_weight": 0.1 - margin / 10},
        {"max_weight": 0.5, "min_return": float(np.sort(mu)[-2:].mean()) + margin},
        {"min_weight": {"*": (1.0 + margin) / 10}},
    ):
        assert certified_and_right(problem(moments, OBJECTIVES[objective], limits)) != "certified"


@pytest.mark.parametrize("room", [1e-2, 1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("objective", ["min_risk", "nearly_linear", "max_return"])
@pytest.mark.parametrize("name", ["duplicates", "wild_scales", "twins"])
def test_a_small_tracking_error_is_kept_and_used(name: str, objective: str, room: float) -> None:
    """A cone whose radius shrinks to nothing around the benchmark, which itself stays inside."""
    made = MARKETS[name](np.random.default_rng(11))
    p = problem(made, OBJECTIVES[objective], {"max_tracking_error": room, "max_turnover": 1.0})
    verdict = certified_and_right(p)
    assert verdict == "certified" if room >= 1e-6 else verdict != "infeasible"


@pytest.mark.parametrize("gamma", [1e-6, 1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("name", MARKETS)
def test_any_risk_aversion_is_answered(name: str, gamma: float) -> None:
    made = MARKETS[name](np.random.default_rng(13))
    p = problem(made, {"kind": "utility", "risk_aversion": gamma}, {"max_weight": 0.5, "max_turnover": 0.4})
    assert certified_and_right(p) == "certified"


@pytest.mark.parametrize("trade", [0.0, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("objective", ["min_risk", "nearly_linear", "max_return", "cvar"])
def test_almost_no_turnover_is_a_portfolio_beside_the_book(objective: str, trade: float) -> None:
    S, mu = market(np.random.default_rng(17), 12)
    p = problem((S, mu, 252 * np.cov(S.T)), OBJECTIVES[objective], {"max_turnover": trade})
    assert certified_and_right(p) == "certified"


@pytest.mark.parametrize("limit", [1.0000001, 1.001, 1.1, 3.0])
@pytest.mark.parametrize("name", ["duplicates", "daily", "wild_scales", "twins"])
def test_a_cvar_limit_just_above_the_least_there_is(name: str, limit: float) -> None:
    made = MARKETS[name](np.random.default_rng(19))
    least = problem(made, OBJECTIVES["cvar"], {"max_weight": 0.5})
    value = float(least.objective.value(optimize(least).weights, least))  # type: ignore[arg-type]
    bound = value + (limit - 1.0) * abs(value)
    if bound <= 0.0:
        return
    capped = {"max_weight": 0.5, "max_risk": {"cvar": {"limit": bound, "confidence": 0.9}}}
    for objective in ("max_return", "nearly_linear", "min_risk"):
        verdict = certified_and_right(problem(made, OBJECTIVES[objective], capped))
        # Beside a near copy of every asset, or with returns that differ by four digits and a price of risk in the thousands,
        # the seventh digit of the gap is out of reach: such an answer may be refused, and is never wrong.
        hard = name == "wild_scales" or (name == "twins" and objective != "max_return")
        assert verdict == "certified" or (hard and verdict.startswith("refused"))
