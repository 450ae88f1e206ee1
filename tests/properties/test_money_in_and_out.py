"""Money in and out over random books: exact to the cent, no trade the wrong way, and no more sold than it takes.

The witness for the least that has to be sold is a linear program of SciPy's, in money, written here from the request alone; for
tiny books every combination of whole shares is counted out. PORTOPT_TEST_FULL=1 asks of hundreds.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

from portopt import pipeline
from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.cash_flow import CashFlow
from portopt.domain.errors import InfeasibleRequest
from portopt.domain.holdings import Holdings, to_cents
from portopt.domain.plan import RebalancePlan
from portopt.domain.request import EstimationChoice, Policy, RebalanceRequest, TradingRules
from portopt.domain.universe import CASH, Asset, Universe
from portopt.formulation import exact_prices

FULL = os.environ.get("PORTOPT_TEST_FULL") == "1"
BOOKS = 220 if FULL else 72
SECTORS = ("Energy", "Health", "Technology")
COSTS = {"commission": {"per_trade": "1.00", "bps": 3}, "linear_impact": {"bps": 8}}
RATE = 11e-4
FEE = 1.0
CAP, SECTOR_CAP = 0.35, 0.7


@cache
def market(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n, days = 12, 90
    moves = rng.normal(0.0003, 0.008, (days, 1)) + rng.normal(0.0, 0.01, (days, n))
    prices = np.round(np.exp(rng.uniform(2.0, 5.5, n)) * np.exp(np.cumsum(moves, axis=0)), 2)
    dates = [date(2026, 1, 1) + timedelta(days=k) for k in range(days)]
    return pl.DataFrame({"date": dates, **{f"A{i:02d}": prices[:, i] for i in range(n)}})


@dataclass(frozen=True)
class Asked:
    """A request beside what it was worked out to, or its refusal."""

    request: RebalanceRequest
    prices: dict[str, Decimal]
    plan: RebalancePlan | None
    solved: pipeline.Solved | None
    refused: InfeasibleRequest | None = None

    @property
    def worth(self) -> Decimal:
        """Of the book after the money moved."""
        return self.request.funded.value(self.prices)


def policy(objective: dict[str, Any], limits: dict[str, Any]) -> Policy:
    return Policy(
        "desk",
        "Desk",
        objective,
        {"long_only": True, "max_weight": CAP, "sector_limits": SECTOR_CAP, **limits},
        COSTS,
        estimation=EstimationChoice(lookback=None, min_observations=20),
        trading=TradingRules(min_trade_value=0.0),
    )


def book(seed: int, n: int) -> tuple[Holdings, Universe, FrameProvider]:
    rng = np.random.default_rng(1_000 + seed)
    frame = market(seed % 5)
    ids = sorted(rng.choice([c for c in frame.columns if c != "date"], n, replace=False).tolist())
    held = [a for a in ids if rng.random() < 0.8] or ids[:1]
    shares = {a: Decimal(int(rng.integers(20, 400))) for a in held}
    cash = to_cents(Decimal(repr(float(rng.uniform(0.0, 3_000.0)))))
    universe = Universe(tuple(Asset(a, sector=SECTORS[int(a[1:]) % 3]) for a in ids))
    return Holdings(f"B{seed}", shares, cash), universe, FrameProvider(frame)


def worked_out(request: RebalanceRequest, market: FrameProvider) -> Asked:
    snapshot = pipeline.fetch_pack(request, market)
    prices = exact_prices(snapshot)
    solved = pipeline.optimize_for(request, snapshot, pipeline.estimate(request, snapshot))
    try:
        validated = pipeline.certify(solved, snapshot)
    except InfeasibleRequest as refused:
        return Asked(request, prices, None, None, refused)
    return Asked(request, prices, pipeline.trade(request, snapshot, solved, validated), solved)


@cache
def withdrawal(seed: int) -> Asked:
    """A withdrawal by itself, of up to six tenths of what is held; a floor under cash in every third book, and half of
    it not to be sold in every fourth."""
    rng = np.random.default_rng(seed)
    holdings, universe, provider = book(seed, int(rng.integers(3, 9)))
    limits: dict[str, Any] = {"cash": {"min": 0.01}} if seed % 3 == 0 else {}
    if seed % 4 == 1:
        limits["do_not_sell"] = list(holdings.shares)[::2]
    worth = holdings.value(exact_prices(pipeline.fetch_pack(_plain(holdings, universe), provider)))
    amount = to_cents(worth * Decimal(repr(float(rng.uniform(0.01, 0.6)))))
    request = RebalanceRequest(
        holdings, policy({"kind": "max_sharpe"}, limits), universe, cash_flow=CashFlow(-amount), provider="frame"
    )
    return worked_out(request, provider)


@cache
def deposit(seed: int) -> Asked:
    """A deposit with nothing sold, whatever is missed already left as it is."""
    rng = np.random.default_rng(seed)
    holdings, universe, provider = book(seed, int(rng.integers(3, 9)))
    amount = to_cents(Decimal(repr(float(rng.uniform(500.0, 60_000.0)))))
    names = list(holdings.shares)[:1]
    limits = {"buy_only": True, "do_not_buy": names} if seed % 2 else {"buy_only": True}
    aim = {"kind": "utility", "risk_aversion": 3.0} if seed % 2 else {"kind": "min_risk"}
    request = RebalanceRequest(
        holdings, policy(aim, limits), universe, cash_flow=CashFlow(amount), no_worse=True, provider="frame"
    )
    return worked_out(request, provider)


def _plain(holdings: Holdings, universe: Universe) -> RebalanceRequest:
    return RebalanceRequest(holdings, policy({"kind": "min_risk"}, {}), universe, provider="frame")


def floor(asked: Asked) -> Decimal:
    least = Decimal(repr(asked.request.policy.limits.get("cash", {}).get("min", 0.0)))
    return (least * asked.worth).quantize(Decimal("0.01"), rounding=ROUND_CEILING)


def least_sold(asked: Asked) -> float:
    """The least money that sales have to bring, costs aside: what leaves and the floor, and what the caps ask for.

    A cap that the book misses before the money moves may stand where the money leaves it; one that it keeps holds.
    """
    prices, funded, held = asked.prices, asked.request.funded, asked.request.holdings
    ids = [a for a in asked.request.universe.ids if a != CASH]
    now = np.array([float(to_cents(funded.shares.get(a, Decimal(0)) * prices[a])) for a in ids])
    value, before = float(asked.worth), float(held.value(prices))
    rows, most = [], []
    for i in range(len(ids)):
        stands = now[i] / value if now[i] / before > CAP else 0.0
        rows.append(np.eye(len(ids))[i])
        most.append(now[i] - max(CAP, stands) * value)
    for sector in SECTORS:
        inside = np.array([float(SECTORS[int(a[1:]) % 3] == sector) for a in ids])
        together = float(inside @ now)
        stands = together / value if together / before > SECTOR_CAP else 0.0
        rows.append(inside)
        most.append(together - max(SECTOR_CAP, stands) * value)
    stays = asked.request.policy.limits.get("do_not_sell", [])
    need = float(floor(asked)) - float(funded.cash)
    found = linprog(
        np.ones(len(ids)),
        A_ub=-np.array([*rows, np.ones(len(ids))]),
        b_ub=-np.array([*most, need]),
        bounds=[(0.0, 0.0 if a in stays else held) for a, held in zip(ids, now, strict=True)],
        method="highs",
    )
    return float(found.fun) if found.success else np.inf


@pytest.mark.parametrize("seed", range(BOOKS))
def test_a_withdrawal_by_itself_buys_nothing_and_sells_no_more_than_it_takes(seed):
    asked = withdrawal(seed)
    least = least_sold(asked)
    if asked.plan is None:
        assert not np.isfinite(least), "the witness sells its way out"
        return
    plan = asked.plan
    assert plan.buys_value == 0
    assert all(trade.side == "sell" for trade in plan.trades)
    exact = money_of_weights(asked)
    assert exact == pytest.approx(least, abs=1e-6 * float(asked.worth) + 0.01)  # a floor is up to the cent
    # In whole shares: what it takes, what it costs, and less than the dearest share more.
    dearest = max(float(asked.prices[a]) for a in asked.request.holdings.shares)
    costs = float(plan.total_cost)
    assert float(plan.sells_value) >= least - 0.01 * len(plan.trades)
    assert float(plan.sells_value) <= least + costs + dearest


def money_of_weights(asked: Asked) -> float:
    """What the certified weights sell, in money."""
    assert asked.solved is not None
    assert asked.solved.solution.weights is not None
    p = asked.solved.problem
    sold = np.maximum(p.previous() - asked.solved.solution.weights, 0.0)[~p.universe.is_cash]
    return float(sold.sum()) * float(asked.worth)


@pytest.mark.parametrize("seed", range(BOOKS))
def test_money_is_exact_and_never_overspent(seed):
    for asked in (withdrawal(seed), deposit(seed)):
        plan, funded = asked.plan, asked.request.funded
        if plan is None:
            continue
        assert plan.cash_before == funded.cash == asked.request.holdings.cash + asked.request.cash_flow.amount
        assert plan.cash_before + plan.sells_value - plan.buys_value - plan.total_cost == plan.cash_after
        assert plan.cash_after >= floor(asked) >= 0
        assert sum(to_cents(t.value) for t in plan.trades) == plan.gross
        assert sum(line.weight_after for line in plan.lines) == pytest.approx(1.0, abs=1e-12)
        assert plan.value == asked.worth


@pytest.mark.parametrize("seed", range(BOOKS))
def test_a_deposit_with_nothing_sold_sells_nothing_and_spends_no_more_than_there_is(seed):
    asked = deposit(seed)
    plan = asked.plan
    assert plan is not None
    assert plan.sells_value == 0
    assert plan.buys_value + plan.total_cost <= asked.request.funded.cash
    barred = asked.request.policy.limits.get("do_not_buy", [])
    assert not {trade.asset_id for trade in plan.trades} & set(barred)
    # No limit that the book kept is missed, and none that it missed is missed by more.
    assert all(reading.worst() <= 1e-9 for reading in plan.readings)


TINY = 40 if FULL else 15


@pytest.mark.parametrize("seed", range(TINY))
def test_the_least_sold_in_whole_shares_is_that_of_counting_out_every_combination(seed):
    rng = np.random.default_rng(70_000 + seed)
    frame = market(seed % 5)
    ids = sorted(rng.choice([c for c in frame.columns if c != "date"], 2, replace=False).tolist())
    holdings = Holdings("tiny", {a: Decimal(int(rng.integers(5, 25))) for a in ids}, Decimal("10.00"))
    universe = Universe(tuple(Asset(a) for a in ids))
    prices = {a: Decimal(repr(float(frame[a][-1]))) for a in ids}
    amount = to_cents(holdings.value(prices) * Decimal(repr(float(rng.uniform(0.1, 0.7)))))
    bare = Policy(
        "tiny", "Tiny", {"kind": "min_risk"}, {"long_only": True}, COSTS,
        estimation=EstimationChoice(lookback=None, min_observations=20), trading=TradingRules(min_trade_value=0.0),
    )  # fmt: skip
    request = RebalanceRequest(holdings, bare, universe, cash_flow=CashFlow(-amount), provider="frame")
    plan = worked_out(request, FrameProvider(frame)).plan
    assert plan is not None

    def after(sold: tuple[int, ...]) -> tuple[Decimal, Decimal]:
        """(what the sales bring, cash after every fee)."""
        values = [to_cents(prices[a] * k) for a, k in zip(ids, sold, strict=True) if k]
        costs = sum(
            (to_cents(Decimal("1.00") + v * Decimal("0.0003")) + to_cents(v * Decimal("0.0008")) for v in values), Decimal(0)
        )
        return sum(values, Decimal(0)), holdings.cash - amount + sum(values, Decimal(0)) - costs

    every = itertools.product(*(range(int(holdings.shares[a]) + 1) for a in ids))
    counted = list(map(after, every))
    assert plan.sells_value >= min(brought for brought, left in counted if left >= 0)
    # The search knows fees before they are rounded to the cent: it may pass by a book that only their rounding pays for.
    least = min(brought for brought, left in counted if left >= Decimal("0.02"))
    assert float(plan.sells_value) <= (1.0 + 2e-4) * float(least) + 0.02


def test_what_could_leave_instead_is_told_to_the_cent_and_leaves_a_plan():
    refusals = [asked for asked in map(withdrawal, range(BOOKS)) if asked.refused is not None]
    assert refusals
    for asked in refusals[:8]:
        (fix,) = [fix for fix in asked.refused.fixes if fix.startswith("withdraw at most")]
        amount = Decimal(fix.split()[3].replace(",", ""))
        assert amount < -asked.request.cash_flow.amount
        less = replace(asked.request, cash_flow=CashFlow(-amount))
        again = worked_out(less, FrameProvider(market(int(asked.request.holdings.portfolio_id[1:]) % 5)))
        assert again.plan is not None
        assert again.plan.cash_after >= floor(again)
