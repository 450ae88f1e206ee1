"""Histories, policies and strategies for walk-forward tests: made of a seed, quick to trade on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from portopt.domain.backtest import BacktestRequest, Execution
from portopt.domain.errors import DataError
from portopt.domain.request import EstimationChoice, Policy
from portopt.domain.universe import Universe
from portopt.domain.walk import Variant
from portopt.simulation.history import History, Known
from portopt.simulation.strategies import Decided, Decider, Held, in_units

IDS = ("AA", "BB", "CC", "DD")


def history(sessions: int = 400, ids: tuple[str, ...] = IDS, seed: int = 3, prices: np.ndarray | None = None) -> History:
    """Daily prices from 2015 on, by a random walk of the seed."""
    if prices is None:
        rng = np.random.default_rng(seed)
        growth = 0.0004 + 0.01 * rng.standard_normal((sessions, len(ids)))
        prices = 50.0 * np.cumprod(1.0 + growth, axis=0)
    dates = np.busday_offset("2015-01-02", np.arange(len(prices))).astype("datetime64[D]")
    return History(ids, dates, prices, None, "made", "adjusted", "pack-made").prepared()


def policy(objective: dict[str, Any] | None = None, **limits: Any) -> Policy:
    return Policy(
        "least", "least", objective or {"kind": "min_risk"}, {"long_only": True, "cash": {"max": 0.02}, **limits}, {}, 0.0,
        EstimationChoice(lookback=60, min_observations=20),
    )  # fmt: skip


def request(ids: tuple[str, ...] = IDS, *, on: Policy | None = None, execution: Execution = Execution(), **other: Any) -> Any:
    base = BacktestRequest(on or policy(), Universe.of(ids), Decimal(1_000_000), ({"every": 10},), execution=execution)
    return replace(base, **other)


@dataclass(frozen=True, slots=True)
class Holding:
    """Always wants all of its money in one asset; fails where it is told to, and remembers every call."""

    asset: int
    fails: Callable[[int], bool] = lambda day: False
    calls: Any = None

    def decide(self, known: Known, held: Held) -> Decided:
        if self.calls is not None:
            self.calls.append((known.day, self.asset, held.units.copy(), held.cash))
        if self.fails(known.day):
            raise DataError(f"made to fail on {known.date}", field="made")
        target = np.zeros(len(known.ids) + 1)
        target[self.asset] = 0.95
        target[-1] = 0.05
        return in_units(target, held)


def one_asset_each(calls: Any = None, fails: Callable[[int], bool] = lambda day: False) -> Callable[[Variant], Decider]:
    """Variant k holds asset k."""
    return lambda variant: Holding(variant.number % len(IDS), fails, calls)
