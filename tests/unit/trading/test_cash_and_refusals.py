"""What whole lots can keep only to a remainder, and what they cannot keep at all."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from portopt.domain.errors import SearchEnded
from portopt.trading import NotRoundable, to_round


def test_fully_invested_is_missed_by_less_than_the_cheapest_share_and_the_costs(case):
    book = case(["41.17", "232.50", "112.30"], ["400", "100", "200"], "1500.00", limits={"fully_invested": True})
    plan = book.plan()
    assert 0 <= plan.cash_after < Decimal("41.17")
    assert plan.notes
    assert "fully" in plan.notes[0] or "cash was to be at most 0.00" in plan.notes[0]
    reading = next(r for r in plan.readings if r.limit == "fully_invested")
    assert reading.worst() == pytest.approx(float((plan.cash_after + plan.total_cost) / plan.value))
    others = [r.worst() for r in plan.readings if r.limit != "fully_invested"]
    assert max(others) <= 1e-9


def test_a_cap_on_cash_that_whole_shares_can_keep_is_kept(case):
    book = case(["41.17", "232.50", "112.30"], ["400", "100", "200"], "9000.00", limits={"cash": {"max": 0.02}})
    plan = book.plan()
    assert plan.notes == ()
    assert plan.after.cash_weight <= 0.02 + 1e-9


def test_a_cap_on_cash_below_the_dearest_share_leaves_the_least_remainder(case):
    """Two shares at 900 in a book of 2,000 with cash at most 1 %: 200 must stay, and the plan says so."""
    book = case(["900.00"], ["1"], "1100.00", mu=[0.3], limits={"cash": {"max": 0.01}})
    plan = book.plan()
    assert plan.lines[0].shares_after == 2
    assert plan.notes


def test_cash_below_zero_is_no_plan(case):
    """All the cash is wanted in stocks; what trading costs stays behind."""
    book = case(["41.17", "12.10"], ["0", "0"], "5000.00", mu=[0.4, 0.5], limits={"max_weight": 0.5})
    plan = book.plan()
    assert plan.cash_after >= 0
    assert plan.total_cost > 0


def test_a_floor_no_whole_share_can_reach_is_named(case):
    """A share at 900 in a book of 2,000 is 45 %: there is no book with 10 to 30 % of it."""
    book = case(["900.00", "10.00"], ["0", "100"], "1000.00", limits={"min_weight": {"A": 0.1}, "max_weight": {"A": 0.3}})
    with pytest.raises(NotRoundable) as refused:
        book.plan()
    error = refused.value
    assert set(error.limits) == {"min_weight", "max_weight"}
    assert (error.code, error.exit_code) == ("not_roundable", 3)
    assert error.fixes == ()
    assert any("fractional" in suggestion for suggestion in error.measured["suggestions"])


def test_a_least_trade_above_what_a_limit_asks_for_is_named(case):
    """The cap asks for a sale of about 60, and at most 1 % may change hands; 5,000 is the least trade."""
    book = case(["10.00", "10.00"], ["506", "494"], "0", limits={"max_weight": 0.50, "max_turnover": 0.01})
    with pytest.raises(NotRoundable) as refused:
        book.plan(min_trade_value=2_000.0)
    assert "min_trade_value" in refused.value.limits


def test_the_same_book_in_fractions_keeps_the_floor(case):
    book = case(["900.00", "10.00"], ["0", "100"], "1000.00", limits={"min_weight": {"A": 0.1}, "max_weight": {"A": 0.3}})
    plan = book.plan(fractional=True)
    assert 0.1 - 1e-9 <= plan.lines[0].weight_after <= 0.3 + 1e-9


def test_fractional_shares_have_six_decimals_and_break_nothing(book_of_five):
    plan = book_of_five.plan(fractional=True)
    assert plan.rounding == "exact"
    assert all(t.shares == t.shares.quantize(Decimal("0.000001")) for t in plan.trades)
    assert any(t.shares != int(t.shares) for t in plan.trades)
    assert max(reading.worst() for reading in plan.readings) <= 1e-9
    assert plan.cash_after == plan.cash_before + plan.sells_value - plan.buys_value - plan.total_cost
    assert plan.cash_after >= 0


def test_fractions_lose_no_more_than_whole_shares(book_of_five):
    assert book_of_five.plan(fractional=True).rounding_gap <= book_of_five.plan().rounding_gap + 1e-6


def test_fractions_without_fees_or_thresholds_reach_the_optimum(case):
    free = {"linear_impact": {"bps": 15}}
    book = case(["41.17", "232.50", "112.30"], ["400", "100", "200"], "3000.00", costs=free, limits={"max_weight": 0.4})
    plan = book.plan(fractional=True, min_trade_value=0.0)
    assert plan.rounding_gap == pytest.approx(0.0, abs=1e-8)


def test_fully_invested_in_fractions_leaves_cents(case):
    book = case(["41.17", "232.50", "112.30"], ["400", "100", "200"], "1500.00", limits={"fully_invested": True})
    plan = book.plan(fractional=True)
    assert 0 <= plan.cash_after <= Decimal("0.20")


def test_square_root_impact_is_paid_from_cash(case):
    costs = {"commission": {"per_trade": "5.00"}, "square_root_impact": {"coefficient": 1.0}}
    adv = np.array([4e4, 4e4, 4e4, np.inf])
    book = case(
        ["41.17", "232.50", "112.30"],
        ["400", "100", "200"],
        "1500.00",
        costs=costs,
        average_daily_value=adv,
        mu=[0.02, 0.3, 0.1],
    )
    plan = book.plan()
    daily = np.sqrt(book.problem.moments.covariance.diagonal() / 252)
    for trade in plan.trades:
        i = "ABC".index(trade.asset_id)
        expected = daily[i] * np.sqrt(float(trade.value) / adv[i]) * float(trade.value)
        assert float(trade.impact) == pytest.approx(expected, abs=0.006)
    assert plan.cash_after >= 0
    assert plan.cost_model == "square_root"


def test_a_search_that_finds_nothing_does_not_say_that_there_is_nothing(case, monkeypatch):
    """Two sectors of exactly a third, in a book too large to be searched: nothing is proved, and nothing is called so."""
    monkeypatch.setattr(to_round, "LARGE", 3)
    third = [1 / 3, 1 / 3]
    book = case(
        ["41.17", "232.50", "112.30", "12.79"],
        ["400", "100", "200", "900"],
        "30000.00",
        limits={"sector_limits": {"One": third, "Two": third}},
        sectors=["One", "One", "Two", "Two"],
    )
    with pytest.raises(SearchEnded) as ended:
        book.plan()
    error = ended.value
    assert (error.code, error.exit_code) == ("search_ended", 6)
    assert "was found" in error.detail
    assert "not proved" in error.detail
    assert "set trading.fractional to true" in error.measured["suggestions"]
    assert error.fixes == ()
