"""The ledger of given orders at once is the exact ledger, to the cent, or says on which day it is not."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from portopt.domain.backtest import Execution, Order
from portopt.domain.errors import DataError, InvalidValue, MissingInput
from portopt.simulation.accounting import Quotes, begin_day, equity, fill, opened
from portopt.simulation.accounting.fast import Lines, whole_history

COSTS = {
    "none": {},
    "a commission, a fee and a spread": {"commission_bps": 5.0, "minimum_fee": 1.0, "spread_bps": 7.0},
    "a commission a share": {"commission_per_share": 0.005},
    "impact, interest and borrow": {"impact": 0.8, "linear_impact": 0.2, "cash_rate": 0.031, "borrow_rate": 0.02},
    "a cap that holds": {"spread_bps": 30.0, "cost_cap": 0.0005},
}


def market(seed: int, T: int = 40, n: int = 6, places: int = 2):
    rng = np.random.default_rng(seed)
    prices = np.round(40.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (T, n)), axis=0)), places)
    dates = [date(2021, 1, 1) + timedelta(int(days)) for days in np.cumsum(rng.integers(1, 4, T))]
    volumes, volatility = rng.integers(10_000, 90_000, (T, n)).astype(float), rng.uniform(0.005, 0.03, (T, n))
    chosen = np.flatnonzero(rng.random(T * n) < 0.6)
    return prices, dates, volumes, volatility, chosen // n, chosen % n, rng.integers(-90, 100, len(chosen))


@pytest.mark.parametrize("costs", COSTS)
@pytest.mark.parametrize(("fractional", "places"), [(False, 2), (False, 5), (True, 3), (False, 12)])
def test_it_is_the_exact_ledger_to_the_cent(costs: str, fractional: bool, places: int):
    prices, dates, volumes, volatility, days, assets, units = market(len(costs), places=places)
    units = units * 1_000_003 if fractional else units
    execution = Execution(delay=0, **COSTS[costs])
    prices[10:13, 2] = np.nan
    priced = ~np.isnan(prices[days, assets]) & (units != 0)
    lines = Lines(days[priced], assets[priced], units[priced])
    capital = 300_000_00
    at_once = whole_history(
        lines, dates, prices, capital, execution, volumes=volumes, volatility=volatility, fractional=fractional
    )
    account, fills = opened(prices.shape[1], capital, fractional=fractional), []
    for t, day in enumerate(dates):
        quotes = Quotes(t, day, tuple("ABCDEF"), prices[t], volumes[t], volatility[t])
        account, _ = begin_day(account, quotes, (), execution, days=(day - dates[t - 1]).days if t else 0)
        todays = [Order(f"{k}", t, int(lines.assets[k]), int(lines.units[k])) for k in np.flatnonzero(lines.days == t)]
        account, filled, unfilled = fill(account, todays, quotes, execution)
        fills += filled
        assert unfilled == ()
        assert (at_once.units[t] == account.units).all()
        assert (at_once.cash[t], at_once.equity[t]) == (account.cash, equity(account))
    assert len(fills) == len(lines.days) > 80
    for f in fills:
        k, of = int(f.order_id), at_once.charged
        assert (of.values[k], of.commission[k], of.spread[k], of.impact[k]) == (f.value, f.commission, f.spread, f.impact)


def test_the_order_of_the_lines_says_nothing():
    prices, dates, _, _, days, assets, units = market(3)
    mixed = np.random.default_rng(0).permutation(len(days))
    one = whole_history(Lines(days, assets, units), dates, prices, 10**9, Execution(commission_bps=3.0))
    two = whole_history(Lines(days[mixed], assets[mixed], units[mixed]), dates, prices, 10**9, Execution(commission_bps=3.0))
    assert (one.cash == two.cash).all()
    assert (one.equity == two.equity).all()


def test_where_cash_does_not_reach_it_names_the_day():
    lines = Lines(np.array([0, 2]), np.array([0, 0]), np.array([5, 6]))
    dates = [date(2024, 1, day) for day in (1, 2, 3)]
    with pytest.raises(InvalidValue, match="2024-01-03 at -10.00: buys are cut there"):
        whole_history(lines, dates, np.full((3, 1), 10.0), 100_00, Execution())


def test_an_order_without_a_price_is_named_by_its_day():
    lines = Lines(np.array([1]), np.array([0]), np.array([5]))
    dates = [date(2024, 1, 1), date(2024, 1, 2)]
    with pytest.raises(DataError, match="2024-01-02 has no price"):
        whole_history(lines, dates, np.array([[1.0], [np.nan]]), 100_00, Execution())


def test_participation_and_impact_without_volumes_are_refused():
    lines = Lines(np.array([0]), np.array([0]), np.array([1]))
    asked = lines, [date(2024, 1, 1)], np.array([[1.0]]), 100_00
    with pytest.raises(InvalidValue, match="participation"):
        whole_history(*asked, Execution(participation=0.1))
    with pytest.raises(MissingInput, match="volumes"):
        whole_history(*asked, Execution(impact=1.0))
