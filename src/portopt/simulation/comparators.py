"""What a strategy is held against in the same run: doing nothing, one part in N, and the benchmark, which drifts.

All of them begin on the day on which the orders of the first decision are filled, at the same prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import Backtested, BacktestRequest, Units
from portopt.domain.book import require_whole
from portopt.domain.errors import DataError
from portopt.domain.universe import CASH
from portopt.simulation.history import History, Known, day_of
from portopt.simulation.simulate import Simulation, walked
from portopt.simulation.strategies import Decided, Decider, Held, Ruled, equal_weights
from portopt.simulation.triggers import Seen


@dataclass(frozen=True, slots=True)
class OnDays:
    """The days of decisions that were made already."""

    days: frozenset[int]

    def fires(self, seen: Seen) -> str:
        return "as decided" if seen.day in self.days else ""


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """Decisions that were made already, by their day. units: what each wanted."""

    units: Mapping[int, Units]

    def decide(self, known: Known, held: Held) -> Decided:
        units = self.units.get(known.day, held.units)
        nothing = np.zeros(len(units) + 1)
        return Decided(units, nothing, nothing)


def replayed(s: Simulation, wanted: Mapping[int, Units], **execution: Any) -> Backtested:
    """The ledger of decisions that were made already: units wanted, by day. execution: what of it is otherwise."""
    again = replace(s, decider=Replayed(wanted), trigger=OnDays(frozenset(wanted)), benchmark=None)
    return walked(replace(again, request=replace(s.request, execution=replace(s.request.execution, **execution))))[0]


def do_nothing(s: Simulation, wanted: Mapping[int, Units]) -> Vector:
    """(T,) cents: what was bought first, never traded again."""
    return replayed(s, dict(list(wanted.items())[:1])).equity.astype(np.float64)


def equal_weight(s: Simulation) -> Vector:
    """(T,) cents: one part in N of the universe, put right whenever the strategy's own trigger fires, at the same costs."""
    names = frozenset(s.request.universe.ids)

    def one_in_n(known: Known, held: Held) -> dict[str, float]:
        all_of_them = [a for a in equal_weights(known, held) if a in names]
        return dict.fromkeys(all_of_them, 1.0 / len(all_of_them)) if all_of_them else {}

    decider: Decider = Ruled(one_in_n)
    return walked(replace(s, decider=decider))[0].equity.astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Drifting:
    """A benchmark bought once. weights: (T, n) by the close of each row of the history, as asked before it is bought.

    index: (T,) what one unit of money in it has become, cash among it.
    """

    weights: Matrix
    index: Vector


def drifting(request: BacktestRequest, history: History, bought: int) -> Drifting | None:
    """The benchmark, bought at the close of row `bought`; None where there is none. What it pays out stays invested in it.

    It is ordered as a strategy's first book is: in units, by the close of `delay` sessions before, cut by one number where
    their prices have risen beyond the money there is; what they leave is cash. So whoever holds it has no active return.

    Raises DataError for an asset of it without a price by then.
    """
    if request.benchmark is None:
        return None
    require_whole("benchmark", request.benchmark)
    at = {asset_id: i for i, asset_id in enumerate(history.ids)}
    ordered = max(bought - request.execution.delay, 0)
    w, worth = np.zeros(len(history.ids)), history.total_return()
    total = float(sum(request.benchmark.values()))
    for asset_id, weight in request.benchmark.items():
        if asset_id != CASH:
            _require_price(asset_id, at, worth, ordered, history)
            w[at[asset_id]] = weight / total
    named = np.flatnonzero(w)
    units = w[named] / worth[ordered, named]
    units /= max(1.0, float(units @ worth[bought, named]))
    cash = 1.0 - float(units @ worth[bought, named])
    held = np.tile(w, (len(worth), 1))
    held[bought:, named] = worth[bought:, named] * units
    index = np.ones(len(worth))
    index[bought:] = held[bought:].sum(axis=1) + cash
    # What was left over when it was bought is no weight that anyone is to be measured by.
    asked_cash = max(0.0, 1.0 - float(w.sum()))
    return Drifting(np.asarray(held / (held.sum(axis=1) + asked_cash)[:, None]), index)


def _require_price(asset_id: str, at: Mapping[str, int], worth: Matrix, bought: int, history: History) -> None:
    if asset_id in at and np.isfinite(worth[bought, at[asset_id]]):
        return
    day = day_of(history.dates[bought])
    raise DataError(
        f"the benchmark's {asset_id} has no price by {day}, when it is bought",
        field="benchmark",
        value=asset_id,
        measured={"date": day.isoformat(), "in_prices": asset_id in at},
        fixes=[f"start when {asset_id} is listed", f"or give a benchmark without {asset_id}"],
    )
