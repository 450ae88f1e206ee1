"""What an order costs."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from one_order import order_cost

from portopt.domain.errors import MissingInput
from portopt.terms.catalog import COSTS, parse_costs
from portopt.trading.book import open_book
from portopt.trading.costs import fees_of


def test_a_commission_in_basis_points_is_added_to_the_flat_fee_before_rounding():
    costs = parse_costs({"commission": {"per_trade": "1.00", "bps": 3.0}})
    # 1 + 0.0003 * 1234.50 = 1.37035
    assert order_cost(Decimal(10), Decimal("123.45"), costs) == (Decimal("1.37"), Decimal("0.00"))


def test_half_a_cent_is_rounded_to_the_even_cent():
    costs = parse_costs({"linear_impact": {"bps": 10}})
    assert order_cost(Decimal(1), Decimal("45.00"), costs)[1] == Decimal("0.04")  # 0.045
    assert order_cost(Decimal(1), Decimal("55.00"), costs)[1] == Decimal("0.06")  # 0.055


def test_buying_and_selling_cost_the_same():
    costs = parse_costs({"commission": {"per_trade": "5.00"}, "linear_impact": {"bps": 15}})
    assert order_cost(Decimal(7), Decimal("9.99"), costs) == order_cost(Decimal(-7), Decimal("9.99"), costs)


def test_a_trade_of_nothing_costs_nothing(case):
    small = case(["10.00"], ["50"], "500", costs={"commission": {"per_trade": "5.00"}})
    book = open_book(small.problem, small.holdings, small.prices)
    assert book.settle([Decimal(0), Decimal(0)]).costs == 0
    assert book.settle([Decimal(1), Decimal(0)]).costs == 5


def test_square_root_impact_is_a_days_volatility_for_a_days_volume():
    """Torre (1997): with c = 1, trading ADV costs sigma times the value traded."""
    costs = parse_costs({"square_root_impact": {"coefficient": 1.0}})
    commission, impact = order_cost(Decimal(1000), Decimal("50.00"), costs, average_daily_value=50_000.0, daily_volatility=0.02)
    assert (commission, impact) == (Decimal("0.00"), Decimal("1000.00"))


def test_square_root_impact_without_volume_says_what_is_missing():
    costs = parse_costs({"square_root_impact": {"coefficient": 1.0}})
    with pytest.raises(MissingInput, match="average daily value"):
        order_cost(Decimal(1), Decimal("50.00"), costs)


def test_the_fees_of_a_problem_agree_with_its_own_cost_terms(case):
    """Money of every order over the portfolio's value is what the terms charge, to a cent an order."""
    adv = np.array([2e6, 5e5, np.inf])
    costs = {"commission": {"per_trade": "4.95", "bps": 2}, "square_root_impact": {"coefficient": 0.8}}
    p = case(["40.00", "90.00"], ["500", "300"], "3000", costs=costs, average_daily_value=adv).problem
    w = p.previous() + np.array([0.1, -0.04, -0.06])
    assert fees_of(p).of(Decimal(0), 0) == (Decimal("4.95"), Decimal("0.00"))
    charged = sum(cost.value(w, p) for cost in p.costs) * p.portfolio_value
    values = np.abs(w - p.previous())[:2] * p.portfolio_value
    money = sum(sum(fees_of(p).of(Decimal(str(round(v, 2))), i)) for i, v in enumerate(values))
    assert float(money) == pytest.approx(charged, abs=0.02)
    by_formula = 0.8 * np.sqrt(p.moments.covariance.diagonal()[:2] / 252) * np.sqrt(values / adv[:2]) * values
    assert float(money) == pytest.approx(2 * 4.95 + 2e-4 * values.sum() + by_formula.sum(), abs=0.02)


@pytest.mark.parametrize("kind", COSTS)
def test_the_money_of_every_cost_of_the_catalog_is_what_it_charges_the_problem(kind, case):
    """`tariff` against `value`, which shares nothing with it: one order in one asset, a fraction of a million."""
    adv = np.array([2e6, 5e5, np.inf])
    spelled = {"bps": {"A": 1, "*": 8}} if kind == "spread" else COSTS[kind].example
    p = case(["40.00", "90.00"], ["500", "300"], "3000", costs={kind: spelled}, average_daily_value=adv).problem
    (cost,) = p.costs
    for i in (0, 1):
        for value in (125.0, 5_000.0):
            w = p.previous().copy()
            w[i] += value / p.portfolio_value
            w[2] -= value / p.portfolio_value
            paid = float(cost.money(Decimal(str(value)), i, p))
            assert paid == pytest.approx(cost.value(w, p) * p.portfolio_value, rel=1e-9, abs=1e-9)
            assert paid > 0.0 or kind == "borrow"  # which an order does not pay: it is by the year, of what is held short
