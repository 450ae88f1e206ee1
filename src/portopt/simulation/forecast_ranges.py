"""What a training window said of the months after it, and how often that held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from portopt.domain.backtest import Backtested
from portopt.domain.walk import Choice, Trial
from portopt.judgement.histories import returns_of
from portopt.judgement.intervals import Coverage, coverage, normal_interval, over_window
from portopt.judgement.walked import Range
from portopt.simulation.history import History, day_of
from portopt.simulation.walk_forward import trial_returns
from portopt.simulation.windows import Plan

PROBABILITY, SESSIONS, YEAR = 0.9, 21, 252.0


def forecast_ranges(
    plan: Plan, trials: Sequence[Trial], choices: Sequence[Choice], run: Backtested, history: History
) -> tuple[Range, ...]:
    """For every 21 sessions of every test, where 90 % of their returns were to lie by what the chosen variant did in training.

    Normal, with the mean and the deviation of the training returns: what a reader of a backtest takes it to promise.
    """
    by_number = {one.number: one for one in trials if one.problem is None}
    found: list[Range] = []
    for k, (split, choice) in enumerate(zip(plan.splits, choices, strict=True)):
        if choice.variant not in by_number or len(split.train) < 2:
            continue
        r = trial_returns(by_number[choice.variant], plan, history)[split.train]
        mean, deviation = over_window(float(r.mean()) * YEAR, float(r.std(ddof=1)) * YEAR**0.5, SESSIONS, YEAR)
        low, high = (float(x[0]) for x in normal_interval(np.array([mean]), np.array([deviation]), PROBABILITY))
        first, last = (row - run.first for row in plan.test_rows(k))
        found += [_range(run, begin, low, high) for begin in range(max(first, 1), last - SESSIONS + 2, SESSIONS)]
    return tuple(found)


def covered(ranges: Sequence[Range]) -> Coverage | None:
    """How often they held; None where there are none."""
    if not ranges:
        return None
    low, high, realized = (np.array([getattr(one, name) for one in ranges]) for name in ("low", "high", "realized"))
    return coverage(low, high, realized, PROBABILITY)


def _range(run: Backtested, begin: int, low: float, high: float) -> Range:
    """Of the 21 sessions from row `begin` of the run on."""
    rows = slice(begin - 1, begin + SESSIONS)
    realized = float(np.prod(1.0 + returns_of(run.equity[rows], run.dates[rows])) - 1.0)
    return Range(day_of(run.dates[begin]), day_of(run.dates[begin + SESSIONS - 1]), low, high, realized)
