"""Frontiers in any risk measure: every point against a program of its own, the ends, and the best ratio."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from portopt.audit import audit
from portopt.construction import construct
from portopt.domain.errors import InvalidValue
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, efficient_frontier, optimize
from portopt.terms.catalog import parse_limits, parse_objective
from portopt.terms.risk_measures.catalog import parse_measure

MEASURES = ["cvar", "mad", "semideviation", "worst_realization", "cdar"]
CAP = 0.25


def problem(seed: int = 0, n: int = 15, T: int = 300, limits: dict[str, Any] | None = None) -> Problem:
    rng = np.random.default_rng(seed)
    S = 0.01 * rng.standard_t(4, (T, n)) + 0.007 * rng.standard_t(4, (T, 1)) + rng.uniform(0.0, 0.2, n) / 252
    universe = Universe(tuple(Asset(f"A{i:02d}", sector=f"S{i % 3}") for i in range(n)))
    moments = Moments(universe, 252 * S.mean(0), Covariance(Sigma=252 * np.cov(S.T)), scenarios=S)
    terms = parse_limits({"budget": True, "long_only": True, "max_weight": CAP, **(limits or {})})
    return Problem(moments, parse_objective({"kind": "min_risk"}), terms, w_prev=np.full(n, 1 / n), risk_free_rate=0.01)


def highest_return(S: np.ndarray, mu: np.ndarray, cvar: float) -> float:
    """max mu'w with CVaR 95 % at most that, budget and caps: one linear program, by HiGHS."""
    T, n = S.shape
    c = np.concatenate([-mu, np.zeros(1 + T)])
    tail = np.concatenate([np.zeros(n), [1.0], np.full(T, 1.0 / (T * 0.05))])
    A = np.vstack([tail, np.hstack([-S, -np.ones((T, 1)), -np.eye(T)])])
    budget = np.concatenate([np.ones(n), np.zeros(1 + T)])[None, :]
    bounds = [(0, CAP)] * n + [(None, None)] + [(0, None)] * T
    found = linprog(c, A, np.concatenate([[cvar], np.zeros(T)]), budget, [1.0], bounds=bounds, method="highs")
    return -float(found.fun)


def test_every_point_has_the_highest_return_of_its_risk() -> None:
    p = problem()
    frontier = efficient_frontier(p, 9, measure=parse_measure("measure", "cvar", {}))
    assert frontier.risk_measure == "CVaR 95 %, 1 period of 252 a year"
    assert p.moments.scenarios is not None
    for point in frontier.points:
        assert point.risk is not None
        assert point.weights is not None
        assert abs(float(point.weights.sum()) - 1.0) <= 1e-15
        best = highest_return(p.moments.scenarios, p.moments.mu, point.risk * (1 + 1e-13))
        assert point.expected_return == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_risk_rises_with_return_and_faster_and_faster(measure: str) -> None:
    p = problem(1, limits={"sector_limits": 0.5})
    frontier = efficient_frontier(p, 12, measure=parse_measure("measure", measure, {}))
    risk = np.array([point.risk for point in frontier.points])
    expected = np.array([point.expected_return for point in frontier.points])
    assert (np.diff(risk) > 0.0).all()
    slope = np.diff(expected) / np.diff(risk)
    assert (np.diff(slope) <= 1e-9 * slope[:-1]).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_a_point_of_the_sweep_is_the_certified_optimum_of_its_own_program(measure: str) -> None:
    p = problem(2)
    frontier = efficient_frontier(p, 7, measure=parse_measure("measure", measure, {}))
    for point in (frontier.points[2], frontier.points[5]):
        alone = p.replaced(
            objective=parse_objective({"kind": "min_risk", "measure": measure}),
            limits=(*p.limits, *parse_limits({"min_return": point.expected_return - 1e-13})),
        )
        form = assemble(alone)
        solution = optimize(alone, form=form)
        certificate = audit(alone, form, solution)
        assert certificate.certified, certificate.reasons
        least = parse_measure("measure", measure, {}).value(solution.weights, alone)  # type: ignore[arg-type]
        assert point.risk == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_optimal_portfolio_has_the_best_ratio_and_no_point_a_better_one(measure: str) -> None:
    p = problem(3)
    frontier = efficient_frontier(p, 15, measure=parse_measure("measure", measure, {}))
    best = (frontier.optimal.expected_return - 0.01) / frontier.optimal.risk  # type: ignore[operator]
    assert all((q.expected_return - 0.01) / q.risk <= best for q in frontier.points)  # type: ignore[operator]
    alone = construct(p.replaced(objective=parse_objective({"kind": "max_ratio", "measure": measure})))
    assert best == pytest.approx(alone.objective.ratio(optimize(alone).weights, alone), rel=1e-9)  # type: ignore[attr-defined]


def test_the_ends_are_cut_where_asked() -> None:
    p = problem(4)
    measure = parse_measure("measure", "cvar", {})
    whole = efficient_frontier(p, 11, measure=measure)
    low, high = whole.points[3], whole.points[8]
    cut = efficient_frontier(p, 5, measure=measure, min_return=low.expected_return, max_risk=high.risk)
    assert cut.points[0].expected_return == pytest.approx(low.expected_return, abs=1e-12)
    assert cut.points[-1].risk == pytest.approx(high.risk, abs=1e-12)
    assert cut.max_return.expected_return == pytest.approx(high.expected_return, abs=1e-9)
    assert cut.current is not None
    assert cut.current.risk == pytest.approx(measure.value(np.full(15, 1 / 15), p))


def test_of_the_least_risky_portfolios_the_best_paid_is_the_lower_end() -> None:
    """A riskless pair: two assets that are the same but for their expected returns, which the risk does not see."""
    p = problem(5, n=4)
    m = p.moments
    assert m.scenarios is not None
    S = m.scenarios.copy()
    S[:, 1] = S[:, 0]
    twin = Moments(m.universe, np.array([0.05, 0.09, 0.10, 0.12]), m.covariance, scenarios=S)
    terms = parse_limits({"budget": True, "long_only": True})
    frontier = efficient_frontier(p.replaced(moments=twin, limits=terms), 5, measure=parse_measure("measure", "cvar", {}))
    weights = frontier.min_risk.weights
    assert weights is not None
    assert weights[0] == 0.0
    assert weights[1] > 0.1


def test_the_best_paid_portfolios_end_in_the_least_risky_of_them() -> None:
    p = problem(6, n=6)
    moments = Moments(
        p.universe, np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.02]), p.moments.covariance, scenarios=p.moments.scenarios
    )
    frontier = efficient_frontier(p.replaced(moments=moments), 4, measure=parse_measure("measure", "cvar", {}))
    top = frontier.max_return
    assert top.expected_return == pytest.approx(0.1, abs=1e-15)
    assert top.weights is not None
    rng = np.random.default_rng(0)
    drawn = [np.append(rng.dirichlet(np.ones(5)), 0.0) for _ in range(300)]
    measure = parse_measure("measure", "cvar", {})
    assert top.risk is not None
    assert top.risk <= min(measure.value(w, p) for w in drawn if w.max() <= CAP)


def test_ends_that_leave_nothing_are_refused_with_what_would_do() -> None:
    p, measure = problem(7), parse_measure("measure", "cvar", {})
    with pytest.raises(InvalidValue, match="the least CVaR 95 %"):
        efficient_frontier(p, 5, measure=measure, max_risk=1e-4)
    with pytest.raises(InvalidValue, match="highest expected return"):
        efficient_frontier(p, 5, measure=measure, min_return=0.9)
    with pytest.raises(InvalidValue, match="not convex"):
        efficient_frontier(p, 5, measure=parse_measure("measure", "var", {}))
