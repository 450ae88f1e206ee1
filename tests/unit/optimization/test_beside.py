"""Found beside another answer: the same optimum as solved for alone, within a budget, or not at all."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from portopt import audit, optimization
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.solution import Solution
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import batch, neighbour
from portopt.optimization.beside import answer as beside
from portopt.optimization.beside.answer import answer_beside
from portopt.optimization.beside.kinked import kinked
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

N, K = 40, 4
UTILITY = {"kind": "utility", "risk_aversion": 4.0}
PLAIN = {"max_weight": 0.12, "sector_limits": 0.4}
TURNOVER = {**PLAIN, "max_turnover": 0.15}
KINDS = {
    "utility": (UTILITY, PLAIN, {}),
    "least risk": ({"kind": "min_risk"}, {**PLAIN, "min_weight": 0.005}, {}),
    "best ratio": ({"kind": "max_sharpe"}, PLAIN, {}),
    "turnover": (UTILITY, TURNOVER, {}),
    "turnover of a ratio": ({"kind": "max_sharpe"}, TURNOVER, {}),
    "tracking error": (UTILITY, {**PLAIN, "max_tracking_error": 0.03}, {}),
    "all three": (UTILITY, {**TURNOVER, "max_tracking_error": 0.025}, {}),
    "least risk near the benchmark": ({"kind": "min_risk"}, {**PLAIN, "max_tracking_error": 0.03}, {}),
    "volatility": (UTILITY, {**PLAIN, "max_volatility": 0.11}, {}),
    "prices of trades": (UTILITY, PLAIN, {"linear_impact": {"bps": 20}}),
    "prices and turnover": (UTILITY, {**TURNOVER, "max_tracking_error": 0.03}, {"linear_impact": {"bps": 10}}),
    "a ratio well inside its tracking error": ({"kind": "max_sharpe"}, {**TURNOVER, "max_tracking_error": 0.2}, {}),
    "a floor under the return": ({"kind": "min_risk"}, {**PLAIN, "min_return": 0.07}, {}),
}
# Beside cash every mixture has the same ratio: which of them, others decide.
CASES = [(kind, cash) for kind in KINDS for cash in (False, True) if not (cash and "ratio" in kind)]


def _market(factors: bool, cash: bool) -> tuple[Universe, Covariance, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    F, D = rng.normal([1.0, 0.0, 0.0, 0.0], 1.0, (N, K)), rng.uniform(0.02, 0.09, N)
    Omega = np.diag([0.02, 0.003, 0.002, 0.001])
    assets = [Asset(f"A{i:02d}", sector=f"S{i % 4}") for i in range(N)]
    if cash:
        F[-1], D[-1], assets[-1] = 0.0, 0.0, Asset(CASH)
    covariance = Covariance(F=F, Omega=Omega, D=D) if factors else Covariance(Sigma=F @ Omega @ F.T + np.diag(D))
    return Universe(tuple(assets)), covariance, 0.02 + 0.04 * F[:, 0] + rng.normal(0.0, 0.01, N), rng.dirichlet(np.full(N, 8.0))


def _members(kind: str, count: int, *, factors: bool = False, cash: bool = False) -> list[Problem]:
    objective, limits, costs = KINDS[kind]
    universe, covariance, mu, benchmark = _market(factors, cash)
    rng = np.random.default_rng(12)
    members = []
    for _ in range(count):
        believed = mu + rng.normal(0.0, 0.01, N)
        believed[universe.is_cash] = 0.01  # what is without risk earns the riskless rate
        book = np.minimum(0.7 * benchmark + 0.3 * rng.dirichlet(np.ones(N)), 0.1)
        members.append(
            Problem(
                Moments(universe, believed, covariance),
                parse_objective(objective),
                parse_limits({"budget": True, "long_only": True, **limits}),
                parse_costs(costs),
                w_prev=book / book.sum(),
                benchmark=benchmark,
                risk_free_rate=0.01,
                portfolio_value=1e6,
            )
        )
    return members


@pytest.mark.parametrize("factors", [False, True], ids=["dense", "factors"])
@pytest.mark.parametrize(("kind", "cash"), CASES)
def test_what_is_found_is_the_optimum_and_certified(kind, factors, cash):
    first, *others = _members(kind, 7, factors=factors, cash=cash)
    near, found = optimization.optimize(first).raw, 0
    for problem in others:
        form = optimization.assemble(problem)
        raw = answer_beside(form, near)
        if raw is None:  # its right: the caller solves
            continue
        found += 1
        weights = raw.x[:N].copy()
        certificate = audit.audit(problem, form, Solution(raw.status, problem.identity(), weights, raw))
        assert certificate.certified, certificate.reasons
        assert weights == pytest.approx(optimization.optimize(problem, form=form).weights, abs=1e-10)
    assert found >= len(others) - 1


def test_the_optimum_is_that_of_another_solver():
    first, problem = _members("all three", 2)
    weights = answer_beside(optimization.assemble(problem), optimization.optimize(first).raw).x[:N]
    w, Sigma = cp.Variable(N), problem.moments.Sigma
    root = np.linalg.cholesky(Sigma)
    sector = np.array([[asset.sector == f"S{s}" for asset in problem.universe.assets] for s in range(4)], dtype=float)
    rows = [cp.sum(w) == 1, w >= 0, w <= 0.12, sector @ w <= 0.4, cp.norm1(w - problem.w_prev) <= 0.3]
    rows.append(cp.norm(root.T @ (w - problem.benchmark)) <= 0.025)
    best = cp.Problem(cp.Maximize(problem.moments.mu @ w - 2.0 * cp.sum_squares(root.T @ w)), rows)
    best.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    assert weights == pytest.approx(w.value, abs=1e-6)
    assert problem.objective.value(weights, problem) >= best.value - 1e-10


@pytest.mark.parametrize(
    "limits",
    [
        {"max_positions": 10},
        {"max_tracking_error": {"limit": 0.01, "soft": True}},
        {"max_tracking_error": 0.03, "max_volatility": 0.2},
    ],
    ids=["whole numbers", "a wish", "two cones"],
)
def test_what_is_no_program_of_weights_alone_is_left_to_others(limits):
    problem = _members("utility", 1)[0]
    problem = problem.replaced(limits=parse_limits({"budget": True, "long_only": True, **limits}))
    assert kinked(optimization.assemble(problem)) is None


@pytest.mark.parametrize(("bound", "inside"), [(0.02, 0), (0.054, 3), (0.12, 6)])
def test_a_ratio_whose_tracking_error_presses_there_or_here_is_found_exactly_or_left_to_others(bound, inside):
    """The cone is left out while it is idle: where the answer without it would leave it, nothing is answered."""
    found = 0
    for k, problem in enumerate(_members("turnover of a ratio", 6)):
        limits = {"budget": True, "long_only": True, **TURNOVER, "max_tracking_error": bound}
        wide = problem.replaced(limits=parse_limits({**limits, "max_tracking_error": 0.5}))
        near = optimization.optimize(wide).raw
        asked = problem.replaced(limits=parse_limits(limits))
        form = optimization.assemble(asked)
        alone = optimization.optimize(asked, form=form)
        raw = answer_beside(form, near)
        presses = bool(alone.raw.duals.cones[0].any())
        assert (raw is None) == presses, f"member {k}"
        if raw is not None:
            found += 1
            assert raw.x[:N] == pytest.approx(alone.weights, abs=1e-10)
            certificate = audit.audit(asked, form, Solution(raw.status, asked.identity(), raw.x[:N].copy(), raw))
            assert certificate.certified, certificate.reasons
    assert found == inside


def test_an_answer_to_other_columns_is_no_place_to_begin():
    plain, traded = _members("utility", 1)[0], _members("turnover", 1)[0]
    assert answer_beside(optimization.assemble(traded), optimization.optimize(plain).raw) is None


def test_a_correction_that_takes_too_many_rounds_is_given_up(monkeypatch):
    first, other = _members("all three", 2)
    form, near = optimization.assemble(other), optimization.optimize(first).raw
    taken = answer_beside(form, near).iterations
    monkeypatch.setattr(beside, "PER_ASSET", 0.0)
    monkeypatch.setattr(beside, "FEWEST", taken)
    assert answer_beside(form, near) is not None
    monkeypatch.setattr(beside, "FEWEST", taken - 1)
    assert answer_beside(form, near) is None


def test_a_run_in_which_no_start_arrives_stops_trying(monkeypatch):
    tried, solved, solve = [], [], batch.solve
    monkeypatch.setattr(neighbour, "answer_beside", lambda form, near: tried.append(form))
    monkeypatch.setattr(neighbour, "polished_near", lambda form, near, rounds: None)
    monkeypatch.setattr(batch, "solve", lambda form, **options: solved.append(form) or solve(form, **options))
    batch.optimize_batch(_members("turnover", 12))
    assert len(tried) == batch.PATIENCE
    assert len(solved) == 12


@pytest.mark.parametrize("kind", ["utility", "turnover", "all three"])
def test_a_batch_is_solved_for_once_and_then_found(kind, monkeypatch):
    solved, solve = [], batch.solve
    monkeypatch.setattr(batch, "solve", lambda form, **options: solved.append(form) or solve(form, **options))
    members = batch.optimize_batch(_members(kind, 12))
    assert len(solved) == 1
    assert all(member.solution.raw.polished for member in members)


@pytest.mark.parametrize("kind", ["utility", "turnover", "all three"])
@pytest.mark.parametrize("factors", [False, True], ids=["dense", "factors"])
def test_of_several_optima_a_batch_gives_the_one_that_is_given_alone(kind, factors):
    """Two assets that nobody could tell apart: how much of which, only the way to the answer says."""
    members = []
    for problem in _members(kind, 6, factors=factors):
        twins = [*range(N - 1), 0]
        sigma = problem.moments.covariance
        if factors:
            D = np.where(np.arange(N) == 0, 0.0, sigma.D)[twins]
            same = Covariance(F=sigma.F[twins], Omega=sigma.Omega, D=D)
        else:
            same = Covariance(Sigma=sigma.Sigma[np.ix_(twins, twins)])
        mu = problem.moments.mu.copy()
        mu[0] += 0.05
        moments = Moments(problem.universe, mu[twins], same)
        members.append(problem.replaced(moments=moments, w_prev=problem.w_prev[twins] / problem.w_prev[twins].sum()))
    for problem, member in zip(members, batch.optimize_batch(members), strict=True):
        assert member.solution.weights == pytest.approx(optimization.optimize(problem).weights, abs=1e-9)
