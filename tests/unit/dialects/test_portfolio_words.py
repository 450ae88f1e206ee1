"""S2's names for our limits, and its rebalance request."""

from __future__ import annotations

from typing import Any

import pytest

from portopt.dialects.policies import shipped_policies
from portopt.dialects.portfolio import read_constraints, read_optimization, read_rebalance, read_wish
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
        ({"max_trades": 2.5}, "constraints.max_trades", "whole"),
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


def test_taxes_that_cannot_be_considered_are_answered_with_a_note() -> None:
    for wish in (
        read_rebalance({"constraints": {"consider_tax_implications": True}}),
        read_optimization({"preferences": {"consider_tax_implications": True}}),
    ):
        (note,) = wish.applied_to(shipped_policies()[0]).notes
        assert "no asset has tax lots" in note
    assert read_rebalance({"constraints": {"consider_tax_implications": False}}).notes == ()


def test_a_position_that_is_zero_or_at_least_is_not_a_floor() -> None:
    assert read_constraints({"min_position_size": 0.01, "min_weights": {"BND": 0.1}}) == {
        "min_position": 0.01,
        "min_weight": {"BND": 0.1},
    }


def test_the_documents_own_example_becomes_changes_to_the_policy() -> None:
    doc = {
        "portfolio_id": "port-123456",
        "optimization_type": "mean_variance",
        "objective": "maximize_sharpe",
        "risk_measure": "volatility",
        "constraints": {"max_position_size": 0.05, "max_turnover": 0.20, "target_volatility": 0.15},
        "preferences": {"risk_aversion": 4.0, "include_transaction_costs": True},
    }
    wish = read_wish(doc)
    policy = wish.applied_to(shipped_policies()[0])
    assert wish.portfolio_id == "port-123456"
    assert policy.objective == {"kind": "max_sharpe"}
    assert policy.limits["max_weight"] == 0.05
    assert policy.costs == shipped_policies()[0].costs
    assert "risk_aversion has no effect" in wish.notes[0]


@pytest.mark.parametrize(
    ("words", "objective"),
    [
        ({"objective": "minimize_risk", "risk_measure": "cvar", "preferences": {"confidence": 0.9}},
         {"kind": "min_risk", "measure": "cvar", "confidence": 0.9}),
        ({"objective": "maximize_utility"}, {"kind": "utility", "risk_aversion": 4.0}),
        ({"objective": "maximize_return", "preferences": {"risk_aversion": 2.0}}, {"kind": "max_return"}),
        ({"objective": "minimize_tracking_error"}, {"kind": "min_tracking_error"}),
        ({"optimization_type": "risk_parity"}, {"kind": "risk_parity"}),
        ({"optimization_type": "hierarchical_risk_parity", "preferences": {"options": {"linkage": "ward"}}},
         {"kind": "hierarchical", "variant": "hrp", "linkage": "ward"}),
        ({"optimization_type": "multi_objective", "preferences": {"objective_weights": {"return": 1, "risk": 3}}},
         {"kind": "multi_objective", "scheme": "weighted_sum", "weights": {"return": 1, "risk": 3}}),
    ],
)  # fmt: skip
def test_each_of_s2s_words_means_one_objective(words: dict[str, Any], objective: dict[str, Any]) -> None:
    assert read_wish({"objective": None, **words}).objective == objective


def test_black_litterman_without_views_is_the_equilibrium_and_costs_can_be_left_out() -> None:
    wish = read_wish({"optimization_type": "black_litterman", "preferences": {"include_transaction_costs": False}})
    policy = wish.applied_to(shipped_policies()[0])
    assert policy.estimation.views == {"views": [], "method": "black_litterman"}
    assert policy.costs == {}


def test_the_benchmark_as_a_target_is_the_portfolio_nearest_to_it() -> None:
    assert read_wish({"target_type": "benchmark"}).objective == {"kind": "min_tracking_error"}
    with pytest.raises(InvalidValue, match="no field"):
        read_wish({"target_type": "custom"})


@pytest.mark.parametrize(
    ("doc", "field"),
    [
        ({"objective": "maximise_sharpe"}, "objective"),
        ({"objective": "minimize_risk", "risk_measure": "cvr"}, "risk_measure"),
        ({"objective": "minimize_risk", "risk_measure": "cvar", "preferences": {"confidence": 2}}, "preferences.confidence"),
        ({"optimization_type": "robust", "objective": "risk_parity"}, "objective"),
        ({"objective": "minimize_risk", "preferences": {"risk_budgets": {"A": 1}}}, "preferences.risk_budgets"),
        ({"objective": "minimize_risk", "preferences": {"transaction_cost_model": -1}}, "preferences.transaction_cost_model"),
    ],
)
def test_a_wrong_word_is_named_where_s2_has_it(doc: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_wish(doc)
    assert caught.value.field == field


def test_an_unknown_constraint_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownField) as caught:
        read_rebalance({"constraints": {"max_turn_over": 0.1}})
    assert caught.value.nearest == "max_turnover"
