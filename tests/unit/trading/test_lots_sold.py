"""The lots of an order list: every share and cent of a sale lies in one of them, and the year adds up as a ledger says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import made_lots
import pytest
from tax_ledger import Regime, net

from portopt import pipeline
from portopt.domain.holdings import to_cents
from portopt.domain.lot_book import lot_name
from portopt.domain.plan import RebalancePlan
from portopt.domain.request import TradingRules

US = {"regime": "us_federal", "short_rate": 0.37, "long_rate": 0.2}
CAPS = {"long_only": True, "max_weight": 0.4, "max_turnover": 0.25}
RULES: dict[str, tuple[dict[str, Any], Regime]] = {
    "least tax": (US, Regime(Fraction("0.37"), Fraction("0.2"), months=12)),
    "first in, first out": ({**US, "method": "fifo"}, Regime(Fraction("0.37"), Fraction("0.2"), months=12)),
    "germany": ({"regime": "germany"}, Regime(Fraction("0.26375"), Fraction("0.26375"), pooled=True, allowance=Fraction(1000))),
}


def planned(book: made_lots.MadeBook, tax: dict[str, Any], **trading: Any) -> RebalancePlan:
    request = book.request(
        book.policy({"kind": "utility", "risk_aversion": 4.0}, CAPS, tax=tax, trading=TradingRules(**trading))
    )
    snapshot = book.snapshot(request)
    answer = pipeline.optimize_for(request, snapshot, pipeline.estimate(request, snapshot))
    return pipeline.trade(request, snapshot, answer, pipeline.certify(answer, snapshot))


@pytest.mark.parametrize(("tax", "regime"), RULES.values(), ids=RULES)
@pytest.mark.parametrize("fractional", [False, True], ids=["whole shares", "fractions"])
def test_lots_add_up_to_orders_and_the_year_as_in_a_ledger(tax: dict[str, Any], regime: Regime, *, fractional: bool) -> None:
    for seed in range(3):
        book = made_lots.book(8, 24, seed)
        plan = planned(book, tax, fractional=fractional)
        assert plan.taxes is not None
        sells = {trade.asset_id: trade for trade in plan.trades if trade.side == "sell"}
        lots = {(lot.asset_id, lot.lot_id): lot for lot in book.record.lots}
        for asset_id, trade in sells.items():
            own = [sale for sale in plan.taxes.sales if sale.lot.asset_id == asset_id]
            assert sum(sale.shares for sale in own) == trade.shares
            assert sum(sale.proceeds for sale in own) == trade.value
        assert {sale.lot.asset_id for sale in plan.taxes.sales} == set(sells)
        gains = {"short": Fraction(0), "long": Fraction(0)}
        for sale in plan.taxes.sales:
            lot = lots[sale.lot.asset_id, sale.lot.lot_id]
            assert lot.cost_per_share is not None
            assert Decimal(0) < sale.shares <= lot.shares
            assert sale.gain == sale.proceeds - to_cents(lot.cost_per_share * sale.shares)
            assert sale.disallowed == 0, "wash sales are avoided"
            gains[sale.term] += Fraction(sale.gain)
        record = book.record
        before = Fraction(record.realized_short), Fraction(record.realized_long)
        carried = Fraction(record.carried_short), Fraction(record.carried_long)
        due = net(regime, before[0] + gains["short"], before[1] + gains["long"], *carried).due
        without = net(regime, *before, *carried).due
        assert plan.taxes.netting.due == to_cents(Decimal(due.numerator) / Decimal(due.denominator))
        assert abs(plan.taxes.tax - Decimal(float(due - without))) <= Decimal("0.011")


def test_a_cost_that_nobody_knows_is_named_and_bounded_both_ways() -> None:
    book = made_lots.book(8, 24, 1)
    lots = tuple(replace(lot, cost_per_share=None) for lot in book.record.lots)
    held = replace(book.holdings, tax=replace(book.record, lots=lots))
    plan = planned(replace(book, holdings=held), US)
    assert plan.taxes is not None
    assert plan.taxes.sales
    assert plan.taxes.unknown == tuple(lot_name(sale.lot) for sale in plan.taxes.sales)
    assert all(sale.gain == sale.proceeds for sale in plan.taxes.sales)
    assert plan.taxes.if_at_price is not None
    assert plan.taxes.if_at_price < plan.taxes.tax


def test_lots_go_in_the_order_that_was_specified() -> None:
    book = made_lots.book(8, 24, 2)
    first = {a: [lot.lot_id for lot in reversed(book.record.lots_of(a))] for a in book.universe.ids if a != "CASH"}
    plan = planned(book, {**US, "method": "specified", "specified": first})
    assert plan.taxes is not None
    assert plan.taxes.sales
    for asset_id in {sale.lot.asset_id for sale in plan.taxes.sales}:
        own = [sale for sale in plan.taxes.sales if sale.lot.asset_id == asset_id]
        assert [sale.lot.lot_id for sale in own] == first[asset_id][: len(own)]
        assert all(sale.shares == sale.lot.shares for sale in own[:-1])
