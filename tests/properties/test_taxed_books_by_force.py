"""Whole problems with taxes: small books of whole shares, every book that is allowed tried, each with its cheapest lots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from lots_by_force import best_book, least_tax
from small_lots import AS_OF, RULES, SmallBook, regime_of, small_book

from portopt import pipeline
from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.problem import Problem
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, RebalanceRequest, TradingRules
from portopt.domain.universe import CASH, Universe

BOOKS, DAYS, CAP, GAMMA = 50, 200, 0.7, 4.0
UTILITY = {"kind": "utility", "risk_aversion": GAMMA}
LEAST_RISK = {"kind": "min_risk", "risk_aversion": GAMMA}
TAX = {"short_rate": 0.37, "long_rate": 0.2, "long_after_months": 12}


def taxed_book(seed: int) -> SmallBook:
    return replace(small_book(seed, assets=3, lots=3, shares=3), rules=RULES[0], regime=regime_of(RULES[0]))


def prices_of(book: SmallBook, seed: int) -> pl.DataFrame:
    """Half a year that ends at the book's prices: a factor, what is each one's own, a drift worth trading for."""
    rng, last = np.random.default_rng([seed, 99]), np.array([float(p) for p in book.prices.values()])
    drift, common = 2e-4 * rng.uniform(-1, 3, len(last)), 0.008 * rng.standard_normal((DAYS - 1, 1))
    returns = drift + common + 0.012 * rng.standard_normal((DAYS - 1, len(last)))
    before = np.round(last * np.exp(-np.cumsum(returns[::-1], axis=0))[::-1], 2)
    closes = np.vstack([before, last])
    days = [AS_OF - timedelta(DAYS - 1 - k) for k in range(DAYS)]
    return pl.DataFrame({"date": days, **{a: closes[:, j] for j, a in enumerate(book.prices)}})


def planned(book: SmallBook, seed: int, objective: Mapping[str, Any]) -> tuple[dict[str, int], Problem, float, Decimal]:
    """Shares after the product's plan, the problem it solved, the gap to its bound that it owns up to, and the tax it says."""
    policy = Policy(
        "force", "Force", objective, {"long_only": True, "max_weight": CAP}, data=DataPolicy(stale="accept"), tax=TAX,
        estimation=EstimationChoice(lookback=None), trading=TradingRules(min_trade_value=0.0),
    )  # fmt: skip
    request = RebalanceRequest(book.holdings, policy, Universe.of(tuple(book.prices)), provider="files")
    snapshot = pipeline.fetch_pack(request, FrameProvider(prices_of(book, seed)))
    document, answer = pipeline.work(request, snapshot, run_id="reb-force", frontier=False)
    shares = {a: int(n) for a, n in book.holdings.shares.items()}
    for trade in document["trades"]:
        shares[trade["asset_id"]] += int(trade["shares"]) * (1 if trade["side"] == "buy" else -1)
    return shares, answer.problem, float(document["rounding"]["gap"]), Decimal(document["taxes"]["tax"])


class Worth:
    """What a book is worth to the objective, its tax taken off; None where it breaks a limit or money does not reach."""

    def __init__(self, book: SmallBook, p: Problem, *, of_return: float) -> None:
        self.book, self.of_return = book, of_return
        self.mu, self.Sigma, self.ids = p.moments.mu, p.moments.covariance.dense(), p.universe.ids

    def __call__(self, shares: Mapping[str, int], tax: Fraction) -> float | None:
        value = self.book.value
        cash = value - sum((n * self.book.prices[a] for a, n in shares.items()), Decimal(0))
        if cash < 0 or any(n * self.book.prices[a] > Decimal(str(CAP)) * value for a, n in shares.items()):
            return None
        w = np.array([float((cash if a == CASH else shares[a] * self.book.prices[a]) / value) for a in self.ids])
        return float(self.of_return * self.mu @ w - 0.5 * GAMMA * w @ self.Sigma @ w) - float(tax) / float(value)


@pytest.mark.parametrize("few", range(10))
@pytest.mark.parametrize("objective", [UTILITY, LEAST_RISK], ids=lambda objective: objective["kind"])
def test_no_book_of_whole_shares_is_better_by_more_than_the_gap(objective: Mapping[str, Any], few: int) -> None:
    """50 books an objective, five at a time; nearly always nothing at all is better."""
    best_of_all = 0
    for seed in range(few, BOOKS, 10):
        book = taxed_book(seed)
        shares, p, gap, tax = planned(book, seed, objective)
        worth = Worth(book, p, of_return=1.0 if objective is UTILITY else 0.0)
        most = {a: int(Decimal(str(CAP)) * book.value / price) for a, price in book.prices.items()}
        best = best_book(book.regime, book.own, most, worth, book.before)
        sells = {a: max(int(book.holdings.shares[a]) - n, 0) for a, n in shares.items()}
        cheapest = least_tax(book.regime, book.own, sells, book.before).tax
        assert abs(tax - Decimal(float(cheapest))) <= Decimal("0.01"), seed
        found = worth(shares, cheapest)
        assert found is not None, seed
        assert best.value - found <= gap + 1e-9, seed
        best_of_all += best.value - found <= 1e-9
    assert best_of_all >= 4
