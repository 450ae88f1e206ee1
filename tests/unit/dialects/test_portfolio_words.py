"""S2's names for our limits, and its rebalance request."""

from __future__ import annotations

from typing import Any

import pytest

from portopt.dialects.policies import shipped_policies
from portopt.dialects.portfolio import read_constraints, read_rebalance
from portopt.domain.errors import InvalidValue, UnknownField


def test_s2_names_become_the_catalogs() -> None:
    constraints = {
        "max_position_size": 0.05, "max_sector_exposure": 0.30, "max_asset_class_exposure": 0.60, "max_turnover": 0.20,
        "target_volatility": 0.15, "min_weights": {"BND": 0.1},
    }  # fmt: skip
    assert read_constraints(constraints) == {
        "max_weight": 0.05, "sector_limits": 0.30, "asset_class_limits": 0.60, "max_turnover": 0.20, "max_volatility": 0.15,
        "min_weight": {"BND": 0.1},
    }  # fmt: skip


def test_a_map_of_weights_wins_over_the_scalar_beside_it() -> None:
    assert read_constraints({"max_position_size": 0.05, "max_weights": {"VTI": 0.3}}) == {"max_weight": {"*": 0.05, "VTI": 0.3}}


def test_a_rebalance_request_is_laid_over_the_policy() -> None:
    wish = read_rebalance({"target_type": "optimal", "constraints": {"max_turnover": 0.15, "min_trade_size": 1000.0}})
    policy = wish.applied_to(shipped_policies()[0])
    assert policy.limits["max_turnover"] == 0.15
    assert policy.limits["max_weight"] == 0.10
    assert policy.trading.min_trade_value == 1000.0


def test_an_empty_rebalance_request_changes_nothing() -> None:
    assert read_rebalance({}).applied_to(shipped_policies()[0]) == shipped_policies()[0]


@pytest.mark.parametrize(
    ("constraints", "field", "says"),
    [
        ({"max_trades": 10}, "constraints.max_trades", "not available"),
        ({"consider_tax_implications": True}, "constraints.consider_tax_implications", "tax"),
        ({"consider_tax_implications": 1}, "constraints.consider_tax_implications", "true or false"),
        ({"max_turnover": 15}, "constraints.max_turnover", "fraction"),
        ({"min_trade_size": -1}, "constraints.min_trade_size", "must lie"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(constraints: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_rebalance({"constraints": constraints})
    assert caught.value.field == field
    assert says in caught.value.detail


def test_a_position_that_is_zero_or_at_least_is_not_a_floor() -> None:
    with pytest.raises(InvalidValue, match="zero or at least"):
        read_constraints({"min_position_size": 0.01})


def test_an_unknown_constraint_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownField) as caught:
        read_rebalance({"constraints": {"max_turn_over": 0.1}})
    assert caught.value.nearest == "max_turnover"
