"""What a backtest comes to where anyone can work it out: constant returns, two assets, all cash, costs, flows, actions."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from made_histories import drawn_prices, fixed, history, own, policy, request, weekdays

from portopt.document.backtest import backtest_document
from portopt.domain.action import Action
from portopt.domain.backtest import Membership
from portopt.questions.backtest import backtest
from portopt.questions.through_time.backtest import Backtest


def test_all_cash_stays_what_it_was_and_interest_is_by_calendar_days() -> None:
    h = history(drawn_prices(253, 2))
    assert (backtest(own(h, fixed({}))).run.equity == 100_000_000).all()
    run = backtest(own(h, fixed({}), cash_rate=0.05)).run
    days = int((run.dates[-1] - run.dates[0]).astype(int))
    assert run.equity[-1] / 1e8 == pytest.approx(
        np.prod(1 + 0.05 * np.diff(run.dates).astype(int) / 365), abs=1.3e-6
    )  # half a cent a day
    assert run.equity[-1] / 1e8 == pytest.approx(np.exp(0.05 * days / 365), rel=1e-4)


def test_a_constant_return_compounds() -> None:
    h = history(100 * 1.001 ** np.arange(101)[:, None])
    run = backtest(own(h, fixed({"A": 1.0}), fractional=True, delay=0, rebalance=["yearly"])).run
    np.testing.assert_allclose(run.equity / 1e8, 1.001 ** np.arange(len(run.dates)), rtol=1e-8)


def test_two_assets_left_alone_are_the_average_of_both() -> None:
    a, b = 100 * 1.002 ** np.arange(80), 50 * 0.999 ** np.arange(80)
    run = backtest(
        own(history(np.column_stack([a, b])), fixed({"A": 0.5, "B": 0.5}), fractional=True, delay=0, rebalance=["drift 99%"])
    ).run
    k = np.arange(len(run.dates))
    np.testing.assert_allclose(run.equity / 1e8, 0.5 * 1.002**k + 0.5 * 0.999**k, rtol=1e-8)


def test_two_assets_put_right_every_day_earn_the_average_return_of_each_day() -> None:
    a, b = 100 * 1.02 ** np.arange(40), 50 * 0.99 ** np.arange(40)
    run = backtest(
        own(history(np.column_stack([a, b])), fixed({"A": 0.5, "B": 0.5}), fractional=True, delay=0, rebalance=["daily"])
    ).run
    np.testing.assert_allclose(run.equity / 1e8, (0.5 * 1.02 + 0.5 * 0.99) ** np.arange(len(run.dates)), rtol=1e-7)


def test_what_orders_cost_is_what_net_and_gross_differ_by() -> None:
    h = history(np.full((10, 1), 100.0))
    run = backtest(own(h, fixed({"A": 0.5}), spread_bps=20.0, rebalance=["yearly"])).run
    assert run.equity[-1] == 100_000_000 - 50_000_000 * 10 // 10_000
    np.testing.assert_allclose(run.gross, 100_000_000, rtol=1e-12)


def test_money_that_comes_in_is_no_return() -> None:
    h = history(np.full((40, 1), 100.0))
    day = h.dates[20].item()
    found = backtest(own(h, fixed({"A": 0.9}), cash_flows=((day, Decimal(500_000)),), rebalance=["cash flow"]))
    assert found.run.equity[-1] == 150_000_000
    document = backtest_document(found, "bt-0")
    assert document["summary"]["net"]["total_return"] == pytest.approx(0.0, abs=1e-12)
    assert [r["trigger"] for r in document["rebalances"]] == ["the first day", "cash flow"]
    assert found.run.units[-1, 0] == 13_500


def test_a_split_changes_no_value_and_a_dividend_reaches_cash() -> None:
    prices = np.full((30, 1), 100.0)
    prices[15:] = 50.0
    prices[20:] = 49.0
    days = weekdays(30)
    actions = [
        Action("A", "split", days[15].item(), ratio=(2, 1)),
        Action("A", "dividend", days[20].item(), pay_date=days[22].item(), amount=Decimal(1)),
    ]
    h = history(prices, actions=actions)
    run = backtest(own(h, fixed({"A": 1.0}), rebalance=["drift 99%"])).run
    assert (run.equity == 100_000_000).all()
    assert run.units[:, 0].tolist()[-1] == 20_000
    assert run.cash[-1] == 2_000_000


def test_the_decision_sees_the_split_in_the_money_of_its_day() -> None:
    prices = np.full((30, 1), 100.0)
    prices[15:] = 50.0
    h = history(prices, actions=[Action("A", "split", weekdays(30)[15].item(), ratio=(2, 1))])
    assert h.known(14).prices[:, 0].tolist() == [100.0] * 15
    assert h.known(20).prices[:, 0].tolist() == [50.0] * 21


def test_an_action_that_became_known_late_is_not_seen_before() -> None:
    prices = np.full((30, 1), 100.0)
    prices[15:] = 50.0
    days = weekdays(30)
    h = history(prices, actions=[Action("A", "split", days[15].item(), ratio=(2, 1), known_from=days[18].item())])
    assert h.known(17).prices[0, 0] == 100.0
    assert h.known(17).actions == ()
    assert h.known(18).prices[0, 0] == 50.0


def test_total_return_puts_back_what_was_paid_out() -> None:
    prices = np.array([100.0, 100.0, 98.0, 99.0])[:, None]
    h = history(prices, actions=[Action("A", "dividend", weekdays(4)[2].item(), amount=Decimal(2))])
    np.testing.assert_allclose(h.total_return()[:, 0] / 100.0, [1.0, 1.0, 1.0, 99 / 98], rtol=1e-12)


def test_who_has_left_the_universe_is_sold_and_who_is_not_yet_in_it_is_not_bought() -> None:
    prices = drawn_prices(120, 3)
    days = weekdays(120)
    members = [
        Membership("A", days[0].item()),
        Membership("B", days[0].item(), days[70].item()),
        Membership("C", days[50].item(), known_from=days[60].item()),
    ]
    h = history(prices, members=members)
    limits = {"long_only": True, "cash": {"max": 0.05}, "max_weight": 0.6}
    asked = request(h, rebalance=["every 5"], policy=policy(limits=limits), delay=0)
    run = backtest(Backtest(asked, h)).run
    assert {d.status for d in run.decisions} == {"decided"}
    bought = {asset: min(f.day for f in run.fills if f.asset == asset and f.units > 0) for asset in range(3)}
    assert bought[2] >= 60
    held = {run.first + k: row for k, row in enumerate(run.units)}
    after = min(d.day for d in run.decisions if d.day >= 70)
    assert held[after - 1][1] > 0
    assert all(held[day][1] == 0 for day in held if day >= after)


def test_an_asset_that_is_listed_later_is_bought_once_it_has_a_history() -> None:
    prices = drawn_prices(120, 3)
    prices[:50, 2] = np.nan
    h = history(prices)
    asked = request(
        h, rebalance=["every 5"], policy=policy(limits={"long_only": True, "cash": {"max": 0.05}, "min_weight": 0.1})
    )
    run = backtest(Backtest(asked, h)).run
    assert {d.status for d in run.decisions} == {"decided"}
    assert min(f.day for f in run.fills if f.asset == 2) > 50 + 20


def test_a_policy_counts_from_the_day_on_which_it_was_known() -> None:
    h = history(drawn_prices(120, 3))
    strict = policy(limits={"long_only": True, "cash": {"max": 0.05}, "max_weight": 0.4})
    since = h.dates[80].item()
    asked = request(h, rebalance=["every 5"], policies=((since, strict),), delay=0)
    from dataclasses import replace

    h = replace(h, policies=asked.policies)
    run = backtest(Backtest(asked, h)).run
    weights = {d.day: d.weights[:-1].max() for d in run.decisions if d.weights is not None}
    assert max(w for day, w in weights.items() if day < 80) > 0.41
    assert max(w for day, w in weights.items() if day >= 80) <= 0.4 + 1e-12


def test_profits_by_asset_and_interest_are_the_change_of_equity_to_the_cent() -> None:
    h = history(drawn_prices(150, 4), volumes=np.full((150, 4), 50_000.0))
    asked = request(h, rebalance=["weekly"], spread_bps=8.0, minimum_fee=1.0, impact=0.5, cash_rate=0.02)
    found = backtest(Backtest(asked, h))
    document = backtest_document(found, "bt-0")
    by_asset = sum(round(row["profit"] * 100) for row in document["assets"])
    assert by_asset + found.profits.interest == found.run.equity[-1] - 100_000_000
    costs = document["costs"]
    assert costs["total"] == pytest.approx(sum(costs[k] for k in ("commission", "spread", "impact", "borrow")), abs=0.005)
    assert costs["impact"] > 0
