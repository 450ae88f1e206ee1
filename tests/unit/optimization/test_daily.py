"""A day's weights from the day before: those of a solve, or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from portopt import optimization
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.solution import SolveStatus
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization.beside.answer import answer_at
from portopt.optimization.beside.kinked import kinked
from portopt.optimization.beside.standing import BUYING, HIGHEST, LOWEST, SELLING, STAYING, Standing, standing_of
from portopt.optimization.daily.check import checked
from portopt.optimization.daily.day import Found
from portopt.optimization.daily.impact import impact_of, whole_answer
from portopt.optimization.daily.solve import solved
from portopt.optimization.daily.template import NotDaily, Template, template_of
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

N, DAYS = 24, 7
GAMMA = 5.0
UTILITY = {"kind": "utility", "risk_aversion": GAMMA}
PLAIN = {"max_weight": 0.1, "sector_limits": 0.4}
TRADED = {**PLAIN, "max_turnover": 0.06}
COST = {"linear_impact": {"bps": 10}}
KINDS = {
    "utility": (UTILITY, PLAIN, {}),
    "prices of trades": (UTILITY, PLAIN, COST),
    "turnover": (UTILITY, {**TRADED, "min_weight": 0.005}, COST),
    "least risk": ({"kind": "min_risk"}, {**TRADED, "fully_invested": True}, {}),
    "tracking error": (UTILITY, {**TRADED, "max_tracking_error": 0.012}, COST),
    "volatility": (UTILITY, {**TRADED, "max_volatility": 0.155, "cash": {"max": 0.3}}, COST),
    "near the benchmark": ({"kind": "min_tracking_error"}, {**TRADED, "max_weight": 0.055}, {}),
    "impact": (UTILITY, {**TRADED, "max_turnover": 0.2}, {**COST, "square_root_impact": {"coefficient": 1.0}}),
    "impact alone": (UTILITY, PLAIN, {"square_root_impact": {"coefficient": 0.7}}),
    "heavy impact alone": (UTILITY, PLAIN, {"square_root_impact": {"coefficient": 2.0}}),
    "impact and tracking error": (
        UTILITY,
        {**TRADED, "max_tracking_error": 0.012},
        {**COST, "square_root_impact": {"coefficient": 1.0}},
    ),
    "best ratio": ({"kind": "max_sharpe"}, {**TRADED, "fully_invested": True}, COST),
}


def _days(kind: str, seed: int = 1, count: int = DAYS) -> Iterator[Problem]:
    """Problems of successive days: send the weights that were chosen, and they drift."""
    objective, limits, costs = KINDS[kind]
    rng = np.random.default_rng(seed)
    universe = Universe((*(Asset(f"A{i:02d}", sector=f"S{i % 4}") for i in range(N)), Asset(CASH)))
    terms = {
        "objective": parse_objective(objective),
        "limits": parse_limits({"budget": True, "long_only": True, **limits}),
        "costs": parse_costs(costs),
    }
    B, benchmark = rng.normal([1.0, 0.0, 0.0], 0.5, (N, 3)), np.append(rng.dirichlet(np.full(N, 6.0)), 0.0)
    X = 0.0004 * B[:, 0] + rng.normal(0.0, [0.01, 0.004, 0.004], (200 + count, 3)) @ B.T
    X += rng.normal(0.0, 1.0, X.shape) * rng.uniform(0.006, 0.02, N)
    w = benchmark
    for t in range(200, 200 + count):
        window, Sigma = X[t - 120 : t], np.zeros((N + 1, N + 1))
        Sigma[:N, :N] = 252.0 * np.cov(window.T)
        mu = np.append(252.0 * window.mean(axis=0), 0.02)
        moments = Moments(universe, mu, Covariance(Sigma=Sigma))
        traded = np.append(2e6 * (1.0 + np.cos(np.arange(t, t + N)) ** 2), np.inf)
        said = {"risk_free_rate": 0.02, "portfolio_value": 1e7, "average_daily_value": traded}
        chosen = yield Problem(moments, w_prev=w, benchmark=benchmark, **said, **terms)
        grown = (w if chosen is None else chosen) * (1.0 + np.append(X[t], 0.0))
        w = grown / grown.sum()


# The live path ends these at a gap of 1e-12 of the utility and not at its corner: weights apart by 1e-7, and ours worth more.
UNPOLISHED = ("heavy impact alone",)


def _utility(problem: Problem, w: np.ndarray) -> float:
    """What the question makes the most of, written out: mu'w - gamma/2 w'Sigma w - costs a year."""
    paid = sum(cost.value(w, problem) for cost in problem.costs) / problem.holding_period_years
    risk = w @ problem.moments.covariance.dense() @ w
    return float(problem.moments.mu @ w - 0.5 * GAMMA * risk - paid)


def _solved_for(problem: Problem) -> tuple[np.ndarray, Standing, float, np.ndarray]:
    """(weights, standing, tau, multipliers of the rows) by the engine."""
    form = optimization.assemble(problem)
    raw = optimization.solve(form)
    assert raw.status is SolveStatus.OPTIMAL
    assert raw.x is not None
    assert raw.duals is not None
    k = kinked(form)
    if k is None:
        return raw.x[: problem.n], *_nowhere(problem)
    now = standing_of(k, raw)
    assert now is not None
    return raw.x[: problem.n], now, 1.0 if not form.ratio else 0.05, raw.duals.rows[k.rows]


def _nowhere(problem: Problem) -> tuple[Standing, float, np.ndarray]:
    """Where all weights stand where they are, for problems that are no kinked form by themselves."""
    sides = np.where((first := template_of(problem).first).row_lower == first.row_upper, 2, 0).astype(np.int8)
    return Standing(np.full(problem.n, BUYING, dtype=np.int8), sides, False), 1.0, np.zeros(len(sides))


def _on(template: Template, p: Problem):  # type: ignore[no-untyped-def]
    assert p.average_daily_value is not None
    moves = impact_of(p.moments.Sigma, p.moments.periods_per_year, 1e7, p.average_daily_value)
    return template.on(p.moments.mu, p.moments.Sigma, p.previous(), p.benchmark, moves)


@pytest.mark.parametrize("kind", KINDS)
def test_days_one_after_the_other_have_the_weights_of_a_solve(kind: str) -> None:
    days, changed = _days(kind), []
    problem = next(days)
    template = template_of(problem)
    w, standing, tau, y = _solved_for(problem)
    while (problem := _sent(days, w)) is not None:
        day = _on(template, problem)
        found = solved(day, standing, tau, y)
        assert found is not None
        assert checked(day.as_traded(found.w), found).holds()
        w = _solved_for(problem)[0]
        assert np.abs(found.w - w).max() < 1e-9 or (kind in UNPOLISHED and _utility(problem, found.w) > _utility(problem, w))
        changed.append(int((found.standing.places != standing.places).sum()))
        standing, tau, y = found.standing, found.tau, found.y
    assert len(changed) == DAYS - 1
    if kind in ("tracking error", "volatility"):
        assert standing.on_ball


def _sent(days: Iterator[Problem], w: np.ndarray) -> Problem | None:
    try:
        return days.send(w)  # type: ignore[attr-defined]
    except StopIteration:
        return None


@pytest.mark.parametrize("kind", ["turnover", "tracking error", "least risk", "utility"])
def test_where_a_day_begins_decides_nothing(kind: str) -> None:
    """From standings drawn at random, half of the names elsewhere, the same weights or none; and mostly the same weights."""
    problem = list(_days(kind, seed=3))[-1]
    template = template_of(problem)
    day, (w, right, _, _) = _on(template, problem), _solved_for(problem)
    rng, arrived = np.random.default_rng(5), 0
    for _ in range(12):
        places = right.places.copy()
        wrong = rng.permutation(len(places))[: len(places) // 2]
        places[wrong] = rng.choice([LOWEST, SELLING, STAYING, BUYING, HIGHEST], len(wrong))
        sides = np.where(rng.random(len(right.sides)) < 0.3, np.where(right.sides == 2, 2, 0), right.sides).astype(np.int8)
        found = solved(day, Standing(places, sides, right.on_ball), 1.0, np.zeros(len(sides)))
        if found is not None:
            arrived += 1
            assert np.abs(found.w - w).max() < 1e-9
    assert arrived >= 9


def test_an_independent_optimizer_agrees() -> None:
    problem = list(_days("tracking error", seed=4))[-1]
    found = solved(_on(template_of(problem), problem), *_solved_for(problem)[1:])
    assert found is not None
    Sigma, mu, b, held = problem.moments.Sigma, problem.moments.mu, problem.benchmark_weights(), problem.previous()
    w = cp.Variable(N + 1)
    R = np.linalg.cholesky(Sigma[:N, :N]).T
    traded = cp.norm1(w - held)
    sectors = [cp.sum(w[list(range(s, N, 4))]) <= 0.4 for s in range(4)]
    asked = cp.Problem(
        cp.Maximize(mu @ w - 2.5 * cp.sum_squares(R @ w[:N]) - 0.001 * cp.norm1(w[:N] - held[:N])),
        [cp.sum(w) == 1, w >= 0, w[:N] <= 0.1, traded <= 0.12, cp.norm(R @ (w - b)[:N]) <= 0.012, *sectors],
    )
    asked.solve(solver="CLARABEL", tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    assert np.abs(found.w - w.value).max() < 1e-5
    value = problem.objective.value(found.w, problem)
    assert value == pytest.approx(asked.value, abs=1e-8)


def test_no_portfolio_is_no_answer() -> None:
    """Half of the book above a cap that turnover does not let it come down to: the live path says so, this one nothing."""
    problem = next(_days("turnover"))
    held = np.append(np.full(N - 2, 0.4 / (N - 2)), [0.3, 0.3, 0.0])
    stuck = problem.replaced(w_prev=held)
    assert optimization.optimize(stuck).status is SolveStatus.INFEASIBLE
    _, standing, tau, y = _solved_for(problem)
    assert solved(_on(template_of(problem), stuck), standing, tau, y) is None


def test_weights_beyond_their_bounds_by_drift_come_back_inside() -> None:
    problem = next(_days("turnover"))
    held = np.full(N + 1, 0.78 / (N - 2))
    held[:2], held[-1] = 0.11, 0.0
    drifted = problem.replaced(w_prev=held / held.sum())
    _, standing, tau, y = _solved_for(problem)
    found = solved(_on(template_of(problem), drifted), standing, tau, y)
    assert found is not None
    assert np.array_equal(found.w[:2], [0.1, 0.1])
    assert np.abs(found.w - _solved_for(drifted)[0]).max() < 1e-9


def test_of_two_assets_that_are_one_the_quick_path_chooses_none() -> None:
    """Where another portfolio is as good, the answer would depend on where it began."""
    problem = next(_days("utility"))
    Sigma, mu = problem.moments.Sigma.copy(), problem.moments.mu.copy()
    Sigma[:, 1], Sigma[1, :], mu[1] = Sigma[:, 0], Sigma[0, :], mu[0]
    Sigma[1, 1] = Sigma[0, 0]
    mu[:2] += 0.5 * float(np.abs(mu).max())
    twins = problem.replaced(moments=replace(problem.moments, mu=mu, covariance=Covariance(Sigma=Sigma)))
    template = template_of(problem)
    standing = Standing(np.full(N + 1, BUYING, dtype=np.int8), np.array([2, 0, 0, 0, 0], dtype=np.int8), False)
    found = solved(_on(template, twins), standing, 1.0, np.zeros(5))
    assert found is None or checked(_on(template, twins), found).only


def test_the_check_sees_what_is_wrong() -> None:
    problem = list(_days("tracking error", seed=6))[-1]
    day = _on(template_of(problem), problem)
    found = solved(day, *_solved_for(problem)[1:])
    assert found is not None
    assert checked(day, found).holds()
    moved = found.w + 1e-6 * np.resize([1.0, -1.0], N + 1)
    assert not checked(day, replace(found, w=moved, gradient=found.gradient + 1e-6 * (day.M @ (moved - found.w)))).holds()
    assert not checked(day, replace(found, y=1.01 * found.y)).holds()
    assert not checked(day, replace(found, gradient=1.001 * found.gradient)).holds()
    assert not checked(replace(day, radius=0.99 * day.radius), found).holds()


def test_an_answer_is_put_into_its_form_and_signed() -> None:
    from portopt import audit
    from portopt.domain.solution import Solution

    problem = list(_days("tracking error", seed=8))[-1]
    found = solved(_on(template_of(problem), problem), *_solved_for(problem)[1:])
    assert isinstance(found, Found)
    form = optimization.assemble(problem)
    raw = answer_at(form, found.standing)
    assert raw is not None
    assert raw.x is not None
    signed = audit.audit(problem, form, Solution(raw.status, problem.identity(), raw.x[: problem.n].copy(), raw))
    assert signed.verdict == "certified"
    assert np.abs(raw.x[: problem.n] - found.w).max() < 1e-12


@pytest.mark.parametrize("kind", ["impact", "impact and tracking error"])
def test_an_answer_with_powers_is_put_into_its_form_and_signed(kind: str) -> None:
    from portopt import audit
    from portopt.domain.solution import Solution

    problem = list(_days(kind, seed=8))[-1]
    found = solved(_on(template_of(problem), problem), *_nowhere(problem))
    assert found is not None
    form = optimization.assemble(problem)
    raw = whole_answer(problem, form, found)
    assert raw is not None
    assert raw.x is not None
    signed = audit.audit(problem, form, Solution(raw.status, problem.identity(), raw.x[: problem.n].copy(), raw))
    assert signed.verdict == "certified"


@pytest.mark.parametrize(
    ("limits", "costs", "says"),
    [
        ({"max_positions": 5}, {}, "whole numbers"),
        ({"max_cost": 0.001}, {"square_root_impact": {}}, "grows faster"),
        ({"max_tracking_error": 0.03, "max_volatility": 0.1}, {}, "max_tracking_error, max_volatility"),
        ({"frozen": True}, {}, "frozen"),
    ],
)
def test_what_is_not_of_this_kind_says_why(limits: dict[str, object], costs: dict[str, object], says: str) -> None:
    problem = next(_days("utility"))
    assets = (*problem.universe.assets[:-2], replace(problem.universe.assets[-2], tradable=False), problem.universe.assets[-1])
    universe = Universe(assets)
    asked = problem.replaced(
        moments=replace(problem.moments, universe=universe),
        limits=parse_limits({"budget": True, "long_only": True, **limits}),
        costs=parse_costs(costs),
        average_daily_value=np.append(np.full(N, 1e8), np.inf),
    )
    with pytest.raises(NotDaily, match=says):
        template_of(asked)
