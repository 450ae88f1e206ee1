""" "12 %" and "15 bps" wherever a fraction is read, in every term and at every door; and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

import portopt
from portopt.dialects.policies import read_policy
from portopt.dialects.portfolio import read_optimization, read_wish
from portopt.dialects.strategy import read_request
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective
from portopt.terms.shared.percentages import in_fractions

SAME = [
    ({"max_weight": "12%"}, {"max_weight": 0.12}),
    ({"max_weight": {"AAPL": "20 %", "*": "1000 bps"}}, {"max_weight": {"AAPL": 0.2, "*": 0.1}}),
    ({"min_weight": {"AAPL": "50 bps"}}, {"min_weight": {"AAPL": 0.005}}),
    (
        {"sector_limits": {"Energy": "10%", "Technology": ["5 %", "30 %"]}},
        {"sector_limits": {"Energy": 0.1, "Technology": [0.05, 0.3]}},
    ),
    ({"max_turnover": "20 percent"}, {"max_turnover": 0.2}),
    ({"max_tracking_error": {"limit": "200 bps"}}, {"max_tracking_error": {"limit": 0.02}}),
    ({"max_volatility": "15 %"}, {"max_volatility": 0.15}),
    ({"min_return": "6%"}, {"min_return": 0.06}),
    ({"cash": {"min": "0%", "max": "2%"}}, {"cash": {"min": 0.0, "max": 0.02}}),
    ({"max_cost": "20 bps"}, {"max_cost": 0.002}),
    (
        {"max_risk": {"cvar": {"limit": "2 %", "confidence": "95 %"}}},
        {"max_risk": {"cvar": {"limit": 0.02, "confidence": 0.95}}},
    ),
    ({"top_k": {"k": 3, "weight": "60%"}}, {"top_k": {"k": 3, "weight": 0.6}}),
    ({"min_position": "5%"}, {"min_position": 0.05}),
    (
        {"max_weight": {"value": "10%", "soft": True, "penalty": 2.0}},
        {"max_weight": {"value": 0.1, "soft": True, "penalty": 2.0}},
    ),
    ({"leverage_limit": "150%", "long_only": False}, {"leverage_limit": 1.5, "long_only": False}),
]
COUNTS = [
    {"max_positions": "30 %"},
    {"max_trades": "300%"},
    {"min_positions": {"count": "4%"}},
    {"top_k": {"k": "3 %", "weight": 0.6}},
    {"min_quality": "6 %"},
    {"min_esg": {"score": "600%"}},
    {"round_lots": {"lot": "100 %"}},
    {"days_to_liquidate": {"participation": 0.1, "days": "100 %"}},
    {"max_turnover": {"value": 0.1, "priority": "1 %"}},
]


@pytest.mark.parametrize(("spelled", "plain"), SAME, ids=str)
def test_a_limit_with_units_is_the_limit(spelled, plain):
    assert parse_limits(spelled) == parse_limits(plain)
    assert in_fractions(spelled) == plain


def test_what_has_a_unit_of_its_own_is_left_as_it_is_written():
    written = {"model_bands": {"weights": {"A": {"target": "20%", "band": "25%"}}, "band": "5/25"}, "pinned": {"A": "3%"}}
    found = in_fractions(written)
    assert found["model_bands"] == {"weights": {"A": {"target": 0.2, "band": "25%"}}, "band": "5/25"}
    assert found["pinned"] == {"A": "3%"}
    policy = read_policy(
        {"id": "p", "objective": "model", "limits": {"model_bands": {**written["model_bands"], "others": "free"}}}
    )
    assert policy.limits["model_bands"]["weights"]["A"]["band"] == "25%"


@pytest.mark.parametrize("limits", COUNTS, ids=str)
def test_what_counts_things_takes_no_percentage(limits):
    with pytest.raises(InvalidValue, match="a number is needed, not a text"):
        parse_limits(limits)


@pytest.mark.parametrize("text", ["twelve", "12 EUR", "12,5 %", "0.12", "", "12 % or 13 %"])
def test_a_text_that_is_no_fraction_is_told(text):
    with pytest.raises(InvalidValue, match="a number is needed, not a text"):
        parse_limits({"max_weight": text})


def test_a_percentage_of_more_than_everything_is_refused_as_it_was():
    with pytest.raises(InvalidValue, match="is 500 %"):
        parse_limits({"max_weight": "500%"})


def test_costs_count_in_basis_points_and_objectives_in_fractions():
    assert parse_costs({"linear_impact": {"bps": "15 bps"}}) == parse_costs({"linear_impact": {"bps": 15}})
    assert parse_costs({"spread": {"bps": {"AAPL": "0.01 %", "*": "8 bp"}}}) == parse_costs(
        {"spread": {"bps": {"AAPL": 1, "*": 8}}}
    )
    wanted = {"kind": "target_weights", "weights": {"AAPL": "30%"}}
    assert parse_objective(wanted) == parse_objective({**wanted, "weights": {"AAPL": 0.3}})
    with pytest.raises(InvalidValue):
        parse_objective({"kind": "utility", "risk_aversion": "400 %"})


def test_a_policy_keeps_the_numbers_so_that_two_spellings_are_one_policy():
    spelled = {
        "id": "p",
        "objective": "min_risk",
        "limits": {"max_weight": "12%", "sector_limits": {"A": ["5%", "30 %"]}},
        "costs": {"linear_impact": {"bps": "15 bps"}},
        "risk_free_rate": "2 %",
    }
    plain = {
        "id": "p",
        "objective": "min_risk",
        "limits": {"max_weight": 0.12, "sector_limits": {"A": [0.05, 0.3]}},
        "costs": {"linear_impact": {"bps": 15.0}},
        "risk_free_rate": 0.02,
    }
    assert read_policy(spelled) == read_policy(plain)


def test_a_floor_below_zero_in_percent_is_a_short_position_in_s1():
    strategies = [
        {"id": "a", "expected_return": "5 %", "volatility": "20 %"},
        {"id": "b", "expected_return": 0.06, "volatility": 0.1},
    ]
    doc = {
        "portfolio_id": "p",
        "strategies": strategies,
        "objective": "min_variance",
        "constraints": {"min_weight": {"a": "-10 %"}},
        "risk_parameters": {"correlation": [[1, 0], [0, 1]], "risk_free_rate": "50 bps"},
    }
    request = read_request(doc)
    assert request.limits["long_only"] is False
    assert request.limits["min_weight"] == {"*": 0.0, "a": -0.1}
    assert request.risk_free_rate == 0.005
    assert request.expected_returns.tolist() == [0.05, 0.06]


def test_s2_and_its_rebalance_take_them():
    found = read_optimization(
        {"constraints": {"max_position_size": "12 %", "max_weights": {"A": "20%"}, "max_turnover": "1000 bps"}}
    )
    assert set(map(str, parse_limits(found.limits))) == set(
        map(str, parse_limits({"max_turnover": 0.1, "max_weight": {"*": 0.12, "A": 0.2}}))
    )
    assert parse_limits(read_wish({"constraints": {"max_turnover": "15 %"}}).limits) == parse_limits({"max_turnover": 0.15})


def test_the_notebook_takes_them_for_rates_weights_and_beliefs():
    rng = np.random.default_rng(1)
    returns = {name: rng.normal(0.0005, 0.01, 60) for name in "AB"}
    asked = portopt.ask(
        returns,
        "min_risk",
        risk_free_rate="1 %",
        current_weights={"A": "60 %", "B": "40 %"},
        expected_returns={"A": "5 %", "B": 0.06},
    )
    assert asked.risk_free_rate == 0.01
    assert asked.current_weights == {"A": 0.6, "B": 0.4}
    assert asked.expected_returns.tolist() == [0.05, 0.06]
    for wrong in ({"risk_free_rate": "one"}, {"current_weights": {"A": "60", "B": 0.4}}):
        with pytest.raises(PortoptError, match="is a text and no fraction"):
            portopt.ask(returns, "min_risk", **wrong)
