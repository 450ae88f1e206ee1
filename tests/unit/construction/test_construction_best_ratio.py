"""The best ratio of excess return to a risk measure, against the Charnes-Cooper program solved whole by HiGHS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from portopt.audit import audit
from portopt.construction import construct
from portopt.construction.best_ratio import RisklessRatio
from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.optimization.ratio.best_ratio import NoExcessReturn
from portopt.terms.catalog import parse_limits, parse_objective

RATE = 0.02


def problem(
    objective: dict[str, Any], *, seed: int = 0, n: int = 12, T: int = 260, limits: dict[str, Any] | None = None, **more: Any
) -> Problem:
    rng = np.random.default_rng(seed)
    S = 0.01 * rng.standard_t(4, (T, n)) + 0.006 * rng.standard_t(4, (T, 1)) + rng.uniform(0.0, 0.2, n) / 252
    universe = Universe(tuple(Asset(f"A{i}") for i in range(n)))
    moments = Moments(universe, 252 * S.mean(0), Covariance(Sigma=252 * np.cov(S.T)), scenarios=S)
    terms = parse_limits({"budget": True, "long_only": True, **(limits or {})})
    return Problem(moments, parse_objective(objective), terms, **{"risk_free_rate": RATE, **more})


def charnes_cooper_cvar(S: np.ndarray, mu: np.ndarray, confidence: float, cap: float) -> float:
    """max (mu - rf)'y with CVaR(y) <= 1, y = kappa w: the highest ratio, as one linear program in (y, kappa, eta, u)."""
    T, n = S.shape
    c = np.concatenate([-(mu - RATE), np.zeros(2 + T)])
    tail = np.concatenate([np.zeros(n + 1), [1.0], np.full(T, 1.0 / (T * (1.0 - confidence)))])
    shortfall = np.hstack([-S, np.zeros((T, 1)), -np.ones((T, 1)), -np.eye(T)])
    caps = np.hstack([np.eye(n), -cap * np.ones((n, 1)), np.zeros((n, 1 + T))])
    A = np.vstack([tail, shortfall, caps])
    b = np.concatenate([[1.0], np.zeros(T + n)])
    budget = np.concatenate([np.ones(n), [-1.0], np.zeros(1 + T)])[None, :]
    bounds = [(0, None)] * (n + 1) + [(None, None)] + [(0, None)] * T
    return -float(linprog(c, A, b, budget, [0.0], bounds=bounds, method="highs").fun)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_best_ratio_over_cvar_is_that_of_the_homogenized_linear_program(seed: int, confidence: float) -> None:
    p = construct(
        problem({"kind": "max_ratio", "measure": "cvar", "confidence": confidence}, seed=seed, limits={"max_weight": 0.3})
    )
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    assert p.moments.scenarios is not None
    expected = charnes_cooper_cvar(p.moments.scenarios, p.moments.mu, confidence, 0.3)
    ratio = p.objective.ratio(solution.weights, p)  # type: ignore[attr-defined]
    assert ratio == pytest.approx(expected, rel=1e-9)
    assert dict(certificate.claims)["excess return over cvar, the highest"] == pytest.approx(expected, rel=1e-9)


def test_over_volatility_it_is_the_highest_sharpe_ratio() -> None:
    p = construct(problem({"kind": "max_ratio", "measure": "volatility"}))
    sharpe = problem({"kind": "max_sharpe"})
    ours, theirs = optimize(p).weights, optimize(sharpe).weights
    assert ours is not None
    assert theirs is not None
    assert np.abs(ours - theirs).max() <= 1e-9


@pytest.mark.parametrize("measure", ["mad", "semideviation", "worst_realization", "cdar"])
def test_no_portfolio_drawn_at_random_has_a_higher_ratio(measure: str) -> None:
    p = construct(problem({"kind": "max_ratio", "measure": measure}, T=150))
    best = p.objective.ratio(optimize(p).weights, p)  # type: ignore[attr-defined]
    rng = np.random.default_rng(1)
    drawn = [p.objective.ratio(rng.dirichlet(np.full(p.n, 0.3)), p) for _ in range(400)]  # type: ignore[attr-defined]
    assert max(drawn) < best


def test_trading_costs_lower_the_ratio_that_is_maximized() -> None:
    from portopt.terms.catalog import parse_costs

    book = np.full(12, 1 / 12)
    objective = {"kind": "max_ratio", "measure": "cvar", "confidence": 0.9}
    free = construct(problem(objective, w_prev=book))
    paid = construct(problem(objective, w_prev=book, costs=parse_costs({"linear_impact": {"bps": 200}})))
    form = assemble(paid)
    solution = optimize(paid, form=form)
    assert audit(paid, form, solution).certified
    best = paid.objective.ratio(solution.weights, paid)  # type: ignore[attr-defined]
    assert best < free.objective.ratio(optimize(free).weights, free)  # type: ignore[attr-defined]
    for w in (book, optimize(free).weights):
        assert paid.objective.ratio(w, paid) <= best * (1 + 1e-12)  # type: ignore[attr-defined]


def test_a_portfolio_that_is_not_the_best_is_not_certified_as_the_best() -> None:
    p = problem({"kind": "max_ratio", "measure": "cvar"}).replaced(target=np.full(12, 1 / 12))
    form = assemble(p)
    certificate = audit(p, form, optimize(p, form=form))
    assert not certificate.certified
    assert any("above the one called the highest" in reason for reason in certificate.reasons)


def test_no_excess_return_is_refused_by_name() -> None:
    with pytest.raises(NoExcessReturn):
        construct(problem({"kind": "max_ratio", "measure": "cvar"}, risk_free_rate=0.9))


def test_a_measure_that_is_not_positive_leaves_no_ratio() -> None:
    p = problem({"kind": "max_ratio", "measure": "cvar", "confidence": 0.5}, T=40)
    assert p.moments.scenarios is not None
    m = p.moments
    rising = np.abs(m.scenarios) + 0.001  # type: ignore[arg-type]
    moments = Moments(m.universe, 252 * rising.mean(0), m.covariance, scenarios=rising)
    with pytest.raises(RisklessRatio):
        construct(p.replaced(moments=moments))


def test_var_is_refused_as_it_is_not_convex() -> None:
    with pytest.raises(InvalidValue, match="not convex"):
        parse_objective({"kind": "max_ratio", "measure": "var"})
