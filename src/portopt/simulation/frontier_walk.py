"""The frontier walked forward: as many books as points, each traded to its own point from what it really holds.

A frontier that forgets the book it starts from breaks every limit on trading. Here each point has its own book, and its
frontier is that of the policy's limits from that book on: the turnover limit holds at every point of every decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from portopt import formulation, optimization, pipeline
from portopt.domain.arrays import Vector
from portopt.domain.backtest import FRACTION, Backtested, BacktestRequest
from portopt.domain.errors import InvalidValue
from portopt.domain.universe import CASH
from portopt.simulation.asking import asked_on, snapshot_on
from portopt.simulation.history import History, Known
from portopt.simulation.simulate import simulate
from portopt.simulation.strategies import Decided, Decider, Held

FEWEST_POINTS = 2


@dataclass(frozen=True, slots=True)
class OnFrontier:
    """Decides for the point `point` of `points`, from 0, the least risk, to points - 1, the most return."""

    request: BacktestRequest
    point: int
    points: int

    def prepare(self, history: History) -> Decider:
        return self

    def decide(self, known: Known, held: Held) -> Decided:
        asked = asked_on(self.request, known, held)
        snapshot = snapshot_on(asked, known)
        problem = formulation.formulate(asked, snapshot, pipeline.estimate(asked, snapshot))
        pipeline.require_feasible(problem)
        found = optimization.efficient_frontier(problem, self.points)
        chosen = found.points[min(self.point, len(found.points) - 1)]
        at = {asset_id: i for i, asset_id in enumerate(known.ids)}
        target = np.zeros(len(known.ids) + 1)
        weights = () if chosen.weights is None else chosen.weights
        for asset_id, weight in zip(problem.universe.ids, weights, strict=True):
            target[-1 if asset_id == CASH else at[asset_id]] += weight
        return towards(target, held)


def towards(target: Vector, held: Held) -> Decided:
    """Whole units from the book to weights (n + 1,), each trade rounded towards none: never more is traded than was asked."""
    unit = held.prices / (FRACTION if held.fractional else 1)
    equity = held.equity
    with np.errstate(invalid="ignore", divide="ignore"):
        trades = np.nan_to_num(np.trunc(target[:-1] * equity / unit - held.units), posinf=0.0, neginf=0.0)
    units = held.units + trades.astype(np.int64)
    values = np.nan_to_num(units * unit)
    weights = np.append(values, equity - float(values.sum())) / equity
    return Decided(units, target, weights, 0.5 * float(np.abs(weights - held.weights()).sum()))


def frontier_forward(
    request: BacktestRequest, history: History, points: int = 5, *, start: date | None = None, end: date | None = None
) -> tuple[Backtested, ...]:
    """The history of each point's book, the least risk first. Raises InvalidValue for fewer points than two."""
    if points < FEWEST_POINTS:
        raise InvalidValue("points", points, "a frontier has two ends", fix=f"use {FEWEST_POINTS} or more")
    return tuple(simulate(request, history, OnFrontier(request, k, points), start=start, end=end) for k in range(points))
