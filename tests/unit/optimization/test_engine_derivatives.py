"""How an answer moves: derivatives against re-solves and closed forms, and the distance over which they hold."""

from dataclasses import replace

import numpy as np
import pytest

from portopt.optimization import assemble, optimize, solve
from portopt.optimization.prices.derivatives import Linearization, NotDetermined, sensitivities
from portopt.optimization.prices.limit_steps import openings

LIMITS = {"budget": True, "long_only": True, "max_weight": 0.2, "sector_limits": 0.45}
UTILITY = {"kind": "utility", "risk_aversion": 4.0}
CASES = {
    "utility": (UTILITY, LIMITS),
    "least risk for a return": ({"kind": "min_risk"}, {**LIMITS, "min_return": 0.09}),
    "turnover": (UTILITY, {**LIMITS, "max_turnover": 0.3}),
    "leverage": (UTILITY, {"budget": True, "min_weight": -0.2, "max_weight": 0.4, "leverage_limit": 1.5}),
    "Sharpe ratio": ({"kind": "max_sharpe"}, LIMITS),
    "tracking error": (UTILITY, {**LIMITS, "max_tracking_error": 0.05}),
    "Sharpe ratio within a tracking error": ({"kind": "max_sharpe"}, {**LIMITS, "max_tracking_error": 0.05}),
    "most return within a volatility": ({"kind": "max_return"}, {**LIMITS, "max_volatility": 0.17}),
}
LINEAR = [name for name in CASES if name in ("utility", "least risk for a return", "turnover", "leverage")]
CURVED = [name for name in CASES if name not in LINEAR]


def _solved(market, name, **more):
    objective, limits = CASES[name]
    p = market(5, 14, objective=objective, limits=limits, risk_free_rate=0.02, **more)
    form = assemble(p)
    return p, form, optimize(p, form=form)


def _slope(weights, step):
    return (weights(step) - weights(-step)) / (2 * step)


@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
@pytest.mark.parametrize("name", CASES)
def test_derivatives_to_expected_returns_are_those_of_re_solving(market, name, factor_form):
    p, form, solution = _solved(market, name, factor_form=factor_form)
    direction = np.random.default_rng(0).normal(size=p.n)

    def weights(step):
        return optimize(p.replaced(moments=replace(p.moments, mu=p.moments.mu + step * direction))).weights

    found = Linearization(p, form, solution).to_returns(direction)
    assert found == pytest.approx(_slope(weights, 1e-6), abs=1e-6)
    assert np.abs(found).max() > 0.01
    assert found.sum() == pytest.approx(0.0, abs=1e-10)


def test_the_matrix_of_derivatives_is_the_operator_and_symmetric_for_a_utility(market):
    p, form, solution = _solved(market, "utility")
    matrix = sensitivities(p, form, solution, returns=True).to_expected_returns
    direction = np.arange(p.n) / 100.0
    assert matrix @ direction == pytest.approx(Linearization(p, form, solution).to_returns(direction), abs=1e-11)
    assert matrix == pytest.approx(matrix.T, abs=1e-10)
    assert np.linalg.eigvalsh(matrix).min() > -1e-9  # more expected return never means less of it


def test_two_assets_have_the_derivatives_of_the_textbook(market):
    Sigma, mu, gamma = np.array([[0.04, 0.006], [0.006, 0.09]]), np.array([0.07, 0.09]), 3.0
    p = market(mu=mu, Sigma=Sigma, objective={"kind": "utility", "risk_aversion": gamma})
    form = assemble(p)
    found = sensitivities(p, form, optimize(p, form=form), returns=True)
    spread = 0.04 + 0.09 - 2 * 0.006
    assert found.to_expected_returns == pytest.approx(np.array([[1, -1], [-1, 1]]) / (gamma * spread), abs=1e-12)
    assert found.to_risk_aversion.weights == pytest.approx(np.array([1, -1]) * 0.02 / (gamma**2 * spread), abs=1e-12)
    # w2 = (0.04 - 0.006)/0.118 + 0.02/(gamma 0.118) reaches one where gamma = 0.02 / (0.118 - 0.034).
    assert found.to_risk_aversion.down == pytest.approx(gamma - 0.02 / 0.084, abs=1e-12)
    assert found.to_risk_aversion.up == np.inf


@pytest.mark.parametrize("name", CASES)
def test_derivatives_to_limits_and_risk_aversion_are_those_of_re_solving(market, name):
    p, form, solution = _solved(market, name)
    found = sensitivities(p, form, solution)
    assert found.is_unique
    opening = {(o.limit, o.member, o.side): o for o in openings(p, form, solution.raw)}
    assert {(d.limit, d.member, d.side) for d in found.to_limits} == set(opening)
    for d in found.to_limits:
        opened = opening[d.limit, d.member, d.side].opened
        step = min(1e-6, 0.3 * d.up, 0.3 * d.down)
        slope = _slope(lambda by, opened=opened: solve(opened(form, by)).x[: p.n], step)
        assert d.weights == pytest.approx(slope, abs=1e-6)
        assert d.worth_per_unit > 0.0
    if found.to_risk_aversion is not None:
        objective = p.objective

        def weights(step):
            return optimize(p.replaced(objective=replace(objective, risk_aversion=objective.risk_aversion + step))).weights

        assert found.to_risk_aversion.weights == pytest.approx(_slope(weights, 1e-5), abs=1e-8)


def test_a_whole_limit_opens_as_the_limit_itself_does(market):
    p, form, solution = _solved(market, "utility")
    whole = next(d for d in sensitivities(p, form, solution).to_limits if d.limit == "max_weight" and d.side == "")
    step = 0.5 * whole.up
    opened = optimize(p.with_limit(p.limit("max_weight").relaxed(step)))
    assert opened.weights == pytest.approx(solution.weights + step * whole.weights, abs=1e-11)


@pytest.mark.parametrize("name", LINEAR)
def test_weights_are_linear_up_to_the_stated_distance_and_not_beyond(market, name):
    p, form, solution = _solved(market, name)
    opening = {(o.limit, o.member, o.side): o for o in openings(p, form, solution.raw)}
    looked_at = 0
    for d in sensitivities(p, form, solution).to_limits:
        assert d.is_exact
        for sign, distance in ((1.0, d.up), (-1.0, d.down)):
            if not np.isfinite(distance):
                continue

            def miss(part, d=d, reach=sign * distance):
                answer = solve(opening[d.limit, d.member, d.side].opened(form, part * reach))
                return (
                    np.inf if answer.x is None else np.abs(answer.x[: p.n] - solution.weights - part * reach * d.weights).max()
                )

            assert miss(0.999) < 1e-9
            assert miss(1.2) > 1e-9
            assert d.until_up if sign > 0 else d.until_down
            looked_at += 1
    assert looked_at >= 2


def test_weights_are_linear_in_one_over_the_risk_aversion_up_to_the_stated_distance(market):
    p, form, solution = _solved(market, "utility")
    d = sensitivities(p, form, solution).to_risk_aversion
    slope = -d.weights * 16.0  # per unit of 1/gamma
    for gamma, inside in (
        (4 + 0.999 * d.up, True),
        (4 - 0.999 * d.down, True),
        (4 + 1.3 * d.up, False),
        (4 - 1.3 * d.down, False),
    ):
        w = optimize(p.replaced(objective=replace(p.objective, risk_aversion=gamma))).weights
        straight = solution.weights + (1 / gamma - 0.25) * slope
        assert (np.abs(w - straight).max() < 1e-10) == inside


@pytest.mark.parametrize("name", CURVED)
def test_where_weights_are_curved_a_confirmed_distance_is_where_another_set_binds(market, name):
    p, form, solution = _solved(market, name)
    d = sensitivities(p, form, solution, confirm=True).to_limits[0]
    assert d.confirmed
    assert not d.is_exact
    opened = next(
        o for o in openings(p, form, solution.raw) if (o.limit, o.member, o.side) == (d.limit, d.member, d.side)
    ).opened

    def touched(step):
        form_there = opened(form, step)
        x = solve(form_there).x
        low, high = form_there.box()
        rows = np.abs(form_there.A @ x - form_there.row_upper) < 1e-10
        cones = [(s := cone.B @ x + cone.b)[0] - np.linalg.norm(s[1:]) < 1e-9 for cone in form_there.cones]
        return [part.tolist() for part in (np.abs(x - low) < 1e-10, np.abs(x - high) < 1e-10, rows)], cones

    here, distances = touched(0.0), [distance for distance in (d.up, -d.down) if np.isfinite(distance)]
    assert distances
    for distance in distances:
        assert touched(0.999 * distance) == here
        assert touched(1.02 * distance) != here


def test_what_is_touched_without_pressing_is_named(market):
    mu, Sigma = np.array([0.05, 0.07, 0.0]), np.diag([0.04, 0.09, 0.04])
    p = market(mu=mu, Sigma=Sigma, objective={"kind": "utility", "risk_aversion": 1.0})
    gamma = 1.0
    # With A002 at zero the others' multiplier of the budget is nu; its own is zero where mu_2 = nu.
    w = np.array([0.09, 0.04]) / 0.13 + np.array([-1.0, 1.0]) * 0.02 / (gamma * 0.13)
    nu = 0.05 - gamma * 0.04 * w[0]
    p = p.replaced(moments=replace(p.moments, mu=np.array([0.05, 0.07, nu])))
    form = assemble(p)
    found = sensitivities(p, form, optimize(p, form=form), returns=True)
    assert any("A002" in spot and "without pressing" in spot for spot in found.degenerate)
    assert found.to_risk_aversion.up == pytest.approx(0.0, abs=1e-9) or found.to_risk_aversion.down == pytest.approx(
        0.0, abs=1e-9
    )


def test_an_answer_that_is_not_the_only_one_is_said_not_to_be(market):
    Sigma = np.array([[0.04, 0.04, 0.0], [0.04, 0.04, 0.0], [0.0, 0.0, 0.09]])  # the first two are one asset
    p = market(mu=np.array([0.05, 0.05, 0.06]), Sigma=Sigma, objective=UTILITY)
    form = assemble(p)
    assert not sensitivities(p, form, optimize(p, form=form)).is_unique


def test_an_unpolished_answer_has_no_derivative(market):
    p = market(8, 8, objective=UTILITY)
    form = assemble(p)
    solution = optimize(p, form=form)
    rough = replace(solution, raw=replace(solution.raw, polished=False))
    with pytest.raises(NotDetermined, match="not polished"):
        sensitivities(p, form, rough)


def test_cash_in_a_sharpe_ratio_leaves_nothing_to_derive(market):
    limits = {"budget": True, "long_only": True}
    p = market(9, 8, cash=True, objective={"kind": "max_sharpe"}, limits=limits, risk_free_rate=0.02)
    form = assemble(p)
    solution = optimize(p, form=form)
    if solution.weights[-1] == 0.0:  # mixed out to the very side: the set determines the weights, one-sidedly
        assert sensitivities(p, form, solution).degenerate
    else:
        with pytest.raises(NotDetermined):
            Linearization(p, form, solution).to_returns(np.ones(p.n))
