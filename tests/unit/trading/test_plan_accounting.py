"""A plan adds up, in money and in weights, and its orders can be placed as they stand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from portopt.domain.errors import DataError, InvalidValue
from portopt.domain.holdings import Holdings, to_cents
from portopt.domain.request import TradingRules
from portopt.domain.universe import CASH
from portopt.trading import make_plan


@pytest.fixture(scope="module")
def plan(book_of_five):
    return book_of_five.plan()


def test_cash_is_conserved_to_the_cent(plan):
    assert plan.cash_after == plan.cash_before + plan.sells_value - plan.buys_value - plan.total_cost
    assert plan.cash_after >= 0


def test_totals_are_the_sums_of_the_lines(plan):
    assert plan.trades
    assert plan.buys_value == sum(t.value for t in plan.trades if t.side == "buy")
    assert plan.sells_value == sum(t.value for t in plan.trades if t.side == "sell")
    assert plan.commission_total == Decimal("5.00") * len(plan.trades)
    assert plan.impact_total == sum(to_cents(t.value * Decimal("0.0015")) for t in plan.trades)


def test_sells_come_before_buys_and_larger_before_smaller(plan):
    assert [t.priority for t in plan.trades] == list(range(1, len(plan.trades) + 1))
    sides = [t.side for t in plan.trades]
    assert sides == sorted(sides, reverse=True)
    for side in ("sell", "buy"):
        values = [t.value for t in plan.trades if t.side == side]
        assert values == sorted(values, reverse=True)


def test_orders_are_whole_shares_worth_at_least_the_least_trade(plan):
    assert all(t.shares == int(t.shares) and t.shares > 0 for t in plan.trades)
    assert all(t.value >= 100 for t in plan.trades)


def test_weights_after_the_trades_add_to_one_and_match_the_shares(plan, book_of_five):
    assert sum(line.weight_after for line in plan.lines) == pytest.approx(1.0, abs=1e-12)
    for line in plan.lines:
        if line.asset_id != CASH:
            assert line.weight_after == pytest.approx(float(line.shares_after * line.price / plan.value), abs=1e-12)
    cash = next(line for line in plan.lines if line.asset_id == CASH)
    assert cash.weight_after == pytest.approx(float((plan.cash_after + plan.total_cost) / plan.value), abs=1e-12)
    assert cash.shares_after == plan.cash_after


def test_the_book_after_the_plan_is_worth_what_it_was_less_the_costs(plan, book_of_five):
    after = {line.asset_id: line.shares_after for line in plan.lines if line.asset_id != CASH}
    value = Holdings("P1", after, plan.cash_after).value(book_of_five.prices)
    assert value == plan.value - plan.total_cost


def test_turnover_is_the_larger_of_buys_and_sells_over_the_value(plan):
    expected = float(max(plan.buys_value, plan.sells_value) / plan.value)
    assert plan.turnover == pytest.approx(expected, abs=1e-12)


def test_no_limit_is_broken(plan):
    assert max(reading.worst() for reading in plan.readings) <= 1e-9


def test_the_figures_after_are_those_of_the_shares(plan, book_of_five):
    w = np.array([line.weight_after for line in plan.lines])
    assert plan.after.expected_return == pytest.approx(float(book_of_five.problem.moments.mu @ w))
    assert plan.after.volatility == pytest.approx(float(np.sqrt(w @ book_of_five.problem.moments.Sigma @ w)))


def test_rounding_never_beats_the_continuous_optimum(plan):
    assert plan.rounding == "mip"
    assert plan.rounding_gap >= -1e-12
    assert 0.0 <= plan.mip_gap <= 1e-4


def test_the_same_question_gives_the_same_plan(plan, book_of_five):
    again = book_of_five.plan()
    assert (again.trades, again.lines, again.cash_after) == (plan.trades, plan.lines, plan.cash_after)


def test_reasons_travel_with_their_trades(book_of_five):
    certified = book_of_five.certified()
    reasons = {a: f"because of {a}" for a in book_of_five.prices}
    plan = make_plan(
        book_of_five.problem, certified, book_of_five.holdings, book_of_five.prices, TradingRules(), reasons=reasons
    )
    assert all(t.reason == f"because of {t.asset_id}" for t in plan.trades)


def test_lots_of_ten_are_traded_in_tens(book_of_five):
    plan = book_of_five.plan(lot_size=10)
    assert plan.trades
    assert all(t.shares % 10 == 0 for t in plan.trades)


def test_an_odd_lot_can_only_be_sold_whole(case):
    """37 shares in lots of 10: selling down to 7 or all 37 are the choices; a barred asset leaves nothing behind."""
    book = case(["50.00", "40.00"], ["37", "100"], "500", limits={"max_weight": {"A": 0.0, "B": 1.0}})
    sold = {t.asset_id: t for t in book.plan(lot_size=10).trades}["A"]
    assert (sold.side, sold.shares, sold.weight_after) == ("sell", Decimal(37), 0.0)


def test_a_fractional_remainder_can_be_sold_with_the_rest(case):
    book = case(["50.00", "40.00"], ["37.4321", "100"], "500", limits={"max_weight": {"A": 0.0, "B": 1.0}})
    sold = {t.asset_id: t for t in book.plan().trades}["A"]
    assert (sold.shares, sold.weight_after) == (Decimal("37.4321"), 0.0)


def test_a_position_below_the_least_trade_may_still_be_closed(case):
    book = case(["20.00", "40.00"], ["3", "100"], "500", limits={"max_weight": {"A": 0.0, "B": 1.0}})
    sold = {t.asset_id: t for t in book.plan().trades}["A"]
    assert (sold.shares, sold.value) == (Decimal(3), Decimal("60.00"))


def test_what_cannot_be_traded_is_not(case):
    book = case(["50.00", "40.00", "30.00"], ["100", "100", "0"], "500", tradable=[False, True, True], mu=[0.0, 0.05, 0.2])
    plan = book.plan()
    assert "A" not in {t.asset_id for t in plan.trades}
    line = next(line for line in plan.lines if line.asset_id == "A")
    assert line.weight_after == line.weight_before


def test_a_short_position_is_bought_back_where_none_is_allowed(case):
    book = case(["50.00", "40.00"], ["-40", "200"], "4000")
    bought = {t.asset_id: t for t in book.plan().trades}["A"]
    assert (bought.side, bought.shares >= 40) == ("buy", True)


def test_shares_may_be_negative_where_short_positions_are_allowed(case):
    limits = {"long_only": False, "leverage_limit": 1.3}
    book = case(["50.00", "40.00"], ["20", "200"], "1000", mu=[-0.10, 0.09], limits=limits)
    plan = book.plan()
    line = next(line for line in plan.lines if line.asset_id == "A")
    assert line.shares_after < 0
    assert {t.asset_id: t.side for t in plan.trades}["A"] == "sell"
    assert max(reading.worst() for reading in plan.readings) <= 1e-9


def test_a_plan_with_nothing_to_do_has_no_trades(case):
    book = case(["50.00", "40.00"], ["100", "100"], "500", limits={"max_turnover": 0.0})
    plan = book.plan()
    assert (plan.trades, plan.cash_after, plan.turnover) == ((), plan.cash_before, 0.0)


@pytest.mark.parametrize("price", [None, Decimal(0), Decimal(-3)])
def test_an_asset_without_a_price_is_named(book_of_five, price):
    prices = dict(book_of_five.prices)
    prices["C"] = price
    with pytest.raises(DataError, match="no positive price for C"):
        make_plan(book_of_five.problem, book_of_five.certified(), book_of_five.holdings, prices, TradingRules())


def test_other_holdings_than_the_problems_are_refused(book_of_five):
    other = Holdings("P1", {"A": Decimal(1)}, Decimal(50_000))
    with pytest.raises(DataError, match="other holdings or other prices"):
        make_plan(book_of_five.problem, book_of_five.certified(), other, book_of_five.prices, TradingRules())


def test_a_lot_of_nothing_is_refused(book_of_five):
    with pytest.raises(InvalidValue, match="lot_size"):
        book_of_five.plan(lot_size=0)
