"""Acceptance criterion AC-4 of the policy rebalancing document, to the cent."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from one_order import order_cost

from portopt.terms.catalog import parse_costs

SPECIFIED = parse_costs({"commission": {"per_trade": "5.00", "bps": 0.0}, "linear_impact": {"bps": 15}})


def test_selling_100_apple_at_232_50_costs_39_88_which_is_17_basis_points():
    commission, impact = order_cost(Decimal(-100), Decimal("232.50"), SPECIFIED)
    assert (commission, impact) == (Decimal("5.00"), Decimal("34.88"))
    assert commission + impact == Decimal("39.88")
    assert round(100 * (commission + impact) / Decimal("23250.00"), 2) == Decimal("0.17")


def test_the_shipped_cost_model_is_the_specifications():
    given = json.loads((Path(__file__).parents[2] / "config" / "costs.json").read_text())
    assert (given["commission_per_trade"], given["market_impact_bps"], given["min_trade_value"]) == (5.00, 15, 100.00)


@pytest.mark.parametrize(
    ("shares", "price", "impact"),
    [
        ("-200", "112.30", "33.69"),  # 22,460.00 at 15 bps is 33.69
        ("50", "232.50", "17.44"),  # 11,625.00 at 15 bps is 17.4375
        ("30", "165.80", "7.46"),  # 4,974.00 at 15 bps is 7.461
    ],
)
def test_each_of_the_golden_trades_costs_five_dollars_and_fifteen_basis_points(shares, price, impact):
    assert order_cost(Decimal(shares), Decimal(price), SPECIFIED) == (Decimal("5.00"), Decimal(impact))
