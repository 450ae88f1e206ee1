"""Rows 15 to 28 of the faults that real backtesters had, as far as they are a ledger's: each test bears its row's number."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from one_ledger import OneLedger

from portopt.domain.action import Action
from portopt.domain.backtest import Execution, Order
from portopt.domain.errors import InvalidValue
from portopt.simulation.accounting import equity, fill, require_sound, values, withdrawn
from portopt.simulation.accounting.account import Quotes
from portopt.simulation.accounting.profit import profits

FIVE = {"A": 10.0, "B": 33.33, "C": 125.5, "D": 7.77, "E": 1_017.25}


def split(name: str, new: int, old: int, on: OneLedger) -> Action:
    return Action(name, "split", on.on(1), ratio=(new, old))


def bought(prices: dict[str, float], capital: int = 1_000_000) -> dict[str, int]:
    """20 % of the capital in each of five, and not one share less."""
    return {name: int(capital * 0.2 / price) for name, price in prices.items()}


# Row 15: targets of 100 % plus fees are cut, all alike, and the order of the columns says nothing.


def test_row_15_five_times_twenty_percent_at_15_bp_is_filled_within_a_share_each():
    prices = {"A": 10.0, "B": 20.0, "C": 40.0, "D": 50.0, "E": 100.0}
    ledger = OneLedger(prices, 1_000_000, Execution(delay=0, commission_bps=15.0)).day(prices, bought(prices))
    assert 0 <= ledger.account.cash < 100 * 10_000
    for name, price in prices.items():
        assert abs(ledger.units(name) * price - 0.2 * ledger.equity / 100) <= price, name


def test_row_15_orders_of_parts_of_shares_are_all_cut_by_one_number():
    ledger = OneLedger(FIVE, 1_000_000, Execution(delay=0, commission_bps=15.0)).day(FIVE, bought(FIVE))
    shares = [
        (Fraction(ledger.units(name), units), Fraction(ledger.units(name) + 1, units)) for name, units in bought(FIVE).items()
    ]
    assert max(low for low, _ in shares) < min(high for _, high in shares) <= 1
    assert 0 <= ledger.account.cash < 100 * sum(FIVE.values())


def test_row_15_the_order_of_the_columns_says_nothing():
    found = set()
    for names in permutations(FIVE):
        ledger = OneLedger(names, 1_000_000, Execution(delay=0, commission_bps=15.0, minimum_fee=1.0)).day(FIVE, bought(FIVE))
        found.add((*(ledger.units(name) for name in FIVE), ledger.account.cash))
    assert len(found) == 1


def test_row_15_what_cash_did_not_reach_is_listed_with_its_reason():
    ledger = OneLedger(["A"], 1_000, Execution(delay=0, commission_bps=15.0)).day({"A": 10.0}, {"A": 100})
    assert (ledger.units("A"), ledger.account.cash) == (
        99,
        100_000 - 99_000 - 148,
    )  # 15 bp of 990.00 is 1.485, to the even cent
    assert ledger.unfilled == [("0-A", "1 of 100 units were not filled: cash does not reach")]


# Row 16: sells settle first, and a pure sale is never refused.


def test_row_16_a_sale_pays_for_a_buy_of_the_same_day_whatever_their_order():
    for names in (("OLD", "NEW"), ("NEW", "OLD")):
        ledger = OneLedger(names, 1_000).day({"OLD": 10.0, "NEW": 20.0}, {"OLD": 100})
        ledger.day({"OLD": 10.0, "NEW": 20.0}, {"NEW": 50, "OLD": -100})
        assert (ledger.units("OLD"), ledger.units("NEW"), ledger.account.cash) == (0, 50, 0)


def test_row_16_a_sale_without_cash_for_its_fee_is_filled():
    ledger = OneLedger(["A"], 100, Execution(delay=0, minimum_fee=1.0))
    ledger.day({"A": 9.0}, {"A": 11})
    ledger.day({"A": 0.05}, {"A": -11})
    assert ledger.units("A") == 0
    assert ledger.account.cash == 10_000 - 9_900 - 100 + 55 - 100
    assert ledger.account.cash < 0
    assert ledger.unfilled == []


# Row 17: a reverse split gives whole shares, and cash for the rest at the price after it.


def test_row_17_one_for_a_hundred_of_37_shares_is_cash_in_lieu_at_the_price_after_the_split():
    ledger = OneLedger(["A"], 1_000).day({"A": 2.0}, {"A": 37})
    before = ledger.equity
    ledger.day({"A": 200.0}, actions=[split("A", 1, 100, ledger)])
    assert ledger.units("A") == 0
    assert [h.cents for h in ledger.told("cash_in_lieu")] == [7_400]
    assert ledger.equity == before == 100_000


def test_row_17_137_shares_leave_one_and_cash_for_the_rest():
    ledger = OneLedger(["A"], 1_000).day({"A": 2.0}, {"A": 137})
    ledger.day({"A": 200.0}, actions=[split("A", 1, 100, ledger)])
    assert (ledger.units("A"), ledger.equity) == (1, 100_000)
    assert [h.cents for h in ledger.told("cash_in_lieu")] == [7_400]


def test_row_17_an_order_that_a_split_leaves_nothing_of_is_listed_and_never_filled():
    ledger = OneLedger(["A"], 1_000, Execution(delay=1)).day({"A": 2.0}, {"A": 37})
    ledger.day({"A": 200.0}, actions=[split("A", 1, 100, ledger)])
    assert (ledger.units("A"), ledger.fills) == (0, [])
    assert [h.sentence for h in ledger.told("order_ended")] == [
        "0-A: A was split 1 for 100, and less than a unit is left of it"
    ]


def test_row_17_open_orders_and_last_prices_are_split_with_the_position():
    ledger = OneLedger(["A"], 1_000, Execution(delay=1)).day({"A": 8.0}, {"A": 10})
    ledger.day({}, actions=[split("A", 4, 1, ledger)])
    assert ledger.account.prices[0] == 2.0
    assert ledger.unfilled == [("0-A", "40 of 40 units were not filled: no price on 2024-01-02")]


# Row 18: ratios are fractions of integers.


@pytest.mark.parametrize(("shares", "new", "old", "after"), [(100, 7, 1, 700), (4_900, 1, 7, 700), (300, 7, 3, 700)])
def test_row_18_seven_for_one_gives_700_and_not_699(shares: int, new: int, old: int, after: int):
    price = 21.0
    ledger = OneLedger(["A"], 1_000_000).day({"A": price}, {"A": shares})
    ledger.day({"A": price * old / new}, actions=[split("A", new, old, ledger)])
    assert ledger.units("A") == after
    assert ledger.equity == 100_000_000
    assert ledger.told("cash_in_lieu") == []


# Row 19: long and short mirror each other.


def mirrored(sign: int) -> OneLedger:
    """The same position, bought or sold short, through a dividend, splits, a spin-off and its end; no costs."""
    ledger = OneLedger(["A", "B"], 100_000).day({"A": 12.34, "B": 5.01}, {"A": sign * 1_237})
    ledger.day({"A": 12.1, "B": 5.0}, actions=[Action("A", "dividend", ledger.on(1), ledger.on(3), amount=Decimal("0.1725"))])
    ledger.day({"A": 36.3, "B": 5.0}, actions=[split("A", 1, 3, ledger)])
    ledger.day({"A": 30.0, "B": 5.03}, actions=[Action("A", "spin_off", ledger.on(1), ratio=(3, 10), into="B")])
    ledger.day({"A": 60.1, "B": 5.03}, actions=[split("A", 1, 2, ledger)])
    ledger.day({"A": 61.0, "B": 4.9})
    return ledger.day({"B": 4.91}, actions=[Action("A", "delisting", ledger.on(1), proceeds=Decimal("55.005"))])


def test_row_19_long_and_short_mirror_each_other_through_every_action():
    long, short = mirrored(1), mirrored(-1)
    for a, b in zip(long.days, short.days, strict=True):
        assert equity(a.after) - 10_000_000 == -(equity(b.after) - 10_000_000)
        assert (a.after.units == -b.after.units).all()
        assert (a.after.basis == -b.after.basis).all()
    assert {h.kind for h in long.happenings} == {"dividend", "dividend_paid", "split", "spin_off", "cash_in_lieu", "delisting"}
    assert [(h.units, h.cents, h.profit) for h in long.happenings] == [
        (-h.units, -h.cents, -h.profit) for h in short.happenings
    ]


# Row 20: profits follow splits, and no value jumps on the day.


def test_row_20_profit_of_trades_and_open_profit_are_the_change_of_equity_through_a_split():
    ledger = OneLedger(["A"], 10_000, Execution(delay=0, commission_bps=10.0)).day({"A": 100.0}, {"A": 50})
    before = ledger.equity
    ledger.day({"A": 25.0}, actions=[split("A", 4, 1, ledger)])
    assert ledger.equity == before
    ledger.day({"A": 30.0}, {"A": -120})
    of = profits(ledger.fills, ledger.happenings, ledger.account)
    fees = 500 + 360
    assert of.total == ledger.equity - 1_000_000 == 200 * 500 - fees
    assert of.traded[0] == 120 * 500 - 500 * 120 // 200 - 360  # 5.00 a share, less its part of the first fee, less its own
    assert of.open[0] == 80 * 500 - 500 * 80 // 200


# Row 21: a dividend reaches cash on the pay date, of the shares on the ex date.


@pytest.mark.parametrize("sign", [1, -1])
def test_row_21_cash_on_the_pay_date_is_the_shares_before_the_ex_date_times_the_amount(sign: int):
    ledger = OneLedger(["A"], 10_000).day({"A": 50.0}, {"A": sign * 100})
    cash = ledger.account.cash
    dividend = Action("A", "dividend", ledger.on(1), ledger.on(3), amount=Decimal("0.75"))
    ledger.day({"A": 49.25}, {"A": sign * 20}, actions=[dividend])
    spent = sign * 20 * 4_925
    assert ledger.account.cash == cash - spent
    assert ledger.equity == 1_000_000
    ledger.day({"A": 49.25})
    assert ledger.account.cash == cash - spent
    ledger.day({"A": 49.25}, {"A": -sign * 120})
    assert [h.cents for h in ledger.told("dividend_paid")] == [sign * 7_500]
    assert ledger.account.cash == 1_000_000


def test_row_21_total_return_is_the_return_of_adjusted_prices_to_a_billionth():
    """Dividends reinvested at the close of the ex date. Adjusted from the last close back: a_before = a p_before / (p + d)."""
    rng = np.random.default_rng(3)
    closes = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, 200))), 2)
    paid = {40: Decimal("0.5"), 90: Decimal("0.75"), 150: Decimal("1.1")}
    ledger = OneLedger(["A"], 10_000_000_000, fractional=True).day({"A": closes[0]}, {"A": int(1e16 / closes[0])})
    for t in range(1, len(closes)):
        action = [Action("A", "dividend", ledger.on(1), amount=paid[t])] if t in paid else []
        dividend = int(ledger.units("A") * float(paid.get(t, 0)) / closes[t])
        ledger.day({"A": closes[t]}, {"A": dividend} if dividend else None, actions=action)
    adjusted = closes[-1]
    for t in range(len(closes) - 1, 0, -1):
        adjusted *= closes[t - 1] / (closes[t] + float(paid.get(t, 0)))
    assert ledger.equity / 1e12 == pytest.approx(closes[-1] / adjusted, rel=1e-9)
    assert closes[-1] / adjusted > 1.02 * closes[-1] / closes[0]


# Row 23: a delisting leaves value where it was; the position is gone, charged and listed.


ENDS = [
    ({}, "20"),
    ({"proceeds": Decimal("13.37")}, "13.37"),
    ({"delisting_return": Decimal("-0.3")}, "14"),
    ({"proceeds": Decimal(0)}, "0"),
]


@pytest.mark.parametrize(("terms", "price"), ENDS, ids=["last price", "a price", "a return", "worthless"])
def test_row_23_a_delisting_closes_the_position_at_its_price_and_lists_it(terms: dict[str, Decimal], price: str):
    ledger = OneLedger(["A", "B"], 10_000, Execution(delay=0, minimum_fee=2.0)).day({"A": 20.0, "B": 5.0}, {"A": 100})
    cash = ledger.account.cash
    ledger.day({"B": 5.0}, actions=[Action("A", "delisting", ledger.on(1), **terms)])
    brings, fee = round(Decimal(price) * 100 * 100), 200 if Decimal(price) else 0
    assert ledger.units("A") == 0
    assert ledger.account.cash == ledger.equity == cash + brings - fee
    assert [(h.units, h.cents) for h in ledger.told("delisting")] == [(-100, brings)]
    assert [h.cents for h in ledger.told("delisting_fee")] == ([-fee] if fee else [])
    assert ledger.day({"B": 5.0}).equity == cash + brings - fee


def test_row_23_orders_of_what_was_delisted_are_never_filled_and_listed():
    ledger = OneLedger(["A"], 1_000, Execution(delay=1)).day({"A": 2.0}, {"A": 37})
    ledger.day({"A": 2.0}, actions=[Action("A", "delisting", ledger.on(1))])
    assert (ledger.fills, [h.sentence for h in ledger.told("order_ended")]) == ([], ["0-A: A was delisted"])


# Row 24: what happens later does not rewrite what was.


def test_row_24_rows_of_june_are_the_same_before_and_after_septembers_trades():
    ledger = OneLedger(["A", "B"], 10_000, Execution(delay=1, commission_bps=5.0))
    ledger.day({"A": 10.0, "B": 4.0}, {"A": 300, "B": 200}).day({"A": 11.0, "B": 4.0}).day({"A": 12.0, "B": 3.5}, {"A": -100})
    june = [
        (d.after, equity(d.after), d.fills, d.happenings, d.after.units.copy(), values(d.after).copy()) for d in ledger.days
    ]
    fills = list(ledger.fills)
    ledger.day({"A": 12.5, "B": 3.0}, {"A": -200, "B": -200}).day({"A": 13.0, "B": 2.0})
    ledger.day({"B": 2.0}, actions=[Action("A", "delisting", ledger.on(1))])
    for was, now in zip(june, ledger.days, strict=False):
        assert was[0] is now.after
        assert (was[1], was[2], was[3]) == (equity(now.after), now.fills, now.happenings)
        assert (was[4] == now.after.units).all()
        assert (was[5] == values(now.after)).all()
    assert ledger.fills[: len(fills)] == fills


# Row 25: commissions are charged once.


def test_row_25_fees_of_the_ledger_are_those_of_the_fills_and_of_the_tariff():
    ledger = OneLedger(["A", "B"], 10_000, Execution(delay=0, commission_bps=8.0, minimum_fee=1.5, spread_bps=10.0))
    ledger.day({"A": 10.0, "B": 4.0}, {"A": 500, "B": 100}).day({"A": 11.0, "B": 4.0}, {"A": -500})
    fees = [max(150, 400), max(150, 32), max(150, 440)]
    spreads = [250, 20, 275]
    assert [f.commission for f in ledger.fills] == fees
    assert [f.spread for f in ledger.fills] == spreads
    moved = sum(f.value if f.units < 0 else -f.value for f in ledger.fills)
    assert ledger.account.cash == 1_000_000 + moved - sum(fees) - sum(spreads)
    assert profits(ledger.fills, ledger.happenings, ledger.account).costs.sum() == sum(fees) + sum(spreads)


# Row 26: nothing closes before it opens.


def test_row_26_time_increases_and_every_order_is_decided_before_it_is_filled():
    ledger = OneLedger(["A", "B"], 10_000, Execution(delay=2, expires=2, participation=0.5))
    for t in range(8):
        ledger.day({"A": 10.0 + t, "B": 4.0}, {"A": 30 if t % 2 else -15, "B": 11}, volumes={"A": 40.0, "B": 1e6})
    days = [f.day for f in ledger.fills]
    assert days == sorted(days)
    assert len(days) >= 8
    assert all(f.day >= f.decided + 2 for f in ledger.fills)
    assert all(int(f.order_id.split("-")[0]) == f.decided for f in ledger.fills)


# Row 27: fills never exceed the order; the rest expires as stated.


def test_row_27_a_partly_filled_order_is_filled_to_its_size_and_no_further():
    ledger = OneLedger(["A"], 100_000, Execution(delay=1, expires=3, participation=0.1))
    ledger.day({"A": 10.0}, {"A": 100}, volumes={"A": 450.0})
    for volume in (450.0, 459.0, 450.0, 9e9):
        ledger.day({"A": 10.0}, volumes={"A": volume})
    assert [f.units for f in ledger.fills] == [45, 45, 10]
    assert (ledger.units("A"), ledger.unfilled, ledger.account.open) == (100, [], ())


def test_row_27_the_rest_of_an_order_expires_after_as_many_sessions_as_stated():
    ledger = OneLedger(["A"], 100_000, Execution(delay=1, expires=2, participation=0.1))
    ledger.day({"A": 10.0}, {"A": 100}, volumes={"A": 300.0})
    for volume in (300.0, 305.0, 9e9):
        ledger.day({"A": 10.0}, volumes={"A": volume})
    assert [f.units for f in ledger.fills] == [30, 30]
    assert ledger.unfilled == [
        ("0-A", "40 of 100 units were not filled: more is not this share of the day's volume on 2024-01-03")
    ]


def test_row_27_a_newer_order_takes_the_place_of_the_rest_of_an_older_one():
    ledger = OneLedger(["A"], 100_000, Execution(delay=0, expires=5, participation=0.1))
    ledger.day({"A": 10.0}, {"A": 100}, volumes={"A": 300.0}).day({"A": 10.0}, {"A": 5}, volumes={"A": 300.0})
    assert [f.units for f in ledger.fills] == [30, 5]
    assert ledger.unfilled == [("0-A", "70 of 100 units were not filled: a newer order took its place")]


def test_row_27_an_order_takes_its_share_of_a_days_volume_once_however_often_the_day_is_asked():
    ledger = OneLedger(["A", "B"], 100_000, Execution(delay=0, expires=3, participation=0.1))
    ledger.day({"A": 10.0, "B": 5.0}, {"A": 100}, volumes={"A": 300.0, "B": 1e6})
    quotes = ledger.days[-1].quotes
    again, fills, unfilled = fill(ledger.account, [Order("later", 0, 1, 7)], quotes, ledger.execution)
    assert [(f.order_id, f.units) for f in fills] == [("later", 7)]
    assert (again.open, unfilled) == (ledger.account.open, ())


def test_row_27_who_decides_anew_withdraws_what_is_being_filled_and_nothing_that_waits_for_its_day():
    ledger = OneLedger(["A", "B"], 100_000, Execution(delay=1, expires=5, participation=0.1))
    ledger.day({"A": 10.0, "B": 5.0}, {"A": 100}).day({"A": 10.0, "B": 5.0}, {"B": 9}, volumes={"A": 300.0})
    account, ended = withdrawn(ledger.account)
    assert [o.order.order_id for o in account.open] == ["1-B"]
    assert ended == (("0-A", "70 of 100 units were not filled: a newer decision took its place"),)
    assert list(account.committed) == [30, 9]


def test_two_orders_of_one_decision_in_one_asset_are_refused():
    ledger = OneLedger(["A"], 100).day({"A": 1.0})
    quotes = Quotes(1, ledger.on(1), ("A",), np.array([1.0]))
    with pytest.raises(InvalidValue, match="one order an asset"):
        fill(ledger.account, [Order("x", 1, 0, 5), Order("y", 1, 0, 5)], quotes, ledger.execution)


# Row 28: what is paid stays above zero; the cost is capped, and says so.


def test_row_28_slippage_is_capped_and_named_and_the_price_that_is_paid_stays_above_zero():
    costly = Execution(delay=0, impact=50.0, spread_bps=400.0, cost_cap=0.25)
    ledger = OneLedger(["A"], 10_000, costly)
    ledger.day({"A": 1.0}, {"A": 5_000}, volumes={"A": 10.0}, volatility={"A": 0.05})
    ledger.day({"A": 1.0}, {"A": -5_000}, volumes={"A": 10.0}, volatility={"A": 0.05})
    assert len(ledger.fills) == 2
    for f in ledger.fills:
        assert f.capped
        assert f.spread + f.impact == f.value // 4
        assert Fraction(f.value - f.cost, abs(f.units)) > 0


def test_row_28_a_cap_that_leaves_nothing_of_the_price_is_refused():
    with pytest.raises(InvalidValue, match="cost_cap"):
        require_sound(Execution(cost_cap=1.0))


# Row 6, as far as it is a ledger's: no price, no fill.


def test_row_6_without_a_price_an_order_is_not_filled_but_counted_and_listed():
    ledger = OneLedger(["A", "B"], 1_000, Execution(delay=1)).day({"A": 10.0, "B": 5.0}, {"A": 5, "B": 5})
    ledger.day({"B": 5.0})
    assert [f.order_id for f in ledger.fills] == ["0-B"]
    assert ledger.unfilled == [("0-A", "5 of 5 units were not filled: no price on 2024-01-02")]


# Row 5, as far as it is a ledger's: a hole is valued at what was known.


def test_row_5_between_two_prices_a_position_is_worth_the_first():
    ledger = OneLedger(["A"], 100).day({"A": 1.0}, {"A": 100})
    found = [ledger.day(prices).equity for prices in ({}, {}, {}, {"A": 3.0})]
    assert found == [10_000, 10_000, 10_000, 30_000]
