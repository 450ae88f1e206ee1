"""The live path as a decider: what is tested is what runs, to the byte."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from portopt import pipeline
from portopt.analysis.attempts import Attempts
from portopt.domain.backtest import FRACTION, BacktestRequest
from portopt.domain.market import MarketSnapshot
from portopt.domain.plan import RebalancePlan
from portopt.domain.request import RebalanceRequest
from portopt.domain.universe import CASH
from portopt.pipeline import Solved
from portopt.simulation.asking import asked_on, snapshot_on
from portopt.simulation.history import History, Known
from portopt.simulation.strategies import Decided, Decider, Held


@dataclass(frozen=True, slots=True)
class PipelineDecider:
    """Every decision is a live rebalance of that day: estimated, optimized, certified and traded by `pipeline`."""

    request: BacktestRequest

    def prepare(self, history: History) -> Decider:
        return self

    def decide(self, known: Known, held: Held) -> Decided:
        asked = asked_on(self.request, known, held)
        return decided_live(asked, known, held)


def decided_live(asked: RebalanceRequest, known: Known, held: Held) -> Decided:
    """One rebalance request on its day, through the steps of the live run. Raises PortoptError where it would be refused."""
    return traded_live(asked, known, held, *solved_live(asked, known))


def solved_live(asked: RebalanceRequest, known: Known) -> tuple[MarketSnapshot, Solved]:
    """The pricing pack of the day, and the weights that a live run would find on it. Raises PortoptError."""
    snapshot = snapshot_on(asked, known)
    return snapshot, pipeline.optimize_for(asked, snapshot, pipeline.estimate(asked, snapshot))


def traded_live(asked: RebalanceRequest, known: Known, held: Held, snapshot: MarketSnapshot, answer: Solved) -> Decided:
    """Those weights certified and traded. Raises PortoptError."""
    validated = pipeline.certify(answer, snapshot)
    plan = pipeline.trade(asked, snapshot, answer, validated)
    prices = pipeline.prices_of(answer.problem, answer.form, validated.solution.raw, Attempts(), again=False)
    return replace(
        _decided(plan, known, held),
        binding=tuple((f"{p.limit} {p.member}".strip(), float(p.worth_per_unit)) for p in prices),
        certificate="audit",
    )


def _decided(plan: RebalancePlan, known: Known, held: Held) -> Decided:
    """The plan's book along the history's ids."""
    at = {asset_id: i for i, asset_id in enumerate(known.ids)}
    units, unit = held.units.copy(), FRACTION if held.fractional else 1
    target, weights = np.zeros(len(known.ids) + 1), np.zeros(len(known.ids) + 1)
    for line in plan.lines:
        i = -1 if line.asset_id == CASH else at[line.asset_id]
        target[i], weights[i] = line.target_weight, line.weight_after
        if i >= 0:
            units[i] = int((line.shares_after * Decimal(unit)).to_integral_value())
    return Decided(units, target, weights, plan.turnover, plan.rounding_gap)
