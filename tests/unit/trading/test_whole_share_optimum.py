"""The plan's book against every book there is: three assets, counted out."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from portopt.domain.request import TradingRules
from portopt.optimization import assemble, solve
from portopt.optimization.solvers.highs_search import Ended, Found
from portopt.trading.book import open_book
from portopt.trading.exactness import worth
from portopt.trading.rounding import Rounding
from portopt.trading.to_round import Certified, ToRound

PRICES = ["112.30", "232.50", "165.80"]
SHARES = ["12", "0", "8"]
BENCHMARK = [0.3, 0.3, 0.3, 0.1]


def every_book(case: Any, least_trade: float = 100.0) -> tuple[float, np.ndarray]:
    """(best value as minimized, its weights) over all whole-share books that keep every limit; formulas written out here."""
    p, prices = case.problem, np.array([float(x) for x in PRICES])
    held = np.array([float(s) for s in SHARES])
    value = float(case.holdings.value(case.prices))
    counts = [np.arange(int(value // price) + 1) for price in prices]
    best, best_w = np.inf, np.zeros(4)
    grid = np.array(list(itertools.product(*counts)), dtype=float)
    traded = np.abs(grid - held) * prices
    cost = np.round(15e-4 * traded, 2).sum(axis=1) + 5.0 * (traded > 0).sum(axis=1)
    cash = float(case.holdings.cash) - ((grid - held) * prices).sum(axis=1)
    fine = (cash - cost >= 0) & ((traded == 0) | (traded >= least_trade) | (grid == 0)).all(axis=1)
    for shares, left, paid in zip(grid[fine], cash[fine], cost[fine], strict=True):
        w = np.append(shares * prices, left) / value
        if any(limit.read(w, p).worst() > 1e-9 for limit in p.limits):
            continue
        rate = 15e-4 * np.abs(shares - held) @ prices / value
        flat = 5.0 * (shares != held).sum() / value
        found = minimized(p, w, rate + flat)
        assert paid == pytest.approx((rate + flat) * value, abs=0.02)
        if found < best:
            best, best_w = found, w
    return best, best_w


def minimized(p: Any, w: np.ndarray, costs: float) -> float:
    """The objectives, from their definitions."""
    mu, Sigma = p.moments.mu, p.moments.Sigma
    if p.objective.kind == "utility":
        return -(mu @ w - 2.0 * w @ Sigma @ w - costs)
    if p.objective.kind == "max_sharpe":
        return -(mu @ w - 0.02 - costs) / np.sqrt(w @ Sigma @ w)
    if p.objective.kind == "max_return":
        return -(mu @ w - costs)
    if p.objective.kind == "min_tracking_error":
        return 0.5 * (w - p.benchmark) @ Sigma @ (w - p.benchmark)
    return 0.5 * w @ Sigma @ w


@pytest.mark.parametrize(
    ("objective", "limits"),
    [
        ({"kind": "utility", "risk_aversion": 4.0}, {"max_weight": 0.5}),
        ({"kind": "utility", "risk_aversion": 4.0}, {"max_turnover": 0.4, "cash": {"max": 0.1}}),
        ({"kind": "utility", "risk_aversion": 4.0}, {"max_volatility": 0.12}),
        ({"kind": "max_sharpe"}, {"max_weight": 0.5, "cash": {"max": 0.2}}),
        ({"kind": "max_sharpe"}, {"max_tracking_error": 0.03}),
        ({"kind": "max_return"}, {"max_weight": 0.4}),
        ({"kind": "min_risk"}, {"min_return": 0.05}),
        ({"kind": "min_tracking_error"}, {"max_turnover": 0.5}),
    ],
)
def test_no_whole_share_book_is_better(case, objective, limits):
    book = case(PRICES, SHARES, "1700.00", mu=[0.06, 0.10, 0.08], objective=objective, limits=limits, benchmark=BENCHMARK)
    best, _ = every_book(book)
    plan = book.plan(mip_relative_gap=1e-6, search_effort=4.0)
    assert plan.rounding == "mip"
    w = np.array([line.weight_after for line in plan.lines])
    paid = 5.0 * len(plan.trades) / float(plan.value) + 15e-4 * float(plan.gross / plan.value)
    found = minimized(book.problem, w, paid)
    assert found == pytest.approx(best, rel=2e-6, abs=1e-10)
    assert found >= best - 1e-12


def test_the_proven_bound_is_below_every_book(case):
    """mip_gap relative to the value found: what is left above the bound, so the best book cannot lie below it."""
    limits = {"max_weight": 0.5}
    book = case(PRICES, SHARES, "1700.00", mu=[0.06, 0.10, 0.08], limits=limits)
    best, _ = every_book(book)
    plan = book.plan(mip_relative_gap=1e-2)
    settled = open_book(book.problem, book.holdings, book.prices)
    shares = [line.shares_after - line.shares_before for line in plan.lines[:-1]] + [plan.trades[0].shares * 0]
    found = worth(book.problem, settled, settled.settle(shares))
    assert found - plan.mip_gap * abs(found) <= best + 1e-12


def test_a_small_order_that_does_not_pay_its_fee_is_not_placed(case):
    """The convex optimum trades a little of everything; with a fee of 20 on a book of 10,000 small trades vanish."""
    dear = {"commission": {"per_trade": "20.00"}, "linear_impact": {"bps": 15}}
    prices, shares = ["41.17", "23.50", "12.30", "65.80", "78.44"], ["50", "90", "170", "30", "26"]
    free = case(prices, shares, "100", costs={"linear_impact": {"bps": 15}}).plan(min_trade_value=0.0)
    paid = case(prices, shares, "100", costs=dear).plan(min_trade_value=0.0)
    assert len(paid.trades) < len(free.trades)


def test_a_search_that_breaks_off_is_said_and_the_first_book_keeps_its_proven_gap(case, monkeypatch):
    broken = Found(None, -np.inf, Ended.FAILED, 0, "HiGHS: run answered an error")
    monkeypatch.setattr("portopt.optimization.integers.outer_approximation.search", lambda asked, **effort: broken)
    book = case(PRICES, SHARES, "1700.00", mu=[0.06, 0.10, 0.08], limits={"max_weight": 0.5})
    plan = book.plan(mip_relative_gap=1e-9)
    assert plan.rounding == "mip_open"
    assert plan.mip_gap > 1e-9
    assert any("broke off (HiGHS: run answered an error)" in note for note in plan.notes)
    assert max(reading.worst() for reading in plan.readings) <= 1e-9


def rounding_of(case: Any, **certified: float) -> Rounding:
    """A search among the lots of the small book, its certified bound another where one is given."""
    book = case(PRICES, SHARES, "1700.00", mu=[0.06, 0.10, 0.08], limits={"max_weight": 0.5})
    form, opened = assemble(book.problem), open_book(book.problem, book.holdings, book.prices)
    raw = solve(form)
    answer = replace(Certified.of(form, raw, raw.x), **certified)
    asked = ToRound(book.problem, form, opened, TradingRules(mip_relative_gap=1e-6), answer)
    return Rounding(asked, asked.share_program())


def test_a_book_that_counting_out_shows_not_to_be_the_best_is_not_called_proved(case, monkeypatch):
    monkeypatch.setattr("portopt.optimization.integers.outer_approximation.ROUNDS", 0)
    book = case(PRICES, SHARES, "1700.00", mu=[0.06, 0.10, 0.08], limits={"max_weight": 0.5})
    best, _ = every_book(book)
    plan = book.plan(mip_relative_gap=1e-7, search_effort=0.0)
    w = np.array([line.weight_after for line in plan.lines])
    paid = 5.0 * len(plan.trades) / float(plan.value) + 15e-4 * float(plan.gross / plan.value)
    lost = minimized(book.problem, w, paid) - best
    assert plan.mip_gap * abs(best) >= lost
    assert plan.mip_gap > 1e-7
    assert plan.rounding != "mip"


def test_the_best_book_is_kept_whichever_is_found_last(case):
    rounding = rounding_of(case)
    best = rounding.run()
    untouched = [0 * price for price in rounding.asked.book.prices]
    assert rounding.offer(untouched) == {}
    assert worth(rounding.asked.problem, rounding.asked.book, rounding.asked.book.settle(untouched)) > best.book.value
    assert rounding.run().book is best.book


def test_a_bound_that_a_book_refutes_is_dropped_and_the_book_not_called_proved_by_it(case):
    """A bound far above every book: a search that kept it would call its first book the best."""
    true = rounding_of(case).run()
    lying = rounding_of(case, bound=true.book.value + 0.1 * abs(true.book.value))
    found = lying.run()
    assert found.bound <= found.book.value + 1e-6
    assert found.book.value == pytest.approx(true.book.value, rel=2e-6)
    assert found.gap >= 0.0
