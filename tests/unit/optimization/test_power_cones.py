"""The 3/2-power impact to its last digits: certified, and the same optimum as an independent descent finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from portopt.audit import audit
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

N = 12


def problem(seed, objective, limits, coefficient=3.0):
    rng = np.random.default_rng(seed)
    F, D = rng.normal(size=(N, 2)) * 0.12, rng.uniform(0.01, 0.06, N)
    return Problem(
        Moments(Universe.of([f"S{i}" for i in range(N)]), rng.uniform(0.03, 0.12, N), Covariance(Sigma=F @ F.T + np.diag(D))),
        parse_objective(objective),
        parse_limits({"budget": True, "long_only": True, **limits}),
        parse_costs({"square_root_impact": {"coefficient": coefficient}, "linear_impact": {"bps": 5}}),
        w_prev=rng.dirichlet(np.ones(N)),
        risk_free_rate=0.02,
        portfolio_value=1e7,
        average_daily_value=rng.uniform(1e6, 1e8, N),
    )


@pytest.mark.parametrize("limits", [{}, {"max_weight": 0.2}, {"max_cost": 0.002}], ids=str)
@pytest.mark.parametrize(
    "objective",
    [{"kind": "utility", "risk_aversion": 4.0}, {"kind": "max_sharpe"}, {"kind": "max_return"}],
    ids=lambda o: o["kind"],
)
@pytest.mark.parametrize("seed", range(3))
def test_an_answer_with_power_impact_is_certified(seed, objective, limits):
    p = problem(seed, objective, limits)
    form = assemble(p)
    certificate = audit(p, form, optimize(p, form=form))
    assert certificate.certified, certificate.reasons
    assert certificate.worst_violation <= 1e-10


def test_sequential_descent_from_the_book_ends_at_the_same_portfolio():
    p = problem(1, {"kind": "utility", "risk_aversion": 4.0}, {"max_weight": 0.3})
    found = optimize(p)
    assert found.raw.polished
    budget = {"type": "eq", "fun": lambda w: w.sum() - 1.0}
    start = found.weights + 0.01 * (p.w_prev - found.weights)
    slow = minimize(
        lambda w: -1e3 * p.objective.value(w, p),
        start,
        bounds=[(0, 0.3)] * N,
        constraints=[budget],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert p.objective.value(found.weights, p) >= p.objective.value(slow.x, p) - 1e-10


@pytest.mark.parametrize("objective", ["utility", "max_sharpe"])
def test_quadratic_impact_is_certified_under_a_utility_and_under_a_ratio(objective):
    p = problem(2, {"kind": objective, **({"risk_aversion": 4.0} if objective == "utility" else {})}, {"max_turnover": 0.4})
    p = p.replaced(costs=parse_costs({"quadratic_impact": {"coefficient": 2.0}, "spread": {"bps": {"S0": 1, "*": 8}}}))
    form = assemble(p)
    certificate = audit(p, form, optimize(p, form=form))
    assert certificate.certified, certificate.reasons


def test_borrowing_is_paid_by_the_year_on_what_is_sold_short():
    p = problem(3, {"kind": "utility", "risk_aversion": 4.0}, {"long_only": False, "min_weight": -0.3, "leverage_limit": 2.0})
    p = p.replaced(costs=parse_costs({"borrow": {"rate": {"S1": 0.5, "*": 0.01}}}))
    form = assemble(p)
    solution = optimize(p, form=form)
    assert audit(p, form, solution).certified
    shorts = np.maximum(-solution.weights, 0.0)
    assert p.costs[0].value(solution.weights, p) == pytest.approx(0.01 * shorts.sum() + 0.49 * shorts[1])
    assert shorts.sum() > 0.05
