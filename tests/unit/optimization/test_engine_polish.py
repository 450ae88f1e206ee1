"""What the polish promises: the optimality conditions to rounding, exact zeros, exact sums, one answer from every solver."""

import math
from dataclasses import replace

import numpy as np
import pytest

from portopt.optimization import assemble, optimize, solve
from portopt.optimization.polish import newton, polish
from portopt.optimization.polish.polish import polished
from portopt.optimization.scaling.presolve import lowered, scaled
from portopt.optimization.solvers import clarabel

SECTORS = {"budget": True, "long_only": True, "max_weight": 0.2, "sector_limits": 0.45}
UTILITY = {"kind": "utility", "risk_aversion": 3.0}
CASES = {
    "min risk": ("min_risk", SECTORS, {}),
    "utility": (UTILITY, SECTORS, {}),
    "sharpe": ("max_sharpe", SECTORS, {}),
    "turnover and costs": (UTILITY, SECTORS | {"max_turnover": 0.3}, {"linear_impact": {"bps": 15}}),
    "sharpe with turnover and costs": ("max_sharpe", SECTORS | {"max_turnover": 0.3}, {"linear_impact": {"bps": 15}}),
    "tracking error": (UTILITY, SECTORS | {"max_tracking_error": 0.04}, {}),
    "two cones and turnover": (
        UTILITY,
        SECTORS | {"max_tracking_error": 0.05, "max_volatility": 0.19, "max_turnover": 0.55},
        {"linear_impact": {"bps": 15}},
    ),
    "sharpe with a cone": ("max_sharpe", SECTORS | {"max_tracking_error": 0.04}, {}),
    "leverage": (UTILITY, {"budget": True, "min_weight": -0.3, "max_weight": 0.4, "leverage_limit": 1.5}, {}),
    "leverage and turnover": (
        UTILITY,
        {"budget": True, "min_weight": -0.3, "max_weight": 0.4, "leverage_limit": 1.5, "max_turnover": 0.8},
        {},
    ),
}


@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("assets", [12, 60])
def test_the_optimality_conditions_hold_to_rounding(market, residuals, case, factor_form, assets):
    objective, limits, costs = CASES[case]
    given = {"objective": objective, "limits": limits, "costs": costs, "factor_form": factor_form}
    p = market(31, assets, **given, cash=True, risk_free_rate=0.02)
    form = assemble(p)
    raw = solve(form)
    assert raw.polished
    found = residuals(form, raw)
    assert found["stationarity"] < 1e-13
    assert found["outside"] < 1e-14
    assert found["complementarity"] < 1e-14
    assert found["signs"] < 1e-14
    assert math.fsum(raw.x[: p.n]) == 1.0


@pytest.mark.parametrize("case", CASES)
def test_dense_and_factor_form_give_the_same_weights(market, case):
    objective, limits, costs = CASES[case]
    given = {"objective": objective, "limits": limits, "costs": costs, "risk_free_rate": 0.02}
    dense, factors = (optimize(market(32, 30, factor_form=form, **given)).weights for form in (False, True))
    assert dense == pytest.approx(factors, abs=1e-11)


@pytest.mark.parametrize(
    "case", ["min risk", "utility", "sharpe", "turnover and costs", "sharpe with turnover and costs", "leverage"]
)
def test_every_solver_gives_the_same_weights(market, case):
    objective, limits, costs = CASES[case]
    form = assemble(market(33, 25, objective=objective, limits=limits, costs=costs, risk_free_rate=0.02))
    answers = {solver: solve(form, solver=solver) for solver in ("structured", "piqp-dense", "piqp-sparse", "clarabel")}
    for solver, raw in answers.items():
        assert raw.solver == solver
        assert raw.x[:25] == pytest.approx(answers["clarabel"].x[:25], abs=1e-13)


def test_weights_at_a_bound_are_exactly_there(market):
    w = optimize(market(34, 40, objective=UTILITY, limits=SECTORS | {"max_weight": 0.1})).weights
    assert np.count_nonzero(w == 0.0) > 10
    assert np.count_nonzero(w == 0.1) > 2
    assert np.all((w == 0.0) | (w > 1e-6))


def test_what_is_not_traded_keeps_its_weight_to_the_last_bit(market):
    p = market(
        35,
        20,
        objective=UTILITY,
        limits={"budget": True, "long_only": True, "max_turnover": 0.05},
        costs={"linear_impact": {"bps": 30}},
    )
    w = optimize(p).weights
    kept = w == p.w_prev
    assert kept.sum() >= 10
    assert np.abs(w - p.w_prev)[~kept].min() > 1e-6
    assert np.abs(w - p.w_prev).sum() / 2 == pytest.approx(0.05, abs=1e-15)


def test_a_poor_guess_is_corrected(market):
    p = market(36, 30, objective=UTILITY, limits=SECTORS)
    form = assemble(p)
    exact = solve(form)
    rng = np.random.default_rng(0)
    program = scaled(form)
    near = lowered(program, exact)
    poor = replace(near, x=np.clip(near.x + rng.normal(0, 0.02, 30), 0, 0.2), t=near.t * rng.uniform(-0.5, 2.0, 30))
    found = polished(program, poor)
    assert found is not None
    assert found.x == pytest.approx(exact.x, abs=1e-14)


def test_square_root_impact_is_answered_without_a_polish_and_within_its_limits(market, residuals):
    p = market(37, objective=UTILITY, limits=SECTORS, costs={"square_root_impact": {}})
    raw = solve(assemble(p))
    w = raw.x[: p.n]
    assert raw.solver == "clarabel"
    assert math.fsum(w) == 1.0
    assert w.min() >= 0.0
    assert all(limit.read(w, p).worst() <= 1e-9 for limit in p.limits)


@pytest.mark.parametrize("premium", [0.003, 0.03, 3.0])
def test_a_ratio_is_exact_however_far_its_risk_aversion_is_from_the_first_guess(market, residuals, premium):
    limits = {"budget": True, "long_only": True, "max_turnover": 0.3}
    for seed in range(6):
        mu = 0.02 + premium * np.random.default_rng(seed).uniform(0.1, 1.0, 15)
        p = market(
            seed, 15, objective="max_sharpe", limits=limits, mu=mu, costs={"linear_impact": {"bps": 1}}, risk_free_rate=0.019
        )
        form = assemble(p)
        raw = solve(form)
        assert raw.polished
        assert residuals(form, raw)["stationarity"] < 1e-13 * (1 + premium)
        assert residuals(form, raw)["outside"] < 1e-14


@pytest.mark.parametrize("case", ["tracking error", "sharpe with a cone"])
def test_a_system_that_still_contracts_is_kept_and_the_answer_is_the_same(market, residuals, monkeypatch, case):
    objective, limits, costs = CASES[case]
    markets = [market(seed, 60, objective=objective, limits=limits, costs=costs, cash=True) for seed in range(33, 38)]
    forms = [assemble(p) for p in markets]
    made: list[int] = []
    system = newton._system
    monkeypatch.setattr(newton, "_system", lambda *parts: made.append(1) or system(*parts))
    afresh = [solve(form) for form in forms]
    fresh, made[:] = len(made), []

    monkeypatch.setattr(newton, "MANY_UNKNOWNS", 0)
    kept = [solve(form) for form in forms]

    assert len(made) < fresh
    for form, one, other in zip(forms, kept, afresh, strict=True):
        assert one.x == pytest.approx(other.x, abs=1e-14)
        assert residuals(form, one)["stationarity"] < 1e-13


def test_a_polish_that_goes_round_in_circles_is_given_up(market, monkeypatch):
    objective, limits, costs = CASES["tracking error"]
    program = scaled(assemble(market(34, 30, objective=objective, limits=limits, costs=costs)))
    answer = clarabel.solve(program)
    rounds: list[int] = []
    # A correction that changes nothing and says that it did is the shortest circle.
    monkeypatch.setattr(polish, "correct", lambda state, *, cautious: rounds.append(1) or True)

    assert polished(program, answer) is None
    assert polish.CIRCLES < len(rounds) <= polish.POLISHING_ROUNDS / 2
