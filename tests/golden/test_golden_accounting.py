"""The specification's golden trades, accounted for: what was sold, bought and left in cash, and which turnover that is."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from portopt.domain.holdings import Holdings
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_limits, parse_objective

GOLDEN = json.loads(Path(__file__).with_name("policy_rebalance.json").read_text())
SYMBOLS = [row["symbol"] for row in GOLDEN["holdings"]]
PRICES = {row["symbol"]: Decimal(row["price"]) for row in GOLDEN["holdings"]}
BEFORE = Holdings("P1", {row["symbol"]: Decimal(row["shares"]) for row in GOLDEN["holdings"]})
UNIVERSE = Universe((*(Asset(symbol) for symbol in SYMBOLS), Asset(CASH)))


def after_the_given_trades() -> Holdings:
    trades = {symbol: Decimal(shares) for symbol, shares in GOLDEN["given_trades"].items()}
    shares = {symbol: BEFORE.shares[symbol] + trades[symbol] for symbol in SYMBOLS}
    cash = -sum((trades[symbol] * PRICES[symbol] for symbol in SYMBOLS), Decimal(0))
    return Holdings("P1", shares, cash)


def test_the_portfolio_is_worth_70580_dollars():
    assert BEFORE.value(PRICES) == Decimal(GOLDEN["value"])


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_each_weight_is_the_stated_one(symbol):
    weight = BEFORE.weights(UNIVERSE, PRICES)[UNIVERSE.positions[symbol]]
    assert round(100 * weight, 2) == GOLDEN["weights_pct"][symbol]


def test_the_whole_exxon_position_is_two_hundred_shares_not_one_hundred():
    assert BEFORE.shares["XOM"] + GOLDEN["given_trades"]["XOM"] == 0


def test_sells_and_buys_leave_5861_dollars_in_cash():
    after = after_the_given_trades()
    sold = sum(-n * PRICES[s] for s, n in GOLDEN["given_trades"].items() if n < 0)
    bought = sum(n * PRICES[s] for s, n in GOLDEN["given_trades"].items() if n > 0)
    assert (sold, bought) == (Decimal(GOLDEN["sold"]), Decimal(GOLDEN["bought"]))
    assert after.cash == Decimal(GOLDEN["stays_in_cash"]) == sold - bought
    assert after.value(PRICES) == BEFORE.value(PRICES)
    assert round(100 * after.weights(UNIVERSE, PRICES)[-1], 1) == GOLDEN["stays_in_cash_pct"]


def test_one_way_turnover_with_cash_is_what_was_sold_and_no_definition_gives_the_stated_18_5():
    before, after = BEFORE.weights(UNIVERSE, PRICES), after_the_given_trades().weights(UNIVERSE, PRICES)
    one_way = np.abs(after - before).sum() / 2
    gross = np.abs(after - before)[:-1].sum()
    buys = np.maximum(after - before, 0.0)[:-1].sum()
    figures = {"one_way_turnover_pct": one_way, "gross_turnover_pct": gross, "buys_pct": buys}
    assert {name: round(100 * value, 2) for name, value in figures.items()} == {name: GOLDEN[name] for name in figures}
    assert all(abs(100 * value - 18.5) > 4 for value in (one_way, gross, gross / 2, buys))


def test_the_turnover_limit_reads_the_same_figure():
    before, after = BEFORE.weights(UNIVERSE, PRICES), after_the_given_trades().weights(UNIVERSE, PRICES)
    moments = Moments(UNIVERSE, np.zeros(4), Covariance(Sigma=np.diag([0.04, 0.04, 0.04, 0.0])))
    (limit,) = parse_limits({"max_turnover": 0.20})
    reading = limit.read(after, Problem(moments, parse_objective({"kind": "min_risk"}), (limit,), w_prev=before))
    assert round(100 * float(reading.measured[0]), 2) == GOLDEN["one_way_turnover_pct"]
    assert reading.worst() == pytest.approx(22460 / 70580 - 0.20, abs=1e-15)
