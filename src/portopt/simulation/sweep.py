"""The same decisions filled later and at other costs: decisions are reused, ledgers are run again.

    n_t = n_{t-1} (E_t - F_t - b v_t) / E_{t-1} + F_t        E, v: equity and value traded of the ledger without costs

so that one ledger a delay serves every cost b, a fraction of the value traded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.backtest import Backtested, Units
from portopt.domain.backtest_found import Sweep
from portopt.domain.errors import DataError, InvalidValue
from portopt.simulation.accounting.fast import Lines, whole_history
from portopt.simulation.comparators import replayed
from portopt.simulation.simulate import Simulation

DELAYS = tuple(range(11))
BPS = (0.0, 5.0, 10.0, 20.0, 30.0, 50.0)
MOST_BPS = 10_000.0
YEAR = 252.0
FREE: dict[str, Any] = {
    "commission_bps": 0.0, "commission_per_share": 0.0, "minimum_fee": 0.0, "spread_bps": 0.0, "impact": 0.0,
    "linear_impact": 0.0,
}  # fmt: skip


def swept(
    s: Simulation, wanted: Mapping[int, Units], comparators: Mapping[str, Vector], delays: tuple[int, ...] = DELAYS
) -> Sweep:
    """wanted: units by day of decision. comparators: (T,) cents each, after their own costs."""
    own = s.request.execution.delay
    delays = tuple(sorted({*delays, own}))
    ledgers = {delay: _fast(s, wanted, delay) or _Free.of(s, replayed(s, wanted, delay=delay, **FREE)) for delay in delays}
    table = np.array([[ledgers[delay].annual(b) for b in BPS] for delay in delays])
    even = {name: ledgers[own].break_even(_annual(worth, ledgers[own].flows)) for name, worth in comparators.items()}
    return Sweep(delays, BPS, table, even)


class _Free:
    """A ledger without costs. equity, traded, flows: (T,) money of each day."""

    def __init__(self, equity: Vector, traded: Vector, flows: Vector, begun: float) -> None:
        self.equity, self.traded, self.flows, self.begun = equity, traded, flows, begun

    @classmethod
    def of(cls, s: Simulation, run: Backtested) -> _Free:
        T = len(run.dates)
        traded, flows = np.zeros(T), np.zeros(T)
        for f in run.fills:
            traded[f.day - run.first] += f.value
        for day, cents in s.flows.items():
            if s.first <= day <= s.last:
                flows[day - s.first] = cents
        return cls(run.equity.astype(np.float64), traded, flows, float(run.equity[0] - flows[0]))

    def annual(self, bps: float) -> float:
        """Annual return after `bps` of all that is traded."""
        before = np.concatenate([[self.begun], self.equity[:-1]])
        growth = (self.equity - self.flows - bps * 1e-4 * self.traded) / before
        if (growth <= 0.0).any():
            return -1.0
        return float(np.exp(np.log(growth).sum() * YEAR / max(len(growth) - 1, 1)) - 1.0)

    def break_even(self, other: float) -> float | None:
        """The basis points at which it earns `other` a year, by halving."""
        low, high = 0.0, MOST_BPS
        if not self.annual(low) > other or self.annual(high) > other:
            return None
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.annual(middle) > other else (low, middle)
        return 0.5 * (low + high)


def _fast(s: Simulation, wanted: Mapping[int, Units], delay: int) -> _Free | None:
    """All days at once, where every order is filled whole; None where the exact ledger is needed."""
    if s.actions or s.flows or s.request.execution.participation is not None:
        return None
    lines = _lines(s, wanted, delay)
    rows = slice(s.first, s.last + 1)
    dates = s.history.dates[rows].astype("datetime64[D]").tolist()
    execution = replace(s.request.execution, delay=delay, **FREE)
    capital = round(s.request.capital * 100)
    try:
        found = whole_history(
            lines, dates, s.history.prices[rows], capital, execution, fractional=s.request.execution.fractional
        )
    except (DataError, InvalidValue):
        return None
    traded = np.zeros(len(dates))
    np.add.at(traded, lines.days, found.charged.values)
    return _Free(found.equity.astype(np.float64), traded, np.zeros(len(dates)), float(capital))


def _lines(s: Simulation, wanted: Mapping[int, Units], delay: int) -> Lines:
    """Every order that is filled by the last day, as the exact ledger would be given it."""
    days, assets, units = [], [], []
    held = np.zeros(len(s.history.ids), dtype=np.int64)
    for day, target in wanted.items():
        change = target - held
        at = np.flatnonzero(change)
        if day + delay <= s.last:
            days.append(np.full(len(at), day + delay - s.first))
            assets.append(at)
            units.append(change[at])
            held = target
    none = np.zeros(0, dtype=np.int64)
    return Lines(*(np.concatenate(parts) if parts else none for parts in (days, assets, units)))


def _annual(worth: Vector, flows: Vector) -> float:
    growth = (worth[1:] - flows[1:]) / worth[:-1]
    return -1.0 if (growth <= 0.0).any() else float(np.exp(np.log(growth).mean() * YEAR) - 1.0)
