"""What serves a policy on one universe, read off its own program once, and on which days it does.

A day that the live path would see otherwise is not served: a price missing in the window, a move that looks like a split,
another universe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from portopt import pipeline
from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.backtest import BacktestRequest
from portopt.domain.errors import PortoptError
from portopt.domain.request import Policy
from portopt.domain.tariff import Tariff
from portopt.domain.universe import Universe
from portopt.estimation.rolling import Rolling
from portopt.formulation import formulate
from portopt.optimization.daily.impact import impact_on
from portopt.optimization.daily.template import NotDaily, Template, template_of
from portopt.simulation.asking import asked_on, snapshot_on
from portopt.simulation.history import Known
from portopt.simulation.plain_days import PlainDays
from portopt.simulation.strategies import Held
from portopt.trading.costs import fees_of


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A policy on one universe. at: (m,) where the m risky assets stand in it; columns: (m,) in the history.

    others: of who belongs to the universe and is not served. elsewhere: (N,) all columns but those served. movable: (n,) what
    may be traded. tariff: what an order costs; rate: (n,) of its value. paid_powers: (n,) what it costs more, of what a trade
    moves a price by (impact.py), times the 3/2 power of its weight; None for nothing.
    """

    policy: Policy
    members: frozenset[str] | None
    universe: Universe
    at: Indices
    columns: Indices
    others: Indices
    elsewhere: Mask
    movable: Mask
    template: Template
    tariff: Tariff
    rate: Vector
    paid_powers: Vector | None
    rolling: Rolling
    plain: PlainDays


def read(request: BacktestRequest, policy: Policy, known: Known, held: Held, candidates: Indices) -> Served:
    """candidates: columns of whoever belongs to the universe today. Raises NotDaily."""
    asked = asked_on(request, known, held)
    try:
        snapshot = snapshot_on(asked, known)
        problem = formulate(asked, snapshot, pipeline.estimate(asked, snapshot))
    except PortoptError as refusal:
        raise NotDaily(str(refusal)) from refusal
    universe = problem.universe
    at = np.flatnonzero(~universe.is_cash)
    columns = np.array([known.ids.index(universe.ids[i]) for i in at], dtype=np.intp)
    elsewhere = np.ones(len(known.ids), dtype=bool)
    elsewhere[columns] = False
    template, tariff = template_of(problem), fees_of(problem).whole
    if tariff.rate_2 or (tariff.rate_3_2 and template.impact is None):
        raise NotDaily("what an order costs grows with its size")
    powers = None
    if tariff.rate_3_2 and problem.portfolio_value is not None:
        moves = impact_on(problem)
        paid = np.array(tariff.rate_3_2) * np.sqrt(problem.portfolio_value)
        powers = np.divide(paid, moves, out=np.zeros(problem.n), where=moves > 0.0)
    return Served(
        policy=policy,
        members=known.members,
        universe=universe,
        at=at,
        columns=columns,
        others=np.setdiff1d(candidates, columns, assume_unique=True),
        elsewhere=elsewhere,
        movable=np.array([a.tradable for a in universe.assets]) & ~universe.is_cash,
        template=template,
        tariff=tariff,
        rate=np.array([tariff.per_value(i) for i in range(len(universe))]) * ~universe.is_cash,
        paid_powers=powers,
        rolling=Rolling(policy.estimation),
        plain=PlainDays(columns, policy.data.split_ratio_tolerance),
    )


def is_other(served: Served, known: Known, candidates: Indices) -> bool:
    """Whether somebody else has a whole window of prices by now, or one who is served has left or has none in it."""
    others, served_columns = served.others, served.columns
    if len(others) + len(served_columns) > len(candidates):
        return True
    window = known.prices[first_row(served.policy, known) :]
    if len(others) and bool((window[:, others] > 0.0).all(axis=0).any()):
        return True
    if bool((window[-1, served_columns] > 0.0).all()):
        return False
    return not bool((window[:, served_columns] > 0.0).any(axis=0).all())


def first_row(policy: Policy, known: Known) -> int:
    """The first row of prices that the day's estimates read."""
    lookback = policy.estimation.lookback
    return 0 if lookback is None else max(known.day - lookback, 0)


def may_serve(served: Served, known: Known, held: Held, benchmark: Mapping[str, float], candidates: Indices) -> bool:
    """Whether the day's window has nothing to be judged, nobody else is in it, and book and benchmark hold nothing else."""
    first, others = first_row(served.policy, known), served.others
    if known.day - first < max(served.policy.estimation.min_observations, len(served.columns) // 2 + 1):
        return False
    alone = len(others) + len(served.columns) == len(candidates)
    if not alone or (len(others) and (known.prices[first:, others] > 0.0).any()):
        return False
    same = not held.units[served.elsewhere].any() and served.universe.positions.keys() >= benchmark.keys()
    return same and served.plain.all(known, first)
