"""What an order costs."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from portopt.domain.errors import MissingInput
from portopt.terms.catalog import parse_costs
from portopt.trading import estimate_trade_cost
from portopt.trading.costs import fees_of


def test_a_commission_in_basis_points_is_added_to_the_flat_fee_before_rounding():
    costs = parse_costs({"commission": {"per_trade": "1.00", "bps": 3.0}})
    # 1 + 0.0003 * 1234.50 = 1.37035
    assert estimate_trade_cost(Decimal(10), Decimal("123.45"), costs) == (Decimal("1.37"), Decimal("0.00"))


def test_half_a_cent_is_rounded_to_the_even_cent():
    costs = parse_costs({"linear_impact": {"bps": 10}})
    assert estimate_trade_cost(Decimal(1), Decimal("45.00"), costs)[1] == Decimal("0.04")  # 0.045
    assert estimate_trade_cost(Decimal(1), Decimal("55.00"), costs)[1] == Decimal("0.06")  # 0.055


def test_buying_and_selling_cost_the_same():
    costs = parse_costs({"commission": {"per_trade": "5.00"}, "linear_impact": {"bps": 15}})
    assert estimate_trade_cost(Decimal(7), Decimal("9.99"), costs) == estimate_trade_cost(Decimal(-7), Decimal("9.99"), costs)


def test_a_trade_of_nothing_costs_nothing():
    costs = parse_costs({"commission": {"per_trade": "5.00"}})
    assert sum(estimate_trade_cost(Decimal(0), Decimal("10.00"), costs)) == 0


def test_square_root_impact_is_a_days_volatility_for_a_days_volume():
    """Torre (1997): with c = 1, trading ADV costs sigma times the value traded."""
    costs = parse_costs({"square_root_impact": {"coefficient": 1.0}})
    commission, impact = estimate_trade_cost(
        Decimal(1000), Decimal("50.00"), costs, average_daily_value=50_000.0, daily_volatility=0.02
    )
    assert (commission, impact) == (Decimal("0.00"), Decimal("1000.00"))


def test_square_root_impact_without_volume_says_what_is_missing():
    costs = parse_costs({"square_root_impact": {"coefficient": 1.0}})
    with pytest.raises(MissingInput, match="average daily value"):
        estimate_trade_cost(Decimal(1), Decimal("50.00"), costs)


def test_the_fees_of_a_problem_agree_with_its_own_cost_terms(case):
    """Money of every order over the portfolio's value is what the terms charge, to a cent an order."""
    adv = np.array([2e6, 5e5, np.inf])
    costs = {"commission": {"per_trade": "4.95", "bps": 2}, "square_root_impact": {"coefficient": 0.8}}
    p = case(["40.00", "90.00"], ["500", "300"], "3000", costs=costs, average_daily_value=adv).problem
    w = p.previous() + np.array([0.1, -0.04, -0.06])
    charged = sum(cost.value(w, p) for cost in p.costs) * p.portfolio_value
    values = np.abs(w - p.previous())[:2] * p.portfolio_value
    money = sum(sum(fees_of(p).of(Decimal(str(round(v, 2))), i)) for i, v in enumerate(values))
    assert float(money) == pytest.approx(charged, abs=0.02)
    by_formula = 0.8 * np.sqrt(p.moments.covariance.diagonal()[:2] / 252) * np.sqrt(values / adv[:2]) * values
    assert float(money) == pytest.approx(2 * 4.95 + 2e-4 * values.sum() + by_formula.sum(), abs=0.02)
