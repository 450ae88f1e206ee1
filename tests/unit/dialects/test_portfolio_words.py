"""S2's names for our limits, and its rebalance request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from portopt.dialects.policies import shipped_policies
from portopt.dialects.portfolio import read_constraints, read_optimization, read_rebalance, read_wish
from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.holdings import Holdings
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest
from portopt.domain.universe import Asset, Universe
from portopt.terms.catalog import parse_costs, parse_objective


def rebalance_of(shares: dict[str, Decimal]) -> RebalanceRequest:
    holdings = Holdings("book", shares, Decimal("100"))
    return RebalanceRequest(holdings, shipped_policies()[0], Universe.of(sorted(shares)))


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
    names = {name: Decimal(1) for name in ("AAPL", "BND", "GLD", "MSFT", "VTI", "XOM", "ZM")}
    request = rebalance_of(names)
    for wish in (
        read_rebalance({"constraints": {"consider_tax_implications": True}}),
        read_optimization(
            {"preferences": {"consider_tax_implications": True, "risk_free_rate": request.policy.risk_free_rate}}
        ),
    ):
        (note,) = wish.asked_of(request).policy.notes
        assert note.startswith("consider_tax_implications: AAPL, BND, GLD, MSFT, VTI, XOM and 1 more have no tax lots")
    assert read_rebalance({"constraints": {"consider_tax_implications": False}}).asked_of(request).policy.notes == ()


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


def test_a_target_of_ones_own_is_the_portfolio_nearest_to_it_and_is_kept_as_such() -> None:
    wish = read_wish({"target_type": "custom", "target_weights": {"AAPL": 0.3, "BND": 0.5}})
    assert wish.objective == {"kind": "target_weights", "weights": {"AAPL": 0.3, "BND": 0.5}}
    assert wish.asked_of(rebalance_of({"AAPL": Decimal(1)})).target_type == "custom"
    with pytest.raises(MissingInput) as missing:
        read_wish({"target_type": "custom"})
    assert missing.value.field == "target_weights"
    with pytest.raises(InvalidValue, match="target_type custom"):
        read_wish({"target_type": "optimal", "target_weights": {"AAPL": 1.0}})
    with pytest.raises(InvalidValue) as wrong:
        read_wish({"target_type": "custom", "target_weights": {"AAPL": 30}})
    assert wrong.value.field == "target_weights.AAPL"


def test_the_portfolio_that_is_named_is_the_one_whose_holdings_are_given() -> None:
    request = rebalance_of({"AAPL": Decimal(1)})
    assert read_wish({"objective": "minimize_risk", "portfolio_id": "book"}).asked_of(request).holdings == request.holdings
    with pytest.raises(InvalidValue, match="those of 'book'") as caught:
        read_wish({"objective": "minimize_risk", "portfolio_id": "another"}).asked_of(request)
    assert caught.value.field == "portfolio_id"


def test_other_is_answered_with_the_holdings_that_it_stands_for() -> None:
    universe = Universe((Asset("AAPL"), Asset("PRIVATE", tradable=False)))
    holdings = Holdings("book", {"AAPL": Decimal(1), "PRIVATE": Decimal(5)}, Decimal(0))
    request = RebalanceRequest(holdings, shipped_policies()[0], universe)
    for doc, field in (
        ({"objective": "minimize_risk", "constraints": {"max_weights": {"other": 0.47}}}, "constraints.max_weights.other"),
        ({"target_type": "custom", "target_weights": {"AAPL": 0.5, "other": 0.47}}, "target_weights.other"),
    ):
        with pytest.raises(InvalidValue, match="stands for PRIVATE, which may not be traded") as caught:
            read_wish(doc).asked_of(request)
        assert caught.value.field == field


def test_the_risk_free_rate_is_zero_unless_the_request_says_otherwise_over_the_policys_too() -> None:
    policy = shipped_policies()[0]
    silent = read_optimization({"objective": "minimize_risk"}).applied_to(policy)
    assert (policy.risk_free_rate, silent.risk_free_rate) == (0.02, 0.0)
    assert "the policy's is 0.02" in silent.notes[0]
    said = read_optimization({"objective": "minimize_risk", "preferences": {"risk_free_rate": 0.03}}).applied_to(policy)
    assert said.risk_free_rate == 0.03
    assert read_rebalance({}).applied_to(policy).risk_free_rate == 0.02


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ({"objective": "maximize_sharpe", "preferences": {"risk_aversion": 4.0}},
         "preferences.risk_aversion has no effect on maximize_sharpe; with maximize_utility it prices risk"),
        ({"objective": "maximize_return", "preferences": {"risk_aversion": 4.0}},
         "preferences.risk_aversion has no effect on maximize_return; with maximize_utility it prices risk"),
        ({"objective": "maximize_return", "risk_measure": "cvar"},
         "risk_measure cvar has no effect on maximize_return without a preferences.risk_aversion"),
        ({"objective": "minimize_tracking_error", "risk_measure": "cvar"},
         "risk_measure cvar has no effect on minimize_tracking_error"),
        ({"objective": "minimize_tracking_error", "preferences": {"options": {"nearest": "risk"}}},
         "preferences.options has no effect on minimize_tracking_error"),
        ({"objective": "minimize_risk", "preferences": {"confidence": 0.9}},
         "preferences.confidence has no effect: minimize_risk by mean_variance measures risk by volatility"),
        ({"objective": "minimize_risk", "preferences": {"horizon": 5}},
         "preferences.horizon has no effect: minimize_risk by mean_variance measures risk by volatility, which is annual"),
        ({"optimization_type": "multi_objective", "preferences": {"objective_weights": {"esg": 1}}},
         "preferences.objective_weights names esg alone: the answer is that of one objective"),
        ({"optimization_type": "robust", "objective": "minimize_risk", "risk_measure": "cvar"},
         "risk_measure cvar has no effect: robust measures risk by volatility"),
        ({"optimization_type": "robust", "objective": "minimize_risk"},
         "preferences.uncertainty was not given, so it is estimated from the returns: every variance and covariance is taken "
         "at its 95 % upper bound"),
    ],
)  # fmt: skip
def test_what_cannot_take_effect_is_said_in_the_words_that_asked(words: dict[str, Any], note: str) -> None:
    assert note in read_wish(words).notes


def test_a_pair_without_meaning_is_refused_in_the_words_that_asked() -> None:
    with pytest.raises(InvalidValue) as caught:
        read_wish({"optimization_type": "risk_parity", "objective": "maximize_sharpe"})
    told = " ".join((caught.value.detail, *caught.value.fixes))
    assert "objective = 'maximize_sharpe': has no meaning with optimization_type risk_parity" in told
    assert "use optimization_type mean_variance" in told
    assert "MAX_SHARPE" not in told
    assert "RISK_PARITY" not in told


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


def test_a_transaction_cost_of_a_quarter_percent_takes_a_quarter_percent_of_what_is_traded() -> None:
    wish = read_wish({"objective": "minimize_risk", "preferences": {"transaction_cost_model": 0.0025}})
    (cost,) = parse_costs(wish.applied_to(shipped_policies()[0]).costs)
    moments = Moments(Universe.of(["A", "B"]), np.zeros(2), Covariance(Sigma=np.eye(2)))
    p = Problem(moments, parse_objective({"kind": "min_risk"}), (), (cost,), w_prev=np.array([0.8, 0.2]))
    assert cost.value(np.array([0.5, 0.5]), p) == pytest.approx(0.0025 * (0.3 + 0.3), rel=1e-12)


def test_an_unknown_constraint_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownField) as caught:
        read_rebalance({"constraints": {"max_turn_over": 0.1}})
    assert caught.value.nearest == "max_turnover"
