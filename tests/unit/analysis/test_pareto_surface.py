"""Surfaces of best compromises: nothing on them is dominated, their rates are derivatives, and orders are respected."""

from __future__ import annotations

import contextlib
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from portopt.analysis.lexicographic import lexicographic
from portopt.analysis.pareto import pareto_surface
from portopt.audit import certify
from portopt.domain.errors import InfeasibleRequest, InvalidValue
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

LIMITS = {"budget": True, "long_only": True, "max_weight": 0.4}
MORE = ("return", "esg")


def problem(seed: int = 0, n: int = 8, objective: Any = None, **limits: Any) -> Problem:
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(n, 3)) * 0.15
    Sigma = F @ F.T + np.diag(rng.uniform(0.01, 0.05, n))
    esg = rng.uniform(2.0, 9.0, n)
    assets = tuple(Asset(f"A{i}", esg_score=float(s)) for i, s in enumerate(esg))
    S = rng.multivariate_normal(np.full(n, 3e-4), Sigma / 252, size=80)
    moments = Moments(Universe(assets), rng.uniform(0.0, 0.15, n), Covariance(Sigma=Sigma), scenarios=S)
    return Problem(
        moments,
        parse_objective(objective or {"kind": "min_risk"}),
        parse_limits({**LIMITS, **limits}),
        costs=parse_costs({"linear_impact": {"bps": 20}}),
        w_prev=rng.dirichlet(np.ones(n)) * 0.4 + 0.6 / n,
        benchmark=np.full(n, 1.0 / n),
    )


def certified(p: Problem) -> np.ndarray:
    form = assemble(p)
    return certify(p, form, optimize(p, form=form)).weights


def losses(surface: Any) -> np.ndarray:
    return np.array([[(-1 if a in MORE else 1) * point.amounts[a] for a in surface.axes] for point in surface.points])


@pytest.mark.parametrize(
    "axes",
    [
        ("return", "risk", "esg"),
        ("return", "risk"),
        ("risk", "esg", "turnover"),
        ("return", "tracking_error", "esg"),
        ("return", "esg"),
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [0, 1])
def test_no_point_of_a_surface_is_dominated_and_each_keeps_the_limits(axes, seed):
    p = problem(seed)
    surface = pareto_surface(p, axes, points=25)
    values = losses(surface)
    scale = np.maximum(np.ptp(values, axis=0), 1e-12)
    for i in range(len(values)):
        ahead = (values - values[i]) / scale
        assert not ((ahead <= 1e-7).all(axis=1) & (ahead < -1e-6).any(axis=1)).any()
    assert len(surface.points) >= 5
    for point in surface.points:
        assert point.weights.sum() == pytest.approx(1.0, abs=1e-12)
        assert point.weights.min() >= 0.0
        assert point.weights.max() <= 0.4 + 1e-12


def test_each_point_is_the_least_risk_cvxpy_finds_at_its_return_and_score():
    p = problem(2)
    surface = pareto_surface(p, points=16)
    esg = p.universe.scores("esg_score")
    for point in surface.points:
        w = cp.Variable(p.n)
        held = [cp.sum(w) == 1, w >= 0, w <= 0.4]
        held += [p.moments.mu @ w >= point.amounts["return"] - 1e-9, esg @ w >= point.amounts["esg"] - 1e-9]
        cp.Problem(cp.Minimize(cp.quad_form(w, cp.psd_wrap(p.moments.covariance.dense()))), held).solve(
            solver=cp.CLARABEL, tol_feas=1e-11, tol_gap_abs=1e-12, tol_gap_rel=1e-12
        )
        assert point.amounts["risk"] == pytest.approx(p.moments.covariance.volatility(w.value), rel=2e-6)


def test_weighted_sums_lie_on_the_surface():
    """The least risk at a weighted sum's own return and score is its own risk."""
    for gamma, esg in ((2.0, 0.005), (5.0, 0.01), (10.0, 0.03)):
        p = problem(3, objective={"kind": "multi_objective", "weights": {"return": 1, "risk": gamma, "esg": esg}})
        w = certified(p)
        located = pareto_surface(p.replaced(w_prev=w), points=9).current
        assert located.dominating is not None
        assert located.distance == pytest.approx(0.0, abs=1e-6)


def test_trade_off_rates_are_the_slopes_between_neighbouring_programs():
    p = problem(4)
    surface = pareto_surface(p, points=36)
    checked = 0
    for point in surface.points:
        for name in ("return", "esg"):
            if point.rates[name] <= 1e-6:
                continue
            step = 1e-6 * (1 if name == "return" else 30)
            risks = []
            for sign in (-1, 1):
                bounds = {n: point.amounts[n] + (sign * step if n == name else 0.0) for n in ("return", "esg")}
                moved = p.replaced(limits=(*p.limits, *parse_limits({"axis_bounds": bounds})))
                solution = optimize(moved)
                risks.append(moved.moments.covariance.volatility(solution.weights) if solution.is_optimal else np.nan)
            slope = (risks[1] - risks[0]) / (2 * step)
            if np.isfinite(slope) and all(point.rates[n] > 1e-6 for n in ("return", "esg")):
                checked += abs(slope - point.rates[name]) <= 1e-3 * abs(slope)
    assert checked >= 10


def test_one_axis_is_exchanged_for_another_at_the_ratio_of_their_rates():
    surface = pareto_surface(problem(4), points=36)
    point = next(q for q in surface.points if min(q.rates.values()) > 1e-6)
    rate = point.exchange("return", "esg")
    assert rate == pytest.approx(-point.rates["esg"] / point.rates["return"])
    assert rate < 0.0, "more score costs return at the same risk"


def test_the_book_is_told_what_dominates_it_and_by_how_much():
    p = problem(5)
    located = pareto_surface(p, points=16).current
    w = p.w_prev
    assert located.amounts["risk"] == pytest.approx(p.moments.covariance.volatility(w))
    assert located.improvement["risk"] > 0.0
    assert located.improvement["return"] >= -1e-9
    assert located.improvement["esg"] >= -1e-9
    assert located.distance > 0.0


def test_two_axes_of_risk_and_return_are_the_efficient_frontier():
    from portopt.optimization import efficient_frontier

    p = problem(6)
    surface = pareto_surface(p, ("return", "risk"), points=9)
    frontier = efficient_frontier(p, points=9)
    for point in surface.points:
        returns = [q.expected_return for q in frontier.points]
        volatilities = [q.volatility for q in frontier.points]
        assert point.amounts["risk"] <= np.interp(point.amounts["return"], returns, volatilities) + 1e-9


class Heard(list[tuple[int, int]]):
    """A ports.Progress that remembers how far it was."""

    def step(self, name: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def count(self, done: int, of: int) -> None:
        self.append((done, of))


def test_any_risk_measure_may_be_the_axis_and_whoever_listens_hears_of_every_program():
    heard = Heard()
    surface = pareto_surface(
        problem(7),
        ("return", "risk"),
        points=5,
        risk_measure="cvar",
        measure_options={"confidence": 0.9},
        progress=heard,
    )
    risks = [point.amounts["risk"] for point in surface.points]
    assert risks == sorted(risks)
    assert [done for done, _ in heard] == list(range(1, surface.solved + 1))
    assert all(done <= total for done, total in heard)


def test_the_limits_of_the_request_on_axes_are_kept():
    p = problem(8, axis_bounds={"esg": 6.0})
    surface = pareto_surface(p, ("return", "risk"), points=7)
    assert all(p.universe.scores("esg_score") @ point.weights >= 6.0 - 1e-9 for point in surface.points)


def test_a_surface_becomes_plain_data():
    data = pareto_surface(problem(9), ("return", "risk"), points=4).data()
    assert data["axes"] == ["risk", "return"]
    assert set(data["points"][0]) == {"amounts", "weights", "rates"}


@pytest.mark.parametrize("order", [("risk", "return", "esg"), ("esg", "risk"), ("return", "esg", "risk"), ("turnover", "risk")])
def test_a_lexicographic_order_is_respected(order):
    p = problem(10)
    final, stages = lexicographic(p, order, {"esg": 0.2, "return": 0.005, "risk": 0.005, "turnover": 0.05})
    w = certified(final)
    assert [stage.axis for stage in stages] == list(order[:-1])
    readings = dict(zip(order[:-1], final.limit("axis_bounds").read(w, final).measured, strict=True))
    for stage in stages:
        assert (readings[stage.axis] - stage.bound) * (-1 if stage.axis in MORE else 1) <= 1e-9
    alone, _ = lexicographic(p, (order[0],))
    assert stages[0].best == pytest.approx(final.limit("axis_bounds").read(certified(alone), final).measured[0], abs=1e-9), (
        "nothing was given up before the first axis was settled"
    )


@pytest.mark.parametrize("order", [("turnover", "risk", "cost"), ("cost", "risk", "turnover"), ("turnover", "esg", "risk")])
@pytest.mark.parametrize("seed", range(3))
def test_an_order_that_begins_with_not_trading_is_certified_though_its_objective_is_nothing(order, seed):
    p = problem(seed + 20)
    w = certified(lexicographic(p, order)[0])
    assert 0.5 * np.abs(w - p.w_prev).sum() <= 2e-4


def test_less_important_axes_gain_from_tolerance_only():
    p = problem(11)
    got = []
    for tolerance in (0.0, 0.002, 0.01):
        final, _ = lexicographic(p, ("return", "risk"), {"return": tolerance})
        got.append(final.moments.covariance.volatility(certified(final)))
    assert got[0] >= got[1] - 1e-12
    assert got[1] > got[2]


def test_what_is_no_surface_is_refused():
    p = problem()
    with pytest.raises(InvalidValue, match="two or three"):
        pareto_surface(p, ("return",))
    with pytest.raises(InvalidValue, match="no axis"):
        pareto_surface(p, ("return", "beauty"))
    with pytest.raises(InvalidValue, match="once"):
        lexicographic(p, ("risk", "risk"))
    with pytest.raises(InvalidValue, match="negative"):
        lexicographic(p, ("risk", "return"), {"risk": -1.0})
    with pytest.raises(InfeasibleRequest):
        pareto_surface(problem(0, max_weight=0.05))
