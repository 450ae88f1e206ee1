"""The price of a limit is what opening it is worth: checked by opening it and solving again."""

import numpy as np
import pytest

from portopt.optimization import assemble, shadow_prices, solve

H = 1e-5
UTILITY = {"kind": "utility", "risk_aversion": 2.0}
LIMITS = {"budget": True, "long_only": True, "max_weight": 0.2, "sector_limits": 0.42, "max_turnover": 0.6}
CASES = {
    "utility": (UTILITY, LIMITS, {"linear_impact": {"bps": 10}}),
    "utility under risk limits": (UTILITY, LIMITS | {"max_tracking_error": 0.05, "max_turnover": 0.8}, {}),
    "utility with a floor": (UTILITY, {"budget": True, "min_weight": 0.03, "sector_limits": {"sector 1": [0.4, None]}}, {}),
    "most return": ("max_return", LIMITS | {"max_volatility": 0.2}, {}),
    "leverage": (UTILITY, {"budget": True, "min_weight": -0.2, "leverage_limit": 1.3, "max_weight": 0.5}, {}),
    "min risk": ("min_risk", LIMITS | {"min_return": 0.08, "max_turnover": 0.8}, {}),
    "tracking error": ("min_tracking_error", {"budget": True, "long_only": True, "max_turnover": 0.2, "min_return": 0.1}, {}),
    "sharpe": ("max_sharpe", LIMITS, {"linear_impact": {"bps": 10}}),
}


def at_optimum(p):
    """What the prices are stated in: return, the ratio, or minus volatility where only risk counts."""
    raw = solve(assemble(p))
    w = raw.x[: p.n]
    if p.objective.kind == "min_risk":
        return -p.moments.covariance.volatility(w)
    if p.objective.kind == "min_tracking_error":
        return -p.moments.covariance.volatility(w - p.benchmark)
    return p.objective.value(w, p)


def gain(p, kind, by):
    """Change of that figure when the limit is opened by `by`."""
    return at_optimum(p.with_limit(p.limit(kind).relaxed(by))) - at_optimum(p)


@pytest.mark.parametrize("case", CASES)
def test_the_price_of_every_binding_limit_is_its_finite_difference(market, case):
    objective, limits, costs = CASES[case]
    p = market(61, 15, objective=objective, limits=limits, costs=costs, risk_free_rate=0.02)
    form = assemble(p)
    prices = shadow_prices(p, form, solve(form))
    assert prices
    for kind in {price.limit for price in prices}:
        stated = sum(price.worth_per_unit for price in prices if price.limit == kind)
        measured = (gain(p, kind, H) - gain(p, kind, -H)) / (2 * H)
        assert stated == pytest.approx(measured, rel=2e-3, abs=2e-6), kind


def test_a_limit_that_does_not_bind_has_no_price(market):
    p = market(62, 15, objective=UTILITY, limits=LIMITS | {"max_turnover": 1.0, "max_volatility": 0.9})
    form = assemble(p)
    named = {price.limit for price in shadow_prices(p, form, solve(form))}
    assert named
    assert not named & {"max_turnover", "max_volatility", "budget", "long_only"}


def test_prices_say_who_presses_on_which_side_and_the_dearest_comes_first(market):
    p = market(63, 12, objective="max_return", limits={"budget": True, "long_only": True, "max_weight": 0.3})
    form = assemble(p)
    prices = shadow_prices(p, form, solve(form))
    best = np.argsort(p.moments.mu)[::-1]
    assert [price.member for price in prices] == [p.universe.ids[i] for i in best[:3]]
    top = prices[0]
    assert (top.limit, top.member, top.side, top.step) == ("max_weight", p.universe.ids[best[0]], "upper", 0.03)
    assert (top.measured, top.bound) == (0.3, 0.3)
    assert top.worth_unit == "return"
    assert top.worth == pytest.approx(top.worth_per_unit * 0.03)
    assert not top.solved_again
    # Opening the cap of the best asset takes weight from the marginal one, the fourth best.
    assert top.worth_per_unit == pytest.approx(p.moments.mu[best[0]] - p.moments.mu[best[3]], rel=1e-6)


def test_an_answer_without_multipliers_has_no_prices(market):
    p = market(64, 5, limits={"budget": True, "long_only": True, "max_weight": 0.1})
    form = assemble(p)
    assert shadow_prices(p, form, solve(form)) == ()
