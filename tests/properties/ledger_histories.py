"""Random histories for a ledger: prices with holes, every kind of action, orders of all sizes, money in and out."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from portopt.domain.action import Action
from portopt.domain.backtest import Execution, Order

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE")
RATIOS = ((2, 1), (3, 1), (7, 1), (1, 7), (3, 2), (1, 10), (1, 100), (21, 20), (7, 3))


@dataclass(frozen=True)
class LedgerHistory:
    """prices, volumes, volatility: (T, n). actions, flows, orders by the session on which they come."""

    seed: int
    capital: int
    fractional: bool
    execution: Execution
    ids: tuple[str, ...]
    dates: tuple[date, ...]
    prices: np.ndarray
    volumes: np.ndarray
    volatility: np.ndarray
    actions: dict[int, tuple[Action, ...]] = field(default_factory=dict)
    flows: dict[int, int] = field(default_factory=dict)
    orders: dict[int, tuple[Order, ...]] = field(default_factory=dict)


def random_history(seed: int) -> LedgerHistory:
    """One of them; the same seed gives the same."""
    r = random.Random(seed)
    n, T = r.randint(1, 5), r.randint(4, 12)
    dates = [date(2020, 1, 1) + timedelta(r.randint(0, 900))]
    for _ in range(T - 1):
        dates.append(dates[-1] + timedelta(r.choice((1, 1, 1, 1, 3, 4))))
    prices = _prices(r, T, n)
    ids = NAMES[:n]
    fractional = r.random() < 0.3
    capital = r.choice((50_000, 1_000_000, 10_000_000, 123_456_789))
    return LedgerHistory(
        seed=seed,
        capital=capital,
        fractional=fractional,
        execution=_execution(r),
        ids=ids,
        dates=tuple(dates),
        prices=prices,
        volumes=np.array([[r.choice((0, 100, 5_000, 250_000, float("nan"))) for _ in range(n)] for _ in range(T)], dtype=float),
        volatility=np.array([[r.choice((0.0, 0.01, 0.0234, float("nan"))) for _ in range(n)] for _ in range(T)]),
        actions=_actions(r, ids, dates),
        flows={t: r.choice((1, -1)) * r.randint(1, capital) for t in range(1, T) if r.random() < 0.12},
        orders=_orders(r, prices, capital, fractional),
    )


def _prices(r: random.Random, T: int, n: int) -> np.ndarray:
    """From pennies to thousands, of two to five decimals; one in twelve is not there."""
    found = np.empty((T, n))
    for i in range(n):
        price, places = r.choice((0.05, 3.0, 41.0, 612.0, 4_000.0)), r.choice((2, 2, 3, 5))
        for t in range(T):
            price *= r.uniform(0.9, 1.1)
            found[t, i] = max(round(price, places), 10.0**-places)
            if r.random() < 1 / 12:
                found[t, i] = float("nan")
    return found


def _execution(r: random.Random) -> Execution:
    return Execution(
        delay=r.choice((0, 1, 1, 2)),
        expires=r.choice((1, 1, 2, 3)),
        participation=r.choice((None, None, 0.05, 0.5)),
        commission_bps=r.choice((0.0, 5.0, 15.0, 1.25)),
        commission_per_share=r.choice((0.0, 0.0, 0.005)),
        minimum_fee=r.choice((0.0, 0.0, 1.0, 0.35)),
        spread_bps=r.choice((0.0, 3.0, 40.0)),
        impact=r.choice((0.0, 0.0, 0.7)),
        linear_impact=r.choice((0.0, 0.0, 0.3)),
        cost_cap=r.choice((0.1, 0.001)),
        borrow_rate=r.choice((0.0, 0.03)),
        cash_rate=r.choice((0.0, 0.0425, -0.005)),
    )


def _actions(r: random.Random, ids: tuple[str, ...], dates: list[date]) -> dict[int, tuple[Action, ...]]:
    found: dict[int, list[Action]] = {}
    gone: set[str] = set()
    for t in range(1, len(dates)):
        for asset in ids:
            if asset in gone or r.random() > 0.15:
                continue
            kind = r.choice(("split", "split", "dividend", "dividend", "spin_off", "delisting"))
            if kind == "spin_off" and len(ids) == 1:
                continue
            if kind == "delisting":
                gone.add(asset)
            found.setdefault(t, []).append(_action(r, kind, asset, ids, dates[t]))
    for actions in found.values():
        r.shuffle(actions)
    return {t: tuple(actions) for t, actions in found.items()}


def _action(r: random.Random, kind: str, asset: str, ids: tuple[str, ...], day: date) -> Action:
    if kind == "dividend":
        paid = r.choice((None, day + timedelta(r.randint(0, 12))))
        return Action(asset, "dividend", day, pay_date=paid, amount=Decimal(r.choice(("0.13", "1.005", "0.0275", "2"))))
    if kind == "delisting":
        proceeds, by_return = r.choice(((None, None), (Decimal("1.2345"), None), (Decimal(0), None), (None, Decimal("-0.3"))))
        return Action(asset, "delisting", day, proceeds=proceeds, delisting_return=by_return)
    if kind == "spin_off":
        into = r.choice([name for name in ids if name != asset])
        return Action(asset, "spin_off", day, ratio=r.choice(((1, 4), (1, 1), (3, 10))), into=into)
    return Action(asset, "split", day, ratio=r.choice(RATIOS))


def _orders(r: random.Random, prices: np.ndarray, capital: int, fractional: bool) -> dict[int, tuple[Order, ...]]:
    """Buys and sells of about a book's size: many are more than cash pays for, some sell short."""
    found: dict[int, tuple[Order, ...]] = {}
    T, n = prices.shape
    for t in range(T):
        if r.random() < 0.4:
            continue
        orders = []
        for i in range(n):
            price = next((p for p in prices[t::-1, i] if p == p), 10.0)
            value = r.choice((-0.6, -0.2, 0.1, 0.4, 0.9)) * r.random() * capital / 100
            units = round(value / price * (1_000_000 if fractional else 1))
            if r.random() < 0.7 and units:
                orders.append(Order(f"{t}-{i}", t, i, units))
        found[t] = tuple(orders)
    return found
